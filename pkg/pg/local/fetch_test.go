package local

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// entry is one file of an invented package.
type entry struct {
	name, text string
	kind       byte
}

var whole = []entry{
	{"package/package.json", "{}", tar.TypeReg},
	{"package/native/bin/initdb", "#!/bin/sh\n", tar.TypeReg},
	{"package/native/bin/postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 18.4'\n", tar.TypeReg},
	{"package/native/lib/libx.so.1.2", "x", tar.TypeReg},
	{"package/native/lib/sub/libz.so.2", "z", tar.TypeReg},
	{"package/native/pg-symlinks.json", `[{"source":"native/lib/libx.so.1.2","target":"native/lib/libx.so.1"},
		{"source":"native/lib/libx.so.1.2","target":"native/lib/sub/libx.so"}]`, tar.TypeReg},
}

func pack(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Mode: 0o600, Size: int64(len(e.text))}
		if e.kind == tar.TypeSymlink {
			h.Linkname, h.Size = e.text, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			io.WriteString(w, e.text)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// named is the release that a tarball is.
func named(tarball []byte) release {
	sum := sha512.Sum512(tarball)
	return release{name: "test-x64", sha512: base64.StdEncoding.EncodeToString(sum[:]), wait: time.Nanosecond}
}

func serve(t *testing.T, f http.HandlerFunc) string {
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s.URL + "/npm/" // with a path and a slash, as companies have it
}

func TestFetch(t *testing.T) {
	old := syscall.Umask(0o077) // a strict machine
	defer syscall.Umask(old)
	tarball := pack(t, whole...)
	asked := 0
	from := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.URL.Path != "/npm/@embedded-postgres/test-x64/-/test-x64-"+version+".tgz" {
			http.NotFound(w, r)
			return
		}
		if asked == 1 {
			http.Error(w, "upstream connect error", http.StatusServiceUnavailable)
			return
		}
		w.Write(tarball)
	})
	cache := filepath.Join(t.TempDir(), "a", "cache")
	var told bytes.Buffer
	b, err := named(tarball).fetch(t.Context(), cache, from, &told)
	if err != nil {
		t.Fatal(err)
	}
	if b.Major != 18 || !b.Fetched || asked != 2 {
		t.Errorf("%+v after %d requests", b, asked)
	}
	for _, want := range []string{"Fetching", from, "trying again", "100 %", "ready"} {
		if !strings.Contains(told.String(), want) {
			t.Errorf("progress lacks %q: %s", want, &told)
		}
	}
	home := filepath.Dir(filepath.Dir(b.Dir))
	for _, link := range []string{"native/lib/libx.so.1", "native/lib/sub/libx.so"} {
		if text, err := os.ReadFile(filepath.Join(home, link)); err != nil || string(text) != "x" {
			t.Errorf("%s: %q, %v", link, text, err)
		}
	}
	for name, want := range map[string]os.FileMode{"native": 0o755, "native/bin/postgres": 0o755, "native/lib/libx.so.1.2": 0o644} {
		if i, err := os.Stat(filepath.Join(home, name)); err != nil || i.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", name, i.Mode(), err, want)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(cache, ".*")); len(left) > 0 {
		t.Error("left behind:", left)
	}
	if _, err := named(tarball).fetch(t.Context(), cache, "http://nowhere.invalid", io.Discard); err != nil || asked != 2 {
		t.Errorf("the copy was not used: %v, %d requests", err, asked)
	}
}

