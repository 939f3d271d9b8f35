package service

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// Categories are why a glass may be broken, as the choices of a form; the rules say
// which there are.
var Categories = []string{"life", "child", "violence", "missing"}

// MinReason is how long the own sentence is at least, in characters (A052).
const MinReason = 20

// Breaking is what somebody says who sets need-to-know aside for one item (L9).
type Breaking struct {
	Category string       `json:"category"`
	Reason   hub.Personal `json:"reason" min:"20" max:"2000"`
	Minutes  int          `json:"minutes,omitzero" doc:"For how long; unset is as long as usual."`
}

// Codes are the categories, for the document of the API.
func (Breaking) Codes() map[string][]string { return map[string][]string{"category": Categories} }

// GlassReceipt is the answer to a break-glass: until when it is open, or that it
// waits for a second person.
type GlassReceipt struct {
	ID    hub.ID     `json:"id"`
	Item  hub.ID     `json:"item"`
	At    time.Time  `json:"at"`
	Until *time.Time `json:"until,omitempty"`
	Waits bool       `json:"waits"`
	New   bool       `json:"-"`
}

// Created tells web to answer 201.
func (r GlassReceipt) Created() bool { return r.New }

// Glass is break-glass of one kind of item, as the room that keeps it offers it: the
// same in every room, with facts of the room's own.
type Glass struct {
	Env
	Kind     string // of the item
	Room     string // whose pages and words
	Broken   func(pg.Glass) event.Fact
	Asked    func(pg.Glass) event.Fact
	Answered func(b pg.Glass, granted bool) event.Fact
}

// check finds what is wrong with what was said, whatever it is said of (A026).
func (in Breaking) check(most int) (p hub.Problems) {
	if !slices.Contains(Categories, in.Category) {
		p.Add("category", "error.choose")
	}
	Text(&p, "reason", in.Reason, MinReason, MaxText)
	if in.Minutes < 0 || in.Minutes > most {
		p.Add("minutes", "error.json.range", 1, most)
	}
	return p
}

// glassQuestion is what the rules are asked about a break-glass of an item, on the basis
// that they name for it.
func (e Env) glassQuestion(step string, who hub.Actor, rel pg.Relation, now time.Time) policies.Glass {
	return policies.Glass{Step: step, Role: who.Role, Kind: who.Kind, Relation: rel.Relation, ReceivedBy: rel.ReceivedBy, SharedBy: rel.SharedBy,
		State: rel.State, Recused: rel.Recused, Purpose: hub.Prevention, Basis: e.DB.Law().GlassBasis(now)}
}

// glassEntry is what the trail is told of a break-glass of an item.
func glassEntry(act hub.Act, kind string, id hub.ID, rel pg.Relation) pg.Entry {
	e := pg.Entry{Act: act, Object: hub.Object{Kind: kind, ID: id}, Controller: rel.Controller}
	if rel.About != "" {
		e.Subjects = []hub.ID{rel.About}
	}
	return e
}

// Break sets need-to-know aside for the asker, for one item: the right, the
// access fact, the record with its sealed reason and the fact are one commit. What
// is not there and what is not the asker's to break are one answer (A001, G7), and
// whatever is wrong with what was said is told before either is looked for.
func (x Glass) Break(r *web.Request, id hub.ID, in Breaking) (GlassReceipt, error) {
	ctx := r.Context()
	usual, most := x.Structure.GlassMinutes()
	if err := in.check(most).Err(); err != nil {
		return GlassReceipt{}, err
	}
	if in.Minutes == 0 {
		in.Minutes = usual
	}
	marks := x.marks(r.Who.Person, in.Reason)
	var done GlassReceipt
	err := x.DB.Command(ctx, r.Who, glassEntry(hub.ActBreakGlass, x.Kind, id, pg.Relation{}), func(tx *pg.Tx) error {
		operation := "break glass " + string(id)
		if had, err := x.Again(ctx, tx, r, operation, &done); err != nil || had {
			return err
		}
		if err := x.stepUp(ctx, tx, r, id); err != nil {
			return err
		}
		rel, err := tx.Relation(ctx, x.Kind, id)
		if err != nil {
			return err
		}
		past, err := tx.GlassPast(ctx, id)
		if err != nil {
			return err
		}
		near, same := likeness(marks, past.Marks)
		if same {
			return hub.Invalid("reason", "error.glass.repeated")
		}
		g, err := x.mayBreak(ctx, tx, rel, in.Category, past, glassEntry(hub.ActBreakGlass, x.Kind, id, rel))
		if err != nil {
			return err
		}
		if err := Obliged(r, g.Obligations(), notSteppedUp); err != nil {
			return err
		}
		if past.Open {
			return hub.Conflict("error.glass.open")
		}
		b, err := tx.BreakGlass(ctx, g, pg.Glass{ID: x.NewID(), Kind: x.Kind, Item: id, About: rel.About, Owner: rel.Controller, Category: in.Category,
			Reason: in.Reason, Marks: marks, Near: near, Minutes: in.Minutes})
		if err != nil {
			return err
		}
		entry := glassEntry(hub.ActBreakGlass, x.Kind, id, rel)
		entry.Why = in.Reason
		if _, err := tx.Record(ctx, g, entry); err != nil {
			return err
		}
		done = GlassReceipt{ID: b.ID, Item: id, At: tx.Now, Waits: b.From.IsZero(), New: true}
		fact := x.Asked(b)
		if !done.Waits {
			done.Until, fact = &b.Until, x.Broken(b)
		}
		if err := tx.Tell(ctx, fact); err != nil {
			return err
		}
		return x.Keep(ctx, tx, r, operation, done)
	})
	return done, err
}

