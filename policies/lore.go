package policies

import (
	"slices"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// lore is what holds of the law whatever is asked: the document, and what the
// packages that know no question answer to the same arguments (is this role to be
// had at this kind of authority, does this basis carry to that one). OPA forgets
// both after each question, and spends most of its time on finding them again.
type lore struct {
	data ast.Object
	pure map[string]bool // packages without input

	mu    sync.RWMutex
	known map[string]*ast.Term
}

// recalled is how many outcomes are kept before all are forgotten.
const recalled = 1 << 14

func newLore(data ast.Object, c *ast.Compiler) *lore {
	l := &lore{data: data, pure: map[string]bool{}, known: map[string]*ast.Term{}}
	for _, m := range c.Modules {
		l.pure[packageOf(m.Package.Path)] = timeless(m)
	}
	return l
}

// packageOf is the x of data.infohus.x and whatever is in it.
func packageOf(r ast.Ref) string {
	if len(r) < 3 || !r[0].Equal(ast.DefaultRootDocument) || !r[1].Equal(ast.InternedTerm("infohus")) {
		return ""
	}
	name, _ := r[2].Value.(ast.String)
	return string(name)
}

// timeless reports whether a package names neither input nor another package, so
// that what its functions give depends on nothing but their arguments.
func timeless(m *ast.Module) bool {
	own, alone := packageOf(m.Package.Path), true
	ast.WalkRefs(m, func(r ast.Ref) bool {
		other := packageOf(r)
		alone = alone && !r[0].Equal(ast.InputRootDocument) && (other == "" || other == own)
		return !alone
	})
	ast.WalkVars(m, func(v ast.Var) bool {
		alone = alone && v != ast.InputRootDocument.Value.(ast.Var)
		return !alone
	})
	return alone
}

// Get reads the document, for OPA's cache of it.
func (l *lore) Get(ref ast.Ref) ast.Value {
	v, err := l.data.Find(ref[1:])
	if err != nil {
		return nil
	}
	return v
}

// Put is for what was read elsewhere: there is nothing else.
func (l *lore) Put(ast.Ref, ast.Value) {}

// name is how an outcome is kept: function and arguments; nothing where the
// function is of a package that is not pure, or an argument is no scalar.
func (l *lore) name(call ast.Ref, to []byte) []byte {
	f, ok := call[0].Value.(ast.Ref)
	if !ok || len(f) != 4 || !l.pure[packageOf(f)] {
		return nil
	}
	to = append(append(to, string(f[2].Value.(ast.String))...), '.')
	to = append(to, string(f[3].Value.(ast.String))...)
	for _, t := range call[1:] {
		switch v := t.Value.(type) {
		case ast.String:
			to = append(append(append(to, 0, 's'), string(v)...), 0) // no NUL is in a question
		case ast.Boolean:
			to = append(to, 0, 'f')
			if v {
				to[len(to)-1] = 't'
			}
		default:
			return nil
		}
	}
	return to
}

func (l *lore) recall(name []byte) *ast.Term {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.known[string(name)]
}

func (l *lore) keep(name string, outcome *ast.Term) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.known) >= recalled {
		clear(l.known)
	}
	l.known[name] = outcome
}

// notes is OPA's memory while it answers one question: a short list, where OPA's
// own is a tree of maps that costs more to make than to use.
type notes struct {
	lore  *lore
	lines []jotting
	marks []int // where each frame of with began: it sees nothing from before
}

type jotting struct {
	ref   ast.Ref
	value *ast.Term // nil where ref is undefined
	name  string    // under which it is kept for other questions; empty if it is not
}

var notebooks = sync.Pool{New: func() any { return new(notes) }}

// begin gives an empty notebook.
func (l *lore) begin() *notes {
	n := notebooks.Get().(*notes)
	n.lore = l
	return n
}

// end keeps what is worth it, if the question was answered: what stands in the notes
// of one that failed may be half of a contradiction.
func (n *notes) end(answered bool) {
	for _, l := range n.lines {
		if answered && l.name != "" {
			n.lore.keep(l.name, l.value)
		}
	}
	clear(n.lines)
	*n = notes{lines: n.lines[:0], marks: n.marks[:0]}
	notebooks.Put(n)
}

func (n *notes) start() int {
	if len(n.marks) == 0 {
		return 0
	}
	return n.marks[len(n.marks)-1]
}

// Get is topdown.VirtualCache's.
func (n *notes) Get(ref ast.Ref) (*ast.Term, bool) {
	for i := len(n.lines) - 1; i >= n.start(); i-- {
		if same(n.lines[i].ref, ref) {
			return n.lines[i].value, n.lines[i].value == nil
		}
	}
	if len(n.marks) == 0 {
		var room [256]byte
		if name := n.lore.name(ref, room[:0]); name != nil {
			return n.lore.recall(name), false
		}
	}
	return nil, false
}

// same compares from the end, where references differ.
func same(a, z ast.Ref) bool {
	if len(a) != len(z) {
		return false
	}
	for i := len(a) - 1; i >= 0; i-- {
		if a[i] != z[i] && !a[i].Equal(z[i]) {
			return false
		}
	}
	return true
}

// Put is topdown.VirtualCache's.
func (n *notes) Put(ref ast.Ref, value *ast.Term) {
	l := jotting{ref: slices.Clone(ref), value: value}
	if len(n.marks) == 0 && value != nil {
		var room [256]byte
		l.name = string(n.lore.name(ref, room[:0]))
	}
	n.lines = append(n.lines, l)
}

// Push is topdown.VirtualCache's: a frame in which other things hold.
func (n *notes) Push() { n.marks = append(n.marks, len(n.lines)) }

// Pop is topdown.VirtualCache's.
func (n *notes) Pop() {
	n.lines, n.marks = n.lines[:n.start()], n.marks[:len(n.marks)-1]
}

// Keys is topdown.VirtualCache's.
func (n *notes) Keys() []ast.Ref {
	var all []ast.Ref
	for _, l := range n.lines[n.start():] {
		if l.value != nil {
			all = append(all, l.ref)
		}
	}
	return all
}

var (
	_ topdown.VirtualCache = (*notes)(nil)
	_ topdown.BaseCache    = (*lore)(nil)
)
