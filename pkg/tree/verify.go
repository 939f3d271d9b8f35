package tree

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Broken is where a log is not what it says. Of what comes after Index nothing is said.
type Broken struct {
	Index int64  // the first leaf that is wrong; where only a tile can be named, its first
	Why   string // without anything of what a leaf commits to
}

func (b *Broken) Error() string { return fmt.Sprintf("leaf %d: %s", b.Index, b.Why) }

// Verify reads a whole log, as get gives the answers of the paths below its address,
// and rebuilds its root from its entries. The error is a [*Broken] where the log is
// not what its checkpoint says; the checkpoint comes with it once its signature holds.
//
// It keeps one hash of every 256 leaves.
func Verify(ctx context.Context, v note.Verifier, get func(ctx context.Context, path string) ([]byte, error)) (Checkpoint, error) {
	signed, err := get(ctx, "checkpoint")
	if err != nil {
		return Checkpoint{}, err
	}
	c, err := Open(signed, v)
	if err != nil {
		return c, err
	}
	r := &rebuilt{ctx: ctx, get: get, size: c.Size}
	for n := int64(0); n<<Height < c.Size; n++ {
		if err := r.leaves(n); err != nil {
			return c, err
		}
	}
	root, err := tlog.TreeHash(c.Size, Reader(c.Size, r.own))
	if err == nil && root != c.Root {
		err = &Broken{0, "every tile fits the others, and the root is not the one that was signed"}
	}
	return c, err
}

// Extends proves that a published log begins with what an older checkpoint of it is of,
// so that whoever kept that one sees what was rewritten, also with the log's own key
// (trust.md G5). The error is a [*Broken] where it does not.
func Extends(ctx context.Context, now, was Checkpoint, get func(ctx context.Context, path string) ([]byte, error)) error {
	switch {
	case was.Origin != now.Origin:
		return fmt.Errorf("tree: the checkpoint that was kept is of the log %q, and this is %q", was.Origin, now.Origin)
	case was.Size > now.Size:
		return &Broken{now.Size, fmt.Sprintf("it is gone: there were %d leaves", was.Size)}
	case was.Size == 0:
		return nil
	}
	r := &rebuilt{ctx: ctx, get: get, size: now.Size}
	proof, err := tlog.ProveTree(now.Size, was.Size, Reader(now.Size, r.fetch))
	if err != nil {
		return err
	}
	if tlog.CheckTree(proof, now.Size, now.Root, was.Size, was.Root) != nil {
		return &Broken{0, fmt.Sprintf("it, or one before leaf %d, is not what it was when the checkpoint of %d leaves was kept", was.Size, was.Size)}
	}
	return nil
}

// rebuilt is a tree that is rebuilt from entries.
type rebuilt struct {
	ctx    context.Context
	get    func(context.Context, string) ([]byte, error)
	size   int64
	nodes  [8][]byte // hashes by the level of their tiles, from 1 on
	served [8][]byte // the tile that they are held against
	last   []byte    // the last tile of level 0, where it is not full
}

// fetch gets a tile. One that is not full may have been replaced by the full one.
func (r *rebuilt) fetch(t tlog.Tile) ([]byte, error) {
	data, err := r.get(r.ctx, Path(t))
	if err != nil && t.W < Width {
		full := t
		full.W = Width
		if more, err2 := r.get(r.ctx, Path(full)); err2 == nil {
			return more, nil
		}
	}
	return data, err
}

// leaves holds the entries of a tile against its hashes, and a full one against the
// tile above it, so that what is told is the first that is wrong.
func (r *rebuilt) leaves(n int64) error {
	t, _ := In(r.size, 0, n)
	first := n << Height
	data, err := r.fetch(t)
	if err != nil {
		return err
	}
	if len(data) < t.W*tlog.HashSize {
		return &Broken{first, "the tile of its hash is too short"}
	}
	e := t
	e.L = Entries
	bundle, err := r.fetch(e)
	if err != nil {
		return err
	}
	hashes, err := Unbundle(bundle, t.W)
	if err != nil && t.W < Width { // a full one instead
		if hashes, err = Unbundle(bundle, Width); err == nil {
			hashes = hashes[:t.W]
		}
	}
	if err != nil {
		return &Broken{first, "the entries of its tile cannot be read"}
	}
	own := make([]byte, 0, t.W*tlog.HashSize)
	for i, h := range hashes {
		if h != tlog.Hash(data[i*tlog.HashSize:]) {
			return &Broken{first + int64(i), "its entry is another than that of its hash"}
		}
		own = append(own, h[:]...)
	}
	if t.W < Width {
		r.last = own
		return nil
	}
	return r.full(1, own)
}

// full takes the hash of a full tile into the level above it, holds it against what the
// tile there has, and goes on where that is full too.
func (r *rebuilt) full(level int, hashes []byte) error {
	top, err := Top(hashes)
	if err != nil {
		return err
	}
	n := int64(len(r.nodes[level])) / tlog.HashSize
	r.nodes[level] = append(r.nodes[level], top[:]...)
	at := n % Width * tlog.HashSize
	t, _ := In(r.size, level, n>>Height)
	if at == 0 {
		if r.served[level], err = r.fetch(t); err != nil {
			return err
		}
	}
	if served := r.served[level]; int64(len(served)) < at+tlog.HashSize || tlog.Hash(served[at:]) != top {
		return &Broken{n << (Height * level), "what begins with it comes to another hash than " + Path(t) + " has"}
	}
	if (n+1)%Width != 0 {
		return nil
	}
	return r.full(level+1, r.nodes[level][(n+1-Width)*tlog.HashSize:])
}

// own is a tile as it was rebuilt.
func (r *rebuilt) own(t tlog.Tile) ([]byte, error) {
	if t.L == 0 { // only the last is asked for: what is full stands in the level above
		return r.last, nil
	}
	return r.nodes[t.L][t.N<<Height*tlog.HashSize:], nil
}
