package person

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// nexts are the pages that a registration may go on to. The address names one;
// it never is one, so it cannot lead elsewhere.
var nexts = map[string]string{"concern": "/concerns/new"}

// API.

func (x *room) registerSubject(r *web.Request, in Registration) (Registered, error) {
	key, err := r.Key()
	if err != nil {
		return Registered{}, err
	}
	return x.register(r.Context(), r.Who, in, key)
}

func (x *room) identifySubject(r *web.Request, in Form) (Registered, error) {
	key, err := r.Key()
	if err != nil {
		return Registered{}, err
	}
	return x.identify(r.Context(), r.Who, pathID(r), in, key)
}

func (x *room) getSubject(r *web.Request, _ struct{}) (*View, error) {
	v, _, err := x.subject(r)
	return v, err
}

// subject reads the subject that the path names, and on what it was shown.
func (x *room) subject(r *web.Request) (*View, *sight, error) {
	s, err := x.one(r.Context(), r.Who, allFields, pathID(r))
	if err != nil {
		return nil, nil, err
	}
	views, err := x.show(r.Context(), s)
	if err != nil {
		return nil, nil, err
	}
	return views[0], s, nil
}

// Reveal asks for the whole number.
type Reveal struct {
	Reason hub.Personal `json:"reason" min:"10" max:"500"` // why it is needed now; kept sealed for the data-protection officer
}

// Revealed is a personal number that was asked for by itself, and recorded so.
type Revealed struct {
	Subject hub.ID `json:"subject"`
	CPR     string `json:"cpr"` // DDMMYY-SSSS
}

func (x *room) revealSubject(r *web.Request, in Reveal) (Revealed, error) {
	cpr, err := x.reveal(r.Context(), r.Who, pathID(r), in.Reason)
	return Revealed{Subject: pathID(r), CPR: cpr}, err
}

// The length of a reason for a reveal, in characters.
const minReason, maxReason = 10, 500

// reveal opens the whole number, as an act of its own with its reason (L29).
func (x *room) reveal(ctx context.Context, who hub.Actor, id hub.ID, reason hub.Personal) (string, error) {
	var s sight
	err := x.DB.View(ctx, who, func(tx *pg.Tx) error {
		list, err := files(ctx, tx, id)
		if err != nil {
			return err
		}
		s.file = list[0]
		g, err := x.mayReveal(ctx, tx, s.file)
		denial := new(policies.Denial)
		if errors.As(err, &denial) {
			if err := tx.Refuse(ctx, denial, consulted(s.file, hub.ActConsult, nil)); err != nil {
				return err
			}
			return denial
		}
		if err != nil {
			return err
		}
		var p hub.Problems
		if service.Text(&p, "reason", reason, minReason, maxReason); len(p) > 0 {
			return p.Err()
		}
		if s.file.boxes["cpr"] == nil {
			return hub.Conflict("person.error.subject.no_number")
		}
		e := consulted(s.file, hub.ActConsult, []string{"cpr"})
		e.Why = reason
		if err := x.Vault.Make(vault.AuthorityKey(s.file.Controller)); err != nil { // that the reason is sealed with
			return err
		}
		s.receipt, err = tx.Record(ctx, g, e)
		return err
	})
	if err != nil {
		return "", err
	}
	cpr, ok, err := x.open(ctx, &s, s.receipt, "cpr")
	if err == nil && !ok {
		err = hub.NotFound() // forgotten meanwhile
	}
	return Grouped(cpr), err
}

// mayReveal asks for each way in which the actor stands to something about the
// subject, until one opens the number.
func (x *room) mayReveal(ctx context.Context, tx *pg.Tx, f *file) (g policies.Grant, err error) {
	for _, q := range x.reveals(tx.Who(), f) {
		g, err = tx.Ask(ctx, q)
		if err == nil || !errors.As(err, new(*policies.Denial)) {
			return g, err
		}
	}
	return g, err
}

