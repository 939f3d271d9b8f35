//go:build !race

package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/deploy"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// TestEighteenLetsTheYoungsOut: at midnight on the eighteenth birthday whoever
// works with the young only is out of the case, in record, list and page, and what
// they were asked is taken back; the other guests are not out, both coordinators
// have the task to look at it, and nobody from there is let in again (L27).
func TestEighteenLetsTheYoungsOut(t *testing.T) {
	file := strings.Replace(string(deploy.Demo()), "name: Børne- og Uddannelsesforvaltningen}", "name: Børne- og Uddannelsesforvaltningen, until_age: 18}", 1)
	s := &script{t, hubtest.Open(t, hubtest.Options{Structure: file, Services: rooms()}), map[string]*hubtest.Client{}}
	d := &desk{driver: &driver{script: s}}
	eighteen := d.Now().In(hub.Copenhagen).AddDate(0, 0, 3)
	subject := d.registers(teacher, map[string]any{"name": "Opdigtet Snartatten",
		"cpr": fmt.Sprintf("%02d%s%02d-4321", eighteen.Day()+60, eighteen.Format("01"), eighteen.Year()-2018)})
	var got done
	d.as(teacher).API("POST", "/api/concerns", concern(subject, map[string]any{"municipality": "koege", "child": "yes", "legal_basis": "GDPR6-1-E"})).Must(201).JSON(&got)
	d.does(coordinator, "forward", got.ID, toPolice)
	d.does(policeMan, "check", got.ID, says("released"))
	for _, login := range []string{coordinator, policeMan} {
		d.does(login, "triage", got.ID, judge("case"))
	}
	w := d.brings(d.from(driven{id: got.ID, subject: subject}), "collecting")
	invite := func(login string) map[string]any {
		return map[string]any{"hat": d.hat(login), "reason": "De kender hverdagen, og vi har brug for at høre, hvordan den går.", "until": d.day(60)}
	}
	d.makes(coordinator, "/api/cases/{id}/circle", invite("tage"), w.kase)
	school := d.makes(coordinator, "/api/cases/{id}/requests", d.asks("johanne"), w.kase)

	both := d.asks("johanne")
	both["hats"] = []hub.ID{d.hat("johanne"), d.hat("tage")}
	d.as(coordinator).API("POST", "/api/cases/"+string(w.kase)+"/requests", both).Must(400)

	sees := func(login string, path string, want bool) {
		t.Helper()
		d.who[login] = nil // days pass, and a sign-in ends
		status := map[bool]int{true: 200, false: 404}[want]
		for _, a := range []hubtest.Answer{d.as(login).API("GET", "/api"+path, nil), d.as(login).Get(path)} {
			if a.Status != status {
				t.Errorf("%s reads %s: %d, want %d", login, path, a.Status, status)
			}
		}
		if list := d.as(login).API("GET", "/api"+path[:strings.LastIndex(path, "/")], nil).Must(200); strings.Contains(string(list.Body), string(w.kase)) != want {
			t.Errorf("%s lists it: %v", login, !want)
		}
	}
	kase, question := "/cases/"+string(w.kase), "/requests/"+string(school)
	sees("liv", kase, true)
	// Whoever takes over from one of them is one of them: let in where the person is young,
	// of the circle, and out with the others.
	tooNear := "/api" + kase + "/recusals"
	instead := map[string]any{"ground": "2", "hat": d.hat("liv"), "substitute": d.hat("vilma")}
	d.SQL("update access.subject set band = 'over_25' where id = $1", string(subject))
	if a := d.as(coordinator).API("POST", tooNear, instead).Must(400); !strings.Contains(a.Text(), `"substitute"`) {
		t.Errorf("somebody who works with the young only takes over about somebody who is grown: %s", a.Text())
	}
	d.SQL("update access.subject set band = 'under_18' where id = $1", string(subject))
	d.as(coordinator).API("POST", tooNear, instead).Must(200)
	circle := func(login string) string {
		t.Helper()
		page := d.as(coordinator).Get(kase).Must(200).Text()
		from := strings.Index(page, `<ul class="people">`)
		for _, row := range strings.Split(page[from:from+strings.Index(page[from:], "</ul>")], "<li") {
			if strings.HasPrefix(row[strings.Index(row, "<strong>")+1:], "strong>"+d.as(login).Post.Name) {
				return row
			}
		}
		return ""
	}
	if row := circle("vilma"); !strings.Contains(row, "Overtager for en kollega") {
		t.Errorf("of the circle, who takes over: %q", row)
	}
	if row := circle("liv"); !strings.Contains(row, "ude igen") {
		t.Errorf("of the circle, who is too close: %q", row)
	}
	d.as(koegeManager).API("POST", tooNear+"/"+string(d.as("liv").Post.Person)+"/lift", map[string]any{"reason": tooClose}).Must(200)
	sees("vilma", kase, true)
	sees("liv", kase, true)
	if row := circle("liv"); strings.Contains(row, "badge") {
		t.Errorf("of the circle, who was too close: %q", row)
	}
	// Who can see it says of them that it ends with that age, whatever day it would end on.
	rows := strings.Split(d.as(coordinator).Get(kase).Text(), "<tr>")
	for login, young := range map[string]bool{"liv": true, "vilma": true, "tage": false, coordinator: false} {
		name := d.as(login).Post.Name
		i := slices.IndexFunc(rows, func(row string) bool { return strings.Contains(row, name+"<") && strings.Contains(row, "adgang siden") })
		if i < 0 || strings.Contains(rows[i], "dog kun, til personen fylder 18 år") != young {
			t.Errorf("that %s sees it until the age of 18 is said, or not: want %v, in row %d", login, young, i)
		}
	}
	midnight := time.Date(eighteen.Year(), eighteen.Month(), eighteen.Day(), 0, 0, 0, 0, hub.Copenhagen)
	d.Advance(midnight.Sub(d.Now()) - time.Minute)
	sees("liv", kase, true)
	sees("johanne", question, true)
	// Where it turns out that the person is grown, what was learnt is not shown to them in
	// the little time until that lets them out.
	card := func(login string) int { return d.as(login).API("GET", "/api/subjects/"+string(subject), nil).Status }
	for age, want := range map[string]int{"over_25": 404, "under_18": 200} {
		d.SQL("update person.subject set band = $1 where id = $2", age, string(subject))
		for login, want := range map[string]int{"johanne": want, "liv": want, "tage": 200, coordinator: 200} {
			if got := card(login); got != want {
				t.Errorf("of somebody who is %s %s reads who it is: %d, want %d", age, login, got, want)
			}
		}
	}
	d.SQL("update person.subject set band = 'under_18' where id = $1", string(subject))
	d.Advance(time.Minute)
	sees("liv", kase, false)
	sees("vilma", kase, false)
	sees("tage", kase, true)
	sees("johanne", question, false)
	for _, login := range []string{"liv", "johanne"} {
		d.as(coordinator).API("POST", "/api"+kase+"/circle", invite(login)).Must(400)
		d.as(coordinator).API("POST", "/api"+kase+"/requests", d.asks(login)).Must(400)
	}
	d.as(coordinator).API("GET", "/api"+kase, nil).Must(200)
	if row := d.SQL("select why, n from referral.task where case_id = $1", string(w.kase)); len(row) != 1 || row[0][0] != "grown" || row[0][1] != "18" {
		t.Errorf("the coordinators' tasks are %v", row)
	}
	if n := d.One("select count(*) from access.assignment where item in ($1, $2) and person in ($3, $4, $5) and ended_at is null",
		string(w.kase), string(school), string(d.as("johanne").Post.Person), string(d.as("liv").Post.Person), string(d.as("vilma").Post.Person)); n != "0" {
		t.Errorf("%s assignments are left", n)
	}
}
