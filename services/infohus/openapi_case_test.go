//go:build !race

package main

import (
	"strings"

	"github.com/infohus/infohus/pkg/hub"
)

// everything asks every operation of a case, from the drafting to the opening
// again, as those whose it is to do.
func (d *desk) everything() {
	d.Helper()
	get := func(login, route string, ids ...hub.ID) { d.Helper(); d.call(login, "GET", route, nil, 200, ids...) }
	drops := func(login, route string, is int, ids ...hub.ID) {
		d.Helper()
		d.call(login, "DELETE", route, nil, is, ids...)
	}
	w := d.works("opening")
	get(coordinator, "/api/cases/{id}", w.kase)
	get(coordinator, "/api/cases/{id}/course", w.kase)
	d.brings(w, "collecting")
	for _, login := range []string{coordinator, policeMan, "liv"} {
		get(login, "/api/cases/{id}", w.kase)
		get(login, "/api/cases")
	}
	invited := d.makes(policeMan, "/api/cases/{id}/circle", with(d.basis("RPL115-1-2", because), map[string]any{"hat": d.hat("bodil"), "reason": d.text(sayWhy), "until": d.day(30)}), w.kase)
	get("bodil", "/api/cases/{id}", w.kase)
	drops(policeMan, "/api/cases/{id}/circle/{member}", 201, w.kase, invited)
	d.makes(coordinator, "/api/cases/{id}/circle", map[string]any{"hat": d.hat("tage"), "reason": d.text(sayWhy), "until": d.day(30)}, w.kase)

	for _, login := range []string{"bodil", policeMan} {
		get(login, "/api/requests/{id}", w.asked)
		get(login, "/api/requests")
		get(login, "/api/answers")
	}
	get(coordinator, "/api/requests/{id}", w.settled)
	get(policeMan, "/api/cases/{id}/answers", w.kase)
	drops("tage", "/api/answers/{id}", 200, w.answer)
	w.answer = ""
	drops(policeMan, "/api/requests/{id}", 200, w.asked)
	for grade := range 3 {
		q := d.makes(coordinator, "/api/cases/{id}/requests", d.asks("ellen"), w.kase)
		d.changes("ellen", "/api/requests/{id}/answer", d.answers(grade), q)
	}
	q := d.makes(policeMan, "/api/cases/{id}/requests", with(d.asks("bodil"), d.basis("RPL115-1-2", because)), w.kase)
	d.call("bodil", "POST", "/api/requests/{id}/decline", nil, 200, q)
	get("bodil", "/api/requests/{id}", q)
	get(policeMan, "/api/requests/{id}", q)
	q = d.makes(coordinator, "/api/cases/{id}/requests", with(d.basis("RPL115-2", because), map[string]any{"authority": "mvs-politi", "questions": d.text("Er han kendt?")}), w.kase)
	get(policeMan, "/api/requests/{id}", q)
	get(coordinator, "/api/cases/{id}/answers", w.kase)

	d.brings(w, "analysis")
	get(coordinator, "/api/meetings")
	d.makes(coordinator, "/api/cases/{id}/meeting", map[string]any{"date": d.day(1), "time": "09:30"}, w.kase)
	d.makes(policeMan, "/api/cases/{id}/meeting/held", map[string]any{"attendance": []hub.ID{}, "no_note": "postponed"}, w.kase)
	d.makes(coordinator, "/api/cases/{id}/meeting", map[string]any{"date": d.day(0), "time": "00:00"}, w.kase)
	d.makes(coordinator, "/api/cases/{id}/meeting/held", map[string]any{"attendance": []hub.ID{d.hat(coordinator)}, "no_note": "nothing_new"}, w.kase)
	get(coordinator, "/api/cases/{id}", w.kase)
	d.call(coordinator, "PUT", "/api/cases/{id}/assessment", map[string]any{}, 200, w.kase) // half written
	get(coordinator, "/api/cases/{id}/assessment", w.kase)

	w = d.works("recommended")
	get("liv", "/api/cases/{id}", w.kase)
	get(coordinator, "/api/cases/{id}", w.kase)
	get(coordinator, "/api/cases/{id}/assessment", w.kase)
	d.call(coordinator, "POST", "/api/cases/{id}/reassess", nil, 200, w.kase)
	get(policeMan, "/api/cases/{id}/assessment", w.kase)

	w = d.works("follow_up")
	for _, login := range []string{coordinator, policeMan} {
		get(login, "/api/cases/{id}/course", w.kase)
		get(login, "/api/offers")
	}
	for _, id := range []hub.ID{w.sent, w.offer} {
		get("bodil", "/api/offers/{id}", id)
		get(policeMan, "/api/offers/{id}/preview", id)
	}
	get(coordinator, "/api/offers/{id}/preview", w.draft)
	get("tage", "/api/offers/{id}", w.own)
	for _, answer := range []string{"not_taken_up", "other"} {
		o := d.makes(policeMan, "/api/cases/{id}/offers", d.offers("bodil"), w.kase)
		d.changes(policeMan, "/api/offers/{id}/send", d.basis("RPL115-1-2", because), o)
		d.changes("bodil", "/api/offers/{id}/answer", map[string]any{"answer": answer}, o)
	}
	talk := d.makes(coordinator, "/api/cases/{id}/offers", with(d.offers("tage"), map[string]any{"measure": "concern_talk"}), w.kase)
	d.changes(coordinator, "/api/offers/{id}/send", map[string]any{}, talk)
	d.changes("tage", "/api/offers/{id}/answer", map[string]any{"answer": "taken_up", "owner": d.hat("tage")}, talk)
	d.changes("tage", "/api/offers/{id}/progress", map[string]any{"status": "done", "talk": map[string]any{"status": "held", "mode": "phone", "identity": "called_back", "guardian": "absent", "took_part": d.text("En bisidder")}}, talk)
	get("tage", "/api/offers/{id}", talk)
	d.changes("tage", "/api/offers/{id}/end", map[string]any{"outcome": "completed", "effect": d.text("Aftalen er holdt.")}, talk)
	get(coordinator, "/api/offers/{id}", talk)
	d.call(coordinator, "POST", "/api/cases/{id}/consents/{consent}/withdraw", nil, 201, w.kase, w.consent)
	get(coordinator, "/api/cases/{id}/course", w.kase)
	d.brings(w, "closing")
	get(policeMan, "/api/cases/{id}/course", w.kase)
	d.call(coordinator, "POST", "/api/cases/{id}/resume", nil, 200, w.kase)
	d.changes(coordinator, "/api/cases/{id}/close", map[string]any{"reason": "risk_reduced", "informed": "yes"}, w.kase)
	d.brings(w, "closed")
	get(coordinator, "/api/cases/{id}", w.kase)
	d.changes(policeMan, "/api/cases/{id}/reopen", d.reopens(policeMan), w.kase)
	get(coordinator, "/api/cases/{id}/course", w.kase)
	d.changes(coordinator, "/api/cases/{id}/reopen", d.reopens(coordinator), w.kase)
	d.changes(coordinator, "/api/cases/{id}/take-back", map[string]any{"reason": d.text(sayWhy)}, w.kase)

	w = d.asksFirst()
	d.changes(coordinator, "/api/cases/{id}/onward", map[string]any{"authority": "kriminalforsorgen"}, w.kase)
	get(coordinator, "/api/cases/{id}", w.kase)
	drops(coordinator, "/api/cases/{id}/onward/{authority}", 200, w.kase, "kriminalforsorgen")
	w = d.works("collecting")
	for route, id := range map[string]hub.ID{"/api/concerns/{id}/recusals": w.id, "/api/cases/{id}/recusals": w.kase} {
		d.call(coordinator, "POST", route, map[string]any{"ground": "3", "hat": d.hat(ssp), "reason": d.text(sayWhy)}, 200, id)
		get(coordinator, route, id)
		d.call(koegeManager, "POST", route+"/{person}/lift", map[string]any{"reason": d.text(sayWhy)}, 200, id, d.as(ssp).Post.Person)
		get(koegeManager, route, id)
	}
	get(koegeManager, "/api/review")
	d.call(koegeManager, "POST", "/api/review", map[string]any{"hat": d.hat("liv"), "decide": "confirm"}, 200)

	_, notification := d.handsOver()
	get("tage", "/api/offers/{id}", notification)
	d.changes("tage", "/api/offers/{id}/end", map[string]any{}, notification)
	get(coordinator, "/api/offers/{id}", notification)
	d.emergencies()
}

