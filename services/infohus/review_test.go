//go:build !race

package main

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/deploy"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

type accessList struct {
	Hats []struct {
		Hat       hub.ID
		Name      string
		Overdue   bool
		LastWorn  string `json:"last_worn"`
		CanDecide bool   `json:"can_decide"`
	}
}

// leftUs is why a role ends.
const leftUs = "Hun er gået over til borgerservice fra mandag."

// TestEndingARoleTakesAStepOfItsOwn is L56 by page: nothing ends by one press; the
// page says whom, what stops and whether the role is left empty; the reason is for
// the officer of that authority, who reads in the log who lost what; and where nobody
// coordinates any more, those who can mend that are told.
func TestEndingARoleTakesAStepOfItsOwn(t *testing.T) {
	s := begin(t)
	hats := map[string]string{coordinator: string(s.as(coordinator).Post.Hat.ID), deputy: string(s.as(deputy).Post.Hat.ID)}
	c := s.as(koegeManager)
	c.Get("/review")
	for _, in := range []url.Values{{"end": {hats[deputy]}}, {"end": {hats[deputy]}, "confirm": {hats[deputy]}}} {
		c.Submit("/review", in).Must(400)
	}
	page := func(login string) string {
		t.Helper()
		return c.Get("/review/" + hats[login]).Must(200).Text()
	}
	const last = "Rollen står tom"
	if p := page(deputy); !strings.Contains(p, "Viggo Pladsholder") || !strings.Contains(p, "kommunal tovholder") || strings.Contains(p, last) {
		t.Errorf("the page shows %s", p)
	}
	c.Submit("/review/"+hats[deputy], url.Values{"reason": {""}}).Must(400)
	c.Submit("/review/"+hats[deputy], url.Values{"reason": {leftUs}, "confirm": {hats[deputy]}}).Must(400)
	s.as(ssp).Get("/review/" + hats[deputy]).Must(404)
	s.as(roskilde).Get("/review/" + hats[deputy]).Must(404)
	s.as(deputy).Get("/").Must(200)
	c.Submit("/review/"+hats[deputy], url.Values{"reason": {leftUs}}).Must(200)
	told := func(login string) bool {
		return strings.Contains(s.as(login).API("GET", "/api/notices", nil).Must(200).Text(), `"what":"no_coordinator"`)
	}
	if a := s.as(deputy).Get("/concerns"); a.Status != 403 || !strings.Contains(a.Text(), "Din rolle er lukket") {
		t.Errorf("who has no role any more gets %d %s", a.Status, a.Text())
	}
	if told(koegeManager) {
		t.Error("one is left, and nobody is said to be")
	}
	if p := page(coordinator); !strings.Contains(p, last) {
		t.Errorf("that it is the last one is not said: %s", p)
	}
	c.Submit("/review/"+hats[coordinator], url.Values{"reason": {leftUs}}).Must(200)
	for _, login := range []string{koegeManager, koegeDPO, "rune"} {
		if !told(login) {
			t.Errorf("%s is not told that nobody coordinates", login)
		}
	}
	if told(roskilde) {
		t.Error("another authority is told")
	}
	log := s.as(koegeDPO).API("POST", "/api/trail/search", map[string]any{"ground": "self_monitoring", "act": "revoke"}).Must(200).Text()
	for _, want := range []string{`"whose_name":"Viggo Pladsholder","whose_role":"municipal_coordinator"`, `"whose_name":"Gudrun Modelborg"`, leftUs} {
		if !strings.Contains(log, want) {
			t.Errorf("the officer does not read %s: %s", want, log)
		}
	}
}

