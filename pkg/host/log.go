package host

import (
	"context"
	"time"

	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/web"
)

// log is how the hub's log stands, as any room that runs here may know; false where none
// does, where nobody is to confirm it, or where the database does not answer, which is said
// elsewhere.
func (h *Hub) log(ctx context.Context) (l pg.Log, within time.Duration, ok bool) {
	keys, least, within := h.c.Structure.Trail.Confirming()
	if len(keys) == 0 || len(h.rooms) == 0 {
		return l, within, false
	}
	l, err := h.rooms[0].db.Log(ctx, keys, least)
	return l, within, err == nil
}

// logState is what is said of it on pages.
func (h *Hub) logState(ctx context.Context) web.LogState {
	l, within, _ := h.log(ctx)
	return web.LogState{Closed: l.Closed, Late: l.Late(within), Waits: l.Unwitnessed, Hours: int(l.Waited / time.Hour)}
}
