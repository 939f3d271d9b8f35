package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
)

const run = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: quiet\n"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":3.2}
{"Action":"pass","Package":"p","Test":"TestD/part","Elapsed":9}
{"Action":"pass","Package":"p","Test":"TestD","Elapsed":11}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:1: wanted 1\n"}
{"Action":"fail","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:1: CANNOT RUN: no browser\n"}
{"Action":"skip","Package":"p","Test":"TestC"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}
`

func TestReport(t *testing.T) {
	var out strings.Builder
	got := newTally(&out)
	s := got.stream("race")
	for part := range strings.SplitSeq(run, "o") { // a pipe breaks lines where it likes
		fmt.Fprint(s, part)
		if !strings.HasSuffix(part, "}\n") {
			fmt.Fprint(s, "o")
		}
	}
	s.end(nil, 0, 0)
	got.print(true)
	if got.passed != 3 || got.failed != 1 || got.skipped != 1 || len(got.cannot) != 1 {
		t.Errorf("counted %+v", got)
	}
	for _, want := range []string{"wanted 1", "TestC (p): no browser", "FAIL\tp", "CI=true", "  11 s  TestD (race)\n     3 s  TestA (race)\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("does not say %q:\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "quiet") || strings.Contains(out.String(), "TestD/part") {
		t.Errorf("tells what passed")
	}
}

// A run is green only if every stream ended well, and everything in it ended.
func TestNothingIsGreenByAbsence(t *testing.T) {
	const (
		start = `echo '{"Action":"start","Package":"p"}'; `
		begin = `echo '{"Action":"run","Package":"p","Test":"TestA"}'; `
		pass  = `echo '{"Action":"pass","Package":"p","Test":"TestA"}'; `
		end   = `echo '{"Action":"pass","Package":"p"}'; `
		good  = start + begin + pass + end
	)
	for name, c := range map[string]struct {
		once, other string
		failed      int
		says        string
	}{
		"all is well":            {"", good, 0, "2 passed, 0 failed"},
		"with something shared":  {"true", good, 0, "2 passed, 0 failed"},
		"what is shared fails":   {"exit 2", good, 1, "once: exit status 2"},
		"a failed test":          {"", start + begin + `echo '{"Action":"fail","Package":"p","Test":"TestA"}'; echo '{"Action":"fail","Package":"p"}'; exit 1`, 1, "FAILED: TestA in p"},
		"a package fails":        {"", start + `echo '{"Action":"fail","Package":"p"}'; exit 1`, 1, "1 failed"},
		"killed in a test":       {"", start + begin + `kill -9 $$`, 2, "never ended: TestA in p"},
		"killed between two":     {"", start + begin + pass + `kill -9 $$`, 1, "never ended: in p"},
		"killed after all":       {"", good + `kill -9 $$`, 1, "other: signal: killed"},
		"killed before all":      {"", `kill -9 $$`, 1, "other: signal: killed"},
		"an end left out":        {"", start + begin + pass, 1, "never ended: in p"},
		"nothing tested":         {"", start + end, 1, "other tested nothing"},
		"nothing to be found":    {"", `no-such-command`, 1, "other: exit status 127"},
		"half a line, then dead": {"", good + `printf '{"Action":"ru'; kill -9 $$`, 1, `{"Action":"ru`},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			got := newTally(&out)
			runAll(got, c.once, []string{"first: " + good, "other: " + c.other})
			got.print(false)
			if got.failed != c.failed || !strings.Contains(out.String(), c.says) {
				t.Errorf("%d failed, want %d and %q:\n%s", got.failed, c.failed, c.says, &out)
			}
		})
	}
}

// What is shared is there when the second stream begins, and the first does not wait for it.
func TestTheFirstDoesNotWait(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := syscall.Mkfifo("pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	got := newTally(&out)
	runAll(got, "cat pipe; echo made >built", []string{"first: echo on >pipe", "second: cat built"})
	if !strings.Contains(out.String(), "on\n") || !strings.Contains(out.String(), "made\n") {
		t.Errorf("it went otherwise:\n%s", &out)
	}
}
