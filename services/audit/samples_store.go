package audit

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/policies"
)

// sampling is how look-ups were drawn for an authority when it was seen last; as usual
// where it is seen for the first time, and from then on.
func sampling(ctx context.Context, tx *pg.Tx, a hub.AuthorityID, since time.Time) (by structure.Sample, err error) {
	err = tx.QueryRow(ctx, `select weeks, size from audit.sampling where authority = $1`, a).Scan(&by.Weeks, &by.Size)
	if !errors.Is(err, pgx.ErrNoRows) {
		return by, err
	}
	by = structure.UsualSampling()
	_, err = tx.Exec(ctx, `insert into audit.sampling (authority, since, weeks, size) values ($1, $2, $3, $4) on conflict do nothing`, a, since, by.Weeks, by.Size)
	return by, err
}

// keepSampling keeps that they are drawn so from now on; first: no other process did.
func keepSampling(ctx context.Context, tx *pg.Tx, a hub.AuthorityID, had, by structure.Sample) (first bool, err error) {
	tag, err := tx.Exec(ctx, `update audit.sampling set weeks = $2, size = $3 where authority = $1 and weeks = $4 and size = $5`, a, by.Weeks, by.Size, had.Weeks, had.Size)
	return err == nil && tag.RowsAffected() > 0, err
}

// nextPeriod is the first period that was not drawn, and how it is to be.
func (x *room) nextPeriod(ctx context.Context, tx *pg.Tx, a hub.AuthorityID) (from, until time.Time, by structure.Sample, err error) {
	err = tx.QueryRow(ctx, `select greatest(g.since, (select max(s.until_at) from audit.sample s where s.authority = $1)) from audit.sampling g where g.authority = $1`, a).Scan(&from)
	by = x.Structure.Sampling(a, from)
	return from, periodEnd(from, by.Weeks), by, err
}

// lastSampling is how the last period was drawn; as usual where there is none.
func lastSampling(ctx context.Context, tx *pg.Tx, a hub.AuthorityID) (by structure.Sample, err error) {
	err = tx.QueryRow(ctx, `select weeks, size from audit.sample where authority = $1 order by from_at desc limit 1`, a).Scan(&by.Weeks, &by.Size)
	if errors.Is(err, pgx.ErrNoRows) {
		return structure.UsualSampling(), nil
	}
	return by, err
}

// eligible are the look-ups of a period, by rule: what was let through, and not the hub's
// own doings.
func eligible(ctx context.Context, tx *pg.Tx, a hub.AuthorityID, from, until time.Time) (map[string][]int64, error) {
	rows, err := tx.Query(ctx, `select case when t.purpose = $4 then 'log' when t.controller = $1 then 'data' else 'people' end, t.id
		from audit.trail t where (t.controller = $1 or t.authority = $1) and t.at >= $2 and t.at < $3
		and t.outcome = 'allow' and t.act in ('consult', 'search', 'export', 'break-glass') and t.role <> 'system'`, a, from, until, hub.LogControl)
	if err != nil {
		return nil, err
	}
	found := map[string][]int64{}
	var rule string
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&rule, &id}, func() error {
		found[rule] = append(found[rule], id)
		return nil
	})
	return found, err
}

// leavesOf is how many leaves a tree has at least that rows of a time are in; all: each is
// a leaf.
func leavesOf(ctx context.Context, tx *pg.Tx, ids []int64, from, until time.Time) (size int64, all bool, err error) {
	var found int
	err = tx.QueryRow(ctx, `select coalesce(max(l.start + u.i), 0), count(*) from audit.leaves l cross join lateral unnest(l.rows) with ordinality u (id, i)
		where l.since < $2 and l.until >= $1 and u.id = any($3)`, from, until, ids).Scan(&size, &found)
	return size, found == len(ids), err
}

// decides is the first checkpoint that was signed at a time or later, of so many leaves
// or more, with so many cosignatures of these witnesses: those that came first.
func decides(ctx context.Context, tx *pg.Tx, signed time.Time, size int64, witnesses []string, need int) (note string, cosigned []string, err error) {
	err = tx.QueryRow(ctx, `select c.note, array(select k.line from (select s.line, s.at, s.witness from audit.cosignature s
				where s.size = c.size and s.witness = any($3) order by s.at, s.witness limit $4) k order by k.at, k.witness)
		from audit.checkpoint c where c.at >= $1 and c.size >= $2
		and (select count(*) from audit.cosignature s where s.size = c.size and s.witness = any($3)) >= $4 order by c.size limit 1`, signed, size, witnesses, need).Scan(&note, &cosigned)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil, nil
	}
	return note, cosigned, err
}

// putDraw keeps what was drawn, once; first: no other process did, with the same rows.
func (x *room) putDraw(ctx context.Context, tx *pg.Tx, d draw, rows []int64) (first bool, err error) {
	tag, err := tx.Exec(ctx, `insert into audit.sample (id, authority, rule, from_at, until_at, weeks, size, eligible, checkpoint, seed) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict do nothing`, d.id, d.authority, d.rule, d.from, d.until, d.weeks, d.size, d.eligible, d.checkpoint, d.seed)
	if err != nil || tag.RowsAffected() == 0 {
		return false, err
	}
	ids := make([]hub.ID, len(rows))
	for i := range ids {
		ids[i] = x.NewID()
	}
	_, err = tx.Exec(ctx, `insert into audit.sampled (id, sample, place, row, at, person, object)
		select r.id, $1, r.place, t.id, t.at, t.person, t.object_id from unnest($2::text[], $3::bigint[]) with ordinality r (id, row, place)
		join audit.trail t on t.id = r.row and t.at >= $4 and t.at < $5`, d.id, ids, rows, d.from, d.until)
	return true, err
}

