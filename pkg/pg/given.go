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

// Assignment gives one person, in a hat, work on one item, and on its parts (L56). The hat is
// what the person is at which authority, whichever post gives it: in another it opens nothing.
type Assignment struct {
	ID          hub.ID // drawn where empty
	Kind        string
	Item        hub.ID
	Person      hub.ID
	Authority   hub.AuthorityID // where the person works in the hat
	Role        hub.Role        // as what
	Why         string          // code: receiver, colleague
	From, Until time.Time       // from now, and for ever, where zero
	By          hub.ID          // the person who gave it: filled in
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
	Necessity hub.Personal // only when it is given: kept sealed
	Terms     string       // no_onward, ask_first, within_cooperation: whether the receiver may pass it on
	Until     time.Time    // for ever where zero
	By        hub.ID       // the person who gave it: filled in
}

// forever is a time that never comes: a real one, because Postgres' infinity does
// not fit Go's time.
var forever = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// given is how a table of what is given is read, as its rows t.
type given[T any] struct {
	table, whose, columns string // whose is the column of whom it was given to
	row                   func(pgx.CollectableRow) (T, error)
}

var assignments = given[Assignment]{"assignment", "person", `t.id, t.kind, t.item, t.person, t.authority, t.role, t.why, t.from_at, t.until_at, t.by_person`,
	func(r pgx.CollectableRow) (a Assignment, err error) {
		err = r.Scan(&a.ID, &a.Kind, &a.Item, &a.Person, &a.Authority, &a.Role, &a.Why, &a.From, &a.Until, &a.By)
		a.From, a.Until = a.From.UTC(), ending(a.Until)
		return a, err
	}}

var shares = given[Share]{"share", "receiver", `t.id, t.kind, t.item, t.about, t.classes, t.sender, t.receiver, t.basis, t.purpose, t.terms, t.until_at, t.by_person`,
	func(r pgx.CollectableRow) (s Share, err error) {
		err = r.Scan(&s.ID, &s.Kind, &s.Item, &s.About, &s.Classes, &s.From, &s.To, &s.Basis, &s.Purpose, &s.Terms, &s.Until, &s.By)
		s.Until = ending(s.Until)
		return s, err
	}}

// Assignments are those on an item and on the whole that it is a part of, neither
// taken back nor run out, the oldest first. One whose From is to come counts from
// then on.
func (tx *Tx) Assignments(ctx context.Context, kind string, id hub.ID) ([]Assignment, error) {
	return standing(ctx, tx, assignments, `i.id, i.part_of`, kind, id)
}

// Shares are the shares of an item that were neither taken back nor have run
// out, the oldest first and without their necessity. Each counts while its basis
// is valid.
func (tx *Tx) Shares(ctx context.Context, kind string, id hub.ID) ([]Share, error) {
	return standing(ctx, tx, shares, `i.id`, kind, id)
}

// Onward is on which terms an authority may give a third what it has of an item that is
// another's, by the newest share of it that stands, and whether that one has said yes to
// the third (L1). Between the two parties nothing is passed on, and there are none. Without a
// share it is the narrowest.
func (tx *Tx) Onward(ctx context.Context, kind string, id hub.ID, owner, by, to hub.AuthorityID) (under string, agreed bool, err error) {
	if by == owner || to == owner {
		return "", false, nil
	}
	err = tx.QueryRow(ctx, `select coalesce((select nullif(h.terms, '') from access.share h where h.kind = $1 and h.item = $2 and h.sender = $3 and h.receiver = $4
			and h.ended_by is null and h.until_at > $6 order by h.from_at desc, h.id desc limit 1), 'no_onward'),
		exists (select from access.onward o where o.item = $2 and o.authority = $5)`, kind, id, owner, by, to, tx.Now).Scan(&under, &agreed)
	return under, agreed, err
}

// LetOn says that an item may be passed on to an authority, or takes that back, at once and
// in every room; and whether that changed anything.
func (tx *Tx) LetOn(ctx context.Context, g policies.Grant, kind string, id hub.ID, to hub.AuthorityID, yes bool) (bool, error) {
	return tx.verb(ctx, g, `select access.let_on($1, $2, $3, $4)`, kind, id, to, yes)
}

