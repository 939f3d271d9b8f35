package pdf

import (
	"fmt"
	"strings"
)

// elem is an element of what is read: its role, and the elements in it or the marks on the sheets that are its text.
type elem struct {
	role  string
	kids  []*elem
	marks []mark
	at    ref
}

// mark is a part of a sheet: the number of the sheet, and its own there.
type mark struct{ sheet, id int }

func (e *elem) add(role string) *elem {
	kid := &elem{role: role}
	e.kids = append(e.kids, kid)
	return kid
}

// tree writes what is read, in its order; and for each sheet, what its marks belong to.
func (l *layout) tree(f *file, root ref, sheets []ref) {
	l.root.number(f)
	l.root.write(f, root, sheets)
	var of strings.Builder
	for i, s := range l.sheets {
		fmt.Fprintf(&of, "%d[", i)
		for j, e := range s.marks {
			if j > 0 {
				of.WriteByte(' ')
			}
			of.WriteString(e.at.String())
		}
		of.WriteString("]")
	}
	f.object(root, fmt.Sprintf("<</Type/StructTreeRoot/K %s/ParentTree<</Nums[%s]>>/ParentTreeNextKey %d>>", l.root.at, of.String(), len(l.sheets)))
}

func (e *elem) number(f *file) {
	e.at = f.reserve()
	for _, kid := range e.kids {
		kid.number(f)
	}
}

func (e *elem) write(f *file, parent ref, sheets []ref) {
	var b strings.Builder
	fmt.Fprintf(&b, "<</Type/StructElem/S/%s/P %s", e.role, parent)
	if e.role == "TH" {
		b.WriteString("/A<</O/Table/Scope/Column>>")
	}
	if len(e.marks) > 0 {
		fmt.Fprintf(&b, "/Pg %s", sheets[e.marks[0].sheet])
	}
	b.WriteString("/K[")
	for i, kid := range e.kids {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(kid.at.String())
	}
	for i, m := range e.marks {
		if i > 0 {
			b.WriteByte(' ')
		}
		if m.sheet == e.marks[0].sheet {
			fmt.Fprintf(&b, "%d", m.id)
		} else {
			fmt.Fprintf(&b, "<</Type/MCR/Pg %s/MCID %d>>", sheets[m.sheet], m.id)
		}
	}
	f.object(e.at, b.String()+"]>>")
	for _, kid := range e.kids {
		kid.write(f, e.at, sheets)
	}
}
