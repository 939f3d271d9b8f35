package policies

import "github.com/infohus/infohus/pkg/hub"

// View asks which fields of one item (a concern, a case, a request, an answer,
// an offer) the asker may see now: domain.md 2.4, need-to-know
// (forvaltningsloven § 32, L9), retsplejeloven § 115 between authorities, L51
// for the reporter's identity, A030 for the police check. A state belongs to one
// kind of item, so the state says of what kind it is.
//
// Relation, SharedBy, Assigned, Author, Recused, Glass, Classes and Basis are what
// access.relations gives for the asker and the item, in the read's snapshot.
// The grant's fields are the answer; a grant opens at least one.
type View struct {
	Role       hub.Role          `json:"role"`
	Kind       hub.AuthorityKind `json:"kind"`
	Relation   string            `json:"relation"`    // own: it is the asker's authority's; shared: it was shared with the asker's authority; else empty
	ReceivedBy hub.AuthorityKind `json:"received_by"` // the kind of the authority that received it: the item's controller
	SharedBy   hub.AuthorityKind `json:"shared_by"`   // the kind of the authority that shared it; empty where nothing is shared
	State      string            `json:"state"`       // of the item: see data.states
	Assigned   bool              `json:"assigned"`    // an assignment to the asker is in force
	Author     bool              `json:"author"`      // the asker wrote it
	Recused    bool              `json:"recused"`     // the asker is recused from it (inhabil)
	Classes    string            `json:"classes"`     // data classes of the shares in force, sorted, comma between; a share opens no class that it does not name
	Basis      hub.LegalBasis    `json:"basis"`       // of the share in force, if it is valid now, by the data and by access.relations; else empty
	Glass      bool              `json:"glass"`       // the asker has broken its glass, and it is open: need-to-know is set aside, nothing else (L9)
	Purpose    hub.Purpose       `json:"purpose"`
}

// Question is "view".
func (View) Question() string { return "view" }

func (q View) hat() (hub.Role, hub.AuthorityKind) { return q.Role, q.Kind }
