//go:build !race

package main

import (
	"bytes"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/service"
)

// broke is the receipt of a break-glass.
type broke struct {
	ID    hub.ID
	Until *time.Time
	Waits bool
}

var inDanger = []string{
	"Drengen har skrevet til en ven, at han vil gøre skade på sig selv i aften.",
	"Moderen ringer fra trappen: hendes søn er blevet truet med en kniv.",
	"En lærer har hørt, at to unge er kørt mod stationen med bål i bagagen.",
	"Naboen kan høre råb og glas, og ingen af de andre tager telefonen nu.",
}

// emergency opens something in an emergency; changes say what differs.
func (s *script) emergency(login, thing string, id hub.ID, why string, changes map[string]any) hubtest.Answer {
	s.Helper()
	in := map[string]any{"category": "life", "reason": why}
	for k, v := range changes {
		in[k] = v
	}
	return s.as(login).API("POST", "/api/"+thing+"/"+string(id)+"/glass", in)
}

// broken is emergency, done.
func (s *script) broken(login, thing string, id hub.ID, why string) (b broke) {
	s.Helper()
	s.emergency(login, thing, id, why, nil).Must(201).JSON(&b)
	return b
}

// told holds that somebody has a notice.
func (s *script) toldOf(login, word string, want bool) {
	s.Helper()
	if got := strings.Contains(s.as(login).API("GET", "/api/notices", nil).Must(200).Text(), `"`+word+`"`); got != want {
		s.Errorf("%s is told %s: %v, want %v", login, word, got, want)
	}
}

// mainOf is a page without its frame.
func mainOf(page string) string {
	_, main, _ := strings.Cut(page, "<main")
	main, _, _ = strings.Cut(main, "</main")
	return main
}

var hiddenField = regexp.MustCompile(`type="hidden" name="([a-z]+)" value="([^"]*)"`)

var rowLink = regexp.MustCompile(`href="/trail/([0-9]+)"`)

// saysAll holds that a page has every word, and none that begins with "!".
func (s *script) saysAll(page string, words ...string) {
	s.Helper()
	for _, w := range words {
		if no, found := strings.CutPrefix(w, "!"); found && strings.Contains(page, no) {
			s.Errorf("the page says %q: %s", no, mainOf(page))
		} else if !found && !strings.Contains(page, w) {
			s.Errorf("the page does not say %q: %s", w, mainOf(page))
		}
	}
}

