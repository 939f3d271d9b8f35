//go:build !race

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// real is the real hub, over HTTP and Postgres, with every room: concerns are
// walked by [walk], and the cases that come of them here.
type real struct {
	*wander
	*script
	concerns *walk
	every    []*affair // also those that have had their day
	last     *order    // what was done or tried just now
	listed   int
}

func (r *real) now() time.Time { return r.Now() }

func (r *real) passes(time.Duration) {
	r.concerns.step = r.step
	r.concerns.passes()
	for _, x := range r.every {
		x.grows(r.Now())
	}
}

// recuses notes that somebody is too close to a case, and so to its concern and to
// all that came of it.
func (r *real) recuses(x *affair) {
	if len(x.recused) > 0 {
		return
	}
	a := r.near(x)
	x.recused = map[hub.ID]bool{a.person: true}
	if x.concern != nil {
		x.concern.recused = x.recused
	}
	x.story = append(x.story, fmt.Sprintf("%d %s is recused", r.step, a))
	r.SQL("insert into access.recusal (person, kind, item, by_person, by_hat) values ($1, 'case', $2, 'p', 'h')", string(a.person), string(x.id))
}

// receipt is the answer to a command.
type receipt struct {
	ID, Case hub.ID
	State    string
}

func (r *real) does(o *order) (int, hub.ID) {
	r.last = o
	if o.action == "sign" {
		if _, bad := o.in["content"]; !bad {
			var read struct{ Content string }
			if a := o.a.API("GET", "/api/cases/"+string(o.id)+"/assessment", nil); a.Status == 200 {
				a.JSON(&read)
			}
			o.in["content"] = read.Content
		}
	}
	var in any = o.in
	if o.in == nil || o.method == "DELETE" {
		in = nil
	}
	a := o.a.API(o.method, o.path, in)
	if a.Status >= 300 {
		if a.Status >= 500 {
			r.fails(o.x, "%s %s: %d %s", o.a, o.action, a.Status, a.Body)
		}
		return a.Status, ""
	}
	var got receipt
	a.JSON(&got)
	o.state = got.State
	return a.Status, got.ID
}

// did settles what other rooms must hear, and holds the receipt against the model.
func (r *real) did(o *order, _ hub.ID) {
	x := o.x
	if o.kind == "case" && o.state != x.state || o.kind == "offer" && o.state != o.h.state {
		r.fails(x, "after %s it is %s", o.action, o.state)
	}
	if o.action == "answer" && o.w != nil {
		o.w.id = hub.ID(r.One("select answer from assessment.request where id = $1", string(o.id)))
	}
	if among("sign follow close reopen take_back", o.action) {
		r.Settle()
	}
	if o.action == "follow" || among("close take_back", o.action) && x.state == "closed" || o.action == "reopen" && x.state == "assessment" { // the concern is kept as long as its case
		x.concern.version++
		at := r.One("select to_char(erase_at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') from intake.concern where id = $1", string(x.concern.id))
		kept, err := time.Parse(time.RFC3339, at)
		if err != nil {
			r.Fatal(err)
		}
		x.concern.kept = kept
	}
	x.takesAlong()
}

// takesAlong closes the concern with its case, and opens it again (S10).
func (x *affair) takesAlong() bool {
	if x.concern == nil || (x.state == "closed") == (x.concern.state == "case_closed") {
		return false
	}
	if x.concern.state = "case"; x.state == "closed" {
		x.concern.state = "case_closed"
	}
	return true
}

// adopts makes affairs of the concerns that have become cases.
func (r *real) adopts() {
	for _, c := range r.concerns.all {
		if c.state != "case" || slices.ContainsFunc(r.every, func(x *affair) bool { return x.concern == c }) {
			continue
		}
		r.Settle()
		x := &affair{concern: c, subject: c.subject, at: c.municipality, state: "opening", yes: map[hub.AuthorityKind]bool{}, words: map[hub.AuthorityID]closeWord{}, circle: r.proposes(c.municipality)}
		x.id = hub.ID(r.One("select id from assessment.cases where concern = $1", string(c.id)))
		x.band = "unknown"
		x.grows(r.Now())
		for _, g := range x.circle {
			g.id = hub.ID(r.One("select id from assessment.member where case_id = $1 and hat = $2", string(x.id), string(g.who.Post.Hat.ID)))
		}
		r.affairs, r.every = append(r.affairs, x), append(r.every, x)
	}
}

// ours finds the words that no other text has.
var ours = regexp.MustCompile(`ord[0-9]{6}`)

