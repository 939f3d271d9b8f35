package pg

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
)

// near finds the item ($7, of the kind $6) for whoever is something to it by the
// access facts' own indexes, before anything is asked that takes time: what is
// forbidden costs no more than what never was (G7). What the actor is to it,
// access.relations says alone.
const near = `with near as materialized (
	select i.id from access.item i where i.id = $7 and i.kind = $6 and (i.controller = $2 or i.author = $1)
	union all select a.item from access.assignment a where a.item = $7 and a.person = $1 and a.authority = $2 and a.role = $3 and a.ended_at is null
	union all select p.id from access.item p join access.assignment a on a.item = p.part_of where p.id = $7 and a.person = $1 and a.authority = $2 and a.role = $3 and a.ended_at is null
	union all select s.item from access.share s where s.item = $7 and s.receiver = $2 and s.ended_at is null limit 1),
mine as materialized (select r.* from near cross join lateral (select * from access.relations($1, $2, $3, $4, $5) r where r.id = near.id and r.kind = $6
	and (r.relation <> '' or r.assigned or r.author) offset 0) r)
`

// Sheet reads one item in one statement: what the actor is to it, and its content
// for whoever is something to it. content is the select of the room's own
// columns, "… where o.id = r.id"; it is scanned into the places given, which stay
// as they are where there is nothing. Whose the item is stands in the relation
// whatever the actor is to it, for the trail, whose controller is told of a
// refusal too.
func (tx *Tx) Sheet(ctx context.Context, kind string, id hub.ID, rel *Relation, content string, into ...any) error {
	rows, err := tx.Query(ctx, near+`select coalesce(i.kind, ''), coalesce(i.id, ''), coalesce(i.about, ''), coalesce(i.controller, ''), coalesce(i.received_by, ''), coalesce(i.state, ''),
		coalesce(r.relation, ''), coalesce(r.assigned, false), coalesce(r.author, false), coalesce(r.recused, false), coalesce(r.classes, ''), coalesce(r.basis, ''), coalesce(r.shared_by, ''), coalesce(r.glass, false), c.*
		from (select 1) q
		left join access.item i on i.id = $7 and i.kind = $6
		left join mine r on true
		left join lateral (`+content+` offset 0) c on true`, append(tx.Me(), kind, id)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		return wrap(rows.Err())
	}
	facts := rel.Into()
	dest := append(facts, into...)
	if len(into) > 0 && rows.RawValues()[len(facts)] == nil { // nothing is there for this actor
		clear(dest[len(facts):])
	}
	if err := rows.Scan(dest...); err != nil {
		return err
	}
	rows.Close()
	return wrap(rows.Err())
}

// PartReaders is [Tx.Readers] of what a case is made of: its questions, answers and
// offers, whatever the actor is to those. To whoever is nothing to the case it gives nobody.
// Only hats that can be something to a part are asked about: there are several parts.
func (tx *Tx) PartReaders(ctx context.Context, id hub.ID, do func(hub.Hat, Relation, time.Time) error) error {
	rows, err := tx.Query(ctx, near+`select x.* from mine cross join lateral (
		select p.id, p.kind, p.controller, p.author, p.part_of, p.written_at from access.item p where p.came_of = mine.id or p.part_of = mine.id offset 0) p cross join lateral (
		select h.id, h.person, h.name, h.authority, h.kind as at, h.role, r.*, p.written_at
		from access.hat h cross join lateral access.relations(h.person, h.authority, h.role, h.kind, $5) r
		where (h.authority = p.controller or h.person = p.author
			or exists (select from access.share s where s.item = p.id and s.receiver = h.authority and s.ended_at is null)
			or exists (select from access.assignment a where a.item in (p.id, p.part_of) and a.person = h.person and a.ended_at is null))
			and r.id = p.id and r.kind = p.kind and (r.relation <> '' or r.assigned or r.author) offset 0) x order by x.authority, x.role, x.name, p.kind, p.id`, append(tx.Me(), "case", id)...)
	if err != nil {
		return err
	}
	var h hub.Hat
	var rel Relation
	var made time.Time
	_, err = pgx.ForEachRow(rows, append(append([]any{&h.ID, &h.Person, &h.Name, &h.Authority, &h.Kind, &h.Role}, rel.Into()...), &made), func() error { return do(h, rel, made) })
	return err
}

// Sees reports whether the actor may see an item at all, by what they are to it:
// nothing more is asked of one that they may not, as nothing is of one that never
// was (G7). The decision itself is [Read]'s to make, and to record.
func (tx *Tx) Sees(ctx context.Context, rel Relation) bool {
	a, err := tx.db.Advise(ctx, rel.View(tx.who, hub.Prevention))
	return err == nil && a.Allow
}

// Readers calls do for everybody who has anything to do with an item now, with
// what they are to it: for "who can see this now". To whoever is nothing to the
// item it gives nobody.
func (tx *Tx) Readers(ctx context.Context, kind string, id hub.ID, do func(hub.Hat, Relation) error) error {
	rows, err := tx.Query(ctx, near+`select x.* from mine cross join lateral (
		select h.id, h.person, h.name, h.authority, h.kind, h.role, r.*
		from access.hat h cross join lateral access.relations(h.person, h.authority, h.role, h.kind, $5) r
		where r.id = mine.id and (r.relation <> '' or r.assigned or r.author) order by h.authority, h.role, h.name offset 0) x`, append(tx.Me(), kind, id)...)
	if err != nil {
		return err
	}
	var h hub.Hat
	var rel Relation
	_, err = pgx.ForEachRow(rows, append([]any{&h.ID, &h.Person, &h.Name, &h.Authority, &h.Kind, &h.Role}, rel.Into()...), func() error { return do(h, rel) })
	return err
}
