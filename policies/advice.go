package policies

import "github.com/infohus/infohus/pkg/hub"

// Advice asks whether the asker may be told what may be shared ("Må jeg dele?",
// L1), and open what somebody kept of such an answer. It opens no content: what is
// asked and answered are codes of kinds, states and paragraphs, about nobody.
//
// Whoever may disclose anything at all may ask. What was kept opens to whoever
// kept it, to the manager of whoever kept it and to their authority's
// data-protection officer; a list is of what would open, each asked by itself.
type Advice struct {
	Role    hub.Role          `json:"role"`
	Kind    hub.AuthorityKind `json:"kind"`
	Step    string            `json:"step"`    // ask, and keep the answer; list what was kept, and open it
	Own     bool              `json:"own"`     // it was kept at the asker's own authority
	Asker   bool              `json:"asker"`   // the asker kept it, in the hat worn now
	Manages bool              `json:"manages"` // the asker is the manager of whoever kept it
}

// Question is "advice".
func (Advice) Question() string { return "advice" }

func (q Advice) hat() (hub.Role, hub.AuthorityKind) { return q.Role, q.Kind }
