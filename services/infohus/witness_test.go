//go:build !race

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/tree"
	"github.com/infohus/infohus/pkg/witness"
)

// witnessed is a hub whose trail is witnessed by a process of another authority's, over the
// network.
func witnessed(t *testing.T) (s *script, readyz func() string) {
	t.Helper()
	s, there := unwitnessed(t)
	return s, there()
}

// unwitnessed is such a hub while the witness cannot be reached; there has it come.
func unwitnessed(t *testing.T) (s *script, there func() (readyz func() string)) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dir, quiet := t.TempDir(), slog.New(slog.DiscardHandler)
	w, err := witness.Open(dir, "koege.example/witness", quiet) // the key is made at the first start
	if err != nil {
		t.Fatal(err)
	}
	key := w.Key()
	w.Close()
	l.Close()
	demo, err := os.ReadFile("../../deploy/infohus.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const plain = "trail: {origin: infohus.example/trail}"
	if !strings.Contains(string(demo), plain) {
		t.Fatal("the demo has another trail")
	}
	structure := strings.Replace(string(demo), plain, fmt.Sprintf("trail: {origin: infohus.example/trail, quorum: 1, witnesses: [{authority: koege, url: 'http://%s', key: '%s'}]}", l.Addr(), key), 1)
	s = &script{t, hubtest.Open(t, hubtest.Options{Services: rooms(), Structure: structure}), map[string]*hubtest.Client{}}
	log := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = "hub.test"
		s.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(log.Close)
	public, err := s.Vault().Public("trail")
	if err != nil {
		t.Fatal(err)
	}
	text, _, err := tree.Key("infohus.example/trail", public)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(text)
	if err != nil {
		t.Fatal(err)
	}
	return s, func() func() string {
		l, err := net.Listen("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- witnessOn(ctx, l, quiet, dir, "", []witness.Log{{Verifier: v, Get: getter(log.URL + "/trail")}})
		}()
		t.Cleanup(func() {
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
		return func() string { return got(t, "http://"+l.Addr().String()+"/readyz") }
	}
}

func got(t *testing.T, url string) string {
	t.Helper()
	text, err := getter(strings.TrimSuffix(url, "/readyz"))(t.Context(), "readyz")
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// until waits for what another process, or something in the background, does; the clock of
// the hub goes on meanwhile, and what its chores say is kept.
func (s *script) until(what string, is func() bool) (said string) {
	s.T.Helper()
	s.Behind(s.Handler(), func(time.Time) error {
		if err := s.Tick(s.T.Context()); err != nil {
			said += err.Error()
		}
		return nil
	})
	defer s.Behind(nil, nil)
	for range 600 {
		s.Advance(3 * time.Second)
		if is() {
			return said
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.T.Fatalf("%s: never; the hub said %s", what, said)
	return ""
}

// TestAWitnessBesideAHub is A079 over the network, in processes as they run: people
// work, a witness of another authority cosigns, and what is published carries its cosignature.
// Then the database's superuser rewrites the trail, for the log's real key to sign. The hub
// learns from the witness that it was another, says so, and is closed.
func TestAWitnessBesideAHub(t *testing.T) {
	s, readyz := witnessed(t)
	s.submits(coordinator, nil)
	size := func() string { return s.One("select coalesce(max(size), 0) from audit.cosignature") }
	s.until("a cosignature", func() bool { return size() != "0" && size() == s.One("select max(size) from audit.checkpoint") })
	a := s.Nobody().Get("/trail/checkpoint")
	if a.Status != 200 || !strings.Contains(a.Text(), "\n— koege.example/witness ") || !strings.Contains(a.Text(), "\n"+size()+"\n") {
		t.Errorf("the checkpoint: %d %s", a.Status, a.Text())
	}
	if a := s.Nobody().Get("/readyz"); strings.Contains(a.Text(), "audit") {
		t.Errorf("all is well, and readyz says %s", a.Text())
	}
	if got := readyz(); got != "ok\n" {
		t.Errorf("all is well, and the witness says %s", got)
	}
	s.SQL(`set local session_replication_role = replica; update audit.trail set person = 'x' where id = (select rows[2] from audit.leaves order by start limit 1);
		delete from audit.cosignature; delete from audit.checkpoint; delete from audit.leaves; delete from audit.node; delete from audit.pending; insert into audit.pending (id, at) select id, at from audit.trail`)
	s.Restart()
	said := s.until("an alarm", func() bool { return strings.Contains(s.Nobody().Get("/readyz").Text(), `"odd":["audit"]`) })
	if !strings.Contains(said, "the hub is closed since ") {
		t.Errorf("the hub says %s", said)
	}
	s.until("a notice", func() bool { return s.One("select count(*) from portal.notice where word like 'trail%'") != "0" })
	for _, login := range []string{koegeDPO, roskildeDPO, mvsDPO} {
		delete(s.who, login) // the clock went on
		if page := mainOf(s.as(login).Get("/").Must(200).Text()); strings.Count(page, "<p>Infohus er lukket for opslag og deling: et vidne har vist") != 1 {
			t.Errorf("%s is not told on the front page: %s", login, page)
		}
	}
	for _, login := range []string{coordinator, koegeManager, "rune"} {
		delete(s.who, login)
		if page := s.as(login).Get("/").Must(200).Text(); strings.Contains(page, "et vidne har vist") {
			t.Errorf("%s is told: %s", login, mainOf(page))
		}
	}
	if a := s.Nobody().Get("/trail/checkpoint"); a.Status != 404 {
		t.Errorf("what no witness cosigned is published: %d %s", a.Status, a.Text())
	}
}

// What the operator of a witness is told of a command that was written wrongly.
func TestWitnessCommand(t *testing.T) {
	key, _, err := tree.Key("infohus.example/trail", make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{nil, {"--data", t.TempDir()}, {"--log", key}, {"--data", t.TempDir(), "--log", "nobody"}, {"--data", t.TempDir(), "--follow", "https://x.example", "--log", key}, {"--data", t.TempDir(), "--log", key, "more"}} {
		if err := witnessing(t.Context(), args); err == nil || !strings.Contains(err.Error(), "infohus witness --data DIR") {
			t.Errorf("%v: %v", args, err)
		}
	}
	if err := witnessing(t.Context(), []string{"--data", t.TempDir(), "--log", key, "--listen", "127.0.0.1:0"}); err == nil || !strings.Contains(err.Error(), "under which name") {
		t.Errorf("without a name: %v", err)
	}
	if err := witnessing(t.Context(), []string{"--data", t.TempDir(), "--log", key, "--listen", "nowhere"}); err == nil || !strings.Contains(err.Error(), "choose another address with --listen") {
		t.Errorf("nowhere: %v", err)
	}
}
