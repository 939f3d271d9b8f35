package web

import (
	"bytes"
	"encoding/csv"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestNoFormulaLeaves is A098: whatever stands in a field, a spreadsheet takes it
// for text; and taking one apostrophe away gives it back.
func TestNoFormulaLeaves(t *testing.T) {
	fields := []string{"=cmd|' /C calc'!A0", "+45 12 34 56 78", "-2", "@SUM(A1)", "\tx", "\rx", "\nx", "\x00x", "＝1+1", "＋1", "－1", "＠x", "'quoted", "''", "",
		"æøå; \"citat\"\nny linje", "Trives bedst i de små hold.", "670308-••••"}
	w := httptest.NewRecorder()
	if err := new(Site).CSV(w, &Request{Now: time.Date(2026, 11, 16, 23, 30, 0, 0, time.UTC)}, "infohus", [][]string{fields}); err != nil {
		t.Fatal(err)
	}
	if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="infohus-2026-11-17.csv"` {
		t.Error(got)
	}
	body, marked := bytes.CutPrefix(w.Body.Bytes(), []byte("\xef\xbb\xbf"))
	if !marked || !bytes.HasSuffix(body, []byte("\"\r\n")) {
		t.Errorf("%q", w.Body)
	}
	r := csv.NewReader(bytes.NewReader(body))
	r.Comma = ';'
	row, err := r.Read()
	if err != nil || len(row) != len(fields) {
		t.Fatal(row, err)
	}
	for i, got := range row {
		if got != "" && strings.ContainsRune("=+-@\t\r\n\x00＝＋－＠", []rune(got)[0]) {
			t.Errorf("%q goes out as %q", fields[i], got)
		}
		if back := strings.TrimPrefix(got, "'"); back != fields[i] {
			t.Errorf("%q comes back as %q", fields[i], back)
		}
	}
}
