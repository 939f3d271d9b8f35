//go:build !race

package main

import (
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
