package policies

import "github.com/infohus/infohus/pkg/hub"

// Disclose asks whether an item may be shared with another authority
// (videregivelse, L1, L2): who discloses what, to which kind of authority, on
// which legal basis, for which purpose. The grant's [Grant.Classes] are the most
// that the share may name; the human who sends may name fewer. Its obligations
// say what the share must carry besides. That this hub relies on a basis today, that
// an agreement is in force, and that a consent is, is for the asker to have judged;
// when the basis holds by the data, the engine of the instant judges ([Engine.At]).
//
// What is another authority's is passed on only as that one's terms let it: not at
// all, after its yes, or freely within the cooperation. Where nothing of that kind is
// passed on, only whose it is shares it.
//
// Data on health and on offences needs a ground of its own (L10, L11): one
// question for each such class, besides the one without.
type Disclose struct {
	Role        hub.Role          `json:"role"`
	From        hub.AuthorityKind `json:"from"` // the asker's own kind
	To          hub.AuthorityKind `json:"to"`
	Basis       hub.LegalBasis    `json:"basis"`
	Purpose     hub.Purpose       `json:"purpose"`
	Item        string            `json:"item"`        // concern, case, request, answer, offer
	State       string            `json:"state"`       // in which the share begins: after the step that carries it
	Class       string            `json:"class"`       // health, offence; empty for what is neither
	Special     hub.LegalBasis    `json:"special"`     // the ground for that class, of the discloser's own law: DBL7, DBL8-1 to DBL8-4, RHL; else empty
	Cooperation bool              `json:"cooperation"` // the two are parties to an agreement, in force, about the cooperation that the basis speaks of (§ 115 stk. 1-2)
	TaskArea    bool              `json:"task_area"`   // a self-governing institution on either side has a registered task area and a valid agreement (L5)
	Consent     bool              `json:"consent"`     // the citizen's consent is in force, and covers this (L8)
	Terms       string            `json:"terms"`       // on which the recipient gets it: no_onward, ask_first, within_cooperation; empty is the first, the narrowest
	Under       string            `json:"under"`       // the terms on which the asker's authority has what is another's; empty where it has none, and then it passes nothing on
	Agreed      bool              `json:"agreed"`      // whose the item is has said yes to this recipient
	Unwitnessed bool              `json:"unwitnessed"` // what stands in the trail has waited too long for other authorities to confirm it (trust.md F38)
	Confirmed   bool              `json:"confirmed"`   // the asker knows that, and shares nevertheless
}

// Question is "disclose".
func (Disclose) Question() string { return "disclose" }

func (q Disclose) hat() (hub.Role, hub.AuthorityKind) { return q.Role, q.From }
