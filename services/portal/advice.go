package portal

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/policies"
)

// Asking is what somebody wants to know before they share (L1): codes, and nothing
// of any citizen.
type Asking struct {
	To      hub.AuthorityID `json:"to" doc:"The authority that would receive it."`
	Purpose hub.Purpose     `json:"purpose"`
	State   string          `json:"state" doc:"In which the share would begin: of a concern, a case, a request, an answer or an offer. The state says which."`
	Class   string          `json:"class,omitempty" doc:"A data class that takes a ground of its own: health, offence."`
	Special hub.LegalBasis  `json:"special,omitempty" doc:"That ground, where one is chosen already."`
	Consent bool            `json:"consent,omitempty" doc:"The citizen's signed consent is in force, and covers this."`
	Under   string          `json:"under,omitempty" doc:"Where it is another authority's: the terms on which yours has it. The answer is then on passing it on."`
	Agreed  bool            `json:"agreed,omitempty" doc:"And that one has said yes to this recipient: only with under."`
}

// Advice is what the rules answer: the same rules, asked the same questions, as when
// somebody shares.
type Advice struct {
	Asked    Asking            `json:"asked"`
	Item     string            `json:"item" doc:"Of which kind the state is." enum:"concern case request answer offer"`
	From     hub.AuthorityID   `json:"from"`
	Role     hub.Role          `json:"role"`
	Allow    bool              `json:"allow" doc:"It may be shared, on at least one legal basis."`
	Open     bool              `json:"open" doc:"And somebody there could open it."`
	Bases    []Ground          `json:"bases" doc:"The legal bases in force that lead from the one kind of authority to the other; the question without a basis where there is none."`
	Others   []Ground          `json:"others" doc:"The others that are in force, none of which carries it."`
	Readers  []Seer            `json:"readers" doc:"Who at the authority could open it, and how."`
	Senders  []hub.AuthorityID `json:"senders,omitempty" doc:"Who could share it so that somebody there could open it, where the asker cannot."`
	Leave    []hub.AuthorityID `json:"leave,omitempty" doc:"Who could, once whose it is has let them pass it on."`
	Later    bool              `json:"later,omitempty" doc:"The asker may share it so when it has come further."`
	Consents []string          `json:"consents,omitempty" doc:"Of an offer: the measures that are not sent before a signed consent that names the authority is recorded on the case, whatever the basis."`
	Never    []string          `json:"never" doc:"Fields of such a thing that go to nobody there, for this purpose, whatever the basis."`
	Revision string            `json:"revision" doc:"Of the rules that answered."`
	At       time.Time         `json:"at"`
}

// Ground is the answer on one legal basis.
type Ground struct {
	Basis       hub.LegalBasis    `json:"legal_basis"`
	Source      string            `json:"source" doc:"Where its wording was read."`
	Allow       bool              `json:"allow"`
	Classes     []string          `json:"classes" doc:"What a share may name."`
	Fields      []string          `json:"fields"`
	Obligations []string          `json:"obligations"`
	Reasons     []string          `json:"reasons"`
	Specials    []hub.LegalBasis  `json:"specials,omitempty" doc:"The grounds that would carry the data class, where none that does was chosen."`
	Question    policies.Disclose `json:"question" doc:"What the rules were asked, for asking it again."`
}

// Seer is who could open it: how many people in a role, by no name.
type Seer struct {
	Role       hub.Role        `json:"role"`
	Department string          `json:"department,omitempty"`
	People     int             `json:"people"`
	How        string          `json:"how" doc:"at_once; by_you, if you let them in by name; by_them, if their own coordinator does." enum:"at_once by_you by_them"`
	Fields     []string        `json:"fields" doc:"Of what is shared, in the state in which it begins."`
	Masked     []string        `json:"masked,omitempty" doc:"Of the fields: those shown as a mask only. The whole is read by an act of its own, with a reason, by whoever may."`
	Later      []service.Stage `json:"later,omitempty" doc:"What more of it they would see in the states that can follow, each once: where it comes to that state."`
}

// noParties is why a basis is none of those between two authorities, whatever is
// shared: it is told apart from those on which something is missing.
const noParties = "basis_not_for_parties"

