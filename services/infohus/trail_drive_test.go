//go:build !race

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/web"
)

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

// reads reports whether a route is a page or an operation that reads.
func reads(r web.Route) bool {
	return r.Method == "GET" && !r.NoTrace && r.Op != "leak" && !strings.HasPrefix(r.Path, "/signin") && r.Path != "/kept"
}

// asksEverything opens every page and every operation that reads, of every
// concern, as everybody whom it may concern.
func (s *driver) asksEverything(things []driven) {
	wholly := map[string]bool{coordinator: true, policeMan: true, koegeDPO: true} // of the others a third
	for _, login := range []string{coordinator, policeMan, ssp, teacher, "merete", koegeDPO, roskilde} {
		for _, r := range s.Site().Routes() {
			of := things
			if !strings.Contains(r.Path, "{id}") {
				of = things[:1]
			}
			for _, d := range of {
				these := refs{"concerns": d.id, "subjects": d.subject}
				if strings.Contains(r.Path, "{row}") {
					these["row"] = hub.ID(s.One("select max(id) from audit.trail where controller = 'koege' and why_ref <> ''"))
				}
				path := fill(r.Path, these)
				if !reads(r) || strings.Contains(path, "{") || !wholly[login] && !picks(6, login+path) {
					continue
				}
				if r.Path == "/concerns/new" {
					path += "?subject=" + string(s.registers(coordinator, map[string]any{"name": "Navnløs Også", "no_cpr": true}))
				}
				s.opens(login, r, path)
			}
		}
		spans.reset()
	}
}

// opens asks for one thing as somebody, and holds what is shown against the trail.
func (s *driver) opens(login string, r web.Route, path string) {
	s.Helper()
	var a hubtest.Answer
	if c := s.as(login); r.Op != "" {
		a = c.API("GET", path, nil)
	} else {
		a = c.Get(path)
	}
	if a.Status >= 500 {
		s.Errorf("%s %s: %d", login, path, a.Status)
	}
	if w := missing.FindString(a.Text()); w != "" {
		s.Errorf("%s misses the word %s on %s", login, w, path)
	}
	for _, f := range s.unrecorded(a) {
		s.Errorf("%s: %s", login, f)
	}
	if listed := "select coalesce(sum(rows), 0) from audit.trail where object_kind = 'concerns' and request = '" + a.Header.Get("X-Request-Id") + "'"; r.Op == "listConcerns" &&
		s.One(listed) != fmt.Sprint(strings.Count(a.Text(), `{"id":"`)) {
		s.Errorf("%s lists %d concerns, and the trail says %s", login, strings.Count(a.Text(), `{"id":"`), s.One(listed))
	}
}

// missing is how a word that is in no catalogue looks on a page.
var missing = regexp.MustCompile(`\[(intake|person|portal|audit|web|assessment|referral|refusal)\.[^\]]*`)

// fills sends a form as it stands, with what is typed.
func (s *driver) fills(c *hubtest.Client, path string, fields url.Values) hubtest.Answer {
	s.Helper()
	a := c.Submit(path, fields)
	if a.Status >= 500 {
		s.Errorf("%s: %d", path, a.Status)
	}
	for _, f := range s.unrecorded(a) {
		s.Errorf("%s: %s", path, f)
	}
	return a
}

