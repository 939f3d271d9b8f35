package deploy

import _ "embed"

//go:embed concerns.yaml
var concerns string

// Concerns gives the demo world's concerns, as the people of the demo
// structure played them.
func Concerns() []byte { return []byte(concerns) }
