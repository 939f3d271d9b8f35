package referral

import (
	"context"
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

// OfferView is an offer as one actor may see it: what policy did not give is not
// there. The same struct is the page, the JSON and the preview, so that they
// cannot differ (A005).
type OfferView struct {
	ID         hub.ID          `json:"id"`
	State      OfferState      `json:"state,omitempty"`
	Version    int             `json:"version,omitzero"`
	Case       hub.ID          `json:"case,omitempty"` // only to those who lead it
	Sender     hub.AuthorityID `json:"sender,omitempty"`
	Receiver   hub.AuthorityID `json:"receiver,omitempty"`
	Department string          `json:"department,omitempty"`
	Kind       string          `json:"kind,omitempty"`
	SentAt     *time.Time      `json:"offered_at,omitempty"`
	Due        *time.Time      `json:"due,omitempty"`
	Subject    hub.ID          `json:"subject,omitempty"`
	Dimension  string          `json:"dimension,omitempty"`
	Measure    string          `json:"measure,omitempty"`
	Preview    string          `json:"preview,omitempty"`
	Task       string          `json:"task,omitempty"`
	Answer     string          `json:"answer,omitempty"`
	Note       string          `json:"note,omitempty"`
	Status     string          `json:"status,omitempty"`
	Outcome    string          `json:"outcome,omitempty"`
	Owner      string          `json:"owner,omitempty"`
	Next       *time.Time      `json:"next_date,omitempty"`
	Progress   []ProgressView  `json:"progress,omitempty"`
	EndEffect  string          `json:"end_effect,omitempty"`
	WhoCanSee  []Reader        `json:"-"`
	SeeTrail   bool            `json:"-"`
	Actions    []Action        `json:"actions"`
	Fields     []string        `json:"fields"` // what policy gave: the names of the fields
	Erased     bool            `json:"erased,omitempty"`
	rel        pg.Relation
}

// ProgressView is one note about a measure.
type ProgressView struct {
	At       time.Time  `json:"at"`
	By       string     `json:"by"`
	Status   string     `json:"status"`
	Owner    string     `json:"owner,omitempty"`
	Start    string     `json:"start,omitempty"`
	End      string     `json:"end,omitempty"`
	Talk     *talkCodes `json:"talk,omitempty"`
	TookPart string     `json:"took_part,omitempty"`
	Effect   string     `json:"effect,omitempty"`
	Economy  string     `json:"economy,omitempty"`
}

// Reader is somebody who can see an offer now, by which rule, since when (X11).
type Reader = service.Reader

// opened is what a read of an offer brings out of its transaction.
type opened struct {
	offer
	rel      pg.Relation
	Texts    []pg.Text
	Progress []progressRow
	Consents []consent       // in force
	whose    hub.AuthorityID // the case that it is made in
	readers  []Reader
}

type progressRow struct {
	N     int        `json:"n"`
	At    time.Time  `json:"at"`
	Hat   hub.ID     `json:"hat"`
	State string     `json:"status"`
	Owner hub.ID     `json:"owner"`
	Start string     `json:"start"`
	End   string     `json:"end"`
	Talk  *talkCodes `json:"talk"`
}

// offerContent is an offer with all that hangs on it.
var offerContent = `select ` + offerColumns + `, ` + pg.TextsOf("o.id") + `,
	coalesce((select jsonb_agg(jsonb_build_object('n', p.n, 'at', p.at, 'hat', p.hat, 'status', p.status, 'owner', p.owner_hat, 'start', coalesce(p.start_on::text, ''),
		'end', coalesce(p.end_on::text, ''), 'talk', p.talk) order by p.n) from progress p where p.offer = o.id), '[]'),
	coalesce((select jsonb_agg(jsonb_build_object('id', c.id, 'fields', c.fields, 'recipients', c.recipients) order by c.at desc, c.id) from consent c
		where c.case_id = o.case_id and c.ended_at is null), '[]'),
	coalesce((select i.controller from access.item i where i.id = o.case_id), '')
	from offer o where o.id = r.id`

func loadOffer(ctx context.Context, tx *pg.Tx, id hub.ID) (opened, error) {
	var o opened
	err := tx.Sheet(ctx, "offer", id, &o.rel, offerContent, append(o.offer.into(), &o.Texts, &o.Progress, &o.Consents, &o.whose)...)
	o.offer.State = OfferState(o.rel.State)
	return o, err
}

// readOffer gives one offer to one actor: one statement for content and access
// facts, the decision, the record, the commit, and only then the words.
func (x *room) readOffer(ctx context.Context, who hub.Actor, id hub.ID) (*OfferView, opened, hub.Receipt, error) {
	o, grant, receipt, err := pg.Read(ctx, x.DB, who, func(tx *pg.Tx) (opened, policies.Question, pg.Entry, error) {
		o, err := loadOffer(ctx, tx, id)
		if err == nil && tx.Sees(ctx, o.rel) {
			o.readers, err = x.readers(ctx, tx, &o.offer, o.rel.State)
		}
		e := pg.Entry{Act: hub.ActConsult, Object: hub.Object{Kind: "offer", ID: id, Version: o.Version}, Controller: o.rel.Controller}
		if o.rel.About != "" {
			e.Subjects = []hub.ID{o.rel.About}
		}
		return o, o.rel.View(who, hub.Prevention), e, err
	})
	if err != nil {
		return nil, opened{}, hub.Receipt{}, err
	}
	v, err := x.show(ctx, o, grant.Allows, receipt)
	if err != nil {
		return nil, opened{}, hub.Receipt{}, err
	}
	v.Fields, v.Actions = grant.Fields(), x.offerActions(ctx, who, o)
	return v, o, receipt, nil
}

// show opens what may gives of an offer, and nothing else.
func (x *room) show(ctx context.Context, o opened, may func(string) bool, receipt hub.Receipt) (*OfferView, error) {
	v := &OfferView{ID: o.ID, rel: o.rel, SeeTrail: may("who_has_seen"), Actions: []Action{}}
	keep(may("state"), &v.State, o.offer.State)
	keep(may("state"), &v.Version, o.Version)
	keep(may("state"), &v.Sender, o.Sender)
	keep(may("state"), &v.Receiver, o.Receiver)
	keep(may("state"), &v.Department, o.Department)
	keep(may("measure"), &v.Kind, o.Kind)
	keep(may("offered_at"), &v.SentAt, o.SentAt)
	keep(may("due"), &v.Due, &o.DueAt)
	keep(may("name"), &v.Subject, o.Subject)
	keep(may("dimension"), &v.Dimension, o.Dimension)
	keep(may("measure"), &v.Measure, o.Measure)
	keep(may("who_can_see"), &v.Case, o.Case)
	keep(may("who_can_see"), &v.WhoCanSee, o.readers)
	text, erased, err := x.Open(ctx, receipt, place("offer", o.ID), o.Texts, func(field string) bool { return may(givenWith(field)) })
	if err != nil {
		return nil, err
	}
	v.Erased, v.Preview, v.Task = erased, text["preview"], text["task"]
	if may("progress") {
		v.Answer, v.Note, v.Status, v.Outcome, v.EndEffect = o.Answer, text["answer"], o.Status, o.Outcome, text["progress.end.effect"]
		keep(o.OwnerHat != "", &v.Owner, x.nameOf(o.OwnerHat))
		keep(runs(o.Status) && !o.offer.State.over(), &v.Next, &o.NextAt)
		v.Progress = x.progressOf(o.Progress, text)
	}
	return v, nil
}

func (x *room) progressOf(rows []progressRow, text map[string]string) []ProgressView {
	var list []ProgressView
	for _, p := range rows {
		at := "progress." + strconv.Itoa(p.N) + "."
		list = append(list, ProgressView{At: p.At, By: x.nameOf(p.Hat), Status: p.State, Owner: x.nameOf(p.Owner), Start: p.Start, End: p.End, Talk: p.Talk,
			TookPart: text[at+"took_part"], Effect: text[at+"effect"], Economy: text[at+"economy"]})
	}
	return list
}

// givenWith is the field of policy with which a sealed text of an offer is given.
func givenWith(field string) string {
	name, _, _ := strings.Cut(field, ".")
	if name == "answer" {
		return "progress"
	}
	return name
}

// offerActions are what the actor may do now, by table and policy: the buttons.
func (x *room) offerActions(ctx context.Context, who hub.Actor, o opened) []Action {
	list := []Action{}
	for _, a := range OfferActions {
		if _, err := moveOffer(o.Kind, OfferState(o.rel.State), a); err != nil {
			continue
		}
		if answer, err := x.DB.Advise(ctx, question(who, o.rel, a)); err == nil && answer.Allow && !(a == End && o.Kind == notification && !o.rel.Assigned) {
			list = append(list, a)
		}
	}
	return list
}

// readers lists who can see an offer in a state, from the same rules and the same
// snapshot as every read.
func (x *room) readers(ctx context.Context, tx *pg.Tx, o *offer, state string) ([]service.Reader, error) {
	life := structure.Span{From: o.MadeAt}
	if err := tx.QueryRow(ctx, `select erase_at from course where case_id = $1`, o.Case).Scan(&life.Until); err != nil {
		return nil, err
	}
	list, err := x.Readers(ctx, tx, "offer", o.ID, life, func(rel *pg.Relation) { rel.State = state })
	for i, r := range list {
		if o.UntilAge > 0 && r.Authority == o.Receiver && (r.UntilAge == 0 || o.UntilAge < r.UntilAge) {
			list[i].UntilAge = o.UntilAge
		}
	}
	return list, err
}

// Preview is exactly what the receiver will see of an offer, before and after it
// is taken up: made by the rules and the code that show it then.
type Preview struct {
	Receiver   hub.AuthorityID `json:"receiver"`
	Department string          `json:"department,omitempty"`
	Who        []string        `json:"who"` // the named people who receive it; none where the authority's coordinator does
	bases      []web.Option
	Before     *OfferView `json:"before,omitempty"` // not of a notification: it is handed over at once
	After      *OfferView `json:"after,omitempty"`
}

func (x *room) previewReferral(r *web.Request, _ struct{}) (*Preview, error) {
	_, p, err := x.preview(r)
	return p, err
}

// preview reads an offer as its sender, and shows it as its receiver.
func (x *room) preview(r *web.Request) (*OfferView, *Preview, error) {
	ctx := r.Context()
	id, err := r.PathID("id")
	if err != nil {
		id = ""
	}
	v, o, receipt, err := x.readOffer(ctx, r.Who, id)
	if err != nil {
		return nil, nil, err
	}
	if v.Case == "" || !slices.Contains(v.Fields, "preview") {
		return nil, nil, hub.NotFound() // only those who lead the case send, and in a closed one nothing is sent
	}
	p := &Preview{Receiver: o.Receiver, Department: o.Department, Who: []string{}}
	who, rel := x.receiverOf(r, o, p)
	for _, s := range []OfferState{Offered, TakenUp} {
		if s == Offered && o.Kind == notification {
			continue
		}
		rel.State = string(s)
		answer, err := x.DB.Advise(ctx, rel.View(who, hub.Prevention))
		if err != nil {
			return nil, nil, err
		}
		o.offer.State = s
		fields := slices.DeleteFunc(slices.Clone(answer.Fields), func(f string) bool { return !slices.Contains(v.Fields, f) }) // nobody sees more by another's eyes
		seen, err := x.show(ctx, o, func(f string) bool { return slices.Contains(fields, f) }, receipt)
		if err != nil {
			return nil, nil, err
		}
		seen.Fields = fields
		keep(s == Offered, &p.Before, seen)
		keep(s == TakenUp, &p.After, seen)
	}
	return v, p, nil
}

// receiverOf is somebody who receives an offer, and what they are to it once it is
// sent: by name, or as the coordinator of the authority it is shared with.
func (x *room) receiverOf(r *web.Request, o opened, p *Preview) (hub.Actor, pg.Relation) {
	rel := pg.Relation{Kind: "offer", ID: o.ID, ReceivedBy: o.rel.ReceivedBy, Relation: "own"}
	if o.Receiver != o.Sender {
		share := disclosure(&o.offer, Offered, service.Basis{Purpose: hub.Prevention}, x.resting(&o.offer, o.Consents, r.Now))
		share.Under, share.Agreed = service.Freely(o.whose, o.Sender, o.Receiver)
		rel.Relation, rel.SharedBy, rel.Classes = "shared", r.Who.Kind, strings.Join(share.Classes, ",")
		p.bases = x.Bases(r, share)
		if len(p.bases) > 0 {
			rel.Basis = hub.LegalBasis(p.bases[0].Value)
		}
	}
	var who hub.Actor
	for _, post := range x.candidates(&o.offer, r.Now) {
		if answer, err := x.DB.Advise(r.Context(), x.mayLetIn(r.Who, post, Offered)); err == nil && answer.Allow {
			p.Who = append(p.Who, post.Name)
			who.Hat, rel.Assigned = post.Hat, true
		}
	}
	if len(p.Who) == 0 {
		for _, post := range x.Structure.PostsOf(o.Receiver, "", r.Now, hub.MunicipalCoordinator, hub.PoliceCoordinator) {
			who.Hat = post.Hat
		}
	}
	return who, rel
}

// resting is the consent that an offer would rest on; nil where its measure needs
// none, or there is none.
func (x *room) resting(o *offer, all []consent, now time.Time) *consent {
	if m, ok := x.Structure.Measure(o.Measure, now); !ok || !m.Consent {
		return nil
	}
	return covering(all, o)
}

func (x *room) nameOf(hat hub.ID) string { return x.Structure.NameOf(hat) }

// keep fills in a field that policy gives.
func keep[T any](may bool, field *T, value T) {
	if may {
		*field = value
	}
}

func (x *room) getReferral(r *web.Request, _ struct{}) (*OfferView, error) {
	id, err := r.PathID("id")
	if err != nil {
		id = "" // asked and recorded like any other that is not there
	}
	v, _, _, err := x.readOffer(r.Context(), r.Who, id)
	return v, err
}