// reveals are what to ask before the whole number is shown.
func (x *room) reveals(who hub.Actor, f *file) (list []policies.Question) {
	for _, q := range questions(who, f, x.outgrown(who, f)) {
		v, ok := q.(policies.View)
		if !ok { // the registrant's own, which nothing is about yet
			v = pg.Relation{}.View(who, hub.Prevention)
		}
		list = append(list, policies.Act{Action: "reveal", Role: v.Role, Kind: v.Kind, Relation: v.Relation, ReceivedBy: v.ReceivedBy, SharedBy: v.SharedBy,
			State: v.State, Assigned: v.Assigned, Author: v.Author, Recused: v.Recused, Purpose: v.Purpose})
	}
	return list
}

// advised reports whether the rules say yes to one of some questions: for what a
// page offers. A form that would be refused is not offered, and not there.
func (x *room) advised(ctx context.Context, list ...policies.Question) (bool, error) {
	for _, q := range list {
		if answer, err := x.DB.Advise(ctx, q); err != nil || answer.Allow {
			return answer.Allow, err
		}
	}
	return false, nil
}

// pathID is the subject that the path names. What cannot be one is the empty
// reference: asked about and recorded like any other that is not there.
func pathID(r *web.Request) hub.ID {
	id, err := r.PathID("id")
	if err != nil {
		return ""
	}
	return id
}

// Marks.

// card shows who somebody is: name, masked number, age, protection.
func (x *room) card(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	return x.mark(ctx, who, lang, "card", cardFields, ids)
}

// name shows the name alone.
func (x *room) name(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	return x.mark(ctx, who, lang, "name", nameFields, ids)
}

