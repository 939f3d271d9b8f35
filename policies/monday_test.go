//go:build !race

package policies

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/infohus/infohus/pkg/hub"
)

// An ordinary Monday in a town of 2,000 users and 100,000 cases: which questions
// the rooms ask when people open their front page, their lists and their things,
// and act. Nothing in it is real. How the people are spread over roles, the cases
// over states, and what one does in a day are guesses, and stand here to be
// judged: they decide how often a question is asked again.

// office is one authority.
type office struct {
	id   int
	kind hub.AuthorityKind
}

// given is what one office has shared with another.
type given struct {
	to      int // the receiving office
	by      hub.AuthorityKind
	basis   hub.LegalBasis
	classes string
}

// thing is one concern, case, request, answer or offer.
type thing struct {
	kind, state string
	of          int // the controller
	by          hub.AuthorityKind
	shares      []given
}

// worker is one user with one hat.
type worker struct {
	at      office
	role    hub.Role
	mine    []int // things assigned to them
	wrote   []int
	recused int // a thing, or -1
}

// town is the whole of it.
type town struct {
	r       *rand.Rand
	offices []office
	workers []*worker
	things  []thing
	near    map[int][]int // office to what it controls or was given, and is not long closed
}

// pick gives one of several, by weight.
func pick[T any](r *rand.Rand, of []T, weight ...int) T {
	sum := 0
	for _, w := range weight {
		sum += w
	}
	n := r.IntN(sum)
	for i, w := range weight {
		if n -= w; n < 0 {
			return of[i]
		}
	}
	return of[len(of)-1]
}

// What the rooms disclose, as they do it.
const (
	shareConcern = "access,check,clock,identity,narrative,status,summary,triage"
	shareCase    = "access,assessment,case_reference,case_status,circle,clock,closing,conclusion,follow_up,identity,inform,meeting,own_dimensions,recommendations,requests"
	shareGuest   = "case_status,identity,meeting,own_dimensions"
	shareRequest = "identity,question,request_status"
	shareOffer   = "identity,measure,offer,offer_preview,offer_status"
	shareCut     = "identity,offer,offer_status" // as far as a consent goes
)

func newTown(users, cases int) *town {
	t := &town{r: rand.New(rand.NewPCG(2026, 11)), near: map[int][]int{}}
	for _, o := range []struct {
		kind hub.AuthorityKind
		n    int
	}{{hub.Police, 1}, {hub.Municipality, 8}, {hub.Region, 1}, {hub.PrisonService, 1}, {hub.SelfGoverning, 10}} {
		for range o.n {
			t.offices = append(t.offices, office{len(t.offices), o.kind})
		}
	}
	t.hire(users)
	for range cases {
		t.open()
	}
	for range cases / 12 {
		t.concern(pick(t.r, []string{"draft", "received", "rerouted", "police_check", "acute", "police_only", "triage", "unfounded", "other_track"}, 2, 8, 3, 8, 1, 1, 10, 45, 22))
	}
	return t
}

// hire fills the offices.
func (t *town) hire(n int) {
	roles := map[hub.AuthorityKind]struct {
		roles  []hub.Role
		weight []int
	}{
		hub.Police:        {[]hub.Role{hub.Reporter, hub.PoliceCoordinator, hub.CoreGroup, hub.LocalPolice, hub.Manager, hub.DPO}, []int{250, 8, 40, 180, 20, 2}},
		hub.Municipality:  {[]hub.Role{hub.Reporter, hub.Institution, hub.Receiver, hub.MunicipalCoordinator, hub.CoreGroup, hub.Manager, hub.DPO}, []int{700, 120, 60, 24, 90, 80, 8}},
		hub.Region:        {[]hub.Role{hub.Reporter, hub.Partner, hub.Manager}, []int{60, 40, 4}},
		hub.PrisonService: {[]hub.Role{hub.Reporter, hub.Partner, hub.Manager}, []int{60, 40, 4}},
		hub.SelfGoverning: {[]hub.Role{hub.Reporter, hub.Institution, hub.Partner, hub.Manager}, []int{100, 60, 20, 10}},
	}
	for range n {
		at := pick(t.r, t.offices, append([]int{500}, append(slices.Repeat([]int{140}, 8), append([]int{104, 104}, slices.Repeat([]int{19}, 10)...)...)...)...)
		from := roles[at.kind]
		t.workers = append(t.workers, &worker{at: at, role: pick(t.r, from.roles, from.weight...), recused: -1})
	}
}

