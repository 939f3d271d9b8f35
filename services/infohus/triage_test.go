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
