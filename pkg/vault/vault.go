// Package vault keeps the keys under which everything about people is
// encrypted, in a directory outside the database, and destroys them.
//
// Promises:
//
//   - Durable before return. A key that Make has acknowledged survives a crash,
//     so a transaction that uses it may commit. A key that it has not
//     acknowledged was never used.
//   - No record, no key. Open decrypts only with a receipt that says that the
//     reading is in the trail (L19).
//   - Destroyed is destroyed. Once Destroy has returned, nothing opens what the
//     key sealed, no copy of the key is left in the directory, and a key of that
//     ID is never made again. The list of tombstones is written first and wins
//     over the key files at every Open, also when those came from a backup
//     (A094). If Destroy fails, the key is unusable until it is tried again or
//     the process ends: an unsure key seals nothing.
//   - A box opens only where it was sealed: the key and the place ("intake.concern/
//     <id>/why_now") are bound to it (A091).
//   - Any step may fail or be the last before a crash; the next call, or the
//     next Open, goes on from a sound state.
//
// What it cannot promise: a file system that copies on write, or the wear
// levelling of a disk, may keep blocks that were overwritten, and the garbage
// collector may keep copies of keys in memory for a while. So keep the
// directory on an encrypted disk, without swap; and an erasure is final only
// when the last backup of the directory has expired.
//
// One process holds the directory at a time; the rooms of other processes use
// its keys through [Vault.Handler] and [Remote]. All methods may be called from
// anywhere at once.
package vault

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/infohus/infohus/pkg/hub"
)

// What can be wrong with a key. They are compared with errors.Is.
var (
	// ErrDestroyed says that the key was destroyed: what it sealed is gone for good.
	ErrDestroyed error = &hub.Error{Code: hub.CodeConflict, Key: "error.erased"}
	// ErrNoKey says that no such key was ever made here.
	ErrNoKey error = &hub.Error{Code: hub.CodeInternal, Key: "vault.no_key"}
	// ErrNoRecord says that the receipt is not committed, or not for this key.
	ErrNoRecord error = &hub.Error{Code: hub.CodeInternal, Key: "vault.no_record"}
	// ErrBox says that the box was not sealed with this key for this place.
	ErrBox error = &hub.Error{Code: hub.CodeInternal, Key: "vault.box"}
)

// Bounds of what is kept in memory.
const (
	cacheSize = 4096 // keys read from the shards
	freshSize = 2048 // keys made since they were last moved to the shards
)

// Vault is an open directory of keys.
type Vault struct {
	disk *disk
	lock *os.File

	mu     sync.RWMutex // held to read while a key is in use, so that none is wiped in use
	cache  map[hub.ID]*[keySize]byte
	fresh  map[hub.ID]*[keySize]byte // all that is in the fresh file
	gone   map[hub.ID]bool           // destroyed, or tried to
	name   [keySize]byte             // of the pseudonyms
	closed bool

	most       int        // of fresh keys, before they move to the shards
	writing    sync.Mutex // one change of the directory at a time; held before mu
	masters    []master
	tombs      tail
	tombed     map[hub.ID]bool // durably in the list
	journal    tail            // the fresh file
	journalKey []byte
	chunks     uint64          // in the fresh file
	unsure     map[string]bool // files whose last replacement failed

	joining sync.Mutex
	group   *group // of Makes that wait for the writer
}

// Open opens the directory, and makes it on first use. It finishes what a crash
// interrupted, and destroys again what was destroyed before.
func Open(dir string) (*Vault, error) {
	return open(&disk{dir: dir, sync: (*os.File).Sync}, freshSize)
}

// open is Open with what the tests choose.
func open(d *disk, most int) (*Vault, error) {
	v := &Vault{
		disk:   d,
		most:   most,
		cache:  map[hub.ID]*[keySize]byte{},
		fresh:  map[hub.ID]*[keySize]byte{},
		gone:   map[hub.ID]bool{},
		tombed: map[hub.ID]bool{},
		tombs:  tail{name: "tombstones"},
		unsure: map[string]bool{},
	}
	if err := v.open(); err != nil {
		v.wipe()
		return nil, err
	}
	return v, nil
}

func (v *Vault) open() error {
	if err := os.MkdirAll(v.disk.path("keys"), 0o700); err != nil {
		return fmt.Errorf("vault: %w; make a directory that this user may write", err)
	}
	if err := v.hold(); err != nil {
		return err
	}
	names, err := v.shards()
	if err != nil {
		return err
	}
	if err := v.loadMaster(names); err != nil {
		return err
	}
	if err := v.loadTombs(); err != nil {
		return err
	}
	for _, name := range append(names, freshFile) {
		if err := v.disk.tidy(name); err != nil {
			return err
		}
	}
	if err := v.loadFresh(); err != nil {
		return err
	}
	// A crash may have come between a rename and its sync: what is read here is
	// only relied on once its name is on the disk.
	if err := v.disk.syncDirs([]file{{name: masterFile}, {name: freshFile}}); err != nil {
		return err
	}
	if err := v.reapply(names); err != nil {
		return err
	}
	if len(v.masters) > 1 {
		if err := v.rewrap(); err != nil {
			return err
		}
	}
	return v.loadName(names)
}

