package assessment

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// Whom a passed time limit is told to, and how long after it (domain.md 2.2,
// invariant 7).
var levels = []struct {
	name  string
	after time.Duration
}{{"owner", 0}, {"deputy", 24 * time.Hour}, {"manager", 48 * time.Hour}}

// clocks tells of passed time limits, without content.
func (x *room) clocks(ctx context.Context) error {
	ids, err := x.overdue(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, id := range ids {
		failed = errors.Join(failed, x.tick(ctx, id)) // one that cannot speak keeps no other from it
	}
	return failed
}

// overdue lists the cases in this room's states whose clocks have something to
// say. From the recommendation on the clock is the room referral's.
func (x *room) overdue(ctx context.Context) (ids []hub.ID, err error) {
	now := x.Now()
	err = x.DB.View(ctx, hub.System(now, x.NewID()), func(tx *pg.Tx) error {
		rows, err := tx.Query(ctx, `select c.id from cases c join access.item i on i.id = c.id
			where i.state in ('opening', 'collecting', 'analysis', 'assessment') and step_told < 3 and next_at + make_interval(hours => 24 * step_told) <= $1
			order by c.id limit 500`, now)
		if err != nil {
			return err
		}
		ids, err = pgx.CollectRows(rows, pgx.RowTo[hub.ID])
		return err
	})
	return ids, err
}

// tick lets one case's clock speak. Those who have been told are not told again;
// two hubs at once tell once, because the row is locked.
func (x *room) tick(ctx context.Context, id hub.ID) error {
	return x.DB.Command(ctx, hub.System(x.Now(), x.NewID()), about(hub.ActAdmin, "case", id), func(tx *pg.Tx) error {
		g, err := x.asSystem(ctx, tx, "remind", id)
		if err != nil {
			return err
		}
		c, err := lock(ctx, tx, g, id)
		if err != nil {
			return err
		}
		rel, err := tx.Relation(ctx, "case", id)
		if err != nil {
			return err
		}
		told := c.StepTold
		for c.StepTold < len(levels) && !c.NextAt.Add(levels[c.StepTold].after).After(tx.Now) {
			for _, a := range []hub.AuthorityID{c.Municipality, c.Police} {
				if err := tx.Tell(ctx, event.CaseOverdue{Case: id, Authority: a, Step: rel.State, Due: c.NextAt, Level: levels[c.StepTold].name}); err != nil {
					return err
				}
			}
			c.StepTold++
		}
		if told == c.StepTold {
			return nil
		}
		if _, err := tx.Exec(ctx, `update cases set step_told = $2 where id = $1`, id, c.StepTold); err != nil {
			return err
		}
		_, err = tx.Record(ctx, g, pg.Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "case", ID: id, Version: c.Version}, Controller: c.Municipality,
			Subjects: []hub.ID{c.Subject}, Fields: []string{"next_date"}})
		return err
	})
}
