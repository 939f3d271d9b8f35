package pg_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// put makes a case, or a request that is a part of one.
func put(t testing.TB, db *pg.DB, kind string, whole hub.ID) hub.ID {
	t.Helper()
	id := hub.NewID()
	check(t, do(db, as(coordinator), hub.ActCollect, func(tx *pg.Tx, g policies.Grant) error {
		return tx.PutItem(ctx, g, pg.Item{Kind: kind, ID: id, About: subject, Controller: "koege", ReceivedBy: hub.Municipality, State: "received", PartOf: whole})
	}))
	return id
}

// hatOf is the hat of one of the test's people.
func hatOf(person hub.ID) (h hub.Hat) {
	for _, p := range posts {
		if p.Person == person {
			h = p.Hat
		}
	}
	return h
}

// give assigns an item to a person, and shares it with an authority, if named.
func give(t testing.TB, db *pg.DB, kind string, item, person hub.ID, to hub.AuthorityID) (assignment, share hub.ID) {
	t.Helper()
	check(t, do(db, as(coordinator), hub.ActGrant, func(tx *pg.Tx, g policies.Grant) (err error) {
		if person != "" {
			if assignment, err = tx.Assign(ctx, g, pg.Assignment{Kind: kind, Item: item, Person: person, Authority: hatOf(person).Authority, Role: hatOf(person).Role, Why: "colleague"}); err != nil {
				return err
			}
		}
		if to != "" {
			share, err = tx.Share(ctx, g, pg.Share{Kind: kind, Item: item, About: subject, Classes: []string{"status", "summary"}, From: "koege", To: to,
				Basis: "RPL115-2", Purpose: hub.Prevention, Necessity: hub.NewPersonal("because"), Terms: "no_onward", Until: start.AddDate(0, 1, 0)})
		}
		return err
	}))
	return assignment, share
}

// relation is what somebody is to an item, the same in a read, a list and a command.
func relation(t testing.TB, db *pg.DB, p pg.Post, kind string, id hub.ID) (r pg.Relation) {
	t.Helper()
	var listed, held pg.Relation
	check(t, db.View(ctx, as(p), func(tx *pg.Tx) (err error) {
		if r, err = tx.Relation(ctx, kind, id); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, findable+` and r.id = $7`, append(tx.Me(), kind, id)...)
		if err != nil {
			return err
		}
		_, err = pgx.ForEachRow(rows, listed.Into(), func() error { return nil })
		return err
	}))
	check(t, db.Command(ctx, as(p), pg.Entry{Act: hub.ActChange}, func(tx *pg.Tx) (err error) {
		held, err = tx.Relation(ctx, kind, id)
		return err
	}))
	if has := r.Relation != "" || r.Assigned || r.Author; held != r || has && listed != r || !has && listed.ID != "" {
		t.Errorf("%s: alone %+v, held %+v, in the list %+v", p.Role, r, held, listed)
	}
	return r
}

func TestAnAssignmentOnTheWholeCountsOnItsParts(t *testing.T) {
	w := newWorld(t)
	db := w.room("assessment")
	whole := put(t, db, "case", "")
	one, two := put(t, db, "request", whole), put(t, db, "request", whole)
	outsider := elsewhere // owns nothing here: mine must find the parts by the assignment
	onWhole, opened := give(t, db, "case", whole, outsider.Person, "mvs")
	if !relation(t, db, outsider, "case", whole).Assigned || !relation(t, db, outsider, "request", one).Assigned || !relation(t, db, outsider, "request", two).Assigned {
		t.Error("assigned to the whole, and not to its parts")
	}
	if r := relation(t, db, police, "request", one); r.Relation != "" || r.Classes != "" {
		t.Errorf("a share of the whole opened a part: %+v", r)
	}
	check(t, do(db, as(coordinator), hub.ActRevoke, func(tx *pg.Tx, g policies.Grant) error {
		return errors.Join(tx.EndAssignment(ctx, g, onWhole), tx.Revoke(ctx, g, opened))
	}))
	if relation(t, db, outsider, "case", whole).Assigned || relation(t, db, outsider, "request", one).Assigned {
		t.Error("ended on the whole, and not on its parts")
	}
	give(t, db, "request", one, outsider.Person, "mvs")
	if relation(t, db, outsider, "case", whole).Assigned || relation(t, db, outsider, "request", two).Assigned || !relation(t, db, outsider, "request", one).Assigned {
		t.Error("assigned to a part, and to more than that")
	}
	if r := relation(t, db, police, "case", whole); r.Relation != "" || relation(t, db, police, "request", one).Relation != "shared" {
		t.Errorf("a share of a part opened the whole: %+v", r)
	}
	check(t, do(db, as(coordinator), hub.ActChange, func(tx *pg.Tx, g policies.Grant) error {
		return tx.Recuse(ctx, g, coordinator.Person, "case", whole, "1")
	}))
	check(t, do(db, as(coordinator), hub.ActChange, func(tx *pg.Tx, g policies.Grant) error {
		return tx.Recuse(ctx, g, receiver.Person, "request", one, "1")
	}))
	if !relation(t, db, coordinator, "request", one).Recused || !relation(t, db, receiver, "request", two).Recused || !relation(t, db, receiver, "case", whole).Recused {
		t.Error("a recusal counts on the whole and all its parts, whichever it was said of")
	}
}

