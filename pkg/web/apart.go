package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"

	"github.com/infohus/infohus/pkg/hub"
)

// Where rooms run in processes of their own, every process knows the whole
// table: words, navigation, description, and who answers what. It answers
// itself what is its own; the door hands on the rest as it came, and the room
// that answers makes all the checks. Between rooms there are two questions
// besides, under /-/: a mark for a page, and who asks.

// Peer is a room in a process of its own, and how to reach it.
type Peer struct {
	URL string            // "https://intake:8443"
	Via http.RoundTripper // shows our certificate, and takes only the room's own
}

const (
	innerMarks    = "/-/marks/"
	innerSessions = "/-/sessions/"
	innerRequest  = "Infohus-Request" // header: the number of the request, between the hub's own processes
	innerMost     = 4 << 20           // bytes of an answer between rooms
)

// AddApart is [Site.Add] for a room that runs in another process: its words are
// known here, its routes lead there, and its marks are asked of it.
func (s *Site) AddApart(room string, pages fs.FS, routes []Route, marks map[string]Mark, at Peer) error {
	for i := range routes {
		routes[i].away = &at
	}
	there := map[string]Mark{}
	for kind := range marks {
		s.awayMark[room+"."+kind] = true
		there[kind] = s.markAt(room+"."+kind, at)
	}
	return s.Add(room, pages, routes, there)
}

// innerKey marks a request that came from another of the hub's own processes.
type innerKey struct{}

func isInner(r *http.Request) bool { return r.Context().Value(innerKey{}) != nil }

// Inner answers the hub's other processes: the two questions between rooms, and
// everything that the door hands on. Whoever reaches it is believed to be one of
// ours, so it belongs behind a listener that lets in nobody else. The door has
// no business under /-/.
func (s *Site) Inner(pages http.Handler) http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("POST "+innerMarks+"{name}", s.answerMark)
	m.HandleFunc("POST "+innerSessions+"{verb}", s.answerSession)
	m.HandleFunc("/-/", http.NotFound)
	m.Handle("/", pages)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), innerKey{}, true)))
	})
}

// leads tells where a request is to be answered: nil is here. What another
// process has sent is answered here, or not at all.
func (r *Request) leads() *Peer {
	if r.route == nil || r.route.away == nil || r.route.Room == "web" && isInner(r.Request) {
		return nil
	}
	return r.route.away
}

// handOn lets another process answer the request, and sends its answer on as it
// comes. When the room is away nothing is lost: the page that says so holds what
// was typed.
func (s *Site) handOn(w *counter, r *Request, to *Peer) error {
	notHere := func(err error) error { return &hub.Error{Code: hub.CodeUnavailable, Key: "error.away", Err: err} }
	if isInner(r.Request) && r.route.Room != "web" {
		return notHere(fmt.Errorf("web: the room %s does not run here", r.route.Room))
	}
	at, err := url.Parse(to.URL)
	if err != nil {
		return err
	}
	// One byte more than anybody takes: the room then says that it is too much.
	sent, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return hub.Invalid("", "error.form.broken")
	}
	again := func() { r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(sent)), int64(len(sent)) }
	again()
	var away error
	p := httputil.ReverseProxy{
		Transport:     to.Via,
		ErrorLog:      log.New(io.Discard, "", 0), // our own line says how it ended
		FlushInterval: -1,                         // what comes in pieces is sent on in pieces
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(at)
			p.Out.Host = p.In.Host // the room holds it against the one address that the hub has
			p.Out.Header.Del(innerRequest)
			if !r.route.NoTrace {
				p.Out.Header.Set(innerRequest, string(r.ID))
				otel.GetTextMapPropagator().Inject(r.Context(), propagation.HeaderCarrier(p.Out.Header))
			}
		},
		ModifyResponse: func(*http.Response) error { clear(w.Header()); return nil }, // the room's headers, and not ours besides
		ErrorHandler:   func(_ http.ResponseWriter, _ *http.Request, err error) { away = err },
	}
	p.ServeHTTP(w, r.Request)
	if away == nil {
		return nil
	}
	if r.Context().Err() != nil {
		return notHere(errors.New("web: the asker has gone"))
	}
	again()
	if r.Method == http.MethodPost && !r.api() {
		_, _ = r.Form() // for the page: what was typed
	}
	return notHere(fmt.Errorf("web: the room %s: %w", r.route.Room, away))
}

