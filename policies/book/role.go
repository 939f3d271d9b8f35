package book

import (
	"slices"
	"strings"
)

// roles writes a part for each role.
func (w *writer) roles() {
	p := Part{ID: "roles", Level: 2, Title: w.Text("rules.roles.title"), Text: []Cell{{Text: w.Text("rules.roles.about")}}, Only: true}
	t := Table{Caption: w.Text("rules.roles.caption"), Head: w.head("role", "at", "what", "source")}
	for _, role := range w.doc.at("roles").keys {
		t.Rows = append(t.Rows, []Cell{{Text: upper(w.word("role", role))}, {Text: w.words("kind", w.at(role))}, {Text: w.Text("rules.role." + role)}, {Law: w.law("roles", role)}})
		if !w.Has("rules.role." + role) {
			w.book.Missing = append(w.book.Missing, "sentence of role "+role)
		}
	}
	p.Tables = []Table{t}
	w.adds(p)
	for _, role := range w.doc.at("roles").keys {
		w.role(role)
	}
}

// at are the kinds of authority that have a role; the hub's own has none.
func (w *writer) at(role string) []string {
	return slices.DeleteFunc(w.doc.at("roles", role, "kinds").set(), func(kind string) bool { return kind == "" })
}

func (w *writer) role(role string) {
	p := Part{ID: "role-" + role, Level: 3, Title: upper(w.word("role", role)), Of: []string{role}, Text: []Cell{{Text: w.Text("rules.role." + role)}}}
	if never := w.doc.at("roles", role, "never").text; never != "" {
		p.Text = append(p.Text, Cell{Text: upper(w.word("reason", never)) + ".", Law: w.law("roles", role)})
		w.adds(p)
		return
	}
	if kinds := w.at(role); len(kinds) > 0 {
		p.Text = append(p.Text, Cell{Text: w.Text("rules.role.at", w.words("kind", kinds)), Law: w.law("roles", role)})
	}
	for _, item := range w.doc.at("items").keys {
		if t := w.sees(role, item); t.Rows != nil {
			p.Tables = append(p.Tables, t)
		}
	}
	if p.Tables == nil {
		p.Text = append(p.Text, Cell{Text: w.Text("rules.sees.none")})
	}
	for _, t := range []Table{w.steps(role), w.lets(role), w.also(role)} {
		if t.Rows != nil {
			p.Tables = append(p.Tables, t)
		}
	}
	w.adds(p)
}

// sees is what a role may see of a kind of thing: the states across, the data
// down, and in each cell how one must stand to it.
func (w *writer) sees(role, item string) Table {
	view := w.doc.at("view", role)
	opens := func(class, state string) (list []string) {
		for _, standing := range w.standings() {
			if slices.Contains(view.at(standing, state).items, class) {
				list = append(list, standing)
			}
		}
		return list
	}
	all := w.of(item, w.doc.at("states").keys)
	classes := w.doc.at("classes").keys
	shut := func(state string) bool {
		return !slices.ContainsFunc(classes, func(class string) bool { return opens(class, state) != nil })
	}
	open := slices.DeleteFunc(slices.Clone(all), shut)
	t := Table{Caption: w.Text("rules.sees", w.word("item", item)), Head: w.head("data")}
	for _, state := range open {
		t.Head = append(t.Head, w.word("state", state))
	}
	for _, class := range classes {
		cells, any := row(upper(w.word("class", class))), false
		for _, state := range open {
			list := opens(class, state)
			any = any || list != nil
			cells = append(cells, Cell{Text: w.words("standing", list)})
		}
		if any {
			t.Rows = append(t.Rows, cells)
		}
	}
	if closed := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return !shut(s) }); len(closed) > 0 {
		t.Note = w.Text("rules.sees.note", w.words("state", closed))
	}
	return t
}

