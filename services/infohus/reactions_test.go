//go:build !race

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
)

// replay is a hub whose reactions can be run by hand, as the stream would run
// them: fact by fact, in any order, as often as wanted, failing where wanted.
type replay struct {
	*script
	room string
	on   map[string]service.Reaction
}

// heard is a fact as it stands in the outbox.
type heard struct {
	event.Envelope
	fact event.Fact
}

func replays(t *testing.T, room string) *replay {
	t.Helper()
	r := &replay{room: room}
	services := rooms()
	i := slices.IndexFunc(services, func(x service.Service) bool { return x.Name == room })
	open := services[i].Open
	services[i].Open = func(env service.Env) (service.Room, error) {
		x, err := open(env)
		r.on = x.On
		return x, err
	}
	r.script = &script{t, hubtest.Run(t, services...), map[string]*hubtest.Client{}}
	return r
}

// outbox are the facts that an owner has told the room, in the order of telling.
func (r *replay) outbox(owner, where string) (all []heard) {
	r.Helper()
	for _, row := range r.SQL("select envelope from " + owner + ".outbox where " + where + " order by id") {
		e, f, err := event.Decode([]byte(row[0]))
		if err != nil {
			r.Fatal(err)
		}
		if r.on[e.Type] != nil {
			all = append(all, heard{e, f})
		}
	}
	return all
}

var errOnPurpose = errors.New("fails on purpose")

// apply gives one fact to the room. With fail its reaction does its work and
// then fails, before the commit.
func (r *replay) apply(x heard, fail bool) error {
	return r.DB(r.room).Apply(r.Context(), x.Envelope, x.fact, func(ctx context.Context, tx *pg.Tx) error {
		if err := r.on[x.Type](ctx, tx, x.Envelope, x.fact); err != nil || !fail {
			return err
		}
		return errOnPurpose
	})
}

// ways are the ways in which a stream can deliver facts. Each must end alike.
var ways = []struct {
	name string
	do   func(r *replay, facts []heard)
}{
	{"once", func(r *replay, facts []heard) {
		for _, x := range facts {
			r.must(x, r.apply(x, false), hub.Code(""))
		}
	}},
	{"twice, each", func(r *replay, facts []heard) {
		for _, x := range facts {
			r.must(x, r.apply(x, false), "")
			r.must(x, r.apply(x, false), "")
		}
	}},
	{"all of them, and all again: the acknowledgements were lost after the commits", func(r *replay, facts []heard) {
		for range 2 {
			for _, x := range facts {
				r.must(x, r.apply(x, false), "")
			}
		}
	}},
	{"the last first", func(r *replay, facts []heard) {
		held := 0
		for len(facts) > 0 {
			var left []heard
			for _, x := range slices.Backward(facts) {
				before := r.kept()
				if err := r.apply(x, false); hub.CodeOf(err) == hub.CodeNotFound && err != nil { // ahead of the one it follows
					if after := r.kept(); after != before {
						r.Errorf("%s is held back, and left something: %s", x.Type, after)
					}
					left = append(left, x)
					held++
				} else {
					r.must(x, err, "")
				}
			}
			slices.Reverse(left)
			facts = left
		}
		if held == 0 {
			r.Error("nothing was out of order")
		}
		if gaps, err := r.DB(r.room).Gaps(r.Context()); err != nil || len(gaps) != 0 {
			r.Errorf("gaps are left: %v %v", gaps, err)
		}
	}},
	{"failing before each commit, and then not", func(r *replay, facts []heard) {
		for _, x := range facts {
			before := r.kept()
			r.must(x, r.apply(x, true), hub.CodeInternal)
			if after := r.kept(); after != before {
				r.Errorf("%s failed, and left something:\n%s\n%s", x.Type, before, after)
			}
			r.must(x, r.apply(x, false), "")
		}
	}},
	{"many at once", func(r *replay, facts []heard) {
		for _, x := range facts {
			var all sync.WaitGroup
			for range 6 {
				all.Go(func() { r.must(x, r.apply(x, false), "") })
			}
			all.Wait()
		}
	}},
}

