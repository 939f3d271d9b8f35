package intake

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// DraftText is what a draft says so far, about whom, and which version of it
// the writer had before them.
type DraftText struct {
	Subject      hub.ID          `json:"subject,omitempty" doc:"A reference from registerSubject."`
	Municipality hub.AuthorityID `json:"municipality,omitempty" of:"municipalities" doc:"The subject's. The police must say it; for others it is their own."`
	Version      int             `json:"version,omitempty" doc:"Of the draft that was read: if it has changed since, nothing is saved."`
	Report
}

// NewDraft is a draft that is begun.
type NewDraft struct{ DraftText }

// Submission hands a concern in: from a draft, or whole.
type Submission struct {
	Draft hub.ID `json:"draft,omitempty" doc:"The draft to hand in as it stands; without one, the concern is here whole."`
	DraftText
	Purpose    hub.Purpose    `json:"purpose"`
	LegalBasis hub.LegalBasis `json:"legal_basis" doc:"Of your own processing: GDPR6-1-E, RHL, BL133."`
	Forward    *service.Basis `json:"forward,omitempty" doc:"Puts it before the police in the same act, where you may."`
}

// where is the place of a sealed text, bound into its box.
func where(id hub.ID, field string) string { return "intake.concern/" + string(id) + "/" + field }

// seal seals the texts of a report, each in its place: the reporter's under the
// reporter's own key, the others under the subject's.
func (x *room) seal(id, subject, reporter hub.ID, r Report) ([]box, error) {
	var boxes []box
	var plain []vault.Plain
	put := func(field string, key hub.ID, t hub.Personal) {
		if t.Empty() {
			return
		}
		plain = append(plain, vault.Plain{Key: key, Where: where(id, field), Text: t})
		boxes = append(boxes, box{Field: field, Key: key})
	}
	put("theme", subject, hub.NewPersonal(r.Theme))
	put("why_now", subject, r.WhyNow)
	put("context", subject, r.Context)
	put("wishes", subject, r.Wishes)
	put("urgency_reason", subject, r.UrgencyReason)
	put("reporter_name", reporter, r.ReporterName)
	put("reporter_contact", reporter, r.ReporterReach)
	for i, s := range r.Statements {
		put("statements."+strconv.Itoa(i), subject, s.Text)
	}
	sealed, err := x.Vault.SealAll(plain...)
	if err != nil {
		return nil, err
	}
	for i := range boxes {
		boxes[i].Box = sealed[i]
	}
	return boxes, nil
}

// fillFrom puts the codes of a report into the row.
func (c *concern) fillFrom(r Report) {
	c.Channel, c.ReporterKind, c.Urgency, c.Child = r.Channel, r.ReporterKind, r.Urgency, r.Child
	c.Statements = make([]meta, len(r.Statements))
	for i, s := range r.Statements {
		c.Statements[i] = meta{s.Kind, s.ObservedOn, s.FirstHand}
	}
}

// home is whose matter a concern of this actor is: the municipality, its police
// district, and who of them receives it.
func (x *room) home(who hub.Actor, municipality hub.AuthorityID, now time.Time) (c concern, err error) {
	if who.Kind == hub.Police {
		h, ok := x.Structure.InfohusOf(municipality, now)
		if !ok || h.Police != who.Authority {
			return c, hub.Invalid("municipality", "intake.error.municipality")
		}
		return concern{Controller: h.Police, ReceivedBy: hub.Police, Municipality: h.Municipality, Police: h.Police}, nil
	}
	h, ok := x.Structure.HomeOf(who.Authority, now)
	if ok && municipality != "" && municipality != h.Municipality {
		return c, hub.Invalid("municipality", "intake.error.municipality.own")
	}
	if !ok {
		if h, ok = x.Structure.InfohusOf(municipality, now); !ok {
			return c, hub.Invalid("municipality", "intake.error.municipality")
		}
	}
	return concern{Controller: h.Municipality, ReceivedBy: hub.Municipality, Municipality: h.Municipality, Police: h.Police}, nil
}

