package bus_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/trace"

	"github.com/infohus/infohus/pkg/bus"
	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
)

func TestToldInOrder(t *testing.T) {
	w := newWorld(t)
	c := w.connect("intake")
	if err := c.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := many(t, 250) // three batches
	publish(t, c, all...)
	h := w.hear(w.connect("portal"), "portal", nil)
	for i, want := range all {
		if got := get(t, h.told); got.ID != want.ID {
			t.Fatalf("fact %d is out of order", i)
		}
	}
	if n := w.stored("intake"); n != 250 {
		t.Errorf("%d facts are stored", n)
	}
	until(t, "all acknowledged", func() bool { return w.consumer("intake", "portal").AckFloor.Stream == 250 })
}

// TestSaidTwice (F05, F06): the relay publishes again what it does not know to
// be published.
func TestSaidTwice(t *testing.T) {
	w := newWorld(t)
	c := w.connect("intake")
	all := many(t, 100)
	publish(t, c, all[41])
	publish(t, c, all[41])
	if n := w.stored("intake"); n != 1 {
		t.Fatalf("one fact said twice is stored %d times", n)
	}
	publish(t, c, all...) // one of a batch is there
	if n := w.stored("intake"); n != 100 {
		t.Fatalf("%d facts are stored, want 100", n)
	}
	publish(t, c, all...) // all of it is there
	if n := w.stored("intake"); n != 100 {
		t.Fatalf("%d facts are stored after a repeat, want 100", n)
	}
	h := w.hear(w.connect("portal"), "portal", nil)
	want := slices.Concat(all[41:42], all[:41], all[42:])
	for i := range want {
		if got := get(t, h.told); got.ID != want[i].ID {
			t.Fatalf("fact %d is out of order", i)
		}
	}
}

func TestTellsOnlyItsOwn(t *testing.T) {
	w := newWorld(t)
	c := w.connect("portal")
	began := received(t, "concern")
	if err := c.Publish(t.Context(), []event.Envelope{began}); err == nil || hub.CodeOf(err) != hub.CodeInternal {
		t.Errorf("portal told intake's fact: %v", err)
	}
	if err := c.Consume(t.Context(), "person", nil, nil); err == nil {
		t.Error("portal heard for person")
	}
}

// TestPoison (F17, A072): what nobody can read, and what a handler calls
// invalid, is parked as it came, and the others flow.
func TestPoison(t *testing.T) {
	w := newWorld(t)
	good := received(t, "concern")
	refused := received(t, "refused")
	raw, _ := w.raw("intake")
	js, err := jetstream.New(raw)
	if err != nil {
		t.Fatal(err)
	}
	envelope := func(change func(map[string]any)) []byte {
		var m map[string]any
		b, _ := json.Marshal(good)
		json.Unmarshal(b, &m)
		change(m)
		b, _ = json.Marshal(m)
		return b
	}
	poison := [][]byte{
		{}, []byte("\x00"), []byte("\xff\xfe"), []byte("null"), []byte("{}"),
		[]byte(strings.Repeat("[", 20000)),
		[]byte(strings.Repeat("x", 60<<10)),
		envelope(func(m map[string]any) { m["type"] = "intake.concern.received.v9" }),
		envelope(func(m map[string]any) { m["type"] = "intake.concern.rerouted.v1" }), // another type than its subject
		envelope(func(m map[string]any) { m["source"] = "/portal" }),
		envelope(func(m map[string]any) { m["subject"] = "other" }),
		envelope(func(m map[string]any) { m["specversion"] = "0.3" }),
		envelope(func(m map[string]any) { m["data"] = "text" }),
	}
	for i, p := range poison {
		if _, err := js.Publish(t.Context(), good.Type, p); err != nil {
			t.Fatal(i, err)
		}
	}
	if _, err := js.Publish(t.Context(), good.Type, []byte(strings.Repeat("x", 65<<10))); err == nil {
		t.Error("the stream took a fact of 65 kB")
	}
	publish(t, w.connect("intake"), refused, good)
	h := w.hear(w.connect("portal"), "portal", func(_ context.Context, e event.Envelope, _ event.Fact) error {
		if e.ID == refused.ID {
			return hub.Invalid("why_now", "error.missing")
		}
		return nil
	})
	var raws [][]byte
	for range len(poison) + 1 {
		get(t, h.parked)
		raws = append(raws, get(t, h.raws))
	}
	for i, p := range poison {
		if !slices.ContainsFunc(raws, func(r []byte) bool { return string(r) == string(p) }) {
			t.Errorf("poison %d was not parked as it came", i)
		}
	}
	seen := []hub.ID{get(t, h.told).ID, get(t, h.told).ID}
	if !slices.Contains(seen, good.ID) {
		t.Error("the good fact did not flow")
	}
	until(t, "nothing waits", func() bool {
		i := w.consumer("intake", "portal")
		return i.AckFloor.Stream == uint64(len(poison)+2) && i.NumAckPending == 0
	})
	if len(h.told) > 0 {
		t.Error("a parked fact came again")
	}
}