func (r *replay) must(x heard, err error, code hub.Code) {
	r.Helper()
	if code == "" && err != nil || code != "" && (err == nil || hub.CodeOf(err) != code) {
		r.Errorf("%s: %v, want code %q", x.Type, err, code)
	}
}

// kept tells whether a reaction left anything: in inbox, outbox, trail, or the
// room's own rows, of which it is a sum.
func (r *replay) kept() string {
	r.Helper()
	tables := []string{r.room + ".inbox", "audit.trail", "access.assignment", "access.share", "access.item"}
	for _, owner := range event.Owners() {
		tables = append(tables, owner+".outbox")
	}
	own, _, _ := strings.Cut(ownRows[r.room], " order by 1") // a sum has no order
	return r.One("select concat_ws(' ', (select count(*) from " + strings.Join(tables, "), (select count(*) from ") + "), (select sum(hashtextextended(own::text, 0)::numeric) from (" + own + ") own))")
}

// ownRows are queries for what a room's own rows say, without what is drawn anew
// each time.
var ownRows = map[string]string{
	"portal": `select word, kind, concern, authority, role, person, due, at from portal.notice order by 1, 2, 3, 4, 5, 6, 7, 8`,
	"intake": `select id, state, version, child, child_due, child_told, step_due, statements, retention_rule, erase_at from intake.concern order by id`,
	"assessment": `select c.concern, c.subject, c.municipality, c.police, c.version, c.round, c.begun_at, c.opened_at, c.closed_at, c.next_at, c.step_told, c.retention_rule, c.erase_at,
		i.state, i.about, i.controller, (select string_agg(m.hat || ' ' || m.state, ', ' order by m.hat) from assessment.member m where m.case_id = c.id),
		(select string_agg(concat_ws(' ', q.id, q.state, q.version, o.state, (select count(*) from access.assignment a where a.item = q.id and a.ended_at is null),
			(select count(*) from access.share s where s.item = q.id and s.ended_at is null)), ', ' order by q.id) from assessment.request q join access.item o on o.id = q.id where q.case_id = c.id)
		from assessment.cases c join access.item i on i.id = c.id order by c.concern`,
	"referral": `select c.case_id, c.concern, c.subject, c.municipality, c.police, c.version, c.assessed, c.next_at, c.step_told, c.round, c.closed_at, c.retention_rule, c.erase_at
		from referral.course c union all select k.case_id, k.why, '', '', '', k.version, k.n, k.due_at, k.followup, 0, k.at, '', null from referral.task k order by 1, 2, 6, 7`,
}

func (r *replay) rows() string {
	r.Helper()
	return fmt.Sprint(r.SQL(ownRows[r.room]))
}

// forgets takes back all that the room did about the facts, so that they can be
// given to it again; before is what it had then.
func (r *replay) forgets(facts []heard, before func()) {
	r.Helper()
	for _, x := range facts {
		source, key := strings.TrimPrefix(x.Source, "/"), string(x.Subject)
		r.SQL("delete from "+r.room+".inbox where id = $1", string(x.ID))
		r.SQL("update "+r.room+".inbox_key set last = (select coalesce(max(n), 0) from "+r.room+".inbox where source = $1 and key = $2) where source = $1 and key = $2", source, key)
	}
	before()
}

