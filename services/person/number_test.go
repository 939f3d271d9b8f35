//go:build !race

package person

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// The numbers below are substitutes (day + 60) or impossible, so that none can
// be a real person's (L54). Ordinary numbers are made in the test from a day
// and then thrown away.
func TestParseNumber(t *testing.T) {
	for _, c := range []struct {
		about, in  string
		birth      string // "" where refused
		key        string // of the refusal
		substitute bool
	}{
		{"substitute, day 61", "6101011234", "1901-01-01", "", true},
		{"substitute, day 91", "911208-5004", "2008-12-31", "", true},
		{"substitute, modulus 11 not fulfilled", "710109-4321", "2009-01-11", "", true},
		{"substitute with spaces outside and within", " 710109 4321 ", "2009-01-11", "", true},
		{"substitute with an en dash", "710109\u20134321", "2009-01-11", "", true},
		{"substitute with a no-break space", "710109\u00a04321", "2009-01-11", "", true},
		{"leap day", "8902084123", "2008-02-29", "", true},
		{"7th digit 0 is 1900s", "6106990123", "1999-06-01", "", true},
		{"7th digit 3 is 1900s", "6106003123", "1900-06-01", "", true},
		{"7th digit 4, year 36", "6106364123", "2036-06-01", "", true},
		{"7th digit 4, year 37", "6106374123", "1937-06-01", "", true},
		{"7th digit 5, year 57", "6106575123", "2057-06-01", "", true},
		{"7th digit 5, year 58", "6106585123", "1858-06-01", "", true},
		{"7th digit 8, year 99", "6106998123", "1899-06-01", "", true},
		{"7th digit 9, year 36", "6106369123", "2036-06-01", "", true},
		{"7th digit 9, year 37", "6106379123", "1937-06-01", "", true},

		{"day 00", "0001091234", "", "person.error.cpr.date", false},
		{"day 32", "3201091234", "", "person.error.cpr.date", false},
		{"day 45", "4501091234", "", "person.error.cpr.date", false},
		{"day 60", "6001091234", "", "person.error.cpr.date", false},
		{"day 92", "9201091234", "", "person.error.cpr.date", false},
		{"day 99", "9901091234", "", "person.error.cpr.date", false},
		{"month 00", "6100091234", "", "person.error.cpr.date", false},
		{"month 13", "6113091234", "", "person.error.cpr.date", false},
		{"30 February", "9002091234", "", "person.error.cpr.date", false},
		{"29 February of a common year", "8902094123", "", "person.error.cpr.date", false},
		{"31 April", "9104091234", "", "person.error.cpr.date", false},
		{"nothing", "", "", "person.error.cpr.form", false},
		{"nine digits", "710109432", "", "person.error.cpr.form", false},
		{"eleven digits", "71010943210", "", "person.error.cpr.form", false},
		{"letters", "710109AB21", "", "person.error.cpr.form", false},
		{"wildcard (A063)", "710109-****", "", "person.error.cpr.form", false},
		{"masked", "710109-••••", "", "person.error.cpr.form", false},
		{"other scripts' digits", "٧١٠١٠٩٤٣٢١", "", "person.error.cpr.form", false},
		{"full-width digits", "７１０１０９４３２１", "", "person.error.cpr.form", false},
		{"a sign", "+101094321", "", "person.error.cpr.form", false},
		{"a NUL", "710109\x004321", "", "person.error.cpr.form", false},
		{"invalid UTF-8", "710109\xff432", "", "person.error.cpr.form", false},
		{"very long", strings.Repeat("7", 10<<20), "", "person.error.cpr.form", false},
	} {
		t.Run(c.about, func(t *testing.T) {
			n, err := ParseNumber(c.in)
			if c.key != "" {
				var e *hub.Error
				if !errors.As(err, &e) || e.Code != hub.CodeInvalid || e.Key != c.key || e.Field != "cpr" {
					t.Fatalf("got %v, want invalid %s at cpr", err, c.key)
				}
				if len(e.Args) > 0 {
					t.Fatal("the error repeats what was typed")
				}
				return
			}
			if err != nil || n.Birth().String() != c.birth || n.Substitute() != c.substitute {
				t.Fatalf("got %s substitute=%v %v, want %s %v", n.Birth(), n.Substitute(), err, c.birth, c.substitute)
			}
		})
	}
}

