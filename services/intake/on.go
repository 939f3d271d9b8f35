package intake

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// subjectIdentified starts the child clock of every concern about a subject who
// turns out to be under 18. It runs from the receipt, not from now: the duty did
// (L25). Nobody's answer is overwritten with "no".
func (x *room) subjectIdentified(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	told := f.(event.SubjectIdentified)
	if told.AgeBand != "under_18" {
		return nil
	}
	rows, err := tx.Query(ctx, `select id from intake.concern where subject = $1 and child <> 'yes' order by id`, told.Subject)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[hub.ID])
	if err != nil {
		return err
	}
	for _, id := range ids {
		g, err := x.asSystem(ctx, tx, "follow", id)
		if err != nil {
			return err
		}
		c, err := lock(ctx, tx, g, id)
		if err != nil {
			return err
		}
		c.Child = "yes"
		if c.ReceivedAt != nil && c.ChildDue == nil {
			due := childDue(c.Child, *c.ReceivedAt)
			c.ChildDue = &due
		}
		if err := update(ctx, tx, g, c); err != nil {
			return err
		}
		if _, err := tx.Record(ctx, g, pg.Entry{Act: hub.ActChange, Object: hub.Object{Kind: "concern", ID: id, Version: c.Version},
			Controller: c.Controller, Subjects: []hub.ID{c.Subject}, Fields: []string{"child", "child_due"}}); err != nil {
			return err
		}
	}
	return nil
}

// followUpRecorded keeps the concern as long as the case that came of it (L22).
func (x *room) followUpRecorded(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	told, ok := f.(event.FollowUpRecorded)
	if !ok {
		return hub.Invalid("", "event.unreadable")
	}
	return x.keepWith(ctx, tx, told.Concern, "", "", told.EraseAt)
}

// caseClosed closes the concern with its case, whatever the reason: of whom it was
// and what was told, nobody reads any more (domain.md 2.4, S10). It is kept as the
// outcome says.
func (x *room) caseClosed(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	told, ok := f.(event.CaseClosed)
	if !ok {
		return hub.Invalid("", "event.unreadable")
	}
	return x.keepWith(ctx, tx, told.Concern, CaseClosed, told.RetentionRule, told.EraseAt)
}

// caseReopened makes the concern that of an open case again, to read and to keep:
// the outcome of the closing no longer says how long.
func (x *room) caseReopened(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	told, ok := f.(event.CaseReopened)
	if !ok {
		return hub.Invalid("", "event.unreadable")
	}
	return x.keepWith(ctx, tx, told.Concern, Case, told.RetentionRule, told.EraseAt)
}

// keepWith moves a concern with its case: to a state, unless none is named, and to
// its retention.
func (x *room) keepWith(ctx context.Context, tx *pg.Tx, id hub.ID, to State, rule string, until time.Time) error {
	g, err := x.asSystem(ctx, tx, "follow", id)
	if err != nil {
		return err
	}
	c, err := lock(ctx, tx, g, id)
	if err != nil {
		return err
	}
	if c.EraseAt = until; rule != "" {
		c.RetentionRule = rule
	}
	fields := []string{"erase_at"}
	if to != "" && c.State != to {
		c.State, fields = to, append(fields, "state")
		if err := tx.Stage(ctx, g, "concern", id, string(to)); err != nil {
			return err
		}
	}
	if err := update(ctx, tx, g, c); err != nil {
		return err
	}
	_, err = tx.Record(ctx, g, pg.Entry{Act: hub.ActChange, Object: hub.Object{Kind: "concern", ID: id, Version: c.Version},
		Controller: c.Controller, Subjects: []hub.ID{c.Subject}, Fields: fields})
	return err
}
