package hub

import (
	"strings"
	"testing"
)

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
		// As somebody writes, dictates or pastes it.
		"710315/1234": true, "710315_1234": true, "710315:1234": true, "710315, 1234": true, "(710315)1234": true, "710315+1234": true, "710315.1234": true,
		"7 1 0 3 1 5 1 2 3 4": true, "0 1 0 3 1 5 - 1 2 3 4": true, "71/03-15 1234": true, "01/03-15 4321": true, "71.03.2015-1234": true, "71 03 1915 1234": true, "71032015-1234": true,
		"01.03.2015-1234": true, "01032015/4321": true, "010315\n1234": true, "010315\u22121234": true, "010315-\u00ad1234": true, "0103\u200b15-1234": true, "０１０３１５-１２３４": true,
		"٠١٠٣١٥-١٢٣٤": true, "𝟘𝟙𝟘𝟛𝟙𝟝-𝟙𝟚𝟛𝟜": true, "sag nr. 150 326 1234": false, "15. marts 2026 kl. 12.34": false, "010315\u00a0-\u00a01234": true, "71 03 15 12 34": true,
		"01.03.2015 - 12.04": false, "01.03.2026, 1400 kr.": false, "01.03.2026: 1400": false, "01.03.2026 1400": false, "010320151234": false, "710320151234": false,
		"+45 21 03 15 12 34": false, "21 03 15 12 34 56": false, "1 2 3 4 5 6 7 8 9": false, "9 9 0 3 1 5 1 2 3 4": false, "01.03.26, 5000 kr.": false,
		"2026-11-23": false, "23.11.2026 kl. 14.30": false, "sag 2026-442-1": false,
	} {
		if got := NewPersonal(text).Numbered(); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	for _, silent := range []string{"\u3164", "\u115f", "\u2800", "\u200b", " . "} { // what nobody sees
		if key := NewPersonal(strings.Repeat(silent, 40)).Fault(20, 200); key != "error.missing" {
			t.Errorf("forty of %q are %q", silent, key)
		}
	}
	if (Personal{}).Numbered() {
		t.Error("no text has one")
	}
}
