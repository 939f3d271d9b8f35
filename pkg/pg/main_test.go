package pg_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/pg/local"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/policies"
)

// house is what all tests share: one Postgres server, the real rules, a vault,
// and a template database that setup has been run on.
type house struct {
	server  *local.Server
	engine  *policies.Engine
	vault   *vault.Vault
	trouble error // why there is no server
	n       atomic.Int64
}

var shared house

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "pgtest")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		os.Chmod(dir, 0o755) // the server may run as another user
		if err := shared.open(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if shared.server != nil {
			defer shared.server.Stop()
		}
		return m.Run()
	}())
}

func (h *house) open(dir string) (err error) {
	ctx := context.Background()
	settings := map[string]string{"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum_naptime": "1h"} // no test here pulls the plug, and the benchmarks pay in full
	if f := flag.Lookup("test.bench"); f != nil && f.Value.String() != "" {
		settings = nil
	}
	h.server, h.trouble = local.Start(ctx, local.Options{Dir: dir + "/pg", MaxConns: 200, Settings: settings})
	if h.trouble != nil {
		h.server = nil
		return nil
	}
	if h.engine, err = policies.New(); err != nil {
		return err
	}
	if h.vault, err = vault.Open(dir + "/keys"); err != nil {
		return err
	}
	if err := h.vault.Make(subject, vault.AuthorityKey("koege")); err != nil {
		return err
	}
	if err := sql(h.server.Owner(), `create database ready`); err != nil {
		return err
	}
	owner := h.at("ready")
	if err := pg.Setup(ctx, owner, rooms(), passwords); err != nil {
		return err
	}
	return pg.SyncStructure(ctx, owner, start, posts, bases, nil)
}

// at is the owner's address of a database.
func (h *house) at(name string) string { return withPath(h.server.Owner(), name) }

func withPath(dsn, name string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		panic(err)
	}
	u.Path = "/" + name
	return u.String()
}

