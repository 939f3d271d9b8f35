package main

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// advised is an answer to what may be shared.
type advised struct {
	ID          hub.ID
	Allow, Open bool
	Bases       []advisedOn
	Others      []advisedOn
	Never       []string
	Revision    string
	Readers     []struct {
		Role   hub.Role
		People int
		How    string
		Fields []string
	}
	Senders []string
}

type advisedOn struct {
	Basis                                 string `json:"legal_basis"`
	Allow                                 bool
	Classes, Fields, Obligations, Reasons []string
	Specials                              []string
}

// may are the bases on which it may be shared, sorted.
func (a advised) may() []string {
	var list []string
	for _, g := range slices.Concat(a.Bases, a.Others) {
		if g.Allow {
			list = append(list, g.Basis)
		}
	}
	slices.Sort(list)
	return list
}

// on is the answer on one basis.
func (a advised) on(basis string) advisedOn {
	for _, g := range slices.Concat(a.Bases, a.Others) {
		if g.Basis == basis {
			return g
		}
	}
	return advisedOn{}
}

// advice asks what may be shared.
func (s *script) advice(login string, to hub.AuthorityID, state string, more map[string]any) (a advised) {
	s.Helper()
	s.as(login).API("POST", "/api/advice", with(map[string]any{"to": to, "purpose": "prevention", "state": state}, more)).Must(200).JSON(&a)
	return a
}

// What the advice says is what happens: on every form that shares something, the
// bases are those that the advice names; whoever asks another authority on any basis
// is refused where the advice says no, for one of its reasons; and an offer goes where
// the advice says that somebody could open it, and nowhere else.
func TestAdviceIsWhatHappens(t *testing.T) {
	d := &desk{driver: &driver{script: begin(t)}}
	received, check := d.drives("municipality", "received"), d.drives("police", "police_check")
	opening, collecting, help := d.works("opening"), d.works("collecting"), d.works("follow_up")
	draft := d.makes(policeMan, "/api/cases/{id}/offers", d.offers("bodil"), help.kase)
	type form struct {
		login, path, state string
		to                 hub.AuthorityID
	}
	forms := []form{
		{coordinator, "/concerns/" + string(received.id) + "/forward", "police_check", "mvs-politi"},
		{ssp, "/concerns/" + string(received.id) + "/forward", "police_check", "mvs-politi"},
		{policeMan, "/concerns/" + string(check.id) + "/check", "triage", "koege"},
		{coordinator, "/cases/" + string(opening.kase) + "/open", "opening", "mvs-politi"},
		{"bodil", "/requests/" + string(collecting.asked) + "/answer", "released", "mvs-politi"},
		{policeMan, "/offers/" + string(draft) + "/send", "offered", "psykiatrien"},
	}
	people := map[hub.AuthorityID][]hub.ID{}
	for _, p := range d.Structure.Posts() {
		people[p.Authority] = append(people[p.Authority], p.Hat.ID)
	}
	asked, refused, placed := 0, 0, 0
	for _, a := range d.Structure.Authorities {
		for _, login := range []string{coordinator, policeMan} {
			if a.ID == d.as(login).Post.Authority {
				continue
			}
			forms = append(forms, form{login, "/cases/" + string(collecting.kase) + "/ask?authority=" + string(a.ID), "asked", a.ID})
			advice := d.advice(login, a.ID, "asked", nil)
			for _, b := range d.Structure.LegalBases {
				got := d.as(login).API("POST", "/api/cases/"+string(collecting.kase)+"/requests", with(d.asks("tage"), d.basis(string(b.Code), because),
					map[string]any{"authority": a.ID, "hats": people[a.ID][:min(1, len(people[a.ID]))], "department": nil}))
				var told struct{ Errors []struct{ Key string } }
				got.JSON(&told)
				why := ""
				for _, e := range told.Errors {
					if code, ok := strings.CutPrefix(e.Key, "refusal."); ok {
						why = code
					}
				}
				on := advice.on(string(b.Code))
				switch {
				case got.Status != 201 && got.Status != 400:
					t.Fatalf("%s asks %s on %s: %d %s", login, a.ID, b.Code, got.Status, got.Text())
				case on.Allow != (why == ""):
					if len(people[a.ID]) > 0 || on.Allow { // else it is refused before the rules are asked: nobody could answer
						t.Errorf("%s asks %s on %s: the advice says %v %v, and it is refused for %q: %s", login, a.ID, b.Code, on.Allow, on.Reasons, why, got.Text())
					}
				case why != "" && !slices.Contains(on.Reasons, why):
					t.Errorf("%s asks %s on %s: refused for %s, and the advice says %v", login, a.ID, b.Code, why, on.Reasons)
				}
				asked++
				if why != "" {
					refused++
				}
			}
			offer := d.advice(login, a.ID, "offered", nil)
			got := d.as(login).API("POST", "/api/cases/"+string(help.kase)+"/offers", with(d.offers("tage"), map[string]any{"authority": a.ID, "department": nil, "hats": nil}))
			place := strings.Contains(got.Text(), "referral.error.place")
			if place == (offer.Allow && offer.Open) {
				t.Errorf("%s offers something to %s: the advice says allow %v, open %v, and: %d %s", login, a.ID, offer.Allow, offer.Open, got.Status, got.Text())
			}
			if other := strings.Contains(got.Text(), "referral.error.place_other"); other != (len(offer.Senders) > 0) {
				t.Errorf("%s offers something to %s: the advice names %v, and: %s", login, a.ID, offer.Senders, got.Text())
			}
			if !place {
				placed++
			}
		}
	}
	for _, f := range forms {
		want, got := d.advice(f.login, f.to, f.state, nil).may(), offered(t, d.as(f.login).Get(f.path).Must(200), "legal_basis")
		if !slices.Equal(got, want) {
			t.Errorf("%s is offered %v at %s, and the advice says %v", f.login, got, f.path, want)
		}
	}
	if refused == 0 || refused == asked || placed == 0 {
		t.Errorf("%d asked, %d refused, %d offers placed: it compares nothing", asked, refused, placed)
	}
	t.Logf("%d forms, %d questions asked of which %d refused, %d offers placed", len(forms), asked, refused, placed)
}

