package structure

import (
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong in a structure file: where, what, and what
// to write instead.
type Fault struct {
	File string
	Line int
	Text string
}

func (f Fault) Error() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Text) }

// Faults is everything that is wrong in a structure file, in its order: a line
// of text for each.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, x := range f {
		lines[i] = x.Error()
	}
	return strings.Join(lines, "\n")
}

// faults collects them. It is shared by the reading and the checking.
type faults struct {
	file string
	list Faults
}

func (f *faults) at(line int, format string, args ...any) {
	x := Fault{f.file, max(line, 1), fmt.Sprintf(format, args...)}
	if !slices.Contains(f.list, x) {
		f.list = append(f.list, x)
	}
}

func (f *faults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	slices.SortStableFunc(f.list, func(a, b Fault) int { return a.Line - b.Line })
	return f.list
}

// oneOf says what may be written, and what was probably meant.
func oneOf[T ~string](word string, allowed []T) string {
	var best, all []string
	least := 3 // letters to change; more is another word
	for _, a := range allowed {
		all = append(all, string(a))
		switch d := distance(word, string(a)); {
		case d < least:
			best, least = []string{string(a)}, d
		case d == least && d < 3:
			best = append(best, string(a))
		}
	}
	switch {
	case len(best) > 0:
		return "did you mean " + strings.Join(best, " or ") + "?"
	case len(all) == 0:
		return "there is none yet"
	}
	return "write one of: " + strings.Join(all, ", ")
}

// distance is how many letters must be changed, added or taken away to make one
// word of the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
