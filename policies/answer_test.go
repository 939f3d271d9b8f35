//go:build !race

package policies

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

func TestAGrantSaysWhatItIsFor(t *testing.T) {
	e := engine(t)
	who := wearing(own)
	g, err := e.Ask(t.Context(), who, own)
	if err != nil {
		t.Fatal(err)
	}
	if !g.Valid() || g.Actor() != who || g.Question() != own || g.Name() != "view" || g.Revision() != e.Revision() {
		t.Errorf("the grant is %+v", g)
	}
	if !g.Allows("name") || g.Allows("reporter_name") || g.Allows("") {
		t.Errorf("it allows %v", g.Fields())
	}
	if !slices.Equal(g.Reasons(), []string{"own"}) || !slices.Equal(g.Obligations(), []string{"hide_protected_address", "mask_cpr"}) {
		t.Errorf("reasons %v, obligations %v", g.Reasons(), g.Obligations())
	}
	want := []string{"access", "address", "check", "clock", "identity", "narrative", "status", "summary", "triage"}
	if !slices.Equal(g.Classes(), want) {
		t.Errorf("classes %v", g.Classes())
	}
	g.Fields()[0] = "spoilt"
	if slices.Contains(g.Fields(), "spoilt") || slices.Contains(ask(t, e, own).Fields, "spoilt") {
		t.Error("a grant, or what is remembered, can be changed from outside")
	}
	q, err := Decode(g.Name(), g.Input())
	if err != nil || q != Question(own) {
		t.Errorf("the input %s decodes to %+v, %v", g.Input(), q, err)
	}
}

func TestADenialLooksLikeNotFound(t *testing.T) {
	e := engine(t)
	q := own
	q.Recused = true
	g, err := e.Ask(t.Context(), wearing(q), q)
	var no *Denial
	if g.Valid() || !errors.As(err, &no) || hub.CodeOf(err) != hub.CodeNotFound {
		t.Fatalf("grant %+v, error %v", g, err)
	}
	var h *hub.Error
	if !errors.As(err, &h) || h.Error() != hub.NotFound().Error() {
		t.Errorf("it unwraps to %v", h)
	}
	if no.Name() != "view" || no.Question() != q || !slices.Equal(no.Reasons(), []string{"recused"}) || no.Revision() != e.Revision() ||
		no.Valid() || no.Allows("name") || no.Fields() != nil || no.Obligations() != nil || no.Actor() != wearing(q) || !bytes.Contains(no.Input(), []byte(`"recused":true`)) {
		t.Errorf("the denial is %+v", no)
	}
	if no.Error() != "policies: view denied: recused" {
		t.Errorf("it says %q", no.Error())
	}
}

func TestTheZeroGrantAllowsNothing(t *testing.T) {
	var g Grant
	if g.Valid() || g.Allows("") || g.Allows("name") || len(g.Fields()) > 0 || len(g.Classes()) > 0 || len(g.Reasons()) > 0 ||
		len(g.Obligations()) > 0 || g.Name() != "" || g.Question() != nil || g.Input() != nil || g.Revision() != "" || g.Actor() != (hub.Actor{}) {
		t.Errorf("the zero grant is %+v", g)
	}
}

