//go:build !race

package main

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// TestEachJudgementHasItsOwnWords: who judges again, or after a colleague, puts
// nothing into another's mouth; and who judges from a page that is no longer true
// is told, and judges nothing.
func TestEachJudgementHasItsOwnWords(t *testing.T) {
	d := &driver{script: begin(t)}
	c := d.drives("municipality", "triage")
	at := "/api/concerns/" + string(c.id)
	var seen struct {
		Version    int
		Judgements []struct{ Party, Outcome, Rationale string }
	}
	d.as(coordinator).API("GET", at, nil).Must(200).JSON(&seen)
	first := map[string]any{"outcome": "case", "rationale": "Det er nyt og alvorligt, og ingen kender årsagen.", "version": seen.Version}
	d.as(coordinator).API("POST", at+"/triage", first).Must(200)
	second := map[string]any{"outcome": "unfounded", "rationale": "Skolen har fundet forklaringen i mellemtiden.", "version": seen.Version}
	d.as(deputy).API("POST", at+"/triage", second).Must(409)
	delete(second, "version")
	d.as(deputy).API("POST", at+"/triage", second).Must(409) // a colleague has judged: who has not said what they read has not seen it
	d.as(deputy).API("GET", at, nil).Must(200).JSON(&seen)
	second["version"] = seen.Version
	d.as(deputy).API("POST", at+"/triage", second).Must(200)
	seen.Judgements = nil
	d.as(coordinator).API("GET", at, nil).Must(200).JSON(&seen)
	if len(seen.Judgements) != 2 || seen.Judgements[0].Outcome != "case" || !strings.HasPrefix(seen.Judgements[0].Rationale, "Det er nyt") ||
		!strings.HasPrefix(seen.Judgements[1].Rationale, "Skolen har") {
		t.Errorf("the judgements are %+v", seen.Judgements)
	}
}

// version is the version of a concern, which whoever reads it has; 0 of one that there is not.
func (s *script) version(id hub.ID) int {
	n, _ := strconv.Atoi(s.One(`select coalesce(max(version), 0)::text from intake.concern where id = $1`, string(id)))
	return n
}

// TestNobodyAnswersOverAnAnswer: the police answer once by what they read. Whoever answers
// from a page that was opened before a colleague answered, or says not what they read, is
// told what stands, and answers nothing; with the answer before them they may.
func TestNobodyAnswersOverAnAnswer(t *testing.T) {
	d := &driver{script: begin(t)}
	words := catalogue(t, "da")
	for _, by := range []string{"municipality", "police"} {
		for _, first := range []string{"police_only", "acute"} {
			c := d.drives(by, "police_check")
			at := "/concerns/" + string(c.id)
			state := func() string { return d.One(`select state from intake.concern where id = $1`, string(c.id)) }
			p := d.as(policeMan)
			form := url.Values{"outcome": {"released"}, "purpose": {"prevention"}, "legal_basis": {"RPL115-1-1"}, "necessity": {"Kommunen kender familien og skal tage del i det."}}
			opened := strconv.Itoa(d.version(c.id))
			if page := p.Get(at + "/check").Must(200).Text(); !strings.Contains(page, `name="version" value="`+opened+`"`) {
				t.Errorf("the form has not the version that it was made of")
			}
			form.Set("version", opened)
			d.does("freja", "check", c.id, says(first))
			a := p.Submit(at+"/check", form).Must(409)
			if !strings.Contains(a.Text(), words["intake.error.answered."+first]) || by == "police" && !strings.Contains(a.Text(), "Kommunen kender familien") {
				t.Errorf("%s: the old form is not told what stands, or has lost what was typed: %s", first, mainOf(a.Text()))
			}
			stale := with(says("released"), map[string]any{"version": d.version(c.id) - 1})
			for _, in := range []any{says("released"), says("police_only"), stale} {
				p.API("POST", "/api"+at+"/check", in).Must(409)
			}
			if got := state(); got != first {
				t.Fatalf("%s became %s by an old answer", first, got)
			}
			p.API("POST", "/api"+at+"/check", with(says("released"), map[string]any{"version": d.version(c.id)})).Must(200)
			if got := state(); got != "triage" {
				t.Errorf("%s that was read and released is %s", first, got)
			}
		}
	}
}

// TestNobodyAssessesOverAnAssessment: what one has said of the duty to notify is not another's
// to overwrite unseen.
func TestNobodyAssessesOverAnAssessment(t *testing.T) {
	s := begin(t)
	id := s.submits(coordinator, map[string]any{"forward": toPolice, "child": "yes"})
	in := map[string]any{"outcome": "notified", "reason": "Familieafdelingen har fået den."}
	s.does(coordinator, "notification", id, in)
	over := map[string]any{"outcome": "not_needed", "reason": "Kommunen har allerede en sag om barnet."}
	at := "/api/concerns/" + string(id) + "/notification"
	s.as(deputy).API("POST", at, over).Must(409)
	over["version"] = s.version(id) - 1
	s.as(deputy).API("POST", at, over).Must(409)
	over["version"] = s.version(id)
	s.as(deputy).API("POST", at, over).Must(200)
}

