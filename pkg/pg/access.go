package pg

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/policies"
)

// Item is a thing that access is about: a concern, a case. Its content stays
// in its room; this is what every room may judge by.
type Item struct {
	Kind       string
	ID         hub.ID
	About      hub.ID // the subject
	Controller hub.AuthorityID
	ReceivedBy hub.AuthorityKind
	State      string
	Author     hub.ID // the person who wrote it
	PartOf     hub.ID // the whole that it is a part of for good; empty for a whole
	CameOf     hub.ID // the item that it came of, on which nothing given counts here; empty for none
}

// Relation is what the access facts say of one item and one actor: a row of
// access.relations. The zero Relation is nobody's, of nothing.
type Relation struct {
	Kind       string
	ID, About  hub.ID
	Controller hub.AuthorityID
	ReceivedBy hub.AuthorityKind
	State      string
	Relation   string // own, shared, or none
	Assigned   bool   // in this hat, to the item, or to the whole that it is a part of
	Author     bool
	Recused    bool              // from the item, or from the whole that it is a part of
	Classes    string            // classes of the shares in force, sorted, joined by commas
	Basis      hub.LegalBasis    // of the shares in force
	SharedBy   hub.AuthorityKind // of which kind the authority is that shared it
	Glass      bool              // the actor has broken the glass of the item itself, in this post, and it is open
}

// Into gives the places to scan r.* of access.relations into, in its order.
func (r *Relation) Into() []any {
	return []any{&r.Kind, &r.ID, &r.About, &r.Controller, &r.ReceivedBy, &r.State, &r.Relation,
		&r.Assigned, &r.Author, &r.Recused, &r.Classes, &r.Basis, &r.SharedBy, &r.Glass}
}

// Nothing reports that the actor is nothing to the item. Then no more is looked up
// than of what never was (G7).
func (r Relation) Nothing() bool { return r.Relation == "" && !r.Assigned && !r.Author }

// View is the question whether the actor may see the item for a purpose.
func (r Relation) View(who hub.Actor, purpose hub.Purpose) policies.View {
	return policies.View{Role: who.Role, Kind: who.Kind, Relation: r.Relation, ReceivedBy: r.ReceivedBy, State: r.State,
		Assigned: r.Assigned, Author: r.Author, Recused: r.Recused, Classes: r.Classes, Basis: r.Basis, SharedBy: r.SharedBy, Glass: r.Glass, Purpose: purpose}
}

// Me gives the arguments of access.relations for the actor: person, authority,
// role, kind of authority, time.
func (tx *Tx) Me() []any {
	return []any{string(tx.who.Person), string(tx.who.Authority), string(tx.who.Role), string(tx.who.Kind), tx.Now}
}

// Advise gives the rules' answer to a question without a Grant: for which
// buttons to draw, and for "who can see this now". It opens nothing.
func (db *DB) Advise(ctx context.Context, q policies.Question) (policies.Answer, error) {
	now, err := db.learn(ctx)
	if err != nil {
		return policies.Answer{}, err
	}
	return now.Advise(ctx, q)
}

// Relation is what the actor is to one item. In a command the item, the whole it
// is a part of and the actor's hat stay locked until the end, so that nothing it
// was judged by can be taken back meanwhile; but nobody waits for what is nothing
// to them. Of what does not exist it is the zero Relation; to whoever has no hat in
// force they are nothing.
func (tx *Tx) Relation(ctx context.Context, kind string, id hub.ID) (r Relation, err error) {
	if !tx.holds {
		return r, tx.Sheet(ctx, kind, id, &r, `select`)
	}
	err = tx.QueryRow(ctx, holdRelation, append(tx.Me(), kind, id)...).Scan(r.Into()...)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return r, err
}

// holdRelation locks an item for whoever stands to it somehow, and for the hub.
// Whoever does not waits for nobody who is at work on it, as for what never was (A027).
const holdRelation = `select r.* from access.relations($1, $2, $3, $4, $5) r where r.kind = $6 and r.id = $7
	and not (r.relation <> '' or r.assigned or r.author or $3 = 'system')
	union all select h.* from access.relations($1, $2, $3, $4, $5) r cross join lateral access.hold($1, $2, $3, $4, $5, $6, r.id) h
	where r.kind = $6 and r.id = $7 and (r.relation <> '' or r.assigned or r.author or $3 = 'system')`

