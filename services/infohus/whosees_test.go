//go:build !race

package main

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/deploy"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/structure"
)

// reader is somebody in a list of who can see a thing.
var readerRow = regexp.MustCompile(`<tr><td data-title="[^"]*">([^<]+)(?:<span class="quiet"><span class="role">([^<]+)</span>, ([^<]+)</span>)?</td>`)

// whoSees reads the list of who can see on a page, after a mark in it; nil where
// there is none.
func whoSees(page, mark string) []string {
	_, after, ok := strings.Cut(page, mark)
	table, _, _ := strings.Cut(after, "</table>")
	if !ok {
		return nil
	}
	list := []string{}
	for _, m := range readerRow.FindAllStringSubmatch(table, -1) {
		if m[2] != "" {
			m[1] += ", " + m[2] + ", " + m[3]
		}
		list = append(list, html.UnescapeString(m[1]))
	}
	slices.Sort(list)
	return list
}

// Who can see now is who can: on every concern, case, question, answer and offer of
// the demo world, in every state that it has, the list on its page and everybody's own
// reading are the same people; nobody is missing and nobody is too many, though some
// are recused, and others are guests.
func TestWhoCanSeeIsWhoCan(t *testing.T) {
	s := begin(t)
	now := s.Now()
	if err := seed(t.Context(), deploy.Concerns(), s.Structure, now, s.Set, s.caller()); err != nil {
		t.Fatal(err)
	}
	s.Set(now)
	recused := 0
	for n, row := range s.SQL(`select kind, id from access.item where state not in ('draft', 'closed') and part_of is null order by kind, id`) {
		if n%2 != 0 { // of every second thing somebody who could see it is recused
			continue
		}
		s.SQL(`insert into access.recusal (person, kind, item, by_person, by_hat) values ($1, $2, $3, '', '') on conflict do nothing`,
			string(s.as([]string{"viggo", "freja"}[n/2%2]).Post.Person), row[0], row[1])
		recused++
	}
	words := catalogue(t, "da")
	type one struct {
		*hubtest.Client
		name string
	}
	var everybody []one
	for _, p := range s.Structure.Posts() {
		if p.Holds(now) {
			a, _ := s.Structure.Authority(p.Authority)
			everybody = append(everybody, one{s.AsRole(p.Login, p.Role), p.Name + ", " + words["web.role."+string(p.Role)] + ", " + a.Name})
		}
	}
	coordinators := []*hubtest.Client{s.as("gudrun"), s.as("thorkild"), s.as("sigrid")}
	compared, states, sees := 0, map[string]bool{}, 0
	compare := func(what string, shown []string, may func(c *hubtest.Client) bool) {
		t.Helper()
		var want []string
		for _, c := range everybody {
			if !may(c.Client) {
				continue
			}
			if role := c.Post.Role; strings.HasPrefix(what, "concern") && (role == hub.Reporter || role == hub.Institution) { // sealed (L51), and there all the same
				c.name = words["intake.by.reporter"]
			}
			want = append(want, c.name)
		}
		slices.Sort(want)
		if !slices.Equal(shown, want) {
			t.Errorf("%s: the page says %q, and it is %q", what, shown, want)
		}
		compared, sees = compared+1, sees+len(want)
	}
	for _, row := range s.SQL(`select kind, id, state from access.item where kind <> 'answer' and state <> 'draft' order by kind, state, id`) {
		kind, id, state := row[0], row[1], row[2]
		at := "/" + kind + "s/" + id
		listed := states[kind+" "+state] && kind != "case" // one of each will do
		for _, c := range coordinators {
			a := c.Get(at)
			mark := map[string]string{"concern": words["intake.concern.who_can_see"], "case": words["assessment.case.who_can_see"], "request": words["assessment.request.who_can_see"],
				"offer": words["referral.who_can_see"]}[kind] + "</h2>"
			shown := whoSees(a.Text(), mark)
			if a.Status != 200 || shown == nil || listed {
				continue
			}
			listed = true
			states[kind+" "+state] = true
			compare(kind+" "+state, shown, func(c *hubtest.Client) bool { return c.API("GET", "/api"+at, nil).Status == 200 })
			if kind != "case" {
				continue
			}
			for _, w := range s.SQL(`select id, state from access.item where kind = 'answer' and part_of = $1 or kind = 'answer' and came_of = $1`, id) {
				if shown := whoSees(a.Text(), `id="who-`+w[0]+`"`); shown != nil {
					states["answer "+w[1]] = true
					compare("answer "+w[1], shown, func(c *hubtest.Client) bool {
						return strings.Contains(c.API("GET", "/api"+at+"/answers", nil).Text(), w[0])
					})
				}
			}
		}
	}
	for _, want := range []string{"concern received", "concern police_check", "concern acute", "concern triage", "concern case", "case opening", "case collecting", "case assessment",
		"case follow_up", "request asked", "request settled", "answer released", "offer offered", "offer taken_up"} {
		if !states[want] {
			t.Errorf("no %s was compared: %v", want, states)
		}
	}
	t.Logf("%d lists of %d people, %d recusals, %d states", compared, sees, recused, len(states))
}

