package referral

import (
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
)

// Progress is how a measure goes: a note of a moment, appended to those before.
// What it says of economy is for evaluation, and pays nothing (C11).
type Progress struct {
	Status  string       `json:"status"`           // planned, running, paused, done, stopped
	Owner   hub.ID       `json:"owner,omitempty"`  // the hat that answers for it; unchanged where not given
	Start   string       `json:"start,omitempty"`  // YYYY-MM-DD
	End     string       `json:"end,omitempty"`    // YYYY-MM-DD: the planned end; required while planned or running
	Effect  hub.Personal `json:"effect,omitzero"`  // what is seen of the effect measure
	Economy hub.Personal `json:"economy,omitzero"` // hours, cost
	Talk    *Talk        `json:"talk,omitempty"`   // of a talk only
}

// Talk is a preventive conversation (bekymringssamtale, B14, B15).
type Talk struct {
	Status   string       `json:"status"`             // offered, declined, held
	Mode     string       `json:"mode,omitempty"`     // in_person, phone; of one that was held
	Identity string       `json:"identity,omitempty"` // by phone: how one knew who it was: called_back, known_voice, asked
	Guardian string       `json:"guardian,omitempty"` // under 18: present, consented, absent
	TookPart hub.Personal `json:"took_part,omitzero"` // by role, not by name
}

// The code lists of a measure.
var (
	Statuses     = []string{"planned", "running", "paused", "done", "stopped"}
	TalkStatuses = []string{"offered", "declined", "held"}
	Modes        = []string{"in_person", "phone"}
	Identities   = []string{"called_back", "known_voice", "asked"}
	Guardians    = []string{"present", "consented", "absent"}
	Outcomes     = []string{"completed", "stopped", "moved", "declined", "consent_withdrawn", "outgrown"}
)

// Check finds what is wrong with a note about a measure of a kind, for somebody
// of an age band.
func (in Progress) Check(kind, band string) (p hub.Problems) {
	if !slices.Contains(Statuses, in.Status) {
		p.Add("status", "error.choose")
	}
	var start time.Time
	if in.Start != "" {
		start, _ = aDay(&p, "start", in.Start)
	}
	if in.End != "" {
		if end, ok := aDay(&p, "end", in.End); ok && end.Before(start) {
			p.Add("end", "referral.error.order")
		}
	} else if in.Status == "planned" || in.Status == "running" {
		p.Add("end", "error.required")
	}
	service.Text(&p, "effect", in.Effect, 0, service.MaxText)
	service.Text(&p, "economy", in.Economy, 0, service.MaxText)
	switch {
	case in.Talk == nil:
	case kind != talk:
		p.Add("talk", "referral.error.no_talk")
	default:
		in.Talk.check(&p, band)
	}
	return p
}

// check finds what is wrong with a talk. By phone one must have made sure who it
// was (B15), and of somebody who is or may be a child it is said where the
// guardian was (B14).
func (t Talk) check(p *hub.Problems, band string) {
	among := func(field, value string, list []string, required bool) {
		if value == "" && !required || slices.Contains(list, value) {
			return
		}
		p.Add(field, "error.choose")
	}
	held := t.Status == "held"
	among("talk.status", t.Status, TalkStatuses, true)
	among("talk.mode", t.Mode, Modes, held)
	among("talk.identity", t.Identity, Identities, held && t.Mode == "phone")
	among("talk.guardian", t.Guardian, Guardians, held && service.Ages(band)[0] < 18)
	least := 0
	if held {
		least = 1
	}
	service.Text(p, "talk.took_part", t.TookPart, least, service.MaxText)
}

// runs reports whether a measure of the status has an end that can be overdue.
func runs(status string) bool {
	return status == "planned" || status == "running" || status == "paused"
}

// nextOf is when a measure is looked at next: the day after its planned end, or,
// while nobody has planned one, when the case is.
func nextOf(end string, otherwise time.Time) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, end, hub.Copenhagen)
	if err != nil {
		return otherwise
	}
	return t.AddDate(0, 0, 1)
}

// Ending ends a measure. Of a notification it is the receipt, and says nothing
// but that.
type Ending struct {
	Outcome string       `json:"outcome,omitempty"` // completed, stopped, moved, declined, consent_withdrawn
	Effect  hub.Personal `json:"effect,omitzero"`   // what was seen of the effect measure
}

// Check finds what is wrong with an ending.
func (in Ending) Check(kind string) (p hub.Problems) {
	if kind == notification {
		if in.Outcome != "" || !in.Effect.Empty() {
			p.Add("outcome", "referral.error.receipt_only")
		}
		return p
	}
	if in.Outcome == "outgrown" || !slices.Contains(Outcomes, in.Outcome) {
		p.Add("outcome", "error.choose")
	}
	service.Text(&p, "effect", in.Effect, 0, service.MaxText)
	return p
}
