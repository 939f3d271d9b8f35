//go:build !race

package audit

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/policies"
)

func TestFilter(t *testing.T) {
	ok := Search{Part: Part{Ground: "lawfulness"}}
	with := func(change func(*Search)) Search { s := ok; change(&s); return s }
	for _, c := range []struct {
		about string
		in    Search
		wrong []string // "field key", all at once
	}{
		{"a ground is enough", ok, nil},
		{"June, three fields (T10)", with(func(s *Search) {
			s.Reference, s.From, s.Until = string(hub.MakeID([16]byte{1})), "2026-06-01", "2026-06-30"
		}), nil},
		{"one day", with(func(s *Search) { s.From, s.Until = "2026-06-01", "2026-06-01" }), nil},
		{"the hub's own acts", with(func(s *Search) { s.Person = "system" }), nil},
		{"a person's way, by the end of a reference", with(func(s *Search) { s.Way, s.Reference = "subject", "k3x9ab" }), nil},
		{"what was passed on", with(func(s *Search) { s.Way = "disclosure" }), nil},
		{"a way that begins nowhere", with(func(s *Search) { s.Way = "subject" }), []string{"reference audit.error.trail.reference"}},
		{"nor does this", with(func(s *Search) { s.Way, s.Person = "item", "system" }), []string{"reference audit.error.trail.reference"}},
		{"nobody's way", with(func(s *Search) { s.Way = "person" }), []string{"person error.choose"}},
		{"an unheard-of way", with(func(s *Search) { s.Way = "back" }), []string{"way error.unknown_choice"}},
		{"no ground", Search{}, []string{"ground error.choose"}},
		{"another ground (L17)", Search{Part: Part{Ground: "staff_performance"}}, []string{"ground error.unknown_choice"}},
		{"a name for a reference", with(func(s *Search) { s.Reference = "Signe Prøvesen" }), []string{"reference audit.error.trail.reference"}},
		{"a number for a reference", with(func(s *Search) { s.Reference = "710109-4321" }), []string{"reference audit.error.trail.reference"}},
		{"a number without its hyphen", with(func(s *Search) { s.Reference = "7101094321" }), []string{"reference audit.error.trail.reference"}},
		{"too short an end", with(func(s *Search) { s.Reference = "…k3x9a" }), []string{"reference audit.error.trail.reference"}},
		{"the end of a reference, as it is shown and told", with(func(s *Search) { s.Reference = " …K3X9AB " }), nil},
		{"a person by name", with(func(s *Search) { s.Person = "gudrun" }), []string{"person error.unknown_choice"}},
		{"backwards", with(func(s *Search) { s.From, s.Until = "2026-07-01", "2026-06-30" }), []string{"until audit.error.trail.backwards"}},
		{"no such day", with(func(s *Search) { s.From = "2026-02-30" }), []string{"from audit.error.trail.day"}},
		{"an unheard-of act", with(func(s *Search) { s.Act = "peek" }), []string{"act error.unknown_choice"}},
		{"an unheard-of outcome", with(func(s *Search) { s.Outcome = "maybe" }), []string{"outcome error.unknown_choice"}},
		{"an unheard-of side", with(func(s *Search) { s.Side = "all" }), []string{"side error.unknown_choice"}},
		{"too many at once", with(func(s *Search) { s.Limit = 201 }), []string{"limit audit.error.trail.limit"}},
		{"fewer than none", with(func(s *Search) { s.Limit = -1 }), []string{"limit audit.error.trail.limit"}},
		{"a forged place", with(func(s *Search) { s.After = "x'; drop table audit.trail; --" }), []string{"after audit.error.trail.after"}},
		{"everything at once", Search{Part: Part{From: "x", Until: "y", Act: "z"}}, []string{"ground error.choose", "act error.unknown_choice", "from audit.error.trail.day", "until audit.error.trail.day"}},
	} {
		t.Run(c.about, func(t *testing.T) {
			_, err := c.in.filter("koege")
			var got []string
			var p hub.Problems
			if errors.As(err, &p) {
				for _, e := range p {
					got = append(got, e.Field+" "+e.Key)
				}
			}
			if !slices.Equal(got, c.wrong) {
				t.Errorf("got %q, want %q", got, c.wrong)
			}
		})
	}
}

// The last day is whole, also when it has 23 or 25 hours.
func TestFilterDays(t *testing.T) {
	for day, hours := range map[string]float64{"2026-06-01": 24, "2026-03-29": 23, "2026-10-25": 25} {
		f, err := (Search{Part: Part{Ground: "lawfulness", From: day, Until: day}}).filter("koege")
		if err != nil || f.until.Sub(f.from).Hours() != hours {
			t.Errorf("%s: %v to %v, %v", day, f.from, f.until, err)
		}
	}
}

func TestPlace(t *testing.T) {
	for _, p := range []place{{}, {time.Date(2026, 6, 1, 12, 0, 0, 123456000, time.UTC), 1}, {time.Unix(0, 0).UTC(), 1 << 60}} {
		got, ok := parsePlace(p.String())
		if !ok || !got.at.Equal(p.at) || got.id != p.id {
			t.Errorf("%v reads as %v, %v", p, got, ok)
		}
	}
}

