package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/tree"
	"github.com/infohus/infohus/policies"
)

// What the tree is kept in, beside the trail: every statement of it. The tables and
// what holds them are the trail's owner's.

// leaves are a run of leaves: of each the row that it commits to, and its entry.
type leaves struct {
	start        int64
	rows         []int64
	entries      []byte
	since, until time.Time // between which the rows are
}

// alone takes the tree for this transaction; false where another process has it.
func alone(ctx context.Context, tx *pg.Tx) (ours bool, err error) {
	err = tx.QueryRow(ctx, `select pg_try_advisory_xact_lock(hashtextextended('infohus tree', 0))`).Scan(&ours)
	return ours, err
}

// state is how many leaves there are, and the last signed checkpoint, "" where there is none.
func state(ctx context.Context, tx *pg.Tx) (size int64, note string, waits bool, err error) {
	err = tx.QueryRow(ctx, `select coalesce((select start + cardinality(rows) from audit.leaves order by start desc limit 1), 0),
		coalesce((select note from audit.checkpoint order by size desc limit 1), ''), exists (select from audit.pending)`).Scan(&size, &note, &waits)
	return size, note, waits, err
}

// between is a signed checkpoint of more leaves than one and fewer than another, from the
// middle where there is one; "" where there is none.
func between(ctx context.Context, tx *pg.Tx, more, fewer int64) (note string, err error) {
	err = tx.QueryRow(ctx, `select coalesce((select note from audit.checkpoint where size > $1 and size <= $3 order by size desc limit 1),
		(select note from audit.checkpoint where size > $3 and size < $2 order by size limit 1), '')`, more, fewer, more+(fewer-more)/2).Scan(&note)
	return note, err
}

// runs are those that hold leaves from an index on and before another.
func runs(ctx context.Context, tx *pg.Tx, from, until int64) ([]leaves, error) {
	rows, err := tx.Query(ctx, `select start, rows, entries, since, until from audit.leaves where start >= $1 and start < $2 order by start`, from-from%tree.Width, until)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r leaves, err error) {
		err = row.Scan(&r.start, &r.rows, &r.entries, &r.since, &r.until)
		return r, err
	})
}

// waiting are the first rows that are no leaf yet, and between which times they are.
func waiting(ctx context.Context, tx *pg.Tx, most int) (r leaves, err error) {
	err = tx.QueryRow(ctx, `select coalesce(array_agg(id order by id), '{}'), coalesce(min(at), 'epoch'), coalesce(max(at), 'epoch')
		from (select id, at from audit.pending order by id limit $1) p`, most).Scan(&r.rows, &r.since, &r.until)
	return r, err
}

// readRows reads rows in the order in which an entry is written.
var readRows = func() string {
	var list []string
	for _, c := range tree.Columns {
		name := "t." + c.Name
		if c.Kind == tree.JSON || c.Name == "writer" {
			name += "::text"
		}
		list = append(list, name)
	}
	return "select t.form, t.salt, " + strings.Join(list, ", ") + " from audit.trail t where t.id = any($1) and t.at between $2 and $3"
}()

// committed are the entries of rows as they are stored now, by their ids: nil for one
// that is there twice, or can be no row.
func committed(ctx context.Context, tx *pg.Tx, ids []int64, since, until time.Time) (map[int64][]byte, error) {
	entries := make(map[int64][]byte, len(ids))
	return entries, rowsOf(ctx, tx, ids, since, until, func(r tree.Row) {
		id := r.Values[0].(int64)
		entry, err := tree.Entry(r.Form, r.Salt, r.Values)
		if _, twice := entries[id]; twice || err != nil {
			entries[id] = nil
			return
		}
		entries[id] = entry[:]
	})
}

