package audit

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/tree"
)

const (
	signKey  = "trail" // the name of the key that signs checkpoints
	atOnce   = 1024    // rows that become leaves in one transaction
	patience = 900 * time.Millisecond
)

// memory is what the room remembers of the tree beside what is stored.
type memory struct {
	mu      sync.Mutex
	trouble map[string]error     // by what found it
	said    map[string]time.Time // when it was said last

	most   int64     // the largest checkpoint that the integrator saw
	at     int64     // where the walk goes on
	lastID int64     // and after which row
	began  time.Time // when it began at the beginning; zero: it found something since
	whole  time.Time // when the last walk began that found nothing
}

// integrate makes leaves of the rows that wait, and signs what has become of the tree,
// until nothing waits or other chores are to have their turn. What was made in one
// transaction is read back and recomputed from the rows in another before it is signed
// (trust.md F40): if it is not the same, nothing is signed, and no leaf is added, until
// somebody has looked.
func (x *room) integrate(ctx context.Context) error {
	return x.tell("tree", x.follow(ctx))
}

func (x *room) follow(ctx context.Context) error {
	var idle bool
	err := x.DB.View(ctx, x.self(), func(tx *pg.Tx) error {
		size, signed, waits, err := state(ctx, tx)
		if err != nil {
			return err
		}
		if err := x.closedNow(ctx, tx); err != nil { // what would be signed now could not be taken back
			return err
		}
		last, err := x.last(signed)
		if err == nil && last.Size < x.tree.most {
			err = finding{fmt.Errorf("the last checkpoint is of %d leaves, and there was one of %d: the database was put back to an older state", last.Size, x.tree.most)}
		}
		x.tree.most = max(x.tree.most, last.Size)
		idle = !waits && last.Size == size
		return err
	})
	for began := time.Now(); err == nil && !idle; {
		if err = x.seal(ctx); err != nil {
			break
		}
		var made int
		if made, err = x.grow(ctx); err == nil && time.Since(began) > patience {
			return x.seal(ctx)
		}
		idle = made == 0
	}
	return err
}

// self is the room as an actor.
func (x *room) self() hub.Actor { return hub.System(x.Now(), x.NewID()) }

// change runs a transaction that has the tree for itself. Where another process has it
// nothing is done: it does the same.
func (x *room) change(ctx context.Context, do func(tx *pg.Tx) error) error {
	return x.DB.Command(ctx, x.self(), pg.Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "trail"}}, func(tx *pg.Tx) error {
		if ours, err := alone(ctx, tx); err != nil || !ours {
			return err
		}
		return do(tx)
	})
}

// grow makes leaves of rows that wait, and gives how many.
func (x *room) grow(ctx context.Context) (made int, err error) {
	err = x.change(ctx, func(tx *pg.Tx) error {
		made = 0 // it may be run again
		size, _, _, err := state(ctx, tx)
		if err != nil {
			return err
		}
		fresh, err := waiting(ctx, tx, atOnce)
		made = len(fresh.rows)
		if err != nil || made == 0 {
			return err
		}
		fresh.start = size
		entries, err := committed(ctx, tx, fresh.rows, fresh.since, fresh.until)
		if err != nil {
			return err
		}
		for i, id := range fresh.rows {
			if entries[id] == nil {
				return &tree.Broken{Index: size + int64(i), Why: fmt.Sprintf("row %d, which was to be this leaf, is gone or no row", id)}
			}
			fresh.entries = append(fresh.entries, entries[id]...)
		}
		return add(ctx, tx, fresh)
	})
	return made, err
}

// add adds leaves, with what they complete.
func add(ctx context.Context, tx *pg.Tx, fresh leaves) error {
	size, until := fresh.start, fresh.start+int64(len(fresh.rows))
	edge, err := runs(ctx, tx, size, size+1)
	if err != nil {
		return err
	}
	whole := leaves{start: size - size%tree.Width}
	for _, r := range edge {
		whole.rows, whole.entries = append(whole.rows, r.rows...), append(whole.entries, r.entries...)
	}
	for len(fresh.rows) > 0 {
		n := min(len(fresh.rows), tree.Width-len(whole.rows))
		piece := leaves{start: fresh.start, rows: fresh.rows[:n], entries: fresh.entries[:n*tree.EntrySize]}
		fresh = leaves{start: fresh.start + int64(n), rows: fresh.rows[n:], entries: fresh.entries[n*tree.EntrySize:]}
		if len(whole.rows)+n == tree.Width { // which takes the place of what it repeats
			piece = leaves{whole.start, append(whole.rows, piece.rows...), append(whole.entries, piece.entries...), whole.since, whole.until}
			whole = leaves{start: fresh.start}
		}
		if err := putRun(ctx, tx, piece); err != nil {
			return err
		}
	}
	return tops(ctx, tx, size, until, func(level int, n int64, top tlog.Hash) error { return putNode(ctx, tx, level, n, top) })
}

// tops goes through the hashes of the tiles that become full when a tree grows.
func tops(ctx context.Context, tx *pg.Tx, from, until int64, do func(level int, n int64, top tlog.Hash) error) error {
	read := tiles(ctx, tx)
	for _, t := range tlog.NewTiles(tree.Height, from, until) {
		if t.W < tree.Width {
			continue
		}
		data, err := read(t)
		if err != nil {
			return err
		}
		top, err := tree.Top(data)
		if err != nil {
			return err
		}
		if err := do(t.L+1, t.N, top); err != nil {
			return err
		}
	}
	return nil
}

