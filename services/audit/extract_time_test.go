//go:build !race

package audit

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// GDPR art. 12(3): one calendar month from the day of receipt, two more where it was extended,
// counted as Regulation 1182/71 art. 3 says.
func TestACitizenIsAnsweredWithinAMonth(t *testing.T) {
	for _, c := range []struct{ name, received, due, further string }{
		{"the day of the same number", "2026-06-10", "Fri 2026-07-10", "Thu 2026-09-10"},
		{"a month that has no such day", "2027-08-31", "Thu 2027-09-30", "Tue 2027-11-30"},
		{"February", "2027-12-31", "Mon 2028-01-31", "Fri 2028-03-31"},
		{"a leap year's February", "2028-01-31", "Tue 2028-02-29", "Mon 2028-05-01"},
		{"a Saturday", "2026-10-21", "Mon 2026-11-23", "Thu 2027-01-21"},
		{"a Sunday", "2026-10-22", "Mon 2026-11-23", "Fri 2027-01-22"},
		{"Easter", "2027-02-25", "Tue 2027-03-30", "Tue 2027-05-25"},
		{"Christmas", "2026-11-25", "Mon 2026-12-28", "Thu 2027-02-25"},
		{"over the year's end", "2026-12-10", "Mon 2027-01-11", "Wed 2027-03-10"},
	} {
		day, err := time.ParseInLocation(time.DateOnly, c.received, hub.Copenhagen)
		if err != nil {
			t.Fatal(err)
		}
		for want, due := range map[string]time.Time{c.due: lawOfAnswers.due(day, false), c.further: lawOfAnswers.due(day, true)} {
			if got := due.Format("Mon 2006-01-02 15:04"); got != want+" 23:59" {
				t.Errorf("%s, received %s: due %s, want %s", c.name, c.received, got, want)
			}
			for _, at := range []struct {
				days, hours, left int
				passed            string
			}{{-11, 0, 11, "[]"}, {-10, 0, 10, "[10]"}, {-4, 0, 4, "[10]"}, {-3, 0, 3, "[10 3]"}, {0, -10, 0, "[10 3]"}, {0, 0, 0, "[10 3]"}, {0, 1, 0, "[10 3 -1]"}} {
				now := due.AddDate(0, 0, at.days).Add(time.Duration(at.hours) * time.Hour)
				if got := fmt.Sprint(lawOfAnswers.passed(due, now)); got != at.passed || left(due, now) != at.left || overdue(due, now) != strings.Contains(at.passed, "-1") {
					t.Errorf("%s: at %s, %d days are left and %s are passed", c.name, now, left(due, now), got)
				}
			}
		}
	}
}

