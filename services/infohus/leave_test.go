//go:build !race

package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// typist is what somebody typed: each text has a mark of its own.
type typist struct {
	*desk
	n    int
	sent map[string]sentence // by mark
}

// sentence is who typed a text, and where.
type sentence struct {
	of    hub.AuthorityID
	where string // "POST /api/offers/{id}/answer note"
}

// mark is how a mark looks: it stands before what is typed; number, how a CPR number does.
var (
	mark   = regexp.MustCompile(`\bmærke(\d+)\b`)
	number = regexp.MustCompile(`\b\d{6}-?\d{4}\b`)
)

// typing begins to mark what is typed at cases, and notes who sends it.
func typing(d *desk) *typist {
	w := &typist{desk: d, sent: map[string]sentence{}}
	d.typed = func(text string) string {
		w.n++
		return fmt.Sprintf("mærke%d %s", w.n, text)
	}
	d.ask = func(login, method, path, route string, in any, is int) hubtest.Answer {
		a := d.as(login).API(method, path, in).Must(is)
		if method+" "+route == "POST /api/cases/{id}/offers" {
			var made struct{ ID hub.ID }
			a.JSON(&made)
			route += " " + string(made.ID)
		}
		w.notes(login, method+" "+route, in)
		return a
	}
	return w
}

// notes remembers the marks of what is sent.
func (w *typist) notes(login, route string, in any) {
	w.Helper()
	var all any
	b, err := json.Marshal(in)
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil {
		w.Fatal(err)
	}
	var look func(field string, in any)
	look = func(field string, in any) {
		switch in := in.(type) {
		case string:
			for _, m := range mark.FindAllString(in, -1) {
				w.sent[m] = sentence{w.as(login).Post.Authority, route + " " + field}
			}
		case []any:
			for _, one := range in {
				look(field, one)
			}
		case map[string]any:
			for name, one := range in {
				look(name, one)
			}
		}
	}
	look("", all)
}

// leavers are the managers whose authorities leave.
var leavers = map[hub.AuthorityID]string{"koege": koegeManager, "mvs-politi": "holger", "psykiatrien": "alma", "maanebakken": "dorthea"}

// stays is what is typed and not taken along: the joint assessment and the note of a
// meeting are everybody's, who reported is sealed to whoever received it, and what was
// said for the log is the log's, where it is not said of somebody who was let in too.
var (
	stays = regexp.MustCompile(`^(PUT /api/cases/\{id\}/assessment .*|POST /api/cases/\{id\}/meeting/held note|POST /api/concerns reporter_name)$`)
	ofLog = regexp.MustCompile(`^POST /api/(cases/\{id\}/(open|circle|reopen)|requests/\{id\}/answer|offers/\{id\}/send) necessity$|^POST /api/.*/(recusals|lift|glass|review) |^POST /api/cases/\{id\}/(open|take-back) reason$`)
)

func (s *script) written(login string) hubtest.Answer { return s.posts(login, "/written/export", nil) }

