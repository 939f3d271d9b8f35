//go:build !race

package pg_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/tree"
)

// TestTheTreeCanOnlyBeAddedTo tries every verb of SQL on what the tree is kept in, as
// every room's own login role. A078 in part.
func TestTheTreeCanOnlyBeAddedTo(t *testing.T) {
	w := newWorld(t)
	w.sql(`insert into audit.trail (`+columns+`) select `+values+` from generate_series(1, 3)`, leaf(0, 1, 2), `insert into audit.node (level, n, hash) values (1, 0, sha256('x'))`,
		`insert into audit.checkpoint (size, note) values (1, 'x')`, `insert into audit.cosignature (size, witness, line) values (1, 'w', 'x')`,
		`insert into audit.closed (id, witness, size, root, note, had) values ('a', 'w', 1, 'x', 'x', 0), ('c', 'w', 3, 'x', 'x', 0)`, `insert into audit.opened (closed, person, authority) values ('a', 'p', 'koege')`)
	puts := map[string]string{
		"pending":     `insert into audit.pending (id, at) values (9, now())`,
		"leaves":      leaf(2, 3),
		"node":        `insert into audit.node (level, n, hash) values (1, 1, sha256('x'))`,
		"checkpoint":  `insert into audit.checkpoint (size, note) values (2, 'x')`,
		"cosignature": `insert into audit.cosignature (size, witness, line) values (1, 'v', 'x')`,
		"closed":      `insert into audit.closed (id, witness, size, root, note, had) values ('b', 'w', 2, 'x', 'x', 0)`,
		"opened":      `insert into audit.opened (closed, person, authority) values ('c', 'p', 'koege')`,
	}
	filled := map[string]string{"pending": "id", "leaves": "since", "node": "", "checkpoint": "at", "cosignature": "at", "closed": "at", "opened": "at"} // by the database alone
	for _, room := range allRooms {
		t.Run(room, func(t *testing.T) {
			c := login(t, w, room)
			ours := room == "audit"
			for table, put := range puts {
				name := "audit." + table
				try(t, c, `select * from `+name, ours)
				for _, verb := range []string{`update ` + name + ` set ` + map[string]string{"pending": "at = now()", "leaves": "entries = 'x'", "node": "hash = 'x'", "checkpoint": "note = 'x'", "cosignature": "line = 'y'", "closed": "note = 'y'", "opened": "person = 'y'"}[table],
					`delete from ` + name, `delete from ` + name + ` where false`, `truncate ` + name, `drop table ` + name + ` cascade`, `alter table ` + name + ` add x int`,
					`alter table ` + name + ` owner to current_user`, `alter table ` + name + ` disable trigger all`, `alter table ` + name + ` rename to x`, `select from ` + name + ` for update`,
					`create trigger x before insert on ` + name + ` execute function audit.take_leaves()`, `create rule x as on insert to ` + name + ` do instead nothing`, `create index on ` + name + ` ((1))`,
					`do $$ begin lock table ` + name + ` in share mode; end $$`, `comment on table ` + name + ` is 'x'`} {
					try(t, c, verb, false)
				}
				if !ours || table == "pending" { // where it may, a COPY waits for its data
					try(t, c, `copy `+name+` from stdin`, false)
				}
				try(t, c, put, ours && table != "pending")
				if col := filled[table]; col != "" && table != "pending" {
					try(t, c, `insert into `+name+` (`+col+`) values (now())`, false)
				}
				w.is("false", `select has_any_column_privilege($1, $2, 'update, references') or has_table_privilege($1, $2, 'update, delete, truncate, references, trigger')`, room, name)
			}
			try(t, c, `drop trigger take_leaves on audit.leaves`, false)
			try(t, c, `select audit.make_months()`, ours)
			try(t, c, `select audit.months_until()`, ours)
			for _, f := range []string{"number_row", "take_leaves", "take_checkpoint", "make_months", "months_until"} {
				try(t, c, `drop function audit.`+f+`() cascade`, false)
				try(t, c, `alter function audit.`+f+`() owner to current_user`, false)
			}
		})
	}
	// Nothing else that the owner's rights are lent by.
	w.is("is_closed make_months months_until number_row take_checkpoint take_leaves unwitnessed", `select string_agg(proname, ' ' order by proname) from pg_proc where pronamespace = 'audit'::regnamespace and prosecdef`)
	w.is(0, `select count(*) from pg_proc where pronamespace = 'audit'::regnamespace and prosecdef and (proconfig is null or not 'search_path=pg_catalog, pg_temp' = any (proconfig))`)
	w.is("trail_owner", `select string_agg(distinct pg_get_userbyid(relowner), ' ') from pg_class where relnamespace = 'audit'::regnamespace and (relname like 'trail%' or relname in ('pending', 'leaves', 'node', 'checkpoint', 'cosignature', 'closed', 'opened'))`)
}

