package referral

import (
	"context"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
)

// Returned is what an authority wrote in this room: the offers that it sent, what it
// answered to those of others, how it said that the help went, and what it wrote of
// consents, follow-ups and of closing a case.
type Returned struct {
	Offers    []ReturnedOffer    `json:"offers"`
	Answers   []ReturnedAnswer   `json:"offer_answers"`
	Progress  []ReturnedProgress `json:"progress"`
	Consents  []ReturnedConsent  `json:"consents"`
	FollowUps []ReturnedFollowUp `json:"follow_ups"`
	Closings  []ReturnedClosing  `json:"closing"`
}

// ReturnedOffer is an offer that was sent.
type ReturnedOffer struct {
	ID        hub.ID     `json:"id"`
	At        *time.Time `json:"offered_at,omitempty"`
	By        string     `json:"by,omitempty"`
	Dimension string     `json:"dimension,omitempty"`
	Measure   string     `json:"measure,omitempty"`
	Preview   string     `json:"preview,omitempty"`
	Task      string     `json:"task,omitempty"`
	Erased    bool       `json:"erased,omitzero"`
}

// ReturnedAnswer is what was answered to an offer of another, or within.
type ReturnedAnswer struct {
	Offer  hub.ID    `json:"offer"`
	At     time.Time `json:"at"`
	By     string    `json:"by,omitempty"`
	Answer string    `json:"answer,omitempty"`
	Note   string    `json:"note,omitempty"`
	Erased bool      `json:"erased,omitzero"`
}

// ReturnedProgress is a note of how the help went, or of how it ended.
type ReturnedProgress struct {
	Offer   hub.ID    `json:"offer"`
	At      time.Time `json:"at"`
	By      string    `json:"by,omitempty"`
	Status  string    `json:"status,omitempty"`
	Outcome string    `json:"outcome,omitempty"` // of the last
	Start   string    `json:"start,omitempty"`
	End     string    `json:"end,omitempty"`
	Talk    *Talked   `json:"talk,omitempty"`
	Effect  string    `json:"effect,omitempty"`
	Economy string    `json:"economy,omitempty"`
	Erased  bool      `json:"erased,omitzero"`
}

// Talked is a preventive conversation, in codes and words.
type Talked struct {
	Status   string `json:"status,omitempty"`
	Mode     string `json:"mode,omitempty"`
	Identity string `json:"identity,omitempty"`
	Guardian string `json:"guardian,omitempty"`
	TookPart string `json:"took_part,omitempty"`
}

// ReturnedConsent is a consent that was recorded.
type ReturnedConsent struct {
	Case     hub.ID    `json:"case"`
	At       time.Time `json:"at"`
	By       string    `json:"by,omitempty"`
	SignedOn string    `json:"signed_on"`
	Document string    `json:"document,omitempty"`
	Scope    string    `json:"scope,omitempty"`
	Erased   bool      `json:"erased,omitzero"`
}

// ReturnedFollowUp is a follow-up that was noted.
type ReturnedFollowUp struct {
	Case      hub.ID     `json:"case"`
	N         int        `json:"n"`
	At        time.Time  `json:"at"`
	By        string     `json:"by,omitempty"`
	Movements []Movement `json:"movements,omitempty"`
	NewSigns  bool       `json:"new_signs,omitzero"`
	Note      string     `json:"note,omitempty"`
	Erased    bool       `json:"erased,omitzero"`
}

