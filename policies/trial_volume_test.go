//go:build !race

package policies

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"
)

// pasts are as many different questions as asked for: every attribute of View that
// the rules look at, and then purposes that nobody has heard of, so that none is
// remembered.
func pasts(n int) iter.Seq2[Past, error] {
	return func(yield func(Past, error) bool) {
		for i := range n {
			q := own
			q.State = allStates[i%len(allStates)]
			q.Assigned = i/len(allStates)%2 == 1
			q.Classes = fmt.Sprintf("status,x%d", i/len(allStates)/2)
			input, err := json.Marshal(q)
			if !yield(Past{"view", input, 2, 0, monday, monday.Add(time.Hour)}, err) {
				return
			}
		}
	}
}

// TestVolumeTry tries a document on different questions, each asked twice, by both
// documents and never from memory: the worst that a year of decisions can be. It
// says how many in a second, and what a million would take.
func TestVolumeTry(t *testing.T) {
	const n = 4_000
	before, after := engine(t), engine(t)
	changed := bytes.Replace(document, []byte(`"context", "wishes"]`), []byte(`"context"]`), 1)
	if bytes.Equal(changed, document) {
		t.Fatal("the document has no wishes")
	}
	if err := after.Revise(changed); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	trial, err := Try(t.Context(), before, after, time.Now(), pasts(n))
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	if trial.Decisions != 2*n || trial.Questions != n || trial.Unknown != 0 {
		t.Errorf("%d decisions, %d questions, %d unknown", trial.Decisions, trial.Questions, trial.Unknown)
	}
	want := 0
	for i := range n {
		q := own
		q.State = allStates[i%len(allStates)]
		q.Assigned = i/len(allStates)%2 == 1
		if slices.Contains(ask(t, before, q).Fields, "wishes") {
			want++
		}
	}
	if want == 0 || len(trial.Changes) != want || trial.Changes[0].What == "" || trial.Changes[0].Times != 2 {
		t.Errorf("%d changes, want %d: %+v", len(trial.Changes), want, trial.Changes[:min(1, len(trial.Changes))])
	}
	t.Logf("%d different questions, by two documents: %s; a million would take %s", n, took, took*(1_000_000/n))
}