// TestAPseudonymIsAReferenceToo: what a row of the trail says of whom it is about
// can be asked for, and finds what the reference finds.
func TestAPseudonymIsAReferenceToo(t *testing.T) {
	d := &driver{script: begin(t)}
	c := d.drives("municipality", "received")
	d.Settle()
	var found struct {
		Total int
		Rows  []struct{ Subjects []string }
	}
	ask := func(ref string) int {
		found.Total, found.Rows = 0, nil
		d.as(koegeDPO).API("POST", "/api/trail/search", map[string]any{"ground": "lawfulness", "reference": ref}).Must(200).JSON(&found)
		return found.Total
	}
	want := ask(string(c.subject))
	var pseudonym string
	for _, r := range found.Rows {
		if len(r.Subjects) == 1 {
			pseudonym = r.Subjects[0]
		}
	}
	if pseudonym == "" || hub.ID(pseudonym) == c.subject {
		t.Fatalf("no row says of whom it is: %d rows", want)
	}
	if got := ask(pseudonym); got < want-2 { // a row more for each search
		t.Errorf("the pseudonym finds %d rows, the reference %d", got, want)
	}
}

// TestWhatCameOfTheDutyToNotify is L25 in part: what was decided of the duty to notify about
// a child is told to those whose duty it is, and to nobody else with whom the concern is
// shared, in record, page and history.
func TestWhatCameOfTheDutyToNotify(t *testing.T) {
	s := begin(t)
	id := s.submits(coordinator, map[string]any{"forward": toPolice, "child": "yes"})
	s.does(policeMan, "check", id, says("released"))
	s.does(coordinator, "notification", id, map[string]any{"outcome": "not_needed", "reason": "Kommunen har allerede en sag om barnet."})
	for login, told := range map[string]bool{coordinator: true, policeMan: false} {
		record := s.as(login).API("GET", "/api/concerns/"+string(id), nil).Must(200).Text()
		page := mainOf(s.as(login).Get("/concerns/" + string(id)).Must(200).Text())
		if strings.Contains(record, `"child_outcome"`) != told || strings.Contains(record, `"notify"`) != told || strings.Contains(page, "nderretningspligten vurderet") != told {
			t.Errorf("%s, told %v: %s\n%s", login, told, record, page)
		}
		if !strings.Contains(page, "Forebyggelse af kriminalitet") || !strings.Contains(page, "Databeskyttelsesforordningen art. 6, stk. 1, litra e") {
			t.Errorf("the page of %s does not say for what, and on which basis", login)
		}
	}
}

// TestChildLawIsForChildren is L25 in part: nobody writes about somebody who is known to be
// grown on the law on children, and is told what to do instead; that a child lives with
// them they may say, and its time runs.
func TestChildLawIsForChildren(t *testing.T) {
	s := begin(t)
	grown := s.registers(coordinator, map[string]any{"name": "Opdigtet Voksen", "no_cpr": true, "birth_date": "1990-05-05"})
	young := s.registers(coordinator, map[string]any{"name": "Opdigtet Barn", "no_cpr": true, "birth_date": "2015-05-05"})
	law := map[string]any{"purpose": "child_welfare", "legal_basis": "BL133", "child": "yes"}
	if a := s.as(coordinator).API("POST", "/api/concerns", concern(grown, law)); a.Status != 400 || !strings.Contains(a.Text(), `"legal_basis"`) || !strings.Contains(a.Text(), "intake.error.grown") {
		t.Errorf("of somebody grown it is answered %d %s", a.Status, a.Text())
	}
	s.as(coordinator).API("POST", "/api/concerns", concern(young, law)).Must(201)
	s.as(coordinator).API("POST", "/api/concerns", concern(grown, map[string]any{"purpose": "child_welfare", "child": "yes"})).Must(201)
	if n := s.One("select count(*) from intake.concern where child_due is not null"); n != "2" {
		t.Errorf("%s clocks run", n)
	}
}

