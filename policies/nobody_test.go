package policies

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/infohus/infohus/pkg/hub"
)

var (
	allRoles  = append(slices.Clone(hub.Roles), "system")
	allStates = []string{"draft", "received", "rerouted", "police_check", "acute", "police_only", "triage", "unfounded", "other_track", "case"}
	// every class that a concern has; trail is not of a concern
	allClasses = []string{"access", "address", "check", "clock", "handled", "identity", "narrative", "reporter", "status", "summary", "triage"}
	anyKind    = []string{"police", "municipality", "prison_service", "region", "self_governing"}
	relations  = []string{"own", "shared", ""}
)

// permitted is a question that is allowed, and the attributes that make no
// difference to it; every other one does.
type permitted struct {
	q    Question
	free string
}

var allowed = map[string]permitted{
	"view, own": {own, "classes basis author assigned"},
	"view, shared": {place(hub.PoliceCoordinator, hub.Police, "shared", false, false, hub.Municipality, "police_check"),
		"author assigned"},
	"view, shared by the police": {place(hub.MunicipalCoordinator, hub.Municipality, "shared", false, false, hub.Police, "triage"),
		"author assigned"},
	"view, assigned": {View{Role: hub.Receiver, Kind: hub.Municipality, Relation: "own", ReceivedBy: hub.Municipality,
		State: "received", Assigned: true, Purpose: hub.Prevention}, "classes basis author"},
	"view, author": {View{Role: hub.Reporter, Kind: hub.SelfGoverning, Relation: "shared", ReceivedBy: hub.Municipality,
		State: "received", Author: true, Purpose: hub.Prevention}, "classes basis assigned relation"},
	"list":     {List{hub.Receiver, hub.Municipality, hub.Prevention}, ""},
	"submit":   {Submit{hub.Reporter, hub.Police, hub.Prevention, "RHL"}, ""},
	"register": {Register{hub.Institution, hub.SelfGoverning, hub.ChildWelfare, "BL133"}, ""},
	"act, own": {Act{Action: "forward", Role: hub.MunicipalCoordinator, Kind: hub.Municipality, Relation: "own",
		ReceivedBy: hub.Municipality, State: "received", Purpose: hub.Prevention}, "author assigned"},
	"act, shared": {Act{Action: "check", Role: hub.PoliceCoordinator, Kind: hub.Police, Relation: "shared",
		ReceivedBy: hub.Municipality, State: "acute", Purpose: hub.Prevention}, "author assigned"},
	"act, assigned": {Act{Action: "reveal", Role: hub.Receiver, Kind: hub.Municipality, Relation: "own",
		ReceivedBy: hub.Municipality, State: "received", Assigned: true, Purpose: hub.ChildWelfare}, "author"},
	"act, author": {Act{Action: "edit", Role: hub.Reporter, Kind: hub.Region, Relation: "own",
		ReceivedBy: hub.Region, State: "draft", Author: true, Purpose: hub.Prevention}, "assigned relation"},
	"disclose": {Disclose{hub.PoliceCoordinator, hub.Police, hub.Municipality, "RPL115-1-1", hub.Prevention, "triage"}, ""},
	"assign": {Assign{Role: hub.MunicipalCoordinator, Kind: hub.Municipality, Relation: "own", State: "received",
		SameAuthority: true, Target: hub.Receiver}, ""},
	"trail": {Trail{hub.DPO, hub.Region, hub.LogControl, true}, ""},
}

// with is the question with one attribute changed.
func with(q Question, attribute string, to any) Question {
	p := reflect.New(reflect.TypeOf(q)).Elem()
	p.Set(reflect.ValueOf(q))
	shape, _ := shapeOf(q)
	for _, a := range shape {
		if f := p.Field(a.index); a.name == attribute {
			f.Set(reflect.ValueOf(to).Convert(f.Type()))
		}
	}
	return p.Interface().(Question)
}

