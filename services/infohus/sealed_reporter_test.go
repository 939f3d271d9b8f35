//go:build !race

package main

import (
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/service"
)

// TestWhoeverReportedIsSealed is L51 where a teacher, an officer or somebody of an
// institution hands the concern in by themselves: what they did and that they can see it, and
// have seen it, stays; who they are, what and where is in nothing that is shown of it, to
// nobody who is not told who reported.
func TestWhoeverReportedIsSealed(t *testing.T) {
	s := begin(t)
	words := catalogue(t, "da")
	for reporter, first := range map[string]string{"solvej": coordinator, "asta": coordinator, "merete": policeMan} {
		basis := "GDPR6-1-E"
		if first == policeMan {
			basis = "RHL"
		}
		id := s.submits(reporter, map[string]any{"municipality": "koege", "legal_basis": basis})
		s.as(reporter).Get("/concerns/" + string(id)).Must(200)
		post := s.as(reporter).Post
		of, _ := s.Structure.Authority(post.Authority)
		sealed := func(login string, at ...string) {
			t.Helper()
			api := s.as(login).API("GET", "/api/concerns/"+string(id), nil).Must(200)
			var v struct{ Steps []struct{ Action, By string } }
			api.JSON(&v)
			var out struct {
				WhoCanSee []struct {
					Name, Role, Authority string
					Rules                 []string
				} `json:"who_can_see"`
			}
			list := s.as(login).API("GET", "/api/concerns/"+string(id)+"/readers", nil).Must(200)
			list.JSON(&out)
			page := s.as(login).Get("/concerns/" + string(id)).Must(200)
			file := s.posts(login, "/concerns/"+string(id)+"/export", nil)
			told, there := false, false
			for _, step := range v.Steps {
				told = told || step.Action == "submit" && step.By == service.Sealed
			}
			for _, r := range out.WhoCanSee {
				there = there || r.Name == service.Sealed && r.Role == "" && r.Authority == ""
			}
			if !told || !there || strings.Count(page.Text(), words["intake.by.reporter"]) != 3 {
				t.Errorf("%s is not told that somebody handed it in (%v), can see it (%v) and has seen it (%d words on the page)", login, told, there, strings.Count(page.Text(), words["intake.by.reporter"]))
			}
			for where, text := range map[string]string{"the answer": api.Text(), "who can see": list.Text(), "the page": page.Text(), "the file": file.Text()} {
				for _, secret := range []string{post.Name, string(post.Hat.ID), words["web.role.reporter"] + ","} {
					if strings.Contains(text, secret) {
						t.Errorf("%s of %s tells %s that it was %q", where, reporter, login, secret)
					}
				}
				if reporter == "asta" && strings.Contains(text, of.Name) {
					t.Errorf("%s tells %s that it was somebody of %s", where, login, of.Name)
				}
			}
		}
		sealed(first)
		s.does(first, "forward", id, toPolice)
		sealed(first)
		s.does(policeMan, "check", id, says("released"))
		for _, login := range []string{coordinator, deputy, policeMan, "freja"} {
			sealed(login)
		}
	}
}

// TestWhoRegisteredIsNamed: whoever takes a concern in on behalf of another deals with it,
// and is named for it; so is everybody, to whoever is told who reported.
func TestWhoRegisteredIsNamed(t *testing.T) {
	s := begin(t)
	id := s.submits(ssp, map[string]any{"forward": toPolice, "reporter_name": "Tove Tavle"})
	s.does(policeMan, "check", id, says("released"))
	for _, login := range []string{coordinator, policeMan} {
		if a := s.as(login).API("GET", "/api/concerns/"+string(id), nil); !strings.Contains(a.Text(), s.as(ssp).Post.Name) {
			t.Errorf("%s is not told who registered it", login)
		}
	}
}
