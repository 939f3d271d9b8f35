//go:build !race

package pg_test

import (
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// TestALegalBasisEndsByTheSignedData is A017: what a revision says of when a legal
// basis holds ends what was shared on it, and what may be, at its minute and in every
// room, whatever the structure file goes on saying; who can see it is told until then. A
// later revision that has it hold again opens it again. One that waits changes nothing
// before its own minute.
func TestALegalBasisEndsByTheSignedData(t *testing.T) {
	w := newWorld(t)
	l := newLaw(t)
	db := w.opened("intake", l.process())
	id := w.concern(db, "police_check")
	share(t, db, id, "RPL115-2")
	other := w.opened("audit", l.process())
	const row = `"RPL115-2":     {"source": "retsplejeloven § 115 stk. 2", "from": null, "until": `
	end := time.Date(2026, 3, 5, 0, 0, 0, 0, hub.Copenhagen)
	is := func(want bool, until time.Time) {
		t.Helper()
		for _, db := range []*pg.DB{db, other} {
			check(t, db.View(ctx, as(police), func(tx *pg.Tx) error {
				r, err := tx.Relation(ctx, "concern", id)
				if err != nil {
					return err
				}
				if got := r.Relation == "shared"; got != want {
					t.Errorf("at %s it is shared: %v, want %v", tx.Now, got, want)
				}
				held, err := tx.Held(ctx, "concern", id)
				if want != (len(held) == 1) || want && !held[0].Until.Equal(until) {
					t.Errorf("at %s it is said to be held: %+v, want %v until %s", tx.Now, held, want, until)
				}
				return err
			}))
		}
		discloses := policies.Disclose{Role: hub.MunicipalCoordinator, From: hub.Municipality, To: hub.Police, Basis: "RPL115-2", Purpose: hub.Prevention,
			Item: "concern", State: "police_check", Cooperation: true}
		check(t, db.View(ctx, as(coordinator), func(tx *pg.Tx) error {
			_, err := tx.Ask(ctx, discloses)
			if got := err == nil; got != want {
				t.Errorf("at %s it may be shared: %v, want %v (%v)", tx.Now, got, want, err)
			}
			return nil
		}))
		if g, err := db.Advise(ctx, discloses); err != nil || g.Allow != want {
			t.Errorf("at %s it is advised %v, %v, want %v", w.now(), g, err, want)
		}
	}
	never := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	is(true, never)
	_, waits := l.next(end.AddDate(0, 0, -1), row+"null", row+`"2026-03-05"`)
	w.put(1, waits)
	is(true, never)
	w.clock.Store(int64(end.AddDate(0, 0, -1).Sub(start)))
	is(true, end)
	w.clock.Store(int64(end.Sub(start) - time.Second))
	is(true, end)
	w.clock.Store(int64(end.Sub(start)))
	is(false, never)
	_, anew := l.next(end, row+`"2026-03-05"`, row+"null")
	w.put(2, anew)
	is(true, never)
	_, over := l.next(end, row+"null", row+`"2026-03-04"`)
	w.put(3, over) // past already
	is(false, never)
}
