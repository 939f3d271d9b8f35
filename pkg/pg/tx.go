package pg

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/policies"
)

// Tx is one transaction of a room, for one actor, at one time. It lives until
// the function it was given to returns, and is used by one goroutine.
type Tx struct {
	// Now is the transaction's one time, to the microsecond that the database
	// keeps, in UTC.
	Now time.Time

	db        *DB
	who       hub.Actor
	conn      *pgx.Conn
	rules     *policies.Engine // decides by one revision, for as long as the transaction lives
	holds     bool             // a command: what it relies on is locked
	last      []queued         // what is written together with the commit: the trail
	refusals  []trailLine      // committed alone if the rest is not
	committed *atomic.Bool     // shared with every receipt of this transaction
	told      bool             // a fact waits for the relay
	changed   bool             // access facts changed: needs a record
	recorded  bool
	revision  string          // the policy revision kept with this commit
	claimed   map[string]bool // idempotency keys, and whether their receipt is kept
}

// queued is a statement sent with the commit.
type queued struct {
	sql  string
	args []any
	line *trailLine // where it is a row of the trail
}

// Who is the actor that the transaction is for.
func (tx *Tx) Who() hub.Actor { return tx.who }

// Query runs a statement that gives rows. Values are always arguments.
func (tx *Tx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	rows, err := tx.conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, wrap(err)
	}
	return rows, nil
}

// QueryRow runs a statement that gives at most one row.
func (tx *Tx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return row{tx.conn.QueryRow(ctx, sql, args...)}
}

type row struct{ pgx.Row }

func (r row) Scan(dest ...any) error { return wrap(r.Row.Scan(dest...)) }

// Exec runs a statement that gives no rows.
func (tx *Tx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	tag, err := tx.conn.Exec(ctx, sql, args...)
	return tag, wrap(err)
}

// Ask puts a question to the policy engine in the actor's name. The error is a
// *policies.Denial where the answer is no, or Unavailable.
func (tx *Tx) Ask(ctx context.Context, q policies.Question) (policies.Grant, error) {
	return tx.rules.Ask(ctx, tx.who, q)
}

// holder reports whether a Grant may be used here: it was given, to this actor,
// and by the revision of policy that holds here. One that was given before a
// new revision is to be asked for again.
func (tx *Tx) holder(g policies.Grant) error {
	if !g.Valid() {
		return errors.New("pg: no Grant")
	}
	if a := g.Actor(); a.Hat.ID != tx.who.Hat.ID || a.Person != tx.who.Person || a.Session != tx.who.Session || a.Request != tx.who.Request {
		return errors.New("pg: the Grant is another actor's")
	}
	if g.Revision() != tx.rules.Revision() {
		return hub.Unavailable(errors.New("pg: the Grant was given by another revision of policy"))
	}
	return nil
}

// run is every transaction of the package: begin, fn, the trail, commit.
func (db *DB) run(ctx context.Context, pool *pgxpool.Pool, who hub.Actor, mode string, fn func(*Tx) error) (err error) {
	conn, err := acquire(ctx, pool)
	if err != nil {
		return err
	}
	defer conn.Release() // closes a connection that is still in a transaction
	tx := db.begin(who, conn.Conn(), mode)
	if tx.rules, err = db.enter(ctx, conn.Conn(), mode, tx.Now); err != nil {
		rollback(ctx, conn.Conn())
		return wrap(err)
	}
	done := false
	defer func() {
		if !done { // fn panicked
			rollback(ctx, conn.Conn())
		}
	}()
	err = fn(tx)
	done = true
	if err != nil {
		rollback(ctx, conn.Conn())
		if len(tx.refusals) > 0 && !again(err) {
			if rerr := db.keepRefusals(ctx, conn.Conn(), tx); rerr != nil {
				return rerr
			}
			return &refused{wrap(err)}
		}
		return wrap(err)
	}
	if err := tx.commit(ctx); err != nil {
		rollback(ctx, conn.Conn())
		return err
	}
	if tx.told {
		db.wakeRelay()
	}
	return nil
}

func (db *DB) begin(who hub.Actor, conn *pgx.Conn, mode string) *Tx {
	return &Tx{Now: db.now().UTC().Truncate(time.Microsecond), db: db, who: who, conn: conn,
		holds: mode == readCommitted, committed: new(atomic.Bool)}
}

const (
	readCommitted  = "read committed"
	repeatableRead = "repeatable read"
)

func acquire(ctx context.Context, pool *pgxpool.Pool) (*pgxpool.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connWait)
	defer cancel()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, hub.Unavailable(fmt.Errorf("pg: no connection free: %w", safe(err)))
	}
	return conn, nil
}

// rollback ends a failed transaction. If it cannot, the pool drops the
// connection, which ends it too.
func rollback(ctx context.Context, conn *pgx.Conn) {
	if conn.IsClosed() || conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitWait)
	defer cancel()
	conn.Exec(ctx, "rollback") //nolint:errcheck // see above
}

// commit sends the rows of the trail and the COMMIT in one round trip. Whatever
// keeps a row of the trail from being written makes the answer Unavailable.
func (tx *Tx) commit(ctx context.Context) error {
	if err := tx.complete(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, commitWait)
	defer cancel()
	b := new(pgx.Batch)
	for i := 0; i < len(tx.last); {
		q, n := together(tx.last[i:])
		b.Queue(q.sql, q.args...)
		i += n
	}
	told := b.Len()
	b.Queue("commit")
	res := tx.conn.SendBatch(ctx, b)
	for range told {
		if _, err := res.Exec(); err != nil {
			res.Close() //nolint:errcheck // the first error is the one to tell
			if again(err) {
				return err
			}
			return unrecorded(err)
		}
	}
	tag, err := res.Exec()
	if cerr := res.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return wrap(err)
	}
	if tag.String() != "COMMIT" { // an error inside was ignored: Postgres rolled back
		return errors.New("pg: a statement failed, and its error was not returned")
	}
	tx.committed.Store(true)
	if tx.revision != "" {
		tx.db.revision.Store(&tx.revision)
	}
	return nil
}

// complete refuses to commit what is half done.
func (tx *Tx) complete() error {
	if tx.changed && !tx.recorded {
		return errors.New("pg: access facts changed, and nothing was recorded")
	}
	for op, kept := range tx.claimed {
		if !kept {
			return fmt.Errorf("pg: operation %s has an idempotency key and kept no receipt", op)
		}
	}
	return nil
}