// leaf is a run of leaves of these rows, from an index on.
func leaf(start int, rows ...int64) string {
	entries := strings.Repeat("ab", tree.EntrySize*len(rows))
	return fmt.Sprintf(`insert into audit.leaves (start, rows, entries) values (%d, '{%s}', '\x%s')`, start, strings.Trim(strings.Join(strings.Fields(fmt.Sprint(rows)), ","), "[]"), entries)
}

// What the database lets the room audit add: leaves where the tree ends, of rows that
// wait, each once; a checkpoint of more than the last, and not of more than there is. A
// run of 256 repeats the leaves that it takes the place of.
func TestLeavesAreTakenWhereTheTreeEnds(t *testing.T) {
	w := newWorld(t)
	w.sql(`insert into audit.trail (` + columns + `) select ` + values + ` from generate_series(1, 300)`)
	w.is("300 300", `select count(*) || ' ' || max(id) from audit.pending`)
	c := login(t, w, "audit")
	refuses := func(what, sql string) {
		t.Helper()
		if _, err := c.Exec(ctx, sql); sqlState(err) != "23514" {
			t.Errorf("%s: %v", what, err)
		}
	}
	takes := func(sql string) {
		t.Helper()
		if _, err := c.Exec(ctx, sql); err != nil {
			t.Error(err)
		}
	}
	span := func(from, to int64) (ids []int64) {
		for i := from; i <= to; i++ {
			ids = append(ids, i)
		}
		return ids
	}
	refuses("after a hole", leaf(1, 1))
	refuses("of nothing", `insert into audit.leaves (start, rows, entries) values (0, '{}', '')`)
	refuses("of a row that is not there", leaf(0, 301))
	refuses("of a row twice", leaf(0, 1, 1))
	refuses("entries that are too short", strings.Replace(leaf(0, 1, 2), "abab'", "ab'", 1))
	refuses("of no dimension that we know", `insert into audit.leaves (start, rows, entries) values (0, '[5:5]={1}', sha256('x'))`)
	refuses("over the end of a tile", leaf(0, span(1, 257)...))
	takes(leaf(0, 3, 1))
	refuses("in the place of others", leaf(0, 2))
	refuses("of a row that is a leaf", leaf(2, 3))
	takes(leaf(2, span(4, 100)...))
	w.is(201, `select count(*) from audit.pending`)
	w.is(true, `select bool_and(since <= until and since > now() - interval '1 hour') from audit.leaves`)
	whole := append([]int64{3, 1}, span(4, 100)...)
	refuses("that close a tile beside the others", leaf(99, span(101, 257)...))
	refuses("that repeat the others in another order", leaf(0, append(append([]int64{1, 3}, span(4, 100)...), span(101, 257)...)...))
	refuses("that repeat them with another entry", strings.Replace(leaf(0, append(whole, span(101, 257)...)...), "abab", "abac", 1))
	takes(leaf(0, append(whole, span(101, 257)...)...))
	w.is("0 256", `select start || ' ' || cardinality(rows) from audit.leaves`)
	refuses("again", leaf(0, append(whole, span(101, 257)...)...))
	takes(leaf(256, 2))
	for size, fits := range map[int]bool{0: false, 258: false, -1: false} {
		if _, err := c.Exec(ctx, `insert into audit.checkpoint (size, note) values ($1, 'x')`, size); (err == nil) != fits {
			t.Errorf("a checkpoint of %d leaves: %v", size, err)
		}
	}
	takes(`insert into audit.checkpoint (size, note) values (256, 'x')`)
	refuses("a checkpoint that is not larger", `insert into audit.checkpoint (size, note) values (256, 'x')`)
	refuses("a checkpoint that is smaller", `insert into audit.checkpoint (size, note) values (255, 'x')`)
	takes(`insert into audit.checkpoint (size, note) values (257, 'x')`)
	takes(`insert into audit.cosignature (size, witness, line) values (257, 'w', 'x')`)
	if _, err := c.Exec(ctx, `insert into audit.cosignature (size, witness, line) values (257, 'w', 'y')`); sqlState(err) != "23505" {
		t.Errorf("a witness twice of one checkpoint: %v", err)
	}
	if _, err := c.Exec(ctx, `insert into audit.cosignature (size, witness, line) values (255, 'w', 'y')`); sqlState(err) != "23503" {
		t.Errorf("of no checkpoint: %v", err)
	}
	refuses("a hash that is none", `insert into audit.node (level, n, hash) values (1, 0, 'x')`)
}

