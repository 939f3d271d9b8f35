// Package local runs a private Postgres server: the embedded default of the
// hub, and the database of the tests.
//
// It promises that
//   - the server listens on a Unix socket in a short directory that only its
//     user can enter, never on TCP, and asks for SCRAM passwords;
//   - what was committed is there after any end of the process: durability
//     settings are Postgres' own defaults, pages carry checksums, and a directory
//     half made by an interrupted first start is made again;
//   - no server outlives the hub for long: the kernel stops it when the hub dies
//     (Linux), else the next start does;
//   - one directory has one server: a second hub on it is refused;
//   - what is wrong is said in one line that says what to do.
//
// It never runs as root: started by root, it drops to the owner of the data, or
// to the user postgres or nobody. The server's log never shows values: no
// parameters, no statements, no errors of statements (the client gets those).
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// owner is the superuser that the private server is made with.
const owner = "owner"

// Options say what to start, and where.
type Options struct {
	Dir      string            // holds the data directories, one per major ("pg18"); made if missing
	Binaries Binaries          // zero: the newest found that fits the data in Dir
	Log      io.Writer         // receives the server's log; nil drops it
	MaxConns int               // max_connections; 0 is 100
	Settings map[string]string // further settings of the server, by name
}

// Server is a running private Postgres.
type Server struct {
	Major int // of the server, such as 18

	socket   string
	password string
	lock     *os.File
	process  *os.Process
	gone     chan struct{} // closed when the server has ended
	end      error         // how; read after gone
	log      *tail
	stop     sync.Once
}

// Start starts the server on the data below o.Dir, which it makes when there is
// none, and returns when the server takes connections. ctx bounds the start
// only. Errors are one line, for the person who typed the command.
func Start(ctx context.Context, o Options) (*Server, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	bin, err := o.choose(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, fmt.Sprintf("pg%d", bin.Major))
	as, err := whoRuns(data)
	if err != nil {
		return nil, err
	}
	if err := makeDir(dir, as); err != nil {
		return nil, err
	}
	for _, d := range []string{dir, bin.Dir} {
		if err := as.reaches(d); err != nil {
			return nil, err
		}
	}
	lock, err := lockDir(dir, as)
	if err != nil {
		return nil, err
	}
	s := &Server{Major: bin.Major, lock: lock, log: &tail{to: o.Log}}
	if err := s.start(ctx, o, bin, data, as); err != nil {
		os.RemoveAll(s.socket)
		lock.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, o Options, bin Binaries, data string, as identity) error {
	if err := initialise(ctx, bin, data, as); err != nil {
		return err
	}
	password, err := os.ReadFile(passwordFile(data))
	if err != nil {
		return fmt.Errorf("postgres: the owner's password is gone: put %s back from a backup, or forget the data with it (make reset): %w",
			passwordFile(data), err)
	}
	s.password = strings.TrimSpace(string(password))
	if err := clearLeftovers(ctx, data); err != nil {
		return err
	}
	if s.socket, err = makeSocketDir(as); err != nil {
		return err
	}
	if err := clearSocket(s.lock, s.socket, as); err != nil {
		return err
	}
	if err := s.spawn(o, bin, data, as); err != nil {
		return err
	}
	if err := s.waitReady(ctx, data); err != nil {
		s.halt(syscall.SIGQUIT) // at once: recovery at the next start makes it good
		return err
	}
	return nil
}

// arguments are the server's command line: what differs from Postgres' own
// defaults, and why.
func (o Options) arguments(data, socket string) []string {
	conns := o.MaxConns
	if conns == 0 {
		conns = 100
	}
	settings := map[string]string{
		"unix_socket_directories":  socket,
		"unix_socket_permissions":  "0700",
		"listen_addresses":         "", // no TCP, so no network peer to keep out
		"timezone":                 "UTC",
		"log_timezone":             "UTC",
		"max_connections":          fmt.Sprint(conns),
		"logging_collector":        "off",   // the log is ours to write
		"log_min_messages":         "log",   // FATAL, PANIC and notes, no ERROR: the text of one may quote a value
		"log_error_verbosity":      "terse", // and so may a DETAIL line
		"log_min_error_statement":  "panic", // and a statement
		"log_statement":            "none",
		"log_parameter_max_length": "0", // where slow statements are logged
		"cluster_name":             "infohus",
		"password_encryption":      "scram-sha-256",
	}
	for k, v := range o.Settings {
		settings[k] = v
	}
	args := []string{"-D", data}
	for _, k := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", k+"="+settings[k])
	}
	return args
}

