package pg

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
)

// Dead is a fact that could not be applied, as an operator sees it: what it is
// and why it lies here, without what it says.
type Dead struct {
	ID       hub.ID // of the letter, not of the fact
	At       time.Time
	Reason   string
	Fact     hub.ID // the rest is empty where the envelope cannot be read
	Type     string
	Key      hub.ID
	Sequence string
	Asked    bool // to be tried again
}

// Park keeps what came off the stream and cannot be applied, as it was, with
// the reason. It has returned nil only when it is kept.
func (db *DB) Park(ctx context.Context, raw []byte, reason string) error {
	return db.run(ctx, db.pool, hub.System(db.now(), db.newID()), readCommitted, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `insert into dead (id, at, raw, reason) values ($1, $2, $3, $4)`, tx.db.newID(), tx.Now, raw, reason)
		return err
	})
}

// DeadLetters lists what lies parked and has not been applied since, oldest
// first.
func (db *DB) DeadLetters(ctx context.Context) ([]Dead, error) {
	rows, err := db.pool.Query(ctx, `select id, at, raw, reason, revive_at is not null from dead where done_at is null order by at, id`)
	if err != nil {
		return nil, wrap(err)
	}
	letters, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (Dead, error) {
		var d Dead
		var raw []byte
		if err := r.Scan(&d.ID, &d.At, &raw, &d.Reason, &d.Asked); err != nil {
			return d, err
		}
		var e event.Envelope
		if json.Unmarshal(raw, &e) == nil {
			d.Fact, d.Type, d.Key, d.Sequence = e.ID, e.Type, e.Subject, e.Sequence
		}
		return d, nil
	})
	return letters, wrap(err)
}

// Revive asks for a dead letter to be tried again: the room's running process
// does, at its next [DB.Again]. An unknown one is NotFound.
func (db *DB) Revive(ctx context.Context, id hub.ID) error {
	tag, err := db.pool.Exec(ctx, `update dead set revive_at = $2 where id = $1 and done_at is null`, id, db.now().UTC())
	if err == nil && tag.RowsAffected() == 0 {
		return hub.NotFound()
	}
	return wrap(err)
}

// Again tries the letters that [DB.Revive] was asked for, oldest first, with the
// room's handler, and says how many were applied. One that fails again lies
// dead again, with the new reason.
func (db *DB) Again(ctx context.Context, handle func(context.Context, event.Envelope, event.Fact) error) (int, error) {
	rows, err := db.pool.Query(ctx, `select id, raw from dead where revive_at is not null and done_at is null order by at, id`)
	if err != nil {
		return 0, wrap(err)
	}
	type letter struct {
		ID  hub.ID
		Raw []byte
	}
	letters, err := pgx.CollectRows(rows, pgx.RowToStructByPos[letter])
	if err != nil {
		return 0, wrap(err)
	}
	applied := 0
	var failed error
	for _, l := range letters {
		e, f, err := event.Decode(l.Raw)
		if err == nil {
			err = handle(ctx, e, f)
		}
		if err == nil {
			applied++
			_, err = db.pool.Exec(ctx, `update dead set done_at = $2 where id = $1`, l.ID, db.now().UTC())
		} else {
			_, err = db.pool.Exec(ctx, `update dead set revive_at = null, reason = $2 where id = $1`, l.ID, reason(err))
		}
		failed = errors.Join(failed, wrap(err))
	}
	return applied, failed
}

// reason says why a letter is dead in words without content: the code and key
// of the error, never its text.
func reason(err error) string {
	var he *hub.Error
	if errors.As(err, &he) {
		return string(he.Code) + " " + he.Key
	}
	return string(hub.CodeInternal)
}
