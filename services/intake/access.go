package intake

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// Access lets one colleague of one's own authority into one concern.
type Access struct {
	Hat   hub.ID    `json:"hat"`            // the colleague's hat
	Until time.Time `json:"until,omitzero"` // at the latest when the concern is erased
}

// AccessReceipt names the assignment, for ending it again.
type AccessReceipt struct {
	Assignment hub.ID    `json:"assignment"`
	Until      time.Time `json:"until"`
	At         time.Time `json:"at"`
}

func (x *room) grantAccess(r *web.Request, in Access) (AccessReceipt, error) {
	id, err := r.PathID("id")
	if err != nil {
		return AccessReceipt{}, err
	}
	ctx, target, operation := r.Context(), x.colleague(in.Hat), string(Assign)+" "+string(id)
	var done AccessReceipt
	err = x.DB.Command(ctx, r.Who, about(hub.ActGrant, id), func(tx *pg.Tx) error {
		if had, err := x.Again(ctx, tx, r, operation, &done); err != nil || had {
			return err
		}
		g, c, err := x.mayAssign(r, tx, Assign, id, target.Hat)
		if err != nil {
			return err
		}
		done = AccessReceipt{Assignment: x.NewID(), At: tx.Now}
		switch {
		case in.Hat == "" || target.ID == "" || !target.Holds(tx.Now):
			return hub.Invalid("hat", "intake.error.colleague")
		case x.inAlready(ctx, tx, id, target.Hat):
			return hub.Conflict("intake.error.already_in")
		case !in.Until.IsZero() && in.Until.Before(tx.Now), c.EraseAt.Before(tx.Now): // whose time is up nobody is let into any more
			return hub.Invalid("until", "intake.error.past")
		case in.Until.IsZero() || in.Until.After(c.EraseAt):
			done.Until = c.EraseAt
		default:
			done.Until = in.Until
		}
		if _, err := tx.Assign(ctx, g, pg.Assignment{ID: done.Assignment, Kind: "concern", Item: id, Person: target.Person, Authority: target.Authority, Role: target.Role,
			Why: "colleague", From: tx.Now, Until: done.Until}); err != nil {
			return err
		}
		if err := x.accessChanged(ctx, tx, g, c, hub.ActGrant, target.Person, true); err != nil {
			return err
		}
		return x.Keep(ctx, tx, r, operation, done)
	})
	return done, err
}

func (x *room) revokeAccess(r *web.Request, _ struct{}) (AccessReceipt, error) {
	id, err := r.PathID("id")
	if err != nil {
		return AccessReceipt{}, err
	}
	assignment, err := r.PathID("assignment")
	if err != nil {
		return AccessReceipt{}, err
	}
	ctx, operation := r.Context(), string(Unassign)+" "+string(assignment)
	var done AccessReceipt
	err = x.DB.Command(ctx, r.Who, about(hub.ActRevoke, id), func(tx *pg.Tx) error {
		if had, err := x.Again(ctx, tx, r, operation, &done); err != nil || had {
			return err
		}
		let := pg.Assignment{ID: assignment}
		err := tx.QueryRow(ctx, `select coalesce(max(person), ''), coalesce(max(authority), ''), coalesce(max(role), '') from access.assignment where id = $1 and item = $2`,
			assignment, id).Scan(&let.Person, &let.Authority, &let.Role)
		if err != nil {
			return err
		}
		g, c, err := x.mayAssign(r, tx, Unassign, id, hub.Hat{Person: let.Person, Authority: let.Authority, Role: let.Role})
		if let.Person == "" && hub.CodeOf(err) == hub.CodeInvalid {
			return hub.NotFound() // whoever may take back is told that there is nothing to take
		}
		if err != nil {
			return err
		}
		if err := tx.EndAssignment(ctx, g, assignment); err != nil {
			return err
		}
		done = AccessReceipt{Assignment: assignment, Until: tx.Now, At: tx.Now}
		if err := x.accessChanged(ctx, tx, g, c, hub.ActRevoke, let.Person, false); err != nil {
			return err
		}
		return x.Keep(ctx, tx, r, operation, done)
	})
	return done, err
}

// inAlready reports whether somebody is assigned now, in that hat: a second assignment would
// outlive the end of the first.
func (x *room) inAlready(ctx context.Context, tx *pg.Tx, id hub.ID, h hub.Hat) (in bool) {
	err := tx.QueryRow(ctx, `select exists (select 1 from access.assignment where item = $1 and person = $2 and authority = $4 and role = $5 and ended_by is null and until_at > $3)`,
		id, h.Person, tx.Now, h.Authority, h.Role).Scan(&in)
	return in || err != nil
}

// mayAssign asks whether the actor may let a colleague in, or out again.
func (x *room) mayAssign(r *web.Request, tx *pg.Tx, a Action, id hub.ID, target hub.Hat) (policies.Grant, *concern, error) {
	ctx, who := r.Context(), r.Who
	rel, err := tx.Relation(ctx, "concern", id)
	if err == nil {
		err = fits(ctx, tx, rel, a)
	}
	if err != nil {
		return policies.Grant{}, nil, err
	}
	g, err := tx.Ask(ctx, letting(who, rel, a, target))
	if err != nil {
		// Whom a colleague may be is no secret to somebody who may let colleagues in.
		if answer, aerr := x.DB.Advise(ctx, question(who, rel, a)); aerr == nil && answer.Allow {
			err = notThem(a, err)
		}
		return g, nil, err
	}
	c, err := lock(ctx, tx, g, id)
	return g, c, err
}

