package service

import (
	"context"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// GlassWaiting are the break-glasses that wait for a second person: those that the
// actor asked for in the post they wear, and those that are theirs to answer. It says
// no more than that they are there.
func (e Env) GlassWaiting(ctx context.Context, tx *pg.Tx) (mine, answer []pg.Glass, err error) {
	list, err := tx.GlassesWaiting(ctx)
	if err != nil {
		return nil, nil, err
	}
	who := tx.Who()
	for _, b := range list {
		if b.Person == who.Person {
			if b.Hat == who.Hat.ID {
				mine = append(mine, b)
			}
			continue
		}
		rel, err := tx.Relation(ctx, b.Kind, b.Item)
		if err != nil {
			return nil, nil, err
		}
		q := e.glassQuestion("second", who, rel, tx.Now)
		q.SameAuthority, q.Linked = true, e.Linked(who.Person, b.Person, tx.Now)
		may, err := e.DB.Advise(ctx, q)
		if err != nil {
			return nil, nil, err
		}
		if may.Allow {
			answer = append(answer, b)
		}
	}
	return mine, answer, nil
}

// GlassOpen are the break-glasses of the actor's, in the post they wear, that open
// something to them now. It says no more than that they are there.
func (e Env) GlassOpen(ctx context.Context, tx *pg.Tx) (open []pg.Glass, err error) {
	list, err := tx.GlassesOpen(ctx)
	if err != nil {
		return nil, err
	}
	for _, b := range list {
		rel, err := tx.Relation(ctx, b.Kind, b.Item)
		if err != nil {
			return nil, err
		}
		if tx.Sees(ctx, rel) {
			open = append(open, b)
		}
	}
	return open, nil
}

// mostReviews is how many break-glasses stand on a front page for their review.
const mostReviews = 20

// ToReview is a break-glass that waits for its review.
type ToReview struct {
	pg.Glass
	Due  time.Time // when the review is late (A054)
	Late bool
}

// GlassReviews are the break-glasses that wait for the actor's review, the oldest first:
// of the own authority's, what the rules let them review, and nothing that they are too
// close to. It says no more than that they are there.
func (e Env) GlassReviews(ctx context.Context, tx *pg.Tx) (wait []ToReview, err error) {
	who := tx.Who()
	q := policies.Glass{Step: "review", Role: who.Role, Kind: who.Kind, Purpose: hub.LogControl, SameAuthority: true}
	if may, err := e.DB.Advise(ctx, q); err != nil || !may.Allow {
		return nil, err
	}
	list, err := tx.GlassesOf(ctx, who.Authority, true, mostReviews)
	if err != nil {
		return nil, err
	}
	for _, b := range list {
		rel, err := tx.Relation(ctx, b.Kind, b.Item)
		if err != nil {
			return nil, err
		}
		q.Self, q.Linked = b.Person == who.Person || b.Second == who.Person, e.Linked(who.Person, b.Person, tx.Now)
		may, err := e.DB.Advise(ctx, q)
		if err != nil {
			return nil, err
		}
		if may.Allow && !rel.Recused {
			due := b.From.Add(pg.GlassLate)
			wait = append(wait, ToReview{b, due, !tx.Now.Before(due)})
		}
	}
	return wait, nil
}
