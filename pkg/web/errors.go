package web

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/infohus/infohus/pkg/hub"
)

// signInFirst is the error of somebody who must sign in, or has not chosen a
// hat: answered with 401 by the API, with the way there by a page.
const signInFirst = "error.signin"

// notOurs is the error of a request that another site's page sent.
const notOurs = "error.origin"

// notThatWay is the error of a method that an address does not take.
const notThatWay = "error.method"

// statusOf translates an error to HTTP. This is the one place (house.md,
// Errors).
func statusOf(err error) int {
	var e *hub.Error
	errors.As(err, &e)
	switch hub.CodeOf(err) {
	case hub.CodeInvalid:
		switch e.Key {
		case tooLarge:
			return http.StatusRequestEntityTooLarge
		case notJSON, "error.form.media":
			return http.StatusUnsupportedMediaType
		case notThatWay:
			return http.StatusMethodNotAllowed
		}
		return http.StatusBadRequest
	case hub.CodeDenied:
		if e.Key == signInFirst {
			return http.StatusUnauthorized
		}
		if e.Key == slowed {
			return http.StatusTooManyRequests
		}
		return http.StatusForbidden
	case hub.CodeNotFound:
		return http.StatusNotFound
	case hub.CodeConflict:
		return http.StatusConflict
	case hub.CodeUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// problem is RFC 9457's problem details. It names no request and no thing, so
// that unknown and forbidden are the same bytes.
type problem struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail"`
	Errors []problemField `json:"errors,omitempty"`
}

type problemField struct {
	Field  string `json:"field,omitempty"`
	Key    string `json:"key"`
	Detail string `json:"detail"`
}

// all gives the single errors of an error.
func all(err error) []*hub.Error {
	var p hub.Problems
	if errors.As(err, &p) {
		return p
	}
	var e *hub.Error
	if errors.As(err, &e) {
		return []*hub.Error{e}
	}
	return nil
}

// problemOf describes an error for the API. The text of an Internal one stays.
func (s *Site) problemOf(lang string, err error) problem {
	code := hub.CodeOf(err)
	status := statusOf(err)
	key := "error.internal"
	errs := all(err)
	if code != hub.CodeInternal && len(errs) > 0 && errs[0].Key != "" {
		key = errs[0].Key
	}
	if code == hub.CodeNotFound {
		key = "error.not_found" // and nothing that an error may say besides
	}
	title := "web.problem." + string(code)
	switch status {
	case http.StatusTooManyRequests:
		title = "web.problem.slowed"
	case http.StatusUnauthorized:
		title = "web.problem.signin"
	}
	p := problem{Type: "/problems/" + strings.ReplaceAll(string(code), "_", "-"), Title: s.words.text(lang, title),
		Status: status, Detail: s.words.text(lang, key)}
	if len(errs) > 0 && (code == hub.CodeInvalid || code == hub.CodeConflict || code == hub.CodeDenied) {
		p.Detail = s.words.text(lang, errs[0].Key, errs[0].Args...)
		for _, e := range errs {
			p.Errors = append(p.Errors, problemField{e.Field, e.Key, s.words.text(lang, e.Key, e.Args...)})
		}
	}
	return p
}

// fail answers an error. w has been written nothing to yet.
func (s *Site) fail(w http.ResponseWriter, r *Request, err error) {
	if hub.CodeOf(err) == hub.CodeUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	if statusOf(err) == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", fmt.Sprint(all(err)[0].Args[0]))
	}
	if r.api() {
		s.failAPI(w, r, err)
		return
	}
	if one := all(err); len(one) == 1 && one[0].Key == "error.key_reused" { // who fills in a form knows of no key
		err = hub.Conflict("error.form.reused")
	}
	if statusOf(err) == http.StatusUnauthorized {
		s.sendToSignIn(w, r)
		return
	}
	var one *hub.Error
	if errors.As(err, &one) && one.Key == otherHat && r.form != nil {
		s.hatConflict(w, r)
		return
	}
	post := r.Method == http.MethodPost
	if hub.CodeOf(err) == hub.CodeNotFound {
		var typed url.Values
		if post && r.form != nil {
			typed = r.form.values
		}
		s.notFound(w, r, typed)
		return
	}
	if post && r.form != nil && s.showAgain(w, r, r.form.values, all(err), statusOf(err), "") {
		return
	}
	s.errorPage(w, r, err)
}

