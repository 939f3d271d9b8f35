//go:build !race

package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/deploy"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/policies"
	"github.com/infohus/infohus/services/assessment"
	"github.com/infohus/infohus/services/intake"
	"github.com/infohus/infohus/services/referral"
)

// paper is a hub of what decides, and of nothing else: the rooms' own state ×
// action tables, the real rules, and the access facts as plain lists. It is what
// can be walked a hundred thousand steps in the time that the real hub takes for
// two thousand; that the real rooms write these facts, and that Postgres reads
// them so, the real hub is walked for.
type paper struct {
	*wander
	engine *policies.Engine
	clock  time.Time
	ids    uint64
	leaves map[hub.ID]*leaf
	seats  map[*guest]*pass
	things []*thing
}

// leaf is an item with what was given on it.
type leaf struct {
	kind       string
	id         hub.ID
	controller hub.AuthorityID
	of         hub.AuthorityKind
	state      string
	author     hub.ID
	whole      *leaf
	passes     []*pass
	shares     []*shared
}

type pass struct {
	person hub.ID
	at     hub.AuthorityID
	role   hub.Role
	until  time.Time
	ended  bool
}

type shared struct {
	to      hub.AuthorityID
	by      hub.AuthorityKind
	basis   hub.LegalBasis
	classes string
	until   time.Time
	ended   bool
}

func (l *leaf) end() {
	for _, p := range l.passes {
		p.ended = true
	}
}

func (l *leaf) revoke(to hub.AuthorityID) {
	for _, s := range l.shares {
		s.ended = s.ended || to == "" || s.to == to
	}
}

func (p *paper) now() time.Time { return p.clock }

func (p *paper) newID() hub.ID {
	p.ids++
	return hub.MakeID([16]byte{0: 1, 12: byte(p.ids >> 24), 13: byte(p.ids >> 16), 14: byte(p.ids >> 8), 15: byte(p.ids)})
}

func (p *paper) put(l *leaf) *leaf {
	l.id, l.of = p.newID(), p.kinds[l.controller]
	p.leaves[l.id] = l
	return l
}

// relation is what access.relations says, as its comment puts it: of shares on
// several bases, or by several kinds of authority, the newest counts.
func (p *paper) relation(a *actor, l *leaf) pg.Relation {
	if l == nil {
		return pg.Relation{}
	}
	r := pg.Relation{Kind: l.kind, ID: l.id, Controller: l.controller, ReceivedBy: l.of, State: l.state, Author: l.author == a.person}
	classes := map[string]bool{}
	for _, s := range slices.Backward(l.shares) {
		if s.ended || s.to != a.at || !p.clock.Before(s.until) {
			continue
		}
		if len(classes) == 0 {
			r.Basis, r.SharedBy = s.basis, s.by
		}
		if s.basis == r.Basis && s.by == r.SharedBy {
			for c := range strings.SplitSeq(s.classes, ",") {
				classes[c] = true
			}
		}
	}
	r.Classes = strings.Join(slices.Sorted(maps.Keys(classes)), ",")
	if r.Classes != "" {
		r.Relation = "shared"
	}
	if l.controller == a.at {
		r.Relation = "own"
	}
	for at := l; at != nil; at = at.whole {
		for _, given := range at.passes {
			r.Assigned = r.Assigned || given.person == a.person && given.at == a.at && given.role == a.role && !given.ended && p.clock.Before(given.until)
		}
	}
	return r
}

func (p *paper) asks(q policies.Question) policies.Answer {
	answer, err := p.engine.Advise(p.test.Context(), q)
	if err != nil {
		p.test.Fatal(err)
	}
	return answer
}

func (p *paper) fields(a *actor, id hub.ID) []string {
	rel := p.relation(a, p.leaves[id])
	answer := p.asks(rel.View(hub.Actor{Hat: a.Post.Hat}, hub.Prevention))
	return append([]string{}, answer.Fields...)
}

