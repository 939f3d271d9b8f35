package local

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestStart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "nats")
	began := time.Now()
	s, err := Start(Options{Dir: dir})
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
	if _, err := Start(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "INFOHUS_DATA") {
		t.Errorf("a second hub on the same store: %v", err)
	}
	began = time.Now()
	s.Stop()
	s.Stop()
	t.Logf("stopped in %v", time.Since(began).Round(time.Millisecond))
	if s, err = Start(Options{Dir: dir, TCP: true}); err != nil {
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
	for name, o := range map[string]Options{
		"accounts": {Dir: t.TempDir(), Accounts: "accounts { HUB: nonsense"},
		"port":     {Dir: t.TempDir(), TCP: true, Port: taken.Addr().(*net.TCPAddr).Port},
		"file":     {Dir: file},
	} {
		s, err := Start(o)
		if err == nil {
			s.Stop()
			t.Errorf("%s: no error", name)
			continue
		}
		t.Log(err)
	}
}
