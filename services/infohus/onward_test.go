//go:build !race

package main

import (
	"cmp"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// TestOnwardTerms is L1: the police have the case from the municipality, and bring
// another authority in (D15) only as the municipality's terms let them: not at all,
// which holds where nothing was chosen; after its yes to that authority; or freely.
func TestOnwardTerms(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	for _, terms := range []string{"", "no_onward", "ask_first", "within_cooperation"} {
		w := d.works("opening")
		in := with(d.basis("RPL115-2", because), map[string]any{"members": []hub.ID{}, "reason": sayWhy, "terms": terms})
		if terms == "" {
			delete(in, "terms")
		}
		d.changes(coordinator, "/api/cases/{id}/open", in, w.kase)
		d.changes(policeMan, "/api/cases/{id}/open", map[string]any{"members": []hub.ID{}, "reason": sayWhy}, w.kase)
		if kept := s.One("select terms from access.share where item = $1", string(w.kase)); kept != cmp.Or(terms, "no_onward") {
			t.Errorf("chosen %q, kept %q", terms, kept)
		}
		invite := func(login string, is int) {
			t.Helper()
			d.call(policeMan, "POST", "/api/cases/{id}/circle", with(d.basis("RPL115-1-2", because), map[string]any{"hat": d.hat(login), "reason": sayWhy, "until": d.day(20)}), is, w.kase)
		}
		if terms == "within_cooperation" {
			invite("bodil", 201)
			continue
		}
		invite("bodil", 409)
		if a := s.as("bodil").API("GET", "/api/cases/"+string(w.kase), nil); a.Status != 404 {
			t.Errorf("%q: who was not let in gets %d", terms, a.Status)
		}
		// The municipality says yes; the police cannot for it, nor anybody else.
		yes := map[string]any{"authority": "psykiatrien"}
		d.call(policeMan, "POST", "/api/cases/{id}/onward", yes, 404, w.kase)
		d.call(roskilde, "POST", "/api/cases/{id}/onward", yes, 404, w.kase)
		d.call(coordinator, "POST", "/api/cases/{id}/onward", map[string]any{"authority": "mvs-politi"}, 400, w.kase)
		d.changes(coordinator, "/api/cases/{id}/onward", yes, w.kase)
		d.call(coordinator, "POST", "/api/cases/{id}/onward", yes, 409, w.kase)
		if terms != "ask_first" {
			invite("bodil", 409) // the terms are that nothing is passed on, and a yes is none of them
			continue
		}
		invite("bodil", 201)
		if got := s.One("select terms from access.share where item = $1 and receiver = 'psykiatrien'", string(w.kase)); got != "no_onward" {
			t.Errorf("who gets it from another may pass it on: %s", got)
		}
		invite("jytte", 400) // another authority, of which nothing was said: not on this basis either
	}
	// What no basis carries is told at its field.
	w := d.works("opening")
	d.call(coordinator, "POST", "/api/cases/{id}/open", with(d.basis("RPL115-2", because), map[string]any{"members": []hub.ID{}, "reason": sayWhy, "terms": "everybody"}), 400, w.kase)
	page := s.as(coordinator).Get("/cases/" + string(w.kase) + "/open")
	for _, word := range []string{"Må politiet give sagen videre", "Kun når kommunen har sagt ja", `value="no_onward" checked`} {
		if !strings.Contains(page.Text(), word) {
			t.Errorf("the page does not show %q", word)
		}
	}
}
