package assessment

import (
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
)

// Joint is what one version of the joint assessment (helhedsvurdering, D13)
// says. One struct is what is written, kept, signed and shown, so that they
// cannot differ (A005). A draft may be half written. There is no figure in it,
// and nothing in it is worked out from anything else (L38).
type Joint struct {
	Dimensions  []Dimension `json:"dimensions,omitempty"`
	Level       string      `json:"level,omitempty" of:"levels"` // a code of the instrument, set by a named human; none to begin with (L38)
	Rationale   string      `json:"rationale,omitempty"`         // at least 80 characters
	NoneFor     bool        `json:"none_for,omitzero"`           // nothing was found that speaks for the concern
	NoneAgainst bool        `json:"none_against,omitzero"`       // nothing was found that speaks against it
	ChangeTest  string      `json:"change_test,omitempty"`       // what would change our mind
	Scenarios   string      `json:"scenarios,omitempty"`
	ValidUntil  string      `json:"valid_until,omitempty"` // YYYY-MM-DD
}

// Dimension is what is said under one dimension of the instrument.
type Dimension struct {
	Code       string     `json:"code" of:"dimensions"`
	For        []Evidence `json:"evidence_for,omitempty"`
	Against    []Evidence `json:"evidence_against,omitempty"`
	Protective []Evidence `json:"protective,omitempty"`
	Gaps       []Gap      `json:"gaps,omitempty"`
	Relevance  string     `json:"relevance,omitempty"`
	Movement   string     `json:"movement,omitempty"`
	Confidence string     `json:"confidence,omitempty"`
}

// Evidence is one statement: typed, sourced and dated (L39).
type Evidence struct {
	Text   string `json:"text"`
	Kind   string `json:"kind,omitempty"`   // fact, assessment, hearsay
	Source string `json:"source,omitempty"` // where it is from
	AsOf   string `json:"as_of,omitempty"`  // YYYY-MM-DD: when it was so
	Answer hub.ID `json:"answer,omitempty"` // the answer that it cites
	Cited  bool   `json:"cited,omitzero"`   // the rationale builds on it
}

// Gap is something that nobody in the room knows: what, who could, and by when.
type Gap struct {
	What string          `json:"what"`
	Who  hub.AuthorityID `json:"who_could_know,omitempty" of:"authorities"`
	Due  string          `json:"due,omitempty"` // YYYY-MM-DD: it comes back then
}

// The code lists of a dimension (domain.md 4.4). No first one is a default.
var (
	Relevances  = []string{"none", "some", "central", notAssessable}
	Movements   = []string{"better", "same", "worse", "unknown"}
	Confidences = []string{"low", "medium", "high"}
)

const notAssessable = "not_assessable"

// Limits on the joint assessment.
const (
	minRationale = 80
	minTest      = 20
	mostRows     = 8 // statements on one side of a dimension, or gaps in it
)

// A Joint tells nobody what it says by being printed or logged.
func (j Joint) Format(s fmt.State, _ rune) { fmt.Fprint(s, hub.Personal{}) }

// LogValue says [personal].
func (j Joint) LogValue() slog.Value { return hub.Personal{}.LogValue() }

// table is what an assessment is held against: the case's instrument, the
// authorities there are, and today.
type table struct {
	structure.Instrument
	known func(hub.AuthorityID) bool
	today time.Time
}

// sides are the lists of statements of a dimension, with their names.
func (d *Dimension) sides() []struct {
	name string
	list *[]Evidence
} {
	return []struct {
		name string
		list *[]Evidence
	}{{"evidence_for", &d.For}, {"evidence_against", &d.Against}, {"protective", &d.Protective}}
}

// empty reports a row in which nothing was written; a kind alone is no row.
func (e Evidence) empty() bool {
	return strings.TrimSpace(e.Text) == "" && strings.TrimSpace(e.Source) == "" && e.AsOf == "" && e.Answer == ""
}

func (g Gap) empty() bool { return strings.TrimSpace(g.What) == "" && g.Who == "" && g.Due == "" }

