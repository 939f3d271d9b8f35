package pg

import (
	"context"
	"time"
)

// Leaving reports whether the actor's authority leaves the cooperation: it was a
// party to some agreement, and to none that is in force, or will be, so many days from
// now (A017). Whoever never took part leaves nothing.
func (tx *Tx) Leaving(ctx context.Context, days int) (leaving bool, err error) {
	err = tx.QueryRow(ctx, `select coalesce(max(a.until_at) <= $2, false) from access.agreement a where $1 = any(a.parties)`,
		tx.who.Authority, tx.Now.Add(time.Duration(days)*24*time.Hour)).Scan(&leaving)
	return leaving, err
}

// TooClose is a column of a select: whether the person $2 is recused from the item, and
// so from what was written in it, or is whom it is about. Item and subject are
// expressions.
func TooClose(item, subject string) string {
	return `(exists (select from access.recusal z where z.item = ` + item + ` and z.person = $2) or exists (select from access.own z where z.person = $2 and z.subject = ` + subject + `))`
}
