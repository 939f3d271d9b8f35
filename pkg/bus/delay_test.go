package bus

import (
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

func TestDelay(t *testing.T) {
	for _, code := range []hub.Code{hub.CodeNotFound, hub.CodeUnavailable, hub.CodeInternal} {
		before := time.Duration(0)
		for n := range uint64(100) {
			d := delay(code, n+1, "one")
			if d < 75*time.Millisecond || d > 375*time.Second {
				t.Errorf("%s: %v after delivery %d", code, d, n+1)
			}
			if n < 6 && d <= before {
				t.Errorf("%s: %v after delivery %d, not more than before", code, d, n+1)
			}
			before = d
		}
	}
	if delay(hub.CodeInternal, 3, "one") == delay(hub.CodeInternal, 3, "two") {
		t.Error("facts that failed together come again together")
	}
	if delay(hub.CodeInternal, 0, "one") < 150*time.Millisecond {
		t.Error("no delay before the first")
	}
}
