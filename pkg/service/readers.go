package service

import (
	"context"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/policies"
)

// Reader is somebody who can see a thing now: what of it, by which rule, since when
// and until when (X11).
type Reader struct {
	Name      string          `json:"name" doc:"\"reporter\" of whoever reported, to those who are not told who that is: then there is neither role nor authority."`
	Role      hub.Role        `json:"role,omitempty"`
	Authority hub.AuthorityID `json:"authority,omitempty"`
	Fields    []string        `json:"fields"`
	Rules     []string        `json:"rules"`
	Basis     hub.LegalBasis  `json:"legal_basis,omitempty" doc:"On which it was shared with their authority, where it is another's."`
	Source    string          `json:"source,omitempty" doc:"Where the wording of that basis was read."`
	Since     time.Time       `json:"since" doc:"From when they could see something of it. Some of the fields may have come with a later state."`
	Until     *time.Time      `json:"until,omitempty" doc:"The first instant at which it ends by itself, where that is known."`
	UntilAge  int             `json:"until_age,omitempty" doc:"It ends sooner where the person reaches this age (L27)."`
	Soon      bool            `json:"-"` // that is within a day: the time is worth saying
	Hat       hub.ID          `json:"-"`
	Title     string          `json:"-"` // the basis in the words of a page: see [InWords]
	Part      pg.Relation     `json:"-"` // of which they are a reader, where it is a part of a case: see [Env.PartReaders]
	basis     structure.LegalBasis
	person    hub.ID
	recused   bool // who wrote a concern and is too close to it: they see nothing, and [Seal] says no such thing
}

// InWords puts the legal bases in the words of a page.
func InWords(list []Reader, lang string) []Reader {
	for i, r := range list {
		if list[i].Title = r.basis.TextDa; lang == "en" {
			list[i].Title = r.basis.TextEn
		}
	}
	return list
}

// Last is the last moment; zero where no end is known.
func (r Reader) Last() time.Time {
	if r.Until == nil {
		return time.Time{}
	}
	return r.Until.Add(-time.Second)
}

// Readers lists who can see a thing now: everybody whose own reading of it the rules
// would allow, by the same question, in the same snapshot. life is from when the thing
// came to be until it is erased at the latest: nobody is said to see it longer. as changes what somebody is to the thing, for asking what would be; nil
// leaves it.
func (e Env) Readers(ctx context.Context, tx *pg.Tx, kind string, id hub.ID, life structure.Span, as func(*pg.Relation)) ([]Reader, error) {
	var all []standingReader
	err := tx.Readers(ctx, kind, id, func(h hub.Hat, rel pg.Relation) error {
		if as != nil {
			as(&rel)
		}
		answer, err := e.DB.Advise(ctx, rel.View(hub.Actor{Hat: h}, hub.Prevention))
		recused := err == nil && !answer.Allow && kind == "concern" && rel.Author && rel.Recused
		if recused {
			rel.Recused = false
			answer, err = e.DB.Advise(ctx, rel.View(hub.Actor{Hat: h}, hub.Prevention))
		}
		if err == nil && answer.Allow && (!recused || slices.Equal(answer.Reasons, wrote)) {
			all = append(all, standingReader{Reader{Name: h.Name, Role: h.Role, Authority: h.Authority, Fields: answer.Fields, Rules: answer.Reasons, Hat: h.ID, person: h.Person, recused: recused}, h, rel})
		}
		return err
	})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	held, err := tx.Held(ctx, kind, id)
	if err != nil {
		return nil, err
	}
	list := make([]Reader, len(all))
	for i, r := range all {
		list[i] = e.dated(r, held, life, tx.Now)
	}
	return list, nil
}

// standingReader is a reader, and what they are to the thing.
type standingReader struct {
	Reader
	hat hub.Hat
	rel pg.Relation
}

// dated is a reader with since when and until when, and on which basis.
func (e Env) dated(r standingReader, held []pg.Held, life structure.Span, now time.Time) Reader {
	s := standing(r.Rules, r.rel, r.hat, held, life.From)
	if p, ok := e.Structure.Post(r.Hat); ok {
		s = s.within(structure.Span{From: p.From, Until: p.Until})
		if r.rel.Kind != "concern" && !slices.ContainsFunc(r.Rules, func(rule string) bool { return rule != "assigned" && rule != "invited" }) { // who was let in by name
			r.UntilAge = e.Structure.UntilAge(p.Authority, p.Department)
		}
	}
	if r.rel.Relation == "shared" && !slices.Equal(r.Rules, wrote) {
		r.Basis, r.basis = r.rel.Basis, e.basis(r.rel.Basis, now)
		r.Source = r.basis.Source
	}
	r.Since = s.From
	if s.Until.Before(structure.Forever) {
		s = s.within(structure.Span{Until: life.Until})
		r.Until, r.Soon = &s.Until, s.Until.Sub(now) <= 24*time.Hour
	}
	return r.Reader
}

