//go:build !race

package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// allowedC is who may do what with a case, its questions, answers and offers in
// which state, by name: state × action × person, written by hand from domain.md
// 2.2 and 2.4. The case is Køge's, of a concern that a teacher reported; liv,
// ellen and ragna of the core group and the receiver ingrid are let in by the
// municipality, knud, oda and ebbe by the police, and by them bodil of the
// psychiatry. What no line names is refused: as a conflict to those who may see the
// state, to everybody else as if there were nothing.
//
// Each line: actions | people | states | answer, 200 if it is left out.
const allowedC = `
open | gudrun viggo | opening
open | thorkild freja | confirmed
open | gudrun viggo | confirmed | 409
uninvite | gudrun viggo thorkild freja | collecting analysis assessment recommended follow_up closing
invite | gudrun viggo thorkild freja | collecting analysis assessment
ask | gudrun viggo thorkild freja | collecting analysis assessment
convene | gudrun viggo thorkild freja | collecting analysis
hold | gudrun viggo thorkild freja | analysis
draft inform sign | gudrun viggo thorkild freja | assessment
dissent | gudrun viggo thorkild freja liv ellen ragna knud oda ebbe bodil | assessment
reassess | gudrun viggo thorkild freja | recommended follow_up
recommend consent | gudrun viggo thorkild freja | recommended follow_up
follow | gudrun viggo thorkild freja | recommended follow_up
unconsent | gudrun viggo thorkild freja | collecting analysis assessment | 404
unconsent | gudrun viggo thorkild freja | recommended follow_up closing
close | gudrun viggo thorkild freja | collecting analysis assessment recommended follow_up closing
resume | gudrun viggo thorkild freja | closing
reopen | gudrun viggo thorkild freja | closed
take_back | gudrun viggo | confirmed collecting analysis assessment recommended follow_up closing
take_back | gudrun viggo | opening | 409

read course | gudrun viggo | opening confirmed collecting analysis assessment recommended follow_up closing closed
read course | thorkild freja | confirmed collecting analysis assessment recommended follow_up closing closed
read course | liv ellen ragna knud oda ebbe bodil ingrid | collecting analysis assessment recommended follow_up closing
assessment | gudrun viggo thorkild freja | assessment recommended follow_up closing
assessment | liv ellen ragna knud oda ebbe bodil ingrid | assessment

answer | tage | asked
decline | tage | asked
retract | gudrun viggo | asked
question | gudrun viggo | asked settled retracted asked_shut settled_shut
question | tage | asked settled
answer decline | bodil | asked_away
retract | thorkild freja | asked_away
question | thorkild freja bodil | asked_away
answer decline | thorkild freja | asked_police
retract | gudrun viggo | asked_police
question | gudrun viggo thorkild freja | asked_police
withdraw | gudrun viggo tage | released

send | gudrun viggo | draft
cancel | gudrun viggo | draft offered taken_up
take_up turn_down | tage | offered
progress end | gudrun viggo tage | taken_up
offer | gudrun viggo | draft offered taken_up over shut
offer | tage | offered taken_up
send | thorkild freja | draft_away
cancel | thorkild freja | draft_away offered_away taken_up_away
take_up turn_down | bodil | offered_away
progress end | thorkild freja bodil | taken_up_away
offer | thorkild freja | draft_away offered_away taken_up_away
offer | bodil | offered_away taken_up_away
preview | gudrun viggo | draft offered taken_up over
preview | thorkild freja | draft_away offered_away taken_up_away
end | gudrun viggo | handed | 409
end | tage | handed
cancel offer preview | gudrun viggo | handed
offer | tage | handed
`

