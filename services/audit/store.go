package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// columns of a row as an officer sees it. The name is whoever wears the hat in
// the list of hats; a justification comes with the authority it is sealed for.
const columns = `t.id, t.at, t.said_at, t.writer::text, t.person, coalesce(h.name, ''), coalesce(d.name, ''), t.hat, t.role, t.authority, t.issuer, t.loa, t.session, t.request, t.cause,
	t.act, t.outcome, t.object_kind, t.object_id, t.object_version, t.controller, t.subjects, t.fields, t.rows, t.purpose, t.basis, t.recipient,
	t.reasons, t.obligations, t.question, t.input, t.revision, t.why_ref, t.why_digest, j.box, coalesce(j.authority, ''),
	coalesce(o.id, ''), coalesce(o.name, ''), coalesce(o.role, ''), ` + otherEnd

const joins = ` left join access.hat h on h.id = t.hat left join access.hat d on d.id = t.deputy_of left join audit.reason j on j.ref = t.why_ref and t.why_ref <> '' ` + whose

// whose joins the person whose access a row gave or took: who wears the hat that was
// decided of, or whom a recusal is of, with the role where there was one only. The
// recusal is the last that the hat of the row said, or lifted, of the thing until
// then.
const whose = `left join lateral (
	select w.person as id, w.name, w.role from access.hat w where t.outcome = 'allow' and t.question = 'certify' and t.object_kind = 'hat' and w.id = t.object_id
	union all select c.person, max(w.name), case when count(distinct w.role) = 1 then max(w.role) end from (
		select e.person from (
			select r.person, r.written_at as at from access.recusal r where t.act = 'revoke' and r.item = t.object_id and r.by_hat = t.hat
			union all select l.person, l.written_at from access.recusal_lifted l where t.act = 'revoke' and l.item = t.object_id and l.by_hat = t.hat
			union all select l.person, l.lifted_at from access.recusal_lifted l where t.act = 'grant' and l.item = t.object_id and l.lifted_hat = t.hat) e
		where e.at <= t.at order by e.at desc limit 1) c
		join access.hat w on w.person = c.person and w.authority = t.authority and w.from_at <= t.said_at and t.said_at < w.until_at
	where t.outcome = 'allow' and t.question = 'recuse' group by c.person) o on true`

func scan(row pgx.CollectableRow) (r Row, err error) {
	err = row.Scan(&r.ID, &r.At, &r.SaidAt, &r.Room, &r.Person, &r.Name, &r.DeputyFor, &r.Hat, &r.Role, &r.Authority, &r.Issuer, &r.LoA, &r.Session, &r.Request, &r.Cause,
		&r.Act, &r.Outcome, &r.ObjectKind, &r.ObjectID, &r.ObjectVersion, &r.Controller, &r.Subjects, &r.Fields, &r.Rows, &r.Purpose, &r.Basis, &r.Recipient,
		&r.Reasons, &r.Obligations, &r.Question, &r.Input, &r.Revision, &r.whyRef, &r.whyDigest, &r.whyBox, &r.whyFor,
		&r.Whose, &r.WhoseName, &r.WhoseRole, &r.OtherEnd)
	r.Masked = masked(r.Act, r.Fields, r.Question, r.Input)
	return r, err
}

// otherEnd says of a disclosure whether it was recorded at the other end too, from when
// that was done. Both rows are of one transaction.
const otherEnd = `case when t.act not in ('disclose', 'collect') or t.recipient = '' or t.outcome <> 'allow' or not ` + twoEnds + ` or t.at < (select u.since from audit.ends_until u) then ''
	when exists (select from audit.trail e where e.object_id = t.object_id and e.at between t.at - interval '5 minutes' and t.at + interval '5 minutes' and e.request = t.request
		and e.said_at = t.said_at and e.recipient = t.recipient and e.outcome = 'allow' and e.act = case t.act when 'disclose' then 'collect' else 'disclose' end) then 'matched'
	else 'missing' end`

// query is a filter in SQL: fixed pieces, every value an argument. Rows about a
// reference are picked out first, by the indexes made for it; the two sides are
// two branches, and of disclosures the two ends, each with an index of its own that
// gives the newest first.
type query struct {
	with     string   // "with … " or ""
	branches []string // "from … where …" of the rows t, to be ended by order and limit
	args     []any
}

