package referral

import (
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
)

// What the description of the API says of the room's types beyond their fields:
// the codes that each field may hold, from the lists that refuse everything
// else, and what a request cannot do without. Dimensions, measures, reasons for
// closing and legal bases stand in the structure file.

type coded = map[string][]string

// Codes lists the states of a case; in the first this room has nothing to do.
func (State) Codes() []string { return web.Codes(States) }

// Codes lists the actions on a case and on an offer.
func (Action) Codes() []string { return append(web.Codes(Actions), web.Codes(OfferActions)...) }

// Codes lists the states of an offer.
func (OfferState) Codes() []string { return web.Codes(OfferStates) }

// Codes are those of an answer to an offer.
func (Reply) Codes() map[string][]string { return coded{"answer": Answers} }

// Codes are those of an offer as it is shown.
func (OfferView) Codes() map[string][]string {
	return coded{"answer": Answers, "status": Statuses, "outcome": Outcomes}
}

// Codes are those of an offer in its case.
func (OfferLine) Codes() map[string][]string {
	return coded{"kind": web.Codes(structure.MeasureKinds), "answer": Answers, "status": Statuses, "outcome": Outcomes}
}

// Codes are those of a note about a measure.
func (Progress) Codes() map[string][]string { return coded{"status": Statuses} }

// Codes are those of a note as it is shown.
func (ProgressView) Codes() map[string][]string { return coded{"status": Statuses} }

// Codes are those of a talk.
func (Talk) Codes() map[string][]string {
	return coded{"status": TalkStatuses, "mode": Modes, "identity": Identities, "guardian": Guardians}
}

// Codes are those of the end of a measure; outgrown is the clock's.
func (Ending) Codes() map[string][]string { return coded{"outcome": Outcomes[:len(Outcomes)-1]} }

// Codes are those of a consent.
func (Consented) Codes() map[string][]string { return coded{"fields": ConsentFields} }

// Codes are those of a consent as it is shown.
func (ConsentView) Codes() map[string][]string { return coded{"fields": ConsentFields} }

// Codes are those of how a dimension has moved.
func (Movement) Codes() map[string][]string { return coded{"movement": Movements} }

// Codes are those of what comes back.
func (TaskView) Codes() map[string][]string {
	return coded{"why": {"gap", "dissent", "expiry", "grown", "outgrown"}}
}

// Codes are those of a closing.
func (Closure) Codes() map[string][]string {
	return coded{"informed": Informed, "inform_ground": Grounds}
}

// Codes are those of a closing as it is shown.
func (ClosureView) Codes() map[string][]string { return Closure{}.Codes() }

// Needs says what every offer has. Help has a preview too; a statutory
// notification is handed over without one.
func (Recommendation) Needs() [][]string {
	return [][]string{{"authority", "dimension", "measure", "task"}}
}

// Needs says that only what is sent to another authority has a basis.
func (Sending) Needs() [][]string { return [][]string{{}} }

// Needs says that only the municipality discloses the case anew, on a basis.
func (Reopening) Needs() [][]string { return [][]string{{"reason"}} }
