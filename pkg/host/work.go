package host

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/infohus/infohus/pkg/bus"
	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
)

// begin starts what the rooms do unasked: tell, hear, and do by the clock.
func (h *Hub) begin(ctx context.Context) {
	for _, r := range h.rooms {
		if slices.Contains(event.Owners(), r.name) {
			h.keep(ctx, r.name, "relay", func(ctx context.Context) error {
				return r.db.Relay(ctx, teller{h, r})
			})
		}
		if len(r.On) > 0 {
			h.keep(ctx, r.name, "consumer", func(ctx context.Context) error {
				return r.bus.Consume(ctx, r.name, h.hear(r), h.park(r))
			})
		}
	}
	if !h.c.Still {
		h.keep(ctx, "", "chores", h.clockwork)
	}
}

// keep runs something for as long as the hub runs. If it ends before, it is
// begun again, after a wait that grows from 0.1 s to 5 s.
func (h *Hub) keep(ctx context.Context, room, what string, run func(context.Context) error) {
	h.work.Go(func() {
		for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
			began := time.Now()
			err := run(ctx)
			if ctx.Err() != nil {
				return
			}
			if time.Since(began) > time.Minute {
				wait = 100 * time.Millisecond
			}
			h.c.Log.Error("ended, begins again", "room", room, "what", what, "error", fmt.Sprint(err))
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait + rand.N(wait)):
			}
		}
	})
}

// teller publishes a room's outbox and counts it.
type teller struct {
	h *Hub
	r *room
}

// Publish gives a batch to the stream.
func (t teller) Publish(ctx context.Context, batch []event.Envelope) error {
	err := t.r.bus.Publish(ctx, batch)
	if err == nil {
		t.h.meters.told.Add(ctx, int64(len(batch)), metric.WithAttributes(attribute.String("room", t.r.name)))
	}
	t.h.c.Watch()
	return err
}

var _ pg.Publisher = teller{}
var _ pg.Publisher = (*bus.Conn)(nil)

// hear applies a fact to a room: the reaction and the note that it is done, in
// one transaction.
func (h *Hub) hear(r *room) func(context.Context, event.Envelope, event.Fact) error {
	return func(ctx context.Context, e event.Envelope, f event.Fact) error {
		react := r.On[e.Type]
		err := r.db.Apply(ctx, e, f, func(ctx context.Context, tx *pg.Tx) error { return react(ctx, tx, e, f) })
		outcome := "done"
		if err != nil {
			outcome = string(hub.CodeOf(err))
		}
		h.meters.done.Add(ctx, 1, metric.WithAttributes(attribute.String("room", r.name), attribute.String("type", e.Type), attribute.String("outcome", outcome)))
		if err != nil {
			h.c.Log.WarnContext(ctx, "fact", "room", r.name, "type", e.Type, "id", string(e.ID), "outcome", outcome, "error", err.Error())
		} else {
			h.c.Log.InfoContext(ctx, "fact", "room", r.name, "type", e.Type, "id", string(e.ID), "outcome", outcome)
		}
		h.c.Watch()
		return err
	}
}

func (h *Hub) park(r *room) func(context.Context, []byte, string) error {
	return func(ctx context.Context, raw []byte, reason string) error {
		err := r.db.Park(ctx, raw, reason)
		h.c.Log.ErrorContext(ctx, "a fact was parked: see infohus dead", "room", r.name, "reason", reason)
		h.c.Watch()
		return err
	}
}

// chore is a chore and when it is due next.
type chore struct {
	service.Chore
	room string
	mu   sync.Mutex // a chore does not run beside itself
	due  time.Time
}

// clockwork runs the chores by the machine's clock.
func (h *Hub) clockwork(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		h.Tick(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Tick does every chore that is due by the hub's clock, one after the other.
// One that fails is logged, and is due again in its turn; the error says which
// failed.
func (h *Hub) Tick(ctx context.Context) error {
	var problems []error
	for _, r := range h.rooms {
		for _, c := range r.chores {
			if err := h.do(ctx, c); err != nil {
				problems = append(problems, fmt.Errorf("%s %s: %w", c.room, c.Name, err))
			}
		}
	}
	return errors.Join(problems...)
}

func (h *Hub) do(ctx context.Context, c *chore) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := h.c.Now()
	if now.Before(c.due) {
		return nil
	}
	c.due = now.Add(c.Every)
	err := c.Do(ctx)
	outcome := "done"
	if err != nil {
		outcome = string(hub.CodeOf(err))
		h.c.Log.ErrorContext(ctx, "chore", "room", c.room, "chore", c.Name, "error", err.Error())
	}
	h.meters.chores.Add(ctx, 1, metric.WithAttributes(attribute.String("room", c.room), attribute.String("chore", c.Name), attribute.String("outcome", outcome)))
	return err
}
