package policies

import (
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// A decision that is new, past the memory, and one that is remembered: what a
// cold and a warm read pay.
func BenchmarkDecision(b *testing.B) {
	e := engine(b)
	shared := place(hub.PoliceCoordinator, hub.Police, "shared", false, false, hub.Municipality, "police_check")
	denied := own
	denied.Recused = true
	for _, c := range []struct {
		name string
		q    Question
	}{
		{"own", own}, {"shared", shared}, {"denied", denied},
		{"disclose", Disclose{hub.MunicipalCoordinator, hub.Municipality, hub.Police, "RPL115-2", hub.Prevention, "received"}},
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
