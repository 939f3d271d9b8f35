package intake

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// doing is one action on one concern, inside its transaction.
type doing struct {
	ctx   context.Context
	tx    *pg.Tx
	grant policies.Grant
	*concern
	facts []event.Fact
	entry pg.Entry // what the trail is told, beyond what every action tells it
}

// change does one action on a concern, whole or not at all: policy is asked,
// the row is locked, the step must fit the state, then do may change the row;
// state, history, record, access fact and outbox are written with it.
func (x *room) change(r *web.Request, id hub.ID, a Action, act hub.Act, do func(d *doing) error) (Receipt, error) {
	ctx := r.Context()
	var done Receipt
	err := x.DB.Command(ctx, r.Who, about(act, id), func(tx *pg.Tx) error {
		operation := string(a) + " " + string(id)
		first, err := x.first(ctx, tx, r, operation)
		if err != nil || first != nil {
			done = *orZero(first)
			return err
		}
		g, err := x.may(ctx, tx, a, id)
		if err != nil {
			return err
		}
		c, err := lock(ctx, tx, g, id)
		if err != nil {
			return err
		}
		to, err := move(c.State, a)
		if err != nil {
			return err
		}
		d := &doing{ctx: ctx, tx: tx, grant: g, concern: c}
		was := c.State
		c.State = to
		if err := do(d); err != nil {
			return err
		}
		if to == Gone {
			done = Receipt{ID: id, At: tx.Now}
			if err := x.forget(d); err != nil {
				return err
			}
			return x.Keep(ctx, tx, r, operation, done)
		}
		if c.State != was {
			x.enter(c, tx.Now)
			if err := tx.Stage(ctx, g, "concern", id, string(c.State)); err != nil {
				return err
			}
		}
		if err := update(ctx, tx, g, c); err != nil {
			return err
		}
		done = Receipt{ID: id, State: c.State, Version: c.Version, At: tx.Now}
		return x.finish(d, r, operation, a, act, done)
	})
	return done, err
}

// finish writes what every action leaves behind: history, record, facts and
// the receipt kept for a repeated request.
func (x *room) finish(d *doing, r *web.Request, operation string, a Action, act hub.Act, done Receipt) error {
	if err := putStep(d.ctx, d.tx, d.grant, d.ID, a, d.State); err != nil {
		return err
	}
	e := d.entry
	e.Act, e.Controller, e.Subjects = act, d.Controller, []hub.ID{d.Subject}
	e.Object = hub.Object{Kind: "concern", ID: d.ID, Version: d.Version}
	if e.Basis == "" {
		e.Basis = d.Basis
	}
	if _, err := d.tx.Record(d.ctx, d.grant, e); err != nil {
		return err
	}
	for _, f := range d.facts {
		if err := d.tx.Tell(d.ctx, f); err != nil {
			return err
		}
	}
	return x.Keep(d.ctx, d.tx, r, operation, done)
}

// may asks policy for an action. A step that does not fit the state is a
// Conflict for those who may see the concern, and nothing at all for others:
// the decision comes before any other answer (A026, A051).
func (x *room) may(ctx context.Context, tx *pg.Tx, a Action, id hub.ID) (policies.Grant, error) {
	rel, err := tx.Relation(ctx, "concern", id)
	if err != nil {
		return policies.Grant{}, err
	}
	if err := fits(ctx, tx, rel, a); err != nil {
		return policies.Grant{}, err
	}
	return tx.Ask(ctx, question(tx.Who(), rel, a))
}

// fits says that a step does not fit the state, to those who may see the state.
func fits(ctx context.Context, tx *pg.Tx, rel pg.Relation, a Action) error {
	_, conflict := move(State(rel.State), a)
	if a == Recall && (State(rel.State) == Triage) != (rel.ReceivedBy == hub.Police) { // the other authority has decided, or has nothing yet
		conflict = hub.Conflict("intake.error.step")
	}
	if conflict == nil {
		return nil
	}
	g, err := tx.Ask(ctx, rel.View(tx.Who(), hub.Prevention))
	if err == nil && g.Allows("state") {
		err = conflict
	}
	return err
}

// first gives the first receipt for this idempotency key, if there is one.
func (x *room) first(ctx context.Context, tx *pg.Tx, r *web.Request, operation string) (*Receipt, error) {
	var rec Receipt
	had, err := x.Again(ctx, tx, r, operation, &rec)
	if !had {
		return nil, err
	}
	return &rec, err
}

func orZero(r *Receipt) *Receipt {
	if r == nil {
		return new(Receipt)
	}
	return r
}

// disclosed is every class that a share of a concern can carry. What is seen of
// it in which state is policy; the reporter and the address are never among it.
var disclosed = []string{"access", "check", "clock", "identity", "narrative", "status", "summary", "triage"}

