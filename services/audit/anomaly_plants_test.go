//go:build !race

package audit

import (
	"fmt"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// What was planted in the log of [region]: so many of each kind, each at a time and by
// somebody of its own. Who looks at whom they are near to can do so because their work lets
// them, or tries and is refused.

// plantedFrom is the first week in which something is planted: before it nobody's work has
// a past.
const plantedFrom = 8

// plants puts so many cases of each kind into the weeks to come.
func (g *region) plants(each int) {
	for _, kind := range Kinds {
		for range each {
			long := min(12, max(1, (g.weeks-plantedFrom)/2))
			week := g.between(plantedFrom, g.weeks-long)
			g.later[week] = append(g.later[week], func() { g.plant(kind, week) })
		}
	}
}

// somebody is who might: more often one whose work shows them much.
func (g *region) somebody() *hand {
	x := one(g, g.towns)
	if g.chance(0.7) {
		return one(g, x.coordinators)
	}
	return one(g, x.staff)
}

// in does something in a week to come, or in this one.
func (g *region) in(week int, do func()) { g.later[week] = append(g.later[week], do) }

// plant does one of a kind, from this week on.
func (g *region) plant(kind string, week int) {
	h := g.somebody()
	mine := func(h *hand) []*job { // what is not theirs
		return slices.DeleteFunc(append(slices.Clone(h.of.open), h.of.closed...), func(j *job) bool {
			return j.handler == h || slices.Contains(j.team, h) || g.met[pair{h.person, j.pseudonym}] || g.away[pair{h.person, j.pseudonym}]
		})
	}
	all := mine(h)
	for tries := 0; len(all) < 2 && tries < 50; tries++ {
		h = g.somebody()
		all = mine(h)
	}
	j := one(g, all)
	p := &plant{kind: kind, hand: h, subject: j.pseudonym, of: h.of.id, from: g.now, until: g.now}
	g.planted = append(g.planted, p)
	looks := func(h *hand, j *job, at time.Time) {
		g.opens(h, j, at, false)
		if at.After(p.until) {
			p.until = at
		}
	}
	evening := func() time.Time { return g.day(g.r.IntN(7), 6+17*g.r.Float64()) }
	switch kind {
	case "own", "household", "former", "neighbour":
		g.knows(kind, h, j)
		g.away[pair{h.person, j.pseudonym}] = true // beside what they should not do, they do as others do
		for range g.between(2, 6) {
			looks(h, j, evening())
		}
	case "colleague":
		other := one(g, h.of.staff)
		for tries := 0; tries < 100 && (other == h || g.met[pair{other.person, j.pseudonym}]); tries++ {
			other = one(g, h.of.staff)
		}
		g.knows(kind, other, j)
		g.away[pair{other.person, j.pseudonym}] = true
		for range g.between(2, 6) {
			looks(h, j, evening())
		}
	case "news": // what was on the radio on Tuesday
		p.hand = nil
		for _, h := range picks(g, h.of.coordinators, g.between(4, 9)) {
			for range g.between(1, 3) {
				looks(h, j, g.day(1, 7+36*g.r.Float64()))
			}
		}
		for _, h := range picks(g, h.of.staff, g.between(3, 12)) {
			looks(h, j, g.day(1, 7+36*g.r.Float64()))
		}
	case "sweep": // down the list, page after page
		at := g.day(g.r.IntN(7), 7+14*g.r.Float64())
		for _, j := range picks(g, all, g.between(25, 110)) {
			at = at.Add(time.Duration(g.between(6, 50)) * time.Second)
			looks(h, j, at)
		}
	case "drip": // about once a week, for a season
		for i := range g.between(6, 12) {
			if week+i >= g.weeks || !g.chance(0.85) {
				continue
			}
			do := func() { looks(h, j, evening()) }
			if i == 0 {
				do()
			} else {
				g.in(week+i, do)
			}
		}
	case "unrelated": // one here, one there, all week
		for _, j := range picks(g, all, g.between(18, 45)) {
			looks(h, j, evening())
		}
	case "glass": // each time it is quicker than to ask
		for i := range g.between(4, 9) {
			do := func() {
				at := g.office()
				g.breaks(h, one(g, all), at)
				p.until = at
			}
			if at := week + i*2/3; i == 0 {
				do()
			} else if at < g.weeks {
				g.in(at, do)
			}
		}
	default:
		panic(fmt.Sprint("nobody knows how to plant ", kind))
	}
	p.until = p.until.In(hub.Copenhagen)
}
