//go:build !race

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/infohus/infohus/deploy"
	"github.com/infohus/infohus/pkg/host"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/hubtest/browser"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
)

// TestBrowser runs the hub in front of a real browser: one browser for all of
// it, a window of its own (own cookies, own cache) for each person, and real
// sign-in through the development provider. What people do here they do with
// mouse and keyboard; nothing is set behind the page's back, and nothing waits
// for a time to pass.
func TestBrowser(t *testing.T) {
	ctx := openBrowser(t)
	t.Run("journey", func(t *testing.T) { journey(t, ctx) })
	t.Run("case", func(t *testing.T) { caseJourney(t, ctx) })
	t.Run("keyboard", func(t *testing.T) { keyboard(t, ctx) })
	t.Run("kept", func(t *testing.T) { kept(t, ctx) })
	t.Run("warned", func(t *testing.T) { warned(t, ctx) })
	t.Run("every page", func(t *testing.T) { everyPage(t, ctx) })
	t.Run("screenshots", func(t *testing.T) { screenshots(t, ctx) })
}

// openBrowser starts Chromium, without anything that would ask the world.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	path, err := browser.Find()
	if err != nil {
		hubtest.CannotRun(t, err)
	}
	flags := []chromedp.ExecAllocatorOption{chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.ExecPath(path),
		chromedp.WindowSize(1280, 900), chromedp.Flag("lang", "da"), chromedp.Flag("hide-scrollbars", true), chromedp.Flag("font-render-hinting", "none"),
		// Processes kept in reserve, and the browser's own pages: nobody looks at them, and each costs as much as a page of ours.
		chromedp.Flag("disable-features", "Translate,SpareRendererForSitePerProcess,PreloadTopChromeWebUI,PreloadTopChromeWebUILessNavigations,WebUIOmniboxPopup,WebUIOmniboxAimPopup,MediaRouter,OptimizationHints")}
	for _, off := range []string{"disable-component-update", "disable-background-networking", "disable-sync", "disable-quic", "disable-default-apps", "disable-domain-reliability"} {
		flags = append(flags, chromedp.Flag(off, true))
	}
	ctx, cancel := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(flags...))
	t.Cleanup(cancel)
	ctx, late := context.WithTimeout(ctx, 20*time.Minute) // a browser that hangs ends the test, not the build
	t.Cleanup(late)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// site is a hub on a real address, and the people who use it by browser.
type site struct {
	*script
	origin  string
	idp     *idp
	browser context.Context
	tongue  *tongue
	seen    *sync.Map                                          // paths of the pages that were looked at
	looked  *atomic.Int32                                      // how often that was
	before  *atomic.Pointer[func(*http.Request) *http.Request] // what happens to a request before it is answered
}

// in is the site in another test.
func (s *site) in(t *testing.T) *site {
	c, script := *s, *s.script
	script.T, script.who = t, map[string]*hubtest.Client{}
	c.script, c.looked = &script, new(atomic.Int32)
	return &c
}

// openSite starts a hub of every room at a free port of this machine.
func openSite(t *testing.T, browser context.Context) *site {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{script: &script{T: t, who: map[string]*hubtest.Client{}}, origin: "http://" + l.Addr().String(), browser: browser, seen: new(sync.Map), looked: new(atomic.Int32), before: new(atomic.Pointer[func(*http.Request) *http.Request])}
	demo, err := structure.Load(strings.NewReader(twoHats(t)), deploy.DemoName)
	if err != nil {
		t.Fatal(err)
	}
	allowed, err := development(host.Settings{Listen: "127.0.0.1:0"}, demo)
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time {
		if s.Hub == nil {
			return hubtest.Monday
		}
		return s.Now()
	}
	if s.idp, err = newIDP(allowed, idpOptions{Dir: t.TempDir(), Origin: s.origin, Issuers: idpIssuers(demo, hubtest.Monday), Now: now}); err != nil {
		t.Fatal(err)
	}
	s.Hub = hubtest.Open(t, hubtest.Options{Services: rooms(), RealIDs: true, Structure: twoHats(t), Origin: s.origin, Issuer: s.vouches})
	pages := (&world{idp: s.idp}).signIn(s.Handler())
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if before := s.before.Load(); before != nil {
			r = (*before)(r)
		}
		pages.ServeHTTP(w, r)
	}))
	server.Listener.Close()
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
	return s
}

// twoHats is the demo structure, with a person who has two hats at one authority.
func twoHats(t *testing.T) string {
	t.Helper()
	one := "  - login: birk\n    name: Birk Eksempelgaard # SSP consultant, seconded to the local police part of the week\n    hats:\n"
	demo := string(deploy.Demo())
	if !strings.Contains(demo, one) {
		t.Fatal("the demo structure has changed: who can be given a second hat?")
	}
	return strings.Replace(demo, one, one+"      - {role: reporter, authority: koege, department: velfaerd, from: 2025-01-01, until: 2036-01-01}\n", 1)
}

// vouches is the issuer of an authority's people: the development sign-in's.
func (s *site) vouches(a hub.AuthorityID) web.Issuer {
	for _, i := range s.idp.Issuers() {
		if i.URL == idpURL(s.origin, a) {
			return i
		}
	}
	return web.Issuer{}
}

// caller is how programs ask the site, with tokens of the development provider.
func (s *site) caller() *caller {
	s.Helper()
	c, err := newCaller(s.Context(), s.origin, http.DefaultClient.Do, func(login string) (string, error) {
		return s.idp.Token(login + "@" + string(s.As(login).Post.Authority))
	})
	if err != nil {
		s.Fatal(err)
	}
	return c
}

// demo plays the demo world.
func (s *site) demo() {
	s.Helper()
	now := s.Now()
	if err := seed(s.Context(), deploy.Concerns(), s.Structure, now, s.Set, s.caller()); err != nil {
		s.Fatal(err)
	}
	s.Set(now)
}

// t gives a word of the pages, as people read it.
func (s *site) t(lang, key string, args ...any) string {
	s.Helper()
	text := s.Site().T(lang, key, args...)
	if strings.HasPrefix(text, "[") {
		s.Fatalf("there is no word %q", key)
	}
	return text
}

// holds stops the test unless a thing is as it should be.
func (s *site) holds(ok bool, format string, args ...any) {
	s.Helper()
	if !ok {
		s.Error(fmt.Sprintf(format, args...))
	}
}
