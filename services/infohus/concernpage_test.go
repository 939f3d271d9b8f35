//go:build !race

package main

import (
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
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

// TestWhoReportedIsNotGuessed is L51: whoever says of one colleague after the other that they
// are too close to a concern does not learn by who can see it which of them reported.
func TestWhoReportedIsNotGuessed(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	subject := s.registers("solvej", map[string]any{"name": "Opdigtet Gættet", "no_cpr": true})
	var got done
	s.as("solvej").API("POST", "/api/concerns", concern(subject, map[string]any{"municipality": "koege"})).Must(201).JSON(&got)
	at := "/api/concerns/" + string(got.ID)
	readers := func(login string) string {
		return s.as(login).API("GET", at+"/readers", nil).Must(200).Text()
	}
	before := readers(coordinator)
	if strings.Count(before, `"name":"reporter"`) != 1 || strings.Contains(before, "Solvej") {
		t.Fatalf("who can see it is %s", before)
	}
	for _, guess := range []string{"johanne", "solvej"} {
		if a := s.as(coordinator).API("POST", at+"/recusals", map[string]any{"ground": "2", "hat": d.hat(guess), "reason": "De er i familie, tror jeg."}); a.Status != 200 {
			continue // somebody of another authority
		}
		if after := readers(coordinator); after != before {
			t.Errorf("said of %s, who can see it changes from %s to %s", guess, before, after)
		}
	}
	if a := s.as("solvej").API("GET", at, nil); a.Status != 404 {
		t.Errorf("who reported and is too close reads it: %d", a.Status)
	}
	// To whoever is told who reported, only those who see it stand there.
	s.as(coordinator).API("POST", at+"/access", map[string]any{"hat": d.hat(deputy)}).Must(200)
	if after := readers(deputy); strings.Contains(after, "Solvej") || strings.Contains(after, `"name":"reporter"`) {
		t.Errorf("the deputy, who is told, reads %s", after)
	}
}

// TestTheRecusedDoNotWriteOfThePerson is A012 and A027 in part: whoever is too close to a concern
// hands in no other about the same person, whom they registered themselves, and learns no more of
// them by trying than of somebody who never was; nor do they choose who takes over.
func TestTheRecusedDoNotWriteOfThePerson(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	subject := s.registers(coordinator, map[string]any{"name": "Opdigtet Nevø", "no_cpr": true})
	var got done
	s.as(coordinator).API("POST", "/api/concerns", concern(subject, nil)).Must(201).JSON(&got)
	s.as(coordinator).API("POST", "/api/concerns", concern(subject, nil)).Must(201)
	at := "/api/concerns/" + string(got.ID) + "/recusals"
	if a := s.as(coordinator).API("POST", at, map[string]any{"ground": "2", "substitute": d.hat(deputy)}).Must(400); !strings.Contains(a.Text(), `"error.recusal.own"`) {
		t.Errorf("whoever chooses for themselves is told %s", a.Text())
	}
	s.as(coordinator).API("POST", at, map[string]any{"ground": "2"}).Must(200)
	var second []string
	for _, c := range s.SQL("select id from intake.concern where subject = $1 and id <> $2", string(subject), string(got.ID)) {
		second = append(second, c[0])
	}
	for _, id := range second { // the other one too, or they would know the person by that
		s.as(coordinator).API("POST", "/api/concerns/"+id+"/recusals", map[string]any{"ground": "2"}).Must(200)
	}
	for _, path := range []string{"/api/concerns", "/api/concerns/drafts"} {
		hidden, never := concern(subject, nil), concern(hub.MakeID([16]byte{7}), nil)
		if path != "/api/concerns" {
			for _, in := range []map[string]any{hidden, never} {
				delete(in, "purpose")
				delete(in, "legal_basis")
			}
		}
		a, b := s.as(coordinator).API("POST", path, hidden).Must(400), s.as(coordinator).API("POST", path, never).Must(400)
		if a.Text() != b.Text() {
			t.Errorf("%s of the person is answered %s, of one who never was %s", path, a.Text(), b.Text())
		}
	}
	s.as(deputy).API("POST", "/api/concerns", concern(subject, nil)).Must(201)
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

// What is put before the police as it is handed in says so in its history: the police see it from then.
func TestHandingInSaysWhereItWent(t *testing.T) {
	s := begin(t)
	const put = "Indsendt, og sendt til politiets afklaring"
	s.saysAll(s.as(coordinator).Get("/concerns/"+string(s.forwarded())).Must(200).Text(), put)
	var own done
	s.as(coordinator).API("POST", "/api/concerns", concern(s.registers(coordinator, map[string]any{"name": "Opdigtet Ventende", "no_cpr": true}), nil)).Must(201).JSON(&own)
	s.saysAll(s.as(coordinator).Get("/concerns/"+string(own.ID)).Must(200).Text(), "!"+put, "Indsendt")
}