// hows are the ways to be let in, the nearest first.
var hows = []string{"at_once", "by_you", "by_them"}

// check finds what is no question at all. What may not be is for the rules to say.
func (a Asking) check(s *structure.Structure, l *policies.Law, own hub.AuthorityID) error {
	var p hub.Problems
	choose := func(ok bool, field string) {
		if !ok {
			p.Add(field, "error.choose")
		}
	}
	_, known := s.Authority(a.To)
	choose(known, "to")
	if known && a.To == own {
		p.Add("to", "portal.error.own")
	}
	choose(slices.Contains(l.Purposes, a.Purpose), "purpose")
	choose(l.Item(a.State) != "", "state")
	choose(a.Class == "" || slices.Contains(l.Special, a.Class), "class")
	choose(a.Special == "" || slices.ContainsFunc(s.LegalBases, func(b structure.LegalBasis) bool { return b.Code == a.Special }), "special")
	choose(a.Under == "" && !a.Agreed || slices.Contains(l.Terms, a.Under), "under") // nobody says yes to what is nobody else's
	return p.Err()
}

// disclosure is the act that is asked about.
func (a Asking) disclosure(item string, basis hub.LegalBasis) service.Disclosure {
	return service.Disclosure{Kind: item, State: a.State, To: a.To, Basis: service.Basis{LegalBasis: basis, Purpose: a.Purpose},
		Class: a.Class, Special: a.Special, Consent: a.Consent, Under: a.Under, Agreed: a.Agreed}
}

// advise asks the rules what may be shared: for each legal basis in force, the
// question that the act itself would ask.
func (x *room) advise(ctx context.Context, who hub.Actor, in Asking, now time.Time) (Advice, error) {
	law := x.DB.Law()
	if err := in.check(x.Structure, law, who.Authority); err != nil {
		return Advice{}, err
	}
	a := Advice{Asked: in, Item: law.Item(in.State), From: who.Authority, Role: who.Role, Bases: []Ground{}, Others: []Ground{}, Readers: []Seer{},
		Revision: law.Revision, At: now}
	for _, b := range x.Structure.LegalBases {
		if !b.Holds(now) || !law.Holds(b.Code, now) {
			continue
		}
		g, err := x.ground(ctx, who, in, law, b.Code, now)
		if err != nil {
			return Advice{}, err
		}
		g.Source = b.Source
		a.Allow = a.Allow || g.Allow
		if slices.Contains(g.Reasons, noParties) {
			a.Others = append(a.Others, g)
		} else {
			a.Bases = append(a.Bases, g)
		}
	}
	if len(a.Bases) == 0 {
		g, err := x.ground(ctx, who, in, law, "", now)
		if err != nil {
			return Advice{}, err
		}
		a.Bases = append(a.Bases, g)
	}
	slices.SortStableFunc(a.Bases, func(g, h Ground) int {
		return cmp.Or(yesFirst(g.Allow)-yesFirst(h.Allow), slices.Index(law.Bases, g.Basis)-slices.Index(law.Bases, h.Basis))
	})
	if a.Allow && a.Item == "offer" {
		for _, m := range x.Structure.Catalogue(now) { // as an offer reads it when it is sent
			if m.Consent {
				a.Consents = append(a.Consents, m.Code)
			}
		}
	}
	var err error
	if a.Never, err = x.never(ctx, who, a, law, now); err != nil {
		return Advice{}, err
	}
	if a.Readers, err = x.seers(ctx, who, a, now); err != nil {
		return Advice{}, err
	}
	a.Open = len(a.Readers) > 0 // so it is allowed too
	if !a.Open {
		a.Senders, a.Leave, err = x.senders(ctx, who, in, a.Item, now)
	}
	if err == nil && !a.Allow {
		a.Later, err = x.later(ctx, who, a, law, now)
	}
	if now := x.DB.Law(); err == nil && now.Revision != law.Revision { // other rules came into force meanwhile
		return x.advise(ctx, who, in, a.At)
	}
	return a, err
}

func yesFirst(yes bool) int {
	if yes {
		return 0
	}
	return 1
}