// rowsOf gives rows as they are stored now, each valid until the next.
func rowsOf(ctx context.Context, tx *pg.Tx, ids []int64, since, until time.Time, do func(tree.Row)) error {
	rows, err := tx.Query(ctx, readRows, ids, since, until)
	if err != nil {
		return err
	}
	defer rows.Close()
	var form int64
	var salt [tree.SaltSize]byte
	into := []any{&form, &salt}
	for _, c := range tree.Columns {
		into = append(into, map[tree.Kind]any{tree.Text: new(string), tree.JSON: new(string), tree.Number: new(int64),
			tree.Time: new(pgtype.Timestamptz), tree.List: new([]string), tree.Bytes: new([]byte)}[c.Kind])
	}
	values := make([]any, len(tree.Columns))
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, p := range into[2:] {
			switch p := p.(type) {
			case *string:
				values[i] = *p
			case *int64:
				values[i] = *p
			case *[]string:
				values[i] = *p
			case *[]byte:
				values[i] = *p
			case *pgtype.Timestamptz:
				if values[i] = p.Time; p.InfinityModifier != pgtype.Finite {
					values[i] = nil
				}
			}
		}
		do(tree.Row{Form: form, Salt: salt, Values: values})
	}
	return rows.Err()
}

// provable are the rows that a filter finds among the leaves from an index on and before
// another, in their order: whole, or where the officer is not told all of it, as an entry
// alone.
func provable(ctx context.Context, tx *pg.Tx, _ policies.Grant, f filter, refs references, from, until int64) ([]proven, error) {
	list, err := runs(ctx, tx, from, until)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	found := map[int64]*proven{}
	since, last := list[0].since, list[0].until
	for _, r := range list {
		for i, id := range r.rows {
			if at := r.start + int64(i); at >= from && at < until && len(r.entries) >= (i+1)*tree.EntrySize {
				found[id] = &proven{index: at, entry: r.entries[i*tree.EntrySize : (i+1)*tree.EntrySize]}
			}
		}
		if r.since.Before(since) {
			since = r.since
		}
		if r.until.After(last) {
			last = r.until
		}
	}
	// The search's own query, of the time in which these rows are.
	narrow := f
	if narrow.from.Before(since) {
		narrow.from = since
	}
	if end := last.Add(time.Microsecond); narrow.until.IsZero() || narrow.until.After(end) {
		narrow.until = end
	}
	q := hits(narrow, refs)
	rows, err := tx.Query(ctx, q.ids(), q.args...)
	if err != nil {
		return nil, err
	}
	hit, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, err
	}
	hit = slices.DeleteFunc(hit, func(id int64) bool { return found[id] == nil })
	var out []proven
	err = rowsOf(ctx, tx, hit, since, last, func(r tree.Row) {
		p := found[r.Values[0].(int64)]
		if p.row = (tree.Row{Form: r.Form, Salt: r.Salt, Values: slices.Clone(r.Values)}); whollyTold(r.Values, f.own, f.me) {
			p.whole = true
		}
		out = append(out, *p)
	})
	slices.SortFunc(out, func(a, b proven) int { return cmp.Compare(a.index, b.index) })
	return out, err
}

// whollyTold reports whether somebody, an officer of an authority, is told all that stands in a row.
func whollyTold(values []any, own hub.AuthorityID, me hub.ID) bool {
	text := func(column string) string {
		s, _ := values[slices.IndexFunc(tree.Columns, func(c tree.Column) bool { return c.Name == column })].(string)
		return s
	}
	r := Row{Person: hub.ID(text("person")), Outcome: text("outcome"), Controller: hub.AuthorityID(text("controller")), Authority: hub.AuthorityID(text("authority")), Question: text("question"), Input: json.RawMessage(text("input"))}
	r.recused(own)
	return !r.veiled(own, me) && !r.hushed(own)
}

// putRun adds leaves at the end of the tree.
func putRun(ctx context.Context, tx *pg.Tx, r leaves) error {
	_, err := tx.Exec(ctx, `insert into audit.leaves (start, rows, entries) values ($1, $2, $3)`, r.start, r.rows, r.entries)
	return err
}

func putNode(ctx context.Context, tx *pg.Tx, level int, n int64, hash tlog.Hash) error {
	_, err := tx.Exec(ctx, `insert into audit.node (level, n, hash) values ($1, $2, $3)`, level, n, hash[:])
	return err
}

func putCheckpoint(ctx context.Context, tx *pg.Tx, size int64, note []byte) error {
	_, err := tx.Exec(ctx, `insert into audit.checkpoint (size, note) values ($1, $2)`, size, string(note))
	return err
}

