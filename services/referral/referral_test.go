//go:build !race

package referral

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/deploy"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
)

// TestMoves holds the state × action tables against their picture, so that a
// change of the process is seen as one.
func TestMoves(t *testing.T) {
	var b strings.Builder
	for _, s := range States {
		for _, a := range Actions {
			if to, err := move(s, a); err == nil {
				fmt.Fprintf(&b, "%s %s -> %s\n", s, a, to)
			} else if hub.CodeOf(err) != hub.CodeConflict || to != s {
				t.Errorf("%s %s: %v", s, a, err)
			}
		}
	}
	for _, kind := range []string{"plain", notification} {
		for _, s := range OfferStates {
			for _, a := range OfferActions {
				if to, err := moveOffer(kind, s, a); err == nil {
					fmt.Fprintf(&b, "%s %s %s -> %s\n", kind, s, a, to)
				}
			}
		}
	}
	const want = `opening take_back -> closed
collecting unconsent -> collecting
collecting close -> closing
collecting take_back -> closed
analysis unconsent -> analysis
analysis close -> closing
analysis take_back -> closed
assessment unconsent -> assessment
assessment close -> closing
assessment take_back -> closed
recommended recommend -> recommended
recommended consent -> recommended
recommended unconsent -> recommended
recommended follow -> follow_up
recommended close -> closing
recommended take_back -> closed
follow_up recommend -> follow_up
follow_up consent -> follow_up
follow_up unconsent -> follow_up
follow_up follow -> follow_up
follow_up close -> closing
follow_up take_back -> closed
closing unconsent -> closing
closing close -> closing
closing resume -> follow_up
closing take_back -> closed
closed reopen -> closed
plain offer_draft send -> offered
plain offer_draft cancel -> offer_withdrawn
plain offered take_up -> taken_up
plain offered turn_down -> not_taken_up
plain offered cancel -> offer_withdrawn
plain taken_up progress -> taken_up
plain taken_up end -> offer_ended
plain taken_up cancel -> offer_withdrawn
notification offer_draft send -> taken_up
notification offer_draft cancel -> offer_withdrawn
notification taken_up end -> offer_ended
notification taken_up cancel -> offer_withdrawn
`
	if b.String() != want {
		t.Errorf("the tables are now:\n%s", b.String())
	}
	for s, moves := range Moves {
		for a, to := range moves {
			if !slices.Contains(States, s) || !slices.Contains(States, to) || !slices.Contains(Actions, a) {
				t.Errorf("%s %s leads to %q", s, a, to)
			}
		}
	}
	for _, s := range OfferStates {
		if (len(OfferMoves[s]) == 0) != s.over() {
			t.Errorf("%s is over: %v, and can go on: %v", s, s.over(), OfferMoves[s])
		}
	}
}

// TestOnward: the first that is taken up, or the last answer, whatever it is.
// Nothing waits for a decline, and nothing is gained by one (L4).
func TestOnward(t *testing.T) {
	of := func(kind string, states ...OfferState) (list []standing) {
		for _, s := range states {
			list = append(list, standing{kind, s})
		}
		return list
	}
	for _, c := range []struct {
		offers []standing
		want   bool
	}{
		{nil, false},
		{of("plain", OfferDraft), false},
		{of("plain", Offered), false},
		{of("plain", TakenUp, Offered, OfferDraft), true},
		{of("talk", OfferEnded, Offered), true},
		{of("plain", NotTakenUp), true},
		{of("plain", NotTakenUp, NotTakenUp, OfferWithdrawn), true},
		{of("plain", NotTakenUp, Offered), false},
		{of("plain", NotTakenUp, OfferDraft), false},
		{of("plain", OfferWithdrawn), false},
		{of(notification, TakenUp), true},
		{append(of(notification, TakenUp), of("plain", Offered)...), false},
		{append(of(notification, OfferEnded), of("plain", OfferDraft)...), false},
	} {
		if got := onward(c.offers); got != c.want {
			t.Errorf("%v goes onward: %v", c.offers, got)
		}
	}
}

