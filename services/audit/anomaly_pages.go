package audit

import (
	"net/http"

	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
)

// The pages on which the weekly list of anomalies is gone through, one at a time.

func (x *room) anomaliesPage(w http.ResponseWriter, r *web.Request) error {
	q, err := x.listAnomalies(r, struct{}{})
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "audit", "anomalies", q)
}

// anomalyData is an anomaly, with the form of its decision.
type anomalyData struct {
	AnomalyView
	Outcomes []string
}

// Open reports whether it can be decided of.
func (d anomalyData) Open() bool { return !d.Another && d.Waits() }

func (x *room) anomalyPage(w http.ResponseWriter, r *web.Request) error {
	v, err := x.readAnomaly(r, struct{}{})
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "audit", "anomaly", anomalyData{v, Findings})
}

func (x *room) decideAnomalyForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	done, err := x.decideAnomaly(r, SampleDecision{Outcome: f.Line("outcome"), Note: service.Typed(f.Text("note"))})
	if err != nil {
		return err
	}
	r.Toast(w, "audit.sample.done")
	if done.Next != "" {
		return r.Redirect(w, "/anomalies/"+string(done.Next))
	}
	return r.Redirect(w, "/anomalies")
}
