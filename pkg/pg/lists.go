package pg

import (
	"context"
	"errors"
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
	N     int // how many items have it; of [Tx.Sets] only
}

// attributes are what tells one set from another, in the order of [Sets.Args].
const attributes = `r.relation, r.received_by, r.state, r.assigned, r.author, r.recused, r.classes, r.basis, r.shared_by, r.glass`

// Attributes gives the places to scan a set into, of [EachColumns] for one.
func (r *Relation) Attributes() []any {
	return []any{&r.Relation, &r.ReceivedBy, &r.State, &r.Assigned, &r.Author, &r.Recused, &r.Classes, &r.Basis, &r.SharedBy, &r.Glass}
}

// Listing asks the ordinary question of a list: once for each distinct set of
// attributes that is met, few however many items.
type Listing struct {
	Sets    Sets // those that are allowed
	tx      *Tx
	kind    string
	purpose hub.Purpose
	known   map[Relation]int
}

// Listing begins a list of the actor's items of a kind.
func (tx *Tx) Listing(kind string, purpose hub.Purpose) *Listing {
	return &Listing{tx: tx, kind: kind, purpose: purpose, known: map[Relation]int{}}
}

// Set is the number among [Listing.Sets] of the set that an item's attributes are,
// -1 where it may not be seen.
func (a *Listing) Set(ctx context.Context, r Relation) (int, error) {
	if r.Nothing() {
		return -1, nil // as to a list that begins from access.mine
	}
	r.Kind, r.ID, r.About, r.Controller = a.kind, "", "", ""
	if n, ok := a.known[r]; ok {
		return n, nil
	}
	n := -1
	g, err := a.tx.Ask(ctx, r.View(a.tx.who, a.purpose))
	switch {
	case err == nil:
		n = len(a.Sets)
		a.Sets = append(a.Sets, Set{Relation: r, Grant: g})
	case !errors.As(err, new(*policies.Denial)):
		return -1, err
	}
	a.known[r] = n
	return n, nil
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

// Extent is how much a list is found to have.
type Extent int

// A list has no more than it was asked about, or more, or it is not known: policy
// gives some of very much, and little of it.
const (
	Whole Extent = iota
	Beyond
	Unknown
)

// Few gives all that the actor may see, of a state where one is named, if it is no
// more than so many. What it costs depends on that number, not on how much there is:
// of what was given it looks closely at little more, and at up to sixteen times as
// much where policy gives some of it and little; of the rest, which is nothing to
// the actor but the own authority's, it asks once for each state and takes no more
// than it may show. Where the extent is Unknown, [Tx.Sets] looks at everything.
func (a *Listing) Few(ctx context.Context, state string, most int) (Few, Extent, error) {
	many := min(glance, most+1)
	for shared, asked := many, false; many <= 16*(most+1); shared = min(shared, 1) * many {
		l, err := a.given(ctx, state, many, shared)
		if err != nil || len(l.IDs) > most {
			return Few{}, Beyond, err
		}
		if len(l.ways) == 0 {
			if err := a.plain(ctx, state, &l, most); err != nil || len(l.IDs) > most {
				return Few{}, Beyond, err
			}
			return l.Few, Whole, nil
		}
		if !asked && slices.Contains(l.ways, "shared") {
			asked = true
			none, err := a.nothingBut(ctx)
			if err != nil {
				return Few{}, Unknown, err
			}
			if none {
				shared = 0
				continue
			}
		}
		many = max(most+1, many*4)
	}
	return Few{}, Unknown, nil
}

// glance is how much of what was given is looked at first: more than most people
// are given.
const glance = 64

// looked is what was seen of a look at what was given, at what it was, and by which
// ways there may be more.
type looked struct {
	Few
	at   map[string]bool
	ways []string
}

// given looks closely at what was given, at most so many by one way, and so many by
// shares.
func (a *Listing) given(ctx context.Context, state string, many, shared int) (l looked, err error) {
	rows, err := a.tx.Query(ctx, `select `+attributes+`, r.ids, r.ways from access.few($1, $2, $3, $4, $5, $6, `+strconv.Itoa(many)+`, `+strconv.Itoa(shared)+`) r`,
		append(a.tx.Me(), a.kind)...)
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
	sets, states, receivedBy, err := a.groups(ctx, state)
	if err != nil || len(sets) == 0 {
		return err
	}
	rows, err := a.tx.Query(ctx, `select i.id, g.n from unnest($3::int[], $4::text[], $5::text[]) g (n, state, received_by) cross join lateral (select i.id from access.item i
		where i.controller = $1 and i.kind = $2 and i.state = g.state and i.received_by = g.received_by order by i.id limit $6) i limit $6`,
		string(a.tx.who.Authority), a.kind, sets, states, receivedBy, most+1-len(l.IDs)+len(l.at))
	if err != nil {
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

// groups are the allowed sets of what is nothing to the actor but the own
// authority's, and the states and the receivers that they are.
func (a *Listing) groups(ctx context.Context, state string) (sets []int, states, receivedBy []string, err error) {
	rows, err := a.tx.Query(ctx, `select g.state, g.received_by from access.groups($1, $2, $3, $4, $5, $6) g where $7 = '' or g.state = $7`, append(a.tx.Me(), a.kind, state)...)
	if err != nil {
		return nil, nil, nil, err
	}
	r := Relation{Relation: "own"}
	_, err = pgx.ForEachRow(rows, []any{&r.State, &r.ReceivedBy}, func() error {
		n, err := a.Set(ctx, r)
		if n >= 0 {
			sets, states, receivedBy = append(sets, n), append(states, r.State), append(receivedBy, string(r.ReceivedBy))
		}
		return err
	})
	return sets, states, receivedBy, err
}

// Sets asks the ordinary question once for each distinct set of attributes among
// the actor's items of a kind, all of which it looks at: those that are allowed come
// back, few however many items. A list binds them into its query with [AllowedSQL],
// and so shows exactly what single reads would.
func (tx *Tx) Sets(ctx context.Context, kind string, purpose hub.Purpose) (Sets, error) {
	rows, err := tx.Query(ctx, `select `+attributes+`, r.n from access.sets($1, $2, $3, $4, $5, $6) r`, append(tx.Me(), kind)...)
	if err != nil {
		return nil, err
	}
	var r Relation
	var many int
	l := tx.Listing(kind, purpose)
	_, err = pgx.ForEachRow(rows, append(r.Attributes(), &many), func() error {
		n, err := l.Set(ctx, r)
		if n >= 0 {
			l.Sets[n].N = many
		}
		return err
	})
	return l.Sets, err
}

// Sets are the allowed sets of a list.
type Sets []Set

// Allowing are the numbers of the sets of which policy gives a field: only by
// what is shown can a list be asked.
func (s Sets) Allowing(field string) []int {
	n := []int{}
	for i, t := range s {
		if t.Grant.Allows(field) {
			n = append(n, i)
		}
	}
	return n
}

// Count is how many items the allowed sets have: exactly those that the pages of
// a list show together (A021). Of a state only, where one is named.
func (s Sets) Count(state string) (n int) {
	for _, t := range s {
		if state == "" || t.State == state {
			n += t.N
		}
	}
	return n
}

const sets = `unnest($7::int[], $8::text[], $9::text[], $10::text[], $11::bool[], $12::bool[], $13::bool[], $14::text[], $15::text[], $16::text[], $17::bool[])
	as a(n, relation, received_by, state, assigned, author, recused, classes, basis, shared_by, glass)`

const inSet = `(` + attributes + `) = (a.relation, a.received_by, a.state, a.assigned, a.author, a.recused, a.classes, a.basis, a.shared_by, a.glass)`

// AllowedSQL begins a list's statement: allowed(id, state, n) is every item that
// may be listed, where it stands, and the number of its set. Its arguments are
// those of [Tx.Me] and [Sets.Args], $1 to $17; the list's own begin at $18, [Own].
//
// What was given is found first and for itself: nothing tells Postgres how many
// have one set of attributes, and planned as one it believes in a single row and
// compares each item with each. Of the rest only the sets that are allowed are
// looked up.
const AllowedSQL = `with given as materialized (select r.* from access.given($1, $2) g join access.relations($1, $2, $3, $4, $5) r on r.id = g.id where r.kind = $6),
allowed as (select r.id, r.state, a.n from given r join ` + sets + ` on ` + inSet + `
	union all select r.id, r.state, a.n from ` + sets + ` join access.plain($1, $2, $3, $4, $5) r on r.kind = $6 and ` + inSet + `
	where not exists (select from given g where g.id = r.id))
`

// EachSQL looks at rows c of a list one by one, as a single read does: it is left
// joined to them, and [EachColumns] are then the attributes to put to [Listing.Set].
// $1 to $5 are [Tx.Me], $6 the kind of item.
const EachSQL = `lateral (select * from access.relations($1, $2, $3, $4, $5) r where r.id = c.id and r.kind = $6 offset 0) r`

// EachColumns are the attributes after EachSQL, in the order of [Relation.Attributes].
const EachColumns = `coalesce(r.relation, ''), coalesce(r.received_by, ''), coalesce(r.state, ''), coalesce(r.assigned, false), coalesce(r.author, false), coalesce(r.recused, false),
	coalesce(r.classes, ''), coalesce(r.basis, ''), coalesce(r.shared_by, ''), coalesce(r.glass, false)`

// Own is the number of a list's first own argument after AllowedSQL's.
const Own = 18

// Args are the arguments of AllowedSQL for these sets of one kind of item.
func (s Sets) Args(tx *Tx, kind string) []any {
	var n []int
	var relation, receivedBy, state, classes, basis, sharedBy []string
	var assigned, author, recused, glass []bool
	for i, t := range s {
		n = append(n, i)
		relation, receivedBy, state = append(relation, t.Relation.Relation), append(receivedBy, string(t.ReceivedBy)), append(state, t.State)
		classes, basis = append(classes, t.Classes), append(basis, string(t.Basis))
		sharedBy, glass = append(sharedBy, string(t.SharedBy)), append(glass, t.Glass)
		assigned, author, recused = append(assigned, t.Assigned), append(author, t.Author), append(recused, t.Recused)
	}
	return append(tx.Me(), kind, n, relation, receivedBy, state, assigned, author, recused, classes, basis, sharedBy, glass)
}
