//go:build !race

package vault

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

var errFault = errors.New("planted fault")

// fault fails the n-th point at which it is asked; each change has two, before
// and after it is made. A crash fails every point from then on, too.
type fault struct {
	t       *testing.T
	n, seen int
	crash   bool
	off     bool
	at      string
	loose   map[string]bool // what a power loss could undo: not synced since
}

// order checks that nothing is destroyed, and no name is given, before what
// replaces it is sure to be on the disk.
func (f *fault) order(step, name string, done bool) {
	switch {
	case step == "write" || step == "append":
		f.loose[name] = true
	case step == "sync" && done:
		delete(f.loose, name)
		for renamed := range f.loose {
			if dir, ok := strings.CutPrefix(renamed, "name of "); ok && filepath.Dir(dir) == name {
				delete(f.loose, renamed)
			}
		}
	case step == "remove" && done:
		delete(f.loose, name)
	case step == "rename" && !done && f.loose[name+".new"]:
		f.t.Errorf("%s is renamed before it is synced", name)
	case step == "rename":
		f.loose["name of "+name] = true
	case step == "overwrite" && !done && f.loose["name of "+strings.TrimSuffix(name, ".old")]:
		f.t.Errorf("%s is overwritten before the new one has its name for sure", name)
	}
}

func (f *fault) point(step, name string, done bool) error {
	f.order(step, name, done)
	if f.off {
		return nil
	}
	f.seen++
	if f.seen == f.n {
		f.at = step + " " + name
		if done {
			f.at += ", after"
		}
		return errFault
	}
	if f.crash && f.seen > f.n {
		return errFault
	}
	return nil
}

// model is what a caller knows after each answer.
type model struct {
	t       *testing.T
	dir     string
	boxes   map[hub.ID][]byte // of keys that Make acknowledged
	tried   map[hub.ID]bool   // to be destroyed
	dead    map[hub.ID]bool   // acknowledged
	checked bool
}

func (m *model) make(v *Vault, ids ...hub.ID) error {
	if err := v.Make(ids...); err != nil {
		return err
	}
	for _, id := range ids {
		if m.boxes[id] == nil {
			m.boxes[id] = sealed(m.t, v, id, string(id))
		}
	}
	return nil
}

func (m *model) destroy(v *Vault, ids ...hub.ID) error {
	for _, id := range ids {
		m.tried[id] = true
	}
	if err := v.Destroy(ids...); err != nil {
		return err
	}
	for _, id := range ids {
		m.dead[id] = true
	}
	return nil
}

// holds checks every promise against a vault.
func (m *model) holds(v *Vault) {
	m.t.Helper()
	for id, box := range m.boxes {
		_, err := v.Open(receipt(id), id, place, box)
		switch {
		case m.dead[id] && !errors.Is(err, ErrDestroyed):
			m.t.Errorf("a destroyed key opens: %v", err)
		case m.dead[id] && holds(m.t, m.dir, id):
			m.t.Error("a destroyed key is in the directory")
		case !m.tried[id] && err != nil:
			m.t.Errorf("an acknowledged key does not open: %v", err)
		case err != nil && !errors.Is(err, ErrDestroyed):
			m.t.Errorf("neither opened nor destroyed: %v", err)
		}
	}
}

// tidy checks that nothing is left over.
func (m *model) tidy() {
	m.t.Helper()
	for name := range contents(m.t, m.dir) {
		if strings.HasSuffix(name, ".new") || strings.HasSuffix(name, ".old") {
			m.t.Errorf("%s is left over", name)
		}
	}
}

// near makes an ID in the same shard as the first byte says.
func near(first byte, n byte) hub.ID { return hub.MakeID([16]byte{first, 15: n}) }

