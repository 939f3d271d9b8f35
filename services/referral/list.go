package referral

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
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// OfferFilter is what a list of offers is asked for.
type OfferFilter struct {
	State   OfferState `json:"state,omitempty"`
	Subject hub.ID     `json:"subject,omitempty"` // only what is about this person
	After   hub.ID     `json:"after,omitempty"`   // the last of the page before
	Limit   int        `json:"limit,omitempty" min:"1" max:"100" doc:"50 if not given."`
}

// OfferRow is an offer in a list: what policy gives of it, and no more.
type OfferRow struct {
	ID       hub.ID          `json:"id"`
	State    OfferState      `json:"state,omitempty"`
	Subject  hub.ID          `json:"subject,omitempty"`
	Sender   hub.AuthorityID `json:"sender,omitempty"`
	Receiver hub.AuthorityID `json:"receiver,omitempty"`
	Measure  string          `json:"measure,omitempty"`
	Due      *time.Time      `json:"due,omitempty"`
	Overdue  bool            `json:"overdue"`
	Waits    bool            `json:"waits"` // something waits for the asker here
}

// Offers is one page of a list. Total counts exactly what the pages together show
// (A021).
type Offers struct {
	Offers []OfferRow `json:"offers"`
	Total  int        `json:"total"`
	Next   hub.ID     `json:"next,omitempty"` // put it in after for the next page
}

func (x *room) listReferrals(r *web.Request, in OfferFilter) (Offers, error) {
	return x.list(r.Context(), r.Who, in)
}

const listSQL = pg.AllowedSQL + `, hit as (select o.*, a.n as set from allowed a join offer o on o.id = a.id)
select n.total, n.known, coalesce(h.set, -1), coalesce(h.id, ''), coalesce(h.subject, ''), coalesce(h.sender, ''), coalesce(h.receiver, ''), coalesce(h.measure, ''),
	coalesce(h.kind, ''), coalesce(h.version, 0), coalesce(h.due_at, '0001-01-01')
from (select count(*) as total, $3 = '' or coalesce(bool_or(id = $3), false) as known from hit) n
left join lateral (select * from hit where $3 = '' or (made_at, id) < (select made_at, id from hit where id = $3) order by made_at desc, id desc limit $4) h on true
order by h.made_at desc, h.id desc`

// list asks the same question as a single read, once for each distinct set of
// attributes.
func (x *room) list(ctx context.Context, who hub.Actor, in OfferFilter) (Offers, error) {
	if in.Limit == 0 {
		in.Limit = 50
	}
	if in.Limit < 1 || in.Limit > 100 {
		return Offers{}, hub.Invalid("limit", "referral.error.limit", 100)
	}
	return x.listed(ctx, who, in, "")
}

// listed is list; with an item, of the one that has this reference, or this end of
// it.
func (x *room) listed(ctx context.Context, who hub.Actor, in OfferFilter, item hub.ID) (Offers, error) {
	if in.State != "" && !slices.Contains(OfferStates, in.State) {
		return Offers{}, hub.Invalid("state", "error.choose")
	}
	var page Offers
	err := x.listing(ctx, who, "offer", "offers", func(tx *pg.Tx, asked *pg.Listing) ([][]pg.Entry, int, error) {
		page = Offers{Offers: []OfferRow{}}
		shown, err := x.page(ctx, tx, in, item, asked, &page)
		return shown, len(page.Offers), err
	})
	return page, err
}

// listing is every list of this room: may this hat list at all, and a record of each
// person shown on the decision that showed them.
func (x *room) listing(ctx context.Context, who hub.Actor, kind, object string, do func(*pg.Tx, *pg.Listing) ([][]pg.Entry, int, error)) error {
	all := pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: object}, Controller: who.Authority}
	return x.DB.View(ctx, who, func(tx *pg.Tx) error {
		g, err := tx.Ask(ctx, policies.List{Role: who.Role, Kind: who.Kind, Purpose: hub.Prevention})
		if denied := new(policies.Denial); errors.As(err, &denied) {
			return errors.Join(tx.Refuse(ctx, denied, pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: object}}), err)
		}
		if err != nil {
			return err
		}
		asked := tx.Listing(kind, hub.Prevention)
		shown, n, err := do(tx, asked)
		if err != nil {
			return err
		}
		for n, entries := range shown {
			if len(entries) > 0 {
				if _, err := tx.Record(ctx, asked.Sets[n].Grant, entries...); err != nil {
					return err
				}
			}
		}
		all.Rows = n
		_, err = tx.Record(ctx, g, all)
		return err
	})
}

