package web

import (
	"context"
	"crypto/sha256"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/infohus/infohus/pkg/hub"
)

// Request is what a room is asked: the HTTP request, and who asks.
type Request struct {
	*http.Request
	Who  hub.Actor // the hat worn; the zero Actor on a public page without a sign-in
	Hats []hub.Hat // every hat the person may wear now
	Lang string    // "da" or "en"
	Now  time.Time // when it arrived
	ID   hub.ID    // of this request; also Who.Request

	sent      []byte // the body as it came
	misformed error  // what is wrong with the form itself
	site      *Site
	route     *Route
	secret    []byte    // hash of the session's secret; nil without a session
	proved    time.Time // of a token: see Identity.At
	session   Session
	form      *Form
	fill      url.Values
	hints     map[string][]string // by field: what a room adds to its hint
	state     *LogState           // of the log, once it was asked for
	again     *again              // set when a page is shown again with what was typed into it
}

// again is why a page is shown again, and with what.
type again struct {
	typed  url.Values
	wrong  []*hub.Error
	status int
	notice string // key of a word above the page, instead of errors
}

// log is how the log stands, for somebody who works here.
func (r *Request) log() LogState {
	if r == nil || r.site == nil || r.site.o.LogState == nil || r.Who.Hat.ID == "" {
		return LogState{}
	}
	if r.state == nil {
		s := r.site.o.LogState(r.Context())
		r.state = &s
	}
	return *r.state
}

// Session is the sign-in that the request came through; zero without one, and
// for a bearer token.
func (r *Request) Session() Session { return r.session }

// T gives a text in the request's language.
func (r *Request) T(key string, args ...any) string { return r.site.words.text(r.Lang, key, args...) }

// PathID reads an ID from the path. What cannot be an ID is NotFound.
func (r *Request) PathID(name string) (hub.ID, error) { return hub.ParseID(r.PathValue(name)) }

// JSON decodes the body strictly into v: duplicate keys, unknown fields, a name
// in other case, trailing data, what is not [hub.Plain] and anything over 1 MiB
// are Invalid, with the field.
func (r *Request) JSON(v any) error {
	if !r.is("application/json") {
		return hub.Invalid("", notJSON)
	}
	b, err := body(r.Request)
	if err != nil {
		return err
	}
	r.sent = b
	return Decode(b, v)
}

// is reports whether the body is said to be of a kind, in UTF-8 and as it is.
func (r *Request) is(kind string) bool {
	said, more, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset, coding := more["charset"], r.Header.Get("Content-Encoding")
	return err == nil && said == kind && (charset == "" || strings.EqualFold(charset, "utf-8")) && (coding == "" || strings.EqualFold(coding, "identity"))
}

// Digest is the SHA-256 of what was sent, for telling a repeated request from
// another one under the same key. Of personal text it is kept only under a key.
func (r *Request) Digest() []byte {
	h := sha256.Sum256(r.sent)
	return h[:]
}

// notJSON is the key of the Invalid error that is answered with 415.
const notJSON = "error.json.media"

// Key is the idempotency key of a command: the header Idempotency-Key of the
// API, or the hidden field that {{form}} writes. "" is none; longer than 100
// characters or outside printable ASCII is Invalid.
func (r *Request) Key() (string, error) {
	key := r.Header.Get("Idempotency-Key")
	if !r.api() {
		f, err := r.Form()
		if err != nil {
			return "", err
		}
		key = f.values.Get("_key")
	}
	for _, c := range key {
		if c < ' ' || c > '~' {
			return "", hub.Invalid("Idempotency-Key", "error.key")
		}
	}
	if len(key) > 100 {
		return "", hub.Invalid("Idempotency-Key", "error.key")
	}
	return key, nil
}

// Fill gives a field of the page's form its value; what the user has typed
// wins over it.
func (r *Request) Fill(name string, values ...string) {
	if r.fill == nil {
		r.fill = url.Values{}
	}
	r.fill[name] = values
}

// Hint adds a sentence to the hint of a field of the page's form, once.
func (r *Request) Hint(field, sentence string) {
	if r.hints == nil {
		r.hints = map[string][]string{}
	}
	if !slices.Contains(r.hints[field], sentence) {
		r.hints[field] = append(r.hints[field], sentence)
	}
}

// FillDate gives a date field its day. The zero time leaves it empty.
func (r *Request) FillDate(name string, t time.Time) {
	if t.IsZero() {
		return
	}
	t = t.In(hub.Copenhagen)
	r.Fill(name+"-day", strconv.Itoa(t.Day()))
	r.Fill(name+"-month", strconv.Itoa(int(t.Month())))
	r.Fill(name+"-year", strconv.Itoa(t.Year()))
}

