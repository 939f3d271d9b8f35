package referral

import (
	"net/http"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
)

func (x *room) followUpPage(w http.ResponseWriter, r *web.Request) error {
	d, err := x.prepare(r, Follow)
	if err != nil {
		return err
	}
	d.Dimensions = d.Words.dimensions(x.instrument(r.Now))
	for _, m := range Movements {
		d.Moves = append(d.Moves, web.Option{Value: m, Label: r.T("referral.movement." + m)})
	}
	for _, t := range d.Tasks {
		d.Todo = append(d.Todo, web.Option{Value: string(t.ID), Label: r.T("referral.task."+t.Why, t.N, t.Version)})
	}
	return x.Web.Page(w, r, http.StatusOK, "referral", "followup", d)
}

// followUpForm records the follow-up. New signs are a new concern, which is
// written where concerns are.
func (x *room) followUpForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	var p hub.Problems
	in := Followed{Note: service.Typed(f.Text("note")), NewSigns: f.Has("new_signs"), Next: service.Day(f, &p, "next")}
	dimensions := x.instrument(r.Now).Dimensions
	for _, dim := range dimensions {
		if f.Has("movement." + dim.Code) {
			in.Movements = append(in.Movements, Movement{dim.Code, f.Line("movement." + dim.Code)})
		}
	}
	if len(in.Movements) == 0 && len(dimensions) > 0 { // told where the first of them stands
		p.Add("movement."+dimensions[0].Code, "referral.error.movement_missing")
	}
	for _, id := range f.All("done[]") {
		in.Done = append(in.Done, hub.ID(id))
	}
	if err := p.Err(); err != nil {
		return err
	}
	done, err := x.recordFollowUp(r, in)
	if err == nil && in.NewSigns {
		return formed(w, r, "/subjects/new?next=concern", "", nil, "referral.followup.signs")
	}
	return formed(w, r, "/cases/", done.Case, err, "referral.followup.done")
}

func (x *room) closePage(w http.ResponseWriter, r *web.Request) error {
	d, err := x.prepare(r, Close, Resume)
	if err != nil {
		return err
	}
	d.Reasons, d.Levels, d.Informed, d.Grounds = d.Words.reasons(), d.Words.levels(x.instrument(r.Now)), Informed, Grounds
	for _, c := range d.Closing {
		if c.Authority != r.Who.Authority {
			d.Others = []ClosureView{c} // the latest
			r.Fill("reason", c.Reason)
		}
	}
	return x.Web.Page(w, r, http.StatusOK, "referral", "close", d)
}

func (x *room) closeForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	done, err := x.closeCase(r, Closure{Reason: f.Line("reason"), Level: f.Line("level_at_close"), OpenGaps: service.Typed(f.Text("open_gaps")), AfterCare: service.Typed(f.Text("after_care")),
		Informed: f.Line("informed"), InformGround: f.Line("inform_ground"), Why: service.Typed(f.Text("why_not_informed"))})
	toast := "referral.close.proposed"
	if done.State == string(Closed) {
		toast = "referral.close.done"
	}
	return formed(w, r, "/cases/", done.Case, err, toast)
}

func (x *room) resumeForm(w http.ResponseWriter, r *web.Request) error {
	done, err := x.resumeCase(r, struct{}{})
	return formed(w, r, "/cases/", done.Case, err, "referral.resume.done")
}

func (x *room) takeBackPage(w http.ResponseWriter, r *web.Request) error {
	d, err := x.prepare(r, TakeBack)
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "referral", "take-back", d)
}

func (x *room) takeBackForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	done, err := x.takeCaseBack(r, TakingBack{Reason: service.Typed(f.Text("reason"))})
	if err != nil {
		return err
	}
	r.Toast(w, "referral.take-back.done", done.At)
	return r.Redirect(w, "/cases/"+string(done.Case))
}

func (x *room) reopenPage(w http.ResponseWriter, r *web.Request) error {
	d, err := x.prepare(r, Reopen)
	if err != nil {
		return err
	}
	if r.Who.Kind == hub.Municipality {
		d.Discloses = true
		h, _ := x.Structure.InfohusOf(r.Who.Authority, r.Now)
		d.Bases = x.Bases(r, service.Disclosure{Kind: "case", State: string(Assessment), To: h.Police, Basis: service.Basis{Purpose: hub.Prevention}})
		r.Fill("purpose", string(hub.Prevention))
		r.Fill("legal_basis", "RPL115-2")
	}
	return x.Web.Page(w, r, http.StatusOK, "referral", "reopen", d)
}

func (x *room) reopenForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	done, err := x.reopenCase(r, Reopening{Reason: service.Typed(f.Text("reason")), Basis: service.BasisOf(f)})
	toast := "referral.reopen.asked"
	if done.State == string(Assessment) {
		toast = "referral.reopen.done"
	}
	return formed(w, r, "/cases/", done.Case, err, toast)
}
