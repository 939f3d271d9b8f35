package vault

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/infohus/infohus/pkg/hub"
	"golang.org/x/crypto/chacha20poly1305"
)

// A key file (a shard, or the fresh file) is
//
//	magic | number of the master key (4) | the file's own key, wrapped by it | chunk …
//	chunk = length (4) | nonce (24) | sealed under the file's own key: (id (16) | key (32)) …
//
// The wrapped key is bound to the file's name, a chunk to that and to its
// number in the file. A shard has one chunk. The fresh file has one for each
// group of keys made, and grows at its end.
const (
	magic    = "IHKEYS1\n"
	overhead = chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead
	idSize   = 16
	keySize  = chacha20poly1305.KeySize
	entry    = idSize + keySize
	header   = len(magic) + 4 + keySize + overhead
)

// errDamaged says that a file is not as the vault wrote it.
var errDamaged = errors.New("damaged: put back this file from a backup of the vault; what was destroyed since stays destroyed")

// seal encrypts under a fresh random nonce of 192 bits, so that neither a
// crash nor a cloned machine repeats one (A096).
func seal(key, plain, bound []byte) []byte {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		panic(err) // only for a key of another size
	}
	box := make([]byte, chacha20poly1305.NonceSizeX, len(plain)+overhead)
	rand.Read(box) // never fails: it ends the process instead
	return aead.Seal(box, box, plain, bound)
}

// unseal decrypts what seal made, or reports that it did not.
func unseal(key, box, bound []byte) ([]byte, bool) {
	if len(box) < overhead {
		return nil, false
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		panic(err)
	}
	nonce, sealed := box[:chacha20poly1305.NonceSizeX], box[chacha20poly1305.NonceSizeX:]
	plain, err := aead.Open(nil, nonce, sealed, bound)
	return plain, err == nil
}

// master is the numbered key that wraps the files' own keys. While it is being
// rotated there are two; the last is the new one.
type master struct {
	number uint32
	key    [keySize]byte
}

// begin makes a file's own key and the header that holds it, wrapped.
func begin(m master, name string) (key, head []byte) {
	key = make([]byte, keySize)
	rand.Read(key)
	head = binary.BigEndian.AppendUint32([]byte(magic), m.number)
	return key, append(head, seal(m.key[:], key, []byte("infohus shard\x00"+name))...)
}

// chunk seals entries as the n-th chunk of a file.
func chunk(key []byte, name string, n uint64, entries []byte) []byte {
	box := seal(key, entries, chunkBound(name, n))
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(box))), box...)
}

func chunkBound(name string, n uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte("infohus chunk\x00"+name+"\x00"), n)
}

// unwrap reads a file's header and gives the file's own key.
func unwrap(masters []master, name string, content []byte) ([]byte, error) {
	if len(content) < header || string(content[:len(magic)]) != magic {
		return nil, fmt.Errorf("vault: %s is %w", name, errDamaged)
	}
	number := binary.BigEndian.Uint32(content[len(magic):])
	for _, m := range masters {
		if m.number != number {
			continue
		}
		key, ok := unseal(m.key[:], content[len(magic)+4:header], []byte("infohus shard\x00"+name))
		if !ok || len(key) != keySize {
			return nil, fmt.Errorf("vault: %s does not open with the master key: it is from another vault, or %w", name, errDamaged)
		}
		return key, nil
	}
	return nil, fmt.Errorf("vault: %s is wrapped by master key %d, which is gone: it is a copy from before a rotation", name, number)
}

// next reads the chunk at the start of b: its entries and how long it is.
func next(key []byte, name string, n uint64, b []byte) (entries []byte, size int, ok bool) {
	if len(b) < 4 {
		return nil, 0, false
	}
	length := binary.BigEndian.Uint32(b)
	if uint64(length) > uint64(len(b)-4) {
		return nil, 0, false
	}
	entries, ok = unseal(key, b[4:4+length], chunkBound(name, n))
	return entries, 4 + int(length), ok && len(entries)%entry == 0
}

// parseShard gives the entries of a shard file; none for no file.
func parseShard(masters []master, name string, content []byte) ([]byte, error) {
	if content == nil {
		return nil, nil
	}
	key, err := unwrap(masters, name, content)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	entries, size, ok := next(key, name, 0, content[header:])
	if !ok || header+size != len(content) {
		return nil, fmt.Errorf("vault: %s is %w", name, errDamaged)
	}
	return entries, nil
}

// newShard is a shard file with the entries, under a new key of its own.
func newShard(m master, name string, entries []byte) file {
	key, content := begin(m, name)
	defer clear(key)
	return file{name, append(content, chunk(key, name, 0, entries)...)}
}

// find gives the key of an id among entries, or nil. The bytes are the entries'.
func find(entries []byte, id [idSize]byte) []byte {
	for ; len(entries) >= entry; entries = entries[entry:] {
		if [idSize]byte(entries) == id {
			return entries[idSize:entry]
		}
	}
	return nil
}

// without gives the entries but those that drop says, and whether any went.
// What is dropped is wiped.
func without(entries []byte, drop func(id [idSize]byte) bool) ([]byte, bool) {
	kept := entries[:0]
	for rest := entries; len(rest) >= entry; rest = rest[entry:] {
		if !drop([idSize]byte(rest)) {
			kept = append(kept, rest[:entry]...)
		}
	}
	clear(entries[len(kept):])
	return kept, len(kept) < len(entries)
}

// alphabet is that of hub.MakeID.
var alphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// raw gives the 16 bytes of an ID.
func raw(id hub.ID) (b [idSize]byte, err error) {
	if _, err := hub.ParseID(string(id)); err != nil {
		return b, err
	}
	_, err = alphabet.Decode(b[:], []byte(id))
	return b, err
}

// shardOf names the file that a key is kept in.
func shardOf(id [idSize]byte) string { return fmt.Sprintf("keys/%02x", id[0]) }
