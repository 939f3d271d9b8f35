package pg

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// guesses is about how many sets could asks before it leaves it: what could be takes
// more questions than what is.
const guesses = 1000

// could gives the states, of all or of one, in which policy gives the actor any of
// what is theirs by nothing of their own (an assignment, a glass, what they wrote):
// it asks of every set of attributes that an item could have by what the authority
// controls and was given. In the others nobody need look at each of that, however
// much it is. It is nil, which is every state, where there are too many sets to ask.
func (a *Listing) could(ctx context.Context, state string) ([]string, error) {
	rows, err := a.tx.Query(ctx, `select 'own', g.state, g.received_by, '', '', '' from access.groups($1, $2, $3, $4, $5, $6) g where $7 = '' or g.state = $7
		union all select '', s.state, s.received_by, '', '', '' from access.stages($6) s where $7 = '' or s.state = $7
		union all select 'shared', '', '', t.named, t.basis, t.sender_kind from access.terms($2, $6) t`, append(a.tx.Me(), a.kind, state)...)
	if err != nil {
		return nil, err
	}
	var r Relation
	var groups, stages, terms []Relation
	if _, err = pgx.ForEachRow(rows, []any{&r.Relation, &r.State, &r.ReceivedBy, &r.Classes, &r.Basis, &r.SharedBy}, func() error {
		switch r.Relation {
		case "own":
			groups = append(groups, r)
		case "shared":
			terms = combined(terms, r)
		default:
			stages = append(stages, r)
		}
		return nil
	}); err != nil || len(terms)*len(stages)*2 > guesses {
		return nil, err
	}
	states := []string{}
	ask := func(r Relation) error {
		if slices.Contains(states, r.State) {
			return nil
		}
		_, ok, err := a.may(ctx, r)
		if ok {
			states = append(states, r.State)
		}
		return err
	}
	for _, r := range groups {
		if err := ask(r); err != nil {
			return nil, err
		}
	}
	for _, stage := range stages {
		for _, r := range terms {
			r.State, r.ReceivedBy = stage.State, stage.ReceivedBy
			for _, r.Relation = range []string{"shared", "own"} {
				if err := ask(r); err != nil {
					return nil, err
				}
			}
		}
	}
	if state == "" && !slices.ContainsFunc(stages, func(r Relation) bool { return !slices.Contains(states, r.State) }) {
		return nil, nil // it is every state
	}
	return states, nil
}

// combined adds to the bases, the kinds of sender and the classes that what was
// shared with the authority could have: those of one more share, and what several of
// one basis and one kind of sender name together.
func combined(all []Relation, one Relation) []Relation {
	if one.Classes == "" || slices.Contains(all, one) || len(all) > guesses {
		return all
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
	return append(all, more...)
}
