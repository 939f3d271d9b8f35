//go:build !race

package pg_test

import (
	"os"
	"testing"
)

// These race pairs of withdrawal and use, of each of five kinds, several uses beside each
// withdrawal: what was taken back is neither shown nor relied on afterwards (trust.md G4,
// A015). With the few of each kind that are raced under the race detector, and those over
// HTTP, a build races ten thousand pairs; a deep run twenty times as many.

func TestVolumeNothingIsShownAfterItWasTakenBack(t *testing.T) { shownAfter(t, raced(200)) }

func TestVolumeNothingIsDoneAfterItWasTakenBack(t *testing.T) { doneAfter(t, raced(130)) }

// raced is how many withdrawals of a kind are raced.
func raced(withdrawals int) int {
	if os.Getenv("INFOHUS_TEST_DEEP") != "" {
		return 20 * withdrawals
	}
	return withdrawals
}
