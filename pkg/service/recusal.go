package service

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// Grounds are the numbers of forvaltningsloven § 3 stk. 1 on which somebody is too
// close to a matter to deal with it (inhabil). Which of them count is policy.
var Grounds = []string{"1", "2", "3", "4", "5"}

// Recusing says that somebody is too close to a thing: the asker, or a colleague
// whose hat is named.
type Recusing struct {
	Ground     string       `json:"ground" enum:"1 2 3 4 5" doc:"The number of forvaltningsloven § 3 stk. 1."`
	Reason     hub.Personal `json:"reason,omitzero" max:"2000" doc:"Read by the data-protection officer of your own authority alone."`
	Hat        hub.ID       `json:"hat,omitempty" doc:"Of a colleague; yourself where it is missing."`
	Substitute hub.ID       `json:"substitute,omitempty" doc:"The hat of who takes over from the colleague: not your own. Of a colleague who is recused already, it says only that."`
}

// Lifting says why a recusal holds no more.
type Lifting struct {
	Reason hub.Personal `json:"reason" min:"30" max:"2000" doc:"Read by the data-protection officer of your own authority alone."`
}

// RecusalReceipt says who is recused, or no more, from when on.
type RecusalReceipt struct {
	Person hub.ID    `json:"person"`
	At     time.Time `json:"at"`
}

// Recused is what a room tells of a recusal.
type Recused struct {
	Item       hub.ID
	Authority  hub.AuthorityID // where the person works
	Person     hub.ID          // empty where it was said before, and only who takes over is new
	Substitute hub.ID          // the person who takes over, where one was chosen
	Lifted     bool
}

// Recusals is what a room does about those who are too close to one kind of thing.
type Recusals struct {
	Env
	Kind string // of item: concern, case
	Tell func(Recused) event.Fact
	Home string // where somebody goes who sees the thing no more: /concerns
	// LetIn notes who takes over, where the room keeps its own list of those let in about a subject.
	LetIn func(ctx context.Context, tx *pg.Tx, g policies.Grant, subject hub.ID, p structure.Post, a pg.Assignment) error
}

// question is whether somebody may say it of themselves; change what differs.
func (x Recusals) question(who hub.Actor, rel pg.Relation) policies.Recuse {
	return policies.Recuse{Role: who.Role, Kind: who.Kind, Relation: rel.Relation, ReceivedBy: rel.ReceivedBy, SharedBy: rel.SharedBy, State: rel.State,
		Assigned: rel.Assigned, Recused: rel.Recused, Self: true, SameAuthority: true}
}

// May reports whether somebody may say it at all, of themselves or of a colleague:
// whether there is a page for them.
func (x Recusals) May(ctx context.Context, who hub.Actor, rel pg.Relation) bool {
	own := x.question(who, rel)
	own.Ground = Grounds[0]
	other := own
	other.Self = false
	return x.may(ctx, own) || x.may(ctx, other)
}

// may reports what the rules would say.
func (x Recusals) may(ctx context.Context, q policies.Recuse) bool {
	answer, err := x.DB.Advise(ctx, q)
	return err == nil && answer.Allow
}

// ask asks; whoever may say it on a right ground of somebody is told at which
// field they went wrong, and nobody else anything.
func (x Recusals) ask(ctx context.Context, tx *pg.Tx, q policies.Recuse) (policies.Grant, error) {
	g, err := tx.Ask(ctx, q)
	if !errors.As(err, new(*policies.Denial)) {
		return g, err
	}
	right := q
	right.Ground = Grounds[0]
	if x.may(ctx, right) {
		return g, hub.Invalid("ground", "error.choose")
	}
	right.Self, right.SameAuthority = false, true
	if !q.Self && x.may(ctx, right) {
		return g, hub.Invalid("hat", "error.recusal.colleague")
	}
	return g, err
}

