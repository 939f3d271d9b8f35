package assessment

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// askPage is where a coordinator puts questions to one authority: first whom,
// then what; the people who may answer are those of whom was chosen.
func (x *room) askPage(w http.ResponseWriter, r *web.Request) error {
	v, err := x.doable(r, Ask)
	if err != nil {
		return err
	}
	chosen := hub.AuthorityID(r.URL.Query().Get("authority"))
	d := struct {
		*CaseView
		Authorities []web.Option
		Others      []askedBy // whom one may not ask, and who may
		Chosen      hub.AuthorityID
		People      []web.Option
		Purposes    []string
		Bases       []web.Option
		Crosses     bool // it is another authority than one's own
		Named       bool // somebody must be named to answer
	}{CaseView: v, Chosen: chosen, Purposes: []string{string(hub.Prevention)}, Crosses: chosen != r.Who.Authority}
	seen := map[hub.AuthorityID]bool{}
	for _, p := range x.Structure.Posts() {
		a, _ := x.Structure.Authority(p.Authority)
		if !p.Holds(r.Now) || !x.askable(r, p.Hat, a.Kind) && !x.otherParty(v, r.Who.Authority, p.Authority) {
			continue
		}
		if !seen[p.Authority] {
			seen[p.Authority] = true
			d.Authorities = append(d.Authorities, web.Option{Value: string(p.Authority), Label: a.Name})
		}
		if p.Authority == chosen && x.askable(r, p.Hat, a.Kind) {
			d.People = append(d.People, web.Option{Value: string(p.Hat.ID), Label: p.Name, Hint: r.T("web.role."+string(p.Role)) + ", " + x.where(p.Authority, p.Department)})
		}
	}
	if chosen == "" || !seen[chosen] {
		d.Others = x.others(r, v, seen)
	}
	if !seen[chosen] { // whom one may not ask: choose another
		chosen, d.Chosen, d.Crosses = "", "", false
	}
	d.Named = !x.otherParty(v, r.Who.Authority, chosen)
	if d.Crosses && chosen != "" {
		ask := service.Disclosure{Kind: "request", State: asked, To: chosen, Basis: service.Basis{Purpose: hub.Prevention}}
		ask.Under, ask.Agreed = service.Freely(v.Municipality, r.Who.Authority, chosen)
		d.Bases = x.Bases(r, ask)
	}
	r.Fill("purpose", string(hub.Prevention))
	r.Fill("authority", string(chosen))
	return x.Web.Page(w, r, http.StatusOK, "assessment", "ask", d)
}

// askedBy is an authority that the reader may not ask, and the party that may.
type askedBy struct{ Authority, By hub.AuthorityID }

// others are the authorities that the rules let the other party of a case ask, and not the
// reader: by the rule by which the act says whom to turn to.
func (x *room) others(r *web.Request, v *CaseView, mine map[hub.AuthorityID]bool) (list []askedBy) {
	d := &doing{ctx: r.Context(), casework: &casework{Municipality: v.Municipality, Police: v.Police}, State: v.State}
	for _, p := range x.Structure.Posts() {
		if mine[p.Authority] || !p.Holds(r.Now) || slices.ContainsFunc(list, func(a askedBy) bool { return a.Authority == p.Authority }) {
			continue
		}
		if party := x.byAt(d, r.Now, "request", Member{Person: p.Person, Authority: p.Authority, Role: p.Role}); party != "" && party != r.Who.Authority {
			list = append(list, askedBy{p.Authority, party})
		}
	}
	return list
}

// otherParty reports whether an authority is the other of the case's two parties.
func (x *room) otherParty(v *CaseView, own, a hub.AuthorityID) bool {
	return a != own && (a == v.Municipality || a == v.Police)
}

// askable asks the rules whether the reader may have a post answer a question.
func (x *room) askable(r *web.Request, h hub.Hat, kind hub.AuthorityKind) bool {
	answer, err := x.DB.Advise(r.Context(), policies.Assign{Role: r.Who.Role, Kind: r.Who.Kind, Relation: "own", State: asked,
		SameAuthority: h.Authority == r.Who.Authority, Self: h.Person == r.Who.Person, Target: h.Role, TargetKind: kind})
	return err == nil && answer.Allow
}

func (x *room) askForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	var p hub.Problems
	in := Questions{Authority: hub.AuthorityID(f.Line("authority")), Questions: service.Typed(f.Text("questions")), Due: service.Day(f, &p, "due"), Basis: service.BasisOf(f)}
	for _, h := range f.All("hats[]") {
		in.Hats = append(in.Hats, hub.ID(h))
	}
	if err := p.Err(); err != nil {
		return err
	}
	done, err := x.requestInformation(r, in)
	return x.formed(w, r, done, err, "assessment.ask.done")
}

// askedPage lists what the reader is asked.
func (x *room) askedPage(w http.ResponseWriter, r *web.Request) error {
	list, err := x.asked(r.Context(), r.Who, RequestFilter{})
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "assessment", "asked", list)
}