// needed are the columns of a row that are asked for by or summed up.
const needed = `id, at, controller, authority, person, hat, role, request, act, outcome, object_kind, object_id, recipient, purpose, basis`

// hits is the query of every row that a filter finds.
func hits(f filter, refs references) query {
	q := query{args: []any{f.own}}
	var where []string
	and := func(condition string, value any) {
		q.args = append(q.args, value)
		where = append(where, fmt.Sprintf(" and "+condition, len(q.args)))
	}
	if !f.from.IsZero() {
		and("t.at >= $%d", f.from)
	}
	if !f.until.IsZero() {
		and("t.at < $%d", f.until)
	}
	if f.person != "" {
		and("t.person = $%d", f.person)
	}
	if f.act != "" {
		and("t.act = $%d", f.act)
	}
	if f.outcome != "" {
		and("t.outcome = $%d", f.outcome)
	}
	switch f.control {
	case "without":
		and("t.purpose <> $%d", hub.LogControl)
	case "only":
		and("t.purpose = $%d", hub.LogControl)
	}
	table, veiled, rest := "audit.trail", "", strings.Join(where, "")
	if f.reference != "" {
		// A refusal of the own people at another authority's thing is found by
		// what they asked for, never by whom it is about.
		veiled = fmt.Sprintf(" and (t.outcome = 'allow' or t.object_id = any($%d))", len(q.args)+1)
		q.args = append(q.args, refs.objects, refs.pseudonyms)
		objects := len(q.args) - 1
		q.args = append(q.args, f.me) // and so is a refusal of the reader's own, or it would tell them whom they are too close to
		q.with = fmt.Sprintf(`with about as materialized (select %s from audit.trail t
			where (t.object_id = any($%d) or t.subjects && $%d and (t.outcome = 'allow' or t.person <> $%d)) and (t.controller = $1 or t.authority = $1)%s) `,
			needed, objects, objects+1, objects+2, rest)
		table = "about"
	}
	data, people := []string{""}, []string{""}
	if f.way == "disclosure" {
		// What left, at its source, and what entered, at its recipient. That the own people
		// were refused one at another's thing would tell that the thing is there.
		data = []string{" and t.act = 'disclose' and t.recipient <> ''", " and t.act = 'collect' and t.recipient = $1"}
		people = []string{data[0] + " and t.outcome = 'allow'"}
	}
	if f.data && f.people && f.person != "" && f.reference == "" && f.way != "disclosure" {
		// One walk through the person's rows: of the own people few are at others' data, and to
		// look for as many as are counted would be to go through all. The coalesce keeps the
		// planner from believing that few of the rows are the authority's, and sorting them all.
		q.branches = []string{"from audit.trail t where coalesce(t.controller = $1 or t.authority = $1, false)" + rest}
		return q
	}
	if f.data {
		for _, only := range data {
			q.branches = append(q.branches, "from "+table+" t where t.controller = $1"+only+rest)
		}
	}
	if f.people {
		for _, only := range people {
			b := "from " + table + " t where t.authority = $1" + only + rest + veiled
			if f.data {
				b += " and t.controller <> t.authority" // each row once
			}
			q.branches = append(q.branches, b)
		}
	}
	return q
}

// union is all branches with these columns, each ended so.
func (q query) union(columns, end string) string {
	var all []string
	for _, b := range q.branches {
		all = append(all, "(select "+columns+" "+b+end+")")
	}
	return strings.Join(all, " union all ")
}

// count is the statement that counts the rows, and stops after countMax.
func (q query) count() string {
	return fmt.Sprintf("%sselect count(*) from (%s limit %d) c", q.with, q.union("t.id", ""), countMax+1)
}

// any is the statement that says whether there is a row at all.
func (q query) any() string {
	return fmt.Sprintf("%sselect exists (%s)", q.with, q.union("t.id", ""))
}

// ids is the statement of the rows' numbers.
func (q query) ids() string {
	return fmt.Sprintf("%sselect h.id from (%s) h", q.with, q.union("t.id", ""))
}

// and continues the with of the query.
func (q query) and() string {
	if q.with == "" {
		return "with "
	}
	return strings.TrimSpace(q.with) + ", "
}

