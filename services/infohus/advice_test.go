//go:build !race

package main

import (
	"html"
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
		Later  []struct {
			State  string
			Fields []string
		}
	}
	Senders []string
	Leave   []string
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

// What the page of forwarding promises, at once and once the police release it, is what
// the advice says of the same coordinator; and what may be shared is that and no more.
func TestAdviceSaysWhatTheFormPromises(t *testing.T) {
	d := &driver{script: begin(t)}
	id, words := d.drives("municipality", "received").id, catalogue(t, "da")
	_, page, _ := strings.Cut(d.as(coordinator).Get("/concerns/"+string(id)+"/forward").Must(200).Text(), "Med det samme:")
	now, later, ok := strings.Cut(page, "Hvis politiet siger, at den må behandles:")
	later, _, _ = strings.Cut(later, "</dl>")
	if !ok {
		t.Fatal("the page of forwarding does not say what is seen when")
	}
	holds := func(part string, fields []string) {
		t.Helper()
		if n := strings.Count(part, "<li>"); n != len(fields) || n == 0 {
			t.Errorf("the page promises %d fields, and the advice says %q: %s", n, fields, part)
		}
		for _, f := range fields {
			if !strings.Contains(part, "<li>"+html.EscapeString(words["intake.what."+f])+"</li>") {
				t.Errorf("the advice says %s, and the page promises %s", f, part)
			}
		}
	}
	a := d.advice(coordinator, "mvs-politi", "police_check", nil)
	if len(a.Readers) != 1 || len(a.Readers[0].Later) != 1 || a.Readers[0].Later[0].State != "triage" {
		t.Fatalf("the advice says %+v", a.Readers)
	}
	then := a.Readers[0].Later[0].Fields
	holds(now, a.Readers[0].Fields)
	holds(later, then)
	all := slices.Concat(a.Readers[0].Fields, then)
	slices.Sort(all)
	if may := a.on("RPL115-2").Fields; !slices.Equal(all, may) {
		t.Errorf("seen are %q, and may be shared %q", all, may)
	}
	d.as(coordinator).SignIn()
	for _, state := range []string{"received", "police_check"} { // the number as a mask, where it may be shared as where it is seen
		d.saysAll(d.as(coordinator).Submit("/advice", url.Values{"to": {"mvs-politi"}, "purpose": {"prevention"}, "state": {state}}).Must(200).Text(),
			"Hvis politiet siger, at den må behandles", "personnummer uden de sidste fire cifre", "!personnummer;")
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

// The list of receipts is what can be opened of them one by one (A021): whoever kept
// it, their manager and their authority's data-protection officer find it, and nobody
// else does; on the page as by the API, a page at a time.
func TestReceiptsAreListedAsTheyOpen(t *testing.T) {
	s := begin(t)
	keepers := []string{coordinator, policeMan, "tage", "bodil", "birk"}
	var all []hub.ID
	keep := func(login string) {
		var kept struct{ ID hub.ID }
		s.as(login).API("POST", "/api/advice/receipts", map[string]any{"to": "maanebakken", "purpose": "prevention", "state": "released"}).Must(201).JSON(&kept)
		all = append(all, kept.ID)
	}
	for _, login := range keepers {
		keep(login)
	}
	for range 50 { // more than a page
		keep(coordinator)
	}
	listed := func(login string) (ids []hub.ID) {
		t.Helper()
		for after := ""; ; {
			var page struct {
				Receipts []struct{ ID hub.ID }
				Next     string
			}
			s.as(login).API("GET", "/api/advice/receipts"+after, nil).Must(200).JSON(&page)
			if len(page.Receipts) > 50 {
				t.Fatalf("%s has %d on a page", login, len(page.Receipts))
			}
			for _, r := range page.Receipts {
				ids = append(ids, r.ID)
			}
			if page.Next == "" {
				return ids
			}
			after = "?after=" + page.Next
		}
	}
	some := 0
	for _, login := range append(slices.Clone(keepers), "hedvig", "dagny", "viggo", "ingrid", "liv", ssp, roskilde, mvsDPO) {
		var opens []hub.ID
		for _, id := range slices.Backward(all) {
			if s.as(login).API("GET", "/api/advice/"+string(id), nil).Status == 200 {
				opens = append(opens, id)
			}
		}
		if got := listed(login); !slices.Equal(got, opens) {
			t.Errorf("%s is listed %d receipts, and opens %d", login, len(got), len(opens))
		}
		page := s.as(login).Get("/advice/receipts").Must(200).Text()
		for i, id := range opens[:min(len(opens), 50)] {
			if !strings.Contains(page, `href="/advice/`+string(id)+`"`) {
				t.Errorf("%s has no link to the receipt %d", login, i)
			}
		}
		if some += len(opens); len(opens) == 0 && strings.Contains(page, `href="/advice/0`) {
			t.Errorf("%s sees receipts", login)
		}
		if len(opens) > 0 && len(opens) < len(all) { // an end of a page that is another's ends nothing
			other := all[slices.IndexFunc(all, func(id hub.ID) bool { return !slices.Contains(opens, id) })]
			a, b := s.as(login).API("GET", "/api/advice/receipts?after="+string(other), nil), s.as(login).API("GET", "/api/advice/receipts?after="+string(hub.NewID()), nil)
			if a.Status != b.Status || a.Text() != b.Text() {
				t.Errorf("%s learns that %s is there", login, other)
			}
		}
	}
	if some < 2*len(all) {
		t.Errorf("only %d were opened", some)
	}
	for login, status := range map[string]int{"solvej": 404, "rune": 404, "aksel": 404, "gerda": 404} {
		if a := s.as(login).API("GET", "/api/advice/receipts", nil); a.Status != status {
			t.Errorf("%s is answered %d %s", login, a.Status, a.Body)
		}
	}
	if n := s.One("select count(*) from audit.trail where object_kind = 'advice' and act = 'search' and outcome = 'allow'"); n == "0" {
		t.Error("no list stands in the trail")
	}
	for login, from := range map[string]string{coordinator: "/advice", "hedvig": "/", "dagny": "/"} {
		if !strings.Contains(s.as(login).Get(from).Must(200).Text(), `href="/advice/receipts"`) {
			t.Errorf("%s is not led to the receipts", login)
		}
	}
}

// On the page of the advice the fields stand as the things' own pages have them, in the
// reader's language and never by their codes; and of a number it says what of it is
// masked, and by which right (L29).
func TestTheAdviceNamesFieldsAsPagesDo(t *testing.T) {
	s := begin(t)
	for lang, want := range map[string][]string{
		"da": {"<dt>Hvem det handler om</dt><dd>navn; personnummer uden de sidste fire cifre (databeskyttelsesloven § 11); fødselsdato; aldersgruppe; ", "; modtaget hvornår; modtaget af</dd><dt>Hvor langt den er</dt><dd>reference; tilstand; ", "navn; personnummer uden de sidste fire cifre (databeskyttelsesloven § 11); fødselsdato"},
		"en": {"<dt>Whom it is about</dt><dd>name; personal number without its last four digits (databeskyttelsesloven § 11); birth date; age band; ", "; received when; received by</dd><dt>How far it has come</dt><dd>reference; state; ", "name; personal number without its last four digits (databeskyttelsesloven § 11); birth date"},
	} {
		c := s.AsRole(coordinator, hub.MunicipalCoordinator)
		c.Lang = lang
		c.Get("/advice").Must(200)
		text := html.UnescapeString(mainOf(c.Submit("/advice", url.Values{"to": {"mvs-politi"}, "purpose": {"prevention"}, "state": {"police_check"}}).Must(200).Text()))
		for _, words := range want {
			if !strings.Contains(text, words) {
				t.Errorf("%s: not %q in %s", lang, words, text)
			}
		}
	}
}