// TestBreakGlass is A052, A053 and A056: a reason in a sentence, one concern, half an
// hour, reading and nothing else, and whoever must know is told at once.
func TestBreakGlass(t *testing.T) {
	s := begin(t)
	id := s.forwarded()
	var got done
	s.as(coordinator).API("POST", "/api/concerns", concern(s.registers(coordinator, map[string]any{"name": "Navnløs Anden", "no_cpr": true}), nil)).Must(201).JSON(&got)
	other := got.ID
	s.seesNothing(id, ssp, "ebbe")

	// A052, A026: what is wrong with what was said is told alike of what is there and of what is not.
	for _, wrong := range []map[string]any{{"reason": "."}, {"reason": "Jeg skal se den."}, {"reason": strings.Repeat("\u200b", 30)}, {"reason": strings.Repeat(".", 40)}, {"reason": strings.Repeat("a", 40)},
		{"reason": strings.Repeat("nej ", 10)}, {"category": "curious"}, {"category": ""}, {"minutes": 61}, {"minutes": -1}} {
		real, invented := s.emergency(ssp, "concerns", id, inDanger[0], wrong), s.emergency(ssp, "concerns", hub.NewID(), inDanger[0], wrong)
		if real.Status != 400 || !bytes.Equal(real.Body, invented.Body) {
			t.Errorf("%v: %d %s, for an invented one %s", wrong, real.Status, real.Body, invented.Body)
		}
	}
	s.seesNothing(id, ssp)

	// On the page everything that is wrong is told at once, and where the reference is found.
	s.saysAll(s.as(ssp).Submit("/concerns/glass", url.Values{"reference": {"…abc123"}, "reason": {"."}}).Must(400).Text(), `id="reference-error"`, `id="category-error"`, `id="reason-error"`,
		"De sidste 6 tegn er ikke nok")
	s.saysAll(s.as(coordinator).Get("/concerns/"+string(id)).Must(200).Text(), "<code>"+string(id)+"</code>")
	for login, want := range map[string]string{ssp: "", "ebbe": "", coordinator: "!"} { // the door is at the foot of each page
		s.saysAll(s.as(login).Get("/").Must(200).Text(), want+`href="/concerns/glass"`, want+`href="/cases/glass"`)
	}
	b := s.broken(ssp, "concerns", id, inDanger[0])
	if b.Until == nil || !b.Until.Equal(s.Now().Add(30*time.Minute)) || b.Waits {
		t.Errorf("open until %v", b.Until)
	}
	s.want(s.sees(ssp, id), "statements", "name", "address", "due")
	s.wantNot(s.sees(ssp, id), "reporter_name", "who_can_see", "check_outcome", "erase_at")
	s.seesNothing(other, ssp)
	s.seesNothing(id, "birk", "liv", "ebbe", roskilde, koegeDPO) // nobody else
	page := s.as(ssp).Get("/concerns/" + string(id)).Must(200)
	if text := page.Text(); !regexp.MustCompile(`class="watermark"[^>]* til \d+\. \w+ \d{4} kl\. \d+\.\d\d"`).MatchString(text) || page.Header.Get("Refresh") == "" {
		t.Error("the page says not until when, or stays open")
	}
	// Reading only: no step, no number, no export.
	version := s.One("select version from intake.concern where id = $1", string(id))
	for path, in := range map[string]any{"/forward": toPolice, "/reroute": map[string]any{"track": "violence"}, "/recall": map[string]any{"reason": sayWhy}, "/check": says("released"), "/triage": judge("case"),
		"/notification": map[string]any{"outcome": "notified", "reason": "Underrettet."}, "/access": map[string]any{"hat": s.as("birk").Post.Hat.ID}} {
		if a := s.as(ssp).API("POST", "/api/concerns/"+string(id)+path, in); a.Status != 404 && a.Status != 409 {
			t.Errorf("%s is answered %d", path, a.Status)
		}
	}
	if now := s.One("select version from intake.concern where id = $1", string(id)); now != version {
		t.Error("a step was taken")
	}
	subject := s.One("select subject from intake.concern where id = $1", string(id))
	s.as(ssp).API("POST", "/api/subjects/"+subject+"/reveal", map[string]any{"reason": "Til opslag i fagsystemet."}).Must(404)
	s.emergency(ssp, "concerns", id, inDanger[1], nil).Must(409)

	// At once: the trail, the officer, both coordinators; and "who can see this".
	if n := s.One("select count(*) from audit.trail where act = 'break-glass' and outcome = 'allow' and object_id = $1 and why_ref <> ''", string(id)); n != "1" {
		t.Errorf("%s lines of the trail", n)
	}
	s.Settle()
	s.toldOf(koegeDPO, "glass_review", true)
	s.toldOf(mvsDPO, "glass_review", false)
	s.toldOf(coordinator, "glass_broken", true)
	s.toldOf(policeMan, "glass_broken", true)
	s.toldOf(roskilde, "glass_broken", false)
	if who := s.as(coordinator).API("GET", "/api/concerns/"+string(id)+"/readers", nil).Must(200).Text(); !strings.Contains(who, `"glass"`) {
		t.Errorf("who can see it: %s", who)
	}

	s.saysAll(s.as(coordinator).Get("/concerns/"+string(id)).Must(200).Text(), "<br>til <time") // the minute, and not only the day

	// At its minute it is over, and can be given back earlier.
	s.Advance(30 * time.Minute)
	s.who[ssp] = nil
	s.seesNothing(id, ssp)
	b = s.broken(ssp, "concerns", other, inDanger[1])
	s.want(s.sees(ssp, other), "name")
	s.as("birk").API("DELETE", "/api/concerns/"+string(other)+"/glass/"+string(b.ID), nil).Must(404)
	s.as(ssp).API("DELETE", "/api/concerns/"+string(other)+"/glass/"+string(b.ID), nil).Must(200)
	s.seesNothing(other, ssp)
}

