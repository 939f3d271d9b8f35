//go:build !race

package pg_test

import (
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
