package portal

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// AccessLine is a hat of the own authority that opens content, and its wearer: never
// what they work with, only with how many things.
type AccessLine struct {
	Hat         hub.ID     `json:"hat"`
	Name        string     `json:"name"`
	Role        hub.Role   `json:"role"`
	Department  string     `json:"department,omitempty"`
	DeputyFor   string     `json:"deputy_for,omitempty"`
	Since       time.Time  `json:"since"`
	Until       time.Time  `json:"until" doc:"The first instant at which it no longer holds."`
	LastWorn    *time.Time `json:"last_worn,omitempty" doc:"At a browser; missing where it never was."`
	Assignments int        `json:"assignments" doc:"How many things they are let into by name."`
	ConfirmedAt *time.Time `json:"confirmed_at,omitempty"`
	Due         time.Time  `json:"due" doc:"When it must be confirmed."`
	Overdue     bool       `json:"overdue"`
	CanDecide   bool       `json:"can_decide" doc:"You may confirm or end it: it is not your own."`

	person, deputyOf hub.ID
	authority        hub.AuthorityID
	kind             hub.AuthorityKind
	last             time.Time // confirmed, or begun
}

// AccessList is the answer of listAccess.
type AccessList struct {
	Hats []AccessLine `json:"hats"`
}

// Decision is what is decided of one hat.
type Decision struct {
	Hat    hub.ID       `json:"hat"`
	Decide string       `json:"decide" enum:"confirm end"`
	Reason hub.Personal `json:"reason,omitzero" max:"2000" doc:"Why it ends, at least 20 characters; of none that is confirmed. Read by the data-protection officer of your own authority alone."`
}

// Ending is a hat that somebody is about to end, and what ends with it.
type Ending struct {
	AccessLine
	Last bool // nobody else of the authority has the role
}

// DecisionReceipt says when it was decided.
type DecisionReceipt struct {
	Hat hub.ID    `json:"hat"`
	At  time.Time `json:"at"`
}

// certify is the question for an action on one hat.
func (x *room) certify(who hub.Actor, action string, l AccessLine) policies.Certify {
	of, _ := x.Structure.Post(who.DeputyOf)
	return policies.Certify{Role: who.Role, Kind: who.Kind, Action: action, SameAuthority: l.authority == who.Authority || who.Role == "system",
		Self: l.person == who.Person || of.Person != "" && l.person == of.Person}
}

// access reads the hats in force that open content: of one authority, or of all.
func (x *room) access(ctx context.Context, tx *pg.Tx, of hub.AuthorityID) ([]AccessLine, error) {
	rows, err := tx.Query(ctx, `select h.id, h.person, h.name, h.authority, h.kind, h.role, h.department, h.deputy_of, h.from_at, h.until_at,
		(select w.at from portal.worn w where w.hat = h.id), (select max(c.at) from access.certified c where c.hat = h.id), greatest(h.from_at, h.known_at),
		(select count(distinct a.item) from access.assignment a where a.person = h.person and a.authority = h.authority and a.role = h.role and a.ended_at is null and a.from_at <= $2 and $2 < a.until_at)
		from access.hat h where ($1 = '' or h.authority = $1) and h.from_at <= $2 and $2 < h.until_at order by h.authority, h.name, h.role, h.id`, of, tx.Now)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (l AccessLine, err error) {
		err = r.Scan(&l.Hat, &l.person, &l.Name, &l.authority, &l.kind, &l.Role, &l.Department, &l.deputyOf, &l.Since, &l.Until, &l.LastWorn, &l.ConfirmedAt, &l.last, &l.Assignments)
		return l, err
	})
	list := []AccessLine{}
	for _, l := range all {
		if answer, aerr := x.DB.Advise(ctx, policies.List{Role: l.Role, Kind: l.kind, Purpose: hub.Prevention}); aerr != nil || !answer.Allow {
			continue // it opens nothing about anybody
		}
		if l.ConfirmedAt != nil && l.ConfirmedAt.After(l.last) {
			l.last = *l.ConfirmedAt
		}
		l.Due = x.Structure.Review.Due(l.last)
		l.Overdue = l.Due.Before(tx.Now)
		if d, ok := x.Structure.Department(l.authority, l.Department); ok {
			l.Department = d.Name
		}
		if p, ok := x.Structure.Post(l.deputyOf); ok {
			l.DeputyFor = p.Name
		}
		list = append(list, l)
	}
	return list, err
}

