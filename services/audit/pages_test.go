//go:build !race

package audit

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/policies"
	"github.com/infohus/infohus/services/portal"
)

func browsing(t *testing.T) *world {
	t.Helper()
	h := hubtest.Run(t, portal.Service, Service)
	if err := h.Vault().Make(vault.AuthorityKey("koege"), vault.AuthorityKey("roskilde")); err != nil {
		t.Fatal(err)
	}
	w := &world{h, t, h.DB("portal")}
	w.items()
	return w
}

// unworded finds a text that is missing in the catalogues: "[audit.x]".
var unworded = regexp.MustCompile(`\[[a-z_]+\.[a-z_.]+\]`)

func sound(t *testing.T, a hubtest.Answer) hubtest.Answer {
	t.Helper()
	for _, found := range unworded.FindAllString(a.Text(), -1) {
		t.Errorf("%s has no words for %s", a.Path, found)
	}
	return a
}

func TestOfficersPages(t *testing.T) {
	w := browsing(t)
	for range 60 {
		w.consults("gudrun", koege, "")
	}
	w.consults("gudrun", koege, "Aktindsigt <script>alert(1)</script>")
	w.consults("sigrid", koege, "")
	for lang, title := range map[string]string{"da": "Loggen", "en": "The log"} {
		c := w.As("dagny")
		c.Lang = lang
		if a := sound(t, c.Get("/trail").Must(http.StatusOK)); !strings.Contains(a.Text(), "<h1>"+title) || !strings.Contains(a.Text(), w.As("gudrun").Post.Name) {
			t.Errorf("%s: %s", lang, a.Body)
		}
		a := sound(t, c.Submit("/trail", url.Values{"reference": {"Signe Prøvesen"}, "from-day": {"30"}, "from-month": {"2"}, "from-year": {"2026"}}).Must(http.StatusBadRequest))
		for _, kept := range []string{`value="Signe Prøvesen"`, `id="ground-error"`, `id="reference-error"`, `id="from-error"`} {
			if !strings.Contains(a.Text(), kept) {
				t.Errorf("%s: the page has lost %s", lang, kept)
			}
		}
		c.Get("/trail")
		a = sound(t, c.Submit("/trail", url.Values{"ground": {"lawfulness"}, "reference": {string(koege)}, "act": {"consult"},
			"from-day": {"1"}, "from-month": {"1"}, "from-year": {"2026"}}).Must(http.StatusOK))
		for _, shown := range []string{"62 ", "<code>infohus.example/trail&#43;", "&lt;script&gt;", `value="` + string(koege) + `"`, `name="after"`, `value="2026"`, `href="/trail/`} {
			if !strings.Contains(a.Text(), shown) {
				t.Errorf("%s: the page does not show %s", lang, shown)
			}
		}
		if strings.Contains(a.Path, string(koege)) || strings.Count(a.Text(), `href="/trail/`) != onPage {
			t.Errorf("%s: at %s, %d rows", lang, a.Path, strings.Count(a.Text(), `href="/trail/`))
		}
		for _, id := range []string{w.One(`select max(id) from audit.trail where outcome = 'deny'`), w.One(`select max(id) from audit.trail where why_ref <> '' and act = 'consult' and object_kind = 'concern'`)} {
			a = sound(t, c.Get("/trail/"+id).Must(http.StatusOK))
			if !strings.Contains(a.Text(), "alert-success") {
				t.Errorf("%s: the same revision does not agree: %s", lang, a.Body)
			}
			// What the rules said stands in words; what they were asked, to be asked
			// again (L16), in a part of the page that is closed.
			said := map[string][]string{"da": {"egen myndigheds sag", "havde ikke noget med den at gøre"}, "en": {"it is the own authority", "had nothing to do with it"}}[lang]
			top, closed, _ := strings.Cut(a.Text(), "<details")
			if !strings.Contains(top, said[0]) && !strings.Contains(top, said[1]) || strings.Contains(top, "<code>own<") || strings.Contains(top, "no_relation") {
				t.Errorf("%s: the reasons are not in words: %s", lang, top)
			}
			if strings.Contains(top, "relation&#34;:") || !strings.Contains(closed, "relation&#34;:") {
				t.Errorf("%s: the question does not stand in the closed part: %s", lang, a.Body)
			}
		}
	}
	for _, login := range []string{"rune", "gudrun", "solvej"} {
		c := w.As(login)
		none := c.Get("/nowhere").Must(http.StatusNotFound)
		for _, path := range []string{"/trail", "/trail/1", "/trail/x"} {
			if a := c.Get(path).Must(http.StatusNotFound); a.Text() != none.Text() {
				t.Errorf("%s can tell that there is a trail", login)
			}
		}
	}
	if n := w.One(`select count(*) from audit.trail where question = 'trail' and role = 'administrator' and outcome = 'deny'`); n != "3" {
		t.Errorf("%s refusals of the administrator are in the trail", n)
	}
}

