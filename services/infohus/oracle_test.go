//go:build !race

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// allowed are the headers that may differ between two answers.
var allowed = []string{"X-Request-Id", "Date", "Traceparent"}

// ask sends what is asked for as it is: to the API body, to a page form.
func (s *script) ask(c *hubtest.Client, method, path, body string, form url.Values) hubtest.Answer {
	api, none := strings.HasPrefix(path, "/api/"), method == "GET" || method == "HEAD" || method == "DELETE" || method == "OPTIONS"
	if !api {
		body = form.Encode()
	}
	r := httptest.NewRequestWithContext(s.Context(), method, path, http.NoBody)
	if !none {
		r = httptest.NewRequestWithContext(s.Context(), method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		if !api {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Origin", "https://hub.test")
		}
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if api {
		r.Header.Set("Authorization", "Bearer "+s.Issuer.Sign(s.Issuer.Claims(c.Post)))
		r.Header.Set("Infohus-Hat", string(c.Post.Hat.ID))
	}
	return c.Do(r)
}

// refs are references to things: by the first word of the paths that lead to
// them, or by the name of their place in a path.
type refs map[string]hub.ID

// inPath are the places in a path.
var inPath = regexp.MustCompile(`\{([a-z]+)\}`)

// fill puts references into a path. What is not among them is left as it is.
func fill(path string, of refs) string {
	for _, m := range inPath.FindAllStringSubmatch(path, -1) {
		name := m[1]
		if name == "id" {
			name, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimPrefix(path, "/api"), "/"), "/")
		}
		if id := of[name]; id != "" {
			path = strings.Replace(path, m[0], string(id), 1)
		}
	}
	return path
}

// invented are as many references that never were.
func (r refs) invented() refs {
	out := refs{}
	for name := range r {
		if out[name] = hub.NewID(); name == "row" {
			out[name] = "999999999"
		}
	}
	return out
}

// readable are the things that can be read by themselves; what else has a
// reference is a part of one of them.
var readable = []string{"concerns", "subjects", "row", "cases", "requests", "answers", "offers", "meeting", "advice", "glass", "extracts", "samples", "anomalies", "breaches"}

// knows reports whether somebody is shown a thing at all.
func (s *script) knows(login, name string, of refs) bool {
	s.Helper()
	path := "/api/" + name + "/" + string(of[name])
	switch c := s.as(login); name {
	case "answers":
		return strings.Contains(c.API("GET", "/api/cases/"+string(of["cases"])+"/answers", nil).Text(), string(of[name]))
	case "meeting":
		return c.Get("/meetings/"+string(of[name])).Status == 200
	case "extracts":
		return c.API("GET", "/api/extracts/"+string(of["extract"]), nil).Status == 200
	case "samples":
		return c.API("GET", "/api/samples/"+string(of["sample"]), nil).Status == 200
	case "row":
		return c.Get("/trail/"+string(of[name])).Status == 200
	default:
		return c.API("GET", path, nil).Status == 200
	}
}

// asking is one way of asking for a thing, and the same way for one that never
// was.
type asking struct {
	method         string
	path, invented string
	body, instead  string // of the API
	form           url.Values
}

// alike holds that both are answered byte for byte alike, by the same
// statements, and with as many rows of the trail.
func (s *script) alike(login string, q asking) {
	s.Helper()
	c := s.as(login)
	a, did := s.watched(c, q.method, q.path, q.body, q.form)
	b, does := s.watched(c, q.method, q.invented, q.instead, q.form)
	name := fmt.Sprintf("%s %s as %s", q.method, q.path, login)
	if a.Status != b.Status || !bytes.Equal(scrub(a, q.path), scrub(b, q.invented)) {
		s.Errorf("%s: %d %s, for an invented one %d %s", name, a.Status, a.Body, b.Status, b.Body)
	}
	for k := range union(a.Header, b.Header) {
		if !slices.Contains(allowed, k) && header(a, k) != strings.ReplaceAll(header(b, k), q.invented, q.path) {
			s.Errorf("%s: header %s is %q, for an invented one %q", name, k, a.Header[k], b.Header[k])
		}
	}
	if !slices.Equal(did, does) {
		s.Errorf("%s: other statements\n%s\nfor an invented one\n%s", name, strings.Join(did, "\n"), strings.Join(does, "\n"))
	}
	if strings.Contains(string(a.Body), "Bertram") || strings.Contains(string(a.Body), "Opdigtet") {
		s.Errorf("%s shows the person", name)
	}
}

