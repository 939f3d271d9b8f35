package main

import (
	"slices"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// work is a case on its way, with what hangs on it, for a test to ask of.
type work struct {
	driven                                   // the concern that it came from
	at                                int    // of courses
	kase                              hub.ID // the case itself
	member                            hub.ID // liv, who was invited
	asked, settled, answer            hub.ID // a question that waits for bodil, one that tage has answered, and what he answered
	meeting                           hub.ID
	consent                           hub.ID
	draft, sent, offer, own, recalled hub.ID // offers: not sent, sent to bodil, taken up by bodil, taken up by tage, taken back
}

// desk is a driver that brings cases into states: the two coordinators at their
// desks, with tage, liv and bodil, whom they let in.
type desk struct {
	*driver
	typed func(text string) string                                               // what is typed where a text is; nil for the text
	ask   func(login, method, path, route string, in any, is int) hubtest.Answer // nil asks, and wants the status
}

// courses are the states of a case, in the order in which a case comes through
// them.
var courses = []string{"opening", "confirmed", "collecting", "analysis", "assessment", "written", "recommended", "follow_up", "closing", "closed"}

// call asks an operation by its route, on the things that its path names, in the
// order of their names.
func (d *desk) call(login, method, route string, in any, is int, ids ...hub.ID) hubtest.Answer {
	d.Helper()
	path := route
	for _, id := range ids {
		before, rest, _ := strings.Cut(path, "{")
		_, after, _ := strings.Cut(rest, "}")
		path = before + string(id) + after
	}
	if d.ask != nil {
		return d.ask(login, method, path, route, in, is)
	}
	return d.as(login).API(method, path, in).Must(is)
}

// makes is call for what answers with a receipt, and gives what was made.
func (d *desk) makes(login, route string, in any, ids ...hub.ID) hub.ID {
	d.Helper()
	var got struct{ ID hub.ID }
	d.call(login, "POST", route, in, 201, ids...).JSON(&got)
	return got.ID
}

// changes is call for what answers with a receipt and makes nothing.
func (d *desk) changes(login, route string, in any, ids ...hub.ID) {
	d.Helper()
	d.call(login, "POST", route, in, 200, ids...)
}

// text is what is typed where the text would be.
func (d *desk) text(text string) string {
	if d.typed == nil {
		return text
	}
	return d.typed(text)
}

// day is so many days from now, in Copenhagen.
func (d *desk) day(n int) string {
	return d.Now().In(hub.Copenhagen).AddDate(0, 0, n).Format(time.DateOnly)
}

func (d *desk) hat(login string) hub.ID { return d.as(login).Post.Hat.ID }

// basis is a ground with what is said of it.
func (d *desk) basis(code, why string) map[string]any {
	return map[string]any{"legal_basis": code, "purpose": "prevention", "necessity": d.text(why)}
}

// with is a body with more in it.
func with(all ...map[string]any) map[string]any {
	in := map[string]any{}
	for _, one := range all {
		for k, v := range one {
			if in[k] = v; v == nil {
				delete(in, k)
			}
		}
	}
	return in
}

// works brings a new case into a state.
func (d *desk) works(state string) *work {
	d.Helper()
	return d.brings(d.from(d.drives("municipality", "case")), state)
}

// asksFirst is a case that the police have on the terms that they ask before they
// pass it on.
func (d *desk) asksFirst() *work {
	d.Helper()
	w := d.works("opening")
	d.changes(coordinator, "/api/cases/{id}/open", with(d.basis("RPL115-2", because), map[string]any{"members": []hub.ID{}, "reason": d.text(sayWhy), "terms": "ask_first"}), w.kase)
	d.changes(policeMan, "/api/cases/{id}/open", map[string]any{"members": []hub.ID{}, "reason": d.text(sayWhy)}, w.kase)
	return w
}

// from is the case that came of a concern.
func (d *desk) from(of driven) *work {
	d.Helper()
	d.Settle()
	return &work{driven: of, kase: hub.ID(d.One("select id from assessment.cases where concern = $1", string(of.id)))}
}

// brings brings a case on into a state.
func (d *desk) brings(w *work, state string) *work {
	d.Helper()
	steps := []func(*work){d.confirms, d.opensFor, d.convenes, d.meets, d.writes, d.signs, d.helps, d.closes, d.agrees}
	for courses[w.at] != state {
		steps[w.at](w)
		w.at++
	}
	d.Settle()
	return w
}

// confirms is the municipality's confirmation of the circle, with liv in it.
func (d *desk) confirms(w *work) {
	d.Helper()
	for _, m := range d.circle(coordinator, w.kase) {
		if m.Hat == d.hat("liv") {
			w.member = m.ID
		}
	}
	d.changes(coordinator, "/api/cases/{id}/open", with(d.basis("RPL115-2", because), map[string]any{"members": []hub.ID{w.member}, "reason": d.text(sayWhy), "terms": "within_cooperation"}), w.kase)
}

// opensFor is the police's confirmation; then two are asked, and one answers.
func (d *desk) opensFor(w *work) {
	d.Helper()
	d.changes(policeMan, "/api/cases/{id}/open", map[string]any{"members": []hub.ID{}, "reason": d.text(sayWhy)}, w.kase)
	w.settled = d.makes(coordinator, "/api/cases/{id}/requests", d.asks("tage"), w.kase)
	w.asked = d.makes(policeMan, "/api/cases/{id}/requests", with(d.asks("bodil"), d.basis("RPL115-1-2", because)), w.kase)
	d.changes("tage", "/api/requests/{id}/answer", d.answers(3), w.settled)
	w.answer = hub.ID(d.One("select answer from assessment.request where id = $1", string(w.settled)))
}

// asks are questions to somebody by name.
func (d *desk) asks(login string) map[string]any {
	return map[string]any{"authority": d.as(login).Post.Authority, "hats": []hub.ID{d.hat(login)}, "questions": d.text("Hvordan går det i frikvartererne?"),
		"necessity": d.text("Fraværet er afgørende for, hvilken hjælp der kan virke.")}
}

// answers is an answer of a grade, released to the police too.
func (d *desk) answers(grade int) map[string]any {
	in := map[string]any{"grade": grade, "to": []string{"mvs-politi"}}
	switch grade {
	case 1:
		in["contact"] = d.text("Skolens kontaktlærer")
	case 2:
		in["conclusion"] = d.text("Trives bedst i de små hold.")
	case 3:
		in["contact"] = d.text("Skolens kontaktlærer")
		in["statements"] = []map[string]any{{"kind": "fact", "text": d.text("Er kommet for sent til tolv timer."), "source": d.text("Protokol"), "reliability": "A", "as_of": d.day(-15), "class": "ordinary"}}
	}
	return with(d.basis("RPL115-2", because), in)
}

func (d *desk) convenes(w *work) {
	d.Helper()
	w.meeting = d.makes(coordinator, "/api/cases/{id}/meeting", map[string]any{"date": d.day(0), "time": "00:00"}, w.kase)
}

func (d *desk) meets(w *work) {
	d.Helper()
	d.call(policeMan, "POST", "/api/cases/{id}/meeting/held", d.notes(), 201, w.kase)
}

// notes is what is noted of a meeting.
func (d *desk) notes() map[string]any {
	return map[string]any{"attendance": []hub.ID{d.hat(coordinator), d.hat(policeMan), d.hat("liv")}, "note": d.text("Alle om bordet ser det samme billede.")}
}

// joint is an assessment that can be signed; it cites an answer where there is one.
func (d *desk) joint(w *work) map[string]any {
	i, _ := d.Structure.InstrumentAt(d.Now())
	var dimensions []map[string]any
	for n, dim := range i.Dimensions {
		one := map[string]any{"code": dim.Code, "relevance": "none"}
		if n == 0 {
			evidence := map[string]any{"text": d.text("Gentager slagord fra nettet."), "kind": "hearsay", "source": d.text("Klubben"), "as_of": d.day(-10), "cited": true}
			if w.answer != "" {
				evidence["answer"] = w.answer
			}
			one = map[string]any{"code": dim.Code, "relevance": "central", "movement": "worse", "confidence": "medium", "evidence_for": []any{evidence},
				"evidence_against": []any{map[string]any{"text": d.text("Siger selv fra over for vold."), "kind": "fact", "source": d.text("Klubben"), "as_of": d.day(-5), "cited": true}},
				"protective":       []any{map[string]any{"text": d.text("Har en tante, han lytter til."), "kind": "fact", "source": d.text("Klubben"), "as_of": d.day(-5)}},
				"gaps":             []any{map[string]any{"what": d.text("Hvem mødes han med på stationen?"), "who_could_know": "koege", "due": d.day(20)}}}
		}
		dimensions = append(dimensions, one)
	}
	return map[string]any{"edit": 0, "dimensions": dimensions, "level": i.Levels[2].Code, "change_test": d.text("At han igen tager på lystfiskeri hver søndag."),
		"rationale": d.text("Fraværet og slagordene taler for. Hans egen afstandtagen og tanten taler imod, at det er alvorligt."),
		"scenarios": d.text("Bliver han ved, kan han miste lærepladsen."), "valid_until": d.day(90)}
}

// dissents is a view of one's own.
func (d *desk) dissents() map[string]any {
	return map[string]any{"about": "level", "level": "attention", "reason": d.text("Skolen ser en dreng, der keder sig i timerne."),
		"test": d.text("Jeg skifter mening, hvis han ikke dukker op."), "due": d.day(30)}
}

// writes is the joint assessment with a dissent, ready to be signed.
func (d *desk) writes(w *work) {
	d.Helper()
	d.call(coordinator, "PUT", "/api/cases/{id}/assessment", d.joint(w), 200, w.kase)
	d.changes("liv", "/api/cases/{id}/dissents", d.dissents(), w.kase)
	d.changes(coordinator, "/api/cases/{id}/inform", map[string]any{"decision": "later", "again": d.day(30), "reason": d.text("Han skal høre det roligt, når moren er med.")}, w.kase)
}

// content is the hash of what somebody reads of the assessment.
func (d *desk) content(login string, kase hub.ID) string {
	d.Helper()
	var v struct{ Content string }
	d.call(login, "GET", "/api/cases/{id}/assessment", nil, 200, kase).JSON(&v)
	return v.Content
}

func (d *desk) signs(w *work) {
	d.Helper()
	for _, login := range []string{coordinator, policeMan} {
		d.changes(login, "/api/cases/{id}/sign", map[string]any{"content": d.content(login, w.kase)}, w.kase)
	}
	d.Settle() // the course is begun by a fact
}

// offers is help by somebody's authority: by name at another.
func (d *desk) offers(login string) map[string]any {
	post := d.as(login).Post
	in := map[string]any{"authority": post.Authority, "dimension": "education_employment", "measure": "mentor", "task": d.text("Find en mentor, der kan to aftener om ugen."),
		"preview": d.text("En mentor til en ung, der er ved at miste grebet."), "hats": []hub.ID{post.Hat.ID}}
	if post.Department != "" {
		in["department"] = post.Department
	}
	return in
}

// consents is a consent that was signed.
func (d *desk) consents() map[string]any {
	return map[string]any{"document": d.text("Mappe syv i arkivet"), "signed_on": d.day(-1), "scope": d.text("Han siger ja til, at psykologen får at vide, hvem han er."),
		"fields": []string{"identity", "offer_preview", "offer", "measure"}, "recipients": []string{"psykiatrien"}}
}

// helps offers help in every state: a draft, one that waits, two that are taken
// up, one taken back; and follows the case up.
func (d *desk) helps(w *work) {
	d.Helper()
	w.consent = d.makes(coordinator, "/api/cases/{id}/consents", d.consents(), w.kase)
	drafts := func(login, to string) hub.ID { return d.makes(login, "/api/cases/{id}/offers", d.offers(to), w.kase) }
	sends := func(login, to string, ground map[string]any) hub.ID {
		o := drafts(login, to)
		d.changes(login, "/api/offers/{id}/send", ground, o)
		return o
	}
	partner := d.basis("RPL115-1-2", because)
	w.draft = drafts(coordinator, "tage")
	w.sent, w.offer = sends(policeMan, "bodil", partner), sends(policeMan, "bodil", partner)
	w.own, w.recalled = sends(coordinator, "tage", map[string]any{}), sends(coordinator, "ellen", map[string]any{})
	d.changes("bodil", "/api/offers/{id}/answer", d.takes(), w.offer)
	d.changes("tage", "/api/offers/{id}/answer", d.takes(), w.own)
	d.call(coordinator, "POST", "/api/offers/{id}/withdraw", nil, 200, w.recalled)
	d.changes("bodil", "/api/offers/{id}/progress", d.progresses(), w.offer)
	d.changes("tage", "/api/offers/{id}/progress", d.progresses(), w.own)
	d.changes(policeMan, "/api/cases/{id}/followups", d.follows(), w.kase)
}

func (d *desk) takes() map[string]any {
	return map[string]any{"answer": "taken_up", "note": d.text("Vi begynder på onsdag.")}
}

func (d *desk) progresses() map[string]any {
	return map[string]any{"status": "running", "start": d.day(0), "end": d.day(120), "effect": d.text("Kommer glad hver gang."), "economy": d.text("Fire timer om ugen.")}
}

// follows is a follow-up.
func (d *desk) follows() map[string]any {
	return map[string]any{"movements": []map[string]any{{"dimension": "family", "movement": "better"}}, "note": d.text("Mentoren er i gang, og fraværet falder."), "next": d.day(28)}
}

// ends is one party's closing.
func (d *desk) ends() map[string]any {
	return map[string]any{"reason": "risk_reduced", "informed": "exempt", "inform_ground": "22-2-1", "open_gaps": d.text("Ingen ved, hvem der skrev."),
		"after_care": d.text("Skolens vejleder kan ringes op."), "why_not_informed": d.text("Han er rejst uden adresse.")}
}

func (d *desk) closes(w *work) {
	d.Helper()
	d.changes(coordinator, "/api/cases/{id}/close", d.ends(), w.kase)
}

func (d *desk) agrees(w *work) {
	d.Helper()
	d.changes(policeMan, "/api/cases/{id}/close", d.ends(), w.kase)
}

// reopens is what a closed case is opened again for.
func (d *desk) reopens(login string) map[string]any {
	in := map[string]any{"reason": d.text("Han er vendt tilbage, og moren har bedt os om hjælp.")}
	if login == policeMan {
		return in
	}
	return with(in, d.basis("RPL115-2", because))
}

// reopened opens a closed case again, by both.
func (d *desk) reopened(w *work) {
	d.Helper()
	for _, login := range []string{policeMan, coordinator} {
		d.changes(login, "/api/cases/{id}/reopen", d.reopens(login), w.kase)
	}
	d.Settle()
}

// all are the things of a case that have pages and operations of their own.
func (w *work) all() []hub.ID {
	list := []hub.ID{w.kase, w.member, w.asked, w.settled, w.answer, w.meeting, w.consent, w.draft, w.sent, w.offer, w.own, w.recalled}
	return slices.DeleteFunc(list, func(id hub.ID) bool { return id == "" })
}
