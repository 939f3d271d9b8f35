//go:build !race

package main

import (
	"net/url"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// lets lets somebody in.
func (s *script) lets(by, whom string, id hub.ID) (assignment hub.ID) {
	s.Helper()
	var given struct{ Assignment hub.ID }
	s.as(by).API("POST", "/api/concerns/"+string(id)+"/access", map[string]any{"hat": s.as(whom).Post.Hat.ID}).Must(200).JSON(&given)
	return given.Assignment
}

// TestWhatIsTakenIsSaidTruly: whoever still sees the concern in another way is
// not told that they see it no longer.
func TestWhatIsTakenIsSaidTruly(t *testing.T) {
	s := begin(t)
	id := s.submits(coordinator, nil)
	for whom, sees := range map[string]bool{ssp: false, deputy: true} {
		assignment := s.lets(coordinator, whom, id)
		s.as(coordinator).API("DELETE", "/api/concerns/"+string(id)+"/access/"+string(assignment), nil).Must(200)
		s.Settle()
		if still := s.sees(whom, id) != nil; still != sees {
			t.Fatalf("%s sees it: %v", whom, still)
		}
		page := s.as(whom).Get("/").Must(200).Text()
		lost, kept := strings.Contains(page, "Du har ikke længere adgang til en bekymring."), strings.Contains(page, "Du er ikke længere sat på en bekymring. Du kan stadig se den.")
		if lost == sees || kept != sees {
			t.Errorf("%s, who sees it: %v, is told that it is lost: %v, that only the assignment is: %v", whom, sees, lost, kept)
		}
		var told struct {
			Notices []struct {
				What    string
				Concern hub.ID
			}
		}
		s.as(whom).API("GET", "/api/notices", nil).Must(200).JSON(&told)
		if last := told.Notices[0]; sees && (last.What != "ended" || last.Concern != id) || !sees && (last.What != "taken" || last.Concern != "") {
			t.Errorf("%s is told %+v", whom, told.Notices)
		}
	}
}

// TestNobodyEndsTheirOwnAccess: there is no button for it, and whoever asks all
// the same is told who can.
func TestNobodyEndsTheirOwnAccess(t *testing.T) {
	s := begin(t)
	id := s.submits(coordinator, nil)
	own := hub.ID(s.One("select id from access.assignment where item = '" + string(id) + "' and person = '" + string(s.as(coordinator).Post.Person) + "'"))
	other := s.lets(coordinator, ssp, id)
	at := "/concerns/" + string(id) + "/access"
	end := func(assignment hub.ID) string { return at + "/" + string(assignment) + "/end" }
	page := s.as(coordinator).Get(at).Must(200).Text()
	if strings.Contains(page, end(own)) || !strings.Contains(page, end(other)) || !strings.Contains(page, "Det er dig.") {
		t.Errorf("the buttons are not those of the others alone:\n%s", page)
	}
	const clear = "Du kan ikke give eller lukke din egen adgang. Bed en anden tovholder i din myndighed om det."
	if a := s.as(coordinator).API("DELETE", "/api"+at+"/"+string(own), nil).Must(400); !strings.Contains(a.Text(), clear) {
		t.Errorf("it is refused with %s", a.Body)
	}
	if a := s.as(coordinator).API("POST", "/api"+at, map[string]any{"hat": s.as(coordinator).Post.Hat.ID}).Must(400); !strings.Contains(a.Text(), clear) || !strings.Contains(a.Text(), `"field":"hat"`) {
		t.Errorf("it is refused with %s", a.Body)
	}
	forged := url.Values{"_hat": {string(s.as(coordinator).Post.Hat.ID)}, "_page": {at}}
	w := &wrong{script: s}
	if a := w.raw(s.as(coordinator), "POST", end(own), forged.Encode()); a.Status != 400 || !strings.Contains(a.Text(), clear) {
		t.Errorf("the page answers %d %s", a.Status, a.Body)
	}
	page = s.as(deputy).Get(at).Must(200).Text()
	if !strings.Contains(page, end(own)) {
		t.Error("the deputy has no button to end it")
	}
	s.as(deputy).API("DELETE", "/api"+at+"/"+string(own), nil).Must(200)
}
