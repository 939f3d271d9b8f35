package docs

import (
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"
)

// keepers says which package alone may use a name.
var keepers = map[string]struct{ pkg, why string }{
	"func " + module + "pkg/hub.NewReceipt":       {"pkg/pg", "a receipt is what a committed record gives"},
	"func (" + module + "pkg/hub.Personal).Bytes": {"pkg/vault", "everybody else must Reveal, which is counted"},
}

// TestKeepers checks that only pkg/pg makes receipts, and only pkg/vault takes
// the bytes of a personal text. It asks the type checker, so that neither a
// method value nor another name for an import hides a use.
func TestKeepers(t *testing.T) {
	for _, u := range uses(t) {
		if k, ok := keepers[u.name]; ok && u.pkg != k.pkg {
			t.Errorf("%s uses %s, which is for %s only: %s", u.at, strings.TrimPrefix(u.name, "func "), k.pkg, k.why)
		}
	}
}

type use struct{ name, pkg, at string }

// uses lists each use of a kept name. Packages from outside are not looked
// into: what cannot be typed for want of them is passed over, and no text of a
// person comes out of them.
func uses(t *testing.T) []use {
	fset := token.NewFileSet()
	c := checker{files: map[string][]*ast.File{}, done: map[string]*types.Package{}, fset: fset, std: importer.ForCompiler(fset, "source", nil),
		info: types.Info{Uses: map[*ast.Ident]types.Object{}}}
	for _, f := range sources(t, fset) {
		c.files[module+f.pkg] = append(c.files[module+f.pkg], f.ast)
	}
	for path := range c.files {
		c.Import(path)
	}
	var found []use
	for id, obj := range c.info.Uses {
		f, ok := obj.(*types.Func)
		if !ok {
			continue
		}
		name := "func " + f.FullName()
		if _, kept := keepers[name]; kept {
			at := fset.Position(id.Pos())
			found = append(found, use{name, folder(at.Filename), strings.TrimPrefix(at.String(), "../")})
		}
	}
	if len(found) == 0 {
		t.Fatal("found no use at all: this test has gone blind")
	}
	return found
}

func folder(file string) string {
	file = strings.TrimPrefix(file, "../")
	return file[:strings.LastIndex(file, "/")]
}

// checker types our packages from their source, each once.
type checker struct {
	fset  *token.FileSet
	files map[string][]*ast.File
	done  map[string]*types.Package
	std   types.Importer
	info  types.Info
}

// carriers are the packages of the standard library whose generic functions
// and types can hand on a value of ours without changing its type.
var carriers = []string{"cmp", "iter", "maps", "slices", "sync", "sync/atomic"}

// Import gives a package: ours and the carriers typed from source, any other
// an empty one.
func (c *checker) Import(path string) (*types.Package, error) {
	if p, ok := c.done[path]; ok {
		return p, nil
	}
	files, ours := c.files[path]
	if !ours {
		p := types.NewPackage(path, path[strings.LastIndex(path, "/")+1:])
		if slices.Contains(carriers, path) {
			if std, err := c.std.Import(path); err == nil {
				p = std
			}
		}
		p.MarkComplete()
		c.done[path] = p
		return p, nil
	}
	conf := types.Config{Importer: c, Error: func(error) {}, FakeImportC: true}
	p, _ := conf.Check(path, c.fset, files, &c.info)
	c.done[path] = p
	return p, nil
}
