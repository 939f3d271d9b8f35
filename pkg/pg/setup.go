package pg

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

//go:embed migrations
var embedded embed.FS

// RoomSchema is what setup must know of a room: its name, its migrations
// (0001_*.sql and on, at the root of the file system), and which kinds of items
// it writes.
type RoomSchema struct {
	Name       string
	Migrations fs.FS    // nil for a room that keeps nothing of its own
	Writes     []string // "concern"; [SubjectKind] for a room that makes subjects known
}

// SubjectKind is the kind under which a room says that it writes subjects.
const SubjectKind = "subject"

// HatKind is the kind under which a room says that it goes through the hats.
const HatKind = "hat"

// ReviewKind is the kind under which a room says that it keeps the reviews of
// break-glass.
const ReviewKind = "review"

// Setup makes the roles, schemas, base tables, access facts, trail and grants,
// and runs the migrations that have not been run. owner is a DSN with the rights
// of the hub's owner (CREATEROLE, and CREATE on the database; a superuser has
// both); passwords has one for each room.
//
// It may be run again at any time, also by several at once: an advisory lock
// lets one at a time in. Each migration is a transaction of its own with its
// entry in setup.migration, so that a crash loses nothing that was finished and
// the next run goes on from there. A migration that was run and then changed or
// taken away is refused, and nothing is done.
//
// A room's migrations run in its own schema, as the NOLOGIN role ROOM_owner, so
// that the room's login role owns nothing; what it may do they must grant, to
// the role with the room's name.
//
// In the access facts a room may change what its Writes name and nothing else:
// what an earlier set-up gave it beyond that is taken back. A kind that no room
// names is written by nobody.
func Setup(ctx context.Context, owner string, rooms []RoomSchema, passwords map[string]string) error {
	for _, r := range rooms {
		if !roomName.MatchString(r.Name) || r.Name == "access" || r.Name == "setup" || r.Name == "public" {
			return fmt.Errorf("pg: %q cannot be the name of a room", r.Name)
		}
		if passwords[r.Name] == "" {
			return fmt.Errorf("pg: room %s has no password", r.Name)
		}
	}
	conn, err := enterOwner(ctx, owner)
	if err != nil {
		return err
	}
	defer leave(ctx, conn)
	if _, err := conn.Exec(ctx, `select pg_advisory_lock(hashtextextended('infohus setup', 0))`); err != nil {
		return fmt.Errorf("pg: setup: waiting for another set-up: %w", safe(err))
	}
	if err := makeRoles(ctx, conn, rooms, passwords); err != nil {
		return err
	}
	return makeSchemas(ctx, conn, rooms)
}

func enterOwner(ctx context.Context, owner string) (*pgx.Conn, error) {
	c, err := pgx.ParseConfig(owner)
	if err != nil {
		return nil, errors.New("pg: the owner's database address cannot be read")
	}
	c.RuntimeParams["application_name"] = "infohus setup"
	c.RuntimeParams["timezone"] = "UTC"
	c.RuntimeParams["client_min_messages"] = "warning"
	c.OnNotice = func(*pgconn.PgConn, *pgconn.Notice) {}
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("pg: setup: %w", safe(err))
	}
	return conn, nil
}

func leave(ctx context.Context, conn *pgx.Conn) {
	conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // locks go with the connection
}

// makeRoles makes a login role for each room, and the NOLOGIN roles that own.
// Roles belong to the whole server, so another database's set-up can be in the
// way; then it is tried again.
func makeRoles(ctx context.Context, conn *pgx.Conn, rooms []RoomSchema, passwords map[string]string) error {
	var sql []string
	owners := []string{"access_owner", "trail_owner", "audit_owner"}
	for _, r := range rooms {
		if r.Name != "audit" {
			owners = append(owners, r.Name+"_owner")
		}
	}
	for _, o := range owners { // the owner may act as them: to run migrations
		sql = append(sql, makeRole(o), "grant "+o+" to current_user")
	}
	sql = append(sql, makeRole("audit")) // reads the trail, also before the room is there
	for _, r := range rooms {
		verifier, err := scram(passwords[r.Name])
		if err != nil {
			return err
		}
		sql = append(sql, makeRole(r.Name), "alter role "+r.Name+" login noinherit password '"+verifier+"'")
	}
	for _, s := range sql {
		var err error
		for range 50 {
			if _, err = conn.Exec(ctx, s); !inTheWay(err) {
				break
			}
		}
		if err != nil {
			return fmt.Errorf("pg: setup: roles: %w", safe(err))
		}
	}
	return nil
}

func makeRole(name string) string {
	return `do $$ begin if not exists (select from pg_roles where rolname = '` + name + `') then create role ` + name + `; end if; end $$`
}

// inTheWay tells that another set-up on the same server changed the same role.
func inTheWay(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && (pe.Code == "42710" || pe.Code == "23505" || pe.Code == "XX000" && strings.Contains(pe.Message, "concurrently"))
}

