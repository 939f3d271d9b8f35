package audit

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// What the register of breaches keeps, and how those affected are found in the trail.

// breachColumns are those of a breach b with what its steps say in clear.
const breachColumns = `b.id, b.authority, ` + awareAt + `, b.aware_at, b.kinds, b.tracks, b.registered_at, coalesce((select h.name from access.hat h where h.id = b.registered_hat), ''),
	coalesce((select s.at from audit.breach_step s where s.breach = b.id and s.step = 'closed'), '-infinity'), exists (select from audit.breach_step s where s.breach = b.id and s.step = 'notified'),
	array(select distinct u.name from audit.breach_step s cross join lateral unnest(s.says) u (name) where s.breach = b.id),
	array(select distinct u.person from audit.breach_step s cross join lateral unnest(s.people) u (person) where s.breach = b.id),
	l.n, l.retention_rule, l.erase_at, (select s.rows from audit.breach_step s where s.breach = b.id and s.rows is not null order by s.n desc limit 1)`

// breachFrom is a breach b and l, its last step.
const breachFrom = ` from audit.breach b cross join lateral (select s.n, s.retention_rule, s.erase_at from audit.breach_step s where s.breach = b.id order by s.n desc limit 1) l `

// awareAt is when the authority became aware, as it was corrected last.
const awareAt = `coalesce((select s.aware_at from audit.breach_step s where s.breach = b.id and s.aware_at is not null order by s.n desc limit 1), b.aware_at)`

func scanBreach(row pgx.CollectableRow) (b breach, err error) {
	var rows []byte
	var closed pgtype.Timestamptz
	if err := row.Scan(&b.id, &b.authority, &b.aware, &b.first, &b.kinds, &b.tracks, &b.registered, &b.by, &closed, &b.noted, &b.says, &b.people, &b.steps, &b.rule, &b.eraseAt, &rows); err != nil {
		return b, err
	}
	b.closed, b.closedAt, b.delay = closed.InfinityModifier == pgtype.Finite, closed.Time, slices.Contains(b.says, "delay")
	if rows == nil {
		return b, nil
	}
	return b, json.Unmarshal(rows, &b.rows)
}

// mostBreaches is how many are listed.
const mostBreaches = 200

// breaches are an authority's: those that are open first, the one whose time runs out
// first before the others.
func breaches(ctx context.Context, tx *pg.Tx, _ policies.Grant, own hub.AuthorityID, open bool) ([]breach, error) {
	rows, err := tx.Query(ctx, `select `+breachColumns+breachFrom+`
		cross join lateral (select exists (select from audit.breach_step s where s.breach = b.id and s.step in ('closed', 'notified')) as done) d
		where b.authority = $1 and not ($2 and d.done) order by d.done, case when d.done then null else `+awareAt+` end, b.registered_at desc limit $3`, own, open, mostBreaches)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanBreach)
}

// breachByID is one of the own authority's. One that is not there is as another's: nobody's.
// In a command nobody else adds a step meanwhile.
func breachByID(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID, hold bool) (breach, error) {
	if hold {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('breach ' || $1::text, 0))`, id); err != nil {
			return breach{}, err
		}
	}
	rows, err := tx.Query(ctx, `select `+breachColumns+breachFrom+`where b.id = $1 and b.authority = $2`, id, tx.Who().Authority)
	if err != nil {
		return breach{}, err
	}
	list, err := pgx.CollectRows(rows, scanBreach)
	if err != nil || len(list) == 0 {
		return breach{}, err
	}
	return list[0], nil
}

// putBreach keeps a breach that is new.
func putBreach(ctx context.Context, tx *pg.Tx, _ policies.Grant, b breach) error {
	_, err := tx.Exec(ctx, `insert into audit.breach (id, authority, aware_at, kinds, tracks, registered_at, registered_by, registered_hat) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		b.id, b.authority, b.aware, b.kinds, b.tracks, tx.Now, tx.Who().Person, tx.Who().Hat.ID)
	return err
}

// boxed is a step as it is kept.
type boxed struct {
	BreachStep
	says         []string
	rows         *BreachRows
	people       []hub.ID
	rule         string
	eraseAt      time.Time
	aware        *time.Time
	by           hub.ID // the hat
	found        bool   // rows were gathered, as it is read
	box, content []byte
}

