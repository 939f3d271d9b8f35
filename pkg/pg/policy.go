package pg

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/policies"
)

// The last signed revision that there is. It is asked for in the round trip of
// every begin, so that no transaction decides by a revision that was followed
// before it began, in whatever process.
const lastPolicy = `select p.number, p.sum from access.policy p order by p.number desc limit 1`

// settle tells the transaction which legal bases hold in it by the data in force, and
// on which of them a share needs an agreement: access.basis shows no other, and of an
// agreement no more (see migration 0018). It asks for the last revision in the same
// statement: none is a number that is null.
const settle = `select p.number, p.sum, set_config('infohus.bases', $1, true), set_config('infohus.agreed', $2, true)
	from (values (1)) v left join lateral (` + lastPolicy + `) p on true`

// settling is what settle is to be told.
func settling(rules *policies.Engine, now time.Time) (bases, agreed string) {
	law := rules.Law()
	var hold, need strings.Builder
	for _, b := range rules.Bases() {
		if !b.Holds(now) || strings.ContainsAny(string(b.Code), " ") { // no code has one: it would look like two
			continue
		}
		fmt.Fprintf(&hold, " %s ", b.Code)
		if law.Agreed(b.Code) {
			fmt.Fprintf(&need, " %s ", b.Code)
		}
	}
	return hold.String(), need.String()
}

// enter begins a transaction, and gives the rules that hold in it.
func (db *DB) enter(ctx context.Context, conn *pgx.Conn, mode string, now time.Time) (*policies.Engine, error) {
	b := new(pgx.Batch)
	b.Queue("begin isolation level " + mode)
	rules := db.engine.At(now)
	bases, agreed := settling(rules, now)
	b.Queue(settle, bases, agreed)
	res := conn.SendBatch(ctx, b)
	_, err := res.Exec()
	var last policies.Mark
	if err == nil {
		last, err = marked(res.QueryRow(), nil, nil)
	}
	if cerr := res.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, err
	}
	// A snapshot may be older than what another transaction has read already; what
	// is in force never goes back.
	if seen := db.engine.Seen(); seen == nil || last.Number > seen.Number || last.Number == seen.Number && last.Sum != seen.Sum {
		if err := db.take(ctx, conn); err != nil {
			return nil, err
		}
	}
	told := rules.Revision()
	if rules = db.engine.At(now); rules.Revision() != told {
		bases, agreed = settling(rules, now)
		_, err = conn.Exec(ctx, settle, bases, agreed)
	}
	return rules, err
}

// marked reads a number and a sum, and past what else the row has. No row, and a row
// without a number, is the zero Mark.
func marked(row pgx.Row, rest ...any) (m policies.Mark, err error) {
	var number *int
	var sum []byte
	if err = row.Scan(append([]any{&number, &sum}, rest...)...); errors.Is(err, pgx.ErrNoRows) || err == nil && number == nil {
		return m, nil
	}
	if number != nil {
		m.Number = *number
	}
	if copy(m.Sum[:], sum) != sha256.Size && err == nil {
		err = errors.New("pg: a revision's sum is none")
	}
	return m, err
}

// querier is a connection or a pool.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// take gives the engine every revision there is to judge.
func (db *DB) take(ctx context.Context, q querier) error {
	all, decided, err := revisions(ctx, q)
	if err != nil {
		return err
	}
	if err := db.engine.Take(all, decided); err != nil {
		return hub.Unavailable(fmt.Errorf("pg: room %s: %w", db.room, err))
	}
	return nil
}

// revisions reads the signed revisions and the documents that decisions were made by.
func revisions(ctx context.Context, q querier) (all []policies.Row, decided [][]byte, err error) {
	rows, err := q.Query(ctx, `select number, note, put_at from access.policy order by number`)
	if err == nil {
		all, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (p policies.Row, err error) {
			err = r.Scan(&p.Number, &p.Note, &p.At)
			return p, err
		})
	}
	if err != nil {
		return nil, nil, wrap(err)
	}
	rows, err = q.Query(ctx, `select distinct on (split_part(revision, '-', 2)) document from access.revision`)
	if err == nil {
		decided, err = pgx.CollectRows(rows, pgx.RowTo[[]byte])
	}
	return all, decided, wrap(err)
}

// learn has the engine know every revision before the room decides anything.
func (db *DB) learn(ctx context.Context) (*policies.Engine, error) {
	if db.engine.Seen() == nil {
		if err := db.take(ctx, db.pool); err != nil {
			return nil, err
		}
	}
	return db.engine.At(db.now()), nil
}

// Rules tells what is odd about the revisions of policy while what is in force
// decides as before: those that were refused, and a table that was put back to an
// older state. It is nil where nothing is.
func (db *DB) Rules(ctx context.Context) error {
	seen := db.engine.Seen() // first: what is read after it can only be newer
	last, err := marked(db.pool.QueryRow(ctx, lastPolicy))
	if err != nil {
		return wrap(err)
	}
	if seen != nil && last.Number >= seen.Number && last != *seen { // nobody has begun a transaction since
		if err := db.take(ctx, db.pool); err != nil {
			return err
		}
	}
	odd := db.engine.Odd()
	if seen != nil && last.Number < seen.Number {
		odd = errors.Join(odd, fmt.Errorf("pg: the database has revision %d of policy as its last, and had %d: it was put back to an older state", last.Number, seen.Number))
	}
	return odd
}

