//go:build !race

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// order is one thing that somebody asks for: an action on a case, a question, an
// answer or an offer, with good input or bad, and what the model expects.
type order struct {
	a      *actor
	action string
	kind   string // of what it is on
	id     hub.ID // of it; of nothing that ever was, sometimes
	state  string // of it, before
	x      *affair
	q      *query
	w      *said
	h      *help
	g      *guest
	c      *consented

	method, path string
	in           map[string]any
	want         []int           // the answers that are right: one, or several where several things are wrong
	flaw         string          // what is wrong with the input that the rules of access do not judge
	refused      bool            // whom it lets in, or to whom it discloses, is not allowed
	lets         []*actor        // whom it lets in
	end          bool            // or takes the access from
	shares       []sharing       // what it discloses
	done         func(id hub.ID) // moves the model on
}

// sharing is a disclosure that an order is, or needs.
type sharing struct {
	state   string
	to      hub.AuthorityID
	basis   hub.LegalBasis
	class   string
	special hub.LegalBasis
	classes string // of which it is, as the access facts have them
}

// wrong notes that the input is wrong, in what the rules of access do not judge.
func (o *order) wrong(status int, flaw string) {
	o.flaw = flaw
	o.fails(status)
}

// refuses notes that it asks for what the rules of access refuse.
func (o *order) refuses() {
	o.refused = true
	o.fails(400)
}

func (o *order) fails(status int) {
	if o.want[0] == 200 {
		o.want = nil
	}
	o.want = append(o.want, status)
}

func (w *wander) chance(n int) bool { return w.IntN(n) == 0 }

// word is one that no other text has.
func (w *wander) word() string { w.words++; return fmt.Sprintf("ord%06d", w.words) }

func (w *wander) day(n int) string {
	return w.now().In(hub.Copenhagen).AddDate(0, 0, n).Format(time.DateOnly)
}

// till is the first instant after that day.
func (w *wander) till(n int) time.Time {
	d := w.now().In(hub.Copenhagen).AddDate(0, 0, n+1)
	return time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, hub.Copenhagen)
}

func oneFrom[T any](w *wander, list []T) (one T) {
	if len(list) > 0 {
		one = list[w.IntN(len(list))]
	}
	return one
}

// ground is a basis on which somebody's authority may disclose to others, or one
// that there is none of; and whether it may, to each.
func (w *wander) ground(from *actor, to ...hub.AuthorityID) hub.LegalBasis {
	all := []hub.LegalBasis{"RPL115-1-1", "RPL115-1-2", "RPL115-1-3c", "RPL115-2", "RPL115-3"}
	if w.chance(12) {
		return oneFrom(w, append(all, "RPL114", "GDPR6-1-E", "RHL", "CONSENT-EXIT", "NONE", ""))
	}
	fit := slices.DeleteFunc(slices.Clone(all), func(b hub.LegalBasis) bool {
		return slices.ContainsFunc(to, func(a hub.AuthorityID) bool { return !w.lets(b, from, a) })
	})
	if len(fit) == 0 {
		fit = all
	}
	return oneFrom(w, fit)
}

// lets is whether a basis lets somebody's authority disclose to another: its kind to
// that kind, and the two of them in the cooperation.
func (w *wander) lets(basis hub.LegalBasis, from *actor, to hub.AuthorityID) bool {
	return carries(basis, from.kind, w.kinds[to]) && cooperates(basis, from.at, to)
}

// discloses notes that an order discloses, and what is wrong with it if it may
// not be.
func (o *order) discloses(w *wander, s sharing) {
	o.shares = append(o.shares, s)
	exit := s.basis == "CONSENT-EXIT" && o.action == "send" && o.h.kind == "exit" && inExit(o.a.kind) && inExit(w.kinds[s.to])
	if !exit && !w.lets(s.basis, o.a, s.to) || !special(s.class, s.special, o.a.kind) {
		o.refuses()
	}
	if among("ask send", o.action) && o.x.elsewhere(w, o.a, s.to) {
		o.refuses()
	}
}

// elsewhere is whether something of the case would go from the police to a municipality
// whose it is not: on no terms (L1).
func (x *affair) elsewhere(w *wander, a *actor, to hub.AuthorityID) bool {
	return a.kind == hub.Police && w.kinds[to] == hub.Municipality && to != x.at
}

// inExit is between whom a consent to an exit lets things pass (domain.md 2.7).
func inExit(k hub.AuthorityKind) bool {
	return k == hub.Municipality || k == hub.Police || k == hub.PrisonService
}

// letsIn notes whom an order lets in, or takes the access from.
func (o *order) letsIn(b *actor) {
	o.lets = append(o.lets, b)
	if !let(o.a, b) || o.action == "invite" && b.role == hub.Institution { // a school is asked, and sees nothing of a case (domain.md 2.4)
		o.refuses()
	}
}

