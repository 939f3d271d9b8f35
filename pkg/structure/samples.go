package structure

import (
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/infohus/infohus/pkg/hub"
)

// Sample says how many look-ups are drawn by lot for an authority's data-protection
// officer to go through, and how often (L20). What is unset is drawn as usual: see
// [Structure.Sampling].
type Sample struct {
	Authority hub.AuthorityID // "" is for all that have no rule of their own then
	Weeks     int             // how long a period is: it begins on a Monday
	Size      int             // how many of each kind of look-up; 0 draws none, and its officer is told
	Span
	lines
}

// The rails, and what holds where the file says nothing: every week some.
const (
	usualWeeks, mostWeeks = 1, 26
	usualSize, mostSize   = 5, 200
)

// UsualSampling is what holds where the file says nothing.
func UsualSampling() Sample { return Sample{Weeks: usualWeeks, Size: usualSize} }

// Sampling is how look-ups are drawn for an authority in a period that begins at the
// instant.
func (s *Structure) Sampling(a hub.AuthorityID, at time.Time) Sample {
	found := UsualSampling()
	for _, x := range s.Samples {
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

func (r *reader) sample(n *yaml.Node, x *Sample) {
	x.Weeks = usualWeeks
	x.lines = r.mapping(n, "a sample", append(r.span(&x.Span, false),
		must("size", r.number("size", 0, mostSize, &x.Size)),
		may("weeks", r.number("weeks", 1, mostWeeks, &x.Weeks)),
		may("authority", code(r, "the sample's authority", &x.Authority)),
	)...)
}

// samples holds the rules against each other: at any time one says what is drawn.
func (c *checker) samples() {
	for i, x := range c.s.Samples {
		if x.Authority != "" {
			c.known(x.of("authority"), "the sample's authority", x.Authority)
		}
		for _, o := range c.s.Samples[:i] {
			if o.Authority == x.Authority && o.overlaps(x.Span) {
				c.at(x.of("from"), "two samples hold at the same time, the other on line %d; end that one with until", o.of("from"))
			}
		}
	}
}
