package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/bus"
	"github.com/infohus/infohus/pkg/host"
	"github.com/infohus/infohus/pkg/hubtest"
)

// A process of the split hub is this test binary, begun again: it runs what
// infohus run runs, with two things of the test's own: the clock, and issuers
// that the structure file could not name because they are not https.
const (
	roomEnv   = "INFOHUS_TEST_RUN"    // what to run: "keys", "door" or a room
	clockEnv  = "INFOHUS_TEST_NOW"    // the time at the start
	issuerEnv = "INFOHUS_TEST_ISSUER" // where the issuers are, each under its authority's id
)

// beRoom is main in such a process. It ends when its standard input does. A line
// there is a time: the clock is set to it, the chores that are due are done, and
// a line says what came of it.
func beRoom(as string) int {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	lines := make(chan string)
	go func() {
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			lines <- in.Text()
		}
		stop()
	}()
	err := func() error {
		if as == host.Keys || as == host.Door {
			return run(ctx, []string{as})
		}
		return runRoom(ctx, as, lines)
	}()
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "infohus:", oneLine(err))
		return 1
	}
	return 0
}

func runRoom(ctx context.Context, as string, lines <-chan string) error {
	s, err := host.Environment(os.Environ())
	if err != nil {
		return err
	}
	if err := s.Whole(others()...); err != nil {
		return err
	}
	c, err := apart(s, []string{as})
	if err != nil {
		return err
	}
	var now atomic.Pointer[time.Time]
	set := func(text string) error {
		at, err := time.Parse(time.RFC3339Nano, text)
		now.Store(&at)
		return err
	}
	if err := set(os.Getenv(clockEnv)); err != nil {
		return err
	}
	for i := range c.Site.Issuers {
		u, err := url.Parse(c.Site.Issuers[i].URL)
		if err != nil {
			return err
		}
		c.Site.Issuers[i].URL = os.Getenv(issuerEnv) + "/" + strings.TrimSuffix(u.Host, ".example")
		c.Site.Issuers[i].Audience = "infohus-api"
	}
	telemetry, err := host.StartTelemetry(ctx, os.Stderr, true)
	if err != nil {
		return err
	}
	c.Log, c.Now, c.Still = telemetry.Log, func() time.Time { return *now.Load() }, true
	h, err := host.Open(ctx, c)
	if err != nil {
		return err
	}
	go func() {
		for line := range lines {
			err := set(line)
			if err == nil {
				err = h.Tick(ctx)
			}
			fmt.Println("done", err)
		}
	}()
	return errors.Join(serveApart(ctx, s, []string{as}, h, telemetry), h.Close())
}

// apartHub is a hub whose keys, door and rooms are each a process.
type apartHub struct {
	*hubtest.Hub
	t     *testing.T
	env   []string
	door  string // host:port
	empty []string
	procs map[string]*process
}

type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
	log logged
}

// logged is what a process has logged, and whether that it is ready.
type logged struct {
	mu    sync.Mutex
	text  bytes.Buffer
	ready chan struct{} // closed when it has said so
	heard bool
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(b)
	if !l.heard && (bytes.Contains(l.text.Bytes(), []byte(`"msg":"ready"`)) || bytes.Contains(l.text.Bytes(), []byte("msg=ready "))) {
		l.heard = true
		close(l.ready)
	}
	return len(b), nil
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// theApart is the hub of TestVolumeRoomsApart while it runs.
var theApart atomic.Pointer[apartHub]

// apartFor is the split hub for a subtest of TestVolumeRoomsApart, nil for any other
// test.
func apartFor(t *testing.T) *apartHub {
	if !strings.HasPrefix(t.Name(), "TestVolumeRoomsApart/") {
		return nil
	}
	return theApart.Load()
}

func openApartHub(t *testing.T) *apartHub {
	t.Helper()
	a := &apartHub{Hub: hubtest.Prepare(t, hubtest.Options{Services: rooms(), TCP: true}), t: t, procs: map[string]*process{}}
	a.empty = a.tables()
	secrets := filepath.Join(a.Dir, "secrets")
	if err := os.Mkdir(secrets, 0o700); err != nil {
		t.Fatal(err)
	}
	owner, err := url.Parse(a.Owner())
	if err != nil || owner.Scheme == "" {
		t.Fatalf("the tests' Postgres has no address with a scheme: %v", err)
	}
	owner.User = nil
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(secrets, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, room := range host.Names(rooms()) {
		u, err := url.Parse(a.Room(room))
		if err != nil {
			t.Fatal(err)
		}
		write(room+".postgres", u.User.String())
		if slices.Contains(bus.Rooms(), room) {
			write(room+".nats", a.Bus(room).User+":"+a.Bus(room).Password)
		}
	}
	if err := host.Secrets(secrets).Certify(time.Now(), append(others(), host.Door)...); err != nil {
		t.Fatal(err)
	}
	var at []string
	for _, name := range others() {
		at = append(at, name+"="+freePort(t))
	}
	a.door = freePort(t)
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "INFOHUS_") && !strings.HasPrefix(e, "OTEL_") {
			a.env = append(a.env, e)
		}
	}
	a.env = append(a.env, "INFOHUS_ROOMS="+strings.Join(at, ","), "INFOHUS_SECRETS="+secrets, "INFOHUS_STRUCTURE="+writeFile(t, realDemo()),
		"INFOHUS_POSTGRES_URL="+owner.String(), "INFOHUS_NATS_URL="+a.NATS.URL(), "INFOHUS_DATA="+filepath.Join(a.Dir, "data"),
		"INFOHUS_ORIGIN=https://hub.test", "INFOHUS_LISTEN="+a.door, issuerEnv+"="+strings.TrimSuffix(a.Issuer.URL(""), "/"))
	a.Behind(a.front(), a.tick)
	t.Cleanup(func() {
		for _, p := range a.procs { // all at once, then each
			p.in.Close()
		}
		for _, name := range slices.Sorted(maps.Keys(a.procs)) {
			a.end(name)
		}
	})
	a.start(append(others(), host.Door)...)
	a.ready()
	return a
}