// seesC is who may see the state, and so is told of a conflict, by what it is.
var seesC = map[string]map[string]string{
	"case": {"gudrun viggo": "opening confirmed collecting analysis assessment recommended follow_up closing", "thorkild freja": "confirmed collecting analysis assessment recommended follow_up closing",
		"liv ellen ragna knud oda ebbe bodil ingrid": "collecting analysis assessment recommended follow_up closing"},
	"question": {"gudrun viggo tage": "asked settled", "gudrun viggo": "retracted asked_police", "thorkild freja bodil": "asked_away", "thorkild freja": "asked_police"},
	"answer":   {"gudrun viggo tage": "released withdrawn", "thorkild freja": "released"},
	"offer": {"gudrun viggo": "draft offered taken_up handed over", "tage": "offered taken_up handed", "thorkild freja": "draft_away offered_away taken_up_away",
		"bodil": "offered_away taken_up_away"},
}

// readsC are the questions that only read.
const readsC = "read course assessment question offer preview"

// asksC is what every kind of thing is asked in every state.
var asksC = map[string]string{"case": "read course assessment " + caseActions, "question": "question " + queryActions, "answer": "withdraw", "offer": "offer preview " + helpActions}

// tableC is allowedC taken apart: "action person state" to answer.
func tableC(t *testing.T) map[string]int {
	all := map[string]int{}
	for line := range strings.SplitSeq(strings.TrimSpace(allowedC), "\n") {
		if line == "" {
			continue
		}
		parts := strings.Split(line, "|")
		status := 200
		if len(parts) == 4 {
			fmt.Sscan(parts[3], &status)
		}
		for _, action := range strings.Fields(parts[0]) {
			for _, who := range strings.Fields(parts[1]) {
				for _, state := range strings.Fields(parts[2]) {
					key := action + " " + who + " " + state
					if all[key] != 0 {
						t.Fatalf("%s is in the table twice", key)
					}
					all[key] = status
				}
			}
		}
	}
	return all
}

// stepsC is what can be done with a thing in its state, by the table of the model.
func stepsC(kind, state string) string {
	state, _, _ = strings.Cut(state, "_away")
	switch {
	case kind == "question":
		return querySteps[strings.TrimSuffix(state, "_police")]
	case kind == "answer":
		return saidSteps[state]
	case state == "handed":
		return handSteps["taken_up"]
	case state == "draft":
		return helpSteps["offer_draft"]
	case kind == "offer":
		return helpSteps[state]
	case state == "confirmed":
		return caseSteps["opening"]
	}
	return caseSteps[state]
}

// trial is a case in a state, or something that hangs on it, to be asked of.
type trial struct {
	*desk
	*work
	kind, state string
	id          hub.ID // of the thing
	seats       map[string]hub.ID
	consents    []hub.ID
	fresh       func() hub.ID // another thing in the same state
	meetings    int
}

// guestOf is whom each of the coordinators let in, and may let out again.
func guestOf(login string) string {
	if g := map[string]string{"viggo": "ragna", "thorkild": "oda", "freja": "ebbe"}[login]; g != "" {
		return g
	}
	return "ellen"
}

func (at *trial) invitation(login string) map[string]any {
	in := map[string]any{"hat": at.hat(login), "reason": sayWhy, "until": at.day(30)}
	if login == "bodil" {
		in = with(at.basis("RPL115-1-2", because), in)
	}
	return in
}

// tries brings a new case into a state, with everybody at the table.
func (d *desk) tries(state string) *trial {
	d.Helper()
	at := &trial{desk: d, kind: "case", state: state, seats: map[string]hub.ID{}}
	if among("opening confirmed", state) {
		at.work = d.works(state)
		at.id = at.kase
		return at
	}
	at.work = d.works("collecting")
	at.id = at.kase
	for login, guests := range map[string]string{"gudrun": "ingrid ellen ragna", "thorkild": "knud oda ebbe bodil"} {
		for guest := range strings.FieldsSeq(guests) {
			at.seats[guest] = d.makes(login, "/api/cases/{id}/circle", at.invitation(guest), at.kase)
		}
	}
	to := state
	if state == "assessment" {
		to = "written"
	}
	if state == "closing" {
		d.brings(at.work, "follow_up")
		for range 4 {
			at.consents = append(at.consents, d.makes(coordinator, "/api/cases/{id}/consents", d.consents(), at.kase))
		}
	}
	d.brings(at.work, to)
	return at
}

