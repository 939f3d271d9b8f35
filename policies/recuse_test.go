//go:build !race

package policies

import (
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// Who may say that somebody is too close to what: every role at every kind of
// authority, in every situation, of oneself and of a colleague, in every state.
func TestRecuseIsTheTable(t *testing.T) {
	e := engine(t)
	type entry struct{ role, of, item, as string }
	may := map[entry]bool{}
	for _, row := range table(t, "recuse.csv", "role", "of", "item", "as") {
		for _, item := range words(t, row[2], allItems) {
			for _, as := range words(t, row[3], []string{"own", "assigned", "invited", "from_municipality", "from_police"}) {
				k := entry{row[0], row[1], item, as}
				if may[k] || row[1] != "self" && row[1] != "colleague" {
					t.Fatalf("twice, or of whom: %v", k)
				}
				may[k] = true
			}
		}
	}
	var qs []Recuse
	var want []bool
	used := map[entry]bool{}
	for _, state := range allStates {
		for _, role := range allRoles {
			for _, kind := range hub.AuthorityKinds[:5] {
				if at := sees[role]; role != hub.Manager && (len(at) == 0 || at[len(qs)%len(at)] != kind) {
					continue // somebody who may be nowhere, or is asked of in another state
				}
				for _, s := range []struct {
					relation string
					by, from hub.AuthorityKind
				}{{"own", kind, ""}, {"own", hub.Region, ""}, {"shared", hub.Police, hub.Police}, {"shared", hub.Municipality, hub.Municipality}, {"shared", hub.Region, hub.Region}, {"", kind, ""}} {
					for i := range 8 {
						assigned, self, lift := i&1 > 0, i&2 > 0, i&4 > 0
						q := Recuse{Role: role, Kind: kind, Relation: s.relation, ReceivedBy: s.by, SharedBy: s.from, State: state, Assigned: assigned, Self: self, Lift: lift, SameAuthority: true}
						if !lift {
							q.Ground = "4"
						}
						var as []string
						switch {
						case s.relation == "own" && s.by == kind:
							as = append(as, "own")
							if assigned {
								as = append(as, "assigned")
							}
						case s.relation == "shared":
							as = append(as, map[hub.AuthorityKind]string{hub.Police: "from_police", hub.Municipality: "from_municipality", hub.Region: "from_partner"}[s.from])
							if assigned {
								as = append(as, "invited")
							}
						}
						ok := false
						for _, a := range as {
							k := entry{string(role), map[bool]string{true: "self", false: "colleague"}[self], itemOf[state], a}
							here := may[k] && state != "draft" && !(lift && self)
							used[k] = used[k] || here
							ok = ok || here
						}
						qs, want = append(qs, q), append(want, ok)
					}
				}
			}
		}
	}
	for i, a := range answers(t, e, qs) {
		if a.Allow != want[i] {
			t.Errorf("%+v: %v %v, the table says %v", qs[i], a.Allow, a.Reasons, want[i])
		}
	}
	for k := range may {
		if !used[k] {
			t.Errorf("%+v is asked for nowhere", k)
		}
	}
	t.Logf("%d questions asked, %d places in the table", len(qs), len(may))
}
