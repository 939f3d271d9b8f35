//go:build !race

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// caseTables is what is written by the rooms of cases.
var caseTables = []string{"assessment.step", "assessment.request", "assessment.answer", "assessment.member", "assessment.agenda", "assessment.assessment", "assessment.dissent",
	"assessment.signature", "assessment.outbox", "assessment.sealed", "referral.step", "referral.offer", "referral.progress", "referral.consent", "referral.followup",
	"referral.proposal", "referral.outbox", "referral.sealed"}

// isDate reports whether a field is written as day, month and year.
func isDate(name string) bool {
	return slices.Contains(dates, name) || slices.Contains([]string{"date", "due", "again", "next", "signed_on", "start", "end", "valid_until"}, name) ||
		strings.HasSuffix(name, ".as_of") || strings.HasSuffix(name, ".due")
}

// ofCase makes an operation's body of the fields of a form of a case: the same
// names, with the lists and things that the dots in them name.
func (w *wrong) ofCase(p place, fields map[string]string) string {
	body := maps.Clone(p.more)
	if body == nil {
		body = map[string]any{}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := fields[name]
		var v any = value
		if part := strings.Split(value, "-"); isDate(name) && len(part) == 3 {
			v = fmt.Sprintf("%s-%02s-%02s", part[2], part[1], part[0])
		}
		if n, err := strconv.Atoi(value); err == nil && (name == "grade" || name == "edit") {
			v = n
		}
		if value == "yes" && name != "informed" {
			v = true
		}
		dimension, moved := strings.CutPrefix(name, "movement.")
		list, many := strings.CutSuffix(name, "[]")
		switch {
		case name == "grade" && value == "", name == "":
		case moved:
			movements, _ := body["movements"].([]any)
			body["movements"] = append(movements, map[string]any{"dimension": dimension, "movement": value})
		case many && value == "":
			body[list] = []any{}
		case many:
			body[list] = []any{value}
		case name == "end_effect":
			body["effect"] = v
		default:
			nest(body, strings.Split(name, "."), v)
		}
	}
	b, err := json.Marshal(listed(body))
	if err != nil {
		w.Fatal(err)
	}
	return string(b)
}

// nest puts a value where the parts of its name say.
func nest(in map[string]any, parts []string, v any) {
	if len(parts) == 1 {
		in[parts[0]] = v
		return
	}
	inner, ok := in[parts[0]].(map[string]any)
	if !ok {
		inner = map[string]any{}
		in[parts[0]] = inner
	}
	nest(inner, parts[1:], v)
}

// listed makes lists of the things whose names are numbers.
func listed(in map[string]any) any {
	var list []any
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if inner, ok := in[name].(map[string]any); ok {
			in[name] = listed(inner)
		}
		if _, err := strconv.Atoi(name); err == nil {
			list = append(list, in[name])
		}
	}
	if list != nil {
		return list
	}
	return in
}

