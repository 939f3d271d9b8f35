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
	b.signsIn(coordinator)
	b.opens("/subjects/new?next=concern")
	b.types("name", "Bertram Eksempel")
	b.types("cpr", "670308-4019")
	b.presses("person.new.next")
	shot(b, "draft")
	b.presses("intake.draft.on")
	shot(b, "draft-after")
	b.opens("/")
	rows := s.SQL("select id, state, controller from intake.concern order by state, id")
	b.lang="da"
	for _, r := range rows {
		id := r[0]
		if st := b.opens("/concerns/"+id); st != 200 { continue }
		shot(b, "concern-"+r[1])
		for _, p := range []string{"forward","reroute","check","triage","notification","access", "draft", "send"} {
			if st := b.opens("/concerns/"+id+"/"+p); st == 200 { shot(b, r[1]+"-"+p) }
		}
	}
	b = s.window(true)
	b.signsIn(policeMan)
	shot(b, "police-home")
	for _, r := range rows {
		id := r[0]
		if st := b.opens("/concerns/"+id); st != 200 { continue }
		shot(b, "police-concern-"+r[1]+r[2])
		for _, p := range []string{"check","triage"} {
			if st := b.opens("/concerns/"+id+"/"+p); st == 200 { shot(b, r[1]+"-"+p) }
		}
	}
	b = s.window(true)
	b.signsIn(koegeDPO)
	b.goes("audit.nav.trail")
	shot(b, "trail")
	b.chooses("ground", b.t("da", "audit.field.ground.lawfulness"))
	b.presses("audit.trail.search")
	shot(b, "trail-found")
	b.opens("/trail/"+s.One("select max(id) from audit.trail where controller = 'koege' and object_kind='concern'"))
	shot(b, "row")
	b.opens("/tell")
	shot(b, "tell")
	b.presses("intake.tell.send")
	shot(b, "tell-wrong")
	b.opens("/accessibility")
	shot(b, "accessibility")
}
