package local

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
)

// tail passes a log on and keeps its end, to explain a failure with.
type tail struct {
	to io.Writer

	mu   sync.Mutex
	text []byte
}

const (
	tailSize     = 4096
	diskFullText = "No space left on device"
)

func (t *tail) says(text string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Contains(string(t.text), text)
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	t.text = append(t.text, b...)
	if n := len(t.text) - tailSize; n > 0 {
		t.text = append([]byte(nil), t.text[n:]...)
	}
	t.mu.Unlock()
	if t.to != nil {
		return t.to.Write(b)
	}
	return len(b), nil
}

// explain turns what Postgres said into one line that says what to do.
func (t *tail) explain(what, dir string, err error) error {
	t.mu.Lock()
	text := string(t.text)
	t.mu.Unlock()
	switch {
	case strings.Contains(text, diskFullText):
		return diskFull(dir)
	case strings.Contains(text, "error while loading shared libraries"), strings.Contains(text, "Library not loaded"):
		return fmt.Errorf("postgres: cannot %s: its binaries lack a library (%s): install Postgres from your system's packages, or delete the cached copy so that it is fetched again", what, lastWords(text))
	case strings.Contains(text, "could not create shared memory"), strings.Contains(text, "could not resize shared memory"):
		return fmt.Errorf("postgres: cannot %s: no shared memory left (%s): give the machine or container more (docker: --shm-size=256m)", what, lastWords(text))
	}
	return fmt.Errorf("postgres: cannot %s in %s: %w: %s", what, dir, err, lastWords(text))
}

// lastWords is the last line that says what was wrong.
func lastWords(text string) string {
	last := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, "FATAL") || strings.Contains(line, "PANIC") || strings.Contains(line, "error") {
			return line
		}
		if line != "" {
			last = line
		}
	}
	return last
}

// explainFile says what to do about a file that cannot be made or read.
func explainFile(name string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return diskFull(name)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("postgres: no permission for %s: run as its owner, or choose another directory (INFOHUS_DATA for data, XDG_CACHE_HOME for fetched programs): %w", name, err)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("postgres: %s is read-only: choose another directory (INFOHUS_DATA): %w", name, err)
	}
	return fmt.Errorf("postgres: %s: %w", name, err)
}

func diskFull(name string) error {
	return fmt.Errorf("postgres: the disk that holds %s is full: free some space (a new database takes 40 MB, a fetched server 120 MB) and start again: %w", name, syscall.ENOSPC)
}
