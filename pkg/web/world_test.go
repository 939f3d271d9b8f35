package web

import (
	"bytes"
	"context"
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// memory is a small portal: it keeps sessions the way portal promises to.
type memory struct {
	mu       sync.Mutex
	sessions map[string]*Session
	tickets  map[string]bool
	kept     map[hub.ID]struct {
		person hub.ID
		box    []byte
	}
	people map[string][]hub.Hat // by issuer|subject
	own    map[hub.ID]hub.Hat   // hats that are in no session
	over   hub.ID               // the one of them that holds no more
}

func newMemory() *memory {
	return &memory{sessions: map[string]*Session{}, tickets: map[string]bool{}, people: map[string][]hub.Hat{}, kept: map[hub.ID]struct {
		person hub.ID
		box    []byte
	}{}}
}

func (m *memory) functions() Sessions {
	return Sessions{
		Begin: func(_ context.Context, hash, ticket []byte, i Identity) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.tickets[string(ticket)] {
				return hub.Conflict("error.signin.failed")
			}
			m.tickets[string(ticket)] = true
			hats := m.people[i.Issuer+"|"+i.Subject]
			if len(hats) == 0 {
				return hub.Denied("error.hat.none")
			}
			s := &Session{ID: hub.NewID(), Person: hats[0].Person, Identity: i, Hats: hats, Live: true}
			if len(hats) == 1 {
				s.Hat = hats[0]
			}
			m.sessions[string(hash)] = s
			return nil
		},
		Own: func(_ context.Context, person, id hub.ID) (hub.Hat, bool, error) {
			h := m.own[id]
			if h.Person != person {
				return hub.Hat{}, false, nil
			}
			return h, id != m.over, nil
		},
		Find: func(_ context.Context, hash []byte) (Session, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			if s := m.sessions[string(hash)]; s != nil {
				return *s, nil
			}
			return Session{}, hub.NotFound()
		},
		Wear: func(_ context.Context, old, new []byte, hat hub.ID) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			s := m.sessions[string(old)]
			for _, h := range s.Hats {
				if h.ID == hat {
					s.Hat = h
					m.sessions[string(new)] = s
					delete(m.sessions, string(old))
					return nil
				}
			}
			return hub.NotFound()
		},
		End: func(_ context.Context, hash []byte) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.sessions[string(hash)].Live = false
			return nil
		},
		Hats: func(_ context.Context, i Identity) ([]hub.Hat, error) { return m.people[i.Issuer+"|"+i.Subject], nil },
		Keep: func(_ context.Context, id, person hub.ID, box []byte) error {
			m.kept[id] = struct {
				person hub.ID
				box    []byte
			}{person, box}
			return nil
		},
		Take: func(_ context.Context, id, person hub.ID) ([]byte, error) {
			k, ok := m.kept[id]
			if !ok || k.person != person {
				delete(m.kept, id)
				return nil, hub.NotFound()
			}
			return k.box, nil
		},
		Drop: func(_ context.Context, id hub.ID) error { delete(m.kept, id); return nil },
	}
}

// endAll lets every session run out.
func (m *memory) endAll() {
	for _, s := range m.sessions {
		s.Live = false
	}
}

var now = time.Date(2026, 11, 21, 8, 32, 0, 0, time.UTC)

func hat(person, role string) hub.Hat {
	var b [16]byte
	copy(b[:], person+role)
	var p [16]byte
	copy(p[:], person)
	return hub.Hat{ID: hub.MakeID(b), Person: hub.MakeID(p), Name: person + " Jensen", Authority: "koege", Role: hub.Role(role), Kind: hub.Municipality}
}

// world is a site with one room in it, on a server, and its memory.
type world struct {
	*testing.T
	site  *Site
	url   string
	mem   *memory
	log   *bytes.Buffer
	done  []Answered
	doing sync.Mutex
	do    func(r *Request, f Form) error // what the form's handler does
	mark  atomic.Pointer[Mark]           // what the mark other.card does
}

type noteIn struct {
	Text string   `json:"text" max:"20"`
	Tags []string `json:"tags,omitempty"`
	Sub  struct {
		N int `json:"n"`
	} `json:"sub,omitzero"`
}