// door is what the rules are asked of whoever comes to the door, before anything is
// looked for: whether they may ever break a glass of this kind.
func (x Glass) door(who hub.Actor, now time.Time) policies.Glass {
	state := map[string]string{"concern": "received", "case": "collecting"}[x.Kind]
	q := x.glassQuestion("break", who, pg.Relation{Relation: "own", ReceivedBy: who.Kind, State: state}, now)
	q.Category, q.Habit = Categories[0], "first"
	return q
}

// notSteppedUp is what is told to whoever must sign in again before they break a
// glass.
const notSteppedUp = "error.glass.step_up"

// stepUp turns away whoever signed in too long ago (A038): the same of what is
// there and of what is not. Whoever never may is answered as ever.
func (x Glass) stepUp(ctx context.Context, tx *pg.Tx, r *web.Request, id hub.ID) error {
	g, err := tx.Ask(ctx, x.door(r.Who, tx.Now))
	if errors.As(err, new(*policies.Denial)) {
		return nil
	}
	if err == nil {
		err = Obliged(r, g.Obligations(), notSteppedUp)
	}
	if hub.CodeOf(err) == hub.CodeDenied {
		return errors.Join(tx.Withhold(ctx, glassEntry(hub.ActBreakGlass, x.Kind, id, pg.Relation{})), err)
	}
	return err
}

// mayBreak asks the rules, and whether anything would be seen at all. Whoever may
// break nothing at present is told so, whatever they asked for.
func (x Glass) mayBreak(ctx context.Context, tx *pg.Tx, rel pg.Relation, category string, past pg.Broken, entry pg.Entry) (policies.Grant, error) {
	q := x.glassQuestion("break", tx.Who(), rel, tx.Now)
	q.Category, q.Habit, q.Overdue = category, past.Habit(), past.Overdue
	g, err := tx.Ask(ctx, q)
	if err == nil {
		broken := rel
		broken.Glass = true
		_, err = tx.Ask(ctx, broken.View(tx.Who(), hub.Prevention))
	}
	denial := new(policies.Denial)
	if !errors.As(err, &denial) {
		return g, err
	}
	if err := tx.Refuse(ctx, denial, entry); err != nil {
		return g, err
	}
	if slices.Contains(denial.Reasons(), "review_overdue") && !slices.Contains(denial.Reasons(), "not_for_role") {
		return g, hub.Conflict("error.glass.overdue")
	}
	return g, denial
}

// Seconding is a second person's answer to a break-glass that waits. Content is what
// was read: an answer to anything else is refused (A049).
type Seconding struct {
	Answer  string `json:"answer"` // yes, no
	Content string `json:"content" doc:"As the break-glass that waits gives it, where it is read."`
}

// Codes are the answers, for the document of the API.
func (Seconding) Codes() map[string][]string {
	return map[string][]string{"answer": {"yes", "no"}}
}

// GlassContent names exactly what a second person is asked: one byte else is another.
func GlassContent(b pg.Glass) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s\n%s\n%s\n%d\n%x", b.ID, b.Kind, b.Item, b.Person, b.Category, b.Minutes, b.Box)
	return hex.EncodeToString(h.Sum(nil))
}

