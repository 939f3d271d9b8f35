package portal

import (
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
)

// onGlass is how the room reacts to break-glass: the owner's data-protection officer
// is told at once, and so are the coordinators who may know of the item (L57).
func (x *room) onGlass() map[string]service.Reaction {
	return map[string]service.Reaction{
		"intake.glass.broken.v1": told(x, func(n notes, f event.ConcernGlassBroken) error {
			return n.of("concern").broken(f.Concern, f.Owner)
		}),
		"intake.glass.asked.v1": told(x, func(n notes, f event.ConcernGlassAsked) error {
			return n.of("concern").desk("glass_asked", f.Concern, time.Time{}, f.Authority)
		}),
		"intake.glass.answered.v1": told(x, func(n notes, f event.ConcernGlassAnswered) error {
			return n.of("concern").answered(f.Concern, f.Authority, f.Person, f.Granted)
		}),
		"assessment.glass.broken.v1": told(x, func(n notes, f event.CaseGlassBroken) error {
			return n.broken(f.Case, f.Owner)
		}),
		"assessment.glass.asked.v1": told(x, func(n notes, f event.CaseGlassAsked) error {
			return n.desk("glass_asked", f.Case, time.Time{}, f.Authority)
		}),
		"assessment.glass.answered.v1": told(x, func(n notes, f event.CaseGlassAnswered) error {
			return n.answered(f.Case, f.Authority, f.Person, f.Granted)
		}),
		"audit.glass.late.v1": told(x, func(n notes, f event.GlassLate) error {
			b, err := n.glass(f.Glass)
			if err != nil {
				return err
			}
			if f.Level == "blocked" {
				if err := n.tell(n.ctx, n.tx, "glass_blocked", "", time.Time{}, Notice{Authority: f.Authority, Person: f.Person}); err != nil {
					return err
				}
			}
			for _, role := range []hub.Role{hub.DPO, hub.Manager} {
				if err := n.tell(n.ctx, n.tx, "glass_late", "", time.Time{}, Notice{Authority: f.Owner, Role: role, Of: b.Item}); err != nil {
					return err
				}
			}
			return nil
		}),
		"audit.close.tried.v1": told(x, func(n notes, f event.CloseTried) error {
			return n.tried(f)
		}),
		"audit.trail.odd.v1": told(x, func(n notes, f event.TrailOdd) error {
			return n.odd(f)
		}),
		"audit.breach.due.v1": told(x, func(n notes, f event.BreachDue) error {
			return n.breach(f)
		}),
		"audit.extract.due.v1": told(x, func(n notes, f event.ExtractDue) error {
			word := "extract_due"
			if f.Overdue {
				word = "extract_overdue"
			}
			return n.tell(n.ctx, n.tx, word, "", f.Due, Notice{Authority: f.Authority, Person: f.Person})
		}),
		"audit.glass.reviewed.v1": told(x, func(n notes, f event.GlassReviewed) error {
			return n.tell(n.ctx, n.tx, "glass_"+f.Outcome, "", time.Time{}, Notice{Authority: f.Authority, Person: f.Person})
		}),
	}
}

// broken tells the owner's officer, who is led nowhere and sees no item, and the
// coordinators of the owner and of those it is shared with.
func (n notes) broken(id hub.ID, owner hub.AuthorityID) error {
	if err := n.tell(n.ctx, n.tx, "glass_review", "", time.Time{}, Notice{Authority: owner, Role: hub.DPO, Of: id}); err != nil {
		return err
	}
	shares, err := n.tx.Shares(n.ctx, n.kind, id)
	if err != nil {
		return err
	}
	all, seen := []hub.AuthorityID{owner}, map[hub.AuthorityID]bool{owner: true}
	for _, s := range shares {
		if hasDesk(n.Structure, s.To) && !seen[s.To] {
			all, seen[s.To] = append(all, s.To), true
		}
	}
	return n.desk("glass_broken", id, time.Time{}, all...)
}

// glass is a break-glass that was told of; zero where it is there no more.
func (n notes) glass(id hub.ID) (pg.Glass, error) {
	b, err := n.tx.GlassByID(n.ctx, id)
	if hub.CodeOf(err) == hub.CodeNotFound {
		err = nil
	}
	return b, err
}

// answered tells whoever asked, where they asked, what the second person said.
func (n notes) answered(id hub.ID, a hub.AuthorityID, person hub.ID, granted bool) error {
	if !granted {
		return n.tell(n.ctx, n.tx, "glass_no", "", time.Time{}, Notice{Authority: a, Person: person, Of: id})
	}
	return n.tell(n.ctx, n.tx, "glass_yes", id, time.Time{}, Notice{Authority: a, Person: person, Kind: n.kind})
}

// tried tells that somebody tried to reach what they are too close to: the officers of
// where they work, and their managers, and never themselves. The officer finds it in the
// log; the manager is not told who.
func (n notes) tried(f event.CloseTried) error {
	managers := n.Structure.Holders(hub.Manager, f.Authority, n.tx.Now)
	if p, ok := n.Structure.Post(f.Hat); ok {
		if m, ok := n.Structure.Post(p.Manager); ok && m.Holds(n.tx.Now) {
			managers = []structure.Post{m}
		}
	}
	tell := func(word string, posts []structure.Post) error {
		for _, p := range posts {
			if p.Person == f.Person {
				continue
			}
			if err := n.tell(n.ctx, n.tx, word, "", time.Time{}, Notice{Authority: f.Authority, Person: p.Person}); err != nil {
				return err
			}
		}
		return nil
	}
	if err := tell("close_tried", n.Structure.Holders(hub.DPO, f.Authority, n.tx.Now)); err != nil {
		return err
	}
	return tell("close_tried_manager", managers)
}

// odd tells that something is wrong with the trail: the officers of every authority that
// takes part. The trail is one, and holds what was done with the data of each; so each is
// to verify it for itself, and none has to hear it from whoever runs the hub, or from the
// authority that may have done it. Whose witness it is reads that it is theirs. Of a
// disclosure that stands at one end only, and of samples that are drawn no more or fewer, the
// authority that it names is told.
func (n notes) odd(f event.TrailOdd) error {
	for _, a := range n.Structure.Authorities {
		if len(n.Structure.Holders(hub.DPO, a.ID, n.tx.Now)) == 0 {
			continue // it takes no part
		}
		word := "trail_" + f.What
		switch f.What {
		case "one_end", "sampled_less", "sampled_none", "listed_less": // which is theirs alone
			if f.Authority != a.ID {
				continue
			}
		case "closed", "opened": // which is everybody's
		default:
			if f.Authority == a.ID {
				word += "_own"
			}
		}
		if err := n.tell(n.ctx, n.tx, word, "", time.Time{}, Notice{Authority: a.ID, Role: hub.DPO}); err != nil {
			return err
		}
	}
	return nil
}

// breach tells that a breach of personal data security waits: the officers of its authority,
// who find it in their register, and the managers, who answer for the authority and are led
// nowhere.
func (n notes) breach(f event.BreachDue) error {
	word := "breach_due"
	if f.Overdue {
		word = "breach_overdue"
	}
	for _, role := range []hub.Role{hub.DPO, hub.Manager} {
		if err := n.tell(n.ctx, n.tx, word, "", f.Due, Notice{Authority: f.Authority, Role: role}); err != nil {
			return err
		}
	}
	return nil
}