// arrange puts the dimensions in the instrument's order, each once, and leaves
// out rows in which nothing was written and space around what was: page and API
// keep the same bytes.
func (j Joint) arrange(by structure.Instrument) Joint {
	for _, text := range []*string{&j.Rationale, &j.ChangeTest, &j.Scenarios} {
		*text = strings.TrimSpace(*text)
	}
	all := make([]Dimension, len(by.Dimensions))
	for i, known := range by.Dimensions {
		all[i].Code = known.Code
		for _, d := range j.Dimensions {
			if d.Code == known.Code {
				all[i] = d
			}
		}
		for _, side := range all[i].sides() {
			*side.list = slices.DeleteFunc(slices.Clone(*side.list), Evidence.empty)
			for n := range *side.list {
				e := &(*side.list)[n]
				e.Text, e.Source = strings.TrimSpace(e.Text), hub.CleanLine(e.Source)
			}
		}
		all[i].Gaps = slices.DeleteFunc(slices.Clone(all[i].Gaps), Gap.empty)
		for n := range all[i].Gaps {
			all[i].Gaps[n].What = strings.TrimSpace(all[i].Gaps[n].What)
		}
	}
	j.Dimensions = all
	return j
}

// at is the name of a field of a dimension, the same in the API and on the page.
func at(dimension int, parts ...any) string {
	name := "dimensions." + strconv.Itoa(dimension)
	for _, p := range parts {
		name += "." + fmt.Sprint(p)
	}
	return name
}

// Faults is what not even a draft may say: codes that there are not, dates that
// there are not, and more than there is room for.
func (j Joint) Faults(t table) hub.Problems {
	var p hub.Problems
	seen := map[string]bool{}
	for i, d := range j.Dimensions {
		if _, ok := t.Dimension(d.Code); !ok || seen[d.Code] {
			p.Add(at(i, "code"), "error.choose")
		}
		seen[d.Code] = true
		d.faults(&p, i, t)
	}
	if _, ok := t.Level(j.Level); !ok && j.Level != "" {
		p.Add("level", "error.choose")
	}
	long(&p, "rationale", j.Rationale)
	long(&p, "change_test", j.ChangeTest)
	long(&p, "scenarios", j.Scenarios)
	date(&p, "valid_until", j.ValidUntil)
	return p
}

func (d *Dimension) faults(p *hub.Problems, i int, t table) {
	for _, side := range d.sides() {
		many(p, at(i, side.name, mostRows, "text"), len(*side.list))
		for n, e := range *side.list {
			long(p, at(i, side.name, n, "text"), e.Text)
			if len([]rune(e.Source)) > service.MaxLine {
				p.Add(at(i, side.name, n, "source"), "error.too_long", service.MaxLine)
			} else if hub.NewPersonal(e.Source).Numbered() {
				p.Add(at(i, side.name, n, "source"), "error.number")
			}
			oneOf(p, at(i, side.name, n, "kind"), e.Kind, Kinds)
			if date(p, at(i, side.name, n, "as_of"), e.AsOf).After(t.today) {
				p.Add(at(i, side.name, n, "as_of"), "error.date.future")
			}
		}
	}
	many(p, at(i, "gaps", mostRows, "what"), len(d.Gaps))
	for n, g := range d.Gaps {
		long(p, at(i, "gaps", n, "what"), g.What)
		if g.Who != "" && !t.known(g.Who) {
			p.Add(at(i, "gaps", n, "who_could_know"), "error.choose")
		}
		date(p, at(i, "gaps", n, "due"), g.Due)
	}
	oneOf(p, at(i, "relevance"), d.Relevance, Relevances)
	oneOf(p, at(i, "movement"), d.Movement, Movements)
	oneOf(p, at(i, "confidence"), d.Confidence, Confidences)
}

func long(p *hub.Problems, field, text string) {
	service.Text(p, field, hub.NewPersonal(text), 0, service.MaxText)
}

func many(p *hub.Problems, field string, n int) {
	if n > mostRows {
		p.Add(field, "assessment.error.too_many", mostRows)
	}
}

func oneOf(p *hub.Problems, field, code string, list []string) {
	if code != "" && !slices.Contains(list, code) {
		p.Add(field, "error.choose")
	}
}

