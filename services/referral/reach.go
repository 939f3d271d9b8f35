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

// reaches asks the rules whether an offer of somebody's can be received at a place:
// within the own authority by somebody they may let in; at another, on a legal
// basis on which they may disclose it, by somebody they may let in or by whoever
// there sees what was shared (D14, D15).
func (x *room) reaches(ctx context.Context, who hub.Actor, to spot, consent bool, now time.Time) (bool, error) {
	bases, err := x.basesFor(ctx, who, to.Authority, consent, now)
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

// basesFor are the legal bases in force on which the rules let somebody disclose an
// offer to another authority; to the own there is nothing to disclose.
func (x *room) basesFor(ctx context.Context, who hub.Actor, to hub.AuthorityID, consent bool, now time.Time) (list []hub.LegalBasis, err error) {
	if to == who.Authority {
		return nil, nil
	}
	for _, b := range x.Structure.LegalBases {
		answer, err := x.DB.Advise(ctx, x.May(who, service.Disclosure{Kind: "offer", State: string(Offered), To: to, Consent: consent,
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
// of the case can send it there (D15).
func (x *room) unreached(d *doing, p *hub.Problems, to spot, consent bool) error {
	who := d.tx.Who()
	ok, err := x.reaches(d.ctx, who, to, consent, d.tx.Now)
	if err != nil || ok {
		return err
	}
	other := d.other(who.Authority)
	for _, post := range x.Structure.PostsOf(other, "", d.tx.Now) {
		if ok, err := x.reaches(d.ctx, hub.Actor{Hat: post.Hat}, to, consent, d.tx.Now); err != nil {
			return err
		} else if ok {
			a, _ := x.Structure.Authority(other)
			p.Add("authority", "referral.error.place_other", a.Name)
			return nil
		}
	}
	p.Add("authority", "referral.error.place")
	return nil
}
