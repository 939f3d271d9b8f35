package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
	"github.com/infohus/infohus/services/audit"
)

// answered is the one line that the hub logs of a request.
type answered struct {
	route   string // "GET /concerns/{id}"
	status  int64
	reveals int64 // personal texts opened for it
}

// register is a log that keeps the requests' lines.
type register struct {
	mu       sync.Mutex
	requests map[string]answered
}

func (r *register) Enabled(context.Context, slog.Level) bool { return true }
func (r *register) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r *register) WithGroup(string) slog.Handler            { return r }

// Handle keeps a request's line.
func (r *register) Handle(_ context.Context, line slog.Record) error {
	if line.Message != "request" {
		return nil
	}
	v := map[string]slog.Value{}
	line.Attrs(func(a slog.Attr) bool { v[a.Key] = a.Value; return true })
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests[v["request"].String()] = answered{v["method"].String() + " " + v["route"].String(), v["status"].Int64(), v["reveals"].Int64()}
	return nil
}

// shows is what each route that opens personal texts leaves in the trail when it
// answers 200: kinds of objects, as often as it shows one. "?" is one or none,
// "*" any number of them. A route that opens texts and is not here is a fault.
var shows = map[string]string{
	"GET /concerns":                   "concerns concern* subject*",
	"GET /concerns/new":               "subject",
	"GET /concerns/{id}":              "concern subject? concern?", // the concern, the person's card, who has seen it
	"GET /concerns/{id}/draft":        "concern subject",
	"GET /concerns/{id}/send":         "concern subject",
	"GET /concerns/{id}/forward":      "concern subject",
	"GET /concerns/{id}/reroute":      "concern subject",
	"GET /concerns/{id}/check":        "concern subject",
	"GET /concerns/{id}/triage":       "concern subject",
	"GET /concerns/{id}/notification": "concern subject?",
	"GET /concerns/{id}/access":       "concern subject? concern",
	"POST /api/concerns":              "concern concern", // a draft is read once more, and handed in
	"GET /api/concerns/{id}":          "concern",
	"GET /api/concerns/{id}/readers":  "concern",
	"GET /subjects/{id}":              "subject",
	"GET /subjects/{id}/identify":     "subject",
	"GET /subjects/{id}/reveal":       "subject",
	"POST /subjects/{id}/reveal":      "subject",
	"GET /api/subjects/{id}":          "subject",
	"POST /api/subjects/{id}/reveal":  "subject",
	"POST /trail":                     "trail", // justifications
	"GET /trail/{row}":                "trail",
	"POST /api/trail/search":          "trail",
	"POST /api/trail/{row}/again":     "trail",
}

// fitsShape reports whether kinds of objects are what a route shows.
func fitsShape(kinds []string, shape string) bool {
	left := slices.Clone(kinds)
	take := func(kind string) bool {
		i := slices.Index(left, kind)
		if i >= 0 {
			left = slices.Delete(left, i, i+1)
		}
		return i >= 0
	}
	for _, part := range strings.Fields(shape) {
		switch kind := strings.TrimRight(part, "?*"); {
		case strings.HasSuffix(part, "*"):
			for take(kind) {
			}
		case !take(kind) && !strings.HasSuffix(part, "?"):
			return false
		}
	}
	return len(left) == 0
}

