//go:build !race

package web

import (
	"context"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/infohus/infohus/pkg/hub"
	chromium "github.com/infohus/infohus/pkg/hubtest/browser"
)

// A real browser, with scripts off: it accepts our cookies over the loopback
// address, follows the sign-in through the policy of content, puts the focus on
// the errors, and asks nobody else for anything.
func TestInABrowserWithoutScripts(t *testing.T) {
	path, err := chromium.Find()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("CANNOT RUN:", err)
		}
		t.Skip("CANNOT RUN:", err)
	}
	w, p := oidcWorld(t)
	p.Config.Handler.(*http.ServeMux).HandleFunc("GET /authorize", func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, r.URL.Query().Get("redirect_uri")+"?"+p.code(t, r.URL.String()).Encode(), http.StatusSeeOther)
	})
	w.do = func(*Request, Form) error { return hub.Invalid("seen", "error.date") }
	ctx, cancel := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.ExecPath(path), chromedp.WindowSize(320, 900), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-sync", true)))
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	defer cancel()
	do := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatal(err)
		}
	}
	text := func(sel string) string {
		t.Helper()
		s, err := chromedp.Run(ctx, chromedp.Text(sel))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	do()
	var mu sync.Mutex
	var asked []string
	events := chromedp.Events(ctx, network.RequestWillBeSent)
	go func() {
		for e, err := range events {
			if err != nil {
				return
			}
			mu.Lock()
			asked = append(asked, e.Request.URL)
			mu.Unlock()
		}
	}()
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	do(chromedp.Navigate(w.url+"/notes/1"), chromedp.Click(".doors button"), chromedp.WaitVisible(".user"))
	if got := text("h1"); got != "En note" {
		t.Errorf("after the sign-in: %q", got)
	}
	do(chromedp.SendKeys("#name", "Kanariefugl"), chromedp.Click("form button.button-primary"), chromedp.WaitVisible(".error-summary"))
	for script, want := range map[string]string{
		`document.activeElement.className.includes("error-summary") ? "yes" : "no"`:                                  "yes",
		`document.querySelector("#name").value`:                                                                      "KanariefuglKept <b>name</b>",
		`document.querySelector(".error-summary a").hash`:                                                            "#seen",
		`getComputedStyle(document.body).fontFamily.split(",")[0].replaceAll('"', "")`:                               "IBM Plex Sans",
		`document.documentElement.scrollWidth <= document.documentElement.clientWidth ? "fits" : "scrolls sideways"`: "fits",
	} {
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
		if err != nil || got != want {
			t.Errorf("%s: %q, want %q (%v)", script, got, want, err)
		}
	}
	do(chromedp.Click(".error-summary a"))
	if got, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.activeElement.id`)); got != "seen" {
		t.Errorf("the error leads to %q (%v)", got, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(asked) < 5 {
		t.Errorf("only %d requests were seen", len(asked))
	}
	for _, a := range asked {
		if !strings.HasPrefix(a, w.url+"/") && !strings.HasPrefix(a, p.URL+"/") {
			t.Error("asked elsewhere:", a)
		}
	}
}
