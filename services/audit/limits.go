package audit

import (
	_ "embed"
	"encoding/json"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/structure"
)

// What the law gives time for: to notify a breach, and to answer a citizen.

//go:embed limits.json
var limitsLaw []byte

// limits is limits.json.
var limits = func() (l struct {
	Breach breachRules `json:"breach"`
	Answer answerRules `json:"answer"`
}) {
	if err := json.Unmarshal(limitsLaw, &l); err != nil {
		panic(err)
	}
	return l
}()

// lawOfBreaches and lawOfAnswers are as they stand in the file.
var lawOfBreaches, lawOfAnswers = limits.Breach, limits.Answer

// answerRules is how long there is to answer a citizen (GDPR art. 12(3)).
type answerRules struct {
	Months   int   `json:"months"`
	Further  int   `json:"further"`  // besides, where it was extended
	Warnings []int `json:"warnings"` // days before the last, the most first
}

// due is the last minute of the last day on which a request that was received on a day is
// answered in time. The day of receipt is not counted, and what ends on a day on which
// nobody works ends on the next working day (Regulation 1182/71 art. 3). What an authority
// itself calls a closed day counts.
func (l answerRules) due(received time.Time, extended bool) time.Time {
	months := l.Months
	if extended {
		months += l.Further
	}
	y, m, d := (structure.Period{Months: months}).After(received).Date()
	for at := time.Date(y, m, d, 23, 59, 0, 0, hub.Copenhagen); ; at = at.AddDate(0, 0, 1) {
		if w := at.Weekday(); w != time.Saturday && w != time.Sunday && structure.Holiday(at) == "" {
			return at
		}
	}
}

// overdue reports whether the last minute is over.
func overdue(due, now time.Time) bool { return !now.Before(due.Add(time.Minute)) }

// left is how many days there are after today until the last; 0 on it, and when it is over.
func left(due, now time.Time) (days int) {
	day := func(t time.Time) time.Time {
		y, m, d := t.In(hub.Copenhagen).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) // days of 24 hours
	}
	return max(0, int(day(due).Sub(day(now))/(24*time.Hour)))
}

// passedOver is that the limit itself is over, among the warnings.
const passedOver = -1

// passed are the warnings whose day has come, and passedOver.
func (l answerRules) passed(due, now time.Time) (days []int) {
	for _, d := range l.Warnings {
		if left(due, now) <= d {
			days = append(days, d)
		}
	}
	if overdue(due, now) {
		days = append(days, passedOver)
	}
	return days
}

// soon reports whether the first warning's day has come.
func (l answerRules) soon(due, now time.Time) bool { return len(l.passed(due, now)) > 0 }

// retained are the rule and the date by which something of an authority's is erased, of what
// is done with it at an instant (L22): a rule of its own where the file has one, else that of
// the log, of whose rows it is made.
func (x *room) retained(what string, a hub.AuthorityID, at time.Time) (rule string, erase time.Time) {
	r, ok := x.Structure.Erasure(what, a)
	if !ok {
		r, _ = x.Structure.Erasure("trail", a)
	}
	return r.Name(), r.EraseAt(at)
}