// TestBreakGlassDisclosesNothing: nothing of another authority's that was not shared,
// nothing that is over, nothing to whoever is recused; and the door tells nobody what
// there is (A001, A030 in part, G7).
func TestBreakGlassDisclosesNothing(t *testing.T) {
	s := begin(t)
	id := s.forwarded()
	s.SQL("insert into access.recusal (person, kind, item, by_person, by_hat) values ($1, 'concern', $2, 'p', 'h')", string(s.as("birk").Post.Person), string(id))
	for _, login := range []string{"valborg", "vigga", "birk", coordinator, "solvej", koegeDPO, "hedvig"} {
		ask := func(id hub.ID) hubtest.Answer { return s.emergency(login, "concerns", id, inDanger[0], nil) }
		real, invented := ask(id), ask(hub.NewID())
		if real.Status != 404 || !bytes.Equal(real.Body, invented.Body) {
			t.Errorf("%s: %d %s, for an invented one %d %s", login, real.Status, real.Body, invented.Status, invented.Body)
		}
	}
	door := func(id hub.ID) (int, string) {
		a := s.as("valborg").Submit("/concerns/glass", url.Values{"reference": {string(id)}, "category": {"life"}, "reason": {inDanger[0]}, "minutes": {"30"}})
		return a.Status, strings.ReplaceAll(a.Text(), string(id), "")
	}
	never := hub.NewID()
	is, real := door(id)
	if was, invented := door(never); is != 404 || was != 404 || real != invented {
		t.Errorf("at the door: %d %s, for an invented one %d %s", is, real, was, invented)
	}
	if n := s.One("select count(*) from access.glass"); n != "0" {
		t.Errorf("%s are broken", n)
	}
	// The page of what is not there leads to the door: always, and whoever may use it.
	for login, want := range map[string]bool{ssp: true, "liv": true, "ebbe": true, coordinator: false, koegeDPO: false} {
		real, invented := s.as(login).Get("/concerns/"+string(id)), s.as(login).Get("/concerns/"+string(hub.NewID()))
		if got := strings.Contains(invented.Text(), "/concerns/glass") && strings.Contains(invented.Text(), "/cases/glass"); got != want {
			t.Errorf("%s is led to the door: %v", login, got)
		}
		if login != coordinator && (real.Status != 404 || !bytes.Equal(real.Body, invented.Body)) {
			t.Errorf("%s can tell them apart", login)
		}
		if status := s.as(login).Get("/concerns/glass").Status; (status == 200) != want {
			t.Errorf("%s is answered %d at the door", login, status)
		}
	}
	// What was shared is nobody's but the coordinators' before the police have released it
	// (A030), and then what the share names and no more: to the police's own colleague.
	before, invented := s.emergency("ebbe", "concerns", id, inDanger[0], nil), s.emergency("ebbe", "concerns", hub.NewID(), inDanger[0], nil)
	if before.Status != 404 || !bytes.Equal(before.Body, invented.Body) {
		t.Errorf("before it is released: %d %s, for an invented one %d %s", before.Status, before.Body, invented.Status, invented.Body)
	}
	s.does(policeMan, "check", id, says("released"))
	s.broken("ebbe", "concerns", id, inDanger[0])
	s.want(s.sees("ebbe", id), "name", "theme")
	s.wantNot(s.sees("ebbe", id), "address", "reporter_name")
	// It ends with the state, whatever the clock says.
	for _, login := range []string{policeMan, coordinator} {
		s.does(login, "triage", id, judge("unfounded"))
	}
	s.seesNothing(id, "ebbe")
	s.emergency("ebbe", "concerns", id, inDanger[1], nil).Must(404)
	s.saysAll(s.as(mvsDPO).Submit("/trail", url.Values{"ground": {"lawfulness"}, "act": {"break-glass"}, "outcome": {"deny"}}).Must(200).Text(),
		"Ville åbne i en nødsituation", "!Åbnet i en nødsituation")
}

// breaksAs is a receiver's break-glass by a program, with other claims in the token.
func (s *script) breaksAs(claims map[string]any, id hub.ID, why string) hubtest.Answer {
	s.Helper()
	c := *s.as(ssp)
	all := s.Issuer.Claims(c.Post)
	for k, v := range claims {
		if all[k] = v; v == nil {
			delete(all, k)
		}
	}
	c.Token = s.Issuer.Sign(all)
	return c.API("POST", "/api/concerns/"+string(id)+"/glass", map[string]any{"category": "life", "reason": why})
}

// TestBreakGlassOfACase: the same door to a case, with its circle and no question.
func TestBreakGlassOfACase(t *testing.T) {
	s := begin(t)
	kase := s.caseOpened()
	s.broken("tage", "cases", kase, inDanger[0])
	s.want(s.inCase("tage", kase), "name", "circle", "state")
	s.wantNot(s.inCase("tage", kase), "requests", "who_can_see", "meeting")
	from := s.One("select concern from assessment.cases where id = $1", string(kase))
	s.as("tage").Get("/concerns/" + from).Must(404)
	s.saysAll(s.as("tage").Get("/cases/"+string(kase)).Must(200).Text(), "!"+from, "!Det kan du gøre nu")
	s.saysAll(s.as(coordinator).Get("/cases/"+string(kase)).Must(200).Text(), `href="/concerns/`+from+`"`, "Det kan du gøre nu")
	s.as("tage").API("GET", "/api/cases/"+string(kase)+"/answers", nil)
	s.Settle()
	s.toldOf(koegeDPO, "glass_review", true)
	s.toldOf(policeMan, "glass_broken", true)
}

