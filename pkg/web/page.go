package web

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// pages are the parsed templates of one room: web's components and its own.
//
// A template function must know the request it works for. A set is therefore
// kept together with the view its functions look at, and lent out to one
// rendering at a time: parsing and escaping are done once for each set, not
// once for each page.
type pages struct {
	pristine *template.Template
	pool     sync.Pool
}

type lent struct {
	set  *template.Template
	view *view
}

// view is what the functions of a template see: one page being rendered.
type view struct {
	site   *Site
	r      *Request // nil in a fragment
	lang   string
	room   string
	name   string
	set    *template.Template
	form   string          // name of the form that is open
	forms  int             // how many were opened
	shown  map[string]bool // typed fields that the page has shown
	asked  []labelled      // the fields that the form shown again asks for, in order
	marks  []wanted
	lists  []string        // where lists of several rooms begin and end
	chosen []string        // names in the form that is open that nobody types into
	labels map[string]bool // "name=key" of its fields whose label is not of their name
}

// parse reads components of web and pages/*.html of a room.
func (s *Site) parse(room string, files fs.FS) (*pages, error) {
	set := template.New(room).Funcs((&view{}).funcs())
	if _, err := set.ParseFS(webFiles, "pages/components.html"); err != nil {
		return nil, fmt.Errorf("web: components: %w", err)
	}
	names, err := fs.Glob(files, "pages/*.html")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if name == "pages/components.html" {
			continue
		}
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		t := set.New("page:" + strings.TrimSuffix(path.Base(name), ".html"))
		if _, err := t.Parse(string(b)); err != nil {
			return nil, fmt.Errorf("web: %s: %w", room, err)
		}
	}
	p := &pages{pristine: set}
	p.pool.New = func() any {
		v := &view{}
		clone, err := set.Clone()
		if err != nil {
			return fmt.Errorf("web: %s: %w", room, err) // cannot happen: it was never executed
		}
		return &lent{clone.Funcs(v.funcs()), v}
	}
	return p, nil
}

// render writes one template of a room.
func (s *Site) render(v view, data any) (string, view, error) {
	p := s.rooms[v.room]
	if p == nil {
		return "", v, fmt.Errorf("web: no pages of %q", v.room)
	}
	l, ok := p.pool.Get().(*lent)
	if !ok {
		return "", v, fmt.Errorf("web: templates of %s cannot be used", v.room)
	}
	defer p.pool.Put(l)
	*l.view = v
	l.view.site, l.view.set, l.view.shown = s, l.set, map[string]bool{}
	var b bytes.Buffer
	err := l.set.ExecuteTemplate(&b, "page:"+v.name, data)
	v = *l.view
	*l.view = view{} // keeps nothing of the request
	if err != nil {
		return "", v, fmt.Errorf("web: %s/%s: %w", v.room, v.name, err)
	}
	if v.form != "" {
		return "", v, fmt.Errorf("web: %s/%s: a form is not closed", v.room, v.name)
	}
	return b.String(), v, nil
}

// Fragment renders pages/<name>.html of a room without the frame, for a
// [Mark]. Forms and marks cannot stand in it.
func (s *Site) Fragment(lang, room, name string, data any) (template.HTML, error) {
	html, _, err := s.render(view{lang: language(lang), room: room, name: name}, data)
	return template.HTML(html), err
}

// Same is [Site.Fragment] as what a [Mark] says, the same of each id.
func (s *Site) Same(ids []hub.ID, lang, room, name string, data any) (map[hub.ID]template.HTML, error) {
	html, err := s.Fragment(lang, room, name, data)
	if err != nil {
		return nil, err
	}
	out := map[hub.ID]template.HTML{}
	for _, id := range ids {
		out[id] = html
	}
	return out, nil
}