// whose gives somebody of an office in one of some roles, nil if it has none.
func (t *town) whose(at int, roles ...hub.Role) *worker {
	for range 200 {
		if w := t.workers[t.r.IntN(len(t.workers))]; (at < 0 || w.at.id == at) && slices.Contains(roles, w.role) {
			return w
		}
	}
	return nil
}

// add puts a thing into the world, and into the sight of whom it concerns.
func (t *town) add(x thing) int {
	id := len(t.things)
	t.things = append(t.things, x)
	if !strings.HasSuffix(x.state, "closed") || t.r.IntN(20) == 0 {
		t.near[x.of] = append(t.near[x.of], id)
		for _, s := range x.shares {
			t.near[s.to] = append(t.near[s.to], id)
		}
	}
	return id
}

func (t *town) assign(id, at int, roles ...hub.Role) {
	if w := t.whose(at, roles...); w != nil && !strings.HasSuffix(t.things[id].state, "closed") {
		w.mine = append(w.mine, id)
	}
}

const thePolice = 0

func (t *town) municipality() int { return 1 + t.r.IntN(8) }

// concern is one concern, in its state.
func (t *town) concern(state string) {
	m := t.municipality()
	x := thing{kind: "concern", state: state, of: pick(t.r, []int{m, thePolice}, 7, 3)}
	x.by = t.offices[x.of].kind
	to := m + thePolice - x.of
	if !slices.Contains([]string{"draft", "received", "rerouted"}, state) {
		x.shares = []given{{to, x.by, pick(t.r, []hub.LegalBasis{"RPL115-2", "RPL115-1-1", "RPL115-1-2"}, 6, 3, 1), shareConcern}}
	}
	id := t.add(x)
	if w := t.whose(x.of, hub.Reporter, hub.Institution, hub.Receiver); w != nil && state != "case_closed" {
		w.wrote = append(w.wrote, id)
	}
	t.assign(id, x.of, hub.Receiver, hub.MunicipalCoordinator, hub.PoliceCoordinator)
}

// open is one case with all that comes with it.
func (t *town) open() {
	state := pick(t.r, []string{"closed", "follow_up", "recommended", "closing", "assessment", "analysis", "collecting", "opening"}, 860, 50, 10, 10, 20, 15, 25, 10)
	m, done := t.municipality(), state == "closed"
	if done {
		t.concern("case_closed")
	} else {
		t.concern("case")
	}
	x := thing{kind: "case", state: state, of: m, by: hub.Municipality, shares: []given{{thePolice, hub.Municipality, "RPL115-2", shareCase}}}
	if t.r.IntN(5) == 0 && state != "opening" {
		guest := t.offices[9+t.r.IntN(12)]
		x.shares = append(x.shares, given{guest.id, hub.Police, t.basisTo(guest.kind), shareGuest})
	}
	id := t.add(x)
	for _, s := range x.shares[1:] {
		t.assign(id, s.to, hub.Partner, hub.Institution)
	}
	for range 3 {
		t.assign(id, m, hub.CoreGroup, hub.Receiver, hub.Institution)
		t.assign(id, thePolice, hub.CoreGroup, hub.LocalPolice)
	}
	if state == "opening" {
		return
	}
	after := func(open, closed string) string {
		if done {
			return closed
		}
		return open
	}
	for range t.r.IntN(3) {
		t.request(m, after(pick(t.r, []string{"asked", "settled", "retracted"}, 4, 6, 1), "request_closed"))
	}
	for range t.r.IntN(3) {
		t.answer(m, after(pick(t.r, []string{"released", "withdrawn"}, 12, 1), "answer_closed"))
	}
	if state != "collecting" && state != "analysis" {
		t.offer(m, after(pick(t.r, []string{"offer_draft", "offered", "taken_up", "not_taken_up", "offer_withdrawn", "offer_ended"}, 1, 4, 8, 2, 1, 4), "offer_closed"))
	}
}