// date reads a day that may be left out.
func date(p *hub.Problems, field, day string) time.Time {
	if day == "" {
		return time.Time{}
	}
	t, err := time.ParseInLocation(time.DateOnly, day, hub.Copenhagen)
	if err != nil || t.Year() < 1900 {
		p.Add(field, "error.date")
		return time.Time{}
	}
	return t
}

// Missing is everything that must still be written before the assessment can be
// signed, all of it at once. It asks for no particular answer: what nobody knows
// is named as a gap, and never filled in (domain.md 4.4).
func (j Joint) Missing(t table) hub.Problems {
	p := j.Faults(t)
	for i := range j.Dimensions {
		j.Dimensions[i].missing(&p, i, t)
	}
	if j.Level == "" {
		p.Add("level", "error.choose")
	}
	least(&p, "rationale", j.Rationale, minRationale)
	j.cites(&p, "none_for", j.NoneFor, func(d Dimension) []Evidence { return d.For })
	j.cites(&p, "none_against", j.NoneAgainst, func(d Dimension) []Evidence { return d.Against })
	least(&p, "change_test", j.ChangeTest, minTest)
	ahead(&p, "valid_until", j.ValidUntil, t.today)
	return p
}

// cites checks one side of the rationale: it builds on at least one statement,
// or says that none was found; and it does not say so where there is one.
func (j Joint) cites(p *hub.Problems, field string, none bool, side func(Dimension) []Evidence) {
	written, cited := 0, 0
	for _, d := range j.Dimensions {
		for _, e := range side(d) {
			written++
			if e.Cited {
				cited++
			}
		}
	}
	switch {
	case none && written > 0:
		p.Add(field, "assessment.error.not_none")
	case !none && cited == 0:
		p.Add(field, "assessment.error.both_sides")
	}
}

func (d *Dimension) missing(p *hub.Problems, i int, t table) {
	if d.Relevance == "" {
		p.Add(at(i, "relevance"), "error.choose")
	}
	counts := d.Relevance == "some" || d.Relevance == "central"
	if counts && d.Movement == "" {
		p.Add(at(i, "movement"), "error.choose")
	}
	if counts && d.Confidence == "" {
		p.Add(at(i, "confidence"), "error.choose")
	}
	if counts && len(d.For)+len(d.Against)+len(d.Protective) == 0 {
		p.Add(at(i, "evidence_for", 0, "text"), "assessment.error.builds_on_nothing")
	}
	if d.Relevance == notAssessable && len(d.Gaps) == 0 {
		p.Add(at(i, "gaps", 0, "what"), "assessment.error.name_the_gap")
	}
	for _, side := range d.sides() {
		for n, e := range *side.list {
			e.missing(p, at(i, side.name, n))
		}
	}
	for n, g := range d.Gaps {
		least(p, at(i, "gaps", n, "what"), g.What, 1)
		if g.Who == "" {
			p.Add(at(i, "gaps", n, "who_could_know"), "error.choose")
		}
		ahead(p, at(i, "gaps", n, "due"), g.Due, t.today)
	}
}

// missing is L39: an untyped, unsourced or undated statement is refused.
func (e Evidence) missing(p *hub.Problems, field string) {
	least(p, field+".text", e.Text, 1)
	if e.Kind == "" {
		p.Add(field+".kind", "error.choose")
	}
	if strings.TrimSpace(e.Source) == "" {
		p.Add(field+".source", "error.required")
	}
	if e.AsOf == "" {
		p.Add(field+".as_of", "error.required")
	}
}

// least asks for a text of some length; that it is too long is a fault already.
func least(p *hub.Problems, field, text string, n int) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		p.Add(field, "error.required")
	case len([]rune(text)) < n:
		p.Add(field, "error.too_short", n)
	}
}

// ahead asks for a day that lies ahead, within a year; that it is no day is a
// fault already.
func ahead(p *hub.Problems, field, day string, today time.Time) {
	t, err := time.ParseInLocation(time.DateOnly, day, hub.Copenhagen)
	switch {
	case day == "":
		p.Add(field, "error.required")
	case err != nil:
	case !t.After(today):
		p.Add(field, "assessment.error.past")
	case t.After(today.AddDate(1, 0, 0)):
		p.Add(field, "assessment.error.far")
	}
}
