package audit

import (
	"errors"
	"html/template"
	"net/http"
	"slices"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pdf"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// The pages on which an answer to a citizen is prepared, read and released.

func (x *room) extractsPage(w http.ResponseWriter, r *web.Request) error {
	list, err := x.listExtracts(r, struct{}{})
	if err != nil {
		return err
	}
	a, err := x.DB.Advise(r.Context(), policies.Extract{Step: "prepare", Role: r.Who.Role, Kind: r.Who.Kind, Purpose: hub.LogControl, SameAuthority: true})
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "audit", "extracts", struct {
		ExtractList
		Prepares bool
	}{list, a.Allow})
}

func (x *room) prepareForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	done, err := x.prepareExtract(r, Preparing{Reference: f.Line("reference"), Received: isoDay(f, "received")})
	if err != nil {
		return err
	}
	return r.Redirect(w, "/extracts/"+string(done.ID))
}

// extractData is an answer with its forms.
type extractData struct {
	ExtractView
	Choices []web.Option
	HTML    template.HTML // the answer, as it would be handed out
	Title   string
}

func (x *room) extractPage(w http.ResponseWriter, r *web.Request) error {
	v, err := x.readExtract(r, struct{}{})
	if err != nil {
		return err
	}
	s := v.sheets[r.Lang]
	d := extractData{ExtractView: v, HTML: template.HTML(s.HTML), Title: s.Title} // as we wrote it, sealed since
	var informed []string
	for _, m := range v.Matters {
		d.Choices = append(d.Choices, web.Option{Value: string(m.ID), Label: r.T("audit.object."+m.Kind) + " " + string(m.ID)})
		if m.Informed {
			informed = append(informed, string(m.ID))
		}
	}
	r.Fill("informed[]", informed...)
	r.Fill("why", v.Why)
	if v.Names {
		r.Fill("names", "yes")
	}
	return x.Web.Page(w, r, http.StatusOK, "audit", "extract", d)
}

func (x *room) choicesForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	in := PreparingAgain{Received: isoDay(f, "received"), Choices: Choices{Names: f.Has("names"), Why: service.Typed(f.Text("why"))}}
	for _, id := range f.All("informed[]") {
		in.Informed = append(in.Informed, hub.ID(id))
	}
	done, err := x.prepareAgain(r, in)
	if err != nil {
		return err
	}
	r.Toast(w, "audit.extract.again.done")
	return r.Redirect(w, "/extracts/"+string(done.ID))
}

func (x *room) extendForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	done, err := x.extendExtract(r, Extending{Reason: service.Typed(f.Text("reason")), Told: isoDay(f, "told")})
	if err != nil {
		return err
	}
	r.Toast(w, "audit.extract.extend.done")
	return r.Redirect(w, "/extracts/"+string(done.ID))
}

func (x *room) releaseForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	done, err := x.releaseExtract(r, Releasing{Content: f.Line("content"), Unknown: f.Has("unknown")})
	if err != nil {
		return err
	}
	r.Toast(w, "audit.extract.release.done")
	return r.Redirect(w, "/extracts/"+string(done.ID))
}

// answerPage is what is handed out, as it was released: to print, in the language of the
// page; or as a file.
func (x *room) answerPage(w http.ResponseWriter, r *web.Request) error {
	q := r.URL.Query()
	if q.Get("as") == "pdf" {
		return x.answerPDF(w, r, q.Get("lang"))
	}
	f, in, _, err := x.openExtract(r, hub.ActExport)
	if err != nil {
		return err
	}
	if q.Get("as") == "json" {
		w.Header().Set("Content-Disposition", `attachment; filename="infohus-svar-`+string(f.id)+`.json"`)
		return x.Web.JSON(w, r, http.StatusOK, in.Answer)
	}
	s := in.Sheets[r.Lang]
	return x.Web.Page(w, r, http.StatusOK, "audit", "handed", extractData{ExtractView: ExtractView{ExtractLine: f.line(r.Now)}, HTML: template.HTML(s.HTML), Title: s.Title})
}

// pdfType is the type of a PDF.
const pdfType = "application/pdf"

// Written is in which language somebody wants an answer.
type Written struct {
	Lang string `json:"lang,omitempty" doc:"Else Accept-Language decides."`
}

// Codes are the languages that there are.
func (Written) Codes() map[string][]string { return map[string][]string{"lang": languages} }

// takeExtractPDF answers an answer as a PDF.
func (x *room) takeExtractPDF(w http.ResponseWriter, r *web.Request) error {
	var in Written
	if err := r.Query(&in); err != nil {
		return err
	}
	return x.answerPDF(w, r, in.Lang)
}

// answerPDF writes the page that was released as a PDF, in its words: nothing else is in it, and the same
// page is the same bytes (A033).
func (x *room) answerPDF(w http.ResponseWriter, r *web.Request, lang string) error {
	if lang == "" {
		lang = r.Lang
	}
	if !slices.Contains(languages, lang) {
		return hub.Invalid("lang", "error.unknown_choice")
	}
	f, in, _, err := x.openExtract(r, hub.ActExport)
	if err != nil {
		return err
	}
	s := in.Sheets[lang]
	b, err := pdf.Write(pdf.Page{Lang: lang, Title: s.Title, HTML: s.HTML})
	if errors.As(err, new(*pdf.Missing)) {
		return hub.Conflict("audit.error.extract.letter")
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", pdfType)
	w.Header().Set("Content-Language", lang)
	w.Header().Set("Content-Disposition", `attachment; filename="infohus-svar-`+string(f.id)+`.`+lang+`.pdf"`)
	_, err = w.Write(b)
	return err
}
