//go:build !race

package pg_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// TestWhoIsWhomItIsAboutIsRecused is A012, and A013 in part: in the access facts whoever
// has a mark of their own number in common with the subject is recused from every item about
// it, whichever of the two was known first, also at the same moment, and from what comes
// later; nobody else is; and it is over when the issuer says another number, or the
// person works here no more.
func TestWhoIsWhomItIsAboutIsRecused(t *testing.T) {
	w := newWorld(t)
	intake, person, portal := w.room("intake"), w.room("person"), w.room("portal")
	id := w.concern(intake, "received")
	recused := func(who pg.Post, items ...hub.ID) (n int) {
		t.Helper()
		check(t, intake.View(ctx, as(who), func(tx *pg.Tx) error {
			for _, id := range items {
				r, err := tx.Relation(ctx, "concern", id)
				check(t, err)
				if r.Recused {
					n++
				}
			}
			return nil
		}))
		return n
	}
	listed := func(who pg.Post) (n int) {
		t.Helper()
		check(t, intake.View(ctx, as(who), func(tx *pg.Tx) error {
			all, err := tx.Listing("concern", hub.Prevention).All(ctx, "")
			n = len(all.IDs)
			return err
		}))
		return n
	}
	says := func(who pg.Post, issuer string, marks ...string) {
		t.Helper()
		check(t, portal.Command(ctx, hub.System(w.now(), "request"), pg.Entry{Act: hub.ActAdmin}, func(tx *pg.Tx) error { return tx.PutMarks(ctx, who.Person, issuer, marks) }))
	}
	has := func(id hub.ID, marks ...string) {
		t.Helper()
		check(t, do(person, as(coordinator), hub.ActCollect, func(tx *pg.Tx, g policies.Grant) error {
			var list []pg.Marked
			for _, m := range marks {
				list = append(list, pg.Marked{Subject: id, Mark: m})
			}
			return tx.MarkSubjects(ctx, g, []pg.Period{{Controller: "koege", Period: "cpr/2026"}}, list...)
		}))
	}
	want := func(what string, who pg.Post, n int, items ...hub.ID) {
		t.Helper()
		if got := recused(who, items...); got != n {
			t.Errorf("%s: recused from %d of %d, want %d", what, got, len(items), n)
		}
	}

	// The subject is known first; then the person.
	has(subject, "2026", "2025")
	want("before the sign-in", coordinator, 0, id)
	before := listed(coordinator)
	says(coordinator, "https://id", "2026", "other")
	later := w.concern(intake, "received")
	part := w.part(intake, "received", id)
	want("after it", coordinator, 3, id, later, part)
	if n := listed(coordinator); before == 0 || n != 0 {
		t.Errorf("%d in the list before, %d after", before, n)
	}
	want("another", receiver, 0, id, later, part)

	// Another number is said, and there is none in common; what another issuer says holds.
	says(coordinator, "https://id", "new", "other")
	want("with another number", coordinator, 0, id)
	says(coordinator, "https://elsewhere", "2025")
	says(coordinator, "https://id", "new")
	want("by another issuer", coordinator, 1, id)
	says(coordinator, "https://elsewhere")

	// The person is known first; then the subject.
	other := hub.NewID()
	says(receiver, "https://id", "first")
	check(t, do(intake, as(coordinator), hub.ActCollect, func(tx *pg.Tx, g policies.Grant) error {
		return tx.PutItem(ctx, g, pg.Item{Kind: "concern", ID: other, About: "s", Controller: "koege", ReceivedBy: hub.Municipality, State: "received"})
	}))
	want("before the number", receiver, 0, other)
	has("s", "first")
	want("after it", receiver, 1, other)

	// Both at the same moment, neither seeing the other's.
	var all []pgx.Tx
	for room, sql := range map[string]string{"portal": `select access.put_marks('` + string(reporter.Person) + `', 'https://id', '{at once}')`, "person": `select access.mark_subjects('{}', '{}', '{` + string(subject) + `}', '{at once}')`} {
		tx, err := login(t, w, room).Begin(ctx)
		check(t, err)
		_, err = tx.Exec(ctx, sql)
		check(t, err)
		all = append(all, tx)
	}
	for _, tx := range all {
		check(t, tx.Commit(ctx))
	}
	want("at once", reporter, 1, id)

	// What was typed is the asker's own number, and nobody needs to have it here.
	check(t, person.View(ctx, as(receiver), func(tx *pg.Tx) error {
		for mark, want := range map[string]bool{"first": true, "2026": false, "": false} {
			if own, err := tx.OwnNumber(ctx, []string{"x", mark}); err != nil || own != want {
				t.Errorf("%q is the receiver's own number: %v %v", mark, own, err)
			}
		}
		for subject, want := range map[hub.ID]bool{"s": true, subject: false} {
			if self, err := tx.Self(ctx, subject); err != nil || self != want {
				t.Errorf("the receiver is %s: %v %v", subject, self, err)
			}
		}
		return nil
	}))
	check(t, portal.View(ctx, hub.System(w.now(), "request"), func(tx *pg.Tx) error {
		if p, err := tx.NumberPeriods(ctx); err != nil || !slices.Equal(p, []pg.Period{{Controller: "koege", Period: "cpr/2026"}}) {
			t.Errorf("the periods are %v %v", p, err)
		}
		return nil
	}))

	// Nobody lifts it: it is no recusal that somebody said.
	err := do(intake, as(coordinator), hub.ActGrant, func(tx *pg.Tx, g policies.Grant) error { return tx.LiftRecusal(ctx, g, reporter.Person, "concern", id) })
	wantCode(t, err, hub.CodeNotFound)
	want("after a try to lift it", reporter, 1, id)

	// Who works here no more is forgotten, and a forgotten subject's marks go with it.
	w.sql(`update access.hat set until_at = '2026-03-02 07:00Z' where person = '` + string(receiver.Person) + `'`)
	check(t, portal.Command(ctx, hub.System(w.now(), "request"), pg.Entry{Act: hub.ActAdmin}, func(tx *pg.Tx) error { return tx.ForgetMarks(ctx) }))
	w.is(0, `select count(*) from access.person_mark where person = $1`, string(receiver.Person))
	w.is(1, `select count(*) from access.person_mark where person = $1`, string(reporter.Person))
	check(t, do(person, as(coordinator), hub.ActErase, func(tx *pg.Tx, g policies.Grant) error {
		if err := tx.PutSubject(ctx, g, pg.Subject{ID: "forgotten", Controller: "koege", Author: "p", AgeBand: "unknown"}); err != nil {
			return err
		}
		return tx.MarkSubjects(ctx, g, nil, pg.Marked{Subject: "forgotten", Mark: "gone"})
	}))
	check(t, do(person, as(coordinator), hub.ActErase, func(tx *pg.Tx, g policies.Grant) error { _, err := tx.DropSubject(ctx, g, "forgotten", ""); return err }))
	w.is(0, `select count(*) from access.subject_mark where subject = 'forgotten'`)
}

