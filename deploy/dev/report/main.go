// Command report runs streams of tests beside one another, each a command that
// prints what "go test -json" prints, and says it for people: each package's
// line as it comes, the whole output of what failed, how long each stream took,
// and at the end, loudly, every test that could not run on this machine.
//
//	report [-once COMMAND] 'NAME: COMMAND'…
//
// The command of -once runs beside the first stream and before the others: what
// it builds, they share. Nothing is green by absence: a stream that ends badly,
// is killed, leaves a test or a package without an end or tests nothing at all
// is a failure, whatever it has said.
//
// A test that cannot run says so by t.Skip with a reason that starts with
// "CANNOT RUN:", and so may a line of a command. Under CI=true that is a failure:
// a machine that cannot test is not a machine that has tested.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

func main() {
	once := flag.String("once", "", "a command that the second stream and those after it wait for")
	flag.Parse()
	t := newTally(os.Stdout)
	runAll(t, *once, flag.Args())
	ci := os.Getenv("CI") == "true"
	t.print(ci)
	if t.failed > 0 || t.tested() == 0 || ci && len(t.cannot) > 0 {
		os.Exit(1)
	}
}

// runAll runs the streams and returns when all have ended.
func runAll(t *tally, once string, args []string) {
	var all sync.WaitGroup
	shared := make(chan struct{})
	if once != "" {
		s := t.stream("once")
		all.Go(func() {
			defer close(shared)
			t.run(s, once)
		})
	} else {
		close(shared)
	}
	for i, arg := range args {
		name, command, named := strings.Cut(arg, ": ")
		if !named {
			name, command = arg, arg
		}
		s := t.stream(name)
		s.tests = true
		all.Go(func() {
			if i > 0 {
				<-shared
			}
			t.run(s, command)
		})
	}
	all.Wait()
}

// short is the beginning of a command: names of tests may follow by the hundred.
func short(command string) string {
	if r := []rune(command); len(r) > 120 {
		return string(r[:120]) + " …"
	}
	return command
}

// run is one command, from its beginning to its end.
func (t *tally) run(s *stream, command string) {
	t.say("→ %s: %s\n", s.name, short(command))
	began := time.Now()
	c := exec.Command("sh", "-c", command)
	c.Stdout = s
	c.Stderr = s // the same writer: os/exec then gives both one pipe, and lines stay whole
	err := c.Run()
	var worked time.Duration
	if p := c.ProcessState; p != nil {
		worked = p.UserTime() + p.SystemTime()
	}
	s.end(err, time.Since(began), worked)
}

// say prints for people; one line is never broken by another.
func (t *tally) say(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.out, format, args...)
}
