package bus_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/infohus/infohus/pkg/bus"
	"github.com/infohus/infohus/pkg/bus/local"
	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
)

// patience is how long a test waits for what must come.
const patience = time.Minute

// world is a server on the loopback interface, set up, with a user per room.
type world struct {
	t    *testing.T
	o    local.Options
	s    *local.Server
	url  string
	pass map[string]string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, pass: map[string]string{}}
	for _, u := range bus.Users() {
		w.pass[u] = string(hub.NewID())
	}
	w.o = local.Options{Dir: t.TempDir(), Accounts: bus.Accounts(w.pass), TCP: true}
	w.start()
	t.Cleanup(func() { w.s.Stop() })
	if err := bus.Setup(t.Context(), w.config(bus.Admin)); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) start() {
	w.t.Helper()
	s, err := local.Start(w.o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.s, w.url = s, s.URL()
	fmt.Sscanf(s.URL()[strings.LastIndex(s.URL(), ":")+1:], "%d", &w.o.Port) // the same port after a restart
}

func (w *world) config(user string) bus.Config {
	return bus.Config{URL: w.url, User: user, Password: w.pass[user]}
}

func (w *world) connect(room string) *bus.Conn {
	w.t.Helper()
	c, err := bus.Connect(w.t.Context(), w.config(room))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(c.Close)
	return c
}

// raw is a plain connection of a user, as somebody has it who stole the
// password; what the server refuses arrives in the channel.
func (w *world) raw(user string) (*nats.Conn, chan error) {
	w.t.Helper()
	errs := make(chan error, 100)
	nc, err := nats.Connect(w.url, nats.UserInfo(user, w.pass[user]), nats.CustomInboxPrefix("_INBOX_"+user),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { errs <- err }))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(nc.Close)
	return nc, errs
}

func (w *world) admin() jetstream.JetStream {
	w.t.Helper()
	nc, _ := w.raw(bus.Admin)
	js, err := jetstream.New(nc)
	if err != nil {
		w.t.Fatal(err)
	}
	return js
}

func (w *world) stored(stream string) uint64 {
	w.t.Helper()
	s, err := w.admin().Stream(w.t.Context(), stream)
	if err != nil {
		w.t.Fatal(err)
	}
	return s.CachedInfo().State.Msgs
}

func (w *world) consumer(stream, room string) *jetstream.ConsumerInfo {
	w.t.Helper()
	c, err := w.admin().Consumer(w.t.Context(), stream, room)
	if err != nil {
		w.t.Fatal(err)
	}
	return c.CachedInfo()
}

// ackWait makes the server send again sooner what is not acknowledged.
func (w *world) ackWait(stream, room string, d time.Duration) {
	w.t.Helper()
	conf := w.consumer(stream, room).Config
	conf.AckWait = d
	if _, err := w.admin().UpdateConsumer(w.t.Context(), stream, conf); err != nil {
		w.t.Fatal(err)
	}
}

// received is a fact that intake tells portal.
func received(t *testing.T, key hub.ID) event.Envelope {
	t.Helper()
	e, _, err := event.Wrap("intake", hub.NewID(), time.Now(), event.ConcernReceived{Concern: key, Authority: "koege", Step: "police_check"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func many(t *testing.T, n int) []event.Envelope {
	batch := make([]event.Envelope, n)
	for i := range batch {
		batch[i] = received(t, "concern")
	}
	return batch
}

func publish(t *testing.T, c *bus.Conn, batch ...event.Envelope) {
	t.Helper()
	if err := c.Publish(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
}

// hearing is a room that consumes until the test ends, or stop.
type hearing struct {
	told   chan event.Envelope // every delivery, before the handler answers
	parked chan string         // the reasons
	raws   chan []byte
	ended  chan error
	stop   context.CancelFunc
}

func (w *world) hear(c *bus.Conn, room string, handle func(context.Context, event.Envelope, event.Fact) error) *hearing {
	ctx, stop := context.WithCancel(w.t.Context())
	h := &hearing{make(chan event.Envelope, 1000), make(chan string, 1000), make(chan []byte, 1000), make(chan error, 1), stop}
	go func() {
		h.ended <- c.Consume(ctx, room, func(ctx context.Context, e event.Envelope, f event.Fact) error {
			h.told <- e
			if handle == nil {
				return nil
			}
			return handle(ctx, e, f)
		}, func(_ context.Context, raw []byte, reason string) error {
			h.raws <- raw
			h.parked <- reason
			return nil
		})
	}()
	w.t.Cleanup(func() { stop(); <-h.ended })
	return h
}

func get[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("it never came")
		panic("not reached")
	}
}

// until waits for a condition that the server brings about.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for tick := time.NewTicker(5 * time.Millisecond); !ok(); {
		select {
		case <-ctx.Done():
			t.Fatal("never: " + what)
		case <-tick.C:
		}
	}
}

func violation(err error) bool { return errors.Is(err, nats.ErrPermissionViolation) }
