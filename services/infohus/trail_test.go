//go:build !race

package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
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
	"POST /concerns/export":           "concerns concern* subject*",
	"POST /concerns/{id}/export":      "concern concern subject subject?", // read, and taken out
	"GET /concerns/{id}":              "concern subject? concern?",        // the concern, the person's card, who has seen it
	"GET /concerns/{id}/draft":        "concern subject",
	"GET /concerns/{id}/send":         "concern subject",
	"GET /concerns/{id}/forward":      "concern subject",
	"GET /concerns/{id}/recall":       "concern subject?",
	"GET /concerns/{id}/reroute":      "concern subject",
	"GET /concerns/{id}/check":        "concern subject",
	"GET /concerns/{id}/triage":       "concern subject",
	"GET /concerns/{id}/notification": "concern subject?",
	"GET /concerns/{id}/access":       "concern subject? concern",
	"POST /api/concerns":              "concern concern", // a draft is read once more, and handed in
	"GET /api/concerns/{id}":          "concern",
	"GET /api/concerns/{id}/readers":  "concern",
	// Somebody whom two things are about that the reader stands to, a concern and
	// the case that came of it, is shown by two decisions: a row for each that gave
	// a field which none before it gave, so that no field is recorded twice, and
	// each on what it rests on.
	"GET /subjects/{id}":             "subject subject?",
	"GET /subjects/{id}/identify":    "subject",
	"GET /subjects/{id}/reveal":      "subject subject?",
	"POST /subjects/{id}/reveal":     "subject",
	"GET /api/subjects/{id}":         "subject subject?",
	"POST /api/subjects/{id}/reveal": "subject",
	"POST /search":                   "subjects subject* concerns* concern* cases* case* offers* offer*", // and what each room has about whom was found
	"POST /api/subjects/search":      "subjects subject*",
	"POST /trail":                    "trail", // justifications
	"GET /trail/{row}":               "trail",
	"POST /api/trail/search":         "trail",
	"POST /api/trail/{row}/again":    "trail",

	"GET /concerns/{id}/glass/{glass}":     "concern", // a reason, to whoever is to say yes
	"GET /cases/{id}/glass/{glass}":        "case",
	"GET /api/concerns/{id}/glass/{glass}": "concern",
	"GET /api/cases/{id}/glass/{glass}":    "case",
	"GET /glass/{glass}":                   "trail",
	"GET /api/glass/{glass}":               "trail",

	"GET /samples/{sample}":     "trail", // the justification of its row, and what was noted of it
	"GET /api/samples/{sample}": "trail",

	"GET /anomalies/{anomaly}":     "trail", // what was noted of it
	"GET /api/anomalies/{anomaly}": "trail",

	"GET /extracts/{extract}":                "extract",
	"GET /extracts/{extract}/answer":         "extract",
	"GET /api/extracts/{extract}":            "extract",
	"GET /api/extracts/{extract}/answer":     "extract",
	"GET /api/extracts/{extract}/answer.pdf": "extract",
	"POST /api/extracts":                     "extract extract", // that names stand in it, and why
	"POST /api/extracts/{extract}":           "extract extract",

	"GET /breaches":                            "breach", // opened, and held against what stands beside it
	"GET /api/breaches":                        "breach",
	"GET /breaches/{breach}":                   "breach",
	"GET /breaches/{breach}/draft":             "breach",
	"POST /api/breaches":                       "breach", // what happened, on its way into its box
	"GET /api/breaches/{breach}":               "breach",
	"GET /api/breaches/{breach}/draft":         "breach",
	"POST /api/breaches/{breach}/description":  "breach",
	"POST /api/breaches/{breach}/inform":       "breach",
	"POST /api/breaches/{breach}/notification": "breach",
	"POST /api/breaches/{breach}/close":        "breach",
	"POST /api/breaches/{breach}/correction":   "breach",

	"GET /cases":                      "cases case* subject*",
	"POST /cases/export":              "cases case* subject*",
	"POST /written/export":            "written concern* request* answer* case* offer* case*", // each thing in which the authority wrote
	"POST /cases/{id}/export":         "case case subject subject? case? case?",               // and its course
	"GET /cases/{id}":                 "case answer* subject? case? case?",                    // the case, its answers, the person's card, its course, who has seen it
	"GET /cases/{id}/open":            "case subject",
	"GET /cases/{id}/circle":          "case subject",
	"GET /cases/{id}/ask":             "case subject",
	"GET /cases/{id}/meeting":         "case subject",
	"GET /cases/{id}/assessment":      "case subject",
	"GET /cases/{id}/assessment/edit": "case answer* subject",
	"GET /cases/{id}/assessment/diff": "case case subject?", // each version is read by itself
	"GET /cases/{id}/dissent":         "case subject",
	"GET /cases/{id}/inform":          "case subject",
	"GET /cases/{id}/sign":            "case subject",
	"GET /cases/{id}/reassess":        "case subject",
	"GET /cases/{id}/recommend":       "case subject",
	"GET /cases/{id}/consent":         "case subject",
	"GET /cases/{id}/followup":        "case subject",
	"GET /cases/{id}/close":           "case subject",
	"GET /cases/{id}/take-back":       "case subject",
	"GET /api/cases/{id}":             "case",
	"GET /api/cases/{id}/answers":     "answer*",
	"GET /api/answers":                "answer*",
	"GET /api/cases/{id}/assessment":  "case",
	"GET /api/cases/{id}/course":      "case",
	"PUT /api/cases/{id}/assessment":  "case case", // what is written is read first, and then changed
	"POST /api/cases/{id}/sign":       "case case",
	"POST /api/cases/{id}/reassess":   "case case",
	"GET /meetings":                   "meetings case* subject*",
	"GET /meetings/{meeting}":         "meetings case* subject*",
	"GET /requests":                   "requests request* subject*",
	"GET /requests/{id}":              "request subject?",
	"GET /requests/{id}/answer":       "request subject?",
	"GET /api/requests/{id}":          "request",
	"GET /offers":                     "offers offer* subject*",
	"GET /offers/{id}":                "offer subject? offer?", // the offer, the person's card, who has seen it
	"GET /offers/{id}/send":           "offer subject",
	"GET /offers/{id}/answer":         "offer subject?", // without identity until it is taken up
	"GET /offers/{id}/progress":       "offer subject?",
	"GET /api/offers/{id}":            "offer",
	"GET /api/offers/{id}/preview":    "offer",
}

