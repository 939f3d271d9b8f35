package referral

import (
	"context"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/policies"
)

// spot is where an offer may go: an authority, or a department of it.
type spot struct {
	Authority  hub.AuthorityID
	Department string
}

// passing is on which terms somebody has the case that an offer is made in, where it is
// another's, and whether that one has said yes to where the offer is to go.
type passing struct {
	under  string
	agreed bool
}

// freely is [service.Freely].
func freely(municipality, by, to hub.AuthorityID) (on passing) {
	on.under, on.agreed = service.Freely(municipality, by, to)
	return on
}

// reaches asks the rules whether an offer of somebody's can be received at a place:
// within the own authority by somebody they may let in; at another, on a legal
// basis on which they may disclose it, by somebody they may let in or by whoever
// there sees what was shared (D14, D15), if the case that it is made in, where that is
// another's, may be passed on there so.
func (x *room) reaches(ctx context.Context, who hub.Actor, to spot, on passing, consent bool, now time.Time) (bool, error) {
	bases, err := x.basesFor(ctx, who, to.Authority, on, consent, now)
	if err != nil || len(bases) == 0 && to.Authority != who.Authority {
		return false, err
	}
	for _, post := range x.Structure.PostsOf(to.Authority, to.Department, now) {
		questions := []policies.Question{x.mayLetIn(who, post, Offered)}
		for _, b := range bases {
			rel := pg.Relation{Kind: "offer", ReceivedBy: who.Kind, State: string(Offered), Relation: "shared", SharedBy: who.Kind, Basis: b, Classes: strings.Join(offerClasses, ",")}
			questions = append(questions, rel.View(hub.Actor{Hat: post.Hat}, hub.Prevention))
		}
		for _, q := range questions {
			if answer, err := x.DB.Advise(ctx, q); err != nil || answer.Allow {
				return answer.Allow, err
			}
		}
	}
	return false, nil
}

// carried are the authorities to which the rules could let something go from either party
// of a municipality's case on a consent: whom one can name.
func (x *room) carried(ctx context.Context, municipality hub.AuthorityID, now time.Time) (list []hub.AuthorityID, err error) {
	h, _ := x.Structure.InfohusOf(municipality, now)
	for _, a := range x.Structure.Authorities {
		ok, tried := false, map[hub.Role]bool{}
		for _, post := range append(x.Structure.PostsOf(municipality, "", now), x.Structure.PostsOf(h.Police, "", now)...) {
			if ok || tried[post.Role] {
				continue
			}
			tried[post.Role] = true
			if ok, err = x.reaches(ctx, hub.Actor{Hat: post.Hat}, spot{a.ID, ""}, freely(municipality, post.Authority, a.ID), true, now); err != nil {
				return nil, err
			}
		}
		if ok {
			list = append(list, a.ID)
		}
	}
	return list, nil
}

// basesFor are the legal bases in force on which the rules let somebody disclose an
// offer to another authority; to the own there is nothing to disclose.
func (x *room) basesFor(ctx context.Context, who hub.Actor, to hub.AuthorityID, on passing, consent bool, now time.Time) (list []hub.LegalBasis, err error) {
	if to == who.Authority {
		return nil, nil
	}
	for _, b := range x.Structure.LegalBases {
		answer, err := x.DB.Advise(ctx, x.May(who, service.Disclosure{Kind: "offer", State: string(Offered), To: to, Consent: consent, Under: on.under, Agreed: on.agreed,
			Basis: service.Basis{LegalBasis: b.Code, Purpose: hub.Prevention}}, now))
		if err != nil {
			return nil, err
		}
		if answer.Allow {
			list = append(list, b.Code)
		}
	}
	return list, nil
}

// unreached says that an offer cannot go to a place, and whether the other party
// of the case can send it there (D15), or could if the municipality let the police.
func (x *room) unreached(d *doing, p *hub.Problems, to spot, consent bool) error {
	who := d.tx.Who()
	ok, letOn, err := x.reachesNow(d, who, to, consent)
	if err != nil || ok {
		return err
	}
	if letOn {
		return hub.Conflict("error.onward")
	}
	other := d.other(who.Authority)
	a, _ := x.Structure.Authority(other)
	for _, post := range x.Structure.PostsOf(other, "", d.tx.Now) {
		ok, letOn, err := x.reachesNow(d, hub.Actor{Hat: post.Hat}, to, consent)
		if err != nil {
			return err
		}
		if ok {
			p.Add("authority", "referral.error.place_other", a.Name)
			return nil
		}
		if letOn {
			p.Add("authority", "referral.error.place_onward", a.Name)
			return nil
		}
	}
	p.Add("authority", "referral.error.place")
	return nil
}

// reachesNow is [room.reaches] on the terms of the case as they are, and whether it is
// only for them that the place is not reached.
func (x *room) reachesNow(d *doing, who hub.Actor, to spot, consent bool) (ok, letOn bool, err error) {
	var on passing
	if on.under, on.agreed, err = d.tx.Onward(d.ctx, "case", d.ID, d.Municipality, who.Authority, to.Authority); err != nil {
		return false, false, err
	}
	if ok, err = x.reaches(d.ctx, who, to, on, consent, d.tx.Now); err != nil || ok || on.under == "" {
		return ok, false, err
	}
	letOn, err = x.reaches(d.ctx, who, to, freely(d.Municipality, who.Authority, to.Authority), consent, d.tx.Now)
	return false, letOn, err
}
