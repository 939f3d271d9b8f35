//go:build !race

package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/infohus/infohus/pkg/hub"
)

// What is typed in a case. No word of it stands in the catalogues.
const (
	typedAsk   = "Xenofon kl 9 bag port 4, eller Ypsilon kl 11"
	typedKnown = "Zebra kl 14 fire dage ud af fem"
	typedNote  = "Quartz og Xylofon spiller videre til jul"
	typedSpeak = "Wolfram kl 16 uge 47"
	typedTest  = "Yoga kl 17 hver dag i to uger"
	typedTask  = "Xerxes kl 15 to gange om ugen, helst ude"
)

// caseJourney is the rest of the way with scripts disabled: from the triage to
// the closing, each step reached from the front page of whoever has it, or from
// the case. The police's coordinator uses the keyboard alone.
func caseJourney(t *testing.T, ctx context.Context) {
	s := openSite(t, ctx)
	kase := s.triages()
	j := &caseWalk{site: s, kase: kase, g: s.window(false), p: s.window(false), l: s.window(false)}
	j.g.signsIn(coordinator)
	j.p.still()
	j.p.opens("/")
	j.p.keysIn(policeMan, "Midt- og Vestsjællands Politi")
	j.opened()
	j.asked()
	j.met()
	j.assessed()
	j.offered()
	j.followed()
	j.closed()
}

// caseWalk is a case on its way, and the windows of the people who move it.
type caseWalk struct {
	*site
	kase    hub.ID
	g, p, l *window // the municipality's coordinator, the police's, and a member of the core group
}

// triages plays a concern, as programs do, until it is a case.
func (s *site) triages() hub.ID {
	s.Helper()
	c := s.caller()
	does := func(login, op, id string, body any) string {
		s.Helper()
		r, err := c.call(s.Context(), login, op, map[string]string{"id": id}, body)
		if err != nil || r.Status >= 300 {
			s.Fatalf("%s %s: %d %s %v", login, op, r.Status, r.Raw, err)
		}
		if op == "registerSubject" {
			return r.text("subject")
		}
		return r.text("id")
	}
	subject := does(coordinator, "registerSubject", "", map[string]any{"name": typedName, "cpr": "670104-4111"})
	id := does(coordinator, "submitConcern", "", concern(hub.ID(subject), map[string]any{"forward": toPolice}))
	does(policeMan, "completePoliceCheck", id, says("released"))
	does(policeMan, "triageConcern", id, judge("case"))
	does(coordinator, "triageConcern", id, judge("case"))
	s.Settle()
	return hub.ID(s.One("select id from assessment.cases where concern = $1", id))
}

// at is the state of the case.
func (j *caseWalk) at(want string) {
	j.Helper()
	if got := j.One("select state from access.item where id = $1", string(j.kase)); got != want {
		j.Fatalf("the case is in %s, want %s", got, want)
	}
}

// comes goes home, finds what waits by its word, and follows it.
func (b *window) comes(word string) {
	b.Helper()
	b.opens("/")
	b.says(word)
	b.leads(chromedp.Click(fmt.Sprintf(`//main//ul[@class="waits"]//a[contains(normalize-space(), "%s")]`, b.t(b.lang, word))))
}

// keysHome goes home by keyboard, and opens what waits there.
func (b *window) keysHome(word string) {
	b.Helper()
	b.enters(`header nav a[href="/"]`)
	b.says(word)
	b.tabsTo(fmt.Sprintf(`e.matches(".waits a") && e.innerText.includes(%q)`, b.t(b.lang, word)))
	b.leads(press('\r'))
}

// picks ticks a box or a choice by what stands at it.
func (b *window) picks(label string) {
	b.Helper()
	b.do(chromedp.Click(fmt.Sprintf(`//main//label[contains(normalize-space(), "%s")]`, label)))
}

// dates fills in a date, so many days from now.
func (b *window) dates(field string, days int) {
	b.Helper()
	on := b.Now().In(hub.Copenhagen).AddDate(0, 0, days)
	b.types(field, fmt.Sprint(on.Day()))
	b.types(field+"-month", fmt.Sprint(int(on.Month())))
	b.types(field+"-year", fmt.Sprint(on.Year()))
}

// link follows a link on the page by how its address begins.
func (b *window) link(address string) {
	b.Helper()
	b.leads(chromedp.Click(chromedp.CSS(`main a[href^="` + address + `"]`)))
}

