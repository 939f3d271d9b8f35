//go:build !race

package main

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/infohus/infohus/pkg/hub"
)

// everyPage visits every page in both languages: empty, filled and with errors; in the
// second one a build leaves out what follows on a concern and what officers read; a deep run does not.
func everyPage(t *testing.T, ctx context.Context) {
	s := openSite(t, ctx)
	s.demo()
	s.listens()
	t.Cleanup(s.covers)
	s.planted()
	for _, lang := range []string{"da", "en"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			v := &visitor{site: s.in(t), lang: lang, at: map[string]*window{}}
			v.outside()
			v.home()
			v.register()
			v.draft()
			v.concerns()
			if lang == "da" || deepRun() {
				v.steps()
				v.police()
				v.officer()
				v.cases()
				v.emergencies()
				v.oddities()
			}
			t.Logf("%d pages were looked at", v.looked.Load())
		})
	}
}

// visitor goes everywhere, as different people in one language.
type visitor struct {
	*site
	lang string
	at   map[string]*window
}

// as is somebody's window; "" is nobody's.
func (v *visitor) as(login string) *window {
	v.Helper()
	b := v.at[login]
	if b == nil {
		b = v.window(true)
		b.do(chromedp.EmulateViewport(widths[0], 900))
		b.opens("/signin")
		if v.lang != b.lang {
			b.switches()
		}
		if login != "" {
			b.opens("/")
			b.signsInHere(login)
		}
		v.at[login] = b
	}
	return b
}

// find is the reference of a concern in a state, received by an authority.
func (v *visitor) find(state, controller string) string {
	v.Helper()
	return v.One("select min(id) from intake.concern where state = '" + state + "' and controller = '" + controller + "'")
}

// refused sends a form that is not right.
func (b *window) refused(key string) {
	b.Helper()
	b.holds(b.presses(key) == 400, "%s takes what is wrong", b.where())
	b.errorHasFocus()
}

// outside are the pages of whoever is not signed in.
func (v *visitor) outside() {
	b := v.as("")
	b.opens("/signin")
	b.inspect("sign-in")
	b.opens("/signin?why=ended")
	b.inspect("sign-in after the session ended")
	b.leads(chromedp.Click(chromedp.CSS(".doors button")))
	b.inspect("development sign-in")
	b.do(chromedp.Click(chromedp.CSS("#who div:first-of-type label")), chromedp.SendKeys(chromedp.CSS("#password"), "xyz"))
	b.leads(chromedp.Click(chromedp.CSS("form button")))
	b.inspect("development sign-in, wrong")
	b.opens("/accessibility")
	b.inspect("accessibility statement")
	b.opens("/nowhere")
	b.inspect("missing page")
	b.opens("/tell")
	b.inspect("tell")
	b.refused("intake.tell.send")
	b.inspect("tell, wrong")
	b.chooses("municipality", "Køge")
	b.types("seen", typedSeen)
	b.types("why_now", typedNow)
	b.ticks("urgency", 3)
	b.presses("intake.tell.send")
	b.inspect("told")
	b.opens("/tell")
	b.types("slip-code", "xxxx-xxxx")
	b.presses("intake.tell.ask")
	b.inspect("slip")
}

// home are the front pages.
func (v *visitor) home() {
	for _, login := range []string{"solvej", coordinator, policeMan, koegeDPO, "aksel"} {
		b := v.as(login)
		b.opens("/")
		b.inspect("home of " + login)
	}
	b := v.as("birk")
	b.opens("/hats")
	b.inspect("choice of a hat")
	b.opens("/nowhere")
	b.inspect("missing page, signed in")
	b = v.as("aksel")
	b.opens("/rules")
	b.inspect("rules of a role that sees nothing")
	b = v.as(coordinator)
	b.opens("/rules")
	b.inspect("rules of the coordinator")
	b.opens("/concerns")
	b.inspect("list")
	b.opens("/concerns?state=draft")
	b.inspect("list, of one state")
	b.opens("/concerns?state=nothing")
	b.inspect("list of a state that is none")
	b.opens("/advice?state=collecting")
	b.inspect("may I share")
	b.chooses("to", "Midt")
	b.presses("portal.advice.ask")
	b.inspect("may I share, no")
	b.chooses("state", b.t(b.lang, "portal.item.answer"))
	b.presses("portal.advice.ask")
	b.inspect("may I share, yes")
	b.presses("portal.receipt.keep")
	b.inspect("receipt of advice")
	b.opens("/advice/receipts")
	b.inspect("receipts of advice")
	b = v.as("solvej")
	b.opens("/concerns")
	b.inspect("list, empty")
}

