package web

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/infohus/infohus/pkg/hub"
)

// Languages are the languages of the pages; the first is the default.
var Languages = []string{"da", "en"}

// words are the texts of the pages: by language, by key.
//
// A text may hold places for values, {0} and {1}. Where a key has a twin with
// ".one" added, the twin is taken when the first value is the number 1.
type words map[string]map[string]string

var place = regexp.MustCompile(`\{[0-9]\}`)

// add reads pages/da.json and pages/en.json of a room. Both must have the same
// keys with the same places, and no key that another room has.
func (w words) add(room string, pages fs.FS) error {
	read := map[string]map[string]string{}
	for _, lang := range Languages {
		b, err := fs.ReadFile(pages, "pages/"+lang+".json")
		if err != nil {
			return fmt.Errorf("web: words of %s: %w", room, err)
		}
		m := map[string]string{}
		if err := json.Unmarshal(b, &m); err != nil {
			return fmt.Errorf("web: words of %s: pages/%s.json: %w", room, lang, err)
		}
		read[lang] = m
	}
	var wrong []string
	for _, lang := range Languages {
		for key, text := range read[lang] {
			for _, other := range Languages {
				twin, ok := read[other][key]
				switch {
				case !ok:
					wrong = append(wrong, fmt.Sprintf("%q is missing in %s.json", key, other))
				case !slices.Equal(places(text), places(twin)) && lang < other:
					wrong = append(wrong, fmt.Sprintf("%q has other places {0} in %s.json than in %s.json", key, other, lang))
				}
			}
			if text == "" {
				wrong = append(wrong, fmt.Sprintf("%q is empty in %s.json", key, lang))
			}
			if _, ok := w[lang][key]; ok {
				wrong = append(wrong, fmt.Sprintf("%q belongs to another room already", key))
			}
		}
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return fmt.Errorf("web: words of %s: %s", room, strings.Join(slices.Compact(wrong), "; "))
	}
	for _, lang := range Languages {
		if w[lang] == nil {
			w[lang] = map[string]string{}
		}
		for k, v := range read[lang] {
			w[lang][k] = v
		}
	}
	return nil
}

func places(text string) []string {
	if !strings.Contains(text, "{") {
		return nil // as most
	}
	p := place.FindAllString(text, -1)
	slices.Sort(p)
	return slices.Compact(p)
}

// has reports whether there is such a text.
func (w words) has(key string) bool { _, ok := w[Languages[0]][key]; return ok }

// text gives a text with its values. A key that is not there is shown as
// itself, in brackets: a test of the pages finds it.
func (w words) text(lang, key string, args ...any) string {
	m := w[lang]
	if m == nil {
		m = w[Languages[0]]
	}
	if len(args) > 0 && fmt.Sprint(args[0]) == "1" {
		if _, ok := m[key+".one"]; ok {
			key += ".one"
		}
	}
	s, ok := m[key]
	if !ok {
		return "[" + key + "]"
	}
	if len(args) == 0 {
		return s
	}
	return place.ReplaceAllStringFunc(s, func(p string) string {
		i := int(p[1] - '0')
		if i >= len(args) {
			return p
		}
		switch a := args[i].(type) {
		case time.Time:
			return moment(lang, a)
		case *time.Time:
			return moment(lang, *a)
		case int:
			return count(lang, a)
		}
		return fmt.Sprint(args[i])
	})
}

// count writes how many: "2.000", "2,000". A number that names something is of
// another type than int, and is written as it is.
func count(lang string, n int) string {
	s, between := strconv.Itoa(n), map[string]string{"da": ".", "en": ","}[lang]
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + between + s[i:]
	}
	return s
}

var months = map[string][]string{
	"da": {"januar", "februar", "marts", "april", "maj", "juni", "juli", "august", "september", "oktober", "november", "december"},
	"en": {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
}

// day writes a date as people do, in Copenhagen: "21. november 2026", "21
// November 2026".
func day(lang string, t time.Time) string {
	t = t.In(hub.Copenhagen)
	if lang == "en" {
		return fmt.Sprintf("%d %s %d", t.Day(), months["en"][t.Month()-1], t.Year())
	}
	return fmt.Sprintf("%d. %s %d", t.Day(), months["da"][t.Month()-1], t.Year())
}

// Day writes a day, YYYY-MM-DD, as [day] does; what is none is left as it is.
func (s *Site) Day(lang, of string) string {
	t, err := time.ParseInLocation(time.DateOnly, of, hub.Copenhagen)
	if err != nil {
		return of
	}
	return day(lang, t)
}

// moment writes a date with the time: "21. november 2026 kl. 9.32", "21
// November 2026 at 9:32".
func moment(lang string, t time.Time) string {
	return day(lang, t) + map[string]string{"da": " kl. ", "en": " at "}[lang] + clock(lang, t)
}

// clock writes the time of day: "9.32", "9:32".
func clock(lang string, t time.Time) string {
	l := t.In(hub.Copenhagen)
	return fmt.Sprintf("%d%s%02d", l.Hour(), map[string]string{"da": ".", "en": ":"}[lang], l.Minute())
}

// T gives a text of the pages in a language, for a [Mark] or a print. Values
// that are times are written as dates.
func (s *Site) T(lang, key string, args ...any) string { return s.words.text(lang, key, args...) }

// Has reports whether there is such a text.
func (s *Site) Has(key string) bool { return s.words.has(key) }

// Words lists every key of the texts, sorted.
func (s *Site) Words() []string {
	keys := make([]string, 0, len(s.words[Languages[0]]))
	for k := range s.words[Languages[0]] {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
