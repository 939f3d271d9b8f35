//go:build !race

package policies

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/infohus/infohus/pkg/hub"
)

var (
	allRoles = append(slices.Clone(hub.Roles), "system")
	allItems = []string{"concern", "case", "request", "answer", "offer"}
	// the states of each kind of item
	statesOf = map[string][]string{
		"concern": {"draft", "received", "rerouted", "police_check", "acute", "police_only", "triage", "unfounded", "other_track", "case", "case_closed"},
		"case":    {"opening", "collecting", "analysis", "assessment", "recommended", "follow_up", "closing", "closed"},
		"request": {"asked", "settled", "retracted", "request_closed"},
		"answer":  {"released", "withdrawn", "answer_closed"},
		"offer":   {"offer_draft", "offered", "taken_up", "not_taken_up", "offer_withdrawn", "offer_ended", "offer_closed"},
	}
	// the classes that each kind of item has
	classesOf = map[string][]string{
		"concern": {"access", "address", "check", "clock", "handled", "identity", "narrative", "reporter", "status", "summary", "triage"},
		"case": {"access", "address", "assessment", "case_status", "circle", "clock", "closing", "follow_up", "identity", "inform", "meeting",
			"own_dimensions", "recommendations", "requests"},
		"request": {"access", "identity", "question", "request_status"},
		"answer":  {"access", "answer", "answer_health", "answer_offence", "answer_status"},
		"offer":   {"access", "identity", "measure", "offer", "offer_preview", "offer_status"},
	}
	allStates, itemOf, allClasses = flatten()

	anyKind   = []string{"police", "municipality", "prison_service", "region", "self_governing"}
	relations = []string{"own", "shared", ""}
	// a basis on which the first kind may disclose to the second; trail is of no item
	ground = map[[2]hub.AuthorityKind]hub.LegalBasis{
		{hub.Police, hub.Municipality}: "RPL115-1-1", {hub.Police, hub.Region}: "RPL115-1-1",
		{hub.Police, hub.PrisonService}: "RPL115-1-3c", {hub.Police, hub.SelfGoverning}: "RPL115-3",
		{hub.Municipality, hub.SelfGoverning}: "RPL115-3", {hub.SelfGoverning, hub.Police}: "RPL115-3", {hub.SelfGoverning, hub.Municipality}: "RPL115-3",
		{hub.Municipality, hub.Police}: "RPL115-2", {hub.Municipality, hub.Region}: "RPL115-2", {hub.Municipality, hub.PrisonService}: "RPL115-2",
		{hub.Region, hub.Police}: "RPL115-2", {hub.Region, hub.Municipality}: "RPL115-2",
		{hub.PrisonService, hub.Police}: "RPL115-2", {hub.PrisonService, hub.Municipality}: "RPL115-2",
	}
)

// the actions on each kind of item, and one that there is not
var actionsOf = map[string][]string{
	"concern": {"edit", "discard", "forward", "retrieve", "reroute", "check", "triage", "notify"},
	"case": {"open", "invite", "onward", "recall", "uninvite", "ask", "convene", "hold", "draft", "inform", "dissent", "sign", "reassess", "recommend", "follow",
		"close", "resume", "reopen", "take_back"},
	"request": {"answer", "decline", "retract"},
	"answer":  {"withdraw"},
	"offer":   {"send", "cancel", "take_up", "turn_down", "progress", "end"},
	"":        {"reveal", "export", "begin", "draft_offer", "remind", "canary", "bogus"}, // of any, of the hub itself, of nothing
}

// sees is every role that sees something, at the kinds of authority that may have it.
var sees = map[hub.Role][]hub.AuthorityKind{
	hub.Reporter: hub.AuthorityKinds[:5], hub.Institution: {hub.Municipality, hub.SelfGoverning}, hub.Receiver: {hub.Municipality},
	hub.MunicipalCoordinator: {hub.Municipality}, hub.PoliceCoordinator: {hub.Police}, hub.CoreGroup: {hub.Municipality, hub.Police},
	hub.LocalPolice: {hub.Police}, hub.Partner: {hub.PrisonService, hub.Region, hub.SelfGoverning},
}

