package structure

import (
	"time"

	"go.yaml.in/yaml/v3"
)

// Measure is an entry in the catalogue of help that can be offered (indsats):
// what a memo of a municipality asked of each (C11), whom it is for, and what
// it asks. The same code may stand several times, for spans that do not overlap.
type Measure struct {
	Code string
	Kind MeasureKind
	Name Words

	Nature  Words // karakter: what it is
	Target  Words // målgruppe: whom it is for
	Volume  Words // volumen: how much, how often, how long
	Economy Words // økonomi: who pays; for evaluation only (A28)
	Effect  Words // effektmål: by what one sees that it helps

	FromAge  int  // the youngest it is for; 0 for any
	UntilAge int  // the first age it is no longer for; 0 for any
	Consent  bool // may not begin without the person's consent (L8)
	Source   string
	Span
	lines
}

// MeasureKind says which of the hub's flows a measure goes through.
type MeasureKind string

// The kinds of measure.
const (
	KindTalk         MeasureKind = "talk"         // bekymringssamtale: offered, held, with whom (B14)
	KindPlain        MeasureKind = "plain"        // an offer, its answer and its follow-up
	KindExit         MeasureKind = "exit"         // exitforløb: 18 and over, with consent (2.7)
	KindNotification MeasureKind = "notification" // underretning: handed over, only the receipt is kept (2.8)
)

// MeasureKinds lists them.
var MeasureKinds = []MeasureKind{KindTalk, KindPlain, KindExit, KindNotification}

// mustBe are the codes that mean a kind wherever they stand, so that none gets
// round its rail.
var mustBe = map[string]MeasureKind{"concern_talk": KindTalk, "exit": KindExit, "statutory_notification": KindNotification}

// Adult is the age in years (myndighed, værgemålsloven § 1) at which child law ends and exit begins.
const Adult = 18

// Measure finds what a code of the catalogue means at the instant.
func (s *Structure) Measure(code string, at time.Time) (Measure, bool) {
	for _, m := range s.Measures {
		if m.Code == code && m.Holds(at) {
			return m, true
		}
	}
	return Measure{}, false
}

// Catalogue lists what can be offered at the instant, in the order of the file.
func (s *Structure) Catalogue(at time.Time) []Measure {
	var found []Measure
	for _, m := range s.Measures {
		if m.Holds(at) {
			found = append(found, m)
		}
	}
	return found
}

// For reports whether it is for somebody of an age.
func (m Measure) For(age int) bool {
	return age >= m.FromAge && (m.UntilAge == 0 || age < m.UntilAge)
}

func (r *reader) measure(n *yaml.Node, m *Measure) {
	m.lines = r.mapping(n, "a measure", append(append(r.named("a measure's code", &m.Code, &m.Name), r.span(&m.Span, false)...),
		must("kind", word(r, "the kind", MeasureKinds, &m.Kind)),
		must("nature", r.words("the nature", &m.Nature)),
		must("target", r.words("the target", &m.Target)),
		must("volume", r.words("the volume", &m.Volume)),
		must("economy", r.words("the economy", &m.Economy)),
		must("effect", r.words("the effect", &m.Effect)),
		must("source", text(r, "the source", &m.Source)),
		may("from_age", r.number("from_age", 1, 120, &m.FromAge)),
		may("until_age", r.number("until_age", 1, 120, &m.UntilAge)),
		may("consent", r.yes("consent", &m.Consent)),
	)...)
}

func (c *checker) catalogue() {
	if len(c.s.Measures) == 0 {
		c.at(c.s.of("catalogue"), "the catalogue is empty, and so nothing could be offered; add the help there is")
	}
	for n, m := range c.s.Measures {
		for _, o := range c.s.Measures[:n] {
			if o.Code == m.Code && o.overlaps(m.Span) {
				c.at(m.of("from"), "the measure %s stands twice at the same time, the other on line %d; end that one with until", m.Code, o.of("from"))
			}
		}
		if m.UntilAge > 0 && m.UntilAge <= m.FromAge {
			c.at(m.of("until_age"), "%s is for nobody: until_age is the first age it is no longer for, and comes after from_age", m.Code)
		}
		if kind, ok := mustBe[m.Code]; ok && m.Kind != kind {
			c.at(m.of("kind"), "%s is of the kind %s, and not %s; write that, or another code", m.Code, kind, m.Kind)
		}
		c.measure(m)
	}
}

// measure holds the rails of the kinds that law has a say in.
func (c *checker) measure(m Measure) {
	switch m.Kind {
	case KindExit:
		if !m.Consent {
			c.at(m.of("consent"), "%s is an exit programme, and nothing about it is exchanged before the person has signed; write consent: true", m.Code)
		}
		if m.FromAge < Adult {
			c.at(m.of("from_age"), "%s is an exit programme, and is for people of 18 and over; write from_age: 18", m.Code)
		}
	case KindNotification:
		if m.Consent {
			c.at(m.of("consent"), "%s is a duty to notify (barnets lov § 133), and does not wait for consent; take the line away", m.Code)
		}
		if m.UntilAge == 0 || m.UntilAge > Adult {
			c.at(m.of("until_age"), "%s is a notification about a child (barnets lov § 133); write until_age: 18", m.Code)
		}
	}
}
