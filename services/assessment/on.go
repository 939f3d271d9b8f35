package assessment

import (
	"context"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// A reaction drafts, for a named person to go on with; it discloses nothing.

// concernTriaged drafts the case that both coordinators triaged a concern to,
// with the circle that the structure file proposes. Nobody is let in yet: the
// coordinators confirm (D14, D15, D17).
func (x *room) concernTriaged(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	told, ok := f.(event.ConcernTriaged)
	if !ok {
		return hub.Invalid("", "event.unreadable")
	}
	if told.Outcome != "case" {
		return nil
	}
	municipality := told.Authority
	if told.Authority == told.Police { // the police received it, and disclosed it to the municipality whose it is
		shares, err := tx.Shares(ctx, "concern", told.Concern)
		if err != nil {
			return err
		}
		for _, s := range shares {
			if a, ok := x.Structure.Authority(s.To); ok && a.Kind == hub.Municipality {
				municipality = s.To
			}
		}
	}
	h, ok := x.Structure.InfohusOf(municipality, tx.Now)
	if !ok {
		return hub.Invalid("", "event.no_infohus") // parked: somebody must put it right in the structure file
	}
	g, err := tx.Ask(ctx, policies.Act{Action: "begin", Role: tx.Who().Role, State: string(Opening), Purpose: hub.Operation})
	if err != nil {
		return err
	}
	c := &casework{ID: x.NewID(), Concern: told.Concern, Subject: told.Subject, Municipality: municipality, Police: told.Police, Version: 1, Round: 1, BegunAt: tx.Now}
	x.enter(c, Opening, tx.Now)
	rule, ok := x.Structure.Erasure("case", municipality)
	if !ok {
		return hub.Invalid("", "event.no_retention")
	}
	c.RetentionRule, c.EraseAt = rule.Name(), rule.EraseAt(tx.Now)
	if fresh, err := insert(ctx, tx, g, c); err != nil || !fresh {
		return err
	}
	if err := tx.PutItem(ctx, g, pg.Item{Kind: "case", ID: c.ID, About: c.Subject, Controller: c.Municipality, ReceivedBy: hub.Municipality, State: string(Opening), CameOf: c.Concern}); err != nil {
		return err
	}
	for _, m := range x.propose(h, tx.Now) {
		if err := putMember(ctx, tx, g, c.ID, m); err != nil {
			return err
		}
	}
	if _, err := tx.Record(ctx, g, pg.Entry{Act: hub.ActCollect, Object: hub.Object{Kind: "case", ID: c.ID, Version: 1}, Controller: c.Municipality,
		Subjects: []hub.ID{c.Subject}, Fields: []string{}}); err != nil {
		return err
	}
	return tx.Tell(ctx, event.CasePrepared{Case: c.ID, Concern: c.Concern, Authority: c.Municipality, Due: c.NextAt})
}

// followUpRecorded notes when the case comes next.
func (x *room) followUpRecorded(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	told, ok := f.(event.FollowUpRecorded)
	if !ok {
		return hub.Invalid("", "event.unreadable")
	}
	return x.follow(ctx, tx, told.Case, func(c *casework) { c.NextAt, c.EraseAt, c.StepTold = told.Next, told.EraseAt, 0 })
}

// caseClosed moves the retention clock on.
func (x *room) caseClosed(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	told, ok := f.(event.CaseClosed)
	if !ok {
		return hub.Invalid("", "event.unreadable")
	}
	if err := x.follow(ctx, tx, told.Case, func(c *casework) {
		c.ClosedAt, c.NextAt, c.RetentionRule, c.EraseAt = &tx.Now, told.EraseAt, told.RetentionRule, told.EraseAt
	}); err != nil {
		return err
	}
	return x.closeWords(ctx, tx, told.Case)
}

// closeWords closes the questions and answers of a case with it: what others
// could see of them ends, and nobody reads them until it is opened again (S10).
// An answer that was given while the case was being closed is ended too.
func (x *room) closeWords(ctx context.Context, tx *pg.Tx, id hub.ID) error {
	return x.words(ctx, tx, id, func(g policies.Grant, q *request) error {
		if q.State != retracted {
			if err := endRequest(ctx, tx, g, q); err != nil {
				return err
			}
		}
		return tx.Stage(ctx, g, "request", q.ID, requestClosed)
	}, func(g policies.Grant, a answerRow) error {
		if _, err := tx.RevokeAll(ctx, g, "answer", a.ID, ""); err != nil {
			return err
		}
		return stageAnswer(ctx, tx, g, a, answerClosed)
	})
}

// openWords makes the questions and answers of a case that is opened again what
// they were, for whoever asked and answered: what was shared stays ended.
func (x *room) openWords(ctx context.Context, tx *pg.Tx, id hub.ID) error {
	return x.words(ctx, tx, id, func(g policies.Grant, q *request) error {
		if err := tx.Stage(ctx, g, "request", q.ID, q.State); err != nil {
			return err
		}
		_, err := tx.Record(ctx, g, pg.Entry{Act: hub.ActChange, Object: hub.Object{Kind: "request", ID: q.ID, Version: q.Version}, Controller: q.Asker,
			Subjects: []hub.ID{q.Subject}, Fields: []string{"state"}})
		return err
	}, func(g policies.Grant, a answerRow) error { return stageAnswer(ctx, tx, g, a, a.State) })
}

// words does something with every question and then every answer of a case, the
// questions held first: nothing is answered meanwhile.
func (x *room) words(ctx context.Context, tx *pg.Tx, id hub.ID, ask func(policies.Grant, *request) error, answer func(policies.Grant, answerRow) error) error {
	g, err := x.asSystem(ctx, tx, "follow", id)
	if err != nil {
		return err
	}
	questions, err := requestsOf(ctx, tx, g, id)
	if err != nil {
		return err
	}
	for _, q := range questions {
		if err := ask(g, q); err != nil {
			return err
		}
	}
	answers, err := answersOf(ctx, tx, g, id)
	if err != nil {
		return err
	}
	for _, a := range answers {
		if err := answer(g, a); err != nil {
			return err
		}
	}
	return nil
}

// stageAnswer moves an answer with its case.
func stageAnswer(ctx context.Context, tx *pg.Tx, g policies.Grant, a answerRow, state string) error {
	if err := tx.Stage(ctx, g, "answer", a.ID, state); err != nil {
		return err
	}
	_, err := tx.Record(ctx, g, pg.Entry{Act: hub.ActChange, Object: hub.Object{Kind: "answer", ID: a.ID, Version: a.Version}, Controller: a.Controller,
		Subjects: []hub.ID{a.Subject}, Fields: []string{"state"}})
	return err
}

// endRequest ends what others could see of a question, and takes it back where it
// is not settled.
func endRequest(ctx context.Context, tx *pg.Tx, g policies.Grant, q *request) error {
	if _, err := tx.RevokeAll(ctx, g, "request", q.ID, ""); err != nil {
		return err
	}
	if _, err := tx.EndAssignments(ctx, g, "request", q.ID, ""); err != nil {
		return err
	}
	if q.State == asked {
		q.State, q.SettledAt = retracted, &tx.Now
		if err := tx.Stage(ctx, g, "request", q.ID, q.State); err != nil {
			return err
		}
		if err := updateRequest(ctx, tx, g, q); err != nil {
			return err
		}
	}
	_, err := tx.Record(ctx, g, pg.Entry{Act: hub.ActRevoke, Object: hub.Object{Kind: "request", ID: q.ID, Version: q.Version}, Controller: q.Asker,
		Subjects: []hub.ID{q.Subject}, Fields: []string{}})
	return err
}

// caseReopened begins a new version of the assessment, and keeps the case as an
// open one again: the outcome of its closing no longer says how long.
func (x *room) caseReopened(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	told, ok := f.(event.CaseReopened)
	if !ok {
		return hub.Invalid("", "event.unreadable")
	}
	if err := x.follow(ctx, tx, told.Case, func(c *casework) {
		c.ClosedAt = nil
		x.enter(c, Assessment, tx.Now)
		c.RetentionRule, c.EraseAt = told.RetentionRule, told.EraseAt
	}); err != nil {
		return err
	}
	return x.openWords(ctx, tx, told.Case)
}

// follow changes a case as another room's fact says.
func (x *room) follow(ctx context.Context, tx *pg.Tx, id hub.ID, change func(c *casework)) error {
	g, err := x.asSystem(ctx, tx, "follow", id)
	if err != nil {
		return err
	}
	c, err := lock(ctx, tx, g, id)
	if err != nil {
		return err
	}
	change(c)
	if err := update(ctx, tx, g, c); err != nil {
		return err
	}
	_, err = tx.Record(ctx, g, pg.Entry{Act: hub.ActChange, Object: hub.Object{Kind: "case", ID: id, Version: c.Version}, Controller: c.Municipality,
		Subjects: []hub.ID{c.Subject}, Fields: []string{"next_date", "erase_at"}})
	return err
}

// asSystem asks whether the hub may do something by itself, the case held as in
// every command. It decides nothing (L38).
func (x *room) asSystem(ctx context.Context, tx *pg.Tx, action string, id hub.ID) (policies.Grant, error) {
	rel, err := tx.Relation(ctx, "case", id)
	if err != nil {
		return policies.Grant{}, err
	}
	return tx.Ask(ctx, policies.Act{Action: action, Role: tx.Who().Role, State: rel.State, Purpose: hub.Operation})
}
