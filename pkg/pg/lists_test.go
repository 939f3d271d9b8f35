//go:build !race

package pg_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// someThings fills the access facts with things of every kind of fate: whole and
// part, given to somebody or to an authority for a time that has come, passed or
// is to come, taken back, on bases and agreements that hold and do not, once and several
// times.
func someThings(w *world, r *rand.Rand) {
	one := func(of ...string) string { return "'" + of[r.IntN(len(of))] + "'" }
	at := func(of ...string) string { return "timestamptz '2026-03-02 08:00+00' + interval " + one(of...) }
	var s []string
	add := func(format string, args ...any) { s = append(s, fmt.Sprintf(format, args...)) }
	person := func() string { return "'" + string(posts[r.IntN(len(posts))].Person) + "'" }
	hat := func() string { // one of theirs, mostly
		h, at, as := posts[r.IntN(len(posts))], one("koege", "koege", "mvs", "greve"), one("municipal_coordinator", "receiver", "police_coordinator")
		if r.IntN(4) > 0 {
			at, as = "'"+string(h.Authority)+"'", "'"+string(h.Role)+"'"
		}
		return "'" + string(h.Person) + "', " + at + ", " + as
	}
	office := func() string { return one("koege", "koege", "mvs", "greve") }
	for i := range 60 {
		whole := "null"
		if i > 20 && r.IntN(2) == 0 {
			whole = fmt.Sprintf("'i%d'", r.IntN(20))
		}
		by := person()
		if r.IntN(2) == 0 {
			by = "''"
		}
		kind, state := "'case'", one("collecting", "analysis", "closed")
		if r.IntN(2) == 0 {
			kind, state = "'concern'", one("received", "triage", "draft")
		}
		add(`insert into access.item (id, kind, about, controller, received_by, state, author, part_of) values ('i%d', %s, 's%d', %s, %s, %s, %s, %s)`,
			i, kind, r.IntN(30), office(), one("municipality", "police"), state, by, whole)
	}
	ended := func() string { return []string{"null, null", "'p', now()"}[r.IntN(4)/3] }
	for i := range 40 {
		add(`insert into access.assignment (id, kind, item, person, authority, role, why, from_at, until_at, by_person, by_hat, ended_by, ended_at)
			select 'a%d', kind, id, %s, 'x', %s, %s, 'p', 'h', %s from access.item where id = 'i%d'`,
			i, hat(), at("-1 year", "-1 year", "0", "1 hour"), at("2 years", "2 years", "0", "-1 hour"), ended(), r.IntN(60))
	}
	for i := range 60 {
		add(`insert into access.share (id, kind, item, about, classes, sender, receiver, basis, purpose, necessity, from_at, until_at, by_person, by_hat, sender_kind, ended_by, ended_at)
			select 's%d', kind, id, 's', array[%s, %s], %s, %s, %s, 'prevention', '', %s, %s, 'p', 'h', %s, %s from access.item where id = 'i%d'`,
			i, one("identity", "status", "case_status"), one("summary", "status", "é"), office(), office(), one("RPL115-2", "RPL115-2", "DBL6"), at("-1 year", "-1 day", "0", "1 hour"), at("2 years", "2 years", "0"),
			one("municipality", "police"), ended(), r.IntN(45))
	}
	for range 15 {
		add(`insert into access.recusal (person, kind, item, by_person, by_hat) select %s, kind, id, 'p', 'h' from access.item where id = 'i%d' on conflict do nothing`, person(), r.IntN(60))
	}
	for i := range 6 { // whom something is about, and it is one of them
		add(`insert into access.person_mark (person, issuer, mark) values (%s, 'https://id', 'm%d') on conflict do nothing`, person(), i)
		add(`insert into access.subject_mark (subject, mark) values ('s%d', 'm%d') on conflict do nothing`, r.IntN(30), i)
	}
	for i := range 15 {
		add(`insert into access.glass (id, kind, item, owner, person, hat, authority, role, category, reason, minutes, asked_at, from_at, until_at, second_person, second_hat)
			select 'g%d', kind, id, controller, %s, 'h', %s, %s, 'x', '', 30, %s, f, f + interval '30 minutes', 'q', 'h' from access.item, (select %s as f) x where id = 'i%d'`,
			i, person(), office(), one("municipal_coordinator", "receiver", "police_coordinator"), at("0"), at("-10 minutes", "0", "-1 hour"), r.IntN(60))
	}
	// What is shared on one of the bases takes an agreement, of which some hold; in some worlds it takes none.
	for i, parties := range []string{"{koege,mvs}", "{koege,greve,mvs}", "{koege,greve}", "{greve,mvs}"} {
		add(`insert into access.agreement (id, parties, basis, from_at, until_at) values ('g%d', '%s', %s, %s, %s)`, i, parties, one("RPL115-2", "RPL115-2", "DBL6"), at("-1 year", "-1 year", "0", "1 hour"), at("2 years", "2 years", "20 days", "0"))
	}
	add(`update access.relied set agreements = %s where code = 'RPL115-2'`, one("{RPL115-2}", "{RPL115-2,DBL6}", "{RPL115-2,DBL6}", "{}"))
	if r.IntN(4) == 0 {
		add(`update access.relied set agreements = null`)
	}
	w.sql(append([]string{`truncate access.item, access.agreement cascade`, `truncate access.person_mark, access.subject_mark`}, s...)...)
}

