package structure

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// Declines is how a declined request looks to the others in a case. Nobody has
// a duty to disclose (retsplejeloven § 115 stk. 4), and a visible no could be
// read as something being there (A029).
type Declines string

// The ways in which a declined request can look.
const (
	ShownAsNothingKnown Declines = "nothing_known" // like an answer that nothing is known
	ShownAsDeclined     Declines = "declined"      // as what it is
)

var declines = []Declines{ShownAsNothingKnown, ShownAsDeclined}

// ClosingReason is why a case may be closed, and the retention outcome it
// leads to (domain.md 2.6).
type ClosingReason struct {
	Code    string
	Name    Words
	Outcome string // one of Outcomes
	Source  string
	lines
}

// ClosingReason finds a reason.
func (s *Structure) ClosingReason(code string) (ClosingReason, bool) {
	for _, c := range s.Closings {
		if c.Code == code {
			return c, true
		}
	}
	return ClosingReason{}, false
}

// OutcomeAfter is the retention outcome of a case that is closed for the reason
// after help of these kinds was taken up. An assessed case counts as supported
// when it was more than a hand-over, and as exit when it was an exit programme;
// every other outcome stays what the file says.
func (c ClosingReason) OutcomeAfter(takenUp ...MeasureKind) string {
	help := func(k MeasureKind) bool { return k != KindNotification }
	switch {
	case c.Outcome != assessed && c.Outcome != supported:
		return c.Outcome
	case slices.Contains(takenUp, KindExit):
		return exited
	case slices.ContainsFunc(takenUp, help):
		return supported
	}
	return c.Outcome
}

func (r *reader) closingReason(n *yaml.Node, c *ClosingReason) {
	c.lines = r.mapping(n, "a closing reason",
		must("code", word(r, "the closing reason", closings, &c.Code)),
		must("da", text(r, "the Danish name", &c.Name.Da)),
		must("en", text(r, "the English name", &c.Name.En)),
		must("outcome", word(r, "the outcome", closed, &c.Outcome)),
		must("source", text(r, "the source", &c.Source)),
	)
}

func (c *checker) closings() {
	lines := map[string]int{}
	for _, x := range c.s.Closings {
		if first, twice := lines[x.Code]; twice {
			c.at(x.of("code"), "the closing reason %s stands twice, first on line %d; keep one", x.Code, first)
		}
		lines[x.Code] = x.of("code")
		switch {
		case x.Code == erring && x.Outcome != erring:
			c.at(x.of("outcome"), "a case that was an error is erased at once; write outcome: error")
		case x.Code != erring && x.Outcome == erring:
			c.at(x.of("outcome"), "only a case that was an error is erased at once; write the outcome that %s leads to", x.Code)
		}
	}
	for _, must := range closings {
		if lines[must] == 0 {
			c.at(c.s.of("closing_reasons"), "closing_reasons lacks %s; add it, with the outcome it leads to", must)
		}
	}
}