// holds what somebody is sent against what the model gives them: which fields,
// and of all that was ever written, which words.
func (r *real) shown(x *affair, a *actor, what string, id hub.ID, fields []string, words map[string][]string, more func(got map[string]json.RawMessage)) {
	r.Helper()
	r.looked++
	answer := a.API("GET", what, nil)
	if len(fields) == 0 {
		if answer.Status != 404 {
			r.fails(x, "%s sees at %s what is nothing to them: %d %s", a, what, answer.Status, answer.Body)
		}
		return
	}
	if answer.Status != 200 {
		r.fails(x, "%s sees nothing at %s (%d), want %v", a, what, answer.Status, fields)
	}
	var got map[string]json.RawMessage
	answer.JSON(&got)
	var given []string
	if err := json.Unmarshal(got["fields"], &given); err != nil {
		r.Fatal(err)
	}
	if !slices.Equal(given, fields) {
		r.fails(x, "%s sees at %s the fields\n%v, want\n%v", a, what, given, fields)
	}
	want := map[string]bool{}
	for field, list := range words {
		for _, word := range list {
			if word != "" && slices.Contains(fields, field) {
				want[word] = true
			}
		}
	}
	r.reads(x, a, what, answer.Text(), want)
	for name, field := range fieldOf {
		if _, there := got[name]; there && !slices.ContainsFunc(strings.Fields(field), func(f string) bool { return slices.Contains(fields, f) }) {
			r.fails(x, "%s is sent %s at %s without %s: %s", a, name, what, field, answer.Body)
		}
	}
	if more != nil {
		more(got)
	}
}

// fieldOf is with which field of policy a part of an answer is given.
var fieldOf = map[string]string{"state": "state", "subject": "name", "circle": "circle", "requests": "requests", "meetings": "meeting", "assessment": "dimensions own_dimensions level rationale inform",
	"steps": "who_can_see tasks", "next_date": "next_date progress", "erase_at": "erase_at", "offers": "recommendations", "consents": "recommendations", "follow_ups": "follow_ups", "tasks": "tasks",
	"closing": "closing", "questions": "questions", "necessity": "necessity", "preview": "preview", "task": "task", "progress": "progress", "note": "progress", "measure": "measure", "concern": "circle"}

func (r *real) reads(x *affair, a *actor, what, text string, want map[string]bool) {
	r.Helper()
	got := map[string]bool{}
	for _, word := range ours.FindAllString(text, -1) {
		got[word] = true
	}
	if !maps.Equal(got, want) {
		r.fails(x, "%s reads at %s\n%v, want\n%v: %s", a, what, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)), text)
	}
}

func (r *real) agrees(x *affair) {
	a := r.near(x)
	if r.chance(3) {
		a = r.anybody()
	}
	r.touched(x, a)
	b := r.anybody()
	if r.chance(2) {
		b = r.near(x)
	}
	r.looks(x, b)
	if r.chance(5) {
		r.lists(r.near(x))
	}
}

// touched is what the last step was about, as somebody sees it now.
func (r *real) touched(x *affair, a *actor) {
	switch o := r.last; {
	case o.kind == "request":
		r.looksAtQuestion(x, o.q, a)
	case o.kind == "answer":
		r.looksAtAnswers(x, a)
	case o.kind == "offer":
		r.looksAtOffer(x, o.h, a)
	case among("recommend consent unconsent follow close resume reopen", o.action):
		r.looksAtCourse(x, a)
	default:
		r.looksAtCase(x, a)
	}
}

func (r *real) looksAtQuestion(x *affair, q *query, a *actor) {
	now := r.now()
	r.shown(x, a, "/api/requests/"+string(q.id), q.id, inClasses(q.classes(a)), map[string][]string{"questions": {q.mark}}, func(got map[string]json.RawMessage) {
		if outcome := strings.Trim(string(got["outcome"]), `"`); outcome != q.looks(a, now) {
			r.fails(x, "to %s the question %s looks %q, want %q (%s until %s)", a, q.id, outcome, q.looks(a, now), q.state, q.due)
		}
	})
	r.strict(x, spot{x: x, q: q}, a, inClasses(q.classes(a)))
}

func (r *real) looksAtOffer(x *affair, h *help, a *actor) {
	r.shown(x, a, "/api/offers/"+string(h.id), h.id, inClasses(h.classes(a)), map[string][]string{"preview": {h.preview}, "task": {h.task}, "progress": h.notes}, nil)
	r.strict(x, spot{x: x, h: h}, a, inClasses(h.classes(a)))
}

