//go:build !race

package policies

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// cell is one place of the matrix.
type cell struct {
	q     View
	class string
}

func (c cell) String() string {
	return fmt.Sprintf("%s at %s, relation %q, author %v, assigned %v, glass %v, received by %s, shared by %q, in %s, sees of %s",
		c.q.Role, c.q.Kind, c.q.Relation, c.q.Author, c.q.Assigned, c.q.Glass, c.q.ReceivedBy, c.q.SharedBy, c.q.State, c.class)
}

// situations is whose an item may be, and how it may have come to somebody's
// authority: what is shared is the sender's own, or a municipality's (a case).
func situations() []situation {
	var all []situation
	for _, by := range hub.AuthorityKinds {
		all = append(all, situation{"own", by, ""}, situation{"", by, ""}, shared(by, by))
		if by != hub.Municipality {
			all = append(all, shared(hub.Municipality, by))
		}
	}
	return all
}

// How the item is the asker's own to see, beside having written it: it is assigned
// (yes), or not and its glass is not broken either (no), or is (glass).
var ways = []string{"no", "yes", "glass"}

// inWay is a question, with one of the ways. Whoever sees nothing has them all.
func inWay(role hub.Role, kind hub.AuthorityKind, s situation, author bool, way, state string) View {
	q := place(role, kind, s, author, way == "yes", state)
	q.Glass = way == "glass" || !slices.Contains(sees[role], kind)
	return q
}

// breakers may break the glass: those who see nothing that nobody let them into.
var breakers = []hub.Role{hub.Receiver, hub.CoreGroup, hub.LocalPolice}

// tried reports whether a question is one of the matrix. Every capacity is tried
// by itself where it means something: in what belongs to the own kind, and in
// what a kind that takes part has shared of its own. Elsewhere, and with roles
// that see nothing, everything that could open something is tried at once. The
// glass is tried in every situation by those who may break it.
func tried(role hub.Role, kind hub.AuthorityKind, s situation, author bool, way string) bool {
	most, near := author && way == "yes", s.by == kind || s.relation == "shared" && (s.by == s.from || s == shared(hub.Municipality, hub.Police))
	if !slices.Contains(sees[role], kind) {
		return most && near && s.by != hub.PrisonService && s.by != hub.SelfGoverning
	}
	if way == "glass" {
		return !author && (near && s.by != hub.HousingAssociation || slices.Contains(breakers, role))
	}
	return most || near && s.by != hub.HousingAssociation
}

// places is every question of the matrix.
func places() []View {
	var all []View
	for _, role := range allRoles {
		for _, kind := range hub.AuthorityKinds {
			for _, s := range situations() {
				for _, author := range []bool{false, true} {
					for _, way := range ways {
						if tried(role, kind, s, author, way) {
							for _, state := range allStates {
								all = append(all, inWay(role, kind, s, author, way, state))
							}
						}
					}
				}
			}
		}
	}
	return all
}

// words expands one value of a row; known is what it may be.
func words(t *testing.T, value string, known []string) []string {
	t.Helper()
	switch value {
	case "*":
		return known
	case "any":
		return anyKind
	}
	list := strings.Fields(value)
	for _, w := range list {
		if !slices.Contains(known, w) {
			t.Fatalf("%q is not one of %v", w, known)
		}
	}
	return list
}

// parties expands a column of kinds of authority, seen from one of them.
func parties(t *testing.T, value, kind string) []string {
	t.Helper()
	switch value {
	case "same":
		return []string{kind}
	case "other":
		return slices.DeleteFunc(slices.Clone(anyKind), func(k string) bool { return k == kind })
	case "-":
		return []string{""}
	case "*":
		return append(names(hub.AuthorityKinds), "")
	}
	return words(t, value, names(hub.AuthorityKinds))
}

// matrix expands matrix.csv to the cells that it fills, each with its fields, sorted.
func matrix(t *testing.T) map[cell]string {
	t.Helper()
	yesno := map[string][]bool{"yes": {true}, "no": {false}, "*": {false, true}}
	filled := map[cell]string{}
	for i, row := range table(t, "matrix.csv", "role", "kind", "relation", "author", "assigned", "received_by", "shared_by", "state", "class", "fields") {
		fields := strings.Fields(row[9])
		slices.Sort(fields)
		var qs []View
		for _, role := range words(t, row[0], names(allRoles)) {
			for _, kind := range words(t, row[1], names(hub.AuthorityKinds)) {
				by, from := parties(t, row[5], kind), parties(t, row[6], kind)
				for _, s := range situations() {
					if !slices.Contains(words(t, row[2], relations), s.relation) || !slices.Contains(by, string(s.by)) || !slices.Contains(from, string(s.from)) {
						continue
					}
					for _, state := range words(t, row[7], allStates) {
						for _, author := range yesno[row[3]] {
							for _, way := range words(t, row[4], ways) {
								if tried(hub.Role(role), hub.AuthorityKind(kind), s, author, way) {
									qs = append(qs, inWay(hub.Role(role), hub.AuthorityKind(kind), s, author, way, state))
								}
							}
						}
					}
				}
			}
		}
		if len(qs) == 0 || len(fields) == 0 {
			t.Fatalf("row %d of matrix.csv says nothing: %v", i+1, row)
		}
		for _, q := range qs {
			if class := row[8]; !slices.Contains(classesOf[itemOf[q.State]], class) {
				t.Fatalf("row %d of matrix.csv: an item in %s has no %q", i+1, q.State, class)
			}
			c := cell{q, row[8]}
			if _, twice := filled[c]; twice {
				t.Fatalf("two rows name the cell: %s", c)
			}
			filled[c] = strings.Join(fields, " ")
		}
	}
	return filled
}

