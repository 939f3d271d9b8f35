package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// cannot says that a test cannot run on this machine: loudly, and as a failure
// where everything must run.
func cannot(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal("CANNOT RUN: " + why)
	}
	t.Skip("CANNOT RUN: " + why)
}

// place is a directory that the server's user can reach, also for root
// (t.TempDir lies in one closed to others).
func place(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "local-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// each runs a test with the oldest and the newest Postgres found here: those
// installed, and the one fetched.
func each(t *testing.T, f func(t *testing.T, bin Binaries)) {
	all, err := found()
	if errors.Is(err, ErrNone) {
		cannot(t, err.Error())
	} else if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, b := range all {
		if !seen[b.Major] {
			seen[b.Major] = true
			t.Run(fmt.Sprintf("pg%d", b.Major), func(t *testing.T) { f(t, b) })
		}
	}
}

func start(t *testing.T, o Options) *Server {
	t.Helper()
	began := time.Now()
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("started in %v", time.Since(began).Round(time.Millisecond))
	t.Cleanup(func() { s.Stop() })
	return s
}

func exec1(t *testing.T, dsn, sql string) string {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.WithoutCancel(t.Context()))
	if !strings.HasPrefix(sql, "select") && !strings.HasPrefix(sql, "show") {
		if _, err := c.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
		return ""
	}
	var v string
	if err := c.QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

const remember = "create table told (word text primary key); insert into told values ('once')"

func TestStartsStopsAndFindsItsData(t *testing.T) {
	each(t, func(t *testing.T, bin Binaries) {
		o := Options{Dir: filepath.Join(place(t), "data"), Binaries: bin}
		s := start(t, o)
		exec1(t, s.Owner(), remember)
		for _, want := range [][2]string{{"data_checksums", "on"}, {"listen_addresses", ""}, {"fsync", "on"}, {"synchronous_commit", "on"}, {"full_page_writes", "on"}} {
			if got := exec1(t, s.Owner(), "show "+want[0]); got != want[1] {
				t.Errorf("%s is %q, want %q", want[0], got, want[1])
			}
		}
		if _, err := pgx.Connect(t.Context(), s.DSN(owner, "wrong", "postgres")); err == nil {
			t.Error("a wrong password was let in")
		}
		if i, err := os.Stat(s.socket); err != nil || i.Mode().Perm() != 0o700 {
			t.Errorf("socket directory: %v, %v", i.Mode(), err)
		}
		began := time.Now()
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		t.Logf("stopped in %v", time.Since(began).Round(time.Millisecond))
		if _, err := os.Stat(s.socket); err == nil {
			t.Error("the socket directory was left behind")
		}
		<-s.Done()
		if err := s.Stop(); err != nil {
			t.Error("the second Stop:", err)
		}
		s = start(t, o)
		if got := exec1(t, s.Owner(), "select word from told"); got != "once" {
			t.Errorf("found %q after a restart", got)
		}
		if s.Major != bin.Major {
			t.Errorf("Major is %d", s.Major)
		}
	})
}

func TestKilledServerIsRecovered(t *testing.T) {
	each(t, func(t *testing.T, bin Binaries) {
		o := Options{Dir: place(t), Binaries: bin}
		s := start(t, o)
		exec1(t, s.Owner(), remember)
		s.process.Kill()
		<-s.Done()
		if s.Stop() == nil {
			t.Error("a killed server is said to have ended well")
		}
		s = start(t, o)
		if got := exec1(t, s.Owner(), "select word from told"); got != "once" {
			t.Errorf("found %q", got)
		}
	})
}

// TestHub is not a test: TestKilledHub runs it as the hub that dies, and
// TestRunsAs as the hub of an ordinary user.
func TestHub(t *testing.T) {
	dir := os.Getenv("LOCAL_TEST_HUB")
	if dir == "" {
		return
	}
	s, err := Start(t.Context(), Options{Dir: dir})
	if err != nil {
		fmt.Println("FAILED", err)
		return
	}
	fmt.Println("DSN", s.Owner())
	io.Copy(io.Discard, os.Stdin) // until told to stop, or killed
	if err := s.Stop(); err != nil {
		fmt.Println("FAILED", err)
	}
}

// hub runs TestHub in a process of its own, as the identity, and returns its
// server's address.
func hub(t *testing.T, dir string, as identity) (cmd *exec.Cmd, stop func(), dsn string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(place(t), "hub") // go test's own directory is closed to others
	text, err := os.ReadFile(self)
	if err == nil {
		err = os.WriteFile(copied, text, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	os.Chmod(filepath.Dir(copied), 0o755)
	cmd = exec.Command(copied, "-test.run=^TestHub$")
	cmd.Dir, cmd.SysProcAttr = "/", as.attributes()
	bin, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), "LOCAL_TEST_HUB="+dir, "HOME=/nonexistent", "XDG_CACHE_HOME=/nonexistent", "PGBIN="+bin.Dir)
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() { in.Close(); cmd.Wait() })
	t.Cleanup(stop)
	line := make([]byte, 4096)
	n, _ := out.Read(line)
	dsn, ok := strings.CutPrefix(strings.TrimSpace(string(line[:n])), "DSN ")
	if !ok {
		t.Fatalf("the other hub said %q", line[:n])
	}
	return cmd, stop, dsn
}