// asks asks for an action as somebody, with good input.
func (at *trial) asks(a *actor, action string) int {
	at.Helper()
	k, o := "/api/cases/"+string(at.kase), "/api/offers/"+string(at.id)
	ask := func(method, path string, in any) int {
		status := a.API(method, path, in).Status
		if status == 201 {
			status = 200
		}
		return status
	}
	police := a.kind == hub.Police
	switch action {
	case "read":
		return ask("GET", k, nil)
	case "course":
		return ask("GET", k+"/course", nil)
	case "assessment":
		return ask("GET", k+"/assessment", nil)
	case "open":
		return ask("POST", k+"/open", with(at.basis("RPL115-2", because), map[string]any{"members": []hub.ID{}, "reason": sayWhy}))
	case "invite":
		return ask("POST", k+"/circle", at.invitation(guestOf(a.Login)))
	case "uninvite":
		seat := at.seats[guestOf(a.Login)]
		if seat == "" {
			seat = hub.NewID()
		}
		return ask("DELETE", k+"/circle/"+string(seat), nil)
	case "ask":
		return ask("POST", k+"/requests", at.desk.asks(map[bool]string{true: "knud", false: "tage"}[police]))
	case "convene":
		return ask("POST", k+"/meeting", at.when())
	case "hold":
		return ask("POST", k+"/meeting/held", map[string]any{"attendance": []hub.ID{}, "no_note": "postponed"})
	case "draft":
		return ask("PUT", k+"/assessment", with(at.joint(at.work), map[string]any{"edit": at.edit()}))
	case "dissent":
		return ask("POST", k+"/dissents", at.dissents())
	case "inform":
		return ask("POST", k+"/inform", map[string]any{"decision": "now"})
	case "sign":
		return ask("POST", k+"/sign", map[string]any{"content": at.One("select coalesce((select encode(content, 'hex') from assessment.assessment where case_id = $1 order by version desc limit 1), repeat('00', 32))", string(at.kase))})
	case "reassess", "resume":
		return ask("POST", k+"/"+action, nil)
	case "recommend":
		return ask("POST", k+"/offers", at.offers(map[bool]string{true: "knud", false: "tage"}[police]))
	case "consent":
		return ask("POST", k+"/consents", at.desk.consents())
	case "unconsent":
		id := hub.NewID()
		if len(at.consents) > 0 {
			id = at.consents[len(at.consents)-1]
		}
		return ask("POST", k+"/consents/"+string(id)+"/withdraw", nil)
	case "follow":
		return ask("POST", k+"/followups", at.follows())
	case "close":
		in := at.ends()
		if police && at.state == "closing" { // a proposal of its own
			in["reason"] = "moved"
		}
		return ask("POST", k+"/close", in)
	case "reopen":
		return ask("POST", k+"/reopen", at.reopens(a.Login))
	case "take_back":
		return ask("POST", k+"/take-back", map[string]any{"reason": sayWhy})
	case "question":
		return ask("GET", "/api/requests/"+string(at.id), nil)
	case "answer":
		return ask("POST", "/api/requests/"+string(at.id)+"/answer", map[string]any{"grade": 0})
	case "decline":
		return ask("POST", "/api/requests/"+string(at.id)+"/decline", nil)
	case "retract":
		return ask("DELETE", "/api/requests/"+string(at.id), nil)
	case "withdraw":
		return ask("DELETE", "/api/answers/"+string(at.id), nil)
	case "offer":
		return ask("GET", o, nil)
	case "preview":
		return ask("GET", o+"/preview", nil)
	case "send":
		return ask("POST", o+"/send", at.basis("RPL115-1-2", because))
	case "take_up":
		return ask("POST", o+"/answer", map[string]any{"answer": "taken_up"})
	case "turn_down":
		return ask("POST", o+"/answer", map[string]any{"answer": "not_taken_up"})
	case "cancel":
		return ask("POST", o+"/withdraw", nil)
	case "progress":
		return ask("POST", o+"/progress", at.progresses())
	case "end":
		if at.state == "handed" {
			return ask("POST", o+"/end", map[string]any{})
		}
		return ask("POST", o+"/end", map[string]any{"outcome": "completed"})
	}
	at.Fatalf("nobody asks to %s", action)
	return 0
}

