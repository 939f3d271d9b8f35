package assessment

import (
	"slices"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// TestAWalkFindsWhatIsGathered holds the two ways to a page together: page by page,
// of every state and of all, from every place to go on from; for those who see
// most, some and nothing of many cases, of which many wait for the same day.
func TestAWalkFindsWhatIsGathered(t *testing.T) {
	w := run(t)
	w.SQL(`insert into access.item (id, kind, about, controller, received_by, state)
		select 'z' || lpad(n::text, 25, '0'), 'case', about, case n % 5 when 0 then 'greve' else controller end, received_by, (array['collecting', 'analysis', 'closed', 'opening'])[1 + n % 4]
		from access.item, generate_series(1, 900) n where id = $1`, string(w.kase))
	w.SQL(`insert into assessment.cases (id, concern, subject, municipality, police, begun_at, next_at, retention_rule, erase_at)
		select 'z' || lpad(n::text, 25, '0'), 'z' || lpad(n::text, 25, '0'), subject, municipality, police, begun_at, next_at + (n * 7 % 40) * interval '1 day', retention_rule, erase_at
		from assessment.cases, generate_series(1, 900) n where id = $1`, string(w.kase))
	w.SQL(`insert into access.share (id, kind, item, about, classes, sender, sender_kind, receiver, basis, purpose, necessity, from_at, until_at, by_person, by_hat)
		select 'z' || lpad(n::text, 25, '0'), kind, 'z' || lpad(n::text, 25, '0'), about, classes, sender, sender_kind, receiver, basis, purpose, necessity, from_at, until_at, by_person, by_hat
		from access.share, generate_series(1, 700) n where item = $1 and receiver = 'mvs-politi'`, string(w.kase))
	w.SQL(`insert into access.assignment (id, kind, item, person, why, from_at, until_at, by_person, by_hat)
		select 'z' || lpad(n::text, 25, '0'), kind, 'z' || lpad(n::text, 25, '0'), person, why, from_at, until_at, by_person, by_hat
		from access.assignment, generate_series(3, 900, 7) n where item = $1 and person = $2`, string(w.kase), string(w.As("liv").Post.Person))
	w.SQL(`insert into access.recusal (person, kind, item, by_person, by_hat) select $1, 'case', 'z' || lpad(n::text, 25, '0'), 'p', 'h' from generate_series(5, 900, 31) n`, string(w.As("gudrun").Post.Person))
	walked := 0
	for _, login := range []string{"gudrun", "thorkild", "liv", "tage"} {
		who := hub.Actor{Hat: w.As(login).Post.Hat}
		err := w.room.DB.View(t.Context(), who, func(tx *pg.Tx) error {
			sets, err := tx.Sets(t.Context(), "case", hub.Prevention)
			if err != nil {
				return err
			}
			for _, state := range append(slices.Clone(States), "") {
				in, seen := wanted{CaseFilter: CaseFilter{State: state, Limit: 90}}, 0
				for {
					var page Cases
					want, err := gather(t.Context(), tx, in, sets, &page)
					if err != nil {
						return err
					}
					if page.Total != sets.Count(string(state)) {
						t.Fatalf("%s, %q: %d are gathered, and %d counted", login, state, page.Total, sets.Count(string(state)))
					}
					got, ok, err := walk(t.Context(), tx, in, sets)
					if err != nil {
						return err
					}
					if ok {
						walked++
					}
					if ok && !slices.EqualFunc(got, want, func(a, z hit) bool {
						return a.ID == z.ID && a.set == z.set && a.state == z.state && a.confirmed == z.confirmed && a.NextAt.Equal(z.NextAt) && a.Subject == z.Subject
					}) {
						t.Fatalf("%s, %q, after %q: %d are walked to, and %d gathered", login, state, in.After, len(got), len(want))
					}
					seen += min(len(want), in.Limit)
					if len(want) <= in.Limit {
						break
					}
					in.After = want[in.Limit-1].ID
				}
				if seen != sets.Count(string(state)) {
					t.Errorf("%s, %q: %d on the pages, and %d counted", login, state, seen, sets.Count(string(state)))
				}
			}
			for _, after := range []hub.ID{"nothing", "z0000000000000000000000005"} { // not there, and one that she may not see
				if _, _, err := walk(t.Context(), tx, wanted{CaseFilter: CaseFilter{After: after, Limit: 50}}, sets); login == "gudrun" && hub.CodeOf(err) != hub.CodeInvalid {
					t.Errorf("after %s: %v", after, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if walked < 40 {
		t.Errorf("only %d pages were walked to", walked)
	}
}
