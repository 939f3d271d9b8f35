package main

import (
	"slices"
	"sync"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// opened is what a step with a case answers.
type opened struct {
	ID, Case hub.ID
	State    string
}

const sayWhy = "De kender skolegangen og skal kunne svare på spørgsmålet om den."

var toPartner = map[string]any{"legal_basis": "RPL115-1-2", "purpose": "prevention", "necessity": because}

// triaged is a concern that both coordinators have triaged to a case, and the
// case that was drafted from it.
func (s *script) triaged() (concern, kase hub.ID) {
	s.Helper()
	concern = s.forwarded()
	s.does(policeMan, "check", concern, says("released"))
	s.does(policeMan, "triage", concern, judge("case"))
	s.does(coordinator, "triage", concern, judge("case"))
	s.Settle()
	return concern, hub.ID(s.One("select id from assessment.cases where concern = $1", string(concern)))
}

// members gives the circle as somebody sees it.
func (s *script) circle(login string, kase hub.ID) (list []struct {
	ID, Hat     hub.ID
	Name, State string
	Authority   string
}) {
	s.Helper()
	var v struct {
		Circle []struct {
			ID, Hat     hub.ID
			Name, State string
			Authority   string
		}
	}
	s.as(login).API("GET", "/api/cases/"+string(kase), nil).Must(200).JSON(&v)
	return v.Circle
}

// inCase gives the fields that somebody is shown of a case; nil for nothing.
func (s *script) inCase(login string, kase hub.ID) []string {
	s.Helper()
	a := s.as(login).API("GET", "/api/cases/"+string(kase), nil)
	if a.Status == 404 {
		return nil
	}
	var v struct{ Fields []string }
	a.Must(200).JSON(&v)
	return v.Fields
}

func (s *script) onCase(login, op string, kase hub.ID, in any) opened {
	s.Helper()
	var out opened
	a := s.as(login).API("POST", "/api/cases/"+string(kase)+"/"+op, in)
	if a.Status != 200 && a.Status != 201 {
		s.Fatalf("%s %s: %d %s", login, op, a.Status, a.Body)
	}
	a.JSON(&out)
	return out
}

// caseOpened is a case whose circle both coordinators have confirmed: liv of the
// municipality's core group is in it.
func (s *script) caseOpened() hub.ID {
	s.Helper()
	_, kase := s.triaged()
	s.opens(kase)
	return kase
}

func (s *script) opens(kase hub.ID) {
	s.Helper()
	var liv hub.ID
	for _, m := range s.circle(coordinator, kase) {
		if m.Hat == s.as("liv").Post.Hat.ID {
			liv = m.ID
		}
	}
	in := map[string]any{"members": []hub.ID{liv}, "reason": sayWhy, "terms": "within_cooperation"}
	for k, v := range toPolice {
		in[k] = v
	}
	if got := s.onCase(coordinator, "open", kase, in); got.State != "opening" {
		s.Fatalf("one confirmation leads to %s", got.State)
	}
	s.Settle()
	if got := s.onCase(policeMan, "open", kase, map[string]any{"members": []hub.ID{}, "reason": sayWhy}); got.State != "collecting" {
		s.Fatalf("both confirmations lead to %s", got.State)
	}
	s.Settle()
}

// TestCaseOpens: a fact drafts the case, the circle comes from the structure
// file, both coordinators confirm, and a seat in the core group opens nothing.
// L9: membership is no assignment.
func TestCaseOpens(t *testing.T) {
	s := begin(t)
	_, kase := s.triaged()
	if got := s.inCase(policeMan, kase); got != nil {
		t.Errorf("before the municipality has confirmed the police see %v", got)
	}
	for _, who := range []string{"liv", "tage", "ellen", "knud", "bodil", "merete", "solvej", roskilde, koegeDPO, "rune", "aksel", "jytte"} {
		if got := s.inCase(who, kase); got != nil {
			t.Errorf("%s sees %v of a case that is not open", who, got)
		}
	}
	s.opens(kase)
	for who, want := range map[string]bool{coordinator: true, policeMan: true, "liv": true, "tage": false, "ellen": false, "knud": false, "bodil": false, roskilde: false, koegeDPO: false, "rune": false} {
		if got := s.inCase(who, kase); (got != nil) != want {
			t.Errorf("%s sees %v of an open case", who, got)
		}
	}
	if got := s.inCase("liv", kase); !slices.Contains(got, "name") || slices.Contains(got, "address") || slices.Contains(got, "circle") {
		t.Errorf("a core group member who was invited sees %v", got)
	}
	if got := s.inCase(policeMan, kase); slices.Contains(got, "address") {
		t.Error("the police see the address")
	}
}

// TestQuestionAndAnswer: a department and another authority are asked and
// answer; an answer goes to whom it was released to, a decline costs nothing and
// looks as the Infohus has chosen, and what is taken back is gone at once. L4,
// and A029 in part: what a decline looks like, and not when.
func TestQuestionAndAnswer(t *testing.T) {
	s := begin(t)
	kase := s.caseOpened()
	ask := func(by, who string, extra map[string]any) hub.ID {
		in := map[string]any{"authority": s.as(who).Post.Authority, "hats": []hub.ID{s.as(who).Post.Hat.ID}, "questions": "Går han i skole?", "necessity": because}
		for k, v := range extra {
			in[k] = v
		}
		return s.onCase(by, "requests", kase, in).ID
	}
	q := ask(coordinator, "tage", nil)
	s.Settle()
	s.as("tage").API("GET", "/api/requests/"+string(q), nil).Must(200)
	s.as("ellen").API("GET", "/api/requests/"+string(q), nil).Must(404)
	s.as("solvej").API("GET", "/api/requests/"+string(q), nil).Must(404)
	if got := s.inCase("tage", kase); got != nil {
		t.Errorf("who is asked sees of the case %v", got)
	}
	answer := map[string]any{"grade": 3, "to": []string{"mvs-politi"}, "legal_basis": "RPL115-2", "purpose": "prevention", "necessity": because,
		"statements": []map[string]any{{"kind": "fact", "text": "Er i skole fire dage om ugen.", "source": "journal", "reliability": "A", "as_of": "2026-11-01", "class": "ordinary"}}}
	s.as("tage").API("POST", "/api/requests/"+string(q)+"/answer", answer).Must(200)
	s.Settle()
	type answers struct {
		Answers []struct {
			ID         hub.ID
			Statements []struct{ Text string }
		}
	}
	reads := func(who string) (list answers) {
		s.as(who).API("GET", "/api/cases/"+string(kase)+"/answers", nil).Must(200).JSON(&list)
		return list
	}
	for who, want := range map[string]int{coordinator: 1, policeMan: 1, "liv": 1, "tage": 1, "ellen": 0, "bodil": 0} {
		if got := reads(who); len(got.Answers) != want {
			t.Errorf("%s reads %d answers, want %d", who, len(got.Answers), want)
		}
	}
	if got := reads(policeMan); len(got.Answers) == 1 && (len(got.Answers[0].Statements) != 1 || got.Answers[0].Statements[0].Text != "Er i skole fire dage om ugen.") {
		t.Errorf("the police read %+v", got)
	}
	s.as("tage").API("DELETE", "/api/answers/"+string(reads("tage").Answers[0].ID), nil).Must(200)
	if got := reads(policeMan); len(got.Answers) != 0 {
		t.Errorf("after it was taken back the police read %+v", got)
	}

	q = ask(policeMan, "bodil", toPartner)
	s.as("bodil").API("POST", "/api/requests/"+string(q)+"/decline", nil).Must(200)
	var shown struct{ Outcome string }
	s.as(policeMan).API("GET", "/api/requests/"+string(q), nil).Must(200).JSON(&shown)
	if shown.Outcome != "nothing" {
		t.Errorf("a decline looks like %q to the asker", shown.Outcome)
	}
	s.as("bodil").API("GET", "/api/requests/"+string(q), nil).Must(200).JSON(&shown)
	if shown.Outcome != "declined" {
		t.Errorf("a decline looks like %q to the one who declined", shown.Outcome)
	}
}

// TestAnsweringWhileClosing: who answers while the other closes is answered as
// before the closing or as after it, and neither is told to come again.
func TestAnsweringWhileClosing(t *testing.T) {
	d := &desk{driver: &driver{script: begin(t)}}
	w := d.works("collecting")
	tage, police, in := d.as("tage"), d.as(policeMan), d.answers(2)
	for range 3 {
		asked := []hub.ID{d.makes(coordinator, "/api/cases/{id}/requests", d.asks("tage"), w.kase), d.makes(coordinator, "/api/cases/{id}/requests", d.asks("tage"), w.kase)}
		d.changes(coordinator, "/api/cases/{id}/close", d.ends(), w.kase)
		var all sync.WaitGroup
		all.Go(func() {
			for _, q := range asked {
				if got := tage.API("POST", "/api/requests/"+string(q)+"/answer", in).Status; got != 200 && got != 404 {
					t.Errorf("answering is answered with %d", got)
				}
			}
		})
		all.Go(func() {
			if got := police.API("POST", "/api/cases/"+string(w.kase)+"/close", d.ends()).Status; got != 200 {
				t.Errorf("closing is answered with %d", got)
			}
		})
		all.Wait()
		d.Settle()
		d.holdsCases()
		d.reopened(w)
	}
}