// moves is the rooms' own tables.
func moves(kind, of, state, action string) (to string, ok bool) {
	switch kind {
	case "case":
		if to, ok := assessment.Moves[assessment.State(state)][assessment.Action(action)]; ok {
			return string(to), true
		}
		to, ok := referral.Moves[referral.State(state)][referral.Action(action)]
		return string(to), ok
	case "offer":
		table := referral.OfferMoves
		if of == "notification" {
			table = referral.HandOverMoves
		}
		to, ok := table[referral.OfferState(state)][referral.Action(action)]
		return string(to), ok
	case "request":
		return map[string]string{"answer": "settled", "decline": "settled", "retract": "retracted"}[action], state == "asked"
	}
	return "withdrawn", state == "released"
}

func (p *paper) does(o *order) (int, hub.ID) {
	l := p.leaves[o.id]
	rel := p.relation(o.a, l)
	who, of := hub.Actor{Hat: o.a.Post.Hat}, ""
	if o.h != nil {
		of = o.h.kind
	}
	if _, ok := moves(o.kind, of, rel.State, o.action); !ok {
		if slices.Contains(p.fields(o.a, o.id), "state") {
			return 409, ""
		}
		return 404, ""
	}
	name := o.action
	switch name {
	case "consent":
		name = "recommend"
	case "unconsent":
		name = "uninvite"
	}
	if !p.asks(rel.Act(who, name, hub.Prevention)).Allow {
		return 404, ""
	}
	refused := false
	for _, b := range o.lets {
		state := rel.State
		at := rel.Relation
		if o.action == "ask" {
			state, at = "asked", "own"
		}
		if o.action == "send" {
			state = o.shareState()
		}
		refused = refused || !p.asks(policies.Assign{Role: o.a.role, Kind: o.a.kind, Relation: at, State: state, SameAuthority: b.at == o.a.at, Self: b.person == o.a.person,
			Target: b.role, TargetKind: b.kind, End: o.end}).Allow
	}
	for _, s := range o.shares {
		item := o.kind
		if o.action == "ask" {
			item = "request"
		}
		if o.action == "answer" {
			item = "answer"
		}
		under := ""
		if among("case request offer", item) && o.a.kind == hub.Police && s.to != o.x.at {
			under = "within_cooperation"
		}
		answer := p.asks(policies.Disclose{Role: o.a.role, From: o.a.kind, To: p.kinds[s.to], Basis: known(s.basis), Purpose: hub.Prevention, Item: item, State: s.state, Class: s.class,
			Special: s.special, Cooperation: cooperates(s.basis, o.a.at, s.to), TaskArea: (o.a.kind != hub.SelfGoverning && p.kinds[s.to] != hub.SelfGoverning) || cooperates("RPL115-3", o.a.at, s.to), Under: under, Consent: o.action == "send" && o.h.kind == "exit"})
		refused = refused || !answer.Allow
		if answer.Allow {
			for c := range strings.SplitSeq(s.classes, ",") {
				if len(p.engine.Fields(c)) > 0 && !slices.ContainsFunc(p.engine.Fields(c), func(f string) bool { return slices.Contains(answer.Fields, f) }) {
					p.fails(o.x, "%s shares %s with %s, which the rules do not let out: %v", o.a, c, s.to, answer.Fields)
				}
			}
		}
	}
	if refused != o.refused {
		p.fails(o.x, "%s %s %v: the rules refuse it: %v, want %v", o.a, o.action, o.in, refused, o.refused)
	}
	switch {
	case refused:
		return 400, ""
	case o.flaw != "":
		return o.want[0], ""
	}
	return 200, p.newID()
}

// known is a basis on which the demo structure relies; any other is none.
func known(b hub.LegalBasis) hub.LegalBasis {
	if b == "NONE" {
		return ""
	}
	return b
}

// shareState is where the sending of an offer leads.
func (o *order) shareState() string {
	if o.h.kind == "notification" {
		return "taken_up"
	}
	return "offered"
}

// agreed are the actions that lead where others have brought the case, or the offers.
const agreed = "open hold sign close resume reopen follow unconsent"

