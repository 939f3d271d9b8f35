//go:build !race

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// walk is random people doing random things with some concerns, in a hub and in
// the model of it: the first half of what [TestVolumeWalk] walks.
type walk struct {
	*script
	*rand.Rand
	people []*actor
	all    []*thing
	seed   uint64
	step   int
	did    map[string]int // "state action" that were done, and how often
	coded  map[int]int    // answers by status
	looked int
	whole  func(*thing, *actor) []string // who it is about, as somebody sees it with what came of it
}

func (s *script) everybody() []*actor {
	var all []*actor
	for _, p := range s.Structure.Posts() {
		if !p.Holds(s.Now()) {
			continue
		}
		c := s.AsRole(p.Login, p.Role)
		all = append(all, &actor{Client: c, person: p.Person, role: p.Role, kind: p.Kind, at: p.Authority})
	}
	return all
}

// fails ends the walk where hub and model part.
func (w *walk) fails(c *thing, format string, args ...any) {
	w.Helper()
	w.Fatalf("INFOHUS_TEST_SEED=%d, step %d: %s\nthe concern %s (%s, of %s): %s", w.seed, w.step, fmt.Sprintf(format, args...), c.id, c.state, c.at, strings.Join(c.story, "; "))
}

// open counts the concerns in which much can still happen.
func (w *walk) open() (n int) {
	for _, c := range w.all {
		if among("draft received police_check acute police_only triage", c.state) {
			n++
		}
	}
	return n
}

func (w *walk) anybody() *actor { return w.people[w.IntN(len(w.people))] }

// writer is somebody who may hand in a concern.
func (w *walk) writer() *actor {
	for {
		if a := w.anybody(); a.writes() {
			return a
		}
	}
}

// begins has somebody begin a concern: a draft, or a whole one.
func (w *walk) begins() {
	a := w.writer()
	if w.IntN(10) == 0 {
		a = w.anybody()
	}
	var person struct{ Subject hub.ID }
	in := map[string]any{"name": fmt.Sprintf("Opdigtet Person %d", w.step), "no_cpr": true, "address": "Opdigtet Vej 1"}
	child := []string{"yes", "no", "unknown"}[w.IntN(3)]
	birth := w.born(child)
	if !birth.IsZero() {
		in["birth_date"] = birth.Format("02-01-2006")
	}
	if r := a.API("POST", "/api/subjects", in); r.Status == 201 {
		r.JSON(&person)
	} else if person.Subject = hub.NewID(); a.writes() {
		w.Fatalf("seed %d, step %d: %s could not register: %d %s", w.seed, w.step, a, r.Status, r.Body)
	}
	c := w.thing(a, person.Subject, child, birth)
	body := w.text(c)
	want, path, said := 201, "/api/concerns/drafts", ""
	if w.IntN(2) == 0 {
		path = "/api/concerns"
		body["purpose"], body["legal_basis"] = "prevention", "GDPR6-1-E"
		if a.kind == hub.Police {
			body["legal_basis"] = "RHL"
		}
		switch w.IntN(6) {
		case 0: // what is nobody's purpose here
			body["purpose"], want = "investigation", 400
		case 1, 2:
			body["forward"], said = toPolice, "forward"
		case 3:
			body["forward"] = map[string]any{"legal_basis": "RPL115-1-1", "purpose": "prevention", "necessity": because} // the police's, not the municipality's
			if a.kind == hub.Municipality && (a.coordinates() || a.role == hub.Receiver) {
				want = 400
			}
		}
	}
	if !a.writes() {
		want = 404
	}
	c.story = append(c.story, fmt.Sprintf("%d %s begins at %s", w.step, a, path))
	r := a.API("POST", path, body)
	w.coded[r.Status]++
	if r.Status != want {
		w.fails(c, "%s begins: %d %s, want %d", a, r.Status, r.Body, want)
	}
	if want != 201 {
		return
	}
	var got done
	r.JSON(&got)
	c.id, c.state = got.ID, "draft"
	if path == "/api/concerns" {
		c.done(a, "submit", said, w.Now())
	}
	if got.State != c.state {
		w.fails(c, "it is %s", got.State)
	}
}

// thing is a concern that somebody is about to write.
func (w *walk) thing(a *actor, subject hub.ID, child string, birth time.Time) *thing {
	c := &thing{subject: subject, author: a.person, by: hub.Municipality, at: "koege", municipality: "koege", version: 1, begun: w.Now(),
		child: child, birth: birth, named: w.IntN(2) == 0, sent: map[hub.AuthorityID]bool{}, judged: map[hub.AuthorityKind]string{}, judges: map[hub.ID]bool{}}
	if a.at == "roskilde" {
		c.at, c.municipality = "roskilde", "roskilde"
	}
	if a.kind == hub.Police {
		c.by, c.at = hub.Police, "mvs-politi"
		c.municipality = []hub.AuthorityID{"koege", "roskilde"}[w.IntN(2)]
	}
	w.all = append(w.all, c)
	return c
}

