package pg

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/policies"
)

// Sealer closes text about people, and names subjects in the trail.
// *vault.Vault is the one implementation; the interface is here because pg and
// vault stand on the same floor.
type Sealer interface {
	// Pseudonym is the trail's name for a subject.
	Pseudonym(subject hub.ID) string
	// Seal closes a text under a key, bound to where it will lie.
	Seal(key hub.ID, where string, p hub.Personal) ([]byte, error)
}

// Config is what a room's way to the database needs.
type Config struct {
	URL    string // DSN with the room's own login role and password
	Room   string // the room, its schema and its login role: one word
	Now    func() time.Time
	NewID  func() hub.ID
	Engine *policies.Engine
	Sealer Sealer
	// ReasonKey gives the key that an authority's justifications are sealed
	// with (vault.AuthorityKey). Without it an Entry with a Why is refused.
	ReasonKey func(hub.AuthorityID) hub.ID
	// MaxConns is how many connections the room may hold: 8 where it is 0, at
	// least 4. Two are kept for withdrawal and one for the relay.
	MaxConns int32
}

// The limits that make "fails within two seconds" true: a lock is waited for
// at most lockWait, a connection at most connWait, and record and commit take
// at most commitWait.
const (
	lockWait      = 900 * time.Millisecond
	statementWait = 8 * time.Second
	connWait      = 1500 * time.Millisecond
	commitWait    = 1500 * time.Millisecond
	lane          = 2 // connections kept for withdrawal and break-glass (trust.md F28)
)

// DB is a room's way to the database. It is safe for concurrent use.
type DB struct {
	room      string
	now       func() time.Time
	newID     func() hub.ID
	engine    *policies.Engine
	sealer    Sealer
	reasonKey func(hub.AuthorityID) hub.ID
	pool      *pgxpool.Pool          // the day's work
	lane      *pgxpool.Pool          // only for taking back, so that a full house cannot delay it
	solo      *pgx.ConnConfig        // what the relay connects with
	revision  atomic.Pointer[string] // the policy revision known to be kept
	wake      chan struct{}          // told when a transaction with facts has committed
	tracer    trace.Tracer
	gaps      metric.Int64Counter
}

var roomName = regexp.MustCompile(`^[a-z][a-z0-9]{0,30}$`)

// Open connects a room. It refuses a login role that is not the room's own, and
// keeps the policy revision that the room will decide by in access.revision
// before it decides anything.
func Open(ctx context.Context, c Config) (*DB, error) {
	if !roomName.MatchString(c.Room) {
		return nil, fmt.Errorf("pg: %q cannot be the name of a room", c.Room)
	}
	if c.Now == nil || c.NewID == nil || c.Engine == nil || c.Sealer == nil {
		return nil, errors.New("pg: Now, NewID, Engine and Sealer are all needed")
	}
	if c.MaxConns == 0 {
		c.MaxConns = 8
	}
	if c.MaxConns < 4 {
		return nil, errors.New("pg: a room needs at least 4 connections")
	}
	base, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, errors.New("pg: the database address cannot be read") // the error would quote it, password and all
	}
	base.ConnConfig.Tracer = newTracer()
	for k, v := range map[string]string{
		"application_name": "infohus " + c.Room,
		"search_path":      c.Room,
		"timezone":         "UTC",
		// Array parameters are planned anew each time otherwise: 0.2-0.5 ms (perf.md 2).
		"plan_cache_mode": "force_generic_plan",
		// Compiling a list's plan took a second, running it a third of one.
		"jit":                                 "off",
		"lock_timeout":                        millis(lockWait),
		"statement_timeout":                   millis(statementWait),
		"idle_in_transaction_session_timeout": "60000",
	} {
		base.ConnConfig.RuntimeParams[k] = v
	}
	base.ConnConfig.ConnectTimeout = connWait
	db := &DB{room: c.Room, now: c.Now, newID: c.NewID, engine: c.Engine, sealer: c.Sealer, reasonKey: c.ReasonKey,
		solo: base.ConnConfig.Copy(), wake: make(chan struct{}, 1), tracer: otel.Tracer("github.com/infohus/infohus/pkg/pg")}
	db.gaps, err = otel.Meter("github.com/infohus/infohus/pkg/pg").Int64Counter("infohus.inbox.gaps",
		metric.WithDescription("Facts held back because the fact before them has not come."))
	if err != nil {
		return nil, fmt.Errorf("pg: %w", err)
	}
	if db.pool, err = open(ctx, base, c.MaxConns-lane-1); err != nil {
		return nil, err
	}
	if db.lane, err = open(ctx, base, lane); err != nil {
		db.pool.Close()
		return nil, err
	}
	if err := db.begun(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

func open(ctx context.Context, base *pgxpool.Config, conns int32) (*pgxpool.Pool, error) {
	c := base.Copy()
	c.MaxConns, c.MinConns = conns, 0
	p, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("pg: %w", safe(err))
	}
	return p, nil
}

// begun checks who we are to the database, and keeps the policy revision that is
// in force.
func (db *DB) begun(ctx context.Context) error {
	var who string
	if err := db.pool.QueryRow(ctx, "select session_user::text").Scan(&who); err != nil {
		return hub.Unavailable(fmt.Errorf("pg: connecting as %s: %w", db.room, safe(err)))
	}
	if who != db.room {
		return fmt.Errorf("pg: room %s must sign in as role %s, not as %s", db.room, db.room, who)
	}
	rules, err := db.learn(ctx)
	if err != nil {
		return err
	}
	revision := rules.Revision()
	if _, err := db.pool.Exec(ctx, insertRevision, revision, rules.Document()); err != nil {
		return fmt.Errorf("pg: keeping the policy revision: %w", wrap(err))
	}
	db.revision.Store(&revision)
	return nil
}

// Close ends every connection, after the transactions under way.
func (db *DB) Close() {
	db.pool.Close()
	db.lane.Close()
}

// Ready reports whether the room can work: whether the trail can be written
// (tried, and rolled back) and the engine can decide. The error tells an
// operator which.
func (db *DB) Ready(ctx context.Context) error {
	if err := db.engine.Ready(ctx); err != nil {
		return fmt.Errorf("pg: the policy engine cannot decide: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	probe := db.line(hub.System(db.now(), db.newID()), Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "probe"}}, db.now())
	probe.outcome = deny
	err := pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, insertTrail, probe.args()...); err != nil {
			return err
		}
		return errProbe
	})
	if !errors.Is(err, errProbe) {
		return hub.Unavailable(fmt.Errorf("pg: the trail cannot be written: %w", safe(err)))
	}
	return nil
}

var errProbe = errors.New("pg: rolled back on purpose")

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