// scram makes the verifier that Postgres keeps of a password (RFC 5803), so
// that the password itself is in no statement and in no log.
func scram(password string) (string, error) {
	const rounds = 4096
	salt := make([]byte, 16)
	rand.Read(salt)
	for _, c := range password { // then it is its own SASLprep form
		if c <= ' ' || c > '~' {
			return "", errors.New("pg: passwords are made of printable ASCII characters without spaces")
		}
	}
	salted, err := pbkdf2.Key(sha256.New, password, salt, rounds, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("pg: setup: %w", err)
	}
	mac := func(text string) []byte {
		h := hmac.New(sha256.New, salted)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	stored := sha256.Sum256(mac("Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", rounds, b64(salt), b64(stored[:]), b64(mac("Server Key"))), nil
}

// makeSchemas makes everything that belongs to this database.
func makeSchemas(ctx context.Context, conn *pgx.Conn, rooms []RoomSchema) error {
	sql := []string{
		`do $$ begin execute format('revoke all on database %I from public', current_database()); end $$`,
		`revoke all on schema public from public`,
		`create schema if not exists setup`,
		`create table if not exists setup.migration (scope text, name text, sum text not null, at timestamptz not null default clock_timestamp(), primary key (scope, name))`,
		`create schema if not exists access authorization access_owner`,
		`create schema if not exists audit authorization trail_owner`,
		`grant usage on schema access to trail_owner`,
		// The room audit keeps its tree beside the trail, and cannot touch the trail.
		`set role trail_owner`, `grant usage, create on schema audit to audit_owner`, `reset role`,
	}
	for _, r := range rooms {
		if r.Name != "audit" {
			sql = append(sql, `create schema if not exists `+r.Name+` authorization `+r.Name+`_owner`)
		}
		sql = append(sql, `do $$ begin execute format('grant connect on database %I to `+r.Name+`', current_database()); end $$`)
	}
	for _, s := range sql {
		if _, err := conn.Exec(ctx, s); err != nil {
			return fmt.Errorf("pg: setup: schemas: %w: %s", safe(err), s)
		}
	}
	plan := []scope{
		{"access", "access_owner", "access", sub("migrations/access")},
		{"trail", "trail_owner", "audit", sub("migrations/audit")},
	}
	for _, r := range rooms {
		plan = append(plan, scope{r.Name + " base", r.Name + "_owner", r.Name, sub("migrations/room")})
	}
	for _, r := range rooms {
		if r.Migrations != nil {
			plan = append(plan, scope{r.Name, r.Name + "_owner", r.Name, r.Migrations})
		}
	}
	if err := migrate(ctx, conn, plan); err != nil {
		return err
	}
	return giveRights(ctx, conn, rooms)
}

func sub(dir string) fs.FS {
	f, err := fs.Sub(embedded, dir)
	if err != nil {
		panic(err) // cannot happen: dir is a valid path
	}
	return f
}

// giveRights runs the grants, which may be given again and again. Each is given
// by the owner of what it is about.
func giveRights(ctx context.Context, conn *pgx.Conn, rooms []RoomSchema) error {
	for _, r := range rooms {
		if err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return giveRoom(ctx, tx, r) }); err != nil {
			return fmt.Errorf("pg: setup: grants of %s: %w", r.Name, safe(err))
		}
	}
	text, err := embedded.ReadFile("migrations/grants/audit.sql")
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, string(text)); err != nil {
		return fmt.Errorf("pg: setup: grants of audit: %w", safe(err))
	}
	return nil
}

// giveRoom gives a room its rights, and takes back those it has no more, in one
// transaction: at no time has a running room less than it should.
func giveRoom(ctx context.Context, tx pgx.Tx, r RoomSchema) error {
	kinds := []string{"room"}
	for _, k := range r.Writes {
		if k == SubjectKind || k == HatKind || k == ReviewKind {
			kinds = append(kinds, k)
		} else if !slices.Contains(kinds, "item") {
			kinds = append(kinds, "item")
		}
	}
	var sql []string
	for _, k := range kinds {
		text, err := embedded.ReadFile("migrations/grants/" + k + ".sql")
		if err != nil {
			return err
		}
		sql = append(sql, strings.Split(strings.ReplaceAll(string(text), "{room}", r.Name), ";")...)
	}
	for _, s := range sql {
		if strings.TrimSpace(s) == "" {
			continue
		}
		if _, err := tx.Exec(ctx, s); err != nil {
			return err
		}
	}
	b := new(pgx.Batch)
	b.Queue(`set local role access_owner`)
	b.Queue(`delete from access.writer where room = $1`, r.Name)
	b.Queue(`insert into access.writer (kind, room) select distinct unnest($2::text[]), $1`, r.Name, some(r.Writes))
	b.Queue(`reset role`)
	return tx.SendBatch(ctx, b).Close()
}
