//go:build !race

package pg_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
)

// TestWhatComesWhileSomebodyIsRecusedWaits: who is said to be too close, and what comes
// of the thing at the same moment, wait for one another; so nothing comes past a recusal.
func TestWhatComesWhileSomebodyIsRecusedWaits(t *testing.T) {
	w := newWorld(t)
	id := w.concern(w.room("intake"), "received")
	recuses := `insert into access.recusal (person, kind, item, by_person, by_hat) values ('close', 'concern', '` + string(id) + `', 'p', 'h')`
	comes := func(by string) string {
		return `insert into access.item (id, kind, about, controller, received_by, state, ` + by + `) select '` + string(hub.NewID()) + `', 'concern', about, controller, received_by, state, id
			from access.item where id = '` + string(id) + `'`
	}
	for _, c := range []struct{ what, first, then string }{
		{"what comes of it waits for the recusal", recuses, comes("came_of")},
		{"a part of it waits for the recusal", recuses, comes("part_of")},
		{"the recusal waits for what comes of it", comes("came_of"), recuses},
		{"the recusal waits for a part of it", comes("part_of"), recuses},
	} {
		conn, err := pgx.Connect(ctx, w.owner)
		check(t, err)
		tx, err := conn.Begin(ctx)
		check(t, err)
		_, err = tx.Exec(ctx, c.first)
		check(t, err)
		if err := sql(w.owner, "set lock_timeout = '1ms'", c.then); sqlState(err) != "55P03" {
			t.Errorf("%s: %v", c.what, err)
		}
		check(t, tx.Rollback(ctx))
		check(t, conn.Close(ctx))
	}
	w.sql(recuses, comes("came_of"), comes("part_of"))
	w.is(3, `select count(*) from access.recusal where person = 'close'`)
}
