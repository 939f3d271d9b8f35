package deploy_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/deploy"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/structure"
)

// today is a day in the demo world.
var today = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func world(t *testing.T) *structure.Structure {
	t.Helper()
	s, err := structure.Load(bytes.NewReader(deploy.Demo()), deploy.DemoName)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheDemoWorldIsWhole(t *testing.T) {
	s := world(t)
	if !s.Demo {
		t.Error("it does not say that it is a demo")
	}
	if n := len(s.District.Municipalities); n != 10 {
		t.Errorf("%d municipalities, want the district's ten", n)
	}
	koege, ok := s.InfohusOf("koege", today)
	if !ok {
		t.Fatal("Køge has no infohus")
	}
	var departments, police int
	for _, seat := range koege.CoreGroup {
		if seat.Authority == "koege" {
			departments++
		} else {
			police++
		}
	}
	if departments != 3 || police != 1 {
		t.Errorf("the core group of Køge has %d departments and %d seats of the police, want 3 and 1", departments, police)
	}
}

// Every role that may have an account has somebody, and no other has.
func TestEveryRoleHasSomebody(t *testing.T) {
	held := map[hub.Role]bool{}
	for _, p := range world(t).Posts() {
		if !p.Holds(today) {
			t.Errorf("%s's hat as %s does not hold today", p.Login, p.Role)
		}
		held[p.Role] = true
	}
	for _, r := range hub.Roles {
		never := r == hub.Investigator || r == hub.ControlUnit
		if held[r] == never {
			t.Errorf("%s: held %t", r, held[r])
		}
	}
}

func TestDeputiesManagersAndTwoHats(t *testing.T) {
	s := world(t)
	for _, c := range []struct {
		role           hub.Role
		at             hub.AuthorityID
		holder, deputy string
	}{
		{hub.MunicipalCoordinator, "koege", "gudrun", "viggo"},
		{hub.PoliceCoordinator, "mvs-politi", "thorkild", "freja"},
	} {
		holders := s.Holders(c.role, c.at, today)
		if len(holders) != 2 || holders[0].Login != c.holder || holders[1].Login != c.deputy {
			t.Errorf("%s at %s: %v", c.role, c.at, holders)
			continue
		}
		if d := s.Deputies(holders[0].ID, today); len(d) != 1 || d[0].Login != c.deputy {
			t.Errorf("the deputies of %s: %v", c.holder, d)
		}
		for _, h := range holders {
			if m, ok := s.Post(h.Manager); !ok || m.Role != hub.Manager || m.Authority != c.at {
				t.Errorf("the manager of %s: %v", h.Login, m)
			}
		}
	}
	two := slices.IndexFunc(s.People, func(p structure.Person) bool { return len(p.Posts) == 2 })
	if two < 0 || s.People[two].Posts[0].Authority == s.People[two].Posts[1].Authority {
		t.Error("nobody is seconded")
	}
}

// The circle of a case can be drafted from the file: every seat is held, in
// Køge and at the police by a deputy too.
func TestCoreGroups(t *testing.T) {
	s := world(t)
	for _, m := range []hub.AuthorityID{"koege", "roskilde"} {
		h, _ := s.InfohusOf(m, today)
		for _, seat := range s.Members(h, today) {
			want := 2
			if seat.Authority == "roskilde" {
				want = 1
			}
			if len(seat.Posts) != want || seat.Posts[0].DeputyOf != "" || want == 2 && seat.Posts[1].DeputyOf != seat.Posts[0].ID {
				t.Errorf("%s: the seat of %s at %s is held by %v", m, seat.Department, seat.Authority, seat.Posts)
			}
		}
		if n := len(s.Holders(hub.MunicipalCoordinator, m, today)); n != 2 {
			t.Errorf("%s has %d coordinators, want one and a deputy", m, n)
		}
	}
}

// Whoever takes part can be answered for and looked after, and the housing
// association has an associate and nobody else.
func TestWhoTakesPart(t *testing.T) {
	s := world(t)
	for _, a := range s.Authorities {
		switch posts := s.PostsOf(a.ID, "", today); {
		case a.Kind == hub.HousingAssociation:
			if len(posts) != 1 || posts[0].Role != hub.Associate {
				t.Errorf("%s: %v", a.ID, posts)
			}
		case len(posts) > 0:
			for _, r := range []hub.Role{hub.Manager, hub.DPO} {
				if len(s.Holders(r, a.ID, today)) == 0 {
					t.Errorf("%s has no %s", a.ID, r)
				}
			}
		}
	}
	for _, c := range []struct {
		role  hub.Role
		at    hub.AuthorityID
		where string
		login string
	}{
		{hub.Partner, "kriminalforsorgen", "", "jytte"},
		{hub.Partner, "psykiatrien", "", "bodil"},
		{hub.Institution, "maanebakken", "", "mogens"},
		{hub.Institution, "koege", "papirdragen", "johanne"},
		{hub.LocalPolice, "mvs-politi", "lokalpoliti", "birk"},
		{hub.Receiver, "koege", "boern-uddannelse", "birk"},
	} {
		if p := s.PostsOf(c.at, c.where, today, c.role); len(p) == 0 || p[0].Login != c.login {
			t.Errorf("%s at %s: %v", c.role, c.at, p)
		}
	}
	if !s.InCooperation("koege", "psykiatrien", "RPL115-1-2", today) || !s.InCooperation("koege", "mvs-politi", "RPL115-2", today) ||
		!s.InCooperation("koege", "kriminalforsorgen", "RPL115-1-3a", today) || s.InCooperation("mvs-politi", "psykiatrien", "RPL115-1-1", today) ||
		!s.InCooperation("koege", "maanebakken", "RPL115-3", today) || s.InCooperation("roskilde", "psykiatrien", "RPL115-2", today) ||
		s.InCooperation("koege", "paraplyen", "RPL115-2", today) {
		t.Error("who works together")
	}
}

// The nine dimensions of the national tool, and five levels.
func TestTheInstrument(t *testing.T) {
	i, ok := world(t).InstrumentAt(today)
	if !ok || i.ID != "helhedsvurdering" || i.Version != "1" {
		t.Fatalf("the instrument is %s %s", i.ID, i.Version)
	}
	sides := map[structure.Side]int{}
	for _, d := range i.Dimensions {
		sides[d.Side]++
	}
	if sides[structure.Risk] != 4 || sides[structure.Resource] != 5 {
		t.Errorf("dimensions: %v", sides)
	}
	for n, code := range []string{"unfounded", "attention", "concern", "serious_concern", "acute"} {
		if l, ok := i.Level(code); !ok || l.N != n || len(i.Levels) != 5 {
			t.Errorf("the level %s: %+v", code, l)
		}
	}
}

// Every kind of help that domain and plan name is there, in sentences.
func TestTheCatalogue(t *testing.T) {
	s := world(t)
	want := []string{"concern_talk", "mentor", "contact_person", "contact_person_plus", "street_team", "job_education", "family_support", "psychologist",
		"drop_in", "network_group", "economic_advice", "exit", "statutory_notification", "statutory_measure_elsewhere"}
	var got []string
	for _, m := range s.Catalogue(today) {
		got = append(got, m.Code)
		for _, w := range []structure.Words{m.Nature, m.Target, m.Volume, m.Economy, m.Effect} {
			if !strings.HasSuffix(w.Da, ".") || !strings.HasSuffix(w.En, ".") || w.Da == w.En {
				t.Errorf("%s: %q and %q are no sentences", m.Code, w.Da, w.En)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if exit, _ := s.Measure("exit", today); !exit.Consent || exit.For(17) || !exit.For(18) {
		t.Error("exit is for adults, with consent")
	}
}
