package policies

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// Law is what the data in force says there is to ask about: the states, purposes
// and data classes, for whoever offers them as choices. It decides nothing. It is
// never changed.
type Law struct {
	Revision string  // see [Engine.Revision]
	States   []State // in the order of a case's life
	Purposes []hub.Purpose
	Terms    []string // on which another may be let pass something on, the narrowest first
	Special  []string // the data classes that take a ground of their own (L10, L11)
	Duties   []Duty
	Bases    []hub.LegalBasis // on which something is disclosed, in the order of disclose.bases: the usual first

	fields map[string]map[string][]string // kind of item, data class, its fields
	shares map[hub.Role]map[hub.AuthorityKind]map[string]bool
	owns   map[string]special // data class, the grounds of its own
	passes map[string]map[hub.AuthorityKind]map[hub.AuthorityKind]bool
	agreed map[hub.LegalBasis]bool
	bases  map[hub.LegalBasis]Basis
	glass  map[hub.LegalBasis]bool // on which glass is broken
}

// special is on what each kind of authority discloses a data class.
type special struct {
	Bases map[hub.AuthorityKind]map[hub.LegalBasis]bool
}

// State is a state of one kind of item.
type State struct{ Item, Code string }

// Duty is a legal basis that obliges, where others only permit (L25).
type Duty struct {
	Basis  hub.LegalBasis
	Source string
	Kinds  map[hub.AuthorityKind]bool // of the authorities whose people it obliges
}

// Law gives what there is to ask about now.
func (e *Engine) Law() *Law { return e.now.Load().law }

// Item is the kind of item that has a state; "" for none.
func (l *Law) Item(state string) string {
	for _, s := range l.States {
		if s.Code == state {
			return s.Item
		}
	}
	return ""
}

// Shares reports whether the data names somebody with whom a role may begin to
// share an item in a state. On which basis is [Disclose]'s to say.
func (l *Law) Shares(role hub.Role, state string) bool {
	for _, states := range l.shares[role] {
		if states[state] {
			return true
		}
	}
	return false
}

// Passes reports whether what a kind of authority gives another kind of a kind of item is
// always another's, which it passes on as that one lets it. Nothing else is passed on.
func (l *Law) Passes(item string, from, to hub.AuthorityKind) bool { return l.passes[item][from][to] }

// Anothers reports whether what a kind of authority gives of a kind of item is another's,
// whatever kind it is given to that is not that one.
func (l *Law) Anothers(item string, from hub.AuthorityKind) bool {
	return len(l.passes[item][from]) > 0
}

// Ground reports whether a legal basis is a ground of its own on which a kind of
// authority may disclose some data class.
func (l *Law) Ground(from hub.AuthorityKind, basis hub.LegalBasis) bool {
	for _, g := range l.owns {
		if g.Bases[from][basis] {
			return true
		}
	}
	return false
}

// Holds reports whether a legal basis is in the data, and in force at an instant.
func (l *Law) Holds(basis hub.LegalBasis, at time.Time) bool {
	b, ok := l.bases[basis]
	return ok && b.Holds(at)
}

// GlassBasis is the legal basis on which glass is broken at an instant: the first by its
// code of those that the data names and that are in force; "" where there is none.
func (l *Law) GlassBasis(at time.Time) (first hub.LegalBasis) {
	for code, yes := range l.glass {
		if yes && l.Holds(code, at) && (first == "" || code < first) {
			first = code
		}
	}
	return first
}

// Agreed reports whether what is shared on a legal basis stands on an agreement
// between the two: the basis needs their cooperation (§ 115 stk. 1-2), or one of any
// two parties to it needs a registered task area (stk. 3, L5).
func (l *Law) Agreed(basis hub.LegalBasis) bool { return l.agreed[basis] }

// Sharers lists the roles that may disclose anything to anybody, sorted.
func (l *Law) Sharers() []hub.Role {
	var list []hub.Role
	for role := range l.shares {
		list = append(list, role)
	}
	slices.Sort(list)
	return list
}