// when is a time at which the case was not discussed yet.
func (at *trial) when() map[string]any {
	at.meetings++
	return map[string]any{"date": at.day(0), "time": fmt.Sprintf("0%d:%02d", at.meetings/60, at.meetings%60)}
}

func (at *trial) edit() int {
	return atoi(at.One("select coalesce((select edit from assessment.assessment where case_id = $1 and state <> 'signed' order by version desc limit 1), 0)", string(at.kase)))
}

// readies makes ready what an action needs that is allowed.
func (at *trial) readies(action string) {
	at.Helper()
	switch {
	case at.kind != "case":
		at.id = at.fresh()
	case action == "unconsent" && at.state != "closing":
		at.consents = append(at.consents, at.makes(coordinator, "/api/cases/{id}/consents", at.desk.consents(), at.kase))
	case action == "sign": // over a content that nobody has signed
		at.rewrites()
	}
}

func (at *trial) rewrites() {
	at.Helper()
	at.call(coordinator, "PUT", "/api/cases/{id}/assessment", with(at.joint(at.work), map[string]any{"edit": at.edit()}), 200, at.kase)
	at.changes(coordinator, "/api/cases/{id}/inform", map[string]any{"decision": "now"}, at.kase)
}

// returns brings the case back to where it was before an action.
func (at *trial) returns(action, login string) {
	at.Helper()
	if at.kind != "case" {
		return
	}
	id, posts := at.kase, func(route string, in any) { at.Helper(); at.call(coordinator, "POST", route, in, 200, at.kase) }
	switch action {
	case "unconsent":
		at.consents = at.consents[:len(at.consents)-1]
	case "hold": // it was postponed
		at.makes(coordinator, "/api/cases/{id}/meeting", at.when(), id)
	case "reopen": // another agrees
		if at.One("select state from access.item where id = $1", string(id)) == "closed" {
			other := coordinator
			if at.as(login).Post.Authority == at.as(coordinator).Post.Authority { // her deputy is not another (A047)
				other = policeMan
			}
			at.changes(other, "/api/cases/{id}/reopen", at.reopens(other), id)
		}
	}
	for {
		at.Settle()
		is := at.One("select state from access.item where id = $1", string(id))
		switch {
		case is == at.state:
			return
		case is == "closing" && at.state == "closed":
			at.agrees(at.work)
		case at.state == "closed":
			at.closes(at.work)
		case is == "closing":
			posts("/api/cases/{id}/resume", nil)
		case is == "analysis":
			at.makes(coordinator, "/api/cases/{id}/requests", at.desk.asks("tage"), id)
		case is == "collecting":
			at.makes(coordinator, "/api/cases/{id}/meeting", at.when(), id)
		case is == "assessment":
			at.rewrites()
			at.signs(at.work)
		case is == "recommended":
			at.changes(coordinator, "/api/cases/{id}/followups", at.follows(), id)
		case is == "follow_up" && at.state == "closing":
			at.closes(at.work)
		case is == "follow_up":
			posts("/api/cases/{id}/reassess", nil)
		default:
			at.Fatalf("no way back from %s to %s", is, at.state)
		}
	}
}

// fingerprintC is everything that a refused command must leave as it was.
func (at *trial) fingerprintC() string {
	id := string(at.kase)
	return fmt.Sprint(at.SQL("select c.*, i.* from assessment.cases c join access.item i on i.id = c.id where c.id = $1", id), at.SQL("select * from referral.course where case_id = $1", id),
		at.SQL("select * from assessment.member where case_id = $1 order by id", id), at.SQL("select q.*, i.state from assessment.request q join access.item i using (id) where case_id = $1 order by id", id),
		at.SQL("select o.*, i.state from referral.offer o join access.item i using (id) where case_id = $1 order by id", id), at.SQL("select * from referral.consent where case_id = $1 order by id", id),
		at.SQL("select * from assessment.assessment where case_id = $1 order by version", id), at.SQL("select * from assessment.signature where case_id = $1 order by at, person", id),
		at.SQL("select count(*) from assessment.step where case_id = $1 union all select count(*) from referral.step where case_id = $1", id),
		at.SQL("select a.* from access.assignment a join access.item i on i.id = a.item where i.about = $1 order by a.id", string(at.subject)),
		at.SQL("select h.* from access.share h join access.item i on i.id = h.item where i.about = $1 order by h.id", string(at.subject)),
		at.SQL("select count(*) from assessment.outbox where envelope->'data'->>'case' = $1 union all select count(*) from referral.outbox where envelope->'data'->>'case' = $1", id))
}