// A row waits from its commit on, whatever its number: one that was numbered before and
// committed after another is not passed by.
func TestRowsWaitFromTheirCommitOn(t *testing.T) {
	w := newWorld(t)
	slow, quick := login(t, w, "intake"), login(t, w, "person")
	tx, err := slow.Begin(ctx)
	check(t, err)
	_, err = tx.Exec(ctx, `insert into audit.trail (`+columns+`) values (`+values+`)`)
	check(t, err)
	_, err = quick.Exec(ctx, `insert into audit.trail (`+columns+`) values (`+values+`)`)
	check(t, err)
	w.is("2", `select string_agg(id::text, ' ') from audit.pending`)
	check(t, tx.Commit(ctx))
	w.is("1 2", `select string_agg(id::text, ' ' order by id) from audit.pending`)
	w.is("2", `select count(distinct salt)::text from audit.trail`)
	// One that the owner puts back waits no second time.
	w.sql(`create table taken as select * from audit.trail where id = 2`, `delete from audit.trail where id = 2`, `insert into audit.trail select * from taken`)
	w.is("1 2", `select string_agg(id::text, ' ' order by id) from audit.pending`)
	w.sql(`insert into audit.trail select (jsonb_populate_record(t, '{"id": 77}')).* from taken t`)
	w.is("1 2", `select string_agg(id::text, ' ' order by id) from audit.pending`)
	tx, err = slow.Begin(ctx)
	check(t, err)
	_, err = tx.Exec(ctx, `insert into audit.trail (`+columns+`) values (`+values+`)`)
	check(t, err)
	check(t, tx.Rollback(ctx))
	w.is("1 2", `select string_agg(id::text, ' ' order by id) from audit.pending`)
}

// A leaf commits to every column of a row. Whoever adds a column says in pkg/tree how it
// is written, under a new form.
func TestEveryColumnIsCommittedTo(t *testing.T) {
	w := newWorld(t)
	var written []string
	for _, c := range tree.Columns {
		written = append(written, c.Name)
	}
	slices.Sort(written)
	w.is(strings.Join(written, " "), `select string_agg(attname, ' ' order by attname collate "C") from pg_attribute
		where attrelid = 'audit.trail'::regclass and attnum > 0 and not attisdropped and attname not in ('form', 'salt')`)
	w.is(fmt.Sprint(tree.Form), `select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'audit.trail'::regclass and adnum = (select attnum from pg_attribute where attrelid = 'audit.trail'::regclass and attname = 'form')`)
}

