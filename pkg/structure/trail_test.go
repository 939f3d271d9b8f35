package structure

import "testing"

func TestTrailOrigin(t *testing.T) {
	s := Structure{District: District{Police: "mvs-politi"}}
	if got := s.TrailOrigin(); got != "infohus.invalid/mvs-politi" {
		t.Error(got)
	}
	s.Trail.Origin = "infohus.example/trail"
	if got := s.TrailOrigin(); got != "infohus.example/trail" {
		t.Error(got)
	}
}
