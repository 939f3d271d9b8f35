package tree

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const origin = "infohus.example/trail"

var private = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))

func key(t testing.TB, origin string, k ed25519.PrivateKey) note.Verifier {
	t.Helper()
	_, v, err := Key(origin, k.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// published is a log as files, by their paths. Its hashes are tlog's own, one by one,
// and not made of tiles.
type published map[string][]byte

func publish(t testing.TB, size int64) published {
	t.Helper()
	var hashes []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = hashes[x]
		}
		return out, nil
	})
	var entries []byte
	for i := range size {
		e := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
		more, err := tlog.StoredHashes(i, e[:], read)
		if err != nil {
			t.Fatal(err)
		}
		hashes, entries = append(hashes, more...), append(entries, e[:]...)
	}
	p := published{}
	for _, at := range tlog.NewTiles(Height, 0, size) {
		data, err := tlog.ReadTileData(at, read)
		if err != nil {
			t.Fatal(err)
		}
		p[Path(at)] = data
		if at.L == 0 {
			first := at.N << Height * EntrySize
			at.L = Entries
			p[Path(at)] = Bundle(entries[first : first+int64(at.W)*EntrySize])
		}
	}
	root, err := tlog.TreeHash(size, read)
	if err != nil {
		t.Fatal(err)
	}
	p.sign(t, Checkpoint{origin, size, root})
	return p
}

func (p published) sign(t testing.TB, c Checkpoint) {
	t.Helper()
	signed, err := c.Sign(key(t, c.Origin, private), func(text []byte) ([]byte, error) { return ed25519.Sign(private, text), nil })
	if err != nil {
		t.Fatal(err)
	}
	p["checkpoint"] = signed
}

func (p published) get(_ context.Context, path string) ([]byte, error) {
	if data, ok := p[path]; ok {
		return data, nil
	}
	return nil, fmt.Errorf("%s: 404", path)
}

func TestVerify(t *testing.T) {
	for _, size := range []int64{1, 2, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537, 65536 + 256 + 1} {
		p := publish(t, size)
		c, err := Verify(t.Context(), key(t, origin, private), p.get)
		if err != nil || c.Size != size || c.Origin != origin {
			t.Errorf("%d leaves: %v, %v", size, c, err)
		}
	}
	p := publish(t, 300) // read while it grew: what was partial is there in full only
	old := p
	p = publish(t, 512)
	p["checkpoint"], p["tile/1/000.p/1"] = old["checkpoint"], old["tile/1/000.p/1"]
	if c, err := Verify(t.Context(), key(t, origin, private), p.get); err != nil || c.Size != 300 {
		t.Errorf("a log that has grown: %v, %v", c, err)
	}
}

