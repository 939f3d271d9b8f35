package assessment

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// hit is a case that may be listed, by one of the sets.
type hit struct {
	casework
	state     State
	set       int // -1 of a case that may not
	confirmed bool
}

// Of few everything is gathered and sorted. Of many the list is walked in its
// order, in strides, each longer than the last, for so long as that may be shorter.
const (
	few      = 500
	longest  = 1600
	lengthen = 4
)

// hits gives the cases of a page, and one more if there are more, and says how many
// there are in all. A place to go on from that is not in the list is Invalid.
func hits(ctx context.Context, tx *pg.Tx, in wanted, sets pg.Sets, page *Cases) ([]hit, error) {
	if total := sets.Count(string(in.State)); total > few && in.Subject == "" && in.item == "" {
		all, ok, err := walk(ctx, tx, in, sets)
		if ok || err != nil {
			page.Total = total
			return all, err
		}
	}
	return gather(ctx, tx, in, sets, page)
}

// gather finds everything that may be listed, and sorts it.
func gather(ctx context.Context, tx *pg.Tx, in wanted, sets pg.Sets, page *Cases) ([]hit, error) {
	rows, err := tx.Query(ctx, listSQL, append(sets.Args(tx, "case"), string(in.State), string(in.After), in.Limit+1,
		string(in.Subject), sets.Allowing("name"), string(in.item))...)
	if err != nil {
		return nil, err
	}
	known := true
	all, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (h hit, err error) {
		err = r.Scan(&page.Total, &known, &h.set, &h.ID, &h.Subject, &h.Municipality, &h.Version, &h.state, &h.OpenedAt, &h.NextAt, &h.confirmed)
		return h, err
	})
	if err == nil && !known {
		err = hub.Invalid("after", "error.choose")
	}
	return slices.DeleteFunc(all, func(h hit) bool { return h.set < 0 }), err // no rows, only their number
}

// walkSQL looks at the next cases in their order, from one of them or from the
// first, whether they may be listed or not, and at each as a single read does.
const walkSQL = `with c as materialized (select * from cases c
	where (c.next_at, c.id) >= (coalesce((select p.next_at from cases p where p.id = $19), '-infinity'), $19) order by c.next_at, c.id limit $20)
select coalesce(a.n, -1), c.id, c.subject, c.municipality, c.version, coalesce(a.state, ''), c.opened_at, c.next_at,
	exists (select from opening o where o.case_id = c.id and o.person = $1)
from c left join ` + pg.EachSQL + ` on $18 = '' or a.state = $18 order by c.next_at, c.id`

// walk goes through the cases until there is a page of them. It gives up, false,
// where too few of many may be listed.
func walk(ctx context.Context, tx *pg.Tx, in wanted, sets pg.Sets) ([]hit, bool, error) {
	want, at := in.Limit+1, in.After
	if at != "" {
		want++ // it is looked at again: is it in the list still?
	}
	var found []hit
	for stride := want; stride <= longest; stride *= lengthen {
		rows, err := tx.Query(ctx, walkSQL, append(sets.Args(tx, "case"), string(in.State), string(at), stride)...)
		if err != nil {
			return nil, false, err
		}
		next, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (h hit, err error) {
			err = r.Scan(&h.set, &h.ID, &h.Subject, &h.Municipality, &h.Version, &h.state, &h.OpenedAt, &h.NextAt, &h.confirmed)
			return h, err
		})
		if err != nil {
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
