//go:build !race

package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// TestWhatEndsAtItsMinute: an assignment, a share, a legal basis and a hat let
// nobody in from their minute on, in record, list and page, one that is open too;
// a second before, they do. An agreement carries no disclosure from its minute on
// (L5, L56; a withdrawn consent is in [affair.revoke], eighteen years in
// TestEighteenLetsTheYoungsOut, a deputy in TestADeputyActsForSomebody).
func TestWhatEndsAtItsMinute(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w := d.works("collecting")
	d.makes(policeMan, "/api/cases/{id}/circle", with(d.basis("RPL115-1-2", because), map[string]any{"hat": d.hat("bodil"), "reason": sayWhy, "until": d.day(60)}), w.kase)
	kase := string(w.kase)
	for _, end := range []struct{ what, login, sql string }{
		{"an assignment", "liv", "update access.assignment set until_at = $1 where item = '" + kase + "' and person = '" + string(d.as("liv").Post.Person) + "'"},
		{"a share", "bodil", "update access.share set until_at = $1 where item = '" + kase + "' and receiver = 'psykiatrien'"},
		{"a legal basis", policeMan, "update access.relied set until_at = $1 where code = 'RPL115-2'"},
		{"a hat", coordinator, "update access.hat set until_at = $1 where id = '" + string(d.hat(coordinator)) + "'"},
	} {
		sees := func() (alone, page, listed bool) {
			c := d.as(end.login)
			return c.API("GET", "/api/cases/"+kase, nil).Status == 200, strings.Contains(c.Get("/cases/"+kase).Text(), "Opdigtet Nummer"), strings.Contains(c.API("GET", "/api/cases", nil).Text(), kase)
		}
		minute := s.Now().Truncate(time.Minute).Add(2 * time.Minute)
		s.SQL("alter table access.assignment disable trigger user; alter table access.share disable trigger user") // what has an end is not moved, but by a test
		s.SQL(end.sql, minute)
		s.Set(minute.Add(-time.Second))
		if alone, page, listed := sees(); !alone || !page || !listed {
			t.Errorf("%s: a second before its end %s sees it alone %v, on its page %v, in the list %v", end.what, end.login, alone, page, listed)
		}
		s.Set(minute)
		if alone, page, listed := sees(); alone || page || listed {
			t.Errorf("%s: from its end on %s sees it alone %v, on its page %v, in the list %v", end.what, end.login, alone, page, listed)
		}
	}
}

// TestAnAgreementEndsAtItsMinute: a self-governing institution is asked only while
// its agreement is in force (L5).
func TestAnAgreementEndsAtItsMinute(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w := d.works("collecting")
	minute := s.Now().Truncate(time.Minute).Add(2 * time.Minute)
	for i, a := range s.Structure.Agreements {
		if a.ID == "maanebakken" {
			s.Structure.Agreements[i].Until = minute
		}
	}
	school := s.Structure.Agreements[len(s.Structure.Agreements)-1].Parties[2]
	var hat hub.ID
	for _, p := range s.Structure.Posts() {
		if p.Authority == school && p.Role == hub.Institution {
			hat = p.Hat.ID
		}
	}
	asks := with(d.basis("RPL115-3", because), map[string]any{"authority": school, "hats": []hub.ID{hat}, "questions": "Hvordan går det i frikvartererne?",
		"necessity": "Fraværet er afgørende for, hvilken hjælp der kan virke."})
	s.Set(minute.Add(-time.Second))
	d.call(policeMan, "POST", "/api/cases/{id}/requests", asks, 201, w.kase)
	s.Set(minute)
	d.call(policeMan, "POST", "/api/cases/{id}/requests", asks, 400, w.kase)
}

