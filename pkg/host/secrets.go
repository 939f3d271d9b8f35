package host

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/infohus/infohus/pkg/bus"
)

// Secrets is the directory of credentials: a file for each room and technology
// ("intake.postgres", "intake.nats"), readable by its owner alone, with one
// line "user:password". A process that runs one room needs that room's files
// only. The files "owner.postgres" and "admin.nats" are what setup signs in
// with; a running hub neither needs nor reads them.
type Secrets string

// Technologies that need credentials.
const (
	postgres = "postgres"
	stream   = "nats"
)

// Owner is the name of the credentials that setup signs in to Postgres with.
const Owner = "owner"

// Make draws passwords for the database roles of rooms and for the users of the
// stream, where they have none yet. What is there stays.
func (s Secrets) Make(rooms ...string) error {
	if err := os.MkdirAll(string(s), 0o700); err != nil {
		return fmt.Errorf("secrets: %w", err)
	}
	for _, room := range rooms {
		if err := s.make(room, postgres); err != nil {
			return err
		}
	}
	for _, user := range bus.Users() {
		if err := s.make(user, stream); err != nil {
			return err
		}
	}
	return nil
}

func (s Secrets) make(room, tech string) error {
	file := s.file(room, tech)
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	var b [20]byte
	rand.Read(b[:]) // never fails: it ends the process instead
	password := strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
	return s.write(file, []byte(room+":"+password+"\n"))
}

// write writes a file whole or not at all: half a password would lock the room
// out.
func (s Secrets) write(file string, text []byte) error {
	half := file + ".new"
	if err := os.WriteFile(half, text, 0o600); err != nil {
		return fmt.Errorf("secrets: %w", err)
	}
	if err := os.Rename(half, file); err != nil {
		return fmt.Errorf("secrets: %w", err)
	}
	return nil
}

// read reads a file that only its owner may read.
func (s Secrets) read(file string) ([]byte, error) {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("secrets: no file %s: run infohus setup accounts: %w", file, err)
	case err != nil:
		return nil, fmt.Errorf("secrets: %w", err)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("secrets: others may read %s: chmod 600 %s", file, file)
	}
	return os.ReadFile(file)
}

// Get reads the user and password of a room for a technology. A file that
// others may read is refused.
func (s Secrets) Get(room, tech string) (user, password string, err error) {
	file := s.file(room, tech)
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", "", fmt.Errorf("secrets: no file %s: run infohus setup, or write one line user:password into it", file)
	case err != nil:
		return "", "", fmt.Errorf("secrets: %w", err)
	case info.Mode().Perm()&0o077 != 0:
		return "", "", fmt.Errorf("secrets: others may read %s: chmod 600 %s", file, file)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", "", fmt.Errorf("secrets: %w", err)
	}
	user, password, ok := strings.Cut(strings.TrimSpace(string(b)), ":")
	if !ok || user == "" || password == "" {
		return "", "", fmt.Errorf("secrets: %s: write one line user:password", file)
	}
	return user, password, nil
}

// Passwords reads the passwords of rooms for a technology.
func (s Secrets) Passwords(tech string, rooms ...string) (map[string]string, error) {
	all := map[string]string{}
	for _, room := range rooms {
		user, password, err := s.Get(room, tech)
		if err != nil {
			return nil, err
		}
		if user != room {
			return nil, fmt.Errorf("secrets: %s names the user %q: a room signs in as itself, so that the server knows which room speaks; write %s:password", s.file(room, tech), user, room)
		}
		all[room] = password
	}
	return all, nil
}

func (s Secrets) file(room, tech string) string { return filepath.Join(string(s), room+"."+tech) }
