package person

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// file is a subject as one statement reads it: the row, its boxes, and what the
// asker is to each thing that is about it.
type file struct {
	Subject
	known     bool              // this room has a row; else it is only a reference that something is about
	used      bool              // something is about it
	awake     bool              // the asker's hat is in force
	self      bool              // it is the asker, as their sign-in says
	boxes     map[string][]byte // by field
	relations []pg.Relation
}

// selectFiles gives a line for every subject asked for and every thing that is
// about it. Something counts as about a subject only if its controller is the
// subject's, or its author registered the subject: whoever learns a foreign
// reference cannot open it by writing a concern about it. A case, and what comes
// of it, takes its subject from the concern that two coordinators triaged. What
// the actor is to a thing is worked out, and the boxes are read, only where the
// access facts' own indexes say that they may be something to it at all, looked up
// once for all that is about it; where they may not, nothing that is about it
// comes along: what is forbidden costs no more than what never was (G7).
const selectFiles = `select q.id, s.id is not null, coalesce(s.controller, ''), coalesce(s.category, ''), coalesce(s.band, 'unknown'),
		coalesce(s.protected, false), coalesce(s.number, 'unknown'), coalesce(s.named, false), coalesce(s.registered_by, ''), coalesce(s.authority, ''),
		exists (select 1 from access.item u where u.about = q.id),
		exists (select 1 from access.hat h where h.person = $1 and h.authority = $2 and h.role = $3 and h.kind = $4 and h.from_at <= $5 and $5 < h.until_at),
		exists (select 1 from access.own o where o.person = $1 and o.subject = q.id),
		case when q.near then array(select field from person.identity i where i.subject = q.id order by field) else '{}' end,
		case when q.near then array(select box from person.identity i where i.subject = q.id order by field) else '{}' end,
		coalesce(t.kind, ''), coalesce(t.id, ''), coalesce(t.about, ''), coalesce(t.controller, ''), coalesce(t.received_by, ''), coalesce(t.state, ''),
		coalesce(r.relation, ''), coalesce(r.assigned, false), coalesce(r.author, false), coalesce(r.recused, false), coalesce(r.classes, ''), coalesce(r.basis, ''), coalesce(r.shared_by, ''), coalesce(r.glass, false)
	from (select u.id, i.mine or exists (select from person.subject m where m.id = u.id and (m.registered_by = $1 or m.controller = $2))
		or exists (select from access.assignment a where a.item = any(i.items) and a.person = $1 and a.ended_at is null)
		or exists (select from access.share h where h.item = any(i.items) and h.receiver = $2 and h.ended_at is null) as near
		from unnest($6::text[]) u(id), lateral (select coalesce(array_agg(i.id) || array_agg(i.part_of), '{}') as items,
			coalesce(bool_or(i.controller = $2 or i.author = $1), false) as mine from access.item i where i.about = u.id) i offset 0) q
	left join person.subject s on s.id = q.id
	left join access.item t on q.near and t.about = q.id and (s.id is null or t.controller = s.controller or t.author = s.registered_by or t.kind <> 'concern')
	left join lateral (select * from access.relations($1, $2, $3, $4, $5) r where q.near and r.kind = t.kind and r.id = t.id offset 0) r on true
	order by q.id, t.id`

// files reads subjects. One that neither this room nor anything else knows is
// there too, as an empty file: unknown and forbidden run the same statement.
func files(ctx context.Context, tx *pg.Tx, ids ...hub.ID) ([]*file, error) {
	rows, err := tx.Query(ctx, selectFiles, append(tx.Me(), ids)...)
	if err != nil {
		return nil, err
	}
	var list []*file
	var f file
	var fields []string
	var boxes [][]byte
	var r pg.Relation
	into := append([]any{&f.ID, &f.known, &f.Controller, &f.Category, &f.Band, &f.Protected, &f.Number, &f.Named, &f.By, &f.At,
		&f.used, &f.awake, &f.self, &fields, &boxes}, r.Into()...)
	_, err = pgx.ForEachRow(rows, into, func() error {
		if len(list) == 0 || list[len(list)-1].ID != f.ID {
			next := f
			next.boxes, next.relations = make(map[string][]byte, len(fields)), nil
			for i, field := range fields {
				next.boxes[field] = boxes[i]
			}
			list = append(list, &next)
		}
		if r.ID != "" {
			last := list[len(list)-1]
			last.relations = append(last.relations, r)
		}
		return nil
	})
	return list, err
}

// matches lists the subjects of a controller whose number has one of the marks.
func matches(ctx context.Context, tx *pg.Tx, controller hub.AuthorityID, marks []string) ([]hub.ID, error) {
	rows, err := tx.Query(ctx, `select distinct s.id from person.number_mark m join person.subject s on s.id = m.subject
		where m.mark = any($1) and s.controller = $2 order by s.id`, marks, controller)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[hub.ID])
}

