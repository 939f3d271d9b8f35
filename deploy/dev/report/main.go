// Command report reads "go test -json" on its standard input and says it for
// people: each package's line as it comes, the whole output of what failed,
// and at the end, loudly, every test that could not run on this machine.
//
// A test that cannot run says so by t.Skip with a reason that starts with
// "CANNOT RUN:". Under CI=true such a test is a failure: a machine that cannot
// test is not a machine that has tested.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// mark is what a test says that cannot run on this machine.
const mark = "CANNOT RUN:"

// line is one event of "go test -json" (go doc test2json).
type line struct {
	Action, Package, ImportPath, Test, Output string
}

// tally is what a run came to.
type tally struct {
	passed, failed, skipped int
	packages                int
	cannot                  []string
	blamed                  map[string]bool // packages with a failed test
}

func main() {
	t, err := read(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
	ci := os.Getenv("CI") == "true"
	t.print(os.Stdout, ci)
	if t.failed > 0 || t.packages == 0 || ci && len(t.cannot) > 0 {
		os.Exit(1)
	}
}

// read tells the run as it goes, and counts it.
func read(r io.Reader, w io.Writer) (tally, error) {
	t := tally{blamed: map[string]bool{}}
	said := map[string][]string{} // output not yet judged, by package and test
	in := bufio.NewReader(r)
	for {
		text, err := in.ReadString('\n')
		if text != "" {
			t.note(text, said, w)
		}
		if err == io.EOF {
			return t, nil
		}
		if err != nil {
			return t, err
		}
	}
}

func (t *tally) note(text string, said map[string][]string, w io.Writer) {
	var l line
	if json.Unmarshal([]byte(text), &l) != nil {
		fmt.Fprint(w, text) // not from test2json: go itself speaks, or make
		if why, ok := strings.CutPrefix(text, mark); ok {
			t.cannot = append(t.cannot, strings.TrimSpace(why))
		}
		return
	}
	key := l.Package + " " + l.Test
	switch l.Action {
	case "output", "build-output":
		switch {
		case l.Action == "build-output", l.Test == "" && outcome(l.Output):
			fmt.Fprint(w, l.Output)
		default:
			said[key] = append(said[key], l.Output)
		}
	case "pass", "fail", "skip":
		t.judge(l, said[key], w)
		delete(said, key)
	}
}

// outcome reports whether a package's output is go test's closing line of it.
func outcome(s string) bool {
	return strings.HasPrefix(s, "ok  \t") || strings.HasPrefix(s, "FAIL\t") || strings.HasPrefix(s, "---")
}

func (t *tally) judge(l line, said []string, w io.Writer) {
	if l.Test == "" {
		t.packages++
		if l.Action == "fail" {
			if !t.blamed[l.Package] { // it did not build, or ended by itself
				t.failed++
			}
			fmt.Fprint(w, strings.Join(said, ""))
		}
		return
	}
	switch l.Action {
	case "pass":
		t.passed++
	case "fail":
		t.failed++
		t.blamed[l.Package] = true
		fmt.Fprintf(w, "FAILED: %s in %s\n%s", l.Test, l.Package, strings.Join(said, ""))
	case "skip":
		t.skipped++
		for _, s := range said {
			if _, why, ok := strings.Cut(s, mark); ok {
				t.cannot = append(t.cannot, fmt.Sprintf("%s (%s):%s", l.Test, l.Package, strings.TrimRight(why, "\n")))
			}
		}
	}
}

func (t *tally) print(w io.Writer, ci bool) {
	if len(t.cannot) > 0 {
		bar := strings.Repeat("#", 78)
		fmt.Fprintf(w, "\n%s\n# CANNOT RUN on this machine: %d\n", bar, len(t.cannot))
		slices.Sort(t.cannot)
		for _, c := range t.cannot {
			fmt.Fprintln(w, "#  ", c)
		}
		if ci {
			fmt.Fprintln(w, "# CI=true: a test that cannot run is a failure.")
		}
		fmt.Fprintf(w, "%s\n\n", bar)
	}
	fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
}
