package referral

import (
	"context"
	"errors"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// CourseView is the course of a case from the recommendation on, as one actor may
// see it: this room's part of a case.
type CourseView struct {
	ID        hub.ID         `json:"id"`
	State     State          `json:"state,omitempty"`
	Version   int            `json:"version,omitzero"`
	Subject   hub.ID         `json:"subject,omitempty"`
	NextAt    *time.Time     `json:"next_date,omitempty"`
	Latest    *time.Time     `json:"latest_next_date,omitempty"` // of the next follow-up
	Offers    []OfferLine    `json:"offers,omitempty"`
	Consents  []ConsentView  `json:"consents,omitempty"`
	FollowUps []FollowUpView `json:"follow_ups,omitempty"`
	Tasks     []TaskView     `json:"tasks,omitempty"`
	Closing   []ClosureView  `json:"closing,omitempty"`
	Steps     []CourseStep   `json:"steps,omitempty"`
	Reopening []Asked        `json:"reopening,omitempty"` // who has asked for it to be opened again
	Actions   []Action       `json:"actions"`
	Fields    []string       `json:"fields"`
	Erased    bool           `json:"erased,omitempty"`

	municipality hub.AuthorityID
	takenBack    bool // from the police: it is not opened again
}

// OfferLine is an offer as both parties of the case see it: the recommendation,
// and how far it has got. Its words are on its own page, for those it concerns.
type OfferLine struct {
	ID         hub.ID          `json:"id"`
	Sender     hub.AuthorityID `json:"sender"`
	Receiver   hub.AuthorityID `json:"receiver"`
	Department string          `json:"department,omitempty"`
	Kind       string          `json:"kind"`
	Dimension  string          `json:"dimension"`
	Measure    string          `json:"measure"`
	State      OfferState      `json:"state"`
	Answer     string          `json:"answer,omitempty"`
	Preview    string          `json:"preview,omitempty"`
	Status     string          `json:"status,omitempty"`
	Outcome    string          `json:"outcome,omitempty"`
	SentAt     *time.Time      `json:"offered_at,omitempty"`
	EndedAt    *time.Time      `json:"ended_at,omitempty"`
	Due        time.Time       `json:"due"`
	Mine       bool            `json:"-"` // the reader's authority sent it
}

// ConsentView is a recorded consent.
type ConsentView struct {
	ID         hub.ID            `json:"id"`
	Document   string            `json:"document,omitempty"`
	Scope      string            `json:"scope,omitempty"`
	SignedOn   string            `json:"signed_on"`
	Fields     []string          `json:"fields"`
	Recipients []hub.AuthorityID `json:"recipients"`
	By         string            `json:"by"`
	EndedAt    *time.Time        `json:"ended_at,omitempty"`
}

// FollowUpView is a follow-up as it is shown.
type FollowUpView struct {
	N         int        `json:"n"`
	At        time.Time  `json:"at"`
	By        string     `json:"by"`
	Movements []Movement `json:"movements"`
	Note      string     `json:"note,omitempty"`
	NewSigns  bool       `json:"new_signs,omitempty"`
	Next      time.Time  `json:"next"`
}

// TaskView is what comes back, and stands until a follow-up ticks it.
type TaskView struct {
	ID      hub.ID    `json:"id"`
	Version int       `json:"version"`
	Why     string    `json:"why"`
	N       int       `json:"n"`
	Due     time.Time `json:"due"`
	Overdue bool      `json:"overdue,omitempty"`
}

// CourseStep is a line of the case's history in this room.
type CourseStep struct {
	At     time.Time `json:"at"`
	Action Action    `json:"action"`
	State  string    `json:"state"` // to which it led: of the case, or of the offer
	Offer  hub.ID    `json:"offer,omitempty"`
	By     string    `json:"by"`
}

// Did is the word for what was done: a closing and a reopening take two.
func (s CourseStep) Did() string {
	switch {
	case s.Action == Close && s.State == string(Closed):
		return "closed"
	case s.Action == Reopen && s.State != string(Closed):
		return "reopened"
	}
	return string(s.Action)
}

// Asked is who has said something about closing or reopening.
type Asked struct {
	By        string          `json:"by"`
	Authority hub.AuthorityID `json:"authority"`
	At        time.Time       `json:"at"`
}

// ClosureView is one party's closing.
type ClosureView struct {
	Asked
	Reason    string `json:"reason"`
	Level     string `json:"level_at_close,omitempty"`
	Informed  string `json:"informed"`
	Ground    string `json:"inform_ground,omitempty"`
	OpenGaps  string `json:"open_gaps,omitempty"`
	AfterCare string `json:"after_care,omitempty"`
	Why       string `json:"why_not_informed,omitempty"`
}

// sheet is what a read of a course brings out of its transaction.
type sheet struct {
	course
	rel       pg.Relation
	Texts     []pg.Text
	Offers    []offerRow
	Consents  []consentRow
	FollowUps []struct {
		N         int        `json:"n"`
		At        time.Time  `json:"at"`
		Hat       hub.ID     `json:"hat"`
		Movements []Movement `json:"movements"`
		NewSigns  bool       `json:"new_signs"`
		Next      time.Time  `json:"next"`
	}
	Tasks     []TaskView
	Steps     []stepRow
	Given     bool // the police have it from the municipality, as far as this room knows
	Proposals []struct {
		Proposal
		N        int    `json:"n"`
		What     string `json:"what"`
		Level    string `json:"level"`
		Informed string `json:"informed"`
		Ground   string `json:"ground"`
	}
}

type offerRow struct {
	OfferLine
	Texts []pg.Text `json:"texts"`
}

type stepRow struct {
	CourseStep
	Hat hub.ID `json:"hat"`
}

type consentRow struct {
	consent
	Texts []pg.Text `json:"texts"`
}

// courseContent is the course of a case with all that hangs on it.
var courseContent = `select ` + courseColumns + `, ` + pg.TextsOf("c.case_id") + `,
	coalesce((select jsonb_agg(jsonb_build_object('id', o.id, 'sender', o.sender, 'receiver', o.receiver, 'department', o.department, 'kind', o.kind, 'dimension', o.dimension,
		'measure', o.measure, 'state', i.state, 'answer', o.answer, 'status', o.status, 'outcome', o.outcome, 'offered_at', o.sent_at, 'ended_at', o.ended_at, 'due', o.due_at,
		'texts', (select coalesce(jsonb_agg(jsonb_build_object('field', t.field, 'key', t.key, 'box', encode(t.box, 'base64'))), '[]') from sealed t where t.item = o.id and t.field = 'preview'))
		order by o.made_at, o.id) from offer o join access.item i on i.id = o.id where o.case_id = c.case_id), '[]'),
	coalesce((select jsonb_agg(jsonb_build_object('id', s.id, 'signed_on', s.signed_on, 'fields', s.fields, 'recipients', s.recipients, 'at', s.at, 'hat', s.hat, 'ended_at', s.ended_at,
		'texts', ` + pg.TextsOf("s.id") + `) order by s.at, s.id) from consent s where s.case_id = c.case_id), '[]'),
	coalesce((select jsonb_agg(jsonb_build_object('n', f.n, 'at', f.at, 'hat', f.hat, 'movements', f.movements, 'new_signs', f.new_signs, 'next', f.next_at) order by f.n desc)
		from followup f where f.case_id = c.case_id), '[]'),
	coalesce((select jsonb_agg(jsonb_build_object('id', k.id, 'version', k.version, 'why', k.why, 'n', k.n, 'due', k.due_at, 'overdue', k.due_at < $5) order by k.due_at, k.id)
		from task k where k.case_id = c.case_id and k.followup is null), '[]'),
	coalesce((select jsonb_agg(jsonb_build_object('at', s.at, 'action', s.action, 'state', s.state, 'offer', s.offer, 'hat', s.hat) order by s.n) from step s where s.case_id = c.case_id), '[]'),
	coalesce((select jsonb_agg(jsonb_build_object('n', p.n, 'what', p.what, 'person', p.person, 'hat', p.hat, 'authority', p.authority, 'reason', p.reason, 'level', p.level, 'informed', p.informed,
		'ground', p.ground, 'at', p.at) order by p.n) from proposal p where p.case_id = c.case_id and p.round = c.round), '[]'),
	exists (select from access.share h where h.kind = 'case' and h.item = c.case_id and h.sender = c.municipality and h.receiver = c.police and h.ended_by is null and h.until_at > $5)
	from course c where c.case_id = r.id`

func loadCourse(ctx context.Context, tx *pg.Tx, id hub.ID) (sheet, error) {
	var s sheet
	err := tx.Sheet(ctx, "case", id, &s.rel, courseContent, append(s.course.into(), &s.Texts, &s.Offers, &s.Consents, &s.FollowUps, &s.Tasks, &s.Steps, &s.Proposals, &s.Given)...)
	if s.ID == "" && (s.rel.Relation != "" || s.rel.Assigned || s.rel.Author) { // this room has nothing about the case yet
		s.ID, s.Subject, s.Municipality, s.Given = s.rel.ID, s.rel.About, s.rel.Controller, true
	}
	return s, err
}

// consulted is the record of a showing.
func consulted(id hub.ID, s sheet) pg.Entry {
	e := pg.Entry{Act: hub.ActConsult, Object: hub.Object{Kind: "case", ID: id, Version: s.course.Version}, Controller: s.rel.Controller}
	if s.rel.About != "" {
		e.Subjects = []hub.ID{s.rel.About}
	}
	return e
}

// ownFields are the fields of a case that only this room shows, and courseFields
// all that it shows.
var (
	ownFields    = []string{"closing", "follow_ups", "recommendations", "tasks"}
	courseFields = append([]string{"name", "next_date", "reference", "state"}, ownFields...)
)

// showCourse opens what the grant names, and nothing else.
func (x *room) showCourse(ctx context.Context, who hub.Actor, s seen) (*CourseView, error) {
	may, receipt := s.grant.Allows, s.receipt
	v := &CourseView{ID: s.ID, Actions: x.caseActions(ctx, who, s.rel, s.Given), Fields: given(s.grant), municipality: s.Municipality, takenBack: !s.Given && State(s.rel.State) == Closed}
	keep(may("state"), &v.State, State(s.rel.State))
	keep(may("state"), &v.Version, s.course.Version)
	keep(may("name"), &v.Subject, s.Subject)
	if s.course.Version == 0 {
		return v, nil
	}
	keep(may("next_date"), &v.NextAt, &s.NextAt)
	text, erased, err := x.Open(ctx, receipt, place("case", s.ID), s.Texts, func(field string) bool {
		name, _, _ := strings.Cut(field, ".")
		return may(name)
	})
	if err != nil {
		return nil, err
	}
	v.Erased = erased
	if may("recommendations") {
		if err := x.showOffers(ctx, who, v, s.sheet, receipt); err != nil {
			return nil, err
		}
	}
	if may("follow_ups") {
		for _, f := range s.FollowUps {
			v.FollowUps = append(v.FollowUps, FollowUpView{f.N, f.At, x.nameOf(f.Hat), f.Movements, text["follow_ups."+strconv.Itoa(f.N)+".note"], f.NewSigns, f.Next})
		}
	}
	keep(may("tasks"), &v.Tasks, s.Tasks)
	if latest := x.latest(&s.course, x.Now()).UTC().Truncate(time.Second); may("tasks") || may("recommendations") {
		v.Latest = &latest
	}
	if may("tasks") {
		for _, step := range s.Steps {
			step.By = x.nameOf(step.Hat)
			v.Steps = append(v.Steps, step.CourseStep)
		}
	}
	x.showProposals(v, s.sheet, may, text)
	return v, nil
}

// given are the fields of this room that a grant gives.
func given(g policies.Grant) []string {
	return slices.Sorted(slices.Values(slices.DeleteFunc(slices.Clone(courseFields), func(f string) bool { return !g.Allows(f) })))
}

// showOffers opens the recommendations, and the consents that some rest on.
func (x *room) showOffers(ctx context.Context, who hub.Actor, v *CourseView, s sheet, receipt hub.Receipt) error {
	all := func(string) bool { return true }
	for _, o := range s.Offers {
		if o.SentAt == nil && o.Sender != who.Authority {
			continue // until it is sent, an offer is its sender's alone
		}
		text, erased, err := x.Open(ctx, receipt, place("offer", o.ID), o.Texts, all)
		if err != nil {
			return err
		}
		o.Preview, o.Mine, v.Erased = text["preview"], o.Sender == who.Authority, v.Erased || erased
		v.Offers = append(v.Offers, o.OfferLine)
	}
	for _, c := range s.Consents {
		text, erased, err := x.Open(ctx, receipt, place("consent", c.ID), c.Texts, all)
		if err != nil {
			return err
		}
		v.Erased = v.Erased || erased
		v.Consents = append(v.Consents, ConsentView{c.ID, text["document"], text["scope"], c.SignedOn, c.Fields, c.Recipients, x.nameOf(c.Hat), c.EndedAt})
	}
	return nil
}

// showProposals shows what has been said of closing; and, to whoever sees so much
// of a closed case as its reference, that somebody asks for it to be opened.
func (x *room) showProposals(v *CourseView, s sheet, may func(string) bool, text map[string]string) {
	for _, p := range s.Proposals {
		said := Asked{x.nameOf(p.Hat), p.Authority, p.At}
		at := "closing." + roundOf(&s.course) + "." + strconv.Itoa(p.N) + "."
		switch {
		case p.What == string(Close) && may("closing"):
			v.Closing = append(v.Closing, ClosureView{said, p.Reason, p.Level, p.Informed, p.Ground, text[at+"open_gaps"], text[at+"after_care"], text[at+"why"]})
		case p.What == string(Reopen) && may("reference") && s.rel.State == string(Closed):
			v.Reopening = append(v.Reopening, said)
		}
	}
}

// caseActions are what the actor may do now, by table and policy: the buttons. What the
// police do not have is not taken back, and what was taken back not opened again.
func (x *room) caseActions(ctx context.Context, who hub.Actor, rel pg.Relation, given bool) []Action {
	list := []Action{}
	for _, a := range Actions {
		if _, err := move(State(rel.State), a); err != nil || !given && (a == TakeBack || a == Reopen) {
			continue
		}
		if answer, err := x.DB.Advise(ctx, question(who, rel, a)); err == nil && answer.Allow {
			list = append(list, a)
		}
	}
	return list
}

// seen is a course that somebody may see, recorded.
type seen struct {
	sheet
	grant   policies.Grant
	receipt hub.Receipt
}

// look reads the courses of cases, each with a decision and a record of its own.
// What is refused is recorded too, and left out. With part, a case of which nothing
// here can be seen or done is left out unrecorded: nothing is shown of it.
func (x *room) look(ctx context.Context, who hub.Actor, part bool, ids ...hub.ID) (list []seen, err error) {
	return x.looking(ctx, who, part, false, ids...)
}

// looking is look; where out, for a file: each that may go out, recorded as such
// too, and what may not is refused.
func (x *room) looking(ctx context.Context, who hub.Actor, part, out bool, ids ...hub.ID) (list []seen, err error) {
	err = x.DB.View(ctx, who, func(tx *pg.Tx) error {
		list = nil
		for _, id := range ids {
			s, err := loadCourse(ctx, tx, id)
			if err != nil {
				return err
			}
			g, err := tx.Ask(ctx, s.rel.View(who, hub.Prevention))
			if denied := new(policies.Denial); errors.As(err, &denied) {
				if err := tx.Refuse(ctx, denied, consulted(id, s)); err != nil {
					return err
				}
				continue
			}
			if err != nil {
				return err
			}
			if part && !slices.ContainsFunc(ownFields, g.Allows) && len(x.caseActions(ctx, who, s.rel, s.Given)) == 0 {
				continue
			}
			e := consulted(id, s)
			e.Fields = given(g)
			if out {
				left, err := x.leaves(ctx, tx, s.rel, e)
				if err != nil {
					return err
				}
				if !left {
					continue
				}
			}
			receipt, err := tx.Record(ctx, g, e)
			if err != nil {
				return err
			}
			list = append(list, seen{s, g, receipt})
		}
		return nil
	})
	return list, err
}

// readCourse gives the course of one case to one actor.
func (x *room) readCourse(ctx context.Context, who hub.Actor, id hub.ID) (*CourseView, error) {
	list, err := x.look(ctx, who, false, id)
	if err == nil && len(list) == 0 {
		err = hub.NotFound()
	}
	if err != nil {
		return nil, err
	}
	return x.showCourse(ctx, who, list[0])
}

func (x *room) getCourse(r *web.Request, _ struct{}) (*CourseView, error) {
	id, err := r.PathID("id")
	if err != nil {
		id = "" // asked and recorded like any other that is not there
	}
	return x.readCourse(r.Context(), r.Who, id)
}

// courseMark is the room's part of a case's page: its own decision, and its own
// record, for every case shown.
func (x *room) courseMark(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	list, err := x.look(ctx, who, true, ids...)
	if err != nil {
		return nil, err
	}
	out := map[hub.ID]template.HTML{}
	for _, s := range list {
		v, err := x.showCourse(ctx, who, s)
		if err != nil {
			return nil, err
		}
		if out[s.ID], err = x.Web.Fragment(lang, "referral", "course", coursePage{v, x.words(lang)}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// doableMark is what can be done with a case in this room: buttons, and nothing
// of the case itself.
func (x *room) doableMark(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	out := map[hub.ID]template.HTML{}
	err := x.DB.View(ctx, who, func(tx *pg.Tx) error {
		for _, id := range ids {
			rel, err := tx.Relation(ctx, "case", id)
			if err != nil {
				return err
			}
			given := true
			if State(rel.State) == Opening || State(rel.State) == Closed {
				if given, err = x.policeHave(ctx, tx, id); err != nil {
					return err
				}
			}
			v := &CourseView{ID: id, State: State(rel.State), Actions: x.caseActions(ctx, who, rel, given)}
			if out[id], err = x.Web.Fragment(lang, "referral", "doable", struct {
				Doable []button
				State  State
			}{v.buttons(), v.State}); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}
