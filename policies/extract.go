package policies

import "github.com/infohus/infohus/pkg/hub"

// Extract asks about the answer to a citizen who wants to know what has been looked
// up about them (GDPR art. 15, L21, trust.md P4, P5). Step is
//
//   - read: see what waits and what was released, of the own authority's;
//   - prepare: gather the look-ups of one person's data into an answer;
//   - name: put the names of those who looked into it;
//   - release: hand it out. Self, Linked and ByRecused are of whoever prepared it;
//   - tell: whether one look-up stands in it. SeenFor, SeenBy, Act, State, Informed and
//     Alone are of the look-up, and of no other step. What is not said to be told is withheld.
type Extract struct {
	Step          string            `json:"step"`
	Role          hub.Role          `json:"role"`
	Kind          hub.AuthorityKind `json:"kind"`
	Purpose       hub.Purpose       `json:"purpose"`
	SameAuthority bool              `json:"same_authority"` // it is the asker's own authority's answer, about its own data
	Recused       bool              `json:"recused"`        // the asker is too close to the person, or is the person, and did not prepare it (A012)
	ByRecused     bool              `json:"by_recused"`     // whoever prepared it is
	Self          bool              `json:"self"`           // the asker prepared it, whatever the account or the hat
	Linked        bool              `json:"linked"`         // one of the two stands in for the other, or answers to the other
	Act           hub.Act           `json:"act"`
	SeenFor       hub.Purpose       `json:"seen_for"` // what it was looked up for
	SeenBy        hub.AuthorityKind `json:"seen_by"`  // the kind of authority whose people looked
	State         string            `json:"state"`    // of what was looked up, as it stands now; or stood then, where that was a person
	Informed      bool              `json:"informed"` // the person has been told of the matter (L35)
	Alone         bool              `json:"alone"`    // it is about that person and nobody else
}

// Question is "extract".
func (Extract) Question() string { return "extract" }

func (q Extract) hat() (hub.Role, hub.AuthorityKind) { return q.Role, q.Kind }