// faults holds the requests against the trail, both ways: every answer with
// personal data has just its rows, and every row that showed somebody
// something belongs to a request of theirs that was answered (P1, A090).
func (s *script) faults(book *register) (list []string) {
	s.Helper()
	kinds, people, lines := map[string][]string{}, map[string]map[string]bool{}, map[string]int{}
	for _, row := range s.SQL(`select request, object_kind, person || ' ' || hat, rows from audit.trail where outcome = 'allow' and person not in ('system', 'anonymous') order by id`) {
		request := row[0]
		if _, known := book.requests[request]; !known {
			list = append(list, fmt.Sprintf("a row about a %s is of the request %s, which was never asked", row[1], request))
			continue
		}
		if people[request] == nil {
			people[request] = map[string]bool{}
		}
		people[request][row[2]] = true
		kinds[request] = append(kinds[request], row[1])
		if row[1] == "concerns" {
			lines[request] = atoi(row[3])
		}
	}
	for request, n := range lines { // a list: a row for each person shown
		shown := 0
		for _, kind := range kinds[request] {
			if kind == "concern" {
				shown++
			}
		}
		if shown != n {
			list = append(list, fmt.Sprintf("%s showed %d concerns, and left rows of %d", book.requests[request].route, n, shown))
		}
	}
	for request, a := range book.requests {
		if len(people[request]) > 1 {
			list = append(list, fmt.Sprintf("%s has rows of several people", a.route))
		}
		if a.reveals == 0 {
			continue
		}
		if a.status >= 300 { // a form shown again, or what was read before something else went wrong
			if len(kinds[request]) == 0 {
				list = append(list, fmt.Sprintf("%s opened %d personal texts, answered %d, and left no row", a.route, a.reveals, a.status))
			}
			continue
		}
		shape, known := shows[a.route]
		switch {
		case len(kinds[request]) == 0:
			list = append(list, fmt.Sprintf("%s opened %d personal texts, answered %d, and left no row", a.route, a.reveals, a.status))
		case !known:
			list = append(list, fmt.Sprintf("%s opens personal texts, and the table does not say what it records: %v", a.route, kinds[request]))
		case !fitsShape(kinds[request], shape):
			list = append(list, fmt.Sprintf("%s left the rows %v, want %s", a.route, kinds[request], shape))
		}
	}
	return list
}

// marks are words that stand in one field only: whoever is sent the word has a
// row of the trail that names the field.
var marks = map[string]string{"Navnløs": "name", "kiosken": "statements", "omgangskreds": "why_now", "mentor": "context", "Tove Tavle": "reporter_name",
	"Opdigtet Allé": "address", "670308-": "cpr", "tovholder alene": "rationale"}

// unrecorded gives the marks in an answer that no row of its request names.
func (s *script) unrecorded(a hubtest.Answer) (list []string) {
	s.Helper()
	request := a.Header.Get("X-Request-Id")
	fields := s.One("select coalesce(string_agg(array_to_string(fields, ' '), ' '), '') from audit.trail where outcome = 'allow' and request = '" + request + "'")
	for word, field := range marks {
		if strings.Contains(a.Text(), word) && !strings.Contains(fields, field) {
			list = append(list, fmt.Sprintf("%s shows %q, and the trail has only the fields %s", a.Path, word, fields))
		}
	}
	return list
}

// decided makes every decision in the trail again, from its question and under
// its revision, and tells what does not come out as it was recorded.
func (s *script) decided() (list []string, made int) {
	s.Helper()
	// What a question that opens no fields of its own is recorded with, by act:
	// what was taken in, or stands on the page that it is the right to.
	others := map[string]string{"register collect": "name cpr birth_date address language age_band protected", "register search": "cpr",
		"register consult": "name cpr birth_date address age_band protected", "register change": "name cpr birth_date address language age_band protected",
		"assign consult": "who_can_see", "act change": "child child_due age_band", "act erase": "name cpr birth_date address age_band protected", "act admin": "due"}
	for _, row := range s.SQL(`select distinct question, input, revision, outcome, array_to_string(reasons, ' '), array_to_string(obligations, ' '), array_to_string(fields, ' '), act
		from audit.trail where question <> ''`) {
		made++
		what := fmt.Sprintf("%s %s: %s", row[7], row[0], row[1])
		q, err := policies.Decode(row[0], []byte(row[1]))
		if err != nil {
			list = append(list, what+" cannot be read: "+err.Error())
			continue
		}
		a, err := s.Engine().Advise(s.Context(), q)
		if err != nil || row[2] != s.Engine().Revision() {
			s.Fatalf("%s, revision %s: %v", what, row[2], err)
		}
		if row[4] == "hat_mismatch" { // refused before any rule
			continue
		}
		if a.Allow != (row[3] == "allow") || strings.Join(a.Reasons, " ") != row[4] {
			list = append(list, fmt.Sprintf("%s was %s for %s, and now is %v for %v", what, row[3], row[4], a.Allow, a.Reasons))
		}
		if row[3] == "allow" && strings.Join(a.Obligations, " ") != row[5] {
			list = append(list, fmt.Sprintf("%s had the obligations %s, and now has %v", what, row[5], a.Obligations))
		}
		for _, f := range strings.Fields(row[6]) {
			if !slices.Contains(a.Fields, f) && !among(others[row[0]+" "+row[7]], f) {
				list = append(list, fmt.Sprintf("%s is recorded with the field %s, which it did not open", what, f))
			}
		}
	}
	return list, made
}

