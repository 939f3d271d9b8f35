package structure

import (
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// L20: what is unset is drawn every week; each rule holds from its day until its day, an
// authority's own before that for all.
func TestSampling(t *testing.T) {
	with := func(samples string) string {
		return strings.Replace(small(t), "\npeople:\n", "\nsamples: "+samples+"\npeople:\n", 1)
	}
	day := func(text string) time.Time {
		at, err := time.ParseInLocation(time.DateOnly, text, hub.Copenhagen)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	drawn := func(s *Structure, a hub.AuthorityID, on string) [2]int {
		x := s.Sampling(a, day(on))
		return [2]int{x.Weeks, x.Size}
	}
	if got := drawn(read(t, small(t)), "nordby", "2026-03-02"); got != [2]int{1, 5} {
		t.Errorf("what is unset is %v", got)
	}
	s := read(t, with(`[{size: 20, weeks: 2, from: 2026-03-01, until: 2026-06-01}, {size: 0, authority: nordby, from: 2026-04-01, until: 2026-05-01}, {size: 8, from: 2026-06-01}]`))
	for on, want := range map[string][2][2]int{
		"2026-02-28": {{1, 5}, {1, 5}}, "2026-03-01": {{2, 20}, {2, 20}}, "2026-03-31": {{2, 20}, {2, 20}}, "2026-04-01": {{1, 0}, {2, 20}},
		"2026-05-01": {{2, 20}, {2, 20}}, "2026-05-31": {{2, 20}, {2, 20}}, "2026-06-01": {{1, 8}, {1, 8}},
	} {
		if got := [2][2]int{drawn(s, "nordby", on), drawn(s, "nord-politi", on)}; got != want {
			t.Errorf("on %s %v, want %v", on, got, want)
		}
	}
	for list, want := range map[string]string{
		`{size: 201, from: 2026-01-01}`:                            "size \"201\" is to be a whole number from 0 to 200",
		`{size: some, from: 2026-01-01}`:                           "whole number",
		`{size: 5, weeks: 27, from: 2026-01-01}`:                   "weeks \"27\" is to be a whole number from 1 to 26",
		`{size: 5}`:                                                "a sample lacks from",
		`{weeks: 1, from: 2026-01-01}`:                             "a sample lacks size",
		`{size: 5, from: 2026-01-01, authority: sydby}`:            `the sample's authority "sydby" is not under authorities`,
		`{size: 5, from: 2026-01-01}, {size: 0, from: 2027-01-01}`: "two samples hold at the same time, the other on line",
		`{size: 5, from: 2026-02-01, until: 2026-01-01}`:           "until is the first day on which it no longer holds",
		`{size: 5, from: 2026-01-01, off: true}`:                   `a sample has no field "off"`,
	} {
		_, err := load(with("[" + list + "]"))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "x.yaml:") {
			t.Errorf("%s: %v, want %q", list, err, want)
		}
	}
}
