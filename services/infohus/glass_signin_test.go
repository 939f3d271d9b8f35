//go:build !race

package main

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// TestBreakingNeedsASignInJustNow is A038: on an old sign-in nothing is opened, of what
// there is as of what there is not, by page or by program, and the door leads to a new
// one; whoever may break nothing is answered as ever.
func TestBreakingNeedsASignInJustNow(t *testing.T) {
	s := begin(t)
	id, never := s.forwarded(), hub.NewID()
	typed := func(id hub.ID) hubtest.Answer {
		return s.posts(ssp, "/concerns/glass", url.Values{"reference": {string(id)}, "category": {"life"}, "reason": {inDanger[0]}, "minutes": {"30"}})
	}
	said := func(a hubtest.Answer, id hub.ID) string { return strings.ReplaceAll(a.Text(), string(id), "") }
	s.as(ssp).Get("/concerns/glass").Must(200)
	s.Advance(16 * time.Minute)
	if door := s.as(ssp).Get("/concerns/glass").Must(200).Text(); !strings.Contains(door, "/signin?to=%2fconcerns%2fglass") || strings.Contains(door, `name="reason"`) {
		t.Errorf("on an old sign-in the door is %s", door)
	}
	for _, how := range []struct {
		name string
		try  func(hub.ID) hubtest.Answer
	}{
		{"by page", typed},
		{"by an old token", func(id hub.ID) hubtest.Answer {
			return s.breaksAs(map[string]any{"auth_time": s.Now().Add(-15*time.Minute - time.Second).Unix()}, id, inDanger[0])
		}},
		{"by a token of nobody knows when", func(id hub.ID) hubtest.Answer { return s.breaksAs(map[string]any{"auth_time": nil}, id, inDanger[0]) }},
		{"by a token of tomorrow", func(id hub.ID) hubtest.Answer {
			return s.breaksAs(map[string]any{"auth_time": s.Now().Add(time.Hour).Unix()}, id, inDanger[0])
		}},
	} {
		real, invented := how.try(id), how.try(never)
		if real.Status != 403 || invented.Status != 403 || said(real, id) != said(invented, never) || !strings.Contains(real.Text(), "log ind igen") {
			t.Errorf("%s: %d %s, of an invented one %d %s", how.name, real.Status, real.Body, invented.Status, invented.Body)
		}
		for _, a := range []hubtest.Answer{real, invented} {
			if n := s.One("select count(*) from audit.trail where act = 'break-glass' and outcome = 'deny' and controller = '' and request = $1", a.Header.Get("X-Request-Id")); n != "1" {
				t.Errorf("%s: %s rows say that it was refused", how.name, n)
			}
		}
	}
	if n := s.One("select count(*) from access.glass"); n != "0" {
		t.Errorf("%s are broken", n)
	}
	s.seesNothing(id, ssp)
	for login, want := range map[string]int{coordinator: 404, koegeDPO: 404, "valborg": 403} { // the last may, of her own authority's
		s.as(login).Get("/")
		s.Advance(16 * time.Minute)
		if a := s.posts(login, "/concerns/glass", url.Values{"reference": {string(id)}, "category": {"life"}, "reason": {inDanger[0]}, "minutes": {"30"}}); a.Status != want {
			t.Errorf("%s is answered %d", login, a.Status)
		}
	}
	s.as(ssp).SignIn()
	typed(id)
	s.want(s.sees(ssp, id), "statements")
	s.as(ssp).Get("/concerns/" + string(id)).Must(200)
	s.as(ssp).Submit("/concerns/"+string(id)+"/glass/"+s.One("select id from access.glass")+"/end", nil)
	s.seesNothing(id, ssp)
	s.Advance(16 * time.Minute)
	if a := s.breaksAs(map[string]any{"loa": "High", "auth_time": nil}, id, inDanger[1]); a.Status != 201 { // known well enough
		t.Errorf("at level High: %d %s", a.Status, a.Body)
	}
}
