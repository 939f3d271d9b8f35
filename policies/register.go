package policies

import "github.com/infohus/infohus/pkg/hub"

// Register asks whether this hat may register a subject in its own authority,
// and match it against the subjects that the authority already has. Matching
// is processing too, and needs a legal basis (databeskyttelsesloven § 11, L29).
type Register struct {
	Role    hub.Role          `json:"role"`
	Kind    hub.AuthorityKind `json:"kind"`
	Purpose hub.Purpose       `json:"purpose"`
	Basis   hub.LegalBasis    `json:"basis"`
	Own     bool              `json:"own"`  // the number that was typed is the asker's own, as the sign-in says it (A013)
	Home    bool              `json:"home"` // and the address is where the asker is registered
}

// Question is "register".
func (Register) Question() string { return "register" }

func (q Register) hat() (hub.Role, hub.AuthorityKind) { return q.Role, q.Kind }
