package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
)

// The design system is npm dkfds 11.2.0 as it is published: css/dkfds.min.css,
// the icons it names, and IBM Plex Sans in the parts that Danish needs. To
// take a newer one, copy the files.
//
//go:embed assets
var assetFiles embed.FS

// assets are the files of the design system and our own, in memory, compressed
// where that helps. All stand under one name that is the hash of them all, so
// that a browser may keep them for ever.
type assets struct {
	base  string // "/assets/3f2a9c01d4e5b677"
	files map[string]asset
	icons map[string]template.HTML
}

type asset struct {
	kind  string
	plain []byte
	gz    []byte // nil where it would not be smaller
}

// loadAssets is done once for a process: its outcome is a constant.
var loadAssets = sync.OnceValues(readAssets)

// fontFaces are the design system's own @font-face rules. They name 560 kB of
// files with every script there is; site.css names the same font in parts.
var fontFaces = regexp.MustCompile(`@font-face\{[^}]*\}`)

// comments are the lines of a script that are for its readers, and indentation.
var comments = regexp.MustCompile(`(?m)^\s*//.*\n|^\s+`)

func readAssets() (*assets, error) {
	a := &assets{files: map[string]asset{}, icons: map[string]template.HTML{}}
	sum := sha256.New()
	err := fs.WalkDir(assetFiles, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Contains(path.Base(name), "LICENSE") {
			return err
		}
		b, err := assetFiles.ReadFile(name)
		if err != nil {
			return err
		}
		name = strings.TrimPrefix(name, "assets/")
		fmt.Fprintf(sum, "%s %d\n", name, len(b))
		sum.Write(b)
		if path.Dir(name) == "css" {
			return nil // joined below
		}
		if icon, ok := strings.CutPrefix(name, "img/svg-icons/"); ok {
			a.icons[strings.TrimSuffix(icon, ".svg")] = inline(b)
		}
		if path.Ext(name) == ".js" {
			b = comments.ReplaceAll(b, nil)
		}
		return a.add(name, b)
	})
	if err != nil {
		return nil, err
	}
	theirs, err := assetFiles.ReadFile("assets/css/dkfds.min.css")
	if err != nil {
		return nil, err
	}
	ours, err := assetFiles.ReadFile("assets/css/site.css")
	if err != nil {
		return nil, err
	}
	if err := a.add("css/site.css", append(fontFaces.ReplaceAll(theirs, nil), ours...)); err != nil {
		return nil, err
	}
	a.base = "/assets/" + hex.EncodeToString(sum.Sum(nil)[:8])
	return a, nil
}

func (a *assets) add(name string, b []byte) error {
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".js": "text/javascript; charset=utf-8"}
	kind, ok := kinds[path.Ext(name)]
	if !ok {
		return fmt.Errorf("web: assets/%s: unknown kind of file", name)
	}
	f := asset{kind: kind, plain: b}
	if kind != "font/woff2" {
		var z bytes.Buffer
		w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
		if err != nil {
			return err
		}
		w.Write(b) // to memory: Close gives the error
		if err := w.Close(); err != nil {
			return err
		}
		if z.Len() < len(b) {
			f.gz = z.Bytes()
		}
	}
	a.files[name] = f
	return nil
}

// inline makes an icon that stands in the page itself, silent to a screen reader.
func inline(svg []byte) template.HTML {
	s := strings.Replace(string(svg), "<svg ", `<svg class="icon-svg" focusable="false" aria-hidden="true" `, 1)
	return template.HTML(strings.Replace(s, ` xmlns="http://www.w3.org/2000/svg"`, "", 1))
}

// serve answers for /assets/{hash}/{file...}. Any other hash is not found: an
// old page asks for an old file, and a reload mends it.
func (a *assets) serve(w http.ResponseWriter, r *http.Request) {
	f, ok := a.files[r.PathValue("file")]
	if !ok || "/assets/"+r.PathValue("hash") != a.base {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	b := f.plain
	if f.gz != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		b = f.gz
	}
	h.Set("Content-Length", fmt.Sprint(len(b)))
	w.Write(b)
}
