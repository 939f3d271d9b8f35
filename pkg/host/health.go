package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
)

// Check is the health of one thing that the hub cannot work without.
type Check struct {
	What string // database, trail, keys, policy, stream or room, and whose: "trail intake"
	Err  error  // nil is well; for the log, never for the public
}

// probeTime is how long the checks may take together.
const probeTime = 3 * time.Second

// Checks tries everything that the hub cannot work without: keys, rules, and
// each room's database, trail and stream.
func (h *Hub) Checks(ctx context.Context) []Check {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	var probes []func() Check
	if h.vault != nil {
		probes = append(probes, func() Check { return Check{"keys", h.vault.Ready()} },
			func() Check { return Check{"policy", h.engine.Ready(ctx)} })
	}
	for _, s := range h.c.Services {
		// A room needs the one that keeps the sessions; the door needs all.
		if at, apart := h.c.Apart[s.Name]; apart && (s.Keeps || h.vault == nil) {
			probes = append(probes, func() Check { return h.probePeer(ctx, s, at) })
		}
	}
	for _, r := range h.rooms {
		probes = append(probes, func() Check { return h.probe(ctx, r) })
		if r.bus != nil {
			probes = append(probes, func() Check { return Check{"stream " + r.name, r.bus.Ready(ctx)} })
		}
	}
	checks := make([]Check, len(probes))
	var all sync.WaitGroup
	for i, probe := range probes {
		all.Go(func() { checks[i] = probe() })
	}
	all.Wait()
	return checks
}

// probePeer asks another process how it fares: the door whether it is ready, a
// room only whether it is there, or two rooms could wait for one another.
func (h *Hub) probePeer(ctx context.Context, s service.Service, at web.Peer) Check {
	if h.vault != nil {
		_, err := Fares(ctx, at, "/livez")
		return Check{"room " + s.Name, err}
	}
	failing, err := Fares(ctx, at, "/readyz")
	what := "room " + s.Name
	if err == nil && len(failing) > 0 {
		what += " (" + strings.Join(failing, ", ") + ")"
		err = errors.New("says that it is not ready; its log says why")
	}
	return Check{what, err}
}

// Fares asks another of the hub's processes at /livez or /readyz. It names what
// that process cannot use.
func Fares(ctx context.Context, at web.Peer, path string) (failing []string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.URL+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := at.Via.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var said struct {
		OK      *bool    `json:"ok"`
		Failing []string `json:"failing"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<16)).Decode(&said); err != nil || said.OK == nil {
		return nil, fmt.Errorf("what answers at %s is no room", at.URL)
	}
	return said.Failing, nil
}

// probe tells a database that does not answer from a trail that cannot be
// written: an operator goes to another place for each.
func (h *Hub) probe(ctx context.Context, r *room) Check {
	err := r.db.Ready(ctx)
	if err == nil {
		return Check{What: "trail " + r.name}
	}
	nobody := hub.System(h.c.Now(), h.c.NewID())
	alive := r.db.View(ctx, nobody, func(tx *pg.Tx) error {
		_, err := tx.Exec(ctx, "select 1")
		return err
	})
	if alive != nil {
		return Check{"database " + r.name, err}
	}
	return Check{"trail " + r.name, err}
}

// mux puts the two questions of an orchestrator before the pages.
func (h *Hub) mux(pages http.Handler) http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { health(w, http.StatusOK, nil, nil, nil) })
	m.HandleFunc("GET /readyz", h.readyz)
	m.Handle("/", pages)
	return m
}

// readyz runs the checks, for one asker at a time: whoever asks often waits.
func (h *Hub) readyz(w http.ResponseWriter, r *http.Request) {
	select {
	case h.probing <- struct{}{}:
		defer func() { <-h.probing }()
	case <-r.Context().Done():
		return
	}
	var failing []string
	for _, c := range h.Checks(r.Context()) {
		if c.Err != nil {
			failing = append(failing, c.What)
			h.c.Log.ErrorContext(r.Context(), "not ready", "what", c.What, "error", c.Err.Error())
		}
	}
	status := http.StatusOK
	var odd []string
	if len(failing) > 0 {
		status = http.StatusServiceUnavailable
	} else {
		for _, c := range h.odd(r.Context()) {
			odd = append(odd, c.What)
			h.c.Log.ErrorContext(r.Context(), "ready, and odd", "what", c.What, "error", c.Err.Error())
		}
	}
	var log *logHealth
	if l, within, ok := h.log(r.Context()); ok {
		log = &logHealth{Unwitnessed: l.Unwitnessed, Minutes: int(l.Waited / time.Minute), Late: l.Late(within), Closed: l.Closed}
		if l.Closed {
			h.c.Log.ErrorContext(r.Context(), "the hub is closed: a data-protection officer opens it again at /witnesses, which says what to do first")
		} else if log.Late {
			h.c.Log.ErrorContext(r.Context(), "too few witnesses have confirmed the log for hours: whoever passes something on is asked once more", "rows", l.Unwitnessed, "minutes", log.Minutes)
		}
	}
	health(w, status, failing, odd, log)
}

// logHealth is how the log stands, where witnesses are to confirm it: counts that it
// publishes itself.
type logHealth struct {
	Unwitnessed int64 `json:"unwitnessed"`      // rows that too few witnesses have confirmed
	Minutes     int   `json:"minutes"`          // for how long the first of them waits
	Late        bool  `json:"late,omitempty"`   // so long that whoever passes something on is asked once more
	Closed      bool  `json:"closed,omitempty"` // nothing is read: /witnesses says what to do
}

// health says how a hub fares: what it cannot use, what is odd while it works, and how its
// log stands.
func health(w http.ResponseWriter, status int, failing, odd []string, log *logHealth) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(struct {
		OK      bool       `json:"ok"`
		Failing []string   `json:"failing,omitempty"`
		Odd     []string   `json:"odd,omitempty"`
		Log     *logHealth `json:"log,omitempty"`
	}{status == http.StatusOK, failing, odd, log})
}
