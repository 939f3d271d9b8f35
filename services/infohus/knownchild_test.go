package main

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// TestAKnownChildMeanwhile: what the hub notes on a draft between the reading and the
// handing in, that the subject is a child, is nobody's other tab: the draft is handed
// in as it stands (L25). Whoever says which version was read is told that it changed.
func TestAKnownChildMeanwhile(t *testing.T) {
	s := begin(t)
	for _, version := range []int{0, 1} {
		draft := concern(s.registers(coordinator, map[string]any{"name": "Opdigtet Barn", "no_cpr": true}), nil)
		delete(draft, "purpose")
		delete(draft, "legal_basis")
		var d done
		s.as(coordinator).API("POST", "/api/concerns/drafts", draft).Must(201).JSON(&d)
		s.Settle()
		in := map[string]any{"draft": d.ID, "purpose": "prevention", "legal_basis": "GDPR6-1-E"}
		want := 200
		if version != 0 {
			in["version"], want = version, 409
		}
		read, note := s.reads(d.ID), s.notes(d.ID)
		var answered hubtest.Answer
		var handed sync.WaitGroup
		handed.Go(func() { answered = s.as(coordinator).API("POST", "/api/concerns", in) })
		read()
		note()
		handed.Wait()
		answered.Must(want)
		if row := s.SQL("select state, child, child_due = received_at + interval '24 hours' from intake.concern where id = '" + string(d.ID) + "'")[0]; row[1] != "yes" || want == 200 && (row[0] != "received" || row[2] != "t") || want == 409 && row[0] != "draft" {
			t.Errorf("handed in of version %d: %v", version, row)
		}
	}
}

// reads gives a function that waits until somebody has read a thing: the row of the
// trail tells of itself when it is committed.
func (s *script) reads(id hub.ID) (wait func()) {
	s.Helper()
	conn, err := pgx.Connect(s.Context(), s.Owner())
	if err == nil {
		_, err = conn.Exec(s.Context(), `create or replace function public.tells() returns trigger language plpgsql as $$
			begin perform pg_notify('read_' || new.object_id, ''); return null; end $$;
			create or replace trigger tells after insert on audit.trail for each row when (new.act = 'consult') execute function public.tells();
			listen "read_`+string(id)+`"`)
	}
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { conn.Close(context.WithoutCancel(s.Context())) })
	return func() {
		ctx, stop := context.WithTimeout(s.Context(), time.Minute)
		defer stop()
		if _, err := conn.WaitForNotification(ctx); err != nil {
			s.Errorf("nobody reads %s: %v", id, err)
		}
	}
}

// notes begins what a reaction does that notes a child on a draft, which holds the row
// until the function that it gives ends it.
func (s *script) notes(id hub.ID) (end func()) {
	s.Helper()
	conn, err := pgx.Connect(s.Context(), s.Owner())
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { conn.Close(context.WithoutCancel(s.Context())) })
	tx, err := conn.Begin(s.Context())
	if err == nil {
		_, err = tx.Exec(s.Context(), "update intake.concern set version = version + 1, child = 'yes' where id = $1", string(id))
	}
	if err != nil {
		s.Fatal(err)
	}
	return func() {
		if err := tx.Commit(s.Context()); err != nil {
			s.Error(err)
		}
	}
}
