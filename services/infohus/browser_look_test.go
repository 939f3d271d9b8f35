//go:build !race

package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
	"go.yaml.in/yaml/v3"

	"github.com/infohus/infohus/deploy"
)

// axe is axe-core 4.14.1 by Deque Systems, as npm has it (MPL-2.0).
//
//go:embed testdata/axe.min.js
var axe string

// widths are a telephone (and 400 % on a screen), a tablet, a desk.
var widths = []int64{1280, 768, 320}

// accepted is something that axe leaves to a human, and what the human found.
type accepted struct {
	rule string
	node string // how the element begins
	says string // why axe cannot judge it
	why  string
}

// reviewed is all that is left to humans on our pages. Anything else fails.
var reviewed = []accepted{
	{"color-contrast", `<select class="form-select"`, "background image", "the picture is the arrow at the right end; the text beside it is #1a1a1a on white"},
	{"color-contrast", `<label class="form-label" for="`, "pseudo element", "the pseudo element is the box or circle to the left; the text beside it is #1a1a1a on white"},
}

// look is what axe and the browser find of a page at one width.
type look struct {
	Width      float64   // of what there is to scroll, beyond the window
	Wide       string    // what sticks out
	Violations []axeRule // what is wrong
	Incomplete []axeRule // what axe cannot judge
}

type axeRule struct {
	ID    string
	Nodes []axeNode
}

type axeNode struct{ Target, HTML, Why string }

func (r axeRule) String() string {
	lines := []string{r.ID}
	for _, n := range r.Nodes {
		lines = append(lines, n.Target+": "+n.HTML+" "+n.Why)
	}
	return strings.Join(lines, "\n")
}

// open takes out what has been reviewed.
func (r axeRule) open() axeRule {
	r.Nodes = slices.DeleteFunc(r.Nodes, func(n axeNode) bool {
		return slices.ContainsFunc(reviewed, func(a accepted) bool {
			return a.rule == r.ID && strings.HasPrefix(n.HTML, a.node) && strings.Contains(n.Why, a.says)
		})
	})
	return r
}

// looking runs in the page, with what axe is to do.
const looking = `(async (options) => {
	const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
	const wide = over <= 0 ? '' : [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
		.slice(0, 5).map(e => e.outerHTML.slice(0, 120)).join('\n');
	const r = options ? await axe.run(document, {resultTypes: ['violations', 'incomplete'], preload: false, ...options}) : {violations: [], incomplete: []};
	const short = l => l.map(x => ({id: x.id, nodes: x.nodes.map(n => ({target: n.target.join(' '), html: n.html.slice(0, 160), why: (n.failureSummary || '').slice(0, 240)}))}));
	return JSON.stringify({width: over, wide, violations: short(r.violations), incomplete: short(r.incomplete)});
})(%s)`

// everything is what axe does: all of its rules for WCAG 2.2 AA and good practice.
const everything = `{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}`

// asks is what axe does with the page of that name in a window so wide; "null" is nothing.
// A deep run asks everything of each page in each language at each width. Else axe is asked
// in the first language: on a desk of each page, on a telephone of each sixth. The tablet, which
// stands between the two, and the second language, which is the same page with other words,
// are asked only whether they scroll sideways; that one on a telephone.
func (b *window) asks(name string, width int64) string {
	if deepRun() || b.lang == "da" && (width == widths[0] || width == widths[2] && picks(6, name)) {
		return everything
	}
	return "null"
}

// looks lets the browser look at the page in a window so wide, and axe at what it is asked.
func (b *window) looks(width int64, asks string) (l look) {
	b.Helper()
	b.do(chromedp.EmulateViewport(width, 900))
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](fmt.Sprintf(looking, asks), chromedp.EvalAwaitPromise))
	if err == nil {
		err = json.Unmarshal([]byte(text), &l)
	}
	if err != nil {
		b.Fatalf("%s at %d px: %v", b.where(), width, err)
	}
	return l
}

// inspect holds the page in the window against everything that can be seen by a
// program: axe, no scrolling sideways, one language only, no key for a word.
func (b *window) inspect(name string) {
	b.Helper()
	name = b.lang + " " + name
	b.seen.Store(b.where(), true)
	b.looked.Add(1)
	for word, text := range b.strays() {
		b.Errorf("%s: %q is not of this language, in %q", name, word, text)
	}
	if b.lang == "da" || deepRun() {
		b.equips()
	}
	for _, width := range widths {
		if width != widths[2] && b.lang != "da" && !deepRun() {
			continue
		}
		l := b.looks(width, b.asks(name, width))
		if l.Width > 0 {
			b.Errorf("%s at %d px scrolls sideways by %v px: %s", name, width, l.Width, l.Wide)
		}
		for _, r := range l.Violations {
			b.Errorf("%s at %d px: %s", name, width, r)
		}
		for _, r := range l.Incomplete {
			if r = r.open(); len(r.Nodes) > 0 {
				b.Errorf("%s at %d px: axe cannot judge this; somebody must: %s", name, width, r)
			}
		}
	}
	b.do(chromedp.EmulateViewport(widths[0], 900))
}

// equips gives axe to the page: from outside, past the policy of content.
func (b *window) equips() {
	b.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](axe+";true")); err != nil {
		b.Fatalf("%s: %v", b.where(), err)
	}
}

