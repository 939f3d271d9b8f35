package main

import (
	"net/url"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

func TestExplore(t *testing.T) {
	s := begin(t)
	rep := s.submits(teacher, nil)
	t.Log("forward by ssp unassigned", s.as(ssp).API("POST", "/api/concerns/"+string(rep)+"/forward", toPolice).Status)
	t.Log("forward", s.as(coordinator).API("POST", "/api/concerns/"+string(rep)+"/forward", toPolice).Text())
	t.Log("teacher sees", s.as(teacher).API("GET", "/api/concerns/"+string(rep), nil).Text())
	t.Log("revoke invented", s.as(coordinator).API("DELETE", "/api/concerns/"+string(rep)+"/access/"+string(hub.NewID()), nil).Text())
	s.does(policeMan, "check", rep, says("released"))
	s.does(coordinator, "triage", rep, judge("unfounded"))
	s.does(policeMan, "triage", rep, judge("unfounded"))
	a := s.as(coordinator).API("POST", "/api/concerns/"+string(rep)+"/access", map[string]any{"hat": s.as(ssp).Post.Hat.ID})
	t.Log("grant in unfounded", a.Status, a.Text())
	t.Log("list", s.as(coordinator).API("GET", "/api/concerns", nil).Text())
	t.Log("list past end", s.as(coordinator).API("GET", "/api/concerns?after="+string(rep), nil).Text())
	t.Log("list as nobody", s.as("liv").API("GET", "/api/concerns", nil).Text())
	t.Log("list as birk/local_police", s.AsRole("birk", hub.LocalPolice).API("GET", "/api/concerns", nil).Text())

	sub := s.registers(coordinator, nil)
	in := concern(sub, nil)
	delete(in, "purpose")
	delete(in, "legal_basis")
	var d done
	s.as(coordinator).API("POST", "/api/concerns/drafts", in).Must(201).JSON(&d)
	for range 2 {
		a := s.as(coordinator).API("POST", "/api/concerns", map[string]any{"draft": d.ID, "subject": "", "statements": nil, "why_now": "", "urgency": "", "purpose": "prevention", "legal_basis": "GDPR6-1-E"}, "Idempotency-Key", "k1")
		t.Log("submit draft", a.Status, a.Text())
	}
	for range 2 {
		a := s.as(coordinator).API("POST", "/api/concerns/"+string(d.ID)+"/access", map[string]any{"hat": s.as(ssp).Post.Hat.ID}, "Idempotency-Key", "k2")
		t.Log("grant", a.Status, a.Text())
	}
	in = concern(sub, map[string]any{"why_now": "a\x00b"})
	delete(in, "purpose")
	delete(in, "legal_basis")
	t.Log("draft with NUL", s.as(coordinator).API("POST", "/api/concerns/drafts", in).Text())
	t.Log("subject of another", s.as(roskilde).API("POST", "/api/concerns", concern(s.registers(coordinator, map[string]any{"name":"Nina Opdigt","no_cpr":true}), nil)).Text())
	t.Log("bad body outsider", s.as("liv").API("POST", "/api/concerns", concern(sub, map[string]any{"urgency": "x"})).Text())

	c := s.as(coordinator)
	p := c.Get("/subjects/new?next=concern").Must(200)
	_ = p
	p = c.Submit("/subjects/new?next=concern", url.Values{"name": {"Bertram"}, "no_cpr": {"yes"}})
	t.Log(p.Path, p.Status)
	p = c.Submit("/concerns/new", url.Values{"statements.0.text": {"Set"}, "on": {"1"}})
	t.Log(p.Path, p.Status)
	t.Log(p.Text())
	t.Log("leaves child clock", s.One("select count(*) from intake.concern where child_due is not null"))
	rep2 := s.submits(coordinator, map[string]any{"child": "yes"})
	s.does(coordinator, "reroute", rep2, map[string]any{"track": "violence"})
	s.Advance(25 * time.Hour)
}