// Revisions lists the revisions of policy that the room knows, and which of them
// is in force: as of the last transaction that began.
func (db *DB) Revisions() (all []policies.Revision, inForce int) { return db.engine.Revisions() }

// DocumentOf is the data document that decisions were made by under a revision, as
// the room that decided kept it. NotFound: none is kept under that name.
func (tx *Tx) DocumentOf(ctx context.Context, revision string) (document []byte, err error) {
	err = tx.QueryRow(ctx, `select document from access.revision where revision = $1`, revision).Scan(&document)
	return document, notFound(err)
}

// Operator is who acts with the owner's rights, as the trail names them.
const Operator = "operator"

// operated is a row of the trail about something an operator did, for the officers
// of one authority to find.
func operated(now time.Time, e Entry, cause hub.ID) []any {
	l := trailLine{saidAt: now.UTC().Truncate(time.Microsecond), person: Operator, role: string(hub.Administrator), request: string(cause), cause: string(cause),
		act: string(e.Act), outcome: allow, input: []byte("null"), reasons: []string{Operator}, objectKind: e.Object.Kind, objectID: string(e.Object.ID),
		objectVersion: e.Object.Version, controller: string(e.Controller), fields: e.Fields, purpose: string(hub.Operation), rows: e.Rows}
	return l.args()
}

// record writes an operator's act into the trail, one row for each authority.
func record(ctx context.Context, tx pgx.Tx, now time.Time, e Entry, authorities []hub.AuthorityID) error {
	if len(authorities) == 0 {
		return errors.New("pg: an operator's act is recorded for the authorities whose hub it is, and none is named")
	}
	b := new(pgx.Batch)
	b.Queue(`set local role trail_owner`)
	cause := hub.NewID()
	for _, a := range authorities {
		e.Controller = a
		b.Queue(insertTrail, operated(now, e, cause)...)
	}
	b.Queue(`reset role`)
	return tx.SendBatch(ctx, b).Close()
}

// Revisions reads, as the owner, what [policies.Engine.Take] is to be given.
func Revisions(ctx context.Context, owner string) ([]policies.Row, [][]byte, error) {
	conn, err := enterOwner(ctx, owner)
	if err != nil {
		return nil, nil, err
	}
	defer leave(ctx, conn)
	return revisions(ctx, conn)
}

// ErrLater says that the database has a later revision of policy, or the same.
var ErrLater = errors.New("the database has one with this number or a later one already")

// PutPolicy puts a signed revision into the database, as the owner, and says so in
// the trail of every authority. Every room judges it for itself, in the first
// transaction that begins after this returns. One that is not later than all that
// are there is [ErrLater].
func PutPolicy(ctx context.Context, owner string, now time.Time, number int, note []byte, authorities []hub.AuthorityID) error {
	conn, err := enterOwner(ctx, owner)
	if err != nil {
		return err
	}
	defer leave(ctx, conn)
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		b := new(pgx.Batch)
		b.Queue(`set local role access_owner`)
		b.Queue(`lock table access.policy in share row exclusive mode`)
		b.Queue(`insert into access.policy (number, note) values ($1, $2)`, number, note)
		b.Queue(`reset role`)
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		return record(ctx, tx, now, Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "policy", Version: number}}, authorities)
	})
	var pe *pgconn.PgError
	if errors.As(err, &pe) && pe.Code == "23505" {
		return fmt.Errorf("pg: revision %d: %w", number, ErrLater)
	}
	if err != nil {
		return fmt.Errorf("pg: putting a revision of policy: %w", safe(err))
	}
	return nil
}

// askedSince is every question that was asked since an instant, however often. What was
// refused before any rule, because it was asked in another hat's name, no rule can
// answer otherwise; what stands at a recipient too was asked once.
const askedSince = `select question, input, count(*) filter (where outcome = 'allow')::int, count(*) filter (where outcome = 'deny')::int, min(at), max(at)
	from audit.trail where at >= $1 and question <> '' and reasons <> '{hat_mismatch}' and not (act in ('collect', 'revoke') and controller = recipient and question <> 'submit') group by question, input`

// Asked reads, as the owner, every question that was asked since an instant, and
// says in the trail of every authority that it did. use is given them one by one;
// what it makes of them is to be shown only if Asked returns nil: a reading that
// cannot be recorded is none. The questions hold kinds, roles, states and codes,
// and nobody's name.
func Asked(ctx context.Context, owner string, now, since time.Time, authorities []hub.AuthorityID, use func(func(yield func(policies.Past, error) bool)) error) error {
	conn, err := enterOwner(ctx, owner)
	if err != nil {
		return err
	}
	defer leave(ctx, conn)
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		n := 0
		err := use(func(yield func(policies.Past, error) bool) {
			rows, err := tx.Query(ctx, askedSince, since)
			if err != nil {
				yield(policies.Past{}, err)
				return
			}
			defer rows.Close()
			for rows.Next() {
				var p policies.Past
				err := rows.Scan(&p.Question, &p.Input, &p.Allowed, &p.Refused, &p.First, &p.Last)
				n++
				if !yield(p, err) || err != nil {
					return
				}
			}
			if err := rows.Err(); err != nil {
				yield(policies.Past{}, err)
			}
		})
		if err != nil {
			return err
		}
		return record(ctx, tx, now, Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "trail"}, Rows: n}, authorities)
	})
	if err != nil {
		return fmt.Errorf("pg: the questions of the past: %w", safe(err))
	}
	return nil
}
