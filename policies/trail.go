package policies

import "github.com/infohus/infohus/pkg/hub"

// Trail asks whether the asker may read the trail. Logs are for checking
// lawfulness and nothing else (LED art. 25(2), L17): only the authority's own
// data-protection officer, for log control, and only about the own authority's
// data or people.
type Trail struct {
	Role    hub.Role          `json:"role"`
	Kind    hub.AuthorityKind `json:"kind"`
	Purpose hub.Purpose       `json:"purpose"`
	Own     bool              `json:"own"`  // filtered to the own authority's data or people
	Open    bool              `json:"open"` // not to read it, but to open the hub again after the log was found to have been longer, or another (A082)
}

// Question is "trail".
func (Trail) Question() string { return "trail" }

func (q Trail) hat() (hub.Role, hub.AuthorityKind) { return q.Role, q.Kind }
