package assessment

import (
	"context"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// hit is a case that may be listed, by one of the sets.
type hit struct {
	casework
	state     State
	set       int // -1 of a case that may not
	confirmed bool
}

// reach is how far a list goes: up to how many cases it says exactly how many they
// are, and in which strides it walks through them. These are few, and stand in the
// statements: so Postgres knows how many rows there will be, and plans each once.
type reach struct {
	countable int
	strides   []int
}

var usual = reach{500, []int{64, 256, 4096}}

// find gives the cases of a page, and one more if there are more, with the sets by
// which they may be listed, and says how many there are in all. Of few everything
// is gathered and sorted, of many the list is walked in its order. A place to go on
// from that is not in the list is Invalid. out are the grants by which what leaves
// as a file does.
func (x *room) find(ctx context.Context, tx *pg.Tx, in wanted, page *Cases) (all []hit, sets pg.Sets, out []policies.Grant, err error) {
	if in.out != nil || in.Subject != "" || in.item != "" {
		if sets, err = tx.Sets(ctx, "case", hub.Prevention); err == nil && in.out != nil {
			listed := sets.Count(string(in.State))
			if sets, out, err = x.leaving(ctx, tx, in.out, sets); err == nil {
				all, err = gather(ctx, tx, in, sets, page)
			}
			page.Total, page.leaves = listed, page.Total
		} else if err == nil {
			all, err = gather(ctx, tx, in, sets, page)
		}
		return all, sets, out, err
	}
	all, sets, err = hits(ctx, tx, in, usual, page)
	return all, sets, nil, err
}

// hits is find where nothing but a state is asked for.
func hits(ctx context.Context, tx *pg.Tx, in wanted, to reach, page *Cases) ([]hit, pg.Sets, error) {
	asked := tx.Listing("case", hub.Prevention)
	few, extent, err := asked.Few(ctx, string(in.State), to.countable)
	if err != nil {
		return nil, nil, err
	}
	if extent == pg.Whole {
		all, err := sorted(ctx, tx, in, few, asked.Sets, page)
		return all, asked.Sets, err
	}
	var sets pg.Sets
	if extent == pg.Unknown {
		if sets, err = tx.Sets(ctx, "case", hub.Prevention); err != nil {
			return nil, nil, err
		}
		if sets.Count(string(in.State)) <= to.countable {
			all, err := gather(ctx, tx, in, sets, page)
			return all, sets, err
		}
	}
	page.Total, page.More = to.countable, true
	all, ok, err := walk(ctx, tx, in, to.strides, asked)
	if ok || err != nil {
		return all, asked.Sets, err
	}
	if sets == nil { // they are far between
		if sets, err = tx.Sets(ctx, "case", hub.Prevention); err != nil {
			return nil, nil, err
		}
	}
	all, err = gather(ctx, tx, in, sets, page)
	page.Total = to.countable
	return all, sets, err
}

// pageSQL gives the page of the cases that a statement has found: $1 is the person.
func pageSQL(hit, after, limit string) string {
	return hit + `
select n.total, n.known, coalesce(h.set, -1), coalesce(h.id, ''), coalesce(h.subject, ''), coalesce(h.municipality, ''), coalesce(h.version, 0),
	h.opened_at, coalesce(h.next_at, '0001-01-01'), exists (select from opening o where o.case_id = h.id and o.person = $1)
from (select count(*) as total, ` + after + ` = '' or coalesce(bool_or(id = ` + after + `), false) as known from hit) n
left join lateral (select * from hit where ` + after + ` = '' or (next_at, id) > (select next_at, id from hit where id = ` + after + `) order by next_at, id limit ` + limit + `) h on true
order by h.next_at, h.id`
}

var fewSQL = pageSQL(`with hit as (select c.*, a.n as set from unnest($2::text[], $3::int[]) a (id, n) join cases c on c.id = a.id)`, `$4`, `$5`)

// sorted gives the page of few.
func sorted(ctx context.Context, tx *pg.Tx, in wanted, few pg.Few, sets pg.Sets, page *Cases) ([]hit, error) {
	return onPageOf(ctx, tx, sets, page, fewSQL, string(tx.Who().Person), few.IDs, few.Sets, string(in.After), in.Limit+1)
}

var listSQL = pageSQL(pg.AllowedSQL+`, hit as (select c.*, a.n as set from allowed a join cases c on c.id = a.id where ($18 = '' or a.state = $18)
	and ($21 = '' or c.subject = $21 and a.n = any($22::int[])) and ($23 = '' or c.id = $23 or right(c.id, 6) = $23))`, `$19`, `$20`)

// gather finds everything that may be listed, and sorts it.
func gather(ctx context.Context, tx *pg.Tx, in wanted, sets pg.Sets, page *Cases) ([]hit, error) {
	return onPageOf(ctx, tx, sets, page, listSQL, append(sets.Args(tx, "case"), string(in.State), string(in.After), in.Limit+1,
		string(in.Subject), sets.Allowing("name"), string(in.item))...)
}

func onPageOf(ctx context.Context, tx *pg.Tx, sets pg.Sets, page *Cases, sql string, args ...any) ([]hit, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	known := true
	all, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (h hit, err error) {
		err = r.Scan(&page.Total, &known, &h.set, &h.ID, &h.Subject, &h.Municipality, &h.Version, &h.OpenedAt, &h.NextAt, &h.confirmed)
		if h.set >= 0 {
			h.state = State(sets[h.set].State)
		}
		return h, err
	})
	if err == nil && !known {
		err = hub.Invalid("after", "error.choose")
	}
	return slices.DeleteFunc(all, func(h hit) bool { return h.set < 0 }), err // no rows, only their number
}

