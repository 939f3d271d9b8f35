//go:build !race

package pg_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// What a room's role may do in the schema access besides reading: all of it, as
// the database's own catalogue says.
const (
	everyRoomWrites = "revision insert document,revision"
	itemRoomWrites  = "assignment insert authority,by_hat,by_person,from_at,id,item,kind,person,role,until_at,why\nassignment update ended_by\n" +
		"glass insert asked_at,authority,category,from_at,hat,id,item,kind,marks,minutes,near,owner,person,reason,role,until_at\n" +
		"glass update ended_by,from_at,second_hat,second_person,until_at\n" +
		"item insert about,author,came_of,controller,id,kind,part_of,received_by,state\nitem update about,controller,received_by,state\n" +
		"recusal insert by_hat,by_person,ground,item,kind,person\n" + everyRoomWrites + "\n" +
		"share insert about,basis,by_hat,by_person,classes,from_at,id,item,kind,necessity,purpose,receiver,sender,sender_kind,terms,until_at\nshare update ended_by"
	everyRoomCalls   = "cooperates few groups hold joined near rare relations stages terms"
	itemRoomCalls    = "cooperates drop_item few groups hold hold_subject joined let_on lift_recusal lock_item near rare relations stages terms"
	hatRoomCalls     = "certify_hat cooperates few forget_marks groups hold joined near number_periods put_marks rare relations stages terms"
	subjectRoomCalls = "cooperates drop_subject few groups hold joined mark_home mark_subjects near own_number put_subject rare relations stages terms"
	bothCalls        = "cooperates drop_item drop_subject few groups hold hold_subject joined let_on lift_recusal lock_item mark_home mark_subjects near own_number put_subject rare relations stages terms"
)

// TestRightsInTheAccessFacts holds every room's rights against the whole list,
// so that no table and no function to come is forgotten. A109 in part.
func TestRightsInTheAccessFacts(t *testing.T) {
	w := newWorld(t)
	for room, want := range map[string][2]string{
		"portal": {everyRoomWrites, hatRoomCalls}, "audit": {"glass_review insert by_hat,by_person,glass,outcome\n" + everyRoomWrites, everyRoomCalls}, "person": {everyRoomWrites, subjectRoomCalls},
		"intake": {itemRoomWrites, bothCalls}, "assessment": {itemRoomWrites, itemRoomCalls}, "referral": {itemRoomWrites, itemRoomCalls},
	} {
		t.Run(room, func(t *testing.T) {
			w := &world{t: t, owner: w.owner}
			w.is(want[0], `select string_agg(line, e'\n' order by line collate "C") from (
				select c.relname || ' ' || p || ' ' || string_agg(a.attname, ',' order by a.attname collate "C") as line
				from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
				cross join unnest(array['insert', 'update', 'references']) p
				where c.relnamespace = 'access'::regnamespace and c.relkind <> 'i' and has_column_privilege($1, c.oid, a.attnum, p) group by c.relname, p) x`, room)
			w.is(want[1], `select string_agg(proname, ' ' order by proname collate "C") from pg_proc where pronamespace = 'access'::regnamespace and has_function_privilege($1, oid, 'execute')`, room)
			w.is(0, `select count(*) from pg_class where relnamespace = 'access'::regnamespace and relkind <> 'i' and has_table_privilege($1, oid, 'delete, truncate, trigger')`, room)
			reads := "agreement assignment basis certified glass glass_review hat item onward own policy recusal recusal_lifted revision share"
			if room == "audit" { // whose address meets whose, for its list of anomalies alone
				reads = strings.Replace(reads, " share", " same_home share", 1)
			}
			w.is(reads, `select string_agg(relname, ' ' order by relname) from pg_class
				where relnamespace = 'access'::regnamespace and relkind <> 'i' and has_table_privilege($1, oid, 'select')`, room)
			w.is("false false", `select has_schema_privilege($1, 'access', 'create') || ' ' || pg_has_role($1, 'access_owner', 'member')`, room)
		})
	}
}

// things is one item of a kind with something given on it, and one without.
type things struct {
	kind, whole       string // whole is the kind of what it is a part of, or came of
	came              string // and of what came of it
	item, bare        hub.ID
	assignment, share hub.ID
	glass             hub.ID
}