func TestKilledHub(t *testing.T) {
	if _, err := Find(); err != nil {
		cannot(t, err.Error())
	}
	dir := place(t)
	cmd, _, dsn := hub(t, dir, identity{})
	exec1(t, dsn, remember)

	if _, err := Start(t.Context(), Options{Dir: dir}); !errors.Is(err, errBusy) {
		t.Errorf("a second hub on the same data: %v", err)
	}
	data, _ := filepath.Glob(filepath.Join(dir, "pg??"))
	pid, err := readPidFile(data[0])
	if err != nil || !serves(pid.pid, data[0]) {
		t.Fatalf("the hub's server is not to be seen: %+v, %v", pid, err)
	}
	left, err := os.ReadFile(filepath.Join(dir, "lock")) // where its socket is
	if err != nil {
		t.Fatal(err)
	}
	cmd.Process.Kill()
	if runtime.GOOS == "linux" {
		s := start(t, Options{Dir: dir}) // at once: the server is still stopping
		s.Stop()
		cmd, _, dsn = hub(t, dir, identity{})
		exec1(t, dsn, "select word from told")
		if pid, err = readPidFile(data[0]); err != nil {
			t.Fatal(err)
		}
		cmd.Process.Kill()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		for tick := time.NewTicker(5 * time.Millisecond); serves(pid.pid, data[0]); {
			select {
			case <-ctx.Done():
				t.Fatal("the server outlives its hub")
			case <-tick.C:
			}
		}
	}
	s := start(t, Options{Dir: dir})
	if _, err := os.Stat(strings.TrimSpace(string(left))); err == nil {
		t.Errorf("the killed hub's socket directory %s is still there", left)
	}
	if got := exec1(t, s.Owner(), "select word from told"); got != "once" {
		t.Errorf("found %q", got)
	}
}

func TestRunsAs(t *testing.T) {
	bin, err := Find()
	if err != nil {
		cannot(t, err.Error())
	}
	as, err := whoRuns("/nonexistent")
	if err != nil {
		cannot(t, err.Error())
	}
	t.Run("ordinary user", func(t *testing.T) {
		dir := place(t)
		if err := as.give(dir); err != nil {
			t.Fatal(err)
		}
		if err := as.reaches(bin.Dir); err != nil {
			cannot(t, err.Error())
		}
		_, stop, dsn := hub(t, dir, as)
		exec1(t, dsn, remember)
		stop()
		if as.drop { // root takes over an ordinary user's data, and gives it back usable
			s := start(t, Options{Dir: dir})
			exec1(t, s.Owner(), "select word from told")
			s.Stop()
			_, _, dsn = hub(t, dir, as)
			exec1(t, dsn, "select word from told")
		}
	})
	t.Run("root", func(t *testing.T) {
		if os.Getuid() != 0 {
			cannot(t, "not run as root, so that dropping to another user cannot be tried")
		}
		s := start(t, Options{Dir: place(t)})
		uid, _, err := ownerOf(fmt.Sprintf("/proc/%d", s.process.Pid))
		if err != nil || uid != as.uid {
			t.Errorf("the server runs as %d, want %d (%v)", uid, as.uid, err)
		}
	})
	t.Run("root in a closed directory", func(t *testing.T) {
		if os.Getuid() != 0 {
			cannot(t, "not run as root, so that dropping to another user cannot be tried")
		}
		closed := t.TempDir()
		os.Chmod(closed, 0o700)
		_, err := Start(t.Context(), Options{Dir: filepath.Join(closed, "data")})
		oneLine(t, err, "because", "is closed to others", "INFOHUS_DATA")
	})
}

func oneLine(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if strings.Contains(strings.TrimSpace(err.Error()), "\n") {
		t.Errorf("more than one line: %v", err)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q is not in: %v", w, err)
		}
	}
}

