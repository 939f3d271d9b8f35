package referral

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
)

// closeCase is one party's closing. The first puts it before the other; when the
// other party's coordinator gives the same reason, the case is closed (S9). Another
// reason is a proposal of its own.
func (x *room) closeCase(r *web.Request, in Closure) (ReferralReceipt, error) {
	return x.onCase(r, Close, hub.ActDecide, func(d *doing) error {
		if err := in.Check(x.Structure).Err(); err != nil {
			return err
		}
		if d.was != Closing {
			d.Round++
			d.ClosingFrom, d.ResumeAt = d.was, new(d.NextAt)
		}
		said, err := proposals(d.ctx, d.tx, d.course, string(Close))
		if err != nil {
			return err
		}
		n, err := putProposal(d.ctx, d.tx, d.grant, d.course, string(Close), in, "")
		if err != nil {
			return err
		}
		if err := x.keepTexts(d, "case", d.ID, numbered("closing."+roundOf(d.course), n, map[string]hub.Personal{"open_gaps": in.OpenGaps,
			"after_care": in.AfterCare, "why": in.Why})); err != nil {
			return err
		}
		who := d.tx.Who()
		mine := Proposal{Person: who.Person, Authority: who.Authority, Reason: in.Reason}
		if slices.ContainsFunc(standingOf(said), func(p Proposal) bool { return agree(p, mine) }) {
			why := "closed"
			if in.Reason == inError {
				why = inError
			}
			return x.conclude(d, in.Reason, why)
		}
		x.enter(d.course, Closing, d.tx.Now)
		d.facts = append(d.facts, event.ClosingProposed{Case: d.ID, Authority: d.other(who.Authority), Due: d.NextAt})
		return nil
	})
}

// takeCaseBack ends what the municipality gave: from this moment on the police have
// nothing of the case, nor has anybody else, and it is closed. That does not say that
// it should never have been: it is kept as another that is closed, and nobody alone
// has it erased at once.
func (x *room) takeCaseBack(r *web.Request, in TakingBack) (ReferralReceipt, error) {
	return x.onCase(r, TakeBack, hub.ActRevoke, func(d *doing) error {
		if err := in.Check().Err(); err != nil {
			return err
		}
		shared, err := x.policeHave(d.ctx, d.tx, d.ID)
		if err != nil {
			return err
		}
		if !shared {
			return hub.Conflict("referral.error.not_shared")
		}
		d.entry.Why = in.Reason
		return x.conclude(d, alone, "withdrawn")
	})
}

// policeHave reports whether a case is shared with the police: it is once the
// municipality has confirmed its opening.
func (x *room) policeHave(ctx context.Context, tx *pg.Tx, id hub.ID) (bool, error) {
	given, err := tx.Shares(ctx, "case", id)
	return slices.ContainsFunc(given, func(s pg.Share) bool { a, _ := x.Structure.Authority(s.To); return a.Kind == hub.Police }), err
}

// roundOf numbers the closings and reopenings of a case, so that what was said of
// one is not taken for the next.
func roundOf(c *course) string { return strconv.Itoa(c.Round) }

// standingOf is each authority's latest word; said is the newest first.
func standingOf(said []Proposal) []Proposal {
	var list []Proposal
	for _, p := range said {
		if !slices.ContainsFunc(list, func(l Proposal) bool { return l.Authority == p.Authority }) {
			list = append(list, p)
		}
	}
	return list
}

// conclude closes the case: everything that was given on it ends at once, and
// everybody who had something shared is told why: closed, error or withdrawn. The
// parties keep the reference of what is only closed, and so the municipality's share
// with the police stays; of the others nothing stays (L24b). The room intake does the
// rest of the concern's closing when it is told.
func (x *room) conclude(d *doing, reason, why string) error {
	all, err := offers(d.ctx, d.tx, d.grant, d.ID)
	if err != nil {
		return err
	}
	d.State = Closed
	// The concern that it came of closes in the same commit: whoever had the case reads neither from then on.
	if err := d.tx.Stage(d.ctx, d.grant, "concern", d.Concern, "case_closed"); err != nil && hub.CodeOf(err) != hub.CodeNotFound { // it may be forgotten already
		return err
	}
	told, err := x.closeCircle(d, why)
	if err != nil {
		return err
	}
	for _, o := range all {
		had, err := x.closeOffer(d, o, why)
		if err != nil {
			return err
		}
		told = append(told, had...)
	}
	told = distinct(told)
	for _, a := range told {
		d.facts = append(d.facts, event.ReferralWithdrawn{Case: d.ID, Authority: a, Why: why})
		if _, err := d.tx.Record(d.ctx, d.grant, pg.Entry{Act: hub.ActRevoke, Object: hub.Object{Kind: "case", ID: d.ID, Version: d.course.Version}, Controller: d.Municipality,
			Subjects: []hub.ID{d.Subject}, Recipient: a, Fields: []string{}}); err != nil {
			return err
		}
	}
	x.tellOut(d, why, told...)
	return x.retain(d, reason, all)
}

