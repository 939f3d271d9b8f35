package book

import (
	"slices"
	"strings"
)

// disclosures writes who may tell what to whom: a part for each pair of kinds of
// authority.
func (w *writer) disclosures() {
	w.adds(Part{ID: "disclose", Level: 2, Title: w.Text("rules.disclose.title"),
		Text: []Cell{{Text: w.Text("rules.disclose.about")}, {Text: w.Text("rules.disclose.text")}, {Text: w.Text("rules.disclose.may")}}})
	t := Table{Caption: w.Text("rules.pairs"), Head: w.head("from_to")}
	for _, to := range w.kinds() {
		t.Head = append(t.Head, w.word("kind", to))
	}
	var parts []Part
	for _, from := range w.kinds() {
		cells := row(upper(w.word("kind", from)))
		for _, to := range w.kinds() {
			bases := w.carrying(from, to)
			var names []string
			for _, basis := range bases {
				names = append(names, w.word("basis", basis))
			}
			cells = append(cells, Cell{Text: or(join(names...))})
			if bases != nil {
				parts = append(parts, w.pair(from, to, bases))
			}
		}
		t.Rows = append(t.Rows, cells)
	}
	at := len(w.book.Parts) - 1
	w.book.Parts[at].Tables = []Table{t}
	for _, p := range parts {
		w.adds(p)
	}
	w.special()
}

// carrying are the bases on which one kind of authority may tell another.
func (w *writer) carrying(from, to string) (bases []string) {
	for _, basis := range w.doc.at("disclose", "bases").keys {
		if w.doc.at("disclose", "bases", basis, "pairs", from, to).yes {
			bases = append(bases, basis)
		}
	}
	return bases
}

func (w *writer) pair(from, to string, bases []string) Part {
	p := Part{ID: "disclose-" + from + "-" + to, Level: 3, Title: w.Text("rules.pair", w.word("kind", from), w.word("kind", to)), Of: []string{}}
	grounds := Table{Caption: w.Text("rules.pair.bases"), Head: w.head("basis", "thing", "purpose", "needs", "conditions", "onward", "valid")}
	for _, basis := range bases {
		table := w.doc.at("disclose", "bases", basis)
		grounds.Rows = append(grounds.Rows, []Cell{
			{Text: w.word("basis", basis), Law: cite(w.Lang, table.at("source").text)},
			{Text: w.words("item", table.at("items").set())},
			{Text: w.words("purpose", table.at("purposes").set())},
			{Text: w.needs(w.doc.at("kinds", from), w.doc.at("kinds", to), table)},
			{Text: w.conditions(table)},
			{Text: w.terms(table)},
			{Text: w.valid(basis)},
		})
	}
	what := Table{Caption: w.Text("rules.pair.what"), Head: w.head("thing", "data", "decides")}
	for _, item := range w.doc.at("items").keys {
		classes := w.doc.at("disclose", "classes", item, to).items
		who := ""
		for _, role := range w.doc.at("disclose", "roles").keys {
			states := w.of(item, w.doc.at("disclose", "roles", role, to).set())
			if states == nil || !w.doc.at("roles", role, "kinds", from).yes || !w.covered(bases, item) {
				continue
			}
			who = join(who, upper(w.word("role", role))+": "+w.words("state", states))
			if !slices.Contains(p.Of, role) {
				p.Of = append(p.Of, role)
			}
		}
		if who != "" && classes != nil {
			what.Rows = append(what.Rows, row(upper(w.word("item", item)), w.words("class", classes), who))
		}
	}
	if passed := w.passed(from, to); passed != nil {
		what.Note = w.Text("rules.onward.note", w.words("item", passed))
	}
	if who, by := w.unopened(from, to); who != "" {
		what.Note = strings.TrimSpace(what.Note + " " + w.Text("rules.unopened.note", w.words("role", by), who))
	}
	p.Tables = []Table{grounds, what}
	return p
}

