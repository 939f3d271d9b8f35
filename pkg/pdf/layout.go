package pdf

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/image/font/sfnt"
)

// A4 and its margins, in points (1/72 inch).
const (
	pageWidth  = 595.276
	pageHeight = 841.89
	margin     = 56.7 // 2 cm
	inner      = pageWidth - 2*margin
	gap        = 12.0 // between the columns of a table
	pad        = 4.0  // above and below a row
)

// style is how an element looks.
type style struct {
	weight       int
	size, line   float64 // of the letters, and from one line to the next
	above, below float64
}

var styles = map[string]style{
	"h1": {bold, 22, 30, 0, 12}, "h2": {bold, 15, 21, 10, 4}, "p": {regular, 11, 16, 0, 8},
	"caption": {bold, 11, 16, 4, 4}, "th": {bold, 10, 14, 0, 0}, "td": {regular, 10, 14, 0, 0}, "number": {regular, 9, 12, 0, 0},
}

// layout is a page of ours on its way onto sheets of paper.
type layout struct {
	sheets  []*sheet
	y       float64 // where the next line begins, from below
	root    elem    // all that stands there, as it is read
	faces   []*face
	weights [][]*face
	glyphs  map[letter]glyph
	err     error
	head    func() // what a new sheet begins with: the heads of a table that goes on
}

// sheet is one sheet of paper, and what each of its marks belongs to.
type sheet struct {
	bytes.Buffer
	marks []*elem
}

func newLayout() (*layout, error) {
	all, err := parts()
	if err != nil {
		return nil, err
	}
	l := &layout{root: elem{role: "Document"}, glyphs: map[letter]glyph{}}
	for _, weight := range all {
		var list []*face
		for _, p := range weight {
			f := &face{part: p, name: fmt.Sprintf("F%d", len(l.faces)+1), used: map[sfnt.GlyphIndex]glyph{}}
			l.faces, list = append(l.faces, f), append(list, f)
		}
		l.weights = append(l.weights, list)
	}
	l.turn()
	return l, nil
}

// turn begins a sheet.
func (l *layout) turn() {
	s := &sheet{}
	s.WriteString("/G cs 0 sc /G CS 0 SC 0.4 w\n")
	l.sheets, l.y = append(l.sheets, s), pageHeight-margin
	if l.head != nil {
		l.head()
	}
}

func (l *layout) sheet() *sheet { return l.sheets[len(l.sheets)-1] }

// need turns the sheet if there is less left of it than that. What no sheet has room for begins where it is.
func (l *layout) need(height float64) {
	if l.y-height < margin && height <= pageHeight-2*margin && l.y < pageHeight-margin {
		l.turn()
	}
}

// width is how wide a text is.
func (l *layout) width(s style, text string) (w float64) {
	for _, r := range text {
		w += l.glyph(s.weight, r).width
	}
	return w * s.size / em
}

// lines breaks a text where it must, and where there is room no longer. A line keeps the space that it was
// broken at: words are told apart by it when they are read out.
func (l *layout) lines(s style, text string, room float64) (out []string) {
	for piece := range strings.SplitSeq(text, "\n") {
		line, wide := "", 0.0
		for word := range strings.SplitAfterSeq(piece, " ") {
			w, bare := l.width(s, word), l.width(s, strings.TrimSuffix(word, " "))
			if wide+bare > room && line != "" {
				out = append(out, line)
				line, wide = "", 0
			}
			for bare > room && len([]rune(word)) > 1 { // a word as wide as that is broken anywhere
				fits, n := 0.0, 0
				for i, r := range word {
					if fits += l.width(s, string(r)); fits > room && i > 0 {
						break
					}
					n = i + len(string(r))
				}
				out, word = append(out, word[:n]), word[n:]
				w, bare = l.width(s, word), l.width(s, strings.TrimSuffix(word, " "))
			}
			line, wide = line+word, wide+w
		}
		out = append(out, line+" ")
	}
	if n := len(out) - 1; n >= 0 {
		out[n] = strings.TrimSuffix(out[n], " ")
	}
	return out
}

// draw writes a line.
func (l *layout) draw(s style, line string, x, y float64) {
	b := l.sheet()
	fmt.Fprintf(b, "BT 1 0 0 1 %s %s Tm", number(x), number(y))
	var at *face
	for _, r := range line {
		g := l.glyph(s.weight, r)
		if g.face != at {
			if at != nil {
				b.WriteString("> Tj")
			}
			fmt.Fprintf(b, " /%s %s Tf <", g.face.name, number(s.size))
			at = g.face
		}
		b.WriteString(g.use())
	}
	if at != nil {
		b.WriteString("> Tj")
	}
	b.WriteString(" ET\n")
}

// marked writes what belongs to an element.
func (l *layout) marked(e *elem, write func()) {
	s := l.sheet()
	fmt.Fprintf(s, "/%s <</MCID %d>> BDC\n", e.role, len(s.marks))
	e.marks = append(e.marks, mark{len(l.sheets) - 1, len(s.marks)})
	s.marks = append(s.marks, e)
	write()
	s.WriteString("EMC\n")
}

// artifact writes what is there to look at, and is not read.
func (l *layout) artifact(kind string, write func()) {
	fmt.Fprintf(l.sheet(), "/Artifact <<%s>> BDC\n", kind)
	write()
	l.sheet().WriteString("EMC\n")
}