var lineFields = []string{"due", "measure", "name", "reference", "state"}

// listedOffers are the offers of a list: those about one person, the one that has a
// reference or its end, or all. Whoever is not given the name cannot ask by it.
func listedOffers(ctx context.Context, tx *pg.Tx, in OfferFilter, item hub.ID, asked *pg.Listing) (pg.Few, error) {
	sql, by := `select id from offer where id = $1 or right(id, 6) = $1`, item
	switch {
	case in.Subject != "":
		sql, by = `select id from offer where subject = $1`, in.Subject
		asked.Only = func(s pg.Set) (bool, error) { return s.Grant.Allows("name"), nil }
	case item == "":
		return asked.All(ctx, string(in.State))
	}
	rows, err := tx.Query(ctx, sql, string(by))
	if err != nil {
		return pg.Few{}, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return pg.Few{}, err
	}
	return asked.Of(ctx, string(in.State), ids)
}

// page runs the one query, and gives the trail an entry for every person shown,
// by set.
func (x *room) page(ctx context.Context, tx *pg.Tx, in OfferFilter, item hub.ID, asked *pg.Listing, page *Offers) ([][]pg.Entry, error) {
	all, err := listedOffers(ctx, tx, in, item, asked)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, listSQL, append(all.Args(), string(in.After), in.Limit+1)...)
	if err != nil {
		return nil, err
	}
	sets := asked.Sets
	var o offer
	var n int
	var known bool
	entries := make([][]pg.Entry, len(sets))
	_, err = pgx.ForEachRow(rows, []any{&page.Total, &known, &n, &o.ID, &o.Subject, &o.Sender, &o.Receiver, &o.Measure, &o.Kind, &o.Version, &o.DueAt}, func() error {
		switch {
		case !known:
			return hub.Invalid("after", "error.choose")
		case n < 0:
			return nil // no rows, only their number
		case len(page.Offers) == in.Limit:
			page.Next = page.Offers[in.Limit-1].ID
			return nil
		}
		o.State = OfferState(sets[n].State)
		page.Offers = append(page.Offers, x.line(ctx, tx, o, sets[n]))
		fields := slices.DeleteFunc(slices.Clone(lineFields), func(f string) bool { return !sets[n].Grant.Allows(f) })
		entries[n] = append(entries[n], pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "offer", ID: o.ID, Version: o.Version},
			Controller: o.Sender, Subjects: []hub.ID{o.Subject}, Fields: fields})
		return nil
	})
	return entries, err
}

// asks is what waits for somebody in an offer: what is asked of them, not what
// they could do.
var asks = []Action{Send, TakeUp, End}

// line is an offer as its set lets it be shown.
func (x *room) line(ctx context.Context, tx *pg.Tx, o offer, s pg.Set) OfferRow {
	may, due := s.Grant.Allows, o.DueAt
	l := OfferRow{ID: o.ID}
	keep(may("state"), &l.State, o.State)
	keep(may("state"), &l.Sender, o.Sender)
	keep(may("state"), &l.Receiver, o.Receiver)
	keep(may("name"), &l.Subject, o.Subject)
	keep(may("measure"), &l.Measure, o.Measure)
	if may("due") {
		l.Due, l.Overdue = &due, o.State == Offered && due.Before(tx.Now)
	}
	doable := x.offerActions(ctx, tx.Who(), opened{offer: o, rel: s.Relation})
	l.Waits = slices.ContainsFunc(asks, func(a Action) bool {
		return slices.Contains(doable, a) && (a != End || o.Kind == notification)
	})
	return l
}

// onPage is how many offers stand on a page.
const onPage = 25

func (x *room) listPage(w http.ResponseWriter, r *web.Request) error {
	q := r.URL.Query()
	page, err := x.list(r.Context(), r.Who, OfferFilter{State: OfferState(q.Get("state")), After: hub.ID(q.Get("after")), Limit: onPage})
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "referral", "list", struct {
		List   Offers
		State  OfferState
		States []OfferState
		Words  words
	}{page, OfferState(q.Get("state")), OfferStates, x.words(r.Lang)})
}

