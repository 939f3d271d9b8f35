package audit

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/tree"
)

// Look-ups are drawn by lot when a period has ended, for its officer to go through (L20).
// Nobody chooses which (P11): the lot is what the trail's tree had become an hour after
// the end, which nobody knows before, and anybody can draw again afterwards. docs/trail.md
// says how.

// Rules are what is drawn from, each by itself, so that much of one does not hide another:
// look-ups of the own authority's data, whoever looked; of another's, by the own people;
// and readings of the log itself.
var Rules = []string{"data", "people", "log"}

// drawnAfter is how long after its end a period is drawn: by then what was begun in it is
// written, and is a leaf.
const drawnAfter = time.Hour

// seedBegins is what the text begins with that a seed is the hash of.
const seedBegins = "infohus sample 1\n"

// monday is the first instant of a week in Copenhagen.
func monday(at time.Time) time.Time {
	y, m, d := at.In(hub.Copenhagen).Date()
	return time.Date(y, m, d-(int(at.In(hub.Copenhagen).Weekday())+6)%7, 0, 0, 0, 0, hub.Copenhagen)
}

// periodEnd is when a period ends, whatever the clocks do meanwhile.
func periodEnd(from time.Time, weeks int) time.Time {
	return from.In(hub.Copenhagen).AddDate(0, 0, 7*weeks)
}

// draw is what is drawn from of a period.
type draw struct {
	id          hub.ID
	authority   hub.AuthorityID
	rule        string
	from, until time.Time
	weeks       int // how long the period was to be
	size        int // how many are to be drawn
	eligible    int // of how many
	checkpoint  string
	seed        []byte
}

// seedOf is what the rows are ranked by: the hash of a checkpoint's text, of the
// cosignatures on it, and of what is drawn from. The log's own signature is not in it:
// whoever has the key can make as many as they like.
func seedOf(text, cosigned string, d draw) []byte {
	day := func(t time.Time) string { return t.In(hub.Copenhagen).Format(time.DateOnly) }
	sum := sha256.Sum256([]byte(seedBegins + text + cosigned + string(d.authority) + "\n" + day(d.from) + "\n" + day(d.until) + "\n" + d.rule + "\n"))
	return sum[:]
}

// pick are so many of the rows, the lowest rank first. A row's rank is the HMAC-SHA-256 of
// its number in figures, by the seed: so each is as likely as any other.
func pick(seed []byte, rows []int64, size int) []int64 {
	type ranked struct {
		row  int64
		rank []byte
	}
	all := make([]ranked, len(rows))
	for i, row := range rows {
		mac := hmac.New(sha256.New, seed)
		mac.Write(strconv.AppendInt(nil, row, 10))
		all[i] = ranked{row, mac.Sum(nil)}
	}
	slices.SortFunc(all, func(a, b ranked) int { return cmp.Or(bytes.Compare(a.rank, b.rank), cmp.Compare(a.row, b.row)) })
	picked := make([]int64, 0, min(size, len(all)))
	for _, r := range all[:min(size, len(all))] {
		picked = append(picked, r.row)
	}
	return picked
}