// TestTheThirdInAWeek is A047, A049, A050 and A053: it opens nothing before another
// person says yes to exactly what was asked, whoever that is and however many answer.
func TestTheThirdInAWeek(t *testing.T) {
	s := begin(t)
	id := s.forwarded()
	for _, why := range inDanger[:2] {
		s.broken(ssp, "concerns", id, why)
		s.Advance(31 * time.Minute)
		s.who[ssp] = nil
	}
	// A052: what was written before is no reason.
	s.emergency(ssp, "concerns", id, strings.ToUpper(inDanger[0]), nil).Must(400)
	b := s.broken(ssp, "concerns", id, inDanger[2])
	if !b.Waits || b.Until != nil {
		t.Errorf("the third: %+v", b)
	}
	s.seesNothing(id, ssp)
	s.Settle()
	s.toldOf(coordinator, "glass_asked", true)
	s.toldOf(policeMan, "glass_asked", false)
	at := "/concerns/" + string(id) + "/glass/" + string(b.ID)
	// It stands where each of the two begins, and nowhere else.
	s.saysAll(s.as(ssp).Get("/").Must(200).Text(), "Du venter på andre", "bedt om at åbne en bekymring", `action="`+at+`/end"`)
	home := mainOf(s.as(coordinator).Get("/").Must(200).Text())
	s.saysAll(home, `href="`+at+`"`)
	if first := home[strings.Index(home, `class="waits"`):]; !strings.Contains(first[:strings.Index(first, "</a>")], at) {
		t.Errorf("it is not the first that waits: %s", home)
	}
	for _, login := range []string{policeMan, roskilde, "liv", koegeDPO} {
		s.saysAll(s.as(login).Get("/").Must(200).Text(), "!"+string(b.ID), "!Du venter på andre")
	}
	page := s.as(coordinator).Get(at).Must(200).Text()
	_, content, _ := strings.Cut(page, `name="content" value="`)
	content, _, _ = strings.Cut(content, `"`)
	if len(content) != 64 || !strings.Contains(page, "bagagen") {
		t.Fatalf("the page does not say to what: %s", page)
	}
	yes := map[string]any{"answer": "yes", "content": content}
	for _, login := range []string{ssp, policeMan, roskilde, "liv", koegeDPO} { // A047: not oneself, nor another authority's
		s.as(login).API("POST", "/api"+at+"/answer", yes).Must(404)
	}
	s.as(coordinator).API("POST", "/api"+at+"/answer", map[string]any{"answer": "yes", "content": strings.Repeat("0", 64)}).Must(409) // A049
	s.seesNothing(id, ssp)
	var wait sync.WaitGroup
	var done, late atomic.Int32
	for i := range 6 { // A050
		login := []string{coordinator, deputy}[i%2]
		c, in := *s.as(login), map[string]any{"answer": "yes", "content": content}
		wait.Go(func() {
			switch a := c.API("POST", "/api"+at+"/answer", in); a.Status {
			case 200:
				done.Add(1)
			case 409:
				late.Add(1)
			default:
				t.Errorf("answered %d: %s", a.Status, a.Body)
			}
		})
	}
	wait.Wait()
	if done.Load() != 1 || late.Load() != 5 {
		t.Errorf("%d yeses counted, %d came late", done.Load(), late.Load())
	}
	// The log says what each was: asked for, and then said yes to.
	log := s.as(koegeDPO).Submit("/trail", url.Values{"ground": {"lawfulness"}, "reference": {string(id)}}).Must(200).Text()
	s.saysAll(log, "Bedt om at åbne i en nødsituation: bekymring", "Sagt ja til en nødadgang", "Åbnet i en nødsituation: bekymring")
	if n := strings.Count(log, "Åbnet i en nødsituation: bekymring"); n != 2 {
		t.Errorf("%d were opened at once", n)
	}
	asked := s.One("select id from audit.trail where act = 'break-glass' and outcome = 'allow' order by id desc limit 1")
	s.saysAll(s.as(koegeDPO).Get("/trail/"+asked).Must(200).Text(), "Åbner først, når en anden siger ja", "Umiddelbar fare (nødadgang)", "!>Tilladt<")
	yesser := s.One("select h.name from access.glass g join access.hat h on h.id = g.second_hat where g.id = $1", string(b.ID))
	s.saysAll(s.as(koegeDPO).Get("/glass/"+string(b.ID)).Must(200).Text(), yesser+" sagde ja")
	s.want(s.sees(ssp, id), "name")
	s.saysAll(s.as(ssp).Get("/").Must(200).Text(), "!Du venter på andre")
	s.Advance(30 * time.Minute)
	s.who[ssp] = nil
	s.seesNothing(id, ssp)
	// What waits can be taken back, and then waits for nobody.
	b = s.broken(ssp, "concerns", id, inDanger[3])
	s.as(ssp).Get("/")
	s.saysAll(s.as(ssp).Submit("/concerns/"+string(id)+"/glass/"+string(b.ID)+"/end", nil).Must(200).Text(), "Du har taget den tilbage", "!Du venter på andre")
	s.saysAll(s.as(coordinator).Get("/").Must(200).Text(), "!"+string(b.ID))
}