// A098: what the page finds is a file that Danish Excel opens as it is, and no field of it
// is taken for a formula, whatever stands in the row.
func TestTheSheet(t *testing.T) {
	w := browsing(t)
	w.consults("gudrun", koege, "")
	w.consults("sigrid", koege, "")
	w.SQL(`update audit.trail set object_id = '=cmd|calc', role = '+x' where id = (select max(id) from audit.trail where outcome = 'allow' and act = 'consult')`)
	for lang, said := range map[string][]string{"da": {`"Post";"Hvornår";"Hvem"`, `"Læst"`, "Køge"}, "en": {`"Entry";"When";"Who"`, `"Read"`, "Køge"}} {
		c := w.As("dagny")
		c.Lang = lang
		c.Get("/trail")
		form := url.Values{"ground": {"lawfulness"}, "act": {"consult"}}
		a := sound(t, c.Submit("/trail", form).Must(http.StatusOK))
		for _, action := range []string{"/trail/export", "/trail/bundle"} {
			if !strings.Contains(a.Text(), `action="`+action+`"`) {
				t.Errorf("%s: the page does not lead to %s", lang, action)
			}
		}
		a = c.Submit("/trail/export", nil).Must(http.StatusOK)
		text := a.Text()
		if !strings.HasPrefix(text, "\ufeff") || !strings.Contains(text, `"'=cmd|calc"`) || !strings.Contains(text, `"'+x"`) || strings.Count(text, "\r\n") != 3 || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/csv") {
			t.Errorf("%s: %s", lang, text)
		}
		for _, s := range said {
			if !strings.Contains(text, s) {
				t.Errorf("%s: it does not say %s: %s", lang, s, text)
			}
		}
		for _, unworded := range unworded.FindAllString(text, -1) {
			t.Errorf("%s: no words for %s", lang, unworded)
		}
	}
	if n := w.One(`select string_agg(distinct rows::text, ' ') from audit.trail where act = 'export' and object_kind = 'trail'`); n != "2" {
		t.Errorf("the trail says %s rows of it", n)
	}
	// Each text of a row that reaches the sheet, with each beginning.
	id := w.One(`select max(id) from audit.trail where outcome = 'allow' and act = 'consult'`)
	for _, begin := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'"} {
		bad := begin + `cmd|' /C calc'!A0;æøå "x"`
		w.SQL(`update audit.trail set object_kind = $1, object_id = $1, role = $1, fields = array[$1], purpose = $1, basis = $1, recipient = $1, subjects = array[$1] where id = $2::bigint`, bad, id)
		c, form := w.As("dagny"), url.Values{"ground": {"lawfulness"}, "act": {"consult"}, "outcome": {"allow"}}
		c.Get("/trail")
		c.Submit("/trail", form).Must(http.StatusOK)
		r := csv.NewReader(strings.NewReader(strings.TrimPrefix(c.Submit("/trail/export", nil).Must(http.StatusOK).Text(), "\ufeff")))
		r.Comma = ';'
		lines, err := r.ReadAll()
		if err != nil || len(lines) != 2 {
			t.Fatalf("%q: %v %v", begin, lines, err)
		}
		got := 0
		for _, cell := range lines[1] {
			if cell == "'"+bad {
				got++
			} else if cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(cell)[0]) {
				t.Errorf("%q goes out as %q", begin, cell)
			}
		}
		if got != 8 {
			t.Errorf("%q: %d fields of 8 come back whole: %q", begin, got, lines[1])
		}
	}
}

// Both catalogues have every role, act and field that the pages show.
func TestWords(t *testing.T) {
	w := browsing(t)
	words := map[string]bool{}
	for _, k := range w.Site().Words() {
		words[k] = true
	}
	for _, r := range hub.Roles {
		if !words["audit.role."+string(r)] {
			t.Errorf("no word for role %s", r)
		}
	}
	for _, a := range hub.Acts {
		if !words["audit.act."+string(a)] || !words["audit.field.act."+string(a)] {
			t.Errorf("no word for act %s", a)
		}
	}
	if !words["audit.shown.glass_reason"] { // which a second person is shown, and no class has
		t.Error("no word for the reason of a break-glass")
	}
	for _, class := range []string{"status", "clock", "summary", "narrative", "identity", "address", "reporter", "check", "triage", "access", "handled", "trail"} {
		fields := w.Engine().Fields(class)
		if len(fields) == 0 {
			t.Errorf("there is no class %s any more", class)
		}
		for _, f := range fields {
			if !words["audit.shown."+f] {
				t.Errorf("no word for field %s", f)
			}
		}
	}
}