// putStep keeps a step.
func putStep(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID, s boxed) error {
	var rows []byte
	if s.rows != nil {
		var err error
		if rows, err = json.Marshal(s.rows); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `insert into audit.breach_step (breach, n, step, says, rows, box, content, at, person, hat, people, retention_rule, erase_at, aware_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		id, s.N, s.Step, some(s.says), rows, s.box, s.content, tx.Now, tx.Who().Person, tx.Who().Hat.ID, s.people, s.rule, s.eraseAt, s.aware)
	return err
}

// breachStepsOf are the steps of breaches, in order.
func breachStepsOf(ctx context.Context, tx *pg.Tx, _ policies.Grant, ids ...hub.ID) (map[hub.ID][]boxed, error) {
	rows, err := tx.Query(ctx, `select s.breach, s.n, s.step, s.at, coalesce((select h.name from access.hat h where h.id = s.hat), ''), s.hat, s.people, s.aware_at, s.says, s.rows is not null, s.box, s.content from audit.breach_step s where s.breach = any($1) order by s.breach, s.n`, ids)
	if err != nil {
		return nil, err
	}
	of := map[hub.ID][]boxed{}
	var id hub.ID
	var s boxed
	_, err = pgx.ForEachRow(rows, []any{&id, &s.N, &s.Step, &s.At, &s.By, &s.by, &s.people, &s.aware, &s.says, &s.found, &s.box, &s.content}, func() error {
		of[id] = append(of[id], s)
		s = boxed{}
		return nil
	})
	return of, err
}

// mostAffected is how many persons are kept by name; all are counted.
const mostAffected = 10000

// rowsOf begins the statements about the rows of a breach: r are its rows, s the same for
// each person. To look after the log is no part of what is looked for, unless it is asked
// what an officer saw. A personal number that was shown masked is no number that was shown.
func (q query) rowsOf(person hub.ID) string {
	control := " and t.purpose <> 'log_control'"
	if person != "" {
		control = ""
	}
	return q.and() + `h as (select h.id, h.at from (` + q.union("t.id, t.at", "") + `) h),
		r as materialized (select t.id, t.at, t.controller, t.act, t.question, t.input ->> 'action' as action, t.fields, t.subjects, coalesce(nullif(t.recipient, ''), t.authority) as got, coalesce(w.name, t.person) as by, t.person
			from h join audit.trail t on t.id = h.id and t.at = h.at left join access.hat w on w.id = t.hat where t.outcome = 'allow'` + control + `),
		s as (select r.*, u.subject from r cross join lateral unnest(r.subjects) u (subject)),
		f as (select s.subject, s.controller, array_agg(distinct case when u.field = 'cpr' and (s.act in ('consult', 'export') or s.act = 'search' and s.question = 'view')
				and not (s.question = 'act' and coalesce(s.action, '') = 'reveal') then 'cpr_masked' else u.field end) as fields
			from s cross join lateral unnest(s.fields) u (field) group by s.subject, s.controller),
		o as (select s.subject, s.controller, array_agg(distinct s.got) filter (where s.got <> '') as got, array_agg(distinct s.by) filter (where s.by <> '') as by, min(s.at) as first, max(s.at) as last, count(distinct s.id)::int as rows
			from s group by s.subject, s.controller) `
}

// affected are those that rows of the trail are about: whose data, which fields, who got
// them, and when.
func affected(ctx context.Context, tx *pg.Tx, _ policies.Grant, f filter, refs references, found BreachRows) (Affected, error) {
	a := Affected{Found: found, At: tx.Now, Fields: []string{}, Recipients: []hub.AuthorityID{}, Lines: []AffectedLine{}}
	q := hits(f, refs)
	all := q.rowsOf(f.person)
	var got []string
	if err := tx.QueryRow(ctx, all+`select (select count(*) from r)::int, (select count(distinct subject) from o)::int, (select min(first) from o), (select max(last) from o),
		coalesce((select array_agg(distinct u.field order by u.field) from f cross join lateral unnest(f.fields) u (field)), '{}'),
		coalesce((select array_agg(distinct u.got order by u.got) from o cross join lateral unnest(o.got) u (got)), '{}'),
		coalesce((select array_agg(distinct s.person order by s.person) from s where s.person not in ('', 'system')), '{}')`, q.args...).
		Scan(&a.Rows, &a.Persons, &a.First, &a.Last, &a.Fields, &got, &a.people); err != nil {
		return a, err
	}
	for _, id := range got {
		a.Recipients = append(a.Recipients, hub.AuthorityID(id))
	}
	rows, err := tx.Query(ctx, all+`select o.subject, o.controller, coalesce(f.fields, '{}'), coalesce(o.got, '{}'), coalesce(o.by, '{}'), o.first, o.last, o.rows
		from o left join f using (subject, controller) order by o.rows desc, o.subject, o.controller limit `+strconv.Itoa(mostAffected), q.args...)
	if err != nil {
		return a, err
	}
	a.Lines, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (l AffectedLine, err error) {
		var got []string
		err = row.Scan(&l.Subject, &l.Controller, &l.Fields, &got, &l.By, &l.First, &l.Last, &l.Rows)
		l.Recipients = []hub.AuthorityID{}
		for _, id := range got {
			l.Recipients = append(l.Recipients, hub.AuthorityID(id))
		}
		slices.Sort(l.Fields)
		return l, err
	})
	return a, err
}

// warned keeps that warnings were told, and says which were not before.
func warned(ctx context.Context, tx *pg.Tx, b toWarn, hours []int) (fresh []int, err error) {
	rows, err := tx.Query(ctx, `insert into audit.breach_told (breach, aware_at, hours, at) select $1::text, $2::timestamptz, unnest($3::int[]), $4::timestamptz on conflict do nothing returning hours`, b.id, b.aware, hours, tx.Now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int])
}

// toWarn is a breach that is open.
type toWarn struct {
	id        hub.ID
	authority hub.AuthorityID
	aware     time.Time
}

// running are the breaches of every authority that are neither notified nor closed, and of
// which not every warning was told.
func running(ctx context.Context, tx *pg.Tx, most int) ([]toWarn, error) {
	rows, err := tx.Query(ctx, `select b.id, b.authority, w.aware_at from audit.breach b cross join lateral (select `+awareAt+` as aware_at) w
		where not exists (select from audit.breach_step s where s.breach = b.id and s.step in ('notified', 'closed'))
		and (select count(*) from audit.breach_told t where t.breach = b.id and t.aware_at = w.aware_at) < $1 order by w.aware_at`, most)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (w toWarn, err error) {
		return w, row.Scan(&w.id, &w.authority, &w.aware)
	})
}
