package policies

import "github.com/infohus/infohus/pkg/hub"

// Certify asks whether the asker may go through who has access at an authority
// (L56), which takes four actions: list the hats, confirm one, end one, and expire,
// which is the hub's own, where nobody confirmed one in time and the structure file
// says that it ends then. It opens nothing, and says nothing of what anybody works
// with.
type Certify struct {
	Role          hub.Role          `json:"role"`
	Kind          hub.AuthorityKind `json:"kind"`
	Action        string            `json:"action"`         // list, confirm, end, expire
	SameAuthority bool              `json:"same_authority"` // the hat is of the asker's own authority
	Self          bool              `json:"self"`           // it is the asker's own, or of whoever the asker acts for
}

// Question is "certify".
func (Certify) Question() string { return "certify" }

func (q Certify) hat() (hub.Role, hub.AuthorityKind) { return q.Role, q.Kind }
