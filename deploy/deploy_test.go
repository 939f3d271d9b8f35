package deploy_test

import (
	"bytes"
	"slices"
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
