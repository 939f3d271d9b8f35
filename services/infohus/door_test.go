//go:build !race

package main

import (
	"net/url"
	"os"
	"strings"
	"testing"
)

// TestTheDoorLeadsToTelling: whoever has no sign-in finds the page where one
// tells without a name, from the sign-in page and from the README.
func TestTheDoorLeadsToTelling(t *testing.T) {
	s := begin(t)
	for lang, says := range map[string]string{"da": "uden at logge ind", "en": "without signing in"} {
		nobody := s.Nobody()
		nobody.Lang = lang
		page := nobody.Get("/signin").Must(200).Text()
		_, link, ok := strings.Cut(page, `<a href="/tell">`)
		if text, _, _ := strings.Cut(link, "</a>"); !ok || !strings.Contains(text, says) {
			t.Errorf("the sign-in page has no link to it, or one that says %q", text)
		}
	}
	s.Nobody().Get("/tell").Must(200)
	readme, err := os.ReadFile("../../README.md")
	if err != nil || !strings.Contains(string(readme), "`/tell`") {
		t.Errorf("the README does not name it: %v", err)
	}
}

// TestATellerIsToldOfANumber: L29 where nobody is signed in: a number stands in no text, the
// page says so at the field in which it is, keeps what was typed, and names no field that it
// does not have.
func TestATellerIsToldOfANumber(t *testing.T) {
	s := begin(t)
	words := catalogue(t, "da")
	for _, field := range []string{"who", "seen", "why_now"} {
		form := url.Values{"municipality": {"koege"}, "who": {"En ung mand på torvet."}, "seen": {"Han deler poser ud til børn."}, "why_now": {"Det er hver aften nu."}, "urgency": {"normal"}, "child": {"yes"}}
		form.Set(field, "Det er Bo, 010190-1234, fra torvet.")
		nobody := s.Nobody()
		nobody.Get("/tell").Must(200)
		a := nobody.Submit("/tell", form).Must(400)
		for what, want := range map[string]string{"why": words["intake.tell.number"], "where": `id="` + field + `-error"`, "what was typed": "Det er Bo, 010190-1234, fra torvet."} {
			if !strings.Contains(a.Text(), want) {
				t.Errorf("a number in %s: the page does not say %s", field, what)
			}
		}
	}
}