// lists are the kinds of lists, with what stands in their lines.
var lists = map[string]string{"concerns": "concern", "cases": "case", "requests": "request", "offers": "offer"}

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
// personal data has just its rows, a list one for each line, and every row of a
// person belongs to a request, all of one request to one person (P1, A090).
func (s *script) faults(book *register) (list []string) {
	s.Helper()
	kinds, people, lines, given, noted := map[string][]string{}, map[string]map[string]bool{}, map[string]int{}, map[string]bool{}, map[string]bool{}
	for _, row := range s.SQL(`select request, object_kind, person || ' ' || hat, rows, outcome, object_id, array_to_string(fields, ' ') from audit.trail
		where person not in ('system', 'anonymous') order by id`) {
		request := row[0]
		noted[request] = true
		if row[4] != "allow" {
			continue
		}
		if _, known := book.requests[request]; !known {
			list = append(list, fmt.Sprintf("a row about a %s is of the request %s, which was never asked", row[1], request))
			continue
		}
		if people[request] == nil {
			people[request] = map[string]bool{}
		}
		people[request][row[2]] = true
		kinds[request] = append(kinds[request], row[1])
		if lists[row[1]] != "" {
			lines[request+" "+row[1]] = atoi(row[3])
		}
		for _, f := range strings.Fields(row[6]) {
			if at := request + row[5] + f; row[1] == "subject" && given[at] && strings.HasPrefix(book.requests[request].route, "GET ") {
				list = append(list, fmt.Sprintf("%s recorded the field %s of one person twice", book.requests[request].route, f))
			} else {
				given[at] = true
			}
		}
	}
	for at, n := range lines { // a list: a row for each person shown
		request, kind, _ := strings.Cut(at, " ")
		shown := 0
		for _, one := range kinds[request] {
			if one == lists[kind] {
				shown++
			}
		}
		if shown < n || shown > n && !strings.Contains("GET / POST /search POST /concerns/export POST /cases/export", book.requests[request].route) { // where other rooms show some of them too, or each is taken out besides
			list = append(list, fmt.Sprintf("%s showed %d %s, and left rows of %d", book.requests[request].route, n, kind, shown))
		}
	}
	for request, a := range book.requests {
		if len(people[request]) > 1 {
			list = append(list, fmt.Sprintf("%s has rows of several people", a.route))
		}
		if !noted[request] && (a.status == 403 || a.status == 404) && strings.Contains(a.route, "{") {
			list = append(list, fmt.Sprintf("%s was refused with %d, and left no row", a.route, a.status))
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
var marks = map[string]string{"Navnløs": "name", "kiosken": "statements", "Ny omgangskreds": "why_now", "God kontakt til sin mentor": "context", "Tove Tavle": "reporter_name",
	"Opdigtet Allé": "address", "670308-": "cpr", "tovholder alene": "municipal_rationale|police_rationale",
	"kende skolegangen": "circle", "i frikvartererne": "questions", "Fraværet er afgørende": "necessity", "kontaktlærer": "contact", "for sent til tolv": "facts",
	"Alle om bordet": "meeting", "slagord fra nettet": "dimensions", "skifter mening, hvis": "dissents", "lystfiskeri": "change_test", "når moren er med": "inform",
	"ved at miste grebet": "preview|recommendations", "to aftener om ugen": "task", "begynder på onsdag": "progress", "Kommer glad": "progress", "fraværet falder": "follow_ups",
	"hvem der skrev": "closing", "Mappe syv": "recommendations"}

// unrecorded gives the marks in an answer that no row of its request names.
func (s *script) unrecorded(a hubtest.Answer) (list []string) {
	s.Helper()
	request := a.Header.Get("X-Request-Id")
	if !slices.ContainsFunc(slices.Collect(maps.Keys(marks)), func(word string) bool { return strings.Contains(a.Text(), word) }) {
		return nil
	}
	fields := s.One("select coalesce(string_agg(array_to_string(fields, ' '), ' '), '') from audit.trail where outcome = 'allow' and request = '" + request + "'")
	for word, field := range marks {
		if strings.Contains(a.Text(), word) && !slices.ContainsFunc(strings.Split(field, "|"), func(f string) bool { return among(fields, f) }) {
			list = append(list, fmt.Sprintf("%s shows %q, and the trail has only the fields %s", a.Path, word, fields))
		}
	}
	return list
}

// decided makes every decision in the trail again, from its question and by the
// document of its day, and tells what does not come out as it was recorded.
func (s *script) decided() (list []string, made int) {
	s.Helper()
	// What a question that opens no fields of its own is recorded with, by act:
	// what was taken in, or stands on the page that it is the right to.
	others := map[string]string{"register collect": "name cpr birth_date address language age_band protected", "register search": "cpr",
		"register consult": "name cpr birth_date address age_band protected", "register change": "name cpr birth_date address language age_band protected",
		"assign consult": "who_can_see", "glass consult": "glass_reason", "act change": "child child_due age_band erase_at next_date state", "act collect": "tasks", "search search": "cpr name birth_date reference",
		"act export": "reference state received_at received_by due child_due erase_at retention_rule channel theme urgency urgency_reason child statements why_now context wishes " +
			"name cpr birth_date age_band protected address reporter_kind reporter_name reporter_contact check_outcome triage_outcome municipal_rationale police_rationale who_can_see who_has_seen " +
			"opened_at next_date instrument circle requests meeting dimensions level rationale dissents gaps signatures change_test valid_until inform recommendations follow_ups tasks closing",
		"act erase": "name cpr birth_date address age_band protected", "act admin": "due"}
	engines := map[string]*policies.Engine{s.Engine().Revision(): s.Engine()}
	for _, kept := range s.SQL(`select revision, encode(document, 'hex') from access.revision`) {
		if engines[kept[0]] != nil {
			continue
		}
		document, err := hex.DecodeString(kept[1])
		if err != nil {
			s.Fatal(err)
		}
		e, err := policies.New()
		if err == nil {
			err = e.Revise(document)
		}
		if err != nil {
			s.Fatal(err)
		}
		engines[e.Revision()] = e
	}
	for _, row := range s.SQL(`select distinct question, input, revision, outcome, array_to_string(reasons, ' '), array_to_string(obligations, ' '), array_to_string(fields, ' '), act
		from audit.trail where question <> ''`) {
		made++
		what := fmt.Sprintf("%s %s: %s", row[7], row[0], row[1])
		q, err := policies.Decode(row[0], []byte(row[1]))
		if err != nil {
			list = append(list, what+" cannot be read: "+err.Error())
			continue
		}
		ofTheDay := engines[row[2]]
		if ofTheDay == nil {
			s.Fatalf("%s was decided by revision %s, which is not kept", what, row[2])
		}
		a, err := ofTheDay.Advise(s.Context(), q)
		if err != nil {
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

// TestVolumeEveryShowingIsRecorded is P1 in part (no counter runs each night): every page and operation, asked by
// everybody whom it may concern, of concerns in every state, leaves just its
// rows in the trail, and the trail has no others. The same check finds a handler
// that was broken on purpose, a row that was taken away and one that was put in.
// A090, L15 in part, L16 in part.
func TestVolumeEveryShowingIsRecorded(t *testing.T) {
	book := &register{requests: map[string]answered{}}
	services := rooms()
	services[slices.IndexFunc(services, func(x service.Service) bool { return x.Name == "audit" })] = leaky()
	s := &driver{script: &script{t, hubtest.Open(t, hubtest.Options{Services: services, Log: book}), map[string]*hubtest.Client{}}}
	things := s.everyState()
	s.asksEverything(things)
	s.formsToo()
	d := &desk{driver: s}
	d.everything()
	d.asksCases()
	d.caseForms()
	d.takesAlong()
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