// singly is what single reads would show of a kind, each with its attributes.
func singly(t *testing.T, tx *pg.Tx, kind string) map[string]pg.Relation {
	t.Helper()
	want := map[string]pg.Relation{}
	rows, err := tx.Query(ctx, `select r.* from access.relations($1, $2, $3, $4, $5) r where r.kind = $6`, append(tx.Me(), kind)...)
	check(t, err)
	var r pg.Relation
	var all []pg.Relation
	_, err = pgx.ForEachRow(rows, r.Into(), func() error { all = append(all, r); return nil })
	check(t, err)
	for _, r := range all {
		if _, err := tx.Ask(ctx, r.View(tx.Who(), hub.Prevention)); err == nil {
			want[string(r.ID)] = r
		} else if !errors.As(err, new(*policies.Denial)) {
			t.Fatal(err)
		}
	}
	return want
}

// few asks for the few of a state with none and with every bound near their number,
// and says how many there are.
func few(t *testing.T, tx *pg.Tx, at, kind, state string, want map[string]pg.Relation) (n int) {
	t.Helper()
	for _, r := range want {
		if state == "" || r.State == state {
			n++
		}
	}
	for _, most := range []int{0, n - 1, n, n + 1, 1 << 30} {
		if most < 0 {
			continue
		}
		asked := tx.Listing(kind, hub.Prevention)
		got, whole, err := asked.Few(ctx, state, most)
		check(t, err)
		if whole != (n <= most) {
			t.Errorf("%s, kind %s, state %q: %d there are, and whether they are at most %d is %t", at, kind, state, n, most, whole)
		}
		if !whole {
			continue
		}
		alike(t, fmt.Sprintf("%s, kind %s, state %q, at most %d", at, kind, state, most), got, asked.Sets, state, want)
	}
	asked := tx.Listing(kind, hub.Prevention)
	rows, err := tx.Query(ctx, `select id from access.item`)
	check(t, err)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	check(t, err)
	got, err := asked.Of(ctx, state, ids)
	check(t, err)
	alike(t, fmt.Sprintf("%s, kind %s, state %q, of everything", at, kind, state), got, asked.Sets, state, want)
	some := tx.Listing(kind, hub.Prevention) // only what one wrote, or was assigned to, or may see where it ended
	some.Only = func(s pg.Set) (bool, error) { return s.Author || s.Assigned || s.State == "closed", nil }
	maps.DeleteFunc(want, func(_ string, r pg.Relation) bool { return !r.Author && !r.Assigned && r.State != "closed" })
	got, err = some.All(ctx, state)
	check(t, err)
	alike(t, fmt.Sprintf("%s, kind %s, state %q, only some", at, kind, state), got, some.Sets, state, want)
	return n
}

// alike holds what a list found to what single reads would show.
func alike(t *testing.T, at string, got pg.Few, sets pg.Sets, state string, want map[string]pg.Relation) {
	t.Helper()
	seen := map[string]bool{}
	for i, id := range got.IDs {
		r, s := want[id], sets[got.Sets[i]].Relation
		s.ID, s.About, s.Controller = r.ID, r.About, r.Controller
		if r != s || seen[id] || state != "" && s.State != state {
			t.Errorf("%s: alone %+v, in the list %+v", at, r, s)
		}
		seen[id] = true
	}
	for id, r := range want {
		if !seen[id] && (state == "" || r.State == state) {
			t.Errorf("%s: %+v is not in the list", at, r)
		}
	}
}

func actors() (all []hub.Actor) {
	for _, p := range append(posts, post(9, "mvs", hub.Police, hub.PoliceCoordinator)) { // the last has no hat in force
		all = append(all, as(p))
	}
	return all
}

// TestFewLooksAtFew looks at what Postgres does: of twenty thousand items it looks
// at no more than it was told, by whatever way they are the actor's.
func TestFewLooksAtFew(t *testing.T) {
	w := newWorld(t)
	w.sql(`insert into access.item (id, kind, about, controller, received_by, state) select 'w' || n, 'case', 's' || n, 'koege', 'municipality', 'x' || n % 8 from generate_series(1, 20000) n`,
		`insert into access.share (id, kind, item, about, classes, sender, receiver, basis, purpose, necessity, from_at, until_at, by_person, by_hat, sender_kind)
			select 'h' || n, 'case', 'w' || n, 's', array['identity'], 'koege', 'mvs', 'RPL115-2', 'prevention', '', now() - interval '1 year', '9999-12-31', 'p', 'h', 'municipality' from generate_series(1, 20000) n`,
		`update access.item set state = 'rare' where id like 'w7777%'`,
		`vacuum analyze access.item, access.share`)
	for _, p := range []pg.Post{coordinator, police} {
		check(t, w.room("assessment").View(ctx, as(p), func(tx *pg.Tx) error {
			for _, f := range []string{`access.few($1, $2, $3, $4, $5, $6, 101, 101, null)`, `access.few($1, $2, $3, $4, $5, $6, 101, 101, '{rare}')`, `access.groups($1, $2, $3, $4, $5, $6)`} {
				rows, err := tx.Query(ctx, `explain (analyze, timing off, summary off) select * from `+f, append(tx.Me(), "case")...)
				check(t, err)
				lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
				check(t, err)
				for _, line := range lines {
					var n int
					if _, after, ok := strings.Cut(line, "(actual rows="); ok {
						fmt.Sscanf(after, "%d", &n)
					}
					if _, after, ok := strings.Cut(line, "Rows Removed by Filter: "); ok {
						fmt.Sscanf(after, "%d", &n)
					}
					if n > 102 || strings.Contains(line, "Seq Scan on item") || strings.Contains(line, "Seq Scan on share") {
						t.Errorf("%s, %s: %s in\n%s", p.Role, f, line, strings.Join(lines, "\n"))
						break
					}
				}
			}
			return nil
		}))
	}
}
