package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/infohus/infohus/deploy"
	"github.com/infohus/infohus/pkg/host"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
)

// world is the embedded hub's own world: who may sign in, and how.
type world struct {
	settings  host.Settings
	structure *structure.Structure
	config    host.Config // on the machine's clock
	clock     *clock      // of the demo world while it is played, and of the development sign-in
	idp       *idp        // nil where every authority has an issuer of its own
}

// newWorld makes the development sign-in, where the structure needs one, and
// prepares the servers for the rooms.
func newWorld(ctx context.Context, s host.Settings, st *structure.Structure, services []service.Service, e *embedded, t *host.Telemetry) (*world, error) {
	w := &world{settings: s, structure: st, config: e.config(), clock: new(clock)}
	w.config.Services, w.config.Structure, w.config.Log = services, st, t.Log
	w.config.Site.Origin = s.Origin
	issuer, err := w.vouchers(e.data)
	if err != nil {
		return nil, err
	}
	return w, e.prepare(ctx, services, st, issuer)
}

// vouchers says who may vouch for the people: their authorities' issuers, or
// the development sign-in where none has one. issuer names the one of an
// authority that names none.
func (w *world) vouchers(d data) (issuer func(hub.AuthorityID) string, err error) {
	if w.config.Site.Issuers, err = d.secrets().Issuers(w.structure); err != nil || allReal(w.structure) {
		return nil, err
	}
	allowed, err := development(w.settings, w.structure)
	if err != nil {
		return nil, err
	}
	w.idp, err = newIDP(allowed, idpOptions{Dir: d.idp(), Origin: w.settings.Origin, Issuers: idpIssuers(w.structure, time.Now()), Now: w.clock.Now})
	if err != nil {
		return nil, err
	}
	w.config.Site.Issuers = w.idp.Issuers()
	return func(a hub.AuthorityID) string { return idpURL(w.settings.Origin, a) }, nil
}

// allReal reports whether every authority has an issuer of its own.
func allReal(st *structure.Structure) bool {
	return !slices.ContainsFunc(st.Authorities, func(a structure.Authority) bool { return a.Issuer == "" })
}

// signIn puts the development sign-in beside the hub's pages.
func (w *world) signIn(pages http.Handler) http.Handler {
	if w.idp == nil {
		return pages
	}
	m := http.NewServeMux()
	m.Handle(idpPath, w.idp.Handler())
	m.Handle("/", pages)
	return m
}

// seed plays the demo world, on a hub of its own whose clock is set to each
// step; its chores run then too.
func (w *world) seed(ctx context.Context) error {
	c := w.config
	now := time.Now()
	w.clock.Set(now.AddDate(0, -4, 0))
	defer w.clock.Follow()
	c.Now, c.Still = w.clock.Now, true
	h, err := host.Open(ctx, c)
	if err != nil {
		return err
	}
	var late error
	set := func(at time.Time) {
		w.clock.Set(at)
		if err := h.Tick(ctx); err != nil && late == nil {
			late = err
		}
	}
	caller, err := newCaller(ctx, w.settings.Origin, inProcess(h.Handler()), func(login string) (string, error) { return w.idp.Token(atHome(w.structure, login)) })
	if err == nil {
		err = seed(ctx, deploy.Concerns(), w.structure, now, set, caller)
	}
	if err == nil {
		err = late
	}
	if closed := h.Close(); err == nil {
		err = closed
	}
	return err
}

// inProcess asks a handler without a network.
func inProcess(h http.Handler) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		r.RequestURI, r.Host = r.URL.RequestURI(), r.URL.Host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result(), nil
	}
}

// welcome says what to open, and as whom to sign in.
func (w *world) welcome(to io.Writer, took time.Duration) {
	fmt.Fprintf(to, "\nInfohus is ready after %.1f s:  %s\n", took.Seconds(), w.settings.Origin)
	if w.idp == nil {
		return
	}
	fmt.Fprintf(to, "\nSign in as one of these; the password of all is %s\n\n", w.idp.Password())
	now := time.Now()
	for _, p := range w.structure.People {
		var posts []string
		for _, post := range p.Posts {
			if a, ok := w.structure.Authority(post.Authority); ok && post.Holds(now) {
				posts = append(posts, fmt.Sprintf("%s, %s", title(post.Role), a.Name))
			}
		}
		if len(posts) > 0 {
			fmt.Fprintf(to, "  %-10s %-24s %s\n", p.Login, p.Name, strings.Join(posts, "; "))
		}
	}
	fmt.Fprintf(to, "\nEverybody in this world is invented, and whoever can reach %s can be any of them.\n", w.settings.Listen)
	fmt.Fprintf(to, "make tour plays a concern; Ctrl-C stops the hub; the data is in %s\n", w.settings.Data)
}

// title is a role in plain words.
func title(r hub.Role) string { return strings.ReplaceAll(string(r), "_", " ") }
