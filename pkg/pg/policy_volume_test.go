//go:build !race

package pg_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// TestVolumePast tries a revision on a trail of a million decisions (twenty thousand
// outside of make deep), one in fifty of them different from all others: far more
// different ones than a year of ordinary work has.
func TestVolumePast(t *testing.T) {
	n := 20_000
	if os.Getenv("INFOHUS_TEST_DEEP") != "" {
		n = 1_000_000
	}
	w := newWorld(t)
	l := newLaw(t)
	rows := strings.ReplaceAll(`insert into audit.trail (said_at, person, hat, authority, role, issuer, loa, session, request, cause, act, outcome, question, input, revision, reasons,
		obligations, object_kind, object_id, object_version, controller, subjects, fields, purpose, basis, recipient, rows, why_ref)
		select now(), 'p' || g % 2000, 'h', 'koege', 'municipal_coordinator', '', '', '', 'r' || g, 'r' || g, 'consult', 'allow', 'view', jsonb_build_object(
			'role', 'municipal_coordinator', 'kind', 'municipality', 'relation', 'own', 'received_by', 'municipality', 'shared_by', '',
			'state', (array['received', 'police_check', 'triage', 'case', 'rerouted'])[g % 5 + 1], 'assigned', g % 2 = 1, 'author', false, 'recused', false,
			'classes', 'x' || g % (N / 50), 'basis', '', 'purpose', 'prevention'), 'rev', '{own}', '{}', 'concern', 'i' || g, 1, 'koege', '{}', '{name}', 'prevention', '', '', 0, ''
		from generate_series(1, N) g`, "N", strconv.Itoa(n))
	w.sql(rows, `analyze audit.trail`)
	before, err := policies.New()
	check(t, err)
	after, err := policies.New()
	check(t, err)
	document, _ := l.next(start, `"context", "wishes"]`, `"context"]`)
	check(t, after.Revise(document))
	var trial policies.Trial
	began := time.Now()
	check(t, pg.Asked(ctx, w.owner, w.now(), began.Add(-time.Hour), []hub.AuthorityID{"koege"}, func(all func(func(policies.Past, error) bool)) (err error) {
		trial, err = policies.Try(ctx, before, after, w.now(), all)
		return err
	}))
	took := time.Since(began)
	if trial.Decisions != n || trial.Questions < n/50 || trial.Unknown != 0 || len(trial.Changes) == 0 {
		t.Fatalf("%d decisions, %d questions, %d unknown, %d changes", trial.Decisions, trial.Questions, trial.Unknown, len(trial.Changes))
	}
	times := 0
	for _, c := range trial.Changes {
		times += c.Times
		if c.What != policies.OtherFields || strings.Join(c.Lost, " ") != "wishes" || c.Allowed != c.Times {
			t.Fatalf("%+v", c)
		}
	}
	t.Logf("%d decisions, %d different questions: %d of them would be answered otherwise (%d decisions), in %s", n, trial.Questions, len(trial.Changes), times, took)
}
