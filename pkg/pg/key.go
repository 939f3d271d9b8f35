package pg

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
)

// KeyAge is how long an idempotency key is remembered.
const KeyAge = 30 * 24 * time.Hour

// Key claims an idempotency key for the actor and an operation. first is nil
// where this is the first time: go on, and [Tx.Keep] the receipt before the
// transaction ends. Else first is the receipt that was kept; the same key with
// another body (hash) is a Conflict. Of many at once one goes on; the others
// wait for it and get its receipt, or go on where it failed.
func (tx *Tx) Key(ctx context.Context, operation, key string, hash []byte) (first json.RawMessage, err error) {
	if key == "" || len(key) > 200 {
		return nil, hub.Invalid("idempotency-key", "error.key_length")
	}
	var mine bool
	err = tx.QueryRow(ctx, `insert into idempotency as i (person, operation, key, hash, kept_at) values ($1, $2, $3, $4, $5)
		on conflict (person, operation, key) do update set hash = $4, receipt = null, kept_at = $5 where i.kept_at <= $6
		returning true`, tx.who.Person, operation, key, hash, tx.Now, tx.Now.Add(-KeyAge)).Scan(&mine)
	if err == nil {
		if tx.claimed == nil {
			tx.claimed = map[string]bool{}
		}
		tx.claimed[operation+" "+key] = false
		return nil, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return nil, err
	}
	var had []byte
	err = tx.QueryRow(ctx, `select hash, receipt from idempotency where person = $1 and operation = $2 and key = $3`,
		tx.who.Person, operation, key).Scan(&had, &first)
	if err != nil {
		return nil, fmt.Errorf("pg: idempotency key of %s: %w", operation, err)
	}
	if !bytes.Equal(had, hash) {
		return nil, hub.Conflict("error.key_reused")
	}
	return first, nil
}

// Keep remembers the receipt of an operation under its key. It holds references
// and times, never personal data.
func (tx *Tx) Keep(ctx context.Context, operation, key string, receipt any) error {
	name := operation + " " + key
	if kept, ok := tx.claimed[name]; !ok || kept {
		return fmt.Errorf("pg: operation %s keeps a receipt without having claimed the key", operation)
	}
	raw, err := json.Marshal(receipt)
	if err != nil {
		return fmt.Errorf("pg: receipt of %s: %w", operation, err)
	}
	if _, err = tx.Exec(ctx, `update idempotency set receipt = $4 where person = $1 and operation = $2 and key = $3`,
		tx.who.Person, operation, key, raw); err != nil {
		return err
	}
	tx.claimed[name] = true
	return nil
}

// Forget deletes the idempotency keys that have run out, and says how many.
func (db *DB) Forget(ctx context.Context) (int, error) {
	tag, err := db.pool.Exec(ctx, `delete from idempotency where kept_at <= $1`, db.now().UTC().Add(-KeyAge))
	return int(tag.RowsAffected()), wrap(err)
}
