//go:build !race

package audit

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
)

// The trail of an invented region, week by week: what people who work do, and among it what
// somebody does who should not (P10). It was written before the anomalies had a threshold, from
// what the work is like: who has which matters, who meets on Tuesdays, who stands in when. It
// knows nothing of how they are found, and says for itself what was planted.

// region is a log that is being made.
type region struct {
	w         *lots
	r         *rand.Rand
	now, from time.Time // now: the Monday of the week that is made
	weeks     int
	id        int64
	rows      int
	out       bytes.Buffer
	towns     []*town
	police    *town
	planted   []*plant
	later     map[int][]func() // by week: what was planted
	marks     []string         // lines of the access facts, by table
	before    []string
	homes     []string
	met       map[pair]bool // who opened what about whom
	away      map[pair]bool // who keeps away from whom: the hub shows nobody what is about themselves, and most step back from their own
}

type town struct {
	id           hub.AuthorityID
	kind, role   string
	staff        []*hand
	coordinators []*hand
	called       []*hand // who is called out, and breaks a glass
	open, closed []*job
}

// hand is somebody who works.
type hand struct {
	person, hat hub.ID
	of          *town
	role        string
}

// job is a matter, with who works on it.
type job struct {
	id, subject hub.ID
	pseudonym   string
	of          *town
	handler     *hand
	team        []*hand
	begun, ends int
	acute       int // until which week it is talked of on Mondays
}

// plant is a case that is there to be found.
type plant struct {
	kind    string
	hand    *hand // nobody's alone where many looked
	subject string
	of      hub.AuthorityID
	from    time.Time // the first look of it, and
	until   time.Time // the last
}

const police = "mvs-politi"