// snapshot keeps tables of the room as they are now, and gives what puts them
// back: what was added is taken away, what was changed is as it was.
func (r *replay) snapshot(key string, tables ...string) (restore func()) {
	r.Helper()
	name := func(table string) string { return "public.before_" + strings.ReplaceAll(table, ".", "_") }
	for _, table := range tables {
		r.SQL("create table " + name(table) + " as select * from " + table)
	}
	return func() {
		r.Helper()
		for _, table := range tables {
			_, short, _ := strings.Cut(table, ".")
			columns := r.One("select string_agg(column_name, ', ') from information_schema.columns where table_schema || '.' || table_name = $1", table)
			r.SQL("delete from " + table + " t where not exists (select from " + name(table) + " b where b." + key + " = t." + key + ")")
			r.SQL("alter table " + table + " disable trigger user") // what was recorded stays, but for a test
			r.SQL("update " + table + " " + short + "_now set (" + columns + ") = (select " + columns + " from " + name(table) + " b where b." + key + " = " + short + "_now." + key + ")")
			r.SQL("alter table " + table + " enable trigger user")
		}
	}
}

// told counts the facts in the outboxes, the room's own and all others.
func (r *replay) told() (own, others int) {
	r.Helper()
	for _, owner := range event.Owners() {
		n := atoi(r.One("select count(*) from " + owner + ".outbox"))
		if owner == r.room {
			own = n
		} else {
			others += n
		}
	}
	return own, others
}

// ends gives the facts to the room in every way, and holds that inbox, outbox,
// state and trail come out the same.
func (r *replay) ends(facts []heard, before func()) {
	r.Helper()
	want := ""
	for _, way := range ways {
		r.forgets(facts, before)
		rows := atoi(r.One("select count(*) from audit.trail"))
		own, others := r.told()
		way.do(r, facts)
		now, outside := r.told()
		got := fmt.Sprintf("%s\n%d rows of the trail, %s facts done, %d told", r.rows(), atoi(r.One("select count(*) from audit.trail"))-rows, r.One("select count(*) from "+r.room+".inbox"), now-own)
		if outside != others {
			r.Errorf("%s: the outboxes of the others hold %d facts, and held %d", way.name, outside, others)
		}
		if want == "" {
			want = got
		} else if got != want {
			r.Errorf("%s ends in\n%s\nwant\n%s", way.name, got, want)
		}
		if n := r.One("select count(*) from " + r.room + ".dead"); n != "0" {
			r.Errorf("%s: %s dead letters", way.name, n)
		}
	}
}

// complete holds that the facts are of every kind that the room hears of the
// owners, and gives how many kinds that are.
func (r *replay) complete(facts []heard, owners ...string) int {
	r.Helper()
	kinds := map[string]int{}
	for _, x := range facts {
		kinds[x.Type]++
	}
	for name := range r.on {
		if owner, _, _ := strings.Cut(name, "."); kinds[name] == 0 && slices.Contains(owners, owner) {
			r.Errorf("nothing told %s", name)
		}
	}
	return len(kinds)
}