// looks is one of the ways to something of a case.
func (r *real) looks(x *affair, a *actor) {
	switch n := r.IntN(12); {
	case n < 4:
		r.looksAtCase(x, a)
	case n < 6:
		r.looksAtCourse(x, a)
	case n < 8:
		r.looksAtAnswers(x, a)
	case n < 9 && len(x.queries) > 0:
		r.looksAtQuestion(x, oneFrom(r.wander, x.queries), a)
	case n < 10 && len(x.helps) > 0:
		r.looksAtOffer(x, oneFrom(r.wander, x.helps), a)
	default:
		r.looksAtPerson(x, a)
	}
}

func (r *real) looksAtCase(x *affair, a *actor) {
	now := r.now()
	fields := inClasses(x.classes(a, now))
	words := map[string][]string{"meeting": x.notes}
	for _, g := range x.circle {
		words["circle"] = append(words["circle"], g.reason)
	}
	if j := x.last(); j != nil {
		words["dimensions"], words["gaps"], words["rationale"], words["change_test"] = j.dims, []string{j.gap}, []string{j.why}, []string{j.test}
		words["dissents"], words["inform"] = j.dissents, []string{j.informed}
		for _, w := range j.cites {
			if w.by.at == a.at && w.by.Post.Department == a.Post.Department { // it touches their own tasks
				words["own_dimensions"] = j.dims[:1]
			}
		}
	}
	r.shown(x, a, "/api/cases/"+string(x.id), x.id, fields, words, func(got map[string]json.RawMessage) {
		if state := string(got["state"]); state != "" && state != `"`+x.state+`"` {
			r.fails(x, "%s is told the state %s", a, state)
		}
	})
	r.strict(x, spot{x: x}, a, fields)
}

func (r *real) looksAtCourse(x *affair, a *actor) {
	now := r.now()
	whole := inClasses(x.classes(a, now))
	fields := slices.DeleteFunc(slices.Clone(whole), func(f string) bool {
		return !among("closing follow_ups name next_date recommendations reference state tasks", f)
	})
	words := map[string][]string{"follow_ups": x.followed, "closing": x.said}
	for _, h := range x.helps {
		if h.sent || h.sender == a.at { // a draft is its sender's alone
			words["recommendations"] = append(words["recommendations"], h.preview)
		}
	}
	for _, c := range x.consents {
		words["recommendations"] = append(words["recommendations"], c.mark)
	}
	r.shown(x, a, "/api/cases/"+string(x.id)+"/course", x.id, fields, words, nil)
}

func (r *real) looksAtAnswers(x *affair, a *actor) {
	r.looked++
	now := r.now()
	got := a.API("GET", "/api/cases/"+string(x.id)+"/answers", nil)
	if !a.lists() {
		if got.Status != 404 {
			r.fails(x, "%s lists answers: %d %s", a, got.Status, got.Body)
		}
		return
	}
	var list struct{ Answers []struct{ ID hub.ID } }
	got.Must(200).JSON(&list)
	want, words := map[hub.ID]bool{}, map[string]bool{}
	for _, q := range x.queries {
		if q.said == nil || q.said.classes(a, now) == "" {
			continue
		}
		want[q.said.id] = true
		for class, field := range map[string]string{"ordinary": "answer", "health": "health", "offence": "offence"} {
			if word := q.said.marks[class]; word != "" && among(q.said.classes(a, now), field) {
				words[word] = true
			}
		}
	}
	ids := map[hub.ID]bool{}
	for _, l := range list.Answers {
		ids[l.ID] = true
	}
	if !maps.Equal(ids, want) {
		r.fails(x, "%s lists the answers %v, want %v", a, ids, want)
	}
	r.reads(x, a, "the answers", got.Text(), words)
}

func (r *real) looksAtPerson(x *affair, a *actor) {
	r.looked++
	got := a.API("GET", "/api/subjects/"+string(x.subject), nil)
	var person struct{ Fields []string }
	if got.Status == 200 {
		got.JSON(&person)
	}
	if want := x.seenBy(a, r.now()); (got.Status == 200) != (len(want) > 0) || !slices.Equal(person.Fields, want) && len(want) > 0 {
		r.fails(x, "%s sees of the person %d %v, want %v", a, got.Status, person.Fields, want)
	}
}

