//go:build !race

package referral

import (
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/web"
)

// checks is what every refused input is: the problems with it, by field and key.
type checks struct {
	name string
	got  hub.Problems
	want string // "field key", sorted, joined by commas; "" for none
}

func (c checks) hold(t *testing.T) {
	t.Helper()
	var list []string
	for _, e := range c.got {
		list = append(list, e.Field+" "+strings.TrimPrefix(strings.TrimPrefix(e.Key, "referral."), "error."))
	}
	slices.Sort(list)
	if got := strings.Join(list, ", "); got != c.want {
		t.Errorf("%s: %q, want %q", c.name, got, c.want)
	}
}

// TestBadInput is the table of what inputs may not be: page and API hand the same
// in, so each row is what happens at both.
func TestBadInput(t *testing.T) {
	s := demo(t)
	text := func(n int) hub.Personal { // characters, and not bytes
		const words = "en ny vej ud "
		return hub.NewPersonal(words[:min(len(words), n-1)] + strings.Repeat("å", max(1, n-len(words))))
	}
	number := hub.NewPersonal("Det er ham med 010109-4321 fra skolen")
	i, _ := s.InstrumentAt(today)
	good := Consented{Document: hub.NewPersonal("Sag 4"), SignedOn: "2026-11-01", Scope: text(40), Fields: []string{"identity"}, Recipients: []hub.AuthorityID{"koege"}}
	consent := func(change func(c *Consented)) hub.Problems {
		c := good
		change(&c)
		return c.Check(today)
	}
	closing := func(change func(c *Closure)) hub.Problems {
		c := Closure{Reason: "moved", Informed: "yes"}
		change(&c)
		return c.Check(s)
	}
	held := Talk{Status: "held", Mode: "in_person", TookPart: text(3)}
	talked := func(band string, change func(c *Talk)) hub.Problems {
		c := held
		change(&c)
		return Progress{Status: "done", Talk: &c}.Check(talk, band)
	}
	for _, c := range []checks{
		{"a whole recommendation", Recommendation{Preview: text(30), Task: text(1)}.Check("plain"), ""},
		{"nothing", Recommendation{}.Check("plain"), "preview missing, task missing"},
		{"a short preview", Recommendation{Preview: text(29), Task: text(1)}.Check("plain"), "preview too_short"},
		{"a long preview", Recommendation{Preview: text(501), Task: text(2001)}.Check("plain"), "preview too_long, task too_long"},
		{"a number in both", Recommendation{Preview: number, Task: number}.Check("plain"), "preview number, task number"},
		{"a notification", Recommendation{Task: text(1)}.Check(notification), ""},
		{"a notification with a preview", Recommendation{Preview: text(30), Task: text(1)}.Check(notification), "preview no_preview"},

		{"a measure that is planned", Progress{Status: "planned", End: "2027-01-01"}.Check("plain", "over_25"), ""},
		{"no status", Progress{}.Check("plain", ""), "status choose"},
		{"running, and no end", Progress{Status: "running"}.Check("plain", ""), "end required"},
		{"days that are none", Progress{Status: "done", Start: "2026-02-30", End: "x"}.Check("plain", ""), "end date, start date"},
		{"a talk of a mentor", Progress{Status: "done", Talk: &held}.Check("plain", "over_25"), "talk no_talk"},
		{"a talk that was held", talked("over_25", func(*Talk) {}), ""},
		{"a child's", talked("under_18", func(*Talk) {}), "talk.guardian choose"},
		{"a child's, perhaps", talked("unknown", func(*Talk) {}), "talk.guardian choose"},
		{"a child's with a guardian", talked("under_18", func(c *Talk) { c.Guardian = "present" }), ""},
		{"by phone, of nobody knows whom", talked("18_25", func(c *Talk) { c.Mode = "phone" }), "talk.identity choose"},
		{"by phone, of somebody", talked("18_25", func(c *Talk) { c.Mode, c.Identity = "phone", "called_back" }), ""},
		{"held, and no more", talked("18_25", func(c *Talk) { *c = Talk{Status: "held"} }), "talk.mode choose, talk.took_part missing"},
		{"offered", talked("under_18", func(c *Talk) { *c = Talk{Status: "offered"} }), ""},
		{"unknown codes", talked("18_25", func(c *Talk) { *c = Talk{"x", "x", "x", "x", text(2001)} }),
			"talk.guardian choose, talk.identity choose, talk.mode choose, talk.status choose, talk.took_part too_long"},

		{"an ending", Ending{Outcome: "completed"}.Check("plain"), ""},
		{"no outcome", Ending{}.Check("plain"), "outcome choose"},
		{"the clock's outcome", Ending{Outcome: "outgrown"}.Check("plain"), "outcome choose"},
		{"a receipt", Ending{}.Check(notification), ""},
		{"more than a receipt", Ending{Outcome: "completed"}.Check(notification), "outcome receipt_only"},

		{"a follow-up", Followed{Movements: []Movement{{"family", "better"}}, Note: text(1500)}.Check(i), ""},
		{"nothing moved", Followed{Note: text(1501)}.Check(i), "movements movement_missing, note too_long"},
		{"no such dimension", Followed{Movements: []Movement{{"luck", "better"}}, Note: text(1)}.Check(i), "movements dimension"},
		{"one twice", Followed{Movements: []Movement{{"family", "better"}, {"family", "worse"}}, Note: text(1)}.Check(i), "movements dimension"},
		{"no such movement", Followed{Movements: []Movement{{"family", "5"}}, Note: number}.Check(i), "movement.family choose, note number"},

		{"a closing", closing(func(*Closure) {}), ""},
		{"no reason", closing(func(c *Closure) { c.Reason = "boredom" }), "reason choose"},
		{"not said whether told", closing(func(c *Closure) { c.Informed = "" }), "informed choose"},
		{"a level", closing(func(c *Closure) { c.Level = "attention" }), ""},
		{"a level there is not", closing(func(c *Closure) { c.Level = "4" }), "level_at_close choose"},
		{"not told, and not why", closing(func(c *Closure) { c.Informed = "no" }), "why_not_informed missing"},
		{"exempt without a number", closing(func(c *Closure) { c.Informed, c.Why = "exempt", text(1) }), "inform_ground choose"},
		{"exempt", closing(func(c *Closure) { c.Informed, c.InformGround, c.Why = "exempt", "22-2-4", text(1) }), ""},
		{"a ground, and told", closing(func(c *Closure) { c.InformGround = "x" }), "inform_ground choose"},

		{"a reopening", Reopening{Reason: text(30)}.Check(), ""},
		{"a reopening for little", Reopening{Reason: text(29)}.Check(), "reason too_short"},

		{"a consent", consent(func(*Consented) {}), ""},
		{"signed tomorrow", consent(func(c *Consented) { c.SignedOn = "2026-11-17" }), "signed_on date.future"},
		{"to nothing", consent(func(c *Consented) { c.Fields, c.Scope = nil, text(29) }), "fields choose, scope too_short"},
		{"to what there is not", consent(func(c *Consented) { c.Fields = []string{"address"} }), "fields choose"},
		{"to nobody", consent(func(c *Consented) { c.Recipients = nil }), "recipients recipients"},
		{"no document", consent(func(c *Consented) { c.Document = hub.Personal{} }), "document missing"},
	} {
		c.hold(t)
	}
}

