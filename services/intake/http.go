package intake

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// lists are the choices that the forms offer.
type lists struct {
	Urgencies, ChildAnswers, Themes, Channels, ReporterKinds, Purposes []string
	Kinds                                                              []web.Option // each statement's field has a name of its own, so the words are given here
	Processing                                                         []web.Option // legal bases of one's own processing
	Bases                                                              []web.Option // legal bases of a disclosure
	Municipalities                                                     []web.Option
}

// preview is what the other side will see: asked of the rules, so that what is
// promised before sending is what is given after (trust.md T2).
type preview struct {
	PoliceName string   // the other side's name
	Preview    []string // fields seen at once
	Later      []string // and when the police release it
}

// draftData is what the draft's pages show beside the fields.
type draftData struct {
	*ConcernView
	lists
	preview
	Subject    hub.ID
	Rows       []int // statements to offer: those there are, and an empty one
	Police     bool  // the writer is of the police, and says which municipality
	CanForward bool
	Changed    bool // it was saved elsewhere meanwhile: both texts are shown
	Course     []web.Step
}

// course is where in taking a concern one is: three pages.
func course(at int) []web.Step {
	steps := []web.Step{{Word: "intake.course.who"}, {Word: "intake.course.what"}, {Word: "intake.course.send"}}
	for i := range steps {
		if i < at {
			steps[i].State = "done"
		}
	}
	steps[at].State = "current"
	return steps
}

// draftPage is the second page of taking a concern by phone: what was seen.
// Without an id it is a new draft about the subject in the address, a random
// reference, for whoever may hand one in; with one it is the draft as it was
// saved.
func (x *room) draftPage(w http.ResponseWriter, r *web.Request) error {
	if r.PathValue("id") == "" {
		if err := x.knock(r); err != nil {
			return err
		}
	}
	d := draftData{Rows: rows(0), Subject: hub.ID(r.URL.Query().Get("subject")), lists: x.lists(r), Police: r.Who.Kind == hub.Police, Course: course(1)}
	if r.PathValue("id") != "" {
		v, err := x.draft(r)
		if err != nil {
			return err
		}
		d.ConcernView, d.Subject, d.Rows, d.Changed = v, v.Subject, rows(len(v.Statements)), r.Failed(draftChanged)
		fill(r, v)
	} else if _, err := hub.ParseID(string(d.Subject)); err != nil && !r.Typed() {
		return r.Redirect(w, "/subjects/new?next=concern")
	}
	if d.ConcernView == nil {
		fill(r, &ConcernView{Channel: x.channel(r)})
	}
	r.Fill("subject", string(d.Subject))
	// What the receiver writes down by phone is told by others, until they say that
	// it is more.
	r.Fill(fmt.Sprintf("statements.%d.kind", len(d.Rows)-1), "hearsay")
	return x.Web.Page(w, r, http.StatusOK, "intake", "draft", d)
}

// draft reads the draft that the path names, and nothing in another state.
func (x *room) draft(r *web.Request) (*ConcernView, error) {
	v, err := x.getConcern(r, struct{}{})
	if err == nil && v.State != Draft {
		err = hub.Conflict("intake.error.step")
	}
	return v, err
}

func rows(n int) []int {
	list := make([]int, min(n+1, 20))
	for i := range list {
		list[i] = i
	}
	return list
}

// lists fills in the choices: the codes, and the municipalities of a police
// district.
func (x *room) lists(r *web.Request) lists {
	l := lists{Urgencies: Urgencies, ChildAnswers: ChildAnswers, Themes: Themes, Channels: Channels, ReporterKinds: ReporterKinds}
	for _, k := range Kinds {
		l.Kinds = append(l.Kinds, web.Option{Value: k, Label: r.T("intake.field.statement.kind." + k)})
	}
	for _, h := range x.Structure.Infohus {
		if a, ok := x.Structure.Authority(h.Municipality); ok && h.Holds(r.Now) && (r.Who.Kind != hub.Police || h.Police == r.Who.Authority) {
			l.Municipalities = append(l.Municipalities, web.Option{Value: string(a.ID), Label: a.Name})
		}
	}
	return l
}