// TestWhatAnAuthorityWroteGoesWithIt is A017: when an authority leaves, its manager has
// as a file everything that its people wrote, in its own things and in those of others,
// to the text, and nothing that others wrote; from the days before the last agreement
// ends on, and afterwards; nobody else has, nor anybody before, nor on an old sign-in,
// nor with a broken glass, nor of what one is too close to, or is about oneself. Each
// thing is in the log as taken out.
func TestWhatAnAuthorityWroteGoesWithIt(t *testing.T) {
	s := begin(t)
	w := typing(&desk{driver: &driver{script: s}})
	w.everything()
	kase := w.works("follow_up")
	d := w.desk
	d.changes("bodil", "/api/requests/{id}/answer", d.answers(2), kase.asked)
	reported := d.reports(w)
	var drafts []string
	for _, row := range s.SQL("select id from referral.offer where sent_at is null") {
		drafts = append(drafts, row[0])
	}
	const name = "Opdigtet Nummer"

	file := func(login string) string {
		t.Helper()
		return d.written(login).Must(200).Text()
	}
	refused := func(what string, status int, logins ...string) {
		t.Helper()
		for _, login := range logins {
			if a := d.written(login); a.Status != status || mark.MatchString(a.Text()) {
				t.Errorf("%s %s is answered %d %.200s", what, login, a.Status, a.Text())
			}
		}
	}
	others := []string{coordinator, policeMan, "bodil", "liv", "tage", teacher, ssp, "asta", "mogens", koegeDPO, "karla", "rune", "aksel"}
	managers := []string{koegeManager, "holger", "alma", "dorthea"}
	for _, login := range others {
		if a := s.as(login).Get("/written"); a.Status != 404 {
			t.Errorf("%s is shown the page: %d", login, a.Status)
		}
	}
	refused("before anybody leaves", 409, managers...)
	refused("before anybody leaves", 404, others...)
	for _, login := range managers {
		if a := s.as(login).Get("/written").Must(200).Text(); strings.Contains(a, "/written/export") || !strings.Contains(a, "30 dage") {
			t.Errorf("%s is given the button though nobody leaves: %s", login, a)
		}
	}
	all := []string{"infohus-koege", "psp-koege", "ksp-koege", "maanebakken", "infohus-roskilde"}
	s.lapses(s.Now().AddDate(0, 0, 32), all...)
	refused("more than thirty days before", 409, managers...)
	s.lapses(s.Now().AddDate(0, 0, 29), all...)
	before := s.One("select coalesce(max(id), 0) from audit.trail")
	for _, login := range managers {
		if a := s.as(login).Get("/written").Must(200).Text(); !strings.Contains(a, "/written/export") {
			t.Errorf("%s is not given the button in the last days: %s", login, a)
		}
	}
	files := map[hub.AuthorityID]string{}
	for of, login := range leavers {
		files[of] = file(login)
		if strings.Contains(files[of], name) || number.MatchString(files[of]) {
			t.Errorf("the file of %s says whom it is about", of)
		}
		has := map[string]bool{}
		for _, m := range mark.FindAllString(files[of], -1) {
			has[m] = true
			if by := w.sent[m]; by.of != of {
				t.Errorf("the file of %s has what %s wrote at %s", of, by.of, by.where)
			}
		}
		own := 0
		for m, by := range w.sent {
			_, offer, _ := strings.Cut(by.where, "/offers ") // one that nobody was sent was given to nobody
			stay := stays.MatchString(by.where) || offer != "" && slices.Contains(drafts, strings.Fields(offer)[0])
			switch {
			case by.of != of:
				continue
			case stay && has[m]:
				t.Errorf("the file of %s has what stays: %s", of, by.where)
			case stay || ofLog.MatchString(by.where):
				continue
			}
			if own++; !has[m] {
				t.Errorf("the file of %s lacks %s, typed at %s", of, m, by.where)
			}
		}
		if own < 2 {
			t.Errorf("%s wrote %d texts: this test has gone blind", of, own)
		}
		t.Logf("%s: %d texts", of, own)
	}
	if n := strings.Count(files["mvs-politi"], "signatures."); n == 0 {
		t.Error("the police's file does not say that they signed")
	}

	// Each thing is in the log, of whoever's it is.
	alma := string(s.as("alma").Post.Person)
	for kind, controller := range map[string]string{"answer": "psykiatrien", "offer": "mvs-politi", "written": "psykiatrien"} {
		if n := s.One("select count(*) from audit.trail where id > $1 and act = 'export' and outcome = 'allow' and person = $2 and object_kind = $3 and controller = $4", before, alma, kind, controller); n == "0" {
			t.Errorf("the log of %s does not say that %s took a thing of the kind %s", controller, alma, kind)
		}
	}
	if n := s.One("select count(*) from audit.trail where id > $1 and person = $2 and question <> 'return' and act = 'export'", before, alma); n != "0" {
		t.Errorf("%s rows rest on another question", n)
	}
	refused("when it leaves", 404, others...)

	// Who is too close, or whom it is about.
	if !strings.Contains(files["mvs-politi"], string(kase.kase)) || !strings.Contains(files["maanebakken"], string(reported)) {
		t.Error("nothing is taken out of what is left out now: this test has gone blind")
	}
	d.call(policeMan, "POST", "/api/cases/{id}/recusals", map[string]any{"ground": "2", "hat": d.hat("holger")}, 200, kase.kase)
	for _, id := range []hub.ID{kase.kase, kase.offer, kase.asked, kase.id} {
		if strings.Contains(file("holger"), string(id)) {
			t.Errorf("whoever is too close takes along what was written in %s", id)
		}
	}
	if !strings.Contains(file("holger"), "mærke") {
		t.Error("and of the others nothing either")
	}
	s.SQL("insert into access.person_mark values ($1, 'x', 'm')", string(s.as("dorthea").Post.Person))
	s.SQL("insert into access.subject_mark select subject, 'm' from intake.concern where id = $1", string(reported))
	if strings.Contains(file("dorthea"), string(reported)) {
		t.Error("whom it is about takes along what was said of them")
	}

	// Broken glass takes nothing along, nor an old sign-in; when it is over the manager does.
	s.broken(ssp, "concerns", s.forwarded(), inDanger[0])
	refused("with a broken glass", 404, ssp)
	s.Advance(16 * time.Minute)
	refused("on an old sign-in", 403, "alma")
	s.lapses(s.Now().Add(-time.Minute), all...)
	s.who = map[string]*hubtest.Client{}
	if a := s.as("bodil").API("GET", "/api/offers/"+string(kase.offer), nil); a.Status != 404 {
		t.Fatalf("the cooperation is not over: %d", a.Status)
	}
	if after := file("alma"); after != files["psykiatrien"] {
		t.Errorf("when the cooperation is over the file is\n%s\nand was\n%s", after, files["psykiatrien"])
	}
	s.SQL("update access.hat set until_at = $1 where authority = 'psykiatrien'", s.Now())
	if a := d.written("alma"); a.Status == 200 {
		t.Error("who works there no more takes it along")
	}
}

