//go:build !race

package main

import (
	"bytes"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// The numbers with which two employees sign in, where a test lets them: substitutes.
const (
	gudruns   = "720181-4016"
	thorkilds = "740276-4020"
)

// signsInAs makes somebody's sign-in say their own number from now on.
func (s *script) signsInAs(login, number string) *hubtest.Client {
	s.Helper()
	s.Issuer.Carry(s.as(login).Post, number)
	delete(s.who, login)
	return s.as(login)
}

// about is a concern that a colleague takes in about somebody, put before the police.
func (s *script) about(login string, subject hub.ID) hub.ID {
	s.Helper()
	var out done
	s.as(login).API("POST", "/api/concerns", concern(subject, map[string]any{"forward": toPolice})).Must(201).JSON(&out)
	return out.ID
}

// nowhere holds that somebody sees a concern and whom it is about in no way, and is
// answered as of what is not there.
func (s *script) nowhere(login string, id, subject hub.ID, name, number string) {
	s.Helper()
	s.seesNothing(id, login)
	c := s.as(login)
	for _, path := range []string{"/concerns/" + string(id), "/concerns/" + string(id) + "/recusal", "/subjects/" + string(subject), "/subjects/" + string(subject) + "/reveal", "/subjects/" + string(subject) + "/identify"} {
		real := c.Get(path)
		invented := c.Get(strings.NewReplacer(string(id), string(hub.NewID()), string(subject), string(hub.NewID())).Replace(path))
		if real.Status != 404 || invented.Status != 404 || mainOf(real.Text()) != mainOf(invented.Text()) {
			s.Errorf("%s is answered %d for %s, and %d for an invented one", login, real.Status, path, invented.Status)
		}
	}
	for _, ask := range []struct {
		verb, path string
		in         any
	}{
		{"GET", "/api/subjects/{s}", nil},
		{"POST", "/api/subjects/{s}/reveal", map[string]any{"reason": "Jeg vil vide, om det er mit nummer."}},
		{"POST", "/api/subjects/{s}/identify", map[string]any{"address": "Prøvevej 1"}},
		{"POST", "/api/concerns/{c}/recusals", map[string]any{"ground": "1"}},
		{"GET", "/api/concerns/{c}/recusals", nil},
		{"POST", "/api/concerns/{c}/triage", judge("unfounded")},
	} {
		fill := func(c, s hub.ID) string {
			return strings.NewReplacer("{c}", string(c), "{s}", string(s)).Replace(ask.path)
		}
		real, invented := c.API(ask.verb, fill(id, subject), ask.in), c.API(ask.verb, fill(hub.NewID(), hub.NewID()), ask.in)
		if real.Status != 404 || real.Status != invented.Status || !bytes.Equal(real.Body, invented.Body) {
			s.Errorf("%s %s %s is answered %d %s, and %d %s of an invented one", login, ask.verb, ask.path, real.Status, real.Body, invented.Status, invented.Body)
		}
	}
	if a := c.API("POST", "/api/subjects/search", map[string]any{"name": name, "birth_date": birthOf(number)}).Must(200).Text(); strings.Contains(a, string(subject)) {
		s.Errorf("%s finds themselves: %s", login, a)
	}
	basis := map[bool]string{true: "RHL", false: "GDPR6-1-E"}[c.Post.Kind == hub.Police]
	writes := func(of hub.ID) hubtest.Answer {
		return c.API("POST", "/api/concerns", concern(of, map[string]any{"municipality": "koege", "legal_basis": basis}))
	}
	if real, invented := writes(subject), writes(hub.NewID()); real.Status != 400 || !strings.Contains(real.Text(), `"subject"`) || !bytes.Equal(real.Body, invented.Body) {
		s.Errorf("%s writes about themselves: %d %s, and about nobody %s", login, real.Status, real.Body, invented.Body)
	}
	for _, where := range []string{"/", "/concerns"} {
		if p := c.Get(where).Must(200).Text(); strings.Contains(p, string(id)) || strings.Contains(p, string(subject)) || strings.Contains(p, name) {
			s.Errorf("%s meets it on %s", login, where)
		}
	}
	if a := c.API("GET", "/api/notices", nil).Must(200).Text(); strings.Contains(a, string(id)) {
		s.Errorf("%s is told of it: %s", login, a)
	}
}

// birthOf is the birth date of a substitute number of the last century.
func birthOf(number string) string {
	return "19" + number[4:6] + "-" + number[2:4] + "-" + string(number[0]-6) + number[1:2]
}

// seen holds that somebody sees a concern and whom it is about.
func (s *script) seen(login string, id, subject hub.ID) {
	s.Helper()
	for _, path := range []string{"/api/concerns/" + string(id), "/api/subjects/" + string(subject)} {
		if a := s.as(login).API("GET", path, nil); a.Status != 200 {
			s.Errorf("%s is answered %d for %s", login, a.Status, path)
		}
	}
	if !strings.Contains(s.as(login).API("GET", "/api/concerns?limit=100", nil).Must(200).Text(), string(id)) {
		s.Errorf("%s does not find it in the list", login)
	}
}

// TestNobodySeesWhatIsAboutThemselves is A012: an employee whose sign-in carries their
// number sees nothing of a concern about themselves, which was there before they signed
// in or came after, with or without a browser; their colleagues see it as before, and
// nobody is told that it is about one of them. With another number they see it again.
func TestNobodySeesWhatIsAboutThemselves(t *testing.T) {
	s := begin(t)
	const hers, his = "Alma Andetnavn", "Bo Bagvendt"

	// The concern is there first. Without a number in the sign-in the hub cannot know.
	subject := s.registers(deputy, map[string]any{"name": hers, "cpr": gudruns})
	id := s.about(deputy, subject)
	s.Settle()
	s.seen(coordinator, id, subject)
	s.signsInAs(coordinator, gudruns)
	s.nowhere(coordinator, id, subject, hers, gudruns)
	s.seen(deputy, id, subject)
	s.seen(policeMan, id, subject)
	if p := s.as(deputy).Get("/concerns/" + string(id) + "/recusal").Must(200).Text(); !strings.Contains(p, "Ingen er inhabile") {
		t.Errorf("a colleague is told whom it is about: %s", mainOf(p))
	}

	// The sign-in is there first, at a browser.
	s.signsInAs(policeMan, thorkilds).Get("/").Must(200)
	later := s.registers(deputy, map[string]any{"name": his, "cpr": thorkilds})
	after := s.about(deputy, later)
	s.Settle()
	s.nowhere(policeMan, after, later, his, thorkilds)
	s.seen(deputy, after, later)
	s.seen("freja", after, later)
	s.seen(coordinator, after, later)

	// What is known of a sign-in is never a number, and it ends nothing of what was said.
	for _, table := range []string{"access.person_mark", "access.subject_mark", "portal.session"} {
		if n := s.One("select count(*) from " + table + " x where x::text like '%7201814016%' or x::text like '%7402764020%' or x::text like '%720181-4016%'"); n != "0" {
			t.Errorf("%s holds a number", table)
		}
	}
	s.signsInAs(coordinator, "") // a sign-in that says no number: what was said holds
	s.nowhere(coordinator, id, subject, hers, gudruns)
	s.signsInAs(coordinator, "720181-4024") // and one that was wrong is put right
	s.seen(coordinator, id, subject)
}

// TestNobodyRegistersWhoLivesWithThem is A013 in part: where the sign-in carries the address
// where somebody is registered, they are refused the registration of a person with it,
// however it is punctuated, and told what to do; it is flagged as a try, the same is
// answered and written whether somebody is known there or not, and no address is kept. It is
// of the sign-in that says it, and of what is typed: it shuts nothing that is here.
func TestNobodyRegistersWhoLivesWithThem(t *testing.T) {
	s := begin(t)
	const lives = "Prøvevænget 14, 2. tv., 4600 Køge"
	s.Issuer.Live(s.as(coordinator).Post, lives)
	s.signsInAs(coordinator, gudruns)
	registers := func(login, address string, is int) hubtest.Answer {
		t.Helper()
		a := s.as(login).API("POST", "/api/subjects", map[string]any{"name": "Bo Bagvendt", "address": address})
		if a.Status != is || is == 400 && (!strings.Contains(a.Text(), `"address"`) || !strings.Contains(a.Text(), "person.error.address.own")) {
			t.Errorf("%s registers somebody at %q: %d %s", login, address, a.Status, a.Text())
		}
		return a
	}
	rows := func() int { return atoi(s.One("select count(*) from audit.trail")) }
	before := rows()
	unknown := registers(coordinator, "PRØVEVÆNGET 14 2 TV - 4600 KØGE", 400)
	left := rows() - before
	subject := hub.ID(s.One("select coalesce(max(id), '') from person.subject"))
	if subject != "" {
		t.Errorf("%s is kept", subject)
	}
	registers(deputy, lives, 201)
	before = rows()
	if known := registers(coordinator, lives, 400); !bytes.Equal(unknown.Body, known.Body) || rows()-before != left {
		t.Errorf("it tells whether somebody is known there: %s and %s, %d and %d rows", unknown.Body, known.Body, left, rows()-before)
	}
	for _, other := range []string{"Prøvevænget 14, 2. th., 4600 Køge", "Prøvevænget 142 tv 4600 Køge", "Køge"} {
		registers(coordinator, other, 201)
	}
	unnamed := s.registers(coordinator, map[string]any{"name": "Alma Andetnavn"})
	if a := s.as(coordinator).API("POST", "/api/subjects/"+string(unnamed)+"/identify", map[string]any{"address": lives}); a.Status != 400 || !strings.Contains(a.Text(), "person.error.address.own") {
		t.Errorf("it is added to somebody: %d %s", a.Status, a.Text())
	}
	if n := s.One("select count(*) from audit.trail where outcome = 'deny' and 'own_address' = any(reasons) and subjects = '{}' and person = $1", string(s.as(coordinator).Post.Person)); n != "2" {
		t.Errorf("%s rows say that somebody was to be registered at the own address, want 2", n)
	}
	s.Advance(2 * time.Minute)
	s.Settle()
	s.who = map[string]*hubtest.Client{}
	if a := s.as(koegeDPO).API("GET", "/api/notices", nil).Must(200).Text(); !strings.Contains(a, "close_tried") {
		t.Errorf("the officer is told of no try: %s", a)
	}
	for _, where := range []string{"access.person_mark", "access.subject_mark", "portal.session", "audit.trail"} {
		if n := s.One("select count(*) from " + where + " x where lower(x::text) like '%prøvevænget%'"); n != "0" {
			t.Errorf("%s holds an address", where)
		}
	}
	// Whom a colleague registered there it shuts from nobody, and who has moved may.
	id := s.about(deputy, s.registers(deputy, map[string]any{"name": "Bo Bagvendt", "address": lives}))
	s.Settle()
	s.as(coordinator).API("GET", "/api/concerns/"+string(id), nil).Must(200)
	s.Issuer.Live(s.as(coordinator).Post, "") // a program's token may not say it: then it is as it was
	s.signsInAs(coordinator, gudruns)
	registers(coordinator, lives, 400)
	// P10 in part: where it meets theirs, the list of anomalies alone is told; of a protected one
	// nothing is kept; and after they have moved it is where they lived.
	gudrun := string(s.as(coordinator).Post.Person)
	kin := func(subject hub.ID) string {
		return s.One("select coalesce(string_agg(how, ' '), '') from access.same_home where person = $1 and subject = $2", gudrun, string(subject))
	}
	at := func(address string, more map[string]any) hub.ID {
		in := map[string]any{"name": "Bo Bagvendt", "address": address}
		maps.Copy(in, more)
		return s.registers(deputy, in)
	}
	same, door, far, hidden := at(lives, nil), at("Prøvevænget 16, 4600 Køge", nil), at("Prøvevænget 24, 4600 Køge", nil), at(lives, map[string]any{"protected": true})
	for subject, want := range map[hub.ID]string{same: "household", door: "neighbour", far: "", hidden: ""} {
		if got := kin(subject); got != want {
			t.Errorf("it is %q to them, want %q", got, want)
		}
	}
	s.Issuer.Live(s.as(coordinator).Post, "Prøvevænget 15, 4600 Køge")
	s.signsInAs(coordinator, gudruns)
	registers(coordinator, lives, 201)
	if got := kin(same) + ", " + kin(door); got != "former neighbour, neighbour" {
		t.Errorf("when they have moved it is %q to them", got)
	}
	for _, where := range []string{"access.subject_home", "access.home_before", "access.person_mark"} {
		if n := s.One("select count(*) from " + where + " x where lower(x::text) like '%prøvevænget%'"); n != "0" {
			t.Errorf("%s holds an address", where)
		}
	}
	s.SQL("select access.forget_marks(now() + interval '2 years 1 month')")
	if got := kin(same); strings.Contains(got, "former") {
		t.Errorf("after two years it is %q to them", got)
	}
	s.SQL("delete from access.item where about = $1", string(same))
	s.SQL("select access.drop_subject($1, '')", string(same))
	if n := s.One("select count(*) from access.subject_home where subject = $1", string(same)); n != "0" {
		t.Error("where they lived is kept of somebody who was erased")
	}
}

// TestNobodyRegistersThemselves is A013: whoever types their own number is refused,
// told what to do instead, and recorded; the answer and what is written are the same
// whether somebody has registered them or not. A colleague may.
func TestNobodyRegistersThemselves(t *testing.T) {
	s := begin(t)
	s.signsInAs(coordinator, gudruns)
	own := map[string]any{"name": "Alma Andetnavn", "cpr": gudruns}
	tries := func() (all []hubtest.Answer, rows int) {
		before := atoi(s.One("select count(*) from audit.trail"))
		c := s.as(coordinator)
		all = append(all, c.API("POST", "/api/subjects", own), c.API("POST", "/api/subjects/search", map[string]any{"cpr": strings.ReplaceAll(gudruns, "-", "")}))
		unnamed := s.registers(coordinator, map[string]any{"name": "Alma Andetnavn"})
		all = append(all, c.API("POST", "/api/subjects/"+string(unnamed)+"/identify", map[string]any{"cpr": gudruns}))
		all = append(all, c.API("GET", "/api/subjects/"+string(unnamed), nil).Must(200)) // nothing came of it
		all[3].Body = nil
		for _, a := range all[:3] {
			if a.Status != 400 || !strings.Contains(a.Text(), `"cpr"`) || !strings.Contains(a.Text(), "person.error.cpr.own") {
				t.Errorf("is answered %d %s", a.Status, a.Text())
			}
		}
		return all, atoi(s.One("select count(*) from audit.trail")) - before
	}
	unknown, left := tries()
	s.registers(deputy, own)
	known, leftToo := tries()
	for i := range unknown {
		if unknown[i].Status != known[i].Status || !bytes.Equal(unknown[i].Body, known[i].Body) {
			t.Errorf("it tells whether she is known: %s and %s", unknown[i].Body, known[i].Body)
		}
	}
	if left != leftToo {
		t.Errorf("%d rows of the trail, and %d once she is known", left, leftToo)
	}
	if n := s.One("select count(*) from audit.trail where outcome = 'deny' and 'own_number' = any(reasons) and subjects = '{}' and person = $1", string(s.as(coordinator).Post.Person)); atoi(n) < 4 {
		t.Errorf("%s rows say that it was tried", n)
	}
	if n := s.One("select count(*) from audit.trail where input::text like '%7201%' or fields::text like '%7201%'"); n != "0" {
		t.Error("the trail holds the number")
	}
	page := s.posts(coordinator, "/subjects/new", url.Values{"name": {"Alma Andetnavn"}, "cpr": {gudruns}, "category": {"of_concern"}, "age_band": {"unknown"}})
	if page.Status != http.StatusBadRequest || !strings.Contains(page.Text(), "Bed en kollega eller din leder om at tage sagen") {
		t.Errorf("the page says %d %s", page.Status, mainOf(page.Text()))
	}
	if a := s.posts(coordinator, "/search", url.Values{"find": {gudruns}}); !strings.Contains(a.Text(), "Bed en kollega eller din leder om at tage sagen") {
		t.Errorf("the search says %d %s", a.Status, mainOf(a.Text()))
	}

	// What she registered while it was nobody's number is not hers when it turns out to be.
	mine := s.registers(coordinator, map[string]any{"name": "Alma Andetnavn", "cpr": "720181-4040"})
	s.as(coordinator).API("GET", "/api/subjects/"+string(mine), nil).Must(200)
	s.signsInAs(coordinator, "720181-4040").API("GET", "/api/subjects/"+string(mine), nil).Must(404)
	s.as(coordinator).API("POST", "/api/concerns", concern(mine, nil)).Must(400)
}

// TestWhoeverIsTooCloseIsToldOf is A012, and A013 in part: the officer and the manager are told
// of a try, once of a thing and a day, and without content; so they are of a try by
// somebody who was said to be too close, such as a parent; and whoever tried is told
// nothing, and nobody is of what is merely not theirs.
func TestWhoeverIsTooCloseIsToldOf(t *testing.T) {
	s := begin(t)
	told := func(login string) (words []string, text string) {
		var got struct{ Notices []struct{ What string } }
		a := s.as(login).API("GET", "/api/notices", nil).Must(200)
		a.JSON(&got)
		for _, n := range got.Notices {
			if strings.HasPrefix(n.What, "close_tried") {
				words = append(words, n.What)
			}
		}
		return words, a.Text()
	}
	round := func() {
		s.Advance(2 * time.Minute)
		s.Settle()
		s.who = map[string]*hubtest.Client{}
	}
	want := func(officer, manager int) {
		t.Helper()
		for login, n := range map[string]int{koegeDPO: officer, koegeManager: manager, coordinator: 0, deputy: 0, mvsDPO: 0, roskildeDPO: 0} {
			if words, all := told(login); len(words) != n {
				t.Errorf("%s is told %v, want %d: %s", login, words, n, all)
			}
		}
	}
	s.signsInAs(coordinator, gudruns)
	subject := s.registers(deputy, map[string]any{"name": "Alma Andetnavn", "cpr": gudruns})
	id := s.about(deputy, subject)
	for range 3 { // what is nobody's is no try
		s.as(coordinator).API("GET", "/api/concerns/"+string(hub.NewID()), nil).Must(404)
		s.as(roskilde).API("GET", "/api/concerns/"+string(id), nil).Must(404)
	}
	round()
	want(0, 0)
	for range 3 {
		s.as(coordinator).API("GET", "/api/concerns/"+string(id), nil).Must(404)
	}
	round()
	round()
	want(1, 1)
	s.as(coordinator).API("POST", "/api/subjects", map[string]any{"name": "Alma Andetnavn", "cpr": gudruns}).Must(400)
	round()
	want(2, 2)
	for _, login := range []string{koegeDPO, koegeManager} {
		if _, text := told(login); strings.Contains(text, string(id)) || strings.Contains(text, "Gudrun") {
			t.Errorf("%s is told %s", login, text)
		}
	}

	// A parent: the law lets the hub match nobody's relatives (L28). Once it is said,
	// nothing opens, and the try is told of.
	other := s.forwardedBy(deputy)
	s.as(deputy).API("POST", "/api/concerns/"+string(other)+"/recusals", map[string]any{"ground": "2", "reason": "Han er min søn."}).Must(200)
	s.Settle()
	s.seesNothing(other, deputy)
	s.as(deputy).API("GET", "/api/concerns/"+string(other), nil).Must(404)
	round()
	want(3, 3)
	// The officer finds them by the filter that the notice names.
	s.as(koegeDPO).Get("/trail").Must(200)
	if found := s.as(koegeDPO).Submit("/trail", url.Values{"ground": {"lawfulness"}, "outcome": {"deny"}}).Must(200).Text(); !strings.Contains(found, "Gudrun Modelborg") || !strings.Contains(found, "Viggo Pladsholder") {
		t.Errorf("the filter does not find it: %s", mainOf(found))
	}
}

// forwardedBy is a concern about somebody else, taken in by one of the coordinators.
func (s *script) forwardedBy(login string) hub.ID {
	s.Helper()
	return s.submits(login, map[string]any{"forward": toPolice})
}
