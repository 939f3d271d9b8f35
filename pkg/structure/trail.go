package structure

import "go.yaml.in/yaml/v3"

// Trail is what the trail is called in its checkpoints.
type Trail struct {
	Origin string // "" is after the district's police: see [Structure.TrailOrigin]
	lines
}

// TrailOrigin is the name under which the trail's checkpoints are signed (C2SP
// tlog-checkpoint): where it is published, without the scheme. It must stay as it is for
// as long as the trail lives.
func (s *Structure) TrailOrigin() string {
	if s.Trail.Origin != "" {
		return s.Trail.Origin
	}
	return "infohus.invalid/" + string(s.District.Police)
}

// trail reads what the trail is called.
func (r *reader) trail(n *yaml.Node, t *Trail) {
	t.lines = r.mapping(n, "trail",
		must("origin", spelled(r, "the trail's origin", "-./", "the address that it is published at, without https://, such as infohus.example/trail", &t.Origin)))
}
