//go:build !race

package main

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// TestOnwardTerms is L1: the police have the case from the municipality, and bring
// another authority in (D15) only as the municipality's terms let them: not at all,
// which holds where nothing was chosen; after its yes to that authority; or freely.
func TestOnwardTerms(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	shows := func(login string, kase hub.ID, words, not []string) {
		t.Helper()
		text := s.as(login).Get("/cases/" + string(kase) + "/circle").Text()
		_, part, _ := strings.Cut(text, "Må politiet tage andre med?")
		part, _, _ = strings.Cut(part, "Med nu")
		for _, word := range words {
			if !strings.Contains(part, word) {
				t.Errorf("%s is not shown %q: %s", login, word, part)
			}
		}
		for _, word := range not {
			if strings.Contains(part, word) {
				t.Errorf("%s is shown %q", login, word)
			}
		}
	}
	for _, terms := range []string{"", "no_onward", "ask_first", "within_cooperation"} {
		w := d.works("opening")
		in := with(d.basis("RPL115-2", because), map[string]any{"members": []hub.ID{}, "reason": sayWhy, "terms": terms})
		if terms == "" {
			delete(in, "terms")
		}
		d.changes(coordinator, "/api/cases/{id}/open", in, w.kase)
		d.changes(policeMan, "/api/cases/{id}/open", map[string]any{"members": []hub.ID{}, "reason": sayWhy}, w.kase)
		if kept := s.One("select terms from access.share where item = $1", string(w.kase)); kept != cmp.Or(terms, "no_onward") {
			t.Errorf("chosen %q, kept %q", terms, kept)
		}
		invite := func(login string, is int) {
			t.Helper()
			d.call(policeMan, "POST", "/api/cases/{id}/circle", with(d.basis("RPL115-1-2", because), map[string]any{"hat": d.hat(login), "reason": sayWhy, "until": d.day(20)}), is, w.kase)
		}
		asks := func(is int) hubtest.Answer { // whom the case is about is told with the question
			t.Helper()
			return d.call(policeMan, "POST", "/api/cases/{id}/requests", with(d.asks("bodil"), d.basis("RPL115-1-2", because)), is, w.kase)
		}
		if terms == "within_cooperation" {
			invite("bodil", 201)
			asks(201)
			d.call(coordinator, "POST", "/api/cases/{id}/onward", map[string]any{"authority": "psykiatrien"}, 409, w.kase) // they need not ask
			shows(coordinator, w.kase, []string{"Politiet skal ikke spørge", "kan ikke ændres", "bed politiet om at slutte"}, []string{"Giv lov"})
			continue
		}
		invite("bodil", 409)
		asks(409)
		if a := s.as("bodil").API("GET", "/api/cases/"+string(w.kase), nil); a.Status != 404 {
			t.Errorf("%q: who was not let in gets %d", terms, a.Status)
		}
		// The municipality says yes; the police cannot for it, nor anybody else; and to
		// nobody whom the police may bring in on no terms.
		yes := map[string]any{"authority": "psykiatrien"}
		d.call(policeMan, "POST", "/api/cases/{id}/onward", yes, 404, w.kase)
		d.call(roskilde, "POST", "/api/cases/{id}/onward", yes, 404, w.kase)
		for _, never := range []string{"mvs-politi", "koege", "paraplyen", "roskilde", "nowhere"} {
			d.call(coordinator, "POST", "/api/cases/{id}/onward", map[string]any{"authority": never}, 400, w.kase)
		}
		if terms != "ask_first" { // the terms are that nothing is passed on, and a yes is none of them
			if a := d.call(coordinator, "POST", "/api/cases/{id}/onward", yes, 409, w.kase); !strings.Contains(a.Text(), "yes would change nothing") && !strings.Contains(a.Text(), "ja ville intet ændre") {
				t.Errorf("%q: the refusal does not say why: %s", terms, a.Text())
			}
			invite("bodil", 409)
			shows(coordinator, w.kase, []string{"Nej.", "kan ikke ændres"}, []string{"Giv lov", "Psykiatri"})
			continue
		}
		shows(coordinator, w.kase, []string{"Kun når kommunen har sagt ja", "kan ikke ændres", "Giv lov"}, []string{"Paraplyen", "Roskilde", "Tag tilbage"})
		d.changes(coordinator, "/api/cases/{id}/onward", yes, w.kase)
		d.call(coordinator, "POST", "/api/cases/{id}/onward", yes, 409, w.kase)
		shows(coordinator, w.kase, []string{"Kommunen har sagt ja til", "Psykiatri", "Af Gudrun", "Tag tilbage"}, nil)
		shows(policeMan, w.kase, []string{"Kommunen har sagt ja til", "Psykiatri", "Af Gudrun"}, []string{"Tag tilbage", "Giv lov"})
		if got := s.as(coordinator).Get("/cases/" + string(w.kase)).Text(); !strings.Contains(got, "Politiet fik lov til at tage en myndighed med: Region Sjælland, Psykiatrien") {
			t.Error("the history does not name the authority")
		}
		invite("bodil", 201)
		var question done
		asks(201).JSON(&question)
		if got := s.One("select terms from access.share where item = $1 and receiver = 'psykiatrien'", string(w.kase)); got != "no_onward" {
			t.Errorf("who gets it from another may pass it on: %s", got)
		}
		invite("jytte", 400) // another authority, of which nothing was said: not on this basis either
		// The yes is taken back, by whom it was: whoever was let in by it is out at once.
		reads := func(is int) {
			t.Helper()
			for _, at := range []string{"/cases/" + string(w.kase), "/requests/" + string(question.ID)} {
				if a := s.as("bodil").API("GET", "/api"+at, nil); a.Status != is {
					t.Errorf("%s: who was let in on the yes gets %d, want %d", at, a.Status, is)
				}
			}
		}
		reads(200)
		if page := s.as("bodil").Get("/cases/" + string(w.kase)).Text(); !strings.Contains(page, "Delt af Midt- og Vestsjællands Politi: Retsplejeloven § 115, stk. 1, nr. 2") || !strings.Contains(page, "Oplysningerne er fra Køge Kommune.") {
			t.Error("who got it from the police is not told from whom it comes, and whose it is")
		}
		for _, of := range []string{"psykiatrien", "kriminalforsorgen", "koege", "nowhere"} { // the other party is refused as everybody is, whatever was said yes to
			d.call(policeMan, "DELETE", "/api/cases/{id}/onward/"+of, nil, 404, w.kase)
		}
		d.call(roskilde, "DELETE", "/api/cases/{id}/onward/psykiatrien", nil, 404, w.kase)
		d.call(coordinator, "DELETE", "/api/cases/{id}/onward/kriminalforsorgen", nil, 409, w.kase)
		d.call(coordinator, "DELETE", "/api/cases/{id}/onward/nowhere", nil, 404, w.kase)
		reads(200)
		d.call(coordinator, "DELETE", "/api/cases/{id}/onward/psykiatrien", nil, 200, w.kase)
		reads(404)
		if page := s.as("bodil").Get("/cases/" + string(w.kase)); page.Status != 404 {
			t.Errorf("the page is still there: %d", page.Status)
		}
		if state := s.as(policeMan).API("GET", "/api/requests/"+string(question.ID), nil).Text(); !strings.Contains(state, `"retracted"`) {
			t.Errorf("the question is %s", state)
		}
		if n := s.One("select count(*) from access.share where item = $1 and receiver = 'psykiatrien' and ended_by is null", string(w.kase)); n != "0" {
			t.Errorf("%s shares outlive the yes that they stood on", n)
		}
		d.call(coordinator, "DELETE", "/api/cases/{id}/onward/psykiatrien", nil, 409, w.kase)
		invite("bodil", 409)
		d.changes(coordinator, "/api/cases/{id}/onward", yes, w.kase) // and once more
		invite("bodil", 201)
		if got := s.as(coordinator).Get("/cases/" + string(w.kase)).Text(); strings.Count(got, "med: Region Sjælland, Psykiatrien") != 3 {
			t.Error("the history does not name the authority each time")
		}
	}
	// What no basis carries is told at its field.
	w := d.works("opening")
	d.call(coordinator, "POST", "/api/cases/{id}/open", with(d.basis("RPL115-2", because), map[string]any{"members": []hub.ID{}, "reason": sayWhy, "terms": "everybody"}), 400, w.kase)
	page := s.as(coordinator).Get("/cases/" + string(w.kase) + "/open")
	for _, word := range []string{"Må politiet give sagen videre", "Det kan ikke ændres, når sagen er delt", "Kun når kommunen har sagt ja", `value="no_onward" checked`} {
		if !strings.Contains(page.Text(), word) {
			t.Errorf("the page does not show %q", word)
		}
	}
}