// steps is what a role may do with things.
func (w *writer) steps(role string) Table {
	t := Table{Caption: w.Text("rules.steps"), Head: w.head("step", "thing", "when", "standing")}
	var anew []string
	for _, step := range w.doc.at("step_up").set() {
		if w.doc.at("act", step).has(role) {
			anew = append(anew, step)
		}
	}
	if anew != nil {
		t.Note = w.Text("rules.steps.note", w.words("step", anew))
	}
	for _, step := range w.doc.at("act").keys {
		by := w.doc.at("act", step, role)
		for _, item := range w.doc.at("items").keys {
			var order []string // of lists of states
			standing := map[string][]string{}
			for _, s := range by.keys {
				states := w.words("state", w.of(item, by.at(s).set()))
				if states == None {
					continue
				}
				if standing[states] == nil {
					order = append(order, states)
				}
				standing[states] = append(standing[states], s)
			}
			for _, states := range order {
				t.Rows = append(t.Rows, row(upper(w.word("step", step)), w.word("item", item), states, w.words("standing", standing[states])))
			}
		}
	}
	if role != "system" {
		return t
	}
	t.Head = w.head("step", "thing", "when")
	for _, step := range w.doc.at("system").keys {
		for _, item := range w.doc.at("items").keys {
			if states := w.words("state", w.of(item, w.doc.at("system", step).set())); states != None {
				t.Rows = append(t.Rows, row(upper(w.word("own", step)), w.word("item", item), states))
			}
		}
		if w.doc.at("system", step).has("canary") { // which is no item, and has no other state
			t.Rows = append(t.Rows, row(upper(w.word("own", step)), w.word("item", "canary"), None))
		}
	}
	return t
}

// lets is whom a role may let in to what, and until when take it back.
func (w *writer) lets(role string) Table {
	t := Table{Caption: w.Text("rules.lets"), Head: w.head("whom", "thing", "standing", "give", "end")}
	for _, whose := range w.doc.at("assign").keys {
		table := w.doc.at("assign", whose)
		for _, item := range w.doc.at("items").keys {
			targets := table.at("targets", role, item)
			for _, at := range targets.keys {
				for _, relation := range []string{"own", "shared"} {
					end := w.of(item, table.at("end", role, relation).set())
					var order []string // of lists of states
					whom := map[string][]string{}
					for _, target := range targets.at(at).set() {
						give := slices.DeleteFunc(w.of(item, table.at("give", role, relation).set()), func(s string) bool { return !w.opens(target, at, relation, s) })
						if len(give) == 0 && end == nil {
							continue
						}
						states := w.words("state", give)
						if whom[states] == nil {
							order = append(order, states)
						}
						whom[states] = append(whom[states], target)
					}
					for _, states := range order {
						who := Cell{Text: w.words("role", whom[states]), Law: cite(w.Lang, table.at("source").text)}
						if at != "own" {
							who.Text = w.word("kind", at) + ": " + who.Text
						}
						t.Rows = append(t.Rows, append([]Cell{who}, row(w.word("item", item), w.word("relation", relation), states, w.words("state", end))...))
					}
				}
			}
		}
	}
	return t
}

// opens reports whether whoever is let in sees something of it, then or in the state that
// it comes to: nobody is let in to nothing.
func (w *writer) opens(target, at, relation, state string) bool {
	standings := w.doc.at("through").items
	if at == "own" && relation == "own" {
		standings = []string{"own", "assigned"}
	}
	if comes := w.doc.at("states", state, "comes").text; comes != "" {
		state = comes
	}
	return slices.ContainsFunc(standings, func(s string) bool { return w.doc.at("view", target, s, state).items != nil })
}

// also is what else a role may, that is about no one thing.
func (w *writer) also(role string) Table {
	t := Table{Caption: w.Text("rules.also"), Head: w.head("may", "at", "basis", "purpose")}
	content := slices.DeleteFunc(slices.Clone(w.doc.at("purposes").keys), func(p string) bool { return !w.doc.at("purposes", p, "content").yes })
	for _, may := range []string{"submit", "register"} {
		if !w.doc.at(may, role).yes {
			continue
		}
		for _, basis := range w.doc.at("bases").keys {
			var order []string // of lists of purposes
			kinds := map[string][]string{}
			for _, kind := range w.at(role) {
				purposes := w.words("purpose", w.doc.at("processing", kind, basis).set())
				if purposes == None {
					continue
				}
				if kinds[purposes] == nil {
					order = append(order, purposes)
				}
				kinds[purposes] = append(kinds[purposes], kind)
			}
			for _, purposes := range order {
				t.Rows = append(t.Rows, []Cell{{Text: upper(w.word("may", may))}, {Text: w.words("kind", kinds[purposes])},
					{Text: w.word("basis", basis), Law: w.law("bases", basis)}, {Text: purposes}})
			}
		}
	}
	if w.doc.at("list", role).yes {
		t.Rows = append(t.Rows, row(upper(w.word("may", "list")), w.words("kind", w.at(role)), None, w.words("purpose", content)))
	}
	for _, how := range w.doc.at("advice", "open", role).set() {
		t.Rows = append(t.Rows, []Cell{{Text: upper(w.word("may", "advice."+how)), Law: w.law("advice")}, {Text: w.words("kind", w.at(role))}, {Text: None}, {Text: w.words("purpose", content)}})
	}
	if w.doc.at("trail", "roles", role).yes {
		t.Rows = append(t.Rows, row(upper(w.word("may", "trail")), w.words("kind", w.at(role)), None, w.words("purpose", w.doc.at("trail", "purposes").set())))
	}
	if w.doc.at("trail", "opens", role).yes {
		t.Rows = append(t.Rows, row(upper(w.word("may", "open")), w.words("kind", w.at(role)), None, w.words("purpose", w.doc.at("trail", "purposes").set())))
	}
	return t
}

