//go:build !race

package main

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// venue is a hub that a walk is walked in: the real one, or one of paper.
type venue interface {
	now() time.Time
	does(*order) (status int, made hub.ID) // asks for what is ordered
	did(o *order, made hub.ID)             // after the model has moved on
	agrees(*affair)                        // holds what some people see against the model
	passes(time.Duration)
}

// wander is random people doing random things with cases, from the triage that
// makes one to its closing and reopening, in a hub and in the model of it.
type wander struct {
	test *testing.T
	*rand.Rand
	venue
	people      []*actor
	kinds       map[hub.AuthorityID]hub.AuthorityKind
	coordinated map[hub.AuthorityID]bool
	affairs     []*affair
	seed        uint64
	step, words int
	done        map[string]int // "state action" that were done, and how often
	coded       map[int]int
	looked      int
}

// deepRun is whether the tests that take long are run.
func deepRun() bool { return os.Getenv("INFOHUS_TEST_DEEP") != "" }

// raced is how many pairs of a withdrawal and a read are raced: twenty times as many in a
// deep run.
func raced(pairs int) int {
	if deepRun() {
		return 20 * pairs
	}
	return pairs
}

// picks is whether a test that could ask more than a build has time for asks this:
// always in a deep run, else one in n, which are the same in every run.
func picks(n uint32, what string) bool {
	h := fnv.New32a()
	h.Write([]byte(what))
	return deepRun() || h.Sum32()%n == 0
}

// seedsOf are the seeds of a test of walks: some that are the same in every run,
// many others in a deep one, or the one that is asked for.
func seedsOf(t *testing.T, always []uint64, deep int) []uint64 {
	seeds := slices.Clone(always)
	if deepRun() {
		for range deep {
			seeds = append(seeds, rand.Uint64())
		}
	}
	if text := os.Getenv("INFOHUS_TEST_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return []uint64{seed}
	}
	return seeds
}

func newWander(t *testing.T, seed uint64, people []*actor) *wander {
	w := &wander{test: t, Rand: rand.New(rand.NewPCG(seed, 2)), seed: seed, people: people, kinds: map[hub.AuthorityID]hub.AuthorityKind{"greve": hub.Municipality, "paraplyen": hub.HousingAssociation},
		coordinated: map[hub.AuthorityID]bool{}, done: map[string]int{}, coded: map[int]int{}}
	for _, a := range people {
		w.kinds[a.at] = a.kind
		w.coordinated[a.at] = w.coordinated[a.at] || a.coordinates()
	}
	return w
}

func (w *wander) anybody() *actor { return w.people[w.IntN(len(w.people))] }

// fails ends the walk where hub and model part.
func (w *wander) fails(x *affair, format string, args ...any) {
	w.test.Helper()
	story := x.story
	if len(story) > 60 {
		story = story[len(story)-60:]
	}
	w.test.Fatalf("INFOHUS_TEST_SEED=%d, step %d: %s\nthe case %s (%s, of %s): %s", w.seed, w.step, fmt.Sprintf(format, args...), x.id, x.state, x.at, strings.Join(story, "; "))
}

// spot is what an action is on.
type spot struct {
	x *affair
	q *query
	w *said
	h *help
}

func (s spot) kind() string {
	switch {
	case s.q != nil:
		return "request"
	case s.w != nil:
		return "answer"
	case s.h != nil:
		return "offer"
	}
	return "case"
}

func (s spot) id() hub.ID {
	return map[string]func() hub.ID{"request": func() hub.ID { return s.q.id }, "answer": func() hub.ID { return s.w.id }, "offer": func() hub.ID { return s.h.id },
		"case": func() hub.ID { return s.x.id }}[s.kind()]()
}

func (s spot) state() string {
	return map[string]func() string{"request": func() string { return s.q.now() }, "answer": func() string { return s.w.now() }, "offer": func() string { return s.h.now() },
		"case": func() string { return s.x.state }}[s.kind()]()
}

// spots are the case and what hangs on it, each with the actions there are on it.
func (x *affair) spots() (all []spot, actions []string) {
	add := func(s spot, list string) { all, actions = append(all, s), append(actions, list) }
	add(spot{x: x}, caseActions)
	for _, q := range x.queries {
		add(spot{x: x, q: q}, queryActions)
		if q.said != nil {
			add(spot{x: x, w: q.said}, "withdraw")
		}
	}
	for _, h := range x.helps {
		add(spot{x: x, h: h}, helpActions)
	}
	return all, actions
}

