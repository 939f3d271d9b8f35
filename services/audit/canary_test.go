//go:build !race

package audit

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// midnight is the hub's next.
func (w *world) midnight() time.Time {
	y, m, d := w.Now().In(hub.Copenhagen).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, hub.Copenhagen)
}

// canaries are those that the trail has, by who wrote them.
func (w *world) canaries() string {
	return w.One(`select coalesce(string_agg(writer || ' ' || n, ', ' order by writer), '') from (select writer::text, count(*) as n from audit.trail where object_kind = 'canary' group by writer) c`)
}

// P6: a room whose look-ups are not found again, as an officer finds them and as an answer to a
// citizen is gathered, is told of to every officer within five minutes, in the log and at
// /readyz; once while it lasts, and until it is found.
func TestALookUpThatIsNotFoundAgainIsToldWithinFiveMinutes(t *testing.T) {
	w := run(t)
	var said []string
	w.Behind(w.Handler(), func(time.Time) error {
		if err := w.Tick(t.Context()); err != nil {
			said = append(said, err.Error())
		}
		return nil
	})
	told := func() string {
		return w.One(`select count(*) from audit.outbox where envelope->>'type' = 'audit.trail.odd.v1' and envelope->'data'->>'what' = 'unseen'`)
	}
	// passes lets time go by until something is said, at most so long, and gives how long it was.
	passes := func(until time.Duration) (after time.Duration) {
		for said = nil; after < until && said == nil; after += canaryEvery {
			w.Advance(canaryEvery)
		}
		w.Advance(askEvery) // in which it is told
		return after
	}
	breaks := func(do string) {
		w.SQL(`create function public.broken() returns trigger language plpgsql as $$ begin if current_user = 'portal' then ` + do + ` end if; return new; end $$;
			create trigger broken before insert on audit.trail for each row execute function public.broken()`)
	}
	odd := func() bool {
		return strings.Contains(w.Nobody().Get("/readyz").Must(http.StatusOK).Text(), `"odd":["audit"]`)
	}
	w.Advance(time.Second)
	if w.Advance(canaryWithin); len(said) > 0 || told() != "0" || odd() {
		t.Fatalf("all is well, and it says %s", said)
	}
	many := 0
	for _, c := range []struct{ what, breaks, want string }{
		{"the row is not written, and nobody is told", "return null;", "not in the log"},
		{"it names people by other pseudonyms", "new.subjects := array['x'];", "not in the log"},
		{"it is of another authority", "new.controller := 'koege';", "not in an answer"},
		{"it says that it was refused", "new.outcome := 'deny';", "not in the log"},
	} {
		w.Set(w.midnight().Add(-time.Second))
		breaks(c.breaks)
		if after := passes(10 * time.Minute); after > canaryWithin || len(said) == 0 || !strings.Contains(said[0], "canary is missing from portal ("+c.want+")") {
			t.Errorf("%s: after %s it says %q", c.what, after, said)
		}
		if many++; told() != fmt.Sprint(many) || !odd() {
			t.Errorf("%s: told %s times, want %d; /readyz: %v", c.what, told(), many, odd())
		}
		w.Advance(2 * wellAfter)
		if told() != fmt.Sprint(many) {
			t.Errorf("%s: told again while it lasts", c.what)
		}
		w.SQL(`drop function public.broken() cascade`)
		w.Set(w.midnight())
		w.Advance(canaryEvery)
		if w.Advance(2 * wellAfter); odd() || w.One(`select count(*) from audit.odd_told where ended_at is null`) != "0" {
			t.Errorf("%s: it is well again, and it says %q", c.what, said)
		}
	}
	// A row that waits to be a leaf, and becomes none.
	w.Set(w.midnight().Add(-time.Second))
	w.SQL(`create function public.broken() returns trigger language plpgsql as $$ begin raise 'no'; end $$; create trigger broken before insert on audit.leaves for each row execute function public.broken()`)
	w.Advance(canaryEvery)
	said = nil
	if w.Advance(canaryWithin - canaryEvery); !strings.Contains(strings.Join(said, " "), "missing from audit (no leaf of the signed tree), portal (no leaf of the signed tree)") {
		t.Errorf("what is no leaf: %q", said)
	}
}

