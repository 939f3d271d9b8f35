package person

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
)

// The person categories of LED art. 6 that the hub registers (L40). A related
// person is not registered at all (L28).
const (
	OfConcern = "of_concern" // the person a concern is about
	Released  = "released"   // convicted or released
	Victim    = "victim"
	Contact   = "contact"
)

// Categories lists every category, in the order that a form shows them.
var Categories = []string{OfConcern, Released, Victim, Contact}

// The age bands, the only thing about age that leaves this room (domain.md 4.2).
const (
	Under18    = "under_18"
	From18To25 = "18_25"
	Over25     = "over_25"
	UnknownAge = "unknown"
)

// Bands lists every age band, in the order that a form shows them.
var Bands = []string{Under18, From18To25, Over25, UnknownAge}

// What is known of the personal number.
const (
	NumberGiven   = "given"   // an ordinary or a substitute number
	NumberNone    = "none"    // the person has none (L30)
	NumberUnknown = "unknown" // not known yet
)

// Subject is what this room keeps of a person in the clear: nothing that says
// who it is. What does is in boxes under the subject's own key.
type Subject struct {
	ID         hub.ID
	Controller hub.AuthorityID
	Category   string
	Band       string
	Protected  bool   // name and address protection (navne- og adressebeskyttelse, L31)
	Number     string // NumberGiven, NumberNone or NumberUnknown
	Named      bool
	By         hub.ID          // the person who registered it
	At         hub.AuthorityID // where that person worked
}

// Identified reports whether nothing is left to complete: a name, and a number
// or the word that there is none.
func (s Subject) Identified() bool { return s.Named && s.Number != NumberUnknown }

// Identity is who somebody is, valid as it stands. [Form.Identity] makes one.
type Identity struct {
	Name     hub.Personal
	Number   Number
	Birth    Day // from the number where there is one
	Address  hub.Personal
	Language hub.Personal // the need of an interpreter, never an origin (N4)
}

// Form is what was typed about a person, on a page or over the API. Its texts
// are as they came: [Form.Identity] is what may be kept.
type Form struct {
	Unknown   bool         `json:"unknown,omitempty"`  // who it is about is not known yet
	Category  string       `json:"category,omitempty"` // one of Categories; "" is of_concern
	Name      hub.Personal `json:"name,omitzero"`
	CPR       hub.Personal `json:"cpr,omitzero"`
	NoCPR     bool         `json:"no_cpr,omitempty"` // the person has no Danish number
	BirthDate hub.Personal `json:"birth_date,omitzero"`
	AgeBand   string       `json:"age_band,omitempty"` // a judgement, where no birth date is known
	Address   hub.Personal `json:"address,omitzero"`
	Protected bool         `json:"protected,omitempty"`
	Language  hub.Personal `json:"language,omitzero"`
}

// Codes lists what a form may name.
func (Form) Codes() map[string][]string {
	return map[string][]string{"category": Categories, "age_band": Bands}
}

// Needs says that something is told.
func (Form) Needs() [][]string {
	return [][]string{{"name"}, {"cpr"}, {"no_cpr"}, {"birth_date"}, {"age_band"}, {"address"}, {"protected"}, {"language"}}
}

// The longest that is accepted, in characters: room for any real value.
const (
	maxName     = 200
	maxAddress  = 300
	maxLanguage = 60
)

// Identity checks a form on a day and gives what it says, with everything that
// is wrong at once (hub.Problems). Keys name the way to mend it; what was typed
// is never in an error.
func (f Form) Identity(today Day) (Identity, error) {
	least := 1
	if f.Unknown {
		least = 0
	}
	id, p := f.check(today, least)
	if f.Unknown && (typed(f.Name) != "" || typed(f.CPR) != "") {
		p.Add("unknown", "person.error.subject.not_unknown")
	}
	return id, p.Err()
}

// Addition checks a form that adds to what is known: nothing in it is needed,
// but something.
func (f Form) Addition(today Day) (Identity, error) {
	id, p := f.check(today, 0)
	empty := id == (Identity{}) && !f.NoCPR && !f.Protected && (f.AgeBand == "" || f.AgeBand == UnknownAge)
	if len(p) == 0 && empty {
		p.Add("name", "person.error.subject.nothing")
	}
	return id, p.Err()
}