// flatten gives every state, the item of each, and every class, sorted.
func flatten() (states []string, of map[string]string, classes []string) {
	of = map[string]string{}
	for _, item := range allItems {
		states = append(states, statesOf[item]...)
		classes = append(classes, classesOf[item]...)
		for _, s := range statesOf[item] {
			of[s] = item
		}
	}
	slices.Sort(classes)
	return states, of, slices.Compact(classes)
}

// permitted is a question that is allowed, and the attributes that make no
// difference to it; every other one does.
type permitted struct {
	q    Question
	free string
}

var allowed = map[string]permitted{
	"view, own":          {own, "classes basis author assigned shared_by glass"},
	"view, own case":     {View{Role: hub.MunicipalCoordinator, Kind: hub.Municipality, Relation: "own", ReceivedBy: hub.Municipality, State: "closed", Purpose: hub.Prevention}, "classes basis author assigned shared_by glass"},
	"view, shared":       {place(hub.PoliceCoordinator, hub.Police, shared(hub.Municipality, hub.Municipality), false, false, "police_check"), "author assigned glass"},
	"view, shared case":  {place(hub.PoliceCoordinator, hub.Police, shared(hub.Municipality, hub.Municipality), false, false, "opening"), "author assigned glass"},
	"view, by a partner": {place(hub.MunicipalCoordinator, hub.Municipality, shared(hub.Region, hub.Region), false, false, "withdrawn"), "author assigned glass"},
	"view, shared by the police": {place(hub.MunicipalCoordinator, hub.Municipality, shared(hub.Police, hub.Police), false, false, "triage"),
		"author assigned glass"},
	"view, invited":                  {place(hub.Partner, hub.PrisonService, shared(hub.Municipality, hub.Police), false, true, "analysis"), "author glass"},
	"view, asked":                    {place(hub.Institution, hub.SelfGoverning, shared(hub.Police, hub.Police), false, true, "asked"), "author glass"},
	"view, offered":                  {place(hub.LocalPolice, hub.Police, shared(hub.Municipality, hub.Municipality), false, true, "offered"), "author glass"},
	"view, in the circle":            {View{Role: hub.CoreGroup, Kind: hub.Municipality, Relation: "own", ReceivedBy: hub.Municipality, State: "assessment", Assigned: true, Purpose: hub.Prevention}, "classes basis author shared_by glass"},
	"view, who gave it":              {View{Role: hub.Partner, Kind: hub.Region, Relation: "own", ReceivedBy: hub.Region, State: "released", Author: true, Purpose: hub.Prevention}, "classes basis assigned relation shared_by glass"},
	"view, assigned":                 {View{Role: hub.Receiver, Kind: hub.Municipality, Relation: "own", ReceivedBy: hub.Municipality, State: "received", Assigned: true, Purpose: hub.Prevention}, "classes basis author shared_by glass"},
	"view, author":                   {View{Role: hub.Reporter, Kind: hub.SelfGoverning, Relation: "shared", ReceivedBy: hub.Municipality, SharedBy: hub.SelfGoverning, State: "received", Author: true, Purpose: hub.Prevention}, "classes basis assigned relation shared_by glass"},
	"view, glass":                    {View{Role: hub.CoreGroup, Kind: hub.Municipality, Relation: "own", ReceivedBy: hub.Municipality, State: "follow_up", Glass: true, Purpose: hub.Prevention}, "classes basis author assigned shared_by"},
	"view, glass of what was shared": {shattered(place(hub.LocalPolice, hub.Police, shared(hub.Municipality, hub.Municipality), false, false, "closing")), "author assigned"},
	"list":                           {List{hub.Receiver, hub.Municipality, hub.Prevention}, ""},
	"search":                         {Search{hub.Receiver, hub.Municipality, hub.Prevention, "cpr", "of_concern", false}, ""},
	"list, by a partner":             {List{hub.Partner, hub.Region, hub.Prevention}, ""},
	"submit":                         {Submit{hub.Reporter, hub.Police, hub.Prevention, "RHL"}, ""},
	"register":                       {Register{hub.Institution, hub.SelfGoverning, hub.ChildWelfare, "BL133", false, false}, ""},
	"act, own":                       {Act{Action: "forward", Role: hub.MunicipalCoordinator, Kind: hub.Municipality, Relation: "own", ReceivedBy: hub.Municipality, State: "received", Purpose: hub.Prevention}, "author assigned shared_by"},
	"act, own case":                  {Act{Action: "reopen", Role: hub.MunicipalCoordinator, Kind: hub.Municipality, Relation: "own", ReceivedBy: hub.Municipality, State: "closed", Purpose: hub.Prevention}, "author assigned shared_by"},
	"act, shared":                    {Act{Action: "check", Role: hub.PoliceCoordinator, Kind: hub.Police, Relation: "shared", ReceivedBy: hub.Municipality, SharedBy: hub.Municipality, State: "acute", Purpose: hub.Prevention}, "author assigned"},
	"act, shared case":               {Act{Action: "sign", Role: hub.PoliceCoordinator, Kind: hub.Police, Relation: "shared", ReceivedBy: hub.Municipality, SharedBy: hub.Municipality, State: "assessment", Purpose: hub.Prevention}, "author assigned"},
	"act, invited":                   {Act{Action: "answer", Role: hub.Partner, Kind: hub.PrisonService, Relation: "shared", ReceivedBy: hub.Police, SharedBy: hub.Police, State: "asked", Assigned: true, Purpose: hub.Prevention}, "author"},
	"act, offered":                   {Act{Action: "take_up", Role: hub.Institution, Kind: hub.Municipality, Relation: "own", ReceivedBy: hub.Municipality, State: "offered", Assigned: true, Purpose: hub.Prevention}, "author shared_by"},
	"act, assigned":                  {Act{Action: "reveal", Role: hub.Receiver, Kind: hub.Municipality, Relation: "own", ReceivedBy: hub.Municipality, State: "received", Assigned: true, Purpose: hub.ChildWelfare}, "author shared_by"},
	"act, author":                    {Act{Action: "edit", Role: hub.Reporter, Kind: hub.Region, Relation: "own", ReceivedBy: hub.Region, State: "draft", Author: true, Purpose: hub.Prevention}, "assigned relation shared_by"},
	"act, who gave it":               {Act{Action: "withdraw", Role: hub.CoreGroup, Kind: hub.Police, Relation: "own", ReceivedBy: hub.Police, State: "released", Author: true, Purpose: hub.Prevention}, "assigned relation shared_by"},
	"disclose":                       {Disclose{Role: hub.PoliceCoordinator, From: hub.Police, To: hub.Municipality, Basis: "RPL115-1-1", Purpose: hub.Prevention, Item: "concern", State: "triage", Cooperation: true}, "task_area consent under agreed confirmed"},
	"disclose, unwitnessed":          {Disclose{Role: hub.PoliceCoordinator, From: hub.Police, To: hub.Municipality, Basis: "RPL115-1-1", Purpose: hub.Prevention, Item: "concern", State: "triage", Cooperation: true, Unwitnessed: true, Confirmed: true}, "task_area consent under agreed unwitnessed"},
	"disclose, case":                 {Disclose{Role: hub.MunicipalCoordinator, From: hub.Municipality, To: hub.Police, Basis: "RPL115-2", Purpose: hub.Prevention, Item: "case", State: "opening", Cooperation: true}, "task_area consent under agreed confirmed"},
	"disclose, invitation":           {Disclose{Role: hub.PoliceCoordinator, From: hub.Police, To: hub.SelfGoverning, Basis: "RPL115-3", Purpose: hub.Prevention, Item: "case", State: "collecting", TaskArea: true, Under: "within_cooperation"}, "consent agreed cooperation confirmed"},
	"disclose, agreed":               {Disclose{Role: hub.PoliceCoordinator, From: hub.Police, To: hub.SelfGoverning, Basis: "RPL115-3", Purpose: hub.Prevention, Item: "case", State: "collecting", TaskArea: true, Under: "ask_first", Agreed: true}, "consent cooperation confirmed"},
	"disclose, terms":                {Disclose{Role: hub.MunicipalCoordinator, From: hub.Municipality, To: hub.Police, Basis: "RPL115-2", Purpose: hub.Prevention, Item: "case", State: "opening", Terms: "ask_first", Cooperation: true}, "task_area consent under agreed terms confirmed"},
	"disclose, answer":               {Disclose{Role: hub.Institution, From: hub.SelfGoverning, To: hub.Municipality, Basis: "RPL115-3", Purpose: hub.Prevention, Item: "answer", State: "released", TaskArea: true}, "consent under agreed cooperation confirmed"},
	"disclose, health":               {Disclose{Role: hub.Partner, From: hub.Region, To: hub.Police, Basis: "RPL115-1-2", Purpose: hub.Prevention, Item: "answer", State: "released", Class: "health", Special: "DBL7", Cooperation: true}, "task_area consent under agreed confirmed"},
	"disclose, offences":             {Disclose{Role: hub.LocalPolice, From: hub.Police, To: hub.Municipality, Basis: "RPL115-1-1", Purpose: hub.Prevention, Item: "answer", State: "released", Class: "offence", Special: "RHL", Cooperation: true}, "task_area consent under agreed confirmed"},
	"disclose, consent":              {Disclose{Role: hub.MunicipalCoordinator, From: hub.Municipality, To: hub.PrisonService, Basis: "CONSENT-EXIT", Purpose: hub.Prevention, Item: "offer", State: "offered", Consent: true}, "task_area under agreed cooperation confirmed"},
	"assign":                         {Assign{Role: hub.MunicipalCoordinator, Kind: hub.Municipality, Relation: "own", State: "received", SameAuthority: true, Target: hub.Receiver}, "end"},
	"assign, case":                   {Assign{Role: hub.PoliceCoordinator, Kind: hub.Police, Relation: "shared", State: "analysis", SameAuthority: true, Target: hub.LocalPolice}, "end"},
	"assign, others":                 {Assign{Role: hub.PoliceCoordinator, Kind: hub.Police, Relation: "shared", State: "analysis", Target: hub.Partner, TargetKind: hub.Region}, "end"},
	"assign, end":                    {Assign{Role: hub.PoliceCoordinator, Kind: hub.Police, Relation: "shared", State: "closing", Target: hub.Institution, TargetKind: hub.SelfGoverning, End: true}, ""},
	"glass": {Glass{Step: "break", Role: hub.Receiver, Kind: hub.Municipality, Relation: "own", ReceivedBy: hub.Municipality, State: "follow_up", Purpose: hub.Prevention, Basis: "EMERGENCY", Category: "life", Habit: "first"},
		"shared_by same_authority self linked"},
	"glass, second": {Glass{Step: "second", Role: hub.PoliceCoordinator, Kind: hub.Police, Relation: "shared", ReceivedBy: hub.Municipality, SharedBy: hub.Municipality, State: "closing", Purpose: hub.Prevention, Basis: "EMERGENCY", SameAuthority: true},
		"category habit overdue"},
	"glass, end":          {Glass{Step: "end", Role: hub.CoreGroup, Kind: hub.Police, Purpose: hub.Prevention, Self: true}, "relation received_by shared_by state recused basis category habit overdue same_authority linked"},
	"glass, review":       {Glass{Step: "review", Role: hub.DPO, Kind: hub.Municipality, Purpose: hub.LogControl, SameAuthority: true}, "relation received_by shared_by state basis category habit overdue"},
	"recuse, oneself":     {Recuse{Role: hub.Receiver, Kind: hub.Municipality, Relation: "own", ReceivedBy: hub.Municipality, State: "received", Assigned: true, Ground: "1", Self: true, SameAuthority: true}, "shared_by said"},
	"recuse, a colleague": {Recuse{Role: hub.PoliceCoordinator, Kind: hub.Police, Relation: "shared", ReceivedBy: hub.Municipality, SharedBy: hub.Municipality, State: "analysis", Ground: "5", SameAuthority: true}, "assigned self"},
	"recuse, lift":        {Recuse{Role: hub.Manager, Kind: hub.Municipality, Relation: "own", ReceivedBy: hub.Municipality, State: "closed", SameAuthority: true, Lift: true}, "assigned shared_by"},
	"certify":             {Certify{Role: hub.Manager, Kind: hub.Region, Action: "confirm", SameAuthority: true}, ""},
	"return":              {Return{hub.Manager, hub.Region, hub.Prevention, "answer", true, true, false}, ""},
	"extract":             {Extract{Step: "prepare", Role: hub.DPO, Kind: hub.Region, Purpose: hub.LogControl, SameAuthority: true}, "self linked by_recused act seen_for seen_by state informed alone"},
	"extract, read":       {Extract{Step: "read", Role: hub.Manager, Kind: hub.Police, Purpose: hub.LogControl, SameAuthority: true}, "self linked by_recused act seen_for seen_by state informed alone"},
	"extract, names":      {Extract{Step: "name", Role: hub.DPO, Kind: hub.PrisonService, Purpose: hub.LogControl, SameAuthority: true}, "self linked by_recused act seen_for seen_by state informed alone"},
	"extract, release":    {Extract{Step: "release", Role: hub.Manager, Kind: hub.Municipality, Purpose: hub.LogControl, SameAuthority: true}, "act seen_for seen_by state informed alone"},
	"extract, tell":       {Extract{Step: "tell", Role: hub.DPO, Kind: hub.Municipality, Purpose: hub.LogControl, SameAuthority: true, Act: hub.ActConsult, SeenFor: hub.Prevention, SeenBy: hub.Police, State: "closed", Informed: true, Alone: true}, "self linked by_recused"},
	"advice":              {Advice{Role: hub.MunicipalCoordinator, Kind: hub.Municipality, Step: "ask"}, "own asker manages"},
	"advice, list":        {Advice{Role: hub.Manager, Kind: hub.Police, Step: "list"}, "own asker manages"},
	"advice, kept":        {Advice{Role: hub.Partner, Kind: hub.Region, Step: "open", Own: true, Asker: true}, "manages"},
	"advice, of another":  {Advice{Role: hub.Manager, Kind: hub.Police, Step: "open", Own: true, Manages: true}, "asker"},
	"advice, to the DPO":  {Advice{Role: hub.DPO, Kind: hub.SelfGoverning, Step: "open", Own: true}, "asker manages"},
	"trail":               {Trail{hub.DPO, hub.Region, hub.LogControl, true, false}, "open"},
	"trail, open":         {Trail{hub.DPO, hub.Police, hub.LogControl, true, true}, "open"},
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

// A110 in part: default deny.
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
// round, denies. A110 in part: default deny.
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

// Whoever else's question would be allowed: these roles and kinds never. L2, L3,
// L55; A057 in part: that it was tried is shown elsewhere.
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
				if q, ok := p.q.(Assign); ok {
					q.Target = role
					never(t, e, q, "not_for_target")
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
			switch q := p.q.(type) {
			case Disclose:
				for _, basis := range bases(e) {
					never(t, e, with(with(q, "to", hub.HousingAssociation), "basis", basis), "housing_association_never")
				}
			case Assign:
				for _, role := range hub.Roles {
					never(t, e, with(with(with(q, "same_authority", false), "target_kind", hub.HousingAssociation), "target", role), "housing_association_never")
				}
			case View:
				if q.Relation == "shared" && !q.Author {
					never(t, e, with(q, "shared_by", hub.HousingAssociation), "sender_unknown")
				}
			}
		}
	})
	for purpose, reason := range map[hub.Purpose]string{hub.Investigation: "purpose_investigation_never", hub.BenefitCheck: "purpose_benefit_check_never"} {
		t.Run("for "+string(purpose), func(t *testing.T) {
			for _, p := range allowed {
				if reflect.ValueOf(p.q).FieldByName("Purpose").IsValid() { // else it opens nothing by itself
					never(t, e, with(p.q, "purpose", purpose), reason)
				}
			}
		})
	}
	for _, role := range []hub.Role{hub.CoreGroup, hub.LocalPolice, hub.Partner, hub.Manager, hub.DPO} {
		t.Run(string(role)+" of a concern", func(t *testing.T) {
			for name, p := range allowed {
				item := reflect.ValueOf(p.q).FieldByName("State")
				if _, glass := p.q.(Glass); glass || p.q.Question() == "recuse" || !item.IsValid() || itemOf[item.String()] != "concern" {
					continue // who is recused is no content
				}
				for _, kind := range hub.AuthorityKinds {
					q := with(with(with(p.q, "role", role), "kind", kind), "from", kind)
					if a := ask(t, e, q); a.Allow {
						t.Errorf("%s at %s: %v", name, kind, a.Reasons)
					}
				}
			}
		})
	}
	for _, role := range []hub.Role{hub.Manager, hub.DPO, hub.Reporter} {
		t.Run(string(role)+" of a case", func(t *testing.T) {
			for name, p := range allowed {
				if state := reflect.ValueOf(p.q).FieldByName("State"); !state.IsValid() || slices.Contains([]string{"glass", "recuse", "extract"}, p.q.Question()) || itemOf[state.String()] == "concern" {
					continue
				}
				if p.q.Question() == "recuse" && role == hub.Manager {
					continue // who may say it of a colleague: it opens nothing (recuse.csv)
				}
				for _, kind := range hub.AuthorityKinds {
					q := with(with(with(p.q, "role", role), "kind", kind), "from", kind)
					if a := ask(t, e, q); a.Allow {
						t.Errorf("%s at %s: %v", name, kind, a.Reasons)
					}
				}
			}
		})
	}
}

