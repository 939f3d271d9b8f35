package audit

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// What officers say what they found of, one at a time: look-ups that were drawn by lot (L20), and
// anomalies (P10, T11). Both are asked of the rule for reviews of break-glass.

// book is where decisions of one kind of thing stand, which is s in a query, and "of" what
// says whose officers decide.
type book struct{ kind, decisions, key, objects, things string }

var (
	sampleBook  = book{"sample", "audit.sample_decision", "sampled", "array[s.object]", "audit.sampled s join audit.sample of on of.id = s.sample"}
	anomalyBook = book{"anomaly", "audit.anomaly_decision", "anomaly", "s.objects", "audit.anomaly s join audit.anomaly_week of using (authority, from_at)"}
)

// near is whether the actor of $1 to $5 is too close to something that was looked at.
func (b book) near() string {
	return `coalesce((select bool_or(r.recused) from access.relations($1, $2, $3, $4, $5) r where r.id = any(` + b.objects + `)), false)`
}

// last is c: the last decision that counts, or the last to whoever is too close.
func (b book) last() string {
	return ` left join lateral (select * from ` + b.decisions + ` m where m.` + b.key + ` = s.id and (m.counts or ` + b.near() + `) order by m.n desc limit 1) c on true `
}

// mine is whether the actor has said what they found.
func (b book) mine() string {
	return `exists (select from ` + b.decisions + ` m where m.` + b.key + ` = s.id and m.decided_by = $1 and m.outcome <> 'asked')`
}

// own is how many decisions there are, and as what the actor has it: found by them, found in
// vain by whoever is too close, and whether they are themselves.
func (b book) own() string {
	return `(select count(*) from ` + b.decisions + ` m where m.` + b.key + ` = s.id)::int, ` + b.mine() + `,
		exists (select from ` + b.decisions + ` m where m.` + b.key + ` = s.id and m.outcome <> 'asked' and not m.counts), ` + b.near()
}

// waits is what nothing was found of yet.
const waits = `coalesce(c.outcome, 'asked') = 'asked'`

// decidable is what an officer decides of, as one actor has it: whoever is too close to whom it
// is about has every decision of it as one that counts.
type decidable struct {
	in        book
	id        hub.ID
	authority hub.AuthorityID // whose officers decide
	people    []hub.ID        // who looked
	near      bool            // the actor is too close to whom it is about
	n         int             // how many decisions there are of it
	mine      bool            // the actor has said what they found
	vain      bool            // somebody who is too close has, and it does not count
	outcome   string          // of the last that counts
}

func (f drawn) decidable() decidable {
	return decidable{sampleBook, f.id, f.authority, []hub.ID{f.person}, f.near, f.n, f.mine, f.vain, f.outcome}
}

// deciding is the question whether the actor may decide of it, and as what: the row of the
// trail says that with it. It says nothing of how close they are, for they can read that row;
// [room.counts] asks that.
func (x *room) deciding(tx *pg.Tx, f decidable, outcome string) policies.Glass {
	who := tx.Who()
	return policies.Glass{Step: "review", Role: who.Role, Kind: who.Kind, Purpose: hub.LogControl, SameAuthority: f.authority == who.Authority,
		Self:   slices.Contains(f.people, who.Person),
		Linked: slices.ContainsFunc(f.people, func(p hub.ID) bool { return x.Linked(who.Person, p, tx.Now) }), Category: outcome}
}

// counts reports whether the rules let the actor's decision stand.
func (x *room) counts(ctx context.Context, tx *pg.Tx, f decidable, outcome string) (bool, error) {
	q := x.deciding(tx, f, outcome)
	q.Recused = f.near
	a, err := x.DB.Advise(ctx, q)
	return a.Allow, err
}

// another reports whether it is another officer who decides of it: the rules say so, or the
// actor has decided.
func (x *room) another(ctx context.Context, tx *pg.Tx, f decidable) (bool, error) {
	a, err := x.DB.Advise(ctx, x.deciding(tx, f, ""))
	return !a.Allow || f.mine, err
}

