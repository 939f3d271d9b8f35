// Package policies decides who may do what. It is the only judge: every room
// asks it a typed [Question], and a yes is a [Grant], without which a store
// gives up nothing.
//
// What it promises:
//
//   - Unset means nobody. An attribute that is missing, unknown or misspelt is
//     the narrowest case. Whatever the rules do not name is denied.
//   - It never allows because it failed. A rule that is undefined, answers
//     something of the wrong shape or is slow gives hub.Unavailable.
//   - An answer is a pure function of ([Engine.Revision], question). So it may
//     be remembered, and a recorded question can be decided again. What depends
//     on the clock (is this hat still worn) is judged by who asks, in the
//     transaction, and arrives as an attribute. When a legal basis holds the data
//     says itself: an engine of an instant ([Engine.At]) puts a question with a
//     basis that does not hold then as one without.
//   - Rules are code (Rego, beside the question that asks them); the law they
//     are judged against is data (data.json) with sources and validity dates.
//   - No personal data goes in or comes out: only kinds, roles, states, codes.
//
// The expected answers stand in the csv files (matrix: who sees what; acts; shares,
// disclose and special: who may disclose what, on which basis; assign; recuse), written by
// hand from the law and from practice, and the tests hold engine and files together.
package policies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// Question is one of this package's question structs: what is asked, in
// attributes already judged. It is comparable, so that its answer can be
// remembered, and holds only strings and booleans, so that the rules' schema
// can be derived from it. The set is closed: nobody can ask what has no rule.
type Question interface {
	// Question names the question and the folder of its rule ("view").
	Question() string
	// hat is the role and the kind of authority for which it is asked.
	hat() (hub.Role, hub.AuthorityKind)
}

// questions is every question there is, as zero values, in the order in which
// a concern meets them.
var questions = []Question{Register{}, Submit{}, List{}, Search{}, View{}, Act{}, Disclose{}, Assign{}, Recuse{}, Certify{}, Glass{}, Advice{}, Return{}, Extract{}, Trail{}}

// Engine answers questions. It is safe for concurrent use.
type Engine struct {
	now     atomic.Pointer[edition]
	instant time.Time // at which it judges which legal bases hold; zero for none, see [Engine.At]
	chain
}

// founding is the edition of the embedded rules and data. Answers are pure, so the hubs
// of a process share it, and what it remembers.
var founding = sync.OnceValues(func() (*edition, error) {
	code, err := embedded()
	if err != nil {
		return nil, err
	}
	return compile(code, document, questions)
})

// New is an engine of the embedded rules with the embedded data. An error means that
// a rule or the data is wrong; a hub with such an error does not start.
func New() (*Engine, error) {
	first, err := founding()
	if err != nil {
		return nil, err
	}
	e := new(Engine)
	e.now.Store(first)
	return e, nil
}

// Revise puts another data document in force, for every question from now on.
// What was remembered under the old one is forgotten at once. On an error the
// old one stays in force. Nobody has approved it: it is for trying a document, or
// deciding again by the one of the day. A hub's engine is revised by [Engine.Take].
func (e *Engine) Revise(document []byte) error {
	code, err := embedded()
	if err != nil {
		return err
	}
	next, err := compile(code, document, questions)
	if err != nil {
		return err
	}
	e.now.Store(next)
	return nil
}

// Ask decides whether who may do what q asks. The error is a [*Denial], which
// is hub.NotFound to whoever does not look closer, or has the code
// hub.CodeUnavailable; it never allows. A question that speaks of another role
// or kind of authority than the asker's own hat is denied.
func (e *Engine) Ask(ctx context.Context, who hub.Actor, q Question) (Grant, error) {
	now := e.now.Load()
	q = e.timely(now, q)
	a, err := now.decide(ctx, q)
	if err != nil {
		return Grant{}, err
	}
	if role, kind := q.hat(); a.Allow && (role != who.Role || kind != who.Kind || who.Person == "") {
		a = Answer{Reasons: []string{"hat_mismatch"}}
	}
	d := decision{who: who, q: q, answer: a, engine: now}
	if !a.Allow {
		return Grant{}, &Denial{d}
	}
	return Grant{d}, nil
}

