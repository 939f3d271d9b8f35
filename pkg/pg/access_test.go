package pg_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// findable is what every list of a kind, $6, finds for somebody, before policy is asked.
const findable = `select r.* from access.relations($1, $2, $3, $4, $5) r where r.kind = $6 and (r.relation <> '' or r.assigned or r.author)
	and (r.controller = $2 or r.id in (select n.id from access.near($1, $2, $5, $6, 1000000, 1000000, null) n))`

func TestReadGivesContentWithAGrantAndARecordOnly(t *testing.T) {
	w := newWorld(t)
	db := w.room("intake")
	id := w.concern(db, "received")
	text, g, r, err := look(db, coordinator, id)
	check(t, err)
	if text != "what was seen" || !g.Allows("name") || !r.Opens(subject) || r.Opens(hub.NewID()) {
		t.Errorf("coordinator got %q, grant %v, receipt opens subject: %v", text, g.Fields(), r.Opens(subject))
	}
	w.is("consult allow view intake koege prevention "+string(coordinator.Person), `select act || ' ' || outcome || ' ' || question || ' ' || writer || ' ' || controller || ' ' || purpose || ' ' || person
		from audit.trail where object_id = $1 and act = 'consult'`, id)
	w.is(shared.vault.Pseudonym(subject), `select subjects[1] from audit.trail where object_id = $1 and act = 'consult'`, id)
	w.is(true, `select 'name' = any(fields) and input->>'relation' = 'own' and revision = (select revision from access.revision) from audit.trail where object_id = $1 and act = 'consult'`, id)

	for _, p := range []pg.Post{police, elsewhere, receiver} {
		text, g, r, err := look(db, p, id)
		wantCode(t, err, hub.CodeNotFound)
		if text != "" || g.Valid() || r.Opens(subject) {
			t.Errorf("%s of %s got %q", p.Role, p.Authority, text)
		}
	}
	w.is(3, `select count(*) from audit.trail where object_id = $1 and outcome = 'deny' and cardinality(fields) = 0`, id)
}

// A019 in part: in the database's layer.
func TestUnknownAndForbiddenAreAnsweredAlike(t *testing.T) {
	w := newWorld(t)
	db := w.room("intake")
	id, none := w.concern(db, "received"), hub.NewID()
	_, _, _, forbidden := look(db, elsewhere, id)
	_, _, _, unknown := look(db, elsewhere, none)
	var a, b *hub.Error
	if !errors.As(forbidden, &a) || !errors.As(unknown, &b) || a.Code != b.Code || a.Key != b.Key {
		t.Errorf("forbidden %v, unknown %v", forbidden, unknown)
	}
	w.is("2 1", `select count(*) || ' ' || count(distinct (person, act, outcome, question, object_kind, revision, rows)) from audit.trail where outcome = 'deny' and object_id in ($1, $2)`, id, none)

	// A command refuses both in the same way too.
	for _, x := range []hub.ID{id, none} {
		who := as(elsewhere)
		err := db.Command(ctx, who, pg.Entry{Act: hub.ActChange, Object: hub.Object{Kind: "concern", ID: x}}, func(tx *pg.Tx) error {
			r, err := tx.Relation(ctx, "concern", x)
			if err != nil {
				return err
			}
			_, err = tx.Ask(ctx, r.View(who, hub.Prevention))
			return err
		})
		wantCode(t, err, hub.CodeNotFound)
	}
	w.is("2 1", `select count(*) || ' ' || count(distinct (person, act, outcome, question, object_kind, revision, rows)) from audit.trail where act = 'change' and outcome = 'deny' and object_id in ($1, $2)`, id, none)

	// A yes to what is not there is still nothing.
	_, _, _, err := pg.Read(ctx, db, as(coordinator), func(tx *pg.Tx) (int, policies.Question, pg.Entry, error) {
		return 1, policies.List{Role: hub.MunicipalCoordinator, Kind: hub.Municipality, Purpose: hub.Prevention}, pg.Entry{Act: hub.ActConsult}, hub.NotFound()
	})
	wantCode(t, err, hub.CodeNotFound)
}

