package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// choose picks the binaries: those given, else the newest that fit the data
// already there. Data of another major only is refused, because Postgres cannot
// read it and a new empty directory beside it would look like loss.
func (o Options) choose(dir string) (Binaries, error) {
	have := majors(dir)
	bin := o.Binaries
	if bin.Dir == "" {
		all, err := found()
		if err != nil {
			return bin, err
		}
		bin = all[0]
		if i := slices.IndexFunc(all, func(b Binaries) bool { return slices.Contains(have, b.Major) }); i >= 0 {
			bin = all[i]
		}
	}
	if len(have) > 0 && !slices.Contains(have, bin.Major) {
		return bin, fmt.Errorf("postgres: %s holds data of Postgres %d and the server here is Postgres %d (%s): install Postgres %[2]d or point PGBIN to it, or forget the data (make reset)",
			dir, have[0], bin.Major, bin.Dir)
	}
	return bin, nil
}

// majors lists the majors whose finished data directories lie in dir, newest
// first.
func majors(dir string) []int {
	var have []int
	entries, _ := os.ReadDir(dir) // none: no data
	for _, e := range entries {
		n, ok := strings.CutPrefix(e.Name(), "pg")
		if m, err := strconv.Atoi(n); ok && err == nil && e.IsDir() {
			have = append(have, m)
		}
	}
	slices.SortFunc(have, func(a, b int) int { return b - a })
	return have
}

func passwordFile(data string) string { return data + ".password" }

// initialise makes the data directory when there is none. It is made under
// another name and renamed when it is whole, so that an interrupted first start
// leaves nothing that looks finished.
func initialise(ctx context.Context, bin Binaries, data string, as identity) error {
	if v, err := os.ReadFile(filepath.Join(data, "PG_VERSION")); err == nil {
		if got := strings.TrimSpace(string(v)); got != strconv.Itoa(bin.Major) {
			return fmt.Errorf("postgres: %s says it is of Postgres %s: it was moved or renamed by hand; put it back as pg%[2]s", data, got)
		}
		return as.owns(data)
	} else if !errors.Is(err, os.ErrNotExist) {
		return explainFile(data, err)
	}
	if _, err := os.Stat(data); err == nil {
		return fmt.Errorf("postgres: %s is not a Postgres data directory (PG_VERSION is missing): put a backup back, or forget it (make reset)", data)
	}
	raw := data + ".new"
	if err := os.RemoveAll(raw); err != nil {
		return explainFile(raw, err)
	}
	if err := as.mkdir(raw); err != nil {
		return explainFile(raw, err)
	}
	defer os.RemoveAll(raw)
	password := rand.Text()
	if err := initdb(ctx, bin, raw, password, as); err != nil {
		return err
	}
	if err := writeSecret(passwordFile(data), password); err != nil {
		return explainFile(passwordFile(data), err)
	}
	if err := os.Rename(raw, data); err != nil {
		return explainFile(data, err)
	}
	return syncDir(filepath.Dir(data))
}

func initdb(ctx context.Context, bin Binaries, raw, password string, as identity) error {
	secret, err := makeSocketDir(as) // a place that only the server's user can read
	if err != nil {
		return err
	}
	defer os.RemoveAll(secret)
	file := filepath.Join(secret, "password")
	if err := writeSecret(file, password); err != nil {
		return explainFile(file, err)
	}
	if err := as.give(file); err != nil {
		return explainFile(file, err)
	}
	cmd := as.command(bin, "initdb", append([]string{"-D", raw, "-U", owner, "--auth=scram-sha-256", "--pwfile=" + file,
		"--encoding=UTF8", "--data-checksums", "--no-instructions"}, localeFlags...)...)
	out := &tail{}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("postgres: cannot run %s: %w", cmd.Path, err)
	}
	stop := context.AfterFunc(ctx, func() { cmd.Process.Signal(os.Interrupt) })
	defer stop()
	if err := cmd.Wait(); err != nil {
		return out.explain("make its data directory", raw, errors.Join(ctx.Err(), err))
	}
	return nil
}

