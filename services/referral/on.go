package referral

import (
	"context"
	"slices"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// A reaction notes what has come due, for named people to go on with; it offers
// nobody anything and discloses nothing.

// assessmentSigned takes over a case whose joint assessment everybody has signed:
// from here on its next date is this room's.
func (x *room) assessmentSigned(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	told, ok := f.(event.AssessmentSigned)
	if !ok {
		return hub.Invalid("", "event.unreadable")
	}
	if !told.Complete {
		return nil
	}
	state, g, err := x.asSystem(ctx, tx, "follow", "case", told.Case)
	if err != nil || state == string(Closed) {
		return err // closed before this was heard: there is nothing to take over
	}
	c := &course{ID: told.Case, Concern: told.Concern, Subject: told.Subject, Municipality: told.Authority, Police: told.Police, Version: 1, Assessed: told.Version}
	x.enter(c, Recommended, tx.Now)
	fresh, err := insertCourse(ctx, tx, g, c)
	if err != nil {
		return err
	}
	if !fresh {
		old, err := lockCourse(ctx, tx, g, told.Case)
		if err != nil || old.Assessed >= told.Version {
			return err
		}
		old.Concern, old.Assessed = told.Concern, told.Version
		if State(state) == Recommended { // not where it was closed, or followed up, before this was heard
			x.enter(old, Recommended, tx.Now)
		}
		if err := updateCourse(ctx, tx, g, old); err != nil {
			return err
		}
		c = old
	}
	_, err = tx.Record(ctx, g, pg.Entry{Act: hub.ActCollect, Object: hub.Object{Kind: "case", ID: c.ID, Version: c.Version}, Controller: c.Municipality,
		Subjects: []hub.ID{c.Subject}, Fields: []string{}})
	return err
}

// followUpNeeded notes what a signed assessment wants looked at again, and that
// some had to leave the circle. It stands on the case until a follow-up ticks it
// (S8).
func (x *room) followUpNeeded(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	told, ok := f.(event.FollowUpNeeded)
	if !ok || !slices.Contains([]string{"gap", "dissent", "expiry", "grown"}, told.Why) {
		return hub.Invalid("", "event.unreadable")
	}
	state, g, err := x.asSystem(ctx, tx, "follow", "case", told.Case)
	if err != nil || state == string(Closed) {
		return err
	}
	if told.Why == "expiry" {
		if err := dropExpiry(ctx, tx, g, told.Case, told.Version); err != nil {
			return err
		}
	}
	if err := putTask(ctx, tx, g, x.NewID(), told.Case, told.Version, told.Why, told.N, told.Due); err != nil {
		return err
	}
	_, err = tx.Record(ctx, g, pg.Entry{Act: hub.ActCollect, Object: hub.Object{Kind: "case", ID: told.Case}, Fields: []string{"tasks"}})
	return err
}

// asSystem asks whether the hub may do something by itself. It decides nothing
// (L38), and with what is closed it does nothing at all.
func (x *room) asSystem(ctx context.Context, tx *pg.Tx, action, kind string, id hub.ID) (string, policies.Grant, error) {
	state, err := stateOf(ctx, tx, kind, id)
	if err != nil || state == string(Closed) {
		return state, policies.Grant{}, err
	}
	g, err := tx.Ask(ctx, policies.Act{Action: action, Role: tx.Who().Role, State: state, Purpose: hub.Operation})
	return state, g, err
}
