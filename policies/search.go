package policies

import "github.com/infohus/infohus/pkg/hub"

// Search asks whether this hat may look for somebody by what is said of them
// (A063): a number, or a name with a birth date, never a name alone. It is asked
// once before anything is looked for, as of a person of concern, and once more of
// whoever was found in another category: a related person is not searched for
// (L28). What a hit shows is a [View] of its own, so a search never shows more
// than a read.
type Search struct {
	Role     hub.Role          `json:"role"`
	Kind     hub.AuthorityKind `json:"kind"`
	Purpose  hub.Purpose       `json:"purpose"`
	By       string            `json:"by"`       // the identifiers given, sorted, comma between: "birth_date,name"; or "reference"
	Category string            `json:"category"` // of whom is looked for, as the room person has it
	Own      bool              `json:"own"`      // the number is the asker's own, as the sign-in says it (A012)
}

// Question is "search".
func (Search) Question() string { return "search" }

func (q Search) hat() (hub.Role, hub.AuthorityKind) { return q.Role, q.Kind }
