// Package hubtest runs a hub for tests, of real things: a real Postgres with
// its roles and grants, a real NATS server in this process, the real rules, real
// keys on disk, the demo structure, and sign-in through a real OpenID provider.
// Only the clock and the IDs are the test's own.
//
// It promises:
//
//   - Each hub has a database of its own, made from a template, and nothing of
//     one test is seen by another; tests may run in parallel.
//   - The clock stands at [Monday] until [Hub.Advance] moves it; a chore runs
//     only there.
//   - [Hub.Settle] returns when every fact told has been done by every room
//     that hears it. It waits for that and for nothing else: tests do not sleep.
//   - All of it ends with the test.
package hubtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infohus/infohus/deploy"
	"github.com/infohus/infohus/pkg/bus"
	natslocal "github.com/infohus/infohus/pkg/bus/local"
	"github.com/infohus/infohus/pkg/host"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/pg/local"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
)

// Monday is when the clock of a test begins: a Monday morning in winter, in
// the middle of what the demo structure says is in force.
var Monday = time.Date(2026, 11, 16, 9, 0, 0, 0, hub.Copenhagen)

// unreachable is where the hub believes to be reached, unless a test says else.
const unreachable = "https://hub.test"

// Options say how a hub differs from the ordinary one of a test.
type Options struct {
	Services  []service.Service
	Structure string // a structure file's text; "" is the demo
	TCP       bool   // the NATS server listens on the loopback interface too
	RealIDs   bool   // random IDs, for what must not be foreseen
	Origin    string // where it is reached, for a browser; "" is an address that only a [Client] knows
	// Issuer is who vouches for an authority's people, nobody where its URL is "";
	// nil is the tests' own [Issuer] for all.
	Issuer func(hub.AuthorityID) web.Issuer
	Log    slog.Handler // nil keeps the log and shows it if the test fails
}

// Hub is a running hub in a test.
type Hub struct {
	*host.Hub
	Structure *structure.Structure
	Issuer    *Issuer
	NATS      *natslocal.Server
	Keys      string // the vault's directory
	Dir       string // the directory of everything on disk but Postgres

	origin   string
	t        testing.TB
	o        Options
	server   *server
	database string
	pool     *pgxpool.Pool
	config   host.Config
	changed  chan struct{}
	front    http.Handler              // what answers, where the rooms run in other processes
	tick     func(now time.Time) error // does their chores

	mu  sync.Mutex
	now time.Time
	ids uint64
}

// Run opens the services on a database and a stream of their own, until the
// test ends.
func Run(t testing.TB, services ...service.Service) *Hub {
	t.Helper()
	return Open(t, Options{Services: services})
}

// TryRun is [Run] for services that must not open: it gives the error.
func TryRun(t testing.TB, services ...service.Service) error {
	t.Helper()
	h := prepare(t, Options{Services: services})
	opened, err := host.Open(t.Context(), h.config)
	if err == nil {
		opened.Close()
	}
	return err
}

// Open is [Run] with options.
func Open(t testing.TB, o Options) *Hub {
	t.Helper()
	h := prepare(t, o)
	h.open()
	t.Cleanup(func() {
		if h.Hub != nil {
			h.Hub.Close()
		}
	})
	return h
}

// Prepare is [Open] without opening the rooms: everything is there for them to be
// run in processes of their own, which [Hub.Behind] then names.
func Prepare(t testing.TB, o Options) *Hub {
	t.Helper()
	return prepare(t, o)
}

// Behind says what answers for rooms that run in other processes, and how to
// move their clocks and do the chores that are due.
func (h *Hub) Behind(front http.Handler, tick func(now time.Time) error) {
	h.front, h.tick = front, tick
}

// For lends the hub to another test until that one ends.
func (h *Hub) For(t testing.TB) {
	outer := h.t
	h.t = t
	t.Cleanup(func() { h.t = outer })
}

// Handler is everything the hub answers over HTTP.
func (h *Hub) Handler() http.Handler {
	if h.front != nil {
		return h.front
	}
	return h.Hub.Handler()
}