// DSN is the address of a database on this server, for a role that signs in
// with a password.
func (s *Server) DSN(user, password, database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, password), Path: "/" + database,
		RawQuery: url.Values{"host": {s.socket}, "sslmode": {"disable"}}.Encode()}
	return u.String()
}

// Owner is the address of the database postgres for the server's superuser.
func (s *Server) Owner() string { return s.DSN(owner, s.password, "postgres") }

// Done is closed when the server has ended, by Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.gone }

// Stop ends the server in order: clients are cut off, what is committed is
// written, and the socket goes. It returns when the server has ended, and may be
// called twice.
func (s *Server) Stop() error {
	s.halt(syscall.SIGINT) // Postgres' "fast shutdown"
	if s.end != nil {
		return fmt.Errorf("postgres: ended badly: %w", s.end)
	}
	return nil
}

// halt ends the process, the first time with the signal, then with stronger
// ones, and clears away.
func (s *Server) halt(first syscall.Signal) {
	s.stop.Do(func() {
		for _, sig := range []syscall.Signal{first, syscall.SIGQUIT, syscall.SIGKILL} {
			s.process.Signal(sig) // fails where it has ended
			select {
			case <-s.gone:
			case <-time.After(10 * time.Second):
				continue
			}
			break
		}
		<-s.gone
		os.RemoveAll(s.socket)
		s.lock.Close()
	})
}

// spawn starts the server process. It is started and waited for on one thread
// that lives as long: the kernel sends the parent-death signal when the *thread*
// that forked ends.
func (s *Server) spawn(o Options, bin Binaries, data string, as identity) error {
	cmd := as.command(bin, "postgres", o.arguments(data, s.socket)...)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	cmd.WaitDelay = 10 * time.Second
	s.gone = make(chan struct{})
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(s.gone)
		err := cmd.Start()
		started <- err
		if err == nil {
			s.end = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("postgres: cannot run %s: %w", cmd.Path, err)
	}
	s.process = cmd.Process
	return nil
}

// waitReady waits for the word "ready" that the server writes into its pid
// file, as pg_ctl does: so that this package needs no client. Recovery after a
// crash may take its time; ctx says how long.
func (s *Server) waitReady(ctx context.Context, data string) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if p, err := readPidFile(data); err == nil && p.pid == s.process.Pid && p.status == "ready" {
			return nil
		}
		select {
		case <-s.gone:
			return s.log.explain("start", data, s.end)
		case <-ctx.Done():
			return s.log.explain("start", data, ctx.Err())
		case <-tick.C:
			if s.log.says(diskFullText) { // it would wait for space, without a word to us
				return s.log.explain("start", data, syscall.ENOSPC)
			}
		}
	}
}

// command makes a command of the server's tools, run as the identity, outside
// our process group (so that Ctrl-C at a terminal reaches only the hub, which
// stops things in order) and with no more of our environment than it needs.
func (as identity) command(bin Binaries, tool string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(bin.Dir, tool), args...)
	c.SysProcAttr = as.attributes()
	c.Dir = "/"
	c.Env = []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "TZ=UTC", "HOME=/", "LC_ALL=" + locale}
	return c
}

var errBusy = errors.New("is used by another hub that is running: stop that one, or give this one a directory of its own (INFOHUS_DATA)")
