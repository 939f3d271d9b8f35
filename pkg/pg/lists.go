package pg

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/policies"
)

// Act is the question whether the actor may take a step with the item.
func (r Relation) Act(who hub.Actor, action string, purpose hub.Purpose) policies.Act {
	return policies.Act{Action: action, Role: who.Role, Kind: who.Kind, Relation: r.Relation, ReceivedBy: r.ReceivedBy,
		State: r.State, Assigned: r.Assigned, Author: r.Author, Recused: r.Recused, SharedBy: r.SharedBy, Purpose: purpose}
}

// Set is one distinct set of attributes among the items that the actor has
// anything to do with, and what the ordinary question answered to it.
type Set struct {
	Relation
	Grant policies.Grant
}

// attributes are what tells one set from another, in the order of [Relation.Attributes].
const attributes = `r.relation, r.received_by, r.state, r.assigned, r.author, r.recused, r.classes, r.basis, r.shared_by, r.glass`

// Attributes gives the places to scan a set into, of [EachColumns] for one.
func (r *Relation) Attributes() []any {
	return []any{&r.Relation, &r.ReceivedBy, &r.State, &r.Assigned, &r.Author, &r.Recused, &r.Classes, &r.Basis, &r.SharedBy, &r.Glass}
}

// Listing asks the ordinary question of a list: once for each distinct set of
// attributes that is met, few however many items.
type Listing struct {
	Sets    Sets                    // those that are met and allowed
	Only    func(Set) (bool, error) // of the allowed, where set, those that are wanted; asked before the first item
	tx      *Tx
	kind    string
	purpose hub.Purpose
	known   map[Relation]int
	first   *looked // what [Listing.Much] saw
}

// Listing begins a list of the actor's items of a kind.
func (tx *Tx) Listing(kind string, purpose hub.Purpose) *Listing {
	return &Listing{tx: tx, kind: kind, purpose: purpose, known: map[Relation]int{}}
}

// Set is the number among [Listing.Sets] of the set that an item's attributes are,
// -1 where it may not be seen, or is not wanted.
func (a *Listing) Set(ctx context.Context, r Relation) (int, error) {
	r.Kind, r.ID, r.About, r.Controller = a.kind, "", "", ""
	if n, ok := a.known[r]; ok {
		return n, nil
	}
	n := -1
	s, ok, err := a.may(ctx, r)
	if err != nil {
		return -1, err
	}
	if ok {
		n = len(a.Sets)
		a.Sets = append(a.Sets, s)
	}
	a.known[r] = n
	return n, nil
}

// may asks whether a set of attributes is one of the list's.
func (a *Listing) may(ctx context.Context, r Relation) (Set, bool, error) {
	if r.Nothing() { // and in no list
		return Set{}, false, nil
	}
	g, err := a.tx.Ask(ctx, r.View(a.tx.who, a.purpose))
	if errors.As(err, new(*policies.Denial)) {
		return Set{}, false, nil
	}
	s := Set{Relation: r, Grant: g}
	if err != nil || a.Only == nil {
		return s, err == nil, err
	}
	ok, err := a.Only(s)
	return s, ok, err
}

// Few is what somebody may see, where it is little: the items, and the number of
// each one's set.
type Few struct {
	IDs  []string
	Sets []int
}

func (f *Few) add(id string, set int) {
	if set >= 0 {
		f.IDs, f.Sets = append(f.IDs, id), append(f.Sets, set)
	}
}

// own and shared are how much of what is the person's own, and of what was shared
// with their authority, is looked at first: of the one more than most people are
// given, of the other what tells little from much.
const own, shared = 64, 16

// Much guesses from a first look whether the list is long: policy gives all that was
// looked at of what was shared, and there is more.
func (a *Listing) Much(ctx context.Context, state string) (bool, error) {
	l, err := a.given(ctx, state, nil, own, shared)
	a.first = &l
	return slices.Contains(l.ways, "shared") && len(l.IDs) == len(l.at), err
}

