package hub

import "sync/atomic"

// Act is what a row of the trail says was done. The list is closed (LED art.
// 25(1), trust.md 2.3).
type Act string

// The acts of the trail.
const (
	ActCollect  Act = "collect"
	ActChange   Act = "change"
	ActConsult  Act = "consult"
	ActSearch   Act = "search"
	ActDisclose Act = "disclose"
	ActCombine  Act = "combine"
	ActExport   Act = "export"
	ActErase    Act = "erase"
	ActDecide   Act = "decide"
	ActGrant    Act = "grant"
	ActRevoke   Act = "revoke"
	ActAdmin    Act = "admin"

	ActBreakGlass Act = "break-glass" // need-to-know set aside (L9)
)

// Acts lists every act.
var Acts = []Act{ActCollect, ActChange, ActConsult, ActSearch, ActDisclose, ActCombine, ActExport, ActErase, ActDecide, ActBreakGlass, ActGrant, ActRevoke, ActAdmin}

// Object names what an act was done to.
type Object struct {
	Kind    string // "concern", "subject", "trail", …
	ID      ID
	Version int
}

// Receipt proves that an act is recorded in the trail, and for which keys. The
// vault opens nothing without one, and it is good only once the transaction
// that wrote the record has committed: no record, no view.
//
// Only pkg/pg makes receipts; a test of the architecture holds that.
type Receipt struct {
	committed *atomic.Bool
	keys      map[ID]bool
}

// NewReceipt makes a receipt for the keys that a record names, good once
// committed is set.
func NewReceipt(committed *atomic.Bool, keys ...ID) Receipt {
	r := Receipt{committed: committed, keys: make(map[ID]bool, len(keys))}
	for _, k := range keys {
		r.keys[k] = true
	}
	return r
}

// Opens reports whether the receipt is committed and names the key.
func (r Receipt) Opens(key ID) bool { return r.committed != nil && r.committed.Load() && r.keys[key] }
