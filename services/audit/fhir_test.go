//go:build !race

package audit

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// needs are what the profiles of IHE BALP 1.1.4 need and forbid of an AuditEvent, each
// written off its StructureDefinition (https://profiles.ihe.net/ITI/BALP/, edition of
// 2025): how often an element is there, or what it is. An element in brackets is those of
// a list that have the code, of their type or themselves.
var needs = map[string]string{
	// FHIR R4 4.0.1 itself.
	"": `type 1..1; type.system 1..1; type.code 1..1; recorded 1..1; agent 1..*; agent.requestor 1..1; source 1..1; source.observer 1..1; entity.type.code 1..1;
		entity.detail.type 1..1; entity.detail.valueString 1..1; purposeOfEvent.coding.code 1..1; text 0..0; modifierExtension 0..0`,
	"IHE.BasicAudit.Read": `type.system = http://terminology.hl7.org/CodeSystem/audit-event-type; type.code = rest; subtype 1..*; subtype[read vread] 1..1; action = R; recorded 1..1; outcome 1..1; outcome = 0;
		agent 2..*; agent[110152] 1..1; agent[110152].type.coding.system = http://dicom.nema.org/resources/ontology/DCM; agent[110152].who 1..1; agent[110152].network 1..1; agent[110152].media 0..0;
		agent[110153] 1..1; agent[110153].type.coding.system = http://dicom.nema.org/resources/ontology/DCM; agent[110153].who 1..1; agent[110153].network 1..1; agent[110153].media 0..0;
		agent[IRCP] 0..1; agent[IRCP].type.coding.system = http://terminology.hl7.org/CodeSystem/v3-ParticipationType; agent[IRCP].who 1..1; agent[IRCP].requestor = true; agent[IRCP].media 0..0; agent[IRCP].network 0..0;
		entity 1..*; entity[XrequestId] 0..1; entity[XrequestId].type.system = https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType; entity[XrequestId].what.identifier.value 1..1;
		entity[2] 1..1; entity[2].type.system = http://terminology.hl7.org/CodeSystem/audit-entity-type; entity[2].role.code = 4|3|20; entity[2].what 1..1`,
	"IHE.BasicAudit.PatientRead": `Read; entity 2..*; PATIENT`,
	"IHE.BasicAudit.Query": `type.system = http://terminology.hl7.org/CodeSystem/audit-event-type; type.code = rest; subtype 1..*; subtype[search search-type search-system] 1..1; action = E; recorded 1..1; outcome 1..1; outcome = 0;
		agent 2..*; agent[110153] 1..1; agent[110153].type.coding.system = http://dicom.nema.org/resources/ontology/DCM; agent[110153].who 1..1; agent[110153].network 1..1; agent[110153].media 0..0;
		agent[110152] 1..1; agent[110152].type.coding.system = http://dicom.nema.org/resources/ontology/DCM; agent[110152].who 1..1; agent[110152].network 1..1; agent[110152].media 0..0;
		agent[IRCP] 0..1; agent[IRCP].type.coding.system = http://terminology.hl7.org/CodeSystem/v3-ParticipationType; agent[IRCP].who 1..1; agent[IRCP].requestor = true; agent[IRCP].media 0..0; agent[IRCP].network 0..0;
		entity 1..*; entity[XrequestId] 0..1; entity[XrequestId].type.system = https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType; entity[XrequestId].what.identifier.value 1..1;
		entity[2] 1..1; entity[2].type.system = http://terminology.hl7.org/CodeSystem/audit-entity-type; entity[2].role 1..1; entity[2].role.code = 24; entity[2].what 0..0; entity[2].lifecycle 0..0; entity[2].query 1..1;
		entity[2].description 0..1; entity[2].detail 0..0`,
	"IHE.BasicAudit.PatientQuery": `Query; entity 1..*; PATIENT`,
	"IHE.BasicAudit.AuthZconsent": `modifierExtension 0..0; type.system = http://dicom.nema.org/resources/ontology/DCM; type.code = 110113; subtype 1..*; subtype.system = https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType;
		subtype.code = AuthZ-Consent|AuthZ-Role; action = E; recorded 1..1; outcome 1..1; agent 2..*;
		agent[110150] 1..1; agent[110150].type.coding.system = http://dicom.nema.org/resources/ontology/DCM; agent[110150].who 1..1; agent[110150].network 1..1; agent[110150].role 0..0; agent[110150].altId 0..0; agent[110150].name 0..0;
		agent[110150].location 0..0; agent[110150].media 0..0; agent[110150].purposeOfUse 0..0;
		agent[IRCP] 1..1; agent[IRCP].type.coding.system = http://terminology.hl7.org/CodeSystem/v3-ParticipationType; agent[IRCP].who 1..1; agent[IRCP].requestor = true; agent[IRCP].altId 0..0; agent[IRCP].location 0..0;
		agent[IRCP].media 0..0; agent[IRCP].network 0..0;
		agent[PROV] 1..1; agent[PROV].type.coding.system = http://terminology.hl7.org/CodeSystem/v3-RoleClass; agent[PROV].who 1..1; agent[PROV].requestor = false; agent[PROV].role 0..0; agent[PROV].altId 0..0; agent[PROV].name 0..0;
		agent[PROV].location 0..0; agent[PROV].policy 0..0; agent[PROV].media 0..0; agent[PROV].network 0..0;
		agent[authserver] 1..1; agent[authserver].type.coding.system = http://terminology.hl7.org/CodeSystem/extra-security-role-type; OBSERVER agent[authserver]; agent[authserver].who 1..1; agent[authserver].requestor = false;
		agent[authserver].role 0..0; agent[authserver].altId 0..0; agent[authserver].name 0..0; agent[authserver].location 0..0; agent[authserver].policy 0..0; agent[authserver].media 0..0; agent[authserver].network 0..0;
		agent[authserver].purposeOfUse 0..0;
		entity 2..*; PATIENT; entity[Consent] 1..*; entity[Consent].type.system = http://hl7.org/fhir/resource-types; entity[Consent].what 1..1; CLOSED 1 Consent UserOauthAgent`,
	"IHE.BasicAudit.PrivacyDisclosure.Source":    `modifierExtension 0..0; type.code = 110106; type.system = http://dicom.nema.org/resources/ontology/DCM; action = R; DISCLOSURE; OBSERVER agent[110153]; agent[159541003] 0..1; agent[159541003].who 1..1`,
	"IHE.BasicAudit.PrivacyDisclosure.Recipient": `modifierExtension 0..0; type.code = 110107; type.system = http://dicom.nema.org/resources/ontology/DCM; action = C; DISCLOSURE; OBSERVER agent[110152]; agent[159541003] 0..1`,

	// What several of them have in common.
	"PATIENT": `entity[1] 1..1; entity[1].type 1..1; entity[1].type.system = http://terminology.hl7.org/CodeSystem/audit-entity-type; entity[1].role 1..1; entity[1].role.system = http://terminology.hl7.org/CodeSystem/object-role;
		entity[1].role.code = 1; entity[1].what 1..1; entity[1].what.type = Patient`,
	"DISCLOSURE": `subtype[disclose] 1..1; subtype[disclose].system = http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle; recorded 1..1; outcome 1..1; agent 2..*;
		agent[110153] 1..1; agent[110153].type 1..1; agent[110153].type.coding.system = http://dicom.nema.org/resources/ontology/DCM; agent[110153].who 1..1; agent[110153].network 1..1;
		agent[110152] 1..1; agent[110152].type 1..1; agent[110152].type.coding.system = http://dicom.nema.org/resources/ontology/DCM; agent[110152].who 1..1; agent[110152].network 1..1;
		entity 2..*; PATIENT`,
}

