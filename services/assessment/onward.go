package assessment

import (
	"net/http"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/web"
)

// terms are those on which the actor's authority has a case that is another's, and
// whether the municipality has said yes to a receiver.
func (x *room) terms(d *doing, to hub.AuthorityID) (under string, agreed bool, err error) {
	given, err := d.tx.Shares(d.ctx, "case", d.ID)
	if err != nil {
		return "", false, err
	}
	for _, s := range given { // the newest counts
		if s.To == d.tx.Who().Authority && s.From == d.Municipality {
			under = s.Terms
		}
	}
	err = d.tx.QueryRow(d.ctx, `select exists (select from onward where case_id = $1 and authority = $2)`, d.ID, to).Scan(&agreed)
	return under, agreed, err
}

// Passing names an authority to which a case may be passed on.
type Passing struct {
	Authority hub.AuthorityID `json:"authority"`
}

// allowOnward is the municipality's yes: the police may bring in people of another
// authority (D15), on a basis of their own. Where the terms are that nothing is
// passed on, it changes nothing.
func (x *room) allowOnward(r *web.Request, in Passing) (CaseReceipt, error) {
	return x.change(r, Onward, hub.ActDecide, func(d *doing) error {
		a, ok := x.Structure.Authority(in.Authority)
		if !ok || a.ID == d.Municipality || a.ID == d.Police {
			return hub.Invalid("authority", "error.choose")
		}
		tag, err := d.tx.Exec(d.ctx, `insert into onward (case_id, authority, person, hat, at) values ($1, $2, $3, $4, $5) on conflict do nothing`,
			d.ID, a.ID, d.tx.Who().Person, d.tx.Who().Hat.ID, d.tx.Now)
		if err == nil && tag.RowsAffected() == 0 {
			err = hub.Conflict("assessment.error.onward_already")
		}
		d.entry.Recipient = a.ID
		return err
	})
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

// passable are the authorities that the police could bring in: those with people
// whom they may let in.
func (x *room) passable(r *web.Request, v *CaseView) []web.Option {
	var list []web.Option
	seen := map[hub.AuthorityID]bool{v.Municipality: true, v.Police: true}
	for _, p := range x.Structure.Posts() {
		if p.Role != hub.Partner && p.Role != hub.Institution || seen[p.Authority] || !p.Holds(r.Now) {
			continue
		}
		seen[p.Authority] = true
		list = append(list, web.Option{Value: string(p.Authority), Label: x.where(p.Authority, "")})
	}
	return list
}