// block writes a heading or a paragraph.
func (l *layout) block(of *elem, n node) {
	s, e := styles[n.tag], of.add(roles[n.tag])
	lines := l.lines(s, n.text, inner)
	l.y -= s.above
	least := s.line * float64(min(len(lines), 2))
	if n.tag != "p" {
		least = s.line*float64(len(lines)) + 3*styles["p"].line // a heading stands with what it is of
	}
	l.need(least)
	for len(lines) > 0 {
		fit := max(1, min(len(lines), int((l.y-margin)/s.line)))
		l.marked(e, func() {
			for i, line := range lines[:fit] {
				l.draw(s, line, margin, l.y-s.size-float64(i)*s.line)
			}
		})
		l.y -= s.line * float64(fit)
		if lines = lines[fit:]; len(lines) > 0 {
			l.turn()
		}
	}
	l.y -= s.below
}

// table writes a table; its heads stand on each of its sheets, and are read once.
func (l *layout) table(of *elem, n node) {
	e, room := of.add("Table"), l.columns(n)
	for _, part := range n.kids {
		if part.tag == "caption" {
			l.block(e, part)
			continue
		}
		group := e.add(roles[part.tag])
		for _, row := range part.kids {
			cells, height := l.row(row, room)
			if part.tag == "thead" {
				l.need(height + 3*styles["td"].line)
			}
			l.rowOf(group.add("TR"), row, cells, height, room)
			if part.tag == "thead" {
				l.head = func() {
					l.artifact("/Type/Pagination/Subtype/Header", func() { l.cells(nil, row, cells, height, room) })
				}
			}
		}
	}
	l.head = nil
	l.y -= 3 * pad
}

// row breaks the cells of a row, and says how high it is.
func (l *layout) row(row node, room []float64) (cells [][]string, height float64) {
	for i, c := range row.kids {
		cells = append(cells, l.lines(styles[c.tag], c.text, room[i]))
		height = max(height, float64(len(cells[i]))*styles[c.tag].line+2*pad)
	}
	return cells, height
}

// rowOf writes a row: whole, or over as many sheets as it needs.
func (l *layout) rowOf(tr *elem, row node, cells [][]string, height float64, room []float64) {
	l.need(height)
	cells = slices.Clone(cells)
	of := make([]*elem, len(cells))
	for i, c := range row.kids {
		of[i] = tr.add(roles[c.tag])
	}
	for line := styles[row.kids[0].tag].line; ; {
		fit := max(1, int((l.y-margin-2*pad)/line))
		now, more := make([][]string, len(cells)), false
		most := 0
		for i := range cells {
			n := min(fit, len(cells[i]))
			now[i], cells[i] = cells[i][:n], cells[i][n:]
			more, most = more || len(cells[i]) > 0, max(most, n)
		}
		l.cells(of, row, now, float64(most)*line+2*pad, room)
		if !more {
			return
		}
		l.turn()
	}
}

// cells writes a row or a part of it, with a line below.
func (l *layout) cells(of []*elem, row node, cells [][]string, height float64, room []float64) {
	x := margin
	for i, lines := range cells {
		s := styles[row.kids[i].tag]
		write := func() {
			for j, line := range lines {
				l.draw(s, line, x, l.y-pad-s.size-float64(j)*s.line)
			}
		}
		if of == nil {
			write()
		} else if len(lines) > 0 && lines[0] != "" {
			l.marked(of[i], write)
		}
		x += room[i] + gap
	}
	l.y -= height
	rule := func() {
		fmt.Fprintf(l.sheet(), "%s %s m %s %s l S\n", number(margin), number(l.y), number(margin+inner), number(l.y))
	}
	if of == nil {
		rule()
	} else {
		l.artifact("/Type/Layout", rule)
	}
}

// columns says how wide each column is: as wide as its longest text, and where there is no room for that,
// as its longest word, and its part of what is left.
func (l *layout) columns(n node) []float64 {
	var least, most []float64
	for _, part := range n.kids {
		for _, row := range part.kids {
			for i, c := range row.kids {
				if i == len(most) {
					least, most = append(least, 0), append(most, 0)
				}
				for line := range strings.SplitSeq(c.text, "\n") {
					most[i] = max(most[i], l.width(styles[c.tag], line))
				}
				for word := range strings.FieldsSeq(c.text) {
					least[i] = max(least[i], l.width(styles[c.tag], word))
				}
			}
		}
	}
	sum := func(list []float64) (s float64) {
		for _, w := range list {
			s += w
		}
		return s
	}
	room := inner - gap*float64(len(most)-1)
	for i := range most {
		most[i] = max(most[i], 1)                         // of an empty column
		least[i] = min(least[i], room/float64(len(most))) // a word that is longer than its share will be broken
	}
	if all := sum(most); all <= room {
		for i := range most { // what is over, to all
			most[i] += (room - all) / float64(len(most))
		}
		return most
	}
	left, wanted := room-sum(least), sum(most)-sum(least)
	for i := range most {
		most[i] = least[i] + left*(most[i]-least[i])/wanted
	}
	return most
}

// numbers writes the number of each sheet at its foot, where there are several.
func (l *layout) numbers() {
	all := l.sheets
	for i := range all {
		if len(all) > 1 {
			l.sheets = all[:i+1]
			l.artifact("/Type/Pagination/Subtype/Footer", func() {
				text := fmt.Sprintf("%d/%d", i+1, len(all))
				l.draw(styles["number"], text, margin+inner-l.width(styles["number"], text), margin/2)
			})
		}
	}
	l.sheets = all
}
