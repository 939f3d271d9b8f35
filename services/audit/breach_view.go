package audit

import (
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// A breach as its officers read it: those affected, the register, one of them, and what
// Datatilsynet asks for.

// AffectedLine is what was shown of one person's data.
type AffectedLine struct {
	Subject    string            `json:"subject"`    // the pseudonym, as the log has it
	Controller hub.AuthorityID   `json:"controller"` // whose data
	Fields     []string          `json:"fields"`
	Recipients []hub.AuthorityID `json:"recipients"` // whose people saw it, or to whom it was passed on
	By         []string          `json:"by"`         // who they were
	First      time.Time         `json:"first"`
	Last       time.Time         `json:"last"`
	Rows       int               `json:"rows"`
}

// Affected are those that a breach is about, as the trail had them at a moment.
type Affected struct {
	Found      BreachRows        `json:"found_by"`
	At         time.Time         `json:"at"`      // when it was gathered
	Persons    int               `json:"persons"` // how many in all
	Rows       int               `json:"rows"`    // of the trail
	Fields     []string          `json:"fields"`
	Recipients []hub.AuthorityID `json:"recipients"`
	First      *time.Time        `json:"first,omitempty"`
	Last       *time.Time        `json:"last,omitempty"`
	Lines      []AffectedLine    `json:"lines" doc:"Those with the most rows first: the first 10,000."`
	people     []hub.ID          // who did it
}

// Since is what a gathering has that the one before it had not.
type Since struct {
	At      time.Time `json:"at"` // of the one before
	Persons int       `json:"persons"`
	Rows    int       `json:"rows"`
}

// since compares two gatherings.
func (a Affected) since(before Affected) Since {
	had := map[string]bool{}
	for _, l := range before.Lines {
		had[l.Subject] = true
	}
	s := Since{At: before.At, Rows: a.Rows - before.Rows}
	for _, l := range a.Lines {
		if !had[l.Subject] {
			had[l.Subject], s.Persons = true, s.Persons+1
		}
	}
	return s
}

// BreachLine is a breach in the register.
type BreachLine struct {
	ID           hub.ID     `json:"id"`
	State        string     `json:"state"`
	Aware        time.Time  `json:"aware"`
	Due          time.Time  `json:"due"`
	Left         int        `json:"hours_left" doc:"Whole hours until the limit, of one that is open; 0 when it has passed."`
	Overdue      bool       `json:"overdue"` // open, and its time has run out
	Kinds        []string   `json:"kinds"`
	Tracks       []string   `json:"tracks"`
	RegisteredAt time.Time  `json:"registered_at"`
	RegisteredBy string     `json:"registered_by"`
	FirstAware   *time.Time `json:"first_aware,omitempty" doc:"When the authority became aware as it was registered, where that was corrected since."`
	ClosedAt     *time.Time `json:"closed_at,omitempty"`
	Changed      bool       `json:"changed,omitempty" doc:"In the register only: it is not as it was written. Somebody changed it past the hub."`
	Unnotified   bool       `json:"unnotified"` // it was closed and not notified
	Late         bool       `json:"late"`       // so, and its time had run out
	ClosedWith   []string   `json:"closed_with_gaps,omitempty" doc:"Of one that is closed: what Datatilsynet asks for and nobody has said."`
}

// Codes are what a line may say.
func (BreachLine) Codes() map[string][]string { return map[string][]string{"state": BreachStates} }

// BreachList is an authority's register: those that are open first.
type BreachList struct {
	Breaches []BreachLine `json:"breaches"`
	Gone     []hub.ID     `json:"gone" doc:"Those that the log names and the register has not: somebody took them out past the hub."`
}

// BreachStep is what was done of a breach, by whom.
type BreachStep struct {
	N       int       `json:"n"`
	Step    string    `json:"step"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Content string    `json:"content"` // the hash of what it says

	Aware  *time.Time `json:"aware,omitempty" doc:"Of one that corrects the clock: from when it ran after that."`
	Inform string     `json:"inform,omitempty" doc:"Of one that decides it: whether the citizens are told."`
	Reason string     `json:"reason,omitempty" doc:"Of those two, and of the one that closes: why."`
}

// Codes are the steps.
func (BreachStep) Codes() map[string][]string { return map[string][]string{"step": BreachSteps} }

// BreachTexts are the texts of a breach, as they stand.
type BreachTexts struct {
	Happened     string `json:"happened"`
	Categories   string `json:"categories,omitempty"`
	Consequences string `json:"consequences,omitempty"`
	Measures     string `json:"measures,omitempty"`
	Contact      string `json:"contact,omitempty"`
	Delay        string `json:"delay,omitempty"`
	Inform       string `json:"inform,omitempty"` // yes, no; "" not decided
	InformReason string `json:"inform_reason,omitempty"`
	TextDa       string `json:"text_da,omitempty"`
	TextEn       string `json:"text_en,omitempty"`
	CaseNumber   string `json:"case_number,omitempty"`
	CloseReason  string `json:"close_reason,omitempty"`
	AwareReason  string `json:"aware_reason,omitempty"` // why it was corrected when the authority became aware
}

// fill takes what a later step says.
func (t *BreachTexts) fill(later BreachTexts) {
	for _, f := range []struct{ old, new *string }{{&t.Happened, &later.Happened}, {&t.Categories, &later.Categories}, {&t.Consequences, &later.Consequences},
		{&t.Measures, &later.Measures}, {&t.Contact, &later.Contact}, {&t.Delay, &later.Delay}, {&t.CaseNumber, &later.CaseNumber}, {&t.CloseReason, &later.CloseReason}, {&t.AwareReason, &later.AwareReason}} {
		if *f.new != "" {
			*f.old = *f.new
		}
	}
	if later.Inform != "" {
		t.Inform, t.InformReason, t.TextDa, t.TextEn = later.Inform, later.InformReason, later.TextDa, later.TextEn
	}
}

// BreachView is a breach with all that is known of it.
type BreachView struct {
	BreachLine
	BreachTexts
	NotifiedOn    *time.Time   `json:"notified_on,omitempty"`
	Affected      *Affected    `json:"affected,omitempty" doc:"The last gathering. Without one, nobody has said which rows of the log it is about."`
	Frozen        string       `json:"frozen,omitempty"` // the hash of the step that it stands in
	Since         *Since       `json:"since,omitempty" doc:"Against the gathering before it, where both were of the same rows."`
	Steps         []BreachStep `json:"steps"`
	Another       bool         `json:"another"` // the asker did something that it is about, or stands in for or answers to who did: another officer closes it, corrects its clock, and decides that the citizens are not told
	RetentionRule string       `json:"retention_rule"`
	EraseAt       time.Time    `json:"erase_at"`
}

// Gaps are what Datatilsynet asks for and nobody has said yet.
func (v BreachView) Gaps() []string {
	gaps := []string{}
	for _, f := range []struct {
		name string
		ok   bool
	}{{"affected", v.Affected != nil}, {"categories", v.Categories != ""}, {"consequences", v.Consequences != ""}, {"measures", v.Measures != ""},
		{"delay", v.Delay != "" || !v.late()}, {"inform", v.Inform != ""}} {
		if !f.ok {
			gaps = append(gaps, f.name)
		}
	}
	return gaps
}

// late reports whether it was, or is going to be, notified after the limit.
func (v BreachView) late() bool {
	return v.Overdue || v.Late || v.NotifiedOn != nil && v.NotifiedOn.After(v.Due)
}

// BreachDraft is what Datatilsynet's form asks for, as far as it is known (GDPR art.
// 33(3)).
type BreachDraft struct {
	Reference    hub.ID          `json:"reference"`
	Authority    hub.AuthorityID `json:"authority"`
	Of           string          `json:"authority_name"`
	Tracks       []string        `json:"tracks"`
	Kinds        []string        `json:"kinds"`
	Aware        time.Time       `json:"aware"`
	Due          time.Time       `json:"due"`
	Happened     string          `json:"happened"`
	Categories   string          `json:"categories"`      // of persons
	Persons      int             `json:"persons"`         // how many
	Records      int             `json:"records"`         // rows of the log
	Fields       []string        `json:"data_categories"` // of data, by the log's names
	Recipients   []string        `json:"recipients"`
	First        *time.Time      `json:"first,omitempty"`
	Last         *time.Time      `json:"last,omitempty"`
	Consequences string          `json:"consequences"`
	Measures     string          `json:"measures"`
	Contact      string          `json:"contact"`
	Delay        string          `json:"delay,omitempty"`
	Inform       string          `json:"inform,omitempty"` // yes, no
	InformReason string          `json:"inform_reason,omitempty"`
	TextDa       string          `json:"text_da,omitempty"` // what the citizens are told
	TextEn       string          `json:"text_en,omitempty"`
	Frozen       string          `json:"frozen,omitempty"` // the hash of the affected
	Gaps         []string        `json:"gaps" doc:"What is asked for and not said yet."`
}

// Late reports whether it takes a reason that it is late, and none is said.
func (d BreachDraft) Late() bool { return slices.Contains(d.Gaps, "delay") }

// draft puts together what Datatilsynet asks for.
func (x *room) draft(v BreachView, own hub.AuthorityID) BreachDraft {
	d := BreachDraft{Reference: v.ID, Authority: own, Of: x.authority(own), Tracks: v.Tracks, Kinds: v.Kinds, Aware: v.Aware, Due: v.Due, Happened: v.Happened, Categories: v.Categories,
		Fields: []string{}, Recipients: []string{}, Consequences: v.Consequences, Measures: v.Measures, Contact: v.Contact, Delay: v.Delay, Inform: v.Inform, InformReason: v.InformReason, TextDa: v.TextDa, TextEn: v.TextEn, Frozen: v.Frozen, Gaps: v.Gaps()}
	if a := v.Affected; a != nil {
		d.Persons, d.Records, d.Fields, d.First, d.Last = a.Persons, a.Rows, a.Fields, a.First, a.Last
		for _, id := range a.Recipients {
			d.Recipients = append(d.Recipients, x.authority(id))
		}
	}
	return d
}
