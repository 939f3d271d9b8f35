package assessment

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

func (x *room) requestInformation(r *web.Request, in Questions) (CaseReceipt, error) {
	return x.change(r, Ask, hub.ActDecide, func(d *doing) error {
		q, err := x.newRequest(d, in)
		if err != nil {
			return err
		}
		if old, err := x.outgrown(d.ctx, d.tx, d.Subject, q.Authority, q.Department); err != nil || old {
			return cmp.Or[error](err, hub.Invalid("authority", "assessment.error.outgrown"))
		}
		who := d.tx.Who()
		if err := insertRequest(d.ctx, d.tx, d.grant, q); err != nil {
			return err
		}
		if err := d.tx.PutItem(d.ctx, d.grant, pg.Item{Kind: "request", ID: q.ID, About: d.Subject, Controller: who.Authority, ReceivedBy: who.Kind, State: asked, CameOf: d.ID}); err != nil {
			return err
		}
		if err := x.letAnswer(d, q, in); err != nil {
			return err
		}
		sealed := x.Seal(d.Subject, place("request", q.ID))
		sealed.Put("questions", in.Questions)
		sealed.Put("necessity", in.Necessity)
		texts, err := sealed.Texts()
		if err != nil {
			return err
		}
		if err := d.tx.PutTexts(d.ctx, d.grant, q.ID, texts); err != nil {
			return err
		}
		d.made, d.entry.Recipient = q.ID, q.Authority
		d.facts = append(d.facts, event.InformationRequested{Case: d.ID, Request: q.ID, Authority: q.Authority, Due: q.DueAt})
		return nil
	})
}

// newRequest checks what is asked, and of whom.
func (x *room) newRequest(d *doing, in Questions) (*request, error) {
	var p hub.Problems
	who := d.tx.Who()
	service.Text(&p, "questions", in.Questions, 1, service.MaxText)
	service.Text(&p, "necessity", in.Necessity, service.MinNecessity, service.MaxText)
	a, ok := x.Structure.Authority(in.Authority)
	if !ok || in.Department != "" && !slices.ContainsFunc(a.Departments, func(dep structure.Department) bool { return dep.ID == in.Department }) {
		p.Add("authority", "error.choose")
	}
	due := x.due(Collecting, d.Municipality, d.tx.Now)
	if in.Due != "" {
		due = lastDay(&p, "due", in.Due, d.tx.Now)
	}
	var of []string // the departments of those who are asked by name
	for _, hat := range in.Hats {
		post, ok := x.Structure.Post(hat)
		of = append(of, post.Department)
		if !ok || !post.Holds(d.tx.Now) || post.Authority != in.Authority || in.Department != "" && post.Department != in.Department {
			p.Add("hats", "assessment.error.not_there")
			break
		}
	}
	if ok && len(in.Hats) == 0 && in.Authority != d.other(who.Authority) {
		wrong, err := x.unasked(d, in.Authority)
		if err != nil {
			return nil, err
		}
		p = append(p, wrong)
	}
	slices.Sort(of)
	if of = slices.Compact(of); len(of) == 1 {
		in.Department = of[0]
	} else if slices.ContainsFunc(of, func(dep string) bool { return x.Structure.UntilAge(in.Authority, dep) > 0 }) {
		p.Add("hats", "assessment.error.one_department") // whose question ends at an age, and whose does not
	}
	return &request{ID: x.NewID(), Case: d.ID, Asker: who.Authority, Authority: in.Authority, Department: in.Department, State: asked,
		AskedAt: d.tx.Now, DueAt: due, Person: who.Person, Hat: who.Hat.ID}, p.Err()
}

// letAnswer lets those who are to answer see the question: by a share where they
// are of another authority, and by name.
func (x *room) letAnswer(d *doing, q *request, in Questions) error {
	if q.Authority != q.Asker {
		under, agreed, err := x.terms(d, q.Asker, q.Authority) // whom it is about is told with it
		if err != nil {
			return err
		}
		share, err := x.Disclose(d.ctx, d.tx, service.Disclosure{Kind: "request", Item: q.ID, About: d.Subject, Version: 1, Controller: q.Asker, State: asked,
			To: q.Authority, Classes: []string{"identity", "question", "request_status"}, Until: d.EraseAt, Basis: in.Basis, Under: under, Agreed: agreed, Whose: d.Municipality})
		if err != nil {
			return err
		}
		if err := setShare(d.ctx, d.tx, d.grant, q.ID, share); err != nil {
			return err
		}
	}
	who := d.tx.Who()
	for _, hat := range in.Hats {
		post, _ := x.Structure.Post(hat)
		m := Member{Person: post.Person, Authority: post.Authority, Role: post.Role}
		g, err := d.tx.Ask(d.ctx, x.mayLet(d, who, "request", m))
		if denied := new(policies.Denial); errors.As(err, &denied) {
			if q.Authority == d.other(who.Authority) {
				return hub.Invalid("hats", "assessment.error.other_party")
			}
			return x.notThem(d, "request", "hats", m, denied.Reasons())
		}
		if err != nil {
			return err
		}
		if _, err := d.tx.Assign(d.ctx, g, pg.Assignment{Kind: "request", Item: q.ID, Person: post.Person, Authority: post.Authority, Role: post.Role, Why: "asked", Until: d.EraseAt}); err != nil {
			return err
		}
		if _, err := d.tx.Record(d.ctx, g, pg.Entry{Act: hub.ActGrant, Object: hub.Object{Kind: "request", ID: q.ID, Version: 1}, Controller: q.Asker,
			Subjects: []hub.ID{d.Subject}, Recipient: post.Authority, Fields: []string{}, Why: in.Necessity}); err != nil {
			return err
		}
		d.facts = append(d.facts, event.CircleChanged{Case: d.ID, Item: q.ID, Kind: "request", Person: post.Person, Granted: true})
	}
	return nil
}