// basisTo is a basis that something is disclosed on to a kind of authority.
func (t *town) basisTo(kind hub.AuthorityKind) hub.LegalBasis {
	switch kind {
	case hub.PrisonService:
		return pick(t.r, []hub.LegalBasis{"RPL115-1-3a", "RPL115-1-3b", "RPL115-1-3c"}, 2, 1, 3)
	case hub.SelfGoverning:
		return "RPL115-3"
	}
	return pick(t.r, []hub.LegalBasis{"RPL115-2", "RPL115-1-2"}, 3, 1)
}

func (t *town) request(m int, state string) {
	from, to := pick(t.r, []int{m, thePolice}, 3, 2), t.offices[pick(t.r, []int{m, thePolice, 9, 10, 11 + t.r.IntN(10)}, 4, 3, 2, 2, 2)]
	x := thing{kind: "request", state: state, of: from, by: t.offices[from].kind}
	if to.id != from {
		x.shares = []given{{to.id, x.by, t.basisTo(to.kind), shareRequest}}
	}
	t.assign(t.add(x), to.id, hub.Institution, hub.Partner, hub.CoreGroup, hub.LocalPolice, hub.Receiver)
}

func (t *town) answer(m int, state string) {
	from := t.offices[pick(t.r, []int{m, thePolice, 9, 10, 11 + t.r.IntN(10)}, 4, 3, 2, 2, 2)]
	x := thing{kind: "answer", state: state, of: from.id, by: from.kind}
	for _, to := range []int{m, thePolice} {
		if to != from.id {
			basis := hub.LegalBasis("RPL115-2")
			if from.kind == hub.SelfGoverning || from.kind == hub.PrisonService {
				basis = t.basisTo(from.kind)
			}
			x.shares = append(x.shares, given{to, from.kind, basis, pick(t.r, []string{"answer,answer_status", "answer,answer_health,answer_status", "answer,answer_offence,answer_status"}, 6, 2, 2)})
		}
	}
	id := t.add(x)
	if w := t.whose(from.id, hub.Institution, hub.Partner, hub.Receiver); w != nil && state != "answer_closed" {
		w.wrote = append(w.wrote, id)
	}
	t.assign(id, m, hub.CoreGroup)
}

func (t *town) offer(m int, state string) {
	to := t.offices[pick(t.r, []int{m, thePolice, 9, 10, 11 + t.r.IntN(10)}, 6, 2, 2, 2, 2)]
	x := thing{kind: "offer", state: state, of: m, by: hub.Municipality}
	if to.id != m && state != "offer_draft" {
		s := given{to.id, hub.Municipality, t.basisTo(to.kind), shareOffer}
		if t.r.IntN(4) == 0 {
			s.basis, s.classes = "CONSENT-EXIT", pick(t.r, []string{shareOffer, shareCut}, 1, 1)
		}
		x.shares = []given{s}
	}
	t.assign(t.add(x), to.id, hub.Institution, hub.Partner, hub.CoreGroup, hub.LocalPolice, hub.Receiver)
}

// view is the question whether a worker may see a thing, as access.relations
// would put it.
func (t *town) view(w *worker, id int) View {
	x := t.things[id]
	q := View{Role: w.role, Kind: w.at.kind, ReceivedBy: x.by, State: x.state, Purpose: hub.Prevention,
		Assigned: slices.Contains(w.mine, id), Author: slices.Contains(w.wrote, id), Recused: w.recused == id}
	if x.of == w.at.id {
		q.Relation = "own"
	}
	for _, s := range x.shares {
		if s.to == w.at.id {
			q.SharedBy, q.Basis, q.Classes = s.by, s.basis, s.classes
			if q.Relation == "" {
				q.Relation = "shared"
			}
		}
	}
	return q
}

