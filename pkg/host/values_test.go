package host

import (
	"slices"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/structure"
)

// What may be named is what is in force on the day, but for what a case keeps
// from its beginning.
func TestValuesAreOfTheDay(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	s := &structure.Structure{
		LegalBases: []structure.LegalBasis{{Code: "OLD", Span: structure.Span{From: day(1), Until: day(2)}}, {Code: "NEW", Span: structure.Span{From: day(2), Until: structure.Forever}}},
		Instruments: []structure.Instrument{{Levels: []structure.Level{{Code: "then"}}, Span: structure.Span{From: day(1), Until: day(2)}},
			{Levels: []structure.Level{{Code: "then"}, {Code: "now"}}, Span: structure.Span{From: day(2), Until: structure.Forever}}},
	}
	for n, want := range map[int]string{1: "OLD", 2: "NEW"} {
		v := values(s, day(n))
		if !slices.Equal(v["legal_bases"], []string{want}) || !slices.Equal(v["levels"], []string{"then", "now"}) {
			t.Errorf("on day %d: %v", n, v)
		}
	}
}