func sql(dsn string, statements ...string) error {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	for _, s := range statements {
		if _, err := c.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

var passwords = map[string]string{"intake": "intake-pw", "person": "person-pw", "portal": "portal-pw", "audit": "audit-pw",
	"assessment": "assessment-pw", "referral": "referral-pw"}

func rooms() []pg.RoomSchema {
	return []pg.RoomSchema{
		{Name: "person", Writes: []string{pg.SubjectKind}},
		{Name: "assessment", Writes: []string{"case", "request"}},
		{Name: "referral", Writes: []string{"case", "offer"}},
		{Name: "intake", Writes: []string{"concern", pg.SubjectKind}, Migrations: files("0001_init.sql", `
			create table concern (id text primary key, text text not null);
			create table effect (item text not null, note text not null default '');
			grant select, insert, update on concern to intake;
			grant select, insert on effect to intake;`)},
		{Name: "portal", Writes: []string{pg.HatKind}, Migrations: files("0001_init.sql", `
			create table seen (fact text not null, key text not null);
			grant select, insert on seen to portal;`)},
		{Name: "audit", Writes: []string{pg.ReviewKind}, Migrations: files("0001_init.sql", `create table leaf (id bigint primary key); grant select, insert on leaf to audit;`)},
	}
}

func files(pairs ...string) fs.FS {
	m := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return m
}

// The people: all invented.
var (
	start   = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	subject = hub.MakeID([16]byte{1, 99})

	coordinator = post(1, "koege", hub.Municipality, hub.MunicipalCoordinator)
	receiver    = post(2, "koege", hub.Municipality, hub.Receiver)
	police      = post(3, "mvs", hub.Police, hub.PoliceCoordinator)
	elsewhere   = post(4, "greve", hub.Municipality, hub.MunicipalCoordinator)
	reporter    = post(5, "koege", hub.Municipality, hub.Reporter)

	posts = []pg.Post{coordinator, receiver, police, elsewhere, reporter}
	bases = []pg.Basis{
		{Code: "RPL115-2", Source: "retsplejeloven § 115", From: start.AddDate(-1, 0, 0)},
		{Code: "DBL6", Source: "databeskyttelsesloven § 6", From: start.AddDate(-1, 0, 0), Until: start.AddDate(0, 1, 0)},
	}
)

func post(n byte, a hub.AuthorityID, k hub.AuthorityKind, r hub.Role) pg.Post {
	return pg.Post{Hat: hub.Hat{ID: hub.MakeID([16]byte{2, n}), Person: hub.MakeID([16]byte{3, n}), Name: "Invented", Authority: a, Kind: k, Role: r,
		From: start.AddDate(-1, 0, 0)}, Issuer: "https://id." + string(a), Subject: fmt.Sprint(n)}
}

func as(p pg.Post) hub.Actor {
	r := hub.NewID()
	return hub.Actor{Hat: p.Hat, Session: hub.MakeID([16]byte{4}), Issuer: p.Issuer, LoA: "Substantial", Request: r, Cause: r}
}

// world is one database, of one test.
type world struct {
	t     testing.TB
	name  string
	owner string
	clock atomic.Int64 // nanoseconds after start
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := database(t, "template ready")
	// A copy has not its template's grants on the database itself.
	w.sql(`revoke all on database `+w.name+` from public`, `grant connect on database `+w.name+` to intake, person, portal, audit, assessment, referral`)
	return w
}

// database makes a database, to be dropped after the test.
func database(t testing.TB, template string) *world {
	t.Helper()
	if shared.server == nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CANNOT RUN: no Postgres server: %v", shared.trouble)
		}
		t.Skipf("CANNOT RUN: no Postgres server: %v", shared.trouble)
	}
	os.Getenv("PGBIN") // TestMain's reading of it is not seen by go test, which would call the run on another Postgres "cached"
	w := &world{t: t, name: fmt.Sprintf("t%d", shared.n.Add(1))}
	check(t, sql(shared.server.Owner(), `create database `+w.name+` `+template+` strategy file_copy`))
	w.owner = shared.at(w.name)
	t.Cleanup(func() { check(t, sql(shared.server.Owner(), `drop database `+w.name+` with (force)`)) })
	return w
}

func (w *world) now() time.Time { return start.Add(time.Duration(w.clock.Load())) }

func (w *world) config(room string) pg.Config {
	return pg.Config{URL: shared.server.DSN(room, passwords[room], w.name), Room: room, Now: w.now, NewID: hub.NewID,
		Engine: shared.engine, Sealer: shared.vault, ReasonKey: vault.AuthorityKey}
}

// room opens a room of the world.
func (w *world) room(name string) *pg.DB {
	w.t.Helper()
	db, err := pg.Open(context.Background(), w.config(name))
	check(w.t, err)
	w.t.Cleanup(db.Close)
	return db
}

// sql runs statements as the owner.
func (w *world) sql(statements ...string) { w.t.Helper(); check(w.t, sql(w.owner, statements...)) }

// ask gives the one value that a query of the owner's finds, as text.
func (w *world) ask(q string, args ...any) string {
	w.t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, w.owner)
	check(w.t, err)
	defer c.Close(ctx)
	var v any
	check(w.t, c.QueryRow(ctx, q, args...).Scan(&v))
	return fmt.Sprint(v)
}

// is holds a query's value against the wanted one.
func (w *world) is(want any, q string, args ...any) {
	w.t.Helper()
	if got := w.ask(q, args...); got != fmt.Sprint(want) {
		w.t.Errorf("%s\n gives %s, want %v", strings.Join(strings.Fields(q), " "), got, want)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, want hub.Code) {
	t.Helper()
	if err == nil || hub.CodeOf(err) != want {
		t.Fatalf("error is %v (%s), want %s", err, hub.CodeOf(err), want)
	}
}

func sqlState(err error) string {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return pe.Code
	}
	return ""
}

