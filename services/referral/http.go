package referral

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
)

// button is an action that the reader may take now.
type button struct{ Href, Word string }

// draw makes the buttons of those pages whose actions the reader may take.
func draw(at string, may []Action, pages ...page) []button {
	var list []button
	for _, p := range pages {
		if slices.ContainsFunc(p.actions, func(a Action) bool { return slices.Contains(may, a) }) {
			list = append(list, button{at + "/" + p.name, "referral.do." + p.name})
		}
	}
	return list
}

type page struct {
	name    string
	actions []Action
}

func (v *OfferView) buttons() []button {
	return draw("/offers/"+string(v.ID), v.Actions, page{"send", []Action{Send}}, page{"answer", []Action{TakeUp, TurnDown}}, page{"progress", []Action{Report, End}})
}

func (v *CourseView) buttons() []button {
	return draw("/cases/"+string(v.ID), v.Actions, page{"recommend", []Action{Recommend}}, page{"followup", []Action{Follow}}, page{"consent", []Action{Consent, Unconsent}},
		page{"close", []Action{Close, Resume}}, page{"take-back", []Action{TakeBack}}, page{"reopen", []Action{Reopen}})
}

// coursePage is the room's part of a case's page.
type coursePage struct {
	*CourseView
	Words words
}

// Standing is each party's latest word of closing, the oldest first.
func (p coursePage) Standing() (list []ClosureView) {
	for i, c := range p.Closing {
		if !slices.ContainsFunc(p.Closing[i+1:], func(l ClosureView) bool { return l.Authority == c.Authority }) {
			list = append(list, c)
		}
	}
	return list
}

// Differ reports whether the two parties give different reasons, so that neither
// closing closes anything.
func (p coursePage) Differ() bool {
	list := p.Standing()
	return len(list) == 2 && list[0].Reason != list[1].Reason
}

// offerData is what an offer's pages show.
type offerData struct {
	*OfferView
	Words    words
	Doable   []button
	Can      func(string) bool
	Sheet    offerSheet
	Shown    *Preview
	Before   *offerSheet // as the receiver will see it
	After    *offerSheet
	Bases    []web.Option
	Purposes []string
	Owners   []web.Option
	Lists    progressLists
	Shared   string // by whom, on which basis: the last line
	Share    string // a state in which the reader could share it: the link to what may be shared
}

// offerSheet is an offer's words, as a page shows them.
type offerSheet struct {
	Offer *OfferView
	Words words
}

func (x *room) offerData(r *web.Request, v *OfferView) offerData {
	words := x.words(r.Lang)
	return offerData{OfferView: v, Words: words, Sheet: offerSheet{v, words}, Doable: v.buttons(), Can: func(a string) bool { return slices.Contains(v.Actions, Action(a)) },
		Purposes: []string{string(hub.Prevention)}, Lists: progressChoices}
}

func (x *room) offerPage(w http.ResponseWriter, r *web.Request) error {
	v, err := x.getReferral(r, struct{}{})
	if err != nil {
		return err
	}
	d := x.offerData(r, v)
	d.WhoCanSee = service.InWords(v.WhoCanSee, r.Lang)
	d.Share, d.Shared = x.Shares(r.Who, string(v.State), string(Offered)), x.Provenance(r, v.rel)
	return x.Web.Page(w, r, http.StatusOK, "referral", "offer", d)
}

// stepPage is a page on which an action on an offer is prepared. It is a Conflict
// where none is the reader's to take now; its button was not shown.
func (x *room) stepPage(name string, actions ...Action) func(http.ResponseWriter, *web.Request) error {
	return func(w http.ResponseWriter, r *web.Request) error {
		id, err := r.PathID("id")
		if err != nil {
			id = ""
		}
		v, o, _, err := x.readOffer(r.Context(), r.Who, id)
		if err == nil && !slices.ContainsFunc(actions, func(a Action) bool { return slices.Contains(v.Actions, a) }) {
			err = hub.Conflict("referral.error.step")
		}
		if err != nil {
			return err
		}
		d := x.offerData(r, v)
		for _, reader := range o.readers {
			if slices.Contains(reader.Fields, "progress") {
				d.Owners = append(d.Owners, web.Option{Value: string(reader.Hat), Label: reader.Name + " – " + d.Words.Where(reader.Authority, "")})
			}
		}
		r.Fill("owner", string(o.OwnerHat))
		r.Fill("status", o.Status)
		return x.Web.Page(w, r, http.StatusOK, "referral", name, d)
	}
}