// closeCircle ends the assignments and shares on the case, its answers and its
// questions, closes these with it (S10), and gives the authorities that had a
// share.
func (x *room) closeCircle(d *doing, why string) ([]hub.AuthorityID, error) {
	if err := d.end("case", d.ID); err != nil {
		return nil, err
	}
	given, err := d.tx.Shares(d.ctx, "case", d.ID)
	if err != nil {
		return nil, err
	}
	pieces, err := parts(d.ctx, d.tx, d.ID)
	if err != nil {
		return nil, err
	}
	for _, i := range pieces {
		if err := d.end(i.Kind, i.ID); err != nil {
			return nil, err
		}
		more, err := d.tx.RevokeAll(d.ctx, d.grant, i.Kind, i.ID, "")
		if err != nil {
			return nil, err
		}
		if err := d.tx.Stage(d.ctx, d.grant, i.Kind, i.ID, i.Kind+"_closed"); err != nil {
			return nil, err
		}
		for _, s := range more {
			s.Item = "" // ended already
			given = append(given, s)
		}
	}
	var told []hub.AuthorityID
	for _, s := range given {
		if s.Item != "" {
			if why == "closed" && s.To == d.Police && s.From == d.Municipality {
				continue
			}
			if err := d.tx.Revoke(d.ctx, d.grant, s.ID); err != nil {
				return nil, err
			}
		}
		told = append(told, s.To)
	}
	return told, nil
}

// closeOffer ends an offer with its case, and gives who had it. A notification
// that was handed over and not yet received stays until it is: a child is not lost
// because a case was closed, nor because the police lost it.
func (x *room) closeOffer(d *doing, o *offer, why string) ([]hub.AuthorityID, error) {
	if o.Kind == notification && o.State == TakenUp && (why == "closed" || why == "withdrawn" && o.Receiver != d.Police) {
		return nil, nil
	}
	if err := x.letOut(d, o); err != nil {
		return nil, err
	}
	if !o.State.over() {
		x.stop(o, "stopped")
	}
	var had []hub.AuthorityID
	act := hub.ActChange
	if o.SentAt != nil && (o.State != NotTakenUp || why == inError) {
		had, act = []hub.AuthorityID{o.Receiver}, hub.ActRevoke
	}
	if err := x.keepOffer(d, o); err != nil {
		return nil, err
	}
	return had, x.recordOffer(d, o, act)
}

// openOffers makes the offers of a case that is opened again what they were, for
// whoever made them: what was shared stays ended.
func (x *room) openOffers(d *doing) error {
	all, err := offers(d.ctx, d.tx, d.grant, d.ID)
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.State != OfferClosed {
			continue
		}
		o.State, o.ClosedFrom = o.ClosedFrom, ""
		if err := x.keepOffer(d, o); err != nil {
			return err
		}
		if err := x.recordOffer(d, o, hub.ActChange); err != nil {
			return err
		}
	}
	return nil
}

// retain sets rule and date of erasure by the outcome (domain.md 2.6), and tells
// that the case is closed.
func (x *room) retain(d *doing, reason string, all []*offer) error {
	code, _ := x.Structure.ClosingReason(reason)
	rule, ok := x.Structure.Erasure(code.OutcomeAfter(kinds(all)...), d.Municipality)
	if !ok {
		return hub.Conflict("referral.error.retention")
	}
	d.Reason, d.ClosedAt, d.ResumeAt = reason, &d.tx.Now, nil
	d.RetentionRule, d.EraseAt = rule.Name(), rule.EraseAt(d.tx.Now)
	d.StepTold, d.NextAt = 0, d.EraseAt
	d.facts = append(d.facts, event.CaseClosed{Case: d.ID, Concern: d.Concern, Subject: d.Subject, Authority: d.Municipality, Police: d.Police,
		Error: reason == inError, RetentionRule: d.RetentionRule, EraseAt: d.EraseAt})
	return nil
}

func distinct(list []hub.AuthorityID) []hub.AuthorityID {
	slices.Sort(list)
	return slices.Compact(list)
}

