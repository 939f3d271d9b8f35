//go:build !race

package policies

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/infohus/infohus/pkg/hub"
)

// mutant is one change to the rules, or to the law as data.
type mutant struct {
	where  string   // "view/view.rego opened", "data.json view.receiver"
	what   string   // "`known` → `true`"
	path   []string // of what was changed in the data
	word   string   // what was taken out there, or added
	file   string   // of the rule that was changed; empty for data
	text   string   // that file as it is now
	change func(map[string]any)
}

func (m mutant) String() string { return m.where + ": " + m.what }

// of is what was changed: the rules, or the data.
func (m mutant) of() string {
	if m.file == "" {
		return "data"
	}
	return "rules"
}

// parts gives the rules and the data with the change.
func (m mutant) parts(code map[string]string) (map[string]string, []byte, error) {
	if m.file != "" {
		changed := maps.Clone(code)
		changed[m.file] = m.text
		return changed, document, nil
	}
	var data map[string]any
	if err := json.Unmarshal(document, &data); err != nil {
		return nil, nil, err
	}
	m.change(data)
	changed, err := json.Marshal(data)
	return code, changed, err
}

// asks is the questions that a change can make a difference to.
func (m mutant) asks() []string {
	var all []string
	for _, q := range questions {
		all = append(all, q.Question())
	}
	question, _, _ := strings.Cut(m.file, "/")
	switch {
	case slices.Contains(all, question):
		return []string{question}
	case m.file != "":
		return all
	}
	switch m.path[0] {
	case "act", "system", "step_up":
		return []string{"act"}
	case "view":
		return []string{"view", "glass"}
	case "through":
		return []string{"view"}
	case "disclose":
		return []string{"disclose", "view", "advice"}
	case "processing":
		return []string{"register", "submit"}
	case "list":
		return []string{"list", "search"}
	case "search", "advice", "assign", "register", "submit", "trail", "recuse", "certify", "return", "glass", "extract":
		return []string{m.path[0]}
	}
	return all
}

// mutantsOfRules changes each rule in each way that is known here: a rule or an
// expression dropped; an expression negated; one text for another, or for one
// that is nothing; true for false; == for !=; one attribute of the question for
// another; one table for another; a table without its last key; an argument that
// may be anything; and nothing for what is gone through.
func mutantsOfRules(t *testing.T) []mutant {
	t.Helper()
	rules := code(t, nil)
	var all []mutant
	for _, path := range slices.Sorted(maps.Keys(rules)) {
		m, err := ast.ParseModule(path, rules[path])
		if err != nil {
			t.Fatal(err)
		}
		f := &file{t: t, path: path, text: rules[path], had: map[string]bool{}, named: map[string]int{}}
		f.survey(m)
		for _, r := range m.Rules {
			f.rule(r)
		}
		all = append(all, f.mutants...)
	}
	return all
}

// file is one file of rules, being changed.
type file struct {
	t          *testing.T
	path, text string
	name       string   // of the rule that is looked at
	texts      []string // that stand in the file
	had        map[string]bool
	named      map[string]int
	mutants    []mutant
}

// survey notes the texts of the file.
func (f *file) survey(m *ast.Module) {
	ast.WalkTerms(m, func(x *ast.Term) bool {
		if s, ok := x.Value.(ast.String); ok && f.at(x.Location) == strconv.Quote(string(s)) {
			f.texts = append(f.texts, string(s))
		}
		return false
	})
	slices.Sort(f.texts)
	f.texts = slices.Compact(f.texts)
}

// at is the text of a place, or nothing where it is not what stands there.
func (f *file) at(l *ast.Location) string {
	if l == nil || l.Offset < 0 || l.Offset+len(l.Text) > len(f.text) || f.text[l.Offset:l.Offset+len(l.Text)] != string(l.Text) {
		return ""
	}
	return strings.TrimRight(string(l.Text), " \t\n,")
}

// change makes a mutant of which the text of a place is another.
func (f *file) change(l *ast.Location, to string) {
	was := f.at(l)
	if was == "" || was == to {
		return
	}
	key := fmt.Sprint(l.Offset, " ", len(was), to)
	if f.had[key] {
		return
	}
	f.had[key] = true
	m := mutant{where: f.path + " " + f.name, what: fmt.Sprintf("`%s` → `%s`", short(was), short(to)), file: f.path, text: f.text[:l.Offset] + to + f.text[l.Offset+len(was):]}
	if f.named[m.String()]++; f.named[m.String()] > 1 {
		m.what += fmt.Sprintf(" (%d)", f.named[m.String()])
	}
	f.mutants = append(f.mutants, m)
}