// script is one life of a vault, over every kind of change. Each act is tried
// until it succeeds, unless the process has crashed.
func (m *model) script(f *fault) (crashed bool) {
	again := func(do func() error) bool {
		for range 3 {
			err := do()
			if err == nil {
				return true
			}
			if hub.CodeOf(err) != hub.CodeUnavailable && !errors.Is(err, errFault) {
				m.t.Errorf("%v; want a failure that says so", err)
			}
			if f.crash {
				return false
			}
		}
		m.t.Error("does not succeed after the fault")
		return false
	}
	var v *Vault
	if !again(func() (err error) { v, err = open(unsynced(m.dir, f.point), 6); return err }) {
		return true
	}
	defer v.Close()
	acts := []func() error{
		func() error { return m.make(v, near(1, 1), near(1, 2), near(2, 3)) },
		func() error { return m.destroy(v, near(1, 1)) }, // from the fresh file
		func() error { return m.make(v, near(1, 4)) },
		func() error { return m.make(v, near(2, 5), near(2, 6), near(1, 7)) }, // these settle
		func() error { return m.make(v, near(2, 8)) },
		func() error { return m.destroy(v, near(2, 5), near(2, 3), near(2, 8)) }, // from shards and fresh
		func() error { return v.Rotate() },
		func() error { return m.destroy(v, near(1, 2)) },
		func() error { return m.make(v, near(1, 9)) },
		func() error { return v.Ready() },
	}
	for _, act := range acts {
		if !again(act) {
			return true
		}
		for name := range f.loose {
			file := strings.TrimSuffix(strings.TrimPrefix(name, "name of "), ".new")
			if !v.unsure[file] { // the rest of a move from the fresh file, which still has the keys
				m.t.Errorf("acknowledged before it is synced: %s", name)
			}
		}
		if f.at != "" && !m.checked { // once, right after the act that the fault was in
			m.checked = true
			f.off = true
			m.holds(v)
			f.off = false
		}
	}
	f.off = true
	m.holds(v)
	return false
}

// TestEveryFault lets every change of the directory fail, before and after it
// is made, once as an error that the process survives and once as a crash.
func TestEveryFault(t *testing.T) {
	for _, crash := range []bool{false, true} {
		name := "error"
		if crash {
			name = "crash"
		}
		t.Run(name, func(t *testing.T) {
			points := 0
			for n := 1; ; n++ {
				m := &model{t: t, dir: t.TempDir(), boxes: map[hub.ID][]byte{}, tried: map[hub.ID]bool{}, dead: map[hub.ID]bool{}}
				f := &fault{t: t, n: n, crash: crash, loose: map[string]bool{}}
				m.script(f)
				f.off = true
				v, err := open(unsynced(m.dir, f.point), freshSize)
				if err != nil {
					t.Fatalf("point %d (%s): does not open again: %v", n, f.at, err)
				}
				m.holds(v)
				m.tidy()
				for id := range m.tried { // what failed is tried again
					if err := m.destroy(v, id); err != nil {
						t.Error(err)
					}
				}
				m.holds(v)
				if err := v.Ready(); err != nil {
					t.Error(err)
				}
				v.Close()
				if t.Failed() {
					t.Fatalf("at point %d: %s", n, f.at)
				}
				if f.at == "" {
					break
				}
				points++
			}
			t.Logf("%d points", points)
			if points < 300 {
				t.Errorf("only %d points failed: the script no longer reaches what it should", points)
			}
		})
	}
}

// What a power loss leaves at the end of the growing files: a write that was
// never acknowledged, in part or as zeros.
func TestTornTails(t *testing.T) {
	for _, name := range []string{freshFile, "tombstones"} {
		for _, junk := range [][]byte{{0}, make([]byte, 36), make([]byte, 500), bytes.Repeat([]byte{0xff}, 77), []byte("\x00\x00\x00\x50half a chunk")} {
			dir := t.TempDir()
			v := openedUnsynced(t, dir)
			key, dead, later := hub.NewID(), hub.NewID(), hub.NewID()
			mustMake(t, v, key, dead)
			box := sealed(t, v, key, "kept")
			if err := v.Destroy(dead); err != nil {
				t.Fatal(err)
			}
			v.Close()
			whole, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), append(slices.Clone(whole), junk...), 0o600); err != nil {
				t.Fatal(err)
			}
			v = openedUnsynced(t, dir)
			if now, _ := os.ReadFile(filepath.Join(dir, name)); !bytes.Equal(now, whole) {
				t.Errorf("%s: %d bytes, want %d", name, len(now), len(whole))
			}
			reads(t, v, key, box, "kept")
			mustMake(t, v, later)
			box = sealed(t, v, later, "later")
			if err := v.Destroy(key); err != nil {
				t.Fatal(err)
			}
			v.Close()
			v = openedUnsynced(t, dir)
			reads(t, v, later, box, "later")
			if err := v.Make(key); !errors.Is(err, ErrDestroyed) {
				t.Error(err)
			}
		}
	}
}

