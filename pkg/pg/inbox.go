package pg

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
)

// errGap is NotFound: the fact is ahead of the one it follows, and comes again.
type errGap struct{ waits, last int64 }

func (e *errGap) Error() string {
	return fmt.Sprintf("pg: fact %d has come, and only %d have been applied", e.waits, e.last)
}

// Once notes a fact as applied, in this transaction. first is false if it has
// been before; then there is nothing to do. A fact that comes before the one it
// follows under its key is NotFound: it is held back by the stream, which sends
// it again. One that was not told to this room, or that has the number of
// another fact, is Invalid.
func (tx *Tx) Once(ctx context.Context, e event.Envelope) (first bool, err error) {
	n := number(e, tx.db.room)
	if n == 0 {
		return false, &hub.Error{Code: hub.CodeInvalid, Key: "event.not_for_us", Args: []any{e.Type}}
	}
	source := strings.TrimPrefix(e.Source, "/")
	tag, err := tx.Exec(ctx, `insert into inbox (id, source, type, key, n, applied_at) values ($1, $2, $3, $4, $5, $6) on conflict (id) do nothing`,
		e.ID, source, e.Type, e.Subject, n, tx.Now)
	if err != nil || tag.RowsAffected() == 0 {
		return false, err
	}
	var last int64
	err = tx.QueryRow(ctx, `insert into inbox_key as k (source, key, last) values ($1, $2, 0)
		on conflict (source, key) do update set last = k.last returning last`, source, e.Subject).Scan(&last)
	switch {
	case err != nil:
		return false, err
	case n > last+1:
		return false, &hub.Error{Code: hub.CodeNotFound, Key: "event.gap", Err: &errGap{n, last}}
	case n <= last:
		return false, &hub.Error{Code: hub.CodeInvalid, Key: "event.renumbered", Args: []any{e.Type}}
	}
	_, err = tx.Exec(ctx, `update inbox_key set last = $3 where source = $1 and key = $2`, source, e.Subject, n)
	if err == nil {
		_, err = tx.Exec(ctx, `delete from inbox_gap where source = $1 and key = $2 and waits <= $3 + 1`, source, e.Subject, n)
	}
	return err == nil, err
}

// Apply is how a fact is taken in: noted as applied, reacted to and committed,
// in the name of the hub, with the fact as the cause. A fact applied before is
// nil and nothing more. The trace of the transaction that told it goes on.
func (db *DB) Apply(ctx context.Context, e event.Envelope, f event.Fact, react func(ctx context.Context, tx *Tx) error) error {
	ctx, span := db.continued(ctx, e)
	defer span.End()
	who := hub.System(db.now(), e.ID)
	if e.CorrelationID != "" {
		who.Cause = e.CorrelationID
	}
	err := db.insist(ctx, db.pool, who, func(tx *Tx) error {
		first, err := tx.Once(ctx, e)
		if err != nil || !first {
			return err
		}
		return react(ctx, tx)
	})
	var gap *errGap
	if errors.As(err, &gap) {
		db.alarm(ctx, e, gap)
	} else {
		err = db.afterNo(ctx, db.pool, who, Entry{Act: hub.ActChange, Object: hub.Object{Kind: "fact", ID: e.ID}}, err)
	}
	if err != nil {
		span.SetStatus(codes.Error, string(hub.CodeOf(err)))
	}
	return err
}

// continued gives the context a span in the trace of the transaction that told
// the fact, unless the caller is in that trace already.
func (db *DB) continued(ctx context.Context, e event.Envelope) (context.Context, trace.Span) {
	told := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": e.TraceParent}))
	if told.IsValid() && trace.SpanContextFromContext(ctx).TraceID() != told.TraceID() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, told)
	}
	return db.tracer.Start(ctx, "apply "+e.Type, trace.WithSpanKind(trace.SpanKindConsumer))
}

// alarm keeps a gap where an operator sees it ([DB.Gaps]) and counts it. It is
// a transaction of its own, and its failure changes nothing: the fact comes
// again, and the alarm with it.
func (db *DB) alarm(ctx context.Context, e event.Envelope, g *errGap) {
	source := strings.TrimPrefix(e.Source, "/")
	db.gaps.Add(ctx, 1, metric.WithAttributes(attribute.String("source", source)))
	db.pool.Exec(ctx, `insert into inbox_gap as g (source, key, waits, last, since) values ($1, $2, $3, $4, $5)
		on conflict (source, key) do update set waits = least(g.waits, $3), last = $4`,
		source, e.Subject, g.waits, g.last, db.now().UTC()) //nolint:errcheck // see above
}

// Gap is a key whose facts are held: number Waits has come, and the one that
// follows Last has not.
type Gap struct {
	Source      string
	Key         hub.ID
	Waits, Last int64
	Since       time.Time
}

// Gaps lists the gaps that are open, oldest first. One older than a minute
// means that a fact is lost, or lies dead.
func (db *DB) Gaps(ctx context.Context) ([]Gap, error) {
	rows, err := db.pool.Query(ctx, `select g.source, g.key, g.waits, k.last, g.since from inbox_gap g
		join inbox_key k using (source, key) where g.waits > k.last + 1
		union all select g.source, g.key, g.waits, 0, g.since from inbox_gap g
		where not exists (select from inbox_key k where k.source = g.source and k.key = g.key)
		order by since`)
	if err != nil {
		return nil, wrap(err)
	}
	gaps, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Gap])
	return gaps, wrap(err)
}