func (x *room) mark(ctx context.Context, who hub.Actor, lang, kind string, want []string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	sights, err := x.read(ctx, who, want, false, ids...)
	if err != nil {
		return nil, err
	}
	seen := make([]*sight, 0, len(sights))
	for _, s := range sights {
		if len(s.grants) > 0 {
			seen = append(seen, s)
		}
	}
	views, err := x.show(ctx, seen...)
	if err != nil {
		return nil, err
	}
	out := make(map[hub.ID]template.HTML, len(views))
	for _, v := range views {
		if out[v.Subject], err = x.Web.Fragment(lang, "person", kind, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Pages.

// newData is what the first page of a concern shows beside its fields.
type newData struct {
	Next              string // where it goes on to, by name; "" nowhere
	Action            string // where the form is sent: here, with its next
	Categories, Bands []string
	Course            []web.Step // of taking a concern, where it goes on to one
}

// newPage asks who a concern is about: whoever may register somebody, and to
// everybody else it is not there, as when it is sent.
func (x *room) newPage(w http.ResponseWriter, r *web.Request) error {
	about := pg.Entry{Act: hub.ActCollect, Object: hub.Object{Kind: "subject"}, Controller: x.controller(r.Who, r.Now)}
	err := x.DB.Command(r.Context(), r.Who, about, func(tx *pg.Tx) error {
		_, err := x.mayRegister(r.Context(), tx, hub.Prevention, "")
		return err
	})
	if err != nil {
		return err
	}
	d := newData{Next: r.URL.Query().Get("next"), Categories: Categories, Bands: Bands}
	if !r.URL.Query().Has("next") {
		d.Next = "concern" // from the menu: nobody is registered for nothing
	}
	d.Action = "/subjects/new"
	if nexts[d.Next] == "" {
		d.Next = ""
	} else {
		d.Action += "?next=" + d.Next
		d.Course = []web.Step{{Word: "person.course.who", State: "current"}, {Word: "person.course.what"}, {Word: "person.course.send"}}
	}
	r.Fill("age_band", UnknownAge)
	r.Fill("category", OfConcern)
	return x.Web.Page(w, r, http.StatusOK, "person", "new", d)
}

// newForm registers, and goes on to the concern; or shows the person that the
// own authority has already.
func (x *room) newForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	key, err := r.Key()
	if err != nil {
		return err
	}
	done, err := x.register(r.Context(), r.Who, Registration{Form: formOf(f)}, key)
	if err != nil {
		return err
	}
	next := url.Values{}
	if to := nexts[r.URL.Query().Get("next")]; to != "" && !done.Existing {
		return r.Redirect(w, to+"?subject="+string(done.Subject))
	} else if to != "" {
		next.Set("next", r.URL.Query().Get("next"))
	}
	if done.Existing {
		next.Set("existing", "yes")
	}
	return r.Redirect(w, strings.TrimSuffix("/subjects/"+string(done.Subject)+"?"+next.Encode(), "?"))
}

// formOf reads the fields of a person from a posted form.
func formOf(f web.Form) Form {
	date := ""
	if f.Has("birth_date-day") || f.Has("birth_date-month") || f.Has("birth_date-year") {
		date = f.Line("birth_date-day") + "-" + f.Line("birth_date-month") + "-" + f.Line("birth_date-year")
	}
	return Form{Unknown: f.Has("unknown"), Category: f.Line("category"), Name: personal(f.Line("name")), CPR: personal(f.Line("cpr")), NoCPR: f.Has("no_cpr"),
		BirthDate: personal(date), AgeBand: f.Line("age_band"), Address: personal(f.Line("address")), Protected: f.Has("protected"), Language: personal(f.Line("language"))}
}

func personal(s string) hub.Personal {
	if s == "" {
		return hub.Personal{}
	}
	return hub.NewPersonal(s)
}

// subjectData is a subject's own page.
type subjectData struct {
	*View
	Existing bool   // it was found, not made
	Use      string // where to go on to with it
	Identify bool   // it can be completed
	Reveal   bool   // the whole number can be asked for
}

func (x *room) subjectPage(w http.ResponseWriter, r *web.Request) error {
	v, s, err := x.subject(r)
	if err != nil {
		return err
	}
	d := subjectData{View: v, Existing: r.URL.Query().Get("existing") != ""}
	if v.CPR != "" {
		if d.Reveal, err = x.advised(r.Context(), x.reveals(r.Who, s.file)...); err != nil {
			return err
		}
	}
	if v.Own && !v.Complete {
		if d.Identify, err = x.advised(r.Context(), register(r.Who, hub.Prevention, "")); err != nil {
			return err
		}
	}
	if to := nexts[r.URL.Query().Get("next")]; to != "" {
		d.Use = to + "?subject=" + string(v.Subject)
	}
	return x.Web.Page(w, r, http.StatusOK, "person", "subject", d)
}

// identifyData is the page that completes a subject.
type identifyData struct {
	*View
	Bands []string
}

func (x *room) identifyPage(w http.ResponseWriter, r *web.Request) error {
	v, err := x.getSubject(r, struct{}{})
	if err != nil {
		return err
	}
	if may, err := x.advised(r.Context(), register(r.Who, hub.Prevention, "")); err != nil {
		return err
	} else if !may || !v.Own {
		return hub.NotFound()
	}
	if v.Complete {
		return hub.Conflict("person.error.subject.identified")
	}
	r.Fill("age_band", v.AgeBand)
	return x.Web.Page(w, r, http.StatusOK, "person", "identify", identifyData{v, Bands})
}

func (x *room) identifyForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if _, err := x.identifySubject(r, formOf(f)); err != nil {
		return err
	}
	return r.Redirect(w, "/subjects/"+string(pathID(r)))
}

func (x *room) revealPage(w http.ResponseWriter, r *web.Request) error {
	v, s, err := x.subject(r)
	if err != nil {
		return err
	}
	if may, err := x.advised(r.Context(), x.reveals(r.Who, s.file)...); err != nil {
		return err
	} else if !may || v.CPR == "" {
		return hub.NotFound()
	}
	return x.Web.Page(w, r, http.StatusOK, "person", "reveal", v)
}

// revealForm answers with the number itself: it stands in no address, and a
// reload asks anew.
func (x *room) revealForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	out, err := x.revealSubject(r, Reveal{personal(f.Text("reason"))})
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "person", "revealed", out)
}
