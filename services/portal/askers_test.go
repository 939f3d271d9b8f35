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