func (o *order) basis(b hub.LegalBasis) {
	o.in["legal_basis"], o.in["purpose"], o.in["necessity"] = b, "prevention", because
}

// stepsOf is what can be done with what an order is on.
func (o *order) steps() string {
	switch o.kind {
	case "request":
		return querySteps[o.state]
	case "answer":
		return saidSteps[o.state]
	case "offer":
		if o.h != nil && o.h.kind == "notification" {
			return handSteps[o.state]
		}
		return helpSteps[o.state]
	}
	return caseSteps[o.state]
}

// may says who may, whatever the state: domain.md 2.2, "who acts".
func (o *order) may(now time.Time) bool {
	a := o.a
	if o.x.recused[a.person] {
		return false
	}
	switch o.action {
	case "take_back": // whose case it is
		return a.role == hub.MunicipalCoordinator && a.at == o.x.at
	case "dissent":
		return o.x.leads(a) || o.x.takesPart(a, now)
	case "answer", "decline":
		return o.q.put(a) && !(a.coordinates() && a.at == o.q.asker)
	case "retract":
		return a.coordinates() && a.at == o.q.asker
	case "withdraw":
		return o.w.classes(a, now) != "" && (a.coordinates() && a.at == o.w.q.to || a.person == o.w.by.person)
	case "send", "cancel":
		return a.coordinates() && a.at == o.h.sender
	case "take_up", "turn_down":
		return o.h.has(a) && !(a.coordinates() && a.at == o.h.sender)
	case "progress", "end":
		return a.coordinates() && a.at == o.h.sender || o.h.has(a)
	}
	return o.x.leads(a)
}

// sees reports whether the state of what it is on is shown to who orders.
func (o *order) sees(now time.Time) bool { return slices.Contains(o.fields(now), "state") }

func (o *order) fields(now time.Time) []string {
	switch o.kind {
	case "request":
		return inClasses(o.q.classes(o.a))
	case "answer":
		return inClasses(o.w.classes(o.a, now))
	case "offer":
		return inClasses(o.h.classes(o.a))
	}
	return inClasses(o.x.classes(o.a, now))
}

// order makes one: the base, what it is on, and its input.
func (w *wander) order(a *actor, action string, at spot) *order {
	o := &order{a: a, action: action, x: at.x, q: at.q, w: at.w, h: at.h, kind: at.kind(), id: at.id(), state: at.state(), method: "POST", in: map[string]any{}, want: []int{200}}
	if o.id == "" || w.chance(60) { // of what never was
		o.id, o.state, o.want = hub.NewID(), "", []int{404}
	}
	base := map[string]string{"case": "/api/cases/", "request": "/api/requests/", "answer": "/api/answers/", "offer": "/api/offers/"}[o.kind]
	o.path = base + string(o.id)
	now := w.now()
	switch {
	case o.state == "":
	case !among(o.steps(), action):
		o.want = []int{404}
		if o.sees(now) {
			o.want = []int{409}
		}
	case !o.may(now):
		o.want = []int{404}
	}
	able := o.want[0] == 200 // else they are told of nothing else that is wrong
	switch o.kind {
	case "request":
		w.orderRequest(o, able)
	case "answer":
		o.method = "DELETE"
		o.done = func(hub.ID) { o.w.state, o.w.sent = "withdrawn", map[hub.AuthorityID]string{} }
	case "offer":
		w.orderOffer(o, able)
	default:
		w.orderCase(o, able)
	}
	return o
}