// furnish puts items of every kind in place, as the hub's owner: the answer is a
// part of the case, the request came of it, as it did of the concern, and no room writes a stray.
func furnish(w *world) []things {
	var all []things
	var first, whole hub.ID
	for _, kind := range []string{"concern", "case", "request", "answer", "offer", "stray"} {
		x := things{kind: kind, item: hub.NewID(), bare: hub.NewID(), assignment: hub.NewID(), share: hub.NewID(), glass: hub.NewID()}
		part, came := "null", "null"
		switch kind {
		case "concern":
			first, x.came = x.item, "case"
		case "case":
			whole, came, x.whole, x.came = x.item, "'"+string(first)+"'", "concern", "request"
		case "request":
			came, x.whole = "'"+string(whole)+"'", "case"
		case "answer":
			part, x.whole = "'"+string(whole)+"'", "case"
		}
		fill := x.fill("")
		w.sql(fill(`insert into access.item (id, kind, about, controller, state, author, part_of, came_of) values ('{item}', '{kind}', '`+string(subject)+`', 'koege', 'received', '', `+part+`, `+came+`),
				('{bare}', '{kind}', '`+string(subject)+`', 'koege', 'received', '', null, null)`),
			fill(insertAssignment("{kind}", "{assignment}")), fill(insertShare("{kind}", "{share}")), fill(insertGlass("{kind}", "{glass}")))
		all = append(all, x)
	}
	return all
}

// fill puts a thing's names into a statement; own is the kind that a liar says.
func (x things) fill(own string) func(string) string {
	return strings.NewReplacer("{own}", own, "{kind}", x.kind, "{item}", string(x.item), "{bare}", string(x.bare),
		"{assignment}", string(x.assignment), "{share}", string(x.share), "{glass}", string(x.glass)).Replace
}

func insertAssignment(kind, id string) string {
	return `insert into access.assignment (id, kind, item, person, authority, role, why, from_at, until_at, by_person, by_hat)
		values ('` + id + `', '` + kind + `', '{item}', '` + string(receiver.Person) + `', 'koege', 'receiver', 'receiver', '2026-01-01', '9999-12-31', 'p', 'h')`
}

func insertShare(kind, id string) string {
	return `insert into access.share (id, kind, item, about, classes, sender, receiver, basis, purpose, necessity, from_at, until_at, by_person, by_hat)
		values ('` + id + `', '` + kind + `', '{item}', '` + string(subject) + `', '{status}', 'koege', 'mvs', 'RPL115-2', 'prevention', '', '2026-01-01', '9999-12-31', 'p', 'h')`
}

func insertGlass(kind, id string) string {
	return `insert into access.glass (id, kind, item, owner, person, hat, authority, role, category, reason, minutes, asked_at, from_at, until_at)
		values ('` + id + `', '` + kind + `', '{item}', 'koege', 'p', 'h', 'koege', 'receiver', 'danger', '', 30, '2026-01-01 10:00Z', '2026-01-01 10:00Z', '2026-01-01 10:30Z')`
}

func insertItem(kind, id string) string {
	return `insert into access.item (id, kind, about, controller, state) values ('` + id + `', '` + kind + `', 's', 'koege', 'received')`
}

func writes(room, kind string) bool {
	for _, r := range rooms() {
		if r.Name == room {
			return slices.Contains(r.Writes, kind)
		}
	}
	return false
}

// When a statement or verb is let through.
type allowed func(room string, x things, own string) bool

func ifKind(room string, x things, _ string) bool { return writes(room, x.kind) }
func ifEnds(room string, x things, _ string) bool {
	return writes(room, x.kind) || writes(room, x.whole)
}
func ifReviews(room string, _ things, _ string) bool { return writes(room, pg.ReviewKind) }
func ifStages(room string, x things, own string) bool {
	return ifEnds(room, x, own) || writes(room, x.came)
}
func ifEndsAll(room string, x things, own string) bool { // a case with its answer
	return ifEnds(room, x, own) && (x.kind != "case" || writes(room, "case"))
}
func ifMoves(room string, x things, own string) bool {
	return writes(room, own) && ifStages(room, x, own)
}
func ifTrue(room string, x things, own string) bool {
	return writes(room, x.kind) && own == x.kind
}
func never(string, things, string) bool { return false }

var allRooms = []string{"portal", "audit", "person", "intake", "assessment", "referral"}

