package referral

import (
	"context"
	"encoding/json"
	"errors"
	"html/template"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/policies"
)

// cells is this room's part of a case, for a file that another room writes.
func (x *room) cells(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	list, err := x.looking(ctx, who, true, true, ids...)
	if err != nil {
		return nil, err
	}
	out := map[hub.ID]template.HTML{}
	for _, s := range list {
		v, err := x.showCourse(ctx, who, s)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(x.Named(lang, x.Web.Cells(lang, "referral", v, "id", "state", "version", "subject", "next_date", "actions", "fields")))
		if err != nil {
			return nil, err
		}
		out[s.ID] = template.HTML(text) // of letters that mean nothing in HTML: encoding/json escapes the rest
	}
	return out, nil
}

// leaves records that a course goes out as a file; false, and the refusal, where it
// may not.
func (x *room) leaves(ctx context.Context, tx *pg.Tx, rel pg.Relation, e pg.Entry) (bool, error) {
	e.Act = hub.ActExport
	g, err := tx.Ask(ctx, rel.Act(tx.Who(), service.Export, hub.Prevention))
	if denied := new(policies.Denial); errors.As(err, &denied) {
		return false, tx.Refuse(ctx, denied, e)
	}
	if err == nil {
		_, err = tx.Record(ctx, g, e)
	}
	return err == nil, err
}

// about shows the offers about somebody who was found; found the one that was
// asked for by its reference. Both are the list, of less.
func (x *room) about(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	return x.hits(ctx, who, lang, ids, func(id hub.ID) (OfferFilter, hub.ID) { return OfferFilter{Subject: id, Limit: 100}, "" })
}

func (x *room) found(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	return x.hits(ctx, who, lang, ids, func(id hub.ID) (OfferFilter, hub.ID) { return OfferFilter{Limit: 100}, id })
}

func (x *room) hits(ctx context.Context, who hub.Actor, lang string, ids []hub.ID, of func(hub.ID) (OfferFilter, hub.ID)) (map[hub.ID]template.HTML, error) {
	out := map[hub.ID]template.HTML{}
	for _, id := range ids {
		in, item := of(id)
		page, err := x.listed(ctx, who, in, item)
		if err != nil {
			return nil, err
		}
		if len(page.Offers) > 0 {
			if out[id], err = x.Web.Fragment(lang, "referral", "hits", struct {
				List  Offers
				Words words
			}{page, x.words(lang)}); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