// hold takes the directory for this process.
func (v *Vault) hold() error {
	f, err := os.OpenFile(v.disk.path("lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		pid := make([]byte, 20)
		n, _ := f.Read(pid)
		f.Close()
		return fmt.Errorf("vault: %s is held by another hub (process %s); stop that one, or give this one another directory", v.disk.dir, pid[:n])
	}
	v.lock = f
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	_, err = fmt.Fprintf(f, "%d", os.Getpid())
	return err
}

// shards lists the key files there are. Anything else in their directory may be
// a copy of one, which would outlive a destroyed key, and so is refused.
func (v *Vault) shards() ([]string, error) {
	found, err := os.ReadDir(v.disk.path("keys"))
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	var names []string
	for _, f := range found {
		name := "keys/" + strings.TrimSuffix(strings.TrimSuffix(f.Name(), ".new"), ".old")
		var n byte
		if _, err := fmt.Sscanf(name, "keys/%02x", &n); (err != nil || name != fmt.Sprintf("keys/%02x", n)) && name != freshFile {
			return nil, fmt.Errorf("vault: %s is not a file of the vault; a copy of a key file outlives a destroyed key: move it away", v.disk.path("keys/"+f.Name()))
		}
		if name != freshFile && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// reapply destroys what the tombstones name, wherever it has come back from,
// and reads every file on the way, so that damage shows now.
func (v *Vault) reapply(names []string) error {
	destroyed := func(id [idSize]byte) bool { return v.tombed[hub.MakeID(id)] }
	var files []file
	for _, name := range names {
		entries, err := v.entries(name)
		if err != nil {
			return err
		}
		if kept, any := without(entries, destroyed); any {
			files = append(files, newShard(v.newest(), name, kept))
		}
		clear(entries)
	}
	for id := range v.fresh {
		if v.tombed[id] {
			files = append(files, v.freshWithout(v.tombed))
			break
		}
	}
	if len(files) == 0 {
		return nil
	}
	if err := v.disk.replace(files...); err != nil {
		return err
	}
	return v.loadFresh()
}

// entries gives the content of a shard. The caller clears it.
func (v *Vault) entries(name string) ([]byte, error) {
	content, err := v.disk.read(name)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return parseShard(v.masters, name, content)
}

func (v *Vault) newest() master { return v.masters[len(v.masters)-1] }

// Close wipes the keys from memory and lets the directory go. It waits for what
// is under way; after it everything is Unavailable.
func (v *Vault) Close() error {
	v.writing.Lock()
	defer v.writing.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return nil
	}
	v.closed = true
	return v.wipe()
}

func (v *Vault) wipe() error {
	for _, keys := range []map[hub.ID]*[keySize]byte{v.cache, v.fresh} {
		for _, k := range keys {
			clear(k[:])
		}
		clear(keys)
	}
	clear(v.journalKey)
	clear(v.masters)
	if v.lock == nil {
		return nil
	}
	return v.lock.Close()
}

// Ready reports why the vault cannot be used, if it cannot. After a failed
// change it tries to get back to a sound state.
func (v *Vault) Ready() error {
	v.writing.Lock()
	defer v.writing.Unlock()
	if v.closed {
		return errClosed()
	}
	if err := v.mend(); err != nil {
		return hub.Unavailable(err)
	}
	if len(v.fresh) >= v.most {
		if err := v.settle(); err != nil {
			return hub.Unavailable(err)
		}
	}
	content, err := v.disk.read(masterFile)
	if err != nil {
		return hub.Unavailable(fmt.Errorf("vault: %w", err))
	}
	if masters, err := parseMaster(content); err != nil || !slices.Equal(masters, v.masters) {
		return hub.Unavailable(fmt.Errorf("vault: the master key in %s is not the one this process began with", v.disk.dir))
	}
	return nil
}

func errClosed() error { return hub.Unavailable(errors.New("vault: closed")) }

// mend brings the directory back to a sound state after a failed change.
func (v *Vault) mend() error {
	if v.closed {
		return errClosed()
	}
	if err := v.disk.mend(&v.tombs); err != nil {
		return err
	}
	if v.unsure[freshFile] {
		if err := v.disk.tidy(freshFile); err != nil {
			return err
		}
		if err := v.loadFresh(); err != nil {
			return err
		}
		delete(v.unsure, freshFile)
	}
	if err := v.disk.mend(&v.journal); err != nil {
		return err
	}
	if v.unsure[masterFile] {
		if err := v.mendMaster(); err != nil {
			return err
		}
	}
	for name := range v.unsure {
		if err := v.disk.tidy(name); err != nil {
			return err
		}
		if err := v.disk.syncDirs([]file{{name: name}}); err != nil {
			return err
		}
		delete(v.unsure, name)
	}
	return nil
}

// replace is disk.replace, remembering what is unsure if it fails.
func (v *Vault) replace(files ...file) error {
	for _, f := range files {
		v.unsure[f.name] = true
	}
	if err := v.disk.replace(files...); err != nil {
		return err
	}
	for _, f := range files {
		delete(v.unsure, f.name)
	}
	return nil
}
