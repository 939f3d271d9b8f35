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