// elements are all that an AuditEvent of FHIR R4 may have at its top.
var elements = strings.Fields(`resourceType id meta implicitRules language text contained extension modifierExtension type subtype action period recorded outcome outcomeDesc purposeOfEvent agent source entity`)

// valuesAt gives every value at a path: of lists each, in brackets those with the code.
func valuesAt(at []any, path string) []any {
	for step := range strings.SplitSeq(path, ".") {
		name, code, chosen := strings.Cut(strings.TrimSuffix(step, "]"), "[")
		var next []any
		for _, v := range at {
			m, _ := v.(map[string]any)
			switch v := m[name].(type) {
			case nil:
			case []any:
				next = append(next, v...)
			default:
				next = append(next, v)
			}
		}
		if chosen {
			next = slices.DeleteFunc(next, func(v any) bool {
				m := v.(map[string]any)
				if t, ok := m["type"].(map[string]any); ok {
					m = t
				}
				if list, ok := m["coding"].([]any); ok {
					m = list[0].(map[string]any)
				}
				return !slices.Contains(strings.Fields(code), fmt.Sprint(m["code"]))
			})
		}
		at = next
	}
	return at
}

// faults are what an event has that a profile forbids, or has not that it needs.
func faults(e map[string]any, profile string) (bad []string) {
	all := []any{e}
	for rule := range strings.SplitSeq(needs[profile], ";") {
		rule = strings.TrimSpace(rule)
		path, want, _ := strings.Cut(rule, " ")
		fault := func(said string, v any) { bad = append(bad, fmt.Sprintf("%s: %s: %s%v", profile, rule, said, v)) }
		switch {
		case path == "Read" || path == "Query":
			bad = append(bad, faults(e, "IHE.BasicAudit."+path)...)
		case path == "OBSERVER": // val-audit-source
			if who, observer := valuesAt(all, want+".who"), valuesAt(all, "source.observer"); !reflect.DeepEqual(who, observer) {
				fault("", who)
			}
		case path == "CLOSED":
			for _, code := range valuesAt(all, "entity.type.code") {
				if !slices.Contains(strings.Fields(want), fmt.Sprint(code)) {
					fault("", code)
				}
			}
		case want == "":
			bad = append(bad, faults(e, path)...)
		case strings.HasPrefix(want, "= "):
			for _, v := range valuesAt(all, path) {
				if !slices.Contains(strings.Split(want[2:], "|"), fmt.Sprint(v)) {
					fault("", v)
				}
			}
			if !strings.Contains(path, ".") && len(valuesAt(all, path)) == 0 {
				fault("it is not there", "")
			}
		default:
			least, most, _ := strings.Cut(want, "..")
			holders, last := all, path
			if i := strings.LastIndex(path, "."); i > 0 { // in each that could have it
				holders, last = valuesAt(all, path[:i]), path[i+1:]
			}
			for _, h := range holders {
				n := len(valuesAt([]any{h}, last))
				if low, _ := strconv.Atoi(least); n < low {
					fault("there are ", n)
				}
				if high, err := strconv.Atoi(most); err == nil && n > high {
					fault("there are ", n)
				}
			}
		}
	}
	return bad
}