// pidFile is what a running or crashed server leaves in its data directory.
type pidFile struct {
	pid    int
	status string
}

func readPidFile(data string) (pidFile, error) {
	b, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return pidFile{}, err
	}
	lines := append(strings.Split(string(b), "\n"), make([]string, 8)...)
	pid, _ := strconv.Atoi(strings.TrimSpace(lines[0])) // torn: 0, nobody's
	return pidFile{pid: pid, status: strings.TrimSpace(lines[7])}, nil
}

// clearLeftovers deals with the pid file of a server whose hub has died. We
// hold the directory's lock, so no other hub is using it: a server that is still
// there is an orphan and is asked to stop; a pid that is now somebody else's
// (after a reboot, in a container) would make Postgres refuse for ever.
func clearLeftovers(ctx context.Context, data string) error {
	p, err := readPidFile(data)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return explainFile(data, err)
	}
	if !serves(p.pid, data) {
		return os.Remove(filepath.Join(data, "postmaster.pid"))
	}
	syscall.Kill(p.pid, syscall.SIGINT)
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for serves(p.pid, data) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("postgres: a server that lost its hub, process %d, still uses %s and does not stop: end it with kill %[1]d and start again", p.pid, data)
		case <-tick.C:
		}
	}
	return nil
}

// serves reports whether the process is a Postgres on this data directory.
func serves(pid int, data string) bool {
	if pid <= 1 || syscall.Kill(pid, 0) == syscall.ESRCH {
		return false
	}
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		line, err = exec.Command("ps", "-o", "args=", "-p", strconv.Itoa(pid)).Output() // no /proc, as on macOS
	}
	return err == nil && strings.Contains(string(line), "postgres") && strings.Contains(string(line), data)
}

// lockDir holds the directory for this process. The kernel lets go when the
// process ends however it ends, so a lock file left behind locks nothing. In it
// stands the socket's directory, for the next start to clear away.
func lockDir(dir string, as identity) (*os.File, error) {
	name := filepath.Join(dir, "lock")
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, explainFile(name, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("postgres: %s %w", dir, errBusy)
	}
	if as.drop { // an ordinary user's directory stays usable for them after root
		if err := f.Chown(as.uid, as.gid); err != nil {
			f.Close()
			return nil, explainFile(name, err)
		}
	}
	return f, nil
}

// clearSocket removes the socket's directory that a killed hub left, and notes
// the new one.
func clearSocket(lock *os.File, socket string, as identity) error {
	old := make([]byte, 100)
	n, _ := lock.ReadAt(old, 0) // short: all there is
	left := strings.TrimSpace(string(old[:n]))
	if uid, _, err := ownerOf(left); err == nil && uid == as.uid && filepath.Dir(left) == "/tmp" && strings.HasPrefix(filepath.Base(left), socketPrefix) {
		os.RemoveAll(left)
	}
	if err := lock.Truncate(0); err != nil {
		return explainFile(lock.Name(), err)
	}
	if _, err := lock.WriteAt([]byte(socket+"\n"), 0); err != nil {
		return explainFile(lock.Name(), err)
	}
	return nil
}

// socketPrefix begins the names of our directories below /tmp.
const socketPrefix = "infohus-pg-"

// makeSocketDir makes a directory for the socket that only the server's user
// can enter. It lies below /tmp and not with the data, because the path of a
// socket may have no more than 103 bytes.
func makeSocketDir(as identity) (string, error) {
	dir, err := os.MkdirTemp("/tmp", socketPrefix) // 0700
	if err != nil {
		return "", explainFile("/tmp", err)
	}
	if err := as.give(dir); err != nil {
		os.RemoveAll(dir)
		return "", explainFile(dir, err)
	}
	return dir, nil
}

func writeSecret(name, text string) error {
	os.Remove(name) // of an earlier attempt
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text + "\n")
	return errors.Join(err, f.Sync(), f.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return explainFile(dir, err)
	}
	return errors.Join(d.Sync(), d.Close())
}