// Fields lists the fields of a kind of item, sorted: of some data classes, or of all
// where none is named.
func (l *Law) Fields(item string, classes ...string) []string {
	var list []string
	for class, fields := range l.fields[item] {
		if len(classes) == 0 || slices.Contains(classes, class) {
			list = append(list, fields...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Classes lists the data classes of a kind of item that are whole among the
// fields, sorted: what a share of them may name.
func (l *Law) Classes(item string, among []string) []string {
	list := []string{}
	for class, fields := range l.fields[item] {
		if !slices.ContainsFunc(fields, func(f string) bool { return !slices.Contains(among, f) }) {
			list = append(list, class)
		}
	}
	slices.Sort(list)
	return list
}

// readLaw takes the law's words out of the data document.
func readLaw(revision string, document []byte) (*Law, error) {
	var d struct {
		States  map[string]struct{ Item string }
		Classes map[string]struct {
			Of            string
			Items, Fields []string
		}
		Purposes map[hub.Purpose]json.RawMessage
		Bases    map[hub.LegalBasis]struct {
			Source      string
			From, Until date
		}
		Kinds  map[hub.AuthorityKind]struct{ Needs map[string]json.RawMessage }
		Duties map[hub.LegalBasis]struct {
			Kinds  map[hub.AuthorityKind]bool
			Source string
		}
		Glass struct {
			Bases map[hub.LegalBasis]bool
		}
		Disclose struct {
			Roles   map[hub.Role]map[hub.AuthorityKind]map[string]bool
			Special map[string]special
			Bases   map[hub.LegalBasis]struct {
				Needs map[string]json.RawMessage
				Pairs map[hub.AuthorityKind]map[hub.AuthorityKind]json.RawMessage
			}
			Onward struct {
				Passing map[string]map[hub.AuthorityKind]map[hub.AuthorityKind]bool
			}
		}
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, fmt.Errorf("policies: the data document: %w", err)
	}
	l := &Law{Revision: revision, shares: d.Disclose.Roles, owns: d.Disclose.Special, passes: d.Disclose.Onward.Passing, fields: map[string]map[string][]string{}, agreed: map[hub.LegalBasis]bool{}, bases: map[hub.LegalBasis]Basis{}, glass: d.Glass.Bases}
	for code, b := range d.Bases {
		l.bases[code] = Basis{code, b.Source, b.From.Time, b.Until.Time}
	}
	for code, b := range d.Disclose.Bases {
		_, together := b.Needs["cooperation"]
		each := len(b.Pairs) > 0
		for from, to := range b.Pairs {
			for to := range to {
				_, one := d.Kinds[from].Needs["task_area"]
				_, other := d.Kinds[to].Needs["task_area"]
				each = each && (one || other)
			}
		}
		l.agreed[code] = together || each
	}
	for _, code := range written(document, "states") {
		l.States = append(l.States, State{d.States[code].Item, code})
	}
	for _, code := range written(document, "purposes") {
		l.Purposes = append(l.Purposes, hub.Purpose(code))
	}
	for _, code := range written(document, "disclose", "bases") {
		l.Bases = append(l.Bases, hub.LegalBasis(code))
	}
	l.Special = written(document, "disclose", "special")
	l.Terms = written(document, "disclose", "onward", "terms")
	for _, code := range written(document, "duties") {
		basis := hub.LegalBasis(code)
		l.Duties = append(l.Duties, Duty{basis, d.Duties[basis].Source, d.Duties[basis].Kinds})
	}
	for name, c := range d.Classes {
		for _, item := range c.Items {
			if l.fields[item] == nil {
				l.fields[item] = map[string][]string{}
			}
			if name == c.Of { // else a narrower edition of another class
				l.fields[item][name] = c.Fields
			}
		}
	}
	return l, nil
}

// written lists the names in an object of a document, in the order in which they
// are written: the document tells the plot, and a map forgets it.
func written(document []byte, path ...string) []string {
	list := []string{}
	for _, at := range path {
		var inner map[string]json.RawMessage
		if json.Unmarshal(document, &inner) != nil {
			return list
		}
		document = inner[at]
	}
	d := json.NewDecoder(bytes.NewReader(document))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return list
	}
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return list
		}
		list = append(list, fmt.Sprint(name))
	}
	return list
}
