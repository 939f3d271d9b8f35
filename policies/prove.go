package policies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// tables is what proving a document reads of one.
type tables struct {
	Roles map[hub.Role]struct {
		Kinds map[hub.AuthorityKind]bool `json:"kinds"`
		Never string                     `json:"never"`
	} `json:"roles"`
	Kinds map[hub.AuthorityKind]struct {
		Never string `json:"never"`
	} `json:"kinds"`
	Purposes map[hub.Purpose]struct {
		Refused string `json:"refused"`
	} `json:"purposes"`
	States map[string]struct {
		Item string `json:"item"`
	} `json:"states"`
	Bases map[hub.LegalBasis]struct {
		From, Until date
	} `json:"bases"`
	Processing map[hub.AuthorityKind]map[hub.LegalBasis]json.RawMessage `json:"processing"`
	Duties     map[hub.LegalBasis]json.RawMessage                       `json:"duties"`
	Act        map[string]map[hub.Role]map[string]map[string]bool       `json:"act"`
	Disclose   struct {
		Roles   map[hub.Role]map[hub.AuthorityKind]map[string]bool `json:"roles"`
		Special map[string]special                                 `json:"special"`
		Bases   map[hub.LegalBasis]json.RawMessage                 `json:"bases"`
	} `json:"disclose"`
	View   map[hub.Role]map[string]map[string]json.RawMessage `json:"view"`
	Search struct {
		By         map[string]bool `json:"by"`
		Categories map[string]bool `json:"categories"`
	} `json:"search"`
	Recuse struct {
		Grounds map[string]json.RawMessage `json:"grounds"`
		States  map[string]bool            `json:"states"`
	} `json:"recuse"`
	Certify struct {
		Actions map[string]map[hub.Role]bool `json:"actions"`
	} `json:"certify"`
	Return struct {
		Items map[string]json.RawMessage `json:"items"`
	} `json:"return"`
	Extract struct {
		Steps    map[string]map[hub.Role]bool          `json:"steps"`
		Purposes map[hub.Purpose]bool                  `json:"purposes"`
		Acts     map[hub.Act]bool                      `json:"acts"`
		SeenFor  map[hub.Purpose]bool                  `json:"seen_for"`
		SeenBy   map[hub.AuthorityKind]bool            `json:"seen_by"`
		States   map[hub.AuthorityKind]map[string]bool `json:"states"`
	} `json:"extract"`
	Glass struct {
		Bases      map[hub.LegalBasis]bool    `json:"bases"`
		Categories map[string]json.RawMessage `json:"categories"`
		Habits     map[string]json.RawMessage `json:"habits"`
		Shared     map[string]bool            `json:"shared"`
		Review     struct {
			Purposes map[hub.Purpose]bool `json:"purposes"`
		} `json:"review"`
	} `json:"glass"`
}

