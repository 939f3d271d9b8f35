//go:build !race

package person

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/services/portal"
)

// browsing is a world with a real sign-in.
func browsing(t *testing.T) *world {
	t.Helper()
	heard := new([]event.SubjectIdentified)
	return &world{Hub: hubtest.Run(t, portal.Service, Service, concerns(heard)), t: t, heard: heard}
}

// unworded finds a text that is missing in the catalogues: "[person.x]".
var unworded = regexp.MustCompile(`\[[a-z_]+\.[a-z_.]+\]`)

// sound checks what every page must be: worded in its language, and without a
// personal number in the clear.
func sound(t *testing.T, a hubtest.Answer) hubtest.Answer {
	t.Helper()
	for _, found := range unworded.FindAllString(a.Text(), -1) {
		t.Errorf("%s has no words for %s", a.Path, found)
	}
	if strings.Contains(a.Text(), "4321") {
		t.Errorf("%s shows the number", a.Path)
	}
	return a
}

func TestPagesFromCallToConcern(t *testing.T) {
	w := browsing(t)
	for lang, words := range map[string][]string{"da": {"Hvem handler bekymringen om?", "Personnummer"}, "en": {"Who is the concern about?", "Personal number"}} {
		c := w.As("gudrun")
		c.Lang = lang
		a := sound(t, c.Get("/subjects/new?next=concern").Must(http.StatusOK))
		for _, word := range words {
			if !strings.Contains(a.Text(), word) {
				t.Errorf("%s: the page does not say %q", lang, word)
			}
		}
		// What is wrong is told at its field, and nothing typed is lost.
		a = c.Submit("/subjects/new?next=concern", url.Values{"name": {"Signe Prøvesen"}, "cpr": {"320109-1234"}, "birth_date-day": {"99"}, "birth_date-month": {"1"}, "birth_date-year": {"2009"}})
		sound(t, a.Must(http.StatusBadRequest))
		for _, kept := range []string{`value="Signe Prøvesen"`, `value="320109-1234"`, `value="99"`, `id="cpr-error"`, `id="birth_date-error"`, `aria-invalid="true"`} {
			if !strings.Contains(a.Text(), kept) {
				t.Errorf("%s: the page has lost %s", lang, kept)
			}
		}
		c.Get("/subjects/new?next=concern")
		a = c.Submit("/subjects/new?next=concern", url.Values{"unknown": {"yes"}, "age_band": {"under_18"}})
		if a.Path != "/concerns/new" { // intake's page, not run here
			t.Errorf("%s: led to %s: %d", lang, a.Path, a.Status)
		}
	}
	if n := w.One(`select count(*) from person.subject where band = 'under_18' and not named`); n != "2" {
		t.Errorf("%s subjects", n)
	}
}

// An address cannot say where to go on to, only name one of ours.
func TestNoOpenRedirect(t *testing.T) {
	w := browsing(t)
	c := w.As("gudrun")
	for _, next := range []string{"https://evil.example", "//evil.example", "/signout", "concern%0d%0aX:y", "javascript:alert(1)"} {
		a := c.Get("/subjects/new?next=" + url.QueryEscape(next)).Must(http.StatusOK)
		if strings.Contains(a.Text(), "evil") && strings.Contains(a.Text(), `action="/subjects/new?next=`) {
			t.Errorf("the form goes on to %s", next)
		}
		a = c.Submit("/subjects/new", url.Values{"name": {"Villads Prøvesen"}})
		if !strings.HasPrefix(a.Path, "/subjects/") {
			t.Errorf("%s led to %s", next, a.Path)
		}
	}
}

func TestPagesOfASubject(t *testing.T) {
	w := browsing(t)
	r := w.register("gudrun", map[string]any{"name": "Signe <script>alert(1)</script> Prøvesen", "cpr": number, "address": "Opdigtet Vej 1", "language": "dari"})
	w.about(r.Subject, "koege", "received", "gudrun")
	page := "/subjects/" + string(r.Subject)
	for _, lang := range []string{"da", "en"} {
		c := w.As("gudrun")
		c.Lang = lang
		a := sound(t, c.Get(page).Must(http.StatusOK))
		for _, shown := range []string{"Signe &lt;script&gt;", "710109-••••", "Opdigtet Vej 1", map[string]string{"da": "17 år", "en": "17 years old"}[lang], map[string]string{"da": "11. januar 2009", "en": "11 January 2009"}[lang]} {
			if !strings.Contains(a.Text(), shown) {
				t.Errorf("the page does not show %s", shown)
			}
		}
		if title := a.Text()[strings.Index(a.Text(), "<title>"):strings.Index(a.Text(), "</title>")]; strings.Contains(title, "Signe") {
			t.Errorf("the title tells the name: %s", title)
		}
		sound(t, c.Get(page+"/reveal").Must(http.StatusOK))
		sound(t, c.Submit(page+"/reveal", url.Values{"reason": {""}})).Must(http.StatusBadRequest)
		a = c.Submit(page+"/reveal", url.Values{"reason": {"Skal slås op i sagssystemet"}}).Must(http.StatusOK)
		if !strings.Contains(a.Text(), number) || strings.Contains(a.Path, "4321") || !strings.Contains(a.Header.Get("Cache-Control"), "no-store") {
			t.Errorf("revealed at %s with %s: %s", a.Path, a.Header.Get("Cache-Control"), a.Body)
		}
		// The same number again leads to the person who is there.
		a = sound(t, c.Submit("/subjects/new?next=concern", url.Values{"name": {"Signe"}, "cpr": {number}}))
		if a.Path != page || !strings.Contains(a.Text(), "/concerns/new?subject="+string(r.Subject)) {
			t.Errorf("%s led to %s: %s", lang, a.Path, a.Body)
		}
	}
	for _, login := range []string{"solvej", "birk", "sigrid", "rune", "dagny"} {
		c := w.As(login)
		none := c.Get("/subjects/" + string(hub.MakeID([16]byte{1}))).Must(http.StatusNotFound)
		for _, path := range []string{page, page + "/reveal", page + "/identify"} {
			if a := c.Get(path).Must(http.StatusNotFound); a.Text() != none.Text() {
				t.Errorf("%s can tell that %s is there", login, path)
			}
		}
	}
}

