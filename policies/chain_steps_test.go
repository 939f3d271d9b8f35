//go:build !race

package policies

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

func TestARevisionSignedByTwoAuthoritiesIsInForceFromItsMinute(t *testing.T) {
	s := keys(t)
	one := after(t, document, 1, monday, letDPO...)
	two := after(t, one, 2, monday.Add(time.Hour), letManager...)
	e := taking(t, s, s.sign(t, one, both...), s.sign(t, two, "greve", "police"))
	if err := e.Odd(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at           time.Time
		dpo, manager bool
	}{{monday.Add(-time.Nanosecond), false, false}, {monday, true, false}, {monday.Add(time.Hour - time.Microsecond), true, false}, {monday.Add(time.Hour), true, true},
		{monday.Add(-time.Hour), true, true}} { // a clock that jumps back brings nothing back
		fixed := e.At(c.at)
		if lets(t, fixed, dpoLists) != c.dpo || lets(t, fixed, managerLists) != c.manager {
			t.Errorf("at %s: dpo %v, manager %v", c.at, lets(t, fixed, dpoLists), lets(t, fixed, managerLists))
		}
		if lets(t, e, dpoLists) != c.dpo {
			t.Errorf("at %s the engine itself is elsewhere", c.at)
		}
	}
	all, at := e.Revisions()
	if len(all) != 3 || at != 2 || all[1].Title != "Tried" || fmt.Sprint(all[1].By) != "[koege mvs]" || fmt.Sprint(all[2].By) != "[greve mvs]" || all[2].Sum != Sum(two) {
		t.Errorf("%+v, in force %d", all, at)
	}
	if last, h := e.Last(); !bytes.Equal(last, two) || h.Number != 2 {
		t.Errorf("the last is %d", h.Number)
	}
	if !bytes.Equal(e.Document(), two) {
		t.Error("what decides is not the very bytes that were signed")
	}
}

