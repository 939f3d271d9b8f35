package web

import (
	"compress/gzip"
	"io"
	"strings"
	"testing"
)

// A page that a page of ours or the person asked for comes compressed, and says
// the same; one that another site may have asked for never does (BREACH).
func TestOnlyWhatWasAskedFromHereIsCompressed(t *testing.T) {
	w := newWorld(t)
	b := w.signIn(anna)
	plain := b.get("/notes/1").holds(t, 200, "En note").Body
	for _, c := range []struct {
		site, accept string
		want         bool
	}{
		{"same-origin", "gzip, deflate, br", true}, {"none", "gzip", true},
		{"cross-site", "gzip", false}, {"same-site", "gzip", false}, {"", "gzip", false}, {"same-origin", "br", false},
	} {
		a := b.send("GET", "/notes/1", nil, "Sec-Fetch-Site", c.site, "Accept-Encoding", c.accept)
		if got := a.Header.Get("Content-Encoding") == "gzip"; got != c.want {
			t.Errorf("asked for by %q, with %q: compressed is %v", c.site, c.accept, got)
		}
		if c.want {
			z, err := gzip.NewReader(strings.NewReader(a.Body))
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(z)
			if err != nil {
				t.Fatal(err)
			}
			if len(a.Body) > len(text)/2 {
				t.Errorf("%d bytes of %d", len(a.Body), len(text))
			}
			a.Body = string(text)
		}
		if len(a.Body) != len(plain) {
			t.Errorf("asked for by %q: %d bytes of page, otherwise %d", c.site, len(a.Body), len(plain))
		}
	}
}