func (x *room) requestPage(w http.ResponseWriter, r *web.Request) error {
	v, err := x.readRequest(r, true)
	if err != nil {
		return err
	}
	if v.Share = x.Shares(r.Who, v.State); slices.Contains(v.Actions, "answer") {
		v.Share = x.Shares(r.Who, released)
	}
	v.Shared = x.Provenance(r, v.rel)
	return x.Web.Page(w, r, http.StatusOK, "assessment", "request", v)
}

// rows is how many statements the form offers; what is left empty is left out.
const rows = 4

func (x *room) answerPage(w http.ResponseWriter, r *web.Request) error {
	v, err := x.getRequest(r, struct{}{})
	if err == nil && !slices.Contains(v.Actions, "answer") {
		err = hub.Conflict("assessment.error.step")
	}
	if err != nil {
		return err
	}
	d := struct {
		*RequestView
		Grades                               []string
		Rows                                 []int
		Kinds, Reliabilities, Classes, Specs []web.Option
		Purposes                             []string
		Bases                                []web.Option
		Crosses                              bool         // the answer is disclosed: the asker is another authority
		Others                               []web.Option // the party of the case that did not ask: the answer may be let out to it too
	}{RequestView: v, Grades: []string{"0", "1", "2", "3"}, Purposes: []string{string(hub.Prevention)}, Crosses: v.Asker != r.Who.Authority}
	for i := range rows {
		d.Rows = append(d.Rows, i)
		n := "statements." + strconv.Itoa(i)
		r.Fill(n+".class", DataClasses[0])
	}
	for name, c := range map[string]struct {
		list []string
		to   *[]web.Option
	}{"kind": {Kinds, &d.Kinds}, "reliability": {Reliabilities, &d.Reliabilities}, "class": {DataClasses, &d.Classes},
		"special": {[]string{"DBL7", "DBL8-1", "DBL8-2", "DBL8-3", "DBL8-4", "RHL"}, &d.Specs}} {
		for _, code := range c.list {
			*c.to = append(*c.to, web.Option{Value: code, Label: r.T("assessment.field.statement." + name + "." + code)})
		}
	}
	to := v.Asker
	if v.other != "" && v.other != r.Who.Authority {
		d.Others = []web.Option{{Value: string(v.other), Label: x.where(v.other, "")}}
		if !d.Crosses {
			to = v.other
		}
	}
	if d.Crosses || len(d.Others) > 0 {
		d.Bases = x.Bases(r, service.Disclosure{Kind: "answer", State: released, To: to, Basis: service.Basis{Purpose: hub.Prevention}})
	}
	r.Fill("purpose", string(hub.Prevention))
	return x.Web.Page(w, r, http.StatusOK, "assessment", "answer", d)
}

// answerOf reads the form of an answer.
func answerOf(f web.Form) (Answer, error) {
	var p hub.Problems
	in := Answer{Contact: service.Typed(f.Line("contact")), Conclusion: service.Typed(f.Text("conclusion")), Basis: service.BasisOf(f)}
	if grade, err := strconv.Atoi(f.Line("grade")); err == nil { // a grade that was not chosen is told at its field
		in.Grade = &grade
	}
	for _, a := range f.All("to[]") {
		in.To = append(in.To, hub.AuthorityID(a))
	}
	for i := range rows {
		n := "statements." + strconv.Itoa(i)
		if !f.Has(n + ".text") {
			continue
		}
		in.Statements = append(in.Statements, AnswerStatement{Kind: f.Line(n + ".kind"), Text: service.Typed(f.Text(n + ".text")), Source: f.Line(n + ".source"),
			Reliability: f.Line(n + ".reliability"), AsOf: service.Day(f, &p, n+".as_of"), Class: f.Line(n + ".class"), Special: hub.LegalBasis(f.Line(n + ".special"))})
	}
	return in, p.Err()
}

func (x *room) answerForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	in, err := answerOf(f)
	if err != nil {
		return err
	}
	if _, err := x.answerInformation(r, in); err != nil {
		return err
	}
	return x.settledForm(w, r, "assessment.answer.done")
}

func (x *room) declineForm(w http.ResponseWriter, r *web.Request) error {
	if _, err := x.declineInformation(r, struct{}{}); err != nil {
		return err
	}
	return x.settledForm(w, r, "assessment.decline.done")
}

func (x *room) retractForm(w http.ResponseWriter, r *web.Request) error {
	if _, err := x.retractRequest(r, struct{}{}); err != nil {
		return err
	}
	return x.settledForm(w, r, "assessment.retract.done")
}

func (x *room) settledForm(w http.ResponseWriter, r *web.Request, toast string) error {
	r.Toast(w, toast)
	return r.Redirect(w, "/requests/"+r.PathValue("id"))
}

func (x *room) withdrawForm(w http.ResponseWriter, r *web.Request) error {
	done, err := x.withdrawAnswer(r, struct{}{})
	if err == nil && done.Case == "" { // not told in which case it was
		r.Toast(w, "assessment.withdraw.done")
		return r.Redirect(w, "/requests")
	}
	return x.formed(w, r, done, err, "assessment.withdraw.done")
}
