package pg_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	signednote "golang.org/x/mod/sumdb/note"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// law makes revisions, signed by two authorities of the tests.
type law struct {
	t       testing.TB
	who     policies.Approval
	private []string
	last    []byte
	n       int
}

func newLaw(t testing.TB) *law {
	t.Helper()
	l := &law{t: t, who: policies.Approval{Kinds: []hub.AuthorityKind{hub.Police, hub.Municipality}}, last: shared.engine.Document()}
	for a, k := range map[hub.AuthorityID]hub.AuthorityKind{"mvs": hub.Police, "koege": hub.Municipality} {
		private, public, err := signednote.GenerateKey(rand.Reader, string(a))
		check(t, err)
		l.private = append(l.private, private)
		l.who.Keys = append(l.who.Keys, policies.Key{Authority: a, Kind: k, Verifier: public, From: start.AddDate(-1, 0, 0), Until: start.AddDate(9, 0, 0)})
	}
	return l
}

// process is an engine of its own, as a process of rooms has one.
func (l *law) process() *policies.Engine {
	e, err := policies.New()
	check(l.t, err)
	e.Trust(l.who, nil)
	return e
}

// next is the revision after the last, in which some text is replaced: the
// document, and the same signed.
func (l *law) next(from time.Time, replace ...string) (document, signed []byte) {
	l.t.Helper()
	l.n++
	document, err := policies.Draft(l.last, policies.Header{Number: l.n, After: policies.Sum(l.last), From: from, Title: "Tried"})
	check(l.t, err)
	document = []byte(strings.NewReplacer(replace...).Replace(string(document)))
	l.last = document
	signed = document
	for _, p := range l.private {
		signed, err = policies.Sign(signed, p)
		check(l.t, err)
	}
	return document, signed
}

func (w *world) put(number int, signed []byte) {
	w.t.Helper()
	check(w.t, pg.PutPolicy(ctx, w.owner, w.now(), number, signed, []hub.AuthorityID{"koege", "mvs"}))
}

// opened opens a room with an engine of its own.
func (w *world) opened(room string, e *policies.Engine) *pg.DB {
	w.t.Helper()
	c := w.config(room)
	c.Engine = e
	db, err := pg.Open(ctx, c)
	check(w.t, err)
	w.t.Cleanup(db.Close)
	return db
}

// What the built-in document refuses a coordinator of Køge and a reporter, and a
// revision of the tests lets them: to register with, and without, a basis.
const lists = `"list":     {"reporter": true, "institution": true, "receiver": true`
const listsNot = `"list":     {"receiver": true`

// may asks, in a transaction of its own, whether reporters and receivers may list,
// and by which revision that was decided.
func may(db *pg.DB) (reporters, receivers bool, revision string, err error) {
	err = db.View(ctx, as(reporter), func(tx *pg.Tx) error {
		g, err := tx.Ask(ctx, policies.List{Role: hub.Reporter, Kind: hub.Municipality, Purpose: hub.Prevention})
		var no *policies.Denial
		if reporters = err == nil; reporters {
			revision = g.Revision()
		} else if errors.As(err, &no) {
			revision = no.Revision()
		} else {
			return err
		}
		_, err = tx.Ask(ctx, policies.Register{Role: hub.Reporter, Kind: hub.Municipality, Purpose: hub.Prevention, Basis: "GDPR6-1-E"})
		receivers = err == nil
		if err != nil && !errors.As(err, &no) {
			return err
		}
		return nil
	})
	return reporters, receivers, revision, err
}

const registers = `"register": {"reporter": true, `
const registersNot = `"register": {`

// TestARevisionHoldsInEveryRoomFromTheNextTransaction puts a revision while people
// read in two processes: whatever began after it was put was decided by it, and no
// transaction is decided by two.
func TestARevisionHoldsInEveryRoomFromTheNextTransaction(t *testing.T) {
	w := newWorld(t)
	l := newLaw(t)
	dbs := []*pg.DB{w.opened("intake", l.process()), w.opened("audit", l.process())}
	reporters, registering, was, err := may(dbs[0])
	check(t, err)
	if !reporters || !registering {
		t.Fatal("the built-in document is another than the test thinks")
	}
	document, signed := l.next(start, lists, listsNot, registers, registersNot)
	now, err := policies.New()
	check(t, err)
	check(t, now.Revise(document))
	var there atomic.Bool
	var all sync.WaitGroup
	var begun sync.WaitGroup
	for _, db := range dbs {
		for range 3 {
			begun.Add(1)
			all.Go(func() {
				for last, n := 0, 0; last < 5; n++ {
					after := there.Load()
					list, register, revision, err := may(db)
					if err != nil {
						t.Error(err)
					}
					switch {
					case list != register:
						t.Errorf("list %v, register %v: decided by two revisions", list, register)
					case after && list:
						t.Error("decided by what is no longer in force")
					case list != (revision == was) || !list != (revision == now.Revision()):
						t.Errorf("%v by revision %s", list, revision)
					}
					if n == 0 {
						begun.Done()
					}
					if after {
						last++
					}
				}
			})
		}
	}
	begun.Wait()
	w.put(1, signed)
	there.Store(true)
	all.Wait()
	w.is(2, `select count(*) from audit.trail where act = 'admin' and object_kind = 'policy' and object_version = 1 and person = 'operator' and controller in ('koege', 'mvs')`)
	// It is kept with the first decision that names it.
	if _, _, _, err := look(dbs[0], coordinator, hub.NewID()); err == nil {
		t.Fatal("something was there")
	}
	w.is(true, `select exists (select from access.revision where revision = $1)`, now.Revision())
	w.is(now.Revision(), `select revision from audit.trail where question <> '' order by id desc limit 1`)
}

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
