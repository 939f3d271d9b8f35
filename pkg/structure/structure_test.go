package structure

import (
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

func read(t *testing.T, text string) *Structure {
	t.Helper()
	s, err := load(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Hats keep their IDs: rows and trails name them. A change here is a migration.
func TestHatIDsAreStable(t *testing.T) {
	s := read(t, small(t))
	anna := s.Posts()[0]
	if anna.ID != "r36tep1wpph09rx6ghcr64d2xg" || anna.Person != "sgzadfmzzx9k79brwpdvk3x8cg" {
		t.Errorf("anna's hat is %s, and she is %s", anna.ID, anna.Person)
	}
	seen := map[hub.ID]bool{}
	for _, h := range s.Hats() {
		if _, err := hub.ParseID(string(h.ID)); err != nil || seen[h.ID] {
			t.Errorf("the hat %s of %s", h.ID, h.Name)
		}
		seen[h.ID] = true
	}
	for name, other := range map[string]hub.ID{
		"login":      hatID("anne", "nordby", hub.MunicipalCoordinator, "boern"),
		"authority":  hatID("anna", "sydby", hub.MunicipalCoordinator, "boern"),
		"role":       hatID("anna", "nordby", hub.Receiver, "boern"),
		"department": hatID("anna", "nordby", hub.MunicipalCoordinator, "voksne"),
		"border":     hatID("annan", "ordby", hub.MunicipalCoordinator, "boern"),
	} {
		if other == anna.ID {
			t.Errorf("another %s has the same hat", name)
		}
	}
	// Neither the order of the file nor anybody's name or dates are in it.
	again := read(t, strings.NewReplacer("Anna Prøve", "Anna Bryllup", "boern, from: 2025-01-01, until: 2026-01-01, man", "boern, from: 2024-12-31, until: 2028-01-01, man",
		"dpo_advice: 2024-12-01", "dpo_advice: 2024-01-01").Replace(small(t)))
	if again.Posts()[0].ID != anna.ID || again.Posts()[0].Name == anna.Name {
		t.Error("a new name gives a new hat")
	}
	if s.Revision() == again.Revision() || len(s.Revision()) != 16 {
		t.Errorf("revisions %s and %s", s.Revision(), again.Revision())
	}
}

func TestPosts(t *testing.T) {
	s := read(t, strings.Replace(small(t), "      - {role: core_group, authority: nordby, department: boern, from: 2025-01-01, until: 2026-01-01}",
		"      - {role: municipal_coordinator, authority: nordby, from: 2025-06-01, until: 2026-01-01, deputy_of: anna, manager: chef, subject: other}", 1))
	anna, _ := s.Post(s.Posts()[0].ID)
	if anna.Issuer != "https://login.nordby.example" || anna.Subject != "a1" || anna.Kind != hub.Municipality || anna.Name != "Anna Prøve" || anna.Department != "boern" {
		t.Errorf("anna: %+v", anna)
	}
	if m, ok := s.Post(anna.Manager); !ok || m.Login != "chef" {
		t.Errorf("anna's manager: %+v", m)
	}
	may, july := at(t, "2025-05-01 12:00"), at(t, "2025-07-01 12:00")
	if d := s.Deputies(anna.ID, may); len(d) != 0 {
		t.Errorf("in May: %v", d)
	}
	if d := s.Deputies(anna.ID, july); len(d) != 1 || d[0].Login != "kerne" || d[0].Subject != "other" {
		t.Errorf("in July: %v", d)
	}
	if h := s.Holders(hub.MunicipalCoordinator, "nordby", july); len(h) != 2 || h[0].Login != "anna" {
		t.Errorf("holders: %v", h)
	}
	if _, ok := s.Post("nobody"); ok {
		t.Error("nobody has a hat")
	}
	if s.Posts()[0].Name = "x"; s.Posts()[0].Name == "x" {
		t.Error("the posts can be changed from outside")
	}
}

// What holds, holds from the first midnight in Copenhagen until the last.
func TestValidityAtAnInstant(t *testing.T) {
	s := read(t, small(t))
	first, last := at(t, "2025-01-01 00:00"), at(t, "2026-01-01 00:00")
	h := s.Posts()[0]
	for when, want := range map[time.Time]bool{first.Add(-time.Nanosecond): false, first: true, last.Add(-time.Nanosecond): true, last: false} {
		if h.Holds(when) != want {
			t.Errorf("the hat at %s: %t", when, !want)
		}
	}
	if first.UTC().Format(time.RFC3339) != "2024-12-31T23:00:00Z" {
		t.Errorf("the day begins at %s", first.UTC())
	}
	if s.Basis("RPL115-1-1", at(t, "2023-07-02 23:59")) || !s.Basis("RPL115-1-1", at(t, "2023-07-03 00:00")) || !s.Basis("RPL115-1-1", at(t, "2999-01-01 00:00")) {
		t.Error("the legal basis does not hold from its day on")
	}
	if s.Basis("RPL115-2", first) {
		t.Error("a basis that is not in the file is in force")
	}
	if len(s.Agreed("nordby", "nord-politi", "RPL115-1-1", first)) != 1 || len(s.Agreed("nord-politi", "nordby", "RPL115-1-1", at(t, "2027-01-01 00:00"))) != 0 ||
		len(s.Agreed("nordby", "skolen", "RPL115-1-1", first)) != 0 || len(s.Agreed("nordby", "nord-politi", "RPL115-3", first)) != 0 {
		t.Error("agreements")
	}
	if _, ok := s.InfohusOf("nordby", first.Add(-time.Second)); ok {
		t.Error("the infohus is there before its day")
	}
}

func TestLookUps(t *testing.T) {
	s := read(t, small(t))
	now := at(t, "2025-06-01 12:00")
	if l, ok := s.Limit("triage", "nordby", now); !ok || l != (Limit{5, WorkingDays}) {
		t.Errorf("limit %v", l)
	}
	if st, ok := s.Step("triage", "nordby", now); !ok || st.NameDa != "Visitering" || st.NameEn != "Triage" {
		t.Errorf("step %v", st)
	}
	if l, ok := s.Limit("follow_up", "nordby", now); !ok || l != (Limit{720, Hours}) {
		t.Errorf("the first follow-up %v", l)
	}
	if l, ok := s.LaterLimit("follow_up", "nordby", now); !ok || l != (Limit{2160, Hours}) {
		t.Errorf("the later follow-ups %v", l)
	}
	if l, ok := s.LaterLimit("analysis", "nordby", now); !ok || l != (Limit{15, WorkingDays}) {
		t.Errorf("a later analysis %v", l)
	}
	if _, ok := s.LaterLimit("follow_up", "sydby", now); ok {
		t.Error("a municipality without an infohus follows up")
	}
	if _, ok := s.Limit("unfounded", "nordby", now); ok {
		t.Error("a state that lasts no time has a limit")
	}
	if _, ok := s.Limit("triage", "sydby", now); ok {
		t.Error("a municipality without an infohus has a limit")
	}
	if h, ok := s.HomeOf("skolen", now); !ok || h.Municipality != "nordby" {
		t.Error("the school's infohus")
	}
	if h, ok := s.HomeOf("nordby", now); !ok || h.Police != "nord-politi" {
		t.Error("the municipality's infohus")
	}
	if _, ok := s.HomeOf("nord-politi", now); ok {
		t.Error("the police have one infohus")
	}
	if d, ok := s.Department("nordby", "voksne"); !ok || d.Name != "Voksne" {
		t.Error("department")
	}
	if _, ok := s.Department("sydby", "voksne"); ok {
		t.Error("a department of nobody")
	}
	if p, ok := s.Purpose(hub.LogControl); !ok || p.TextEn != "Log control" {
		t.Error("purpose")
	}
	if _, ok := s.Purpose(hub.Investigation); ok {
		t.Error("investigation is a purpose")
	}
}

// L22: every outcome has a rule, for every authority.
func TestErasure(t *testing.T) {
	s := read(t, strings.Replace(small(t), "closed_days:", "  - {outcome: unfounded, authority: nordby, work: {days: 1}, erase: {months: 1}, source: nordby}\nclosed_days:", 1))
	for _, o := range Outcomes {
		if r, ok := s.Erasure(o, "nord-politi"); !ok || r.Name() != o {
			t.Errorf("%s: %v", o, r)
		}
	}
	r, _ := s.Erasure("unfounded", "nordby")
	closed := at(t, "2026-06-15 10:00")
	if r.Name() != "unfounded/nordby" || r.RestrictAt(closed).Format(time.DateOnly) != "2026-06-16" || r.EraseAt(closed).Format(time.DateOnly) != "2026-07-15" {
		t.Errorf("the municipality's own rule: %+v", r)
	}
	if _, ok := s.Erasure("lost", "nordby"); ok {
		t.Error("an unknown outcome has a rule")
	}
}

// A role that never may have an account is in no table, whatever the file says.
func TestRolesWithoutAccounts(t *testing.T) {
	for _, r := range hub.Roles {
		never := r == hub.Investigator || r == hub.ControlUnit
		if (where[r] == nil) != never {
			t.Errorf("%s may be held at %v", r, where[r])
		}
	}
	for _, s := range States {
		if rails[s].longest.N == 0 {
			t.Errorf("%s has no rail", s)
		}
	}
}
