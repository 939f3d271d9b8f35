//go:build !race

package policies

import (
	"encoding/json"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// changedBasis is the built-in document with a row of its legal bases changed; taken away
// where to is nil.
func changedBasis(t testing.TB, code string, to func(row map[string]any)) []byte {
	t.Helper()
	var d map[string]any
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	bases := d["bases"].(map[string]any)
	if to == nil {
		delete(bases, code)
	} else {
		to(bases[code].(map[string]any))
	}
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func until(day string) func(map[string]any) {
	return func(row map[string]any) { row["until"] = day }
}

// onBasis are questions that are a yes on RPL115-2, on a ground of its own for health,
// and on a basis for processing: with the basis whose dates decide.
var onBasis = map[hub.LegalBasis]Question{
	"RPL115-2":  Disclose{Role: hub.MunicipalCoordinator, From: hub.Municipality, To: hub.Police, Basis: "RPL115-2", Purpose: hub.Prevention, Item: "concern", State: "police_check", Cooperation: true},
	"GDPR6-1-E": Register{Role: hub.MunicipalCoordinator, Kind: hub.Municipality, Purpose: hub.Prevention, Basis: "GDPR6-1-E"},
	"RHL":       Submit{Role: hub.PoliceCoordinator, Kind: hub.Police, Purpose: hub.Prevention, Basis: "RHL"},
}

// inDanger is breaking a glass, saying yes to that, and what is then open: of one's own,
// and of what was shared.
var inDanger = []Question{
	Glass{Step: "break", Role: hub.Receiver, Kind: hub.Municipality, Relation: "own", ReceivedBy: hub.Municipality, State: "collecting", Purpose: hub.Prevention, Basis: "EMERGENCY", Category: "life", Habit: "first"},
	Glass{Step: "second", Role: hub.MunicipalCoordinator, Kind: hub.Municipality, Relation: "own", ReceivedBy: hub.Municipality, State: "collecting", Purpose: hub.Prevention, Basis: "EMERGENCY", SameAuthority: true},
	View{Role: hub.Receiver, Kind: hub.Municipality, Relation: "own", ReceivedBy: hub.Municipality, State: "collecting", Purpose: hub.Prevention, Glass: true},
	View{Role: hub.LocalPolice, Kind: hub.Police, Relation: "shared", ReceivedBy: hub.Municipality, SharedBy: hub.Municipality, State: "triage", Classes: "status,summary", Basis: "RPL115-2", Purpose: hub.Prevention, Glass: true},
}

// TestABasisHoldsByItsDates: from its day until its day by the signed data, and not at
// all without a row there; what was shared on it opens as little.
func TestABasisHoldsByItsDates(t *testing.T) {
	end := time.Date(2027, 1, 1, 0, 0, 0, 0, hub.Copenhagen)
	shown := View{Role: hub.PoliceCoordinator, Kind: hub.Police, Relation: "shared", ReceivedBy: hub.Municipality, SharedBy: hub.Municipality, State: "police_check",
		Classes: "status,summary", Basis: "RPL115-2", Purpose: hub.Prevention}
	answers := func(document []byte, at time.Time, q Question) bool {
		t.Helper()
		e := engine(t)
		if err := e.Revise(document); err != nil {
			t.Fatal(err)
		}
		a, err := e.At(at).Advise(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		role, kind := q.hat()
		_, err = e.At(at).Ask(t.Context(), hub.Actor{Hat: hub.Hat{Person: "p", Role: role, Kind: kind}}, q)
		if (err == nil) != a.Allow {
			t.Errorf("%+v is asked with %v, and advised %v", q, err, a.Allow)
		}
		return a.Allow
	}
	ask := map[hub.LegalBasis][]Question{"RPL115-2": {onBasis["RPL115-2"], shown}, "GDPR6-1-E": {onBasis["GDPR6-1-E"]}, "RHL": {onBasis["RHL"]}, "EMERGENCY": inDanger}
	for basis, questions := range ask {
		for _, q := range questions {
			ends := changedBasis(t, string(basis), until("2027-01-01"))
			begins := changedBasis(t, string(basis), func(row map[string]any) { row["from"] = "2027-01-01" })
			for _, c := range []struct {
				document []byte
				at       time.Time
				want     bool
			}{{document, end, true}, {ends, end.Add(-time.Second), true}, {ends, end, false}, {begins, end.Add(-time.Second), false}, {begins, end, true}} {
				if got := answers(c.document, c.at, q); got != c.want {
					t.Errorf("%+v at %s: %v, want %v", q, c.at, got, c.want)
				}
			}
			e := engine(t)
			if err := e.Revise(changedBasis(t, string(basis), nil)); err != nil {
				t.Fatal(err)
			}
			if a, err := e.Advise(t.Context(), q); err != nil || a.Allow { // with no instant too
				t.Errorf("%+v without the row: %v, %v", q, a, err)
			}
		}
	}
	special := Disclose{Role: hub.Institution, From: hub.Municipality, To: hub.Police, Basis: "RPL115-2", Purpose: hub.Prevention, Item: "answer", State: "released",
		Class: "health", Special: "DBL7", Cooperation: true}
	if !answers(document, end, special) {
		t.Fatalf("%+v is a no", special)
	}
	if answers(changedBasis(t, "DBL7", until("2027-01-01")), end, special) {
		t.Error("health goes on a ground that has ended")
	}
	if answers(changedBasis(t, "DBL7", nil), time.Time{}, special) {
		t.Error("health goes on a ground that is not in the data")
	}
}

// TestADocumentNamesNoBasisWithoutARow: what takes a row away, or turns its dates
// round, is refused with what to do.
func TestADocumentNamesNoBasisWithoutARow(t *testing.T) {
	for _, c := range []struct {
		code string
		to   func(map[string]any)
		want string
	}{
		{"RPL115-2", nil, "disclose.bases names RPL115-2, which has no row"},
		{"RHL", nil, "RHL, which has no row"},
		{"DBL7", nil, "disclose.special names DBL7, which has no row"},
		{"BL133", nil, "BL133, which has no row"},
		{"EMERGENCY", nil, "glass.bases names EMERGENCY, which has no row"},
		{"DBL6", until("2018-01-01"), "DBL6 ends on 2018-01-01, and begins on 2018-05-25"},
	} {
		if err := Prove(changedBasis(t, c.code, c.to)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.code, err, c.want)
		}
	}
	if err := Prove(changedBasis(t, "RPL115-2", until("2020-01-01"))); err != nil {
		t.Errorf("a basis that has ended: %v", err)
	}
}

// TestTryTellsWhatADateEnds: a basis that another document ends is told with the
// questions that stood on it, now or from its day.
func TestTryTellsWhatADateEnds(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, hub.Copenhagen)
	q := onBasis["RPL115-2"]
	input := decision{q: q}.input()
	var past iter.Seq2[Past, error] = func(yield func(Past, error) bool) {
		yield(Past{"disclose", input, 3, 0, now.AddDate(0, -1, 0), now.AddDate(0, 0, -1)}, nil)
	}
	for _, c := range []struct {
		document []byte
		what     string
		since    time.Time
	}{
		{document, "", time.Time{}},
		{changedBasis(t, "RPL115-2", until("2026-11-01")), NewlyRefused, time.Time{}},
		{changedBasis(t, "RPL115-2", until("2027-01-01")), NewlyRefused, time.Date(2027, 1, 1, 0, 0, 0, 0, hub.Copenhagen)},
		{changedBasis(t, "RHL", until("2026-11-01")), "", time.Time{}},
	} {
		after := engine(t)
		if err := after.Revise(c.document); err != nil {
			t.Fatal(err)
		}
		trial, err := Try(t.Context(), engine(t), after, now, past)
		if err != nil {
			t.Fatal(err)
		}
		var what string
		var since time.Time
		if len(trial.Changes) > 0 {
			what, since = trial.Changes[0].What, trial.Changes[0].Since
		}
		if len(trial.Changes) > 1 || what != c.what || !since.Equal(c.since) {
			t.Errorf("it tells %+v, want %s since %s", trial.Changes, c.what, c.since)
		}
	}
}
