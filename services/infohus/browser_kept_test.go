//go:build !race

package main

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// kept holds that nothing typed is ever lost (trust.md X4), and that nothing
// stays behind that should not.
func kept(t *testing.T, ctx context.Context) {
	s := openSite(t, ctx)
	b := s.window(false)
	b.signsIn(coordinator)

	// A wrong number, and no date of birth.
	b.goes("person.nav.new")
	b.types("name", typedName)
	b.types("cpr", "310299-1234")
	b.holds(b.presses("person.new.next") == 400, "a number that cannot be is taken")
	b.errorHasFocus()
	b.stands(map[string]string{"name": typedName, "cpr": "310299-1234"})
	b.types("cpr", "")
	b.presses("person.new.next")

	// A date that is none, a field that is missing.
	b.types("statements.0.text", typedSeen)
	b.types("statements.0.observed_on", "31")
	b.types("statements.0.observed_on-month", "2")
	b.types("statements.0.observed_on-year", "2026")
	b.types("context", typedWhy)
	b.holds(b.presses("intake.draft.on") == 400, "31 February is taken")
	b.errorHasFocus()
	b.stands(map[string]string{"statements.0.text": typedSeen, "statements.0.observed_on": "31", "statements.0.observed_on-month": "2", "context": typedWhy})
	b.types("statements.0.observed_on", "1")
	b.holds(b.presses("intake.draft.on") == 400, "a concern without urgency is taken")
	b.errorHasFocus()
	b.stands(map[string]string{"statements.0.text": typedSeen, "statements.0.observed_on": "1", "context": typedWhy})
	b.saved("intake.concern", 0)

	s.sessionEnds(b)
	id := s.twoTabs(b)
	s.clicksTwice(b, id)
	s.leaves(b, id)
}

// stands holds that fields have kept what was typed.
func (b *window) stands(want map[string]string) {
	b.Helper()
	for field, text := range want {
		if got := eval[string](b, `document.getElementById("`+field+`").value`); got != text {
			b.Errorf("on %s: in %s stands %q, %q was typed", b.where(), field, got, text)
		}
	}
}

// sessionEnds: half an hour passes in the middle of a sentence. After signing in
// again everything stands there, nothing has been sent, and it can be.
func (s *site) sessionEnds(b *window) {
	s.Helper()
	b.types("why_now", typedNow)
	b.ticks("urgency", 3)
	s.Advance(31 * time.Minute)
	b.presses("intake.draft.save")
	b.says("web.signin.why.kept")
	b.saved("intake.concern", 0)
	b.signsInHere(coordinator)
	b.says("web.kept")
	if err := chromedp.Do(b.ctx, chromedp.WaitVisible(".alert:focus")); err != nil {
		b.Errorf("after signing in again, the focus is not at what happened: %v", err)
	}
	b.stands(map[string]string{"statements.0.text": typedSeen, "statements.0.observed_on-year": "2026", "why_now": typedNow, "context": typedWhy})
	b.holds(eval[bool](b, `document.querySelector('[name="urgency"][value="normal"]').checked`), "the urgency that was chosen is lost")
	b.presses("intake.draft.save")
	b.says("intake.draft.saved")
	b.saved("intake.concern", 1)
	b.stands(map[string]string{"statements.0.text": typedSeen, "why_now": typedNow})
}

// twoTabs: the same draft in two tabs. The second to save is told, sees both
// texts, and decides.
func (s *site) twoTabs(b *window) (id string) {
	s.Helper()
	path := b.where()
	c := b.tab()
	c.opens(path)
	b.types("why_now", "Alpha alpha")
	b.presses("intake.draft.save")
	c.types("why_now", "Beta beta")
	c.types("context", "Gamma gamma")
	c.holds(c.presses("intake.draft.save") == 409, "the second tab overwrites the first")
	c.says("intake.error.draft_changed")
	c.says("intake.draft.changed")
	c.stands(map[string]string{"why_now": "Beta beta", "context": "Gamma gamma"})
	s.holds(strings.Contains(c.reads(), "Alpha alpha"), "the second tab does not show what the first has saved")
	c.presses("intake.draft.save")
	c.says("intake.draft.saved")
	b.opens(path)
	b.stands(map[string]string{"why_now": "Beta beta", "context": "Gamma gamma"})
	return strings.Split(path, "/")[2]
}

