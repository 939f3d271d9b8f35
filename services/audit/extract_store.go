package audit

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// filedColumns are those of an answer, and whether the actor of $1 to $5, and whoever
// prepared it (whatever the hats of today), is too close to whom it is about.
const filedColumns = `e.id, e.authority, e.subject, e.n, e.content, e.prepared_by, e.prepared_at, coalesce(e.released_by, ''), coalesce(e.released_at, e.prepared_at), e.unknown,
	coalesce((select h.name from access.hat h where h.id = e.prepared_hat), ''), coalesce((select h.name from access.hat h where h.id = e.released_hat), ''),
	coalesce((select bool_or(r.recused) from access.relations($1, $2, $3, $4, $5) r where r.about = e.subject), false),
	coalesce((select bool_or(r.recused) from access.relations(e.prepared_by, $2, 'system', $4, $5) r where r.about = e.subject), false), ` + timeColumns

// timeColumns are those of an answer e with the extension n of its limit.
const timeColumns = `e.received_on, e.retention_rule, e.erase_at, n.told_on, coalesce((select h.name from access.hat h where h.id = n.hat), ''), n.at, n.box`

const filedFrom = ` from audit.extract e left join audit.extract_extension n on n.extract = e.id `

func scanFiled(row pgx.CollectableRow) (f filed, err error) {
	return f, f.scan(row, &f.id, &f.authority, &f.subject, &f.n, &f.content, &f.preparedBy, &f.preparedAt, &f.releasedBy, &f.releasedAt, &f.unknown, &f.preparer, &f.releaser, &f.near, &f.byNear)
}

// scan reads columns, and after them those of the time.
func (f *filed) scan(row pgx.CollectableRow, into ...any) error {
	var received, told, at *time.Time
	var e longer
	if err := row.Scan(append(into, &received, &f.rule, &f.eraseAt, &told, &e.by, &at, &e.box)...); err != nil {
		return err
	}
	if received != nil {
		f.received = copenhagen(*received)
	}
	if told != nil {
		e.told, e.at = copenhagen(*told), *at
		f.extended = &e
	}
	return nil
}

// copenhagen is the beginning of a day as the database has it.
func copenhagen(day time.Time) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, hub.Copenhagen)
}

// extracts are an authority's, those that wait first.
func extracts(ctx context.Context, tx *pg.Tx, _ policies.Grant, own hub.AuthorityID) ([]filed, error) {
	rows, err := tx.Query(ctx, `select `+filedColumns+filedFrom+`where e.authority = $6
		order by e.released_at is not null, case when e.released_at is null then e.received_on end, case when e.released_at is null then e.prepared_at end, e.released_at desc limit $7`, append(tx.Me(), own, mostExtracts)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanFiled)
}

// extractByID reads an answer, to judge who may read it; in a command nobody else changes
// it meanwhile. One that is not there is as another authority's: nobody's.
func extractByID(ctx context.Context, tx *pg.Tx, id hub.ID, hold bool) (filed, error) {
	sql := `select ` + filedColumns + filedFrom + `where e.id = $6 and e.authority = $2`
	if hold {
		sql += ` for update of e`
	}
	rows, err := tx.Query(ctx, sql, append(tx.Me(), id)...)
	if err != nil {
		return filed{}, err
	}
	list, err := pgx.CollectRows(rows, scanFiled)
	if err != nil || len(list) == 0 {
		return filed{id: id}, err
	}
	return list[0], nil
}

// boxOf reads what an answer holds, sealed.
func boxOf(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID) (box []byte, err error) {
	return box, tx.QueryRow(ctx, `select box from audit.extract where id = $1`, id).Scan(&box)
}

// putExtract keeps what was gathered.
func putExtract(ctx context.Context, tx *pg.Tx, _ policies.Grant, f filed) error {
	_, err := tx.Exec(ctx, `insert into audit.extract as e (id, authority, subject, n, box, content, prepared_by, prepared_hat, prepared_at, received_on, retention_rule, erase_at, unknown)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict (id) do update
		set n = $4, box = $5, content = $6, prepared_by = $7, prepared_hat = $8, prepared_at = $9, received_on = $10, retention_rule = $11, erase_at = $12, unknown = $13 where e.authority = $2`,
		f.id, f.authority, f.subject, f.n, f.box, f.content, tx.Who().Person, tx.Who().Hat.ID, tx.Now, dateOf(f.received), f.rule, f.eraseAt, f.unknown)
	return err
}

// waitsToo reports whether another answer to the same person waits.
func waitsToo(ctx context.Context, tx *pg.Tx, _ policies.Grant, f filed) (is bool, err error) {
	return is, tx.QueryRow(ctx, `select exists (select from audit.extract where authority = $1 and subject = $2 and id <> $3 and released_at is null)`, f.authority, f.subject, f.id).Scan(&is)
}

// dateOf is a day as the database keeps it; null for none.
func dateOf(day time.Time) any {
	if day.IsZero() {
		return nil
	}
	return day.Format(time.DateOnly)
}

// handOut releases it.
func handOut(ctx context.Context, tx *pg.Tx, _ policies.Grant, f filed) error {
	_, err := tx.Exec(ctx, `update audit.extract set released_by = $2, released_hat = $3, released_at = $4, retention_rule = $5, erase_at = $6 where id = $1`,
		f.id, tx.Who().Person, tx.Who().Hat.ID, tx.Now, f.rule, f.eraseAt)
	return err
}

