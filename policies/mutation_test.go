//go:build !race

package policies

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/util"
)

// verdict is what became of a mutant.
type verdict int

const (
	stillborn verdict = iota // the engine does not take it
	killed                   // a test fails
	survived
)

// judge tries mutants against the Rego tests beside the rules, the lines of the
// hand-written tables, and worlds of the differential test.
type judge struct {
	code   map[string]string  // the rules
	beside map[string]string  // the Rego tests
	first  map[string][]probe // by question: one of each line of the tables, and some worlds
	rest   map[string][]probe // many worlds
	sound  *edition           // the rules as they are
	t      *testing.T
}

// probe is a question with what should be said to it.
type probe struct {
	q    Question
	want said
	line *line // whose question it is; nil of another world
}

func newJudge(t *testing.T, many int) *judge {
	t.Helper()
	j := &judge{code: code(t, nil), beside: map[string]string{}, first: map[string][]probe{}, rest: map[string][]probe{}, t: t}
	var err error
	if j.sound, err = compile(j.code, document, questions); err != nil {
		t.Fatal(err)
	}
	for path, text := range regoFiles(t) {
		if strings.HasSuffix(path, "_test.rego") {
			j.beside[path] = string(text)
		}
	}
	w, seen, lined := newWorlds(t, 6), map[Question]bool{}, map[string]bool{}
	for range many {
		q, l := w.another()
		if seen[q] {
			continue
		}
		seen[q] = true
		x, name := probe{q, naive(q), l}, q.Question()
		if l != nil && !lined[l.name] || len(j.first[name]) < 300 {
			if l != nil {
				lined[l.name] = true
			}
			j.first[name] = append(j.first[name], x)
		} else {
			j.rest[name] = append(j.rest[name], x)
		}
	}
	return j
}

// holds reports whether an edition answers a probe as it should.
func (x probe) holds(ctx context.Context, e *edition) bool {
	a, err := e.eval(ctx, x.q)
	if err != nil || !agree(a, x.want) {
		return false
	}
	return x.line == nil || x.line.reason == "" || slices.Contains(a.Reasons, x.line.reason)
}

// try says what becomes of a mutant. The cheapest and likeliest to tell is asked first.
func (j *judge) try(ctx context.Context, m mutant) (verdict, error) {
	changed, data, err := m.parts(j.code)
	if err != nil {
		return stillborn, err
	}
	e, err := compile(changed, data, questions)
	if err != nil {
		return stillborn, nil
	}
	e.limit = time.Minute
	fails := func(pool map[string][]probe) bool {
		for _, name := range m.asks() {
			probes := pool[name]
			if m.path != nil {
				probes = nearest(probes, m.path)
			}
			if slices.ContainsFunc(probes, func(x probe) bool { return !x.holds(ctx, e) }) {
				return true
			}
		}
		return false
	}
	if fails(j.first) || m.word != "" && fails(j.with(m)) {
		return killed, nil
	}
	if fail, err := j.regoFails(ctx, changed, data, m.asks()); err != nil || fail {
		return killed, err
	}
	if fails(j.rest) || m.path != nil && fails(j.aimed(m)) {
		return killed, nil
	}
	return survived, nil
}

// nearest puts first the probes that have most of the words of a path.
func nearest(probes []probe, path []string) []probe {
	var by [20][]probe
	for _, x := range probes {
		n := len(by) - 1 - nearness(x.q, path)
		by[n] = append(by[n], x)
	}
	return slices.Concat(by[:]...)
}

// with is the worlds nearest to what was changed, each with what was taken out
// there, or added, in the place of one attribute or another, or with one the other way round.
func (j *judge) with(m mutant) map[string][]probe {
	all := map[string][]probe{}
	for _, name := range m.asks() {
		near := nearest(slices.Concat(j.first[name], j.rest[name]), m.path)
		for _, x := range near[:min(300, len(near))] {
			shape, _ := shapeOf(x.q)
			for _, a := range shape {
				if a.kind == reflect.Bool {
					q := with(x.q, a.name, !reflect.ValueOf(x.q).Field(a.index).Bool())
					all[name] = append(all[name], probe{q, naive(q), nil})
				} else {
					q := with(x.q, a.name, m.word)
					if of := itemOf[m.word]; of != "" && name == "disclose" {
						q = with(q, "item", of)
					}
					all[name] = append(all[name], probe{q, naive(q), nil})
				}
			}
		}
	}
	return all
}

// aimed is many worlds more, drawn toward what was changed.
func (j *judge) aimed(m mutant) map[string][]probe {
	words := append(slices.Clone(m.path), m.word)
	for _, s := range words {
		if by, ok := strings.CutPrefix(s, "from_"); ok {
			words = append(words, "shared", by)
		}
	}
	all, w := map[string][]probe{}, newWorlds(j.t, 7)
	for _, name := range m.asks() {
		for range 10_000 {
			q := w.toward(name, words)
			all[name] = append(all[name], probe{q, naive(q), nil})
		}
	}
	return all
}

