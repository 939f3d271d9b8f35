//go:build !race

package policies

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// deepRun is whether the tests that take long are run.
func deepRun() bool { return os.Getenv("INFOHUS_TEST_DEEP") != "" }

// seedOf is the seed of a test: the one that is asked for, a new one in a deep
// run, else always the same.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	if text := os.Getenv("INFOHUS_TEST_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return seed
	}
	if deepRun() {
		return rand.Uint64()
	}
	return 4
}

// agree is whether an answer of the engine is what the naive model says.
func agree(a Answer, s said) bool {
	return a.Allow == s.allow && slices.Equal(a.Fields, s.fields)
}

// The rules are what the naive model says, whatever is asked (trust.md G6): 10^5
// worlds in every run, 2·10^6 in a deep one.
func TestVolumeTheRulesAreTheNaiveModel(t *testing.T) {
	n, most := 100_000, 10
	if deepRun() {
		n = 2_000_000
	}
	seed := seedOf(t)
	e, w := engine(t), newWorlds(t, seed)
	differs := func(q Question) bool { a, err := e.Advise(t.Context(), q); return err != nil || !agree(a, naive(q)) }
	asked, allowed, hit := map[string]int{}, map[string]int{}, map[string]bool{}
	distinct := 0
	for n > 0 {
		batch := min(n, 100_000)
		n -= batch
		lines, of := map[Question][]*line{}, []Question{}
		for range batch {
			q, l := w.another()
			name := q.Question()
			asked[name]++
			if naive(q).allow {
				allowed[name]++
			}
			if _, had := lines[q]; !had {
				lines[q] = nil
				of = append(of, q)
			}
			if l != nil && !slices.Contains(lines[q], l) {
				lines[q] = append(lines[q], l)
			}
		}
		distinct += len(of)
		for i, a := range answers(t, e, of) {
			q := of[i]
			for _, l := range lines[q] {
				if hit[l.name] = true; !a.Allow || slices.ContainsFunc(l.opens, func(f string) bool { return !slices.Contains(a.Fields, f) }) {
					t.Errorf("INFOHUS_TEST_SEED=%d: the line %s allows %+v, the rules say %+v", seed, l.name, q, a)
				} else if l.reason != "" && !slices.Contains(a.Reasons, l.reason) {
					t.Errorf("INFOHUS_TEST_SEED=%d: the line %s allows %+v, for another reason: %v", seed, l.name, q, a.Reasons)
				}
			}
			if agree(a, naive(q)) {
				continue
			}
			if most--; most == 0 {
				t.Fatal("… and more")
			}
			less := shrink(q, differs)
			a := ask(t, e, less)
			t.Errorf("INFOHUS_TEST_SEED=%d: %s %+v\nshrunk to %+v:\nthe rules say %v %v %v\nthe model     %+v", seed, q.Question(), q, less, a.Allow, a.Fields, a.Reasons, naive(less))
		}
	}
	lines, shares := 0, []string{}
	for _, zero := range questions {
		name := zero.Question()
		for _, l := range w.lines[name] {
			if lines++; !hit[l.name] {
				t.Errorf("INFOHUS_TEST_SEED=%d: no world is of the line %s", seed, l.name)
			}
		}
		share := 100 * allowed[name] / max(1, asked[name])
		if shares = append(shares, fmt.Sprintf("%s %d %%", name, share)); share < 25 || share > 75 {
			t.Errorf("%s is allowed in %d %% of %d worlds: too few, or too many, to show much", name, share, asked[name])
		}
	}
	total := 0
	for _, k := range asked {
		total += k
	}
	if !t.Failed() {
		t.Logf("seed %d: 0 differences in %d worlds (%d distinct), with each of the %d lines of the tables; allowed are: %s", seed, total, distinct, lines, strings.Join(shares, ", "))
	}
}