// Every day of a century is accepted in both forms, with any running number: no
// check digit is looked at, and nothing between 32 and 60 gets through. L30.
func TestNumberEveryDay(t *testing.T) {
	for d := time.Date(1937, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() < 2037; d = d.AddDate(0, 0, 1) {
		seventh := "0"
		if d.Year() >= 2000 {
			seventh = "4"
		}
		ordinary := d.Format("020106") + seventh + "000"
		substitute := string(ordinary[0]+6) + ordinary[1:]
		for _, in := range []string{ordinary, substitute} {
			n, err := ParseNumber(in)
			if err != nil || n.Birth().String() != d.Format(time.DateOnly) || n.Substitute() != (in == substitute) {
				t.Fatalf("%s: %s %v %v", d.Format(time.DateOnly), n.Birth(), n.Substitute(), err)
			}
		}
	}
}

// L29 in part: the mask.
func TestMasked(t *testing.T) {
	n, err := ParseNumber("710109-4321")
	if err != nil {
		t.Fatal(err)
	}
	digits := n.Personal().Reveal(t.Context())
	if got := Masked(digits); got != "710109-••••" {
		t.Error(got)
	}
	if got := Grouped(digits); got != "710109-4321" {
		t.Error(got)
	}
	for _, odd := range []string{"", "7", "7101094321x"} {
		if got := Masked(odd); got != "••••••-••••" {
			t.Errorf("%q: %s", odd, got)
		}
	}
	if !(Number{}).Personal().Empty() {
		t.Error("no number is not an empty text")
	}
}

func TestAge(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		about, birth string
		now          time.Time
		age          int
		band         string
	}{
		{"the last instant of childhood", "2008-11-22", at("2026-11-21T22:59:59Z"), 17, Under18},
		{"18 at midnight in Copenhagen, winter", "2008-11-22", at("2026-11-21T23:00:00Z"), 18, From18To25},
		{"17 a second before midnight, summer", "2008-07-01", at("2026-06-30T21:59:59Z"), 17, Under18},
		{"18 at midnight in Copenhagen, summer", "2008-07-01", at("2026-06-30T22:00:00Z"), 18, From18To25},
		{"born on a leap day, 28 February", "2008-02-29", at("2026-02-28T12:00:00Z"), 17, Under18},
		{"born on a leap day, 1 March", "2008-02-29", at("2026-03-01T12:00:00Z"), 18, From18To25},
		{"25 to the last day", "2000-11-22", at("2026-11-21T12:00:00Z"), 25, From18To25},
		{"26 on the day", "2000-11-22", at("2026-11-22T12:00:00Z"), 26, Over25},
		{"born today", "2026-11-21", at("2026-11-21T12:00:00Z"), 0, Under18},
		{"on the day the clocks go back", "2008-10-25", at("2026-10-24T22:00:00Z"), 18, From18To25},
		{"very old", "1901-01-01", at("2026-11-21T12:00:00Z"), 125, Over25},
	} {
		t.Run(c.about, func(t *testing.T) {
			d, err := ParseDay(c.birth)
			if err != nil {
				t.Fatal(err)
			}
			if got := d.Age(Today(c.now)); got != c.age {
				t.Errorf("age %d, want %d", got, c.age)
			}
			if got := Band(d, Today(c.now)); got != c.band {
				t.Errorf("band %s, want %s", got, c.band)
			}
		})
	}
}

func TestParseDay(t *testing.T) {
	for in, want := range map[string]string{
		"2009-12-31": "2009-12-31", "31-12-2009": "2009-12-31", "31.12.2009": "2009-12-31", "1.2.2009": "2009-02-01", "1/2/2009": "2009-02-01",
		"2008-02-29": "2008-02-29", "0001-01-01": "0001-01-01",
		"2009-02-29": "person.error.birth.date", "2009-13-01": "person.error.birth.date", "2009-00-10": "person.error.birth.date", "0000-01-01": "person.error.birth.date",
		"12-31-2009": "person.error.birth.date", "99-99-9999": "person.error.birth.date",
		"": "person.error.birth.form", "31-12-09": "person.error.birth.form", "2009-12": "person.error.birth.form", "2009-12-3x": "person.error.birth.form",
		"+009-12-31": "person.error.birth.form", "2009-12-310": "person.error.birth.form", "20091231": "person.error.birth.form", "----------": "person.error.birth.form",
		"99999-1-1": "person.error.birth.form",
	} {
		d, err := ParseDay(in)
		if !strings.HasPrefix(want, "person.error") {
			if err != nil || d.String() != want {
				t.Errorf("%q: %s %v, want %s", in, d, err, want)
			}
			continue
		}
		var e *hub.Error
		if !errors.As(err, &e) || e.Key != want || e.Field != "birth_date" {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
}

func FuzzParseNumber(f *testing.F) {
	f.Add("710109-4321")
	f.Add("3201091234")
	f.Fuzz(func(t *testing.T, in string) {
		n, err := ParseNumber(in)
		if err != nil {
			return
		}
		text := n.Personal().Reveal(t.Context())
		again, err := ParseNumber(Grouped(text))
		if err != nil || again != n {
			t.Fatalf("%q reads as %v and then as %v, %v", in, n, again, err)
		}
		if day := text[:2]; day > "31" && day < "61" || day > "91" {
			t.Fatalf("day %s accepted", day)
		}
	})
}
