//go:build !race

package referral

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
)

// TestClosingTakesTwo: the first coordinator's closing is a proposal; the other
// party's, for the same reason, closes. Another reason is a proposal of its own.
func TestClosingTakesTwo(t *testing.T) {
	w := run(t)
	id := w.signed()
	at := "/api/cases/" + string(id)
	w.post(gudrun, at+"/close", m{"reason": "boredom", "informed": "yes"}, 400)
	w.is(w.state(id), "recommended", "after a refusal")
	w.post(gudrun, at+"/close", closing("moved"), 200)
	w.is(w.state(id), "closing", "the case")
	w.post(viggo, at+"/close", closing("moved"), 200) // the same party
	w.is(w.state(id), "closing", "after two of one party")
	lower := closing("risk_reduced")
	lower["level_at_close"] = "attention"
	w.post(thorkild, at+"/close", lower, 200)
	w.is(w.state(id), "closing", "after two reasons")
	if v := w.course(gudrun, id); len(v.Closing) != 3 || v.Closing[2].Reason != "risk_reduced" || v.Closing[2].Level != "attention" || v.Closing[0].Level != "" || v.Closing[0].AfterCare == "" {
		t.Errorf("she sees %+v", v.Closing)
	}
	w.post(gudrun, at+"/close", closing("risk_reduced"), 200)
	w.is(w.state(id), "closed", "when both agree")
	w.Settle()
	facts := w.told("referral.closing.proposed.v1")
	w.is(len(facts), 3, "proposals told")
	w.is(facts[0].(event.ClosingProposed).Authority, hub.AuthorityID("mvs-politi"), "whose turn it is")
	closed := w.told("referral.case.closed.v1")[0].(event.CaseClosed)
	if closed.Error || closed.RetentionRule != "supported" || closed.Subject == "" || closed.Concern == "" || !closed.EraseAt.After(w.Now()) {
		t.Errorf("told %+v", closed)
	}
	for _, nobody := range []string{tage, liv, sigrid, rune, jytte} {
		w.post(nobody, at+"/close", closing("moved"), 404)
	}
	w.post(gudrun, at+"/close", closing("moved"), 404) // of a closed case not even the state is told
}

// TestClosingTakesTwoIdentities: one person with a hat at each party is one
// person. A047 in part: of closing a case.
func TestClosingTakesTwoIdentities(t *testing.T) {
	w := runWith(t, twoHats())
	id := w.signed()
	at := "/api/cases/" + string(id)
	w.post(gudrun, at+"/close", closing("moved"), 200)
	both := w.AsRole(gudrun, hub.PoliceCoordinator)
	both.API("POST", at+"/close", closing("moved")).Must(200)
	w.is(w.state(id), "closing", "closed by one identity under two accounts")
	w.post(thorkild, at+"/close", closing("moved"), 200)
	w.is(w.state(id), "closed", "closed by two")
	again := m{"reason": "Ny bekymring om det samme, som skal ses på."}
	both.API("POST", at+"/reopen", again).Must(200)
	ground := basis("RPL115-2")
	ground["reason"] = again["reason"]
	w.post(gudrun, at+"/reopen", ground, 409)
	w.is(w.state(id), "closed", "reopened by one identity under two accounts")
	w.post(viggo, at+"/reopen", ground, 200)
	w.is(w.state(id), "assessment", "reopened by two")
}