// putExtension keeps that the limit of an answer was extended.
func putExtension(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID, told time.Time, box []byte) error {
	_, err := tx.Exec(ctx, `insert into audit.extract_extension (extract, told_on, box, at, person, hat) values ($1, $2, $3, $4, $5, $6)`,
		id, dateOf(told), box, tx.Now, tx.Who().Person, tx.Who().Hat.ID)
	return err
}

// unanswered are the answers of every authority that wait, and of which it is known since when.
func unanswered(ctx context.Context, tx *pg.Tx) ([]filed, error) {
	rows, err := tx.Query(ctx, `select e.id, e.authority, e.subject, e.prepared_by, `+timeColumns+filedFrom+`where e.released_at is null and e.received_on is not null order by e.received_on`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (f filed, err error) {
		return f, f.scan(row, &f.id, &f.authority, &f.subject, &f.preparedBy)
	})
}

// tooCloseTo reports whether somebody is too close to whom an answer is about, whatever the hat.
func tooCloseTo(ctx context.Context, tx *pg.Tx, f filed, person hub.ID) (near bool, err error) {
	return near, tx.QueryRow(ctx, `select coalesce(bool_or(r.recused), false) from access.relations($1, $2, 'system', '', $3) r where r.about = $4`, person, f.authority, tx.Now, f.subject).Scan(&near)
}

// answerWarned keeps that warnings of a limit were told, and says which were not before.
func answerWarned(ctx context.Context, tx *pg.Tx, id hub.ID, due time.Time, days []int) (fresh []int, err error) {
	rows, err := tx.Query(ctx, `insert into audit.extract_told (extract, due, days, at) select $1::text, $2::timestamptz, unnest($3::int[]), $4::timestamptz on conflict do nothing returning days`, id, due, days, tx.Now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int])
}

// person is whom a reference stands for: a row of the trail names people by pseudonym,
// and whoever reads one copies that.
func (x *room) person(ctx context.Context, tx *pg.Tx, _ policies.Grant, ref hub.ID) (hub.ID, error) {
	rows, err := tx.Query(ctx, `select distinct i.about from audit.trail t join access.item i on i.id = t.object_id
		where t.controller = $1 and t.outcome = 'allow' and t.subjects && array[$2::text] and i.controller = $1`, tx.Who().Authority, ref)
	if err != nil {
		return ref, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[hub.ID])
	if i := slices.IndexFunc(list, func(id hub.ID) bool { return x.Vault.Pseudonym(id) == string(ref) }); i >= 0 {
		ref = list[i]
	}
	return ref, err
}

// matters are those of the own authority's about somebody: a concern with the case that
// came of it, and all that came of that or is a part of it, is one. of says in which each
// thing is.
func matters(ctx context.Context, tx *pg.Tx, _ policies.Grant, f filed, informed []hub.ID) (list []Matter, of map[hub.ID]hub.ID, err error) {
	rows, err := tx.Query(ctx, `select i.id, i.kind, coalesce(i.part_of, i.came_of, ''), i.state, i.written_at from access.item i where i.about = $1 and i.controller = $2 order by i.written_at, i.id`, f.subject, f.authority)
	if err != nil {
		return nil, nil, err
	}
	type thing struct {
		ID, Kind, Of hub.ID
		State        string
		Since        time.Time
	}
	things, err := pgx.CollectRows(rows, pgx.RowToStructByPos[thing])
	if err != nil {
		return nil, nil, err
	}
	of = map[hub.ID]hub.ID{}
	for _, t := range things {
		of[t.ID] = t.Of
	}
	list = []Matter{}
	for _, t := range things {
		if _, known := of[t.Of]; !known {
			list = append(list, Matter{t.ID, string(t.Kind), slices.Contains(informed, t.ID), t.State, t.Since})
			of[t.ID] = t.ID
		}
	}
	for range things { // each step leads nearer to the first
		for id, up := range of {
			of[id] = of[up]
		}
	}
	if slices.ContainsFunc(informed, func(id hub.ID) bool { return id == "" || of[id] != id }) {
		err = hub.Invalid("informed", "error.unknown_choice")
	}
	return list, of, err
}

// looked is a row of the trail about somebody, as far as the rules ask.
type looked struct {
	at        time.Time
	act       hub.Act
	purpose   hub.Purpose
	authority hub.AuthorityID
	kind      hub.AuthorityKind // of who looked, as the hat says
	name      string
	request   hub.ID
	what      string // what kind of thing it was
	subjects  []string
	item      hub.ID // what was looked up, where that is still known
	about     hub.ID
	state     string // of it, as it is now; else as it was then
}

// looks are the rows about somebody's data at the own authority.
func looks(ctx context.Context, tx *pg.Tx, _ policies.Grant, f filed, pseudonym string) ([]looked, error) {
	rows, err := tx.Query(ctx, `with about as materialized (select * from audit.trail t
			where t.subjects && array[$2::text] or t.object_id = any(array(select i.id from access.item i where i.about = $3 and i.controller = $1) || $2::text))
		select t.at, t.act, t.purpose, t.authority, coalesce(h.kind, ''), coalesce(h.name, ''), t.request, t.object_kind, t.subjects, coalesce(i.id, ''), coalesce(i.about, ''),
			coalesce(i.state, t.input ->> 'state', '')
		from about t left join access.hat h on h.id = t.hat left join access.item i on i.id = t.object_id
		where t.controller = $1 and t.outcome = 'allow'`, f.authority, pseudonym, f.subject)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (l looked, err error) {
		return l, row.Scan(&l.at, &l.act, &l.purpose, &l.authority, &l.kind, &l.name, &l.request, &l.what, &l.subjects, &l.item, &l.about, &l.state)
	})
}
