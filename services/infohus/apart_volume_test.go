//go:build !race

package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// TestVolumeRoomsApart plays the scenarios, in the same words, on a hub whose keys,
// door and rooms are processes of their own, and then ends some of them.
func TestVolumeRoomsApart(t *testing.T) {
	needPostgres(t)
	began := time.Now()
	a := openApartHub(t)
	t.Logf("up after %.1f s", time.Since(began).Seconds())
	theApart.Store(a)
	defer theApart.Store(nil)
	for _, scenario := range []struct {
		name string
		play func(*testing.T)
	}{
		{"a concern of the municipality", TestAConcernOfTheMunicipality},
		{"a concern of the police", TestAConcernOfThePolice},
		{"sealed to the receiver", TestSealedToTheReceiver},
		{"steps", TestSteps},
		{"anonymous", TestAnonymous},
		{"a case opens", TestCaseOpens},
		{"circle of a case", TestCircleOfACase},
		{"question and answer", TestQuestionAndAnswer},
		{"closing ends the questions", TestClosingEndsTheQuestions},
		{"pages are put together", pagesApart},
		{"rooms die", roomsDie},
		{"keys die", keysDie},
		{"police only", TestPoliceOnly}, // those that move the clock
		{"access ends at once", TestAccessEndsAtOnce},
		{"one receipt", TestOneReceipt},
		{"canaries", canariesApart},
	} {
		if !t.Run(scenario.name, scenario.play) {
			break
		}
	}
}

// canariesApart: each room looks up its canary by itself, and they are found: P6.
func canariesApart(t *testing.T) {
	s := begin(t)
	s.Advance(24 * time.Hour) // today's of each were sent before
	s.Advance(time.Minute)
	if got := s.One("select string_agg(distinct writer::text, ' ') from audit.trail where object_kind = 'canary'"); got != "assessment audit intake person portal referral" {
		t.Errorf("canaries are of %s", got)
	}
	s.Advance(10 * time.Minute)
	if n := s.One("select count(*) from audit.outbox where envelope->'data'->>'what' = 'unseen'"); n != "0" {
		t.Errorf("they are not found, as %s facts say", n)
	}
}

// pagesApart: a page is put together out of what several rooms give, each asked
// as the person who asks for the page, and recorded as theirs.
func pagesApart(t *testing.T) {
	s := begin(t)
	id := s.forwarded()
	const mine = "Bertram Eksempel"
	page := s.as(coordinator).Get("/concerns/" + string(id)).Must(200)
	if !strings.Contains(page.Text(), mine) || strings.Contains(page.Text(), "Utilgængelig") {
		t.Errorf("the coordinator's page does not name the person:\n%s", page.Text())
	}
	request := page.Header.Get("X-Request-Id")
	if rooms := s.One("select string_agg(distinct writer::text, ' ' order by writer::text) from audit.trail where request = $1", request); rooms != "audit intake person" {
		t.Errorf("the page's rows in the trail are of %q, want audit intake person", rooms)
	}
	if who := s.One("select string_agg(distinct person, ' ') from audit.trail where request = $1", request); who != string(s.as(coordinator).Post.Person) {
		t.Errorf("the page is recorded as read by %q", who)
	}
	if home := s.as(policeMan).Get("/").Must(200); !strings.Contains(home.Text(), "/concerns/"+string(id)) || strings.Contains(home.Text(), "Utilgængelig") {
		t.Errorf("the front page does not say what waits:\n%s", home.Text())
	}
	if a := s.as(roskilde).Get("/concerns/" + string(id)); a.Status != 404 || strings.Contains(a.Text(), mine) {
		t.Errorf("another municipality is answered %d", a.Status)
	}
	// What only processes ask one another is nothing to the world.
	for _, path := range []string{"/-/keys/name", "/-/marks/person.card", "/-/sessions/find"} {
		if a := s.as(coordinator).API("POST", path, "{}"); a.Status != 404 {
			t.Errorf("%s answers the world with %d", path, a.Status)
		}
	}
	// A form that fails comes back with what was typed, and so does one that was sent after the sign-in had ended.
	a := s.as(coordinator).Submit("/subjects/new?next=concern", url.Values{"name": {"Kim Kladde"}, "cpr": {"999999-9999"}})
	if a.Status != 400 || !strings.Contains(a.Text(), "Kim Kladde") {
		t.Errorf("a wrong form comes back with %d", a.Status)
	}
	s.SQL("update portal.session set begun_at = begun_at - interval '1 day', used_at = used_at - interval '1 day'")
	a = s.as(coordinator).Submit("/subjects/new?next=concern", url.Values{"name": {"Kaja Kladde"}})
	if !strings.Contains(a.Path, "/signin") {
		t.Errorf("an ended session leads to %s", a.Path)
	}
	s.as(coordinator).SignIn()
	if a = s.as(coordinator).Get("/kept").Must(200); !strings.Contains(a.Text(), "Kaja Kladde") || !strings.Contains(a.Text(), `action="/subjects/new`) {
		t.Errorf("what was typed before the sign-in is not in its page again:\n%s", a.Text())
	}
}

