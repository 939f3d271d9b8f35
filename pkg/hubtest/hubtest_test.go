package hubtest_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
)

// toy rooms have the names of real ones, because the event table knows them,
// and do next to nothing.
type toy struct {
	told    event.Fact   // what person tells when it is asked to
	heard   atomic.Int32 // how often intake was given it
	refuse  atomic.Pointer[hub.Error]
	chores  atomic.Int32
	personE service.Env
}

func (y *toy) person() service.Service {
	return service.Service{Name: "person", Open: func(e service.Env) (service.Room, error) {
		y.personE = e
		return service.Room{
			On: map[string]service.Reaction{"intake.draft.discarded.v1": func(context.Context, *pg.Tx, event.Envelope, event.Fact) error { return nil }},
			Chores: []service.Chore{{Name: "count", Every: time.Hour, Do: func(context.Context) error {
				y.chores.Add(1)
				return nil
			}}},
		}, nil
	}}
}

func (y *toy) intake() service.Service {
	return service.Service{Name: "intake", Open: func(service.Env) (service.Room, error) {
		return service.Room{
			On: hubtest.Hears("intake", map[string]service.Reaction{"person.subject.identified.v1": func(context.Context, *pg.Tx, event.Envelope, event.Fact) error {
				y.heard.Add(1)
				if err := y.refuse.Load(); err != nil {
					return err
				}
				return nil
			}}),
		}, nil
	}}
}

// portal lets in whoever the structure knows.
func (y *toy) portal() service.Service {
	return service.Service{Name: "portal", Open: func(e service.Env) (service.Room, error) {
		e.Web.UseSessions(web.Sessions{Hats: func(_ context.Context, i web.Identity) ([]hub.Hat, error) {
			var hats []hub.Hat
			for _, p := range e.Structure.Posts() {
				if p.Subject == i.Subject && strings.HasSuffix(i.Issuer, "/"+string(p.Authority)) && p.Holds(e.Now()) {
					hats = append(hats, p.Hat)
				}
			}
			return hats, nil
		}})
		return service.Room{On: hubtest.Hears("portal", nil), Routes: []web.Route{
			web.API("whoAmI", http.MethodGet, "/api/me", "Say who asks.", func(r *web.Request, _ struct{}) (who, error) {
				return who{r.Who.Role, r.Who.Authority}, nil
			}),
		}}, nil
	}}
}

type who struct {
	Role      hub.Role        `json:"role"`
	Authority hub.AuthorityID `json:"authority"`
}

func (y *toy) run(t *testing.T) *hubtest.Hub {
	t.Helper()
	return hubtest.Run(t, y.portal(), y.person(), y.intake())
}

