//go:build !race

package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// warned is X5: five minutes before the sign-in ends the page says so, one key
// keeps it, and what stands half written stays; without scripts the time stands
// at the page's foot. Only the page's own clock is moved on.
func warned(t *testing.T, browser context.Context) {
	s := openSite(t, browser)
	b := s.window(true)
	b.signsIn(coordinator)
	b.opens("/subjects/new")
	b.types("name", "Bertram Eksempel")
	const quiet = `document.getElementById('session').hidden`
	s.holds(eval[bool](b, quiet), "it warns at once")
	b.says("web.session.ends", "9.30")

	later := func(minutes string) {
		eval[bool](b, `Date.now = (now => () => now() + `+minutes+` * 60000)(Date.now), document.dispatchEvent(new Event('visibilitychange')), true`)
	}
	waits := func(until string) {
		t.Helper()
		ctx, late := b.patient()
		defer late()
		if _, err := chromedp.Run(ctx, chromedp.Poll[bool](until)); err != nil {
			t.Fatalf("%s: %v\n%s", until, err, b.reads())
		}
	}
	later("24.9")
	s.holds(eval[bool](b, quiet), "it warns six minutes before")
	later("0.2")
	s.holds(!eval[bool](b, quiet), "it does not warn five minutes before")
	b.says("web.session.soon")
	s.holds(eval[string](b, `document.getElementById('session').getAttribute('role')`) == "alert", "a screen reader is not told")
	s.holds(eval[string](b, `document.activeElement.id`) == "name", "the focus was taken from whoever types")

	s.Advance(26 * time.Minute)
	b.do(chromedp.KeyEvent("x")) // the key that keeps it is typed all the same
	waits(quiet)
	b.says("web.session.ends", "9.56")
	s.holds(eval[string](b, `document.getElementById('name').value`) == "Bertram Eksempelx", "what is half written was lost")
	s.Advance(20 * time.Minute) // past the first end
	s.holds(b.opens("/subjects/new") == 200 && b.where() == "/subjects/new", "it was not kept: %s", b.where())

	later("26")
	b.do(chromedp.Click(chromedp.CSS("#session button")))
	waits(quiet)
	later("31") // nothing was pressed
	b.says("web.session.over")

	// The day's end cannot be put off.
	for range 28 {
		s.Advance(20 * time.Minute)
		b.opens("/subjects/new")
	}
	s.Advance(10*time.Hour - 4*time.Minute - s.Now().Sub(begun(s)))
	b.opens("/subjects/new")
	waits(`document.getElementById('session').textContent.length > 0 && !document.querySelector('#session button')`)
	b.says("web.session.last")

	plain := s.window(false)
	plain.signsIn(deputy)
	if !strings.Contains(plain.reads(), "Du bliver logget ud kl.") {
		t.Errorf("without scripts no time is said:\n%s", plain.reads())
	}
}

// begun is when the first sign-in was.
func begun(s *site) time.Time {
	at, err := time.Parse(time.RFC3339, s.One(`select to_char(min(begun_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') from portal.session`))
	if err != nil {
		s.Fatal(err)
	}
	return at
}
