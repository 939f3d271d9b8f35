package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// How long a disclosure may stand at one end only, and how far apart by the database's
// clock the rows of one may be: they are of one transaction.
const (
	endsAfter = time.Hour
	endsApart = 5 * time.Minute
)

// oneEnd is a disclosure that stands in the trail at one end only.
type oneEnd struct {
	row      int64 // the first
	at       time.Time
	from, to hub.AuthorityID
}

// ends looks for disclosures that stand at one end only an hour after: at the source
// without the recipient, or the other way round. Each is told once, to the officers of both
// authorities, and stays wrong until the other end is found. Rounds follow one another
// without a gap, by the database's clock.
func (x *room) ends(ctx context.Context) error {
	var left, first int64
	err := x.DB.Command(ctx, x.self(), pg.Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "trail"}}, func(tx *pg.Tx) error {
		var since, until time.Time
		if err := tx.QueryRow(ctx, `select u.at, clock_timestamp() - make_interval(secs => $1) from audit.ends_until u for update`, endsAfter.Seconds()).Scan(&since, &until); err != nil {
			return err
		}
		if until.After(since) {
			found, err := oneEnded(ctx, tx, since, until)
			if err != nil {
				return err
			}
			for _, e := range found {
				if err := x.tellEnd(ctx, tx, e); err != nil {
					return err
				}
			}
			if _, err := tx.Exec(ctx, `update audit.ends_until set at = $1`, until); err != nil {
				return err
			}
		}
		if err := endsFound(ctx, tx); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `select count(*), coalesce(min(row), 0) from audit.one_end where ended_at is null`).Scan(&left, &first)
	})
	if err == nil && left > 0 {
		err = fmt.Errorf("%d disclosures stand in the trail at one end only: the first is row %d", left, first)
	}
	return x.tell("ends", err)
}

// tellEnd keeps what stands at one end only, and tells it if it is new.
func (x *room) tellEnd(ctx context.Context, tx *pg.Tx, e oneEnd) error {
	id := x.NewID()
	tag, err := tx.Exec(ctx, `insert into audit.one_end (id, row, at, source, recipient, told_at) values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
		id, e.row, e.at, e.from, e.to, tx.Now)
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	for _, a := range []hub.AuthorityID{e.from, e.to} {
		if err := tx.Tell(ctx, event.TrailOdd{Odd: x.NewID(), What: "one_end", Authority: a}); err != nil {
			return err
		}
	}
	return nil
}

// twoEnds is whether a row is one end of two. A concern that somebody elsewhere hands in is
// one row, of the people of one authority and about the data of the other: the officers of
// both find it.
const twoEnds = `t.question <> 'submit'`

// pairs puts the rows of a disclosure together, both ends of it: what was passed on to
// whom in one request at one time.
const pairs = `select array_agg(t.id) as rows, min(t.id) as row, min(t.at) as at, min(t.authority) as source, t.recipient, count(*) filter (where t.act = 'disclose') <> count(*) filter (where t.act = 'collect') as odd
	from audit.trail t where t.at >= $1 and t.at < $2 and t.act in ('disclose', 'collect') and t.recipient <> '' and t.outcome = 'allow' and ` + twoEnds + `
	group by t.object_kind, t.object_id, t.recipient, t.request, t.said_at`

// oneEnded are the disclosures of a time that stand at one end only.
func oneEnded(ctx context.Context, tx *pg.Tx, since, until time.Time) ([]oneEnd, error) {
	rows, err := tx.Query(ctx, `select p.row, p.at, p.source, p.recipient from (`+pairs+`) p where p.odd and p.at >= $3 and p.at < $4 order by p.row`,
		since.Add(-endsApart), until.Add(endsApart), since, until)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (e oneEnd, err error) {
		err = r.Scan(&e.row, &e.at, &e.from, &e.to)
		return e, err
	})
}

// endsFound ends those whose other end is there now.
func endsFound(ctx context.Context, tx *pg.Tx) error {
	rows, err := tx.Query(ctx, `select row, at from audit.one_end where ended_at is null`)
	if err != nil {
		return err
	}
	open, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (e oneEnd, err error) {
		err = r.Scan(&e.row, &e.at)
		return e, err
	})
	for _, e := range open {
		if err != nil {
			break
		}
		_, err = tx.Exec(ctx, `update audit.one_end set ended_at = $4 where row = $3 and exists (select from (`+pairs+`) p where not p.odd and $3 = any(p.rows))`,
			e.at.Add(-endsApart), e.at.Add(endsApart), e.row, tx.Now)
	}
	return err
}

// endsOf are an authority's disclosures that stand at one end only, the oldest first: how
// many, and of those at its own end the rows.
func endsOf(ctx context.Context, tx *pg.Tx, _ policies.Grant, own hub.AuthorityID) (many int, list []int64, err error) {
	rows, err := tx.Query(ctx, `select o.row, t.id is not null from audit.one_end o left join audit.trail t on t.id = o.row and t.at = o.at and (t.controller = $1 or t.authority = $1)
		where o.ended_at is null and (o.source = $1 or o.recipient = $1) order by o.row`, own)
	if err != nil {
		return 0, nil, err
	}
	var row int64
	var ours bool
	_, err = pgx.ForEachRow(rows, []any{&row, &ours}, func() error {
		if many++; ours && len(list) < groupsMax {
			list = append(list, row)
		}
		return nil
	})
	return many, list, err
}
