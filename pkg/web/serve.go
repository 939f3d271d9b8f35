package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/trace"

	"github.com/infohus/infohus/pkg/hub"
)

// policyOfContent is the content security policy: our own styles, fonts and
// pictures, and nothing else.
const policyOfContent = "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"form-action 'self'%s; base-uri 'none'; frame-ancestors 'none'"

// andScripts is added to it on the pages of somebody who is signed in: the one
// script, which says that the sign-in is about to end, and asks us whether it
// goes on.
const andScripts = "; script-src 'self'; connect-src 'self'"

// askedKey carries the request as it came past the tracing, which sees only
// the route's pattern.
type askedKey struct{}

// traced puts spans and metrics around the site. They know a request by its
// route's pattern: a path, a query or an address of somebody is in none.
func (s *Site) traced(next http.Handler) http.Handler {
	inner := otelhttp.NewHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.Context().Value(askedKey{}).(*http.Request)
		next.ServeHTTP(w, asked.WithContext(r.Context()))
	}), "http", otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return r.Method + " " + r.URL.Path }))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pattern := "/unknown"
		route, _ := s.find(r)
		if route != nil {
			pattern = route.Path
			if route.NoTrace {
				next.ServeHTTP(w, r)
				return
			}
		}
		shown := r.WithContext(context.WithValue(r.Context(), askedKey{}, r))
		shown.URL = &url.URL{Path: pattern}
		shown.RequestURI, shown.Pattern = pattern, r.Method+" "+pattern
		shown.RemoteAddr, shown.Host = "", s.origin.Host
		shown.Header = http.Header{}
		for _, name := range []string{"Traceparent", "Tracestate", "Content-Length"} {
			if v := r.Header.Values(name); len(v) > 0 {
				shown.Header[name] = v
			}
		}
		inner.ServeHTTP(w, shown)
	})
}

// pieceTime is how long a piece of an answer may take that comes in several.
const pieceTime = 60 * time.Second

// counter counts what is sent, and notes whether anything was.
type counter struct {
	http.ResponseWriter
	status int
	bytes  int64
	long   bool // every piece has its own time
}

func (c *counter) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *counter) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	if c.long {
		_ = http.NewResponseController(c.ResponseWriter).SetWriteDeadline(time.Now().Add(pieceTime)) // where there is none, there is none to move
	}
	n, err := c.ResponseWriter.Write(b)
	c.bytes += int64(n)
	return n, err
}

func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// serve answers one request.
func (s *Site) serve(w http.ResponseWriter, raw *http.Request) {
	begin := time.Now() // how long it takes is no business time
	route, found := s.find(raw)
	c := &counter{ResponseWriter: w, long: route != nil && route.Long}
	ctx, reveals := hub.WithReveals(raw.Context())
	raw = raw.WithContext(ctx)
	raw.Body = http.MaxBytesReader(c, raw.Body, maxBody+1)
	r := s.request(raw, route)
	s.headers(c, r)
	var failed error
	func() {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				failed = &panicked{kind: fmt.Sprintf("%T", p), stack: string(debug.Stack())}
				if c.status == 0 {
					s.fail(c, r, failed)
				}
			}
		}()
		if to := r.leads(); to != nil {
			if failed = s.handOn(c, r, to); failed != nil && c.status == 0 {
				s.fail(c, r, failed)
			}
			return
		}
		failed = s.answer(c, r, found)
	}()
	a := Answered{Route: route, Who: r.Who, Request: r.ID, Status: c.status, Bytes: c.bytes, Reveals: reveals.Load(), Took: time.Since(begin)}
	s.note(ctx, r, a, failed)
	if s.o.Done != nil {
		s.o.Done(a)
	}
}

// request is what came in, with its number: a new one, or where another of the
// hub's own processes sends it, the number that it has.
func (s *Site) request(raw *http.Request, route *Route) *Request {
	r := &Request{Request: raw, Now: s.o.Now(), site: s, route: route, Lang: s.languageOf(raw)}
	if id, err := hub.ParseID(raw.Header.Get(innerRequest)); err == nil && isInner(raw) {
		r.ID = id
	} else {
		r.ID = s.o.NewID()
	}
	r.Who.Request, r.Who.Cause = r.ID, r.ID
	return r
}

// panicked is what became of a panic: where, and never its text, which may
// quote anything.
type panicked struct{ kind, stack string }

func (p *panicked) Error() string { return "panic of " + p.kind }

// answer does what the route does, after the checks that all share. It answers
// the error too, and gives it back for the log.
func (s *Site) answer(w *counter, r *Request, found *finder) error {
	err := s.admit(r, found)
	if err == nil {
		err = r.readable()
	}
	if err == nil {
		err = r.route.Do(w, r)
		if err == nil && r.form != nil {
			s.dropKept(w, r)
		}
	}
	if err != nil && w.status == 0 {
		if r.route == nil && found.status == http.StatusMethodNotAllowed && hub.CodeOf(err) == hub.CodeNotFound {
			w.Header().Set("Allow", found.header.Get("Allow"))
			err = hub.Invalid("", notThatWay) // told from the address alone, and so the same to everybody
		}
		s.fail(w, r, err)
	}
	return err
}

