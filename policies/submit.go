package policies

import "github.com/infohus/infohus/pkg/hub"

// Submit asks whether this hat may submit a concern for this purpose on this
// legal basis: the authority's own processing (GDPR6-1-E, RHL) or a
// professional's notification (BL133).
type Submit struct {
	Role    hub.Role          `json:"role"`
	Kind    hub.AuthorityKind `json:"kind"`
	Purpose hub.Purpose       `json:"purpose"`
	Basis   hub.LegalBasis    `json:"basis"`
}

// Question is "submit".
func (Submit) Question() string { return "submit" }

func (q Submit) hat() (hub.Role, hub.AuthorityKind) { return q.Role, q.Kind }
