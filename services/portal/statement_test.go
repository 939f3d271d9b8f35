//go:build !race

package portal

import (
	"testing"
	"time"
)

// X12: the accessibility statement is gone through every year.
func TestTheAccessibilityStatementIsFresh(t *testing.T) {
	if time.Since(reviewed) > 365*24*time.Hour {
		t.Error("go through the pages and the statement, and then move the date in http.go")
	}
}
