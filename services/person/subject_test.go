//go:build !race

package person

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

var today = Day{2026, 11, 21}

// The bad-input table of this room: what was typed, and which field says what.
// L40 in part: a category is one of a list.
func TestFormIdentity(t *testing.T) {
	named := Form{Name: text("Signe Prøvesen")}
	with := func(change func(*Form)) Form { f := named; change(&f); return f }
	for _, c := range []struct {
		about string
		form  Form
		wrong []string // "field key", all at once; none where it is accepted
	}{
		{"a name is enough", named, nil},
		{"nobody knows who", Form{Unknown: true}, nil},
		{"nobody knows who, about 15", Form{Unknown: true, AgeBand: Under18}, nil},
		{"substitute number", with(func(f *Form) { f.CPR = text("710109-4321") }), nil},
		{"has no number", with(func(f *Form) { f.NoCPR = true }), nil},
		{"number and the same birth date", with(func(f *Form) { f.CPR, f.BirthDate = text("710109-4321"), text("2009-01-11") }), nil},
		{"born today", with(func(f *Form) { f.BirthDate = text("2026-11-21") }), nil},
		{"a name with an apostrophe and a script tag is a name", Form{Name: text(`O'Test <script>alert(1)</script>`)}, nil},
		{"200 characters of three bytes", Form{Name: text(strings.Repeat("ẞ", 200))}, nil},

		{"nothing at all", Form{}, []string{"name error.missing"}},
		{"only space", Form{Name: text(" \t ")}, []string{"name error.missing"}},
		{"impossible number", with(func(f *Form) { f.CPR = text("320109-4321") }), []string{"cpr person.error.cpr.date"}},
		{"number born tomorrow", with(func(f *Form) { f.CPR = text("8211264000") }), []string{"cpr person.error.cpr.future"}},
		{"number and none", with(func(f *Form) { f.CPR, f.NoCPR = text("710109-4321"), true }), []string{"no_cpr person.error.cpr.and_none"}},
		{"born tomorrow", with(func(f *Form) { f.BirthDate = text("2026-11-22") }), []string{"birth_date person.error.birth.future"}},
		{"born 1066", with(func(f *Form) { f.BirthDate = text("1066-10-14") }), []string{"birth_date person.error.birth.past"}},
		{"30 February", with(func(f *Form) { f.BirthDate = text("2009-02-30") }), []string{"birth_date person.error.birth.date"}},
		{"number of another day", with(func(f *Form) { f.CPR, f.BirthDate = text("710109-4321"), text("2009-01-12") }), []string{"birth_date person.error.birth.disagrees"}},
		{"unknown, yet named", Form{Unknown: true, Name: text("Signe Prøvesen")}, []string{"unknown person.error.subject.not_unknown"}},
		{"unknown, yet numbered", Form{Unknown: true, CPR: text("710109-4321")}, []string{"unknown person.error.subject.not_unknown"}},
		{"name of 201 characters", Form{Name: text(strings.Repeat("a", 201))}, []string{"name error.too_long"}},
		{"name of 10 MB", Form{Name: text(strings.Repeat("a", 10<<20))}, []string{"name error.too_long"}},
		{"name with NUL", Form{Name: text("Signe\x00Prøvesen")}, []string{"name error.not_text"}},
		{"name with an escape sequence", Form{Name: text("Signe\x1b[31m")}, []string{"name error.not_text"}},
		{"name that turns the text around", Form{Name: text("Signe\u202enesevørP")}, []string{"name error.not_text"}},
		{"name with a mark of direction", Form{Name: text("Signe\u200fP")}, []string{"name person.error.text.hidden"}},
		{"name in broken UTF-8", Form{Name: text("Signe\xff")}, []string{"name error.not_text"}},
		{"unheard-of category", with(func(f *Form) { f.Category = "suspect" }), []string{"category error.unknown_choice"}},
		{"unheard-of age band", with(func(f *Form) { f.AgeBand = "young" }), []string{"age_band error.unknown_choice"}},
		{"everything at once", Form{CPR: text("1"), BirthDate: text("x"), Category: "x", Address: text(strings.Repeat("a", 301))},
			[]string{"name error.missing", "cpr person.error.cpr.form", "birth_date person.error.birth.form", "address error.too_long", "category error.unknown_choice"}},
	} {
		t.Run(c.about, func(t *testing.T) {
			_, err := c.form.Identity(today)
			if got := wrongs(t, err); !slices.Equal(got, c.wrong) {
				t.Fatalf("got %q, want %q", got, c.wrong)
			}
			if err != nil && strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "Prøvesen") {
				t.Fatal("the error tells the name")
			}
		})
	}
}

func text(s string) hub.Personal { return hub.NewPersonal(s) }

// wrongs writes an error as "field key" for each of its problems.
func wrongs(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var p hub.Problems
	if !errors.As(err, &p) {
		t.Fatalf("%v is not hub.Problems", err)
	}
	var list []string
	for _, e := range p {
		if e.Code != hub.CodeInvalid {
			t.Errorf("%v is not invalid", e)
		}
		list = append(list, e.Field+" "+e.Key)
	}
	return list
}

func TestFormSays(t *testing.T) {
	f := Form{Name: text("  Signe   Prøvesen "), CPR: text("710109-4321"), Language: text("dari")}
	id, err := f.Identity(today)
	if err != nil {
		t.Fatal(err)
	}
	if got := id.Name.Reveal(t.Context()); got != "Signe Prøvesen" {
		t.Errorf("name %q", got)
	}
	if id.Birth.String() != "2009-01-11" || f.band(id.Birth, today) != Under18 || f.number() != NumberGiven || f.category() != OfConcern {
		t.Errorf("%s %s %s %s", id.Birth, f.band(id.Birth, today), f.number(), f.category())
	}
	judged := Form{Unknown: true, AgeBand: Under18}
	if got := judged.band(Day{}, today); got != Under18 {
		t.Errorf("judged band %s", got)
	}
	// A judgement never outweighs a birth date.
	if got := (Form{AgeBand: Over25}).band(id.Birth, today); got != Under18 {
		t.Errorf("band %s", got)
	}
	if (Form{}).number() != NumberUnknown || (Form{NoCPR: true}).number() != NumberNone {
		t.Error("number")
	}
}

// The moves of a birth date say the same as the band of every single day.
func TestMoves(t *testing.T) {
	for _, birth := range []Day{{2009, 1, 11}, {2008, 2, 29}, {2000, 11, 22}, {2008, 11, 21}, {1950, 5, 5}, {2026, 11, 21}} {
		moves, day := Moves(birth, today), today
		band := Band(birth, today)
		for range 27 * 366 {
			for _, m := range moves {
				if m.On == day {
					band = m.Band
				}
			}
			if got := Band(birth, day); got != band {
				t.Fatalf("born %s, on %s: %s by the moves, %s by the birth date", birth, day, band, got)
			}
			day = day.Next()
		}
	}
	if Moves(Day{}, today) != nil {
		t.Error("an unknown birth date has moves")
	}
}

func TestIdentified(t *testing.T) {
	for _, c := range []struct {
		s    Subject
		want bool
	}{
		{Subject{Named: true, Number: NumberGiven}, true},
		{Subject{Named: true, Number: NumberNone}, true},
		{Subject{Named: true, Number: NumberUnknown}, false},
		{Subject{Number: NumberGiven}, false},
		{Subject{}, false},
	} {
		if got := c.s.Identified(); got != c.want {
			t.Errorf("%+v: %v", c.s, got)
		}
	}
}
