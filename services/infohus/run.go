package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/infohus/infohus/deploy"
	"github.com/infohus/infohus/pkg/bus"
	"github.com/infohus/infohus/pkg/host"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
)

// run runs the rooms until a signal comes.
func run(ctx context.Context, args []string) error {
	s, err := host.Environment(os.Environ())
	if err != nil {
		return err
	}
	// No core dumps, of us or of Postgres: memory holds keys and names.
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("core dumps cannot be switched off: %w", err)
	}
	switch {
	case len(s.Rooms) > 0:
		return runApart(ctx, s, args)
	case len(args) > 0:
		return errors.New("rooms run apart only where each knows the others: set INFOHUS_ROOMS, INFOHUS_POSTGRES_URL and INFOHUS_NATS_URL, or run all of them")
	case s.Embedded():
		return runEmbedded(ctx, s, rooms())
	}
	return runOnServers(ctx, s, rooms())
}

// runOnServers runs rooms on servers of the operator's own. Nothing invented
// starts here: no demo world, no development sign-in.
func runOnServers(ctx context.Context, s host.Settings, services []service.Service) error {
	st, err := realStructure(s)
	if err != nil {
		return err
	}
	secrets := host.Secrets(s.Secrets)
	c := host.Config{Services: services, Structure: st, Keys: data(s.Data).keys(),
		Postgres: func(room string) (string, error) { return secrets.Database(s.Postgres, room) },
		Bus:      func(room string) (bus.Config, error) { return secrets.Stream(bus.Config{URL: s.NATS}, room) }}
	c.Site.Origin = s.Origin
	if c.Site.Issuers, err = secrets.Issuers(st); err != nil {
		return err
	}
	telemetry, err := host.StartTelemetry(ctx, os.Stderr, true)
	if err != nil {
		return err
	}
	defer stopTelemetry(ctx, telemetry)
	c.Log = telemetry.Log
	l, err := host.Listen(ctx, s.Listen)
	if err != nil {
		return err
	}
	defer l.Close()
	h, err := host.Open(ctx, c)
	if err != nil && hub.CodeOf(err) == hub.CodeUnavailable {
		return fmt.Errorf("%w: has infohus setup been run? infohus doctor looks closer", err)
	} else if err != nil {
		return err
	}
	telemetry.Log.Info("ready", "listen", l.Addr().String(), "origin", s.Origin, "rooms", strings.Join(host.Names(services), " "))
	return errors.Join(h.Serve(ctx, l), h.Close())
}

// realStructure reads the structure of a hub on servers of its own.
func realStructure(s host.Settings) (*structure.Structure, error) {
	st, err := host.LoadStructure(s.Structure)
	if err != nil {
		return nil, err
	}
	if st.Demo {
		return nil, fmt.Errorf("%s is an invented world (demo: true), and these are servers of your own: the demo world refuses to start here", s.Structure)
	}
	for _, p := range st.Posts() {
		if p.Issuer == "" {
			return nil, fmt.Errorf("%s: authority %s has people and names no issuer, and these are servers of your own: the development sign-in refuses to start here", s.Structure, p.Authority)
		}
	}
	return st, nil
}