// tables lists the tables that nothing is in yet.
func (a *apartHub) tables() []string {
	var empty []string
	for _, row := range a.SQL(`select format('%I.%I', schemaname, tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`) {
		if row[0] != "access.revision" && row[0] != "access.policy" && a.One("select exists (select from "+row[0]+")") == "f" {
			empty = append(empty, row[0])
		}
	}
	return empty
}

// begin is a script on the split hub, with nothing left of the last one.
func (a *apartHub) begin(t *testing.T) *script {
	t.Helper()
	a.For(t)
	a.Settle()
	a.SQL("truncate " + strings.Join(a.empty, ", ") + " restart identity")
	return &script{t, a.Hub, map[string]*hubtest.Client{}}
}

// front sends what a client asks to the door, over the network.
func (a *apartHub) front() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: a.door})
			p.Out.Host = p.In.Host
			for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "Forwarded"} {
				if v := p.In.Header.Values(name); len(v) > 0 {
					p.Out.Header[name] = v
				}
			}
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) { http.Error(w, err.Error(), 599) },
	}
}

func (a *apartHub) start(names ...string) {
	a.t.Helper()
	for _, name := range names {
		p := &process{cmd: exec.Command(os.Args[0]), log: logged{ready: make(chan struct{})}}
		p.cmd.Env = append(slices.Clone(a.env), roomEnv+"="+name, clockEnv+"="+a.Now().Format(time.RFC3339Nano))
		p.cmd.Stderr = &p.log
		out, err := p.cmd.StdoutPipe()
		if err != nil {
			a.t.Fatal(err)
		}
		if p.in, err = p.cmd.StdinPipe(); err != nil {
			a.t.Fatal(err)
		}
		p.out = bufio.NewScanner(out)
		if err := p.cmd.Start(); err != nil {
			a.t.Fatal(err)
		}
		a.procs[name] = p
	}
}

// kill ends a process as a power cut does.
func (a *apartHub) kill(name string) {
	a.t.Helper()
	p := a.procs[name]
	delete(a.procs, name)
	if err := p.cmd.Process.Kill(); err != nil {
		a.t.Fatal(err)
	}
	p.cmd.Wait()
}

// end ends a process in order.
func (a *apartHub) end(name string) {
	p := a.procs[name]
	delete(a.procs, name)
	p.in.Close()
	if err := p.cmd.Wait(); err != nil {
		a.t.Errorf("%s ended badly: %v", name, err)
	}
	if a.t.Failed() {
		var lines []string
		for line := range strings.Lines(p.log.String()) {
			if !strings.Contains(line, "not ready") && !strings.Contains(line, `"status":2`) && !strings.Contains(line, `"status":404`) && !strings.Contains(line, `"outcome":"done"`) {
				lines = append(lines, line)
			}
		}
		a.t.Logf("the log of %s, at its end:\n%s", name, strings.Join(lines[max(0, len(lines)-30):], ""))
	}
}

// tick moves every room's clock and does its chores.
func (a *apartHub) tick(now time.Time) error {
	var problems []error
	for _, name := range host.Names(rooms()) {
		p := a.procs[name]
		fmt.Fprintln(p.in, now.Format(time.RFC3339Nano))
		if !p.out.Scan() {
			problems = append(problems, fmt.Errorf("%s does not answer", name))
		} else if said := p.out.Text(); said != "done <nil>" && !strings.HasPrefix(said, "done audit canaries: ") { // today's went with the rest when a script began
			problems = append(problems, fmt.Errorf("%s: %s", name, said))
		}
	}
	return errors.Join(problems...)
}

// doctor is what the operator is told of the hub.
func (a *apartHub) doctor(t *testing.T) error {
	t.Helper()
	for _, e := range a.env {
		if name, value, _ := strings.Cut(e, "="); strings.HasPrefix(name, "INFOHUS_") {
			t.Setenv(name, value)
		}
	}
	return doctor(t.Context(), nil)
}

// health is what the door says of itself.
func (a *apartHub) health() string {
	_, body := get(a.t, "http://"+a.door+"/readyz")
	return body
}

// ready waits until every process has said that it is, and holds that the door then
// says so of all of them.
func (a *apartHub) ready() {
	a.t.Helper()
	late := time.After(time.Minute)
	for _, name := range slices.Sorted(maps.Keys(a.procs)) {
		p := a.procs[name]
		select {
		case <-p.log.ready:
		case <-late:
			a.t.Fatalf("%s is never ready: %s", name, p.log.String())
		}
	}
	if said := a.health(); !strings.Contains(said, `"ok":true`) {
		a.t.Fatalf("all are ready, and the door says %s", said)
	}
}