func (x *room) listAccess(r *web.Request, _ struct{}) (AccessList, error) {
	var out AccessList
	ctx := r.Context()
	err := x.DB.View(ctx, r.Who, func(tx *pg.Tx) error {
		g, err := tx.Ask(ctx, x.certify(r.Who, "list", AccessLine{authority: r.Who.Authority}))
		if err != nil {
			return err
		}
		if out.Hats, err = x.access(ctx, tx, r.Who.Authority); err != nil {
			return err
		}
		for i, l := range out.Hats {
			answer, err := x.DB.Advise(ctx, x.certify(r.Who, "confirm", l))
			out.Hats[i].CanDecide = err == nil && answer.Allow
		}
		_, err = tx.Record(ctx, g, pg.Entry{Act: hub.ActConsult, Object: hub.Object{Kind: "hats"}, Controller: r.Who.Authority, Fields: []string{}, Rows: len(out.Hats)})
		return err
	})
	return out, err
}

// certifyHat confirms a hat, or ends it: from its commit on in every room.
func (x *room) certifyHat(r *web.Request, in Decision) (DecisionReceipt, error) {
	ctx, operation := r.Context(), "certify "+in.Decide+" "+string(in.Hat)
	var done DecisionReceipt
	act := hub.ActGrant
	if in.Decide == "end" {
		act = hub.ActRevoke
	}
	err := x.DB.Command(ctx, r.Who, pg.Entry{Act: act, Object: hub.Object{Kind: "hat", ID: in.Hat}}, func(tx *pg.Tx) error {
		if had, err := x.Again(ctx, tx, r, operation, &done); err != nil || had {
			return err
		}
		l := AccessLine{Hat: in.Hat}
		if in.Hat == "" {
			_, err := tx.Ask(ctx, x.certify(r.Who, "list", AccessLine{authority: r.Who.Authority}))
			return cmp.Or(err, error(hub.Invalid("hat", "error.required")))
		}
		if err := tx.QueryRow(ctx, `select coalesce(max(person), ''), coalesce(max(authority), ''), coalesce(max(role), '') from access.hat where id = $1`, in.Hat).Scan(&l.person, &l.authority, &l.Role); err != nil {
			return err
		}
		action := in.Decide
		if action != "end" {
			action = "confirm" // whoever may not at all learns nothing of what is wrong with the word
		}
		g, err := tx.Ask(ctx, x.certify(r.Who, action, l))
		if err != nil {
			return err
		}
		if action != in.Decide {
			return hub.Invalid("decide", "error.choose")
		}
		var p hub.Problems
		if action == "end" {
			service.Text(&p, "reason", in.Reason, service.MinReason, service.MaxText)
		} else if !in.Reason.Empty() {
			p.Add("reason", "portal.error.review.reason")
		}
		if len(p) > 0 {
			return p.Err()
		}
		if err := x.decided(ctx, tx, g, l, act, in.Reason); err != nil {
			return err
		}
		done = DecisionReceipt{Hat: in.Hat, At: tx.Now}
		return x.Keep(ctx, tx, r, operation, done)
	})
	return done, err
}

// decided writes what was decided of a hat, and why. Where nobody coordinates for the
// authority from then on, those who can give somebody the role are told, and its
// data-protection officer is (L56).
func (x *room) decided(ctx context.Context, tx *pg.Tx, g policies.Grant, l AccessLine, act hub.Act, why hub.Personal) error {
	if err := tx.CertifyHat(ctx, g, l.Hat, act == hub.ActRevoke); err != nil {
		return err
	}
	if _, err := tx.Record(ctx, g, pg.Entry{Act: act, Object: hub.Object{Kind: "hat", ID: l.Hat}, Controller: l.authority, Fields: []string{}, Why: why}); err != nil {
		return err
	}
	if act != hub.ActRevoke || l.Role == "" || desk(x.Structure, l.authority).Role != l.Role {
		return nil
	}
	left, err := others(ctx, tx, l)
	if err != nil || left > 0 {
		return err
	}
	for _, role := range []hub.Role{hub.Manager, hub.DPO, hub.Administrator} {
		if err := x.tell(ctx, tx, "no_coordinator", "", time.Time{}, Notice{Authority: l.authority, Role: role}); err != nil {
			return err
		}
	}
	return nil
}

