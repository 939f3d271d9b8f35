package assessment

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// CaseFilter is what a list of cases is asked for.
type CaseFilter struct {
	State   State  `json:"state,omitempty"`
	Subject hub.ID `json:"subject,omitempty"` // only what is about this person
	After   hub.ID `json:"after,omitempty"`   // the last of the page before
	Limit   int    `json:"limit,omitempty" min:"1" max:"100" doc:"50 if not given."`
}

// CaseLine is a case in a list: what policy gives of it, and no more.
type CaseLine struct {
	ID       hub.ID     `json:"id"`
	State    State      `json:"state,omitempty"`
	Subject  hub.ID     `json:"subject,omitempty"`
	OpenedAt *time.Time `json:"opened_at,omitempty"`
	NextAt   *time.Time `json:"next_date,omitempty"`
	Overdue  bool       `json:"overdue"`
	Waits    bool       `json:"waits"` // something waits for the asker here
}

// wanted is what a list is asked for besides its filter.
type wanted struct {
	CaseFilter
	item hub.ID       // only the one with this reference, or with this end of it
	out  *web.Request // as a file
	tell bool         // how many of them would leave as one
}

// Cases is one page of a list. Total counts exactly what the pages together show
// (A021), up to where counting stops.
type Cases struct {
	Cases []CaseLine `json:"cases"`
	Total int        `json:"total"`
	More  bool       `json:"more" doc:"There are more than total, which is where counting stops."`
	Next  hub.ID     `json:"next,omitempty"` // put it in after for the next page

	leaves int // of total as a file, where total is all; where it is one, total is the list's
}

func (x *room) listCases(r *web.Request, in CaseFilter) (Cases, error) {
	return x.list(r.Context(), r.Who, in)
}

// list asks the same question as a single read, once for each distinct set of
// attributes.
func (x *room) list(ctx context.Context, who hub.Actor, in CaseFilter) (Cases, error) {
	if in.Limit == 0 {
		in.Limit = 50
	}
	if in.Limit < 1 || in.Limit > 100 {
		return Cases{}, hub.Invalid("limit", "assessment.error.limit", 100)
	}
	return x.listed(ctx, who, wanted{CaseFilter: in})
}

func (x *room) listed(ctx context.Context, who hub.Actor, in wanted) (Cases, error) {
	if in.State != "" && !slices.Contains(States, in.State) {
		return Cases{}, hub.Invalid("state", "error.choose")
	}
	var page Cases
	err := x.DB.View(ctx, who, func(tx *pg.Tx) error {
		page = Cases{Cases: []CaseLine{}}
		g, err := tx.Ask(ctx, policies.List{Role: who.Role, Kind: who.Kind, Purpose: hub.Prevention})
		if denied := new(policies.Denial); errors.As(err, &denied) {
			return errors.Join(tx.Refuse(ctx, denied, pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "cases"}}), err)
		}
		if err != nil {
			return err
		}
		found, sets, out, err := x.find(ctx, tx, in, &page)
		if err != nil {
			return err
		}
		shown := x.page(ctx, tx.Who(), tx.Now, in, found, sets, &page)
		for n, entries := range shown { // each person shown, on the decision that showed them
			if len(entries) > 0 {
				if _, err := tx.Record(ctx, sets[n].Grant, entries...); err != nil {
					return err
				}
			}
			if len(entries) > 0 && in.out != nil {
				if _, err := tx.Record(ctx, out[n], service.Taken(entries)...); err != nil {
					return err
				}
			}
		}
		_, err = tx.Record(ctx, g, pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "cases"}, Controller: who.Authority, Rows: len(page.Cases)})
		return err
	})
	return page, err
}

var lineFields = []string{"name", "next_date", "opened_at", "reference", "state"}

// page fills the page, and gives the trail an entry for every person shown, by set.
func (x *room) page(ctx context.Context, who hub.Actor, now time.Time, in wanted, shown []hit, sets pg.Sets, page *Cases) [][]pg.Entry {
	waits := make([]bool, len(sets))
	for i, s := range sets {
		waits[i] = slices.ContainsFunc(x.actions(ctx, who, s.Relation), func(a Action) bool { return slices.Contains(asks[State(s.State)], a) })
	}
	entries := make([][]pg.Entry, len(sets))
	for i, c := range shown {
		if i == in.Limit {
			page.Next = shown[i-1].ID
			break
		}
		may := sets[c.set].Grant.Allows
		l := CaseLine{ID: c.ID, Waits: waits[c.set] && !(c.state == Opening && c.confirmed)}
		keep(may("state"), &l.State, c.state)
		keep(may("name"), &l.Subject, c.Subject)
		keep(may("opened_at"), &l.OpenedAt, c.OpenedAt)
		if next := c.NextAt; may("next_date") && c.state != Closing { // of a closing the room referral knows it
			l.NextAt, l.Overdue = &next, next.Before(now) && c.state != Closed
		}
		page.Cases = append(page.Cases, l)
		fields := slices.DeleteFunc(slices.Clone(lineFields), func(f string) bool { return !may(f) })
		entries[c.set] = append(entries[c.set], pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "case", ID: c.ID, Version: c.Version},
			Controller: c.Municipality, Subjects: []hub.ID{c.Subject}, Fields: fields})
	}
	return entries
}

// asks is what waits for somebody in a state: what is asked of them, not what
// they could do.
var asks = map[State][]Action{Opening: {Open}, Collecting: {Convene}, Analysis: {Hold}, Assessment: {Draft, Sign}}

// onPage is how many cases stand on a page.
const onPage = 25

func (x *room) listPage(w http.ResponseWriter, r *web.Request) error {
	q := r.URL.Query()
	may := x.mayExport(r.Context(), r.Who)
	page, err := x.listed(r.Context(), r.Who, wanted{CaseFilter: CaseFilter{State: State(q.Get("state")), After: hub.ID(q.Get("after")), Limit: onPage}, tell: may})
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "assessment", "list", struct {
		List      Cases
		State     State
		States    []State
		MayExport bool
		Leaves    int
	}{page, State(q.Get("state")), States, may, page.leaves})
}

// waiting is the room's part of everybody's front page: what waits for the hat.
func (x *room) waiting(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	may, err := x.DB.Advise(ctx, policies.List{Role: who.Role, Kind: who.Kind, Purpose: hub.Prevention})
	if err != nil || !may.Allow {
		return nil, err // this hat lists no cases: nothing is asked for, and so nothing refused
	}
	page, err := x.list(ctx, who, CaseFilter{Limit: 100})
	if hub.CodeOf(err) == hub.CodeNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	page.Cases = slices.DeleteFunc(page.Cases, func(l CaseLine) bool { return !l.Waits })
	put, err := x.asked(ctx, who, RequestFilter{Open: true})
	if err != nil {
		return nil, err
	}
	put.Requests = slices.DeleteFunc(put.Requests, func(q RequestView) bool { return !slices.Contains(q.Actions, "answer") })
	return x.Web.Same(ids, lang, "assessment", "waiting", struct {
		Cases []CaseLine
		Asked []RequestView
	}{page.Cases, put.Requests})
}