func (w *wander) orderCase(o *order, able bool) {
	x, a := o.x, o.a
	bad := w.IntN(8) == 0
	flaw := func(status int, why string) {
		if able {
			o.wrong(status, why)
		}
	}
	now := w.now()
	switch o.action {
	case "open":
		o.path += "/open"
		members := []hub.ID{}
		var in []*guest
		for _, g := range x.circle {
			if own := g.who.at == a.at; g.state == "proposed" && (own && w.chance(2) || !own && bad && w.chance(3)) {
				members = append(members, g.id)
				if in = append(in, g); !own {
					flaw(400, "of the other party")
				}
			}
		}
		reason := w.word()
		o.in["members"], o.in["reason"] = members, "Kender skolegangen, og skal kunne deltage: "+reason
		o.in["terms"] = "within_cooperation"
		if bad && len(members) == 0 {
			o.in["reason"] = "Fordi."
			flaw(400, "too short a reason")
		}
		if x.yes[a.kind] {
			flaw(409, "confirmed already")
		}
		if a.at == x.at {
			b := w.ground(a, thePolice)
			o.basis(b)
			if able {
				o.discloses(w, sharing{state: "opening", to: thePolice, basis: b, classes: caseShared})
			}
		}
		o.done = func(hub.ID) {
			x.yes[a.kind] = true
			x.told = x.told || a.at == x.at
			for _, g := range in {
				g.state, g.until, g.reason = "invited", now.AddDate(1, 0, 0), reason
			}
			if len(x.yes) == 2 {
				x.state = "collecting"
			}
		}
	case "invite":
		o.path += "/circle"
		b := w.invitable(a, bad)
		n := 3 + w.IntN(60)
		reason := w.word()
		o.in["hat"], o.in["reason"], o.in["until"] = b.Post.Hat.ID, "Kender skolegangen, og skal kunne deltage: "+reason, w.day(n)
		if bad && w.chance(2) {
			o.in["until"] = w.day(-2)
			flaw(400, "a day that has passed")
		}
		old := slices.IndexFunc(x.circle, func(g *guest) bool { return g.who.Post.Hat.ID == b.Post.Hat.ID })
		if old >= 0 && x.circle[old].in(now) {
			flaw(409, "in already")
		}
		if able {
			o.letsIn(b)
		}
		if x.band == "18_25" && withTheYoung(b) {
			flaw(400, "works with the young")
		}
		if b.at != a.at {
			ground := w.ground(a, b.at)
			o.basis(ground)
			if able && b.at != x.at && b.at != thePolice {
				o.discloses(w, sharing{state: x.state, to: b.at, basis: ground, classes: guestShared})
			}
		}
		until := w.till(n)
		o.done = func(id hub.ID) {
			if old < 0 {
				x.circle = append(x.circle, &guest{id: id, who: b})
				old = len(x.circle) - 1
			}
			g := x.circle[old]
			g.state, g.until, g.reason = "invited", until, reason
			o.g = g
		}
	case "uninvite":
		o.method = "DELETE"
		o.g = oneFrom(w, x.circle)
		if in := slices.DeleteFunc(slices.Clone(x.circle), func(g *guest) bool { return !g.in(now) || !let(a, g.who) }); len(in) > 0 && !bad {
			o.g = oneFrom(w, in)
		}
		switch {
		case o.g == nil || bad && w.chance(3):
			o.g = nil
			o.path += "/circle/" + string(hub.NewID())
			flaw(404, "nobody")
		default:
			o.path += "/circle/" + string(o.g.id)
			if !o.g.in(now) {
				flaw(409, "not in")
			} else if able {
				o.end = true
				o.letsIn(o.g.who)
			}
		}
		g := o.g
		o.done = func(hub.ID) { g.state = "ended" }
	case "ask":
		w.orderAsk(o, able, bad)
	case "convene":
		o.path += "/meeting"
		at := now.In(hub.Copenhagen)
		at = time.Date(at.Year(), at.Month(), at.Day(), w.IntN(24), w.IntN(60), 0, 0, hub.Copenhagen)
		if w.chance(3) {
			at = at.AddDate(0, 0, w.IntN(5))
		}
		if slices.ContainsFunc(x.met, at.Equal) {
			flaw(400, "discussed then already")
		}
		o.in["date"], o.in["time"] = at.Format(time.DateOnly), at.Format("15:04")
		if bad {
			o.in["time"] = "25:61"
			flaw(400, "no such time")
		}
		o.done = func(hub.ID) { x.agenda, x.state = at, "analysis" }
	case "hold":
		o.path += "/meeting/held"
		seats := []*actor{}
		for _, p := range w.people {
			if x.leads(p) || x.letIn(p, now) && slices.ContainsFunc(x.circle, func(g *guest) bool { return g.who == p && g.in(now) }) {
				seats = append(seats, p)
			}
		}
		there := map[hub.ID]bool{}
		for range 1 + w.IntN(3) {
			if p := oneFrom(w, seats); p != nil {
				there[p.Post.Hat.ID] = true
			}
		}
		if bad {
			if p := oneFrom(w, w.people); !slices.Contains(seats, p) {
				there[p.Post.Hat.ID] = true
				flaw(400, "was not invited")
			}
		}
		o.in["attendance"] = slices.Sorted(maps.Keys(there))
		note, postponed := w.word(), w.chance(6)
		if postponed {
			o.in["no_note"] = "postponed"
		} else {
			o.in["note"] = "Skole og politi ser det samme billede: " + note
		}
		if x.agenda.IsZero() {
			flaw(409, "no meeting")
		} else if x.agenda.After(now) && !postponed {
			flaw(409, "not yet")
		}
		o.done = func(hub.ID) {
			if x.met, x.agenda = append(x.met, x.agenda), (time.Time{}); !postponed {
				x.notes = append(x.notes, note)
				x.state = "assessment"
			}
		}
	case "draft":
		w.orderDraft(o, able, bad)
	case "dissent":
		o.path += "/dissents"
		mark := w.word()
		o.in = map[string]any{"about": "level", "reason": "Skolen ser en dreng, der keder sig: " + mark, "test": "Jeg skifter mening, hvis fraværet ikke falder.", "due": w.day(100)}
		if bad {
			o.in["test"] = "Nej."
			flaw(400, "no test")
		}
		if x.working().edit == 0 {
			flaw(409, "nothing is written")
		}
		o.done = func(hub.ID) {
			j := x.working()
			j.dissents, j.signs = append(j.dissents, mark), map[hub.ID]hub.AuthorityKind{}
		}
	case "inform":
		o.path += "/inform"
		mark := w.word()
		o.in = map[string]any{"decision": "later", "reason": "Det vil skade barnet at få det at vide nu: " + mark, "again": w.day(40)}
		if bad {
			delete(o.in, "reason")
			flaw(400, "without a reason")
		}
		o.done = func(hub.ID) {
			j := x.working()
			j.informed = mark
			x.keep(j)
		}
	case "sign":
		o.path += "/sign"
		j := x.working()
		if j.edit == 0 {
			flaw(409, "nothing is written")
		} else {
			if !j.ready() {
				flaw(400, "not ready")
			}
			if _, ok := j.signs[a.person]; ok {
				flaw(409, "signed already")
			}
		}
		if bad {
			o.in["content"] = strings.Repeat("00", 32)
			flaw(409, "another content")
		}
		o.done = func(hub.ID) {
			j := x.working()
			if j.signs[a.person] = a.kind; j.done() {
				j.signed, x.state = true, "recommended"
			}
		}
	case "reassess":
		o.path += "/reassess"
		o.in = nil
		o.done = func(hub.ID) {
			j := *x.last()
			j.edit, j.whole, j.signed, j.informed, j.drafter, j.dissents, j.signs = 1, false, false, "", a.person, nil, map[hub.ID]hub.AuthorityKind{}
			x.versions = append(x.versions, &j)
			x.state = "assessment"
		}
	case "recommend":
		w.orderRecommend(o, able, bad)
	case "consent":
		o.path += "/consents"
		c := &consented{mark: w.word(), at: now, to: []hub.AuthorityID{thePolice, x.at, "kriminalforsorgen"}, fields: []string{"identity", "offer_preview", "offer", "measure"}}
		if w.chance(3) {
			c.fields = []string{"offer_preview", "offer"}
		}
		o.in = map[string]any{"document": "Samtykke " + c.mark, "signed_on": w.day(-2), "scope": "At politi og kommune må tale sammen om forløbet.", "fields": c.fields,
			"recipients": c.to}
		if bad {
			o.in["fields"] = []string{"cpr"}
			flaw(400, "no such field")
		}
		o.done = func(id hub.ID) { c.id = id; x.consents = append(x.consents, c) }
	case "unconsent":
		o.c = oneFrom(w, x.consents)
		o.in = nil
		if o.c == nil || bad {
			o.c = nil
			o.path += "/consents/" + string(hub.NewID()) + "/withdraw"
			flaw(404, "no consent")
		} else {
			if o.path += "/consents/" + string(o.c.id) + "/withdraw"; o.c.ended {
				flaw(409, "withdrawn already")
			}
		}
		o.done = func(hub.ID) { x.revoke(o.c); x.advance() }
	case "follow":
		o.path += "/followups"
		mark := w.word()
		o.in = map[string]any{"movements": []map[string]any{{"dimension": "family", "movement": "better"}}, "note": "Det går fremad: " + mark, "next": w.day(3 + w.IntN(15))}
		if bad {
			o.in["next"] = w.day(400)
			flaw(400, "too late")
		}
		o.done = func(hub.ID) {
			x.followed = append(x.followed, mark)
			x.state = "follow_up"
		}
	case "close":
		w.orderClose(o, able, bad)
	case "resume":
		o.path += "/resume"
		o.in = nil
		o.done = func(hub.ID) { x.state, x.words = x.from, map[hub.AuthorityID]closeWord{} }
	case "reopen":
		w.orderReopen(o, able, bad)
	case "take_back":
		o.path += "/take-back"
		o.in["reason"] = "Sagen blev delt på et grundlag, som ikke holder."
		if !x.told {
			flaw(409, "the police do not have it")
		}
		if bad {
			o.in["reason"] = "Fordi."
			flaw(400, "too short a reason")
		}
		o.done = func(hub.ID) { x.close("taken_back") }
	}
}