// page is the statement that reads a page after a place.
func (q *query) page(after place, limit int) string {
	rest := ""
	if after != (place{}) {
		q.args = append(q.args, after.at, after.id)
		n := len(q.args)
		rest = fmt.Sprintf(" and t.at <= $%d and (t.at, t.id) < ($%d, $%d)", n-1, n-1, n)
	}
	newest := fmt.Sprintf(" order by at desc, id desc limit %d", limit)
	return fmt.Sprintf("%sn as (select id, at from (%s) h%s) select %s from n join audit.trail t on t.id = n.id and t.at = n.at%s order by t.at desc, t.id desc",
		q.and(), q.union("t.id, t.at", rest+newest), newest, columns, joins)
}

// together is what rows are put together by: three texts of each. Of a refusal about
// another authority's thing it takes only what [Row.veil] leaves.
var together = map[string]string{
	"":           `act, outcome, ''`,
	"subject":    `person, role, authority`,
	"person":     `object_kind, object_id, ''`,
	"item":       `person, role, authority`,
	"disclosure": `authority, recipient, ''`,
}

// tally is the statement that sums up the newest countMax rows: in all, as the way puts
// them together, and by day; and says how many rows there are, up to one more.
func (q query) tally(way string) string {
	newest := fmt.Sprintf(" order by at desc, id desc limit %d", countMax+1)
	return fmt.Sprintf(`%sn as materialized (select * from (%s) h%s),
		k as (select at, request, outcome, hat, (at at time zone 'Europe/Copenhagen')::date as day, array[%s]::text[] as key,
			case when outcome = 'allow' or controller = $1 then trim(purpose || ' ' || basis) else purpose end as why from n order by at desc, id desc limit %d),
		s as (select grouping(key) as every, grouping(day) as days, key, day, count(*)::int as rows, count(distinct request)::int as looks,
			(count(*) filter (where outcome = 'deny'))::int as refused, min(at) as first, max(at) as last,
			coalesce(array_agg(distinct why) filter (where why <> ''), '{}') as why, max(hat) as hat from k group by grouping sets ((), (key), (day)))
		select (select count(*) from n)::int, s.every = 0, s.days = 0, coalesce(s.key, '{}'), s.day, s.rows, s.looks, s.refused, s.first, s.last, s.why, coalesce(h.name, '')
		from s left join access.hat h on h.id = s.hat order by s.rows desc, s.last desc, s.key`,
		q.and(), q.union("t."+strings.ReplaceAll(needed, ", ", ", t."), newest), newest, together[way], countMax)
}

// references is what a reference means in the trail.
type references struct {
	subject    hub.ID   // whom it is about, if that is known
	objects    []string // object_id
	pseudonyms []string // subjects
}

// whole finds the one reference that ends so: of the own authority's things and
// of those they are about, and of another's where the trail says to this officer
// that somebody was let in to it. A refusal is not enough: of what never was
// there are refusals too, and only this would tell it from what is there. Of
// none it gives back the end alone, which finds nothing, as a reference that
// never was; two are for the officer to tell apart.
func whole(ctx context.Context, tx *pg.Tx, g policies.Grant, own hub.AuthorityID, tail string, pseudonym func(hub.ID) string) (hub.ID, error) {
	rows, err := tx.Query(ctx, `select ref, bool_or(controller = $1) from (
		select id as ref, controller from access.item where right(id, length($2)) = $2
		union all select about, controller from access.item where right(about, length($2)) = $2) e group by ref`, own, tail)
	if err != nil {
		return "", err
	}
	type end struct {
		Ref  hub.ID
		Ours bool
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[end])
	if err != nil {
		return "", err
	}
	var found []hub.ID
	for _, e := range list {
		known := e.Ours
		if !known {
			refs, err := meaning(ctx, tx, g, own, e.Ref, pseudonym)
			if err != nil {
				return "", err
			}
			q := hits(filter{own: own, data: true, people: true, reference: e.Ref, outcome: "allow"}, refs)
			if err := tx.QueryRow(ctx, q.any(), q.args...).Scan(&known); err != nil {
				return "", err
			}
		}
		if known {
			found = append(found, e.Ref)
		}
	}
	switch len(found) {
	case 0:
		return hub.ID(tail), nil
	case 1:
		return found[0], nil
	}
	return "", hub.Invalid("reference", "audit.error.trail.several")
}

