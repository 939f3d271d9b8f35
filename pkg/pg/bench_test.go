package pg_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// BenchmarkRead is one audited read, beside the select alone (bare).
func BenchmarkRead(b *testing.B) {
	w := newWorld(b)
	db := w.room("intake")
	id := w.concern(db, "received")
	for range 2000 {
		w.concern(db, "received")
	}
	w.sql(`analyze`)
	b.Run("bare", func(b *testing.B) {
		pool, err := pgxpool.New(ctx, w.config("intake").URL)
		check(b, err)
		defer pool.Close()
		for b.Loop() {
			var text string
			check(b, pool.QueryRow(ctx, `select text from intake.concern where id = $1`, id).Scan(&text))
		}
	})
	b.Run("audited", func(b *testing.B) {
		for b.Loop() {
			_, _, _, err := look(db, coordinator, id)
			check(b, err)
		}
	})
	b.Run("audited 8 at once", func(b *testing.B) {
		b.SetParallelism(4)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if _, _, _, err := look(db, coordinator, id); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// BenchmarkCommand is a command that changes, records and tells, beside the
// same rows in a bare transaction.
func BenchmarkCommand(b *testing.B) {
	w := newWorld(b)
	db := w.room("intake")
	b.Run("bare", func(b *testing.B) {
		pool, err := pgxpool.New(ctx, w.config("intake").URL)
		check(b, err)
		defer pool.Close()
		for b.Loop() {
			tx, err := pool.Begin(ctx)
			check(b, err)
			k := hub.NewID()
			for _, q := range []string{`insert into intake.concern (id, text) values ($1, 'x')`,
				`insert into access.item (id, kind, about, controller, state) values ($1, 'concern', 'a', 'koege', 'received')`,
				`insert into intake.outbox_key (key, consumer, last) values ($1, '', 1), ($1, 'portal', 1)`,
				`insert into intake.outbox (key, n, envelope, told_at) values ($1, 1, '{}', now())`,
				`insert into audit.trail (` + columns + `) values (now(), $1, '', '', '', '', '', '', '', '', 'admin', 'deny', '', 'null', '', '{}', '{}', '', '', 0, '', '{}', '{}', '', '', '', 0, '')`} {
				_, err := tx.Exec(ctx, q, k)
				check(b, err)
			}
			check(b, tx.Commit(ctx))
		}
	})
	b.Run("command", func(b *testing.B) {
		for b.Loop() {
			k := hub.NewID()
			check(b, do(db, as(coordinator), hub.ActCollect, func(tx *pg.Tx, g policies.Grant) error {
				if _, err := tx.Exec(ctx, `insert into concern (id, text) values ($1, 'x')`, k); err != nil {
					return err
				}
				if err := tx.PutItem(ctx, g, pg.Item{Kind: "concern", ID: k, About: subject, Controller: "koege", State: "received"}); err != nil {
					return err
				}
				return tx.Tell(ctx, event.ConcernReceived{Concern: k})
			}))
		}
	})
}

// BenchmarkApply is one fact applied.
func BenchmarkApply(b *testing.B) {
	w := newWorld(b)
	db := w.room("portal")
	for b.Loop() {
		e := event.Envelope{ID: hub.NewID(), Source: "/intake", Subject: hub.NewID(), Sequence: "portal:1", Type: "intake.concern.received.v1"}
		check(b, db.Apply(ctx, e, nil, func(context.Context, *pg.Tx) error { return nil }))
	}
}
