package pg

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/event"
)

// Publisher brings facts out. *bus.Conn is the one implementation; the interface
// is here because pg and bus stand on the same floor.
type Publisher interface {
	// Publish has returned nil only when every envelope of the batch is
	// durable. After an error any of them may be; publishing one again under
	// the same id is harmless.
	Publish(ctx context.Context, batch []event.Envelope) error
}

const (
	relayBatch = 100
	relayIdle  = 500 * time.Millisecond // how long a fact told by another process of this room may wait
)

// Relay publishes the outbox until ctx ends, and then returns nil. It ends with
// an error when something fails: run it again, after a pause. Of all processes
// of a room one relays, the holder of an advisory lock; two at once would be
// harmless, because the inbox knows what it has done.
//
// A row is found by not being published, never by coming after the last one:
// identity values become visible out of order. Under one key the order of ids
// is that of the numbers, and what is visible has no gap (see [Tx.Tell]).
func (db *DB) Relay(ctx context.Context, to Publisher) error {
	err := db.relay(ctx, to)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (db *DB) relay(ctx context.Context, to Publisher) error {
	conn, err := pgx.ConnectConfig(ctx, db.solo.Copy())
	if err != nil {
		return wrap(err)
	}
	defer func() {
		c, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		conn.Close(c) //nolint:errcheck // the lock goes with the connection
	}()
	var leads bool
	for !leads {
		if err := conn.QueryRow(ctx, `select pg_try_advisory_lock(hashtextextended('infohus relay ' || $1, 0))`, db.room).Scan(&leads); err != nil {
			return wrap(err)
		}
		if !leads {
			if pause(ctx, relayIdle); ctx.Err() != nil {
				return nil
			}
		}
	}
	for ctx.Err() == nil {
		n, err := relayBatchOnce(ctx, conn, to, db.now)
		if err != nil {
			return err
		}
		if n == relayBatch {
			continue
		}
		select {
		case <-ctx.Done():
		case <-db.wake:
		case <-time.After(relayIdle):
		}
	}
	return nil
}

// relayBatchOnce publishes at most a batch and marks it. Between the two a
// crash publishes again; the inbox knows.
func relayBatchOnce(ctx context.Context, conn *pgx.Conn, to Publisher, now func() time.Time) (int, error) {
	rows, err := conn.Query(ctx, `select id, envelope from outbox where published_at is null order by id limit $1`, relayBatch)
	if err != nil {
		return 0, wrap(err)
	}
	var ids []int64
	var batch []event.Envelope
	var id int64
	var raw []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &raw}, func() error {
		var e event.Envelope
		if err := json.Unmarshal(raw, &e); err != nil {
			return fmt.Errorf("pg: outbox row %d: %w", id, err)
		}
		ids, batch = append(ids, id), append(batch, e)
		return nil
	})
	if err != nil || len(batch) == 0 {
		return 0, wrap(err)
	}
	if err := to.Publish(ctx, batch); err != nil {
		return 0, err
	}
	_, err = conn.Exec(ctx, `update outbox set published_at = $2 where id = any($1) and published_at is null`, ids, now().UTC())
	return len(batch), wrap(err)
}

// wakeRelay tells the relay of this process that there is something to publish.
func (db *DB) wakeRelay() {
	select {
	case db.wake <- struct{}{}:
	default:
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