// Who may list, register and submit at all: every role at every kind of authority.
func TestWhoMayListRegisterAndSubmit(t *testing.T) {
	e := engine(t)
	meets := []hub.Role{hub.Reporter, hub.Institution, hub.Receiver, hub.MunicipalCoordinator, hub.PoliceCoordinator}
	for _, role := range append(slices.Clone(allRoles), hub.Anonymous, "") {
		for _, kind := range append(slices.Clone(hub.AuthorityKinds), "") {
			at := slices.Contains(sees[role], kind) || role == hub.Anonymous && kind == hub.Municipality // the others have none
			basis := map[hub.AuthorityKind]hub.LegalBasis{hub.Police: "RHL", hub.PrisonService: "RHL"}[kind]
			for q, may := range map[Question]bool{
				List{role, kind, hub.Prevention}:                                               at && slices.Contains(append(meets, hub.CoreGroup, hub.LocalPolice, hub.Partner), role),
				Search{role, kind, hub.Prevention, "cpr", "of_concern", false}:                 at && slices.Contains(append(meets, hub.CoreGroup, hub.LocalPolice, hub.Partner), role),
				Register{role, kind, hub.Prevention, cmp.Or(basis, "GDPR6-1-E"), false, false}: at && slices.Contains(meets, role),
				Submit{role, kind, hub.Prevention, cmp.Or(basis, "GDPR6-1-E")}:                 at && slices.Contains(append(meets, hub.Anonymous), role),
			} {
				if a := ask(t, e, q); a.Allow != may {
					t.Errorf("%s %+v: %v %v", q.Question(), q, a.Allow, a.Reasons)
				}
			}
		}
	}
}

