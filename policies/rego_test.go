//go:build !race

package policies

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/util"
)

// regoFiles is every Rego file of the package, rules and tests.
func regoFiles(t *testing.T) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("*/*.rego")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, path := range paths {
		if all[path], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// The Rego tests, each a subtest, with the same capabilities and strictness as
// the engine has; and every line of every rule is run by one of them.
func TestRego(t *testing.T) {
	modules, rules := map[string]*ast.Module{}, map[string]*ast.Module{}
	for path, text := range regoFiles(t) {
		m, err := ast.ParseModuleWithOpts(path, string(text), ast.ParserOptions{})
		if err != nil {
			t.Fatal(err)
		}
		modules[path] = m
		if !strings.HasSuffix(path, "_test.rego") {
			rules[path] = m
		}
	}
	data := map[string]any{}
	if err := util.UnmarshalJSON(document, &data); err != nil {
		t.Fatal(err)
	}
	store := inmem.NewFromObject(data)
	txn, err := store.NewTransaction(t.Context(), storage.TransactionParams{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Abort(t.Context(), txn)
	coverage := cover.New()
	compiler := ast.NewCompiler().WithCapabilities(capabilities()).WithStrict(true)
	results, err := tester.NewRunner().SetCompiler(compiler).SetStore(store).SetModules(modules).
		RaiseBuiltinErrors(true).SetCoverageQueryTracer(coverage).RunTests(t.Context(), txn)
	if err != nil {
		t.Fatal(err)
	}
	ran := map[string]int{}
	for r := range results {
		ran[r.Package]++
		t.Run(strings.TrimPrefix(r.Package, "data.infohus.")+"/"+r.Name, func(t *testing.T) {
			if !r.Pass() || r.Skip {
				t.Errorf("%s: %s", r.Location, r)
			}
		})
	}
	for _, q := range questions {
		if ran["data.infohus."+q.Question()+"_test"] == 0 {
			t.Errorf("%s has no Rego test", q.Question())
		}
	}
	report := coverage.Report(rules)
	for path := range rules {
		if report.Files[path] == nil {
			t.Fatalf("%s is in no coverage report", path)
		}
		for _, r := range report.Files[path].NotCovered {
			t.Errorf("%s: %+v to %+v is run by no Rego test", path, r.Start, r.End)
		}
	}
	t.Logf("%.1f %% of %d lines covered", report.Coverage, report.CoveredLines+report.NotCoveredLines)
}

func TestRegoIsFormatted(t *testing.T) {
	for path, text := range regoFiles(t) {
		want, err := format.Source(path, text)
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(text, want) {
			t.Errorf("%s is not as opa fmt writes it:\n%s", path, want)
		}
	}
}

func TestEveryRuleFileIsEmbedded(t *testing.T) {
	c := code(t, nil)
	for path := range regoFiles(t) {
		if _, ok := c[path]; ok == strings.HasSuffix(path, "_test.rego") {
			t.Errorf("%s: embedded is %v", path, ok)
		}
	}
	for _, q := range questions {
		path := q.Question() + "/" + q.Question() + ".rego"
		if !strings.Contains(c[path], "input: schema."+q.Question()+"\n") {
			t.Errorf("%s is not held against its schema", path)
		}
	}
}

// Every reason and obligation in the data is given by some rule, and none has
// another shape than a key of a message.
func TestEveryCodeIsUsed(t *testing.T) {
	e := engine(t)
	text := string(bytes.Join(slices.Collect(func(yield func([]byte) bool) {
		for path, b := range regoFiles(t) {
			if !strings.HasSuffix(path, "_test.rego") && !yield(b) {
				return
			}
		}
	}), nil)) + string(document)
	for _, c := range e.Codes() {
		if strings.Trim(c, "abcdefghijklmnopqrstuvwxyz_0123456789") != "" {
			t.Errorf("%q is no key for a message", c)
		}
		quoted := `"` + c + `"`
		if c != "hat_mismatch" && strings.Count(text, quoted) < 2 { // once it is declared
			t.Errorf("%s is given by no rule", c)
		}
	}
}
