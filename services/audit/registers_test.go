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

// An answer to a citizen is not read, gathered anew or handed out where it stands otherwise than
// it was gathered and the log names it; the list says which it is (P4 in part, A080 in part).
func TestAnAnswerIsHeldAgainstTheLog(t *testing.T) {
	w := answering(t)
	listed := func(id hub.ID) bool {
		var list ExtractList
		w.As("dagny").API("GET", "/api/extracts", nil).Must(http.StatusOK).JSON(&list)
		i := slices.IndexFunc(list.Extracts, func(l ExtractLine) bool { return l.ID == id })
		return i >= 0 && list.Extracts[i].Changed || slices.Contains(list.Gone, id)
	}
	for _, c := range []struct {
		what, sql string
		released  bool
		boxed     bool // found where it is opened, and not in the list
	}{
		{"when the request was received", `update audit.extract set received_on = received_on + 7 where id = $1`, false, true},
		{"the same of what was handed out", `update audit.extract set received_on = received_on + 7 where id = $1`, true, true},
		{"whom it is about", `update audit.extract set subject = $1 where id = $1`, false, true},
		{"that nothing is known", `update audit.extract set unknown = not unknown where id = $1`, false, true},
		{"who gathered it", `update audit.extract set prepared_by = 'another' where id = $1`, false, false},
		{"as whom they did", `update audit.extract set prepared_hat = 'another' where id = $1`, false, false},
		{"when it was gathered", `update audit.extract set prepared_at = prepared_at + interval '1 day' where id = $1`, false, false},
		{"an older one in its place", `update audit.extract set n = n - 1 where id = $1`, false, false},
		{"handed out by nobody", `update audit.extract set released_by = 'another', released_hat = 'another', released_at = prepared_at where id = $1`, false, false},
		{"handed out by another", `update audit.extract set released_by = 'another' where id = $1`, true, false},
		{"handed out, and not any more", `update audit.extract set released_by = null, released_hat = null, released_at = null where id = $1`, true, false},
		{"handed out sooner", `update audit.extract set released_at = released_at - interval '1 day' where id = $1`, true, false},
		{"its limit is extended by nobody", `insert into audit.extract_extension (extract, told_on, box, at, person, hat) select id, received_on, box, prepared_at, prepared_by, prepared_hat from audit.extract where id = $1`, false, false},
		{"its extension is gone", `delete from audit.extract_extension where extract = $1`, true, false},
	} {
		id := w.prepares(known, nil).ID
		path := "/api/extracts/" + string(id)
		w.As("dagny").API("POST", path, map[string]any{}).Must(http.StatusOK)
		if c.released {
			w.As("dagny").API("POST", path+"/extension", map[string]any{"reason": whatHappened, "told": w.Now().In(hub.Copenhagen).Format(time.DateOnly)}).Must(http.StatusOK)
			w.releases("hedvig", id, w.reads("hedvig", id).Content).Must(http.StatusOK)
		}
		content := w.reads("hedvig", id).Content
		if listed(id) {
			t.Fatalf("%s: said to be changed before it is", c.what)
		}
		w.SQL(`alter table audit.extract disable trigger user; ` + strings.ReplaceAll(c.sql, "$1", "'"+string(id)+"'") + `; alter table audit.extract enable trigger user`)
		if a := w.As("hedvig").API("GET", path, nil); a.Status != http.StatusConflict || !strings.Contains(a.Text(), "audit.error.extract.box") {
			t.Errorf("%s: it is read as if nothing was: %d", c.what, a.Status)
		}
		if a := w.As("hedvig").API("GET", path+"/answer", nil); a.Status != http.StatusConflict {
			t.Errorf("%s: it is fetched as if nothing was: %d", c.what, a.Status)
		}
		if listed(id) == c.boxed {
			t.Errorf("%s: the list says %t", c.what, !c.boxed)
		}
		if c.boxed {
			continue
		}
		if a := w.releases("hedvig", id, content); a.Status != http.StatusConflict {
			t.Errorf("%s: it is handed out: %d", c.what, a.Status)
		}
		if a := w.As("dagny").API("POST", path, map[string]any{}); a.Status != http.StatusConflict {
			t.Errorf("%s: it is gathered over: %d", c.what, a.Status)
		}
	}
	if text := w.As("dagny").Get("/extracts").Must(http.StatusOK).Text(); !strings.Contains(text, "Ændret uden om Infohus") {
		t.Errorf("the page does not say it: %s", text)
	}
}

