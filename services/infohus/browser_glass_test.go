package main

import (
	"github.com/chromedp/chromedp"

	"github.com/infohus/infohus/pkg/hub"
)

// emergencies are the pages of break-glass: the door, what it opens, what a second
// person is asked, and the review.
func (v *visitor) emergencies() {
	who := map[string]struct{ receiver, member string }{"da": {"ingrid", "ellen"}, "en": {"ragna", "sofus"}}[v.lang]
	concern := hub.ID(v.find("received", "koege"))
	kase := hub.ID(v.One("select min(id) from access.item where kind = 'case' and state = 'collecting'"))
	b := v.as(who.receiver)
	b.opens("/concerns/" + string(hub.NewID()))
	b.inspect("missing page, with the door")
	b.presses("intake.glass.door")
	b.inspect("door of concerns")
	b.refused("web.glass.do")
	b.inspect("door of concerns, wrong")
	b.types("reference", string(concern))
	b.ticks("category", 1)
	b.types("reason", typedWhy)
	b.presses("web.glass.do")
	b.says("web.glass.open")
	b.inspect("concern opened in an emergency")
	b.presses("web.glass.end")
	b.says("web.glass.ended")
	b = v.as(who.member)
	b.opens("/cases/glass")
	b.inspect("door of cases")

	// The third in a week, of each.
	for _, of := range []struct {
		login, thing string
		id           hub.ID
		said         int
	}{{who.receiver, "concerns", concern, 1}, {who.member, "cases", kase, 0}} {
		for _, why := range []string{typedSeen, typedNote}[:2-of.said] {
			got := v.broken(of.login, of.thing, of.id, why)
			v.As(of.login).API("DELETE", "/api/"+of.thing+"/"+string(of.id)+"/glass/"+string(got.ID), nil).Must(200)
		}
		got := v.broken(of.login, of.thing, of.id, typedTask)
		b = v.as(coordinator)
		b.opens("/" + of.thing + "/" + string(of.id) + "/glass/" + string(got.ID))
		b.inspect("what a second person is asked, of " + of.thing)
		b.refused("web.glass.answer.do")
		b.ticks("answer", 2)
		b.presses("web.glass.answer.do")
		b.says("web.glass.answered")
	}
	b = v.as(koegeDPO)
	b.goes("audit.nav.glass")
	b.inspect("emergency openings")
	b.leads(chromedp.Click(chromedp.CSS("tbody tr:first-child a")))
	b.inspect("an emergency opening")
	b.refused("audit.glass.save")
	b.inspect("an emergency opening, wrong")
}