// L22 in part, GDPR art. 12(3): an answer says since when the citizen waits; those who can act read how long
// there is, and are told of it once of each warning and without content. It is extended once,
// with a reason that the citizen was told in time. Who is too close is not told (A012).
func TestAnAnswerIsInTimeOrSaysWhyNot(t *testing.T) {
	w := answering(t)
	dagny, hedvig := w.As("dagny"), w.As("hedvig")
	day := func(n int) string { return w.Now().In(hub.Copenhagen).AddDate(0, 0, n).Format(time.DateOnly) }
	for name, received := range map[string]string{"unset": "", "tomorrow": day(1), "long ago": "1999-01-01", "no day": "2026-02-31"} {
		if a := dagny.API("POST", "/api/extracts", map[string]any{"reference": known, "received": received}); a.Status != http.StatusBadRequest || !strings.Contains(a.Text(), `"field":"received"`) {
			t.Errorf("%s is answered %d %s", name, a.Status, a.Body)
		}
	}
	began := w.Now()
	received, err := time.ParseInLocation(time.DateOnly, day(0), hub.Copenhagen)
	if err != nil {
		t.Fatal(err)
	}
	id := w.prepares(known, map[string]any{"informed": []hub.ID{cases[known]}}).ID
	quiet := w.prepares(known, nil)
	w.releases("hedvig", quiet.ID, quiet.Content).Must(http.StatusOK)
	path := "/api/extracts/" + string(id)
	due := lawOfAnswers.due(received, false)
	if v := w.reads("dagny", id); v.Received != day(0) || v.Due == nil || !v.Due.Equal(due) || v.Overdue || v.Soon || !v.Extends || v.RetentionRule != "answer" || v.EraseAt.In(hub.Copenhagen).Format(time.DateOnly) != received.AddDate(0, 24, 0).Format(time.DateOnly) {
		t.Errorf("%+v", v)
	}
	front := func(login, lang string) string {
		t.Helper()
		c := w.As(login)
		c.Lang = lang
		return mainPart(sound(t, c.Get("/").Must(http.StatusOK)).Text())
	}
	if text := front("hedvig", "da"); !strings.Contains(text, `href="/extracts/`+string(id)) || strings.Contains(text, string(quiet.ID)) || !strings.Contains(text, "dage tilbage") {
		t.Errorf("who may release it does not read that it waits: %s", text)
	}
	if text := front("dagny", "da"); strings.Contains(text, "/extracts/"+string(id)) {
		t.Errorf("who prepared it reads at once that it waits: %s", text)
	}
	told := func(login string) string {
		return w.One(`select coalesce(string_agg(word || ' ' || n, ', ' order by word), '') from (select word, count(*) as n from portal.notice where word like 'extract%' and concern = '' and item = '' and person = $1 group by word) x`, string(w.As(login).Post.Person))
	}
	moves := func(to time.Time, dagny, hedvig string) {
		t.Helper()
		w.Set(to)
		w.Settle()
		if a, b := told("dagny"), told("hedvig"); a != dagny || b != hedvig {
			t.Errorf("at %s the officer is told %q and the manager %q", to, a, b)
		}
	}
	moves(due.AddDate(0, 0, -11), "", "")
	moves(due.AddDate(0, 0, -10), "extract_due 1", "extract_due 1")
	moves(due.AddDate(0, 0, -9), "extract_due 1", "extract_due 1")
	for lang, says := range map[string]string{"da": "9 dage tilbage", "en": "9 days left"} {
		for _, login := range []string{"dagny", "hedvig"} {
			if text := front(login, lang); !strings.Contains(text, "/extracts/"+string(id)) || !strings.Contains(text, says) {
				t.Errorf("%s's front page says in %s: %s", login, lang, text)
			}
		}
	}
	for _, login := range []string{"gudrun", "esther", "rune"} {
		if text := front(login, "da"); strings.Contains(text, "/extracts/") || told(login) != "" {
			t.Errorf("%s is told of it: %s", login, text)
		}
	}

	const why = "Anmodningen er indviklet, og der er mange logposter."
	extends := func(told, reason string) int {
		return dagny.API("POST", path+"/extension", map[string]any{"told": told, "reason": reason}).Status
	}
	if a := hedvig.API("POST", path+"/extension", map[string]any{"told": day(0), "reason": why}).Must(http.StatusNotFound); a.Text() == "" {
		t.Error("a manager extends it")
	}
	dagny.API("POST", "/api/extracts/"+string(quiet.ID)+"/extension", map[string]any{"told": day(0), "reason": why}).Must(http.StatusConflict)
	w.Set(due.AddDate(0, 0, 2))
	if a, b, c, d := extends(due.AddDate(0, 0, 1).Format(time.DateOnly), why), extends(received.AddDate(0, 0, -1).Format(time.DateOnly), why), extends(day(1), why), extends(due.Format(time.DateOnly), "kort"); a != 400 || b != 400 || c != 400 || d != 400 {
		t.Errorf("told after the month, before the request, tomorrow and without a reason are answered %d %d %d %d", a, b, c, d)
	}
	moves(due.Add(time.Minute), "extract_due 1, extract_overdue 1", "extract_due 1, extract_overdue 1") // the warning of three days is over
	if v := w.reads("dagny", id); !v.Overdue || v.Left != 0 {
		t.Errorf("%+v", v)
	}
	for _, at := range []string{"/", "/extracts", "/extracts/" + string(id)} {
		if text := mainPart(sound(t, dagny.Get(at).Must(http.StatusOK)).Text()); !strings.Contains(text, "Fristen er gået") {
			t.Errorf("%s does not say that it is overdue: %s", at, text)
		}
	}
	if n := extends(due.Format(time.DateOnly), why); n != http.StatusOK {
		t.Errorf("that it was extended in time is answered %d", n)
	}
	if n := extends(due.Format(time.DateOnly), why); n != http.StatusConflict {
		t.Errorf("a second extension is answered %d", n)
	}
	longer := lawOfAnswers.due(received, true)
	v := w.reads("hedvig", id)
	if v.Overdue || !v.Extended || !v.Due.Equal(longer) || v.Extension == nil || v.Extension.Reason != why || v.Extension.Told != due.Format(time.DateOnly) || v.Extends {
		t.Errorf("%+v", v)
	}
	if n := w.One(`select count(*) from audit.extract_extension where position(convert_to('indviklet', 'UTF8') in box) > 0`); n != "0" {
		t.Error("the reason is not sealed")
	}
	if got := w.One(`select count(*) from audit.trail where object_kind = 'extract' and object_id = $1 and act = 'decide' and outcome = 'allow' and why_ref <> ''`, string(id)); got != "1" {
		t.Errorf("the extension stands %s times in the trail", got)
	}
	if !strings.Contains(sound(t, dagny.Get("/extracts/"+string(id)).Must(http.StatusOK)).Text(), why) {
		t.Error("the page does not say why")
	}
	moves(longer.AddDate(0, 0, -4), "extract_due 2, extract_overdue 1", "extract_due 2, extract_overdue 1")

	// Who is too close reads and is told nothing more of it, and it is of no use to them to draw near.
	w.SQL(`insert into access.recusal (person, kind, item, by_person, by_hat) values ($1, 'case', $2, 'x', 'x')`, string(hedvig.Post.Person), string(cases[known]))
	moves(longer.AddDate(0, 0, -3), "extract_due 3, extract_overdue 1", "extract_due 2, extract_overdue 1")
	if text := front("hedvig", "da"); strings.Contains(text, "/extracts/"+string(id)) {
		t.Errorf("who is too close reads of it: %s", text)
	}
	w.SQL(`delete from access.recusal`)
	// And an officer who is too close and prepared it is told as anybody.
	w.SQL(`insert into access.recusal (person, kind, item, by_person, by_hat) values ($1, 'case', $2, 'x', 'x')`, string(dagny.Post.Person), string(cases[known]))
	moves(longer.Add(time.Minute), "extract_due 3, extract_overdue 2", "extract_due 2, extract_overdue 2")
	if text := front("dagny", "da"); !strings.Contains(text, "/extracts/"+string(id)) {
		t.Errorf("who is too close, and prepared it, can tell: %s", text)
	}
	w.SQL(`delete from access.recusal`)

	again := w.As("dagny").API("POST", path, map[string]any{"received": began.In(hub.Copenhagen).AddDate(0, 0, -1).Format(time.DateOnly)}).Must(http.StatusOK)
	var done ExtractReceipt
	again.JSON(&done)
	if v := w.reads("dagny", id); v.Received != received.AddDate(0, 0, -1).Format(time.DateOnly) {
		t.Errorf("the day of the request is not corrected: %+v", v.ExtractLine)
	}
	w.releases("hedvig", id, done.Content).Must(http.StatusOK)
	before := w.reads("dagny", id)
	if !before.Overdue || before.Soon || strings.Contains(front("hedvig", "da"), "/extracts/") {
		t.Errorf("%+v", before.ExtractLine)
	}
	if want := w.Now().In(hub.Copenhagen).AddDate(0, 24, 0).Format(time.DateOnly); before.EraseAt.In(hub.Copenhagen).Format(time.DateOnly) != want {
		t.Errorf("it is erased on %s, want %s", before.EraseAt, want)
	}
	if !fails(w, `update audit.extract set received_on = received_on - 1 where id = '`+string(id)+`'`) {
		t.Error("when the request was received is changed after the answer was handed out")
	}
}
