//go:build !race

package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// TestWhatAnAnswerIsTold: an answer with a ground of its own on ordinary data is refused, as
// the advice refuses it; and the receipt names everybody whom the answer went to, also
// whoever asked, whom nobody need name.
func TestWhatAnAnswerIsTold(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w := d.works("collecting")
	statement := map[string]any{"kind": "fact", "text": d.text("Kommer hver dag."), "source": "skolen", "reliability": "A", "as_of": s.Now().Format(time.DateOnly), "class": "ordinary", "special": "DBL7"}
	in := with(d.answers(3), d.basis("RPL115-2", because), map[string]any{"to": []string{"koege"}, "statements": []any{statement}})
	if a := d.call("bodil", "POST", "/api/requests/{id}/answer", in, 400, w.asked); !strings.Contains(a.Text(), "statements.0.special") || !strings.Contains(a.Text(), "special_none") {
		t.Errorf("a ground on ordinary data: %s", a.Text())
	}
	delete(statement, "special")
	var told struct{ To []hub.AuthorityID }
	d.call("bodil", "POST", "/api/requests/{id}/answer", in, 200, w.asked).JSON(&told)
	if slices.Sort(told.To); !slices.Equal(told.To, []hub.AuthorityID{"koege", "mvs-politi"}) {
		t.Errorf("the receipt names %v", told.To)
	}
}

// TestTheOtherPartyIsAskedByNoName: the refusal says to leave the names out; without them
// the question goes. And when the case must come next is told in UTC and whole seconds.
func TestTheOtherPartyIsAskedByNoName(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w, late := d.works("collecting"), d.works("follow_up")
	in := with(d.asks(policeMan), d.basis("RPL115-2", because))
	if a := d.call(coordinator, "POST", "/api/cases/{id}/requests", in, 400, w.kase); !strings.Contains(a.Text(), "assessment.error.other_party") {
		t.Errorf("with a name: %s", a.Text())
	}
	page := mainOf(s.as(coordinator).Get("/cases/" + string(w.kase) + "/ask").Must(200).Text())
	for _, word := range []string{"Andre, der kan spørges", "Region Sjælland, Psykiatrien<span class=\"quiet\">Spørges af Midt- og Vestsjællands Politi"} { // whom the municipality cannot ask, and who can
		if !strings.Contains(page, word) {
			t.Errorf("the page does not say %q: %s", word, page)
		}
	}
	if page := s.as(policeMan).Get("/cases/" + string(w.kase) + "/ask").Must(200).Text(); strings.Contains(page, "Andre, der kan spørges") || strings.Contains(page, "Paraplyen") {
		t.Error("the police are told of others")
	}
	delete(in, "hats")
	d.call(coordinator, "POST", "/api/cases/{id}/requests", in, 201, w.kase)
	const notNow = "Et nyt samtykke kan ikke skrives ind på det trin"
	for of, want := range map[*work]bool{w: true, late: false} { // where there is no form, why
		if page := s.as(coordinator).Get("/cases/" + string(of.kase) + "/consent").Must(200).Text(); strings.Contains(page, notNow) != want || strings.Contains(page, `name="document"`) == want {
			t.Errorf("the page of consents of %s says why not: %v", of.kase, !want)
		}
	}
	var got struct {
		Latest string `json:"latest_next_date"`
	}
	s.as(coordinator).API("GET", "/api/cases/"+string(late.kase)+"/course", nil).Must(200).JSON(&got)
	if _, err := time.Parse("2006-01-02T15:04:05Z", got.Latest); err != nil {
		t.Errorf("the latest next date is %q", got.Latest)
	}
}