// Say is the operation: somebody is too close to the thing that the path names.
// From its commit on they see nothing of it, of what it came of and of what came
// of it, in any room.
func (x Recusals) Say(r *web.Request, in Recusing) (RecusalReceipt, error) {
	id, err := r.PathID("id")
	if err != nil {
		return RecusalReceipt{}, err
	}
	ctx, operation := r.Context(), "recuse "+string(id)
	var done RecusalReceipt
	err = x.DB.Command(ctx, r.Who, pg.Entry{Act: hub.ActRevoke, Object: hub.Object{Kind: x.Kind, ID: id}}, func(tx *pg.Tx) error {
		if had, err := x.Again(ctx, tx, r, operation, &done); err != nil || had {
			return err
		}
		rel, err := tx.Relation(ctx, x.Kind, id)
		if err != nil {
			return err
		}
		who := tx.Who()
		q, colleague := x.question(who, rel), structure.Post{Hat: who.Hat}
		if q.Ground = in.Ground; in.Hat != "" {
			colleague, _ = x.Structure.Post(in.Hat)
			q.Self, q.SameAuthority = false, colleague.Authority == who.Authority && colleague.Person != who.Person && colleague.Holds(tx.Now)
		}
		g, err := x.ask(ctx, tx, q)
		if err != nil {
			return err
		}
		var p hub.Problems
		if Text(&p, "reason", in.Reason, 0, MaxText); len(p) > 0 {
			return p.Err()
		}
		told := Recused{Item: id, Authority: who.Authority, Person: colleague.Person}
		all, err := tx.Recusals(ctx, x.Kind, id)
		if err != nil {
			return err
		}
		if told.Substitute, err = x.replace(ctx, tx, rel, colleague, all, in); err != nil {
			return err
		}
		if told.Substitute != "" && stands(all, colleague.Person) {
			told.Person = "" // who takes over was not known then
		} else if err := tx.Recuse(ctx, g, colleague.Person, x.Kind, id, in.Ground); err != nil {
			return err
		}
		done = RecusalReceipt{Person: colleague.Person, At: tx.Now}
		return x.finish(ctx, tx, r, g, rel, in.Reason, told, operation, done)
	})
	return done, err
}

// replace lets in who takes over from a colleague, where the colleague was let in by
// name. Whoever says that a colleague must go does not take the work themselves.
func (x Recusals) replace(ctx context.Context, tx *pg.Tx, rel pg.Relation, colleague structure.Post, all []pg.Recusal, in Recusing) (hub.ID, error) {
	if in.Substitute == "" {
		return "", nil
	}
	wrong := hub.Invalid("substitute", "error.recusal.substitute")
	who := tx.Who()
	if colleague.Person == who.Person {
		return "", hub.Invalid("substitute", "error.recusal.own")
	}
	next, ok := x.Structure.Post(in.Substitute)
	switch {
	case !ok || !next.Holds(tx.Now) || next.Authority != who.Authority || next.Role != colleague.Role ||
		next.Person == who.Person || next.Person == colleague.Person || stands(all, next.Person):
		return "", wrong
	}
	given, err := tx.Assignments(ctx, x.Kind, rel.ID)
	if err != nil {
		return "", err
	}
	of := func(h hub.Hat) int {
		return slices.IndexFunc(given, func(a pg.Assignment) bool { return a.To(h) && a.Item == rel.ID })
	}
	had := of(colleague.Hat)
	if had < 0 || of(next.Hat) >= 0 {
		return next.Person, nil
	}
	g, err := tx.Ask(ctx, policies.Assign{Role: who.Role, Kind: who.Kind, Relation: rel.Relation, State: rel.State, Recused: rel.Recused, SameAuthority: true, Target: next.Role})
	if errors.As(err, new(*policies.Denial)) {
		return "", wrong
	}
	if err != nil {
		return "", err
	}
	a := pg.Assignment{Kind: x.Kind, Item: rel.ID, Person: next.Person, Authority: next.Authority, Role: next.Role, Why: "substitute", Until: given[had].Until}
	if a.ID, err = tx.Assign(ctx, g, a); err != nil {
		return "", err
	}
	if x.LetIn != nil {
		if err := x.LetIn(ctx, tx, g, rel.About, next, a); err != nil {
			return "", err
		}
	}
	_, err = tx.Record(ctx, g, pg.Entry{Act: hub.ActGrant, Object: hub.Object{Kind: x.Kind, ID: rel.ID}, Controller: rel.Controller, Subjects: []hub.ID{rel.About}, Fields: []string{}})
	return next.Person, err
}

// stands reports whether somebody is recused now.
func stands(all []pg.Recusal, person hub.ID) bool {
	return slices.ContainsFunc(all, func(c pg.Recusal) bool { return c.Person == person && c.LiftedBy == "" })
}