func TestAPartStaysWithItsWhole(t *testing.T) {
	w := newWorld(t)
	db := w.room("assessment")
	whole, other := put(t, db, "case", ""), put(t, db, "case", "")
	part := put(t, db, "request", whole)
	again := func(i pg.Item) error {
		i.About, i.Controller, i.ReceivedBy, i.State = subject, "koege", hub.Municipality, "triage"
		return do(db, as(coordinator), hub.ActChange, func(tx *pg.Tx, g policies.Grant) error { return tx.PutItem(ctx, g, i) })
	}
	check(t, again(pg.Item{Kind: "request", ID: part, PartOf: whole}))
	for name, c := range map[string]struct {
		item pg.Item
		code string // SQLSTATE; NotFound where empty
	}{
		"to another whole":  {pg.Item{Kind: "request", ID: part, PartOf: other}, ""},
		"to none":           {pg.Item{Kind: "request", ID: part}, ""},
		"a whole to a part": {pg.Item{Kind: "case", ID: other, PartOf: whole}, ""},
		"a part of a part":  {pg.Item{Kind: "request", ID: hub.NewID(), PartOf: part}, "23514"},
		"a part of nothing": {pg.Item{Kind: "request", ID: hub.NewID(), PartOf: hub.NewID()}, "23514"},
	} {
		if err := again(c.item); err == nil || sqlState(err) != c.code || c.code == "" && hub.CodeOf(err) != hub.CodeNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.is("triage "+string(whole), `select state || ' ' || part_of from access.item where id = $1`, part)
	drop := func(kind string, id hub.ID) error {
		return do(db, as(coordinator), hub.ActErase, func(tx *pg.Tx, g policies.Grant) error { return tx.DropItem(ctx, g, kind, id) })
	}
	if err := drop("case", whole); sqlState(err) != "23503" {
		t.Errorf("dropped a whole and left its part: %v", err)
	}
	check(t, drop("request", part))
	check(t, drop("case", whole))
}

// TestWithdrawAll ends what was given on a case and its request, in the room that
// writes both and in the one that writes only the case.
func TestWithdrawAll(t *testing.T) {
	w := newWorld(t)
	db := w.room("assessment")
	whole, other := put(t, db, "case", ""), put(t, db, "case", "")
	part := put(t, db, "request", whole)
	a1, s1 := give(t, db, "case", whole, receiver.Person, "mvs")
	a2, s2 := give(t, db, "request", part, receiver.Person, "greve")
	a4, s4 := give(t, db, "case", other, receiver.Person, "mvs")
	var gone, later hub.ID
	check(t, do(db, as(coordinator), hub.ActGrant, func(tx *pg.Tx, g policies.Grant) (err error) {
		if gone, err = tx.Assign(ctx, g, pg.Assignment{Kind: "case", Item: whole, Person: reporter.Person, Authority: reporter.Authority, Role: reporter.Role, Why: "receiver", From: start.AddDate(0, 0, -1), Until: start}); err != nil {
			return err
		}
		later, err = tx.Assign(ctx, g, pg.Assignment{Kind: "case", Item: whole, Person: elsewhere.Person, Authority: elsewhere.Authority, Role: elsewhere.Role, Why: "receiver", From: start.AddDate(0, 0, 7), Until: start.AddDate(0, 0, 8)})
		return err
	}))

	stand := func(kind string, item hub.ID) string {
		t.Helper()
		var lines []string
		check(t, db.View(ctx, as(coordinator), func(tx *pg.Tx) error {
			as, err := tx.Assignments(ctx, kind, item)
			check(t, err)
			ss, err := tx.Shares(ctx, kind, item)
			check(t, err)
			lines = describe(as, ss)
			return nil
		}))
		return strings.Join(lines, "; ")
	}
	by, until := string(coordinator.Person), "2026-04-02"
	assigned := func(id, item, person hub.ID, why, from, until string) string {
		return fmt.Sprintf("%s on %s to %s as %s from %s until %s by %s", id, item, person, why, from, until, by)
	}
	shared := func(id, item hub.ID, to string) string {
		return fmt.Sprintf("%s on %s from koege to %s: [status summary] on RPL115-2 for prevention, no_onward, about %s, until %s by %s", id, item, to, subject, until, by)
	}
	onWhole := assigned(a1, whole, receiver.Person, "colleague", "2026-03-02", "0001-01-01")
	comes := assigned(later, whole, elsewhere.Person, "receiver", "2026-03-09", "2026-03-10")
	onPart := assigned(a2, part, receiver.Person, "colleague", "2026-03-02", "0001-01-01")
	same(t, stand("case", whole), onWhole, comes, shared(s1, whole, "mvs"))
	same(t, stand("request", part), onWhole, onPart, comes, shared(s2, part, "greve"))
	same(t, stand("case", part)) // of another kind

	end := func(db *pg.DB, kind string, item, person hub.ID, to hub.AuthorityID) (ended string) {
		t.Helper()
		check(t, do(db, as(coordinator), hub.ActRevoke, func(tx *pg.Tx, g policies.Grant) error {
			as, err := tx.EndAssignments(ctx, g, kind, item, person)
			if err != nil {
				return err
			}
			ss, err := tx.RevokeAll(ctx, g, kind, item, to)
			ended = strings.Join(describe(as, ss), "; ")
			return err
		}))
		return ended
	}
	nobody := hub.NewID()
	same(t, end(db, "case", whole, nobody, "nobody"))
	same(t, end(db, "request", part, receiver.Person, "mvs"), onPart)
	referral := w.room("referral")
	same(t, end(referral, "case", whole, elsewhere.Person, "greve"), comes, shared(s2, part, "greve"))
	_, s5 := give(t, db, "request", part, "", "greve")
	same(t, end(referral, "case", whole, "", ""), onWhole, shared(s1, whole, "mvs"), shared(s5, part, "greve"))
	same(t, end(referral, "case", whole, "", ""))
	same(t, stand("request", part))
	same(t, stand("case", other), assigned(a4, other, receiver.Person, "colleague", "2026-03-02", "0001-01-01"), shared(s4, other, "mvs"))
	w.is("assessment referral", `select string_agg(distinct ended_writer::text, ' ' order by ended_writer::text) from access.assignment`)
	w.is(true, `select ended_by is null from access.assignment where id = $1`, gone)

	// What is not there is NotFound; and nothing is ended without a record.
	for kind, id := range map[string]hub.ID{"case": hub.NewID(), "request": whole} {
		wantCode(t, do(db, as(coordinator), hub.ActRevoke, func(tx *pg.Tx, g policies.Grant) error {
			_, err := tx.EndAssignments(ctx, g, kind, id, "")
			return err
		}), hub.CodeNotFound)
	}
	wantCode(t, db.Command(ctx, as(coordinator), pg.Entry{Act: hub.ActRevoke}, func(tx *pg.Tx) error {
		g, err := yes(tx)
		if err != nil {
			return err
		}
		_, err = tx.RevokeAll(ctx, g, "case", other, "")
		return err
	}), hub.CodeInternal)
	wantCode(t, db.Command(ctx, as(coordinator), pg.Entry{Act: hub.ActRevoke}, func(tx *pg.Tx) error {
		_, err := tx.RevokeAll(ctx, policies.Grant{}, "case", other, "")
		return err
	}), hub.CodeInternal)
	w.is(true, `select ended_by is null from access.share where id = $1`, s4)
}

func describe(as []pg.Assignment, ss []pg.Share) (lines []string) {
	day := "2006-01-02"
	for _, a := range as {
		lines = append(lines, fmt.Sprintf("%s on %s to %s as %s from %s until %s by %s", a.ID, a.Item, a.Person, a.Why, a.From.Format(day), a.Until.Format(day), a.By))
	}
	for _, s := range ss {
		lines = append(lines, fmt.Sprintf("%s on %s from %s to %s: %v on %s for %s, %s, about %s, until %s by %s", s.ID, s.Item, s.From, s.To, s.Classes, s.Basis, s.Purpose, s.Terms, s.About,
			s.Until.Format(day), s.By))
	}
	return lines
}

// same holds lines against the wanted ones, in any order.
func same(t *testing.T, got string, want ...string) {
	t.Helper()
	lines := strings.Split(got, "; ")
	if got == "" {
		lines = nil
	}
	slices.Sort(lines)
	slices.Sort(want)
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

// TestPartsAndWholesAreLockedInOneOrder lets commands on a whole and on its parts
// meet in every order: none waits for ever, none gives up.
func TestPartsAndWholesAreLockedInOneOrder(t *testing.T) {
	w := newWorld(t)
	db := w.room("assessment")
	whole := put(t, db, "case", "")
	parts := []hub.ID{put(t, db, "request", whole), put(t, db, "request", whole)}
	hold := func(kind string, id hub.ID) func(*pg.Tx, policies.Grant) error {
		return func(tx *pg.Tx, _ policies.Grant) error { _, err := tx.Relation(ctx, kind, id); return err }
	}
	stage := func(kind string, id hub.ID) func(*pg.Tx, policies.Grant) error {
		return func(tx *pg.Tx, g policies.Grant) error { return tx.Stage(ctx, g, kind, id, "x") }
	}
	assign := func(tx *pg.Tx, g policies.Grant) error {
		_, err := tx.Assign(ctx, g, pg.Assignment{Kind: "request", Item: parts[0], Person: receiver.Person, Authority: receiver.Authority, Role: receiver.Role, Why: "colleague"})
		return err
	}
	end := func(tx *pg.Tx, g policies.Grant) error {
		_, err := tx.EndAssignments(ctx, g, "case", whole, "")
		return err
	}
	endPart := func(tx *pg.Tx, g policies.Grant) error {
		_, err := tx.EndAssignments(ctx, g, "request", parts[0], "")
		return err
	}
	var wg sync.WaitGroup
	for _, verbs := range [][]func(*pg.Tx, policies.Grant) error{
		{hold("request", parts[0]), stage("case", whole)}, {hold("case", whole), stage("request", parts[0]), stage("request", parts[1])},
		{stage("request", parts[1]), hold("request", parts[0]), stage("case", whole)}, {assign, hold("case", whole), stage("request", parts[1])}, {end}, {endPart, end},
	} {
		wg.Go(func() {
			for range 60 {
				if err := do(db, as(coordinator), hub.ActChange, func(tx *pg.Tx, g policies.Grant) error {
					for _, verb := range verbs {
						if err := verb(tx, g); err != nil {
							return err
						}
					}
					return nil
				}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestAListFindsPartsByIndexes looks at the plan, with many items that are
// nobody's here.
func TestAListFindsPartsByIndexes(t *testing.T) {
	w := newWorld(t)
	w.sql(`insert into access.item (id, kind, about, controller, state) select 'w' || n, 'case', 's' || n, 'a' || n, 'x' from generate_series(1, 4000) n`,
		`insert into access.item (id, kind, about, controller, state, part_of) select 'p' || n, 'request', 's' || n, 'a' || n, 'x', 'w' || n from generate_series(1, 4000) n`,
		`insert into access.assignment (id, kind, item, person, authority, role, why, from_at, until_at, by_person, by_hat)
			select 'a' || n, 'case', 'w' || n, 'q' || n % 400, 'koege', 'receiver', 'x', '2026-01-01', '9999-01-01', 'p', 'h' from generate_series(1, 4000) n`, `analyze`)
	db := w.room("assessment")
	var plan []string
	check(t, db.View(ctx, as(coordinator), func(tx *pg.Tx) error {
		rows, err := tx.Query(ctx, `explain select n.* from access.near($1, $2, $5, $6, 100, 100, null) n where $3 <> $4`, append(tx.Me(), "request")...)
		if err != nil {
			return err
		}
		plan, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	}))
	text := strings.Join(plan, "\n")
	if !strings.Contains(text, "item_part_of") || strings.Contains(text, "Seq Scan on item") || strings.Contains(text, "Seq Scan on assignment") {
		t.Error(text)
	}
}
