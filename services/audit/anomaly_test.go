//go:build !race

package audit

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/structure"
)

// P10: each of the ten kinds is found, in its week, with its figures; and what looks much like it,
// and is somebody's work or less than the limit, is not.
func TestTheTenKindsAndTheirTwins(t *testing.T) {
	from := monday(time.Date(2026, 3, 11, 12, 0, 0, 0, time.UTC))
	const me, other = hub.ID("me"), hub.ID("other")
	by := structure.UsualAnomalies()
	by.NeighbourDays, by.ColleagueDays, by.NewsPeople, by.NewsDays, by.SweepPeople, by.SweepMinutes, by.GlassTimes, by.GlassWeeks, by.DripWeeks, by.DripOf, by.UnrelatedPeople, by.UnrelatedTimes, by.Weeks = 2, 2, 5, 2, 10, 30, 3, 4, 4, 6, 8, 150, 26
	at := func(day int, minutes int) time.Time {
		return from.AddDate(0, 0, day).Add(9*time.Hour + time.Duration(minutes)*time.Minute)
	}
	see := func(who hub.ID, whom string, at time.Time) lookUp {
		return lookUp{person: who, subject: whom, object: "o" + whom, at: at, looked: true}
	}
	mine := func(l lookUp) lookUp { l.related = true; return l }
	many := func(n, apart, day int) (all []lookUp) { // so many people, so many minutes apart
		for i := range n {
			all = append(all, see(me, fmt.Sprint("s", i), at(day, i*apart)))
		}
		return all
	}
	each := func(list []lookUp, do func(lookUp) lookUp) (all []lookUp) {
		for _, l := range list {
			all = append(all, do(l))
		}
		return all
	}
	weekly := func(n int) (all []lookUp) {
		for i := range n {
			all = append(all, see(me, "s", at(-7*(n-1-i), 0)))
		}
		return all
	}
	crowd := func(n int, day int) (all []lookUp) {
		for i := range n {
			all = append(all, see(hub.ID(fmt.Sprint("p", i)), "s", at(day, i*10)))
		}
		return all
	}
	broken := func(n int, days int) (all []lookUp) {
		for i := range n {
			all = append(all, lookUp{person: me, subject: fmt.Sprint("s", i), at: at(-days*(n-1-i), 0), broke: true})
		}
		return all
	}
	days := []lookUp{see(me, "s", at(0, 0)), see(me, "s", at(2, 0))}
	for _, c := range []struct {
		kind, figures string
		found         []lookUp
		twins         map[string][]lookUp
	}{
		{"own", "[2 2]", each(days, mine), map[string][]lookUp{"somebody else does": {see(other, "s", at(0, 0))}, "a week ago": {see(me, "s", at(-3, 0))}}},
		{"household", "[2 2]", each(days, mine), map[string][]lookUp{"somebody else does": {see(other, "s", at(0, 0))}, "a week ago": {see(me, "s", at(-3, 0))}}},
		{"former", "[1 1]", days[:1], map[string][]lookUp{"somebody else does": {see(other, "s", at(0, 0))}, "a week ago": {see(me, "s", at(-3, 0))}}},
		{"colleague", "[2 2]", days, map[string][]lookUp{"it is their work": {days[0], mine(days[1])}, "it was their work": {mine(see(me, "s", at(-100, 0))), days[0], days[1]}, "one day": {days[0], see(me, "s", at(0, 30))}}},
		{"neighbour", "[2 2]", days, map[string][]lookUp{"it is their work": {days[0], mine(days[1])}, "one day": {days[0], see(me, "s", at(0, 30))}}},
		{"sweep", "[10 27]", many(10, 3, 1), map[string][]lookUp{"slower": many(7, 3, 1), "over a day": append(many(5, 1, 1), many(7, 1, 2)...), "what they took over": each(many(40, 1, 1), mine), "a week ago": many(40, 1, -7),
			"one of them again and again": slices.Repeat(many(1, 0, 1), 40)}},
		{"news", "[5 1]", crowd(5, 1), map[string][]lookUp{"all work on it": each(crowd(12, 1), mine), "fewer": crowd(4, 1), "over a month": append(crowd(3, -20), see("p9", "s", at(1, 0)), see("p8", "s", at(1, 5))),
			"one of them often": slices.Repeat(crowd(1, 1), 20)}},
		{"glass", "[3 4]", broken(3, 6), map[string][]lookUp{"twice": broken(2, 6), "over half a year": broken(3, 30), "not this week": broken(4, 5)[:3]}},
		{"drip", "[4 6 4]", weekly(4), map[string][]lookUp{"three weeks": weekly(3), "it is their work": append(weekly(8), mine(see(me, "s", at(1, 0)))), "not this week": weekly(9)[:8], "all in one": slices.Repeat(weekly(1), 9)}},
		{"unrelated", "[8 0 26]", many(8, 200, 0), map[string][]lookUp{"fewer": many(7, 200, 0), "their work": each(many(30, 200, 0), mine), "as in another week": append(many(20, 200, -14), many(20, 200, 0)...)}},
	} {
		kin := map[pair]string{}
		if slices.Contains([]string{"own", "household", "former", "colleague", "neighbour"}, c.kind) {
			kin[pair{me, "s"}] = c.kind
		}
		finds := func(looks []lookUp) (kinds []string, all []anomaly) {
			looks = slices.Clone(looks)
			slices.SortStableFunc(looks, byTime)
			looks = slices.DeleteFunc(looks, func(l lookUp) bool { return !l.at.Before(from.AddDate(0, 0, 7)) })
			w := week{from: from, until: from.AddDate(0, 0, 7), looks: looks, kin: kin, by: by}
			all = w.anomalies()
			for _, a := range all {
				kinds = append(kinds, a.kind)
			}
			return kinds, all
		}
		if kinds, all := finds(c.found); !slices.Contains(kinds, c.kind) || fmt.Sprint(all[slices.Index(kinds, c.kind)].figures) != c.figures {
			t.Errorf("%s is found as %v: %v", c.kind, kinds, all)
		} else if a := all[slices.Index(kinds, c.kind)]; a.kind != "news" && a.people[0] != me || a.first.After(a.last) || len(a.objects) == 0 && c.kind != "glass" {
			t.Errorf("%s is of %+v", c.kind, a)
		}
		for what, looks := range c.twins {
			if kinds, all := finds(looks); slices.Contains(kinds, c.kind) {
				t.Errorf("%s is found where %s: %v", c.kind, what, all)
			}
		}
		// What has just come in is everybody's who receives it, but for the nearest and the glass.
		kinds, _ := finds(each(c.found, func(l lookUp) lookUp { l.incoming = true; return l }))
		if got, want := slices.Contains(kinds, c.kind), slices.Contains([]string{"own", "household", "former", "glass"}, c.kind); got != want {
			t.Errorf("%s of what has just come in is found: %v", c.kind, got)
		}
		// What was told is not told again for the same look-ups.
		if slices.Contains([]string{"glass", "drip", "news"}, c.kind) {
			p := pair{me, "s"}
			if c.kind == "glass" {
				p.subject = ""
			}
			if c.kind == "news" {
				p.person = ""
			}
			looks := slices.Clone(c.found)
			slices.SortStableFunc(looks, byTime)
			w := week{from: from, until: from.AddDate(0, 0, 7), looks: looks, kin: kin, by: by, told: toldUntil{{c.kind, p}: at(-1, 0)}}
			for _, a := range w.anomalies() {
				if a.kind == c.kind && c.kind != "news" {
					t.Errorf("%s is told again: %+v", c.kind, a)
				}
			}
		}
	}
}

