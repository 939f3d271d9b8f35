//go:build !race

package assessment

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// TestEveryPageHoldsWhatReadsShow holds the ways to a page (few are gathered, many
// walked to, or gathered where they lie far between) to what single reads would
// show: page by page, of every state and of all, about one person, by a reference and as a file, with every bound near their number;
// for those who see most, some and nothing of many cases, of which many wait for
// the same day. A021: no page has a case too many or too few, and the
// number is theirs, or that there are more.
func TestEveryPageHoldsWhatReadsShow(t *testing.T) {
	w := run(t)
	w.SQL(`insert into access.item (id, kind, about, controller, received_by, state)
		select 'z' || lpad(n::text, 25, '0'), 'case', case n % 3 when 0 then 'other' else about end, case n % 5 when 0 then 'greve' else controller end, received_by, (array['collecting', 'analysis', 'closed', 'opening'])[1 + n % 4]
		from access.item, generate_series(1, 900) n where id = $1`, string(w.kase))
	w.SQL(`insert into assessment.cases (id, concern, subject, municipality, police, begun_at, next_at, retention_rule, erase_at)
		select 'z' || lpad(n::text, 25, '0'), 'z' || lpad(n::text, 25, '0'), case n % 3 when 0 then 'other' else subject end, municipality, police, begun_at, next_at + (n * 7 % 40) * interval '1 day', retention_rule, erase_at
		from assessment.cases, generate_series(1, 900) n where id = $1`, string(w.kase))
	w.SQL(`insert into access.share (id, kind, item, about, classes, sender, sender_kind, receiver, basis, purpose, necessity, from_at, until_at, by_person, by_hat)
		select 'z' || lpad(n::text, 25, '0'), kind, 'z' || lpad(n::text, 25, '0'), about, classes, sender, sender_kind, receiver, basis, purpose, necessity, from_at, until_at, by_person, by_hat
		from access.share, generate_series(1, 700) n where item = $1 and receiver = 'mvs-politi'`, string(w.kase))
	w.SQL(`insert into access.assignment (id, kind, item, person, authority, role, why, from_at, until_at, by_person, by_hat)
		select 'z' || lpad(n::text, 25, '0'), kind, 'z' || lpad(n::text, 25, '0'), person, authority, role, why, from_at, until_at, by_person, by_hat
		from access.assignment, generate_series(3, 900, 7) n where item = $1 and person = $2`, string(w.kase), string(w.As("liv").Post.Person))
	w.SQL(`insert into access.assignment (id, kind, item, person, authority, role, why, from_at, until_at, by_person, by_hat)
		select 'y' || right(id, 25), kind, item, $1, $2, $3, why, from_at, until_at, by_person, by_hat from access.assignment where right(id, 2) > '40' and id like 'z%'`, string(w.As("knud").Post.Person), string(w.As("knud").Post.Authority), string(w.As("knud").Post.Role))
	w.SQL(`insert into access.recusal (person, kind, item, by_person, by_hat) select $1, 'case', 'z' || lpad(n::text, 25, '0'), 'p', 'h' from generate_series(5, 900, 31) n`, string(w.As("gudrun").Post.Person))
	pages := map[bool]int{} // by whether there are more than are counted
	for _, login := range []string{"gudrun", "thorkild", "liv", "tage", "knud"} {
		err := w.room.DB.View(t.Context(), hub.Actor{Hat: w.As(login).Post.Hat}, func(tx *pg.Tx) error {
			reads := singly(t, tx)
			for _, state := range []State{"", Collecting, Closed} {
				want := slices.DeleteFunc(slices.Clone(reads), func(h pg.Relation) bool { return state != "" && h.State != string(state) })
				n := len(want)
				for _, to := range []reach{{n, usual.stride}, {n - 1, usual.stride}, {n - 1, 1}, {0, 1024}} {
					if to.countable >= 0 {
						pages[n > to.countable] += w.pages(tx, login, wanted{CaseFilter: CaseFilter{State: state, Limit: 90}}, to, want)
					}
				}
			}
			less := func(may func(pg.Relation, policies.Grant) bool) []pg.Relation {
				return slices.DeleteFunc(slices.Clone(reads), func(r pg.Relation) bool {
					g, err := tx.Ask(t.Context(), r.View(tx.Who(), hub.Prevention))
					return err != nil || !may(r, g)
				})
			}
			one := w.kase
			if len(reads) > 0 {
				one = reads[len(reads)/2].ID
			}
			for state, in := range map[State]wanted{"": {CaseFilter: CaseFilter{Subject: "other"}}, Closed: {CaseFilter: CaseFilter{Subject: "other"}}, Collecting: {item: one[20:]}, Analysis: {item: one}} {
				in.State = state
				w.pages(tx, login, in, usual, less(func(r pg.Relation, g policies.Grant) bool {
					return (in.Subject == "" || g.Allows("name") && r.About == in.Subject) && (in.item == "" || r.ID == one) && (state == "" || r.State == string(state))
				}))
			}
			for _, state := range []State{"", Collecting, Closed} {
				in := wanted{CaseFilter: CaseFilter{State: state, Limit: service.ExportRows}, out: new(web.Request)}
				w.pages(tx, login, in, usual, less(func(r pg.Relation, _ policies.Grant) bool {
					_, err := tx.Ask(t.Context(), r.Act(tx.Who(), service.Export, hub.Prevention))
					return err == nil && (state == "" || r.State == string(state))
				}))
			}
			for _, after := range []hub.ID{"nothing", "z0000000000000000000000005"} { // not there, and one that she may not see
				for _, most := range []int{0, 1000} {
					if _, _, err := hits(t.Context(), tx, wanted{CaseFilter: CaseFilter{After: after, Limit: 50}}, reach{most, usual.stride}, tx.Listing("case", hub.Prevention), new(Cases)); login == "gudrun" && hub.CodeOf(err) != hub.CodeInvalid {
						t.Errorf("after %s: %v", after, err)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if pages[true] < 60 || pages[false] < 20 {
		t.Errorf("only %d pages of more, and %d of few", pages[true], pages[false])
	}
}

// singly is what single reads would show, in the list's order.
func singly(t *testing.T, tx *pg.Tx) (want []pg.Relation) {
	t.Helper()
	rows, err := tx.Query(t.Context(), `select r.* from access.relations($1, $2, $3, $4, $5) r join cases c on c.id = r.id order by c.next_at, c.id`, tx.Me()...)
	if err != nil {
		t.Fatal(err)
	}
	var r pg.Relation
	if _, err = pgx.ForEachRow(rows, r.Into(), func() error {
		_, err := tx.Ask(t.Context(), r.View(tx.Who(), hub.Prevention))
		if errors.As(err, new(*policies.Denial)) {
			return nil
		}
		want = append(want, r)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return want
}

// pages goes from page to page, and says how many there were.
func (w *world) pages(tx *pg.Tx, login string, in wanted, to reach, want []pg.Relation) (pages int) {
	w.t.Helper()
	seen := 0
	in.Limit = max(in.Limit, 90)
	for {
		var page Cases
		asked := tx.Listing("case", hub.Prevention)
		var got []hit
		var whole pg.Few
		var err error
		switch {
		case in.out != nil:
			if got, _, err = taken(w.t.Context(), tx, in, asked, &page); page.leaves != len(want) || page.Total < len(want) || page.More {
				w.t.Fatalf("%s, %q: %d of %d leave, want %d", login, in.State, page.leaves, page.Total, len(want))
			}
			page.Total, to = len(want), reach{len(want), 1}
		case in.Subject != "" || in.item != "":
			got, err = these(w.t.Context(), tx, in, asked, &page)
			to = reach{len(want), 1}
		default:
			if got, whole, err = hits(w.t.Context(), tx, in, to, asked, &page); !page.More && len(whole.IDs) != len(want) {
				w.t.Fatalf("%s, %q: %d are all, want %d", login, in.State, len(whole.IDs), len(want))
			}
		}
		if err != nil {
			w.t.Fatal(err)
		}
		at := fmt.Sprintf("%s, %q, about %q, with %q, at most %d, after %q", login, in.State, in.Subject, in.item, to.countable, in.After)
		if page.More != (len(want) > to.countable) || page.Total != min(len(want), to.countable) {
			w.t.Fatalf("%s: %d there are, and it says %d, more: %t", at, len(want), page.Total, page.More)
		}
		next := want[seen:min(seen+in.Limit+1, len(want))]
		if !slices.EqualFunc(got, next, func(a hit, z pg.Relation) bool {
			s := asked.Sets[a.set].Relation
			s.ID, s.About, s.Controller = z.ID, z.About, z.Controller
			return a.ID == z.ID && s == z && string(a.state) == z.State && a.Subject == z.About
		}) {
			w.t.Fatalf("%s: %d, want %d", at, len(got), len(next))
		}
		pages++
		if len(got) <= in.Limit {
			return pages
		}
		seen, in.After = seen+in.Limit, got[in.Limit-1].ID
	}
}
