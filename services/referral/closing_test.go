package referral

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
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
	w.post(thorkild, at+"/close", closing("risk_reduced"), 200)
	w.is(w.state(id), "closing", "after two reasons")
	if v := w.course(gudrun, id); len(v.Closing) != 3 || v.Closing[2].Reason != "risk_reduced" || v.Closing[0].AfterCare == "" {
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

// TestClosingTakesTwoIdentities: one person with a hat at each party is one person.
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
	w.share("case", id, subject, "mvs-politi", "kriminalforsorgen", "case_status,identity")
	w.SQL(`insert into access.assignment (id, kind, item, person, why, from_at, until_at, by_person, by_hat) values ('a', 'case', $1, $2, 'invited', '2026-01-01', '9999-12-31', 'p', 'h')`,
		string(id), string(w.As(liv).Post.Person))
	sent := w.sends(gudrun, id, offerTo("koege", "velfaerd", "mentor"), none)
	taken := w.sends(gudrun, id, offerTo("mvs-politi", "", "concern_talk"), basis("RPL115-2"))
	w.does(thorkild, taken, "answer", m{"answer": "taken_up"})
	draft := w.drafts(gudrun, id, offerTo("koege", "velfaerd", "mentor"))

	w.closes(id, "risk_reduced")
	w.is(w.state(sent)+" "+w.state(taken)+" "+w.state(draft), "offer_withdrawn offer_ended offer_withdrawn", "the offers")
	w.is(w.given(id)+", "+w.given(answer)+", "+w.given(sent)+", "+w.given(taken), "0 and 1, 0 and 0, 0 and 0, 0 and 0", "given")
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
}

