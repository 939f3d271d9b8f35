//go:build !race

package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/tree"
)

// TestVerify is the operator's command, over the network, beside a hub in which people work: it
// needs the key and nothing else. A079 in part: what the database's superuser does to the
// published tree is named.
func TestVerify(t *testing.T) {
	s := &script{t, hubtest.Open(t, hubtest.Options{Services: rooms()}), map[string]*hubtest.Client{}}
	s.submits(coordinator, nil)
	s.submits("solvej", nil)
	s.Advance(time.Second)
	log := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = "hub.test"
		s.Handler().ServeHTTP(w, r)
	}))
	defer log.Close()
	public, err := s.Vault().Public("trail")
	if err != nil {
		t.Fatal(err)
	}
	key, _, err := tree.Key("infohus.example/trail", public)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	says := func(want string, args ...string) {
		t.Helper()
		var err error
		said := printed(t, func() error { err = verify(t.Context(), args); return nil })
		if err != nil {
			said += err.Error()
		}
		if !strings.Contains(said, want) {
			t.Errorf("%v: %q, want %q", args, said, want)
		}
	}
	size := s.One("select count(*) from audit.trail")
	if size == "0" {
		t.Fatal("the trail is empty")
	}
	for _, args := range [][]string{{log.URL + "/trail", "--key", key}, {"--key", file, log.URL + "/trail/"}} {
		says("infohus.example/trail: "+size+" leaves, root ", args...)
		says("every leaf is there, and they come to that root", args...)
	}
	says("Write:", log.URL+"/trail")
	says("Write:", "--key", key)
	says("Write:", log.URL, log.URL, "--key", key)
	says("Write:", log.URL, "--nothing")
	says("is no verifier key", log.URL+"/trail", "--key", "nobody")
	says("answers 404", log.URL+"/nowhere", "--key", key)
	other, _, err := tree.Key("infohus.example/trail", make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	says("the checkpoint", log.URL+"/trail", "--key", other)
	s.SQL(`set local session_replication_role = replica; update audit.leaves set entries = set_byte(entries, 3 * 32, 255 - get_byte(entries, 3 * 32)) where start = 0`)
	says("BROKEN at leaf 0: every tile fits the others, and the root is not the one that was signed", log.URL+"/trail", "--key", key)
	s.SQL(`set local session_replication_role = replica; delete from audit.leaves`)
	says("answers 5", log.URL+"/trail", "--key", key)
}
