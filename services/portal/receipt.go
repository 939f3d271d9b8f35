package portal

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// Kept is an advice that somebody kept: what they asked, what was answered, when and
// under which rules. It is about nobody.
type Kept struct {
	ID        hub.ID          `json:"id"`
	At        time.Time       `json:"at"`
	By        string          `json:"by"`
	Role      hub.Role        `json:"role"`
	Authority hub.AuthorityID `json:"authority"`
	Advice    Advice          `json:"advice"`
	hat       hub.ID
	made      bool
}

// Created reports whether it was kept just now.
func (k Kept) Created() bool { return k.made }

// askAdvice answers what may be shared. Nothing is kept.
func (x *room) askAdvice(r *web.Request, in Asking) (Advice, error) {
	if err := x.mayAsk(r); err != nil {
		return Advice{}, err
	}
	return x.advise(r.Context(), r.Who, in, r.Now)
}

// asks is the question whether somebody may be told what may be shared.
func asks(who hub.Actor) policies.Advice {
	return policies.Advice{Role: who.Role, Kind: who.Kind, Step: "ask"}
}

// mayAsk asks for the right to ask.
func (x *room) mayAsk(r *web.Request) error {
	return x.DB.View(r.Context(), r.Who, func(tx *pg.Tx) error {
		_, err := tx.Ask(r.Context(), asks(r.Who))
		return err
	})
}

// keepAdvice answers, and keeps the answer: a receipt, and in the trail each
// question as it was decided.
func (x *room) keepAdvice(r *web.Request, in Asking) (Kept, error) {
	ctx, who := r.Context(), r.Who
	var k Kept
	e := pg.Entry{Act: hub.ActConsult, Object: hub.Object{Kind: "advice"}}
	err := x.DB.Command(ctx, who, e, func(tx *pg.Tx) error {
		if had, err := x.Again(ctx, tx, r, "advice", &k); err != nil || had {
			return err
		}
		g, err := tx.Ask(ctx, asks(who))
		if err != nil {
			return err
		}
		a, err := x.advise(ctx, who, in, tx.Now)
		if err != nil {
			return err
		}
		k = Kept{ID: x.NewID(), At: tx.Now, By: who.Name, Role: who.Role, Authority: who.Authority, Advice: a}
		if err := putAdvice(ctx, tx, g, k); err != nil {
			return err
		}
		e := pg.Entry{Act: hub.ActConsult, Object: hub.Object{Kind: "advice", ID: k.ID, Version: 1}, Controller: who.Authority, Recipient: in.To, Fields: []string{}}
		if _, err := tx.Record(ctx, g, e); err != nil {
			return err
		}
		for _, one := range a.Bases {
			if err := decided(ctx, tx, one.Question, a.Revision, e); err != nil {
				return err
			}
		}
		return x.Keep(ctx, tx, r, "advice", k)
	})
	k.made = true
	return k, err
}

// decided records one question of an advice with its answer, as the act itself would
// be recorded; but it is no disclosure.
func decided(ctx context.Context, tx *pg.Tx, q policies.Question, revision string, e pg.Entry) error {
	g, err := tx.Ask(ctx, q)
	var no *policies.Denial
	switch {
	case errors.As(err, &no) && no.Revision() == revision:
		return tx.Refuse(ctx, no, e)
	case err != nil && no == nil:
		return err
	case no != nil || g.Revision() != revision:
		return hub.Unavailable(errors.New("portal: other rules came into force while an advice was kept"))
	}
	_, err = tx.Record(ctx, g, e)
	return err
}

// getAdvice opens what was kept: to whoever kept it, to their manager, and to their
// authority's data-protection officer. To everybody else there is none.
func (x *room) getAdvice(r *web.Request, _ struct{}) (Kept, error) {
	id, err := r.PathID("id")
	if err != nil {
		id = "" // asked and recorded like any other that is not there
	}
	ctx, who := r.Context(), r.Who
	k, _, _, err := pg.Read(ctx, x.DB, who, func(tx *pg.Tx) (Kept, policies.Question, pg.Entry, error) {
		e := pg.Entry{Act: hub.ActConsult, Object: hub.Object{Kind: "advice", ID: id}, Fields: []string{}}
		opens := policies.Advice{Role: who.Role, Kind: who.Kind, Step: "open"}
		k, err := getAdvice(ctx, tx, id)
		if err != nil {
			return Kept{}, opens, e, err
		}
		q := x.opening(who, k.hat)
		if answer, err := x.DB.Advise(ctx, q); err != nil || !answer.Allow {
			return Kept{}, opens, e, errors.Join(err, pgx.ErrNoRows) // as if it were not there
		}
		e.Object.Version, e.Controller = 1, k.Authority
		return k, q, e, nil
	})
	return k, err
}

// putAdvice keeps an advice.
func putAdvice(ctx context.Context, tx *pg.Tx, _ policies.Grant, k Kept) error {
	b, err := json.Marshal(k.Advice)
	if err != nil {
		return err
	}
	who := tx.Who()
	_, err = tx.Exec(ctx, `insert into portal.advice (id, at, hat, name, role, authority, advice) values ($1, $2, $3, $4, $5, $6, $7)`,
		k.ID, k.At, who.Hat.ID, k.By, k.Role, k.Authority, b)
	return err
}

// getAdvice reads an advice that was kept at the actor's own authority.
func getAdvice(ctx context.Context, tx *pg.Tx, id hub.ID) (k Kept, err error) {
	var b []byte
	err = tx.QueryRow(ctx, `select id, at, hat, name, role, authority, advice from portal.advice where id = $1 and authority = $2`, id, tx.Who().Authority).
		Scan(&k.ID, &k.At, &k.hat, &k.By, &k.Role, &k.Authority, &b)
	if err == nil {
		err = json.Unmarshal(b, &k.Advice)
	}
	k.At = k.At.UTC()
	return k, err
}