// roomsDie: a room that dies is late, never wrong, and loses nothing.
func roomsDie(t *testing.T) {
	a := apartFor(t)
	s := begin(t)
	id := s.forwarded()
	nobody := s.Nobody()
	nobody.Get("/tell").Must(200)
	s.as(coordinator).Get("/").Must(200)

	if err := a.doctor(t); err != nil {
		t.Errorf("doctor of a hub that is well: %v", err)
	}
	a.kill("intake")
	if err := a.doctor(t); err == nil || !strings.Contains(err.Error(), "2 of") { // the door, and the room itself
		t.Errorf("doctor of a hub without a room: %v", err)
	}
	if said := a.health(); !strings.Contains(said, "room intake") || strings.Contains(said, "person") {
		t.Errorf("the door says %s", said)
	}
	away := s.as(coordinator).API("GET", "/api/concerns/"+string(id), nil)
	if away.Status != 503 || away.Header.Get("Retry-After") == "" || !strings.Contains(away.Header.Get("Content-Type"), "problem+json") {
		t.Errorf("a room that is away is answered %d %v %s", away.Status, away.Header, away.Text())
	}
	told := nobody.Submit("/tell", url.Values{"municipality": {"koege"}, "seen": {"Han deler poser ud til børn."}, "why_now": {"Det er hver aften nu."}, "urgency": {"normal"}, "child": {"yes"}})
	if told.Status != 503 || !strings.Contains(told.Text(), "Han deler poser ud") || told.Header.Get("X-Request-Id") != "" {
		t.Errorf("what was typed is not in the answer of a room that is away: %d %v", told.Status, told.Header)
	}
	if home := s.as(coordinator).Get("/"); home.Status != 200 || !strings.Contains(home.Text(), "Utilgængelig") {
		t.Errorf("the front page without the room is %d", home.Status)
	}
	a.start("intake")
	a.ready()
	s.does(policeMan, "check", id, says("released"))

	a.kill("person")
	if page := s.as(coordinator).Get("/concerns/" + string(id)); page.Status != 200 || !strings.Contains(page.Text(), "Utilgængelig") || strings.Contains(page.Text(), "Bertram") {
		t.Errorf("the concern without who it is about is %d", page.Status)
	}
	a.start("person")
	a.ready()

	// The fact of the triage waits for the room that is to hear it.
	a.kill("assessment")
	s.does(policeMan, "triage", id, judge("case"))
	s.does(coordinator, "triage", id, judge("case"))
	a.start("assessment")
	a.ready()
	s.Settle()
	kase := hub.ID(s.One("select id from assessment.cases where concern = $1", string(id)))

	// And whoever is signed in still is, when the room that knows it comes back.
	a.kill("portal")
	if page := s.as(coordinator).Get("/concerns/" + string(id)); page.Status != http.StatusServiceUnavailable {
		t.Errorf("without the sessions a page is %d", page.Status)
	}
	a.start("portal")
	a.ready()
	s.as(coordinator).Get("/concerns/" + string(id)).Must(200)
	s.opens(kase)
	s.want(s.inCase("liv", kase), "name")
}

// keysDie: without the keys nothing about anybody is shown or written, and
// readiness says why; with them all goes on, and nobody had to be started anew.
func keysDie(t *testing.T) {
	a := apartFor(t)
	s := begin(t)
	id := s.submits(coordinator, nil)
	s.want(s.sees(coordinator, id), "statements", "name")
	before := s.One("select count(*) from intake.concern")

	a.kill("keys")
	if read := s.as(coordinator).API("GET", "/api/concerns/"+string(id), nil); read.Status != 503 || strings.Contains(read.Text(), "kiosken") {
		t.Errorf("without keys a concern is answered %d %s", read.Status, read.Text())
	}
	if told := s.as(coordinator).API("POST", "/api/subjects", map[string]any{"name": "Bertram Eksempel", "cpr": "670308-4019"}); told.Status != 503 {
		t.Errorf("without keys somebody is registered: %d", told.Status)
	}
	if said := a.health(); !strings.Contains(said, "keys") {
		t.Errorf("the door says %s", said)
	}
	if now := s.One("select count(*) from intake.concern"); now != before {
		t.Errorf("without keys %s concerns became %s", before, now)
	}
	a.start("keys")
	a.ready()
	s.want(s.sees(coordinator, id), "statements", "name")
	s.registers(coordinator, map[string]any{"name": "Villy Vidner", "cpr": "680308-4019"})
}
