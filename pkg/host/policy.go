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

// odd tells what is wrong with the revisions of policy while the hub works by the
// one in force: one that was refused, or a table put back to an older state.
func (h *Hub) odd(ctx context.Context) error {
	if len(h.rooms) == 0 { // the door has no rules
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	return h.rooms[0].db.Rules(ctx)
}
