package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// mark is what a test says that cannot run on this machine.
const mark = "CANNOT RUN:"

// line is one event of "go test -json" (go doc test2json).
type line struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64 // seconds, when it ended
}

// tally is what a run came to.
type tally struct {
	mu                      sync.Mutex // guards all below, and the streams
	out                     io.Writer
	passed, failed, skipped int
	cannot                  []string
	longest                 []ended // whole tests, the longest first, no more than [long]
	streams                 []*stream
}

// ended is a test that ended, and the seconds that it took with all its parts.
type ended struct {
	name, stream string
	seconds      float64
}

// long is how many of the tests that took longest are named: who wants the run
// quicker begins there.
const long = 12

// stream is what one command has said, and not yet been judged by.
type stream struct {
	*tally
	name   string
	tests  bool                // it is there to test something
	rest   []byte              // the beginning of a line
	open   map[string]bool     // tests and packages that began and have not ended: "package test", "package "
	said   map[string][]string // their output
	blamed map[string]bool     // packages with a failed test
	ran    int                 // tests that ended
	took   time.Duration
	worked time.Duration // of it and what it waited for, by a processor; not of servers that go on
	err    error
}

func newTally(w io.Writer) *tally { return &tally{out: w} }

func (t *tally) tested() int { return t.passed + t.failed + t.skipped }

// stream adds a stream to the tally.
func (t *tally) stream(name string) *stream {
	s := &stream{tally: t, name: name, open: map[string]bool{}, said: map[string][]string{}, blamed: map[string]bool{}}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.streams = append(t.streams, s)
	return s
}

// Write takes what a command says, and judges each whole line. It never fails.
func (s *stream) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = append(s.rest, b...)
	for {
		text, after, whole := bytes.Cut(s.rest, []byte("\n"))
		if !whole {
			return len(b), nil
		}
		s.note(string(text) + "\n")
		s.rest = after
	}
}

// end judges a command that has ended: what it left open has failed.
func (s *stream) end(err error, took, worked time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rest) > 0 {
		s.note(string(s.rest) + "\n")
	}
	s.took, s.worked, s.err = took, worked, err
	failed := len(s.blamed) > 0
	for _, key := range slices.Sorted(maps.Keys(s.open)) {
		failed = true
		s.failed++
		pkg, test, _ := strings.Cut(key, " ")
		fmt.Fprintf(s.out, "FAILED: it never ended: %s\n%s", strings.TrimSpace(test+" in "+pkg), strings.Join(s.said[key], ""))
	}
	switch {
	case err != nil && !failed:
		s.failed++
		fmt.Fprintf(s.out, "FAILED: %s: %v\n", s.name, err)
	case err == nil && s.tests && s.ran == 0:
		s.failed++
		fmt.Fprintf(s.out, "FAILED: %s tested nothing\n", s.name)
	}
}

func (s *stream) note(text string) {
	var l line
	if json.Unmarshal([]byte(text), &l) != nil {
		fmt.Fprint(s.out, text) // not from test2json: go itself speaks, or the shell
		if why, ok := strings.CutPrefix(text, mark); ok {
			s.cannot = append(s.cannot, strings.TrimSpace(why))
		}
		return
	}
	key := l.Package + " " + l.Test
	switch l.Action {
	case "start", "run":
		s.open[key] = true
	case "output", "build-output":
		switch {
		case l.Action == "build-output", l.Test == "" && outcome(l.Output):
			fmt.Fprint(s.out, l.Output)
		default:
			s.said[key] = append(s.said[key], l.Output)
		}
	case "pass", "fail", "skip":
		s.judge(l, s.said[key])
		delete(s.said, key)
		delete(s.open, key)
	}
}

// outcome reports whether a package's output is go test's closing line of it.
func outcome(s string) bool {
	return strings.HasPrefix(s, "ok  \t") || strings.HasPrefix(s, "FAIL\t") || strings.HasPrefix(s, "---")
}

func (s *stream) judge(l line, said []string) {
	if l.Test == "" {
		if l.Action == "fail" {
			if !s.blamed[l.Package] { // it did not build, or ended by itself
				s.failed++
				s.blamed[l.Package] = true
			}
			fmt.Fprint(s.out, strings.Join(said, ""))
		}
		return
	}
	s.ran++
	if !strings.Contains(l.Test, "/") {
		s.longest = append(s.longest, ended{l.Test, s.name, l.Elapsed})
		slices.SortFunc(s.longest, func(a, b ended) int { return cmp.Compare(b.seconds, a.seconds) })
		s.longest = s.longest[:min(len(s.longest), long)]
	}
	switch l.Action {
	case "pass":
		s.passed++
	case "fail":
		s.failed++
		s.blamed[l.Package] = true
		fmt.Fprintf(s.out, "FAILED: %s in %s\n%s", l.Test, l.Package, strings.Join(said, ""))
	case "skip":
		s.skipped++
		for _, text := range said {
			if _, why, ok := strings.Cut(text, mark); ok {
				s.cannot = append(s.cannot, fmt.Sprintf("%s (%s):%s", l.Test, l.Package, strings.TrimRight(why, "\n")))
			}
		}
	}
}

func (t *tally) print(ci bool) {
	w := t.out
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
	if len(t.longest) > 0 {
		fmt.Fprintln(w, "→ the longest tests:")
	}
	for _, e := range t.longest {
		fmt.Fprintf(w, "  %4.0f s  %s (%s)\n", e.seconds, e.name, e.stream)
	}
	for _, s := range t.streams {
		how := "well"
		if s.err != nil {
			how = s.err.Error()
		}
		fmt.Fprintf(w, "→ %s: %v (%v of a processor), ended %s\n", s.name, s.took.Round(time.Second), s.worked.Round(time.Second), how)
	}
	fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
}
