package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	coalesce(o.id, ''), coalesce(o.name, ''), coalesce(o.role, '')`

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
		&r.Whose, &r.WhoseName, &r.WhoseRole)
	r.Masked = masked(r.Act, r.Fields, r.Question, r.Input)
	return r, err
}

// query is a filter in SQL: fixed pieces, every value an argument. Rows about a
// reference are picked out first, by the indexes made for it; the two sides are
// two branches, each with an index of its own that gives the newest first.
type query struct {
	with     string   // "with … " or ""
	branches []string // selects, to be ended by order and limit
	args     []any
}

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
	table, veiled := "audit.trail", ""
	if f.reference != "" {
		// A refusal of the own people at another authority's thing is found by
		// what they asked for, never by whom it is about.
		veiled = fmt.Sprintf(" and (t.outcome = 'allow' or t.object_id = any($%d))", len(q.args)+1)
		q.args = append(q.args, refs.objects, refs.pseudonyms)
		q.with = fmt.Sprintf(`with about as materialized (select id, at, controller, authority, person, act, outcome, object_id from audit.trail
			where object_id = any($%d) or subjects && $%d) `, len(q.args)-1, len(q.args))
		table = "about"
	}
	rest := strings.Join(where, "")
	if f.data {
		q.branches = append(q.branches, "select t.id, t.at from "+table+" t where t.controller = $1"+rest)
	}
	if f.people {
		people := "select t.id, t.at from " + table + " t where t.authority = $1" + rest + veiled
		if f.data {
			people += " and t.controller <> $1" // each row once
		}
		q.branches = append(q.branches, people)
	}
	return q
}

// count is the statement that counts the rows, and stops after countMax.
func (q query) count() string {
	return fmt.Sprintf("%sselect count(*) from (%s limit %d) c", q.with, strings.Join(q.branches, " union all "), countMax+1)
}

// any is the statement that says whether there is a row at all.
func (q query) any() string {
	return fmt.Sprintf("%sselect exists (%s)", q.with, strings.Join(q.branches, " union all "))
}

// ids is the statement of the rows' numbers.
func (q query) ids() string {
	return fmt.Sprintf("%sselect h.id from (%s) h", q.with, strings.Join(q.branches, " union all "))
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
	var branches []string
	for _, b := range q.branches {
		branches = append(branches, "("+b+rest+newest+")")
	}
	with := "with "
	if q.with != "" {
		with = strings.TrimSpace(q.with) + ", "
	}
	return fmt.Sprintf("%sn as (select id, at from (%s) h%s) select %s from n join audit.trail t on t.id = n.id%s order by t.at desc, t.id desc",
		with, strings.Join(branches, " union all "), newest, columns, joins)
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

// page reads one page of what a filter finds, newest first, one row more than
// its limit if there is one, and how many rows there are in all: at most
// countMax+1 are counted.
func page(ctx context.Context, tx *pg.Tx, _ policies.Grant, f filter, refs references) (list []Row, total int, err error) {
	q := hits(f, refs)
	if err := tx.QueryRow(ctx, q.count(), q.args...).Scan(&total); err != nil {
		return nil, 0, err
	}
	sql := q.page(f.after, f.limit+1)
	rows, err := tx.Query(ctx, sql, q.args...)
	if err != nil {
		return nil, 0, err
	}
	list, err = pgx.CollectRows(rows, scan)
	for i := range list {
		list[i].recused(f.own)
		list[i].hush(f.own)
		list[i].veil(f.own)
	}
	return list, total, err
}

// veiled and hushed report whether there is something in a row that an officer is not
// told: then no more of it than that it is there can be proven to them.
func (r *Row) veiled(own hub.AuthorityID) bool { return r.Outcome != "allow" && r.Controller != own }

func (r *Row) hushed(own hub.AuthorityID) bool { return r.Recusal != "" && r.Authority != own }

// veil takes out of a refusal what only the thing's own authority may know:
// what is another's is told like what never was (trust.md G7), also to the
// officer of whoever asked.
func (r *Row) veil(own hub.AuthorityID) {
	if !r.veiled(own) {
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
func row(ctx context.Context, tx *pg.Tx, _ policies.Grant, own hub.AuthorityID, id int64) ([]Row, error) {
	rows, err := tx.Query(ctx, `select `+columns+` from audit.trail t`+joins+` where t.id = $1 and (t.controller = $2 or t.authority = $2)`, id, own)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, scan)
	for i := range list {
		list[i].recused(own)
		list[i].veil(own)
	}
	return list, err
}

// Sighting is one row of somebody seeing a thing.
type Sighting struct {
	At        time.Time
	Name      string
	Role      hub.Role
	Authority hub.AuthorityID
	Fields    []string
	Request   hub.ID // which shows a page: several rows of one are one look
	Listed    bool   // as a line of a list; else it was opened, or taken out
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
	rows, err := tx.Query(ctx, `select t.at, coalesce(h.name, ''), t.role, t.authority, t.fields, t.request, t.act, t.question, t.input
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
		err = row.Scan(&s.At, &s.Name, &s.Role, &s.Authority, &s.Fields, &s.Request, &act, &question, &input)
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