// periods lists the periods in which a controller has made blind indexes.
func periods(ctx context.Context, tx *pg.Tx, controller hub.AuthorityID) ([]string, error) {
	rows, err := tx.Query(ctx, `select period from person.period where controller = $1`, controller)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// allPeriods lists the periods of every controller: what a search tries is the
// same for everybody, whoever has whom.
func allPeriods(ctx context.Context, tx *pg.Tx) ([]pg.Period, error) {
	rows, err := tx.Query(ctx, `select controller, period from person.period order by controller, period`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[pg.Period])
}

// marked lists every blind index of a number, with whose it is.
func marked(ctx context.Context, tx *pg.Tx) ([]pg.Marked, error) {
	rows, err := tx.Query(ctx, `select subject, mark from person.number_mark order by subject, mark`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[pg.Marked])
}

// near lists the subjects that have a mark of every part and that the actor may be
// something to, by the access facts' own indexes. Whom somebody else alone has
// does not come along: it costs and shows no more than nobody (A008). What the
// actor may see of those who do, policy says.
func near(ctx context.Context, tx *pg.Tx, marks []string, parts []int, all int) ([]hub.ID, error) {
	me := tx.Me()
	rows, err := tx.Query(ctx, `with hit as (
			select k.subject from unnest($3::text[], $4::int[]) w(mark, part)
			join (select mark, subject from person.found_by union all select mark, subject from person.number_mark) k on k.mark = w.mark
			group by k.subject having count(distinct w.part) = $5),
		who as materialized (select case when cardinality(h.ids) < $8 then (h.ids || $7::text[])[1:$8] else h.ids end as ids from (select array(select subject from hit) as ids) h),
		item as materialized (select i.about, i.id, i.part_of, i.controller = $2 or i.author = $1 as own from who, access.item i where i.about = any(who.ids)),
		t as materialized (select case when cardinality(i.ids) < $8 then (i.ids || $7::text[])[1:$8] else i.ids end as items
			from (select array(select i.id from item i union select i.part_of from item i where i.part_of is not null) as ids) i),
		near as materialized (select who.ids, array(select a.item from access.assignment a where a.item = any(t.items) and a.person = $1 and a.ended_at is null) as assigned,
			array(select h.item from access.share h where h.item = any(t.items) and h.receiver = $2 and h.ended_at is null) as shared from t, who)
		select s.id from near cross join lateral (select s.id from person.subject s where s.id = any(near.ids) and (s.controller = $2 or s.registered_by = $1
			or exists (select from item i where i.about = s.id and (i.own or i.id = any(near.assigned) or i.part_of = any(near.assigned) or i.id = any(near.shared)))) offset 0) s
		order by s.id limit $6`, me[0], me[1], marks, parts, all, maxHits, pg.Padded(nil, among), among)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[hub.ID])
}

// among is how many people a search looks at, and how many things about them, at least:
// those whom it found, among references that never were. It takes as long where it
// finds nobody as where it finds somebody who is nothing to the asker (G7).
const among = 64

// maxHits is how many people a search gives at most. By two identifiers there are
// hardly two.
const maxHits = 50