// To reports whether it was given to somebody in a hat.
func (a Assignment) To(h hub.Hat) bool {
	return a.Person == h.Person && a.Authority == h.Authority && a.Role == h.Role
}

// Assign gives a person, in a hat, work on an item, and returns the assignment's ID.
func (tx *Tx) Assign(ctx context.Context, g policies.Grant, a Assignment) (hub.ID, error) {
	if a.ID == "" {
		a.ID = tx.db.newID()
	}
	if a.Person == "" || a.Authority == "" || a.Role == "" {
		return "", errors.New("pg: an assignment needs a person and a hat of theirs")
	}
	err := tx.change(ctx, g, hub.NotFound(), `insert into access.assignment
		(id, kind, item, person, authority, role, why, from_at, until_at, by_person, by_hat)
		select $1, $2, i.id, $4, $10, $11, $5, $6, $7, $8, $9 from access.lock_item($2, $3) i`,
		a.ID, a.Kind, a.Item, a.Person, a.Why, tx.from(a.From), until(a.Until), tx.who.Person, tx.who.Hat.ID, a.Authority, a.Role)
	return a.ID, err
}

// EndAssignment takes an assignment back, at once and in every room. One that
// is not there is NotFound, one that has ended is a Conflict.
func (tx *Tx) EndAssignment(ctx context.Context, g policies.Grant, id hub.ID) error {
	_, err := end(ctx, tx, g, assignments, id)
	return err
}

// EndAssignments takes back every assignment on an item and on its parts, or
// those of one person in whichever hat, at once and in every room, and returns what it ended: what
// has begun and what was still to come. That there was none is no error.
func (tx *Tx) EndAssignments(ctx context.Context, g policies.Grant, kind string, id, person hub.ID) ([]Assignment, error) {
	return endAll(ctx, tx, g, assignments, kind, id, string(person))
}

// Share lets another authority see an item, and returns the share's ID. That it entered
// there is recorded with it, as the recipient's: that it left, the room records.
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
	err = tx.change(ctx, g, hub.NotFound(), `insert into access.share
		(id, kind, item, about, classes, sender, sender_kind, receiver, basis, purpose, necessity, terms, from_at, until_at, by_person, by_hat)
		select $1, $2, i.id, $4, $5, $6, $16, $7, $8, $9, $10, $11, $12, $13, $14, $15 from access.lock_item($2, $3) i where i.about = $4`,
		s.ID, s.Kind, s.Item, s.About, s.Classes, s.From, s.To, s.Basis, s.Purpose, box, s.Terms, tx.Now, until(s.Until), tx.who.Person, tx.who.Hat.ID, tx.who.Kind)
	if err == nil {
		_, err = tx.write(g, Entry{Act: hub.ActCollect, Object: hub.Object{Kind: s.Kind, ID: s.Item}, Controller: s.To, Subjects: []hub.ID{s.About},
			Fields: g.Fields(), Basis: s.Basis, Recipient: s.To}, allow)
	}
	return s.ID, err
}

// NecessityPlace is where a share's necessity is sealed to, as vault.Open must
// be told; the key is the subject's.
func NecessityPlace(share hub.ID) string { return "access.share/" + string(share) + "/necessity" }

// Revoke takes a share back, at once and in every room. One that is not there
// is NotFound, one that has ended is a Conflict. That it is gone there is recorded with it,
// as the recipient's: why, the room records.
func (tx *Tx) Revoke(ctx context.Context, g policies.Grant, share hub.ID) error {
	s, err := end(ctx, tx, g, shares, share)
	if err != nil {
		return err
	}
	return tx.gone(g, s)
}

// gone records at the recipient that a share was taken back, as Share does that it was given.
func (tx *Tx) gone(g policies.Grant, s Share) error {
	_, err := tx.write(g, Entry{Act: hub.ActRevoke, Object: hub.Object{Kind: s.Kind, ID: s.Item}, Controller: s.To, Subjects: []hub.ID{s.About},
		Fields: []string{}, Basis: s.Basis, Recipient: s.To}, allow)
	return err
}

