// Package host runs rooms: it opens them on what the environment says, starts
// and stops them in order, and tells an operator how they fare.
//
// It promises:
//
//   - A hub is a value. [Open] builds it without listening anywhere, so that a
//     test or a demo can run the real thing on a clock of its own; [Hub.Serve]
//     puts it on the network; [Hub.Close] may be called at any time, twice too.
//   - What is not understood is refused at the start, by name: a setting, an
//     address with a user in it, a room that does not hear what the event table
//     tells it.
//   - Nothing is answered before keys, rules, databases and streams are there,
//     and stopping goes the other way: no new requests, the ones under way to
//     their end (at most ten seconds), then consumers, relays and chores, then
//     the connections, and the keys last (trust.md F44).
//   - /livez says that the process answers. /readyz says that the hub can do its
//     work, and otherwise which of database, trail, keys, policy and stream it
//     cannot use. Neither says anything about anybody.
package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"

	"github.com/infohus/infohus/pkg/bus"
	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// Config is what a hub is opened from.
type Config struct {
	Services  []service.Service                     // the rooms to run
	Structure *structure.Structure                  // who works together, under which rules
	Postgres  func(room string) (string, error)     // the address a room signs in at, its own user and password in it
	Bus       func(room string) (bus.Config, error) // the same for the stream
	Keys      string                                // directory of the vault
	KeysAt    *web.Peer                             // the process that holds the vault; nil is this one
	Apart     map[string]web.Peer                   // those of Services that run in processes of their own
	Site      web.Options                           // Origin and Issuers; Now, NewID and Log are filled in
	Now       func() time.Time                      // nil is the machine's clock
	NewID     func() hub.ID                         // nil is hub.NewID
	Log       *slog.Logger                          // nil logs nothing
	Still     bool                                  // no chore runs but in Tick: for a clock that stands still
	Watch     func()                                // called when a fact was told or done; nil is nobody
}

// Hub is rooms that run. Open one with [Open].
type Hub struct {
	c       Config
	engine  *policies.Engine
	vault   keys // nil where no room runs
	site    *web.Site
	handler http.Handler
	pages   http.Handler
	rooms   []*room
	meters  meters

	stop    context.CancelFunc // ends the work
	work    sync.WaitGroup     // relays, consumers, chores
	once    sync.Once
	failed  error // of Close
	probing chan struct{}
}

// keys is what the hub asks of the keys, wherever they are.
type keys interface {
	service.Keys
	Ready() error
	Close() error
}

// room is an opened service with its ways to the outside.
type room struct {
	service.Room
	name   string
	db     *pg.DB
	bus    *bus.Conn // nil for a room that neither tells nor hears
	chores []*chore
}

// retryEvery is how soon a dead letter is tried after somebody asked for it.
const retryEvery = 2 * time.Second

// canaryEvery is how soon after midnight a room sends the canary of the day, and how soon
// again if it could not.
const canaryEvery = 30 * time.Second

// Open opens the rooms and begins to relay, to consume and to do chores. ctx
// bounds the opening only. Nothing listens: see [Hub.Handler] and [Hub.Serve].
func Open(ctx context.Context, c Config) (*Hub, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = hub.NewID
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Watch == nil {
		c.Watch = func() {}
	}
	h := &Hub{c: c, stop: func() {}, probing: make(chan struct{}, 1)}
	if err := h.open(ctx); err != nil {
		h.Close()
		return nil, err
	}
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	h.stop = stop
	h.begin(working)
	return h, nil
}

