package assessment

import (
	"context"
	"net/http"
	"path"
	"slices"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// button is an action that the reader may take now.
type button struct{ Href, Word string }

// buttons are drawn from the actions that table and policy give.
func (v *CaseView) buttons() []button {
	var list []button
	for _, b := range []struct {
		page    string
		actions []Action
	}{{"open", []Action{Open}}, {"ask", []Action{Ask}}, {"circle", []Action{Invite, Uninvite}}, {"meeting", []Action{Convene, Hold}},
		{"assessment/edit", []Action{Draft}}, {"inform", []Action{Inform}}, {"sign", []Action{Sign}}, {"dissent", []Action{Dissent}}, {"reassess", []Action{Reassess}}} {
		if b.page == "sign" && v.Joint != nil && v.Joint.mine {
			continue // whoever has signed reads it in the case
		}
		if slices.ContainsFunc(b.actions, func(a Action) bool { return slices.Contains(v.Actions, a) }) {
			list = append(list, button{"/cases/" + string(v.ID) + "/" + b.page, "assessment.do." + path.Base(b.page)})
		}
	}
	return list
}

func (x *room) casePage(w http.ResponseWriter, r *web.Request) error {
	v, err := x.onPath(r, true)
	if err != nil {
		return err
	}
	given, err := x.answers(r.Context(), r.Who, "case_id", string(v.ID), true)
	if err != nil {
		return err
	}
	for i, a := range given.Answers {
		given.Answers[i].Shared = x.Provenance(r, a.rel)
	}
	d := casePage{CaseView: v, Shared: x.Provenance(r, v.rel), Talks: talks(v, given.Answers, r.Who.Authority), Doable: v.buttons(), States: States[:len(States)-2],
		Courses: x.Web.MarkKinds("course"), More: x.Web.MarkKinds("doable"), Next: v.next(), Overdue: v.State != Closed && v.NextAt != nil && v.NextAt.Before(r.Now)}
	if v.Joint != nil {
		d.Shown = x.joint(r, v)
	}
	service.Closes(w, r, v.Glass)
	service.InWords(v.WhoCanSee, r.Lang)
	service.InWords(v.WhoPart, r.Lang)
	for _, a := range given.Answers {
		service.InWords(a.WhoCanSee, r.Lang)
	}
	d.Share = x.Shares(r.Who, string(v.State))
	return x.Web.Page(w, r, http.StatusOK, "assessment", "case", d)
}

// doable is the case that the path names, for a page on which an action is
// prepared. It is a Conflict where the action is not the reader's to take now;
// its button was not shown.
func (x *room) doable(r *web.Request, actions ...Action) (*CaseView, error) {
	v, err := x.onPath(r, false)
	if err == nil && !slices.ContainsFunc(actions, func(a Action) bool { return slices.Contains(v.Actions, a) }) {
		err = hub.Conflict("assessment.error.step")
	}
	return v, err
}

// formed ends a form: where it was done, back to the case.
func (x *room) formed(w http.ResponseWriter, r *web.Request, done CaseReceipt, err error, toast string) error {
	if err != nil {
		return err
	}
	r.Toast(w, toast)
	return r.Redirect(w, "/cases/"+string(done.Case))
}

// openPage is where a coordinator confirms the circle.
func (x *room) openPage(w http.ResponseWriter, r *web.Request) error {
	v, err := x.doable(r, Open)
	if err != nil {
		return err
	}
	d := struct {
		*CaseView
		Proposed []web.Option // of the reader's own authority
		Others   []MemberView
		Purposes []string
		Bases    []web.Option
		Terms    []string // on which the police may get it
		Crosses  bool     // the step discloses the case to the police
	}{CaseView: v, Purposes: []string{string(hub.Prevention)}, Crosses: r.Who.Authority == v.Municipality}
	for _, m := range v.Circle {
		switch {
		case m.recused: // chosen, they would see nothing
			continue
		case m.Authority != r.Who.Authority:
			d.Others = append(d.Others, m)
			continue
		}
		d.Proposed = append(d.Proposed, web.Option{Value: string(m.ID), Label: m.Name, Hint: x.where(m.Authority, m.Department)})
	}
	if d.Crosses {
		d.Bases = x.Bases(r, service.Disclosure{Kind: "case", State: string(Opening), To: v.Police, Basis: service.Basis{Purpose: hub.Prevention}})
		for _, terms := range service.Terms {
			if len(x.Bases(r, service.Disclosure{Kind: "case", State: string(Opening), To: v.Police, Terms: terms, Basis: service.Basis{Purpose: hub.Prevention}})) > 0 {
				d.Terms = append(d.Terms, terms)
			}
		}
		r.Fill("terms", service.Terms[0])
		r.Fill("legal_basis", "RPL115-2")
		r.Fill("purpose", string(hub.Prevention))
	}
	return x.Web.Page(w, r, http.StatusOK, "assessment", "open", d)
}

func (x *room) openForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	in := Confirmation{Reason: service.Typed(f.Text("reason")), Basis: service.BasisOf(f), Terms: f.Line("terms")}
	for _, id := range f.All("members[]") {
		in.Members = append(in.Members, hub.ID(id))
	}
	done, err := x.openCase(r, in)
	return x.formed(w, r, done, err, "assessment.open.done")
}

