package audit

import (
	"cmp"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/structure"
)

// What stands out in a week of what an authority's own people looked up (P10). Each kind is one
// thing that can be said in a sentence, with figures and a limit that is data. Nobody is scored:
// not who looks, and never whom it is about.

// Kinds of anomalies, in the order of the list: first who somebody is to whom they looked up,
// where that alone is enough; then how much and how often; then what is ordinary most of the time.
var Kinds = []string{"own", "household", "former", "sweep", "news", "glass", "drip", "unrelated", "colleague", "neighbour"}

// lookUp is one request in which one person was looked up, or something was done about one.
type lookUp struct {
	person  hub.ID
	subject string // a pseudonym
	object  string // what was opened; "" for the card of a person alone
	at      time.Time
	looked  bool // else it was something else that was done
	related bool // it was theirs: given to them, written by them, or they did something
	broke   bool // a glass was broken
	// it had just come in: then all who receive it and meet about it open it, and to have nothing
	// else to do with it says nothing
	incoming bool
}

// anomaly is one anomaly of a week.
type anomaly struct {
	kind        string
	people      []hub.ID
	subject     string
	objects     []string
	figures     []int // of the sentence; the first is what the list is ordered by
	first, last time.Time
}

// pair is somebody who works here and a person.
type pair struct {
	person  hub.ID
	subject string
}

// toldUntil is what was put on a list before: then only what came after counts again.
type toldUntil map[anomalyKey]time.Time

type anomalyKey struct {
	kind string
	pair
}

// week is what anomalies are looked for in.
type week struct {
	from, until time.Time
	looks       []lookUp        // of the weeks before and of this one, in their order
	kin         map[pair]string // own, household, former, colleague, neighbour
	told        toldUntil
	by          structure.Anomalies

	related map[pair]bool
	mine    map[pair][]lookUp   // of this week, whatever they are to each other
	foreign map[hub.ID][]lookUp // of all weeks, by who looked at whom they have nothing to do with
}

// anomalies are all of a week, the first on the list first.
func (w *week) anomalies() (all []anomaly) {
	w.sorts()
	all = w.near()
	had := map[pair]bool{}
	for _, a := range all {
		had[pair{a.people[0], a.subject}] = true
	}
	for person, looks := range w.foreign {
		sweep := w.sweep(person, looks)
		all = append(all, sweep...)
		if sweep == nil {
			all = append(all, w.unrelated(person, looks)...)
		}
		all = append(all, w.drips(person, looks, had)...)
	}
	all = slices.Concat(all, w.news(), w.glasses())
	slices.SortFunc(all, func(a, b anomaly) int {
		return cmp.Or(cmp.Compare(slices.Index(Kinds, a.kind), slices.Index(Kinds, b.kind)), cmp.Compare(b.figures[0], a.figures[0]), a.first.Compare(b.first), cmp.Compare(a.people[0], b.people[0]), cmp.Compare(a.subject, b.subject))
	})
	return all
}

func (w *week) sorts() {
	w.related, w.mine, w.foreign = map[pair]bool{}, map[pair][]lookUp{}, map[hub.ID][]lookUp{}
	for _, l := range w.looks {
		if l.related {
			w.related[pair{l.person, l.subject}] = true
		}
	}
	for _, l := range w.looks {
		p := pair{l.person, l.subject}
		if !l.looked {
			continue
		}
		if !l.at.Before(w.from) {
			w.mine[p] = append(w.mine[p], l)
		}
		if !w.related[p] && !l.incoming {
			w.foreign[l.person] = append(w.foreign[l.person], l)
		}
	}
}

// fresh are the looks that were not told with an alert of the same before.
func (w *week) fresh(kind string, p pair, looks []lookUp) []lookUp {
	since := w.told[anomalyKey{kind, p}]
	return slices.DeleteFunc(slices.Clone(looks), func(l lookUp) bool { return !l.at.After(since) })
}

// near are those who looked up whom they are near to.
func (w *week) near() (all []anomaly) {
	for p, looks := range w.mine {
		kind := w.kin[p]
		least := 1
		switch kind {
		case "":
			continue
		case "neighbour":
			least = w.by.NeighbourDays
		case "colleague":
			least = w.by.ColleagueDays
		}
		if kind == "neighbour" || kind == "colleague" {
			looks = slices.DeleteFunc(looks, func(l lookUp) bool { return w.related[p] || l.incoming }) // it is their work
		}
		if days := daysOf(looks); days >= least && len(looks) > 0 {
			all = append(all, alerted(kind, p, looks, len(looks), days))
		}
	}
	return all
}

// sweep is who looked up many in a short time: the most at once.
func (w *week) sweep(person hub.ID, looks []lookUp) []anomaly {
	long := time.Duration(w.by.SweepMinutes) * time.Minute
	best := w.most(looks, long, func(l lookUp) string { return l.subject })
	n := distinct(best, func(l lookUp) string { return l.subject })
	if n < w.by.SweepPeople {
		return nil
	}
	return []anomaly{alerted("sweep", pair{person: person}, best, n, max(1, int(best[len(best)-1].at.Sub(best[0].at).Minutes())))}
}