// TestACooperationEndsAtItsMinute: what § 115 stk. 1-2 carries, it carries between the
// parties of an agreement in force (L2, domain.md 2.5): not a minute longer, and not
// to whoever has none, as the advice says too.
func TestACooperationEndsAtItsMinute(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w := d.works("collecting")
	minute := s.Now().Truncate(time.Minute).Add(2 * time.Minute)
	for i, a := range s.Structure.Agreements {
		if a.ID == "psp-koege" {
			s.Structure.Agreements[i].Until = minute
		}
	}
	invites := with(d.basis("RPL115-1-2", because), map[string]any{"hat": d.hat("bodil"), "reason": sayWhy, "until": d.day(60)})
	advised := func() (allow, missing bool) {
		var a struct {
			Bases []struct {
				Basis   string `json:"legal_basis"`
				Allow   bool
				Reasons []string
			}
		}
		s.as(policeMan).API("POST", "/api/advice", map[string]any{"to": "psykiatrien", "purpose": "prevention", "state": "collecting", "under": "within_cooperation"}).Must(200).JSON(&a)
		for _, b := range a.Bases {
			if b.Basis == "RPL115-1-2" {
				return b.Allow, slices.Equal(b.Reasons, []string{"cooperation_missing"})
			}
		}
		return false, false
	}
	s.Set(minute.Add(-time.Second))
	if allow, _ := advised(); !allow {
		t.Error("a second before its end the advice is no")
	}
	s.Set(minute)
	if allow, missing := advised(); allow || !missing {
		t.Error("from its end on the advice does not say that the agreement is missing")
	}
	refused := d.call(policeMan, "POST", "/api/cases/{id}/circle", invites, 400, w.kase)
	if !strings.Contains(refused.Text(), "aftale om samarbejdet") {
		t.Errorf("the refusal says %s", refused.Text())
	}
	if n := s.One("select count(*) from audit.trail where outcome = 'deny' and question = 'disclose' and 'cooperation_missing' = any(reasons)"); n != "1" {
		t.Errorf("%s rows say why", n)
	}
	s.Set(minute.Add(-time.Second))
	d.call(policeMan, "POST", "/api/cases/{id}/circle", invites, 201, w.kase)
}

// TestAnAuthorityLeaves is A017: from its minute on nobody of an authority that takes
// part no more is told anything, what it did with the others stays with them, and
// nothing more is shared with it. What it wrote it takes along while its manager has a
// role (TestWhatAnAuthorityWroteGoesWithIt).
func TestAnAuthorityLeaves(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w, asked := d.works("follow_up"), d.works("collecting")
	offer := "/offers/" + string(w.offer)
	read := func(login string) (status int, text string) {
		a := s.as(login).API("GET", "/api"+offer, nil)
		return a.Status, a.Text()
	}
	_, kept := read(policeMan)
	minute := s.Now().Truncate(time.Minute).Add(2 * time.Minute)
	s.SQL("update access.hat set until_at = $1 where authority = 'psykiatrien'", minute)
	for i, a := range s.Structure.Agreements {
		if slices.Contains(a.Parties, hub.AuthorityID("psykiatrien")) {
			s.Structure.Agreements[i].Until = minute
		}
	}
	s.SQL("update access.agreement set until_at = $1 where 'psykiatrien' = any(parties)", minute)
	s.Set(minute.Add(-time.Second))
	open := s.as("bodil").Get(offer).Must(200)
	if status, text := read("bodil"); status != 200 || !strings.Contains(open.Text(), "Opdigtet") || !strings.Contains(text, "mentor") {
		t.Fatalf("a second before it leaves it is answered %d %s", status, text)
	}
	s.Set(minute)
	for _, path := range []string{offer, "/offers", "/"} {
		page, one := s.as("bodil").Get(path), s.as("bodil").API("GET", "/api"+offer, nil)
		if strings.Contains(page.Text(), "Opdigtet") || one.Status == 200 || strings.Contains(one.Text(), "mentor") {
			t.Errorf("when it has left it is shown %s: %d %s", path, page.Status, page.Text())
		}
	}
	if real, invented := s.as("bodil").API("GET", "/api"+offer, nil), s.as("bodil").API("GET", "/api/offers/"+string(hub.NewID()), nil); real.Status != invented.Status || real.Text() != invented.Text() {
		t.Errorf("when it has left it is answered %d %s, of an invented one %d %s", real.Status, real.Text(), invented.Status, invented.Text())
	}
	if status, text := read(policeMan); status != 200 || text != kept {
		t.Errorf("what it did is read by the others as %d %s, was %s", status, text, kept)
	}
	in := with(d.asks("bodil"), d.basis("RPL115-1-2", because))
	if a := s.as(policeMan).API("POST", "/api/cases/"+string(asked.kase)+"/requests", in); a.Status != 400 {
		t.Errorf("it is asked still: %d %s", a.Status, a.Text())
	}
}

