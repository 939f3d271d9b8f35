package audit

import (
	"maps"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/policies"
)

// A breach of personal data security (GDPR art. 33, retshåndhævelsesloven § 28, L52): the
// officer says what happened and which rows of the trail it is about, and the hub says whose
// data, which fields, who got them and when; how long there is left; and what Datatilsynet
// asks for. Whether it is notified, whether the citizens are told, and that it is closed, a
// human decides.

// breachRules is what the law says of a breach.
type breachRules struct {
	Hours    int                    `json:"hours"`
	Warnings []int                  `json:"warnings"`
	Kinds    []string               `json:"kinds"`
	Tracks   map[string]breachTrack `json:"tracks"`
}

// breachTrack is which kinds of authorities notify on a track.
type breachTrack struct {
	Usual map[hub.AuthorityKind]bool `json:"usual"`
	May   map[hub.AuthorityKind]bool `json:"may"`
}

// due is when a breach must have been notified: hours of real time, whatever the day and
// whatever the clocks on the wall do meanwhile.
func (l breachRules) due(aware time.Time) time.Time {
	return aware.Add(time.Duration(l.Hours) * time.Hour)
}

// passed are the warnings whose time has come, and the limit itself.
func (l breachRules) passed(aware, now time.Time) (hours []int) {
	for _, h := range append(slices.Clone(l.Warnings), l.Hours) {
		if !now.Before(aware.Add(time.Duration(h) * time.Hour)) {
			hours = append(hours, h)
		}
	}
	return hours
}

// tracks are those of a kind of authority: that it can use, and those of them that are
// used where nothing is said.
func (l breachRules) tracks(kind hub.AuthorityKind) (can, usual []string) {
	for _, name := range slices.Sorted(maps.Keys(l.Tracks)) {
		switch t := l.Tracks[name]; {
		case t.Usual[kind]:
			can, usual = append(can, name), append(usual, name)
		case t.May[kind]:
			can = append(can, name)
		}
	}
	return can, usual
}

// How a breach stands. That its time has run out is said besides.
const (
	breachOpen     = "open"
	breachNotified = "notified"
	breachClosed   = "closed"
)

// BreachStates are those.
var BreachStates = []string{breachOpen, breachNotified, breachClosed}

// The steps of a breach.
const (
	stepRegistered = "registered"
	stepGathered   = "gathered"
	stepDescribed  = "described"
	stepInformed   = "informed"
	stepNotified   = "notified"
	stepClosed     = "closed"
	stepCorrected  = "corrected"
)

// BreachSteps are those.
var BreachSteps = []string{stepRegistered, stepGathered, stepDescribed, stepInformed, stepNotified, stepClosed, stepCorrected}

// BreachWays are the ways to the rows of the trail that a breach is about: what an
// employee saw, what was seen of a person or of a thing, what was passed on in a time, or
// all of a time.
var BreachWays = []string{"person", "subject", "item", "disclosure", "period"}

// BreachRows are the rows of the trail that a breach is about.
type BreachRows struct {
	Way       string `json:"way,omitempty" doc:"How they are found: person needs a person, subject and item a reference, disclosure and period a first day. Without one, none is said yet."`
	Person    hub.ID `json:"person,omitempty"` // who did it
	Reference string `json:"reference,omitempty" doc:"A subject or a thing: whom or what it was about. Whole; or its end, at least 6 characters."`
	From      string `json:"from,omitempty"`  // the first day, YYYY-MM-DD in Copenhagen
	Until     string `json:"until,omitempty"` // the last day
}

// Codes are the ways.
func (BreachRows) Codes() map[string][]string { return map[string][]string{"way": BreachWays} }

// search is those rows as a search of the trail: what was let through.
func (b BreachRows) search() (Search, hub.Problems) {
	var p hub.Problems
	s := Search{Part: Part{Way: b.Way, Ground: breachGround, Person: b.Person, Reference: b.Reference, From: b.From, Until: b.Until, Outcome: "allow"}}
	switch {
	case !slices.Contains(BreachWays, b.Way):
		p.Add("way", "error.choose")
		s.Way = ""
	case b.Way == "period":
		s.Way = ""
		fallthrough
	case b.Way == "disclosure":
		if b.From == "" {
			p.Add("from", "error.required")
		}
	}
	return s, p
}

// none reports whether nothing is said of which rows they are.
func (b BreachRows) none() bool { return b == BreachRows{} }

// breachGround is what the trail is read for here (LED art. 25(2)).
const breachGround = "integrity"

