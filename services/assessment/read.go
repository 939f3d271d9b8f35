package assessment

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// CaseView is a case as one actor may see it: what policy did not give is not
// there. The same struct is the page and the JSON, so that they cannot differ
// (A005).
type CaseView struct {
	ID            hub.ID              `json:"id"`
	State         State               `json:"state,omitempty"`
	Version       int                 `json:"version,omitzero"`
	Municipality  hub.AuthorityID     `json:"municipality,omitempty"`
	Police        hub.AuthorityID     `json:"police,omitempty"`
	Concern       hub.ID              `json:"concern,omitempty"`
	Subject       hub.ID              `json:"subject,omitempty"`
	OpenedAt      *time.Time          `json:"opened_at,omitempty"`
	NextAt        *time.Time          `json:"next_date,omitempty"`
	EraseAt       *time.Time          `json:"erase_at,omitempty"`
	RetentionRule string              `json:"retention_rule,omitempty"`
	Confirmed     []Confirmed         `json:"confirmed,omitempty"`
	Circle        []MemberView        `json:"circle,omitempty"`
	Requests      []AskedLine         `json:"requests,omitempty"`
	Meetings      []MeetingView       `json:"meetings,omitempty"`
	Joint         *JointView          `json:"assessment,omitempty"`
	Steps         []CaseStep          `json:"steps,omitempty"`
	Onward        *Onwards            `json:"onward,omitempty"` // to whom the police may pass it on
	WhoCanSee     []CaseReader        `json:"-"`
	WhoPart       []CaseReader        `json:"-"`               // and who sees whom it is about on a question, an answer or an offer of it
	Unattended    []hub.AuthorityID   `json:"-"`               // of the two that lead it, where nobody is left who does
	Glass         []service.GlassView `json:"glass,omitempty"` // by whom it is open in an emergency
	ConcernOpens  bool                `json:"-"`               // to the reader too
	TakenBack     bool                `json:"-"`               // from the police, for good
	SeeTrail      bool                `json:"-"`
	MayRecuse     bool                `json:"-"` // the reader may say that somebody is too close to it
	MayExport     bool                `json:"-"` // it may go out as a file
	Actions       []Action            `json:"actions"`
	Fields        []string            `json:"fields"` // what policy gave: the names of the fields
	Erased        bool                `json:"erased,omitempty"`
	rel           pg.Relation
}

// Confirmed is one party's confirmation of the circle.
type Confirmed struct {
	Party string    `json:"party"`
	By    string    `json:"by"`
	At    time.Time `json:"at"`
}

// MemberView is somebody in the circle, as it is shown.
type MemberView struct {
	ID         hub.ID          `json:"id"`
	Hat        hub.ID          `json:"hat"`
	Name       string          `json:"name"`
	Role       hub.Role        `json:"role"`
	Authority  hub.AuthorityID `json:"authority"`
	Department string          `json:"department,omitempty"`
	State      string          `json:"state"`
	Reason     string          `json:"reason,omitempty"`     // what they were let in for
	Substitute bool            `json:"substitute,omitempty"` // takes over from a colleague
	Until      *time.Time      `json:"until,omitempty"`
	person     hub.ID
	recused    bool
}

// AskedLine is a question of the case, without its words: they are the asker's
// and the asked authority's.
type AskedLine struct {
	ID         hub.ID          `json:"id"`
	Asker      hub.AuthorityID `json:"asker"`
	Authority  hub.AuthorityID `json:"authority"`
	Department string          `json:"department,omitempty"`
	State      string          `json:"state"`
	Outcome    string          `json:"outcome,omitempty"`
	Due        time.Time       `json:"due"`
}

// CaseStep is a line of the case's history.
type CaseStep struct {
	At     time.Time `json:"at"`
	Action string    `json:"action"`
	State  State     `json:"state"`
	By     string    `json:"by"`

	Authority hub.AuthorityID `json:"authority,omitempty"` // of which it was, where it was of one
}

// CaseReader is somebody who can see a case, a question or an answer now, by which
// rule, since when (X11).
type CaseReader = service.Reader