// cosignedUntil is the size of the last checkpoint that a witness cosigned.
func cosignedUntil(ctx context.Context, tx *pg.Tx, witness string) (size int64, err error) {
	err = tx.QueryRow(ctx, `select coalesce(max(size), 0) from audit.cosignature where witness = $1`, witness).Scan(&size)
	return size, err
}

func putCosignature(ctx context.Context, tx *pg.Tx, size int64, witness, line string) error {
	_, err := tx.Exec(ctx, `insert into audit.cosignature (size, witness, line) values ($1, $2, $3)`, size, witness, line)
	return err
}

// published is the last checkpoint, or the last with so many cosignatures of these
// witnesses, with theirs; "" where there is none.
func published(ctx context.Context, tx *pg.Tx, witnesses []string, quorum int) (note string, err error) {
	last := `select max(size) from audit.checkpoint where $2::int = 0`
	if quorum > 0 {
		last = `select size from audit.cosignature where witness = any($1) group by size having count(*) >= $2::int order by size desc limit 1`
	}
	err = tx.QueryRow(ctx, `select coalesce((select c.note || coalesce((select string_agg(s.line, '' order by s.witness) from audit.cosignature s where s.size = c.size and s.witness = any($1)), '')
		from audit.checkpoint c where c.size = (`+last+`)), '')`, witnesses, quorum).Scan(&note)
	return note, err
}

// tiles reads tiles as they are stored, each once: hashes, or entries without their lengths.
func tiles(ctx context.Context, tx *pg.Tx) func(tlog.Tile) ([]byte, error) {
	read := map[tlog.Tile][]byte{}
	return func(t tlog.Tile) ([]byte, error) {
		if data, ok := read[t]; ok {
			return data, nil
		}
		var data []byte
		var err error
		first, next := t.N<<tree.Height, (t.N+1)<<tree.Height
		if t.L > 0 {
			err = tx.QueryRow(ctx, `select coalesce(string_agg(hash, '' order by n), '') from audit.node where level = $1 and n >= $2 and n < $3`, t.L, first, next).Scan(&data)
		} else {
			err = tx.QueryRow(ctx, `select coalesce(string_agg(entries, '' order by start), '') from audit.leaves where start >= $1 and start < $2`, first, next).Scan(&data)
		}
		if err != nil {
			return nil, err
		}
		if len(data) < t.W*tlog.HashSize {
			return nil, &tree.Broken{Index: first << (tree.Height * max(t.L, 0)), Why: fmt.Sprintf("of %s only %d hashes are there", tree.Path(t), len(data)/tlog.HashSize)}
		}
		data = data[:t.W*tlog.HashSize]
		if t.L == 0 {
			data = tree.Hashes(data)
		}
		read[t] = data
		return data, nil
	}
}

// stray is a row among those with ids after one and up to another that neither is a leaf
// nor waits to be one; known are those of leaves that need not be looked for. 0: none.
func stray(ctx context.Context, tx *pg.Tx, after, upto int64, known []int64) (id int64, err error) {
	// The known are taken away first, and as a set: held against each row by itself they cost the square of them.
	err = tx.QueryRow(ctx, `with other as materialized (select id from audit.trail where id > $1 and id <= $2 except select unnest($3::bigint[]))
		select coalesce(min(o.id), 0) from other o where not exists (select from audit.pending p where p.id = o.id)
		and not exists (select from audit.leaves l where o.id = any (l.rows))`, after, upto, known).Scan(&id)
	return id, err
}

// makeMonths makes the partitions of the coming months where they are missing.
func makeMonths(ctx context.Context, tx *pg.Tx) error {
	_, err := tx.Exec(ctx, `select audit.make_months()`)
	return err
}

// monthsLeft is for how long there are partitions, by the database's clock.
func monthsLeft(ctx context.Context, tx *pg.Tx) (time.Duration, error) {
	var seconds float64
	err := tx.QueryRow(ctx, `select extract(epoch from audit.months_until() - clock_timestamp())::float8`).Scan(&seconds)
	return time.Duration(seconds) * time.Second, err
}