// The questions between rooms.

// innerAnswer is what came of a question: an answer, or an error's code and key.
type innerAnswer[T any] struct {
	Code hub.Code `json:"code,omitempty"`
	Key  string   `json:"key,omitempty"`
	Out  T        `json:"out,omitzero"`
}

// askPeer puts a question to another process.
func askPeer[T any](ctx context.Context, s *Site, to Peer, path string, request hub.ID, cookies []*http.Cookie, in any) (T, error) {
	var a innerAnswer[T]
	body, err := encode(in)
	if err != nil {
		return a.Out, err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL+path, bytes.NewReader(body))
	if err != nil {
		return a.Out, err
	}
	q.Host = s.origin.Host
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set(innerRequest, string(request))
	for _, c := range cookies {
		q.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	otel.GetTextMapPropagator().Inject(ctx, propagation.HeaderCarrier(q.Header))
	res, err := to.Via.RoundTrip(q)
	if err != nil {
		return a.Out, hub.Unavailable(fmt.Errorf("web: %s: %w", path, err))
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, innerMost))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered %d", res.StatusCode)
	}
	if err == nil {
		err = json.Unmarshal(b, &a)
	}
	if err != nil {
		return a.Out, hub.Unavailable(fmt.Errorf("web: %s: %w", path, err))
	}
	if a.Code != "" {
		return a.Out, &hub.Error{Code: a.Code, Key: a.Key}
	}
	return a.Out, nil
}

// answerPeer answers one. Of an error only code and key travel; its text is for
// this process' log.
func answerPeer[T any](s *Site, w http.ResponseWriter, r *http.Request, out T, err error) {
	a := innerAnswer[T]{Out: out}
	if err != nil {
		var e *hub.Error
		a = innerAnswer[T]{Code: hub.CodeOf(err), Key: "error.internal"}
		if errors.As(err, &e) {
			a.Key = e.Key
		}
		if s.o.Log != nil && (a.Code == hub.CodeInternal || a.Code == hub.CodeUnavailable) {
			s.o.Log.ErrorContext(r.Context(), "asked by another room", "path", r.URL.Path, "request", r.Header.Get(innerRequest), "error", err.Error())
		}
	}
	b, err := encode(a)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(b)
}

// markAsked asks for a mark, markGiven answers.
type markAsked struct {
	Lang string   `json:"lang"`
	IDs  []hub.ID `json:"ids"`
}

type markGiven struct {
	HTML     map[hub.ID]string `json:"html"`
	Personal bool              `json:"personal,omitempty"` // there is something about people in it
}

// composing carries the request whose page is being put together.
type composing struct{}

// markAt is a mark that another process renders. It is asked as the person who
// asks for the page, with their own session, so that the owner decides and
// records as it does for its own pages.
func (s *Site) markAt(name string, at Peer) Mark {
	return func(ctx context.Context, _ hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
		r, ok := ctx.Value(composing{}).(*Request)
		if !ok {
			return nil, errors.New("web: a mark of another process stands in pages only")
		}
		given, err := askPeer[markGiven](ctx, s, at, innerMarks+name, r.ID, r.CookiesNamed(cookieSession), markAsked{lang, ids})
		if err != nil {
			return nil, err
		}
		out := make(map[hub.ID]template.HTML, len(given.HTML))
		for id, html := range given.HTML {
			if given.Personal {
				html = hub.NewPersonal(html).Reveal(ctx) // counted here too: it goes into our answer
			}
			out[id] = template.HTML(html)
		}
		return out, nil
	}
}

// answerMark renders a mark for the page of another room.
func (s *Site) answerMark(w http.ResponseWriter, raw *http.Request) {
	ctx := otel.GetTextMapPropagator().Extract(raw.Context(), propagation.HeaderCarrier(raw.Header))
	ctx, reveals := hub.WithReveals(ctx)
	r := s.request(raw.WithContext(ctx), nil)
	out, err := func() (out markGiven, err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("web: the mark panicked: %T", p)
			}
		}()
		var in markAsked
		if err := r.JSON(&in); err != nil {
			return out, err
		}
		mark := s.marks[raw.PathValue("name")]
		if mark == nil || s.awayMark[raw.PathValue("name")] {
			return out, hub.NotFound()
		}
		if err := r.lookUp(ctx); err != nil {
			return out, err
		}
		html, err := mark(ctx, r.Who, language(in.Lang), in.IDs)
		out.HTML = make(map[hub.ID]string, len(html))
		for id, h := range html {
			out.HTML[id] = string(h)
		}
		return out, err
	}()
	out.Personal = reveals.Load() > 0
	answerPeer(s, w, raw, out, err)
}