// short is a text on one line, that may stand in a table.
func short(s string) string {
	s = strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", "¦")
	if len(s) > 100 {
		s = s[:100] + "…"
	}
	return s
}

func (f *file) rule(r *ast.Rule) {
	f.name = r.Head.Ref().String()
	f.change(r.Location, "")
	ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case *ast.Rule:
			for _, arg := range x.Head.Args {
				if f.at(arg.Location) == arg.String() {
					f.change(arg.Location, "_")
				}
			}
		case *ast.Expr:
			if x.Location.Offset != r.Location.Offset { // else it stands for a rule without a body
				f.expression(x)
			}
		case *ast.Term:
			f.term(x)
		}
		return false
	}).Walk(r)
}

func (f *file) expression(x *ast.Expr) {
	text := f.at(x.Location)
	if some, ok := x.Terms.(*ast.SomeDecl); ok {
		if call, ok := some.Symbols[0].Value.(ast.Call); ok {
			f.change(call[len(call)-1].Location, map[int]string{3: "[]", 4: "{}"}[len(call)])
		}
		return
	}
	f.change(x.Location, "true")
	switch {
	case strings.HasPrefix(text, "not "):
		f.change(x.Location, strings.TrimPrefix(text, "not "))
	case !strings.Contains(text, ":="):
		f.change(x.Location, "not "+text)
	}
	for _, op := range [][2]string{{" == ", " != "}, {" != ", " == "}, {" > ", " >= "}, {" | ", " & "}, {" & ", " | "}, {" - ", " | "}} {
		if strings.Count(text, op[0]) == 1 {
			f.change(x.Location, strings.Replace(text, op[0], op[1], 1))
		}
	}
}

func (f *file) term(x *ast.Term) {
	text := f.at(x.Location)
	switch v := x.Value.(type) {
	case ast.String:
		if i := slices.Index(f.texts, string(v)); i >= 0 && text == strconv.Quote(string(v)) && !slices.Contains([]string{"allow", "fields", "reasons", "obligations"}, string(v)) {
			f.change(x.Location, strconv.Quote(f.texts[(i+1)%len(f.texts)]))
			f.change(x.Location, `"nothing"`)
		}
	case ast.Boolean:
		if text == x.String() {
			f.change(x.Location, strconv.FormatBool(text == "false"))
		}
	case ast.Number:
		if text == "0" {
			f.change(x.Location, "1")
		}
	case ast.Ref:
		if text == x.String() {
			f.ref(x.Location, text, v)
		}
	}
}

func (f *file) ref(l *ast.Location, text string, ref ast.Ref) {
	question, _, _ := strings.Cut(f.path, "/")
	switch root := ref[0].String(); {
	case root == "input" && len(ref) == 2:
		for _, q := range questions {
			if q.Question() != question {
				continue
			}
			shape, _ := shapeOf(q)
			i := slices.IndexFunc(shape, func(a attribute) bool { return "input."+a.name == text })
			alike := slices.DeleteFunc(slices.Clone(shape), func(a attribute) bool { return i >= 0 && a.kind != shape[i].kind })
			i = slices.IndexFunc(alike, func(a attribute) bool { return "input."+a.name == text })
			for _, by := range []int{1, 2} {
				if i >= 0 {
					f.change(l, "input."+alike[(i+by)%len(alike)].name)
				}
			}
		}
	case root == "data" && !strings.HasPrefix(text, "data.infohus"):
		tables := []string{"act", "advice", "assign", "bases", "certify", "classes", "disclose", "extract", "glass", "items", "kinds", "list", "processing", "purposes", "recuse", "register", "return", "roles", "search", "senders", "states", "submit", "system", "trail", "view"}
		name := strings.Trim(ref[1].String(), `"`)
		if i := slices.Index(tables, name); i >= 0 {
			f.change(l, "data."+tables[(i+1)%len(tables)]+strings.TrimPrefix(text, "data."+name))
		}
		if last := ref[len(ref)-1]; len(ref) > 2 {
			if _, constant := last.Value.(ast.String); constant {
				f.change(l, strings.TrimSuffix(text, "."+strings.Trim(last.String(), `"`)))
			} else {
				f.change(l, strings.TrimSuffix(text, "["+last.String()+"]"))
			}
		}
	}
}