// TestTheyAreToldThatTheyDoNotAgree: two that triage a concern differently are told, both at
// home and on the concern, and have what the other wrote before them where they change it;
// who has judged is not told that their own is missing.
func TestTheyAreToldThatTheyDoNotAgree(t *testing.T) {
	d := &driver{script: begin(t)}
	words := catalogue(t, "da")
	c := d.drives("municipality", "triage")
	at := "/concerns/" + string(c.id)
	home := func(login, word string) bool {
		t.Helper()
		return strings.Contains(d.as(login).Get("/").Must(200).Text(), words["intake.waits."+word])
	}
	d.does(coordinator, "triage", c.id, judge("case"))
	if home(coordinator, "triage") || home(coordinator, "differ") || !home(policeMan, "triage") || home(policeMan, "differ") {
		t.Error("one has judged, and their own is missing, or the other's is not")
	}
	theirs := judge("unfounded")
	theirs["rationale"] = "Politiet kender forklaringen, og den er uden betydning."
	d.does(policeMan, "triage", c.id, theirs)
	for _, login := range []string{coordinator, policeMan} {
		if home(login, "triage") || !home(login, "differ") {
			t.Errorf("%s is not told at home that they do not agree", login)
		}
		for _, page := range []string{at, at + "/triage"} {
			text := d.as(login).Get(page).Must(200).Text()
			if !strings.Contains(text, words["intake.differ.text"]) || !strings.Contains(text, "Politiet kender forklaringen") {
				t.Errorf("%s does not tell %s that they do not agree, or what the other wrote", page, login)
			}
		}
	}
	if text := d.as("birk").Get("/").Text(); strings.Contains(text, words["intake.waits.differ"]) {
		t.Error("somebody who triages nothing is told of it")
	}
	again := with(judge("case"), map[string]any{"version": d.version(c.id)})
	if got := d.does(policeMan, "triage", c.id, again); got.State != "case" || home(coordinator, "differ") {
		t.Errorf("they agree, and it is %s", got.State)
	}
}

// TestAPageThatTellsLittleSaysWhy: whoever sees no more of a concern than that it is there is
// told why, and whoever lets somebody in is told before how little they see; each side reads
// the words that are for it.
func TestAPageThatTellsLittleSaysWhy(t *testing.T) {
	d := &driver{script: begin(t)}
	words := catalogue(t, "da")
	says := func(login string, c driven, at, word string, yes bool) {
		t.Helper()
		if strings.Contains(d.as(login).Get("/concerns/"+string(c.id)+at).Must(200).Text(), words[word]) != yes {
			t.Errorf("%s reads %s: %v", login, word, !yes)
		}
	}
	received := d.drives("municipality", "received")
	says(teacher, received, "", "intake.gone_on.text", false)
	says(coordinator, received, "/access", "intake.access.little", false)
	for _, state := range []string{"police_check", "triage"} {
		c := d.drives("municipality", state)
		says(teacher, c, "", "intake.gone_on.text", true)
		says(ssp, c, "", "intake.little.text", true)
		says(coordinator, c, "", "intake.little.text", false)
		says(coordinator, c, "/access", "intake.access.little", true)
	}
	for state, word := range map[string]string{"acute": "intake.acute", "police_only": "intake.police_only"} {
		c := d.drives("police", state)
		says(policeMan, c, "", word+".own.text", true)
		says(policeMan, c, "", word+".text", false)
		c = d.drives("municipality", state)
		says(coordinator, c, "", word+".text", true)
		says(coordinator, c, "", word+".own.text", false)
	}
}

// TestACoordinatorIsToldWhoIsTold: who reported is sealed to the receiver (L51 in part), and a
// coordinator who is not one is told so, and how to be let in; it is so then.
func TestACoordinatorIsToldWhoIsTold(t *testing.T) {
	d := &driver{script: begin(t)}
	words := catalogue(t, "da")
	c := d.drives("municipality", "received")
	page := func(login string) string {
		return d.as(login).Get("/concerns/" + string(c.id)).Must(200).Text()
	}
	sealed := words["intake.concern.reporter.sealed"]
	if !strings.Contains(page(coordinator), sealed) || strings.Contains(page(ssp), sealed) || strings.Contains(page(teacher), sealed) {
		t.Error("who is not told who reported is not told that, or somebody else is")
	}
	d.as(deputy).API("POST", "/api/concerns/"+string(c.id)+"/access", map[string]any{"hat": d.as(coordinator).Post.Hat.ID}).Must(200)
	if got := page(coordinator); strings.Contains(got, sealed) || !strings.Contains(got, words["intake.field.reporter_kind"]) {
		t.Error("who was let in is not told what is told of who reported")
	}
}

// TestAFormIsNoTelephoneCall: how a concern came is not made up: a teacher writes it in a form,
// and whoever takes calls is called.
func TestAFormIsNoTelephoneCall(t *testing.T) {
	s := begin(t)
	for login, want := range map[string]string{teacher: "form", "merete": "form", coordinator: "phone"} {
		basis := "GDPR6-1-E"
		if login == "merete" {
			basis = "RHL"
		}
		subject := s.registers(login, map[string]any{"name": "Opdigtet Navn til " + login, "cpr": "67030" + strconv.Itoa(len(login)) + "-4021"})
		var got done
		s.as(login).API("POST", "/api/concerns", concern(subject, map[string]any{"municipality": "koege", "legal_basis": basis, "channel": ""})).Must(201).JSON(&got)
		if got := s.One(`select channel from intake.concern where id = $1`, string(got.ID)); got != want {
			t.Errorf("what %s handed in came by %s", login, got)
		}
		page := s.as(login).Get("/concerns/new?subject=" + string(hub.NewID())).Must(200).Text()
		if !strings.Contains(page, `value="`+want+`" selected`) {
			t.Errorf("the form of %s does not begin with %s", login, want)
		}
	}
}