// formsToo sends every form and every command once, as it should be and in part
// not: what comes back then is a page too.
func (s *driver) formsToo() {
	c, p := s.as(coordinator), s.as(policeMan)
	form := s.fills
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
	c.Get(at + "/recall")
	form(c, at+"/recall", url.Values{"reason": {"Forkert."}}).Must(400)
	form(c, at+"/recall", url.Values{"reason": {sayWhy}}).Must(200)
	c.Get(at + "/forward")
	form(c, at+"/forward", url.Values{"necessity": {because}}).Must(200)
	form(p, at+"/check", url.Values{"outcome": {"released"}}).Must(200)
	form(c, at+"/triage", url.Values{"outcome": {"case"}, "rationale": {"kort"}}).Must(400)
	form(c, at+"/triage", url.Values{"outcome": {"case"}, "rationale": {"Begrundelsen er skrevet af den ene tovholder alene."}}).Must(200)

	guest := s.drives("police", "triage") // the police let their own out and in
	theirs := "/concerns/" + string(guest.id) + "/access"
	p.Get(theirs)
	form(p, theirs+"/"+string(guest.assignment)+"/end", nil).Must(200)
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
	c.API("POST", "/api/subjects/search", map[string]any{"cpr": "670308-4027"}).Must(200)
	c.Get("/search")
	form(c, "/search", url.Values{"find": {"Rigmor Prøvelse"}}).Must(400)
	form(c, "/search", url.Values{"find": {"Navnløs Med Nummer 07-03-2008"}}).Must(200)
	form(c, "/search", url.Values{"find": {strings.TrimPrefix(at, "/concerns/")}}).Must(200)
	c.Get("/concerns")
	form(c, "/concerns/export", nil).Must(200)
	c.Get("/concerns/" + string(s.drives("municipality", "triage").id))
	form(c, c.At()+"/export", nil).Must(200)
	s.recuses(form, c, "/concerns/"+string(s.drives("municipality", "received").id))
	c.Get("/review")
	form(c, "/review", url.Values{"confirm": {string(s.as("liv").Post.Hat.ID)}}).Must(200)
	ends := "/review/" + string(s.as("liv").Post.Hat.ID)
	c.Get(ends).Must(200)
	form(c, ends, url.Values{"reason": {"For kort."}}).Must(400)
	c.Get("/review/" + string(s.as("sofus").Post.Hat.ID)).Must(200)
	form(c, c.At(), url.Values{"reason": {leftUs}}).Must(200)
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
	c.API("POST", "/api/concerns/"+string(got.ID)+"/forward", toPolice).Must(200)
	c.API("POST", "/api/concerns/"+string(got.ID)+"/recall", map[string]any{"reason": sayWhy}).Must(200)

	c.Get("/advice")
	asking := url.Values{"to": {"psykiatrien"}, "purpose": {"prevention"}, "state": {"released"}, "class": {"health"}}
	form(c, "/advice", url.Values{"to": {"koege"}}).Must(400)
	form(c, "/advice", asking).Must(200)
	form(c, "/advice/receipts", asking).Must(200)
	in = map[string]any{"to": "psykiatrien", "purpose": "prevention", "state": "released"}
	c.API("POST", "/api/advice", in).Must(200)
	c.API("POST", "/api/advice/receipts", in).Must(201).JSON(&got)
	c.API("GET", "/api/advice/"+string(got.ID), nil).Must(200)
	c.API("GET", "/api/advice/receipts", nil).Must(200)

	dpo := s.as(koegeDPO)
	found := dpo.API("POST", "/api/trail/search", map[string]any{"ground": "lawfulness"}).Must(200)
	var rows struct{ Rows []struct{ ID json.Number } }
	if err := json.Unmarshal(found.Body, &rows); err != nil || len(rows.Rows) == 0 {
		s.Fatalf("the officer finds nothing: %v %s", err, found.Body)
	}
	dpo.API("POST", "/api/trail/"+string(rows.Rows[0].ID)+"/again", nil).Must(200)
	justified := s.One("select max(id) from audit.trail where controller = 'koege' and why_ref <> ''")
	dpo.API("POST", "/api/trail/"+justified+"/again", nil).Must(200)
	s.Advance(time.Second) // a checkpoint
	for _, file := range []string{"/trail/bundle", "/trail/export"} {
		dpo.Get("/trail")
		form(dpo, "/trail", url.Values{"ground": {"lawfulness"}}).Must(200)
		form(dpo, file, nil).Must(200)
	}
	dpo.API("POST", "/api/trail/export", map[string]any{"ground": "lawfulness"}).Must(200)
	drawn := "/samples/" + string(s.drawn())
	dpo.Get("/").Must(200)
	dpo.Get("/samples").Must(200)
	dpo.API("GET", "/api/samples", nil).Must(200)
	form(dpo, drawn, url.Values{"note": {"Ingen valgt."}}).Must(400)
	form(dpo, drawn, url.Values{"outcome": {"asked"}, "note": {"Jeg spørger i morgen."}}).Must(200)
	dpo.Get(drawn).Must(200)
	dpo.API("GET", "/api"+drawn, nil).Must(200)
	dpo.API("POST", "/api"+drawn+"/decision", map[string]any{"outcome": "in_order"}).Must(200)
	odd := "/anomalies/" + string(s.anomaly())
	dpo.Get("/").Must(200)
	dpo.Get("/anomalies").Must(200)
	dpo.API("GET", "/api/anomalies", nil).Must(200)
	form(dpo, odd, url.Values{"note": {"Ingen valgt."}}).Must(400)
	form(dpo, odd, url.Values{"outcome": {"asked"}, "note": {"Jeg spørger i morgen."}}).Must(200)
	dpo.Get(odd).Must(200)
	dpo.API("GET", "/api"+odd, nil).Must(200)
	dpo.API("POST", "/api"+odd+"/decision", map[string]any{"outcome": "in_order"}).Must(200)
	dpo.API("POST", "/api/trail/fhir", map[string]any{"ground": "lawfulness"}).Must(200)
	dpo.Get("/extracts").Must(200)
	form(dpo, "/extracts", url.Values{"reference": {"kort"}}).Must(400)
	year, month, date := s.Now().In(hub.Copenhagen).Date()
	day := func(field string, in url.Values) url.Values {
		in.Set(field+"-day", fmt.Sprint(date))
		in.Set(field+"-month", fmt.Sprint(int(month)))
		in.Set(field+"-year", fmt.Sprint(year))
		return in
	}
	form(dpo, "/extracts", day("received", url.Values{"reference": {string(got.ID)}})).Must(200)
	extract, second := dpo.At(), s.as(koegeManager)
	form(dpo, extract, url.Values{"names": {"yes"}, "why": {"kort"}}).Must(400)
	form(dpo, extract, url.Values{"names": {"yes"}, "why": {"Borgeren skal kunne klage over en bestemt medarbejder."}}).Must(200)
	form(dpo, extract+"/extension", url.Values{"reason": {"kort"}}).Must(400)
	form(dpo, extract+"/extension", day("told", url.Values{"reason": {sayWhy}})).Must(200)
	for _, c := range []*hubtest.Client{dpo, second} {
		c.API("GET", "/api"+extract, nil).Must(200)
		c.API("GET", "/api"+extract+"/answer", nil).Must(409)
		c.API("GET", "/api"+extract+"/answer.pdf", nil).Must(409)
	}
	named := map[string]any{"reference": got.ID, "received": s.today(), "names": true, "why": "Borgeren skal kunne klage over en bestemt medarbejder."}
	dpo.API("POST", "/api/extracts", named).Must(201).JSON(&got)
	delete(named, "reference")
	var content struct {
		Content string `json:"content"`
	}
	dpo.API("POST", "/api/extracts/"+string(got.ID), named).Must(200).JSON(&content)
	dpo.API("POST", "/api/extracts/"+string(got.ID)+"/extension", map[string]any{"reason": sayWhy, "told": s.today()}).Must(200)
	second.API("POST", "/api/extracts/"+string(got.ID)+"/release", map[string]any{"content": content.Content, "unknown": true}).Must(200)
	second.API("GET", "/api/extracts", nil).Must(200)
	second.Get("/extracts").Must(200)
	second.Get(extract).Must(200)
	form(second, extract+"/release", url.Values{"unknown": {"yes"}}).Must(200)
	dpo.Get(extract).Must(200)
	dpo.API("GET", "/api"+extract+"/answer", nil).Must(200)
	dpo.API("GET", "/api"+extract+"/answer.pdf", nil).Must(200)
	dpo.Get(extract + "/answer").Must(200)
	dpo.Get(extract + "/answer?as=pdf").Must(200)
	dpo.Get(extract + "/answer?as=json").Must(200)

	dpo.Get("/breaches").Must(200)
	form(dpo, "/breaches", url.Values{"happened": {"Brud"}}).Must(400)
	form(dpo, "/breaches", url.Values{"happened": {sayWhy}, "kinds[]": {"integrity"}, "way": {"period"}, "from-day": {"1"}, "from-month": {"1"}, "from-year": {"2026"}}).Must(200)
	breach := dpo.At()
	dpo.API("GET", "/api"+breach, nil).Must(200)
	dpo.Get(breach + "/draft").Must(200)
	dpo.API("GET", "/api"+breach+"/draft", nil).Must(200)
	dpo.API("GET", "/api/breaches", nil).Must(200)
	dpo.Get("/breaches").Must(200)
	form(dpo, breach, url.Values{"step": {"described"}, "delay": {"kort"}}).Must(400)
	form(dpo, breach, url.Values{"step": {"described"}, "measures": {sayWhy}}).Must(200)
	dpo.API("POST", "/api/breaches", aBreach(nil)).Must(201).JSON(&got)
	breach = "/api/breaches/" + string(got.ID)
	dpo.API("POST", breach+"/affected", map[string]any{"way": "period", "from": "2020-01-01", "until": "2020-01-02"}).Must(200)
	dpo.API("POST", breach+"/description", map[string]any{"measures": sayWhy}).Must(200)
	dpo.API("POST", breach+"/inform", map[string]any{"inform": "yes", "reason": sayWhy}).Must(200)
	dpo.API("POST", breach+"/correction", map[string]any{"corrected": s.Now().Add(-time.Hour), "reason": sayWhy}).Must(200)
	dpo.API("POST", breach+"/notification", map[string]any{"case_number": "2026-1"}).Must(200)
	dpo.API("POST", breach+"/close", map[string]any{"reason": sayWhy}).Must(200)
	s.closed()
	form(dpo, "/witnesses", url.Values{"reason": {sayWhy}}).Must(200)
	dpo.API("POST", "/api/witnesses/open", s.closed()).Must(200)
	dpo.Get("/").Must(200)
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

// recuses says on its page that a colleague is too close to a thing, and lifts it.
func (s *script) recuses(form func(*hubtest.Client, string, url.Values) hubtest.Answer, c *hubtest.Client, at string) {
	s.Helper()
	c.Get(at + "/recusal")
	form(c, at+"/recusal", url.Values{"hat": {string(s.as(ssp).Post.Hat.ID)}, "ground": {"5"}}).Must(200)
	m := s.as(koegeManager)
	m.Get(at + "/recusal")
	form(m, at+"/recusal/"+string(s.as(ssp).Post.Person)+"/lift", url.Values{"reason": {tooClose}}).Must(200)
}
