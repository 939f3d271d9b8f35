// Package assessment is where the authorities look at a case together: they are
// asked and answer, meet, and write the joint assessment (domain.md 2.2, S4 to
// S6).
//
// It promises: what an authority knows reaches another only by a share that a
// named person wrote; a decline costs nothing and tells nothing; a level is set
// by a named human and by nobody else; what was signed is what was written, to
// the byte.
package assessment

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

// Service is the room's door plate.
var Service = service.Service{Name: "assessment", Schema: schema, Writes: []string{"case", "request", "answer"}, Pages: pages, Open: open}

type room struct{ service.Env }

func open(env service.Env) (service.Room, error) {
	x := &room{env}
	recusals := x.recusals()
	readers := []hub.Role{hub.MunicipalCoordinator, hub.PoliceCoordinator, hub.CoreGroup, hub.LocalPolice, hub.Receiver, hub.Partner}
	meets := []hub.Role{hub.MunicipalCoordinator, hub.PoliceCoordinator, hub.CoreGroup, hub.LocalPolice, hub.Partner}
	answerers := append([]hub.Role{hub.Institution}, readers...)
	return service.Room{
		Routes: append([]web.Route{
			{Method: "GET", Path: "/cases", Do: x.listPage, Nav: web.Nav{Word: "assessment.nav.list", Roles: readers, Order: 20}},
			{Method: "POST", Path: "/cases/export", Do: x.exportList, LookUp: true},
			{Method: "GET", Path: "/cases/{id}", Do: x.casePage},
			{Method: "POST", Path: "/cases/{id}/export", Do: x.exportCase, LookUp: true},
			{Method: "GET", Path: "/cases/{id}/open", Do: x.openPage},
			{Method: "POST", Path: "/cases/{id}/open", Do: x.openForm},
			{Method: "GET", Path: "/cases/{id}/circle", Do: x.circlePage, Urgent: true},
			{Method: "POST", Path: "/cases/{id}/circle", Do: x.inviteForm},
			{Method: "POST", Path: "/cases/{id}/circle/{member}/end", Do: x.uninviteForm},
			{Method: "POST", Path: "/cases/{id}/onward", Do: x.onwardForm},
			{Method: "POST", Path: "/cases/{id}/onward/{authority}/end", Do: x.recallForm},
			{Method: "GET", Path: "/cases/{id}/recusal", Do: recusals.Page("assessment")},
			{Method: "POST", Path: "/cases/{id}/recusal", Do: recusals.Form("assessment.recusal.done")},
			{Method: "POST", Path: "/cases/{id}/recusal/{person}/lift", Do: recusals.LiftForm("assessment.recusal.lifted")},
			{Method: "GET", Path: "/cases/{id}/meeting", Do: x.meetingPage},
			{Method: "POST", Path: "/cases/{id}/meeting", Do: x.conveneForm},
			{Method: "POST", Path: "/cases/{id}/meeting/held", Do: x.holdForm},
			{Method: "GET", Path: "/meetings", Do: x.meetingsPage, Nav: web.Nav{Word: "assessment.nav.meetings", Roles: meets, Order: 25}},
			{Method: "GET", Path: "/meetings/{meeting}", Do: x.agendaPage},
			{Method: "GET", Path: "/cases/{id}/assessment", Do: x.jointPage},
			{Method: "GET", Path: "/cases/{id}/assessment/diff", Do: x.diffPage},
			{Method: "GET", Path: "/cases/{id}/assessment/edit", Do: x.editPage},
			{Method: "POST", Path: "/cases/{id}/assessment/edit", Do: x.editForm},
			{Method: "GET", Path: "/cases/{id}/dissent", Do: x.jointStep("dissent", Dissent)},
			{Method: "POST", Path: "/cases/{id}/dissent", Do: x.dissentForm},
			{Method: "GET", Path: "/cases/{id}/inform", Do: x.jointStep("inform", Inform)},
			{Method: "POST", Path: "/cases/{id}/inform", Do: x.informForm},
			{Method: "GET", Path: "/cases/{id}/sign", Do: x.signPage},
			{Method: "POST", Path: "/cases/{id}/sign", Do: x.signForm},
			{Method: "GET", Path: "/cases/{id}/reassess", Do: x.jointStep("reassess", Reassess)},
			{Method: "POST", Path: "/cases/{id}/reassess", Do: x.reassessForm},
			{Method: "GET", Path: "/cases/{id}/ask", Do: x.askPage},
			{Method: "POST", Path: "/cases/{id}/ask", Do: x.askForm},
			{Method: "GET", Path: "/requests", Do: x.askedPage, Nav: web.Nav{Word: "assessment.nav.asked", Roles: answerers, Order: 30}},
			{Method: "GET", Path: "/requests/{id}", Do: x.requestPage},
			{Method: "GET", Path: "/requests/{id}/answer", Do: x.answerPage},
			{Method: "POST", Path: "/requests/{id}/answer", Do: x.answerForm},
			{Method: "POST", Path: "/requests/{id}/decline", Do: x.declineForm},
			{Method: "POST", Path: "/requests/{id}/retract", Do: x.retractForm},
			{Method: "POST", Path: "/answers/{id}/withdraw", Do: x.withdrawForm},

			web.API("listCases", "GET", "/api/cases", "List the cases that you take part in.", x.listCases),
			web.API("getCase", "GET", "/api/cases/{id}", "Read a case: the fields that policy gives you.", x.getCase),
			web.API("openCase", "POST", "/api/cases/{id}/open", "Confirm the circle; when both coordinators have, the case is open.", x.openCase),
			web.API("inviteToCase", "POST", "/api/cases/{id}/circle", "Let a named person of the circle's authorities into the case, for a purpose, until a day.", x.inviteToCase),
			web.API("allowOnward", "POST", "/api/cases/{id}/onward", "Let the police pass the case on to another authority, where your terms are that you are asked first.", x.allowOnward),
			web.API("recallOnward", "DELETE", "/api/cases/{id}/onward/{authority}", "Take that back, from this moment on: whoever the police let in of the authority is out.", x.recallOnward),
			web.API("uninviteFromCase", "DELETE", "/api/cases/{id}/circle/{member}", "End an invitation, from this moment on.", x.uninviteFromCase),
			web.API("getCaseRecusals", "GET", "/api/cases/{id}/recusals", "Who is too close to a case to deal with it, and who was.", recusals.Read),
			web.API("recuseFromCase", "POST", "/api/cases/{id}/recusals", "Say that you, or a colleague, are too close to a case, its concern and all that came of it (forvaltningsloven § 3).", recusals.Say),
			web.API("liftCaseRecusal", "POST", "/api/cases/{id}/recusals/{person}/lift", "Take somebody else's recusal back, with a reason.", recusals.Lift),
			web.API("conveneMeeting", "POST", "/api/cases/{id}/meeting", "Say when the case is discussed; once more postpones it.", x.conveneMeeting),
			web.API("holdMeeting", "POST", "/api/cases/{id}/meeting/held", "Note who was there and what was said, or why there is no note (L44).", x.holdMeeting),
			web.API("listMeetings", "GET", "/api/meetings", "List the meetings with the cases that you may see on their agendas.", x.listMeetings),
			web.API("getAssessment", "GET", "/api/cases/{id}/assessment", "Read a version of the joint assessment: the fields that policy gives you.", x.getAssessment),
			web.API("draftAssessment", "PUT", "/api/cases/{id}/assessment", "Write the joint assessment, half or whole; edit is the one that you read.", x.draftAssessment),
			web.API("addDissent", "POST", "/api/cases/{id}/dissents", "Add a view of your own, with its test; it is never taken away.", x.addDissent),
			web.API("decideInform", "POST", "/api/cases/{id}/inform", "Decide the duty to inform the person: now, later or exempt (L35).", x.decideInform),
			web.API("signAssessment", "POST", "/api/cases/{id}/sign", "Sign the content that you read, by its hash.", x.signAssessment),
			web.API("reassess", "POST", "/api/cases/{id}/reassess", "Begin the next version of the joint assessment, as a copy.", x.reassess),
			web.API("requestInformation", "POST", "/api/cases/{id}/requests", "Put questions to one authority, or to a department of your own.", x.requestInformation),
			web.API("listRequests", "GET", "/api/requests", "List the questions put to you, and those that your authority put.", x.listRequests),
			web.API("getRequest", "GET", "/api/requests/{id}", "Read a question.", x.getRequest),
			web.API("answerInformation", "POST", "/api/requests/{id}/answer", "Answer, graded; what is released is a disclosure.", x.answerInformation),
			web.API("declineInformation", "POST", "/api/requests/{id}/decline", "Decline to answer: no reason is asked for, and it costs nothing (L4).", x.declineInformation),
			web.API("retractRequest", "DELETE", "/api/requests/{id}", "Take a question back.", x.retractRequest),
			web.API("listAnswers", "GET", "/api/cases/{id}/answers", "List the answers of a case that you may see.", x.listAnswers),
			web.API("listGivenAnswers", "GET", "/api/answers", "List the answers that your authority gave, in whatever case, of those that you may see: also when a cooperation has ended.", x.listGiven),
			web.API("withdrawAnswer", "DELETE", "/api/answers/{id}", "Take an answer back, from this moment on.", x.withdrawAnswer),
		}, x.glass().Routes()...),
		Marks: map[string]web.Mark{"case_of": x.caseOf, "waiting": x.waiting, "about": x.about, "found": x.found, service.Returned: x.returned},
		On: map[string]service.Reaction{
			"intake.concern.triaged.v1":     x.concernTriaged,
			"referral.followup.recorded.v1": x.followUpRecorded,
			"referral.case.closed.v1":       x.caseClosed,
			"referral.case.reopened.v1":     x.caseReopened,
		},
		Chores: []service.Chore{{Name: "clocks", Every: time.Minute, Do: x.clocks}},
	}, nil
}

// CaseReceipt is the answer to a command that was done.
type CaseReceipt struct {
	ID      hub.ID            `json:"id"`              // of what was made or changed
	Case    hub.ID            `json:"case,omitempty"`  // only to those to whom its questions name it
	State   State             `json:"state,omitempty"` // of the case, where it was about the case
	Version int               `json:"version"`
	At      time.Time         `json:"at"`
	To      []hub.AuthorityID `json:"to,omitempty" doc:"Of an answer: every authority that it went to."`
	New     bool              `json:"-"`
}

// Created tells web to answer 201.
func (r CaseReceipt) Created() bool { return r.New }

func about(act hub.Act, kind string, id hub.ID) pg.Entry {
	return pg.Entry{Act: act, Object: hub.Object{Kind: kind, ID: id}}
}