func (f Form) check(today Day, least int) (id Identity, p hub.Problems) {
	id.Name = line(&p, "name", f.Name, least, maxName)
	id.Number, id.Birth = f.numberAndBirth(&p, today)
	id.Address = line(&p, "address", f.Address, 0, maxAddress)
	id.Language = line(&p, "language", f.Language, 0, maxLanguage)
	if f.Category != "" && !slices.Contains(Categories, f.Category) {
		p.Add("category", "error.unknown_choice")
	}
	if f.AgeBand != "" && !slices.Contains(Bands, f.AgeBand) {
		p.Add("age_band", "error.unknown_choice")
	}
	return id, p
}

// numberAndBirth reads the number and the day of birth, which must agree.
func (f Form) numberAndBirth(p *hub.Problems, today Day) (Number, Day) {
	var n Number
	var birth Day
	cpr, date := typed(f.CPR), typed(f.BirthDate)
	if cpr != "" {
		var err error
		if n, err = ParseNumber(cpr); err != nil {
			*p = append(*p, err.(*hub.Error))
		}
		if f.NoCPR {
			p.Add("no_cpr", "person.error.cpr.and_none")
		}
	}
	if date != "" {
		var err error
		if birth, err = ParseDay(date); err != nil {
			*p = append(*p, err.(*hub.Error))
		}
	}
	if !n.Empty() && today.Before(n.Birth()) {
		p.Add("cpr", "person.error.cpr.future")
	}
	if birth != (Day{}) && today.Before(birth) {
		p.Add("birth_date", "person.error.birth.future")
	}
	if birth != (Day{}) && birth.Age(today) > 130 {
		p.Add("birth_date", "person.error.birth.past")
	}
	if !n.Empty() && birth != (Day{}) && birth != n.Birth() {
		p.Add("birth_date", "person.error.birth.disagrees")
	}
	if birth == (Day{}) {
		birth = n.Birth()
	}
	if is := Band(birth, today); is != UnknownAge && f.AgeBand != "" && f.AgeBand != UnknownAge && f.AgeBand != is && slices.Contains(Bands, f.AgeBand) {
		p.Add("age_band", "person.error.age.disagrees") // somebody is wrong, and who that is only a human can say
	}
	return n, birth
}

// Band is the age band of somebody born on a day; unknown where it is not known.
func Band(birth, today Day) string {
	switch {
	case birth == (Day{}):
		return UnknownAge
	case today.Before(birth.Birthday(18)):
		return Under18
	case today.Before(birth.Birthday(26)):
		return From18To25
	default:
		return Over25
	}
}

// band is the band that a form gives: from the day of birth, else as judged.
func (f Form) band(birth, today Day) string {
	if birth == (Day{}) && f.AgeBand != "" {
		return f.AgeBand
	}
	return Band(birth, today)
}

// number says what a form tells of the number.
func (f Form) number() string {
	switch {
	case typed(f.CPR) != "":
		return NumberGiven
	case f.NoCPR:
		return NumberNone
	default:
		return NumberUnknown
	}
}

// category is the category of a form, of_concern where it says nothing.
func (f Form) category() string {
	if f.Category == "" {
		return OfConcern
	}
	return f.Category
}

// Move is a change of age band on a day: at midnight in Copenhagen (L27).
type Move struct {
	On   Day
	Band string // the band from that day on
}

// Moves are the changes of band that lie after a day; none where the day of
// birth is not known.
func Moves(birth, today Day) []Move {
	if birth == (Day{}) {
		return nil
	}
	var moves []Move
	for _, m := range []Move{{birth.Birthday(18), From18To25}, {birth.Birthday(26), Over25}} {
		if today.Before(m.On) {
			moves = append(moves, m)
		}
	}
	return moves
}

// line cleans one line of text about a person. Marks of direction are refused
// too, so that a name shows as it is (A084, A108).
func line(p *hub.Problems, field string, text hub.Personal, least, most int) hub.Personal {
	had := len(*p)
	if service.Text(p, field, text, least, most); len(*p) > had {
		return hub.Personal{}
	}
	s := typed(text)
	if strings.ContainsFunc(s, direction) {
		p.Add(field, "person.error.text.hidden")
		return hub.Personal{}
	}
	if s == "" {
		return hub.Personal{}
	}
	return hub.NewPersonal(s)
}

// typed is a text as one line, to be looked at here and shown to nobody: so it
// is not counted as shown.
func typed(p hub.Personal) string { return hub.CleanLine(p.Reveal(context.Background())) }

// direction reports a mark of the direction of text, which no name needs.
func direction(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }
