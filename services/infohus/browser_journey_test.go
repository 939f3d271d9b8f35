//go:build !race

package main

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// The most that a concern by phone may ask for (trust.md T1).
const mostPages, mostAnswers = 3, 5

// What is typed. No word of it stands in the catalogues, so that a page that
// shows it is not taken for a page in the wrong language.
const (
	typedName = "Bertram Eksempel"
	typedSeen = "Xylofon kl 22 bag kiosk 7"
	typedNow  = "Nyt siden uge 45"
	typedWhy  = "Politi 114 kan ellers intet svar give os her"
)

// journey is the main job with scripts disabled: a concern taken by phone, the
// police's answer, both triages, the officer's look into the trail, and a
// concern told without a name.
func journey(t *testing.T, ctx context.Context) {
	s := openSite(t, ctx)
	b := s.window(false)
	b.signsIn(coordinator)
	b.says("portal.nothing")

	b.pages, b.answers = 0, 0
	b.goes("person.nav.new")
	id := b.takesByPhone()
	s.holds(b.pages-1 <= mostPages, "the receipt came after %d pages, at most %d wanted", b.pages-1, mostPages)
	s.holds(b.answers <= mostAnswers, "%d answers were needed, at most %d wanted", b.answers, mostAnswers)
	t.Logf("T1: %d pages, %d answers", b.pages-1, b.answers)
	b.says("intake.receipt.toast")
	b.says("intake.state.police_check")
	b.says("intake.concern.who_can_see")
	b.says("intake.concern.who_has_seen")
	s.Settle()

	p := s.window(false)
	p.signsIn(policeMan)
	p.says("intake.waits.police_check")
	p.opensListed(id)
	if strings.Contains(p.reads(), typedSeen) {
		t.Error("the police read it before they have released it")
	}
	p.presses("intake.do.check")
	p.ticks("outcome", 1)
	p.presses("intake.check.send")
	p.says("intake.check.done")
	p.says("intake.state.triage")
	s.holds(strings.Contains(p.reads(), typedSeen), "the police cannot read what they released")
	p.triages(3)
	p.says("intake.state.triage")

	b.opens("/")
	b.opensListed(id)
	b.triages(3)
	b.says("intake.state.case")
	s.Settle()
	p.opens("/")
	p.says("portal.notice.triaged")

	d := s.window(false)
	d.signsIn(koegeDPO)
	d.searchesTrail(id)
	text := d.reads()
	for _, who := range []string{"Gudrun Modelborg", "Thorkild Prøvebo"} {
		s.holds(strings.Contains(text, who), "the trail does not name %s", who)
	}
	s.holds(!strings.Contains(text, typedSeen) && !strings.Contains(text, "Bertram"), "the trail tells of the person, or what was told")
	d.leads(chromedp.Click(chromedp.CSS("tbody tr:last-child a")))
	d.says("audit.again.agrees")
	s.holds(d.opens("/concerns/"+id) == 404, "the officer can open the concern")

	told(s)
}

// takesByPhone takes a concern from the page that asks who it is about, with
// the fewest answers, and gives its reference.
func (b *window) takesByPhone() string {
	b.Helper()
	b.types("name", typedName)
	b.presses("person.new.next")
	b.saved("person.subject", 1)
	b.types("statements.0.text", typedSeen)
	b.types("why_now", typedNow)
	b.ticks("urgency", 3)
	b.presses("intake.draft.on")
	b.saved("intake.concern where state = 'draft'", 1)
	b.types("necessity", typedWhy)
	b.presses("intake.send.send")
	b.saved("intake.concern where state = 'police_check'", 1)
	return strings.TrimPrefix(b.where(), "/concerns/")
}

// saved holds that so many rows are kept.
func (b *window) saved(what string, want int) {
	b.Helper()
	if n := atoi(b.One("select count(*) from " + what)); n != want {
		b.Errorf("%d × %s, want %d", n, what, want)
	}
}

// opensListed opens a concern by its link on the page.
func (b *window) opensListed(id string) {
	b.Helper()
	b.leads(chromedp.Click(chromedp.CSS(`main a[href="/concerns/` + id + `"]`)))
}

// triages gives the triage that stands at a place in the list of outcomes.
func (b *window) triages(n int) {
	b.Helper()
	b.presses("intake.do.triage")
	b.ticks("outcome", n)
	b.types("rationale", typedWhy)
	b.presses("intake.triage.send")
	b.says("intake.triage.done")
}

// searchesTrail looks for everything that happened with a reference.
func (b *window) searchesTrail(reference string) {
	b.Helper()
	b.goes("audit.nav.trail")
	b.chooses("ground", b.t(b.lang, "audit.field.ground.lawfulness"))
	b.types("reference", reference)
	b.presses("audit.trail.search")
}

// told is the path without a name: no cookie, no sign-in, a code to come back
// with, and a coordinator who finds it waiting.
func told(s *site) {
	s.Helper()
	n := s.window(false)
	n.opens("/tell")
	n.chooses("municipality", "Køge")
	n.types("seen", typedSeen)
	n.types("why_now", typedNow)
	n.ticks("urgency", 2)
	n.presses("intake.tell.send")
	n.says("intake.told.heading")
	code := eval[string](n, `document.querySelector("main code").innerText`)
	n.opens("/tell")
	n.types("slip-code", code)
	n.presses("intake.tell.ask")
	n.says("intake.slip.received")
	jar, err := chromedp.Call(n.ctx, network.GetCookies, network.GetCookiesParams{})
	if err != nil {
		s.Fatal(err)
	}
	s.holds(len(jar.Cookies) == 0, "the path without a name left %d cookies", len(jar.Cookies))
	c := s.window(false)
	c.signsIn(deputy)
	c.says("intake.waits.received")
}