// TestClosingEndsEverything: assignments, shares and offers, on the case, its
// answers and what was offered, in the closing's own commit; everybody who had a
// share is told, and the parties keep the reference.
func TestClosingEndsEverything(t *testing.T) {
	w := run(t)
	id, subject := w.signedFor("18_25")
	answer := w.id()
	w.SQL(`insert into access.item (id, kind, about, controller, received_by, state, part_of) values ($1, 'answer', $2, 'mvs-politi', 'police', 'released', $3)`, string(answer), string(subject), string(id))
	w.share("answer", answer, subject, "mvs-politi", "psykiatrien", "answer,answer_status")
	question := w.id()
	w.SQL(`insert into access.item (id, kind, about, controller, received_by, state, came_of) values ($1, 'request', $2, 'mvs-politi', 'police', 'settled', $3)`, string(question), string(subject), string(id))
	w.share("request", question, subject, "mvs-politi", "psykiatrien", "question,request_status")
	w.share("case", id, subject, "mvs-politi", "kriminalforsorgen", "case_status,identity")
	w.SQL(`insert into access.assignment (id, kind, item, person, authority, role, why, from_at, until_at, by_person, by_hat) values ('a', 'case', $1, $2, (select authority from access.hat where person = $2), (select role from access.hat where person = $2), 'invited', '2026-01-01', '9999-12-31', 'p', 'h'),
		('b', 'request', $3, $2, (select authority from access.hat where person = $2), (select role from access.hat where person = $2), 'asked', '2026-01-01', '9999-12-31', 'p', 'h')`, string(id), string(w.As(liv).Post.Person), string(question))
	sent := w.sends(gudrun, id, offerTo("koege", "velfaerd", "mentor"), none)
	taken := w.sends(gudrun, id, offerTo("mvs-politi", "", "concern_talk"), basis("RPL115-2"))
	w.does(thorkild, taken, "answer", m{"answer": "taken_up"})
	draft := w.drafts(gudrun, id, offerTo("koege", "velfaerd", "mentor"))

	w.closes(id, "risk_reduced")
	w.is(w.state(sent)+" "+w.state(taken)+" "+w.state(draft), "offer_closed offer_closed offer_closed", "the offers")
	for _, o := range []hub.ID{sent, taken, draft} { // that it was, and nothing of what it was (S10)
		if v := w.sees(gudrun, o); v == nil || v.Preview+v.Task+string(v.Subject) != "" || slices.Contains(v.Fields, "state") || len(v.Actions) > 0 {
			t.Errorf("after the closing who made an offer sees %+v", v)
		}
	}
	w.is(w.given(id)+", "+w.given(answer)+", "+w.given(question)+", "+w.given(sent)+", "+w.given(taken), "0 and 1, 0 and 0, 0 and 0, 0 and 0, 0 and 0", "given")
	for _, nobody := range []string{tage, liv, jytte} {
		if a := w.As(nobody).API("GET", "/api/cases/"+string(id)+"/course", nil); a.Status != 404 {
			t.Errorf("%s sees the closed case: %s", nobody, a.Body)
		}
	}
	for _, party := range []string{gudrun, thorkild} {
		v := w.course(party, id)
		if v.State != "" || v.Subject != "" || len(v.Offers)+len(v.FollowUps)+len(v.Closing) > 0 || !slices.Equal(v.Actions, []Action{Reopen}) {
			t.Errorf("%s sees of a closed case %+v", party, v)
		}
	}
	var had []string
	for _, f := range w.told("referral.referral.withdrawn.v1") {
		f := f.(event.ReferralWithdrawn)
		had = append(had, string(f.Authority)+" "+f.Why)
	}
	if !slices.Equal(had, []string{"koege closed", "kriminalforsorgen closed", "mvs-politi closed", "psykiatrien closed"}) {
		t.Errorf("told are %q", had)
	}
	f := w.told("referral.case.closed.v1")[0].(event.CaseClosed)
	w.is(f.RetentionRule, "supported", "help was taken up")
	w.out("closed", "koege "+liv, "koege sofus", "koege "+tage, "kriminalforsorgen ", "mvs-politi ", "psykiatrien ")
}

// out holds who was told that what they had of a case ended: an authority with
// somebody by name, or nobody.
func (w *world) out(why string, want ...string) {
	w.t.Helper()
	var got []string
	for _, f := range w.told("referral.access.ended.v1") {
		f := f.(event.AccessEnded)
		who := ""
		for _, login := range []string{gudrun, thorkild, tage, "sofus", liv, jytte} {
			if w.As(login).Post.Person == f.Person {
				who = login
			}
		}
		w.is(f.Why, why, "why")
		got = append(got, string(f.Authority)+" "+who)
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		w.t.Errorf("told that it ended are %q, want %q", got, want)
	}
}