// invitable is mostly somebody whom one may let in.
func (w *wander) invitable(a *actor, bad bool) *actor {
	b := w.anybody()
	for range 60 {
		if bad || let(a, b) {
			break
		}
		b = w.anybody()
	}
	return b
}

func (w *wander) orderAsk(o *order, able, bad bool) {
	x, a := o.x, o.a
	o.path += "/requests"
	q := &query{x: x, asker: a.at, state: "asked", mark: w.word()}
	if q.to = thePolice; a.kind == hub.Police {
		q.to = x.at
	}
	if w.chance(2) || bad {
		q.named = []*actor{w.invitable(a, bad)}
		q.to = q.named[0].at
		if b := w.invitable(a, bad); b.at == q.to && b.person != q.named[0].person && !withTheYoung(b) && !withTheYoung(q.named[0]) {
			q.named = append(q.named, b)
		}
	} else if w.chance(12) { // to somebody by no name, where one must be named
		q.to = oneFrom(w, []hub.AuthorityID{a.at, "psykiatrien", "roskilde", "greve"})
	}
	n := 2 + w.IntN(20)
	q.due = w.till(n)
	hats := []hub.ID{}
	for _, b := range q.named {
		if hats = append(hats, b.Post.Hat.ID); able {
			o.letsIn(b)
		}
	}
	o.in = map[string]any{"authority": q.to, "hats": hats, "questions": "Går han i skole? " + q.mark, "necessity": because, "due": w.day(n)}
	basis := hub.LegalBasis("")
	if q.to != a.at {
		basis = w.ground(a, q.to)
	}
	o.basis(basis)
	other := thePolice
	if a.kind == hub.Police {
		other = x.at
	}
	if able {
		if len(q.named) == 0 && q.to != other {
			o.wrong(400, "nobody is named")
		}
		if q.to != a.at {
			o.discloses(w, sharing{state: "asked", to: q.to, basis: basis, classes: "identity,question,request_status"})
		}
		if x.band == "18_25" && len(q.named) > 0 && withTheYoung(q.named[0]) {
			o.wrong(400, "works with the young")
		}
		if bad && w.chance(2) {
			o.in["questions"] = ""
			o.wrong(400, "no question")
		}
	}
	o.q = q
	o.done = func(id hub.ID) {
		q.id = id
		x.queries = append(x.queries, q)
		if x.state == "analysis" {
			x.state = "collecting"
		}
	}
}

