//go:build !race

package policies

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// standing is how acts.csv says in what capacities a question stands.
func standing(q Act) []string {
	var as []string
	if q.Author {
		as = append(as, "author")
	}
	switch {
	case q.Relation == "own" && q.ReceivedBy == q.Kind:
		as = append(as, "own")
		if q.Assigned {
			as = append(as, "assigned")
		}
	case q.Relation == "shared" && slices.Contains(anyKind, string(q.SharedBy)):
		from := "from_partner"
		if q.SharedBy == hub.Municipality || q.SharedBy == hub.Police {
			from = "from_" + string(q.SharedBy)
		}
		as = append(as, from)
		if q.Assigned {
			as = append(as, "invited")
		}
	}
	return as
}

// acts expands acts.csv, and says of which item each action is.
func acts(t *testing.T) (may map[string]bool, of map[string]string) {
	t.Helper()
	may, of = map[string]bool{}, map[string]string{}
	for item, list := range actionsOf {
		for _, a := range list {
			of[a] = item
		}
	}
	for _, row := range table(t, "acts.csv", "action", "role", "as", "states") {
		for _, state := range words(t, row[3], allStates) {
			key := strings.Join([]string{row[0], row[1], row[2], state}, " ")
			if may[key] {
				t.Fatalf("twice: %s", key)
			}
			may[key] = true
			if item, known := of[row[0]]; !known || item != itemOf[state] && row[0] != "reveal" && row[0] != "export" {
				t.Errorf("%s is no action on an item in %s", row[0], state)
			}
		}
	}
	return may, of
}

// Every action by every role in every state. Where the table has the action for
// the role, in the states of its kind of item, every capacity is tried by
// itself; where it has not, everything that could allow it is tried at once, in
// each situation; and in the states of other items in one of them.
func TestVolumeActIsTheTableOfActs(t *testing.T) {
	e := engine(t)
	may, of := acts(t)
	has := map[string]bool{}
	for key := range may {
		k := strings.Fields(key)
		has[k[0]+" "+k[1]] = true
	}
	posts := maps.Clone(sees)
	posts[hub.Reporter], posts[hub.Manager], posts[hub.DPO] = []hub.AuthorityKind{hub.Region}, []hub.AuthorityKind{hub.Police}, []hub.AuthorityKind{hub.Municipality}
	from := func(k hub.AuthorityKind) func(hub.AuthorityKind) situation {
		return func(hub.AuthorityKind) situation { return shared(k, k) }
	}
	most := []func(hub.AuthorityKind) situation{from(hub.Municipality), from(hub.Police), from(hub.Region),
		func(own hub.AuthorityKind) situation { return situation{"own", own, ""} }}
	var qs []Act
	for action, item := range of {
		for role, kinds := range posts {
			for _, kind := range kinds {
				ask := func(s situation, state string, author, assigned bool) {
					qs = append(qs, Act{Action: action, Role: role, Kind: kind, Relation: s.relation, ReceivedBy: s.by, SharedBy: s.from, State: state,
						Assigned: assigned, Author: author, Purpose: hub.Prevention})
				}
				for n, state := range allStates {
					here := item == itemOf[state] || action == "reveal" || action == "export"
					if !here { // nobody does it there: one situation, by turns
						ask(most[n%len(most)](kind), state, true, true)
						continue
					}
					if !has[action+" "+string(role)] { // this role never does it: every situation, with all that could allow it
						for _, s := range most {
							ask(s(kind), state, true, true)
						}
						continue
					}
					for i := range 4 {
						author, assigned := i&1 > 0, i&2 > 0
						ask(situation{"own", kind, ""}, state, author, assigned)
						for _, from := range []hub.AuthorityKind{hub.Municipality, hub.Police, hub.Region} {
							ask(shared(from, from), state, author, assigned)
						}
					}
					ask(situation{"", kind, ""}, state, false, true)
					ask(situation{"", kind, ""}, state, true, true)
					ask(shared(hub.Municipality, hub.PrisonService), state, false, true)
					ask(shared(hub.SelfGoverning, hub.SelfGoverning), state, false, false)
				}
			}
		}
	}
	used := map[string]bool{}
	for i, a := range answers(t, e, qs) {
		q := qs[i]
		var want []string
		for _, as := range standing(q) {
			if key := strings.Join([]string{q.Action, string(q.Role), as, q.State}, " "); may[key] {
				want, used[key] = append(want, as), true
			}
		}
		slices.Sort(want)
		if a.Allow != (len(want) > 0) || a.Allow && !slices.Equal(a.Reasons, want) {
			t.Errorf("%+v: %v %v, the table says %v", q, a.Allow, a.Reasons, want)
		}
		if revealed := slices.Contains(a.Fields, "cpr"); revealed != (a.Allow && q.Action == "reveal") || len(a.Fields) > 1 {
			t.Errorf("%+v opens %v", q, a.Fields)
		}
		if out := slices.Contains(a.Obligations, "step_up"); out != (a.Allow && q.Action == "export") {
			t.Errorf("%+v obliges to %v", q, a.Obligations)
		}
	}
	if len(used) != len(may) {
		t.Errorf("%d entries of the table are asked for, it has %d", len(used), len(may))
	}
	t.Logf("%d questions asked, %d places in the table", len(qs), len(may))
}

// Whoever may reveal a number sees the identity that it belongs to; whoever may
// do anything with an item sees something of it.
func TestVolumeNobodyActsOnWhatHeDoesNotSee(t *testing.T) {
	e := engine(t)
	may, _ := acts(t)
	var looks []View
	var does []string
	for key := range may {
		k := strings.Fields(key)
		for _, kind := range sees[hub.Role(k[1])] {
			for _, s := range situations() {
				if s.relation == "shared" && (s.by != s.from || ground[[2]hub.AuthorityKind{s.from, kind}] == "") || s.relation != "shared" && s.by != kind {
					continue
				}
				q := place(hub.Role(k[1]), kind, s, k[2] == "author", k[2] == "assigned" || k[2] == "invited", k[3])
				if as := standing(Act{Role: q.Role, Kind: kind, Relation: s.relation, ReceivedBy: s.by, SharedBy: s.from, Assigned: q.Assigned, Author: q.Author}); slices.Contains(as, k[2]) {
					looks, does = append(looks, q), append(does, k[0])
				}
			}
		}
	}
	for i, a := range answers(t, e, looks) {
		if !a.Allow || does[i] == "reveal" && !slices.Contains(a.Fields, "cpr") {
			t.Errorf("%+v may %s, and sees %v", looks[i], does[i], a.Fields)
		}
	}
	t.Logf("%d places", len(looks))
}
