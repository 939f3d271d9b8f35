package pg

import (
	"context"

	"github.com/infohus/infohus/policies"
)

// Law is what the rules in force have words for: the choices of whoever asks what
// may be shared. It decides nothing.
func (db *DB) Law() *policies.Law { return db.engine.Law() }

// Readable gives the rules in force for people to read. It opens nothing.
func (db *DB) Readable(ctx context.Context) (policies.Readable, error) {
	now, err := db.learn(ctx)
	if err != nil {
		return policies.Readable{}, err
	}
	return now.Readable()
}