func demo(t testing.TB) *structure.Structure {
	t.Helper()
	s, err := structure.Load(bytes.NewReader(deploy.Demo()), "infohus.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var today = time.Date(2026, 11, 16, 9, 0, 0, 0, hub.Copenhagen)

// TestFits is domain.md 2.7 and 2.8: exit is for whoever is known to be 18, a
// notification for whoever may be a child.
func TestFits(t *testing.T) {
	s := demo(t)
	for _, c := range []struct {
		code, band   string
		fits, mayFit bool
	}{
		{"exit", "under_18", false, false}, {"exit", "unknown", false, true}, {"exit", "", false, true}, {"exit", "18_25", true, true}, {"exit", "over_25", true, true},
		{"statutory_notification", "under_18", true, true}, {"statutory_notification", "unknown", true, true},
		{"statutory_notification", "18_25", false, false}, {"statutory_notification", "over_25", false, false},
		{"mentor", "under_18", true, true}, {"mentor", "unknown", true, true}, {"mentor", "over_25", true, true},
	} {
		m, ok := s.Measure(c.code, today)
		if !ok {
			t.Fatalf("no measure %s", c.code)
		}
		if got, may := fits(m, c.band), mayFit(m, c.band); got != c.fits || may != c.mayFit {
			t.Errorf("%s fits %q: %v, may: %v", c.code, c.band, got, may)
		}
	}
}

// TestTwoIdentities: two parties, two people, one reason. Two accounts of one
// person are one person (S9). A047 in part.
func TestTwoIdentities(t *testing.T) {
	of := func(person hub.ID, a hub.AuthorityID, reason string) Proposal {
		return Proposal{Person: person, Authority: a, Reason: reason}
	}
	for _, c := range []struct {
		a, b Proposal
		want bool
	}{
		{of("p", "koege", "moved"), of("q", "politi", "moved"), true},
		{of("p", "koege", "moved"), of("p", "politi", "moved"), false},
		{of("p", "koege", "moved"), of("q", "koege", "moved"), false},
		{of("p", "koege", "moved"), of("q", "politi", "error"), false},
		{of("p", "koege", ""), of("q", "politi", ""), false},
		{of("", "koege", "moved"), of("", "politi", "moved"), false},
	} {
		if got := agree(c.a, c.b); got != c.want || agree(c.b, c.a) != c.want {
			t.Errorf("%v and %v agree: %v", c.a, c.b, got)
		}
	}
	said := []Proposal{of("q", "politi", "error"), of("p", "koege", "moved"), of("r", "politi", "moved")}
	if got := standingOf(said); len(got) != 2 || got[0].Reason != "error" || got[1].Reason != "moved" {
		t.Errorf("what stands is %v", got)
	}
}

// TestNext: the next date is never missing, never past, never later than the
// structure file allows; and a refusal says the latest day.
func TestNext(t *testing.T) {
	x := &room{service.Env{Structure: demo(t)}}
	c := &course{Municipality: "koege"}
	first := x.latest(c, today)
	c.FollowUps = 1
	later := x.latest(c, today)
	if d := first.Sub(today); d != 30*24*time.Hour {
		t.Errorf("the first follow-up is within %s", d)
	}
	if d := later.Sub(today); d != 90*24*time.Hour {
		t.Errorf("the later ones are within %s", d)
	}
	for day, key := range map[string]string{"": "error.required", "2026-13-01": "error.date", "01-12-2026": "error.date", "0001-01-01": "error.date",
		"2026-11-15": "referral.error.past", "2026-11-16": "", "2026-12-16": "", "2026-12-17": "referral.error.next_late"} {
		var p hub.Problems
		got := next(&p, day, today, first)
		if key == "" && (len(p) > 0 || !got.After(today)) || key != "" && (len(p) != 1 || p[0].Key != key || p[0].Field != "next") {
			t.Errorf("%q: %v, %v", day, got, p)
		}
		if key == "referral.error.next_late" && fmt.Sprint(p[0].Args) != "[16.12.2026]" {
			t.Errorf("the latest day is told as %v", p[0].Args)
		}
	}
	for _, s := range append(States, "bogus") {
		if due := x.due(s, "koege", today); !due.After(today) {
			t.Errorf("%s has no next date: %s", s, due)
		}
	}
}

// TestLevels: owner, deputy a day later, manager two days later, each once.
func TestLevels(t *testing.T) {
	for _, c := range []struct {
		after time.Duration
		told  int
		want  int
	}{{-time.Second, 0, 0}, {0, 0, 1}, {23 * time.Hour, 1, 1}, {24 * time.Hour, 1, 2}, {48 * time.Hour, 0, 3}, {1000 * time.Hour, 3, 3}} {
		if got := remind(today, c.told, today.Add(c.after)); got != c.want {
			t.Errorf("%s after, %d told: %d", c.after, c.told, got)
		}
	}
}

// TestConsent: it covers whom it names, until it is withdrawn, and cuts what is
// shared to what was signed (L8).
func TestConsent(t *testing.T) {
	c := &consent{Fields: []string{"identity", "offer"}, Recipients: []hub.AuthorityID{"politi"}}
	if !c.covers("politi") || c.covers("koege") || c.covers("psykiatrien") || (consent{}).covers("koege") {
		t.Error("it covers others than it names")
	}
	if got := c.cut(offerClasses); !slices.Equal(got, []string{"identity", "offer", "offer_status"}) {
		t.Errorf("it lets through %v", got)
	}
	if got := (*consent)(nil).cut(offerClasses); !slices.Equal(got, offerClasses) {
		t.Errorf("no consent lets through %v", got)
	}
	if c.EndedAt = &today; c.covers("politi") {
		t.Error("it covers after it was withdrawn")
	}
}

// TestNothingIsADecision: the hub has no such type and no such word (L45).
func TestNothingIsADecision(t *testing.T) {
	files, err := schema.ReadFile("migrations/0001_init.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"decision", "afgoerelse", "afgørelse", "verdict", "score"} {
		if strings.Contains(strings.ToLower(string(files)), word) {
			t.Errorf("the schema speaks of a %s", word)
		}
	}
}

// TestEveryCodeHasItsWord: a code that a page can show is a word in both languages.
func TestEveryCodeHasItsWord(t *testing.T) {
	for _, lang := range []string{"da", "en"} {
		b, err := pages.ReadFile("pages/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		words := map[string]string{}
		if err := json.Unmarshal(b, &words); err != nil {
			t.Fatal(err)
		}
		has := func(key string) {
			if words["referral."+key] == "" {
				t.Errorf("%s.json has no referral.%s", lang, key)
			}
		}
		for _, s := range OfferStates {
			has("state." + string(s))
		}
		for _, a := range append(slices.Clone(Actions), OfferActions...) {
			has("did." + string(a))
		}
		has("did.closed")
		has("did.reopened")
		for what := range dutyOf {
			has("waits." + what)
		}
		for field, codes := range map[string][]string{"answer": Answers, "status": Statuses, "outcome": Outcomes, "informed": Informed, "inform_ground": Grounds, "fields": ConsentFields,
			"talk.status": TalkStatuses, "talk.mode": Modes, "talk.identity": Identities, "talk.guardian": Guardians} {
			for _, c := range codes {
				has("field." + field + "." + c)
			}
		}
		for _, m := range Movements {
			has("movement." + m)
		}
		for _, g := range Guardians {
			has("guardian." + g)
		}
		for _, why := range []string{"gap", "dissent", "outgrown"} {
			has("task." + why)
		}
	}
}
