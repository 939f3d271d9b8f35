//go:build !race

package main

import (
	"bytes"
	"html"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	parser "golang.org/x/net/html"

	"github.com/infohus/infohus/pkg/hubtest"
)

// problem holds an answer of the API against a row.
func (w *wrong) problem(row bad, a hubtest.Answer) {
	w.Helper()
	if a.Status != row.status {
		w.Errorf("the API answers %d %s, want %d", a.Status, a.Body, row.status)
		return
	}
	if a.Status < 400 {
		return
	}
	var p struct {
		Type, Title, Detail string
		Status              int
		Errors              []struct{ Field, Key, Detail string }
	}
	a.JSON(&p)
	kind := map[int]string{400: "invalid", 401: "denied", 403: "denied", 404: "not-found", 405: "", 409: "conflict", 413: "invalid", 415: "invalid"}[row.status]
	if p.Type != "/problems/"+kind || p.Status != row.status || a.Header.Get("Content-Type") != "application/problem+json" {
		w.Errorf("the problem is %s, %d, as %s", p.Type, p.Status, a.Header.Get("Content-Type"))
	}
	if strings.HasPrefix(p.Detail, "[") || p.Detail == "" || p.Title == "" {
		w.Errorf("the problem has no words: %s", a.Body)
	}
	if row.key == "" {
		return
	}
	// On the page the fields of the second authority's basis have names of their own.
	field := map[string]string{"forward_basis": "legal_basis"}[row.field]
	if field == "" {
		field = row.field
	}
	if w.forms[row.where].cased && len(p.Errors) != 1 {
		w.Errorf("more is wrong than the row says: %s", a.Body)
	}
	for _, e := range p.Errors {
		if strings.HasPrefix(e.Detail, "[") {
			w.Errorf("there is no word for %s", e.Key)
		}
		if slices.Contains(strings.Split(row.key, "|"), e.Key) && (e.Field == field || slices.Contains(strings.Split(row.field, "|"), e.Field)) {
			return
		}
	}
	w.Errorf("the problem is %s, want %s at %q", a.Body, row.key, row.field)
}

// page holds a page against a row: its status, and the message above it, with a
// link to the field.
func (w *wrong) page(row bad, a hubtest.Answer) {
	w.Helper()
	if a.Status != row.status {
		w.Errorf("the page answers %d at %s, want %d", a.Status, a.Path, row.status)
		return
	}
	if row.key == "" || row.status < 400 {
		return
	}
	said := slices.ContainsFunc(strings.Split(row.key, "|"), func(key string) bool {
		say, _, _ := strings.Cut(w.words[key], "{")
		if say == "" {
			w.Errorf("there is no word for %s", key)
		}
		return strings.Contains(a.Text(), html.EscapeString(say)) || strings.Contains(a.Text(), say)
	})
	if !said {
		w.Errorf("the page does not say %q", w.words[row.key])
	}
	if row.field == "" {
		return
	}
	link := regexp.MustCompile(`href="#((?:[a-z0-9]+-)?(?:` + strings.ReplaceAll(regexp.QuoteMeta(row.field), `\|`, "|") + `))"`).FindStringSubmatch(a.Text())
	if link == nil {
		w.Errorf("the summary has no link to %s", row.field)
	} else if !strings.Contains(a.Text(), `id="`+link[1]+`"`) {
		w.Errorf("the link to %s leads nowhere", row.field)
	}
}

// keeps holds that every character that was typed stands in the form again.
func (w *wrong) keeps(row bad, a hubtest.Answer, action string, typed url.Values) {
	w.Helper()
	stands := formOn(w.T, a, action)
	for name, values := range typed {
		if name == "on" || "not "+name == row.kept {
			continue
		}
		if got, want := strings.Join(stands[name], "|"), strings.Join(values, "|"); got != want {
			w.Errorf("of %s the form keeps %s, typed was %s", name, strconv.Quote(got), strconv.Quote(want))
		}
	}
}

// formOn reads what stands in the form of a page, as a browser would send it.
func formOn(t *testing.T, a hubtest.Answer, action string) url.Values {
	t.Helper()
	root, err := parser.Parse(bytes.NewReader(a.Body))
	if err != nil {
		t.Fatal(err)
	}
	attr := func(n *parser.Node, name string) (string, bool) {
		for _, x := range n.Attr {
			if x.Key == name {
				return x.Val, true
			}
		}
		return "", false
	}
	values := url.Values{}
	for form := range root.Descendants() {
		if to, _ := attr(form, "action"); form.Data != "form" || to != action {
			continue
		}
		for n := range form.Descendants() {
			name, _ := attr(n, "name")
			value, _ := attr(n, "value")
			kind, _ := attr(n, "type")
			_, checked := attr(n, "checked")
			switch {
			case n.Data == "input" && (kind == "radio" || kind == "checkbox") && !checked:
			case n.Data == "input" && name != "":
				values.Add(name, value)
			case n.Data == "textarea" && n.FirstChild != nil:
				values.Add(name, n.FirstChild.Data)
			case n.Data == "select":
				for o := range n.Descendants() {
					if _, selected := attr(o, "selected"); selected {
						value, _ := attr(o, "value")
						values.Add(name, value)
					}
				}
			}
		}
	}
	return values
}

// raw asks as a browser does, signed in as the client is, with whatever headers
// in pairs; a header of "" is not sent.
func (w *wrong) raw(c *hubtest.Client, method, path, body string, headers ...string) *hubtest.Answer {
	w.Helper()
	r := httptest.NewRequestWithContext(w.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://hub.test")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	a := c.Do(r)
	return &a
}
