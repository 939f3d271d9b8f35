package pg

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/propagation"

	"github.com/infohus/infohus/pkg/event"
)

// Tell puts a fact into the outbox: it is published if and only if this
// transaction commits, after every fact told before it under the same key. Only
// the room that owns the kind may tell it.
//
// The numbers are taken under the key's row locks, which are held until the
// commit; so under one key the order of numbers is the order of commits, and no
// number is missing.
func (tx *Tx) Tell(ctx context.Context, f event.Fact) error {
	e, kind, err := event.Wrap(tx.db.room, tx.db.newID(), tx.Now, f)
	if err != nil {
		return err
	}
	e.CorrelationID, e.CausationID = tx.who.Cause, tx.who.Request
	trace := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, trace)
	e.TraceParent = trace.Get("traceparent")

	consumers := append([]string{""}, kind.Audience...) // "" is the key's own number
	sort.Strings(consumers)                             // one order of locking
	rows, err := tx.Query(ctx, `insert into outbox_key as k (key, consumer, last) select $1, c, 1 from unnest($2::text[]) c
		on conflict (key, consumer) do update set last = k.last + 1 returning consumer, last`, e.Subject, consumers)
	if err != nil {
		return err
	}
	var own int64
	var numbers []string
	var consumer string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&consumer, &n}, func() error {
		if consumer == "" {
			own = n
		} else {
			numbers = append(numbers, consumer+":"+strconv.FormatInt(n, 10))
		}
		return nil
	})
	if err != nil {
		return wrap(err)
	}
	sort.Strings(numbers)
	e.Sequence = strings.Join(numbers, " ")
	raw, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("pg: %s: %w", e.Type, err)
	}
	_, err = tx.Exec(ctx, `insert into outbox (key, n, envelope, told_at) values ($1, $2, $3, $4)`, e.Subject, own, raw, tx.Now)
	tx.told = tx.told || err == nil
	return err
}

// number is an envelope's place in the order of one consumer, 0 if it has none.
func number(e event.Envelope, room string) int64 {
	for _, part := range strings.Fields(e.Sequence) {
		if who, n, ok := strings.Cut(part, ":"); ok && who == room {
			v, err := strconv.ParseInt(n, 10, 64)
			if err != nil || v < 1 {
				return 0
			}
			return v
		}
	}
	return 0
}

// Told counts the facts in the outbox: all, and those still to be published.
func (db *DB) Told(ctx context.Context) (all, waiting int, err error) {
	err = db.pool.QueryRow(ctx, `select count(*), count(*) filter (where published_at is null) from outbox`).Scan(&all, &waiting)
	return all, waiting, wrap(err)
}

// Resend puts the facts told since a time back in line, for a stream that was
// lost: consumers know what they have already done. It says how many.
func (db *DB) Resend(ctx context.Context, since time.Time) (int, error) {
	tag, err := db.pool.Exec(ctx, `update outbox set published_at = null where told_at >= $1`, since)
	db.wakeRelay()
	return int(tag.RowsAffected()), wrap(err)
}