// sendPage is the last page before an offer is sent: exactly what the receiver
// will see, and on which ground.
func (x *room) sendPage(w http.ResponseWriter, r *web.Request) error {
	v, p, err := x.preview(r)
	if err == nil && !slices.Contains(v.Actions, Send) {
		err = hub.Conflict("referral.error.step")
	}
	if err != nil {
		return err
	}
	d := x.offerData(r, v)
	d.Shown, d.Bases = p, p.bases
	if p.Before != nil {
		d.Before = &offerSheet{p.Before, d.Words}
	}
	if p.After != nil {
		d.After = &offerSheet{p.After, d.Words}
	}
	r.Fill("purpose", string(hub.Prevention))
	return x.Web.Page(w, r, http.StatusOK, "referral", "send", d)
}

func (x *room) sendForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	done, err := x.sendReferral(r, Sending{service.BasisOf(f)})
	return formed(w, r, "/offers/", done.ID, err, "referral.send.done")
}

// formed ends a form: where it was done, back to what it was about.
func formed(w http.ResponseWriter, r *web.Request, at string, id hub.ID, err error, toast string) error {
	if err != nil {
		return err
	}
	r.Toast(w, toast)
	return r.Redirect(w, at+string(id))
}

func (x *room) answerForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	done, err := x.answerReferral(r, Reply{Answer: f.Line("answer"), Note: service.Typed(f.Text("note"))})
	return formed(w, r, "/offers/", done.ID, err, "referral.answer.done")
}

func (x *room) withdrawForm(w http.ResponseWriter, r *web.Request) error {
	done, err := x.withdrawReferral(r, struct{}{})
	return formed(w, r, "/offers/", done.ID, err, "referral.withdraw.done")
}

// progressLists are the choices of the page of a measure.
type progressLists struct{ Answers, Statuses, Talks, Modes, Identities, Guardians, Outcomes []string }

var progressChoices = progressLists{Answers, Statuses, TalkStatuses, Modes, Identities, Guardians, Outcomes[:len(Outcomes)-1]} // outgrown is the clock's

func (x *room) progressForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	var p hub.Problems
	in := Progress{Status: f.Line("status"), Owner: hub.ID(f.Line("owner")), Start: service.Day(f, &p, "start"), End: service.Day(f, &p, "end"),
		Effect: service.Typed(f.Text("effect")), Economy: service.Typed(f.Text("economy"))}
	if f.Has("talk.status") {
		in.Talk = &Talk{Status: f.Line("talk.status"), Mode: f.Line("talk.mode"), Identity: f.Line("talk.identity"), Guardian: f.Line("talk.guardian"),
			TookPart: service.Typed(f.Text("talk.took_part"))}
	}
	if err := p.Err(); err != nil {
		return err
	}
	done, err := x.progressMeasure(r, in)
	return formed(w, r, "/offers/", done.ID, err, "referral.progress.done")
}

func (x *room) endForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	done, err := x.endMeasure(r, Ending{Outcome: f.Line("outcome"), Effect: service.Typed(f.Text("end_effect"))})
	return formed(w, r, "/offers/", done.ID, err, "referral.end.done")
}

// caseData is what the pages of a case in this room show.
type caseData struct {
	*CourseView
	Words                                          words
	Places, Measures, Dimensions, Hats             []web.Option
	Moves, Todo, Reasons, Levels, Bases, Authority []web.Option
	Informed, Grounds, FieldChoices                []string
	Purposes                                       []string
	CanResume, MayConsent, Discloses               bool
	LatestDay                                      time.Time
	Others                                         []ClosureView // what the other party has said
}

