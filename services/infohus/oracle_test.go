package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// spans is every span that the test binary makes, for the tests that look at
// what was run and at what leaks.
var spans recorder

// recorder keeps spans in memory.
type recorder struct {
	mu  sync.Mutex
	all []trace.ReadOnlySpan
}

func (r *recorder) OnStart(context.Context, trace.ReadWriteSpan) {}
func (r *recorder) Shutdown(context.Context) error               { return nil }
func (r *recorder) ForceFlush(context.Context) error             { return nil }

// OnEnd keeps a span.
func (r *recorder) OnEnd(s trace.ReadOnlySpan) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, s)
}

func (r *recorder) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = nil
}

// statements are the SQL statements that ran, in order.
func (r *recorder) statements() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []string
	for _, s := range r.all {
		for _, a := range s.Attributes() {
			if a.Key == "db.query.text" || a.Key == "db.statement" {
				list = append(list, a.Value.AsString())
			}
		}
	}
	return slices.Compact(list) // a statement is prepared, under its own text, once for each connection
}

// meters collects every metric that the test binary makes.
var meters = metric.NewManualReader()

func TestMain(m *testing.M) {
	if as := os.Getenv(roomEnv); as != "" {
		os.Exit(beRoom(as))
	}
	otel.SetMeterProvider(metric.NewMeterProvider(metric.WithReader(meters)))
	otel.SetTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(&spans)))
	os.Exit(m.Run())
}

// allowed are the headers that may differ between two answers.
var allowed = []string{"X-Request-Id", "Date", "Traceparent"}

func (s *script) ask(c *hubtest.Client, method, path string) hubtest.Answer {
	var body *strings.Reader
	r := httptest.NewRequestWithContext(s.Context(), method, path, http.NoBody)
	if method != "GET" && method != "HEAD" && method != "DELETE" && method != "OPTIONS" {
		if strings.HasPrefix(path, "/api/") {
			body = strings.NewReader("{}")
			r = httptest.NewRequestWithContext(s.Context(), method, path, body)
			r.Header.Set("Content-Type", "application/json")
		} else {
			r = httptest.NewRequestWithContext(s.Context(), method, path, strings.NewReader("outcome=released&hat="+string(c.Post.Hat.ID)))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Origin", "https://hub.test")
		}
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if strings.HasPrefix(path, "/api/") {
		r.Header.Set("Authorization", "Bearer "+s.Issuer.Sign(s.Issuer.Claims(c.Post)))
		r.Header.Set("Infohus-Hat", string(c.Post.Hat.ID))
	}
	return c.Do(r)
}

// TestUnknownAndForbidden is G7, A001, A002 and A019: on every route that names
// an object, taken from the route table so that a new one is covered by itself,
// and with every method, somebody who may not know of it is answered byte for
// byte as for an object that never was, by the same statements, and as many
// rows of the trail.
func TestUnknownAndForbidden(t *testing.T) {
	s := begin(t)
	id := s.forwarded()
	subject := hub.ID(s.One("select subject from intake.concern where id = '" + string(id) + "'"))
	s.Settle()
	objects, cases := 0, 0
	for _, login := range []string{roskilde, "liv", "rune", "aksel", teacher} {
		c := s.as(login)
		c.Get("/")
		for _, route := range s.Site().Routes() {
			if !strings.Contains(route.Path, "{") || route.Public {
				continue
			}
			objects++
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
				real := fill(route.Path, id, subject)
				invented := fill(route.Path, hub.NewID(), hub.NewID())
				a, did := s.watched(c, method, real)
				b, does := s.watched(c, method, invented)
				cases++
				name := fmt.Sprintf("%s %s as %s", method, route.Path, login)
				if a.Status != b.Status || !bytes.Equal(scrub(a, real), scrub(b, invented)) {
					t.Errorf("%s: %d %s, for an invented one %d %s", name, a.Status, a.Body, b.Status, b.Body)
				}
				for k := range union(a.Header, b.Header) {
					if !slices.Contains(allowed, k) && header(a, k) != strings.ReplaceAll(header(b, k), invented, real) {
						t.Errorf("%s: header %s is %q, for an invented one %q", name, k, a.Header[k], b.Header[k])
					}
				}
				if !slices.Equal(did, does) {
					t.Errorf("%s: other statements\n%s\nfor an invented one\n%s", name, strings.Join(did, "\n"), strings.Join(does, "\n"))
				}
				if strings.Contains(string(a.Body), "Bertram") {
					t.Errorf("%s shows the person", name)
				}
			}
		}
	}
	if objects == 0 {
		t.Fatal("the route table names no objects")
	}
	t.Logf("%d routes, %d cases", objects, cases)
}

// TestTheForbiddenIsNotLoaded is G7 without a clock: of what somebody may not
// know of, not even the sealed words are read, so that it costs no more than
// what never was. Whoever touches a row of theirs falls over here.
func TestTheForbiddenIsNotLoaded(t *testing.T) {
	s := begin(t)
	id := s.forwarded()
	subject := hub.ID(s.One("select subject from intake.concern where id = '" + string(id) + "'"))
	s.SQL("create function public.boom(text) returns boolean language plpgsql as $$ begin raise 'touched'; end $$; grant execute on function public.boom(text) to public")
	for table, key := range map[string]string{"intake.words": "concern", "intake.step": "concern", "person.identity": "subject"} {
		s.SQL("alter table " + table + " enable row level security; create policy boom on " + table + " using (public.boom(" + key + "))")
	}
	for _, path := range []string{"/api/concerns/" + string(id), "/api/concerns/" + string(id) + "/readers", "/api/subjects/" + string(subject)} {
		s.as(roskilde).API("GET", path, nil).Must(404)
		if a := s.as(coordinator).API("GET", path, nil); a.Status < 500 {
			t.Errorf("%s is answered %d to whoever may: nothing was touched, and this test sees nothing", path, a.Status)
		}
	}
}

// keptCookie is the name and key of what was typed and kept: both are drawn for
// each request and tell nothing of the object.
var keptCookie = regexp.MustCompile(`__Host-kept=[^;]*`)

func header(a hubtest.Answer, k string) string {
	return keptCookie.ReplaceAllString(strings.Join(a.Header[k], "|"), "__Host-kept=…")
}

// watched asks, and gives the statements that ran and the rows that the trail
// gained.
func (s *script) watched(c *hubtest.Client, method, path string) (hubtest.Answer, []string) {
	s.Helper()
	before := atoi(s.One("select count(*) from audit.trail"))
	spans.reset()
	a := s.ask(c, method, path)
	did := spans.statements()
	return a, append(did, fmt.Sprintf("%d rows", atoi(s.One("select count(*) from audit.trail"))-before))
}

func fill(path string, id, subject hub.ID) string {
	if strings.Contains(path, "/subjects/") {
		id = subject
	}
	return strings.NewReplacer("{id}", string(id), "{assignment}", string(id), "{draft}", string(id)).Replace(path)
}

// scrub takes out of a page what names the request itself.
func scrub(a hubtest.Answer, path string) []byte {
	b := bytes.ReplaceAll(a.Body, []byte(path), nil)
	return bytes.ReplaceAll(b, []byte(a.Header.Get("X-Request-Id")), nil)
}

func union(a, b http.Header) map[string]bool {
	all := map[string]bool{}
	for k := range a {
		all[k] = true
	}
	for k := range b {
		all[k] = true
	}
	return all
}
