package assessment

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// doing is one action on one case, inside its transaction.
type doing struct {
	ctx   context.Context
	tx    *pg.Tx
	grant policies.Grant
	rel   pg.Relation
	*casework
	State State
	made  hub.ID // what the action made, for the receipt
	facts []event.Fact
	of    hub.AuthorityID // of which the history names it
	entry pg.Entry        // what the trail is told, beyond what every action tells it
}

// change does one action on a case, whole or not at all: policy is asked, the
// row is locked, the step must fit the state, then do may change the case;
// state, history, record and outbox are written with it.
func (x *room) change(r *web.Request, a Action, act hub.Act, do func(d *doing) error) (CaseReceipt, error) {
	id, err := r.PathID("id")
	if err != nil {
		return CaseReceipt{}, err
	}
	ctx := r.Context()
	var done CaseReceipt
	err = x.DB.Command(ctx, r.Who, about(act, "case", id), func(tx *pg.Tx) error {
		operation := string(a) + " " + string(id)
		if had, err := x.Again(ctx, tx, r, operation, &done); err != nil || had {
			return err
		}
		d, err := x.begin(ctx, tx, a, id)
		if err != nil {
			return err
		}
		was := d.State
		d.State, _ = move(was, a) // begin has tried it
		if err := do(d); err != nil {
			return err
		}
		if d.State != was {
			x.enter(d.casework, d.State, tx.Now)
			if err := tx.Stage(ctx, d.grant, "case", id, string(d.State)); err != nil {
				return err
			}
		}
		if err := update(ctx, tx, d.grant, d.casework); err != nil {
			return err
		}
		done = CaseReceipt{ID: id, Case: id, State: d.State, Version: d.Version, At: tx.Now}
		if d.made != "" {
			done.ID, done.New = d.made, true
		}
		return x.finish(d, r, operation, a, act, done)
	})
	return done, err
}

// begin asks whether an action may be done, and locks the case. A step that
// does not fit the state is a Conflict for those who may see the state, and
// nothing at all for others (A026, A051).
func (x *room) begin(ctx context.Context, tx *pg.Tx, a Action, id hub.ID) (*doing, error) {
	rel, err := tx.Relation(ctx, "case", id)
	if err != nil {
		return nil, err
	}
	if _, conflict := move(State(rel.State), a); conflict != nil {
		g, err := tx.Ask(ctx, rel.View(tx.Who(), hub.Prevention))
		if err == nil {
			err = hub.NotFound() // of a closed case the reference is seen, and no state
			if g.Allows("state") {
				err = conflict
			}
		}
		return nil, err
	}
	g, err := tx.Ask(ctx, question(tx.Who(), rel, a))
	if err != nil {
		return nil, err
	}
	c, err := lock(ctx, tx, g, id)
	return &doing{ctx: ctx, tx: tx, grant: g, rel: rel, casework: c, State: State(rel.State)}, err
}

// enter sets what entering a state sets: the next date and the retention.
func (x *room) enter(c *casework, s State, now time.Time) {
	c.StepTold, c.NextAt = 0, x.due(s, c.Municipality, now)
}

// lastDay reads a day that must lie ahead, and gives its last second in
// Copenhagen: whatever ends then ends on that day, and is shown so.
func lastDay(p *hub.Problems, field, day string, now time.Time) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, day, hub.Copenhagen)
	switch {
	case day == "":
		p.Add(field, "error.required")
	case err != nil:
		p.Add(field, "error.date")
	case t.AddDate(0, 0, 1).Before(now):
		p.Add(field, "assessment.error.past")
	}
	return t.AddDate(0, 0, 1).Add(-time.Second)
}

// question is what policy is asked for an action on a case, a request or an
// answer.
func question(who hub.Actor, rel pg.Relation, a Action) policies.Question {
	return rel.Act(who, string(a), hub.Prevention)
}