func (s *Site) failAPI(w http.ResponseWriter, r *Request, err error) {
	if statusOf(err) == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="infohus"`)
	}
	b, eerr := encode(s.problemOf(r.Lang, err))
	if eerr != nil {
		b = []byte(`{"type":"/problems/internal","title":"Internal","status":500,"detail":""}`)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(statusOf(err))
	if r.Method != http.MethodHead {
		w.Write(b)
	}
}

// notFound is the one answer for what does not exist and for what the asker
// may not know of: the same bytes for everybody. What was typed is given back
// to whoever typed it.
func (s *Site) notFound(w http.ResponseWriter, r *Request, typed url.Values) {
	role := r.Who.Role
	if s.missing[r.Lang+" "+string(role)] == nil {
		role = "" // of nobody that this page knows
	}
	b := s.missing[r.Lang+" "+string(role)]
	if left := s.typedFields(r.Lang, r.routeRoom(), typed, nil); len(left) > 0 {
		if more, err := s.framed(s.missingFrame(r.Lang, role, left)); err == nil {
			b = more
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	if r.Method != http.MethodHead {
		w.Write(b)
	}
}

func (r *Request) routeRoom() string {
	if r.route == nil {
		return ""
	}
	return r.route.Room
}

// missingFrame is that page for a role, with the ways on that the role always has:
// they depend on nothing that was asked for.
func (s *Site) missingFrame(lang string, role hub.Role, left []typedField) frame {
	var lost []navLine
	for _, t := range s.routes {
		if t.Lost.Word != "" && slices.Contains(t.Lost.Roles, role) {
			lost = append(lost, navLine{Href: t.Path, Word: t.Lost.Word})
		}
	}
	body, _, err := s.render(view{lang: lang, room: "web", name: "missing"}, lost)
	if err != nil {
		body = ""
	}
	return frame{Lang: lang, NoSwitch: true, Left: left, Title: s.words.text(lang, "web.missing.title"), Body: asHTML(body)}
}

// errorPage says what went wrong, for a page that cannot be shown again.
func (s *Site) errorPage(w http.ResponseWriter, r *Request, err error) {
	p := s.problemOf(r.Lang, err)
	about := ""
	if p.Status == http.StatusUnauthorized && r.form != nil {
		p.Detail, about = s.words.text(r.Lang, "error.signin.gone"), "web.left.copy"
	}
	body, _, rerr := s.render(view{lang: r.Lang, room: "web", name: "error"}, p)
	if rerr != nil {
		http.Error(w, p.Title, p.Status)
		return
	}
	f := frame{Title: p.Title, Body: asHTML(body), LeftAbout: about}
	if r.form != nil {
		f.Left = s.typedFields(r.Lang, r.routeRoom(), r.form.values, nil)
		for i, l := range f.Left {
			if _, raw := r.form.values[l.Label]; raw { // no page has said what people call it
				f.Left[i].Label = s.words.text(r.Lang, "web.left.field", i+1)
			}
		}
	}
	if err := s.frame(w, r, p.Status, f); err != nil {
		http.Error(w, p.Title, p.Status)
	}
}

// showAgain shows the page that a form was on, with what was typed into it. It
// asks the page's own route, as the same person, so that rights and record are
// the page's. False: there is no such page, or it could not be shown; nothing
// has been written then.
func (s *Site) showAgain(w http.ResponseWriter, r *Request, typed url.Values, wrong []*hub.Error, status int, notice string) bool {
	page, err := url.ParseRequestURI(local(typed.Get("_page")))
	if err != nil || typed.Get("_page") == "" {
		page = &url.URL{Path: r.URL.Path}
	}
	asked := r.Request.Clone(r.Context())
	asked.Method, asked.URL, asked.Body, asked.ContentLength = http.MethodGet, page, http.NoBody, 0
	route, _ := s.find(asked)
	if route == nil || route.away != nil || isAPI(page.Path) || route.Room == "web" || route.Public != r.route.Public {
		return false
	}
	if status == http.StatusInternalServerError {
		wrong = []*hub.Error{{Code: hub.CodeInternal, Key: "error.internal"}}
	}
	r2 := *r
	r2.Request, r2.route, r2.form, r2.fill, r2.hints = asked, route, nil, nil, nil
	if r2.readable() != nil {
		return false
	}
	r2.again = &again{typed: maps.Clone(typed), wrong: wrong, status: status, notice: notice}
	held := &holder{header: http.Header{}}
	if err := route.Do(held, &r2); err != nil || held.status == 0 || (status != 0 && held.status != status) {
		return false
	}
	held.sendTo(w)
	return true
}

// holder holds an answer back until it is known to be good.
type holder struct {
	header http.Header
	status int
	body   []byte
}

func (h *holder) Header() http.Header { return h.header }
func (h *holder) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}
func (h *holder) Write(b []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	h.body = append(h.body, b...)
	return len(b), nil
}

func (h *holder) sendTo(w http.ResponseWriter) {
	for k, v := range h.header {
		w.Header()[k] = slices.Clone(v)
	}
	w.WriteHeader(h.status)
	w.Write(h.body)
}

// encode writes JSON the one way we do: fields in the order of the struct, no
// null for an empty list.
func encode(v any) ([]byte, error) {
	return json.Marshal(v, json.Deterministic(true), jsontext.AllowInvalidUTF8(false))
}
