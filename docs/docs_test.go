// Package docs holds the documents to the code, and the code to the documents.
//
// These tests read the source in this process rather than asking "go list",
// because go test knows which files a test has read but not which a child
// process has: a test that asks a child stays "ok (cached)" after the code
// beneath it has changed.
package docs

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/infohus/infohus/"

var update = flag.Bool("update", false, "write the rendered documents instead of comparing them")

// row is a line of the table of floors.
type row struct {
	floor           int
	inside, outside []string
}

// floors reads the table out of architecture.md.
func floors(t *testing.T) map[string]row {
	t.Helper()
	text, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	table := map[string]row{}
	for line := range strings.Lines(string(text)) {
		c := strings.Split(line, "|")
		if len(c) != 7 {
			continue
		}
		floor, err := strconv.Atoi(strings.TrimSpace(c[1]))
		if err != nil {
			continue
		}
		pkg := strings.TrimSpace(c[2])
		if _, twice := table[pkg]; twice {
			t.Errorf("%s is in the table twice", pkg)
		}
		table[pkg] = row{floor, strings.Fields(c[3]), strings.Fields(c[4])}
	}
	if len(table) == 0 {
		t.Fatal("architecture.md has no table of floors")
	}
	return table
}

// source is one Go file that is no test.
type source struct {
	name, pkg string // file and folder, from the top of the repository
	ast       *ast.File
}

// sources parses every Go file of the repository that is no test.
func sources(t *testing.T, fset *token.FileSet) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); n != ".." && strings.HasPrefix(n, ".") || n == "testdata" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(fset, file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		name, err := filepath.Rel("..", file)
		all = append(all, source{filepath.ToSlash(name), filepath.ToSlash(filepath.Dir(name)), f})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestFloors checks that every package is in the table of architecture.md, and
// imports only what its row allows.
func TestFloors(t *testing.T) {
	table := floors(t)
	seen := map[string]bool{}
	for _, f := range sources(t, token.NewFileSet()) {
		r, ok := table[f.pkg]
		if !ok && !seen[f.pkg] {
			t.Errorf("%s is not in the table: what is it for, and which floor is it on?", f.pkg)
		}
		seen[f.pkg] = true
		if ok {
			checkImports(t, f, r)
		}
	}
	for pkg, r := range table {
		if !seen[pkg] {
			t.Errorf("%s is in the table but not in the code", pkg)
		}
		for _, in := range r.inside {
			if below, ok := table[in]; !ok {
				t.Errorf("%s may import %s, which is not in the table", pkg, in)
			} else if below.floor >= r.floor {
				t.Errorf("%s is on floor %d and may not rest on %s, on floor %d", pkg, r.floor, in, below.floor)
			}
		}
	}
}

func checkImports(t *testing.T, f source, r row) {
	t.Helper()
	for _, spec := range f.ast.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		in, ours := strings.CutPrefix(imp, module)
		first, _, _ := strings.Cut(imp, "/")
		switch {
		case ours && !slices.Contains(r.inside, in):
			t.Errorf("%s: %s must not import %s", f.name, f.pkg, in)
		case !ours && strings.Contains(first, ".") && !slices.ContainsFunc(r.outside, func(o string) bool { return strings.HasPrefix(imp, o) }):
			t.Errorf("%s: %s must not import %s", f.name, f.pkg, imp)
		}
	}
}

// TestServicesAreStrangers checks that no service imports another, whatever
// the table says.
func TestServicesAreStrangers(t *testing.T) {
	for _, f := range sources(t, token.NewFileSet()) {
		if !strings.HasPrefix(f.pkg, "services/") || f.pkg == "services/infohus" {
			continue
		}
		for _, spec := range f.ast.Imports {
			if imp, _ := strconv.Unquote(spec.Path.Value); strings.HasPrefix(imp, module+"services/") {
				t.Errorf("%s: a service imports %s; services tell each other facts (pkg/event)", f.name, imp)
			}
		}
	}
}

// TestSaysWhatItIs checks that every package has a comment, and every exported
// name too.
func TestSaysWhatItIs(t *testing.T) {
	said, files := map[string]bool{}, sources(t, token.NewFileSet())
	for _, f := range files {
		said[f.pkg] = said[f.pkg] || f.ast.Doc != nil
	}
	for pkg, ok := range said {
		if !ok {
			t.Errorf("%s has no package comment", pkg)
		}
	}
	for _, f := range files {
		for _, d := range f.ast.Decls {
			for _, name := range undocumented(d) {
				t.Errorf("%s: %s has no comment", f.name, name)
			}
		}
	}
}

// undocumented lists the exported names of a declaration that no comment is
// about. A comment over a group is about all of it.
func undocumented(d ast.Decl) []string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && receiverExported(d) && !plain(d.Name.Name) {
			return []string{d.Name.Name}
		}
	case *ast.GenDecl:
		if d.Doc != nil {
			return nil
		}
		var names []string
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && s.Doc == nil && s.Comment == nil {
					names = append(names, s.Name.Name)
				}
			case *ast.ValueSpec:
				if s.Names[0].IsExported() && s.Doc == nil && s.Comment == nil {
					names = append(names, s.Names[0].Name)
				}
			}
		}
		return names
	}
	return nil
}

// plain names mean the same everywhere.
func plain(name string) bool {
	return slices.Contains([]string{"Error", "Unwrap", "String", "Key", "Len", "Less", "Swap", "Question"}, name)
}

func receiverExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}
