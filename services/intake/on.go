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
	return x.keepWith(ctx, tx, told.Concern, "", told.EraseAt)
}

// caseClosed gives the concern the retention of its case's outcome.
func (x *room) caseClosed(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	told, ok := f.(event.CaseClosed)
	if !ok {
		return hub.Invalid("", "event.unreadable")
	}
	return x.keepWith(ctx, tx, told.Concern, told.RetentionRule, told.EraseAt)
}

// caseReopened keeps the concern as that of an open case again: the outcome of
// the closing no longer says how long.
func (x *room) caseReopened(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	told, ok := f.(event.CaseReopened)
	if !ok {
		return hub.Invalid("", "event.unreadable")
	}
	return x.keepWith(ctx, tx, told.Concern, told.RetentionRule, told.EraseAt)
}

// keepWith moves a concern's retention with that of its case.
func (x *room) keepWith(ctx context.Context, tx *pg.Tx, id hub.ID, rule string, until time.Time) error {
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
	if err := update(ctx, tx, g, c); err != nil {
		return err
	}
	_, err = tx.Record(ctx, g, pg.Entry{Act: hub.ActChange, Object: hub.Object{Kind: "concern", ID: id, Version: c.Version},
		Controller: c.Controller, Subjects: []hub.ID{c.Subject}, Fields: []string{"erase_at"}})
	return err
}