// finish writes what both leave behind. Why somebody is too close to whom is their
// own authority's to know: where the thing is another's, that one's row says only
// that it was so.
func (x Recusals) finish(ctx context.Context, tx *pg.Tx, r *web.Request, g policies.Grant, rel pg.Relation, why hub.Personal, told Recused, operation string, done RecusalReceipt) error {
	act := hub.ActRevoke
	if told.Lifted || told.Person == "" {
		act = hub.ActGrant
	}
	e := pg.Entry{Act: act, Object: hub.Object{Kind: x.Kind, ID: rel.ID}, Controller: rel.Controller, Subjects: []hub.ID{rel.About}, Fields: []string{}}
	entries := []pg.Entry{e}
	if !why.Empty() && rel.Controller != tx.Who().Authority {
		e.Controller = tx.Who().Authority
		entries = append(entries, e)
	}
	entries[len(entries)-1].Why = why
	if _, err := tx.Record(ctx, g, entries...); err != nil {
		return err
	}
	if err := tx.Tell(ctx, x.Tell(told)); err != nil {
		return err
	}
	return x.Keep(ctx, tx, r, operation, done)
}

// Lift is the operation that takes a recusal back: by another than the one whom it
// is about, and than the one who said it, and than the deputy of either.
func (x Recusals) Lift(r *web.Request, in Lifting) (RecusalReceipt, error) {
	id, err := r.PathID("id")
	if err != nil {
		return RecusalReceipt{}, err
	}
	person, err := r.PathID("person")
	if err != nil {
		return RecusalReceipt{}, err
	}
	ctx, operation := r.Context(), "lift "+string(id)+" "+string(person)
	var done RecusalReceipt
	err = x.DB.Command(ctx, r.Who, pg.Entry{Act: hub.ActGrant, Object: hub.Object{Kind: x.Kind, ID: id}}, func(tx *pg.Tx) error {
		if had, err := x.Again(ctx, tx, r, operation, &done); err != nil || had {
			return err
		}
		rel, err := tx.Relation(ctx, x.Kind, id)
		if err != nil {
			return err
		}
		all, err := tx.Recusals(ctx, x.Kind, id)
		if err != nil {
			return err
		}
		g, err := tx.Ask(ctx, x.lifting(tx.Who(), rel, all, person))
		if err != nil {
			return err
		}
		if !stands(all, person) {
			return hub.NotFound()
		}
		var p hub.Problems
		if Text(&p, "reason", in.Reason, MinNecessity, MaxText); len(p) > 0 {
			return p.Err()
		}
		if err := tx.LiftRecusal(ctx, g, person, x.Kind, id); err != nil {
			return err
		}
		done = RecusalReceipt{Person: person, At: tx.Now}
		return x.finish(ctx, tx, r, g, rel, in.Reason, Recused{Item: id, Authority: tx.Who().Authority, Person: person, Lifted: true}, operation, done)
	})
	return done, err
}

// lifting is the question whether somebody's recusal may be lifted.
func (x Recusals) lifting(who hub.Actor, rel pg.Relation, all []pg.Recusal, person hub.ID) policies.Recuse {
	q := x.question(who, rel)
	me := func(p hub.ID) bool { // or whoever the asker acts for (A048)
		of, ok := x.Structure.Post(who.DeputyOf)
		return p == who.Person || ok && p == of.Person
	}
	q.Lift, q.Self = true, me(person)
	q.Said = slices.ContainsFunc(all, func(c pg.Recusal) bool { return c.Person == person && me(c.By) && c.LiftedBy == "" })
	q.SameAuthority = x.works(person, who.Authority)
	return q
}

// works reports whether somebody has worked at an authority: why they are too close
// to a thing is that one's to know, and no other's.
func (x Recusals) works(person hub.ID, a hub.AuthorityID) bool {
	return slices.ContainsFunc(x.Structure.Posts(), func(p structure.Post) bool { return p.Person == person && p.Authority == a })
}

// RecusalLine is a recusal as it is shown.
type RecusalLine struct {
	Person   hub.ID     `json:"person"`
	Name     string     `json:"name"`
	Ground   string     `json:"ground,omitempty" enum:"1 2 3 4 5" doc:"Of your own authority's people only."`
	By       string     `json:"by" doc:"Who said it."`
	At       time.Time  `json:"at"`
	LiftedBy string     `json:"lifted_by,omitempty"`
	LiftedAt *time.Time `json:"lifted_at,omitempty"`
	CanLift  bool       `json:"can_lift"`
	Hat      hub.ID     `json:"-"` // of a colleague of the reader's, for whom somebody may take over

	Substitutes []web.Option `json:"-"` // who may, in the same role
	Taken       []string     `json:"-"` // who was let in by name instead, in the same role
}

