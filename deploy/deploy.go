// Package deploy holds what a hub is set up with. The demo world's structure
// file is in the binary, so that a hub can be tried with one command; it is
// also the pattern after which a municipality writes its own.
package deploy

import _ "embed"

//go:embed infohus.yaml
var demo string

// DemoName is what errors call the demo world's structure file.
const DemoName = "deploy/infohus.yaml"

// Demo gives the demo world's structure file.
func Demo() []byte { return []byte(demo) }
