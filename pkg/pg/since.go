package pg

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
)

// Held is something given on an item that counts now: an assignment to a person in a hat, a
// share with an authority, or a break-glass of a person's, and from when until when.
type Held struct {
	Glass       bool
	Person      hub.ID          // of an assignment, or who broke the glass; else empty
	Authority   hub.AuthorityID // of a share; of the person's hat
	Role        hub.Role        // of the person's hat; of a share empty
	SharedBy    hub.AuthorityKind
	Basis       hub.LegalBasis
	From, Until time.Time
}

// Held lists what is given on an item, and on the whole that it is a part of, and
// counts now, the oldest first. A share counts no longer than its basis, and than the
// agreement that it needs.
func (tx *Tx) Held(ctx context.Context, kind string, id hub.ID) ([]Held, error) {
	rows, err := tx.Query(ctx, `select false, a.person, a.authority, a.role, '', '', a.from_at, a.until_at from access.item i join access.assignment a on a.item in (i.id, i.part_of)
			where i.kind = $1 and i.id = $2 and a.ended_at is null and a.from_at <= $3 and $3 < a.until_at
		union all select false, '', h.receiver, '', h.sender_kind, h.basis, h.from_at, least(h.until_at, b.until_at, c.until_at) from access.item i
			join access.share h on h.item = i.id join access.basis b on b.code = h.basis and b.from_at <= $3 and $3 < b.until_at
			left join lateral (select c.until_at from access.cooperates(h.receiver, $3) c where c.basis = h.basis and c.party = h.sender) c on true
			where (b.agreements is null or c.until_at is not null) and i.kind = $1 and i.id = $2 and h.ended_at is null and h.from_at <= $3 and $3 < h.until_at
		union all select true, g.person, g.authority, g.role, '', '', g.from_at, g.until_at from access.glass g
			where g.kind = $1 and g.item = $2 and g.ended_at is null and g.from_at <= $3 and $3 < g.until_at
		order by 7, 1, 2, 3, 4`, kind, id, tx.Now)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Held])
	for _, b := range tx.rules.Bases() { // as far as the data says itself
		for i, h := range all {
			if h.Basis == b.Code && !b.Until.IsZero() && b.Until.Before(h.Until) {
				all[i].Until = b.Until
			}
		}
	}
	return all, wrap(err)
}