// TestWhoHadItIsTold: a closing tells each by name whom it lets out, once, and
// managers where an authority had a share and nobody there by name; with no
// reference, and no link.
func TestWhoHadItIsTold(t *testing.T) {
	w := run(t)
	id, subject := w.signedFor("under_18")
	w.share("case", id, subject, "mvs-politi", "psykiatrien", "case_status,identity")
	w.share("case", id, subject, "mvs-politi", "kriminalforsorgen", "case_status,identity")
	for _, who := range []string{liv, jytte, gudrun} {
		w.SQL(`insert into access.assignment (id, kind, item, person, authority, role, why, from_at, until_at, by_person, by_hat) values ($3, 'case', $1, $2, (select authority from access.hat where person = $2), (select role from access.hat where person = $2), 'invited', '2026-01-01', '9999-12-31', 'p', 'h')`,
			string(id), string(w.As(who).Post.Person), "of-"+who)
	}
	w.sends(gudrun, id, offerTo("koege", "velfaerd", "concern_talk"), none)
	w.closes(id, "error")
	w.Settle()
	w.out("error", "koege "+gudrun, "koege "+liv, "koege sofus", "koege "+tage, "kriminalforsorgen "+jytte, "mvs-politi ", "psykiatrien ")
	var got []string
	for _, row := range w.SQL(`select word, authority, role, person, concern from portal.notice where word like 'withdrawn%' order by 2, 3, 4`) {
		for _, login := range []string{tage, "sofus", liv, jytte} {
			row[3] = strings.ReplaceAll(row[3], string(w.As(login).Post.Person), login)
		}
		got = append(got, strings.Join(row, " "))
	}
	slices.Sort(got)
	if want := []string{"withdrawn_error koege municipal_coordinator  ", "withdrawn_error mvs-politi police_coordinator  ", "withdrawn_error psykiatrien manager  ",
		"withdrawn_you_error koege  liv ", "withdrawn_you_error koege  sofus ", "withdrawn_you_error koege  tage ", "withdrawn_you_error kriminalforsorgen  jytte "}; !slices.Equal(got, want) {
		t.Errorf("the notices are %q", got)
	}
	if text := w.As(liv).Get("/").Must(200).Text(); !strings.Contains(text, "Sagen skulle ikke have været oprettet.") || strings.Contains(text, "/cases/"+string(id)) {
		t.Errorf("she reads %s", text)
	}
}

// TestErrorTellsEveryRecipient: a case that was an error is withdrawn from all,
// the other party included, and each is told at once (L24b).
func TestErrorTellsEveryRecipient(t *testing.T) {
	w := run(t)
	id, subject := w.signedFor("under_18")
	w.share("case", id, subject, "mvs-politi", "kriminalforsorgen", "case_status,identity")
	in := offerTo("koege", "boern-uddannelse", "statutory_notification")
	delete(in, "preview")
	handed := w.sends(gudrun, id, in, none)
	w.closes(id, "error")
	w.is(w.given(id), "0 and 0", "given")
	w.is(w.state(handed), "offer_closed", "what was handed over in error")
	if a := w.As(thorkild).API("GET", "/api/cases/"+string(id)+"/course", nil); a.Status != 404 {
		t.Errorf("the police see %s", a.Body)
	}
	var had []string
	for _, f := range w.told("referral.referral.withdrawn.v1") {
		f := f.(event.ReferralWithdrawn)
		had = append(had, string(f.Authority)+" "+f.Why)
	}
	if !slices.Equal(had, []string{"koege error", "kriminalforsorgen error", "mvs-politi error"}) {
		t.Errorf("told are %q", had)
	}
	f := w.told("referral.case.closed.v1")[0].(event.CaseClosed)
	if !f.Error || f.RetentionRule != "error" || f.EraseAt.After(w.Now().AddDate(0, 0, 2)) {
		t.Errorf("told %+v", f)
	}
	ground := basis("RPL115-2")
	ground["reason"] = "Sagen skal bruges igen, fordi der er kommet nyt."
	w.post(gudrun, "/api/cases/"+string(id)+"/reopen", ground, 409)
}

