package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infohus/infohus/pkg/hubtest"
)

// trailRow is a row of the trail as rooms write it, of a read that was allowed.
const trailRow = `insert into %s (said_at, person, hat, authority, role, issuer, loa, session, request, cause, act, outcome, question, input, revision, reasons, obligations,
	object_kind, object_id, object_version, controller, subjects, fields, purpose, basis, recipient, rows, why_ref, why_digest, deputy_of)
	select now(), p, h, 'koege', 'municipal_coordinator', 'https://id.koege.example', 'Substantial', h, o, o, 'consult', 'allow', 'view',
		jsonb_build_object('role', 'municipal_coordinator', 'kind', 'municipality', 'relation', 'own', 'state', 'triage', 'purpose', 'prevention', 'item', o), 'rev-1', '{own}', '{}',
		'concern', o, 3, 'koege', array[o], '{statements,urgency,why_now,child,contact}', 'prevention', 'RPL115-2', '', 0, '', null, ''
	from (select md5('p' || i %% 200) as p, md5('h' || i %% 200) as h, md5('o' || random()) as o from generate_series(1, $1::int) i) r`

// trailPools are a connection as a room that writes the trail, and one as the owner, with
// a plain table beside the trail that has its columns and its indexes.
func trailPools(b *testing.B) (h *hubtest.Hub, room, owner *pgxpool.Pool) {
	b.Helper()
	h, owner = measured(b)
	room, err := pgxpool.New(b.Context(), h.Room("intake"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(room.Close)
	h.SQL("create schema bench")
	h.SQL("create table bench.trail (like audit.trail including defaults including constraints including storage)")
	h.SQL("alter table bench.trail drop column form, drop column salt, alter id add generated always as identity, add primary key (id)")
	for _, index := range []string{"(controller, at)", "(authority, at)", "(object_id, at)", "(person, at)", "using brin (at)", "using gin (subjects)", "(authority, at) where controller <> authority",
		"(controller, at) where outcome = 'deny'", "(authority, at) where outcome = 'deny'", "(controller, act, at) where act not in ('consult', 'search')", "(authority, act, at) where act not in ('consult', 'search')"} {
		h.SQL("create index on bench.trail " + index)
	}
	return h, room, owner
}

func writesTrail(b *testing.B, pool *pgxpool.Pool, table string, rows int) {
	b.Helper()
	if _, err := pool.Exec(b.Context(), fmt.Sprintf(trailRow, table), rows); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkTrailRow: a row of the trail, committed, with its number, its salt and its
// waiting to be a leaf, against a plain table with the same columns and indexes.
func BenchmarkTrailRow(b *testing.B) {
	_, room, owner := trailPools(b)
	pairs(b, func() { writesTrail(b, room, "audit.trail", 1) }, func() { writesTrail(b, owner, "bench.trail", 1) })
}

// BenchmarkTrailRows is BenchmarkTrailRow for the fifty rows of a page.
func BenchmarkTrailRows(b *testing.B) {
	_, room, owner := trailPools(b)
	pairs(b, func() { writesTrail(b, room, "audit.trail", 50) }, func() { writesTrail(b, owner, "bench.trail", 50) })
}

// BenchmarkTrailTree: rows appended, made leaves, recomputed and signed, as rows per
// second, against plain inserts of the same rows in as many commits.
func BenchmarkTrailTree(b *testing.B) {
	const commits, each = 64, 64
	h, room, owner := trailPools(b)
	h.Advance(time.Minute)
	var ours, plain []float64
	for b.Loop() {
		began := time.Now()
		for range commits {
			writesTrail(b, room, "audit.trail", each)
		}
		for h.One("select exists (select from audit.pending) or (select max(start + cardinality(rows)) from audit.leaves) > (select max(size) from audit.checkpoint)") == "t" {
			h.Advance(time.Second)
		}
		ours = append(ours, commits*each/time.Since(began).Seconds())
		began = time.Now()
		for range commits {
			writesTrail(b, owner, "bench.trail", each)
		}
		plain = append(plain, commits*each/time.Since(began).Seconds())
	}
	slices.Sort(ours)
	slices.Sort(plain)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ours[len(ours)/2], "rows-per-s-ours")
	b.ReportMetric(plain[len(plain)/2], "rows-per-s-baseline")
	b.ReportMetric(ours[len(ours)/2]/plain[len(plain)/2], "ratio")
	for name, sizes := range map[string]string{"B/row-tree": "audit.leaves audit.node audit.checkpoint", "B/row-ours": "audit.trail_%", "B/row-baseline": "bench.trail"} {
		var bytes, rows float64
		const query = `select sum(pg_total_relation_size(c.oid)), (select count(*) from audit.trail) from pg_class c
			where c.relkind = 'r' and c.relnamespace::regnamespace || '.' || c.relname like any (string_to_array($1, ' '))`
		if err := owner.QueryRow(b.Context(), query, sizes).Scan(&bytes, &rows); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(bytes/rows, name)
	}
}
