//go:build !race

package audit

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// Whoever writes in the database past the hub changes nothing of a breach unseen (L52, A080 in
// part): neither when its clock began, what it is, who made it, nor a step; the register says
// which it is, and a breach is not read as it was made to look. What is taken out whole, of the
// breaches or of the answers to citizens, is missed by the log, which names it.
func TestARegisterIsHeldAgainstTheLog(t *testing.T) {
	w := answering(t)
	made := func() hub.ID {
		id := w.registers("dagny", map[string]any{"way": "subject", "reference": known}).ID
		w.As("dagny").API("POST", "/api/breaches/"+string(id)+"/correction", map[string]any{"corrected": w.Now().Add(-time.Hour), "reason": whatHappened}).Must(http.StatusOK)
		w.As("dagny").API("POST", "/api/breaches/"+string(id)+"/description", map[string]any{"measures": whatHappened}).Must(http.StatusOK)
		return id
	}
	register := func() (list BreachList) {
		w.As("dagny").API("GET", "/api/breaches", nil).Must(http.StatusOK).JSON(&list)
		return list
	}
	changed := func(id hub.ID) bool {
		list := register().Breaches
		i := slices.IndexFunc(list, func(l BreachLine) bool { return l.ID == id })
		return i >= 0 && list[i].Changed
	}
	for what, sql := range map[string]string{
		"when it was known first":      `update audit.breach set aware_at = aware_at - interval '1 hour' where id = $1`,
		"when it was registered":       `update audit.breach set registered_at = registered_at + interval '1 hour' where id = $1`,
		"what it is a breach of":       `update audit.breach set kinds = '{availability}' where id = $1`,
		"by what it is notified":       `update audit.breach set tracks = tracks || '{x}'::text[] where id = $1`,
		"who made it":                  `update audit.breach_step set people = '{}' where breach = $1 and n = 1`,
		"the corrected time":           `update audit.breach_step set aware_at = aware_at + interval '1 hour' where breach = $1 and n = 2`,
		"that it was corrected":        `update audit.breach_step set aware_at = null, step = 'described' where breach = $1 and n = 2`,
		"what a step was":              `update audit.breach_step set step = 'closed' where breach = $1 and n = 3`,
		"when a step was":              `update audit.breach_step set at = at - interval '1 hour' where breach = $1 and n = 3`,
		"whose step it was":            `update audit.breach_step set hat = 'another' where breach = $1 and n = 3`,
		"that something was said":      `update audit.breach_step set says = says || '{consequences}'::text[] where breach = $1 and n = 3`,
		"that rows were gathered":      `update audit.breach_step set rows = null where breach = $1 and n = 1`,
		"the hash of a step":           `update audit.breach_step set content = sha256('x') where breach = $1 and n = 3`,
		"what a step says":             `update audit.breach_step set box = set_byte(box, 40, get_byte(box, 40) # 1) where breach = $1 and n = 3`,
		"a step in the middle is gone": `delete from audit.breach_step where breach = $1 and n = 2`,
		"the last step is gone":        `delete from audit.breach_step where breach = $1 and n = 3`,
		"a step that nobody took":      `insert into audit.breach_step (breach, n, step, says, rows, box, content, at, person, hat, people, retention_rule, erase_at) select breach, 4, 'closed', says, rows, box, content, at, person, hat, people, retention_rule, erase_at from audit.breach_step where breach = $1 and n = 3`,
	} {
		id := made()
		if w.breach(id); changed(id) {
			t.Fatalf("%s: said to be changed before it is", what)
		}
		w.SQL(sql, string(id))
		if a := w.As("dagny").API("GET", "/api/breaches/"+string(id), nil); a.Status != http.StatusConflict || !strings.Contains(a.Text(), "audit.error.breach.changed") {
			t.Errorf("%s: it is read as if nothing was: %d", what, a.Status)
		}
		if !changed(id) {
			t.Errorf("%s: the register says nothing of it", what)
		}
	}
	if text := w.As("dagny").Get("/breaches").Must(http.StatusOK).Text(); !strings.Contains(text, "Ændret uden om Infohus") {
		t.Errorf("the page does not say it: %s", text)
	}
}

// TestWhatIsTakenOutOfARegisterIsTold: within two minutes the officers are told that a breach,
// or an answer to a citizen, was taken out whole.
func TestWhatIsTakenOutOfARegisterIsTold(t *testing.T) {
	w := answering(t)
	var said []string
	w.Behind(w.Handler(), func(time.Time) error {
		if err := w.Tick(t.Context()); err != nil {
			said = append(said, err.Error())
		}
		return nil
	})
	told := func() string {
		w.Advance(time.Minute + askEvery)
		return w.One(`select count(*) from audit.outbox where envelope->>'type' = 'audit.trail.odd.v1' and envelope->'data'->>'what' = 'gone'`)
	}
	breach, answer := w.registers("dagny", map[string]any{"way": "subject", "reference": known}).ID, w.prepares(known, nil).ID
	if n := told(); n != "0" {
		t.Fatalf("all is there, and told are %s", n)
	}
	w.SQL(`delete from audit.breach_step where breach = '` + string(breach) + `'; delete from audit.breach where id = '` + string(breach) + `'`)
	if n := told(); n != "1" || !strings.Contains(strings.Join(said, ""), "1 breaches or answers") {
		t.Errorf("a breach is gone, and told are %s, the hub's log says %s", n, said)
	}
	var list BreachList
	w.As("dagny").API("GET", "/api/breaches", nil).Must(http.StatusOK).JSON(&list)
	if !slices.Equal(list.Gone, []hub.ID{breach}) {
		t.Errorf("gone are %v", list.Gone)
	}
	if text := w.As("dagny").Get("/breaches").Must(http.StatusOK).Text(); !strings.Contains(text, "taget ud af registret") || !strings.Contains(text, string(breach)) {
		t.Errorf("the page does not say it: %s", text)
	}
	w.As("dagny").API("GET", "/api/breaches/"+string(breach), nil).Must(http.StatusConflict)
	if text := w.As("dagny").Get("/").Must(http.StatusOK).Text(); !strings.Contains(text, "er taget ud af sit register") {
		t.Errorf("the officer is not told: %s", text)
	}
	w.SQL(`delete from audit.extract where id = $1`, string(answer))
	if n := told(); n != "1" {
		t.Errorf("it goes on, and told are %s", n)
	}
	if !strings.Contains(strings.Join(said, ""), "2 breaches or answers") {
		t.Errorf("an answer is gone too, and the hub's log says %s", said)
	}
}
