package structure

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// without gives the small file with a section emptied.
func without(t *testing.T, section, next string) string {
	t.Helper()
	head, rest, ok := strings.Cut(small(t), "\n"+section+":\n")
	_, tail, found := strings.Cut(rest, "\n"+next+":")
	if !ok || !found {
		t.Fatalf("no section %s before %s", section, next)
	}
	return head + "\n" + section + ": []\n" + next + ":" + tail
}

func TestEmptySections(t *testing.T) {
	for _, c := range []struct{ section, next, want string }{
		{"instruments", "catalogue", "x.yaml:54: from 2025-01-01 no instrument holds, and the infohus of nordby has cases to assess; let one begin then, or the one before go on"},
		{"catalogue", "closing_reasons", "x.yaml:67: the catalogue is empty, and so nothing could be offered; add the help there is"},
		{"closing_reasons", "retention", "x.yaml:104: closing_reasons lacks unfounded; add it, with the outcome it leads to"},
	} {
		_, err := load(without(t, c.section, c.next))
		if err == nil {
			t.Errorf("%s: no error", c.section)
			continue
		}
		if first, _, _ := strings.Cut(err.Error(), "\n"); first != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.section, first, c.want)
		}
	}
}

// A new version of the instrument takes over on its day; what was begun under
// the old one still finds it.
func TestInstrumentVersions(t *testing.T) {
	next := strings.NewReplacer("\"1\"", "\"2\"", "from: 2024-01-01", "from: 2025-07-01", "violence", "weapons")
	_, rest, _ := strings.Cut(small(t), "\ninstruments:\n")
	one, _, _ := strings.Cut(rest, "catalogue:\n")
	text := strings.Replace(small(t), one, strings.Replace(one, "from: 2024-01-01", "from: 2024-01-01\n    until: 2025-07-01", 1)+next.Replace(one), 1)
	s := read(t, text)
	for when, want := range map[string]string{"2024-01-01 00:00": "1", "2025-06-30 23:59": "1", "2025-07-01 00:00": "2", "2035-01-01 00:00": "2"} {
		if i, ok := s.InstrumentAt(at(t, when)); !ok || i.Version != want {
			t.Errorf("%s: version %s, want %s", when, i.Version, want)
		}
	}
	if _, ok := s.InstrumentAt(at(t, "2023-12-31 23:59")); ok {
		t.Error("there is an instrument before the first")
	}
	old, ok := s.Instrument("skema", "1")
	if !ok || old.Name.In("en") != "Form" || old.Name.In("da") != "Skema" || old.Source != "ministeriet" {
		t.Errorf("the old version: %+v", old)
	}
	if d, ok := old.Dimension("violence"); !ok || d.Side != Risk || d.Guide.In("da") != "Hvad er sket" {
		t.Errorf("its dimension: %+v", d)
	}
	if _, ok := old.Dimension("weapons"); ok {
		t.Error("the old version has the new one's dimension")
	}
	if l, ok := old.Level("concern"); !ok || l.N != 1 || l.Name.In("en") != "Concern" {
		t.Errorf("its level: %+v", l)
	}
	if _, ok := old.Level("high"); ok {
		t.Error("an unknown level")
	}
	if _, ok := s.Instrument("skema", "3"); ok {
		t.Error("an unknown version")
	}
	// A gap of a day between them is told.
	_, err := load(strings.Replace(text, "from: 2025-07-01", "from: 2025-07-02", 1))
	if err == nil || !strings.Contains(err.Error(), "from 2025-07-01 no instrument holds") {
		t.Errorf("a day without an instrument: %v", err)
	}
}

func TestCatalogue(t *testing.T) {
	s := read(t, strings.Replace(small(t), "    source: valg\n    from: 2025-01-01\n", "    source: valg\n    from: 2025-01-01\n    until: 2025-07-01\n", 1))
	codes := func(when string) (all []string) {
		for _, m := range s.Catalogue(at(t, when)) {
			all = append(all, m.Code)
		}
		return all
	}
	if got := codes("2025-06-30 23:59"); !slices.Equal(got, []string{"mentor", "exit", "statutory_notification"}) {
		t.Errorf("in June: %v", got)
	}
	if got := codes("2025-07-01 00:00"); !slices.Equal(got, []string{"exit", "statutory_notification"}) {
		t.Errorf("in July: %v", got)
	}
	june := at(t, "2025-06-01 12:00")
	mentor, ok := s.Measure("mentor", june)
	if !ok || mentor.Kind != KindPlain || mentor.Consent || mentor.Name.In("da") != "Mentor" || mentor.Effect.In("en") != "Turns up" ||
		mentor.Nature.Da == "" || mentor.Target.Da == "" || mentor.Volume.Da == "" || mentor.Economy.Da == "" {
		t.Errorf("mentor: %+v", mentor)
	}
	if _, ok := s.Measure("mentor", at(t, "2025-07-01 00:00")); ok {
		t.Error("what has ended is offered")
	}
	exit, _ := s.Measure("exit", june)
	child, _ := s.Measure("statutory_notification", june)
	for age, want := range map[int][3]bool{0: {true, false, true}, 17: {true, false, true}, 18: {true, true, false}, 90: {true, true, false}} {
		if got := [3]bool{mentor.For(age), exit.For(age), child.For(age)}; got != want {
			t.Errorf("for somebody of %d: %v, want %v", age, got, want)
		}
	}
	if !exit.Consent {
		t.Error("exit without consent")
	}
}

