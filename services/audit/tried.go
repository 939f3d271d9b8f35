package audit

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// tooClose are the reasons of a refusal that say that somebody is too close: recused, by
// word or because it is about them, or with their own number or address.
var tooClose = []string{"recused", "own_number", "own_address"}

// How far back the first round looks, and how long it is kept that it was told.
const (
	triedFirst = 24 * time.Hour
	triedKept  = 7 * 24 * time.Hour
)

// tried tells of those who tried to reach what they are too close to (A012, A013): once
// of a person, a thing and a day. It reads the trail afterwards, so that the try itself
// is answered, and costs, as any other of what is not there. Rounds overlap, by the
// database's clock, as those of [room.clock] do.
func (x *room) tried(ctx context.Context) error {
	who := hub.System(x.Now(), x.NewID())
	return x.DB.Command(ctx, who, pg.Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "trail"}}, func(tx *pg.Tx) error {
		tries, until, err := triesSince(ctx, tx)
		if err != nil {
			return err
		}
		for _, t := range tries {
			tag, err := tx.Exec(ctx, `insert into audit.tried_told (authority, person, thing, day) values ($1, $2, $3, $4) on conflict do nothing`, t.Authority, t.Person, t.thing, t.day)
			if err != nil {
				return err
			}
			if tag.RowsAffected() == 0 {
				continue
			}
			if err := tx.Tell(ctx, t.CloseTried); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `insert into audit.tried_until (at) values ($1) on conflict (one) do update set at = $1`, until); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `delete from audit.tried_told where day < $1::timestamptz::date`, until.Add(-triedKept))
		return err
	})
}

// try is a row of the trail that says that somebody was too close.
type try struct {
	event.CloseTried
	thing string
	day   time.Time
}

// triesSince reads the tries since the last round, and until when it read.
func triesSince(ctx context.Context, tx *pg.Tx) (tries []try, until time.Time, err error) {
	var since time.Time
	if err := tx.QueryRow(ctx, `select clock_timestamp()`).Scan(&until); err != nil {
		return nil, until, err
	}
	err = tx.QueryRow(ctx, `select at from audit.tried_until`).Scan(&since)
	if errors.Is(err, pgx.ErrNoRows) {
		since, err = until.Add(-triedFirst), nil
	}
	if err != nil {
		return nil, until, err
	}
	rows, err := tx.Query(ctx, `select authority, person, max(hat), object_kind || ' ' || object_id, (at at time zone 'Europe/Copenhagen')::date as day from audit.trail
		where at >= $1 and at < $2 and outcome = 'deny' and reasons && $3 and authority <> '' and role <> 'system' group by 1, 2, 4, 5 order by min(id)`, since.Add(-lookBack), until, tooClose)
	if err != nil {
		return nil, until, err
	}
	tries, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (t try, err error) {
		err = r.Scan(&t.Authority, &t.Person, &t.Hat, &t.thing, &t.day)
		return t, err
	})
	return tries, until, err
}