// TestARoomWritesOnlyItsKinds tries, as every room's own login role, every way of
// writing access facts of every kind.
func TestARoomWritesOnlyItsKinds(t *testing.T) {
	w := newWorld(t)
	all := furnish(w)
	tries := map[string]allowed{
		insertItem("{kind}", "new"): ifKind,
		insertItem("{kind}", "{item}") + ` on conflict (id) do update set state = 'x'`:                                  ifKind,
		insertItem("{own}", "{item}") + ` on conflict (id) do update set state = 'x'`:                                   ifMoves,
		`update access.item set state = 'x', controller = 'greve' where id = '{item}'`:                                  ifKind,
		`update access.item set state = 'x' where id = '{item}'`:                                                        ifStages,
		`select access.drop_item('{kind}', '{bare}')`:                                                                   ifKind,
		`select access.let_on('{kind}', '{item}', 'greve', true)`:                                                       ifKind,
		insertAssignment("{kind}", "new"):                                                                               ifKind,
		insertAssignment("{own}", "new"):                                                                                ifTrue,
		insertShare("{kind}", "new"):                                                                                    ifKind,
		insertShare("{own}", "new"):                                                                                     ifTrue,
		`update access.assignment set ended_by = 'x' where id = '{assignment}'`:                                         ifEnds,
		`update access.share set ended_by = 'x' where id = '{share}'`:                                                   ifEnds,
		`insert into access.glass_review (glass, outcome, by_person, by_hat) values ('{glass}', 'justified', 'd', 'h')`: ifReviews,
		insertGlass("{kind}", "g"):                                                                                      ifKind,
		insertGlass("{own}", "g"):                                                                                       ifTrue,
		`update access.glass set ended_by = 'x' where id = '{glass}'`:                                                   ifEnds,
		`update access.glass set item = '{bare}' where id = '{glass}'`:                                                  never,
		`update access.glass set person = 'x' where id = '{glass}'`:                                                     never,
		`update access.glass set minutes = 60 where id = '{glass}'`:                                                     never,
		`update access.glass_review set outcome = 'justified'`:                                                          never,
		`insert into access.recusal (person, kind, item, by_person, by_hat) values ('p', '{kind}', '{item}', 'p', 'h')`: ifKind,
		`insert into access.recusal (person, kind, item, by_person, by_hat) values ('p', '{own}', '{item}', 'p', 'h')`:  ifTrue,
		`select access.lift_recusal('{kind}', '{item}', 'p', 'p', 'h')`:                                                 ifKind,
		// What nobody may, whatever the kind.
		`update access.item set kind = '{own}' where id = '{item}'`:                                                                        never,
		`update access.item set part_of = '{bare}' where id = '{item}'`:                                                                    never,
		`update access.item set came_of = '{bare}' where id = '{item}'`:                                                                    never,
		`update access.item set writer = session_user where id = '{item}'`:                                                                 never,
		`update access.assignment set item = '{bare}' where id = '{assignment}'`:                                                           never,
		`update access.assignment set person = 'x' where id = '{assignment}'`:                                                              never,
		`update access.assignment set ended_by = 'x', ended_writer = 'x' where id = '{assignment}'`:                                        never,
		`update access.share set item = '{bare}' where id = '{share}'`:                                                                     never,
		`update access.share set classes = '{}', until_at = '9999-12-31' where id = '{share}'`:                                             never,
		`update access.share set ended_by = 'x', ended_at = now() where id = '{share}'`:                                                    never,
		`insert into access.recusal (person, kind, item, follows, by_person, by_hat) values ('p', '{kind}', '{item}', '{bare}', 'p', 'h')`: never,
		`delete from access.recusal where item = '{item}'`:                                                                                 never,
		`insert into access.recusal_lifted (person) values ('p')`:                                                                          never,
		`insert into access.onward (item, authority) values ('{item}', 'greve')`:                                                           never,
	}
	for _, room := range allRooms {
		t.Run(room, func(t *testing.T) {
			c := login(t, w, room)
			for _, x := range all {
				for sql, may := range tries {
					for _, own := range []string{"concern", "case", "request", "offer"} {
						if !writes(room, own) && own != x.kind || !strings.Contains(sql, "{own}") && own != "case" {
							continue
						}
						try(t, c, x.fill(own)(sql), may(room, x, own))
					}
				}
			}
		})
	}
}

// try runs a statement and takes it back.
func try(t *testing.T, c *pgx.Conn, sql string, may bool) {
	t.Helper()
	tx, err := c.Begin(ctx)
	check(t, err)
	defer tx.Rollback(ctx) //nolint:errcheck // nothing to lose
	if _, err = tx.Exec(ctx, sql); may && err != nil || !may && sqlState(err) != "42501" {
		t.Errorf("%s:\n %v, want it allowed: %v", strings.Join(strings.Fields(sql), " "), err, may)
	}
}