// begin makes the row of a new concern, as a draft.
func (x *room) begin(who hub.Actor, in DraftText, now time.Time) (*concern, error) {
	c, err := x.home(who, in.Municipality, now)
	if err != nil {
		return nil, err
	}
	if _, err := hub.ParseID(string(in.Subject)); err != nil {
		return nil, hub.Invalid("subject", "intake.error.subject")
	}
	c.ID, c.Subject, c.Author, c.State, c.Version = x.NewID(), in.Subject, who.Person, Draft, 1
	c.Purpose, c.CreatedAt = hub.Prevention, now
	c.fillFrom(in.Report)
	x.enter(&c, now)
	return &c, nil
}

// reporterKey makes the reporter's key where there is a reporter to seal, and
// durably before the commit that uses it.
func (x *room) reporterKey(c *concern, r Report) error {
	if c.ReporterKey != nil || (r.ReporterName.Empty() && r.ReporterReach.Empty()) {
		return nil
	}
	key := x.NewID()
	c.ReporterKey = &key
	return x.Vault.Make(key)
}

func (x *room) newDraft(r *web.Request, in NewDraft) (Receipt, error) {
	return x.startDraft(r, in.DraftText)
}

func (x *room) startDraft(r *web.Request, in DraftText) (Receipt, error) {
	if err := x.knock(r); err != nil {
		return Receipt{}, err
	}
	if err := in.Report.unheard().Err(); err != nil {
		return Receipt{}, err
	}
	if in.Channel == "" {
		in.Channel = x.channel(r)
	}
	c, err := x.begin(r.Who, in, x.Now())
	if err != nil {
		return Receipt{}, err
	}
	var done Receipt
	err = x.create(r, c, in.Report, func(d *doing) error { return nil }, Edit, &done)
	return done, err
}

// channel is how a concern comes in where nobody says: whoever reports writes it down
// themselves, and whoever takes it in is called.
func (x *room) channel(r *web.Request) string {
	if reports, err := x.Reports(r.Context(), r.Who.Role); err == nil && reports {
		return "form"
	}
	return Channels[0]
}

// create writes a new concern and lets then go on with it, in one transaction.
func (x *room) create(r *web.Request, c *concern, report Report, then func(*doing) error, a Action, done *Receipt) error {
	ctx := r.Context()
	if err := x.reporterKey(c, report); err != nil {
		return err
	}
	boxes, unsealed := x.seal(c.ID, c.Subject, deref(c.ReporterKey), report)
	return x.DB.Command(ctx, r.Who, about(hub.ActCollect, c.ID), func(tx *pg.Tx) error {
		first, err := x.first(ctx, tx, r, string(a))
		if err != nil || first != nil {
			*done = *orZero(first)
			return err
		}
		g, err := x.maySubmit(ctx, tx, c)
		if err != nil {
			return err
		}
		if unsealed != nil { // only now: what the rules say no to tells nothing of whom it is about (A023)
			return subjectProblem(unsealed)
		}
		if tx.Who().Role == hub.Anonymous { // whoever tells without a name has registered nobody
			if err := tx.PutSubject(ctx, g, pg.Subject{ID: c.Subject, Controller: c.Controller, Author: c.Author, AgeBand: "unknown"}); err != nil {
				return err
			}
		}
		if err := x.ownSubject(ctx, tx, c); err != nil {
			return err
		}
		c := new(*c) // a copy: this function may run again
		if err := insert(ctx, tx, g, c); err != nil {
			return err
		}
		if err := putBoxes(ctx, tx, g, c.ID, boxes); err != nil {
			return err
		}
		if err := tx.PutItem(ctx, g, pg.Item{Kind: "concern", ID: c.ID, About: c.Subject, Controller: c.Controller,
			ReceivedBy: c.ReceivedBy, State: string(c.State), Author: c.Author}); err != nil {
			return err
		}
		d := &doing{ctx: ctx, tx: tx, grant: g, concern: c}
		if err := then(d); err != nil {
			return err
		}
		if c.State != Draft {
			if err := update(ctx, tx, g, c); err != nil {
				return err
			}
		}
		*done = Receipt{ID: c.ID, State: c.State, Version: c.Version, At: tx.Now, New: true}
		return x.finish(d, r, string(a), a, hub.ActCollect, *done)
	})
}

