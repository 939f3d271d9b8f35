//go:build !race

package portal_test

import (
	"strings"
	"testing"
)

// A front page on which nothing ever waits says what it is there for: the
// steering group has totals only, and none yet; who runs the hub sees no content.
func TestTheFrontPageSaysWhatARoleIsThereFor(t *testing.T) {
	w := run(t)
	for login, want := range map[string][3]string{ // in Danish, in English, where it leads
		"aksel":  {"Styregruppen ser kun samlede tal", "The steering group sees totals only", ""},
		"dagny":  {"I loggen kan du se, hvem der har set hvad", "In the log you can see who has seen what", `href="/trail"`},
		"rune":   {"Du passer driften og ser intet indhold", "You look after the system and see no content", ""},
		"hedvig": {"Her får du besked, når et trin", "Here you are told when a step", ""},
		"gerda":  {"Her er ingen oplysninger om personer", "There is nothing about people for you here", ""},
		"solvej": {"Er du bekymret for en person", "If you are worried about a person", `href="/subjects/new"`},
	} {
		for i, lang := range []string{"da", "en"} {
			c := w.As(login)
			c.Lang = lang
			main := c.Get("/").Must(200).Text()
			main = main[strings.Index(main, "<main"):]
			if !strings.Contains(main, want[i]) || !strings.Contains(main, want[2]) || strings.Contains(main, `class="nothing"`) {
				t.Errorf("%s in %s: %s", login, lang, main)
			}
		}
	}
	if text := w.As("gudrun").Get("/").Must(200).Text(); !strings.Contains(text, `class="nothing"`) {
		t.Error("who has work is not told that none waits")
	}
}