// prepare makes everything that the hub is then opened on.
func prepare(t testing.TB, o Options) *Hub {
	t.Helper()
	s, err := shared()
	if errors.Is(err, local.ErrNone) {
		CannotRun(t, err)
	}
	check(t, err)
	h := &Hub{t: t, o: o, server: s, now: Monday, changed: make(chan struct{}, 1), Dir: t.TempDir()}
	h.Keys = filepath.Join(h.Dir, "keys")
	if o.Structure == "" {
		h.o.Structure = string(deploy.Demo())
	}
	if h.origin = o.Origin; h.origin == "" {
		h.origin = unreachable
	}
	h.o.Structure = unhurried(h.o.Structure)
	h.Structure, err = structure.Load(strings.NewReader(h.o.Structure), "infohus.yaml")
	check(t, err)
	h.Issuer = newIssuer(t, h.Now)
	h.startDatabase()
	h.startStream()
	h.config = host.Config{
		Services: o.Services, Structure: h.Structure, Keys: h.Keys, Now: h.Now, NewID: h.newID, Log: slog.New(host.Scalars(h.log())), Still: true, Watch: h.watch,
		Site:     web.Options{Origin: h.origin, Issuers: h.issuers()},
		Postgres: func(room string) (string, error) { return s.address(room, password(room), h.database), nil },
		Bus: func(room string) (bus.Config, error) {
			return bus.Config{InProcess: h.NATS, User: room, Password: password(room)}, nil
		},
	}
	if o.RealIDs {
		h.config.NewID = hub.NewID
	}
	return h
}

func (h *Hub) issuers() []web.Issuer {
	var all []web.Issuer
	for _, a := range h.Structure.Authorities {
		i := web.Issuer{URL: h.Issuer.URL(a.ID), ClientID: clientID, Audience: audience, MinLoA: "Substantial", NumberClaim: "cpr", HomeClaim: "address",
			Name: map[string]string{"da": a.Name, "en": a.Name}}
		if h.o.Issuer != nil {
			i = h.o.Issuer(a.ID)
		}
		if i.URL != "" {
			all = append(all, i)
		}
	}
	return all
}

// issuer is the URL of who vouches for an authority's people.
func (h *Hub) issuer(a hub.AuthorityID) string {
	if h.o.Issuer != nil {
		return h.o.Issuer(a).URL
	}
	return h.Issuer.URL(a)
}

func (h *Hub) open() {
	h.t.Helper()
	var err error
	h.Hub, err = host.Open(h.t.Context(), h.config)
	check(h.t, err)
}

// Restart closes the hub and opens it again on the same data: what is not on
// disk is forgotten.
func (h *Hub) Restart() {
	h.t.Helper()
	check(h.t, h.Hub.Close())
	h.open()
}

// made tells services by what setup makes of them: a stand-in of a room has its name, and
// neither its tables nor its rights.
func made(t testing.TB, services []service.Service) string {
	t.Helper()
	var of []string
	for _, s := range services {
		of = append(of, s.Name, fmt.Sprint(s.Writes))
		if s.Schema == nil {
			continue
		}
		check(t, fs.WalkDir(s.Schema, ".", func(path string, _ fs.DirEntry, err error) error {
			of = append(of, path)
			return err
		}))
	}
	return strings.Join(of, " ")
}

// startDatabase makes the test's database.
func (h *Hub) startDatabase() {
	h.t.Helper()
	ctx := h.t.Context()
	names := host.Names(h.o.Services)
	name, err := h.server.database(ctx, names, made(h.t, h.o.Services), func(owner string) error {
		return host.SetupDatabase(ctx, owner, h.o.Services, passwords(names))
	})
	check(h.t, err)
	h.database = name
	h.t.Cleanup(func() { check(h.t, h.server.drop(name)) })
	check(h.t, host.SyncStructure(ctx, host.Servers{Postgres: h.Owner(), Issuer: h.issuer}, h.Structure, h.Now()))
	c, err := pgxpool.ParseConfig(h.Owner())
	check(h.t, err)
	c.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan" // as the rooms have it
	h.pool, err = pgxpool.NewWithConfig(ctx, c)
	check(h.t, err)
	h.t.Cleanup(h.pool.Close)
}