// mutantsOfData changes every entry of the law that decides something: it is
// taken out; and every table and list gets one entry more.
func mutantsOfData(t *testing.T) []mutant {
	t.Helper()
	var data map[string]any
	if err := json.Unmarshal(document, &data); err != nil {
		t.Fatal(err)
	}
	w := &lawbook{data: data}
	for _, name := range slices.Sorted(maps.Keys(data)) {
		if !slices.Contains([]string{"about", "reasons", "obligations", "duties"}, name) {
			w.walk([]string{name}, data[name])
		}
	}
	return w.mutants
}

// lawbook is the law as data, being changed.
type lawbook struct {
	data    map[string]any
	mutants []mutant
}

// set makes a mutant in which the value at a path is what is made of it.
func (w *lawbook) set(path []string, what string, change func(any) any) {
	path = slices.Clone(path)
	w.mutants = append(w.mutants, mutant{where: "data.json " + strings.Join(path, "."), what: what, path: path, change: func(data map[string]any) {
		at := data
		for _, key := range path[:len(path)-1] {
			at = at[key].(map[string]any)
		}
		last := path[len(path)-1]
		at[last] = change(at[last])
	}})
}

// others is every other name that could stand beside these.
func (w *lawbook) others(path, list []string) []string {
	var fields []string
	for _, c := range w.data["classes"].(map[string]any) {
		for _, f := range c.(map[string]any)["fields"].([]any) {
			fields = append(fields, f.(string))
		}
	}
	known := [][]string{allStates, names(hub.AuthorityKinds), names(allRoles), allItems, names(purposesKnown), names(knownBases), slices.Sorted(maps.Keys(w.data["classes"].(map[string]any))),
		{"from_municipality", "from_police", "from_partner", "invited", "assigned", "author", "own"}}
	if path[0] == "view" { // an edition of a class has fields that the class has too
		known = [][]string{allClasses}
	}
	if path[0] == "classes" {
		known = [][]string{allItems, slices.Sorted(slices.Values(fields))}
	}
	for _, of := range known {
		if len(list) > 0 && !slices.ContainsFunc(list, func(s string) bool { return !slices.Contains(of, s) }) {
			return slices.DeleteFunc(slices.Clone(of), func(s string) bool { return slices.Contains(list, s) })
		}
	}
	return nil
}

func (w *lawbook) walk(path []string, v any) {
	turn := len(w.mutants)
	switch v := v.(type) {
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		whole := len(keys) > 0 && !slices.ContainsFunc(keys, func(k string) bool { return v[k] != any(true) })
		for _, key := range keys {
			if slices.Contains([]string{"source", "from", "until", "read", "note"}, key) {
				continue
			}
			if path[0] == "classes" && key == "items" {
				continue // which no rule reads
			}
			w.set(path, fmt.Sprintf("without `%s`", key), func(v any) any { delete(v.(map[string]any), key); return v })
			w.mutants[len(w.mutants)-1].word = key
			if !whole { // else nothing is below
				w.walk(append(slices.Clone(path), key), v[key])
			}
		}
		if more := w.others(path, keys); whole && len(more) > 0 {
			one := more[turn%len(more)]
			w.set(path, fmt.Sprintf("with `%s`", one), func(v any) any { v.(map[string]any)[one] = true; return v })
			w.mutants[len(w.mutants)-1].word = one
		}
	case []any:
		var list []string
		for i, x := range v {
			list = append(list, x.(string))
			w.set(path, fmt.Sprintf("without `%s`", x), func(v any) any { return slices.Delete(v.([]any), i, i+1) })
		}
		if more := w.others(path, list); len(more) > 0 {
			one := more[turn%len(more)]
			w.set(path, fmt.Sprintf("with `%s`", one), func(v any) any { return append(v.([]any), one) })
			w.mutants[len(w.mutants)-1].word = one
		}
	case string:
		if more := w.others(path, []string{v}); len(more) > 0 {
			one := more[turn%len(more)]
			w.set(path, fmt.Sprintf("`%s` → `%s`", v, one), func(any) any { return one })
			w.mutants[len(w.mutants)-1].word = one
		}
	case bool:
		w.set(path, fmt.Sprintf("`%v` → `%v`", v, !v), func(any) any { return !v })
	}
}

// nearness is how many of the words of a path a question has.
func nearness(q Question, path []string) int {
	v, n := reflect.ValueOf(q), 0
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.String && slices.Contains(path, f.String()) {
			n++
		}
	}
	return n
}
