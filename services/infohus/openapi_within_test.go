//go:build !race

package main

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// within gives the paths of every object inside a value, with its schema:
// "statements 0", "dimensions 0 gaps 0".
func (d *openAPI) within(v any, s schema, path []string, each func(path []string, is schema)) {
	s = d.resolve(s)
	switch v := v.(type) {
	case map[string]any:
		if len(path) > 0 {
			each(path, s)
		}
		for name, x := range v {
			d.within(x, s.Properties[name], append(slices.Clone(path), name), each)
		}
	case []any:
		for i, x := range v {
			d.within(x, *s.Items, append(slices.Clone(path), strconv.Itoa(i)), each)
		}
	}
}

// inner finds the object at a path.
func inner(v any, path []string) map[string]any {
	for _, p := range path {
		if list, ok := v.([]any); ok {
			i, _ := strconv.Atoi(p)
			v = list[i]
			continue
		}
		v = v.(map[string]any)[p]
	}
	return v.(map[string]any)
}

// TestTheDocumentSaysWhatIsNeededWithin: what stands inside a request (a
// statement, a dimension, a gap) is refused without each field that the document
// calls needed, and accepted with those alone.
func TestTheDocumentSaysWhatIsNeededWithin(t *testing.T) {
	s := &driver{script: begin(t)}
	d := &desk{driver: s}
	var doc openAPI
	s.Nobody().API("GET", "/openapi.json", nil).Must(200).JSON(&doc)
	collecting, assessing, recommended := d.works("collecting"), d.works("assessment"), d.works("recommended")
	talk := d.makes(coordinator, "/api/cases/{id}/offers", with(d.offers("tage"), map[string]any{"measure": "concern_talk"}), recommended.kase)
	d.changes(coordinator, "/api/offers/{id}/send", map[string]any{}, talk)
	d.changes("tage", "/api/offers/{id}/answer", map[string]any{"answer": "taken_up", "owner": d.hat("tage")}, talk)
	for _, r := range []struct {
		login, method, route string
		id                   hub.ID
		in                   map[string]any
	}{
		{coordinator, "POST", "/api/concerns", "", concern(s.registers(coordinator, map[string]any{"unknown": true}), map[string]any{"forward": toPolice})},
		{"bodil", "POST", "/api/requests/{id}/answer", collecting.asked, d.answers(3)},
		{coordinator, "PUT", "/api/cases/{id}/assessment", assessing.kase, d.joint(assessing)},
		{coordinator, "POST", "/api/cases/{id}/followups", recommended.kase, d.follows()},
		{"tage", "POST", "/api/offers/{id}/progress", talk, map[string]any{"status": "paused", "talk": map[string]any{"status": "offered"}}},
	} {
		op := doc.Paths[r.route][strings.ToLower(r.method)]
		body := op.RequestBody.Content["application/json"].Schema
		path := strings.Replace(r.route, "{id}", string(r.id), 1)
		ask := func(in any) hubtest.Answer { return s.as(r.login).API(r.method, path, in) }
		met, whole, least := 0, decoded(t, r.in), decoded(t, r.in)
		doc.within(whole, body, nil, func(path []string, is schema) {
			met++
			for _, field := range is.Required {
				less := decoded(t, whole)
				delete(inner(less, path), field)
				if a := ask(less); a.Status != http.StatusBadRequest {
					t.Errorf("%s without the needed %s of %v is answered %d %s", op.OperationID, field, path, a.Status, a.Body)
				}
			}
			for field := range inner(whole, path) {
				if small := inner(least, path); !slices.Contains(is.Required, field) {
					if p := doc.resolve(is.Properties[field]); p.Type != "array" {
						delete(small, field)
					}
				}
			}
		})
		if met == 0 {
			t.Errorf("%s has nothing within", op.OperationID)
		}
		if a := ask(least); a.Status > 299 {
			t.Errorf("%s with only what is needed within, %v, is answered %d %s", op.OperationID, least, a.Status, a.Body)
		}
	}
}
