package local

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// OwnerAt gives the address of a running server for its superuser: address as
// another process has it, dir what that process gave as Options.Dir.
func OwnerAt(dir, address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", errors.New("postgres: the address of the running server cannot be read")
	}
	running, _ := filepath.Glob(filepath.Join(dir, "pg*", "postmaster.pid")) // the pattern is right
	if len(running) != 1 {
		return "", fmt.Errorf("postgres: no server runs on %s", dir)
	}
	file := passwordFile(filepath.Dir(running[0]))
	password, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("postgres: the owner's password: %w", err)
	}
	u.User = url.UserPassword(owner, strings.TrimSpace(string(password)))
	return u.String(), nil
}
