package intake

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// ConcernView is a concern as one actor may see it: what policy did not give is not
// there. The same struct is the page, the JSON and, later, the export, so that
// they cannot differ (A005).
type ConcernView struct {
	ID           hub.ID          `json:"id"`
	State        State           `json:"state,omitempty"`  // a reporter's receipt does not tell how far it has got (A030)
	Version      int             `json:"version,omitzero"` // nor how often something happened
	ReceivedAt   *time.Time      `json:"received_at,omitempty"`
	ReceivedBy   hub.AuthorityID `json:"received_by,omitempty"`
	Municipality hub.AuthorityID `json:"municipality,omitempty"`
	Subject      hub.ID          `json:"subject,omitempty"`
	Purpose      hub.Purpose     `json:"purpose,omitempty"`
	Basis        hub.LegalBasis  `json:"legal_basis,omitempty"`

	Due           *time.Time `json:"due,omitempty"`
	ChildDue      *time.Time `json:"child_due,omitempty"`
	ChildOutcome  string     `json:"child_outcome,omitempty"`
	EraseAt       *time.Time `json:"erase_at,omitempty"`
	RetentionRule string     `json:"retention_rule,omitempty"`

	Channel       string          `json:"channel,omitempty"`
	Theme         string          `json:"theme,omitempty"`
	Urgency       string          `json:"urgency,omitempty"`
	UrgencyReason string          `json:"urgency_reason,omitempty"`
	Child         string          `json:"child,omitempty"`
	Statements    []StatementView `json:"statements,omitempty"`
	WhyNow        string          `json:"why_now,omitempty"`
	Context       string          `json:"context,omitempty"`
	Wishes        string          `json:"wishes,omitempty"`
	ReporterKind  string          `json:"reporter_kind,omitempty"`
	ReporterName  string          `json:"reporter_name,omitempty"`
	ReporterReach string          `json:"reporter_contact,omitempty"`

	CheckOutcome  string              `json:"check_outcome,omitempty"`
	TriageOutcome string              `json:"triage_outcome,omitempty"`
	SeenBefore    int                 `json:"seen_before,omitzero"` // other concerns about the person at the reader's own authority, of those that their list gives them
	Track         string              `json:"track,omitempty"`
	Judgements    []JudgementView     `json:"judgements,omitempty"`
	Steps         []StepView          `json:"steps,omitempty"`
	WhoCanSee     []Reader            `json:"-"`
	Glass         []service.GlassView `json:"glass,omitempty"` // by whom it is open in an emergency
	MayExport     bool                `json:"-"`               // it may go out as a file
	SeeTrail      bool                `json:"-"`               // the page may ask audit who has seen it
	MayRecuse     bool                `json:"-"`               // the reader may say that somebody is too close to it
	Actions       []Action            `json:"actions"`
	Fields        []string            `json:"fields"` // what policy gave: the names of the fields
	Erased        bool                `json:"erased,omitempty"`
	rel           pg.Relation
	notifies      bool // the duty to notify about a child is the reader's to assess (L25)
}

// StatementView is a statement as it is shown: with its type, source and date.
type StatementView struct {
	Kind       string `json:"kind,omitempty"` // in a draft it may not be said yet
	Text       string `json:"text"`
	ObservedOn string `json:"observed_on,omitempty"`
	FirstHand  bool   `json:"first_hand"`
}

// On is the day it was observed; zero if that is not known.
func (s StatementView) On() time.Time {
	on, _ := time.ParseInLocation(time.DateOnly, s.ObservedOn, hub.Copenhagen)
	return on
}

// JudgementView is one coordinator's triage as it is shown.
type JudgementView struct {
	Party     string    `json:"party"` // municipality, police
	At        time.Time `json:"at"`
	Outcome   State     `json:"outcome"`
	Track     string    `json:"track,omitempty"`
	Rationale string    `json:"rationale"`
}

// StepView is a line of the concern's history.
type StepView struct {
	At     time.Time `json:"at"`
	Action Action    `json:"action"`
	State  State     `json:"state"`
	By     string    `json:"by" doc:"A name; anonymous, system; or reporter, to those who are not told who reported (L51)."`
}

