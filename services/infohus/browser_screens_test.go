//go:build !race

package main

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// screens is where make screenshots wants its pictures.
var screens = flag.String("screenshots", "", "write pictures of the pages to this directory")

// The most that a picture in the repository may weigh, and how much of a long
// page it shows; how wide a desk and a telephone are, in pixels.
const mostPicture, wide, phone, tall = 150_000, 1040, 390, 1500

// screenshots takes pictures of the demo world for the documentation, in both
// languages.
func screenshots(t *testing.T, ctx context.Context) {
	if *screens == "" {
		return
	}
	if err := os.MkdirAll(*screens, 0o755); err != nil {
		t.Fatal(err)
	}
	s := openSite(t, ctx)
	s.demo()
	in := func(kind, state, more string) string {
		return s.One("select min(id) from access.item where kind = '" + kind + "' and state = '" + state + "' " + more)
	}
	boy := s.One("select min(id) from intake.concern where state = 'triage' and controller = 'koege' and child = 'yes'")
	waiting := s.One("select min(id) from intake.concern where state = 'triage' and controller = 'mvs-politi'")
	assessed, followed := "/cases/"+in("case", "assessment", ""), "/cases/"+in("case", "follow_up", "")
	seen := map[string][2]string{
		"da": {"Han står ved kiosken hver aften med tre ældre, som ingen på skolen kender.", "Siden efterårsferien. Før kom han i klubben."},
		"en": {"He stands by the kiosk every evening with three older men whom nobody at the school knows.", "Since the autumn holiday. Before that he came to the club."},
	}
	help := map[string][2]string{
		"da": {"En mentor til en ung, der er ved at miste kontakten til sin uddannelse.", "Find en mentor, der kan mødes med hende to gange om ugen og hjælpe hende tilbage i skole."},
		"en": {"A mentor for a young person who is losing touch with school.", "Find a mentor who can meet her twice a week and help her back to school."},
	}
	for _, lang := range []string{"da", "en"} {
		v := &visitor{s, lang, map[string]*window{}}
		b, p := v.as(coordinator), v.as(policeMan)
		for _, of := range []struct {
			who        *window
			name, path string
		}{
			{b, "home", "/"}, {b, "concern", "/concerns/" + boy}, {b, "triage", "/concerns/" + waiting + "/triage"}, {b, "case", followed}, {v.as("ellen"), "answer", "/requests/" + in("request", "asked", "") + "/answer"},
			{p, "sign", assessed + "/sign"}, {p, "followup", followed + "/followup"},
		} {
			of.who.opens(of.path)
			of.who.picture(of.name, wide)
		}
		b.opens("/")
		b.picture("home-phone", phone)
		b.opens(assessed)
		b.picture("case-phone", phone)
		b.opens("/advice?state=collecting")
		b.chooses("to", "Midt")
		b.presses("portal.advice.ask")
		b.picture("advice", wide)
		b.picture("advice-phone", phone)
		v.as(koegeDPO).searchesTrail(boy)
		v.as(koegeDPO).picture("trail", wide)
		v.as(koegeDPO).opens("/anomalies/" + string(v.anomaly()))
		v.as(koegeDPO).picture("anomaly", wide)
		b.goes("person.nav.new")
		b.types("name", typedName)
		b.presses("person.new.next")
		b.types("statements.0.text", seen[lang][0])
		b.types("why_now", seen[lang][1])
		b.ticks("urgency", 2)
		b.picture("draft", wide)
		b.presses("intake.draft.save")
		b.presses("intake.draft.discard")
	}
	for _, lang := range []string{"da", "en"} { // a draft of an offer would wait on the front page
		b := (&visitor{s, lang, map[string]*window{}}).as(coordinator)
		b.opens("/cases/" + in("case", "recommended", "") + "/recommend")
		b.chooses("authority", "Køge Kommune, B")
		b.chooses("measure", "Mentor")
		b.chooses("dimension", map[string]string{"da": "Uddannelse", "en": "Education"}[lang])
		b.types("preview", help[lang][0])
		b.types("task", help[lang][1])
		b.presses("referral.recommend.send")
		b.picture("offer", wide)
	}
}

// picture writes what the window shows, from the top.
func (b *window) picture(name string, width int64) {
	b.Helper()
	b.do(chromedp.EmulateViewport(width, 800))
	defer b.do(chromedp.EmulateViewport(wide, 800))
	eval[bool](b, `document.activeElement.blur(), window.scrollTo(0, 0), true`)
	height := min(eval[int](b, `document.documentElement.scrollHeight`), tall)
	shot, err := chromedp.Call(b.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: new(true),
		Clip: &page.Viewport{Width: float64(width), Height: float64(height), Scale: 1}})
	if err != nil {
		b.Fatal(err)
	}
	small, err := fewColours(shot.Data)
	if err != nil {
		b.Fatal(err)
	}
	b.holds(len(small) <= mostPicture, "the picture %s weighs %d bytes", name, len(small))
	if err := os.WriteFile(filepath.Join(*screens, name+"."+b.lang+".png"), small, 0o644); err != nil {
		b.Fatal(err)
	}
}

// fewColours writes a picture anew with the colours that it has most of, and few
// that are close to another: pages are flat, and it is a fraction of the size.
func fewColours(shot []byte) ([]byte, error) {
	full, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		return nil, err
	}
	count := map[color.RGBA]int{}
	box := full.Bounds()
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			count[color.RGBAModel.Convert(full.At(x, y)).(color.RGBA)]++
		}
	}
	var palette color.Palette
	for c := range count {
		palette = append(palette, c)
	}
	slices.SortFunc(palette, func(a, b color.Color) int { return cmp.Compare(count[b.(color.RGBA)], count[a.(color.RGBA)]) })
	var few color.Palette
	for _, c := range palette {
		if len(few) < 256 && (count[c.(color.RGBA)] > 500 || distance(c, few[few.Index(c)]) > 12) {
			few = append(few, c)
		}
	}
	nearest := map[color.RGBA]uint8{}
	small := image.NewPaletted(box, few)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			c := color.RGBAModel.Convert(full.At(x, y)).(color.RGBA)
			i, ok := nearest[c]
			if !ok {
				i = uint8(few.Index(c))
				nearest[c] = i
			}
			small.SetColorIndex(x, y, i)
		}
	}
	var out bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small)
	return out.Bytes(), err
}

// distance is how far two colours are apart at the most, of 255.
func distance(a, b color.Color) int {
	x, y := color.RGBAModel.Convert(a).(color.RGBA), color.RGBAModel.Convert(b).(color.RGBA)
	off := func(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }
	return max(off(x.R, y.R), off(x.G, y.G), off(x.B, y.B))
}