var ctx = context.Background()

// yes is a Grant for a municipal coordinator or receiver to change things with.
func yes(tx *pg.Tx) (policies.Grant, error) {
	q := policies.Register{Role: tx.Who().Role, Kind: tx.Who().Kind, Purpose: hub.Prevention, Basis: "GDPR6-1-E"}
	if q.Kind == hub.Police {
		q.Basis = "RHL"
	}
	return tx.Ask(ctx, q)
}

// do runs a command that is recorded.
func do(db *pg.DB, who hub.Actor, act hub.Act, fn func(tx *pg.Tx, g policies.Grant) error) error {
	e := pg.Entry{Act: act, Object: hub.Object{Kind: "concern"}, Controller: who.Authority}
	return db.Command(ctx, who, e, func(tx *pg.Tx) error {
		g, err := yes(tx)
		if err != nil {
			return err
		}
		if err := fn(tx, g); err != nil {
			return err
		}
		_, err = tx.Record(ctx, g, e)
		return err
	})
}

// concern puts a concern in place: received by Køge, written by the reporter.
func (w *world) concern(db *pg.DB, state string) hub.ID { return w.part(db, state, "") }

// part puts a concern in place that is a part of another.
func (w *world) part(db *pg.DB, state string, whole hub.ID) hub.ID {
	w.t.Helper()
	id := hub.NewID()
	check(w.t, do(db, as(coordinator), hub.ActCollect, func(tx *pg.Tx, g policies.Grant) error {
		if _, err := tx.Exec(ctx, `insert into concern (id, text) values ($1, 'what was seen')`, id); err != nil {
			return err
		}
		return tx.PutItem(ctx, g, pg.Item{Kind: "concern", ID: id, About: subject, Controller: "koege", ReceivedBy: hub.Municipality, State: state, Author: reporter.Person, PartOf: whole})
	}))
	return id
}

func assign(t testing.TB, db *pg.DB, item hub.ID, to pg.Post) (id hub.ID) {
	t.Helper()
	check(t, do(db, as(coordinator), hub.ActGrant, func(tx *pg.Tx, g policies.Grant) (err error) {
		id, err = tx.Assign(ctx, g, pg.Assignment{Kind: "concern", Item: item, Person: to.Person, Authority: to.Authority, Role: to.Role, Why: "receiver"})
		return err
	}))
	return id
}

func share(t testing.TB, db *pg.DB, item hub.ID, basis hub.LegalBasis) (id hub.ID) {
	t.Helper()
	check(t, do(db, as(coordinator), hub.ActDisclose, func(tx *pg.Tx, g policies.Grant) (err error) {
		id, err = tx.Share(ctx, g, pg.Share{Kind: "concern", Item: item, About: subject, Classes: []string{"summary", "status", "identity"},
			From: "koege", To: "mvs", Basis: basis, Purpose: hub.Prevention, Necessity: hub.NewPersonal("because"), Terms: "no_onward"})
		return err
	}))
	return id
}

const selectConcern = `select r.*, c.text from access.relations($1, $2, $3, $4, $5) r join concern c on c.id = r.id where c.id = $6`

// look reads a concern as a person.
func look(db *pg.DB, p pg.Post, id hub.ID) (string, policies.Grant, hub.Receipt, error) {
	who := as(p)
	return pg.Read(ctx, db, who, func(tx *pg.Tx) (string, policies.Question, pg.Entry, error) {
		var r pg.Relation
		var text string
		err := tx.QueryRow(ctx, selectConcern, append(tx.Me(), id)...).Scan(append(r.Into(), &text)...)
		e := pg.Entry{Act: hub.ActConsult, Object: hub.Object{Kind: "concern", ID: id, Version: 1}, Controller: r.Controller}
		if r.About != "" {
			e.Subjects = []hub.ID{r.About}
		}
		return text, r.View(who, hub.Prevention), e, err
	})
}
