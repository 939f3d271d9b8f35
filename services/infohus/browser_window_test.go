//go:build !race

package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// window is one person at one browser window of their own.
type window struct {
	*site
	ctx      context.Context
	lang     string
	login    string
	pages    int // documents that were loaded; a test may set it back
	loaded   int // documents that were loaded in all
	heaviest int // bytes of the heaviest, but for the first, which brings styles and fonts
	answers  int // fields that were answered, each counted once
	told     map[string]bool

	mu     sync.Mutex
	bytes  float64  // received since last asked
	faults []string // what a browser complains of, and requests to other hosts
}

// window opens a window; without scripts if so asked. What the browser complains
// of in it fails the test.
func (s *site) window(scripts bool) *window {
	s.Helper()
	b := &window{site: s, lang: "da", told: map[string]bool{}}
	ctx, cancel := chromedp.NewContext(s.browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.hear))
	s.Cleanup(cancel)
	b.ctx = ctx
	if err := chromedp.Do(ctx); err != nil { // not b.do: the window lives as long as this context
		s.Fatal(err)
	}
	if !scripts {
		if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
			s.Fatal(err)
		}
	}
	s.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, f := range b.faults {
			s.Error(f)
		}
	})
	return b
}

// hear notes what the browser tells of the window.
func (b *window) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fault := func(format string, args ...any) { b.faults = append(b.faults, fmt.Sprintf(format, args...)) }
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, b.origin+"/") && !strings.HasPrefix(u, "data:") {
			fault("a request to another host: %s", u)
		}
	case *network.EventLoadingFinished:
		b.bytes += e.EncodedDataLength
	case *network.EventLoadingFailed:
		if e.ErrorText != "net::ERR_ABORTED" { // by going on to another page
			fault("a request failed: %s %s", e.ErrorText, e.BlockedReason)
		}
	case *log.EventEntryAdded:
		refused := e.Entry.Source == log.EntrySourceNetwork && strings.Contains(e.Entry.Text, "responded with a status of 4") // a page that says what to mend
		if !refused && (e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning) {
			fault("the browser says: %s %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		fault("a script failed: %s", e.ExceptionDetails.Text)
	}
}

// The most that may come over the network for a page (trust.md G12), in bytes.
const firstPage, nextPage = 130_000, 25_000

// arrived counts a page, and holds that what came over the network for it is
// light: also for somebody who has nothing of ours yet.
func (b *window) arrived() {
	b.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.fonts.ready.then(() => true)`, chromedp.EvalAwaitPromise)); err != nil {
		b.Fatal(err)
	}
	b.mu.Lock()
	got, most := int(b.bytes), nextPage
	b.bytes = 0
	b.mu.Unlock()
	if b.loaded++; b.loaded == 1 {
		most = firstPage
	}
	if b.pages++; got > most {
		b.Errorf("%s: %d bytes, at most %d wanted", b.where(), got, most)
	}
	if b.loaded > 1 {
		b.heaviest = max(b.heaviest, got)
	}
}

// patience is how long something on a page is waited for: it is there at once,
// or it is missing.
const patience = 30 * time.Second

func (b *window) patient() (context.Context, context.CancelFunc) {
	return context.WithTimeout(b.ctx, patience)
}

func (b *window) do(actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := b.patient()
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.Fatalf("on %s: %v\n%s", b.where(), err, b.reads())
	}
}

// eval gives what a script finds on the page.
func eval[T any](b *window, script string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		b.Fatalf("%s: %v", script, err)
	}
	return v
}

// leads does what leads to another page, waits until that is there, and gives
// its status.
func (b *window) leads(actions ...chromedp.Action[chromedp.Void]) int {
	b.Helper()
	ctx, cancel := b.patient()
	defer cancel()
	res, err := chromedp.RunResponse(ctx, actions...)
	if err != nil {
		b.Fatalf("on %s: %v\n%s", b.where(), err, b.reads())
	}
	b.arrived()
	if res == nil {
		return 0 // out of the browser's own history
	}
	return int(res.Status)
}

// opens goes to an address of the hub's.
func (b *window) opens(path string) int {
	b.Helper()
	res, err := chromedp.Run(b.ctx, chromedp.NavigateResponse(b.origin+path))
	if err != nil {
		b.Fatalf("%s: %v", path, err)
	}
	b.arrived()
	return int(res.Status)
}

// button is where a button or link that leads on stands, by the key of its word.
func (b *window) button(key string) string {
	b.Helper()
	return fmt.Sprintf(`//main//*[self::button or self::a][normalize-space()="%s"]`, b.t(b.lang, key))
}

