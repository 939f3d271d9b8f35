package hubtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"golang.org/x/net/html"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/structure"
)

// Client is somebody at a browser, or a program that acts for them.
type Client struct {
	h       *Hub
	Login   string
	Post    structure.Post // the hat worn; zero for nobody
	Token   string         // bearer, for the API; "" is a good one, made for each request
	Lang    string         // "da" or "en"
	chose   string         // the language that the browser was last told
	cookies map[string]string
	page    *html.Node // the last page
	at      string     // its path
}

// Answer is what the hub answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Path   string // of the page, after redirections
	h      *Hub
}

// As is a person of the structure, by login, wearing the first hat that holds
// now. Signing in for pages happens at the first page asked for.
func (h *Hub) As(login string) *Client {
	h.t.Helper()
	for _, p := range h.Structure.Posts() {
		if p.Login == login && p.Holds(h.Now()) {
			return h.wearing(p)
		}
	}
	h.t.Fatalf("nobody with the login %q works here now", login)
	return nil
}

// AsRole is [Hub.As] for somebody with several posts.
func (h *Hub) AsRole(login string, role hub.Role) *Client {
	h.t.Helper()
	for _, p := range h.Structure.Posts() {
		if p.Login == login && p.Role == role && p.Holds(h.Now()) {
			return h.wearing(p)
		}
	}
	h.t.Fatalf("%q is no %s now", login, role)
	return nil
}

// Nobody is a browser that has not signed in.
func (h *Hub) Nobody() *Client {
	return &Client{h: h, Lang: "da", chose: "da", cookies: map[string]string{}}
}

func (h *Hub) wearing(p structure.Post) *Client {
	c := h.Nobody()
	c.Login, c.Post = p.Login, p
	return c
}

// Actor is the person as rooms see them.
func (c *Client) Actor() hub.Actor {
	id := c.h.config.NewID()
	return hub.Actor{Hat: c.Post.Hat, Session: "test", Issuer: c.h.Issuer.URL(c.Post.Authority), LoA: "Substantial", Request: id, Cause: id}
}

// Do sends a request as it is, but for the cookies, and keeps the cookies that
// come back. It follows no redirection.
func (c *Client) Do(r *http.Request) Answer {
	_, r.Host, _ = strings.Cut(c.h.origin, "://")
	r.RemoteAddr = "192.0.2.1:1234"
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	c.h.Handler().ServeHTTP(w, r)
	res := w.Result()
	for _, k := range res.Cookies() {
		if c.cookies[k.Name] = k.Value; k.MaxAge < 0 || k.Value == "" {
			delete(c.cookies, k.Name)
		}
	}
	return Answer{res.StatusCode, res.Header, w.Body.Bytes(), r.URL.Path, c.h}
}