// news is a person whom many look up at once who have nothing to do with them.
func (w *week) news() (all []anomaly) {
	of := map[string][]lookUp{}
	for _, looks := range w.foreign {
		for _, l := range looks {
			of[l.subject] = append(of[l.subject], l)
		}
	}
	for subject, looks := range of {
		slices.SortFunc(looks, byTime)
		looks = w.fresh("news", pair{subject: subject}, looks)
		best := w.most(looks, time.Duration(w.by.NewsDays)*24*time.Hour, func(l lookUp) string { return string(l.person) })
		n := distinct(best, func(l lookUp) string { return string(l.person) })
		if n < w.by.NewsPeople {
			continue
		}
		a := alerted("news", pair{subject: subject}, best, n, daysOf(best))
		a.people = nil
		for _, l := range best {
			a.people = append(a.people, l.person)
		}
		slices.Sort(a.people)
		a.people = slices.Compact(a.people)
		all = append(all, a)
	}
	return all
}

// most are the looks of a window of time that ends in this week, and that has the most
// different of something.
func (w *week) most(looks []lookUp, long time.Duration, of func(lookUp) string) (best []lookUp) {
	count, n, first := map[string]int{}, 0, 0
	for i, l := range looks {
		if count[of(l)]++; l.at.Sub(looks[first].at) > long {
			for l.at.Sub(looks[first].at) > long {
				if k := of(looks[first]); count[k] == 1 {
					delete(count, k)
				} else {
					count[k]--
				}
				first++
			}
		}
		if !l.at.Before(w.from) && len(count) > n {
			best, n = looks[first:i+1], len(count)
		}
	}
	return best
}

// drips are those who come back to the same person, week after week, whom they have nothing to
// do with.
func (w *week) drips(person hub.ID, looks []lookUp, had map[pair]bool) (all []anomaly) {
	of := map[string][]lookUp{}
	for _, l := range looks {
		if l.at.After(w.until.AddDate(0, 0, -7*w.by.DripOf)) {
			of[l.subject] = append(of[l.subject], l)
		}
	}
	for subject, looks := range of {
		p := pair{person, subject}
		looks = w.fresh("drip", p, looks)
		n := distinct(looks, func(l lookUp) string { return monday(l.at).Format(time.DateOnly) })
		if had[p] || n < w.by.DripWeeks || looks[len(looks)-1].at.Before(w.from) {
			continue
		}
		all = append(all, alerted("drip", p, looks, n, w.by.DripOf, len(looks)))
	}
	return all
}

// unrelated is who looked up many this week whom they have nothing to do with, and many more
// than in any week before.
func (w *week) unrelated(person hub.ID, looks []lookUp) []anomaly {
	by := map[string]map[string]bool{}
	var now []lookUp
	for _, l := range looks {
		at := monday(l.at).Format(time.DateOnly)
		if by[at] == nil {
			by[at] = map[string]bool{}
		}
		by[at][l.subject] = true
		if !l.at.Before(w.from) {
			now = append(now, l)
		}
	}
	this := monday(w.from).Format(time.DateOnly)
	n, before := len(by[this]), 0
	for at, subjects := range by {
		if at != this {
			before = max(before, len(subjects))
		}
	}
	if n < w.by.UnrelatedPeople || 100*n < w.by.UnrelatedTimes*before {
		return nil
	}
	return []anomaly{alerted("unrelated", pair{person: person}, now, n, before, w.by.Weeks)}
}

// glasses are those who break one again and again.
func (w *week) glasses() (all []anomaly) {
	of := map[hub.ID][]lookUp{}
	for _, l := range w.looks {
		if l.broke && l.at.After(w.until.AddDate(0, 0, -7*w.by.GlassWeeks)) {
			of[l.person] = append(of[l.person], l)
		}
	}
	for person, looks := range of {
		p := pair{person: person}
		looks = w.fresh("glass", p, looks)
		if len(looks) < w.by.GlassTimes || looks[len(looks)-1].at.Before(w.from) {
			continue
		}
		all = append(all, alerted("glass", p, looks, len(looks), w.by.GlassWeeks))
	}
	return all
}

func alerted(kind string, p pair, looks []lookUp, figures ...int) anomaly {
	a := anomaly{kind: kind, people: []hub.ID{p.person}, subject: p.subject, figures: figures, objects: []string{}, first: looks[0].at, last: looks[len(looks)-1].at}
	for _, l := range looks {
		if l.object != "" {
			a.objects = append(a.objects, l.object)
		}
	}
	slices.Sort(a.objects)
	a.objects = slices.Compact(a.objects)
	return a
}

func byTime(a, b lookUp) int { return a.at.Compare(b.at) }

func daysOf(looks []lookUp) int {
	return distinct(looks, func(l lookUp) string { return l.at.In(hub.Copenhagen).Format(time.DateOnly) })
}

func distinct(looks []lookUp, of func(lookUp) string) int {
	seen := map[string]bool{}
	for _, l := range looks {
		seen[of(l)] = true
	}
	return len(seen)
}
