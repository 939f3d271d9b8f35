package assessment

import (
	"cmp"
	"context"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/policies"
)

// recusals is what this room does about those who are too close to a case. Who takes over
// is of the circle, so that they go out of it as everybody else does (L27).
func (x *room) recusals() service.Recusals {
	return service.Recusals{Env: x.Env, Kind: "case", Home: "/cases", Tell: func(c service.Recused) event.Fact {
		return event.CaseRecusal{Case: c.Item, Authority: c.Authority, Person: c.Person, Substitute: c.Substitute, Lifted: c.Lifted}
	}, LetIn: func(ctx context.Context, tx *pg.Tx, g policies.Grant, subject hub.ID, p structure.Post, a pg.Assignment) error {
		if old, err := x.outgrown(ctx, tx, subject, p.Authority, p.Department); err != nil || old {
			return cmp.Or[error](err, hub.Invalid("substitute", "assessment.error.outgrown"))
		}
		return putMember(ctx, tx, g, a.Item, Member{ID: x.NewID(), Hat: p.Hat.ID, Person: p.Person, Authority: p.Authority, Department: p.Department, Role: p.Role,
			State: invited, Assignment: a.ID, Until: a.Until})
	}}
}
