package pg

import "github.com/infohus/infohus/policies"

// Law is what the rules in force have words for: the choices of whoever asks what
// may be shared. It decides nothing.
func (db *DB) Law() *policies.Law { return db.engine.Law() }
