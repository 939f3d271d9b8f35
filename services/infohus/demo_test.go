//go:build !race

package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/infohus/infohus/deploy"
)

// caller is a program that acts for people against the test's hub.
func (s *script) caller() *caller {
	s.Helper()
	c, err := newCaller(s.Context(), "https://hub.test", inProcess(s.Handler()), func(login string) (string, error) {
		return s.Issuer.Sign(s.Issuer.Claims(s.As(login).Post)), nil
	})
	if err != nil {
		s.Fatal(err)
	}
	return c
}

// TestDemoWorld replays the demo world through the commands: concerns in every
// state that they can be in, and cases in every state of theirs, each with its
// trail, its facts and its keys.
func TestDemoWorld(t *testing.T) {
	s := begin(t)
	now := s.Now()
	if err := seed(t.Context(), deploy.Concerns(), s.Structure, now, s.Set, s.caller()); err != nil {
		t.Fatal(err)
	}
	s.Set(now)
	if n := s.One("select count(*) from intake.concern"); n != "18" {
		t.Errorf("%s concerns, want 18", n)
	}
	states := map[string]bool{}
	for _, row := range s.SQL("select distinct state from intake.concern") {
		states[row[0]] = true
	}
	for _, want := range []string{"received", "rerouted", "police_check", "acute", "police_only", "triage", "unfounded", "case"} {
		if !states[want] {
			t.Errorf("no concern is in %s", want)
		}
	}
	cases := map[string]bool{}
	for _, row := range s.SQL("select distinct state from access.item where kind = 'case'") {
		cases[row[0]] = true
	}
	for _, want := range []string{"opening", "collecting", "assessment", "recommended", "follow_up", "closed"} {
		if !cases[want] {
			t.Errorf("no case is in %s", want)
		}
	}
	for what, query := range map[string]string{
		"concern without a row in the trail":     "select count(*) from intake.concern c where not exists (select from audit.trail t where t.object_id = c.id and t.act = 'collect')",
		"concern without a fact":                 "select count(*) from intake.concern c where not exists (select from intake.outbox o where o.envelope->>'subject' = c.id)",
		"concern without a retention date (L22)": "select count(*) from intake.concern where erase_at is null or retention_rule = ''",
		"fact that was not published":            "select count(*) from intake.outbox where published_at is null",
		"step in a future that has not come":     "select count(*) from intake.step where at > '" + now.UTC().Format("2006-01-02 15:04:05") + "+00'",
	} {
		if n := s.One(query); n != "0" {
			t.Errorf("%s × %s", n, what)
		}
	}
	if !strings.Contains(s.as(coordinator).API("GET", "/api/concerns", nil).Must(200).Text(), `"total":`) {
		t.Error("the coordinator has no list")
	}
}

// TestTour plays the tour against a hub: all of it must be as it should be.
func TestTour(t *testing.T) {
	s := begin(t)
	var out bytes.Buffer
	g, err := newGuide(t.Context(), &out, s.caller(), s.Structure, s.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := g.story(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, w := range g.wrong {
		t.Error(w)
	}
	t.Log(out.String())
}
