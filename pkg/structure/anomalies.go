package structure

import (
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/infohus/infohus/pkg/hub"
)

// Anomalies says from when on something in the log is put on an authority's weekly list (P10):
// it is of what those do who work there, and of nothing else. What is unset is as usual: see
// [Structure.Anomalous].
type Anomalies struct {
	Authority hub.AuthorityID `json:"-"` // "" is for all that have no rule of their own then

	Most            int `json:"most"`             // lines of a week; what is more is counted
	Weeks           int `json:"weeks"`            // how far back somebody's own work is looked for
	NeighbourDays   int `json:"neighbour_days"`   // days on which a neighbour was looked up
	ColleagueDays   int `json:"colleague_days"`   // or a colleague
	NewsPeople      int `json:"news_people"`      // so many look up one person
	NewsDays        int `json:"news_days"`        // within so many days
	SweepPeople     int `json:"sweep_people"`     // somebody looks up so many
	SweepMinutes    int `json:"sweep_minutes"`    // within so many minutes
	GlassTimes      int `json:"glass_times"`      // somebody breaks so many
	GlassWeeks      int `json:"glass_weeks"`      // within so many weeks
	DripWeeks       int `json:"drip_weeks"`       // somebody comes back to one person in so many weeks
	DripOf          int `json:"drip_of"`          // of so many
	UnrelatedPeople int `json:"unrelated_people"` // somebody looks up so many in a week, whom they have nothing to do with,
	UnrelatedTimes  int `json:"unrelated_times"`  // and so many per cent of the most in a week before

	Span  `json:"-"`
	lines `json:"-"`
}

// UsualAnomalies is what holds where the file says nothing. docs/decisions/0026 says how these
// were found, and what they find.
func UsualAnomalies() Anomalies {
	return Anomalies{Most: 15, Weeks: 26, NeighbourDays: 1, ColleagueDays: 2, NewsPeople: 6, NewsDays: 3, SweepPeople: 20, SweepMinutes: 60,
		GlassTimes: 3, GlassWeeks: 8, DripWeeks: 5, DripOf: 12, UnrelatedPeople: 15, UnrelatedTimes: 100}
}

// Anomalous is what is put on an authority's list of a week that begins at the instant.
func (s *Structure) Anomalous(a hub.AuthorityID, at time.Time) Anomalies {
	found := UsualAnomalies()
	for _, x := range s.Anomalies {
		switch {
		case !x.Holds(at):
		case x.Authority == a && a != "":
			return x
		case x.Authority == "":
			found = x
		}
	}
	return found
}

// Narrower reports whether less can come on a list by some limit of these than by those that were
// before. How far back somebody's own work is looked for makes it neither more nor less.
func (x Anomalies) Narrower(before Anomalies) bool {
	more := [][2]int{{x.Most, before.Most}, {x.NewsDays, before.NewsDays}, {x.SweepMinutes, before.SweepMinutes}, {x.GlassWeeks, before.GlassWeeks}, {x.DripOf, before.DripOf},
		{before.NeighbourDays, x.NeighbourDays}, {before.ColleagueDays, x.ColleagueDays}, {before.NewsPeople, x.NewsPeople}, {before.SweepPeople, x.SweepPeople},
		{before.GlassTimes, x.GlassTimes}, {before.DripWeeks, x.DripWeeks}, {before.UnrelatedPeople, x.UnrelatedPeople}, {before.UnrelatedTimes, x.UnrelatedTimes}}
	return slices.ContainsFunc(more, func(limit [2]int) bool { return limit[0] < limit[1] })
}

func (r *reader) anomalies(n *yaml.Node, x *Anomalies) {
	*x = UsualAnomalies()
	all := append(r.span(&x.Span, false), may("authority", code(r, "the anomalies' authority", &x.Authority)))
	for _, f := range []struct {
		name        string
		least, most int
		to          *int
	}{
		{"most", 0, 50, &x.Most}, {"weeks", 4, 104, &x.Weeks}, {"neighbour_days", 1, 7, &x.NeighbourDays}, {"colleague_days", 1, 7, &x.ColleagueDays},
		{"news_people", 2, 1000, &x.NewsPeople}, {"news_days", 1, 7, &x.NewsDays}, {"sweep_people", 2, 1000, &x.SweepPeople}, {"sweep_minutes", 1, 1440, &x.SweepMinutes},
		{"glass_times", 1, 1000, &x.GlassTimes}, {"glass_weeks", 1, 26, &x.GlassWeeks}, {"drip_weeks", 2, 26, &x.DripWeeks}, {"drip_of", 2, 52, &x.DripOf},
		{"unrelated_people", 1, 1000, &x.UnrelatedPeople}, {"unrelated_times", 100, 1000, &x.UnrelatedTimes},
	} {
		all = append(all, may(f.name, r.number(f.name, f.least, f.most, f.to)))
	}
	x.lines = r.mapping(n, "an anomalies rule", all...)
}

// anomalies holds the rules against each other: at any time one says what is put on the list.
func (c *checker) anomalies() {
	for i, x := range c.s.Anomalies {
		if x.Authority != "" {
			c.known(x.of("authority"), "the anomalies' authority", x.Authority)
		}
		for _, o := range c.s.Anomalies[:i] {
			if o.Authority == x.Authority && o.overlaps(x.Span) {
				c.at(x.of("from"), "two anomalies hold at the same time, the other on line %d; end that one with until", o.of("from"))
			}
		}
	}
}
