package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/infohus/infohus/pkg/host"
)

// data is the directory of everything embedded. It can be entered by others,
// because Postgres may run as another user; what lies in it cannot.
type data string

func (d data) postgres() string      { return filepath.Join(string(d), "postgres") }
func (d data) nats() string          { return filepath.Join(string(d), "nats") }
func (d data) keys() string          { return filepath.Join(string(d), "keys") }
func (d data) idp() string           { return filepath.Join(string(d), "idp") }
func (d data) secrets() host.Secrets { return host.Secrets(filepath.Join(string(d), "secrets")) }
func (d data) demo() string          { return filepath.Join(string(d), "demo") }     // "begun", then "done"
func (d data) running() string       { return filepath.Join(string(d), "running") }  // how to reach the servers of the hub that runs
func (d data) marker() string        { return filepath.Join(string(d), "embedded") } // says that all of it is make run's, and may be forgotten
func (d data) lockFile() string      { return filepath.Join(string(d), "lock") }

// errRuns says that a hub runs on the data.
var errRuns = errors.New("another hub runs on this data")

// lock takes the directory for one hub. The lock is the kernel's and ends with
// the process, so none is ever left over.
func (d data) lock() (unlock func(), err error) {
	if err := os.MkdirAll(string(d), 0o755); err != nil {
		return nil, d.explain(err)
	}
	f, err := os.OpenFile(d.lockFile(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, d.explain(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w (%s): stop it, or give this one a directory of its own (INFOHUS_DATA) and an address (INFOHUS_LISTEN)", errRuns, d)
		}
		return nil, d.explain(err)
	}
	return func() { f.Close() }, nil
}

func (d data) explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("no permission for %s: choose another directory with INFOHUS_DATA, or start as its owner: %w", d, err)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("the disk that holds %s is full: free some space and start again: %w", d, err)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%s is read-only: choose another directory with INFOHUS_DATA: %w", d, err)
	}
	return fmt.Errorf("%s: %w", d, err)
}

// servers is how another command reaches the private servers of a hub that
// runs.
type servers struct {
	Postgres string `json:"postgres"` // without a user
}

func (d data) writeRunning(s servers) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.running(), b, 0o600); err != nil {
		return d.explain(err)
	}
	return nil
}

func (d data) readRunning() (servers, error) {
	var s servers
	b, err := os.ReadFile(d.running())
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		return s, fmt.Errorf("no hub runs on %s: start one with infohus run", d)
	}
	return s, nil
}

// mark says that the directory is the embedded hub's own. It refuses one that
// holds another hub's keys: those are of people, and not for us to touch.
func (d data) mark() error {
	if _, err := os.Stat(d.marker()); err == nil {
		return nil
	}
	if _, err := os.Stat(d.keys()); err == nil {
		return fmt.Errorf("%s holds the keys of a hub on servers of its own: choose another directory with INFOHUS_DATA", d)
	}
	if err := os.WriteFile(d.marker(), nil, 0o600); err != nil {
		return d.explain(err)
	}
	return nil
}

// forget removes everything embedded, and nothing else that may lie there. The
// caller holds the lock.
func (d data) forget() error {
	if _, err := os.Stat(d.marker()); err != nil {
		return fmt.Errorf("%s is not the data of an embedded hub: nothing was removed", d)
	}
	var problems []error
	for _, name := range []string{d.postgres(), d.nats(), d.keys(), d.idp(), string(d.secrets()), d.demo(), d.running(), filepath.Join(string(d), "log")} {
		problems = append(problems, os.RemoveAll(name))
	}
	return errors.Join(problems...)
}
