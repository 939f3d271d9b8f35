//go:build !race

package main

import (
	"slices"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// This is the process and its table of who may see what, written a second time
// as plainly as domain.md 2.2 and 2.4 put it, and not from the rules that it is
// held against: policies/*.rego, policies/matrix.csv and intake.Moves are not
// looked at here.

// actor is somebody of the demo world in one of their hats.
type actor struct {
	*hubtest.Client
	person hub.ID
	role   hub.Role
	kind   hub.AuthorityKind
	at     hub.AuthorityID
}

func (a *actor) String() string { return a.Login + " (" + string(a.role) + ", " + string(a.at) + ")" }

func (a *actor) coordinates() bool {
	return a.role == hub.MunicipalCoordinator || a.role == hub.PoliceCoordinator
}

// writes tells who may hand in a concern: those who meet people, and those who
// receive.
func (a *actor) writes() bool {
	return a.coordinates() || a.role == hub.Receiver || a.role == hub.Reporter || a.role == hub.Institution
}

// lists tells who has lists at all: whoever can be let into something.
func (a *actor) lists() bool {
	return a.writes() || a.role == hub.CoreGroup || a.role == hub.LocalPolice || a.role == hub.Partner
}

// letIn is a colleague's assignment, in one of their hats.
type letIn struct {
	id     hub.ID
	person hub.ID
	at     hub.AuthorityID
	role   hub.Role
	until  time.Time
	ended  bool
}

// ends reports whether somebody could take it back.
func (l letIn) ends(a *actor) bool {
	return l.id != "" && !l.ended && l.at == a.at && l.person != a.person
}

// thing is a concern as the model knows it.
type thing struct {
	id, subject  hub.ID
	author       hub.ID            // the person who wrote it
	by           hub.AuthorityKind // who received it
	at           hub.AuthorityID   // whose it is
	municipality hub.AuthorityID
	state        string // as domain.md has it; "" is gone
	version      int
	recused      map[hub.ID]bool // persons who are too close to its case (inhabil), and so to it
	named        bool            // the reporter's name was typed
	child        string          // yes, no, unknown
	birth        time.Time       // of the person, the day; zero where nobody knows
	assessed     bool            // the duty to notify has been
	begun        time.Time
	received     time.Time
	kept         time.Time // until when, as its case came to say; zero for longer than a walk
	answer       string    // the police's
	outcome      string    // of the triage
	letIn        []letIn
	sent         map[hub.AuthorityID]bool     // who it was disclosed to
	judged       map[hub.AuthorityKind]string // what each coordinator says
	judges       map[hub.ID]bool              // which of them has said something
	story        []string                     // what was done, for whoever reads a failure
}

// steps are the transitions: what can be done in which state.
var steps = map[string]string{
	"draft":        "edit discard submit",
	"received":     "forward reroute notify assign unassign",
	"police_check": "recall released police_only acute notify assign unassign",
	"acute":        "released police_only notify assign unassign",
	"police_only":  "released confirmed notify assign unassign",
	"triage":       "recall triage notify assign unassign",
	"case":         "notify assign unassign",
	"rerouted":     "notify unassign",
	"unfounded":    "notify unassign",
	"other_track":  "notify unassign",
	"case_closed":  "notify unassign",
}

func (c *thing) fits(action string) bool {
	return among(steps[c.state], action) && (action != "recall" || recallable(c.state, c.by == hub.Police))
}

// recallable reports whether it has been given to the other authority, and that one has not decided.
func recallable(state string, byPolice bool) bool { return (state == "triage") == byPolice }

// assigned reports whether somebody is let in now.
func (c *thing) assigned(a *actor, now time.Time) bool {
	return slices.ContainsFunc(c.letIn, func(l letIn) bool {
		return l.person == a.person && l.at == a.at && l.role == a.role && !l.ended && now.Before(l.until)
	})
}

// opens reports whether somebody who is let in sees anything of it (domain.md 2.4):
// receivers work on what their own authority received, and see nothing of another's.
func (c *thing) opens(b *actor) bool { return b.role != hub.Receiver || b.at == c.at }

// classes says what somebody may see of the concern: domain.md 2.4, by party,
// columns S1 to S3, what they end in, and S10.
func (c *thing) classes(a *actor, now time.Time) string {
	if c.recused[a.person] {
		return ""
	}
	author, own, let := a.person == c.author, a.at == c.at, c.assigned(a, now)
	under := among("received police_check acute police_only", c.state)
	closed := among("rerouted unfounded other_track case_closed", c.state)
	open := among("triage case", c.state)
	var all []string
	see := func(classes string) { all = append(all, classes) }

	if c.state == "draft" { // S0: its author's alone
		if author && a.writes() {
			see("status clock summary narrative identity reporter")
			if a.role != hub.Reporter && a.role != hub.Institution {
				see("address")
			}
		}
		return strings.Join(all, " ")
	}
	switch {
	case a.role == hub.Reporter || a.role == hub.Institution:
		switch {
		case !author:
		case c.state == "received":
			see("status summary narrative") // own text
		case closed || c.state == "case":
			see("reference handled") // "handled" only
		default:
			see("receipt")
		}
	case c.state == "case_closed": // S10: reference, state and dates; to whom it belongs, who sees that
		if a.coordinates() && (own || c.sent[a.at]) {
			see("status clock")
		}
		if a.coordinates() && own {
			see("access")
		}
	case a.role == hub.Receiver && own && let:
		if see("status"); c.state == "received" { // full intake, then the status
			see("clock summary narrative identity address reporter access")
		}
	case a.coordinates() && own:
		see("status clock access")
		if !closed {
			see("summary narrative identity address")
			if let {
				see("reporter") // L51: the receiver's alone
			}
		}
		if !under && c.state != "rerouted" {
			see("check triage")
		} else if a.kind == hub.Police && among("acute police_only", c.state) {
			see("check") // their own answer; to the municipality it is the state and no more
		}
	case a.coordinates() && c.sent[a.at]:
		switch {
		case open:
			see("status clock summary narrative identity check triage access")
		case closed:
			see("status outcome")
		case a.kind == hub.Police:
			if see("status summary identity"); c.state != "received" {
				see("limit") // the step is theirs, and so is its time
			}
		}
	}
	return strings.Join(all, " ")
}

// classFields are the fields of the data classes.
var classFields = map[string]string{
	"status": "reference state received_at received_by", "receipt": "reference received_at received_by", "reference": "reference", "handled": "handled",
	"clock": "due child_due erase_at retention_rule", "limit": "due", "summary": "channel theme urgency urgency_reason child",
	"narrative": "statements why_now context wishes", "identity": "name cpr birth_date age_band protected", "address": "address",
	"reporter": "reporter_kind reporter_name reporter_contact", "check": "check_outcome",
	"triage": "triage_outcome municipal_rationale police_rationale", "outcome": "triage_outcome", "access": "who_can_see who_has_seen",
}

// fields are the fields that somebody may see, sorted; none is nothing at all.
func (c *thing) fields(a *actor, now time.Time) []string {
	all := []string{}
	if c.state == "" {
		return all
	}
	for _, class := range strings.Fields(c.classes(a, now)) {
		all = append(all, strings.Fields(classFields[class])...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// identity is what somebody sees of who it is about. A case that was drafted from
// it is the municipality's.
func (c *thing) identity(a *actor, now time.Time) []string {
	if c.state == "case" && a.role == hub.MunicipalCoordinator && a.at == c.municipality {
		return strings.Fields("address age_band birth_date cpr name protected")
	}
	return slices.DeleteFunc(c.fields(a, now), func(f string) bool { return !among("address age_band birth_date cpr name protected", f) })
}

// may says who may do what, whatever the state: domain.md 2.2, "who acts".
func (c *thing) may(a *actor, action string, now time.Time) bool {
	if c.recused[a.person] {
		return false
	}
	own := a.at == c.at
	sent := c.sent[a.at]
	receiver := a.role == hub.Receiver && own && c.assigned(a, now)
	switch action {
	case "edit", "discard", "submit":
		return a.writes() && a.person == c.author
	case "forward", "reroute":
		return a.coordinates() && own || receiver
	case "recall": // by whoever gave it, while the other authority has not decided
		return c.state == "police_check" && c.by != hub.Police && (a.coordinates() && own || receiver) || c.state == "triage" && c.by == hub.Police && a.coordinates() && own
	case "released", "police_only", "acute", "confirmed":
		return a.role == hub.PoliceCoordinator && (own || sent)
	case "triage":
		return a.coordinates() && (own || sent)
	case "notify": // the municipality's duty, and of the police for what they received
		return a.coordinates() && own || receiver && c.state == "received" ||
			a.role == hub.MunicipalCoordinator && sent && among("triage case case_closed", c.state)
	case "assign", "unassign":
		return a.coordinates() && (own || sent)
	}
	return false
}

// expect is the status of an answer to an action whose input is good: not found
// for whoever may not know, conflict where it does not fit.
func (c *thing) expect(a *actor, action string, now time.Time) int {
	switch {
	case c.state == "":
		return 404
	case !c.fits(action):
		if slices.Contains(c.fields(a, now), "state") {
			return 409
		}
		return 404
	case !c.may(a, action, now):
		return 404
	case action == "recall" && c.judged[hub.Municipality] != "":
		return 409
	}
	return 200
}

// waits says whether something waits here for somebody: a step that is theirs.
func (c *thing) waits(a *actor, now time.Time) bool {
	for _, action := range []string{"forward", "released", "confirmed", "triage", "notify"} {
		if c.expect(a, action, now) != 200 {
			continue
		}
		switch {
		case action == "triage" && c.judges[a.person] && len(c.judged) < 2: // both have judged, and it is in triage still: they do not agree
		case action == "notify" && (c.child == "no" || c.assessed || !slices.Contains(c.fields(a, now), "child_due")):
		default:
			return true
		}
	}
	return false
}

// keys are the names in the JSON of the concern as somebody sees it: the fields
// that they may see and that have anything in them.
func (c *thing) keys(a *actor, now time.Time) []string {
	f := c.fields(a, now)
	keys := []string{"actions", "erased", "fields", "id"}
	add := func(field string, there bool, names ...string) {
		if there && slices.Contains(f, field) {
			keys = append(keys, names...)
		}
	}
	draft := c.state == "draft"
	child := !draft && c.child != "no"
	add("state", true, "state", "version")
	add("received_at", !draft, "received_at")
	add("received_by", true, "received_by", "municipality")
	add("name", true, "subject")
	add("channel", true, "channel", "purpose")
	add("channel", !draft, "legal_basis")
	add("due", among("draft received police_check acute police_only triage", c.state), "due")
	add("child_due", child, "child_due")
	add("child_due", c.assessed && c.may(a, "notify", now), "child_outcome") // of those whose duty it is
	add("erase_at", true, "erase_at", "retention_rule")
	add("theme", true, "theme", "urgency", "child")
	add("statements", true, "statements", "why_now", "context")
	add("reporter_kind", true, "reporter_kind")
	add("reporter_name", c.named, "reporter_name")
	add("check_outcome", c.answer != "", "check_outcome")
	add("triage_outcome", c.outcome != "", "triage_outcome")
	add("triage_outcome", c.outcome == "other_track", "track")
	judged := slices.Contains(f, "municipal_rationale") && c.judged[hub.Municipality] != "" || slices.Contains(f, "police_rationale") && c.judged[hub.Police] != ""
	add("state", judged, "judgements")
	add("who_can_see", true, "steps")
	slices.Sort(keys)
	return keys
}

// done moves the model on after an action that was done.
func (c *thing) done(a *actor, action, said string, now time.Time) {
	police := hub.AuthorityID("mvs-politi")
	if action != "assign" && action != "unassign" {
		c.version++
	}
	switch action {
	case "edit":
		if said != "" {
			c.municipality = hub.AuthorityID(said)
		}
	case "discard":
		c.state = ""
	case "submit":
		c.state, c.received = "received", now
		if a.at == c.at && (a.coordinates() || a.role == hub.Receiver) { // who receives it by themselves is its receiver
			c.letIn = append(c.letIn, letIn{person: a.person, at: a.at, role: a.role, until: now.AddDate(1, 0, 0)})
			if c.by == hub.Police { // and the police have it before them at once
				c.state = "police_check"
			} else if said == "forward" {
				c.state, c.sent[police] = "police_check", true
			}
		}
	case "forward":
		c.state = "police_check"
		if c.by != hub.Police {
			c.sent[police] = true
		}
	case "recall":
		from := police
		if c.state = "received"; c.by == hub.Police {
			c.state, c.answer, from = "police_check", "", c.municipality
		}
		delete(c.sent, from)
		clear(c.judged)
		clear(c.judges)
		for i := range c.letIn {
			c.letIn[i].ended = c.letIn[i].ended || c.letIn[i].at == from && now.Before(c.letIn[i].until)
		}
	case "reroute":
		if c.state = "rerouted"; said == "statutory_notification" {
			c.assessed = true
		}
	case "released":
		if c.state, c.answer = "triage", "released"; c.by == hub.Police {
			c.sent[c.municipality] = true
		}
	case "police_only", "acute":
		c.state, c.answer = action, action
	case "notify":
		c.assessed = true
	case "triage":
		c.judged[a.kind], c.judges[a.person] = said, true
		if c.judged[hub.Police] == c.judged[hub.Municipality] { // both, and the same
			c.state, _, _ = strings.Cut(said, "/")
			c.outcome = c.state
		}
	}
}
