//go:build !race

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// wrong sends bad input to a hub.
type wrong struct {
	*script
	words map[string]string // what each message says in Danish
	forms map[string]place
	works map[string]*work // a case in each state
	desk  *desk            // who brings cases into states
}

// place is a form that is page and operation alike, with good input for it: the
// fields by their names on the page.
type place struct {
	login, api, page string
	good             string         // "field=value; field=value"
	more             map[string]any // what the operation is told besides
	at               string         // where the form stands, if not at the page it is sent to
	cased            bool           // it is of a case, whose bodies are made of the fields by their names
}

// wrongs opens a hub with a concern for every form.
func wrongs(t *testing.T) *wrong {
	s := begin(t)
	w := &wrong{script: s, words: map[string]string{}}
	for _, room := range []string{"../../pkg/web", "../portal", "../person", "../intake", "../assessment", "../referral", "../audit"} {
		b, err := os.ReadFile(room + "/pages/da.json")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &w.words); err != nil {
			t.Fatal(err)
		}
	}
	subject := s.registers(coordinator, map[string]any{"name": "Bertram Fast", "cpr": "680308-4019"})
	why := "; necessity=" + because
	statement := "statements.0.kind=fact; statements.0.text=Er set ved kiosken.\nTo gange.; statements.0.first_hand=yes; statements.0.observed_on=1-11-2026; why_now=Ny omgangskreds.; context=God kontakt til sin mentor.; urgency=normal; child=no"
	draft := w.drafts(coordinator, nil)
	received := w.hands(coordinator, map[string]any{"child": "yes"})
	theirs := w.hands(policeMan, map[string]any{"municipality": "koege", "legal_basis": "RHL"})
	before := w.hands(coordinator, map[string]any{"forward": toPolice})
	triage := w.hands(coordinator, map[string]any{"forward": toPolice})
	s.does(policeMan, "check", triage, says("released"))
	at := func(id hub.ID, page string) string { return "/concerns/" + string(id) + "/" + page }
	w.forms = map[string]place{
		"person": {login: coordinator, api: "POST /api/subjects", page: "/subjects/new?next=concern", good: "name=Bertram Eksempel; cpr=670308-4019"},
		"concern": {login: coordinator, api: "POST /api/concerns", page: "/concerns/new?subject=" + string(subject), good: statement,
			more: map[string]any{"subject": subject, "purpose": "prevention", "legal_basis": "GDPR6-1-E"}},
		"ground": {login: coordinator, api: "POST /api/concerns", page: at(draft, "send"), good: "purpose=prevention; legal_basis=GDPR6-1-E; forward=yes; forward_basis=RPL115-2" + why,
			more: map[string]any{"draft": draft}},
		"reveal": {login: coordinator, api: "POST /api/subjects/" + string(subject) + "/reveal", page: "/subjects/" + string(subject) + "/reveal", good: "reason=Til opslag i fagsystemet."},
	}
	for name, p := range map[string]struct {
		login string
		id    hub.ID
		good  string
	}{
		"forward":      {coordinator, received, "purpose=prevention; legal_basis=RPL115-2" + why},
		"recall":       {coordinator, before, "reason=" + sayWhy},
		"reroute":      {coordinator, received, "track=violence"},
		"check":        {policeMan, theirs, "outcome=released; purpose=prevention; legal_basis=RPL115-1-1" + why},
		"triage":       {coordinator, triage, "outcome=case; track=; rationale=Begrundelsen er skrevet af den ene tovholder alene."},
		"notification": {coordinator, received, "outcome=notified; reason=Er underrettet."},
		"access":       {coordinator, received, "hat=$ingrid"},
	} {
		w.forms[name] = place{login: p.login, api: "POST /api" + at(p.id, name), page: at(p.id, name), good: p.good}
	}
	s.as(coordinator).API("POST", "/api/concerns", concern(subject, nil)).Must(201) // so that the number can be shown
	return w
}

// drafts begins a draft about somebody new.
func (w *wrong) drafts(login string, changes map[string]any) hub.ID {
	w.Helper()
	in := concern(w.somebody(login), changes)
	delete(in, "purpose")
	delete(in, "legal_basis")
	var got done
	if a := w.as(login).API("POST", "/api/concerns/drafts", in); a.Status == 201 {
		a.JSON(&got)
	} else {
		w.Fatalf("no draft: %d %s", a.Status, a.Body)
	}
	return got.ID
}

// hands hands a concern in, about somebody new unless changes say whom.
func (w *wrong) hands(login string, changes map[string]any) hub.ID {
	w.Helper()
	subject, ok := changes["subject"].(hub.ID)
	if !ok {
		subject = w.somebody(login)
	}
	var got done
	if a := w.as(login).API("POST", "/api/concerns", concern(subject, changes)); a.Status == 201 {
		a.JSON(&got)
	} else {
		w.Fatalf("no concern: %d %s", a.Status, a.Body)
	}
	return got.ID
}

// somebody registers a person whom nobody has registered before.
func (w *wrong) somebody(login string) hub.ID {
	w.Helper()
	return w.registers(login, map[string]any{"name": "Opdigtet Person", "no_cpr": true})
}

