package vault

import (
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/infohus/infohus/pkg/hub"
)

// freshFile holds the keys that were made last, so that many can be made with
// one sync. When it is full they move to their shards.
const freshFile = "keys/fresh"

// group is a number of Makes that share one sync.
type group struct {
	ids  []hub.ID
	done chan struct{}
	err  error
}

// Make makes keys of these IDs, and returns when they are on the disk. A key
// there is already is left as it is. If one was destroyed the answer is
// ErrDestroyed, and none of this call is to be used. Many calls at once share
// their wait for the disk.
func (v *Vault) Make(keys ...hub.ID) error {
	if there, err := v.there(keys); there || err != nil {
		return err
	}
	v.joining.Lock()
	g, leads := v.group, false
	if g == nil {
		g, leads = &group{done: make(chan struct{})}, true
		v.group = g
	}
	g.ids = append(g.ids, keys...)
	v.joining.Unlock()

	if leads {
		v.writing.Lock() // meanwhile others join
		v.joining.Lock()
		v.group = nil
		v.joining.Unlock()
		g.err = v.make(g.ids)
		v.writing.Unlock()
		close(g.done)
	}
	<-g.done
	if g.err != nil {
		return hub.Unavailable(g.err)
	}
	_, err := v.there(keys) // one may have been destroyed meanwhile
	return err
}

// there reports whether all keys are at hand, or one is destroyed or impossible.
func (v *Vault) there(keys []hub.ID) (bool, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.closed {
		return false, errClosed()
	}
	all := true
	for _, id := range keys {
		if _, err := raw(id); err != nil {
			return false, err
		}
		if v.gone[id] {
			return false, ErrDestroyed
		}
		all = all && v.held(id) != nil
	}
	return all, nil
}

// held gives a key that is in memory, or nil. The caller holds mu.
func (v *Vault) held(id hub.ID) *[keySize]byte {
	if k := v.fresh[id]; k != nil {
		return k
	}
	return v.cache[id]
}

// make makes those keys that are neither there nor destroyed. The caller holds
// writing.
func (v *Vault) make(ids []hub.ID) error {
	if err := v.mend(); err != nil {
		return err
	}
	made := map[hub.ID]*[keySize]byte{}
	var entries []byte
	for _, id := range ids {
		if made[id] != nil || v.fresh[id] != nil || v.gone[id] {
			continue
		}
		b, err := raw(id)
		if err != nil {
			return err
		}
		old, err := v.entries(shardOf(b))
		if err != nil {
			return err
		}
		known := find(old, b) != nil
		clear(old)
		if known {
			continue
		}
		k := new([keySize]byte)
		rand.Read(k[:])
		made[id] = k
		entries = append(append(entries, b[:]...), k[:]...)
	}
	if len(made) == 0 {
		return nil
	}
	err := v.disk.append(&v.journal, chunk(v.journalKey, freshFile, v.chunks, entries))
	clear(entries)
	if err != nil {
		return err
	}
	v.chunks++
	v.mu.Lock()
	for id, k := range made {
		v.fresh[id] = k
	}
	v.mu.Unlock()
	if len(v.fresh) >= v.most {
		// The keys are safe where they are, so a failure to move them is not
		// Make's; the next Make tries again, and Ready tells.
		_ = v.settle()
	}
	return nil
}

// settle moves the fresh keys to their shards.
func (v *Vault) settle() error {
	byShard := map[string][]byte{}
	for id, k := range v.fresh {
		b, err := raw(id)
		if err != nil {
			return err
		}
		name := shardOf(b)
		if byShard[name] == nil {
			if byShard[name], err = v.entries(name); err != nil {
				return err
			}
		}
		if find(byShard[name], b) == nil {
			byShard[name] = append(append(byShard[name], b[:]...), k[:]...)
		}
	}
	var files []file
	for name, entries := range byShard {
		files = append(files, newShard(v.newest(), name, entries))
		clear(entries)
	}
	if err := v.replace(files...); err != nil {
		return err
	}
	if err := v.replace(v.freshWithout(v.all())); err != nil {
		return err
	}
	return v.loadFresh()
}

// Destroy destroys keys, and returns when no copy of them is left on the disk.
// A key that is destroyed already, or never was made, is destroyed again. If it
// fails it must be tried again; until then the keys are unusable.
func (v *Vault) Destroy(keys ...hub.ID) error {
	for _, id := range keys {
		if _, err := raw(id); err != nil {
			return err
		}
	}
	v.writing.Lock()
	defer v.writing.Unlock()
	if v.closed {
		return errClosed()
	}
	if err := v.destroy(keys); err != nil {
		return hub.Unavailable(err)
	}
	return nil
}

