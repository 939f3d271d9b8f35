package assessment

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
)

// Onwards is on which terms the police have a case that is the municipality's, and
// to which authorities the municipality has said yes (L1, D15).
type Onwards struct {
	Terms string  `json:"terms"` // no_onward, ask_first, within_cooperation
	Given []Leave `json:"given"`
}

// Leave is the municipality's yes to one authority.
type Leave struct {
	Authority hub.AuthorityID `json:"authority"`
	By        string          `json:"by"`
	At        time.Time       `json:"at"`
	Counts    bool            `json:"counts" doc:"On it the police may bring the authority in now, ask it or offer its help, and may not without it. What has ended, the agreement or the legal basis or the step, lets nobody in."`
}

// yes is a Leave as it is kept.
type yes struct {
	Authority hub.AuthorityID `json:"authority"`
	Hat       hub.ID          `json:"hat"`
	At        time.Time       `json:"at"`
}

func (x *room) onwards(ctx context.Context, o *opened) *Onwards {
	v := &Onwards{Terms: o.Terms, Given: []Leave{}}
	for _, l := range o.Leave {
		v.Given = append(v.Given, Leave{l.Authority, x.nameOf(l.Hat), l.At, x.counts(ctx, o.Police, l.Authority, State(o.rel.State), o.Terms, x.Now())})
	}
	return v
}

// counts reports whether a yes to an authority makes a difference: with it the police
// could pass the case on to it in some way, and could not without.
func (x *room) counts(ctx context.Context, police, to hub.AuthorityID, state State, under string, now time.Time) bool {
	return x.passes(ctx, police, to, state, under, true, now) && !x.passes(ctx, police, to, state, under, false, now)
}

// terms are those on which an authority has a case that is another's, and whether
// the municipality has said yes to a receiver.
func (x *room) terms(d *doing, by, to hub.AuthorityID) (under string, agreed bool, err error) {
	return d.tx.Onward(d.ctx, "case", d.ID, d.Municipality, by, to)
}

// passes asks the rules whether the police could bring in an authority, ask it or offer
// its help, on some basis, if they had the case on these terms and the municipality had
// said yes, or not. It is what they are asked when the police do; nothing is given here.
func (x *room) passes(ctx context.Context, police, to hub.AuthorityID, state State, under string, agreed bool, now time.Time) bool {
	who := hub.Actor{Hat: hub.Hat{Authority: police, Kind: hub.Police, Role: hub.PoliceCoordinator}}
	return slices.ContainsFunc(x.Structure.PostsOf(to, "", now), func(p structure.Post) bool {
		m := Member{Person: p.Person, Authority: to, Role: p.Role}
		return slices.ContainsFunc(ways(state), func(w way) bool {
			return x.lets(ctx, x.mayInvite(who, pg.Relation{Relation: w.relation}, w.state, m)) &&
				x.Carried(ctx, who, service.Disclosure{Kind: w.kind, State: string(w.state), To: to, Under: under, Agreed: agreed, Consent: w.consent, Basis: service.Basis{Purpose: hub.Prevention}}, now)
		})
	})
}

// way is how the police pass on what is in a case: the terms hold for each (L1).
type way struct {
	kind     string
	state    State  // in which it is given
	relation string // of the police to it
	consent  bool   // it may rest on one, which the citizen can give at any time
}

// ways are all of them, of a case in a state: an offer comes later, on a yes given now.
func ways(state State) []way {
	return []way{{"case", state, "shared", false}, {"request", asked, "own", false}, {"offer", "offered", "own", true}}
}

// Passing names an authority to which a case may be passed on.
type Passing struct {
	Authority hub.AuthorityID `json:"authority"`
}

// allowOnward is the municipality's yes: the police may bring in people of another
// authority (D15), ask them or offer their help, on a basis of their own. It is refused
// where it would change nothing: of an authority that the police reach on no terms, and where they
// have the case on terms that no yes, or every one, is part of.
func (x *room) allowOnward(r *web.Request, in Passing) (CaseReceipt, error) {
	return x.change(r, Onward, hub.ActDecide, func(d *doing) error {
		a, ok := x.Structure.Authority(in.Authority)
		if !ok || a.ID == d.Municipality || a.ID == d.Police {
			return hub.Invalid("authority", "error.choose")
		}
		if !slices.Contains(x.passable(d.ctx, d.Municipality, d.Police, d.State, d.tx.Now), a.ID) {
			return hub.Invalid("authority", "assessment.error.onward_never")
		}
		under, agreed, err := x.terms(d, d.Police, a.ID)
		switch {
		case err != nil:
			return err
		case agreed:
			return hub.Conflict("assessment.error.onward_already")
		case !x.passes(d.ctx, d.Police, a.ID, d.State, under, true, d.tx.Now):
			return hub.Conflict("assessment.error.onward_terms")
		case x.passes(d.ctx, d.Police, a.ID, d.State, under, false, d.tx.Now):
			return hub.Conflict("assessment.error.onward_free")
		}
		d.of, d.entry.Recipient = a.ID, a.ID
		d.facts = append(d.facts, event.OnwardChanged{Case: d.ID, Authority: d.Police})
		if _, err := d.tx.LetOn(d.ctx, d.grant, "case", d.ID, a.ID, true); err != nil {
			return err
		}
		if _, err := d.tx.Exec(d.ctx, `delete from onward where case_id = $1 and authority = $2`, d.ID, a.ID); err != nil { // one that counts no more
			return err
		}
		_, err = d.tx.Exec(d.ctx, `insert into onward (case_id, authority, person, hat, at) values ($1, $2, $3, $4, $5)`, d.ID, a.ID, d.tx.Who().Person, d.tx.Who().Hat.ID, d.tx.Now)
		return err
	})
}