// invents makes up a log of so many weeks, people and matters for a week and a hundred of them.
func invents(t testing.TB, w *lots, seed uint64, weeks, people int, each int) *region {
	t.Helper()
	g := &region{w: w, r: rand.New(rand.NewPCG(seed, 26)), weeks: weeks, later: map[int][]func(){}, id: 1_000_000, met: map[pair]bool{}, away: map[pair]bool{}}
	this := time.Now().UTC()
	first := time.Date(this.Year(), this.Month(), 1, 0, 0, 0, 0, time.UTC)
	g.from = monday(first).AddDate(0, 0, -7*weeks)
	g.people(people)
	g.plants(each)
	conn, err := pgx.Connect(t.Context(), w.Owner())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	exec := func(sql string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	copies := func(sql string) {
		t.Helper()
		if _, err := conn.PgConn().CopyFrom(t.Context(), &g.out, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		g.out.Reset()
	}
	exec("drop table if exists audit.trail_before")
	exec("create unlogged table audit.trail_before (like audit.trail including defaults including constraints including storage)")
	for week := range weeks {
		g.now = periodEnd(g.from, week)
		g.works(week)
		for i := 0; i < len(g.later[week]); i++ { // what is done may have more to do in the same week
			g.later[week][i]()
		}
		copies("copy audit.trail_before (" + inventedColumns + ") from stdin")
	}
	exec("alter table audit.trail attach partition audit.trail_before for values from ('2020-01-01 00:00Z') to ('" + first.Format(time.DateOnly) + " 00:00Z')")
	exec("analyze audit.trail_before")
	for sql, lines := range map[string][]string{"copy access.person_mark (person, issuer, mark) from stdin": g.marks, "copy access.home_before (person, mark, until_at) from stdin": g.before} {
		for _, l := range lines {
			g.out.WriteString(l)
		}
		copies(sql)
	}
	for _, l := range g.homes {
		g.out.WriteString(l)
	}
	copies("copy access.subject_home (subject, kind, mark) from stdin")
	for _, x := range append(slices.Clone(g.towns), g.police) {
		for _, h := range x.staff {
			fmt.Fprintf(&g.out, "%s\t%s\tPrøve %s\t%s\t%s\t%s\t2020-01-01\t2100-01-01\n", h.hat, h.person, h.person[20:], x.id, x.kind, h.role)
		}
	}
	defer exec("analyze access.hat, access.person_mark, access.subject_mark, access.subject_home, access.home_before")
	copies("copy access.hat (id, person, name, authority, kind, role, from_at, until_at) from stdin")
	return g
}

const inventedColumns = `id, at, writer, said_at, person, hat, authority, role, issuer, loa, session, request, cause, act, outcome, question, input, revision, reasons, obligations,
	object_kind, object_id, object_version, controller, subjects, fields, purpose, basis, recipient, rows, why_ref, why_digest, deputy_of`

func (g *region) chance(p float64) bool { return g.r.Float64() < p }

// between is one of the whole numbers from a to b.
func (g *region) between(a, b int) int { return a + g.r.IntN(b-a+1) }

func one[T any](g *region, list []T) T { return list[g.r.IntN(len(list))] }

// picks are about so many, each once.
func picks[T any](g *region, list []T, n int) []T {
	c := slices.Clone(list)
	g.r.Shuffle(len(c), func(i, j int) { c[i], c[j] = c[j], c[i] })
	return c[:min(n, len(c))]
}

func (g *region) people(n int) {
	g.police = &town{id: police, kind: "police"}
	for _, id := range []hub.AuthorityID{"koege", "roskilde", "greve", "holbaek", "kalundborg", "lejre", "odsherred", "ringsted", "solroed", "stevns"}[:min(10, max(1, n/150))] {
		g.towns = append(g.towns, &town{id: id, kind: "municipality"})
	}
	for i := range n {
		h := &hand{person: hub.NewID(), hat: hub.NewID(), of: g.towns[i%len(g.towns)], role: "core_group"}
		switch {
		case g.chance(0.25):
			h.of, h.role = g.police, "local_police"
			if g.chance(0.1) {
				h.role = "police_coordinator"
			}
		case len(h.of.coordinators) < 3 || g.chance(0.06):
			h.role = "municipal_coordinator"
		case g.chance(0.4):
			h.role = "receiver"
		}
		h.of.staff = append(h.of.staff, h)
		switch {
		case h.role == "municipal_coordinator" || h.role == "police_coordinator":
			h.of.coordinators = append(h.of.coordinators, h)
		case g.chance(0.1):
			h.of.called = append(h.of.called, h)
		}
	}
}

// day is a time on a day of the week that is made, in the hours of an office or not.
func (g *region) day(d int, hour float64) time.Time {
	return g.now.In(hub.Copenhagen).AddDate(0, 0, d).Add(time.Duration(hour * float64(time.Hour)))
}

func (g *region) office() time.Time { return g.day(g.r.IntN(5), 8+8*g.r.Float64()) }

// row writes one row of the trail.
func (g *region) row(h *hand, at time.Time, request hub.ID, act, outcome, question, kind, id string, x *job, related bool, reason string, n int) {
	g.id++
	g.rows++
	stamp := at.UTC().Format("2006-01-02 15:04:05.000000Z07")
	relation, controller, about, state := "own", string(h.of.id), "", "collecting"
	if x != nil {
		controller, about = string(x.of.id), x.pseudonym
		if x.of != h.of {
			relation = "shared"
		}
		switch {
		case slices.Contains(x.of.closed, x):
			state = "closed"
		case !at.Before(periodEnd(g.from, x.begun)) && at.Before(periodEnd(g.from, x.begun+1)):
			state = "triage"
		}
	}
	fmt.Fprintf(&g.out, "%d\t%s\tassessment\t%s\t%s\t%s\t%s\t%s\thttps://id.example\tSubstantial\t%s\t%s\t%s\t%s\t%s\t%s\t", g.id, stamp, stamp, h.person, h.hat, h.of.id, h.role, request, request, request, act, outcome, question)
	fmt.Fprintf(&g.out, `{"role": "%s", "kind": "%s", "relation": "%s", "received_by": "municipality", "state": "%s", "assigned": %v, "author": false, "recused": false, "glass": %v, "purpose": "prevention"}`,
		h.role, h.of.kind, relation, state, related, reason == "glass")
	fmt.Fprintf(&g.out, "\t91c5b3a0d2e4f607-8d1c3b5a79e0f246\t{%s}\t{}\t%s\t%s\t3\t%s\t{%s}\t{}\tprevention\t\t\t%d\t\t\\N\t\n", reason, kind, id, controller, about, n)
}

// looks is one page that is opened, unless by somebody who keeps away.
func (g *region) looks(h *hand, x *job, at time.Time, related bool) {
	if !g.away[pair{h.person, x.pseudonym}] {
		g.opens(h, x, at, related)
	}
}

// opens is a page of a matter, with the card of whom it is about.
func (g *region) opens(h *hand, x *job, at time.Time, related bool) {
	g.met[pair{h.person, x.pseudonym}] = true
	request, reason := hub.NewID(), "own"
	if related {
		reason = "assigned"
	}
	if !related && h.role != "municipal_coordinator" && h.role != "police_coordinator" { // who only sees what they were given
		g.row(h, at, request, "consult", "deny", "view", "case", string(x.id), x, false, "no_relation", 0)
		return
	}
	g.row(h, at, request, "consult", "allow", "view", "case", string(x.id), x, related, reason, 0)
	g.row(h, at, request, "consult", "allow", "view", "subject", x.pseudonym, x, related, reason, 0)
}

func (g *region) acts(h *hand, x *job, at time.Time) {
	if g.away[pair{h.person, x.pseudonym}] {
		return
	}
	g.row(h, at, hub.NewID(), one(g, []string{"decide", "change", "collect", "grant"}), "allow", "act", "case", string(x.id), x, slices.Contains(x.team, h), "assigned", 0)
}

// breaks is a glass that is broken, and what is read under it.
func (g *region) breaks(h *hand, x *job, at time.Time) {
	g.row(h, at, hub.NewID(), "break-glass", "allow", "glass", "case", string(x.id), x, false, "glass", 0)
	for range g.between(1, 3) {
		at = at.Add(time.Duration(g.between(1, 8)) * time.Minute)
		request := hub.NewID()
		g.row(h, at, request, "consult", "allow", "view", "case", string(x.id), x, false, "glass", 0)
		g.row(h, at, request, "consult", "allow", "view", "subject", x.pseudonym, x, false, "glass", 0)
	}
}

// begins is a matter that comes in.
func (g *region) begins(x *town, week int) *job {
	j := &job{id: hub.NewID(), subject: hub.NewID(), of: x, handler: one(g, x.coordinators), begun: week, ends: week + g.between(4, 40)}
	if g.chance(0.3) {
		j.ends = week + g.between(1, 3)
	}
	if len(x.closed) > 0 && g.chance(0.2) {
		j.subject = one(g, x.closed).subject
	}
	j.pseudonym = g.w.Vault().Pseudonym(j.subject)
	for _, h := range picks(g, x.staff, g.between(1, 5)) {
		if h.role != "municipal_coordinator" {
			j.team = append(j.team, h)
		}
	}
	if g.chance(0.5) {
		j.team = append(j.team, one(g, g.police.staff))
	}
	if g.chance(0.12) {
		j.acute = week + g.between(2, 6)
	}
	g.kin(x, j)
	x.open = append(x.open, j)
	return j
}

// kin says what those of a matter are to those who work: by chance, as people live near one
// another, and mostly to somebody who never has to do with it.
func (g *region) kin(x *town, j *job) {
	near := func() *hand { // who is near to somebody was so before: they would have kept away then too
		for range 20 {
			if h := one(g, x.staff); !g.met[pair{h.person, j.pseudonym}] {
				return h
			}
		}
		return nil
	}
	if h := near(); h != nil && g.chance(0.012) {
		g.knows("colleague", h, j) // somebody who works here is whom it is about
		g.away[pair{h.person, j.pseudonym}] = true
	}
	for _, k := range []struct {
		how      string
		p, aside float64
	}{{"household", 0.004, 0.8}, {"former", 0.004, 0.5}, {"neighbour", 0.03, 0.1}} {
		h := near()
		if h == nil || !g.chance(k.p) {
			continue
		}
		if g.chance(0.1) && len(j.team) > 0 { // and sometimes works on it: the town is small, and lines of address are shared
			h = j.team[0]
		}
		g.knows(k.how, h, j)
		if g.chance(k.aside) {
			g.away[pair{h.person, j.pseudonym}] = true
		}
	}
}

// knows keeps the marks by which somebody is something to whom a matter is about.
func (g *region) knows(how string, h *hand, j *job) {
	mark := string(hub.NewID())
	switch how {
	case "own", "colleague":
		g.marks = append(g.marks, fmt.Sprintf("%s\thttps://id.example\t%s\n", h.person, mark))
		g.w.SQL(`insert into access.subject_mark (subject, mark) values ($1, $2)`, string(j.subject), mark)
		return
	case "household":
		g.marks = append(g.marks, fmt.Sprintf("%s\thttps://id.example home\t%s\n", h.person, mark))
	case "former":
		g.before = append(g.before, fmt.Sprintf("%s\t%s\t%s\n", h.person, mark, g.from.Format(time.RFC3339)))
	case "neighbour":
		g.marks = append(g.marks, fmt.Sprintf("%s\thttps://id.example house\t%s\n", h.person, mark))
		g.homes = append(g.homes, fmt.Sprintf("%s\thouse\t%s\n", j.subject, mark))
		return
	}
	g.homes = append(g.homes, fmt.Sprintf("%s\thome\t%s\n", j.subject, mark))
}

// works is a week of everybody's work.
func (g *region) works(week int) {
	pace := 1.0
	if _, n := g.now.AddDate(0, 0, 3).ISOWeek(); n >= 28 && n <= 31 || n >= 52 || n == 1 {
		pace = 0.4 // holidays
	}
	for _, x := range g.towns {
		begun := []*job{}
		for range int(float64(len(x.staff))*0.06*pace + g.r.Float64()*2) {
			begun = append(begun, g.begins(x, week))
		}
		g.meets(x, begun)
		g.follows(x, week, pace)
		g.reviews(x, week)
		g.duty(x)
		x.open = slices.DeleteFunc(x.open, func(j *job) bool {
			if j.ends <= week {
				x.closed = append(x.closed, j)
			}
			return j.ends <= week
		})
	}
	for _, x := range append(slices.Clone(g.towns), g.police) {
		for _, h := range x.staff {
			if g.chance(0.35 * pace) {
				g.lists(h, x)
			}
			if all := g.all(x); len(all) > 0 && g.chance(0.02*pace) { // the wrong one, a link in an old mail
				g.looks(h, one(g, all), g.office(), false)
			}
		}
	}
}

// all are the matters that somebody at an authority might come by: the police come by all.
func (g *region) all(x *town) []*job {
	if x == g.police {
		x = one(g, g.towns)
	}
	if g.chance(0.3) && len(x.closed) > 0 {
		return x.closed
	}
	return x.open
}

// lists is a page of what is one's own.
func (g *region) lists(h *hand, x *town) {
	at, request, all := g.office(), hub.NewID(), g.all(x)
	g.row(h, at, request, "search", "allow", "list", "cases", "", nil, false, "role", len(all))
	for _, j := range picks(g, all, g.between(3, 18)) {
		g.row(h, at, request, "search", "allow", "view", "case", string(j.id), j, true, "assigned", 0)
	}
}

// meets is the weekly meeting about what is new: most of those who decide open it beforehand.
func (g *region) meets(x *town, begun []*job) {
	for _, h := range x.coordinators {
		if !g.chance(0.7) {
			continue
		}
		at := g.day(1, 8+4*g.r.Float64())
		for _, j := range begun {
			if !g.chance(0.6) && j.handler != h {
				continue
			}
			at = at.Add(time.Duration(g.between(2, 9)) * time.Minute)
			g.looks(h, j, at, false)
			if j.handler == h {
				g.acts(h, j, at.Add(time.Minute))
			}
		}
	}
	for _, j := range x.open { // and on Mondays what is acute
		if j.acute == 0 || j.begun == j.acute {
			continue
		}
		for _, h := range picks(g, x.coordinators, 2) {
			if g.chance(0.6) {
				g.looks(h, j, g.day(0, 8+2*g.r.Float64()), false)
			}
		}
	}
}

// follows is the work on what is open.
func (g *region) follows(x *town, week int, pace float64) {
	for _, j := range x.open {
		if j.acute != 0 && j.acute <= week {
			j.acute = 0
		}
		often := 0.3 * pace
		if j.begun == week {
			often = 0.9
		}
		for _, h := range j.team {
			if !g.chance(often) {
				continue
			}
			for range g.between(1, 3) {
				g.looks(h, j, g.office(), true)
			}
			if g.chance(0.4) {
				g.acts(h, j, g.office())
			}
		}
		if g.chance(0.35 * pace) {
			h := j.handler
			if pace < 1 && g.chance(0.6) { // who stands in for whoever is away
				h = one(g, x.coordinators)
			}
			g.looks(h, j, g.office(), false)
			if g.chance(0.5) {
				g.acts(h, j, g.office())
			}
		}
	}
}

// reviews are what comes now and then: the quarter's review of what is open, a colleague's
// matters that somebody takes over, and an incident that everybody is called to.
func (g *region) reviews(x *town, week int) {
	if (week+int(x.id[0]))%13 == 0 && len(x.coordinators) > 0 {
		h, at, d := one(g, x.coordinators), g.day(2, 8.5), 2
		for _, j := range picks(g, x.open, g.between(25, 60)) {
			if at = at.Add(time.Duration(g.between(3, 11)) * time.Minute); at.After(g.day(d, 16)) {
				d++
				at = g.day(d, 8.5)
			}
			g.looks(h, j, at, false)
			if g.chance(0.2) {
				g.acts(h, j, at.Add(time.Minute))
			}
		}
	}
	if len(x.open) > 5 && g.chance(0.05) {
		h, at := one(g, x.staff), g.day(0, 9)
		for _, j := range picks(g, x.open, g.between(6, 20)) {
			j.team = append(j.team, h)
			at = at.Add(time.Duration(g.between(2, 7)) * time.Minute)
			g.looks(h, j, at, true)
		}
	}
	if len(x.open) > 0 && g.chance(0.08) {
		j := one(g, x.open)
		for _, h := range picks(g, x.staff, g.between(8, 18)) {
			if h.role != "municipal_coordinator" {
				j.team = append(j.team, h)
			}
			for range g.between(1, 3) {
				g.looks(h, j, g.day(g.between(1, 3), 7+12*g.r.Float64()), h.role != "municipal_coordinator")
			}
		}
	}
}

// duty is what those do who are called out.
func (g *region) duty(x *town) {
	for _, h := range append(slices.Clone(x.called), g.police.called...) {
		p := 0.02
		if h.of == g.police {
			p /= float64(len(g.towns))
		}
		if len(x.open) == 0 || !g.chance(p) {
			continue
		}
		for range g.between(1, 2) { // one night, one family
			g.breaks(h, one(g, x.open), g.day(g.r.IntN(7), 24*g.r.Float64()))
		}
	}
}