// things are trials of what hangs on a case, in each of its states.
func (d *desk) things() (all []*trial) {
	d.Helper()
	early, late := d.tries("collecting"), d.tries("follow_up")
	add := func(of *trial, kind, state string, fresh func() hub.ID) {
		all = append(all, &trial{desk: d, work: of.work, kind: kind, state: state, fresh: fresh, id: fresh()})
	}
	asks := func(by, of string, more map[string]any) func() hub.ID {
		return func() hub.ID { return d.makes(by, "/api/cases/{id}/requests", with(d.asks(of), more), early.kase) }
	}
	own := asks(coordinator, "tage", nil)
	settles := func() hub.ID {
		q := own()
		d.changes("tage", "/api/requests/{id}/answer", d.answers(2), q)
		return q
	}
	add(early, "question", "asked", own)
	add(early, "question", "settled", settles)
	add(early, "question", "retracted", func() hub.ID {
		q := own()
		d.call(coordinator, "DELETE", "/api/requests/{id}", nil, 200, q)
		return q
	})
	add(early, "question", "asked_away", asks(policeMan, "bodil", d.basis("RPL115-1-2", because)))
	add(early, "question", "asked_police", asks(coordinator, policeMan, with(d.basis("RPL115-2", because), map[string]any{"hats": []hub.ID{}})))
	released := func() hub.ID {
		return hub.ID(d.One("select answer from assessment.request where id = $1", string(settles())))
	}
	add(early, "answer", "released", released)
	add(early, "answer", "withdrawn", func() hub.ID {
		a := released()
		d.call("tage", "DELETE", "/api/answers/{id}", nil, 200, a)
		return a
	})
	drafts := func(by, to string) func() hub.ID {
		return func() hub.ID { return d.makes(by, "/api/cases/{id}/offers", d.offers(to), late.kase) }
	}
	then := func(before func() hub.ID, by, route string, in any) func() hub.ID {
		return func() hub.ID {
			o := before()
			d.call(by, "POST", route, in, 200, o)
			return o
		}
	}
	for _, at := range []struct{ by, to, suffix string }{{coordinator, "tage", ""}, {policeMan, "bodil", "_away"}} {
		draft := drafts(at.by, at.to)
		sent := then(draft, at.by, "/api/offers/{id}/send", d.basis("RPL115-1-2", because))
		add(late, "offer", "draft"+at.suffix, draft)
		add(late, "offer", "offered"+at.suffix, sent)
		add(late, "offer", "taken_up"+at.suffix, then(sent, at.to, "/api/offers/{id}/answer", d.takes()))
		if at.suffix == "" {
			add(late, "offer", "over", then(sent, at.by, "/api/offers/{id}/withdraw", nil))
		}
	}
	kase, handed := d.handsOver()
	again := func() hub.ID {
		if o := handed; o != "" {
			handed = ""
			return o
		}
		o := d.makes(coordinator, "/api/cases/{id}/offers", with(d.offers("tage"), map[string]any{"measure": "statutory_notification", "preview": nil}), kase)
		d.changes(coordinator, "/api/offers/{id}/send", map[string]any{}, o)
		return o
	}
	shut := d.tries("collecting") // a closed case: of what was in it is seen that it was, and nothing is done with it (S10)
	asked := d.makes(coordinator, "/api/cases/{id}/requests", d.asks("tage"), shut.kase)
	told := d.makes(coordinator, "/api/cases/{id}/requests", d.asks("tage"), shut.kase)
	d.changes("tage", "/api/requests/{id}/answer", d.answers(2), told)
	d.brings(shut.work, "closed")
	one := func(sql string, id hub.ID) func() hub.ID {
		return func() hub.ID { return hub.ID(d.One(sql, string(id))) }
	}
	add(shut, "question", "asked_shut", func() hub.ID { return asked })
	add(shut, "question", "settled_shut", func() hub.ID { return told })
	add(shut, "answer", "shut", one("select answer from assessment.request where id = $1", told))
	add(shut, "offer", "shut", one("select min(id) from referral.offer where case_id = $1", shut.kase))
	child := &trial{work: &work{kase: kase, driven: driven{subject: hub.ID(d.One("select subject from assessment.cases where id = $1", string(kase)))}}}
	add(child, "offer", "handed", again)
	return all
}

