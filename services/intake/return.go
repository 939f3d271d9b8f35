package intake

import (
	"context"
	"errors"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/vault"
)

// Returned is what an authority wrote in this room: the concerns that its people handed
// in, and its own triage of those of others. Not who of them reported (L51), nor whom
// it is about, nor what became of it (A030): of a concern it is what was handed in.
type Returned struct {
	Concerns []ReturnedConcern `json:"concerns"`
	Triages  []ReturnedTriage  `json:"triages"`
}

// ReturnedConcern is a concern as it was handed in.
type ReturnedConcern struct {
	ID            hub.ID          `json:"id"`
	ReceivedAt    *time.Time      `json:"received_at,omitempty"`
	Channel       string          `json:"channel,omitempty"`
	Urgency       string          `json:"urgency,omitempty"`
	UrgencyReason string          `json:"urgency_reason,omitempty"`
	Theme         string          `json:"theme,omitempty"`
	Statements    []StatementView `json:"statements,omitempty"`
	WhyNow        string          `json:"why_now,omitempty"`
	Context       string          `json:"context,omitempty"`
	Wishes        string          `json:"wishes,omitempty"`
	Erased        bool            `json:"erased,omitzero"`
}

// ReturnedTriage is what the authority's coordinator said of a concern.
type ReturnedTriage struct {
	Concern   hub.ID    `json:"concern"`
	At        time.Time `json:"at"`
	Outcome   State     `json:"outcome,omitempty"`
	Track     string    `json:"track,omitempty"`
	Rationale string    `json:"rationale,omitempty"`
	Erased    bool      `json:"erased,omitzero"`
}

// handedIn are the concerns that people of an authority ($1) handed in, in the hat of
// it, and judged the triages that were said for it.
var (
	handedIn = `select c.id, c.version, c.controller, c.subject, h.authority, ` + pg.TooClose("c.id", "c.subject") + `, c.received_at, c.channel, c.urgency, c.statements,
		coalesce((select jsonb_agg(jsonb_build_object('field', w.field, 'key', w.key, 'box', encode(w.box, 'base64')) order by w.field)
			from intake.words w where w.concern = c.id and w.key = c.subject), '[]')
	from intake.concern c join intake.step s on s.concern = c.id and s.action = 'submit' join access.hat h on h.id = s.hat
	where h.authority = $1 order by c.received_at, c.id`
	judged = `select c.id, c.version, c.controller, c.subject, h.authority, ` + pg.TooClose("c.id", "c.subject") + `, j.party, j.at, j.outcome, j.track, j.box
	from intake.judgement j join intake.concern c on c.id = j.concern
	join lateral (select case j.party when 'police' then c.police else c.municipality end) h (authority) on true
	where h.authority = $1 order by j.at, c.id, j.n`
)

// wrote is one of either on its way out.
type wrote struct {
	concern
	service.Wrote
	boxes  []box
	judged judgement
}

// returned gives what the asker's authority wrote here, for the file that it takes along.
func (x *room) returned(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	var concerns, triages []*wrote
	err := x.DB.View(ctx, who, func(tx *pg.Tx) error {
		t, err := x.Taking(ctx, tx)
		if err != nil {
			return err
		}
		if concerns, err = service.Takes(ctx, t, "concern", handedIn, func(o *wrote) []any {
			return []any{&o.ReceivedAt, &o.Channel, &o.Urgency, &o.Statements, &o.boxes}
		}, "channel", "context", "received_at", "reference", "statements", "theme", "urgency", "urgency_reason", "why_now", "wishes"); err != nil {
			return err
		}
		triages, err = service.Takes(ctx, t, "concern", judged, func(o *wrote) []any {
			return []any{&o.judged.Party, &o.judged.At, &o.judged.Outcome, &o.judged.Track, &o.judged.Box}
		}, "municipal_rationale", "police_rationale", "triage_outcome")
		return err
	})
	if err != nil {
		return nil, err
	}
	var out Returned
	for _, o := range concerns {
		c, err := x.handed(ctx, o)
		if err != nil {
			return nil, err
		}
		out.Concerns = append(out.Concerns, c)
	}
	for _, o := range triages {
		j := ReturnedTriage{Concern: o.Object.ID, At: o.judged.At}
		keep(o.Grant.Allows("triage_outcome"), &j.Outcome, o.judged.Outcome)
		keep(o.Grant.Allows("triage_outcome"), &j.Track, o.judged.Track)
		if o.Grant.Allows(rationaleOf[o.judged.Party]) {
			field := "judgement." + o.judged.Party
			text, erased, err := x.opens(ctx, o, []box{{Field: field, Key: o.Wrote.Subject, Box: o.judged.Box}})
			if err != nil {
				return nil, err
			}
			j.Rationale, j.Erased = text[field], erased
		}
		out.Triages = append(out.Triages, j)
	}
	return x.Cells(lang, "intake", out, ids)
}

// rationaleOf is the field of policy of each party's rationale.
var rationaleOf = map[string]string{"municipality": "municipal_rationale", "police": "police_rationale"}

// handed opens what the grant names of a concern that was handed in.
func (x *room) handed(ctx context.Context, o *wrote) (ReturnedConcern, error) {
	may := o.Grant.Allows
	c := ReturnedConcern{ID: o.Object.ID}
	keep(may("received_at"), &c.ReceivedAt, o.ReceivedAt)
	keep(may("channel"), &c.Channel, o.Channel)
	keep(may("urgency"), &c.Urgency, o.Urgency)
	text, erased, err := x.opens(ctx, o, o.boxes)
	if err != nil {
		return c, err
	}
	c.Theme, c.UrgencyReason, c.WhyNow, c.Context, c.Wishes, c.Erased = text["theme"], text["urgency_reason"], text["why_now"], text["context"], text["wishes"], erased
	if may("statements") {
		for i, m := range o.Statements {
			c.Statements = append(c.Statements, StatementView{m.Kind, text["statements."+strconv.Itoa(i)], m.ObservedOn, m.FirstHand})
		}
	}
	return c, nil
}

// opens gives the texts that the grant names; a rationale is judged by who asks.
func (x *room) opens(ctx context.Context, o *wrote, sealed []box) (text map[string]string, erased bool, err error) {
	var fields []string
	var boxes []vault.Box
	for _, b := range sealed {
		if name, _, _ := strings.Cut(b.Field, "."); name == "judgement" || o.Grant.Allows(name) {
			fields = append(fields, b.Field)
			boxes = append(boxes, vault.Box{Receipt: o.Receipt, Key: b.Key, Where: where(o.Object.ID, b.Field), Sealed: b.Box})
		}
	}
	text = map[string]string{}
	for i, opened := range x.Vault.OpenAll(boxes...) {
		switch {
		case errors.Is(opened.Err, vault.ErrDestroyed):
			erased = true
		case opened.Err != nil:
			return nil, false, opened.Err
		default:
			text[fields[i]] = opened.Text.Reveal(ctx)
		}
	}
	return text, erased, nil
}