// finish writes what every action leaves behind: history, record, facts and the
// receipt kept for a repeated request.
func (x *room) finish(d *doing, r *web.Request, operation string, a Action, act hub.Act, done CaseReceipt) error {
	if err := putStep(d.ctx, d.tx, d.grant, d.ID, a, d.State, d.of); err != nil {
		return err
	}
	e := d.entry
	e.Act, e.Controller, e.Subjects = act, d.Municipality, []hub.ID{d.Subject}
	e.Object = hub.Object{Kind: "case", ID: d.ID, Version: d.Version}
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

// Confirmation is one coordinator's confirmation of the circle: who of those
// proposed is let in, and why. The municipal coordinator's also discloses the
// case to the police, on its basis.
type Confirmation struct {
	Members []hub.ID     `json:"members"`                    // ids of proposed members of one's own authority; others are left out
	Reason  hub.Personal `json:"reason" min:"30" max:"2000"` // what they are let in for
	service.Basis
	Terms string `json:"terms,omitempty" enum:"no_onward ask_first within_cooperation" doc:"Whether the police may pass the case on to other authorities; the narrowest where it is missing."`
}

func (x *room) openCase(r *web.Request, in Confirmation) (CaseReceipt, error) {
	return x.change(r, Open, hub.ActDecide, func(d *doing) error {
		var p hub.Problems
		service.Text(&p, "reason", in.Reason, service.MinNecessity, service.MaxText)
		if in.Terms != "" && !slices.Contains(service.Terms, in.Terms) {
			p.Add("terms", "error.choose")
		}
		if err := p.Err(); err != nil {
			return err
		}
		who := d.tx.Who()
		both, err := putOpening(d.ctx, d.tx, d.grant, d.ID, party(who))
		if err != nil {
			return err
		}
		if who.Authority == d.Municipality {
			if err := x.shareCase(d, in); err != nil {
				return err
			}
		}
		if err := x.inviteProposed(d, in); err != nil {
			return err
		}
		if !both {
			d.facts = append(d.facts, event.CasePrepared{Case: d.ID, Concern: d.Concern, Authority: d.other(who.Authority), Due: d.NextAt})
			return nil
		}
		d.State, d.OpenedAt = Collecting, &d.tx.Now
		x.enter(d.casework, d.State, d.tx.Now)
		d.facts = append(d.facts, event.CaseOpened{Case: d.ID, Concern: d.Concern, Authority: d.Municipality, Police: d.Police, Due: d.NextAt})
		return nil
	})
}

// other is the other of the two parties' authorities.
func (c *casework) other(a hub.AuthorityID) hub.AuthorityID {
	if a == c.Municipality {
		return c.Police
	}
	return c.Municipality
}

// shareCase discloses the case to the police, once: everything but the address.
func (x *room) shareCase(d *doing, in Confirmation) error {
	_, err := x.Disclose(d.ctx, d.tx, service.Disclosure{Kind: "case", Item: d.ID, About: d.Subject, Version: d.Version, Controller: d.Municipality,
		State: string(Opening), To: d.Police, Classes: caseClasses, Basis: in.Basis, Terms: in.Terms})
	return err
}

// caseClasses is everything of a case that the two parties share. What is seen
// of it in which state is policy; the address is never among it.
var caseClasses = []string{"access", "assessment", "case_reference", "case_status", "circle", "clock", "closing", "conclusion", "follow_up", "identity",
	"inform", "meeting", "own_dimensions", "recommendations", "requests"}

// inviteProposed lets in those of the actor's own authority who were proposed
// and chosen. Who was proposed and is not chosen stays out.
func (x *room) inviteProposed(d *doing, in Confirmation) error {
	circle, err := members(d.ctx, d.tx, d.ID)
	if err != nil {
		return err
	}
	for _, id := range in.Members {
		m, ok := find(circle, id)
		if !ok || m.Authority != d.tx.Who().Authority || m.State != proposed || m.Recused {
			return hub.Invalid("members", "assessment.error.member")
		}
		if err := x.letIn(d, &m, in.Reason, d.EraseAt, service.Basis{}); err != nil {
			return err
		}
	}
	return nil
}

func find(circle []Member, id hub.ID) (Member, bool) {
	for _, m := range circle {
		if m.ID == id {
			return m, true
		}
	}
	return Member{}, false
}

// Invitation lets one named person into one case (D14, D15, D18). To a person of
// another authority the case is disclosed, on a basis.
type Invitation struct {
	Hat    hub.ID       `json:"hat"`
	Reason hub.Personal `json:"reason" min:"30" max:"2000"` // what they are let in for
	Until  string       `json:"until"`                      // YYYY-MM-DD: the last day; required
	service.Basis
}

func (x *room) inviteToCase(r *web.Request, in Invitation) (CaseReceipt, error) {
	return x.change(r, Invite, hub.ActGrant, func(d *doing) error {
		var p hub.Problems
		service.Text(&p, "reason", in.Reason, service.MinNecessity, service.MaxText)
		until := lastDay(&p, "until", in.Until, d.tx.Now)
		post, ok := x.Structure.Post(in.Hat)
		if !ok || !post.Holds(d.tx.Now) {
			p.Add("hat", "assessment.error.colleague")
		}
		if err := p.Err(); err != nil {
			return err
		}
		if until.After(d.EraseAt) {
			until = d.EraseAt
		}
		if old, err := x.outgrown(d.ctx, d.tx, d.Subject, post.Authority, post.Department); err != nil || old {
			return cmp.Or[error](err, hub.Invalid("hat", "assessment.error.outgrown"))
		}
		m, err := memberOf(d.ctx, d.tx, d.ID, in.Hat)
		if err != nil {
			return err
		}
		if m.State == invited {
			return hub.Conflict("assessment.error.already_in")
		}
		if m.ID == "" {
			m = Member{ID: x.NewID(), Hat: post.Hat.ID, Person: post.Person, Authority: post.Authority, Department: post.Department, Role: post.Role}
		}
		d.made = m.ID
		return x.letIn(d, &m, in.Reason, until, in.Basis)
	})
}

// letIn is the assignment that lets a member in, with the share it needs where
// the member's authority is another than the case's controller.
func (x *room) letIn(d *doing, m *Member, reason hub.Personal, until time.Time, b service.Basis) error {
	who := d.tx.Who()
	g, err := d.tx.Ask(d.ctx, x.mayInvite(who, d.rel, d.State, *m))
	if denied := new(policies.Denial); errors.As(err, &denied) {
		return x.notThem(d, "case", "hat", *m, denied.Reasons())
	}
	if err != nil {
		return err
	}
	if m.Authority != d.Municipality && m.Authority != d.Police {
		under, agreed, err := x.terms(d, d.tx.Who().Authority, m.Authority)
		if err != nil {
			return err
		}
		if m.Share, err = x.Disclose(d.ctx, d.tx, service.Disclosure{Kind: "case", Item: d.ID, About: d.Subject, Version: d.Version, Controller: d.Municipality,
			State: string(d.State), To: m.Authority, Classes: guestClasses, Until: until, Basis: b, Under: under, Agreed: agreed}); err != nil {
			return err
		}
	}
	if m.Assignment, err = d.tx.Assign(d.ctx, g, pg.Assignment{Kind: "case", Item: d.ID, Person: m.Person, Authority: m.Authority, Role: m.Role, Why: "invited", Until: until}); err != nil {
		return err
	}
	m.State, m.Until = invited, until
	if err := putMember(d.ctx, d.tx, g, d.ID, *m); err != nil {
		return err
	}
	sealed := x.Seal(d.Subject, place("case", d.ID))
	sealed.Put("member."+string(m.ID)+".reason", reason)
	texts, err := sealed.Texts()
	if err != nil {
		return err
	}
	if err := d.tx.PutTexts(d.ctx, g, d.ID, texts); err != nil {
		return err
	}
	if _, err := d.tx.Record(d.ctx, g, pg.Entry{Act: hub.ActGrant, Object: hub.Object{Kind: "case", ID: d.ID, Version: d.Version}, Controller: d.Municipality,
		Subjects: []hub.ID{d.Subject}, Recipient: m.Authority, Fields: []string{}}); err != nil {
		return err
	}
	d.facts = append(d.facts, event.CircleChanged{Case: d.ID, Item: d.ID, Kind: "case", Person: m.Person, Granted: true})
	return nil
}

// guestClasses is what an invited authority's share of a case names.
var guestClasses = []string{"case_status", "identity", "meeting", "own_dimensions"}

// mayInvite is the question whether somebody may be let into a case.
func (x *room) mayInvite(who hub.Actor, rel pg.Relation, state State, m Member) policies.Assign {
	a, _ := x.Structure.Authority(m.Authority)
	return policies.Assign{Role: who.Role, Kind: who.Kind, Relation: rel.Relation, State: string(state), Recused: rel.Recused,
		SameAuthority: m.Authority == who.Authority, Self: m.Person == who.Person, Target: m.Role, TargetKind: a.Kind}
}

func (x *room) uninviteFromCase(r *web.Request, _ struct{}) (CaseReceipt, error) {
	member, err := r.PathID("member")
	if err != nil {
		return CaseReceipt{}, err
	}
	return x.change(r, Uninvite, hub.ActRevoke, func(d *doing) error {
		circle, err := members(d.ctx, d.tx, d.ID)
		if err != nil {
			return err
		}
		m, ok := find(circle, member)
		if !ok {
			return hub.NotFound()
		}
		if m.State != invited {
			return hub.Conflict("error.already_ended")
		}
		may := x.mayInvite(d.tx.Who(), d.rel, d.State, m)
		may.End = true
		g, err := d.tx.Ask(d.ctx, may)
		if errors.As(err, new(*policies.Denial)) { // who is in is no secret to whoever lets people out
			return hub.Invalid("member", "assessment.error.others_member")
		}
		if err != nil {
			return err
		}
		if err := letOut(d.ctx, d.tx, g, d.ID, circle, m); err != nil {
			return err
		}
		d.made, d.entry.Recipient = m.ID, m.Authority
		d.facts = append(d.facts, event.CircleChanged{Case: d.ID, Item: d.ID, Kind: "case", Person: m.Person})
		return nil
	})
}

// letOut ends what let a member in: the assignment, and the share where nobody
// else of the authority is let in on it.
func letOut(ctx context.Context, tx *pg.Tx, g policies.Grant, id hub.ID, circle []Member, m Member) error {
	if err := tx.EndAssignment(ctx, g, m.Assignment); err != nil {
		return err
	}
	if m.Share != "" && !othersOf(circle, m) {
		if err := tx.Revoke(ctx, g, m.Share); err != nil {
			return err
		}
	}
	m.State = ended
	return putMember(ctx, tx, g, id, m)
}

// othersOf reports whether somebody else of the member's authority is let in on
// the same share.
func othersOf(circle []Member, m Member) bool {
	for _, o := range circle {
		if o.ID != m.ID && o.Share == m.Share && o.State == invited {
			return true
		}
	}
	return false
}
