package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	theirs "github.com/ledongthuc/pdf"
)

// readAs is a PDF as somebody else's library reads it, and what is asked of it here.
type readAs struct {
	t     *testing.T
	root  theirs.Value
	pages []theirs.Value
	texts []map[int64]string // of each sheet, by mark
	seen  map[string]bool    // the marks that stand in the tree
	out   strings.Builder
}

func reading(t *testing.T, b []byte) *readAs {
	t.Helper()
	r, err := theirs.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	x := &readAs{t: t, root: r.Trailer().Key("Root"), seen: map[string]bool{}}
	for i := range r.NumPage() {
		p := r.Page(i + 1)
		x.pages = append(x.pages, p.V)
		x.texts = append(x.texts, x.sheet(p))
	}
	return x
}

// sheet reads what is drawn, and holds that all of it stands in exactly one mark or artifact, within the margins.
func (x *readAs) sheet(p theirs.Page) map[int64]string {
	texts := map[int64]string{}
	at, in := int64(-1), "" // the mark, and its tag
	var enc theirs.TextEncoding
	var right, size float64 // where the line has come to
	var widths map[int64]float64
	theirs.Interpret(p.V.Key("Contents"), func(stk *theirs.Stack, op string) {
		var args []theirs.Value
		for range stk.Len() {
			args = append(args, stk.Pop())
		}
		slices.Reverse(args)
		switch op {
		case "BDC":
			if in != "" {
				x.t.Errorf("a mark within %s", in)
			}
			in, at = args[0].Name(), -1
			if in != "Artifact" {
				at = args[1].Key("MCID").Int64()
				if _, twice := texts[at]; twice {
					x.t.Errorf("mark %d stands twice", at)
				}
				texts[at] = ""
			} else if kind := args[1].Key("Type").Name(); kind != "Pagination" && kind != "Layout" {
				x.t.Errorf("an artifact of kind %q", kind)
			}
		case "EMC":
			in = ""
		case "Tf":
			f := p.Font(args[0].Name())
			if f.V.IsNull() || f.V.Key("ToUnicode").IsNull() || f.V.Key("DescendantFonts").Index(0).Key("FontDescriptor").Key("FontFile2").IsNull() {
				x.t.Errorf("the font %s is not whole", args[0].Name())
			}
			enc, size, widths = f.Encoder(), args[1].Float64(), map[int64]float64{}
			for w, i := f.V.Key("DescendantFonts").Index(0).Key("W"), 0; i < w.Len(); i += 2 {
				widths[w.Index(i).Int64()] = w.Index(i + 1).Index(0).Float64()
			}
		case "Tj":
			if in == "" {
				x.t.Error("a text is neither marked nor an artifact")
			} else if in != "Artifact" {
				texts[at] += enc.Decode(args[0].RawString())
			}
			for raw := args[0].RawString(); len(raw) > 1; raw = raw[2:] {
				if w := widths[int64(raw[0])<<8|int64(raw[1])]; w == 0 {
					x.t.Errorf("a glyph has no width")
				} else if right += w * size / 1000; right > pageWidth-margin+size/3 { // a space may stand beyond
					x.t.Errorf("a line goes on to %v", right)
				}
			}
		case "Tm":
			right = args[4].Float64()
			if px, y := args[4].Float64(), args[5].Float64(); px < margin-0.1 || px > pageWidth-margin || in != "Artifact" && (y < margin-0.1 || y > pageHeight-margin) {
				x.t.Errorf("a line begins at %v, %v", px, y)
			}
		case "S":
			if in != "Artifact" {
				x.t.Error("a line is drawn outside artifacts")
			}
		}
	})
	return texts
}

// walk writes the tree as it is read out, a line for each element, and holds that each knows its parent, and each mark
// its element.
func (x *readAs) walk(e, parent theirs.Value, deep int) {
	if e.Key("P").String() != parent.String() {
		x.t.Errorf("%s does not know its parent", e)
	}
	fmt.Fprintf(&x.out, "%s%s", strings.Repeat(" ", deep), e.Key("S").Name())
	if a := e.Key("A"); !a.IsNull() {
		fmt.Fprintf(&x.out, "(%s %s)", a.Key("O").Name(), a.Key("Scope").Name())
	}
	var kids []theirs.Value
	text, marks := "", 0
	for i := range e.Key("K").Len() {
		k := e.Key("K").Index(i)
		page, id := e.Key("Pg"), k.Int64()
		switch {
		case k.Key("Type").Name() == "StructElem":
			kids = append(kids, k)
			continue
		case k.Key("Type").Name() == "MCR":
			page, id = k.Key("Pg"), k.Key("MCID").Int64()
		}
		sheet := slices.IndexFunc(x.pages, func(p theirs.Value) bool { return p.String() == page.String() })
		if sheet < 0 {
			x.t.Fatalf("%s stands on no sheet", e)
		}
		nums := x.root.Key("StructTreeRoot").Key("ParentTree").Key("Nums")
		if of := nums.Index(2*sheet + 1).Index(int(id)); nums.Index(2*sheet).Int64() != x.pages[sheet].Key("StructParents").Int64() || of.String() != e.String() {
			x.t.Errorf("mark %d of sheet %d is of %s, and not of %s", id, sheet, of, e)
		}
		words, ok := x.texts[sheet][id]
		if key := fmt.Sprint(sheet, " ", id); !ok || x.seen[key] {
			x.t.Errorf("there is no mark %s, or it is read twice", key)
		} else {
			x.seen[key] = true
		}
		text, marks = text+words, marks+1
	}
	if marks > 0 {
		fmt.Fprintf(&x.out, " %q", text)
	}
	x.out.WriteString("\n")
	for _, k := range kids {
		x.walk(k, e, deep+1)
	}
}

