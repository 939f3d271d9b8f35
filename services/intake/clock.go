package intake

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// due is when a state should be left, by the structure file's limit for the
// concern's municipality; zero where it may last.
func (x *room) due(s State, c *concern, now time.Time) time.Time {
	limit, ok := x.Structure.Limit(string(s), c.Municipality, now)
	if !ok || limit.N == 0 {
		return time.Time{}
	}
	return x.Structure.Due(now, limit)
}

// retention is the rule and date by which a concern is erased (L22). A draft
// and what is under way run from their beginning; an outcome moves the date on.
func (x *room) retention(s State, c *concern, now time.Time) (rule string, at time.Time) {
	outcome, from := string(s), now
	switch s {
	case Draft:
		from = c.CreatedAt
	case Received, PoliceCheck, Acute, Triage:
		outcome = "open"
		if c.ReceivedAt != nil {
			from = *c.ReceivedAt
		}
	}
	r, ok := x.Structure.Erasure(outcome, c.Controller)
	if !ok {
		return "open", now // the structure file has one for each outcome; were it not so, nothing is kept
	}
	return r.Name(), r.EraseAt(from)
}

// Whom a passed time limit is told to, and how long after it (domain.md 2.2,
// invariant 7).
var levels = []struct {
	name  string
	after time.Duration
}{{"owner", 0}, {"deputy", 24 * time.Hour}, {"manager", 48 * time.Hour}}

// clocks tells of passed time limits, without content, and throws away drafts
// whose time is up.
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

// overdue lists the concerns whose clocks have something to say. A closed one
// has no step, but a child's clock runs on: the duty to notify does not end with
// the concern (L25).
func (x *room) overdue(ctx context.Context) (ids []hub.ID, err error) {
	now := x.Now()
	who := hub.System(now, x.NewID())
	err = x.DB.View(ctx, who, func(tx *pg.Tx) error {
		rows, err := tx.Query(ctx, `select id from intake.concern
			where (step_due is not null and step_told < 3 and step_due + make_interval(hours => 24 * step_told) <= $1)
			   or (child_due is not null and child_outcome = '' and child_told < 3 and child_due + make_interval(hours => 24 * child_told) <= $1)
			   or (state = 'draft' and erase_at <= $1)
			order by id limit 500`, now)
		if err != nil {
			return err
		}
		ids, err = pgx.CollectRows(rows, pgx.RowTo[hub.ID])
		return err
	})
	return ids, err
}

// tick lets one concern's clocks speak. Those who have been told are not told
// again; two hubs at once tell once, because the row is locked.
func (x *room) tick(ctx context.Context, id hub.ID) error {
	who := hub.System(x.Now(), x.NewID())
	return x.DB.Command(ctx, who, about(hub.ActAdmin, id), func(tx *pg.Tx) error {
		g, err := x.asSystem(ctx, tx, "remind", id)
		if err != nil {
			return err
		}
		c, err := lock(ctx, tx, g, id)
		if err != nil {
			return err
		}
		d := &doing{ctx: ctx, tx: tx, grant: g, concern: c}
		if c.State == Draft && !c.EraseAt.After(tx.Now) {
			if d.grant, err = x.asSystem(ctx, tx, "discard", id); err != nil {
				return err
			}
			if err := x.discard(d); err != nil {
				return err
			}
			return x.forget(d)
		}
		step, child := c.StepTold, c.ChildTold
		c.StepTold = d.remind(c.StepDue, c.StepTold, string(c.State))
		if c.ChildOutcome == "" {
			c.ChildTold = d.remind(c.ChildDue, c.ChildTold, "child")
		}
		if step == c.StepTold && child == c.ChildTold {
			return nil
		}
		if _, err := tx.Exec(ctx, `update intake.concern set step_told = $2, child_told = $3 where id = $1`, id, c.StepTold, c.ChildTold); err != nil {
			return err
		}
		if _, err := tx.Record(ctx, g, pg.Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "concern", ID: id, Version: c.Version},
			Controller: c.Controller, Subjects: []hub.ID{c.Subject}, Fields: []string{"due"}}); err != nil {
			return err
		}
		return d.tell()
	})
}

// asSystem asks whether the hub may do something by itself: remind, throw away
// what has run out, follow a fact. It decides nothing (L38).
func (x *room) asSystem(ctx context.Context, tx *pg.Tx, action string, id hub.ID) (policies.Grant, error) {
	rel, err := tx.Relation(ctx, "concern", id)
	if err != nil {
		return policies.Grant{}, err
	}
	return tx.Ask(ctx, policies.Act{Action: action, Role: tx.Who().Role, State: rel.State, Purpose: hub.Operation})
}

// remind adds the facts for every level that is due and not told yet.
func (d *doing) remind(due *time.Time, told int, step string) int {
	if due == nil {
		return told
	}
	owner := d.Controller
	if step == string(PoliceCheck) || step == string(Acute) || step == string(PoliceOnly) {
		owner = d.Police
	}
	for told < len(levels) && !due.Add(levels[told].after).After(d.tx.Now) {
		d.facts = append(d.facts, event.StepOverdue{Concern: d.ID, Authority: owner, Step: step, Due: *due, Level: levels[told].name})
		told++
	}
	return told
}

func (d *doing) tell() error {
	for _, f := range d.facts {
		if err := d.tx.Tell(d.ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// forget deletes a draft with its record and its fact.
func (x *room) forget(d *doing) error {
	if _, err := d.tx.Record(d.ctx, d.grant, pg.Entry{Act: hub.ActErase, Object: hub.Object{Kind: "concern", ID: d.ID, Version: d.Version},
		Controller: d.Controller, Subjects: []hub.ID{d.Subject}, Fields: []string{}}); err != nil {
		return err
	}
	if err := d.tell(); err != nil {
		return err
	}
	if err := d.tx.DropItem(d.ctx, d.grant, "concern", d.ID); err != nil {
		return err
	}
	return remove(d.ctx, d.tx, d.grant, d.ID)
}