// notThem is why somebody who may let colleagues in may not let in, or out, the
// one whom they named.
func notThem(a Action, err error) error {
	field := map[Action]string{Assign: "hat"}[a]
	denied := new(policies.Denial)
	switch errors.As(err, &denied); {
	case slices.Contains(denied.Reasons(), "self"):
		return hub.Invalid(field, "intake.error.self")
	case slices.Contains(denied.Reasons(), "nothing_to_see"):
		return hub.Invalid(field, "refusal.nothing_to_see")
	}
	return hub.Invalid(field, "intake.error.colleague")
}

func (x *room) accessChanged(ctx context.Context, tx *pg.Tx, g policies.Grant, c *concern, act hub.Act, person hub.ID, granted bool) error {
	if _, err := tx.Record(ctx, g, pg.Entry{Act: act, Object: hub.Object{Kind: "concern", ID: c.ID, Version: c.Version},
		Controller: c.Controller, Subjects: []hub.ID{c.Subject}, Fields: []string{}}); err != nil {
		return err
	}
	return tx.Tell(ctx, event.AccessChanged{Concern: c.ID, Person: person, Granted: granted})
}

func (x *room) colleague(hat hub.ID) structure.Post {
	p, _ := x.Structure.Post(hat)
	return p
}

// Assigned is a colleague who has been let in.
type Assigned struct {
	ID    hub.ID
	Name  string
	Why   string
	Until time.Time
	Self  bool // the reader: nobody takes away their own access
}

// accessPage shows who has been let in, and lets colleagues in and out.
func (x *room) accessPage(w http.ResponseWriter, r *web.Request) error {
	v, err := x.getConcern(r, struct{}{})
	if err != nil {
		return err
	}
	d := struct {
		*ConcernView
		Assigned   []Assigned
		Colleagues []web.Option
	}{ConcernView: v}
	var rel pg.Relation
	err = x.DB.View(r.Context(), r.Who, func(tx *pg.Tx) error {
		g, of, err := x.assignable(r, tx, v.ID)
		if err != nil {
			return err
		}
		rel = of
		rows, err := tx.Query(r.Context(), `select distinct a.id, h.name, a.why, a.until_at, a.person = $4 from access.assignment a
			join access.hat h on h.person = a.person and h.authority = a.authority and h.role = a.role where a.authority = $2 and a.item = $1 and a.ended_by is null and a.until_at > $3 order by h.name`, v.ID, r.Who.Authority, tx.Now, r.Who.Person)
		if err != nil {
			return err
		}
		if d.Assigned, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Assigned]); err != nil {
			return err
		}
		_, err = tx.Record(r.Context(), g, pg.Entry{Act: hub.ActConsult, Object: hub.Object{Kind: "concern", ID: v.ID, Version: v.Version},
			Controller: r.Who.Authority, Fields: []string{"who_can_see"}})
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range x.Structure.Posts() {
		if !slices.Contains(v.Actions, Assign) || p.Authority != r.Who.Authority || !p.Holds(r.Now) {
			continue
		}
		if answer, err := x.DB.Advise(r.Context(), letting(r.Who, rel, Assign, p.Hat)); err == nil && answer.Allow {
			label := p.Name + " – " + r.T("web.role."+string(p.Role))
			as := rel
			as.Assigned, as.Author, as.Recused, as.Glass = true, false, false, false
			if sees, err := x.DB.Advise(r.Context(), as.View(hub.Actor{Hat: p.Hat}, hub.Prevention)); err == nil && little(sees.Fields) {
				label += " (" + r.T("intake.access.little") + ")" // it is worth saying before
			}
			d.Colleagues = append(d.Colleagues, web.Option{Value: string(p.ID), Label: label})
		}
	}
	return x.Web.Page(w, r, http.StatusOK, "intake", "access", d)
}

// assignable asks whether the actor may let any colleague in.
func (x *room) assignable(r *web.Request, tx *pg.Tx, id hub.ID) (policies.Grant, pg.Relation, error) {
	rel, err := tx.Relation(r.Context(), "concern", id)
	if err != nil {
		return policies.Grant{}, rel, err
	}
	g, err := tx.Ask(r.Context(), question(r.Who, rel, Assign))
	return g, rel, err
}

func (x *room) accessForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	until, err := f.Date("until")
	if err != nil {
		return err
	}
	if _, err := x.grantAccess(r, Access{Hat: hub.ID(f.Line("hat")), Until: until}); err != nil {
		return err
	}
	r.Toast(w, "intake.access.given")
	return r.Redirect(w, r.URL.Path)
}

func (x *room) revokeForm(w http.ResponseWriter, r *web.Request) error {
	if _, err := x.revokeAccess(r, struct{}{}); err != nil {
		return err
	}
	r.Toast(w, "intake.access.ended")
	return r.Redirect(w, "/concerns/"+r.PathValue("id")+"/access")
}