// seal reads back what has become of the tree since the last checkpoint, and signs it.
func (x *room) seal(ctx context.Context) error {
	return x.change(ctx, func(tx *pg.Tx) error {
		size, signed, _, err := state(ctx, tx)
		if err != nil {
			return err
		}
		last, err := x.last(signed)
		if err != nil || last.Size == size {
			return err
		}
		root, err := x.checked(ctx, tx, last, size)
		if err != nil {
			return err
		}
		v, err := x.verifier()
		if err != nil {
			return err
		}
		c := tree.Checkpoint{Origin: v.Name(), Size: size, Root: root}
		text, err := c.Sign(v, func(text []byte) ([]byte, error) { return x.Vault.Sign(signKey, text) })
		if err != nil {
			return err
		}
		return putCheckpoint(ctx, tx, size, text)
	})
}

// checked is the root of the tree as it is stored, once what is new since a checkpoint
// holds, and the old tree is the beginning of the new one.
func (x *room) checked(ctx context.Context, tx *pg.Tx, last tree.Checkpoint, size int64) (root tlog.Hash, err error) {
	if _, err := recomputed(ctx, tx, last.Size, size); err != nil {
		return root, err
	}
	stored := tree.Reader(size, tiles(ctx, tx))
	if root, err = tlog.TreeHash(size, stored); err != nil || last.Size == 0 {
		return root, err
	}
	proof, err := tlog.ProveTree(size, last.Size, stored)
	if err != nil {
		return root, err
	}
	if tlog.CheckTree(proof, size, root, last.Size, last.Root) != nil {
		err = x.narrowed(ctx, tx, last.Size, fmt.Sprintf("the tree does not begin with the %d leaves that were signed", last.Size))
	}
	return root, err
}

// recomputed gives the runs that hold leaves from an index on and before another, once
// each entry is that of its row as it is stored now, and each hash above them theirs.
func recomputed(ctx context.Context, tx *pg.Tx, from, until int64) ([]leaves, error) {
	list, err := runs(ctx, tx, from, until)
	if err != nil {
		return nil, err
	}
	next := from - from%tree.Width
	forgot := sync.OnceValues(func() ([]mark, error) { return marks(ctx, tx, "") })
	for _, r := range list {
		if r.start != next {
			break
		}
		if err := compare(ctx, tx, r, forgot); err != nil {
			return nil, err
		}
		next += int64(len(r.rows))
	}
	if next < until {
		return nil, &tree.Broken{Index: next, Why: "it is not there"}
	}
	read := tiles(ctx, tx)
	return list, tops(ctx, tx, from, until, func(level int, n int64, top tlog.Hash) error {
		t, _ := tree.In(until, level, n>>tree.Height)
		above, err := read(t)
		if err == nil && tlog.Hash(above[n%tree.Width*tlog.HashSize:]) != top {
			err = &tree.Broken{Index: n << (tree.Height * level), Why: "what begins with it comes to another hash than is stored"}
		}
		return err
	})
}

// compare holds the entries of a run against the rows as they are stored now. One that is
// gone must have been forgotten.
func compare(ctx context.Context, tx *pg.Tx, r leaves, forgot func() ([]mark, error)) error {
	entries, err := committed(ctx, tx, r.rows, r.since, r.until)
	if err != nil {
		return err
	}
	for i, id := range r.rows {
		entry, there := entries[id]
		why := ""
		switch at := i * tree.EntrySize; {
		case !there:
			all, err := forgot()
			if err != nil {
				return err
			}
			if by(all, r.start+int64(i)) > 0 {
				continue
			}
			why = "is gone"
		case entry == nil:
			why = "is there twice, or is no row"
		case len(r.entries) < at+tree.EntrySize || !bytes.Equal(entry, r.entries[at:at+tree.EntrySize]):
			why = "is not what it was"
		default:
			continue
		}
		return &tree.Broken{Index: r.start + int64(i), Why: fmt.Sprintf("row %d %s", id, why)}
	}
	return nil
}

// key is what the checkpoints are verified by: the key in the vault, under the name that the
// structure gives the trail, as text and ready for use.
func (x *room) key() (text string, v note.Verifier, err error) {
	public, err := x.Vault.Public(signKey)
	if err != nil {
		return "", nil, err
	}
	return tree.Key(x.Structure.TrailOrigin(), public)
}

func (x *room) verifier() (note.Verifier, error) {
	_, v, err := x.key()
	return v, err
}

// last is the last checkpoint, if our key has signed it; that of an empty tree where there
// is none.
func (x *room) last(signed string) (c tree.Checkpoint, err error) {
	if signed == "" {
		return c, nil
	}
	v, err := x.verifier()
	if err != nil {
		return c, err
	}
	if c, err = tree.Open([]byte(signed), v); err != nil {
		err = finding{fmt.Errorf("the last checkpoint is not one of %s by the key of this hub: %w", v.Name(), err)}
	}
	return c, err
}
