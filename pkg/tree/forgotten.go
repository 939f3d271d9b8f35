package tree

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// A row of the trail is forgotten at the end of its retention (trust.md P3): it goes, with
// its salt, and its entry stays, which tells nothing without them. That it was is said by a
// row of the trail itself, a later leaf: so nobody can say it afterwards of a row that was
// only taken out, without its standing in the log that they did, and when.

// What a row has that says it.
const (
	ForgetAct  = "erase"
	ForgetKind = "leaves" // of its object; its fields are the leaves: "12", or "12-40" for the first and the last of some
)

// Leaves are those from one to another.
type Leaves struct{ First, Last int64 }

// Forgets gives the leaves of which a row says that their rows were forgotten; none where it
// says nothing of the kind, or in another way.
func Forgets(r Row) []Leaves {
	if len(r.Values) != len(Columns) || r.Values[actColumn] != ForgetAct || r.Values[outcomeColumn] != "allow" || r.Values[kindColumn] != ForgetKind {
		return nil
	}
	fields, _ := r.Values[fieldsColumn].([]string)
	return parseLeaves(fields)
}

// parseLeaves reads leaves in their order, each once; none where one cannot be read.
func parseLeaves(fields []string) (all []Leaves) {
	next := int64(0)
	for _, f := range fields {
		first, last, some := strings.Cut(f, "-")
		if !some {
			last = first
		}
		a, err1 := strconv.ParseInt(first, 10, 64)
		b, err2 := strconv.ParseInt(last, 10, 64)
		l := Leaves{a, b}
		if err1 != nil || err2 != nil || a < next || b < a || l.String() != f {
			return nil
		}
		all, next = append(all, l), b+1
	}
	return all
}

func (l Leaves) String() string {
	if l.First == l.Last {
		return strconv.FormatInt(l.First, 10)
	}
	return fmt.Sprintf("%d-%d", l.First, l.Last)
}

// Have reports whether a leaf is among some, which stand in their order.
func Have(all []Leaves, index int64) bool {
	i, _ := slices.BinarySearchFunc(all, index, func(l Leaves, index int64) int {
		if l.Last < index {
			return -1
		}
		return 1
	})
	return i < len(all) && all[i].First <= index
}

// Forgotten writes a leaf whose row was forgotten, as the row says that is the leaf by. That one
// must stand in the bundle too, whole.
func (b *BundleWriter) Forgotten(index int64, entry []byte, by int64, proof tlog.RecordProof) error {
	if by <= index || by >= b.c.Size {
		return fmt.Errorf("tree: leaf %d cannot say that leaf %d was forgotten", by, index)
	}
	if err := b.leaf(index, proof); err != nil {
		return err
	}
	b.bytes(`,"entry":`, entry)
	b.b = strconv.AppendInt(append(b.b, `,"forgotten":`...), by, 10)
	return b.end()
}

// forgets are the leaves of which the row that was read last says that they were forgotten.
func (r *lineReader) forgets() []Leaves {
	text := func(column int) string { t, _ := cutText(r.row[r.starts[column]:]); return t }
	if text(actColumn) != ForgetAct || text(outcomeColumn) != "allow" || text(kindColumn) != ForgetKind {
		return nil
	}
	rest := r.row[r.starts[fieldsColumn]:]
	fields := make([]string, binary.BigEndian.Uint32(rest))
	rest = rest[4:]
	for i := range fields {
		fields[i], rest = cutText(rest)
	}
	return parseLeaves(fields)
}

// cutText reads a text as an entry has it, and gives what comes after it.
func cutText(b []byte) (string, []byte) {
	n := binary.BigEndian.Uint32(b)
	return string(b[4 : 4+n]), b[4+n:]
}

func columnOf(name string) int {
	return slices.IndexFunc(Columns, func(c Column) bool { return c.Name == name })
}

var actColumn, outcomeColumn, kindColumn, fieldsColumn = columnOf("act"), columnOf("outcome"), columnOf("object_kind"), columnOf("fields")

// owed is what a bundle says was forgotten, until the row that says so is read.
type owed map[int64][]Leaves // by the leaf of that row

// owe notes a leaf that is said to be forgotten by another.
func (o owed) owe(index, by int64) {
	list := o[by]
	if n := len(list); n > 0 && list[n-1].Last == index-1 {
		list[n-1].Last = index
		return
	}
	o[by] = append(list, Leaves{index, index})
}

// pay holds what was noted against the row that says it.
func (o owed) pay(by int64, says []Leaves) error {
	for _, l := range o[by] {
		for i := l.First; i <= l.Last; i++ {
			if !Have(says, i) {
				return &Broken{i, fmt.Sprintf("it is said to be forgotten, and leaf %d, which is to say so, does not", by)}
			}
		}
	}
	delete(o, by)
	return nil
}

// left is what nothing in the bundle said.
func (o owed) left() error {
	var first *Broken
	for by, list := range o {
		if first == nil || list[0].First < first.Index {
			first = &Broken{list[0].First, fmt.Sprintf("it is said to be forgotten, and leaf %d, which is to say so, does not stand here whole", by)}
		}
	}
	if first == nil {
		return nil
	}
	return first
}