func TestTheZeroQuestionIsDenied(t *testing.T) {
	e := engine(t)
	for _, q := range questions {
		t.Run(q.Question(), func(t *testing.T) {
			if a := ask(t, e, q); a.Allow || len(a.Fields) > 0 {
				t.Errorf("%+v", a)
			}
			if _, err := e.Ask(t.Context(), wearing(q), q); hub.CodeOf(err) != hub.CodeNotFound {
				t.Error(err)
			}
		})
	}
}

// Each attribute of each question, missing, unknown, misspelt or the other way
// round, denies.
func TestUnsetMeansNobody(t *testing.T) {
	e := engine(t)
	seen := map[string]bool{}
	for name, p := range allowed {
		seen[p.q.Question()] = true
		if a := ask(t, e, p.q); !a.Allow {
			t.Fatalf("%s should be allowed: %v", name, a.Reasons)
		}
		shape, err := shapeOf(p.q)
		if err != nil {
			t.Fatal(err)
		}
		tried := 0
		for _, a := range shape {
			v := reflect.ValueOf(p.q).Field(a.index)
			var others []any
			if a.kind == reflect.Bool {
				others = []any{!v.Bool()}
			} else {
				others = []any{"", "bogus", "*", "any", strings.ToUpper(v.String()), " " + strings.ReplaceAll(v.String(), ",", " , ") + " ", "\x00"}
			}
			if slices.Contains(strings.Fields(p.free), a.name) {
				continue
			}
			tried++
			for _, other := range others {
				if got := ask(t, e, with(p.q, a.name, other)); other != v.Interface() && v.String() != other && got.Allow {
					t.Errorf("%s: with %s = %#v it is allowed: %v", name, a.name, other, got.Reasons)
				}
			}
		}
		if tried == 0 {
			t.Errorf("%s tries nothing", name)
		}
	}
	for _, q := range questions {
		if !seen[q.Question()] {
			t.Errorf("no question %q is tried", q.Question())
		}
	}
}

// never is the reason that somebody must find among those for a denial.
func never(t *testing.T, e *Engine, q Question, reason string) {
	t.Helper()
	if a := ask(t, e, q); a.Allow || !slices.Contains(a.Reasons, reason) {
		t.Errorf("%s %+v: allow %v, reasons %v, want %s", q.Question(), q, a.Allow, a.Reasons, reason)
	}
}

// Whoever else's question would be allowed: these roles and kinds never.
func TestNever(t *testing.T) {
	e := engine(t)
	for role, reason := range map[hub.Role]string{
		hub.Investigator: "investigator_never", hub.ControlUnit: "control_unit_never", hub.Steering: "steering_never",
		hub.Administrator: "administrator_never", hub.Associate: "associate_never",
	} {
		t.Run(string(role), func(t *testing.T) {
			for _, p := range allowed {
				for _, kind := range hub.AuthorityKinds {
					q := with(with(with(p.q, "role", role), "kind", kind), "from", kind)
					never(t, e, q, reason)
				}
			}
		})
	}
	t.Run("housing association", func(t *testing.T) {
		for _, p := range allowed {
			for _, role := range hub.Roles {
				q := with(with(with(p.q, "role", role), "kind", hub.HousingAssociation), "from", hub.HousingAssociation)
				never(t, e, q, "housing_association_never")
			}
			if _, ok := p.q.(Disclose); ok {
				for _, basis := range bases(t) {
					never(t, e, with(with(p.q, "to", hub.HousingAssociation), "basis", basis), "housing_association_never")
				}
			}
		}
	})
	for purpose, reason := range map[hub.Purpose]string{hub.Investigation: "purpose_investigation_never", hub.BenefitCheck: "purpose_benefit_check_never"} {
		t.Run("for "+string(purpose), func(t *testing.T) {
			for _, p := range allowed {
				if _, ok := p.q.(Assign); !ok { // which has no purpose: it opens nothing by itself
					never(t, e, with(p.q, "purpose", purpose), reason)
				}
			}
		})
	}
	for _, role := range []hub.Role{hub.CoreGroup, hub.LocalPolice, hub.Partner, hub.Manager, hub.DPO} {
		t.Run(string(role)+" in these states", func(t *testing.T) {
			for name, p := range allowed {
				for _, kind := range hub.AuthorityKinds {
					q := with(with(with(p.q, "role", role), "kind", kind), "from", kind)
					if a := ask(t, e, q); a.Allow && !(role == hub.DPO && p.q.Question() == "trail") {
						t.Errorf("%s at %s: %v", name, kind, a.Reasons)
					}
				}
			}
		})
	}
}

