//go:build !race

package main

import (
	"bytes"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/deploy"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// TestSweeping is A062 and A027: whoever looks up more than the structure file
// gives is slowed, for real and invented things alike, and the officer is told;
// nobody is locked out, and what is urgent does not wait.
func TestSweeping(t *testing.T) {
	structure := strings.Replace(string(deploy.Demo()), "hour: 300, day: 1500, wait: 10", "hour: 10, day: 100, wait: 10", 1)
	s := &script{t, hubtest.Open(t, hubtest.Options{Services: rooms(), Structure: structure}), map[string]*hubtest.Client{}}
	id := s.submits(coordinator, nil)
	at := "/concerns/" + string(id)
	var given struct{ Assignment hub.ID }
	s.as(coordinator).API("POST", "/api"+at+"/access", map[string]any{"hat": s.as(ssp).Post.Hat.ID}).Must(200).JSON(&given)
	c := s.as(coordinator)
	for range 11 { // the one too many is served too, and noticed
		c.API("GET", "/api"+at, nil).Must(200)
	}
	told := func() bool {
		return strings.Contains(s.as(koegeDPO).Get("/").Must(200).Text(), "slået usædvanligt meget op")
	}
	if !told() {
		t.Error("the officer is not told")
	}
	real, invented := c.API("GET", "/api"+at, nil), c.API("GET", "/api/concerns/"+string(hub.NewID()), nil)
	if real.Status != 429 || invented.Status != 429 || !bytes.Equal(real.Body, invented.Body) || real.Header.Get("Retry-After") != "10" || invented.Header.Get("Retry-After") != "10" {
		t.Errorf("a real one is answered %d %s, an invented one %d %s", real.Status, real.Body, invented.Status, invented.Body)
	}
	for _, a := range []hubtest.Answer{c.Get(at), c.Get("/concerns"), s.posts(coordinator, "/search", url.Values{"find": {"670308-4019"}}), s.posts(coordinator, at+"/export", nil),
		c.API("POST", "/api/subjects/search", map[string]any{"cpr": "670308-4019"})} {
		if a.Status != 429 || strings.Contains(a.Text(), "Bertram") {
			t.Errorf("%s is answered %d", a.Path, a.Status)
		}
	}
	if page := c.Get(at).Text(); !strings.Contains(page, "10 sekunder") || !strings.Contains(page, "<h1>Vent lidt</h1>") {
		t.Errorf("the page does not say that one must wait, and how long: %s", page)
	}
	c.Get("/").Must(200) // what is urgent
	c.Get(at + "/access").Must(200)
	c.API("DELETE", "/api"+at+"/access/"+string(given.Assignment), nil).Must(200)
	c.API("POST", "/api"+at+"/forward", toPolice).Must(200)
	s.as(deputy).API("GET", "/api"+at, nil).Must(200) // somebody else
	for range 3 {
		s.Advance(10 * time.Second)
		c.API("GET", "/api"+at, nil).Must(200)
		if a := c.API("GET", "/api"+at, nil); a.Status != 429 {
			t.Errorf("two at once are answered %d", a.Status)
		}
	}
	if n := s.One("select count(*) from audit.trail where object_kind = 'look_ups' and outcome = 'deny' and person = $1", string(c.Post.Person)); atoi(n) < 10 {
		t.Errorf("%s rows say who was slowed", n)
	}
	if n := s.One("select count(*) from portal.notice where word = 'swept'"); n != "1" {
		t.Errorf("the officer is told %s times", n)
	}
	// The officer is told the filters of the log by the names they have there, and they find it.
	notice, log := s.as(koegeDPO).Get("/").Must(200).Text(), s.as(koegeDPO).Get("/trail").Must(200).Text()
	for _, filter := range []string{"Flere filtre", "Søgt", "Afvist"} {
		if !strings.Contains(notice, filter) || !strings.Contains(log, ">"+filter+"<") {
			t.Errorf("the notice and the log do not both say %q", filter)
		}
	}
	if found := s.as(koegeDPO).Submit("/trail", url.Values{"ground": {"lawfulness"}, "act": {"search"}, "outcome": {"deny"}}).Must(200).Text(); !strings.Contains(found, "opslag, der blev sat ned i fart") {
		t.Errorf("the filters do not find it: %s", mainOf(found))
	}
	s.Advance(time.Hour)
	c.API("GET", "/api"+at, nil).Must(200)
	c.API("GET", "/api"+at, nil).Must(200)
}
