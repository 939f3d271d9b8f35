package bus

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
)

// most is how many facts go in one atomic batch: one write to disk for all.
const most = 100

// duplicateInBatch is the server's code for a batch of which it has a part.
const duplicateInBatch = 10201

// Publish gives facts of this room to the stream, in their order, and returns
// when all are on disk. After an error any of them may be there: the relay
// publishes the same ones again.
func (c *Conn) Publish(ctx context.Context, batch []event.Envelope) error {
	msgs := make([]*nats.Msg, len(batch))
	for i, e := range batch {
		m, err := c.message(e)
		if err != nil {
			return err
		}
		msgs[i] = m
	}
	ctx, span := tracer().Start(ctx, "publish "+c.room, trace.WithSpanKind(trace.SpanKindProducer),
		trace.WithAttributes(attribute.String("messaging.system", "nats"), attribute.Int("messaging.batch.message_count", len(msgs))))
	defer span.End()
	for chunk := range slices.Chunk(msgs, most) {
		if err := c.send(ctx, chunk); err != nil {
			err = hub.Unavailable(fmt.Errorf("bus: publish as %s: %w", c.room, err))
			span.SetStatus(codes.Error, "not published")
			c.note("publish", err)
			return err
		}
	}
	c.note("publish", nil)
	return nil
}

func tracer() trace.Tracer { return otel.Tracer("github.com/infohus/infohus/pkg/bus") }

// message is a fact on the wire. A fact of another room is refused here: the
// server would only be silent.
func (c *Conn) message(e event.Envelope) (*nats.Msg, error) {
	k, ok := event.KindNamed(e.Type)
	if !ok || k.Owner != c.room || e.Source != "/"+c.room {
		return nil, fmt.Errorf("bus: %s cannot tell %s: it is not its fact", c.room, e.Type)
	}
	data, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("bus: %s: %w", e.Type, err)
	}
	m := &nats.Msg{Subject: e.Type, Data: data, Header: nats.Header{}}
	m.Header.Set(jetstream.MsgIDHeader, string(e.ID))
	m.Header.Set("Content-Type", "application/cloudevents+json")
	if e.TraceParent != "" {
		m.Header.Set("traceparent", e.TraceParent)
	}
	return m, nil
}

// send publishes in one atomic batch; where the server already has a part of
// it, in halves, down to single facts, of which it drops what it has.
func (c *Conn) send(ctx context.Context, msgs []*nats.Msg) error {
	if len(msgs) == 1 {
		return c.ask(ctx, msgs[0], 1)
	}
	err := c.atomic(ctx, msgs)
	var refused *jetstream.APIError
	if !errors.As(err, &refused) || refused.ErrorCode != duplicateInBatch {
		return err
	}
	half := len(msgs) / 2
	if err := c.send(ctx, msgs[:half]); err != nil {
		return err
	}
	return c.send(ctx, msgs[half:])
}

// atomic publishes all or none. The first message is answered with nothing, the
// last with the outcome; those between are not answered.
func (c *Conn) atomic(ctx context.Context, msgs []*nats.Msg) error {
	id := rand.Text()
	for i, plain := range msgs {
		m := &nats.Msg{Subject: plain.Subject, Data: plain.Data, Header: nats.Header{}}
		for k, v := range plain.Header {
			m.Header[k] = v
		}
		m.Header.Set("Nats-Batch-Id", id)
		m.Header.Set("Nats-Batch-Sequence", strconv.Itoa(i+1))
		var err error
		switch i {
		case len(msgs) - 1:
			m.Header.Set("Nats-Batch-Commit", "1")
			err = c.ask(ctx, m, len(msgs))
		case 0:
			err = c.ask(ctx, m, 0)
		default:
			err = c.nc.PublishMsg(m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ask sends one message and checks the answer: count is how many facts it must
// say are stored, 0 that the answer must be empty.
func (c *Conn) ask(ctx context.Context, m *nats.Msg, count int) error {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	r, err := c.nc.RequestMsgWithContext(ctx, m)
	if err != nil {
		if last := c.nc.LastError(); errors.Is(err, context.DeadlineExceeded) && errors.Is(last, nats.ErrPermissionViolation) {
			return fmt.Errorf("no answer: %w", last)
		}
		return fmt.Errorf("%s: %w", m.Subject, err)
	}
	if count == 0 && len(r.Data) == 0 {
		return nil
	}
	var ack struct {
		Error  *jetstream.APIError `json:"error"`
		Stream string              `json:"stream"`
		Count  int                 `json:"count"` // of a batch
	}
	if err := json.Unmarshal(r.Data, &ack); err != nil {
		return fmt.Errorf("the server's answer cannot be read: %w", err)
	}
	switch {
	case ack.Error != nil:
		return ack.Error
	case ack.Stream != c.room, count == 0, count > 1 && ack.Count != count:
		return fmt.Errorf("the server stored %d of %d facts in stream %q", ack.Count, count, ack.Stream)
	}
	return nil
}
