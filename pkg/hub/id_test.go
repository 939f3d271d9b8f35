package hub_test

import (
	"slices"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// TestAnIDTellsNothing: neither when it was drawn nor how many were before (A022):
// no order, no counter, no place that is always the same.
func TestAnIDTellsNothing(t *testing.T) {
	const many = 4096
	var ids []hub.ID
	seen := map[hub.ID]bool{}
	places := make([]map[byte]int, 26)
	for range many {
		id := hub.NewID()
		ids, seen[id] = append(ids, id), true
		for i := range places {
			if places[i] == nil {
				places[i] = map[byte]int{}
			}
			places[i][id[i]]++
		}
	}
	if len(seen) != many || len(ids[0]) != 26 {
		t.Errorf("%d different IDs of %d, of %d characters", len(seen), many, len(ids[0]))
	}
	for i, counts := range places[:25] { // the last character holds three bits only
		if len(counts) != 32 {
			t.Errorf("place %d has %d different characters", i, len(counts))
		}
		for c, n := range counts {
			if n > 2*many/32 {
				t.Errorf("place %d is %c in %d of %d", i, c, n, many)
			}
		}
	}
	later := 0
	for i := range ids[1:] {
		if ids[i+1] > ids[i] {
			later++
		}
	}
	if later < many*2/5 || later > many*3/5 || slices.IsSorted(ids) {
		t.Errorf("%d of %d come after the one before", later, many)
	}
}