// leaky is audit with a handler that shows somebody without a record: broken on
// purpose.
func leaky() service.Service {
	s := audit.Service
	open := s.Open
	s.Open = func(env service.Env) (service.Room, error) {
		room, err := open(env)
		type leak struct {
			Name string `json:"name"`
		}
		room.Routes = append(room.Routes, web.API("leak", "GET", "/api/leak", "Broken on purpose.", func(r *web.Request, _ struct{}) (leak, error) {
			return leak{hub.NewPersonal("Navnløs").Reveal(r.Context())}, nil
		}))
		return room, err
	}
	return s
}

// TestEveryShowingIsRecorded is P1: every page and operation, asked by everybody
// whom it may concern, of concerns in every state, leaves just its rows in the
// trail, and the trail has no others. The same check finds a handler that was
// broken on purpose, a row that was taken away and one that was put in.
func TestEveryShowingIsRecorded(t *testing.T) {
	book := &register{requests: map[string]answered{}}
	services := rooms()
	services[slices.IndexFunc(services, func(x service.Service) bool { return x.Name == "audit" })] = leaky()
	s := &driver{script: &script{t, hubtest.Open(t, hubtest.Options{Services: services, Log: book}), map[string]*hubtest.Client{}}}
	things := s.everyState()
	s.asksEverything(things)
	s.formsToo()
	s.Settle()
	book.mu.Lock()
	defer book.mu.Unlock()
	for _, f := range s.faults(book) {
		t.Error(f)
	}
	list, made := s.decided()
	for _, f := range list {
		t.Error(f)
	}
	asked, showed := map[string]bool{}, map[string]bool{}
	opened := 0
	for _, a := range book.requests {
		if a.status < 400 {
			asked[a.route] = true
		}
		if a.reveals > 0 && a.status < 300 {
			opened++
			showed[a.route] = true
		}
	}
	for _, r := range s.Site().Routes() {
		if !asked[r.Method+" "+r.Path] && !r.NoTrace && r.Op != "leak" {
			t.Errorf("%s %s was never answered in this test: a new page or operation has to be asked here", r.Method, r.Path)
		}
	}
	for route := range shows {
		if !showed[route] {
			t.Errorf("the table has %s, which showed nothing", route)
		}
	}
	s.breaks(book)
	t.Logf("%d requests, %d of them showed personal texts, %d different decisions made again", len(book.requests), opened, made)
}