// The classes that shares of a case name, as the access facts have them.
const (
	caseShared  = "access,assessment,case_reference,case_status,circle,clock,closing,conclusion,follow_up,identity,inform,meeting,own_dimensions,recommendations,requests"
	guestShared = "case_status,identity,meeting,own_dimensions"
)

func (w *wander) orderDraft(o *order, able, bad bool) {
	x, a := o.x, o.a
	o.method, o.path = "PUT", o.path+"/assessment"
	j := x.working()
	next := &joint{edit: j.edit + 1, whole: !w.chance(5), drafter: a.person, informed: j.informed, signs: map[hub.ID]hub.AuthorityKind{}, dims: []string{w.word(), w.word()},
		gap: w.word(), why: w.word(), test: w.word(), dissents: j.dissents}
	o.in["edit"] = j.edit
	now := w.now()
	var cites *said
	var all []*said
	for _, q := range x.queries {
		if q.said != nil {
			all = append(all, q.said)
		}
	}
	if w.chance(2) && len(all) > 0 {
		cites = oneFrom(w, all)
		if next.cites = []*said{cites}; able && !slices.Contains(j.cites, cites) && !slices.Contains(inClasses(cites.classes(a, now)), "grade") {
			o.wrong(400, "cites what they do not see")
		}
	}
	lens := []string{"convictions_rhetoric", "violence_willingness", "criminal_history", "socialisation_relationships", "personality", "mental_vulnerability", "family", "network_leisure", "education_employment"}
	var dims []map[string]any
	for i, code := range lens {
		d := map[string]any{"code": code, "relevance": "none"}
		if i < 2 {
			d["relevance"], d["movement"], d["confidence"] = "central", "worse", "medium"
			e := map[string]any{"text": "Gentager slagord: " + next.dims[i], "kind": "hearsay", "source": "Klub", "as_of": w.day(-10), "cited": true}
			if i == 0 && cites != nil {
				e["answer"] = cites.id
			}
			d[[]string{"evidence_for", "evidence_against"}[i]] = []map[string]any{e}
		}
		if i == 0 {
			d["gaps"] = []map[string]any{{"what": "Hvem har han kontakt til? " + next.gap, "who_could_know": x.at, "due": w.day(200)}}
		}
		dims = append(dims, d)
	}
	o.in["dimensions"], o.in["level"], o.in["valid_until"] = dims, "concern", w.day(300)
	o.in["rationale"] = "Fraværet og den nye omgangskreds taler for bekymringen. Hans afstand til vold taler imod den: " + next.why
	if o.in["change_test"] = "At han igen kommer i skole hver dag: " + next.test; !next.whole {
		delete(o.in, "level")
	}
	if bad && able {
		if o.in["edit"] = j.edit + 1; w.chance(2) {
			o.in["edit"], o.in["level"] = j.edit, "very bad"
			o.wrong(400, "no such level")
		} else {
			o.wrong(409, "written elsewhere meanwhile")
		}
	}
	o.done = func(hub.ID) {
		j := x.working()
		*j = *next
		x.keep(j)
	}
}

