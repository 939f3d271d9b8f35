package structure

import (
	"time"

	"go.yaml.in/yaml/v3"
)

// Words is a text in both languages of the pages.
type Words struct{ Da, En string }

// In gives the text in a language: Danish, unless the language is "en".
func (w Words) In(lang string) string {
	if lang == "en" {
		return w.En
	}
	return w.Da
}

// Instrument is a version of the instrument by which a case is assessed: what
// is looked at, and the levels among which a human chooses. It gives no figure
// and has no default (L38). A case names the version with which it began, and
// keeps it: [Structure.Instrument] finds it after it has ended too.
type Instrument struct {
	ID, Version string
	Name        Words
	Source      string
	Dimensions  []Dimension
	Levels      []Level // from the least to the gravest
	Span
	lines
}

// Dimension is one thing that an assessment looks at.
type Dimension struct {
	Code  string
	Side  Side
	Name  Words
	Guide Words // what to write about under it, and what not
	lines
}

// Level is a degree of concern (bekymringsgrad). A named human sets it.
type Level struct {
	N    int // its place among the levels: 0 is the least. Not for counting with
	Code string
	Name Words
	lines
}

// Side is whether a dimension looks for risk or for resources.
type Side string

// The sides of an assessment.
const (
	Risk     Side = "risk"     // risiko
	Resource Side = "resource" // ressource, beskyttende
)

var sides = []Side{Risk, Resource}

// InstrumentAt is the instrument with which a case that begins at the instant
// is assessed; the first in the file, where there are several. While there is
// an infohus, there is one.
func (s *Structure) InstrumentAt(at time.Time) (Instrument, bool) {
	for _, i := range s.Instruments {
		if i.Holds(at) {
			return i, true
		}
	}
	return Instrument{}, false
}

// Instrument finds a version of an instrument, whether it still holds or not.
func (s *Structure) Instrument(id, version string) (Instrument, bool) {
	for _, i := range s.Instruments {
		if i.ID == id && i.Version == version {
			return i, true
		}
	}
	return Instrument{}, false
}

// Dimension finds a dimension of the instrument.
func (i Instrument) Dimension(code string) (Dimension, bool) {
	for _, d := range i.Dimensions {
		if d.Code == code {
			return d, true
		}
	}
	return Dimension{}, false
}

// Level finds a level of the instrument.
func (i Instrument) Level(code string) (Level, bool) {
	for _, l := range i.Levels {
		if l.Code == code {
			return l, true
		}
	}
	return Level{}, false
}

// named are the fields of what has a code, and a name in both languages.
func (r *reader) named(what string, to *string, name *Words) []field {
	return []field{
		must("code", token(r, what, to)),
		must("da", text(r, "the Danish name", &name.Da)),
		must("en", text(r, "the English name", &name.En)),
	}
}

// words reads a text in both languages.
func (r *reader) words(what string, to *Words) func(*yaml.Node) {
	return func(n *yaml.Node) {
		r.mapping(n, what, must("da", text(r, "the Danish text", &to.Da)), must("en", text(r, "the English text", &to.En)))
	}
}

func (r *reader) instrument(n *yaml.Node, i *Instrument) {
	i.lines = r.mapping(n, "an instrument", append(r.span(&i.Span, false),
		must("id", code(r, "an instrument's id", &i.ID)),
		must("da", text(r, "the Danish name", &i.Name.Da)),
		must("en", text(r, "the English name", &i.Name.En)),
		must("version", spelled(r, "the version", "-.", "a short name of a to z, 0 to 9, dots and hyphens, such as 2019-1", &i.Version)),
		must("source", text(r, "the source", &i.Source)),
		must("dimensions", items(r, "dimensions", &i.Dimensions, r.dimension)),
		must("levels", items(r, "levels", &i.Levels, r.level)),
	)...)
	for n := range i.Levels {
		i.Levels[n].N = n
	}
}

func (r *reader) dimension(n *yaml.Node, d *Dimension) {
	const why = "nothing is counted over the dimensions: a human weighs them (GDPR art. 22)"
	d.lines = r.mapping(n, "a dimension", append(r.named("a dimension's code", &d.Code, &d.Name),
		must("side", word(r, "the side", sides, &d.Side)),
		must("guide", r.words("the guide", &d.Guide)),
		r.never("weight", why),
		r.never("score", why),
	)...)
}

func (r *reader) level(n *yaml.Node, l *Level) {
	l.lines = r.mapping(n, "a level", append(r.named("a level's code", &l.Code, &l.Name),
		r.never("default", "no level is a default: a named human sets it (GDPR art. 22)"),
	)...)
}

func (c *checker) instruments() {
	for n, i := range c.s.Instruments {
		for _, o := range c.s.Instruments[:n] {
			switch {
			case o.ID != i.ID:
			case o.Version == i.Version:
				c.at(i.of("version"), "version %s of %s stands twice, first on line %d; cases name it: give this one another", i.Version, i.ID, o.of("version"))
			case o.overlaps(i.Span):
				c.at(i.of("from"), "%s has two versions at the same time, the other on line %d; end that one with until", i.ID, o.of("from"))
			}
		}
		c.dimensions(i)
		c.levels(i)
	}
	for _, h := range c.s.Infohus {
		if at, found := c.s.unmeasured(h.Span); found {
			c.at(c.s.of("instruments"), "from %s no instrument holds, and the infohus of %s has cases to assess; let one begin then, or the one before go on",
				at.Format(time.DateOnly), h.Municipality)
		}
	}
}

// unmeasured finds the first instant of a span at which there is no instrument.
func (s *Structure) unmeasured(in Span) (gap time.Time, found bool) {
	at := in.From
	for at.Before(in.Until) {
		i, ok := s.InstrumentAt(at)
		if !ok {
			return at, true
		}
		at = i.Until
	}
	return time.Time{}, false
}

func (c *checker) dimensions(i Instrument) {
	codes, seen := map[string]int{}, map[Side]bool{}
	for _, d := range i.Dimensions {
		if first, twice := codes[d.Code]; twice {
			c.at(d.of("code"), "the dimension %s stands twice, first on line %d; give this one another code", d.Code, first)
		}
		codes[d.Code], seen[d.Side] = d.of("code"), true
	}
	for _, side := range sides {
		if !seen[side] {
			c.at(i.of("dimensions"), "%s has no dimension of the side %s; an assessment weighs risk against resources: add one", i.ID, side)
		}
	}
}

func (c *checker) levels(i Instrument) {
	codes := map[string]int{}
	for _, l := range i.Levels {
		if first, twice := codes[l.Code]; twice {
			c.at(l.of("code"), "the level %s stands twice, first on line %d; give this one another code", l.Code, first)
		}
		codes[l.Code] = l.of("code")
	}
	if len(i.Levels) < 2 {
		c.at(i.of("levels"), "%s has fewer than two levels, and so leaves nothing to choose; write them from the least to the gravest", i.ID)
	}
}
