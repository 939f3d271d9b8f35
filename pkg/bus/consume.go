package bus

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
)

// Handler applies one fact, in a transaction of its own. Its error decides the
// fact's fate, by its code:
//
//	nil, conflict      acknowledged: it is done
//	invalid, denied    parked at once, and never sent again
//	anything else      sent again, later and later; from the fifth time an alarm
type Handler func(ctx context.Context, e event.Envelope, f event.Fact) error

// Parker keeps a fact that cannot be applied, as it came, for an operator. When
// it returns nil the fact is kept; until then the fact comes again.
type Parker func(ctx context.Context, raw []byte, reason string) error

const (
	ackWait  = 30 * time.Second // after this without a word, a fact is sent again
	handling = 20 * time.Second // what a handler has, less than ackWait
	workers  = 4                // per owner; facts of one key meet the same one
	ahead    = 32               // facts fetched and not yet begun
	alarmAt  = 5                // deliveries

	// heartbeat is how often a stream says that it has nothing. Without a word for twice as
	// long it is asked anew: what it was asked is gone where it was put back meanwhile.
	heartbeat = 4 * time.Second
)

// Consume hands the room every fact that it is told, by all owners, until ctx
// ends. Then it stops fetching, finishes what it has fetched, and returns nil.
// A stream or consumer that is gone is waited for; Ready says so meanwhile.
func (c *Conn) Consume(ctx context.Context, room string, handle func(context.Context, event.Envelope, event.Fact) error, park func(ctx context.Context, raw []byte, reason string) error) error {
	if room != c.room {
		return fmt.Errorf("bus: %s cannot hear for %s", c.room, room)
	}
	var owners sync.WaitGroup
	for _, owner := range event.Owners() {
		if len(event.Heard(room, owner)) > 0 {
			owners.Go(func() { c.hear(ctx, owner, handle, park) })
		}
	}
	owners.Wait()
	return nil
}

// hear consumes one owner's stream, and begins again when the consumer ends.
func (c *Conn) hear(ctx context.Context, owner string, handle Handler, park Parker) {
	what := "consume " + owner
	for try := uint64(1); ctx.Err() == nil; try++ {
		began := time.Now()
		err := c.attach(ctx, owner, handle, park)
		if ctx.Err() != nil {
			return
		}
		c.note(what, err)
		c.log.Error("not hearing facts; trying again", "room", c.room, "owner", owner, "error", fmt.Sprint(err))
		if time.Since(began) > time.Minute {
			try = 1
		}
		select {
		case <-ctx.Done():
		case <-time.After(delay(hub.CodeNotFound, try, hub.ID(owner+c.room))):
		}
	}
}

// attach consumes until ctx ends or the consumer does.
func (c *Conn) attach(ctx context.Context, owner string, handle Handler, park Parker) error {
	lookup, cancel := context.WithTimeout(ctx, answer)
	consumer, err := c.js.Consumer(lookup, owner, c.room)
	cancel()
	if err != nil {
		return err
	}
	c.note("consume "+owner, nil)
	d := newDesk(func(m delivery) { c.apply(context.WithoutCancel(ctx), m, handle, park) })
	defer d.close()
	var last atomic.Value
	consuming, err := consumer.Consume(d.take, jetstream.PullMaxMessages(ahead), jetstream.PullHeartbeat(heartbeat),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
			last.Store(err.Error())
			c.log.Warn("stream", "room", c.room, "owner", owner, "error", err.Error())
		}))
	if err != nil {
		return err
	}
	select {
	case <-consuming.Closed():
		return fmt.Errorf("the consumer ended: %v", last.Load())
	case <-ctx.Done():
	}
	if !c.nc.IsConnected() {
		consuming.Stop() // what was fetched comes again
		return nil
	}
	consuming.Drain()
	select {
	case <-consuming.Closed():
	case <-time.After(handling + 5*time.Second):
		consuming.Stop()
	}
	return nil
}

// delivery is one message, read.
type delivery struct {
	jetstream.Msg
	e   event.Envelope
	f   event.Fact
	err error
}

// desk shares deliveries out to workers, those of one key to the same one.
type desk struct {
	lanes [workers]chan delivery
	work  sync.WaitGroup

	mu     sync.Mutex // held while a delivery is handed over
	closed bool
}

func newDesk(apply func(delivery)) *desk {
	d := new(desk)
	for i := range d.lanes {
		d.lanes[i] = make(chan delivery)
		d.work.Go(func() {
			for m := range d.lanes[i] {
				apply(m)
			}
		})
	}
	return d
}

