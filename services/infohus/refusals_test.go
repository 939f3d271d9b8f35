//go:build !race

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/infohus/infohus/policies"
)

// catalogue reads the texts of every room in a language.
func catalogue(t *testing.T, lang string) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../*/pages/" + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, name := range append(files, "../../pkg/web/pages/"+lang+".json") {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &all); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// why are the texts that refuse something to whoever may know that it exists.
var why = regexp.MustCompile(`^(refusal|([a-z]+\.)?error)\.`)

// nextStep are the words with which a sentence tells somebody what to do.
var nextStep = map[string]*regexp.Regexp{
	"da": regexp.MustCompile(`(^|[ ,])(prøv|vælg|skriv|udfyld|åbn|log|brug|gå|send|spørg|vent|se|lad|bed|ret|fjern|slet|sæt|tag|vis|registrér|skift|læs|hjælp|del|søg)[ ,:]`),
	"en": regexp.MustCompile(`(^|[ ,])(try|choose|write|fill|open|sign|use|go|send|ask|wait|see|do|leave|mend|correct|remove|delete|tick|take|show|register|change|read|help|share|search|look|put|hand|decide)[ ,:]`),
}

// Every refusal says what, why and what to do next, in Danish and English: those of
// the rules, whose every code has its words, and those of every room. The stranger's
// one answer alone says nothing.
func TestEveryRefusalSaysWhatToDoNext(t *testing.T) {
	granted := []string{"author", "own", "assigned", "manager", "from_municipality", "from_police", "from_partner", "invited", "glass", "role", "basis", "system", "confirmed_unwitnessed"}
	engine, err := policies.New()
	if err != nil {
		t.Fatal(err)
	}
	var data struct{ Reasons map[string]any }
	if err := json.Unmarshal(engine.Document(), &data); err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"da", "en"} {
		words := catalogue(t, lang)
		for code := range data.Reasons {
			if _, ok := words["refusal."+code]; ok == slices.Contains(granted, code) {
				t.Errorf("%s: refusal.%s: words %v", lang, code, ok)
			}
		}
		told := 0
		for key, text := range words {
			if !why.MatchString(key) || key == "error.not_found" {
				continue
			}
			told++
			sentences := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(".!?", r) })
			step := slices.ContainsFunc(sentences, func(s string) bool { return nextStep[lang].MatchString(strings.ToLower(strings.TrimSpace(s)) + " ") })
			if !step {
				t.Errorf("%s: %s tells nobody what to do: %q", lang, key, text)
			}
			if strings.HasPrefix(key, "refusal.") && len(sentences) < 2 {
				t.Errorf("%s: %s says not both why and what to do: %q", lang, key, text)
			}
		}
		// The rules' own refusals send nobody to wait where waiting may not help: the page
		// that asks the rules says whether it does, and who else can.
		waits := map[string]*regexp.Regexp{"da": regexp.MustCompile(`(?i)\bvent\b`), "en": regexp.MustCompile(`(?i)\bwait\b`)}[lang]
		for key, text := range words {
			if strings.HasPrefix(key, "refusal.") && key != "refusal.not_leaving" && waits.MatchString(text) {
				t.Errorf("%s: %s sends somebody to wait: %q", lang, key, text)
			}
		}
		if page := words["portal.advice.title"]; page == "" || !strings.Contains(words["refusal.not_in_this_state"], page) {
			t.Errorf("%s: %q does not lead to %q", lang, words["refusal.not_in_this_state"], page)
		}
		if told < 150 {
			t.Errorf("%s: only %d refusals were read", lang, told)
		}
	}
}

// X9: each of the rules' refusals is as easy to read as a page is as a whole.
func TestRefusalsAreEasyToRead(t *testing.T) {
	word := regexp.MustCompile(`\pL[\pL-]*`)
	end := regexp.MustCompile(`[.!?:]+(\s|$)`)
	var words, long, sentences int
	for key, text := range catalogue(t, "da") {
		if !strings.HasPrefix(key, "refusal.") {
			continue
		}
		all := word.FindAllString(text, -1)
		words, sentences = words+len(all), sentences+len(end.FindAllString(text, -1))
		for _, w := range all {
			if utf8.RuneCountInString(w) > 6 {
				long++
			}
		}
	}
	if lix := float64(words)/float64(sentences) + 100*float64(long)/float64(words); lix > 35 {
		t.Errorf("LIX %.1f", lix)
	} else {
		t.Logf("LIX %.1f of %d words", lix, words)
	}
}

// What a purpose, and a state of an offer, is called is the same in every room.
func TestOneThingHasOneName(t *testing.T) {
	for lang, want := range map[string][2]string{"da": {"barnets trivsel", "taget imod"}, "en": {"the child's welfare", "taken up"}} {
		said := 0
		for key, text := range catalogue(t, lang) {
			for i, end := range []string{".purpose.child_welfare", ".state.taken_up"} {
				if strings.HasSuffix(key, end) {
					if said++; strings.ToLower(text) != want[i] {
						t.Errorf("%s: %s is %q, and not %q", lang, key, text, want[i])
					}
				}
			}
		}
		if said != 5 {
			t.Errorf("%s: %d names were read", lang, said)
		}
	}
}
