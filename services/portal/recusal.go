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
// person's own authority. Where only deputies are left there, or somebody was
// chosen, they are told that they take over; where nobody is, the manager is, who
// is not told of what.
func (n notes) recused(id hub.ID, a hub.AuthorityID, person, substitute hub.ID, lifted bool) error {
	word, to := "recused", ""
	if lifted {
		word, to = "recusal_lifted", string(id)
	}
	if err := n.tell(n.ctx, n.tx, word+"_you", hub.ID(to), time.Time{}, Notice{Authority: a, Person: person, Kind: n.kind}); err != nil {
		return err
	}
	if err := n.tell(n.ctx, n.tx, word, id, time.Time{}, Notice{Authority: a, Role: hub.DPO, Kind: n.kind}); err != nil {
		return err
	}
	parties, out, err := n.around(id)
	if err != nil {
		return err
	}
	for _, p := range parties {
		role := desk(n.Structure, p).Role
		if role == "" || !hasDesk(n.Structure, p) {
			continue
		}
		left := slices.DeleteFunc(n.Structure.Holders(role, p, n.tx.Now), func(h structure.Post) bool { return slices.Contains(out, h.Person) || h.Person == person })
		alone := p == a && !slices.ContainsFunc(left, func(h structure.Post) bool { return h.DeputyOf == "" })
		for _, h := range left {
			say := word
			if !lifted && (alone || h.Person == substitute) {
				say = "recused_takeover"
			}
			if err := n.tell(n.ctx, n.tx, say, id, time.Time{}, Notice{Authority: p, Person: h.Person, Kind: n.kind}); err != nil {
				return err
			}
		}
		if len(left) > 0 || lifted || p != a {
			continue
		}
		for _, m := range climb(n.Structure, p, "manager", n.tx.Now) {
			if err := n.tell(n.ctx, n.tx, "recused_takeover", "", time.Time{}, m); err != nil {
				return err
			}
		}
	}
	if substitute == "" || slices.ContainsFunc(n.Structure.Holders(desk(n.Structure, a).Role, a, n.tx.Now), func(h structure.Post) bool { return h.Person == substitute }) {
		return nil // told already
	}
	return n.tell(n.ctx, n.tx, "recused_takeover", id, time.Time{}, Notice{Authority: a, Person: substitute, Kind: n.kind})
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