func (p *paper) did(o *order, made hub.ID) {
	x, l := o.x, p.leaves[o.id]
	to, _ := moves(o.kind, helpKind(o.h), l.state, o.action)
	now := spot{x: x, q: onlyIf(o.kind == "request", o.q), w: onlyIf(o.kind == "answer", o.w), h: onlyIf(o.kind == "offer", o.h)}.state()
	if !among(agreed, o.action) && now != to {
		p.fails(x, "%s leads to %s by the rooms' table, want %s", o.action, to, now)
	}
	l.state = now
	if x.takesAlong() {
		p.leaves[x.concern.id].state = x.concern.state
		for _, a := range p.people {
			if fields := p.fields(a, x.concern.id); !slices.Equal(fields, x.concern.fields(a, p.clock)) {
				p.fails(x, "after %s %s sees of the concern\n%v, want\n%v", o.action, a, fields, x.concern.fields(a, p.clock))
			}
		}
	}
	forever := p.clock.AddDate(100, 0, 0)
	share := func(l *leaf, until time.Time) {
		for _, s := range o.shares {
			l.shares = append(l.shares, &shared{to: s.to, by: o.a.kind, basis: s.basis, classes: s.classes, until: until})
		}
	}
	give := func(l *leaf, list []*actor, until time.Time) {
		for _, b := range list {
			l.passes = append(l.passes, &pass{person: b.person, at: b.at, role: b.role, until: until})
		}
	}
	switch o.action {
	case "open":
		share(l, forever)
		for _, g := range x.circle {
			if g.state == "invited" && g.who.at == o.a.at && p.seats[g] == nil {
				give(l, []*actor{g.who}, g.until)
				p.seats[g] = l.passes[len(l.passes)-1]
			}
		}
	case "invite":
		give(l, o.lets, o.g.until)
		p.seats[o.g] = l.passes[len(l.passes)-1]
		share(l, o.g.until)
	case "uninvite":
		p.seats[o.g].ended = true
		if o.g.who.at != x.at && o.g.who.at != thePolice {
			l.revoke(o.g.who.at)
		}
	case "ask":
		r := p.put(&leaf{kind: "request", controller: o.a.at, state: "asked"})
		p.rename(r, made)
		give(r, o.lets, forever)
		share(r, forever)
	case "answer":
		if o.w == nil {
			break
		}
		r := p.put(&leaf{kind: "answer", controller: o.a.at, state: "released", author: o.a.person, whole: p.leaves[x.id]})
		o.w.id = r.id
		share(r, forever)
	case "recommend":
		p.rename(p.put(&leaf{kind: "offer", controller: o.a.at, state: "offer_draft"}), made)
	case "send":
		give(l, o.h.in, forever)
		share(l, forever)
	case "retract", "withdraw", "cancel":
		l.end()
		l.revoke("")
	case "reopen":
		if len(o.shares) > 0 {
			l.revoke(thePolice)
			share(l, forever)
		}
	}
	p.follows(x, among("close take_back", o.action) && x.state == "closed")
}

func helpKind(h *help) string {
	if h == nil {
		return ""
	}
	return h.kind
}

func (p *paper) rename(l *leaf, id hub.ID) {
	delete(p.leaves, l.id)
	l.id = id
	p.leaves[id] = l
}

// follows is what an action on one thing does to the others.
func (p *paper) follows(x *affair, closes bool) {
	whole := p.leaves[x.id]
	whole.state = x.state
	for _, h := range x.helps {
		l := p.leaves[h.id]
		if l.state != h.now() && h.ended() || (closes || !h.shared && len(h.in) == 0) && h.ended() { // a consent, an age or the case took it along
			l.end()
			l.revoke("")
		}
		l.state = h.now()
	}
	for _, q := range x.queries {
		p.leaves[q.id].state = q.now()
		if q.said != nil {
			p.leaves[q.said.id].state = q.said.now()
		}
	}
	if !closes {
		return
	}
	whole.end()
	for _, s := range whole.shares {
		s.ended = s.ended || x.withdrawn || s.to != thePolice
	}
	for _, q := range x.queries {
		l := p.leaves[q.id]
		l.end()
		l.revoke("")
		if q.said != nil {
			p.leaves[q.said.id].revoke("")
		}
	}
}

