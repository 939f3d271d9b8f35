package pg

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// guesses is how many sets nothingBut asks about before it leaves it: what could
// be takes more questions than what is.
const guesses = 1000

// nothingBut reports that policy gives the actor nothing that is not theirs by
// something of their own (an assignment, a glass, what they wrote): it says no to
// every set of attributes that an item could have by what the authority controls
// and was given. Then nobody need look at each of that, however much it is. Where
// it says yes to one, or there are too many to ask about, it is false.
func (a *Listing) nothingBut(ctx context.Context) (bool, error) {
	sets, _, _, err := a.groups(ctx, "")
	if err != nil || len(sets) > 0 {
		return false, err
	}
	terms, err := a.terms(ctx)
	if err != nil {
		return false, err
	}
	rows, err := a.tx.Query(ctx, `select s.state, s.received_by from access.stages($1) s`, a.kind)
	if err != nil {
		return false, err
	}
	var r Relation
	var stages []Relation
	if _, err := pgx.ForEachRow(rows, []any{&r.State, &r.ReceivedBy}, func() error { stages = append(stages, r); return nil }); err != nil {
		return false, err
	}
	if len(terms)*len(stages)*2 > guesses {
		return false, nil
	}
	for _, stage := range stages {
		for _, r := range terms {
			r.State, r.ReceivedBy = stage.State, stage.ReceivedBy
			for _, r.Relation = range []string{"shared", "own"} {
				if n, err := a.Set(ctx, r); n >= 0 || err != nil {
					return false, err
				}
			}
		}
	}
	return true, nil
}

// terms are the bases, the kinds of sender and the classes that what was shared
// with the authority could have: every share's, and what several of one basis and
// one kind of sender name together.
func (a *Listing) terms(ctx context.Context) (all []Relation, err error) {
	rows, err := a.tx.Query(ctx, `select t.named, t.basis, t.sender_kind from access.terms($1, $2) t`, string(a.tx.who.Authority), a.kind)
	if err != nil {
		return nil, err
	}
	var one Relation
	_, err = pgx.ForEachRow(rows, []any{&one.Classes, &one.Basis, &one.SharedBy}, func() error {
		if one.Classes == "" || slices.Contains(all, one) || len(all) > guesses {
			return nil
		}
		more := []Relation{one}
		for _, r := range all {
			if r.Basis != one.Basis || r.SharedBy != one.SharedBy {
				continue
			}
			both := append(strings.Split(r.Classes, ","), strings.Split(one.Classes, ",")...)
			slices.Sort(both)
			r.Classes = strings.Join(slices.Compact(both), ",")
			if !slices.Contains(all, r) && !slices.Contains(more, r) {
				more = append(more, r)
			}
		}
		all = append(all, more...)
		return nil
	})
	return all, err
}