// TestParkFails: a fact that cannot be kept is not let go.
func TestParkFails(t *testing.T) {
	w := newWorld(t)
	publish(t, w.connect("intake"), received(t, "concern"))
	tries := make(chan int, 10)
	n := 0
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- w.connect("portal").Consume(ctx, "portal",
			func(context.Context, event.Envelope, event.Fact) error { return hub.Denied("error.denied") },
			func(context.Context, []byte, string) error {
				n++
				tries <- n
				if n == 1 {
					return hub.Unavailable(errors.New("the database is away"))
				}
				return nil
			})
	}()
	if get(t, tries) != 1 || get(t, tries) != 2 {
		t.Error("it did not come again")
	}
	stop()
	get(t, ended)
}

// TestComesAgainLater: no hot loop. Each wait is at least what the delay says,
// and others flow meanwhile.
func TestComesAgainLater(t *testing.T) {
	w := newWorld(t)
	early, other := received(t, "early"), received(t, "other")
	publish(t, w.connect("intake"), early, other)
	var at []time.Time
	done := make(chan struct{})
	h := w.hear(w.connect("portal"), "portal", func(_ context.Context, e event.Envelope, _ event.Fact) error {
		if e.ID == other.ID {
			return hub.Conflict("error.done") // somebody did it: acknowledged
		}
		if at = append(at, time.Now()); len(at) == 4 {
			close(done)
			return nil
		}
		if len(at) == 2 {
			panic("handlers may be wrong") // the same as an internal error
		}
		return hub.NotFound()
	})
	get(t, h.told)
	get(t, h.told)
	get(t, done)
	for i, least := range []time.Duration{75, 187, 300} { // ms: three quarters of 100, 250 (panic), 400
		if wait := at[i+1].Sub(at[i]); wait < least*time.Millisecond {
			t.Errorf("delivery %d came after %v, want at least %v ms", i+2, wait, int(least))
		}
	}
	until(t, "all acknowledged", func() bool { return w.consumer("intake", "portal").AckFloor.Stream == 2 })
}

// TestMissingAck (F16): a fact whose handling was never told comes again.
func TestMissingAck(t *testing.T) {
	w := newWorld(t)
	w.ackWait("intake", "portal", 100*time.Millisecond)
	fact := received(t, "concern")
	publish(t, w.connect("intake"), fact)
	nc, _ := w.raw("portal")
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := js.Consumer(t.Context(), "intake", "portal")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mine.Next(); err != nil {
		t.Fatal(err)
	}
	nc.Close() // as a process that dies
	h := w.hear(w.connect("portal"), "portal", nil)
	if got := get(t, h.told); got.ID != fact.ID {
		t.Error("another fact came")
	}
	if err := bus.Setup(t.Context(), w.config(bus.Admin)); err != nil {
		t.Fatal(err)
	}
	if got := w.consumer("intake", "portal").Config.AckWait; got != 30*time.Second {
		t.Errorf("set-up left an AckWait of %v", got)
	}
}