// TestOnwardByAnOffer is L1: an offer of the police's out of the municipality's case tells
// a third authority whom it is about, and goes only as the terms let it; the municipality's
// officer finds that it was told, and so of a question.
func TestOnwardByAnOffer(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w := d.works("follow_up")
	found := func(object hub.ID) string {
		return s.One("select count(*) from audit.trail where act = 'disclose' and outcome = 'allow' and controller = 'koege' and recipient = 'psykiatrien' and object_id = $1", string(object))
	}
	if n := found(w.asked); n != "1" {
		t.Errorf("of the question of the police the municipality has %s rows", n)
	}
	draft := d.makes(policeMan, "/api/cases/{id}/offers", d.offers("bodil"), w.kase)
	on := func(terms string) {
		for _, sql := range []string{"alter table access.share disable trigger end_once", "update access.share set terms = '" + terms + "' where item = '" + string(w.kase) + "' and sender = 'koege'",
			"alter table access.share enable trigger end_once"} {
			s.SQL(sql)
		}
	}
	sends := func(is int) {
		t.Helper()
		d.call(policeMan, "POST", "/api/offers/{id}/send", d.basis("RPL115-1-2", because), is, draft)
	}
	for _, terms := range []string{"no_onward", "ask_first"} {
		on(terms)
		sends(409)
		if a := d.call(policeMan, "POST", "/api/cases/{id}/offers", d.offers("bodil"), 409, w.kase); !strings.Contains(a.Text(), "error.onward") {
			t.Errorf("%s: a draft is refused so: %s", terms, a.Text())
		}
		if a := d.call(coordinator, "POST", "/api/cases/{id}/offers", with(d.offers("bodil"), map[string]any{"hats": nil}), 400, w.kase); !strings.Contains(a.Text(), "referral.error.place_onward") {
			t.Errorf("%s: the municipality is told: %s", terms, a.Text())
		}
		if n := found(draft); n != "0" {
			t.Errorf("%s: what was refused is recorded as told", terms)
		}
	}
	s.SQL("insert into access.onward (item, authority) values ('" + string(w.kase) + "', 'psykiatrien')") // said while it was collected
	s.SQL("insert into assessment.onward (case_id, authority, person, hat, at) values ('" + string(w.kase) + "', 'psykiatrien', '', '', now())")
	sends(200)
	if n := found(draft); n != "1" {
		t.Errorf("of the offer of the police the municipality has %s rows", n)
	}
	// The yes is taken back: whoever had the offer has it no more, from that answer on; and
	// the police find that it was taken back.
	offer := "/api/offers/" + string(draft)
	s.as("bodil").API("GET", offer, nil).Must(200)
	d.call(coordinator, "DELETE", "/api/cases/{id}/onward/psykiatrien", nil, 200, w.kase)
	s.as("bodil").API("GET", offer, nil).Must(404)
	s.Advance(time.Minute)
	if a := s.as(policeMan).API("GET", offer, nil); !strings.Contains(a.Text(), `"offer_withdrawn"`) {
		t.Errorf("the offer is %s", a.Text())
	}
	s.as("bodil").API("GET", offer, nil).Must(404)
}