// reading gives every text that the page has for somebody, seen or heard, but
// for what is in another language and says so, and codes.
const reading = `(() => {
	const skip = e => e.closest('code, script, style, [lang]:not(html)');
	const all = [document.title], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) { const n = walk.currentNode; if (n.data.trim() && !skip(n.parentElement)) all.push(n.data.trim()); }
	for (const e of document.querySelectorAll('[aria-label], [title], [alt], [placeholder], [data-title]'))
		if (!skip(e)) for (const a of ['aria-label', 'title', 'alt', 'placeholder', 'data-title']) if (e.getAttribute(a)) all.push(e.getAttribute(a));
	return all;
})()`

var (
	aWord = regexp.MustCompile(`\pL{2,}`)
	aCode = regexp.MustCompile(`\S*(\d|://)\S*`) // references, addresses
	aKey  = regexp.MustCompile(`\[[a-z_]+(\.[a-z0-9_]+)+\]`)
)

// tongue is what tells one language from the other.
type tongue struct {
	foreign map[string]map[string]bool // by the language of a page: the words that only the other one has
	names   *strings.Replacer          // takes out what people and places are called, and what the people of the demo world wrote
}

// strays are the words on the page that only the other language's catalogues
// have, and keys that have no word, each with where it stands.
func (b *window) strays() map[string]string {
	b.Helper()
	found := map[string]string{}
	for _, text := range eval[[]string](b, reading) {
		if k := aKey.FindString(text); k != "" {
			found[k] = text
		}
		for _, w := range aWord.FindAllString(strings.ToLower(aCode.ReplaceAllString(b.tongue.names.Replace(text), " ")), -1) {
			if b.tongue.foreign[b.lang][w] {
				found[w] = text
			}
		}
	}
	return found
}

// planted holds that what is wrong is found: otherwise that nothing was found
// says nothing.
func (s *site) planted() {
	s.Helper()
	b := s.window(true)
	b.opens("/signin")
	b.switches()
	plant := `document.querySelector("main").insertAdjacentHTML("beforeend",
		'<img src="http://192.0.2.1/x.png"><p style="color:red">[intake.no.such] Bekymring</p><input>' + '<canvas width="900" height="1"></canvas>'), true`
	heard := func(e log.EventEntryAdded) bool { return strings.Contains(e.Entry.Text, "style") }
	if _, err := chromedp.Run(b.ctx, chromedp.WaitEvent(log.EntryAdded, heard, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Evaluate[bool](plant)(ctx, t)
		return err
	}))); err != nil {
		s.Fatal(err)
	}
	strays := b.strays()
	s.holds(strays["bekymring"] != "" && strays["[intake.no.such]"] != "", "a planted word and a planted key are not found: %v", strays)
	b.equips()
	s.holds(b.looks(widths[2], everything).Width > 0, "a planted wide line is not found")
	l := b.looks(widths[0], everything)
	s.holds(len(l.Violations) >= 2, "a planted picture without a text and a field without a label are not found: %+v", l)
	b.mu.Lock()
	s.holds(len(b.faults) >= 2, "a planted picture from elsewhere and a planted style are not found: %v", b.faults)
	b.faults = nil
	b.mu.Unlock()
}

// listens learns the words of both languages, from every catalogue.
func (s *site) listens() {
	s.Helper()
	words := map[string]map[string]bool{"da": {}, "en": {}}
	add := func(lang, text string) {
		for _, w := range aWord.FindAllString(strings.ToLower(text), -1) {
			words[lang][w] = true
		}
	}
	for lang := range words {
		for _, key := range s.Site().Words() {
			add(lang, s.Site().T(lang, key))
		}
		for _, role := range idpRoles {
			add(lang, role[lang])
		}
		for _, text := range idpWords[lang] {
			add(lang, text)
		}
	}
	for _, b := range s.Structure.LegalBases {
		add("da", b.TextDa)
		add("en", b.TextEn)
	}
	only := func(lang, not string) map[string]bool {
		left := maps.Clone(words[lang])
		maps.DeleteFunc(left, func(w string, _ bool) bool { return words[not][w] })
		return left
	}
	s.tongue = &tongue{foreign: map[string]map[string]bool{"da": only("en", "da"), "en": only("da", "en")}, names: s.names()}
}

func (s *site) names() *strings.Replacer {
	s.Helper()
	all := []string{"Kort Snor", s.Structure.District.Name, typedName, typedSeen, typedNow, typedWhy, typedTask}
	for _, a := range s.Structure.Authorities {
		all = append(all, a.Name)
		for _, d := range a.Departments {
			all = append(all, d.Name)
		}
	}
	for _, p := range s.Structure.People {
		all = append(all, p.Name)
	}
	var tales any
	if err := yaml.Unmarshal(deploy.Concerns(), &tales); err != nil {
		s.Fatal(err)
	}
	all = append(all, texts(tales)...)
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) }) // the longest first
	var pairs []string
	for _, name := range all {
		pairs = append(pairs, name, " ")
	}
	return strings.NewReplacer(pairs...)
}

// texts are all strings of a document of YAML that have a space in them.
func texts(v any) (all []string) {
	switch v := v.(type) {
	case map[string]any:
		for _, x := range v {
			all = append(all, texts(x)...)
		}
	case []any:
		for _, x := range v {
			all = append(all, texts(x)...)
		}
	case string:
		if strings.Contains(v, " ") {
			all = append(all, v)
		}
	}
	return all
}