// others is how many others have the role of a hat at its authority now.
func others(ctx context.Context, tx *pg.Tx, l AccessLine) (n int, err error) {
	err = tx.QueryRow(ctx, `select count(distinct person)::int from access.hat where authority = $1 and role = $2 and person <> $3 and from_at <= $4 and $4 < until_at`,
		l.authority, l.Role, l.person, tx.Now).Scan(&n)
	return n, err
}

// reviewAgain is how long an authority that was told is not told again.
const reviewAgain = 7 * 24 * time.Hour

// remind tells managers and data-protection officers that hats wait to be confirmed,
// and of none in particular; and ends those whose time is up, where the structure
// file says that they end by themselves.
func (x *room) remind(ctx context.Context) error {
	return x.change(ctx, func(tx *pg.Tx) error {
		all, err := x.access(ctx, tx, "")
		if err != nil {
			return err
		}
		late := map[hub.AuthorityID]bool{}
		for _, l := range all {
			if !l.Overdue {
				continue
			}
			if over := x.Structure.Review.Over(l.last); !over.IsZero() && over.Before(tx.Now) {
				g, err := tx.Ask(ctx, x.certify(tx.Who(), "expire", l))
				if err != nil {
					return err
				}
				if err := x.decided(ctx, tx, g, l, hub.ActRevoke, hub.Personal{}); err != nil {
					return err
				}
			}
			if late[l.authority] {
				continue
			}
			late[l.authority] = true
			tag, err := tx.Exec(ctx, `insert into portal.review_told as t (authority, at) values ($1, $2) on conflict (authority) do update set at = $2 where t.at <= $3`,
				l.authority, tx.Now, tx.Now.Add(-reviewAgain))
			if err != nil {
				return err
			}
			if tag.RowsAffected() == 0 {
				continue
			}
			for _, role := range []hub.Role{hub.Manager, hub.DPO} {
				if err := x.tell(ctx, tx, "review", "", l.Due, Notice{Authority: l.authority, Role: role}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (x *room) reviewPage(w http.ResponseWriter, r *web.Request) error {
	list, err := x.listAccess(r, struct{}{})
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "portal", "review", list)
}

// reviewForm confirms a hat. To end one takes a page of its own.
func (x *room) reviewForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	in := Decision{Hat: hub.ID(f.Line("confirm")), Decide: "confirm"}
	if f.Has("end") {
		in.Decide = "" // as one that is neither
	}
	if _, err := x.certifyHat(r, in); err != nil {
		return err
	}
	r.Toast(w, "portal.review.done.confirm")
	return r.Redirect(w, "/review")
}

// ending reads what would end with a hat, for whoever may end it.
func (x *room) ending(r *web.Request) (Ending, error) {
	var out Ending
	id, perr := r.PathID("hat")
	ctx := r.Context()
	err := x.DB.View(ctx, r.Who, func(tx *pg.Tx) error {
		all, err := x.access(ctx, tx, r.Who.Authority)
		if err != nil {
			return err
		}
		e := pg.Entry{Act: hub.ActConsult, Object: hub.Object{Kind: "hat", ID: id}, Controller: r.Who.Authority, Fields: []string{}}
		i := slices.IndexFunc(all, func(l AccessLine) bool { return perr == nil && l.Hat == id })
		if i >= 0 {
			out.AccessLine = all[i]
		}
		g, err := tx.Ask(ctx, x.certify(r.Who, "end", out.AccessLine))
		if denial := new(policies.Denial); errors.As(err, &denial) {
			return cmp.Or(tx.Refuse(ctx, denial, e), error(denial))
		}
		if err != nil {
			return err
		}
		n, err := others(ctx, tx, out.AccessLine)
		if err != nil {
			return err
		}
		out.Last, e.Rows = n == 0, 1
		_, err = tx.Record(ctx, g, e)
		return err
	})
	return out, err
}

func (x *room) endPage(w http.ResponseWriter, r *web.Request) error {
	e, err := x.ending(r)
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "portal", "ending", e)
}

func (x *room) endForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	id, err := r.PathID("hat")
	if err != nil {
		return err
	}
	in := Decision{Hat: id, Decide: "end", Reason: service.Typed(f.Text("reason"))}
	if f.Has("confirm") {
		in.Decide = "" // both at once is neither
	}
	if _, err := x.certifyHat(r, in); err != nil {
		return err
	}
	r.Toast(w, "portal.review.done.end")
	return r.Redirect(w, "/review")
}