// TestVerifyNamesTheFirstBrokenLeaf is A079 in part and A080 in part: what anybody who has the
// verifier key finds, of a log whose key was not taken.
func TestVerifyNamesTheFirstBrokenLeaf(t *testing.T) {
	const size = 65536 + 256 + 44
	whole := publish(t, size)
	flip := func(path string, at int) func(published) {
		return func(p published) { b := slices.Clone(p[path]); b[at] ^= 1; p[path] = b }
	}
	// forge changes an entry, and the hash of it too.
	forge := func(n, i int, width string) func(published) {
		return func(p published) {
			bundle, hashes := slices.Clone(p[fmt.Sprintf("tile/entries/%03d%s", n, width)]), slices.Clone(p[fmt.Sprintf("tile/0/%03d%s", n, width)])
			bundle[i*34+5] ^= 1
			h := tlog.RecordHash(bundle[i*34+2 : i*34+34])
			copy(hashes[i*32:], h[:])
			p[fmt.Sprintf("tile/entries/%03d%s", n, width)], p[fmt.Sprintf("tile/0/%03d%s", n, width)] = bundle, hashes
		}
	}
	for name, c := range map[string]struct {
		spoil func(published)
		want  int64
	}{
		"the first entry":                     {flip("tile/entries/000", 2), 0},
		"an entry":                            {flip("tile/entries/003", 17*34+33), 3*256 + 17},
		"the last entry":                      {flip("tile/entries/257.p/44", 43*34+2), size - 1},
		"the length of an entry":              {flip("tile/entries/003", 17*34+1), 3 * 256},
		"a hash":                              {flip("tile/0/003", 5*32), 3*256 + 5},
		"the hash of a tile":                  {flip("tile/1/000", 9*32), 9 * 256},
		"the hash of a tile at the edge":      {flip("tile/1/001.p/1", 0), 65536},
		"the hash of a tile of tiles":         {flip("tile/2/000.p/1", 0), 0},
		"an entry and its hash":               {forge(5, 7, ""), 5 * 256},
		"an entry and its hash, then another": {func(p published) { forge(5, 7, "")(p); flip("tile/entries/009", 2)(p) }, 5 * 256},
		"an entry and its hash, at the edge":  {forge(257, 7, ".p/44"), 0},
		"a tile that ends early":              {func(p published) { p["tile/0/003"] = p["tile/0/003"][:255*32] }, 3 * 256},
		"a bundle that ends early":            {func(p published) { p["tile/entries/003"] = p["tile/entries/003"][:255*34] }, 3 * 256},
		"two entries in each other's place": {func(p published) {
			b := slices.Clone(p["tile/entries/003"])
			copy(b, p["tile/entries/003"][34:68])
			copy(b[34:], p["tile/entries/003"][:34])
			p["tile/entries/003"] = b
		}, 3 * 256},
		"two tiles in each other's place": {func(p published) {
			for _, l := range []string{"0", "entries"} {
				a, b := "tile/"+l+"/003", "tile/"+l+"/004"
				p[a], p[b] = p[b], p[a]
			}
		}, 3 * 256},
		"a root that somebody with the key made": {func(p published) { p.sign(t, Checkpoint{origin, size, tlog.Hash{1}}) }, 0},
	} {
		p := maps.Clone(whole)
		c.spoil(p)
		_, err := Verify(t.Context(), key(t, origin, private), p.get)
		var broken *Broken
		if !errors.As(err, &broken) || broken.Index != c.want {
			t.Errorf("%s: %v, want leaf %d", name, err, c.want)
		}
	}
	for name, spoil := range map[string]func(published){
		"no checkpoint": func(p published) { delete(p, "checkpoint") },
		"no tile":       func(p published) { delete(p, "tile/0/007") },
		"another signature": func(p published) {
			p["checkpoint"] = bytes.Replace(p["checkpoint"], []byte("— "), []byte("— x"), 1)
		},
		"another size": func(p published) {
			p["checkpoint"] = bytes.Replace(p["checkpoint"], []byte("65836"), []byte("65835"), 1)
		},
		"another's checkpoint": func(p published) { p.sign(t, Checkpoint{"other.example", size, tlog.Hash{}}) },
	} {
		p := maps.Clone(whole)
		spoil(p)
		if _, err := Verify(t.Context(), key(t, origin, private), p.get); err == nil {
			t.Errorf("%s: it verifies", name)
		}
	}
	if _, err := Verify(t.Context(), key(t, origin, ed25519.NewKeyFromSeed(make([]byte, 32))), whole.get); err == nil {
		t.Error("it verifies by another's key")
	}
}

// Whatever byte of a log is another, it does not verify.
func FuzzVerify(f *testing.F) {
	whole := publish(f, 600)
	paths := slices.Sorted(maps.Keys(whole))
	f.Add(0, 3, byte(1))
	f.Add(2, 300, byte(255))
	v := key(f, origin, private)
	f.Fuzz(func(t *testing.T, file, at int, flip byte) {
		path := paths[max(0, file)%len(paths)]
		b := slices.Clone(whole[path])
		if at = max(0, at) % len(b); flip == 0 {
			b = b[:at] // or cut
		} else {
			b[at] ^= flip
		}
		p := maps.Clone(whole)
		p[path] = b
		c, err := Verify(t.Context(), v, p.get)
		if err == nil && !(path == "checkpoint" && c.Size == 600 && strings.HasPrefix(string(b), string(whole[path][:60]))) {
			t.Errorf("%s with byte %d changed by %d verifies", path, at, flip)
		}
	})
}

// BenchmarkVerify rebuilds a log that lies in memory, against hashing its entries alone.
func BenchmarkVerify(b *testing.B) {
	const size = 1 << 17
	p, v := publish(b, size), key(b, origin, private)
	var ours, bare time.Duration
	for b.Loop() {
		began := time.Now()
		if _, err := Verify(b.Context(), v, p.get); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(began)
		began = time.Now()
		for path, bundle := range p {
			if strings.HasPrefix(path, "tile/entries/") {
				if _, err := Unbundle(bundle, Width); err != nil {
					b.Fatal(err)
				}
			}
		}
		bare += time.Since(began)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(b.N)*size/ours.Seconds(), "leaves-per-s-ours")
	b.ReportMetric(float64(b.N)*size/bare.Seconds(), "leaves-per-s-baseline")
	b.ReportMetric(float64(bare)/float64(ours), "ratio")
}
