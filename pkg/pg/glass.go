package pg

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/policies"
)

// Glass is one break-glass: need-to-know inside the own authority set aside for one
// item, by one person in one post, for some minutes (L9, trust.md A052-A056).
type Glass struct {
	ID        hub.ID
	Kind      string // of the item
	Item      hub.ID
	About     hub.ID          // the subject: its key seals the reason
	Owner     hub.AuthorityID // the item's controller: whose officer reviews it
	Person    hub.ID          // who broke it
	Hat       hub.ID
	Authority hub.AuthorityID
	Role      hub.Role
	Category  string
	Reason    hub.Personal // only when it is broken: kept sealed
	Box       []byte       // the sealed reason; its place is [GlassPlace]
	Marks     []string     // keyed digests of the reason
	Near      bool         // the reason is nearly one that the same person gave before
	Minutes   int          // for how long
	Asked     time.Time
	From      time.Time // zero: it waits for a second person, and opens nothing
	Until     time.Time
	Second    hub.ID    // who said yes to it; empty where nobody had to
	SecondHat hub.ID    // and in which post
	Ended     time.Time // given back, or refused; zero: not
	Outcome   string    // of its review: justified, not_justified, breach; "" not reviewed
}

// Waits reports whether it waits for a second person at an instant.
func (b Glass) Waits(at time.Time) bool {
	return b.From.IsZero() && b.Ended.IsZero() && at.Before(b.Asked.Add(GlassWaits))
}

// Opens reports whether it is open at an instant.
func (b Glass) Opens(at time.Time) bool {
	return !b.From.IsZero() && b.Ended.IsZero() && !at.Before(b.From) && at.Before(b.Until)
}

// The times of break-glass that are not in the structure file: how long a second
// person may take to answer, how far back a habit is counted, and when a review is
// late and when it is so late that nobody breaks another (A053, A054).
const (
	GlassWaits    = 24 * time.Hour
	GlassHabit    = 7 * 24 * time.Hour
	GlassLate     = 24 * time.Hour
	GlassTooLate  = 72 * time.Hour
	glassRemember = 180 * 24 * time.Hour // how long a reason is not to be used again
)

// GlassPlace is where the reason of a break-glass is sealed to, as vault.Open must
// be told; the key is the subject's.
func GlassPlace(id hub.ID) string { return "access.glass/" + string(id) + "/reason" }

// secondPerson is the obligation under which a glass waits for another's yes.
const secondPerson = "second_person"

// Broken is what somebody has broken before: for the habit, the review and the reason.
type Broken struct {
	Week    int        // how many within seven days, those that wait for a yes among them
	Overdue bool       // one of them has waited for its review for more than 72 hours
	Open    bool       // one is open or waits on the same item
	Marks   [][]string // of the reasons, the newest first
}

// Habit is the code of which the next would be within seven days.
func (p Broken) Habit() string {
	switch p.Week {
	case 0:
		return "first"
	case 1:
		return "second"
	}
	return "third"
}

