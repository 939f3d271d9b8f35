package audit

import (
	"context"
	"log/slog"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// How far a room's clock may be from the database's, and how far back each
// round looks: farther than a round is long, so that no row slips between two.
const (
	clockGap = 60 * time.Second
	lookBack = 3 * time.Minute
)

// clock alarms where a room's clock and the database's are apart: statutory
// limits run by the first, the trail is ordered by the second (house.md, Time).
// It looks back by the database's clock, which is the one that the rows are
// ordered by, and tells rooms and counts only.
func (x *room) clock(ctx context.Context) error {
	who := hub.System(x.Now(), x.NewID())
	var found []gap
	err := x.DB.View(ctx, who, func(tx *pg.Tx) error {
		var err error
		found, err = gaps(ctx, tx, lookBack, clockGap)
		return err
	})
	if err != nil {
		return err
	}
	level := slog.LevelError
	if x.Structure.Demo { // an invented world is played on a clock of its own: nobody is to be woken
		level = slog.LevelDebug
	}
	for _, g := range found {
		x.Log.Log(ctx, level, "clock gap: a room's clock and the database's are apart",
			"writer", g.room, "rows", g.rows, "widest_seconds", g.seconds, "limit_seconds", clockGap.Seconds())
	}
	return nil
}