// where says where somebody works.
func (x *room) where(id hub.AuthorityID, department string) string {
	a, _ := x.Structure.Authority(id)
	for _, d := range a.Departments {
		if d.ID == department {
			return a.Name + ", " + d.Name
		}
	}
	return a.Name
}

// circlePage shows who is in the circle, and lets people in and out.
func (x *room) circlePage(w http.ResponseWriter, r *web.Request) error {
	v, err := x.doable(r, Invite, Uninvite)
	if err != nil {
		return err
	}
	d := struct {
		*CaseView
		Candidates []web.Option
		Purposes   []string
		Bases      []web.Option
		Outs       map[hub.ID]bool // whose access is the reader's to end
		Passings   []web.Option    // to whom the police may be let pass it on
		Recalls    bool            // the reader may take such a yes back
	}{CaseView: v, Purposes: []string{string(hub.Prevention)}, Recalls: slices.Contains(v.Actions, Recall)}
	if v.Onward != nil && slices.Contains(v.Actions, Onward) {
		d.Passings = x.passings(r, v)
	}
	in := map[hub.ID]bool{}
	for _, m := range v.Circle {
		in[m.Hat] = m.State == invited
	}
	d.Outs = map[hub.ID]bool{}
	for _, m := range v.Circle {
		may := x.mayInvite(r.Who, v.rel, v.State, Member{Person: m.person, Authority: m.Authority, Role: m.Role})
		may.End = true
		d.Outs[m.ID] = slices.Contains(v.Actions, Uninvite) && x.lets(r.Context(), may)
	}
	seen := map[hub.LegalBasis]bool{}
	for _, p := range x.Structure.Posts() {
		if in[p.Hat.ID] || !p.Holds(r.Now) || !x.invitable(r, v, p) {
			continue
		}
		d.Candidates = append(d.Candidates, web.Option{Value: string(p.Hat.ID), Label: p.Name + " – " + x.where(p.Authority, p.Department)})
		if p.Authority == v.Municipality || p.Authority == v.Police {
			continue
		}
		under, agreed := service.Freely(v.Municipality, r.Who.Authority, p.Authority)
		for _, b := range x.Bases(r, service.Disclosure{Kind: "case", State: string(v.State), To: p.Authority, Under: under, Agreed: agreed, Basis: service.Basis{Purpose: hub.Prevention}}) {
			if !seen[hub.LegalBasis(b.Value)] {
				seen[hub.LegalBasis(b.Value)] = true
				d.Bases = append(d.Bases, b)
			}
		}
	}
	r.Fill("purpose", string(hub.Prevention))
	return x.Web.Page(w, r, http.StatusOK, "assessment", "circle", d)
}

// invitable asks the rules whether the reader may let a post into the case.
func (x *room) invitable(r *web.Request, v *CaseView, p structure.Post) bool {
	return x.lets(r.Context(), x.mayInvite(r.Who, v.rel, v.State, Member{Person: p.Person, Authority: p.Authority, Role: p.Role}))
}

// lets is the rules' answer, for what a page offers.
func (x *room) lets(ctx context.Context, q policies.Question) bool {
	answer, err := x.DB.Advise(ctx, q)
	return err == nil && answer.Allow
}

func (x *room) inviteForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	var p hub.Problems
	in := Invitation{Hat: hub.ID(f.Line("hat")), Reason: service.Typed(f.Text("reason")), Until: service.Day(f, &p, "until"), Basis: service.BasisOf(f)}
	if err := p.Err(); err != nil {
		return err
	}
	done, err := x.inviteToCase(r, in)
	if err != nil {
		return err
	}
	r.Toast(w, "assessment.circle.invited")
	return r.Redirect(w, "/cases/"+string(done.Case)+"/circle")
}

func (x *room) uninviteForm(w http.ResponseWriter, r *web.Request) error {
	done, err := x.uninviteFromCase(r, struct{}{})
	if err != nil {
		return err
	}
	r.Toast(w, "assessment.circle.ended")
	return r.Redirect(w, "/cases/"+string(done.Case)+"/circle")
}
