// Package web is how the hub speaks HTTP: who asks, the page frame, the words,
// the errors, and a table of everything that can be asked.
//
// Its promises:
//
//   - No page needs a script, and none asks another host for anything.
//   - Nothing typed is lost: whatever a form's handler answers but success, its
//     page comes back with the text in it; also over a sign-in that has ended.
//   - Unknown and forbidden are the same bytes (trust.md G7).
//   - What is personal is never stored by a browser or a proxy, never logged,
//     and never in a title, a header, a cookie, a span or an address.
//   - Cookies work for pages only and bearer tokens for /api only; a request
//     with a cookie that changes anything proves that it comes from our pages.
//
// # How to write a room
//
// A room gives the site its routes and marks, and a folder pages/ with
// templates and words. This is a whole one, with a page, a form and the same as
// JSON:
//
//	//go:embed pages
//	var pages embed.FS
//
//	func (x *room) routes() []web.Route {
//		return []web.Route{
//			{Method: "GET", Path: "/notes/{id}", Do: x.page},
//			{Method: "POST", Path: "/notes/{id}", Do: x.form},
//			web.API("changeNote", "POST", "/api/notes/{id}", "Change a note.", x.change),
//		}
//	}
//
//	// page shows the form. It fills the fields from what is kept, and knows
//	// nothing of errors: after a failed POST web shows this page again, with the
//	// typed values over the kept ones and the error summary above.
//	func (x *room) page(w http.ResponseWriter, r *web.Request) error {
//		id, err := r.PathID("id")
//		if err != nil {
//			return err
//		}
//		n, err := x.store.note(r.Context(), r.Who, id)
//		if err != nil {
//			return err
//		}
//		r.Fill("text", n.Text.Reveal(r.Context()))
//		return x.web.Page(w, r, http.StatusOK, "notes", "note", n)
//	}
//
//	// form does, then sends the browser on. It returns every error; web does
//	// the rest.
//	func (x *room) form(w http.ResponseWriter, r *web.Request) error {
//		f, err := r.Form()
//		if err != nil {
//			return err
//		}
//		if _, err := x.change(r, changeIn{Text: f.Text("text")}); err != nil {
//			return err
//		}
//		return r.Redirect(w, r.URL.Path)
//	}
//
//	func (x *room) change(r *web.Request, in changeIn) (changeOut, error) {
//		var p hub.Problems
//		if in.Text == "" {
//			p.Add("text", "error.required")
//		}
//		if err := p.Err(); err != nil {
//			return changeOut{}, err
//		}
//		…
//	}
//
// pages/note.html holds what stands in the page's main part; title and frame
// come from web:
//
//	<h1>{{title}}</h1>
//	{{mark "person.card" .Subject}}
//	{{form}}
//	  {{text "text" "rows" 6 "max" 2000}}
//	  {{submit "notes.note.save"}}
//	{{end_form}}
//
// pages/da.json and pages/en.json hold its words, with the same keys:
// "notes.note.title" (the page's title; never a person's name),
// "notes.field.text" and, where wanted, "notes.field.text.hint" (a field's label
// and hint), "notes.note.save", and the messages of its own errors.
package web

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

//go:embed pages
var webFiles embed.FS

// Options is what a site is built from.
type Options struct {
	Origin  string           // the one address it is reached at: "https://infohus.example"
	Issuers []Issuer         // who may vouch for people
	Now     func() time.Time // required
	NewID   func() hub.ID    // required; also numbers the requests
	Log     *slog.Logger     // one line for each request; nil logs nothing
	Name    string           // the operator's name for this hub, in the header; "" is Infohus
	MarkFor time.Duration    // how long a page waits for its marks; 0 is 2 s
	Done    func(Answered)   // told of every answer, after it was sent; for metrics and tests

	// Called is what an authority is called on the screen, nil its id; Basis is a legal basis
	// in words of a language, "" or nil where there are none.
	Called func(hub.AuthorityID) string
	Basis  func(code hub.LegalBasis, lang string) string

	// LogState is how the log of the hub stands, to be said on every page; nil says nothing.
	LogState func(ctx context.Context) LogState

	// Values are the codes that are data at an instant, by the name of their list:
	// what the description of the API says of a request's fields of the types
	// hub.LegalBasis ("legal_bases"), hub.Purpose ("purposes") and hub.AuthorityID
	// ("authorities"), and of every field with the tag of:"…". Nil describes none.
	Values func(at time.Time) map[string][]string
}

// LogState is what everybody who works here is told of the hub's log.
type LogState struct {
	Closed bool  // nothing is read or passed on until an officer has opened the hub again
	Late   bool  // too few other authorities have confirmed it for too long: whoever passes something on says that they know
	Waits  int64 // how many of its entries they have not
	Hours  int   // for how long the first of them waits
}

// Answered is one request and what came of it.
type Answered struct {
	Route   *Route // nil: there is none
	Who     hub.Actor
	Request hub.ID
	Status  int
	Bytes   int64
	Reveals int64 // how many personal texts were opened for it: more than 0 is an answer with personal data
	Took    time.Duration
}

// Site is everything the hub answers over HTTP. It is put together with
// [Site.UseSessions] and [Site.Add], and closed by [Site.Handler].
type Site struct {
	o         Options
	origin    *url.URL
	sessions  Sessions
	keeper    *Peer // who keeps the sessions, where that is another process
	words     words
	rooms     map[string]*pages
	routes    []Route
	marks     map[string]Mark
	awayMark  map[string]bool // marks that another process renders
	markNames []string
	assets    *assets
	issuers   []*issuer
	mux       *http.ServeMux
	missing   map[string][]byte // the page of NotFound, by language and the role that asks
	described described
}

