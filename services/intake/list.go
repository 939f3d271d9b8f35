package intake

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// Filter is what a list is asked for.
type Filter struct {
	State   State  `json:"state,omitempty"`
	Subject hub.ID `json:"subject,omitempty"` // only what is about this person
	After   hub.ID `json:"after,omitempty"`   // the last of the page before
	Limit   int    `json:"limit,omitempty" min:"1" max:"100" doc:"50 if not given."`
	Waits   bool   `json:"waits,omitempty"` // only what waits for the asker
}

// Line is a concern in a list: what policy gives of it, and no more.
type Line struct {
	ID         hub.ID     `json:"id"`
	State      State      `json:"state,omitempty"`
	Subject    hub.ID     `json:"subject,omitempty"`
	Urgency    string     `json:"urgency,omitempty"`
	ReceivedAt *time.Time `json:"received_at,omitempty"`
	Due        *time.Time `json:"due,omitempty"`
	ChildDue   *time.Time `json:"child_due,omitempty"`
	Overdue    bool       `json:"overdue"`
	Waits      bool       `json:"waits"` // something waits for the asker here
	Triage     string     `json:"-"`     // what waits in the triage: "missing", the asker's own; "differ", the two do not agree; else none of it
	Actions    []Action   `json:"actions"`
}

// Page is one page of a list. Total counts exactly what the pages together
// show: list and count are one query (A021).
type Page struct {
	Concerns []Line `json:"concerns"`
	Total    int    `json:"total"`
	Next     hub.ID `json:"next,omitempty"` // put it in after for the next page

	leaves int // of total as a file; where it is one, total is the list's
}

// tuple is a distinct set of attributes among the concerns, and what the
// ordinary question answers to it.
type tuple struct {
	policies.View
	set     int // its number in the list
	grant   policies.Grant
	out     policies.Grant // to take it out as a file, where that is what is asked
	actions []Action
}

// wanted is what a list is asked for besides its filter.
type wanted struct {
	Filter
	item hub.ID       // only the one with this reference, or with this end of it
	out  *web.Request // as a file
	tell bool         // how many of them would leave as one
}

func (x *room) listConcerns(r *web.Request, in Filter) (Page, error) {
	return x.list(r.Context(), r.Who, in)
}

// list asks the same question as a single read, once for each distinct set of
// attributes: page, total and filter see exactly what single reads would give.
func (x *room) list(ctx context.Context, who hub.Actor, in Filter) (Page, error) {
	if in.Limit == 0 {
		in.Limit = 50
	}
	if in.Limit < 1 || in.Limit > 100 {
		return Page{}, hub.Invalid("limit", "intake.error.limit", 100)
	}
	return x.listed(ctx, who, wanted{Filter: in})
}

func (x *room) listed(ctx context.Context, who hub.Actor, in wanted) (Page, error) {
	if in.State != "" && !slices.Contains(States, in.State) {
		return Page{}, hub.Invalid("state", "error.unknown_choice")
	}
	var page Page
	err := x.DB.View(ctx, who, func(tx *pg.Tx) error {
		page = Page{Concerns: []Line{}}
		g, err := tx.Ask(ctx, policies.List{Role: who.Role, Kind: who.Kind, Purpose: hub.Prevention})
		if denied := new(policies.Denial); errors.As(err, &denied) {
			return errors.Join(tx.Refuse(ctx, denied, pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "concerns"}}), err)
		}
		if err != nil {
			return err
		}
		few, tuples, err := x.tuples(ctx, tx, in)
		if err != nil {
			return err
		}
		all := tuples
		if in.out != nil {
			if tuples, err = x.leaving(ctx, tx, in.out, tuples); err != nil {
				return err
			}
		}
		shown, err := x.page(ctx, tx, in, few, tuples, &page)
		if err != nil {
			return err
		}
		switch {
		case in.out != nil:
			page.leaves = page.Total
			page.Total, err = x.total(ctx, tx, in, few, all)
		case in.tell && page.Total <= countable:
			page.leaves, err = x.leaves(ctx, tx, in, few, all)
		}
		if err != nil {
			return err
		}
		if in.out != nil && page.leaves > service.ExportRows {
			return hub.Invalid("state", "intake.error.export_many", service.ExportRows)
		}
		for n, entries := range shown { // each person shown, on the decision that showed them
			if len(entries) > 0 {
				if _, err := tx.Record(ctx, tuples[n].grant, entries...); err != nil {
					return err
				}
			}
			if len(entries) > 0 && in.out != nil {
				if _, err := tx.Record(ctx, tuples[n].out, service.Taken(entries)...); err != nil {
					return err
				}
			}
		}
		_, err = tx.Record(ctx, g, pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "concerns"}, Controller: who.Authority, Rows: len(page.Concerns)})
		return err
	})
	return page, err
}

