//go:build !race

package main

import (
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// TestAssignedInOneHat is A013 of what is given by name: whoever is let into a case in one of their hats is
// so in that one alone (L56, one hat at a time). In the other they see neither the case nor its line nor who it is
// about, are not told of it, do not stand among who can see it, and it counts among the things of the hat only; and
// each invitation ends by itself.
func TestAssignedInOneHat(t *testing.T) {
	s := begin(t)
	kase := s.caseOpened()
	path := "/api/cases/" + string(kase)
	police, koege := s.AsRole("birk", hub.LocalPolice), s.AsRole("birk", hub.Receiver)
	invites := func(by string, hat hub.ID) (member hub.ID) {
		t.Helper()
		s.as(by).API("POST", path+"/circle", map[string]any{"hat": hat, "reason": sayWhy, "until": s.Now().AddDate(0, 1, 0).Format("2006-01-02")}).Must(201)
		s.Settle()
		for _, m := range s.circle(by, kase) {
			if m.Hat == hat {
				member = m.ID
			}
		}
		return member
	}
	var about struct{ Subject hub.ID }
	s.as(coordinator).API("GET", path, nil).Must(200).JSON(&about)
	sees := func(when string, inPolice, inKoege bool) {
		t.Helper()
		for hat, want := range map[hub.ID]bool{police.Post.Hat.ID: inPolice, koege.Post.Hat.ID: inKoege} {
			c := s.AsRole("birk", map[bool]hub.Role{true: hub.LocalPolice, false: hub.Receiver}[hat == police.Post.Hat.ID])
			one, list := c.API("GET", path, nil).Status == 200, strings.Contains(c.API("GET", "/api/cases", nil).Text(), string(kase))
			who := c.API("GET", "/api/subjects/"+string(about.Subject), nil).Status == 200
			if one != want || list != want || who && !want {
				t.Errorf("%s: as %s he sees the case: %v, its line: %v, who it is about: %v, want %v", when, c.Post.Role, one, list, who, want)
			}
		}
	}
	told := func(when string, c hub.Role, want bool) {
		t.Helper()
		if got := strings.Contains(s.AsRole("birk", c).API("GET", "/api/notices", nil).Text(), string(kase)); got != want {
			t.Errorf("%s: as %s he is told of the case: %v, want %v", when, c, got, want)
		}
	}
	sees("before", false, false)
	inPolice := invites(policeMan, police.Post.Hat.ID)
	sees("let in by the police", true, false)
	told("let in by the police", hub.LocalPolice, true)
	told("let in by the police", hub.Receiver, false)
	inKoege := invites(coordinator, koege.Post.Hat.ID)
	sees("let in by both", true, true)
	told("let in by both", hub.Receiver, true)
	s.as(policeMan).API("DELETE", path+"/circle/"+string(inPolice), nil).Must(201)
	sees("out by the police", false, true)
	s.as(coordinator).API("DELETE", path+"/circle/"+string(inKoege), nil).Must(201)
	sees("out by both", false, false)
}
