package policies

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Readable is what decides at one moment, for people to read: the data that the rules
// judge against, and what the rules say of themselves.
type Readable struct {
	Revision string // as [Engine.Revision]
	Document []byte // as [Engine.Document]
	Rules    []Rule // in the order of the questions; what they share comes last
}

// Rule is one file of rules.
type Rule struct {
	Question string   // the question that it answers; "law" for what all share
	Title    string   // of its METADATA; empty for what all share
	About    string   // its description there, in English
	Says     []string // the texts that it can answer with and more, sorted: codes are among them
}

// Readable gives the rules in force now, whole: revision, data and rules belong together.
func (e *Engine) Readable() (Readable, error) {
	now := e.now.Load()
	rules, err := readRules()
	return Readable{now.revision, slices.Clone(now.document), rules}, err
}

// readRules reads the embedded rules as text: they do not change while the hub runs.
var readRules = sync.OnceValues(func() ([]Rule, error) {
	code, err := embedded()
	if err != nil {
		return nil, err
	}
	var rules []Rule
	for _, q := range questions {
		r, err := readRule(q.Question(), code)
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	law, err := readRule("law", code)
	return append(rules, law), err
})

func readRule(name string, code map[string]string) (Rule, error) {
	file := path.Join(name, name+".rego")
	m, err := ast.ParseModuleWithOpts(file, code[file], ast.ParserOptions{ProcessAnnotation: true})
	if err != nil {
		return Rule{}, fmt.Errorf("policies: %w", err)
	}
	r := Rule{Question: name}
	for _, a := range m.Annotations {
		if a.Scope == "package" {
			r.Title, r.About = a.Title, strings.TrimSpace(a.Description)
		}
	}
	ast.WalkTerms(m, func(t *ast.Term) bool {
		if s, ok := t.Value.(ast.String); ok {
			r.Says = append(r.Says, string(s))
		}
		return false
	})
	slices.Sort(r.Says)
	r.Says = slices.Compact(r.Says)
	return r, nil
}