// New makes a site from web's own pages and words. It reaches out to nobody:
// issuers are asked on first use.
func New(o Options) (*Site, error) {
	if o.Now == nil || o.NewID == nil {
		return nil, errors.New("web: Now and NewID are required")
	}
	origin, err := url.Parse(o.Origin)
	if err != nil || origin.Host == "" || (origin.Scheme != "http" && origin.Scheme != "https") || origin.Path != "" {
		return nil, fmt.Errorf("web: the origin %q is not like https://infohus.example", o.Origin)
	}
	if o.Name == "" {
		o.Name = "Infohus"
	}
	if o.MarkFor == 0 {
		o.MarkFor = defaultMarkFor
	}
	s := &Site{o: o, origin: origin, words: words{}, rooms: map[string]*pages{}, marks: map[string]Mark{}, awayMark: map[string]bool{}, mux: http.NewServeMux()}
	if s.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	for _, i := range o.Issuers {
		s.issuers = append(s.issuers, newIssuer(i, o.Now, o.Log))
	}
	own := []Route{
		{Method: "GET", Path: "/assets/{hash}/{file...}", Public: true, NoTrace: true, Do: s.asset},
		{Method: "GET", Path: "/favicon.ico", Public: true, NoTrace: true, Do: s.favicon},
		{Method: "GET", Path: "/openapi.json", Public: true, NoTrace: true, Do: s.document},
		{Method: "GET", Path: "/signin", Public: true, AnyHat: true, Do: s.signInPage},
		{Method: "POST", Path: "/signin", Public: true, AnyHat: true, Do: s.signInStart},
		{Method: "GET", Path: "/signin/callback", Public: true, AnyHat: true, Do: s.signInDone},
		{Method: "GET", Path: "/kept", Do: s.keptPage},
		{Method: "GET", Path: "/session", AnyHat: true, Do: s.left},
	}
	return s, s.Add("web", webFiles, own, nil)
}

// Add takes in a room: its pages and words (nil for none), what it answers,
// and what it renders for others. It refuses a template that does not parse, a
// word in one language only, a route that is there already.
func (s *Site) Add(room string, pages fs.FS, routes []Route, marks map[string]Mark) error {
	if s.rooms[room] != nil {
		return fmt.Errorf("web: the room %s is there already", room)
	}
	if pages != nil {
		p, err := s.parse(room, pages)
		if err != nil {
			return err
		}
		if err := s.words.add(room, pages); err != nil {
			return err
		}
		s.rooms[room] = p
	}
	for _, t := range routes {
		t.Room = room
		if err := t.check(room, s.routes); err != nil {
			return err
		}
		s.routes = append(s.routes, t)
	}
	var names []string
	for kind, m := range marks {
		s.marks[room+"."+kind] = m
		names = append(names, room+"."+kind)
	}
	slices.Sort(names)
	s.markNames = append(s.markNames, names...)
	return nil
}

// Handler closes the table and gives the handler of everything, with tracing,
// headers and checks in front of it.
func (s *Site) Handler() (h http.Handler, err error) {
	defer func() { // ServeMux panics where two patterns overlap
		if p := recover(); p != nil {
			h, err = nil, fmt.Errorf("web: %v", p)
		}
	}()
	s.mux = http.NewServeMux()
	for i := range s.routes {
		t := &s.routes[i]
		if t.Room == "web" && !t.NoTrace { // about signing in
			t.away = s.keeper
		}
		if t.Nav.Word != "" && !s.words.has(t.Nav.Word) {
			return nil, fmt.Errorf("web: %s: no word %q for the navigation", t.Room, t.Nav.Word)
		}
		if t.Door != "" && !s.words.has(t.Door) {
			return nil, fmt.Errorf("web: %s: no word %q for the sign-in page", t.Room, t.Door)
		}
		if t.Lost.Word != "" && !s.words.has(t.Lost.Word) {
			return nil, fmt.Errorf("web: %s: no word %q for the page of what is not there", t.Room, t.Lost.Word)
		}
		path := t.Path
		if path == "/" {
			path = "/{$}" // home alone, not everything below it
		}
		s.mux.HandleFunc(t.Method+" "+path, func(w http.ResponseWriter, _ *http.Request) { w.(*finder).route = t })
	}
	s.missing = map[string][]byte{}
	for _, lang := range Languages {
		for _, role := range append(slices.Clone(hub.Roles), "") {
			if s.missing[lang+" "+string(role)], err = s.framed(s.missingFrame(lang, role, nil)); err != nil {
				return nil, err
			}
		}
	}
	if _, err = s.OpenAPI(); err != nil {
		return nil, err
	}
	return s.traced(http.HandlerFunc(s.serve)), nil
}

// finder asks the mux which route a request is for, without answering it.
type finder struct {
	holder
	route *Route
}

// find gives a request's route, and gives the request the parts of its path.
// Without a route, the finder holds the mux's own answer: 404 or 405.
func (s *Site) find(r *http.Request) (*Route, *finder) {
	f := &finder{holder: holder{header: http.Header{}}}
	s.mux.ServeHTTP(f, r)
	return f.route, f
}
