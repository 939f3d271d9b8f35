package service_test

import (
	"testing"

	"github.com/infohus/infohus/pkg/service"
)

func TestOutgrown(t *testing.T) {
	for _, c := range []struct {
		untilAge int
		band     string
		want     bool
	}{
		{18, "under_18", false}, {18, "18_25", true}, {18, "over_25", true}, {25, "18_25", false}, {26, "over_25", true},
		{18, "unknown", false}, {18, "", false}, {0, "over_25", false},
	} {
		if got := service.Outgrown(c.untilAge, c.band); got != c.want {
			t.Errorf("what is for those under %d is outgrown by %q: %v", c.untilAge, c.band, got)
		}
	}
}