func (w *wander) orderRecommend(o *order, able, bad bool) {
	x, a := o.x, o.a
	o.path += "/offers"
	h := &help{x: x, sender: a.at, to: a.at, state: "offer_draft", measure: oneFrom(w, strings.Fields("mentor street_team concern_talk exit statutory_notification")), preview: w.word(), task: w.word()}
	h.kind = map[string]string{"mentor": "plain", "street_team": "plain", "concern_talk": "talk", "exit": "exit", "statutory_notification": "notification"}[h.measure]
	h.young = among("street_team statutory_notification", h.measure)
	if x.band == "under_18" && h.measure == "exit" || x.band == "18_25" && h.young {
		if !w.chance(4) {
			h.measure, h.kind, h.young = "mentor", "plain", false
		} else if able {
			o.wrong(400, "not of the age")
		}
	}
	switch n := w.IntN(10); {
	case n < 4: // a department, or everybody, of the own authority
		h.department = oneFrom(w, map[hub.AuthorityKind][]string{hub.Municipality: {"velfaerd", "papirdragen", "boern-uddannelse", "beskaeftigelse", "digitalisering", ""}, hub.Police: {"forebyggelse", "lokalpoliti", ""}}[a.kind])
		if a.at == "roskilde" {
			h.department = oneFrom(w, []string{"skole-boern", ""})
		}
	case n < 7:
		if h.to = thePolice; a.kind == hub.Police {
			h.to = oneFrom(w, []hub.AuthorityID{x.at, x.at, x.at, "psykiatrien", "paraplyen", "roskilde"})
		}
	default:
		b := w.invitable(a, bad)
		h.named, h.to = []*actor{b}, b.at
	}
	hats := []hub.ID{}
	for _, b := range h.named {
		hats = append(hats, b.Post.Hat.ID)
	}
	o.in = map[string]any{"authority": h.to, "dimension": "family", "measure": h.measure, "task": "Mød ham to gange om ugen: " + h.task, "hats": hats}
	if h.department != "" {
		o.in["department"] = h.department
		if a.kind != hub.Municipality && a.kind != hub.Police || a.at == "roskilde" && h.department != "skole-boern" {
			delete(o.in, "department")
			h.department = ""
		}
	}
	if h.kind != "notification" {
		o.in["preview"] = "En ung har brug for en voksen at holde sig til: " + h.preview
	} else {
		h.preview = ""
	}
	if bad && able && w.chance(2) {
		o.in["dimension"] = "stars"
		o.wrong(400, "no such dimension")
	}
	if able && !w.receivable(a, h) {
		o.wrong(400, "nobody there can receive it")
	}
	o.h = h
	o.done = func(id hub.ID) {
		h.id = id
		x.helps = append(x.helps, h)
	}
}

// receivable is where an offer can go: to somebody whom the sender may let in, or
// to the coordinators of another authority; and a notification within the own.
func (w *wander) receivable(a *actor, h *help) bool {
	if h.x.elsewhere(w, a, h.to) {
		return false
	}
	if h.to != a.at {
		bases := []hub.LegalBasis{"RPL115-1-1", "RPL115-1-2", "RPL115-1-3c", "RPL115-2", "RPL115-3"}
		if h.kind == "notification" || !slices.ContainsFunc(bases, func(b hub.LegalBasis) bool { return w.lets(b, a, h.to) }) {
			return false
		}
		if h.to == thePolice || a.at == thePolice && w.kinds[h.to] == hub.Municipality && w.coordinated[h.to] {
			return true
		}
	}
	return slices.ContainsFunc(w.people, func(b *actor) bool {
		return b.at == h.to && (h.department == "" || b.Post.Department == h.department) && let(a, b)
	})
}

func (w *wander) orderClose(o *order, able, bad bool) {
	x, a := o.x, o.a
	o.path += "/close"
	reason := oneFrom(w, strings.Fields("risk_reduced risk_reduced unfounded moved duplicate error"))
	if x.state == "closing" && !w.chance(3) { // mostly they come to agree
		for at, word := range x.words {
			if at != a.at {
				reason = word.reason
			}
		}
	}
	mark := w.word()
	o.in = map[string]any{"reason": reason, "informed": "yes", "after_care": "Skolens vejleder kan kontaktes: " + mark}
	if bad && able {
		o.in["informed"] = "maybe"
		o.wrong(400, "no such code")
	}
	o.done = func(hub.ID) {
		if x.state != "closing" {
			x.from, x.state, x.words, x.said = x.state, "closing", map[hub.AuthorityID]closeWord{}, nil
		}
		x.said = append(x.said, mark)
		for at, word := range x.words {
			if at != a.at && word.reason == reason && word.person != a.person { // two parties, two identities, one reason
				x.close(reason)
				return
			}
		}
		x.words[a.at] = closeWord{a.person, reason}
	}
}

