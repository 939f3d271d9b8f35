package structure

import "go.yaml.in/yaml/v3"

// Glass is for how long need-to-know may be set aside (break-glass, L9, A053). The
// zero Glass is as usual: see [Structure.GlassMinutes].
type Glass struct {
	Minutes int // where nobody says how long
	Most    int // the longest
	lines
}

// The rails: half an hour, and never more than an hour.
const usualGlass, mostGlass = 30, 60

// GlassMinutes is for how many minutes a break-glass opens something: as usual, and
// at most.
func (s *Structure) GlassMinutes() (usual, most int) {
	usual, most = s.Glass.Minutes, s.Glass.Most
	if most == 0 {
		most = mostGlass
	}
	if usual == 0 {
		usual = min(usualGlass, most)
	}
	return usual, most
}

// glass reads the times of break-glass.
func (r *reader) glass(n *yaml.Node, s *Structure) {
	s.Glass.lines = r.mapping(n, "break_glass",
		may("minutes", r.number("minutes", 1, mostGlass, &s.Glass.Minutes)),
		may("most", r.number("most", 1, mostGlass, &s.Glass.Most)),
	)
	if usual, most := s.GlassMinutes(); usual > most {
		r.at(n.Line, "break_glass opens for %d minutes and for %d at most; write most: %d or more", usual, most, usual)
	}
}