type noteOut struct {
	ID   hub.ID    `json:"id"`
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

func (noteOut) Created() bool { return true }

func newWorld(t *testing.T, issuers ...Issuer) *world {
	t.Helper()
	w := &world{T: t, mem: newMemory(), log: &bytes.Buffer{}}
	server := httptest.NewUnstartedServer(nil)
	w.url = "http://" + server.Listener.Addr().String()
	site, err := New(Options{Origin: w.url, Issuers: issuers, Now: func() time.Time { return now }, NewID: hub.NewID, Log: logTo(w.log),
		Called: func(hub.AuthorityID) string { return "Køge Kommune" }, MarkFor: 200 * time.Millisecond, Done: func(a Answered) {
			w.doing.Lock() // a browser asks several things at once
			defer w.doing.Unlock()
			w.done = append(w.done, a)
		}})
	if err != nil {
		t.Fatal(err)
	}
	w.site = site
	site.UseSessions(w.mem.functions())
	show := func(rw http.ResponseWriter, r *Request) error {
		if r.PathValue("id") == "gone" {
			return hub.NotFound()
		}
		r.Fill("name", "Kept <b>name</b>")
		return site.Page(rw, r, 200, "room", "note", map[string]any{"ID": hub.ID("x"), "Name": "<script>alert(1)</script>", "At": now,
			"Choices": []string{"a", "b"}, "Steps": []Step{{Word: "room.save", Href: "/a", State: "done"}, {Word: "room.save", State: "current"}, {Word: "room.save"}}})
	}
	routes := []Route{
		{Method: "GET", Path: "/notes/{id}", Do: show, Nav: Nav{}},
		{Method: "GET", Path: "/", Do: show, Nav: Nav{Word: "room.save"}},
		{Method: "GET", Path: "/only", Do: show, Nav: Nav{Word: "room.saved", Roles: []hub.Role{hub.DPO}}},
		{Method: "POST", Path: "/notes/{id}", Do: func(rw http.ResponseWriter, r *Request) error {
			f, err := r.Form()
			if err != nil {
				return err
			}
			if err := w.do(r, f); err != nil {
				return err
			}
			r.Toast(rw, "room.saved")
			return r.Redirect(rw, "/notes/done")
		}},
		{Method: "POST", Path: "/orphan", Do: func(rw http.ResponseWriter, r *Request) error {
			r.Form()
			return errors.New("secret text")
		}},
		{Method: "GET", Path: "/panic", Do: func(http.ResponseWriter, *Request) error { panic("secret text") }},
		{Method: "GET", Path: "/reveal", Do: func(rw http.ResponseWriter, r *Request) error {
			hub.NewPersonal("x").Reveal(r.Context())
			rw.WriteHeader(200)
			return nil
		}},
		{Method: "GET", Path: "/silent", Public: true, NoTrace: true, Do: show},
		{Method: "POST", Path: "/signout", AnyHat: true, Do: func(rw http.ResponseWriter, r *Request) error {
			if err := site.SignOut(rw, r); err != nil {
				return err
			}
			return r.Redirect(rw, "/signin")
		}},
		{Method: "POST", Path: "/hats", AnyHat: true, Do: func(rw http.ResponseWriter, r *Request) error {
			f, err := r.Form()
			if err != nil {
				return err
			}
			if err := site.Wear(rw, r, hub.ID(f.Line("hat"))); err != nil {
				return err
			}
			return r.Redirect(rw, f.Line("to"))
		}},
		API("changeNote", "POST", "/api/notes/{id}", "Change a note.", func(r *Request, in noteIn) (noteOut, error) {
			if _, err := r.PathID("id"); err != nil {
				return noteOut{}, err
			}
			return noteOut{ID: r.Who.Hat.ID, Text: in.Text, At: now}, nil
		}),
		API("listNotes", "GET", "/api/notes", "List notes.", func(r *Request, in struct {
			Page int    `json:"page,omitempty" min:"1" max:"9"`
			Word string `json:"word,omitempty"`
		}) ([]noteOut, error) {
			return nil, nil
		}),
	}
	if err := site.Add("room", os.DirFS("testdata"), routes, nil); err != nil {
		t.Fatal(err)
	}
	w.marked(func(_ context.Context, _ hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
		html, err := site.Fragment(lang, "room", "card", "<i>"+string(ids[0]))
		return map[hub.ID]template.HTML{ids[0]: html}, err
	})
	err = site.Add("other", nil, nil, map[string]Mark{"card": func(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
		return (*w.mark.Load())(ctx, who, lang, ids)
	}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := site.Handler()
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = h
	server.Start()
	t.Cleanup(server.Close)
	w.do = func(*Request, Form) error { return nil }
	return w
}

// signIn makes a session without the trouble of OIDC.
func (w *world) signIn(hats ...hub.Hat) *browser {
	secret, hash := newSecret()
	s := &Session{ID: hub.NewID(), Person: hats[0].Person, Identity: Identity{Issuer: "i", Subject: string(hats[0].Person)}, Hat: hats[0], Hats: hats, Live: true}
	w.mem.sessions[string(hash)] = s
	return &browser{w, map[string]string{cookieSession: secret}}
}

// browser keeps cookies as a browser does, and sends what one sends.
type browser struct {
	*world
	cookies map[string]string
}

type answer struct {
	*http.Response
	Body string
}

func (b *browser) send(method, path string, form url.Values, headers ...string) answer {
	b.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	if !strings.HasPrefix(path, "http") {
		path = b.url + path
	}
	req, err := http.NewRequest(method, path, body)
	if err != nil {
		b.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", b.url)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
	}
	for name, value := range b.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return answer{res, string(text)}
}

func (b *browser) get(path string) answer { b.Helper(); return b.send("GET", path, nil) }

func (a answer) holds(t *testing.T, status int, texts ...string) answer {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("status %d, want %d: %s", a.StatusCode, status, a.Body)
	}
	for _, s := range texts {
		want := true
		if strings.HasPrefix(s, "!") {
			want, s = false, s[1:]
		}
		if strings.Contains(a.Body, s) != want {
			t.Errorf("page holds %q: %v, want %v\n%s", s, !want, want, a.Body)
		}
	}
	return a
}

// marked changes what the mark other.card does; a late call may be reading it.
func (w *world) marked(do Mark) { w.mark.Store(&do) }