// TestReactionsOfPortal gives portal every kind of fact that it hears, in every
// way in which they can come (issue 2, section 5).
func TestReactionsOfPortal(t *testing.T) {
	r := replays(t, "portal")
	s := &driver{script: r.script}
	for _, state := range []string{"rerouted", "police_only", "case"} {
		s.drives("municipality", state)
		s.drives("police", state)
	}
	d := s.drives("municipality", "received")
	s.as(coordinator).API("DELETE", "/api/concerns/"+string(d.id)+"/access/"+string(d.assignment), nil).Must(200)
	for _, c := range recalled {
		s.does(c.giver, "recall", s.drives(c.by, c.state).id, map[string]any{"reason": sayWhy})
	}
	desk := &desk{driver: s}
	for _, state := range []string{"opening", "analysis", "written", "closing"} {
		desk.works(state)
	}
	w := desk.works("collecting")
	desk.call("bodil", "POST", "/api/requests/{id}/decline", nil, 200, w.asked)
	desk.call(coordinator, "DELETE", "/api/cases/{id}/circle/{member}", nil, 201, w.kase, w.member)
	desk.reopened(desk.works("closed"))
	asks := desk.asksFirst()
	desk.changes(coordinator, "/api/cases/{id}/onward", map[string]any{"authority": "psykiatrien"}, asks.kase)
	desk.call(coordinator, "DELETE", "/api/cases/{id}/onward/{authority}", nil, 200, asks.kase, "psykiatrien")
	desk.emergencies()
	desk.recusals(w)
	s.registersBreach(nil)
	s.prepared(w.kase)
	r.odd()
	for range 3 { // owner, deputy and manager are told that it is late
		s.Advance(25 * time.Hour)
	}
	s.Advance(45 * 24 * time.Hour) // and of what takes longer
	var facts []heard
	for _, owner := range event.Owners() {
		facts = append(facts, r.outbox(owner, "true")...)
	}
	kinds := r.complete(facts, event.Owners()...)
	if n := atoi(r.One("select count(*) from portal.notice")); n < len(facts)/2 {
		t.Errorf("%d notices came of %d facts", n, len(facts))
	}
	rows := r.One("select count(*) from audit.trail")
	r.ends(facts, func() { r.SQL("truncate portal.notice, portal.notice_read") })
	if now := r.One("select count(*) from audit.trail"); now != rows {
		t.Errorf("notices left rows in the trail: %s, were %s", now, rows)
	}
	t.Logf("%d facts of %d kinds in %d ways", len(facts), kinds, len(ways))
}

// recusals are of a colleague, who has somebody instead, in a concern and in its case,
// and lifted; and of both coordinators of the authority, so that nobody is left.
func (d *desk) recusals(w *work) {
	d.Helper()
	instead := d.AsRole("birk", hub.Receiver).Post.Hat.ID
	for route, id := range map[string]hub.ID{"/api/concerns/{id}/recusals": w.id, "/api/cases/{id}/recusals": w.kase} {
		d.call(coordinator, "POST", route, map[string]any{"ground": "1", "hat": d.hat(ssp), "substitute": instead}, 200, id)
		d.call(koegeManager, "POST", route+"/{person}/lift", map[string]any{"reason": d.text(tooClose)}, 200, id, d.as(ssp).Post.Person)
	}
	d.call(coordinator, "POST", "/api/concerns/{id}/recusals", map[string]any{"ground": "2"}, 200, w.id)
	d.call(deputy, "POST", "/api/cases/{id}/recusals", map[string]any{"ground": "5"}, 200, w.kase)
	d.as(coordinator).API("GET", "/api/concerns/"+string(w.id), nil).Must(404) // and tries all the same
	d.Settle()
}

// odd has the trail found odd, and put right again.
func (r *replay) odd() {
	r.Helper()
	const first = `where id = (select rows[1] from audit.leaves order by start limit 1)`
	r.Advance(time.Minute)
	r.SQL(`update audit.trail set hat = hat || ' ' ` + first)
	r.until("a fact", func() bool { return r.One(`select count(*) from audit.odd_told`) != "0" })
	r.SQL(`update audit.trail set hat = rtrim(hat) ` + first)
	r.until("all is well", func() bool { return !strings.Contains(r.Nobody().Get("/readyz").Text(), `"odd"`) })
}

