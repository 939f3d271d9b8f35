//go:build !race

package pg_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// TestListsFindWhatReadsFind holds the lists' ways to a person's things, which look
// closely only at what was given, to the single read's, which looks at each: the
// same things with the same attributes, gathered or, beyond a bound, known to be
// more. Every bound near their number is tried, of a state and of all. A hat that is
// not in force, and the hub itself, are among those who ask. A021:
// there is a number of what single reads would show, and of no more.
func TestListsFindWhatReadsFind(t *testing.T) {
	w := newWorld(t)
	db := w.room("intake")
	found, beyond := 0, 0
	for seed := range uint64(12) {
		someThings(w, rand.New(rand.NewPCG(seed, 4)))
		if seed == 11 { // here nobody was given anything, and nobody is known to have written anything
			w.sql(`truncate access.assignment, access.share, access.recusal, access.glass, access.person_mark cascade`, `update access.item set author = ''`)
		}
		w.sql(fmt.Sprintf(`create or replace function access.rare(text, text[]) returns boolean language sql stable as 'select %t'`, seed%2 == 0)) // both ways to a state
		for _, day := range []int{0, 40} {                                                                                                         // after 40 days one of the bases has run out
			w.clock.Store(int64(day) * 24 * 3600 * 1e9)
			for _, who := range append(actors(), hub.System(w.now(), "request")) {
				check(t, db.View(ctx, who, func(tx *pg.Tx) error {
					at := fmt.Sprintf("seed %d, day %d, %s of %s", seed, day, who.Role, who.Authority)
					for _, kind := range []string{"case", "concern"} {
						want := singly(t, tx, kind)
						for _, state := range []string{"", map[string]string{"case": "collecting", "concern": "triage"}[kind]} {
							n := few(t, tx, at, kind, state, maps.Clone(want))
							found, beyond = found+n, beyond+min(n, 1)
						}
					}
					return nil
				}))
			}
		}
	}
	if found < 12*2*5*2*3 || beyond < 12*2*5 {
		t.Errorf("only %d things in all, in %d lists: the worlds are too poor", found, beyond)
	}
}
