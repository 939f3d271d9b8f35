package pdf

import (
	"bytes"
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// IBM Plex Sans in the parts in which IBM publishes it: those that the pages use (pkg/web/assets),
// unpacked, as a PDF wants them.
//
//go:embed fonts/*.ttf
var fontFiles embed.FS

// The weights of the text, and the parts of each in which a letter is looked for.
const (
	regular = iota
	bold
)

var fontNames = [][]string{regular: {"Regular-Latin1", "Regular-Latin2"}, bold: {"SemiBold-Latin1", "SemiBold-Latin2"}}

// stems are how thick a stroke of each weight is, in thousandths of the size: for readers that draw a font of
// their own.
var stems = []int{regular: 78, bold: 123}

// part is one file of a font, as it is for every page.
type part struct {
	name   string
	raw    []byte
	packed []byte
	font   *sfnt.Font
	about  string // how large its letters are
}

var parts = sync.OnceValues(func() (all [][]part, err error) {
	for w, weight := range fontNames {
		var list []part
		for _, name := range weight {
			p := part{name: "IBMPlexSans-" + name}
			if p.raw, err = fontFiles.ReadFile("fonts/" + p.name + ".ttf"); err != nil {
				return nil, err
			}
			if p.font, err = sfnt.Parse(p.raw); err != nil {
				return nil, fmt.Errorf("pdf: %s: %w", p.name, err)
			}
			if p.about, err = measures(p.font); err != nil {
				return nil, fmt.Errorf("pdf: %s: %w", p.name, err)
			}
			p.about += fmt.Sprintf("/StemV %d", stems[w])
			p.packed = packed(p.raw)
			list = append(list, p)
		}
		all = append(all, list)
	}
	return all, nil
})

// measures says how large the letters of a font are.
func measures(f *sfnt.Font) (string, error) {
	var b sfnt.Buffer
	m, err := f.Metrics(&b, fixed.I(em), font.HintingNone)
	if err != nil {
		return "", err
	}
	box, err := f.Bounds(&b, fixed.I(em), font.HintingNone) // y grows downwards in it
	return fmt.Sprintf("/FontBBox[%d %d %d %d]/Ascent %d/Descent %d/CapHeight %d",
		box.Min.X.Floor(), -box.Max.Y.Ceil(), box.Max.X.Ceil(), -box.Min.Y.Floor(), m.Ascent.Round(), -m.Descent.Round(), m.CapHeight.Round()), err
}

// face is a part of a font as one page uses it.
type face struct {
	part
	name string // in the page
	used map[sfnt.GlyphIndex]glyph
}

// glyph is how a letter looks.
type glyph struct {
	face   *face
	id     sfnt.GlyphIndex
	width  float64 // in thousandths of the size
	letter rune
}

// em is a size at which a font's units are whole: it has 1,000 of them.
const em = 1000

// glyph finds a letter in the first part that has it. A space that must not break looks as any.
func (l *layout) glyph(weight int, r rune) glyph {
	key := letter{weight, r}
	if g, ok := l.glyphs[key]; ok {
		return g
	}
	var b sfnt.Buffer
	for _, f := range l.weights[weight] {
		id, err := f.font.GlyphIndex(&b, r)
		if err == nil && id != 0 {
			w, err := f.font.GlyphAdvance(&b, id, fixed.I(em), font.HintingNone)
			if err == nil {
				g := glyph{f, id, float64(w) / 64, r}
				l.glyphs[key] = g
				return g
			}
		}
	}
	if l.err == nil {
		l.err = &Missing{r}
	}
	return glyph{face: l.weights[weight][0]}
}

// letter is one of a weight.
type letter struct {
	weight int
	r      rune
}

// use notes that a glyph stands on a page, and gives its code.
func (g glyph) use() string {
	if old, ok := g.face.used[g.id]; !ok || g.letter < old.letter { // of letters that look alike, the first
		g.face.used[g.id] = g
	}
	return fmt.Sprintf("%04X", g.id)
}

// write writes the font as a whole, with what of it the page uses: how wide each glyph is, and
// which letter it is (so that the text can be read out and searched).
func (f *face) write(w *file) ref {
	whole, child, about, program, letters := w.reserve(), w.reserve(), w.reserve(), w.reserve(), w.reserve()
	w.object(whole, fmt.Sprintf("<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H/DescendantFonts[%s]/ToUnicode %s>>", f.part.name, child, letters))
	var widths strings.Builder
	for _, id := range slices.Sorted(maps.Keys(f.used)) {
		fmt.Fprintf(&widths, "%d[%s]", id, number(f.used[id].width))
	}
	w.object(child, fmt.Sprintf("<</Type/Font/Subtype/CIDFontType2/BaseFont/%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/CIDToGIDMap/Identity/FontDescriptor %s/DW 1000/W[%s]>>",
		f.part.name, about, widths.String()))
	w.object(about, fmt.Sprintf("<</Type/FontDescriptor/FontName/%s/Flags 4%s/ItalicAngle 0/FontFile2 %s>>", f.part.name, f.about, program))
	w.stream(program, fmt.Sprintf("/Length1 %d", len(f.raw))+flate, f.packed)
	w.stream(letters, flate, packed(f.letters()))
	return whole
}

// letters says which letter each glyph is, in the form of ToUnicode.
func (f *face) letters() []byte {
	var b bytes.Buffer
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for some := range slices.Chunk(slices.Sorted(maps.Keys(f.used)), 100) { // as many as a list may have
		fmt.Fprintf(&b, "%d beginbfchar\n", len(some))
		for _, id := range some {
			fmt.Fprintf(&b, "<%04X> <%04X>\n", id, f.used[id].letter) // what the font has is in the basic plane
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return b.Bytes()
}
