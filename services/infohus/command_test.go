//go:build !race

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whoever asks how a command is written is told, and nothing is done.
func TestCommandsSayHow(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("INFOHUS_DATA", dir)
	kept := filepath.Join(dir, "kept")
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range commands() {
		for _, args := range [][]string{{"help", c.name}, {c.name, "help"}, {c.name, "-h"}, {c.name, "--help"}, {c.name, "x", "--help"}} {
			if said := printed(t, func() error { return dispatch(t.Context(), args) }); !strings.Contains(said, "\n  infohus "+c.name) {
				t.Errorf("%q: %s", args, said)
			}
		}
		var how misuse
		if err := dispatch(t.Context(), []string{c.name, "all"}); c.args == "" && !errors.As(err, &how) {
			t.Errorf("%s all: %v", c.name, err)
		}
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error("asking how to forget forgot:", err)
	}
}