// Few gives all of the list, of a state where one is named, if it is no more than so
// many, and whether it is. What it costs depends on that number, not on how much
// there is: of what was given it looks closely at little more, and only in such
// states as policy gives some of it in; of the rest, which is nothing to the actor
// but the own authority's, it asks once for each state and takes no more than it may
// show. Where policy gives some of what there is in a state, and little of very much,
// it looks at four times as much, and again, until it has seen enough.
func (a *Listing) Few(ctx context.Context, state string, most int) (Few, bool, error) {
	var states []string // in which what was shared is looked at; nil: in all
	for many, shares, asked := min(own, most+1), min(shared, most+1), false; ; {
		l, err := a.look(ctx, state, states, many, shares)
		if err != nil || len(l.IDs) > most {
			return Few{}, false, err
		}
		if len(l.ways) == 0 {
			if err := a.plain(ctx, state, &l, most); err != nil || len(l.IDs) > most {
				return Few{}, false, err
			}
			return l.Few, true, nil
		}
		if !asked && slices.Contains(l.ways, "shared") && len(l.IDs) < len(l.at) { // where policy gave all of it, as much of the rest will do
			asked = true
			if states, err = a.could(ctx, state); err != nil {
				return Few{}, false, err
			}
			if states != nil && len(states) == 0 && !slices.ContainsFunc(l.ways, func(way string) bool { return way != "shared" }) {
				return l.Few, true, nil // nothing is theirs but by something of their own, and that was all there
			}
		}
		if shares > most {
			many *= 4
		} else {
			many = most + 1
		}
		shares = many
	}
}

// All gives all of the list, of a state where one is named, however much it is.
func (a *Listing) All(ctx context.Context, state string) (Few, error) {
	f, _, err := a.Few(ctx, state, 1<<30)
	return f, err
}

// Args are the arguments of [AllowedSQL].
func (f Few) Args() []any { return []any{f.IDs, f.Sets} }

// Of looks at some items, each as a single read does, and gives those of the list,
// of a state where one is named. What the actor is nothing to is looked at no closer
// than what never was (G7), and in one go, among as many references that never were
// as make it no fewer than a few: of nothing is asked what of little is.
func (a *Listing) Of(ctx context.Context, state string, ids []string) (f Few, err error) {
	rows, err := a.tx.Query(ctx, `with t as materialized (select coalesce(array_agg(i.id), '{}') as ids, coalesce(array_agg(i.part_of), '{}') as whole,
			coalesce(array_agg(i.id) filter (where i.controller = $2 or i.author = $1), '{}') as own from access.item i where i.id = any($7) and i.kind = $6),
		near as materialized (select array(select a.item from access.assignment a where a.item = any($7 || t.whole) and a.person = $1 and a.authority = $2 and a.role = $3 and a.ended_at is null) as assigned,
			array(select s.item from access.share s where s.item = any($7) and s.receiver = $2 and s.ended_at is null) as shared from t)
		select r.id, `+attributes+` from t, near, lateral (select i.id from unnest(t.ids, t.whole) i (id, whole)
			where i.id = any(t.own) or i.id = any(near.shared) or i.id = any(near.assigned) or i.whole = any(near.assigned) offset 0) c
		cross join `+EachSQL+` where $8 = '' or r.state = $8`,
		append(a.tx.Me(), a.kind, Padded(ids, padding), state)...)
	if err != nil {
		return f, err
	}
	var id string
	var r Relation
	_, err = pgx.ForEachRow(rows, append([]any{&id}, r.Attributes()...), func() error {
		n, err := a.Set(ctx, r)
		f.add(id, n)
		return err
	})
	return f, err
}

// padding is how many references a look at some is about at least.
const padding = 16

// Padded are references with as many that never were as make them no fewer than so
// many, and are as long.
func Padded(ids []string, least int) []string {
	ids = slices.Clone(ids)
	for n := len(ids); n < least; n++ {
		ids = append(ids, fmt.Sprintf("none%022d", n))
	}
	return ids
}

// looked is what was seen of a look at what was given, at what it was, and by which
// ways there may be more.
type looked struct {
	Few
	at   map[string]bool
	ways []string
}