// L56 in part.
func TestAQuestionMustBeAboutTheAskersOwnHat(t *testing.T) {
	e := engine(t)
	for name, who := range map[string]hub.Actor{
		"nobody":             {},
		"another role":       {Hat: hub.Hat{Person: "p", Role: hub.Steering, Kind: hub.Municipality}},
		"another kind":       {Hat: hub.Hat{Person: "p", Role: hub.MunicipalCoordinator, Kind: hub.Police}},
		"a hat on no person": {Hat: hub.Hat{Role: hub.MunicipalCoordinator, Kind: hub.Municipality}},
	} {
		_, err := e.Ask(t.Context(), who, own)
		var no *Denial
		if !errors.As(err, &no) || !slices.Equal(no.Reasons(), []string{"hat_mismatch"}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// forgetful is an engine that shares no memory.
func forgetful(t *testing.T) *Engine {
	t.Helper()
	e := engine(t)
	if err := e.Revise(document); err != nil {
		t.Fatal(err)
	}
	return e
}

// broken is an engine whose rule for View is replaced.
func broken(t testing.TB, rule string) *Engine {
	t.Helper()
	next, err := compile(code(t, map[string]string{"view/view.rego": "package infohus.view\n\n" + rule}), document, questions)
	if err != nil {
		t.Fatal(err)
	}
	e := new(Engine)
	e.now.Store(next)
	return e
}

// A110 in part: broken rules.
func TestWhatIsNotAWholeAnswerIsUnavailable(t *testing.T) {
	for name, rule := range map[string]string{
		"undefined":              `answer := {"allow": true} if input.role == "nobody at all"`,
		"a bare true":            `answer := true`,
		"no object":              `answer := ["allow"]`,
		"a part missing":         `answer := {"allow": true, "fields": ["name"], "reasons": ["own"]}`,
		"a part more":            `answer := {"allow": true, "fields": [], "reasons": ["own"], "obligations": [], "more": 1}`,
		"allow as text":          `answer := {"allow": "true", "fields": [], "reasons": ["own"], "obligations": []}`,
		"allow as number":        `answer := {"allow": 1, "fields": [], "reasons": ["own"], "obligations": []}`,
		"fields as text":         `answer := {"allow": true, "fields": "name", "reasons": ["own"], "obligations": []}`,
		"fields as an object":    `answer := {"allow": true, "fields": {"name": true}, "reasons": ["own"], "obligations": []}`,
		"a field that is null":   `answer := {"allow": true, "fields": [null], "reasons": ["own"], "obligations": []}`,
		"no reason":              `answer := {"allow": true, "fields": [], "reasons": [], "obligations": []}`,
		"an unknown reason":      `answer := {"allow": true, "fields": [], "reasons": ["because"], "obligations": []}`,
		"an unknown obligation":  `answer := {"allow": true, "fields": [], "reasons": ["own"], "obligations": ["smile"]}`,
		"a no that opens":        `answer := {"allow": false, "fields": ["name"], "reasons": ["recused"], "obligations": []}`,
		"two answers":            `answer := {"allow": input.role == "municipal_coordinator"} if true` + "\n\n" + `answer := {"allow": false} if true`,
		"an error in a builtin":  `answer := {"allow": true, "fields": [], "reasons": ["own"], "obligations": []} if not to_number("x") == 1`,
		"a part that is nothing": `answer := {"allow": null, "fields": null, "reasons": null, "obligations": null}`,
	} {
		t.Run(name, func(t *testing.T) {
			e := broken(t, rule)
			g, err := e.Ask(t.Context(), wearing(own), own)
			if g.Valid() || hub.CodeOf(err) != hub.CodeUnavailable {
				t.Errorf("grant %v, error %v", g.Valid(), err)
			}
			if e.Ready(t.Context()) == nil {
				t.Error("it says it is ready")
			}
			if len(e.now.Load().memo) > 0 {
				t.Error("it remembers a failure")
			}
		})
	}
	e := broken(t, `answer := {"allow": true, "fields": [], "reasons": ["own"], "obligations": []}`)
	if e.Ready(t.Context()) == nil {
		t.Error("an engine that lets nobody view nothing says it is ready")
	}
}

// A110 in part: slow rules.
func TestASlowRuleIsUnavailable(t *testing.T) {
	slow := broken(t, `answer := {"allow": true, "fields": [], "reasons": ["own"], "obligations": []} if {
	count([1 | some x in numbers.range(1, 5000); some y in numbers.range(1, 5000); x == y + 10000]) == 0
}`)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	for name, ctx := range map[string]context.Context{"its asker's deadline": ctx, "its own": t.Context()} {
		if ctx == t.Context() {
			slow.now.Load().limit = time.Millisecond
		}
		if g, err := slow.Ask(ctx, wearing(own), own); g.Valid() || hub.CodeOf(err) != hub.CodeUnavailable {
			t.Errorf("%s: grant %v, error %v", name, g.Valid(), err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	e := forgetful(t)
	for range 100 { // a quick rule may come to an end before it hears that nobody waits
		if g, err := e.Ask(gone, wearing(own), own); g.Valid() || hub.CodeOf(err) != hub.CodeUnavailable {
			t.Fatalf("an asker who has gone: grant %v, error %v", g.Valid(), err)
		}
	}
}

func TestWhatIsNoQuestionIsUnavailable(t *testing.T) {
	e := engine(t)
	for _, q := range []Question{nil, &own, (*View)(nil)} {
		if _, err := e.Ask(t.Context(), hub.Actor{}, q); hub.CodeOf(err) != hub.CodeUnavailable {
			t.Errorf("%T: %v", q, err)
		}
	}
}

func TestAnswersAreRememberedAndForgotten(t *testing.T) {
	e := forgetful(t)
	first := e.now.Load()
	ask(t, e, own)
	if _, ok := first.memo[own]; !ok {
		t.Fatal("an answer is not remembered")
	}
	// Show that the memory answers: put a lie into it, and hear it.
	first.memo[own] = Answer{Reasons: []string{"self"}}
	if a := ask(t, e, own); !slices.Equal(a.Reasons, []string{"self"}) {
		t.Fatalf("the memory is not asked: %+v", a)
	}
	was := e.Revision()
	if err := e.Revise(bytes.Replace(document, []byte(`"about": "`), []byte(`"about": "New. `), 1)); err != nil {
		t.Fatal(err)
	}
	if a := ask(t, e, own); !a.Allow {
		t.Errorf("a new revision remembers the old one's answer: %+v", a)
	}
	if now := e.Revision(); now == was || now[:16] != was[:16] {
		t.Errorf("the revision went from %s to %s", was, now)
	}
	if !bytes.Contains(e.Document(), []byte(`"about": "New. `)) {
		t.Error("the document is the old one")
	}
	memo := e.now.Load().memo
	for i := len(memo); i < remembered; i++ {
		memo[List{Purpose: hub.Purpose(fmt.Sprint(i))}] = Answer{}
	}
	q := own
	q.State = "case"
	if ask(t, e, q); len(memo) != 1 {
		t.Errorf("a full memory is not forgotten whole: %d answers", len(memo))
	}
	bad := e.now.Load()
	if err := e.Revise([]byte(`{}`)); err == nil || e.now.Load() != bad {
		t.Errorf("a bad document took over: %v", err)
	}
}

func TestTheRevisionIsOfCodeAndData(t *testing.T) {
	e := engine(t)
	if !regexp.MustCompile(`^[0-9a-f]{16}-[0-9a-f]{16}$`).MatchString(e.Revision()) {
		t.Errorf("the revision is %q", e.Revision())
	}
	if e.Revision() != engine(t).Revision() {
		t.Error("two engines of the same rules have two revisions")
	}
	other := revision(code(t, map[string]string{"view/view.rego": "# other"}), document)
	if other == e.Revision() || other[17:] != e.Revision()[17:] {
		t.Errorf("with another rule it is %q, before %q", other, e.Revision())
	}
	if err := e.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(e.Document(), document) {
		t.Error("the document is not the embedded one")
	}
}

func TestEveryQuestionDecodes(t *testing.T) {
	for _, q := range questions {
		input := decision{q: q}.input()
		if back, err := Decode(q.Question(), input); err != nil || back != q {
			t.Errorf("%s: %v, %v", input, back, err)
		}
		if _, err := Decode(q.Question(), []byte(`{"unheard_of": true}`)); err == nil {
			t.Errorf("%s takes an unknown attribute", q.Question())
		}
	}
	if _, err := Decode("wish", []byte(`{}`)); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("an unknown question: %v", err)
	}
}

func TestBasesHaveTheirDates(t *testing.T) {
	e := engine(t)
	all := e.Bases()
	i := slices.IndexFunc(all, func(b Basis) bool { return b.Code == "BL133" })
	if i < 0 || all[i].Source != "barnets lov § 133" || !all[i].From.Equal(time.Date(2024, 1, 1, 0, 0, 0, 0, hub.Copenhagen)) || !all[i].Until.IsZero() {
		t.Errorf("%+v", all)
	}
	if !slices.IsSortedFunc(all, func(a, b Basis) int { return strings.Compare(string(a.Code), string(b.Code)) }) {
		t.Error("they are not sorted")
	}
	if err := e.Revise(bytes.Replace(document, []byte(`"2024-01-01"`), []byte(`"1.1.2024"`), 1)); err == nil {
		t.Error("a date that is none is taken")
	}
}
