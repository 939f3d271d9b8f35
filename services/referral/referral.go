// Package referral is where help is offered after the joint assessment: offers
// are sent, answered and followed up, and the case is closed (domain.md 2.2, S7
// to S10).
//
// It promises: nothing here is a decision (afgørelse); a receiver sees who it is
// about only after taking an offer up, and declining costs nothing; a case
// without a next date does not exist; what is taken back is gone from that moment
// on, and whoever had it is told.
package referral

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

// Service is the room's door plate. It moves cases from the recommendation on.
var Service = service.Service{Name: "referral", Schema: schema, Writes: []string{"case", "offer"}, Pages: pages, Open: open}

type room struct{ service.Env }

func open(env service.Env) (service.Room, error) {
	x := &room{env}
	readers := []hub.Role{hub.MunicipalCoordinator, hub.PoliceCoordinator, hub.CoreGroup, hub.LocalPolice, hub.Receiver, hub.Partner, hub.Institution}
	return service.Room{
		Routes: append([]web.Route{
			{Method: "GET", Path: "/offers", Do: x.listPage, Nav: web.Nav{Word: "referral.nav.list", Roles: readers, Order: 40}},
			{Method: "GET", Path: "/offers/{id}", Do: x.offerPage},
			{Method: "GET", Path: "/offers/{id}/send", Do: x.sendPage},
			{Method: "POST", Path: "/offers/{id}/send", Do: x.sendForm},
			{Method: "GET", Path: "/offers/{id}/answer", Do: x.stepPage("answer", TakeUp, TurnDown)},
			{Method: "POST", Path: "/offers/{id}/answer", Do: x.answerForm},
			{Method: "POST", Path: "/offers/{id}/withdraw", Do: x.withdrawForm},
			{Method: "GET", Path: "/offers/{id}/progress", Do: x.stepPage("progress", Report, End)},
			{Method: "POST", Path: "/offers/{id}/progress", Do: x.progressForm},
			{Method: "POST", Path: "/offers/{id}/end", Do: x.endForm},

			{Method: "GET", Path: "/cases/{id}/recommend", Do: x.recommendPage},
			{Method: "POST", Path: "/cases/{id}/recommend", Do: x.recommendForm},
			{Method: "GET", Path: "/cases/{id}/consent", Do: x.consentPage},
			{Method: "POST", Path: "/cases/{id}/consent", Do: x.consentForm},
			{Method: "POST", Path: "/cases/{id}/consent/{consent}/withdraw", Do: x.unconsentForm},
			{Method: "GET", Path: "/cases/{id}/followup", Do: x.followUpPage},
			{Method: "POST", Path: "/cases/{id}/followup", Do: x.followUpForm},
			{Method: "GET", Path: "/cases/{id}/close", Do: x.closePage},
			{Method: "POST", Path: "/cases/{id}/close", Do: x.closeForm},
			{Method: "POST", Path: "/cases/{id}/resume", Do: x.resumeForm},
			{Method: "GET", Path: "/cases/{id}/take-back", Do: x.takeBackPage},
			{Method: "POST", Path: "/cases/{id}/take-back", Do: x.takeBackForm},
			{Method: "GET", Path: "/cases/{id}/reopen", Do: x.reopenPage},
			{Method: "POST", Path: "/cases/{id}/reopen", Do: x.reopenForm},
		}, x.operations()...),
		Marks: map[string]web.Mark{"course": x.courseMark, "doable": x.doableMark, "waiting": x.waiting, "cells": x.cells,
			"about": x.about, "found": x.found, service.Returned: x.returned},
		On: map[string]service.Reaction{
			"assessment.assessment.signed.v1": x.assessmentSigned,
			"assessment.followup.needed.v1":   x.followUpNeeded,
		},
		Chores: []service.Chore{{Name: "clocks", Every: time.Minute, Do: x.clocks}},
	}, nil
}

// operations is what programs ask of the room.
func (x *room) operations() []web.Route {
	return []web.Route{
		web.API("listReferrals", "GET", "/api/offers", "List the offers that you receive, and those that your authority sends.", x.listReferrals),
		web.API("getReferral", "GET", "/api/offers/{id}", "Read an offer: the fields that policy gives you.", x.getReferral),
		web.API("getCourse", "GET", "/api/cases/{id}/course", "Read the course of a case: offers, follow-ups, tasks, closing.", x.getCourse),
		web.API("recommendReferral", "POST", "/api/cases/{id}/offers", "Draft an offer of help to one authority, or to a department of your own.", x.recommend),
		web.API("previewReferral", "GET", "/api/offers/{id}/preview", "See exactly what the receiver will see, before and after taking it up.", x.previewReferral),
		web.API("sendReferral", "POST", "/api/offers/{id}/send", "Send an offer: to another authority a disclosure, on its legal basis.", x.sendReferral),
		web.API("answerReferral", "POST", "/api/offers/{id}/answer", "Take an offer up, or not: no reason is asked for, and declining costs nothing (L4).", x.answerReferral),
		web.API("withdrawReferral", "POST", "/api/offers/{id}/withdraw", "Take an offer back, from this moment on.", x.withdrawReferral),
		web.API("progressMeasure", "POST", "/api/offers/{id}/progress", "Note how a measure goes.", x.progressMeasure),
		web.API("endMeasure", "POST", "/api/offers/{id}/end", "End a measure; of a notification, give the receipt.", x.endMeasure),
		web.API("recordConsent", "POST", "/api/cases/{id}/consents", "Record a consent that the person has signed.", x.recordConsent),
		web.API("withdrawConsent", "POST", "/api/cases/{id}/consents/{consent}/withdraw", "Note that the person has withdrawn a consent: what rests on it ends now.", x.withdrawConsent),
		web.API("recordFollowUp", "POST", "/api/cases/{id}/followups", "Follow a case up, and set the next date.", x.recordFollowUp),
		web.API("closeCase", "POST", "/api/cases/{id}/close", "Close a case for one party; the other agrees, or proposes another reason.", x.closeCase),
		web.API("resumeCase", "POST", "/api/cases/{id}/resume", "Take a closing back before the other party has agreed.", x.resumeCase),
		web.API("takeCaseBack", "POST", "/api/cases/{id}/take-back", "Take a case back from the police and from everybody who had something of it, alone and at once: it is closed.", x.takeCaseBack),
		web.API("reopenCase", "POST", "/api/cases/{id}/reopen", "Ask for a closed case to be opened again, or agree to it as a second person.", x.reopenCase),
	}
}

// ReferralReceipt is the answer to a command that was done.
type ReferralReceipt struct {
	ID      hub.ID    `json:"id"`             // of what was made or changed
	Case    hub.ID    `json:"case,omitempty"` // only to those who lead it
	State   string    `json:"state"`          // of the offer where it was about one, else of the case
	Version int       `json:"version"`
	At      time.Time `json:"at"`
	New     bool      `json:"-"`
}

// Created tells web to answer 201.
func (r ReferralReceipt) Created() bool { return r.New }

func about(act hub.Act, kind string, id hub.ID) pg.Entry {
	return pg.Entry{Act: act, Object: hub.Object{Kind: kind, ID: id}}
}