func (d *desk) take(m jetstream.Msg) {
	r := delivery{Msg: m}
	r.e, r.f, r.err = event.Decode(m.Data())
	if r.err == nil && r.e.Type != m.Subject() {
		r.err = &hub.Error{Code: hub.CodeInvalid, Key: "event.unreadable", Err: errors.New("it came under the subject of another type")}
	}
	h := fnv.New32a()
	h.Write([]byte(r.e.Subject))
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.lanes[h.Sum32()%workers] <- r
	}
}

// close returns when everything taken has been applied.
func (d *desk) close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	for _, l := range d.lanes {
		close(l)
	}
	d.work.Wait()
}

// apply handles one delivery and decides its fate.
func (c *Conn) apply(ctx context.Context, m delivery, handle Handler, park Parker) {
	if m.e.TraceParent != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": m.e.TraceParent})
	}
	ctx, span := tracer().Start(ctx, "consume "+m.Subject(), trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(attribute.String("messaging.system", "nats"), attribute.String("messaging.message.id", string(m.e.ID)), attribute.String("messaging.consumer.group.name", c.room)))
	defer span.End()
	ctx, cancel := context.WithTimeout(ctx, handling)
	defer cancel()

	err := m.err
	if err == nil {
		err = call(ctx, m.e, m.f, handle)
	}
	n := deliveries(m)
	code := hub.CodeOf(err)
	var told error // whether the server heard of the fate
	switch {
	case err == nil, code == hub.CodeConflict:
		told = m.Ack()
	case code == hub.CodeInvalid, code == hub.CodeDenied:
		span.SetStatus(codes.Error, string(code))
		reason := reasonOf(err)
		if kept := park(ctx, m.Data(), reason); kept != nil {
			c.log.ErrorContext(ctx, "a fact could not be parked; it comes again", "room", c.room, "type", m.Subject(), "error", kept.Error())
			told = m.NakWithDelay(delay(hub.CodeUnavailable, n, m.e.ID))
			break
		}
		told = m.TermWithReason(reason)
	default:
		span.SetStatus(codes.Error, string(code))
		wait := delay(code, n, m.e.ID)
		if n >= alarmAt {
			c.log.ErrorContext(ctx, "a fact is not getting through", "room", c.room, "type", m.Subject(), "id", string(m.e.ID), "deliveries", n, "code", string(code), "again_in", wait)
		}
		told = m.NakWithDelay(wait)
	}
	if told != nil { // it comes again after ackWait, and the inbox knows it
		c.log.WarnContext(ctx, "the stream did not hear the fate of a fact", "room", c.room, "type", m.Subject(), "error", told.Error())
	}
}

// call runs the handler, and makes a panic an internal error. The panic's value
// may quote what the handler had in hand, so only its place is told.
func call(ctx context.Context, e event.Envelope, f event.Fact, handle Handler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("bus: the handler of %s panicked with a %T at %s", e.Type, p, debug.Stack())
		}
	}()
	return handle(ctx, e, f)
}

// deliveries says how often the message has been sent, this time included.
func deliveries(m jetstream.Msg) uint64 {
	meta, err := m.Metadata()
	if err != nil {
		return 1 // not from a stream, which cannot be
	}
	return meta.NumDelivered
}

// reasonOf is why a fact is parked, without anything it says.
func reasonOf(err error) string {
	var e *hub.Error
	if !errors.As(err, &e) {
		return string(hub.CodeInternal)
	}
	reason := string(e.Code)
	if e.Key != "" {
		reason += ": " + e.Key
	}
	if e.Key == "event.unreadable" && len(e.Args) == 1 {
		reason += fmt.Sprintf(": %v", e.Args[0]) // one of package event's own phrases
	}
	return reason
}

// delay is how long a fact waits before delivery n+1: twice as long each time,
// up to a bound that depends on what was wrong, and up to a quarter more or less
// by the fact's own id, so that facts that failed together do not come together.
func delay(code hub.Code, n uint64, id hub.ID) time.Duration {
	first, most := 250*time.Millisecond, 5*time.Minute
	switch code {
	case hub.CodeNotFound: // ahead of its cause, which is on its way
		first, most = 100*time.Millisecond, 30*time.Second
	case hub.CodeUnavailable: // the database or the trail is away, not the fact at fault
		most = 30 * time.Second
	}
	wait := most
	if n < 1 {
		n = 1
	}
	if n <= 20 {
		wait = min(first<<(n-1), most)
	}
	h := fnv.New32a()
	fmt.Fprint(h, id, n)
	return wait*3/4 + wait/2*time.Duration(h.Sum32()%1024)/1024
}
