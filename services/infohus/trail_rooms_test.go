//go:build !race

package main

import (
	"net/url"
	"regexp"
	"strings"
)

// paths are a route's paths to a case and what hangs on it.
func (w *work) paths(route string) (list []string) {
	for _, these := range []refs{{"cases": w.kase, "requests": w.asked, "offers": w.offer, "meeting": w.meeting}, {"requests": w.settled, "offers": w.own},
		{"offers": w.draft}, {"offers": w.sent}, {"offers": w.recalled}} {
		if path := fill(route, these); !strings.Contains(path, "{") {
			list = append(list, path)
		}
	}
	return list
}

// asksCases opens every page and every operation that reads, of cases in their
// states, as everybody whom one may concern.
func (d *desk) asksCases() {
	d.Helper()
	var all []*work
	for _, state := range []string{"opening", "written", "follow_up", "closed"} {
		all = append(all, d.works(state))
	}
	for _, login := range []string{coordinator, policeMan, "liv", "tage", "bodil", roskilde} {
		for _, r := range d.Site().Routes() {
			if !reads(r) || strings.Contains(r.Path, "subject") || strings.Contains(r.Path, "/concerns") {
				continue
			}
			if !strings.Contains(r.Path, "{") {
				d.opens(login, r, r.Path)
				continue
			}
			for _, w := range all {
				for _, path := range w.paths(r.Path) {
					if login == coordinator || login == policeMan || picks(6, login+path) {
						d.opens(login, r, path)
					}
				}
			}
		}
		spans.reset()
	}
}