// TestNothingFollowsThePerson is L58: whoever moves to another municipality is known
// there by a reference of that municipality's own, and nothing of the old comes with
// it: not the concern, not the case, not the name, not that there was any.
func TestNothingFollowsThePerson(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w := d.works("collecting")
	theirs := s.registers(roskilde, map[string]any{"name": "Opdigtet Nummer 1", "cpr": "670200-0001"}) // as in [driver.drives]
	if theirs == w.subject {
		t.Fatalf("here and there it is %s", theirs)
	}
	var out done
	s.as(roskilde).API("POST", "/api/concerns", concern(theirs, nil)).Must(201).JSON(&out)
	a := s.as(roskilde).API("GET", "/api/concerns/"+string(out.ID), nil).Must(200)
	if strings.Contains(a.Text(), "seen_before") || strings.Contains(a.Text(), string(w.id)) {
		t.Errorf("the new municipality is told %s", a.Text())
	}
	s.seesNothing(w.id, roskilde)
	for _, path := range []string{"/api/cases/" + string(w.kase), "/api/subjects/" + string(w.subject)} {
		if got := s.as(roskilde).API("GET", path, nil); got.Status != 404 {
			t.Errorf("%s answers the new municipality %d", path, got.Status)
		}
	}
}

// TestBrokenGlassEndsWithItsBasis is L57 in part: a glass is broken on a legal basis, and
// what was broken opens nothing more, in record, page and list, from the minute at which
// the signed data says that it ends; and nobody breaks another.
func TestBrokenGlassEndsWithItsBasis(t *testing.T) {
	s := begin(t)
	kase := s.caseOpened()
	now := s.Now().In(hub.Copenhagen)
	midnight := time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, hub.Copenhagen)
	s.Set(midnight.Add(-10 * time.Minute))
	clear(s.who) // their sign-ins have ended
	document := s.Engine().Document()
	defer s.Engine().Revise(document)
	before, row, ok := strings.Cut(string(document), `"EMERGENCY":    {`)
	if !ok {
		t.Fatal("the row is not there")
	}
	ends := before + `"EMERGENCY":    {` + strings.Replace(row, `"until": null`, `"until": "`+midnight.Format(time.DateOnly)+`"`, 1)
	if err := s.Engine().Revise([]byte(ends)); err != nil {
		t.Fatal(err)
	}
	s.broken("tage", "cases", kase, inDanger[0])
	if basis := s.One("select basis from audit.trail where act = 'break-glass' and outcome = 'allow' and object_id = $1", string(kase)); basis != "EMERGENCY" {
		t.Errorf("the trail says that it was broken on %q", basis)
	}
	for _, is := range []struct {
		at   time.Time
		open bool
	}{{midnight.Add(-time.Second), true}, {midnight, false}} {
		s.Set(is.at)
		c := s.as("tage")
		alone, page, listed := c.API("GET", "/api/cases/"+string(kase), nil).Status == 200, c.Get("/cases/"+string(kase)).Status == 200, strings.Contains(c.API("GET", "/api/cases", nil).Text(), string(kase))
		if alone != is.open || page != is.open || listed != is.open {
			t.Errorf("at %s it is open alone %v, on its page %v, in the list %v", is.at, alone, page, listed)
		}
	}
	s.as("ellen").API("POST", "/api/cases/"+string(kase)+"/glass", map[string]any{"category": "life", "reason": inDanger[1]}).Must(404)
	if err := s.Engine().Revise(document); err != nil {
		t.Fatal(err)
	}
	s.broken("ellen", "cases", kase, inDanger[1])
}
