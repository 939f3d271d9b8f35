//go:build !race

package pg_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// TestARevisionBeginsAtItsMinute is the same by the clock of the room.
func TestARevisionBeginsAtItsMinute(t *testing.T) {
	w := newWorld(t)
	l := newLaw(t)
	db := w.opened("intake", l.process())
	_, signed := l.next(start.Add(time.Hour), lists, listsNot)
	w.put(1, signed)
	for _, c := range []struct {
		after time.Duration
		may   bool
	}{{0, true}, {time.Hour - time.Microsecond, true}, {time.Hour, false}, {0, false}} {
		w.clock.Store(int64(c.after))
		if got, _, _, err := may(db); err != nil || got != c.may {
			t.Errorf("after %s: %v, %v", c.after, got, err)
		}
	}
}

// TestAGrantOfBeforeIsAskedForAgain keeps a Grant over a revision.
func TestAGrantOfBeforeIsAskedForAgain(t *testing.T) {
	w := newWorld(t)
	l := newLaw(t)
	db := w.opened("intake", l.process())
	who := as(coordinator)
	var g policies.Grant
	e := pg.Entry{Act: hub.ActCollect, Object: hub.Object{Kind: "concern"}, Controller: who.Authority}
	put := func(tx *pg.Tx) error {
		if _, err := tx.Record(ctx, g, e); err != nil {
			return err
		}
		return tx.PutItem(ctx, g, pg.Item{Kind: "concern", ID: hub.NewID(), About: subject, Controller: "koege", ReceivedBy: hub.Municipality, State: "received", Author: reporter.Person})
	}
	check(t, db.Command(ctx, who, e, func(tx *pg.Tx) (err error) {
		if g, err = yes(tx); err != nil {
			return err
		}
		return put(tx)
	}))
	check(t, db.Command(ctx, who, e, put)) // the same rules: it holds
	_, signed := l.next(start)
	w.put(1, signed)
	wantCode(t, db.Command(ctx, who, e, put), hub.CodeUnavailable)
}

// TestWhatIsNotSignedByTwoIsRefusedByEveryRoom writes into the table with the
// owner's own hand, past the command that would have refused it.
func TestWhatIsNotSignedByTwoIsRefusedByEveryRoom(t *testing.T) {
	w := newWorld(t)
	l := newLaw(t)
	dbs := []*pg.DB{w.opened("intake", l.process()), w.opened("audit", l.process())}
	_, _, was, err := may(dbs[0])
	check(t, err)
	bare, signed := l.next(start, lists, listsNot)
	once, err := policies.Sign(bare, l.private[0])
	check(t, err)
	broken := bytes.Replace(signed, []byte("{"), []byte("{ "), 1)
	for i, text := range [][]byte{bare, once, broken, []byte("x")} {
		w.put(i+1, text)
		for _, db := range dbs {
			list, _, revision, err := may(db)
			if err != nil || !list || revision != was {
				t.Errorf("row %d is in force: %v, %v", i+1, list, err)
			}
			if odd := db.Rules(ctx); odd == nil || !strings.Contains(odd.Error(), "is refused") {
				t.Errorf("row %d: it says %v", i+1, odd)
			}
			check(t, db.Ready(ctx))
		}
	}
	late := w.opened("portal", l.process())
	if list, _, revision, err := may(late); err != nil || !list || revision != was || late.Rules(ctx) == nil {
		t.Errorf("a room that begins later: %v, %v", list, err)
	}
	w.sql(`alter table access.policy disable trigger all`, `delete from access.policy`)
	if odd := dbs[0].Rules(ctx); odd == nil || !strings.Contains(odd.Error(), "put back to an older state") {
		t.Errorf("it says %v", odd)
	}
}

// TestATablePutBackIsSeen takes the revision in force away, under running rooms
// and before one begins.
func TestATablePutBackIsSeen(t *testing.T) {
	w := newWorld(t)
	l := newLaw(t)
	db := w.opened("intake", l.process())
	_, signed := l.next(start, lists, listsNot)
	w.put(1, signed)
	if list, _, _, err := may(db); err != nil || list {
		t.Fatalf("%v, %v", list, err)
	}
	if _, _, _, err := look(db, coordinator, hub.NewID()); err == nil { // a decision, in the trail
		t.Fatal("something was there")
	}
	check(t, db.Rules(ctx))
	if err := pg.PutPolicy(ctx, w.owner, w.now(), 1, signed, []hub.AuthorityID{"koege"}); !errors.Is(err, pg.ErrLater) {
		t.Errorf("put twice: %v", err)
	}
	for _, s := range []string{`update access.policy set note = 'x'`, `delete from access.policy`, `truncate access.policy`, `insert into access.policy (number, note) values (1, 'x')`} {
		if err := sql(w.owner, s); err == nil {
			t.Errorf("the owner may %s", s)
		}
	}
	w.sql(`alter table access.policy disable trigger all`, `delete from access.policy`)
	if list, _, _, err := may(db); err != nil || list {
		t.Errorf("the law of before is back: %v, %v", list, err)
	}
	if odd := db.Rules(ctx); odd == nil || !strings.Contains(odd.Error(), "older state") {
		t.Errorf("it says %v", odd)
	}
	c := w.config("portal")
	c.Engine = l.process()
	late, err := pg.Open(ctx, c)
	if err == nil {
		late.Close()
	}
	wantCode(t, err, hub.CodeUnavailable)
	w.sql(`alter table access.policy enable trigger all`)
	w.put(1, signed)
	late = w.opened("portal", l.process())
	if list, _, _, err := may(late); err != nil || list {
		t.Errorf("put back: %v, %v", list, err)
	}
	// A room that trusts nobody cannot begin: what decides here it must not judge by older law.
	c = w.config("person")
	if c.Engine, err = policies.New(); err == nil {
		late, err = pg.Open(ctx, c)
	}
	if err == nil {
		late.Close()
	}
	wantCode(t, err, hub.CodeUnavailable)
}

// TestThePastIsReadWithARecord tries a revision on what was asked.
func TestThePastIsReadWithARecord(t *testing.T) {
	w := newWorld(t)
	l := newLaw(t)
	db := w.opened("intake", l.process())
	item := w.concern(db, "received")
	for range 3 {
		if _, _, _, err := look(db, coordinator, item); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, _, err := look(db, elsewhere, item); err == nil {
		t.Fatal("another municipality saw it")
	}
	before, err := policies.New()
	check(t, err)
	after, err := policies.New()
	check(t, err)
	document, _ := l.next(start, registers, `"register": {"reporter": true, "manager": true, `, `"received":     {"item": "concern", "source": "S1"}`, `"received":     {"item": "case", "source": "S1"}`)
	check(t, after.Revise(document))
	var trial policies.Trial
	past := func() error {
		return pg.Asked(ctx, w.owner, w.now(), time.Now().Add(-time.Hour), []hub.AuthorityID{"koege", "mvs"}, func(all func(func(policies.Past, error) bool)) (err error) {
			trial, err = policies.Try(ctx, before, after, w.now(), all)
			return err
		})
	}
	check(t, past())
	if trial.Decisions != 5 || trial.Questions != 3 || trial.Unknown != 0 {
		t.Errorf("%+v", trial)
	}
	w.is(2, `select count(*) from audit.trail where person = 'operator' and act = 'search' and object_kind = 'trail' and rows = 3`)
	w.sql(`alter table audit.trail add constraint kept check (person <> 'operator') not valid`)
	if err := past(); err == nil {
		t.Error("the past was read without a record")
	}
}
