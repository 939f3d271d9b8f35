package service

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"github.com/infohus/infohus/pkg/hub"
)

// How many marks are kept of a text, and how many of them two texts have in common
// that are nearly the same: of those of the shorter.
const (
	mostMarks = 32
	nearMarks = 0.5
)

// marks tell whether somebody gave nearly the same reason before, without the text:
// digests under a key, of the whole and of the pieces that sort first. They are one
// person's only, so that nothing tells that two wrote alike. The text is shown to
// nobody, and so counts as shown in no request.
func (e Env) marks(person hub.ID, reason hub.Personal) []string {
	var letters []rune
	for _, c := range strings.ToLower(reason.Reveal(context.Background())) {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			letters = append(letters, c)
		}
	}
	mark := func(what string) string {
		return e.Vault.Pseudonym(hub.ID("glass\x00" + string(person) + "\x00" + what))
	}
	const piece = 5
	seen := map[string]bool{}
	for i := 0; i+piece <= len(letters); i++ {
		seen[mark(string(letters[i:i+piece]))] = true
	}
	pieces := make([]string, 0, len(seen))
	for m := range seen {
		pieces = append(pieces, m)
	}
	slices.Sort(pieces)
	return append([]string{mark("whole\x00" + string(letters))}, pieces[:min(len(pieces), mostMarks)]...)
}

// likeness reports whether a reason is nearly, or exactly, one of those before.
func likeness(marks []string, before [][]string) (near, same bool) {
	for _, b := range before {
		if len(b) == 0 || len(marks) == 0 {
			continue
		}
		same = same || b[0] == marks[0]
		least, common := min(len(b), len(marks))-1, 0
		for _, m := range marks[1:] {
			if slices.Contains(b[1:], m) {
				common++
			}
		}
		near = near || least > 0 && float64(common) >= nearMarks*float64(least)
	}
	return near || same, same
}