// ground is the answer on one legal basis; where a ground of its own is missing for
// the data class, with those that would do.
func (x *room) ground(ctx context.Context, who hub.Actor, in Asking, law *policies.Law, basis hub.LegalBasis, now time.Time) (Ground, error) {
	item := law.Item(in.State)
	q := x.May(who, in.disclosure(item, basis), now)
	answer, err := x.DB.Advise(ctx, q)
	g := Ground{Basis: basis, Allow: answer.Allow, Classes: law.Classes(item, answer.Fields), Fields: answer.Fields, Obligations: answer.Obligations,
		Reasons: answer.Reasons, Question: q}
	if err != nil || !slices.Contains(g.Reasons, "special_basis_missing") || slices.Contains(g.Reasons, noParties) {
		return g, err
	}
	for _, b := range x.Structure.LegalBases {
		in.Special = b.Code
		answer, err := x.DB.Advise(ctx, x.May(who, in.disclosure(item, basis), now))
		if err != nil {
			return g, err
		}
		if answer.Allow && !slices.Contains(g.Specials, b.Code) {
			g.Specials = append(g.Specials, b.Code)
		}
	}
	return g, nil
}

// never lists the fields of such a thing that no basis lets go there for this
// purpose, with no data class and with each on its ground.
func (x *room) never(ctx context.Context, who hub.Actor, a Advice, law *policies.Law, now time.Time) ([]string, error) {
	may := map[string]bool{}
	to, _ := x.Structure.Authority(a.Asked.To)
	for _, basis := range a.Bases { // the others carry nothing, whatever it is
		for _, class := range append([]string{""}, law.Special...) {
			in := a.Asked
			in.Class, in.Special, in.Consent = class, "", true
			in.Under, in.Agreed = widest(law, a.Item, who.Kind, to.Kind)
			g, err := x.ground(ctx, who, in, law, basis.Basis, now)
			if err != nil {
				return nil, err
			}
			if len(g.Specials) > 0 {
				in.Special = g.Specials[0]
				if g, err = x.ground(ctx, who, in, law, basis.Basis, now); err != nil {
					return nil, err
				}
			}
			for _, f := range g.Fields {
				may[f] = true
			}
		}
	}
	return slices.DeleteFunc(law.Fields(a.Item), func(f string) bool { return may[f] }), nil
}

// widest are the terms that let most pass on, after a yes; none of what is not
// passed on, and is shared by whose it is.
func widest(law *policies.Law, item string, from, to hub.AuthorityKind) (under string, agreed bool) {
	if len(law.Terms) == 0 || !law.Passes(item, from, to) {
		return "", false
	}
	return law.Terms[len(law.Terms)-1], true
}

// seers is who at the receiving authority could open what is shared, as if it were
// shared now: by the question that their own reading asks.
func (x *room) seers(ctx context.Context, who hub.Actor, a Advice, now time.Time) ([]Seer, error) {
	list := []Seer{}
	i := slices.IndexFunc(a.Bases, func(g Ground) bool { return g.Allow })
	if i < 0 {
		return list, nil
	}
	rel := pg.Relation{Kind: a.Item, ReceivedBy: who.Kind, State: a.Asked.State, Relation: "shared", SharedBy: who.Kind,
		Basis: a.Bases[i].Basis, Classes: strings.Join(a.Bases[i].Classes, ",")}
	for _, post := range x.Structure.PostsOf(a.Asked.To, "", now) {
		for _, how := range hows {
			rel.Assigned = how != "at_once"
			answer, later, err := x.Foresee(ctx, post.Hat, rel)
			if err != nil {
				return nil, err
			}
			lets := answer.Allow
			if lets && rel.Assigned {
				if lets, err = x.lets(ctx, who, post, how, a.Asked.State, now); err != nil {
					return nil, err
				}
			}
			if lets {
				list = count(list, Seer{Role: post.Role, Department: post.Department, People: 1, How: how, Fields: answer.Fields, Masked: service.Masked(answer, answer.Fields), Later: later})
				break
			}
		}
	}
	slices.SortStableFunc(list, func(s, t Seer) int { return slices.Index(hows, s.How) - slices.Index(hows, t.How) })
	return list, nil
}