// Answer is a coordinator's yes or no to a break-glass of an item that waits.
// Of many at once one counts (A050).
func (x Glass) Answer(r *web.Request, id, glass hub.ID, in Seconding) (GlassReceipt, error) {
	ctx := r.Context()
	var done GlassReceipt
	err := x.DB.Command(ctx, r.Who, glassEntry(hub.ActGrant, x.Kind, id, pg.Relation{}), func(tx *pg.Tx) error {
		operation := "second glass " + string(glass)
		if had, err := x.Again(ctx, tx, r, operation, &done); err != nil || had {
			return err
		}
		rel, b, g, err := x.secondable(ctx, tx, id, glass)
		if err != nil {
			return err
		}
		var p hub.Problems
		if in.Answer != "yes" && in.Answer != "no" {
			p.Add("answer", "error.choose")
		}
		if in.Content == "" {
			p.Add("content", "error.required")
		}
		if err := p.Err(); err != nil {
			return err
		}
		if in.Content != GlassContent(b) {
			return hub.Conflict("error.glass.changed")
		}
		entry := glassEntry(hub.ActGrant, x.Kind, id, rel)
		done = GlassReceipt{ID: b.ID, Item: id, At: tx.Now}
		if in.Answer == "yes" {
			b.Until, err = tx.SecondGlass(ctx, g, b)
			done.Until = &b.Until
		} else {
			entry.Act = hub.ActDecide
			err = tx.EndGlass(ctx, g, b)
		}
		if err != nil {
			return err
		}
		if _, err := tx.Record(ctx, g, entry); err != nil {
			return err
		}
		if in.Answer == "yes" {
			if err := tx.Tell(ctx, x.Broken(b)); err != nil {
				return err
			}
		}
		if err := tx.Tell(ctx, x.Answered(b, in.Answer == "yes")); err != nil {
			return err
		}
		return x.Keep(ctx, tx, r, operation, done)
	})
	return done, err
}

// secondable is a break-glass that waits, for whoever may answer it.
func (x Glass) secondable(ctx context.Context, tx *pg.Tx, id, glass hub.ID) (pg.Relation, pg.Glass, policies.Grant, error) {
	rel, err := tx.Relation(ctx, x.Kind, id)
	if err != nil {
		return rel, pg.Glass{}, policies.Grant{}, err
	}
	if rel.Nothing() {
		glass = ""
	}
	b, err := tx.GlassByID(ctx, glass)
	if err == nil && (b.Item != id || b.Kind != x.Kind) {
		err = hub.NotFound()
	}
	if err != nil && hub.CodeOf(err) != hub.CodeNotFound {
		return rel, b, policies.Grant{}, err
	}
	who, none := tx.Who(), err
	q := x.glassQuestion("second", who, rel, tx.Now)
	q.SameAuthority, q.Self, q.Linked = b.Authority == who.Authority, b.Person == who.Person, x.Linked(who.Person, b.Person, tx.Now)
	g, err := tx.Ask(ctx, q)
	if err == nil && none != nil {
		err = none
	}
	if err == nil && !b.Waits(tx.Now) {
		err = hub.Conflict("error.already_ended")
	}
	return rel, b, g, err
}

// End gives one's own break-glass back before its time.
func (x Glass) End(r *web.Request, id, glass hub.ID) (GlassReceipt, error) {
	ctx := r.Context()
	var done GlassReceipt
	err := x.DB.Command(ctx, r.Who, glassEntry(hub.ActRevoke, x.Kind, id, pg.Relation{}), func(tx *pg.Tx) error {
		operation := "end glass " + string(glass)
		if had, err := x.Again(ctx, tx, r, operation, &done); err != nil || had {
			return err
		}
		rel, err := tx.Relation(ctx, x.Kind, id)
		if err != nil {
			return err
		}
		b, err := tx.GlassByID(ctx, glass)
		if err != nil && hub.CodeOf(err) != hub.CodeNotFound {
			return err
		}
		q := x.glassQuestion("end", tx.Who(), rel, tx.Now)
		q.Self = err == nil && b.Person == tx.Who().Person && b.Item == id && b.Kind == x.Kind
		g, err := tx.Ask(ctx, q)
		if err != nil {
			return err
		}
		if err := tx.EndGlass(ctx, g, b); err != nil {
			return err
		}
		done = GlassReceipt{ID: b.ID, Item: id, At: tx.Now}
		if _, err := tx.Record(ctx, g, glassEntry(hub.ActRevoke, x.Kind, id, rel)); err != nil {
			return err
		}
		return x.Keep(ctx, tx, r, operation, done)
	})
	return done, err
}

// Linked reports whether two people are not each other's to judge: one stands in
// for the other, or the first answers to the second (A048, A055). It is asked of
// people, whatever their accounts and posts.
func (e Env) Linked(who, of hub.ID, at time.Time) bool {
	for _, p := range e.Structure.Posts() {
		if !p.Holds(at) || p.Person != who && p.Person != of {
			continue
		}
		if d, ok := e.Structure.Post(p.DeputyOf); ok && d.Person != p.Person && (d.Person == who || d.Person == of) {
			return true
		}
		if m, ok := e.Structure.Post(p.Manager); ok && p.Person == who && m.Person == of && who != of {
			return true
		}
	}
	return false
}