// good is what an operation is sent where it is well asked.
func (d *desk) good(op string) (string, bool) {
	basis := d.basis("RPL115-2", because)
	in, ok := map[string]map[string]any{
		"openCase": with(basis, map[string]any{"members": []hub.ID{}, "reason": sayWhy}), "inviteToCase": {"hat": d.hat("tage"), "reason": sayWhy, "until": d.day(30)},
		"conveneMeeting": {"date": d.day(3), "time": "10:00"}, "holdMeeting": d.notes(), "draftAssessment": d.joint(&work{}), "addDissent": d.dissents(),
		"decideInform": {"decision": "now"}, "signAssessment": {"content": strings.Repeat("0", 64)}, "requestInformation": with(d.asks("bodil"), basis),
		"answerInformation": d.answers(3), "recommendReferral": d.offers("bodil"), "sendReferral": basis, "answerReferral": d.takes(), "progressMeasure": d.progresses(),
		"endMeasure": {"outcome": "completed"}, "recordConsent": d.consents(), "recordFollowUp": d.follows(), "closeCase": d.ends(), "reopenCase": d.reopens(coordinator), "takeCaseBack": {"reason": sayWhy},
		"forwardConcern": toPolice, "completePoliceCheck": says("released"), "triageConcern": judge("case"), "rerouteConcern": {"track": "violence"}, "recallConcern": {"reason": sayWhy},
		"assessNotification": {"outcome": "notified", "reason": "Underrettet."}, "grantAccess": {"hat": d.hat(ssp)}, "revealSubject": {"reason": "Til opslag i fagsystemet."},
		"identifySubject": {"name": "Rigmor Prøvelse"}, "saveDraft": concern(hub.NewID(), map[string]any{"version": 1, "purpose": nil, "legal_basis": nil}),
		"recuseFromConcern": {"ground": "2"}, "recuseFromCase": {"ground": "2", "hat": d.hat(ssp)}, "liftConcernRecusal": {"reason": sayWhy}, "liftCaseRecusal": {"reason": sayWhy},
		"reassess": nil, "resumeCase": nil, "declineInformation": nil, "withdrawReferral": nil, "prepareExtractAgain": {"names": true, "why": sayWhy}, "releaseExtract": {"content": strings.Repeat("0", 64)}, "withdrawConsent": nil, "decideAgain": nil,
		"gatherBreach": {}, "describeBreach": {"delay": sayWhy}, "informBreach": {"inform": "no", "reason": sayWhy}, "notifyBreach": {"case_number": "2026-1"}, "closeBreach": {"reason": sayWhy},
	}[op]
	if ok && in == nil {
		return "", true // which take nothing
	}
	b, err := json.Marshal(in)
	if err != nil {
		d.Fatal(err)
	}
	return string(b), ok
}

// fields are good values for the fields of every form.
func (d *desk) fields(who *hubtest.Client) url.Values {
	return url.Values{"_hat": {string(who.Post.Hat.ID)}, "outcome": {"released"}, "hat": {string(d.hat("tage"))}, "legal_basis": {"RPL115-2"}, "purpose": {"prevention"}, "necessity": {because},
		"reason": {sayWhy}, "until-day": {"1"}, "until-month": {"1"}, "until-year": {"2027"}, "date-day": {"1"}, "date-month": {"12"}, "date-year": {"2026"}, "time": {"10:00"},
		"note": {"Alle om bordet ser det samme billede."}, "attendance[]": {string(d.hat(coordinator))}, "decision": {"now"}, "content": {strings.Repeat("0", 64)}, "about": {"level"},
		"test": {"Jeg skifter mening, hvis han ikke dukker op."}, "due-day": {"1"}, "due-month": {"12"}, "due-year": {"2026"}, "authority": {"psykiatrien"}, "questions": {"Er der et forløb?"},
		"grade": {"1"}, "contact": {"Kontoret"}, "measure": {"mentor"}, "dimension": {"family"}, "preview": {"En mentor til en ung, der er ved at miste grebet."}, "task": {"Find en mentor."},
		"answer": {"taken_up"}, "status": {"paused"}, "informed": {"yes"}, "movement.family": {"better"}, "next-day": {"1"}, "next-month": {"12"}, "next-year": {"2026"}, "track": {"violence"},
		"name": {"Rigmor Prøvelse"}, "edit": {"0"}, "ground": {"2"}}
}