// wrongCases opens a hub with a case in every state that a form is for.
func wrongCases(t *testing.T) *wrong {
	w := wrongs(t)
	d := &desk{driver: &driver{script: w.script}}
	w.works, w.desk = map[string]*work{}, d
	for _, state := range []string{"opening", "collecting", "analysis", "assessment", "written", "follow_up", "closed"} {
		w.works[state] = d.works(state)
	}
	help := w.works["follow_up"]
	theirs := d.makes(policeMan, "/api/cases/{id}/offers", d.offers("bodil"), help.kase) // not sent
	child, _ := d.handsOver()
	talk := d.makes(coordinator, "/api/cases/{id}/offers", with(d.offers("tage"), map[string]any{"measure": "concern_talk"}), child)
	d.changes(coordinator, "/api/offers/{id}/send", map[string]any{}, talk)
	d.changes("tage", "/api/offers/{id}/answer", map[string]any{"answer": "taken_up", "owner": d.hat("tage")}, talk)
	why := "; necessity=" + because
	basis := func(code string) string { return "; purpose=prevention; legal_basis=" + code + why }
	on := func(state, page, login, good string) place {
		at := "/cases/" + string(w.works[state].kase) + "/" + page
		return place{login: login, api: "POST /api" + at, page: at, good: good, cased: true}
	}
	of := func(kind string, id hub.ID, page, login, good string) place {
		at := "/" + kind + "/" + string(id) + "/" + page
		return place{login: login, api: "POST /api" + at, page: at, good: good, cased: true}
	}
	sent := func(p place, api string) place { // to an operation of another name
		before, _, _ := strings.Cut(p.page[len("/cases/"):], "/")
		p.api = "POST /api/cases/" + before + "/" + api
		return p
	}
	from := func(p place, at string) place { p.at = at; return p }
	dimension := d.joint(&work{})["dimensions"].([]map[string]any)[0]["code"].(string)
	talks := "; talk.status=held; talk.mode=in_person; talk.guardian=present; talk.took_part=En bisidder"
	w.forms = map[string]place{
		"open":   on("opening", "open", coordinator, "members[]=; reason="+sayWhy+basis("RPL115-2")),
		"circle": on("collecting", "circle", coordinator, "hat=$tage; until=1-12-2026; reason="+sayWhy),
		"ask": from(sent(on("collecting", "ask", coordinator, "authority=koege; hats[]=$tage; questions=Går han i skole?; due=1-12-2026"+why), "requests"),
			"/cases/"+string(w.works["collecting"].kase)+"/ask?authority=koege"),
		"ask out": from(sent(on("collecting", "ask", policeMan, "authority=psykiatrien; hats[]=$bodil; questions=Er der et forløb?"+basis("RPL115-1-2")), "requests"),
			"/cases/"+string(w.works["collecting"].kase)+"/ask?authority=psykiatrien"),
		"answer": of("requests", w.works["collecting"].asked, "answer", "bodil", "grade=3; statements.0.text=Er kommet til hver tid.; statements.0.kind=fact; statements.0.source=Journal; "+
			"statements.0.reliability=A; statements.0.as_of=1-11-2026; statements.0.class=ordinary"+basis("RPL115-2")),
		"meeting": on("collecting", "meeting", coordinator, "date=1-12-2026; time=10:00"),
		"held": from(on("analysis", "meeting/held", policeMan, "attendance[]=$gudrun; note=Alle om bordet ser det samme billede."),
			"/cases/"+string(w.works["analysis"].kase)+"/meeting"),
		"edit": {login: coordinator, api: "PUT /api/cases/" + string(w.works["assessment"].kase) + "/assessment", page: "/cases/" + string(w.works["assessment"].kase) + "/assessment/edit", cased: true,
			good: "edit=0; dimensions.0.code=" + dimension + "; dimensions.0.evidence_for.0.text=Gentager slagord fra nettet.; dimensions.0.evidence_for.0.kind=hearsay; " +
				"dimensions.0.evidence_for.0.source=Klubben; dimensions.0.evidence_for.0.as_of=1-11-2026; rationale=Kun et udkast endnu.; valid_until=1-3-2027"},
		"dissent":   sent(on("written", "dissent", "liv", "about=level; reason=Skolen ser en dreng, der keder sig i timerne.; test=Jeg skifter mening, hvis han ikke dukker op.; due=1-12-2026"), "dissents"),
		"inform":    on("assessment", "inform", coordinator, "decision=later; again=1-12-2026; reason=Han skal høre det roligt, når moren er med."),
		"sign":      on("written", "sign", coordinator, "content="+strings.Repeat("0", 64)),
		"recommend": sent(on("follow_up", "recommend", policeMan, "authority=psykiatrien; hats[]=$bodil; measure=mentor; dimension=family; task=Find en mentor.; preview=En mentor til en ung, der er ved at miste grebet."), "offers"),
		"notify": {login: policeMan, api: "POST /api/cases/" + string(child) + "/offers", page: "/cases/" + string(child) + "/recommend", cased: true,
			good: "authority=koege; measure=mentor; dimension=family; task=Se på, om han har brug for støtte.; preview=En mentor til en ung, der er ved at miste grebet."},
		"send":     of("offers", theirs, "send", policeMan, basis("RPL115-1-2")[2:]),
		"reply":    of("offers", help.sent, "answer", "bodil", "answer=taken_up; note=Vi begynder på onsdag."),
		"progress": of("offers", help.offer, "progress", "bodil", "status=running; start=20-11-2026; end=1-2-2027; effect=Kommer glad hver gang."),
		"talk":     of("offers", talk, "progress", "tage", "status=done"+talks),
		"end":      from(of("offers", help.offer, "end", "bodil", "outcome=completed; end_effect=Aftalen er holdt."), "/offers/"+string(help.offer)+"/progress"),
		"consent": sent(on("follow_up", "consent", coordinator, "document=Mappe syv i arkivet; signed_on=1-11-2026; scope=Han siger ja til, at psykologen får at vide, hvem han er.; "+
			"fields[]=identity; recipients[]=psykiatrien"), "consents"),
		"followup":  sent(on("follow_up", "followup", policeMan, "movement.family=better; note=Mentoren er i gang, og fraværet falder.; next=1-12-2026"), "followups"),
		"close":     on("follow_up", "close", coordinator, "reason=risk_reduced; informed=exempt; inform_ground=22-2-1; why_not_informed=Han er rejst uden adresse.; open_gaps=Ingen ved, hvem der skrev."),
		"take back": on("follow_up", "take-back", coordinator, "reason="+sayWhy),
		"reopen":    on("closed", "reopen", coordinator, "reason=Han er vendt tilbage, og moren har bedt os om hjælp."+basis("RPL115-2")),
	}
	return w
}

// TestBadInputOfCases is the table of what comes after a concern: every step of a
// case and of an offer, to the API and from the page.
func TestBadInputOfCases(t *testing.T) { wrongCases(t).tries(badCaseInput) }
