package audit

import (
	"net/http"
	"net/url"
	"regexp"
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