// putSubject writes a new subject.
func putSubject(ctx context.Context, tx *pg.Tx, g policies.Grant, s Subject, purpose hub.Purpose, basis hub.LegalBasis) error {
	_, err := tx.Exec(ctx, `insert into person.subject (id, controller, category, band, protected, number, named, registered_at, registered_by, authority, purpose, basis)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		s.ID, s.Controller, s.Category, s.Band, s.Protected, s.Number, s.Named, tx.Now, g.Actor().Person, g.Actor().Authority, purpose, basis)
	return err
}

// change writes what identifying changed.
func change(ctx context.Context, tx *pg.Tx, _ policies.Grant, s Subject) error {
	_, err := tx.Exec(ctx, `update person.subject set category = $2, band = $3, protected = $4, number = $5, named = $6 where id = $1`,
		s.ID, s.Category, s.Band, s.Protected, s.Number, s.Named)
	return err
}

// sealed is what is kept of an identity: boxes and blind marks.
type sealed struct {
	boxes  map[string][]byte
	number string     // blind index of the number; "" without one
	found  []string   // blind indexes of the parts of the name, and of the birth date
	homes  [][]string // blind indexes of where they live: kinds, and of each; nil leaves what is there
	period string     // the period of these indexes
	moves  []mark
}

// mark is a move to another age band on a day that only the vault can read.
type mark struct{ day, band string }

// putSealed adds boxes and marks. A field that is there already is replaced.
func putSealed(ctx context.Context, tx *pg.Tx, g policies.Grant, s Subject, v sealed) error {
	for field, box := range v.boxes {
		if _, err := tx.Exec(ctx, `insert into person.identity (subject, field, box) values ($1, $2, $3)
			on conflict (subject, field) do update set box = $3`, s.ID, field, box); err != nil {
			return err
		}
	}
	if v.number != "" || len(v.found) > 0 {
		if _, err := tx.Exec(ctx, `insert into person.period (controller, period) values ($1, $2) on conflict do nothing`, s.Controller, v.period); err != nil {
			return err
		}
	}
	if len(v.found) > 0 {
		if _, err := tx.Exec(ctx, `insert into person.found_by (mark, subject) select unnest($1::text[]), $2 on conflict do nothing`, v.found, s.ID); err != nil {
			return err
		}
	}
	if v.number != "" {
		if _, err := tx.Exec(ctx, `insert into person.number_mark (mark, subject) values ($1, $2) on conflict do nothing`, v.number, s.ID); err != nil {
			return err
		}
		if err := tx.MarkSubjects(ctx, g, []pg.Period{{Controller: s.Controller, Period: v.period}}, pg.Marked{Subject: s.ID, Mark: v.number}); err != nil {
			return err
		}
	}
	if v.homes != nil {
		if err := tx.MarkSubjects(ctx, g, []pg.Period{{Controller: s.Controller, Period: v.period}}); err != nil { // or a sign-in would make none of the period
			return err
		}
		if err := tx.MarkHome(ctx, g, s.ID, v.homes[0], v.homes[1]); err != nil {
			return err
		}
	}
	for _, m := range v.moves {
		if _, err := tx.Exec(ctx, `insert into person.move (mark, subject, band) values ($1, $2, $3)
			on conflict (subject, band) do update set mark = $1`, m.day, s.ID, m.band); err != nil {
			return err
		}
	}
	return nil
}

// lockSubject holds a subject's row until the command ends, so that two who
// complete it at once do so one after the other.
func lockSubject(ctx context.Context, tx *pg.Tx, id hub.ID) error {
	_, err := tx.Exec(ctx, `select 1 from person.subject where id = $1 for update`, id)
	return err
}

// erase deletes a subject that nothing but one thing is about, and leaves its
// tombstone. It reports false, and does nothing, where something else is about
// it, or it is gone already.
func erase(ctx context.Context, tx *pg.Tx, g policies.Grant, id, but hub.ID, why string) (done bool, controller hub.AuthorityID, err error) {
	if alone, err := tx.DropSubject(ctx, g, id, but); err != nil || !alone {
		return false, "", err
	}
	rows, err := tx.Query(ctx, `delete from person.subject where id = $1 returning controller`, id)
	if err != nil {
		return false, "", err
	}
	controllers, err := pgx.CollectRows(rows, pgx.RowTo[hub.AuthorityID])
	if err != nil {
		return false, "", err
	}
	if len(controllers) > 0 {
		controller = controllers[0]
	}
	_, err = tx.Exec(ctx, `insert into person.tombstone (subject, erased_at, why) values ($1, $2, $3)`, id, tx.Now, why)
	return true, controller, err
}

// tombstones lists the subjects whose keys must go: every one, or only those
// whose key has not been destroyed yet.
func tombstones(ctx context.Context, tx *pg.Tx, all bool) ([]hub.ID, error) {
	sql := `select subject from person.tombstone where not destroyed`
	if all {
		sql = `select subject from person.tombstone`
	}
	rows, err := tx.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[hub.ID])
}

// buriedNow notes that keys are destroyed.
func buriedNow(ctx context.Context, tx *pg.Tx, ids []hub.ID) error {
	_, err := tx.Exec(ctx, `update person.tombstone set destroyed = true where subject = any($1) and not destroyed`, ids)
	return err
}

// unused lists subjects that were registered before a time and that nothing is
// about.
func unused(ctx context.Context, tx *pg.Tx, before time.Time) ([]hub.ID, error) {
	rows, err := tx.Query(ctx, `select id from person.subject s where registered_at < $1
		and not exists (select 1 from access.item where about = s.id) order by id limit 200`, before)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[hub.ID])
}

// birthdaysDone is the day up to which birthdays have been kept, and who has
// subjects; false where none has been kept yet.
func birthdaysDone(ctx context.Context, tx *pg.Tx) (done time.Time, began bool, controllers []hub.AuthorityID, err error) {
	rows, err := tx.Query(ctx, `select done from person.birthday`)
	if err != nil {
		return done, false, nil, err
	}
	days, err := pgx.CollectRows(rows, pgx.RowTo[time.Time])
	if err != nil {
		return done, false, nil, err
	}
	if rows, err = tx.Query(ctx, `select distinct controller from person.subject`); err != nil {
		return done, false, nil, err
	}
	controllers, err = pgx.CollectRows(rows, pgx.RowTo[hub.AuthorityID])
	if len(days) == 0 {
		return done, false, controllers, err
	}
	return days[0], true, controllers, err
}

// birthdaysKept notes the day up to which birthdays are kept.
func birthdaysKept(ctx context.Context, tx *pg.Tx, day Day) error {
	_, err := tx.Exec(ctx, `insert into person.birthday (done) values ($1::text::date)
		on conflict (one) do update set done = greatest(birthday.done, excluded.done)`, day.String())
	return err
}

// moveBand moves the subjects with one of the marks to their next age band, and
// gives them as they are now.
func moveBand(ctx context.Context, tx *pg.Tx, _ policies.Grant, marks []string) ([]Subject, error) {
	rows, err := tx.Query(ctx, `with gone as (delete from person.move where mark = any($1) returning subject, band)
		update person.subject s set band = gone.band from gone where s.id = gone.subject
		returning s.id, s.controller, s.band, s.protected`, marks)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Subject, err error) {
		err = row.Scan(&s.ID, &s.Controller, &s.Band, &s.Protected)
		return s, err
	})
}
