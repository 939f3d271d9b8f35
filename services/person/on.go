package person

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// unusedFor is how long a subject may stand that nothing is about: as long as
// a draft may (domain.md 2.2, S0).
const unusedFor = 14 * 24 * time.Hour

// mayKeepHouse asks for what the hub does by itself. Policy knows such acts by
// the state of a concern; a subject has none, and takes the narrowest.
func mayKeepHouse(ctx context.Context, tx *pg.Tx) (policies.Grant, error) {
	who := tx.Who()
	return tx.Ask(ctx, policies.Act{Action: "follow", Role: who.Role, Kind: who.Kind, State: "draft", Purpose: hub.Operation})
}

// draftDiscarded forgets a subject that nothing else is about. The record and
// the tombstone are committed first; bury then destroys the key.
func (x *room) draftDiscarded(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	d, ok := f.(event.DraftDiscarded)
	if !ok {
		return hub.Invalid("", "event.unreadable")
	}
	return x.forget(ctx, tx, d.Subject, d.Concern, "draft_discarded")
}

// forget erases a subject that nothing, or nothing but one thing, is about, and
// does nothing to any other.
func (x *room) forget(ctx context.Context, tx *pg.Tx, subject, but hub.ID, why string) error {
	g, err := mayKeepHouse(ctx, tx)
	if err != nil {
		return err
	}
	done, controller, err := erase(ctx, tx, g, subject, but, why)
	if err != nil || !done {
		return err
	}
	_, err = tx.Record(ctx, g, pg.Entry{Act: hub.ActErase, Object: hub.Object{Kind: "subject", ID: subject}, Controller: controller,
		Subjects: []hub.ID{subject}, Fields: allFields})
	return err
}

// bury destroys the keys of the erased that are not destroyed yet.
func (x *room) bury(ctx context.Context) error { return x.buryThe(ctx, false) }

// begin is what is done before the door opens.
func (x *room) begin(ctx context.Context) error {
	if err := x.buryAgain(ctx); err != nil {
		return err
	}
	return x.markAgain(ctx)
}

// buryAgain destroys the keys of all who were ever erased, before the door
// opens: a key that came back with a backup goes.
func (x *room) buryAgain(ctx context.Context) error { return x.buryThe(ctx, true) }

// markAgain tells the access facts every blind index of a number that there is: those
// that were made before the facts kept them, or came back with a backup of this room
// alone. What is known already stays.
func (x *room) markAgain(ctx context.Context) error {
	who := hub.System(x.Now(), x.NewID())
	var all []pg.Period
	var list []pg.Marked
	if err := x.DB.View(ctx, who, func(tx *pg.Tx) (err error) {
		if all, err = allPeriods(ctx, tx); err == nil {
			list, err = marked(ctx, tx)
		}
		return err
	}); err != nil {
		return err
	}
	for some := range slices.Chunk(list, 10_000) {
		if err := x.DB.Command(ctx, who, houseKeeping, func(tx *pg.Tx) error {
			g, err := mayKeepHouse(ctx, tx)
			if err != nil {
				return err
			}
			return tx.MarkSubjects(ctx, g, all, some...)
		}); err != nil {
			return fmt.Errorf("person: marking subjects: %w", err)
		}
	}
	return nil
}

func (x *room) buryThe(ctx context.Context, all bool) error {
	who := hub.System(x.Now(), x.NewID())
	var ids []hub.ID
	if err := x.DB.View(ctx, who, func(tx *pg.Tx) (err error) {
		ids, err = tombstones(ctx, tx, all)
		return err
	}); err != nil {
		return err
	}
	if len(ids) > 0 {
		if err := x.Vault.Destroy(ids...); err != nil {
			return fmt.Errorf("person: destroying keys: %w", err)
		}
		if err := x.DB.Command(ctx, who, houseKeeping, func(tx *pg.Tx) error { return buriedNow(ctx, tx, ids) }); err != nil {
			return err
		}
	}
	return nil
}

// houseKeeping is what a refusal of the hub's own acts would be about.
var houseKeeping = pg.Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "subject"}}

// forgetUnused forgets subjects that were registered and then not used.
func (x *room) forgetUnused(ctx context.Context) error {
	who := hub.System(x.Now(), x.NewID())
	var ids []hub.ID
	if err := x.DB.View(ctx, who, func(tx *pg.Tx) (err error) {
		ids, err = unused(ctx, tx, tx.Now.Add(-unusedFor))
		return err
	}); err != nil {
		return err
	}
	for _, id := range ids {
		if err := x.DB.Command(ctx, who, houseKeeping, func(tx *pg.Tx) error { return x.forget(ctx, tx, id, "", "unused") }); err != nil {
			return err
		}
	}
	return nil
}

// birthdays moves subjects to their next age band at midnight in Copenhagen,
// and tells it (L27). Days on which the hub stood still are made up for. No
// birth date is opened: the days are found by their blind index.
func (x *room) birthdays(ctx context.Context) error {
	now := x.Now()
	who := hub.System(now, x.NewID())
	return x.DB.Command(ctx, who, houseKeeping, func(tx *pg.Tx) error {
		done, began, controllers, err := birthdaysDone(ctx, tx)
		if err != nil {
			return err
		}
		today := Today(now)
		day := today // the first time there is nothing to make up for
		if began {
			day = Day{done.Year(), int(done.Month()), done.Day()}.Next()
		}
		if today.Before(day) {
			return nil
		}
		var marks []string
		for ; !today.Before(day); day = day.Next() {
			for _, a := range controllers {
				m, err := x.dayMark(a, day)
				if err != nil {
					return err
				}
				marks = append(marks, m)
			}
		}
		if err := x.celebrate(ctx, tx, marks); err != nil {
			return err
		}
		return birthdaysKept(ctx, tx, today)
	})
}

// celebrate moves, records and tells those whose day is among the marks.
func (x *room) celebrate(ctx context.Context, tx *pg.Tx, marks []string) error {
	g, err := mayKeepHouse(ctx, tx)
	if err != nil {
		return err
	}
	moved, err := moveBand(ctx, tx, g, marks)
	if err != nil {
		return err
	}
	for _, s := range moved {
		if err := tx.PutSubject(ctx, g, pg.Subject{ID: s.ID, Controller: s.Controller, Author: "system", AgeBand: s.Band}); err != nil {
			return err
		}
		if _, err := tx.Record(ctx, g, pg.Entry{Act: hub.ActChange, Object: hub.Object{Kind: "subject", ID: s.ID}, Controller: s.Controller,
			Subjects: []hub.ID{s.ID}, Fields: []string{"age_band"}}); err != nil {
			return err
		}
		if err := tx.Tell(ctx, event.SubjectIdentified{Subject: s.ID, AgeBand: s.Band, Protected: s.Protected}); err != nil {
			return err
		}
	}
	return nil
}
