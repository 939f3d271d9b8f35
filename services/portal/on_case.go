package portal

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
)

// onCase is how the room reacts to what is told of a case, of the questions put
// in it and of the help offered.
func (x *room) onCase() map[string]service.Reaction {
	return map[string]service.Reaction{
		"assessment.case.prepared.v1": told(x, func(n notes, f event.CasePrepared) error {
			return n.desk("case_prepared", f.Case, f.Due, f.Authority)
		}),
		"assessment.case.opened.v1": told(x, func(n notes, f event.CaseOpened) error {
			return n.desk("case_opened", f.Case, f.Due, f.Authority, f.Police)
		}),
		"assessment.circle.changed.v1": told(x, func(n notes, f event.CircleChanged) error {
			if !f.Granted {
				return n.taken(f)
			}
			return n.let(f.Kind+"_given", f.Kind, f.Item, true, f.Item, f.Person)
		}),
		"assessment.recusal.changed.v1": told(x, func(n notes, f event.CaseRecusal) error {
			return n.recused(f.Case, f.Authority, f.Person, f.Substitute, f.Lifted)
		}),
		"assessment.onward.changed.v1": told(x, func(n notes, f event.OnwardChanged) error {
			return n.desk("onward", f.Case, time.Time{}, f.Authority)
		}),
		"assessment.information.requested.v1": told(x, func(n notes, f event.InformationRequested) error {
			if named, err := n.assigned(f.Request); err != nil || len(named) > 0 {
				return err // they are told by name
			}
			return n.of("request").desk("request_given", f.Request, f.Due, f.Authority)
		}),
		"assessment.information.settled.v1": told(x, func(n notes, f event.InformationSettled) error {
			return n.of("request").desk("request_settled", f.Request, time.Time{}, f.Authority)
		}),
		"assessment.meeting.called.v1": told(x, func(n notes, f event.MeetingCalled) error {
			return n.circle("meeting_called", f.Case, f.At)
		}),
		"assessment.meeting.held.v1": told(x, func(n notes, f event.MeetingHeld) error {
			return n.desk("meeting_held", f.Case, f.Due, f.Authority, f.Police)
		}),
		"assessment.assessment.signed.v1": told(x, func(n notes, f event.AssessmentSigned) error {
			if f.Complete {
				return n.desk("case_recommended", f.Case, f.Due, f.Authority, f.Police)
			}
			return n.desk("case_signed", f.Case, f.Due, f.Authority, f.Police)
		}),
		"assessment.step.overdue.v1": told(x, func(n notes, f event.CaseOverdue) error {
			return n.climb(f.Case, f.Authority, f.Level, f.Due, "")
		}),
		"referral.referral.sent.v1": told(x, func(n notes, f event.ReferralSent) error {
			named, err := n.assigned(f.Offer)
			if err != nil {
				return err
			}
			if len(named) > 0 {
				return n.named("offer_given", "offer", f.Offer, f.Due, named)
			}
			return n.of("offer").desk("offer_given", f.Offer, f.Due, f.Authority)
		}),
		"referral.referral.answered.v1": told(x, func(n notes, f event.ReferralAnswered) error {
			return n.of("offer").desk("offer_answered", f.Offer, time.Time{}, f.Authority)
		}),
		"referral.referral.withdrawn.v1": told(x, func(n notes, f event.ReferralWithdrawn) error {
			if !hasDesk(n.Structure, f.Authority) {
				return nil // its people are told by name, or who answers for them
			}
			return n.about(f.Case).desk(erred("withdrawn", f.Why), "", time.Time{}, f.Authority)
		}),
		"referral.access.ended.v1": told(x, func(n notes, f event.AccessEnded) error {
			return n.ended(f)
		}),
		"referral.followup.recorded.v1": told(x, func(n notes, f event.FollowUpRecorded) error {
			return n.desks("followed_up", f.Case, f.Next)
		}),
		"referral.step.overdue.v1": told(x, func(n notes, f event.FollowUpOverdue) error {
			return n.climb(f.Case, f.Authority, f.Level, f.Due, f.Person)
		}),
		"referral.closing.proposed.v1": told(x, func(n notes, f event.ClosingProposed) error {
			return n.desk("closing", f.Case, f.Due, f.Authority)
		}),
		"referral.case.closed.v1": told(x, func(n notes, f event.CaseClosed) error {
			told := []hub.AuthorityID{f.Authority}
			given, err := n.tx.Shares(n.ctx, "case", f.Case)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(given, func(s pg.Share) bool { return s.To == f.Police }) { // who has it no more is told that
				told = append(told, f.Police)
			}
			return n.desk("case_closed", f.Case, time.Time{}, told...)
		}),
		"referral.case.reopened.v1": told(x, func(n notes, f event.CaseReopened) error {
			return n.desk("case_reopened", f.Case, f.Due, f.Authority, f.Police)
		}),
	}
}