// Who would see it is who sees it: what the advice says of the other side, before a
// concern is put before it, is what the list on the concern says after.
func TestAdviceSaysWhoWouldSee(t *testing.T) {
	s := &driver{script: begin(t)}
	for _, c := range []struct {
		by, login, state string
		to               hub.AuthorityID
	}{{"municipality", coordinator, "police_check", "mvs-politi"}, {"police", policeMan, "triage", "koege"}} {
		var list struct {
			WhoCanSee []struct {
				Role      hub.Role
				Authority hub.AuthorityID
				Fields    []string
			} `json:"who_can_see"`
		}
		d := s.drives(c.by, c.state)
		s.as(c.login).API("GET", "/api/concerns/"+string(d.id)+"/readers", nil).Must(200).JSON(&list)
		var want, got []string
		for _, r := range list.WhoCanSee {
			if r.Authority == c.to {
				want = append(want, string(r.Role)+" "+strings.Join(r.Fields, " "))
			}
		}
		for _, r := range s.advice(c.login, c.to, c.state, nil).Readers {
			for range r.People {
				if r.How == "at_once" {
					got = append(got, string(r.Role)+" "+strings.Join(r.Fields, " "))
				}
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) || len(got) == 0 {
			t.Errorf("%s shares with %s: would see %q, and sees %q", c.login, c.to, got, want)
		}
	}
}

// A thing's own page leads to the advice with its state, and with no reference.
func TestThePageLeadsToTheAdvice(t *testing.T) {
	d := &desk{driver: &driver{script: begin(t)}}
	received, w := d.drives("municipality", "received"), d.works("collecting")
	for _, p := range []struct{ login, path, state string }{
		{coordinator, "/concerns/" + string(received.id), "received"},
		{coordinator, "/cases/" + string(w.kase), "collecting"},
		{policeMan, "/cases/" + string(w.kase), "collecting"},
		{"bodil", "/requests/" + string(w.asked), "released"},
		{coordinator, "/requests/" + string(w.settled), ""}, // settled: nothing to share any more
	} {
		page := d.as(p.login).Get(p.path).Must(200).Text()
		link := `href="/advice?state=` + p.state + `"`
		if p.state == "" {
			if strings.Contains(page, "/advice?") {
				t.Errorf("%s: %s leads to the advice", p.login, p.path)
			}
			continue
		}
		if !strings.Contains(page, link) {
			t.Errorf("%s: %s has no %s", p.login, p.path, link)
		}
		form := d.as(p.login).Get("/advice?state=" + p.state).Must(200).Text()
		if !strings.Contains(form, `<option value="`+p.state+`" selected>`) {
			t.Errorf("%s: %s is not chosen", p.login, p.state)
		}
	}
}

// A receipt opens to whoever kept it, to their manager and to their authority's
// data-protection officer; to everybody else there is none. It stands in the trail,
// with each question as it was decided.
func TestAReceiptOfAdvice(t *testing.T) {
	s := begin(t)
	in := url.Values{"to": {"maanebakken"}, "purpose": {"prevention"}, "state": {"released"}, "class": {"health"}}
	c := s.as(coordinator)
	c.Get("/advice").Must(200)
	answer := c.Submit("/advice", in).Must(200)
	for _, want := range []string{"Databeskyttelsesloven § 7", "Skal jeg dele?", "barnets lov § 133"} {
		if !strings.Contains(answer.Text(), want) {
			t.Errorf("the answer does not say %q", want)
		}
	}
	may := c.Submit("/advice", url.Values{"to": {"mvs-politi"}, "purpose": {"prevention"}, "state": {"released"}, "class": {""}}).Must(200).Text()
	for _, want := range []string{`<span lang="da">retsplejeloven § 115 stk. 1 nr. 2</span>, læst i en kopi fra <time`, ">3. juli 2023<", `<span lang="da">Forebyggelsessekretariatet</span>`} {
		if !strings.Contains(may, want) {
			t.Errorf("the answer does not say %q", want)
		}
	}
	if n := s.One("select count(*) from audit.trail where object_kind = 'advice'"); n != "0" {
		t.Errorf("asking left %s rows", n)
	}
	kept := c.Submit("/advice/receipts", in).Must(200)
	id := s.One("select id from portal.advice")
	if !strings.Contains(kept.Text(), id) || !strings.Contains(kept.Text(), "Kvittering") {
		t.Error(kept.Text())
	}
	var got struct {
		ID     hub.ID
		By     string
		Advice advised
	}
	c.API("GET", "/api/advice/"+id, nil).Must(200).JSON(&got)
	now := s.advice(coordinator, "maanebakken", "released", map[string]any{"class": "health"})
	if got.By != c.Post.Name || got.Advice.Revision != now.Revision || got.Advice.Allow || len(got.Advice.Bases) != 1 || !slices.Equal(got.Advice.Bases[0].Specials, []string{"DBL7"}) {
		t.Errorf("%+v", got)
	}
	rows := s.SQL("select act, outcome, question, revision, recipient from audit.trail where object_kind = 'advice' and object_id = $1 and at < (select max(at) from audit.trail where object_id = $1) order by id", id)
	if len(rows) < 2 || rows[0][2] != "advice" || rows[1][2] != "disclose" || rows[1][1] != "deny" || rows[1][3] != now.Revision || rows[1][4] != "maanebakken" {
		t.Errorf("the trail has %v", rows)
	}
	for login, status := range map[string]int{coordinator: 200, "hedvig": 200, "dagny": 200, "viggo": 404, "ingrid": 404, "rune": 404, "thorkild": 404, "holger": 404, "signe": 404, "aksel": 404} {
		if a := s.as(login).API("GET", "/api/advice/"+id, nil); a.Status != status {
			t.Errorf("%s opens it: %d", login, a.Status)
		}
		if a := s.as(login).Get("/advice/" + id); a.Status != status {
			t.Errorf("%s opens its page: %d", login, a.Status)
		}
	}
	for login, status := range map[string]int{coordinator: 200, policeMan: 200, ssp: 200, "bodil": 200, "mogens": 200, "solvej": 404, "hedvig": 404, "dagny": 404, "gerda": 404, "rune": 404, "aksel": 404} {
		if a := s.as(login).Get("/advice"); a.Status != status {
			t.Errorf("%s asks: %d", login, a.Status)
		}
	}
}