// TestServerRestarts: the same store, and connections that come back.
func TestServerRestarts(t *testing.T) {
	w := newWorld(t)
	teller, hearer := w.connect("intake"), w.connect("portal")
	h := w.hear(hearer, "portal", nil)
	publish(t, teller, received(t, "concern"))
	get(t, h.told)
	w.s.Stop()
	until(t, "not ready without a server", func() bool { return teller.Ready(t.Context()) != nil })
	fact := received(t, "concern")
	if err := teller.Publish(t.Context(), []event.Envelope{fact}); hub.CodeOf(err) != hub.CodeUnavailable {
		t.Errorf("publish without a server: %v", err)
	}
	w.start()
	until(t, "published again", func() bool { return teller.Publish(t.Context(), []event.Envelope{fact}) == nil })
	if get(t, h.told).ID != fact.ID {
		t.Error("another fact came")
	}
	for _, c := range []*bus.Conn{teller, hearer} {
		if err := c.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if n := w.stored("intake"); n != 2 {
		t.Errorf("%d facts are stored", n)
	}
}

// TestStreamLost (F10): the outbox makes a lost stream good.
func TestStreamLost(t *testing.T) {
	w := newWorld(t)
	teller, hearer := w.connect("intake"), w.connect("portal")
	h := w.hear(hearer, "portal", nil)
	all := many(t, 3)
	publish(t, teller, all...)
	for range all {
		get(t, h.told)
	}
	if err := w.admin().DeleteStream(t.Context(), "intake"); err != nil {
		t.Fatal(err)
	}
	if err := teller.Publish(t.Context(), all); hub.CodeOf(err) != hub.CodeUnavailable {
		t.Errorf("publish without a stream: %v", err)
	}
	if teller.Ready(t.Context()) == nil || hearer.Ready(t.Context()) == nil {
		t.Error("ready without a stream")
	}
	if err := bus.Setup(t.Context(), w.config(bus.Admin)); err != nil {
		t.Fatal(err)
	}
	publish(t, teller, all...)
	for i := range all {
		if get(t, h.told).ID != all[i].ID {
			t.Error("out of order")
		}
	}
	until(t, "ready again", func() bool { return teller.Ready(t.Context()) == nil && hearer.Ready(t.Context()) == nil })
}

// TestFullStream (F19): a full stream refuses what is new and drops nothing.
func TestFullStream(t *testing.T) {
	w := newWorld(t)
	js := w.admin()
	s, err := js.Stream(t.Context(), "intake")
	if err != nil {
		t.Fatal(err)
	}
	conf := s.CachedInfo().Config
	conf.MaxMsgs = 3
	if _, err := js.UpdateStream(t.Context(), conf); err != nil {
		t.Fatal(err)
	}
	c := w.connect("intake")
	all := many(t, 4)
	publish(t, c, all[:2]...)
	if err := c.Publish(t.Context(), all[2:]); hub.CodeOf(err) != hub.CodeUnavailable {
		t.Errorf("a full stream took more: %v", err)
	}
	if c.Ready(t.Context()) == nil {
		t.Error("ready with a full stream")
	}
	if err := bus.Setup(t.Context(), w.config(bus.Admin)); err != nil {
		t.Fatal(err)
	}
	publish(t, c, all[2:]...)
	if n := w.stored("intake"); n != 4 {
		t.Errorf("%d facts are stored", n)
	}
	if err := c.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestStopFinishes: at the end what was begun is finished and acknowledged.
func TestStopFinishes(t *testing.T) {
	w := newWorld(t)
	publish(t, w.connect("intake"), received(t, "a"), received(t, "b"))
	begun, release := make(chan bool, 2), make(chan bool)
	var cancelled atomic.Bool
	c := w.connect("portal")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- c.Consume(ctx, "portal", func(ctx context.Context, _ event.Envelope, _ event.Fact) error {
			begun <- true
			<-release
			cancelled.Store(ctx.Err() != nil)
			return nil
		}, nil)
	}()
	get(t, begun)
	stop()
	select {
	case <-ended:
		t.Error("Consume ended with a handler at work")
	default:
	}
	close(release)
	if err := get(t, ended); err != nil {
		t.Error(err)
	}
	if cancelled.Load() {
		t.Error("the handler was cut off")
	}
	until(t, "nothing waits", func() bool { return w.consumer("intake", "portal").NumAckPending == 0 })
}

func TestTraceGoesAlong(t *testing.T) {
	w := newWorld(t)
	fact := received(t, "concern")
	fact.TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	publish(t, w.connect("intake"), fact)
	traces := make(chan string, 1)
	w.hear(w.connect("portal"), "portal", func(ctx context.Context, e event.Envelope, _ event.Fact) error {
		traces <- trace.SpanContextFromContext(ctx).TraceID().String()
		return nil
	})
	if got := get(t, traces); got != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("the handler runs in trace %s", got)
	}
	s, err := w.admin().Stream(t.Context(), "intake")
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.GetMsg(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if m.Header.Get("traceparent") != fact.TraceParent || m.Subject != fact.Type || m.Header.Get("Nats-Msg-Id") != string(fact.ID) {
		t.Errorf("on the wire: %s %v", m.Subject, m.Header)
	}
}

// careless is a server in process that does not say that it syncs always.
type careless struct{}

func (careless) InProcessConn() (net.Conn, error) { return nil, errors.New("not asked") }

func TestInProcess(t *testing.T) {
	w := newWorld(t)
	c, err := bus.Connect(t.Context(), bus.Config{User: "intake", Password: w.pass["intake"], InProcess: w.s})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	publish(t, c, many(t, 2)...)
	if _, err := bus.Connect(t.Context(), bus.Config{User: "intake", InProcess: careless{}}); err == nil || !strings.Contains(err.Error(), "sync_interval") {
		t.Errorf("a careless server: %v (F14)", err)
	}
}
