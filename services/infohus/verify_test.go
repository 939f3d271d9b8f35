//go:build !race

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/tree"
)

// witnessKey is the key of a witness that has cosigned nothing.
func witnessKey(name string) string {
	key := append([]byte{4}, make([]byte, 32)...)
	hash := sha256.Sum256(append([]byte(name+"\n"), key...))
	return fmt.Sprintf("%s+%08x+%s", name, hash[:4], base64.StdEncoding.EncodeToString(key))
}

// TestVerify is the operator's command, over the network, beside a hub in which people work: it
// needs the key and nothing else. A079 in part: what the database's superuser does to the
// published tree is named. P2 for bundles: rows, proofs and what they are sealed by are checked without
// a hub.
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
	says("no verifier key of a witness", log.URL+"/trail", "--key", key, "--witness", key)
	says("not cosigned by witness.example", log.URL+"/trail", "--key", key, "--witness", witnessKey("witness.example"))

	// What was kept: a checkpoint, and a bundle.
	keeps := func(name string, data []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	takes := func() []byte {
		return s.as(koegeDPO).API("POST", "/api/trail/export", map[string]any{"ground": "lawfulness", "person": s.as(coordinator).Post.Person}).Must(200).Body
	}
	checkpoint, bundle := keeps("checkpoint", s.Nobody().Get("/trail/checkpoint").Must(200).Body), keeps("bundle", takes())
	s.as(coordinator).API("GET", "/api/concerns", nil).Must(200)
	s.Advance(time.Second)
	newer := takes()
	says("it begins with the "+size+" leaves of the checkpoint that was kept", log.URL+"/trail", "--key", key, "--kept", checkpoint)
	says("is no checkpoint of this log", log.URL+"/trail", "--key", key, "--kept", bundle)
	later := s.Nobody().Get("/trail/checkpoint").Must(200).Body
	for _, want := range []string{"infohus.example/trail: ", "rows hold, from leaf ", "and the list is as it was sealed", "every row of the bundle that was kept is among them, as it was", `"authority":"koege"`} {
		says(want, keeps("newer", newer), "--key", file, "--kept", bundle)
	}
	rows := bytes.Split(newer, []byte("\n"))
	spoiled := bytes.Replace(newer, []byte(`"outcome":"allow"`), []byte(`"outcome":"deny"`), 1)
	index := regexp.MustCompile(`"index":(\d+),.*"outcome":"deny"`).FindSubmatch(spoiled)
	says("BROKEN at leaf "+string(index[1])+": with its proof it does not come to the root", keeps("spoiled", spoiled), "--key", key)
	says("BROKEN at leaf ", keeps("shorter", bytes.Join(append(rows[:1:1], rows[2:]...), []byte("\n"))), "--key", key)
	says("stands in the bundle that was kept, and not in this one", bundle, "--key", key, "--kept", keeps("newer", newer))
	says("not cosigned by witness.example", bundle, "--key", key, "--witness", keeps("witness", []byte(witnessKey("witness.example")+"\n")))
	says("that is no bundle", checkpoint, "--key", key)
	says("no such file", bundle+"x", "--key", key)
	says("the checkpoint", bundle, "--key", other)
	says("Write:", bundle, "--key", key, "--witness")
	s.SQL(`set local session_replication_role = replica; delete from audit.checkpoint where size > ` + size)
	says("BROKEN at leaf "+size+": it is gone: there were ", log.URL+"/trail", "--key", key, "--kept", keeps("later", later))
	s.SQL(`set local session_replication_role = replica; update audit.leaves set entries = set_byte(entries, 3 * 32, 255 - get_byte(entries, 3 * 32)) where start = 0`)
	says("BROKEN at leaf 0: every tile fits the others, and the root is not the one that was signed", log.URL+"/trail", "--key", key)
	s.SQL(`set local session_replication_role = replica; delete from audit.leaves`)
	says("answers 5", log.URL+"/trail", "--key", key)
}