func (j *caseWalk) opened() {
	g, p := j.g, j.p
	g.comes("assessment.waits.opening")
	g.presses("assessment.do.open")
	g.picks("Liv Påfund")
	g.types("reason", typedWhy)
	g.chooses("legal_basis", "Retsplejeloven § 115, stk. 2")
	g.ticks("terms", 3) // or the police could ask nobody
	g.types("necessity", "kort")
	g.holds(g.presses("assessment.open.send") == 400, "a necessity of one word is taken")
	g.errorHasFocus()
	g.stands(map[string]string{"reason": typedWhy, "necessity": "kort", "legal_basis": "RPL115-2"})
	g.holds(eval[bool](g, `document.querySelector('[name="members[]"]:checked') != null`), "who was chosen is lost")
	g.types("necessity", typedWhy)
	g.presses("assessment.open.send")
	g.says("assessment.open.done")
	j.at("opening")
	j.Settle()

	p.keysHome("assessment.waits.opening")
	p.enters(`a[href$="/open"]`)
	p.tabs(`#reason`)
	p.writes(typedWhy)
	p.enters(`main form button`)
	p.says("assessment.open.done")
	j.at("collecting")
	j.Settle()
}

// asked: a department answers, and lets the police read it too; another
// authority declines.
func (j *caseWalk) asked() {
	g, p, l := j.g, j.p, j.l
	g.comes("assessment.waits.collecting")
	g.presses("assessment.do.ask")
	g.leads(chromedp.Click(`//main//a[normalize-space()="Køge Kommune"]`))
	g.picks("Liv Påfund")
	g.types("questions", typedAsk)
	g.types("necessity", typedWhy)
	g.presses("assessment.ask.send")
	g.says("assessment.ask.done")

	p.enters(`header nav a[href="/cases"]`)
	p.enters(`main a[href^="/cases/` + string(j.kase) + `"]`)
	p.enters(`a[href$="/ask"]`)
	p.enters(`a[href$="authority=psykiatrien"]`)
	p.tabs(`input[name="hats[]"]`)
	p.key(" ")
	p.tabs(`#questions`)
	p.writes(typedAsk)
	p.tabs(`#legal_basis`)
	p.key(kb.ArrowDown)
	p.tabs(`#necessity`)
	p.writes(typedWhy)
	p.enters(`main form button`)
	p.says("assessment.ask.done")
	j.Settle()

	l.signsIn("liv")
	l.comes("assessment.waits.asked")
	l.presses("assessment.do.answer")
	l.ticks("grade", 4)
	l.types("statements.0.text", typedKnown)
	l.ticks("statements.0.kind", 1)
	l.types("statements.0.source", "journal")
	l.chooses("statements.0.reliability", "A")
	l.dates("statements.0.as_of", -3)
	l.picks("Midt- og Vestsjællands Politi")
	l.types("necessity", typedWhy)
	l.holds(l.presses("assessment.answer.send") == 400, "an answer is let out to the police on no legal basis")
	l.errorHasFocus()
	l.stands(map[string]string{"statements.0.text": typedKnown, "necessity": typedWhy})
	l.chooses("legal_basis", "Retsplejeloven § 115, stk. 2")
	l.presses("assessment.answer.send")
	l.says("assessment.answer.done")

	b := j.window(false)
	b.signsIn("bodil")
	b.comes("assessment.waits.asked")
	b.presses("assessment.do.decline")
	b.says("assessment.decline.done")
	j.Settle()
	for _, w := range []*window{g, p} {
		w.opens("/cases/" + string(j.kase))
		j.holds(strings.Contains(w.reads(), typedKnown), "%s cannot read the answer", w.login)
		w.says("assessment.outcome.nothing") // a decline looks as the Infohus has chosen
	}
}

func (j *caseWalk) met() {
	g := j.g
	g.presses("assessment.do.meeting")
	g.dates("date", 0)
	g.types("time", "8.00")
	g.presses("assessment.meeting.convene.send")
	g.says("assessment.meeting.convened")
	if !strings.HasSuffix(g.where(), "/meeting") {
		g.presses("assessment.do.meeting")
	}
	for _, who := range []string{"Gudrun Modelborg", "Thorkild Prøvebo", "Liv Påfund"} {
		g.picks(who)
	}
	g.types("note", typedNote)
	g.presses("assessment.meeting.hold.send")
	g.says("assessment.meeting.noted")
	j.at("assessment")
	j.Settle()
}

