package intake

import (
	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
)

// glass is break-glass of concerns: how it is done is the same in every room.
func (x *room) glass() service.Glass {
	return service.Glass{Env: x.Env, Kind: "concern", Room: "intake",
		Broken: func(b pg.Glass) event.Fact {
			return event.ConcernGlassBroken{Concern: b.Item, Glass: b.ID, Owner: b.Owner, Authority: b.Authority, Category: b.Category, Until: b.Until}
		},
		Asked: func(b pg.Glass) event.Fact {
			return event.ConcernGlassAsked{Concern: b.Item, Glass: b.ID, Authority: b.Authority}
		},
		Answered: func(b pg.Glass, granted bool) event.Fact {
			return event.ConcernGlassAnswered{Concern: b.Item, Glass: b.ID, Authority: b.Authority, Person: b.Person, Granted: granted}
		}}
}

// Glasses are what the page says of break-glass.
func (v *ConcernView) Glasses() service.Glasses {
	return service.Glasses{At: "/concerns/" + string(v.ID), Open: v.Glass}
}