func TestLeftovers(t *testing.T) {
	each(t, func(t *testing.T, bin Binaries) {
		o := Options{Dir: place(t), Binaries: bin}
		data := filepath.Join(o.Dir, fmt.Sprintf("pg%d", bin.Major))
		if err := os.MkdirAll(filepath.Join(data+".new", "base"), 0o700); err != nil { // an interrupted first start
			t.Fatal(err)
		}
		s := start(t, o)
		exec1(t, s.Owner(), remember)
		pid, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
		if err != nil {
			t.Fatal(err)
		}
		s.Stop()

		// The pid of the old server is now another program's, of the same user.
		as, err := whoRuns(data)
		if err != nil {
			t.Fatal(err)
		}
		other := exec.Command("sleep", "60")
		other.SysProcAttr = as.attributes()
		if err := other.Start(); err != nil {
			t.Fatal(err)
		}
		defer other.Process.Kill()
		_, rest, _ := strings.Cut(string(pid), "\n")
		for _, text := range []string{fmt.Sprintf("%d\n%s", other.Process.Pid, rest), "", "garbage"} {
			name := filepath.Join(data, "postmaster.pid")
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			as.give(name)
			s := start(t, o)
			exec1(t, s.Owner(), "select word from told")
			s.Stop()
		}
		if err := other.Process.Signal(syscall.Signal(0)); err != nil {
			t.Error("the other program was hurt:", err)
		}
	})
}

func TestSaysWhatToDo(t *testing.T) {
	tool := func(t *testing.T, dir, name, script string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	fake := func(t *testing.T, initdb string) Binaries {
		dir := place(t)
		os.Chmod(dir, 0o755)
		tool(t, dir, "initdb", initdb)
		tool(t, dir, "postgres", "echo 'postgres (PostgreSQL) 17.2 (Test)'")
		b, err := at(dir)
		if err != nil || b.Major != 17 || b.Version != "17.2" {
			t.Fatalf("%+v, %v", b, err)
		}
		return b
	}
	t.Run("other major", func(t *testing.T) {
		dir := place(t)
		os.Mkdir(filepath.Join(dir, "pg14"), 0o700)
		_, err := Start(t.Context(), Options{Dir: dir, Binaries: fake(t, "exit 1")})
		oneLine(t, err, "data of Postgres 14", "Postgres 17", "install Postgres 14", "make reset")
	})
	t.Run("full disk", func(t *testing.T) {
		dir := place(t)
		_, err := Start(t.Context(), Options{Dir: dir, Binaries: fake(t, "echo 'initdb: error: could not write: No space left on device' >&2; exit 1")})
		oneLine(t, err, "disk", "is full", "free some space")
		if majors(dir) != nil {
			t.Error("a half-made data directory was left")
		}
	})
	t.Run("missing library", func(t *testing.T) {
		_, err := Start(t.Context(), Options{Dir: place(t), Binaries: fake(t, "echo 'initdb: error while loading shared libraries: libicui18n.so.60' >&2; exit 127")})
		oneLine(t, err, "libicui18n.so.60", "install Postgres")
	})
	t.Run("missing tool", func(t *testing.T) {
		t.Setenv("PGBIN", t.TempDir())
		_, err := Start(t.Context(), Options{Dir: place(t)})
		oneLine(t, err, "PGBIN", "has no program initdb", "name the directory")
	})
	t.Run("not a data directory", func(t *testing.T) {
		dir := place(t)
		os.Mkdir(filepath.Join(dir, "pg17"), 0o700)
		_, err := Start(t.Context(), Options{Dir: dir, Binaries: fake(t, "exit 1")})
		oneLine(t, err, "PG_VERSION", "make reset")
	})
	t.Run("bad setting", func(t *testing.T) {
		bin, err := Find()
		if err != nil {
			cannot(t, err.Error())
		}
		_, err = Start(t.Context(), Options{Dir: place(t), Binaries: bin, Settings: map[string]string{"shared_buffers": "many"}})
		oneLine(t, err, "FATAL", "shared_buffers")
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		dir := place(t)
		_, err := Start(ctx, Options{Dir: dir, Binaries: fake(t, "exec sleep 60")})
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// TestLogShowsNoValues makes slow statements and errors with a value in them,
// and looks for it in the log. A088 in part: the slow-query log.
func TestLogShowsNoValues(t *testing.T) {
	each(t, func(t *testing.T, bin Binaries) {
		var log bytes.Buffer
		s := start(t, Options{Dir: place(t), Binaries: bin, Log: &log, Settings: map[string]string{"log_min_duration_statement": "0"}})
		exec1(t, s.Owner(), "create table told (word text primary key)")
		c, err := pgx.Connect(t.Context(), s.Owner())
		if err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]any{{"insert into told values ($1)", "canary"}, {"insert into told values ($1)", "canary"}, {"select $1::text::int", "canary"}, {"select 'canary'::int"}} {
			c.Exec(t.Context(), args[0].(string), args[1:]...) // most fail, which is the point
		}
		c.Close(t.Context())
		s.Stop()
		for _, want := range []string{"ready to accept connections", "insert into told values ($1)"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log lacks %q: %s", want, &log)
			}
		}
		if strings.Contains(log.String(), "canary") {
			t.Errorf("the log shows a value: %s", &log)
		}
	})
}
