package pg

import (
	"context"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// tracer gives every statement a span: its text, which holds no values, and
// neither its arguments nor the address. What the database says of a failure
// can quote a value, so the span is told no more than [safe] tells.
type tracer struct{ *otelpgx.Tracer }

func newTracer() tracer {
	return tracer{otelpgx.NewTracer(otelpgx.WithDisableConnectionDetailsInAttributes())}
}

// TraceQueryEnd ends a statement's span.
func (t tracer) TraceQueryEnd(ctx context.Context, c *pgx.Conn, d pgx.TraceQueryEndData) {
	d.Err = bare(d.Err)
	t.Tracer.TraceQueryEnd(ctx, c, d)
}

// TraceBatchQuery tells of one statement of a batch.
func (t tracer) TraceBatchQuery(ctx context.Context, c *pgx.Conn, d pgx.TraceBatchQueryData) {
	d.Err = bare(d.Err)
	t.Tracer.TraceBatchQuery(ctx, c, d)
}

// TraceBatchEnd ends a batch's span.
func (t tracer) TraceBatchEnd(ctx context.Context, c *pgx.Conn, d pgx.TraceBatchEndData) {
	d.Err = bare(d.Err)
	t.Tracer.TraceBatchEnd(ctx, c, d)
}

// TracePrepareEnd ends the span of a statement's preparation.
func (t tracer) TracePrepareEnd(ctx context.Context, c *pgx.Conn, d pgx.TracePrepareEndData) {
	d.Err = bare(d.Err)
	t.Tracer.TracePrepareEnd(ctx, c, d)
}

// TraceConnectEnd ends a connection's span.
func (t tracer) TraceConnectEnd(ctx context.Context, d pgx.TraceConnectEndData) {
	d.Err = bare(d.Err)
	t.Tracer.TraceConnectEnd(ctx, d)
}

// TraceAcquireEnd ends the span of waiting for a connection.
func (t tracer) TraceAcquireEnd(ctx context.Context, p *pgxpool.Pool, d pgxpool.TraceAcquireEndData) {
	d.Err = bare(d.Err)
	t.Tracer.TraceAcquireEnd(ctx, p, d)
}

// bare is a safe error that does not lead to the one it was: the library looks
// inside.
func bare(err error) error {
	if err == nil {
		return nil
	}
	return &stated{says: safe(err).Error()}
}
