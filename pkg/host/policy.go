package host

import (
	"context"
	"strings"

	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/policies"
)

// Approval is who must sign a revision of the law as data, as a structure says.
func Approval(st *structure.Structure) policies.Approval {
	a := policies.Approval{Kinds: st.Policy.ApprovedBy}
	for _, k := range st.Policy.Keys {
		if by, ok := st.Authority(k.Authority); ok {
			a.Keys = append(a.Keys, policies.Key{Authority: k.Authority, Kind: by.Kind, Verifier: k.Key, From: k.From, Until: k.Until})
		}
	}
	return a
}

// tellRevision logs each revision that the rules take or refuse, once.
func (h *Hub) tellRevision(r policies.Revision) {
	if r.Why != nil {
		h.c.Log.Error("a revision of policy is refused, and what is in force stays: see infohus policy show", "number", r.Number, "error", r.Why.Error())
		return
	}
	by := make([]string, len(r.By))
	for i, a := range r.By {
		by[i] = string(a)
	}
	h.c.Log.Info("a revision of policy", "number", r.Number, "from", r.From, "signed_by", strings.Join(by, " "), "sha256", r.Sum)
}

// odd tells what somebody should look at while the hub works: a revision of policy that
// was refused, or a table of them that was put back to an older state ("policy"), and
// what a room says of itself, by the room's name.
func (h *Hub) odd(ctx context.Context) (odd []Check) {
	if len(h.rooms) == 0 { // the door has no rules
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	if err := h.rooms[0].db.Rules(ctx); err != nil {
		odd = append(odd, Check{"policy", err})
	}
	for _, r := range h.rooms {
		if r.Odd == nil {
			continue
		}
		if err := r.Odd(); err != nil {
			odd = append(odd, Check{r.name, err})
		}
	}
	return odd
}
