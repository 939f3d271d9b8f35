package hubtest

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/pg/local"
)

// server is the Postgres that the tests of this process use: one they are
// given, or a private one.
type server struct {
	owner string // address of the owner, database postgres
	token uint32 // names this process' databases
	hold  *pgx.Conn
	slot  *os.File // its lock ends with the process
	mu    sync.Mutex
	count int
	made  map[string]string // templates, by what setup made of the services in them
}

// shared is the one server of a test process. It is no test's to stop: a
// private one ends with the process, because the kernel tells it to.
var shared = sync.OnceValues(startServer)

// CannotRun ends a test that this machine cannot run: with a reason that make
// test tells at its end, and as a failure where CI=true.
func CannotRun(t testing.TB, why error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("CANNOT RUN: %v", why)
	}
	t.Skipf("CANNOT RUN: %v", why)
}

func startServer() (*server, error) {
	ctx := context.Background()
	s := &server{owner: os.Getenv("INFOHUS_TEST_POSTGRES"), made: map[string]string{}}
	if s.owner == "" {
		bin, err := local.Find()
		if err != nil {
			return nil, err
		}
		dir, lock, err := slot(bin.Major)
		if err != nil {
			return nil, err
		}
		s.slot = lock
		p, err := local.Start(ctx, local.Options{Dir: dir, Binaries: bin, MaxConns: 300, Settings: unsafe()})
		if err != nil {
			return nil, err
		}
		s.owner = p.Owner()
	}
	var b [4]byte
	rand.Read(b[:])
	s.token = binary.BigEndian.Uint32(b[:]) >> 1
	var err error
	if s.hold, err = pgx.Connect(ctx, s.owner); err != nil {
		return nil, fmt.Errorf("the Postgres of the tests: %w", err)
	}
	// Whoever holds the lock of a token is alive, and so its databases are in use.
	if _, err := s.hold.Exec(ctx, "select pg_advisory_lock($1, $2)", lockClass, int32(s.token)); err != nil {
		return nil, err
	}
	return s, s.sweep(ctx)
}

// unsafe settings give up what a test does not need: that data outlives the
// machine. Order and isolation are as ever.
func unsafe() map[string]string {
	if os.Getenv("INFOHUS_TEST_DURABLE") != "" { // for measuring: every safety on
		return map[string]string{"shared_buffers": "256MB"}
	}
	return map[string]string{"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
		"shared_buffers": "64MB", "max_wal_size": "256MB", "autovacuum_naptime": "1h"}
}

// slots bounds how many test processes have a private server at once. A slot's
// data is kept for the next run, which then need not make it anew.
const slots = 32

// slot takes a free directory for a private server of a major version, and the
// lock on it.
func slot(major int) (dir string, lock *os.File, err error) {
	base := filepath.Join(os.TempDir(), fmt.Sprintf("infohus-test-%d", os.Getuid()))
	if err := os.MkdirAll(base, 0o755); err != nil {
		return "", nil, err
	}
	info, err := os.Lstat(base)
	if err != nil {
		return "", nil, err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || int(st.Uid) != os.Getuid() || !info.IsDir() {
		return "", nil, fmt.Errorf("%s belongs to somebody else: remove it", base)
	}
	for i := range slots {
		dir := filepath.Join(base, fmt.Sprintf("%d-%d", major, i))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", nil, err
		}
		f, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return "", nil, err
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			return dir, f, nil
		}
		f.Close()
	}
	return "", nil, errors.New("too many test processes at once")
}

const (
	lockClass = 0x68756274 // "hubt"
	dbPrefix  = "hubtest_"
)

// sweep drops what test processes have left behind that are no more.
func (s *server) sweep(ctx context.Context) error {
	rows, err := s.hold.Query(ctx, "select datname from pg_database where starts_with(datname, $1)", dbPrefix)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		var token uint32
		if _, err := fmt.Sscanf(name, dbPrefix+"%x_", &token); err != nil || token == s.token {
			continue
		}
		var free bool
		if err := s.hold.QueryRow(ctx, "select pg_try_advisory_lock($1, $2)", lockClass, int32(token)).Scan(&free); err != nil {
			return err
		}
		if !free {
			continue
		}
		_, err := s.hold.Exec(ctx, "drop database if exists "+name+" with (force)")
		s.hold.Exec(ctx, "select pg_advisory_unlock($1, $2)", lockClass, int32(token))
		if err != nil {
			return err
		}
	}
	return nil
}

// database makes a database from the template of the services, which prepare
// fills the first time for whatever setup makes of them.
func (s *server) database(ctx context.Context, services []string, made string, prepare func(owner string) error) (name string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	template, ok := s.made[made]
	if !ok {
		template = s.next("template")
		if _, err := s.hold.Exec(ctx, "create database "+template); err != nil {
			return "", err
		}
		if err := prepare(s.address("", "", template)); err != nil {
			return "", err
		}
		s.made[made] = template
	}
	name = s.next("db")
	// As files: through the log, as is usual, takes twice as long.
	if _, err := s.hold.Exec(ctx, "create database "+name+" template "+template+" strategy file_copy"); err != nil {
		return "", err
	}
	// A template's rights on the database itself are not copied with it.
	_, err = s.hold.Exec(ctx, "revoke all on database "+name+" from public")
	for _, room := range services {
		if err == nil {
			_, err = s.hold.Exec(ctx, "grant connect on database "+name+" to "+room)
		}
	}
	return name, err
}

func (s *server) next(kind string) string {
	s.count++
	return fmt.Sprintf("%s%08x_%s%d", dbPrefix, s.token, kind, s.count)
}

func (s *server) drop(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, err := s.hold.Exec(ctx, "drop database if exists "+name+" with (force)")
	return err
}

// address is a database on the server, for the owner or somebody else.
func (s *server) address(user, password, database string) string {
	u, err := url.Parse(s.owner)
	if err != nil || u.Scheme == "" { // not a URL but key=value: what comes last counts
		address := s.owner + " dbname=" + database
		if user != "" {
			address += " user=" + user + " password=" + password
		}
		return address
	}
	u.Path = "/" + database
	if user != "" {
		u.User = url.UserPassword(user, password)
	}
	return u.String()
}
