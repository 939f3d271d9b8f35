package audit

import (
	"net/http"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
)

// The pages of the register of breaches.

// breachesData is the register with the form of a new one.
type breachesData struct {
	BreachList
	Kinds, Tracks, Ways []string
	People              []web.Option
}

func (x *room) breachesPage(w http.ResponseWriter, r *web.Request) error {
	list, err := x.listBreaches(r, struct{}{})
	if err != nil {
		return err
	}
	d, err := x.trailData(r)
	if err != nil {
		return err
	}
	can, usual := lawOfBreaches.tracks(r.Who.Kind)
	r.Fill("tracks[]", usual...)
	return x.Web.Page(w, r, http.StatusOK, "audit", "breaches", breachesData{list, lawOfBreaches.Kinds, can, BreachWays, d.People})
}

// breachRowsOf reads which rows of the trail a form is about.
func breachRowsOf(f web.Form) BreachRows {
	return BreachRows{Way: f.Line("way"), Person: hub.ID(f.Line("person")), Reference: f.Line("reference"), From: isoDay(f, "from"), Until: isoDay(f, "until")}
}

// moment reads a day and a time of day in Copenhagen; nil where neither is given. Of an hour
// that comes twice, when summer time ends, it is the first: then the limit is not too late.
func moment(f web.Form, p *hub.Problems, field string) *time.Time {
	day, err := f.Date(field)
	clock := strings.ReplaceAll(f.Line(field+"_time"), ".", ":")
	if len(clock) == len("9:30") {
		clock = "0" + clock
	}
	switch {
	case err != nil:
		p.Add(field, "error.date")
		return nil
	case day.IsZero() && clock == "":
		return nil
	case day.IsZero():
		p.Add(field, "error.required")
		return nil
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", day.Format(time.DateOnly)+" "+clock, hub.Copenhagen)
	if err != nil || at.Format("15:04") != clock { // none such, or skipped when summer time begins
		p.Add(field+"_time", "audit.error.breach.time")
		return nil
	}
	if first := at.Add(-time.Hour); first.Format("2006-01-02 15:04") == at.Format("2006-01-02 15:04") {
		at = first
	}
	return &at
}

// mayKeep asks for the right to the register, for a form that may be filled in wrongly.
func (x *room) mayKeep(r *web.Request, id hub.ID) error {
	return x.DB.View(r.Context(), r.Who, func(tx *pg.Tx) error {
		_, err := x.mayBreach(r.Context(), tx, breachEntry(r.Who, hub.ActChange, id))
		return err
	})
}

func (x *room) registerBreachForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if err := x.mayKeep(r, ""); err != nil { // before what is wrong is told (A026)
		return err
	}
	var p hub.Problems
	in := RegisteringBreach{Happened: service.Typed(f.Text("happened")), Kinds: f.All("kinds[]"), Tracks: f.All("tracks[]"), Aware: moment(f, &p, "aware"), BreachRows: breachRowsOf(f)}
	if p.Err() != nil {
		return p.Err()
	}
	done, err := x.registerBreach(r, in)
	if err != nil {
		return err
	}
	return r.Redirect(w, "/breaches/"+string(done.ID))
}

// linesShown is how many of those affected stand on the page.
const linesShown = 50

// breachData is a breach with its forms.
type breachData struct {
	BreachView
	Lines        []AffectedLine // the first of those affected
	More         int            // how many besides
	Missing      []string
	Ways, Answer []string
	People       []web.Option
	Late         bool
}

func (x *room) breachPage(w http.ResponseWriter, r *web.Request) error {
	v, err := x.readBreach(r, struct{}{})
	if err != nil {
		return err
	}
	t, err := x.trailData(r)
	if err != nil {
		return err
	}
	d := breachData{BreachView: v, Missing: v.Gaps(), Ways: BreachWays, Answer: yesNo, People: t.People, Late: v.late()}
	if a := v.Affected; a != nil {
		d.Lines = a.Lines[:min(len(a.Lines), linesShown)]
		d.More = len(a.Lines) - len(d.Lines)
	}
	for field, text := range map[string]string{"categories": v.Categories, "consequences": v.Consequences, "measures": v.Measures, "contact": v.Contact, "delay": v.Delay,
		"text_da": v.TextDa, "text_en": v.TextEn, "inform": v.Inform} {
		r.Fill(field, text)
	}
	if v.Inform != "yes" { // the hub's draft, in the language of the page; what is left empty is its draft too
		r.Fill("text_"+r.Lang, x.letter(r.Lang, r.Who.Authority, v.Contact))
	}
	return x.Web.Page(w, r, http.StatusOK, "audit", "breach", d)
}

func (x *room) breachForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	id, _ := r.PathID("breach")
	if err := x.mayKeep(r, id); err != nil {
		return err
	}
	text := func(field string) hub.Personal { return service.Typed(f.Text(field)) }
	switch step := f.Line("step"); step {
	case stepDescribed:
		_, err = x.describeBreach(r, DescribingBreach{Categories: text("categories"), Consequences: text("consequences"), Measures: text("measures"), Contact: text("contact"), Delay: text("delay")})
	case stepInformed:
		_, err = x.informBreach(r, InformingBreach{Inform: f.Line("inform"), Reason: text("reason"), TextDa: text("text_da"), TextEn: text("text_en")})
	case stepNotified:
		var p hub.Problems
		in := NotifyingBreach{CaseNumber: service.Typed(f.Line("case_number")), On: moment(f, &p, "on"), Delay: text("delay")}
		if err = p.Err(); err == nil {
			_, err = x.notifyBreach(r, in)
		}
	case stepCorrected:
		var p hub.Problems
		in := CorrectingBreach{Reason: text("reason")}
		if at := moment(f, &p, "corrected"); at != nil {
			in.Corrected = *at
		}
		if err = p.Err(); err == nil {
			_, err = x.correctBreach(r, in)
		}
	case stepClosed:
		_, err = x.closeBreach(r, ClosingBreach{Reason: text("reason")})
	default:
		_, err = x.gatherBreach(r, breachRowsOf(f))
	}
	if err != nil {
		return err
	}
	r.Toast(w, "audit.breach.done")
	return r.Redirect(w, "/breaches/"+r.PathValue("breach"))
}

// breachDraftPage is what Datatilsynet asks for: to print, or as a file.
func (x *room) breachDraftPage(w http.ResponseWriter, r *web.Request) error {
	d, err := x.draftBreach(r, struct{}{})
	if err != nil {
		return err
	}
	if r.URL.Query().Get("as") == "json" {
		w.Header().Set("Content-Disposition", `attachment; filename="infohus-brud-`+string(d.Reference)+`.json"`)
		return x.Web.JSON(w, r, http.StatusOK, d)
	}
	return x.Web.Page(w, r, http.StatusOK, "audit", "notification", d)
}
