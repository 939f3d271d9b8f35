package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/policies"
)

// Every benchmark measures ours and its baseline in turn, in one run, and
// reports both medians and their ratio: the machine's speed drifts, the ratio
// does not.

// pairs runs two things alternately and reports the medians in µs and theirs
// over ours: 1 is as fast as the baseline, 0.5 half as fast.
func pairs(b *testing.B, ours, baseline func()) {
	b.Helper()
	var a, z []time.Duration
	for range 20 {
		ours()
		baseline()
	}
	for b.Loop() {
		t := time.Now()
		ours()
		u := time.Now()
		baseline()
		a, z = append(a, u.Sub(t)), append(z, time.Since(u))
	}
	slices.Sort(a)
	slices.Sort(z)
	ma, mz := a[len(a)/2], z[len(z)/2]
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(ma.Nanoseconds())/1e3, "µs-ours")
	b.ReportMetric(float64(mz.Nanoseconds())/1e3, "µs-baseline")
	b.ReportMetric(float64(mz)/float64(ma), "ratio")
}

// measured is a hub on a server with every safety on, and a bare connection to
// the same server.
func measured(b testing.TB) (*hubtest.Hub, *pgxpool.Pool) {
	b.Helper()
	h := hubtest.Open(b, hubtest.Options{Services: rooms(), RealIDs: true})
	pool, err := pgxpool.New(b.Context(), h.Owner())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	return h, pool
}

// client is a program with a token of its own, made once.
func client(h *hubtest.Hub) *hubtest.Client {
	c := h.As(coordinator)
	c.Token = h.Issuer.Sign(h.Issuer.Claims(c.Post))
	return c
}

func reference(b *testing.B, c *hubtest.Client) hub.ID {
	b.Helper()
	var out struct{ Subject hub.ID }
	c.API("POST", "/api/subjects", map[string]any{"unknown": true}).Must(201).JSON(&out)
	return out.Subject
}

// same copies the rows that a hand-in leaves, so that the baseline writes the
// same bytes into the same tables, and nothing else.
type same struct {
	pool *pgxpool.Pool
	sql  []string
	args [][]any
}

func rowsOf(b *testing.B, pool *pgxpool.Pool, id, subject hub.ID) *same {
	b.Helper()
	s := &same{pool: pool}
	for _, t := range []struct{ table, where string }{
		{"intake.concern", "id = $1"}, {"intake.words", "concern = $1"}, {"intake.step", "concern = $1"}, {"intake.outbox", "envelope->>'subject' = $1"},
		{"access.item", "id = $1"}, {"access.assignment", "item = $1"}, {"audit.trail", "object_id = $1"}} {
		rows, err := pool.Query(b.Context(), "select * from "+t.table+" where "+t.where, string(id))
		if err != nil {
			b.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowToMap)
		if err != nil {
			b.Fatal(err)
		}
		for _, line := range lines {
			text, err := json.Marshal(line)
			if err != nil {
				b.Fatal(err)
			}
			_, name, _ := strings.Cut(t.table, ".")
			s.sql = append(s.sql, "insert into bench."+name+" select * from jsonb_populate_record(null::"+t.table+", $1)")
			s.args = append(s.args, []any{text})
		}
	}
	return s
}

// BenchmarkSubmit: one concern handed in, all in (sign-in checked, policy asked,
// every text sealed, keys, concern, item, assignment, facts and trail in one
// transaction), against the same rows inserted by bare pgx in one transaction.
func BenchmarkSubmit(b *testing.B) {
	h, pool := measured(b)
	c := client(h)
	subject := reference(b, c)
	in := concern(subject, nil)
	var first done
	c.API("POST", "/api/concerns", in).Must(201).JSON(&first)
	h.Settle()
	for _, sql := range []string{"create schema bench", "create table bench.concern (like intake.concern)", "create table bench.words (like intake.words)",
		"create table bench.step (like intake.step)", "create table bench.outbox (like intake.outbox)", "create table bench.item (like access.item including indexes)",
		"create table bench.assignment (like access.assignment including indexes)", "create table bench.trail (like audit.trail)"} {
		h.SQL(sql)
	}
	s := rowsOf(b, pool, first.ID, subject)
	for _, t := range []string{"item", "assignment"} {
		h.SQL("alter table bench." + t + " drop constraint " + t + "_pkey")
	}
	body, err := json.Marshal(in)
	if err != nil {
		b.Fatal(err)
	}
	pairs(b, func() { c.API("POST", "/api/concerns", body).Must(201) }, func() { s.insert(b) })
}