// TestFetchAtOnce has hubs that all fetch, and put what they fetched in its place together:
// none takes away what another starts.
func TestFetchAtOnce(t *testing.T) {
	const hubs = 8
	tarball := pack(t, whole...)
	var all, asked sync.WaitGroup
	asked.Add(hubs)
	from := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Done()
		asked.Wait()
		w.Write(tarball)
	})
	cache := t.TempDir()
	for range hubs {
		all.Go(func() {
			if _, err := named(tarball).fetch(t.Context(), cache, from, io.Discard); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestFetchRefuses(t *testing.T) {
	with := func(more ...entry) []byte { return pack(t, append(whole[:len(whole):len(whole)], more...)...) }
	good := pack(t, whole...)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	cases := []struct {
		name, want string
		ctx        context.Context
		tarball    []byte
		as         release
		answer     http.HandlerFunc
	}{
		{name: "other content", want: "is not the file this source names", tarball: good, as: release{name: "test-x64", sha512: "AAAA"}},
		{name: "a name outside", want: "outside itself", tarball: with(entry{"package/../../evil", "x", tar.TypeReg})},
		{name: "an absolute name", want: "outside itself", tarball: with(entry{"/tmp/evil", "x", tar.TypeReg})},
		{name: "a symbolic link", want: "no plain file", tarball: with(entry{"package/native/lib/l", "/etc/passwd", tar.TypeSymlink})},
		{name: "a device", want: "no plain file", tarball: with(entry{"package/native/null", "", tar.TypeChar})},
		{name: "the same file twice", want: "exists", tarball: with(whole[1])},
		{name: "a link outside", want: "a link outside itself", tarball: with(entry{"package/native/pg-symlinks.json", "", 0})[:0]},
		{name: "no tarball", want: "no tarball", tarball: []byte("<html>Sign in to the network</html>")},
		{name: "half a tarball", want: "damaged", tarball: good[:len(good)/2]},
		{name: "no server in it", want: "does not work", tarball: pack(t, whole[0])},
		{name: "not there", want: "404", tarball: good, answer: http.NotFound},
		{name: "broken off", want: "cannot fetch", tarball: good, answer: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000000")
			w.Write(good)
		}},
		{name: "cancelled", want: "context canceled", tarball: good, ctx: cancelled},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "a link outside" {
				bad := append([]entry{}, whole[:5]...)
				c.tarball = pack(t, append(bad, entry{"package/native/pg-symlinks.json", `[{"source":"../../../etc/passwd","target":"native/lib/x"}]`, tar.TypeReg})...)
			}
			if c.answer == nil {
				c.answer = func(w http.ResponseWriter, r *http.Request) { w.Write(c.tarball) }
			}
			if c.as.name == "" {
				c.as = named(c.tarball)
			}
			if c.ctx == nil {
				c.ctx = t.Context()
			}
			cache := t.TempDir()
			_, err := c.as.fetch(c.ctx, cache, serve(t, c.answer), io.Discard)
			oneLine(t, err, c.want)
			if c.name == "no server in it" {
				return
			}
			if left, _ := os.ReadDir(cache); len(left) > 0 {
				t.Error("left behind:", left)
			}
		})
	}
}

func TestRegistry(t *testing.T) {
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".npmrc"), []byte("; mine\nfund=false\nregistry = \"https://npm.example/${TEAM}/\"\n@other:registry=https://other.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	scoped := filepath.Join(home, "scoped")
	if err := os.WriteFile(scoped, []byte("registry=https://npm.example\n@embedded-postgres:registry=https://pg.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"HOME": home, "TEAM": "hus"}, "https://npm.example/hus/"},
		{map[string]string{"HOME": home, "npm_config_registry": "https://env.example"}, "https://env.example"},
		{map[string]string{"HOME": "/nonexistent", "npm_config_userconfig": scoped}, "https://pg.example"},
	} {
		if got := registry(func(k string) string { return c.env[k] }); got != c.want {
			t.Errorf("%v: %s, want %s", c.env, got, c.want)
		}
	}
}

// TestFetchedServer brings the real server from the real registry and runs it.
func TestFetchedServer(t *testing.T) {
	b, err := Fetch(t.Context(), CacheDir(), t.Output())
	if err != nil {
		if strings.Contains(err.Error(), "cannot fetch a server") || strings.Contains(err.Error(), "there is no server to fetch") {
			cannot(t, err.Error())
		}
		t.Fatal(err)
	}
	if b.Major != 18 {
		t.Errorf("%+v", b)
	}
	o := Options{Dir: place(t), Binaries: b}
	s := start(t, o)
	exec1(t, s.Owner(), remember)
	exec1(t, s.Owner(), "create extension pgcrypto; create extension btree_gist") // needs the linked libraries
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	s = start(t, o)
	exec1(t, s.Owner(), "select word from told")
}
