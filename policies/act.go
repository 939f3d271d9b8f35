package policies

import "github.com/infohus/infohus/pkg/hub"

// Act asks whether the asker may take a step with an item (domain.md 2.2). The
// attributes are those of [View]. An action is of one kind of item, and refused
// in the states of every other, but for reveal (show the CPR number unmasked,
// L29) and export (take it out of the hub as a file, A038, A100):
//
//   - a concern: edit, discard, forward (to the police check), retrieve (from
//     the authority that it was put before), reroute, check, triage, notify (say how
//     the duty to notify about a child was assessed, L25);
//   - a case: open (confirm the circle), invite, onward (let the police bring
//     another authority in), recall (take that back), uninvite, ask (put a question to
//     an authority), convene, hold (say that it was discussed), draft, inform
//     (decide on the duty to inform, L35), dissent, sign, reassess, recommend,
//     follow (up), close, resume, reopen, take_back (from the police, and from everybody);
//   - a request: answer, decline, retract;
//   - an answer: withdraw;
//   - an offer: send, cancel, take_up, turn_down, progress, end.
//
// The hub itself (role "system", no kind) may discard a draft whose time has run
// out, begin a case that two coordinators triaged, draft_offer for a coordinator
// to send, remind of a step that is overdue, and follow a fact that another room
// told; it decides nothing (L38). And it may look up a canary, which is no item and
// about nobody: a reference that was invented to see that a look-up is found again (P6).
type Act struct {
	Action     string            `json:"action"`
	Role       hub.Role          `json:"role"`
	Kind       hub.AuthorityKind `json:"kind"`
	Relation   string            `json:"relation"`
	ReceivedBy hub.AuthorityKind `json:"received_by"`
	SharedBy   hub.AuthorityKind `json:"shared_by"`
	State      string            `json:"state"` // before the step
	Assigned   bool              `json:"assigned"`
	Author     bool              `json:"author"`
	Recused    bool              `json:"recused"`
	Purpose    hub.Purpose       `json:"purpose"`
}

// Question is "act".
func (Act) Question() string { return "act" }

func (q Act) hat() (hub.Role, hub.AuthorityKind) { return q.Role, q.Kind }
