package tree

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// says makes a row one that says that some leaves were forgotten.
func says(r Row, change map[string]any, leaves ...string) Row {
	r.Values = slices.Clone(r.Values)
	for name, v := range map[string]any{"act": ForgetAct, "outcome": "allow", "object_kind": ForgetKind, "fields": leaves} {
		r.Values[columnOf(name)] = v
	}
	for name, v := range change {
		r.Values[columnOf(name)] = v
	}
	return r
}

// forgetful is a bundle of some leaves of a log, of which some are said to be forgotten by others.
func (b *book) forgetful(t testing.TB, by map[int64]int64, leaves ...int64) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewBundle(&out, b.checkpoint(t), key(t, b.origin, b.key), []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range leaves {
		proof, err := tlog.ProveRecord(int64(len(b.rows)), at, b)
		if err == nil {
			if n, gone := by[at]; gone {
				err = w.Forgotten(at, b.entry(t, at), n, proof)
			} else {
				err = w.Row(at, b.rows[at], proof)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Seal(b.sign); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestARowIsForgotten is P3 in part (the format; nothing forgets yet): a bundle holds with rows that were forgotten,
// whose entries it has, where rows in it say so, and with no other.
func TestARowIsForgotten(t *testing.T) {
	b := bookOf(t, 40)
	b.add(t, says(rowOf(40), nil, "3-5", "7", "20-21"))
	b.add(t, says(rowOf(41), map[string]any{"outcome": "deny"}, "10"))
	b.add(t, says(rowOf(42), map[string]any{"act": "change"}, "10"))
	b.add(t, says(rowOf(43), map[string]any{"object_kind": "case"}, "10"))
	b.add(t, says(rowOf(44), nil, "10", "9"))
	b.add(t, rowOf(45))
	gone := map[int64]int64{3: 40, 4: 40, 5: 40, 7: 40, 20: 40, 21: 40}
	whole := b.forgetful(t, gone, upTo(46)...)
	h, err := held(t, whole, Trust{})
	if err != nil || h.Rows != 46 || h.Forgotten != 6 || h.Withheld != 0 {
		t.Fatalf("%+v, %v", h, err)
	}
	if bytes.Contains(whole, []byte(`"id":1004`)) || !bytes.Contains(whole, []byte(`"id":1006`)) {
		t.Error("what is forgotten stands in it, or what is not does not")
	}
	// What was kept before is not missed.
	older := b.bundle(t, b.checkpoint(t), upTo(46)...)
	if h, err := held(t, whole, Trust{Kept: bytes.NewReader(older)}); err != nil || h.Forgotten != 6 {
		t.Errorf("held against what was kept: %+v, %v", h, err)
	}
	deleted := b.forgetful(t, gone, slices.DeleteFunc(upTo(46), func(i int64) bool { return i == 12 })...)
	breaks(t, "a row that was taken out and not forgotten", deleted, Trust{Kept: bytes.NewReader(older)}, 12, "it stands in the bundle that was kept, and not in this one")

	for by, why := range map[int64]string{40: "does not", 41: "does not", 42: "does not", 43: "does not", 44: "does not", 45: "does not"} {
		breaks(t, "said by a row that does not say it", b.forgetful(t, map[int64]int64{10: by}, upTo(46)...), Trust{}, 10, why)
	}
	breaks(t, "said by a row that is not there", b.forgetful(t, gone, slices.DeleteFunc(upTo(46), func(i int64) bool { return i == 40 })...), Trust{}, 3, "leaf 40, which is to say so, does not stand here whole")
	breaks(t, "said by a row that is forgotten itself", b.forgetful(t, map[int64]int64{3: 40, 40: 44}, upTo(46)...), Trust{}, 40, "does not")
	var out bytes.Buffer
	w, err := NewBundle(&out, b.checkpoint(t), key(t, b.origin, b.key), []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, by := range []int64{0, 44, 45, 46} {
		if w.Forgotten(45, b.entry(t, 45), by, nil) == nil {
			t.Errorf("leaf %d says of leaf 45 that it was forgotten", by)
		}
	}
	// A mark that is put into the file afterwards, on a row that was withheld, or with another leaf.
	withheld := b.bundle(t, b.checkpoint(t), append([]int64{-4}, 40)...)
	marked := bytes.Replace(withheld, []byte(`"}`+"\n"+`{"index":40`), []byte(`","forgotten":40}`+"\n"+`{"index":40`), 1)
	if bytes.Equal(marked, withheld) {
		t.Fatal("the test's own bundle is another")
	}
	if _, err := held(t, marked, Trust{}); err == nil {
		t.Error("a mark that was put in afterwards holds")
	}
	backwards := bytes.Replace(whole, []byte(`"forgotten":40`), []byte(`"forgotten":1`), 1)
	breaks(t, "said by a leaf before it", backwards, Trust{}, 3, "a leaf that does not come after it")
}

func breaks(t *testing.T, what string, bundle []byte, trust Trust, at int64, why string) {
	t.Helper()
	_, err := held(t, bundle, trust)
	var broken *Broken
	if !errors.As(err, &broken) || broken.Index != at || !strings.Contains(broken.Why, why) {
		t.Errorf("%s: %v, want leaf %d: %s", what, err, at, why)
	}
}

// Leaves are written in one way, in their order, each once.
func TestLeavesAreWrittenInOneWay(t *testing.T) {
	for _, good := range [][]string{{"0"}, {"0-1", "2"}, {"5", "7-9", "4000000000"}} {
		if got := parseLeaves(good); len(got) != len(good) || !Have(got, got[0].First) || Have(got, got[len(got)-1].Last+1) || Have(got, 6) {
			t.Errorf("%v: %v", good, got)
		}
	}
	for _, bad := range [][]string{{""}, {"x"}, {"-1"}, {"01"}, {"1-1"}, {"2-1"}, {"1", "1"}, {"3", "2"}, {"1-3", "3"}, {"1 "}, {"+1"}, {"1-2-3"}, {"9223372036854775808"}} {
		if got := parseLeaves(bad); got != nil {
			t.Errorf("%v: %v", bad, got)
		}
	}
}