// Every reason and every obligation that the rules can name has words: those in
// the rules, and those in their data.
func TestReasonsHaveWords(t *testing.T) {
	w := browsing(t)
	words := w.Site().Words()
	need := map[string]bool{"audit.reason.hat_mismatch": true}
	rules, err := filepath.Glob("../../policies/*/*.rego")
	if err != nil || len(rules) == 0 {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`(?:refusals|reasons|obligations) contains "([a-z_]+)"|why := "([a-z_]+)"|\{"([a-z_]+)" \||"reasons": \{"([a-z_]+)"(?:, "([a-z_]+)")?\}`)
	for _, name := range rules {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.rego") {
			continue
		}
		for _, m := range said.FindAllStringSubmatch(string(b), -1) {
			kind := "audit.reason."
			if strings.HasPrefix(m[0], "obligations") {
				kind = "audit.obligation."
			}
			for _, code := range m[1:] {
				if code != "" {
					need[kind+code] = true
				}
			}
		}
	}
	var data map[string]any
	if err := json.Unmarshal(w.Engine().Document(), &data); err != nil {
		t.Fatal(err)
	}
	var walk func(any)
	walk = func(v any) {
		m, _ := v.(map[string]any)
		for k, in := range m {
			switch in := in.(type) {
			case string:
				if k == "never" || k == "refused" {
					need["audit.reason."+in] = true
				}
			case []any:
				for _, code := range in {
					if k == "obligations" {
						need[fmt.Sprint("audit.obligation.", code)] = true
					}
				}
			case map[string]any:
				for standing, code := range in {
					if k == "needs" {
						need[fmt.Sprint("audit.reason.", code)] = true
					}
					if k == "obligations" {
						need["audit.obligation."+standing] = true
					}
				}
				walk(in)
			}
		}
	}
	walk(data)
	for _, roles := range data["view"].(map[string]any) { // how somebody stands to a thing is why they may
		for standing := range roles.(map[string]any) {
			need["audit.reason."+standing] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(need)) {
		if !slices.Contains(words, key) {
			t.Errorf("no words for %s", key)
		}
	}
	t.Logf("%d codes", len(need))
}

// A decision of another day is made again by the rules of that day as they are kept,
// and by today's, and it is said where these differ; where those of its day are gone,
// by today's alone.
func TestDecideAgainByTheRulesOfItsDay(t *testing.T) {
	w := browsing(t)
	w.consults("gudrun", koege, "")
	id := w.One(`select id from audit.trail where outcome = 'allow' and act = 'consult' and object_kind = 'concern'`)
	again := func() (a Again) {
		w.As("dagny").API("POST", "/api/trail/"+id+"/again", nil).Must(http.StatusOK).JSON(&a)
		return a
	}
	says := func(word string) {
		t.Helper()
		if page := w.As("dagny").Get("/trail/" + id).Must(http.StatusOK).Text(); !strings.Contains(page, word) {
			t.Errorf("the page does not say %q: %s", word, page)
		}
	}
	// On that day a coordinator was none of a municipality.
	var data map[string]any
	if err := json.Unmarshal(w.Engine().Document(), &data); err != nil {
		t.Fatal(err)
	}
	data["roles"].(map[string]any)["municipal_coordinator"].(map[string]any)["kinds"] = map[string]any{}
	document, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	old := new(policies.Engine)
	if err := old.Revise(document); err != nil {
		t.Fatal(err)
	}
	w.SQL(`insert into access.revision (revision, document) values ($1, $2)`, old.Revision(), document)
	w.SQL(`update audit.trail set revision = $1 where id = $2::bigint`, old.Revision(), id)
	if a := again(); a.Same || a.Then == nil || !a.Whole || a.Then.Allow || a.Then.Agrees || a.Then.Revision != old.Revision() || !a.Now.Agrees || a.Now.Revision != w.Engine().Revision() || !a.Differ {
		t.Errorf("a yes of a day on which it was a no: %+v %+v", a, a.Then)
	}
	says("Loggen og reglerne siger ikke det samme")
	w.SQL(`update audit.trail set outcome = 'deny', fields = '{}', obligations = '{}', reasons = $1 where id = $2::bigint`, again().Then.Reasons, id)
	if a := again(); !a.Then.Agrees || a.Now.Agrees || !a.Now.Allow || !a.Differ {
		t.Errorf("a no of that day: %+v %+v", a, a.Then)
	}
	says("Efter reglerne i dag ville svaret være et andet")

	// The data is of that day, and the rules of the hub are others since.
	other := strings.Repeat("0", 16) + old.Revision()[16:]
	w.SQL(`insert into access.revision (revision, document) values ($1, $2)`, other, document)
	w.SQL(`update audit.trail set revision = $1 where id = $2::bigint`, other, id)
	if a := again(); a.Then == nil || a.Whole || !a.Then.Agrees {
		t.Errorf("by other rules: %+v %+v", a, a.Then)
	}

	// One that the hub of today cannot read, and one that is not kept.
	unread := strings.Repeat("0", 16) + "-" + policies.Sum([]byte("{}"))[:16]
	w.SQL(`insert into access.revision (revision, document) values ($1, '{}')`, unread)
	for _, gone := range []string{unread, strings.Repeat("0", 16) + "-" + strings.Repeat("1", 16)} {
		w.SQL(`update audit.trail set revision = $1 where id = $2::bigint`, gone, id)
		if a := again(); a.Then != nil || a.Whole || !a.Possible || a.Now.Agrees || !a.Differ {
			t.Errorf("by rules that are gone: %+v %+v", a, a.Then)
		}
	}
	says("Reglerne fra den dag kan ikke bruges igen")
}