// Reader is somebody who can see the concern now, by which rule, since when (X11).
type Reader = service.Reader

// reader is somebody who can see the concern now, as its page shows it.
type reader struct{ service.Reader }

// Sees names what the reader is shown in a few fields that stand for the rest.
func (r reader) Sees() []string {
	given := func(fields ...string) []string {
		return slices.DeleteFunc(fields, func(field string) bool { return !slices.Contains(r.Fields, field) })
	}
	if told := given("state", "theme", "name", "address", "statements", "reporter_name", "due", "municipal_rationale", "who_can_see", "handled"); len(told) > 0 {
		return told
	}
	return given("received_at") // what is left to whoever handed it in
}

// Differ reports whether both coordinators have judged, and the reader is told that they do
// not agree: then it is in triage still.
func (v *ConcernView) Differ() bool {
	by := func(party string) bool {
		return slices.ContainsFunc(v.Judgements, func(j JudgementView) bool { return j.Party == party })
	}
	return v.State == Triage && by("municipality") && by("police")
}

// Answers reports whether it is the reader's to answer for the police: what waits for the
// police then waits for them.
func (v *ConcernView) Answers() bool {
	return slices.Contains(v.Actions, Release) || slices.Contains(v.Actions, Confirm)
}

// Little reports whether the reader is told no more of it than that it is there.
func (v *ConcernView) Little() bool { return little(v.Fields) }

// little reports whether fields tell neither whom a concern is about, nor what was said, nor
// what became of it.
func little(fields []string) bool {
	return !slices.ContainsFunc(fields, func(f string) bool {
		return slices.Contains([]string{"name", "statements", "who_can_see", "handled", "triage_outcome"}, f)
	})
}

func (v *ConcernView) report() Report {
	r := Report{Channel: v.Channel, ReporterKind: v.ReporterKind, ReporterName: hub.NewPersonal(v.ReporterName), ReporterReach: hub.NewPersonal(v.ReporterReach),
		Theme: v.Theme, WhyNow: hub.NewPersonal(v.WhyNow), Context: hub.NewPersonal(v.Context), Wishes: hub.NewPersonal(v.Wishes),
		Urgency: v.Urgency, UrgencyReason: hub.NewPersonal(v.UrgencyReason), Child: v.Child}
	for _, s := range v.Statements {
		r.Statements = append(r.Statements, Statement{s.Kind, hub.NewPersonal(s.Text), s.ObservedOn, s.FirstHand})
	}
	return r
}

// opened is what a read brings out of its transaction: the sheet, and whatever
// else the page wants from the same snapshot.
type opened struct {
	sheet
	rel     pg.Relation
	before  int
	readers []Reader
	glasses []pg.Glass
}

// content is a concern with all that hangs on it.
const content = `select ` + columns + `,
	coalesce((select jsonb_agg(jsonb_build_object('field', t.field, 'key', t.key, 'box', encode(t.box, 'base64'))) from intake.words t where t.concern = o.id), '[]'),
	coalesce((select jsonb_agg(jsonb_build_object('n', j.n, 'party', j.party, 'person', j.person, 'at', j.at, 'outcome', j.outcome, 'track', j.track,
		'box', encode(j.box, 'base64')) order by j.n) from intake.judgement j where j.concern = o.id and not j.void), '[]'),
	coalesce((select jsonb_agg(jsonb_build_object('at', s.at, 'action', s.action, 'state', s.state, 'person', s.person, 'hat', s.hat) order by s.n) from intake.step s where s.concern = o.id), '[]'),
	(select count(*) from access.item i where i.about = o.subject and i.id <> o.id and i.kind = 'concern' and i.controller = $2 and i.state <> 'draft')
	from intake.concern o where o.id = r.id`

// read gives one concern to one actor: one statement for content and access
// facts, the decision, the record, the commit, and only then the words.
func (x *room) read(ctx context.Context, who hub.Actor, id hub.ID, withReaders bool) (*ConcernView, error) {
	return x.look(ctx, who, id, withReaders, nil)
}

