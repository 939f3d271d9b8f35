package host

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// Check is the health of one thing that the hub cannot work without.
type Check struct {
	What string // database, trail, keys, policy or stream, and whose: "trail intake"
	Err  error  // nil is well; for the log, never for the public
}

// probeTime is how long the checks may take together.
const probeTime = 3 * time.Second

// Checks tries everything that the hub cannot work without: keys, rules, and
// each room's database, trail and stream.
func (h *Hub) Checks(ctx context.Context) []Check {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	probes := []func() Check{
		func() Check { return Check{"keys", h.vault.Ready()} },
		func() Check { return Check{"policy", h.engine.Ready(ctx)} },
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
	m.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { health(w, http.StatusOK, nil) })
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
	if len(failing) > 0 {
		status = http.StatusServiceUnavailable
	}
	health(w, status, failing)
}

func health(w http.ResponseWriter, status int, failing []string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(struct {
		OK      bool     `json:"ok"`
		Failing []string `json:"failing,omitempty"`
	}{status == http.StatusOK, failing})
}