func (h *Hub) open(ctx context.Context) (err error) {
	if h.meters, err = newMeters(); err != nil {
		return err
	}
	if len(h.c.Apart) < len(h.c.Services) { // the door has neither rules nor keys
		if h.engine, err = policies.New(); err != nil {
			return fmt.Errorf("the rules do not compile: %w", err)
		}
		h.engine.Trust(Approval(h.c.Structure), h.tellRevision)
		if err := h.openKeys(ctx); err != nil {
			return err
		}
	}
	o := h.c.Site
	o.Now, o.NewID, o.Log = h.c.Now, h.c.NewID, h.c.Log
	o.Basis = h.c.Structure.BasisText
	o.Called = func(id hub.AuthorityID) string {
		if a, ok := h.c.Structure.Authority(id); ok {
			return a.Name
		}
		return string(id)
	}
	o.Values = func(at time.Time) map[string][]string { return values(h.c.Structure, at) }
	if len(h.c.Structure.Trail.Witnesses) > 0 {
		o.LogState = h.logState
	}
	if h.site, err = web.New(o); err != nil {
		return err
	}
	for _, s := range h.c.Services {
		if at, apart := h.c.Apart[s.Name]; apart {
			if err := h.openApart(s, at); err != nil {
				return fmt.Errorf("room %s: %w", s.Name, err)
			}
			continue
		}
		r, err := h.openRoom(ctx, s)
		if r != nil {
			h.rooms = append(h.rooms, r)
		}
		if err != nil {
			return fmt.Errorf("room %s: %w", s.Name, err)
		}
	}
	for _, r := range h.rooms {
		if r.Begin == nil {
			continue
		}
		if err := r.Begin(ctx); err != nil {
			return fmt.Errorf("room %s: beginning: %w", r.name, err)
		}
	}
	if h.pages, err = h.site.Handler(); err != nil {
		return err
	}
	h.handler = h.mux(h.pages)
	return nil
}

// openKeys opens the vault, or finds the process that holds it.
func (h *Hub) openKeys(ctx context.Context) error {
	if h.c.KeysAt != nil {
		k, err := vault.Connect(ctx, h.c.KeysAt.URL, h.c.KeysAt.Via)
		if err != nil {
			return err
		}
		h.vault = k
	} else {
		v, err := vault.Open(h.c.Keys)
		if err != nil {
			return err
		}
		h.vault = v
	}
	var own []hub.ID
	for _, a := range h.c.Structure.Authorities {
		own = append(own, vault.AuthorityKey(a.ID))
	}
	return h.vault.Make(own...) // what a justification is sealed to
}

// openApart takes in what a room of another process answers, and where.
func (h *Hub) openApart(s service.Service, at web.Peer) error {
	r, err := s.Open(service.Env{Web: h.site, Structure: h.c.Structure, Now: h.c.Now, NewID: h.c.NewID, Log: h.c.Log})
	if err != nil {
		return err
	}
	if s.Keeps {
		h.site.SessionsAt(at) // instead of those that it would keep here
	}
	return h.site.AddApart(s.Name, s.Pages, r.Routes, r.Marks, at)
}

// openRoom gives what it has opened also with an error, so that it is closed.
func (h *Hub) openRoom(ctx context.Context, s service.Service) (*room, error) {
	r := &room{name: s.Name}
	url, err := h.c.Postgres(s.Name)
	if err != nil {
		return r, err
	}
	r.db, err = pg.Open(ctx, pg.Config{URL: url, Room: s.Name, Now: h.c.Now, NewID: h.c.NewID, Engine: h.engine, Sealer: h.vault, ReasonKey: vault.AuthorityKey})
	if err != nil {
		return r, err
	}
	if slices.Contains(bus.Rooms(), s.Name) {
		conf, err := h.c.Bus(s.Name)
		if err != nil {
			return r, err
		}
		conf.Log = h.c.Log
		if r.bus, err = bus.Connect(ctx, conf); err != nil {
			return r, err
		}
	}
	r.Room, err = s.Open(service.Env{DB: r.db, Vault: h.vault, Web: h.site, Structure: h.c.Structure,
		Now: h.c.Now, NewID: h.c.NewID, Log: h.c.Log.With("room", s.Name)})
	if err != nil {
		return r, err
	}
	if err := hears(s.Name, r.On); err != nil {
		return r, err
	}
	r.chores = append(r.chores, &chore{room: s.Name, Chore: service.Chore{Name: "canary", Every: canaryEvery, Do: r.canary(h.c.Now)}})
	for _, ch := range r.Chores {
		r.chores = append(r.chores, &chore{Chore: ch, room: s.Name})
	}
	// What an operator asked to be tried again (infohus dead) is tried here, where the room's reactions are.
	r.chores = append(r.chores, &chore{room: s.Name, Chore: service.Chore{Name: "dead", Every: retryEvery, Do: func(ctx context.Context) error {
		_, err := r.db.Again(ctx, h.hear(r))
		return err
	}}})
	return r, h.site.Add(s.Name, s.Pages, r.Routes, r.Marks)
}