// RecusalSheet is who is recused from one thing, and what the asker may say of it.
type RecusalSheet struct {
	ID       hub.ID        `json:"id"`
	Recused  []RecusalLine `json:"recused"`
	CanSay   bool          `json:"can_say" doc:"You may say that you are too close to it yourself."`
	CanOther bool          `json:"can_say_of_colleague"`
	Last     bool          `json:"last,omitempty" doc:"If you say it of yourself, nobody of your role is left at your authority for it."`

	Home        string       `json:"-"` // of the room's pages about the thing
	Grounds     []web.Option `json:"-"`
	Colleagues  []web.Option `json:"-"`
	Substitutes []web.Option `json:"-"`
}

// Read says who is recused from the thing that the path names, to whoever decides
// that of colleagues; to anybody else who has to do with it, only that they may say
// it of themselves.
func (x Recusals) Read(r *web.Request, _ struct{}) (RecusalSheet, error) {
	id, err := r.PathID("id")
	if err != nil {
		id = "" // asked and recorded like any other that is not there
	}
	ctx := r.Context()
	sheet, _, _, err := pg.Read(ctx, x.DB, r.Who, func(tx *pg.Tx) (RecusalSheet, policies.Question, pg.Entry, error) {
		rel, err := tx.Relation(ctx, x.Kind, id)
		e := pg.Entry{Act: hub.ActConsult, Object: hub.Object{Kind: x.Kind, ID: id}, Controller: rel.Controller, Fields: []string{}}
		if rel.About != "" {
			e.Subjects = []hub.ID{rel.About}
		}
		own, other := x.question(r.Who, rel), x.question(r.Who, rel)
		own.Ground, other.Ground, other.Self = Grounds[0], Grounds[0], false
		s := RecusalSheet{ID: id, Recused: []RecusalLine{}, CanSay: x.may(ctx, own), CanOther: x.may(ctx, other)}
		if err == nil && s.CanSay {
			s.Last, err = x.last(ctx, tx, id)
		}
		if err != nil || !s.CanOther {
			return s, own, e, err
		}
		all, err := tx.Recusals(ctx, x.Kind, id)
		if err != nil {
			return s, other, e, err
		}
		given, err := tx.Assignments(ctx, x.Kind, id)
		if err == nil {
			x.show(ctx, &s, r, rel, all)
			x.taking(&s, r.Now, all, given)
		}
		return s, other, e, err
	})
	return sheet, err
}

// last reports whether nobody else has the role of whoever asks at their authority, of
// those who are not too close to the thing. It is told before one says it of oneself,
// and stops nobody: who is too close must be able to step back.
func (x Recusals) last(ctx context.Context, tx *pg.Tx, id hub.ID) (last bool, err error) {
	who := tx.Who()
	err = tx.QueryRow(ctx, `select not exists (select from access.hat h where h.authority = $1 and h.role = $2 and h.person <> $3 and h.from_at <= $4 and $4 < h.until_at
		and not exists (select from access.recusal c where c.person = h.person and c.item = $5))`, who.Authority, who.Role, who.Person, tx.Now, id).Scan(&last)
	return last, err
}

// show fills in who is recused, and whom it may be said of.
func (x Recusals) show(ctx context.Context, s *RecusalSheet, r *web.Request, rel pg.Relation, all []pg.Recusal) {
	for _, c := range all {
		l := RecusalLine{Person: c.Person, Name: x.name(c.Person), By: x.Structure.NameOf(c.Hat), At: c.At}
		if x.works(c.Person, r.Who.Authority) {
			l.Ground = c.Ground
		}
		if c.LiftedBy != "" {
			l.LiftedBy, l.LiftedAt = x.Structure.NameOf(c.LiftedBy), &c.LiftedAt
		} else {
			l.CanLift = x.may(ctx, x.lifting(r.Who, rel, all, c.Person))
			l.Hat = x.takenOver(r, c.Person)
		}
		s.Recused = append(s.Recused, l)
	}
	for _, p := range x.Structure.Posts() {
		if p.Authority != r.Who.Authority || p.Person == r.Who.Person || !p.Holds(r.Now) || stands(all, p.Person) {
			continue
		}
		if answer, err := x.DB.Advise(ctx, policies.List{Role: p.Role, Kind: p.Kind, Purpose: hub.Prevention}); err == nil && answer.Allow { // who deals with things at all
			o := web.Option{Value: string(p.Hat.ID), Label: p.Name + ", " + r.T("web.role."+string(p.Role))}
			s.Colleagues, s.Substitutes = append(s.Colleagues, o), append(s.Substitutes, o)
		}
	}
}

