package assessment

import (
	"slices"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/policies"
)

// mayLet is the question whether somebody of the case's parties may let a person into
// the case, or have them answer in it: a question is the asker's own.
func (x *room) mayLet(d *doing, who hub.Actor, kind string, m Member) policies.Assign {
	switch {
	case kind == "request":
		return x.mayInvite(who, pg.Relation{Relation: "own"}, asked, m)
	case who.Authority == d.Municipality:
		return x.mayInvite(who, pg.Relation{Relation: "own"}, d.State, m)
	}
	return x.mayInvite(who, pg.Relation{Relation: "shared"}, d.State, m)
}

// by is the party of the case of which the rules let somebody let a person in, or ask
// them, if the municipality let them (D14, D15); "" where there is none.
func (x *room) by(d *doing, kind string, m Member) hub.AuthorityID {
	return x.byAt(d, d.tx.Now, kind, m)
}

// byAt is by, at an instant: it asks nothing of the transaction.
func (x *room) byAt(d *doing, now time.Time, kind string, m Member) hub.AuthorityID {
	share := service.Disclosure{Kind: kind, State: string(d.State), To: m.Authority, Basis: service.Basis{Purpose: hub.Prevention}}
	inside := m.Authority == d.Municipality || m.Authority == d.Police // they have the case
	if kind == "request" {
		share.State, inside = asked, false
	}
	for _, party := range []hub.AuthorityID{d.Municipality, d.Police} {
		share.Under, share.Agreed = service.Freely(d.Municipality, party, m.Authority)
		for _, p := range x.Structure.PostsOf(party, "", now) {
			who := hub.Actor{Hat: p.Hat}
			if x.lets(d.ctx, x.mayLet(d, who, kind, m)) && (inside || party == m.Authority || x.Carried(d.ctx, who, share, now)) {
				return party
			}
		}
	}
	return ""
}

// within reports whether anybody of an authority could be let in, or asked, by either party.
func (x *room) within(d *doing, a hub.AuthorityID) bool {
	return slices.ContainsFunc(x.people(d, a), func(m Member) bool { return x.by(d, "case", m) != "" || x.by(d, "request", m) != "" })
}

// people are those of an authority who might be let in; also where nobody works, somebody.
func (x *room) people(d *doing, a hub.AuthorityID) []Member {
	list := []Member{{Authority: a}}
	for _, p := range x.Structure.PostsOf(a, "", d.tx.Now) {
		list = append(list, Member{Person: p.Person, Authority: a, Role: p.Role})
	}
	return list
}

// notThem is why somebody may not be let in, or asked, for the reasons that the rules gave,
// and who could instead, where they let anybody: whom one may let in is no secret to
// somebody who may let people in.
func (x *room) notThem(d *doing, kind, field string, m Member, why []string) *hub.Error {
	if i := slices.IndexFunc(why, func(code string) bool { return strings.HasSuffix(code, "_never") }); i >= 0 {
		return hub.Invalid(field, "refusal."+why[i])
	}
	list := x.people(d, m.Authority)
	if !x.mayAny(d, kind, list) { // another person there is no better
		if i := slices.IndexFunc(list, func(o Member) bool { return x.by(d, kind, o) != "" }); i >= 0 {
			m = list[i]
		}
	}
	switch party := x.by(d, kind, m); {
	case slices.Contains(why, "self"):
		return hub.Invalid(field, "refusal.self")
	case slices.Contains(why, "nothing_to_see"):
		return hub.Invalid(field, "assessment.error.nothing_to_see")
	case party != "":
		return hub.Invalid(field, "assessment.error.other_"+kind, x.where(party, ""))
	case x.within(d, m.Authority):
		return hub.Invalid(field, "refusal.not_for_target")
	}
	return hub.Invalid(field, "assessment.error.beyond", x.where(m.Authority, ""))
}

// unasked is what is wrong where nobody of an authority is named to answer: that somebody
// must be, or that the asker may ask nobody there.
func (x *room) unasked(d *doing, to hub.AuthorityID) (*hub.Error, error) {
	list := x.people(d, to)
	if x.mayAny(d, "request", list) {
		return hub.Invalid("hats", "assessment.error.who_answers"), nil
	}
	answer, err := x.DB.Advise(d.ctx, x.mayLet(d, d.tx.Who(), "request", list[0]))
	return x.notThem(d, "request", "authority", list[0], answer.Reasons), err
}

// mayAny reports whether the asker may let in any of them.
func (x *room) mayAny(d *doing, kind string, list []Member) bool {
	return slices.ContainsFunc(list, func(m Member) bool { return x.lets(d.ctx, x.mayLet(d, d.tx.Who(), kind, m)) })
}

// outside is why an answer is not let out to an authority that is not in the case: that it
// must be brought in first, or that nobody may.
func (x *room) outside(s *settling, to hub.AuthorityID) error {
	rel, err := s.tx.Relation(s.ctx, "case", s.Case)
	if err != nil {
		return err
	}
	h, _ := x.Structure.InfohusOf(s.Municipality, s.tx.Now)
	d := &doing{ctx: s.ctx, tx: s.tx, casework: &casework{Municipality: s.Municipality, Police: h.Police}, State: State(rel.State)}
	switch a, ok := x.Structure.Authority(to); {
	case !ok:
		return hub.Invalid("to", "error.choose")
	case x.within(d, to):
		return hub.Invalid("to", "assessment.error.not_in_circle")
	default:
		return hub.Invalid("to", "assessment.error.beyond", a.Name)
	}
}