// decidedIsHeld: what was found of a sample or an anomaly, last as not_in_order, is not changed past
// the hub unseen (A080 in part): the list and its own page say so.
func (w *lots) decidedIsHeld(b book, path string, id hub.ID) {
	w.t.Helper()
	type thing struct{ Changed bool }
	for what, sql := range map[string][2]string{
		"what was found": {`update T set outcome = 'in_order' where K and outcome = 'not_in_order'`, `update T set outcome = 'not_in_order' where K and outcome = 'in_order'`},
		"by whom":        {`update T set decided_by = decided_by || '-' where K`, `update T set decided_by = rtrim(decided_by, '-') where K`},
		"as whom":        {`update T set decided_hat = decided_hat || '-' where K`, `update T set decided_hat = rtrim(decided_hat, '-') where K`},
		"when":           {`update T set decided_at = decided_at - interval '1 day' where K`, `update T set decided_at = decided_at + interval '1 day' where K`},
		"a step more":    {`insert into T select K1, 9, outcome, decided_by, decided_hat, decided_at, counts from T where K and outcome = 'not_in_order'`, `delete from T where n = 9`},
		"a step less":    {`create table public.away as select * from T where K; delete from T where K`, `insert into T select * from public.away; drop table public.away`},
	} {
		do := func(sql string) {
			w.SQL(strings.NewReplacer("K1", b.key, "K", b.key+` = '`+string(id)+`'`, "T", b.decisions).Replace(`alter table T disable trigger user; ` + sql + `; alter table T enable trigger user`))
		}
		for i, changed := range []bool{false, true, false} {
			if i > 0 {
				do(sql[i-1])
			}
			var one thing
			var all struct{ Gone []hub.ID }
			w.As("dagny").API("GET", "/api"+path+"/"+string(id), nil).Must(http.StatusOK).JSON(&one)
			w.As("dagny").API("GET", "/api"+path, nil).Must(http.StatusOK).JSON(&all)
			if one.Changed != changed || slices.Contains(all.Gone, id) != changed {
				w.t.Errorf("%s of %s is changed: %t; it says %t, and the list %v", what, path, changed, one.Changed, all.Gone)
			}
			for _, page := range []string{path, path + "/" + string(id)} {
				if text := w.As("dagny").Get(page).Must(http.StatusOK).Text(); strings.Contains(text, "er ændret uden om Infohus") != changed {
					w.t.Errorf("%s is changed: %t, and %s does not say so", what, changed, page)
				}
			}
		}
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
	other := w.registers("dagny", map[string]any{"way": "subject", "reference": known}).ID
	if n := told(); n != "0" {
		t.Fatalf("all is there, and told are %s", n)
	}
	w.SQL(`delete from audit.breach_step where breach = '` + string(breach) + `'; delete from audit.breach where id = '` + string(breach) + `'`)
	if n := told(); n != "1" || !strings.Contains(strings.Join(said, ""), ": 1 breaches, answers") {
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
	if text := w.As("dagny").Get("/").Must(http.StatusOK).Text(); !strings.Contains(text, "er taget ud af sit register eller ændret i det") {
		t.Errorf("the officer is not told: %s", text)
	}
	w.SQL(`delete from audit.extract where id = $1`, string(answer))
	if n := told(); n != "1" {
		t.Errorf("it goes on, and told are %s", n)
	}
	if !strings.Contains(strings.Join(said, ""), ": 2 breaches, answers") {
		t.Errorf("an answer is gone too, and the hub's log says %s", said)
	}
	w.SQL(`insert into audit.breach_step (breach, n, step, says, box, content, at, person, hat, people, retention_rule, erase_at) select breach, 2, 'closed', says, box, content, at, person, hat, people, retention_rule, erase_at from audit.breach_step where breach = $1`, string(other))
	if told(); !strings.Contains(strings.Join(said, ""), ": 3 breaches, answers") {
		t.Errorf("a breach has a step that nobody took, and the hub's log says %s", said)
	}
	if text := w.As("dagny").Get("/extracts").Must(http.StatusOK).Text(); !strings.Contains(text, "Svar til borgere er taget ud af registret") || !strings.Contains(text, string(answer)) {
		t.Errorf("the page of answers does not say it: %s", text)
	}
}
