package intake

import (
	"maps"
	"slices"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
)

// What the description of the API says of the room's types beyond their fields:
// the codes that each field may hold, from the lists that refuse everything
// else, and what a request cannot do without.

type codes = map[string][]string

// Codes lists the states.
func (State) Codes() []string { return web.Codes(States) }

// Codes lists the actions.
func (Action) Codes() []string { return web.Codes(Actions) }

// Codes are those of what the reporter tells.
func (Report) Codes() map[string][]string {
	return codes{"channel": Channels, "reporter_kind": ReporterKinds, "theme": Themes, "urgency": Urgencies, "child": ChildAnswers}
}

// Codes are those of a statement.
func (Statement) Codes() map[string][]string { return codes{"kind": Kinds} }

// Codes are those of a concern that is handed in.
func (s Submission) Codes() map[string][]string {
	return with(s.Report.Codes(), service.Basis{}.Codes())
}

// Codes are those of the police check.
func (p PoliceAnswer) Codes() map[string][]string {
	return with(p.Basis.Codes(), codes{"outcome": slices.Sorted(maps.Keys(checkActions))})
}

// Codes are those of a rerouting.
func (Rerouting) Codes() map[string][]string { return codes{"track": Tracks} }

// Codes are those of a triage.
func (Judgement) Codes() map[string][]string {
	return codes{"outcome": web.Codes(Outcomes), "track": Tracks}
}

// Codes are those of an assessed duty to notify.
func (Notification) Codes() map[string][]string { return codes{"outcome": Notifications} }

// Codes are those of a concern as it is shown.
func (ConcernView) Codes() map[string][]string {
	answers := slices.DeleteFunc(slices.Sorted(maps.Keys(checkActions)), func(s string) bool { return s == "confirmed" }) // which changes no answer
	return with(Report{}.Codes(), service.Basis{}.Codes(), codes{"check_outcome": answers, "triage_outcome": web.Codes(Outcomes), "track": Tracks, "child_outcome": Notifications})
}

// Codes are those of a statement as it is shown.
func (StatementView) Codes() map[string][]string { return Statement{}.Codes() }

// Codes are those of a triage as it is shown.
func (JudgementView) Codes() map[string][]string {
	return with(Judgement{}.Codes(), codes{"party": {string(hub.Municipality), string(hub.Police)}})
}

// Codes are those of a concern in a list.
func (Line) Codes() map[string][]string { return codes{"urgency": Urgencies} }

func with(all ...codes) codes {
	out := codes{}
	for _, c := range all {
		maps.Copy(out, c)
	}
	return out
}

// Needs says that a concern is handed in from a draft, or whole.
func (Submission) Needs() [][]string {
	return [][]string{{"draft", "purpose", "legal_basis"}, {"subject", "statements", "why_now", "urgency", "purpose", "legal_basis"}}
}

// Needs says that a new draft is about somebody.
func (NewDraft) Needs() [][]string { return [][]string{{"subject"}} }

// Needs says that an answer is an outcome. Only where it discloses the concern
// does it have a basis too.
func (PoliceAnswer) Needs() [][]string { return [][]string{{"outcome"}} }