// steps is what is asked of a thing to draw its buttons.
func steps(q View) []Question {
	var all []Question
	for _, a := range append(slices.Clone(actionsOf[itemOf[q.State]]), "reveal") {
		all = append(all, Act{Action: a, Role: q.Role, Kind: q.Kind, Relation: q.Relation, ReceivedBy: q.ReceivedBy, SharedBy: q.SharedBy,
			State: q.State, Assigned: q.Assigned, Author: q.Author, Recused: q.Recused, Purpose: q.Purpose})
	}
	return all
}

// list is what is asked for a list: whether this hat lists, and one question for
// each distinct set of attributes among its things.
func (t *town) list(w *worker) []Question {
	all := []Question{List{Role: w.role, Kind: w.at.kind, Purpose: hub.Prevention}}
	sets := map[View]bool{}
	for _, id := range t.around(w) {
		if q := t.view(w, id); !sets[q] {
			sets[q] = true
			all = append(append(all, q), steps(q)...)
		}
	}
	return all
}

// around is what a worker's lists are made of: what is theirs, and what is their
// office's (of a great office a part, which has every kind of thing in it).
func (t *town) around(w *worker) []int {
	office := t.near[w.at.id]
	if len(office) > 3000 {
		at := t.r.IntN(len(office) - 3000)
		office = office[at : at+3000]
	}
	return slices.Concat(w.mine, w.wrote, office)
}

// day is what one worker asks of the rules on a Monday.
func (t *town) day(w *worker) []Question {
	var all []Question
	front := t.list(w)
	for range 4 { // the front page, in the morning, after lunch, and between
		all = append(all, front...)
	}
	office := t.near[w.at.id]
	coordinates := w.role == hub.MunicipalCoordinator || w.role == hub.PoliceCoordinator
	for range 15 {
		var id int
		switch mine := slices.Concat(w.mine, w.wrote); {
		case t.r.IntN(50) == 0: // a wrong link, a colleague's number
			id = t.r.IntN(len(t.things))
		case len(mine) > 0 && (!coordinates || t.r.IntN(2) == 0):
			id = mine[t.r.IntN(len(mine))]
		case len(office) > 0:
			id = office[t.r.IntN(len(office))]
		default:
			continue
		}
		q := t.view(w, id)
		all = append(append(all, q), steps(q)...)
		if coordinates && t.r.IntN(3) == 0 {
			all = append(all, t.deeds(w, q)...)
		}
	}
	return all
}

// deeds is what a coordinator does with a thing: disclose it, let somebody in.
func (t *town) deeds(w *worker, q View) []Question {
	to := t.offices[t.r.IntN(len(t.offices))]
	d := Disclose{Role: w.role, From: w.at.kind, To: to.kind, Basis: t.basisTo(to.kind), Purpose: hub.Prevention, Item: itemOf[q.State], State: q.State,
		Cooperation: true, TaskArea: to.kind == hub.SelfGoverning, Consent: t.r.IntN(3) == 0}
	if d.Item == "answer" && t.r.IntN(2) == 0 {
		d.Class, d.Special = "health", "DBL7"
	}
	a := Assign{Role: w.role, Kind: w.at.kind, Relation: q.Relation, State: q.State, SameAuthority: true, Target: pick(t.r, []hub.Role{hub.CoreGroup, hub.Receiver, hub.LocalPolice}, 3, 1, 1)}
	return []Question{d, a}
}

// monday is every question of the day, in an order in which people might ask.
func (t *town) monday() []Question {
	var days [][]Question
	for _, w := range t.workers {
		if t.r.IntN(400) == 0 && len(w.mine) > 0 {
			w.recused = w.mine[0]
		}
		days = append(days, t.day(w))
	}
	var all []Question
	for len(days) > 0 { // twenty questions of one, then of another
		i := t.r.IntN(len(days))
		n := min(20, len(days[i]))
		all = append(all, days[i][:n]...)
		if days[i] = days[i][n:]; len(days[i]) == 0 {
			days[i] = days[len(days)-1]
			days = days[:len(days)-1]
		}
	}
	return all
}
