//go:build !race

package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// made is a trail that was made up: a year of ten municipalities and the police, 2,000
// people at work, a concern or a case for each two hundred rows. Who looks at what how
// often is guessed: lists that name many, matters that are opened, what is done with them,
// what is passed on, what is refused, and the hub's own work.
type made struct {
	h       *hubtest.Hub
	r       *rand.Rand
	rows    int64
	id      int64 // the last
	matters []matter
	people  []worker
	busy    *rand.Zipf // who works, and
	hot     *rand.Zipf // on which of the own matters
	of      map[hub.AuthorityID][]int
	out     bytes.Buffer
	now     time.Time
	visit   string
}

// matter is a concern or a case.
type matter struct {
	id, subject hub.ID
	pseudonym   string
	kind        string
	controller  hub.AuthorityID
}

// worker is somebody in a hat.
type worker struct {
	person, hat hub.ID
	authority   hub.AuthorityID
	role        hub.Role
}

const madePolice = "mvs-politi"

var madeTowns = []hub.AuthorityID{"koege", "roskilde", "greve", "holbaek", "kalundborg", "lejre", "odsherred", "ringsted", "solroed", "stevns"}

// makes makes up a trail of about so many rows in the twelve months before this one.
func makes(t testing.TB, h *hubtest.Hub, rows int64) *made {
	t.Helper()
	m := &made{h: h, r: rand.New(rand.NewPCG(uint64(rows), 7)), rows: rows, of: map[hub.AuthorityID][]int{}}
	m.busy, m.hot = rand.NewZipf(m.r, 1.2, 20, 1999), rand.NewZipf(m.r, 1.1, 10, 1<<20)
	for i := range 2000 {
		w := worker{hub.NewID(), hub.NewID(), madeTowns[m.r.IntN(len(madeTowns))], hub.MunicipalCoordinator}
		switch {
		case m.r.IntN(4) == 0:
			w.authority, w.role = madePolice, hub.LocalPolice
		case m.r.IntN(4) > 0:
			w.role = hub.CoreGroup
		}
		if i == 0 {
			w.authority = "koege" // one of the busiest
		}
		m.people = append(m.people, w)
	}
	for i := range max(rows/200, 20) {
		x := matter{id: hub.NewID(), subject: hub.NewID(), kind: "concern", controller: madeTowns[m.r.IntN(len(madeTowns))]}
		if m.r.IntN(3) == 0 {
			x.kind = "case"
		}
		x.pseudonym = h.Vault().Pseudonym(x.subject)
		m.matters = append(m.matters, x)
		m.of[x.controller] = append(m.of[x.controller], int(i))
	}
	conn, err := pgx.Connect(t.Context(), h.Owner())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	copies := func(sql string) {
		t.Helper()
		if _, err := conn.PgConn().CopyFrom(t.Context(), &m.out, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		m.out.Reset()
	}
	for _, w := range m.people {
		fmt.Fprintf(&m.out, "%s\t%s\tPrøve %s\t%s\tmunicipality\t%s\t2020-01-01\t2100-01-01\n", w.hat, w.person, w.person[20:], w.authority, w.role)
	}
	copies(`copy access.hat (id, person, name, authority, kind, role, from_at, until_at) from stdin`)
	for _, x := range m.matters {
		fmt.Fprintf(&m.out, "%s\t%s\t%s\t%s\tmunicipality\ttriage\tnobody\n", x.id, x.kind, x.subject, x.controller)
	}
	copies(`copy access.item (id, kind, about, controller, received_by, state, author) from stdin`)

	// A partition is filled before it is attached: then its indexes are made at once. What
	// is not logged is on the disk in half the time.
	m.id, _ = strconv.ParseInt(h.One(`select nextval('audit.trail_id_seq')`), 10, 64)
	if _, err := conn.Exec(t.Context(), "set maintenance_work_mem = '512MB'"); err != nil {
		t.Fatal(err)
	}
	this := time.Now().UTC()
	this = time.Date(this.Year(), this.Month(), 1, 0, 0, 0, 0, time.UTC)
	begun := m.id
	for i := range 12 {
		month := this.AddDate(0, i-12, 0)
		table := "audit.trail_" + month.Format("2006_01")
		exec := func(sql string) {
			t.Helper()
			if _, err := conn.Exec(t.Context(), sql); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}
		exec("begin")
		exec("create unlogged table " + table + " (like audit.trail including defaults including constraints including storage)")
		until, step := begun+rows*int64(i+1)/12, month.AddDate(0, 1, 0).Sub(month)
		m.now = month
		pause := time.Duration(float64(step) / float64(max(rows/12, 1)) * 0.98)
		pipe, in := io.Pipe()
		go func() {
			for m.id < until && m.now.Before(month.AddDate(0, 1, 0).Add(-time.Hour)) {
				before := m.id
				m.step()
				m.now = m.now.Add(time.Duration(m.id-before) * pause)
				if m.out.Len() > 1<<20 {
					in.Write(m.out.Bytes()) // what fails, the statement tells
					m.out.Reset()
				}
			}
			in.Write(m.out.Bytes())
			m.out.Reset()
			in.Close()
		}()
		if _, err := conn.PgConn().CopyFrom(t.Context(), pipe, "copy "+table+" ("+madeColumns+") from stdin with (freeze)"); err != nil {
			t.Fatal(err)
		}
		exec("commit")
		exec("alter table audit.trail attach partition " + table + " for values from ('" + month.Format(time.RFC3339) + "') to ('" + month.AddDate(0, 1, 0).Format(time.RFC3339) + "')")
		exec("analyze " + table)
	}
	m.rows = m.id - begun
	h.SQL(`select setval('audit.trail_id_seq', $1::bigint)`, strconv.FormatInt(m.id, 10))
	h.SQL(`analyze access.item, access.hat`)
	return m
}

const madeColumns = `id, at, writer, said_at, person, hat, authority, role, issuer, loa, session, request, cause, act, outcome, question, input, revision, reasons, obligations,
	object_kind, object_id, object_version, controller, subjects, fields, purpose, basis, recipient, rows, why_ref, why_digest`

// row writes one row.
func (m *made) row(w worker, act hub.Act, outcome, question, reason, kind, id string, controller hub.AuthorityID, subjects, fields, basis string, recipient hub.AuthorityID, rows int) {
	m.id++
	at := m.now.Add(time.Duration(m.r.IntN(30)) * time.Millisecond).Format("2006-01-02 15:04:05.000000Z07")
	fmt.Fprintf(&m.out, "%d\t%s\tintake\t%s\t%s\t%s\t%s\t%s\thttps://id.example/%s\tSubstantial\t%s\t%s\t%s\t%s\t%s\t%s\t", m.id, at, at, w.person, w.hat, w.authority, w.role, w.authority, w.hat, m.visit, m.visit, act, outcome, question)
	fmt.Fprintf(&m.out, `{"role": "%s", "kind": "municipality", "relation": "%s", "received_by": "municipality", "shared_by": "", "state": "triage", "assigned": true, "author": false, "recused": false, "classes": "", "basis": "%s", "glass": false, "purpose": "prevention"}`,
		w.role, reason, basis)
	fmt.Fprintf(&m.out, "\t91c5b3a0d2e4f607-8d1c3b5a79e0f246\t{%s}\t{mask_cpr}\t%s\t%s\t3\t%s\t{%s}\t{%s}\tprevention\t%s\t%s\t%d\t\t\\N\n", reason, kind, id, controller, subjects, fields, basis, recipient, rows)
}

// own is one of the matters that somebody works with: a few of them much more than others,
// and their own few more than their colleagues'. The police work with everybody's.
func (m *made) own(w worker) (matter, bool) {
	town := w.authority
	if town == madePolice {
		town = madeTowns[m.r.IntN(len(madeTowns))]
	}
	all := m.of[town]
	if len(all) == 0 {
		return matter{}, false
	}
	return m.matters[all[int(m.hot.Uint64()+uint64(w.person[25]))%len(all)]], true
}

// step is one thing that somebody does.
func (m *made) step() {
	w := m.people[m.busy.Uint64()]
	m.visit = string(hub.NewID())
	x, ok := m.own(w)
	if !ok {
		return
	}
	reason := "own"
	if w.authority == madePolice {
		reason = "from_municipality"
	}
	const seen = "name,cpr,age_band,protected,statements,urgency,why_now,theme,state,due,received_at"
	switch n := m.r.IntN(1000); {
	case n < 300: // a list, that names everybody in it
		many := 5 + m.r.IntN(20)
		m.row(w, hub.ActSearch, "allow", "list", "role", "case", "", w.authority, "", "", "", "", many)
		for range many {
			x, _ := m.own(w)
			m.row(w, hub.ActSearch, "allow", "view", reason, x.kind, string(x.id), x.controller, x.pseudonym, "state,due,theme,urgency", "", "", 0)
			m.row(w, hub.ActConsult, "allow", "view", reason, "subject", x.pseudonym, x.controller, x.pseudonym, "name,age_band,protected", "", "", 0)
		}
	case n < 700: // one that is opened
		m.row(w, hub.ActConsult, "allow", "view", reason, x.kind, string(x.id), x.controller, x.pseudonym, seen, "", "", 0)
		m.row(w, hub.ActConsult, "allow", "view", reason, "subject", x.pseudonym, x.controller, x.pseudonym, "name,cpr,age_band,protected,address", "", "", 0)
		m.row(w, hub.ActConsult, "allow", "view", reason, x.kind, string(x.id), x.controller, x.pseudonym, "who_has_seen", "", "", 7)
	case n < 850:
		act := []hub.Act{hub.ActChange, hub.ActChange, hub.ActCollect, hub.ActDecide, hub.ActGrant, hub.ActRevoke}[m.r.IntN(6)]
		m.row(w, act, "allow", "act", reason, x.kind, string(x.id), x.controller, x.pseudonym, "", "", "", 0)
	case n < 880: // passed on, at both ends
		to := hub.AuthorityID(madePolice)
		if w.authority == madePolice || m.r.IntN(3) == 0 {
			to = madeTowns[m.r.IntN(len(madeTowns))]
		}
		m.row(w, hub.ActCollect, "allow", "disclose", "basis", x.kind, string(x.id), to, x.pseudonym, "", "RPL115-2", to, 0)
		m.row(w, hub.ActDisclose, "allow", "disclose", "basis", x.kind, string(x.id), x.controller, x.pseudonym, "", "RPL115-2", to, 0)
	case n < 920: // refused, at a colleague's or another authority's
		x = m.matters[m.r.IntN(len(m.matters))]
		m.row(w, hub.ActConsult, "deny", "view", "no_relation", x.kind, string(x.id), x.controller, x.pseudonym, "", "", "", 0)
	case n < 930:
		m.row(w, hub.ActExport, "allow", "view", reason, x.kind, string(x.id), x.controller, x.pseudonym, seen, "", "", 1)
	default: // the hub itself
		m.row(worker{"system", "system", "", "system"}, hub.ActChange, "allow", "act", "system", x.kind, string(x.id), x.controller, x.pseudonym, "", "", "", 0)
	}
}

// forgets has the operating system forget what it has of the database's files, as after a
// night of backups; it tells whether it could.
func (m *made) forgets() bool {
	m.h.SQL("checkpoint")
	dir := m.h.One("show data_directory")
	cold := true
	err := filepath.WalkDir(filepath.Join(dir, "base"), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			cold = exec.Command("dd", "if="+path, "iflag=nocache", "count=0", "status=none").Run() == nil && cold
		}
		return nil // files come and go
	})
	return err == nil && cold
}

