//go:build !race

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// order is how an action is asked for, with good input or bad, and the status
// that the model expects.
func (w *walk) order(c *thing, a *actor, action string) (method, path string, body any, said string, want int) {
	now := w.Now()
	want = c.expect(a, action, now)
	bad := w.IntN(8) == 0
	refuse := func(status int) {
		if want == 200 {
			want = status
		}
	}
	method, path = "POST", "/api/concerns/"+string(c.id)+"/"
	pick := func(list ...string) string { return list[w.IntN(len(list))] }
	switch action {
	case "edit":
		text := w.text(c)
		if text["version"] = c.version; c.by == hub.Police { // who may mean another municipality now
			said = pick("koege", "roskilde")
			text["municipality"] = said
		}
		if bad && c.version > 0 {
			text["version"], said = c.version+1, "from another tab"
			refuse(409)
		}
		return "PUT", path + "draft", text, said, want
	case "discard":
		return "DELETE", path + "draft", nil, "", want
	case "submit":
		in := map[string]any{"draft": c.id, "purpose": "prevention", "legal_basis": "GDPR6-1-E"}
		if a.kind == hub.Police {
			in["legal_basis"] = "RHL"
		}
		if bad {
			in["purpose"], said = "benefit_check", "for another purpose"
			refuse(400)
		} else if w.IntN(2) == 0 {
			in["forward"], said = toPolice, "forward"
		}
		return "POST", "/api/concerns", in, said, want
	case "forward":
		in := map[string]any{"legal_basis": pick("RPL115-2", "RPL115-1-2"), "purpose": "prevention", "necessity": because}
		if a.kind == hub.Municipality && !cooperates(hub.LegalBasis(in["legal_basis"].(string)), a.at, thePolice) {
			said = "in no cooperation"
			refuse(400)
		}
		if bad {
			said = pick("short", "basis", "purpose")
			switch said {
			case "short":
				in["necessity"] = "Fordi."
			case "basis":
				in["legal_basis"] = pick("RPL115-1-1", "RPL114", "GDPR6-1-E", "NONE")
			case "purpose":
				in["purpose"] = pick("investigation", "child_welfare", "benefit_check", "log_control")
			}
			if c.by == hub.Municipality { // the police disclose nothing by it
				refuse(400)
			}
		}
		return method, path + "forward", in, said, want
	case "recall":
		in := map[string]any{"reason": sayWhy}
		if bad {
			in["reason"], said = "Forkert.", "in a word"
			refuse(400)
		}
		return method, path + "recall", in, said, want
	case "reroute":
		if said = pick("statutory_notification", "violence", "emergency", "other_municipality"); bad {
			said = "elsewhere"
			refuse(400)
		}
		return method, path + "reroute", map[string]any{"track": said}, said, want
	case "released", "police_only", "acute", "confirmed":
		in := says(action)
		if bad && action == "released" {
			in["legal_basis"], said = "RPL115-2", "on the municipality's basis"
			if c.by == hub.Police { // then it is a disclosure, and needs a basis that carries it
				refuse(400)
			}
		}
		return method, path + "check", in, said, want
	case "triage":
		said = pick("case", "case", "unfounded", "other_track/violence", "other_track/emergency")
		for kind, other := range c.judged { // mostly they come to agree
			if kind != a.kind && w.IntN(4) > 0 {
				said = other
			}
		}
		outcome, track, _ := strings.Cut(said, "/")
		in := judge(outcome)
		in["track"] = track
		if bad {
			in["rationale"], said = "Enig.", said+" without saying why"
			refuse(400)
		}
		return method, path + "triage", in, said, want
	case "notify":
		in := map[string]any{"outcome": pick("notified", "not_needed"), "reason": "Vurderet sammen med lederen."}
		if bad {
			in["reason"], said = "", "without a reason"
			refuse(400)
		}
		return method, path + "notification", in, said, want
	case "assign":
		return w.assigns(c, a, want)
	}
	return w.unassigns(c, a, want)
}

// assigns lets somebody in: a colleague, or somebody who is none.
func (w *walk) assigns(c *thing, a *actor, want int) (method, path string, body any, said string, status int) {
	target := w.anybody()
	for range 40 { // mostly one who can be
		if w.IntN(8) == 0 || colleagues(a, target) && c.opens(target) {
			break
		}
		target = w.anybody()
	}
	in := map[string]any{"hat": target.Post.Hat.ID}
	if want == 200 && !(colleagues(a, target) && c.opens(target)) { // and nobody is let in to nothing
		want = 400
	} else if want == 200 && c.assigned(target, w.Now()) { // who is in already is not let in twice
		want = 409
	}
	if want == 200 && !c.kept.IsZero() && c.kept.Before(w.Now()) {
		want = 400
	}
	switch w.IntN(6) {
	case 0:
		in["until"] = w.Now().Add(2 * time.Hour)
	case 1:
		if in["until"] = w.Now().Add(-time.Second); want == 200 {
			want = 400
		}
	}
	return "POST", "/api/concerns/" + string(c.id) + "/access", in, string(target.Post.Hat.ID), want
}

