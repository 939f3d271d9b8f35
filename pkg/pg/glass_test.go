package pg_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// third is a grant to break a glass for the third time in a week, which takes a
// second person.
func third(tx *pg.Tx) (policies.Grant, error) {
	return tx.Ask(ctx, policies.Glass{Step: "break", Basis: "EMERGENCY", Role: tx.Who().Role, Kind: tx.Who().Kind, Relation: "own", ReceivedBy: hub.Municipality, State: "received",
		Purpose: hub.Prevention, Category: "life", Habit: "third"})
}

func breakGlass(t *testing.T, db *pg.DB, who pg.Post, id hub.ID, minutes int) (b pg.Glass) {
	t.Helper()
	check(t, do(db, as(who), hub.ActBreakGlass, func(tx *pg.Tx, g policies.Grant) (err error) {
		b, err = tx.BreakGlass(ctx, g, pg.Glass{Kind: "concern", Item: id, About: subject, Category: "life", Reason: hub.NewPersonal("because"), Marks: []string{"m"}, Minutes: minutes})
		return err
	}))
	return b
}

// TestGlass: a broken glass opens one item, to one person in one post, until its
// minute (A053, A056).
func TestGlass(t *testing.T) {
	w := newWorld(t)
	db := w.room("intake")
	id, other := w.concern(db, "received"), w.concern(db, "received")
	part := w.part(db, "received", id)
	sees := func(p pg.Post, id hub.ID, want bool) {
		t.Helper()
		if _, _, _, err := look(db, p, id); (err == nil) != want {
			t.Errorf("%s sees it: %v, want %v (%v)", p.Role, err == nil, want, err)
		}
	}
	sees(receiver, id, false)
	b := breakGlass(t, db, receiver, id, 30)
	sees(receiver, id, true)
	sees(receiver, other, false)
	sees(receiver, part, false) // nothing of it besides
	w.is("koege intake "+string(receiver.Person), `select owner || ' ' || writer || ' ' || person from access.glass where id = $1`, b.ID)
	w.is("break-glass", `select act from audit.trail where act = 'break-glass' and outcome = 'allow'`)
	w.is(0, `select count(*) from access.glass where reason = 'because'`)

	// At its minute it is over, by the clock alone.
	w.clock.Store(int64(30*time.Minute - time.Microsecond))
	sees(receiver, id, true)
	w.clock.Store(int64(30 * time.Minute))
	sees(receiver, id, false)

	// Given back earlier, once.
	b = breakGlass(t, db, receiver, id, 60)
	sees(receiver, id, true)
	end := func() error {
		return do(db, as(receiver), hub.ActRevoke, func(tx *pg.Tx, g policies.Grant) error { return tx.EndGlass(ctx, g, b) })
	}
	check(t, end())
	sees(receiver, id, false)
	wantCode(t, end(), hub.CodeConflict)

	// In another post of the same person it opens nothing (A046).
	breakGlass(t, db, receiver, id, 60)
	w.sql(`insert into access.hat (id, person, name, authority, kind, role, from_at, until_at)
		values ('second', '` + string(receiver.Person) + `', 'Invented', 'koege', 'municipality', 'core_group', '2025-01-01', '9999-01-01')`)
	two := receiver
	two.ID, two.Role = "second", hub.CoreGroup
	sees(two, id, false)

	// And not to whoever is recused.
	check(t, do(db, as(coordinator), hub.ActChange, func(tx *pg.Tx, g policies.Grant) error { return tx.Recuse(ctx, g, receiver.Person, "concern", id, "1") }))
	sees(receiver, id, false)
}

// TestGlassIsNeverLongerThanAnHour holds the rail in the database itself (A053), and
// that nothing of what was said can be changed (A049).
func TestGlassIsNeverLongerThanAnHour(t *testing.T) {
	w := newWorld(t)
	db := w.room("intake")
	id := w.concern(db, "received")
	err := do(db, as(receiver), hub.ActBreakGlass, func(tx *pg.Tx, g policies.Grant) error {
		_, err := tx.BreakGlass(ctx, g, pg.Glass{Kind: "concern", Item: id, About: subject, Category: "life", Reason: hub.NewPersonal("because"), Minutes: 61})
		return err
	})
	if sqlState(err) != "23514" {
		t.Errorf("61 minutes: %v", err)
	}
	b := breakGlass(t, db, receiver, id, 60)
	if err := sql(w.owner, `update access.glass set until_at = from_at + interval '59 minutes' where id = '`+string(b.ID)+`'`); sqlState(err) != "23000" {
		t.Errorf("changed afterwards: %v", err)
	}
}

