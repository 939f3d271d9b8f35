package policies

import "github.com/infohus/infohus/pkg/hub"

// Recuse asks whether the asker may say that somebody is too close to a concern
// or a case to deal with it (inhabil, forvaltningsloven §§ 3-6): the asker of
// themselves, whatever they are to it; or a coordinator or manager of a colleague.
// With Lift it asks whether it may be taken back, which takes somebody else than
// the one recused, and than the one who said so. The attributes are those of
// [View], and it has no purpose: it opens nothing.
type Recuse struct {
	Role          hub.Role          `json:"role"`
	Kind          hub.AuthorityKind `json:"kind"`
	Relation      string            `json:"relation"`
	ReceivedBy    hub.AuthorityKind `json:"received_by"`
	SharedBy      hub.AuthorityKind `json:"shared_by"`
	State         string            `json:"state"`
	Assigned      bool              `json:"assigned"`
	Recused       bool              `json:"recused"`        // the asker is: then they deal with nothing of it, nor with this
	Ground        string            `json:"ground"`         // the number of § 3 stk. 1: "1" to "5"; empty where it is lifted
	Self          bool              `json:"self"`           // the person is the asker
	SameAuthority bool              `json:"same_authority"` // the person's hat is of the asker's own authority
	Lift          bool              `json:"lift"`           // it is taken back
	Said          bool              `json:"said"`           // the asker is who said it
}

// Question is "recuse".
func (Recuse) Question() string { return "recuse" }

func (q Recuse) hat() (hub.Role, hub.AuthorityKind) { return q.Role, q.Kind }