// FuzzInputs: whatever JSON comes, an input is refused or is checked; nothing
// panics, and nothing with a CPR number in its preview passes.
func FuzzInputs(f *testing.F) {
	s := demo(f)
	i, _ := s.InstrumentAt(today)
	for _, seed := range []string{`{}`, `{"preview":"010109-4321 er en ung mand i byen","task":"x","due":"2026-99-99"}`, `{"status":"held","talk":{"status":"held","mode":"phone"}}`,
		`{"movements":[{"dimension":"family","movement":"better"}],"note":"x","next":"2026-12-01","done":["a"]}`, `{"reason":"moved","informed":"exempt"}`,
		`{"document":"x","signed_on":"2026-02-30","fields":["identity"],"recipients":["koege"]}`, `{"outcome":"completed","effect":"\u0000"}`, `[]`, `{"a":1,"a":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var r Recommendation
		if web.Decode(b, &r) == nil && len(r.Check("plain")) == 0 && r.Preview.Numbered() {
			t.Errorf("a number passes: %s", b)
		}
		r.Check(notification)
		var p Progress
		if web.Decode(b, &p) == nil {
			p.Check(talk, "unknown")
			nextOf(p.End, today)
		}
		var e Ending
		if web.Decode(b, &e) == nil {
			e.Check("plain")
		}
		var fu Followed
		if web.Decode(b, &fu) == nil {
			fu.Check(i)
			var problems hub.Problems
			if at := next(&problems, fu.Next, today, today.AddDate(0, 0, 30)); len(problems) == 0 && (at.Before(today) || at.After(today.AddDate(0, 0, 32))) {
				t.Errorf("%q is taken for %s", fu.Next, at)
			}
		}
		var c Closure
		if web.Decode(b, &c) == nil {
			c.Check(s)
		}
		var co Consented
		if web.Decode(b, &co) == nil {
			co.Check(today)
		}
		var re Reopening
		if web.Decode(b, &re) == nil {
			re.Check()
		}
	})
}