// lists compares somebody's lists with what single reads show them.
func (r *real) lists(a *actor) {
	r.listed++
	now := r.now()
	kind := oneFrom(r.wander, []string{"cases", "requests", "offers", "meetings"})
	want := map[hub.ID]string{} // state and person
	takes := func(x *affair, id hub.ID, state, classes string) {
		f := inClasses(classes)
		if len(f) == 0 || kind == "meetings" && !slices.Contains(f, "meeting") {
			return
		}
		if slices.Contains(f, "state") {
			want[id] = state
		}
		if want[id] += " "; slices.Contains(f, "name") {
			want[id] += string(x.subject)
		}
	}
	for _, x := range r.every {
		switch kind {
		case "cases", "meetings":
			takes(x, x.id, x.state, x.classes(a, now))
		case "requests":
			for _, q := range x.queries {
				takes(x, q.id, q.now(), q.classes(a))
			}
		case "offers":
			for _, h := range x.helps {
				takes(x, h.id, h.now(), h.classes(a))
			}
		}
	}
	type line struct {
		ID, Case, Subject hub.ID
		State             string
	}
	got, next, total := map[hub.ID]string{}, hub.ID(""), 0
	for {
		path := "/api/" + kind
		if kind != "requests" {
			path += "?limit=20&after=" + string(next)
		}
		answer := a.API("GET", path, nil)
		if !a.lists() {
			if answer.Status != 404 {
				r.Fatalf("INFOHUS_TEST_SEED=%d, step %d: %s has a list of %s: %d", r.seed, r.step, a, kind, answer.Status)
			}
			return
		}
		var page struct {
			Cases, Requests, Offers []line
			Meetings                []struct{ Cases []line }
			Total                   int
			Next                    hub.ID
		}
		answer.Must(200).JSON(&page)
		total, next = page.Total, page.Next
		for _, m := range page.Meetings {
			for _, l := range m.Cases {
				if _, ok := want[l.Case]; !ok {
					r.Fatalf("INFOHUS_TEST_SEED=%d, step %d: on an agenda %s sees the case %s", r.seed, r.step, a, l.Case)
				}
			}
		}
		for _, l := range slices.Concat(page.Cases, page.Requests, page.Offers) {
			got[l.ID] = l.State + " " + string(l.Subject)
		}
		if ours.MatchString(answer.Text()) {
			r.Fatalf("INFOHUS_TEST_SEED=%d, step %d: a list of %s has words in it: %s", r.seed, r.step, kind, answer.Text())
		}
		if next == "" {
			break
		}
	}
	if kind == "requests" && len(want) > 100 || kind == "meetings" {
		return
	}
	if total != len(want) || !maps.Equal(got, want) {
		r.Fatalf("INFOHUS_TEST_SEED=%d, step %d: %s lists %d %s\n%v, want\n%v", r.seed, r.step, a, total, kind, got, want)
	}
}

// invariants holds what domain.md 2.2 says of every case against the database.
func (r *real) invariants() {
	r.Settle()
	for _, x := range r.every {
		if got := r.One("select state from access.item where id = $1", string(x.id)); got != x.state {
			r.fails(x, "the database has it %s", got)
		}
		for _, q := range x.queries {
			if got := r.One("select state from access.item where id = $1", string(q.id)); got != q.now() {
				r.fails(x, "the database has the question %s %s, want %s", q.id, got, q.now())
			}
			if q.said == nil || q.said.id == "" {
				continue
			}
			if got := r.One("select state from access.item where id = $1", string(q.said.id)); got != q.said.now() {
				r.fails(x, "the database has the answer %s %s, want %s", q.said.id, got, q.said.now())
			}
		}
		for _, h := range x.helps {
			if got := r.One("select state from access.item where id = $1", string(h.id)); got != h.now() {
				r.fails(x, "the database has the offer %s %s, want %s", h.id, got, h.now())
			}
		}
	}
	r.concerns.invariants()
	r.holdsCases()
}

