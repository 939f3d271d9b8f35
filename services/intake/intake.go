// Package intake is where a concern comes in: it is drafted, received, put
// before the police, and triaged by both coordinators (domain.md 2.2, S0 to S3).
//
// It promises: whoever hands in a concern has a receipt only when the concern,
// its record in the trail and the fact that tells of it are all on disk; nobody
// reads a word without a grant and a committed record; what one authority may
// see of another's concern is a share that a named person wrote.
package intake

import (
	"embed"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
)

//go:embed migrations
var schema embed.FS

//go:embed pages
var pages embed.FS

// Service is the room's door plate. It makes a subject known where somebody tells
// without a name.
var Service = service.Service{Name: "intake", Schema: schema, Writes: []string{"concern", pg.SubjectKind}, Pages: pages, Open: open}

type room struct{ service.Env }

func open(env service.Env) (service.Room, error) {
	x := &room{env}
	recusals := x.recusals()
	coordinators := []hub.Role{hub.MunicipalCoordinator, hub.PoliceCoordinator}
	readers := append([]hub.Role{hub.Receiver, hub.Reporter, hub.Institution}, coordinators...)
	return service.Room{
		Routes: append([]web.Route{
			{Method: "GET", Path: "/concerns", Do: x.listPage, Nav: web.Nav{Word: "intake.nav.list", Roles: readers, Order: 10}},
			{Method: "GET", Path: "/concerns/new", Do: x.draftPage},
			{Method: "POST", Path: "/concerns/new", Do: x.draftForm},
			{Method: "POST", Path: "/concerns/export", Do: x.exportList, LookUp: true},
			{Method: "GET", Path: "/concerns/{id}", Do: x.concernPage},
			{Method: "POST", Path: "/concerns/{id}/export", Do: x.exportConcern, LookUp: true},
			{Method: "GET", Path: "/concerns/{id}/draft", Do: x.draftPage},
			{Method: "POST", Path: "/concerns/{id}/draft", Do: x.draftForm},
			{Method: "GET", Path: "/concerns/{id}/send", Do: x.sendPage},
			{Method: "POST", Path: "/concerns/{id}/send", Do: x.sendForm},
			{Method: "POST", Path: "/concerns/{id}/discard", Do: x.discardForm},
			{Method: "GET", Path: "/concerns/{id}/forward", Do: x.stepPage(Forward)},
			{Method: "POST", Path: "/concerns/{id}/forward", Do: x.forwardForm},
			{Method: "GET", Path: "/concerns/{id}/recall", Do: x.stepPage(Recall), Urgent: true},
			{Method: "POST", Path: "/concerns/{id}/recall", Do: x.recallForm},
			{Method: "GET", Path: "/concerns/{id}/reroute", Do: x.stepPage(Reroute)},
			{Method: "POST", Path: "/concerns/{id}/reroute", Do: x.rerouteForm},
			{Method: "GET", Path: "/concerns/{id}/check", Do: x.stepPage(Release)},
			{Method: "POST", Path: "/concerns/{id}/check", Do: x.checkForm},
			{Method: "GET", Path: "/concerns/{id}/triage", Do: x.stepPage(Judge)},
			{Method: "POST", Path: "/concerns/{id}/triage", Do: x.triageForm},
			{Method: "GET", Path: "/concerns/{id}/notification", Do: x.stepPage(Notify)},
			{Method: "POST", Path: "/concerns/{id}/notification", Do: x.notifyForm},
			{Method: "GET", Path: "/concerns/{id}/access", Do: x.accessPage, Urgent: true},
			{Method: "POST", Path: "/concerns/{id}/access", Do: x.accessForm},
			{Method: "POST", Path: "/concerns/{id}/access/{assignment}/end", Do: x.revokeForm},
			{Method: "GET", Path: "/concerns/{id}/recusal", Do: recusals.Page("intake")},
			{Method: "POST", Path: "/concerns/{id}/recusal", Do: recusals.Form("intake.recusal.done")},
			{Method: "POST", Path: "/concerns/{id}/recusal/{person}/lift", Do: recusals.LiftForm("intake.recusal.lifted")},
			{Method: "GET", Path: "/tell", Do: x.tellPage, Public: true, NoTrace: true, Door: "intake.tell.door"},
			{Method: "POST", Path: "/tell", Do: x.tellForm, Public: true, NoTrace: true},
			{Method: "POST", Path: "/tell/slip", Do: x.slipForm, Public: true, NoTrace: true},

			web.API("startDraft", "POST", "/api/concerns/drafts", "Begin a draft about a registered subject.", x.newDraft),
			web.API("saveDraft", "PUT", "/api/concerns/{id}/draft", "Replace what is written in a draft.", x.saveDraft),
			web.API("discardDraft", "DELETE", "/api/concerns/{id}/draft", "Throw a draft away.", x.discardDraft),
			web.API("submitConcern", "POST", "/api/concerns", "Hand in a concern, from a draft or whole, and get a receipt.", x.submitConcern),
			web.API("getConcern", "GET", "/api/concerns/{id}", "Read a concern: the fields that policy gives you.", x.getConcern),
			web.API("listReaders", "GET", "/api/concerns/{id}/readers", "Who can see a concern now, and by which rule.", x.listReaders),
			web.API("listConcerns", "GET", "/api/concerns", "List the concerns that you may read.", x.listConcerns),
			web.API("forwardConcern", "POST", "/api/concerns/{id}/forward", "Put a received concern before the police: a disclosure to the police district.", x.forwardConcern),
			web.API("recallConcern", "POST", "/api/concerns/{id}/recall", "Take a concern back from the authority that it was put before, while that one has not decided: it sees nothing of it from then on.", x.recallConcern),
			web.API("rerouteConcern", "POST", "/api/concerns/{id}/reroute", "Send a received concern to the track where it belongs.", x.rerouteConcern),
			web.API("completePoliceCheck", "POST", "/api/concerns/{id}/check", "Say whether it may be treated: an outcome, no reasons. To release what the police received is a disclosure, and needs its basis.", x.completePoliceCheck),
			web.API("triageConcern", "POST", "/api/concerns/{id}/triage", "Give one coordinator's triage, with its rationale.", x.triageConcern),
			web.API("assessNotification", "POST", "/api/concerns/{id}/notification", "Say that the duty to notify about a child was assessed.", x.assessNotification),
			web.API("grantAccess", "POST", "/api/concerns/{id}/access", "Let a named colleague of your own authority in.", x.grantAccess),
			web.API("revokeAccess", "DELETE", "/api/concerns/{id}/access/{assignment}", "End a colleague's assignment, from this moment on.", x.revokeAccess),
			web.API("getConcernRecusals", "GET", "/api/concerns/{id}/recusals", "Who is too close to a concern to deal with it, and who was.", recusals.Read),
			web.API("recuseFromConcern", "POST", "/api/concerns/{id}/recusals", "Say that you, or a colleague, are too close to a concern and all that came of it (forvaltningsloven § 3).", recusals.Say),
			web.API("liftConcernRecusal", "POST", "/api/concerns/{id}/recusals/{person}/lift", "Take somebody else's recusal back, with a reason.", recusals.Lift),
		}, x.glass().Routes()...),
		Marks: map[string]web.Mark{"waiting": x.waiting, "about": x.about, "found": x.found, service.Returned: x.returned},
		On: map[string]service.Reaction{
			"person.subject.identified.v1":  x.subjectIdentified,
			"referral.followup.recorded.v1": x.followUpRecorded,
			"referral.case.closed.v1":       x.caseClosed,
			"referral.case.reopened.v1":     x.caseReopened,
		},
		Chores: []service.Chore{{Name: "clocks", Every: time.Minute, Do: x.clocks}},
	}, nil
}

// Receipt is the answer to a command that was done.
type Receipt struct {
	ID      hub.ID    `json:"id"`
	State   State     `json:"state,omitempty"` // of a draft that was thrown away there is none
	Version int       `json:"version,omitzero"`
	At      time.Time `json:"at"`
	New     bool      `json:"-"`
}

// Created tells web to answer 201.
func (r Receipt) Created() bool { return r.New }

func about(act hub.Act, id hub.ID) pg.Entry {
	return pg.Entry{Act: act, Object: hub.Object{Kind: "concern", ID: id}}
}
