package web

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"math"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/infohus/infohus/pkg/hub"
)

// maxBody is the most that a request may carry.
const maxBody = 1 << 20

// tooLarge is the key of the one Invalid error that is answered with 413.
const tooLarge = "error.body.size"

// Decode reads JSON from outside, strictly: one reading or none (A004). It
// refuses duplicate and unknown fields, a field in other case, a value of
// another kind, anything after the value, invalid UTF-8 and what is not
// [hub.Plain], each as Invalid with the field where it is known. An empty input is refused too.
func Decode(b []byte, v any) error {
	if !utf8.Valid(b) {
		return hub.Invalid("", "error.body.utf8")
	}
	d := jsontext.NewDecoder(bytes.NewReader(b))
	if err := json.UnmarshalDecode(d, v, json.RejectUnknownMembers(true)); err != nil {
		return refusal(err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return hub.Invalid("", "error.json.trailing")
	}
	if field, ok := findHidden(reflect.ValueOf(v), ""); ok {
		return hub.Invalid(field, "error.body.hidden")
	}
	return nil
}

// refusal translates the decoder's error. Its text stays behind: it may quote
// what was sent.
func refusal(err error) error {
	var coded *hub.Error
	if errors.As(err, &coded) {
		return coded
	}
	field := func(p jsontext.Pointer) string {
		return strings.ReplaceAll(strings.TrimPrefix(string(p), "/"), "/", ".")
	}
	var sem *json.SemanticError
	var syn *jsontext.SyntacticError
	switch {
	case errors.As(err, &syn) && errors.Is(err, jsontext.ErrDuplicateName):
		return hub.Invalid(field(syn.JSONPointer), "error.json.duplicate")
	case errors.As(err, &syn):
		return hub.Invalid("", "error.json.syntax")
	case errors.As(err, &sem) && errors.Is(err, json.ErrUnknownName):
		return hub.Invalid(field(sem.JSONPointer), "error.json.unknown")
	case errors.As(err, &sem):
		return hub.Invalid(field(sem.JSONPointer), "error.json.kind")
	}
	return hub.Invalid("", "error.json.syntax")
}

// findHidden looks in every text of a decoded value for what is not [hub.Plain]:
// Postgres cannot keep some of it, and nothing good sends it.
func findHidden(v reflect.Value, name string) (string, bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return findHidden(v.Elem(), name)
		}
	case reflect.String:
		return name, !hub.Plain(v.String())
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return "", false
		}
		for i := range v.Len() {
			if f, ok := findHidden(v.Index(i), name); ok {
				return f, true
			}
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			if !hub.Plain(k.String()) {
				return name, true
			}
			if f, ok := findHidden(v.MapIndex(k), name); ok {
				return f, true
			}
		}
	case reflect.Struct:
		if p, ok := v.Interface().(hub.Personal); ok { // keeps its text to itself
			return name, p.Fault(0, math.MaxInt) == "error.not_text"
		}
		for i := range v.NumField() {
			if t := v.Type().Field(i); t.IsExported() {
				f, _, _ := strings.Cut(t.Tag.Get("json"), ",")
				if name != "" && !t.Anonymous {
					f = name + "." + f
				}
				if f, ok := findHidden(v.Field(i), f); ok {
					return f, true
				}
			}
		}
	}
	return "", false
}

// readable holds an address to what a body is held to: the parts of its path and
// its query are valid UTF-8 without NUL, before any room puts one to the
// database.
func (r *Request) readable() error {
	_, names := parts(r.route.Path)
	for _, name := range names {
		if !hub.Plain(r.PathValue(name)) {
			return hub.Invalid(name, notReadable)
		}
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return hub.Invalid("", notReadable)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !hub.Plain(name) {
			return hub.Invalid("", notReadable)
		}
		for _, v := range values[name] {
			if !hub.Plain(v) {
				return hub.Invalid(name, notReadable)
			}
		}
	}
	return nil
}

// notReadable is the error of an address with what no text holds.
const notReadable = "error.address"

// body reads a request's body, at most maxBody.
func body(r *http.Request) ([]byte, error) {
	if r.ContentLength > maxBody {
		return nil, hub.Invalid("", tooLarge)
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	var most *http.MaxBytesError
	switch {
	case errors.As(err, &most), len(b) > maxBody:
		return nil, hub.Invalid("", tooLarge)
	case err != nil:
		return nil, &hub.Error{Code: hub.CodeInvalid, Key: "error.body.broken", Err: err}
	}
	return b, nil
}