// aloud is what is read out; nothing that is drawn as text is left out of it.
func (x *readAs) aloud() string {
	x.t.Helper()
	tree := x.root.Key("StructTreeRoot")
	x.walk(tree.Key("K"), tree, 0)
	for sheet, texts := range x.texts {
		for id, text := range texts {
			if !x.seen[fmt.Sprint(sheet, " ", id)] {
				x.t.Errorf("nobody reads out %q", text)
			}
		}
	}
	return x.out.String()
}

func tableOf(rows ...string) string {
	return `<div class="scroll"><table class="table"><caption class="sr-only">Opslag, de nyeste først</caption>
<thead><tr><th scope="col">Dag</th><th scope="col">Myndighed</th></tr></thead>
<tbody>
` + strings.Join(rows, "\n") + `
</tbody></table></div>`
}

func rowOf(a, b string) string {
	return `<tr><td data-title="Dag">` + a + `</td><td data-title="Myndighed">` + b + `</td></tr>`
}

var sample = Page{"da", "Hvad er der slået op om dig?", `<p>Opslag hos K&#248;ge &amp; omegn,
 til og med <code>23. november</code> 2026.</p>
<h2>Æ, ø og å</h2>
` + tableOf(rowOf("22. november 2026", "Køge Kommune<br>Łucja Ōšćëŷ"), rowOf("", "«Politi»")) + `<p>Du kan klage.</p>`}

const sampleAloud = `Document
 H1 "Hvad er der slået op om dig?"
 P "Opslag hos Køge & omegn, til og med 23. november 2026."
 H2 "Æ, ø og å"
 Table
  Caption "Opslag, de nyeste først"
  THead
   TR
    TH(Table Column) "Dag"
    TH(Table Column) "Myndighed"
  TBody
   TR
    TD "22. november 2026"
    TD "Køge Kommune Łucja Ōšćëŷ"
   TR
    TD
    TD "«Politi»"
 P "Du kan klage."
`

