package assessment

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
)

// signPage shows all that a signature is over, and what still keeps it from
// being signed.
func (x *room) signPage(w http.ResponseWriter, r *web.Request) error {
	v, err := x.doable(r, Sign)
	if err != nil {
		return err
	}
	d := x.joint(r, v)
	if v.Joint != nil {
		by, err := x.against(&version{Instrument: v.Joint.Instrument, Of: v.Joint.InstrumentVersion}, r.Now)
		if err != nil {
			return err
		}
		for _, p := range v.Joint.unready(by) {
			d.Faults = append(d.Faults, d.fault(r, p))
		}
	}
	d.Changed = r.Failed(jointChanged)
	return x.Web.Page(w, r, http.StatusOK, "assessment", "sign", d)
}

// fault says in words what is missing where, and leads to where it is mended.
func (d jointData) fault(r *web.Request, p *hub.Error) faultLine {
	line := faultLine{Text: r.T(p.Key, p.Args...), Href: "/cases/" + string(d.CaseView.ID) + "/assessment/edit#" + p.Field}
	parts := strings.Split(p.Field, ".")
	if p.Field == "inform" {
		line.Href = "/cases/" + string(d.CaseView.ID) + "/inform"
	}
	if parts[0] != "dimensions" || len(parts) < 3 {
		line.Label = r.T("assessment.field." + parts[0])
		return line
	}
	if i, err := strconv.Atoi(parts[1]); err == nil && i < len(d.by.Dimensions) {
		line.Label = d.by.Dimensions[i].Name.In(r.Lang) + ": "
	}
	if len(parts) < 5 {
		line.Label += r.T("assessment.field." + parts[2])
		return line
	}
	n, _ := strconv.Atoi(parts[3])
	line.Label += r.T("assessment.joint."+parts[2]) + " " + strconv.Itoa(n+1) + ", " + r.T("assessment.field."+rowOf(parts[2])+"."+parts[4])
	return line
}

// rowOf names the fields of a row of a list.
func rowOf(list string) string {
	if list == "gaps" {
		return "gap"
	}
	return "evidence"
}

func (x *room) signForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	done, err := x.signAssessment(r, Signing{Content: f.Line("content")})
	return x.toJoint(w, r, done, err, "assessment.sign.done")
}

// toJoint ends a form: back to the assessment.
func (x *room) toJoint(w http.ResponseWriter, r *web.Request, done CaseReceipt, err error, toast string) error {
	if err != nil {
		return err
	}
	r.Toast(w, toast)
	return r.Redirect(w, "/cases/"+string(done.Case)+"/assessment")
}

// jointStep is a page on which one action on the assessment is prepared.
func (x *room) jointStep(page string, a Action) func(http.ResponseWriter, *web.Request) error {
	return func(w http.ResponseWriter, r *web.Request) error {
		v, err := x.doable(r, a)
		if err != nil {
			return err
		}
		return x.Web.Page(w, r, http.StatusOK, "assessment", page, x.joint(r, v))
	}
}

func (x *room) dissentForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	var p hub.Problems
	in := Dissenting{About: f.Line("about"), Level: f.Line("level"), Reason: service.Typed(f.Text("reason")), Test: service.Typed(f.Text("test")), Due: service.Day(f, &p, "due")}
	if err := p.Err(); err != nil {
		return err
	}
	done, err := x.addDissent(r, in)
	return x.formed(w, r, done, err, "assessment.dissent.done")
}

func (x *room) informForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	var p hub.Problems
	in := Informing{Decision: f.Line("decision"), Ground: f.Line("ground"), Reason: service.Typed(f.Text("reason")), Again: service.Day(f, &p, "again")}
	if err := p.Err(); err != nil {
		return err
	}
	done, err := x.decideInform(r, in)
	return x.formed(w, r, done, err, "assessment.inform.done")
}

func (x *room) reassessForm(w http.ResponseWriter, r *web.Request) error {
	if _, err := r.Form(); err != nil {
		return err
	}
	done, err := x.reassess(r, struct{}{})
	return x.toJoint(w, r, done, err, "assessment.reassess.done")
}
