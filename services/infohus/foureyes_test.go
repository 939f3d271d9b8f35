//go:build !race

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// becomes makes the wearer of one login's hats the same human as another's: two
// accounts, two hats, one person.
func (s *script) becomes(login, same string) {
	s.Helper()
	s.SQL("update access.hat set person = $1 where person = $2", string(s.as(same).Post.Person), string(s.as(login).Post.Person))
}

func (s *script) parts(login string) { // and two humans again
	s.Helper()
	p := s.as(login).Post
	s.SQL("update access.hat set person = $1 where id = $2", string(p.Person), string(p.Hat.ID))
}

// TestFourEyes is A047 and A048: every step that takes both coordinators takes two
// humans. One human with a hat at each party, whatever the accounts, is refused at
// the second step, and so is a deputy of whoever asked.
func TestFourEyes(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	refused := func(what string, a interface{ Text() string }, status int) {
		t.Helper()
		if status != 409 {
			t.Errorf("%s by the same human: %d %s", what, status, a.Text())
		}
	}
	once := func(what, login, path string, in any) {
		t.Helper()
		a := s.as(login).API("POST", path, in)
		refused(what, a, a.Status)
	}

	// Triage, from both sides.
	of := d.drives("municipality", "triage")
	s.does(coordinator, "triage", of.id, judge("case"))
	s.becomes(policeMan, coordinator)
	once("triage", policeMan, "/api/concerns/"+string(of.id)+"/triage", judge("case"))
	s.parts(policeMan)
	s.does(policeMan, "triage", of.id, judge("unfounded"))
	s.becomes(coordinator, policeMan)
	once("triage again", coordinator, "/api/concerns/"+string(of.id)+"/triage", judge("unfounded"))
	s.parts(coordinator)
	s.does(policeMan, "triage", of.id, judge("case"))
	s.Settle()

	// The circle.
	w := d.brings(d.from(of), "confirmed")
	s.becomes(policeMan, coordinator)
	once("the circle", policeMan, "/api/cases/"+string(w.kase)+"/open", map[string]any{"members": []hub.ID{}, "reason": sayWhy})
	s.parts(policeMan)

	// The signatures.
	d.brings(w, "written")
	content := map[string]any{"content": d.content(coordinator, w.kase)}
	d.changes(coordinator, "/api/cases/{id}/sign", content, w.kase)
	s.becomes(policeMan, coordinator)
	once("signing", policeMan, "/api/cases/"+string(w.kase)+"/sign", content)
	s.parts(policeMan)
	d.changes(policeMan, "/api/cases/{id}/sign", content, w.kase)
	w.at = 6
	d.brings(w, "follow_up")

	// Closing: it waits on for another human.
	d.changes(coordinator, "/api/cases/{id}/close", d.ends(), w.kase)
	s.becomes(policeMan, coordinator)
	d.changes(policeMan, "/api/cases/{id}/close", d.ends(), w.kase)
	if state := s.One("select state from access.item where id = $1", string(w.kase)); state != "closing" {
		t.Errorf("closed by one human: %s", state)
	}
	s.parts(policeMan)
	d.changes(policeMan, "/api/cases/{id}/close", d.ends(), w.kase)
	s.Settle()

	// Opening again: not the deputy, who is the same pair of eyes, either way round.
	d.changes(coordinator, "/api/cases/{id}/reopen", d.reopens(coordinator), w.kase)
	once("reopening by the deputy", deputy, "/api/cases/"+string(w.kase)+"/reopen", d.reopens(deputy))
	s.becomes(policeMan, coordinator)
	once("reopening", policeMan, "/api/cases/"+string(w.kase)+"/reopen", d.reopens(policeMan))
	s.parts(policeMan)
	d.changes(policeMan, "/api/cases/{id}/reopen", d.reopens(policeMan), w.kase)
}

// TestADeputyActsForSomebody is A014: a deputy's acts carry both names, in the
// history, in the trail and where the hat is chosen; and they end at their minute,
// in a page that is open too, and in lists.
func TestADeputyActsForSomebody(t *testing.T) {
	s := begin(t)
	id := s.submits(coordinator, nil)
	s.does(deputy, "forward", id, toPolice)
	both := "Viggo Pladsholder for Gudrun Modelborg"
	page := s.as(deputy).Get("/concerns/" + string(id))
	if !strings.Contains(page.Text(), both) {
		t.Errorf("the history does not name both: %s", page.Text())
	}
	if got := s.One("select h.name from audit.trail t join access.hat h on h.id = t.deputy_of where t.object_id = $1 and t.person = $2 and t.act <> 'consult' limit 1", string(id), string(s.as(deputy).Post.Person)); got != "Gudrun Modelborg" {
		t.Errorf("in the trail it was done for %q", got)
	}
	found := s.as(koegeDPO).API("POST", "/api/trail/search", map[string]any{"ground": "lawfulness", "person": s.as(deputy).Post.Person})
	if !strings.Contains(found.Text(), `"deputy_for":"Gudrun Modelborg"`) {
		t.Errorf("the officer is told %s", found.Text())
	}
	if me := s.as(deputy).API("GET", "/api/whoami", nil); !strings.Contains(me.Text(), `"deputy_of":"`+string(s.as(coordinator).Post.Hat.ID)) {
		t.Errorf("whoami tells %s", me.Text())
	}
	if hats := s.as(deputy).Get("/hats"); !strings.Contains(hats.Text(), "Stedfortræder for Gudrun Modelborg") {
		t.Errorf("the roles show %s", hats.Text())
	}

	// It ends in the middle of a session, at its minute.
	until := s.Now().Add(10 * time.Minute).Truncate(time.Minute)
	s.SQL("update access.hat set until_at = $1 where id = $2", until, string(s.as(deputy).Post.Hat.ID))
	s.Advance(until.Sub(s.Now()) - time.Second)
	if a := s.as(deputy).Get(page.Path); a.Status != 200 {
		t.Fatalf("a second before its end: %d", a.Status)
	}
	s.Advance(time.Second)
	for _, path := range []string{page.Path, "/concerns", "/"} {
		if a := s.as(deputy).Get(path); a.Status != 403 || !strings.Contains(a.Text(), "<h1>Din rolle er lukket</h1>") || strings.Contains(a.Text(), "kiosken") {
			t.Errorf("%s after its end: %d %s", path, a.Status, a.Text())
		}
	}
	if a := s.as(deputy).API("GET", "/api/concerns/"+string(id), nil); a.Status == 200 || strings.Contains(a.Text(), "kiosken") {
		t.Errorf("the record after its end: %d", a.Status)
	}
}

// TestWhoHasSignedIsNotAskedAgain: whoever's signature stands is not asked to read and
// sign; who has not is, and so is everybody when what was signed was changed.
func TestWhoHasSignedIsNotAskedAgain(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w := d.works("written")
	asked := func(login string, want bool) {
		t.Helper()
		for _, at := range []string{"/cases/" + string(w.kase), "/cases/" + string(w.kase) + "/assessment"} {
			if is := strings.Contains(s.as(login).Get(at).Must(200).Text(), "/cases/"+string(w.kase)+"/sign\""); is != want {
				t.Errorf("at %s %s is asked to sign: %v, want %v", at, login, is, want)
			}
		}
	}
	asked(coordinator, true)
	d.changes(coordinator, "/api/cases/{id}/sign", map[string]any{"content": d.content(coordinator, w.kase)}, w.kase)
	asked(coordinator, false)
	asked(policeMan, true)
	d.changes("liv", "/api/cases/{id}/dissents", d.dissents(), w.kase)
	asked(coordinator, true)
}
