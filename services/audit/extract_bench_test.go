//go:build bench

package audit

import (
	"net/http"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// BenchmarkExtract: an answer to a citizen of 5,000 rows of the trail, which are a line
// each, gathered and released and read as a page and as a file (T12: a minute).
func BenchmarkExtract(b *testing.B) {
	w := answering(b)
	w.SQL(`insert into audit.trail (at, said_at, person, hat, authority, role, issuer, loa, session, request, cause, act, outcome, question, input, revision, reasons, obligations, object_kind, object_id, object_version,
		controller, subjects, fields, purpose, basis, recipient, rows, why_ref, deputy_of)
		select t.at, t.said_at, t.person, t.hat, 'authority ' || n, t.role, '', '', '', 'request ' || n, '', t.act, t.outcome, t.question, t.input, '', '{}', '{}', t.object_kind, t.object_id, 1,
		t.controller, t.subjects, t.fields, t.purpose, '', '', 0, '', '' from (select * from audit.trail where object_id = $1 and act = 'consult' limit 1) t, generate_series(1, 5000) n`, string(cases[known]))
	for b.Loop() {
		done := w.prepares(known, map[string]any{"informed": []hub.ID{cases[known]}})
		if v := w.reads("hedvig", done.ID); len(v.Answer.LookUps) < 5000 {
			b.Fatalf("only %d lines", len(v.Answer.LookUps))
		}
		w.releases("hedvig", done.ID, done.Content).Must(http.StatusOK)
		w.As("dagny").Get("/extracts/" + string(done.ID) + "/answer").Must(http.StatusOK)
	}
}
