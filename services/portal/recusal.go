package portal

import (
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/structure"
)

// recused tells that somebody is too close to a thing to deal with it, or is so no
// more, and never why: themselves; the coordinators of whoever has the thing, but
// for those who are recused from it too; the data-protection officer of the
// person's own authority, in words of their own. Where only deputies are left there, or somebody was
// chosen, they are told that they take over; where nobody is, the manager is, with
// the reference and the way to the page of who is recused, and so are the
// coordinators of the others who have the thing. Where it was told before, and only now
// somebody was chosen, they alone are told.
func (n notes) recused(id hub.ID, a hub.AuthorityID, person, substitute hub.ID, lifted bool) error {
	if person == "" {
		return n.tell(n.ctx, n.tx, "recused_takeover", id, time.Time{}, Notice{Authority: a, Person: substitute, Kind: n.kind})
	}
	word, to := "recused", ""
	if lifted {
		word, to = "recusal_lifted", string(id)
	}
	if err := n.tell(n.ctx, n.tx, word+"_you", hub.ID(to), time.Time{}, Notice{Authority: a, Person: person, Kind: n.kind}); err != nil {
		return err
	}
	if err := n.tell(n.ctx, n.tx, word+"_officer", id, time.Time{}, Notice{Authority: a, Role: hub.DPO, Kind: n.kind}); err != nil {
		return err
	}
	parties, out, err := n.around(id)
	if err != nil {
		return err
	}
	left := map[hub.AuthorityID][]structure.Post{}
	for _, p := range parties {
		role := desk(n.Structure, p).Role
		if role == "" || !hasDesk(n.Structure, p) {
			continue
		}
		wear, err := n.wearers(p, role)
		if err != nil {
			return err
		}
		left[p] = slices.DeleteFunc(n.Structure.Holders(role, p, n.tx.Now), func(h structure.Post) bool {
			return slices.Contains(out, h.Person) || h.Person == person || !slices.Contains(wear, h.Person)
		})
	}
	seat, has := left[a]
	empty := has && len(seat) == 0 && !lifted
	for _, p := range parties {
		alone := p == a && !slices.ContainsFunc(left[p], func(h structure.Post) bool { return h.DeputyOf == "" })
		for _, h := range left[p] {
			say := word
			switch {
			case !lifted && (alone || h.Person == substitute):
				say = "recused_takeover"
			case empty:
				say = "recused_seat"
			}
			if err := n.tell(n.ctx, n.tx, say, id, time.Time{}, Notice{Authority: p, Person: h.Person, Kind: n.kind}); err != nil {
				return err
			}
		}
	}
	if empty {
		for _, m := range climb(n.Structure, a, "manager", n.tx.Now) {
			m.Kind = n.kind
			if err := n.tell(n.ctx, n.tx, emptySeat, id, time.Time{}, m); err != nil {
				return err
			}
		}
	}
	if substitute == "" || slices.ContainsFunc(n.Structure.Holders(desk(n.Structure, a).Role, a, n.tx.Now), func(h structure.Post) bool { return h.Person == substitute }) {
		return nil // told already
	}
	return n.tell(n.ctx, n.tx, "recused_takeover", id, time.Time{}, Notice{Authority: a, Person: substitute, Kind: n.kind})
}

// emptySeat is the word of a notice that nobody coordinates a thing for an authority
// any more: it leads to the page of who is recused from it.
const emptySeat = "recused_empty"

// wearers are the people who have a role at an authority now: what the structure file
// gives and nobody ended since.
func (n notes) wearers(a hub.AuthorityID, role hub.Role) ([]hub.ID, error) {
	rows, err := n.tx.Query(n.ctx, `select distinct person from access.hat where authority = $1 and role = $2 and from_at <= $3 and $3 < until_at`, a, role, n.tx.Now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[hub.ID])
}

// around is the authorities that have a thing now, its own and those that it is
// shared with, and the people who are recused from it.
func (n notes) around(id hub.ID) (parties []hub.AuthorityID, out []hub.ID, err error) {
	rows, err := n.tx.Query(n.ctx, `select controller from access.item where id = $1
		union select receiver from access.share where item = $1 and from_at <= $2 and until_at > $2 and ended_at is null order by 1`, id, n.tx.Now)
	if err != nil {
		return nil, nil, err
	}
	if parties, err = pgx.CollectRows(rows, pgx.RowTo[hub.AuthorityID]); err != nil {
		return nil, nil, err
	}
	if rows, err = n.tx.Query(n.ctx, `select person from access.recusal where item = $1`, id); err != nil {
		return nil, nil, err
	}
	out, err = pgx.CollectRows(rows, pgx.RowTo[hub.ID])
	return parties, out, err
}