// opened is what a read brings out of its transaction.
type opened struct {
	casework
	rel       pg.Relation
	Texts     []pg.Text
	Confirmed []struct {
		Party string    `json:"party"`
		Hat   hub.ID    `json:"hat"`
		At    time.Time `json:"at"`
	}
	Circle   []Member
	Requests []AskedLine
	Steps    []step
	Terms    string // of the police's share
	Leave    []yes
	worked
	readers    []CaseReader
	parts      []CaseReader
	glasses    []pg.Glass
	unattended []hub.AuthorityID
	concern    bool // the concern that it came of can be read too
}

// sheetSQL is a case with all that hangs on it.
var sheetSQL = `select ` + columns + `, ` + pg.TextsOf("c.id") + `,
	coalesce((select jsonb_agg(jsonb_build_object('party', o.party, 'hat', o.hat, 'at', o.at) order by o.at) from opening o where o.case_id = c.id), '[]'),
	coalesce((select jsonb_agg(jsonb_build_object('id', m.id, 'hat', m.hat, 'person', m.person, 'authority', m.authority, 'department', m.department, 'role', m.role,
		'state', ` + stateOf("$5") + `, 'recused', ` + recusedSQL + `, 'substitute', exists (select from access.assignment a where a.id = m.assignment and a.why = 'substitute'), 'until', coalesce(m.until_at, '0001-01-01T00:00:00Z'::timestamptz)) order by m.authority, m.department, m.role, m.hat) from member m where m.case_id = c.id), '[]'),
	coalesce((select jsonb_agg(jsonb_build_object('id', q.id, 'asker', q.asker, 'authority', q.authority, 'department', q.department, 'state', q.state,
		'outcome', q.outcome, 'due', q.due_at) order by q.asked_at, q.id) from request q where q.case_id = c.id), '[]'),
	coalesce((select jsonb_agg(jsonb_build_object('at', s.at, 'action', s.action, 'state', s.state, 'person', s.person, 'hat', s.hat, 'authority', s.authority) order by s.n) from step s where s.case_id = c.id), '[]'),
	coalesce((select h.terms from access.share h where h.kind = 'case' and h.item = c.id and h.sender = c.municipality and h.receiver = c.police
		and h.ended_by is null and h.until_at > $5 order by h.from_at desc, h.id desc limit 1), ''),
	coalesce((select jsonb_agg(jsonb_build_object('authority', w.authority, 'hat', w.hat, 'at', w.at) order by w.at, w.authority) from onward w where w.case_id = c.id), '[]'),
	` + workedSQL + `
	from cases c where c.id = r.id`

// load is the one statement. A case that is not there, and one that the actor
// has no relation to, are the same: an empty sheet is answered as a refusal.
func load(ctx context.Context, tx *pg.Tx, id hub.ID) (opened, error) {
	var o opened
	c := &o.casework
	err := tx.Sheet(ctx, "case", id, &o.rel, sheetSQL, append([]any{&c.ID, &c.Concern, &c.Subject, &c.Municipality, &c.Police, &c.Version, &c.Round, &c.BegunAt, &c.OpenedAt, &c.ClosedAt,
		&c.NextAt, &c.StepTold, &c.RetentionRule, &c.EraseAt, &o.Texts, &o.Confirmed, &o.Circle, &o.Requests, &o.Steps, &o.Terms, &o.Leave}, o.worked.into()...)...)
	return o, err
}

// read gives one case to one actor: one statement for content and access facts,
// the decision, the record, the commit, and only then the words.
func (x *room) read(ctx context.Context, who hub.Actor, id hub.ID, readers bool) (*CaseView, error) {
	return x.look(ctx, who, id, readers, 0)
}

// look is read, with a version of the joint assessment other than the last.
func (x *room) look(ctx context.Context, who hub.Actor, id hub.ID, readers bool, version int) (*CaseView, error) {
	return x.looking(ctx, who, id, readers, version, nil)
}