func TestVerbs(t *testing.T) {
	w := newWorld(t)
	db := w.room("intake")
	id := w.concern(db, "received")
	sees := func(p pg.Post, want bool) {
		t.Helper()
		if _, _, _, err := look(db, p, id); (err == nil) != want {
			t.Errorf("%s sees it: %v, want %v (%v)", p.Role, err == nil, want, err)
		}
	}
	stage := func(state string) {
		t.Helper()
		check(t, do(db, as(coordinator), hub.ActChange, func(tx *pg.Tx, g policies.Grant) error { return tx.Stage(ctx, g, "concern", id, state) }))
	}
	sees(receiver, false)
	a := assign(t, db, id, receiver)
	sees(receiver, true)
	end := func() error {
		return do(db, as(coordinator), hub.ActRevoke, func(tx *pg.Tx, g policies.Grant) error { return tx.EndAssignment(ctx, g, a) })
	}
	check(t, end())
	sees(receiver, false)
	wantCode(t, end(), hub.CodeConflict)
	wantCode(t, do(db, as(coordinator), hub.ActRevoke, func(tx *pg.Tx, g policies.Grant) error { return tx.EndAssignment(ctx, g, hub.NewID()) }), hub.CodeNotFound)
	w.is("intake "+string(coordinator.Person)+" true", `select ended_writer || ' ' || ended_by || ' ' || (ended_at is not null) from access.assignment where id = $1`, a)

	stage("police_check")
	sees(police, false)
	s := share(t, db, id, "RPL115-2")
	sees(police, true)
	check(t, do(db, as(coordinator), hub.ActRevoke, func(tx *pg.Tx, g policies.Grant) error { return tx.Revoke(ctx, g, s) }))
	sees(police, false)

	sees(coordinator, true)
	check(t, do(db, as(coordinator), hub.ActChange, func(tx *pg.Tx, g policies.Grant) error {
		return tx.Recuse(ctx, g, coordinator.Person, "concern", id, "2")
	}))
	sees(coordinator, false)
	w.is("concern intake", `select kind || ' ' || writer from access.item where id = $1`, id)

	// What is not there, and what somebody else wrote under the ID, stays as it is.
	wantCode(t, do(db, as(coordinator), hub.ActChange, func(tx *pg.Tx, g policies.Grant) error { return tx.Stage(ctx, g, "concern", hub.NewID(), "case") }), hub.CodeNotFound)
	wantCode(t, do(db, as(coordinator), hub.ActChange, func(tx *pg.Tx, g policies.Grant) error {
		return tx.PutItem(ctx, g, pg.Item{Kind: "concern", ID: id, About: subject, Controller: "greve", State: "case", Author: coordinator.Person})
	}), hub.CodeNotFound)
	w.is("police_check koege", `select state || ' ' || controller from access.item where id = $1`, id)
}

func TestAnItemIsDroppedOnlyUntouched(t *testing.T) {
	w := newWorld(t)
	db := w.room("intake")
	id := w.concern(db, "draft")
	drop := func(id hub.ID) error {
		return do(db, as(coordinator), hub.ActErase, func(tx *pg.Tx, g policies.Grant) error { return tx.DropItem(ctx, g, "concern", id) })
	}
	check(t, drop(id))
	wantCode(t, drop(id), hub.CodeNotFound)
	id = w.concern(db, "draft")
	assign(t, db, id, receiver)
	if err := drop(id); sqlState(err) != "23503" {
		t.Errorf("dropped with an assignment: %v", err)
	}
}