// decides writes what the officer found, as a row of the trail.
func (x *room) decides(r *web.Request, b book, id hub.ID, in SampleDecision, find func(context.Context, *pg.Tx) (decidable, error), next func(context.Context, *pg.Tx, policies.Grant) (hub.ID, error)) (done SampleDecided, err error) {
	ctx := r.Context()
	entry := pg.Entry{Act: hub.ActDecide, Object: hub.Object{Kind: b.kind, ID: id}}
	err = x.DB.Command(ctx, r.Who, entry, func(tx *pg.Tx) error {
		operation := "decide " + b.kind + " " + string(id)
		if had, err := x.Again(ctx, tx, r, operation, &done); err != nil || had {
			return err
		}
		f, err := find(ctx, tx)
		if err != nil {
			return err
		}
		outcome := in.Outcome
		if !slices.Contains(Findings, outcome) {
			outcome = ""
		}
		g, err := tx.Ask(ctx, x.deciding(tx, f, outcome))
		var denied *policies.Denial
		if errors.As(err, &denied) && !slices.ContainsFunc(denied.Reasons(), func(why string) bool { return why != "self" && why != "linked" }) {
			if err := tx.Refuse(ctx, denied, entry); err != nil {
				return err
			}
			return hub.Conflict("audit.error.sample.own")
		}
		if err != nil {
			return err
		}
		var p hub.Problems
		if outcome == "" {
			p.Add("outcome", "error.choose")
		}
		if !in.Note.Empty() {
			service.Text(&p, "note", in.Note, 1, service.MaxText)
		}
		if err := p.Err(); err != nil {
			return err
		}
		if f.mine {
			return hub.Conflict("audit.error.sample.decided")
		}
		counts, err := x.counts(ctx, tx, f, outcome)
		if err != nil {
			return err
		}
		if first, err := putDecision(ctx, tx, g, f, outcome, counts); err != nil {
			return err
		} else if !first {
			return hub.Conflict("audit.error.sample.decided")
		}
		e := entry
		e.Object.Version, e.Controller, e.Why = f.n+1, f.authority, in.Note
		if _, err := tx.Record(ctx, g, e); err != nil {
			return err
		}
		done = SampleDecided{ID: id, Outcome: outcome, At: tx.Now}
		if done.Next, err = next(ctx, tx, g); err != nil {
			return err
		}
		return x.Keep(ctx, tx, r, operation, done)
	})
	return done, err
}

// mine is what waits at the actor's authority: for them, and for another officer.
type mine struct {
	people    []hub.ID // of whose look-ups the actor decides
	n, others int
	since     time.Time // the end of the oldest period
}

func (x *room) mine(ctx context.Context, tx *pg.Tx, g policies.Grant, waiting func(context.Context, *pg.Tx, policies.Grant, hub.AuthorityID) ([]waitsOf, error)) (m mine, err error) {
	list, err := waiting(ctx, tx, g, tx.Who().Authority)
	for _, w := range list {
		another, err := x.another(ctx, tx, decidable{authority: tx.Who().Authority, people: w.people})
		if err != nil {
			return m, err
		}
		if another {
			m.others += w.n
			continue
		}
		m.people = append(m.people, w.people...)
		if m.n += w.n; m.since.IsZero() || w.since.Before(m.since) {
			m.since = w.since
		}
	}
	return m, err
}

// putDecision keeps what an officer decided, and whether it counts; false where somebody else
// did meanwhile.
func putDecision(ctx context.Context, tx *pg.Tx, _ policies.Grant, f decidable, outcome string, counts bool) (bool, error) {
	tag, err := tx.Exec(ctx, `insert into `+f.in.decisions+` (`+f.in.key+`, n, outcome, decided_by, decided_hat, decided_at, counts) values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
		f.id, f.n+1, outcome, tx.Who().Person, tx.Who().Hat.ID, tx.Now, counts)
	return err == nil && tag.RowsAffected() > 0, err
}

// step is one decision, with its row of the trail.
type step struct {
	Row
	n       int
	outcome string
	counts  bool
}

// stepsOf are the decisions of one thing, as the trail has them.
func stepsOf(ctx context.Context, tx *pg.Tx, _ policies.Grant, f decidable) (list []step, err error) {
	rows, err := tx.Query(ctx, `select n, outcome, counts from `+f.in.decisions+` where `+f.in.key+` = $1 order by n`, f.id)
	if err != nil {
		return nil, err
	}
	list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (s step, err error) { return s, row.Scan(&s.n, &s.outcome, &s.counts) })
	if err != nil {
		return nil, err
	}
	if rows, err = tx.Query(ctx, `select `+columns+` from audit.trail t`+joins+` where t.act = 'decide' and t.outcome = 'allow' and t.object_kind = $1 and t.object_id = $2 and t.controller = $3`, f.in.kind, f.id, f.authority); err != nil {
		return nil, err
	}
	said, err := pgx.CollectRows(rows, scan)
	for i := range list {
		for _, r := range said {
			if r.ObjectVersion == list[i].n {
				list[i].Row = r
			}
		}
	}
	return list, err
}

// toldSteps are steps as their officers read them: with the note, where it opens, and whether
// each counts. Whoever is near is not told of any that it does not.
func (x *room) toldSteps(ctx context.Context, who hub.Actor, receipt hub.Receipt, steps []step, near bool) ([]SampleStep, error) {
	all := []SampleStep{}
	for _, s := range steps {
		if err := x.justify(ctx, who, receipt, &s.Row); err != nil {
			return nil, err
		}
		all = append(all, SampleStep{s.ID, s.outcome, s.Name, s.At, s.Justification, s.Sealed, !s.counts && !near})
	}
	return all, nil
}