// found is what an officer is answered.
type found struct {
	Total  int
	More   bool
	Rows   []struct{ ID int64 }
	Groups []struct{ Rows int }
	Next   string
}

// TestVolumeDesk asks the five questions of a data-protection officer of a trail that was
// made up (docs/bench.md): each with its total, its groups and its days, and the page after.
// A deep run does so at 10^5, 10^6 and 10^7 rows and says how long it took, from a disk that
// was not read before and then again; else it is a few thousand, and only the totals are
// looked at.
func TestVolumeDesk(t *testing.T) {
	sizes := []int64{5_000}
	if deepRun() {
		sizes = []int64{100_000, 1_000_000, 10_000_000}
	}
	if asked := strings.Fields(os.Getenv("INFOHUS_TEST_ROWS")); len(asked) > 0 { // one or several
		sizes = nil
		for _, text := range asked {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			sizes = append(sizes, n)
		}
	}
	for _, size := range sizes { // one after the other: the disk has room for the largest, and what is cached is its own
		t.Run(fmt.Sprint(size, " rows"), func(t *testing.T) { asksTheDesk(t, size) })
	}
}

func asksTheDesk(t *testing.T, size int64) {
	h := hubtest.Open(t, hubtest.Options{Services: rooms(), RealIDs: true})
	began := time.Now()
	m := makes(t, h, size)
	took := time.Since(began)
	bytes, _ := strconv.ParseFloat(h.One(`select sum(pg_total_relation_size(inhrelid)) / $1::bigint from pg_inherits where inhparent = 'audit.trail'::regclass`, strconv.FormatInt(m.rows, 10)), 64)
	t.Logf("a trail of %d rows, made in %s: %.0f bytes a row", m.rows, took.Round(100*time.Millisecond), bytes)
	if size > 10_000 {
		for _, l := range h.SQL(`select substring(pg_get_indexdef(c.oid) from ' USING (.*)'), sum(pg_relation_size(c.oid)) / $1::numeric from pg_inherits i join pg_index x on x.indrelid = i.inhrelid
			join pg_class c on c.oid = x.indexrelid where i.inhparent = 'audit.trail'::regclass group by 1 order by 2 desc`, strconv.FormatInt(m.rows, 10)) {
			t.Logf("  %.4s bytes a row: %s", l[1], l[0])
		}
	}

	dpo := h.As(koegeDPO)
	dpo.Token = h.Issuer.Sign(h.Issuer.Claims(dpo.Post))
	one := m.matters[m.of["koege"][0]]
	busiest := h.SQL(`select person from audit.trail where authority = 'koege' and outcome = 'allow' group by 1 order by count(*) desc limit 1`)[0][0]
	month := m.now.Format("2006-01")
	from, until := month+"-01", time.Date(m.now.Year(), m.now.Month()+1, 0, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	if at := h.SQL(`select object_id, (select about from access.item where id = object_id), count(*) from audit.trail where controller = 'koege' and object_kind in ('case', 'concern') and object_id <> '' group by 1 order by 3 desc limit 1`); len(at) > 0 {
		one = matter{id: hub.ID(at[0][0]), subject: hub.ID(at[0][1]), pseudonym: h.Vault().Pseudonym(hub.ID(at[0][1]))} // that was looked at most
	}
	ours := ` from audit.trail where object_kind <> 'trail' and (controller = 'koege' or authority = 'koege') and `
	for _, q := range []struct {
		name, plain string
		args        []any
		in          map[string]any
	}{
		{"who saw this person, and why", `('` + one.pseudonym + `' = any(subjects) or object_id = any($1)) and (outcome = 'allow' or controller = 'koege' or object_id = any($1))`, []any{[]string{string(one.subject), one.pseudonym}},
			map[string]any{"way": "subject", "reference": one.subject}},
		{"the same, in a month", `('` + one.pseudonym + `' = any(subjects) or object_id = any($1)) and (outcome = 'allow' or controller = 'koege' or object_id = any($1)) and at >= ($2::date::timestamp at time zone 'Europe/Copenhagen') and at < (($3::date + 1)::timestamp at time zone 'Europe/Copenhagen')`,
			[]any{[]string{string(one.subject), one.pseudonym}, from, until}, map[string]any{"way": "subject", "reference": one.subject, "from": from, "until": until}},
		{"what did this employee look at", `person = $1`, []any{busiest}, map[string]any{"way": "person", "person": busiest}},
		{"who saw this case", `object_id = $1`, []any{string(one.id)}, map[string]any{"way": "item", "reference": one.id}},
		{"the same, by the end of its reference", `object_id = $1`, []any{string(one.id)}, map[string]any{"way": "item", "reference": string(one.id[20:])}},
		{"what was disclosed to whom", `(act = 'disclose' and recipient <> '' and (outcome = 'allow' or controller = 'koege') or act = 'collect' and recipient = 'koege' and controller = 'koege')`, nil, map[string]any{"way": "disclosure"}},
		{"refusals in a month", `outcome = 'deny' and at >= ($1::date::timestamp at time zone 'Europe/Copenhagen') and at < (($2::date + 1)::timestamp at time zone 'Europe/Copenhagen')`, []any{from, until}, map[string]any{"outcome": "deny", "from": from, "until": until}},
		{"all refusals", `outcome = 'deny'`, nil, map[string]any{"outcome": "deny"}},
		{"all exports", `act = 'export'`, nil, map[string]any{"act": "export"}},
		{"everything", `true`, nil, map[string]any{}},
	} {
		q.in["ground"], q.in["limit"] = "lawfulness", 20
		asks := func(after string) (f found, took time.Duration) {
			if q.in["after"] = after; after == "" {
				delete(q.in, "after")
			}
			began := time.Now()
			a := dpo.API("POST", "/api/trail/search", q.in).Must(200)
			took = time.Since(began)
			a.JSON(&f)
			return f, took
		}
		cold := size > 10_000 && m.forgets()
		f, first := asks("")
		if size <= 1_000_000 {
			want, _ := strconv.Atoi(h.One(`select least(count(*), 10001)`+ours+q.plain, q.args...))
			if q.name == "everything" && want < f.Total && f.Total < want+100 { // the readings of the trail itself
				want = f.Total
			}
			if f.Total != min(want, 10_000) || f.More != (want > 10_000) {
				t.Errorf("%d rows, %s: %d (more: %v), and there are %d", m.rows, q.name, f.Total, f.More, want)
			}
		}
		sum := 0
		for _, g := range f.Groups {
			sum += g.Rows
		}
		if sum > f.Total || len(f.Groups) < 200 && sum != f.Total || len(f.Rows) != min(f.Total, 20) {
			t.Errorf("%d rows, %s: %d in groups, %d on the page, of %d", m.rows, q.name, sum, len(f.Rows), f.Total)
		}
		if size <= 10_000 {
			continue
		}
		var again []time.Duration
		for range 5 {
			_, took := asks("")
			again = append(again, took)
		}
		slices.Sort(again)
		next := time.Duration(0)
		if f.Next != "" {
			_, next = asks(f.Next)
		}
		how := "from disk"
		if !cold {
			how = "first"
		}
		t.Logf("%d rows, %s: %s %d ms, again %d ms, the next page %d ms (%d found%s)", size, q.name, how, first.Milliseconds(), again[2].Milliseconds(), next.Milliseconds(), f.Total, map[bool]string{true: " and more"}[f.More])
	}
}