// listing is a hub whose list of a week waits to be put together.
func listing(t *testing.T) *lots {
	w := drawing(t)
	usual, err := json.Marshal(structure.UsualAnomalies())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range w.Structure.Authorities {
		w.SQL(`insert into audit.anomaly_week (authority, from_at, until_at, rules, beyond) values ($1, $2::timestamptz, $3::timestamptz, $4, 0)`, string(a.ID), w.from.AddDate(0, 0, -7), w.from, string(usual))
	}
	return w
}

// opened is somebody who opens one matter about somebody at a time, as its rooms write it.
func (w *lots) opened(g glance, whom hub.ID) {
	w.t.Helper()
	w.looks(g)
	w.SQL(`update audit.trail set subjects = array[$1] where object_id = $2 and at >= $3::timestamptz and at < $3::timestamptz + make_interval(mins => $4::int)`, w.Vault().Pseudonym(whom), string(g.object), g.at, fmt.Sprint(max(1, g.n)))
}

// finds has the room put its lists together; it is asked twice, and by two at once it would be
// the same.
func (w *lots) finds(x *room) {
	w.t.Helper()
	for range 2 {
		if err := x.anomalies(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
}

// P10: what a list is made of: what an authority's own people opened, one person at a time, also
// where they were refused it at their own authority; not what a list named, what the log was read
// for, or a refusal at another's. A list takes so many, and what is more is counted; it is made
// once.
func TestWhatAListIsMadeOf(t *testing.T) {
	w := listing(t)
	noon := w.from.Add(12 * time.Hour)
	gudrun := string(w.As("gudrun").Post.Person)
	w.SQL(`insert into access.person_mark (person, issuer, mark) values ($1, 'https://id home', 'm1'), ($1, 'https://id', 'm2')`, gudrun)
	w.SQL(`insert into access.subject_home (subject, kind, mark) values ($1, 'home', 'm1')`, string(stranger))
	list := func() string {
		return w.One(`select coalesce(string_agg(concat_ws(' ', authority, kind, figures), ', ' order by authority, place), '') from audit.anomaly`)
	}
	for _, g := range []glance{{of: "roskilde", outcome: "deny", at: noon}, {of: "koege", purpose: "log_control", at: noon.Add(time.Hour)}, {of: "koege", act: "search", at: noon.Add(2 * time.Hour)},
		{of: "koege", login: "dagny", at: noon.Add(3 * time.Hour)}, {of: "koege", at: w.until.Add(time.Minute)}, {of: "koege", at: w.from.Add(-time.Hour)}} {
		g.object = roskilde
		if g.login == "" {
			g.login = "gudrun"
		}
		w.opened(g, stranger)
	}
	w.SQL(`update audit.trail set request = 'x' || id`)
	w.finds(w.x)
	if got := list(); got != "" {
		t.Fatalf("what is no look-up is found: %s", got)
	}
	again := func() {
		w.SQL(`delete from audit.anomaly`)
		w.SQL(`delete from audit.anomaly_week where from_at = $1::timestamptz`, w.from)
	}
	again()
	w.opened(glance{login: "gudrun", of: "koege", object: roskilde, outcome: "deny", at: noon.AddDate(0, 0, 1)}, stranger)
	w.opened(glance{login: "gudrun", of: "roskilde", object: roskilde, at: noon.AddDate(0, 0, 2)}, stranger)
	w.SQL(`update audit.trail set request = 'x' || id`)
	w.finds(w.x)
	if got := list(); got != "koege household {2,2}" {
		t.Errorf("found is %q", got)
	}
	if got := w.One(`select concat_ws(' ', subject = $1, people[1] = $2, objects[1] = $3) from audit.anomaly`, w.Vault().Pseudonym(stranger), gudrun, string(roskilde)); got != "t t t" {
		t.Errorf("it says %s", got)
	}
	if n := w.One(`select count(*) from audit.anomaly_week where from_at = $1::timestamptz`, w.from); n != fmt.Sprint(len(w.Structure.Authorities)) {
		t.Errorf("%s lists are made", n)
	}
	// What has just come in is no neighbour's secret yet, by the state that the row itself names.
	w.SQL(`insert into access.person_mark (person, issuer, mark) values ($1, 'https://id house', 'm3')`, gudrun)
	w.SQL(`insert into access.subject_home (subject, kind, mark) values ($1, 'house', 'm3')`, string(subject))
	for state, want := range map[string]string{"triage": "koege household {2,2}", "closed": "koege household {2,2}, koege neighbour {1,1}"} {
		again()
		w.SQL(`delete from audit.trail where object_id = $1`, string(koege))
		w.opened(glance{login: "gudrun", of: "koege", object: koege, at: noon}, subject)
		w.SQL(`update audit.trail set request = 'x' || id, input = case when object_id = $1 then jsonb_build_object('state', $2::text) else input end`, string(koege), state)
		w.finds(w.x)
		if got := list(); got != want {
			t.Errorf("in the state %s found is %q, want %q", state, got, want)
		}
	}
	w.SQL(`delete from audit.trail where object_id = $1`, string(koege))
	// What is theirs by the row itself is their work; what they did something about too.
	for what, sql := range map[string]string{"given": `update audit.trail set input = '{"assigned": true, "state": "closed"}' where object_id = $1`,
		"acted": `update audit.trail set act = 'change' where id = (select max(id) from audit.trail where object_id = $1)`} {
		again()
		w.SQL(`delete from audit.trail where object_id = $1`, string(koege))
		w.opened(glance{login: "gudrun", of: "koege", object: koege, n: 2, at: noon}, subject)
		w.SQL(sql, string(koege))
		w.SQL(`update audit.trail set request = 'x' || id`)
		w.finds(w.x)
		if got := list(); got != "koege household {2,2}" {
			t.Errorf("%s: found is %q", what, got)
		}
	}
	w.SQL(`delete from audit.trail where object_id = $1`, string(koege))
	// No more than the list takes; and none where the file says so.
	w.SQL(`insert into access.subject_mark (subject, mark) values ($1, 'm2')`, string(subject))
	w.opened(glance{login: "gudrun", of: "koege", object: koege, at: noon}, subject)
	w.SQL(`update audit.trail set request = 'x' || id`)
	told := func() string {
		return w.One(`select count(*) from audit.outbox where envelope->>'type' = 'audit.trail.odd.v1' and envelope->'data'->>'what' = 'listed_less' and envelope->'data'->>'authority' = 'koege'`)
	}
	for most, want := range map[int]string{1: "koege own {1,1}; 1", 0: "; 0", 50: "koege own {1,1}, koege household {2,2}; 0"} {
		again()
		w.SQL(`delete from audit.outbox`)
		st := *w.Structure
		rule := structure.UsualAnomalies()
		rule.Most, rule.Span = most, structure.Span{From: w.from, Until: structure.Forever}
		st.Anomalies = []structure.Anomalies{rule}
		x := &room{Env: w.env()}
		x.Structure = &st
		w.finds(x)
		if got := list() + "; " + w.One(`select beyond from audit.anomaly_week where authority = 'koege' and from_at = $1::timestamptz`, w.from); got != want {
			t.Errorf("of at most %d found is %q, want %q", most, got, want)
		}
		w.finds(x) // the officers are told once where less can come on it, and not where more can
		if got, want := told(), map[bool]string{true: "1", false: "0"}[most < 15]; got != want {
			t.Errorf("of at most %d they are told %s times", most, got)
		}
	}
}

// T11, P10: an officer goes through the list with the keyboard alone, with a sentence, its limit and
// the rows one press away; says of each whether it is in order, as a row of the trail; nobody
// decides of their own (A055), nor of what they are too close to; and to everybody else it is as
// if it never was (A087).
func TestAnomaliesAreDecided(t *testing.T) {
	w := listing(t)
	noon := w.from.Add(12 * time.Hour)
	gudrun, dagny := w.As("gudrun").Post.Person, w.As("dagny").Post.Person
	w.SQL(`insert into access.person_mark (person, issuer, mark) values ($1, 'https://id home', 'm1'), ($1, 'https://id', 'm2'), ($2, 'https://id home', 'm1')`, string(gudrun), string(dagny))
	w.SQL(`insert into access.subject_home (subject, kind, mark) values ($1, 'home', 'm1')`, string(stranger))
	w.opened(glance{login: "gudrun", of: "koege", object: roskilde, n: 2, at: noon}, stranger)
	w.opened(glance{login: "dagny", of: "koege", object: roskilde, at: noon.Add(time.Hour)}, stranger)
	w.finds(w.x)
	list := func(login string) (q AnomalyQueue) {
		t.Helper()
		w.As(login).API("GET", "/api/anomalies", nil).Must(http.StatusOK).JSON(&q)
		return q
	}
	says := func(login string, id hub.ID, outcome string) hubtest.Answer {
		return w.As(login).API("POST", "/api/anomalies/"+string(id)+"/decision", map[string]any{"outcome": outcome})
	}
	q := list("dagny")
	if q.Yours != 1 || q.Others != 1 || len(q.Waiting) != 2 || !q.Waiting[1].Another || q.Waiting[0].Kind != "household" || q.Waiting[0].People[0] != gudrun || len(q.Weeks) != 2 || q.Weeks[0].Listed != 2 {
		t.Fatalf("waiting are %+v", q)
	}
	mine, own := q.Waiting[0].ID, q.Waiting[1].ID
	for _, login := range []string{"esther", "signe", "gudrun", "hedvig", "rune"} {
		none := hub.MakeID([16]byte{7})
		if a, b := w.As(login).API("GET", "/api/anomalies/"+string(mine), nil).Must(http.StatusNotFound), w.As(login).API("GET", "/api/anomalies/"+string(none), nil).Must(http.StatusNotFound); string(a.Body) != string(b.Body) {
			t.Errorf("%s is told %s, and %s of one that never was", login, a.Body, b.Body)
		}
		if a, b := says(login, mine, "in_order").Must(http.StatusNotFound), says(login, none, "in_order").Must(http.StatusNotFound); string(a.Body) != string(b.Body) {
			t.Errorf("%s is told %s, and %s of one that never was", login, a.Body, b.Body)
		}
	}
	says("dagny", own, "in_order").Must(http.StatusConflict)
	at := "/anomalies/" + string(mine)
	for lang, words := range map[string][4]string{"da": {"1 usædvanligt opslag venter på dig", "Slog 2 gange en person op, der bor på medarbejderens egen adresse (dage: 1).", "Fra det første opslag", "Spørg personen først"},
		"en": {"1 anomaly waits for you", "Looked up, 2 times, a person who lives at the employee&#39;s own address (days: 1).", "From the first look-up", "Ask the person first"}} {
		c := w.As("dagny")
		c.Lang = lang
		if a := sound(t, c.Get("/").Must(http.StatusOK)); !strings.Contains(a.Text(), words[0]) || !strings.Contains(a.Text(), `href="/anomalies"`) {
			t.Errorf("%s: the front page does not say that one waits: %s", lang, a.Body)
		}
		if a := sound(t, c.Get("/anomalies").Must(http.StatusOK)); !strings.Contains(a.Text(), words[0]) || !strings.Contains(a.Text(), words[1]) {
			t.Errorf("%s: %s", lang, a.Body)
		}
		if a := sound(t, c.Get(at).Must(http.StatusOK)); !strings.Contains(a.Text(), words[1]) || !strings.Contains(a.Text(), words[2]) || !strings.Contains(a.Text(), words[3]) || strings.Count(a.Text(), `type="radio"`) != 3 || strings.Contains(a.Text(), `value="in_order" checked`) {
			t.Errorf("%s: %s", lang, a.Body)
		}
		if a := sound(t, c.Submit(at, url.Values{"note": {"Et ord"}}).Must(http.StatusBadRequest)); !strings.Contains(a.Text(), `outcome-error"`) || !strings.Contains(a.Text(), "Et ord") {
			t.Errorf("%s: nothing was chosen: %s", lang, a.Body)
		}
	}
	// The evidence is one press away: the search that finds the very rows.
	var v AnomalyView
	w.As("dagny").API("GET", "/api"+at, nil).Must(http.StatusOK).JSON(&v)
	if f := w.search("dagny", Search{Part: v.Search}); f.Total != 2 || f.Rows[0].Person != gudrun || f.Rows[1].Subjects[0] != w.Vault().Pseudonym(stranger) {
		t.Errorf("the rows are %+v, by %+v", f.Rows, v.Search)
	}
	c := w.As("dagny")
	c.Get(at)
	if a := c.Submit(at, url.Values{"outcome": {"asked"}, "note": {"Jeg ringer i morgen."}}).Must(http.StatusOK); a.Path != "/anomalies" {
		t.Errorf("when there is no other, %s is shown", a.Path)
	}
	says("dagny", mine, "perhaps").Must(http.StatusBadRequest)
	says("dagny", mine, "not_in_order").Must(http.StatusOK)
	says("dagny", mine, "in_order").Must(http.StatusConflict)
	c.API("GET", "/api"+at, nil).Must(http.StatusOK).JSON(&v)
	if len(v.Steps) != 2 || v.Steps[0].Note != "Jeg ringer i morgen." || v.Steps[1].Outcome != "not_in_order" || v.Steps[1].By != c.Post.Name {
		t.Errorf("decided is %+v", v.Steps)
	}
	if got := w.One(`select string_agg(concat_ws(' ', act, outcome, input ->> 'category', why_ref <> ''), ', ' order by id) from audit.trail where object_kind = 'anomaly' and object_id = $1 and outcome = 'allow'`, string(mine)); got != "decide allow asked t, decide allow not_in_order f" {
		t.Errorf("the trail says %s", got)
	}
	w.decidedIsHeld(anomalyBook, "/anomalies", mine)
	// Too close (A012): it is shown and decided of as by anybody, or it would tell who it is about;
	// what they find does not count, which is not told to them.
	w.SQL(`delete from audit.anomaly_decision`)
	w.SQL(`insert into access.recusal (item, person, kind, by_person, by_hat) values ($1, $2, 'concern', 'x', 'x')`, string(roskilde), string(dagny))
	says("dagny", mine, "in_order").Must(http.StatusOK)
	c.API("GET", "/api"+at, nil).Must(http.StatusOK).JSON(&v)
	if got := list("dagny"); len(got.Decided) != 1 || got.Decided[0].Vain || len(v.Steps) != 1 || v.Steps[0].Vain || v.Outcome != "in_order" {
		t.Errorf("who is too close is told %+v, and %+v", got, v)
	}
	if got := w.One(`select counts from audit.anomaly_decision`); got != "f" {
		t.Errorf("what they found counts: %s", got)
	}
	for what, sql := range map[string]string{
		"of the own":     `insert into audit.anomaly_decision values ('` + string(own) + `', 1, 'in_order', '` + string(dagny) + `', 'h', now(), true)`,
		"of one decided": `insert into audit.anomaly_decision values ('` + string(mine) + `', 3, 'asked', '` + string(dagny) + `', 'h', now(), true)`,
	} {
		if !fails(w.world, sql) {
			t.Errorf("a decision %s is kept", what)
		}
	}
}