// RevokeAll takes back every share of an item and of its parts, or those to one
// authority, at once and in every room, and returns what it ended, so that each
// receiver can be told. That there was none is no error.
func (tx *Tx) RevokeAll(ctx context.Context, g policies.Grant, kind string, id hub.ID, to hub.AuthorityID) ([]Share, error) {
	ended, err := endAll(ctx, tx, g, shares, kind, id, string(to))
	for _, s := range ended {
		if err == nil {
			err = tx.gone(g, s)
		}
	}
	return ended, err
}

// end ends an assignment or a share. The item is locked by a statement of its
// own: the next one then sees what those who held it have committed.
func end[T any](ctx context.Context, tx *Tx, g policies.Grant, f given[T], id hub.ID) (was T, err error) {
	if err := tx.holder(g); err != nil {
		return was, err
	}
	tx.changed = true
	b := new(pgx.Batch)
	b.Queue(`select from access.`+f.table+` t, access.lock_item(t.kind, t.item) where t.id = $1`, id)
	b.Queue(`update access.`+f.table+` t set ended_by = $2 where t.id = $1 and t.ended_by is null returning `+f.columns, id, tx.who.Person)
	b.Queue(`select exists (select from access.`+f.table+` where id = $1)`, id)
	res := tx.conn.SendBatch(ctx, b)
	defer res.Close()
	if _, err := res.Exec(); err != nil {
		return was, wrap(err)
	}
	rows, err := res.Query()
	if err != nil {
		return was, wrap(err)
	}
	was, err = pgx.CollectExactlyOneRow(rows, f.row)
	ended := err == nil
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return was, wrap(err)
	}
	var known bool
	if err := res.QueryRow().Scan(&known); err != nil {
		return was, wrap(err)
	}
	switch {
	case !known:
		return was, hub.NotFound()
	case !ended:
		return was, hub.Conflict("error.already_ended")
	}
	return was, wrap(res.Close())
}

// endAll ends what stands on an item and on its parts. The item is locked first,
// as in end; whoever holds a part holds the item too.
func endAll[T any](ctx context.Context, tx *Tx, g policies.Grant, f given[T], kind string, id hub.ID, whose string) ([]T, error) {
	if err := tx.holder(g); err != nil {
		return nil, err
	}
	item, err := tx.Exec(ctx, `select from access.lock_item($1, $2)`, kind, id)
	if err != nil {
		return nil, err
	}
	if item.RowsAffected() == 0 {
		return nil, hub.NotFound()
	}
	tx.changed = true
	return collect(ctx, tx, f, `with t as (update access.`+f.table+` t set ended_by = $2 from access.item i
		where i.id = t.item and (i.id = $1 or i.part_of = $1) and t.ended_by is null and t.until_at > $3 and ($4 = '' or t.`+f.whose+` = $4)
		returning t.*) select `+f.columns+` from t order by t.from_at, t.id`, id, tx.who.Person, tx.Now, whose)
}

// standing reads what stands on the items that on names.
func standing[T any](ctx context.Context, tx *Tx, f given[T], on, kind string, id hub.ID) ([]T, error) {
	return collect(ctx, tx, f, `select `+f.columns+` from access.item i join access.`+f.table+` t on t.item in (`+on+`)
		where i.kind = $1 and i.id = $2 and t.ended_by is null and t.until_at > $3 order by t.from_at, t.id`, kind, id, tx.Now)
}

func collect[T any](ctx context.Context, tx *Tx, f given[T], sql string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, f.row)
	return all, wrap(err)
}

func (tx *Tx) from(t time.Time) time.Time {
	if t.IsZero() {
		return tx.Now
	}
	return t
}

// until is what is kept of a time of ending, which is zero where there is none.
func until(t time.Time) time.Time {
	if t.IsZero() {
		return forever
	}
	return t
}

// ending is until backwards.
func ending(kept time.Time) time.Time {
	if kept.Equal(forever) {
		return time.Time{}
	}
	return kept.UTC()
}