// recallOnward takes a yes back: nobody more is let in on it, and those who were are
// out, from this commit on, as when a share is taken back.
func (x *room) recallOnward(r *web.Request, _ struct{}) (CaseReceipt, error) {
	of := hub.AuthorityID(r.PathValue("authority"))
	return x.change(r, Recall, hub.ActRevoke, func(d *doing) error {
		if _, ok := x.Structure.Authority(of); !ok {
			return hub.NotFound()
		}
		tag, err := d.tx.Exec(d.ctx, `delete from onward where case_id = $1 and authority = $2`, d.ID, of)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return hub.Conflict("assessment.error.onward_none")
		}
		if _, err := d.tx.LetOn(d.ctx, d.grant, "case", d.ID, of, false); err != nil {
			return err
		}
		circle, err := members(d.ctx, d.tx, d.ID)
		if err != nil {
			return err
		}
		for i, m := range circle {
			if m.Authority != of || m.State != invited {
				continue
			}
			if err := letOut(d.ctx, d.tx, d.grant, d.ID, circle, m); err != nil {
				return err
			}
			circle[i].State = ended
			d.facts = append(d.facts, event.CircleChanged{Case: d.ID, Item: d.ID, Kind: "case", Person: m.Person})
		}
		questions, err := requestsOf(d.ctx, d.tx, d.grant, d.ID)
		if err != nil {
			return err
		}
		for _, q := range questions {
			if q.Asker == d.Police && q.Authority == of && q.State != retracted {
				if err := endRequest(d.ctx, d.tx, d.grant, q); err != nil {
					return err
				}
			}
		}
		if err := endOffers(d, of); err != nil {
			return err
		}
		d.of, d.entry.Recipient = of, of
		d.facts = append(d.facts, event.OnwardChanged{Case: d.ID, Authority: d.Police})
		return nil
	})
}

// endOffers ends what the police gave an authority on their offers in a case. Their room
// takes each back when it finds that it stands on nothing.
func endOffers(d *doing, of hub.AuthorityID) error {
	rows, err := d.tx.Query(d.ctx, `select distinct i.id from access.item i join access.share h on h.item = i.id and h.kind = i.kind
		where i.kind = 'offer' and i.came_of = $1 and h.sender = $2 and h.receiver = $3 and h.ended_by is null order by i.id`, d.ID, d.Police, of)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[hub.ID])
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := d.tx.RevokeAll(d.ctx, d.grant, "offer", id, of); err != nil {
			return err
		}
		if _, err := d.tx.EndAssignments(d.ctx, d.grant, "offer", id, ""); err != nil {
			return err
		}
		if _, err := d.tx.Record(d.ctx, d.grant, pg.Entry{Act: hub.ActRevoke, Object: hub.Object{Kind: "offer", ID: id}, Controller: d.Police,
			Subjects: []hub.ID{d.Subject}, Recipient: of, Fields: []string{}}); err != nil {
			return err
		}
	}
	return nil
}

func (x *room) onwardForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	done, err := x.allowOnward(r, Passing{Authority: hub.AuthorityID(f.Line("authority"))})
	if err != nil {
		return err
	}
	r.Toast(w, "assessment.onward.done")
	return r.Redirect(w, "/cases/"+string(done.Case)+"/circle")
}

func (x *room) recallForm(w http.ResponseWriter, r *web.Request) error {
	done, err := x.recallOnward(r, struct{}{})
	if err != nil {
		return err
	}
	r.Toast(w, "assessment.onward.recalled")
	return r.Redirect(w, "/cases/"+string(done.Case)+"/circle")
}

// passable are the authorities that the police could bring in, ask or offer help of if
// the municipality let them: those with people whom the rules let them let in, on some basis.
func (x *room) passable(ctx context.Context, municipality, police hub.AuthorityID, state State, now time.Time) []hub.AuthorityID {
	var list []hub.AuthorityID
	for _, a := range x.Structure.Authorities {
		if a.ID != municipality && a.ID != police && x.passes(ctx, police, a.ID, state, "within_cooperation", true, now) {
			list = append(list, a.ID)
		}
	}
	return list
}

// passings are the authorities to which the reader may say yes, as the choices of a
// form: none where the terms are such that a yes is no part of them.
func (x *room) passings(r *web.Request, v *CaseView) []web.Option {
	var list []web.Option
	for _, a := range x.passable(r.Context(), v.Municipality, v.Police, v.State, r.Now) {
		given := slices.ContainsFunc(v.Onward.Given, func(l Leave) bool { return l.Authority == a })
		if !given && x.counts(r.Context(), v.Police, a, v.State, v.Onward.Terms, r.Now) {
			list = append(list, web.Option{Value: string(a), Label: x.where(a, "")})
		}
	}
	return list
}