// Damage is told, with what to do; nothing is opened on a guess.
func TestDamage(t *testing.T) {
	shard := func(dir string) string {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(dir, "keys/[0-9a-f][0-9a-f]"))
		if err != nil || len(found) == 0 {
			t.Fatal("no shard", err)
		}
		return found[0]
	}
	change := func(path string, how func([]byte) []byte) error {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, how(b), 0o600)
	}
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[(at+len(b))%len(b)] ^= 1; return b }
	}
	for name, c := range map[string]struct {
		do   func(dir string) error
		want string
	}{
		"a bit in a shard":      {func(d string) error { return change(shard(d), flip(-1)) }, "damaged: put back"},
		"a bit in its header":   {func(d string) error { return change(shard(d), flip(20)) }, "does not open with the master key"},
		"a shard cut":           {func(d string) error { return change(shard(d), func(b []byte) []byte { return b[:len(b)-1] }) }, "damaged: put back"},
		"a shard emptied":       {func(d string) error { return change(shard(d), func(b []byte) []byte { return nil }) }, "damaged: put back"},
		"a shard renamed":       {func(d string) error { return os.Rename(shard(d), filepath.Join(d, "keys/zz")) }, "is not a file of the vault"},
		"two shards swapped":    {swap, "does not open with the master key"},
		"a copy of a shard":     {func(d string) error { return os.Link(shard(d), shard(d)+".bak") }, "move it away"},
		"the fresh file's head": {func(d string) error { return change(filepath.Join(d, freshFile), flip(3)) }, "keys/fresh is damaged"},
		"the master key":        {func(d string) error { return change(filepath.Join(d, masterFile), flip(15)) }, "master is damaged"},
		"no master key":         {func(d string) error { return os.Remove(filepath.Join(d, masterFile)) }, "put it back from where it is kept"},
		"an open master key":    {func(d string) error { return os.Chmod(filepath.Join(d, masterFile), 0o644) }, "chmod 600"},
		"an early tombstone":    {func(d string) error { return change(filepath.Join(d, "tombstones"), flip(3)) }, "tombstones:2: the line before is damaged"},
		"no pseudonyms":         {forget, "the key of the pseudonyms is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			v := openedUnsynced(t, dir)
			mustMake(t, v, near(1, 1), near(2, 2), near(3, 3))
			if err := v.settle(); err != nil {
				t.Fatal(err)
			}
			if err := v.Destroy(near(3, 3), near(4, 4)); err != nil {
				t.Fatal(err)
			}
			v.Close()
			if err := c.do(dir); err != nil {
				t.Fatal(err)
			}
			if v, err := Open(dir); err == nil {
				v.Close()
				t.Error("opened")
			} else if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q, want %q", err, c.want)
			}
		})
	}
}

func swap(dir string) error {
	a, b, c := filepath.Join(dir, "keys/01"), filepath.Join(dir, "keys/02"), filepath.Join(dir, "x")
	return errors.Join(os.Rename(a, c), os.Rename(b, a), os.Rename(c, b))
}

func forget(dir string) error {
	b, err := raw(derive("pseudonym"))
	if err != nil {
		return err
	}
	return os.Remove(filepath.Join(dir, shardOf(b)))
}

