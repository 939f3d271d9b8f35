package web

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// What is due first stands first, whichever room it is of; what shows no limit,
// and what is no list, comes after.
func TestListsOfSeveralRoomsAreReadAsOne(t *testing.T) {
	line := func(id, limits string) string {
		return `<li><p><a href="/` + id + `">x</a><time datetime="2020-01-01T00:00:00+01:00">received</time></p>` + "\n" + `<p class="by">` + limits + `</p></li>`
	}
	v := &view{site: newWorld(t).site, lang: "da"}
	v.set = v.site.rooms["web"].pristine
	by := func(day, hour int) string { // as a page has it
		s, err := v.time("x", time.Date(2026, time.November, day, hour, 30, 0, 0, hub.Copenhagen))
		if err != nil {
			t.Fatal(err)
		}
		return string(s)
	}
	tomorrow, early, late := by(23, 9), by(22, 0), by(21, 23)
	got := merged(`<ul class="waits">` + line("asked", tomorrow) + line("open", "") + `</ul><span class="unavailable">Utilgængelig</span><ul class="waits">` +
		line("child", late+tomorrow) + "\n" + line("later", tomorrow) + `</ul><ul class="waits">` + line("first", tomorrow+early) + `</ul>`)
	var order []string
	for _, m := range regexp.MustCompile(`href="/(\w+)"`).FindAllStringSubmatch(got, -1) {
		order = append(order, m[1])
	}
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