// agrees holds what rules and facts give some people against the table.
func (p *paper) agrees(x *affair) {
	spots, _ := x.spots()
	for n := range 3 {
		a := p.near(x)
		if n == 0 {
			a = p.anybody()
		}
		for m := range 3 {
			s := spots[p.IntN(len(spots))]
			if m == 0 {
				s = spots[0]
			}
			o := order{a: a, kind: s.kind(), x: s.x, q: s.q, w: s.w, h: s.h}
			got, want := p.fields(a, s.id()), o.fields(p.clock)
			p.looked++
			if !slices.Equal(got, want) {
				p.fails(x, "%s sees of the %s %s (%s)\n%v, want\n%v", a, o.kind, s.id(), s.state(), got, want)
			}
			p.strict(x, s, a, got)
		}
	}
}

// strict holds invariants against what the rules give, whatever the model says.
func (w *wander) strict(x *affair, s spot, a *actor, fields []string) {
	has := func(list string) bool {
		return slices.ContainsFunc(fields, func(f string) bool { return among(list, f) })
	}
	switch {
	case len(fields) == 0:
	case a.kind == hub.HousingAssociation || among("associate steering administrator manager dpo", string(a.role)):
		w.fails(x, "%s sees something: %v", a, fields)
	case has("address") && !(a.role == hub.MunicipalCoordinator && a.at == x.at):
		w.fails(x, "%s sees the address", a)
	case s.kind() == "case" && a.at == "roskilde" && x.at != "roskilde":
		w.fails(x, "another municipality sees the case: %v", fields)
	case s.kind() == "offer" && s.h.state == "offered" && has("name cpr task") && a.at != s.h.sender:
		w.fails(x, "before it is taken up %s sees who it is: %v", a, fields)
	case x.state == "closed" && s.state() != "taken_up" && (!a.coordinates() || slices.ContainsFunc(fields, func(f string) bool { return !among("reference who_can_see who_has_seen", f) })):
		w.fails(x, "of the %s of a closed case %s sees %v", s.kind(), a, fields)
	case a.role == hub.Institution && s.kind() == "case":
		w.fails(x, "a school sees the case: %v", fields)
	}
}

func (p *paper) passes(d time.Duration) { p.clock = p.clock.Add(d) }

// drafts is a case drafted from a concern, or from none.
func (p *paper) drafts(c *thing) {
	x := &affair{concern: c, at: "koege", state: "opening", band: oneFrom(p.wander, []string{"under_18", "18_25", "18_25", "unknown"}), yes: map[hub.AuthorityKind]bool{}, words: map[hub.AuthorityID]closeWord{}}
	if c != nil {
		x.at = c.municipality
	}
	x.id = p.put(&leaf{kind: "case", controller: x.at, state: "opening"}).id
	x.circle = p.proposes(x.at)
	for _, g := range x.circle {
		g.id = p.newID()
	}
	p.affairs = append(p.affairs, x)
}

// proposes is the core group of a municipality's Infohus, but for deputies.
func (w *wander) proposes(at hub.AuthorityID) (circle []*guest) {
	for _, a := range w.people {
		if a.role == hub.CoreGroup && a.Post.DeputyOf == "" && (a.at == at || a.at == thePolice) {
			circle = append(circle, &guest{who: a, state: "proposed"})
		}
	}
	return circle
}

// intakeAction is an action on a concern, as its room and as policy name it.
func intakeAction(action string) (table, policy string) {
	switch action {
	case "released":
		return "release", "check"
	case "police_only":
		return "keep", "check"
	case "acute":
		return "acute", "check"
	case "confirmed":
		return "confirm", "check"
	case "submit":
		return "submit", "edit"
	case "recall":
		return "recall", "retrieve"
	}
	return action, action
}