// TestTheWallsAreTheOwners tries to move the walls themselves, and what is not of
// a kind.
func TestTheWallsAreTheOwners(t *testing.T) {
	w := newWorld(t)
	never := []string{
		`insert into access.writer (kind, room) values ('concern', session_user)`, `delete from access.writer`, `select * from access.writer`,
		`select access.writes('concern')`, `create or replace function access.writes(text) returns boolean language sql as 'select true'`,
		`insert into access.hat (id) values ('x')`, `update access.hat set role = 'dpo'`, `update access.basis set until_at = now()`, `update access.relied set until_at = now()`,
		`insert into access.agreement (id) values ('x')`, `insert into access.basis (code) values ('x')`, `insert into access.relied (code) values ('x')`, `insert into access.subject (id) values ('x')`,
		`insert into access.policy (number, note) values (1, 'x')`, `update access.policy set note = 'x'`, `update access.subject set band = 'x'`, `select * from access.subject`, `select * from access.person_mark`, `select * from access.subject_mark`, `select * from access.number_period`, `update access.revision set document = 'x'`, `set role access_owner`,
		`set session_replication_role = replica`,
	}
	for _, table := range strings.Fields(w.ask(`select string_agg(relname, ' ') from pg_class where relnamespace = 'access'::regnamespace and relkind = 'r'`)) {
		never = append(never, `delete from access.`+table, `truncate access.`+table+` cascade`, `alter table access.`+table+` disable trigger all`, `drop table access.`+table+` cascade`,
			`do $$ begin lock table access.`+table+` in share mode; end $$`)
	}
	for _, table := range []string{"item", "subject", "assignment", "share", "recusal", "glass"} {
		never = append(never, `drop trigger wall on access.`+table)
	}
	for _, room := range allRooms {
		t.Run(room, func(t *testing.T) {
			c := login(t, w, room)
			for _, sql := range never {
				try(t, c, sql, false)
			}
			try(t, c, `select access.put_subject('s', 'koege', 'p', 'unknown')`, writes(room, pg.SubjectKind))
			try(t, c, `select access.drop_subject('s', '')`, writes(room, pg.SubjectKind))
			try(t, c, `select access.mark_subjects('{koege}', '{cpr}', '{s}', '{m}')`, writes(room, pg.SubjectKind))
			try(t, c, `select access.own_number('p', '{m}')`, writes(room, pg.SubjectKind))
			for _, sql := range []string{`select access.put_marks('p', 'i', '{m}')`, `select access.forget_marks(now())`, `select access.number_periods()`} {
				try(t, c, sql, writes(room, pg.HatKind))
			}

			// The policy that decides is kept under its own hash, and by nobody under another's.
			const keep = `insert into access.revision (revision, document) values ($1, 'rules')`
			if _, err := c.Exec(ctx, keep, "0000000000000000-0000000000000000"); sqlState(err) != "23514" {
				t.Errorf("another's document: %v", err)
			}
			_, err := c.Exec(ctx, keep+` on conflict do nothing`, "0000000000000000-"+w.ask(`select left(encode(sha256('rules'), 'hex'), 16)`))
			check(t, err)
		})
	}
}

