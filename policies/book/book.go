// Package book renders the rules in force as something that people read: who may
// see what and when, standing how; which steps; who may disclose what to whom, on
// which paragraph, with which conditions; who may never, and why.
//
// It promises:
//
//   - Everything in it is read out of the data that the rules judge against and
//     out of the rules: a table, a role or a paragraph that is added there stands
//     here by itself. What is not in it is not allowed.
//   - It holds no personal data: kinds, roles, states, codes and paragraphs.
//   - The words are those of the pages' catalogues. Where a code has none, the
//     code itself stands there, and [Book.Missing] names it.
package book

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/infohus/infohus/policies"
)

// Words are the texts of one language.
type Words struct {
	Lang string // "da" or "en"
	Text func(key string, args ...any) string
	Has  func(key string) bool

	// Relied is from which day until which the hub relies on a legal basis, YYYY-MM-DD, ""
	// for no day; nil where nobody knows.
	Relied func(basis string) (from, until string)

	// Day writes a day as the other pages do; nil leaves YYYY-MM-DD.
	Day func(day string) string
}

// Book is the rules in one language.
type Book struct {
	Revision string // of the rules that it was rendered from
	Roles    []Name // every role, in order
	Parts    []Part // in order
	Missing  []string
}

// Name is a code and its word.
type Name struct{ Code, Word string }

// Part is one heading with what stands under it.
type Part struct {
	ID     string // of its place in the page
	Level  int    // of its heading: 2, 3
	Title  string
	Text   []Cell
	Tables []Table
	Of     []string // the roles that it is about; none: it is about all
	Only   bool     // it stands in the whole book only
}

// Table is a table with its heading, in rows; the first cell of a row is the
// row's own heading.
type Table struct {
	Caption string
	Head    []string
	Rows    [][]Cell
	Note    string // what the table does not say
}

// Cell is a text in the language of the book, the Danish law that it rests on, and
// what the rules say of themselves, which is in English.
type Cell struct{ Text, Law, En string }

// None is what stands in a cell in which there is nothing.
const None = "–"

// New renders the law in force. An error means that its document cannot be read.
func New(law policies.Readable, words Words) (Book, error) {
	doc, err := parse(law.Document)
	if err != nil {
		return Book{}, err
	}
	w := &writer{Words: words, doc: doc, rules: law.Rules}
	for _, table := range doc.keys {
		if !slices.Contains(tables, table) {
			w.book.Missing = append(w.book.Missing, "table "+table)
		}
	}
	w.introduces()
	w.roles()
	w.disclosures()
	w.glass()
	w.searches()
	w.duties()
	w.recuses()
	w.certifies()
	w.returns()
	w.extracts()
	w.nobody()
	w.appendix()
	w.book.Revision = law.Revision
	for _, role := range doc.at("roles").keys {
		w.book.Roles = append(w.book.Roles, Name{role, w.word("role", role)})
	}
	slices.Sort(w.book.Missing)
	w.book.Missing = slices.Compact(w.book.Missing)
	return w.book, nil
}

// For is what the book says of one role, with what holds for all.
// It begins with the role's own part.
func (b Book) For(role string) Book {
	var own, rest []Part
	for _, p := range b.Parts {
		switch {
		case p.ID == "role-"+role:
			p.Level = 2
			own = append(own, p)
		case !p.Only && (p.Of == nil || slices.Contains(p.Of, role)):
			rest = append(rest, p)
		}
	}
	b.Parts = append(own, rest...)
	return b
}

// writer writes a book.
type writer struct {
	Words
	doc   node
	rules []policies.Rule
	book  Book
}

// catalogues says where the words of each kind of code are: with the pages that
// show them, and only where no page does, with the book's own.
var catalogues = map[string][]string{
	"role": {"web.role."}, "kind": {"rules.kind."}, "purpose": {"audit.purpose."}, "item": {"audit.object."},
	"state": {"intake.state.", "assessment.state.", "assessment.request.", "referral.state.", "rules.state."},
	"class": {"rules.class."}, "field": {"audit.shown."}, "basis": {"rules.basis."}, "step": {"rules.step."}, "own": {"rules.own."},
	"standing": {"rules.standing."}, "reason": {"audit.reason."}, "obligation": {"audit.obligation."}, "need": {"rules.need."},
	"may": {"rules.may."}, "relation": {"rules.relation."}, "question": {"rules.question."},
	"category": {"rules.category."}, "glass": {"rules.glass.step."}, "terms": {"assessment.field.terms."}, "ground": {"web.recusal.ground."}, "certify": {"rules.certify."}, "extract": {"rules.extract.step."}, "act": {"audit.act."}, "person": {"person.field.category."},
}