// begets takes a concern straight to a case, by whoever may: a random walk comes
// there seldom, and has cases to be about.
func (w *walk) begets() {
	find := func(role hub.Role, at ...hub.AuthorityID) *actor {
		for {
			if a := w.anybody(); a.role == role && slices.Contains(at, a.at) {
				return a
			}
		}
	}
	police := find(hub.PoliceCoordinator, "mvs-politi")
	a := police
	if w.IntN(3) > 0 {
		a = find(hub.MunicipalCoordinator, "koege", "roskilde")
	}
	var person struct{ Subject hub.ID }
	child := []string{"yes", "no", "unknown"}[w.IntN(3)]
	birth := w.born(child)
	in := map[string]any{"name": fmt.Sprintf("Opdigtet Person %d", w.step), "no_cpr": true, "address": "Opdigtet Vej 1"}
	if !birth.IsZero() {
		in["birth_date"] = birth.Format("02-01-2006")
	}
	a.API("POST", "/api/subjects", in).Must(201).JSON(&person)
	c := w.thing(a, person.Subject, child, birth)
	body := w.text(c)
	body["purpose"], body["legal_basis"], body["forward"] = "prevention", "GDPR6-1-E", toPolice
	if a == police {
		body["legal_basis"] = "RHL"
		delete(body, "forward")
	}
	var got done
	a.API("POST", "/api/concerns", body).Must(201).JSON(&got)
	c.id = got.ID
	does := func(b *actor, action, said, path string, in any) {
		b.API("POST", "/api/concerns/"+string(c.id)+path, in).Must(200)
		c.done(b, action, said, w.Now())
	}
	c.done(a, "submit", "forward", w.Now())
	does(police, "released", "", "/check", says("released"))
	does(police, "triage", "case", "/triage", judge("case"))
	does(find(hub.MunicipalCoordinator, c.municipality), "triage", "case", "/triage", judge("case"))
	c.story = append(c.story, fmt.Sprintf("%d %s and others bring it to a case", w.step, a))
}

// born is a day on which somebody was born who is a child or is none: of the
// children every other comes of age during the walk.
func (w *walk) born(child string) time.Time {
	now := w.Now().In(hub.Copenhagen)
	switch {
	case child == "yes" && w.IntN(2) == 0:
		return now.AddDate(-18, 0, 1+w.IntN(12))
	case child == "yes":
		return now.AddDate(-15, 0, 0)
	case child == "no":
		return now.AddDate(-21, 0, 0)
	}
	return time.Time{}
}

// text is what a concern says.
func (w *walk) text(c *thing) map[string]any {
	body := map[string]any{"subject": c.subject, "municipality": c.municipality, "channel": "phone", "theme": "gang", "reporter_kind": "professional",
		"child": c.child, "urgency": "normal", "why_now": "Ny omgangskreds.", "context": "God kontakt til sin mentor.",
		"statements": []map[string]any{{"kind": "fact", "text": "Er set ved kiosken."}}}
	if c.named {
		body["reporter_name"] = "Tove Tavle"
	}
	return body
}

// passes lets time pass: assignments end, drafts run out, clocks speak.
func (w *walk) passes() {
	w.Advance([]time.Duration{10 * time.Minute, 3 * time.Hour, 26 * time.Hour}[w.IntN(3)])
	for _, c := range w.all {
		if c.state == "draft" && !w.Now().Before(c.begun.AddDate(0, 0, 14)) {
			c.state = ""
			c.story = append(c.story, fmt.Sprintf("%d the draft ran out", w.step))
		}
	}
}

// every action of the API on a concern.
var everyAction = strings.Fields("edit discard submit forward reroute released police_only acute confirmed triage recall notify assign unassign")

// acts has somebody do something: half of the time what can be done, else
// anything at all, also with concerns that never were.
func (w *walk) acts() {
	c, action := w.all[w.IntN(len(w.all))], everyAction[w.IntN(len(everyAction))]
	a := w.anybody()
	switch w.IntN(6) {
	case 0, 1, 2:
		c, a, action = w.useful(c, a, action)
	case 3, 4:
		a = w.near(c)
	}
	if c.id == "" || w.IntN(50) == 0 {
		c = &thing{id: hub.NewID()}
	}
	method, path, body, said, want := w.order(c, a, action)
	if in, ok := body.(map[string]any); ok && among("check triage notification", path[strings.LastIndex(path, "/")+1:]) {
		in["version"] = w.version(c.id) // as a page has it
	}
	was := c.state
	c.story = append(c.story, fmt.Sprintf("%d %s: %s %s (%d)", w.step, a, action, said, want))
	r := a.API(method, path, body)
	w.coded[r.Status]++
	if r.Status != want {
		w.fails(c, "%s %s %s: %d %s, want %d", a, action, said, r.Status, r.Body, want)
	}
	if want != 200 {
		return
	}
	w.did[was+" "+action]++
	c.done(a, action, said, w.Now())
	if action == "discard" || c.state == "case" && was != "case" {
		w.Settle() // person forgets the subject; the case is drafted
	}
	var got struct {
		State      string
		Version    int
		Assignment hub.ID
		Until      time.Time
	}
	r.JSON(&got)
	switch action {
	case "discard":
	case "assign":
		p, _ := w.Structure.Post(hub.ID(said))
		c.letIn = append(c.letIn, letIn{id: got.Assignment, person: p.Person, at: p.Authority, role: p.Role, until: got.Until})
	case "unassign":
		i := slices.IndexFunc(c.letIn, func(l letIn) bool { return string(l.id) == said })
		c.letIn[i].ended = true
	default:
		if got.State != c.state || got.Version != c.version {
			w.fails(c, "it is %s, version %d, want version %d", got.State, got.Version, c.version)
		}
	}
}