// breaks does wrong on purpose, and holds that it is found.
func (s *driver) breaks(book *register) {
	finds := func(want string) {
		s.Helper()
		list := s.faults(book)
		if len(list) != 1 || !strings.Contains(list[0], want) {
			s.Errorf("of %q was found: %v", want, list)
		}
	}
	book.mu.Unlock()
	a := s.as(coordinator).API("GET", "/api/leak", nil).Must(200)
	book.mu.Lock()
	finds("GET /api/leak opened 1 personal texts, answered 200, and left no row")
	if got := s.unrecorded(a); len(got) != 1 {
		s.Errorf("the word that leaked was found in %v", got)
	}
	delete(book.requests, a.Header.Get("X-Request-Id"))
	for request, one := range book.requests {
		if one.route == "GET /api/concerns/{id}" && one.reveals > 0 {
			s.SQL("create table taken as select * from audit.trail where request = '" + request + "'")
			s.SQL("delete from audit.trail where request = '" + request + "'")
			finds("GET /api/concerns/{id} opened")
			s.SQL("insert into audit.trail overriding system value select * from taken")
			s.SQL("insert into audit.trail overriding system value select * from (select (jsonb_populate_record(null::audit.trail, to_jsonb(t) || '{\"id\": -1}')).* from taken t) twice")
			finds("left the rows [concern concern], want concern")
			s.SQL("update audit.trail set request = 'nobody' where id = -1")
			finds("which was never asked")
			s.SQL("update audit.trail set request = '" + request + "', fields = '{police_rationale}', input = input || '{\"state\": \"received\"}' where id = -1")
			if list, _ := s.decided(); len(list) == 0 {
				s.Error("a decision that was changed comes out as it stands there")
			}
			s.SQL("delete from audit.trail where id = -1")
			return
		}
	}
	s.Error("nobody read a concern")
}

// everyState makes a concern of each kind in each state.
func (s *driver) everyState() (things []driven) {
	for _, by := range []string{"municipality", "police"} {
		for _, state := range []string{"draft", "received", "rerouted", "police_check", "acute", "police_only", "triage", "unfounded", "other_track", "case"} {
			things = append(things, s.drives(by, state))
		}
	}
	// One with a number, a reporter's name and an address, received by the one
	// who sees all that.
	subject := s.registers(coordinator, map[string]any{"name": "Navnløs Opdigtet", "cpr": "670308-4019", "address": "Opdigtet Allé 12"})
	var got done
	s.as(coordinator).API("POST", "/api/concerns", concern(subject, map[string]any{"reporter_name": "Tove Tavle", "child": "yes", "forward": toPolice})).Must(201).JSON(&got)
	things = append(things, driven{got.ID, subject, hub.NewID()})
	var draft done
	unknown := s.registers(coordinator, map[string]any{"unknown": true})
	in := concern(unknown, nil)
	delete(in, "purpose")
	delete(in, "legal_basis")
	s.as(coordinator).API("POST", "/api/concerns/drafts", in).Must(201).JSON(&draft)
	return append(things, driven{draft.ID, unknown, hub.NewID()})
}

// asksEverything opens every page and every operation that reads, of every
// concern, as everybody whom it may concern.
func (s *driver) asksEverything(things []driven) {
	for _, login := range []string{coordinator, policeMan, ssp, teacher, "merete", koegeDPO, roskilde} {
		c := s.as(login)
		for _, r := range s.Site().Routes() {
			if r.Method != "GET" || r.NoTrace || r.Op == "leak" || strings.HasPrefix(r.Path, "/signin") || r.Path == "/kept" {
				continue
			}
			of := things
			if !strings.Contains(r.Path, "{id}") {
				of = things[:1]
			}
			for _, d := range of {
				path := strings.NewReplacer("{row}", s.One("select max(id) from audit.trail where controller = 'koege' and why_ref <> ''")).Replace(r.Path)
				if r.Path == "/concerns/new" {
					path += "?subject=" + string(s.registers(coordinator, map[string]any{"name": "Navnløs Også", "no_cpr": true}))
				}
				path = fill(path, d.id, d.subject)
				var a hubtest.Answer
				if r.Op != "" {
					a = c.API("GET", path, nil)
				} else {
					a = c.Get(path)
				}
				if a.Status >= 500 {
					s.Errorf("%s %s: %d", login, path, a.Status)
				}
				if strings.Contains(a.Text(), "[intake.") || strings.Contains(a.Text(), "[person.") || strings.Contains(a.Text(), "[portal.") || strings.Contains(a.Text(), "[audit.") || strings.Contains(a.Text(), "[web.") {
					s.Errorf("%s sees a word that is missing on %s", login, path)
				}
				for _, f := range s.unrecorded(a) {
					s.Errorf("%s: %s", login, f)
				}
				if listed := "select coalesce(sum(rows), 0) from audit.trail where object_kind = 'concerns' and request = '" + a.Header.Get("X-Request-Id") + "'"; r.Op == "listConcerns" &&
					s.One(listed) != fmt.Sprint(strings.Count(a.Text(), `{"id":"`)) {
					s.Errorf("%s lists %d concerns, and the trail says %s", login, strings.Count(a.Text(), `{"id":"`), s.One(listed))
				}
			}
		}
		spans.reset()
	}
}

