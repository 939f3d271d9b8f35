package vault

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"

	"github.com/infohus/infohus/pkg/hub"
)

// masterFile holds the master key, or both while it is being rotated:
//
//	magic | (number (4) | key (32)) … | SHA-256 of all that
const (
	masterFile  = "master"
	masterMagic = "IHMASTER"
	masterEntry = 4 + keySize
)

func parseMaster(b []byte) ([]master, error) {
	n := len(b) - len(masterMagic) - sha256.Size
	if n <= 0 || n%masterEntry != 0 || n/masterEntry > 2 || string(b[:len(masterMagic)]) != masterMagic {
		return nil, fmt.Errorf("vault: %s is %w", masterFile, errDamaged)
	}
	body, sum := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if want := sha256.Sum256(body); !bytes.Equal(want[:], sum) {
		return nil, fmt.Errorf("vault: %s is %w", masterFile, errDamaged)
	}
	var masters []master
	for body = body[len(masterMagic):]; len(body) > 0; body = body[masterEntry:] {
		masters = append(masters, master{binary.BigEndian.Uint32(body), [keySize]byte(body[4:])})
	}
	return masters, nil
}

func newMasterFile(masters []master) file {
	b := []byte(masterMagic)
	for _, m := range masters {
		b = append(binary.BigEndian.AppendUint32(b, m.number), m.key[:]...)
	}
	sum := sha256.Sum256(b)
	return file{masterFile, append(b, sum[:]...)}
}

// loadMaster reads the master key, and draws one if this is a new vault.
func (v *Vault) loadMaster(shards []string) error {
	if err := v.disk.tidy(masterFile); err != nil {
		return err
	}
	content, err := v.disk.read(masterFile)
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	if content == nil {
		if _, err := os.Stat(v.disk.path(freshFile)); len(shards) > 0 || err == nil {
			return fmt.Errorf("vault: %s is missing, and there are keys that only it opens: put it back from where it is kept", v.disk.path(masterFile))
		}
		m := master{number: 1}
		rand.Read(m.key[:])
		v.masters = []master{m}
		return v.disk.replace(newMasterFile(v.masters))
	}
	defer clear(content)
	info, err := os.Stat(v.disk.path(masterFile))
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("vault: others than its owner may read %s: chmod 600 it", v.disk.path(masterFile))
	}
	v.masters, err = parseMaster(content)
	return err
}

// loadName reads the key of the pseudonyms, and makes it if this is a new vault.
func (v *Vault) loadName(shards []string) error {
	id := derive("pseudonym")
	keep := func(k []byte) error { v.name = [keySize]byte(k); return nil }
	err := v.with(id, keep)
	if !errors.Is(err, ErrNoKey) {
		return err
	}
	if len(shards) > 0 || len(v.fresh) > 0 {
		return fmt.Errorf("vault: the key of the pseudonyms is missing from %s: %w", v.disk.dir, errDamaged)
	}
	if err := v.make([]hub.ID{id}); err != nil {
		return err
	}
	return v.with(id, keep)
}

// Rotate draws a new master key and wraps every file under it, each under a new
// key of its own. Keys open throughout; when it returns, the old master key is
// gone from the directory and opens nothing there. If it is interrupted, both
// master keys are good until it is called again, or the next Open finishes it.
func (v *Vault) Rotate() error {
	v.writing.Lock()
	defer v.writing.Unlock()
	if err := v.mend(); err != nil {
		return hub.Unavailable(err)
	}
	if err := v.rotate(); err != nil {
		return hub.Unavailable(err)
	}
	return nil
}

func (v *Vault) rotate() error {
	if len(v.masters) == 1 {
		m := master{number: v.masters[0].number + 1}
		rand.Read(m.key[:])
		both := []master{v.masters[0], m}
		if err := v.replace(newMasterFile(both)); err != nil {
			return err
		}
		v.setMasters(both) // only now may anything be wrapped by the new one
	}
	return v.rewrap()
}

// mendMaster finds out which master keys are on the disk after a failed
// replacement of their file.
func (v *Vault) mendMaster() error {
	if err := v.disk.tidy(masterFile); err != nil {
		return err
	}
	if err := v.disk.syncDir("."); err != nil {
		return err
	}
	content, err := v.disk.read(masterFile)
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	defer clear(content)
	masters, err := parseMaster(content)
	if err != nil {
		return err
	}
	v.setMasters(masters)
	delete(v.unsure, masterFile)
	return nil
}

// rewrap is the rest of a rotation, from wherever it stopped.
func (v *Vault) rewrap() error {
	names, err := v.shards()
	if err != nil {
		return err
	}
	for _, name := range names {
		entries, err := v.entries(name)
		if err != nil {
			return err
		}
		err = v.replace(newShard(v.newest(), name, entries))
		clear(entries)
		if err != nil {
			return err
		}
	}
	if err := v.replace(v.freshWithout(nil)); err != nil {
		return err
	}
	if err := v.loadFresh(); err != nil {
		return err
	}
	last := []master{v.newest()}
	if err := v.replace(newMasterFile(last)); err != nil {
		return err
	}
	v.setMasters(last)
	return nil
}

func (v *Vault) setMasters(m []master) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.masters = m
}

// The list of tombstones has a line for each destroyed key: its ID, which is
// random and names nobody, and a checksum.
const tombSize = 26 + 1 + 8 + 1

func tombstone(id hub.ID) string {
	return fmt.Sprintf("%s %08x\n", id, crc32.ChecksumIEEE([]byte(id)))
}

// bury adds the keys to the list of tombstones, durably.
func (v *Vault) bury(keys []hub.ID) error {
	var lines []byte
	add := map[hub.ID]bool{}
	for _, id := range keys {
		if !v.tombed[id] && !add[id] {
			add[id] = true
			lines = append(lines, tombstone(id)...)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	if err := v.disk.append(&v.tombs, lines); err != nil {
		return err
	}
	for id := range add {
		v.tombed[id] = true
	}
	return nil
}

// loadTombs reads the list. Lines at its end that are not whole are the rest of
// a Destroy that was never acknowledged; a line that is not whole before one
// that is, is damage, and then nothing may be opened.
func (v *Vault) loadTombs() error {
	if err := v.disk.tidy(v.tombs.name); err != nil {
		return err
	}
	content, err := v.disk.read(v.tombs.name)
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	if content == nil {
		return v.disk.replace(file{name: v.tombs.name})
	}
	line := 0
	for rest := content; len(rest) >= tombSize; rest = rest[tombSize:] {
		id := hub.ID(rest[:26])
		line++
		if string(rest[:tombSize]) != tombstone(id) {
			v.tombs.torn = true
			continue
		}
		if v.tombs.torn {
			return fmt.Errorf("vault: %s:%d: the line before is %w", v.disk.path(v.tombs.name), line, errDamaged)
		}
		v.tombed[id], v.gone[id] = true, true
		v.tombs.good += tombSize
	}
	v.tombs.torn = v.tombs.good < int64(len(content))
	return v.disk.mend(&v.tombs)
}