// assessed: one form, saved half written; the page of the signature says what is
// missing and leads there; both sign what they have read.
func (j *caseWalk) assessed() {
	g, p := j.g, j.p
	g.comes("assessment.waits.assessment")
	g.presses("assessment.do.edit")
	for i := range 9 {
		g.chooses(fmt.Sprintf("dimensions.%d.relevance", i), map[bool]string{true: "Central", false: "Ingen"}[i == 0])
	}
	g.do(chromedp.Click(chromedp.CSS(`#dimension-0 summary`)))
	for _, side := range []string{"evidence_for", "evidence_against"} {
		n := "dimensions.0." + side + ".0"
		g.types(n+".text", typedSpeak)
		g.chooses(n+".kind", "Fakta")
		g.types(n+".source", "klub")
		g.dates(n+".as_of", -5)
		g.ticks(n + ".cited")
	}
	g.types("dimensions.0.gaps.0.what", typedAsk)
	g.chooses("dimensions.0.gaps.0.who_could_know", "Køge")
	g.dates("dimensions.0.gaps.0.due", 10)
	g.chooses("dimensions.0.movement", "Værre")
	g.chooses("dimensions.0.confidence", "Nogenlunde")
	g.chooses("level", "Bekymring")
	g.types("rationale", typedWhy+". "+typedWhy)
	g.holds(g.presses("assessment.edit.on") == 400, "half an assessment can be signed")
	g.errorHasFocus()
	g.stands(map[string]string{"dimensions.0.evidence_for.0.text": typedSpeak, "rationale": typedWhy + ". " + typedWhy})
	g.types("change_test", typedTest)
	g.dates("valid_until", 90)
	g.presses("assessment.edit.on")
	g.says("assessment.sign.faults")
	g.leads(chromedp.Click(chromedp.CSS(`.alert a`))) // the duty to inform
	g.ticks("decision", 1)
	g.presses("assessment.inform.send")
	g.says("assessment.inform.done")
	g.presses("assessment.do.sign")
	g.presses("assessment.sign.send")
	g.says("assessment.sign.done")
	j.at("assessment")

	p.keysHome("assessment.waits.assessment")
	p.enters(`a[href$="/sign"]`)
	j.holds(strings.Contains(p.reads(), typedSpeak), "the police sign what they cannot read")
	p.enters(`main form button`)
	p.says("assessment.sign.done")
	j.at("recommended")
	j.Settle()
}

// offered: what the receiver will see is shown before it is sent; who it is about
// comes with the yes.
func (j *caseWalk) offered() {
	g, l := j.g, j.l
	g.comes("referral.waits.recommend")
	g.presses("referral.do.recommend")
	g.chooses("authority", "Køge Kommune, Børne")
	g.chooses("measure", "Mentor")
	g.chooses("dimension", "Netværk")
	g.types("preview", typedTask)
	g.types("task", typedTask+", kl 18 bag hal 2")
	g.presses("referral.recommend.send")
	g.says("referral.send.before")
	g.presses("referral.send.send")
	g.says("referral.send.done")
	j.Settle()

	l.comes("referral.waits.offered")
	j.holds(!strings.Contains(l.reads(), typedName) && !strings.Contains(l.reads(), "hal 2"), "the preview says who it is, or the whole task")
	l.presses("referral.do.answer")
	l.ticks("answer", 1)
	l.presses("referral.answer.send")
	l.says("referral.answer.done")
	j.holds(strings.Contains(l.reads(), typedName) && strings.Contains(l.reads(), "hal 2"), "who took it up does not see who it is, or the task")
	l.presses("referral.do.progress")
	l.ticks("status", 2)
	l.dates("end", 60)
	l.presses("referral.progress.send")
	l.says("referral.progress.done")
	j.Settle()
	j.at("follow_up")
}

// followed: a follow-up waits when its day is near, and ends with the next one.
func (j *caseWalk) followed() {
	g := j.g
	j.Advance(28 * 24 * time.Hour)
	g.opens("/")
	g.signsInHere(coordinator)
	g.comes("referral.waits.follow_up")
	j.holds(strings.Contains(g.reads(), g.t("da", "referral.task.gap", 1, 1)), "what nobody knew does not come back")
	g.presses("referral.do.followup")
	g.chooses("movement.network_leisure", "Bedre")
	g.types("note", typedNote)
	g.picks(g.t("da", "referral.task.gap", 1, 1))
	g.dates("next", 28)
	g.presses("referral.followup.send")
	g.says("referral.followup.done")
	j.holds(!strings.Contains(g.reads(), g.t("da", "referral.task.gap", 1, 1)), "what was looked at again still stands there")
}

// closed: one proposes, the other agrees by keyboard, and nobody who had a part
// in it sees more of it.
func (j *caseWalk) closed() {
	g, p, l := j.g, j.p, j.l
	g.presses("referral.do.close")
	g.chooses("reason", "Risikoen")
	g.chooses("level_at_close", "Opm")
	g.ticks("informed", 1)
	g.presses("referral.close.send")
	g.says("referral.close.proposed")
	j.at("closing")
	j.Settle()

	p.opens("/")
	p.keysIn(policeMan, "Midt- og Vestsjællands Politi")
	p.keysHome("referral.waits.closing")
	p.enters(`a[href$="/close"]`)
	p.tabs(`input[name="informed"]`)
	p.key(" ")
	p.enters(`main form button`)
	p.says("referral.close.done")
	j.at("closed")
	j.Settle()
	g.opens("/cases/" + string(j.kase))
	g.says("assessment.closed.heading")
	l.opens("/")
	l.signsInHere("liv")
	l.says("portal.nothing")
	j.holds(l.opens("/cases/"+string(j.kase)) == 404, "who was in the circle still sees the case")
}
