//go:build !race

package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/infohus/infohus/pkg/host"
)

// TestEmbedded runs the embedded hub twice on the same data: it plays the demo
// world once, is ready, is alone on its data, ends in order, and finds its data
// again.
func TestEmbedded(t *testing.T) {
	needPostgres(t)
	address, other := freePort(t), freePort(t)
	t.Setenv("INFOHUS_DATA", filepath.Join(dataDir(t), "hub"))
	t.Setenv("INFOHUS_LISTEN", address)
	d := data(os.Getenv("INFOHUS_DATA"))
	refused(t, "no hub runs on", dead)

	hub := start(t)
	hub.ready(address)
	first := whoami(t, address)
	refused(t, "another hub runs on this data", reset)
	t.Setenv("INFOHUS_LISTEN", other)
	refused(t, "another hub runs on this data", run)
	t.Setenv("INFOHUS_LISTEN", address)
	t.Setenv("INFOHUS_DATA", filepath.Join(dataDir(t), "second"))
	refused(t, "INFOHUS_LISTEN", run)
	if _, err := os.Stat(os.Getenv("INFOHUS_DATA")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a hub that never started leaves %s: %v", os.Getenv("INFOHUS_DATA"), err)
	}
	t.Setenv("INFOHUS_DATA", string(d))
	if err := dead(t.Context(), nil); err != nil {
		t.Errorf("dead: %v", err)
	}
	if err := doctor(t.Context(), nil); err != nil {
		t.Errorf("doctor: %v", err)
	}
	hub.end()
	if _, err := os.Stat(d.running()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left over: %v", d.running(), err)
	}

	again := start(t)
	again.ready(address)
	if second := whoami(t, address); second != first {
		t.Errorf("gudrun was %s and is now %s", first, second)
	}
	again.end()
	if err := reset(t.Context(), nil); err != nil {
		t.Errorf("reset: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(string(d), "*"))
	if err != nil || len(left) > 2 { // lock, and whose it is
		t.Errorf("reset left %v, %v", left, err)
	}
}

// whoami asks the hub as one of the invented people, with a token from the
// command line.
func whoami(t *testing.T, address string) (person string) {
	t.Helper()
	s, err := host.Environment(os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	token, err := mint(t.Context(), s, "gudrun")
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/api/whoami", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var me struct{ Person, Name string }
	if err := json.NewDecoder(resp.Body).Decode(&me); err != nil || me.Person == "" {
		t.Fatalf("whoami: %d %+v %v", resp.StatusCode, me, err)
	}
	return me.Person
}
