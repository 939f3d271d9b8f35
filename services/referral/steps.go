package referral

import (
	"context"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// doing is one action on one case, or on one offer of a case, inside its
// transaction.
type doing struct {
	ctx   context.Context
	tx    *pg.Tx
	grant policies.Grant
	rel   pg.Relation // to what the action is on
	*course
	State State  // of the case
	was   State  // before
	offer *offer // what it is on, where that is an offer
	made  hub.ID // what the action made, for the receipt
	facts []event.Fact
	entry pg.Entry        // what the trail is told, beyond what every action tells it
	out   []pg.Assignment // that the action ended
}

// begin finds what an action is on: locked, judged by policy, and in a state that
// the action fits.
type begin func(ctx context.Context, tx *pg.Tx, a Action, id hub.ID) (*doing, error)

// onCase does one action on the case that the path names.
func (x *room) onCase(r *web.Request, a Action, act hub.Act, do func(d *doing) error) (ReferralReceipt, error) {
	return x.change(r, "case", a, act, x.beginCase, do)
}

// onOffer does one action on the offer that the path names.
func (x *room) onOffer(r *web.Request, a Action, act hub.Act, do func(d *doing) error) (ReferralReceipt, error) {
	return x.change(r, "offer", a, act, x.beginOffer, do)
}

// change does one action, whole or not at all: policy is asked, the rows are
// locked, the step must fit the state, then do may change them; states, history,
// record and outbox are written with it.
func (x *room) change(r *web.Request, kind string, a Action, act hub.Act, begin begin, do func(d *doing) error) (ReferralReceipt, error) {
	id, err := r.PathID("id")
	if err != nil {
		return ReferralReceipt{}, err
	}
	ctx := r.Context()
	var done ReferralReceipt
	err = x.DB.Command(ctx, r.Who, about(act, kind, id), func(tx *pg.Tx) error {
		operation := string(a) + " " + string(id)
		if had, err := x.Again(ctx, tx, r, operation, &done); err != nil || had {
			return err
		}
		d, err := begin(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if err := do(d); err != nil {
			return err
		}
		if done, err = x.finish(d, a, act); err != nil {
			return err
		}
		return x.Keep(ctx, tx, r, operation, done)
	})
	return done, err
}

// judge asks whether an action may be done with an item. A step that does not
// fit the state is a Conflict for those who may see the state, and nothing at all
// for others (A026, A051).
func judge(ctx context.Context, tx *pg.Tx, rel pg.Relation, a Action, conflict error) (policies.Grant, error) {
	if conflict != nil {
		g, err := tx.Ask(ctx, rel.View(tx.Who(), hub.Prevention))
		if err == nil && g.Allows("state") {
			err = conflict
		}
		if err == nil {
			err = hub.NotFound()
		}
		return policies.Grant{}, err
	}
	return tx.Ask(ctx, question(tx.Who(), rel, a))
}

// question is what policy is asked for an action.
func question(who hub.Actor, rel pg.Relation, a Action) policies.Question {
	return rel.Act(who, a.asked(), hub.Prevention)
}

func (x *room) beginCase(ctx context.Context, tx *pg.Tx, a Action, id hub.ID) (*doing, error) {
	rel, err := tx.Relation(ctx, "case", id)
	if err != nil {
		return nil, err
	}
	_, conflict := move(State(rel.State), a)
	g, err := judge(ctx, tx, rel, a, conflict)
	if err != nil {
		return nil, err
	}
	c, err := x.courseOf(ctx, tx, g, rel)
	if err != nil {
		return nil, err
	}
	d := &doing{ctx: ctx, tx: tx, grant: g, rel: rel, course: c, was: State(rel.State)}
	d.State, err = move(d.was, a)
	return d, err
}

// beginOffer locks the case before the offer, as every other command does. For
// whoever is nothing to the offer there is no case: what is forbidden runs the
// statements of what never was, and no others (G7).
func (x *room) beginOffer(ctx context.Context, tx *pg.Tx, a Action, id hub.ID) (*doing, error) {
	of, kind, err := offerOf(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	whole, err := tx.Relation(ctx, "case", of)
	if err != nil {
		return nil, err
	}
	rel, err := tx.Relation(ctx, "offer", id)
	if err != nil {
		return nil, err
	}
	d := &doing{ctx: ctx, tx: tx, rel: rel, was: State(whole.State), State: State(whole.State)}
	to, conflict := moveOffer(kind, OfferState(rel.State), a)
	if d.grant, err = judge(ctx, tx, rel, a, conflict); err != nil {
		return nil, err
	}
	if d.course, err = x.courseOf(ctx, tx, d.grant, whole); err != nil {
		return nil, err
	}
	all, err := offers(ctx, tx, d.grant, of)
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if o.ID == id {
			d.offer = o
		}
	}
	d.offer.State = to
	return d, nil
}

// courseOf is the row of a case, held until the command ends. A case that is
// closed before it was ever assessed gets its row here.
func (x *room) courseOf(ctx context.Context, tx *pg.Tx, g policies.Grant, rel pg.Relation) (*course, error) {
	c, err := lockCourse(ctx, tx, g, rel.ID)
	if err != nil || c != nil {
		return c, err
	}
	h, ok := x.Structure.InfohusOf(rel.Controller, tx.Now)
	if !ok {
		return nil, hub.Conflict("referral.error.step")
	}
	c = &course{ID: rel.ID, Subject: rel.About, Municipality: rel.Controller, Police: h.Police, Version: 1}
	if c.Concern, err = concernOf(ctx, tx, rel.ID); err != nil {
		return nil, err
	}
	x.enter(c, State(rel.State), tx.Now)
	if _, err := insertCourse(ctx, tx, g, c); err != nil {
		return nil, err
	}
	return c, nil
}

// enter sets what entering a state sets: the next date, and the retention of a
// case that is open.
func (x *room) enter(c *course, s State, now time.Time) {
	c.StepTold, c.NextAt = 0, x.due(s, c.Municipality, now)
	if rule, ok := x.Structure.Erasure("case", c.Municipality); ok {
		c.RetentionRule, c.EraseAt = rule.Name(), rule.EraseAt(now)
	}
}

// finish writes what every action leaves behind: states, rows, history, record
// and facts. The grant of the act carries its consequence for the case too: that
// a case is followed up once an offer is taken up is the process, and was judged
// with the taking up.
func (x *room) finish(d *doing, a Action, act hub.Act) (ReferralReceipt, error) {
	object, state, version := hub.Object{Kind: "case", ID: d.ID}, string(d.State), d.course.Version+1
	if d.State != d.was {
		if err := d.tx.Stage(d.ctx, d.grant, "case", d.ID, string(d.State)); err != nil {
			return ReferralReceipt{}, err
		}
	}
	if err := updateCourse(d.ctx, d.tx, d.grant, d.course); err != nil {
		return ReferralReceipt{}, err
	}
	e := d.entry
	e.Act, e.Controller, e.Subjects = act, d.Municipality, []hub.ID{d.Subject}
	if o := d.offer; o != nil {
		if err := x.keepOffer(d, o); err != nil {
			return ReferralReceipt{}, err
		}
		object, state, version, e.Controller = hub.Object{Kind: "offer", ID: o.ID}, string(o.State), o.Version, o.Sender
		if err := d.moved(); err != nil {
			return ReferralReceipt{}, err
		}
	}
	object.Version, e.Object = version, object
	if err := putStep(d.ctx, d.tx, d.grant, d.ID, a, objectOf(d.offer), state); err != nil {
		return ReferralReceipt{}, err
	}
	if _, err := d.tx.Record(d.ctx, d.grant, e); err != nil {
		return ReferralReceipt{}, err
	}
	if err := d.tell(); err != nil {
		return ReferralReceipt{}, err
	}
	return d.receipt(state, version), nil
}

// tell tells the facts of what was done.
func (d *doing) tell() error {
	for _, f := range d.facts {
		if err := d.tx.Tell(d.ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// moved records what an action on an offer did to the case.
func (d *doing) moved() error {
	if d.State == d.was {
		return nil
	}
	_, err := d.tx.Record(d.ctx, d.grant, pg.Entry{Act: hub.ActChange, Object: hub.Object{Kind: "case", ID: d.ID, Version: d.course.Version}, Controller: d.Municipality,
		Subjects: []hub.ID{d.Subject}, Fields: []string{"next_date", "state"}})
	return err
}

// receipt is the answer to a command. A receiver is not told of which case an
// offer is a part: two offers would tell that they are about one person.
func (d *doing) receipt(state string, version int) ReferralReceipt {
	done := ReferralReceipt{ID: d.ID, Case: d.ID, State: state, Version: version, At: d.tx.Now}
	if d.offer != nil {
		done.ID = d.offer.ID
		if d.rel.Relation != "own" || !coordinates(d.tx.Who().Role) {
			done.Case = ""
		}
	}
	if d.made != "" {
		done.ID, done.New = d.made, true
	}
	return done
}

// coordinates reports whether a role is one of the two that lead a case.
func coordinates(r hub.Role) bool { return r == hub.MunicipalCoordinator || r == hub.PoliceCoordinator }

func objectOf(o *offer) hub.ID {
	if o == nil {
		return ""
	}
	return o.ID
}

// keepOffer writes a changed offer and stages it. One that is over is closed with
// its case, or, of a child's notification, after it (S10).
func (x *room) keepOffer(d *doing, o *offer) error {
	if o.State.over() && o.EndedAt == nil {
		o.EndedAt = &d.tx.Now
	}
	if d.State == Closed && o.State.over() && o.State != OfferClosed {
		o.ClosedFrom, o.State = o.State, OfferClosed
	}
	if err := updateOffer(d.ctx, d.tx, d.grant, o); err != nil {
		return err
	}
	return d.tx.Stage(d.ctx, d.grant, "offer", o.ID, string(o.State))
}

// advance moves a case on to the follow-up where its offers say so.
func (x *room) advance(d *doing) error {
	if d.State != Recommended {
		return nil
	}
	all, err := offers(d.ctx, d.tx, d.grant, d.ID)
	if err != nil {
		return err
	}
	var list []standing
	for _, o := range all {
		if d.offer != nil && o.ID == d.offer.ID {
			o = d.offer
		}
		list = append(list, standing{o.Kind, o.State})
	}
	if onward(list) {
		d.State = FollowUp
		x.enter(d.course, FollowUp, d.tx.Now)
	}
	return nil
}

// keepTexts seals texts of a thing under the subject's key, and keeps them.
func (x *room) keepTexts(d *doing, kind string, id hub.ID, texts map[string]hub.Personal) error {
	sealed := x.Seal(d.Subject, place(kind, id))
	for field, t := range texts {
		sealed.Put(field, t)
	}
	list, err := sealed.Texts()
	if err != nil {
		return err
	}
	return d.tx.PutTexts(d.ctx, d.grant, id, list)
}
