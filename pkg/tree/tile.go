// Package tree is the Merkle tree of the trail as outsiders read it: what a leaf
// commits to, its tiles, its checkpoints, and whether they fit together.
//
// The tree is that of RFC 6962, by golang.org/x/mod/sumdb/tlog; paths, tiles and
// checkpoints are those of c2sp.org/tlog-tiles, tlog-checkpoint and signed-note, so
// that other people's programs can read it. It knows no database.
package tree

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	// Height is how many levels of the tree a tile spans.
	Height = 8
	// Width is how many hashes, or entries, a full tile has.
	Width = 1 << Height
	// Entries is the level of the tiles that hold entries instead of hashes.
	Entries = -1
)

// Path is where a tile is found below the address of the log: "tile/0/x001/234.p/5".
func Path(t tlog.Tile) string {
	p := strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", Height))
	return "tile/" + strings.Replace(p, "data/", "entries/", 1)
}

// ParsePath is the tile of a path, which must be written exactly as [Path] does.
func ParsePath(path string) (tlog.Tile, error) {
	rest, ok := strings.CutPrefix(path, "tile/")
	t, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d/", Height) + strings.Replace(rest, "entries/", "data/", 1))
	if err != nil || !ok || t.L > 63 || t.N < 0 || Path(t) != path {
		return tlog.Tile{}, errors.New("tree: that is no path of a tile")
	}
	return t, nil
}

// In is the tile of that level and number in a tree of a size, as wide as the tree
// fills it; false where the tree does not reach it.
func In(size int64, level int, n int64) (tlog.Tile, bool) {
	if level < Entries || level > 7 || n < 0 { // 256^8 is more than there can be
		return tlog.Tile{}, false
	}
	there := size >> (Height * max(level, 0))
	if n > there>>Height || there-n<<Height <= 0 {
		return tlog.Tile{}, false
	}
	return tlog.Tile{H: Height, L: level, N: n, W: int(min(there-n<<Height, Width))}, true
}

// Hashes are those of entries, as the tile of level 0 has them.
func Hashes(entries []byte) []byte {
	hashes := make([]byte, 0, len(entries)/EntrySize*tlog.HashSize)
	for ; len(entries) >= EntrySize; entries = entries[EntrySize:] {
		h := tlog.RecordHash(entries[:EntrySize])
		hashes = append(hashes, h[:]...)
	}
	return hashes
}

// Top is the one hash of a full tile, which stands in the tile above it.
func Top(hashes []byte) (tlog.Hash, error) {
	t := tlog.Tile{H: Height, W: Width}
	left, err1 := tlog.HashFromTile(t, hashes, tlog.StoredHashIndex(Height-1, 0))
	right, err2 := tlog.HashFromTile(t, hashes, tlog.StoredHashIndex(Height-1, 1))
	return tlog.NodeHash(left, right), errors.Join(err1, err2)
}

// Reader reads single hashes of a tree of a size out of its tiles. Each is asked for
// once, as wide as the tree fills it, and taken as it comes.
func Reader(size int64, tile func(tlog.Tile) ([]byte, error)) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		read := map[tlog.Tile][]byte{}
		hashes := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			at := tlog.TileForIndex(Height, x)
			t, ok := In(size, at.L, at.N)
			if !ok {
				return nil, fmt.Errorf("tree: hash %d is not in a tree of %d leaves", x, size)
			}
			data, ok := read[t]
			if !ok {
				var err error
				if data, err = tile(t); err != nil {
					return nil, err
				}
				read[t] = data
			}
			var err error
			if hashes[i], err = tlog.HashFromTile(t, data, x); err != nil {
				return nil, err
			}
		}
		return hashes, nil
	})
}

// Bundle writes entries as their tile is served: each with its length before it, two
// bytes big-endian.
func Bundle(entries []byte) []byte {
	b := make([]byte, 0, len(entries)+len(entries)/EntrySize*2)
	for ; len(entries) >= EntrySize; entries = entries[EntrySize:] {
		b = append(binary.BigEndian.AppendUint16(b, EntrySize), entries[:EntrySize]...)
	}
	return b
}

// Unbundle is the hash of each entry of a bundle, which must have so many: entries of
// any length, so that it reads other logs too.
func Unbundle(bundle []byte, many int) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, 0, many)
	for len(bundle) >= 2 {
		n := int(binary.BigEndian.Uint16(bundle))
		if len(bundle) < 2+n {
			break
		}
		hashes = append(hashes, tlog.RecordHash(bundle[2:2+n]))
		bundle = bundle[2+n:]
	}
	if len(bundle) > 0 || len(hashes) != many {
		return nil, fmt.Errorf("tree: a bundle of %d entries, or half of one, instead of %d", len(hashes), many)
	}
	return hashes, nil
}