func TestA110(t *testing.T) {
	s := keys(t)
	one := after(t, document, 1, monday, letDPO...)
	good := s.sign(t, one, both...)
	two := func(replace ...string) []byte { return after(t, one, 2, monday, append(letManager, replace...)...) }
	signed := s.sign(t, two(), both...)
	none := signing{Approval{}, s.private}
	base, three := taking(t, s, good), s.sign(t, after(t, one, 3, monday, letManager...), both...)
	alone := signing{Approval{[]hub.AuthorityKind{hub.Police}, s.Keys}, s.private}
	for name, c := range map[string]struct {
		note []byte
		why  string
		keys *signing
	}{
		"unsigned":                       {two(), "not signed", nil},
		"signed once":                    {s.sign(t, two(), "police"), "signature of: municipality", nil},
		"signed twice by one":            {s.sign(t, two(), "koege", "koege"), "signature of: police", nil},
		"by two of one kind":             {s.sign(t, two(), "koege", "greve"), "signature of: police", nil},
		"by one who has no say":          {s.sign(t, two(), "region", "koege"), "signature of: police", nil},
		"by a key that nobody knows":     {s.sign(t, two(), "stranger", "koege"), "signature of: police", nil},
		"by a key whose time is over":    {s.sign(t, two(), "police's old", "koege"), "signature of: police", nil},
		"changed after it was signed":    {bytes.Replace(signed, []byte(`"manager": true`), []byte(`"manager":true `), 1), "not over these bytes", nil},
		"a space more":                   {bytes.Replace(signed, []byte(`{`), []byte(`{ `), 1), "not over these bytes", nil},
		"another's signature lines":      {append(bytes.Clone(two(`"Tried"`, `"Trued"`)), s.sign(t, two(), both...)[len(two()):]...), "not over these bytes", nil},
		"signatures cut off":             {signed[:len(signed)-40], "", nil},
		"rolled back to the one before":  {good, "number 1", nil},
		"the built-in document again":    {s.sign(t, document, both...), "number 0", nil},
		"of another number":              {s.sign(t, after(t, one, 3, monday, letManager...), both...), "number 3", nil},
		"after another document":         {s.sign(t, after(t, document, 2, monday, letManager...), both...), "after another document", nil},
		"from before the one before":     {s.sign(t, after(t, one, 2, monday.Add(-time.Hour), letManager...), both...), "begins before", nil},
		"no header":                      {s.sign(t, bytes.Replace(document, []byte(lists), []byte(letManager[1]), 1), both...), "number 0", nil},
		"torn":                           {s.sign(t, append(two()[:20000:20000], '\n'), both...), "not JSON", nil},
		"not JSON at all":                {s.sign(t, []byte("hello\n"), both...), "not JSON", nil},
		"empty":                          {nil, "", nil},
		"a table missing":                {s.sign(t, two("\n  \"obligations\":", "\n  \"obligation\":"), both...), `"obligations" is missing`, nil},
		"a table more":                   {s.sign(t, two(lists, `"lists": {}, `+lists), both...), `no table "lists"`, nil},
		"a table of another form":        {s.sign(t, two(`"through": [`, `"through": "x", "threw": [`), both...), "another form", nil},
		"a name twice":                   {s.sign(t, two(lists, lists+`"reporter": false, `), both...), "twice", nil},
		"a rule left undefined":          {s.sign(t, two(`"not_for_role"`, `"not_for_roll"`), both...), "not_for_role", nil},
		"a date that is none":            {s.sign(t, two(`"2024-01-01"`, `"1.1.2024"`), both...), "2024", nil},
		"a header with a thing more":     {s.sign(t, two(`"number":2`, `"number":2, "force": true`), both...), "force", nil},
		"a header that starts the count": {s.sign(t, two(`"number":2`, `"number":-2`), both...), "number", nil},
		"politicians":                    {s.sign(t, two(`"never": "steering_never"`, `"note": ""`, `"steering":              {"kinds": {}`, `"steering":              {"kinds": {"municipality": true}`, lists, lists+`"steering": true, `), both...), "never to be", nil},
		"nobody may approve":             {signed, "nobody may approve", &none},
		"one is not two":                 {signed, "nobody may approve", &alone},
	} {
		t.Run(name, func(t *testing.T) {
			e := copyOf(base)
			if c.keys != nil {
				e.approval = c.keys.Approval
			}
			before := e.At(monday).Revision()
			var heard []Revision
			e.say = func(r Revision) { heard = append(heard, r) }
			take(t, e, good, c.note)
			now := e.At(monday.AddDate(1, 0, 0))
			if now.Revision() != before || lets(t, now, managerLists) || !lets(t, now, dpoLists) {
				t.Errorf("it changed what is in force")
			}
			odd := e.Odd()
			if odd == nil || !strings.Contains(odd.Error(), "revision 2 is refused") || !strings.Contains(odd.Error(), c.why) {
				t.Errorf("it says %v, want %q", odd, c.why)
			}
			if len(heard) != 1 || heard[0].Why == nil {
				t.Errorf("told %+v", heard)
			}
			if err := e.Ready(t.Context()); err != nil {
				t.Error(err)
			}
			if name != "unsigned" && name != "politicians" {
				return
			}
			// The next good one is taken, and nothing is odd any more.
			take(t, e, good, c.note, three)
			if !lets(t, e.At(monday), managerLists) || e.Odd() != nil {
				t.Errorf("the next one is not taken: %v", e.Odd())
			}
		})
	}
}

func TestARevisionThatIsTooSlowIsRefused(t *testing.T) {
	was := proveTime
	proveTime = time.Nanosecond
	defer func() { proveTime = was }()
	s := keys(t)
	e := taking(t, s, s.sign(t, after(t, document, 1, monday, letDPO...), both...))
	if lets(t, e.At(monday), dpoLists) || e.Odd() == nil {
		t.Errorf("it is in force: %v", e.Odd())
	}
}

func TestWithoutTrustNoSignatureCounts(t *testing.T) {
	s := keys(t)
	e := engine(t)
	take(t, e, s.sign(t, after(t, document, 1, monday, letDPO...), both...))
	if lets(t, e.At(monday), dpoLists) || e.Odd() == nil {
		t.Errorf("%v", e.Odd())
	}
}

