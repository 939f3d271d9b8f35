package referral

import (
	"slices"
	"strconv"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
)

// progressMeasure notes how a measure goes (S8).
func (x *room) progressMeasure(r *web.Request, in Progress) (ReferralReceipt, error) {
	return x.onOffer(r, Report, hub.ActChange, func(d *doing) error {
		o := d.offer
		s, err := d.tx.HoldSubject(d.ctx, o.Subject)
		if err != nil {
			return err
		}
		if err := in.Check(o.Kind, s.AgeBand).Err(); err != nil {
			return err
		}
		if err := x.own(d, in.Owner); err != nil {
			return err
		}
		o.Status, o.Told = in.Status, 0
		o.NextAt = nextOf(in.End, x.due(FollowUp, d.Municipality, d.tx.Now))
		n, err := putProgress(d.ctx, d.tx, d.grant, o, in)
		if err != nil {
			return err
		}
		texts := map[string]hub.Personal{"effect": in.Effect, "economy": in.Economy}
		if in.Talk != nil {
			texts["took_part"] = in.Talk.TookPart
		}
		return x.keepTexts(d, "offer", o.ID, numbered("progress", n, texts))
	})
}

// numbered gives texts the names of the n-th of something.
func numbered(of string, n int, texts map[string]hub.Personal) map[string]hub.Personal {
	out := map[string]hub.Personal{}
	for name, t := range texts {
		out[of+"."+strconv.Itoa(n)+"."+name] = t
	}
	return out
}

// endMeasure ends a measure. Of a notification it is the receipt: it is given by
// whom it was handed over to, and nothing else comes back (domain.md 2.8).
func (x *room) endMeasure(r *web.Request, in Ending) (ReferralReceipt, error) {
	return x.onOffer(r, End, hub.ActDecide, func(d *doing) error {
		o := d.offer
		if o.Kind == notification && !d.rel.Assigned {
			return hub.Conflict("referral.error.receipt")
		}
		if err := in.Check(o.Kind).Err(); err != nil {
			return err
		}
		o.Outcome, o.Status = in.Outcome, "done"
		if o.Kind == notification {
			d.facts = append(d.facts, event.ReferralAnswered{Case: d.ID, Offer: o.ID, Authority: o.Sender})
		}
		if in.Outcome == "consent_withdrawn" && o.Consent != "" {
			if err := x.unconsent(d, o.Consent); err != nil {
				return err
			}
		}
		return x.keepTexts(d, "offer", o.ID, map[string]hub.Personal{"progress.end.effect": in.Effect})
	})
}

// recordConsent notes a consent that the person has signed (L8).
func (x *room) recordConsent(r *web.Request, in Consented) (ReferralReceipt, error) {
	return x.onCase(r, Consent, hub.ActCollect, func(d *doing) error {
		p := in.Check(d.tx.Now)
		may, err := x.carried(d.ctx, d.Municipality, d.tx.Now)
		if err != nil {
			return err
		}
		for _, to := range in.Recipients {
			if a, ok := x.Structure.Authority(to); !ok {
				p.Add("recipients", "error.choose")
			} else if !slices.Contains(may, to) {
				p.Add("recipients", "referral.error.recipient", a.Name)
			}
		}
		if err := p.Err(); err != nil {
			return err
		}
		d.made = x.NewID()
		if err := insertConsent(d.ctx, d.tx, d.grant, d.made, d.ID, in); err != nil {
			return err
		}
		return x.keepTexts(d, "consent", d.made, map[string]hub.Personal{"document": in.Document, "scope": in.Scope})
	})
}

// withdrawConsent notes that the person has withdrawn a consent. From this
// moment on nothing is disclosed on it, and what was given on it ends (L8).
func (x *room) withdrawConsent(r *web.Request, _ struct{}) (ReferralReceipt, error) {
	id, err := r.PathID("consent")
	if err != nil {
		return ReferralReceipt{}, err
	}
	return x.onCase(r, Unconsent, hub.ActRevoke, func(d *doing) error {
		d.made = id
		if err := x.unconsent(d, id); err != nil {
			return err
		}
		return x.advance(d)
	})
}