// knock turns away, on record, whoever may hand in nothing, before anything is
// said of what they sent (A026).
func (x *room) knock(r *web.Request) error {
	q := policies.Submit{Role: r.Who.Role, Kind: r.Who.Kind, Purpose: hub.Prevention, Basis: ownBasis(r.Who.Kind)}
	if answer, err := x.DB.Advise(r.Context(), q); err != nil || answer.Allow {
		return err
	}
	return x.DB.Command(r.Context(), r.Who, about(hub.ActCollect, ""), func(tx *pg.Tx) error {
		_, err := tx.Ask(r.Context(), q)
		return err
	})
}

// maySubmit asks whether the actor may hand in a concern at all. A purpose or
// basis that does not fit the role is the writer's to mend, not a secret.
func (x *room) maySubmit(ctx context.Context, tx *pg.Tx, c *concern) (policies.Grant, error) {
	who, basis := tx.Who(), c.Basis
	if basis == "" {
		basis = ownBasis(who.Kind) // a draft: not chosen yet
	}
	if !x.Structure.Basis(basis, tx.Now) {
		basis = ""
	}
	g, err := tx.Ask(ctx, policies.Submit{Role: who.Role, Kind: who.Kind, Purpose: c.Purpose, Basis: basis})
	if denied := new(policies.Denial); errors.As(err, &denied) {
		if _, again := tx.Ask(ctx, policies.Submit{Role: who.Role, Kind: who.Kind, Purpose: hub.Prevention, Basis: ownBasis(who.Kind)}); again == nil {
			return g, hub.Invalid("purpose", "intake.error.purpose")
		}
	}
	return g, err
}

// ownBasis is the legal basis an authority's own processing usually has.
func ownBasis(k hub.AuthorityKind) hub.LegalBasis {
	if k == hub.Police || k == hub.PrisonService {
		return "RHL"
	}
	return "GDPR6-1-E"
}

// ownSubject refuses a subject that is not the writer's to write about: one that
// another authority controls, that was forgotten, that is the writer (A013), or that
// the writer has neither registered nor may see the name of. A reference is not a right.
func (x *room) ownSubject(ctx context.Context, tx *pg.Tx, c *concern) error {
	s, err := tx.HoldSubject(ctx, c.Subject)
	if hub.CodeOf(err) == hub.CodeNotFound || err == nil && s.Controller != c.Controller {
		return hub.Invalid("subject", "intake.error.subject")
	}
	if err != nil {
		return err
	}
	c.heedAge(s)
	self, err := tx.Self(ctx, c.Subject)
	if err == nil && self {
		err = hub.Invalid("subject", "intake.error.subject")
	}
	if err != nil {
		return err
	}
	if s.Author == tx.Who().Person {
		var near bool // too close to something about the person, who is then shut to them also where they registered them
		if err := tx.QueryRow(ctx, `select exists (select from access.relations($1, $2, $3, $4, $5) r where r.about = $6 and r.recused)`, append(tx.Me(), c.Subject)...).Scan(&near); err != nil || !near {
			return err
		}
	}
	rows, err := tx.Query(ctx, `select r.* from access.relations($1, $2, $3, $4, $5) r where r.about = $6 and (r.relation <> '' or r.assigned or r.author)`, append(tx.Me(), c.Subject)...)
	if err != nil {
		return err
	}
	var rel pg.Relation
	known := false
	_, err = pgx.ForEachRow(rows, rel.Into(), func() error {
		answer, err := x.DB.Advise(ctx, rel.View(tx.Who(), hub.Prevention))
		known = known || err == nil && slices.Contains(answer.Fields, "name")
		return err
	})
	if err == nil && !known {
		return hub.Invalid("subject", "intake.error.subject")
	}
	return err
}

func subjectProblem(err error) error {
	e := hub.Invalid("subject", "intake.error.subject")
	e.Err = err
	return e
}