// TestReactionsOfIntake: a subject that turns out to be a child starts the
// clock of every concern about it, from the receipt on, once (L25); becoming an
// adult stops nothing.
func TestReactionsOfIntake(t *testing.T) {
	r := replays(t, "intake")
	subject := r.registers(coordinator, map[string]any{"unknown": true})
	for _, changes := range []map[string]any{nil, {"child": "unknown"}, {"child": "yes"}, {"forward": toPolice}} {
		r.as(coordinator).API("POST", "/api/concerns", concern(subject, changes)).Must(201)
	}
	draft := concern(subject, nil)
	delete(draft, "purpose")
	delete(draft, "legal_basis")
	r.as(coordinator).API("POST", "/api/concerns/drafts", draft).Must(201)
	r.Advance(time.Minute) // birthdays are kept from here on
	r.SQL("create table before as select * from intake.concern")
	r.as(coordinator).API("POST", "/api/subjects/"+string(subject)+"/identify", map[string]any{"birth_date": "2008-11-20"}).Must(200)
	r.as(coordinator).API("POST", "/api/subjects/"+string(subject)+"/identify", map[string]any{"name": "Opdigtet Barn", "protected": true}).Must(200)
	r.Advance(5 * 24 * time.Hour) // the eighteenth birthday
	facts := r.outbox("person", "envelope->>'subject' = '"+string(subject)+"'")
	var bands []string
	for _, x := range facts {
		bands = append(bands, x.fact.(event.SubjectIdentified).AgeBand)
	}
	if want := []string{"unknown", "under_18", "under_18", "18_25"}; !slices.Equal(bands, want) {
		t.Fatalf("the bands told are %v, want %v", bands, want)
	}
	r.ends(facts, func() {
		r.SQL("update intake.concern c set version = b.version, child = b.child, child_due = b.child_due, child_told = b.child_told, step_told = b.step_told from before b where b.id = c.id")
		r.SQL("delete from audit.trail where person = 'system' and object_kind = 'concern'")
		r.SQL("delete from intake.outbox where envelope->>'type' = 'intake.step.overdue.v1'") // of the days that passed
	})
	for _, row := range r.SQL("select state, child, version - (select b.version from before b where b.id = c.id), child_due = received_at + interval '24 hours' from intake.concern c") {
		if row[1] != "yes" {
			t.Errorf("a concern in %s has child %q", row[0], row[1])
		}
		if row[0] != "draft" && row[3] != "t" {
			t.Errorf("the clock of a concern in %s does not run from the receipt", row[0])
		}
		if atoi(row[2]) > 1 {
			t.Errorf("a concern in %s was changed %s times, want once at most", row[0], row[2])
		}
	}
	if n := r.One(`select count(*) from audit.trail t where person = 'system' and act = 'change' and object_kind = 'concern' and fields = '{child,child_due}'
		and object_version = (select version from intake.concern c where c.id = t.object_id)`); n != "4" {
		t.Errorf("%s rows of the trail tell of 4 concerns that were changed", n)
	}
	t.Logf("%d facts in %d ways", len(facts), len(ways))
}

// TestAKnownChild: the clock runs for a child that was known before anything was
// handed in about it, whatever was answered on the form and whether or not the
// fact of it has come (L25).
func TestAKnownChild(t *testing.T) {
	s := begin(t)
	for _, in := range []map[string]any{{"name": "Opdigtet Barn", "no_cpr": true, "birth_date": "2011-05-05"}, {"name": "Opdigtet Yngre", "no_cpr": true, "age_band": "under_18"}} {
		var got done
		s.as(coordinator).API("POST", "/api/concerns", concern(s.registers(coordinator, in), map[string]any{"child": "no"})).Must(201).JSON(&got)
		draft := concern(s.registers(coordinator, map[string]any{"name": in["name"].(string) + " To", "no_cpr": true, "age_band": "under_18"}), nil)
		delete(draft, "purpose")
		delete(draft, "legal_basis")
		var later done
		s.as(coordinator).API("POST", "/api/concerns/drafts", draft).Must(201).JSON(&later)
		for _, answer := range []string{"unknown", "no"} { // and the draft says it to whoever reads it through
			var read struct{ Child string }
			if s.as(coordinator).API("GET", "/api/concerns/"+string(later.ID), nil).Must(200).JSON(&read); read.Child != "yes" {
				t.Errorf("before %q is written the draft of a known child says %q", answer, read.Child)
			}
			draft["child"] = answer
			s.as(coordinator).API("PUT", "/api/concerns/"+string(later.ID)+"/draft", draft).Must(200)
		}
		s.as(coordinator).API("POST", "/api/concerns", map[string]any{"draft": later.ID, "purpose": "prevention", "legal_basis": "GDPR6-1-E"}).Must(200)
		for _, id := range []hub.ID{got.ID, later.ID} {
			if row := s.SQL("select child, child_due = received_at + interval '24 hours' from intake.concern where id = '" + string(id) + "'")[0]; row[0] != "yes" || row[1] != "t" {
				t.Errorf("of a known child the concern says %v", row)
			}
		}
	}
	s.Settle()
	s.holds()
}

