package policies

import (
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

func engine(t testing.TB) *Engine {
	t.Helper()
	e, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func ask(t testing.TB, e *Engine, q Question) Answer {
	t.Helper()
	a, err := e.Advise(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// wearing is somebody with the hat that a question speaks of.
func wearing(q Question) hub.Actor {
	role, kind := q.hat()
	return hub.Actor{Hat: hub.Hat{ID: "hat", Person: "person", Role: role, Kind: kind}}
}

// own is a coordinator's ordinary view of the own authority's concern.
var own = View{Role: hub.MunicipalCoordinator, Kind: hub.Municipality, Relation: "own", ReceivedBy: hub.Municipality, State: "triage", Purpose: hub.Prevention}

// code is the embedded rules with some of them replaced.
func code(t testing.TB, replace map[string]string) map[string]string {
	t.Helper()
	c, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(c, replace)
	return c
}

func TestAskedByManyAtOnceWhileRevised(t *testing.T) {
	e := engine(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, state := range strings.Fields("draft received rerouted police_check acute police_only triage unfounded other_track case") {
				q := own
				q.State = state
				g, err := e.At(time.Now()).Ask(t.Context(), wearing(q), q)
				if (err == nil) != g.Valid() || (err == nil) != (state != "draft") {
					t.Errorf("in %s: %v", state, err)
				}
			}
		})
	}
	wg.Go(func() {
		if err := e.Revise(append([]byte(" "), document...)); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
}
