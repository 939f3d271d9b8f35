package audit

import (
	"net/http"

	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
)

// The pages on which what was drawn by lot is gone through, one at a time.

func (x *room) samplesPage(w http.ResponseWriter, r *web.Request) error {
	q, err := x.listSamples(r, struct{}{})
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "audit", "samples", q)
}

// sampleData is a look-up that was drawn, with the form of its decision.
type sampleData struct {
	SampleView
	Outcomes []string
}

// Open reports whether it can be decided of.
func (d sampleData) Open() bool { return !d.Another && d.Waits() }

func (x *room) samplePage(w http.ResponseWriter, r *web.Request) error {
	v, err := x.readSample(r, struct{}{})
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "audit", "sample", sampleData{v, Findings})
}

func (x *room) decideForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	done, err := x.decideSample(r, SampleDecision{Outcome: f.Line("outcome"), Note: service.Typed(f.Text("note"))})
	if err != nil {
		return err
	}
	r.Toast(w, "audit.sample.done")
	if done.Next != "" {
		return r.Redirect(w, "/samples/"+string(done.Next))
	}
	return r.Redirect(w, "/samples")
}