// tab opens another tab of the same window: the same person, the same cookies.
func (b *window) tab() *window {
	b.Helper()
	c := &window{site: b.site, lang: b.lang, login: b.login, told: map[string]bool{}, loaded: 1}
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithListener(c.hear))
	b.Cleanup(cancel)
	c.ctx = ctx
	if err := chromedp.Do(ctx); err != nil {
		b.Fatal(err)
	}
	return c
}

// clicksTwice: an impatient double click makes one concern, and one receipt. The
// hub has both requests before it answers the first.
func (s *site) clicksTwice(b *window, id string) {
	s.Helper()
	b.presses("intake.draft.on")
	b.types("necessity", typedWhy)
	var posts atomic.Int32
	first, both := make(chan struct{}), make(chan struct{})
	hold := func(r *http.Request) *http.Request {
		if r.Method == http.MethodPost {
			switch posts.Add(1) {
			case 1:
				close(first)
			case 2:
				close(both)
			}
			select {
			case <-both:
			case <-time.After(patience):
			}
		}
		return r.WithContext(context.WithoutCancel(r.Context())) // the browser has turned away from the first
	}
	s.before.Store(&hold)
	defer s.before.Store(nil)
	if _, err := chromedp.Run(b.ctx, chromedp.WaitEvent(page.LoadEventFired, nil, b.twice(`main button.button-primary`, first))); err != nil {
		s.Fatal(err)
	}
	s.holds(posts.Load() == 2, "the browser sent the form %d times: nothing was tried", posts.Load())
	b.holds(b.where() == "/concerns/"+id, "the double click leads to %s: %s", b.where(), b.reads())
	b.says("intake.concern.history")
	s.Settle()
	for _, n := range []string{"intake.concern", "intake.step where action = 'submit'", "access.share",
		"intake.outbox where envelope->>'type' = 'intake.concern.received.v1'", "portal.notice where word = 'check'"} {
		b.saved(n, 1)
	}
}

// twice clicks again as soon as the first click's form is on its way, while the
// page still stands there.
func (b *window) twice(selector string, under <-chan struct{}) chromedp.Action[chromedp.Void] {
	b.Helper()
	at := eval[[]float64](b, `(() => { const e = document.querySelector("`+selector+`"); e.scrollIntoView({block: "center"});
		const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`)
	wait := chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		select {
		case <-under:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	return chromedp.Steps(chromedp.MouseClickXY(at[0], at[1]), wait, chromedp.MouseClickXY(at[0], at[1], chromedp.ClickCount(2)))
}

// leaves: after signing out, the browser's way back shows nothing (trust.md A045).
func (s *site) leaves(b *window, id string) {
	s.Helper()
	b.opens("/concerns/" + id)
	s.holds(strings.Contains(b.reads(), typedSeen), "the concern cannot be read")
	b.signsOut()
	b.says("web.signin.why.out")
	b.leads(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		h, err := chromedp.Call(ctx, page.GetNavigationHistory, struct{}{})
		if err != nil {
			return err
		}
		_, err = chromedp.Call(ctx, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: h.Entries[h.CurrentIndex-1].ID})
		return err
	}))
	text := b.reads()
	for _, secret := range []string{typedSeen, typedName, "Gudrun"} {
		s.holds(!strings.Contains(text, secret), "after signing out, going back shows %q", secret)
	}
	s.holds(strings.HasPrefix(b.where(), "/signin"), "after signing out, going back leads to %s", b.where())
}