// Every reason leads to a rule for erasing, and help that was taken up is
// remembered as such.
func TestClosing(t *testing.T) {
	s := read(t, small(t))
	for _, code := range closings {
		c, ok := s.ClosingReason(code)
		if !ok {
			t.Errorf("%s is no reason", code)
		}
		for _, kinds := range [][]MeasureKind{nil, {KindPlain}, {KindExit}} {
			if _, ok := s.Erasure(c.OutcomeAfter(kinds...), "nordby"); !ok {
				t.Errorf("%s after %v is never erased", code, kinds)
			}
		}
	}
	if _, ok := s.ClosingReason("boredom"); ok {
		t.Error("an unknown reason")
	}
	for _, c := range []struct {
		reason string
		kinds  []MeasureKind
		want   string
	}{
		{"moved", nil, "assessed"},
		{"moved", []MeasureKind{KindNotification}, "assessed"},
		{"moved", []MeasureKind{KindNotification, KindTalk}, "supported"},
		{"moved", []MeasureKind{KindPlain, KindExit}, "exit"},
		{"risk_reduced", nil, "supported"},
		{"risk_reduced", []MeasureKind{KindExit}, "exit"},
		{"unfounded", []MeasureKind{KindExit}, "unfounded"},
		{"police_only", []MeasureKind{KindPlain}, "police_only"},
		{"error", []MeasureKind{KindExit}, "error"},
	} {
		r, _ := s.ClosingReason(c.reason)
		if got := r.OutcomeAfter(c.kinds...); got != c.want {
			t.Errorf("%s after %v: %s, want %s", c.reason, c.kinds, got, c.want)
		}
	}
	closed := at(t, "2026-06-15 10:00")
	if r, _ := s.Erasure("error", "nordby"); r.EraseAt(closed).Sub(closed) != 24*time.Hour {
		t.Errorf("an error is erased at %s", r.EraseAt(closed))
	}
	if open, _ := s.Erasure("case", "nordby"); open.RestrictAt(closed) != open.EraseAt(closed) {
		t.Error("an open case is restricted while it is open")
	}
}

// The circle of a case can be drafted from the file.
func TestMembers(t *testing.T) {
	s := read(t, small(t)+`  - login: vikar
    name: Vikar Prøve
    subject: a5
    hats:
      - {role: core_group, authority: nordby, department: boern, from: 2025-06-01, until: 2026-01-01, deputy_of: kerne}
  - login: bent
    name: Bent Prøve
    subject: p4
    hats:
      - {role: core_group, authority: nord-politi, from: 2025-01-01, until: 2026-01-01}
`)
	logins := func(posts []Post) (all []string) {
		for _, p := range posts {
			all = append(all, p.Login)
		}
		return all
	}
	may, july := at(t, "2025-05-01 12:00"), at(t, "2025-07-01 12:00")
	h, _ := s.InfohusOf("nordby", july)
	m := s.Members(h, july)
	if len(m) != 2 || m[0].Authority != "nordby" || m[0].Department != "boern" || !slices.Equal(logins(m[0].Posts), []string{"kerne", "vikar"}) ||
		m[1].Authority != "nord-politi" || !slices.Equal(logins(m[1].Posts), []string{"bent"}) {
		t.Errorf("in July: %+v", m)
	}
	if m := s.Members(h, may); !slices.Equal(logins(m[0].Posts), []string{"kerne"}) {
		t.Errorf("in May: %+v", m)
	}
	if m := s.Members(h, at(t, "2027-01-01 12:00")); len(m) != 2 || len(m[0].Posts) != 0 {
		t.Errorf("when all posts have ended: %+v", m)
	}
	if m := s.Members(h, at(t, "2024-12-31 23:59")); m != nil {
		t.Errorf("before the infohus: %+v", m)
	}
	for _, c := range []struct {
		about      string
		authority  hub.AuthorityID
		department string
		roles      []hub.Role
		want       []string
	}{
		{"everybody at an authority", "nordby", "", nil, []string{"anna", "chef", "dorte", "kerne", "vikar"}},
		{"of a department", "nordby", "boern", nil, []string{"anna", "kerne", "vikar"}},
		{"of one role", "nordby", "", []hub.Role{hub.Manager}, []string{"chef"}},
		{"of several", "nordby", "boern", []hub.Role{hub.Manager, hub.CoreGroup, hub.MunicipalCoordinator}, []string{"anna", "kerne", "vikar"}},
		{"of an empty department", "nordby", "voksne", nil, nil},
		{"of nobody", "sydby", "", nil, nil},
	} {
		if got := logins(s.PostsOf(c.authority, c.department, july, c.roles...)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.about, got, c.want)
		}
	}
}