// presses the button or the link with a word.
func (b *window) presses(key string) int {
	b.Helper()
	return b.leads(chromedp.Click(b.button(key)))
}

// goes to another part of the hub by its menu.
func (b *window) goes(key string) int {
	b.Helper()
	return b.leads(chromedp.Click(fmt.Sprintf(`//header//nav//a[normalize-space()="%s"]`, b.t(b.lang, key))))
}

// answered counts a field once, however often it is changed.
func (b *window) answered(field string) {
	if page := b.where(); !b.told[page+field] {
		b.told[page+field] = true
		b.answers++
	}
}

// types replaces what stands in a field.
func (b *window) types(field, text string) {
	b.Helper()
	b.answered(field)
	b.do(chromedp.Focus(chromedp.CSS(css(field))))
	eval[bool](b, `document.activeElement.select(), true`)
	b.do(chromedp.KeyEvent(kb.Delete))
	if _, err := chromedp.Call(b.ctx, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		b.Fatal(err)
	}
}

// ticks a box or chooses one of several, by its label.
func (b *window) ticks(field string, n ...int) {
	b.Helper()
	b.answered(field)
	if len(n) > 0 && n[0] > 1 {
		field = fmt.Sprintf("%s-%d", field, n[0])
	}
	b.do(chromedp.Click(chromedp.CSS(`label[for="` + field + `"]`)))
}

// chooses from a list, by the beginning of what it says, as one does with keys.
func (b *window) chooses(field, begins string) {
	b.Helper()
	b.answered(field)
	b.do(chromedp.SendKeys(chromedp.CSS(css(field)), begins))
}

func css(id string) string { return `[id="` + id + `"]` }

// where is the page's path.
func (b *window) where() string {
	b.Helper()
	return eval[string](b, `location.pathname`)
}

// reads is the text that can be seen.
func (b *window) reads() string {
	b.Helper()
	return eval[string](b, `document.body.innerText`)
}

// says holds that a word can be read on the page.
func (b *window) says(key string, args ...any) {
	b.Helper()
	if want := b.t(b.lang, key, args...); !strings.Contains(b.reads(), want) {
		b.Fatalf("%s does not say %q:\n%s", b.where(), want, b.reads())
	}
}

// signsIn goes through the sign-in, as a person does: where they work, who they
// are, the password.
func (b *window) signsIn(login string) {
	b.Helper()
	b.opens("/")
	b.signsInHere(login)
}

func (b *window) signsInHere(login string) {
	b.Helper()
	b.login = login
	post := b.As(login).Post
	a, _ := b.Structure.Authority(post.Authority)
	b.leads(chromedp.Click(fmt.Sprintf(`//ul[@class="doors"]//button[normalize-space()="%s"]`, a.Name)))
	b.do(chromedp.Click(chromedp.CSS(`label[for="as-`+login+`"]`)), chromedp.SendKeys(chromedp.CSS("#password"), b.idp.Password()))
	b.leads(chromedp.Click(chromedp.CSS("form button")))
	if b.where() == "/signin/callback" {
		b.Fatalf("%s could not sign in: %s", login, b.reads())
	}
}

// signsOut leaves.
func (b *window) signsOut() {
	b.Helper()
	b.leads(chromedp.Click(chromedp.CSS(`form[action="/signout"] button`)))
}

// switches to the other language, by the page's foot.
func (b *window) switches() {
	b.Helper()
	b.leads(chromedp.Click(chromedp.CSS(`form[action="/language"] button`)))
	b.lang = map[string]string{"da": "en", "en": "da"}[b.lang]
}
