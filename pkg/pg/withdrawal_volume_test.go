//go:build !race

package pg_test

import (
	"os"
	"testing"
)

// These race pairs of withdrawal and use, of each of five kinds (where something is done,
// each withdrawal by two commands): what was taken back is neither shown nor relied on
// afterwards (trust.md G4, A015). A deep run races twenty times as many as a build. A few
// of each kind are raced under the race detector.

func TestVolumeNothingIsShownAfterItWasTakenBack(t *testing.T) { shownAfter(t, raced(250)) }

func TestVolumeNothingIsDoneAfterItWasTakenBack(t *testing.T) { doneAfter(t, raced(125)) }

// raced is how many pairs of a kind are raced.
func raced(pairs int) int {
	if os.Getenv("INFOHUS_TEST_DEEP") != "" {
		return 20 * pairs
	}
	return pairs
}
