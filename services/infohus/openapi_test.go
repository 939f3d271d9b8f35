package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// schema is as much of JSON Schema as the document uses.
type schema struct {
	Ref                  string            `json:"$ref"`
	Type                 any               `json:"type"`
	Properties           map[string]schema `json:"properties"`
	Required             []string          `json:"required"`
	AdditionalProperties any               `json:"additionalProperties"`
	Items                *schema           `json:"items"`
	AnyOf                []schema          `json:"anyOf"`
	OneOf                []schema          `json:"oneOf"`
}

type openAPI struct {
	OpenAPI string `json:"openapi"`
	Paths   map[string]map[string]struct {
		OperationID string `json:"operationId"`
		Responses   map[string]struct {
			Content map[string]struct{ Schema schema }
		}
	}
	Components struct{ Schemas map[string]schema }
}

// fits says where a value does not fit its schema.
func (d *openAPI) fits(v any, s schema, at string) error {
	if s.Ref != "" {
		return d.fits(v, d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")], at)
	}
	for _, of := range append(s.AnyOf, s.OneOf...) {
		if d.fits(v, of, at) == nil {
			return nil
		}
	}
	if len(s.AnyOf)+len(s.OneOf) > 0 {
		return fmt.Errorf("%s fits none of its schemas", at)
	}
	if !slices.Contains(types(s.Type), kindOf(v)) && s.Type != nil && !(kindOf(v) == "integer" && slices.Contains(types(s.Type), "number")) {
		return fmt.Errorf("%s is %s, and should be %v", at, kindOf(v), s.Type)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range s.Required {
			if _, ok := v[name]; !ok {
				return fmt.Errorf("%s has no %s", at, name)
			}
		}
		for name, x := range v {
			p, known := s.Properties[name]
			if !known && s.Properties != nil && s.AdditionalProperties == false {
				return fmt.Errorf("%s.%s is not described", at, name)
			}
			if err := d.fits(x, p, at+"."+name); known && err != nil {
				return err
			}
		}
	case []any:
		for i, x := range v {
			if s.Items != nil {
				if err := d.fits(x, *s.Items, fmt.Sprintf("%s[%d]", at, i)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func types(t any) []string {
	switch t := t.(type) {
	case string:
		return []string{t}
	case []any:
		var all []string
		for _, x := range t {
			all = append(all, fmt.Sprint(x))
		}
		return all
	}
	return nil
}

func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

// TestTheDocumentIsTrue runs every operation against the hub, and holds each
// answer, and each problem, against what /openapi.json says of it.
func TestTheDocumentIsTrue(t *testing.T) {
	s := begin(t)
	var d openAPI
	s.Nobody().API("GET", "/openapi.json", nil).Must(200).JSON(&d)
	if !strings.HasPrefix(d.OpenAPI, "3.1") {
		t.Errorf("it is OpenAPI %s", d.OpenAPI)
	}
	asked := map[string]bool{}
	check := func(method, path, route string, login string, in any) hubtest.Answer {
		t.Helper()
		a := s.as(login).API(method, path, in)
		op := d.Paths[route][strings.ToLower(method)]
		asked[op.OperationID] = true
		says, ok := op.Responses[fmt.Sprint(a.Status)]
		if !ok {
			says, ok = op.Responses["default"]
		}
		if !ok {
			t.Errorf("%s answers %d, which is not described: %s", op.OperationID, a.Status, a.Body)
			return a
		}
		if a.Status == 204 {
			return a
		}
		var v any
		if err := json.Unmarshal(a.Body, &v); err != nil {
			t.Errorf("%s: %v", op.OperationID, err)
			return a
		}
		for kind, c := range says.Content {
			if strings.HasPrefix(a.Header.Get("Content-Type"), kind) {
				if err := d.fits(v, c.Schema, op.OperationID); err != nil {
					t.Errorf("%d %v: %s", a.Status, err, a.Body)
				}
			}
		}
		return a
	}
	var subject struct{ Subject hub.ID }
	check("POST", "/api/subjects", "/api/subjects", coordinator, map[string]any{"unknown": true}).JSON(&subject)
	check("POST", "/api/subjects/"+string(subject.Subject)+"/identify", "/api/subjects/{id}/identify", coordinator, map[string]any{"name": "Bertram Eksempel", "cpr": "670308-4019"})
	var draft, got done
	check("POST", "/api/concerns/drafts", "/api/concerns/drafts", coordinator, map[string]any{"subject": subject.Subject, "statements": []any{}, "why_now": "", "urgency": ""}).JSON(&draft)
	check("PUT", "/api/concerns/"+string(draft.ID)+"/draft", "/api/concerns/{id}/draft", coordinator, map[string]any{"subject": subject.Subject, "statements": []any{}, "why_now": "x", "urgency": "normal"})
	check("DELETE", "/api/concerns/"+string(draft.ID)+"/draft", "/api/concerns/{id}/draft", coordinator, nil)
	check("POST", "/api/concerns", "/api/concerns", coordinator, concern(subject.Subject, map[string]any{"urgency": "red"}))
	check("POST", "/api/concerns", "/api/concerns", coordinator, concern(subject.Subject, map[string]any{"child": "yes"})).JSON(&got)
	at := "/api/concerns/" + string(got.ID)
	check("POST", at+"/notification", "/api/concerns/{id}/notification", coordinator, map[string]any{"outcome": "notified", "reason": "Underrettet."})
	var given struct{ Assignment hub.ID }
	check("POST", at+"/access", "/api/concerns/{id}/access", coordinator, map[string]any{"hat": s.as(ssp).Post.Hat.ID}).JSON(&given)
	check("DELETE", at+"/access/"+string(given.Assignment), "/api/concerns/{id}/access/{assignment}", coordinator, nil)
	check("POST", at+"/forward", "/api/concerns/{id}/forward", coordinator, toPolice)
	check("POST", at+"/check", "/api/concerns/{id}/check", policeMan, says("released"))
	check("POST", at+"/triage", "/api/concerns/{id}/triage", coordinator, judge("case"))
	check("POST", at+"/triage", "/api/concerns/{id}/triage", coordinator, map[string]any{"outcome": "case", "rationale": "kort"})
	check("GET", at, "/api/concerns/{id}", coordinator, nil)
	check("GET", at, "/api/concerns/{id}", roskilde, nil)
	check("GET", at+"/readers", "/api/concerns/{id}/readers", coordinator, nil)
	check("GET", "/api/concerns", "/api/concerns", coordinator, nil)
	check("GET", "/api/subjects/"+string(subject.Subject), "/api/subjects/{id}", coordinator, nil)
	check("POST", "/api/subjects/"+string(subject.Subject)+"/reveal", "/api/subjects/{id}/reveal", coordinator, map[string]any{"reason": "Skal bruges til opslag i eget fagsystem."})
	var other done
	check("POST", "/api/concerns", "/api/concerns", coordinator, concern(s.registers(coordinator, map[string]any{"unknown": true}), nil)).JSON(&other)
	check("POST", "/api/concerns/"+string(other.ID)+"/reroute", "/api/concerns/{id}/reroute", coordinator, map[string]any{"track": "violence"})
	s.Settle()
	check("GET", "/api/notices", "/api/notices", coordinator, nil)
	check("GET", "/api/whoami", "/api/whoami", coordinator, nil)
	var found struct{ Rows []struct{ ID int64 } }
	check("POST", "/api/trail/search", "/api/trail/search", koegeDPO, map[string]any{"ground": "lawfulness", "reference": got.ID}).JSON(&found)
	if len(found.Rows) == 0 {
		t.Fatal("the trail has no rows")
	}
	check("POST", fmt.Sprintf("/api/trail/%d/again", found.Rows[0].ID), "/api/trail/{row}/again", koegeDPO, map[string]any{"ground": "lawfulness"})
	for path, methods := range d.Paths {
		for method, op := range methods {
			if !asked[op.OperationID] {
				t.Errorf("%s (%s %s) was not asked: add it here", op.OperationID, method, path)
			}
		}
	}
}
