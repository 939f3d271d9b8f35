package person

import (
	"strconv"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// Number is a personal number (personnummer, CPR) that has the right form and
// names a real date. Whether it was ever given to anybody is not ours to say.
// The zero Number is none.
type Number struct {
	digits     string // ten digits, as sealed
	substitute bool
	birth      Day
}

// ParseNumber reads a CPR number by form and date only (L30): never by modulus
// 11, which numbers given since 2007 need not fulfil. A substitute number
// (erstatningspersonnummer) has 60 added to the day. "DDMMYY-SSSS" and ten bare
// digits are both accepted.
//
// What is wrong is an error key of field "cpr": person.error.cpr.form for another
// shape, person.error.cpr.date for a day that is in no calendar.
func ParseNumber(text string) (Number, error) {
	digits := strings.Map(func(r rune) rune {
		switch r {
		case '-', '\u2010', '\u2011', '\u2013', ' ', '\u00a0': // as people and programs write it
			return -1
		}
		return r
	}, text)
	if len(digits) != 10 || strings.Trim(digits, "0123456789") != "" {
		return Number{}, hub.Invalid("cpr", "person.error.cpr.form")
	}
	part := func(from, to int) int { n, _ := strconv.Atoi(digits[from:to]); return n } // digits only: cannot fail
	day, month, year := part(0, 2), part(2, 4), century(part(6, 7), part(4, 6))
	n := Number{digits: digits, substitute: day > 60}
	if n.substitute {
		day -= 60
	}
	birth, ok := NewDay(year, month, day)
	if !ok {
		return Number{}, hub.Invalid("cpr", "person.error.cpr.date")
	}
	n.birth = birth
	return n, nil
}

// century is the year of a CPR number, from its seventh digit and the two
// digits of its year (CPR-kontoret, "Personnummeret i CPR").
func century(seventh, yy int) int {
	switch {
	case seventh <= 3:
		return 1900 + yy
	case seventh == 4 || seventh == 9:
		if yy <= 36 {
			return 2000 + yy
		}
		return 1900 + yy
	case yy <= 57:
		return 2000 + yy
	default:
		return 1800 + yy
	}
}

// Substitute reports whether it is a substitute number (day + 60).
func (n Number) Substitute() bool { return n.substitute }

// Birth is the day of birth that the number says.
func (n Number) Birth() Day { return n.birth }

// Empty reports whether there is no number.
func (n Number) Empty() bool { return n.digits == "" }

// Personal is the ten digits, for sealing and for the blind index.
func (n Number) Personal() hub.Personal {
	if n.Empty() {
		return hub.Personal{}
	}
	return hub.NewPersonal(n.digits)
}

// Masked shows ten digits as DDMMYY-••••, the only form a page has without a
// reveal (L29). Anything else is masked whole.
func Masked(digits string) string {
	if len(digits) != 10 {
		return "••••••-••••"
	}
	return digits[:6] + "-••••"
}

// Grouped shows ten digits as DDMMYY-SSSS, for a reveal.
func Grouped(digits string) string {
	if len(digits) != 10 {
		return digits
	}
	return digits[:6] + "-" + digits[6:]
}

// Day is a day in the calendar, without a clock. The zero Day is none.
type Day struct{ year, month, day int }

// NewDay is a day that exists; false for one that does not, such as 30 February.
func NewDay(year, month, day int) (Day, bool) {
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if year < 1 || t.Year() != year || int(t.Month()) != month || t.Day() != day {
		return Day{}, false
	}
	return Day{year, month, day}, true
}

// ParseDay reads "2009-12-31", as the API writes it, and "31-12-2009" or
// "31.12.2009", as people in Denmark do. An error has field "birth_date" and key
// person.error.birth.form or person.error.birth.date.
func ParseDay(text string) (Day, error) {
	var numbers [3]int
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == '-' || r == '.' || r == '/' })
	if len(parts) != 3 || len(text) > 10 {
		return Day{}, hub.Invalid("birth_date", "person.error.birth.form")
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return Day{}, hub.Invalid("birth_date", "person.error.birth.form")
		}
		numbers[i] = int(n)
	}
	year, month, day := numbers[0], numbers[1], numbers[2]
	switch {
	case len(parts[0]) == 4:
	case len(parts[2]) == 4: // two digits of a year would leave the century to chance
		year, day = day, year
	default:
		return Day{}, hub.Invalid("birth_date", "person.error.birth.form")
	}
	d, ok := NewDay(year, month, day)
	if !ok {
		return Day{}, hub.Invalid("birth_date", "person.error.birth.date")
	}
	return d, nil
}

// Today is the calendar day in Copenhagen at an instant.
func Today(now time.Time) Day {
	t := now.In(hub.Copenhagen)
	return Day{t.Year(), int(t.Month()), t.Day()}
}

// String is "2009-12-31"; "" for none.
func (d Day) String() string {
	if d == (Day{}) {
		return ""
	}
	return time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// Before reports whether d is earlier than other.
func (d Day) Before(other Day) bool {
	if d.year != other.year {
		return d.year < other.year
	}
	if d.month != other.month {
		return d.month < other.month
	}
	return d.day < other.day
}

// Birthday is the day on which somebody born on d becomes that many years old.
// Born on 29 February, it is 1 March in a year that has no such day: which day
// the law takes is not settled in our sources, and 1 March protects a child
// one day longer.
func (d Day) Birthday(years int) Day {
	t := time.Date(d.year+years, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC)
	return Day{t.Year(), int(t.Month()), t.Day()}
}

// Next is the day after d.
func (d Day) Next() Day {
	t := time.Date(d.year, time.Month(d.month), d.day+1, 0, 0, 0, 0, time.UTC)
	return Day{t.Year(), int(t.Month()), t.Day()}
}

// Age is the age in whole years on a day.
func (d Day) Age(today Day) int {
	age := today.year - d.year
	if today.Before(d.Birthday(age)) {
		age--
	}
	return age
}
