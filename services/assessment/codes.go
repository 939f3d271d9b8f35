package assessment

import "github.com/infohus/infohus/pkg/web"

// What the description of the API says of the room's types beyond their fields:
// the codes that each field may hold, from the lists that refuse everything
// else, and what a request cannot do without. Dimensions, levels and legal bases
// stand in the structure file.

type coded = map[string][]string

// Codes lists the states.
func (State) Codes() []string { return web.Codes(States) }

// Codes lists the actions.
func (Action) Codes() []string { return web.Codes(Actions) }

// Codes are those of what is noted of a meeting.
func (Holding) Codes() map[string][]string { return coded{"no_note": NoNotes} }

// Codes are those of a statement of an answer.
func (AnswerStatement) Codes() map[string][]string {
	return coded{"kind": Kinds, "reliability": Reliabilities, "class": DataClasses}
}

// Codes are those of a statement as it is shown.
func (SaidView) Codes() map[string][]string { return AnswerStatement{}.Codes() }

// Codes are those of an answer as it is shown.
func (AnswerView) Codes() map[string][]string { return coded{"state": {released, withdrawn}} }

// Codes are those of a question as it is shown.
func (RequestView) Codes() map[string][]string {
	return coded{"state": {asked, settled, retracted}, "outcome": {answered, nothing, declined, unanswered}, "actions": requestActions}
}

// Codes are those of a question in its case.
func (AskedLine) Codes() map[string][]string {
	return coded{"state": {asked, settled, retracted}, "outcome": {answered, nothing, declined, unanswered}}
}

// Codes are those of a dimension.
func (Dimension) Codes() map[string][]string {
	return coded{"relevance": Relevances, "movement": Movements, "confidence": Confidences}
}

// Codes are those of a statement in a dimension.
func (Evidence) Codes() map[string][]string { return coded{"kind": Kinds} }

// Needs says that a draft may be half written.
func (Evidence) Needs() [][]string { return [][]string{{}} }

// Needs says that a draft may be half written.
func (Gap) Needs() [][]string { return [][]string{{}} }

// Codes are those of a version as it is shown.
func (JointView) Codes() map[string][]string {
	return coded{"state": {drafted, signed}, "awaited": {Drafter, Municipality, Police}}
}

// Codes are those of a signature as it is shown.
func (SignatureView) Codes() map[string][]string {
	return coded{"party": {Municipality, Police}, "state": {"valid", "voided"}}
}

// Codes are those of a version in the list of them.
func (VersionLine) Codes() map[string][]string { return coded{"state": {drafted, signed}} }

// Codes are those of the decision on the duty to inform.
func (Informing) Codes() map[string][]string {
	return coded{"decision": Informings, "ground": Grounds}
}

// Codes are those of the decision as it is shown.
func (InformView) Codes() map[string][]string { return Informing{}.Codes() }

// Codes are those of somebody in the circle.
func (MemberView) Codes() map[string][]string { return coded{"state": {proposed, invited, ended}} }

// Codes are those of a confirmation as it is shown.
func (Confirmed) Codes() map[string][]string { return coded{"party": {Municipality, Police}} }

// Codes are those of a meeting as it is shown.
func (MeetingView) Codes() map[string][]string { return coded{"no_note": NoNotes} }

// Codes are those of a case on an agenda.
func (AgendaLine) Codes() map[string][]string { return coded{"no_note": NoNotes} }

// Needs says that a confirmation says why. Only the municipality's discloses the
// case, and has a basis too; nobody has to be let in.
func (Confirmation) Needs() [][]string { return [][]string{{"reason"}} }

// Needs says that only where somebody of another authority is let in there is a
// basis too.
func (Invitation) Needs() [][]string { return [][]string{{"hat", "reason", "until"}} }

// Needs says that those who are to answer are named, but for the other party's
// coordinator; and that a question to another authority has a basis.
func (Questions) Needs() [][]string {
	return [][]string{{"authority", "hats", "questions", "necessity"}, {"authority", "questions", "necessity", "legal_basis", "purpose"}}
}

// Needs says that an answer has a grade. What is let out has a basis too, and
// what its grade says.
func (Answer) Needs() [][]string { return [][]string{{"grade"}} }

// Needs says that there is a note, or a reason for none.
func (Holding) Needs() [][]string { return [][]string{{"attendance", "note"}, {"no_note"}} }