// tuples are the concerns of a list, and the allowed sets of attributes: few, however
// many concerns. Whoever is not told the state cannot ask for it, nor by the name for
// whom it is about.
func (x *room) tuples(ctx context.Context, tx *pg.Tx, in wanted) (few pg.Few, list []tuple, err error) {
	asked := tx.Listing("concern", hub.Prevention)
	asked.Only = func(s pg.Set) (bool, error) {
		return (in.State == "" || s.Grant.Allows("state")) && (in.Subject == "" || s.Grant.Allows("name")), nil
	}
	switch {
	case in.Subject != "":
		few, err = those(ctx, tx, asked, in.State, `select id from concern where subject = $1`, in.Subject)
	case in.item != "":
		few, err = those(ctx, tx, asked, in.State, `select id from concern where id = $1 or right(id, 6) = $1`, in.item)
	default:
		few, err = asked.All(ctx, string(in.State))
	}
	if err != nil {
		return few, nil, err
	}
	for n, s := range asked.Sets {
		t := tuple{View: s.View(tx.Who(), hub.Prevention), set: n, grant: s.Grant}
		for _, a := range Actions {
			if _, err := move(State(s.State), a); err != nil {
				continue
			}
			if answer, err := x.DB.Advise(ctx, question(tx.Who(), s.Relation, a)); err == nil && answer.Allow {
				t.actions = append(t.actions, a)
			}
		}
		list = append(list, t)
	}
	return few, list, nil
}

// those are what is listed of the items that a statement names.
func those(ctx context.Context, tx *pg.Tx, asked *pg.Listing, state State, sql string, by hub.ID) (pg.Few, error) {
	rows, err := tx.Query(ctx, sql, string(by))
	if err != nil {
		return pg.Few{}, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return pg.Few{}, err
	}
	return asked.Of(ctx, string(state), ids)
}

// Steps that wait for somebody: what is asked of them, not what they could do.
var asks = []Action{Forward, Release, Confirm, Judge, Notify}

// Whatever is due first stands first: the step, or the notification of a child
// (L25). What a reader is not given orders nothing: without the clock a line
// stands where it was begun. What both have judged and is in triage still, they do
// not agree on.
const pageSQL = pg.AllowedSQL + `, seen as (select c.*, t.n as tuple, coalesce(least(case when t.clocks then c.step_due end, case when t.children and c.child_outcome = '' then c.child_due end),
		case when t.clocks then c.erase_at else c.created_at end) as rank,
	t.steps or t.notifies and c.child_due is not null and c.child_outcome = '' or j.triage <> '' as waits, j.triage
	from allowed a join unnest($3::int[], $4::int[], $5::bool[], $6::bool[], $7::bool[], $8::bool[], $9::bool[], $14::bool[]) t (n, set, steps, judges, notifies, clocks, children, reads) on t.set = a.n
	join intake.concern c on c.id = a.id
	join lateral (select case when not t.judges then '' when t.reads and count(distinct j.party) = 2 then 'differ'
		when coalesce(bool_or(j.person = $10), false) then '' else 'missing' end as triage from intake.judgement j where j.concern = c.id and not j.void) j on true),
hit as (select * from seen where waits or not $13)
select n.total, n.known, coalesce(h.tuple, -1), coalesce(h.id, ''), coalesce(h.subject, ''), coalesce(h.controller, ''), coalesce(h.version, 0), coalesce(h.state, ''),
	coalesce(h.urgency, ''), h.received_at, h.step_due, case when h.child_outcome = '' then h.child_due end, coalesce(h.waits, false), coalesce(h.triage, '')
from (select count(*) as total, $11 = '' or coalesce(bool_or(id = $11), false) as known from hit) n
left join lateral (select * from hit where $11 = '' or (rank, id) > (select rank, id from hit where id = $11) order by rank, id limit $12) h on true
order by h.rank, h.id`