// colleagues tells whom somebody may let in: the municipal coordinator a
// receiver or another coordinator of the own municipality, the police
// coordinator another one.
func colleagues(a, b *actor) bool {
	if a.at != b.at || a.person == b.person {
		return false
	}
	return a.role == hub.MunicipalCoordinator && (b.role == hub.Receiver || b.role == hub.MunicipalCoordinator) ||
		a.role == hub.PoliceCoordinator && b.role == hub.PoliceCoordinator
}

// unassigns takes an access back: one of the concern's, or one that never was.
func (w *walk) unassigns(c *thing, a *actor, want int) (method, path string, body any, said string, status int) {
	method, path = "DELETE", "/api/concerns/"+string(c.id)+"/access/"
	known := slices.DeleteFunc(slices.Clone(c.letIn), func(l letIn) bool { return l.id == "" })
	if len(known) == 0 || w.IntN(10) == 0 {
		if want == 200 {
			want = 404
		}
		return method, path + string(hub.NewID()), nil, "one that never was", want
	}
	l := known[w.IntN(len(known))]
	if i := slices.IndexFunc(known, func(l letIn) bool { return l.ends(a) }); i >= 0 && w.IntN(3) > 0 {
		l = known[i]
	}
	if want == 200 {
		switch {
		case l.at != a.at || l.person == a.person: // of another authority, or the own
			want = 400
		case l.ended:
			want = 409
		}
	}
	return method, path + string(l.id), nil, string(l.id), want
}

// lists compares somebody's list with the concerns that a single read shows
// them: whole, by state, only what waits, about somebody, and in pages.
func (w *walk) lists(a *actor) {
	now := w.Now()
	want := map[hub.ID]*thing{}
	filter := ""
	switch w.IntN(4) {
	case 0:
		state := []string{"draft", "received", "police_check", "police_only", "triage", "case", "case_closed", "unfounded"}[w.IntN(8)]
		filter = "&state=" + state
		for _, c := range w.all {
			if f := c.fields(a, now); c.state == state && slices.Contains(f, "state") {
				want[c.id] = c
			}
		}
	case 1:
		filter = "&waits=true"
		for _, c := range w.all {
			if c.waits(a, now) {
				want[c.id] = c
			}
		}
	default:
		about := hub.ID("") // somebody, without a draw: the walk goes on as it would
		if n := len(w.all); n > 0 && w.step%3 == 0 {
			about = w.all[w.step%n].subject
			filter = "&subject=" + string(about)
		}
		for _, c := range w.all {
			if f := c.fields(a, now); len(f) > 0 && (about == "" || c.subject == about && slices.Contains(f, "name")) {
				want[c.id] = c
			}
		}
	}
	limit := []int{1, 2, 3, 7, 50, 100}[w.IntN(6)]
	if len(want) > 8*limit {
		limit = 20
	}
	next, seen := hub.ID(""), map[hub.ID]bool{}
	for {
		r := a.API("GET", fmt.Sprintf("/api/concerns?limit=%d&after=%s%s", limit, next, filter), nil)
		if !a.lists() {
			if r.Status != 404 {
				w.Fatalf("seed %d, step %d: %s has a list: %d %s", w.seed, w.step, a, r.Status, r.Body)
			}
			return
		}
		var page struct {
			Concerns []struct {
				ID      hub.ID
				State   string
				Subject hub.ID
				Waits   bool
			}
			Total int
			Next  hub.ID
		}
		r.Must(200).JSON(&page)
		if page.Total != len(want) || len(page.Concerns) > limit || page.Next != "" && len(page.Concerns) < limit {
			w.Fatalf("seed %d, step %d: the list of %s%s says %d in all, %d on this page, want %d in all", w.seed, w.step, a, filter, page.Total, len(page.Concerns), len(want))
		}
		for _, l := range page.Concerns {
			c := want[l.ID]
			if c == nil || seen[l.ID] {
				w.Fatalf("seed %d, step %d: the list of %s%s has %s, which is too much", w.seed, w.step, a, filter, l.ID)
			}
			seen[l.ID] = true
			f := c.fields(a, now)
			state, subject := "", hub.ID("")
			if slices.Contains(f, "state") {
				state = c.state
			}
			if slices.Contains(f, "name") {
				subject = c.subject
			}
			if l.State != state || l.Subject != subject || l.Waits != c.waits(a, now) {
				w.fails(c, "in the list of %s it is %+v", a, l)
			}
		}
		if next = page.Next; next == "" {
			break
		}
	}
	if len(seen) != len(want) {
		w.Fatalf("seed %d, step %d: the list of %s%s has %d concerns, want %d", w.seed, w.step, a, filter, len(seen), len(want))
	}
}

// invariants holds what domain.md 2.2 says of every concern against the
// database at the end of a walk, and that everything written agrees.
func (w *walk) invariants() {
	w.Settle()
	for _, c := range w.all {
		rows := w.SQL("select c.state, i.state, c.version from intake.concern c join access.item i on i.id = c.id where c.id = '" + string(c.id) + "'")
		if c.id == "" || c.state == "" {
			if len(rows) != 0 {
				w.fails(c, "it is kept: %v", rows)
			}
			continue
		}
		if len(rows) != 1 || rows[0][0] != c.state || rows[0][1] != c.state || rows[0][2] != fmt.Sprint(c.version) {
			w.fails(c, "the database has %v, want version %d", rows, c.version)
		}
	}
	w.holds()
}