func FuzzPlace(f *testing.F) {
	f.Add("MTIz.NDU2")
	f.Add(place{time.Unix(1, 0), 2}.String())
	f.Fuzz(func(t *testing.T, s string) {
		if p, ok := parsePlace(s); ok && p != (place{}) {
			if again, ok := parsePlace(p.String()); !ok || again != p {
				t.Fatalf("%q reads as %v and then as %v", s, p, again)
			}
		}
	})
}

// Every value of a search is an argument: none stands in the SQL.
func TestHits(t *testing.T) {
	in := Search{Part: Part{Ground: "lawfulness", Reference: string(hub.MakeID([16]byte{1})), Person: hub.MakeID([16]byte{2}), From: "2026-06-01", Until: "2026-06-30", Act: hub.ActConsult, Outcome: "deny"}}
	for _, side := range []string{"", "data", "people"} {
		in.Side = side
		in.Way = map[string]string{"data": "item", "people": "person"}[side]
		f, err := in.filter("koege")
		if err != nil {
			t.Fatal(err)
		}
		q := hits(f, references{objects: []string{"o"}, pseudonyms: []string{"p"}})
		sql := q.count() + strings.ReplaceAll(q.tally(f.way), "outcome = 'deny'", "") + q.page(place{time.Unix(1, 0), 7}, 51)
		for _, value := range []string{"koege", in.Reference, string(in.Person), "2026", "'consult'", "'deny'"} {
			if strings.Contains(sql, value) {
				t.Errorf("%s: %q stands in the SQL", side, value)
			}
		}
		if len(q.args) != 11 {
			t.Errorf("%s: %d arguments", side, len(q.args))
		}
		for _, b := range q.branches {
			if !strings.Contains(b, "t.controller = $1 ") && !strings.Contains(b, "t.authority = $1 ") {
				t.Errorf("%s: not cut to the own authority: %s", side, b)
			}
		}
		if want := map[string]int{"": 2}[side]; len(q.branches) != max(want, 1) {
			t.Errorf("%s: %d branches", side, len(q.branches))
		}
	}
}

// What is drawn: a day that has no rows has no bar's height, months where it is long.
func TestCharted(t *testing.T) {
	c := charted([]Day{{"2026-03-27", 2}, {"2026-03-30", 8}})
	if len(c.Bars) != 4 || c.Monthly || c.Most != 8 || c.Bars[1].Rows != 0 || c.Bars[3].H != 100 || c.Bars[0].Y != 75 || c.Bars[3].X+c.Wide() > width {
		t.Errorf("four days over the change of the clock: %+v", c)
	}
	c = charted([]Day{{"2025-11-30", 1}, {"2026-01-02", 3}, {"2026-02-28", 4}})
	if len(c.Bars) != 4 || !c.Monthly || c.Bars[1].Rows != 0 || c.Bars[2].Rows != 3 || c.First().Day() != 1 {
		t.Errorf("three months: %+v", c)
	}
	if charted(nil).Drawn() || charted([]Day{{"2026-01-02", 3}}).Drawn() {
		t.Error("there is something to draw of a day")
	}
}

func TestAgain(t *testing.T) {
	row := func(outcome string, fields []string, reasons ...string) Row {
		return Row{Outcome: outcome, Fields: fields, Reasons: reasons, Revision: "r"}
	}
	for _, c := range []struct {
		about  string
		then   Row
		now    policies.Answer
		agrees bool
	}{
		{"the same yes", row("allow", []string{"name"}, "own"), policies.Answer{Allow: true, Fields: []string{"cpr", "name"}, Reasons: []string{"own"}}, true},
		{"the same no", row("deny", nil, "no_relation"), policies.Answer{Reasons: []string{"no_relation"}}, true},
		{"a yes that is a no", row("allow", []string{"name"}, "own"), policies.Answer{Reasons: []string{"no_relation"}}, false},
		{"a no that is a yes", row("deny", nil, "no_relation"), policies.Answer{Allow: true, Fields: []string{"name"}, Reasons: []string{"own"}}, false},
		{"more was shown than the rules open", row("allow", []string{"address", "name"}, "own"), policies.Answer{Allow: true, Fields: []string{"name"}, Reasons: []string{"own"}}, false},
		{"a yes for another reason", row("allow", []string{"name"}, "own"), policies.Answer{Allow: true, Fields: []string{"name"}, Reasons: []string{"assigned"}}, false},
		{"a rule that opens no fields of its own", row("allow", []string{"name"}, "basis", "role"), policies.Answer{Allow: true, Reasons: []string{"basis", "role"}}, true},
		{"in another hat's name", row("deny", nil, "hat_mismatch"), policies.Answer{Allow: true, Fields: []string{"name"}, Reasons: []string{"own"}}, true},
		{"in another hat's name, and yet a yes", row("allow", nil, "hat_mismatch"), policies.Answer{Allow: true, Reasons: []string{"own"}}, false},
	} {
		t.Run(c.about, func(t *testing.T) {
			if got := judged(c.then, c.now, "r"); got.Agrees != c.agrees || got.Revision != "r" || got.unlike(got) {
				t.Errorf("%+v", got)
			}
		})
	}
}
