//go:build !race

package main

import (
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// TestEachJudgementHasItsOwnWords: who judges again, or after a colleague, puts
// nothing into another's mouth; and who judges from a page that is no longer true
// is told, and judges nothing.
func TestEachJudgementHasItsOwnWords(t *testing.T) {
	d := &driver{script: begin(t)}
	c := d.drives("municipality", "triage")
	at := "/api/concerns/" + string(c.id)
	var seen struct {
		Version    int
		Judgements []struct{ Party, Outcome, Rationale string }
	}
	d.as(coordinator).API("GET", at, nil).Must(200).JSON(&seen)
	first := map[string]any{"outcome": "case", "rationale": "Det er nyt og alvorligt, og ingen kender årsagen.", "version": seen.Version}
	d.as(coordinator).API("POST", at+"/triage", first).Must(200)
	second := map[string]any{"outcome": "unfounded", "rationale": "Skolen har fundet forklaringen i mellemtiden.", "version": seen.Version}
	d.as(deputy).API("POST", at+"/triage", second).Must(409)
	d.as(deputy).API("GET", at, nil).Must(200).JSON(&seen)
	second["version"] = seen.Version
	d.as(deputy).API("POST", at+"/triage", second).Must(200)
	seen.Judgements = nil
	d.as(coordinator).API("GET", at, nil).Must(200).JSON(&seen)
	if len(seen.Judgements) != 2 || seen.Judgements[0].Outcome != "case" || !strings.HasPrefix(seen.Judgements[0].Rationale, "Det er nyt") ||
		!strings.HasPrefix(seen.Judgements[1].Rationale, "Skolen har") {
		t.Errorf("the judgements are %+v", seen.Judgements)
	}
}

// TestAPseudonymIsAReferenceToo: what a row of the trail says of whom it is about
// can be asked for, and finds what the reference finds.
func TestAPseudonymIsAReferenceToo(t *testing.T) {
	d := &driver{script: begin(t)}
	c := d.drives("municipality", "received")
	d.Settle()
	var found struct {
		Total int
		Rows  []struct{ Subjects []string }
	}
	ask := func(ref string) int {
		found.Total, found.Rows = 0, nil
		d.as(koegeDPO).API("POST", "/api/trail/search", map[string]any{"ground": "lawfulness", "reference": ref}).Must(200).JSON(&found)
		return found.Total
	}
	want := ask(string(c.subject))
	var pseudonym string
	for _, r := range found.Rows {
		if len(r.Subjects) == 1 {
			pseudonym = r.Subjects[0]
		}
	}
	if pseudonym == "" || hub.ID(pseudonym) == c.subject {
		t.Fatalf("no row says of whom it is: %d rows", want)
	}
	if got := ask(pseudonym); got < want-2 { // a row more for each search
		t.Errorf("the pseudonym finds %d rows, the reference %d", got, want)
	}
}

// TestWhatCameOfTheDutyToNotify is L25 in part: what was decided of the duty to notify about
// a child is told to those whose duty it is, and to nobody else with whom the concern is
// shared, in record, page and history.
func TestWhatCameOfTheDutyToNotify(t *testing.T) {
	s := begin(t)
	id := s.submits(coordinator, map[string]any{"forward": toPolice, "child": "yes"})
	s.does(policeMan, "check", id, says("released"))
	s.does(coordinator, "notification", id, map[string]any{"outcome": "not_needed", "reason": "Kommunen har allerede en sag om barnet."})
	for login, told := range map[string]bool{coordinator: true, policeMan: false} {
		record := s.as(login).API("GET", "/api/concerns/"+string(id), nil).Must(200).Text()
		page := mainOf(s.as(login).Get("/concerns/" + string(id)).Must(200).Text())
		if strings.Contains(record, `"child_outcome"`) != told || strings.Contains(record, `"notify"`) != told || strings.Contains(page, "nderretningspligten vurderet") != told {
			t.Errorf("%s, told %v: %s\n%s", login, told, record, page)
		}
		if !strings.Contains(page, "Forebyggelse af kriminalitet") || !strings.Contains(page, "Databeskyttelsesforordningen art. 6, stk. 1, litra e") {
			t.Errorf("the page of %s does not say for what, and on which basis", login)
		}
	}
}

// TestChildLawIsForChildren is L25 in part: nobody writes about somebody who is known to be
// grown on the law on children, and is told what to do instead; that a child lives with
// them they may say, and its time runs.
func TestChildLawIsForChildren(t *testing.T) {
	s := begin(t)
	grown := s.registers(coordinator, map[string]any{"name": "Opdigtet Voksen", "no_cpr": true, "birth_date": "1990-05-05"})
	young := s.registers(coordinator, map[string]any{"name": "Opdigtet Barn", "no_cpr": true, "birth_date": "2015-05-05"})
	law := map[string]any{"purpose": "child_welfare", "legal_basis": "BL133", "child": "yes"}
	if a := s.as(coordinator).API("POST", "/api/concerns", concern(grown, law)); a.Status != 400 || !strings.Contains(a.Text(), `"legal_basis"`) || !strings.Contains(a.Text(), "intake.error.grown") {
		t.Errorf("of somebody grown it is answered %d %s", a.Status, a.Text())
	}
	s.as(coordinator).API("POST", "/api/concerns", concern(young, law)).Must(201)
	s.as(coordinator).API("POST", "/api/concerns", concern(grown, map[string]any{"purpose": "child_welfare", "child": "yes"})).Must(201)
	if n := s.One("select count(*) from intake.concern where child_due is not null"); n != "2" {
		t.Errorf("%s clocks run", n)
	}
}