// looking is look, for a page or, where out asks for it, for a file.
func (x *room) looking(ctx context.Context, who hub.Actor, id hub.ID, readers bool, version int, out *web.Request) (*CaseView, error) {
	o, grant, receipt, err := pg.Read(ctx, x.DB, who, func(tx *pg.Tx) (opened, policies.Question, pg.Entry, error) {
		o, err := load(ctx, tx, id)
		o.worked.version = version
		if err == nil && readers && tx.Sees(ctx, o.rel) {
			o.readers, err = x.Readers(ctx, tx, "case", id, structure.Span{From: o.BegunAt, Until: o.EraseAt}, nil)
		}
		if err == nil && readers && tx.Sees(ctx, o.rel) {
			o.parts, err = x.PartReaders(ctx, tx, id, o.EraseAt)
		}
		if err == nil && readers && tx.Sees(ctx, o.rel) {
			var rel pg.Relation
			rel, err = tx.Relation(ctx, "concern", o.Concern)
			o.concern = tx.Sees(ctx, rel)
		}
		if err == nil && readers && tx.Sees(ctx, o.rel) {
			o.unattended, err = x.recusals().Unattended(ctx, tx, id, o.Municipality, o.Police)
		}
		if err == nil && (readers || o.rel.Glass) && tx.Sees(ctx, o.rel) {
			o.glasses, err = tx.Glasses(ctx, "case", id)
		}
		e := pg.Entry{Act: hub.ActConsult, Object: hub.Object{Kind: "case", ID: id, Version: o.Version}, Controller: o.rel.Controller}
		if o.rel.About != "" {
			e.Subjects = []hub.ID{o.rel.About}
		}
		if out != nil && err == nil {
			q, err := x.Exports(ctx, tx, out, o.rel, e)
			return o, q, e, err
		}
		return o, o.rel.View(who, hub.Prevention), e, err
	})
	if err != nil {
		return nil, err
	}
	return x.show(ctx, who, o, grant, receipt)
}

// show opens what the grant names, and nothing else.
func (x *room) show(ctx context.Context, who hub.Actor, o opened, g policies.Grant, receipt hub.Receipt) (*CaseView, error) {
	may := g.Allows
	v := &CaseView{ID: o.ID, rel: o.rel, Fields: g.Fields(), Actions: x.actions(ctx, who, o.rel), SeeTrail: may("who_has_seen"), MayRecuse: x.recusals().May(ctx, who, o.rel)}
	if answer, err := x.DB.Advise(ctx, o.rel.Act(who, service.Export, hub.Prevention)); err == nil {
		v.MayExport = answer.Allow
	}
	keep(may("state"), &v.State, State(o.rel.State))
	keep(may("state"), &v.Version, o.Version)
	keep(may("state"), &v.Municipality, o.Municipality)
	keep(may("state"), &v.Police, o.Police)
	keep(may("circle"), &v.Concern, o.Concern)
	v.ConcernOpens = v.Concern != "" && o.concern
	v.TakenBack = State(o.rel.State) == Closed && o.Terms == "" && who.Authority == o.Municipality // a case that is closed stays shared with the police
	keep(may("name"), &v.Subject, o.Subject)
	keep(may("opened_at"), &v.OpenedAt, o.OpenedAt)
	keep(may("next_date") && State(o.rel.State) != Closing, &v.NextAt, &o.NextAt) // of a closing the room referral knows it
	keep(may("erase_at"), &v.EraseAt, &o.EraseAt)
	keep(may("retention_rule"), &v.RetentionRule, o.RetentionRule)
	keep(may("who_can_see"), &v.WhoCanSee, o.readers)
	keep(may("who_can_see"), &v.WhoPart, toldOf(who, o.readers, o.parts, may))
	keep(may("who_can_see") && may("state"), &v.Unattended, o.unattended)
	v.Glass = x.glass().Shown(who, x.Now(), o.glasses, may("who_can_see"))
	text, erased, err := x.Open(ctx, receipt, place("case", o.ID), o.Texts, x.opens(who, &o.worked, may))
	if err != nil {
		return nil, err
	}
	v.Erased = erased
	v.Meetings = x.showMeetings(&o.worked, may, text)
	if v.Joint, err = x.showJoint(who, &o, may, text, erased); err != nil {
		return nil, err
	}
	if may("circle") {
		for _, c := range o.Confirmed {
			v.Confirmed = append(v.Confirmed, Confirmed{c.Party, x.nameOf(c.Hat), c.At})
		}
		for _, m := range o.Circle {
			mv := MemberView{ID: m.ID, Hat: m.Hat, Name: x.nameOf(m.Hat), Role: m.Role, Authority: m.Authority, Department: m.Department, State: m.State,
				Reason: text["member."+string(m.ID)+".reason"], Substitute: m.Substitute, person: m.Person, recused: m.Recused}
			if m.Recused && m.State == invited {
				mv.State = ended // they see nothing of it, for as long as it stands
			}
			keep(m.Until.Year() > 1, &mv.Until, &m.Until)
			v.Circle = append(v.Circle, mv)
		}
	}
	if may("circle") && o.Terms != "" {
		v.Onward = x.onwards(ctx, &o)
	}
	if may("requests") {
		for _, q := range o.Requests {
			q.Outcome = outcomeFor(q.Outcome, q.State, x.declines(o.Municipality, x.Now()), who.Authority == q.Authority, q.Due, x.Now())
			v.Requests = append(v.Requests, q)
		}
	}
	if may("state") && may("who_can_see") { // the parties, while it is open
		for _, s := range o.Steps {
			v.Steps = append(v.Steps, CaseStep{s.At, s.Action, s.State, x.nameOf(s.Hat), s.Authority})
		}
	}
	return v, nil
}

