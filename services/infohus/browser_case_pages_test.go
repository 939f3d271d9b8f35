//go:build !race

package main

import (
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// cases are the pages of cases, of questions and of help, as the demo world has
// them.
func (v *visitor) cases() {
	in := func(state string) string {
		return v.One("select min(i.id) from access.item i join assessment.cases c on c.id = i.id where i.state = '" + state + "'")
	}
	of := func(kind, state, more string) string {
		return v.One("select coalesce(min(id), '') from access.item where kind = '" + kind + "' and state = '" + state + "' " + more)
	}
	signed := v.One("select min(case_id) from assessment.signature")
	for _, p := range []struct{ who, path string }{
		{coordinator, "/cases"}, {"solvej", "/cases"}, {coordinator, "/search"},
		{coordinator, "/cases/" + in("opening")}, {coordinator, "/cases/" + in("collecting")}, {policeMan, "/cases/" + in("assessment")},
		{coordinator, "/cases/" + in("recommended")}, {coordinator, "/cases/" + in("follow_up")}, {coordinator, "/cases/" + in("closed")}, {"liv", "/cases/" + in("assessment")},
		{coordinator, "/cases/" + in("opening") + "/open"}, {coordinator, "/cases/" + in("collecting") + "/circle"}, {coordinator, "/cases/" + in("collecting") + "/meeting"},
		{coordinator, "/cases/" + in("collecting") + "/ask"}, {coordinator, "/cases/" + in("collecting") + "/ask?authority=koege"},
		{coordinator, "/meetings"}, {coordinator, "/meetings/" + v.One("select min(id) from assessment.meeting")},
		{coordinator, "/cases/" + signed + "/assessment"}, {coordinator, "/cases/" + in("assessment") + "/assessment/edit"}, {coordinator, "/cases/" + in("assessment") + "/dissent"},
		{coordinator, "/cases/" + in("assessment") + "/inform"}, {policeMan, "/cases/" + in("assessment") + "/sign"}, {coordinator, "/cases/" + in("follow_up") + "/reassess"},
		{coordinator, "/requests"}, {"bodil", "/requests"}, {"ellen", "/requests/" + of("request", "asked", "")}, {"ellen", "/requests/" + of("request", "asked", "") + "/answer"},
		{coordinator, "/offers"}, {"liv", "/offers/" + of("offer", "offered", "")}, {"liv", "/offers/" + of("offer", "offered", "") + "/answer"},
		{"liv", "/offers/" + of("offer", "taken_up", "") + "/progress"},
		{coordinator, "/cases/" + in("recommended") + "/recommend"}, {coordinator, "/cases/" + in("recommended") + "/consent"}, {coordinator, "/cases/" + in("follow_up") + "/followup"},
		{coordinator, "/review"}, {koegeManager, "/review"}, {koegeManager, "/written"}, {koegeManager, "/review/" + v.One("select id from access.hat where authority = 'koege' and deputy_of <> '' and role = 'municipal_coordinator'")}, {koegeDPO, "/revisions"}, {coordinator, "/cases/" + in("collecting") + "/recusal"},
		{coordinator, "/concerns/" + v.find("triage", "koege") + "/recusal"}, {coordinator, "/cases/" + in("follow_up") + "/close"}, {coordinator, "/cases/" + in("follow_up") + "/take-back"}, {coordinator, "/cases/" + in("closed") + "/reopen"},
	} {
		b := v.as(p.who)
		b.opens(p.path)
		b.inspect(p.who + " at " + p.path)
		if strings.Count(p.path, "/") == 2 && strings.HasPrefix(p.path, "/cases/") {
			b.prints()
		}
	}
	s := v.as(coordinator)
	s.opens("/search")
	s.types("find", v.One("select max(id) from access.item where kind = 'case' and controller = 'koege' and state = 'follow_up'"))
	s.presses("person.search.do")
	s.says("assessment.hits.heading")
	s.inspect("what a search has found")
	b := v.as(coordinator) // the demo world has no draft of an offer
	b.opens("/cases/" + in("recommended") + "/recommend")
	b.chooses("authority", "Køge Kommune, Børne")
	b.chooses("measure", "Mentor")
	b.chooses("dimension", map[string]string{"da": "Netværk", "en": "Network"}[v.lang])
	b.types("preview", strings.Repeat("Xerxes Qvobly ", 3)) // in no language
	b.types("task", "Xerxes")
	b.presses("referral.recommend.send")
	b.says("referral.send.before")
	b.inspect("an offer before it is sent")
}

// prints holds that a page is printed with the fields that it shows, and without
// what can be pressed (A005).
func (b *window) prints() {
	b.Helper()
	const fields = `[...document.querySelectorAll("main dd, main .said, main .timeline li, main td, main .person-card, main .talks li, main .people li")].map(e => e.innerText.trim()).join("\n")`
	media := func(m string) {
		if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: m}); err != nil {
			b.Fatal(err)
		}
	}
	const pressed = `[...document.querySelectorAll("main form, main .actions")].forEach(e => e.style.setProperty("display", "none", "important")), 0`
	eval[int](b, pressed) // what can be pressed is no field
	screen := eval[string](b, fields)
	media("print")
	if printed := eval[string](b, fields); printed != screen || screen == "" {
		b.Errorf("%s is printed with other fields:\n%s\nand shows\n%s", b.where(), printed, screen)
	}
	if n := eval[int](b, `[...document.querySelectorAll("main form, main .actions, header nav")].filter(e => e.offsetParent !== null).length`); n > 0 {
		b.Errorf("%s prints %d things to press", b.where(), n)
	}
	media("")
}