// meaning finds what a reference of the own authority stands for: a subject, or
// a concern and so its subject. Of what another authority controls it says no
// more than of what does not exist.
func meaning(ctx context.Context, tx *pg.Tx, _ policies.Grant, own hub.AuthorityID, ref hub.ID, pseudonym func(hub.ID) string) (references, error) {
	if ref == "" {
		return references{}, nil
	}
	rows, err := tx.Query(ctx, `select about from access.item where id = $1 and controller = $2`, ref, own)
	if err != nil {
		return references{}, err
	}
	about, err := pgx.CollectRows(rows, pgx.RowTo[hub.ID])
	if err != nil {
		return references{}, err
	}
	// A row names people by pseudonym, and whoever reads one copies that.
	r := references{subject: ref, objects: []string{string(ref), pseudonym(ref)}, pseudonyms: []string{pseudonym(ref), string(ref)}}
	if len(about) > 0 {
		r.subject = about[0]
		r.objects = append(r.objects, pseudonym(r.subject))
		r.pseudonyms = append(r.pseudonyms, pseudonym(r.subject))
	}
	return r, nil
}

// parts are a thing and what of it is the own authority's: a case's questions, answers and
// offers.
func parts(ctx context.Context, tx *pg.Tx, own hub.AuthorityID, id hub.ID) ([]string, error) {
	rows, err := tx.Query(ctx, `select $1 union all select id from access.item where part_of = $1 and controller = $2`, id, own)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// counted counts what a filter finds: countMax+1 at most.
func counted(ctx context.Context, tx *pg.Tx, _ policies.Grant, f filter, refs references) (total int, err error) {
	q := hits(f, refs)
	err = tx.QueryRow(ctx, q.count(), q.args...).Scan(&total)
	return total, err
}

// page reads one page of what a filter finds, newest first, one row more than
// its limit if there is one.
func page(ctx context.Context, tx *pg.Tx, _ policies.Grant, f filter, refs references) ([]Row, error) {
	q := hits(f, refs)
	sql := q.page(f.after, f.limit+1)
	rows, err := tx.Query(ctx, sql, q.args...)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, scan)
	for i := range list {
		list[i].recused(f.own)
		list[i].hush(f.own)
		list[i].veil(f.own, f.me)
	}
	return list, err
}

// summed sums up what a filter finds: how many rows there are, countMax+1 at most, and of
// the newest countMax the groups, the largest first, and the days, the first first.
func summed(ctx context.Context, tx *pg.Tx, _ policies.Grant, f filter, refs references) (total int, groups []Group, days []Day, err error) {
	q := hits(f, refs)
	rows, err := tx.Query(ctx, q.tally(f.way), q.args...)
	if err != nil {
		return 0, nil, nil, err
	}
	var isGroup, isDay bool
	var by, why []string
	var day, first, last *time.Time
	var g Group
	groups, days = []Group{}, []Day{}
	_, err = pgx.ForEachRow(rows, []any{&total, &isGroup, &isDay, &by, &day, &g.Rows, &g.Looks, &g.Refused, &first, &last, &why, &g.Name}, func() error {
		switch {
		case isGroup:
			groups = append(groups, g.of(f.way, by, *first, *last, why))
		case isDay:
			days = append(days, Day{day.Format(time.DateOnly), g.Rows})
		}
		return nil
	})
	slices.SortFunc(days, func(a, b Day) int { return strings.Compare(a.Day, b.Day) })
	return total, groups, days, err
}

// veiled and hushed report whether there is something in a row that an officer is not
// told: then no more of it than that it is there can be proven to them.
func (r *Row) veiled(own hub.AuthorityID, me hub.ID) bool {
	return r.Outcome != "allow" && (r.Controller != own || r.Person == me)
}

func (r *Row) hushed(own hub.AuthorityID) bool { return r.Recusal != "" && r.Authority != own }

// veil takes out of a refusal what only the thing's own authority may know:
// what is another's is told like what never was (trust.md G7), also to the
// officer of whoever asked. And officers are not told why they were refused
// themselves: that they are too close would tell them whom a reference stands for.
func (r *Row) veil(own hub.AuthorityID, me hub.ID) {
	if !r.veiled(own, me) {
		return
	}
	r.Controller, r.ObjectVersion, r.Basis, r.Recipient, r.Question = "", 0, "", "", ""
	r.Subjects, r.Reasons, r.Obligations, r.Input = []string{}, []string{}, []string{}, nil
}

