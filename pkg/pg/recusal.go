package pg

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/policies"
)

// Recusal says that a person is too close to an item to deal with it (inhabil,
// forvaltningsloven § 3), and when that was lifted, if it was.
type Recusal struct {
	Person   hub.ID
	Ground   string // the number of § 3 stk. 1
	By       hub.ID // the person who said so
	Hat      hub.ID // and in which hat
	At       time.Time
	LiftedBy hub.ID    // the hat that lifted it; empty while it stands
	LiftedAt time.Time // zero while it stands
}

// Recuse keeps a person away from an item, from what it is a part of and came of,
// and from all that comes of those, at once and in every room. Somebody who is
// recused already is a Conflict.
func (tx *Tx) Recuse(ctx context.Context, g policies.Grant, person hub.ID, kind string, id hub.ID, ground string) error {
	return tx.change(ctx, g, hub.Conflict("error.already_recused"), `insert into access.recusal (person, kind, item, ground, by_person, by_hat)
		select $1, $2, i.id, $4, $5, $6 from access.lock_item($2, $3) i on conflict do nothing`, person, kind, id, ground, tx.who.Person, tx.who.Hat.ID)
}

// LiftRecusal lets a person come near an item again, and everything that their
// recusal reached, whichever of it it was said of. One that is not there is
// NotFound; that it was there stays in [Tx.Recusals].
func (tx *Tx) LiftRecusal(ctx context.Context, g policies.Grant, person hub.ID, kind string, id hub.ID) error {
	if err := tx.holder(g); err != nil {
		return err
	}
	tx.changed = true
	var lifted bool
	if err := tx.QueryRow(ctx, `select access.lift_recusal($1, $2, $3, $4, $5)`, kind, id, person, tx.who.Person, tx.who.Hat.ID).Scan(&lifted); err != nil || lifted {
		return err
	}
	return hub.NotFound()
}

// Recusals are those that reach an item, and those that did and were lifted, the
// oldest first: when it was said, whichever item of the course it was said of.
func (tx *Tx) Recusals(ctx context.Context, kind string, id hub.ID) ([]Recusal, error) {
	rows, err := tx.Query(ctx, `select person, ground, by_person, by_hat, at, lifted_by, lifted_at from (
		select c.person, c.ground, c.by_person, c.by_hat, c.written_at as at, '' as lifted_by, '0001-01-01T00:00:00Z'::timestamptz as lifted_at
			from access.recusal c where c.kind = $1 and c.item = $2
		union all select l.person, l.ground, l.by_person, l.by_hat, l.written_at, l.lifted_hat, l.lifted_at
			from access.recusal_lifted l where l.kind = $1 and l.item = $2) r order by at, person`, kind, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (c Recusal, err error) {
		err = r.Scan(&c.Person, &c.Ground, &c.By, &c.Hat, &c.At, &c.LiftedBy, &c.LiftedAt)
		c.At, c.LiftedAt = c.At.UTC(), c.LiftedAt.UTC()
		return c, err
	})
}
