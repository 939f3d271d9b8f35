//go:build !race

package policies

import (
	"maps"
	"slices"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// Whom who may let in: every role at every kind of authority, every role and
// kind of the one who is let in, in every state.
func TestVolumeAssignIsTheTable(t *testing.T) {
	e := engine(t)
	type entry struct{ role, kind, target, relation, as, state string }
	may := map[entry]bool{}
	home := map[string]string{"municipal_coordinator": "municipality", "police_coordinator": "police"}
	for _, row := range table(t, "assign.csv", "role", "whose", "target", "relation", "as", "states") {
		kinds := []string{"own"}
		if row[1] != "own" {
			kinds = words(t, row[1], anyKind)
		}
		for _, kind := range kinds {
			for _, target := range words(t, row[2], names(allRoles)) {
				for _, as := range words(t, row[4], []string{"give", "end"}) {
					for _, state := range words(t, row[5], allStates) {
						k := entry{row[0], kind, target, row[3], as, state}
						if may[k] || home[row[0]] == "" {
							t.Fatalf("twice, or by whom: %v", k)
						}
						may[k] = true
					}
				}
			}
		}
	}
	var qs []Assign
	n := 0
	for _, role := range []hub.Role{hub.MunicipalCoordinator, hub.PoliceCoordinator} {
		for _, target := range allRoles {
			some := slices.ContainsFunc(slices.Collect(maps.Keys(may)), func(k entry) bool { return k.target == string(target) })
			for _, kind := range append(slices.Clone(hub.AuthorityKinds), "") {
				for _, state := range allStates {
					for i := range 8 {
						q := Assign{Role: role, Kind: sees[role][0], Relation: relations[i%2], State: state, SameAuthority: i&2 > 0, Target: target, TargetKind: kind, End: i&4 > 0}
						// whom nobody may let in, and what cannot be: some of each
						if n++; n%11 > 0 && (!some || q.SameAuthority && kind != "" && kind != q.Kind || !q.SameAuthority && role == hub.MunicipalCoordinator) {
							continue
						}
						qs = append(qs, q)
					}
				}
			}
		}
	}
	used := map[entry]bool{}
	for i, a := range answers(t, e, qs) {
		q := qs[i]
		k := entry{string(q.Role), string(q.TargetKind), string(q.Target), q.Relation, "give", q.State}
		if q.SameAuthority {
			k.kind = map[bool]string{true: "own", false: "none"}[q.TargetKind == "" || q.TargetKind == q.Kind]
		}
		if q.End {
			k.as = "end"
		}
		if a.Allow != may[k] {
			t.Errorf("%+v: %v %v, the table says %v", q, a.Allow, a.Reasons, may[k])
		}
		used[k] = used[k] || may[k]
	}
	for k := range may {
		if !used[k] {
			t.Errorf("%+v is asked for nowhere", k)
		}
	}
	// Somebody else lets nobody in, wherever it would be right to.
	var others []Assign
	turn := 0
	for _, role := range allRoles {
		for _, kind := range hub.AuthorityKinds {
			for k := range may {
				if turn++; turn%29 > 0 && role != hub.MunicipalCoordinator || home[string(role)] == string(kind) && may[entry{string(role), k.kind, k.target, k.relation, k.as, k.state}] {
					continue
				}
				q := Assign{Role: role, Kind: kind, Relation: k.relation, State: k.state, SameAuthority: k.kind == "own", Target: hub.Role(k.target), End: k.as == "end"}
				if k.kind != "own" {
					q.TargetKind = hub.AuthorityKind(k.kind)
				}
				others = append(others, q)
			}
		}
	}
	for i, a := range answers(t, e, others) {
		if a.Allow {
			t.Errorf("%+v is allowed", others[i])
		}
	}
	t.Logf("%d and %d questions asked, %d places in the table", len(qs), len(others), len(may))
}