// TestListsAndReadsJudgeAlike compares what a list begins from with what every
// single read finds, for everybody. A021 in part.
func TestListsAndReadsJudgeAlike(t *testing.T) {
	w := newWorld(t)
	db := w.room("intake")
	var ids []hub.ID
	for _, state := range []string{"draft", "received", "police_check", "triage"} {
		for range 3 {
			ids = append(ids, w.concern(db, state))
		}
	}
	assign(t, db, ids[3], receiver)
	share(t, db, ids[6], "RPL115-2")
	share(t, db, ids[7], "DBL6")
	total := 0
	for _, p := range append(posts, post(9, "mvs", hub.Police, hub.PoliceCoordinator)) { // the last has no hat in force
		check(t, db.View(ctx, as(p), func(tx *pg.Tx) error {
			rows, err := tx.Query(ctx, findable, append(tx.Me(), "concern")...)
			check(t, err)
			list := map[hub.ID]pg.Relation{}
			var r pg.Relation
			_, err = pgx.ForEachRow(rows, r.Into(), func() error { list[r.ID] = r; return nil })
			check(t, err)
			for _, id := range ids {
				r, err := tx.Relation(ctx, "concern", id)
				check(t, err)
				if has := r.Relation != "" || r.Assigned || r.Author; has != (list[id].ID != "") || has && r != list[id] {
					t.Errorf("%s of %s: alone %+v, in the list %+v", p.Role, p.Authority, r, list[id])
				}
			}
			total += len(list)
			return nil
		}))
	}
	if total != 3*12+2 { // three of Køge own all, and the police were given two
		t.Errorf("%d rows in all", total)
	}
}

func TestASharesBasisMustBeValid(t *testing.T) {
	w := newWorld(t)
	db := w.room("intake")
	id := w.concern(db, "police_check")
	relation := func() (r pg.Relation) {
		t.Helper()
		check(t, db.View(ctx, as(police), func(tx *pg.Tx) (err error) { r, err = tx.Relation(ctx, "concern", id); return err }))
		return r
	}
	share(t, db, id, "DBL6") // ends after a month
	if r := relation(); r.Relation != "shared" || r.Classes != "identity,status,summary" || r.Basis != "DBL6" {
		t.Errorf("while the basis is valid: %+v", r)
	}
	w.clock.Store(int64(start.AddDate(0, 2, 0).Sub(start)))
	if r := relation(); r.Relation != "" || r.Classes != "" {
		t.Errorf("after the basis has ended: %+v", r)
	}
	err := do(db, as(coordinator), hub.ActDisclose, func(tx *pg.Tx, g policies.Grant) error {
		_, err := tx.Share(ctx, g, pg.Share{Kind: "concern", Item: id, About: subject, Classes: []string{"status"}, From: "koege", To: "mvs", Basis: "NONE", Purpose: hub.Prevention, Necessity: hub.NewPersonal("x")})
		return err
	})
	if sqlState(err) != "23503" {
		t.Errorf("a share on no known basis: %v", err)
	}
	// A hat that has ended is nobody, at once.
	check(t, pg.SyncStructure(ctx, w.owner, w.now(), posts[1:], bases, nil))
	_, _, _, err = look(db, coordinator, id)
	wantCode(t, err, hub.CodeNotFound)
}

func TestAGrantIsNotLent(t *testing.T) {
	w := newWorld(t)
	db := w.room("intake")
	var lent policies.Grant
	check(t, do(db, as(coordinator), hub.ActChange, func(_ *pg.Tx, g policies.Grant) error { lent = g; return nil }))
	id := w.concern(db, "received")
	for name, g := range map[string]policies.Grant{"another's": lent, "none": {}} {
		err := db.Command(ctx, as(coordinator), pg.Entry{Act: hub.ActChange}, func(tx *pg.Tx) error { return tx.Stage(ctx, g, "concern", id, "case") })
		wantCode(t, err, hub.CodeInternal)
		err = db.Command(ctx, as(coordinator), pg.Entry{Act: hub.ActChange}, func(tx *pg.Tx) error {
			_, err := tx.Record(ctx, g, pg.Entry{Act: hub.ActChange})
			return err
		})
		if err == nil {
			t.Errorf("recorded with %s grant", name)
		}
	}
	// Access facts do not change without a record.
	err := db.Command(ctx, as(coordinator), pg.Entry{Act: hub.ActChange}, func(tx *pg.Tx) error {
		g, err := yes(tx)
		if err != nil {
			return err
		}
		return tx.Stage(ctx, g, "concern", id, "case")
	})
	wantCode(t, err, hub.CodeInternal)
	w.is("received", `select state from access.item where id = $1`, id)
}