func names[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

// opened is what the engine opens, cell by cell, and how many cells there are.
func opened(t *testing.T, e *Engine, qs []View) (map[cell]string, int) {
	t.Helper()
	now, cells := map[cell]string{}, 0
	for i, a := range answers(t, e, qs) {
		q := qs[i]
		left := slices.Clone(a.Fields)
		for _, class := range classesOf[itemOf[q.State]] {
			cells++
			var of []string
			left = slices.DeleteFunc(left, func(f string) bool {
				is := slices.Contains(e.Fields(class), f)
				if is {
					of = append(of, f)
				}
				return is
			})
			if len(of) > 0 {
				now[cell{q, class}] = strings.Join(of, " ")
			}
		}
		if len(left) > 0 {
			t.Errorf("%+v opens %v, which are in no class of such an item", q, left)
		}
		if a.Allow != (len(a.Fields) > 0) {
			t.Errorf("%+v: allow is %v with the fields %v", q, a.Allow, a.Fields)
		}
	}
	return now, cells
}

// answers asks every question, on every processor, and does not mind if others
// have them meanwhile.
func answers[Q Question](t *testing.T, e *Engine, qs []Q) []Answer {
	t.Helper()
	e.now.Load().limit = time.Minute
	all, errs := make([]Answer, len(qs)), make([]error, len(qs))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(qs)); i = next.Add(1) - 1 {
				all[i], errs[i] = e.Advise(t.Context(), qs[i])
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return all
}

// differences names every cell where the file and the engine differ.
func differences(file, engine map[cell]string) []string {
	var all []string
	for c, want := range file {
		if engine[c] != want {
			all = append(all, fmt.Sprintf("%s: the file says %q, the rules %q", c, want, engine[c]))
		}
	}
	for c, got := range engine {
		if _, ok := file[c]; !ok {
			all = append(all, fmt.Sprintf("%s: the file says %q, the rules %q", c, "", got))
		}
	}
	slices.Sort(all)
	return all
}

// L2 in part, L51 in part.
func TestVolumeViewIsTheMatrix(t *testing.T) {
	e := engine(t)
	file := matrix(t)
	rules, cells := opened(t, e, places())
	for i, d := range differences(file, rules) {
		if i == 50 {
			t.Fatal("… and more")
		}
		t.Run(d, func(t *testing.T) { t.Error(d) })
	}
	t.Logf("%d cells compared, %d of them not empty", cells, len(file))

	// Whatever one cell is changed to, exactly that cell is named.
	one := cell{place(hub.PoliceCoordinator, hub.Police, shared(hub.Municipality, hub.Municipality), false, false, "police_check"), "summary"}
	two := cell{place(hub.Partner, hub.Region, shared(hub.Municipality, hub.Police), false, true, "assessment"), "own_dimensions"}
	empty := cell{inWay(hub.Investigator, hub.Police, situation{"own", hub.Police, ""}, true, "yes", "case"), "identity"}
	broken := cell{inWay(hub.LocalPolice, hub.Police, shared(hub.Municipality, hub.Municipality), false, "glass", "triage"), "narrative"}
	for name, change := range map[string]func(map[cell]string) cell{
		"emptied":       func(m map[cell]string) cell { delete(m, one); return one },
		"a field less":  func(m map[cell]string) cell { m[one] = strings.TrimPrefix(m[one], "channel "); return one },
		"a field more":  func(m map[cell]string) cell { m[one] += " wishes"; return one },
		"filled anew":   func(m map[cell]string) cell { m[empty] = "name"; return empty },
		"of the status": func(m map[cell]string) cell { c := cell{one.q, "status"}; m[c] = "reference"; return c },
		"by the glass":  func(m map[cell]string) cell { delete(m, broken); return broken },
		"of a case":     func(m map[cell]string) cell { delete(m, two); return two },
		"more of it":    func(m map[cell]string) cell { c := cell{two.q, "assessment"}; m[c] = "level"; return c },
	} {
		changed := maps.Clone(file)
		c := change(changed)
		if d := differences(changed, rules); len(d) != 1 || !strings.HasPrefix(d[0], c.String()+":") {
			t.Errorf("%s: %d differences, want one, of %s: %v", name, len(d), c, d)
		}
	}
}

// The other attributes of View, on every question that the matrix fills: those
// that stop everybody by turns, and each class that a share does not name.
func TestVolumeViewIsNeverMoreThanTheMatrix(t *testing.T) {
	e := engine(t)
	filled := map[View]bool{}
	for c := range matrix(t) {
		if c.q.SharedBy != hub.HousingAssociation { // which is a reason of its own
			filled[c.q] = true
		}
	}
	purposes := []struct {
		purpose hub.Purpose
		reason  string
	}{
		{hub.Investigation, "purpose_investigation_never"}, {hub.BenefitCheck, "purpose_benefit_check_never"},
		{hub.LogControl, "purpose_without_content"}, {hub.Operation, "purpose_without_content"}, {"", "purpose_unknown"}, {"Prevention", "purpose_unknown"},
	}
	bases := []hub.LegalBasis{"", "RPL115-1-3", "CONSENT-EXIT", "RPL114", "FVL28-DBL", "rpl115-2", "bogus"}
	var asked, want []any
	var qs []View
	expect := func(q View, fields []string, reason string) {
		qs, asked, want = append(qs, q), append(asked, reason), append(want, fields)
	}
	list := slices.SortedFunc(maps.Keys(filled), func(a, b View) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	for i, full := range answers(t, e, list) {
		q := list[i]
		but := func(change func(*View)) View { n := q; change(&n); return n }
		p := purposes[i/4%len(purposes)]
		switch i % 4 {
		case 0:
			expect(but(func(q *View) { q.Purpose = hub.ChildWelfare }), full.Fields, "")
		case 1:
			expect(but(func(q *View) { q.Purpose = p.purpose }), nil, p.reason)
		case 2:
			expect(but(func(q *View) { q.Recused = true }), nil, "recused")
		case 3:
			expect(but(func(q *View) { q.ReceivedBy = hub.HousingAssociation }), nil, "receiver_unknown")
		}
		if q.Relation != "shared" { // then nobody shared it, whoever is said to have
			expect(but(func(q *View) { q.SharedBy = hub.AuthorityKinds[i%6] }), full.Fields, "")
			continue
		}
		if q.Author {
			continue
		}
		expect(but(func(q *View) { q.ReceivedBy = hub.AuthorityKinds[i%5] }), full.Fields, "") // whose it is makes no difference
		expect(but(func(q *View) { q.SharedBy = "" }), nil, "sender_unknown")
		if basis := bases[i%len(bases)]; basis != "CONSENT-EXIT" || itemOf[q.State] != "offer" {
			expect(but(func(q *View) { q.Basis = basis }), nil, "nothing_shared")
		}
		for _, class := range classesOf[itemOf[q.State]] { // a share opens no class that it does not name
			of := e.Fields(class)
			if slices.ContainsFunc(full.Fields, func(f string) bool { return slices.Contains(of, f) }) {
				less := slices.DeleteFunc(slices.Clone(allClasses), func(c string) bool { return c == class })
				left := slices.DeleteFunc(slices.Clone(full.Fields), func(f string) bool { return slices.Contains(of, f) })
				expect(but(func(q *View) { q.Classes = strings.Join(less, ",") }), left, "")
			}
		}
	}
	for i, a := range answers(t, e, qs) {
		fields, reason := want[i].([]string), asked[i].(string)
		if !slices.Equal(a.Fields, fields) || reason != "" && (a.Allow || !slices.Equal(a.Reasons, []string{reason})) {
			t.Fatalf("%+v: %+v, want %v %s", qs[i], a, fields, reason)
		}
	}
	t.Logf("%d questions of the matrix, %d asked about them", len(list), len(qs))
}

// A field is in one class of an item, so that what a share names says what it opens.
func TestClassesHaveEachFieldOnce(t *testing.T) {
	e := engine(t)
	for _, item := range allItems {
		seen := map[string]string{}
		for _, class := range classesOf[item] {
			if len(e.Fields(class)) == 0 {
				t.Errorf("%s has no fields, or is another class's narrower edition", class)
			}
			for _, f := range e.Fields(class) {
				if seen[f] != "" {
					t.Errorf("of %s, %s is in %s and in %s", item, f, seen[f], class)
				}
				seen[f] = class
			}
		}
	}
	for class := range e.now.Load().classes {
		if class != "trail" && !slices.Contains(allClasses, class) {
			t.Errorf("the class %s is not in the matrix", class)
		}
	}
}
