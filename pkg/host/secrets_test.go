package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/bus"
)

func TestSecrets(t *testing.T) {
	s := Secrets(filepath.Join(t.TempDir(), "secrets"))
	if err := s.Make("intake", "person"); err != nil {
		t.Fatal(err)
	}
	first, err := s.Passwords(postgres, "intake", "person")
	if err != nil {
		t.Fatal(err)
	}
	if first["intake"] == first["person"] || len(first["intake"]) < 32 {
		t.Errorf("passwords %v", first)
	}
	if err := s.Make("intake", "person", "audit"); err != nil {
		t.Fatal(err)
	}
	again, err := s.Passwords(postgres, "intake", "person")
	if err != nil || again["intake"] != first["intake"] {
		t.Errorf("a second Make changed the first: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(string(s), "*"))
	if err != nil || len(files) != 3+len(bus.Users()) {
		t.Errorf("%d files: %v", len(files), files)
	}
	for _, f := range append(files, string(s)) {
		info, err := os.Stat(f)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v %v", f, info.Mode(), err)
		}
	}
}

func TestBadSecrets(t *testing.T) {
	s := Secrets(t.TempDir())
	for _, c := range []struct {
		name, text string
		mode       os.FileMode
		want       string
	}{
		{"missing", "", 0, "run infohus setup"},
		{"open", "intake:x", 0o644, "chmod 600"},
		{"empty", "", 0o600, "user:password"},
		{"no password", "intake:", 0o600, "user:password"},
		{"another's", "person:x", 0o600, "signs in as itself"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := s.file("intake", postgres)
			os.Remove(file)
			if c.mode != 0 {
				if err := os.WriteFile(file, []byte(c.text), c.mode); err != nil {
					t.Fatal(err)
				}
			}
			_, err := s.Passwords(postgres, "intake")
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "person:x\n") {
				t.Errorf("said %v, want %q", err, c.want)
			}
		})
	}
}

func TestDatabaseAddress(t *testing.T) {
	s := Secrets(t.TempDir())
	if err := os.WriteFile(s.file("intake", postgres), []byte("intake:p@ss/w:rd\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := s.Database("postgres://db:5432/infohus?sslmode=disable", "intake")
	if err != nil || got != "postgres://intake:p%40ss%2Fw%3Ard@db:5432/infohus?sslmode=disable" {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := s.Database("://broken:secret", "intake"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("said %v", err)
	}
}
