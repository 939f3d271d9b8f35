package web

import (
	"regexp"
	"strings"
	"testing"
)

// What is due first stands first, whichever room it is of; what shows no limit,
// and what is no list, comes after.
func TestListsOfSeveralRoomsAreReadAsOne(t *testing.T) {
	line := func(id, limits string) string {
		return `<li><p><a href="/` + id + `">x</a><time datetime="2020-01-01T00:00:00+01:00">received</time></p>` + "\n" + `<p class="by">` + limits + `</p></li>`
	}
	by := func(at string) string { return `<time datetime="` + at + `">x</time>` }
	tomorrow, early, late := by("2026-11-23T09:00:00+01:00"), by("2026-11-21T23:30:00Z"), by("2026-11-22T00:00:00+01:00")
	got := merged(`<ul class="waits">` + line("asked", tomorrow) + line("open", "") + `</ul><span class="unavailable">Utilgængelig</span><ul class="waits">` +
		line("child", late+tomorrow) + "\n" + line("later", tomorrow) + `</ul><ul class="waits">` + line("first", tomorrow+early) + `</ul>`)
	var order []string
	for _, m := range regexp.MustCompile(`href="/(\w+)"`).FindAllStringSubmatch(got, -1) {
		order = append(order, m[1])
	}
	// 23:30 UTC is half past midnight in Copenhagen: after midnight there.
	if s := strings.Join(order, " "); s != "child first asked later open" {
		t.Errorf("the order is %s", s)
	}
	if strings.Count(got, "<ul") != 1 || !strings.HasSuffix(got, `</ul><span class="unavailable">Utilgængelig</span>`) {
		t.Errorf("one list, and the rest after it: %s", got)
	}
	for _, alone := range []string{"", "<p>no list</p>"} {
		if merged(alone) != alone {
			t.Errorf("%q became %q", alone, merged(alone))
		}
	}
}
