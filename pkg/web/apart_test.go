package web

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// doorTo is a door before a world: another site, which knows what the world
// answers and answers none of it. seen are the requests as the room gets them.
func doorTo(t *testing.T, w *world, before http.Handler) (door *browser, seen *[]http.Header, stop func()) {
	t.Helper()
	pages, err := w.site.Handler()
	if err != nil {
		t.Fatal(err)
	}
	inner := w.site.Inner(pages)
	seen = &[]http.Header{}
	room := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		*seen = append(*seen, r.Header.Clone())
		if before != nil && r.URL.Path == "/only" {
			before.ServeHTTP(rw, r)
			return
		}
		inner.ServeHTTP(rw, r)
	}))
	t.Cleanup(room.Close)
	site, err := New(Options{Origin: w.url, Now: func() time.Time { return now }, NewID: hub.NewID})
	if err != nil {
		t.Fatal(err)
	}
	at := Peer{URL: room.URL, Via: &http.Transport{}}
	site.SessionsAt(at)
	var routes []Route
	for _, r := range w.site.Routes() {
		if r.Room == "room" {
			routes = append(routes, r)
		}
	}
	if err := site.AddApart("room", os.DirFS("testdata"), routes, nil, at); err != nil {
		t.Fatal(err)
	}
	if err := site.AddApart("other", nil, nil, map[string]Mark{"card": nil}, at); err != nil {
		t.Fatal(err)
	}
	h, err := site.Handler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	b := w.signIn(hat("anna", "receiver"))
	b.world = &world{T: w.T, url: server.URL}
	return b, seen, room.Close
}

// The door hands on what came, but for what is between two ends of a connection
// and what only our own processes say; and sends on the room's answer, with the
// room's headers once.
func TestTheDoorHandsOn(t *testing.T) {
	w := newWorld(t)
	door, seen, stop := doorTo(t, w, nil)
	home, err := url.Parse(w.url)
	if err != nil {
		t.Fatal(err)
	}
	forged := string(hub.NewID())
	a := door.send("GET", "/notes/1", nil, "Host", home.Host, "Connection", "X-Hop", "X-Hop", "1", "Infohus-Request", forged).holds(t, 200, "Kept")
	if n := len(a.Header.Values("Content-Security-Policy")); n != 1 {
		t.Errorf("%d policies", n)
	}
	if id := a.Header.Get("X-Request-Id"); id == forged || id != (*seen)[0].Get(innerRequest) {
		t.Errorf("the request is %s to the world and %s to the room; forged was %s", id, (*seen)[0].Get(innerRequest), forged)
	}
	for _, name := range []string{"X-Hop", "X-Forwarded-For", "X-Forwarded-Host", "Forwarded"} {
		if v := (*seen)[0].Get(name); v != "" {
			t.Errorf("the room is told %s: %s", name, v)
		}
	}
	door.send("GET", "/silent", nil, "Host", home.Host).holds(t, 200)
	if id := (*seen)[len(*seen)-1].Get(innerRequest); id != "" {
		t.Error("a request that leaves no trace has a number")
	}
	door.send("GET", "/notes/1", nil, "Host", "evil.test").holds(t, 400)
	door.send("GET", "/nothing", nil, "Host", home.Host).holds(t, 404)
	typed := url.Values{"name": {"Half a sentence"}, "_hat": {string(hat("anna", "receiver").ID)}, "_page": {"/notes/1"}}
	door.send("POST", "/notes/1", typed, "Host", home.Host, "Origin", w.url).holds(t, 303)
	door.send("POST", "/notes/1", typed, "Host", home.Host, "Origin", "https://evil.test").holds(t, 403)
	big := url.Values{"name": {strings.Repeat("x", maxBody)}}
	door.send("POST", "/notes/1", big, "Host", home.Host, "Origin", w.url).holds(t, 413)

	stop() // the room is away: what was typed stands in the page that says so
	a = door.send("POST", "/notes/1", typed, "Host", home.Host, "Origin", w.url).holds(t, 503, "Half a sentence")
	if a.Header.Get("Retry-After") == "" {
		t.Error("it does not say when to try again")
	}
	door.send("GET", "/silent", nil, "Host", home.Host).holds(t, 503)
}

// What a room sends in pieces arrives in pieces.
func TestTheDoorDoesNotHoldBack(t *testing.T) {
	w := newWorld(t)
	read := make(chan struct{})
	door, _, _ := doorTo(t, w, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(rw, "one")
		rw.(http.Flusher).Flush()
		<-read
		fmt.Fprintln(rw, "two")
	}))
	req, err := http.NewRequest("GET", door.url+"/only", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	in := bufio.NewScanner(res.Body)
	if !in.Scan() || in.Text() != "one" {
		t.Errorf("first comes %q", in.Text())
	}
	close(read)
	if !in.Scan() || in.Text() != "two" {
		t.Errorf("then comes %q", in.Text())
	}
}