// told makes a reaction of what to say when a fact of one type is told.
func told[F event.Fact](x *room, say func(notes, F) error) service.Reaction {
	return func(ctx context.Context, tx *pg.Tx, _ event.Envelope, f event.Fact) error {
		fact, ok := f.(F)
		if !ok {
			return unreadable()
		}
		return say(notes{room: x, ctx: ctx, tx: tx, kind: "case"}, fact)
	}
}

// notes writes the notices of one fact: that something happened, never what.
type notes struct {
	*room
	ctx  context.Context
	tx   *pg.Tx
	kind string // of what the notices lead to
	item hub.ID // what they are of, where they lead nowhere
}

// of are notices that lead to another kind of thing.
func (n notes) of(kind string) notes { n.kind = kind; return n }

// about are notices of a thing that they do not lead to.
func (n notes) about(id hub.ID) notes { n.item = id; return n }

// desk tells the coordinators of authorities.
func (n notes) desk(word string, id hub.ID, due time.Time, authorities ...hub.AuthorityID) error {
	for _, a := range authorities {
		to := desk(n.Structure, a)
		to.Kind, to.Of = n.kind, n.item
		if err := n.tell(n.ctx, n.tx, word, id, due, to); err != nil {
			return err
		}
	}
	return nil
}

// desks tells the coordinators of a case's authority, and of those that it is
// shared with.
func (n notes) desks(word string, id hub.ID, due time.Time) error {
	var controller hub.AuthorityID
	if err := n.tx.QueryRow(n.ctx, `select coalesce((select controller from access.item where id = $1 and kind = 'case'), '')`, id).Scan(&controller); err != nil {
		return err
	}
	shares, err := n.tx.Shares(n.ctx, "case", id)
	if err != nil {
		return err
	}
	all := []hub.AuthorityID{controller}
	for _, s := range shares {
		all = append(all, s.To)
	}
	return n.desk(word, id, due, all...)
}

// taken tells somebody that they are let in no more: whoever sees it in another way
// too, as the coordinator of their authority, has lost nothing but that.
func (n notes) taken(f event.CircleChanged) error {
	at, err := where(n.ctx, n.tx, f.Item, f.Person, false)
	for _, to := range at {
		word, id, sees := f.Kind+"_ended", f.Item, false
		if sees, err = n.sees(n.ctx, n.tx, to.Person, to.Authority, f.Kind, f.Item); err != nil {
			return err
		}
		if !sees {
			word, id = f.Kind+"_taken", ""
		}
		to.Kind, to.Of = f.Kind, f.Item
		if err = n.tell(n.ctx, n.tx, word, id, time.Time{}, to); err != nil {
			return err
		}
	}
	return err
}

// circle tells everybody who takes part in a case.
func (n notes) circle(word string, id hub.ID, due time.Time) error {
	people, err := n.assigned(id)
	if err != nil {
		return err
	}
	if err := n.named(word, "case", id, due, people); err != nil {
		return err
	}
	return n.desks(word, id, due)
}

// assigned are the people who are let into an item by name now, and where: in another
// of their hats they are not told.
func (n notes) assigned(id hub.ID) ([]Notice, error) { return letIn(n.ctx, n.tx, isLet, id, "") }