// takesAlong is what managers of authorities that leave ask.
func (d *desk) takesAlong() {
	d.Helper()
	d.as("alma").Get("/written").Must(200)
	d.lapses(d.Now().AddDate(0, 0, 20), "infohus-koege", "psp-koege", "ksp-koege", "maanebakken", "infohus-roskilde")
	for _, login := range []string{koegeManager, "holger", "alma"} {
		d.as(login).Get("/written").Must(200)
		d.fills(d.as(login), "/written/export", nil).Must(200)
	}
}

// reports hands in a concern of the school's, and judges it, in marked words.
func (d *desk) reports(w *typist) hub.ID {
	d.Helper()
	says := func(login, method, path, route string, in map[string]any, is int) (got done) {
		d.Helper()
		w.notes(login, method+" "+route, in)
		d.as(login).API(method, path, in).Must(is).JSON(&got)
		return got
	}
	in := concern(d.registers("asta", map[string]any{"unknown": true}), map[string]any{"why_now": d.text("Ny omgangskreds."), "context": d.text("God kontakt til sin mentor."),
		"wishes": d.text("Moren ved det."), "theme": "gang", "reporter_name": d.text("Asta"), "urgency_reason": d.text("Det går stærkt."), "municipality": "koege",
		"statements": []map[string]any{{"kind": "fact", "text": d.text("Er set ved kiosken."), "first_hand": true}}})
	id := says("asta", "POST", "/api/concerns", "/api/concerns", in, 201).ID
	d.does(coordinator, "forward", id, toPolice)
	d.does(policeMan, "check", id, map[string]any{"outcome": "released"})
	for _, login := range []string{coordinator, policeMan} {
		says(login, "POST", "/api/concerns/"+string(id)+"/triage", "/api/concerns/{id}/triage", map[string]any{"outcome": "case", "rationale": d.text("Det er værd at se på sammen.")}, 200)
	}
	d.Settle()
	return id
}
