//go:build !race

package audit

import (
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// To open a thing is not to have had it in a list, and a page that leaves several
// rows was opened once.
func TestOpenedIsNotListed(t *testing.T) {
	noon := time.Date(2026, time.November, 16, 12, 0, 0, 0, time.UTC)
	saw := func(day int, name, request, how string, fields ...string) Sighting {
		return Sighting{At: noon.AddDate(0, 0, -day), Name: name, Request: hub.ID(request), Listed: how == "listed", Fields: fields}
	}
	d := seenDays([]Sighting{
		saw(0, "Gudrun", "a", "opened", "who_has_seen"), saw(0, "Gudrun", "a", "opened", "statements"), saw(0, "Gudrun", "a", "listed", "state"),
		saw(0, "Gudrun", "b", "listed", "state"), saw(0, "Gudrun", "c", "listed", "due"), saw(0, "Viggo", "d", "listed", "due"), saw(1, "Gudrun", "e", "opened", "state")})
	want := []seenDay{{Opened: 1, Lists: 2}, {Lists: 1}, {Opened: 1}}
	if len(d.List) != len(want) {
		t.Fatalf("%d lines: %+v", len(d.List), d.List)
	}
	for i, w := range want {
		if o := d.List[i]; o.Opened != w.Opened || o.Lists != w.Lists {
			t.Errorf("line %d: opened %d, in lists %d", i, o.Opened, o.Lists)
		}
	}
	if got := strings.Join(d.List[0].Fields, " "); got != "due state statements who_has_seen" {
		t.Errorf("the fields are %s", got)
	}
}

// A personal number is masked wherever it was not asked for by itself.
func TestAMaskIsNotTheNumber(t *testing.T) {
	for _, c := range []struct {
		act             hub.Act
		question, input string
		whole           bool
	}{
		{hub.ActConsult, "view", `{}`, false},
		{hub.ActConsult, "register", `{}`, false},
		{hub.ActConsult, "act", `{"action":"check"}`, false},
		{hub.ActConsult, "act", `{"action":"reveal"}`, true},
		{hub.ActSearch, "view", `{}`, false}, // found
		{hub.ActExport, "view", `{}`, false}, // taken out
		{hub.ActExport, "act", `{"action":"export"}`, false},
		{hub.ActSearch, "search", `{}`, true},
		{hub.ActSearch, "register", `{}`, true}, // looked for by the number that was typed
		{hub.ActCollect, "register", `{}`, true},
	} {
		r := Row{Act: c.act, Fields: []string{"cpr", "name"}, Question: c.question, Input: []byte(c.input)}
		r.Masked = masked(r.Act, r.Fields, r.Question, r.Input)
		want := "cpr_masked name"
		if c.whole {
			want = "cpr name"
		}
		if got := strings.Join(r.Shown(), " "); got != want {
			t.Errorf("%s of %s %s shows %q", c.act, c.question, c.input, got)
		}
	}
}
