//go:build !race

package policies

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// A line of one of the hand-written tables, and a way to draw questions that it
// allows.
type line struct {
	name   string   // the table and the line
	opens  []string // fields, at least these
	reason string   // where the table says on what it rests; else empty
	draw   func(*rand.Rand) (Question, bool)
}

// worlds draws questions: most begin as what a line of a table allows and then
// have up to three attributes drawn anew; some are drawn altogether.
type worlds struct {
	*rand.Rand
	lines  map[string][]line // by the question's name, as the others
	shapes map[string][]attribute
	next   map[string]int
}

// knownBases is every code of a legal basis (domain.md 2.5), with the numbers
// and letters that a lawyer would write.
var knownBases = []hub.LegalBasis{"RPL115-1-1", "RPL115-1-2", "RPL115-1-3", "RPL115-1-3a", "RPL115-1-3b", "RPL115-1-3c", "RPL115-2", "RPL115-3", "FVL28-DBL",
	"DBL6", "DBL7", "DBL8", "DBL8-1", "DBL8-2", "DBL8-3", "DBL8-4", "BL133", "GDPR6-1-E", "CONSENT-EXIT", "RHL", "EMERGENCY", "RPL114"}

var purposesKnown = []hub.Purpose{hub.Prevention, hub.ChildWelfare, hub.LogControl, hub.Operation, hub.Investigation, hub.BenefitCheck}

func newWorlds(t *testing.T, seed uint64) *worlds {
	t.Helper()
	w := &worlds{rand.New(rand.NewPCG(seed, 4)), map[string][]line{}, map[string][]attribute{}, map[string]int{}}
	for _, q := range questions {
		shape, err := shapeOf(q)
		if err != nil {
			t.Fatal(err)
		}
		w.shapes[q.Question()] = shape
	}
	carry := approved(t)
	w.lines["view"] = slices.Concat(linesOfMatrix(t, carry), linesOfConsent())
	w.lines["act"] = linesOfActs(t)
	w.lines["disclose"] = linesOfShares(t, carry)
	w.lines["assign"] = linesOfAssign(t)
	w.lines["recuse"] = linesOfRecuse(t)
	w.lines["search"], w.lines["advice"] = linesOfSearch(), linesOfAdvice()
	w.lines["certify"], w.lines["glass"], w.lines["return"] = linesOfCertify(), linesOfGlass(), linesOfReturn()
	w.lines["extract"] = linesOfExtract()
	w.lines["list"], w.lines["register"], w.lines["submit"], w.lines["trail"] = linesOfTheRest()
	return w
}

