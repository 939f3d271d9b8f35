package main

import (
	"context"
	"testing"
	"os"
	"fmt"
	"github.com/chromedp/chromedp"
)
func keyboard(t *testing.T, ctx context.Context) {}
func kept(t *testing.T, ctx context.Context) {}
func screenshots(t *testing.T, ctx context.Context) {}
func everyPage(t *testing.T, ctx context.Context) {
	s := openSite(t, ctx)
	s.demo()
	n := 0
	shot := func(b *window, name string) {
		t.Helper()
		png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		if err != nil { t.Fatal(err) }
		n++
		os.WriteFile(fmt.Sprintf("/tmp/shots/%02d-%s.png", n, name), png, 0o644)
	}
	os.MkdirAll("/tmp/shots", 0o755)
	b := s.window(true)
	b.opens("/")
	shot(b, "signin")
	b.signsIn(coordinator)
	shot(b, "home")
	b.opens("/concerns")
	shot(b, "list")
	b.opens("/subjects/new?next=concern")
	shot(b, "new")
}