// Answer is what the rules say to a question. It is advice: no store takes it.
type Answer struct {
	Allow       bool     `json:"allow"`
	Fields      []string `json:"fields"`      // what may be seen or shared, sorted; empty unless allowed
	Reasons     []string `json:"reasons"`     // codes: what it rests on, or why not; sorted, never empty
	Obligations []string `json:"obligations"` // codes: what the asker must see to; empty unless allowed
}

// Advise gives the answer without a grant: for "may I share this?", and for
// deciding a recorded question again. It is the same judgement as Ask's.
func (e *Engine) Advise(ctx context.Context, q Question) (Answer, error) {
	now := e.now.Load()
	a, err := now.decide(ctx, e.timely(now, q))
	if err != nil {
		return Answer{}, err
	}
	a.Fields, a.Reasons, a.Obligations = slices.Clone(a.Fields), slices.Clone(a.Reasons), slices.Clone(a.Obligations)
	return a, nil
}

// Decode reads a question from its name and the JSON that [Grant.Input] gave.
// An attribute too many is an error; one too few is unset.
func Decode(name string, input []byte) (Question, error) {
	for _, q := range questions {
		if q.Question() == name {
			return decode(q, input)
		}
	}
	return nil, hub.Invalid("question", "error.question.unknown")
}

// Revision names the rules and the data that decide now, as
// "<16 hex of the code's hash>-<16 hex of the data's hash>".
func (e *Engine) Revision() string { return e.now.Load().revision }

// Document is the data document that decides now. The caller may keep it.
func (e *Engine) Document() []byte { return slices.Clone(e.now.Load().document) }

// Fields lists the fields of a data class, sorted; none for an unknown class.
func (e *Engine) Fields(class string) []string { return slices.Clone(e.now.Load().classes[class]) }

// Basis is a legal basis that the rules know (hjemmel), with its source and
// the time in which it holds.
type Basis struct {
	Code   hub.LegalBasis
	Source string    // the paragraph
	From   time.Time // midnight in Copenhagen; zero where no source that was read gives it
	Until  time.Time // the first instant at which it no longer holds; zero while no end is known
}

// Holds reports whether a legal basis is in force at an instant.
func (b Basis) Holds(at time.Time) bool {
	return !at.Before(b.From) && (b.Until.IsZero() || at.Before(b.Until))
}

// Bases lists the legal bases, by code, with when each holds.
func (e *Engine) Bases() []Basis { return slices.Clone(e.now.Load().bases) }

// timely is a question as it can be asked at the engine's instant: a legal basis
// that the data does not know, or that does not hold then, is none, and neither is a
// break-glass when none holds on which glass is broken.
func (e *Engine) timely(now *edition, q Question) Question {
	if e.instant.IsZero() {
		return q
	}
	over := func(b *hub.LegalBasis) bool {
		if *b == "" || now.law.Holds(*b, e.instant) {
			return false
		}
		*b = ""
		return true
	}
	switch v := q.(type) {
	case View:
		whole := !v.Glass || now.law.GlassBasis(e.instant) != ""
		v.Glass = v.Glass && whole
		if over(&v.Basis) || !whole {
			return v
		}
	case Glass:
		if over(&v.Basis) {
			return v
		}
	case Disclose:
		if one, other := over(&v.Basis), over(&v.Special); one || other {
			return v
		}
	case Register:
		if over(&v.Basis) {
			return v
		}
	case Submit:
		if over(&v.Basis) {
			return v
		}
	}
	return q
}

// Codes lists every reason and obligation that an answer can contain, sorted:
// the keys that the message catalogues must have.
func (e *Engine) Codes() []string { return slices.Sorted(maps.Keys(e.now.Load().codes)) }

// Ready reports whether the engine decides: it asks a question that must be
// denied, past the memory. The error has the code hub.CodeUnavailable.
func (e *Engine) Ready(ctx context.Context) error {
	a, err := e.now.Load().eval(ctx, View{})
	if err != nil {
		return err
	}
	if a.Allow {
		return hub.Unavailable(errors.New("policies: nobody was allowed to view nothing"))
	}
	return nil
}

// decision is what a grant and a denial have in common.
type decision struct {
	who    hub.Actor
	q      Question
	answer Answer
	engine *edition
}

func (d decision) input() json.RawMessage {
	if d.q == nil {
		return nil
	}
	b, err := json.Marshal(d.q)
	if err != nil { // cannot happen: strings and booleans only, see shapeOf
		panic(fmt.Sprintf("policies: %s does not marshal: %v", d.q.Question(), err))
	}
	return b
}