// TestAccessIsGoneThrough is L56: a manager or coordinator sees who of the own
// authority has a hat that opens content, confirms it or ends it, at once and for
// good; nobody their own, nobody another authority's. What is late is told to
// manager and officer, and ends by itself where the structure file says so.
func TestAccessIsGoneThrough(t *testing.T) {
	file := strings.Replace(string(deploy.Demo()), "review: {days: 90}", "review: {days: 90, ends_after_days: 14}", 1)
	s := &script{t, hubtest.Open(t, hubtest.Options{Structure: file, Services: rooms()}), map[string]*hubtest.Client{}}
	id := s.submits(coordinator, nil)
	s.as(ssp).Get("/")
	list := func(login string) (of accessList) {
		t.Helper()
		s.as(login).API("GET", "/api/review", nil).Must(200).JSON(&of)
		return of
	}
	for _, login := range []string{ssp, koegeDPO, "rune", "aksel"} {
		s.as(login).API("GET", "/api/review", nil).Must(404)
	}
	seen := map[string]bool{}
	for _, h := range list(koegeManager).Hats {
		seen[h.Name] = true
		if h.Overdue || !h.CanDecide || (h.LastWorn != "") != (h.Name == "Ingrid Attrapsen") {
			t.Errorf("%+v", h)
		}
	}
	for name, want := range map[string]bool{"Gudrun Modelborg": true, "Ingrid Attrapsen": true, "Viggo Pladsholder": true, "Dagny Legetøft": false, "Sigrid Luftkastel": false, "Thorkild Prøvebo": false} {
		if seen[name] != want {
			t.Errorf("%s is in the list: %v", name, seen[name])
		}
	}
	decide := func(login, whose, what string, want int) {
		t.Helper()
		in := map[string]any{"hat": s.as(whose).Post.Hat.ID, "decide": what}
		if what == "end" {
			in["reason"] = leftUs
		}
		s.as(login).API("POST", "/api/review", in).Must(want)
	}
	decide(coordinator, coordinator, "confirm", 404) // one's own
	decide(deputy, coordinator, "confirm", 404)      // or of whom one acts for
	decide(koegeManager, roskilde, "end", 404)
	decide(ssp, coordinator, "end", 404)
	decide(koegeManager, coordinator, "perhaps", 400)
	decide(koegeManager, coordinator, "confirm", 200)

	// Ended: from then on nothing, and set-up does not give it back.
	if s.sees(deputy, id) == nil {
		t.Fatal("the deputy sees nothing")
	}
	decide(coordinator, deputy, "end", 200)
	if a := s.as(deputy).API("GET", "/api/concerns/"+string(id), nil); a.Status == 200 {
		t.Errorf("who was ended gets %d", a.Status)
	}
	decide(koegeManager, deputy, "confirm", 404)
	s.Restart()
	if a := s.as(deputy).API("GET", "/api/concerns/"+string(id), nil); a.Status == 200 {
		t.Errorf("who was ended gets %d after a new start", a.Status)
	}
	if page := s.as(koegeManager).Get("/review"); !strings.Contains(page.Text(), "Gudrun Modelborg") || strings.Contains(page.Text(), "Viggo Pladsholder") {
		t.Errorf("the page shows %s", page.Text())
	}

	// Late: manager and officer are told; a fortnight later it ends by itself.
	s.Advance(80 * 24 * time.Hour)
	decide(koegeManager, coordinator, "confirm", 200)
	s.Advance(11 * 24 * time.Hour)
	for _, login := range []string{koegeManager, koegeDPO} {
		s.who[login] = nil // days pass, and a sign-in ends
		if a := s.as(login).API("GET", "/api/notices", nil); !strings.Contains(a.Text(), `"what":"review"`) || strings.Contains(a.Text(), "Ingrid") {
			t.Errorf("%s is told %s", login, a.Text())
		}
	}
	late := 0
	for _, h := range list(koegeManager).Hats {
		if h.Overdue {
			late++
		}
		if h.Name == "Gudrun Modelborg" && h.Overdue {
			t.Error("who was confirmed is late")
		}
	}
	if late == 0 {
		t.Error("nobody is late")
	}
	s.Advance(15 * 24 * time.Hour)
	for _, h := range list(koegeManager).Hats {
		if h.Name == "Ingrid Attrapsen" {
			t.Error("nobody confirmed her, and her hat has not ended")
		}
	}
	if n := s.One("select count(*) from audit.trail where question = 'certify' and role = 'system' and act = 'revoke' and controller = 'koege'"); atoi(n) == 0 {
		t.Error("that it ended is not in the trail")
	}
}