// formsToo sends every form and every command once, as it should be and in part
// not: what comes back then is a page too.
func (s *driver) formsToo() {
	c, p := s.as(coordinator), s.as(policeMan)
	form := func(c *hubtest.Client, path string, fields url.Values) hubtest.Answer {
		s.Helper()
		a := c.Submit(path, fields)
		if a.Status >= 500 {
			s.Errorf("%s: %d", path, a.Status)
		}
		return a
	}
	c.Get("/subjects/new?next=concern")
	form(c, "/subjects/new?next=concern", url.Values{"name": {""}}).Must(400)
	a := form(c, "/subjects/new?next=concern", url.Values{"name": {"Navnløs Igen"}, "no_cpr": {"yes"}}).Must(200)
	form(c, "/concerns/new", url.Values{"on": {"1"}}).Must(400)
	a = form(c, "/concerns/new", url.Values{"save": {"1"}, "why_now": {"Ny omgangskreds."}}).Must(200)
	at := strings.TrimSuffix(a.Path, "/draft")
	a = form(c, at+"/draft", url.Values{"statements.0.text": {"Er set ved kiosken."}, "statements.0.kind": {"fact"}, "urgency": {"normal"}, "why_now": {"Ny omgangskreds."}, "child": {"yes"}, "on": {"1"}}).Must(200)
	form(c, at+"/send", url.Values{"forward": {"yes"}, "necessity": {"kort"}}).Must(400)
	form(c, at+"/send", url.Values{"forward": {""}}).Must(200)
	c.Get(at + "/notification")
	form(c, at+"/notification", url.Values{"outcome": {"notified"}, "reason": {"Er underrettet."}}).Must(200)
	hat := string(s.as(ssp).Post.Hat.ID)
	form(c, at+"/access", url.Values{"hat": {hat}}).Must(200)
	assignment := s.One("select id from access.assignment where item = '" + strings.TrimPrefix(at, "/concerns/") + "' and why = 'colleague'")
	form(c, at+"/access/"+assignment+"/end", nil).Must(200)
	form(c, at+"/forward", url.Values{"necessity": {because}}).Must(200)
	form(p, at+"/check", url.Values{"outcome": {"released"}}).Must(200)
	form(c, at+"/triage", url.Values{"outcome": {"case"}, "rationale": {"kort"}}).Must(400)
	form(c, at+"/triage", url.Values{"outcome": {"case"}, "rationale": {"Begrundelsen er skrevet af den ene tovholder alene."}}).Must(200)

	theirs := "/concerns/" + string(s.drives("police", "triage").id) + "/access" // the police let their own in
	form(p, theirs, url.Values{"hat": {string(s.as("freja").Post.Hat.ID)}}).Must(200)
	d := s.drives("municipality", "received")
	form(c, "/concerns/"+string(d.id)+"/reroute", url.Values{"track": {"violence"}}).Must(200)
	c.Get("/concerns/new?subject=" + string(s.registers(coordinator, map[string]any{"name": "Navnløs Sidst", "no_cpr": true})))
	a = form(c, "/concerns/new", url.Values{"save": {"1"}}).Must(200)
	form(c, strings.TrimSuffix(a.Path, "/draft")+"/discard", nil).Must(200)

	person := string(s.registers(coordinator, map[string]any{"name": "Navnløs Med Nummer", "cpr": "670308-4027"}))
	s.submits2(person)
	c.Get("/subjects/" + person + "/reveal")
	if a := form(c, "/subjects/"+person+"/reveal", url.Values{"reason": {"Til opslag i fagsystemet."}}).Must(200); !strings.Contains(a.Text(), "670308-4027") || len(s.unrecorded(a)) > 0 {
		s.Errorf("the number is not shown, or not recorded: %v", s.unrecorded(a))
	}
	c.API("POST", "/api/subjects/"+person+"/reveal", map[string]any{"reason": "Til opslag i fagsystemet."}).Must(200)
	half := string(s.registers(coordinator, map[string]any{"unknown": true}))
	s.submits2(half)
	c.API("POST", "/api/subjects/"+half+"/identify", map[string]any{"birth_date": "2011-05-05"}).Must(200)
	form(c, "/subjects/"+half+"/identify", url.Values{"name": {"Navnløs Fundet"}}).Must(200)

	var got done
	in := concern(s.registers(coordinator, map[string]any{"name": "Navnløs Kladde", "no_cpr": true}), nil)
	delete(in, "purpose")
	delete(in, "legal_basis")
	c.API("POST", "/api/concerns/drafts", in).Must(201).JSON(&got)
	in["version"] = 1
	c.API("PUT", "/api/concerns/"+string(got.ID)+"/draft", in).Must(200)
	c.API("POST", "/api/concerns", map[string]any{"draft": got.ID, "purpose": "prevention", "legal_basis": "GDPR6-1-E"}).Must(200)
	var given struct{ Assignment hub.ID }
	c.API("POST", "/api/concerns/"+string(got.ID)+"/access", map[string]any{"hat": hat}).Must(200).JSON(&given)
	c.API("DELETE", "/api/concerns/"+string(got.ID)+"/access/"+string(given.Assignment), nil).Must(200)
	discarded := s.drives("municipality", "draft")
	s.as(teacher).API("DELETE", "/api/concerns/"+string(discarded.id)+"/draft", nil).Must(200)
	c.API("POST", "/api/concerns/"+string(got.ID)+"/notification", map[string]any{"outcome": "notified", "reason": "Er underrettet."}).Must(200)

	dpo := s.as(koegeDPO)
	found := dpo.API("POST", "/api/trail/search", map[string]any{"ground": "lawfulness"}).Must(200)
	var rows struct{ Rows []struct{ ID json.Number } }
	if err := json.Unmarshal(found.Body, &rows); err != nil || len(rows.Rows) == 0 {
		s.Fatalf("the officer finds nothing: %v %s", err, found.Body)
	}
	dpo.API("POST", "/api/trail/"+string(rows.Rows[0].ID)+"/again", nil).Must(200)
	justified := s.One("select max(id) from audit.trail where controller = 'koege' and why_ref <> ''")
	dpo.API("POST", "/api/trail/"+justified+"/again", nil).Must(200)
	dpo.Get("/trail")
	form(dpo, "/trail", url.Values{"ground": {"lawfulness"}}).Must(200)
	s.signsInAndOut()
}

// submits2 hands a concern in about a person who is registered.
func (s *driver) submits2(person string) {
	s.Helper()
	s.as(coordinator).API("POST", "/api/concerns", concern(hub.ID(person), nil)).Must(201)
}

// signsInAndOut goes through what is left: notices, hats, a form kept over a
// sign-in, signing out.
func (s *driver) signsInAndOut() {
	c := s.AsRole("birk", hub.Receiver)
	c.Get("/hats").Must(200)
	c.Submit("/hats", url.Values{"hat": {string(c.Post.Hat.ID)}}).Must(200)
	d := s.as(coordinator)
	d.Get("/").Must(200)
	d.Submit("/notices/read", nil).Must(200)
	d.API("GET", "/api/whoami", nil).Must(200)
	d.API("GET", "/api/notices", nil).Must(200)
	d.Get("/kept").Must(200)
	r := httptest.NewRequestWithContext(s.Context(), http.MethodPost, "/signout", nil)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://hub.test")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	c.Do(r).Must(303)
}
