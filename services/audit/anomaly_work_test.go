//go:build !race

package audit

import (
	"fmt"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// What those do who work in an invented region, week by week, that is in order.

// begins is a matter that comes in.
func (g *region) begins(x *town, week int) *job {
	j := &job{id: hub.NewID(), subject: hub.NewID(), of: x, handler: one(g, x.coordinators), begun: week, ends: week + g.between(4, 40)}
	if g.chance(0.3) {
		j.ends = week + g.between(1, 3)
	}
	if len(x.closed) > 0 && g.chance(0.2) {
		j.subject = one(g, x.closed).subject
	}
	j.pseudonym = g.w.Vault().Pseudonym(j.subject)
	for _, h := range picks(g, x.staff, g.between(1, 5)) {
		if h.role != "municipal_coordinator" {
			j.team = append(j.team, h)
		}
	}
	if g.chance(0.5) {
		j.team = append(j.team, one(g, g.police.staff))
	}
	if g.chance(0.12) {
		j.acute = week + g.between(2, 6)
	}
	g.kin(x, j)
	x.open = append(x.open, j)
	return j
}

// kin says what those of a matter are to those who work: by chance, as people live near one
// another, and mostly to somebody who never has to do with it.
func (g *region) kin(x *town, j *job) {
	near := func() *hand { // who is near to somebody was so before: they would have kept away then too
		for range 20 {
			if h := one(g, x.staff); !g.met[pair{h.person, j.pseudonym}] {
				return h
			}
		}
		return nil
	}
	if h := near(); h != nil && g.chance(0.012) {
		g.knows("colleague", h, j) // somebody who works here is whom it is about
		g.away[pair{h.person, j.pseudonym}] = true
	}
	for _, k := range []struct {
		how      string
		p, aside float64
	}{{"household", 0.004, 0.8}, {"former", 0.004, 0.5}, {"neighbour", 0.03, 0.1}} {
		h := near()
		if h == nil || !g.chance(k.p) {
			continue
		}
		if g.chance(0.1) && len(j.team) > 0 { // and sometimes works on it: the town is small, and lines of address are shared
			h = j.team[0]
		}
		g.knows(k.how, h, j)
		if g.chance(k.aside) {
			g.away[pair{h.person, j.pseudonym}] = true
		}
	}
}

// knows keeps the marks by which somebody is something to whom a matter is about.
func (g *region) knows(how string, h *hand, j *job) {
	mark := string(hub.NewID())
	switch how {
	case "own", "colleague":
		g.marks = append(g.marks, fmt.Sprintf("%s\thttps://id.example\t%s\n", h.person, mark))
		g.w.SQL(`insert into access.subject_mark (subject, mark) values ($1, $2)`, string(j.subject), mark)
		return
	case "household":
		g.marks = append(g.marks, fmt.Sprintf("%s\thttps://id.example home\t%s\n", h.person, mark))
	case "former":
		g.before = append(g.before, fmt.Sprintf("%s\t%s\t%s\n", h.person, mark, g.from.Format(time.RFC3339)))
	case "neighbour":
		g.marks = append(g.marks, fmt.Sprintf("%s\thttps://id.example house\t%s\n", h.person, mark))
		g.homes = append(g.homes, fmt.Sprintf("%s\thouse\t%s\n", j.subject, mark))
		return
	}
	g.homes = append(g.homes, fmt.Sprintf("%s\thome\t%s\n", j.subject, mark))
}

// works is a week of everybody's work.
func (g *region) works(week int) {
	pace := 1.0
	if _, n := g.now.AddDate(0, 0, 3).ISOWeek(); n >= 28 && n <= 31 || n >= 52 || n == 1 {
		pace = 0.4 // holidays
	}
	for _, x := range g.towns {
		begun := []*job{}
		for range int(float64(len(x.staff))*0.06*pace + g.r.Float64()*2) {
			begun = append(begun, g.begins(x, week))
		}
		g.meets(x, begun)
		g.follows(x, week, pace)
		g.reviews(x, week)
		g.duty(x)
		x.open = slices.DeleteFunc(x.open, func(j *job) bool {
			if j.ends <= week {
				x.closed = append(x.closed, j)
			}
			return j.ends <= week
		})
	}
	for _, x := range append(slices.Clone(g.towns), g.police) {
		for _, h := range x.staff {
			if g.chance(0.35 * pace) {
				g.lists(h, x)
			}
			if all := g.all(x); len(all) > 0 && g.chance(0.02*pace) { // the wrong one, a link in an old mail
				g.looks(h, one(g, all), g.office(), false)
			}
		}
	}
}

// all are the matters that somebody at an authority might come by: the police come by all.
func (g *region) all(x *town) []*job {
	if x == g.police {
		x = one(g, g.towns)
	}
	if g.chance(0.3) && len(x.closed) > 0 {
		return x.closed
	}
	return x.open
}

// lists is a page of what is one's own.
func (g *region) lists(h *hand, x *town) {
	at, request, all := g.office(), hub.NewID(), g.all(x)
	g.row(h, at, request, "search", "allow", "list", "cases", "", nil, false, "role", len(all))
	for _, j := range picks(g, all, g.between(3, 18)) {
		g.row(h, at, request, "search", "allow", "view", "case", string(j.id), j, true, "assigned", 0)
	}
}

// meets is the weekly meeting about what is new: most of those who decide open it beforehand.
func (g *region) meets(x *town, begun []*job) {
	for _, h := range x.coordinators {
		if !g.chance(0.7) {
			continue
		}
		at := g.day(1, 8+4*g.r.Float64())
		for _, j := range begun {
			if !g.chance(0.6) && j.handler != h {
				continue
			}
			at = at.Add(time.Duration(g.between(2, 9)) * time.Minute)
			g.looks(h, j, at, false)
			if j.handler == h {
				g.acts(h, j, at.Add(time.Minute))
			}
		}
	}
	for _, j := range x.open { // and on Mondays what is acute
		if j.acute == 0 || j.begun == j.acute {
			continue
		}
		for _, h := range picks(g, x.coordinators, 2) {
			if g.chance(0.6) {
				g.looks(h, j, g.day(0, 8+2*g.r.Float64()), false)
			}
		}
	}
}

// follows is the work on what is open.
func (g *region) follows(x *town, week int, pace float64) {
	for _, j := range x.open {
		if j.acute != 0 && j.acute <= week {
			j.acute = 0
		}
		often := 0.3 * pace
		if j.begun == week {
			often = 0.9
		}
		for _, h := range j.team {
			if !g.chance(often) {
				continue
			}
			for range g.between(1, 3) {
				g.looks(h, j, g.office(), true)
			}
			if g.chance(0.4) {
				g.acts(h, j, g.office())
			}
		}
		if g.chance(0.35 * pace) {
			h := j.handler
			if pace < 1 && g.chance(0.6) { // who stands in for whoever is away
				h = one(g, x.coordinators)
			}
			g.looks(h, j, g.office(), false)
			if g.chance(0.5) {
				g.acts(h, j, g.office())
			}
		}
	}
}

// reviews are what comes now and then: the quarter's review of what is open, a colleague's
// matters that somebody takes over, and an incident that everybody is called to.
func (g *region) reviews(x *town, week int) {
	if (week+int(x.id[0]))%13 == 0 && len(x.coordinators) > 0 {
		h, at, d := one(g, x.coordinators), g.day(2, 8.5), 2
		for _, j := range picks(g, x.open, g.between(25, 60)) {
			if at = at.Add(time.Duration(g.between(3, 11)) * time.Minute); at.After(g.day(d, 16)) {
				d++
				at = g.day(d, 8.5)
			}
			g.looks(h, j, at, false)
			if g.chance(0.2) {
				g.acts(h, j, at.Add(time.Minute))
			}
		}
	}
	if len(x.open) > 5 && g.chance(0.05) {
		h, at := one(g, x.staff), g.day(0, 9)
		for _, j := range picks(g, x.open, g.between(6, 20)) {
			j.team = append(j.team, h)
			at = at.Add(time.Duration(g.between(2, 7)) * time.Minute)
			g.looks(h, j, at, true)
		}
	}
	if len(x.open) > 0 && g.chance(0.08) {
		j := one(g, x.open)
		for _, h := range picks(g, x.staff, g.between(8, 18)) {
			if h.role != "municipal_coordinator" {
				j.team = append(j.team, h)
			}
			for range g.between(1, 3) {
				g.looks(h, j, g.day(g.between(1, 3), 7+12*g.r.Float64()), h.role != "municipal_coordinator")
			}
		}
	}
}

// duty is what those do who are called out.
func (g *region) duty(x *town) {
	for _, h := range append(slices.Clone(x.called), g.police.called...) {
		p := 0.02
		if h.of == g.police {
			p /= float64(len(g.towns))
		}
		if len(x.open) == 0 || !g.chance(p) {
			continue
		}
		for range g.between(1, 2) { // one night, one family
			g.breaks(h, one(g, x.open), g.day(g.r.IntN(7), 24*g.r.Float64()))
		}
	}
}
