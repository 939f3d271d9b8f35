package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/infohus/infohus/pkg/tree"
)

// What is submitted to a witness tells it that a log is another than it was, and not where.
// One that follows the log reads what it publishes, keeps the hash of every leaf, and so
// names the first that is another; and it sees what nobody submitted to it.

const (
	// Round is how often a log that is followed is looked at: twice within the minute in
	// which what is wrong is to be found.
	Round = 20 * time.Second
	// away is how long a log may be out of reach before it is said: a machine that is
	// started again is back by then.
	away = 5 * time.Minute
	// piece is how many leaves are read at once.
	piece = 64 * tree.Width
)

// Getter gives the answer of a path below the address of a log.
type Getter func(ctx context.Context, path string) ([]byte, error)

// published is how tlog reads the tiles of a log, to hold them against a root.
type published struct {
	ctx context.Context
	get Getter
}

func (published) Height() int                     { return tree.Height }
func (published) SaveTiles([]tlog.Tile, [][]byte) {}
func (p published) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(list))
	for i, t := range list {
		b, err := p.get(p.ctx, tree.Path(t))
		if err != nil && t.W < tree.Width { // which may have been replaced by the full one
			full := t
			full.W = tree.Width
			if more, err2 := p.get(p.ctx, tree.Path(full)); err2 == nil {
				b, err = more, nil
			}
		}
		if err != nil {
			return nil, err
		}
		if len(b) < t.W*tlog.HashSize {
			return nil, fmt.Errorf("%s is too short", tree.Path(t))
		}
		data[i] = b[:t.W*tlog.HashSize]
	}
	return data, nil
}

// Follow looks once at each log that is to be followed.
func (w *Witness) Follow(ctx context.Context) {
	for _, k := range w.logs {
		if k.Get == nil {
			continue
		}
		err := w.look(ctx, k)
		k.mu.Lock()
		switch {
		case err == nil:
			k.unseen, k.away = nil, time.Time{}
		case errors.As(err, new(behind)):
			if k.behind { // twice: it is no answer that was late
				k.unseen = err
			}
		default:
			w.log.Warn("the log could not be followed", "log", k.Verifier.Name(), "error", err.Error())
			if k.away.IsZero() {
				k.away = w.now()
			}
			if w.now().Sub(k.away) >= away {
				k.unseen = fmt.Errorf("it cannot be read since %s: %w", k.away.UTC().Format(time.RFC3339), err)
			}
		}
		k.behind = errors.As(err, new(behind))
		k.mu.Unlock()
	}
}

// behind is a log that says that it has fewer leaves than it had.
type behind struct{ has, had int64 }

func (b behind) Error() string {
	return fmt.Sprintf("it says that it has %d leaves, and there were %d: those from leaf %d on are gone", b.has, b.had, b.has)
}

// look reads what a log publishes now, and holds it against what is kept of it and what
// was submitted and did not follow.
func (w *Witness) look(ctx context.Context, k *kept) error {
	signed, err := k.Get(ctx, "checkpoint")
	if err != nil {
		return err
	}
	c, err := tree.Open(signed, k.Verifier)
	if err != nil {
		return err
	}
	err = w.judge(ctx, k, c, signed)
	k.mu.Lock()
	pushed := k.pushed
	k.mu.Unlock()
	if pushed == nil {
		return err
	}
	return errors.Join(err, w.settle(ctx, k, c, pushed))
}

// judge holds a signed tree against what is kept, and takes over what follows.
func (w *Witness) judge(ctx context.Context, k *kept, c tree.Checkpoint, signed []byte) error {
	k.mu.Lock()
	last, known := k.last, k.signed != nil
	k.mu.Unlock()
	read := tlog.TileHashReader(c.Tree(), published{ctx, k.Get})
	first, differs, err := w.against(k, last, known, c, read)
	switch {
	case err != nil:
		return err
	case differs:
		w.torn(k, c, signed, first)
		return nil
	case known && c.Size < last.Size:
		return behind{c.Size, last.Size}
	}
	if err := w.keepLeaves(k, c.Size, read); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.last != last || known != (k.signed != nil) {
		return nil // somebody submitted meanwhile: the next round sees
	}
	if c == k.last && known {
		return nil
	}
	_, err = w.advance(k, c, signed)
	return err
}

// against reports whether a signed tree is another than what is kept, and as far as it can
// be told from which leaf on: -1 where the hashes of the leaves were not kept.
func (w *Witness) against(k *kept, last tree.Checkpoint, known bool, c tree.Checkpoint, read tlog.HashReader) (first int64, differs bool, err error) {
	if !known || last.Size == 0 || c.Size == 0 {
		return 0, false, nil
	}
	if c.Size == last.Size && c.Root == last.Root {
		return 0, false, nil
	}
	if c.Size > last.Size {
		root, err := tlog.TreeHash(last.Size, read)
		if err != nil || root == last.Root {
			return 0, false, err
		}
		differs = true
	}
	first, err = w.firstOther(k, min(c.Size, last.Size), read)
	if c.Size == last.Size {
		return first, true, nil // whatever its tiles are
	}
	if differs && err != nil {
		return -1, true, nil
	}
	return first, differs || first >= 0, err
}

