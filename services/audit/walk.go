package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/tree"
)

// What the room looks after by the clock, and says when it finds something.

const (
	walked    = 64 << tree.Height  // leaves that a round of the walk recomputes
	sayAgain  = time.Minute        // how often the same trouble is said
	leastLeft = 7 * 24 * time.Hour // how long before it the end of the partitions is said
)

// walk recomputes a part of what was signed, from where it stopped: rows, leaves, tiles,
// up to the root that stands in the last checkpoint; and looks for rows that are none of
// it. So it comes through the whole trail again and again.
func (x *room) walk(ctx context.Context) error {
	ended := false
	err := x.DB.View(ctx, x.self(), func(tx *pg.Tx) error {
		size, text, _, err := state(ctx, tx)
		if err != nil {
			return err
		}
		last, err := x.last(text)
		if err != nil {
			return err
		}
		if size < last.Size {
			return &tree.Broken{Index: size, Why: "it was signed, and is not there"}
		}
		if x.tree.at >= size {
			x.tree.at = 0
		}
		if x.tree.at == 0 {
			x.tree.lastID, x.tree.began = math.MinInt64, x.Now()
		}
		from, until := x.tree.at, min(x.tree.at+walked, size)
		list, err := recomputed(ctx, tx, from, until)
		if err != nil {
			return err
		}
		proven := tlog.TileHashReader(last.Tree(), stored{tiles(ctx, tx)})
		upto := x.tree.lastID
		var ids []int64
		for _, r := range list {
			if !proves(r, last.Size, proven) {
				return x.narrowed(ctx, tx, last.Size, "rows and leaves agree, and come to another root")
			}
			ids, upto = append(ids, r.rows...), max(upto, slices.Max(r.rows))
		}
		if until == size {
			upto = math.MaxInt64
		}
		id, err := stray(ctx, tx, x.tree.lastID, upto, ids)
		if err == nil && id != 0 {
			err = finding{fmt.Errorf("row %d of the trail is no leaf, and does not wait to be one", id)}
		}
		if x.tree.at, x.tree.lastID = until, upto; until == size {
			x.tree.at, ended = 0, true
		}
		return err
	})
	if err != nil {
		x.tree.began = time.Time{}
	} else if ended {
		x.tree.mu.Lock()
		x.tree.whole = x.tree.began
		x.tree.mu.Unlock()
	}
	return x.tell("walk", err)
}

// proves holds those leaves of a run that a checkpoint is of against its root: whether
// the tile that they come to stands in the tree that was signed.
func proves(r leaves, size int64, root tlog.HashReader) bool {
	var indexes []int64
	for at := r.start; at < min(size, r.start+int64(len(r.rows))); at++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, at))
	}
	if len(indexes) == 0 {
		return true
	}
	hashes, err := root.ReadHashes(indexes)
	own := tree.Hashes(r.entries)
	for i, h := range hashes {
		if h != tlog.Hash(own[i*tlog.HashSize:]) {
			return false
		}
	}
	return err == nil
}

// narrowed tells where a tree stops being what was signed, by the checkpoints that there
// are: it comes after the largest that still holds, and before the first that does not.
func (x *room) narrowed(ctx context.Context, tx *pg.Tx, until int64, why string) error {
	read, good := tiles(ctx, tx), int64(0)
	for {
		text, err := between(ctx, tx, good, until)
		if err != nil {
			return err
		}
		if text == "" {
			return &tree.Broken{Index: good, Why: fmt.Sprintf("it, or one before leaf %d, is not what was signed: %s", until, why)}
		}
		c, err := x.last(text)
		if err != nil {
			return err
		}
		if root, err := tlog.TreeHash(c.Size, tree.Reader(c.Size, read)); err == nil && root == c.Root {
			good = c.Size
		} else {
			until = c.Size
		}
	}
}

// stored is how tlog reads tiles, to hold them against a root.
type stored struct {
	tile func(tlog.Tile) ([]byte, error)
}

func (stored) Height() int                     { return tree.Height }
func (stored) SaveTiles([]tlog.Tile, [][]byte) {}
func (s stored) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(list))
	for i, t := range list {
		var err error
		if data[i], err = s.tile(t); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// months makes the partitions of the coming months, and says seven days before there is
// none to write into.
func (x *room) months(ctx context.Context) error {
	made := x.DB.Command(ctx, x.self(), pg.Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "trail"}}, func(tx *pg.Tx) error { return makeMonths(ctx, tx) })
	var left time.Duration
	err := x.DB.View(ctx, x.self(), func(tx *pg.Tx) (err error) {
		left, err = monthsLeft(ctx, tx)
		return err
	})
	return x.tell("months", errors.Join(made, err, few(left, err)))
}

// few tells that the partitions will not last.
func few(left time.Duration, unknown error) error {
	if unknown != nil || left > leastLeft {
		return nil
	}
	return fmt.Errorf("the trail has partitions for %d hours more: then nothing can be recorded, and so nothing shown", max(0, int(left.Hours())))
}

// tell keeps what is wrong for [room.odd], until the same look finds it well, and gives
// it on to be logged: the same not more than once a minute.
func (x *room) tell(what string, err error) error {
	x.tree.mu.Lock()
	defer x.tree.mu.Unlock()
	if x.tree.trouble == nil {
		x.tree.trouble, x.tree.said = map[string]error{}, map[string]time.Time{}
	}
	before := x.tree.trouble[what]
	x.tree.trouble[what] = err
	if err != nil && before != nil && before.Error() == err.Error() && time.Since(x.tree.said[what]) < sayAgain {
		return nil
	}
	x.tree.said[what] = time.Now()
	return err
}

// odd is what somebody should look at now.
func (x *room) odd() error {
	x.tree.mu.Lock()
	defer x.tree.mu.Unlock()
	var all []error
	for _, what := range slices.Sorted(maps.Keys(x.tree.trouble)) {
		all = append(all, x.tree.trouble[what])
	}
	return errors.Join(all...)
}
