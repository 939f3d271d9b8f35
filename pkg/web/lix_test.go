package web

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// X9: the Danish of every room is easy to read: LIX at most 35, counted over
// all its sentences. Labels and headings of one to three words are not prose.
func TestDanishIsEasyToRead(t *testing.T) {
	files, err := filepath.Glob("../../services/*/pages/da.json")
	if err != nil {
		t.Fatal(err)
	}
	word := regexp.MustCompile(`\pL[\pL-]*`)
	end := regexp.MustCompile(`[.!?:]+(\s|$)`)
	for _, name := range append(files, "pages/da.json") {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string]string{}
		if err := json.Unmarshal(b, &texts); err != nil {
			t.Fatal(err)
		}
		var words, long, sentences int
		for _, text := range texts {
			all := word.FindAllString(place.ReplaceAllString(text, ""), -1)
			if len(all) < 4 {
				continue
			}
			words += len(all)
			sentences += max(1, len(end.FindAllString(strings.TrimSpace(text), -1)))
			for _, w := range all {
				if utf8.RuneCountInString(w) > 6 {
					long++
				}
			}
		}
		if words == 0 {
			continue
		}
		lix := float64(words)/float64(sentences) + 100*float64(long)/float64(words)
		t.Logf("%s: %.1f", name, lix)
		if lix > 35 {
			t.Errorf("%s: LIX %.1f", name, lix)
		}
	}
}