// TestWhoseAccessIsWhosToEnd: the page offers to end an access to whoever the rules
// let, and to nobody else; who asks all the same is told whom to ask.
func TestWhoseAccessIsWhosToEnd(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w := d.works("collecting")
	d.call(policeMan, "POST", "/api/cases/{id}/circle", map[string]any{"hat": d.hat("ebbe"), "reason": sayWhy, "until": d.day(20)}, 201, w.kase)
	of := map[hub.ID]string{d.hat("liv"): coordinator, d.hat("ebbe"): policeMan}
	found := 0
	for _, m := range d.circle(coordinator, w.kase) {
		whose, ok := of[m.Hat]
		if !ok || m.State != "invited" {
			continue
		}
		found++
		end := "/circle/" + string(m.ID) + "/end"
		for _, login := range []string{coordinator, policeMan} {
			if page := s.as(login).Get("/cases/" + string(w.kase) + "/circle").Must(200).Text(); strings.Contains(page, end) != (login == whose) || !strings.Contains(page, "Ebbe Skinhøj") {
				t.Errorf("%s is offered to end what is %s's: %v", login, whose, login != whose)
			}
			if login == whose {
				continue
			}
			a := d.call(login, "DELETE", "/api/cases/{id}/circle/{member}", nil, 400, w.kase, m.ID)
			if !strings.Contains(a.Text(), "Bed den tovholder, der gav den") && !strings.Contains(a.Text(), "Ask the coordinator who gave it") {
				t.Errorf("%s is not told whom to ask: %s", login, a.Text())
			}
		}
		d.call(whose, "DELETE", "/api/cases/{id}/circle/{member}", nil, 201, w.kase, m.ID)
	}
	if found != 2 {
		t.Errorf("%d were in, want 2", found)
	}
}