// concern has somebody do something with a concern, as the walk of concerns
// does, on paper.
func (p *paper) concern() {
	var open []*thing
	for _, c := range p.things {
		if among("draft received police_check acute police_only triage", c.state) {
			open = append(open, c)
		}
	}
	if len(open) < 4 {
		a := p.anybody()
		if !a.writes() {
			return
		}
		c := &thing{author: a.person, by: hub.Municipality, at: "koege", municipality: "koege", version: 1, begun: p.clock, state: "draft", child: "no",
			sent: map[hub.AuthorityID]bool{}, judged: map[hub.AuthorityKind]string{}, judges: map[hub.ID]bool{}}
		if a.at == "roskilde" {
			c.at, c.municipality = "roskilde", "roskilde"
		}
		if a.kind == hub.Police {
			c.by, c.at, c.municipality = hub.Police, thePolice, oneFrom(p.wander, []hub.AuthorityID{"koege", "roskilde"})
		}
		c.id = p.put(&leaf{kind: "concern", controller: c.at, state: "draft", author: a.person}).id
		p.things = append(p.things, c)
		return
	}
	c := oneFrom(p.wander, open)
	action := oneFrom(p.wander, everyAction)
	a := p.anybody()
	if p.IntN(4) > 0 { // what can be done, by somebody who may
		action = oneFrom(p.wander, strings.Fields(steps[c.state]))
		for range 60 {
			if c.may(a, action, p.clock) {
				break
			}
			a = p.anybody()
		}
	}
	l := p.leaves[c.id]
	rel, who := p.relation(a, l), hub.Actor{Hat: a.Post.Hat}
	table, policy := intakeAction(action)
	want, target := c.expect(a, action, p.clock), p.invitable(a, false)
	if want == 200 && action == "assign" && !(colleagues(a, target) && c.opens(target)) {
		want = 400
	}
	if want == 200 && (action == "unassign" || action == "assign" && c.assigned(target, p.clock)) {
		return // whose is the real hub's to try
	}
	got := 200
	_, ok := intake.Moves[intake.State(l.state)][intake.Action(table)]
	switch ok = ok && (action != "recall" || recallable(l.state, c.by == hub.Police)); {
	case !ok && slices.Contains(p.fields(a, c.id), "state"):
		got = 409
	case !ok:
		got = 404
	case action == "assign" || action == "unassign":
		if !p.asks(policies.Assign{Role: a.role, Kind: a.kind, Relation: rel.Relation, State: rel.State, SameAuthority: target.at == a.at, Self: target.person == a.person, Target: target.role,
			TargetKind: target.kind}).Allow {
			if got = 404; want == 400 {
				got = 400
			}
		}
	case !p.asks(rel.Act(who, policy, hub.Prevention)).Allow:
		got = 404
	case action == "recall" && c.judged[hub.Municipality] != "": // the room's own rule
		got = 409
	}
	p.coded[got]++
	if got != want {
		p.test.Fatalf("INFOHUS_TEST_SEED=%d, step %d: %s %s a concern of %s in %s: %d, want %d", p.seed, p.step, a, action, c.at, c.state, got, want)
	}
	if got == 200 {
		p.judged(c, l, a, action, target)
	}
	b := p.anybody()
	if fields := p.fields(b, c.id); !slices.Equal(fields, c.fields(b, p.clock)) {
		p.test.Fatalf("INFOHUS_TEST_SEED=%d, step %d: %s sees of a concern of %s in %s\n%v, want\n%v", p.seed, p.step, b, c.at, c.state, fields, c.fields(b, p.clock))
	}
}

