//go:build !race

package pg_test

import "testing"

// These race ten thousand pairs of withdrawal and use, a thousand of each kind (each of 500
// withdrawals by two commands): what was taken back is neither shown nor relied on
// afterwards (trust.md G4, A015). A few of each kind are raced under the race detector.

func TestVolumeNothingIsShownAfterItWasTakenBack(t *testing.T) { shownAfter(t, 1000) }

func TestVolumeNothingIsDoneAfterItWasTakenBack(t *testing.T) { doneAfter(t, 500) }
