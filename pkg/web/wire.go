package web

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"slices"
	"strings"
	"sync"
)

var squeezers sync.Pool

// squeezes reports whether a page may be compressed. How well a page compresses
// tells of what stands in it: whoever could make a browser ask for it again and
// again, and could see how many bytes come, would guess it letter by letter
// (BREACH). So only what the browser says was asked for by a page of ours, or by
// the person, is compressed; no other site can make it say so.
func squeezes(r *http.Request) bool {
	return slices.Contains([]string{"same-origin", "none"}, r.Header.Get("Sec-Fetch-Site")) && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")
}

// sends answers with a page.
func sends(w http.ResponseWriter, r *http.Request, status int, page []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "Accept-Encoding, Sec-Fetch-Site")
	if !squeezes(r) || r.Method == http.MethodHead {
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			w.Write(page)
		}
		return
	}
	var b bytes.Buffer
	z, ok := squeezers.Get().(*gzip.Writer)
	if !ok {
		z = gzip.NewWriter(nil)
	}
	defer squeezers.Put(z)
	z.Reset(&b)
	z.Write(page) // to memory: neither fails
	z.Close()
	h.Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}
