package intake

import (
	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/service"
)

// recusals is what the room does about those who are too close to a concern.
func (x *room) recusals() service.Recusals {
	return service.Recusals{Env: x.Env, Kind: "concern", Home: "/concerns", Tell: func(c service.Recused) event.Fact {
		return event.ConcernRecusal{Concern: c.Item, Authority: c.Authority, Person: c.Person, Substitute: c.Substitute, Lifted: c.Lifted}
	}}
}