func (w *wander) orderReopen(o *order, able, bad bool) {
	x, a := o.x, o.a
	o.path += "/reopen"
	o.in["reason"] = "Ny bekymring om det samme, som skal ses på."
	now := w.now()
	asks := x.asks
	if n := len(asks); n > 0 && asks[n-1].at.Add(14*24*time.Hour).Before(now) {
		asks = nil // too long ago
	}
	first := len(asks) == 0
	shares := a.at == x.at && !(len(asks) > 0 && asks[len(asks)-1].shared)
	if shares {
		b := w.ground(a, thePolice)
		o.basis(b)
		if able && x.withdrawn {
			o.wrong(409, "it was withdrawn")
		}
		if able {
			o.discloses(w, sharing{state: "assessment", to: thePolice, basis: b, classes: caseShared})
		}
	}
	if bad && able {
		o.in["reason"] = "Fordi."
		o.wrong(400, "too short a reason")
	}
	if able && !first && w.oneDesk(asks[len(asks)-1].person, a.person) {
		o.wrong(409, "a second person must")
	} else if able && !first && !shares && !asks[len(asks)-1].shared {
		o.wrong(409, "the controller has not")
	}
	o.done = func(hub.ID) {
		x.asks = append(asks, reopenWord{a.person, shares, now})
		if !first {
			x.state, x.asks, x.words = "assessment", nil, map[hub.AuthorityID]closeWord{}
		}
	}
}

// oneDesk is whether two people are one, or one is there for the other.
func (w *wander) oneDesk(a, b hub.ID) bool {
	for _, p := range w.people {
		for _, of := range w.people {
			if p.Post.DeputyOf != "" && p.Post.DeputyOf == of.Post.Hat.ID && (p.person == a && of.person == b || p.person == b && of.person == a) {
				return true
			}
		}
	}
	return a == b
}

func (w *wander) orderRequest(o *order, able bool) {
	q, a, x := o.q, o.a, o.x
	switch o.action {
	case "retract":
		o.method, o.in = "DELETE", nil
		o.done = func(hub.ID) { q.state = "retracted" }
	case "decline":
		o.path, o.in = o.path+"/decline", nil
		o.done = func(hub.ID) { q.state, q.outcome = "settled", "declined" }
	case "answer":
		o.path += "/answer"
		grade := w.IntN(4)
		s := &said{q: q, by: a, state: "released", marks: map[string]string{"ordinary": w.word()}, sent: map[hub.AuthorityID]string{}}
		o.in = map[string]any{"grade": grade}
		var to []hub.AuthorityID
		if q.asker != a.at {
			to = append(to, q.asker)
		}
		for range w.IntN(3) {
			other := oneFrom(w, []hub.AuthorityID{x.at, thePolice, "psykiatrien", "kriminalforsorgen", "maanebakken"})
			if (x.hasPart(other, w.now()) || w.chance(6)) && other != a.at && !slices.Contains(to, other) {
				to = append(to, other)
			}
		}
		basis := w.ground(a, to...)
		o.basis(basis)
		o.in["to"] = to
		class, ground := "ordinary", hub.LegalBasis("")
		switch grade {
		case 1:
			o.in["contact"] = "Skolens vejleder " + s.marks["ordinary"]
		case 2:
			o.in["conclusion"] = "Han går i skole. " + s.marks["ordinary"]
		case 3:
			if w.chance(2) {
				class = oneFrom(w, []string{"health", "offence"})
				if ground = oneFrom(w, []hub.LegalBasis{"DBL7", "DBL7", "DBL8-1", "RHL"}); class == "offence" {
					ground = oneFrom(w, []hub.LegalBasis{"DBL8-2", "DBL8-4", "RHL", "DBL7"})
				}
				s.marks[class] = w.word()
			}
			line := func(class string, special hub.LegalBasis) map[string]any {
				return map[string]any{"kind": "fact", "text": "Er i skole fire dage om ugen. " + s.marks[class], "source": "journal", "reliability": "A", "as_of": "2026-11-01", "class": class, "special": special}
			}
			list := []map[string]any{line("ordinary", "")}
			if class != "ordinary" {
				list = append(list, line(class, ground))
			}
			o.in["statements"] = list
		}
		if able && grade > 0 {
			for _, r := range to {
				if !x.hasPart(r, w.now()) {
					o.wrong(400, "has no part in it")
				}
				o.discloses(w, sharing{state: "released", to: r, basis: basis, classes: "answer,answer_status"})
				if class != "ordinary" {
					o.discloses(w, sharing{state: "released", to: r, basis: basis, class: class, special: ground, classes: "answer_" + class})
				}
			}
		}
		if able && w.chance(10) {
			o.in["grade"] = 7
			o.wrong(400, "no such grade")
		}
		if grade > 0 {
			o.w = s
		}
		o.done = func(hub.ID) {
			if q.state, q.outcome = "settled", "answered"; grade == 0 {
				q.outcome = "nothing"
				return
			}
			for _, r := range to {
				if s.sent[r] = ""; class != "ordinary" {
					s.sent[r] = class
				}
			}
			q.said = s
		}
	}
}