// RegisteringBreach is a breach as it is registered.
type RegisteringBreach struct {
	Happened hub.Personal `json:"happened" min:"20" max:"2000"`
	Kinds    []string     `json:"kinds" doc:"Of confidentiality, integrity and availability, all that it is a breach of."`
	Aware    *time.Time   `json:"aware,omitempty" doc:"When the authority became aware of it. Without one: now."`
	Tracks   []string     `json:"tracks,omitempty" doc:"gdpr33, rhl28: by what it is notified. Without one, as is usual for the kind of authority."`
	BreachRows
}

// DescribingBreach is what is said of a breach besides: a text that is left out stays as it
// was.
type DescribingBreach struct {
	Categories   hub.Personal `json:"categories,omitzero" max:"2000" doc:"What kinds of persons are affected."`
	Consequences hub.Personal `json:"consequences,omitzero" max:"2000" doc:"What is likely to come of it."`
	Measures     hub.Personal `json:"measures,omitzero" max:"2000" doc:"What was done, and is to be done."`
	Contact      hub.Personal `json:"contact,omitzero" max:"2000" doc:"Whom to ask. Without one: the authority's data-protection officers."`
	Delay        hub.Personal `json:"delay,omitzero" min:"20" max:"2000" doc:"Why it is notified later than within 72 hours (GDPR art. 33(1))."`
}

// InformingBreach says whether the citizens are told (GDPR art. 34).
type InformingBreach struct {
	Inform string       `json:"inform"` // yes, no
	Reason hub.Personal `json:"reason" min:"20" max:"2000"`
	TextDa hub.Personal `json:"text_da,omitzero" max:"4000" doc:"What they are told, in Danish. Without one: the hub's draft."`
	TextEn hub.Personal `json:"text_en,omitzero" max:"4000" doc:"And in English."`
}

// yesNo are the answers to a question that has two.
var yesNo = []string{"yes", "no"}

// Codes are what it may say.
func (InformingBreach) Codes() map[string][]string { return map[string][]string{"inform": yesNo} }

// NotifyingBreach says that a breach was notified.
type NotifyingBreach struct {
	CaseNumber hub.Personal `json:"case_number" min:"1" max:"200" doc:"The authority's own case number."`
	On         *time.Time   `json:"on,omitempty" doc:"When. Without one: now."`
	Delay      hub.Personal `json:"delay,omitzero" min:"20" max:"2000" doc:"Why it was later than within 72 hours; needed then, where it was not said before."`
}

// ClosingBreach closes a breach.
type ClosingBreach struct {
	Reason hub.Personal `json:"reason" min:"20" max:"2000" doc:"Why: that it is dealt with, or why it is not notified, such as that it is unlikely to result in a risk."`
}

// CorrectingBreach says that the authority became aware at another time than is written.
type CorrectingBreach struct {
	Corrected time.Time    `json:"corrected" doc:"When the authority became aware of it: the clock runs from then."`
	Reason    hub.Personal `json:"reason" min:"20" max:"2000"`
}

// BreachReceipt says what came of a step.
type BreachReceipt struct {
	ID      hub.ID    `json:"id"`
	N       int       `json:"n"`       // which step it was
	Content string    `json:"content"` // the hash of what it says
	At      time.Time `json:"at"`
}

// NewBreach is the receipt of a breach that there was not before.
type NewBreach struct{ BreachReceipt }

// Created is true.
func (NewBreach) Created() bool { return true }

// said is what a step says, as its box holds it.
type said struct {
	Salt     hub.ID // so that nobody finds out what is in it by its hash
	Texts    BreachTexts
	On       *time.Time `json:",omitempty"` // when it was notified
	Aware    *time.Time `json:",omitempty"` // of one that is registered or corrected
	Affected *Affected  `json:",omitempty"`
	Kinds    []string   `json:",omitempty"` // of one that is registered
	Tracks   []string   `json:",omitempty"`
	Step     string     // what stands in clear beside the box, so that nobody changes it there
	At       time.Time
	By       hub.ID   // the hat
	People   []hub.ID `json:",omitempty"`
}

// breach is one as it is kept.
type breach struct {
	id            hub.ID
	authority     hub.AuthorityID
	aware         time.Time
	kinds, tracks []string
	registered    time.Time
	by            string
	closed, noted bool // noted: it was notified
	steps         int
	delay         bool        // why it is late is said
	rows          *BreachRows // the last that were gathered
	first         time.Time   // aware, as it was registered
	closedAt      time.Time
	says          []string // which texts there are, by name
	people        []hub.ID // whose doings it is or was about
	rule          string   // by which it is erased
	eraseAt       time.Time
}