// unconsent ends a consent and every offer that rests on it, with what is left of
// those that were over: the closing of an exit begins here (domain.md 2.7).
func (x *room) unconsent(d *doing, id hub.ID) error {
	if err := endConsent(d.ctx, d.tx, d.grant, id, d.ID); err != nil {
		return err
	}
	all, err := offers(d.ctx, d.tx, d.grant, d.ID)
	if err != nil {
		return err
	}
	for _, o := range all {
		this := d.offer != nil && d.offer.ID == o.ID
		if this {
			o = d.offer
		}
		if o.Consent != id {
			continue
		}
		if o.State.over() && !this {
			if err := x.leave(d, o); err != nil {
				return err
			}
			continue
		}
		if err := x.takeBack(d, o, "withdrawn"); err != nil {
			return err
		}
		if this {
			continue // the act itself writes it
		}
		x.stop(o, "consent_withdrawn")
		if err := x.keepOffer(d, o); err != nil {
			return err
		}
		if err := x.recordOffer(d, o, hub.ActRevoke); err != nil {
			return err
		}
	}
	return nil
}

// stop ends an offer in whatever state it is: a measure that runs has ended, what
// nobody has taken up is taken back.
func (x *room) stop(o *offer, outcome string) {
	if o.State == TakenUp {
		o.State, o.Outcome, o.Status = OfferEnded, outcome, "stopped"
		return
	}
	o.State = OfferWithdrawn
}

// recordOffer records that an offer was changed by what was done to its case.
func (x *room) recordOffer(d *doing, o *offer, act hub.Act) error {
	e := pg.Entry{Act: act, Object: hub.Object{Kind: "offer", ID: o.ID, Version: o.Version}, Controller: o.Sender, Subjects: []hub.ID{o.Subject}, Fields: []string{}}
	if act == hub.ActRevoke {
		e.Recipient = o.Receiver
	}
	_, err := d.tx.Record(d.ctx, d.grant, e)
	return err
}

// recordFollowUp writes a follow-up, ticks what it settled, and sets the next
// date: a case without one cannot exist (S8).
func (x *room) recordFollowUp(r *web.Request, in Followed) (ReferralReceipt, error) {
	return x.onCase(r, Follow, hub.ActDecide, func(d *doing) error {
		p := in.Check(x.instrument(d.tx.Now))
		on := next(&p, in.Next, d.tx.Now, x.latest(d.course, d.tx.Now))
		if err := p.Err(); err != nil {
			return err
		}
		x.enter(d.course, FollowUp, d.tx.Now)
		d.FollowUps++
		d.NextAt = on
		if err := putFollowUp(d.ctx, d.tx, d.grant, d.course, in, on); err != nil {
			return err
		}
		slices.Sort(in.Done)
		all, err := tick(d.ctx, d.tx, d.grant, d.ID, slices.Compact(in.Done), d.FollowUps)
		if err != nil {
			return err
		}
		if !all {
			return hub.Invalid("done", "referral.error.task")
		}
		d.facts = append(d.facts, event.FollowUpRecorded{Case: d.ID, Concern: d.Concern, Next: on, EraseAt: d.EraseAt})
		return x.keepTexts(d, "case", d.ID, numbered("follow_ups", d.FollowUps, map[string]hub.Personal{"note": in.Note}))
	})
}

// kinds are the kinds of the measures that were ever taken up, each as often.
func kinds(all []*offer) []structure.MeasureKind {
	var list []structure.MeasureKind
	for _, o := range all {
		if o.Answer == "taken_up" || o.Kind == notification && o.SentAt != nil {
			list = append(list, structure.MeasureKind(o.Kind))
		}
	}
	return list
}
