package book

import (
	"regexp"
	"slices"
	"strings"
)

var (
	paragraph = regexp.MustCompile(`(retsplejeloven|forvaltningsloven|databeskyttelsesloven|retshåndhævelsesloven|barnets lov|GDPR|LED)` +
		`( \(lov [^)]*\)| (§§?|art\.) \d+(-\d+)?(\(\d+\)(\([a-z]\))?)?( stk\. \d+(-\d+)?)?( nr\. \d+(-\d+)?)?( litra [a-z])?)`)
	requirement = regexp.MustCompile(`\bL\d{1,2}[ab]?\b`)
	brackets    = regexp.MustCompile(`(\d)\((\d+)\)(?:\(([a-z])\))?`)
	part        = regexp.MustCompile(` (stk\.|nr\.|litra) `)
)

// cite takes the paragraphs and the requirements out of a source. What else a
// source says is for those who write the document, in English; the book says it
// in the words of the catalogues.
func cite(lang, source string) string {
	var laws, numbers []string
	for _, p := range paragraph.FindAllString(source, -1) {
		if p = legal(lang, p); !slices.Contains(laws, p) {
			laws = append(laws, p)
		}
	}
	for _, n := range requirement.FindAllString(source, -1) {
		if !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	switch {
	case len(numbers) == 0:
		return strings.Join(laws, "; ")
	case len(laws) == 0:
		return strings.Join(numbers, ", ")
	}
	return strings.Join(laws, "; ") + " (" + strings.Join(numbers, ", ") + ")"
}

// legal writes a paragraph as it is written in the language: Danish law is cited
// by its Danish name in both.
func legal(lang, p string) string {
	if lang == "da" {
		p = strings.NewReplacer("GDPR", "databeskyttelsesforordningen", "LED", "retshåndhævelsesdirektivet").Replace(p)
		p = brackets.ReplaceAllStringFunc(p, func(s string) string {
			m := brackets.FindStringSubmatch(s)
			s = m[1] + ", stk. " + m[2]
			if m[3] != "" {
				s += ", litra " + m[3]
			}
			return s
		})
		p = strings.ReplaceAll(part.ReplaceAllString(p, ", $1 "), ",,", ",")
	}
	return p
}
