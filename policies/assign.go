package policies

import "github.com/infohus/infohus/pkg/hub"

// Assign asks whether the asker may give a colleague access to a concern, or
// take it back: within one authority, under the need-to-know of
// forvaltningsloven § 32 (L9, L56).
type Assign struct {
	Role          hub.Role          `json:"role"`
	Kind          hub.AuthorityKind `json:"kind"`
	Relation      string            `json:"relation"` // as in View
	State         string            `json:"state"`
	Recused       bool              `json:"recused"`
	SameAuthority bool              `json:"same_authority"` // the colleague's hat is of the asker's own authority
	Self          bool              `json:"self"`           // the colleague is the asker
	Target        hub.Role          `json:"target"`         // the role of the colleague's hat
}

// Question is "assign".
func (Assign) Question() string { return "assign" }

func (q Assign) hat() (hub.Role, hub.AuthorityKind) { return q.Role, q.Kind }
