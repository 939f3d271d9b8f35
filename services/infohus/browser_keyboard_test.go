//go:build !race

package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// keyboard is the journey by keyboard alone: Tab to a thing, Space or Enter to
// use it. Wherever the focus comes, it can be seen (trust.md X1).
func keyboard(t *testing.T, ctx context.Context) {
	s := openSite(t, ctx)
	b := s.window(false)
	b.still()
	b.opens("/")
	b.skips()
	b.keysIn(coordinator, "Køge Kommune")
	b.walks()

	b.enters(`header nav a[href="/subjects/new"]`)
	b.walks()
	b.enters(`main form button`) // nothing is filled in: it fails
	b.errorHasFocus()
	b.tabs(`.error-summary a`)
	if _, err := chromedp.Run(b.ctx, chromedp.WaitEvent(page.NavigatedWithinDocument, nil, press('\r'))); err != nil {
		t.Fatal(err)
	}
	b.holds(eval[string](b, `document.activeElement.id`) == "name", "the error does not lead to its field")
	b.writes(typedName)
	b.enters(`main form button`)
	b.tabs(css("statements.0.text"))
	b.writes(typedSeen)
	b.tabs(css("statements.0.kind-3")) // told by others stands there already: the group is entered at what is chosen
	b.key(kb.ArrowUp)
	b.tabs(`#why_now`)
	b.writes(typedNow)
	b.tabs(`input[name="urgency"]`)
	b.key(" ")
	b.key(kb.ArrowDown)
	b.tabs(`summary`)
	b.key(kb.Enter)
	b.tabs(`#theme`)
	b.writes("Band")
	b.enters(`button[name="on"]`)
	b.holds(strings.HasSuffix(b.where(), "/send"), "the draft leads to %s: %s", b.where(), b.reads())
	b.tabs(`#necessity`)
	b.writes("kort")
	b.enters(`main form button`)
	b.errorHasFocus()
	b.tabs(`#necessity`)
	b.key(kb.End)
	b.writes(" " + typedWhy)
	b.enters(`main form button`)
	b.holds(b.focuses(`[role="status"]`), "after sending, the focus is not at the receipt")
	b.says("intake.receipt.toast")
	b.says("intake.field.statement.kind.assessment")
	b.says("intake.badge.urgency.soon")
	b.says("intake.field.theme.gang")
	b.walks()
	id := strings.TrimPrefix(b.where(), "/concerns/")

	p := s.window(false)
	p.still()
	p.opens("/")
	p.keysIn(policeMan, "Midt- og Vestsjællands Politi")
	p.enters(`main a[href="/concerns/` + id + `"]`)
	p.enters(`a[href$="/check"]`)
	p.tabs(`input[name="outcome"]`)
	p.key(" ")
	p.enters(`main form button`)
	p.says("intake.state.triage")
	p.keysTriage()
	b.enters(`header nav a[href="/concerns"]`)
	b.enters(`main a[href="/concerns/` + id + `"]`)
	b.keysTriage()
	b.says("intake.state.case")

	d := s.window(false)
	d.still()
	d.opens("/")
	d.keysIn(koegeDPO, "Køge Kommune")
	d.enters(`header nav a[href="/trail"]`)
	d.tabs(`#ground`)
	d.key(kb.ArrowDown)
	d.tabs(`#reference`)
	d.writes(id)
	d.enters(`main form button`)
	d.holds(d.focuses(`#found`), "after a search, the focus is not at what was found")
	d.enters(`tbody a`)
	d.says("audit.again.agrees")
	d.enters(`form[action="/signout"] button`)
	d.says("web.signin.why.out")
}

// still is a browser of somebody who wants nothing to move.
func (b *window) still() {
	b.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}}); err != nil {
		b.Fatal(err)
	}
}

// keysIn signs in by keyboard.
func (b *window) keysIn(login, authority string) {
	b.Helper()
	b.tabsTo(fmt.Sprintf(`e.innerText == %q`, authority))
	b.leads(press('\r'))
	b.tabs(`input[name="login"]`)
	for range 20 { // down the list of people
		if eval[string](b, `document.activeElement.id`) == "as-"+login {
			break
		}
		b.key(kb.ArrowDown)
	}
	b.key(" ")
	b.tabs(`#password`)
	b.writes(b.idp.Password())
	b.leads(press('\r'))
}

func (b *window) keysTriage() {
	b.Helper()
	b.enters(`a[href$="/triage"]`)
	b.tabs(`input[name="outcome"]`)
	b.key(kb.ArrowUp) // round to the last: a case
	b.tabs(`#rationale`)
	b.writes(typedWhy)
	b.enters(`main form button`)
	b.says("intake.triage.done")
}

// press is one press of a key, as a keyboard does it: what a key has done as it
// went down, it does not do again as a character to whatever has the focus then.
func press(r rune) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		events := kb.Encode(r)
		down, up := *events[0], *events[len(events)-1]
		if len(events) == 3 {
			down.Text, down.UnmodifiedText = events[1].Text, events[1].UnmodifiedText
		}
		if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, down); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, input.DispatchKeyEvent, up)
		return err
	})
}

func (b *window) key(keys string) {
	b.Helper()
	for _, r := range keys {
		b.do(press(r))
	}
}

// writes types on the keyboard, key by key.
func (b *window) writes(text string) {
	b.Helper()
	b.key(text)
}

// enters tabs to a link or button and presses Enter there, which leads on.
func (b *window) enters(selector string) {
	b.Helper()
	b.tabs(selector)
	b.leads(press('\r'))
}

// tabs presses Tab until the focus is at an element.
func (b *window) tabs(selector string) {
	b.Helper()
	b.tabsTo(fmt.Sprintf(`e.matches(%q)`, selector))
}