// Whoever is let in sees the mask; the whole number is asked for by those who may
// have it, and by nobody else is the form seen, or the way to it.
func TestNoFormThatWouldBeRefused(t *testing.T) {
	w := browsing(t)
	r := w.register("solvej", map[string]any{"name": "Signe Prøvesen", "cpr": number})
	w.about(r.Subject, "koege", "draft", "solvej") // her own draft, with what she typed
	page := "/subjects/" + string(r.Subject)
	c := w.As("solvej")
	none := c.Get("/nowhere").Must(http.StatusNotFound)
	if a := c.Get(page).Must(http.StatusOK); !strings.Contains(a.Text(), "710109-••••") || strings.Contains(a.Text(), page+"/reveal") {
		t.Errorf("the page leads to a form that would be refused: %s", a.Body)
	}
	if a := c.Get(page + "/reveal").Must(http.StatusNotFound); a.Text() != none.Text() {
		t.Errorf("the form is not as if it were not there: %s", a.Body)
	}
	w.SQL(`update access.item set state = 'received' where about = $1`, string(r.Subject))
	if a := w.As("gudrun").Get(page).Must(http.StatusOK); !strings.Contains(a.Text(), page+"/reveal") {
		t.Error("the coordinator is not offered the number")
	}
}

func TestPagesOfIdentifying(t *testing.T) {
	w := browsing(t)
	r := w.register("gudrun", map[string]any{"unknown": true})
	w.about(r.Subject, "koege", "received", "gudrun")
	page := "/subjects/" + string(r.Subject)
	c := w.As("gudrun")
	if a := sound(t, c.Get(page).Must(http.StatusOK)); !strings.Contains(a.Text(), "Ukendt person") || !strings.Contains(a.Text(), page+"/identify") {
		t.Errorf("%s", a.Body)
	}
	a := sound(t, c.Submit(page+"/identify", url.Values{"name": {"Signe Prøvesen"}, "cpr": {"xyz"}})).Must(http.StatusBadRequest)
	if !strings.Contains(a.Text(), `value="Signe Prøvesen"`) {
		t.Error("the name is lost")
	}
	a = sound(t, c.Submit(page+"/identify", url.Values{"name": {"Signe Prøvesen"}, "cpr": {number}})).Must(http.StatusOK)
	if a.Path != page || !strings.Contains(a.Text(), "Signe Prøvesen") || strings.Contains(a.Text(), page+"/identify") {
		t.Errorf("%s: %s", a.Path, a.Body)
	}
	c.Get(page + "/identify").Must(http.StatusConflict)
}

// An anonymous report is about a reference that this room has never heard of,
// until the receiver finds out who it is.
func TestAnonymousSubject(t *testing.T) {
	w := browsing(t)
	subject := hub.MakeID([16]byte{3})
	if err := w.Vault().Make(subject); err != nil {
		t.Fatal(err)
	}
	w.about(subject, "koege", "received", "hedvig") // the author is somebody without a part in it
	if v := w.sees("gudrun", subject); !v.Unknown || v.Name != "" || v.AgeBand != UnknownAge {
		t.Errorf("the coordinator sees %+v", v)
	}
	for _, login := range []string{"solvej", "birk", "sigrid", "rune"} {
		w.seesNothing(login, subject)
	}
	path := "/api/subjects/" + string(subject) + "/identify"
	w.As("sigrid").API("POST", path, map[string]any{"name": "X"}).Must(http.StatusNotFound)
	w.As("gudrun").API("POST", path, map[string]any{"name": "Signe Prøvesen", "cpr": number}).Must(http.StatusOK)
	if v := w.sees("gudrun", subject); v.Name != "Signe Prøvesen" || v.CPR != "710109-••••" {
		t.Errorf("the coordinator sees %+v", v)
	}
	if n := w.One(`select controller from person.subject`); n != "koege" {
		t.Errorf("the controller is %s", n)
	}
}