// taking fills in who took over from each colleague, and who may: in the same role. Where
// as many were let in instead as are too close, nobody more is asked for.
func (x Recusals) taking(s *RecusalSheet, now time.Time, all []pg.Recusal, given []pg.Assignment) {
	for i, l := range s.Recused {
		of, ok := x.Structure.Post(l.Hat)
		if !ok {
			continue
		}
		out := 0 // too close, in the same role
		for _, p := range x.Structure.PostsOf(of.Authority, "", now) {
			if p.Role == of.Role && stands(all, p.Person) {
				out++
			}
		}
		for _, a := range given {
			if a.Why == "substitute" && a.Authority == of.Authority && a.Role == of.Role && !stands(all, a.Person) {
				s.Recused[i].Taken = append(s.Recused[i].Taken, x.name(a.Person))
			}
		}
		for _, o := range s.Substitutes {
			if p, _ := x.Structure.Post(hub.ID(o.Value)); p.Role == of.Role && len(s.Recused[i].Taken) < out {
				s.Recused[i].Substitutes = append(s.Recused[i].Substitutes, o)
			}
		}
	}
}

// takenOver is the hat of a colleague from whom another may take over: theirs at the
// reader's authority; empty for nobody's, and for the reader's own.
func (x Recusals) takenOver(r *web.Request, person hub.ID) hub.ID {
	for _, p := range x.Structure.Posts() {
		if p.Person == person && p.Authority == r.Who.Authority && person != r.Who.Person && p.Holds(r.Now) {
			return p.Hat.ID
		}
	}
	return ""
}

// Unattended are those of some authorities at which nobody coordinates a thing: whoever
// has the role is too close to it, or nobody has it.
func (x Recusals) Unattended(ctx context.Context, tx *pg.Tx, id hub.ID, of ...hub.AuthorityID) (list []hub.AuthorityID, err error) {
	for _, a := range of {
		none := false
		if err := tx.QueryRow(ctx, `select not exists (select from access.hat h where h.authority = $1 and h.role in ($2, $3) and h.from_at <= $4 and $4 < h.until_at
			and not exists (select from access.recusal c where c.person = h.person and c.item = $5))`,
			a, hub.MunicipalCoordinator, hub.PoliceCoordinator, tx.Now, id).Scan(&none); err != nil {
			return nil, err
		}
		if none {
			list = append(list, a)
		}
	}
	return list, nil
}

// name is what somebody of the structure file is called.
func (x Recusals) name(person hub.ID) string {
	for _, p := range x.Structure.Posts() {
		if p.Person == person && person != "" {
			return p.Name
		}
	}
	return string(person)
}

// Page shows the sheet.
func (x Recusals) Page(room string) func(http.ResponseWriter, *web.Request) error {
	return func(w http.ResponseWriter, r *web.Request) error {
		s, err := x.Read(r, struct{}{})
		if err != nil {
			return err
		}
		s.Home = x.Home
		for _, n := range Grounds {
			s.Grounds = append(s.Grounds, web.Option{Value: n, Label: r.T("web.recusal.ground." + n)})
		}
		return x.Web.Page(w, r, http.StatusOK, room, "recusal", s)
	}
}

// Form says it from the page: of a colleague where one was chosen, else of oneself.
func (x Recusals) Form(toast string) func(http.ResponseWriter, *web.Request) error {
	return func(w http.ResponseWriter, r *web.Request) error {
		f, err := r.Form()
		if err != nil {
			return err
		}
		in := Recusing{Ground: f.Line("ground"), Reason: Typed(f.Text("reason")), Hat: hub.ID(f.Line("hat")), Substitute: hub.ID(f.Line("substitute"))}
		if in.Hat == "" && f.Has("colleague") {
			in.Hat = "none" // a colleague is to be chosen, and nobody takes it for themselves
		}
		done, err := x.Say(r, in)
		if err != nil {
			return err
		}
		r.Toast(w, toast)
		if done.Person == r.Who.Person {
			return r.Redirect(w, x.Home)
		}
		return r.Redirect(w, r.URL.Path)
	}
}

// LiftForm lifts it from the page.
func (x Recusals) LiftForm(toast string) func(http.ResponseWriter, *web.Request) error {
	return func(w http.ResponseWriter, r *web.Request) error {
		f, err := r.Form()
		if err != nil {
			return err
		}
		if _, err := x.Lift(r, Lifting{Reason: Typed(f.Text("reason"))}); err != nil {
			return err
		}
		r.Toast(w, toast)
		return r.Redirect(w, x.Home+"/"+r.PathValue("id")+"/recusal")
	}
}
