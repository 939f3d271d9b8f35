package referral

import (
	"context"
	"errors"
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

// clocks tells of passed dates, without content, and ends what a person has
// outgrown and what its receiver has lost. One that cannot speak keeps no other from it.
func (x *room) clocks(ctx context.Context) error {
	var failed error
	for _, c := range []struct {
		sql string
		do  func(context.Context, hub.ID) error
	}{{lateCases, x.tick}, {lateOffers, x.tickOffer}, {lapsedOffers, x.lapse}} {
		ids, err := x.late(ctx, c.sql)
		failed = errors.Join(failed, err)
		for _, id := range ids {
			failed = errors.Join(failed, c.do(ctx, id))
		}
	}
	ids, err := x.grown(ctx)
	failed = errors.Join(failed, err)
	for _, id := range ids {
		failed = errors.Join(failed, x.outgrow(ctx, id))
	}
	return failed
}

const (
	lateCases = `select c.case_id from course c join access.item i on i.id = c.case_id where i.state in ('recommended', 'follow_up', 'closing')
		and step_told < 3 and next_at + make_interval(hours => 24 * step_told) <= $1 order by 1 limit 500`
	lateOffers = `select o.id from offer o join access.item i on i.id = o.id
		where (i.state = 'offered' or i.state = 'taken_up' and (o.kind = 'notification' or o.status in ('planned', 'running', 'paused')))
		and told < 3 and next_at + make_interval(hours => 24 * told) <= $1 order by 1 limit 500`
	lapsedOffers = `select o.id from offer o join access.item i on i.id = o.id where i.state in ('offered', 'taken_up')
		and exists (select from access.share h where h.item = o.id and h.from_at <= $1 and h.ended_at is not null)
		and not exists (select from access.share h where h.item = o.id and h.ended_at is null) order by 1 limit 500`
)

// late lists what has something to tell. Before the recommendation a case's clock
// is the room assessment's.
func (x *room) late(ctx context.Context, sql string) (ids []hub.ID, err error) {
	now := x.Now()
	err = x.DB.View(ctx, hub.System(now, x.NewID()), func(tx *pg.Tx) error {
		rows, err := tx.Query(ctx, sql, now)
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
		state, g, err := x.asSystem(ctx, tx, "remind", "case", id)
		if err != nil || state == string(Closed) {
			return err
		}
		c, err := lockCourse(ctx, tx, g, id)
		if err != nil || c == nil {
			return err
		}
		told := remind(c.NextAt, c.StepTold, tx.Now)
		for ; c.StepTold < told; c.StepTold++ {
			for _, a := range []hub.AuthorityID{c.Municipality, c.Police} {
				if err := tx.Tell(ctx, event.FollowUpOverdue{Case: id, Authority: a, Step: state, Due: c.NextAt, Level: levels[c.StepTold].name}); err != nil {
					return err
				}
			}
		}
		if _, err := tx.Exec(ctx, `update course set step_told = $2 where case_id = $1`, id, told); err != nil {
			return err
		}
		_, err = tx.Record(ctx, g, pg.Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "case", ID: id, Version: c.Version}, Controller: c.Municipality,
			Subjects: []hub.ID{c.Subject}, Fields: []string{"next_date"}})
		return err
	})
}

// remind is how many levels have been told of a date when this is done.
func remind(due time.Time, told int, now time.Time) int {
	for told < len(levels) && !due.Add(levels[told].after).After(now) {
		told++
	}
	return told
}

// tickOffer lets one offer's clock speak: to the receiver while an answer or a
// receipt is hoped for, to whoever answers for the measure after.
func (x *room) tickOffer(ctx context.Context, id hub.ID) error {
	return x.system(ctx, "remind", id, func(d *doing) error {
		tx, o := d.tx, d.offer
		told := remind(o.NextAt, o.Told, tx.Now)
		for ; o.Told < told; o.Told++ {
			step := "measure"
			if o.State == Offered || o.Kind == notification {
				step = string(o.State)
			}
			if err := tx.Tell(ctx, event.FollowUpOverdue{Case: d.ID, Authority: o.Receiver, Step: step, Due: o.NextAt, Level: levels[o.Told].name, Person: o.Owner}); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `update offer set told = $2 where id = $1`, id, told); err != nil {
			return err
		}
		_, err := tx.Record(ctx, d.grant, pg.Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "offer", ID: id, Version: o.Version}, Controller: o.Sender,
			Subjects: []hub.ID{o.Subject}, Fields: []string{"next_date"}})
		return err
	})
}