// count puts somebody with those who would see it in the same way.
func count(list []Seer, s Seer) []Seer {
	for i, o := range list {
		if o.Role == s.Role && o.Department == s.Department && o.How == s.How && slices.Equal(o.Fields, s.Fields) {
			list[i].People++
			return list
		}
	}
	return append(list, s)
}

// lets asks the rules whether somebody can be let in by name: by whoever shares, or
// by a coordinator of their own.
func (x *room) lets(ctx context.Context, who hub.Actor, post structure.Post, how, state string, now time.Time) (bool, error) {
	var questions []policies.Question
	if how == "by_you" {
		for _, relation := range []string{"own", "shared"} { // the item is the sharer's own, or, as the joint case, was shared with them
			questions = append(questions, policies.Assign{Role: who.Role, Kind: who.Kind, Relation: relation, State: state, Target: post.Role, TargetKind: post.Kind})
		}
	} else {
		for _, colleague := range x.Structure.PostsOf(post.Authority, "", now) {
			if colleague.Person != post.Person {
				questions = append(questions, policies.Assign{Role: colleague.Role, Kind: colleague.Kind, Relation: "shared", State: state,
					SameAuthority: true, Target: post.Role, TargetKind: post.Kind})
			}
		}
	}
	for _, q := range questions {
		if answer, err := x.DB.Advise(ctx, q); err != nil || answer.Allow {
			return answer.Allow, err
		}
	}
	return false, nil
}

// later reports whether the same could be shared, by the same person on some basis, in
// a state that comes after the one that was asked about.
func (x *room) later(ctx context.Context, who hub.Actor, a Advice, law *policies.Law, now time.Time) (bool, error) {
	passed := false
	for _, s := range law.States {
		if passed && s.Item == a.Item {
			in := a.Asked
			in.State = s.Code
			for _, b := range a.Bases {
				if g, err := x.ground(ctx, who, in, law, b.Basis, now); err != nil || g.Allow {
					return g.Allow, err
				}
			}
		}
		passed = passed || s.Code == a.Asked.State
	}
	return false, nil
}

// senders are the other authorities of which somebody could share such a thing so
// that somebody there could open it (D15): now, or, of what is another's, once that one
// has let them pass it on.
func (x *room) senders(ctx context.Context, who hub.Actor, in Asking, item string, now time.Time) (list, leave []hub.AuthorityID, err error) {
	asked := map[hub.Role]bool{}
	to, _ := x.Structure.Authority(in.To)
	for _, post := range x.Structure.Posts() {
		if !post.Holds(now) || post.Authority == who.Authority || post.Authority == in.To || asked[post.Role] || slices.Contains(list, post.Authority) || slices.Contains(leave, post.Authority) || !x.together(who.Authority, post.Authority, now) {
			continue
		}
		asked[post.Role] = true
		other := hub.Actor{Hat: post.Hat}
		in := in
		in.Under, in.Agreed = widest(x.DB.Law(), item, other.Kind, to.Kind) // as whose it is may say
		if in.Under == "" && x.DB.Law().Anothers(item, other.Kind) {
			continue // it would be passed on, and is to nobody of that kind
		}
		a := Advice{Asked: in, Item: item}
		for _, b := range x.Structure.LegalBases {
			if !b.Holds(now) || !x.DB.Law().Holds(b.Code, now) {
				continue
			}
			g, err := x.ground(ctx, other, in, x.DB.Law(), b.Code, now)
			if err != nil {
				return nil, nil, err
			}
			a.Bases = append(a.Bases, g)
		}
		seers, err := x.seers(ctx, other, a, now)
		switch {
		case err != nil:
			return nil, nil, err
		case len(seers) > 0 && in.Under != "":
			leave = append(leave, post.Authority)
		case len(seers) > 0:
			list = append(list, post.Authority)
		}
	}
	return list, leave, nil
}

// together reports whether two authorities are the parties of an Infohus now.
func (x *room) together(a, b hub.AuthorityID, now time.Time) bool {
	return slices.ContainsFunc(x.Structure.Infohus, func(h structure.Infohus) bool {
		return h.Holds(now) && (h.Municipality == a && h.Police == b || h.Municipality == b && h.Police == a)
	})
}