func TestTheTableCannotBeRolledBackUnderARunningEngine(t *testing.T) {
	s := keys(t)
	one := after(t, document, 1, monday, letDPO...)
	two := after(t, one, 2, monday, letManager...)
	first, second := s.sign(t, one, both...), s.sign(t, two, both...)
	base := taking(t, s, first, second)
	base.At(monday)
	for name, rows := range map[string][]Row{
		"the last is gone":    rowsOf(first),
		"all are gone":        nil,
		"the last is another": rowsOf(first, s.sign(t, after(t, one, 2, monday), both...)),
		"the first is gone":   rowsOf(first, second)[1:],
	} {
		e := copyOf(base)
		if name == "the first is gone" { // and something new has come, so that it is looked at
			rows = append(rows, Row{3, []byte("x"), monday})
		}
		if err := e.Take(rows, [][]byte{document, one, two}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !lets(t, e.At(monday), managerLists) || e.Odd() == nil || !strings.Contains(e.Odd().Error(), "the database") {
			t.Errorf("%s: %v", name, e.Odd())
		}
	}
}

func TestARestartBringsNoOlderLaw(t *testing.T) {
	s := keys(t)
	one := after(t, document, 1, monday, letDPO...)
	two := after(t, one, 2, monday.Add(time.Hour), letManager...)
	first, second := s.sign(t, one, both...), s.sign(t, two, both...)
	fresh := func() *Engine {
		e := engine(t)
		e.Trust(s.Approval, nil)
		return e
	}
	decided := [][]byte{document, one, two}
	for name, rows := range map[string][]Row{"the last is gone": rowsOf(first), "all are gone": nil, "the last lost a signature": rowsOf(first, s.sign(t, two, "police"))} {
		e := fresh()
		if err := e.Take(rows, decided); err == nil || !strings.Contains(err.Error(), "revision 2 has decided here") || e.Seen() != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == "the last is gone" { // and was put back
			if err := e.Take(rowsOf(first, second), decided); err != nil || !lets(t, e.At(monday), managerLists) {
				t.Errorf("put back: %v", err)
			}
		}
	}
	e := fresh()
	if err := e.Take(rowsOf(first, second), decided); err != nil || !lets(t, e.At(monday.AddDate(-1, 0, 0)), managerLists) {
		t.Errorf("what has decided waits again, because a clock is behind: %v", err)
	}
	e = fresh()
	if err := e.Take(rowsOf(first, second), decided[:2]); err != nil || lets(t, e.At(monday), managerLists) || !lets(t, e.At(monday), dpoLists) {
		t.Errorf("what waited is in force before its time: %v", err)
	}
	// Another build brings another built-in document: what was approved still holds,
	// if it followed a document that decided here.
	older := bytes.Replace(document, []byte(`"about": "`), []byte(`"about": "Older. `), 1)
	approved := s.sign(t, after(t, older, 1, monday, letDPO...), both...)
	e = fresh()
	if err := e.Take(rowsOf(approved), [][]byte{older, document}); err != nil || !lets(t, e.At(monday), dpoLists) {
		t.Errorf("another build: %v, %v", err, e.Odd())
	}
	e = fresh()
	if err := e.Take(rowsOf(approved), [][]byte{document}); err != nil || lets(t, e.At(monday), dpoLists) || e.Odd() == nil {
		t.Errorf("after a document that never decided here: %v", err)
	}
}

func TestADraftChangesItsHeaderOnly(t *testing.T) {
	h := Header{Number: 1, After: Sum(document), From: monday, Title: `A "quoted" reason <&> – § 115`}
	d, err := Draft(document, h)
	if err != nil {
		t.Fatal(err)
	}
	got, err := HeaderOf(d)
	if err != nil || got.Title != h.Title || !got.From.Equal(monday) {
		t.Fatalf("%+v, %v", got, err)
	}
	if !bytes.HasSuffix(d, bytes.TrimLeft(document[1:], " \n")) {
		t.Error("the rest is not as it was")
	}
	h.Number, h.Title = 2, "Another"
	again, err := Draft(d, h)
	if err != nil || bytes.Count(again, []byte(`"revision"`)) != 1 || len(again) > len(d) {
		t.Errorf("a draft of a draft: %v", err)
	}
	if first, err := HeaderOf(document); err != nil || first != (Header{}) {
		t.Errorf("the built-in document: %+v, %v", first, err)
	}
	for name, bad := range map[string]Header{
		"no number": {0, h.After, monday, "x"}, "a short sum": {1, "abc", monday, "x"}, "no minute": {1, h.After, monday.Add(time.Second), "x"}, "no time": {1, h.After, time.Time{}, "x"},
		"no title": {1, h.After, monday, " "}, "two lines": {1, h.After, monday, "a\nb"}, "a brace": {1, h.After, monday, "a}"}, "long": {1, h.After, monday, strings.Repeat("x", 301)},
	} {
		if _, err := Draft(document, bad); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := Sign([]byte("a\tb\n"), keys(t).private["police"]); err == nil {
		t.Error("what no verifier takes is signed")
	}
}
