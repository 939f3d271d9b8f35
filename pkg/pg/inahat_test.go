//go:build !race

package pg_test

import (
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// TestAnAssignmentIsInOneHat: what is given to somebody in one hat is nothing to the same
// person in another, and outlives a post that is given again at another department.
func TestAnAssignmentIsInOneHat(t *testing.T) {
	w := newWorld(t)
	db := w.room("intake")
	id := w.concern(db, "received")
	police := post(60, "mvs", hub.Police, hub.LocalPolice)
	koege, leads := post(61, "koege", hub.Municipality, hub.Receiver), post(62, "koege", hub.Municipality, hub.MunicipalCoordinator)
	koege.Person, leads.Person = police.Person, police.Person
	check(t, pg.SyncStructure(ctx, w.owner, start, append([]pg.Post{police, koege, leads}, posts...), bases, nil))
	sees := func(in, koegeIn, leadsIn bool) {
		t.Helper()
		for p, want := range map[*pg.Post]bool{&police: in, &koege: koegeIn, &leads: leadsIn} {
			if got := relation(t, db, *p, "concern", id).Assigned; got != want {
				t.Errorf("as %s at %s assigned: %v, want %v", p.Role, p.Authority, got, want)
			}
		}
	}
	one := assign(t, db, id, police)
	sees(true, false, false)
	other := assign(t, db, id, koege)
	sees(true, true, false)
	end := func(a hub.ID) {
		check(t, do(db, as(coordinator), hub.ActRevoke, func(tx *pg.Tx, g policies.Grant) error { return tx.EndAssignment(ctx, g, a) }))
	}
	end(one)
	sees(false, true, false)
	again := post(63, "koege", hub.Municipality, hub.Receiver)
	again.Person, again.Department = police.Person, "skole"
	koege = again
	check(t, pg.SyncStructure(ctx, w.owner, start, append([]pg.Post{police, again, leads}, posts...), bases, nil))
	sees(false, true, false)
	end(other)
	sees(false, false, false)
	for _, half := range []pg.Assignment{{Person: police.Person, Role: police.Role}, {Person: police.Person, Authority: "mvs"}} {
		half.Kind, half.Item, half.Why = "concern", id, "colleague"
		if err := do(db, as(coordinator), hub.ActGrant, func(tx *pg.Tx, g policies.Grant) error { _, err := tx.Assign(ctx, g, half); return err }); err == nil {
			t.Errorf("%+v is somebody", half)
		}
	}
}

// TestInWhichHatItWasGiven: of what was given before hats were kept, the hat is filled in
// where it is known; where it is not, it was to nobody, and has ended.
func TestInWhichHatItWasGiven(t *testing.T) {
	w := bare(t)
	check(t, pg.Setup(ctx, w.owner, rooms(), passwords))
	hat := func(id, person, authority, role, until string) string {
		return `insert into access.hat (id, person, name, authority, kind, role, from_at, until_at) values ('` + id + `', '` + person + `', 'Invented', '` + authority + `', 'x', '` + role + `', '2020-01-01', '` + until + `')`
	}
	given := func(id, person, why, by, hat string) string {
		return `insert into access.assignment (id, kind, item, person, why, from_at, until_at, by_person, by_hat) values ('` + id + `', 'case', 'i', '` + person + `', '` + why + `', '2026-01-01', '9999-12-31', '` + by + `', '` + hat + `')`
	}
	w.sql(`delete from setup.migration where scope = 'access' and name >= '0018'`, `drop view access.same_home`, `drop table access.subject_home, access.home_before, access.onward`, `drop function access.keep_home() cascade`,
		`drop function access.mark_home(text, text[], text[]), access.let_on(text, text, text, boolean)`,
		`drop view access.basis`, `alter table access.relied rename to basis`, `alter table access.assignment drop authority, drop role`,
		`create index assignment_person on access.assignment (person, kind, item) where ended_at is null`, // as it was before
		`insert into access.item (id, kind, about, controller, state) values ('i', 'case', 's', 'koege', 'x')`,
		hat("g", "gudrun", "koege", "municipal_coordinator", "9999-12-31"), hat("b1", "birk", "koege", "receiver", "9999-12-31"), hat("b2", "birk", "mvs", "local_police", "9999-12-31"),
		hat("l", "liv", "koege", "core_group", "9999-12-31"), hat("k1", "knud", "mvs", "core_group", "9999-12-31"), hat("k2", "knud", "koege", "receiver", "2025-12-31"),
		given("took it", "birk", "receiver", "birk", "b1"), given("the only one", "liv", "invited", "gudrun", "g"), given("a colleague", "birk", "colleague", "gudrun", "g"),
		given("either", "birk", "invited", "gudrun", "g"), given("the other was over", "knud", "invited", "gudrun", "g"), given("nobody known", "who", "invited", "gudrun", "g"))
	check(t, pg.Setup(ctx, w.owner, rooms(), passwords))
	for id, want := range map[string]string{"took it": "koege receiver -", "the only one": "koege core_group -", "a colleague": "koege receiver -", "the other was over": "mvs core_group -",
		"either": "  system", "nobody known": "  system"} {
		w.is(want, `select authority || ' ' || role || ' ' || coalesce(ended_by, '-') from access.assignment where id = $1`, id)
	}
}
