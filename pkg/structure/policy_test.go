package structure

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// Invented keys: nobody has the private ones.
const (
	policeKey = "nord-politi+b116cc0e+AX5cYxBe5W2cKbEkFVsTd3S2YR/1t4mWr/560mtnq9Jc"
	nordbyKey = "nordby+044bb7f8+AUQNGxsX1avDyabFn82H0yblmo79khhtV+qQONrh6Eji"
	nordboKey = "nordbo+afc4f6ae+AU4HQIVivtuLYM4Fwd7P460WtyIwln3gH2QLfkcptJ/O"
)

const approval = `policy:
  approved_by: [police, municipality]
  keys:
    - {authority: nord-politi, key: ` + policeKey + `, from: 2026-01-01}
    - {authority: nordby, key: ` + nordbyKey + `, from: 2026-01-01, until: 2027-01-01}
`

func TestWhoApprovesTheRules(t *testing.T) {
	whole := small(t) + approval
	s, err := load(whole)
	if err != nil {
		t.Fatal(err)
	}
	p := s.Policy
	if len(p.ApprovedBy) != 2 || p.ApprovedBy[0] != hub.Police || p.ApprovedBy[1] != hub.Municipality || len(p.Keys) != 2 || p.Keys[1].Authority != "nordby" || p.Keys[1].Key != nordbyKey ||
		!p.Keys[0].Holds(time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)) || p.Keys[1].Holds(time.Date(2027, 1, 1, 0, 0, 0, 0, hub.Copenhagen)) {
		t.Errorf("%+v", p)
	}
	if none, err := load(small(t)); err != nil || len(none.Policy.ApprovedBy)+len(none.Policy.Keys) > 0 {
		t.Errorf("a file without the section names %+v, %v", none.Policy, err)
	}
	for name, c := range map[string]struct{ find, put, want string }{
		"one authority":      {"[police, municipality]", "[police]", "2: a revision of the rules is approved by two authorities at least; write for instance [police, municipality]"},
		"no list":            {"[police, municipality]", "police", "2: approved_by is to be a list; begin each item with a dash"},
		"a region":           {"[police, municipality]", "[police, region]", `2: the kind "region" is unknown; write one of: police, municipality`},
		"nobody's":           {"authority: nordby,", "authority: nordbu,", `5: the key's authority "nordbu" is not under authorities; did you mean nordby?`},
		"a school's":         {"authority: nordby,", "authority: skolen,", `5: the key's authority "skolen" is of the kind self_governing, and is to be a police or a municipality`},
		"another's":          {nordbyKey, nordboKey, `5: the key was made for "nordbo", and stands here as that of nordby; make one with infohus policy key nordby`},
		"half a key":         {nordbyKey, nordbyKey[:50], "5: this is no public key, or letters of it are missing; write the line that infohus policy key printed"},
		"a private key":      {nordbyKey, "PRIVATE+KEY+nordby+00000000+AAAA", "5: this is the private key of nordby, and whoever has it signs in its name: take it out of the file, make a new one with infohus policy key, and write the public one here"},
		"twice":              {"authority: nordby, key: " + nordbyKey, "authority: nord-politi, key: " + policeKey, "5: the key stands twice, first on line "},
		"since never":        {nordbyKey + ", from: 2026-01-01", nordbyKey, "5: a policy key lacks from; write from: …"},
		"a field of its own": {"approved_by", "aproved_by", `2: policy has no field "aproved_by"; did you mean approved_by?`},
	} {
		before := strings.Count(small(t), "\n")
		_, err := load(small(t) + strings.Replace(approval, c.find, c.put, 1))
		line, want, _ := strings.Cut(c.want, ":")
		if err == nil || !strings.Contains(err.Error(), strings.Join([]string{"x.yaml", strconv.Itoa(before + int(line[0]-'0')), want}, ":")) {
			t.Errorf("%s: got\n%v\nwant line %s +%d:%s", name, err, line, before, want)
		}
	}
}
