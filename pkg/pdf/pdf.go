// Package pdf writes a page of ours as a PDF that is read aloud as well as printed: tagged
// (ISO 32000-1, 14.8), with its title, its language, its headings and the heads of its
// tables, after PDF/UA-1 and PDF/A-2a (docs/decisions/0022-answers-to-citizens.md says
// how each requirement was checked).
//
// The same page always comes to the same bytes. Nothing stands in the file but what stands on the
// page: no time, no name of a machine or a person, no number that is not of the page itself. A page is
// refused rather than written in part: for an element that is not known here, or a letter that the font has not.
package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Page is what is written.
type Page struct {
	Lang  string // as in HTML: "da"
	Title string // the heading of it, and the document's name
	HTML  string // what stands under the heading: of the elements that [roles] names
}

// Missing is the error of a page with a letter that there is none of in the font.
type Missing struct{ Letter rune }

func (m *Missing) Error() string { return fmt.Sprintf("pdf: the font has no %U", m.Letter) }

// Write gives the page as a PDF.
func Write(p Page) ([]byte, error) {
	if p.Title = tidy(p.Title); p.Title == "" || p.Lang == "" {
		return nil, errors.New("pdf: a page has a title and a language")
	}
	body, err := read(p.HTML)
	if err != nil {
		return nil, err
	}
	l, err := newLayout()
	if err != nil {
		return nil, err
	}
	l.block(&l.root, node{tag: "h1", text: p.Title})
	for _, n := range body {
		if n.tag == "table" {
			l.table(&l.root, n)
		} else {
			l.block(&l.root, n)
		}
	}
	l.numbers()
	if l.err != nil {
		return nil, l.err
	}
	return l.file(p)
}

// file writes all objects. Their numbers follow from the page alone.
func (l *layout) file(p Page) ([]byte, error) {
	f := &file{}
	catalog, info, meta, pages, tree, black := f.reserve(), f.reserve(), f.reserve(), f.reserve(), f.reserve(), f.reserve()
	f.object(catalog, fmt.Sprintf("<</Type/Catalog/Pages %s/StructTreeRoot %s/MarkInfo<</Marked true>>/Lang%s/ViewerPreferences<</DisplayDocTitle true>>/Metadata %s>>", pages, tree, text(p.Lang), meta))
	f.object(info, "<</Title"+text(p.Title)+">>")
	f.stream(meta, "/Type/Metadata/Subtype/XML", []byte(metadata(p)))
	// A black that means the same on every screen and printer, so that no profile is needed.
	f.object(black, "[/CalGray<</WhitePoint[0.9505 1 1.089]/Gamma 2.2>>]")
	var fonts strings.Builder
	for _, c := range l.faces {
		if len(c.used) > 0 {
			fmt.Fprintf(&fonts, "/%s %s", c.name, c.write(f))
		}
	}
	var kids strings.Builder
	at := make([]ref, len(l.sheets))
	for i, s := range l.sheets {
		at[i] = f.reserve()
		kids.WriteString(" " + at[i].String())
		content := f.reserve()
		f.stream(content, flate, packed(s.Bytes()))
		f.object(at[i], fmt.Sprintf("<</Type/Page/Parent %s/MediaBox[0 0 %s %s]/Resources<</ColorSpace<</G %s>>/Font<<%s>>>>/Contents %s/StructParents %d/Tabs/S>>",
			pages, number(pageWidth), number(pageHeight), black, fonts.String(), content, i))
	}
	f.object(pages, fmt.Sprintf("<</Type/Pages/Kids[%s]/Count %d>>", kids.String()[1:], len(at)))
	l.tree(f, tree, at)
	return f.finish(catalog, info), nil
}

// ref is the number of an object.
type ref int

func (r ref) String() string { return strconv.Itoa(int(r)) + " 0 R" }

// file is a PDF as it is written: objects, and where each begins.
type file struct {
	bytes.Buffer
	at []int
}

func (f *file) reserve() ref {
	f.at = append(f.at, 0)
	return ref(len(f.at))
}

func (f *file) object(r ref, body string) {
	if f.Len() == 0 {
		f.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n") // it is no text, say the bytes
	}
	f.at[r-1] = f.Len()
	fmt.Fprintf(f, "%d 0 obj\n%s\nendobj\n", r, body)
}

// flate is the entry of a stream that is packed.
const flate = "/Filter/FlateDecode"

func (f *file) stream(r ref, entries string, b []byte) {
	f.object(r, fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", entries, len(b), b))
}

// finish writes the table of objects. What names the file is the hash of what is in it.
func (f *file) finish(catalog, info ref) []byte {
	id, begins := digest(f.Bytes()), f.Len()
	fmt.Fprintf(f, "xref\n0 %d\n0000000000 65535 f \n", len(f.at)+1)
	for _, at := range f.at {
		fmt.Fprintf(f, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(f, "trailer\n<</Size %d/Root %s/Info %s/ID[<%x><%x>]>>\nstartxref\n%d\n%%%%EOF\n", len(f.at)+1, catalog, info, id, id, begins)
	return f.Bytes()
}