// everyMethod is what anything can be asked by.
var everyMethod = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}

// TestUnknownAndForbidden is G7, A001, A002 and A019: on every route that names
// an object, taken from the route table so that a new one is covered by itself,
// and with every method, somebody who may not know of it is answered byte for
// byte as for an object that never was, by the same statements, and as many rows
// of the trail: of concerns, and of cases and all that hangs on them, in their
// states, whether good input is sent or none. A025 in part: no header tells them
// apart. The stranger of another municipality asks all of it, of what seven others
// could ask a build picks a third.
func TestUnknownAndForbidden(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	id := s.forwarded()
	waits := refs{"concerns": id, "subjects": hub.ID(s.One("select subject from intake.concern where id = $1", string(id)))}
	var given struct{ Assignment hub.ID }
	s.as(coordinator).API("POST", "/api/concerns/"+string(id)+"/access", map[string]any{"hat": s.as(ssp).Post.Hat.ID}).Must(200).JSON(&given)
	waits["assignment"] = given.Assignment
	var kept struct{ ID hub.ID }
	s.as(coordinator).API("POST", "/api/advice/receipts", map[string]any{"to": "mvs-politi", "purpose": "prevention", "state": "received"}).Must(201).JSON(&kept)
	waits["advice"] = kept.ID
	waits["row"] = hub.ID(s.One("select max(id) from audit.trail where controller = 'koege'"))
	waits["person"], waits["hat"] = s.as(coordinator).Post.Person, s.as(ssp).Post.Hat.ID
	waits["authority"] = "psykiatrien"
	waits["glass"] = s.broken(ssp, "concerns", id, inDanger[0]).ID
	waits["extract"], _ = s.prepared(id)
	waits["sample"] = s.drawn()
	waits["anomaly"] = s.anomaly()
	waits["anomalies"] = waits["anomaly"]
	waits["breach"] = s.registersBreach(nil)
	waits["breaches"] = waits["breach"]
	works := map[string]*work{}
	for _, state := range []string{"collecting", "written", "follow_up", "closed"} {
		works[state] = d.works(state)
	}
	help := works["follow_up"]
	of := func(w *work, offer hub.ID) refs {
		return refs{"cases": w.kase, "requests": w.asked, "answers": w.answer, "offers": offer, "meeting": w.meeting, "member": w.member, "consent": w.consent}
	}
	all := of(help, help.offer)
	maps.Copy(all, waits)
	strangers := []string{roskilde, "aksel", "jytte", "merete"} // of another municipality, the prison service, a housing association; an officer
	asked, cases := map[string]int{}, 0
	try := func(login string, these refs, methods []string) {
		s.as(login).Get("/")
		known := map[string]bool{}
		for _, name := range readable {
			known[name] = these[strings.TrimSuffix(name, "s")]+these[name] != "" && s.knows(login, name, these)
		}
		for _, route := range s.Site().Routes() {
			path := fill(route.Path, these)
			if !strings.Contains(route.Path, "{") || route.Public || strings.Contains(path, "{") || strings.Contains(path, "//") {
				continue
			}
			kind, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(route.Path, "/api"), "/"), "/")
			if name := map[string]string{"meetings": "meeting", "trail": "row"}[kind]; known[kind] || known[name] || kind == "cases" && known["answers"] {
				continue
			}
			for _, method := range slices.Compact(slices.Sorted(slices.Values(append([]string{route.Method}, methods...)))) {
				if login != roskilde && !picks(3, login+method+route.Path) {
					continue
				}
				q := asking{method, path, fill(route.Path, these.invented()), "{}", "{}", d.fields(s.as(login))}
				s.alike(login, q)
				if good, ok := d.good(route.Op); ok && method == route.Method {
					q.body, q.instead = good, good
					s.alike(login, q)
				}
				cases++
			}
			asked[route.Method+" "+route.Path]++
		}
	}
	for _, login := range strangers {
		for _, name := range readable {
			if s.knows(login, name, all) {
				t.Errorf("%s knows of %s %s", login, name, all[name])
			}
		}
	}
	try(roskilde, all, everyMethod)
	for _, login := range append([]string{"liv", "tage", "bodil", koegeDPO}, strangers[1:]...) { // who know of some of it, and of none
		try(login, all, nil)
	}
	for state, w := range works {
		if w != help {
			try(roskilde, of(w, map[string]hub.ID{"closed": w.own}[state]), nil)
		}
	}
	for _, o := range []hub.ID{help.draft, help.own, help.recalled} {
		try("jytte", refs{"offers": o}, nil)
	}
	for _, route := range s.Site().Routes() {
		if strings.Contains(route.Path, "{") && !route.Public && asked[route.Method+" "+route.Path] == 0 {
			t.Errorf("%s %s was asked of nothing that is there", route.Method, route.Path)
		}
	}
	t.Logf("%d routes, %d cases", len(asked), cases)
}