// walkSQL looks at the next cases in their order, from one of them or from the
// first, whether they may be listed or not, and at each as a single read does.
func walkSQL(stride int) string {
	return `with c as materialized (select * from cases c
	where (c.next_at, c.id) >= (coalesce((select p.next_at from cases p where p.id = $8), '-infinity'), $8) order by c.next_at, c.id limit ` + strconv.Itoa(stride) + `)
select c.id, c.subject, c.municipality, c.version, c.opened_at, c.next_at, exists (select from opening o where o.case_id = c.id and o.person = $1), ` + pg.EachColumns + `
from c left join ` + pg.EachSQL + ` on $7 = '' or r.state = $7 order by c.next_at, c.id`
}

// walk goes through the cases until there is a page of them. It gives up, false,
// where what may be listed lies far between.
func walk(ctx context.Context, tx *pg.Tx, in wanted, strides []int, asked *pg.Listing) ([]hit, bool, error) {
	at := in.After // it is looked at again: is it in the list still?
	var found []hit
	for _, stride := range strides {
		rows, err := tx.Query(ctx, walkSQL(stride), append(tx.Me(), "case", string(in.State), string(at))...)
		if err != nil {
			return nil, false, err
		}
		var h hit
		var r pg.Relation
		var next []hit
		if _, err = pgx.ForEachRow(rows, append([]any{&h.ID, &h.Subject, &h.Municipality, &h.Version, &h.OpenedAt, &h.NextAt, &h.confirmed}, r.Attributes()...), func() (err error) {
			h.state = State(r.State)
			h.set, err = asked.Set(ctx, r)
			next = append(next, h)
			return err
		}); err != nil {
			return nil, false, err
		}
		if at == in.After && at != "" && (len(next) == 0 || next[0].ID != at || next[0].set < 0) {
			return nil, false, hub.Invalid("after", "error.choose")
		}
		end := len(next) < stride
		if at != "" && len(next) > 0 {
			next = next[1:] // of the page, or the stride, before
		}
		if len(next) > 0 {
			at = next[len(next)-1].ID
		}
		found = append(found, slices.DeleteFunc(next, func(h hit) bool { return h.set < 0 })...)
		if len(found) > in.Limit || end {
			return found[:min(len(found), in.Limit+1)], true, nil
		}
	}
	return nil, false, nil
}