// bases is every code of a legal basis, and two that are none.
func bases(t *testing.T) []string {
	t.Helper()
	codes := []string{"", "bogus"}
	for _, b := range engine(t).Bases() {
		codes = append(codes, string(b.Code))
	}
	return codes
}

// Who may disclose to whom on what is the approved list, no more and no less.
func TestDiscloseIsTheApprovedList(t *testing.T) {
	e := engine(t)
	approved := map[string]bool{}
	for _, row := range table(t, "disclose.csv", "from", "to", "basis", "source") {
		approved[strings.Join(row[:3], " ")] = true
		if row[0] == "housing_association" || row[1] == "housing_association" {
			t.Errorf("%v", row)
		}
	}
	discloser := map[hub.AuthorityKind]hub.Role{hub.Police: hub.PoliceCoordinator, hub.Municipality: hub.MunicipalCoordinator}
	count, asked := 0, 0
	for _, from := range append(slices.Clone(hub.AuthorityKinds), "") {
		role := discloser[from]
		if role == "" {
			role = hub.Partner
		}
		for _, to := range append(slices.Clone(hub.AuthorityKinds), "") {
			for _, basis := range bases(t) {
				for _, purpose := range []hub.Purpose{hub.Prevention, hub.ChildWelfare, hub.LogControl, hub.Operation, hub.Investigation, hub.BenefitCheck, ""} {
					q := Disclose{role, from, to, hub.LegalBasis(basis), purpose, "case"}
					a := ask(t, e, q)
					asked++
					name := fmt.Sprintf("%s %s %s", from, to, basis)
					if want := approved[name] && purpose == hub.Prevention; a.Allow != want {
						t.Errorf("%+v: allow is %v, the list says %v: %v", q, a.Allow, want, a.Reasons)
					}
					if !a.Allow {
						continue
					}
					count++
					for _, code := range []string{"necessity", "no_investigation"} {
						if !slices.Contains(a.Obligations, code) {
							t.Errorf("%+v does not oblige to %s", q, code)
						}
					}
					for _, field := range []string{"address", "reporter_kind", "reporter_name", "reporter_contact"} {
						if slices.Contains(a.Fields, field) {
							t.Errorf("%+v shares %s", q, field)
						}
					}
				}
			}
		}
	}
	if count != len(approved) || count == 0 {
		t.Errorf("%d allows, the approved list has %d", count, len(approved))
	}
	t.Logf("%d questions asked, %d allowed", asked, count)
}

// In which states who may share at all.
func TestDiscloseWaitsForTheRelease(t *testing.T) {
	e := engine(t)
	for _, c := range []struct {
		role   hub.Role
		from   hub.AuthorityKind
		to     hub.AuthorityKind
		basis  hub.LegalBasis
		states string
	}{
		{hub.Receiver, hub.Municipality, hub.Police, "RPL115-2", "received police_check"},
		{hub.MunicipalCoordinator, hub.Municipality, hub.Police, "RPL115-2", "received police_check triage case"},
		{hub.MunicipalCoordinator, hub.Municipality, hub.Region, "RPL115-2", "case"},
		{hub.PoliceCoordinator, hub.Police, hub.Municipality, "RPL115-1-1", "triage case"},
		{hub.PoliceCoordinator, hub.Police, hub.SelfGoverning, "RPL115-3", "case"},
		{hub.Partner, hub.PrisonService, hub.Police, "RPL115-1-3c", "case"},
		{hub.Partner, hub.SelfGoverning, hub.Municipality, "RPL115-3", "case"},
		{hub.Reporter, hub.Municipality, hub.Police, "RPL115-2", ""},
		{hub.CoreGroup, hub.Municipality, hub.Police, "RPL115-2", ""},
		{hub.LocalPolice, hub.Police, hub.Municipality, "RPL115-1-1", ""},
		{hub.Institution, hub.SelfGoverning, hub.Municipality, "RPL115-3", ""},
	} {
		for _, state := range allStates {
			q := Disclose{c.role, c.from, c.to, c.basis, hub.Prevention, state}
			if a := ask(t, e, q); a.Allow != slices.Contains(strings.Fields(c.states), state) {
				t.Errorf("%+v: %+v", q, a)
			}
		}
	}
}

