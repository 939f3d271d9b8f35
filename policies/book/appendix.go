package book

import (
	"regexp"
	"slices"
)

// appendix writes what the tables before rest on: the data, the paragraphs, the
// answers and the rules themselves.
func (w *writer) appendix() {
	w.classes()
	w.bases()
	w.answers("reasons", "reason")
	w.answers("obligations", "obligation")
	w.questions()
}

func (w *writer) classes() {
	t := Table{Caption: w.Text("rules.classes"), Head: w.head("data", "fields", "thing", "part_of")}
	for _, class := range w.doc.at("classes").keys {
		table, of := w.doc.at("classes", class), None
		if whole := table.at("of").text; whole != class {
			of = upper(w.word("class", whole))
		}
		t.Rows = append(t.Rows, row(upper(w.word("class", class)), w.words("field", table.at("fields").items), w.words("item", table.at("items").items), of))
	}
	w.adds(Part{ID: "classes", Level: 2, Title: w.Text("rules.classes.title"), Text: []Cell{{Text: w.Text("rules.classes.about")}}, Tables: []Table{t}, Only: true})
}

func (w *writer) bases() {
	t := Table{Caption: w.Text("rules.bases"), Head: w.head("basis", "code", "source", "valid", "text", "carries")}
	for _, basis := range w.doc.at("bases").keys {
		t.Rows = append(t.Rows, []Cell{{Text: w.word("basis", basis)}, {Text: basis}, {Law: w.law("bases", basis)}, {Text: w.valid(basis)}, {Text: w.text(basis)}, {Text: w.carries(basis)}})
	}
	w.adds(Part{ID: "bases", Level: 2, Title: w.Text("rules.bases.title"), Text: []Cell{{Text: w.Text("rules.bases.about")}}, Tables: []Table{t}, Only: true})
}

// valid is from when until when a basis holds; where the law's data has no date, from
// when until when the hub relies on it.
func (w *writer) valid(basis string) string {
	from, until := w.doc.at("bases", basis, "from").text, w.doc.at("bases", basis, "until").text
	if from == "" && until == "" && w.Relied != nil {
		if from, until = w.Relied(basis); from != "" {
			return w.Text("rules.valid.relied", w.span(from, until))
		}
	}
	return w.span(from, until)
}

func (w *writer) span(from, until string) string {
	from, until = w.day(from), w.day(until)
	switch {
	case from == "" && until == "":
		return w.Text("rules.valid.unknown")
	case until == "":
		return w.Text("rules.valid.from", from)
	case from == "":
		return w.Text("rules.valid.until", until)
	}
	return w.Text("rules.valid.between", from, until)
}

func (w *writer) day(day string) string {
	if w.Day == nil || day == "" {
		return day
	}
	return w.Day(day)
}

var copyOf = regexp.MustCompile(`^a copy of (\d{4}-\d\d-\d\d)$`)

// text is which text of the law was read.
func (w *writer) text(basis string) string {
	read := w.doc.at("bases", basis, "read").text
	if m := copyOf.FindStringSubmatch(read); m != nil {
		return w.Text("rules.text.copy", w.day(m[1]))
	}
	if read == "" {
		return w.Text("rules.text.none")
	}
	return read
}

// carries is what a basis is good for.
func (w *writer) carries(basis string) string {
	var all []string
	for _, kind := range w.kinds() {
		if purposes := w.doc.at("processing", kind, basis).set(); len(purposes) > 0 {
			all = append(all, w.Text("rules.carries.own", w.word("kind", kind), w.words("purpose", purposes)))
		}
	}
	for _, from := range w.kinds() {
		if to := w.doc.at("disclose", "bases", basis, "pairs", from).set(); len(to) > 0 {
			all = append(all, w.Text("rules.carries.to", w.word("kind", from), w.words("kind", to)))
		}
	}
	for _, class := range w.doc.at("disclose", "special").keys {
		var from []string
		for _, kind := range w.kinds() {
			if w.doc.at("disclose", "special", class, "bases", kind, basis).yes {
				from = append(from, kind)
			}
		}
		if from != nil {
			all = append(all, w.Text("rules.carries.special", w.word("class", class), w.words("kind", from)))
		}
	}
	if w.doc.at("glass", "bases", basis).yes {
		all = append(all, upper(w.word("standing", "glass")))
	}
	if all == nil {
		all = []string{w.Text("rules.carries.none")}
	}
	for _, lacks := range []string{"category", "number"} {
		if w.doc.at("bases", basis, lacks).text == "missing" {
			all = append(all, upper(w.word("reason", lacks+"_missing")))
		}
	}
	return join(all...)
}

// answers writes every reason, or every condition, that an answer can have.
func (w *writer) answers(table, kind string) {
	t := Table{Caption: w.Text("rules." + table), Head: w.head("meaning", "code", "source")}
	for _, code := range w.doc.at(table).keys {
		t.Rows = append(t.Rows, []Cell{{Text: upper(w.word(kind, code))}, {Text: code}, {Law: or(w.law(table, code))}})
	}
	w.adds(Part{ID: table, Level: 2, Title: w.Text("rules." + table + ".title"), Text: []Cell{{Text: w.Text("rules." + table + ".about")}}, Tables: []Table{t}, Only: true})
}

// questions writes which questions the rules answer, and why each may say no by itself.
func (w *writer) questions() {
	t := Table{Caption: w.Text("rules.questions"), Head: w.head("question", "file", "reasons")}
	for _, r := range w.rules {
		no := slices.DeleteFunc(slices.Clone(r.Says), func(code string) bool {
			return !w.doc.at("reasons").has(code) || slices.Contains(w.standings(), code) || code == "role" || code == "basis" || code == "system"
		})
		t.Rows = append(t.Rows, []Cell{{Text: w.word("question", r.Question)}, {Text: r.Question + ".rego", En: r.About}, {Text: w.sentences("reason", no)}})
	}
	w.adds(Part{ID: "questions", Level: 2, Title: w.Text("rules.questions.title"), Text: []Cell{{Text: w.Text("rules.questions.about")}}, Tables: []Table{t}, Only: true})
}