// share discloses the concern to another authority, by the hand of the actor.
func (x *room) share(d *doing, to hub.AuthorityID, b service.Basis) error {
	_, err := x.Disclose(d.ctx, d.tx, service.Disclosure{Kind: "concern", Item: d.ID, About: d.Subject, Version: d.Version, Controller: d.Controller,
		State: string(d.State), To: to, Classes: disclosed, Until: d.EraseAt, Basis: b})
	return err
}

// forward puts the concern before the police, and lets the receiver go: from
// here on the receiver sees the status (domain.md 2.4).
func (x *room) forward(d *doing, b service.Basis) error {
	due := x.due(PoliceCheck, d.concern, d.tx.Now)
	d.facts = append(d.facts, event.CheckRequested{Concern: d.ID, Authority: d.Controller, Police: d.Police, Due: due})
	if d.Controller == d.Police {
		return nil // received by the police: nothing is disclosed to anybody yet
	}
	return x.share(d, d.Police, b)
}

func (x *room) forwardConcern(r *web.Request, in service.Basis) (Receipt, error) {
	return x.onPath(r, Forward, hub.ActDecide, func(d *doing) error { return x.forward(d, in) })
}

// onPath is change for the concern that the path names.
func (x *room) onPath(r *web.Request, a Action, act hub.Act, do func(d *doing) error) (Receipt, error) {
	id, err := r.PathID("id")
	if err != nil {
		return Receipt{}, err
	}
	return x.change(r, id, a, act, do)
}

// Recalling takes a concern back: why it should not have been given.
type Recalling struct {
	Reason hub.Personal `json:"reason" min:"20" max:"2000"`
}

// recallConcern takes a concern back from the authority that it was put before, while
// that one has not decided (P16): its share and what its people were let in by end in
// the same commit, the concern waits again where it was given from, and what the own
// coordinator said of it since counts no more. To give it again is another disclosure.
func (x *room) recallConcern(r *web.Request, in Recalling) (Receipt, error) {
	return x.onPath(r, Recall, hub.ActRevoke, func(d *doing) error {
		if by, err := judgedBy(d.ctx, d.tx, d.ID, "municipality"); err != nil || by != "" {
			return cmp.Or[error](err, hub.Conflict("intake.error.judged"))
		}
		var p hub.Problems
		service.Text(&p, "reason", in.Reason, service.MinReason, service.MaxText)
		if err := p.Err(); err != nil {
			return err
		}
		from := d.Police
		if d.Controller == d.Police {
			from = d.Municipality
		}
		if _, err := d.tx.RevokeAll(d.ctx, d.grant, "concern", d.ID, from); err != nil {
			return err
		}
		if err := x.letOut(d, from); err != nil {
			return err
		}
		if err := voidJudgements(d.ctx, d.tx, d.grant, d.ID); err != nil {
			return err
		}
		d.CheckOutcome = ""
		d.entry = pg.Entry{Recipient: from, Why: in.Reason, Fields: []string{}}
		d.facts = append(d.facts, event.ConcernRecalled{Concern: d.ID, Authority: d.Controller, From: from})
		return nil
	})
}

// letOut ends what the people of an authority were let in by.
func (x *room) letOut(d *doing, of hub.AuthorityID) error {
	all, err := d.tx.Assignments(d.ctx, "concern", d.ID)
	for _, a := range all {
		if a.Authority != of {
			continue
		}
		if err := d.tx.EndAssignment(d.ctx, d.grant, a.ID); err != nil {
			return err
		}
		if err := x.accessChanged(d.ctx, d.tx, d.grant, d.concern, hub.ActRevoke, a.Person, false); err != nil {
			return err
		}
	}
	return err
}

// Reroute says where a concern belongs instead.
type Rerouting struct {
	Track string `json:"track"`
}

func (x *room) rerouteConcern(r *web.Request, in Rerouting) (Receipt, error) {
	return x.onPath(r, Reroute, hub.ActDecide, func(d *doing) error {
		if !slices.Contains(Tracks, in.Track) {
			return hub.Invalid("track", "error.choose")
		}
		d.Track = in.Track
		if in.Track == "statutory_notification" && d.ChildOutcome == "" {
			d.ChildOutcome = "notified" // the rerouting is the notification
		}
		d.facts = append(d.facts, event.ConcernRerouted{Concern: d.ID, Authority: d.Controller, Track: in.Track})
		return nil
	})
}

// PoliceAnswer is the outcome of the police check: never a reason. Where the
// police received the concern, to release it is to disclose it to the
// municipality, which needs its basis.
type PoliceAnswer struct {
	Outcome string `json:"outcome"` // released, police_only, acute; confirmed: still the police alone
	Version int    `json:"version,omitempty" doc:"Of the concern that was read. Where the police have answered already it is required: nobody answers over an answer that they have not seen."`
	service.Basis
}

