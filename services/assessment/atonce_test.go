package assessment

import (
	"sync"
	"testing"

	"github.com/infohus/infohus/pkg/hubtest"
)

// Of many who save, or sign, at the same time, each wins or is told so. A050 in
// part: of eight.
func TestAllAtOnce(t *testing.T) {
	w := run(t)
	w.met()
	together := func(do func(c *hubtest.Client) int) map[int]int {
		var wg sync.WaitGroup
		var mu sync.Mutex
		got := map[int]int{}
		for range 4 {
			for _, login := range []string{"gudrun", "thorkild"} {
				c := w.As(login)
				wg.Go(func() {
					status := do(c)
					mu.Lock()
					defer mu.Unlock()
					got[status]++
				})
			}
		}
		wg.Wait()
		return got
	}
	if got := together(func(c *hubtest.Client) int {
		return c.API("PUT", w.at("/assessment"), w.whole(0, func(j *Joint) { j.Scenarios = c.Login })).Status
	}); got[200] != 1 || got[409] != 7 {
		t.Errorf("eight drafts at once: %v", got)
	}
	w.does("gudrun", "POST", "/inform", informed)
	content := w.sees("gudrun").Content
	if got := together(func(c *hubtest.Client) int { return c.API("POST", w.at("/sign"), Signing{Content: content}).Status }); got[200] != 2 || got[409] != 6 {
		t.Errorf("eight signatures at once: %v", got)
	}
	if n := w.One("select count(*) from assessment.signature where voided_at is null"); n != "2" || w.state() != "recommended" {
		t.Errorf("%s signatures stand, and it is in %s", n, w.state())
	}
}
