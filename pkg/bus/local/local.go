// Package local runs a NATS server with JetStream in this process: the embedded
// default of the hub, and the stream of the tests.
//
// It promises that
//   - every message is on disk before it is acknowledged (sync_interval: always);
//   - nobody outside this process can reach it, unless Options.TCP asks for a port
//     on the loopback interface;
//   - one directory has one server: a second hub on it is refused, since two
//     would destroy each other's files without noticing;
//   - it leaves signals to the hub.
package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Options say where the server keeps its data and who may use it.
type Options struct {
	Dir      string       // of the store; made if missing
	Accounts string       // accounts and users, as bus.Accounts renders them
	TCP      bool         // also listen on 127.0.0.1
	Port     int          // with TCP; 0 takes a free one
	Log      *slog.Logger // nil drops the server's log
}

// Server is a running server. It gives in-process connections, as nats.go asks
// for them.
type Server struct {
	s    *server.Server
	lock *os.File
	stop sync.Once
}

// Start starts a server and returns when it takes connections.
func Start(o Options) (*Server, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("nats: the store's directory: %w", err)
	}
	lock, err := lockDir(o.Dir)
	if err != nil {
		return nil, err
	}
	s, err := start(o)
	if err != nil {
		lock.Close()
		return nil, err
	}
	return &Server{s: s, lock: lock}, nil
}

func start(o Options) (*server.Server, error) {
	if strings.TrimSpace(o.Accounts) == "" {
		return nil, errors.New("nats: a server without accounts would be open to everybody")
	}
	opts := &server.Options{}
	if err := opts.ProcessConfigString(o.Accounts); err != nil {
		return nil, fmt.Errorf("nats: accounts: %w", err)
	}
	opts.ServerName = "infohus"
	opts.NoSigs = true // the hub stops things in order
	opts.JetStream = true
	opts.StoreDir = o.Dir
	opts.SyncAlways = true
	opts.JetStreamMaxMemory = 64 << 20
	opts.JetStreamMaxStore = 4 << 30
	opts.MaxPayload = 256 << 10
	opts.DontListen = !o.TCP
	opts.Host, opts.Port = "127.0.0.1", o.Port
	if o.Port == 0 {
		opts.Port = server.RANDOM_PORT
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	log := &logger{log: o.Log, fatal: make(chan struct{})}
	s.SetLoggerV2(log, false, false, false)
	go s.Start()
	ready := make(chan bool, 1)
	go func() { ready <- s.ReadyForConnections(10*time.Second) && s.JetStreamEnabled() }()
	ok := false
	select {
	case ok = <-ready:
	case <-log.fatal:
	}
	if !ok {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, fmt.Errorf("nats: the server does not start on %s: %s", o.Dir, log.last())
	}
	return s, nil
}

// InProcessConn opens a connection inside this process.
func (s *Server) InProcessConn() (net.Conn, error) { return s.s.InProcessConn() }

// SyncAlways says that every message is on disk before it is acknowledged.
func (s *Server) SyncAlways() bool {
	v, err := s.s.Varz(nil)
	return err == nil && v.JetStream.Config != nil && v.JetStream.Config.SyncAlways
}

// URL is the address on the loopback interface, with Options.TCP.
func (s *Server) URL() string { return s.s.ClientURL() }

// Stop ends the server; it returns when the store is closed, and may be called
// twice.
func (s *Server) Stop() {
	s.stop.Do(func() {
		s.s.Shutdown()
		s.s.WaitForShutdown()
		s.lock.Close()
	})
}

// lockDir holds the directory for this process, until the process ends.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("nats: the store's directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("nats: %s is used by another hub that is running: stop that one, or give this one a directory of its own (INFOHUS_DATA)", dir)
	}
	return f, nil
}

// logger passes the server's log on: its notices as debug lines.
type logger struct {
	log *slog.Logger

	mu    sync.Mutex
	bad   error
	fatal chan struct{} // closed when the server cannot go on
	died  sync.Once
}

func (l *logger) write(level slog.Level, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if level >= slog.LevelError {
		l.mu.Lock()
		l.bad = errors.New(text)
		l.mu.Unlock()
	}
	if l.log != nil {
		l.log.Log(context.Background(), level, "nats", "text", text)
	}
}

func (l *logger) last() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bad == nil {
		return errors.New("it says nothing")
	}
	return l.bad
}

// Noticef and the rest are what the server calls.
func (l *logger) Noticef(format string, v ...any) { l.write(slog.LevelDebug, format, v...) }

// Warnf passes a warning on.
func (l *logger) Warnf(format string, v ...any) { l.write(slog.LevelWarn, format, v...) }

// Errorf passes an error on.
func (l *logger) Errorf(format string, v ...any) { l.write(slog.LevelError, format, v...) }

// Fatalf passes an error on; ending the process is not the server's to do.
func (l *logger) Fatalf(format string, v ...any) {
	l.write(slog.LevelError, format, v...)
	l.died.Do(func() { close(l.fatal) })
}

// Debugf drops it.
func (l *logger) Debugf(string, ...any) {}

// Tracef drops it: a trace shows messages.
func (l *logger) Tracef(string, ...any) {}