// TestTheReview is A054 and A055: the owner's officer sees why and what was read, and
// says what was found, once; late it is told, and after three days nobody breaks
// another who was not reviewed.
func TestTheReview(t *testing.T) {
	s := begin(t)
	id := s.forwarded()
	b := s.broken(ssp, "concerns", id, inDanger[0])
	s.sees(ssp, id)
	for _, login := range []string{ssp, coordinator, mvsDPO, roskildeDPO, "rune"} {
		s.as(login).API("GET", "/api/glass/"+string(b.ID), nil).Must(404)
		s.as(login).API("POST", "/api/glass/"+string(b.ID)+"/review", map[string]any{"outcome": "justified", "text": inDanger[3]}).Must(404)
	}
	if one := s.as(koegeDPO).API("GET", "/api/glass/"+string(b.ID), nil).Must(200).Text(); !strings.Contains(one, inDanger[0]) || !strings.Contains(one, `"statements"`) || strings.Contains(one, "Bertram") {
		t.Errorf("the officer sees %s", one)
	}
	s.as(koegeDPO).Get("/glass").Must(200)
	// Two looks at the page are two readings beside that of the program, each with its
	// rows of the log, and what was masked there is masked here.
	for range 2 {
		s.as(ssp).Get("/concerns/" + string(id)).Must(200)
	}
	officer := func() string { return mainOf(s.as(koegeDPO).Get("/glass/" + string(b.ID)).Must(200).Text()) }
	s.saysAll(officer(), "3 opslag", "personnummer uden de sidste fire cifre (databeskyttelsesloven § 11)", "Hvad blev åbnet?", "Begrundelse", "!personnummer,", "!Formål og hjemmel", "!<dt>Handling")
	rows := rowLink.FindAllStringSubmatch(officer(), -1)
	if want := s.One("select count(*) from audit.trail where 'glass' = any(reasons) and outcome = 'allow' and fields <> '{}'"); len(rows) == 0 || strconv.Itoa(len(rows)) != want {
		t.Errorf("the page leads to %d rows of %s", len(rows), want)
	}
	s.saysAll(s.as(koegeDPO).Get("/trail/"+rows[len(rows)-1][1]).Must(200).Text(), "åbnede den i en nødsituation")
	search := url.Values{}
	for _, field := range hiddenField.FindAllStringSubmatch(officer(), -1) {
		search.Set(field[1], field[2])
	}
	s.saysAll(s.as(koegeDPO).Submit("/trail", search).Must(200).Text(), "Åbnet i en nødsituation", "Læst", `href="/trail/`+rows[0][1]+`"`)

	// While it is open more may be read under it: it is not reviewed yet, and the officer
	// reads until when. What was read stands where it is counted, and not in the list.
	early := s.as(koegeDPO).API("POST", "/api/glass/"+string(b.ID)+"/review", map[string]any{"outcome": "justified", "text": inDanger[3]}).Must(409).Text()
	until := s.One("select to_char(until_at at time zone 'Europe/Copenhagen', 'FMHH24.MI') from access.glass where id = $1", string(b.ID))
	for _, text := range []string{early, officer()} {
		if !strings.Contains(text, until) || strings.Contains(text, `name="outcome"`) || strings.Contains(text, "&lt;time") {
			t.Errorf("of one that is open until %s the officer reads %s", until, text)
		}
	}
	var list struct{ Glasses []map[string]any }
	s.as(koegeDPO).API("GET", "/api/glass", nil).Must(200).JSON(&list)
	if g := list.Glasses[0]; g["open"] != true || g["reads"] != nil || g["fields"] != nil {
		t.Errorf("the list says %v", g)
	}
	s.saysAll(s.as(koegeDPO).Get("/glass").Must(200).Text(), "Åben nu")

	s.Advance(25 * time.Hour)
	s.Settle()
	s.who = map[string]*hubtest.Client{}
	s.toldOf("hedvig", "glass_late", true)
	s.Advance(48 * time.Hour)
	s.Settle()
	s.who = map[string]*hubtest.Client{}
	s.toldOf(ssp, "glass_blocked", true)
	real, invented := s.emergency(ssp, "concerns", id, inDanger[1], nil), s.emergency(ssp, "concerns", hub.NewID(), inDanger[1], nil)
	if real.Status != 409 || !bytes.Equal(real.Body, invented.Body) {
		t.Errorf("after 72 hours: %d %s, for an invented one %s", real.Status, real.Body, invented.Body)
	}
	review := func(outcome, text string) hubtest.Answer {
		return s.as(koegeDPO).API("POST", "/api/glass/"+string(b.ID)+"/review", map[string]any{"outcome": outcome, "text": text})
	}
	review("justified", "kort").Must(400)
	review("fine", inDanger[3]).Must(400)
	review("not_justified", inDanger[3]).Must(200)
	review("justified", inDanger[3]).Must(409)
	s.Settle()
	s.saysAll(officer(), "Ikke begrundet", inDanger[3], s.as(koegeDPO).Post.Name)
	s.toldOf(ssp, "glass_not_justified", true)
	s.broken(ssp, "concerns", id, inDanger[1])
	if n := s.One("select count(*) from audit.trail where object_kind = 'glass' and act = 'decide' and outcome = 'allow'"); n != "1" {
		t.Errorf("%s reviews in the trail", n)
	}
}