// hasPart reports whether an authority takes part in a case: as a party, by
// somebody invited, or by a question.
func (x *affair) hasPart(at hub.AuthorityID, now time.Time) bool {
	return at == x.at || at == thePolice || slices.ContainsFunc(x.circle, func(g *guest) bool { return g.who.at == at && g.in(now) }) ||
		slices.ContainsFunc(x.queries, func(q *query) bool { return q.state != "retracted" && (q.to == at || q.asker == at) })
}

func (w *wander) orderOffer(o *order, able bool) {
	h, a, x := o.h, o.a, o.x
	bad := w.IntN(8) == 0
	mark := w.word()
	switch o.action {
	case "send":
		o.path += "/send"
		w.orderSend(o, able)
	case "take_up", "turn_down":
		o.path += "/answer"
		o.in = map[string]any{"answer": map[string]string{"take_up": "taken_up", "turn_down": oneFrom(w, []string{"not_taken_up", "other"})}[o.action], "note": "Vi ringer. " + mark}
		o.done = func(hub.ID) {
			h.notes = append(h.notes, mark)
			h.state = map[string]string{"take_up": "taken_up", "turn_down": "not_taken_up"}[o.action]
			x.advance()
		}
	case "cancel":
		o.path, o.in = o.path+"/withdraw", nil
		o.done = func(hub.ID) {
			h.letOut()
			h.state = "offer_withdrawn"
			x.advance()
		}
	case "progress":
		o.path += "/progress"
		o.in = map[string]any{"status": "running", "end": w.day(60), "effect": "Fraværet falder. " + mark}
		if bad && able {
			delete(o.in, "end")
			o.wrong(400, "without an end")
		}
		o.done = func(hub.ID) { h.notes = append(h.notes, mark) }
	case "end":
		o.path += "/end"
		o.in = map[string]any{"outcome": "completed", "effect": "Han er i skole. " + mark}
		if h.kind == "notification" {
			o.in, mark = map[string]any{}, ""
			if able && !slices.ContainsFunc(h.in, func(b *actor) bool { return b.person == a.person && b.at == a.at && b.role == a.role }) {
				o.wrong(409, "the receipt is the receiver's")
			}
		} else if bad && able {
			o.in["outcome"] = "outgrown"
			o.wrong(400, "that is the clock's")
		}
		o.done = func(hub.ID) {
			if mark != "" {
				h.notes = append(h.notes, mark)
			}
			h.state = "offer_ended"
		}
	}
}

func (w *wander) orderSend(o *order, able bool) {
	h, a, x := o.h, o.a, o.x
	to := "offered"
	if h.kind == "notification" {
		to = "taken_up"
	}
	var basis hub.LegalBasis
	if h.to != h.sender {
		basis = w.ground(a, h.to)
	}
	o.basis(basis)
	var in []*actor
	if !able {
		return
	}
	var consent *consented // the newest that is in force and names them
	if h.kind == "exit" {
		for _, c := range x.consents {
			if !c.ended && slices.Contains(c.to, h.to) && (consent == nil || c.at.After(consent.at)) {
				consent = c
			}
		}
		if consent == nil || x.band != "18_25" {
			o.wrong(409, "no consent, or not known to be of age")
		}
	}
	if h.young && x.band == "18_25" {
		o.wrong(409, "come of age since")
	}
	if h.kind == "notification" && h.to != h.sender {
		o.wrong(409, "to the own authority only")
		return
	}
	for _, b := range h.named {
		o.letsIn(b)
		in = append(in, b)
	}
	if len(h.named) == 0 && h.to == h.sender {
		for _, b := range w.people {
			if b.at == h.to && (h.department == "" || b.Post.Department == h.department) && let(a, b) {
				in = append(in, b)
			}
		}
		if len(in) == 0 {
			o.wrong(400, "nobody there")
		}
	}
	if h.to != h.sender {
		classes := []string{"identity", "measure", "offer", "offer_preview", "offer_status"}
		if consent != nil {
			classes = slices.DeleteFunc(classes, func(c string) bool { return c != "offer_status" && !slices.Contains(consent.fields, c) })
		}
		o.discloses(w, sharing{state: to, to: h.to, basis: basis, classes: strings.Join(classes, ",")})
		if len(h.named) == 0 && !(h.to == thePolice || h.sender == thePolice && w.kinds[h.to] == hub.Municipality && w.coordinated[h.to]) {
			o.wrong(400, "nobody there")
		}
	}
	o.done = func(hub.ID) {
		h.state, h.in, h.shared, h.consent, h.sent = to, in, h.to != h.sender, consent, true
		x.advance()
	}
}
