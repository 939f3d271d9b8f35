package web

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// X5: when the sign-in ends stands at the foot of every page of somebody who is
// signed in, and nowhere else; the one script is allowed there, and nowhere else.
func TestThePageSaysWhenTheSignInEnds(t *testing.T) {
	w := newWorld(t)
	b, nobody := w.signIn(anna), &browser{w, map[string]string{}}
	for _, s := range w.mem.sessions {
		s.Ends = now.Add(30 * time.Minute)
	}
	const foot, script = `<p id="session-ends">Du bliver logget ud kl. 10.02, hvis du ikke bruger siden.</p>`, `/js/session.js" defer></script>`
	allowed := func(a answer) string { return a.Header.Get("Content-Security-Policy") }
	good := b.get("/notes/1").holds(t, 200, foot, script, `data-left="1800"`)
	w.do = func(*Request, Form) error { return hub.Invalid("name", "error.required") }
	again := b.send("POST", "/notes/1", typed(anna, "name", "x")).holds(t, 400, foot, script)
	if want := strings.TrimSuffix(allowed(good), andScripts); want == allowed(good) || !strings.HasPrefix(want, "default-src 'none'") || allowed(again) != allowed(good) {
		t.Errorf("the policies are\n%s\n%s", allowed(good), allowed(again))
	}
	for _, path := range []string{"/signin", "/notes/nothing/here"} {
		if a := nobody.get(path); strings.Contains(a.Body, "session-ends") || strings.Contains(a.Body, "<script") || strings.Contains(allowed(a), "script-src") {
			t.Errorf("%s: %s\n%s", path, allowed(a), a.Body)
		}
	}
	var left sessionLeft
	if err := json.Unmarshal([]byte(b.get("/session").holds(t, 200).Body), &left); err != nil || left.Says != "Du bliver logget ud kl. 10.02, hvis du ikke bruger siden." || left.Left != 1800 {
		t.Errorf("%+v %v", left, err)
	}
	nobody.get("/session").holds(t, 303)
	b.cookies[cookieLang] = "en"
	b.get("/notes/1").holds(t, 200, "You will be signed out at 10:02 unless you use the page.")
}
