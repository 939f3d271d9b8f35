package policies

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// tablesFile is the rules that speak of the document alone and of no question. What
// they say is the same for every question, so it is worked out once.
const tablesFile = "law/tables.rego"

// loadTables works out what the tables say and puts it into data, where the
// other rules find it as if the tables were among them. It gives those others.
func loadTables(code map[string]string, data map[string]any) (map[string]string, error) {
	text, ok := code[tablesFile]
	if !ok {
		return nil, fmt.Errorf("policies: no %s", tablesFile)
	}
	if _, ok := data["infohus"]; ok {
		return nil, errors.New("policies: the data document says what the rules say")
	}
	rest := maps.Clone(code)
	delete(rest, tablesFile)
	compiler, err := compileRules(map[string]string{tablesFile: text}, ast.NewSchemaSet(), data)
	if err != nil {
		return nil, err
	}
	object, err := objectOf(data)
	if err != nil {
		return nil, err
	}
	results, err := rego.New(rego.Query("data.infohus.tables"), rego.Compiler(compiler), rego.Store(inmem.NewFromASTObject(object)),
		rego.StrictBuiltinErrors(true), rego.GenerateJSON(asIs)).Eval(context.Background())
	if err != nil {
		return nil, fmt.Errorf("policies: %s: %w", tablesFile, err)
	}
	if len(results) != 1 {
		return nil, fmt.Errorf("policies: %s is undefined", tablesFile)
	}
	all, ok := results[0].Expressions[0].Value.(ast.Object)
	if !ok {
		return nil, fmt.Errorf("policies: %s is undefined", tablesFile)
	}
	named := map[string]any{}
	all.Foreach(func(k, v *ast.Term) { named[string(k.Value.(ast.String))] = v.Value })
	data["infohus"] = map[string]any{"tables": named}
	return rest, nil
}

// objectOf is data as the rules read it.
func objectOf(data map[string]any) (ast.Object, error) {
	v, err := ast.InterfaceToValue(data)
	if err != nil {
		return nil, fmt.Errorf("policies: the data document: %w", err)
	}
	return v.(ast.Object), nil
}

// asIs takes an outcome as the rules left it: a set stays a set.
func asIs(t *ast.Term, _ *rego.EvalContext) (any, error) { return t.Value, nil }