// grounds are the legal bases in force on which the rules say yes to what a form
// is for, and the purposes for which they do: what would be refused is not
// offered.
func (x *room) grounds(r *web.Request, ask func(hub.LegalBasis, hub.Purpose) policies.Question) (bases []web.Option, purposes []string) {
	conditions := map[string][]string{}
	for _, b := range x.Structure.LegalBases {
		if !b.Holds(r.Now) {
			continue
		}
		carries, asked := false, []string(nil)
		for _, p := range service.Purposes {
			answer, err := x.DB.Advise(r.Context(), ask(b.Code, p))
			if err != nil || !answer.Allow {
				continue
			}
			asked = answer.Obligations
			if carries = true; !slices.Contains(purposes, string(p)) {
				purposes = append(purposes, string(p))
			}
		}
		if !carries {
			continue
		}
		o := web.Option{Value: string(b.Code), Label: b.TextDa}
		if r.Lang == "en" {
			o.Label = b.TextEn
		}
		bases = append(bases, o)
		for _, code := range asked {
			conditions[code] = append(conditions[code], o.Label)
		}
	}
	x.Written(r, conditions)
	return bases, purposes
}

// processing are the grounds of the asker's own processing.
func (x *room) processing(r *web.Request) (bases []web.Option, purposes []string) {
	return x.grounds(r, func(b hub.LegalBasis, p hub.Purpose) policies.Question {
		return policies.Submit{Role: r.Who.Role, Kind: r.Who.Kind, Purpose: p, Basis: b}
	})
}

// disclosing are the grounds of sharing a concern with the other authority of
// its Infohus, as it will be in a state.
func (x *room) disclosing(r *web.Request, v *ConcernView, s State) (bases []web.Option, purposes []string) {
	to := x.otherSide(r, v).ID
	return x.grounds(r, func(b hub.LegalBasis, p hub.Purpose) policies.Question {
		return x.May(r.Who, service.Disclosure{Kind: "concern", State: string(s), To: to, Basis: service.Basis{LegalBasis: b, Purpose: p}}, r.Now)
	})
}

// otherSide is the authority that a concern is shared with: to the municipality
// its police, to the police the municipality.
func (x *room) otherSide(r *web.Request, v *ConcernView) structure.Authority {
	h, _ := x.Structure.InfohusOf(v.Municipality, r.Now)
	other := h.Police
	if r.Who.Kind == hub.Police {
		other = h.Municipality
	}
	a, _ := x.Structure.Authority(other)
	return a
}

// fill puts a view's texts into the form's fields, and into those that nobody
// has answered what they count as.
func fill(r *web.Request, v *ConcernView) {
	first := Report{Channel: v.Channel, ReporterKind: v.ReporterKind, Theme: v.Theme, Child: v.Child}
	first.fill()
	for name, value := range map[string]string{"channel": first.Channel, "reporter_kind": first.ReporterKind, "reporter_name": v.ReporterName,
		"reporter_contact": v.ReporterReach, "theme": first.Theme, "why_now": v.WhyNow, "context": v.Context, "wishes": v.Wishes,
		"urgency": v.Urgency, "urgency_reason": v.UrgencyReason, "child": first.Child, "version": strconv.Itoa(v.Version),
		"municipality": string(v.Municipality)} {
		r.Fill(name, value)
	}
	for i, s := range v.Statements {
		f := "statements." + strconv.Itoa(i)
		r.Fill(f+".kind", s.Kind)
		r.Fill(f+".text", s.Text)
		if on, err := time.Parse(time.DateOnly, s.ObservedOn); err == nil {
			r.Fill(f+".observed_on-day", strconv.Itoa(on.Day()))
			r.Fill(f+".observed_on-month", strconv.Itoa(int(on.Month())))
			r.Fill(f+".observed_on-year", strconv.Itoa(on.Year()))
		}
		if s.FirstHand {
			r.Fill(f+".first_hand", "yes")
		}
	}
}

// draftOf reads a draft's form. Rows of statements that were left empty are
// left out; a date that does not exist is told at its field.
func draftOf(f web.Form) (DraftText, error) {
	var p hub.Problems
	in := DraftText{Subject: hub.ID(f.Line("subject")), Municipality: hub.AuthorityID(f.Line("municipality")), Report: Report{
		Channel: f.Line("channel"), ReporterKind: f.Line("reporter_kind"), Theme: f.Line("theme"), Urgency: f.Line("urgency"), Child: f.Line("child"),
		ReporterName: service.Typed(f.Line("reporter_name")), ReporterReach: service.Typed(f.Line("reporter_contact")),
		WhyNow: service.Typed(f.Text("why_now")), Context: service.Typed(f.Text("context")), Wishes: service.Typed(f.Text("wishes")),
		UrgencyReason: service.Typed(f.Text("urgency_reason"))}}
	in.Version, _ = strconv.Atoi(f.Line("version")) // a forged version is no version, and conflicts
	for i := range 20 {
		name := "statements." + strconv.Itoa(i)
		if !f.Has(name + ".text") {
			continue
		}
		in.Statements = append(in.Statements, Statement{Kind: f.Line(name + ".kind"), Text: service.Typed(f.Text(name + ".text")),
			ObservedOn: service.Day(f, &p, name+".observed_on"), FirstHand: f.Has(name + ".first_hand")})
	}
	return in, p.Err()
}

