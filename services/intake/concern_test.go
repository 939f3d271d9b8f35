//go:build !race

package intake

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
)

// TestMoves holds the state × action table against its picture, so that a
// change of the process is seen as one.
func TestMoves(t *testing.T) {
	var b strings.Builder
	for _, s := range States {
		for _, a := range Actions {
			if to, ok := Moves[s][a]; ok {
				fmt.Fprintf(&b, "%s %s -> %s\n", s, a, to)
			}
		}
	}
	const want = `draft edit -> draft
draft discard -> 
draft submit -> received
received forward -> police_check
received reroute -> rerouted
received notify -> received
received assign -> received
received unassign -> received
rerouted notify -> rerouted
rerouted unassign -> rerouted
police_check recall -> received
police_check release -> triage
police_check keep -> police_only
police_check acute -> acute
police_check notify -> police_check
police_check assign -> police_check
police_check unassign -> police_check
acute release -> triage
acute keep -> police_only
acute notify -> acute
acute assign -> acute
acute unassign -> acute
police_only release -> triage
police_only confirm -> police_only
police_only notify -> police_only
police_only assign -> police_only
police_only unassign -> police_only
triage recall -> police_check
triage notify -> triage
triage triage -> triage
triage assign -> triage
triage unassign -> triage
unfounded notify -> unfounded
unfounded unassign -> unfounded
other_track notify -> other_track
other_track unassign -> other_track
case notify -> case
case assign -> case
case unassign -> case
case_closed notify -> case_closed
case_closed unassign -> case_closed
`
	if b.String() != want {
		t.Errorf("the table is now:\n%s", b.String())
	}
	for s, moves := range Moves {
		for a, to := range moves {
			if to != Gone && !slices.Contains(States, to) {
				t.Errorf("%s %s leads to %q, which is no state", s, a, to)
			}
		}
	}
}

// TestNothingOverridesTheOtherCoordinator: triage ends only when both agree,
// and there is no arithmetic in it (domain.md 2.2 S3, L38).
func TestNothingOverridesTheOtherCoordinator(t *testing.T) {
	for _, m := range append([]State{""}, Outcomes...) {
		for _, p := range append([]State{""}, Outcomes...) {
			var mj, pj *Judgement
			if m != "" {
				mj = &Judgement{Outcome: m}
			}
			if p != "" {
				pj = &Judgement{Outcome: p}
			}
			want := Triage
			if m == p && m != "" {
				want = m
			}
			if got := agree(mj, pj); got != want {
				t.Errorf("municipality %q and police %q agree on %s, want %s", m, p, got, want)
			}
		}
	}
	if got := agree(&Judgement{Outcome: OtherTrack, Track: "violence"}, &Judgement{Outcome: OtherTrack, Track: "emergency"}); got != Triage {
		t.Errorf("two different tracks agree on %s", got)
	}
}

// TestChildClock is L25 and L60: 24 hours of real time, Friday to Saturday,
// over both clock changes, whatever the police check says.
func TestChildClock(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, hub.Copenhagen)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct{ received, due string }{
		{"2026-11-20 16:00", "2026-11-21 16:00"}, // a Friday
		{"2026-12-24 23:30", "2026-12-25 23:30"}, // a public holiday
		{"2027-03-27 16:00", "2027-03-28 17:00"}, // summer time begins: 24 hours, one on the wall is skipped
		{"2026-10-24 16:00", "2026-10-25 15:00"}, // summer time ends
	} {
		for _, child := range []string{"yes", "unknown"} {
			if got := childDue(child, at(c.received)); !got.Equal(at(c.due)) {
				t.Errorf("received %s with child %q is due %s, want %s", c.received, child, got.In(hub.Copenhagen), c.due)
			}
		}
	}
	if !childDue("no", at("2026-11-20 16:00")).IsZero() {
		t.Error("a clock runs though no child is concerned")
	}
}

func whole() Report {
	return Report{Urgency: "normal", WhyNow: hub.NewPersonal("Ny omgangskreds siden august."),
		Statements: []Statement{{Kind: "fact", Text: hub.NewPersonal("Har delt opslag, der hylder vold."), ObservedOn: "2026-11-01", FirstHand: true}}}
}

var today = time.Date(2026, 11, 21, 12, 0, 0, 0, hub.Copenhagen)