// read takes "field=value; field=value" apart. "$login" is that person's hat.
func (w *wrong) read(text string) map[string]string {
	all := map[string]string{}
	for part := range strings.SplitSeq(text, "; ") {
		if name, value, ok := strings.Cut(part, "="); ok {
			if login, hat := strings.CutPrefix(value, "$"); hat {
				value = string(w.as(login).Post.Hat.ID)
			}
			all[name] = value
		}
	}
	return all
}

var dates = []string{"birth_date", "statements.0.observed_on", "until"}

// asJSON makes an operation's body of a form's fields.
func (w *wrong) asJSON(p place, fields map[string]string) string {
	if p.cased {
		return w.ofCase(p, fields)
	}
	body := maps.Clone(p.more)
	if body == nil {
		body = map[string]any{}
	}
	statement, forward := map[string]any{}, map[string]any{}
	for name, value := range fields {
		if slices.Contains(dates, name) && value != "" && name != "birth_date" { // which takes both
			part := strings.Split(value, "-")
			if len(part) == 3 {
				value = fmt.Sprintf("%s-%02s-%02s", part[2], part[1], part[0])
			}
			if name == "until" {
				value += "T00:00:00Z"
			}
		}
		var v any = value
		if value == "yes" && name != "child" {
			v = true
		}
		inner, in := strings.CutPrefix(name, "statements.0.")
		switch {
		case in:
			statement[inner] = v
		case name == "forward":
		case name == "forward_basis":
			forward["legal_basis"] = value
		case name == "necessity" && fields["forward"] != "":
			forward["necessity"] = value
		case value != "" || !slices.Contains([]string{"cpr", "birth_date", "until"}, name):
			body[name] = v
		}
	}
	if len(statement) > 0 {
		body["statements"] = []any{statement}
	}
	if len(forward) > 0 {
		forward["purpose"] = fields["purpose"]
		body["forward"] = forward
	}
	b, err := json.Marshal(body)
	if err != nil {
		w.Fatal(err)
	}
	return string(b)
}

// asForm makes what a browser sends of the same fields.
func asForm(fields map[string]string) url.Values {
	form := url.Values{}
	for name, value := range fields {
		if name == "" || strings.HasSuffix(name, "[]") && value == "" {
			continue
		}
		if isDate(name) {
			part := append(strings.Split(value, "-"), "", "")
			form[name+"-day"], form[name+"-month"], form[name+"-year"] = []string{part[0]}, []string{part[1]}, []string{part[2]}
			continue
		}
		form[name] = []string{value}
	}
	return form
}

// try sends a row, and holds what comes back.
func (w *wrong) try(row bad) {
	w.Helper()
	before := w.counts()
	switch p, form := w.forms[row.where]; {
	case row.do != nil:
		api, page := row.do(w)
		if api != nil {
			w.problem(row, *api)
		}
		if page != nil {
			w.page(row, *page)
		}
		return // which may have done something first
	case row.body != nil:
		if !form {
			p = w.forms[map[string]string{"POST /api/concerns": "concern", "POST /api/concerns/drafts": "concern", "POST /api/subjects": "person"}[row.where]]
			p.api = row.where
		}
		if strings.HasSuffix(row.where, "/drafts") {
			p.more = map[string]any{"subject": p.more["subject"]}
		}
		method, path, _ := strings.Cut(p.api, " ")
		good := w.asJSON(p, w.read(p.good))
		sent := row.body(good)
		if sent == good {
			w.Fatalf("the row changes nothing of %s", good)
		}
		a := w.as(p.login).API(method, path, sent)
		w.problem(row, a)
	case form:
		w.both(row, p)
	default:
		method, path, _ := strings.Cut(row.where, " ")
		w.problem(row, w.as(coordinator).API(method, path, nil))
	}
	if after := w.counts(); row.status >= 400 && after != before {
		w.Errorf("it was refused, and left something: %s, before %s", after, before)
	}
}

// counts is what there is of everything that a command makes.
func (w *wrong) counts() string {
	w.Helper()
	var all []string
	for _, table := range append(caseTables, "intake.concern", "intake.step", "intake.judgement", "intake.outbox", "intake.words", "person.subject", "person.outbox", "access.item", "access.assignment", "access.share") {
		all = append(all, table+" "+w.One("select count(*) from "+table))
	}
	return strings.Join(append(all, w.One("select sum(version) from intake.concern")), ", ")
}

// both sends bad input to the API and from the page.
func (w *wrong) both(row bad, p place) {
	w.Helper()
	fields := w.read(p.good)
	maps.Copy(fields, w.read(row.input))
	c := w.as(p.login)
	method, path, _ := strings.Cut(p.api, " ")
	a := c.API(method, path, w.asJSON(p, fields))
	if row.status < 300 {
		if a.Status != row.status {
			w.Errorf("the API refuses it: %d %s", a.Status, a.Body)
		}
	} else {
		w.problem(row, a)
	}
	opened := c.Get(cmp.Or(p.at, p.page))
	form := asForm(fields)
	if opened.Status != 200 {
		w.Fatalf("the page is not there: %d %s", opened.Status, opened.Text())
	}
	action := p.page
	if strings.HasPrefix(p.page, "/concerns/new") {
		form["on"], action = []string{"1"}, "/concerns/new"
	}
	page := c.Submit(action, form)
	if row.status < 300 {
		if page.Status != 200 || page.Path == action {
			w.Errorf("the page refuses it: %d at %s", page.Status, page.Path)
		}
		return
	}
	w.page(row, page)
	w.keeps(row, page, action, form)
}