// page runs the one query, and gives the trail an entry for every person shown,
// by tuple. A place to go on from that is not in the list, or no longer, is
// Invalid: half a list would look like a whole one.
func (x *room) page(ctx context.Context, tx *pg.Tx, in wanted, few pg.Few, tuples []tuple, page *Page) ([][]pg.Entry, error) {
	var cols struct {
		n, set                                    []int
		steps, judges, notifies, clocks, children []bool
		reads                                     []bool // both rationales
	}
	for i, t := range tuples {
		steps, judges, notifies := t.asked()
		cols.n, cols.set = append(cols.n, i), append(cols.set, t.set)
		cols.steps, cols.judges, cols.notifies = append(cols.steps, steps), append(cols.judges, judges), append(cols.notifies, notifies)
		cols.reads = append(cols.reads, t.grant.Allows("municipal_rationale") && t.grant.Allows("police_rationale"))
		cols.clocks, cols.children = append(cols.clocks, t.grant.Allows("due")), append(cols.children, t.grant.Allows("child_due"))
	}
	rows, err := tx.Query(ctx, pageSQL, append(few.Args(), cols.n, cols.set, cols.steps, cols.judges, cols.notifies, cols.clocks, cols.children,
		string(tx.Who().Person), string(in.After), in.Limit+1, in.Waits, cols.reads)...)
	if err != nil {
		return nil, err
	}
	var c concern
	var n int
	var known, waits bool
	var triage string
	entries := make([][]pg.Entry, len(tuples))
	_, err = pgx.ForEachRow(rows, []any{&page.Total, &known, &n, &c.ID, &c.Subject, &c.Controller, &c.Version, &c.State, &c.Urgency, &c.ReceivedAt, &c.StepDue, &c.ChildDue, &waits, &triage}, func() error {
		switch {
		case !known:
			return hub.Invalid("after", "error.unknown_choice")
		case n < 0:
			return nil // no rows, only their number
		case len(page.Concerns) == in.Limit:
			page.Next = page.Concerns[in.Limit-1].ID
			return nil
		}
		page.Concerns = append(page.Concerns, tuples[n].line(c, waits, triage, tx.Now))
		entries[n] = append(entries[n], pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "concern", ID: c.ID, Version: c.Version},
			Controller: c.Controller, Subjects: []hub.ID{c.Subject}, Fields: tuples[n].shown()})
		return nil
	})
	return entries, err
}

var lineFields = []string{"child_due", "due", "name", "received_at", "reference", "state", "urgency"}

// shown are the fields of a line that policy gives.
func (t tuple) shown() []string {
	return slices.DeleteFunc(slices.Clone(lineFields), func(f string) bool { return !t.grant.Allows(f) })
}

// asked says what can wait for the asker in concerns of this tuple: a step, a
// triage that they have not given, a notification of a child that is due.
func (t tuple) asked() (steps, judges, notifies bool) {
	for _, a := range t.actions {
		switch {
		case a == Judge:
			judges = true
		case a == Notify:
			notifies = t.grant.Allows("child_due")
		case slices.Contains(asks, a):
			steps = true
		}
	}
	return steps, judges, notifies
}

// line is a concern as the tuple lets it be shown.
func (t tuple) line(c concern, waits bool, triage string, now time.Time) Line {
	may := t.grant.Allows
	l := Line{ID: c.ID, Actions: t.actions, Waits: waits, Triage: triage}
	keep(may("state"), &l.State, c.State)
	keep(may("name"), &l.Subject, c.Subject)
	keep(may("urgency"), &l.Urgency, c.Urgency)
	keep(may("received_at"), &l.ReceivedAt, c.ReceivedAt)
	keep(may("due"), &l.Due, c.StepDue)
	keep(may("child_due"), &l.ChildDue, c.ChildDue)
	l.Overdue = l.Due != nil && l.Due.Before(now) || l.ChildDue != nil && l.ChildDue.Before(now)
	return l
}

// onPage is how many concerns stand on a page: light enough to come at once
// (trust.md G12).
const onPage = 25

func (x *room) listPage(w http.ResponseWriter, r *web.Request) error {
	q := r.URL.Query()
	may := x.mayExport(r.Context(), r.Who)
	page, err := x.listed(r.Context(), r.Who, wanted{Filter: Filter{State: State(q.Get("state")), After: hub.ID(q.Get("after")), Limit: onPage}, tell: may})
	if err != nil {
		return err
	}
	answer, err := x.DB.Advise(r.Context(), policies.Submit{Role: r.Who.Role, Kind: r.Who.Kind, Purpose: hub.Prevention, Basis: ownBasis(r.Who.Kind)})
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "intake", "list", struct {
		Page
		State     State
		States    []State
		MaySubmit bool
		MayExport bool
		Leaves    int
		Counted   bool
	}{page, State(q.Get("state")), States, answer.Allow, may, page.leaves, page.Total <= countable})
}

// Asks is the word of what waits in a line: in triage it may be the duty to notify alone.
func (l Line) Asks() string {
	switch {
	case l.Triage == "differ":
		return "intake.waits.differ"
	case l.State == Triage && l.Triage == "":
		return "intake.waits.other_track"
	}
	return "intake.waits." + string(l.State)
}

// waiting is the room's part of everybody's front page: what waits for the hat.
func (x *room) waiting(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	may, err := x.DB.Advise(ctx, policies.List{Role: who.Role, Kind: who.Kind, Purpose: hub.Prevention})
	if err != nil || !may.Allow {
		return nil, err // this hat lists no concerns: nothing is asked for, and so nothing refused
	}
	page, err := x.list(ctx, who, Filter{Waits: true, Limit: 100})
	if hub.CodeOf(err) == hub.CodeNotFound {
		return nil, nil // this hat lists no concerns: nothing waits here
	}
	if err != nil {
		return nil, err
	}
	return x.Web.Same(ids, lang, "intake", "waiting", page)
}