// unopened are the things that somebody may share with a kind of authority and nobody
// there can open, and the roles that could let them in if they shared it: there one sees
// a thing only by name, and not everybody who may share it may name them (D15).
func (w *writer) unopened(from, to string) (who string, by []string) {
	others := w.doc.at("assign", "others", "targets")
	for _, role := range w.doc.at("disclose", "roles").keys {
		var items []string
		for _, item := range w.doc.at("items").keys {
			states := w.of(item, w.doc.at("disclose", "roles", role, to).set())
			if states == nil || !w.doc.at("roles", role, "kinds", from).yes || others.at(role, item).has(to) || w.seen(from, to, states) {
				continue
			}
			for _, lets := range others.keys {
				if others.at(lets, item).has(to) {
					if by = append(by, lets); !slices.Contains(items, item) {
						items = append(items, item)
					}
				}
			}
		}
		if items != nil {
			who = join(who, upper(w.word("role", role))+": "+w.words("item", items))
		}
	}
	slices.Sort(by)
	return who, slices.Compact(by)
}

// seen reports whether somebody of a kind sees what another kind shared, without a name.
func (w *writer) seen(from, to string, states []string) bool {
	return slices.ContainsFunc(w.doc.at("roles").keys, func(role string) bool {
		return w.doc.at("roles", role, "kinds", to).yes && slices.ContainsFunc(states, w.doc.at("view", role, w.doc.at("senders", from).text).has)
	})
}

// covered reports whether one of the bases is for a kind of thing.
func (w *writer) covered(bases []string, item string) bool {
	return slices.ContainsFunc(bases, func(b string) bool { return w.doc.at("disclose", "bases", b, "items", item).yes })
}

// needs is what must be in place, for either party or for the basis.
func (w *writer) needs(tables ...node) string {
	var all []string
	for _, t := range tables {
		for _, need := range t.at("needs").keys {
			if n := upper(w.word("need", need)); !slices.Contains(all, n) {
				all = append(all, n)
			}
		}
	}
	return or(join(all...))
}

// terms are those on which the recipient may be given it: whether it goes on from there.
func (w *writer) terms(basis node) string {
	terms := basis.at("terms").set()
	if narrowest := w.doc.at("disclose", "onward", "terms").keys; len(narrowest) > 0 { // which every basis bears
		terms = append(narrowest[:1:1], terms...)
	}
	if len(terms) > 1 {
		return w.Text("rules.terms.one", w.sentences("terms", terms))
	}
	return w.sentences("terms", terms)
}

// passed are the kinds of thing that are another's, and are shared on its terms only.
func (w *writer) passed(from, to string) (items []string) {
	for _, item := range w.doc.at("disclose", "onward", "passing").keys {
		if w.doc.at("disclose", "onward", "passing", item, from, to).yes && w.doc.at("disclose", "classes", item).has(to) {
			items = append(items, item)
		}
	}
	return items
}

// conditions is what the share must carry.
func (w *writer) conditions(table node) string {
	return w.sentences("obligation", table.at("obligations").items)
}

// special writes what is told of health and offences, on a ground of its own.
func (w *writer) special() {
	t := Table{Caption: w.Text("rules.special"), Head: w.head("data", "from", "basis", "conditions", "source")}
	for _, class := range w.doc.at("disclose", "special").keys {
		table := w.doc.at("disclose", "special", class)
		for _, from := range w.kinds() {
			var bases []string
			for _, basis := range table.at("bases", from).set() {
				bases = append(bases, w.word("basis", basis))
			}
			if bases == nil {
				bases = []string{w.Text("rules.special.never")}
			}
			t.Rows = append(t.Rows, []Cell{{Text: upper(w.word("class", class))}, {Text: w.word("kind", from)}, {Text: join(bases...)}, {Text: w.conditions(table)},
				{Law: cite(w.Lang, table.at("source").text)}})
		}
	}
	w.adds(Part{ID: "special", Level: 2, Title: w.Text("rules.special.title"), Text: []Cell{{Text: w.Text("rules.special.about")}}, Tables: []Table{t}})
}