// TestTheForbiddenIsNotLoaded is G7 without a clock: of what somebody may not
// know of, not even the sealed words are read, so that it costs no more than
// what never was. Whoever touches a row of theirs falls over here. A027 in part,
// A032 in part: what is not touched can neither be locked nor kept.
func TestTheForbiddenIsNotLoaded(t *testing.T) {
	s := begin(t)
	id := s.forwarded()
	subject := hub.ID(s.One("select subject from intake.concern where id = '" + string(id) + "'"))
	w := (&desk{driver: &driver{script: s}}).works("follow_up")
	s.SQL("create function public.boom(text) returns boolean language plpgsql as $$ begin raise 'touched'; end $$; grant execute on function public.boom(text) to public")
	for table, key := range map[string]string{"intake.words": "concern", "intake.step": "concern", "person.identity": "subject", "assessment.cases": "id", "assessment.sealed": "item",
		"assessment.request": "id", "assessment.member": "case_id", "referral.offer": "id", "referral.sealed": "item", "referral.course": "case_id"} {
		s.SQL("alter table " + table + " enable row level security; create policy boom on " + table + " using (public.boom(" + key + "))")
	}
	kase, offer := "/api/cases/"+string(w.kase), "/api/offers/"+string(w.offer)
	for _, ask := range []struct{ login, method, path, in string }{
		{coordinator, "GET", "/api/concerns/" + string(id), ""}, {coordinator, "GET", "/api/concerns/" + string(id) + "/readers", ""}, {coordinator, "GET", "/api/subjects/" + string(subject), ""},
		{coordinator, "GET", kase, ""}, {coordinator, "GET", kase + "/course", ""}, {coordinator, "GET", kase + "/assessment", ""}, {coordinator, "POST", kase + "/reassess", ""},
		{policeMan, "POST", kase + "/close", "{}"}, {"bodil", "GET", "/api/requests/" + string(w.asked), ""},
		{"bodil", "POST", "/api/requests/" + string(w.asked) + "/decline", ""}, {"bodil", "GET", offer, ""}, {"bodil", "POST", offer + "/end", "{}"}, {policeMan, "GET", offer + "/preview", ""},
	} {
		in := any(ask.in)
		if ask.in == "" {
			in = nil
		}
		if a := s.as(roskilde).API(ask.method, ask.path, in); a.Status != 404 {
			t.Errorf("%s %s is answered %d to a stranger: %s", ask.method, ask.path, a.Status, a.Body)
		}
		if a := s.as(ask.login).API(ask.method, ask.path, in); a.Status < 500 {
			t.Errorf("%s %s is answered %d to whoever may: nothing was touched, and this test sees nothing", ask.method, ask.path, a.Status)
		}
	}
}

// keptCookie is the name and key of what was typed and kept: both are drawn for
// each request and tell nothing of the object.
var keptCookie = regexp.MustCompile(`__Host-kept=[^;]*`)

func header(a hubtest.Answer, k string) string {
	return keptCookie.ReplaceAllString(strings.Join(a.Header[k], "|"), "__Host-kept=…")
}

// watched asks, and gives the statements that ran and how many rows the trail
// gained.
func (s *script) watched(c *hubtest.Client, method, path, body string, form url.Values) (hubtest.Answer, []string) {
	s.Helper()
	last := s.One("select coalesce(max(id), 0) from audit.trail")
	spans.reset()
	a := s.ask(c, method, path, body, form)
	did := spans.statements()
	return a, append(did, s.One("select count(*) from audit.trail where id > $1", last)+" rows")
}

// scrub takes out of a page what names the request itself.
func scrub(a hubtest.Answer, path string) []byte {
	b := bytes.ReplaceAll(a.Body, []byte(path), nil)
	return bytes.ReplaceAll(b, []byte(a.Header.Get("X-Request-Id")), nil)
}

func union(a, b http.Header) map[string]bool {
	all := map[string]bool{}
	for k := range a {
		all[k] = true
	}
	for k := range b {
		all[k] = true
	}
	return all
}
