package policies

import "github.com/infohus/infohus/pkg/hub"

// Return asks whether the asker may take out, as a file, what their own authority
// wrote in the items of a kind, its own and others': what it contributed goes back to
// it when it leaves the cooperation (A017, GDPR art. 24). The fields are those in
// which an authority writes; what others wrote in them is not its own, and not asked
// about. It is asked of the role and not of the item: nobody's access to it, broken
// glass least of all, makes anything one's own.
type Return struct {
	Role    hub.Role          `json:"role"`
	Kind    hub.AuthorityKind `json:"kind"`
	Purpose hub.Purpose       `json:"purpose"`
	Item    string            `json:"item"`    // the kind of item in which it was written: concern, request, answer, case, offer
	Own     bool              `json:"own"`     // the asker's own authority wrote it
	Leaving bool              `json:"leaving"` // its last agreement ends within the days that the structure file names, or has ended
	Recused bool              `json:"recused"` // the asker is too close to the item
}

// Question is "return".
func (Return) Question() string { return "return" }

func (q Return) hat() (hub.Role, hub.AuthorityKind) { return q.Role, q.Kind }