// useful finds something that can be done: of the kinds of steps there are, one
// that was done least.
func (w *walk) useful(c *thing, a *actor, action string) (*thing, *actor, string) {
	type choice struct {
		c *thing
		a *actor
	}
	can := map[string][]choice{}
	for _, c := range w.all {
		for _, action := range strings.Fields(steps[c.state]) {
			for _, a := range w.people {
				if c.may(a, action, w.Now()) && (action != "unassign" || slices.ContainsFunc(c.letIn, func(l letIn) bool { return l.ends(a) })) {
					can[c.state+" "+action] = append(can[c.state+" "+action], choice{c, a})
				}
			}
		}
	}
	kinds := slices.Sorted(maps.Keys(can))
	if len(kinds) == 0 {
		return c, a, action
	}
	w.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	kind := slices.MinFunc(kinds, func(a, b string) int { return w.did[a] - w.did[b] })
	one := can[kind][w.IntN(len(can[kind]))]
	_, action, _ = strings.Cut(kind, " ")
	return one.c, one.a, action
}

// agrees holds the hub against the model: what some people see, and list.
func (w *walk) agrees() {
	w.look(w.all[w.IntN(len(w.all))], w.anybody())
	last := w.all[len(w.all)-1]
	for _, c := range w.all {
		if len(c.story) > 0 && strings.HasPrefix(c.story[len(c.story)-1], fmt.Sprint(w.step, " ")) {
			last = c
		}
	}
	w.look(last, w.near(last))
	if w.IntN(3) == 0 {
		w.lists(w.near(last))
	}
}

// near is somebody who has something to do with a concern, more often than not.
func (w *walk) near(c *thing) *actor {
	for range 20 {
		if a := w.anybody(); a.at == c.at && a.coordinates() || a.person == c.author || a.role == hub.PoliceCoordinator || c.assigned(a, w.Now()) {
			return a
		}
	}
	return w.anybody()
}

// strict holds two invariants of domain.md 2.2 against what somebody is shown,
// whatever the model says.
func (w *walk) strict(c *thing, a *actor, shown []string) {
	party := a.coordinates() && a.at == c.at || a.role == hub.PoliceCoordinator || c.assigned(a, w.Now()) || a.person == c.author
	before := among("received police_check acute police_only", c.state)
	if before && (!party || c.by == hub.Police && a.kind != hub.Police) && len(shown) > 0 {
		w.fails(c, "invariant 1: before it is released %s sees %v", a, shown)
	}
	if c.state == "police_only" && !a.coordinates() {
		for _, f := range shown {
			if !among("reference received_at received_by state", f) {
				w.fails(c, "invariant 2: of what the police have alone %s sees %s", a, f)
			}
		}
	}
	if c.state == "police_only" && a.kind != hub.Police && slices.Contains(shown, "check_outcome") {
		w.fails(c, "invariant 2: %s sees the answer of the police", a)
	}
}

// look compares what somebody sees of a concern and of the person it is about.
func (w *walk) look(c *thing, a *actor) {
	if c.id == "" {
		return
	}
	w.looked++
	fields := c.fields(a, w.Now())
	r := a.API("GET", "/api/concerns/"+string(c.id), nil)
	if len(fields) == 0 {
		if r.Status != 404 {
			w.fails(c, "%s sees what is nothing to them: %d %s", a, r.Status, r.Body)
		}
	} else {
		var got map[string]json.RawMessage
		r.Must(200).JSON(&got)
		var names []string
		if err := json.Unmarshal(got["fields"], &names); err != nil {
			w.Fatal(err)
		}
		w.strict(c, a, names)
		if !slices.Equal(names, fields) {
			w.fails(c, "%s sees the fields\n%v, want\n%v", a, names, fields)
		}
		if keys := slices.Sorted(maps.Keys(got)); !slices.Equal(keys, c.keys(a, w.Now())) {
			w.fails(c, "%s is sent\n%v, want\n%v", a, keys, c.keys(a, w.Now()))
		}
		if state := string(got["state"]); state != "" && state != `"`+c.state+`"` {
			w.fails(c, "%s is told the state %s", a, state)
		}
	}
	identity := c.identity(a, w.Now())
	if w.whole != nil && among("case case_closed", c.state) {
		identity = w.whole(c, a)
	}
	r = a.API("GET", "/api/subjects/"+string(c.subject), nil)
	var person struct{ Fields []string }
	if r.Status == 200 {
		r.JSON(&person)
	}
	if (r.Status == 200) != (len(identity) > 0) || !slices.Equal(person.Fields, identity) {
		w.fails(c, "%s sees of the person %d %v, want %v", a, r.Status, person.Fields, identity)
	}
}