// look is read, for a page or, where out asks for it, for a file.
func (x *room) look(ctx context.Context, who hub.Actor, id hub.ID, withReaders bool, out *web.Request) (*ConcernView, error) {
	o, grant, receipt, err := pg.Read(ctx, x.DB, who, func(tx *pg.Tx) (opened, policies.Question, pg.Entry, error) {
		o, err := load(ctx, tx, id)
		if err == nil && o.before > 0 && tx.Sees(ctx, o.rel) {
			o.before, err = known(ctx, tx, o.concern)
		}
		if err == nil && withReaders && tx.Sees(ctx, o.rel) {
			o.readers, err = x.Readers(ctx, tx, "concern", id, structure.Span{From: o.begun(), Until: o.EraseAt}, nil)
		}
		if err == nil && (withReaders || o.rel.Glass) && tx.Sees(ctx, o.rel) {
			o.glasses, err = tx.Glasses(ctx, "concern", id)
		}
		e := pg.Entry{Act: hub.ActConsult, Object: hub.Object{Kind: "concern", ID: id, Version: o.Version}, Controller: o.rel.Controller, Basis: o.Basis}
		if o.rel.About != "" {
			e.Subjects = []hub.ID{o.rel.About}
		}
		if o.ReporterKey != nil {
			e.Keys = []hub.ID{*o.ReporterKey}
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

// known counts the other concerns about the same person at the reader's own authority:
// those that a list of what is about the person gives them, and none that they are not
// let in on, or are too close to (L9, A012).
func known(ctx context.Context, tx *pg.Tx, c concern) (int, error) {
	rows, err := tx.Query(ctx, `select id from access.item where about = $1 and id <> $2 and kind = 'concern' and controller = $3 and state <> $4`,
		c.Subject, c.ID, tx.Who().Authority, Draft)
	if err != nil {
		return 0, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return 0, err
	}
	asked := tx.Listing("concern", hub.Prevention)
	asked.Only = func(s pg.Set) (bool, error) { return s.Grant.Allows("name"), nil }
	few, err := asked.Of(ctx, "", ids)
	return len(few.IDs), err
}

// begun is when the concern came to be somebody's to see.
func (c *concern) begun() time.Time {
	if c.ReceivedAt != nil {
		return *c.ReceivedAt
	}
	return c.CreatedAt
}

// load is the one statement. A concern that is not there, and one that the actor
// has no relation to, are the same: an empty sheet is answered as a refusal.
func load(ctx context.Context, tx *pg.Tx, id hub.ID) (opened, error) {
	var o opened
	c := &o.concern
	err := tx.Sheet(ctx, "concern", id, &o.rel, content, &c.ID, &c.Subject, &c.ReporterKey, &c.Author, &c.Controller, &c.ReceivedBy, &c.Municipality, &c.Police, &c.State, &c.Version,
		&c.Purpose, &c.Basis, &c.Channel, &c.ReporterKind, &c.Urgency, &c.Child, &c.Statements, &c.CheckOutcome, &c.TriageOutcome, &c.Track,
		&c.CreatedAt, &c.ReceivedAt, &c.StepDue, &c.StepTold, &c.ChildDue, &c.ChildTold, &c.ChildOutcome, &c.RetentionRule, &c.EraseAt,
		&o.Boxes, &o.Judgements, &o.Steps, &o.before)
	return o, err
}

// show opens what the grant names, and nothing else.
func (x *room) show(ctx context.Context, who hub.Actor, o opened, g policies.Grant, receipt hub.Receipt) (*ConcernView, error) {
	may := g.Allows
	v := &ConcernView{ID: o.ID, rel: o.rel, Fields: g.Fields(), Actions: []Action{}, SeeTrail: may("who_has_seen"), MayRecuse: x.recusals().May(ctx, who, o.rel)}
	keep(may("state"), &v.State, o.State)
	keep(may("state"), &v.Version, o.Version)
	keep(may("received_at"), &v.ReceivedAt, o.ReceivedAt)
	keep(may("received_by"), &v.ReceivedBy, o.Controller)
	keep(may("received_by"), &v.Municipality, o.Municipality)
	keep(may("name"), &v.Subject, o.Subject)
	keep(may("due"), &v.Due, o.StepDue)
	keep(may("child_due"), &v.ChildDue, o.ChildDue)
	if answer, err := x.DB.Advise(ctx, question(who, o.rel, Notify)); err == nil { // what came of the duty is told to those whose duty it is
		v.notifies = answer.Allow
	}
	keep(v.notifies && may("child_due"), &v.ChildOutcome, o.ChildOutcome)
	keep(may("erase_at"), &v.EraseAt, &o.EraseAt)
	keep(may("retention_rule"), &v.RetentionRule, o.RetentionRule)
	keep(may("channel"), &v.Channel, o.Channel)
	keep(may("channel"), &v.Purpose, o.Purpose)
	keep(may("channel"), &v.Basis, o.Basis)
	keep(may("urgency"), &v.Urgency, o.Urgency)
	keep(may("child"), &v.Child, o.Child)
	keep(may("reporter_kind"), &v.ReporterKind, o.ReporterKind)
	keep(may("check_outcome"), &v.CheckOutcome, o.CheckOutcome)
	keep(may("triage_outcome"), &v.TriageOutcome, o.TriageOutcome)
	keep(may("triage_outcome"), &v.Track, o.Track)
	keep(may("who_can_see"), &v.SeenBefore, o.before)
	o.readers = service.Seal(who, o.readers, may("reporter_name"))
	keep(may("who_can_see"), &v.WhoCanSee, o.readers)
	v.Glass = x.glass().Shown(who, x.Now(), o.glasses, may("who_can_see"))
	if err := x.words(ctx, v, o, may, receipt); err != nil {
		return nil, err
	}
	if may("who_can_see") {
		for _, s := range o.Steps {
			if s.Action == Notify && !v.notifies {
				continue
			}
			by, err := x.by(ctx, who, s, may("reporter_name"))
			if err != nil {
				return nil, err
			}
			v.Steps = append(v.Steps, StepView{s.At, s.Action, s.State, by})
		}
	}
	if answer, err := x.DB.Advise(ctx, o.rel.Act(who, service.Export, hub.Prevention)); err == nil {
		v.MayExport = answer.Allow
	}
	for _, a := range Actions {
		if _, err := move(o.State, a); err != nil || a == Recall && slices.ContainsFunc(o.Judgements, func(j judgement) bool { return j.Party == "municipality" }) {
			continue
		}
		if answer, err := x.DB.Advise(ctx, question(who, o.rel, a)); err == nil && answer.Allow {
			v.Actions = append(v.Actions, a)
		}
	}
	return v, nil
}

// words opens the sealed texts that the grant names.
func (x *room) words(ctx context.Context, v *ConcernView, o opened, may func(string) bool, receipt hub.Receipt) error {
	var fields []string
	var boxes []vault.Box
	put := func(field string, key hub.ID, sealed []byte) {
		fields = append(fields, field)
		boxes = append(boxes, vault.Box{Receipt: receipt, Key: key, Where: where(o.ID, field), Sealed: sealed})
	}
	for _, b := range o.Boxes {
		if name, _, _ := strings.Cut(b.Field, "."); may(name) {
			put(b.Field, b.Key, b.Box)
		}
	}
	judged := slices.DeleteFunc(slices.Clone(o.Judgements), func(j judgement) bool {
		return !may(rationaleOf[j.Party])
	})
	for _, j := range judged {
		put("judgement."+j.Party, o.Subject, j.Box)
	}
	text, said := map[string]string{}, make([]string, len(judged))
	for i, opened := range x.Vault.OpenAll(boxes...) {
		switch {
		case errors.Is(opened.Err, vault.ErrDestroyed):
			v.Erased = v.Erased || i < len(boxes)-len(judged)
		case opened.Err != nil:
			return opened.Err
		case i >= len(boxes)-len(judged): // each judgement has its own words: the place is its party's
			said[i-len(boxes)+len(judged)] = opened.Text.Reveal(ctx)
		default:
			text[fields[i]] = opened.Text.Reveal(ctx)
		}
	}
	v.Theme, v.UrgencyReason, v.WhyNow, v.Context, v.Wishes = text["theme"], text["urgency_reason"], text["why_now"], text["context"], text["wishes"]
	v.ReporterName, v.ReporterReach = text["reporter_name"], text["reporter_contact"]
	if may("statements") {
		for i, m := range o.Statements {
			v.Statements = append(v.Statements, StatementView{m.Kind, text["statements."+strconv.Itoa(i)], m.ObservedOn, m.FirstHand})
		}
	}
	for i, j := range judged {
		v.Judgements = append(v.Judgements, JudgementView{j.Party, j.At, j.Outcome, j.Track, said[i]})
	}
	return nil
}

// keep fills in a field that policy gives.
func keep[T any](may bool, field *T, value T) {
	if may {
		*field = value
	}
}

// question is what policy is asked for an action.
func question(who hub.Actor, rel pg.Relation, a Action) policies.Question {
	if a == Assign || a == Unassign {
		return letting(who, rel, a, hub.Hat{Authority: who.Authority, Role: who.Role}) // another coordinator, who can be let in wherever anybody can
	}
	return policies.Act{Action: a.asked(), Role: who.Role, Kind: who.Kind, Relation: rel.Relation, ReceivedBy: rel.ReceivedBy,
		State: rel.State, Assigned: rel.Assigned, Author: rel.Author, Recused: rel.Recused, SharedBy: rel.SharedBy, Purpose: hub.Prevention}
}

// letting is what policy is asked for letting somebody in, or out again.
func letting(who hub.Actor, rel pg.Relation, a Action, target hub.Hat) policies.Assign {
	return policies.Assign{Role: who.Role, Kind: who.Kind, Relation: rel.Relation, State: rel.State, Recused: rel.Recused,
		SameAuthority: target.Authority == who.Authority, Self: target.Person == who.Person, Target: target.Role, End: a == Unassign}
}

// asked is the name under which policy knows an action: the outcomes of the
// police check are one right, to hand in a draft is to be its writer, and of a case
// recall is another thing.
func (a Action) asked() string {
	switch a {
	case Release, Keep, CallOut, Confirm:
		return "check"
	case Submit:
		return string(Edit)
	case Recall:
		return "retrieve"
	}
	return string(a)
}

// by is who took a step. Whoever reported is named to those who are told who that is, and
// to themselves (L51).
func (x *room) by(ctx context.Context, who hub.Actor, s step, told bool) (string, error) {
	name := x.Structure.NameOf(s.Hat)
	if post, ok := x.Structure.Post(s.Hat); ok && !told && s.Person != who.Person {
		if reports, err := x.Reports(ctx, post.Role); reports || err != nil {
			return service.Sealed, err
		}
	}
	return name, nil
}

func (x *room) getConcern(r *web.Request, _ struct{}) (*ConcernView, error) {
	id, err := r.PathID("id")
	if err != nil {
		id = "" // asked and recorded like any other that is not there
	}
	return x.read(r.Context(), r.Who, id, false)
}

// Readers says who can see a concern now, by which rule, since when and until when (X11).
type Readers struct {
	WhoCanSee []Reader `json:"who_can_see"`
}

func (x *room) listReaders(r *web.Request, _ struct{}) (Readers, error) {
	v, err := x.whole(r)
	if err == nil && v.WhoCanSee == nil {
		err = hub.NotFound()
	}
	if err != nil {
		return Readers{}, err
	}
	return Readers{v.WhoCanSee}, nil
}

// whole is a concern with who can see it, as its page shows it.
func (x *room) whole(r *web.Request) (*ConcernView, error) {
	id, err := r.PathID("id")
	if err != nil {
		id = ""
	}
	return x.read(r.Context(), r.Who, id, true)
}