// tellsOf is the field with which a case tells that there is a question, an answer or an
// offer of some authority's in it.
var tellsOf = map[string]string{"request": "requests", "answer": "requests", "offer": "recommendations"}

// toldOf are the readers of a case's parts of whom somebody may know: of a part of which
// the case tells them, but not of an offer that another authority has not sent. Who reads
// the same of the person on the case itself is left out; who does on several parts of a
// kind stands once, from the first until the last.
func toldOf(who hub.Actor, whole, parts []CaseReader, may func(string) bool) (list []CaseReader) {
	for _, p := range parts {
		if !may(tellsOf[p.Part.Kind]) || p.Part.State == "offer_draft" && p.Part.Controller != who.Authority ||
			slices.ContainsFunc(whole, func(r CaseReader) bool { return r.Hat == p.Hat && slices.Contains(r.Fields, "name") }) {
			continue
		}
		i := slices.IndexFunc(list, func(r CaseReader) bool {
			return r.Hat == p.Hat && r.Part.Kind == p.Part.Kind && r.Basis == p.Basis && slices.Equal(r.Fields, p.Fields) && slices.Equal(r.Rules, p.Rules)
		})
		if i < 0 {
			list = append(list, p)
			continue
		}
		if p.Since.Before(list[i].Since) {
			list[i].Since = p.Since
		}
		if p.Until == nil || list[i].Until != nil && p.Until.After(*list[i].Until) {
			list[i].Until, list[i].Soon = p.Until, p.Soon
		}
	}
	return list
}

// actions are what the actor may do now, by table and policy: the buttons.
func (x *room) actions(ctx context.Context, who hub.Actor, rel pg.Relation) []Action {
	list := []Action{}
	for _, a := range Actions {
		if _, err := move(State(rel.State), a); err != nil {
			continue
		}
		if answer, err := x.DB.Advise(ctx, question(who, rel, a)); err == nil && answer.Allow {
			list = append(list, a)
		}
	}
	return list
}

// classOf is the field of policy with which a sealed text is given.
func classOf(field string) string {
	name, _, _ := strings.Cut(field, ".")
	if with, ok := givenWith[name]; ok {
		return with
	}
	return name
}

// givenWith names the texts whose field has another name in policy.
var givenWith = map[string]string{"member": "circle", "note": "meeting", "dimension": "dimensions", "scenarios": "dimensions", "dissent": "dissents", "salt": "signatures"}

func (x *room) nameOf(hat hub.ID) string { return x.Structure.NameOf(hat) }

// keep fills in a field that policy gives.
func keep[T any](may bool, field *T, value T) {
	if may {
		*field = value
	}
}

func (x *room) getCase(r *web.Request, _ struct{}) (*CaseView, error) { return x.onPath(r, false) }

// onPath is the case that the path names; whole is with who can see it.
func (x *room) onPath(r *web.Request, whole bool) (*CaseView, error) {
	id, err := r.PathID("id")
	if err != nil {
		id = "" // asked and recorded like any other that is not there
	}
	return x.read(r.Context(), r.Who, id, whole)
}