// PartReaders lists who reads on the questions, answers and offers of a case something of
// the person that it is about: a line for each such part, with the fields of the person
// alone, by the rules by which they read the part themselves.
func (e Env) PartReaders(ctx context.Context, tx *pg.Tx, id hub.ID, until time.Time) ([]Reader, error) {
	type one struct {
		standingReader
		made time.Time
	}
	var all []one
	err := tx.PartReaders(ctx, id, func(h hub.Hat, rel pg.Relation, made time.Time) error {
		answer, err := e.DB.Advise(ctx, rel.View(hub.Actor{Hat: h}, hub.Prevention))
		if err != nil || !answer.Allow {
			return err
		}
		if fields := ofPerson(e.DB.Law(), rel.Kind, answer); len(fields) > 0 {
			all = append(all, one{standingReader{Reader{Name: h.Name, Role: h.Role, Authority: h.Authority, Fields: fields, Rules: answer.Reasons, Hat: h.ID, Part: rel}, h, rel}, made})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	held := map[hub.ID][]pg.Held{}
	var list []Reader
	for _, r := range all {
		if held[r.rel.ID] == nil {
			if held[r.rel.ID], err = tx.Held(ctx, r.rel.Kind, r.rel.ID); err != nil {
				return nil, err
			}
		}
		list = append(list, e.dated(r.standingReader, held[r.rel.ID], structure.Span{From: r.made, Until: until}, tx.Now))
	}
	return list, nil
}

// ofPerson are the fields of an answer that are of the person, the name first, and a masked
// one by its own name.
func ofPerson(law *policies.Law, item string, a policies.Answer) []string {
	var list []string
	for _, f := range law.Fields(item, "identity", "address") {
		switch {
		case !slices.Contains(a.Fields, f):
		case f == "name":
			list = slices.Insert(list, 0, f)
		case f == "cpr" && slices.Contains(a.Obligations, "mask_cpr"):
			list = append(list, "cpr_masked")
		default:
			list = append(list, f)
		}
	}
	return list
}

// Sealed stands for whoever reported a concern, to those whom the rules do not tell who
// that is (L51).
const Sealed = "reporter"

// Reports says whether a role is one of those who report: the rules show it a concern that was
// handed in because it wrote it, as they show it to none of those who deal with concerns.
func (e Env) Reports(ctx context.Context, role hub.Role) (bool, error) {
	for _, kind := range hub.AuthorityKinds {
		answer, err := e.DB.Advise(ctx, policies.View{Role: role, Kind: kind, ReceivedBy: hub.Municipality, State: "received", Author: true, Purpose: hub.Prevention})
		if err != nil || answer.Allow {
			return answer.Allow, err
		}
	}
	return false, nil
}

// wrote are the rules by which whoever reported sees a concern.
var wrote = []string{"author"}

// Seal takes who reported out of a list of who can see a concern, for somebody who is not told:
// everybody in it stays, but whoever stands there for having written it has no name. They stand
// there too where they are too close to it: or it would tell who reported to whoever says so of
// one after the other. Nobody is hidden from themselves. To whoever is told, only those who see it
// stand there.
func Seal(who hub.Actor, list []Reader, told bool) []Reader {
	if told {
		return slices.DeleteFunc(list, func(r Reader) bool { return r.recused })
	}
	for i, r := range list {
		if slices.Equal(r.Rules, wrote) && r.person != who.Person {
			list[i].Name, list[i].Role, list[i].Authority, list[i].Hat = Sealed, "", "", ""
		}
	}
	return list
}

// basis is a legal basis as the structure words it now.
func (e Env) basis(code hub.LegalBasis, now time.Time) structure.LegalBasis {
	for _, b := range e.Structure.LegalBases {
		if b.Code == code && b.Holds(now) {
			return b
		}
	}
	return structure.LegalBasis{}
}

// span is from when until when somebody stands as they do.
type span structure.Span

func (s span) within(o structure.Span) span {
	if o.From.After(s.From) {
		s.From = o.From
	}
	if o.Until.Before(s.Until) {
		s.Until = o.Until
	}
	return s
}

// standing is since when and until when: by the first of the rules that came to
// hold, until the last of them ends. What was shared and takes a name besides began
// with the later of the two, and ends with the sooner.
func standing(rules []string, rel pg.Relation, hat hub.Hat, held []pg.Held, begun time.Time) span {
	always := span{begun, structure.Forever}
	theirs := func(h pg.Held) bool {
		return h.Person == hat.Person && h.Authority == hat.Authority && h.Role == hat.Role
	}
	named := widest(held, func(h pg.Held) bool { return theirs(h) && !h.Glass })
	broken := widest(held, func(h pg.Held) bool { return theirs(h) && h.Glass })
	shared := widest(held, func(h pg.Held) bool {
		return h.Person == "" && h.Authority == hat.Authority && h.SharedBy == rel.SharedBy && h.Basis == rel.Basis
	})
	var in span
	for i, rule := range rules {
		s := always // own, author: as long as it is there
		switch {
		case rule == "assigned":
			s = always.within(named)
		case rule == "glass":
			s = always.within(broken)
		case rule == "invited":
			s = always.within(named).within(shared)
		case rel.Relation == "shared" && rule != "author":
			s = always.within(shared)
		}
		if i == 0 {
			in = s
		}
		if s.From.Before(in.From) {
			in.From = s.From
		}
		if s.Until.After(in.Until) {
			in.Until = s.Until
		}
	}
	return in
}

// widest is from the first of them until the last.
func widest(held []pg.Held, fits func(pg.Held) bool) structure.Span {
	s := structure.Span{Until: structure.Forever}
	first := true
	for _, h := range held {
		switch {
		case !fits(h):
		case first:
			s, first = structure.Span{From: h.From, Until: h.Until}, false
		default:
			if h.From.Before(s.From) {
				s.From = h.From
			}
			if h.Until.After(s.Until) {
				s.Until = h.Until
			}
		}
	}
	return s
}
