package vault

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

const place = "intake.concern/1/why_now"

func opened(t testing.TB, dir string) *Vault {
	t.Helper()
	v, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

// unsynced is a disk that does not wait for its blocks: for tests of many
// changes, which no power loss interrupts.
func unsynced(dir string, fault func(step, name string, done bool) error) *disk {
	return &disk{dir: dir, fault: fault, sync: func(*os.File) error { return nil }}
}

func openedUnsynced(t testing.TB, dir string) *Vault {
	t.Helper()
	v, err := open(unsynced(dir, nil), freshSize)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

// receipt is a committed receipt for the keys.
func receipt(keys ...hub.ID) hub.Receipt {
	var yes atomic.Bool
	yes.Store(true)
	return hub.NewReceipt(&yes, keys...)
}

func mustMake(t testing.TB, v *Vault, keys ...hub.ID) {
	t.Helper()
	if err := v.Make(keys...); err != nil {
		t.Fatal(err)
	}
}

func sealed(t testing.TB, v *Vault, key hub.ID, text string) []byte {
	t.Helper()
	box, err := v.Seal(key, place, hub.NewPersonal(text))
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// reads checks that a box opens to the text.
func reads(t testing.TB, v *Vault, key hub.ID, box []byte, want string) {
	t.Helper()
	p, err := v.Open(receipt(key), key, place, box)
	if err != nil {
		t.Fatalf("open %s: %v", key, err)
	}
	if got := p.Reveal(context.Background()); got != want {
		t.Fatalf("opened %q, want %q", got, want)
	}
}

// copyDir copies a vault's directory, as a backup does.
func copyDir(t testing.TB, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(from, path)
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), b, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// contents is every file under the directory.
func contents(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		files[rel], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// holds reports whether any file of the directory holds the key, read with
// every master key there is: what somebody would find who stole it all.
func holds(t testing.TB, dir string, id hub.ID) bool {
	t.Helper()
	files := contents(t, dir)
	var masters []master
	for _, name := range []string{masterFile, masterFile + ".old", masterFile + ".new"} {
		if m, err := parseMaster(files[name]); err == nil {
			masters = append(masters, m...)
		}
	}
	b, err := raw(id)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		bound := strings.TrimSuffix(strings.TrimSuffix(name, ".old"), ".new")
		if !strings.HasPrefix(name, "keys/") {
			continue
		}
		key, err := unwrap(masters, bound, content)
		if err != nil {
			continue
		}
		rest := content[header:]
		for n := uint64(0); ; n++ {
			entries, size, ok := next(key, bound, n, rest)
			if !ok {
				break
			}
			if find(entries, b) != nil {
				return true
			}
			rest = rest[size:]
		}
	}
	return false
}

func TestSealAndOpen(t *testing.T) {
	dir := t.TempDir()
	v := opened(t, dir)
	key := hub.NewID()
	mustMake(t, v, key)
	for _, text := range []string{"", "x", "Æblegrød på øen", strings.Repeat("æ", 1<<20)} {
		reads(t, v, key, sealed(t, v, key, text), text)
	}
	box := sealed(t, v, key, "kept")
	mustMake(t, v, key) // again: nothing happens
	reads(t, v, key, box, "kept")
	v.Close()
	reads(t, opened(t, dir), key, box, "kept")
}

// A091: a box opens only where it was sealed.
func TestABoxMovedDoesNotOpen(t *testing.T) {
	v := opened(t, t.TempDir())
	a, b := hub.NewID(), hub.NewID()
	mustMake(t, v, a, b)
	box := sealed(t, v, a, "secret")
	for name, try := range map[string]func() error{
		"another row":     func() error { _, err := v.Open(receipt(a), a, "intake.concern/2/why_now", box); return err },
		"another field":   func() error { _, err := v.Open(receipt(a), a, "intake.concern/1/wishes", box); return err },
		"another person":  func() error { _, err := v.Open(receipt(b), b, place, box); return err },
		"a flipped bit":   func() error { x := bytes.Clone(box); x[40] ^= 1; _, err := v.Open(receipt(a), a, place, x); return err },
		"another version": func() error { x := bytes.Clone(box); x[0] = 2; _, err := v.Open(receipt(a), a, place, x); return err },
		"cut":             func() error { _, err := v.Open(receipt(a), a, place, box[:len(box)-1]); return err },
		"nothing":         func() error { _, err := v.Open(receipt(a), a, place, nil); return err },
	} {
		if err := try(); !errors.Is(err, ErrBox) {
			t.Errorf("%s: %v, want ErrBox", name, err)
		}
	}
}

// No record, no key. A090 in part, L19 in part.
func TestNoRecordNoKey(t *testing.T) {
	v := opened(t, t.TempDir())
	a, b := hub.NewID(), hub.NewID()
	mustMake(t, v, a, b)
	box := sealed(t, v, a, "secret")
	var committed atomic.Bool
	for name, r := range map[string]hub.Receipt{
		"none":           {},
		"not committed":  hub.NewReceipt(&committed, a),
		"of another key": receipt(b),
	} {
		if _, err := v.Open(r, a, place, box); !errors.Is(err, ErrNoRecord) {
			t.Errorf("%s: %v, want ErrNoRecord", name, err)
		}
	}
}

func TestAKeyMustBeMade(t *testing.T) {
	v := opened(t, t.TempDir())
	if _, err := v.Seal(hub.NewID(), place, hub.NewPersonal("x")); !errors.Is(err, ErrNoKey) {
		t.Errorf("seal: %v", err)
	}
	if err := v.Make("not an id"); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("make: %v", err)
	}
	if err := v.Destroy("not an id"); hub.CodeOf(err) != hub.CodeNotFound {
		t.Errorf("destroy: %v", err)
	}
}

// A096: no nonce is used twice, also not by a cloned machine.
func TestNoncesDoNotRepeat(t *testing.T) {
	dir, clone := t.TempDir(), t.TempDir()
	v := opened(t, dir)
	key := hub.NewID()
	mustMake(t, v, key)
	v.Close()
	copyDir(t, dir, clone)
	seen := map[string]bool{}
	for _, v := range []*Vault{opened(t, dir), opened(t, clone)} {
		for range 2000 {
			nonce := string(sealed(t, v, key, "x")[1:25])
			if seen[nonce] {
				t.Fatal("a nonce was used twice")
			}
			seen[nonce] = true
		}
	}
}

func TestDestroy(t *testing.T) {
	for _, where := range []string{"fresh", "shard", "both"} {
		t.Run(where, func(t *testing.T) {
			dir := t.TempDir()
			v := opened(t, dir)
			dead, alive := hub.NewID(), hub.NewID()
			mustMake(t, v, dead, alive)
			if where != "fresh" {
				before, err := os.ReadFile(v.disk.path(freshFile))
				if err != nil {
					t.Fatal(err)
				}
				if err := v.settle(); err != nil {
					t.Fatal(err)
				}
				if where == "both" { // as a crash in the middle of settling leaves it
					if err := os.WriteFile(v.disk.path(freshFile), before, 0o600); err != nil {
						t.Fatal(err)
					}
					if err := v.loadFresh(); err != nil {
						t.Fatal(err)
					}
				}
			}
			box, other := sealed(t, v, dead, "gone"), sealed(t, v, alive, "here")
			if !holds(t, dir, dead) {
				t.Fatal("the scan does not find a key that is there")
			}
			old := contents(t, dir)
			watch := watchOld(t, dir)

			for range 2 { // idempotent
				if err := v.Destroy(dead); err != nil {
					t.Fatal(err)
				}
			}
			check := func(v *Vault) {
				t.Helper()
				if _, err := v.Open(receipt(dead), dead, place, box); !errors.Is(err, ErrDestroyed) {
					t.Errorf("open: %v", err)
				}
				if _, err := v.Seal(dead, place, hub.NewPersonal("x")); !errors.Is(err, ErrDestroyed) {
					t.Errorf("seal: %v", err)
				}
				if err := v.Make(dead); !errors.Is(err, ErrDestroyed) {
					t.Errorf("make: %v", err)
				}
				if err := v.Make(hub.NewID(), dead); !errors.Is(err, ErrDestroyed) {
					t.Errorf("make with others: %v", err)
				}
				reads(t, v, alive, other, "here")
			}
			check(v)
			if holds(t, dir, dead) {
				t.Error("the key is still in the directory")
			}
			noneOf(t, dir, old, where)
			watch()
			v.Close()
			check(opened(t, dir))
		})
	}
}

// A destroyed key is wiped from memory, and a Make that was under way when it
// was destroyed does not bring it back. A095 in part: of what was destroyed. L24
// in part.
func TestDestroyedKeysAreWipedAndNeverMade(t *testing.T) {
	dir := t.TempDir()
	v := opened(t, dir)
	fresh, cached := hub.NewID(), hub.NewID()
	mustMake(t, v, cached)
	if err := v.settle(); err != nil {
		t.Fatal(err)
	}
	mustMake(t, v, fresh)
	for _, id := range []hub.ID{fresh, cached} {
		sealed(t, v, id, "x")
		held := v.held(id)
		if held == nil || *held == [keySize]byte{} {
			t.Fatal("the key is not in memory")
		}
		if err := v.Destroy(id); err != nil {
			t.Fatal(err)
		}
		if v.held(id) != nil || *held != [keySize]byte{} {
			t.Error("the key is still in memory")
		}
		if err := v.make([]hub.ID{id}); err != nil {
			t.Fatal(err)
		}
		if v.held(id) != nil || holds(t, dir, id) {
			t.Error("the key was made again")
		}
	}
}

// watchOld gives every key file a second name outside, and returns a check that
// those which were replaced were overwritten and not just unlinked.
func watchOld(t *testing.T, dir string) func() {
	t.Helper()
	outside := t.TempDir()
	files := contents(t, dir)
	for name := range files {
		if strings.HasPrefix(name, "keys/") {
			if err := os.Link(filepath.Join(dir, name), filepath.Join(outside, filepath.Base(name))); err != nil {
				t.Fatal(err)
			}
		}
	}
	return func() {
		replaced := 0
		for name := range files {
			if !strings.HasPrefix(name, "keys/") {
				continue
			}
			old, err := os.Stat(filepath.Join(outside, filepath.Base(name)))
			if err != nil {
				t.Fatal(err)
			}
			now, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if os.SameFile(old, now) {
				continue
			}
			replaced++
			if old.Size() != 0 {
				t.Errorf("%s: the replaced file still has %d bytes", name, old.Size())
			}
		}
		if replaced == 0 {
			t.Error("no file was replaced")
		}
	}
}

// noneOf checks that nothing of the files that held the key is left: neither
// their wrapped key nor any 32 bytes of their chunks.
func noneOf(t *testing.T, dir string, old map[string][]byte, where string) {
	t.Helper()
	now := contents(t, dir)
	for name, content := range old {
		if !strings.HasPrefix(name, "keys/") || bytes.Equal(now[name], content) || len(content) == header {
			continue
		}
		for at := len(magic) + 4; at+32 <= len(content); at++ {
			for other, b := range now {
				if bytes.Contains(b, content[at:at+32]) {
					t.Fatalf("%s: %s still has bytes %d to %d of the old %s", where, other, at, at+32, name)
				}
			}
		}
	}
}

// The bytes are overwritten before the file is cut: what a disk's blocks hold
// after the unlink are zeros.
func TestReplacedBytesAreZeroed(t *testing.T) {
	dir := t.TempDir()
	var zeroed atomic.Int64
	v, err := open(unsynced(dir, func(step, name string, done bool) error {
		if step == "cut" && !done && strings.HasSuffix(name, ".old") {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil || len(b) == 0 || len(bytes.Trim(b, "\x00")) != 0 {
				t.Errorf("%s is cut with %d bytes not zero (%v)", name, len(bytes.Trim(b, "\x00")), err)
			}
			zeroed.Add(1)
		}
		return nil
	}), freshSize)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	key := hub.NewID()
	mustMake(t, v, key)
	if err := v.Destroy(key); err != nil {
		t.Fatal(err)
	}
	if zeroed.Load() == 0 {
		t.Error("nothing was overwritten")
	}
}

// A094: the tombstones win over key files from a backup. L24 in part.
func TestTombstonesWinOverABackup(t *testing.T) {
	for _, where := range []string{"fresh", "shard"} {
		t.Run(where, func(t *testing.T) {
			dir, backup := t.TempDir(), t.TempDir()
			v := opened(t, dir)
			dead, alive := hub.NewID(), hub.NewID()
			mustMake(t, v, dead, alive)
			if where == "shard" {
				if err := v.settle(); err != nil {
					t.Fatal(err)
				}
			}
			box, other := sealed(t, v, dead, "gone"), sealed(t, v, alive, "here")
			copyDir(t, filepath.Join(dir, "keys"), backup)
			if err := v.Destroy(dead); err != nil {
				t.Fatal(err)
			}
			v.Close()
			if err := os.RemoveAll(filepath.Join(dir, "keys")); err != nil {
				t.Fatal(err)
			}
			copyDir(t, backup, filepath.Join(dir, "keys"))
			if !holds(t, dir, dead) {
				t.Fatal("the backup does not hold the key")
			}
			v = opened(t, dir)
			if _, err := v.Open(receipt(dead), dead, place, box); !errors.Is(err, ErrDestroyed) {
				t.Errorf("open: %v", err)
			}
			reads(t, v, alive, other, "here")
			if holds(t, dir, dead) {
				t.Error("the key came back with the backup")
			}
		})
	}
}

func TestManyKeysSettleIntoShards(t *testing.T) {
	dir := t.TempDir()
	v := openedUnsynced(t, dir)
	boxes := map[hub.ID][]byte{}
	for i := range 3 * freshSize / 100 {
		var ids []hub.ID
		for range 100 {
			ids = append(ids, hub.NewID())
		}
		mustMake(t, v, ids...)
		boxes[ids[0]] = sealed(t, v, ids[0], fmt.Sprint(i))
	}
	if n := len(v.fresh); n >= freshSize {
		t.Errorf("%d keys are fresh", n)
	}
	for range 2 {
		for id, box := range boxes {
			if _, err := v.Open(receipt(id), id, place, box); err != nil {
				t.Fatal(err)
			}
		}
		v.Close()
		v = openedUnsynced(t, dir)
	}
}

// A key that is only on the disk is found, and not made a second time.
func TestMakeAgain(t *testing.T) {
	dir := t.TempDir()
	v := opened(t, dir)
	key := hub.NewID()
	mustMake(t, v, key)
	if err := v.settle(); err != nil {
		t.Fatal(err)
	}
	box := sealed(t, v, key, "kept")
	v.Close()
	v = opened(t, dir)
	mustMake(t, v, key)
	reads(t, v, key, box, "kept")
}

func TestTheCacheIsBounded(t *testing.T) {
	v := openedUnsynced(t, t.TempDir())
	var ids []hub.ID
	for range cacheSize + 500 {
		ids = append(ids, hub.NewID())
	}
	mustMake(t, v, ids...)
	if err := v.settle(); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		sealed(t, v, id, "x")
	}
	if len(v.cache) > cacheSize {
		t.Errorf("%d keys in memory, want at most %d", len(v.cache), cacheSize)
	}
}

func TestPseudonymsAndBlindIndexes(t *testing.T) {
	dir := t.TempDir()
	v := opened(t, dir)
	subject := hub.NewID()
	cpr := hub.NewPersonal("7101011234")
	blind := func(v *Vault, a hub.AuthorityID, period string, p hub.Personal) string {
		t.Helper()
		s, err := v.Blind(a, period, p)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	name, index := v.Pseudonym(subject), blind(v, "koege", "2026", cpr)
	if _, err := hub.ParseID(name); err != nil || name == string(subject) || name == v.Pseudonym(hub.NewID()) {
		t.Errorf("pseudonym %q", name)
	}
	if index == blind(v, "roskilde", "2026", cpr) || index == blind(v, "koege", "2027", cpr) || index == blind(v, "koege", "2026", hub.NewPersonal("7101011235")) {
		t.Error("a blind index is the same in another authority, period or for another text")
	}
	v.Close()
	v = opened(t, dir)
	if v.Pseudonym(subject) != name || blind(v, "koege", "2026", cpr) != index {
		t.Error("another name or index after a restart")
	}
	if opened(t, t.TempDir()).Pseudonym(subject) == name {
		t.Error("two vaults give the same pseudonym")
	}
	if err := v.DestroyPeriod("koege", "2026"); err != nil {
		t.Fatal(err)
	}
	if s, err := v.Blind("koege", "2026", cpr); !errors.Is(err, ErrDestroyed) || s != "" {
		t.Errorf("after the period is destroyed: %q, %v", s, err)
	}
	blind(v, "koege", "2027", cpr)
}

func TestSign(t *testing.T) {
	dir := t.TempDir()
	v := opened(t, dir)
	text := []byte("a text")
	public := func(v *Vault, name string) ed25519.PublicKey {
		t.Helper()
		k, err := v.Public(name)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	key := public(v, "trail")
	if key.Equal(public(v, "other")) {
		t.Error("two names have one key")
	}
	signature, err := v.Sign("trail", text)
	if err != nil || !ed25519.Verify(key, text, signature) || ed25519.Verify(public(v, "other"), text, signature) {
		t.Errorf("signed %x, %v", signature, err)
	}
	v.Close()
	if _, err := v.Sign("trail", text); err == nil {
		t.Error("a closed vault signs")
	}
	v = opened(t, dir)
	if !public(v, "trail").Equal(key) {
		t.Error("another key after a restart")
	}
	if public(opened(t, t.TempDir()), "trail").Equal(key) {
		t.Error("two vaults have the same key")
	}
	if err := v.Destroy(derive("sign", "trail")); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Sign("trail", text); !errors.Is(err, ErrDestroyed) {
		t.Errorf("after the key is destroyed: %v", err)
	}
}

func TestAuthorityKey(t *testing.T) {
	v := opened(t, t.TempDir())
	a := AuthorityKey("koege")
	if a != AuthorityKey("koege") || a == AuthorityKey("roskilde") {
		t.Error("the key's ID is not the authority's")
	}
	mustMake(t, v, a)
	reads(t, v, a, sealed(t, v, a, "why"), "why")
}

func TestOneProcessHoldsTheDirectory(t *testing.T) {
	dir := t.TempDir()
	v := opened(t, dir)
	_, err := Open(dir)
	if err == nil || !strings.Contains(err.Error(), "is held by another hub") || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("second open: %v", err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=TestHeldElsewhere$")
	cmd.Env = append(os.Environ(), "VAULT_HELD="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	v.Close()
	opened(t, dir)
}

// TestHeldElsewhere is the other process of TestOneProcessHoldsTheDirectory.
func TestHeldElsewhere(t *testing.T) {
	dir := os.Getenv("VAULT_HELD")
	if dir == "" {
		return
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "is held by another hub") {
		t.Errorf("opened in another process: %v", err)
	}
}

func TestClosed(t *testing.T) {
	v := opened(t, t.TempDir())
	key := hub.NewID()
	mustMake(t, v, key)
	box := sealed(t, v, key, "x")
	if err := v.Ready(); err != nil {
		t.Errorf("ready: %v", err)
	}
	v.Close()
	v.Close()
	_, openErr := v.Open(receipt(key), key, place, box)
	_, sealErr := v.Seal(key, place, hub.NewPersonal("x"))
	for name, err := range map[string]error{"ready": v.Ready(), "make": v.Make(key), "destroy": v.Destroy(key), "rotate": v.Rotate(), "open": openErr, "seal": sealErr} {
		if hub.CodeOf(err) != hub.CodeUnavailable {
			t.Errorf("%s after close: %v", name, err)
		}
	}
}

func TestConcurrent(t *testing.T) {
	v, err := open(unsynced(t.TempDir(), nil), 64)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 60 {
				id := hub.NewID()
				if err := v.Make(id); err != nil {
					t.Error(err)
					return
				}
				box, err := v.Seal(id, place, hub.NewPersonal("text"))
				if err != nil {
					t.Error(err)
					return
				}
				switch {
				case i%3 == 0:
					if err := v.Destroy(id); err != nil {
						t.Error(err)
					}
					if _, err := v.Open(receipt(id), id, place, box); !errors.Is(err, ErrDestroyed) {
						t.Errorf("open after destroy: %v", err)
					}
				case i == 31 && w == 0:
					if err := v.Rotate(); err != nil {
						t.Error(err)
					}
					fallthrough
				default:
					if _, err := v.Open(receipt(id), id, place, box); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	if err := v.Ready(); err != nil {
		t.Error(err)
	}
}

// Many Makes at once share their syncs.
func TestMakesShareASync(t *testing.T) {
	var syncs atomic.Int64
	hold := make(chan struct{})
	held := make(chan struct{})
	var once sync.Once
	armed := atomic.Bool{}
	v, err := open(unsynced(t.TempDir(), func(step, name string, done bool) error {
		if step == "sync" && name == freshFile && !done && armed.Load() {
			syncs.Add(1)
			once.Do(func() { close(held); <-hold })
		}
		return nil
	}), freshSize)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	armed.Store(true)
	var wg sync.WaitGroup
	wg.Go(func() { mustMake(t, v, hub.NewID()) })
	<-held // the first is at its sync; the others gather
	const others = 50
	for range others {
		wg.Go(func() {
			if err := v.Make(hub.NewID()); err != nil {
				t.Error(err)
			}
		})
	}
	for joined := 0; joined < others; runtime.Gosched() {
		v.joining.Lock()
		if v.group != nil {
			joined = len(v.group.ids)
		}
		v.joining.Unlock()
	}
	close(hold)
	wg.Wait()
	if n := syncs.Load(); n != 2 {
		t.Errorf("%d syncs for %d keys, want 2", n, others+1)
	}
}