// chooses has somebody order something of a case: half of the time what can be
// done and was done least, else anything at all.
func (w *wander) chooses(x *affair) *order {
	spots, actions := x.spots()
	if w.chance(2) {
		n := w.IntN(len(spots))
		if w.chance(3) {
			n = 0
		}
		a := w.near(x)
		if w.chance(3) {
			a = w.anybody()
		}
		return w.order(a, oneFrom(w, strings.Fields(actions[n])), spots[n])
	}
	if j := x.working(); x.state == "assessment" && len(j.signs) > 0 && j.ready() && w.chance(2) { // or none would ever be signed by all
		return w.order(w.near(x), "sign", spots[0])
	}
	type choice struct {
		at     spot
		action string
	}
	var can []choice
	for _, s := range spots {
		o := order{x: s.x, q: s.q, w: s.w, h: s.h, kind: s.kind(), state: s.state()}
		for action := range strings.FieldsSeq(o.steps()) {
			if w.useful(x, s, action) {
				can = append(can, choice{s, action})
			}
		}
	}
	if len(can) == 0 {
		return w.order(w.anybody(), oneFrom(w, strings.Fields(actions[0])), spots[0])
	}
	w.Shuffle(len(can), func(i, j int) { can[i], can[j] = can[j], can[i] })
	one := slices.MinFunc(can, func(a, b choice) int { return cmp.Compare(w.done[key(a.at, a.action)], w.done[key(b.at, b.action)]) })
	var may []*actor
	for _, a := range w.people {
		if o := (order{a: a, action: one.action, x: one.at.x, q: one.at.q, w: one.at.w, h: one.at.h}); o.may(w.now()) {
			may = append(may, a)
		}
	}
	if len(may) == 0 {
		may = w.people
	}
	return w.order(oneFrom(w, may), one.action, one.at)
}

func key(s spot, action string) string {
	kind := s.kind()
	if s.h != nil && s.h.kind == "notification" {
		kind = "notification"
	}
	return kind + " " + s.state() + " " + action
}

// useful keeps the walk from asking for what cannot come of anything.
func (w *wander) useful(x *affair, s spot, action string) bool {
	switch action {
	case "sign":
		return x.working().ready() || w.chance(10)
	case "dissent":
		return x.working().edit > 0
	case "hold":
		return !x.agenda.IsZero() && !x.agenda.After(w.now())
	case "unconsent":
		return slices.ContainsFunc(x.consents, func(c *consented) bool { return !c.ended })
	case "uninvite":
		return slices.ContainsFunc(x.circle, func(g *guest) bool { return g.in(w.now()) })
	case "ask", "recommend", "consent", "invite":
		return len(x.queries)+len(x.helps)+len(x.consents) < 40 || w.chance(10)
	case "close":
		return x.state == "closing" || w.chance(40) // else few would live to be helped
	case "take_back":
		return x.told && w.chance(40)
	case "reassess":
		return w.chance(12)
	}
	return true
}

// near is somebody who has something to do with a case, more often than not.
func (w *wander) near(x *affair) *actor {
	for range 25 {
		a := w.anybody()
		if x.leads(a) || x.assigned(a, w.now()) || a.at == x.at && a.coordinates() {
			return a
		}
		for _, q := range x.queries {
			if q.classes(a) != "" {
				return a
			}
		}
		for _, h := range x.helps {
			if h.classes(a) != "" {
				return a
			}
		}
	}
	return w.anybody()
}

// acts has somebody do something with a case, and holds the answer against the
// model.
func (w *wander) acts(x *affair) {
	o := w.chooses(x)
	before := key(spot{x: o.x, q: onlyIf(o.kind == "request", o.q), w: onlyIf(o.kind == "answer", o.w), h: onlyIf(o.kind == "offer", o.h)}, o.action)
	x.story = append(x.story, fmt.Sprintf("%d %s: %s %s %s (%v %s)", w.step, o.a, o.action, o.kind, o.id, o.want, o.flaw))
	status, made := w.does(o)
	w.coded[status]++
	if status == 201 {
		status = 200
	}
	if !slices.Contains(o.want, status) {
		w.fails(x, "%s %s: %s %s with %v: %d, want %v", o.a, o.action, o.method, o.path, o.in, status, o.want)
	}
	if status != 200 {
		return
	}
	w.done[before]++
	o.done(made)
	w.did(o, made)
}

func onlyIf[T any](is bool, p *T) *T {
	if is {
		return p
	}
	return nil
}

// sweeps holds that walks of cases have come through every transition, but for at
// most so many.
func sweeps(t *testing.T, done map[string]int, but int) {
	t.Helper()
	missing := []string{}
	for kind, steps := range map[string]map[string]string{"case": caseSteps, "request": querySteps, "answer": saidSteps, "offer": helpSteps, "notification": handSteps} {
		for state, actions := range steps {
			for action := range strings.FieldsSeq(actions) {
				if action == "unconsent" && among("collecting analysis", state) {
					continue // of a case that was never recommended there is no consent
				}
				if done[kind+" "+state+" "+action] == 0 {
					missing = append(missing, kind+" "+state+" "+action)
				}
			}
		}
	}
	slices.Sort(missing)
	t.Logf("%d kinds of steps done, %d with cases not: %s", len(done), len(missing), strings.Join(missing, ", "))
	if len(missing) > but {
		t.Errorf("the walks never did %s", strings.Join(missing, ", "))
	}
}

// seenBy is what somebody sees of everything about a person, of who it is: the
// union over the concern, the case and all that hangs on it.
func (x *affair) seenBy(a *actor, now time.Time) []string {
	all := map[string]bool{}
	take := func(fields []string) {
		for _, f := range fields {
			if among("address age_band birth_date cpr name protected", f) {
				all[f] = true
			}
		}
	}
	if x.recused[a.person] { // being recused from one thing about a person is being recused from the person
		return []string{}
	}
	if x.concern != nil {
		take(x.concern.fields(a, now))
	}
	take(inClasses(x.classes(a, now)))
	for _, q := range x.queries {
		take(inClasses(q.classes(a)))
	}
	for _, h := range x.helps {
		take(inClasses(h.classes(a)))
	}
	return slices.Sorted(maps.Keys(all))
}