// gaps are those of [BreachView.Gaps], by what is known in clear. Why it was notified late
// was asked for when it was.
func (b breach) gaps(late bool) (gaps []string) {
	for _, f := range []struct {
		name string
		ok   bool
	}{{"affected", b.rows != nil}, {"categories", slices.Contains(b.says, "categories")}, {"consequences", slices.Contains(b.says, "consequences")}, {"measures", slices.Contains(b.says, "measures")},
		{"delay", b.delay || !late}, {"inform", slices.Contains(b.says, "inform")}} {
		if !f.ok {
			gaps = append(gaps, f.name)
		}
	}
	return gaps
}

// state is how it stands.
func (b breach) state() string {
	switch {
	case b.closed:
		return breachClosed
	case b.noted:
		return breachNotified
	}
	return breachOpen
}

// line is a breach in the register.
func (b breach) line(now time.Time) BreachLine {
	l := BreachLine{ID: b.id, State: b.state(), Aware: b.aware, Due: lawOfBreaches.due(b.aware), Kinds: b.kinds, Tracks: b.tracks, RegisteredAt: b.registered, RegisteredBy: b.by}
	if l.State == breachOpen {
		l.Overdue = !now.Before(l.Due)
		l.Left = max(0, int(l.Due.Sub(now)/time.Hour))
	}
	if !b.first.Equal(b.aware) {
		l.FirstAware = &b.first
	}
	if b.closed {
		l.ClosedAt, l.Unnotified = &b.closedAt, !b.noted
		l.Late = l.Unnotified && !b.closedAt.Before(l.Due)
		l.ClosedWith = b.gaps(l.Late)
	}
	return l
}

// readBreaches is the question whether the actor keeps the register: who reads the trail.
func readBreaches(who hub.Actor) policies.Trail {
	return policies.Trail{Role: who.Role, Kind: who.Kind, Purpose: hub.LogControl, Own: true}
}

// check finds what is wrong with a breach that is registered, and fills in what is
// not said.
func (in RegisteringBreach) check(kind hub.AuthorityKind, now time.Time) (aware time.Time, tracks []string, p hub.Problems) {
	service.Text(&p, "happened", in.Happened, service.MinReason, service.MaxText)
	if len(in.Kinds) == 0 {
		p.Add("kinds", "error.choose")
	}
	for _, k := range in.Kinds {
		if !slices.Contains(lawOfBreaches.Kinds, k) {
			p.Add("kinds", "error.unknown_choice")
			break
		}
	}
	can, usual := lawOfBreaches.tracks(kind)
	if tracks = in.Tracks; len(tracks) == 0 {
		tracks = usual
	}
	if len(tracks) == 0 {
		p.Add("tracks", "error.choose")
	}
	if slices.ContainsFunc(tracks, func(t string) bool { return !slices.Contains(can, t) }) {
		p.Add("tracks", "error.unknown_choice")
	}
	aware = now
	if in.Aware != nil {
		aware = in.Aware.UTC().Truncate(time.Microsecond)
		pastOf(&p, "aware", aware, now)
	}
	return aware, among(can, tracks), p
}

// closing is the question whether somebody may decide of a breach against those whom it hit:
// that it is closed, that its clock began later, that nobody is told. The rules that say who
// reviews a break-glass say it: never who did what it is about (A055).
func (x *room) closing(who hub.Actor, b breach, at time.Time) policies.Glass {
	q := policies.Glass{Step: "review", Role: who.Role, Kind: who.Kind, Purpose: hub.LogControl, SameAuthority: b.authority == who.Authority}
	for _, p := range b.people {
		q.Self, q.Linked = q.Self || p == who.Person, q.Linked || x.Linked(who.Person, p, at)
	}
	return q
}

// among are those of all that were chosen, each once.
func among(all, chosen []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(one string) bool { return !slices.Contains(chosen, one) })
}

// pastOf checks that an instant has been, and since there is such a law.
func pastOf(p *hub.Problems, field string, at, now time.Time) {
	switch {
	case at.After(now):
		p.Add(field, "audit.error.breach.future")
	case at.Year() < 2018:
		p.Add(field, "audit.error.trail.day")
	}
}

// errBreachChanged is what an officer is told where a breach is not as it was written: with
// what to do, and that it is not theirs.
var errBreachChanged = hub.Conflict("audit.error.breach.changed")
