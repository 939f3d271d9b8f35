//go:build !race

package audit

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/deploy"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// twoOfficers is the demo structure with a second data-protection officer at Køge: Vera.
func twoOfficers(t testing.TB) string {
	t.Helper()
	one := "  - login: dagny\n"
	demo := string(deploy.Demo())
	if strings.Count(demo, one) != 1 {
		t.Fatal("the demo structure has changed: beside whom does Vera stand?")
	}
	return strings.Replace(demo, one, "  - login: vera\n    name: Vera Tænkeboks\n    hats:\n      - {role: dpo, authority: koege, from: 2025-01-01, until: 2036-01-01}\n"+one, 1)
}

var anyFigure = regexp.MustCompile(`[0-9]+`)

// alike is a text without what differs between any two look-ups.
func alike(text string) string {
	return anyFigure.ReplaceAllString(anyID.ReplaceAllString(text, "ID"), "0")
}

// A012, P11: who is too close to whom a look-up is about is listed and shown it, and decides of
// it, as anybody: so whoever draws again finds what is listed, and learns nothing. What they
// decide does not count, which only another officer reads, who decides of it once more, as they
// may of any.
func TestWhoIsTooCloseReviewsInVain(t *testing.T) {
	w := drawing(t)
	noon := w.from.Add(12 * time.Hour)
	for i, object := range []hub.ID{koege, stranger} { // five of six are drawn, and so of both
		w.looks(glance{login: "gudrun", of: "koege", object: object, n: 3, at: noon.Add(time.Duration(i) * time.Hour)})
	}
	all := w.rows(`t.object_kind = 'concern' and t.controller = 'koege'`)
	w.signs(drawnAfter)
	w.draws(w.x)
	list := func(login string) (q SampleQueue, body string) {
		t.Helper()
		a := w.As(login).API("GET", "/api/samples", nil).Must(http.StatusOK)
		a.JSON(&q)
		return q, a.Text()
	}
	_, before := list("dagny")
	front := mainPart(w.As("dagny").Get("/").Must(http.StatusOK).Text())
	w.SQL(`insert into access.recusal (item, person, kind, by_person, by_hat) values ($1, $2, 'concern', 'x', 'x')`, string(koege), string(w.As("dagny").Post.Person))
	q, mine := list("dagny")
	_, hers := list("vera")
	if mine != before || mine != hers || mainPart(w.As("dagny").Get("/").Must(http.StatusOK).Text()) != front {
		t.Errorf("who is too close is shown\n%s\nand before\n%s\nand another\n%s", mine, before, hers)
	}
	// Drawn again, it is what is listed.
	d := q.Draws[slices.IndexFunc(q.Draws, func(d SampleDraw) bool { return d.Rule == "data" })]
	_, rows := again(d.Checkpoint, "koege", d.From, d.Until, "data", all, d.Size)
	var listed []int64
	for _, l := range q.Waiting {
		listed = append(listed, l.Row)
	}
	slices.Sort(rows)
	slices.Sort(listed)
	if !slices.Equal(rows, listed) || len(rows) != 5 || len(all) != 6 {
		t.Errorf("drawn again it is %v, and listed %v", rows, listed)
	}

	near := q.Waiting[slices.IndexFunc(q.Waiting, func(l SampleLine) bool {
		return w.One(`select object from audit.sampled where id = $1`, string(l.ID)) == string(koege)
	})]
	far := q.Waiting[slices.IndexFunc(q.Waiting, func(l SampleLine) bool {
		return w.One(`select object from audit.sampled where id = $1`, string(l.ID)) == string(stranger)
	})]
	both := []SampleLine{near, far}
	sees := func(login string, l SampleLine) string {
		t.Helper()
		says := w.As(login).API("GET", "/api/samples/"+string(l.ID), nil).Must(http.StatusOK).Text()
		for _, lang := range []string{"da", "en"} {
			c := w.As(login)
			c.Lang = lang
			says += mainPart(sound(t, c.Get("/samples/"+string(l.ID)).Must(http.StatusOK)).Text())
		}
		return alike(says)
	}
	decides := func(login string, l SampleLine, outcome string) hubtest.Answer {
		return w.As(login).API("POST", "/api/samples/"+string(l.ID)+"/decision", map[string]any{"outcome": outcome})
	}
	same := func(when string) {
		t.Helper()
		if a, b := sees("dagny", near), sees("dagny", far); a != b {
			t.Errorf("%s, who is too close sees\n%s\nand of another look-up\n%s", when, a, b)
		}
		q, _ := list("dagny")
		var lines []string
		for _, l := range slices.Concat(q.Waiting, q.Decided) {
			if l.ID == near.ID || l.ID == far.ID {
				lines = append(lines, fmt.Sprint(l.Outcome, l.By, l.Another, l.Vain, l.DecidedAt == nil))
			}
		}
		if len(lines) != 2 || lines[0] != lines[1] {
			t.Errorf("%s, the lines are %v", when, lines)
		}
		var rows []string
		for _, l := range both {
			rows = append(rows, w.One(`select coalesce(string_agg(concat_ws(' ', act, outcome, input, reasons, person), ', ' order by id), '') from audit.trail where object_kind = 'sample' and object_id = $1`, string(l.ID)))
		}
		if rows[0] != rows[1] {
			t.Errorf("%s, the trail says %v", when, rows)
		}
	}
	same("at first")
	for _, outcome := range []string{"asked", "in_order"} {
		a, b := decides("dagny", near, outcome).Must(http.StatusOK).Text(), decides("dagny", far, outcome).Must(http.StatusOK).Text()
		if a, b := alike(strings.Split(a, `"next"`)[0]), alike(strings.Split(b, `"next"`)[0]); a != b {
			t.Errorf("the answers are %s and %s", a, b)
		}
		same("after " + outcome)
	}
	for _, l := range both {
		decides("dagny", l, "not_in_order").Must(http.StatusConflict)
	}
	mineNow, _ := list("dagny")
	if want := len(q.Waiting) - 2; mineNow.Yours != want || !strings.Contains(w.As("dagny").Get("/").Text(), fmt.Sprintf("%d stikprøver", want)) {
		t.Errorf("for her wait %d, want %d", mineNow.Yours, want)
	}
	// Another officer reads that it does not count, and of which.
	for i, l := range both {
		var v SampleView
		w.As("vera").API("GET", "/api/samples/"+string(l.ID), nil).Must(http.StatusOK).JSON(&v)
		text := mainPart(sound(t, w.As("vera").Get("/samples/"+string(l.ID)).Must(http.StatusOK)).Text())
		if vain := i == 0; v.Vain != vain || v.Waits() != vain || v.Steps[1].Vain != vain || v.Another || v.Again == vain || strings.Contains(text, "inhabil") != vain || !strings.Contains(text, `type="radio"`) {
			t.Errorf("another officer reads %+v %s", v, text)
		}
	}
	hersNow, _ := list("vera")
	if hersNow.Yours != len(q.Waiting)-1 {
		t.Errorf("for another officer wait %d of %d", hersNow.Yours, len(q.Waiting))
	}
	if !strings.Contains(sound(t, w.As("vera").Get("/samples").Must(http.StatusOK)).Text(), "Skal gennemgås af en anden") {
		t.Error("the list does not say so")
	}
	for _, l := range both { // of the one because it must be, of the other because it may
		decides("vera", l, "not_in_order").Must(http.StatusOK)
		decides("vera", l, "in_order").Must(http.StatusConflict)
	}
	same("after another read it too")
	for _, l := range both {
		if got := w.One(`select string_agg(outcome || ' ' || counts, ', ' order by n) from audit.sample_decision where sampled = $1`, string(l.ID)); got != map[bool]string{true: "asked false, in_order false, not_in_order true", false: "asked true, in_order true, not_in_order true"}[l.ID == near.ID] {
			t.Errorf("kept is %s", got)
		}
	}
}