// admit makes the checks that come before a room is asked: the address, the
// origin, who asks, and as what.
func (s *Site) admit(r *Request, found *finder) error {
	if r.Host != s.origin.Host {
		return &hub.Error{Code: hub.CodeInvalid, Key: "error.host"}
	}
	if r.route == nil {
		return hub.NotFound()
	}
	if !safe(r.Method) && !s.sameOrigin(r) {
		return hub.Denied(notOurs)
	}
	if r.route.NoTrace {
		return nil
	}
	if r.api() {
		if err := r.bearer(); err != nil {
			return err
		}
		return r.looks()
	}
	var typed error
	if r.Method == http.MethodPost {
		_, typed = r.Form() // first, so that what was typed is there whatever fails next
	}
	if err := r.lookUp(r.Context()); err != nil {
		return err
	}
	if !r.session.Live {
		if r.route.Public {
			return nil
		}
		if typed != nil {
			return typed
		}
		return hub.Denied(signInFirst)
	}
	if err := s.checkHat(r); err != nil {
		return err
	}
	return r.looks()
}

// slowed is the error of somebody who has looked too much up, with the seconds that
// they must wait.
const slowed = "error.slowed"

// looks counts a look-up, and holds back whoever has done too many. What was
// asked is not looked at: real and unknown are counted and held back alike (A027).
func (r *Request) looks() error {
	look := r.site.sessions.Look
	if look == nil || r.route.Public || r.route.AnyHat || r.route.Urgent || !safe(r.Method) && !r.route.LookUp || r.Who.Hat.ID == "" {
		return nil
	}
	wait, err := look(r.Context(), r.Who)
	if err == nil && wait > 0 {
		err = hub.Denied(slowed, int((wait+time.Second-1)/time.Second))
	}
	return err
}

// checkHat holds that one hat is worn, and that a form was made under it
// (A046).
func (s *Site) checkHat(r *Request) error {
	if r.route.AnyHat {
		return nil
	}
	if r.Who.Hat.ID == "" && !r.route.Public {
		return hub.Denied(signInFirst)
	}
	if r.Method != http.MethodPost {
		return nil
	}
	f, err := r.Form()
	if err != nil {
		return err
	}
	if f.values.Get("_hat") != string(r.Who.Hat.ID) {
		return hub.Conflict(otherHat)
	}
	return nil
}

func safe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// sameOrigin reports whether one of our own pages sent the request. Where a
// cookie says who asks, the request must prove it; a bearer token proves by
// itself that no stranger's page sent it, and so does having no cookie, unless
// the browser says otherwise.
func (s *Site) sameOrigin(r *Request) bool {
	site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	if site != "" && site != "same-origin" {
		return false
	}
	if origin == "null" && site == "same-origin" {
		origin = "" // what browsers send from a page with no-referrer, as ours are
	}
	if origin != "" && origin != s.o.Origin {
		return false
	}
	return site != "" || origin != "" || r.api() || cookie(r.Request, cookieSession) == ""
}

// languageOf is the language of a page: what was chosen, else Danish. The API
// goes by Accept-Language.
func (s *Site) languageOf(r *http.Request) string {
	if isAPI(r.URL.Path) {
		accept, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ",")
		return language(strings.ToLower(strings.SplitN(strings.TrimSpace(accept), "-", 2)[0]))
	}
	return language(cookie(r, cookieLang))
}

// policy is the content security policy of an answer without scripts.
func (s *Site) policy(r *Request) string {
	targets := ""
	if r.URL.Path == "/signin" {
		targets = s.formTargets()
	}
	return fmt.Sprintf(policyOfContent, targets)
}

// headers are what every answer says. Assets take back no-store.
func (s *Site) headers(w http.ResponseWriter, r *Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", s.policy(r))
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Language", r.Lang)
	if s.origin.Scheme == "https" {
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
	if r.route == nil || !r.route.NoTrace {
		h.Set("X-Request-Id", string(r.ID))
	}
}

// note writes the request's one line in the log. Where nothing is to be traced
// there is none.
func (s *Site) note(ctx context.Context, r *Request, a Answered, failed error) {
	if s.o.Log == nil || (r.route != nil && r.route.NoTrace) {
		return
	}
	pattern := "/unknown"
	if r.route != nil {
		pattern = r.route.Path
	}
	attrs := []any{"method", r.Method, "route", pattern, "status", a.Status, "bytes", a.Bytes, "reveals", a.Reveals,
		"ms", a.Took.Milliseconds(), "request", string(r.ID)}
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		attrs = append(attrs, "trace", sc.TraceID().String())
	}
	if a.Status < http.StatusInternalServerError {
		s.o.Log.InfoContext(ctx, "request", attrs...)
		return
	}
	if failed != nil {
		attrs = append(attrs, "error", failed.Error())
	}
	if p, ok := failed.(*panicked); ok {
		attrs = append(attrs, "stack", p.stack)
	}
	s.o.Log.ErrorContext(ctx, "request", attrs...)
}

// The routes of web itself.

func (s *Site) asset(w http.ResponseWriter, r *Request) error {
	s.assets.serve(w, r.Request)
	return nil
}

func (s *Site) favicon(w http.ResponseWriter, r *Request) error {
	return r.Redirect(w, s.assets.base+"/img/mark.svg")
}

func (s *Site) document(w http.ResponseWriter, r *Request) error {
	text, err := s.OpenAPI()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(text)
	return nil
}
