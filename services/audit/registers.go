package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// Each step of a breach, each of an answer to a citizen, and each decision of a sample or an anomaly
// has its row in the trail. Whoever writes in the database past the hub can take one out of its
// register or make it another's, and not in the tree: so the registers are held against the trail.

// kept is what the room remembers of the registers.
type kept struct {
	missing bool
	well    time.Time // when the last look began that found all
}

// registered are the kinds of things that stand in a register.
var registered = []string{"breach", "extract", sampleBook.kind, anomalyBook.kind}

// astray finds, by kind, the things of a register that are not there as the trail names them, of the
// authority $1 or with "" of all: each step of a breach by whom and when; of an answer to a citizen
// who gathered it last, who extended its limit and who released it, and when; what was found
// of a sample or an anomaly, by whom and when.
var astray = map[string]string{
	"breach": `select t.object_id from audit.trail t where ` + logged("breach") + ` and ($1 = '' or t.controller = $1) and not exists (select from audit.breach_step s join audit.breach b on b.id = s.breach and b.authority = t.controller
		where s.breach = t.object_id and s.n = t.object_version and ` + stepped + `)
		union select s.breach from audit.breach_step s join audit.breach b on b.id = s.breach where ($1 = '' or b.authority = $1)
			and not exists (select from audit.trail t where ` + logged("breach") + ` and t.object_id = s.breach and t.object_version = s.n and t.controller = b.authority and ` + stepped + `)`,
	"extract": `select t.object_id from audit.trail t where ` + logged("extract") + ` and ($1 = '' or t.controller = $1) and not exists (select ` + filedFrom + `
			where e.id = t.object_id and e.authority = t.controller and e.n >= t.object_version
			and (t.act <> 'decide' or case t.input->>'step' when 'release' then ` + released + ` when 'prepare' then ` + extended + ` else true end))
		union select e.id` + filedFrom + `where ($1 = '' or e.authority = $1)
			and not (exists (select from audit.trail t where ` + logged("extract") + ` and t.object_id = e.id and t.object_version = e.n and t.act = 'combine' and (e.prepared_by, e.prepared_hat, e.prepared_at) = (t.person, t.hat, t.said_at))
			and (e.released_by is null or exists (select from audit.trail t where ` + logged("extract") + ` and t.object_id = e.id and t.act = 'decide' and t.input->>'step' = 'release' and ` + released + `))
			and (n.extract is null or exists (select from audit.trail t where ` + logged("extract") + ` and t.object_id = e.id and t.act = 'decide' and t.input->>'step' = 'prepare' and ` + extended + `)))`,
	sampleBook.kind:  sampleBook.astray(),
	anomalyBook.kind: anomalyBook.astray(),
}

func (b book) astray() string {
	said := `m.` + b.key + ` = t.object_id and m.n = t.object_version and m.outcome = t.input->>'category' and (m.decided_by, m.decided_hat, m.decided_at) = (t.person, t.hat, t.said_at)`
	return `select t.object_id from audit.trail t where ` + logged(b.kind) + ` and t.act = 'decide' and ($1 = '' or t.controller = $1) and not exists (select from ` + b.decisions + ` m where ` + said + `)
		union select m.` + b.key + ` from ` + b.decisions + ` m where not exists (select from audit.trail t where ` + logged(b.kind) + ` and t.act = 'decide' and ` + said + `)
			and ($1 = '' or exists (select from ` + b.things + ` where s.id = m.` + b.key + ` and of.authority = $1))`
}

// logged is asked of a row t of the trail: whether it names a thing of the register, as the index
// trail_registers has it.
func logged(kind string) string {
	return `t.object_kind = '` + kind + `' and t.outcome = 'allow' and t.object_version > 0`
}

// What is asked of a row t: that a step s of a breach was taken, an answer e released, or its limit
// extended by n, as it says.
const (
	stepped  = `(s.person, s.hat, s.at) = (t.person, t.hat, t.said_at)`
	released = `(e.released_by, e.released_hat, e.released_at) = (t.person, t.hat, t.said_at)`
	extended = `(n.person, n.hat, n.at) = (t.person, t.hat, t.said_at)`
)

// gone are the things of a register that are not there as the trail names them: of one
// authority, or with "" of all.
func gone(ctx context.Context, tx *pg.Tx, kind string, own hub.AuthorityID) (ids []hub.ID, err error) {
	return ids, tx.QueryRow(ctx, `select coalesce(array_agg(distinct g.object_id order by g.object_id), '{}') from (`+astray[kind]+`) g`, own).Scan(&ids)
}

// registers looks whether all is there.
func (x *room) registers(ctx context.Context) error {
	now := x.Now()
	var n int
	err := x.DB.View(ctx, x.self(), func(tx *pg.Tx) error {
		for _, kind := range registered {
			ids, err := gone(ctx, tx, kind, "")
			if err != nil {
				return err
			}
			n += len(ids)
		}
		return nil
	})
	if err == nil && n > 0 {
		err = fmt.Errorf("%d breaches, answers to citizens, samples or anomalies are not in their registers as the log names them", n)
	}
	x.tree.mu.Lock()
	if x.kept.missing = n > 0; err == nil {
		x.kept.well = now
	}
	x.tree.mu.Unlock()
	return x.tell("registers", err)
}