// A092: an interrupted rotation leaves both master keys good, and Open finishes
// it; after it the old one opens nothing.
func TestRotate(t *testing.T) {
	dir, before := t.TempDir(), t.TempDir()
	v := opened(t, dir)
	mustMake(t, v, near(1, 1), near(2, 2), near(3, 3))
	if err := v.settle(); err != nil {
		t.Fatal(err)
	}
	mustMake(t, v, near(4, 4))
	boxes := map[hub.ID][]byte{}
	for n := range byte(4) {
		id := near(n+1, n+1)
		boxes[id] = sealed(t, v, id, string(id))
	}
	name := v.Pseudonym(near(1, 1))
	copyDir(t, dir, before)
	old := v.newest()
	left := 3
	v.disk.fault = func(step, name string, done bool) error {
		if step == "rename" && done && strings.HasPrefix(name, "keys/") {
			if left--; left <= 0 {
				return errFault
			}
		}
		return nil
	}
	if err := v.Rotate(); !errors.Is(err, errFault) {
		t.Fatal(err)
	}
	v.disk.fault = nil
	if err := v.Ready(); err != nil {
		t.Error(err)
	}
	if len(v.masters) != 2 {
		t.Fatalf("%d master keys in the middle", len(v.masters))
	}
	for id, box := range boxes {
		reads(t, v, id, box, string(id))
	}
	v.Close()
	v = opened(t, dir)
	if len(v.masters) != 1 || v.newest() == old {
		t.Fatal("the rotation is not finished")
	}
	for id, box := range boxes {
		reads(t, v, id, box, string(id))
	}
	if v.Pseudonym(near(1, 1)) != name {
		t.Error("the pseudonyms have changed")
	}
	v.Close()
	for file, content := range contents(t, dir) {
		if bytes.Contains(content, old.key[:]) {
			t.Errorf("the old master key is in %s", file)
		}
		if strings.HasPrefix(file, "keys/") {
			if _, err := unwrap([]master{old}, file, content); err == nil {
				t.Errorf("the old master key opens %s", file)
			}
		}
	}
	b, err := os.ReadFile(filepath.Join(before, "keys/01"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "keys/01"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "a copy from before a rotation") {
		t.Errorf("a shard from before the rotation: %v", err)
	}
}

// A rotation that stops at the master key's own file leaves the vault ready.
func TestRotateStopsAtTheMaster(t *testing.T) {
	for nth := 1; nth <= 2; nth++ {
		v := opened(t, t.TempDir())
		key := hub.NewID()
		mustMake(t, v, key)
		box, left := sealed(t, v, key, "kept"), nth
		v.disk.fault = func(step, name string, done bool) error {
			if step == "rename" && name == masterFile && done {
				if left--; left == 0 {
					return errFault
				}
			}
			return nil
		}
		if err := v.Rotate(); !errors.Is(err, errFault) {
			t.Fatal(err)
		}
		if err := v.Ready(); err != nil {
			t.Errorf("stopped at its change %d: %v", nth, err)
		}
		if err := v.Rotate(); err != nil || len(v.masters) != 1 {
			t.Errorf("rotated again: %v", err)
		}
		reads(t, v, key, box, "kept")
	}
}

// Ready notices that the directory is another one.
func TestReadySeesAnotherMaster(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	v := opened(t, dir)
	opened(t, other).Close()
	b, err := os.ReadFile(filepath.Join(other, masterFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, masterFile), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := v.Ready(); hub.CodeOf(err) != hub.CodeUnavailable {
		t.Errorf("ready: %v", err)
	}
}

func FuzzOpenBox(f *testing.F) {
	v := opened(f, f.TempDir())
	key := hub.NewID()
	mustMake(f, v, key)
	f.Add(sealed(f, v, key, "text"))
	f.Add([]byte{})
	f.Add([]byte{1})
	f.Add(make([]byte, 41))
	good := map[string]bool{}
	for _, box := range [][]byte{sealed(f, v, key, "text")} {
		good[string(box)] = true
		f.Add(box)
	}
	f.Fuzz(func(t *testing.T, box []byte) {
		if _, err := v.Open(receipt(key), key, "another/place", box); !errors.Is(err, ErrBox) {
			t.Errorf("opened elsewhere: %v", err)
		}
		if p, err := v.Open(receipt(key), key, place, box); err == nil && p.Len() != len(box)-41 {
			t.Error("a box of another length opened")
		}
	})
}

func FuzzKeyFile(f *testing.F) {
	m := master{number: 1}
	inside := make([]byte, 3*entry)
	whole := newShard(m, "keys/00", slices.Clone(inside)).content
	f.Add(whole)
	f.Add(whole[:header])
	f.Add(whole[:header+3])
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		if entries, err := parseShard([]master{m}, "keys/00", b); err == nil && b != nil && !bytes.Equal(entries, inside) {
			t.Error("a forged key file was read")
		}
		_, _ = parseMaster(b)
	})
}

func BenchmarkSeal(b *testing.B) {
	v, key := opened(b, b.TempDir()), hub.NewID()
	mustMake(b, v, key)
	p := hub.NewPersonal(strings.Repeat("x", 1024))
	b.SetBytes(1024)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Seal(key, place, p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	v, key := opened(b, b.TempDir()), hub.NewID()
	mustMake(b, v, key)
	box, r := sealed(b, v, key, strings.Repeat("x", 1024)), receipt(key)
	b.SetBytes(1024)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Open(r, key, place, box); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMake(b *testing.B) {
	v := opened(b, b.TempDir())
	for b.Loop() {
		mustMake(b, v, hub.NewID())
	}
}

func BenchmarkMakeAtOnce(b *testing.B) {
	v := opened(b, b.TempDir())
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := v.Make(hub.NewID()); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkDestroy(b *testing.B) {
	v := opened(b, b.TempDir())
	for b.Loop() {
		b.StopTimer()
		id := hub.NewID()
		mustMake(b, v, id)
		b.StartTimer()
		if err := v.Destroy(id); err != nil {
			b.Fatal(err)
		}
	}
}
