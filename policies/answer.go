package policies

import (
	"errors"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// answer takes a rule's outcome apart. It must be an object of exactly allow,
// fields, reasons and obligations, of the right types, and make sense: known
// codes only, never without a reason, and nothing opened by a no.
func (e *edition) answer(v any) (Answer, error) {
	o, ok := v.(ast.Object)
	if !ok || o.Len() != 4 {
		return Answer{}, fmt.Errorf("the answer is %T, not allow, fields, reasons and obligations", v)
	}
	allow, ok := part(o, "allow").(ast.Boolean)
	if !ok {
		return Answer{}, errors.New("allow is not a boolean")
	}
	a := Answer{Allow: bool(allow)}
	for _, p := range []struct {
		name string
		to   *[]string
	}{{"fields", &a.Fields}, {"reasons", &a.Reasons}, {"obligations", &a.Obligations}} {
		if *p.to, ok = texts(part(o, p.name)); !ok {
			return Answer{}, fmt.Errorf("%s is not a list of texts", p.name)
		}
	}
	if len(a.Reasons) == 0 {
		return Answer{}, errors.New("an answer without a reason")
	}
	if !a.Allow && len(a.Fields)+len(a.Obligations) > 0 {
		return Answer{}, errors.New("a no that opens something")
	}
	for _, codes := range [][]string{a.Reasons, a.Obligations} {
		for _, code := range codes {
			if !e.codes[code] {
				return Answer{}, fmt.Errorf("the code %q is not in the data document", code)
			}
		}
	}
	return a, nil
}

// part is one part of an answer, nil if it is not there.
func part(o ast.Object, name string) ast.Value {
	if t := o.Get(ast.InternedTerm(name)); t != nil {
		return t.Value
	}
	return nil
}

// texts gives a set or an array of texts, sorted, each once; false for anything else.
func texts(v ast.Value) ([]string, bool) {
	all, ok := v.(interface { // ast.Set and *ast.Array
		Len() int
		Foreach(func(*ast.Term))
	})
	if !ok {
		return nil, false
	}
	list := make([]string, 0, all.Len())
	all.Foreach(func(t *ast.Term) {
		s, is := t.Value.(ast.String)
		ok, list = ok && is, append(list, string(s))
	})
	slices.Sort(list)
	return slices.Compact(list), ok
}
