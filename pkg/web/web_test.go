package web

import (
	"context"
	"errors"
	"html/template"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewJSONHandler(w, nil)) }

var anna, bo = hat("anna", "receiver"), hat("bo", "receiver")

func typed(h hub.Hat, pairs ...string) url.Values {
	v := url.Values{"_hat": {string(h.ID)}, "_page": {"/notes/1"}, "_form": {"form1"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// A106 in part: no frame around ours. A025 in part: nothing is kept by a browser.
// A104 in part: what was typed stays a text.
func TestAPageHasFrameMarksAndComponents(t *testing.T) {
	w := newWorld(t)
	b := w.signIn(anna)
	a := b.get("/notes/1").holds(t, 200, `<html lang="da"`, "<title>En note – Infohus</title>", "anna Jensen", "modtager", "Køge Kommune", `class="skipnav"`,
		"<b>&lt;i&gt;x</b>", "&lt;script&gt;", "!<script>", `value="Kept &lt;b&gt;name&lt;/b&gt;"`, "21. november 2026 kl. 9.32", "1 note<", "3 noter", `href="/">`,
		"!room.saved", "![web.", "![room.", "Skriv kort", `title=""`)
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Cross-Origin-Opener-Policy": "same-origin", "Content-Language": "da", "Strict-Transport-Security": ""} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if csp := a.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") || !strings.HasSuffix(csp, "; script-src 'self'; connect-src 'self'") {
		t.Error("policy:", csp)
	}
	b.cookies[cookieLang] = "en"
	b.get("/notes/1").holds(t, 200, `<html lang="en"`, "A note – Infohus", "21 November 2026 at 9:32", "receiver", "!modtager", "!Gem")
}

func TestAMarkThatFailsShowsUnavailable(t *testing.T) {
	w := newWorld(t)
	b := w.signIn(anna)
	w.marked(func(context.Context, hub.Actor, string, []hub.ID) (map[hub.ID]template.HTML, error) {
		return nil, errors.New("down")
	})
	b.get("/notes/1").holds(t, 200, "Utilgængelig")
	w.marked(func(context.Context, hub.Actor, string, []hub.ID) (map[hub.ID]template.HTML, error) { panic("x") })
	b.get("/notes/1").holds(t, 200, "Utilgængelig")
	w.marked(func(ctx context.Context, _ hub.Actor, _ string, _ []hub.ID) (map[hub.ID]template.HTML, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	b.get("/notes/1").holds(t, 200, "Utilgængelig")
	var who hub.Actor
	calls := 0
	w.marked(func(_ context.Context, a hub.Actor, _ string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
		who = a
		calls++
		return nil, nil
	})
	b.get("/notes/1").holds(t, 200, "!Utilgængelig", "!<!--")
	if calls != 1 || who.Hat.ID != anna.ID {
		t.Errorf("asked %d times as %v", calls, who.Hat)
	}
}

// X4: whatever is answered, what was typed comes back.
func TestNothingTypedIsLost(t *testing.T) {
	w := newWorld(t)
	b := w.signIn(anna)
	form := typed(anna, "name", "Ny <x>", "text", "a\r\nb", "seen-day", "31", "seen-month", "2", "seen-year", "2026", "urgency", "b", "themes[]", "a", "themes[]", "b", "sure", "yes", "place", "b", "ghost", "kept too")
	w.do = func(r *Request, f Form) error {
		var p hub.Problems
		p.Add("name", "error.required")
		p.Add("urgency", "error.choose")
		if _, err := f.Date("seen"); err != nil {
			p = append(p, err.(*hub.Error))
		}
		return p.Err()
	}
	b.send("POST", "/notes/1", form).holds(t, 400, "Fejl: En note", `autofocus`, `href="#name"`, `href="#seen"`, `href="#urgency"`, `value="Ny &lt;x&gt;"`, ">\na\nb</textarea>",
		`name="seen-day" type="text" inputmode="numeric" autocomplete="off" value="31"`, `id="urgency-2" name="urgency" value="b" checked`, `id="themes-2" name="themes[]" value="b" checked`,
		`id="sure" name="sure" value="yes"`, " checked", `<option value="b" selected>`, "kept too", `<textarea class="form-input" id="second-text"`)
	for err, status := range map[error]int{hub.Conflict("error.hat.none"): 409, hub.Denied("error.hat.none"): 403, hub.Unavailable(errors.New("x")): 503, errors.New("secret text"): 500} {
		w.do = func(*Request, Form) error { return err }
		b.send("POST", "/notes/1", form).holds(t, status, "Ny &lt;x&gt;", "kept too", "!secret text")
	}
	w.do = func(*Request, Form) error { return hub.NotFound() }
	b.send("POST", "/notes/1", form).holds(t, 404, "Ny &lt;x&gt;", "kept too")
	// The page itself is gone: the words stand on the error page.
	form.Set("_page", "/notes/gone")
	w.do = func(*Request, Form) error { return hub.Conflict("error.hat.none") }
	b.send("POST", "/notes/1", form).holds(t, 409, "Ny &lt;x&gt;", "kept too")
	form.Set("_page", "//evil.example/notes/1")
	b.send("POST", "/notes/1", form).holds(t, 409, "Ny &lt;x&gt;")
	b.send("POST", "/orphan", form).holds(t, 500, "Ny &lt;x&gt;", "!secret text")
	// Success says so on the next page, once.
	w.do = func(*Request, Form) error { return nil }
	b.send("POST", "/notes/1", form).holds(t, 303)
	b.get("/notes/1").holds(t, 200, "Gemt")
	b.get("/notes/1").holds(t, 200, "!Gemt")
}

// A111 in part: a body that is too large. A108 in part: letters are composed.
func TestFormsAreReadStrictly(t *testing.T) {
	w := newWorld(t)
	b := w.signIn(anna)
	b.send("POST", "/notes/1", typed(anna, "name", "a\x00b", "text", "ok")).holds(t, 400, "Det er taget ud", `value="ab"`, "ok")
	b.send("POST", "/notes/1", typed(anna, "name", "a\u2066b", "text", "ok")).holds(t, 400, "Det er taget ud", `value="ab"`, "ok")
	b.send("POST", "/notes/1", typed(anna, "name", "a", "text", "a\vb\fc\r\nd\te")).holds(t, 303)
	b.send("POST", "/notes/1", typed(anna, "name", "a\xffb", "text", "ok")).holds(t, 400, "ikke kan læse", "ok")
	b.send("POST", "/notes/1", typed(anna, "name", "a", "name", "b")).holds(t, 400, "to gange")
	b.send("POST", "/notes/1", typed(anna, "text", strings.Repeat("x", 10<<20))).holds(t, 413, "for meget tekst")
	b.send("POST", "/notes/1", typed(anna), "Content-Type", "text/plain").holds(t, 415)
	w.do = func(_ *Request, f Form) error {
		if got := f.Line("name"); got != "Åse B" { // composed, folded
			t.Errorf("line %q", got)
		}
		return nil
	}
	b.send("POST", "/notes/1", typed(anna, "name", " A\u030Ase  B ")).holds(t, 303)
}

// A042, A043.
func TestWhoMayPost(t *testing.T) {
	w := newWorld(t)
	b := w.signIn(anna)
	did := 0
	w.do = func(*Request, Form) error { did++; return nil }
	b.send("POST", "/notes/1", typed(anna), "Origin", "", "Sec-Fetch-Site", "").holds(t, 403)
	b.send("POST", "/notes/1", typed(anna), "Origin", "http://evil.example").holds(t, 403)
	b.send("POST", "/notes/1", typed(anna), "Origin", "null", "Sec-Fetch-Site", "").holds(t, 403)
	b.send("POST", "/notes/1", typed(anna), "Origin", "null", "Sec-Fetch-Site", "cross-site").holds(t, 403)
	b.send("POST", "/notes/1", typed(anna), "Sec-Fetch-Site", "same-site").holds(t, 403)
	b.send("POST", "/notes/1", typed(anna), "Host", "evil.example").holds(t, 400)
	b.send("GET", "/notes/1", nil, "Host", "evil.example").holds(t, 400)
	if did != 0 {
		t.Fatal("it was done")
	}
	b.send("POST", "/notes/1", typed(anna), "Origin", "null").holds(t, 303) // as a browser sends it
	b.send("POST", "/notes/1", typed(anna), "X-Forwarded-For", "1.2.3.4", "X-User", "root").holds(t, 303)
	b.send("DELETE", "/notes/1", nil, "Origin", w.url).holds(t, 405)
	c := &browser{w, map[string]string{}}
	if a := c.get("/notes/1").holds(t, 303); a.Header.Get("Location") != "/signin?to=%2Fnotes%2F1" {
		t.Error(a.Header.Get("Location"))
	}
	c.send("POST", "/notes/1", typed(anna, "name", "typed")).holds(t, 401, "typed", "Du er ikke logget ind", "Kopiér din tekst, før du logger ind")
}

// A046: another hat is a page of its own, and the text comes back under the right one.
func TestAFormOfAnotherHatIsKeptForIt(t *testing.T) {
	w := newWorld(t)
	other := hat("anna", "dpo")
	b := w.signIn(anna, other)
	b.send("POST", "/hats", url.Values{"hat": {string(other.ID)}, "to": {"/"}}).holds(t, 303)
	b.get("/").holds(t, 200, "databeskyttelsesrådgiver", "Skift rolle", `href="/only"`)
	w.do = func(*Request, Form) error { t.Error("done under the wrong hat"); return nil }
	b.send("POST", "/notes/1", typed(anna, "name", "Min tekst")).holds(t, 409, "Du har skiftet rolle", "modtager", `value="`+string(anna.ID)+`"`)
	b.get("/kept").holds(t, 409, "!Min tekst")
	b.send("POST", "/hats", url.Values{"hat": {string(anna.ID)}, "to": {"/kept"}}).holds(t, 303)
	b.get("/kept").holds(t, 200, "Min tekst", `name="_kept"`, `action="/notes/1"`)
	w.do = func(*Request, Form) error { return nil }
	b.send("POST", "/notes/1", typed(anna, "name", "Min tekst", "_kept", "1")).holds(t, 303)
	if len(w.mem.kept) != 0 {
		t.Error("the box is still there")
	}
}

// Two sign-ins of one person in one browser: the text comes back under the one that
// wrote it. A hat that ended is said to have ended, and the text is given back to
// copy. Of another's hat nothing is said that is not said of one that never was (G7):
// nothing is kept for them either.
func TestAFormOfAnotherSignInOrOfARoleThatEnded(t *testing.T) {
	w := newWorld(t)
	elsewhere, ended := hat("bo", "local_police"), hat("bo", "core_group")
	w.mem.own = map[hub.ID]hub.Hat{elsewhere.ID: elsewhere, ended.ID: ended}
	w.mem.over = ended.ID
	w.do = func(*Request, Form) error { t.Error("done under the wrong hat"); return nil }
	b := w.signIn(bo)
	b.send("POST", "/notes/1", typed(elsewhere, "name", "Min tekst")).holds(t, 409, "Du er logget ind i en anden rolle nu", "lokalpoliti", `href="/signin?to=/kept"`, "!ikke længere", "!Min tekst")
	again := w.signIn(elsewhere)
	again.cookies[cookieKept] = b.cookies[cookieKept]
	again.get("/kept").holds(t, 200, "Min tekst", `action="/notes/1"`)
	b.send("POST", "/notes/1", typed(ended, "name", "Min tekst")).holds(t, 409, "ikke længere den rolle, du skrev i", "kernegruppemedlem", "Min tekst")

	kept := len(w.mem.kept)
	another, invented := b.send("POST", "/notes/1", typed(anna, "name", "Min tekst")), b.send("POST", "/notes/1", typed(hat("nobody", "dpo"), "name", "Min tekst"))
	another.holds(t, 409, "skrevet i en anden rolle", "Min tekst", "!Du skrev som")
	if another.Body != invented.Body || len(w.mem.kept) != kept {
		t.Errorf("another's hat can be told from one that never was, or %d texts are kept for them", len(w.mem.kept)-kept)
	}

	// The only role: signed out, and told why.
	for _, s := range w.mem.sessions {
		s.Live, s.Gone = false, true
	}
	b.send("POST", "/notes/1", typed(bo, "name", "Min tekst")).holds(t, 403, "Din rolle er lukket", "Min tekst", "!ikke har brugt siden")
	b.get("/notes/1").holds(t, 403, "Din rolle er lukket")
	b.get("/signin").holds(t, 200, "Log ind")
}

func TestAHatThatIsNotMineIsNotFound(t *testing.T) {
	w := newWorld(t)
	w.signIn(anna).send("POST", "/hats", url.Values{"hat": {string(bo.ID)}}).holds(t, 404)
}

// X5: a sign-in that ends in mid-typing.
func TestAFormIsKeptOverASignIn(t *testing.T) {
	w := newWorld(t)
	b := w.signIn(anna)
	w.mem.endAll()
	w.do = func(*Request, Form) error { t.Error("done without a sign-in"); return nil }
	a := b.send("POST", "/notes/1", typed(anna, "name", "Kanariefugl")).holds(t, 303)
	if a.Header.Get("Location") != "/signin?to=%2Fkept&why=kept" {
		t.Error(a.Header.Get("Location"))
	}
	b.get("/signin?why=kept").holds(t, 200, "gemt i 30 minutter")
	for _, k := range w.mem.kept {
		if strings.Contains(string(k.box), "Kanariefugl") {
			t.Error("kept in clear")
		}
	}
	key := b.cookies[cookieKept]
	// The same person gets it back, twice if the page is loaded again.
	again := w.signIn(anna)
	again.cookies[cookieKept] = key
	again.get("/kept").holds(t, 200, "Kanariefugl", "Intet er sendt endnu")
	again.get("/kept").holds(t, 200, "Kanariefugl")
	// For another it vanishes.
	stranger := w.signIn(bo)
	stranger.cookies[cookieKept] = key
	stranger.get("/kept").holds(t, 303, "!Kanariefugl")
	again.get("/kept").holds(t, 303, "!Kanariefugl")
}

// A040 in part, A045 in part.
func TestSignOutIsFinal(t *testing.T) {
	w := newWorld(t)
	b := w.signIn(anna)
	old := b.cookies[cookieSession]
	a := b.send("POST", "/signout", url.Values{}).holds(t, 303)
	if !strings.Contains(a.Header.Get("Clear-Site-Data"), "cache") || b.cookies[cookieSession] != "" {
		t.Error("the browser keeps something")
	}
	b.cookies[cookieSession] = old
	b.get("/notes/1").holds(t, 303)
}

// G7, A019.
func TestUnknownAndForbiddenAreTheSameBytes(t *testing.T) {
	w := newWorld(t)
	b, c := w.signIn(anna), w.signIn(bo)
	one := b.get("/notes/gone").holds(t, 404, "![web")
	for _, other := range []answer{b.get("/no/such/route"), c.get("/notes/gone"), b.get("/kept/")} {
		if one.Body != other.Body || other.StatusCode != 404 {
			t.Errorf("%d: other bytes", other.StatusCode)
		}
	}
	b.send("HEAD", "/notes/gone", nil).holds(t, 404)
}

// A088 in part: a panic tells nothing of itself.
func TestErrorsTellNothing(t *testing.T) {
	w := newWorld(t)
	b := w.signIn(anna)
	b.get("/panic").holds(t, 500, "!secret text", "fejl hos os")
	if strings.Contains(w.log.String(), "secret text") || !strings.Contains(w.log.String(), "panic of string") {
		t.Error(w.log.String())
	}
	b.get("/reveal")
	if n := w.done[len(w.done)-1].Reveals; n != 1 {
		t.Errorf("%d reveals", n)
	}
}

// L50.
func TestNoTraceKeepsNoTrace(t *testing.T) {
	w := newWorld(t)
	b := w.signIn(anna)
	a := b.get("/silent").holds(t, 200, "!anna Jensen")
	if w.log.Len() > 0 || a.Header.Get("X-Request-Id") != "" || len(a.Cookies()) > 0 {
		t.Error("a trace:", w.log.String(), a.Header)
	}
}

func TestWords(t *testing.T) {
	winter := time.Date(2026, 1, 5, 23, 4, 0, 0, time.UTC)
	if got := moment("da", winter); got != "6. januar 2026 kl. 0.04" {
		t.Error(got)
	}
	if got := day("en", winter); got != "6 January 2026" {
		t.Error(got)
	}
	w := words{}
	if err := w.add("web", webFiles); err != nil {
		t.Fatal(err)
	}
	if got := w.text("da", "web.limit", 20); got != "Du kan skrive op til 20 tegn." {
		t.Error(got)
	}
	for _, role := range hub.Roles {
		if !w.has("web.role." + string(role)) {
			t.Error("no word for", role)
		}
	}
	for _, c := range []hub.Code{hub.CodeInvalid, hub.CodeDenied, hub.CodeNotFound, hub.CodeConflict, hub.CodeUnavailable, hub.CodeInternal} {
		if !w.has("web.problem." + string(c)) {
			t.Error("no word for", c)
		}
	}
}

func TestFirstPageWeighsLittle(t *testing.T) {
	a, err := loadAssets()
	if err != nil {
		t.Fatal(err)
	}
	sum := len(a.files["css/site.css"].gz) + len(a.files["fonts/IBMPlexSans-Regular-Latin1.woff2"].plain) + len(a.files["fonts/IBMPlexSans-SemiBold-Latin1.woff2"].plain) +
		len(a.files["fonts/IBMPlexSans-Bold-Latin1.woff2"].plain) + len(a.files["fonts/IBMPlexSans-Medium-Latin1.woff2"].plain)
	t.Logf("styles and fonts: %d bytes", sum)
	if sum > 115_000 {
		t.Error("too heavy for G12")
	}
}
