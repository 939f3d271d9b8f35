package assessment

import (
	"slices"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
)

// glass is break-glass of cases: how it is done is the same in every room.
func (x *room) glass() service.Glass {
	return service.Glass{Env: x.Env, Kind: "case", Room: "assessment",
		Broken: func(b pg.Glass) event.Fact {
			return event.CaseGlassBroken{Case: b.Item, Glass: b.ID, Owner: b.Owner, Authority: b.Authority, Category: b.Category, Until: b.Until}
		},
		Asked: func(b pg.Glass) event.Fact {
			return event.CaseGlassAsked{Case: b.Item, Glass: b.ID, Authority: b.Authority}
		},
		Answered: func(b pg.Glass, granted bool) event.Fact {
			return event.CaseGlassAnswered{Case: b.Item, Glass: b.ID, Authority: b.Authority, Person: b.Person, Granted: granted}
		}}
}

// Broken reports whether the reader has it open in an emergency: to read, and nothing
// else.
func (v *CaseView) Broken() bool {
	return slices.ContainsFunc(v.Glass, func(b service.GlassView) bool { return b.Mine && b.Until != nil })
}

// Glasses are what the page says of break-glass.
func (v *CaseView) Glasses() service.Glasses {
	return service.Glasses{At: "/cases/" + string(v.ID), Open: v.Glass}
}