// system does something with one offer by the clock, the case locked before it.
func (x *room) system(ctx context.Context, action string, id hub.ID, do func(d *doing) error) error {
	return x.DB.Command(ctx, hub.System(x.Now(), x.NewID()), about(hub.ActAdmin, "offer", id), func(tx *pg.Tx) error {
		of, err := caseOf(ctx, tx, id)
		if err != nil {
			return err
		}
		whole, err := tx.Relation(ctx, "case", of) // locked, as in every command
		if err != nil {
			return err
		}
		_, g, err := x.asSystem(ctx, tx, action, "offer", id)
		if err != nil {
			return err
		}
		c, err := lockCourse(ctx, tx, g, of)
		if err != nil || c == nil {
			return err
		}
		all, err := offers(ctx, tx, g, of)
		if err != nil {
			return err
		}
		for _, o := range all {
			if o.ID == id {
				return do(&doing{ctx: ctx, tx: tx, grant: g, course: c, offer: o, was: State(whole.State), State: State(whole.State)})
			}
		}
		return hub.NotFound()
	})
}

// grown lists the offers of measures that the person has outgrown, and on which
// something may still be given.
func (x *room) grown(ctx context.Context) (ids []hub.ID, err error) {
	err = x.DB.View(ctx, hub.System(x.Now(), x.NewID()), func(tx *pg.Tx) error {
		rows, err := tx.Query(ctx, `select o.id, o.subject, o.until_age from offer o join access.item i on i.id = o.id
			where o.until_age > 0 and (i.state in ('offered', 'taken_up')
				or i.state in ('not_taken_up', 'offer_ended') and (exists (select from access.share h where h.item = o.id and h.ended_by is null and h.until_at > $1)
					or exists (select from access.assignment a where a.item = o.id and a.ended_by is null and a.until_at > $1))) order by o.id limit 500`, tx.Now)
		if err != nil {
			return err
		}
		young, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct {
			ID, Subject hub.ID
			UntilAge    int
		}])
		if err != nil {
			return err
		}
		ids = nil
		for _, o := range young {
			s, err := tx.HoldSubject(ctx, o.Subject)
			if err == nil && service.Outgrown(o.UntilAge, s.AgeBand) {
				ids = append(ids, o.ID)
			} else if err != nil && hub.CodeOf(err) != hub.CodeNotFound {
				return err
			}
		}
		return nil
	})
	return ids, err
}

// lapse takes back an offer that its receiver has lost already: whoever let it be passed on
// does so no more.
func (x *room) lapse(ctx context.Context, id hub.ID) error {
	return x.system(ctx, "follow", id, func(d *doing) error {
		if err := x.halt(d, d.offer, "stopped"); err != nil {
			return err
		}
		return d.tell()
	})
}

// halt takes an offer back, or ends what it became, with everything that was given on it.
func (x *room) halt(d *doing, o *offer, outcome string) error {
	if err := x.takeBack(d, o, "withdrawn"); err != nil {
		return err
	}
	x.stop(o, outcome)
	if err := x.keepOffer(d, o); err != nil {
		return err
	}
	return x.recordOffer(d, o, hub.ActRevoke)
}

// outgrow ends an offer of a measure for the young when the person is young no
// more, with everything that was given on it, and leaves both coordinators the
// task to look at what comes instead (L27).
func (x *room) outgrow(ctx context.Context, id hub.ID) error {
	return x.system(ctx, "follow", id, func(d *doing) error {
		tx, o := d.tx, d.offer
		if o.State.over() {
			if err := x.leave(d, o); err != nil {
				return err
			}
			return d.tell()
		}
		if err := x.halt(d, o, "outgrown"); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRow(ctx, `select count(*) + 1 from task where case_id = $1 and why = 'outgrown'`, d.ID).Scan(&n); err != nil {
			return err
		}
		if err := putTask(ctx, tx, d.grant, x.NewID(), d.ID, d.Assessed, "outgrown", n, tx.Now); err != nil {
			return err
		}
		return d.tell()
	})
}