// PutItem makes a thing known to every room, or changes what is said of it: all
// but its kind, its author, what it is a part of and what it came of.
func (tx *Tx) PutItem(ctx context.Context, g policies.Grant, i Item) error {
	return tx.change(ctx, g, hub.NotFound(), `insert into access.item as i (kind, id, about, controller, received_by, state, author, part_of, came_of)
		values ($1, $2, $3, $4, $5, $6, $7, nullif($8, ''), nullif($9, ''))
		on conflict (id) do update set about = $3, controller = $4, received_by = $5, state = $6
		where i.kind = $1 and i.author = $7 and i.part_of is not distinct from nullif($8, '') and i.came_of is not distinct from nullif($9, '')`,
		i.Kind, i.ID, i.About, i.Controller, i.ReceivedBy, i.State, i.Author, i.PartOf, i.CameOf)
}

// Stage moves an item to another state.
func (tx *Tx) Stage(ctx context.Context, g policies.Grant, kind string, id hub.ID, state string) error {
	return tx.change(ctx, g, hub.NotFound(), `update access.item i set state = $3 from access.lock_item($1, $2) l where i.id = l.id`, kind, id, state)
}

// DropItem takes an item away, as when a draft is thrown away. One that somebody
// was ever let into, or that has parts, cannot be dropped, because its references
// stand.
func (tx *Tx) DropItem(ctx context.Context, g policies.Grant, kind string, id hub.ID) error {
	if err := tx.holder(g); err != nil {
		return err
	}
	tx.changed = true
	var gone bool
	if err := tx.QueryRow(ctx, `select access.drop_item($1, $2)`, kind, id).Scan(&gone); err != nil || gone {
		return err
	}
	return hub.NotFound()
}

// Subject is a person whom something may be written about.
type Subject struct {
	ID         hub.ID
	Controller hub.AuthorityID
	Author     hub.ID // the person who registered it
	AgeBand    string // under_18, 18_25, over_25, unknown
}

// PutSubject makes a subject known to every room, or changes its age band. One
// of another controller is NotFound.
func (tx *Tx) PutSubject(ctx context.Context, g policies.Grant, s Subject) error {
	ok, err := tx.verb(ctx, g, `select access.put_subject($1, $2, $3, $4)`, s.ID, s.Controller, s.Author, s.AgeBand)
	if err == nil && !ok {
		return hub.NotFound()
	}
	return err
}

// HoldSubject reads a subject and keeps it from being forgotten until the
// command ends. One that is not there, or is forgotten, is NotFound.
func (tx *Tx) HoldSubject(ctx context.Context, id hub.ID) (Subject, error) {
	s := Subject{ID: id}
	err := tx.QueryRow(ctx, `select controller, author, band from access.hold_subject($1)`, id).Scan(&s.Controller, &s.Author, &s.AgeBand)
	if errors.Is(err, pgx.ErrNoRows) {
		err = hub.NotFound()
	}
	return s, err
}

// DropSubject forgets a subject that nothing, or nothing but one item, is
// about, and says whether it did.
func (tx *Tx) DropSubject(ctx context.Context, g policies.Grant, id, but hub.ID) (bool, error) {
	return tx.verb(ctx, g, `select access.drop_subject($1, $2)`, id, but)
}

// verb runs one of the functions of the schema access.
func (tx *Tx) verb(ctx context.Context, g policies.Grant, sql string, args ...any) (done bool, err error) {
	if err := tx.holder(g); err != nil {
		return false, err
	}
	err = tx.QueryRow(ctx, sql, args...).Scan(&done)
	tx.changed = tx.changed || done
	return done, err
}

// change runs a statement that must change one row. Every one of them locks the
// item first, so that it waits for the commands that rely on it, and they for it.
func (tx *Tx) change(ctx context.Context, g policies.Grant, none error, sql string, args ...any) error {
	if err := tx.holder(g); err != nil {
		return err
	}
	tx.changed = true
	tag, err := tx.Exec(ctx, sql, args...)
	if err == nil && tag.RowsAffected() == 0 {
		return none
	}
	return err
}