// draftForm saves the draft as it stands, half written or whole; "on" then
// looks whether it can be handed in, and goes on to the last page.
func (x *room) draftForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	in, err := draftOf(f)
	if err != nil {
		return err
	}
	wrong := hub.Problems(nil).Err()
	if !f.Has("more") && !f.Has("save") {
		report := in.Report
		problems := report.Check(r.Now)
		for _, p := range problems {
			if p.Field == "statements" {
				p.Field = "statements.0.text" // where it is mended
			}
		}
		wrong = problems.Err()
	}
	var done Receipt
	if r.PathValue("id") != "" {
		done, err = x.saveDraft(r, in)
	} else if err = x.knock(r); err == nil && wrong == nil {
		done, err = x.startDraft(r, in) // a new one with faults stays in its form: sending that again must not begin a second
	}
	if err == nil {
		err = wrong
	}
	if err != nil {
		return err
	}
	at := "/concerns/" + string(done.ID)
	switch {
	case f.Has("more"):
		return r.Redirect(w, fmt.Sprintf("%s/draft#statements.%d.text", at, len(in.Statements))) // at the empty one
	case f.Has("save"):
		r.Toast(w, "intake.draft.saved")
		return r.Redirect(w, at+"/draft")
	}
	return r.Redirect(w, at+"/send")
}

// sendPage is the last page: on what ground it is handed in, and exactly what
// the police will see of it.
func (x *room) sendPage(w http.ResponseWriter, r *web.Request) error {
	v, err := x.draft(r)
	if err != nil {
		return err
	}
	d := draftData{ConcernView: v, Subject: v.Subject, lists: x.lists(r), Course: course(2)}
	report := v.report()
	if err := report.Check(x.Now()).Err(); err != nil {
		r.Toast(w, "intake.draft.incomplete")
		return r.Redirect(w, "/concerns/"+string(v.ID)+"/draft?check=1")
	}
	d.CanForward = r.Who.Kind == hub.Municipality && (r.Who.Role == hub.MunicipalCoordinator || r.Who.Role == hub.Receiver)
	d.preview = x.preview(r, v)
	d.Processing, d.Purposes = x.processing(r)
	d.Bases, _ = x.disclosing(r, v, PoliceCheck)
	r.Fill("purpose", string(hub.Prevention))
	r.Fill("legal_basis", string(ownBasis(r.Who.Kind)))
	r.Fill("forward_basis", "RPL115-2")
	if d.CanForward {
		r.Fill("forward", "yes")
	}
	return x.Web.Page(w, r, http.StatusOK, "intake", "send", d)
}

// preview asks the rules what the other side's coordinator would see.
func (x *room) preview(r *web.Request, v *ConcernView) preview {
	now, later := PoliceCheck, Triage
	if r.Who.Kind == hub.Police {
		now = Triage
	}
	p := preview{PoliceName: x.otherSide(r, v).Name}
	hat := hub.Hat{Role: hub.PoliceCoordinator, Kind: hub.Police}
	rel := pg.Relation{Kind: "concern", Relation: "shared", ReceivedBy: hub.Municipality, SharedBy: hub.Municipality, State: string(now),
		Classes: strings.Join(disclosed, ","), Basis: "RPL115-2"}
	if r.Who.Kind == hub.Police {
		hat = hub.Hat{Role: hub.MunicipalCoordinator, Kind: hub.Municipality}
		rel.ReceivedBy, rel.SharedBy, rel.Basis = hub.Police, hub.Police, "RPL115-1-1"
	}
	seen, then, err := x.Foresee(r.Context(), hat, rel)
	if err != nil {
		return p
	}
	p.Preview = asTold(seen.Fields)
	for _, s := range then {
		if s.State == string(later) {
			p.Later = asTold(s.Fields)
		}
	}
	return p
}