func (v *Vault) destroy(keys []hub.ID) error {
	v.mu.Lock()
	for _, id := range keys {
		v.gone[id] = true
		if k := v.cache[id]; k != nil {
			clear(k[:])
			delete(v.cache, id)
		}
	}
	v.mu.Unlock()
	if err := v.mend(); err != nil {
		return err
	}
	if err := v.bury(keys); err != nil {
		return err
	}
	dead := map[hub.ID]bool{}
	shards := map[string]bool{}
	inFresh := false
	for _, id := range keys {
		b, err := raw(id)
		if err != nil {
			return err
		}
		dead[id] = true
		shards[shardOf(b)] = true
		inFresh = inFresh || v.fresh[id] != nil
	}
	var files []file
	for name := range shards {
		entries, err := v.entries(name)
		if err != nil {
			return err
		}
		kept, any := without(entries, func(id [idSize]byte) bool { return dead[hub.MakeID(id)] })
		if any {
			files = append(files, newShard(v.newest(), name, kept))
		}
		clear(entries)
	}
	if inFresh {
		files = append(files, v.freshWithout(dead))
	}
	if len(files) == 0 {
		return nil
	}
	if err := v.replace(files...); err != nil {
		return err
	}
	if inFresh {
		return v.loadFresh()
	}
	return nil
}

// freshWithout is the fresh file without some keys, under a new key of its own.
func (v *Vault) freshWithout(dead map[hub.ID]bool) file {
	var entries []byte
	for id, k := range v.fresh {
		if b, err := raw(id); err == nil && !dead[id] {
			entries = append(append(entries, b[:]...), k[:]...)
		}
	}
	defer clear(entries)
	if len(entries) > 0 {
		return newShard(v.newest(), freshFile, entries)
	}
	key, head := begin(v.newest(), freshFile)
	clear(key)
	return file{freshFile, head}
}

// loadFresh reads the fresh file, and makes it if there is none. A last chunk
// that is not whole was never acknowledged, and is cut off.
func (v *Vault) loadFresh() error {
	content, err := v.disk.read(freshFile)
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	if content == nil {
		f := v.freshWithout(v.all())
		if err := v.disk.replace(f); err != nil {
			return err
		}
		content = f.content
	}
	key, err := unwrap(v.masters, freshFile, content)
	if err != nil {
		return err
	}
	keys := map[hub.ID]*[keySize]byte{}
	good, n := header, uint64(0)
	for good < len(content) {
		entries, size, ok := next(key, freshFile, n, content[good:])
		if !ok {
			break
		}
		for e := entries; len(e) >= entry; e = e[entry:] {
			k := [keySize]byte(e[idSize:])
			keys[hub.MakeID([idSize]byte(e))] = &k
		}
		clear(entries)
		good += size
		n++
	}
	v.journal = tail{name: freshFile, good: int64(good), torn: good < len(content)}
	clear(v.journalKey)
	v.journalKey, v.chunks = key, n
	v.mu.Lock()
	for _, k := range v.fresh {
		clear(k[:])
	}
	v.fresh = keys
	v.mu.Unlock()
	return v.disk.mend(&v.journal)
}

func (v *Vault) all() map[hub.ID]bool {
	all := map[hub.ID]bool{}
	for id := range v.fresh {
		all[id] = true
	}
	return all
}

// load brings a key from its shard into memory. ErrNoKey if there is none.
func (v *Vault) load(id hub.ID) error {
	b, err := raw(id)
	if err != nil {
		return ErrNoKey
	}
	entries, err := v.look(shardOf(b))
	if err != nil {
		return hub.Unavailable(err)
	}
	defer clear(entries)
	found := find(entries, b)
	if found == nil {
		return ErrNoKey
	}
	k := [keySize]byte(found)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed || v.gone[id] {
		clear(k[:])
		return nil // the next look says why
	}
	for other, old := range v.cache { // any other: Go begins anywhere
		if len(v.cache) < cacheSize {
			break
		}
		clear(old[:])
		delete(v.cache, other)
	}
	v.cache[id] = &k
	return nil
}

// look is entries for readers, who hold mu against a change of the master key.
func (v *Vault) look(name string) ([]byte, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.closed {
		return nil, errClosed()
	}
	return v.entries(name)
}

// with lends a key, which is not wiped while use runs.
func (v *Vault) with(id hub.ID, use func(key []byte) error) error {
	for {
		err := v.lend(id, use)
		if !errors.Is(err, ErrNoKey) {
			return err
		}
		if err := v.load(id); err != nil {
			return err
		}
	}
}

func (v *Vault) lend(id hub.ID, use func(key []byte) error) error {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.closed {
		return errClosed()
	}
	if v.gone[id] {
		return ErrDestroyed
	}
	k := v.held(id)
	if k == nil {
		return ErrNoKey
	}
	return use(k[:])
}