// Page answers with a room's page: pages/<name>.html in the frame, with its
// marks filled in. The title is the word "<room>.<name>.title". Nothing is sent
// before all is rendered, so that an error can still be answered as one.
func (s *Site) Page(w http.ResponseWriter, r *Request, status int, room, name string, data any) error {
	html, v, err := s.render(view{r: r, lang: r.Lang, room: room, name: name}, data)
	if err != nil {
		return err
	}
	html, err = s.compose(r, html, v.marks, v.lists)
	if err != nil {
		return err
	}
	f := frame{Title: s.words.text(r.Lang, room+"."+name+".title"), Body: asHTML(html)}
	if a := r.again; a != nil {
		f.Errors, f.Notice, f.Left = v.summary(), a.notice, v.left()
		if a.status != 0 {
			status = a.status
		}
	}
	if toast := cookie(r.Request, cookieToast); toast != "" && !r.route.NoTrace {
		word, from, _ := strings.Cut(toast, "/")
		if t, err := time.Parse(time.RFC3339, from); s.words.has(word) && (err == nil || from == "") {
			f.Toast = s.words.text(r.Lang, word, moment(r.Lang, t))
		}
		dropCookie(w, cookieToast)
	}
	return s.frame(w, r, status, f)
}

// frame is what stands around a page.
type frame struct {
	Title  string
	Body   template.HTML
	Errors []summaryLine
	Notice string
	Toast  string
	Left   []typedField

	LeftAbout string // the words above it; "" are the usual

	Lang, Other string // this language, the other one
	Assets      string
	Name        string
	Signed      bool // somebody is signed in
	Who         hub.Actor
	Authority   string
	Many        bool // has more hats than one
	Nav, Foot   []navLine
	Path        string // where the page was asked for, for the language switch
	Now         time.Time
	NoSwitch    bool
	Log         LogState
	Ends        string // the time of day at which the session ends if nothing is done; "" is no session
	Seconds     int    // until then
}

type navLine struct {
	Href, Word string
	Current    bool
}

// frame fills in who asks and sends the page.
func (s *Site) frame(w http.ResponseWriter, r *Request, status int, f frame) error {
	f.Lang, f.Path, f.Now = r.Lang, r.URL.RequestURI(), r.Now
	f.NoSwitch = r.Method != http.MethodGet && r.Method != http.MethodHead || r.again != nil || status >= http.StatusBadRequest
	f.Signed = r.Session().Live
	f.Who, f.Many = r.Who, len(r.Hats) > 1
	if f.Signed {
		f.Log = r.log()
		f.Ends, f.Seconds = clock(r.Lang, r.session.Ends), seconds(r)
		w.Header().Set("Content-Security-Policy", s.policy(r)+andScripts)
		f.Authority = s.authority(r.Who.Authority)
		for _, t := range s.routes {
			if t.Nav.Word != "" && r.Who.Hat.ID != "" && (t.Nav.Roles == nil || slices.Contains(t.Nav.Roles, r.Who.Role)) {
				to := &f.Nav
				if t.Nav.Foot {
					to = &f.Foot
				}
				*to = append(*to, navLine{t.Path, t.Nav.Word, t.Path == r.URL.Path})
			}
		}
	}
	b, err := s.framed(f)
	if err != nil {
		return err
	}
	sends(w, r.Request, status, b)
	return nil
}

// framed renders the frame.
func (s *Site) framed(f frame) ([]byte, error) {
	f.Lang = language(f.Lang)
	f.Other = Languages[(slices.Index(Languages, f.Lang)+1)%len(Languages)]
	f.Assets, f.Name = s.assets.base, s.o.Name
	html, _, err := s.render(view{lang: f.Lang, room: "web", name: "frame"}, f)
	return []byte(html), err
}

// authority is an authority's name on the screen.
func (s *Site) authority(id hub.AuthorityID) string {
	if s.o.Called == nil || id == "" {
		return string(id)
	}
	return s.o.Called(id)
}

// basis is a legal basis in words; "" where there are none.
func (s *Site) basis(code hub.LegalBasis, lang string) string {
	if s.o.Basis == nil {
		return ""
	}
	return s.o.Basis(code, lang)
}

// JSON answers with v as JSON.
func (s *Site) JSON(w http.ResponseWriter, r *Request, status int, v any) error {
	b, err := encode(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(b)
	}
	return nil
}

// asHTML marks what our own templates have written as safe.
func asHTML(rendered string) template.HTML { return template.HTML(rendered) }