// tell has person tell a fact.
func (y *toy) tell(t *testing.T, h *hubtest.Hub, subject hub.ID) {
	t.Helper()
	err := h.DB("person").Command(t.Context(), hub.System(h.Now(), "request"), pg.Entry{}, func(tx *pg.Tx) error {
		return tx.Tell(t.Context(), event.SubjectIdentified{Subject: subject, AgeBand: "under_18"})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFactsSettle(t *testing.T) {
	y := new(toy)
	h := y.run(t)
	for range 20 {
		y.tell(t, h, hub.NewID())
	}
	h.Settle()
	if n := y.heard.Load(); n != 20 {
		t.Errorf("heard %d of 20", n)
	}
	if n := h.One("select count(*) from intake.inbox"); n != "20" {
		t.Errorf("%s facts are noted as done", n)
	}
}

// TestDeadLetter follows a poison fact: parked, the others flow, and it is
// applied when the cause is mended and an operator asks.
func TestDeadLetter(t *testing.T) {
	y := new(toy)
	h := y.run(t)
	y.refuse.Store(hub.Invalid("age_band", "error.poison"))
	y.tell(t, h, "poison")
	h.Settle()
	letters, err := h.DB("intake").DeadLetters(t.Context())
	if err != nil || len(letters) != 1 || letters[0].Type != "person.subject.identified.v1" {
		t.Fatalf("dead letters: %+v, %v", letters, err)
	}
	y.refuse.Store(nil)
	y.tell(t, h, "healthy")
	h.Settle()
	if err := h.DB("intake").Revive(t.Context(), letters[0].ID); err != nil {
		t.Fatal(err)
	}
	h.Advance(time.Minute)
	if letters, err = h.DB("intake").DeadLetters(t.Context()); err != nil || len(letters) != 0 {
		t.Errorf("still dead: %+v, %v", letters, err)
	}
	if n := h.One("select count(*) from intake.inbox"); n != "2" {
		t.Errorf("%s facts are noted as done", n)
	}
}

// TestUndoneComesAgain checks that a fact whose reaction fails is done later.
func TestUndoneComesAgain(t *testing.T) {
	y := new(toy)
	h := y.run(t)
	y.refuse.Store(hub.NotFound())
	y.tell(t, h, "early")
	for y.heard.Load() == 0 {
		select {
		case <-t.Context().Done():
			t.Fatal("never heard")
		case <-time.After(time.Millisecond):
		}
	}
	y.refuse.Store(nil)
	h.Settle()
	if n := h.One("select count(*) from intake.inbox"); n != "1" {
		t.Errorf("%s facts are noted as done", n)
	}
}

func TestChoresRunByTheClock(t *testing.T) {
	y := new(toy)
	h := y.run(t)
	h.Advance(0)
	h.Advance(59 * time.Minute)
	if n := y.chores.Load(); n != 1 {
		t.Errorf("ran %d times in the first hour", n)
	}
	h.Advance(time.Minute)
	if n := y.chores.Load(); n != 2 {
		t.Errorf("ran %d times after an hour", n)
	}
}

// TestRestart checks that a hub finds its data again, and that what it had not
// told before is told after.
func TestRestart(t *testing.T) {
	y := new(toy)
	h := y.run(t)
	y.tell(t, h, "before")
	h.Restart()
	h.Settle()
	if n := h.One("select count(*) from intake.inbox"); n != "1" {
		t.Errorf("%s facts are noted as done", n)
	}
}

func TestClient(t *testing.T) {
	y := new(toy)
	h := y.run(t)
	person := h.Structure.People[0]
	var me who
	c := h.As(person.Login)
	c.API("GET", "/api/me", nil).Must(http.StatusOK).JSON(&me)
	if me.Role != c.Post.Role || me.Authority != c.Post.Authority {
		t.Errorf("%s is %+v, wanted %s of %s", person.Login, me, c.Post.Role, c.Post.Authority)
	}
	h.Nobody().API("GET", "/api/me", nil).Must(http.StatusUnauthorized)
	c.Token = h.Issuer.Sign(map[string]any{"iss": h.Issuer.URL(c.Post.Authority), "sub": c.Post.Subject, "aud": "another", "exp": h.Now().Add(time.Hour).Unix()})
	c.API("GET", "/api/me", nil).Must(http.StatusUnauthorized)
}

func TestHealth(t *testing.T) {
	y := new(toy)
	h := y.run(t)
	ask := func() hubtest.Answer { return h.Nobody().API("GET", "/readyz", nil) }
	ask().Must(http.StatusOK)
	h.Nobody().API("GET", "/livez", nil).Must(http.StatusOK)

	h.SQL("alter table audit.trail rename to trial")
	if a := ask().Must(http.StatusServiceUnavailable); !strings.Contains(a.Text(), `"trail person"`) || strings.Contains(a.Text(), "database") {
		t.Errorf("without a trail it says %s", a.Text())
	}
	h.SQL("alter table audit.trial rename to trail")
	ask().Must(http.StatusOK)

	h.NATS.Stop()
	if a := ask().Must(http.StatusServiceUnavailable); !strings.Contains(a.Text(), `"stream intake"`) || strings.Contains(a.Text(), "trail") {
		t.Errorf("without a stream it says %s", a.Text())
	}
	h.Nobody().API("GET", "/livez", nil).Must(http.StatusOK)
}

// TestTellsNoErrors checks that /readyz says only names: an error's text may
// quote an address or a row.
func TestTellsNoErrors(t *testing.T) {
	y := new(toy)
	h := y.run(t)
	h.SQL("alter table audit.trail rename to trial")
	a := h.Nobody().API("GET", "/readyz", nil)
	for _, word := range []string{"relation", "does not exist", "42P01", "SQLSTATE"} {
		if strings.Contains(a.Text(), word) {
			t.Errorf("says %q: %s", word, a.Text())
		}
	}
}

// TestRoomsHearWhatTheyAreTold checks that a room whose reactions are not what
// the event table says does not open.
func TestRoomsHearWhatTheyAreTold(t *testing.T) {
	deaf := service.Service{Name: "intake", Open: func(service.Env) (service.Room, error) { return service.Room{}, nil }}
	err := hubtest.TryRun(t, deaf)
	if err == nil || !strings.Contains(err.Error(), "person.subject.identified.v1") {
		t.Errorf("a deaf room: %v", err)
	}
	odd := service.Service{Name: "audit", Open: func(service.Env) (service.Room, error) {
		return service.Room{On: map[string]service.Reaction{"intake.step.overdue.v1": nil}}, nil
	}}
	if err := hubtest.TryRun(t, odd); err == nil || !strings.Contains(err.Error(), "does not tell it") {
		t.Errorf("a room that hears voices: %v", err)
	}
	broken := errors.New("broken")
	bad := service.Service{Name: "audit", Open: func(service.Env) (service.Room, error) { return service.Room{}, broken }}
	if err := hubtest.TryRun(t, bad); !errors.Is(err, broken) {
		t.Errorf("a broken room: %v", err)
	}
}
