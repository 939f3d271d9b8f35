//go:build !race

package assessment

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

func (w *world) page(rest string) string { return "/cases/" + string(w.kase) + rest }

func has(t *testing.T, a hubtest.Answer, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(a.Text(), word) {
			t.Errorf("%s does not say %q", a.Path, word)
		}
	}
}

// everything typed into a dimension's first row.
func row(name, text string) url.Values {
	return url.Values{name + ".text": {text}, name + ".kind": {"fact"}, name + ".source": {"samtale"}, name + ".as_of-day": {"1"}, name + ".as_of-month": {"11"},
		name + ".as_of-year": {"2026"}, name + ".cited": {"yes"}}
}

func plus(all ...url.Values) url.Values {
	v := url.Values{}
	for _, one := range all {
		for k, val := range one {
			v[k] = val
		}
	}
	return v
}

// The whole way from meeting to signatures works in a browser without scripts,
// in both languages, and nothing that was typed is lost.
func TestPagesFromMeetingToSignatures(t *testing.T) {
	for _, lang := range []string{"da", "en"} {
		t.Run(lang, func(t *testing.T) {
			w := run(t)
			as := func(login string) *hubtest.Client {
				c := w.As(login)
				c.Lang = lang
				return c
			}
			c := as("gudrun")
			has(t, sound(t, c.Get(w.page("")).Must(http.StatusOK)), w.page("/meeting"))
			sound(t, c.Get(w.page("/meeting")).Must(http.StatusOK))
			a := sound(t, c.Submit(w.page("/meeting"), url.Values{"date-day": {"31"}, "date-month": {"11"}, "date-year": {"2026"}, "time": {"9.30"}})).Must(http.StatusBadRequest)
			has(t, a, `value="31"`, `value="9.30"`, `id="date-error"`)
			c.Get(w.page("/meeting"))
			sound(t, c.Submit(w.page("/meeting"), url.Values{"date-day": {"16"}, "date-month": {"11"}, "date-year": {"2026"}, "time": {"9"}})).Must(http.StatusOK)
			sound(t, c.Get(w.page("/meeting")).Must(http.StatusOK))
			held := url.Values{"attendance[]": {string(w.As("gudrun").Post.Hat.ID), string(w.As("liv").Post.Hat.ID)}}
			a = sound(t, c.Submit(w.page("/meeting/held"), held)).Must(http.StatusBadRequest)
			has(t, a, `id="note-error"`)
			if strings.Count(a.Text(), " checked") != 2 {
				t.Error("who was there is lost")
			}
			held.Set("note", "Skolen fortalte om den nye omgangskreds.")
			a = sound(t, c.Submit(w.page("/meeting/held"), held)).Must(http.StatusOK)
			has(t, a, "Skolen fortalte om den nye omgangskreds.", "Liv Påfund")

			// One long form: half written it is kept, and a row is added by a button.
			edit := w.page("/assessment/edit")
			sound(t, c.Get(edit).Must(http.StatusOK))
			first := plus(row("dimensions.0.evidence_for.0", "Har delt opslag, der hylder vold."), row("dimensions.0.evidence_against.0", "Har selv slettet dem."))
			a = sound(t, c.Submit(edit, plus(first, url.Values{"more": {"0.evidence_for"}}))).Must(http.StatusOK)
			a = sound(t, c.Get(edit+"?more=0.evidence_for")).Must(http.StatusOK) // where it leads, without the anchor
			has(t, a, `id="dimensions.0.evidence_for.1.text"`, "Har delt opslag", "Har selv slettet dem.", `value="1"`)
			// A date that does not exist: everything typed is still there.
			a = sound(t, c.Submit(edit, plus(row("dimensions.0.evidence_for.1", "Har talt om det med en lærer."), url.Values{"dimensions.0.evidence_for.1.as_of-day": {"32"}, "rationale": {"Kort."}, "save": {"0"}})))
			has(t, a.Must(http.StatusBadRequest), "Har talt om det med en lærer.", `value="32"`, `id="dimensions.0.evidence_for.1.as_of-error"`, "Kort.")
			// Somebody else saves; the form comes back with both texts.
			w.does("thorkild", "PUT", "/assessment", JointDraft{Edit: 1, Joint: Joint{Rationale: "Thorkilds tekst.", ChangeTest: "Thorkilds prøve."}})
			a = sound(t, c.Submit(edit, plus(row("dimensions.0.evidence_for.1", "Har talt om det med en lærer."), url.Values{"rationale": {"Gudruns tekst."}, "save": {"0"}})))
			has(t, a.Must(http.StatusConflict), "Gudruns tekst.", "Thorkilds tekst.", "Thorkilds prøve.", "Har talt om det med en lærer.")
			// Saved again, what is still missing is told at its fields, all at once.
			a = sound(t, c.Submit(edit, url.Values{"rationale": {"Gudruns tekst."}, "on": {"1"}})).Must(http.StatusBadRequest)
			has(t, a, `id="rationale-error"`, `id="level-error"`, `id="dimensions.8.relevance-error"`, `id="valid_until-error"`, "Gudruns tekst.")
			if v := w.sees("gudrun"); v.Rationale != "Gudruns tekst." || v.Dimensions[0].For[0].Text != "Har delt opslag, der hylder vold." || v.Edit != 3 {
				t.Errorf("kept is %#v, edit %d", v.Dimensions[0], v.Edit)
			}
			sound(t, c.Get(w.page("/sign")).Must(http.StatusOK))

			w.does("thorkild", "PUT", "/assessment", w.whole(3, func(j *Joint) { j.Dimensions[1].Gaps = []Gap{{"Hvem?", "psykiatrien", "2027-01-10"}} }))
			sound(t, c.Get(edit).Must(http.StatusOK))
			a = sound(t, c.Submit(edit, url.Values{"on": {"1"}})).Must(http.StatusOK) // the form as it is says the same, and is whole
			if a.Path != w.page("/sign") {
				t.Errorf("led to %s", a.Path)
			}
			if v := w.sees("gudrun"); v.Edit != 4 || v.Drafter != "Thorkild Prøvebo" {
				t.Errorf("the form sent back unchanged made edit %d by %s", v.Edit, v.Drafter)
			}
			has(t, a, w.page("/inform"))

			sound(t, c.Get(w.page("/inform")).Must(http.StatusOK))
			a = sound(t, c.Submit(w.page("/inform"), url.Values{"decision": {"exempt"}, "ground": {"2-4"}, "reason": {"Kort."}})).Must(http.StatusBadRequest)
			has(t, a, "Kort.", `value="exempt" checked`, `value="2-4" selected`, `id="again-error"`)
			sound(t, c.Submit(w.page("/inform"), url.Values{"decision": {"exempt"}, "ground": {"2-4"}, "reason": {"Det ville advare dem, der påvirker ham."}, "again-day": {"1"}, "again-month": {"2"}, "again-year": {"2027"}})).Must(http.StatusOK)

			liv := as("liv")
			sound(t, liv.Get(w.page("/dissent")).Must(http.StatusOK))
			a = sound(t, liv.Submit(w.page("/dissent"), url.Values{"about": {"level"}, "level": {"attention"}, "reason": {"Nej."}, "test": {"Hvis der kommer et opslag til."}}))
			has(t, a.Must(http.StatusBadRequest), "Nej.", "Hvis der kommer et opslag til.", `id="reason-error"`, `id="due-error"`)
			sound(t, liv.Submit(w.page("/dissent"), url.Values{"about": {"level"}, "level": {"attention"}, "reason": {"Det var et spørgsmål til en lærer, ikke en hyldest."},
				"test": {"Hvis der kommer et opslag til."}, "due-day": {"15"}, "due-month": {"1"}, "due-year": {"2027"}})).Must(http.StatusOK)

			a = sound(t, c.Get(w.page("/sign")).Must(http.StatusOK))
			has(t, a, "Det var et spørgsmål til en lærer", "Har delt opslag, der hylder vold.", "Det ville advare dem")
			stale := plus(url.Values{}) // the page as it is
			w.does("thorkild", "PUT", "/assessment", w.whole(4))
			a = sound(t, c.Submit(w.page("/sign"), stale)).Must(http.StatusConflict)
			has(t, a, "Det var et spørgsmål til en lærer")
			a = sound(t, c.Submit(w.page("/sign"), nil)).Must(http.StatusOK)
			has(t, a, "Gudrun Modelborg")
			sound(t, c.Get(w.page("/sign")).Must(http.StatusOK))
			sound(t, c.Get(edit).Must(http.StatusOK))
			police := as("thorkild")
			police.Get(w.page("/sign"))
			a = sound(t, police.Submit(w.page("/sign"), nil)).Must(http.StatusOK)
			if w.state() != "recommended" {
				t.Errorf("both have signed, and it is in %s", w.state())
			}
			has(t, a, w.page("/reassess"))
			sound(t, police.Get(w.page("/reassess")).Must(http.StatusOK))
			a = sound(t, police.Submit(w.page("/reassess"), nil)).Must(http.StatusOK)
			has(t, a, w.page("/assessment/diff?from=1&amp;to=2"))
			for _, path := range []string{"", "/assessment", "/assessment?version=1", "/assessment/edit", "/sign", "/inform", "/dissent"} {
				sound(t, police.Get(w.page(path)).Must(http.StatusOK))
			}
		})
	}
}

// Whoever has nothing to do with the case is told the same of every page of it
// as of one that is not there.
func TestPagesOfOthers(t *testing.T) {
	w := run(t)
	w.met()
	w.does("gudrun", "PUT", "/assessment", w.whole(0))
	for _, login := range []string{"tage", "sigrid", "rune", "dagny", "jytte", "aksel"} {
		c := w.As(login)
		none := c.Get("/cases/" + string(hub.MakeID([16]byte{1})) + "/assessment").Must(http.StatusNotFound)
		for _, path := range []string{"/assessment", "/assessment/edit", "/assessment/diff?from=1&to=1", "/sign", "/inform", "/dissent", "/meeting", "/reassess"} {
			if a := c.Get(w.page(path)).Must(http.StatusNotFound); a.Text() != none.Text() {
				t.Errorf("%s can tell that %s is there", login, path)
			}
		}
	}
	c := w.As("liv") // let in, and not to write
	for path, status := range map[string]int{"/assessment": 200, "/assessment/edit": 409, "/sign": 409, "/inform": 409, "/meeting": 409, "/dissent": 200} {
		sound(t, c.Get(w.page(path)).Must(status))
	}
}
