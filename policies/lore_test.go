//go:build !race

package policies

import (
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/infohus/infohus/pkg/hub"
)

// Only what depends on its arguments alone may hold for the next question too.
func TestOnlyTheLawIsRecalled(t *testing.T) {
	l := engine(t).now.Load().lore
	for name, pure := range l.pure {
		if pure != (name == "law") {
			t.Errorf("the package %s is recalled: %v", name, pure)
		}
	}
	for text, want := range map[string]bool{
		"package infohus.x\n\nf(a) := a":                                       true,
		"package infohus.x\n\nf(a) := a if data.roles[a]":                      true,
		"package infohus.x\n\nf(a) := a if input.recused":                      false,
		"package infohus.x\n\nf(a) := input":                                   false,
		"package infohus.x\n\nimport data.infohus.view\n\nf(a) := view.fields": false,
		"package infohus.x\n\nf(a) := data.infohus.view[a]":                    false,
		"package infohus.x\n\nimport input.role\n\nf(a) := a if role == a":     false,
	} {
		if got := timeless(ast.MustParseModule(text)); got != want {
			t.Errorf("%q is timeless: %v", text, got)
		}
	}
}

// What one question found out before it failed is not recalled for the next.
func TestAContradictionIsNotRecalled(t *testing.T) {
	law := code(t, nil)["law/law.rego"] + "\ntwo(x) := 1 if x\n\ntwo(x) := 2 if x\n"
	next, err := compile(code(t, map[string]string{"law/law.rego": law, "view/view.rego": `package infohus.view

import data.infohus.law

answer := {"allow": true, "fields": ["name"], "reasons": ["own"], "obligations": []} if law.two(input.author == false) < 3`}), document, questions)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if a, err := next.eval(t.Context(), own); hub.CodeOf(err) != hub.CodeUnavailable {
			t.Fatalf("%+v, %v", a, err)
		}
	}
	for name := range next.lore.known {
		if strings.Contains(name, "two") {
			t.Errorf("%q is recalled", name)
		}
	}
}

// The memory of one question: the last that was noted, nothing of another frame,
// and what holds for every question only outside of frames.
func TestNotes(t *testing.T) {
	l := engine(t).now.Load().lore
	at := func(s string) ast.Ref { return ast.MustParseRef(s) }
	call := func(args ...string) ast.Ref {
		r := ast.Ref{ast.NewTerm(at("data.infohus.law.content"))}
		for _, a := range args {
			r = append(r, ast.StringTerm(a))
		}
		return r
	}
	n := l.begin()
	n.Put(at("data.infohus.view.known"), nil)
	n.Put(at("data.infohus.view.fields"), ast.StringTerm("a"))
	n.Put(call("x", "y"), ast.StringTerm("b"))
	if v, undefined := n.Get(at("data.infohus.view.known")); v != nil || !undefined {
		t.Error("what is undefined is not noted so")
	}
	n.Push()
	if v, undefined := n.Get(at("data.infohus.view.fields")); v != nil || undefined {
		t.Error("a frame sees what was before it")
	}
	n.Put(call("z"), ast.StringTerm("c"))
	n.Pop()
	if v, _ := n.Get(call("z")); v != nil {
		t.Error("a frame's notes outlive it")
	}
	if v, _ := n.Get(at("data.infohus.view.fields")); v == nil || len(n.Keys()) != 2 {
		t.Errorf("%v, %v", v, n.Keys())
	}
	n.end(true)
	n = l.begin()
	if v, _ := n.Get(call("x", "y")); v == nil || v.Value != ast.String("b") {
		t.Errorf("the law's outcome is %v", v)
	}
	for _, other := range []ast.Ref{call("xy"), call("x", "y", ""), call("x"), call("z"), at("data.infohus.view.fields"), at("data.infohus.view.known")} {
		if v, undefined := n.Get(other); v != nil || undefined {
			t.Errorf("%v is %v for the next question", other, v)
		}
	}
	n.end(false)
	for i := range recalled {
		l.keep(strings.Repeat("x", 1+i%7)+string(rune('0'+i)), ast.StringTerm("d"))
	}
	if len(l.known) > recalled {
		t.Errorf("%d are recalled", len(l.known))
	}
}