// Duty is a case in which something waits for somebody.
type Duty struct {
	ID      hub.ID
	What    string // closing, reopening, follow_up, recommend
	Next    time.Time
	Overdue bool
}

// soon is how long before a follow-up it waits on the front page.
const soon = 7 * 24 * time.Hour

const dutySQL = pg.AllowedSQL + `select a.n, c.case_id, c.subject, c.municipality, c.version, i.state, c.next_at, coalesce(p.authority, ''), coalesce(p.person, ''), coalesce(p.at, '0001-01-01')
from allowed a join course c on c.case_id = a.id join access.item i on i.id = c.case_id
left join lateral (select * from proposal p where p.case_id = c.case_id and p.round = c.round and p.what = case i.state when 'closed' then 'reopen' else 'close' end
	order by p.n desc limit 1) p on true
where i.state = 'closing' or i.state = 'closed' and p.person is not null or i.state = 'follow_up' and c.next_at < $3
	or i.state = 'recommended' and not exists (select from offer o where o.case_id = c.case_id)
order by c.next_at, c.case_id limit 100`

// duties lists the cases in which something waits for the actor.
func (x *room) duties(ctx context.Context, who hub.Actor) ([]Duty, error) {
	var list []Duty
	err := x.listing(ctx, who, "case", "cases", func(tx *pg.Tx, asked *pg.Listing) ([][]pg.Entry, int, error) {
		list = nil
		all, err := asked.All(ctx, "")
		if err != nil {
			return nil, 0, err
		}
		rows, err := tx.Query(ctx, dutySQL, append(all.Args(), tx.Now.Add(soon))...)
		if err != nil {
			return nil, 0, err
		}
		sets := asked.Sets
		var n int
		var c course
		var state State
		var last Proposal
		entries := make([][]pg.Entry, len(sets))
		_, err = pgx.ForEachRow(rows, []any{&n, &c.ID, &c.Subject, &c.Municipality, &c.Version, &state, &c.NextAt, &last.Authority, &last.Person, &last.At}, func() error {
			fresh := x.due(Closing, c.Municipality, last.At).After(tx.Now)
			what := waitsFor(who, state, last, fresh)
			if what == "" || !slices.Contains(x.caseActions(ctx, who, sets[n].Relation, true), dutyOf[what]) {
				return nil
			}
			list = append(list, Duty{c.ID, what, c.NextAt, state != Closed && c.NextAt.Before(tx.Now)})
			entries[n] = append(entries[n], pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "case", ID: c.ID, Version: c.Version}, Controller: c.Municipality,
				Subjects: []hub.ID{c.Subject}, Fields: []string{"reference"}})
			return nil
		})
		return entries, len(list), err
	})
	return list, err
}

// dutyOf is the action by which what waits is done.
var dutyOf = map[string]Action{"closing": Close, "reopening": Reopen, "follow_up": Follow, "recommend": Recommend}

// waitsFor is what waits for somebody in a case of those that the query gives:
// last is what was said last of closing or reopening, and not too long ago.
func waitsFor(who hub.Actor, state State, last Proposal, fresh bool) string {
	switch state {
	case Closing:
		if last.Authority != who.Authority {
			return "closing"
		}
	case Closed:
		if last.Person != who.Person && fresh {
			return "reopening"
		}
	case FollowUp:
		return "follow_up"
	case Recommended:
		return "recommend"
	}
	return ""
}

// waiting is the room's part of everybody's front page: what waits for the hat.
func (x *room) waiting(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	may, err := x.DB.Advise(ctx, policies.List{Role: who.Role, Kind: who.Kind, Purpose: hub.Prevention})
	if err != nil || !may.Allow {
		return nil, err // this hat lists nothing: nothing is asked for, and so nothing refused
	}
	page, err := x.list(ctx, who, OfferFilter{Limit: 100})
	if err != nil {
		return nil, err
	}
	page.Offers = slices.DeleteFunc(page.Offers, func(l OfferRow) bool { return !l.Waits })
	cases, err := x.duties(ctx, who)
	if err != nil {
		return nil, err
	}
	return x.Web.Same(ids, lang, "referral", "waiting", struct {
		List  Offers
		Cases []Duty
		Words words
	}{page, cases, x.words(lang)})
}
