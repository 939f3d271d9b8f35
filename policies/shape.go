package policies

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/open-policy-agent/opa/v1/ast"
)

// attribute is one field of a question struct.
type attribute struct {
	name  string // its JSON name
	key   *ast.Term
	index int
	kind  reflect.Kind // String or Bool
}

// shapeOf reads the attributes of a question struct: strings and booleans with
// a JSON name each, which is what makes a question small, comparable and
// typed. Anything else is an error.
func shapeOf(q Question) ([]attribute, error) {
	t := reflect.TypeOf(q)
	var shape []attribute
	for i := range t.NumField() {
		f := t.Field(i)
		k := f.Type.Kind()
		name := f.Tag.Get("json")
		if name == "" || (k != reflect.String && k != reflect.Bool) {
			return nil, fmt.Errorf("policies: %s.%s: an attribute is a string or a boolean with a json name", t, f.Name)
		}
		shape = append(shape, attribute{name, ast.StringTerm(name), i, k})
	}
	return shape, nil
}

// schema is the JSON schema of the question as the rules' input. An attribute
// that is not in it does not compile in Rego.
func schema(shape []attribute) any {
	properties := map[string]any{}
	required := []any{}
	for _, a := range shape {
		kind := "string"
		if a.kind == reflect.Bool {
			kind = "boolean"
		}
		properties[a.name] = map[string]any{"type": kind}
		required = append(required, a.name)
	}
	return map[string]any{
		"$schema": "http://json-schema.org/draft-07/schema", "type": "object",
		"properties": properties, "required": required, "additionalProperties": false,
	}
}

// value gives the question to the rules without a detour over JSON text.
func value(shape []attribute, q Question) ast.Value {
	v := reflect.ValueOf(q)
	pairs := make([][2]*ast.Term, len(shape))
	for i, a := range shape {
		term := ast.InternedTerm(false)
		if a.kind == reflect.String {
			term = ast.StringTerm(v.Field(a.index).String())
		} else {
			term = ast.InternedTerm(v.Field(a.index).Bool())
		}
		pairs[i] = [2]*ast.Term{a.key, term}
	}
	return ast.NewObject(pairs...)
}

// decode reads JSON into a new question of the same type as q.
func decode(q Question, input []byte) (Question, error) {
	p := reflect.New(reflect.TypeOf(q))
	d := json.NewDecoder(bytes.NewReader(input))
	d.DisallowUnknownFields()
	if err := d.Decode(p.Interface()); err != nil {
		return nil, fmt.Errorf("policies: %s: %w", q.Question(), err)
	}
	return p.Elem().Interface().(Question), nil
}
