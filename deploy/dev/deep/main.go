// Command deep runs the tests that take long, one after the other, shows what
// they say, and writes what they came to into a file of its own:
//
//	deep -to docs/deep.md -fuzz 1m -only walks
//
// First comes the test of the clock, which wants the machine for itself, then the
// walks, everybody and everything that can be asked, what is used while it is taken back, the rules against the plain Go of them and against changes to them, the
// officer's questions of ten million rows (15 GB of disk, for an hour or less), what was planted in two years of the log, then each target of fuzzing; or those whose name was asked for. Whatever fails, the
// others are run too; it then ends with 1, and the file says what failed. It is
// written after each part: what was stopped keeps what had ended.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// part is one command, and what came of it.
type part struct {
	name string
	args []string // of go test
	said string
	on   time.Time // when it was run; zero is not
	took time.Duration
	err  error
}

func main() {
	to := flag.String("to", "", "the file to write")
	fuzz := flag.String("fuzz", "1m", "how long each target is fuzzed")
	only := flag.String("only", "", "what the name of a part must match, to be run")
	flag.Parse()
	if err := deep(*to, *fuzz, *only); err != nil {
		fmt.Fprintln(os.Stderr, "deep:", err)
		os.Exit(1)
	}
}

func deep(to, fuzz, only string) error {
	wanted, err := regexp.Compile("(?i)" + only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	targets, err := targets(".")
	if err != nil {
		return err
	}
	hub := func(name, test string) *part {
		return &part{name: name, args: []string{"-count=1", "-v", "-timeout=2h", "-run", "^" + test + "$", "./services/infohus"}}
	}
	rules := func(name, test string) *part {
		return &part{name: name, args: []string{"-count=1", "-v", "-timeout=60m", "-run", "^" + test + "$", "./policies"}}
	}
	parts := []*part{hub("The clock", "TestTimingOfUnknownAndForbidden"), hub("Walks through the hub", "TestVolumeWalk"), hub("Walks on paper", "TestVolumeWalkOnPaper"),
		hub("Everybody in every state", "(TestVolumeTriples|TestVolumeTriplesOfCases)"),
		hub("Forbidden and unknown by every answer", "TestUnknownAndForbidden"), hub("Everything shown and its row", "TestVolumeEveryShowingIsRecorded"),
		hub("Read while taken back, over HTTP", "(TestVolumeRevocation|TestVolumeRevocationOfCases)"),
		{name: "Used while taken back", args: []string{"-count=1", "-v", "-timeout=60m", "-run", "^TestVolumeNothingIs", "./pkg/pg"}},
		rules("The rules and plain Go", "TestVolumeTheRulesAreTheNaiveModel"), rules("Rules that were changed", "TestVolumeMutants"),
		hub("The officer's questions", "TestVolumeDesk"), {name: "Anomalies that were planted", args: []string{"-count=1", "-v", "-timeout=90m", "-run", "^TestVolumeAnomalies$", "./services/audit"}}, hub("Every page in the browser", "TestBrowser$/^every page"),
		{name: "A revision on a million decisions", args: []string{"-count=1", "-v", "-timeout=60m", "-run", "^TestVolumePast$", "./pkg/pg"}}}
	for _, t := range targets {
		parts = append(parts, &part{name: t[1], args: []string{"-run=^$", "-fuzz", "^" + t[1] + "$", "-fuzztime", fuzz, t[0]}})
	}
	failed, ran := 0, 0
	for _, p := range parts {
		if !wanted.MatchString(p.name) {
			continue
		}
		ran++
		if p.run(); p.err != nil {
			failed++
		}
		old, err := os.ReadFile(to)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.WriteFile(to, []byte(render(parts, machine(), string(old))), 0o644); err != nil {
			return err
		}
		fmt.Printf("→ written: %s\n", to)
	}
	if failed > 0 || ran == 0 {
		return fmt.Errorf("%d of %d failed", failed, ran)
	}
	return nil
}

// targets finds the targets of fuzzing: package and name.
func targets(root string) (found [][2]string, err error) {
	name := regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	return found, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range name.FindAllSubmatch(text, -1) {
			found = append(found, [2]string{"./" + filepath.Dir(path), string(m[1])})
		}
		return err
	})
}

// run runs go test, and shows what it says.
func (p *part) run() {
	fmt.Printf("→ %s: go test %s\n", p.name, strings.Join(p.args, " "))
	var said bytes.Buffer
	both := io.MultiWriter(os.Stdout, &said)
	c := exec.Command("go", append([]string{"test"}, p.args...)...)
	c.Env = append(os.Environ(), "INFOHUS_TEST_DEEP=1")
	c.Stdout, c.Stderr = both, both
	p.on = time.Now()
	p.err = c.Run()
	p.took, p.said = time.Since(p.on), said.String()
}

// machine is what the figures were made on.
func machine() string {
	kind := runtime.GOOS + "/" + runtime.GOARCH
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if m := regexp.MustCompile(`model name\s*: (.*)`).FindSubmatch(b); m != nil {
			kind = string(m[1]) + ", " + kind
		}
	}
	return fmt.Sprintf("%d cores (%s), %s", runtime.NumCPU(), kind, runtime.Version())
}