// named tells people, each where they are let in.
func (n notes) named(word, kind string, id hub.ID, due time.Time, people []Notice) error {
	for _, to := range people {
		to.Kind, to.Of = kind, n.item
		if err := n.tell(n.ctx, n.tx, word, id, due, to); err != nil {
			return err
		}
	}
	return nil
}

// let tells one person that they were let into an item, or out of it, where that was.
func (n notes) let(word, kind string, id hub.ID, granted bool, item, person hub.ID) error {
	at, err := where(n.ctx, n.tx, item, person, granted)
	if err != nil {
		return err
	}
	return n.named(word, kind, id, time.Time{}, at)
}

// where is at which authority a person was let into an item, or out of it. Who is out
// again before they could be told is told where they were in.
func where(ctx context.Context, tx *pg.Tx, item, person hub.ID, granted bool) ([]Notice, error) {
	if granted {
		if at, err := letIn(ctx, tx, isLet, item, person); err != nil || len(at) > 0 {
			return at, err
		}
	}
	return letIn(ctx, tx, wasLet, item, person)
}

// When somebody is let into an item by name, and when they were and are no more.
const (
	isLet  = `bool_or(ended_at is null and from_at <= $3 and $3 < until_at)`
	wasLet = `bool_and(ended_at is not null or until_at <= $3)`
)

// letIn are the people who are let into an item by name, or one of them, each with the
// authority whose hat it is in.
func letIn(ctx context.Context, tx *pg.Tx, when string, item, person hub.ID) ([]Notice, error) {
	rows, err := tx.Query(ctx, `select distinct person, authority from access.assignment where item = $1 and ($2 = '' or person = $2) and authority <> ''
		group by person, authority, role having `+when+` order by person, authority`, item, person, tx.Now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (n Notice, err error) {
		err = r.Scan(&n.Person, &n.Authority)
		return n, err
	})
}

// ended tells that something somebody had is theirs no more: never of whom it was,
// and nowhere to go. Who works at a desk is told there. Where nobody had it by name,
// an authority without a desk is told as its managers.
func (n notes) ended(f event.AccessEnded) error {
	desked := hasDesk(n.Structure, f.Authority)
	if f.Person == "" && !desked {
		to := Notice{Authority: f.Authority, Role: hub.Manager}
		if len(n.Structure.Holders(hub.Manager, f.Authority, n.tx.Now)) == 0 {
			to = desk(n.Structure, f.Authority)
		}
		to.Of = f.Case
		return n.tell(n.ctx, n.tx, erred("withdrawn", f.Why), "", time.Time{}, to)
	}
	own := desk(n.Structure, f.Authority).Role
	if f.Person == "" || desked && slices.ContainsFunc(n.Structure.Holders(own, f.Authority, n.tx.Now), func(p structure.Post) bool { return p.Person == f.Person }) {
		return nil
	}
	return n.tell(n.ctx, n.tx, erred("withdrawn_you", f.Why), "", time.Time{}, Notice{Authority: f.Authority, Person: f.Person, Of: f.Case})
}

// erred is the word for what should never have been.
func erred(word, why string) string {
	if why == "error" {
		return word + "_error"
	}
	return word
}

// climb tells that something is overdue: to its owner where there is one by
// name, at the authority whose it is and nowhere else they work, else to those whose step it is, then to deputies and managers. A manager
// is not told which case.
func (n notes) climb(id hub.ID, a hub.AuthorityID, level string, due time.Time, owner hub.ID) error {
	if level == "owner" && owner != "" {
		posts, err := workplaces(n.ctx, n.tx, owner)
		if err != nil {
			return err
		}
		if slices.Contains(posts, a) { // else it is nobody's by name any more
			return n.tell(n.ctx, n.tx, "case_overdue", id, due, Notice{Authority: a, Person: owner, Kind: "case"})
		}
	}
	of := id
	if level == "manager" {
		id = ""
	}
	for _, to := range climb(n.Structure, a, level, n.tx.Now) {
		to.Kind, to.Of = "case", of
		if err := n.tell(n.ctx, n.tx, "case_overdue", id, due, to); err != nil {
			return err
		}
	}
	return nil
}
