package pg

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/policies"
)

// Read is how content goes out to people: one REPEATABLE READ transaction that
// loads, decides, records and commits, and only then gives the content, with
// the Grant that says which fields may be shown and the receipt that opens them.
//
// load is one statement for content and access facts together. Where there is
// no such thing it returns the question with no relation and no state, the
// entry with the object asked for, and [pgx.ErrNoRows] (or hub.NotFound): Read
// then refuses exactly as it refuses the forbidden. The error of a refusal is
// NotFound, and a *policies.Denial where the engine was the one to say no.
func Read[T any](ctx context.Context, db *DB, who hub.Actor, load func(tx *Tx) (T, policies.Question, Entry, error)) (T, policies.Grant, hub.Receipt, error) {
	var content, none T
	var grant policies.Grant
	var receipt hub.Receipt
	var no error
	err := db.run(ctx, db.pool, who, repeatableRead, func(tx *Tx) error {
		c, q, e, err := load(tx)
		missing := errors.Is(err, pgx.ErrNoRows) || hub.CodeOf(err) == hub.CodeNotFound
		if err != nil && !missing {
			return err
		}
		var d decision
		if q != nil {
			if grant, err = tx.Ask(ctx, q); err == nil {
				d = grant
			}
			var denial *policies.Denial
			if errors.As(err, &denial) {
				d, no = denial, denial
			} else if err != nil {
				return err
			}
		}
		if no == nil && (missing || q == nil) { // a yes to nothing is still nothing
			no = hub.NotFound()
		}
		if no != nil {
			return tx.refuse(d, e)
		}
		content = c
		receipt, err = tx.Record(ctx, grant, e)
		return err
	})
	if err == nil {
		err = no
	}
	if err != nil {
		return none, policies.Grant{}, hub.Receipt{}, err
	}
	return content, grant, receipt, nil
}

// View runs several questions on one snapshot, for lists. fn asks and records
// by itself, each person shown; what it loaded is shown only if View returns
// nil. If it returns a *policies.Denial, the refusal is kept: the one it gave
// to [Tx.Refuse], or else a bare one.
func (db *DB) View(ctx context.Context, who hub.Actor, fn func(tx *Tx) error) error {
	err := db.run(ctx, db.pool, who, repeatableRead, fn)
	return db.afterNo(ctx, db.pool, who, Entry{Act: hub.ActConsult}, err)
}

// Command runs a change: one READ COMMITTED transaction, run again at most
// three times where Postgres chose it to give way. Where fn returns a
// *policies.Denial (or NotFound) nothing of it stays, and a refusal about the
// entry is committed alone.
//
// A command whose entry says [hub.ActRevoke] or [hub.ActBreakGlass] has connections
// of its own, so that taking back, and danger to life, never wait in line (F28).
func (db *DB) Command(ctx context.Context, who hub.Actor, about Entry, fn func(tx *Tx) error) error {
	pool := db.pool
	if about.Act == hub.ActRevoke || about.Act == hub.ActBreakGlass {
		pool = db.lane
	}
	return db.afterNo(ctx, pool, who, about, db.insist(ctx, pool, who, fn))
}

// insist runs a command, and again at most three times.
func (db *DB) insist(ctx context.Context, pool *pgxpool.Pool, who hub.Actor, fn func(tx *Tx) error) error {
	var err error
	for range 4 {
		if err = db.run(ctx, pool, who, readCommitted, fn); !again(err) {
			return err
		}
	}
	return wrap(err)
}

// afterNo commits the refusal that an error stands for, if it has not been.
func (db *DB) afterNo(ctx context.Context, pool *pgxpool.Pool, who hub.Actor, about Entry, err error) error {
	var r *refused
	if errors.As(err, &r) {
		return notFound(r.err)
	}
	var denial *policies.Denial
	var d decision
	switch {
	case errors.As(err, &denial):
		d = denial
	case err != nil && (errors.Is(err, pgx.ErrNoRows) || hub.CodeOf(err) == hub.CodeNotFound):
	default:
		return err
	}
	if kerr := db.run(ctx, pool, who, readCommitted, func(tx *Tx) error { return tx.refuse(d, about) }); kerr != nil {
		return kerr
	}
	return notFound(err)
}

// notFound makes "no rows" the one answer for what is not there.
func notFound(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return hub.NotFound()
	}
	return err
}

// refused is an error whose refusal is in the trail already.
type refused struct{ err error }

func (r *refused) Error() string { return r.err.Error() }
func (r *refused) Unwrap() error { return r.err }
