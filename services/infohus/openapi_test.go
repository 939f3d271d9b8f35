//go:build !race

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

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
	Enum                 []any             `json:"enum"`
	Pattern              string            `json:"pattern"`
	Description          string            `json:"description"`
	MinLength            int               `json:"minLength"`
	MaxLength            int               `json:"maxLength"`
}

type openAPI struct {
	OpenAPI string `json:"openapi"`
	Paths   map[string]map[string]struct {
		OperationID string `json:"operationId"`
		Parameters  []struct {
			Name, In string
			Schema   schema
		}
		RequestBody struct {
			Content map[string]struct{ Schema schema }
		}
		Responses map[string]struct {
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
	if any := append(s.AnyOf, s.OneOf...); len(any) > 0 && !slices.ContainsFunc(any, func(of schema) bool { return d.fits(v, of, at) == nil }) {
		return fmt.Errorf("%s fits none of its schemas", at)
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		return fmt.Errorf("%s is %v, and should be one of %v", at, v, s.Enum)
	}
	if text, ok := v.(string); ok && s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(text) {
		return fmt.Errorf("%s is %q, and should be like %s", at, text, s.Pattern)
	}
	if text, ok := v.(string); ok && (utf8.RuneCountInString(text) < s.MinLength || s.MaxLength > 0 && utf8.RuneCountInString(text) > s.MaxLength) {
		return fmt.Errorf("%s is %q, and should have %d to %d characters", at, text, s.MinLength, s.MaxLength)
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

// resolve is a schema itself, where there is only its name.
func (d *openAPI) resolve(s schema) schema {
	if s.Ref != "" {
		return d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	return s
}

// decoded is a value as JSON would bring it.
func decoded(t *testing.T, in any) (v any) {
	t.Helper()
	b, err := json.Marshal(in)
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestTheDocumentIsTrue runs every operation against the hub, and holds each
// request that is done, each answer, and each problem against what /openapi.json
// says of it.
func TestTheDocumentIsTrue(t *testing.T) {
	s := begin(t)
	var d openAPI
	raw := s.Nobody().API("GET", "/openapi.json", nil).Must(200)
	raw.JSON(&d)
	for name, s := range d.Components.Schemas {
		if name == "Personal" || name[0] < 'A' || name[0] > 'Z' || s.Type != "object" {
			t.Errorf("%s is a Go type, and nothing of the API's", name)
		}
	}
	if strings.Contains(raw.Text(), "x-go") {
		t.Error("the document speaks Go")
	}
	if !strings.HasPrefix(d.OpenAPI, "3.1") {
		t.Errorf("it is OpenAPI %s", d.OpenAPI)
	}
	asked := map[string]bool{}
	check := func(method, path, route string, login string, in any) hubtest.Answer {
		t.Helper()
		a := s.as(login).API(method, path, in)
		op := d.Paths[route][strings.ToLower(method)]
		asked[op.OperationID] = true
		if body, ok := op.RequestBody.Content["application/json"]; ok && a.Status < 300 {
			if err := d.fits(decoded(t, in), body.Schema, "what is sent to "+op.OperationID); err != nil {
				t.Errorf("it is done, and %v", err)
			}
		} else if a.Status < 300 && in != nil {
			t.Errorf("%s takes content, and does not say so", op.OperationID)
		}
		parts, names := strings.Split(path, "/"), strings.Split(route, "/")
		for _, p := range op.Parameters {
			if i := slices.Index(names, "{"+p.Name+"}"); p.In == "path" && i >= 0 {
				var part any = parts[i]
				if n, err := strconv.ParseFloat(parts[i], 64); err == nil && len(parts[i]) < 20 { // and no ID
					part = n
				}
				if err := d.fits(part, p.Schema, "the "+p.Name+" of "+op.OperationID); err != nil {
					t.Error(err)
				}
			}
		}
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
		if _, file := says.Content[a.Header.Get("Content-Type")]; file && a.Header.Get("Content-Disposition") != "" {
			return a // which is no JSON
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
	gone := s.registers(coordinator, map[string]any{"unknown": true}) // forgotten with its draft
	check("POST", "/api/concerns/drafts", "/api/concerns/drafts", coordinator, map[string]any{"subject": gone, "statements": []any{}, "why_now": ""}).JSON(&draft)
	check("GET", "/api/concerns/"+string(draft.ID), "/api/concerns/{id}", coordinator, nil)
	check("PUT", "/api/concerns/"+string(draft.ID)+"/draft", "/api/concerns/{id}/draft", coordinator, map[string]any{"subject": gone, "statements": []any{}, "why_now": "x", "urgency": "normal"})
	check("DELETE", "/api/concerns/"+string(draft.ID)+"/draft", "/api/concerns/{id}/draft", coordinator, nil)
	check("POST", "/api/concerns", "/api/concerns", coordinator, concern(subject.Subject, map[string]any{"urgency": "red"}))
	check("POST", "/api/concerns", "/api/concerns", coordinator, concern(subject.Subject, map[string]any{"child": "yes"})).JSON(&got)
	at := "/api/concerns/" + string(got.ID)
	check("POST", at+"/notification", "/api/concerns/{id}/notification", coordinator, map[string]any{"outcome": "notified", "reason": "Underrettet."})
	var given struct{ Assignment hub.ID }
	check("POST", at+"/access", "/api/concerns/{id}/access", coordinator, map[string]any{"hat": s.as(ssp).Post.Hat.ID}).JSON(&given)
	check("DELETE", at+"/access/"+string(given.Assignment), "/api/concerns/{id}/access/{assignment}", coordinator, nil)
	check("POST", at+"/forward", "/api/concerns/{id}/forward", coordinator, toPolice)
	check("POST", at+"/recall", "/api/concerns/{id}/recall", coordinator, map[string]any{"reason": sayWhy}).Must(200)
	check("POST", at+"/forward", "/api/concerns/{id}/forward", coordinator, toPolice).Must(200)
	check("POST", at+"/check", "/api/concerns/{id}/check", policeMan, says("released"))
	check("POST", at+"/triage", "/api/concerns/{id}/triage", coordinator, judge("case"))
	check("POST", at+"/triage", "/api/concerns/{id}/triage", coordinator, map[string]any{"outcome": "case", "rationale": "kort"})
	check("GET", at, "/api/concerns/{id}", coordinator, nil)
	check("GET", at, "/api/concerns/{id}", roskilde, nil)
	check("GET", at+"/readers", "/api/concerns/{id}/readers", coordinator, nil)
	check("GET", "/api/concerns", "/api/concerns", coordinator, nil)
	check("GET", "/api/subjects/"+string(subject.Subject), "/api/subjects/{id}", coordinator, nil)
	check("POST", "/api/subjects/search", "/api/subjects/search", coordinator, map[string]any{"cpr": "670308-4019"}).Must(200)
	check("POST", "/api/subjects/search", "/api/subjects/search", coordinator, map[string]any{"name": "Eksempel"}).Must(400)
	check("POST", "/api/subjects/"+string(subject.Subject)+"/reveal", "/api/subjects/{id}/reveal", coordinator, map[string]any{"reason": "Skal bruges til opslag i eget fagsystem."})
	var other done
	check("POST", "/api/concerns", "/api/concerns", coordinator, concern(s.registers(coordinator, map[string]any{"unknown": true}), nil)).JSON(&other)
	check("POST", "/api/concerns/"+string(other.ID)+"/reroute", "/api/concerns/{id}/reroute", coordinator, map[string]any{"track": "violence"})
	s.Settle()
	check("GET", "/api/notices", "/api/notices", coordinator, nil)
	check("GET", "/api/whoami", "/api/whoami", coordinator, nil)
	asking := map[string]any{"to": "psykiatrien", "purpose": "prevention", "state": "released", "class": "health"}
	check("POST", "/api/advice", "/api/advice", coordinator, asking).Must(200)
	check("POST", "/api/advice", "/api/advice", coordinator, map[string]any{"to": "koege", "purpose": "prevention", "state": "released"}).Must(400)
	var kept done
	check("POST", "/api/advice/receipts", "/api/advice/receipts", coordinator, asking).Must(201).JSON(&kept)
	check("GET", "/api/advice/receipts", "/api/advice/receipts", coordinator, nil).Must(200)
	check("GET", "/api/advice/"+string(kept.ID), "/api/advice/{id}", coordinator, nil).Must(200)
	check("GET", "/api/revisions", "/api/revisions", koegeDPO, nil).Must(200)
	check("GET", "/api/witnesses", "/api/witnesses", koegeDPO, nil).Must(200)
	check("POST", "/api/witnesses/open", "/api/witnesses/open", koegeDPO, s.closed()).Must(200)
	var found struct{ Rows []struct{ ID int64 } }
	check("POST", "/api/trail/search", "/api/trail/search", koegeDPO, map[string]any{"ground": "lawfulness", "reference": got.ID}).JSON(&found)
	if len(found.Rows) == 0 {
		t.Fatal("the trail has no rows")
	}
	s.Advance(time.Second) // a checkpoint
	check("POST", "/api/trail/export", "/api/trail/export", koegeDPO, map[string]any{"ground": "lawfulness", "reference": got.ID}).Must(200)
	check("POST", "/api/trail/fhir", "/api/trail/fhir", koegeDPO, map[string]any{"ground": "lawfulness", "reference": got.ID}).Must(200)
	again := fmt.Sprintf("/api/trail/%d/again", found.Rows[0].ID)
	check("POST", again, "/api/trail/{row}/again", koegeDPO, nil).Must(200)
	if a := check("POST", again, "/api/trail/{row}/again", koegeDPO, map[string]any{}).Must(400); !strings.Contains(a.Text(), "Send intet indhold") {
		t.Errorf("whoever sends content where there is none is not told what to send: %s", a.Body)
	}
	var answer struct {
		ID      hub.ID
		Content string
	}
	check("POST", "/api/extracts", "/api/extracts", koegeDPO, map[string]any{"reference": got.ID, "received": s.today()}).Must(201).JSON(&answer)
	extract := "/api/extracts/" + string(answer.ID)
	check("POST", extract, "/api/extracts/{extract}", koegeDPO, map[string]any{"informed": []hub.ID{got.ID}, "names": true, "why": "Borgeren skal kunne klage over en bestemt medarbejder."}).Must(200).JSON(&answer)
	check("POST", extract+"/extension", "/api/extracts/{extract}/extension", koegeDPO, map[string]any{"reason": sayWhy, "told": s.today()}).Must(200)
	check("GET", extract, "/api/extracts/{extract}", koegeManager, nil).Must(200)
	check("POST", extract+"/release", "/api/extracts/{extract}/release", koegeManager, map[string]any{"content": answer.Content}).Must(200)
	check("GET", extract+"/answer", "/api/extracts/{extract}/answer", koegeDPO, nil).Must(200)
	check("GET", extract+"/answer.pdf", "/api/extracts/{extract}/answer.pdf", koegeDPO, nil).Must(200)
	check("GET", "/api/extracts", "/api/extracts", koegeDPO, nil).Must(200)
	drawn := "/api/samples/" + string(s.drawn())
	check("GET", "/api/samples", "/api/samples", koegeDPO, nil).Must(200)
	check("POST", drawn+"/decision", "/api/samples/{sample}/decision", koegeDPO, map[string]any{"outcome": "asked", "note": "Jeg spørger i morgen."}).Must(200)
	check("GET", drawn, "/api/samples/{sample}", koegeDPO, nil).Must(200)
	check("GET", "/api/samples", "/api/samples", koegeDPO, nil).Must(200)
	odd := "/api/anomalies/" + string(s.anomaly())
	check("GET", "/api/anomalies", "/api/anomalies", koegeDPO, nil).Must(200)
	check("POST", odd+"/decision", "/api/anomalies/{anomaly}/decision", koegeDPO, map[string]any{"outcome": "asked", "note": "Jeg spørger i morgen."}).Must(200)
	check("GET", odd, "/api/anomalies/{anomaly}", koegeDPO, nil).Must(200)
	check("GET", "/api/anomalies", "/api/anomalies", koegeDPO, nil).Must(200)
	check("POST", "/api/breaches", "/api/breaches", koegeDPO, aBreach(map[string]any{"way": "period", "from": "2026-01-01"})).Must(201).JSON(&answer)
	breach := "/api/breaches/" + string(answer.ID)
	for _, step := range []struct {
		path string
		in   map[string]any
	}{{"/affected", map[string]any{}}, {"/description", map[string]any{"measures": sayWhy}}, {"/inform", map[string]any{"inform": "yes", "reason": sayWhy}}, {"/correction", map[string]any{"corrected": s.Now().Add(-time.Hour), "reason": sayWhy}}, {"/notification", map[string]any{"case_number": "2026-1"}},
		{"/close", map[string]any{"reason": sayWhy}}} {
		check("POST", breach+step.path, "/api/breaches/{breach}"+step.path, koegeDPO, step.in).Must(200)
	}
	check("GET", breach, "/api/breaches/{breach}", koegeDPO, nil).Must(200)
	check("GET", breach+"/draft", "/api/breaches/{breach}/draft", koegeDPO, nil).Must(200)
	check("GET", "/api/breaches", "/api/breaches", koegeDPO, nil).Must(200)
	course := &desk{driver: &driver{script: s}, ask: func(login, method, path, route string, in any, is int) hubtest.Answer {
		t.Helper()
		return check(method, path, route, login, in).Must(is)
	}}
	course.everything()
	for path, methods := range d.Paths {
		for method, op := range methods {
			if !asked[op.OperationID] {
				t.Errorf("%s (%s %s) was not asked: add it here", op.OperationID, method, path)
			}
		}
	}
}

// today is the day, as the API says a day.
func (s *script) today() string { return s.Now().In(hub.Copenhagen).Format(time.DateOnly) }

// prepared prepares the answer to a citizen.
func (s *script) prepared(whom hub.ID) (id hub.ID, content string) {
	s.Helper()
	var got struct {
		ID      hub.ID
		Content string
	}
	s.as(koegeDPO).API("POST", "/api/extracts", map[string]any{"reference": whom, "received": s.today()}).Must(201).JSON(&got)
	return got.ID, got.Content
}

// drawn is a look-up of Køge's data that was drawn by lot, as the room audit would; its
// own tests draw.
func (s *script) drawn() (id hub.ID) {
	s.Helper()
	id = hub.NewID()
	s.SQL(`insert into audit.sample (id, authority, rule, from_at, until_at, weeks, size, eligible, checkpoint, seed) values ($1, 'koege', 'data', clock_timestamp() - interval '7 days', now(), 1, 5, 9, 'x', 'x')`, string(id))
	s.SQL(`insert into audit.sampled (id, sample, place, row, at, person, object) select $1, $1, 1, t.id, t.at, t.person, t.object_id from audit.trail t
		where t.controller = 'koege' and t.outcome = 'allow' and t.act = 'consult' and t.purpose = 'prevention' order by t.id limit 1`, string(id))
	if s.One(`select count(*) from audit.sampled where id = $1`, string(id)) != "1" {
		s.Fatal("nobody looked at anything of Køge's")
	}
	return id
}

// anomaly is one on the list of Køge, as the room audit would put it there; its own tests find
// them.
func (s *script) anomaly() (id hub.ID) {
	s.Helper()
	id = hub.NewID()
	week := s.One(`select coalesce(max(until_at), '2026-01-05 00:00+01')::text from audit.anomaly_week where authority = 'koege'`)
	s.SQL(`insert into audit.anomaly_week (authority, from_at, until_at, rules, beyond) values ('koege', $1::timestamptz, $1::timestamptz + interval '7 days', '{"most": 15, "neighbour_days": 2}', 1)`, week)
	s.SQL(`insert into audit.anomaly (id, authority, from_at, place, kind, people, subject, objects, figures, first_at, last_at)
		select $1, 'koege', $2::timestamptz, 1, 'neighbour', array[t.person], t.subjects[1], array[t.object_id], '{2,2}', t.at, t.at from audit.trail t
		where t.controller = 'koege' and t.authority = 'koege' and t.outcome = 'allow' and t.object_kind = 'concern' and t.purpose = 'prevention' and t.subjects <> '{}' order by t.id limit 1`, string(id), week)
	if s.One(`select count(*) from audit.anomaly where id = $1`, string(id)) != "1" {
		s.Fatal("nobody of Køge did anything")
	}
	return id
}

// aBreach is a breach as it is registered.
func aBreach(rows map[string]any) map[string]any {
	in := map[string]any{"happened": "En medarbejder slog op uden grund.", "kinds": []string{"confidentiality"}}
	maps.Copy(in, rows)
	return in
}

// registersBreach registers a breach at Køge's.
func (s *script) registersBreach(rows map[string]any) hub.ID {
	s.Helper()
	var got struct{ ID hub.ID }
	s.as(koegeDPO).API("POST", "/api/breaches", aBreach(rows)).Must(201).JSON(&got)
	return got.ID
}

// request is a good one of an operation: by whom, to what, with a value for
// every field that the document may call needed.
type request struct {
	login, path string
	values      map[string]any
}

// requests makes a good request of every operation that takes content, on things
// of its own each time.
func (s *driver) requests() map[string]func() request {
	in := func(state string, login, step string, values map[string]any) func() request {
		return func() request {
			d := s.drives("municipality", state)
			return request{login, "/api/concerns/" + string(d.id) + step, values}
		}
	}
	subject := func(in map[string]any) hub.ID { return s.registers(coordinator, in) }
	unknown := map[string]any{"unknown": true}
	draft := func() hub.ID {
		var got done
		in := concern(subject(unknown), map[string]any{"purpose": nil, "legal_basis": nil})
		s.as(coordinator).API("POST", "/api/concerns/drafts", in).Must(201).JSON(&got)
		return got.ID
	}
	breach := func(step string, in map[string]any) func() request {
		return func() request {
			id := s.registersBreach(map[string]any{"way": "period", "from": "2026-11-01"})
			return request{koegeDPO, "/api/breaches/" + string(id) + step, in}
		}
	}
	return map[string]func() request{
		"openHub":        func() request { return request{koegeDPO, "/api/witnesses/open", s.closed()} },
		"registerBreach": func() request { return request{koegeDPO, "/api/breaches", aBreach(nil)} },
		"gatherBreach":   breach("/affected", map[string]any{}),
		"describeBreach": breach("/description", map[string]any{}),
		"informBreach":   breach("/inform", map[string]any{"inform": "no", "reason": sayWhy}),
		"notifyBreach":   breach("/notification", map[string]any{"case_number": "2026-1"}),
		"correctBreach":  breach("/correction", map[string]any{"corrected": s.Now().Add(-time.Hour), "reason": sayWhy}),
		"closeBreach":    breach("/close", map[string]any{"reason": sayWhy}),
		"registerSubject": func() request {
			return request{coordinator, "/api/subjects", map[string]any{"name": "Bertram Eksempel", "unknown": true}}
		},
		"searchSubjects": func() request {
			return request{coordinator, "/api/subjects/search", map[string]any{"cpr": "670308-4019", "name": "Bertram Eksempel", "birth_date": "08-03-1967"}}
		},
		"identifySubject": func() request {
			return request{coordinator, "/api/subjects/" + string(subject(unknown)) + "/identify", map[string]any{"name": "Bertram Eksempel", "cpr": "670308-4019", "no_cpr": true,
				"birth_date": "08-03-1967", "age_band": "over_25", "address": "Opdigtet Vej 1", "protected": true, "language": "Fransk"}}
		},
		"revealSubject": func() request {
			s.n++
			cpr := fmt.Sprintf("67%02d%02d-0%03d", 1+s.n%12, s.n/12%90, s.n%1000)
			d := s.registers(coordinator, map[string]any{"name": "Bertram Eksempel", "cpr": cpr})
			s.as(coordinator).API("POST", "/api/concerns", concern(d, nil)).Must(201)
			return request{coordinator, "/api/subjects/" + string(d) + "/reveal", map[string]any{"reason": "Skal bruges til opslag i eget fagsystem."}}
		},
		"askAdvice": func() request {
			return request{coordinator, "/api/advice", map[string]any{"to": "psykiatrien", "purpose": "prevention", "state": "released", "class": "health"}}
		},
		"keepAdvice": func() request {
			return request{coordinator, "/api/advice/receipts", map[string]any{"to": "psykiatrien", "purpose": "prevention", "state": "released", "class": "health"}}
		},
		"startDraft": func() request {
			return request{coordinator, "/api/concerns/drafts", map[string]any{"subject": subject(unknown)}}
		},
		"saveDraft": func() request { return request{coordinator, "/api/concerns/" + string(draft()) + "/draft", nil} },
		"submitConcern": func() request {
			in := concern(subject(unknown), nil)
			in["draft"] = draft()
			return request{coordinator, "/api/concerns", in}
		},
		"forwardConcern":      in("received", coordinator, "/forward", toPolice),
		"recallConcern":       in("police_check", coordinator, "/recall", map[string]any{"reason": sayWhy}),
		"rerouteConcern":      in("received", coordinator, "/reroute", map[string]any{"track": "violence"}),
		"completePoliceCheck": in("police_check", policeMan, "/check", says("released")),
		"triageConcern":       in("triage", coordinator, "/triage", judge("case")),
		"assessNotification":  in("received", coordinator, "/notification", map[string]any{"outcome": "notified", "reason": "Underrettet."}),
		"grantAccess":         in("received", coordinator, "/access", map[string]any{"hat": s.AsRole("birk", hub.Receiver).Post.Hat.ID}),
		"recuseFromConcern":   in("received", coordinator, "/recusals", map[string]any{"ground": "1"}),
		"liftConcernRecusal": func() request {
			d := s.drives("municipality", "received")
			path := "/api/concerns/" + string(d.id) + "/recusals"
			s.as(coordinator).API("POST", path, map[string]any{"ground": "1", "hat": s.as(ssp).Post.Hat.ID}).Must(200)
			return request{koegeManager, path + "/" + string(s.as(ssp).Post.Person) + "/lift", map[string]any{"reason": tooClose}}
		},
		"certifyHat": func() request {
			return request{koegeManager, "/api/review", map[string]any{"hat": s.as("liv").Post.Hat.ID, "decide": "confirm"}}
		},
		"breakConcernGlass": in("received", ssp, "/glass", map[string]any{"category": "life", "reason": inDanger[0]}),
		"answerConcernGlass": func() request {
			d := s.drives("municipality", "received")
			for _, why := range inDanger[:2] {
				b := s.broken("birk", "concerns", d.id, why)
				s.as("birk").API("DELETE", "/api/concerns/"+string(d.id)+"/glass/"+string(b.ID), nil).Must(200)
			}
			glass, content := s.asks3rd("birk", "concerns", d.id, inDanger[2])
			return request{coordinator, "/api/concerns/" + string(d.id) + "/glass/" + string(glass) + "/answer", map[string]any{"answer": "yes", "content": content}}
		},
		"reviewGlass": func() request {
			kase := (&desk{driver: s}).works("collecting").kase
			b := s.broken("sofus", "cases", kase, inDanger[0])
			s.as("sofus").API("DELETE", "/api/cases/"+string(kase)+"/glass/"+string(b.ID), nil).Must(200)
			return request{koegeDPO, "/api/glass/" + string(b.ID) + "/review", map[string]any{"outcome": "justified", "text": inDanger[1]}}
		},
		"decideSample": func() request {
			return request{koegeDPO, "/api/samples/" + string(s.drawn()) + "/decision", map[string]any{"outcome": "in_order"}}
		},
		"decideAnomaly": func() request {
			return request{koegeDPO, "/api/anomalies/" + string(s.anomaly()) + "/decision", map[string]any{"outcome": "in_order"}}
		},
		"prepareExtract": func() request {
			return request{koegeDPO, "/api/extracts", map[string]any{"reference": subject(unknown), "received": s.today()}}
		},
		"prepareExtractAgain": func() request {
			id, _ := s.prepared(subject(unknown))
			return request{koegeDPO, "/api/extracts/" + string(id), map[string]any{}}
		},
		"extendExtract": func() request {
			id, _ := s.prepared(subject(unknown))
			return request{koegeDPO, "/api/extracts/" + string(id) + "/extension", map[string]any{"reason": sayWhy, "told": s.today()}}
		},
		"releaseExtract": func() request {
			id, content := s.prepared(subject(unknown))
			return request{koegeManager, "/api/extracts/" + string(id) + "/release", map[string]any{"content": content}}
		},
		"exportTrail": func() request {
			s.Advance(time.Second) // a checkpoint
			return request{koegeDPO, "/api/trail/export", map[string]any{"ground": "lawfulness"}}
		},
		"exportTrailFHIR": func() request {
			return request{koegeDPO, "/api/trail/fhir", map[string]any{"ground": "lawfulness"}}
		},
		"searchTrail": func() request {
			return request{koegeDPO, "/api/trail/search", map[string]any{"ground": "lawfulness"}}
		},
	}
}

// only are the values that the fields have.
func (r request) only(fields []string) map[string]any {
	in := map[string]any{}
	for _, f := range fields {
		in[f] = r.values[f]
	}
	return in
}

// TestTheDocumentSaysWhatIsNeeded: of every operation, what the document calls
// needed is enough, in each of the ways that it names; and less is refused at
// the field that is missing, a text beyond its limits and a code that it does not list at the field that has
// it.
func TestTheDocumentSaysWhatIsNeeded(t *testing.T) {
	s := &driver{script: begin(t)}
	var d openAPI
	s.Nobody().API("GET", "/openapi.json", nil).Must(200).JSON(&d)
	seen := s.drives("municipality", "received")
	s.as(coordinator).API("GET", "/api/concerns/"+string(seen.id), nil).Must(200) // whichever operation comes first, somebody looked at something
	s.Advance(time.Second)
	s.Nobody().Get("/trail/checkpoint").Must(200) // a log in which nothing was signed yet gives no rows
	limited, requests := 0, s.requests()
	maps.Copy(requests, s.caseRequests())
	for path, methods := range d.Paths {
		for method, op := range methods {
			body, takes := op.RequestBody.Content["application/json"]
			if !takes {
				continue
			}
			make := requests[op.OperationID]
			if make == nil {
				t.Errorf("%s (%s) has no good request: add one here", op.OperationID, path)
				continue
			}
			says := d.resolve(body.Schema)
			ways := [][]string{says.Required}
			if len(says.AnyOf) > 0 {
				ways = nil
				for _, way := range says.AnyOf {
					ways = append(ways, way.Required)
				}
			}
			for _, way := range ways {
				r := make()
				ask := func(in map[string]any) hubtest.Answer { return s.as(r.login).API(strings.ToUpper(method), r.path, in) }
				named := func(a hubtest.Answer, field string) bool {
					return a.Status == 400 && strings.Contains(a.Text(), `"field":"`+field+`"`)
				}
				for _, field := range way {
					less := r.only(way)
					delete(less, field)
					if a := ask(less); a.Status != 400 || len(way) > 1 && len(ways) == 1 && !named(a, field) {
						t.Errorf("%s without its needed %s is answered %d %s", op.OperationID, field, a.Status, a.Body)
					}
				}
				for _, field := range way {
					p := d.resolve(says.Properties[field])
					for _, n := range []int{p.MinLength - 1, p.MaxLength + 1} {
						if n < 1 || n == 1 && p.MaxLength == 0 {
							continue // it has no such limit, or stands above as left out
						}
						off := r.only(way)
						off[field] = strings.Repeat("æ", n)
						if a := ask(off); !named(a, field) {
							t.Errorf("%s with a %s of %d characters, outside its %d to %d, is answered %d %s", op.OperationID, field, n, p.MinLength, p.MaxLength, a.Status, a.Body)
						}
						limited++
					}
				}
				for field, p := range says.Properties {
					if p = d.resolve(p); len(p.Enum) == 0 {
						continue
					}
					inFile := strings.Contains(p.Description, "in the structure file")
					if inFile && !slices.Contains(way, field) {
						continue // where it is not needed it is not read
					}
					wrong := r.only(way)
					wrong[field] = "bogus"
					if a := ask(wrong); !named(a, field) && !named(a, "draft") && !(inFile && a.Status == 400) { // beside a draft nothing else is said
						t.Errorf("%s with a %s that is not listed is answered %d %s", op.OperationID, field, a.Status, a.Body)
					}
				}
				in := r.only(way)
				for _, field := range way { // the least that is said is enough
					if p := d.resolve(says.Properties[field]); p.MinLength > 1 {
						const words = "en ny vej ud " // of a reason the least is words
						in[field] = words[:min(len(words), p.MinLength-1)] + strings.Repeat("æ", max(1, p.MinLength-len(words)))
					}
				}
				if err := d.fits(decoded(t, in), says, op.OperationID); err != nil {
					t.Error(err)
				}
				if a := ask(in); a.Status > 299 {
					t.Errorf("%s with all it needs, %v, is answered %d %s", op.OperationID, way, a.Status, a.Body)
				}
			}
		}
	}
	if limited < 8 {
		t.Errorf("the document limits the length of %d texts that are needed", limited)
	}
}
