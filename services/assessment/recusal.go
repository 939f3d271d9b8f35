package assessment

import (
	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/service"
)

// recusals is what the room does about those who are too close to a case.
func (x *room) recusals() service.Recusals {
	return service.Recusals{Env: x.Env, Kind: "case", Home: "/cases", Tell: func(c service.Recused) event.Fact {
		return event.CaseRecusal{Case: c.Item, Authority: c.Authority, Person: c.Person, Substitute: c.Substitute, Lifted: c.Lifted}
	}}
}