func (s *same) insert(b *testing.B) {
	err := pgx.BeginFunc(b.Context(), s.pool, func(tx pgx.Tx) error {
		batch := new(pgx.Batch)
		for i := range s.sql {
			batch.Queue(s.sql[i], s.args[i]...)
		}
		return tx.SendBatch(b.Context(), batch).Close()
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkRead: one concern read (sign-in checked, policy, decryption, the
// record committed), against a bare pgx select of the row behind the same kind
// of handler.
func BenchmarkRead(b *testing.B) {
	h, pool := measured(b)
	c := client(h)
	var got done
	c.API("POST", "/api/concerns", concern(reference(b, c), nil)).Must(201).JSON(&got)
	h.Settle()
	bare := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rows, err := pool.Query(r.Context(), "select * from intake.concern where id = $1", string(got.ID))
		if err != nil {
			b.Error(err)
			return
		}
		row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToMap)
		if err != nil {
			b.Error(err)
		}
		json.NewEncoder(w).Encode(row)
	})
	pairs(b, func() { c.API("GET", "/api/concerns/"+string(got.ID), nil).Must(200) }, func() {
		w := httptest.NewRecorder()
		bare.ServeHTTP(w, httptest.NewRequestWithContext(b.Context(), "GET", "/", nil))
	})
}

// BenchmarkReadCrowd is BenchmarkRead by 64 clients at once, as requests per
// second.
func BenchmarkReadCrowd(b *testing.B) {
	h, pool := measured(b)
	c := client(h)
	var got done
	c.API("POST", "/api/concerns", concern(reference(b, c), nil)).Must(201).JSON(&got)
	h.Settle()
	ours := func() float64 {
		return crowd(func() { d := *c; d.API("GET", "/api/concerns/"+string(got.ID), nil).Must(200) })
	}
	bare := func() float64 {
		return crowd(func() {
			rows, err := pool.Query(b.Context(), "select * from intake.concern where id = $1", string(got.ID))
			if err == nil {
				_, err = pgx.CollectExactlyOneRow(rows, pgx.RowToMap)
			}
			if err != nil {
				b.Error(err)
			}
		})
	}
	var a, z []float64
	for b.Loop() {
		a, z = append(a, ours()), append(z, bare())
	}
	slices.Sort(a)
	slices.Sort(z)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(a[len(a)/2], "per-s-ours")
	b.ReportMetric(z[len(z)/2], "per-s-baseline")
	b.ReportMetric(a[len(a)/2]/z[len(z)/2], "ratio")
}

// crowd has 16 clients do a thing 20 times each, and gives how many were done
// in a second. (More wait for a connection longer than the hub lets them.)
func crowd(do func()) float64 {
	var wait sync.WaitGroup
	begin := time.Now()
	for range 16 {
		wait.Go(func() {
			for range 20 {
				do()
			}
		})
	}
	wait.Wait()
	return 16 * 20 / time.Since(begin).Seconds()
}

// BenchmarkDecision: a decision remembered, against a new one of the same kind.
func BenchmarkDecision(b *testing.B) {
	e, err := policies.New()
	if err != nil {
		b.Fatal(err)
	}
	who := hub.Actor{Hat: hub.Hat{ID: "h", Person: "p", Role: hub.MunicipalCoordinator, Kind: hub.Municipality}}
	q := policies.View{Role: who.Role, Kind: who.Kind, Relation: "own", ReceivedBy: hub.Municipality, State: "triage", Purpose: hub.Prevention}
	n := 0
	pairs(b, func() {
		if _, err := e.Ask(context.Background(), who, q); err != nil {
			b.Fatal(err)
		}
	}, func() {
		fresh := q
		n++
		fresh.Classes = fmt.Sprint("x", n) // never asked before
		if _, err := e.Ask(context.Background(), who, fresh); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkTold: from a fact's commit to its being applied in the room that
// hears it, through outbox, relay, stream and inbox. It has no baseline yet but
// itself.
func BenchmarkTold(b *testing.B) {
	h, _ := measured(b)
	c := client(h)
	subject := reference(b, c)
	body, err := json.Marshal(concern(subject, nil))
	if err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	for b.Loop() {
		if a := c.API("POST", "/api/concerns", bytes.Clone(body)); a.Status != 201 {
			b.Fatal(a.Text())
		}
		t := time.Now()
		h.Settle()
		took = append(took, time.Since(t))
	}
	slices.Sort(took)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1e3, "ms-applied-p50")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1e3, "ms-applied-p99")
}