// claimed is the profile that an event says it has, "" for none.
func claimed(t *testing.T, e map[string]any) string {
	t.Helper()
	for _, p := range valuesAt([]any{e}, "meta.profile") {
		name, version, _ := strings.Cut(strings.TrimPrefix(fmt.Sprint(p), "https://profiles.ihe.net/ITI/BALP/StructureDefinition/"), "|")
		if version != "1.1.4" || needs[name] == "" {
			t.Errorf("there is no profile %s", p)
		}
		return name
	}
	return ""
}

// sound checks an event against FHIR R4 and the profile that it claims.
func soundEvent(t *testing.T, about string, e map[string]any) {
	t.Helper()
	for k := range e {
		if !slices.Contains(elements, k) {
			t.Errorf("%s: AuditEvent has no element %s", about, k)
		}
	}
	for _, bad := range append(faults(e, ""), faults(e, claimed(t, e))...) {
		t.Errorf("%s: %s", about, bad)
	}
	for _, v := range valuesAt([]any{e}, "entity") { // sev-1
		if m := v.(map[string]any); m["name"] != nil && m["query"] != nil {
			t.Errorf("%s: an entity has a name and a query", about)
		}
	}
	var empty func(path string, v any)
	empty = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			if len(v) == 0 {
				t.Errorf("%s: %s is empty", about, path)
			}
			for k, in := range v {
				empty(path+"."+k, in)
			}
		case []any:
			if len(v) == 0 {
				t.Errorf("%s: %s is empty", about, path)
			}
			for _, in := range v {
				empty(path, in)
			}
		case string:
			if v == "" {
				t.Errorf("%s: %s is empty", about, path)
			}
		case nil:
			t.Errorf("%s: %s is null", about, path)
		}
	}
	empty("AuditEvent", e)
}

