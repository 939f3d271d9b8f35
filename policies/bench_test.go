package policies

import (
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// A decision that is new, past the memory, and one that is remembered: what a
// cold and a warm read pay.
func BenchmarkDecision(b *testing.B) {
	e := engine(b)
	seen := place(hub.PoliceCoordinator, hub.Police, shared(hub.Municipality, hub.Municipality), false, false, "police_check")
	denied := own
	denied.Recused = true
	for _, c := range []struct {
		name string
		q    Question
	}{
		{"own", own}, {"shared", seen}, {"denied", denied},
		{"disclose", Disclose{Role: hub.MunicipalCoordinator, From: hub.Municipality, To: hub.Police, Item: "concern", State: "received", Basis: "RPL115-2", Purpose: hub.Prevention}},
	} {
		b.Run("new/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.now.Load().eval(b.Context(), c.q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	who := wearing(own)
	b.Run("remembered", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if g, err := e.Ask(b.Context(), who, own); err != nil || !g.Allows("name") {
				b.Fatal(err)
			}
		}
	})
}
