package assessment

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
)

// Whom a passed time limit is told to, and how long after it (domain.md 2.2,
// invariant 7).
var levels = []struct {
	name  string
	after time.Duration
}{{"owner", 0}, {"deputy", 24 * time.Hour}, {"manager", 48 * time.Hour}}

// clocks tells of passed time limits, without content, and lets those out whose
// work ends at an age. One case that cannot keeps no other from it.
func (x *room) clocks(ctx context.Context) error {
	var failed error
	for _, c := range []struct {
		due func(context.Context) ([]hub.ID, error)
		do  func(context.Context, hub.ID) error
	}{{x.overdue, x.tick}, {x.grown, x.outgrow}} {
		ids, err := c.due(ctx)
		failed = errors.Join(failed, err)
		for _, id := range ids {
			failed = errors.Join(failed, c.do(ctx, id))
		}
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

// outgrown reports whether people of a department work with the young only, and
// the subject is young no more.
func (x *room) outgrown(ctx context.Context, tx *pg.Tx, subject hub.ID, a hub.AuthorityID, department string) (bool, error) {
	age := x.Structure.UntilAge(a, department)
	if age == 0 {
		return false, nil
	}
	s, err := tx.HoldSubject(ctx, subject)
	if hub.CodeOf(err) == hub.CodeNotFound {
		return false, nil // forgotten meanwhile
	}
	return service.Outgrown(age, s.AgeBand), err
}

// grown lists the cases with somebody let in, or asked, whose authority or
// department the person has outgrown.
func (x *room) grown(ctx context.Context) (ids []hub.ID, err error) {
	err = x.DB.View(ctx, hub.System(x.Now(), x.NewID()), func(tx *pg.Tx) error {
		rows, err := tx.Query(ctx, `select c.id, c.subject, m.authority, m.department from member m join cases c on c.id = m.case_id where `+stateOf("$3")+` = $1 and c.closed_at is null
			union select c.id, c.subject, q.authority, q.department from request q join cases c on c.id = q.case_id where q.state = $2 and c.closed_at is null
			order by 1`, invited, asked, tx.Now)
		if err != nil {
			return err
		}
		let, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct {
			ID, Subject hub.ID
			Authority   hub.AuthorityID
			Department  string
		}])
		if err != nil {
			return err
		}
		ids = nil
		for _, l := range let {
			old, err := x.outgrown(ctx, tx, l.Subject, l.Authority, l.Department)
			if err != nil {
				return err
			}
			if old && !slices.Contains(ids, l.ID) {
				ids = append(ids, l.ID)
			}
		}
		return nil
	})
	return ids, err
}

// outgrow lets out of a case whoever is in it from where people work with the
// young only, once the person is young no more, takes back what they were asked,
// and leaves both coordinators the task to look at the circle (L27).
func (x *room) outgrow(ctx context.Context, id hub.ID) error {
	return x.DB.Command(ctx, hub.System(x.Now(), x.NewID()), about(hub.ActRevoke, "case", id), func(tx *pg.Tx) error {
		g, err := x.asSystem(ctx, tx, "follow", id)
		if err != nil {
			return err
		}
		c, err := lock(ctx, tx, g, id)
		if err != nil {
			return err
		}
		var ages []int
		circle, err := members(ctx, tx, id)
		if err != nil {
			return err
		}
		for i, m := range circle {
			old, err := x.outgrown(ctx, tx, c.Subject, m.Authority, m.Department)
			if err != nil {
				return err
			}
			if m.State != invited || !old {
				continue
			}
			ages = append(ages, x.Structure.UntilAge(m.Authority, m.Department))
			if err := letOut(ctx, tx, g, id, circle, m); err != nil {
				return err
			}
			circle[i].State = ended
			if _, err := tx.Record(ctx, g, pg.Entry{Act: hub.ActRevoke, Object: hub.Object{Kind: "case", ID: id, Version: c.Version}, Controller: c.Municipality,
				Subjects: []hub.ID{c.Subject}, Recipient: m.Authority, Fields: []string{}}); err != nil {
				return err
			}
			if err := tx.Tell(ctx, event.CircleChanged{Case: id, Item: id, Kind: "case", Person: m.Person}); err != nil {
				return err
			}
		}
		questions, err := requestsOf(ctx, tx, g, id)
		if err != nil {
			return err
		}
		for _, q := range questions {
			old, err := x.outgrown(ctx, tx, c.Subject, q.Authority, q.Department)
			if err != nil {
				return err
			}
			if q.State != asked || !old {
				continue
			}
			ages = append(ages, x.Structure.UntilAge(q.Authority, q.Department))
			if err := endRequest(ctx, tx, g, q); err != nil {
				return err
			}
		}
		slices.Sort(ages)
		for _, age := range slices.Compact(ages) {
			if err := tx.Tell(ctx, event.FollowUpNeeded{Case: id, Why: "grown", N: age, Due: tx.Now}); err != nil {
				return err
			}
		}
		return nil
	})
}