// beside is how many reads or commands are under way beside each withdrawal, each a
// pair with it.
const beside = 6

// TestNothingIsShownAfterItWasTakenBack races reads with withdrawals. A read
// that begins after the withdrawal has returned never shows anything. A015 in
// part: by single reads.
func TestNothingIsShownAfterItWasTakenBack(t *testing.T) { shownAfter(t, 40) }

func shownAfter(t *testing.T, withdrawals int) {
	w := newWorld(t)
	db := w.room("intake")
	for _, k := range races(w, db) {
		id := k.item()
		var shown, refused, stale atomic.Int64
		sees := func(now, not *atomic.Int64) {
			switch _, _, _, err := look(db, k.who, id); {
			case err == nil:
				now.Add(1)
			case hub.CodeOf(err) == hub.CodeNotFound:
				not.Add(1)
			default:
				t.Error(err)
			}
		}
		last := time.Millisecond // as long as a withdrawal took
		for range withdrawals {
			back := k.give(id)
			returned := make(chan struct{})
			var wg sync.WaitGroup
			for range beside {
				wait := rand.N(last)
				wg.Go(func() {
					time.Sleep(wait)
					select {
					case <-returned:
						sees(&stale, new(atomic.Int64))
					default:
						sees(&shown, &refused)
					}
				})
			}
			begun := time.Now()
			check(t, back(nil))
			close(returned)
			last = time.Since(begun)
			sees(&stale, new(atomic.Int64))
			wg.Wait()
		}
		t.Logf("%s: %d pairs, %d shown before, %d stale", k.name, shown.Load()+refused.Load(), shown.Load(), stale.Load())
		if stale.Load() > 0 || shown.Load() == 0 {
			t.Errorf("%s: %d of %d shown after it was taken back", k.name, stale.Load(), shown.Load())
		}
	}
}

// TestNothingIsDoneAfterItWasTakenBack races commands with withdrawals. What
// was done when the withdrawal committed is all that is ever done.
func TestNothingIsDoneAfterItWasTakenBack(t *testing.T) { doneAfter(t, 40) }

func doneAfter(t *testing.T, withdrawals int) {
	w := newWorld(t)
	db := w.room("intake")
	for _, k := range races(w, db) {
		id := k.item()
		done, late, last := 0, 0, time.Millisecond
		for i := range withdrawals {
			note := fmt.Sprint(k.name, i)
			back := k.give(id)
			var atBack, atEnd int
			var wg sync.WaitGroup
			for range beside {
				wait := rand.N(last)
				wg.Go(func() {
					time.Sleep(wait)
					who := as(k.who)
					err := db.Command(ctx, who, pg.Entry{Act: hub.ActChange, Object: hub.Object{Kind: "concern", ID: id}}, func(tx *pg.Tx) error {
						r, err := tx.Relation(ctx, "concern", id)
						if err != nil {
							return err
						}
						g, err := tx.Ask(ctx, r.View(who, hub.Prevention))
						if err != nil {
							return err
						}
						if _, err = tx.Exec(ctx, `insert into effect (item, note) values ($1, $2)`, id, note); err != nil {
							return err
						}
						_, err = tx.Record(ctx, g, pg.Entry{Act: hub.ActChange})
						return err
					})
					if err != nil && hub.CodeOf(err) != hub.CodeNotFound {
						t.Error(err)
					}
				})
			}
			count := func(tx *pg.Tx, into *int) error {
				return tx.QueryRow(ctx, `select count(*) from effect where note = $1`, note).Scan(into)
			}
			time.Sleep(last / 2)
			begun := time.Now()
			check(t, back(func(tx *pg.Tx) error { return count(tx, &atBack) }))
			last = min(time.Since(begun), 20*time.Millisecond)
			wg.Wait()
			check(t, db.View(ctx, as(coordinator), func(tx *pg.Tx) error { return count(tx, &atEnd) }))
			done += atEnd
			late += atEnd - atBack
		}
		t.Logf("%s: %d pairs, %d commands done before, %d after", k.name, beside*withdrawals, done, late)
		if late > 0 || done == 0 || done == beside*withdrawals {
			t.Errorf("%s: %d of %d done after it was taken back", k.name, late, done)
		}
	}
}

