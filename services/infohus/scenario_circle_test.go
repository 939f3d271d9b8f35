//go:build !race

package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// TestCircleOfACase: each coordinator invites their own, the police invite other
// authorities on a basis, and an invitation ends at once (D14, D15, L9, L56).
func TestCircleOfACase(t *testing.T) {
	s := begin(t)
	kase := s.caseOpened()
	invite := func(by, who string, extra map[string]any) int {
		in := map[string]any{"hat": s.as(who).Post.Hat.ID, "reason": sayWhy, "until": s.Now().AddDate(0, 1, 0).Format("2006-01-02")}
		for k, v := range extra {
			in[k] = v
		}
		return s.as(by).API("POST", "/api/cases/"+string(kase)+"/circle", in).Status
	}
	if got := invite(coordinator, "bodil", toPartner); got != 400 {
		t.Errorf("the municipal coordinator invites another authority: %d", got)
	}
	if got := invite(policeMan, "tage", nil); got != 400 {
		t.Errorf("the police coordinator invites the municipality's department: %d", got)
	}
	if got := invite(policeMan, "bodil", nil); got != 400 {
		t.Errorf("another authority is invited without a basis: %d", got)
	}
	if got := invite(coordinator, "jytte", nil); got != 400 {
		t.Errorf("a housing association is invited: %d", got)
	}
	if got := invite(coordinator, "tage", nil); got != 201 {
		t.Errorf("the municipal coordinator invites a department: %d", got)
	}
	if s.inCase("tage", kase) == nil {
		t.Error("who was invited sees nothing")
	}
	for _, m := range s.circle(coordinator, kase) {
		if m.Hat == s.as("tage").Post.Hat.ID {
			s.as(coordinator).API("DELETE", "/api/cases/"+string(kase)+"/circle/"+string(m.ID), nil).Must(201)
		}
	}
	if got := s.inCase("tage", kase); got != nil {
		t.Errorf("whose invitation has ended sees %v", got)
	}
}

// TestHealthAndOffencesHaveGroundsOfTheirOwn: an answer tells of health and of
// offences only on a ground of their own, each a disclosure by itself; on the day
// on which the hub no longer relies on that ground, it carries nothing (L10, L11).
func TestHealthAndOffencesHaveGroundsOfTheirOwn(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w := d.works("collecting")
	tells := func(class, ground string) map[string]any {
		return map[string]any{"kind": "fact", "text": "Sagt om " + class + ".", "source": "journal", "reliability": "A", "as_of": "2026-11-01", "class": class, "special": ground}
	}
	in := with(d.answers(3), map[string]any{"to": []string{"koege"}, "statements": []any{tells("ordinary", ""), tells("health", "DBL7"), tells("offence", "DBL8-2")}})
	for i := range s.Structure.LegalBases {
		if b := &s.Structure.LegalBases[i]; b.Code == "DBL7" {
			was := b.Until
			b.Until = s.Now()
			a := s.as("bodil").API("POST", "/api/requests/"+string(w.asked)+"/answer", in).Must(400)
			if !strings.Contains(a.Text(), `"statements.1.special"`) {
				t.Errorf("a ground that has ended is told of as %s", a.Text())
			}
			b.Until = was
		}
	}
	d.changes("bodil", "/api/requests/{id}/answer", in, w.asked)
	for _, login := range []string{coordinator, policeMan} {
		a := s.as(login).API("GET", "/api/cases/"+string(w.kase)+"/answers", nil).Must(200)
		for _, class := range []string{"ordinary", "health", "offence"} {
			if !strings.Contains(a.Text(), "Sagt om "+class) {
				t.Errorf("%s does not read what was told of %s: %s", login, class, a.Text())
			}
		}
	}
	if n := s.One("select count(*) from access.share where kind = 'answer' and sender = 'psykiatrien'"); n != "6" {
		t.Errorf("%s shares, want three for each of two", n)
	}
}

