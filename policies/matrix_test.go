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

	"github.com/infohus/infohus/pkg/hub"
)

// cell is one place of the matrix.
type cell struct {
	q     View
	class string
}

func (c cell) String() string {
	return fmt.Sprintf("%s at %s, relation %q, author %v, assigned %v, received by %s, in %s, sees of %s",
		c.q.Role, c.q.Kind, c.q.Relation, c.q.Author, c.q.Assigned, c.q.ReceivedBy, c.q.State, c.class)
}

// places is every question of the matrix.
func places() []View {
	var all []View
	for _, role := range allRoles {
		for _, kind := range hub.AuthorityKinds {
			for _, relation := range relations {
				for _, by := range hub.AuthorityKinds {
					for _, state := range allStates {
						for i := range 4 {
							all = append(all, place(role, kind, relation, i&1 > 0, i&2 > 0, by, state))
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

// matrix expands matrix.csv to the cells that it fills, each with its fields, sorted.
func matrix(t *testing.T) map[cell]string {
	t.Helper()
	yesno := map[string][]bool{"yes": {true}, "no": {false}, "*": {false, true}}
	filled := map[cell]string{}
	for i, row := range table(t, "matrix.csv", "role", "kind", "relation", "author", "assigned", "received_by", "state", "class", "fields") {
		fields := strings.Fields(row[8])
		slices.Sort(fields)
		var qs []View
		for _, role := range words(t, row[0], names(allRoles)) {
			for _, kind := range words(t, row[1], names(hub.AuthorityKinds)) {
				for _, relation := range words(t, row[2], relations) {
					for _, by := range words(t, row[5], names(hub.AuthorityKinds)) {
						for _, state := range words(t, row[6], allStates) {
							for _, author := range yesno[row[3]] {
								for _, assigned := range yesno[row[4]] {
									qs = append(qs, place(hub.Role(role), hub.AuthorityKind(kind), relation, author, assigned, hub.AuthorityKind(by), state))
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
			for _, class := range words(t, row[7], allClasses) {
				c := cell{q, class}
				if _, twice := filled[c]; twice {
					t.Fatalf("two rows name the cell: %s", c)
				}
				filled[c] = strings.Join(fields, " ")
			}
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
		for _, class := range allClasses {
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
			t.Errorf("%+v opens %v, which are in no class of a concern", q, left)
		}
		if a.Allow != (len(a.Fields) > 0) {
			t.Errorf("%+v: allow is %v with the fields %v", q, a.Allow, a.Fields)
		}
	}
	return now, cells
}

// answers asks every question, on every processor.
func answers[Q Question](t *testing.T, e *Engine, qs []Q) []Answer {
	t.Helper()
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
	one := cell{place(hub.PoliceCoordinator, hub.Police, "shared", false, false, hub.Municipality, "police_check"), "summary"}
	empty := cell{place(hub.Investigator, hub.Police, "own", true, true, hub.Police, "case"), "identity"}
	for name, change := range map[string]func(map[cell]string) cell{
		"emptied":       func(m map[cell]string) cell { delete(m, one); return one },
		"a field less":  func(m map[cell]string) cell { m[one] = strings.TrimPrefix(m[one], "channel "); return one },
		"a field more":  func(m map[cell]string) cell { m[one] += " wishes"; return one },
		"filled anew":   func(m map[cell]string) cell { m[empty] = "name"; return empty },
		"of the status": func(m map[cell]string) cell { c := cell{one.q, "status"}; m[c] = "reference"; return c },
	} {
		changed := maps.Clone(file)
		c := change(changed)
		if d := differences(changed, rules); len(d) != 1 || !strings.HasPrefix(d[0], c.String()+":") {
			t.Errorf("%s: %d differences, want one, of %s: %v", name, len(d), c, d)
		}
	}
}

// The other attributes of View, on every question that the matrix fills.
func TestVolumeViewIsNeverMoreThanTheMatrix(t *testing.T) {
	e := engine(t)
	filled := map[View]bool{}
	for c := range matrix(t) {
		filled[c.q] = true
	}
	for q := range filled {
		full := ask(t, e, q)
		with := func(change func(*View)) Answer { n := q; change(&n); return ask(t, e, n) }
		if a := with(func(q *View) { q.Purpose = hub.ChildWelfare }); !slices.Equal(a.Fields, full.Fields) {
			t.Fatalf("%+v: child_welfare opens %v", q, a.Fields)
		}
		for purpose, reason := range map[hub.Purpose]string{
			hub.Investigation: "purpose_investigation_never", hub.BenefitCheck: "purpose_benefit_check_never",
			hub.LogControl: "purpose_without_content", hub.Operation: "purpose_without_content", "": "purpose_unknown", "Prevention": "purpose_unknown",
		} {
			if a := with(func(q *View) { q.Purpose = purpose }); a.Allow || !slices.Equal(a.Reasons, []string{reason}) {
				t.Fatalf("%+v: purpose %q: %+v", q, purpose, a)
			}
		}
		if a := with(func(q *View) { q.Recused = true }); a.Allow || !slices.Equal(a.Reasons, []string{"recused"}) {
			t.Fatalf("%+v: recused: %+v", q, a)
		}
		if q.Relation != "shared" || q.Author {
			continue
		}
		for _, basis := range []hub.LegalBasis{"", "RPL115-1-3", "RPL115-3", "RPL114", "FVL28-DBL", "rpl115-2", "bogus"} {
			if a := with(func(q *View) { q.Basis = basis }); a.Allow || !slices.Equal(a.Reasons, []string{"nothing_shared"}) {
				t.Fatalf("%+v: basis %q: %+v", q, basis, a)
			}
		}
		for i, class := range allClasses { // a share opens no class that it does not name
			less := slices.Concat(allClasses[:i], allClasses[i+1:])
			a := with(func(q *View) { q.Classes = strings.Join(less, ",") })
			want := slices.DeleteFunc(slices.Clone(full.Fields), func(f string) bool { return slices.Contains(e.Fields(class), f) })
			if !slices.Equal(a.Fields, want) {
				t.Fatalf("%+v: without %s: %v, want %v", q, class, a.Fields, want)
			}
		}
	}
}

func TestVolumeClassesHaveEachFieldOnce(t *testing.T) {
	e := engine(t)
	seen := map[string]string{}
	for class, fields := range e.now.Load().classes {
		if class != "trail" && !slices.Contains(allClasses, class) {
			t.Errorf("the class %s is not in the matrix", class)
		}
		for _, f := range fields {
			if seen[f] != "" {
				t.Errorf("%s is in %s and in %s", f, seen[f], class)
			}
			seen[f] = class
		}
	}
}