// regoFails runs the Rego tests of some questions.
func (j *judge) regoFails(ctx context.Context, code map[string]string, data []byte, asks []string) (bool, error) {
	modules := map[string]*ast.Module{}
	add := func(path, text string) error {
		m, err := ast.ParseModuleWithOpts(path, text, ast.ParserOptions{})
		modules[path] = m
		return err
	}
	for path, text := range code {
		if err := add(path, text); err != nil {
			return false, err
		}
	}
	for path, text := range j.beside {
		if folder, _, _ := strings.Cut(path, "/"); folder == "law" || slices.Contains(asks, folder) {
			if err := add(path, text); err != nil {
				return false, err
			}
		}
	}
	law := map[string]any{}
	if err := util.UnmarshalJSON(data, &law); err != nil {
		return false, err
	}
	store := inmem.NewFromObject(law)
	txn, err := store.NewTransaction(ctx, storage.TransactionParams{})
	if err != nil {
		return false, err
	}
	defer store.Abort(ctx, txn)
	results, err := tester.NewRunner().SetCompiler(ast.NewCompiler().WithCapabilities(capabilities()).WithStrict(true)).SetStore(store).SetModules(modules).
		RaiseBuiltinErrors(true).RunTests(ctx, txn)
	if err != nil {
		return false, err
	}
	fail := false
	for r := range results {
		fail = fail || !r.Pass()
	}
	return fail, nil
}

// unlike says how a survivor answers differently than the rules as they are, if
// any probe shows it: then by its reasons only.
func (j *judge) unlike(ctx context.Context, m mutant) string {
	changed, data, err := m.parts(j.code)
	if err != nil {
		return err.Error()
	}
	e, err := compile(changed, data, questions)
	if err != nil {
		return err.Error()
	}
	n := 0
	for _, name := range m.asks() {
		for _, x := range slices.Concat(j.first[name], j.rest[name]) {
			n++
			a, _ := e.eval(ctx, x.q)
			b, _ := j.sound.eval(ctx, x.q)
			if !slices.Equal(a.Reasons, b.Reasons) || !slices.Equal(a.Obligations, b.Obligations) {
				return fmt.Sprintf("other words only: %+v: %v %v, not %v %v", x.q, a.Reasons, a.Obligations, b.Reasons, b.Obligations)
			}
		}
	}
	return fmt.Sprintf("no difference in %d worlds", n)
}

// explained says why nobody notices some mutants: the table of docs/mutation.md, in
// which * is anything.
func explained(t *testing.T) func(mutant) string {
	t.Helper()
	text, err := os.ReadFile("../docs/mutation.md")
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		of  *regexp.Regexp
		why string
	}
	var rows []row
	for l := range strings.Lines(string(text)) {
		if c := strings.Split(l, " | "); len(c) == 3 && strings.HasPrefix(l, "| ") {
			of := regexp.QuoteMeta(strings.TrimPrefix(c[0], "| ") + ": " + c[1])
			rows = append(rows, row{regexp.MustCompile("^" + strings.ReplaceAll(of, `\*`, ".*") + `( \(\d+\))?$`), strings.TrimSuffix(strings.TrimSpace(c[2]), " |")})
		}
	}
	return func(m mutant) string {
		for _, r := range rows {
			if r.of.MatchString(m.String()) {
				return r.why
			}
		}
		return ""
	}
}

// Whatever is changed in the rules, or in the law as data, some test fails
// (trust.md G6): at least 95 of 100 changes, and of the others docs/mutation.md
// says why. Every run tries some, a deep one all.
func TestVolumeMutants(t *testing.T) {
	all, why := slices.Concat(mutantsOfRules(t), mutantsOfData(t)), explained(t)
	total := map[string]int{}
	for _, m := range all {
		total[m.of()]++
	}
	tried := all
	if !deepRun() { // the same in every run, evenly, and none that is known to survive
		some := 16
		if text := os.Getenv("INFOHUS_TEST_MUTANTS"); text != "" {
			if some, _ = strconv.Atoi(text); some < 1 || some > len(all) {
				t.Fatalf("INFOHUS_TEST_MUTANTS is 1 to %d", len(all))
			}
		}
		tried = nil
		for i := range some {
			if m := all[i*len(all)/some]; why(m) == "" {
				tried = append(tried, m)
			}
		}
	}
	if only := os.Getenv("INFOHUS_TEST_MUTANT"); only != "" {
		tried = slices.DeleteFunc(slices.Clone(all), func(m mutant) bool {
			return !slices.ContainsFunc(strings.Split(only, "\n"), func(s string) bool { return strings.Contains(m.String(), s) })
		})
	}
	j := newJudge(t, 30_000)
	count := map[string]*[3]int{"rules": {}, "data": {}}
	var mu sync.Mutex
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := int(next.Add(1) - 1); i < len(tried); i = int(next.Add(1) - 1) {
				m := tried[i]
				became, err := j.try(t.Context(), m)
				if err != nil {
					t.Errorf("%s: %v", m, err)
				}
				mu.Lock()
				count[m.of()][became]++
				mu.Unlock()
				if became == survived && why(m) == "" {
					t.Errorf("nobody notices: %s (%s)", m, j.unlike(t.Context(), m))
				}
			}
		})
	}
	wg.Wait()
	for of, n := range count {
		if lived := n[killed] + n[survived]; 100*n[killed] < 95*lived {
			t.Errorf("%s: only %d of %d mutants are noticed", of, n[killed], lived)
		} else {
			t.Logf("mutants of the %s: %d tried of %d, %d killed, %d survived, %d the engine does not take: %.1f %% killed", of,
				lived+n[stillborn], total[of], n[killed], n[survived], n[stillborn], 100*float64(n[killed])/float64(max(1, lived)))
		}
	}
}