// TestBadReports is the table of what a report may not be (issue 2, section 7):
// input, field, message. Each row is what happens at page and API alike,
// because both hand the same Report in.
func TestBadReports(t *testing.T) {
	long := hub.NewPersonal(strings.Repeat("å", service.MaxText+1))
	for _, c := range []struct {
		name       string
		break_     func(*Report)
		field, key string
	}{
		{"no statement", func(r *Report) { r.Statements = nil }, "statements", "statement_missing"},
		{"21 statements", func(r *Report) { r.Statements = slices.Repeat(r.Statements, 21) }, "statements", "too_many"},
		{"untyped statement (L39)", func(r *Report) { r.Statements[0].Kind = "" }, "statements.0.kind", "statement_kind"},
		{"statement of an unknown type", func(r *Report) { r.Statements[0].Kind = "rumour" }, "statements.0.kind", "statement_kind"},
		{"statement with no words", func(r *Report) { r.Statements[0].Text = hub.NewPersonal(" \n ") }, "statements.0.text", "missing"},
		{"observed tomorrow", func(r *Report) { r.Statements[0].ObservedOn = "2026-11-22" }, "statements.0.observed_on", "future"},
		{"observed on 30 February", func(r *Report) { r.Statements[0].ObservedOn = "2026-02-30" }, "statements.0.observed_on", "date"},
		{"observed in 1899", func(r *Report) { r.Statements[0].ObservedOn = "1899-12-31" }, "statements.0.observed_on", "date"},
		{"why now is missing", func(r *Report) { r.WhyNow = hub.Personal{} }, "why_now", "missing"},
		{"2,001 characters", func(r *Report) { r.WhyNow = long }, "why_now", "too_long"},
		{"NUL in the text", func(r *Report) { r.WhyNow = hub.NewPersonal("a\x00b") }, "why_now", "not_text"},
		{"invalid UTF-8", func(r *Report) { r.Context = hub.NewPersonal("\xff\xfe") }, "context", "not_text"},
		{"urgency not chosen", func(r *Report) { r.Urgency = "" }, "urgency", "choose"},
		{"urgency unknown", func(r *Report) { r.Urgency = "red" }, "urgency", "unknown_choice"},
		{"acute without a reason", func(r *Report) { r.Urgency = "acute" }, "urgency_reason", "acute_reason"},
		{"theme unknown", func(r *Report) { r.Theme = "gang_xyz" }, "theme", "unknown_choice"},
		{"child answer unknown", func(r *Report) { r.Child = "maybe" }, "child", "unknown_choice"},
		{"anonymous with a name (N9)", func(r *Report) { r.ReporterKind = "anonymous"; r.ReporterName = hub.NewPersonal("Tove Prøve") }, "reporter_name", "anonymous_named"},
		{"reporter's name too long", func(r *Report) { r.ReporterName = long }, "reporter_name", "too_long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := whole()
			c.break_(&r)
			problems := r.Check(today)
			if len(problems) != 1 || problems[0].Field != c.field || strings.TrimPrefix(problems[0].Key, "intake.") != "error."+c.key {
				t.Errorf("got %v, want %s at %s", problems, c.key, c.field)
			}
		})
	}
	r := whole()
	if problems := r.Check(today); len(problems) != 0 {
		t.Errorf("a whole report is refused: %v", problems)
	}
}

// TestEveryCodeHasItsWord: a code that a page can show is a word in both languages.
func TestEveryCodeHasItsWord(t *testing.T) {
	for _, lang := range []string{"da", "en"} {
		b, err := pages.ReadFile("pages/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		has := func(key string) {
			if !strings.Contains(string(b), `"intake.`+key+`":`) {
				t.Errorf("%s.json has no intake.%s", lang, key)
			}
		}
		for _, s := range States {
			has("state." + string(s))
		}
		for _, a := range Actions {
			has("did." + string(a))
		}
		for field, codes := range map[string][]string{"channel": Channels, "reporter_kind": ReporterKinds, "theme": Themes, "urgency": Urgencies,
			"child": ChildAnswers, "statement.kind": Kinds, "track": Tracks, "outcome": Notifications} {
			for _, c := range codes {
				has("field." + field + "." + c)
			}
		}
	}
}