func TestCooperation(t *testing.T) {
	s := read(t, strings.NewReplacer(
		"  - {code: RPL115-3, da", "  - {code: RPL115-2, da: Øvrige, en: Others, source: rpl., from: 2023-07-03}\n  - {code: RPL115-3, da",
		"from: 2025-01-01, until: 2027-01-01}\n", "from: 2025-01-01, until: 2027-01-01}\n  - {id: skole, name: Skolen, parties: [nordby, skolen], basis: RPL115-3, reference: A-2, from: 2025-01-01, until: 2027-01-01}\n",
		"{code: RPL115-1-1, da: SSP, en: SSP, source: rpl., from: 2023-07-03}", "{code: RPL115-1-1, da: SSP, en: SSP, source: rpl., from: 2023-07-03, until: 2026-07-01}",
	).Replace(small(t)))
	for _, c := range []struct {
		x, y  hub.AuthorityID
		basis hub.LegalBasis
		when  string
		want  bool
	}{
		{"nordby", "nord-politi", "RPL115-1-1", "2025-01-01 00:00", true},
		{"nord-politi", "nordby", "RPL115-1-1", "2025-01-01 00:00", true},
		{"nord-politi", "nordby", "RPL115-1-1", "2024-12-31 23:59", false}, // not yet
		{"nord-politi", "nordby", "RPL115-1-1", "2026-07-01 00:00", false}, // the law has ended
		{"nordby", "nord-politi", "RPL115-2", "2025-06-01 12:00", true},    // in the cooperation under stk. 1
		{"nordby", "nord-politi", "RPL115-2", "2026-07-01 00:00", false},   // which has ended
		{"nordby", "skolen", "RPL115-3", "2026-12-31 23:59", true},
		{"nordby", "skolen", "RPL115-3", "2027-01-01 00:00", false}, // the agreement has ended
		{"nordby", "skolen", "RPL115-2", "2025-06-01 12:00", false}, // an institution is not in it by stk. 2
		{"nord-politi", "skolen", "RPL115-3", "2025-06-01 12:00", false},
		{"nordby", "nord-politi", "RPL115-3", "2025-06-01 12:00", false},
		{"nordby", "nord-politi", "RPL115-1-2", "2025-06-01 12:00", false},
		{"nordby", "boligen", "RPL115-1-1", "2025-06-01 12:00", false},
		{"nordby", "nordby", "RPL115-1-1", "2025-06-01 12:00", false},
		{"nordby", "", "RPL115-1-1", "2025-06-01 12:00", false},
		{"nordby", "nord-politi", "", "2025-06-01 12:00", false},
	} {
		if got := s.InCooperation(c.x, c.y, c.basis, at(t, c.when)); got != c.want {
			t.Errorf("%s and %s under %s at %s: %t", c.x, c.y, c.basis, c.when, got)
		}
	}
	for basis, want := range map[hub.LegalBasis]string{"RPL115-1-1": "RPL115-1-1", "RPL115-2": "RPL115-1-1 RPL115-2", "RPL115-3": "RPL115-3", "RPL115-1-2": ""} {
		var got []string
		for _, b := range s.Carriers(basis) {
			got = append(got, string(b))
		}
		if slices.Sort(got); strings.Join(got, " ") != want {
			t.Errorf("%s is carried by %v, want %s", basis, got, want)
		}
	}
	if a := s.TaskArea("skolen"); a != "teaching" {
		t.Errorf("the school's task: %q", a)
	}
	if s.TaskArea("nordby") != "" || s.TaskArea("vestby") != "" {
		t.Error("a task area of others")
	}
}

// A file says how a declined request looks; there is no default.
func TestDeclines(t *testing.T) {
	for word, want := range map[string]Declines{"nothing_known": ShownAsNothingKnown, "declined": ShownAsDeclined} {
		s := read(t, strings.Replace(small(t), "declines: nothing_known", "declines: "+word, 1))
		if h, _ := s.InfohusOf("nordby", at(t, "2025-06-01 12:00")); h.Declines != want {
			t.Errorf("%s: %q", word, h.Declines)
		}
	}
}
