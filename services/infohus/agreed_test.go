//go:build !race

package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// lapses ends agreements at a minute, as the structure file and setup would.
func (s *script) lapses(at time.Time, ids ...string) {
	s.Helper()
	for i, a := range s.Structure.Agreements {
		if slices.Contains(ids, a.ID) {
			s.Structure.Agreements[i].Until = at
		}
	}
	s.SQL("update access.agreement set until_at = $1 where id = any(string_to_array($2, ' '))", at, strings.Join(ids, " "))
}

// seen is what somebody sees of the items there are: alone, on its page, in its list,
// in the list as a file and as a file of its own.
func (d *desk) seen(login string) map[string]bool {
	d.Helper()
	all := map[string]bool{}
	for _, item := range d.SQL("select kind, id from access.item order by kind, id") {
		kind, id := item[0]+"s", item[1]
		switch kind {
		case "concerns", "cases", "requests", "offers":
			all[kind+" "+id], all[kind+" "+id+" page"], all[kind+" "+id+" listed"] = d.sight(login, kind, hub.ID(id))
		}
		if kind == "concerns" || kind == "cases" {
			all[kind+" "+id+" file"] = d.posts(login, "/"+kind+"/"+id+"/export", nil).Status == 200
			all[kind+" "+id+" in the file"] = strings.Contains(d.posts(login, "/"+kind+"/export", nil).Text(), id)
		}
		if kind == "cases" {
			answers := d.as(login).API("GET", "/api/cases/"+id+"/answers", nil).Text()
			for _, a := range d.SQL("select id from access.item where kind = 'answer' and part_of = $1", id) {
				all["answer "+a[0]] = strings.Contains(answers, a[0])
			}
		}
	}
	return all
}

// TestWhatAnAgreementCarriedEndsWithIt is A017: from the minute in which the last
// agreement between two authorities ends neither is served what the other shared with it
// under § 115, in record, list, page and file, one that is open too; what is one's own
// stays. Another agreement between them that carries it keeps it; a new one brings it
// back; and nobody reads in who-can-see-this that it would last longer.
func TestWhatAnAgreementCarriedEndsWithIt(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w := d.works("collecting")
	d.changes("bodil", "/api/requests/{id}/answer", d.answers(2), w.asked)
	d.brings(w, "follow_up")
	logins := []string{coordinator, policeMan, "bodil", "liv"}
	before := map[string]map[string]bool{}
	of := map[string]string{}
	for _, row := range s.SQL("select id, controller from access.item") {
		of[row[0]] = row[1]
	}
	for _, login := range logins {
		before[login] = d.seen(login)
	}
	compare := func(at string, ended bool) {
		t.Helper()
		shared := 0
		for _, login := range logins {
			now := d.seen(login)
			for what, was := range before[login] {
				own := of[strings.Fields(what)[1]] == string(d.as(login).Post.Authority)
				if !own && was {
					shared++
				}
				if want := was && (own || !ended); now[what] != want {
					t.Errorf("%s %s sees %s: %v, want %v", at, login, what, now[what], want)
				}
			}
		}
		if shared < 20 {
			t.Fatalf("only %d sights of what is another's: this test has gone blind", shared)
		}
	}
	minute := s.Now().Truncate(time.Minute).Add(2 * time.Minute)
	page := "/cases/" + string(w.kase)
	all := []string{"infohus-koege", "psp-koege", "ksp-koege", "maanebakken"}
	s.lapses(minute, "infohus-koege", "maanebakken")
	s.Set(minute)
	compare("while another agreement carries it,", false)

	minute = minute.Add(2 * time.Minute)
	s.lapses(minute, all...)
	s.Set(minute.Add(-time.Second))
	compare("a second before the last one ends,", false)
	open := s.as(policeMan).Get(page).Must(200)
	readers := func() (until []time.Time) {
		t.Helper()
		var v struct {
			Readers []struct {
				Authority hub.AuthorityID
				Until     time.Time
			} `json:"who_can_see"`
		}
		s.as(coordinator).API("GET", "/api/concerns/"+string(w.id)+"/readers", nil).Must(200).JSON(&v)
		for _, r := range v.Readers {
			if r.Authority == "mvs-politi" {
				until = append(until, r.Until)
			}
		}
		return until
	}
	if until := readers(); len(until) == 0 || slices.ContainsFunc(until, func(at time.Time) bool { return !at.Equal(minute) }) {
		t.Errorf("the police are said to see it until %v, and the agreement ends at %s", until, minute)
	}

	s.Set(minute)
	compare("when the last one has ended,", true)
	if again := s.as(policeMan).Get(open.Path); again.Status != 404 || strings.Contains(again.Text(), "Opdigtet") {
		t.Errorf("a page that was open answers %d", again.Status)
	}
	d.takesOut(policeMan, "cases", w.kase, false)
	const answered = "Trives bedst i de små hold."
	for login, want := range map[string]bool{"bodil": true, policeMan: false, coordinator: false, roskilde: false} { // whoever wrote it takes it along
		if has := strings.Contains(s.as(login).API("GET", "/api/answers", nil).Text(), answered); has != want {
			t.Errorf("among what the own authority answered %s has what the region did: %v, want %v", login, has, want)
		}
	}
	if until := readers(); len(until) > 0 {
		t.Errorf("the police are said to see it still, until %v", until)
	}
	s.lapses(minute.AddDate(1, 0, 0), all...)
	compare("when it holds anew,", false)
}