// TestClosingEndsTheQuestions: from the closing's commit on, whoever was asked sees
// nothing more of the case, and what was not answered is taken back.
func TestClosingEndsTheQuestions(t *testing.T) {
	s := begin(t)
	kase := s.caseOpened()
	q := s.onCase(policeMan, "requests", kase, map[string]any{"authority": s.as("bodil").Post.Authority, "hats": []hub.ID{s.as("bodil").Post.Hat.ID},
		"questions": "Er der et forløb?", "legal_basis": "RPL115-1-2", "purpose": "prevention", "necessity": because}).ID
	s.as("bodil").API("GET", "/api/requests/"+string(q), nil).Must(200)
	for _, who := range []string{coordinator, policeMan} {
		s.onCase(who, "close", kase, map[string]any{"reason": "moved", "informed": "yes"})
	}
	s.as("bodil").API("GET", "/api/requests/"+string(q), nil).Must(404) // at once, before any other room has heard
	s.Settle()
	if got := s.One("select i.state || ' ' || q.state from access.item i join assessment.request q using (id) where id = $1", string(q)); got != "request_closed retracted" {
		t.Errorf("the question is %s", got)
	}
}

// TestInvitedAgain: whose invitation came to its last day, or ended with the
// closing, is out of the circle, and can be let in again; meanwhile their authority
// has no part in the case, and nothing is released to it (L56).
func TestInvitedAgain(t *testing.T) {
	d := &desk{driver: &driver{script: begin(t)}}
	w := d.works("collecting")
	invites := func(days, is int) {
		t.Helper()
		d.call(policeMan, "POST", "/api/cases/{id}/circle", with(d.basis("RPL115-1-2", because), map[string]any{"hat": d.hat("bodil"), "reason": sayWhy, "until": d.day(days)}), is, w.kase)
	}
	state := func(want string) {
		t.Helper()
		for _, m := range d.circle(policeMan, w.kase) {
			if m.Hat == d.hat("bodil") && m.State != want {
				t.Errorf("in the circle she is %s, want %s", m.State, want)
			}
		}
	}
	d.call(policeMan, "DELETE", "/api/requests/{id}", nil, 200, w.asked)
	releases := func(is int) {
		t.Helper()
		q := d.makes(coordinator, "/api/cases/{id}/requests", d.asks("tage"), w.kase)
		in := with(d.answers(2), map[string]any{"to": []string{"psykiatrien"}})
		d.call("tage", "POST", "/api/requests/{id}/answer", in, is, q)
	}
	releases(400)
	invites(3, 201)
	invites(9, 409)
	releases(200)
	d.Advance(5 * 24 * time.Hour)
	state("ended")
	releases(400)
	invites(9, 201)
	state("invited")
	d.brings(w, "closed")
	d.reopened(w)
	state("ended")
	invites(9, 201)
}

