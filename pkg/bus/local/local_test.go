package local

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// accounts are of one user who may do all.
const accounts = `accounts { HUB: { jetstream: enabled, users: [ { user: one, password: secret } ] } }`

func TestStart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "nats")
	began := time.Now()
	s, err := Start(Options{Dir: dir, Accounts: accounts})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("started in %v", time.Since(began).Round(time.Millisecond))
	if !s.SyncAlways() {
		t.Error("not every message is on disk before it is acknowledged")
	}
	if s.s.Addr() != nil {
		t.Errorf("it listens on %v", s.s.Addr())
	}
	if i, err := os.Stat(dir); err != nil || i.Mode().Perm() != 0o700 {
		t.Errorf("the store: %v, %v", i.Mode(), err)
	}
	if _, err := Start(Options{Dir: dir, Accounts: accounts}); err == nil || !strings.Contains(err.Error(), "INFOHUS_DATA") {
		t.Errorf("a second hub on the same store: %v", err)
	}
	began = time.Now()
	s.Stop()
	s.Stop()
	t.Logf("stopped in %v", time.Since(began).Round(time.Millisecond))
	if s, err = Start(Options{Dir: dir, Accounts: accounts, TCP: true}); err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	if a := s.s.Addr().(*net.TCPAddr); !a.IP.IsLoopback() {
		t.Errorf("it listens on %v", a)
	}
}

func TestSaysWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]Options{
		"open to everybody": {Dir: t.TempDir()},
		"accounts: Parse":   {Dir: t.TempDir(), Accounts: "accounts { HUB: nonsense"},
		"already in use":    {Dir: t.TempDir(), Accounts: accounts, TCP: true, Port: taken.Addr().(*net.TCPAddr).Port},
		"not a directory":   {Dir: file, Accounts: accounts},
	} {
		s, err := Start(o)
		if err == nil {
			s.Stop()
			t.Errorf("%s: no error", want)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(strings.TrimSpace(err.Error()), "\n") {
			t.Errorf("%v: want one line with %q", err, want)
		}
	}
}