// register are the pages about the person.
func (v *visitor) register() {
	b := v.as(coordinator)
	b.goes("person.nav.new")
	b.inspect("new person")
	b.types("cpr", "310299-1234")
	b.refused("person.new.next")
	b.inspect("new person, wrong")
	b.types("name", typedName)
	b.types("cpr", "670311-4821") // of the boy in the demo world
	b.presses("person.new.next")
	b.inspect("person who is there already")
	subject := v.One("select subject from intake.concern where state = 'triage' and controller = 'koege' and child = 'yes' limit 1")
	b.opens("/subjects/" + subject)
	b.inspect("person")
	b.leads(chromedp.Click(chromedp.CSS(`a[href$="/reveal"]`)))
	b.inspect("whole number")
	b.refused("person.reveal.do")
	b.inspect("whole number, wrong")
	b.types("reason", typedWhy)
	b.presses("person.reveal.do")
	b.inspect("whole number, shown")
	b.opens("/subjects/" + v.One("select subject from intake.concern where state = 'received' and controller = 'koege' limit 1") + "/identify")
	b.inspect("who it is")
	b.types("cpr", "310299-1234")
	b.refused("person.identify.save")
	b.inspect("who it is, wrong")
}

// draft are the pages of taking a concern.
func (v *visitor) draft() {
	b := v.as(coordinator)
	b.goes("person.nav.new")
	b.types("name", strings.Repeat("Qvobly", 12)) // breaks, and widens no page
	b.presses("person.new.next")
	b.inspect("draft, empty")
	b.refused("intake.draft.on")
	b.inspect("draft, wrong")
	b.types("statements.0.text", typedSeen)
	b.presses("intake.draft.more")
	b.inspect("draft, with a row more")
	b.types("why_now", typedNow)
	b.ticks("urgency", 2)
	b.presses("intake.draft.save")
	b.inspect("draft, saved")
	b.presses("intake.draft.on")
	b.inspect("send")
	b.refused("intake.send.send")
	b.inspect("send, wrong")
}

// concerns are those of the demo world, as the municipality sees them.
func (v *visitor) concerns() {
	b := v.as(coordinator)
	for _, state := range []string{"received", "acute", "police_only", "triage", "unfounded"} {
		b.opens("/concerns/" + v.find(state, "koege"))
		b.inspect("concern in " + state)
	}
}

// steps are the pages on which something is done.
func (v *visitor) steps() {
	b := v.as(coordinator)
	received, triage := "/concerns/"+v.find("received", "koege"), "/concerns/"+v.find("triage", "mvs-politi")
	for _, step := range []struct{ page, send string }{
		{received + "/forward", "intake.forward.send"}, {received + "/reroute", "intake.reroute.send"}, {received + "/notification", "intake.notification.send"},
		{received + "/access", "intake.access.send"}, {triage + "/triage", "intake.triage.send"},
	} {
		b.opens(step.page)
		b.inspect(step.page[37:])
		b.refused(step.send)
		b.inspect(step.page[37:] + ", wrong")
	}
	b.opens(triage + "/forward")
	b.inspect("a step that does not fit")
}

// police are the pages of the police's coordinator.
func (v *visitor) police() {
	b := v.as(policeMan)
	own := "/concerns/" + v.find("police_check", "mvs-politi")
	for _, state := range []string{"acute", "unfounded"} {
		b.opens("/concerns/" + v.find(state, "koege"))
		b.inspect("concern in " + state + ", for the police")
	}
	b.opens(own)
	b.inspect("concern of the police's own")
	b.presses("intake.do.check")
	b.inspect("check")
	b.ticks("outcome", 1)
	b.refused("intake.check.send")
	b.inspect("check, wrong")
	b.opens("/concerns/" + v.find("triage", "mvs-politi"))
	b.presses("intake.do.recall")
	b.inspect("recall")
	b.refused("intake.recall.send")
	b.inspect("recall, wrong")
	b.goes("person.nav.new")
	b.ticks("unknown")
	b.presses("person.new.next")
	b.inspect("draft of the police")
}