func (b *window) tabsTo(match string) {
	b.Helper()
	for range 200 {
		b.key(kb.Tab)
		f := eval[focus](b, fmt.Sprintf(focusing, match))
		b.visible(f)
		if f.Match {
			return
		}
	}
	b.Fatalf("on %s: the Tab key never comes to %s\n%s", b.where(), match, b.reads())
}

// focus is where the focus is, and how it shows.
type focus struct {
	What     string
	Match    bool
	Body     bool    // nowhere
	Width    float64 // of its outline, in px
	Contrast float64 // of its outline to what is behind
	Hidden   string  // what covers it
}

// focusing finds out about the element that has the focus.
const focusing = `(() => {
	const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
	const rgb = c => { const m = c.match(/[\d.]+/g).map(Number); return m.length > 3 && m[3] == 0 ? null : m.slice(0, 3); };
	const light = c => c.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
	let behind = null;
	for (let p = e.parentElement; p && !behind; p = p.parentElement) behind = rgb(getComputedStyle(p).backgroundColor);
	behind = behind || [255, 255, 255];
	// The design system draws a radio and a box as part of their label.
	const drawn = ['radio', 'checkbox'].includes(e.type) && e.labels.length ? getComputedStyle(e.labels[0], '::before') : style;
	const ring = drawn.outlineStyle != 'none' ? drawn : style;
	const a = light(rgb(ring.outlineColor) || behind), z = light(behind);
	const at = document.elementFromPoint(box.left + Math.min(box.width / 2, 20), box.top + Math.min(box.height / 2, 10));
	const label = e.labels && e.labels[0];
	const seen = e == document.body || at && (e.contains(at) || at.contains(e) || label && label.contains(at));
	return {what: e.outerHTML.slice(0, 100), match: %s, body: e == document.body, width: ring.outlineStyle == 'none' ? 0 : parseFloat(ring.outlineWidth),
		contrast: (Math.max(a, z) + 0.05) / (Math.min(a, z) + 0.05), hidden: seen ? '' : at ? at.outerHTML.slice(0, 100) : 'outside of the window'};
})()`

// visible holds that the focus can be seen: a line of 2 px at least, 3:1 to what
// is behind it (WCAG 2.4.13), with nothing over it (2.4.11).
func (b *window) visible(f focus) {
	b.Helper()
	if f.Body {
		return // between the last element and the first: in the browser's own bar
	}
	if f.Width < 2 || f.Contrast < 3 {
		b.Errorf("on %s: the focus is %.1f px wide at %.1f:1: %s", b.where(), f.Width, f.Contrast, f.What)
	}
	if f.Hidden != "" {
		b.Errorf("on %s: the focus is covered by %s: %s", b.where(), f.Hidden, f.What)
	}
}

// walks goes through the whole page with Tab: it comes to everything once, stays
// nowhere, and comes round.
func (b *window) walks() {
	b.Helper()
	eval[bool](b, `document.activeElement.blur(), window.scrollTo(0, 0), true`)
	want := eval[int](b, `new Set([...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
		.filter(e => e.checkVisibility()).map(e => e.type == 'radio' ? e.name : e)).size`)
	seen := map[string]bool{}
	for range want + 5 {
		b.key(kb.Tab)
		f := eval[focus](b, fmt.Sprintf(focusing, "false"))
		b.visible(f)
		if f.Body {
			continue // round
		}
		where := eval[string](b, `(() => { const p = []; for (let e = document.activeElement; e.parentElement; e = e.parentElement) p.push([...e.parentElement.children].indexOf(e)); return p.join(); })()`)
		if seen[where] {
			break
		}
		seen[where] = true
	}
	if len(seen) != want {
		b.Errorf("on %s: Tab comes to %d things, there are %d", b.where(), len(seen), want)
	}
}

// skips holds that the first Tab offers the way past the header.
func (b *window) skips() {
	b.Helper()
	b.key(kb.Tab)
	b.holds(eval[string](b, `document.activeElement.innerText`) == b.t(b.lang, "web.skip"), "the first Tab does not offer to skip the header")
	b.visible(eval[focus](b, fmt.Sprintf(focusing, "false")))
	b.key(kb.Enter)
	b.holds(eval[string](b, `document.activeElement.id`) == "main-content", "skipping the header leads to %s", eval[string](b, `document.activeElement.outerHTML.slice(0, 80)`))
}

// focuses reports whether the page puts the focus at an element by itself. The
// browser does so as it first draws the page, which may be after it has loaded.
func (b *window) focuses(selector string) bool {
	b.Helper()
	ctx, cancel := b.patient()
	defer cancel()
	for ctx.Err() == nil {
		if eval[bool](b, fmt.Sprintf(`document.activeElement.matches(%q)`, selector)) {
			return true
		}
	}
	return false
}

// errorHasFocus holds that after a failed form the focus is at what is wrong,
// and each line of it leads to a field.
func (b *window) errorHasFocus() {
	b.Helper()
	if !b.focuses(`.error-summary`) {
		b.Fatalf("on %s: after an error the focus is at %s", b.where(), eval[string](b, `document.activeElement.outerHTML.slice(0, 100)`))
	}
	if lost := eval[string](b, `[...document.querySelectorAll(".error-summary li")].filter(li => !(li.querySelector("a") && document.getElementById(decodeURIComponent(li.querySelector("a").hash.slice(1))))).map(li => li.innerText).join()`); lost != "" {
		b.Errorf("on %s: these errors lead nowhere: %s", b.where(), lost)
	}
	b.holds(strings.HasPrefix(eval[string](b, `document.title`), b.t(b.lang, "web.error")), "the title does not say that there is an error")
}