// TestGlassPast counts what was broken before: whoever it was with which hat (A053,
// A054).
func TestGlassPast(t *testing.T) {
	w := newWorld(t)
	db := w.room("intake")
	audit := w.room("audit")
	past := func(item hub.ID) (p pg.Broken) {
		t.Helper()
		check(t, db.View(ctx, as(receiver), func(tx *pg.Tx) (err error) { p, err = tx.GlassPast(ctx, item); return err }))
		return p
	}
	want := func(p pg.Broken, habit string, overdue, open bool) {
		t.Helper()
		if p.Habit() != habit || p.Overdue != overdue || p.Open != open {
			t.Errorf("%+v, want %s %v %v", p, habit, overdue, open)
		}
	}
	review := func(p pg.Post, id hub.ID) error {
		return do(audit, as(p), hub.ActDecide, func(tx *pg.Tx, g policies.Grant) error { return tx.ReviewGlass(ctx, g, id, "justified") })
	}
	a, c := w.concern(db, "received"), w.concern(db, "received")
	want(past(a), "first", false, false)
	one := breakGlass(t, db, receiver, a, 30)
	want(past(a), "second", false, true)
	want(past(c), "second", false, false)
	w.clock.Store(int64(30*time.Minute - time.Second)) // what would be read after it nobody would review
	wantCode(t, review(coordinator, one.ID), hub.CodeConflict)
	w.clock.Store(0)
	breakGlass(t, db, receiver, c, 30)
	want(past(c), "third", false, true)
	w.clock.Store(int64(72*time.Hour - time.Second))
	want(past(c), "third", false, false)
	w.clock.Store(int64(72 * time.Hour))
	want(past(c), "third", true, false)
	w.clock.Store(int64(7*24*time.Hour + time.Hour))
	want(past(c), "first", true, false)

	// A review frees of that one; nobody reviews his own, and there is one (A055).
	if err := review(receiver, one.ID); sqlState(err) != "23514" {
		t.Errorf("the own: %v", err)
	}
	check(t, review(coordinator, one.ID))
	wantCode(t, review(coordinator, one.ID), hub.CodeConflict)
	want(past(c), "first", true, false)
	w.sql(`insert into access.glass_review (glass, outcome, by_person, by_hat) select id, 'breach', 'd', 'h' from access.glass where id <> '` + string(one.ID) + `'`)
	want(past(c), "first", false, false)
}

// TestGlassSeconded: of many yeses and noes at once one counts (A050), and before it
// nothing is open.
func TestGlassSeconded(t *testing.T) {
	w := newWorld(t)
	db := w.room("intake")
	for range 8 {
		id := w.concern(db, "received")
		var b pg.Glass
		check(t, db.Command(ctx, as(receiver), pg.Entry{Act: hub.ActBreakGlass}, func(tx *pg.Tx) error {
			g, err := third(tx)
			if err != nil {
				return err
			}
			if b, err = tx.BreakGlass(ctx, g, pg.Glass{Kind: "concern", Item: id, About: subject, Category: "life", Reason: hub.NewPersonal("because"), Minutes: 30}); err != nil {
				return err
			}
			_, err = tx.Record(ctx, g, pg.Entry{Act: hub.ActBreakGlass})
			return err
		}))
		if _, _, _, err := look(db, receiver, id); err == nil || !b.Waits(w.now()) {
			t.Error("it is open before the yes")
		}
		// Nobody says yes to himself, whatever the hat (A047).
		if err := do(db, as(receiver), hub.ActGrant, func(tx *pg.Tx, g policies.Grant) error { _, err := tx.SecondGlass(ctx, g, b); return err }); sqlState(err) != "23514" {
			t.Errorf("the own yes: %v", err)
		}
		var yes, no, late atomic.Int32
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				err := do(db, as(coordinator), hub.ActGrant, func(tx *pg.Tx, g policies.Grant) (err error) {
					if i%2 == 0 {
						_, err = tx.SecondGlass(ctx, g, b)
					} else {
						err = tx.EndGlass(ctx, g, b)
					}
					return err
				})
				switch {
				case err == nil && i%2 == 0:
					yes.Add(1)
				case err == nil:
					no.Add(1)
				case hub.CodeOf(err) == hub.CodeConflict:
					late.Add(1)
				default:
					t.Error(errors.Unwrap(err), err)
				}
			})
		}
		wg.Wait()
		_, _, _, err := look(db, receiver, id)
		if yes.Load() > 1 || no.Load() > 1 || yes.Load()+no.Load()+late.Load() != 6 || (err == nil) != (yes.Load() == 1 && no.Load() == 0) {
			t.Errorf("%d yes, %d no, %d late; it is seen: %v", yes.Load(), no.Load(), late.Load(), err)
		}
	}
}
