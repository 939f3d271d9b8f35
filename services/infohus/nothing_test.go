//go:build !race

package main

import (
	"strings"
	"testing"
)

// TestNobodyIsLetInToNothing: whoever would see nothing of a concern, or of a case, is
// offered to nobody, and who lets them in all the same is told why not and what to do;
// whoever may not know of it is told nothing, and whoever asks too late that it is (X4).
func TestNobodyIsLetInToNothing(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	access := func() string {
		return s.One("select count(*) from access.assignment") + s.One("select count(*) from access.share")
	}
	lets := func(by, path, whom string, in map[string]any, is int, says ...string) {
		t.Helper()
		before := access()
		a := s.as(by).API("POST", "/api"+path, with(map[string]any{"hat": d.hat(whom)}, in))
		for _, word := range says {
			if !strings.Contains(a.Text(), word) {
				t.Errorf("%s, who lets %s in, is not told %q: %s", by, whom, word, a.Text())
			}
		}
		if a.Status != is || access() != before {
			t.Errorf("%s lets %s in to %s: %d, want %d, access %s and then %s", by, whom, path, a.Status, is, before, access())
		}
	}
	offers := func(by, page string, them, not string) {
		t.Helper()
		text := s.as(by).Get(page).Must(200).Text()
		if !strings.Contains(text, `value="`+string(d.hat(them))+`"`) || strings.Contains(text, `value="`+string(d.hat(not))+`"`) {
			t.Errorf("%s is not offered %s, or is offered %s", by, them, not)
		}
	}

	// What the police received is shared with the municipality, whose receivers see
	// nothing of it; of its own they do.
	concern := "/concerns/" + string(d.drives("police", "triage").id)
	lets(coordinator, concern+"/access", ssp, nil, 400, "intet", "Vælg en anden")
	lets("liv", concern+"/access", ssp, nil, 404)
	lets(coordinator, "/concerns/"+string(d.drives("police", "police_check").id)+"/access", ssp, nil, 404)
	lets(coordinator, "/concerns/"+string(d.drives("police", "unfounded").id)+"/access", ssp, nil, 409)
	offers(coordinator, concern+"/access", deputy, ssp)
	offers(coordinator, "/concerns/"+string(d.drives("municipality", "triage").id)+"/access", ssp, "liv")

	// Of a case a school sees what it is asked, and nothing else.
	w := d.works("collecting")
	circle, in := "/cases/"+string(w.kase)+"/circle", map[string]any{"reason": sayWhy, "until": d.day(20)}
	lets(policeMan, circle, "mogens", with(in, d.basis("RPL115-3", because)), 400, "intet", "Spørg dem")
	lets("liv", circle, "johanne", in, 404)
	lets(coordinator, "/cases/"+string(d.works("recommended").kase)+"/circle", "johanne", in, 409)
	offers(coordinator, circle, "tage", "johanne")
	offers(policeMan, circle, "bodil", "mogens")
	question := d.makes(policeMan, "/api/cases/{id}/requests", with(d.basis("RPL115-3", because), d.asks("mogens")), w.kase)
	s.as("mogens").API("GET", "/api/requests/"+string(question), nil).Must(200)
}
