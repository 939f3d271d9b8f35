//go:build !race

package policies

import (
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// shares is what may be shared at most: of an item, by a role, with a kind of
// authority, in a state; sorted.
func shares(t *testing.T) map[[4]string][]string {
	t.Helper()
	all := map[[4]string][]string{}
	for _, row := range table(t, "shares.csv", "item", "role", "to", "states", "classes") {
		for _, role := range words(t, row[1], names(allRoles)) {
			for _, to := range words(t, row[2], anyKind) {
				for _, state := range words(t, row[3], statesOf[row[0]]) {
					key := [4]string{row[0], role, to, state}
					if all[key] != nil {
						t.Fatalf("twice: %v", key)
					}
					all[key] = slices.Sorted(slices.Values(words(t, row[4], classesOf[row[0]])))
				}
			}
		}
	}
	return all
}

// approved is on which bases which kind of authority may disclose which item to
// which: from, to, basis, item.
func approved(t *testing.T) map[[4]string]bool {
	t.Helper()
	all := map[[4]string]bool{}
	for _, row := range table(t, "disclose.csv", "from", "to", "basis", "items", "source") {
		for _, item := range words(t, row[3], allItems) {
			key := [4]string{words(t, row[0], anyKind)[0], words(t, row[1], anyKind)[0], row[2], item}
			if all[key] || row[4] == "" {
				t.Fatalf("twice, or without a source: %v", key)
			}
			all[key] = true
		}
	}
	return all
}

// grounds is which ground lets which kind disclose which class, and what it adds.
func grounds(t *testing.T) map[[3]string]string {
	t.Helper()
	all := map[[3]string]string{}
	for _, row := range table(t, "special.csv", "class", "from", "ground", "adds", "source") {
		key := [3]string{row[0], words(t, row[1], anyKind)[0], row[2]}
		if all[key] != "" || row[4] == "" {
			t.Fatalf("twice, or without a source: %v", key)
		}
		all[key] = words(t, row[3], classesOf["answer"])[0]
	}
	return all
}

// most is everything seen to, for a question that should be allowed.
func most(role, from, to, basis, item, state string) Disclose {
	q := Disclose{Role: hub.Role(role), From: hub.AuthorityKind(from), To: hub.AuthorityKind(to), Basis: hub.LegalBasis(basis), Purpose: hub.Prevention,
		Item: item, State: state, Cooperation: true, TaskArea: true, Consent: true}
	if passesOn(q) { // the municipality's, which lets it
		q.Under = "within_cooperation"
	}
	return q
}

// passesOn: what the police have of the municipality's case, given to a third.
func passesOn(q Disclose) bool {
	return q.From == hub.Police && q.To != hub.Municipality && slices.Contains([]string{"case", "request", "offer"}, q.Item)
}

// named is the classes that a yes lets a share name, and everything that it opens.
func named(e *Engine, a Answer, q Disclose) ([]string, []string) {
	g := Grant{decision{q: q, answer: a, engine: e.now.Load()}}
	var fields []string
	for _, class := range g.Classes() {
		fields = append(fields, e.Fields(class)...)
	}
	slices.Sort(fields)
	return g.Classes(), slices.Compact(fields)
}

// Who may share what with whom, and when: every role at every kind of authority,
// every recipient, every item in every state; on a basis that carries it. L2.
func TestVolumeSharesAreTheApprovedList(t *testing.T) {
	e := engine(t)
	list := shares(t)
	var qs []Disclose
	for _, role := range append(names(allRoles), "") {
		for _, from := range append(names(hub.AuthorityKinds), "") {
			may := slices.Contains(sees[hub.Role(role)], hub.AuthorityKind(from))
			for _, to := range append(names(hub.AuthorityKinds), "", "bogus") {
				basis := string(ground[[2]hub.AuthorityKind{hub.AuthorityKind(from), hub.AuthorityKind(to)}])
				for _, state := range append(slices.Clone(allStates), "", "bogus") {
					if n := len(qs) % 7; may || basis != "" && n == 0 { // of those who may nothing anywhere, some
						qs = append(qs, most(role, from, to, basis, itemOf[state], state))
					} else if n == 0 {
						qs = append(qs, most(role, from, to, "RPL115-2", itemOf[state], state))
					}
					if may && basis != "" && role != string(hub.Reporter) { // as another item than the state is of
						qs = append(qs, most(role, from, to, basis, append(allItems, "", "bogus")[len(qs)%7], state))
					}
				}
			}
		}
	}
	used := map[[4]string]bool{}
	for i, a := range answers(t, e, qs) {
		q := qs[i]
		key := [4]string{q.Item, string(q.Role), string(q.To), q.State}
		want := list[key]
		if ground[[2]hub.AuthorityKind{q.From, q.To}] == "" || !slices.Contains(sees[q.Role], q.From) {
			want = nil
		}
		classes, fields := named(e, a, q)
		if a.Allow != (want != nil) || !slices.Equal(classes, want) || !slices.Equal(fields, a.Fields) {
			t.Errorf("%+v: %v %v %v, the list says %v", q, a.Allow, a.Reasons, classes, want)
		}
		if a.Allow {
			used[key] = true
		}
		for _, f := range []string{"address", "reporter_kind", "reporter_name", "reporter_contact", "health_facts", "offence_facts"} {
			if slices.Contains(a.Fields, f) {
				t.Errorf("%+v shares %s", q, f)
			}
		}
	}
	for key := range list { // but where the two kinds have no basis in § 115 at all
		if !used[key] && slices.ContainsFunc(sees[hub.Role(key[1])], func(k hub.AuthorityKind) bool {
			return ground[[2]hub.AuthorityKind{k, hub.AuthorityKind(key[2])}] != ""
		}) {
			t.Errorf("%v is asked for nowhere, or never allowed", key)
		}
	}
	t.Logf("%d questions asked, %d of %d entries of the list used", len(qs), len(used), len(list))
}

// discloser is a role that may share an item of a kind of authority with
// another, and the state in which; else one that would be the nearest to it.
func discloser(list map[[4]string][]string, item string, from, to hub.AuthorityKind) (string, string) {
	for _, role := range []hub.Role{hub.MunicipalCoordinator, hub.PoliceCoordinator, hub.Partner, hub.CoreGroup, hub.Institution} {
		if slices.Contains(sees[role], from) {
			for _, state := range statesOf[item] {
				if list[[4]string{item, string(role), string(to), state}] != nil {
					return string(role), state
				}
			}
		}
	}
	return map[hub.AuthorityKind]string{hub.Police: string(hub.PoliceCoordinator), hub.Municipality: string(hub.MunicipalCoordinator)}[from], statesOf[item][0]
}

// On which basis: every two kinds of authority, every item, every basis, every
// purpose; and what each needs besides. L2; L3 and L55 of purposes; L5; L7 in
// part: between whom; L8 in part: that a consent is needed.
func TestVolumeDiscloseIsTheApprovedList(t *testing.T) {
	e := engine(t)
	list, rows := shares(t), approved(t)
	var qs []Disclose
	for _, from := range append(slices.Clone(hub.AuthorityKinds), "") {
		for _, to := range append(slices.Clone(hub.AuthorityKinds), "") {
			for _, item := range allItems {
				role, state := discloser(list, item, from, to)
				for _, basis := range bases(e) {
					qs = append(qs, most(role, string(from), string(to), basis, item, state))
				}
			}
		}
	}
	yes := map[[4]string]bool{}
	var more []Disclose
	var want []string
	for i, a := range answers(t, e, qs) {
		q := qs[i]
		key := [4]string{string(q.From), string(q.To), string(q.Basis), q.Item}
		if may := rows[key] && list[[4]string{q.Item, string(q.Role), string(q.To), q.State}] != nil; a.Allow != may {
			t.Errorf("%+v: allow is %v, the list says %v: %v", q, a.Allow, may, a.Reasons)
		}
		if !a.Allow {
			continue
		}
		yes[key] = true
		for _, code := range []string{"necessity", "no_investigation"} {
			if !slices.Contains(a.Obligations, code) {
				t.Errorf("%+v does not oblige to %s", q, code)
			}
		}
		for purpose, reason := range map[hub.Purpose]string{hub.ChildWelfare: "basis_not_for_purpose", hub.LogControl: "purpose_without_content", hub.Operation: "purpose_without_content",
			hub.Investigation: "purpose_investigation_never", hub.BenefitCheck: "purpose_benefit_check_never", "": "purpose_unknown"} {
			n := q
			n.Purpose = purpose
			more, want = append(more, n), append(want, reason)
		}
		n := q
		n.Cooperation = false
		more, want = append(more, n), append(want, "")
		if strings.HasPrefix(string(q.Basis), "RPL115-1-") || q.Basis == "RPL115-2" {
			want[len(want)-1] = "cooperation_missing"
		}
		n = q
		n.TaskArea = false
		more, want = append(more, n), append(want, "")
		if q.From == hub.SelfGoverning || q.To == hub.SelfGoverning {
			want[len(want)-1] = "task_area_missing"
		}
		n = q
		n.Consent = false
		more, want = append(more, n), append(want, "")
		if q.Basis == "CONSENT-EXIT" {
			want[len(want)-1] = "consent_missing"
		}
	}
	for i, a := range answers(t, e, more) {
		if a.Allow != (want[i] == "") || !a.Allow && !slices.Contains(a.Reasons, want[i]) {
			t.Errorf("%+v: %v %v, want %q", more[i], a.Allow, a.Reasons, want[i])
		}
	}
	for key := range rows { // but where nobody shares such an item
		role, state := discloser(list, key[3], hub.AuthorityKind(key[0]), hub.AuthorityKind(key[1]))
		if !yes[key] && list[[4]string{key[3], role, key[1], state}] != nil {
			t.Errorf("%v is never allowed", key)
		}
	}
	t.Logf("%d questions asked, %d allowed, and %d more about those; %d rows", len(qs), len(yes), len(more), len(rows))
}

// What is on health or on offences: of every item, from every kind of authority,
// on every ground (L10, L11).
func TestVolumeHealthAndOffencesTakeAGroundOfTheirOwn(t *testing.T) {
	e := engine(t)
	list, special := shares(t), grounds(t)
	var qs []Disclose
	for _, item := range allItems {
		for _, from := range hub.AuthorityKinds[:5] {
			i := slices.IndexFunc(hub.AuthorityKinds[:5], func(to hub.AuthorityKind) bool {
				role, state := discloser(list, item, from, to)
				return ground[[2]hub.AuthorityKind{from, to}] != "" && list[[4]string{item, role, string(to), state}] != nil
			})
			if i < 0 {
				continue // nobody there shares such an item
			}
			to := hub.AuthorityKinds[i]
			role, state := discloser(list, item, from, to)
			for _, class := range []string{"", "health", "offence", "bogus", "Health"} {
				for _, own := range bases(e) {
					q := most(role, string(from), string(to), string(ground[[2]hub.AuthorityKind{from, to}]), item, state)
					q.Class, q.Special = class, hub.LegalBasis(own)
					qs = append(qs, q)
				}
			}
		}
	}
	used := map[[3]string]bool{}
	for i, a := range answers(t, e, qs) {
		q := qs[i]
		want := list[[4]string{q.Item, string(q.Role), string(q.To), q.State}]
		if q.Class != "" || q.Special != "" {
			key := [3]string{q.Class, string(q.From), string(q.Special)}
			if adds := special[key]; adds == "" || q.Item != "answer" {
				want = nil
			} else {
				want = slices.Sorted(slices.Values(append(slices.Clone(want), adds)))
				used[key] = true
			}
		}
		classes, fields := named(e, a, q)
		if a.Allow != (want != nil) || !slices.Equal(classes, want) || !slices.Equal(fields, a.Fields) || a.Allow && slices.Contains(a.Obligations, "special_necessity") != (q.Class != "") {
			t.Errorf("%+v: %v %v %v, want %v", q, a.Reasons, a.Obligations, classes, want)
		}
	}
	if len(used) != len(special) {
		t.Errorf("%d of %d grounds are used", len(used), len(special))
	}
	t.Logf("%d questions asked, %d grounds", len(qs), len(special))
}

// TestWhatStandsOnAnAgreement names by hand what is served only while an agreement holds:
// all of § 115 (L2, L5), and no consent.
func TestWhatStandsOnAnAgreement(t *testing.T) {
	law := engine(t).Law()
	var got []string
	for code := range law.agreed {
		if law.Agreed(code) {
			got = append(got, string(code))
		}
	}
	slices.Sort(got)
	if want := "RPL115-1-1 RPL115-1-2 RPL115-1-3a RPL115-1-3b RPL115-1-3c RPL115-2 RPL115-3"; strings.Join(got, " ") != want {
		t.Errorf("an agreement is needed by %v, want %s", got, want)
	}
}
