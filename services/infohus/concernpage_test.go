//go:build !race

package main

import (
	"strings"
	"testing"
)

// TestAConcernLeadsToItsCase: the page of a concern has a link to the case that it became,
// for whoever sees that case, and nothing of it for anybody else.
func TestAConcernLeadsToItsCase(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w := d.works("collecting")
	with, without := 0, 0
	for login := range s.who {
		page := s.as(login).Get("/concerns/" + string(w.id))
		if page.Status != 200 {
			continue
		}
		sees, _, _ := d.sight(login, "cases", w.kase)
		if sees {
			with++
		} else {
			without++
		}
		if leads := strings.Contains(page.Text(), `href="/cases/`+string(w.kase)+`"`); leads != sees || strings.Contains(page.Text(), string(w.kase)) != sees {
			t.Errorf("%s is led to the case: %v, sees it: %v", login, leads, sees)
		}
	}
	if with == 0 || without == 0 {
		t.Errorf("%d see the concern and the case, %d the concern only", with, without)
	}
}

// TestADraftIsOneLineOfHistory: however often a draft was saved, the page of the concern says
// when it was written last; the API has every step.
func TestADraftIsOneLineOfHistory(t *testing.T) {
	s := begin(t)
	in := concern(s.registers(coordinator, map[string]any{"name": "Opdigtet Kladde", "no_cpr": true}), nil)
	delete(in, "purpose")
	delete(in, "legal_basis")
	var draft done
	s.as(coordinator).API("POST", "/api/concerns/drafts", in).Must(201).JSON(&draft)
	for version := 1; version <= 3; version++ {
		in["version"] = version
		s.as(coordinator).API("PUT", "/api/concerns/"+string(draft.ID)+"/draft", in).Must(200)
	}
	s.as(coordinator).API("POST", "/api/concerns", map[string]any{"draft": draft.ID, "purpose": "prevention", "legal_basis": "GDPR6-1-E"}).Must(200)
	page, api := s.as(coordinator).Get("/concerns/"+string(draft.ID)).Must(200).Text(), s.as(coordinator).API("GET", "/api/concerns/"+string(draft.ID), nil).Must(200).Text()
	if n, all := strings.Count(page, "Kladde skrevet"), strings.Count(api, `"action":"edit"`); n != 1 || all < 3 {
		t.Errorf("the page has %d lines of the draft, the API %d", n, all)
	}
}
