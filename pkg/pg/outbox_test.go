package pg_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// wire is where relays publish to in these tests: a channel, with a say in what
// happens to each batch.
type wire struct {
	batches chan []event.Envelope
	before  func(batch []event.Envelope) error // called first; nil takes everything
}

func (w *wire) Publish(ctx context.Context, batch []event.Envelope) error {
	if w.before != nil {
		if err := w.before(batch); err != nil {
			return err
		}
	}
	select {
	case w.batches <- batch:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func newWire() *wire { return &wire{batches: make(chan []event.Envelope, 1000)} }

// take reads n envelopes off the wire.
func (w *wire) take(t *testing.T, n int) (all []event.Envelope) {
	t.Helper()
	given := time.After(time.Minute) // a fact that never comes is a failure, not a wait
	for len(all) < n {
		select {
		case b := <-w.batches:
			if len(b) > 100 {
				t.Errorf("a batch of %d", len(b))
			}
			all = append(all, b...)
		case <-given:
			t.Fatalf("%d of %d facts came", len(all), n)
		}
	}
	return all
}

// relay starts a relay and ends it with the test.
func relay(t *testing.T, db *pg.DB, to pg.Publisher) {
	c, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		err := db.Relay(c, to)
		for c.Err() == nil { // as the host does
			err = db.Relay(c, to)
		}
		done <- err
	}()
	t.Cleanup(func() { stop(); check(t, <-done) })
}

// tell tells a fact about a concern.
func tell(db *pg.DB, concern hub.ID, then func() error) error {
	return db.Command(ctx, as(coordinator), pg.Entry{Act: hub.ActChange}, func(tx *pg.Tx) error {
		if err := tx.Tell(ctx, event.ConcernReceived{Concern: concern, Authority: "koege"}); err != nil || then == nil {
			return err
		}
		return then()
	})
}

// place is an envelope's number for the portal.
func place(t testing.TB, e event.Envelope) int {
	t.Helper()
	who, n, _ := strings.Cut(e.Sequence, ":")
	v, err := strconv.Atoi(n)
	if err != nil || who != "portal" {
		t.Fatalf("sequence %q", e.Sequence)
	}
	return v
}

func TestFactsComeOutInOrderUnderEachKey(t *testing.T) {
	w := newWorld(t)
	db := w.room("intake")
	out := newWire()
	fails := 3
	out.before = func([]event.Envelope) error { // the stream is down at first
		if fails--; fails >= 0 {
			return errors.New("down")
		}
		return nil
	}
	var keys []hub.ID
	for range 8 {
		keys = append(keys, hub.NewID())
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 70 {
				if err := tell(db, keys[(i+j)%len(keys)], nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	wantCode(t, tell(db, keys[0], func() error { return hub.Conflict("error.late") }), hub.CodeConflict) // never told
	relay(t, db, out)
	last := map[hub.ID]int{}
	for _, e := range out.take(t, 280) {
		if n := place(t, e); n != last[e.Subject]+1 {
			t.Errorf("number %d after %d", n, last[e.Subject])
		}
		last[e.Subject]++
	}
	w.is("280 280", `select (select count(*) from intake.outbox) || ' ' || (select sum(last) from intake.outbox_key where consumer = '')`)
	if err := tell(db, keys[0], nil); err != nil { // and the relay is woken
		t.Fatal(err)
	}
	if e := out.take(t, 1)[0]; place(t, e) != last[keys[0]]+1 {
		t.Errorf("after a rollback number %d follows %d", place(t, e), last[keys[0]])
	}
}

// TestASlowTransactionIsNotSkipped lets a later row be published while an
// earlier one, with the older identity value, is still uncommitted.
func TestASlowTransactionIsNotSkipped(t *testing.T) {
	w := newWorld(t)
	db := w.room("intake")
	out := newWire()
	relay(t, db, out)
	slow, quick := hub.NewID(), hub.NewID()
	hasTold, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	letGo := sync.OnceFunc(func() { close(goOn) })
	defer letGo()
	go func() {
		ended <- tell(db, slow, func() error { close(hasTold); <-goOn; return nil })
	}()
	<-hasTold
	check(t, tell(db, quick, nil))
	if e := out.take(t, 1)[0]; e.Subject != quick {
		t.Fatalf("published %s, which is not committed", e.Subject)
	}
	letGo()
	check(t, <-ended)
	if e := out.take(t, 1)[0]; e.Subject != slow {
		t.Fatal("the slow transaction's fact was skipped")
	}
	w.is(true, `select (select id from intake.outbox where key = $1) < (select id from intake.outbox where key = $2)`, slow, quick)
}

// TestTwoRelaysAtOnceAreHarmless takes the lock from a relay while it is
// publishing: another leads, and both publish the same.
func TestTwoRelaysAtOnceAreHarmless(t *testing.T) {
	w := newWorld(t)
	one, two := w.room("intake"), w.room("intake")
	a, b := hub.NewID(), hub.NewID()
	for range 60 {
		check(t, tell(one, a, nil))
		check(t, tell(one, b, nil))
	}
	publishing, goOn := make(chan struct{}), make(chan struct{})
	letGo := sync.OnceFunc(func() { close(goOn) })
	defer letGo()
	out := newWire()
	var once sync.Once
	paused := &wire{batches: out.batches, before: func([]event.Envelope) error {
		once.Do(func() { close(publishing); <-goOn })
		return nil
	}}
	relay(t, one, paused)
	<-publishing
	w.sql(`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`)
	relay(t, two, out)
	got := out.take(t, 120) // from the second relay
	letGo()
	got = append(got, out.take(t, 100)...) // the first one's batch, late

	portal := w.room("portal")
	applied := map[hub.ID][]int{}
	for _, e := range got {
		check(t, portal.Apply(ctx, e, nil, func(context.Context, *pg.Tx) error {
			applied[e.Subject] = append(applied[e.Subject], place(t, e))
			return nil
		}))
	}
	for _, k := range []hub.ID{a, b} {
		if len(applied[k]) != 60 || !slices.IsSorted(applied[k]) {
			t.Errorf("applied %v", applied[k])
		}
	}
}

// facts makes n facts under one key, as the portal would get them.
func facts(t *testing.T, w *world, n int) (all []event.Envelope) {
	t.Helper()
	db := w.room("intake")
	k := hub.NewID()
	for range n {
		check(t, tell(db, k, nil))
	}
	for i := range n {
		var e event.Envelope
		check(t, json.Unmarshal([]byte(w.ask(`select envelope::text from intake.outbox where key = $1 and n = $2`, k, i+1)), &e))
		all = append(all, e)
	}
	return all
}

// note is a handler: it writes down what it saw.
func note(e event.Envelope, then error) func(context.Context, *pg.Tx) error {
	return func(c context.Context, tx *pg.Tx) error {
		if _, err := tx.Exec(c, `insert into seen (fact, key) values ($1, $2)`, e.ID, e.Subject); err != nil {
			return err
		}
		return then
	}
}

func TestEachFactIsAppliedOnceAndInOrder(t *testing.T) {
	w := newWorld(t)
	db := w.room("portal")
	f := facts(t, w, 3)
	seen := func(want int) { t.Helper(); w.is(want, `select count(*) from portal.seen`) }
	apply := func(i int, then error) error { return db.Apply(ctx, f[i], nil, note(f[i], then)) }

	wantCode(t, apply(1, nil), hub.CodeNotFound) // ahead of its cause
	wantCode(t, apply(2, nil), hub.CodeNotFound)
	seen(0)
	gaps, err := db.Gaps(ctx)
	check(t, err)
	if len(gaps) != 1 || gaps[0].Waits != 2 || gaps[0].Last != 0 || gaps[0].Source != "intake" || gaps[0].Key != f[0].Subject {
		t.Errorf("gaps are %+v", gaps)
	}

	if err := apply(0, errors.New("fails before the commit")); hub.CodeOf(err) != hub.CodeInternal {
		t.Errorf("the handler's error became %v", err)
	}
	seen(0)
	check(t, apply(0, nil))
	check(t, apply(0, nil)) // failed after the commit: the ack was lost, and it comes again
	seen(1)
	check(t, apply(1, nil))
	if gaps, err = db.Gaps(ctx); err != nil || len(gaps) != 0 {
		t.Errorf("gaps are %+v, %v", gaps, err)
	}
	wantCode(t, apply(2, hub.Invalid("x", "event.poison")), hub.CodeInvalid)
	check(t, apply(2, nil))
	check(t, apply(2, nil))
	check(t, apply(0, nil))
	seen(3)

	other := f[0] // a number that has been used, under another id
	other.ID = hub.NewID()
	wantCode(t, db.Apply(ctx, other, nil, note(other, nil)), hub.CodeInvalid)
	other.Sequence = "person:1"
	wantCode(t, db.Apply(ctx, other, nil, note(other, nil)), hub.CodeInvalid)
	seen(3)
}

// TestOneFactManyDeliveries sends one fact from many at once.
func TestOneFactManyDeliveries(t *testing.T) {
	w := newWorld(t)
	db := w.room("portal")
	f := facts(t, w, 2)
	var wg sync.WaitGroup
	for range 20 {
		for _, e := range f {
			wg.Go(func() {
				if err := db.Apply(ctx, e, nil, note(e, nil)); err != nil && hub.CodeOf(err) != hub.CodeNotFound {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	check(t, db.Apply(ctx, f[1], nil, note(f[1], nil)))
	w.is("2 2", `select count(*) || ' ' || count(distinct fact) from portal.seen`)
}

func TestTheTraceAndTheCauseGoOn(t *testing.T) {
	w := newWorld(t)
	intake, portal := w.room("intake"), w.room("portal")
	sc := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1, 2, 3}, SpanID: trace.SpanID{4}, TraceFlags: trace.FlagsSampled})
	who := as(coordinator)
	k := hub.NewID()
	check(t, intake.Command(ctx, who, pg.Entry{Act: hub.ActChange}, func(tx *pg.Tx) error {
		return tx.Tell(trace.ContextWithSpanContext(ctx, sc), event.ConcernReceived{Concern: k})
	}))
	e, f, err := event.Decode([]byte(w.ask(`select envelope::text from intake.outbox where key = $1`, k)))
	check(t, err)
	if !strings.Contains(e.TraceParent, sc.TraceID().String()) || e.CausationID != who.Request || e.CorrelationID != who.Cause {
		t.Errorf("envelope %+v", e)
	}
	check(t, portal.Apply(ctx, e, f, func(c context.Context, tx *pg.Tx) error {
		if got := trace.SpanContextFromContext(c).TraceID(); got != sc.TraceID() {
			t.Errorf("trace %s, want %s", got, sc.TraceID())
		}
		if tx.Who().Cause != who.Cause || tx.Who().Request != e.ID || tx.Who().Role != "system" {
			t.Errorf("actor %+v", tx.Who())
		}
		return nil
	}))
	// Only its owner tells a fact.
	err = portal.Command(ctx, who, pg.Entry{}, func(tx *pg.Tx) error { return tx.Tell(ctx, event.ConcernReceived{Concern: k}) })
	wantCode(t, err, hub.CodeInternal)
}

func TestDeadLettersCanBeTriedAgain(t *testing.T) {
	w := newWorld(t)
	db := w.room("portal")
	f := facts(t, w, 2)
	raw, err := json.Marshal(f[0])
	check(t, err)
	check(t, db.Park(ctx, raw, "invalid event.poison"))
	check(t, db.Park(ctx, []byte("\x00not json"), "invalid event.unreadable"))
	letters, err := db.DeadLetters(ctx)
	check(t, err)
	if len(letters) != 2 || letters[0].Type+letters[1].Type != "intake.concern.received.v1" {
		t.Fatalf("letters %+v", letters)
	}
	wantCode(t, db.Revive(ctx, hub.NewID()), hub.CodeNotFound)
	again := func(then error) (n int) {
		t.Helper()
		for _, l := range letters {
			check(t, db.Revive(ctx, l.ID))
		}
		n, err := db.Again(ctx, func(c context.Context, e event.Envelope, f event.Fact) error { return db.Apply(c, e, f, note(e, then)) })
		check(t, err)
		return n
	}
	if n := again(hub.Invalid("f", "event.still")); n != 0 {
		t.Errorf("%d applied", n)
	}
	if n := again(nil); n != 1 {
		t.Errorf("%d applied, want 1", n)
	}
	letters, err = db.DeadLetters(ctx)
	check(t, err)
	if len(letters) != 1 || letters[0].Asked || letters[0].Reason != "invalid event.unreadable" {
		t.Errorf("letters %+v", letters)
	}
	check(t, db.Apply(ctx, f[1], nil, note(f[1], nil)))
	w.is(2, `select count(*) from portal.seen`)
}
