package pg

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/infohus/infohus/pkg/hub"
)

// Log is how the trail stands: what every room may know of it.
type Log struct {
	Closed      bool          // it was shown to have been longer, or another: nothing is read or passed on (A082)
	Unwitnessed int64         // rows that too few of the witnesses have confirmed
	Waited      time.Duration // for how long the first of them has waited
}

// Late reports whether something has waited for longer than that.
func (l Log) Late(within time.Duration) bool { return l.Unwitnessed > 0 && l.Waited >= within }

const readLog = `select audit.is_closed(), u.rows, coalesce(extract(epoch from u.waited), 0)::float8 from audit.unwitnessed($1, $2) u`

// Log reads how the trail stands, confirmed by so many of these witnesses.
func (tx *Tx) Log(ctx context.Context, witnesses []string, least int) (Log, error) {
	return scanLog(tx.QueryRow(ctx, readLog, witnesses, least))
}

// Log is [Tx.Log] outside any transaction, for what is said beside a page.
func (db *DB) Log(ctx context.Context, witnesses []string, least int) (Log, error) {
	l, err := scanLog(db.pool.QueryRow(ctx, readLog, witnesses, least))
	return l, wrap(err)
}

func scanLog(row pgx.Row) (l Log, err error) {
	var seconds float64
	err = row.Scan(&l.Closed, &l.Unwitnessed, &seconds)
	l.Waited = time.Duration(seconds * float64(time.Second))
	return l, err
}

// closed is the SQLSTATE of a row that is not taken because the hub is closed.
const closed = "IH001"

// isClosed gives the answer to whoever asks for something while the hub is closed: the
// same to everybody.
func isClosed(err error) (*hub.Error, bool) {
	var pe *pgconn.PgError
	if !errors.As(err, &pe) || pe.Code != closed {
		return nil, false
	}
	return &hub.Error{Code: hub.CodeUnavailable, Key: "error.closed", Err: errors.New("pg: the hub is closed until an officer has opened it again: see /witnesses")}, true
}
