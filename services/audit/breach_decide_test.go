//go:build !race

package audit

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// L52, P13, A055: who did what a breach is about keeps the register as anybody and notifies in time, but
// another officer closes it, corrects its clock, and decides that nobody is told: also when it
// is gathered by other rows since. What it was closed without stands in the register. L22 in part: it has
// a date of erasure that moves on with each step.
func TestNobodyClosesABreachThatTheyMade(t *testing.T) {
	w := drawing(t)
	dagny, vera := w.As("dagny"), w.As("vera")
	began := w.Now()
	w.looks(glance{login: "gudrun", of: "koege", object: koege, at: w.from.Add(time.Hour)})
	w.search("dagny", Search{Part: Part{Reference: string(koege)}})
	id := w.registers("dagny", map[string]any{"way": "person", "person": dagny.Post.Person}).ID
	path := "/api/breaches/" + string(id)
	post := func(c *hubtest.Client, step string, in map[string]any) hubtest.Answer {
		t.Helper()
		return c.API("POST", path+step, in)
	}
	page := func(c *hubtest.Client, at string) string {
		t.Helper()
		in := w.As(c.Login) // a session ends while the clock moves
		in.Lang = c.Lang
		return mainPart(sound(t, in.Get(at).Must(http.StatusOK)).Text())
	}
	against := map[string]map[string]any{"/close": {"reason": whatHappened}, "/inform": {"inform": "no", "reason": whatHappened}, "/correction": {"corrected": began.Add(-time.Hour), "reason": whatHappened}}
	refused := func(when string) {
		t.Helper()
		for step, in := range against {
			if a := post(dagny, step, in); a.Status != http.StatusConflict || !strings.Contains(a.Text(), "du selv har gjort") {
				t.Errorf("%s, %s of who made it is answered %d %s", when, step, a.Status, a.Body)
			}
		}
		if v := w.breach(id); !v.Another {
			t.Errorf("%s, it does not say that another decides", when)
		}
		if text := page(dagny, "/breaches/"+string(id)); strings.Contains(text, `value="closed"`) || strings.Contains(text, `value="corrected"`) || !strings.Contains(text, "En anden databeskyttelsesrådgiver hos jer lukker det") {
			t.Errorf("%s, the page has forms for it: %s", when, text)
		}
	}
	refused("at first")
	post(dagny, "/affected", map[string]any{"way": "item", "reference": koege}).Must(http.StatusOK)
	refused("gathered by other rows")
	if n := w.One(`select count(*) from audit.trail where object_kind = 'breach' and object_id = $1 and outcome = 'deny' and question = 'glass' and 'self' = any(reasons)`, string(id)); n != "6" {
		t.Errorf("%s refusals stand in the trail", n)
	}
	if text := page(vera, "/breaches/"+string(id)); !strings.Contains(text, `value="closed"`) || !strings.Contains(text, `value="corrected"`) {
		t.Errorf("another officer has no forms: %s", text)
	}

	// The clock runs by what another officer corrected, and both are shown.
	var v BreachView
	for name, in := range map[string]map[string]any{"tomorrow": {"corrected": began.AddDate(0, 0, 1), "reason": whatHappened}, "no reason": {"corrected": began, "reason": "kort"}, "no time": {"corrected": time.Time{}, "reason": whatHappened}} {
		if a := post(vera, "/correction", in); a.Status != http.StatusBadRequest {
			t.Errorf("%s is answered %d %s", name, a.Status, a.Body)
		}
	}
	aware := began.Add(-30 * time.Hour).UTC().Truncate(time.Microsecond)
	post(vera, "/correction", map[string]any{"corrected": aware, "reason": "It-afdelingen vidste det dagen før."}).Must(http.StatusOK)
	vera.API("GET", path, nil).Must(http.StatusOK).JSON(&v)
	if !v.Aware.Equal(aware) || !v.Due.Equal(aware.Add(72*time.Hour)) || v.FirstAware == nil || v.FirstAware.Sub(began).Abs() > time.Minute || v.AwareReason == "" || v.Another {
		t.Errorf("%+v", v)
	}
	told := func(want string) {
		t.Helper()
		w.Settle()
		if got := w.One(`select coalesce(string_agg(word || ' ' || n, ', ' order by word), '') from (select word, count(*) as n from portal.notice where word like 'breach%' and role = 'dpo' group by word) x`); got != want {
			t.Errorf("told is %q, want %q", got, want)
		}
	}
	w.Set(w.Now().Add(time.Minute))
	told("breach_due 1")
	if text := page(vera, "/breaches/"+string(id)); !strings.Contains(text, "Først skrevet ind som") || !strings.Contains(text, "It-afdelingen vidste det") {
		t.Errorf("the page does not show both: %s", text)
	}
	later := url.Values{"step": {"corrected"}, "corrected_time": {began.In(hub.Copenhagen).Format("15.04")}, "reason": {"Det var alligevel først den dag."}}
	for part, layout := range map[string]string{"day": "2", "month": "1", "year": "2006"} {
		later.Set("corrected-"+part, began.In(hub.Copenhagen).Format(layout))
	}
	sound(t, vera.Submit("/breaches/"+string(id), later).Must(http.StatusOK))
	// Every correction stays, with its time and its reason: set back and forth, nothing is gone.
	vera.API("GET", path, nil).Must(http.StatusOK).JSON(&v)
	var corrected []string
	for _, s := range v.Steps {
		if s.Aware != nil {
			corrected = append(corrected, s.Aware.Sub(aware).Round(time.Hour).String()+" "+s.Reason)
		}
	}
	if want := []string{"0s It-afdelingen vidste det dagen før.", "30h0m0s Det var alligevel først den dag."}; !slices.Equal(corrected, want) {
		t.Errorf("corrected %q", corrected)
	}
	if text := page(vera, "/breaches/"+string(id)); strings.Count(text, "It-afdelingen vidste det") != 1 || strings.Count(text, "Det var alligevel først den dag.") != 2 {
		t.Errorf("the page does not show every correction: %s", text)
	}
	w.Set(began.Add(25 * time.Hour))
	told("breach_due 2") // once more, of the time that it was set to

	// No text names anybody by number.
	for step, in := range map[string]map[string]any{"/description": {"categories": "x", "consequences": "x", "measures": "x", "contact": "x", "delay": "x"}, "/inform": {"inform": "yes", "reason": "x", "text_da": "x", "text_en": "x"}, "/notification": {"case_number": "x", "delay": "x"},
		"/close": {"reason": "x"}, "/correction": {"corrected": began, "reason": "x"}} {
		for field, text := range in {
			if text == "x" {
				in[field] = "Det gik ud over 710109-4321, som bor her."
			}
		}
		a := post(vera, step, in).Must(http.StatusBadRequest)
		for field := range in {
			if field != "inform" && field != "corrected" && !strings.Contains(a.Text(), `"field":"`+field+`"`) || !strings.Contains(a.Text(), `"key":"error.number"`) {
				t.Errorf("%s: a number in %s is answered %s", step, field, a.Body)
			}
		}
	}
	if a := dagny.API("POST", "/api/breaches", map[string]any{"happened": "Det gik ud over 7101094321 i går.", "kinds": []string{"integrity"}}).Must(http.StatusBadRequest); !strings.Contains(a.Text(), `"field":"happened"`) {
		t.Errorf("a number in what happened is answered %s", a.Body)
	}

	// Closed late and with gaps by a reason: so it stands in the register.
	w.Set(began.Add(80 * time.Hour))
	post(dagny, "/description", map[string]any{"measures": whatHappened}).Must(http.StatusOK)
	post(dagny, "/inform", map[string]any{"inform": "yes", "reason": whatHappened}).Must(http.StatusOK)
	post(vera, "/close", map[string]any{"reason": "Det er usandsynligt, at det rammer nogen."}).Must(http.StatusOK)
	v = w.breach(id)
	if v.State != "closed" || v.ClosedAt == nil || !v.Unnotified || !v.Late || fmt.Sprint(v.ClosedWith) != "[categories consequences delay]" || !slices.Equal(v.ClosedWith, v.Gaps()) || v.RetentionRule != "breach" ||
		v.EraseAt.In(hub.Copenhagen).Format(time.DateOnly) != w.Now().In(hub.Copenhagen).AddDate(0, 60, 0).Format(time.DateOnly) {
		t.Errorf("%+v", v)
	}
	for lang, says := range map[string][]string{"da": {"Ikke anmeldt.", "Fristen var gået.", "Manglede, da det blev lukket", "følgerne"}, "en": {"Not notified.", "The time had run out.", "Missing when it was closed"}} {
		dagny.Lang = lang
		for _, at := range []string{"/breaches", "/breaches/" + string(id)} {
			text := page(dagny, at)
			for _, say := range says {
				if !strings.Contains(text, say) {
					t.Errorf("%s does not say %q: %s", at, say, text)
				}
			}
		}
	}
	if got := w.One(`select string_agg(distinct question || ' ' || (input ->> 'self'), ', ') from audit.trail where object_kind = 'breach' and object_id = $1 and act = 'decide' and outcome = 'allow' and person = $2`, string(id), string(vera.Post.Person)); got != "glass false" {
		t.Errorf("the closing stands in the trail as %s", got)
	}
	// And one that has all and was notified in time says nothing of the kind.
	id = w.registers("vera", map[string]any{"way": "item", "reference": koege}).ID
	path = "/api/breaches/" + string(id)
	post(vera, "/description", map[string]any{"categories": whatHappened, "consequences": whatHappened, "measures": whatHappened}).Must(http.StatusOK)
	post(vera, "/inform", map[string]any{"inform": "no", "reason": whatHappened}).Must(http.StatusOK)
	post(vera, "/notification", map[string]any{"case_number": "2026-442-1"}).Must(http.StatusOK)
	post(vera, "/correction", map[string]any{"corrected": began, "reason": whatHappened}).Must(http.StatusConflict)
	post(vera, "/close", map[string]any{"reason": whatHappened}).Must(http.StatusOK)
	if v := w.breach(id); v.Unnotified || v.Late || len(v.ClosedWith) != 0 || len(v.Gaps()) != 0 || strings.Contains(page(vera, "/breaches/"+string(id)), "Manglede, da") && strings.Contains(page(vera, "/breaches/"+string(id)), "lukket med mangler") {
		t.Errorf("%+v", v)
	}
}