// samples draws what has ended, for every authority, and tells where less is drawn than
// before.
func (x *room) samples(ctx context.Context) error {
	for _, a := range x.Structure.Authorities {
		for more := true; more; {
			err := x.DB.Command(ctx, x.self(), pg.Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "trail"}}, func(tx *pg.Tx) (err error) {
				more, err = x.drawNext(ctx, tx, a.ID)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// drawNext draws the period that follows the last one, if it has ended. It goes by the
// database's clock, which is the one that the rows are ordered by.
func (x *room) drawNext(ctx context.Context, tx *pg.Tx, a hub.AuthorityID) (drew bool, err error) {
	var now time.Time
	if err := tx.QueryRow(ctx, `select clock_timestamp()`).Scan(&now); err != nil {
		return false, err
	}
	today := x.Structure.Sampling(a, now)
	if err := x.heeds(ctx, tx, a, today, now); err != nil {
		return false, err
	}
	from, until, by, err := x.nextPeriod(ctx, tx, a)
	if err != nil {
		return false, err
	}
	if now.Before(until.Add(drawnAfter)) {
		return false, nil
	}
	found, err := eligible(ctx, tx, a, from, until)
	if err != nil {
		return false, err
	}
	text, cosigned, checkpoint := "", "", ""
	if by.Size > 0 {
		text, cosigned, checkpoint, err = x.lot(ctx, tx, slices.Concat(found["data"], found["people"], found["log"]), from, until)
		if err != nil || checkpoint == "" {
			return false, err
		}
	}
	had, err := lastSampling(ctx, tx, a)
	if err != nil {
		return false, err
	}
	for _, rule := range Rules {
		d := draw{id: x.NewID(), authority: a, rule: rule, from: from, until: until, weeks: by.Weeks, size: by.Size, eligible: len(found[rule]), checkpoint: checkpoint, seed: []byte{}}
		var rows []int64
		if by.Size > 0 {
			d.seed = seedOf(text, cosigned, d)
			rows = pick(d.seed, found[rule], by.Size)
		}
		if drew, err = x.putDraw(ctx, tx, d, rows); err != nil {
			return false, err
		}
	}
	if drew && less(by, had) && less(by, today) { // the file says now that less was to be drawn then, and nobody was told then
		err = x.tellLess(ctx, tx, a, by)
	}
	return true, err
}

// nextDraw is when the authority's next are drawn; nil where none will be, or where they are
// being drawn now.
func (x *room) nextDraw(ctx context.Context, tx *pg.Tx, a hub.AuthorityID, now time.Time) (*time.Time, error) {
	_, until, by, err := x.nextPeriod(ctx, tx, a)
	if errors.Is(err, pgx.ErrNoRows) { // the hub has just begun
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	at := until.Add(drawnAfter)
	if by.Size == 0 || at.Before(now) {
		return nil, nil
	}
	return &at, nil
}

// less reports whether less is drawn by one than by another, or later.
func less(by, had structure.Sample) bool {
	return had.Size > 0 && (by.Size*had.Weeks < had.Size*by.Weeks || by.Weeks > had.Weeks)
}

// heeds keeps how look-ups are drawn now, and tells the authority's officers where that is
// less than it was, or none at all (L20).
func (x *room) heeds(ctx context.Context, tx *pg.Tx, a hub.AuthorityID, by structure.Sample, now time.Time) error {
	had, err := sampling(ctx, tx, a, monday(now))
	if err != nil || had.Weeks == by.Weeks && had.Size == by.Size {
		return err
	}
	if first, err := keepSampling(ctx, tx, a, had, by); err != nil || !first || !less(by, had) {
		return err
	}
	return x.tellLess(ctx, tx, a, by)
}

func (x *room) tellLess(ctx context.Context, tx *pg.Tx, a hub.AuthorityID, by structure.Sample) error {
	what := "sampled_less"
	if by.Size == 0 {
		what = "sampled_none"
	}
	return tx.Tell(ctx, event.TrailOdd{Odd: x.NewID(), What: what, Authority: a})
}

// lot is the checkpoint that decides: the first that was signed an hour or more after the
// end, is of all the rows, and has as many cosignatures as there must be; with these, the
// first that came. "" where there is none yet.
func (x *room) lot(ctx context.Context, tx *pg.Tx, rows []int64, from, until time.Time) (text, cosigned, checkpoint string, err error) {
	size, all, err := leavesOf(ctx, tx, rows, from, until)
	if err != nil || !all {
		return "", "", "", err
	}
	var keys []string
	var verifiers []note.Verifier
	for _, w := range x.asked {
		keys, verifiers = append(keys, w.Key), append(verifiers, w.verifier)
	}
	need := x.Structure.Trail.Quorum
	if need == 0 && len(keys) > 0 { // publishing waits for none; the lot does, or the hub could try until it likes one
		need = 1
	}
	signed, lines, err := decides(ctx, tx, until.Add(drawnAfter), size, keys, need)
	if err != nil || signed == "" {
		return "", "", "", err
	}
	c, err := x.last(signed)
	if err != nil {
		return "", "", "", err
	}
	cosigned = strings.Join(lines, "")
	by, err := tree.Cosigned([]byte(signed+cosigned), verifiers...)
	if err == nil && len(by) != need {
		err = fmt.Errorf("a sample by a checkpoint with %d cosignatures, and %d that hold", need, len(by))
	}
	return c.String(), cosigned, signed + cosigned, err
}