// bases is every code of a legal basis, and two that are none.
func bases(e *Engine) []string {
	codes := []string{"", "bogus"}
	for _, b := range e.Bases() {
		codes = append(codes, string(b.Code))
	}
	return codes
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

// Nor is anything disclosed to it, or anybody there let in: no such kind exists.
func TestNothingGoesToTheIntelligenceService(t *testing.T) {
	e := engine(t)
	for _, name := range []hub.AuthorityKind{"p" + "et", "intelligence", "intelligence_service", "efterretningstjeneste"} {
		for _, p := range allowed {
			switch q := p.q.(type) {
			case Disclose:
				never(t, e, with(q, "to", name), "recipient_unknown")
				never(t, e, with(q, "from", name), "kind_unknown")
			case Assign:
				never(t, e, with(with(q, "same_authority", false), "target_kind", name), "target_unknown")
			case View:
				never(t, e, with(q, "kind", name), "kind_unknown")
				if q.Relation == "shared" && !q.Author {
					never(t, e, with(q, "shared_by", name), "sender_unknown")
				}
			case Act:
				never(t, e, with(q, "kind", name), "kind_unknown")
			}
		}
	}
}

// Every entry of the law as data says where it comes from, and every basis has
// its dates, if only as unknown.
func TestTheLawHasSources(t *testing.T) {
	e := engine(t)
	var d map[string]json.RawMessage
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"roles", "kinds", "purposes", "items", "states", "bases", "reasons", "obligations"} {
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
		Bases, Special map[string]struct{ Source string }
	}
	if err := json.Unmarshal(d["disclose"], &disclose); err != nil {
		t.Fatal(err)
	}
	for basis, row := range disclose.Bases {
		if row.Source == "" || !slices.Contains(bases(e), basis) {
			t.Errorf("disclose: %s has no source, or is no basis", basis)
		}
	}
	for class, row := range disclose.Special {
		if row.Source == "" {
			t.Errorf("disclose: %s has no source", class)
		}
	}
	var assign map[string]struct{ Source string }
	if err := json.Unmarshal(d["assign"], &assign); err != nil || len(assign) == 0 {
		t.Fatal(err)
	}
	for whose, table := range assign {
		if table.Source == "" {
			t.Errorf("assign: %s has no source", whose)
		}
	}
}

