package docs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/event"
)

// TestEvents checks that events.md is what the event table says. After a
// change of the table: go test ./docs -update
func TestEvents(t *testing.T) {
	matches(t, "events.md", renderEvents(t))
}

func renderEvents(t *testing.T) string {
	t.Helper()
	notes := fieldNotes(t)
	var b strings.Builder
	b.WriteString(`# What the rooms tell one another

Rendered from ` + "`pkg/event/event.go`" + `; change it there, then ` + "`go test ./docs -update`" + `.

A fact is in the past tense. It carries references, codes, states and times, never personal data, and travels as a CloudEvents 1.0 envelope on the NATS
subject that is its type. The owner alone may tell it; the audience alone is told. Order is promised per key (the field in bold) and per listener.

| fact | owner | told to | marking |
|--|--|--|--|
`)
	for _, k := range event.Table {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s | %s |\n", k.Type, strings.ReplaceAll(k.Type, ".", ""), k.Owner, strings.Join(k.Audience, ", "), k.Marking)
	}
	for _, k := range event.Table {
		typ := reflect.TypeOf(k.Zero)
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| field | type | |\n|--|--|--|\n", k.Type, k.About)
		for i := range typ.NumField() {
			f := typ.Field(i)
			name := "`" + strings.Split(f.Tag.Get("json"), ",")[0] + "`"
			if i == keyField(t, k) {
				name = "**" + name + "**"
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", name, f.Type, notes[typ.Name()+"."+f.Name])
		}
	}
	return b.String()
}

// keyField finds which field is the key, by trying each.
func keyField(t *testing.T, k event.Kind) int {
	t.Helper()
	typ := reflect.TypeOf(k.Zero)
	for i := range typ.NumField() {
		v := reflect.New(typ).Elem()
		if v.Field(i).Kind() != reflect.String {
			continue
		}
		v.Field(i).SetString("x")
		if v.Interface().(event.Fact).Key() == "x" {
			return i
		}
	}
	t.Fatalf("%s has no key", k.Type)
	return -1
}

// fieldNotes reads the comments at the fields of the facts.
func fieldNotes(t *testing.T) map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../pkg/event/event.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	notes := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, field := range s.Fields.List {
				for _, name := range field.Names {
					notes[spec.Name.Name+"."+name.Name] = strings.TrimSpace(field.Comment.Text())
				}
			}
		}
		return false
	})
	return notes
}