// glass writes who may set need-to-know aside, why, and who looks at it after.
func (w *writer) glass() {
	table := w.doc.at("glass")
	var open []string
	for _, role := range w.doc.at("view").keys {
		if w.doc.at("view", role).has("glass") {
			open = append(open, role)
		}
	}
	if open == nil {
		return
	}
	who := Table{Caption: w.Text("rules.glass.who"), Head: w.head("what", "role"), Rows: [][]Cell{
		{{Text: w.Text("rules.glass.open")}, {Text: w.words("role", open)}},
		{{Text: w.Text("rules.glass.second")}, {Text: w.words("role", table.at("second").set())}},
		{{Text: w.Text("rules.glass.review")}, {Text: w.words("role", table.at("review", "roles").set())}},
	}}
	why := Table{Caption: w.Text("rules.glass.why"), Head: w.head("why", "source")}
	for _, category := range table.at("categories").keys {
		why.Rows = append(why.Rows, []Cell{{Text: upper(w.word("category", category))}, {Law: w.law("glass", "categories", category)}})
	}
	w.adds(Part{ID: "glass", Level: 2, Title: w.Text("rules.glass.title"), Tables: []Table{who, why},
		Text: []Cell{{Text: w.Text("rules.glass.about"), Law: cite(w.Lang, table.at("source").text)}, {Text: w.Text("rules.glass.basis", w.words("basis", table.at("bases").set()))}, {Text: w.Text("rules.glass.never")},
			{Text: w.Text("rules.glass.shared", w.words("state", table.at("shared").set()))}, {Text: w.Text("rules.steps.note", w.words("glass", table.at("step_up").set()))}}})
}

// searches writes by what somebody may be looked for.
func (w *writer) searches() {
	table := w.doc.at("search")
	if table.keys == nil {
		return
	}
	t := Table{Caption: w.Text("rules.search.by"), Head: w.head("known")}
	for _, by := range table.at("by").set() {
		t.Rows = append(t.Rows, row(upper(w.words("field", strings.Split(by, ",")))))
	}
	w.adds(Part{ID: "search", Level: 2, Title: w.Text("rules.search.title"), Tables: []Table{t},
		Text: []Cell{{Text: w.Text("rules.search.about"), Law: w.law("search")}, {Text: w.Text("rules.search.who", w.words("person", table.at("categories").set()))}}})
}

// duties writes where the law does not permit, but asks.
func (w *writer) duties() {
	table := w.doc.at("duties")
	if table.keys == nil {
		return
	}
	t := Table{Caption: w.Text("rules.duties"), Head: w.head("basis", "at", "source")}
	for _, basis := range table.keys {
		t.Rows = append(t.Rows, []Cell{{Text: w.word("basis", basis)}, {Text: w.words("kind", table.at(basis, "kinds").set())}, {Law: w.law("duties", basis)}})
	}
	w.adds(Part{ID: "duties", Level: 2, Title: w.Text("rules.duties.title"), Tables: []Table{t}, Text: []Cell{{Text: w.Text("rules.duties.about")}}})
}

// recuses writes on which grounds somebody is too close to a thing, and who may say so.
func (w *writer) recuses() {
	table := w.doc.at("recuse")
	if table.keys == nil {
		return
	}
	who := Table{Caption: w.Text("rules.recuse.who"), Head: w.head("role", "of_self", "of_colleague")}
	for _, role := range w.doc.at("roles").keys {
		self, colleague := w.closeTo(table.at("self", role)), w.closeTo(table.at("colleague", role))
		if self != None || colleague != None {
			who.Rows = append(who.Rows, row(upper(w.word("role", role)), self, colleague))
		}
	}
	why := Table{Caption: w.Text("rules.recuse.why"), Head: w.head("why", "source")}
	for _, ground := range table.at("grounds").keys {
		why.Rows = append(why.Rows, []Cell{{Text: w.word("ground", ground)}, {Law: w.law("recuse", "grounds", ground)}})
	}
	w.adds(Part{ID: "recuse", Level: 2, Title: w.Text("rules.recuse.title"), Tables: []Table{why, who}, Text: []Cell{{Text: w.Text("rules.recuse.about"), Law: w.law("recuse")}}})
}

