package book_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/policies"
	"github.com/infohus/infohus/policies/book"
)

// coded is a book whose words are the codes themselves.
func coded(t *testing.T, e *policies.Engine) book.Book {
	t.Helper()
	law, err := e.Readable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := book.New(law, book.Words{Lang: "en", Has: func(string) bool { return true }, Text: func(key string, args ...any) string {
		key = key[strings.LastIndex(key, ".")+1:]
		for _, a := range args {
			key += " " + fmt.Sprint(a)
		}
		return key
	}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// data is what the tests read of the document by themselves.
type data struct {
	Kinds   map[string]any
	Roles   map[string]struct{ Kinds map[string]bool }
	States  map[string]struct{ Item string }
	Senders map[string]string
	Classes map[string]struct {
		Of     string
		Fields []string
	}
	Act      map[string]map[string]map[string]map[string]bool
	Disclose struct {
		Bases map[string]struct {
			Pairs map[string]map[string]bool
			Items map[string]bool
		}
	}
}

func world(t *testing.T) (*policies.Engine, book.Book, data) {
	t.Helper()
	e, err := policies.New()
	if err != nil {
		t.Fatal(err)
	}
	var d data
	if err := json.Unmarshal(e.Document(), &d); err != nil {
		t.Fatal(err)
	}
	return e, coded(t, e), d
}

// list reads a cell of several words.
func list(c book.Cell) []string {
	if c.Text == book.None {
		return nil
	}
	return strings.Split(c.Text, ", ")
}

// tables gives the tables of a part whose caption begins so.
func tables(b book.Book, id, caption string) (out []book.Table) {
	for _, p := range b.Parts {
		for _, t := range p.Tables {
			if p.ID == id && strings.HasPrefix(t.Caption, caption) {
				out = append(out, t)
			}
		}
	}
	return out
}

// fields of classes, sorted, each once.
func (d data) fields(classes []string) []string {
	all := map[string]bool{}
	for _, c := range classes {
		for _, f := range d.Classes[c].Fields {
			all[f] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// stand is a way to stand to a thing: how it is asked about, and which standings
// of the book it comes to.
type stand struct {
	name  string
	holds []string
	set   func(q *policies.View, item string) bool // false where it cannot be
}

func (d data) stands(kind string) []stand {
	own := func(q *policies.View) { q.Relation, q.ReceivedBy = "own", q.Kind }
	all := []stand{
		{"author", []string{"author"}, func(q *policies.View, _ string) bool { q.Author = true; return true }},
		{"own", []string{"own"}, func(q *policies.View, _ string) bool { own(q); return true }},
		{"assigned", []string{"own", "assigned"}, func(q *policies.View, _ string) bool { own(q); q.Assigned = true; return true }},
	}
	var classes []string
	for _, c := range d.Classes {
		classes = append(classes, c.Of)
	}
	slices.Sort(classes)
	named := strings.Join(slices.Compact(classes), ",")
	for sender, standing := range d.Senders {
		shared := func(q *policies.View, item string) bool {
			q.Relation, q.SharedBy, q.Classes = "shared", hub.AuthorityKind(sender), named
			for code, basis := range d.Disclose.Bases {
				if basis.Pairs[sender][kind] && basis.Items[item] {
					q.Basis = hub.LegalBasis(code)
				}
			}
			return q.Basis != ""
		}
		all = append(all, stand{standing, []string{standing}, shared},
			stand{"invited", []string{standing, "invited"}, func(q *policies.View, item string) bool { q.Assigned = true; return shared(q, item) }})
	}
	return all
}

// TestTheBookSaysWhatTheRulesSay: each cell of what a role may see, asked of the
// engine, gives the fields of just the classes that the book has there, and
// nothing where it has none. (L2)
func TestTheBookSaysWhatTheRulesSay(t *testing.T) {
	e, b, d := world(t)
	asked, yes := 0, 0
	for role, r := range d.Roles {
		says := map[string]map[string][]string{} // by state, by standing: classes
		named := map[string]bool{}
		for _, table := range tables(b, "role-"+role, "sees") {
			for _, row := range table.Rows {
				for i, c := range row[1:] {
					state := table.Head[i+1]
					for _, standing := range list(c) {
						if says[state] == nil {
							says[state] = map[string][]string{}
						}
						says[state][standing] = append(says[state][standing], strings.ToLower(row[0].Text))
						named[standing] = true
					}
				}
			}
		}
		for kind := range r.Kinds {
			stands := d.stands(kind)
			for standing := range named {
				if !slices.ContainsFunc(stands, func(s stand) bool { return slices.Contains(s.holds, standing) }) {
					stands = append(stands, attribute(t, standing))
				}
			}
			for state, st := range d.States {
				for _, s := range stands {
					q := policies.View{Role: hub.Role(role), Kind: hub.AuthorityKind(kind), ReceivedBy: hub.Municipality, State: state, Purpose: hub.Prevention}
					if !s.set(&q, st.Item) {
						continue
					}
					var classes []string
					for _, standing := range s.holds {
						classes = append(classes, says[state][standing]...)
					}
					a, err := e.Advise(t.Context(), q)
					if err != nil {
						t.Fatal(err)
					}
					if asked++; a.Allow {
						yes++
					}
					if want := d.fields(classes); !slices.Equal(a.Fields, want) {
						t.Errorf("%s at %s, %s, %s: the rules open %v, the book says %v", role, kind, state, s.name, a.Fields, want)
					}
				}
			}
		}
	}
	t.Logf("%d cells asked, %d open", asked, yes)
}

// attribute is a standing that has an attribute of its own name in the question.
func attribute(t *testing.T, name string) stand {
	t.Helper()
	typ := reflect.TypeFor[policies.View]()
	for i := range typ.NumField() {
		if typ.Field(i).Tag.Get("json") == name {
			return stand{name, []string{"own", name}, func(q *policies.View, _ string) bool {
				q.Relation, q.ReceivedBy = "own", q.Kind
				reflect.ValueOf(q).Elem().Field(i).SetBool(true)
				return true
			}}
		}
	}
	t.Fatalf("the book has a standing that this test cannot ask about: %s", name)
	return stand{}
}

// TestTheBookSaysWhoMayAct: each step that the book gives a role is allowed, and
// the tables give no other.
func TestTheBookSaysWhoMayAct(t *testing.T) {
	e, b, d := world(t)
	cells := map[string]bool{}
	for role, r := range d.Roles {
		for _, table := range tables(b, "role-"+role, "steps") {
			if len(table.Head) < 4 {
				continue // the hub's own, which stands to nothing
			}
			for _, row := range table.Rows {
				for _, state := range list(row[2]) {
					for _, standing := range list(row[3]) {
						action := strings.ToLower(row[0].Text)
						cells[strings.Join([]string{action, role, standing, state}, " ")] = true
						d.mayAct(t, e, role, action, state, standing, slices.Sorted(maps.Keys(r.Kinds)))
					}
				}
			}
		}
	}
	want := map[string]bool{}
	for action, roles := range d.Act {
		for role, standings := range roles {
			for standing, states := range standings {
				for state, yes := range states {
					if yes {
						want[strings.Join([]string{action, role, standing, state}, " ")] = true
					}
				}
			}
		}
	}
	if !maps.Equal(cells, want) {
		t.Errorf("the book has %d cells, the document %d", len(cells), len(want))
	}
	t.Logf("%d cells", len(cells))
}

func (d data) mayAct(t *testing.T, e *policies.Engine, role, action, state, standing string, kinds []string) {
	t.Helper()
	for _, kind := range kinds {
		for _, s := range d.stands(kind) {
			v := policies.View{Kind: hub.AuthorityKind(kind), ReceivedBy: hub.Municipality}
			if s.name != standing || !s.set(&v, d.States[state].Item) {
				continue
			}
			a, err := e.Advise(t.Context(), policies.Act{Action: action, Role: hub.Role(role), Kind: v.Kind, Relation: v.Relation, ReceivedBy: v.ReceivedBy, SharedBy: v.SharedBy,
				State: state, Assigned: v.Assigned, Author: v.Author, Purpose: hub.Prevention})
			if err != nil || !a.Allow {
				t.Errorf("%s at %s may not %s in %s, %s: %v %v", role, kind, action, state, standing, a.Reasons, err)
			}
			return // one of a kind is enough: the tables know no more
		}
	}
}

// TestTheBookSaysWhoLetsWhomIn: whom the book lets a role let in, to what and in which
// states, the rules let it, and nobody else; and the same of taking it back.
func TestTheBookSaysWhoLetsWhomIn(t *testing.T) {
	e, b, d := world(t)
	says, asks := map[policies.Assign]bool{}, map[policies.Assign]bool{}
	for role, r := range d.Roles {
		for _, table := range tables(b, "role-"+role, "lets") {
			for _, row := range table.Rows {
				at, whom, other := strings.Cut(strings.ToLower(row[0].Text), ": ")
				q := policies.Assign{Role: hub.Role(role), Kind: hub.AuthorityKind(slices.Sorted(maps.Keys(r.Kinds))[0]), Relation: row[2].Text, SameAuthority: !other}
				if q.TargetKind = hub.AuthorityKind(at); !other {
					q.TargetKind, whom = "", at
				}
				asks[q] = true
				for i, states := range []book.Cell{row[3], row[4]} {
					for _, q.State = range list(states) {
						for target := range strings.SplitSeq(whom, ", ") {
							q.Target, q.End = hub.Role(target), i == 1
							says[q] = true
						}
					}
				}
			}
		}
	}
	asked := 0
	for _, q := range slices.Collect(maps.Keys(asks)) {
		for state := range d.States {
			for target := range d.Roles {
				for _, q.End = range []bool{false, true} {
					q.State, q.Target = state, hub.Role(target)
					a, err := e.Advise(t.Context(), q)
					if asked++; err != nil || a.Allow != says[q] {
						t.Fatalf("%+v: the rules say %v, the book %v (%v)", q, a.Allow, says[q], err)
					}
				}
			}
		}
	}
	if asked == 0 {
		t.Fatal("nobody lets anybody in: this test has gone blind")
	}
	t.Logf("%d places in the book, %d questions", len(says), asked)
}

// TestTheBookSaysWhoMayDisclose: between each two kinds of authority, what the
// book says may be shared is what the rules let be shared, on each basis.
func TestTheBookSaysWhoMayDisclose(t *testing.T) {
	e, b, d := world(t)
	asked := 0
	for from := range d.Kinds {
		for to := range d.Kinds {
			id := "disclose-" + from + "-" + to
			for _, what := range tables(b, id, "what") {
				for _, row := range what.Rows {
					item := strings.ToLower(row[0].Text)
					for _, who := range strings.Split(row[2].Text, "; ") {
						role, states, _ := strings.Cut(who, ": ")
						for _, ground := range tables(b, id, "bases")[0].Rows {
							basis := ground[0].Text
							for _, state := range strings.Split(states, ", ") {
								under := ""
								if from == string(hub.Police) && to != string(hub.Municipality) && slices.Contains([]string{"case", "request", "offer"}, item) { // the municipality's, which lets it
									under = "within_cooperation"
								}
								a, err := e.Advise(t.Context(), policies.Disclose{Role: hub.Role(strings.ToLower(role)), From: hub.AuthorityKind(from), To: hub.AuthorityKind(to), Basis: hub.LegalBasis(basis),
									Purpose: hub.Prevention, Item: item, State: state, Cooperation: true, TaskArea: true, Consent: true, Under: under, Agreed: true})
								asked++
								want := d.fields(list(row[1]))
								if !slices.Contains(list(ground[1]), item) {
									want = nil
								}
								if err != nil || !slices.Equal(a.Fields, want) {
									t.Errorf("%s to %s, %s of %s in %s on %s: the rules give %v, the book %v (%v %v)", from, to, role, item, state, basis, a.Fields, want, a.Reasons, err)
								}
							}
						}
					}
				}
			}
		}
	}
	if asked == 0 {
		t.Fatal("nothing may be disclosed: this test has gone blind")
	}
	t.Logf("%d disclosures asked", asked)
}

// TestOneRolesRules: what is shown of one role is its own part first, and of the
// disclosures those that it decides on; an unknown table of a later document is
// passed over.
func TestOneRolesRules(t *testing.T) {
	_, b, _ := world(t)
	mine := b.For("receiver")
	if len(mine.Parts) == 0 || mine.Parts[0].ID != "role-receiver" || mine.Parts[0].Level != 2 {
		t.Fatalf("it begins with %+v", mine.Parts)
	}
	for _, p := range mine.Parts {
		if strings.HasPrefix(p.ID, "role-") && p.ID != "role-receiver" || strings.HasPrefix(p.ID, "disclose-police") {
			t.Errorf("the receiver is shown %s", p.ID)
		}
	}
	if len(b.For("nobody").Parts) >= len(mine.Parts) || len(b.Parts) <= len(mine.Parts) {
		t.Error("everybody is shown the same")
	}
}

// What somebody may share and nobody there can open is said beside what they may share,
// with who could; of a term, that the sharer chooses it; and of a basis the days that are known.
func TestTheBookSaysWhatElseIsNeeded(t *testing.T) {
	e, _, _ := world(t)
	law, err := e.Readable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := book.New(law, book.Words{Lang: "en", Has: func(string) bool { return true }, Relied: func(basis string) (from, until string) {
		return map[string]string{"RPL115-2": "2023-07-03"}[basis], ""
	}, Text: func(key string, args ...any) string { return fmt.Sprint(key, args) }})
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"region", "prison_service", "self_governing"} {
		for from, want := range map[string]bool{"municipality": true, "police": false} {
			note := tables(b, "disclose-"+from+"-"+to, "rules.pair.what")[0].Note
			if said := strings.Contains(note, "rules.unopened.note[web.role.police_coordinator[] Web.role.municipal_coordinator[]: audit.object.request[], audit.object.offer[]]"); said != want {
				t.Errorf("%s to %s: %q", from, to, note)
			}
		}
	}
	rows := tables(b, "disclose-municipality-region", "rules.pair.bases")[0].Rows
	if n := len(rows[0]); rows[0][n-1].Text != "rules.valid.relied[rules.valid.from[2023-07-03]]" || !strings.HasPrefix(rows[0][n-2].Text, "rules.terms.one[Assessment.field.terms.no_onward[]; Assessment.field.terms.ask_first[]; ") {
		t.Errorf("the bases are %+v", rows)
	}
}
