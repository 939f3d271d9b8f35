package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// Once a day each room looks up a reference that was invented for it, as it looks up people
// (P6). Here it is looked for, as an officer looks for a citizen and as an answer to one is
// gathered: what is not found then may not be found of a citizen either.

const (
	canaryEvery  = 30 * time.Second // how often they are looked for
	canaryWithin = 5 * time.Minute  // how long after a day has begun they are to be there
)

// cage is what the room remembers of the canaries: the day, and when it first saw it.
type cage struct {
	day         hub.ID
	since, well time.Time // well: when the last look began that found all of them
	missing     bool
}

// canaries looks for the canaries of today, and says which rooms' are not found when they
// have had their time. What is found stays looked for until the day ends.
func (x *room) canaries(ctx context.Context) error {
	now := x.Now()
	day := pg.Canary("", now) // which names the day, and no room's canary
	x.tree.mu.Lock()
	if x.cage.day != day { // also in a process that has just begun, or a machine that was asleep
		x.cage.day, x.cage.since = day, now
	}
	since := x.cage.since
	x.tree.mu.Unlock()
	var why []string
	err := x.DB.View(ctx, x.self(), func(tx *pg.Tx) error {
		g, err := tx.Ask(ctx, pg.AskCanary(tx))
		if err != nil {
			return err
		}
		rooms, err := writers(ctx, tx, g)
		for _, room := range rooms {
			if err != nil {
				break
			}
			var lost string
			if lost, err = x.lost(ctx, tx, g, room, now); lost != "" {
				why = append(why, room+" ("+lost+")")
			}
		}
		return err
	})
	if err == nil && len(why) > 0 {
		if now.Add(canaryEvery).Before(since.Add(canaryWithin)) {
			return nil // they have their time
		}
		err = fmt.Errorf("what is looked up may not be found again: today's canary is missing from %s", strings.Join(why, ", "))
	}
	x.tree.mu.Lock()
	if x.cage.missing = len(why) > 0; err == nil {
		x.cage.well = now
	}
	x.tree.mu.Unlock()
	return x.tell("canaries", err)
}

// lost says how a room's canary is not found: "" where it is, in each way.
func (x *room) lost(ctx context.Context, tx *pg.Tx, g policies.Grant, room string, now time.Time) (how string, err error) {
	canary := pg.Canary(room, now)
	f, refs, err := x.seeks(ctx, tx, g, Search{Part: Part{Way: "subject", Ground: "integrity", Reference: string(canary)}})
	if err != nil {
		return "", err
	}
	rows, err := page(ctx, tx, g, f, refs)
	if err != nil {
		return "", err
	}
	rows = slices.DeleteFunc(rows, func(r Row) bool { return r.Room != room || r.Outcome != "allow" || r.Act != hub.ActConsult })
	if len(rows) == 0 {
		return "not in the log", nil
	}
	seen, err := looks(ctx, tx, g, filed{authority: f.own, subject: canary}, x.Vault.Pseudonym(canary))
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(seen, func(l looked) bool { return l.request == rows[0].Request }) {
		return "not in an answer", nil
	}
	last := rows[len(rows)-1] // the first that was written
	size, all, err := leavesOf(ctx, tx, []int64{last.ID}, last.At, last.At.Add(time.Microsecond))
	if err != nil {
		return "", err
	}
	_, signed, _, err := state(ctx, tx)
	if err != nil {
		return "", err
	}
	if c, err := x.last(signed); err != nil || !all || c.Size < size {
		return "no leaf of the signed tree", err
	}
	return "", nil
}

// writers are the rooms that the database lets write the trail: those through which somebody
// can be looked up.
func writers(ctx context.Context, tx *pg.Tx, _ policies.Grant) ([]string, error) {
	rows, err := tx.Query(ctx, `select distinct a.grantee::regrole::text from pg_attribute t, aclexplode(t.attacl) a join pg_roles r on r.oid = a.grantee
		where t.attrelid = 'audit.trail'::regclass and a.privilege_type = 'INSERT' and r.rolcanlogin order by 1`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