// TestTheFrontPageSaysWhatIsOpen: whoever broke a glass reads which is open and until when,
// until it is over; and the officer finds under what waits, and not only among what was
// told, what is to be reviewed, until it is.
func TestTheFrontPageSaysWhatIsOpen(t *testing.T) {
	s := begin(t)
	kase := s.caseOpened()
	b := s.broken("tage", "cases", kase, inDanger[0])
	s.saysAll(mainOf(s.as("tage").Get("/").Must(200).Text()), "Åbnet i en nødsituation", `href="/cases/`+string(kase)+`"`, "Åben indtil")
	page := mainOf(s.as("tage").Get("/cases/" + string(kase)).Must(200).Text())
	if n := strings.Count(page, s.as("tage").Post.Name+" · Åbnet i en nødsituation"); n < 40 {
		t.Errorf("the page says %d times who reads it under what", n)
	}
	s.saysAll(page, "Åbnet i en nødsituation · til ")
	for _, login := range []string{coordinator, "liv", koegeDPO} {
		s.saysAll(mainOf(s.as(login).Get("/").Must(200).Text()), `!class="emergency"`)
	}
	waits := func(login string) string {
		front := mainOf(s.as(login).Get("/").Must(200).Text())
		return front[strings.Index(front, `class="waiting"`):strings.Index(front, `class="beside`)]
	}
	s.saysAll(waits(koegeDPO), `href="/glass/`+string(b.ID)+`"`, "En nødadgang til en sag skal gennemgås", "Gennemgås senest", "!Over fristen")
	for _, login := range []string{mvsDPO, roskildeDPO, coordinator, "tage"} {
		s.saysAll(waits(login), "!/glass/"+string(b.ID), "!skal gennemgås")
	}
	// Nothing of it to whoever is too close to it.
	s.SQL("insert into access.recusal (person, kind, item, by_person, by_hat) values ($1, 'case', $3, 'p', 'h'), ($2, 'case', $3, 'p', 'h')",
		string(s.as("tage").Post.Person), string(s.as(koegeDPO).Post.Person), string(kase))
	s.saysAll(mainOf(s.as("tage").Get("/").Must(200).Text()), "!"+string(kase))
	s.saysAll(waits(koegeDPO), "!/glass/")
	found := map[string]any{"outcome": "justified", "text": inDanger[3]}
	for _, of := range []hub.ID{b.ID, hub.NewID()} { // by its address neither, as of one that never was
		s.as(koegeDPO).API("GET", "/api/glass/"+string(of), nil).Must(404)
		s.as(koegeDPO).Get("/glass/" + string(of)).Must(404)
		s.as(koegeDPO).API("POST", "/api/glass/"+string(of)+"/review", found).Must(404)
	}
	if list := s.as(koegeDPO).API("GET", "/api/glass", nil).Must(200).Text(); strings.Contains(list, string(b.ID)) {
		t.Errorf("who is too close is listed %s", list)
	}
	if n := s.One("select count(*) from audit.trail where question = 'glass' and outcome = 'deny' and 'recused' = any(reasons)"); n != "1" {
		t.Errorf("%s tries to review it are in the trail", n)
	}
	s.SQL("delete from access.recusal")
	if list := s.as(koegeDPO).API("GET", "/api/glass", nil).Must(200).Text(); !strings.Contains(list, string(b.ID)) {
		t.Errorf("who is too close no more is listed %s", list)
	}
	s.Advance(24 * time.Hour)
	s.who = map[string]*hubtest.Client{}
	s.saysAll(mainOf(s.as("tage").Get("/").Must(200).Text()), `!class="emergency"`)
	s.saysAll(waits(koegeDPO), "Over fristen")
	s.as(koegeDPO).API("POST", "/api/glass/"+string(b.ID)+"/review", map[string]any{"outcome": "justified", "text": inDanger[3]}).Must(200)
	s.saysAll(waits(koegeDPO), "!/glass/")
}

