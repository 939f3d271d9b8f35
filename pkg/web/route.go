package web

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/infohus/infohus/pkg/hub"
)

// Route is one row of the table of everything that can be asked.
type Route struct {
	Op      string // operationId; "" is a page
	Method  string // GET, POST, PUT, DELETE; GET answers HEAD too
	Path    string // a pattern of net/http: "/concerns/{id}"; under /api/ exactly where Op is set
	Public  bool   // may be asked without a sign-in; Who may then be nobody
	AnyHat  bool   // may be asked before a hat is chosen, and whichever is worn: choosing one, signing out
	NoTrace bool   // keeps no trace of who asked: no log line, no span, no cookie, no session looked up (L50)
	In, Out any    // zero values, for the OpenAPI document; nil is none
	Summary string // one sentence, in English
	Urgent  bool   // never waits, however much was looked up: what waits for one, taking back (A062)
	LookUp  bool   // a POST that looks something up, and so counts as a read does
	Nav     Nav    // where it stands in the navigation, if it does
	Door    string // key of a word: a public page that the sign-in page leads to as well
	Lost    Nav    // a page that the page of NotFound leads some roles to: always, whatever they asked for
	Do      func(w http.ResponseWriter, r *Request) error
	Room    string // who answers; set by Add

	Media   string   // of an operation whose answer is no JSON: the type of it
	Long    bool     // the answer comes in pieces, each of which may take as long as an answer may
	Numbers []string // parts of the path that are numbers and no IDs, for the OpenAPI document

	away *Peer // who answers, where that is another process
}

// Nav puts a page into the navigation of some roles. Showing a link is no
// right: policy decides when it is followed.
type Nav struct {
	Word  string     // key of its text; "" is not in the navigation
	Roles []hub.Role // who sees it; nil is everybody signed in
	Order int        // smaller stands first; home is 0
	Foot  bool       // at the foot of the page: what is needed now and then
}

// Needs may be a method of an operation's input: the ways to say enough. Each
// is a list of fields by their JSON names, and one of the lists must be sent
// whole. Without it every field must be sent whose tag does not say omitempty or
// omitzero. It is what the document says; the operation refuses by itself.
type Needs interface{ Needs() [][]string }

// Coded may be a method of a struct of the API: the codes that its fields may
// hold, by their JSON names.
type Coded interface{ Codes() map[string][]string }

// Code may be a method of a named text: the codes that it may be.
type Code interface{ Codes() []string }

// Codes gives a list of codes as texts.
func Codes[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = string(c)
	}
	return out
}

// Created may be a method of an operation's answer: true answers 201.
type Created interface{ Created() bool }