// caseForms sends every form of a case once, as it should be and in part not.
func (d *desk) caseForms() {
	d.Helper()
	c, p, tage, bodil := d.as(coordinator), d.as(policeMan), d.as("tage"), d.as("bodil")
	day := func(name string, n int) url.Values {
		part := strings.Split(d.day(n), "-")
		return url.Values{name + "-day": {part[2]}, name + "-month": {part[1]}, name + "-year": {part[0]}}
	}
	and := func(all ...url.Values) url.Values {
		out := url.Values{}
		for _, v := range all {
			for k := range v {
				out[k] = v[k]
			}
		}
		return out
	}
	basis := func(code string) url.Values {
		return url.Values{"legal_basis": {code}, "purpose": {"prevention"}, "necessity": {because}}
	}
	w := d.works("opening")
	at := "/cases/" + string(w.kase)
	for _, m := range d.circle(coordinator, w.kase) {
		if m.Hat == d.hat("liv") {
			w.member = m.ID
		}
	}
	d.fills(c, at+"/open", url.Values{"reason": {"kort"}}).Must(400)
	d.fills(c, at+"/open", url.Values{"reason": {sayWhy}, "necessity": {because}, "members[]": {string(w.member)}, "terms": {"ask_first"}}).Must(200)
	d.fills(p, at+"/open", url.Values{"reason": {sayWhy}}).Must(200)
	d.Settle()
	c.Get(at)
	d.fills(c, at+"/export", nil).Must(200)
	c.Get("/cases")
	d.fills(c, "/cases/export", nil).Must(200)
	d.fills(c, at+"/circle", url.Values{"hat": {string(d.hat("tage"))}}).Must(400)
	d.fills(c, at+"/circle", and(url.Values{"hat": {string(d.hat("tage"))}, "reason": {sayWhy}}, day("until", 20))).Must(200)
	d.fills(c, at+"/circle/"+string(w.member)+"/end", nil).Must(200)
	d.fills(c, at+"/onward", url.Values{"authority": {"paraplyen"}}).Must(400)
	d.fills(c, at+"/onward", url.Values{"authority": {"psykiatrien"}}).Must(200)
	d.fills(c, at+"/onward/psykiatrien/end", nil).Must(200)
	d.fills(c, at+"/onward", url.Values{"authority": {"psykiatrien"}}).Must(200) // whom the police are to ask
	d.recuses(d.fills, c, at)

	c.Get(at + "/ask?authority=koege").Must(200)
	d.fills(c, at+"/ask", url.Values{"authority": {"koege"}, "hats[]": {string(d.hat("tage"))}, "questions": {""}}).Must(400)
	c.Get(at + "/ask?authority=koege").Must(200)
	d.fills(c, at+"/ask", url.Values{"authority": {"koege"}, "hats[]": {string(d.hat("tage"))}, "questions": {"Hvordan går det i frikvartererne?"}, "necessity": {because}}).Must(200)
	asked := func(state string) string {
		return "/requests/" + d.One("select id from assessment.request where case_id = $1 and state = $2", string(w.kase), state)
	}
	mine := asked("asked")
	d.fills(tage, mine+"/answer", url.Values{"grade": {"1"}}).Must(400)
	d.fills(tage, mine+"/answer", and(url.Values{"grade": {"1"}, "contact": {"Skolens kontaktlærer"}}, basis("RPL115-2"))).Must(200)
	answer := "/answers/" + d.One("select answer from assessment.request where case_id = $1", string(w.kase))
	tage.Get(at)
	d.fills(tage, answer+"/withdraw", nil).Must(200)
	for _, end := range []string{"decline", "retract"} {
		q := d.makes(policeMan, "/api/cases/{id}/requests", with(d.asks("bodil"), d.basis("RPL115-1-2", because)), w.kase)
		who := map[string]string{"decline": "bodil", "retract": policeMan}[end]
		d.as(who).Get("/requests/" + string(q)).Must(200)
		d.fills(d.as(who), "/requests/"+string(q)+"/"+end, nil).Must(200)
	}

	d.fills(c, at+"/meeting", day("date", -1)).Must(400)
	d.fills(c, at+"/meeting", and(url.Values{"time": {"00:00"}}, day("date", 0))).Must(200)
	p.Get(at + "/meeting").Must(200)
	d.fills(p, at+"/meeting/held", url.Values{"attendance[]": {string(d.hat(coordinator))}}).Must(400)
	p.Get(at + "/meeting").Must(200)
	d.fills(p, at+"/meeting/held", url.Values{"attendance[]": {string(d.hat(coordinator))}, "note": {"Alle om bordet ser det samme billede."}}).Must(200)
	d.fills(c, at+"/assessment/edit", and(url.Values{"rationale": {"Kort."}}, day("valid_until", 60))).Must(200)
	d.fills(c, at+"/assessment/edit", url.Values{"on": {"1"}}).Must(400)
	d.fills(c, at+"/dissent", url.Values{"about": {"level"}}).Must(400)
	d.fills(c, at+"/dissent", and(url.Values{"about": {"level"}, "reason": {"Skolen ser en dreng, der keder sig i timerne."}, "test": {"Jeg skifter mening, hvis han ikke dukker op."}}, day("due", 30))).Must(200)
	d.fills(c, at+"/inform", url.Values{"decision": {"exempt"}}).Must(400)
	d.fills(c, at+"/inform", url.Values{"decision": {"now"}}).Must(200)

	w = d.works("written")
	at = "/cases/" + string(w.kase)
	d.fills(c, at+"/sign", url.Values{"content": {strings.Repeat("0", 64)}}).Must(409)
	for _, login := range []string{coordinator, policeMan} {
		d.as(login).Get(at + "/sign").Must(200)
		d.fills(d.as(login), at+"/sign", nil).Must(200)
	}
	d.Settle()
	d.fills(c, at+"/reassess", nil).Must(200)
	c.Get(at + "/assessment/diff?from=1&to=2").Must(200)

	w = d.works("recommended")
	at = "/cases/" + string(w.kase)
	offer := func(to, department string) url.Values {
		return url.Values{"authority": {to + department}, "measure": {"mentor"}, "dimension": {"education_employment"}, "preview": {"En mentor til en ung, der er ved at miste grebet."},
			"task": {"Find en mentor, der kan to aftener om ugen."}}
	}
	d.fills(p, at+"/recommend", url.Values{"authority": {"psykiatrien"}}).Must(400)
	hat := url.Values{"hats[]": {string(d.hat("bodil"))}}
	theirs := string(d.as("bodil").Post.Authority)
	made := func() string {
		return "/offers/" + d.One("select id from referral.offer where case_id = $1 order by made_at desc, id desc limit 1", string(w.kase))
	}
	d.fills(p, at+"/recommend", and(offer(theirs, ""), hat)).Must(200)
	first := made()
	d.fills(p, first+"/send", url.Values{"necessity": {"kort"}, "legal_basis": {"RPL115-1-2"}}).Must(400)
	d.fills(p, first+"/send", basis("RPL115-1-2")).Must(200)
	d.fills(bodil, first+"/answer", nil).Must(400)
	d.fills(bodil, first+"/answer", url.Values{"answer": {"taken_up"}, "note": {"Vi begynder på onsdag."}}).Must(200)
	d.fills(bodil, first+"/progress", url.Values{"status": {"running"}}).Must(400)
	bodil.Get(first + "/progress")
	d.fills(bodil, first+"/progress", and(url.Values{"status": {"running"}, "effect": {"Kommer glad hver gang."}}, day("end", 90))).Must(200)
	bodil.Get(first + "/progress")
	d.fills(bodil, first+"/end", url.Values{"outcome": {"completed"}}).Must(200)
	d.fills(p, at+"/recommend", and(offer(theirs, ""), hat)).Must(200)
	second := made()
	p.Get(second)
	d.fills(p, second+"/withdraw", nil).Must(200)

	d.fills(c, at+"/consent", url.Values{"document": {"Mappe syv i arkivet"}}).Must(400)
	d.fills(c, at+"/consent", and(url.Values{"document": {"Mappe syv i arkivet"}, "scope": {"Han siger ja til, at psykologen får at vide, hvem han er."}, "fields[]": {"identity"}, "recipients[]": {"psykiatrien"}}, day("signed_on", -1))).Must(200)
	c.Get(at + "/consent")
	d.fills(c, at+"/consent/"+d.One("select id from referral.consent where case_id = $1", string(w.kase))+"/withdraw", nil).Must(200)
	d.fills(c, at+"/followup", url.Values{"note": {"Mentoren er i gang, og fraværet falder."}}).Must(400)
	d.fills(c, at+"/followup", and(url.Values{"note": {"Mentoren er i gang, og fraværet falder."}, "movement.family": {"better"}}, day("next", 20))).Must(200)
	d.fills(c, at+"/close", url.Values{"reason": {"risk_reduced"}}).Must(400)
	closing := url.Values{"reason": {"risk_reduced"}, "informed": {"yes"}, "open_gaps": {"Ingen ved, hvem der skrev."}}
	d.fills(c, at+"/close", closing).Must(200)
	c.Get(at + "/close")
	d.fills(c, at+"/resume", nil).Must(200)
	d.fills(c, at+"/close", closing).Must(200)
	d.fills(p, at+"/close", closing).Must(200)
	d.Settle()
	d.fills(p, at+"/reopen", url.Values{"reason": {"kort"}}).Must(400)
	d.fills(p, at+"/reopen", url.Values{"reason": {"Han er vendt tilbage, og moren har bedt os om hjælp."}}).Must(200)
	d.fills(c, at+"/reopen", and(basis("RPL115-2"), url.Values{"reason": {"Han er vendt tilbage, og moren har bedt os om hjælp."}})).Must(200)
	d.fills(c, at+"/take-back", url.Values{"reason": {"kort"}}).Must(400)
	if a := d.fills(c, at+"/take-back", url.Values{"reason": {sayWhy}}).Must(200); !takenAt.MatchString(a.Text()) {
		d.Errorf("who took a case back is not told from when: %s", a.Text())
	}
}

// takenAt is how a page says from when a case is taken back.
var takenAt = regexp.MustCompile(`Fra den \d+\. [a-z]+ 2026 kl\. \d+\.\d\d kan hverken politiet`)