// back reads out of an event what the sheet says of its row.
func back(e map[string]any) (r Row) {
	one := func(path string) string {
		for _, v := range valuesAt([]any{e}, path) {
			return fmt.Sprint(v)
		}
		return ""
	}
	list := func(path string) (all []string) {
		for _, v := range valuesAt([]any{e}, path) {
			all = append(all, fmt.Sprint(v))
		}
		return all
	}
	last := func(s string) string { return s[strings.LastIndex(s, "/")+1:] }
	r.ID, _ = strconv.ParseInt(one("id"), 10, 64)
	r.At, _ = time.Parse(time.RFC3339, one("recorded"))
	r.Outcome = map[string]string{"0": "allow", "4": "deny"}[one("outcome")]
	for _, v := range valuesAt([]any{e}, "agent") {
		a := v.(map[string]any)
		switch system := fmt.Sprint(valuesAt([]any{a}, "who.identifier.system")); {
		case a["requestor"] == true && strings.HasSuffix(system, "/person]"):
			r.Person = hub.ID(fmt.Sprint(valuesAt([]any{a}, "who.identifier.value")[0]))
			if role := valuesAt([]any{a}, "role.coding.code"); len(role) > 0 {
				r.Role = hub.Role(role[0].(string))
			}
			if p := valuesAt([]any{a}, "policy"); len(p) > 0 {
				basis, _ := url.PathUnescape(last(p[0].(string)))
				r.Basis = hub.LegalBasis(basis)
			}
		case a["requestor"] == true:
			r.Person = "system"
		case strings.Contains(fmt.Sprint(a["type"]), "PROV"):
			r.Authority = hub.AuthorityID(fmt.Sprint(valuesAt([]any{a}, "who.identifier.value")[0]))
		}
	}
	r.Purpose = hub.Purpose(one("purposeOfEvent.coding.code"))
	r.Subjects = list("entity[1].what.identifier.value")
	for _, d := range valuesAt([]any{e}, "entity.detail") {
		v := d.(map[string]any)["valueString"].(string)
		switch d.(map[string]any)["type"] {
		case "act":
			r.Act = hub.Act(v)
		case "object_kind":
			r.ObjectKind = v
		case "object_id":
			r.ObjectID = v
		case "fields":
			r.Fields = strings.Split(v, ", ")
		case "rows":
			r.Rows, _ = strconv.Atoi(v)
		case "controller":
			r.Controller = hub.AuthorityID(v)
		case "recipient":
			r.Recipient = hub.AuthorityID(v)
		case "request":
			r.Request = hub.ID(v)
		}
	}
	if id := one("entity[2 4].what.identifier.value"); id != "" {
		r.ObjectID = id
	}
	if id := one("entity[XrequestId].what.identifier.value"); id != "" {
		r.Request = hub.ID(id)
	}
	return r
}

// sheetOf is what the sheet says of a row, and which request it was of.
func sheetOf(r Row) string {
	if r.Person == "" {
		r.Person = "system"
	}
	if r.Person == "system" { // of the hub itself neither role nor ground is told
		r.Role, r.Authority, r.Basis = "", "", ""
	}
	return fmt.Sprintln(r.ID, r.At.UTC().Format(time.RFC3339Nano), r.Person, r.Role, r.Authority, r.Act, r.Outcome, r.ObjectKind, r.ObjectID, r.Shown(), r.Rows, r.Purpose, r.Basis, r.Recipient, r.Controller, r.Subjects, r.Request)
}

