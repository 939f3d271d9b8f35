//go:build !race

package policies

import (
	"slices"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// TestWhoeverIsLetInSeesSomething goes through all of assign.csv: whom a row lets in may,
// by the rules of viewing, see something of it in that state or in one that it comes to
// (an offer that is a draft is offered), or of a part of it (of a case, what is asked).
func TestWhoeverIsLetInSeesSomething(t *testing.T) {
	e := engine(t)
	comes := map[string][]string{"opening": {"collecting", "asked"}, "collecting": {"asked"}, "analysis": {"asked"}, "assessment": {"asked"}, "offer_draft": {"offered"}}
	home := map[hub.Role]hub.AuthorityKind{hub.MunicipalCoordinator: hub.Municipality, hub.PoliceCoordinator: hub.Police}
	senders := []hub.AuthorityKind{hub.Municipality, hub.Police, hub.PrisonService, hub.Region, hub.SelfGoverning}
	sees := func(target hub.Role, kind hub.AuthorityKind, own bool, state string) bool {
		v := View{Role: target, Kind: kind, Relation: "own", ReceivedBy: kind, State: state, Assigned: true, Purpose: hub.Prevention}
		if own {
			return ask(t, e, v).Allow
		}
		v.Relation = "shared"
		for class := range e.now.Load().classes {
			for _, by := range senders {
				for _, basis := range []hub.LegalBasis{"RPL115-2", "RPL115-1-1", "RPL115-1-2", "RPL115-1-3a", "RPL115-3", "CONSENT-EXIT"} {
					v.SharedBy, v.ReceivedBy, v.Basis, v.Classes = by, by, basis, class
					if ask(t, e, v).Allow {
						return true
					}
				}
			}
		}
		return false
	}
	rows := 0
	for _, row := range table(t, "assign.csv", "role", "whose", "target", "relation", "as", "states") {
		if !slices.Contains(words(t, row[4], []string{"give", "end"}), "give") {
			continue
		}
		kinds := []string{string(home[hub.Role(row[0])])}
		if row[1] != "own" {
			kinds = words(t, row[1], anyKind)
		}
		for _, kind := range kinds {
			for _, target := range words(t, row[2], names(allRoles)) {
				for _, state := range words(t, row[5], allStates) {
					rows++
					if !slices.ContainsFunc(append([]string{state}, comes[state]...), func(s string) bool {
						return sees(hub.Role(target), hub.AuthorityKind(kind), row[1] == "own" && row[3] == "own", s)
					}) {
						t.Errorf("a %s may let in a %s at a %s to what is %s and %s, who sees nothing", row[0], target, kind, row[3], state)
					}
				}
			}
		}
	}
	t.Logf("%d places", rows)
}