// canary sends the room's canary once a day, and when the room begins.
func (r *room) canary(now func() time.Time) func(context.Context) error {
	var sent hub.ID
	return func(ctx context.Context) error {
		today := pg.Canary(r.name, now())
		if today == sent {
			return nil
		}
		err := r.db.SendCanary(ctx)
		if err == nil {
			sent = today
		}
		return err
	}
}

// hears checks that a room reacts to just what the event table tells it: a
// fact with no reaction would be lost, a reaction with no fact never run.
func hears(room string, on map[string]service.Reaction) error {
	told := map[string]bool{}
	for _, owner := range event.Owners() {
		for _, k := range event.Heard(room, owner) {
			told[k.Type] = true
			if on[k.Type] == nil {
				return fmt.Errorf("the event table tells it %s, and it has no reaction to it", k.Type)
			}
		}
	}
	for t := range on {
		if !told[t] {
			return fmt.Errorf("it has a reaction to %s, which the event table does not tell it", t)
		}
	}
	return nil
}

// Handler is everything the hub answers over HTTP.
func (h *Hub) Handler() http.Handler { return h.handler }

// Site is what the rooms' pages stand in.
func (h *Hub) Site() *web.Site { return h.site }

// Inner is everything that the hub answers its other processes: see
// [web.Site.Inner]. Put it behind [Secrets.Listen] only.
func (h *Hub) Inner() http.Handler { return h.mux(h.site.Inner(h.pages)) }

// Vault is where the keys are.
func (h *Hub) Vault() service.Keys { return h.vault }

// Engine is what decides.
func (h *Hub) Engine() *policies.Engine { return h.engine }

// DB is a running room's way to the database; nil for a room that does not run
// here.
func (h *Hub) DB(name string) *pg.DB {
	for _, r := range h.rooms {
		if r.name == name {
			return r.db
		}
	}
	return nil
}

// Close stops the work, then the connections, then the keys. It returns when
// all have ended, at most some ten seconds later, and may be called twice.
func (h *Hub) Close() error {
	h.once.Do(func() {
		h.stop()
		done := make(chan struct{})
		go func() { h.work.Wait(); close(done) }()
		var problems []error
		select {
		case <-done:
		case <-time.After(drain):
			problems = append(problems, errors.New("some work did not end in time; it will be done again at the next start"))
		}
		for _, r := range h.rooms {
			if r.bus != nil {
				r.bus.Close()
			}
		}
		for _, r := range h.rooms {
			if r.db != nil {
				r.db.Close()
			}
		}
		if h.vault != nil {
			problems = append(problems, h.vault.Close())
		}
		h.failed = errors.Join(problems...)
	})
	return h.failed
}

// meters count what the hub does. Their attributes are names of rooms, facts
// and outcomes.
type meters struct {
	told, done, chores metric.Int64Counter
}

func newMeters() (meters, error) {
	m := otel.Meter(scope)
	told, err1 := m.Int64Counter("infohus.facts.told", metric.WithDescription("Facts published to the stream, by room."))
	done, err2 := m.Int64Counter("infohus.facts.done", metric.WithDescription("Facts that a room was given, by room, type and outcome."))
	chores, err3 := m.Int64Counter("infohus.chores", metric.WithDescription("Chores run, by room, chore and outcome."))
	return meters{told, done, chores}, errors.Join(err1, err2, err3)
}
