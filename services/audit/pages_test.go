package audit

import (
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
		for _, shown := range []string{"62 ", "&lt;script&gt;", `value="` + string(koege) + `"`, `name="after"`, `value="2026"`, `href="/trail/`} {
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
