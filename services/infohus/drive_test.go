package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/infohus/infohus/pkg/hub"
)

// among reports whether a word is one of a list.
func among(list, word string) bool { return slices.Contains(strings.Fields(list), word) }

// driven is a concern in a state, with what a test needs to ask of it.
type driven struct {
	id, subject, assignment hub.ID
}

// driver is a script that brings concerns into states.
type driver struct {
	*script
	n int // concerns so far
}

// drives brings a new concern into a state.
func (s *driver) drives(by, state string) driven {
	s.Helper()
	reporter, owner, guest, basis := teacher, coordinator, ssp, "GDPR6-1-E"
	if by == "police" {
		reporter, owner, guest, basis = "merete", policeMan, "freja", "RHL"
	}
	s.n++
	d := driven{subject: s.registers(reporter, map[string]any{"name": fmt.Sprint("Opdigtet Nummer ", s.n), "cpr": fmt.Sprintf("67%02d%02d-0%03d", 1+s.n%12, s.n/12%90, s.n%1000)})}
	in := concern(d.subject, map[string]any{"municipality": "koege", "child": "yes", "legal_basis": basis})
	var got done
	if state == "draft" {
		delete(in, "purpose")
		delete(in, "legal_basis")
		s.as(reporter).API("POST", "/api/concerns/drafts", in).Must(201).JSON(&got)
		return driven{got.ID, d.subject, hub.NewID()}
	}
	s.as(reporter).API("POST", "/api/concerns", in).Must(201).JSON(&got)
	d.id = got.ID
	var given struct{ Assignment hub.ID }
	s.as(owner).API("POST", "/api/concerns/"+string(d.id)+"/access", map[string]any{"hat": s.as(guest).Post.Hat.ID}).Must(200).JSON(&given)
	d.assignment = given.Assignment
	step := func(who, op string, in any) { s.Helper(); s.does(who, op, d.id, in) }
	switch state {
	case "received":
		return d
	case "rerouted":
		step(owner, "reroute", map[string]any{"track": "violence"})
		return d
	}
	step(owner, "forward", toPolice)
	switch state {
	case "police_check":
		return d
	case "acute", "police_only":
		step(policeMan, "check", says(state))
		return d
	}
	step(policeMan, "check", says("released"))
	switch state {
	case "triage":
		return d
	case "other_track":
		for _, who := range []string{coordinator, policeMan} {
			j := judge(state)
			j["track"] = "violence"
			step(who, "triage", j)
		}
		return d
	}
	step(coordinator, "triage", judge(state))
	step(policeMan, "triage", judge(state))
	s.Settle() // the case that this opens is an item of its own
	return d
}
