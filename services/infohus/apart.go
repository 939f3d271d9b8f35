package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/bus"
	"github.com/infohus/infohus/pkg/host"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/pkg/web"
)

// openTime is how long a room waits at its start for the database, the stream
// and the keys.
const openTime = time.Minute

// runApart runs what INFOHUS_ROOMS parts: the keys, the door, or rooms.
func runApart(ctx context.Context, s host.Settings, args []string) (err error) {
	if err := s.Whole(others()...); err != nil {
		return err
	}
	telemetry, err := host.StartTelemetry(ctx, os.Stderr, true)
	if err != nil {
		return err
	}
	defer stopTelemetry(ctx, telemetry)
	if slices.Equal(args, []string{host.Keys}) {
		return runKeys(ctx, s, telemetry)
	}
	c, err := apart(s, args)
	if err != nil {
		return err
	}
	c.Log = telemetry.Log
	opening, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	h, err := host.Open(opening, c)
	if err != nil && hub.CodeOf(err) == hub.CodeUnavailable {
		return fmt.Errorf("%w: has infohus setup been run, and does infohus run keys run? infohus doctor looks closer", err)
	} else if err != nil {
		return err
	}
	return errors.Join(serveApart(ctx, s, args, h, telemetry), h.Close())
}

// others are the processes that others ask.
func others() []string { return append([]string{host.Keys}, host.Names(rooms())...) }

// apart says how the rooms named run here and reach the others; "door" is no
// room, and reaches them all.
func apart(s host.Settings, args []string) (host.Config, error) {
	all := host.Names(rooms())
	c := host.Config{Services: rooms(), Apart: map[string]web.Peer{}}
	if len(args) == 0 {
		return c, fmt.Errorf("INFOHUS_ROOMS says that rooms run apart: say what to run here, of %s, %s and the rooms %s", host.Keys, host.Door, strings.Join(all, ", "))
	}
	if s.Structure == "" {
		return c, errors.New("set INFOHUS_STRUCTURE: who works together, under which rules")
	}
	secrets := host.Secrets(s.Secrets)
	for _, name := range args {
		switch {
		case slices.Contains(all, name):
		case name == host.Door && len(args) == 1:
		case name == host.Door || name == host.Keys:
			return c, fmt.Errorf("%s is a process of its own: run it without rooms", name)
		default:
			return c, fmt.Errorf("there is no room %q: the rooms are %s; besides there are %s and %s", name, strings.Join(all, ", "), host.Keys, host.Door)
		}
	}
	if args[0] != host.Door && s.Embedded() {
		return c, errors.New("rooms run apart only on servers that they share: set INFOHUS_POSTGRES_URL and INFOHUS_NATS_URL, or run all of them")
	}
	var err error
	if c.Structure, err = realStructure(s); err != nil {
		return c, err
	}
	c.Postgres = func(room string) (string, error) { return secrets.Database(s.Postgres, room) }
	c.Bus = func(room string) (bus.Config, error) { return secrets.Stream(bus.Config{URL: s.NATS}, room) }
	c.Site.Origin = s.Origin
	keeps := func(name string) bool {
		return slices.ContainsFunc(rooms(), func(v service.Service) bool { return v.Name == name && v.Keeps })
	}
	if slices.ContainsFunc(args, keeps) { // nobody else speaks with the issuers, or needs what proves us to them
		if c.Site.Issuers, err = secrets.Issuers(c.Structure); err != nil {
			return c, err
		}
	}
	for _, name := range others() {
		if slices.Contains(args, name) {
			continue
		}
		at, err := secrets.Peer(args[0], name, s.Rooms[name])
		if err != nil {
			return c, err
		}
		if name == host.Keys {
			c.KeysAt = &at
		} else {
			c.Apart[name] = at
		}
	}
	return c, nil
}

// serveApart answers people at the door, or the other processes in a room, until
// ctx ends.
func serveApart(ctx context.Context, s host.Settings, args []string, h *host.Hub, t *host.Telemetry) error {
	if args[0] == host.Door {
		l, err := host.Listen(ctx, s.Listen)
		if err != nil {
			return err
		}
		defer l.Close()
		t.Log.Info("ready", "listen", l.Addr().String(), "origin", s.Origin, "rooms", host.Door)
		return h.Serve(ctx, l)
	}
	inner := host.Guarded(host.Names(rooms()), h.Inner())
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, len(args))
	for _, name := range args {
		l, err := host.Secrets(s.Secrets).ListenInner(ctx, name, s.Rooms[name])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		defer l.Close()
		go func() {
			ended <- host.Serve(ctx, l, inner, t.Log)
			stop() // one that cannot answer takes the others with it
		}()
	}
	t.Log.Info("ready", "rooms", strings.Join(args, " "))
	var problems []error
	for range args {
		problems = append(problems, <-ended)
	}
	return errors.Join(problems...)
}

// runKeys holds the vault for the rooms of other processes. It knows no
// database, no stream and nobody.
func runKeys(ctx context.Context, s host.Settings, t *host.Telemetry) error {
	l, err := host.Secrets(s.Secrets).ListenInner(ctx, host.Keys, s.Rooms[host.Keys])
	if err != nil {
		return err
	}
	defer l.Close()
	v, err := vault.Open(data(s.Data).keys())
	if err != nil {
		return err
	}
	t.Log.Info("ready", "rooms", host.Keys)
	return errors.Join(host.Serve(ctx, l, host.KeysHandler(v, host.Names(rooms()), t.Log), t.Log), v.Close())
}