// TestClosedConcern: once the case is closed, for whatever reason, nobody reads of
// whom the concern was or what was told: both coordinators see its reference, its
// state and its dates, the reporter that it is handled, nobody else anything
// (domain.md 2.4, S10). Opened again, it is read again.
func TestClosedConcern(t *testing.T) {
	d := &desk{driver: &driver{script: begin(t)}}
	s, w := d.script, d.works("collecting")
	concern, kase, subject := w.id, w.kase, string(w.subject)
	said := []string{"name", "cpr", "address", "statements", "why_now", "context", "wishes", "theme", "reporter_name", "triage_outcome", "municipal_rationale", "check_outcome"}
	reads := func(state string, much bool) {
		t.Helper()
		for _, login := range []string{coordinator, policeMan} {
			fields := s.sees(login, concern)
			a := s.as(login).API("GET", "/api/concerns/"+string(concern), nil).Must(200).Text()
			page := s.as(login).Get("/concerns/" + string(concern)).Must(200).Text()
			list := s.as(login).API("GET", "/api/concerns?state="+state, nil).Must(200).Text()
			s.want(fields, "reference", "state", "received_at", "erase_at")
			if much {
				s.want(fields, "name", "statements", "why_now")
			} else {
				s.wantNot(fields, said...)
			}
			for what, shown := range map[string]string{"the concern": a, "the list": list} {
				if strings.Contains(shown, subject) != much {
					t.Errorf("in %s %s shows %s whom it is about: %v, want %v", state, what, login, !much, much)
				}
			}
			if told := "Ny omgangskreds"; strings.Contains(a, told) != much || strings.Contains(page, told) != much {
				t.Errorf("in %s what was told is shown to %s: %v, want %v", state, login, !much, much)
			}
			if !strings.Contains(a, `"`+state+`"`) || !strings.Contains(list, string(concern)) {
				t.Errorf("%s is not told that it is in %s", login, state)
			}
			if got := s.as(login).API("GET", "/api/subjects/"+subject, nil).Status; (got == 200) != much {
				t.Errorf("in %s the person is answered to %s with %d", state, login, got)
			}
		}
	}
	reads("case", true)
	handled := s.sees(teacher, concern)
	for _, reason := range []string{"moved", "error"} {
		for _, who := range []string{coordinator, policeMan} {
			reads("case", true)
			s.onCase(who, "close", kase, map[string]any{"reason": reason, "informed": "yes"})
		}
		s.Settle()
		reads("case_closed", false)
		if got := s.sees(teacher, concern); !slices.Equal(got, handled) || !slices.Contains(got, "handled") {
			t.Errorf("the reporter sees %v, and saw %v", got, handled)
		}
		s.seesNothing(concern, ssp, "liv", roskilde)
		s.as(coordinator).API("POST", "/api/concerns/"+string(concern)+"/triage", judge("case")).Must(409)
		if got := s.does(coordinator, "notification", concern, map[string]any{"outcome": "not_needed", "reason": "Er vurderet.", "version": s.version(concern)}); got.State != "case_closed" { // the duty outlives the case (L25)
			t.Errorf("the duty to notify leads from case_closed to %s", got.State)
		}
		if reason == "error" {
			break // which is not opened again
		}
		d.reopened(w)
		reads("case", true)
	}
	s.holds()
	s.holdsCases()
}

// TestClosedWords: of a closed case nobody reads what was asked, answered or
// offered in it, whoever asked, answered or offered it: the own authority's
// coordinator sees that it was (domain.md 2.4, S10). Opened again, they read their
// own; what was shared stays ended.
func TestClosedWords(t *testing.T) {
	d := &desk{driver: &driver{script: begin(t)}}
	w := d.works("follow_up")
	reads := func(login, path, words string, status int, much bool) {
		t.Helper()
		a := d.as(login).API("GET", path, nil).Must(status)
		if got := strings.Contains(a.Text(), words); got != much {
			t.Errorf("%s reads on %s what was said: %v, want %v: %s", login, path, got, much, a.Body)
		}
	}
	question, answers, offer := "/api/requests/"+string(w.settled), "/api/cases/"+string(w.kase)+"/answers", "/api/offers/"+string(w.own)
	all := func(author, much bool) {
		t.Helper()
		reads(coordinator, question, "frikvartererne", 200, much)
		reads(coordinator, answers, "tolv timer", 200, much)
		reads(coordinator, offer, `"task"`, 200, much)
		reads("tage", answers, "tolv timer", 200, author)
	}
	all(true, true)
	reads(policeMan, answers, "tolv timer", 200, true)
	d.brings(w, "closed")
	all(false, false)
	reads(policeMan, answers, "tolv timer", 200, false)
	reads("tage", question, "frikvartererne", 404, false)
	reads("tage", offer, `"task"`, 404, false)
	reads(coordinator, offer+"/preview", `"task"`, 404, false)
	for _, login := range []string{"tage", coordinator} {
		d.as(login).API("DELETE", "/api/answers/"+string(w.answer), nil).Must(404)
	}
	d.reopened(w)
	all(true, true)
	reads(policeMan, answers, "tolv timer", 200, false)
	reads("tage", question, "frikvartererne", 404, false)
	reads("tage", offer, `"task"`, 404, false)
	d.holdsCases()
}