// runEmbedded runs the hub with everything it needs on this machine alone.
func runEmbedded(ctx context.Context, s host.Settings, services []service.Service) (err error) {
	began := time.Now()
	say := sayer(began)
	d := data(s.Data)
	st, err := embeddedStructure(s)
	if err != nil {
		return err
	}
	if !allReal(st) {
		if _, err := development(s, st); err != nil { // before anything is started
			return err
		}
	}
	l, err := host.Listen(ctx, s.Listen) // before anything is written
	if err != nil {
		return err
	}
	defer l.Close()
	s = at(s, l)
	unlock, err := d.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := d.mark(); err != nil {
		return err
	}
	fresh, err := d.begin(st, say)
	if err != nil {
		return err
	}
	out, err := d.logFile()
	if err != nil {
		return err
	}
	defer out.Close()
	telemetry, err := host.StartTelemetry(ctx, out, false)
	if err != nil {
		return err
	}
	defer stopTelemetry(ctx, telemetry)

	e, err := startEmbedded(ctx, d, services, say)
	if err != nil {
		return interrupted(ctx, err)
	}
	defer func() { err = errors.Join(err, e.stop()) }()
	w, err := newWorld(ctx, s, st, services, e, telemetry)
	if err != nil {
		return interrupted(ctx, err)
	}
	door := new(door)
	door.open(w.signIn(closed()))
	served := make(chan error, 1)
	serving, stop := context.WithCancel(ctx)
	defer stop()
	go func() { served <- host.Serve(serving, l, door, telemetry.Log) }()

	if fresh {
		say("playing the demo world, once")
		if err := w.seed(ctx); err != nil {
			return interrupted(ctx, fmt.Errorf("the demo world could not be played: %w", err))
		}
		if err := d.done(); err != nil {
			return err
		}
	}
	h, err := host.Open(ctx, w.config)
	if err != nil {
		return interrupted(ctx, err)
	}
	door.open(w.signIn(h.Handler()))
	w.welcome(os.Stdout, time.Since(began))

	var trouble error
	select {
	case trouble = <-served: // ctx ended, and what was under way is done
	case <-e.postgres.Done():
		trouble = fmt.Errorf("the private Postgres ended by itself: see %s/log, and start again", d)
		stop()
		trouble = errors.Join(trouble, <-served)
	}
	fmt.Println("\n→ stopping")
	return errors.Join(trouble, h.Close())
}

// interrupted tells what failed from what was stopped: somebody who presses
// Ctrl-C during the start wants to hear no error of it.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("stopped before it was ready")
	}
	return err
}

func stopTelemetry(ctx context.Context, t *host.Telemetry) {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := t.Stop(last); err != nil {
		t.Log.Warn("telemetry was not sent to the end", "error", err.Error())
	}
}

// embeddedStructure is the operator's own structure file, or the demo.
func embeddedStructure(s host.Settings) (*structure.Structure, error) {
	if s.Structure != "" {
		return host.LoadStructure(s.Structure)
	}
	return structure.Load(bytes.NewReader(deploy.Demo()), deploy.DemoName)
}

// begin tells whether the demo world must be played first. A world that was
// left half played is forgotten: nobody has been let in yet.
func (d data) begin(st *structure.Structure, say func(string, ...any)) (fresh bool, err error) {
	if !st.Demo {
		return false, nil
	}
	state, err := os.ReadFile(d.demo())
	switch {
	case err == nil && string(state) == "done":
		return false, nil
	case err == nil:
		say("the demo world was left half played; beginning it anew")
		if err := d.forget(); err != nil {
			return false, d.explain(err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return false, d.explain(err)
	}
	if err := os.WriteFile(d.demo(), []byte("begun"), 0o600); err != nil {
		return false, d.explain(err)
	}
	return true, nil
}

func (d data) done() error {
	if err := os.WriteFile(d.demo(), []byte("done"), 0o600); err != nil {
		return d.explain(err)
	}
	return nil
}

// door is a handler that can be changed while it is in use.
type door struct{ to atomic.Pointer[http.Handler] }

func (d *door) open(h http.Handler) { d.to.Store(&h) }

// ServeHTTP hands on.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*d.to.Load()).ServeHTTP(w, r) }

// closed answers while the hub is starting.
func closed() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "Infohus is starting.", http.StatusServiceUnavailable)
	})
}

// at gives the settings of a hub that was told to take any free port.
func at(s host.Settings, l net.Listener) host.Settings {
	if strings.HasSuffix(s.Listen, ":0") {
		s.Origin = strings.Replace(s.Origin, s.Listen, l.Addr().String(), 1)
		s.Listen = l.Addr().String()
	}
	return s
}

// loopback reports whether an address can be reached from this machine only.
func loopback(address string) bool {
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(name)
	return name == "localhost" || ip != nil && ip.IsLoopback()
}
