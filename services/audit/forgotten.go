package audit

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/tree"
)

// A row whose retention has ended goes with its salt, and its leaf stays (trust.md P3). What
// takes it for forgotten, and not for taken out, is a row of the trail that says so, and is
// a later leaf itself: nothing else that stands in the database does.

// mark is such a row.
type mark struct {
	index int64 // its leaf
	says  []tree.Leaves
	row   tree.Row
}

// marks are the rows that say what was forgotten, of one authority or of all, each as it is
// committed to by its leaf.
func marks(ctx context.Context, tx *pg.Tx, of hub.AuthorityID) (all []mark, err error) {
	rows, err := tx.Query(ctx, `select t.id, t.at, l.start + array_position(l.rows, t.id) - 1, substr(l.entries, 1 + $2::int * (array_position(l.rows, t.id) - 1), $2::int)
		from audit.trail t join audit.leaves l on t.id = any (l.rows) and l.since <= t.at and t.at <= l.until
		where t.act = 'erase' and t.object_kind = 'leaves' and t.outcome = 'allow' and (t.controller = $1 or $1 = '')`, string(of), tree.EntrySize)
	if err != nil {
		return nil, err
	}
	type leaf struct {
		mark
		entry []byte
	}
	var id int64
	var at, since, until time.Time
	var l leaf
	found, ids := map[int64]leaf{}, []int64{}
	if _, err := pgx.ForEachRow(rows, []any{&id, &at, &l.index, &l.entry}, func() error {
		if len(ids) == 0 || at.Before(since) {
			since = at
		}
		if at.After(until) {
			until = at
		}
		l.entry = bytes.Clone(l.entry)
		ids, found[id] = append(ids, id), l
		return nil
	}); err != nil || len(ids) == 0 {
		return nil, err
	}
	err = rowsOf(ctx, tx, ids, since, until, func(r tree.Row) {
		l := found[r.Values[0].(int64)]
		entry, err := tree.Entry(r.Form, r.Salt, r.Values)
		if says := tree.Forgets(r); err == nil && bytes.Equal(entry[:], l.entry) && len(says) > 0 {
			l.says, l.row = says, tree.Row{Form: r.Form, Salt: r.Salt, Values: slices.Clone(r.Values)}
			all = append(all, l.mark)
		}
	})
	slices.SortFunc(all, func(a, b mark) int { return int(a.index - b.index) })
	return all, err
}

// by is the leaf of the row that says of a leaf that its row was forgotten; 0: none does
// that comes after it.
func by(all []mark, index int64) int64 {
	for _, m := range all {
		if m.index > index && tree.Have(m.says, index) {
			return m.index
		}
	}
	return 0
}

// forgotten adds to what an officer takes out the leaves of the own authority's rows that were
// forgotten, among those from an index on and before another whose time is asked for, and
// the rows that say so. Of a row that is gone nobody knows any more what it was about.
func forgotten(ctx context.Context, tx *pg.Tx, f filter, from, until, size int64, out []proven) ([]proven, error) {
	all, err := marks(ctx, tx, f.own)
	if err != nil || len(all) == 0 {
		return out, err
	}
	all = slices.DeleteFunc(all, func(m mark) bool { return m.index >= size }) // it says so in the next bundle
	list, err := runs(ctx, tx, from, until)
	if err != nil {
		return nil, err
	}
	has := map[int64]bool{}
	for _, p := range out {
		has[p.index] = true
	}
	for _, r := range list {
		var gone []int64
		within := !r.until.Before(f.from) && (f.until.IsZero() || r.since.Before(f.until))
		for i := range r.rows {
			at := r.start + int64(i)
			if at < from || at >= until || has[at] {
				continue
			}
			entry := r.entries[i*tree.EntrySize : (i+1)*tree.EntrySize]
			if m := slices.IndexFunc(all, func(m mark) bool { return m.index == at }); m >= 0 {
				out = append(out, proven{index: at, row: all[m].row, whole: true, entry: entry})
			} else if within && by(all, at) > 0 {
				gone = append(gone, r.rows[i])
				out = append(out, proven{index: at, entry: entry, by: by(all, at)})
			}
		}
		if len(gone) == 0 {
			continue
		}
		there, err := committed(ctx, tx, gone, r.since, r.until)
		if err != nil {
			return nil, err
		}
		out = slices.DeleteFunc(out, func(p proven) bool { // it was said, and not done: it is what it is
			if p.by == 0 || p.index < r.start || p.index >= r.start+int64(len(r.rows)) {
				return false
			}
			_, still := there[r.rows[p.index-r.start]]
			return still
		})
	}
	slices.SortFunc(out, func(a, b proven) int { return int(a.index - b.index) })
	return out, nil
}
