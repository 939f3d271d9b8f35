//go:build !race

package portal

import (
	"slices"
	"testing"

	"github.com/infohus/infohus/policies"
)

// The page stands in the navigation of those who may share anything: the law's data
// says who they are.
func TestWhoeverMayShareHasThePage(t *testing.T) {
	engine, err := policies.New()
	if err != nil {
		t.Fatal(err)
	}
	own := slices.Clone(askers)
	slices.Sort(own)
	if want := engine.Law().Sharers(); !slices.Equal(own, want) {
		t.Errorf("in the navigation of %v, and those who may share anything are %v", own, want)
	}
}

// Every field that the law knows has its place on the page: none stands first because
// nobody thought of it, and none has two places.
func TestEveryFieldHasItsPlace(t *testing.T) {
	engine, err := policies.New()
	if err != nil {
		t.Fatal(err)
	}
	law, all := engine.Law(), map[string]bool{}
	var placed []string
	for _, g := range onPage {
		placed = append(placed, g.Fields...)
	}
	for _, s := range law.States {
		for _, f := range law.Fields(s.Item) {
			if all[f] = true; !slices.Contains(placed, f) {
				t.Errorf("%s of a %s has no place", f, s.Item)
			}
		}
	}
	if places := slices.Compact(slices.Sorted(slices.Values(placed))); len(places) != len(placed) || len(places) != len(all) {
		t.Errorf("%d places, of %d fields, for %d", len(placed), len(places), len(all))
	}
}
