//go:build !race

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
		texts        []string
	}{{who.receiver, "concerns", concern, []string{typedSeen, typedTask}}, {who.member, "cases", kase, []string{typedSeen, typedNote, typedTask}}} {
		b = v.as(of.login)
		for n, why := range of.texts {
			b.opens("/" + of.thing + "/glass")
			b.types("reference", string(of.id))
			b.ticks("category", 1)
			b.types("reason", why)
			b.presses("web.glass.do")
			if n < len(of.texts)-1 {
				b.presses("web.glass.end")
			}
		}
		b.says("web.glass.asked")
		b = v.as(coordinator)
		b.opens("/" + of.thing + "/" + string(of.id) + "/glass/" + v.One("select id from access.glass where item = $1 and from_at is null and ended_at is null and person = $2",
			string(of.id), string(v.As(of.login).Post.Person)))
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