func deref(id *hub.ID) hub.ID {
	if id == nil {
		return ""
	}
	return *id
}

func (x *room) saveDraft(r *web.Request, in DraftText) (Receipt, error) {
	return x.onPath(r, Edit, hub.ActChange, func(d *doing) error { return x.rewrite(d, in) })
}

// draftChanged is the error of a draft that was saved elsewhere meanwhile.
const draftChanged = "intake.error.draft_changed"

// rewrite replaces what a draft says. Two tabs cannot overwrite each other: the
// second is a Conflict, and its text is kept on its own page.
func (x *room) rewrite(d *doing, in DraftText) error {
	if in.Version != 0 && in.Version != d.Version {
		return hub.Conflict(draftChanged)
	}
	if err := in.Report.unheard().Err(); err != nil {
		return err
	}
	if d.ReceivedBy == hub.Police && in.Municipality != "" {
		home, err := x.home(d.tx.Who(), in.Municipality, d.tx.Now)
		if err != nil {
			return err
		}
		d.Municipality = home.Municipality
	}
	subject, err := d.tx.HoldSubject(d.ctx, d.Subject)
	if err != nil {
		return subjectProblem(err)
	}
	d.fillFrom(in.Report)
	d.heedAge(subject)
	if err := x.reporterKey(d.concern, in.Report); err != nil {
		return err
	}
	boxes, err := x.seal(d.ID, d.Subject, deref(d.ReporterKey), in.Report)
	if err != nil {
		return err
	}
	return putBoxes(d.ctx, d.tx, d.grant, d.ID, boxes)
}

func (x *room) discardDraft(r *web.Request, _ struct{}) (Receipt, error) {
	return x.onPath(r, Discard, hub.ActErase, x.discard)
}

// discard deletes a draft, and tells person, which forgets a subject that
// nothing else is about.
func (x *room) discard(d *doing) error {
	d.facts = append(d.facts, event.DraftDiscarded{Concern: d.ID, Subject: d.Subject})
	return nil
}

// ground holds that somebody has said on what ground it is handed in: the hub
// presumes none.
func (s Submission) ground(p *hub.Problems) {
	if s.Purpose == "" {
		p.Add("purpose", "error.choose")
	}
	if s.LegalBasis == "" {
		p.Add("legal_basis", "error.choose")
	}
}

func (x *room) submitConcern(r *web.Request, in Submission) (Receipt, error) {
	if in.Draft != "" {
		if !reflect.DeepEqual(in.DraftText, DraftText{Version: in.Version}) {
			return Receipt{}, hub.Invalid("draft", "intake.error.draft_or_whole")
		}
		return x.submitDraft(r, in)
	}
	if err := x.knock(r); err != nil {
		return Receipt{}, err
	}
	if in.Channel == "" {
		in.Channel = x.channel(r)
	}
	problems := in.Report.Check(x.Now())
	in.ground(&problems)
	if err := problems.Err(); err != nil {
		return Receipt{}, err
	}
	c, err := x.begin(r.Who, in.DraftText, x.Now())
	if err != nil {
		return Receipt{}, err
	}
	c.Purpose, c.Basis = in.Purpose, in.LegalBasis
	var done Receipt
	err = x.create(r, c, in.Report, func(d *doing) error { return x.receive(d, in.Forward) }, Submit, &done)
	return done, err
}

// submitDraft hands in what stands in a draft. Unless the writer says which version
// was read, a draft that changed between the reading and the handing in is read again:
// it may be the hub that noted on it that the subject is a child, and no other tab.
func (x *room) submitDraft(r *web.Request, in Submission) (done Receipt, err error) {
	for range 3 {
		var moved bool
		if done, moved, err = x.submitRead(r, in); !moved || in.Version != 0 {
			break
		}
	}
	return done, err
}