// answered is what whoever answers without having seen an answer is told of it.
var answered = map[string]string{"police_only": "intake.error.answered.police_only", "acute": "intake.error.answered.acute"}

var checkActions = map[string]Action{"released": Release, "police_only": Keep, "acute": CallOut, "confirmed": Confirm}

func (x *room) completePoliceCheck(r *web.Request, in PoliceAnswer) (Receipt, error) {
	a, ok := checkActions[in.Outcome]
	if !ok {
		a = Release // who may not answer at all learns nothing of what is wrong with the answer (A026)
	}
	return x.onPath(r, a, hub.ActDecide, func(d *doing) error {
		if !ok {
			return hub.Invalid("outcome", "error.choose")
		}
		if in.Purpose != "" && !slices.Contains(service.Purposes, in.Purpose) {
			return hub.Invalid("purpose", "error.unknown_choice")
		}
		if told := answered[d.CheckOutcome]; told != "" && in.Version != d.Version {
			return hub.Conflict(told)
		}
		if a == Confirm {
			x.enter(d.concern, d.tx.Now) // the 30 days begin again
			return nil
		}
		d.CheckOutcome = in.Outcome
		d.facts = append(d.facts, event.CheckCompleted{Concern: d.ID, Authority: d.Controller, Police: d.Police,
			Outcome: in.Outcome, Due: x.due(d.State, d.concern, d.tx.Now)})
		if a == Release && d.Controller == d.Police {
			return x.share(d, d.Municipality, in.Basis)
		}
		return nil
	})
}

func (x *room) triageConcern(r *web.Request, in Judgement) (Receipt, error) {
	if in.Outcome != OtherTrack && slices.Contains(Tracks, in.Track) {
		in.Track = "" // chosen before the outcome was another
	}
	return x.onPath(r, Judge, hub.ActDecide, func(d *doing) error {
		if err := in.Check().Err(); err != nil {
			return err
		}
		if in.Version != 0 && in.Version != d.Version { // somebody has judged since the page was opened
			return hub.Conflict("intake.error.triage_changed")
		}
		party, other := "municipality", "police"
		if d.tx.Who().Kind == hub.Police {
			party, other = other, party
		}
		// Identity decides, not account and not hat: nobody agrees with themselves (A047).
		if by, err := judgedBy(d.ctx, d.tx, d.ID, other); err != nil || by == d.tx.Who().Person {
			return cmp.Or[error](err, hub.Conflict("intake.error.second_person"))
		}
		if by, err := judgedBy(d.ctx, d.tx, d.ID, party); err != nil || by != "" && by != d.tx.Who().Person && in.Version != d.Version {
			return cmp.Or[error](err, hub.Conflict("intake.error.triage_changed")) // a colleague's, which was not seen
		}
		sealed, err := x.Vault.Seal(d.Subject, where(d.ID, "judgement."+party), in.Rationale)
		if err != nil {
			return err
		}
		municipal, police, err := putJudgement(d.ctx, d.tx, d.grant, d.ID, party, in, sealed)
		if err != nil {
			return err
		}
		if d.State = agree(municipal, police); d.State == Triage {
			return nil
		}
		d.TriageOutcome, d.Track = string(d.State), in.Track
		d.facts = append(d.facts, event.ConcernTriaged{Concern: d.ID, Subject: d.Subject, Authority: d.Controller, Police: d.Police, Outcome: string(d.State)})
		return nil
	})
}

// Notification says how the duty to notify about a child was assessed (barnets
// lov § 133, L25).
type Notification struct {
	Outcome string       `json:"outcome"` // notified, not_needed
	Reason  hub.Personal `json:"reason"`
	Version int          `json:"version,omitempty" doc:"Of the concern that was read. Where the duty was assessed already it is required."`
}

func (x *room) assessNotification(r *web.Request, in Notification) (Receipt, error) {
	return x.onPath(r, Notify, hub.ActDecide, func(d *doing) error {
		var p hub.Problems
		if !slices.Contains(Notifications, in.Outcome) {
			p.Add("outcome", "error.choose")
		}
		service.Text(&p, "reason", in.Reason, 1, service.MaxText)
		if err := p.Err(); err != nil {
			return err
		}
		if d.ChildOutcome != "" && in.Version != d.Version {
			return hub.Conflict("intake.error.notified")
		}
		d.ChildOutcome = in.Outcome
		d.entry.Why = in.Reason
		return nil
	})
}

// enter sets what entering a state sets: its time limit and its retention.
func (x *room) enter(c *concern, now time.Time) {
	c.StepTold = 0
	c.StepDue = nil
	if due := x.due(c.State, c, now); !due.IsZero() {
		c.StepDue = &due
	}
	c.RetentionRule, c.EraseAt = x.retention(c.State, c, now)
}
