package policies

import "github.com/infohus/infohus/pkg/hub"

// Glass asks about break-glass: setting need-to-know inside the own authority
// aside for one concern or one case, for some minutes (forvaltningsloven § 32, L9;
// trust.md A047, A048, A052-A056). What it then opens is [View]'s to say. Step is
//
//   - break: open it, on a legal basis that is one for it and holds. Role, Kind, Relation, ReceivedBy, SharedBy, State and Recused
//     are those of View; the third within seven days is allowed with the obligation
//     second_person, and opens nothing before another person has said yes;
//   - second: say that yes, or no. Self and Linked are of whoever asked for it;
//   - end: give one's own back, also where nothing else is allowed any more;
//   - review: read afterwards what was done, and say whether it was justified.
//     SameAuthority is whether the item was the asker's authority's; Self and Linked are
//     of whoever broke it; Recused is the asker, of the item (A012). A look-up that was
//     drawn by lot, or an anomaly (P10), is reviewed by the same rule (L20): then they are of whoever looked,
//     Category is what was found, so that it stands in the trail, and Recused is not said
//     there, where the asker would read it, but when it is asked whether what they found counts. And who decides of a breach of
//     personal data security against those whom it hit: then they are of whoever did it (L52).
type Glass struct {
	Step          string            `json:"step"`
	Role          hub.Role          `json:"role"`
	Kind          hub.AuthorityKind `json:"kind"`
	Relation      string            `json:"relation"`
	ReceivedBy    hub.AuthorityKind `json:"received_by"`
	SharedBy      hub.AuthorityKind `json:"shared_by"`
	State         string            `json:"state"`
	Recused       bool              `json:"recused"`
	Purpose       hub.Purpose       `json:"purpose"`
	Basis         hub.LegalBasis    `json:"basis"`          // on which it is broken, or is to be: see data.glass.bases
	Category      string            `json:"category"`       // why: see data.glass.categories
	Habit         string            `json:"habit"`          // which it would be within seven days: first, second, third (or more)
	Overdue       bool              `json:"overdue"`        // an earlier one of the asker's has waited for its review for more than 72 hours
	SameAuthority bool              `json:"same_authority"` // whoever broke it, or of a review the item, is of the asker's own authority
	Self          bool              `json:"self"`           // whoever broke it is the asker, whatever the account or the hat
	Linked        bool              `json:"linked"`         // one of the two stands in for the other, or answers to the other
}

// Question is "glass".
func (Glass) Question() string { return "glass" }

func (q Glass) hat() (hub.Role, hub.AuthorityKind) { return q.Role, q.Kind }