// TestAYesThatCountsNoMore: of the yeses that stand on a case it is shown which make a
// difference now: from the minute when the agreement that the police would stand on
// has ended, a yes lets nobody in, and says so.
func TestAYesThatCountsNoMore(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w := d.asksFirst()
	d.changes(coordinator, "/api/cases/{id}/onward", map[string]any{"authority": "psykiatrien"}, w.kase)
	minute := s.Now().Truncate(time.Minute).Add(2 * time.Minute)
	for i, a := range s.Structure.Agreements {
		if a.ID == "psp-koege" {
			s.Structure.Agreements[i].Until = minute
		}
	}
	for _, is := range []struct {
		at     time.Time
		counts bool
	}{{minute.Add(-time.Second), true}, {minute, false}} {
		s.Set(is.at)
		var got struct {
			Onward struct {
				Given []struct {
					Authority hub.AuthorityID
					Counts    bool
				}
			}
		}
		s.as(coordinator).API("GET", "/api/cases/"+string(w.kase), nil).Must(200).JSON(&got)
		if len(got.Onward.Given) != 1 || got.Onward.Given[0].Counts != is.counts {
			t.Errorf("at %s: %+v", is.at, got.Onward.Given)
		}
		if page := s.as(policeMan).Get("/cases/" + string(w.kase) + "/circle").Must(200).Text(); strings.Contains(page, "Gør ingen forskel nu") == is.counts {
			t.Errorf("at %s the page says otherwise", is.at)
		}
	}
}

// TestThePoliceAreToldOfAYes: when the municipality lets them bring an authority in, and
// when it takes that back: that it happened, in the same words, with the case and not
// which authority; and nobody else is.
func TestThePoliceAreToldOfAYes(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w := d.asksFirst()
	told := func(login string) (n int) {
		t.Helper()
		d.Settle()
		var got struct {
			Notices []struct {
				What    string
				Concern hub.ID
			}
		}
		s.as(login).API("GET", "/api/notices", nil).Must(200).JSON(&got)
		for _, one := range got.Notices {
			if one.What == "onward" && one.Concern == w.kase {
				n++
			}
		}
		return n
	}
	if told(policeMan) != 0 {
		t.Error("the police are told before anything happened")
	}
	d.changes(coordinator, "/api/cases/{id}/onward", map[string]any{"authority": "psykiatrien"}, w.kase)
	const words = "Kommunen har svaret på, om I må tage en myndighed med i en sag, eller har taget sit svar tilbage."
	if page := mainOf(s.as(policeMan).Get("/").Must(200).Text()); told(policeMan) != 1 || !strings.Contains(page, words) || strings.Contains(page, "Psykiatri") {
		t.Errorf("of a yes the police are told %d times: %s", told(policeMan), page)
	}
	d.call(coordinator, "DELETE", "/api/cases/{id}/onward/psykiatrien", nil, 200, w.kase)
	d.Settle()
	if n := s.One("select count(*) from portal.notice where word = 'onward' and authority = 'mvs-politi' and role = 'police_coordinator' and concern = $1", string(w.kase)); n != "2" {
		t.Errorf("of a yes and its recall the police have %s notices", n)
	}
	for _, login := range []string{coordinator, "bodil", roskilde} {
		if told(login) != 0 {
			t.Errorf("%s is told", login)
		}
	}
}

// TestAYesForAQuestion: whom the police can only ask, and not bring in, the municipality
// says yes to as well: what the advice says may be shared after its yes, it can say yes to.
func TestAYesForAQuestion(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w := d.asksFirst()
	question := with(d.asks("mogens"), d.basis("RPL115-3", because))
	d.call(policeMan, "POST", "/api/cases/{id}/requests", question, 409, w.kase)
	if page := s.as(coordinator).Get("/cases/" + string(w.kase) + "/circle").Must(200).Text(); !strings.Contains(page, `value="maanebakken"`) {
		t.Error("the page offers no yes to whom the police can only ask")
	}
	d.changes(coordinator, "/api/cases/{id}/onward", map[string]any{"authority": "maanebakken"}, w.kase)
	if page := s.as(policeMan).Get("/cases/" + string(w.kase) + "/circle").Must(200).Text(); strings.Contains(page, "Gør ingen forskel nu") {
		t.Error("a yes to a question is said to make no difference")
	}
	d.call(policeMan, "POST", "/api/cases/{id}/requests", question, 201, w.kase)
}