func (x *room) sendForm(w http.ResponseWriter, r *web.Request) error {
	id, err := r.PathID("id")
	if err != nil {
		return err
	}
	f, err := r.Form()
	if err != nil {
		return err
	}
	in := Submission{Draft: id, Purpose: hub.Purpose(f.Line("purpose")), LegalBasis: hub.LegalBasis(f.Line("legal_basis"))}
	if f.Has("forward") {
		in.Forward = &service.Basis{LegalBasis: hub.LegalBasis(f.Line("forward_basis")), Purpose: in.Purpose, Necessity: service.Typed(f.Text("necessity")), Confirmed: f.Has("confirmed")}
	}
	done, err := x.submitConcern(r, in)
	if err != nil {
		return atForward(err)
	}
	r.Toast(w, "intake.receipt.toast")
	return r.Redirect(w, "/concerns/"+string(done.ID))
}

// atForward moves the errors of the disclosure's basis to where it stands on the
// last page, beside the basis of the own processing.
func atForward(err error) error {
	var all hub.Problems
	var one *hub.Error
	if !errors.As(err, &all) && errors.As(err, &one) {
		all = hub.Problems{one}
	}
	for _, e := range all {
		if e.Field == "legal_basis" {
			e.Field = "forward_basis"
		}
	}
	return err
}

func (x *room) discardForm(w http.ResponseWriter, r *web.Request) error {
	if _, err := x.discardDraft(r, struct{}{}); err != nil {
		return err
	}
	r.Toast(w, "intake.draft.discarded")
	return r.Redirect(w, "/concerns")
}

// button is an action that the reader may take now.
type button struct{ Href, Word string }

// buttons are drawn from the actions that table and policy give: the outcomes
// of the police check share a page.
func (v *ConcernView) buttons() []button {
	var list []button
	for _, b := range []struct {
		page    string
		actions []Action
	}{{"forward", []Action{Forward}}, {"reroute", []Action{Reroute}}, {"check", []Action{Release, Confirm}}, {"triage", []Action{Judge}},
		{"recall", []Action{Recall}}, {"notification", []Action{Notify}}, {"access", []Action{Assign, Unassign}}} {
		if b.page == "notification" && (v.ChildDue == nil || v.ChildOutcome != "") {
			continue
		}
		if slices.ContainsFunc(b.actions, func(a Action) bool { return slices.Contains(v.Actions, a) }) {
			list = append(list, button{"/concerns/" + string(v.ID) + "/" + b.page, "intake.do." + b.page})
		}
	}
	return list
}

// next is the state to which a step that shares a concern leads.
var next = map[State]State{Received: PoliceCheck, PoliceCheck: Triage, Acute: Triage, PoliceOnly: Triage}

// readers are who can see a concern, in the words of its page.
func readers(list []service.Reader, lang string) (out []reader) {
	for _, r := range service.InWords(list, lang) {
		out = append(out, reader{r})
	}
	return out
}

func (x *room) concernPage(w http.ResponseWriter, r *web.Request) error {
	v, err := x.whole(r)
	if err != nil {
		return err
	}
	if v.State == Draft {
		return r.Redirect(w, "/concerns/"+string(v.ID)+"/draft")
	}
	service.Closes(w, r, v.Glass)
	for i := len(v.Steps) - 2; i >= 0; i-- { // of a draft that was written on for long, when it was last
		if this, next := v.Steps[i], v.Steps[i+1]; this.Action == Edit && next.Action == Edit && this.By == next.By {
			v.Steps = slices.Delete(v.Steps, i, i+1)
		}
	}
	past := func(t *time.Time) bool { return t != nil && t.Before(r.Now) }
	in := v.rel
	in.Assigned = true
	let, err := x.DB.Advise(r.Context(), in.View(r.Who, hub.Prevention))
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "intake", "concern", struct {
		*ConcernView
		Sealed                bool // who reported is told to whoever is let in, and the reader is not
		Doable                []button
		Handled               bool
		Overdue, ChildOverdue bool
		WhoCanSee             []reader
		Share, Shared         string
		Opened                bool // a case came of it
	}{v, slices.Contains(let.Fields, "reporter_name") && !slices.Contains(v.Fields, "reporter_name"), v.buttons(), slices.Contains(v.Fields, "handled"), past(v.Due), v.notifies && past(v.ChildDue), readers(v.WhoCanSee, r.Lang), x.Shares(r.Who, string(v.State), string(next[v.State])), x.Provenance(r, v.rel), v.State == Case || v.State == CaseClosed})
}

// stepData is what a step's page shows: the concern, and what can be chosen.
type stepData struct {
	*ConcernView
	lists
	preview
	Tracks   []string
	Outcomes []string
	Crosses  bool // the step discloses the concern to the other authority
}

