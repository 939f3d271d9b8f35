//go:build !race

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// What a fresh pair of eyes broke once, and must stay mended.

// TestNothingIsReceivedAboutTheForgotten: a draft is thrown away, which forgets
// the person; a form that is still open in another tab cannot then hand in a
// concern that would be destroyed with them.
func TestNothingIsReceivedAboutTheForgotten(t *testing.T) {
	s := begin(t)
	subject := s.registers(coordinator, nil)
	var draft done
	s.as(coordinator).API("POST", "/api/concerns/drafts", concern(subject, map[string]any{"purpose": nil, "legal_basis": nil})).Must(201).JSON(&draft)
	s.as(coordinator).API("DELETE", "/api/concerns/"+string(draft.ID)+"/draft", nil).Must(200)
	s.Settle()
	a := s.as(coordinator).API("POST", "/api/concerns", concern(subject, nil)).Must(400)
	if !strings.Contains(a.Text(), `"field":"subject"`) {
		t.Errorf("the answer does not name the subject: %s", a.Text())
	}
}

// TestAKnownMinorStartsTheClock: what is known of the age outweighs the answer
// that is typed (L25).
func TestAKnownMinorStartsTheClock(t *testing.T) {
	s := begin(t)
	subject := s.registers(coordinator, map[string]any{"name": "Bertram Eksempel", "cpr": "670312-4019"}) // 14 years
	s.Settle()
	var got done
	s.as(coordinator).API("POST", "/api/concerns", concern(subject, map[string]any{"child": "no"})).Must(201).JSON(&got)
	if due := s.One("select child_due - received_at from intake.concern where id = '" + string(got.ID) + "'"); due != "24:00:00" && due != "1 day" {
		t.Errorf("the clock of a known minor runs %s", due)
	}
}

// TestAReferenceIsNotARight: nobody writes about a person whom somebody else
// registered, at another authority or at their own, because they know the
// reference; and nobody can have them forgotten.
func TestAReferenceIsNotARight(t *testing.T) {
	s := begin(t)
	subject := s.registers(coordinator, nil)
	for _, login := range []string{roskilde, "solvej", policeMan} {
		in := concern(subject, map[string]any{"purpose": nil, "legal_basis": nil})
		if login == policeMan {
			in["municipality"] = "koege"
		}
		s.as(login).API("POST", "/api/concerns/drafts", in).Must(400)
	}
	s.as(coordinator).API("POST", "/api/concerns", concern(subject, nil)).Must(201)
}

// TestTheTrailKeepsASecretToo: the officer of whoever was refused learns of
// another authority's concern no more than of one that never was (G7). A087 in
// part, A019 in part.
func TestTheTrailKeepsASecretToo(t *testing.T) {
	s := begin(t)
	theirs := s.submits(policeMan, map[string]any{"municipality": "koege", "legal_basis": "RHL"})
	s.does(policeMan, "check", theirs, says("police_only"))
	row := func(id hub.ID) string {
		s.as(coordinator).API("GET", "/api/concerns/"+string(id), nil).Must(404)
		a := s.as(koegeDPO).API("POST", "/api/trail/search", map[string]any{"ground": "lawfulness", "reference": id}).Must(200)
		for _, secret := range []string{"mvs-politi", "police_only", "RHL"} {
			if strings.Contains(a.Text(), secret) {
				t.Errorf("the officer reads %s in %s", secret, a.Text())
			}
		}
		var found struct{ Total int }
		a.JSON(&found)
		if found.Total != 1 {
			t.Errorf("%d rows for the officer, want the refusal alone", found.Total)
		}
		return a.Text()
	}
	row(theirs)
	row(hub.NewID())
	own := s.as(mvsDPO).API("POST", "/api/trail/search", map[string]any{"ground": "lawfulness", "reference": theirs}).Must(200)
	if !strings.Contains(own.Text(), "Gudrun") {
		t.Error("the concern's own officer does not see who tried")
	}
}

// TestOneCode: a double click on the open page makes one concern and one code.
func TestOneCode(t *testing.T) {
	s := begin(t)
	nobody := s.Nobody()
	nobody.Get("/tell")
	in := map[string][]string{"municipality": {"koege"}, "seen": {"Han deler poser ud til børn."}, "why_now": {"Det er hver aften nu."}, "urgency": {"normal"}, "child": {"no"}, "_key": {"one-click"}}
	one := nobody.Submit("/tell", in).Must(201)
	nobody.Get("/tell")
	two := nobody.Submit("/tell", in).Must(201)
	code := func(page string) string {
		_, rest, _ := strings.Cut(page, "<code>")
		c, _, _ := strings.Cut(rest, "</code>")
		return c
	}
	if code(one.Text()) == "" || code(one.Text()) != code(two.Text()) {
		t.Errorf("the codes are %q and %q", code(one.Text()), code(two.Text()))
	}
	if n := s.One("select count(*) from intake.concern"); n != "1" {
		t.Errorf("%s concerns", n)
	}
}

// TestAColleagueIsLetInOnce: a second assignment would outlive the end of the first.
func TestAColleagueIsLetInOnce(t *testing.T) {
	s := begin(t)
	id := s.submits(coordinator, nil)
	in := map[string]any{"hat": s.as(ssp).Post.Hat.ID, "until": s.Now().Add(time.Hour)}
	s.as(coordinator).API("POST", "/api/concerns/"+string(id)+"/access", in).Must(200)
	s.as(coordinator).API("POST", "/api/concerns/"+string(id)+"/access", in).Must(409)
}

// TestResetSparesWhatIsNotItsOwn: keys of people are removed only where make run
// made them.
func TestResetSparesWhatIsNotItsOwn(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "keys", "key")
	if err := os.MkdirAll(filepath.Dir(key), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := data(dir).forget(); err == nil {
		t.Error("it forgets a directory that is not its own")
	}
	if err := data(dir).mark(); err == nil {
		t.Error("it takes over a directory with another hub's keys")
	}
	if _, err := os.Stat(key); err != nil {
		t.Error("the key is gone")
	}
}