// There are partitions for this month and the three after it, every row is in its own,
// and they are made again where they are missing.
func TestMonthsAreMadeAhead(t *testing.T) {
	w := newWorld(t)
	month := func(n int) string {
		now := time.Now().UTC()
		return time.Date(now.Year(), now.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC).Format("trail_2006_01")
	}
	list := `select string_agg(c.relname, ' ' order by c.relname) from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'audit.trail'::regclass`
	want := strings.Join([]string{month(0), month(1), month(2), month(3)}, " ")
	w.is(want, list)
	w.sql(`insert into audit.trail (` + columns + `) values (` + values + `)`)
	w.is("audit."+month(0), `select tableoid::regclass::text from audit.trail`)
	c := login(t, w, "audit")
	until := func() (at time.Time) {
		t.Helper()
		check(t, c.QueryRow(ctx, `select audit.months_until()`).Scan(&at))
		return at.UTC()
	}
	if got := until().Format("trail_2006_01"); got != month(4) {
		t.Errorf("until %s, want %s", got, month(4))
	}
	w.sql(`drop table audit.`+month(2), `drop table audit.`+month(3))
	if got := until().Format("trail_2006_01"); got != month(2) {
		t.Errorf("with two gone until %s, want %s", got, month(2))
	}
	_, err := c.Exec(ctx, `set timezone = 'Pacific/Auckland'; select audit.make_months()`)
	check(t, err)
	w.is(want, list)
	if got := until().Format("trail_2006_01"); got != month(4) {
		t.Errorf("made again until %s, want %s", got, month(4))
	}
	// A month that is made later has what the others have.
	w.is(1, `select count(distinct n) from (select count(*) as n from pg_index i join pg_inherits h on h.inhrelid = i.indrelid where h.inhparent = 'audit.trail'::regclass group by indrelid) x`)
	w.is(0, `select count(*) from pg_inherits h where h.inhparent = 'audit.trail'::regclass and not exists (select from pg_trigger t where t.tgrelid = h.inhrelid and t.tgname = 'number_row')`)
	// Where there is none, nothing can be recorded.
	w.sql(`drop table audit.` + month(0))
	if _, err := c.Exec(ctx, `insert into audit.trail (`+columns+`) values (`+values+`)`); sqlState(err) != "23514" {
		t.Errorf("a row that has no partition: %v", err)
	}
}

// What was written before the trail had partitions is there after it, with its numbers,
// and waits to become leaves; whoever could write may write on.
func TestRowsOfBeforeAreKept(t *testing.T) {
	w := database(t, "")
	var before []string
	for _, file := range []string{"0001_trail", "0002_break_glass", "0003_deputy"} {
		text, err := os.ReadFile("migrations/audit/" + file + ".sql")
		check(t, err)
		before = append(before, string(text))
	}
	text, err := os.ReadFile("migrations/audit/0004_tree.sql")
	check(t, err)
	run := func(sql ...string) {
		t.Helper()
		w.sql(append([]string{`set role trail_owner`, `set search_path = audit`}, sql...)...)
	}
	w.sql(`create schema audit authorization trail_owner`, `grant usage on schema audit to intake, audit`)
	run(append(before, `grant insert (`+columns+`) on audit.trail to intake`, `grant select on audit.trail to audit`)...)
	w.sql(`insert into audit.trail (`+columns+`) select `+values+` from generate_series(1, 5)`,
		`update audit.trail set at = at - interval '70 days' where id = 1`, `update audit.trail set at = '2025-12-31 23:59:59.999999Z' where id = 2`, `update audit.trail set at = '2026-01-01 00:00:00Z', person = 'anna' where id = 3`, `delete from audit.trail where id = 4`)
	old := w.ask(`select string_agg(to_jsonb(t)::text, e'\n' order by id) from audit.trail t`)
	run(string(text))
	w.is(old, `select string_agg((to_jsonb(t) - 'salt' - 'form')::text, e'\n' order by id) from audit.trail t`)
	w.is("1 2 3 5", `select string_agg(id::text, ' ' order by id) from audit.pending`)
	w.is("audit.trail_2025_12 audit.trail_2026_01", `select string_agg(tableoid::regclass::text, ' ' order by id) from audit.trail where id in (2, 3)`)
	w.is("4 4", `select count(*) || ' ' || count(distinct salt) from audit.trail`)
	for _, role := range []string{"intake", "audit"} {
		w.is(role == "audit", `select has_table_privilege($1, 'audit.trail', 'select')`, role)
		w.is(role == "intake", `select has_column_privilege($1, 'audit.trail', 'person', 'insert')`, role)
		w.is(false, `select has_column_privilege($1, 'audit.trail', 'salt', 'insert') or has_column_privilege($1, 'audit.trail', 'at', 'insert')`, role)
	}
	w.sql(`set role intake; insert into audit.trail (` + columns + `) values (` + values + `)`)
	w.is("6 6", `select max(t.id) || ' ' || max(p.id) from audit.trail t, audit.pending p`)
}