// torn tells that a tree is another than what is kept, from a leaf on.
func (w *Witness) torn(k *kept, c tree.Checkpoint, signed []byte, first int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	where := fmt.Sprintf("one of the leaves before leaf %d is", min(c.Size, k.last.Size))
	if first >= 0 {
		where = fmt.Sprintf("leaf %d is the first that is", first)
	}
	w.tear(k, signed, fmt.Sprintf("of %d leaves that were seen, and %d that the log signs for now, %s not what it was", k.last.Size, c.Size, where), first >= 0)
}

// settle finds out of what was submitted, and did not follow, whether it is of the log's
// one past: then the proof was none, or it was an old one that somebody sent again.
func (w *Witness) settle(ctx context.Context, k *kept, c tree.Checkpoint, pushed []byte) error {
	p, err := tree.Open(pushed, k.Verifier)
	if err != nil {
		return err
	}
	k.mu.Lock()
	last := k.last
	k.mu.Unlock()
	switch {
	case p.Size > c.Size || p.Size > last.Size: // it is not published, and its tiles may be
		first, differs, err := w.against(k, last, true, p, tlog.TileHashReader(p.Tree(), published{ctx, k.Get}))
		if err != nil {
			return nil // it stays in doubt
		}
		if differs {
			w.torn(k, p, pushed, first)
		}
	case c.Size < last.Size:
		return nil
	default:
		root, err := tlog.TreeHash(p.Size, tlog.TileHashReader(c.Tree(), published{ctx, k.Get}))
		if err != nil {
			return err
		}
		if root != p.Root {
			k.mu.Lock()
			w.tear(k, pushed, fmt.Sprintf("there are two trees of %d leaves that the log signed", p.Size), false)
			k.mu.Unlock()
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if bytes.Equal(k.pushed, pushed) {
		k.doubt, k.pushed = nil, nil
	}
	return nil
}

// leaves is the file with the hashes of a log's leaves, 32 bytes each.
func (w *Witness) leaves(k *kept) string { return filepath.Join(w.dir, "leaves-"+k.id) }

// keepLeaves keeps the hashes of the leaves of a tree that follows, from where it stopped.
func (w *Witness) keepLeaves(k *kept, size int64, read tlog.HashReader) error {
	f, err := os.OpenFile(w.leaves(k), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	defer f.Close()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	have := end / tlog.HashSize
	if _, err := f.Seek(have*tlog.HashSize, io.SeekStart); err != nil { // after half a hash
		return fmt.Errorf("witness: %w", err)
	}
	for have < size {
		var indexes []int64
		for i := have; i < min(have+piece-have%tree.Width, size); i++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, i))
		}
		hashes, err := read.ReadHashes(indexes)
		if err != nil {
			return err
		}
		var b []byte
		for _, h := range hashes {
			b = append(b, h[:]...)
		}
		if _, err := f.Write(b); err != nil {
			return fmt.Errorf("witness: %w", err)
		}
		have += int64(len(hashes))
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	return nil
}

// firstOther is the first leaf of those before an index that is another in a tree than it
// was kept; -1 where none of those that were kept is. Tiles that are the same are passed by.
func (w *Witness) firstOther(k *kept, until int64, read tlog.HashReader) (int64, error) {
	data, err := os.ReadFile(w.leaves(k))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return -1, fmt.Errorf("witness: %w", err)
	}
	until = min(until, int64(len(data)/tlog.HashSize))
	own := func(from, until int64) []byte { return data[from*tlog.HashSize : until*tlog.HashSize] }
	from := int64(0)
	for from+tree.Width <= until {
		var indexes []int64
		for n := from / tree.Width; n < min(from/tree.Width+tree.Width, until/tree.Width); n++ {
			indexes = append(indexes, tlog.StoredHashIndex(tree.Height, n))
		}
		theirs, err := read.ReadHashes(indexes)
		if err != nil {
			return -1, err
		}
		same := 0
		for ; same < len(theirs); same++ {
			at := from + int64(same)*tree.Width
			top, err := tree.Top(own(at, at+tree.Width))
			if err != nil {
				return -1, err
			}
			if top != theirs[same] {
				break
			}
		}
		if from += int64(same) * tree.Width; same < len(theirs) {
			break
		}
	}
	var indexes []int64
	for i := from; i < min(from+tree.Width, until); i++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, i))
	}
	theirs, err := read.ReadHashes(indexes)
	if err != nil {
		return -1, err
	}
	for n, h := range theirs {
		if i := from + int64(n); !bytes.Equal(h[:], own(i, i+1)) {
			return i, nil
		}
	}
	return -1, nil
}
