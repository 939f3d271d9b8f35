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
// are, and the stride in which it begins to walk through them, at which it looks at
// four times as many with every step. These are few, and stand in the statements: so
// Postgres knows how many rows there will be, and plans each once.
type reach struct {
	countable int
	stride    int
}

var usual = reach{100, 64}

// find gives the cases of a page, and one more if there are more, with the sets by
// which they may be listed, and says how many there are in all. Of few everything
// is gathered and sorted, of many the list is walked in its order. A place to go on
// from that is not in the list is Invalid. out are the grants by which what leaves
// as a file does.
func (x *room) find(ctx context.Context, tx *pg.Tx, in wanted, page *Cases) (all []hit, sets pg.Sets, out []policies.Grant, err error) {
	asked := tx.Listing("case", hub.Prevention)
	switch {
	case in.out != nil:
		all, out, err = x.leaving(ctx, tx, in, asked, page)
	case in.Subject != "" || in.item != "":
		all, err = these(ctx, tx, in, asked, page)
	default:
		var whole pg.Few
		if all, whole, err = hits(ctx, tx, in, usual, asked, page); err == nil && in.tell {
			page.leaves, err = x.leaves(ctx, tx.Who(), whole, asked.Sets)
		}
	}
	return all, asked.Sets, out, err
}

// hits is find where nothing but a state is asked for; whole are all of them, unless
// there are more than are counted. Where what may be listed lies so far between that
// a walk does not come to a page of it, it may be few enough to be gathered: more is
// looked at by both ways, in turn, until one of them has it.
func hits(ctx context.Context, tx *pg.Tx, in wanted, to reach, asked *pg.Listing, page *Cases) (all []hit, whole pg.Few, err error) {
	on := walking{at: in.After}
	if in.After == "" { // a walk of so many may tell that there are more than are counted, and is a page of them as well
		much, err := asked.Much(ctx, string(in.State))
		if err == nil && much {
			err = on.step(ctx, tx, in, to.countable+1, asked)
		}
		if err != nil {
			return nil, whole, err
		}
		if n := len(on.found); n > to.countable && (n > in.Limit || on.end) {
			page.Total, page.More = to.countable, true
			return on.found[:min(n, in.Limit+1)], whole, nil
		}
	}
	for most, stride := to.countable, to.stride; ; most, stride = 16*(most+1), 16*stride {
		few, is, err := asked.Few(ctx, string(in.State), most)
		if err != nil {
			return nil, few, err
		}
		if is {
			all, err := sorted(ctx, tx, in, few, asked.Sets, page)
			if page.More = page.Total > to.countable; page.More {
				page.Total, few = to.countable, pg.Few{}
			}
			return all, few, err
		}
		page.Total, page.More = to.countable, true
		for _, n := range []int{stride, 4 * stride} {
			if err := on.step(ctx, tx, in, n, asked); err != nil || len(on.found) > in.Limit || on.end {
				return on.found[:min(len(on.found), in.Limit+1)], few, err
			}
		}
	}
}

// pageSQL gives the page of the cases that were found: $3 is the person.
const pageSQL = pg.AllowedSQL + `, hit as (select c.*, a.n as set from allowed a join cases c on c.id = a.id)
select n.total, n.known, coalesce(h.set, -1), coalesce(h.id, ''), coalesce(h.subject, ''), coalesce(h.municipality, ''), coalesce(h.version, 0),
	h.opened_at, coalesce(h.next_at, '0001-01-01'), exists (select from opening o where o.case_id = h.id and o.person = $3)
from (select count(*) as total, $4 = '' or coalesce(bool_or(id = $4), false) as known from hit) n
left join lateral (select * from hit where $4 = '' or (next_at, id) > (select next_at, id from hit where id = $4) order by next_at, id limit $5) h on true
order by h.next_at, h.id`

// sorted gives the page of few.
func sorted(ctx context.Context, tx *pg.Tx, in wanted, few pg.Few, sets pg.Sets, page *Cases) ([]hit, error) {
	rows, err := tx.Query(ctx, pageSQL, append(few.Args(), string(tx.Who().Person), string(in.After), in.Limit+1)...)
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

// these gives the page of the cases about one person, or of the one that has this
// reference or this end of it: few, and each is looked at. Whoever is not given the
// name cannot ask by it.
func these(ctx context.Context, tx *pg.Tx, in wanted, asked *pg.Listing, page *Cases) ([]hit, error) {
	sql, by := `select id from cases where id = $1 or right(id, 6) = $1`, in.item
	if in.Subject != "" {
		sql, by = `select id from cases where subject = $1`, in.Subject
		asked.Only = func(s pg.Set) (bool, error) { return s.Grant.Allows("name"), nil }
	}
	few, err := those(ctx, tx, asked, string(in.State), sql, by)
	if err != nil {
		return nil, err
	}
	return sorted(ctx, tx, in, few, asked.Sets, page)
}

// those are what is listed of the items that a statement names.
func those(ctx context.Context, tx *pg.Tx, asked *pg.Listing, state, sql string, args ...any) (pg.Few, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return pg.Few{}, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return pg.Few{}, err
	}
	return asked.Of(ctx, state, ids)
}

// walkSQL looks at the next cases in their order, from one of them or from the
// first, whether they may be listed or not, and at each as a single read does. The
// state is looked up for each: no list is made of all that are in it.
func walkSQL(stride int) string {
	return `with c as materialized (select * from cases c
	where (c.next_at, c.id) >= (coalesce((select p.next_at from cases p where p.id = $8), '-infinity'), $8)
		and case when $7 = '' then true else (select i.state = $7 from access.item i where i.id = c.id) end
	order by c.next_at, c.id limit ` + strconv.Itoa(stride) + `)
select c.id, c.subject, c.municipality, c.version, c.opened_at, c.next_at, exists (select from opening o where o.case_id = c.id and o.person = $1), ` + pg.EachColumns + `
from c left join ` + pg.EachSQL + ` on true order by c.next_at, c.id`
}

// walking is how far a walk through the cases has come.
type walking struct {
	at    hub.ID // the last that was looked at
	found []hit
	going bool
	end   bool
}

// step looks at the next cases.
func (w *walking) step(ctx context.Context, tx *pg.Tx, in wanted, stride int, asked *pg.Listing) error {
	rows, err := tx.Query(ctx, walkSQL(stride), append(tx.Me(), "case", string(in.State), string(w.at))...)
	if err != nil {
		return err
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
		return err
	}
	if !w.going && w.at != "" && (len(next) == 0 || next[0].ID != w.at || next[0].set < 0) { // it is looked at again: is it in the list still?
		return hub.Invalid("after", "error.choose")
	}
	w.going, w.end = true, len(next) < stride
	if w.at != "" && len(next) > 0 {
		next = next[1:] // of the page, or the stride, before
	}
	if len(next) > 0 {
		w.at = next[len(next)-1].ID
	}
	w.found = append(w.found, slices.DeleteFunc(next, func(h hit) bool { return h.set < 0 })...)
	return nil
}
