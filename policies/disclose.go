package policies

import "github.com/infohus/infohus/pkg/hub"

// Disclose asks whether a concern may be shared with another authority
// (videregivelse, L1, L2): who discloses, to which kind of authority, on which
// legal basis, for which purpose. The grant's [Grant.Classes] are the most that
// the share may name; the human who sends may name fewer. Its obligations say
// what the share must carry besides. That the basis is valid today is for the
// asker to have judged.
type Disclose struct {
	Role    hub.Role          `json:"role"`
	From    hub.AuthorityKind `json:"from"` // the asker's own kind
	To      hub.AuthorityKind `json:"to"`
	Basis   hub.LegalBasis    `json:"basis"`
	Purpose hub.Purpose       `json:"purpose"`
	State   string            `json:"state"` // in which the share begins: after the step that carries it
}

// Question is "disclose".
func (Disclose) Question() string { return "disclose" }

func (q Disclose) hat() (hub.Role, hub.AuthorityKind) { return q.Role, q.From }
