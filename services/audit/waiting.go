package audit

import (
	"context"
	"html/template"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// waiting is the room's part of an officer's front page, and of a manager's: the breaches that
// are open and the answers that wait for them, each with the time that is left, how many
// look-ups were drawn for them, and how many anomalies wait. It says no more.
func (x *room) waiting(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	log := readBreaches(who)
	reads, err := x.DB.Advise(ctx, log)
	if err != nil {
		return nil, err
	}
	paper := policies.Extract{Step: "read", Role: who.Role, Kind: who.Kind, Purpose: hub.LogControl, SameAuthority: true}
	answers, err := x.DB.Advise(ctx, paper)
	if err != nil || !reads.Allow && !answers.Allow {
		return nil, err // this hat reads neither: nothing is asked for, and so nothing refused
	}
	var d struct {
		Breaches  []BreachLine
		Answers   []ExtractLine
		Samples   int
		Since     time.Time
		Anomalies int
		Found     time.Time // the end of the oldest week
	}
	err = x.DB.View(ctx, who, func(tx *pg.Tx) error {
		if answers.Allow {
			g, err := tx.Ask(ctx, paper)
			if err != nil {
				return err
			}
			if d.Answers, err = x.toAnswer(ctx, tx, g); err != nil {
				return err
			}
			if len(d.Answers) > 0 {
				e, err := x.entry(hub.ActSearch, filed{authority: who.Authority})
				if err != nil {
					return err
				}
				e.Rows = len(d.Answers)
				if _, err := tx.Record(ctx, g, e); err != nil {
					return err
				}
			}
		}
		if !reads.Allow {
			return nil
		}
		g, err := tx.Ask(ctx, log)
		if err != nil {
			return err
		}
		m, err := x.mine(ctx, tx, g, waitsBy)
		if err != nil {
			return err
		}
		d.Samples, d.Since = m.n, m.since
		if m, err = x.mine(ctx, tx, g, anomaliesBy); err != nil {
			return err
		}
		d.Anomalies, d.Found = m.n, m.since
		list, err := breaches(ctx, tx, g, who.Authority, true)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, b := range list {
			d.Breaches = append(d.Breaches, b.line(tx.Now))
		}
		e := breachEntry(who, hub.ActSearch, "")
		e.Rows = len(list)
		_, err = tx.Record(ctx, g, e)
		return err
	})
	if err != nil || d.Samples == 0 && d.Anomalies == 0 && len(d.Breaches) == 0 && len(d.Answers) == 0 {
		return nil, err
	}
	return x.Web.Same(ids, lang, "audit", "waiting", d)
}
