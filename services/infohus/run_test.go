package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/deploy"
	natslocal "github.com/infohus/infohus/pkg/bus/local"
	"github.com/infohus/infohus/pkg/hubtest"
	pglocal "github.com/infohus/infohus/pkg/pg/local"
)

// dataDir is a temporary directory that the user can enter whom Postgres runs
// as when the tests run as root; t.TempDir is not.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "infohus-run-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// freePort is an address that nobody listens on just now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// running runs the command until the test stops it.
type running struct {
	t     *testing.T
	stop  context.CancelFunc
	ended chan error
}

func start(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &running{t, stop, make(chan error, 1)}
	go func() { r.ended <- run(ctx, args) }()
	t.Cleanup(func() { r.stop() })
	return r
}

// ready waits until the hub says that it is.
func (r *running) ready(address string) {
	r.t.Helper()
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); {
		select {
		case err := <-r.ended:
			r.t.Fatalf("ended before it was ready: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
		if status, body := get(r.t, "http://"+address+"/readyz"); status == http.StatusOK && strings.Contains(body, `"ok":true`) {
			return
		}
	}
	r.t.Fatal("never ready")
}

// end stops it as a signal does.
func (r *running) end() {
	r.t.Helper()
	r.stop()
	select {
	case err := <-r.ended:
		if err != nil {
			r.t.Errorf("ended badly: %v", err)
		}
	case <-time.After(time.Minute):
		r.t.Fatal("did not end")
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	return resp.StatusCode, string(b)
}

// refused runs the command, and wants one line that says what to do.
func refused(t *testing.T, want string, do func(context.Context, []string) error, args ...string) {
	t.Helper()
	err := do(t.Context(), args)
	if err == nil {
		t.Fatalf("was not refused: wanted %q", want)
	}
	if line := oneLine(err); !strings.Contains(line, want) || strings.Contains(line, "\n") {
		t.Errorf("says %q, wanted one line with %q", line, want)
	}
}

// TestOwnServers goes the way of an operator with servers of their own: first
// the accounts, then the NATS server with them, then setup, then all rooms in
// one process. Rooms apart are TestVolumeRoomsApart's.
func TestOwnServers(t *testing.T) {
	needPostgres(t)
	dir := dataDir(t)
	postgres, err := pglocal.Start(t.Context(), pglocal.Options{Dir: filepath.Join(dir, "pg"), Settings: map[string]string{"fsync": "off"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { postgres.Stop() })
	owner, err := url.Parse(postgres.Owner())
	if err != nil {
		t.Fatal(err)
	}
	secrets := filepath.Join(dir, "secrets")
	if err := os.Mkdir(secrets, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(secrets, "owner.postgres"), []byte(owner.User.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	owner.User = nil
	address := freePort(t)
	t.Setenv("INFOHUS_POSTGRES_URL", owner.String())
	t.Setenv("INFOHUS_NATS_URL", "nats://127.0.0.1:1")
	t.Setenv("INFOHUS_SECRETS", secrets)
	t.Setenv("INFOHUS_LISTEN", address)
	t.Setenv("INFOHUS_DATA", filepath.Join(dir, "data"))

	t.Setenv("INFOHUS_STRUCTURE", "../../deploy/infohus.yaml")
	refused(t, "the demo world refuses to start here", run)
	refused(t, "the demo world refuses to start here", setup)
	t.Setenv("INFOHUS_STRUCTURE", writeFile(t, strings.Replace(realDemo(), "    issuer: ", "    # ", 1)))
	refused(t, "issuer", run)
	t.Setenv("INFOHUS_STRUCTURE", writeFile(t, realDemo()))
	refused(t, "a server of your own", reset)

	if err := setup(t.Context(), []string{"accounts"}); err != nil {
		t.Fatal(err)
	}
	accounts, err := os.ReadFile(filepath.Join(secrets, "accounts.conf"))
	if err != nil {
		t.Fatal(err)
	}
	stream, err := natslocal.Start(natslocal.Options{Dir: filepath.Join(dir, "nats"), Accounts: string(accounts), TCP: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stream.Stop)
	t.Setenv("INFOHUS_NATS_URL", stream.URL())
	refused(t, "setup", run) // nothing is set up yet
	for range 2 {            // and again does no harm
		if err := setup(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}

	all := start(t)
	all.ready(address)
	if err := doctor(t.Context(), nil); err != nil {
		t.Errorf("doctor: %v", err)
	}
	all.end()
	refused(t, "set INFOHUS_ROOMS", run, "intake")
}

// realDemo is the demo structure as if it were real: an issuer for every
// authority, a subject for everybody.
func realDemo() string {
	text := strings.Replace(string(deploy.Demo()), "demo: true", "demo: false", 1)
	text = strings.Replace(text, "\nlook_ups: {hour: 300, day: 1500, wait: 10}\n", "\n", 1) // the scenarios are in a hurry
	text = regexp.MustCompile(`(?m)^  - login: (\S+)$`).ReplaceAllString(text, "  - login: $1\n    subject: s-$1")
	before, agreements, _ := strings.Cut(text, "\nagreements:")
	head, authorities, _ := strings.Cut(before, "\nauthorities:")
	authorities = regexp.MustCompile(`(?m)^  - id: (\S+)( .*)?$`).ReplaceAllString(authorities, "  - id: $1\n    issuer: https://$1.example/oidc")
	authorities = regexp.MustCompile(`(?m)^  - \{id: (\w+),`).ReplaceAllString(authorities, "  - {id: $1, issuer: https://$1.example/oidc,")
	return head + "\nauthorities:" + authorities + "\nagreements:" + agreements
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "structure.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func needPostgres(t *testing.T) {
	t.Helper()
	if _, err := pglocal.Find(); err != nil {
		hubtest.CannotRun(t, err)
	}
}