// P6: each room that may write the trail sends a canary a day, and none besides, by the way
// that real look-ups take.
func TestEveryRoomSendsACanaryADay(t *testing.T) {
	w := run(t)
	w.Advance(time.Second)
	w.Advance(4 * time.Hour)
	if got := w.canaries(); got != "audit 1, portal 1" {
		t.Errorf("on the first day: %s", got)
	}
	w.Set(w.midnight().Add(-time.Second))
	w.Advance(31 * time.Second)
	if got := w.canaries(); got != "audit 2, portal 2" {
		t.Errorf("half a minute into the second: %s", got)
	}
	w.Restart()
	w.Advance(time.Second)
	if got := w.canaries(); got != "audit 3, portal 3" {
		t.Errorf("begun again: %s", got)
	}
	for _, room := range []string{"audit", "portal"} {
		mark := w.Vault().Pseudonym(pg.Canary(room, w.Now()))
		if n := w.One(`select count(*) from audit.trail where writer::text = $1 and subjects = array[$2] and person = 'system' and act = 'consult' and outcome = 'allow' and controller = '' and authority = ''
			and question = 'act' and input ->> 'action' = 'canary' and object_id = '' and fields = '{}'`, room, mark); n != "2" {
			t.Errorf("of %s on this day there are %s", room, n)
		}
	}
}

// P6: nothing of a canary shows to an officer, whatever they ask for; nor is it drawn by lot or
// told to a citizen.
func TestACanaryShowsToNobody(t *testing.T) {
	w := answering(t)
	w.Advance(time.Second)
	if got := w.canaries(); got != "audit 1, portal 1" {
		t.Fatalf("there are %s", got)
	}
	canary := pg.Canary("portal", w.Now())
	mark := w.Vault().Pseudonym(canary)
	row := w.One(`select id from audit.trail where object_kind = 'canary' and writer::text = 'portal'`)
	request := w.One(`select request from audit.trail where id = $1::bigint`, row)
	parts := []Part{{}, {Person: "system"}, {Way: "person", Person: "system"}, {Way: "subject", Reference: string(canary)}, {Way: "subject", Reference: mark}, {Way: "item", Reference: string(canary)},
		{Way: "disclosure"}, {Reference: mark[20:]}, {Side: "people"}}
	for login, parts := range map[string][]Part{"dagny": parts, "esther": parts[:2], "signe": parts[:2]} {
		for _, s := range parts {
			s.Ground = Grounds[0]
			f := w.search(login, Search{Part: s, Limit: most})
			for _, r := range f.Rows {
				if r.ObjectKind == pg.CanaryKind || fmt.Sprint(r.ID) == row || string(r.Request) == request {
					t.Errorf("%s finds it by %+v", login, s)
				}
			}
			if said := fmt.Sprint(f.Groups); f.Next != "" || strings.Contains(said, pg.CanaryKind) {
				t.Errorf("%s finds by %+v: %s, and more after %q", login, s, said, f.Next)
			}
		}
		if a := w.As(login).API("POST", "/api/trail/export", Taking{Part: Part{Ground: Grounds[0]}}).Must(http.StatusOK); strings.Contains(a.Text(), request) {
			t.Errorf("%s takes it out", login)
		}
		w.As(login).Get("/trail/" + row).Must(http.StatusNotFound)
	}
	x := &room{Env: w.env()}
	err := w.DB("audit").View(t.Context(), x.self(), func(tx *pg.Tx) error {
		for _, a := range w.Structure.Authorities {
			found, err := eligible(t.Context(), tx, a.ID, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
			if err != nil {
				return err
			}
			for rule, ids := range found {
				for _, id := range ids {
					if fmt.Sprint(id) == row {
						t.Errorf("it can be drawn by %s of %s", rule, a.ID)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	// Who asks for it as for a citizen is told that the log does not know the reference.
	id := w.prepares(pg.Canary("audit", w.Now()), nil).ID
	if v := w.reads("dagny", id); !v.Unknown || len(v.Answer.LookUps) != 0 || len(v.Withheld) != 0 {
		t.Errorf("an answer about it: %+v", v)
	}
	for whom := range map[hub.ID]bool{known: true, covert: true} {
		if v := w.reads("dagny", w.prepares(whom, nil).ID); strings.Contains(fmt.Sprint(v), pg.CanaryKind) {
			t.Errorf("an answer has it: %+v", v)
		}
	}
}