// submitRead hands in what it reads in a draft, and says whether that changed
// meanwhile. The words are read once more, by their author and on record, to see that
// nothing is missing.
func (x *room) submitRead(r *web.Request, in Submission) (done Receipt, moved bool, err error) {
	v, err := x.read(r.Context(), r.Who, in.Draft, false)
	if err != nil {
		return Receipt{}, false, err
	}
	report := v.report()
	if v.State == Draft { // else it was handed in: change gives the first receipt, or says that it is too late
		if in.Version != 0 && in.Version != v.Version {
			return Receipt{}, false, hub.Conflict(draftChanged)
		}
		problems := report.Check(x.Now())
		in.ground(&problems)
		if err := problems.Err(); err != nil {
			return Receipt{}, false, err
		}
	}
	done, err = x.change(r, in.Draft, Submit, hub.ActCollect, func(d *doing) error {
		if moved = d.Version != v.Version; moved {
			return hub.Conflict(draftChanged)
		}
		d.Purpose, d.Basis = in.Purpose, in.LegalBasis
		if _, err := x.maySubmit(d.ctx, d.tx, d.concern); err != nil {
			return err
		}
		d.fillFrom(report) // the defaults
		d.State = Draft
		return x.receive(d, in.Forward)
	})
	return done, moved, err
}

// childrens reports whether the rules let somebody write on a legal basis for the sake of a
// child alone: it is no ground to write about somebody who is none (L25). That a child
// lives with them is an answer of its own.
func (x *room) childrens(ctx context.Context, who hub.Actor, basis hub.LegalBasis) bool {
	may := func(p hub.Purpose) bool {
		a, err := x.DB.Advise(ctx, policies.Submit{Role: who.Role, Kind: who.Kind, Purpose: p, Basis: basis})
		return err == nil && a.Allow
	}
	return may(hub.ChildWelfare) && !may(hub.Prevention)
}

// receive takes a concern in: it has a receipt, a clock and a receiver from
// here on. Who received it by themselves, and may, puts it before the police in
// the same act; the police have it before them at once.
func (x *room) receive(d *doing, forward *service.Basis) error {
	who := d.tx.Who()
	subject, err := d.tx.HoldSubject(d.ctx, d.Subject)
	if err != nil {
		return subjectProblem(err)
	}
	d.heedAge(subject)
	if service.Outgrown(structure.Adult, subject.AgeBand) && x.childrens(d.ctx, who, d.Basis) {
		return hub.Invalid("legal_basis", "intake.error.grown")
	}
	d.State = Received
	d.ReceivedAt = &d.tx.Now
	if due := childDue(d.Child, d.tx.Now); !due.IsZero() {
		d.ChildDue = &due
	}
	x.enter(d.concern, d.tx.Now)
	if who.Authority != d.Controller {
		d.entry.Recipient = d.Controller // a professional elsewhere: handing it in is a disclosure
	}
	if err := d.tx.Stage(d.ctx, d.grant, "concern", d.ID, string(Received)); err != nil {
		return err
	}
	step, due := Received, d.StepDue
	if who.Authority == d.Controller && (who.Role == hub.Receiver || who.Role == hub.MunicipalCoordinator || who.Role == hub.PoliceCoordinator) {
		if _, err := d.tx.Assign(d.ctx, d.grant, pg.Assignment{ID: x.NewID(), Kind: "concern", Item: d.ID, Person: who.Person, Authority: who.Authority, Role: who.Role,
			Why: "receiver", From: d.tx.Now, Until: d.EraseAt}); err != nil {
			return err
		}
		if d.Controller == d.Police && forward == nil {
			forward = &service.Basis{}
		}
		if forward != nil {
			g, err := x.may(d.ctx, d.tx, Forward, d.ID)
			if err != nil {
				return err
			}
			d.State = PoliceCheck
			x.enter(d.concern, d.tx.Now)
			if err := x.forward(d, *forward); err != nil {
				return err
			}
			if err := d.tx.Stage(d.ctx, g, "concern", d.ID, string(PoliceCheck)); err != nil {
				return err
			}
			step, due = PoliceCheck, d.StepDue
		}
	}
	told := event.ConcernReceived{Concern: d.ID, Authority: d.Controller, ReceivedAt: d.tx.Now, Step: string(step)}
	if due != nil {
		told.Due = *due
	}
	d.facts = append([]event.Fact{told}, d.facts...)
	return nil
}