// The list says by which rule, on which basis, since when and until when: never until
// later than the thing is erased, however long the role and the share would last.
func TestWhoCanSeeSinceWhen(t *testing.T) {
	s := &driver{script: begin(t)}
	d := s.drives("municipality", "received")
	received := s.Now()
	s.Advance(90 * time.Minute)
	s.does(coordinator, "forward", d.id, toPolice)
	forwarded := s.Now()
	s.Advance(2 * time.Hour)
	s.does(policeMan, "check", d.id, says("released"))
	var list struct {
		WhoCanSee []struct {
			Name, Source string
			Rules        []string
			Basis        hub.LegalBasis `json:"legal_basis"`
			Since        time.Time
			Until        *time.Time
		} `json:"who_can_see"`
	}
	s.as(coordinator).API("GET", "/api/concerns/"+string(d.id)+"/readers", nil).Must(200).JSON(&list)
	seen := map[string]string{}
	for _, r := range list.WhoCanSee {
		if r.Until == nil {
			t.Errorf("%s sees it for ever", r.Name)
			continue
		}
		seen[r.Name] = fmt.Sprintln(r.Rules, r.Basis, r.Source != "", r.Since.UTC().Format(time.DateTime), r.Until.UTC().Format(time.DateOnly))
	}
	post := func(login string) structure.Post { return s.as(login).Post }
	own := func(login string, rules string) string {
		return fmt.Sprintln(rules, "", false, received.UTC().Format(time.DateTime), s.One(`select to_char(erase_at at time zone 'UTC', 'YYYY-MM-DD') from intake.concern where id = $1`, string(d.id)))
	}
	erase := s.One(`select to_char(until_at at time zone 'UTC', 'YYYY-MM-DD') from access.share where item = $1`, string(d.id))
	shared := fmt.Sprintln("[from_municipality]", "RPL115-2", true, forwarded.UTC().Format(time.DateTime), erase)
	for login, want := range map[string]string{"gudrun": own("gudrun", "[own]"), "viggo": own("viggo", "[own]"), "thorkild": shared, "freja": shared} {
		if got := seen[post(login).Name]; got != want {
			t.Errorf("%s: %s, want %s", login, got, want)
		}
	}
	page := s.as(coordinator).Get("/concerns/" + string(d.id)).Must(200).Text()
	s.saysAll(page, "da de kunne se det første. Mere kan være kommet til med et senere trin.")
	if basis := "Retsplejeloven § 115, stk. 2 (andre myndigheder i samarbejdet)"; !strings.Contains(page, basis) {
		t.Errorf("the page does not say on which basis: %s", basis)
	}
	if since := "siden " + forwarded.In(hub.Copenhagen).Format("2. "); !strings.Contains(page, since) {
		t.Errorf("the page does not say %q", since)
	}
}

// Whoever sees who the citizen is on a question, and not on the case, stands on the case's
// page too: for the municipality, whose question it is not, and for the police. When the
// question is taken back, they stand there no more; whoever was never asked never does.
func TestWhoSeesThePersonOnAPart(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w := d.asksFirst()
	mark := catalogue(t, "da")["assessment.case.who_part"] + "</h3>"
	shown := func(login string) (string, bool) {
		t.Helper()
		_, after, _ := strings.Cut(s.as(login).Get("/cases/"+string(w.kase)).Must(200).Text(), mark)
		table, _, _ := strings.Cut(after, "</table>")
		return table, strings.Contains(table, s.as("bodil").Post.Name)
	}
	if _, in := shown(coordinator); in {
		t.Error("who was not asked is listed")
	}
	d.changes(coordinator, "/api/cases/{id}/onward", map[string]any{"authority": "psykiatrien"}, w.kase)
	question := d.makes(policeMan, "/api/cases/{id}/requests", with(d.asks("bodil"), d.basis("RPL115-1-2", because)), w.kase)
	for _, login := range []string{coordinator, policeMan} {
		table, in := shown(login)
		for _, word := range []string{"på et spørgsmål", "<li>navn</li>", "CPR-nummer uden de sidste cifre", "valgt af en tovholder", "Retsplejeloven § 115, stk. 1, nr. 2", "siden "} {
			if !in || !strings.Contains(table, word) {
				t.Errorf("%s is not shown %q of who sees the person on a question: %s", login, word, table)
			}
		}
		if strings.Contains(table, "frikvartererne") {
			t.Errorf("%s reads the question", login)
		}
	}
	s.as(coordinator).API("GET", "/api/requests/"+string(question), nil).Must(404)
	d.call(policeMan, "DELETE", "/api/requests/{id}", nil, 200, question)
	for _, login := range []string{coordinator, policeMan} {
		if table, in := shown(login); in {
			t.Errorf("%s is shown who sees nothing any more: %s", login, table)
		}
	}
}

// Of a case that was taken back from the police the pages say so, and say nowhere that it
// can be opened again: nor is that offered by its address.
func TestWhatWasTakenBackSaysSo(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w, closed := d.works("collecting"), d.works("closed")
	d.changes(coordinator, "/api/cases/{id}/take-back", map[string]any{"reason": sayWhy}, w.kase)
	d.Settle()
	at := "/cases/" + string(w.kase)
	page := mainOf(s.as(coordinator).Get(at).Must(200).Text())
	for word, want := range map[string]bool{"Sagen er taget tilbage fra politiet": true, "kan ikke åbnes igen": true, "Sagen er afsluttet": false, "to personer sammen": false} {
		if strings.Contains(page, word) != want {
			t.Errorf("the page says %q: %v", word, !want)
		}
	}
	if a := s.as(coordinator).Get(at + "/reopen"); a.Status != 409 || !strings.Contains(a.Text(), "Den kan ikke åbnes igen") {
		t.Errorf("reopening by address: %d %s", a.Status, mainOf(a.Text()))
	}
	if page := mainOf(s.as(coordinator).Get("/cases/" + string(closed.kase)).Must(200).Text()); !strings.Contains(page, "to personer sammen") || strings.Contains(page, "taget tilbage") {
		t.Errorf("a case that was closed: %s", page)
	}
}