// TestErrorTellsEveryRecipient: a case that was an error is withdrawn from all,
// the other party included, and each is told at once (L24b).
func TestErrorTellsEveryRecipient(t *testing.T) {
	w := run(t)
	id, _ := w.signedFor("under_18")
	in := offerTo("koege", "boern-uddannelse", "statutory_notification")
	delete(in, "preview")
	handed := w.sends(gudrun, id, in, none)
	w.sends(gudrun, id, offerTo("mvs-politi", "", "mentor"), basis("RPL115-2"))
	w.closes(id, "error")
	w.is(w.given(id), "0 and 0", "given")
	w.is(w.state(handed), "offer_ended", "what was handed over in error")
	if a := w.As(thorkild).API("GET", "/api/cases/"+string(id)+"/course", nil); a.Status != 404 {
		t.Errorf("the police see %s", a.Body)
	}
	var had []string
	for _, f := range w.told("referral.referral.withdrawn.v1") {
		f := f.(event.ReferralWithdrawn)
		had = append(had, string(f.Authority)+" "+f.Why)
	}
	if !slices.Equal(had, []string{"koege error", "mvs-politi error"}) {
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
	w.is(w.state(o)+" "+w.state(id), "offer_ended closed", "after the receipt")
}

// TestClosingBeforeAnAssessment: a case of which this room has not heard can be
// closed too, and goes on where it was if that was too soon.
func TestClosingBeforeAnAssessment(t *testing.T) {
	w := run(t)
	for _, state := range []string{"collecting", "analysis", "assessment"} {
		id, _ := w.bare(state, "unknown")
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
		if f := f.(event.CaseClosed); f.Concern == "" || f.Police != "mvs-politi" {
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

// TestTheSameKeyTwice: a request that is sent again is done once, and answered
// alike; the same key for something else is refused.
func TestTheSameKeyTwice(t *testing.T) {
	w := run(t)
	id := w.signed()
	at := "/api/cases/" + string(id)
	twice := func(login, path string, in any) {
		t.Helper()
		first := w.As(login).API("POST", path, in, "Idempotency-Key", path)
		before := w.One(`select count(*) from referral.step`)
		again := w.As(login).API("POST", path, in, "Idempotency-Key", path)
		if first.Status/100 != 2 || again.Status/100 != 2 || string(first.Body) != string(again.Body) {
			t.Errorf("%s: %d %s, then %d %s", path, first.Status, first.Body, again.Status, again.Body)
		}
		w.is(w.One(`select count(*) from referral.step`), before, path+" done again")
	}
	twice(gudrun, at+"/offers", offerTo("koege", "velfaerd", "mentor"))
	o := w.One(`select id from referral.offer`)
	twice(gudrun, "/api/offers/"+o+"/send", none)
	twice(tage, "/api/offers/"+o+"/answer", m{"answer": "taken_up"})
	twice(tage, "/api/offers/"+o+"/progress", m{"status": "running", "end": w.days(10)})
	twice(tage, "/api/offers/"+o+"/end", m{"outcome": "completed"})
	twice(gudrun, at+"/consents", m{"document": "Sag 4", "signed_on": "2026-11-10", "scope": "At skolen og kommunen må tale sammen.", "fields": []string{"identity"}})
	twice(gudrun, at+"/consents/"+w.One(`select id from referral.consent`)+"/withdraw", nil)
	twice(gudrun, at+"/followups", w.followUp(10))
	last := w.drafts(gudrun, id, offerTo("koege", "velfaerd", "mentor"))
	twice(gudrun, "/api/offers/"+string(last)+"/withdraw", nil)
	twice(gudrun, at+"/close", closing("moved"))
	twice(gudrun, at+"/resume", nil)
	w.post(gudrun, at+"/close", closing("error"), 409, "Idempotency-Key", at+"/close")
	w.closes(id, "moved")
	twice(thorkild, at+"/reopen", m{"reason": "Ny bekymring om det samme, som skal ses på."})
}

// TestReactions: each fact once, twice, in the wrong order, and with a failure
// before the commit, ends alike.
func TestReactions(t *testing.T) {
	for _, way := range []struct {
		name  string
		order []int
	}{{"once", []int{0, 1, 2, 3}}, {"twice", []int{0, 0, 1, 1, 2, 3, 3}}, {"the other way round", []int{3, 2, 1, 0}}, {"in between", []int{2, 0, 3, 1}}} {
		t.Run(way.name, func(t *testing.T) {
			w := run(t)
			id, subject := w.bare("recommended", "18_25")
			concern := hub.ID(w.One(`select id from access.item where kind = 'concern'`))
			half := event.AssessmentSigned{Case: id, Concern: concern, Subject: subject, Version: 1, Party: "police", Authority: "koege", Police: "mvs-politi", Due: w.Now()}
			whole := half
			whole.Complete = true
			facts := []event.Fact{half, whole, event.FollowUpNeeded{Case: id, Version: 1, Why: "gap", N: 1, Due: w.Now()}, event.FollowUpNeeded{Case: id, Version: 1, Why: "dissent", N: 1, Due: w.Now()}}
			for _, i := range way.order {
				kind := "assessment.followup.needed.v1"
				if i < 2 {
					kind = "assessment.assessment.signed.v1"
				}
				for _, fail := range []error{errors.New("on purpose"), nil} {
					err := w.DB("referral").Command(t.Context(), hub.System(w.Now(), w.id()), pg.Entry{Act: hub.ActAdmin}, func(tx *pg.Tx) error {
						if err := w.on[kind](t.Context(), tx, event.Envelope{}, facts[i]); err != nil {
							return err
						}
						return fail
					})
					if !errors.Is(err, fail) {
						t.Fatal(err)
					}
				}
			}
			w.is(w.One(`select count(*) || ' ' || max(assessed) || ' ' || max(version) from referral.course`), "1 1 1", "the course")
			w.is(w.One(`select count(*) from referral.task`), "2", "the tasks")
			w.is(w.state(id), "recommended", "the case")
			if err := w.DB("referral").Command(t.Context(), hub.System(w.Now(), w.id()), pg.Entry{Act: hub.ActAdmin}, func(tx *pg.Tx) error {
				return w.on["assessment.assessment.signed.v1"](t.Context(), tx, event.Envelope{}, event.AssessmentSigned{Case: w.id(), Complete: true})
			}); hub.CodeOf(err) != hub.CodeNotFound {
				t.Errorf("a fact about a case that is not there yet: %v", err)
			}
			if err := w.DB("referral").Command(t.Context(), hub.System(w.Now(), w.id()), pg.Entry{Act: hub.ActAdmin}, func(tx *pg.Tx) error {
				return w.on["assessment.followup.needed.v1"](t.Context(), tx, event.Envelope{}, half)
			}); hub.CodeOf(err) != hub.CodeInvalid {
				t.Errorf("another kind of fact: %v", err)
			}
		})
	}
	w := run(t)
	id := w.signed()
	w.closes(id, "moved")
	w.tell(event.FollowUpNeeded{Case: id, Version: 1, Why: "gap", N: 1, Due: w.Now()}, event.AssessmentSigned{Case: id, Version: 2, Complete: true, Authority: "koege", Police: "mvs-politi"})
	w.is(w.One(`select count(*) from referral.task`)+w.One(`select count(*) from referral.dead`), "00", "what was told after the closing")
}

// TestPages: every page, in both languages, without scripts, from recommending to
// opening again; and the marks.
func TestPages(t *testing.T) {
	for _, lang := range []string{"da", "en"} {
		t.Run(lang, func(t *testing.T) {
			w := run(t)
			id, _ := w.signedFor("under_18")
			g, th, ta := w.As(gudrun), w.As(thorkild), w.As(tage)
			g.Lang, th.Lang, ta.Lang = lang, lang, lang
			shown := func(a string, wanted ...string) {
				t.Helper()
				for _, s := range wanted {
					if !strings.Contains(a, s) {
						t.Errorf("the page lacks %q:\n%s", s, a)
					}
				}
				for _, bad := range []string{"[referral.", "[error.", "<no value>", "%!", "Utilgængelig"} {
					if strings.Contains(a, bad) {
						i := strings.Index(a, bad)
						t.Errorf("the page says %q", a[i:min(len(a), i+80)])
					}
				}
			}
			day := func(name string, n int) url.Values {
				d := w.Now().AddDate(0, 0, n).In(hub.Copenhagen)
				return url.Values{name + "-day": {d.Format("2")}, name + "-month": {d.Format("1")}, name + "-year": {d.Format("2006")}}
			}
			with := func(list ...url.Values) url.Values {
				out := url.Values{}
				for _, v := range list {
					for k, x := range v {
						out[k] = x
					}
				}
				return out
			}
			at := "/cases/" + string(id)
			shown(g.Submit(at+"/recommend", url.Values{}).Must(400).Text())
			words := url.Values{"authority": {"koege/velfaerd"}, "measure": {"concern_talk"}, "dimension": {"family"}, "preview": {"En ung mand har brug for en samtale om sin hverdag."}, "task": {"Tal med ham."}}
			a := g.Submit(at+"/recommend", words).Must(200)
			shown(a.Text(), "En ung mand", "Tage Opdigtsen", "person-card")
			o := strings.TrimSuffix(strings.TrimPrefix(a.Path, "/offers/"), "/send")
			a = g.Submit("/offers/"+o+"/send", url.Values{}).Must(200)
			shown(a.Text(), "audit-seen", "/withdraw")
			a = ta.Get("/offers/" + o).Must(200)
			shown(a.Text(), "En ung mand")
			if strings.Contains(a.Text(), "person-card") || strings.Contains(a.Text(), "Tal med ham") {
				t.Error("the page shows who it is before it was taken up")
			}
			shown(ta.Get("/offers").Must(200).Text(), "/offers/"+o)
			shown(ta.Get("/offers?state=offered").Must(200).Text(), "/offers/"+o)
			shown(ta.Get("/offers/" + o + "/answer").Must(200).Text())
			shown(ta.Submit("/offers/"+o+"/answer", url.Values{"answer": {"taken_up"}}).Must(200).Text(), "person-card", "Tal med ham")
			shown(ta.Submit("/offers/"+o+"/progress", url.Values{}).Must(400).Text())
			shown(ta.Submit("/offers/"+o+"/progress", with(url.Values{"status": {"running"}, "talk.status": {"held"}, "talk.mode": {"in_person"}, "talk.guardian": {"present"},
				"talk.took_part": {"Forælder"}, "effect": {"Han kommer i skole."}}, day("end", 10))).Must(200).Text(), "Forælder", "Han kommer i skole.")
			other := g.Submit(at+"/recommend", url.Values{"authority": {"mvs-politi"}, "measure": {"mentor"}, "dimension": {"family"}, "preview": {"En ung mand har brug for en voksen i hverdagen."}, "task": {"Følg ham."}}).Must(200)
			shown(other.Text(), "legal_basis")
			o2 := strings.TrimSuffix(strings.TrimPrefix(other.Path, "/offers/"), "/send")
			g.Submit("/offers/"+o2+"/send", url.Values{"purpose": {"prevention"}, "legal_basis": {"RPL115-2"}, "necessity": {why}}).Must(200)
			shown(g.Submit("/offers/"+o2+"/withdraw", url.Values{}).Must(200).Text())
			shown(ta.Get("/offers/" + o + "/progress").Must(200).Text())
			shown(ta.Submit("/offers/"+o+"/end", url.Values{"outcome": {"completed"}}).Must(200).Text())

			shown(g.Get(at + "/consent").Must(200).Text())
			g.Submit(at+"/consent", with(url.Values{"document": {"Sag 4"}, "scope": {"At skolen og kommunen må tale sammen."}, "fields[]": {"identity", "offer"}}, day("signed_on", -3)))
			shown(g.Get(at+"/consent").Must(200).Text(), "Sag 4")
			w.tell(event.FollowUpNeeded{Case: id, Version: 1, Why: "gap", N: 1, Due: w.Now().AddDate(0, 0, -1)})
			shown(g.Submit(at+"/followup", url.Values{"movement.family": {"better"}}).Must(400).Text())
			g.Submit(at+"/followup", with(url.Values{"movement.family": {"better"}, "note": {"Det går fremad."}, "done[]": {w.One(`select id from referral.task`)}}, day("next", 5)))
			w.is(w.One(`select count(*) from referral.followup`), "1", "follow-ups")
			for _, mark := range []string{gudrun, thorkild} {
				html, err := w.mark("course", mark, lang, id)
				if err != nil {
					t.Fatal(err)
				}
				shown(html, "Det går fremad.", "En ung mand", "Sag 4")
			}
			if html, err := w.mark("course", tage, lang, id); err != nil || html != "" {
				t.Errorf("of a case that he takes no part in he is shown %q, %v", html, err)
			}
			html, err := w.mark("waiting", gudrun, lang, "hat")
			if err != nil {
				t.Fatal(err)
			}
			shown(html, at)
			shown(g.Submit(at+"/close", url.Values{"reason": {"moved"}}).Must(400).Text())
			g.Submit(at+"/close", url.Values{"reason": {"moved"}, "informed": {"exempt"}, "inform_ground": {"22-2-4"}, "why_not_informed": {"Det kan skade forebyggelsen."}, "after_care": {"SSP"}})
			shown(th.Get(at+"/close").Must(200).Text(), "SSP", "/resume")
			html, _ = w.mark("course", thorkild, lang, id)
			shown(html, "SSP")
			th.Submit(at+"/close", url.Values{"reason": {"moved"}, "informed": {"yes"}})
			w.is(w.state(id), "closed", "the case")
			shown(g.Get(at+"/reopen").Must(200).Text(), "legal_basis")
			th.Submit(at+"/reopen", url.Values{"reason": {"Ny bekymring om det samme, som skal ses på."}})
			html, _ = w.mark("waiting", gudrun, lang, "hat")
			shown(html, at)
			shown(g.Get(at+"/reopen").Must(200).Text(), "Thorkild")
			g.Submit(at+"/reopen", url.Values{"reason": {"Ny bekymring om det samme, som skal ses på."}, "purpose": {"prevention"}, "legal_basis": {"RPL115-2"}, "necessity": {why}})
			w.is(w.state(id), "assessment", "the case")
			for _, path := range []string{"/offers/" + o + "/answer", at + "/recommend", at + "/followup"} {
				if a := g.Get(path); a.Status != http.StatusConflict {
					t.Errorf("%s now answers %d", path, a.Status)
				}
			}
		})
	}
}

// mark asks for one of this room's marks.
func (w *world) mark(kind, login, lang string, id hub.ID) (string, error) {
	w.t.Helper()
	out, err := w.marks[kind](w.t.Context(), w.As(login).Actor(), lang, []hub.ID{id})
	return string(out[id]), err
}
