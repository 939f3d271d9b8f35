package hub

import "testing"

// L29, P15 in part: what reads as a personal number is found in a text, and other figures are not.
func TestATextHasAPersonalNumberInIt(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "Ingen tal.": false,
		"710109-4321": true, "Det er 7101094321.": true, "(610190 1234)": true, "610190‑1234": true, "610190 - 1234": true, "a610190-1234b": true,
		"nr. 1: 610190-1234, nr. 2: 620190-1234": true, "99999999999 og 610190-1234": true, "890224-1234": true, // 29 February
		"610190": false, "12 34 56 78": false, "61019-01234": false, "6101901234567": false, "1610190-1234": false, "610190-123": false, "610190-12345": false,
		"320190-1234": false, "600190-1234": false, "000190-1234": false, "611390-1234": false, "610090-1234": false, "910290-1234": false, "900290-1234": false,
		"Bo, 010190-1234, og hans mor": true, "01.01.09-4321": true, "01 01 09 43 21": true, "cpr:710109-4321": true, "12 010109-4321": true,
		"Mødes 16.11.2026 09.00": false, "16-11-2026 14:30": false, "23.11.26 14 30": false, "15/11/26 2000 kr.": false, "23.11.26 1430": false, "Ring på +45 12 34 56 78": false, "4512345678": false, "retsplejeloven § 115, stk. 1, nr. 2": false,
		"2026-11-23": false, "23.11.2026 kl. 14.30": false, "sag 2026-442-1": false,
	} {
		if got := NewPersonal(text).Numbered(); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if (Personal{}).Numbered() {
		t.Error("no text has one")
	}
}