// look is given, but for what was looked at already.
func (a *Listing) look(ctx context.Context, state string, states []string, many, shares int) (l looked, err error) {
	if a.first == nil {
		return a.given(ctx, state, states, many, shares)
	}
	l, a.first = *a.first, nil
	return l, nil
}

// given looks closely at what was given, at most so many by one way, and so many by
// shares, of these in some states alone where they are named.
func (a *Listing) given(ctx context.Context, state string, states []string, many, shares int) (l looked, err error) {
	rows, err := a.tx.Query(ctx, `select `+attributes+`, r.ids, r.ways from access.few($1, $2, $3, $4, $5, $6, `+strconv.Itoa(many)+`, `+strconv.Itoa(shares)+`, $7) r`,
		append(a.tx.Me(), a.kind, states)...)
	if err != nil {
		return l, err
	}
	var r Relation
	var ids, ways []string
	l.at = map[string]bool{}
	_, err = pgx.ForEachRow(rows, append(r.Attributes(), &ids, &ways), func() error {
		l.ways = append(l.ways, ways...)
		n := -1
		if state == "" || r.State == state {
			if n, err = a.Set(ctx, r); err != nil {
				return err
			}
		}
		for _, id := range ids {
			l.at[id] = true
			l.add(id, n)
		}
		return nil
	})
	return l, err
}

// plain adds what is nothing to the actor but the own authority's, until there is
// more than so many.
func (a *Listing) plain(ctx context.Context, state string, l *looked, most int) error {
	rows, err := a.tx.Query(ctx, `select g.state, g.received_by from access.groups($1, $2, $3, $4, $5, $6) g where $7 = '' or g.state = $7`, append(a.tx.Me(), a.kind, state)...)
	if err != nil {
		return err
	}
	var sets []int
	var states, receivedBy []string
	r := Relation{Relation: "own"}
	if _, err = pgx.ForEachRow(rows, []any{&r.State, &r.ReceivedBy}, func() error {
		n, err := a.Set(ctx, r)
		if n >= 0 {
			sets, states, receivedBy = append(sets, n), append(states, r.State), append(receivedBy, string(r.ReceivedBy))
		}
		return err
	}); err != nil || len(sets) == 0 {
		return err
	}
	if rows, err = a.tx.Query(ctx, `select i.id, g.n from unnest($3::int[], $4::text[], $5::text[]) g (n, state, received_by) cross join lateral (select i.id from access.item i
		where i.controller = $1 and i.kind = $2 and i.state = g.state and i.received_by = g.received_by order by i.id limit $6) i limit $6`,
		string(a.tx.who.Authority), a.kind, sets, states, receivedBy, most+1-len(l.IDs)+len(l.at)); err != nil {
		return err
	}
	var id string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error {
		if !l.at[id] {
			l.add(id, n)
		}
		return nil
	})
	return err
}

// Sets are the allowed sets of a list.
type Sets []Set

// AllowedSQL begins a list's statement: allowed(id, n) is every item that it may have,
// and the number of its set. Its arguments are those of [Few.Args], $1 and $2; the
// list's own begin at $3.
const AllowedSQL = `with allowed as (select a.id, a.n from unnest($1::text[], $2::int[]) a (id, n))
`

// EachSQL looks at rows c of a list one by one, as a single read does: it is left
// joined to them, and [EachColumns] are then the attributes to put to [Listing.Set].
// $1 to $5 are [Tx.Me], $6 the kind of item.
const EachSQL = `lateral (select * from access.relations($1, $2, $3, $4, $5) r where r.id = c.id and r.kind = $6 offset 0) r`

// EachColumns are the attributes after EachSQL, in the order of [Relation.Attributes].
const EachColumns = `coalesce(r.relation, ''), coalesce(r.received_by, ''), coalesce(r.state, ''), coalesce(r.assigned, false), coalesce(r.author, false), coalesce(r.recused, false),
	coalesce(r.classes, ''), coalesce(r.basis, ''), coalesce(r.shared_by, ''), coalesce(r.glass, false)`
