package local

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// oldest is the oldest major that the schema is written for and tested on.
const oldest = 15

// ErrNone says that this machine has no Postgres that would do; [Fetch] brings
// one.
var ErrNone = errors.New("postgres: no Postgres server of version 15 or later on this machine: install one (Debian, Ubuntu: apt-get install postgresql), point PGBIN to the directory of its initdb and postgres, or let the set-up fetch one")

// Binaries is a directory with Postgres' server programs.
type Binaries struct {
	Dir     string // holds initdb and postgres
	Major   int    // such as 18
	Version string // such as "18.4"
	Fetched bool   // a copy brought by Fetch: a beta with old libraries, for development only
}

// Find looks for Postgres' server programs: in $PGBIN (and then nowhere else),
// where Debian, Red Hat, Homebrew, MacPorts and Postgres.app put them (the
// newest first), on the PATH, and last in the copy that [Fetch] made in
// [CacheDir]. Without any it is [ErrNone].
func Find() (Binaries, error) {
	all, err := found()
	if err != nil {
		return Binaries{}, err
	}
	return all[0], nil
}

// places are where packages put the server programs, as patterns.
var places = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql@*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
	"/opt/local/lib/postgresql*/bin",
	"/usr/local/pgsql/bin",
}

// found lists what [Find] chooses from, best first; never empty without an error.
func found() ([]Binaries, error) {
	if dir := os.Getenv("PGBIN"); dir != "" {
		b, err := at(dir)
		if err != nil {
			return nil, fmt.Errorf("postgres: PGBIN: %w", err)
		}
		return []Binaries{b}, nil
	}
	var all []Binaries
	add := func(dir string) bool {
		b, err := at(dir) // what does not run here is not there
		if err == nil && b.Major >= oldest {
			all = append(all, b)
		}
		return err == nil
	}
	for _, p := range places {
		dirs, _ := filepath.Glob(p) // fails on a malformed pattern only
		for _, d := range dirs {
			add(d)
		}
	}
	slices.SortStableFunc(all, func(a, b Binaries) int { return b.Major - a.Major })
	if p, err := exec.LookPath("postgres"); err == nil {
		add(filepath.Dir(p))
	}
	if p, err := exec.LookPath("initdb"); err == nil { // Debian links only the tools
		if p, err = filepath.EvalSymlinks(p); err == nil {
			add(filepath.Dir(p))
		}
	}
	if n := len(all); add(cached(CacheDir())) && len(all) > n {
		all[n].Fetched = true
	}
	if len(all) == 0 {
		return nil, ErrNone
	}
	return all, nil
}

// at looks at one directory.
func at(dir string) (Binaries, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Binaries{}, err
	}
	for _, tool := range []string{"initdb", "postgres"} {
		i, err := os.Stat(filepath.Join(dir, tool))
		if err != nil || i.IsDir() || i.Mode()&0o111 == 0 {
			return Binaries{}, fmt.Errorf("%s has no program %s: name the directory of Postgres' server programs, such as /usr/lib/postgresql/18/bin", dir, tool)
		}
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").CombinedOutput()
	if err != nil {
		return Binaries{}, fmt.Errorf("%s does not run: %w: %s", filepath.Join(dir, "postgres"), err, lastWords(string(out)))
	}
	// postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1); a beta is 19beta1
	words := strings.Fields(string(out))
	if len(words) < 3 {
		return Binaries{}, fmt.Errorf("%s is not Postgres: it says %q", filepath.Join(dir, "postgres"), out)
	}
	digits := strings.IndexFunc(words[2]+".", func(r rune) bool { return r < '0' || r > '9' })
	major, err := strconv.Atoi(words[2][:digits])
	if err != nil {
		return Binaries{}, fmt.Errorf("%s is of an unknown version, %q", filepath.Join(dir, "postgres"), words[2])
	}
	return Binaries{Dir: dir, Major: major, Version: words[2]}, nil
}

// CacheDir is where a fetched copy is kept, for all hubs of this user: the
// user's cache directory, or for root /var/cache, because the user that the
// server is run as must reach it.
func CacheDir() string {
	if os.Getuid() == 0 {
		return "/var/cache/infohus/postgres"
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = filepath.Join(os.TempDir(), fmt.Sprintf("cache-%d", os.Getuid()))
	}
	return filepath.Join(dir, "infohus", "postgres")
}
