package assessment

import (
	"slices"
	"strconv"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
)

// States and outcomes of a request. Silence is neither: what nobody answered in
// time is shown as unanswered, never as "nothing known" (domain.md 2.2,
// invariant 6).
const (
	asked     = "asked"
	settled   = "settled"
	retracted = "retracted"

	released  = "released" // of an answer
	withdrawn = "withdrawn"

	// In a closed case both stand among the access facts as closed (S10); their rows
	// keep how they stood, for a case that is opened again.
	requestClosed = "request_closed"
	answerClosed  = "answer_closed"

	answered   = "answered"
	nothing    = "nothing"    // grade 0: nothing relevant is known
	declined   = "declined"   // § 115 stk. 4: no duty to disclose, and no reason (L4)
	unanswered = "unanswered" // only shown, never kept
)

// outcomeFor is how a request's outcome looks. The asked authority sees what it
// did; to others a decline looks as the Infohus has chosen (A029).
func outcomeFor(outcome, state string, declines structure.Declines, own bool, due, now time.Time) string {
	switch {
	case state == asked && due.Before(now):
		return unanswered
	case outcome == declined && !own && declines == structure.ShownAsNothingKnown:
		return nothing
	}
	return outcome
}

// Questions are put to one authority, or to a department of one's own. To
// another authority that is a disclosure, on a basis; within one's own it is
// internal use, and the necessity stands in the trail (forvaltningsloven § 32,
// L9).
type Questions struct {
	Authority  hub.AuthorityID `json:"authority"`
	Department string          `json:"department,omitempty" of:"departments"`
	Hats       []hub.ID        `json:"hats,omitempty"` // who is to answer; none for the other party's coordinator
	Questions  hub.Personal    `json:"questions"`
	Due        string          `json:"due,omitempty"` // YYYY-MM-DD; the step's limit if not given
	service.Basis
}

// Reliabilities of a source, from A (reliable) to D (cannot be judged).
var Reliabilities = []string{"A", "B", "C", "D"}

// DataClasses of a statement. Health and offence need a ground of their own to
// be disclosed (L10, L11).
var DataClasses = []string{"ordinary", "health", "offence"}

// Kinds of a statement (L39, LED art. 7).
var Kinds = []string{"fact", "assessment", "hearsay"}

// AnswerStatement is one thing that an authority says, typed, sourced and dated.
type AnswerStatement struct {
	Kind        string         `json:"kind"`
	Text        hub.Personal   `json:"text"`
	Source      string         `json:"source"` // where it is from: a record, a conversation; no names
	Reliability string         `json:"reliability"`
	AsOf        string         `json:"as_of"`             // YYYY-MM-DD: when it was so
	Class       string         `json:"class"`             // ordinary, health, offence
	Special     hub.LegalBasis `json:"special,omitempty"` // the ground of its own that health and offence need
}

// said is what is kept in clear of a statement: never its words.
type said struct {
	Kind        string         `json:"kind"`
	Reliability string         `json:"reliability"`
	AsOf        string         `json:"as_of"`
	Class       string         `json:"class"`
	Special     hub.LegalBasis `json:"special,omitempty"`
}

// Grades of an answer (domain.md 4.3): an authority helps without emptying its
// file.
const (
	NothingRelevant = iota
	Contact
	Conclusion
	Facts
)

// Answer is what an authority lets out: graded, and released by a named person
// to named authorities. A release is a disclosure, on a basis.
type Answer struct {
	Grade      *int              `json:"grade,omitempty"`      // 0 nothing relevant, 1 we have contact, 2 a short conclusion, 3 named facts; nothing is presumed
	Contact    hub.Personal      `json:"contact,omitzero"`     // from grade 1: whom to speak to
	Conclusion hub.Personal      `json:"conclusion,omitzero"`  // grade 2
	Statements []AnswerStatement `json:"statements,omitempty"` // grade 3
	To         []hub.AuthorityID `json:"to,omitempty" doc:"Who gets it besides whoever asked, who always gets it."`
	service.Basis
}

// Check finds everything that is wrong with an answer. A grade that says less
// must not carry more.
func (a Answer) Check(today time.Time) hub.Problems {
	var p hub.Problems
	if a.Grade == nil || *a.Grade < NothingRelevant || *a.Grade > Facts {
		p.Add("grade", "error.choose")
		return p
	}
	grade := *a.Grade
	least := func(of int) (int, int) {
		if grade == of {
			return 1, service.MaxText
		}
		return 0, service.MaxText
	}
	n, most := least(Contact)
	service.Text(&p, "contact", a.Contact, n, min(most, service.MaxLine))
	n, most = least(Conclusion)
	service.Text(&p, "conclusion", a.Conclusion, n, most)
	switch {
	case grade < Contact && !a.Contact.Empty():
		p.Add("contact", "assessment.error.more_than_grade")
	case grade < Conclusion && !a.Conclusion.Empty():
		p.Add("conclusion", "assessment.error.more_than_grade")
	case grade < Facts && len(a.Statements) > 0:
		p.Add("statements.0.text", "assessment.error.more_than_grade")
	case grade == Facts && len(a.Statements) == 0:
		p.Add("statements.0.text", "error.required")
	case len(a.Statements) > 20:
		p.Add("statements.0.text", "assessment.error.too_many", 20)
	}
	for i, s := range a.Statements {
		s.check(&p, "statements."+strconv.Itoa(i), today)
	}
	return p
}

func (s AnswerStatement) check(p *hub.Problems, field string, today time.Time) {
	service.Text(p, field+".text", s.Text, 1, service.MaxText)
	for _, c := range []struct {
		field, value string
		list         []string
	}{{".kind", s.Kind, Kinds}, {".reliability", s.Reliability, Reliabilities}, {".class", s.Class, DataClasses}} {
		if !slices.Contains(c.list, c.value) {
			p.Add(field+c.field, "error.choose")
		}
	}
	if n := len([]rune(s.Source)); n == 0 {
		p.Add(field+".source", "error.required")
	} else if n > service.MaxLine {
		p.Add(field+".source", "error.too_long", service.MaxLine)
	} else if hub.NewPersonal(s.Source).Numbered() {
		p.Add(field+".source", "error.number")
	}
	switch on, err := time.ParseInLocation(time.DateOnly, s.AsOf, hub.Copenhagen); {
	case s.AsOf == "":
		p.Add(field+".as_of", "error.required")
	case err != nil || on.Year() < 1900:
		p.Add(field+".as_of", "error.date")
	case on.After(today):
		p.Add(field+".as_of", "error.date.future")
	}
	if s.Class != "ordinary" && slices.Contains(DataClasses, s.Class) && s.Special == "" {
		p.Add(field+".special", "assessment.error.special")
	}
	if s.Class == "ordinary" && s.Special != "" { // as the rules say of a share: a ground for a class that is not disclosed
		p.Add(field+".special", "assessment.error.special_none")
	}
}

// classes are what a release of the answer names, by the data class that needs a
// ground of its own; "" is the ordinary part.
func (a Answer) classes() map[string][]string {
	named := map[string][]string{"": {"answer", "answer_status"}}
	for _, s := range a.Statements {
		if s.Class != "ordinary" {
			named[s.Class] = []string{"answer_" + s.Class}
		}
	}
	return named
}

// special is the ground that a data class of the answer is disclosed on; two
// different ones in one answer are not one ground.
func (a Answer) special(class string) (ground hub.LegalBasis, one bool) {
	for _, s := range a.Statements {
		if s.Class != class {
			continue
		}
		if ground != "" && ground != s.Special {
			return ground, false
		}
		ground = s.Special
	}
	return ground, true
}
