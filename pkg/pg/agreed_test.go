//go:build !race

package pg_test

import (
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// TestAShareStandsOnItsAgreement is A017: what was shared on a basis that needs an
// agreement counts to its minute, whichever of the two shared it; on another basis, or
// between others, it goes on counting; and where the agreement holds anew it counts anew.
func TestAShareStandsOnItsAgreement(t *testing.T) {
	w := newWorld(t)
	end := start.Add(time.Hour)
	on := []pg.Basis{bases[0], bases[1]}
	on[0].Agreements = []hub.LegalBasis{"RPL115-1-1"}
	on = append(on, pg.Basis{Code: "RPL115-1-1", Source: "x", From: start.AddDate(-1, 0, 0)})
	agreed := func(until time.Time, more ...pg.Agreement) {
		t.Helper()
		check(t, pg.SyncStructure(ctx, w.owner, w.now(), posts, on, append(more,
			pg.Agreement{ID: "two", Parties: []hub.AuthorityID{"koege", "mvs"}, Basis: "RPL115-1-1", From: start.AddDate(-1, 0, 0), Until: until},
			pg.Agreement{ID: "others", Parties: []hub.AuthorityID{"greve", "mvs"}, Basis: "RPL115-1-1", From: start.AddDate(-1, 0, 0)},
			pg.Agreement{ID: "unfit", Parties: []hub.AuthorityID{"koege", "mvs"}, Basis: "DBL6", From: start.AddDate(-1, 0, 0)})))
	}
	var s []string
	share := func(item, from, to, basis, class string) {
		s = append(s, `insert into access.item (id, kind, about, controller, received_by, state) values ('`+item+`', 'case', 's', '`+from+`', 'municipality', 'analysis') on conflict do nothing`,
			`insert into access.share (id, kind, item, about, classes, sender, receiver, basis, purpose, necessity, from_at, until_at, by_person, by_hat, sender_kind)
			values ('`+item+class+`', 'case', '`+item+`', 's', array['`+class+`'], '`+from+`', '`+to+`', '`+basis+`', 'prevention', '', timestamptz '2026-03-01', '9999-12-31', 'p', 'h', 'municipality')`)
	}
	share("out", "koege", "mvs", "RPL115-2", "identity")
	share("in", "mvs", "koege", "RPL115-2", "identity")
	share("other", "greve", "mvs", "RPL115-2", "identity")
	share("both", "koege", "mvs", "DBL6", "status") // stands on a basis besides that needs none
	share("both", "koege", "mvs", "RPL115-2", "identity")
	w.sql(s...)
	db := w.room("assessment")
	sees := func(want string) {
		t.Helper()
		var got []string
		for _, p := range []pg.Post{coordinator, police} {
			check(t, db.View(ctx, as(p), func(tx *pg.Tx) error {
				var one string
				err := tx.QueryRow(ctx, `select coalesce(string_agg(r.id || ' ' || r.basis || ' ' || r.classes, ', ' order by r.id), '') from access.relations($1, $2, $3, $4, $5) r where r.relation = 'shared'`, tx.Me()...).Scan(&one)
				got = append(got, one)
				return err
			}))
		}
		if all := strings.Join(got, "; "); all != want {
			t.Errorf("at %s there are shared\n %s, want\n %s", w.now(), all, want)
		}
	}
	until := func(item string) (at time.Time) {
		t.Helper()
		check(t, db.View(ctx, as(police), func(tx *pg.Tx) error {
			held, err := tx.Held(ctx, "case", hub.ID(item))
			for _, h := range held {
				at = h.Until
			}
			return err
		}))
		return at
	}
	const all, gone = "in RPL115-2 identity; both DBL6 status, other RPL115-2 identity, out RPL115-2 identity", "; both DBL6 status, other RPL115-2 identity"
	agreed(end)
	w.clock.Store(int64(time.Hour - time.Second))
	sees(all)
	if got := until("out"); !got.Equal(end) {
		t.Errorf("it is said to be shared until %s, and the agreement ends at %s", got, end)
	}
	w.clock.Store(int64(time.Hour))
	sees(gone)
	if got := until("out"); !got.IsZero() {
		t.Errorf("it is said to be shared until %s, and is no more", got)
	}
	agreed(end, pg.Agreement{ID: "anew", Parties: []hub.AuthorityID{"koege", "mvs"}, Basis: "RPL115-1-1", From: end.Add(time.Minute)})
	sees(gone)
	w.clock.Store(int64(time.Hour + time.Minute))
	sees(all)
	agreed(end) // the structure file names it no more: it ends now
	sees(gone)
}