// Every name in the tables is a name of something: a role, a standing, a state
// and its item's classes. One that is misspelt would open nothing, silently.
func TestTheTablesNameWhatThereIs(t *testing.T) {
	e := engine(t)
	type states map[string]bool
	var d struct {
		Roles, Kinds, Items, Reasons, Obligations map[string]any
		States                                    map[string]struct{ Item, Comes string }
		Through                                   []string
		Senders                                   map[string]string
		Classes                                   map[string]struct {
			Of     string
			Items  []string
			Fields []string
		}
		View     map[string]map[string]map[string][]string
		Act      map[string]map[string]map[string]states
		System   map[string]states
		Disclose struct {
			Roles   map[string]map[string]states
			Classes map[string]map[string][]string
			Special map[string]struct {
				Adds        map[string][]string
				Bases       map[string]states
				Obligations []string
			}
			Bases map[string]struct {
				Pairs       map[string]states
				Items       states
				Obligations []string
			}
		}
	}
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	known := func(where, name string, of ...string) {
		t.Helper()
		if !slices.Contains(of, name) {
			t.Errorf("%s: %q is none of %v", where, name, of)
		}
	}
	inner := slices.Collect(maps.Keys(d.Reasons))
	roles, kinds := slices.Collect(maps.Keys(d.Roles)), slices.Collect(maps.Keys(d.Kinds))
	duties := slices.Collect(maps.Keys(d.Obligations))
	if len(d.States) != len(allStates) || len(d.Items) != len(allItems) {
		t.Errorf("%d states of %d kinds of item", len(d.States), len(d.Items))
	}
	for state, s := range d.States {
		known("states", state, statesOf[s.Item]...)
		known("states", cmp.Or(s.Comes, state), statesOf[s.Item]...)
	}
	for class, c := range d.Classes {
		for _, item := range c.Items {
			known("classes", c.Of, classesOf[item]...)
			known("classes", item, allItems...)
		}
		for _, f := range c.Fields {
			known(class, f, d.Classes[c.Of].Fields...)
		}
		for _, item := range d.Classes[c.Of].Items {
			known(class, item, c.Items...)
		}
	}
	for kind, from := range d.Senders {
		known("senders", kind, anyKind...)
		known("senders", from, d.Through...)
	}
	for role, standings := range d.View {
		for standing, at := range standings {
			known("view", role, roles...)
			known("view", standing, inner...)
			for state, classes := range at {
				known("view", state, allStates...)
				for _, class := range classes {
					known("view of "+state, itemOf[state], d.Classes[class].Items...)
				}
			}
		}
	}
	for action, by := range d.Act {
		for role, standings := range by {
			known(action, role, roles...)
			for standing, at := range standings {
				known(action, standing, inner...)
				for state := range at {
					known(action, state, allStates...)
				}
			}
		}
	}
	for action, at := range d.System {
		for state := range at {
			known(action, state, append(slices.Clone(allStates), "canary")...)
		}
	}
	for role, recipients := range d.Disclose.Roles {
		known("disclose", role, roles...)
		for kind, at := range recipients {
			known("disclose", kind, anyKind...)
			for state := range at {
				known("disclose", state, allStates...)
				known("disclose in "+state, kind, slices.Collect(maps.Keys(d.Disclose.Classes[itemOf[state]]))...)
			}
		}
	}
	for item, recipients := range d.Disclose.Classes {
		for kind, classes := range recipients {
			known("disclose", kind, anyKind...)
			for _, class := range classes {
				known("disclose", class, classesOf[item]...)
			}
		}
	}
	for _, s := range d.Disclose.Special {
		for item, classes := range s.Adds {
			for _, class := range classes {
				known("special", class, classesOf[item]...)
			}
		}
		for kind, grounds := range s.Bases {
			known("special", kind, anyKind...)
			for ground := range grounds {
				known("special", ground, bases(e)...)
			}
		}
		for _, duty := range s.Obligations {
			known("special", duty, duties...)
		}
	}
	for _, b := range d.Disclose.Bases {
		for from, recipients := range b.Pairs {
			known("bases", from, kinds...)
			for to := range recipients {
				known("bases", to, kinds...)
			}
		}
		for item := range b.Items {
			known("bases", item, allItems...)
		}
		for _, duty := range b.Obligations {
			known("bases", duty, duties...)
		}
	}
}