// judged moves a concern on, and keeps what that gave to whom.
func (p *paper) judged(c *thing, l *leaf, a *actor, action string, target *actor) {
	said := ""
	switch action {
	case "triage":
		said = oneFrom(p.wander, []string{"case", "case", "case", "unfounded", "other_track/violence"})
		for kind, other := range c.judged {
			if kind != a.kind && p.IntN(4) > 0 {
				said = other
			}
		}
	case "submit":
		said = oneFrom(p.wander, []string{"", "forward"})
	case "edit":
		return
	case "assign":
		until := p.clock.AddDate(0, 1, 0)
		c.letIn = append(c.letIn, letIn{id: p.newID(), person: target.person, at: target.at, role: target.role, until: until})
		l.passes = append(l.passes, &pass{person: target.person, at: target.at, role: target.role, until: until})
		return
	}
	sent, in := maps.Clone(c.sent), len(c.letIn)
	c.done(a, action, said, p.clock)
	l.state = c.state
	if action == "recall" {
		l.revoke("")
		for _, g := range l.passes {
			g.ended = g.ended || g.at != c.at
		}
	}
	if len(c.letIn) > in {
		l.passes = append(l.passes, &pass{person: a.person, at: a.at, role: a.role, until: c.letIn[in].until})
	}
	for to := range c.sent {
		basis := hub.LegalBasis("RPL115-2")
		if l.of == hub.Police {
			basis = "RPL115-1-1"
		}
		if !sent[to] {
			l.shares = append(l.shares, &shared{to: to, by: l.of, basis: basis, classes: "access,check,clock,identity,narrative,status,summary,triage", until: p.clock.AddDate(100, 0, 0)})
		}
	}
	if c.state == "case" {
		p.drafts(c)
	}
}

// onPaper opens a hub of paper.
func onPaper(t *testing.T, seed uint64) *paper {
	engine, err := policies.New()
	if err != nil {
		t.Fatal(err)
	}
	s, err := structure.Load(bytes.NewReader(deploy.Demo()), "infohus.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var people []*actor
	for _, post := range s.Posts() {
		if post.Holds(hubtest.Monday) {
			people = append(people, &actor{Client: &hubtest.Client{Login: post.Login, Post: post}, person: post.Person, role: post.Role, kind: post.Kind, at: post.Authority})
		}
	}
	p := &paper{wander: newWander(t, seed, people), engine: engine, clock: hubtest.Monday, leaves: map[hub.ID]*leaf{}, seats: map[*guest]*pass{}}
	p.venue = p
	return p
}

// paperPaces is how many steps the walk on paper has.
const paperPaces = 100_000

// TestVolumeWalkOnPaper walks the whole machine at the level of nouns, rules and
// access facts: 100,000 steps of random people from a draft to a closed case and
// its reopening, each answer and what some people see held against the naive
// table. INFOHUS_TEST_SEED repeats one; a deep run walks ten.
func TestVolumeWalkOnPaper(t *testing.T) {
	for _, seed := range seedsOf(t, []uint64{20261117}, 9) {
		t.Run(fmt.Sprint("INFOHUS_TEST_SEED=", seed), func(t *testing.T) {
			p := onPaper(t, seed)
			cases := 0
			for p.step = range paperPaces {
				switch n := p.IntN(100); {
				case n < 1:
					p.passes(time.Duration(1+p.IntN(60)) * time.Hour)
				case n < 16 || len(p.affairs) == 0:
					p.concern()
				default:
					x := oneFrom(p.wander, p.affairs)
					p.acts(x)
					p.wander.agrees(x)
					p.rests(x)
				}
				cases = max(cases, len(p.affairs))
			}
			if seed == 20261117 {
				sweeps(t, p.done, 0)
			}
			t.Logf("%d steps by %d people, %d kinds of steps done, answers %v, %d views compared", paperPaces, len(p.people), len(p.done), p.coded, p.looked)
		})
	}
}

// rests lets go of cases that have had their day, so that a walk stays among few.
func (w *wander) rests(x *affair) {
	if x.state == "closed" && (x.withdrawn || w.chance(40)) || len(x.story) > 1500 {
		w.affairs = slices.DeleteFunc(w.affairs, func(o *affair) bool { return o == x })
	}
}
