//go:build !race

package policies

import (
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

var (
	actions = []string{"edit", "discard", "forward", "reroute", "check", "triage", "notify", "reveal", "follow", "bogus"}
	posts   = map[hub.Role]hub.AuthorityKind{hub.Reporter: hub.Municipality, hub.Institution: hub.SelfGoverning, hub.Receiver: hub.Municipality,
		hub.MunicipalCoordinator: hub.Municipality, hub.PoliceCoordinator: hub.Police, hub.CoreGroup: hub.Municipality, hub.DPO: hub.Police}
)

// standing is how acts.csv says in what capacities a question stands.
func standing(q Act) []string {
	var as []string
	if q.Author {
		as = append(as, "author")
	}
	switch {
	case q.Relation == "own" && q.ReceivedBy == q.Kind && q.Assigned:
		as = append(as, "own", "assigned")
	case q.Relation == "own" && q.ReceivedBy == q.Kind:
		as = append(as, "own")
	case q.Relation == "shared":
		as = append(as, "from_"+string(q.ReceivedBy))
	}
	return as
}

func TestVolumeActIsTheTableOfActs(t *testing.T) {
	e := engine(t)
	may := map[string]bool{}
	for _, row := range table(t, "acts.csv", "action", "role", "as", "states") {
		for _, state := range words(t, row[3], allStates) {
			key := strings.Join([]string{row[0], row[1], row[2], state}, " ")
			if may[key] {
				t.Fatalf("twice: %s", key)
			}
			may[key] = true
		}
	}
	var qs []Act
	for role, kind := range posts {
		for _, action := range actions {
			for _, state := range allStates {
				for _, relation := range relations {
					for _, by := range []hub.AuthorityKind{hub.Municipality, hub.Police} {
						for i := range 4 {
							qs = append(qs, Act{Action: action, Role: role, Kind: kind, Relation: relation, ReceivedBy: by, State: state,
								Assigned: i&1 > 0, Author: i&2 > 0, Purpose: hub.Prevention})
						}
					}
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
	}
	if len(used) != len(may) {
		t.Errorf("%d entries of the table are asked for, it has %d", len(used), len(may))
	}
	t.Logf("%d questions asked, %d places in the table", len(qs), len(may))
}

// Whoever may reveal a number sees the identity that it belongs to.
func TestVolumeRevealIsNeverMoreThanView(t *testing.T) {
	e := engine(t)
	for _, v := range places() {
		if v.Kind != posts[v.Role] || v.ReceivedBy != hub.Municipality && v.ReceivedBy != hub.Police {
			continue
		}
		q := Act{Action: "reveal", Role: v.Role, Kind: v.Kind, Relation: v.Relation, ReceivedBy: v.ReceivedBy, State: v.State,
			Assigned: v.Assigned, Author: v.Author, Purpose: v.Purpose}
		if ask(t, e, q).Allow && !slices.Contains(ask(t, e, v).Fields, "cpr") {
			t.Errorf("%+v may be revealed, and not seen", q)
		}
	}
}