// L14: the body that retshåndhævelsesloven § 1 stk. 2 takes out stands nowhere:
// not as a role, a kind, a purpose or an attribute, not in rules or data.
func TestTheIntelligenceServiceIsNowhere(t *testing.T) {
	texts := map[string]string{"roles": fmt.Sprint(allRoles), "kinds": fmt.Sprint(hub.AuthorityKinds)}
	for _, pattern := range []string{"*.json", "*.csv", "*/*.rego"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatal(pattern, err)
		}
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			texts[path] = string(b)
		}
	}
	for _, q := range questions {
		shape, err := shapeOf(q)
		if err != nil {
			t.Fatal(err)
		}
		texts["schema of "+q.Question()] = fmt.Sprint(schema(shape))
	}
	for name, text := range texts {
		words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) })
		for _, w := range words {
			if w == "p"+"et" || strings.Contains(w, "efterretning") || strings.Contains(w, "intelligence") {
				t.Errorf("%s names %q", name, w)
			}
		}
	}
}

// Every entry of the law as data says where it comes from, and every basis has
// its dates, if only as unknown.
func TestTheLawHasSources(t *testing.T) {
	var d map[string]json.RawMessage
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"roles", "kinds", "purposes", "states", "bases", "reasons", "obligations"} {
		var entries map[string]map[string]any
		if err := json.Unmarshal(d[name], &entries); err != nil {
			t.Fatal(name, err)
		}
		for key, entry := range entries {
			if s, _ := entry["source"].(string); s == "" {
				t.Errorf("%s: %s has no source", name, key)
			}
			if name != "bases" {
				continue
			}
			for _, date := range []string{"from", "until", "read"} {
				if _, ok := entry[date]; !ok {
					t.Errorf("the basis %s does not say %s", key, date)
				}
			}
		}
		for _, role := range allRoles {
			if name == "roles" && entries[string(role)] == nil {
				t.Errorf("the role %s is not in the data", role)
			}
		}
		for _, kind := range hub.AuthorityKinds {
			if name == "kinds" && entries[string(kind)] == nil {
				t.Errorf("the kind %s is not in the data", kind)
			}
		}
	}
	var disclose struct {
		Bases map[string]struct{ Source string } `json:"bases"`
	}
	if err := json.Unmarshal(d["disclose"], &disclose); err != nil {
		t.Fatal(err)
	}
	for basis, row := range disclose.Bases {
		if row.Source == "" || !slices.Contains(bases(t), basis) {
			t.Errorf("disclose: %s has no source, or is no basis", basis)
		}
	}
}

// place is the question of a cell, with a share of everything where it is shared.
func place(role hub.Role, kind hub.AuthorityKind, relation string, author, assigned bool, by hub.AuthorityKind, state string) View {
	q := View{Role: role, Kind: kind, Relation: relation, Author: author, Assigned: assigned, ReceivedBy: by, State: state, Purpose: hub.Prevention}
	if relation == "shared" {
		q.Classes, q.Basis = strings.Join(allClasses, ","), "RPL115-2"
		if by == hub.Police && kind == hub.Municipality {
			q.Basis = "RPL115-1-1"
		}
	}
	return q
}

// table reads a commented csv file with the given columns.
func table(t *testing.T, name string, columns ...string) [][]string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(bytes.NewReader(b))
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) == 0 || !slices.Equal(rows[0], columns) {
		t.Fatalf("%s: the first row must be %v", name, columns)
	}
	return rows[1:]
}
