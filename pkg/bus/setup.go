package bus

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/infohus/infohus/pkg/event"
)

// Setup makes the streams and consumers that the event table asks for, as the
// administrator. It may be run at any time, changes only what differs, and takes
// nothing away. A consumer of a new stream begins with the stream's first fact.
func Setup(ctx context.Context, admin Config) error {
	c, err := Connect(ctx, admin)
	if err != nil {
		return err
	}
	defer c.Close()
	replicas := 1
	if c.nc.ConnectedClusterName() != "" {
		replicas = 3
	}
	for _, owner := range event.Owners() {
		if _, err := c.js.CreateOrUpdateStream(ctx, stream(owner, replicas)); err != nil {
			return fmt.Errorf("bus: set up the stream %s: %w", owner, err)
		}
		for _, room := range Rooms() {
			if len(event.Heard(room, owner)) == 0 {
				continue
			}
			if _, err := c.js.CreateOrUpdateConsumer(ctx, owner, consumer(owner, room)); err != nil {
				return fmt.Errorf("bus: set up the consumer of %s on stream %s: %w", room, owner, err)
			}
		}
	}
	return nil
}

// stream holds what one room tells. It keeps facts for 90 days and never drops
// one to make room for another: when it is full, publishing fails, the outbox
// grows and readiness goes red.
func stream(owner string, replicas int) jetstream.StreamConfig {
	s := jetstream.StreamConfig{
		Name:               owner,
		Description:        "What " + owner + " tells. Made from the event table by infohus setup.",
		Storage:            jetstream.FileStorage,
		Retention:          jetstream.LimitsPolicy,
		Discard:            jetstream.DiscardNew,
		MaxAge:             90 * 24 * time.Hour,
		MaxBytes:           512 << 20,
		MaxMsgSize:         64 << 10,
		Duplicates:         10 * time.Minute,
		Replicas:           replicas,
		DenyDelete:         true,
		DenyPurge:          true,
		AllowAtomicPublish: true,
	}
	for _, k := range event.Table {
		if k.Owner == owner {
			s.Subjects = append(s.Subjects, k.Type)
		}
	}
	return s
}

// consumer is a room's place in one owner's stream. Deliveries are not limited:
// what cannot be applied is parked by the room, never dropped by the server.
func consumer(owner, room string) jetstream.ConsumerConfig {
	c := jetstream.ConsumerConfig{
		Durable:       room,
		Description:   "What " + room + " is told by " + owner + ".",
		DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       ackWait,
		MaxDeliver:    -1,
		MaxAckPending: 1000,
	}
	for _, k := range event.Heard(room, owner) {
		c.FilterSubjects = append(c.FilterSubjects, k.Type)
	}
	return c
}