// TestTakingBack: whoever of the municipality leads the case ends what it gave in one
// commit, in every state and without the police: they, and everybody else, have
// nothing from then on, are told that it was taken back (L24b), and the reason is in
// the trail. It is no error: what is closed is kept as such, and a child is not lost. Nobody
// else can, and nothing is taken back that was not given.
func TestTakingBack(t *testing.T) {
	w := run(t)
	why := m{"reason": "Sagen blev delt på et grundlag, som ikke holder."}
	for _, state := range []string{"opening", "collecting", "analysis", "assessment", "recommended", "follow_up", "closing"} {
		id, _ := w.bare(state, "18_25")
		at := "/api/cases/" + string(id)
		w.post(thorkild, at+"/take-back", why, 404)
		w.post(tage, at+"/take-back", why, 404)
		w.post(gudrun, at+"/take-back", m{"reason": "Fordi."}, 400)
		w.is(w.state(id)+", "+w.given(id), state+", 0 and 1", "after the refusals")
		if html, err := w.mark("doable", viggo, "da", id); err != nil || !strings.Contains(html, "/cases/"+string(id)+"/take-back") {
			t.Errorf("in %s the deputy can do %q, %v", state, html, err)
		}
		w.post(viggo, at+"/take-back", why, 200)
		w.is(w.state(id)+", "+w.given(id), "closed, 0 and 0", "taken back in "+state)
		if a := w.As(thorkild).API("GET", at+"/course", nil); a.Status != 404 {
			t.Errorf("of what was taken back in %s the police see %s", state, a.Body)
		}
		w.post(viggo, at+"/take-back", why, 404)
		if html, err := w.mark("doable", viggo, "da", id); err != nil || strings.Contains(html, "/reopen") || strings.Contains(string(w.As(viggo).API("GET", at+"/course", nil).Body), `"reopen"`) {
			t.Errorf("what was taken back in %s is offered to be opened again: %q, %v", state, html, err)
		}
		w.is(w.One(`select count(*) from audit.trail where object_id = $1 and input->>'action' = 'take_back' and act = 'revoke' and outcome = 'allow' and why_ref <> '' and recipient = ''`, string(id)), "1",
			"reasons in the trail")
	}
	kept, _ := w.bare("opening", "18_25") // before the municipality has confirmed
	w.SQL(`update access.share set ended_by = 'p', ended_at = now() where item = $1`, string(kept))
	w.post(gudrun, "/api/cases/"+string(kept)+"/take-back", why, 409)
	w.is(w.state(kept), "opening", "what the police never had")
	if html, err := w.mark("doable", gudrun, "da", kept); err != nil || strings.Contains(html, "take-back") {
		t.Errorf("of what the police never had she can do %q, %v", html, err)
	}

	w.Settle()
	before := len(w.told("referral.referral.withdrawn.v1"))
	id, subject := w.signedFor("under_18")
	at := "/api/cases/" + string(id)
	w.share("case", id, subject, "mvs-politi", "kriminalforsorgen", "case_status,identity")
	in := offerTo("koege", "boern-uddannelse", "statutory_notification")
	delete(in, "preview")
	handed := w.sends(gudrun, id, in, none)
	given := w.sends(gudrun, id, offerTo("mvs-politi", "", "concern_talk"), basis("RPL115-2"))
	w.post(gudrun, at+"/take-back", why, 200)
	w.Settle()
	w.is(w.given(id)+", "+w.state(given)+" "+w.given(given)+", "+w.state(handed), "0 and 0, offer_closed 0 and 0, taken_up", "given")
	if v := w.sees(liv, handed); v == nil || v.Task == "" {
		t.Errorf("the department sees of the child %+v", v)
	}
	var had []string
	for _, f := range w.told("referral.referral.withdrawn.v1")[before:] {
		f := f.(event.ReferralWithdrawn)
		had = append(had, string(f.Authority)+" "+f.Why)
	}
	if slices.Sort(had); !slices.Equal(had, []string{"kriminalforsorgen withdrawn", "mvs-politi withdrawn"}) {
		t.Errorf("told are %q", had)
	}
	all := w.told("referral.case.closed.v1")
	f := all[len(all)-1].(event.CaseClosed)
	if f.Error || f.RetentionRule != "assessed" || !f.EraseAt.After(w.Now().AddDate(0, 2, 0)) {
		t.Errorf("told %+v", f)
	}
	w.is(w.One(`select string_agg(distinct authority, ' ') from portal.notice where word = 'withdrawn' and role = 'police_coordinator' and concern = '' and item = $1`, string(id)), "mvs-politi", "who is told at their desk that it was taken back")
	ground := basis("RPL115-2")
	ground["reason"] = "Sagen skal bruges igen, fordi der er kommet nyt."
	w.post(gudrun, at+"/reopen", ground, 409) // there is no share to give anew
}