// resumeCase takes a closing back: the case goes on where it stood, with the next
// date it had.
func (x *room) resumeCase(r *web.Request, _ struct{}) (ReferralReceipt, error) {
	return x.onCase(r, Resume, hub.ActDecide, func(d *doing) error {
		d.State = d.ClosingFrom
		x.enter(d.course, d.State, d.tx.Now)
		if d.ResumeAt != nil && d.ResumeAt.Before(d.NextAt) {
			d.NextAt = *d.ResumeAt
		}
		d.ResumeAt, d.ClosingFrom = nil, "" // what was proposed is of a round that is over: the next closing begins another
		return nil
	})
}

// reopenCase opens a closed case again. One person asks for it, and another, not
// the same identity and neither the other's deputy, agrees (A048, A060); one of them is the municipality's, whose case
// it is, and discloses it to the police anew.
func (x *room) reopenCase(r *web.Request, in Reopening) (ReferralReceipt, error) {
	return x.onCase(r, Reopen, hub.ActDecide, func(d *doing) error {
		if err := in.Check().Err(); err != nil {
			return err
		}
		said, err := x.askedToReopen(d)
		if err != nil {
			return err
		}
		share, err := x.shareAgain(d, in.Basis, said)
		if err != nil {
			return err
		}
		n, err := putProposal(d.ctx, d.tx, d.grant, d.course, string(Reopen), Closure{}, share)
		if err != nil {
			return err
		}
		if err := x.keepTexts(d, "case", d.ID, numbered("reopening."+roundOf(d.course), n, map[string]hub.Personal{"reason": in.Reason})); err != nil {
			return err
		}
		d.entry.Why = in.Reason
		if len(said) == 0 {
			return nil
		}
		if share == "" && said[0].Share == "" {
			return hub.Conflict("referral.error.reopen_owner")
		}
		d.State, d.ClosedAt, d.Reason = Assessment, nil, ""
		d.Round++
		x.enter(d.course, Assessment, d.tx.Now)
		if err := x.openOffers(d); err != nil {
			return err
		}
		d.facts = append(d.facts, event.CaseReopened{Case: d.ID, Concern: d.Concern, Authority: d.Municipality, Police: d.Police,
			Due: d.NextAt, RetentionRule: d.RetentionRule, EraseAt: d.EraseAt})
		return nil
	})
}

// askedToReopen is who has asked for the case to be opened again; nobody whose
// asking is older than a closing may take. It begins a round where there is none.
func (x *room) askedToReopen(d *doing) ([]Proposal, error) {
	said, err := proposals(d.ctx, d.tx, d.course, string(Reopen))
	if err != nil {
		return nil, err
	}
	if len(said) == 0 || x.due(Closing, d.Municipality, said[0].At).Before(d.tx.Now) {
		d.Round++
		return nil, nil
	}
	if who := d.tx.Who(); said[0].Person == who.Person || x.Structure.OneDesk(said[0].Hat, who.Hat.ID) {
		return nil, hub.Conflict("referral.error.second_person")
	}
	return said, nil
}

// shareAgain is the municipality's disclosure of a case that is opened again, in
// place of the one that stood: by whoever of the municipality does it, once.
func (x *room) shareAgain(d *doing, b service.Basis, said []Proposal) (hub.ID, error) {
	if d.tx.Who().Authority != d.Municipality || len(said) > 0 && said[0].Share != "" {
		return "", nil
	}
	if err := b.Check().Err(); err != nil {
		return "", err
	}
	given, err := d.tx.Shares(d.ctx, "case", d.ID)
	if err != nil {
		return "", err
	}
	classes, terms := []string{}, ""
	for _, s := range given {
		if s.To != d.Police || s.From != d.Municipality {
			continue
		}
		classes, terms = s.Classes, s.Terms // what was agreed of passing it on holds again
		if err := d.tx.Revoke(d.ctx, d.grant, s.ID); err != nil {
			return "", err
		}
	}
	if len(classes) == 0 {
		return "", hub.Conflict("referral.error.erring")
	}
	rule, _ := x.Structure.Erasure("case", d.Municipality)
	return x.Disclose(d.ctx, d.tx, service.Disclosure{Kind: "case", Item: d.ID, About: d.Subject, Version: d.course.Version, Controller: d.Municipality,
		State: string(Assessment), To: d.Police, Classes: classes, Until: until(rule.EraseAt(d.tx.Now), d.EraseAt), Basis: b, Terms: terms})
}

// until is the later of two times.
func until(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