// recused says of a recusal that it is one, and on which ground to the officer of the
// authority where the person works: nothing gives another that (forvaltningsloven §
// 3; trust.md). The question is read leniently: rows outlive its shape.
func (r *Row) recused(own hub.AuthorityID) {
	if r.Outcome != "allow" || r.Question != (policies.Recuse{}).Question() {
		return
	}
	var asked struct {
		Ground     string
		Self, Lift bool
	}
	if json.Unmarshal(r.Input, &asked) != nil {
		return
	}
	if r.Recusal = "said"; asked.Lift {
		r.Recusal = "lifted"
	}
	if asked.Self && !asked.Lift {
		r.Whose, r.WhoseName, r.WhoseRole = r.Person, r.Name, r.Role
	}
	if r.Authority == own {
		r.Ground = asked.Ground
	}
}

// hush takes the ground of a recusal out of what policy was asked, for the officer of
// another authority than the person's: the decision can be made again before it.
func (r *Row) hush(own hub.AuthorityID) {
	if !r.hushed(own) {
		return
	}
	var asked map[string]any
	if json.Unmarshal(r.Input, &asked) != nil {
		return
	}
	delete(asked, "ground")
	r.Input, _ = json.Marshal(asked) // of what was just read
}

// row reads one row of the own authority's: none where it is another's.
func row(ctx context.Context, tx *pg.Tx, _ policies.Grant, id int64) ([]Row, error) {
	own := tx.Who().Authority
	rows, err := tx.Query(ctx, `select `+columns+` from audit.trail t`+joins+` where t.id = $1 and (t.controller = $2 or t.authority = $2)`, id, own)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, scan)
	for i := range list {
		list[i].recused(own)
		list[i].veil(own, tx.Who().Person)
	}
	return list, err
}

// Sighting is one row of somebody seeing a thing.
type Sighting struct {
	At        time.Time
	Name      string
	Role      hub.Role
	Authority hub.AuthorityID
	Sealed    bool // whoever reported it: see [service.Sealed]
	Fields    []string
	Request   hub.ID // which shows a page: several rows of one are one look
	Listed    bool   // as a line of a list; else it was opened, or taken out
	person    hub.ID
}

// relationTo is what the actor is to the thing of that id, a concern, a case or
// an offer. What is not there is as a concern that is not there.
func relationTo(ctx context.Context, tx *pg.Tx, id hub.ID) (pg.Relation, error) {
	rel := pg.Relation{Kind: "concern"}
	err := tx.QueryRow(ctx, `select * from access.relations($1, $2, $3, $4, $5) r where r.id = $6`, append(tx.Me(), id)...).Scan(rel.Into()...)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return rel, err
}

// sightings lists who has seen a thing, newest first: who read it, found it or
// took it out. Refusals, and what was done with it, are not sightings.
func sightings(ctx context.Context, tx *pg.Tx, _ policies.Grant, kind string, id hub.ID, limit int) ([]Sighting, error) {
	rows, err := tx.Query(ctx, `select t.at, coalesce(h.name, ''), t.role, t.authority, t.person, t.fields, t.request, t.act, t.question, t.input
		from audit.trail t left join access.hat h on h.id = t.hat
		where t.object_id = $1 and t.object_kind = $3 and t.outcome = 'allow' and t.act in ('consult', 'search', 'export')
		and t.fields <> '{}' order by t.at desc, t.id desc limit $2`, id, limit, kind)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Sighting, err error) {
		var act hub.Act
		var question string
		var input json.RawMessage
		err = row.Scan(&s.At, &s.Name, &s.Role, &s.Authority, &s.person, &s.Fields, &s.Request, &act, &question, &input)
		s.Listed, s.Fields = act == hub.ActSearch, shown(s.Fields, masked(act, s.Fields, question, input))
		return s, err
	})
}

// gaps counts the newest rows whose two clocks are more than limit apart, by the
// room that wrote them, with the widest gap of each.
func gaps(ctx context.Context, tx *pg.Tx, back, limit time.Duration) ([]gap, error) {
	rows, err := tx.Query(ctx, `select writer::text, count(*)::int, max(abs(extract(epoch from at - said_at)))::float8
		from audit.trail where at >= clock_timestamp() - make_interval(secs => $1) and abs(extract(epoch from at - said_at)) > $2::float8
		group by writer order by writer`, back.Seconds(), limit.Seconds())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (g gap, err error) {
		err = row.Scan(&g.room, &g.rows, &g.seconds)
		return g, err
	})
}

// gap is how far a room's clock was from the database's.
type gap struct {
	room    string
	rows    int
	seconds float64
}
