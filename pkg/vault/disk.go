package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// disk makes every change to the vault's directory, and makes it durable. What
// it replaces it overwrites: the new file is written and synced beside the old
// one, the old one gets a second name, the new one takes the first by an atomic
// rename, and only then is the old one overwritten, cut to nothing and removed.
// A crash at any point leaves the old file or the new one, and the leftovers
// are found by their names (.new, .old) and seen to by tidy.
type disk struct {
	dir     string
	readers sync.RWMutex // held while a file is read, so that none is overwritten under a reader

	// fault is called before and after each change; tests make it fail there.
	fault func(step, name string, done bool) error
	// sync is (*os.File).Sync; tests that make thousands of changes have it do
	// nothing.
	sync func(*os.File) error
}

func (d *disk) step(step, name string, change func() error) error {
	if d.fault != nil {
		if err := d.fault(step, name, false); err != nil {
			return err
		}
	}
	if err := change(); err != nil {
		return fmt.Errorf("vault: %s %s: %w", step, name, err)
	}
	if d.fault != nil {
		return d.fault(step, name, true)
	}
	return nil
}

func (d *disk) path(name string) string { return filepath.Join(d.dir, name) }

// read gives a file's content: nil if there is none.
func (d *disk) read(name string) ([]byte, error) {
	d.readers.RLock()
	defer d.readers.RUnlock()
	b, err := os.ReadFile(d.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// file is a file's whole new content.
type file struct {
	name    string
	content []byte
}

// replace puts new content in place of old, durably, and leaves nothing of the
// old on the disk. Each file is old or new as a whole; among several, some may
// be new and some old if it fails.
func (d *disk) replace(files ...file) error {
	for _, f := range files {
		if err := d.tidy(f.name); err != nil {
			return err
		}
		if err := d.writeNew(f); err != nil {
			return err
		}
		err := d.step("link", f.name, func() error { return os.Link(d.path(f.name), d.path(f.name+".old")) })
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := d.syncDirs(files); err != nil {
		return err
	}
	for _, f := range files {
		err := d.step("rename", f.name, func() error { return os.Rename(d.path(f.name+".new"), d.path(f.name)) })
		if err != nil {
			return err
		}
	}
	if err := d.syncDirs(files); err != nil {
		return err
	}
	for _, f := range files {
		if err := d.shred(f.name + ".old"); err != nil {
			return err
		}
	}
	return d.syncDirs(files)
}

func (d *disk) writeNew(f file) error {
	name := f.name + ".new"
	var out *os.File
	err := d.step("create", name, func() (err error) {
		out, err = os.OpenFile(d.path(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		return err
	})
	if out != nil {
		defer out.Close()
	}
	if err != nil {
		return err
	}
	if err := d.step("write", name, func() error { _, err := out.Write(f.content); return err }); err != nil {
		return err
	}
	return d.step("sync", name, func() error { return d.sync(out) })
}

// shred overwrites a file, cuts it to nothing and removes it. No file is no
// error.
func (d *disk) shred(name string) error {
	out, err := os.OpenFile(d.path(name), os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("vault: overwrite: %w", err)
	}
	defer out.Close()
	info, err := out.Stat()
	if err != nil {
		return fmt.Errorf("vault: overwrite: %w", err)
	}
	d.readers.Lock() // whoever began to read it under its first name has done so
	d.readers.Unlock()
	zeros := make([]byte, info.Size())
	if err := d.step("overwrite", name, func() error { _, err := out.WriteAt(zeros, 0); return err }); err != nil {
		return err
	}
	if err := d.step("sync", name, func() error { return d.sync(out) }); err != nil {
		return err
	}
	if err := d.step("cut", name, func() error { return out.Truncate(0) }); err != nil {
		return err
	}
	return d.step("remove", name, func() error { return os.Remove(d.path(name)) })
}

// tidy sees to what an interrupted replace left of a file: an unfinished new
// one is shredded; an old one is shredded too, unless the file still is the old
// one and this only its second name.
func (d *disk) tidy(name string) error {
	if err := d.shred(name + ".new"); err != nil {
		return err
	}
	old, err := os.Stat(d.path(name + ".old"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	now, err := os.Stat(d.path(name))
	if err != nil {
		return fmt.Errorf("vault: %s is gone but %s.old is there; move it back to %s: %w", name, name, name, err)
	}
	if os.SameFile(old, now) {
		return d.step("remove", name+".old", func() error { return os.Remove(d.path(name + ".old")) })
	}
	// The rename may not have reached the disk; the old one is the only good
	// copy until it has.
	if err := d.syncDirs([]file{{name: name}}); err != nil {
		return err
	}
	return d.shred(name + ".old")
}

// syncDirs makes the names of the files durable.
func (d *disk) syncDirs(files []file) error {
	done := map[string]bool{}
	for _, f := range files {
		dir := filepath.Dir(f.name)
		if done[dir] {
			continue
		}
		done[dir] = true
		if err := d.syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

func (d *disk) syncDir(dir string) error {
	return d.step("sync", dir, func() error {
		f, err := os.Open(d.path(dir))
		if err != nil {
			return err
		}
		defer f.Close()
		return d.sync(f)
	})
}

// tail is a file that grows at its end. What has been acknowledged ends at
// good; anything after that is the rest of a write that failed, and is cut off
// before the next.
type tail struct {
	name string
	good int64
	torn bool
}

// append adds to the file, durably.
func (d *disk) append(t *tail, b []byte) error {
	if err := d.mend(t); err != nil {
		return err
	}
	out, err := os.OpenFile(d.path(t.name), os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	defer out.Close()
	t.torn = true
	if err := d.step("append", t.name, func() error { _, err := out.WriteAt(b, t.good); return err }); err != nil {
		return err
	}
	if err := d.step("sync", t.name, func() error { return d.sync(out) }); err != nil {
		return err
	}
	t.good += int64(len(b))
	t.torn = false
	return nil
}

// mend cuts off what a failed append left.
func (d *disk) mend(t *tail) error {
	if !t.torn {
		return nil
	}
	out, err := os.OpenFile(d.path(t.name), os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	defer out.Close()
	if err := d.step("cut", t.name, func() error { return out.Truncate(t.good) }); err != nil {
		return err
	}
	if err := d.step("sync", t.name, func() error { return d.sync(out) }); err != nil {
		return err
	}
	t.torn = false
	return nil
}
