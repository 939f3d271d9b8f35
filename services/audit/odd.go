package audit

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/tree"
)

// What is found of the trail is told to the data-protection officers: once while it lasts.

const (
	oddChanged = "changed" // what is stored is not what was signed: the hub itself found it
	oddRefused = "refused" // the past does not follow from what a witness has seen
	oddSilent  = "silent"  // a witness does not answer, or with what is no cosignature
	oddUnseen  = "unseen"  // what a room looked up is not found
	oddGone    = "gone"    // what the trail names is not in its register

	// seenEvery is how often it is noted that something is still so.
	seenEvery = 30 * time.Second
	// wellAfter is how long after anybody last saw it so a look must have begun that finds
	// it well: longer than what is noted is old and the clocks of two processes are apart.
	wellAfter = 3 * time.Minute
)

// finding is an error that says that something is not as it was signed. Every other is one
// of looking, such as a database that does not answer, and tells nothing of the trail.
type finding struct{ error }

func (f finding) Unwrap() error { return f.error }

func finds(err error) bool {
	return errors.As(err, new(finding)) || errors.As(err, new(*tree.Broken))
}

// look is what this process knows of one thing that can be odd.
type look struct {
	what      string
	witness   string // its key
	authority hub.AuthorityID
	odd       bool
	well      time.Time // when the last look began that found it well; zero: none did, or it is not so now
}

// looks are all that this process has.
func (x *room) looks() []look {
	x.tree.mu.Lock()
	walk, made := x.tree.trouble["walk"], x.tree.trouble["tree"]
	own := look{what: oddChanged, odd: finds(walk) || finds(made)}
	if walk == nil && made == nil {
		own.well = x.tree.whole
	}
	unseen := look{what: oddUnseen, odd: x.cage.missing}
	if !x.cage.missing {
		unseen.well = x.cage.well
	}
	lost := look{what: oddGone, odd: x.kept.missing}
	if !x.kept.missing {
		lost.well = x.kept.well
	}
	x.tree.mu.Unlock()
	all := []look{own, unseen, lost}
	for _, w := range x.asked {
		all = append(all, w.looks(x.Now())...)
	}
	return all
}

// looks are of a witness.
func (w *asked) looks(now time.Time) []look {
	w.mu.Lock()
	defer w.mu.Unlock()
	refused := look{what: oddRefused, witness: w.Key, authority: w.Authority, odd: w.wrong != nil && w.past}
	silent := look{what: oddSilent, witness: w.Key, authority: w.Authority, odd: w.wrong != nil && !w.past || w.silent(now)}
	if w.wrong == nil && w.away == nil {
		refused.well, silent.well = w.well, w.well
	}
	return []look{refused, silent}
}

// lasting is something that was told, and did not end.
type lasting struct {
	id            hub.ID
	what, witness string
	seen          time.Time
}

// tellOdd tells what is odd, and notes what is so no more. Who finds it well without having
// looked since does not end it: not a process that has just begun, nor one beside another
// that still finds it.
func (x *room) tellOdd(ctx context.Context) error {
	looks, now := x.looks(), x.Now()
	var open []lasting
	err := x.DB.View(ctx, x.self(), func(tx *pg.Tx) (err error) {
		open, err = toldOdd(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	fresh, over := map[look]bool{}, map[lasting]time.Time{} // over: until when it may have been seen, to be so
	for _, t := range open {
		over[t] = now.Add(-wellAfter) // of a witness that nobody asks any more
	}
	for _, l := range looks {
		fresh[l] = l.odd
		for t := range over {
			if t.what == l.what && t.witness == l.witness {
				fresh[l] = l.odd && now.Sub(t.seen) >= seenEvery
				over[t] = l.well.Add(-wellAfter) // long ago where it is not well
			}
		}
	}
	maps.DeleteFunc(fresh, func(_ look, yes bool) bool { return !yes })
	maps.DeleteFunc(over, func(t lasting, until time.Time) bool { return t.seen.After(until) })
	if len(fresh) == 0 && len(over) == 0 {
		return nil
	}
	return x.DB.Command(ctx, x.self(), pg.Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "trail"}}, func(tx *pg.Tx) error {
		for _, l := range looks { // in their order
			if !fresh[l] {
				continue
			}
			id := x.NewID()
			first, err := putOdd(ctx, tx, id, l)
			if err != nil {
				return err
			}
			if !first {
				continue
			}
			if err := tx.Tell(ctx, event.TrailOdd{Odd: id, What: l.what, Authority: l.authority}); err != nil {
				return err
			}
		}
		for t, until := range over {
			if err := endOdd(ctx, tx, t.id, until); err != nil {
				return err
			}
		}
		return nil
	})
}

// toldOdd is what was told, and did not end.
func toldOdd(ctx context.Context, tx *pg.Tx) ([]lasting, error) {
	rows, err := tx.Query(ctx, `select id, what, witness, seen_at from audit.odd_told where ended_at is null`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (t lasting, err error) {
		err = r.Scan(&t.id, &t.what, &t.witness, &t.seen)
		return t, err
	})
}

// putOdd keeps that something is odd now; first: it was not told.
func putOdd(ctx context.Context, tx *pg.Tx, id hub.ID, l look) (first bool, err error) {
	tag, err := tx.Exec(ctx, `insert into audit.odd_told (id, what, witness, told_at, seen_at) values ($1, $2, $3, $4, $4)
		on conflict (what, witness) where ended_at is null do nothing`, id, l.what, l.witness, tx.Now)
	if err != nil || tag.RowsAffected() > 0 {
		return err == nil, err
	}
	_, err = tx.Exec(ctx, `update audit.odd_told set seen_at = $3 where what = $1 and witness = $2 and ended_at is null and seen_at < $3`, l.what, l.witness, tx.Now)
	return false, err
}

// endOdd keeps that it is so no more, where nobody has seen it since.
func endOdd(ctx context.Context, tx *pg.Tx, id hub.ID, until time.Time) error {
	_, err := tx.Exec(ctx, `update audit.odd_told set ended_at = $3 where id = $1 and ended_at is null and seen_at <= $2`, id, until, tx.Now)
	return err
}
