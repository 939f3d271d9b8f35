package policies

import "github.com/infohus/infohus/pkg/hub"

// Act asks whether the asker may take a step with a concern (domain.md 2.2).
// The attributes are those of [View].
//
// The actions are edit, discard, forward (to the police check), reroute,
// check, triage, notify (say how the duty to notify about a child was assessed,
// L25) and reveal (show the CPR number unmasked, L29). The hub itself
// (role "system", no kind) may discard a draft whose time has run out, remind
// of a step that is overdue, and follow a fact that another room told; it
// decides nothing (L38).
type Act struct {
	Action     string            `json:"action"`
	Role       hub.Role          `json:"role"`
	Kind       hub.AuthorityKind `json:"kind"`
	Relation   string            `json:"relation"`
	ReceivedBy hub.AuthorityKind `json:"received_by"`
	State      string            `json:"state"` // before the step
	Assigned   bool              `json:"assigned"`
	Author     bool              `json:"author"`
	Recused    bool              `json:"recused"`
	Purpose    hub.Purpose       `json:"purpose"`
}

// Question is "act".
func (Act) Question() string { return "act" }

func (q Act) hat() (hub.Role, hub.AuthorityKind) { return q.Role, q.Kind }
