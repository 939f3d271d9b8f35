package pg

import (
	"context"
	"errors"
	"fmt"
	"time"

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
}

// Assignment gives one colleague work on one item.
type Assignment struct {
	ID          hub.ID // drawn where empty
	Kind        string
	Item        hub.ID
	Person      hub.ID
	Why         string    // code: receiver, colleague
	From, Until time.Time // from now, and for ever, where zero
}

// Share lets another authority see classes of fields of one item. The content
// does not move.
type Share struct {
	ID        hub.ID // drawn where empty
	Kind      string
	Item      hub.ID
	About     hub.ID // the subject: its key seals the necessity
	Classes   []string
	From, To  hub.AuthorityID
	Basis     hub.LegalBasis // must stand in access.basis; the share counts while the basis is valid
	Purpose   hub.Purpose
	Necessity hub.Personal
	Terms     string    // no_onward
	Until     time.Time // for ever where zero
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
	Assigned   bool
	Author     bool
	Recused    bool
	Classes    string         // classes of the shares in force, sorted, joined by commas
	Basis      hub.LegalBasis // of the shares in force
}

// Into gives the places to scan r.* of access.relations into, in its order.
func (r *Relation) Into() []any {
	return []any{&r.Kind, &r.ID, &r.About, &r.Controller, &r.ReceivedBy, &r.State, &r.Relation,
		&r.Assigned, &r.Author, &r.Recused, &r.Classes, &r.Basis}
}

// View is the question whether the actor may see the item for a purpose.
func (r Relation) View(who hub.Actor, purpose hub.Purpose) policies.View {
	return policies.View{Role: who.Role, Kind: who.Kind, Relation: r.Relation, ReceivedBy: r.ReceivedBy, State: r.State,
		Assigned: r.Assigned, Author: r.Author, Recused: r.Recused, Classes: r.Classes, Basis: r.Basis, Purpose: purpose}
}

// Me gives the arguments of access.relations for the actor: person, authority,
// role, kind of authority, time.
func (tx *Tx) Me() []any {
	return []any{string(tx.who.Person), string(tx.who.Authority), string(tx.who.Role), string(tx.who.Kind), tx.Now}
}

// Advise gives the rules' answer to a question without a Grant: for which
// buttons to draw, and for "who can see this now". It opens nothing.
func (db *DB) Advise(ctx context.Context, q policies.Question) (policies.Answer, error) {
	return db.engine.Advise(ctx, q)
}

// Relation is what the actor is to one item. In a command the item and the
// actor's hat stay locked until the end, so that nothing it was judged by can
// be taken back meanwhile. Of what does not exist, and of everything to whoever
// has no hat in force, it is the zero Relation.
func (tx *Tx) Relation(ctx context.Context, kind string, id hub.ID) (Relation, error) {
	sql := `select * from access.relations($1, $2, $3, $4, $5) r where r.kind = $6 and r.id = $7`
	if tx.holds {
		sql = `select * from access.hold($1, $2, $3, $4, $5, $6, $7)`
	}
	var r Relation
	err := tx.QueryRow(ctx, sql, append(tx.Me(), kind, id)...).Scan(r.Into()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return Relation{}, nil
	}
	return r, err
}

// PutItem makes a thing known to every room, or changes what this room has
// said of it.
func (tx *Tx) PutItem(ctx context.Context, g policies.Grant, i Item) error {
	return tx.change(ctx, g, hub.NotFound(), `insert into access.item as i (kind, id, about, controller, received_by, state, author)
		values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (id) do update set about = $3, controller = $4, received_by = $5, state = $6
		where i.kind = $1 and i.author = $7 and i.writer = session_user`,
		i.Kind, i.ID, i.About, i.Controller, i.ReceivedBy, i.State, i.Author)
}

// Stage moves an item of this room to another state. An item of another room is
// NotFound.
func (tx *Tx) Stage(ctx context.Context, g policies.Grant, kind string, id hub.ID, state string) error {
	return tx.change(ctx, g, hub.NotFound(), `update access.item set state = $3 where kind = $1 and id = $2 and writer = session_user`, kind, id, state)
}

// DropItem takes an item of this room away, as when a draft is thrown away. One
// that somebody was ever let into cannot be dropped, because its references
// stand; another room's is NotFound.
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