// TestAMarkThatMeetsIsWrittenAsAnyOther: whether the number that is signed in with, or
// registered, has met its like makes no difference to what is answered, and to how much
// is written (A008, A023).
func TestAMarkThatMeetsIsWrittenAsAnyOther(t *testing.T) {
	w := newWorld(t)
	w.sql(`select access.mark_subjects('{koege}', '{cpr/2026}', '{s}', '{known}')`, `select access.put_marks('p', 'https://id', '{own}')`)
	rows := func() string {
		return w.ask(`select (select count(*) from access.person_mark) || ' ' || (select count(*) from access.subject_mark) || ' ' || (select count(*) from access.recusal)`)
	}
	for room, sql := range map[string][2]string{
		"portal": {`select access.put_marks('q', 'https://id', '{known}')`, `select access.put_marks('q', 'https://id', '{unknown}')`},
		"person": {`select access.mark_subjects('{koege}', '{cpr/2026}', '{t}', '{own}')`, `select access.mark_subjects('{koege}', '{cpr/2026}', '{t}', '{nobody}')`},
	} {
		c := login(t, w, room)
		var tags, made [2]string
		for i, s := range sql {
			tx, err := c.Begin(ctx)
			check(t, err)
			tag, err := tx.Exec(ctx, s)
			check(t, err)
			tags[i] = tag.String()
			check(t, tx.Commit(ctx))
			made[i] = rows()
			w.sql(`delete from access.person_mark where person = 'q'`, `delete from access.subject_mark where subject = 't'`)
		}
		if tags[0] != tags[1] || made[0] != made[1] {
			t.Errorf("%s: %q and %q, %q and %q", room, tags[0], tags[1], made[0], made[1])
		}
	}
}
