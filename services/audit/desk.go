package audit

import (
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// Pictures of what a search found. They are drawn here, with no script; what they show
// stands in words and figures beside them.

// chart is how many rows there are over time.
type chart struct {
	Bars    []bar
	Monthly bool // a bar is a month; else a day
	Most    int
	Last    time.Time // the day of the last bar
}

// bar is one of them, of a picture that is 100 high.
type bar struct {
	Day  time.Time // the first
	Rows int
	X    int
	Y, H float64
}

// daily is the longest time that is shown day by day.
const daily = 62

// width is how wide a picture is.
const width = 720

// Wide is how wide a bar is.
func (c chart) Wide() int { return max(width/max(len(c.Bars), 1)-1, 1) }

// First is the first day.
func (c chart) First() time.Time { return c.Bars[0].Day }

// Drawn reports whether there is something to draw: more than one bar.
func (c chart) Drawn() bool { return len(c.Bars) > 1 }

// charted draws days: those between that have no rows too.
func charted(days []Day) (c chart) {
	at := map[time.Time]int{}
	var all []time.Time
	for _, d := range days {
		if t, err := time.ParseInLocation(time.DateOnly, d.Day, hub.Copenhagen); err == nil {
			all = append(all, t)
			at[t] += d.Rows
		}
	}
	if len(all) == 0 {
		return c
	}
	first, last := all[0], all[len(all)-1]
	next := func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }
	if c.Monthly = last.Sub(first) > daily*24*time.Hour; c.Monthly {
		month := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, hub.Copenhagen) }
		months := map[time.Time]int{}
		for t, rows := range at {
			months[month(t)] += rows
		}
		at, first, last = months, month(first), month(last)
		next = func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }
	}
	for t := first; !t.After(last); t = next(t) {
		c.Bars = append(c.Bars, bar{Day: t, Rows: at[t]})
		c.Most = max(c.Most, at[t])
	}
	for i := range c.Bars {
		b := &c.Bars[i]
		b.X, b.H = i*(c.Wide()+1), 100*float64(b.Rows)/float64(c.Most)
		b.Y = 100 - b.H
	}
	c.Last = last
	return c
}

// groupLine is a group on the page, with how long its bar is, of 100.
type groupLine struct {
	Group
	Part int
}

// Whys are why it was done: purpose and legal basis.
func (g groupLine) Whys() [][2]string {
	var list [][2]string
	for _, w := range g.Why {
		purpose, basis, _ := strings.Cut(w, " ")
		list = append(list, [2]string{purpose, basis})
	}
	return list
}

// linesMax is how many groups stand on the page.
const linesMax = 12

// lines are the groups of the page.
func lines(all []Group) []groupLine {
	var list []groupLine
	for _, g := range all[:min(len(all), linesMax)] {
		list = append(list, groupLine{g, max(1, 100*g.Rows/all[0].Rows)})
	}
	return list
}
