// Package portal is the door and the day's work: who signs in, in which role
// they work today, and what waits for them.
//
// It promises:
//
//   - A session ends after 30 minutes without use, after 10 hours in any case,
//     and at once when its owner signs out or works here no more. What is kept of
//     it opens nothing: only the hash of its secret.
//   - A number that an issuer says is a person's own is kept as blind indexes only, and
//     what they come to, this room does not see.
//   - One hat is worn at a time, and only one that its owner has now.
//   - A notice says that something happened, and nothing of what: no name, no
//     theme, no outcome. What waits in a room, that room shows by itself, to whom
//     it may.
//   - What may be shared is answered by the rules that judge the sharing, asked the
//     same question. It is asked about nobody.
package portal

import (
	"embed"
	"maps"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies/book"
)

//go:embed migrations
var schema embed.FS

//go:embed pages
var pages embed.FS

// Service is the room's door plate.
var Service = service.Service{Name: "portal", Schema: schema, Writes: []string{pg.HatKind}, Pages: pages, Open: open, Keeps: true}

type room struct {
	service.Env
	shelf   shelf
	callers callers
}

func open(env service.Env) (service.Room, error) {
	x := &room{Env: env, shelf: shelf{books: map[string]book.Book{}}, callers: callers{last: map[string]caller{}}}
	env.Web.UseSessions(web.Sessions{Begin: x.begin, Find: x.find, Wear: x.wear, End: x.end, Hats: x.hatsOf, Own: x.own, Look: x.look, Keep: x.keep, Take: x.take, Drop: x.drop})
	whoami := web.API("whoami", "GET", "/api/whoami", "Who you are here, in which hat you ask, and which hats you have.", x.whoami)
	whoami.AnyHat = true
	return service.Room{
		Routes: []web.Route{
			{Method: "GET", Path: "/", Do: x.homePage, Urgent: true, Nav: web.Nav{Word: "portal.nav.home"}},
			{Method: "POST", Path: "/notices/read", Do: x.readForm},
			{Method: "GET", Path: "/review", Do: x.reviewPage, Nav: web.Nav{Word: "portal.nav.review", Roles: []hub.Role{hub.Manager, hub.MunicipalCoordinator, hub.PoliceCoordinator}, Order: 80, Foot: true}},
			{Method: "POST", Path: "/review", Do: x.reviewForm},
			{Method: "GET", Path: "/review/{hat}", Do: x.endPage},
			{Method: "POST", Path: "/review/{hat}", Do: x.endForm},
			{Method: "GET", Path: "/written", Do: x.takePage, Nav: web.Nav{Word: "portal.nav.take", Roles: []hub.Role{hub.Manager}, Order: 85, Foot: true}},
			{Method: "POST", Path: "/written/export", Do: x.takeForm, LookUp: true},
			{Method: "GET", Path: "/advice", Do: x.advicePage, Nav: web.Nav{Word: "portal.nav.advice", Roles: askers, Order: 60}},
			{Method: "POST", Path: "/advice", Do: x.adviceForm},
			{Method: "POST", Path: "/advice/receipts", Do: x.keepForm},
			{Method: "GET", Path: "/advice/receipts", Do: x.receiptsPage, Nav: web.Nav{Word: "portal.nav.receipts", Roles: []hub.Role{hub.Manager, hub.DPO}, Order: 86, Foot: true}},
			{Method: "GET", Path: "/advice/{id}", Do: x.receiptPage},
			{Method: "GET", Path: "/hats", Do: x.hatsPage, AnyHat: true},
			{Method: "POST", Path: "/hats", Do: x.hatsForm, AnyHat: true},
			{Method: "POST", Path: "/signout", Do: x.signOutForm, Public: true, AnyHat: true},
			{Method: "POST", Path: "/language", Do: x.languageForm, Public: true, AnyHat: true, NoTrace: true},
			{Method: "GET", Path: "/rules", Do: x.rulesPage, Nav: web.Nav{Word: "portal.nav.rules", Order: 90, Foot: true}},
			{Method: "GET", Path: "/accessibility", Do: x.accessibilityPage, Public: true, AnyHat: true},
			whoami,
			web.API("listAccess", "GET", "/api/review", "Who of your own authority has a hat that opens content, since when, when they used it last, and when it must be confirmed.", x.listAccess),
			web.API("certifyHat", "POST", "/api/review", "Confirm that somebody of your own authority is still to have a hat, or end it at once.", x.certifyHat),
			web.API("askAdvice", "POST", "/api/advice", "Ask what may be shared: with whom, for which purpose, of what. Nothing is asked about anybody, and nothing is kept.", x.askAdvice),
			web.API("keepAdvice", "POST", "/api/advice/receipts", "Ask what may be shared, and keep the answer as a receipt.", x.keepAdvice),
			web.API("listAdvice", "GET", "/api/advice/receipts", "The receipts that you could open: your own, of a manager those of whom they manage, of a data-protection officer those of their authority.", x.listAdvice),
			web.API("getAdvice", "GET", "/api/advice/{id}", "A receipt: for whoever kept it, their manager, and their authority's data-protection officer.", x.getAdvice),
			urgent(web.API("listNotices", "GET", "/api/notices", "The notices that your hat has not read: that something happened, and no content.", x.listNotices)),
		},
		On: with(with(x.onCase(), x.onGlass()), map[string]service.Reaction{
			"intake.concern.received.v1": x.concernReceived,
			"intake.concern.rerouted.v1": x.concernRerouted,
			"intake.check.requested.v1":  x.checkRequested,
			"intake.check.completed.v1":  x.checkCompleted,
			"intake.concern.triaged.v1":  x.concernTriaged,
			"intake.step.overdue.v1":     x.stepOverdue,
			"intake.access.changed.v1":   x.accessChanged,
			"intake.concern.recalled.v1": told(x, func(n notes, f event.ConcernRecalled) error {
				return n.of("concern").desk("recalled", f.Concern, time.Time{}, f.From)
			}),
			"intake.recusal.changed.v1": told(x, func(n notes, f event.ConcernRecusal) error {
				return n.of("concern").recused(f.Concern, f.Authority, f.Person, f.Substitute, f.Lifted)
			}),
		}),
		Chores: []service.Chore{{Name: "sweep", Every: 10 * time.Minute, Do: x.sweep}, {Name: "review", Every: time.Hour, Do: x.remind}},
	}, nil
}

// urgent is a route that never waits.
func urgent(r web.Route) web.Route {
	r.Urgent = true
	return r
}

// with is both sets of reactions.
func with(a, b map[string]service.Reaction) map[string]service.Reaction {
	maps.Copy(a, b)
	return a
}
