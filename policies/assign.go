package policies

import "github.com/infohus/infohus/pkg/hub"

// Assign asks whether the asker may give a named person access to an item, or
// take it back: a colleague, under the need-to-know of forvaltningsloven § 32
// (L9, L56), the municipal coordinator in the municipality (D14); or, for the
// police coordinator, a person of another authority in the cooperation (D15).
// What that authority may see of the item takes a [Disclose] besides.
type Assign struct {
	Role          hub.Role          `json:"role"`
	Kind          hub.AuthorityKind `json:"kind"`
	Relation      string            `json:"relation"` // as in View
	State         string            `json:"state"`
	Recused       bool              `json:"recused"`
	SameAuthority bool              `json:"same_authority"` // the person's hat is of the asker's own authority
	Self          bool              `json:"self"`           // the person is the asker
	Target        hub.Role          `json:"target"`         // the role of the person's hat
	TargetKind    hub.AuthorityKind `json:"target_kind"`    // the kind of its authority; may be empty where that is the asker's own
	End           bool              `json:"end"`            // the access is taken back, which may be done for longer
}

// Question is "assign".
func (Assign) Question() string { return "assign" }

func (q Assign) hat() (hub.Role, hub.AuthorityKind) { return q.Role, q.Kind }