// TestReactionsOfIntakeToCases: a concern is kept as long as the case that came
// of it, from each follow-up on, and then as the outcome says (L22); it is closed
// with the case, and opened again with it (S10).
func TestReactionsOfIntakeToCases(t *testing.T) {
	r := replays(t, "intake")
	d := &desk{driver: &driver{script: r.script}}
	var all []*work
	for range 3 {
		all = append(all, d.works("recommended"))
	}
	restore := r.snapshot("id", "intake.concern")
	r.follows(d, all)
	facts := r.outbox("referral", "true")
	kinds := r.complete(facts, "referral")
	r.ends(facts, restore)
	for i, want := range []string{"case", "supported", "case"} {
		row := r.SQL(`select c.retention_rule, c.erase_at = k.erase_at and c.retention_rule = k.retention_rule, c.state, i.state from intake.concern c join access.item i on i.id = c.id join referral.course k on k.concern = c.id where c.id = $1`, string(all[i].id))[0]
		if !strings.Contains(row[0], want) || row[1] != "t" {
			t.Errorf("a concern of a case is kept by %v, want as its case, by %s", row, want)
		}
		if state := []string{"case", "case_closed", "case"}[i]; row[2] != state || row[3] != state {
			t.Errorf("a concern of a case is in %v, want %s", row[2:], state)
		}
	}
	t.Logf("%d facts of %d kinds in %d ways", len(facts), kinds, len(ways))
}

// follows is what the room referral tells of three cases: one is followed up,
// one closed too, one closed and opened again.
func (r *replay) follows(d *desk, all []*work) {
	r.Helper()
	d.brings(all[0], "follow_up")
	d.changes(coordinator, "/api/cases/{id}/followups", with(d.follows(), map[string]any{"next": d.day(60)}), all[0].kase)
	d.brings(all[1], "closed")
	d.reopened(d.brings(all[2], "closed"))
}

