//go:build !race

package main

import (
	"net/url"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// TestAFormOfTheOtherSignIn is A046 and G7: somebody with two posts at two
// authorities, who sends under the one what was written under the other, is led to
// that one; of another person's post, whose reference can be reckoned from the
// structure file, is said what is said of one that never was.
func TestAFormOfTheOtherSignIn(t *testing.T) {
	s := begin(t)
	birk := s.AsRole("birk", hub.LocalPolice)
	birk.Get("/")
	sends := func(hat hub.ID) hubtest.Answer {
		return s.ask(birk, "POST", "/subjects/new?next=concern", "", url.Values{"_hat": {string(hat)}, "name": {"Opdigtet Navn"}})
	}
	own := sends(s.As("birk").Post.Hat.ID).Must(409).Text()
	if !strings.Contains(own, "/signin?to=/kept") || !strings.Contains(own, "Køge Kommune") || strings.Contains(own, "ikke længere") {
		t.Errorf("the other post of one's own: %s", own)
	}
	kept := s.One("select count(*) from portal.kept")
	real, invented := sends(s.As(coordinator).Post.Hat.ID).Must(409).Text(), sends(hub.NewID()).Must(409).Text()
	if real != invented || !strings.Contains(real, "Opdigtet Navn") {
		t.Errorf("another's post:\n%s\none that never was:\n%s", real, invented)
	}
	if n := s.One("select count(*) from portal.kept"); n != kept {
		t.Errorf("%s texts are kept, %s before", n, kept)
	}
}