// startStream starts the test's NATS server.
func (h *Hub) startStream() {
	h.t.Helper()
	var err error
	h.NATS, err = natslocal.Start(natslocal.Options{Dir: filepath.Join(h.Dir, "nats"), Accounts: bus.Accounts(passwords(bus.Users())), TCP: h.o.TCP})
	check(h.t, err)
	h.t.Cleanup(h.NATS.Stop)
	check(h.t, bus.Setup(h.t.Context(), bus.Config{InProcess: h.NATS, User: bus.Admin, Password: password(bus.Admin)}))
}

// password is the same for a room in every test: roles belong to the server,
// which tests share.
func password(room string) string { return "test-" + room }

func passwords(rooms []string) map[string]string {
	all := map[string]string{}
	for _, r := range rooms {
		all[r] = password(r)
	}
	return all
}

// Owner is the address of the test's database for the server's owner.
func (h *Hub) Owner() string { return h.server.address("", "", h.database) }

// Room is the address of the test's database for a room's own role, to try
// what it may not do.
func (h *Hub) Room(name string) string { return h.server.address(name, password(name), h.database) }

// Bus is how a room reaches the stream.
func (h *Hub) Bus(room string) bus.Config {
	c := bus.Config{InProcess: h.NATS, User: room, Password: password(room)}
	if h.o.TCP {
		c.InProcess, c.URL = nil, h.NATS.URL()
	}
	return c
}

// Now is the test's time.
func (h *Hub) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

// Advance moves the clock on, does the chores that have come due, and settles.
func (h *Hub) Advance(d time.Duration) {
	h.t.Helper()
	h.Set(h.Now().Add(d))
}

// Set is [Hub.Advance] to a time.
func (h *Hub) Set(now time.Time) {
	h.t.Helper()
	h.mu.Lock()
	h.now = now
	h.mu.Unlock()
	if h.tick != nil {
		check(h.t, h.tick(now))
	} else {
		check(h.t, h.Tick(h.t.Context()))
	}
	h.Settle()
}

// newID gives IDs that are the same in every run of a test.
func (h *Hub) newID() hub.ID {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ids++
	var b [16]byte
	binary.BigEndian.PutUint64(b[8:], h.ids)
	return hub.MakeID(b)
}

// SQL asks the database as its owner and gives the rows, each column as text;
// null is "<null>". It may be several statements.
func (h *Hub) SQL(query string, args ...any) [][]string {
	h.t.Helper()
	return h.rows(query, pgx.QueryExecModeSimpleProtocol, args)
}

// One is the only value of the only row. What is asked again is not planned again.
func (h *Hub) One(query string, args ...any) string {
	h.t.Helper()
	rows := h.rows(query, pgx.QueryResultFormats{pgx.TextFormatCode}, args)
	if len(rows) != 1 || len(rows[0]) != 1 {
		h.t.Fatalf("%s gives %v, wanted one value", query, rows)
	}
	return rows[0][0]
}

func (h *Hub) rows(query string, how any, args []any) [][]string {
	h.t.Helper()
	rows, err := h.pool.Query(h.t.Context(), query, append([]any{how}, args...)...)
	check(h.t, err)
	all, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) ([]string, error) {
		line := make([]string, len(r.FieldDescriptions()))
		for i, v := range r.RawValues() {
			if line[i] = string(v); v == nil {
				line[i] = "<null>"
			}
		}
		return line, nil
	})
	check(h.t, err)
	return all
}

// DB is a running room's way to the database.
func (h *Hub) DB(room string) *pg.DB { return h.Hub.DB(room) }

// log keeps what is logged, and shows it if the test fails.
func (h *Hub) log() slog.Handler {
	if h.o.Log != nil {
		return h.o.Log
	}
	out := &kept{}
	h.t.Cleanup(func() {
		if h.t.Failed() {
			h.t.Logf("the hub's log:\n%s", out)
		}
	})
	return slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelInfo})
}

// kept is a buffer that many may write to.
type kept struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (k *kept) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.b.Write(p)
}

func (k *kept) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.b.String()
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// patience is how long a test waits for what must come; it is generous,
// because a test that is late is not wrong.
const patience = 30 * time.Second

func patient(t testing.TB) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), patience)
}

// unhurried is a structure that slows nobody as the demo's does: a test looks more
// up in a minute than anybody does in a day. A test about that gives numbers of its
// own.
func unhurried(structure string) string {
	return strings.Replace(structure, "\nlook_ups: {hour: 300, day: 1500, wait: 10}\n", "\n", 1)
}