// closeTo is what a role may speak of: each kind of thing, and standing how.
func (w *writer) closeTo(items node) string {
	var all []string
	for _, item := range items.keys {
		all = append(all, upper(w.word("item", item))+": "+w.words("standing", items.at(item).items))
	}
	return or(join(all...))
}

// certifies writes who goes through who has access.
func (w *writer) certifies() {
	table := w.doc.at("certify")
	if table.keys == nil {
		return
	}
	t := Table{Caption: w.Text("rules.certify"), Head: w.head("step", "role")}
	for _, action := range table.at("actions").keys {
		t.Rows = append(t.Rows, row(upper(w.word("certify", action)), w.words("role", table.at("actions", action).set())))
	}
	w.adds(Part{ID: "certify", Level: 2, Title: w.Text("rules.certify.title"), Tables: []Table{t}, Text: []Cell{{Text: w.Text("rules.certify.about"), Law: w.law("certify")}}})
}

// returns writes what an authority that leaves takes along, and who takes it.
func (w *writer) returns() {
	table := w.doc.at("return")
	if table.keys == nil {
		return
	}
	t := Table{Caption: w.Text("rules.return"), Head: w.head("thing", "fields")}
	for _, item := range table.at("items").keys {
		t.Rows = append(t.Rows, row(upper(w.word("item", item)), w.words("field", table.at("items", item).items)))
	}
	who := w.Text("rules.return.who", w.words("role", table.at("roles").set()))
	w.adds(Part{ID: "return", Level: 2, Title: w.Text("rules.return.title"), Tables: []Table{t},
		Text: []Cell{{Text: w.Text("rules.return.about"), Law: w.law("return")}, {Text: who}, {Text: w.Text("rules.return.just_now")}}})
}

// extracts writes who answers a citizen what has been looked up about them, and what is told.
func (w *writer) extracts() {
	table := w.doc.at("extract")
	if table.keys == nil {
		return
	}
	who := Table{Caption: w.Text("rules.extract"), Head: w.head("step", "role")}
	for _, step := range table.at("steps").keys {
		who.Rows = append(who.Rows, row(upper(w.word("extract", step)), w.words("role", table.at("steps", step).set())))
	}
	told := Table{Caption: w.Text("rules.extract.told"), Head: w.head("what", "told")}
	for _, c := range []struct{ name, kind string }{{"acts", "act"}, {"seen_for", "purpose"}, {"seen_by", "kind"}} {
		told.Rows = append(told.Rows, row(w.Text("rules.extract."+c.name), w.words(c.kind, table.at(c.name).set())))
	}
	for _, kind := range table.at("states").keys {
		told.Rows = append(told.Rows, row(w.Text("rules.extract.states", w.word("kind", kind)), w.words("state", table.at("states", kind).set())))
	}
	w.adds(Part{ID: "extract", Level: 2, Title: w.Text("rules.extract.title"), Tables: []Table{who, told},
		Text: []Cell{{Text: w.Text("rules.extract.about"), Law: w.law("extract")}, {Text: w.Text("rules.extract.never")}, {Text: w.Text("rules.steps.note", w.words("extract", table.at("step_up").set()))}}})
}

// nobody writes who may never, and what nothing may be used for.
func (w *writer) nobody() {
	t := Table{Caption: w.Text("rules.never"), Head: w.head("who", "why", "source")}
	for _, table := range []struct{ name, kind, key string }{{"roles", "role", "never"}, {"kinds", "kind", "never"}, {"purposes", "purpose", "refused"}} {
		for _, code := range w.doc.at(table.name).keys {
			if why := w.doc.at(table.name, code, table.key).text; why != "" {
				t.Rows = append(t.Rows, []Cell{{Text: upper(w.word(table.kind, code))}, {Text: upper(w.word("reason", why))}, {Law: w.law(table.name, code)}})
			}
		}
	}
	w.adds(Part{ID: "never", Level: 2, Title: w.Text("rules.never.title"), Text: []Cell{{Text: w.Text("rules.never.about")}}, Tables: []Table{t}})
}

// join puts sentences together.
func join(list ...string) string {
	return strings.Join(slices.DeleteFunc(list, func(s string) bool { return s == "" }), "; ")
}