// sessionAsked is a question about a session, sessionGiven its answer.
type sessionAsked struct {
	Hash   []byte    `json:"hash,omitempty"`
	Token  string    `json:"token,omitempty"`
	ID     hub.ID    `json:"id,omitempty"`
	Person hub.ID    `json:"person,omitempty"`
	Box    []byte    `json:"box,omitempty"`
	Who    hub.Actor `json:"who,omitzero"`
}

type sessionGiven struct {
	Session  Session   `json:"session,omitzero"`
	Identity Identity  `json:"identity,omitzero"`
	Hats     []hub.Hat `json:"hats,omitempty"`
	Box      []byte    `json:"box,omitempty"`
	Wait     int64     `json:"wait,omitempty"` // nanoseconds
}

// SessionsAt tells the site that the sessions are kept in another process. It is
// asked who asks; it alone signs in and out, changes hats and speaks with the
// issuers, so its are web's own pages about that. A form that is kept over a
// sign-in lies there too.
func (s *Site) SessionsAt(at Peer) {
	ask := func(ctx context.Context, verb string, in sessionAsked) (sessionGiven, error) {
		return askPeer[sessionGiven](ctx, s, at, innerSessions+verb, s.o.NewID(), nil, in)
	}
	s.keeper = &at
	s.sessions = Sessions{
		Find: func(ctx context.Context, hash []byte) (Session, error) {
			out, err := ask(ctx, "find", sessionAsked{Hash: hash})
			return out.Session, err
		},
		Vouch: func(ctx context.Context, token string) (Identity, []hub.Hat, error) {
			out, err := ask(ctx, "vouch", sessionAsked{Token: token})
			return out.Identity, out.Hats, err
		},
		Look: func(ctx context.Context, who hub.Actor) (time.Duration, error) {
			out, err := ask(ctx, "look", sessionAsked{Who: who})
			return time.Duration(out.Wait), err
		},
		Keep: func(ctx context.Context, id, person hub.ID, box []byte) error {
			_, err := ask(ctx, "keep", sessionAsked{ID: id, Person: person, Box: box})
			return err
		},
		Take: func(ctx context.Context, id, person hub.ID) ([]byte, error) {
			out, err := ask(ctx, "take", sessionAsked{ID: id, Person: person})
			return out.Box, err
		},
		Drop: func(ctx context.Context, id hub.ID) error {
			_, err := ask(ctx, "drop", sessionAsked{ID: id})
			return err
		},
	}
}

// answerSession answers another room about a session. Nobody is signed in this
// way, and nobody's hat changed.
func (s *Site) answerSession(w http.ResponseWriter, raw *http.Request) {
	ctx := otel.GetTextMapPropagator().Extract(raw.Context(), propagation.HeaderCarrier(raw.Header))
	r := s.request(raw.WithContext(ctx), nil)
	out, err := func() (out sessionGiven, err error) {
		var in sessionAsked
		if s.keeper != nil || s.sessions.Find == nil {
			return out, hub.NotFound() // they are not kept here
		}
		if err := r.JSON(&in); err != nil {
			return out, err
		}
		switch raw.PathValue("verb") {
		case "find":
			out.Session, err = s.sessions.Find(ctx, in.Hash)
		case "vouch":
			out.Identity, out.Hats, err = s.vouch(ctx, in.Token)
		case "look":
			if s.sessions.Look != nil {
				var wait time.Duration
				wait, err = s.sessions.Look(ctx, in.Who)
				out.Wait = int64(wait)
			}
		case "keep":
			err = s.sessions.Keep(ctx, in.ID, in.Person, in.Box)
		case "take":
			out.Box, err = s.sessions.Take(ctx, in.ID, in.Person)
		case "drop":
			err = s.sessions.Drop(ctx, in.ID)
		default:
			err = hub.NotFound()
		}
		return out, err
	}()
	answerPeer(s, w, raw, out, err)
}