// drawn is a look-up that was drawn, as one actor has it: whoever is too close to whom it is
// about has every decision of it as one that counts.
type drawn struct {
	draw
	id           hub.ID
	row          int64
	person       hub.ID // who looked
	near         bool   // the actor is too close to whom it is about
	n            int    // how many decisions there are of it
	mine         bool   // the actor has said what they found
	vain         bool   // somebody who is too close has, and it does not count
	outcome      string // of the last that counts
	by           string
	at           time.Time
	name         string // who looked
	lookedAt     time.Time
	role         hub.Role
	of           hub.AuthorityID // where they work
	act          hub.Act
	kind, object string
}

// drawnColumns are those of a look-up that was drawn, to the actor of $1 to $5.
var drawnColumns = `s.id, d.id, d.authority, d.rule, d.from_at, d.until_at, d.size, d.eligible, d.checkpoint, d.seed, s.row, s.person, s.object, s.at, ` + sampleBook.own() + `,
	coalesce(c.outcome, ''), coalesce(y.name, ''), coalesce(c.decided_at, s.at), coalesce(w.name, ''), coalesce(t.role, ''), coalesce(t.authority, ''), coalesce(t.act, ''),
	coalesce(t.object_kind, '')
	from audit.sampled s join audit.sample d on d.id = s.sample` + sampleBook.last() + `
	left join audit.trail t on t.id = s.row and t.at = s.at left join access.hat w on w.id = t.hat left join access.hat y on y.id = c.decided_hat`

func scanDrawn(row pgx.CollectableRow) (f drawn, err error) {
	return f, row.Scan(&f.id, &f.draw.id, &f.authority, &f.rule, &f.from, &f.until, &f.size, &f.eligible, &f.checkpoint, &f.seed, &f.row, &f.person, &f.object, &f.lookedAt,
		&f.n, &f.mine, &f.vain, &f.near, &f.outcome, &f.by, &f.at, &f.name, &f.role, &f.of, &f.act, &f.kind)
}

// toDecide are an authority's look-ups that wait: those of these people first, then those
// that nobody was asked of, the oldest first.
func toDecide(ctx context.Context, tx *pg.Tx, _ policies.Grant, own hub.AuthorityID, people []hub.ID, most int) ([]drawn, error) {
	return drawnBy(ctx, tx, `where d.authority = $6 and `+waits+` order by not (s.person = any($7) and not `+sampleBook.mine()+`), c.n is not null, d.from_at, d.rule, s.place limit $8`, own, people, most)
}

// decided are those of which something was found, the last first.
func decided(ctx context.Context, tx *pg.Tx, _ policies.Grant, own hub.AuthorityID, most int) ([]drawn, error) {
	return drawnBy(ctx, tx, `where d.authority = $6 and not `+waits+` order by c.decided_at desc, s.id limit $7`, own, most)
}

// drawnByID reads one, to judge who may decide of it. One that is not there is as another
// authority's: nobody's.
func drawnByID(ctx context.Context, tx *pg.Tx, id hub.ID) (drawn, error) {
	list, err := drawnBy(ctx, tx, `where s.id = $6 and d.authority = $2`, id)
	if err != nil || len(list) == 0 {
		return drawn{id: id}, err
	}
	return list[0], nil
}

func drawnBy(ctx context.Context, tx *pg.Tx, which string, args ...any) ([]drawn, error) {
	rows, err := tx.Query(ctx, `select `+drawnColumns+` `+which, append(tx.Me(), args...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanDrawn)
}

// waitsOf is how many wait of what the same people did.
type waitsOf struct {
	people []hub.ID
	n      int
	since  time.Time // the end of the oldest period
}

// waitsBy are the look-ups that wait at an authority, by who looked, without those of which the
// actor has said what they found.
func waitsBy(ctx context.Context, tx *pg.Tx, _ policies.Grant, own hub.AuthorityID) ([]waitsOf, error) {
	rows, err := tx.Query(ctx, `select array[s.person], count(*)::int, min(d.until_at) from audit.sampled s join audit.sample d on d.id = s.sample`+sampleBook.last()+`
		where d.authority = $6 and `+waits+` and not `+sampleBook.mine()+` group by s.person`, append(tx.Me(), own)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (w waitsOf, err error) {
		return w, row.Scan(&w.people, &w.n, &w.since)
	})
}

// lastDraws are what was drawn from last.
func lastDraws(ctx context.Context, tx *pg.Tx, _ policies.Grant, own hub.AuthorityID, most int) ([]draw, error) {
	rows, err := tx.Query(ctx, `select id, authority, rule, from_at, until_at, size, eligible, checkpoint, seed from audit.sample where authority = $1 order by from_at desc, rule limit $2`, own, most)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (d draw, err error) {
		return d, row.Scan(&d.id, &d.authority, &d.rule, &d.from, &d.until, &d.size, &d.eligible, &d.checkpoint, &d.seed)
	})
}
