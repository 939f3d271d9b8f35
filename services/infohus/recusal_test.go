//go:build !race

package main

import (
	"strconv"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

const tooClose = "Borgmesteren har bedt om, at det ses efter en gang til."

// sight is whether somebody sees a thing: by itself, on its page and in its list.
func (d *desk) sight(login, kind string, id hub.ID) (alone, page, listed bool) {
	d.Helper()
	c := d.as(login)
	return c.API("GET", "/api/"+kind+"/"+string(id), nil).Status == 200, c.Get("/"+kind+"/"+string(id)).Status == 200,
		strings.Contains(c.API("GET", "/api/"+kind+"?limit=100", nil).Text(), string(id))
}

// course holds that somebody sees each of the things of a case everywhere, or
// nowhere. The list of questions is of those that wait: nothing must be in it.
func (d *desk) course(login string, w *work, yes bool) {
	d.Helper()
	of := map[string]hub.ID{"concerns": w.id, "cases": w.kase, "requests": w.asked, "offers": w.offer}
	if login != policeMan {
		of["offers"] = w.own
		of["requests"] = w.settled
	}
	for kind, id := range of {
		if alone, page, listed := d.sight(login, kind, id); alone != yes || page != yes || listed != yes && (kind != "requests" || listed) {
			d.Errorf("%s sees %s: alone %v, its page %v, in the list %v, want %v", login, kind, alone, page, listed, yes)
		}
	}
	if has := strings.Contains(d.as(login).API("GET", "/api/cases/"+string(w.kase)+"/answers", nil).Text(), string(w.answer)); has != yes {
		d.Errorf("%s sees the answer: %v, want %v", login, has, yes)
	}
}

// TestSeenBeforeIsWhatAListGives: how many other concerns the own authority has about
// somebody counts what a list gives the reader, and nothing that they are not let in on, or
// are too close to (L9 in part, A012 in part).
func TestSeenBeforeIsWhatAListGives(t *testing.T) {
	s := begin(t)
	subject := s.registers(coordinator, nil)
	var first, second done
	s.as(coordinator).API("POST", "/api/concerns", concern(subject, nil)).Must(201).JSON(&first)
	s.as(coordinator).API("POST", "/api/concerns", concern(subject, nil)).Must(201).JSON(&second)
	before := func(login string, want int) {
		t.Helper()
		var v struct {
			SeenBefore int `json:"seen_before"`
		}
		s.as(login).API("GET", "/api/concerns/"+string(second.ID), nil).Must(200).JSON(&v)
		var list struct{ Total int }
		s.as(login).API("GET", "/api/concerns?subject="+string(subject), nil).Must(200).JSON(&list)
		page := s.as(login).Get("/concerns/" + string(second.ID)).Must(200).Text()
		if v.SeenBefore != want || list.Total != want+1 || strings.Contains(page, "om borgeren hos jer") != (want > 0) {
			t.Errorf("%s is told of %d others, their list has %d, want %d", login, v.SeenBefore, list.Total, want)
		}
	}
	before(coordinator, 1)
	s.as(coordinator).API("POST", "/api/concerns/"+string(second.ID)+"/access", map[string]any{"hat": s.as(ssp).Post.Hat.ID}).Must(200)
	before(ssp, 0)
	s.as(coordinator).API("POST", "/api/concerns/"+string(first.ID)+"/recusals", map[string]any{"ground": "2"}).Must(200)
	before(coordinator, 0)
	before(deputy, 1)
}

// TestRecusal is inhabilitet (forvaltningsloven §§ 3-6) on a whole course: whoever
// says so of the concern sees neither that nor the case, its questions, answers and
// offers, in record, list or page, also of what comes later; who is told, without
// content; and lifting takes somebody else, and a reason.
func TestRecusal(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w := d.works("follow_up")
	d.course(coordinator, w, true)
	d.course(policeMan, w, true)
	open := s.as(coordinator).Get("/cases/" + string(w.kase)) // a page that is open when it is said

	// Of oneself, of the concern; it reaches the case and all that came of it.
	path := "/api/concerns/" + string(w.id) + "/recusals"
	s.as(coordinator).API("POST", path, map[string]any{"ground": "6"}).Must(400)
	s.as(ssp).API("POST", "/api/cases/"+string(w.kase)+"/recusals", map[string]any{"ground": "2"}).Must(404) // who has nothing to do with the case
	s.as(coordinator).API("POST", path, map[string]any{"ground": "2", "reason": "Hans mor er min kusine."}).Must(200)
	d.course(coordinator, w, false)
	d.course(deputy, w, true)
	s.as(coordinator).API("POST", "/api/cases/"+string(w.kase)+"/close", d.ends()).Must(404)
	if again := s.as(coordinator).Get(open.Path); again.Status != 404 || strings.Contains(again.Text(), "Opdigtet") {
		t.Errorf("the open page answers %d", again.Status)
	}
	if a := s.as(coordinator).API("GET", "/api/subjects/"+string(w.subject), nil); a.Status != 404 {
		t.Errorf("the person is seen: %d", a.Status)
	}
	s.seesNothing(w.id, coordinator)
	later := d.makes(deputy, "/api/cases/{id}/offers", d.offers("tage"), w.kase) // what comes later inherits it
	if alone, _, listed := d.sight(coordinator, "offers", later); alone || listed {
		t.Error("an offer that was drafted later is seen")
	}

	// Who is told: the other coordinator, the deputy that it is theirs now, the own
	// officer; none of why.
	s.Settle()
	for login, word := range map[string]string{policeMan: `"recused"`, deputy: `"recused_takeover"`, koegeDPO: `"recused_officer"`, coordinator: `"recused_you"`} {
		if a := s.as(login).API("GET", "/api/notices", nil); !strings.Contains(a.Text(), `"what":`+word) || strings.Contains(a.Text(), "kusine") {
			t.Errorf("%s is told %s", login, a.Text())
		}
	}
	if a := s.as(koegeManager).API("GET", "/api/notices", nil); strings.Contains(a.Text(), "takeover") {
		t.Errorf("the manager is told, and there is a deputy: %s", a.Text())
	}
	// Then the deputy too, who is warned and not stopped: nobody is left. The manager is
	// told, with the way to who is recused; the police, that the seat is empty.
	const warns = "Ingen anden i din rolle er tilbage"
	if p := s.as(deputy).Get("/cases/" + string(w.kase) + "/recusal").Must(200).Text(); !strings.Contains(p, warns) {
		t.Errorf("the last one is not warned: %s", p)
	}
	// Why is the own authority's to know (§ 3): the police see that it is so only.
	if p := s.as(policeMan).Get("/cases/" + string(w.kase) + "/recusal").Must(200).Text(); !strings.Contains(p, "Gudrun Modelborg") || strings.Count(p, "I familie med en part") != strings.Count(p, "Egen interesse i sagen") {
		t.Errorf("the police see %s", p)
	}
	s.as(deputy).API("POST", "/api/cases/"+string(w.kase)+"/recusals", map[string]any{"ground": "5"}).Must(200)
	s.Settle()
	d.course(deputy, w, false)
	if a := s.as(koegeManager).API("GET", "/api/notices", nil); !strings.Contains(a.Text(), `"what":"recused_empty"`) || !strings.Contains(a.Text(), string(w.kase)) {
		t.Errorf("the manager is told %s", a.Text())
	}
	if p := s.as(koegeManager).Get("/").Text(); !strings.Contains(p, `href="/cases/`+string(w.kase)+`/recusal"`) {
		t.Errorf("the manager's notice leads nowhere: %s", p)
	}
	s.as(koegeManager).Get("/cases/" + string(w.kase) + "/recusal").Must(200)
	if p := s.as(policeMan).Get("/cases/" + string(w.kase)).Must(200).Text(); !strings.Contains(p, "Køge Kommune har ingen tovholder på sagen lige nu") || strings.Contains(p, "Politi har ingen tovholder") {
		t.Errorf("the police's page of the case does not say whose seat is empty: %s", p)
	}
	if a := s.as(policeMan).API("GET", "/api/notices", nil); !strings.Contains(a.Text(), `"what":"recused_seat"`) {
		t.Errorf("the police are told %s", a.Text())
	}

	// Lifting: not by oneself, not by another authority, not without a reason; the
	// manager may, who sees no content by it.
	viggo, gudrun := s.as(deputy).Post.Person, s.as(coordinator).Post.Person
	lift := func(login string, person hub.ID, in any) int {
		return s.as(login).API("POST", "/api/cases/"+string(w.kase)+"/recusals/"+string(person)+"/lift", in).Status
	}
	why := map[string]any{"reason": tooClose}
	for login, status := range map[string]int{deputy: 404, coordinator: 404, policeMan: 404, roskilde: 404} {
		if got := lift(login, viggo, why); got != status {
			t.Errorf("%s lifts it: %d", login, got)
		}
	}
	if lift(koegeManager, viggo, map[string]any{"reason": "Ok."}) != 400 || lift(koegeManager, s.as(ssp).Post.Person, why) != 404 || lift(koegeManager, viggo, why) != 200 {
		t.Error("the manager does not lift it, or without a reason, or of somebody who is not recused")
	}
	d.course(deputy, w, true)
	if alone, _, _ := d.sight(koegeManager, "cases", w.kase); alone {
		t.Error("the manager sees the case")
	}
	if lift(deputy, gudrun, why) != 404 || lift(koegeManager, gudrun, why) != 200 { // whoever acts for her would lift her own
		t.Error("her deputy lifts it, or the manager does not")
	}
	d.course(coordinator, w, true)
	if alone, _, _ := d.sight(coordinator, "offers", later); !alone {
		t.Error("what came later stays shut")
	}
	var sheet struct {
		Recused []struct {
			Name     string
			LiftedBy string `json:"lifted_by"`
		}
	}
	s.as(coordinator).API("GET", path, nil).Must(200).JSON(&sheet)
	if len(sheet.Recused) != 2 || sheet.Recused[0].LiftedBy != "Hedvig Tænkeeksempel" || sheet.Recused[1].Name != "Viggo Pladsholder" {
		t.Errorf("the history is %+v", sheet)
	}
	// The officer reads whose access it was, that it is a recusal, and on which ground;
	// the other authority's officer finds no ground anywhere.
	log := func(login, act string) string {
		return s.as(login).API("POST", "/api/trail/search", map[string]any{"ground": "self_monitoring", "reference": string(w.id), "act": act}).Must(200).Text()
	}
	if a := log(koegeDPO, "revoke"); !strings.Contains(a, `"whose_name":"Gudrun Modelborg","whose_role":"municipal_coordinator","recusal":"said","ground":"2"`) || !strings.Contains(a, "kusine") {
		t.Errorf("the officer reads %s", a)
	}
	if a := log(koegeDPO, "grant"); strings.Contains(a, `"recusal":"lifted"`) != strings.Contains(a, `"whose_name":"Viggo Pladsholder"`) {
		t.Errorf("the officer reads of the lifting %s", a)
	}
	if n := s.One("select count(*) from audit.trail where question = 'recuse' and act in ('revoke', 'grant') and outcome = 'allow' and object_id = any(array['" + string(w.id) + "','" + string(w.kase) + "'])"); n != "4" {
		t.Errorf("%s rows of it in the trail, want 4", n)
	}
	s.as(policeMan).API("POST", "/api/cases/"+string(w.kase)+"/recusals", map[string]any{"ground": "3"}).Must(200)
	of := func(login string) string {
		return s.as(login).API("POST", "/api/trail/search", map[string]any{"ground": "self_monitoring", "reference": string(w.kase), "act": "revoke"}).Must(200).Text()
	}
	if ours, theirs := of(koegeDPO), of(mvsDPO); strings.Contains(ours, `"ground":"3"`) || !strings.Contains(theirs, `"ground":"3"`) {
		t.Errorf("the ground of the police's is read by %s, and by its own officer %s", ours, theirs)
	}
}

// TestTheRecusedHearNoMore is A012: whoever is recused is told nothing more of the case,
// of what was told before or after, with neither reference nor limit; and is again, when
// it is lifted. Who works on is told as ever.
func TestTheRecusedHearNoMore(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w := d.works("assessment")
	d.writes(w)
	s.broken("tage", "cases", w.kase, inDanger[0])
	s.Settle()
	hears := func(login string, yes bool, words ...string) {
		t.Helper()
		told, front := s.as(login).API("GET", "/api/notices", nil).Must(200).Text(), mainOf(s.as(login).Get("/").Must(200).Text())
		for _, id := range []hub.ID{w.kase, w.id} {
			if strings.Contains(front, string(id)) && !yes || strings.Contains(told, string(id)) && !yes {
				t.Errorf("%s is told of %s: %s %s", login, id, told, front)
			}
		}
		for _, word := range words {
			if got := strings.Contains(told, `"`+word+`"`); got != yes {
				t.Errorf("%s is told %s: %v, want %v: %s", login, word, got, yes, told)
			}
		}
	}
	hears(deputy, true, "glass_broken")
	s.as(deputy).API("POST", "/api/cases/"+string(w.kase)+"/recusals", map[string]any{"ground": "2"}).Must(200)
	hears(deputy, false, "glass_broken")
	d.signs(w)
	s.Settle()
	hears(deputy, false, "glass_broken", "case_signed", "case_recommended")
	hears(coordinator, true, "case_recommended")
	s.as(koegeManager).API("POST", "/api/cases/"+string(w.kase)+"/recusals/"+string(s.as(deputy).Post.Person)+"/lift", map[string]any{"reason": tooClose}).Must(200)
	hears(deputy, true, "case_recommended")
}

// TestRecusingAColleague: a coordinator or a manager says it of a colleague of the
// own authority, chooses who takes over, and never takes it themselves.
func TestRecusingAColleague(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	of := d.drives("municipality", "received") // ingrid is let in
	path := "/api/concerns/" + string(of.id) + "/recusals"
	say := func(login string, in map[string]any, want int) {
		t.Helper()
		s.as(login).API("POST", path, in).Must(want)
	}
	birk := s.AsRole("birk", hub.Receiver)
	say(ssp, map[string]any{"ground": "1", "hat": s.as(coordinator).Post.Hat.ID}, 404)                        // a receiver says it of nobody else
	say(coordinator, map[string]any{"ground": "1", "hat": s.as(policeMan).Post.Hat.ID}, 400)                  // of another authority
	say(coordinator, map[string]any{"ground": "1", "hat": d.hat(ssp), "substitute": d.hat(coordinator)}, 400) // oneself instead
	say(coordinator, map[string]any{"ground": "1", "hat": d.hat(ssp), "substitute": d.hat(deputy)}, 400)      // in another role
	say(roskilde, map[string]any{"ground": "1", "hat": d.hat("valborg")}, 404)                                // of another municipality
	say(coordinator, map[string]any{"ground": "1", "hat": d.hat(ssp), "substitute": birk.Post.Hat.ID, "reason": "De er naboer."}, 200)
	if got := s.sees(ssp, of.id); got != nil {
		t.Errorf("ingrid sees %v", got)
	}
	if a := birk.API("GET", "/api/concerns/"+string(of.id), nil); a.Status != 200 {
		t.Errorf("birk, who takes over, gets %d", a.Status)
	}
	if p := mainOf(s.as(coordinator).Get("/concerns/" + string(of.id) + "/recusal").Must(200).Text()); !strings.Contains(p, "Overtaget af "+birk.Post.Name) || strings.Contains(p, "Lad den valgte overtage") {
		t.Errorf("the page does not say who took over, or asks for it once more: %s", p)
	}
	say(coordinator, map[string]any{"ground": "1", "hat": d.hat(ssp)}, 409)
	s.as(coordinator).API("POST", path+"/"+string(s.as(ssp).Post.Person)+"/lift", map[string]any{"reason": tooClose}).Must(404) // who said it does not lift it
	s.as(deputy).API("POST", path+"/"+string(s.as(ssp).Post.Person)+"/lift", map[string]any{"reason": tooClose}).Must(404)      // nor whoever acts for them
	s.as(koegeManager).API("POST", path+"/"+string(s.as(ssp).Post.Person)+"/lift", map[string]any{"reason": tooClose}).Must(200)
	if got := s.sees(ssp, of.id); got == nil {
		t.Error("what was assigned does not hold again")
	}
	// The manager, who sees nothing of it, says it of the coordinator.
	say(koegeManager, map[string]any{"ground": "4", "hat": d.hat(coordinator), "substitute": d.hat(deputy)}, 200)
	s.seesNothing(of.id, coordinator, koegeManager)
	// From the page.
	page := s.as(deputy).Get("/concerns/" + string(of.id) + "/recusal")
	if !strings.Contains(page.Text(), "Gudrun Modelborg") || !strings.Contains(page.Text(), "Jeg er inhabil") {
		t.Errorf("the page shows %s", page.Text())
	}
}

// TestASubstituteIsNamedLater: who takes over from somebody who is recused already is
// named by the coordinator or the manager, as when it is said: by nobody of another
// authority, nobody who is recused too, and never oneself. Only who takes over is told.
func TestASubstituteIsNamedLater(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w := d.works("collecting")
	at := "/cases/" + string(w.kase)
	s.as("liv").API("POST", "/api"+at+"/recusals", map[string]any{"ground": "2"}).Must(200)
	s.Settle()
	told := s.One("select count(*) from portal.notice")
	later := func(login, whose, next string) int {
		return s.as(login).API("POST", "/api"+at+"/recusals", map[string]any{"ground": "2", "hat": d.hat(whose), "substitute": d.hat(next)}).Status
	}
	if p := s.as(coordinator).Get(at + "/recusal").Must(200).Text(); !strings.Contains(p, "Lad den valgte overtage") {
		t.Errorf("the page has no way to name who takes over: %s", p)
	}
	for _, c := range []struct {
		login, whose, next string
		is                 int
	}{
		{policeMan, "liv", "vilma", 400}, {roskilde, "liv", "vilma", 404}, {"vilma", "liv", "vilma", 404}, {coordinator, "liv", coordinator, 400},
		{coordinator, "liv", "bodil", 400}, {coordinator, "liv", "liv", 400},
	} {
		if got := later(c.login, c.whose, c.next); got != c.is {
			t.Errorf("%s names %s for %s: %d, want %d", c.login, c.next, c.whose, got, c.is)
		}
	}
	if alone, _, _ := d.sight("vilma", "cases", w.kase); alone {
		t.Error("she sees it before she was named")
	}
	if got := later(coordinator, "liv", "vilma"); got != 200 {
		t.Fatalf("who takes over is not named: %d", got)
	}
	s.Settle()
	if alone, page, listed := d.sight("vilma", "cases", w.kase); !alone || !page || !listed {
		t.Errorf("who takes over sees it alone %v, on its page %v, in the list %v", alone, page, listed)
	}
	if alone, _, _ := d.sight("liv", "cases", w.kase); alone {
		t.Error("who was too close sees it again")
	}
	if a := s.as("vilma").API("GET", "/api/notices", nil); !strings.Contains(a.Text(), `"what":"recused_takeover"`) || s.One("select count(*) from portal.notice") != strconv.Itoa(atoi(told)+1) {
		t.Errorf("who takes over is told %s, and there are %s notices, were %s", a.Text(), s.One("select count(*) from portal.notice"), told)
	}
	if n := s.One("select count(*) from access.recusal where item = $1", string(w.kase)); n != "1" {
		t.Errorf("there are %s recusals of the case", n)
	}
	if n := s.One("select count(*) from audit.trail where act = 'grant' and object_id = $1 and question = 'recuse'", string(w.kase)); n != "1" {
		t.Errorf("%s rows of the trail say who took over", n)
	}
}