// API makes the route of a JSON operation from a typed function, so that the
// OpenAPI document and the decoder cannot disagree. The body (of a GET or
// DELETE: the query) is decoded strictly into In; Out is the answer: 200, or
// 201 where it is [Created] and says so, or 204 where it is struct{}. With
// struct{} for In nothing may be sent. No route of API is public.
func API[In, Out any](op, method, path, summary string, do func(r *Request, in In) (Out, error)) Route {
	route := Route{Op: op, Method: method, Path: path, Summary: summary}
	var in In
	var out Out
	if reflect.TypeFor[In]() != reflect.TypeFor[struct{}]() {
		route.In = in
	}
	if reflect.TypeFor[Out]() != reflect.TypeFor[struct{}]() {
		route.Out = out
	}
	route.Do = func(w http.ResponseWriter, r *Request) error {
		var in In
		switch {
		case method == http.MethodGet || method == http.MethodDelete:
			if err := query(r.URL.Query(), reflect.ValueOf(&in).Elem()); err != nil {
				return err
			}
		case route.In != nil:
			if err := r.JSON(&in); err != nil {
				return err
			}
		default:
			if b, err := body(r.Request); err != nil || len(b) > 0 {
				return hub.Invalid("", "error.json.nothing")
			}
		}
		out, err := do(r, in)
		if err != nil {
			return err
		}
		if route.Out == nil {
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		status := http.StatusOK
		if c, ok := any(out).(Created); ok && c.Created() {
			status = http.StatusCreated
		}
		return r.site.JSON(w, r, status, out)
	}
	return route
}

// Query reads the query string into a struct, as [API] does.
func (r *Request) Query(v any) error { return query(r.URL.Query(), reflect.ValueOf(v).Elem()) }

// query reads a query string strictly into a struct of texts, numbers and
// truths, by their json names, and holds a number to its tags, such as min:"1"
// max:"100". Personal data never stands in one (A044).
func query(values url.Values, v reflect.Value) error {
	for name, all := range values {
		i := -1
		for j := range v.NumField() {
			if jsonName(v.Type().Field(j)) == name {
				i = j
			}
		}
		if i < 0 {
			return hub.Invalid(name, "error.json.unknown")
		}
		if len(all) > 1 {
			return hub.Invalid(name, "error.json.duplicate")
		}
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString(all[0])
		case reflect.Int:
			n, err := strconv.ParseInt(all[0], 10, 32)
			if err != nil {
				return hub.Invalid(name, "error.json.kind")
			}
			if least, most, ok := limits(v.Type().Field(i)); ok && (int(n) < least || int(n) > most) {
				return hub.Invalid(name, "error.json.range", least, most)
			}
			f.SetInt(n)
		case reflect.Bool:
			b, err := strconv.ParseBool(all[0])
			if err != nil {
				return hub.Invalid(name, "error.json.kind")
			}
			f.SetBool(b)
		default:
			return fmt.Errorf("web: a query cannot hold %s", f.Type())
		}
	}
	return nil
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" {
		return f.Name
	}
	return name
}

// check finds what is wrong with a row before it is taken into the table.
func (t Route) check(room string, table []Route) error {
	fail := func(why string) error { return fmt.Errorf("web: %s: %s %s: %s", room, t.Method, t.Path, why) }
	switch {
	case t.Do == nil:
		return fail("nothing to do")
	case t.Method != "GET" && t.Method != "POST" && t.Method != "PUT" && t.Method != "DELETE":
		return fail("the method must be GET, POST, PUT or DELETE")
	case !strings.HasPrefix(t.Path, "/"):
		return fail("the path must begin with /")
	case len(t.Path) > 1 && strings.HasSuffix(t.Path, "/"):
		return fail("the path must not end in /")
	case isAPI(t.Path) != (t.Op != ""):
		return fail("an operation stands under /api/ and has a name, a page has neither")
	case isAPI(t.Path) && t.Public:
		return fail("an operation is never public")
	case !isAPI(t.Path) && t.Method != "GET" && t.Method != "POST":
		return fail("a page can only GET and POST")
	case t.Door != "" && (t.Method != "GET" || !t.Public || strings.Contains(t.Path, "{")):
		return fail("only a public page without parts in its path is a door")
	case t.Lost.Word != "" && (t.Method != "GET" || t.Lost.Roles == nil || strings.Contains(t.Path, "{")):
		return fail("only a page without parts in its path, of some roles, can be led to from what is not there")
	case t.Nav.Word != "" && (t.Method != "GET" || strings.Contains(t.Path, "{")):
		return fail("only a page without parts in its path can stand in the navigation")
	}
	for _, other := range table {
		if other.Method == t.Method && other.Path == t.Path {
			return fail("is there already, from " + other.Room)
		}
		if t.Op != "" && other.Op == t.Op {
			return fail("the operation " + t.Op + " is there already, from " + other.Room)
		}
	}
	return nil
}

// Routes lists the table, web's own rows included, in the order of adding.
func (s *Site) Routes() []Route { return append([]Route(nil), s.routes...) }

// OpenAPI is the OpenAPI 3.1 document of every operation, as served at
// /openapi.json: with the codes that are in force now.
func (s *Site) OpenAPI() ([]byte, error) {
	var values map[string][]string
	if s.o.Values != nil {
		values = s.o.Values(s.o.Now())
	}
	d := &s.described
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.text == nil || !reflect.DeepEqual(values, d.values) {
		text, err := s.describe(values)
		if err != nil {
			return nil, err
		}
		d.text, d.values = text, values
	}
	return d.text, nil
}