// officer are the pages of the data-protection officer.
func (v *visitor) officer() {
	b := v.as(koegeDPO)
	b.goes("audit.nav.trail")
	b.inspect("trail")
	b.refused("audit.trail.search")
	b.inspect("trail, wrong")
	b.searchesTrail(v.find("triage", "koege"))
	b.inspect("trail, found")
	b.leads(chromedp.Click(chromedp.CSS(`button[name="to"][value^="person "]`)))
	b.inspect("trail, of an employee")
	b.leads(chromedp.Click(chromedp.CSS("tbody tr a")))
	b.inspect("a row of the trail")
	b.opens("/trail?way=disclosure")
	b.chooses("ground", b.t(b.lang, "audit.field.ground.lawfulness"))
	b.presses("audit.trail.search")
	b.says("audit.group.disclosure")
	b.inspect("what was passed on")

	at := "/samples/" + string(v.drawn())
	b.goes("audit.nav.samples")
	b.inspect("samples")
	b.opens(at)
	b.inspect("a sample")
	b.refused("audit.sample.save")
	b.inspect("a sample, wrong")
	b.ticks("outcome", 1)
	b.presses("audit.sample.save")
	b.opens(at)
	b.inspect("a sample, decided")

	at = "/anomalies/" + string(v.anomaly())
	b.goes("audit.nav.anomalies")
	b.inspect("anomalies")
	b.opens(at)
	b.inspect("an anomaly")
	b.refused("audit.sample.save")
	b.inspect("an anomaly, wrong")
	b.ticks("outcome", 1)
	b.presses("audit.sample.save")
	b.opens(at)
	b.inspect("an anomaly, decided")

	b.opens("/witnesses")
	b.inspect("witnesses")
	b.goes("audit.nav.extracts")
	b.inspect("answers to citizens")
	b.refused("audit.extract.prepare")
	b.inspect("answers to citizens, wrong")
	b.types("reference", v.One("select min(id) from access.item where kind = 'case' and controller = 'koege' and state = 'follow_up'"))
	for field, layout := range map[string]string{"received": "2", "received-month": "1", "received-year": "2006"} {
		b.types(field, v.Now().In(hub.Copenhagen).Format(layout))
	}
	b.presses("audit.extract.prepare")
	at = b.where()
	b.ticks("informed", 1)
	b.presses("audit.extract.again")
	b.inspect("an answer, to who prepared it")
	b = v.as(koegeManager)
	b.opens(at)
	b.inspect("an answer, to who releases it")
	b.presses("audit.extract.release")
	b.inspect("an answer, released")
	b.presses("audit.extract.handed")
	b.inspect("an answer, handed out")
	v.breaches()
}

// breaches are the register of breaches and what Datatilsynet asks for.
func (v *visitor) breaches() {
	b := v.as(koegeDPO)
	b.goes("audit.nav.breaches")
	b.inspect("the register of breaches")
	b.refused("audit.breach.register")
	b.inspect("the register of breaches, wrong")
	b.types("happened", map[string]string{"da": "En medarbejder slog op uden grund.", "en": "A member of staff looked without a reason."}[v.lang])
	b.ticks("kinds", 1)
	b.ticks("way", 3)
	b.types("reference", v.One("select min(id) from access.item where kind = 'case' and controller = 'koege' and state = 'follow_up'"))
	b.presses("audit.breach.register")
	b.inspect("a breach")
	b.presses("audit.breach.to_draft")
	b.inspect("what Datatilsynet asks for")
}

// oddities are what comes when a session ends, a hat is changed or a draft is
// thrown away in the middle of something.
func (v *visitor) oddities() {
	login := map[string]string{"da": "viggo", "en": "ingrid"}[v.lang]
	b := v.as(login)
	b.goes("person.nav.new")
	b.types("name", typedName)
	v.SQL("update portal.session set used_at = used_at - interval '31 minutes' where person = '" + string(v.As(login).Post.Person) + "'")
	b.presses("person.new.next")
	b.inspect("sign-in, with a text kept")
	b.signsInHere(login)
	b.says("web.kept")
	b.inspect("the text kept, shown again")

	b = v.as("birk")
	b.opens("/hats")
	b.leads(chromedp.Click(chromedp.CSS(`main li:first-of-type button`)))
	b.goes("person.nav.new")
	b.types("name", typedName)
	c := b.tab()
	c.opens("/hats")
	c.leads(chromedp.Click(chromedp.CSS(`main li:last-of-type button`)))
	b.holds(b.presses("person.new.next") == 409, "a form is taken under another hat")
	b.says("web.otherhat.title")
	b.inspect("another hat")

	b = v.as(coordinator)
	b.goes("person.nav.new")
	b.ticks("unknown")
	b.presses("person.new.next")
	b.presses("intake.draft.save")
	c = b.tab()
	c.opens(b.where())
	c.presses("intake.draft.discard")
	b.types("why_now", typedNow)
	b.holds(b.presses("intake.draft.save") == 404, "a draft that was thrown away is saved")
	b.says("web.left")
	b.inspect("missing page, with what was typed")
}

// covers holds that every page there is was looked at.
func (s *site) covers() {
	s.Helper()
	none := []string{"/assets/{hash}/{file...}", "/favicon.ico", "/openapi.json", "/session", "/signin/callback", "/trail/checkpoint", "/trail/tile/{tile...}", // files, what a script asks, and an address that only leads on
		"/cases/{id}/assessment/diff"} // the demo world has no second version; its room's test opens it
	for _, r := range s.Site().Routes() {
		if r.Method != http.MethodGet || strings.HasPrefix(r.Path, "/api/") || slices.Contains(none, r.Path) {
			continue
		}
		seen := false
		s.seen.Range(func(path, _ any) bool {
			seen = seen || fits(r.Path, path.(string))
			return !seen
		})
		s.holds(seen, "no test looks at the page %s", r.Path)
	}
}

// fits reports whether a path is one of a route's.
func fits(route, path string) bool {
	want, is := strings.Split(route, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, is, func(w, i string) bool { return w == i || strings.HasPrefix(w, "{") && i != "" && i != "new" })
}