// handsOver is a statutory notification about a child, sent to tage.
func (d *desk) handsOver() (kase, offer hub.ID) {
	d.Helper()
	subject := d.registers(coordinator, map[string]any{"name": "Opdigtet Barn", "no_cpr": true, "birth_date": "05-05-2011"})
	var got done
	d.as(coordinator).API("POST", "/api/concerns", concern(subject, map[string]any{"child": "yes", "forward": toPolice})).Must(201).JSON(&got)
	d.does(policeMan, "check", got.ID, says("released"))
	for _, login := range []string{coordinator, policeMan} {
		d.does(login, "triage", got.ID, judge("case"))
	}
	w := d.brings(d.from(driven{id: got.ID, subject: subject}), "recommended")
	in := with(d.offers("tage"), map[string]any{"measure": "statutory_notification", "preview": nil})
	o := d.makes(coordinator, "/api/cases/{id}/offers", in, w.kase)
	d.changes(coordinator, "/api/offers/{id}/send", map[string]any{}, o)
	d.Settle()
	return w.kase, o
}

// caseRequests makes a good request of every operation on cases that takes
// content.
func (s *driver) caseRequests() map[string]func() request {
	d := &desk{driver: s}
	on := func(state, login, route string, values func(w *work) map[string]any) func() request {
		return func() request {
			w := d.works(state)
			return request{login, strings.Replace(route, "{id}", string(w.kase), 1), values(w)}
		}
	}
	of := func(state, login, route string, id func(w *work) hub.ID, values func(w *work) map[string]any) func() request {
		return func() request {
			w := d.works(state)
			return request{login, strings.Replace(route, "{id}", string(id(w)), 1), values(w)}
		}
	}
	just := func(in func() map[string]any) func(*work) map[string]any {
		return func(*work) map[string]any { return in() }
	}
	is := func(in map[string]any) func(*work) map[string]any {
		return func(*work) map[string]any { return in }
	}
	outside := true
	return map[string]func() request{
		"allowOnward": func() request {
			return request{coordinator, "/api/cases/" + string(d.asksFirst().kase) + "/onward", map[string]any{"authority": "psykiatrien"}}
		},
		"recuseFromCase": on("collecting", coordinator, "/api/cases/{id}/recusals", is(map[string]any{"ground": "1"})),
		"liftCaseRecusal": on("collecting", koegeManager, "/api/cases/{id}/recusals/"+string(d.as(ssp).Post.Person)+"/lift", func(w *work) map[string]any {
			d.call(coordinator, "POST", "/api/cases/{id}/recusals", map[string]any{"ground": "1", "hat": d.hat(ssp)}, 200, w.kase)
			return map[string]any{"reason": d.text(sayWhy)}
		}),
		"breakCaseGlass": on("collecting", "ellen", "/api/cases/{id}/glass", is(map[string]any{"category": "life", "reason": inDanger[0]})),
		"answerCaseGlass": func() request {
			kase := d.works("collecting").kase
			for _, why := range inDanger[:2] {
				b := s.broken("vilma", "cases", kase, why)
				s.as("vilma").API("DELETE", "/api/cases/"+string(kase)+"/glass/"+string(b.ID), nil).Must(200)
			}
			glass, content := s.asks3rd("vilma", "cases", kase, inDanger[2])
			return request{coordinator, "/api/cases/" + string(kase) + "/glass/" + string(glass) + "/answer", map[string]any{"answer": "yes", "content": content}}
		},
		"openCase": on("confirmed", policeMan, "/api/cases/{id}/open", is(map[string]any{"reason": d.text(sayWhy)})),
		"inviteToCase": on("collecting", coordinator, "/api/cases/{id}/circle", func(*work) map[string]any {
			return map[string]any{"hat": d.hat("tage"), "reason": d.text(sayWhy), "until": d.day(30)}
		}),
		"requestInformation": func() request {
			w, in := d.works("collecting"), d.asks("tage")
			if outside = !outside; outside { // first one's own, by name; then the other party
				in = with(d.asks("knud"), d.basis("RPL115-2", because))
			}
			return request{coordinator, "/api/cases/" + string(w.kase) + "/requests", in}
		},
		"answerInformation": of("collecting", "bodil", "/api/requests/{id}/answer", func(w *work) hub.ID { return w.asked }, is(map[string]any{"grade": 0})),
		"conveneMeeting": on("collecting", coordinator, "/api/cases/{id}/meeting", func(*work) map[string]any {
			return map[string]any{"date": d.day(3), "time": "10:00"}
		}),
		"holdMeeting":     on("analysis", coordinator, "/api/cases/{id}/meeting/held", func(*work) map[string]any { return with(d.notes(), map[string]any{"no_note": "postponed"}) }),
		"draftAssessment": on("assessment", coordinator, "/api/cases/{id}/assessment", d.joint),
		"addDissent":      on("written", coordinator, "/api/cases/{id}/dissents", just(d.dissents)),
		"decideInform":    on("assessment", coordinator, "/api/cases/{id}/inform", is(map[string]any{"decision": "now"})),
		"signAssessment": on("written", coordinator, "/api/cases/{id}/sign", func(w *work) map[string]any {
			return map[string]any{"content": d.content(coordinator, w.kase)}
		}),
		"recommendReferral": func() request {
			kase, _ := d.handsOver()
			return request{coordinator, "/api/cases/" + string(kase) + "/offers", with(d.offers("tage"), map[string]any{"measure": "statutory_notification"})}
		},
		"sendReferral":    of("follow_up", coordinator, "/api/offers/{id}/send", func(w *work) hub.ID { return w.draft }, is(map[string]any{})),
		"answerReferral":  of("follow_up", "bodil", "/api/offers/{id}/answer", func(w *work) hub.ID { return w.sent }, just(d.takes)),
		"progressMeasure": of("follow_up", "bodil", "/api/offers/{id}/progress", func(w *work) hub.ID { return w.offer }, is(map[string]any{"status": "paused"})),
		"endMeasure": func() request {
			_, o := d.handsOver()
			return request{"tage", "/api/offers/" + string(o) + "/end", map[string]any{}}
		},
		"recordConsent":  on("recommended", coordinator, "/api/cases/{id}/consents", just(d.consents)),
		"recordFollowUp": on("recommended", coordinator, "/api/cases/{id}/followups", just(d.follows)),
		"closeCase":      on("follow_up", coordinator, "/api/cases/{id}/close", is(map[string]any{"reason": "risk_reduced", "informed": "yes"})),
		"takeCaseBack":   on("follow_up", coordinator, "/api/cases/{id}/take-back", is(map[string]any{"reason": d.text(sayWhy)})),
		"reopenCase":     on("closed", policeMan, "/api/cases/{id}/reopen", func(*work) map[string]any { return d.reopens(policeMan) }),
	}
}