func written(t *testing.T, p Page) []byte {
	t.Helper()
	b, err := Write(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What is on the page is read out whole, in its order, with headings and the heads of the table; the document
// has its language and its title, says that it is tagged, and draws nothing that is not marked.
func TestThePageIsReadAloud(t *testing.T) {
	b := written(t, sample)
	x := reading(t, b)
	if got := x.aloud(); got != sampleAloud {
		t.Errorf("read out is\n%s\nwant\n%s", got, sampleAloud)
	}
	if lang, title := x.root.Key("Lang").Text(), x.root.Key("ViewerPreferences").Key("DisplayDocTitle").Bool(); lang != "da" || !title || !x.root.Key("MarkInfo").Key("Marked").Bool() {
		t.Errorf("the language is %q, the title is shown: %v", lang, title)
	}
	meta := x.root.Key("Metadata").Reader()
	defer meta.Close() //nolint:errcheck // of memory
	xmp, err := io.ReadAll(meta)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<rdf:li xml:lang="x-default">Hvad er der slået op om dig?</rdf:li>`, "<pdfuaid:part>1</pdfuaid:part>", "<pdfaid:part>2</pdfaid:part>", "<pdfaid:conformance>A</pdfaid:conformance>"} {
		if !bytes.Contains(xmp, []byte(want)) {
			t.Errorf("the metadata lack %s", want)
		}
	}
}

// The same page comes to the same bytes; nothing in it tells when, where or by whom it was written.
func TestTheSamePageIsTheSameBytes(t *testing.T) {
	a, b := written(t, sample), written(t, sample)
	if !bytes.Equal(a, b) {
		t.Error("two writings differ")
	}
	for _, word := range []string{"Date", "Producer", "Creator", "Author", "InstanceID", "DocumentID", "Go"} {
		if bytes.Contains(plainParts(a), []byte(word)) {
			t.Errorf("the file says %s", word)
		}
	}
}

// plainParts are those that are not compressed.
func plainParts(b []byte) (out []byte) {
	for {
		before, after, ok := bytes.Cut(b, []byte("/FlateDecode/Length "))
		out = append(out, before...)
		if !ok {
			return out
		}
		_, b, _ = bytes.Cut(after, []byte("\nendstream"))
	}
}

// A table goes on over many sheets: its heads stand on each and are read once; a row that has no room on any is
// broken; a word that is too long is too; and nothing is lost.
func TestLongTables(t *testing.T) {
	var rows []string
	for i := range 100 {
		rows = append(rows, rowOf(fmt.Sprint("dag ", i), "Politi"))
	}
	var names []string
	for i := range 150 {
		names = append(names, fmt.Sprint("Navn ", i))
	}
	long := strings.Repeat("ordudenende", 30)
	rows = append(rows, rowOf("sidste", strings.Join(names, "<br>")), rowOf("ord", long))
	prose := strings.TrimSpace(strings.Repeat("Loven siger, at nogle opslag ikke må oplyses. ", 200))
	x := reading(t, written(t, Page{"da", "Langt", tableOf(rows...) + "<p>" + prose + "</p>"}))
	got := x.aloud()
	for i := range 100 {
		if !strings.Contains(got, fmt.Sprintf("TD \"dag %d\"\n    TD \"Politi\"", i)) {
			t.Errorf("line %d is lost", i)
		}
	}
	if !strings.Contains(got, strings.Join(names, " ")) || !strings.Contains(got, prose) || strings.Count(got, "TH(Table Column)") != 2 || len(x.pages) < 8 {
		t.Errorf("of %d sheets is read\n%s", len(x.pages), got)
	}
	if !strings.Contains(strings.ReplaceAll(got, " ", ""), long) {
		t.Errorf("the long word is lost: %s", got)
	}
	for i, p := range x.pages[:5] {
		var in bool // the heads, as they stand on a sheet on which the table goes on
		words := 0
		theirs.Interpret(p.Key("Contents"), func(stk *theirs.Stack, op string) {
			switch op {
			case "BDC":
				in = stk.Pop().Key("Subtype").Name() == "Header"
			case "Tj":
				if in {
					words++
				}
			}
			for range stk.Len() {
				stk.Pop()
			}
		})
		if want := 2 * min(i, 1); words != want {
			t.Errorf("sheet %d repeats %d heads", i+1, words)
		}
	}
}

// A page is refused rather than written in part.
func TestWhatCannotBeWritten(t *testing.T) {
	for _, html := range []string{"<ul><li>x</li></ul>", "<p>x</p>y", "<p><img src=x></p>", "<p>x", "<h3>x</h3>", "<h1>x</h1>", "<p><p>x</p></p>", "</div><p>x</p>",
		"<table><tbody><tr><td>x</td></tr></tbody></table>", "<table></table>", "<table><tr><td>x</td></tr></table>", tableOf("<tr><td>x</td></tr>"), tableOf(`<tr><td colspan="2">x</td></tr>`), tableOf("<tr><th>x</th><td>y</td></tr>")} {
		if b, err := Write(Page{"da", "T", html}); err == nil {
			t.Errorf("%s comes to %s", html, reading(t, b).aloud())
		}
	}
	for _, p := range []Page{{"", "T", ""}, {"da", " ", ""}} {
		if _, err := Write(p); err == nil {
			t.Errorf("%+v is written", p)
		}
	}
	missing := new(Missing)
	if _, err := Write(Page{"da", "T", "<p>Жанна</p>"}); !errors.As(err, &missing) || missing.Letter != 'Ж' {
		t.Errorf("of a letter that there is none of: %v", err)
	}
	written(t, Page{"da", "T", "<p>A\u030a</p>"}) // Å, in two
}

// Poppler, which is neither ours nor Go, reads the same tree.
func TestPopplerReadsTheSame(t *testing.T) {
	tool, err := exec.LookPath("pdfinfo")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("CANNOT RUN: no pdfinfo (apt-get install poppler-utils)")
		}
		t.Skip("CANNOT RUN: no pdfinfo (apt-get install poppler-utils)")
	}
	file := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(file, written(t, sample), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), tool, "-struct-text", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var said []string
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		line = strings.TrimSuffix(strings.TrimSuffix(line, " (block)"), ":")
		if line != "" {
			said = append(said, line)
		}
	}
	var want []string
	for line := range strings.Lines(strings.ReplaceAll(sampleAloud, "TH(Table Column)", "TH /Scope|/Column")) {
		first, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		want = append(want, first)
		if scope, text, ok := strings.Cut(rest, `/Column "`); ok {
			want, rest = append(want, "/Scope /Column"), `"`+text
			_ = scope
		}
		if rest != "" {
			want = append(want, rest)
		}
	}
	if !slices.Equal(said, want) {
		t.Errorf("it reads\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
	if out, err := exec.CommandContext(t.Context(), tool, file).CombinedOutput(); err != nil || !bytes.Contains(out, []byte("Tagged:          yes")) || !bytes.Contains(out, []byte("Title:           "+sample.Title)) {
		t.Errorf("%v: %s", err, out)
	}
}

// BenchmarkWrite is a table of 5,000 rows (T12).
func BenchmarkWrite(b *testing.B) {
	var rows []string
	for i := range 5000 {
		rows = append(rows, rowOf(fmt.Sprint("dag ", i), "Køge Kommune"))
	}
	p := Page{"da", "Langt", tableOf(rows...)}
	for b.Loop() {
		if _, err := Write(p); err != nil {
			b.Fatal(err)
		}
	}
}