// GlassPast is what the actor has broken before, in every post of theirs. In a
// command nobody else breaks in the same person's name until it ends, so that two at
// once are counted one after the other (A053).
func (tx *Tx) GlassPast(ctx context.Context, item hub.ID) (Broken, error) {
	if tx.holds {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('access.glass ' || $1, 0))`, tx.who.Person); err != nil {
			return Broken{}, err
		}
	}
	var p Broken
	rows, err := tx.Query(ctx, `select g.marks, g.from_at is not null or g.ended_at is null and g.asked_at > $3, coalesce(g.from_at, g.asked_at) > $4,
		g.from_at is not null and g.from_at <= $5 and not exists (select from access.glass_review r where r.glass = g.id),
		g.item = $6 and g.ended_at is null and (g.from_at is null and g.asked_at > $3 or $7 < g.until_at)
		from access.glass g where g.person = $1 and (g.asked_at > $2 or not exists (select from access.glass_review r where r.glass = g.id))
		order by g.asked_at desc, g.id`,
		tx.who.Person, tx.Now.Add(-glassRemember), tx.Now.Add(-GlassWaits), tx.Now.Add(-GlassHabit), tx.Now.Add(-GlassTooLate), item, tx.Now)
	if err != nil {
		return p, err
	}
	var marks []string
	var counts, recent, overdue, open bool
	_, err = pgx.ForEachRow(rows, []any{&marks, &counts, &recent, &overdue, &open}, func() error {
		p.Marks = append(p.Marks, slices.Clone(marks))
		if counts && recent {
			p.Week++
		}
		p.Overdue, p.Open = p.Overdue || overdue, p.Open || open
		return nil
	})
	return p, err
}

// BreakGlass sets need-to-know aside for the actor, in the post that they wear, from
// now for b.Minutes; where the grant says that it takes a second person, from that
// person's yes. It gives what was written.
func (tx *Tx) BreakGlass(ctx context.Context, g policies.Grant, b Glass) (Glass, error) {
	if b.ID == "" {
		b.ID = tx.db.newID()
	}
	if b.Reason.Empty() || b.About == "" || b.Minutes <= 0 {
		return b, errors.New("pg: a break-glass needs a subject, its minutes and its reason")
	}
	b.Person, b.Hat, b.Authority, b.Role, b.Asked = tx.who.Person, tx.who.Hat.ID, tx.who.Authority, tx.who.Role, tx.Now
	var from, until *time.Time
	if !slices.Contains(g.Obligations(), secondPerson) {
		b.From, b.Until = tx.Now, tx.Now.Add(time.Duration(b.Minutes)*time.Minute)
		from, until = &b.From, &b.Until
	}
	var err error
	if b.Box, err = tx.db.sealer.Seal(b.About, GlassPlace(b.ID), b.Reason); err != nil {
		return b, fmt.Errorf("pg: sealing the reason of a break-glass: %w", err)
	}
	return b, tx.change(ctx, g, hub.NotFound(), `insert into access.glass
		(id, kind, item, owner, person, hat, authority, role, category, reason, marks, near, minutes, asked_at, from_at, until_at)
		select $1, $2, i.id, i.controller, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15 from access.lock_item($2, $3) i where i.about = $16`,
		b.ID, b.Kind, b.Item, b.Person, b.Hat, b.Authority, b.Role, b.Category, b.Box, some(b.Marks), b.Near, b.Minutes, b.Asked, from, until, b.About)
}

// SecondGlass says yes to a glass that waits: it is open from now. Of many at once
// one does it; to the others it is a Conflict (A050).
func (tx *Tx) SecondGlass(ctx context.Context, g policies.Grant, b Glass) (until time.Time, err error) {
	until = tx.Now.Add(time.Duration(b.Minutes) * time.Minute)
	return until, tx.change(ctx, g, hub.Conflict("error.already_ended"), `update access.glass t set from_at = $2, until_at = $3, second_person = $4, second_hat = $5
		from access.lock_item($6, $7) i where t.id = $1 and t.item = i.id and t.from_at is null and t.ended_at is null and t.asked_at > $8`,
		b.ID, tx.Now, until, tx.who.Person, tx.who.Hat.ID, b.Kind, b.Item, tx.Now.Add(-GlassWaits))
}

// EndGlass gives a glass back before its time, or refuses one that waits.
func (tx *Tx) EndGlass(ctx context.Context, g policies.Grant, b Glass) error {
	return tx.change(ctx, g, hub.Conflict("error.already_ended"), `update access.glass t set ended_by = $2
		from access.lock_item($3, $4) i where t.id = $1 and t.item = i.id and t.ended_at is null and (t.until_at is null or t.until_at > $5)`,
		b.ID, tx.who.Person, b.Kind, b.Item, tx.Now)
}

// ReviewGlass writes what the owner's officer found, once, of one that is over: what
// would be read after it nobody would review (A055).
func (tx *Tx) ReviewGlass(ctx context.Context, g policies.Grant, id hub.ID, outcome string) error {
	return tx.change(ctx, g, hub.Conflict("error.already_ended"), `insert into access.glass_review (glass, outcome, by_person, by_hat)
		select g.id, $2, $3, $4 from access.glass g where g.id = $1 and (g.ended_at is not null or g.until_at <= $5)
		and not exists (select from access.glass_review where glass = $1)`, id, outcome, tx.who.Person, tx.who.Hat.ID, tx.Now)
}

const selectGlass = `select g.id, g.kind, g.item, i.about, g.owner, g.person, g.hat, g.authority, g.role, g.category, g.reason, g.near, g.minutes, g.asked_at,
	g.from_at, g.until_at, coalesce(g.second_person, ''), coalesce(g.second_hat, ''), g.ended_at, coalesce(r.outcome, '')
	from access.glass g join access.item i on i.id = g.item left join access.glass_review r on r.glass = g.id `

func scanGlass(row pgx.CollectableRow) (b Glass, err error) {
	var from, until, ended *time.Time
	err = row.Scan(&b.ID, &b.Kind, &b.Item, &b.About, &b.Owner, &b.Person, &b.Hat, &b.Authority, &b.Role, &b.Category, &b.Box, &b.Near, &b.Minutes, &b.Asked,
		&from, &until, &b.Second, &b.SecondHat, &ended, &b.Outcome)
	b.Asked = b.Asked.UTC()
	for to, t := range map[*time.Time]*time.Time{&b.From: from, &b.Until: until, &b.Ended: ended} {
		if t != nil {
			*to = t.UTC()
		}
	}
	return b, err
}

// Glasses are those on an item that are open or wait for a second person, the
// oldest first.
func (tx *Tx) Glasses(ctx context.Context, kind string, item hub.ID) ([]Glass, error) {
	return tx.glasses(ctx, `where g.kind = $1 and g.item = $2 and g.ended_at is null and (g.until_at > $3 or g.from_at is null and g.asked_at > $4)
		order by g.asked_at, g.id`, kind, item, tx.Now, tx.Now.Add(-GlassWaits))
}

// GlassesWaiting are those that people of the actor's authority asked for and that
// wait for a second person, the oldest first.
func (tx *Tx) GlassesWaiting(ctx context.Context) ([]Glass, error) {
	return tx.glasses(ctx, `where g.authority = $1 and g.from_at is null and g.ended_at is null and g.asked_at > $2 order by g.asked_at, g.id`,
		tx.who.Authority, tx.Now.Add(-GlassWaits))
}

// GlassesOpen are those of the actor's, in the post they wear, that are open now, the
// one that ends first first.
func (tx *Tx) GlassesOpen(ctx context.Context) ([]Glass, error) {
	return tx.glasses(ctx, `where g.person = $1 and g.hat = $2 and g.ended_at is null and g.from_at <= $3 and $3 < g.until_at order by g.until_at, g.id`,
		tx.who.Person, tx.who.Hat.ID, tx.Now)
}

// GlassByID is one break-glass. One that is not there is NotFound.
func (tx *Tx) GlassByID(ctx context.Context, id hub.ID) (Glass, error) {
	list, err := tx.glasses(ctx, `where g.id = $1`, id)
	if err == nil && len(list) == 0 {
		err = hub.NotFound()
	}
	if err != nil {
		return Glass{}, err
	}
	return list[0], nil
}

// GlassesOf are those of an authority's items that were opened, what was not
// reviewed first and then the newest, at most so many; of every authority for "".
func (tx *Tx) GlassesOf(ctx context.Context, owner hub.AuthorityID, unreviewed bool, limit int) ([]Glass, error) {
	return tx.glasses(ctx, `where ($1 = '' or g.owner = $1) and g.from_at is not null and (r.glass is null or not $2)
		order by r.glass is not null, case when r.glass is null then g.from_at end, g.from_at desc, g.id limit $3`, owner, unreviewed, limit)
}

func (tx *Tx) glasses(ctx context.Context, where string, args ...any) ([]Glass, error) {
	rows, err := tx.Query(ctx, selectGlass+where, args...)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, scanGlass)
	return list, wrap(err)
}
