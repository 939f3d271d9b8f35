package audit

import (
	"context"
	"net/http"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/tree"
	"github.com/infohus/infohus/pkg/web"
)

// What is published of the tree, for whoever asks (C2SP tlog-tiles): hashes and salted
// commitments, which tell nothing of any row. Nothing of it is recorded, and whoever
// asks leaves no trace.

// begin says in the log by which key the checkpoints are verified, for the operator to
// hand on, and looks whether a witness has seen more than there is, or another: before the
// door opens.
func (x *room) begin(ctx context.Context) error {
	key, _, err := x.key()
	if err == nil {
		x.Log.Info("the trail's checkpoints are verified by this key", "key", key)
		err = x.looked(ctx)
	}
	return err
}

// read reads the checkpoint that is published, or a tile of the tree that was signed last,
// where one is asked for: nil where there is none. Two ask the database at once, so that those who
// read the tree do not keep waiting those who read the trail.
func (x *room) read(ctx context.Context, want *tlog.Tile) (note string, tile []byte, err error) {
	select {
	case x.reads <- struct{}{}:
		defer func() { <-x.reads }()
	case <-ctx.Done():
		return "", nil, ctx.Err()
	}
	err = x.DB.View(ctx, x.self(), func(tx *pg.Tx) error {
		if want == nil {
			note, err = x.cosigned(ctx, tx)
			return err
		}
		_, signed, _, err := state(ctx, tx)
		if err != nil || signed == "" {
			return err
		}
		last, err := x.last(signed)
		if err != nil {
			return err
		}
		if has, ok := tree.In(last.Size, want.L, want.N); ok && want.W <= has.W {
			tile, err = tiles(ctx, tx)(*want)
		}
		return err
	})
	return note, tile, err
}

// checkpointNow answers the last checkpoint, or the last that enough witnesses cosigned.
func (x *room) checkpointNow(w http.ResponseWriter, r *web.Request) error {
	note, _, err := x.read(r.Context(), nil)
	if err != nil {
		return err
	}
	if note == "" {
		return hub.NotFound()
	}
	w.Header().Set("Cache-Control", "public, max-age=1")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err = w.Write([]byte(note))
	return err
}

// tile answers a tile of hashes, or a bundle of entries, as wide as it is asked for.
// They never change.
func (x *room) tile(w http.ResponseWriter, r *web.Request) error {
	t, err := tree.ParsePath(strings.TrimPrefix(r.URL.Path, "/trail/"))
	if err != nil {
		return hub.NotFound()
	}
	_, data, err := x.read(r.Context(), &t)
	if err != nil {
		return err
	}
	if data == nil {
		return hub.NotFound()
	}
	if t.L == tree.Entries {
		data = tree.Bundle(data)
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("Content-Type", "application/octet-stream")
	_, err = w.Write(data)
	return err
}