// situation is whose an item is, and how it came to the asker's authority.
type situation struct {
	relation string
	by, from hub.AuthorityKind // who received it, who shared it
}

// shared is a situation in which an item of one kind of authority was shared by
// the same or another kind.
func shared(by, from hub.AuthorityKind) situation { return situation{"shared", by, from} }

// place is the question of a cell, with a share of everything where it is shared.
func place(role hub.Role, kind hub.AuthorityKind, s situation, author, assigned bool, state string) View {
	q := View{Role: role, Kind: kind, Relation: s.relation, Author: author, Assigned: assigned, ReceivedBy: s.by, SharedBy: s.from, State: state, Purpose: hub.Prevention}
	if s.relation == "shared" {
		q.Classes, q.Basis = strings.Join(allClasses, ","), cmp.Or(ground[[2]hub.AuthorityKind{s.from, kind}], "RPL115-2")
	}
	return q
}

// shattered is a question of somebody who has broken the glass.
func shattered(q View) View { q.Glass = true; return q }

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

// L38, A018 in part.
func TestTheHubItselfKeepsHouseAndDecidesNothing(t *testing.T) {
	e := engine(t)
	who := hub.System(time.Time{}, "request")
	live := map[string]string{ // in which something waits, or can still change
		"concern": "draft received rerouted police_check acute police_only triage unfounded other_track case case_closed", "case": "opening collecting analysis assessment recommended follow_up closing",
		"request": "asked", "answer": "", "offer": "offer_draft offered taken_up",
	}
	for _, actions := range append(slices.Collect(maps.Values(actionsOf)), []string{"follow"}) {
		for _, action := range actions {
			for _, state := range append(slices.Clone(allStates), "canary", "") {
				waits := slices.Contains(strings.Fields(live[itemOf[state]]), state)
				may := map[string]bool{
					"canary":  state == "canary", // which is no item, and about nobody
					"discard": state == "draft", "begin": state == "opening", "draft_offer": state == "offer_draft" || state == "recommended",
					"remind": waits, "follow": waits || state == "closed" || state == "not_taken_up" || state == "offer_ended", // told of its closing; what stays open of what ended
				}[action]
				_, err := e.Ask(t.Context(), who, Act{Action: action, Role: "system", State: state, Purpose: hub.Operation})
				if (err == nil) != may {
					t.Errorf("%s in %s: %v", action, state, err)
				}
			}
		}
	}
	for _, q := range []Question{View{Role: "system", Relation: "own", State: "received", Author: true, Assigned: true, Purpose: hub.Prevention},
		Disclose{Role: "system", To: hub.Police, Basis: "RPL115-2", Purpose: hub.Prevention, Item: "concern", State: "received"},
		Assign{Role: "system", Relation: "own", State: "collecting", SameAuthority: true, Target: hub.CoreGroup}, List{Role: "system", Purpose: hub.Prevention}} {
		if _, err := e.Ask(t.Context(), who, q); err == nil {
			t.Errorf("the hub may %s", q.Question())
		}
	}
}