func asJSON(t *testing.T, v any) (m map[string]any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// Every act, allowed and refused, about nobody, one and several, by a person, the hub and
// somebody unnamed: an event that keeps what FHIR R4 and its profile need, and from which
// the row can be read back.
func TestEveryActIsAnAuditEvent(t *testing.T) {
	m := mapper{"infohus.example/trail", func(_, code string) string { return code }, func(r Row) string { return r.Name }, func(id hub.AuthorityID) string { return "Authority " + string(id) }}
	full := Row{ID: 7, At: time.Date(2026, 11, 23, 8, 30, 0, 123456000, time.UTC), Person: hub.MakeID([16]byte{1}), Name: "Opdigtet Prøvesen", Role: hub.MunicipalCoordinator, Authority: "koege", Request: hub.MakeID([16]byte{2}),
		Outcome: "allow", ObjectKind: "concern", ObjectID: string(hub.MakeID([16]byte{3})), Controller: "koege", Subjects: []string{"p1"}, Fields: []string{"name", "address"}, Purpose: hub.Prevention, Basis: "RPL115-2", Reasons: []string{"own"}, Revision: "r-1"}
	want := map[string]string{"consult": "PatientRead", "search": "PatientQuery", "disclose": "PrivacyDisclosure.Source", "collect": "PrivacyDisclosure.Recipient"}
	seen := map[string]int{}
	for _, act := range hub.Acts {
		if p, ok := patterns[string(act)]; !ok || p.kind.Code == "" || p.action == "" {
			t.Errorf("%s has no pattern", act)
		}
		for change, do := range map[string]func(*Row){
			"as it is":                func(*Row) {},
			"refused":                 func(r *Row) { r.Outcome = "deny" },
			"refused at another's":    func(r *Row) { r.Outcome, r.Controller = "deny", "roskilde"; r.veil("koege", "") },
			"refused at nothing":      func(r *Row) { r.Outcome, r.ObjectKind, r.ObjectID, r.Subjects = "deny", "", "", []string{} },
			"refused to the hub":      func(r *Row) { r.Outcome, r.Person, r.Authority = "deny", "system", "" },
			"about nobody":            func(r *Row) { r.Subjects, r.ObjectID = []string{}, "" },
			"about two":               func(r *Row) { r.Subjects = []string{"p1", "p2"} },
			"of the hub itself":       func(r *Row) { r.Person, r.Authority, r.Role, r.Basis = "system", "", "system", "" },
			"of somebody unnamed":     func(r *Row) { r.Person, r.Role, r.Authority = "anonymous", hub.Anonymous, "" },
			"for another authority":   func(r *Row) { r.Recipient, r.Controller = "mvs-politi", "roskilde" },
			"received, about nobody":  func(r *Row) { r.Recipient, r.Subjects = "koege", []string{} },
			"of no request, no field": func(r *Row) { r.Request, r.Fields, r.Purpose, r.Basis = "", nil, "", "" },
			"of glass that is asked":  func(r *Row) { r.Obligations = []string{"second_person"} },
		} {
			r := full
			r.Act = act
			if do(&r); act == hub.ActSearch || r.Subjects == nil {
				r.Rows = 3
			}
			about := string(act) + " " + change
			if r.Name = ""; r.Person == full.Person {
				r.Name = full.Name
			}
			if r.Name == "" {
				m.named = func(r Row) string { return string(r.Person) }
			}
			e := asJSON(t, m.event(r))
			soundEvent(t, about, e)
			b := back(e)
			if b.Authority == "" { // a disclosure has it as its end
				b.Authority = r.Authority
			}
			if got, want := sheetOf(b), sheetOf(r); got != want {
				t.Errorf("%s: it reads back as\n%s, and was\n%s", about, got, want)
			}
			// What is read flows from the hub, what is asked to it.
			for is, end := range map[hub.Act]string{hub.ActConsult: "110153", hub.ActSearch: "110152"} {
				if server := valuesAt([]any{e}, "agent["+end+"].who"); act == is && r.Outcome == "allow" && !reflect.DeepEqual(server, valuesAt([]any{e}, "source.observer")) {
					t.Errorf("%s: the hub is not at the end %s: %v", about, end, server)
				}
			}
			profile := strings.TrimPrefix(claimed(t, e), "IHE.BasicAudit.")
			seen[profile]++
			switch {
			case change == "for another authority" && want[string(act)] != profile, change == "refused" && profile != "AuthZconsent":
				t.Errorf("%s is written after %q", about, profile)
			case change == "about nobody" && (profile == "Read") != (act == hub.ActConsult), change == "about two" && (profile == "Query") != (act == hub.ActSearch):
				t.Errorf("%s is written after %q", about, profile)
			}
		}
	}
	for name := range needs {
		if p, ok := strings.CutPrefix(name, "IHE.BasicAudit."); ok && seen[p] == 0 {
			t.Errorf("no row was written after %s: its needs were not asked", name)
		}
	}
	// The decision says of each pattern the same.
	text, err := os.ReadFile("../../docs/decisions/0025-audit-events.md")
	if err != nil {
		t.Fatal(err)
	}
	for did, p := range patterns {
		after := "none"
		if p.person != "" {
			after = strings.TrimPrefix(p.person, "IHE.BasicAudit.")
		}
		if p.profile != "" {
			after += ", " + strings.TrimPrefix(p.profile, "IHE.BasicAudit.")
		}
		sub := "none"
		if len(p.sub) > 0 {
			sub = p.sub[0].Code
		}
		if line := fmt.Sprintf("| `%s` | %s | %s | %s | %s |\n", did, after, p.kind.Code, sub, p.action); !strings.Contains(string(text), line) {
			t.Errorf("the decision does not say %s", line)
		}
	}
}

// bundleOf is a Bundle of events as it came, in order.
func bundleOf(t *testing.T, text []byte) (b struct {
	Resource, Type, Timestamp string
	Identifier                identifier
	Entry                     []struct {
		FullURL  string
		Resource map[string]any
	}
}) {
	t.Helper()
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return b
}

// A087 of what is taken out as FHIR: the rows of the search, each once and with nothing
// that the officer is not told, of people no more than their pseudonyms; and the trail says
// that it was taken out. An administrator learns nothing.
func TestExportAsFHIR(t *testing.T) {
	w := passing(t)
	w.consults("gudrun", koege, "Til brug for partshøringen.")
	w.consults("sigrid", roskilde, "")
	w.consults("sigrid", koege, "")    // refused: Køge's data
	w.consults("gudrun", roskilde, "") // refused, and told in part
	w.gives("gudrun", koege, subject, "mvs-politi")
	for _, act := range hub.Acts { // a row of each
		w.consults("gudrun", koege, "")
		w.SQL(`update audit.trail set act = $1 where id = (select max(id) from audit.trail)`, string(act))
	}
	for login, only := range map[string]string{"dagny": "koege", "esther": "roskilde", "signe": "mvs-politi"} {
		for _, p := range []Part{{}, {Act: hub.ActConsult}, {Way: "disclosure"}, {Reference: string(koege), Way: "subject"}, {From: "2199-01-01"}} {
			p.Ground = "lawfulness"
			was := w.search(login, Search{Part: p, Limit: most})
			a := w.As(login).API("POST", "/api/trail/fhir", Taking{Part: p}).Must(http.StatusOK)
			if got := a.Header.Get("Content-Type"); got != "application/fhir+json" {
				t.Errorf("%s: it is sent as %s", login, got)
			}
			b := bundleOf(t, a.Body)
			if b.Type != "collection" || b.Timestamp == "" {
				t.Errorf("%s: %.200s", login, a.Body)
			}
			rows, seen := map[string]Row{}, map[string]bool{}
			for _, r := range was.Rows {
				rows[strconv.FormatInt(r.ID, 10)] = r
			}
			for _, e := range b.Entry {
				id := fmt.Sprint(e.Resource["id"])
				r, ok := rows[id]
				own := back(e.Resource).ObjectKind == "trail" // the search before it, which is a row too
				if seen[id] || !strings.HasSuffix(e.FullURL, "/AuditEvent/"+id) || !ok && !own {
					t.Errorf("%s, %+v: an event of row %s, which the search has not found, or twice", login, p, id)
				}
				seen[id] = true
				soundEvent(t, login+" "+id, e.Resource)
				if b := back(e.Resource); ok && b.Act != hub.ActDisclose && b.Recipient == "" && sheetOf(b) != sheetOf(r) {
					t.Errorf("%s: it reads back as\n%s, and was\n%s", login, sheetOf(b), sheetOf(r))
				}
			}
			for id := range rows {
				if !seen[id] {
					t.Errorf("%s, %+v: row %s has no event", login, p, id)
				}
			}
			if n := w.One(`select rows || ' ' || outcome || ' ' || controller || ' ' || recipient from audit.trail where act = 'export' and object_kind = 'trail' order by id desc limit 1`); n != fmt.Sprint(len(b.Entry), " allow ", only, " ") {
				t.Errorf("%s: the trail says %s of %d", login, n, len(b.Entry))
			}
			veiled := w.Vault().Pseudonym(map[string]hub.ID{"dagny": stranger, "esther": subject}[login]) // whom a refusal at another's thing was about
			for _, never := range []string{veiled, "partshøringen", string(subject), string(stranger), "\"reason\""} {
				if strings.Contains(a.Text(), never) {
					t.Errorf("%s: %s is in it", login, never)
				}
			}
		}
	}
	for _, login := range []string{"rune", "gudrun"} {
		for _, in := range []Taking{{Part: Part{Ground: "lawfulness"}}, {}, {Recipient: "x"}} {
			a, none := w.As(login).API("POST", "/api/trail/fhir", in).Must(http.StatusNotFound), w.As(login).API("POST", "/api/trail/1/again", nil).Must(http.StatusNotFound)
			if string(a.Body) != string(none.Body) {
				t.Errorf("%s: %s and %s", login, a.Body, none.Body)
			}
		}
	}
}
