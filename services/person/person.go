// Package person is the only room that knows who somebody is: names, personal
// numbers (CPR), birth dates, addresses.
//
// It promises:
//
//   - To every other room a person is a reference and an age band. Who it is
//     comes out on pages and in answers only, for the fields that policy gives
//     the asker, each showing recorded first.
//   - A reference belongs to one controller. The same person at two authorities
//     is two subjects; nobody is told that the other has one (A008).
//   - What says who somebody is lies sealed under that subject's own key. A
//     number is found again by a blind index inside one controller only.
//   - Nobody registers themselves, or sees anything of a subject that is themselves, as
//     far as their sign-in says who that is (A012, A013).
//   - Forgetting a subject destroys its key, after the record of it.
package person

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
var Service = service.Service{Name: "person", Schema: schema, Writes: []string{pg.SubjectKind}, Pages: pages, Open: open}

type room struct {
	service.Env
}

func open(env service.Env) (service.Room, error) {
	x := &room{Env: env}
	return service.Room{
		Begin: x.begin,
		Routes: []web.Route{
			{Method: "GET", Path: "/subjects/new", Do: x.newPage, Nav: web.Nav{Word: "person.nav.new", Order: 20, Roles: []hub.Role{
				hub.Reporter, hub.Institution, hub.Receiver, hub.MunicipalCoordinator, hub.PoliceCoordinator}}},
			{Method: "POST", Path: "/subjects/new", Do: x.newForm},
			{Method: "GET", Path: "/search", Do: x.searchPage, Nav: web.Nav{Word: "person.nav.search", Order: 15, Roles: []hub.Role{
				hub.Receiver, hub.MunicipalCoordinator, hub.PoliceCoordinator, hub.CoreGroup, hub.LocalPolice, hub.Partner}}},
			{Method: "POST", Path: "/search", Do: x.searchForm, LookUp: true},
			{Method: "GET", Path: "/subjects/{id}", Do: x.subjectPage},
			{Method: "GET", Path: "/subjects/{id}/identify", Do: x.identifyPage},
			{Method: "POST", Path: "/subjects/{id}/identify", Do: x.identifyForm},
			{Method: "GET", Path: "/subjects/{id}/reveal", Do: x.revealPage},
			{Method: "POST", Path: "/subjects/{id}/reveal", Do: x.revealForm, LookUp: true},

			web.API("registerSubject", "POST", "/api/subjects", "Register who a concern is about, or find the one that your authority has.", x.registerSubject),
			looking(web.API("searchSubjects", "POST", "/api/subjects/search", "Look for somebody by number, or by name and birth date: those whom you may see.", x.searchSubjects)),
			web.API("getSubject", "GET", "/api/subjects/{id}", "Read who a subject is: the fields that policy gives you.", x.getSubject),
			web.API("identifySubject", "POST", "/api/subjects/{id}/identify", "Complete a subject that was not known.", x.identifySubject),
			web.API("revealSubject", "POST", "/api/subjects/{id}/reveal", "Show the whole personal number, for a stated reason.", x.revealSubject),
		},
		Marks: map[string]web.Mark{"card": x.card, "name": x.name, "cells": x.cells, "name_cells": x.nameCells},
		On:    map[string]service.Reaction{"intake.draft.discarded.v1": x.draftDiscarded},
		Chores: []service.Chore{
			{Name: "bury", Every: 10 * time.Second, Do: x.bury},
			{Name: "birthdays", Every: time.Minute, Do: x.birthdays},
			{Name: "unused", Every: time.Hour, Do: x.forgetUnused},
		},
	}, nil
}