// prove asks a document what every document must answer, past its memory:
//
//   - Nobody may do nothing: the zero of every question is a no.
//   - What this build's own document says never is a no. That changes with the
//     code and its tests, and not by a revision.
//   - A legal basis that any table names has a row of its own, with its source and
//     dates, and ends after it begins: what carries nothing is not to look as if it did.
//   - What people ask has an answer, in time: a revision that leaves a question
//     without one would stop the work.
func prove(ctx context.Context, e *edition) error {
	var own, new tables
	if err := errors.Join(json.Unmarshal(document, &own), json.Unmarshal(e.document, &new)); err != nil {
		return fmt.Errorf("policies: the data document: %w", err)
	}
	if err := new.grounded(); err != nil {
		return err
	}
	no := func(q Question) error {
		a, err := e.eval(ctx, q)
		if err == nil && a.Allow {
			err = fmt.Errorf("policies: it says yes to %s %s, which is never to be", q.Question(), decision{q: q}.input())
		}
		return err
	}
	for _, q := range slices.Concat(questions, own.never(new)) {
		if err := no(q); err != nil {
			return err
		}
	}
	for _, q := range new.daily() {
		if _, err := e.eval(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// grounded tells of a legal basis that a table names and that has no row, or one
// that ends before it begins.
func (t tables) grounded() error {
	named := map[hub.LegalBasis]string{}
	for b := range t.Duties {
		named[b] = "duties"
	}
	for _, bases := range t.Processing {
		for b := range bases {
			named[b] = "processing"
		}
	}
	for _, s := range t.Disclose.Special {
		for _, bases := range s.Bases {
			for b := range bases {
				named[b] = "disclose.special"
			}
		}
	}
	for b := range t.Disclose.Bases {
		named[b] = "disclose.bases"
	}
	for b := range t.Glass.Bases {
		named[b] = "glass.bases"
	}
	for _, b := range slices.Sorted(maps.Keys(named)) {
		if _, ok := t.Bases[b]; !ok {
			return fmt.Errorf("policies: %s names %s, which has no row in bases: a basis that is over keeps its row, with until", named[b], b)
		}
	}
	for _, b := range slices.Sorted(maps.Keys(t.Bases)) {
		if row := t.Bases[b]; !row.Until.IsZero() && !row.From.Before(row.Until.Time) {
			return fmt.Errorf("policies: bases: %s ends on %s, and begins on %s", b, row.Until.Format(time.DateOnly), row.From.Format(time.DateOnly))
		}
	}
	return nil
}

// never lists questions of roles, kinds and purposes that the tables say never of,
// each as wide as it can be. What else the other tables let somebody do says which
// are worth asking.
func (t tables) never(other tables) (list []Question) {
	states := slices.Sorted(maps.Keys(other.States))
	views := func(role hub.Role, kind hub.AuthorityKind, purpose hub.Purpose) {
		for _, s := range states {
			list = append(list, View{Role: role, Kind: kind, Relation: "own", ReceivedBy: kind, State: s, Assigned: true, Author: true, Purpose: purpose})
		}
		for _, s := range []string{"triage", "collecting"} {
			list = append(list, View{Role: role, Kind: kind, Relation: "shared", ReceivedBy: hub.Municipality, SharedBy: hub.Municipality, State: s, Assigned: true,
				Classes: "identity,summary", Basis: "RPL115-2", Purpose: purpose, Glass: true})
		}
	}
	for _, role := range slices.Sorted(maps.Keys(t.Roles)) {
		if t.Roles[role].Never == "" {
			continue
		}
		for _, kind := range []hub.AuthorityKind{hub.Police, hub.Municipality} {
			list = append(list, other.beside(role, kind)...)
			list = append(list, List{role, kind, hub.Prevention}, Register{role, kind, hub.Prevention, "GDPR6-1-E", false, false}, Register{role, kind, hub.Prevention, "RHL", false, false},
				Submit{role, kind, hub.Prevention, "GDPR6-1-E"}, Trail{role, kind, hub.LogControl, true, false})
			views(role, kind, hub.Prevention)
			list = append(list, other.acts(role, kind)...)
			for _, s := range slices.Sorted(maps.Keys(other.Disclose.Roles[role][hub.Police])) {
				list = append(list, Disclose{Role: role, From: kind, To: hub.Police, Basis: "RPL115-2", Purpose: hub.Prevention, Item: other.States[s].Item, State: s, Cooperation: true})
			}
			list = append(list, Assign{Role: role, Kind: kind, Relation: "own", State: "case", SameAuthority: true, Target: hub.CoreGroup, TargetKind: kind},
				Disclose{Role: role, From: kind, To: hub.Police, Basis: "RPL115-2", Purpose: hub.Prevention, Item: "concern", State: "triage", Cooperation: true})
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(t.Kinds)) {
		if t.Kinds[kind].Never == "" {
			continue
		}
		for _, role := range slices.Sorted(maps.Keys(other.Roles)) {
			if other.Roles[role].Kinds[kind] || role == hub.MunicipalCoordinator {
				list = append(list, other.beside(role, kind)...)
			}
		}
	}
	people := map[hub.Role]hub.AuthorityKind{hub.MunicipalCoordinator: hub.Municipality, hub.PoliceCoordinator: hub.Police}
	for _, role := range slices.Sorted(maps.Keys(people)) {
		for _, purpose := range slices.Sorted(maps.Keys(t.Purposes)) {
			if t.Purposes[purpose].Refused != "" {
				views(role, people[role], purpose)
			}
		}
		for _, kind := range slices.Sorted(maps.Keys(t.Kinds)) {
			if t.Kinds[kind].Never == "" {
				continue
			}
			views(role, kind, hub.Prevention)
			to := maps.Clone(other.Disclose.Roles[role][kind])
			if to == nil {
				to = map[string]bool{"case": true}
			}
			for _, s := range slices.Sorted(maps.Keys(to)) {
				for _, b := range slices.Sorted(maps.Keys(other.Bases)) {
					list = append(list, Disclose{Role: role, From: people[role], To: kind, Basis: b, Purpose: hub.Prevention, Item: other.States[s].Item, State: s, Cooperation: true, TaskArea: true, Consent: true})
				}
			}
		}
	}
	return list
}

// acts lists every action in a state in which somebody may take it, as one role's.
func (t tables) acts(role hub.Role, kind hub.AuthorityKind) (list []Question) {
	for _, action := range slices.Sorted(maps.Keys(t.Act)) {
		state := ""
		for _, ways := range t.Act[action] {
			for _, states := range ways {
				for s := range states {
					state = max(state, s)
				}
			}
		}
		list = append(list, Act{Action: action, Role: role, Kind: kind, Relation: "own", ReceivedBy: kind, State: state, Assigned: true, Author: true, Purpose: hub.Prevention})
	}
	return list
}

// beside lists what is asked beside seeing, doing and sharing, as one role's: to
// search, to say who is too close, to go through who has access, to take along what
// was written, to be told what may be shared, to answer a citizen, and to break a glass;
// each where the tables let somebody.
func (t tables) beside(role hub.Role, kind hub.AuthorityKind) (list []Question) {
	for _, by := range slices.Sorted(maps.Keys(t.Search.By)) {
		list = append(list, Search{role, kind, hub.Prevention, by, first(t.Search.Categories), false})
	}
	of := map[string]string{} // a state of each kind of item
	for _, s := range slices.Sorted(maps.Keys(t.Recuse.States)) {
		of[t.States[s].Item] = s
	}
	for _, item := range slices.Sorted(maps.Keys(of)) {
		for _, q := range []Recuse{{Relation: "own", ReceivedBy: kind}, {Relation: "shared", ReceivedBy: hub.Municipality, SharedBy: hub.Municipality},
			{Relation: "shared", ReceivedBy: hub.Police, SharedBy: hub.Police}} {
			q.Role, q.Kind, q.State, q.Assigned, q.SameAuthority = role, kind, of[item], true, true
			lift := q
			q.Ground, lift.Lift = first(t.Recuse.Grounds), true
			self := q
			self.Self = true
			list = append(list, self, q, lift)
		}
	}
	for _, action := range slices.Sorted(maps.Keys(t.Certify.Actions)) {
		list = append(list, Certify{role, kind, action, true, false})
	}
	for _, item := range slices.Sorted(maps.Keys(t.Return.Items)) {
		list = append(list, Return{role, kind, hub.Prevention, item, true, true, false})
	}
	list = append(list, Advice{Role: role, Kind: kind, Step: "ask"}, Advice{Role: role, Kind: kind, Step: "open", Own: true, Asker: true, Manages: true}, Advice{Role: role, Kind: kind, Step: "list"})
	for _, step := range slices.Sorted(maps.Keys(t.Extract.Steps)) {
		list = append(list, Extract{Step: step, Role: role, Kind: kind, Purpose: first(t.Extract.Purposes), SameAuthority: true, Act: first(t.Extract.Acts),
			SeenFor: first(t.Extract.SeenFor), SeenBy: first(t.Extract.SeenBy), State: first(t.Extract.States[kind]), Informed: true, Alone: true})
	}
	own, shared := "", ""
	for _, standings := range t.View { // what anybody opens so
		for s := range standings["glass"] {
			if own = max(own, s); t.Glass.Shared[s] {
				shared = max(shared, s)
			}
		}
	}
	if mine := t.View[role]["glass"]; mine != nil {
		own = first(mine)
		for s := range mine {
			if t.Glass.Shared[s] {
				shared = s // any will do: what it says of one it says of all
			}
		}
	}
	glass := Glass{Step: "break", Role: role, Kind: kind, Relation: "own", ReceivedBy: kind, State: own, Purpose: hub.Prevention,
		Basis: first(t.Glass.Bases), Category: first(t.Glass.Categories), Habit: first(t.Glass.Habits)}
	given := glass
	given.Relation, given.ReceivedBy, given.SharedBy, given.State = "shared", hub.Municipality, hub.Municipality, shared
	list = append(list, glass, given)
	for _, q := range []Glass{glass, given} {
		q.Step, q.SameAuthority = "second", true
		list = append(list, q)
	}
	for _, purpose := range slices.Sorted(maps.Keys(t.Glass.Review.Purposes)) {
		list = append(list, Glass{Step: "review", Role: role, Kind: kind, Purpose: purpose, SameAuthority: true})
	}
	return append(list, Glass{Step: "end", Role: role, Kind: kind, Purpose: hub.Prevention, Self: true})
}

// first is the first key of a table, by name; "" where it has none.
func first[K ~string, V any](table map[K]V) K {
	if len(table) == 0 {
		return ""
	}
	return slices.Min(slices.Collect(maps.Keys(table)))
}

// daily lists what people of every role ask on every day.
func (t tables) daily() (list []Question) {
	for _, role := range slices.Sorted(maps.Keys(t.Roles)) {
		for n, kind := range slices.Sorted(maps.Keys(t.Roles[role].Kinds)) { // the rest of one kind only: it is about having an answer
			list = append(list, List{role, kind, hub.Prevention}, Register{role, kind, hub.Prevention, "GDPR6-1-E", false, false}, Submit{role, kind, hub.Prevention, "GDPR6-1-E"}, Trail{role, kind, hub.LogControl, true, false})
			if n > 0 {
				continue
			}
			for _, s := range slices.Sorted(maps.Keys(t.States)) {
				list = append(list, View{Role: role, Kind: kind, Relation: "own", ReceivedBy: kind, State: s, Assigned: true, Purpose: hub.Prevention})
			}
			list = append(list, t.acts(role, kind)...)
		}
	}
	return list
}
