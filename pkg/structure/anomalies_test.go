package structure

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// P10: what is unset is as usual; each rule holds from its day until its day, an authority's own
// before that for all.
func TestAnomalous(t *testing.T) {
	with := func(list string) string {
		return strings.Replace(small(t), "\npeople:\n", "\nanomalies: "+list+"\npeople:\n", 1)
	}
	of := func(s *Structure, a hub.AuthorityID, on string) Anomalies {
		at, err := time.ParseInLocation(time.DateOnly, on, hub.Copenhagen)
		if err != nil {
			t.Fatal(err)
		}
		return s.Anomalous(a, at)
	}
	if got := of(read(t, small(t)), "nordby", "2026-03-02"); got.Most != 15 || got.GlassTimes != UsualAnomalies().GlassTimes {
		t.Errorf("what is unset is %+v", got)
	}
	s := read(t, with(`[{sweep_people: 30, from: 2026-03-01}, {most: 0, authority: nordby, from: 2026-04-01, until: 2026-05-01}]`))
	for on, want := range map[string][2][2]int{"2026-02-28": {{15, UsualAnomalies().SweepPeople}, {15, UsualAnomalies().SweepPeople}}, "2026-03-01": {{15, 30}, {15, 30}}, "2026-04-30": {{0, UsualAnomalies().SweepPeople}, {15, 30}}, "2026-05-01": {{15, 30}, {15, 30}}} {
		for i, a := range []hub.AuthorityID{"nordby", "nord-politi"} {
			if got := of(s, a, on); got.Most != want[i][0] || got.SweepPeople != want[i][1] {
				t.Errorf("on %s %s has %+v, want %v", on, a, got, want[i])
			}
		}
	}
	for list, want := range map[string]string{
		`{most: 51, from: 2026-01-01}`:           `most "51" is to be a whole number from 0 to 50`,
		`{sweep_people: 1, from: 2026-01-01}`:    `sweep_people "1" is to be a whole number from 2 to 1000`,
		`{most: 15}`:                             "an anomalies rule lacks from",
		`{from: 2026-01-01, authority: sydby}`:   `the anomalies' authority "sydby" is not under authorities`,
		`{from: 2026-01-01}, {from: 2027-01-01}`: "two anomalies hold at the same time, the other on line",
		`{from: 2026-01-01, score: 3}`:           `an anomalies rule has no field "score"`,
	} {
		if _, err := load(with("[" + list + "]")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", list, err, want)
		}
	}
}

// Less can come on a list where one limit of its rules is beyond, or short of, what it was; by the others
// more can, which makes up for nothing.
func TestNarrowerAnomalies(t *testing.T) {
	usual := UsualAnomalies()
	if usual.Narrower(usual) {
		t.Error("the same is narrower")
	}
	shape := reflect.TypeOf(usual)
	for i := range shape.NumField() {
		f := shape.Field(i)
		if f.Type.Kind() != reflect.Int || f.Name == "Weeks" {
			continue
		}
		up, down := usual, usual
		reflect.ValueOf(&up).Elem().Field(i).SetInt(reflect.ValueOf(usual).Field(i).Int() + 1)
		reflect.ValueOf(&down).Elem().Field(i).SetInt(reflect.ValueOf(usual).Field(i).Int() - 1)
		within := slices.Contains([]string{"Most", "NewsDays", "SweepMinutes", "GlassWeeks", "DripOf"}, f.Name) // the more, the more is found
		if up.Narrower(usual) == within || down.Narrower(usual) != within {
			t.Errorf("%s: one more is narrower: %v, one less: %v", f.Name, up.Narrower(usual), down.Narrower(usual))
		}
	}
}