// TestAReviewIsOfOneGlass is L57 in part: what the same person reads of another thing, under another
// break-glass that is open meanwhile, stands in the review of that one alone.
func TestAReviewIsOfOneGlass(t *testing.T) {
	s := begin(t)
	var got done
	id := s.forwarded()
	s.as(coordinator).API("POST", "/api/concerns", concern(s.registers(coordinator, map[string]any{"name": "Navnløs Anden", "no_cpr": true}), nil)).Must(201).JSON(&got)
	one, two := s.broken(ssp, "concerns", id, inDanger[0]), s.broken(ssp, "concerns", got.ID, inDanger[1])
	s.as(ssp).Get("/concerns/" + string(id)).Must(200) // with the card of the person
	for range 3 {
		s.as(ssp).Get("/concerns/" + string(got.ID)).Must(200)
	}
	all := map[string]bool{}
	for _, of := range []struct {
		broke
		item  hub.ID
		reads int
	}{{one, id, 1}, {two, got.ID, 3}} {
		var l struct {
			Reads    int
			Readings []struct{ Rows []int }
		}
		s.as(koegeDPO).API("GET", "/api/glass/"+string(of.ID), nil).Must(200).JSON(&l)
		if l.Reads != of.reads || len(l.Readings) != of.reads {
			t.Errorf("of %s %d readings, want %d", of.item, l.Reads, of.reads)
		}
		for _, r := range l.Readings {
			for _, row := range r.Rows {
				if n := strconv.Itoa(row); all[n] {
					t.Errorf("row %s stands in both", n)
				} else if all[n] = true; !slices.Contains([]string{string(of.item), ""}, s.One("select case object_kind when 'subject' then '' else object_id end from audit.trail where id = $1", n)) {
					t.Errorf("row %s is of something else than %s", n, of.item)
				}
			}
		}
	}
	if want := s.One("select count(*) from audit.trail where 'glass' = any(reasons) and outcome = 'allow' and fields <> '{}'"); strconv.Itoa(len(all)) != want {
		t.Errorf("%d rows stand in the two, of %s", len(all), want)
	}
}

// TestLinked is A048 and A055: nobody decides on whom he stands in for, who stands in
// for him, or whom he answers to.
func TestLinked(t *testing.T) {
	s := begin(t)
	env := service.Env{Structure: s.Structure}
	for _, c := range []struct {
		who, of string
		want    bool
	}{{deputy, coordinator, true}, {coordinator, deputy, true}, {deputy, koegeManager, true}, {koegeManager, deputy, false}, {ssp, coordinator, false},
		{koegeDPO, ssp, false}, {ssp, koegeManager, true}, {coordinator, coordinator, false}} {
		if got := env.Linked(s.as(c.who).Post.Person, s.as(c.of).Post.Person, s.Now()); got != c.want {
			t.Errorf("%s and %s: %v, want %v", c.who, c.of, got, c.want)
		}
	}
}

