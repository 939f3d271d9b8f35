//go:build !race

package policies

import (
	"slices"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// Who may break the glass, second it, give it back and review it: every role at
// every kind of authority, in every state, however the item came there; and each of
// the other attributes, where one of them decides (A047, A048, A052-A055).
func TestVolumeGlassIsAsDecided(t *testing.T) {
	e := engine(t)
	open := []string{"received", "police_check", "triage", "case", "opening", "collecting", "analysis", "assessment", "recommended", "follow_up", "closing"}
	home := map[hub.Role]hub.AuthorityKind{hub.MunicipalCoordinator: hub.Municipality, hub.PoliceCoordinator: hub.Police}
	near := func(q Glass) bool {
		return q.Relation == "own" && q.ReceivedBy == q.Kind || q.Relation == "shared" && slices.Contains(anyKind, string(q.SharedBy))
	}
	may := func(q Glass) bool {
		is := slices.Contains(anyKind, string(q.ReceivedBy)) && near(q) && !q.Recused && slices.Contains(open, q.State) && (q.Relation == "own" || q.State != "received" && q.State != "police_check") && q.Purpose == hub.Prevention && q.Basis == "EMERGENCY"
		other := q.SameAuthority && !q.Self && !q.Linked
		switch q.Step {
		case "break":
			return is && slices.Contains(breakers, q.Role) && slices.Contains(sees[q.Role], q.Kind) && q.Category == "life" && q.Habit != "" && !q.Overdue
		case "second":
			return is && home[q.Role] == q.Kind && q.Kind != "" && other
		case "end":
			return q.Purpose == hub.Prevention && q.Self && (slices.Contains(sees[q.Role], q.Kind) ||
				(q.Role == hub.Manager || q.Role == hub.DPO) && slices.Contains(anyKind, string(q.Kind)))
		case "review":
			return q.Role == hub.DPO && slices.Contains(anyKind, string(q.Kind)) && q.Purpose == hub.LogControl && other && !q.Recused
		}
		return false
	}
	var qs []Glass
	for _, step := range []string{"break", "second", "end", "review", "copy"} {
		purpose := hub.Prevention
		if step == "review" {
			purpose = hub.LogControl
		}
		for _, role := range allRoles {
			for _, kind := range hub.AuthorityKinds {
				q := Glass{Step: step, Role: role, Kind: kind, Purpose: purpose, Basis: "EMERGENCY", Category: "life", Habit: "first", SameAuthority: true, Self: step == "end"}
				if step == "end" || step == "review" {
					qs = append(qs, q)
					continue
				}
				for _, s := range situations() {
					for n, state := range allStates {
						if !slices.Contains(sees[role], kind) && n%9 > 0 {
							continue
						}
						q.Relation, q.ReceivedBy, q.SharedBy, q.State = s.relation, s.by, s.from, state
						qs = append(qs, q)
					}
				}
			}
		}
	}
	for _, q := range slices.Clone(qs) {
		if !may(q) {
			continue
		}
		for _, change := range []func(*Glass){func(q *Glass) { q.Recused = true }, func(q *Glass) { q.Overdue = true }, func(q *Glass) { q.Category = "curious" }, func(q *Glass) { q.Habit = "" },
			func(q *Glass) { q.Habit = "second" }, func(q *Glass) { q.Habit = "third" }, func(q *Glass) { q.SameAuthority = false }, func(q *Glass) { q.Self = !q.Self },
			func(q *Glass) { q.Linked = true }, func(q *Glass) { q.Purpose = hub.Operation }, func(q *Glass) { q.Basis = "" }, func(q *Glass) { q.Basis = "RPL115-2" }} {
			n := q
			change(&n)
			qs = append(qs, n)
		}
	}
	yes := 0
	for i, a := range answers(t, e, qs) {
		q := qs[i]
		if a.Allow != may(q) || len(a.Fields) > 0 {
			t.Fatalf("%+v: %+v, want %v", q, a, may(q))
		}
		if second := q.Step == "break" && q.Habit == "third"; a.Allow && slices.Contains(a.Obligations, "second_person") != second {
			t.Fatalf("%+v: %v", q, a.Obligations)
		}
		if again := q.Step == "break"; a.Allow && slices.Contains(a.Obligations, "step_up") != again { // A038
			t.Fatalf("%+v: %v", q, a.Obligations)
		}
		if a.Allow {
			yes++
		}
	}
	t.Logf("%d questions asked, %d allowed", len(qs), yes)
}