// TestTheVerbsStopAtTheWalls is the same by the verbs, in every room.
func TestTheVerbsStopAtTheWalls(t *testing.T) {
	w := newWorld(t)
	all := furnish(w)
	undo := errors.New("let through")
	verbs := map[string]struct {
		may allowed
		do  func(tx *pg.Tx, g policies.Grant, x things) error
	}{
		"put new": {ifKind, func(tx *pg.Tx, g policies.Grant, x things) error {
			return tx.PutItem(ctx, g, pg.Item{Kind: x.kind, ID: hub.NewID(), About: subject, Controller: "koege"})
		}},
		"put": {ifKind, func(tx *pg.Tx, g policies.Grant, x things) error {
			return tx.PutItem(ctx, g, pg.Item{Kind: x.kind, ID: x.bare, About: subject, Controller: "greve"})
		}},
		"stage": {ifStages, func(tx *pg.Tx, g policies.Grant, x things) error { return tx.Stage(ctx, g, x.kind, x.item, "x") }},
		"drop":  {ifKind, func(tx *pg.Tx, g policies.Grant, x things) error { return tx.DropItem(ctx, g, x.kind, x.bare) }},
		"assign": {ifKind, func(tx *pg.Tx, g policies.Grant, x things) error {
			_, err := tx.Assign(ctx, g, pg.Assignment{Kind: x.kind, Item: x.item, Person: receiver.Person, Authority: receiver.Authority, Role: receiver.Role, Why: "receiver"})
			return err
		}},
		"share": {ifKind, func(tx *pg.Tx, g policies.Grant, x things) error {
			_, err := tx.Share(ctx, g, pg.Share{Kind: x.kind, Item: x.item, About: subject, Classes: []string{"status"}, From: "koege", To: "mvs",
				Basis: "RPL115-2", Purpose: hub.Prevention, Necessity: hub.NewPersonal("because")})
			return err
		}},
		"recuse": {ifKind, func(tx *pg.Tx, g policies.Grant, x things) error {
			return tx.Recuse(ctx, g, receiver.Person, x.kind, x.item, "1")
		}},
		"lift recusal": {ifKind, func(tx *pg.Tx, g policies.Grant, x things) error {
			if err := tx.LiftRecusal(ctx, g, receiver.Person, x.kind, x.bare); hub.CodeOf(err) != hub.CodeNotFound {
				return err
			}
			return nil // there is none
		}},
		"end assignment": {ifEnds, func(tx *pg.Tx, g policies.Grant, x things) error { return tx.EndAssignment(ctx, g, x.assignment) }},
		"revoke":         {ifEnds, func(tx *pg.Tx, g policies.Grant, x things) error { return tx.Revoke(ctx, g, x.share) }},
		"end assignments": {ifEndsAll, func(tx *pg.Tx, g policies.Grant, x things) error {
			_, err := tx.EndAssignments(ctx, g, x.kind, x.item, "")
			return err
		}},
		"revoke all": {ifEndsAll, func(tx *pg.Tx, g policies.Grant, x things) error {
			_, err := tx.RevokeAll(ctx, g, x.kind, x.item, "")
			return err
		}},
		"put subject": {ifSubject, func(tx *pg.Tx, g policies.Grant, x things) error {
			return tx.PutSubject(ctx, g, pg.Subject{ID: hub.NewID(), Controller: "koege", Author: receiver.Person, AgeBand: "unknown"})
		}},
		"drop subject": {ifSubject, func(tx *pg.Tx, g policies.Grant, x things) error {
			_, err := tx.DropSubject(ctx, g, hub.NewID(), "")
			return err
		}},
	}
	for _, room := range allRooms {
		db := w.room(room)
		for _, x := range all {
			for name, v := range verbs {
				err := do(db, as(coordinator), hub.ActChange, func(tx *pg.Tx, g policies.Grant) error {
					if err := v.do(tx, g, x); err != nil {
						return err
					}
					return undo
				})
				if may := v.may(room, x, ""); may != errors.Is(err, undo) || !may && (sqlState(err) != "42501" || hub.CodeOf(err) != hub.CodeInternal) {
					t.Errorf("%s: %s a %s: %v, want it let through: %v", room, name, x.kind, err, may)
				}
			}
		}
	}
}

func ifSubject(room string, _ things, _ string) bool { return writes(room, pg.SubjectKind) }

// TestSetupTakesRightsBack runs setup on a hub where every room could write all,
// as it was once, and after a door plate has changed.
func TestSetupTakesRightsBack(t *testing.T) {
	w := newWorld(t)
	w.sql(`grant insert, update, delete on all tables in schema access to portal`, `grant update (kind) on access.item to referral`,
		`grant execute on all functions in schema access to portal`, `insert into access.writer values ('concern', 'portal')`)
	portal, referral := login(t, w, "portal"), login(t, w, "referral")
	try(t, portal, insertItem("concern", "new"), true)
	for _, sql := range []string{insertItem("case", "new"), `select access.put_subject('s', 'koege', 'p', 'unknown')`} { // the walls stand behind the rights
		try(t, portal, sql, false)
	}
	changed := rooms()
	for i := range changed {
		if changed[i].Name == "referral" {
			changed[i].Writes = []string{"offer"}
		}
	}
	check(t, pg.Setup(ctx, w.owner, changed, passwords))
	try(t, portal, insertItem("concern", "new"), false)
	try(t, portal, `select access.drop_item('concern', 'new')`, false)
	try(t, referral, insertItem("case", "new"), false)
	try(t, referral, `update access.item set kind = 'offer'`, false)
	try(t, referral, insertItem("offer", "new"), true)
	w.is("case assessment, concern intake, hat portal, offer referral, request assessment, review audit, subject intake, subject person",
		`select string_agg(kind || ' ' || room, ', ' order by kind, room) from access.writer`)
}
