package policies

import "github.com/infohus/infohus/pkg/hub"

// List asks whether this hat may list and search items at all. What a list
// shows of each is a [View] of its own, so a list never shows more than a read.
type List struct {
	Role    hub.Role          `json:"role"`
	Kind    hub.AuthorityKind `json:"kind"`
	Purpose hub.Purpose       `json:"purpose"`
}

// Question is "list".
func (List) Question() string { return "list" }

func (q List) hat() (hub.Role, hub.AuthorityKind) { return q.Role, q.Kind }