// settling is one answer to one request, inside its transaction.
type settling struct {
	ctx   context.Context
	tx    *pg.Tx
	grant policies.Grant
	to    []hub.AuthorityID // that an answer went to
	*request
}

// settle does one thing with the request that the path names: lock, policy,
// change, record, fact.
func (x *room) settle(r *web.Request, action string, act hub.Act, do func(s *settling) error) (CaseReceipt, error) {
	id, err := r.PathID("id")
	if err != nil {
		return CaseReceipt{}, err
	}
	ctx := r.Context()
	var done CaseReceipt
	err = x.DB.Command(ctx, r.Who, about(act, "request", id), func(tx *pg.Tx) error {
		operation := action + " " + string(id)
		if had, err := x.Again(ctx, tx, r, operation, &done); err != nil || had {
			return err
		}
		if err := holdCaseOf(ctx, tx, id); err != nil {
			return err
		}
		g, err := mayDo(ctx, tx, "request", id, action, asked)
		if err != nil {
			return err
		}
		q, err := lockRequest(ctx, tx, g, id)
		if err != nil {
			return err
		}
		s := &settling{ctx: ctx, tx: tx, grant: g, request: q}
		if err := do(s); err != nil {
			return err
		}
		if err := updateRequest(ctx, tx, g, q); err != nil {
			return err
		}
		if err := tx.Stage(ctx, g, "request", id, q.State); err != nil {
			return err
		}
		done = CaseReceipt{ID: id, Case: named(tx.Who(), q.Case, q.Municipality), Version: q.Version, At: tx.Now, To: s.to}
		if _, err := tx.Record(ctx, g, pg.Entry{Act: act, Object: hub.Object{Kind: "request", ID: id, Version: q.Version}, Controller: q.Asker,
			Subjects: []hub.ID{q.Subject}, Fields: []string{}}); err != nil {
			return err
		}
		if q.State == settled {
			if err := tx.Tell(ctx, event.InformationSettled{Case: q.Case, Request: id, Authority: q.Asker}); err != nil {
				return err
			}
		}
		return x.Keep(ctx, tx, r, operation, done)
	})
	return done, err
}

// mayDo asks for an action on an item that has one state in which it fits. In
// another it is a Conflict for those who may see the state, and nothing at all
// for others.
func mayDo(ctx context.Context, tx *pg.Tx, kind string, id hub.ID, action, state string) (policies.Grant, error) {
	rel, err := tx.Relation(ctx, kind, id)
	if err != nil {
		return policies.Grant{}, err
	}
	if rel.State != state {
		g, err := tx.Ask(ctx, rel.View(tx.Who(), hub.Prevention))
		if err == nil {
			err = hub.NotFound()
			if g.Allows("state") {
				err = hub.Conflict("assessment.error.step")
			}
		}
		return policies.Grant{}, err
	}
	return tx.Ask(ctx, rel.Act(tx.Who(), action, hub.Prevention))
}

func (x *room) answerInformation(r *web.Request, in Answer) (CaseReceipt, error) {
	return x.settle(r, "answer", hub.ActDisclose, func(s *settling) error {
		if err := in.Check(s.tx.Now.In(hub.Copenhagen)).Err(); err != nil {
			return err
		}
		s.State, s.SettledAt, s.Outcome = settled, &s.tx.Now, answered
		if *in.Grade == NothingRelevant {
			s.Outcome = nothing
			return nil // nothing is let out, so nothing is disclosed
		}
		return x.release(s, in)
	})
}

