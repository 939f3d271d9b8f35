package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// Each step of a breach, and each answer to a citizen, has its row in the trail. Whoever writes
// in the database past the hub can take one out of its register, and not out of the tree: so the
// registers are held against the trail.

// kept is what the room remembers of the registers.
type kept struct {
	missing bool
	well    time.Time // when the last look began that found all
}

// gone are the things of a register, by kind, that the trail names and the register has not: of
// one authority, or with "" of all.
func gone(ctx context.Context, tx *pg.Tx, kind string, own hub.AuthorityID) (ids []hub.ID, err error) {
	held := map[string]string{
		"breach":  `exists (select from audit.breach_step s join audit.breach b on b.id = s.breach and b.authority = t.controller where s.breach = t.object_id and s.n = t.object_version)`,
		"extract": `exists (select from audit.extract e where e.id = t.object_id and e.authority = t.controller and e.n >= t.object_version)`,
	}[kind]
	return ids, tx.QueryRow(ctx, `select coalesce(array_agg(distinct t.object_id order by t.object_id), '{}') from audit.trail t
		where t.object_kind = '`+kind+`' and t.outcome = 'allow' and t.object_version > 0 and ($1 = '' or t.controller = $1) and not `+held, own).Scan(&ids)
}

// registers looks whether all is there.
func (x *room) registers(ctx context.Context) error {
	now := x.Now()
	var n int
	err := x.DB.View(ctx, x.self(), func(tx *pg.Tx) error {
		for _, kind := range []string{"breach", "extract"} {
			ids, err := gone(ctx, tx, kind, "")
			if err != nil {
				return err
			}
			n += len(ids)
		}
		return nil
	})
	if err == nil && n > 0 {
		err = fmt.Errorf("%d breaches or answers to citizens that the log names are not in their registers, or not whole", n)
	}
	x.tree.mu.Lock()
	if x.kept.missing = n > 0; err == nil {
		x.kept.well = now
	}
	x.tree.mu.Unlock()
	return x.tell("registers", err)
}