// TestReactionsOfAssessment: a triage drafts a case, once, with the circle that
// the structure file proposes; and what the room referral tells of a case moves
// its dates.
func TestReactionsOfAssessment(t *testing.T) {
	r := replays(t, "assessment")
	d := &desk{driver: &driver{script: r.script}}
	var all []*work
	for range 3 {
		all = append(all, d.works("recommended"))
	}
	cases := r.snapshot("id", "assessment.cases", "assessment.request")
	r.SQL("create table public.given as select id from access.assignment where kind = 'request' and ended_at is null union all select id from access.share where kind = 'request' and ended_at is null")
	known := r.One("select string_agg(quote_literal(id), ',') from assessment.cases")
	r.follows(d, all)
	drafted := 0
	for _, by := range []string{"municipality", "police"} {
		for _, outcome := range []string{"case", "case", "unfounded"} {
			d.drives(by, outcome)
			drafted++
		}
	}
	r.Settle()
	facts := append(r.outbox("referral", "true"), r.outbox("intake", "envelope->>'subject' not in (select concern from public.before_assessment_cases)")...)
	kinds := r.complete(facts, "intake", "referral")
	r.ends(facts, func() {
		r.SQL("delete from access.item where kind = 'case' and id not in (" + known + ")")
		cases()
		for _, table := range []string{"assignment", "share"} { // what others than the reactions gave and ended stays as it is
			r.SQL("alter table access." + table + " disable trigger end_once")
			r.SQL("update access." + table + " set ended_by = null, ended_at = null, ended_writer = null where id in (select id from public.given)")
			r.SQL("alter table access." + table + " enable trigger end_once")
		}
		r.SQL("update access.item i set state = q.state from assessment.request q where q.id = i.id")
	})
	if n := r.One("select count(*) from assessment.cases where id not in (" + known + ")"); n != "4" {
		t.Errorf("%s cases were drafted of the 4 that were triaged to one, and 2 that were not", n)
	}
	if n := r.One("select count(*) from access.assignment where item in (select id from assessment.cases where id not in (" + known + "))"); n != "0" {
		t.Errorf("a reaction let %s people in", n)
	}
	if n := r.One("select count(*) from public.given"); n != "9" { // of each case one by name, and one by name and a share
		t.Errorf("%s things were given on the questions of the cases", n)
	}
	if n := r.One("select count(*) from access.assignment a join assessment.request q on q.id = a.item where q.case_id = $1 and a.ended_at is null", string(all[1].kase)); n != "0" {
		t.Errorf("of a closed case %s people are still let into its questions", n)
	}
	for i, want := range []string{"t", "f", "t"} {
		row := r.SQL("select c.closed_at is null, c.next_at = k.next_at, c.erase_at = k.erase_at and c.retention_rule = k.retention_rule from assessment.cases c join referral.course k on k.case_id = c.id where c.id = $1", string(all[i].kase))[0]
		if row[0] != want || row[1] != "t" || row[2] != "t" {
			t.Errorf("case %d is open, comes next and is kept as its course says: %v, want %s t t", i, row, want)
		}
	}
	t.Logf("%d facts of %d kinds in %d ways, %d concerns", len(facts), kinds, len(ways), drafted)
}

// TestReactionsOfReferral: a signed assessment begins the course of its case,
// once, and each version of it takes the last one's place; what nobody knew and
// the tests of the dissents come back as tasks.
func TestReactionsOfReferral(t *testing.T) {
	r := replays(t, "referral")
	d := &desk{driver: &driver{script: r.script}}
	one, two := d.works("written"), d.works("written")
	restore := r.snapshot("case_id", "referral.course")
	tasks := r.snapshot("id", "referral.task")
	d.brings(one, "recommended")
	d.brings(two, "recommended")
	d.call(coordinator, "POST", "/api/cases/{id}/reassess", nil, 200, two.kase)
	again := d.joint(two)
	again["edit"] = 1
	d.call(coordinator, "PUT", "/api/cases/{id}/assessment", again, 200, two.kase)
	d.changes(coordinator, "/api/cases/{id}/inform", map[string]any{"decision": "now"}, two.kase)
	d.signs(two)
	facts := r.outbox("assessment", "true")
	kinds := r.complete(facts, "assessment")
	r.ends(facts, func() { tasks(); restore() })
	for w, want := range map[*work]string{one: "1 3", two: "2 4"} {
		if got := r.One("select c.assessed || ' ' || (select count(*) from referral.task k where k.case_id = c.case_id) from referral.course c where c.case_id = $1", string(w.kase)); got != want {
			t.Errorf("a course has version and tasks %s, want %s", got, want)
		}
	}

	// A case that was closed before any of it was heard is not taken over.
	r.SQL("update access.item set state = 'closed' where id = $1", string(one.kase))
	late := slices.DeleteFunc(slices.Clone(facts), func(x heard) bool { return x.Subject != one.kase })
	r.ends(late, func() {
		r.SQL("delete from referral.task where case_id = $1", string(one.kase))
		r.SQL("delete from referral.course where case_id = $1", string(one.kase))
	})
	if n := r.One("select count(*) from referral.course where case_id = $1", string(one.kase)); n != "0" {
		t.Error("a closed case is taken over")
	}
	t.Logf("%d facts of %d kinds in %d ways", len(facts), kinds, len(ways))
}