// API asks an operation with the bearer token. in is what is sent: nil for
// nothing, a string or bytes as they are, else as JSON. Headers come in pairs.
func (c *Client) API(method, path string, in any, headers ...string) Answer {
	c.h.t.Helper()
	var body io.Reader
	switch in := in.(type) {
	case nil:
	case string:
		body = strings.NewReader(in)
	case []byte:
		body = bytes.NewReader(in)
	default:
		b, err := json.Marshal(in)
		check(c.h.t, err)
		body = bytes.NewReader(b)
	}
	r := httptest.NewRequestWithContext(c.h.t.Context(), method, path, body)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	token := c.Token
	if token == "" && c.Post.Subject != "" {
		token = c.h.Issuer.Sign(c.h.Issuer.Claims(c.Post))
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if c.Post.Hat.ID != "" {
		r.Header.Set("Infohus-Hat", string(c.Post.Hat.ID))
	}
	r.Header.Set("Accept-Language", c.Lang)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	jar := c.cookies
	c.cookies = map[string]string{} // a program has none
	a := c.Do(r)
	c.cookies = jar
	return a
}

// Get opens a page, signing in first where somebody has a name, and follows
// redirections as a browser does.
func (c *Client) Get(path string) Answer {
	c.h.t.Helper()
	if c.Login != "" && c.cookies["__Host-session"] == "" {
		c.SignIn()
	}
	return c.follow(c.browse(http.MethodGet, path, nil))
}

// At is the path of the last page.
func (c *Client) At() string { return c.at }

// Submit fills in the form with that action on the last page, hidden fields
// included, and sends it. Without such a form there the page at the action is
// opened first.
func (c *Client) Submit(action string, fields url.Values) Answer {
	c.h.t.Helper()
	hidden, ok := c.form(action)
	if !ok {
		c.Get(action)
		if hidden, ok = c.form(action); !ok {
			c.h.t.Fatalf("there is no form to %s on the page %s", action, c.at)
		}
	}
	for k, v := range fields {
		hidden[k] = v
	}
	return c.follow(c.browse(http.MethodPost, action, hidden))
}

// SignIn goes through the sign-in, and puts on the client's hat.
func (c *Client) SignIn() {
	c.h.t.Helper()
	login := c.Login
	c.Login = "" // so that Get does not sign in to sign in
	defer func() { c.Login = login }()
	c.browse(http.MethodGet, "/signin", nil)
	a := c.browse(http.MethodPost, "/signin", url.Values{"issuer": {c.h.Issuer.URL(c.Post.Authority)}})
	there := a.Header.Get("Location")
	if there == "" {
		c.h.t.Fatalf("sign-in of %s did not begin: %d %s", login, a.Status, a.Body)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(there + "&login_hint=" + url.QueryEscape(c.Post.Subject))
	check(c.h.t, err)
	res.Body.Close()
	back, err := url.Parse(res.Header.Get("Location"))
	check(c.h.t, err)
	c.follow(c.browse(http.MethodGet, back.RequestURI(), nil))
	if c.cookies["__Host-session"] == "" {
		c.h.t.Fatalf("%s could not sign in", login)
	}
	c.Wear(c.Post)
}

// Wear puts on another of the person's hats, for pages and API.
func (c *Client) Wear(p structure.Post) {
	c.h.t.Helper()
	c.Post = p
	if c.cookies["__Host-session"] == "" || len(c.holding()) < 2 {
		return
	}
	a := c.Submit("/hats", url.Values{"hat": {string(p.Hat.ID)}})
	if a.Status != http.StatusOK {
		c.h.t.Fatalf("putting on %s: %d %s", p.Role, a.Status, a.Body)
	}
}

// holding lists the person's hats that may be worn now.
func (c *Client) holding() []structure.Post {
	var posts []structure.Post
	for _, p := range c.h.Structure.Posts() {
		if p.Person == c.Post.Person && p.Holds(c.h.Now()) {
			posts = append(posts, p)
		}
	}
	return posts
}

// browse sends what a browser would.
func (c *Client) browse(method, path string, form url.Values) Answer {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequestWithContext(c.h.t.Context(), method, path, body)
	r.Header.Set("Accept", "text/html")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", c.h.origin)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if c.Lang != c.chose {
		c.chose, c.cookies["__Host-lang"] = c.Lang, c.Lang
	}
	return c.Do(r)
}

// follow goes where an answer sends a browser, and keeps the page.
func (c *Client) follow(a Answer) Answer {
	c.h.t.Helper()
	for range 10 {
		to := a.Header.Get("Location")
		if to == "" || a.Status < 300 || a.Status > 399 {
			c.at = a.Path
			var err error
			c.page, err = html.Parse(bytes.NewReader(a.Body))
			check(c.h.t, err)
			return a
		}
		a = c.browse(http.MethodGet, to, nil)
	}
	c.h.t.Fatalf("redirected in a circle at %s", a.Path)
	return a
}

// form finds a form of the last page and the fields that stand in it.
func (c *Client) form(action string) (url.Values, bool) {
	if c.page == nil {
		return nil, false
	}
	for n := range c.page.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" {
			continue
		}
		to, has := attr(n, "action")
		if to == action || !has && c.at == action {
			return fields(n), true
		}
	}
	return nil, false
}

// fields are what a browser would send of a form left as it is.
func fields(form *html.Node) url.Values {
	v := url.Values{}
	for n := range form.Descendants() {
		name, ok := attr(n, "name")
		if n.Type != html.ElementNode || !ok {
			continue
		}
		value, _ := attr(n, "value")
		kind, _ := attr(n, "type")
		_, checked := attr(n, "checked")
		switch {
		case n.Data == "input" && (kind == "radio" || kind == "checkbox") && !checked:
		case n.Data == "input":
			v.Add(name, value)
		case n.Data == "textarea" && n.FirstChild != nil:
			v.Add(name, n.FirstChild.Data)
		case n.Data == "option":
		case n.Data == "select":
			for o := range n.Descendants() {
				if _, selected := attr(o, "selected"); selected {
					value, _ := attr(o, "value")
					v.Add(name, value)
				}
			}
		}
	}
	return v
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// JSON reads the answer into v.
func (a Answer) JSON(v any) {
	a.h.t.Helper()
	if err := json.Unmarshal(a.Body, v); err != nil {
		a.h.t.Fatalf("%s answered %d with what is no JSON: %v: %s", a.Path, a.Status, err, a.Body)
	}
}

// Must stops the test unless the answer has the status, and gives it back.
func (a Answer) Must(status int) Answer {
	a.h.t.Helper()
	if a.Status != status {
		a.h.t.Fatalf("%s answered %d, wanted %d: %s", a.Path, a.Status, status, a.Body)
	}
	return a
}

// Text is the answer's body.
func (a Answer) Text() string { return string(a.Body) }