// TestVolumeTriplesOfCases asks every command and read of the API on a case, its
// questions, answers and offers, in every state, as everybody in the demo world
// in each of their hats, and holds the answer against the table (issue 3): all that
// the table allows, and of what it refuses a quarter, in a deep run everything. A051.
func TestVolumeTriplesOfCases(t *testing.T) {
	var mu sync.Mutex
	table := tableC(t)
	left, asked, done := tableC(t), 0, 0
	try := func(at *trial, people []*actor) {
		spans.reset()
		before := at.fingerprintC()
		type step struct {
			a      *actor
			action string
		}
		var does []step
		for _, action := range strings.Fields(asksC[at.kind]) {
			read := among(readsC, action)
			for _, a := range people {
				key := action + " " + a.Login + " " + at.state
				want := table[key]
				if a.Login == "birk" {
					want = 0
				}
				mu.Lock()
				delete(left, key)
				mu.Unlock()
				if table[key] == 0 && !picks(8, key) {
					continue
				}
				mu.Lock()
				asked++
				mu.Unlock()
				if want == 200 && !read {
					does = append(does, step{a, action})
					continue
				}
				if want == 0 {
					want = 404
					for who, states := range seesC[at.kind] {
						if among(who, a.Login) && among(states, at.state) && !read && !among(stepsC(at.kind, at.state), action) {
							want = 409
						}
					}
				}
				if status := at.asks(a, action); status != want {
					at.Errorf("in %s %s %ss the %s: %d, want %d", at.state, a, action, at.kind, status, want)
				}
			}
		}
		if after := at.fingerprintC(); after != before {
			at.Errorf("the refusals changed the %s in %s:\n%s\n%s", at.kind, at.state, before, after)
		}
		for _, action := range strings.Fields("uninvite " + asksC[at.kind]) { // out before in
			for _, s := range does {
				if s.action != action {
					continue
				}
				one := at
				if among("open take_back", action) { // from which there is no way back
					one = at.tries(at.state)
				}
				one.readies(action)
				if status := one.asks(s.a, action); status != 200 {
					at.Errorf("in %s %s %ss the %s: %d, want 200", at.state, s.a, action, at.kind, status)
				} else if !among("open take_back", action) {
					one.returns(action, s.a.Login)
				}
				mu.Lock()
				done++
				mu.Unlock()
			}
			if action == "uninvite" {
				does = slices.DeleteFunc(does, func(s step) bool { return s.action == action })
			}
		}
	}
	t.Run("each", func(t *testing.T) {
		for _, states := range []string{"opening confirmed collecting analysis assessment", "recommended follow_up closing closed", "things"} {
			t.Run(states, func(t *testing.T) {
				t.Parallel()
				d := &desk{driver: &driver{script: begin(t)}}
				people := d.everybody()
				if states == "things" {
					for _, at := range d.things() {
						try(at, people)
					}
				} else {
					for state := range strings.FieldsSeq(states) {
						try(d.tries(state), people)
					}
				}
				d.Settle()
				d.holds()
				d.holdsCases()
			})
		}
	})
	if t.Failed() {
		return
	}
	for key := range left {
		t.Errorf("the table has %q, which was never asked", key)
	}
	t.Logf("%d triples of state, action and person asked: %d commands done, the others refused", asked, done)
}
