//go:build !race

package main

import (
	"slices"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// The case, its questions, answers and offers, and who may see what of them,
// written a second time as plainly as domain.md 2.2 (S4 to S10) and 2.4 put it.
// Nothing of policies/*.rego, matrix.csv, acts.csv or of the rooms' tables is
// looked at here.

const thePolice = hub.AuthorityID("mvs-politi")

// affair is a case as the model knows it, with everything that hangs on it.
type affair struct {
	id, subject hub.ID
	concern     *thing
	band        string                     // under_18, 18_25, unknown
	recused     map[hub.ID]bool            // persons who are too close to it (inhabil)
	at          hub.AuthorityID            // the municipality whose it is
	state       string                     // as domain.md has it; "" until it is drafted
	yes         map[hub.AuthorityKind]bool // who has confirmed the circle
	told        bool                       // the police have it shared
	circle      []*guest
	queries     []*query
	helps       []*help
	consents    []*consented
	agenda      time.Time // of the meeting at which it is to be discussed; zero for none
	met         []time.Time
	versions    []*joint
	from        string                        // where the closing began
	words       map[hub.AuthorityID]closeWord // each party's last, of this closing
	said        []string                      // what was said of closing, this time
	asks        []reopenWord                  // who wants it opened again, the newest last
	withdrawn   bool                          // it was closed as an error, or taken back: the police have nothing of it
	notes       []string                      // what was said at its meetings, and at its follow-ups
	followed    []string
	story       []string
}

// guest is a place in the circle: proposed, invited or out again.
type guest struct {
	id     hub.ID
	who    *actor
	state  string
	until  time.Time
	reason string
}

// in reports whether they are let in now.
func (g *guest) in(now time.Time) bool { return g.state == "invited" && now.Before(g.until) }

// query is a question to one authority.
type query struct {
	id        hub.ID
	x         *affair
	asker, to hub.AuthorityID
	named     []*actor
	state     string // asked, settled, retracted
	outcome   string
	due       time.Time
	mark      string
	said      *said
	ended     bool // with its case
}

// said is an answer that an authority let out.
type said struct {
	id    hub.ID
	q     *query
	by    *actor
	marks map[string]string          // the words, by ordinary, health, offence
	sent  map[hub.AuthorityID]string // whom it is disclosed to now, and which words besides the ordinary
	state string                     // released, withdrawn
}

// help is an offer of help to one authority.
type help struct {
	id            hub.ID
	x             *affair
	sender        hub.AuthorityID
	to            hub.AuthorityID
	department    string
	named         []*actor // those who were chosen; none for a whole department, or the other party's coordinator
	in            []*actor // those who were let in, and still are
	sent          bool
	shared        bool // with another authority, in force
	measure, kind string
	young         bool // for people under 18 only
	consent       *consented
	state         string
	preview, task string   // the words
	notes         []string // what is said of how it goes
}

// consented is a consent of the person's.
type consented struct {
	id     hub.ID
	ended  bool
	fields []string
	to     []hub.AuthorityID
	at     time.Time
	mark   string
}

// joint is one version of the joint assessment.
type joint struct {
	edit     int
	whole    bool // nothing that must be there is missing
	signed   bool // by everybody who must
	drafter  hub.ID
	informed string                       // the reason, and that the duty to inform was decided
	signs    map[hub.ID]hub.AuthorityKind // valid signatures: who, for which party
	cites    []*said                      // in the first dimension
	dims     []string                     // the words: in the dimensions, the first being the one that cites
	gap      string
	why      string
	test     string
	dissents []string
}

// ready reports whether it can be signed: whole, the duty to inform decided
// (L35), and nothing in it was taken back.
func (j *joint) ready() bool {
	return j.whole && j.informed != "" && !slices.ContainsFunc(j.cites, func(w *said) bool { return w.state == "withdrawn" })
}

// done reports whether the drafter and both parties have signed.
func (j *joint) done() bool {
	_, drafter := j.signs[j.drafter]
	both := map[hub.AuthorityKind]bool{}
	for _, kind := range j.signs {
		both[kind] = true
	}
	return drafter && len(both) == 2
}

// last is the version that is shown; nil before the first.
func (x *affair) last() *joint {
	if len(x.versions) == 0 {
		return nil
	}
	return x.versions[len(x.versions)-1]
}

// working is the version that is written: a signed one is never changed.
func (x *affair) working() *joint {
	if j := x.last(); j != nil && !j.signed {
		return j
	}
	return &joint{signs: map[hub.ID]hub.AuthorityKind{}}
}

// keep makes the working version the one that is shown.
func (x *affair) keep(j *joint) {
	if x.last() != j {
		x.versions = append(x.versions, j)
	}
}

type closeWord struct {
	person hub.ID
	reason string
}

type reopenWord struct {
	person hub.ID
	shared bool // with the municipality's disclosure
	at     time.Time
}

// leads reports whether somebody is one of the two parties' coordinators, and
// has the case: the municipality its own, the police once it is shared.
func (x *affair) leads(a *actor) bool {
	return a.role == hub.MunicipalCoordinator && a.at == x.at || a.role == hub.PoliceCoordinator && a.at == thePolice && x.told
}

// hosts reports whether an authority has the case: as the controller, by the
// municipality's share, or because somebody there is invited.
func (x *affair) hosts(at hub.AuthorityID, now time.Time) bool {
	return at == x.at || at == thePolice && x.told ||
		at != thePolice && slices.ContainsFunc(x.circle, func(g *guest) bool { return g.who.at == at && g.in(now) })
}

// letIn reports whether somebody is let into the case, as a person and at an
// authority that has it. A seat in the core group is nothing by itself.
func (x *affair) letIn(a *actor, now time.Time) bool {
	return x.hosts(a.at, now) && x.assigned(a, now)
}

// assigned is letIn whether or not the authority has it. An assignment is of one of a person's hats.
func (x *affair) assigned(a *actor, now time.Time) bool {
	return slices.ContainsFunc(x.circle, func(g *guest) bool {
		return g.who.person == a.person && g.who.at == a.at && g.who.role == a.role && g.in(now)
	})
}

// takesPart is who is told what at the meeting table, and may dissent.
func (x *affair) takesPart(a *actor, now time.Time) bool {
	switch a.role {
	case hub.CoreGroup, hub.LocalPolice:
		return x.letIn(a, now)
	case hub.Partner:
		return a.at != x.at && x.letIn(a, now)
	}
	return false
}

// classes is domain.md 2.4, columns S4 to S10, of the case itself.
func (x *affair) classes(a *actor, now time.Time) string {
	if x.recused[a.person] {
		return ""
	}
	at := slices.Index(stages, x.state)
	past := func(s string) bool { return at >= slices.Index(stages, s) }
	switch {
	case at < 0:
		return ""
	case x.leads(a) && x.state == "closed":
		return "reference access"
	case x.leads(a):
		see := "status clock identity circle access"
		if a.kind == hub.Municipality {
			see += " address"
		}
		for _, more := range []struct{ from, what string }{{"collecting", " requests"}, {"analysis", " meeting"}, {"assessment", " assessment inform"},
			{"recommended", " recommendations follow"}, {"closing", " closing"}} {
			if past(more.from) {
				see += more.what
			}
		}
		return see
	case !past("collecting") || x.state == "closed" || !x.letIn(a, now):
		return ""
	}
	discussed, before := among("collecting analysis", x.state), among("collecting analysis assessment", x.state)
	see := "status"
	switch {
	case a.role == hub.CoreGroup && before: // what is discussed; the conclusion and the own tasks
		see += " identity meeting"
		if !discussed {
			see += " conclusion own"
		}
	case a.role == hub.LocalPolice && a.kind == hub.Police && before:
		see += " identity"
		if see += " meeting"; !discussed {
			see = "status identity conclusion"
		}
	case a.role == hub.Receiver && a.at == x.at && before:
		if see += " identity"; !discussed {
			see += " conclusion"
		}
	case a.role == hub.Partner && discussed:
		see += " identity meeting"
	case a.role == hub.Partner && x.state == "assessment":
		see += " own"
	case a.role == hub.CoreGroup, a.role == hub.LocalPolice && a.kind == hub.Police, a.role == hub.Receiver && a.at == x.at, a.role == hub.Partner:
	default: // a school sees the question put to it, and no case
		return ""
	}
	return see
}

// stages are the states of a case, in the order of the process.
var stages = strings.Fields("opening collecting analysis assessment recommended follow_up closing closed")

// caseFields are the fields of the classes of a case, a question, an answer and
// an offer.
var caseFields = map[string]string{
	"reference": "reference", "status": "reference state opened_at next_date instrument", "clock": "due child_due erase_at retention_rule",
	"identity": "name cpr birth_date age_band protected", "address": "address", "access": "who_can_see who_has_seen",
	"circle": "circle", "requests": "requests", "meeting": "meeting", "assessment": "dimensions level rationale dissents gaps signatures change_test valid_until",
	"conclusion": "level rationale recommendations", "own": "own_dimensions", "inform": "inform", "recommendations": "recommendations",
	"follow": "follow_ups tasks", "closing": "closing",
	"asked": "reference state due", "question": "questions necessity",
	"said": "reference state settled_at", "answer": "grade contact conclusion facts", "health": "health_facts", "offence": "offence_facts",
	"offered": "reference state offered_at due", "preview": "dimension measure preview", "task": "task", "progress": "progress",
}

// inClasses gives the fields of classes, sorted.
func inClasses(classes string) []string {
	all := []string{}
	for _, c := range strings.Fields(classes) {
		all = append(all, strings.Fields(caseFields[c])...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// receives reports whether somebody is asked, or offered something: by name, of
// the own authority or of the one it was shared with; or as the coordinator of
// the other party, to whose authority it went.
func receives(a *actor, from, to hub.AuthorityID, shared bool, in []*actor) bool {
	if a.coordinates() && a.at == to && to != from && shared { // of the other party, or of whoever it went to
		return a.kind == hub.Police || from == thePolice
	}
	if !slices.ContainsFunc(in, func(n *actor) bool { return n.person == a.person && n.at == a.at && n.role == a.role }) {
		return false
	}
	switch a.role {
	case hub.CoreGroup, hub.Institution:
	case hub.LocalPolice:
		if a.kind != hub.Police {
			return false
		}
	case hub.Receiver:
		return a.at == from
	case hub.Partner:
		return a.at == to && to != from && shared
	default:
		return false
	}
	return a.at == from || a.at == to && shared
}

// put reports whether a question is put to somebody, and still is.
func (q *query) put(a *actor) bool {
	return q.state != "retracted" && !q.ended && receives(a, q.asker, q.to, q.to != q.asker, q.named)
}

// now is how a question stands: with its case, once that is closed (S10).
func (q *query) now() string {
	if q.x.state == "closed" {
		return "request_closed"
	}
	return q.state
}

func (w *said) now() string {
	if w.q.x.state == "closed" {
		return "answer_closed"
	}
	return w.state
}

// now is the same of an offer, but for a child's notification that was handed
// over and is not received yet: it outlives its case.
func (h *help) now() string {
	if h.x.state == "closed" && h.state != "taken_up" {
		return "offer_closed"
	}
	return h.state
}

// wasTheirs is what a coordinator sees of what the own authority asked, answered
// or offered in a case that is closed: that it was (domain.md 2.4, S10).
func wasTheirs(a *actor, at hub.AuthorityID) string {
	if a.coordinates() && a.at == at {
		return "reference access"
	}
	return ""
}

func (q *query) classes(a *actor) string {
	switch {
	case q.id == "", q.x.recused[a.person]:
		return ""
	case q.now() == "request_closed":
		return wasTheirs(a, q.asker)
	case a.coordinates() && a.at == q.asker && q.state == "asked":
		return "asked question access identity"
	case a.coordinates() && a.at == q.asker:
		return "asked question access"
	case !q.put(a):
		return ""
	case q.state == "asked":
		return "asked question identity"
	}
	return "asked question"
}

// looks is how the outcome of a question looks to somebody: silence is
// unanswered, never "nothing known", and a decline looks as the Infohus chose.
func (q *query) looks(a *actor, now time.Time) string {
	switch {
	case q.x.state == "closed":
		return ""
	case q.state == "asked" && q.due.Before(now):
		return "unanswered"
	case q.outcome == "declined" && a.at != q.to && q.x.at == "koege":
		return "nothing"
	}
	return q.outcome
}

func (w *said) classes(a *actor, now time.Time) string {
	author := a.person == w.by.person && !among("reporter manager dpo administrator steering associate", string(a.role))
	if w.id == "" || w.q.x.recused[a.person] {
		return ""
	}
	if w.now() == "answer_closed" {
		return wasTheirs(a, w.q.to)
	}
	if w.state == "withdrawn" {
		if author || a.coordinates() && a.at == w.q.to {
			return "said"
		}
		return ""
	}
	words, shared := w.sent[a.at]
	see := ""
	switch {
	case author:
		see = "said answer health offence"
	case a.coordinates() && a.at == w.q.to:
		see = "said answer health offence"
	case a.coordinates() && shared:
		see = "said answer " + words
	}
	if a.coordinates() && a.at == w.q.to {
		see += " access"
	}
	if see == "" && w.q.x.assigned(a, now) { // those at the table, of what reached their authority
		own := a.at == w.q.to
		switch {
		case a.role == hub.CoreGroup && (own || shared), a.role == hub.LocalPolice && a.kind == hub.Police && (own || shared),
			a.role == hub.Receiver && own, a.role == hub.Partner && shared:
			see = "said answer"
		}
	}
	return see
}

// has reports whether somebody receives an offer, and still does.
func (h *help) has(a *actor) bool {
	if !among("offered taken_up not_taken_up offer_ended", h.state) {
		return false
	}
	return receives(a, h.sender, h.to, h.shared, h.in)
}

func (h *help) classes(a *actor) string {
	switch {
	case h.id == "", h.x.recused[a.person]:
		return ""
	case h.now() == "offer_closed":
		return wasTheirs(a, h.sender)
	case a.coordinates() && a.at == h.sender && among("offer_draft offered taken_up", h.state):
		return "offered preview task progress access identity"
	case a.coordinates() && a.at == h.sender:
		return "offered preview task progress access"
	case !h.has(a):
		return ""
	}
	see := "offered"
	switch h.state {
	case "offered":
		see += " preview"
	case "taken_up":
		see += " preview task progress identity"
	}
	if h.consent != nil && a.at != h.sender { // cut to what the person signed
		var kept []string
		for c := range strings.FieldsSeq(see) {
			is := map[string]string{"preview": "offer_preview", "task": "offer", "progress": "measure", "identity": "identity"}[c]
			if is == "" || slices.Contains(h.consent.fields, is) {
				kept = append(kept, c)
			}
		}
		see = strings.Join(kept, " ")
	}
	return see
}

// caseSteps, and those below, are what can be done in which state (domain.md 2.2).
var (
	caseSteps = map[string]string{
		"opening":     "open take_back",
		"collecting":  "invite uninvite ask convene close unconsent take_back",
		"analysis":    "invite uninvite ask convene hold close unconsent take_back",
		"assessment":  "invite uninvite ask draft dissent inform sign close unconsent take_back",
		"recommended": "uninvite reassess recommend consent unconsent follow close take_back",
		"follow_up":   "uninvite reassess recommend consent unconsent follow close take_back",
		"closing":     "uninvite unconsent close resume take_back",
		"closed":      "reopen",
	}
	querySteps = map[string]string{"asked": "answer decline retract"}
	saidSteps  = map[string]string{"released": "withdraw"}
	helpSteps  = map[string]string{"offer_draft": "send cancel", "offered": "take_up turn_down cancel", "taken_up": "progress end cancel"}
	handSteps  = map[string]string{"offer_draft": "send cancel", "taken_up": "end cancel"} // of a statutory notification
)

// what every action is on.
const (
	caseActions  = "open invite uninvite ask convene hold draft dissent inform sign reassess recommend consent unconsent follow close resume reopen take_back"
	queryActions = "answer decline retract"
	helpActions  = "send take_up turn_down progress end cancel"
)

// ended reports whether an offer is over.
func (h *help) ended() bool { return among("not_taken_up offer_withdrawn offer_ended", h.state) }

// let is who may be let into something by whom: each party its own, and other
// authorities by the police (D14, D15); nobody themselves.
func let(a, b *actor) bool {
	if a.person == b.person {
		return false
	}
	switch {
	case a.role == hub.MunicipalCoordinator && a.at == b.at:
		return b.role == hub.CoreGroup || b.role == hub.Receiver || b.role == hub.Institution || b.role == hub.MunicipalCoordinator
	case a.role == hub.PoliceCoordinator && a.at == b.at:
		return b.role == hub.CoreGroup || b.role == hub.LocalPolice || b.role == hub.PoliceCoordinator
	case a.role == hub.PoliceCoordinator:
		return b.role == hub.Partner && (b.kind == hub.PrisonService || b.kind == hub.Region) || b.role == hub.Institution && b.kind == hub.SelfGoverning
	}
	return false
}

// carries is which basis lets one kind of authority disclose to another
// (domain.md 2.5).
func carries(basis hub.LegalBasis, from, to hub.AuthorityKind) bool {
	in := func(k hub.AuthorityKind, list ...hub.AuthorityKind) bool { return slices.Contains(list, k) }
	if from == to {
		return false
	}
	switch basis {
	case "RPL115-1-1":
		return from == hub.Police && in(to, hub.Municipality, hub.Region)
	case "RPL115-1-2": // between the police, and social authorities and psychiatry
		return from == hub.Police && in(to, hub.Municipality, hub.Region) || to == hub.Police && in(from, hub.Municipality, hub.Region)
	case "RPL115-1-3a", "RPL115-1-3b", "RPL115-1-3c":
		ksp := []hub.AuthorityKind{hub.Police, hub.Municipality, hub.PrisonService}
		return in(from, ksp...) && in(to, ksp...)
	case "RPL115-2":
		return in(from, hub.Municipality, hub.Region, hub.PrisonService) && in(to, hub.Police, hub.Municipality, hub.Region, hub.PrisonService) &&
			!(from != hub.Municipality && !in(to, hub.Police, hub.Municipality))
	case "RPL115-3":
		return from == hub.SelfGoverning && in(to, hub.Police, hub.Municipality) || to == hub.SelfGoverning && in(from, hub.Police, hub.Municipality)
	}
	return false
}

// cooperations are the agreements of the demo's structure file, by what they are about.
var cooperations = map[string][]string{"RPL115-1-1": {"koege mvs-politi", "roskilde mvs-politi"}, "RPL115-1-2": {"koege mvs-politi psykiatrien"},
	"RPL115-1-3": {"koege mvs-politi kriminalforsorgen"}, "RPL115-3": {"koege mvs-politi maanebakken"}}

// cooperates is whether two authorities are in a cooperation that a basis of § 115
// stk. 1 or 3 is about, or for stk. 2 in any of stk. 1; the other bases take none.
func cooperates(basis hub.LegalBasis, a, b hub.AuthorityID) bool {
	about := strings.TrimRight(string(basis), "abc")
	if cooperations[about] == nil && about != "RPL115-2" {
		return true
	}
	for of, list := range cooperations {
		for _, parties := range list {
			if (of == about || about == "RPL115-2" && of != "RPL115-3") && among(parties, string(a)) && among(parties, string(b)) {
				return true
			}
		}
	}
	return false
}

// special is the ground of its own that health and offences need (L10, L11).
func special(class string, ground hub.LegalBasis, from hub.AuthorityKind) bool {
	civil := from == hub.Municipality || from == hub.Region || from == hub.SelfGoverning
	switch class {
	case "health":
		return civil && ground == "DBL7"
	case "offence":
		return civil && strings.HasPrefix(string(ground), "DBL8-") || !civil && ground == "RHL"
	}
	return true
}

// onward reports whether the offers of a case lead it on to the follow-up.
func (x *affair) onward() bool {
	answered, open := false, false
	for _, h := range x.helps {
		switch {
		case h.state == "taken_up" || h.state == "offer_ended":
			if h.kind != "notification" {
				return true
			}
			answered = true
		case h.state == "not_taken_up":
			answered = true
		case h.state == "offer_draft" || h.state == "offered":
			open = true
		}
	}
	return answered && !open
}

func (x *affair) advance() {
	if x.state == "recommended" && x.onward() {
		x.state = "follow_up"
	}
}

// close ends everything that was given on the case, at once.
func (x *affair) close(reason string) {
	x.state, x.withdrawn, x.asks = "closed", among("error taken_back", reason), nil
	if x.withdrawn {
		x.told = false
	}
	for _, g := range x.circle {
		if g.state == "invited" {
			g.state = "ended"
		}
	}
	for _, q := range x.queries {
		if q.said != nil {
			q.said.sent = map[hub.AuthorityID]string{}
		}
		if q.ended = true; q.state == "asked" {
			q.state = "retracted"
		}
	}
	for _, h := range x.helps {
		if h.kind == "notification" && h.state == "taken_up" && reason != "error" && !(reason == "taken_back" && h.to == thePolice) { // a child is not lost because a case is closed
			continue
		}
		h.letOut()
		h.stop()
	}
}

// grows ends what a person has outgrown, with everything that was given on it
// (L27): at midnight in Copenhagen of the day on which they come of age.
func (x *affair) grows(now time.Time) {
	if x.concern == nil || x.concern.birth.IsZero() {
		return
	}
	b, day := x.concern.birth, now.In(hub.Copenhagen)
	if x.band = "18_25"; time.Date(b.Year()+18, b.Month(), b.Day(), 0, 0, 0, 0, hub.Copenhagen).After(day) {
		x.band = "under_18"
	}
	if x.band == "under_18" {
		return
	}
	for _, h := range x.helps {
		if h.young && h.now() != "offer_closed" && among("offered taken_up not_taken_up offer_ended", h.state) {
			h.letOut()
			h.stop()
		}
	}
	if x.state == "closed" {
		return
	}
	for _, g := range x.circle { // whoever works with the young only is out
		if g.state == "invited" && withTheYoung(g.who) {
			g.state = "ended"
		}
	}
	for _, q := range x.queries {
		if q.state == "asked" && len(q.named) > 0 && withTheYoung(q.named[0]) {
			q.state = "retracted"
		}
	}
}

// withTheYoung is who works with people under 18 and no others: at the public
// school of the demo.
func withTheYoung(a *actor) bool { return a.Post.Department == "papirdragen" }

func (h *help) letOut() { h.in, h.shared = nil, false }

// stop ends an offer in whatever state it is.
func (h *help) stop() {
	switch h.state {
	case "taken_up":
		h.state = "offer_ended"
	case "offer_draft", "offered":
		h.state = "offer_withdrawn"
	}
}

// revoke takes back what rests on a consent, also of what is over.
func (x *affair) revoke(c *consented) {
	c.ended = true
	for _, h := range x.helps {
		if h.consent == c {
			h.letOut()
			h.stop()
		}
	}
}