// Assign gives a person work on an item, and returns the assignment's ID.
func (tx *Tx) Assign(ctx context.Context, g policies.Grant, a Assignment) (hub.ID, error) {
	if a.ID == "" {
		a.ID = tx.db.newID()
	}
	err := tx.change(ctx, g, hub.NotFound(), `with i as (select id from access.item where kind = $2 and id = $3 for no key update)
		insert into access.assignment (id, kind, item, person, why, from_at, until_at, by_person, by_hat)
		select $1, $2, i.id, $4, $5, $6, $7, $8, $9 from i`,
		a.ID, a.Kind, a.Item, a.Person, a.Why, tx.from(a.From), until(a.Until), tx.who.Person, tx.who.Hat.ID)
	return a.ID, err
}

// EndAssignment takes an assignment back, at once and in every room. One that
// is not there is NotFound, one that has ended is a Conflict.
func (tx *Tx) EndAssignment(ctx context.Context, g policies.Grant, id hub.ID) error {
	return tx.end(ctx, g, "assignment", id)
}

// Share lets another authority see an item, and returns the share's ID.
func (tx *Tx) Share(ctx context.Context, g policies.Grant, s Share) (hub.ID, error) {
	if s.ID == "" {
		s.ID = tx.db.newID()
	}
	if s.Necessity.Empty() || s.About == "" || len(s.Classes) == 0 {
		return "", errors.New("pg: a share needs a subject, its classes and its necessity")
	}
	box, err := tx.db.sealer.Seal(s.About, NecessityPlace(s.ID), s.Necessity)
	if err != nil {
		return "", fmt.Errorf("pg: sealing a share's necessity: %w", err)
	}
	err = tx.change(ctx, g, hub.NotFound(), `with i as (select id from access.item where kind = $2 and id = $3 and about = $4 for no key update)
		insert into access.share (id, kind, item, about, classes, sender, receiver, basis, purpose, necessity, terms, from_at, until_at, by_person, by_hat)
		select $1, $2, i.id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15 from i`,
		s.ID, s.Kind, s.Item, s.About, s.Classes, s.From, s.To, s.Basis, s.Purpose, box, s.Terms, tx.Now, until(s.Until), tx.who.Person, tx.who.Hat.ID)
	return s.ID, err
}

// NecessityPlace is where a share's necessity is sealed to, as vault.Open must
// be told; the key is the subject's.
func NecessityPlace(share hub.ID) string { return "access.share/" + string(share) + "/necessity" }

// Revoke takes a share back, at once and in every room. One that is not there
// is NotFound, one that has ended is a Conflict.
func (tx *Tx) Revoke(ctx context.Context, g policies.Grant, share hub.ID) error {
	return tx.end(ctx, g, "share", share)
}

// Recuse keeps a person away from an item for good (inhabilitet).
func (tx *Tx) Recuse(ctx context.Context, g policies.Grant, person hub.ID, kind string, id hub.ID) error {
	return tx.change(ctx, g, hub.Conflict("error.already_recused"), `with i as (select id from access.item where kind = $2 and id = $3 for no key update)
		insert into access.recusal (person, kind, item, by_person, by_hat)
		select $1, $2, i.id, $4, $5 from i on conflict do nothing`, person, kind, id, tx.who.Person, tx.who.Hat.ID)
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

// end ends an assignment or a share. The item is locked by a statement of its
// own: the next one then sees what those who held it have committed.
func (tx *Tx) end(ctx context.Context, g policies.Grant, table string, id hub.ID) error {
	if err := tx.holder(g); err != nil {
		return err
	}
	tx.changed = true
	b := new(pgx.Batch)
	b.Queue(`select 1 from access.item where id = (select item from access.`+table+` where id = $1) for no key update`, id)
	b.Queue(`update access.`+table+` set ended_by = $2 where id = $1 and ended_by is null`, id, tx.who.Person)
	b.Queue(`select exists (select from access.`+table+` where id = $1)`, id)
	res := tx.conn.SendBatch(ctx, b)
	defer res.Close()
	if _, err := res.Exec(); err != nil {
		return wrap(err)
	}
	tag, err := res.Exec()
	if err != nil {
		return wrap(err)
	}
	var known bool
	if err := res.QueryRow().Scan(&known); err != nil {
		return wrap(err)
	}
	switch {
	case !known:
		return hub.NotFound()
	case tag.RowsAffected() == 0:
		return hub.Conflict("error.already_ended")
	}
	return wrap(res.Close())
}

func (tx *Tx) from(t time.Time) time.Time {
	if t.IsZero() {
		return tx.Now
	}
	return t
}

// until is a time that never comes, where none is given: a real one, because
// Postgres' infinity does not fit Go's time.
func until(t time.Time) time.Time {
	if t.IsZero() {
		return time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	}
	return t
}