// release writes the answer, as an item of the answering authority, and
// discloses it to the asker and to whom else the answerer names.
func (x *room) release(s *settling, in Answer) error {
	who := s.tx.Who()
	id := x.NewID()
	s.Answer = id
	if err := insertAnswer(s.ctx, s.tx, s.grant, s.request, id, in); err != nil {
		return err
	}
	if err := s.tx.PutItem(s.ctx, s.grant, pg.Item{Kind: "answer", ID: id, About: s.Subject, Controller: who.Authority, ReceivedBy: who.Kind,
		State: released, Author: who.Person, PartOf: s.Case}); err != nil {
		return err
	}
	sealed := x.Seal(s.Subject, place("answer", id))
	sealed.Put("contact", in.Contact)
	sealed.Put("conclusion", in.Conclusion)
	for i, st := range in.Statements {
		sealed.Put("facts."+strconv.Itoa(i), st.Text)
		sealed.Put("source."+strconv.Itoa(i), service.Typed(st.Source))
	}
	texts, err := sealed.Texts()
	if err != nil {
		return err
	}
	if err := s.tx.PutTexts(s.ctx, s.grant, id, texts); err != nil {
		return err
	}
	s.to = recipients(s.Asker, who.Authority, in.To)
	for _, to := range s.to {
		if err := x.releaseTo(s, id, to, in); err != nil {
			return err
		}
	}
	return nil
}

// recipients are the authorities an answer is disclosed to: the asker and those
// named, each once, and never one's own.
func recipients(asker, own hub.AuthorityID, named []hub.AuthorityID) []hub.AuthorityID {
	var list []hub.AuthorityID
	for _, a := range append([]hub.AuthorityID{asker}, named...) {
		if a != own && !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return list
}

// releaseTo discloses an answer to one authority of the circle: one share for
// the ordinary part, and one for each data class that needs a ground of its own.
func (x *room) releaseTo(s *settling, answer hub.ID, to hub.AuthorityID, in Answer) error {
	in2, err := inCircle(s.ctx, s.tx, s.Case, to)
	if err != nil {
		return err
	}
	if !in2 {
		return x.outside(s, to)
	}
	named := in.classes()
	for _, class := range []string{"", "health", "offence"} {
		classes, ok := named[class]
		if !ok {
			continue
		}
		ground, one := in.special(class)
		if class != "" && !one {
			return hub.Invalid("statements.0.special", "assessment.error.two_grounds")
		}
		if class == "" {
			ground = ""
		}
		_, err := x.Disclose(s.ctx, s.tx, service.Disclosure{Kind: "answer", Item: answer, About: s.Subject, Version: 1, Controller: s.tx.Who().Authority,
			State: released, To: to, Classes: classes, Until: s.EraseAt, Basis: in.Basis, Class: class, Special: ground})
		if wrong := new(hub.Error); errors.As(err, &wrong) && wrong.Field == "special" {
			n := slices.IndexFunc(in.Statements, func(st AnswerStatement) bool { return st.Class == class })
			return hub.Invalid("statements."+strconv.Itoa(n)+".special", wrong.Key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (x *room) declineInformation(r *web.Request, _ struct{}) (CaseReceipt, error) {
	return x.settle(r, "decline", hub.ActDecide, func(s *settling) error {
		s.State, s.SettledAt, s.Outcome = settled, &s.tx.Now, declined
		return nil
	})
}

// retractRequest takes a question back: whoever was asked sees it no longer.
func (x *room) retractRequest(r *web.Request, _ struct{}) (CaseReceipt, error) {
	return x.settle(r, "retract", hub.ActRevoke, func(s *settling) error {
		s.State, s.SettledAt = retracted, &s.tx.Now
		if _, err := s.tx.RevokeAll(s.ctx, s.grant, "request", s.ID, ""); err != nil {
			return err
		}
		_, err := s.tx.EndAssignments(s.ctx, s.grant, "request", s.ID, "")
		return err
	})
}

// withdrawAnswer takes an answer back from everybody it was released to, from
// this moment on (G4).
func (x *room) withdrawAnswer(r *web.Request, _ struct{}) (CaseReceipt, error) {
	id, err := r.PathID("id")
	if err != nil {
		return CaseReceipt{}, err
	}
	ctx, operation := r.Context(), "withdraw "+string(id)
	var done CaseReceipt
	err = x.DB.Command(ctx, r.Who, about(hub.ActRevoke, "answer", id), func(tx *pg.Tx) error {
		if had, err := x.Again(ctx, tx, r, operation, &done); err != nil || had {
			return err
		}
		g, err := mayDo(ctx, tx, "answer", id, "withdraw", released)
		if err != nil {
			return err
		}
		a, err := endAnswer(ctx, tx, g, id)
		if err != nil {
			return err
		}
		if _, err := tx.RevokeAll(ctx, g, "answer", id, ""); err != nil {
			return err
		}
		if err := tx.Stage(ctx, g, "answer", id, withdrawn); err != nil {
			return err
		}
		if _, err := tx.Record(ctx, g, pg.Entry{Act: hub.ActRevoke, Object: hub.Object{Kind: "answer", ID: id, Version: a.Version}, Controller: a.Controller,
			Subjects: []hub.ID{a.Subject}, Fields: []string{}}); err != nil {
			return err
		}
		done = CaseReceipt{ID: id, Case: named(tx.Who(), a.Case, a.Municipality), Version: a.Version, At: tx.Now}
		return x.Keep(ctx, tx, r, operation, done)
	})
	return done, err
}
