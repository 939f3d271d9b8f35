package structure

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

const local = "Mon 2006-01-02 15:04 MST"

// at reads a time in Copenhagen, with its offset where it is not plain.
func at(t *testing.T, s string) time.Time {
	t.Helper()
	if x, err := time.Parse(time.RFC3339, s); err == nil {
		return x
	}
	x, err := time.ParseInLocation("2006-01-02 15:04", s, hub.Copenhagen)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// L25, L60: the clock for children is 24 hours, on every day.
func TestChildDue(t *testing.T) {
	for _, c := range []struct{ about, received, due string }{
		{"a weekday", "2026-06-02 10:15", "Wed 2026-06-03 10:15 CEST"},
		{"a weekend counts", "2026-06-05 16:00", "Sat 2026-06-06 16:00 CEST"},
		{"Easter counts", "2026-04-02 23:00", "Fri 2026-04-03 23:00 CEST"},
		{"New Year", "2026-12-31 23:59", "Fri 2027-01-01 23:59 CET"},
		{"summer time begins: an hour later on the wall", "2026-03-28 16:00", "Sun 2026-03-29 17:00 CEST"},
		{"before the jump of the clock", "2026-03-28 01:59", "Sun 2026-03-29 01:59 CET"},
		{"the hour that is jumped over", "2026-03-28 02:30", "Sun 2026-03-29 03:30 CEST"},
		{"summer time ends: an hour earlier on the wall", "2026-10-24 16:00", "Sun 2026-10-25 15:00 CET"},
		{"due in the hour that comes twice: the first", "2026-10-24T02:30:00+02:00", "Sun 2026-10-25 02:30 CEST"},
		{"received in the first of the two hours", "2026-10-25T02:30:00+02:00", "Mon 2026-10-26 01:30 CET"},
		{"received in the second of the two hours", "2026-10-25T02:30:00+01:00", "Mon 2026-10-26 02:30 CET"},
		{"told in UTC", "2026-07-03T14:00:00Z", "Sat 2026-07-04 16:00 CEST"},
	} {
		if got := ChildDue(at(t, c.received)).Format(local); got != c.due {
			t.Errorf("%s: received %s, due %s, want %s", c.about, c.received, got, c.due)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 10000 {
		received := time.Unix(r.Int64N(4e9), 0)
		if d := ChildDue(received).Sub(received); d != 24*time.Hour {
			t.Fatalf("received %s: %s", received, d)
		}
	}
}

func TestDue(t *testing.T) {
	s := &Structure{ClosedDays: []ClosedDay{{Name: "Juleaftensdag", Month: 12, Day: 24}, {Name: "Flyttedag", Year: 2026, Month: 9, Day: 1}}}
	for _, c := range []struct {
		about, start string
		limit        Limit
		due          string
	}{
		{"an hour", "2026-06-05 16:00", Limit{1, Hours}, "Fri 2026-06-05 17:00 CEST"},
		{"hours over a weekend", "2026-06-05 16:00", Limit{24, Hours}, "Sat 2026-06-06 16:00 CEST"},
		{"hours over the clock change", "2026-03-28 16:00", Limit{24, Hours}, "Sun 2026-03-29 17:00 CEST"},
		{"a working day", "2026-06-02 10:00", Limit{1, WorkingDays}, "Wed 2026-06-03 23:59 CEST"},
		{"from Friday", "2026-06-12 10:00", Limit{1, WorkingDays}, "Mon 2026-06-15 23:59 CEST"},
		{"from Saturday", "2026-06-13 10:00", Limit{1, WorkingDays}, "Mon 2026-06-15 23:59 CEST"},
		{"from Sunday", "2026-06-14 23:59", Limit{1, WorkingDays}, "Mon 2026-06-15 23:59 CEST"},
		{"from one minute past midnight", "2026-06-15 00:01", Limit{1, WorkingDays}, "Tue 2026-06-16 23:59 CEST"},
		{"the day is Copenhagen's, not UTC's", "2026-06-15T22:30:00Z", Limit{1, WorkingDays}, "Wed 2026-06-17 23:59 CEST"},
		{"five", "2026-06-15 10:00", Limit{5, WorkingDays}, "Mon 2026-06-22 23:59 CEST"},
		{"over Easter", "2026-04-01 10:00", Limit{1, WorkingDays}, "Tue 2026-04-07 23:59 CEST"},
		{"over Kristi himmelfartsdag, the Friday after it counts", "2026-05-13 10:00", Limit{1, WorkingDays}, "Fri 2026-05-15 23:59 CEST"},
		{"over Whitsun", "2026-05-22 10:00", Limit{1, WorkingDays}, "Tue 2026-05-26 23:59 CEST"},
		{"over Christmas, with its closed eve", "2026-12-23 10:00", Limit{1, WorkingDays}, "Mon 2026-12-28 23:59 CET"},
		{"over New Year", "2026-12-30 10:00", Limit{2, WorkingDays}, "Mon 2027-01-04 23:59 CET"},
		{"Grundlovsdag counts", "2026-06-04 10:00", Limit{1, WorkingDays}, "Fri 2026-06-05 23:59 CEST"},
		{"a day closed in one year", "2026-08-31 10:00", Limit{1, WorkingDays}, "Wed 2026-09-02 23:59 CEST"},
		{"not closed in another", "2027-08-31 10:00", Limit{1, WorkingDays}, "Wed 2027-09-01 23:59 CEST"},
		{"Store bededag 2023", "2023-05-04 10:00", Limit{1, WorkingDays}, "Mon 2023-05-08 23:59 CEST"},
		{"no Store bededag in 2024", "2024-04-25 10:00", Limit{1, WorkingDays}, "Fri 2024-04-26 23:59 CEST"},
		{"over the weekend in which summer time begins", "2026-03-27 10:00", Limit{1, WorkingDays}, "Mon 2026-03-30 23:59 CEST"},
		{"over the weekend in which it ends", "2026-10-23 10:00", Limit{1, WorkingDays}, "Mon 2026-10-26 23:59 CET"},
	} {
		if got := s.Due(at(t, c.start), c.limit).Format(local); got != c.due {
			t.Errorf("%s: %s from %s is due %s, want %s", c.about, c.limit, c.start, got, c.due)
		}
	}
	closed := &Structure{ClosedDays: []ClosedDay{{Month: 6, Day: 5}}}
	if got := closed.Due(at(t, "2026-06-04 10:00"), Limit{1, WorkingDays}).Format(local); got != "Mon 2026-06-08 23:59 CEST" {
		t.Errorf("with Grundlovsdag closed: %s", got)
	}
}

// A limit always ends later than it begins, and a longer one never earlier.
func TestDueGrows(t *testing.T) {
	s := &Structure{}
	for i := range 9 {
		for d := 1; d <= 31; d++ { // the most closed days there may be
			if len(s.ClosedDays) < 40 {
				s.ClosedDays = append(s.ClosedDays, ClosedDay{Month: time.Month(i + 1), Day: d})
			}
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		start := time.Unix(r.Int64N(4e9), 0)
		last := start
		for n := 1; n < 15; n++ {
			due := s.Due(start, Limit{n, WorkingDays})
			if !due.After(last) || !s.WorkingDay(due) {
				t.Fatalf("from %s, %d working days: due %s", start, n, due)
			}
			last = due
		}
	}
}

// The public holidays of some years, from their calendars.
func TestHolidays(t *testing.T) {
	for year, want := range map[int]string{
		2023: "0101 Nytårsdag, 0406 Skærtorsdag, 0407 Langfredag, 0409 Påskedag, 0410 2. påskedag, 0505 Store bededag, 0518 Kristi himmelfartsdag, 0528 Pinsedag, 0529 2. pinsedag, 1225 Juledag, 1226 2. juledag, ",
		2024: "0101 Nytårsdag, 0328 Skærtorsdag, 0329 Langfredag, 0331 Påskedag, 0401 2. påskedag, 0509 Kristi himmelfartsdag, 0519 Pinsedag, 0520 2. pinsedag, 1225 Juledag, 1226 2. juledag, ",
		2026: "0101 Nytårsdag, 0402 Skærtorsdag, 0403 Langfredag, 0405 Påskedag, 0406 2. påskedag, 0514 Kristi himmelfartsdag, 0524 Pinsedag, 0525 2. pinsedag, 1225 Juledag, 1226 2. juledag, ",
		2027: "0101 Nytårsdag, 0325 Skærtorsdag, 0326 Langfredag, 0328 Påskedag, 0329 2. påskedag, 0506 Kristi himmelfartsdag, 0516 Pinsedag, 0517 2. pinsedag, 1225 Juledag, 1226 2. juledag, ",
	} {
		got := ""
		for d := time.Date(year, 1, 1, 0, 0, 0, 0, hub.Copenhagen); d.Year() == year; d = d.AddDate(0, 0, 1) {
			if name := Holiday(d); name != "" {
				got += fmt.Sprintf("%02d%02d %s, ", d.Month(), d.Day(), name)
			}
		}
		if got != want {
			t.Errorf("%d:\ngot  %s\nwant %s", year, got, want)
		}
	}
	for _, sunday := range []string{"2008-03-23", "2019-04-21", "2021-04-04", "2022-04-17", "2025-04-20", "2028-04-16", "2029-04-01", "2030-04-21", "2035-03-25", "2038-04-25"} {
		if got := Holiday(at(t, sunday+" 12:00")); got != "Påskedag" {
			t.Errorf("%s: %q, want Påskedag", sunday, got)
		}
	}
}

func TestPeriods(t *testing.T) {
	for _, c := range []struct {
		from   string
		period Period
		want   string
	}{
		{"2026-06-01 10:00", Period{Days: 14}, "Mon 2026-06-15 10:00 CEST"},
		{"2026-06-01 10:00", Period{Months: 6}, "Tue 2026-12-01 10:00 CET"},
		{"2026-01-31 10:00", Period{Months: 1}, "Sat 2026-02-28 10:00 CET"},
		{"2028-01-31 10:00", Period{Months: 1}, "Tue 2028-02-29 10:00 CET"},
		{"2026-08-31 10:00", Period{Months: 6}, "Sun 2027-02-28 10:00 CET"},
		{"2026-12-15 10:00", Period{Months: 24}, "Fri 2028-12-15 10:00 CET"},
		{"2026-03-20 10:00", Period{Days: 14}, "Fri 2026-04-03 10:00 CEST"},
	} {
		if got := c.period.After(at(t, c.from)).Format(local); got != c.want {
			t.Errorf("%+v from %s: %s, want %s", c.period, c.from, got, c.want)
		}
	}
}