// tables are those of the document that the book knows. One more would be passed
// over, and so is named as missing.
var tables = []string{"about", "roles", "kinds", "purposes", "items", "states", "senders", "through", "classes", "bases", "processing", "submit", "register", "list", "trail",
	"view", "act", "system", "disclose", "glass", "assign", "certify", "recuse", "reasons", "obligations",
	"search", "advice", "duties", "step_up", "return", "extract"}

// word is the word of a code.
func (w *writer) word(kind, code string) string {
	for _, prefix := range catalogues[kind] {
		if w.Has(prefix + code) {
			return w.Text(prefix + code)
		}
	}
	w.book.Missing = append(w.book.Missing, kind+" "+code)
	return code
}

// words are those of several codes of a kind, with commas.
func (w *writer) words(kind string, codes []string) string {
	list := make([]string, len(codes))
	for i, code := range codes {
		list[i] = w.word(kind, code)
	}
	return or(strings.Join(list, ", "))
}

// sentences are the words of codes that are whole sentences.
func (w *writer) sentences(kind string, codes []string) string {
	list := make([]string, len(codes))
	for i, code := range codes {
		list[i] = upper(w.word(kind, code))
	}
	return or(join(list...))
}

// head are the words of a table's columns.
func (w *writer) head(names ...string) []string {
	for i, n := range names {
		names[i] = w.Text("rules.col." + n)
	}
	return names
}

// law is the source of an entry of the document as a paragraph.
func (w *writer) law(path ...string) string {
	return cite(w.Lang, w.doc.at(path...).at("source").text)
}

// adds puts a part into the book.
func (w *writer) adds(p Part) { w.book.Parts = append(w.book.Parts, p) }

// kinds are the kinds of authority, in order.
func (w *writer) kinds() []string { return w.doc.at("kinds").keys }

// of are those among the states that an item of a kind can be in, in their order.
func (w *writer) of(item string, states []string) (out []string) {
	for _, s := range w.doc.at("states").keys {
		if w.doc.at("states", s, "item").text == item && slices.Contains(states, s) {
			out = append(out, s)
		}
	}
	return out
}

// row makes a row of plain cells.
func row(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, t := range texts {
		cells[i] = Cell{Text: t}
	}
	return cells
}

// or is None where there is nothing.
func or(s string) string {
	if s == "" {
		return None
	}
	return s
}

// Upper begins a word with a capital letter.
func upper(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

func (w *writer) introduces() {
	p := Part{ID: "read", Level: 2, Title: w.Text("rules.read.title")}
	for _, key := range []string{"rules.read.all", "rules.read.nothing", "rules.read.human", "rules.read.law"} {
		p.Text = append(p.Text, Cell{Text: w.Text(key)})
	}
	t := Table{Caption: w.Text("rules.standings"), Head: w.head("standing", "meaning", "source")}
	for _, s := range w.standings() {
		t.Rows = append(t.Rows, []Cell{{Text: w.word("standing", s)}, {Text: w.word("standing", s+".about")}, {Law: w.law("reasons", s)}})
	}
	p.Tables = []Table{t}
	w.adds(p)
}

// standings are the ways to stand to a thing that some role has, in the order of
// the reasons, then of the roles.
func (w *writer) standings() (list []string) {
	used := map[string]bool{}
	for _, table := range []string{"view", "act"} {
		var walk func(n node, depth int)
		walk = func(n node, depth int) {
			for _, key := range n.keys {
				if depth == 0 {
					used[key] = true
					continue
				}
				walk(n.at(key), depth-1)
			}
		}
		walk(w.doc.at(table), map[string]int{"view": 1, "act": 2}[table])
	}
	for _, code := range w.doc.at("reasons").keys {
		if used[code] {
			list = append(list, code)
			delete(used, code)
		}
	}
	rest := []string{}
	for code := range used {
		rest = append(rest, code)
	}
	slices.Sort(rest)
	return append(list, rest...)
}
