package policies

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/infohus/infohus/pkg/hub"
)

// Grant is a yes: who may do what, with which fields, under which revision.
// Only [Engine.Ask] makes one that is valid; stores and the trail require one.
// The zero Grant allows nothing.
type Grant struct{ d decision }

// Valid reports whether an engine said yes. The zero Grant is not valid.
func (g Grant) Valid() bool { return g.d.engine != nil && g.d.answer.Allow }

// Actor is whom the grant was given to.
func (g Grant) Actor() hub.Actor { return g.d.who }

// Question is what was asked; nil of the zero Grant.
func (g Grant) Question() Question { return g.d.q }

// Name is the name of the question ("view"); empty of the zero Grant.
func (g Grant) Name() string { return g.d.name() }

// Input is the question as JSON, as the trail keeps it for deciding again.
func (g Grant) Input() json.RawMessage { return g.d.input() }

// Allows reports whether the grant opens a field, such as "cpr".
func (g Grant) Allows(field string) bool {
	_, ok := slices.BinarySearch(g.d.answer.Fields, field)
	return ok && g.Valid()
}

// Fields lists the fields that the grant opens, sorted.
func (g Grant) Fields() []string { return slices.Clone(g.d.answer.Fields) }

// Classes lists the data classes of the item that the grant opens whole, sorted.
// Of a [Disclose] it is the most that a share may name.
func (g Grant) Classes() []string {
	var whole []string
	if g.d.engine == nil {
		return nil
	}
	item := g.d.item()
	for class, fields := range g.d.engine.classes {
		if item != "" && !slices.Contains(g.d.engine.kinds[class], item) {
			continue // fields may have the same name in another kind of item
		}
		if !slices.ContainsFunc(fields, func(f string) bool { return !g.Allows(f) }) {
			whole = append(whole, class)
		}
	}
	slices.Sort(whole)
	return whole
}

// Reasons lists the codes of what the grant rests on, sorted ("own", "author").
func (g Grant) Reasons() []string { return slices.Clone(g.d.answer.Reasons) }

// Obligations lists the codes of what the holder must see to ("mask_cpr"), sorted.
func (g Grant) Obligations() []string { return slices.Clone(g.d.answer.Obligations) }

// Revision names the rules and data that decided; see [Engine.Revision].
func (g Grant) Revision() string { return g.d.revision() }

// Denial is a no. As an error it is [hub.NotFound] to errors.As, so that what
// is forbidden looks like what does not exist (trust.md G7). Only [Engine.Ask]
// makes one.
type Denial struct{ d decision }

// Error names the question and the reasons; it holds no personal data.
func (n *Denial) Error() string {
	return "policies: " + n.Name() + " denied: " + strings.Join(n.d.answer.Reasons, " ")
}

// Unwrap gives hub.NotFound.
func (n *Denial) Unwrap() error { return hub.NotFound() }

// Valid is false: a denial allows nothing.
func (n *Denial) Valid() bool { return false }

// Actor is who was denied.
func (n *Denial) Actor() hub.Actor { return n.d.who }

// Question is what was asked.
func (n *Denial) Question() Question { return n.d.q }

// Name is the name of the question ("view").
func (n *Denial) Name() string { return n.d.name() }

// Input is the question as JSON, as the trail keeps it.
func (n *Denial) Input() json.RawMessage { return n.d.input() }

// Allows is false for every field.
func (n *Denial) Allows(string) bool { return false }

// Fields is empty.
func (n *Denial) Fields() []string { return nil }

// Reasons lists the codes of why not, sorted ("recused").
func (n *Denial) Reasons() []string { return slices.Clone(n.d.answer.Reasons) }

// Obligations is empty.
func (n *Denial) Obligations() []string { return nil }

// Revision names the rules and data that decided; see [Engine.Revision].
func (n *Denial) Revision() string { return n.d.revision() }

func (d decision) name() string {
	if d.q == nil {
		return ""
	}
	return d.q.Question()
}

// item is the kind of item that the question is about; empty if it is about none.
func (d decision) item() string {
	switch q := d.q.(type) {
	case View:
		return d.engine.items[q.State]
	case Act:
		return d.engine.items[q.State]
	case Disclose:
		return d.engine.items[q.State]
	}
	return ""
}

func (d decision) revision() string {
	if d.engine == nil {
		return ""
	}
	return d.engine.revision
}