func oneOf[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// carriers is the bases on which one kind may disclose such an item to another.
func carriers(carry map[[4]string]bool, from, to hub.AuthorityKind, item string) []hub.LegalBasis {
	var list []hub.LegalBasis
	for _, b := range knownBases {
		if carry[[4]string{string(from), string(to), string(b), item}] {
			list = append(list, b)
		}
	}
	return list
}

// classes draws what a share names: all there are, or some and these.
func someClasses(r *rand.Rand, must ...string) string {
	if r.IntN(2) == 0 {
		return strings.Join(allClasses, ",")
	}
	list := slices.DeleteFunc(slices.Clone(allClasses), func(c string) bool { return !slices.Contains(must, c) && r.IntN(2) == 0 })
	return strings.Join(list, ",")
}

func someContent(r *rand.Rand) hub.Purpose {
	return oneOf(r, []hub.Purpose{"prevention", "prevention", "prevention", "child_welfare"})
}

func linesOfMatrix(t *testing.T, carry map[[4]string]bool) (all []line) {
	yesno := map[string][]bool{"yes": {true}, "no": {false}, "*": {false, true}}
	for i, row := range table(t, "matrix.csv", "role", "kind", "relation", "author", "assigned", "received_by", "shared_by", "state", "class", "fields") {
		roles, kinds := words(t, row[0], names(allRoles)), words(t, row[1], names(hub.AuthorityKinds))
		as, states := words(t, row[2], relations), words(t, row[7], allStates)
		by, from, way := map[string][]string{}, map[string][]string{}, words(t, row[4], ways)
		for _, kind := range kinds {
			by[kind], from[kind] = parties(t, row[5], kind), parties(t, row[6], kind)
		}
		all = append(all, line{name: fmt.Sprintf("matrix.csv %d %v", i+1, row), opens: strings.Fields(row[9]), draw: func(r *rand.Rand) (Question, bool) {
			kind, how := oneOf(r, kinds), oneOf(r, way)
			q := View{Role: hub.Role(oneOf(r, roles)), Kind: hub.AuthorityKind(kind), Relation: oneOf(r, as), ReceivedBy: hub.AuthorityKind(oneOf(r, by[kind])),
				SharedBy: hub.AuthorityKind(oneOf(r, from[kind])), State: oneOf(r, states), Author: oneOf(r, yesno[row[3]]), Assigned: how == "yes", Glass: how == "glass", Purpose: someContent(r)}
			if !slices.Contains(sees[q.Role], q.Kind) {
				return q, false
			}
			if q.Relation == "shared" {
				bases := carriers(carry, q.SharedBy, q.Kind, itemOf[q.State])
				if len(bases) == 0 {
					return q, row[3] == "yes"
				}
				q.Basis, q.Classes = oneOf(r, bases), someClasses(r, row[8])
			}
			return q, true
		}})
	}
	return all
}

func linesOfActs(t *testing.T) (all []line) {
	for i, row := range table(t, "acts.csv", "action", "role", "as", "states") {
		states := words(t, row[3], allStates)
		all = append(all, line{name: fmt.Sprintf("acts.csv %d %v", i+1, row), reason: row[2], draw: func(r *rand.Rand) (Question, bool) {
			role := hub.Role(row[1])
			kind := oneOf(r, sees[role])
			q := Act{Action: row[0], Role: role, Kind: kind, Relation: oneOf(r, relations), ReceivedBy: oneOf(r, hub.AuthorityKinds[:5]), SharedBy: oneOf(r, hub.AuthorityKinds),
				State: oneOf(r, states), Author: r.IntN(4) == 0, Assigned: r.IntN(3) == 0, Purpose: someContent(r)}
			switch row[2] {
			case "author":
				q.Author = true
			case "own", "assigned":
				q.Relation, q.ReceivedBy, q.Assigned = "own", kind, q.Assigned || row[2] == "assigned"
			case "invited":
				q.Relation, q.SharedBy, q.Assigned = "shared", oneOf(r, hub.AuthorityKinds[:5]), true
			case "from_partner":
				q.Relation, q.SharedBy = "shared", oneOf(r, hub.AuthorityKinds[2:5])
			default:
				q.Relation, q.SharedBy = "shared", hub.AuthorityKind(strings.TrimPrefix(row[2], "from_"))
			}
			return q, true
		}})
	}
	// What the hub does by itself, which is in the words of the step (L38).
	for _, action := range []string{"canary", "discard", "begin", "draft_offer", "remind", "follow"} {
		all = append(all, line{name: "the hub may " + action, reason: "system", draw: func(r *rand.Rand) (Question, bool) {
			q := Act{Action: action, Role: "system", State: oneOf(r, append(slices.Clone(allStates), "canary")), Purpose: hub.Operation}
			return q, houseKeeping(q.Action, q.State)
		}})
	}
	return all
}

// linesOfShares draws from three tables at once: what may be shared with whom
// (shares.csv), on which basis (disclose.csv), on which ground besides
// (special.csv); each line of each has its turn.
func linesOfShares(t *testing.T, carry map[[4]string]bool) (all []line) {
	special := grounds(t)
	grounded := slices.SortedFunc(maps.Keys(special), func(a, b [3]string) int { return slices.Compare(a[:], b[:]) })
	list := shares(t)
	keys := slices.SortedFunc(maps.Keys(list), func(a, b [4]string) int { return slices.Compare(a[:], b[:]) }) // item, role, to, state
	draw := func(r *rand.Rand, key [4]string, from hub.AuthorityKind, basis hub.LegalBasis, class, ground string) (Question, bool) {
		bases := carriers(carry, from, hub.AuthorityKind(key[2]), key[0])
		if !slices.Contains(sees[hub.Role(key[1])], from) || len(bases) == 0 || basis != "" && !slices.Contains(bases, basis) {
			return nil, false
		}
		if basis == "" {
			basis = oneOf(r, bases)
		}
		q := most(key[1], string(from), key[2], string(basis), key[0], key[3])
		if passesOn(q) {
			q.Under, q.Agreed = oneOf(r, []string{"ask_first", "within_cooperation"}), r.IntN(2) == 0
			q.Agreed = q.Agreed || q.Under == "ask_first"
		} else if terms := oneOf(r, []string{"", "no_onward", "ask_first", "within_cooperation"}); basis != "CONSENT-EXIT" && (basis != "RPL115-3" || terms != "within_cooperation") {
			q.Terms = terms
		}
		q.Class, q.Special = class, hub.LegalBasis(ground)
		return q, true
	}
	for i, row := range table(t, "shares.csv", "item", "role", "to", "states", "classes") {
		role, to, states := hub.Role(row[1]), words(t, row[2], anyKind), words(t, row[3], statesOf[row[0]])
		all = append(all, line{name: fmt.Sprintf("shares.csv %d %v", i+1, row), draw: func(r *rand.Rand) (Question, bool) {
			return draw(r, [4]string{row[0], row[1], oneOf(r, to), oneOf(r, states)}, oneOf(r, sees[role]), "", "", "")
		}})
	}
	for i, row := range table(t, "disclose.csv", "from", "to", "basis", "items", "source") {
		items := words(t, row[3], allItems)
		if row[0] == string(hub.PrisonService) && row[2] == "CONSENT-EXIT" {
			continue // nobody there may send an offer (shares.csv): see linesOfConsent
		}
		all = append(all, line{name: fmt.Sprintf("disclose.csv %d %v", i+1, row), draw: func(r *rand.Rand) (Question, bool) {
			key := oneOf(r, keys)
			if key[2] != row[1] || !slices.Contains(items, key[0]) {
				return nil, false
			}
			return draw(r, key, hub.AuthorityKind(row[0]), hub.LegalBasis(row[2]), "", "")
		}})
	}
	for _, k := range grounded {
		all = append(all, line{name: fmt.Sprintf("special.csv %v", k), opens: []string{k[0] + "_facts"}, draw: func(r *rand.Rand) (Question, bool) {
			key := oneOf(r, keys)
			if key[0] != "answer" {
				return nil, false
			}
			return draw(r, key, hub.AuthorityKind(k[1]), "", k[0], k[2])
		}})
	}
	return all
}

// linesOfConsent is what disclose.csv lets the prison service disclose with the
// citizen's consent, as it is seen by who receives it.
func linesOfConsent() (all []line) {
	for _, to := range []hub.AuthorityKind{hub.Municipality, hub.Police} {
		all = append(all, line{name: fmt.Sprintf("disclose.csv prison_service %s CONSENT-EXIT", to), opens: []string{"preview"}, draw: func(r *rand.Rand) (Question, bool) {
			return View{Role: hub.CoreGroup, Kind: to, Relation: "shared", ReceivedBy: hub.PrisonService, SharedBy: hub.PrisonService, Assigned: true,
				State: oneOf(r, []string{"offered", "taken_up"}), Classes: someClasses(r, "offer_preview"), Basis: "CONSENT-EXIT", Purpose: hub.Prevention}, true
		}})
	}
	return all
}

func linesOfAssign(t *testing.T) (all []line) {
	for i, row := range table(t, "assign.csv", "role", "whose", "target", "relation", "as", "states") {
		kinds := []string{"", string(sees[hub.Role(row[0])][0])}
		if row[1] != "own" {
			kinds = words(t, row[1], anyKind)
		}
		targets, states, deeds := words(t, row[2], names(allRoles)), words(t, row[5], allStates), words(t, row[4], []string{"give", "end"})
		all = append(all, line{name: fmt.Sprintf("assign.csv %d %v", i+1, row), draw: func(r *rand.Rand) (Question, bool) {
			role := hub.Role(row[0])
			return Assign{Role: role, Kind: sees[role][0], Relation: row[3], State: oneOf(r, states), SameAuthority: row[1] == "own",
				Target: hub.Role(oneOf(r, targets)), TargetKind: hub.AuthorityKind(oneOf(r, kinds)), End: oneOf(r, deeds) == "end"}, true
		}})
	}
	return all
}

func linesOfRecuse(t *testing.T) (all []line) {
	for i, row := range table(t, "recuse.csv", "role", "of", "item", "as") {
		items, as := words(t, row[2], allItems), strings.Fields(row[3])
		all = append(all, line{name: fmt.Sprintf("recuse.csv %d %v", i+1, row), draw: func(r *rand.Rand) (Question, bool) {
			role, self := hub.Role(row[0]), row[1] == "self"
			kind := oneOf(r, hub.AuthorityKinds[:5])
			if role != hub.Manager {
				kind = oneOf(r, sees[role])
			}
			q := Recuse{Role: role, Kind: kind, Relation: "own", ReceivedBy: kind, SharedBy: oneOf(r, hub.AuthorityKinds), State: oneOf(r, statesOf[oneOf(r, items)]),
				Self: self, SameAuthority: true, Lift: !self && r.IntN(2) == 0}
			if !q.Lift {
				q.Ground = oneOf(r, []string{"1", "2", "3", "4", "5"})
			}
			switch how := oneOf(r, as); how {
			case "own", "assigned":
				q.Assigned = how == "assigned"
			case "invited":
				q.Relation, q.ReceivedBy, q.SharedBy, q.Assigned = "shared", oneOf(r, hub.AuthorityKinds[:5]), oneOf(r, hub.AuthorityKinds[:5]), true
			default:
				q.Relation, q.ReceivedBy, q.SharedBy = "shared", oneOf(r, hub.AuthorityKinds[:5]), hub.AuthorityKind(strings.TrimPrefix(how, "from_"))
			}
			return q, q.State != "draft"
		}})
	}
	return all
}

// linesOfCertify is who goes through who has access (L56).
func linesOfCertify() (all []line) {
	posts := map[hub.Role][]hub.AuthorityKind{hub.Manager: hub.AuthorityKinds[:5], hub.MunicipalCoordinator: {hub.Municipality}, hub.PoliceCoordinator: {hub.Police}}
	for _, role := range slices.Sorted(maps.Keys(posts)) {
		for _, action := range []string{"list", "confirm", "end"} {
			all = append(all, line{name: fmt.Sprintf("%s may %s the hats", role, action), draw: func(r *rand.Rand) (Question, bool) {
				return Certify{Role: role, Kind: oneOf(r, posts[role]), Action: action, SameAuthority: true}, true
			}})
		}
	}
	return append(all, line{name: "the hub lets a hat expire", draw: func(*rand.Rand) (Question, bool) {
		return Certify{Role: "system", Action: "expire", SameAuthority: true}, true
	}})
}

// linesOfReturn is what an authority that leaves takes along (A017).
func linesOfReturn() (all []line) {
	for _, item := range []string{"concern", "request", "answer", "case", "offer"} {
		all = append(all, line{name: "a manager takes along what was written of a " + item, draw: func(r *rand.Rand) (Question, bool) {
			return Return{hub.Manager, oneOf(r, hub.AuthorityKinds[:5]), someContent(r), item, true, true, false}, true
		}})
	}
	return all
}

// linesOfExtract is who answers a citizen, and what is told (L21).
func linesOfExtract() (all []line) {
	for step, roles := range map[string][]hub.Role{"read": {hub.DPO, hub.Manager}, "prepare": {hub.DPO}, "name": {hub.DPO}, "release": {hub.DPO, hub.Manager}} {
		for _, role := range roles {
			all = append(all, line{name: fmt.Sprintf("%s may %s an answer", role, step), draw: func(r *rand.Rand) (Question, bool) {
				return Extract{Step: step, Role: role, Kind: oneOf(r, hub.AuthorityKinds[:5]), Purpose: hub.LogControl, SameAuthority: true}, true
			}})
		}
	}
	slices.SortFunc(all, func(a, b line) int { return strings.Compare(a.name, b.name) })
	for _, state := range allStates {
		if slices.Contains([]string{"draft", "received", "police_check", "acute", "police_only", "offer_draft"}, state) {
			continue
		}
		all = append(all, line{name: "a look-up is told of " + state, draw: func(r *rand.Rand) (Question, bool) {
			return Extract{Step: "tell", Role: hub.DPO, Kind: oneOf(r, []hub.AuthorityKind{hub.Municipality, hub.Region, hub.SelfGoverning}), Purpose: hub.LogControl, SameAuthority: true,
				Act: oneOf(r, []hub.Act{hub.ActConsult, hub.ActSearch, hub.ActExport}), SeenFor: someContent(r), SeenBy: oneOf(r, hub.AuthorityKinds[:5]), State: state, Informed: true, Alone: true}, true
		}})
	}
	return all
}

// linesOfSearch is by what somebody may look (A063).
func linesOfSearch() (all []line) {
	for _, role := range slices.Sorted(maps.Keys(sees)) {
		for _, by := range searchedBy {
			all = append(all, line{name: fmt.Sprintf("%s looks by %s", role, by), draw: func(r *rand.Rand) (Question, bool) {
				return Search{role, oneOf(r, sees[role]), someContent(r), by, oneOf(r, []string{"of_concern", "released", "victim"}), false}, true
			}})
		}
	}
	return all
}

var searchedBy = []string{"reference", "cpr", "cpr,name", "birth_date,cpr", "birth_date,cpr,name", "birth_date,name"}

// linesOfAdvice is who may ask whether, and open what was kept of it.
func linesOfAdvice() (all []line) {
	for _, role := range append(slices.Sorted(maps.Keys(sees)), hub.Manager, hub.DPO) {
		kinds := sees[role]
		if role == hub.Manager || role == hub.DPO {
			kinds = hub.AuthorityKinds[:5]
		} else if role == hub.Reporter {
			continue
		} else {
			all = append(all, line{name: fmt.Sprintf("%s may ask", role), draw: func(r *rand.Rand) (Question, bool) {
				return Advice{Role: role, Kind: oneOf(r, kinds), Step: "ask"}, true
			}})
		}
		all = append(all, line{name: fmt.Sprintf("%s may list it", role), draw: func(r *rand.Rand) (Question, bool) {
			return Advice{Role: role, Kind: oneOf(r, kinds), Step: "list"}, true
		}})
		all = append(all, line{name: fmt.Sprintf("%s may open it", role), draw: func(r *rand.Rand) (Question, bool) {
			return Advice{Role: role, Kind: oneOf(r, kinds), Step: "open", Own: true, Asker: role != hub.Manager && role != hub.DPO, Manages: role == hub.Manager}, true
		}})
	}
	return all
}

// linesOfGlass is the steps of break-glass (L57).
func linesOfGlass() (all []line) {
	for _, role := range []hub.Role{hub.Receiver, hub.CoreGroup, hub.LocalPolice, hub.MunicipalCoordinator, hub.PoliceCoordinator} {
		step := "break"
		if role == hub.MunicipalCoordinator || role == hub.PoliceCoordinator {
			step = "second"
		}
		for _, relation := range []string{"own", "shared"} {
			all = append(all, line{name: fmt.Sprintf("%s at what is %s may %s", role, relation, step), draw: func(r *rand.Rand) (Question, bool) {
				kind := oneOf(r, sees[role])
				q := Glass{Step: step, Role: role, Kind: kind, Relation: relation, ReceivedBy: kind, SharedBy: oneOf(r, hub.AuthorityKinds[:5]), Purpose: someContent(r), Basis: "EMERGENCY",
					State: oneOf(r, append([]string{"received", "police_check", "triage", "case"}, statesOf["case"][:7]...))}
				if relation == "shared" && (q.State == "received" || q.State == "police_check") {
					q.State = "triage"
				}
				if step == "second" {
					q.SameAuthority = true
				} else {
					q.Category, q.Habit = oneOf(r, []string{"life", "child", "violence", "missing"}), oneOf(r, []string{"first", "second", "third"})
				}
				return q, true
			}})
		}
	}
	for _, role := range slices.Sorted(maps.Keys(sees)) {
		all = append(all, line{name: fmt.Sprintf("%s gives it back", role), draw: func(r *rand.Rand) (Question, bool) {
			return Glass{Step: "end", Role: role, Kind: oneOf(r, sees[role]), Self: true, Purpose: someContent(r)}, true
		}})
	}
	return append(all, line{name: "the officer reviews it", draw: func(r *rand.Rand) (Question, bool) {
		return Glass{Step: "review", Role: hub.DPO, Kind: oneOf(r, hub.AuthorityKinds[:5]), Purpose: hub.LogControl, SameAuthority: true}, true
	}})
}

// linesOfTheRest is of the questions that have no table but domain.md's prose.
func linesOfTheRest() (list, register, submit, trail []line) {
	for _, role := range slices.Sorted(maps.Keys(sees)) {
		for _, kind := range sees[role] {
			list = append(list, line{name: fmt.Sprintf("%s at %s lists", role, kind), draw: func(r *rand.Rand) (Question, bool) {
				return List{role, kind, someContent(r)}, true
			}})
			if !slices.Contains([]hub.Role{hub.Reporter, hub.Institution, hub.Receiver, hub.MunicipalCoordinator, hub.PoliceCoordinator}, role) {
				continue
			}
			bases := map[hub.LegalBasis]hub.Purpose{"GDPR6-1-E": hub.Prevention, "BL133": hub.ChildWelfare}
			if kind == hub.Police || kind == hub.PrisonService {
				bases = map[hub.LegalBasis]hub.Purpose{"RHL": hub.Prevention}
			}
			for _, basis := range slices.Sorted(maps.Keys(bases)) {
				name := fmt.Sprintf("%s at %s on %s", role, kind, basis)
				register = append(register, line{name: name + " registers", draw: func(*rand.Rand) (Question, bool) {
					return Register{role, kind, bases[basis], basis, false, false}, true
				}})
				submit = append(submit, line{name: name + " submits", draw: func(*rand.Rand) (Question, bool) { return Submit{role, kind, bases[basis], basis}, true }})
			}
		}
	}
	submit = append(submit, line{name: "somebody without a name submits", draw: func(r *rand.Rand) (Question, bool) {
		return Submit{hub.Anonymous, hub.Municipality, someContent(r), "GDPR6-1-E"}, true
	}})
	for _, kind := range hub.AuthorityKinds[:5] {
		trail = append(trail, line{name: fmt.Sprintf("the officer at %s", kind), draw: func(*rand.Rand) (Question, bool) { return Trail{hub.DPO, kind, hub.LogControl, true, false}, true }},
			line{name: fmt.Sprintf("the officer at %s opens the hub", kind), draw: func(*rand.Rand) (Question, bool) { return Trail{hub.DPO, kind, hub.LogControl, true, true}, true }})
	}
	return list, register, submit, trail
}

// known is every value that there is of an attribute of text.
func known(name string) []string {
	switch name {
	case "role", "target":
		return names(append(slices.Clone(allRoles), hub.Anonymous))
	case "kind", "from", "to", "received_by", "shared_by", "target_kind", "seen_by":
		return names(hub.AuthorityKinds)
	case "relation":
		return relations
	case "state":
		return allStates
	case "item":
		return allItems
	case "action":
		return slices.Concat(actionsOf["concern"], actionsOf["case"], actionsOf["request"], actionsOf["answer"], actionsOf["offer"], actionsOf[""],
			[]string{"list", "confirm", "expire"})
	case "step":
		return []string{"break", "second", "end", "review", "ask", "open", "list", "read", "prepare", "name", "release", "tell"}
	case "category":
		return []string{"life", "child", "violence", "missing", "of_concern", "released", "victim", "related"}
	case "by":
		return append([]string{"name", "birth_date"}, searchedBy...)
	case "habit":
		return []string{"first", "second", "third"}
	case "ground":
		return []string{"1", "2", "3", "4", "5", "6"}
	case "terms", "under":
		return []string{"no_onward", "ask_first", "within_cooperation"}
	case "class":
		return []string{"health", "offence"}
	case "basis", "special":
		return names(knownBases)
	case "purpose", "seen_for":
		return names(purposesKnown)
	case "act":
		return names(hub.Acts)
	}
	panic("nobody knows what " + name + " may be")
}

// anew draws a value for an attribute: mostly one that there is, else nothing,
// or something misspelt.
func (w *worlds) anew(name string, kind reflect.Kind) any {
	if kind == reflect.Bool {
		return w.IntN(2) == 0
	}
	one := func() string {
		if name == "classes" {
			return someClasses(w.Rand)
		}
		return oneOf(w.Rand, known(name))
	}
	switch v := one(); w.IntN(20) {
	case 0, 1:
		return ""
	case 2:
		return strings.ToUpper(v)
	case 3:
		return " " + strings.ReplaceAll(v, ",", ", ")
	case 4:
		return oneOf(w.Rand, []string{"bogus", "*", "any", "\x00", "true", v + v, v + ","})
	default:
		return v
	}
}

// toward is a world of a question with some words where they can stand, mostly.
func (w *worlds) toward(name string, words []string) Question {
	q, _ := w.of(name)
	for range 8 {
		if other, _ := w.of(name); nearness(other, words) > nearness(q, words) {
			q = other
		}
	}
	for _, a := range w.shapes[name] {
		switch {
		case w.IntN(4) == 0 || a.name == "classes":
		case a.kind == reflect.Bool:
			if slices.Contains(words, a.name) {
				q = with(q, a.name, true)
			}
		default:
			if fit := slices.DeleteFunc(slices.Clone(words), func(s string) bool { return !slices.Contains(known(a.name), s) }); len(fit) > 0 {
				q = with(q, a.name, oneOf(w.Rand, fit))
			}
		}
	}
	return q
}

// another draws a world, and says of which line it is unchanged.
func (w *worlds) another() (Question, *line) {
	var zero Question
	switch n := w.IntN(100); {
	case n < 40:
		zero = View{}
	case n < 57:
		zero = Act{}
	case n < 69:
		zero = Disclose{}
	case n < 78:
		zero = Assign{}
	case n < 84:
		zero = Recuse{}
	case n < 90:
		zero = Glass{}
	default:
		zero = []Question{List{}, Register{}, Submit{}, Trail{}, Certify{}, Search{}, Advice{}, Extract{}, Return{}, Certify{}}[n%10]
	}
	return w.of(zero.Question())
}

// of draws one of a question.
func (w *worlds) of(name string) (Question, *line) {
	shape := w.shapes[name]
	if w.IntN(8) == 0 { // altogether
		return w.with(questions[slices.IndexFunc(questions, func(q Question) bool { return q.Question() == name })], shape), nil
	}
	l := &w.lines[name][w.next[name]%len(w.lines[name])]
	w.next[name]++
	q, ok := l.draw(w.Rand)
	for tries := 0; !ok; tries++ {
		if tries == 100_000 {
			panic("nothing is allowed by " + l.name)
		}
		q, ok = l.draw(w.Rand)
	}
	changes := []int{0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3}[w.IntN(20)]
	if changes == 0 {
		return q, l
	}
	var some []attribute
	for range changes {
		some = append(some, oneOf(w.Rand, shape))
	}
	return w.with(q, some), nil
}

// with draws some attributes of a question anew.
func (w *worlds) with(q Question, some []attribute) Question {
	p := reflect.New(reflect.TypeOf(q)).Elem()
	p.Set(reflect.ValueOf(q))
	for _, a := range some {
		f := p.Field(a.index)
		f.Set(reflect.ValueOf(w.anew(a.name, a.kind)).Convert(f.Type()))
	}
	return p.Interface().(Question)
}

// shrink makes attributes nothing for as long as the question still differs.
func shrink(q Question, differs func(Question) bool) Question {
	shape, _ := shapeOf(q)
	for again := true; again; {
		again = false
		for _, a := range shape {
			zero := reflect.Zero(reflect.ValueOf(q).Field(a.index).Type()).Interface()
			if less := with(q, a.name, zero); less != q && differs(less) {
				q, again = less, true
			}
		}
	}
	return q
}
