package hubtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/host"
)

// watch notes that a fact was told or done.
func (h *Hub) watch() {
	select {
	case h.changed <- struct{}{}:
	default:
	}
}

// Settle waits until every fact that was told is published, and done or parked
// by every room here that hears it; also those that were told meanwhile.
func (h *Hub) Settle() {
	h.t.Helper()
	ctx, cancel := patient(h.t)
	defer cancel()
	query := h.waiting()
	for {
		waiting := h.One(query)
		if waiting == "0" {
			return
		}
		select {
		case <-h.changed:
		case <-time.After(5 * time.Millisecond): // the mark "published" has no signal of its own
		case <-ctx.Done():
			h.t.Fatalf("%s facts are still under way after %s", waiting, patience)
		}
	}
}

// waiting is a query that counts the facts under way.
func (h *Hub) waiting() string {
	counts := []string{"select 0 as n"}
	for _, owner := range host.Names(h.o.Services) {
		counts = append(counts, fmt.Sprintf("select count(*) from %s.outbox where published_at is null", owner))
		for _, room := range host.Names(h.o.Services) {
			var types []string
			for _, k := range event.Heard(room, owner) {
				types = append(types, "'"+k.Type+"'")
			}
			if len(types) == 0 {
				continue
			}
			counts = append(counts, fmt.Sprintf(`select count(*) from %[1]s.outbox o where o.envelope->>'type' in (%[3]s)
				and not exists (select from %[2]s.inbox i where i.id = o.envelope->>'id')
				and not exists (select from %[2]s.dead d where d.done_at is null and position(convert_to(o.envelope->>'id', 'UTF8') in d.raw) > 0)`,
				owner, room, strings.Join(types, ", ")))
		}
	}
	return "select sum(n) from (" + strings.Join(counts, " union all ") + ") all_rooms"
}
