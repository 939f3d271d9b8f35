package structure

import (
	"fmt"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// Unit is what a limit counts.
type Unit string

// The units of limits.
const (
	Hours       Unit = "hours"        // real hours, nights, weekends and clock changes included
	WorkingDays Unit = "working_days" // Monday to Friday, not public holidays, not closed days
)

// Limit is how long something may last. The zero Limit is no limit.
type Limit struct {
	N    int
	Unit Unit
}

func (l Limit) String() string { return fmt.Sprintf("%d %s", l.N, l.Unit) }

// hours is the most real time a limit can be relied on to take, for comparing
// limits of the two units: a working day is counted as a day.
func (l Limit) hours() int {
	if l.Unit == WorkingDays {
		return 24 * l.N
	}
	return l.N
}

// ChildLimit is the time in which a notification about a child must have been
// assessed: law, and so in no file (L25, barnets lov § 133 ff.).
const ChildLimit = 24 * time.Hour

// ChildDue is when a notification about a child that was received at the
// instant must have been assessed. The clock is real time: 24 hours pass,
// whatever the day, and so Friday 16:00 is due Saturday 16:00. Over a night in
// which the clocks change it is still 24 hours: received on the Saturday at
// 16:00 it is due on the Sunday at 17:00 when summer time begins (L60: the
// wall clock has jumped an hour), and at 15:00 when it ends. Nobody gets 25
// hours, and nobody 23.
func ChildDue(received time.Time) time.Time { return received.Add(ChildLimit).In(hub.Copenhagen) }

// Due is when a limit that began at the instant runs out. Hours are real time,
// as in [ChildDue]. Working days are counted from the day after the start, in
// Copenhagen; the limit runs out in the last minute (23:59) of the last of
// them, however short or long that day is by the clock change.
func (s *Structure) Due(start time.Time, l Limit) time.Time {
	local := start.In(hub.Copenhagen)
	if l.Unit == Hours {
		return start.Add(time.Duration(l.N) * time.Hour).In(hub.Copenhagen)
	}
	y, m, d := local.Date()
	for n := l.N; n > 0; {
		d++
		if s.WorkingDay(time.Date(y, m, d, 12, 0, 0, 0, hub.Copenhagen)) {
			n--
		}
	}
	return time.Date(y, m, d, 23, 59, 0, 0, hub.Copenhagen)
}

// WorkingDay reports whether the day of the instant, in Copenhagen, counts in
// limits: not a Saturday or Sunday, a public holiday or one of the file's
// closed days.
func (s *Structure) WorkingDay(at time.Time) bool {
	at = at.In(hub.Copenhagen)
	if w := at.Weekday(); w == time.Saturday || w == time.Sunday {
		return false
	}
	if Holiday(at) != "" {
		return false
	}
	for _, c := range s.ClosedDays {
		if c.on(at) {
			return false
		}
	}
	return true
}

// ClosedDay is a day that is no public holiday but on which the authorities of
// the file are closed: every year, or in one.
type ClosedDay struct {
	Name  string
	Year  int // 0: every year
	Month time.Month
	Day   int
	lines
}

func (c ClosedDay) on(at time.Time) bool {
	return (c.Year == 0 || c.Year == at.Year()) && c.Month == at.Month() && c.Day == at.Day()
}

// Holiday is the Danish name of the public holiday (helligdag) on the day of
// the instant in Copenhagen, or "". Store bededag was one until and with 2023
// (lov nr. 214 of 7 March 2023 took it away). Grundlovsdag, 24 and 31 December
// are no public holidays: a file that wants them says so under closed_days.
func Holiday(at time.Time) string {
	at = at.In(hub.Copenhagen)
	y, m, d := at.Date()
	switch {
	case m == time.January && d == 1:
		return "Nytårsdag"
	case m == time.December && d == 25:
		return "Juledag"
	case m == time.December && d == 26:
		return "2. juledag"
	}
	em, ed := easter(y)
	day := func(m time.Month, d int) int { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).YearDay() }
	switch day(m, d) - day(em, ed) {
	case -3:
		return "Skærtorsdag"
	case -2:
		return "Langfredag"
	case 0:
		return "Påskedag"
	case 1:
		return "2. påskedag"
	case 26:
		if y < 2024 {
			return "Store bededag"
		}
	case 39:
		return "Kristi himmelfartsdag"
	case 49:
		return "Pinsedag"
	case 50:
		return "2. pinsedag"
	}
	return ""
}

// easter is Easter Sunday of a year in the Gregorian calendar, by the anonymous
// algorithm (Meeus, Jones, Butcher).
func easter(y int) (time.Month, int) {
	a, b, c := y%19, y/100, y%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return time.Month(n / 31), n%31 + 1
}

// Retention says how long something is kept once it has had an outcome (L22).
type Retention struct {
	Outcome   string          // one of Outcomes
	Authority hub.AuthorityID // "" for all that have no rule of their own
	Work      Period          // how long it may still be worked with; after it, it is restricted
	Erase     Period          // when it is erased, counted from the outcome
	Source    string
	lines
}

// Name is what a record calls the rule: "unfounded" or "unfounded/koege".
func (r Retention) Name() string {
	if r.Authority == "" {
		return r.Outcome
	}
	return r.Outcome + "/" + string(r.Authority)
}

// RestrictAt is when something with the outcome at the instant is no longer to
// be worked with.
func (r Retention) RestrictAt(outcome time.Time) time.Time { return r.Work.After(outcome) }

// EraseAt is when something with the outcome at the instant is to be erased.
func (r Retention) EraseAt(outcome time.Time) time.Time { return r.Erase.After(outcome) }

// Period is a time of storage, in days or months of the calendar.
type Period struct{ Days, Months int }

func (p Period) zero() bool { return p == Period{} }

func (p Period) shorter(o Period) bool { return p.Days+p.Months*30 < o.Days+o.Months*30 }

// After is the same time of day in Copenhagen one period later. A month later
// than the 31st is the last day of a month that has no 31st.
func (p Period) After(at time.Time) time.Time {
	at = at.In(hub.Copenhagen)
	y, m, d := at.Date()
	last := time.Date(y, m+time.Month(p.Months)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return time.Date(y, m+time.Month(p.Months), min(d, last)+p.Days,
		at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), hub.Copenhagen)
}
