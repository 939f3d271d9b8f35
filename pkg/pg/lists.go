package pg

import (
	"context"
	"errors"

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
	N     int // how many items have it
}

// attributes are what tells one set from another, in the order of [Sets.Args].
const attributes = `r.relation, r.received_by, r.state, r.assigned, r.author, r.recused, r.classes, r.basis, r.shared_by, r.glass`

// Sets asks the ordinary question once for each distinct set of attributes among
// the actor's items of a kind: those that are allowed come back, few however
// many items. A list binds them into its query with [AllowedSQL], and so shows
// exactly what single reads would.
func (tx *Tx) Sets(ctx context.Context, kind string, purpose hub.Purpose) (Sets, error) {
	rows, err := tx.Query(ctx, `select `+attributes+`, r.n from access.sets($1, $2, $3, $4, $5, $6) r`, append(tx.Me(), kind)...)
	if err != nil {
		return nil, err
	}
	var r Relation
	var n int
	var list Sets
	_, err = pgx.ForEachRow(rows, []any{&r.Relation, &r.ReceivedBy, &r.State, &r.Assigned, &r.Author, &r.Recused, &r.Classes, &r.Basis, &r.SharedBy, &r.Glass, &n}, func() error {
		g, err := tx.Ask(ctx, r.View(tx.who, purpose))
		if errors.As(err, new(*policies.Denial)) {
			return nil
		}
		s := Set{Relation: r, Grant: g, N: n}
		s.Kind = kind
		list = append(list, s)
		return err
	})
	return list, err
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

// EachSQL decides row by row: it is joined laterally to the rows c of a list that
// goes through them in its order and stops when it has enough. a.state and a.n
// are as in allowed of AllowedSQL, and so are the arguments.
const EachSQL = `lateral (select r.state, a.n from (select * from access.relations($1, $2, $3, $4, $5) r where r.id = c.id and r.kind = $6 offset 0) r
	join ` + sets + ` on ` + inSet + `) a`

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
