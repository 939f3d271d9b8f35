package portal

import (
	"context"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// A reaction writes notices and nothing else. Who is told follows from who may
// know already: the authority that received a concern, the police it was put
// before, whoever it has been shared with. A concern that the police received
// tells the municipality nothing before it is shared (domain.md 2.2,
// invariant 1), and an outcome is never in a notice (A030).

func unreadable() error { return hub.Invalid("", "event.unreadable") }

func (x *room) concernReceived(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	c, ok := f.(event.ConcernReceived)
	if !ok {
		return unreadable()
	}
	return x.tell(ctx, tx, "received", c.Concern, c.Due, desk(x.Structure, c.Authority))
}

func (x *room) concernRerouted(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	c, ok := f.(event.ConcernRerouted)
	if !ok {
		return unreadable()
	}
	if err := x.tellAuthor(ctx, tx, "handled", c.Concern); err != nil {
		return err
	}
	return x.tell(ctx, tx, "rerouted", c.Concern, time.Time{}, desk(x.Structure, c.Authority))
}

func (x *room) checkRequested(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	c, ok := f.(event.CheckRequested)
	if !ok {
		return unreadable()
	}
	return x.tell(ctx, tx, "check", c.Concern, c.Due, desk(x.Structure, c.Police))
}

// checkCompleted tells the authority that received the concern that there is
// an answer, in the same words whatever it is, and without the time limit of
// what follows, which would tell it. Of a concern that the police received
// themselves, only those it has been shared with are told.
func (x *room) checkCompleted(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	c, ok := f.(event.CheckCompleted)
	if !ok {
		return unreadable()
	}
	if c.Authority != c.Police {
		return x.tell(ctx, tx, "checked", c.Concern, time.Time{}, desk(x.Structure, c.Authority))
	}
	return x.tellReceivers(ctx, tx, "shared", c.Concern, c.Due)
}

func (x *room) concernTriaged(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	c, ok := f.(event.ConcernTriaged)
	if !ok {
		return unreadable()
	}
	if err := x.tellAuthor(ctx, tx, "handled", c.Concern); err != nil {
		return err
	}
	if err := x.tell(ctx, tx, "triaged", c.Concern, time.Time{}, desk(x.Structure, c.Authority)); err != nil {
		return err
	}
	if c.Authority != c.Police {
		return x.tell(ctx, tx, "triaged", c.Concern, time.Time{}, desk(x.Structure, c.Police))
	}
	return x.tellReceivers(ctx, tx, "triaged", c.Concern, time.Time{})
}

func (x *room) stepOverdue(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	c, ok := f.(event.StepOverdue)
	if !ok {
		return unreadable()
	}
	concern, step := c.Concern, c.Step
	if c.Level == "manager" {
		concern, step = "", ""
	}
	for _, n := range climb(x.Structure, c.Authority, c.Level, tx.Now) {
		n.Step, n.Of = step, c.Concern
		if err := x.tell(ctx, tx, "overdue", concern, c.Due, n); err != nil {
			return err
		}
	}
	return nil
}

func (x *room) accessChanged(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
	c, ok := f.(event.AccessChanged)
	if !ok {
		return unreadable()
	}
	at, err := where(ctx, tx, c.Concern, c.Person, c.Granted)
	for _, n := range at {
		n.Of = c.Concern
		// Whoever sees it in another way too, as the coordinator of the authority or as
		// its author, has lost nothing but the assignment.
		word, concern, sees := "given", c.Concern, false
		if !c.Granted {
			if sees, err = x.sees(ctx, tx, n.Person, n.Authority, "concern", c.Concern); err != nil {
				return err
			}
			if word = "ended"; !sees {
				word, concern = "taken", ""
			}
		}
		if err = x.tell(ctx, tx, word, concern, time.Time{}, n); err != nil {
			return err
		}
	}
	return err
}

// sees reports whether a person may see anything of a thing now, in any of
// their hats at an authority: the same question as every read.
func (x *room) sees(ctx context.Context, tx *pg.Tx, person hub.ID, a hub.AuthorityID, kind string, id hub.ID) (bool, error) {
	views, err := views(ctx, tx, person, a, kind, id)
	if err != nil {
		return false, err
	}
	for _, v := range views {
		if answer, err := x.DB.Advise(ctx, v); err != nil || answer.Allow {
			return answer.Allow, err
		}
	}
	return false, nil
}

// tellAuthor tells the professional who wrote a concern that it was handled: no
// more than that (domain.md 2.4).
func (x *room) tellAuthor(ctx context.Context, tx *pg.Tx, word string, concern hub.ID) error {
	_, author, err := item(ctx, tx, concern)
	if err != nil || author == "" {
		return err
	}
	posts, err := workplaces(ctx, tx, author)
	if err != nil {
		return err
	}
	for _, a := range posts {
		if err := x.tell(ctx, tx, word, concern, time.Time{}, Notice{Authority: a, Person: author}); err != nil {
			return err
		}
	}
	return nil
}

// tellReceivers tells the authorities that a concern has been shared with.
func (x *room) tellReceivers(ctx context.Context, tx *pg.Tx, word string, concern hub.ID, due time.Time) error {
	receivers, err := sharedWith(ctx, tx, concern)
	if err != nil {
		return err
	}
	for _, a := range receivers {
		if err := x.tell(ctx, tx, word, concern, due, desk(x.Structure, a)); err != nil {
			return err
		}
	}
	return nil
}

// tell writes a notice; to nobody is none. It is of the thing that it leads to, where it
// does not say of which.
func (x *room) tell(ctx context.Context, tx *pg.Tx, word string, concern hub.ID, due time.Time, to Notice) error {
	if to.Authority == "" || (to.Role == "" && to.Person == "") {
		return nil
	}
	to.ID, to.Word, to.Concern, to.Due, to.At = x.NewID(), word, concern, due, tx.Now
	if to.Of == "" {
		to.Of = concern
	}
	if to.Kind == "" {
		to.Kind = "concern"
	}
	return putNotice(ctx, tx, to)
}