// Typed reports whether the page is shown again with what was typed into it.
func (r *Request) Typed() bool { return r.again != nil }

// Failed reports whether the page is shown again because of the error with
// this key.
func (r *Request) Failed(key string) bool {
	return r.again != nil && slices.ContainsFunc(r.again.wrong, func(e *hub.Error) bool { return e.Key == key })
}

// Redirect sends the browser on after a form was done (303). Only to addresses
// of our own.
func (r *Request) Redirect(w http.ResponseWriter, path string) error {
	w.Header().Set("Location", local(path))
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// local keeps a path if it is one of ours, else it is home.
func local(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(path, "/") ||
		strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n") {
		return "/"
	}
	return path
}

// api reports whether the request is for the JSON API: its sign-in is a bearer
// token and its errors are problem details.
func (r *Request) api() bool { return isAPI(r.URL.Path) }

func isAPI(path string) bool { return path == "/api" || strings.HasPrefix(path, "/api/") }

// Form is what was typed into a form.
type Form struct {
	values url.Values
}

// Form reads what was posted: at most 1 MiB, valid UTF-8, no NUL, no field
// twice unless its name ends in "[]". The values are as typed, but for line
// ends, which become \n.
func (r *Request) Form() (Form, error) {
	if r.form == nil && r.misformed == nil { // a body is read once, whatever was wrong with it
		r.form, r.misformed = r.readForm()
	}
	if r.form == nil {
		return Form{}, r.misformed
	}
	return *r.form, r.misformed
}

// readForm reads the form. It is given with the error where its fields could be
// told apart.
func (r *Request) readForm() (*Form, error) {
	if !r.is("application/x-www-form-urlencoded") {
		return nil, hub.Invalid("", "error.form.media")
	}
	b, err := body(r.Request)
	if err != nil {
		return nil, err
	}
	r.sent = b
	values, err := url.ParseQuery(string(b))
	if err != nil {
		return nil, hub.Invalid("", "error.form.broken")
	}
	f := Form{values: values}
	var p hub.Problems
	for name, all := range values {
		if !hub.Plain(name) {
			return nil, hub.Invalid("", "error.form.broken")
		}
		if len(all) > 1 && !strings.HasSuffix(name, "[]") {
			p.Add(name, "error.form.twice")
		}
		for i, v := range all {
			switch {
			case !utf8.ValidString(v):
				p.Add(name, "error.body.utf8")
				v = strings.ToValidUTF8(v, "\ufffd")
			case !hub.Plain(breaks.Replace(v)):
				p.Add(name, "error.form.hidden")
			}
			all[i] = hub.Seen(breaks.Replace(v))
		}
	}
	return &f, p.Err()
}

// breaks makes the line breaks of browsers and word processors one.
var breaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n")

// Line is a field of one line: spaces folded, Unicode in its composed form.
func (f Form) Line(name string) string { return norm.NFC.String(hub.CleanLine(f.values.Get(name))) }

// Text is a field of many lines, trimmed, in Unicode's composed form.
func (f Form) Text(name string) string {
	return norm.NFC.String(strings.TrimSpace(f.values.Get(name)))
}

// All are the values of a field that may come more than once ("classes[]").
func (f Form) All(name string) []string { return f.values[name] }

// Has reports whether a field came with anything in it.
func (f Form) Has(name string) bool { return strings.TrimSpace(f.values.Get(name)) != "" }

// Date is the three fields of a {{date_input}}, name-day, name-month and
// name-year, as a day in Copenhagen. No field filled is the zero time; a date
// that does not exist is Invalid with the field name.
func (f Form) Date(name string) (time.Time, error) {
	var n [3]int
	empty := true
	for i, part := range []string{"-year", "-month", "-day"} {
		s := f.Line(name + part)
		empty = empty && s == ""
		var err error
		if n[i], err = strconv.Atoi(s); err != nil {
			n[i] = -1
		}
	}
	if empty {
		return time.Time{}, nil
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], 0, 0, 0, 0, hub.Copenhagen)
	if n[0] < 1000 || t.Year() != n[0] || int(t.Month()) != n[1] || t.Day() != n[2] {
		return time.Time{}, hub.Invalid(name, "error.date")
	}
	return t, nil
}

// WithContext is the request under another context.
func (r *Request) WithContext(ctx context.Context) *Request {
	r2 := *r
	r2.Request = r.Request.WithContext(ctx)
	return &r2
}
