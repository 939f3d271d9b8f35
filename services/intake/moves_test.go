//go:build !race

package intake

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// TestMovesAndRulesAgree: what makes sense in a state ([Moves]) and what somebody
// is allowed there (policy) are two tables of one process. A step that is in one
// of them alone can never be taken, or is never offered to anybody.
func TestMovesAndRulesAgree(t *testing.T) {
	e, err := policies.New()
	if err != nil {
		t.Fatal(err)
	}
	name := func(a Action) string { // as policy knows it
		if a == Assign || a == Unassign {
			return string(Assign)
		}
		return a.asked()
	}
	type place struct {
		action string
		state  State
	}
	var rules struct {
		Act   map[string]map[hub.Role]map[string]map[State]bool // action, role, standing, state
		Roles map[hub.Role]struct {
			Kinds map[hub.AuthorityKind]bool
		}
	}
	if err := json.Unmarshal(e.Document(), &rules); err != nil {
		t.Fatal(err)
	}
	// To stand to a concern in more ways opens no less: so everybody is asked for
	// with all the ways of the own authority, and with all those of a share.
	somebody := func(a Action, s State) bool {
		for role, r := range rules.Roles {
			for kind := range r.Kinds {
				for _, rel := range []pg.Relation{{Relation: "own", ReceivedBy: kind}, {Relation: "shared", ReceivedBy: hub.Municipality, SharedBy: hub.Municipality},
					{Relation: "shared", ReceivedBy: hub.Police, SharedBy: hub.Police}} {
					rel.State, rel.Assigned, rel.Author = string(s), true, true
					answer, err := e.Advise(t.Context(), question(hub.Actor{Hat: hub.Hat{Person: "p", Role: role, Kind: kind}}, rel, a))
					if err != nil {
						t.Fatal(err)
					}
					if answer.Allow {
						return true
					}
				}
			}
		}
		return false
	}
	moves, allowed, asked := map[place]bool{}, map[place]bool{}, map[string]bool{}
	for _, a := range Actions {
		for _, s := range States {
			p := place{name(a), s}
			if _, err := move(s, a); err == nil {
				moves[p] = true
			}
			if !asked[name(a)] && somebody(a, s) {
				allowed[p] = true
			}
		}
		asked[name(a)] = true
	}
	for p := range maps.Keys(allowed) {
		if !moves[p] {
			t.Errorf("policy allows somebody to %s in %s, where it leads nowhere", p.action, p.state)
		}
	}
	for p := range maps.Keys(moves) {
		if !allowed[p] {
			t.Errorf("%s makes sense in %s, and policy allows it nobody", p.action, p.state)
		}
	}
	ours := func(action string) bool { // other rooms have states of their own
		for _, standings := range rules.Act[action] {
			for _, states := range standings {
				if slices.ContainsFunc(States, func(s State) bool { return states[s] }) {
					return true
				}
			}
		}
		return false
	}
	for action := range rules.Act {
		if ours(action) && !asked[action] && !slices.Contains([]string{"reveal", "export"}, action) { // which move nothing
			t.Errorf("policy knows the action %s, and this room does not", action)
		}
	}
	t.Logf("%d places of %d states agree", len(moves), len(States))
}