// clocked holds that every open case has a next date, ahead of it or told of
// (invariant 7), after the clocks have spoken.
func (r *real) clocked() {
	for what, query := range map[string]string{
		"before the recommendation": `select count(*) from assessment.cases c join access.item i on i.id = c.id where i.state in ('opening', 'collecting', 'analysis', 'assessment')
			and c.next_at <= '%[1]s' and c.step_told < least(3, 1 + floor(extract(epoch from '%[1]s'::timestamptz - c.next_at) / 86400))`,
		"from the recommendation on": `select count(*) from referral.course c join access.item i on i.id = c.case_id where i.state in ('recommended', 'follow_up', 'closing')
			and c.next_at <= '%[1]s' and c.step_told < least(3, 1 + floor(extract(epoch from '%[1]s'::timestamptz - c.next_at) / 86400))`,
		"at all": `select count(*) from access.item i left join assessment.cases c on c.id = i.id left join referral.course f on f.case_id = i.id where i.kind = 'case'
			and '%[1]s' is not null and case when i.state in ('recommended', 'follow_up', 'closing') then f.next_at else c.next_at end is null`,
	} {
		if n := r.One(strings.ReplaceAll(query, "%[1]s", r.Now().UTC().Format(time.RFC3339))); n != "0" {
			r.Fatalf("INFOHUS_TEST_SEED=%d, step %d: %s cases without a clock %s", r.seed, r.step, n, what)
		}
	}
}

// strides is how many steps a walk through the real hub has: in a build, beside the
// walk on paper, as many as its time allows; in a deep run forty walks have a hundred
// thousand.
func strides() int {
	if deepRun() {
		return 2_500
	}
	return 1_000
}

// always are the seeds of every run.
var always = []uint64{20261120}

// TestVolumeWalk walks the whole machine at random through the real hub, from a
// draft to a closed case and its reopening: random people do what comes to their
// minds, mostly what they may not. After every step the answer is held against
// the model, and what some people are sent of what was touched, of other things,
// of the person, and in their lists, to the word, against a naive table of who
// may see what; the invariants of domain.md 2.2 are held against the database.
// They are the same walks in every run, and many others in a deep one (make
// deep); INFOHUS_TEST_SEED repeats one. A021 in part: a list holds what single
// reads would show.
func TestVolumeWalk(t *testing.T) {
	var mu sync.Mutex
	done := map[string]int{}
	seeds := seedsOf(t, always, 39)
	t.Run("each", func(t *testing.T) {
		for _, seed := range seeds {
			t.Run(fmt.Sprint("INFOHUS_TEST_SEED=", seed), func(t *testing.T) {
				t.Parallel()
				r := walks(t, seed)
				mu.Lock()
				defer mu.Unlock()
				for _, did := range []map[string]int{r.done, r.concerns.did} {
					for what, n := range did {
						done[what] += n
					}
				}
			})
		}
	})
	if t.Failed() || len(seeds) == 1 { // a build's, whose walk on paper comes through all, or one that is asked for
		return
	}
	sweeps(t, done, 15)
	for state, actions := range steps {
		for a := range strings.FieldsSeq(actions) {
			if done[state+" "+a] == 0 && !among("notify assign unassign", a) { // which the matrix has in every state
				t.Errorf("the walks never did %s in %s", a, state)
			}
		}
	}
}

// walks is one walk through a hub of its own.
func walks(t *testing.T, seed uint64) *real {
	s := begin(t)
	people := s.everybody()
	w := newWander(t, seed, people)
	r := &real{wander: w, script: s, concerns: &walk{script: s, Rand: rand.New(rand.NewPCG(seed, 3)), people: people, seed: seed, did: map[string]int{}, coded: w.coded}}
	w.venue = r
	s.Advance(0) // the first birthdays that are kept are those of the day on which the hub opens
	r.concerns.whole = func(c *thing, a *actor) []string {
		for _, x := range r.every {
			if x.concern == c {
				return x.seenBy(a, r.now())
			}
		}
		return nil
	}
	for w.step = range strides() {
		r.concerns.step = w.step
		if w.step%20 == 0 {
			spans.reset() // of tests that look at them, not of this one
		}
		if w.step%500 == 499 {
			r.invariants()
		}
		switch n := w.IntN(100); {
		case len(w.affairs) < 3:
			r.concerns.begets()
			r.adopts()
		case n < 3:
			r.passes(0)
			r.clocked()
		case n < 4:
			r.recuses(oneFrom(w, w.affairs))
		case n < 20:
			if r.concerns.open() < 5 {
				r.concerns.begins()
			} else {
				r.concerns.acts()
				r.adopts()
			}
			r.concerns.agrees()
		default:
			x := oneFrom(w, w.affairs)
			w.acts(x)
			r.agrees(x)
			w.rests(x)
		}
	}
	r.invariants()
	t.Logf("%d steps on %d concerns and %d cases by %d people: %d kinds of steps done, answers %v, %d views and %d lists compared",
		strides(), len(r.concerns.all), len(r.every), len(people), len(w.done)+len(r.concerns.did), w.coded, w.looked+r.concerns.looked, r.listed)
	return r
}