// ReturnedClosing is what was said of closing a case, or of opening it again.
type ReturnedClosing struct {
	Case      hub.ID    `json:"case"`
	What      string    `json:"what"` // close, reopen
	At        time.Time `json:"at"`
	By        string    `json:"by,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	Level     string    `json:"level_at_close,omitempty"`
	Informed  string    `json:"informed,omitempty"`
	Ground    string    `json:"inform_ground,omitempty"`
	OpenGaps  string    `json:"open_gaps,omitempty"`
	AfterCare string    `json:"after_care,omitempty"`
	Why       string    `json:"why_not_informed,omitempty"`
	Because   string    `json:"why,omitempty"` // of opening again
	Erased    bool      `json:"erased,omitzero"`
}

// wrote is one thing on its way out.
type wrote struct {
	service.Wrote
	At       time.Time
	Hat      hub.ID
	Thing    hub.ID // under which its words are sealed
	Texts    []pg.Text
	N, Round int
	offer    offer
	start    string
	end      string
	talk     *talkCodes
	signedOn string
	moved    []Movement
	newSigns bool
	said     struct{ What, Reason, Level, Informed, Ground string }
	revealed map[string]string
	erased   bool
}

// thing is one kind of what is taken along: the item that it stands in, the statement
// that finds it ([service.Takes]; after what is common to all come when, in which hat,
// where the words are sealed and the words), and the fields that it has.
type thing struct {
	item, sealed, sql string
	into              func(*wrote) []any
	begins            func(*wrote) []string // what the names of its words begin with
	fields            []string
}

var (
	ofOffer = func(hat, at string) string {
		return `select o.id, o.version, o.sender, o.subject, h.authority, ` + pg.TooClose("o.id", "o.subject") + `, ` + at + `, ` + hat + `, o.id, ` + pg.TextsOf("o.id")
	}
	ofCase = func(thing string) string {
		return `select c.case_id, c.version, c.municipality, c.subject, h.authority, ` + pg.TooClose("c.case_id", "c.subject") + `, x.at, x.hat, ` + thing + `, ` + pg.TextsOf(thing)
	}
)

const (
	onOffer = ` join offer o on o.id = x.offer join access.hat h on h.id = x.hat where h.authority = $1 order by x.at, o.id`
	onCase  = ` join course c on c.case_id = x.case_id join access.hat h on h.id = x.hat where h.authority = $1 order by x.at, c.case_id`
)

// things are the kinds, in the order of [Returned].
var things = []thing{
	{"offer", "offer", ofOffer("o.by_hat", "o.sent_at") + `, o.dimension, o.measure from offer o join lateral (select o.sender) h (authority) on true
		where o.sender = $1 and o.sent_at is not null order by o.sent_at, o.id`,
		func(o *wrote) []any { return []any{&o.offer.Dimension, &o.offer.Measure} },
		func(*wrote) []string { return []string{"preview", "task"} }, []string{"dimension", "measure", "offered_at", "preview", "reference", "task"}},
	{"offer", "offer", ofOffer("x.hat", "x.at") + `, o.answer from (select * from step where action in ('take_up', 'turn_down')) x` + onOffer,
		func(o *wrote) []any { return []any{&o.offer.Answer} },
		func(*wrote) []string { return []string{"answer"} }, []string{"progress", "reference"}},
	{"offer", "offer", ofOffer("x.hat", "x.at") + `, x.n, x.status, coalesce(x.start_on::text, ''), coalesce(x.end_on::text, ''), x.talk from progress x` + onOffer,
		func(o *wrote) []any { return []any{&o.N, &o.offer.Status, &o.start, &o.end, &o.talk} },
		func(o *wrote) []string { return []string{"progress." + strconv.Itoa(o.N) + "."} }, []string{"progress", "reference"}},
	{"offer", "offer", ofOffer("x.hat", "x.at") + `, o.outcome from (select * from step where action = 'end') x` + onOffer,
		func(o *wrote) []any { return []any{&o.offer.Outcome} },
		func(*wrote) []string { return []string{"progress.end."} }, []string{"progress", "reference"}},
	{"case", "consent", ofCase("x.id") + `, x.signed_on::text from consent x` + onCase,
		func(o *wrote) []any { return []any{&o.signedOn} },
		func(*wrote) []string { return []string{""} }, []string{"recommendations", "reference"}},
	{"case", "case", ofCase("c.case_id") + `, x.n, x.movements, x.new_signs from followup x` + onCase,
		func(o *wrote) []any { return []any{&o.N, &o.moved, &o.newSigns} },
		func(o *wrote) []string { return []string{"follow_ups." + strconv.Itoa(o.N) + "."} }, []string{"follow_ups", "reference"}},
	{"case", "case", ofCase("c.case_id") + `, x.round, x.n, x.what, x.reason, x.level, x.informed, x.ground from proposal x` + onCase,
		func(o *wrote) []any {
			return []any{&o.Round, &o.N, &o.said.What, &o.said.Reason, &o.said.Level, &o.said.Informed, &o.said.Ground}
		},
		func(o *wrote) []string { return []string{o.spoken("closing"), o.spoken("reopening")} }, []string{"closing", "reference"}},
}

// spoken is what the names of the words about closing, or opening again, begin with.
func (o *wrote) spoken(of string) string {
	return of + "." + strconv.Itoa(o.Round) + "." + strconv.Itoa(o.N) + "."
}

// returned gives what the asker's authority wrote here, for the file that it takes along.
func (x *room) returned(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	all := make([][]*wrote, len(things))
	err := x.DB.View(ctx, who, func(tx *pg.Tx) error {
		t, err := x.Taking(ctx, tx)
		if err != nil {
			return err
		}
		for i, kind := range things {
			if all[i], err = service.Takes(ctx, t, kind.item, kind.sql, kind.reads, kind.fields...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, kind := range things {
		for _, o := range all[i] {
			if o.revealed, o.erased, err = x.Open(ctx, o.Receipt, place(kind.sealed, o.Thing), o.Texts, func(field string) bool {
				for _, begin := range kind.begins(o) {
					if strings.HasPrefix(field, begin) {
						return true
					}
				}
				return false
			}); err != nil {
				return nil, err
			}
		}
	}
	return x.Cells(lang, "referral", x.tells(all), ids)
}

// reads says where a row of the kind goes.
func (k thing) reads(o *wrote) []any {
	return append([]any{&o.At, &o.Hat, &o.Thing, &o.Texts}, k.into(o)...)
}

// tells puts what was revealed into words.
func (x *room) tells(all [][]*wrote) (out Returned) {
	for _, o := range all[0] {
		out.Offers = append(out.Offers, ReturnedOffer{o.Object.ID, &o.At, x.nameOf(o.Hat), o.offer.Dimension, o.offer.Measure, o.revealed["preview"], o.revealed["task"], o.erased})
	}
	for _, o := range all[1] {
		out.Answers = append(out.Answers, ReturnedAnswer{o.Object.ID, o.At, x.nameOf(o.Hat), o.offer.Answer, o.revealed["answer"], o.erased})
	}
	for _, o := range all[2] {
		at := "progress." + strconv.Itoa(o.N) + "."
		p := ReturnedProgress{Offer: o.Object.ID, At: o.At, By: x.nameOf(o.Hat), Status: o.offer.Status, Start: o.start, End: o.end, Effect: o.revealed[at+"effect"], Economy: o.revealed[at+"economy"], Erased: o.erased}
		if o.talk != nil {
			p.Talk = &Talked{o.talk.Status, o.talk.Mode, o.talk.Identity, o.talk.Guardian, o.revealed[at+"took_part"]}
		}
		out.Progress = append(out.Progress, p)
	}
	for _, o := range all[3] {
		out.Progress = append(out.Progress, ReturnedProgress{Offer: o.Object.ID, At: o.At, By: x.nameOf(o.Hat), Outcome: o.offer.Outcome, Effect: o.revealed["progress.end.effect"], Erased: o.erased})
	}
	for _, o := range all[4] {
		out.Consents = append(out.Consents, ReturnedConsent{o.Object.ID, o.At, x.nameOf(o.Hat), o.signedOn, o.revealed["document"], o.revealed["scope"], o.erased})
	}
	for _, o := range all[5] {
		out.FollowUps = append(out.FollowUps, ReturnedFollowUp{o.Object.ID, o.N, o.At, x.nameOf(o.Hat), o.moved, o.newSigns, o.revealed["follow_ups."+strconv.Itoa(o.N)+".note"], o.erased})
	}
	for _, o := range all[6] {
		at := o.spoken("closing")
		out.Closings = append(out.Closings, ReturnedClosing{o.Object.ID, o.said.What, o.At, x.nameOf(o.Hat), o.said.Reason, o.said.Level, o.said.Informed, o.said.Ground,
			o.revealed[at+"open_gaps"], o.revealed[at+"after_care"], o.revealed[at+"why"], o.revealed[o.spoken("reopening")+"reason"], o.erased})
	}
	return out
}
