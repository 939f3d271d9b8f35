package pg_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// attributes are what tells one set of a list from another.
const attributes = `r.relation, r.received_by, r.state, r.assigned, r.author, r.recused, r.classes, r.basis, r.shared_by, r.glass`

// someThings fills the access facts with things of every kind of fate: whole and
// part, given to somebody or to an authority for a time that has come, passed or
// is to come, taken back, on bases that hold and do not, once and several times.
func someThings(w *world, r *rand.Rand) {
	one := func(of ...string) string { return "'" + of[r.IntN(len(of))] + "'" }
	at := func(of ...string) string { return "timestamptz '2026-03-02 08:00+00' + interval " + one(of...) }
	var s []string
	add := func(format string, args ...any) { s = append(s, fmt.Sprintf(format, args...)) }
	person := func() string { return "'" + string(posts[r.IntN(len(posts))].Person) + "'" }
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
		add(`insert into access.item (id, kind, about, controller, received_by, state, author, part_of) values ('i%d', %s, 's', %s, %s, %s, %s, %s)`,
			i, one("case", "concern"), office(), one("municipality", "police"), one("x", "y", "z"), by, whole)
	}
	ended := func() string { return []string{"null, null", "'p', now()"}[r.IntN(4)/3] }
	for i := range 40 {
		add(`insert into access.assignment (id, kind, item, person, why, from_at, until_at, by_person, by_hat, ended_by, ended_at)
			select 'a%d', kind, id, %s, 'x', %s, %s, 'p', 'h', %s from access.item where id = 'i%d'`,
			i, person(), at("-1 year", "-1 year", "0", "1 hour"), at("2 years", "2 years", "0", "-1 hour"), ended(), r.IntN(60))
	}
	for i := range 60 {
		add(`insert into access.share (id, kind, item, about, classes, sender, receiver, basis, purpose, necessity, from_at, until_at, by_person, by_hat, sender_kind, ended_by, ended_at)
			select 's%d', kind, id, 's', array[%s, %s], 'a', %s, %s, 'prevention', '', %s, %s, 'p', 'h', %s, %s from access.item where id = 'i%d'`,
			i, one("b", "a", "c"), one("d", "a", "é"), office(), one("RPL115-2", "RPL115-2", "DBL6"), at("-1 year", "-1 day", "0", "1 hour"), at("2 years", "2 years", "0"),
			one("municipality", "police"), ended(), r.IntN(45))
	}
	for range 15 {
		add(`insert into access.recusal (person, kind, item, by_person, by_hat) select %s, kind, id, 'p', 'h' from access.item where id = 'i%d' on conflict do nothing`, person(), r.IntN(60))
	}
	for i := range 15 {
		add(`insert into access.glass (id, kind, item, owner, person, hat, authority, role, category, reason, minutes, asked_at, from_at, until_at, second_person, second_hat)
			select 'g%d', kind, id, controller, %s, 'h', %s, %s, 'x', '', 30, %s, f, f + interval '30 minutes', 'q', 'h' from access.item, (select %s as f) x where id = 'i%d'`,
			i, person(), office(), one("municipal_coordinator", "receiver", "police_coordinator"), at("0"), at("-10 minutes", "0", "-1 hour"), r.IntN(60))
	}
	w.sql(append([]string{`truncate access.item cascade`}, s...)...)
}

// TestListsCountWhatReadsFind holds the lists' way to a person's things, which
// looks closely only at what was given, and by groups at the rest, to the single
// read's, which looks at each: the same things with the same attributes, and as
// many. A hat that is not in force, and the hub itself, are among those who ask.
func TestListsCountWhatReadsFind(t *testing.T) {
	w := newWorld(t)
	db := w.room("intake")
	sets := 0
	for seed := range uint64(12) {
		someThings(w, rand.New(rand.NewPCG(seed, 4)))
		for _, day := range []int{0, 40} { // after 40 days one of the bases has run out
			w.clock.Store(int64(day) * 24 * 3600 * 1e9)
			for _, who := range append(actors(), hub.System(w.now(), "request")) {
				check(t, db.View(ctx, who, func(tx *pg.Tx) error {
					var wrong string
					naive := `(select r.* from access.relations($1, $2, $3, $4, $5) r where r.relation <> '' or r.assigned or r.author)`
					mine := `(select r.* from access.mine($1, $2, $3, $4, $5) r)`
					check(t, tx.QueryRow(ctx, `select coalesce(string_agg(x::text, ' '), '') from ((`+naive+` except all `+mine+`) union all (`+mine+` except all `+naive+`)) x`, tx.Me()...).Scan(&wrong))
					if wrong != "" {
						t.Errorf("seed %d, day %d, %s of %s: %s", seed, day, who.Role, who.Authority, wrong)
					}
					for _, kind := range []string{"case", "concern"} {
						counted := `(select ` + attributes + `, count(*) from ` + naive + ` r where r.kind = $6 group by ` + attributes + `)`
						grouped := `(select r.* from access.sets($1, $2, $3, $4, $5, $6) r)`
						var n int
						check(t, tx.QueryRow(ctx, `select coalesce(string_agg(x::text, ' '), ''), (select count(*) from `+grouped+` g) from ((`+counted+` except all `+grouped+`) union all (`+grouped+` except all `+counted+`)) x`,
							append(tx.Me(), kind)...).Scan(&wrong, &n))
						if wrong != "" {
							t.Errorf("seed %d, day %d, %s of %s, kind %s: %s", seed, day, who.Role, who.Authority, kind, wrong)
						}
						sets += n
					}
					return nil
				}))
			}
		}
	}
	if sets < 12*2*5*2*3 {
		t.Errorf("only %d sets in all: the worlds are too poor", sets)
	}
}

func actors() (all []hub.Actor) {
	for _, p := range append(posts, post(9, "mvs", hub.Police, hub.PoliceCoordinator)) { // the last has no hat in force
		all = append(all, as(p))
	}
	return all
}

// TestACountLooksAtNoItem looks at the plan: of a hundred thousand items those
// that are nothing but one's own authority's are counted from the index.
func TestACountLooksAtNoItem(t *testing.T) {
	w := newWorld(t)
	w.sql(`insert into access.item (id, kind, about, controller, received_by, state) select 'w' || n, 'case', 's' || n, 'koege', 'municipality', 'x' || n % 8 from generate_series(1, 20000) n`,
		`vacuum analyze access.item`)
	check(t, w.room("assessment").View(ctx, as(coordinator), func(tx *pg.Tx) error {
		var lines []string
		rows, err := tx.Query(ctx, `explain select * from access.sets($1, $2, $3, $4, $5, $6)`, append(tx.Me(), "case")...)
		check(t, err)
		for rows.Next() {
			var line string
			check(t, rows.Scan(&line))
			lines = append(lines, line)
		}
		if plan := strings.Join(lines, "\n"); !strings.Contains(plan, "Index Only Scan using item_group") || strings.Contains(plan, "Seq Scan on item") {
			t.Error(plan)
		}
		return rows.Err()
	}))
}