// prepare reads the case that the path names for a page on which one of the
// actions is prepared.
func (x *room) prepare(r *web.Request, actions ...Action) (caseData, error) {
	v, err := x.getCourse(r, struct{}{})
	if err == nil && !slices.ContainsFunc(actions, func(a Action) bool { return slices.Contains(v.Actions, a) }) {
		if err = hub.Conflict("referral.error.step"); v.takenBack && slices.Contains(actions, Reopen) {
			err = hub.Conflict("referral.error.erring")
		}
	}
	if err != nil {
		return caseData{}, err
	}
	d := caseData{CourseView: v, Words: x.words(r.Lang), Purposes: []string{string(hub.Prevention)}, CanResume: slices.Contains(v.Actions, Resume)}
	if v.Latest != nil {
		d.LatestDay = *v.Latest
	}
	return d, nil
}

func (x *room) recommendPage(w http.ResponseWriter, r *web.Request) error {
	d, err := x.prepare(r, Recommend)
	if err != nil {
		return err
	}
	for _, o := range d.Words.places(r.Who.Authority) {
		authority, department, _ := strings.Cut(o.Value, "/")
		ok, err := x.reaches(r.Context(), r.Who, spot{hub.AuthorityID(authority), department}, freely(d.municipality, r.Who.Authority, hub.AuthorityID(authority)), true, r.Now)
		if err != nil {
			return err
		}
		if ok {
			d.Places = append(d.Places, o)
		}
	}
	d.Measures, d.Dimensions = d.Words.measures(r.Now), d.Words.dimensions(x.instrument(r.Now))
	for _, p := range x.Structure.Posts() {
		if answer, err := x.DB.Advise(r.Context(), x.mayLetIn(r.Who, p, Offered)); err == nil && answer.Allow && p.Holds(r.Now) {
			d.Hats = append(d.Hats, web.Option{Value: string(p.Hat.ID), Label: p.Name + " – " + d.Words.Where(p.Authority, p.Department)})
		}
	}
	return x.Web.Page(w, r, http.StatusOK, "referral", "recommend", d)
}

// recommendForm drafts the offer, and goes on to what the receiver will see.
func (x *room) recommendForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	var p hub.Problems
	authority, department, _ := strings.Cut(f.Line("authority"), "/")
	in := Recommendation{Authority: hub.AuthorityID(authority), Department: department, Dimension: f.Line("dimension"), Measure: f.Line("measure"),
		Preview: service.Typed(f.Text("preview")), Task: service.Typed(f.Text("task")), Due: service.Day(f, &p, "due")}
	for _, hat := range f.All("hats[]") {
		in.Hats = append(in.Hats, hub.ID(hat))
	}
	if err := p.Err(); err != nil {
		return err
	}
	done, err := x.recommend(r, in)
	if err != nil {
		return err
	}
	return r.Redirect(w, "/offers/"+string(done.ID)+"/send")
}

func (x *room) consentPage(w http.ResponseWriter, r *web.Request) error {
	d, err := x.prepare(r, Consent, Unconsent)
	if err != nil {
		return err
	}
	d.FieldChoices, d.MayConsent = ConsentFields, slices.Contains(d.Actions, Consent)
	may, err := x.carried(r.Context(), d.municipality, r.Now)
	if err != nil {
		return err
	}
	for _, a := range may {
		d.Authority = append(d.Authority, web.Option{Value: string(a), Label: d.Words.Where(a, "")})
	}
	return x.Web.Page(w, r, http.StatusOK, "referral", "consent", d)
}

func (x *room) consentForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	var p hub.Problems
	in := Consented{Document: service.Typed(f.Line("document")), SignedOn: service.Day(f, &p, "signed_on"), Scope: service.Typed(f.Text("scope")), Fields: f.All("fields[]")}
	for _, a := range f.All("recipients[]") {
		in.Recipients = append(in.Recipients, hub.AuthorityID(a))
	}
	if err := p.Err(); err != nil {
		return err
	}
	done, err := x.recordConsent(r, in)
	return formed(w, r, "/cases/", done.Case, err, "referral.consent.done")
}

func (x *room) unconsentForm(w http.ResponseWriter, r *web.Request) error {
	done, err := x.withdrawConsent(r, struct{}{})
	return formed(w, r, "/cases/", done.Case, err, "referral.consent.ended")
}