// TestANotificationOutlivesItsCase: a child is not lost because a case was closed.
func TestANotificationOutlivesItsCase(t *testing.T) {
	w := run(t)
	id, _ := w.signedFor("under_18")
	in := offerTo("koege", "boern-uddannelse", "statutory_notification")
	delete(in, "preview")
	o := w.sends(gudrun, id, in, none)
	w.closes(id, "handled_by_one_authority")
	if v := w.sees(liv, o); v == nil || v.Task == "" {
		t.Errorf("the department sees %+v", v)
	}
	w.does(liv, o, "end", m{})
	w.is(w.state(o)+" "+w.state(id), "offer_closed closed", "after the receipt")
}

// TestClosingBeforeAnAssessment: a case of which this room has not heard can be
// closed too, and goes on where it was if that was too soon.
func TestClosingBeforeAnAssessment(t *testing.T) {
	w := run(t)
	came := map[hub.ID]string{}
	for _, state := range []string{"collecting", "analysis", "assessment"} {
		id, subject := w.bare(state, "unknown")
		came[id] = w.One(`select id from access.item where kind = 'concern' and about = $1`, string(subject))
		w.SQL(`insert into access.item (id, kind, about, controller, received_by, state, written_at) values ($1, 'concern', $2, 'koege', 'municipality', 'case', '2020-01-01')`,
			string(w.id()), string(subject)) // another concern about them, of which another case is to come
		at := "/api/cases/" + string(id)
		if v := w.course(gudrun, id); !slices.Contains(v.Actions, Close) || slices.Contains(v.Actions, Recommend) {
			t.Errorf("in %s she may %v", state, v.Actions)
		}
		w.post(gudrun, at+"/followups", w.followUp(10), 409)
		w.post(thorkild, at+"/close", closing("deceased"), 200)
		w.is(w.state(id), "closing", "the case")
		w.post(gudrun, at+"/resume", nil, 200)
		w.is(w.state(id), state, "where it goes on")
		w.post(gudrun, at+"/close", closing("deceased"), 200)
		w.is(w.state(id), "closing", "a proposal that was taken back does not count")
		w.post(thorkild, at+"/close", closing("deceased"), 200)
		w.is(w.state(id), "closed", "the case")
	}
	id, _ := w.bare("opening", "unknown")
	w.post(gudrun, "/api/cases/"+string(id)+"/close", closing("deceased"), 409)
	w.Settle()
	for _, f := range w.told("referral.case.closed.v1") {
		if f := f.(event.CaseClosed); string(f.Concern) != came[f.Case] || f.Police != "mvs-politi" {
			t.Errorf("told %+v", f)
		}
	}
}

// TestReopening: a purpose, a second person, one of them the municipality's, and a
// new disclosure to the police (A060).
func TestReopening(t *testing.T) {
	w := run(t)
	id := w.signed()
	w.closes(id, "risk_reduced")
	at := "/api/cases/" + string(id) + "/reopen"
	in := m{"reason": "Ny bekymring om det samme, som skal ses på."}
	w.post(thorkild, at, m{"reason": "kort"}, 400)
	w.post(thorkild, at, in, 200)
	w.is(w.state(id), "closed", "after one")
	w.post(thorkild, at, in, 409)
	w.post(freja, at, in, 409) // both of the police: the controller has not agreed
	w.post(gudrun, at, in, 400)
	old := w.One(`select id from access.share where item = $1 and ended_at is null`, string(id))
	ground := basis("RPL115-2")
	ground["reason"] = in["reason"]
	w.post(gudrun, at, ground, 200)
	w.is(w.state(id), "assessment", "after two")
	if now := w.One(`select id from access.share where item = $1 and ended_at is null`, string(id)); now == old {
		t.Error("the share is the old one")
	}
	w.is(w.One(`select count(*) from audit.trail where object_id = $1 and input->>'action' = 'reopen' and outcome = 'allow' and why_ref <> ''`, string(id)), "2", "reopenings in the trail, with their purpose")
	w.Settle()
	w.is(len(w.told("referral.case.reopened.v1")), 1, "told")
	if v := w.course(thorkild, id); v.Subject == "" {
		t.Errorf("the police see %+v", v)
	}

	other := w.signed()
	w.closes(other, "moved")
	at = "/api/cases/" + string(other) + "/reopen"
	w.post(viggo, at, ground, 200)
	w.Advance(60 * 24 * time.Hour)
	w.post(thorkild, at, in, 200)
	w.is(w.state(other), "closed", "an asking of two months ago")
	w.post(viggo, at, ground, 200)
	w.is(w.state(other), "assessment", "after two")
}