// stepPage is the page on which an action is prepared. It is a Conflict where
// the action is not the reader's to take now; its button was not shown.
func (x *room) stepPage(a Action) func(http.ResponseWriter, *web.Request) error {
	return func(w http.ResponseWriter, r *web.Request) error {
		v, err := x.getConcern(r, struct{}{})
		if err != nil {
			return err
		}
		if !slices.Contains(v.Actions, a) {
			return hub.Conflict("intake.error.step")
		}
		d := stepData{ConcernView: v, lists: x.lists(r), Tracks: Tracks}
		r.Fill("purpose", string(hub.Prevention))
		switch a {
		case Forward:
			r.Fill("legal_basis", "RPL115-2")
			d.Crosses = r.Who.Kind != hub.Police
			d.Bases, d.Purposes = x.disclosing(r, v, PoliceCheck)
		case Release:
			r.Fill("legal_basis", "RPL115-1-1")
			d.Crosses = v.ReceivedBy == r.Who.Authority
			d.Bases, d.Purposes = x.disclosing(r, v, Triage)
			for _, name := range []string{"released", "police_only", "confirmed", "acute"} {
				if slices.Contains(v.Actions, checkActions[name]) {
					d.Outcomes = append(d.Outcomes, name)
				}
			}
		case Judge:
			for _, s := range Outcomes {
				d.Outcomes = append(d.Outcomes, string(s))
			}
		case Notify:
			d.Outcomes = Notifications
		}
		if d.Crosses {
			d.preview = x.preview(r, v)
		}
		return x.Web.Page(w, r, http.StatusOK, "intake", string(a), d)
	}
}

// formed reads the form, does the step and goes back to the concern.
func formed[In any](x *room, w http.ResponseWriter, r *web.Request, read func(web.Form) In, do func(*web.Request, In) (Receipt, error), toast string) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	done, err := do(r, read(f))
	if err != nil {
		return err
	}
	r.Toast(w, toast)
	return r.Redirect(w, "/concerns/"+string(done.ID))
}

// version is that of the concern of which a form was made; a forged one is none.
func version(f web.Form) int {
	n, _ := strconv.Atoi(f.Line("version"))
	return n
}

func (x *room) forwardForm(w http.ResponseWriter, r *web.Request) error {
	return formed(x, w, r, service.BasisOf, x.forwardConcern, "intake.forward.done")
}

func (x *room) recallForm(w http.ResponseWriter, r *web.Request) error {
	return formed(x, w, r, func(f web.Form) Recalling { return Recalling{service.Typed(f.Text("reason"))} }, x.recallConcern, "intake.recall.done")
}

func (x *room) rerouteForm(w http.ResponseWriter, r *web.Request) error {
	return formed(x, w, r, func(f web.Form) Rerouting { return Rerouting{f.Line("track")} }, x.rerouteConcern, "intake.reroute.done")
}

func (x *room) checkForm(w http.ResponseWriter, r *web.Request) error {
	return formed(x, w, r, func(f web.Form) PoliceAnswer {
		return PoliceAnswer{f.Line("outcome"), version(f), service.BasisOf(f)}
	}, x.completePoliceCheck, "intake.check.done")
}

func (x *room) triageForm(w http.ResponseWriter, r *web.Request) error {
	return formed(x, w, r, func(f web.Form) Judgement {
		return Judgement{State(f.Line("outcome")), f.Line("track"), service.Typed(f.Text("rationale")), version(f)}
	}, x.triageConcern, "intake.triage.done")
}

func (x *room) notifyForm(w http.ResponseWriter, r *web.Request) error {
	return formed(x, w, r, func(f web.Form) Notification {
		return Notification{f.Line("outcome"), service.Typed(f.Text("reason")), version(f)}
	}, x.assessNotification, "intake.notification.done")
}

// asTold is fields in the order in which a person would tell them.
func asTold(fields []string) []string {
	return slices.SortedStableFunc(slices.Values(fields), func(a, b string) int { return slices.Index(told, a) - slices.Index(told, b) })
}

// told is the order in which a person would tell what is disclosed. What is
// missing here comes first, where it is seen.
var told = []string{"name", "cpr", "birth_date", "age_band", "protected", "child", "theme", "urgency", "urgency_reason", "statements", "why_now", "context",
	"wishes", "channel", "received_at", "received_by", "reference", "state", "due", "child_due", "check_outcome", "municipal_rationale", "police_rationale",
	"triage_outcome", "who_can_see", "who_has_seen", "erase_at", "retention_rule"}
