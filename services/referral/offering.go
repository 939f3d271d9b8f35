package referral

import (
	"errors"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// recommend drafts an offer. Nobody is told yet: a named person sends it.
func (x *room) recommend(r *web.Request, in Recommendation) (ReferralReceipt, error) {
	return x.onCase(r, Recommend, hub.ActDecide, func(d *doing) error {
		o, err := x.newOffer(d, in)
		if err != nil {
			return err
		}
		if err := insertOffer(d.ctx, d.tx, d.grant, o); err != nil {
			return err
		}
		if err := d.tx.PutItem(d.ctx, d.grant, pg.Item{Kind: "offer", ID: o.ID, About: o.Subject, Controller: o.Sender, ReceivedBy: d.tx.Who().Kind, State: string(OfferDraft), CameOf: d.ID}); err != nil {
			return err
		}
		d.made = o.ID
		return x.keepTexts(d, "offer", o.ID, map[string]hub.Personal{"preview": in.Preview, "task": in.Task})
	})
}

// newOffer checks a recommendation, and makes an offer of it.
func (x *room) newOffer(d *doing, in Recommendation) (*offer, error) {
	m, ok := x.Structure.Measure(in.Measure, d.tx.Now)
	p := in.Check(string(m.Kind))
	if !ok {
		p.Add("measure", "error.choose")
	}
	s, err := d.tx.HoldSubject(d.ctx, d.Subject)
	if err != nil {
		return nil, err
	}
	if ok && !mayFit(m, s.AgeBand) {
		p.Add("measure", "referral.error.age")
	}
	if ok && m.Kind == structure.KindNotification && in.Authority != d.tx.Who().Authority {
		p.Add("authority", "referral.error.notify_own") // said now, and not only when it is sent
	}
	if !slices.ContainsFunc(x.instrument(d.tx.Now).Dimensions, func(dim structure.Dimension) bool { return dim.Code == in.Dimension }) {
		p.Add("dimension", "error.choose")
	}
	due := x.due(Recommended, d.Municipality, d.tx.Now)
	if in.Due != "" {
		due = lastDay(&p, "due", in.Due, d.tx.Now)
		if latest := x.latest(d.course, d.tx.Now); due.AddDate(0, 0, -1).After(latest) {
			p.Add("due", "referral.error.next_late", latest.In(hub.Copenhagen).Format("02.01.2006"))
		}
	}
	said := len(p)
	hats := x.receivers(&p, in, d.tx.Now)
	if said == len(p) && !slices.ContainsFunc(p, func(e *hub.Error) bool { return e.Field == "authority" }) {
		if err := x.unreached(d, &p, spot{in.Authority, in.Department}, m.Consent); err != nil {
			return nil, err
		}
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	who := d.tx.Who()
	return &offer{ID: x.NewID(), Case: d.ID, Subject: d.Subject, Sender: who.Authority, Receiver: in.Authority, Department: in.Department, Hats: hats,
		Dimension: in.Dimension, Measure: m.Code, Kind: string(m.Kind), UntilAge: m.UntilAge, MadeAt: d.tx.Now, Person: who.Person, Hat: who.Hat.ID,
		DueAt: due, NextAt: due, State: OfferDraft}, nil
}

// receivers checks to whom an offer is to go: an authority, a department of it,
// named hats there.
func (x *room) receivers(p *hub.Problems, in Recommendation, now time.Time) []hub.ID {
	if _, ok := x.Structure.Authority(in.Authority); !ok {
		p.Add("authority", "error.choose")
	}
	if _, ok := x.Structure.Department(in.Authority, in.Department); !ok && in.Department != "" {
		p.Add("department", "error.choose")
	}
	hats := []hub.ID{}
	for _, hat := range in.Hats {
		post, ok := x.Structure.Post(hat)
		if !ok || !post.Holds(now) || post.Authority != in.Authority || in.Department != "" && post.Department != in.Department {
			p.Add("hats", "referral.error.hats")
			break
		}
		hats = append(hats, hat)
	}
	return hats
}

// instrument is the one by which cases are assessed now.
func (x *room) instrument(now time.Time) structure.Instrument {
	i, _ := x.Structure.InstrumentAt(now)
	return i
}

// Sending is on which ground an offer is sent to another authority. Within one's
// own nothing is disclosed, and it is left out.
type Sending struct {
	service.Basis
}

// sendReferral lets the receiver see an offer: without identity, until it is
// taken up. A notification is handed over at once.
func (x *room) sendReferral(r *web.Request, in Sending) (ReferralReceipt, error) {
	return x.onOffer(r, Send, hub.ActDecide, func(d *doing) error {
		o := d.offer
		c, err := x.ready(d)
		if err != nil {
			return err
		}
		if c != nil {
			o.Consent = c.ID
		}
		if o.Receiver != o.Sender {
			share := disclosure(o, o.State, in.Basis, c)
			share.Until, share.Whose = d.EraseAt, d.Municipality
			if share.Under, share.Agreed, err = d.tx.Onward(d.ctx, "case", d.ID, d.Municipality, o.Sender, o.Receiver); err != nil { // whom it is about is told with it
				return err
			}
			if _, err := x.Disclose(d.ctx, d.tx, share); err != nil {
				return err
			}
		}
		if err := x.letIn(d); err != nil {
			return err
		}
		o.SentAt, o.Told, o.NextAt = &d.tx.Now, 0, o.DueAt
		if o.State == TakenUp { // handed over: only the receipt is waited for
			o.NextAt = d.tx.Now.Add(handOver)
		}
		d.entry.Recipient = o.Receiver
		d.facts = append(d.facts, event.ReferralSent{Case: d.ID, Offer: o.ID, Authority: o.Receiver, Due: o.NextAt})
		return x.advance(d)
	})
}

// handOver is how long a notification that was handed over waits for its receipt
// before somebody is reminded: as long as its assessment may take (L25).
const handOver = structure.ChildLimit

// ready says whether an offer's measure may begin for this person: of the right
// age, and with a consent in force where it needs one (domain.md 2.7, L8).
func (x *room) ready(d *doing) (*consent, error) {
	o := d.offer
	m, ok := x.Structure.Measure(o.Measure, d.tx.Now)
	if !ok {
		return nil, hub.Conflict("referral.error.measure_ended")
	}
	s, err := d.tx.HoldSubject(d.ctx, o.Subject)
	if err != nil {
		return nil, err
	}
	if !fits(m, s.AgeBand) {
		return nil, hub.Conflict("referral.error.age")
	}
	if m.Kind == structure.KindNotification && o.Receiver != o.Sender {
		return nil, hub.Conflict("referral.error.notify_own")
	}
	if !m.Consent {
		return nil, nil
	}
	all, err := consents(d.ctx, d.tx, d.ID)
	if err != nil {
		return nil, err
	}
	if c := covering(all, o); c != nil {
		return c, nil
	}
	return nil, hub.Conflict("referral.error.consent")
}

// covering is the newest consent in force that an offer can rest on; nil for none.
func covering(all []consent, o *offer) *consent {
	for _, c := range all {
		if c.covers(o.Receiver) {
			return &c
		}
	}
	return nil
}

// disclosure is the act of sending an offer to another authority, cut to the
// classes that policy allows and a consent covers.
func disclosure(o *offer, s OfferState, b service.Basis, c *consent) service.Disclosure {
	return service.Disclosure{Kind: "offer", Item: o.ID, About: o.Subject, Version: o.Version, Controller: o.Sender, State: string(s), To: o.Receiver,
		Classes: c.cut(offerClasses), Basis: b, Consent: c != nil}
}

// letIn names those who receive an offer. In one's own authority it is everybody
// in the department whom one may let in, where nobody is named; at another, its
// coordinator sees what was shared, and others only by name.
func (x *room) letIn(d *doing) error {
	o := d.offer
	var in int
	for _, post := range x.candidates(o, d.tx.Now) {
		g, err := d.tx.Ask(d.ctx, x.mayLetIn(d.tx.Who(), post, o.State))
		if errors.As(err, new(*policies.Denial)) {
			if len(o.Hats) > 0 {
				return hub.Invalid("hats", "referral.error.hats")
			}
			continue
		}
		if err != nil {
			return err
		}
		if _, err := d.tx.Assign(d.ctx, g, pg.Assignment{Kind: "offer", Item: o.ID, Person: post.Person, Authority: post.Authority, Role: post.Role, Why: "offered", Until: d.EraseAt}); err != nil {
			return err
		}
		if _, err := d.tx.Record(d.ctx, g, pg.Entry{Act: hub.ActGrant, Object: hub.Object{Kind: "offer", ID: o.ID, Version: o.Version}, Controller: o.Sender,
			Subjects: []hub.ID{o.Subject}, Recipient: post.Authority, Fields: []string{}}); err != nil {
			return err
		}
		in++
	}
	if in > 0 {
		return nil
	}
	list, err := x.readers(d.ctx, d.tx, o, string(o.State))
	if err == nil && (o.Receiver == o.Sender || !slices.ContainsFunc(list, func(r service.Reader) bool { return r.Authority == o.Receiver })) {
		err = hub.Invalid("hats", "referral.error.nobody")
	}
	return err
}

// candidates are who might receive an offer: those named, else everybody at the
// receiver's department.
func (x *room) candidates(o *offer, now time.Time) []structure.Post {
	var list []structure.Post
	seen := map[hub.ID]bool{}
	for _, p := range x.Structure.PostsOf(o.Receiver, o.Department, now) {
		if len(o.Hats) > 0 && !slices.Contains(o.Hats, p.Hat.ID) || seen[p.Person] || len(o.Hats) == 0 && o.Receiver != o.Sender {
			continue
		}
		seen[p.Person] = true
		list = append(list, p)
	}
	return list
}

// mayLetIn is the question whether somebody may be let into an offer of one's own.
func (x *room) mayLetIn(who hub.Actor, p structure.Post, s OfferState) policies.Assign {
	return policies.Assign{Role: who.Role, Kind: who.Kind, Relation: "own", State: string(s), SameAuthority: p.Authority == who.Authority,
		Self: p.Person == who.Person, Target: p.Role, TargetKind: p.Kind}
}

// answerReferral is the receiver's answer: the same fact whatever it is, and no
// reason (L4).
func (x *room) answerReferral(r *web.Request, in Reply) (ReferralReceipt, error) {
	a, ok := answerActions[in.Answer]
	if !ok {
		a = TurnDown // who may not answer at all learns nothing of what is wrong with the answer (A026)
	}
	return x.onOffer(r, a, hub.ActDecide, func(d *doing) error {
		var p hub.Problems
		if !ok {
			p.Add("answer", "error.choose")
		}
		service.Text(&p, "note", in.Note, 0, service.MaxText)
		if err := p.Err(); err != nil {
			return err
		}
		o := d.offer
		o.Answer, o.AnsweredAt, o.Told = in.Answer, &d.tx.Now, 0
		if o.State == TakenUp {
			if err := x.own(d, in.Owner); err != nil {
				return err
			}
			o.Status, o.NextAt = "planned", x.due(FollowUp, d.Municipality, d.tx.Now)
		}
		d.facts = append(d.facts, event.ReferralAnswered{Case: d.ID, Offer: o.ID, Authority: o.Sender})
		if err := x.keepTexts(d, "offer", o.ID, map[string]hub.Personal{"answer": in.Note}); err != nil {
			return err
		}
		return x.advance(d)
	})
}

// own sets who answers for a measure: somebody who may see it.
func (x *room) own(d *doing, hat hub.ID) error {
	who, o := d.tx.Who(), d.offer
	if hat == "" && o.OwnerHat == "" {
		hat = who.Hat.ID
	}
	if hat == "" {
		return nil
	}
	post, ok := x.Structure.Post(hat)
	if ok && hat != who.Hat.ID {
		list, err := x.readers(d.ctx, d.tx, o, string(o.State))
		if err != nil {
			return err
		}
		ok = slices.ContainsFunc(list, func(r service.Reader) bool { return r.Hat == hat && slices.Contains(r.Fields, "progress") })
	}
	if !ok {
		return hub.Invalid("owner", "referral.error.owner")
	}
	o.OwnerHat, o.Owner = hat, post.Person
	return nil
}

// letOut ends everything that was given on an offer, at once and in every room.
func (x *room) letOut(d *doing, o *offer) error {
	if err := d.end("offer", o.ID); err != nil {
		return err
	}
	_, err := d.tx.RevokeAll(d.ctx, d.grant, "offer", o.ID, "")
	return err
}

// end ends every assignment on an item, and keeps which they were.
func (d *doing) end(kind string, id hub.ID) error {
	ended, err := d.tx.EndAssignments(d.ctx, d.grant, kind, id, "")
	d.out = append(d.out, ended...)
	return err
}

// tellOut tells everybody whose assignment the action ended, once each; and of the
// authorities that had something shared, those where nobody had it by name.
func (x *room) tellOut(d *doing, why string, had ...hub.AuthorityID) {
	var told []event.AccessEnded
	for _, p := range x.Structure.Posts() {
		f := event.AccessEnded{Case: d.ID, Authority: p.Authority, Person: p.Person, Why: why}
		if p.Holds(d.tx.Now) && slices.ContainsFunc(d.out, func(a pg.Assignment) bool { return a.To(p.Hat) }) && !slices.Contains(told, f) {
			told = append(told, f)
		}
	}
	for _, a := range distinct(had) {
		if !slices.ContainsFunc(told, func(f event.AccessEnded) bool { return f.Authority == a }) {
			told = append(told, event.AccessEnded{Case: d.ID, Authority: a, Why: why})
		}
	}
	for _, f := range told {
		d.facts = append(d.facts, f)
	}
	d.out = nil
}

// withdrawReferral takes an offer back: from this moment on the receiver sees
// nothing of it (G4).
func (x *room) withdrawReferral(r *web.Request, _ struct{}) (ReferralReceipt, error) {
	return x.onOffer(r, Cancel, hub.ActRevoke, func(d *doing) error {
		if err := x.takeBack(d, d.offer, "withdrawn"); err != nil {
			return err
		}
		return x.advance(d)
	})
}

// takeBack ends what was given on an offer, and tells whoever had it. A draft was
// given to nobody.
func (x *room) takeBack(d *doing, o *offer, why string) error {
	if err := x.letOut(d, o); err != nil {
		return err
	}
	if o.SentAt != nil {
		d.facts = append(d.facts, event.ReferralWithdrawn{Case: d.ID, Authority: o.Receiver, Why: why})
		x.tellOut(d, why, o.Receiver)
	}
	return nil
}

// leave ends what is still given on an offer that is over, if anything is: who
// turned it down, or has helped, keeps the reference until then.
func (x *room) leave(d *doing, o *offer) error {
	shares, err := d.tx.Shares(d.ctx, "offer", o.ID)
	if err != nil {
		return err
	}
	in, err := d.tx.Assignments(d.ctx, "offer", o.ID)
	if err != nil || len(shares)+len(in) == 0 {
		return err
	}
	if err := x.takeBack(d, o, "withdrawn"); err != nil {
		return err
	}
	return x.recordOffer(d, o, hub.ActRevoke)
}