// race is one way of giving access and taking it back.
type race struct {
	name string
	who  pg.Post
	item func() hub.ID // what is looked at, or a part of what it is given on
	give func(id hub.ID) (back taking)
}

// taking takes back, and does something more in the same command.
type taking func(also func(*pg.Tx) error) error

func races(w *world, db *pg.DB) []race {
	takeBack := func(verb func(*pg.Tx, policies.Grant) error) taking {
		return func(also func(*pg.Tx) error) error {
			return do(db, as(coordinator), hub.ActRevoke, func(tx *pg.Tx, g policies.Grant) error {
				if err := verb(tx, g); err != nil || also == nil {
					return err
				}
				return also(tx)
			})
		}
	}
	endAssignment := func(item hub.ID) taking {
		a := assign(w.t, db, item, receiver)
		return takeBack(func(tx *pg.Tx, g policies.Grant) error { return tx.EndAssignment(ctx, g, a) })
	}
	var whole hub.ID
	part := func(state string) func() hub.ID {
		return func() hub.ID {
			whole = w.concern(db, state)
			return w.part(db, state, whole)
		}
	}
	return []race{
		{"assignment", receiver, func() hub.ID { return w.concern(db, "received") }, endAssignment},
		{"share", police, func() hub.ID { return w.concern(db, "police_check") }, func(id hub.ID) taking {
			s := share(w.t, db, id, "RPL115-2")
			return takeBack(func(tx *pg.Tx, g policies.Grant) error { return tx.Revoke(ctx, g, s) })
		}},
		{"assignment on the whole", receiver, part("received"), func(hub.ID) taking { return endAssignment(whole) }},
		{"every assignment on the whole", receiver, part("received"), func(id hub.ID) taking {
			assign(w.t, db, id, receiver)
			assign(w.t, db, whole, receiver)
			return takeBack(func(tx *pg.Tx, g policies.Grant) error { return ended(tx.EndAssignments(ctx, g, "concern", whole, "")) })
		}},
		{"every share of the whole", police, part("police_check"), func(id hub.ID) taking {
			share(w.t, db, id, "RPL115-2")
			return takeBack(func(tx *pg.Tx, g policies.Grant) error { return ended(tx.RevokeAll(ctx, g, "concern", whole, "")) })
		}},
	}
}

// ended wants that something was there to end.
func ended[T any](what []T, err error) error {
	if err == nil && len(what) == 0 {
		return errors.New("there was nothing to end")
	}
	return err
}

// TestBusy: who waits too long for what another holds is told that, and not that
// the log cannot be written.
func TestBusy(t *testing.T) {
	w := newWorld(t)
	db := w.room("intake")
	id := w.concern(db, "received")
	other, err := pgx.Connect(ctx, w.owner)
	check(t, err)
	defer other.Close(ctx) //nolint:errcheck // nothing to lose
	_, err = other.Exec(ctx, `begin`)
	check(t, err)
	_, err = other.Exec(ctx, `select from access.item where id = $1 for update`, id)
	check(t, err)
	err = do(db, as(coordinator), hub.ActChange, func(tx *pg.Tx, g policies.Grant) error { return tx.Stage(ctx, g, "concern", id, "case") })
	var busy *hub.Error
	if !errors.As(err, &busy) || busy.Code != hub.CodeUnavailable || busy.Key != "error.busy" {
		t.Errorf("told %v", err)
	}
}