// asks3rd is a break-glass that waits for a second person, and what that person is
// asked to say yes to.
func (s *script) asks3rd(login, thing string, id hub.ID, why string) (glass hub.ID, content string) {
	s.Helper()
	b := s.broken(login, thing, id, why)
	if !b.Waits {
		s.Fatalf("%s does not wait", b.ID)
	}
	_, content, _ = strings.Cut(s.as(coordinator).Get("/"+thing+"/"+string(id)+"/glass/"+string(b.ID)).Must(200).Text(), `name="content" value="`)
	content, _, _ = strings.Cut(content, `"`)
	// A program is given the same as a person, and only whoever may answer is.
	at := "/api/" + thing + "/" + string(id) + "/glass/" + string(b.ID)
	var read struct {
		ID, Item                        hub.ID
		Content, Reason, Category, Name string
		Minutes                         int
	}
	s.as(coordinator).API("GET", at, nil).Must(200).JSON(&read)
	if read.ID != b.ID || read.Item != id || content == "" || read.Content != content || read.Reason != why || read.Category == "" || read.Minutes == 0 || read.Name != s.as(login).Post.Name {
		s.Errorf("the second person reads %+v by the API, and %s on the page", read, content)
	}
	for _, other := range []string{login, roskilde, koegeDPO, policeMan} {
		s.as(other).API("GET", at, nil).Must(404)
	}
	return b.ID, content
}

// emergencies asks every page and every operation of break-glass, of a concern and
// of a case.
func (d *desk) emergencies() {
	d.Helper()
	concern := d.drives("municipality", "received").id
	kase := d.works("collecting").kase
	var first, second hub.ID
	for _, of := range []struct {
		login, thing string
		id           hub.ID
	}{{"ingrid", "concerns", concern}, {"ellen", "cases", kase}} {
		at := "/" + of.thing
		in := func(n int) map[string]any {
			return map[string]any{"category": "child", "reason": d.text(inDanger[n] + " " + of.thing)}
		}
		first = d.makes(of.login, "/api"+at+"/{id}/glass", in(0), of.id)
		d.call(of.login, "GET", "/api"+at+"/{id}", nil, 200, of.id)
		d.as(of.login).Get(at + "/" + string(of.id)).Must(200)
		d.call(of.login, "DELETE", "/api"+at+"/{id}/glass/{glass}", nil, 200, of.id, first)

		c := d.as(of.login)
		c.Get(at + "/glass").Must(200)
		c.Submit(at+"/glass", url.Values{"reference": {"https://hub.test" + at + "/" + string(of.id)}, "category": {"life"}, "reason": {"."}}).Must(400)
		c.Submit(at+"/glass", url.Values{"reference": {"https://hub.test" + at + "/" + string(of.id)}, "category": {"life"}, "reason": {d.text(inDanger[1] + " " + of.thing)}, "minutes": {"20"}}).Must(200)
		second = hub.ID(d.One("select id from access.glass where item = $1 and ended_at is null", string(of.id)))
		c.Submit(at+"/"+string(of.id)+"/glass/"+string(second)+"/end", nil).Must(200)

		third, _ := d.asks3rd(of.login, of.thing, of.id, d.text(inDanger[2]+" "+of.thing))
		d.as(coordinator).Submit(at+"/"+string(of.id)+"/glass/"+string(third), url.Values{"answer": {"no"}}).Must(200)
		again, content := d.asks3rd(of.login, of.thing, of.id, d.text(inDanger[3]+" "+of.thing))
		d.call(coordinator, "GET", "/api"+at+"/{id}/glass/{glass}", nil, 200, of.id, again)
		d.call(coordinator, "GET", "/api"+at+"/{id}", nil, 200, of.id)
		d.as(coordinator).Get(at + "/" + string(of.id)).Must(200)
		d.changes(coordinator, "/api"+at+"/{id}/glass/{glass}/answer", map[string]any{"answer": "yes", "content": content}, of.id, again)
	}
	d.call(koegeDPO, "GET", "/api/glass", nil, 200)
	d.call(koegeDPO, "GET", "/api/glass/{glass}", nil, 200, first)
	d.changes(koegeDPO, "/api/glass/{glass}/review", map[string]any{"outcome": "justified", "text": d.text(inDanger[0])}, first)
	c := d.as(koegeDPO)
	c.Get("/glass").Must(200)
	c.Get("/glass/" + string(second)).Must(200)
	c.Submit("/glass/"+string(second), url.Values{"outcome": {"breach"}, "text": {"kort"}}).Must(400)
	c.Submit("/glass/"+string(second), url.Values{"outcome": {"breach"}, "text": {d.text(inDanger[1])}}).Must(200)
	d.Settle()
}
