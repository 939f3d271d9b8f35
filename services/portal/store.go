package portal

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// putSession writes a new session. False: its ticket was spent before.
func putSession(ctx context.Context, tx *pg.Tx, hash, ticket []byte, s session) (bool, error) {
	tag, err := tx.Exec(ctx, `insert into portal.session (id, hash, ticket, person, issuer, sub, loa, hat, begun_at, used_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) on conflict (ticket) do nothing`,
		s.ID, hash, ticket, s.Person, s.Issuer, s.Subject, s.LoA, s.Hat, tx.Now)
	if err != nil || tag.RowsAffected() == 0 {
		return false, err
	}
	return true, worn(ctx, tx, s.ID)
}

// findSession reads a session by the hash of its secret. False: there is none.
func findSession(ctx context.Context, tx *pg.Tx, hash []byte) (s session, ok bool, err error) {
	err = tx.QueryRow(ctx, `select id, person, issuer, sub, loa, hat, begun_at, used_at, ended_at is not null from portal.session where hash = $1`, hash).
		Scan(&s.ID, &s.Person, &s.Issuer, &s.Subject, &s.LoA, &s.Hat, &s.Begun, &s.Used, &s.Ended)
	if errors.Is(err, pgx.ErrNoRows) {
		return s, false, nil
	}
	return s, err == nil, err
}

func useSession(ctx context.Context, tx *pg.Tx, id hub.ID) error {
	if _, err := tx.Exec(ctx, `update portal.session set used_at = $2 where id = $1 and used_at < $2 and ended_at is null`, id, tx.Now); err != nil {
		return err
	}
	return worn(ctx, tx, id)
}

func wearHat(ctx context.Context, tx *pg.Tx, id, hat hub.ID, hash []byte) error {
	if _, err := tx.Exec(ctx, `update portal.session set hat = $2, hash = $3, used_at = $4 where id = $1 and ended_at is null`, id, hat, hash, tx.Now); err != nil {
		return err
	}
	return worn(ctx, tx, id)
}

// worn notes when the hat of a session was worn last, for longer than the session.
func worn(ctx context.Context, tx *pg.Tx, session hub.ID) error {
	_, err := tx.Exec(ctx, `insert into portal.worn as w (hat, at) select hat, $2 from portal.session where id = $1 and hat <> '' on conflict (hat) do update set at = $2 where w.at < $2`, session, tx.Now)
	return err
}

func endSession(ctx context.Context, tx *pg.Tx, hash []byte) error {
	_, err := tx.Exec(ctx, `update portal.session set ended_at = $2 where hash = $1 and ended_at is null`, hash, tx.Now)
	return err
}

// hats lists what an identity may wear now, in an order that does not change.
func hats(ctx context.Context, tx *pg.Tx, i web.Identity) ([]hub.Hat, error) {
	rows, err := tx.Query(ctx, `select id, person, name, authority, kind, department, role, from_at, until_at, deputy_of from access.hat
		where issuer = $1 and sub = $2 and from_at <= $3 and until_at > $3 order by authority, role, department, id`, i.Issuer, i.Subject, tx.Now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (h hub.Hat, err error) {
		err = r.Scan(&h.ID, &h.Person, &h.Name, &h.Authority, &h.Kind, &h.Department, &h.Role, &h.From, &h.Until, &h.DeputyOf)
		return h, err
	})
}

// ownHat is a hat of a person's, by whichever issuer they sign in to wear it, and
// whether it holds now; zero of what is not theirs.
func ownHat(ctx context.Context, tx *pg.Tx, person, id hub.ID) (h hub.Hat, holds bool, err error) {
	err = tx.QueryRow(ctx, `select id, person, authority, kind, department, role, from_at <= $3 and $3 < until_at from access.hat where person = $1 and id = $2`, person, id, tx.Now).
		Scan(&h.ID, &h.Person, &h.Authority, &h.Kind, &h.Department, &h.Role, &holds)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return h, holds, err
}

// workplaces lists the authorities where a person works now.
func workplaces(ctx context.Context, tx *pg.Tx, person hub.ID) ([]hub.AuthorityID, error) {
	rows, err := tx.Query(ctx, `select distinct authority from access.hat where person = $1 and from_at <= $2 and until_at > $2 order by authority`, person, tx.Now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[hub.AuthorityID])
}

// views are the questions whether a person may see a thing now, one for each of
// their hats at an authority.
func views(ctx context.Context, tx *pg.Tx, person hub.ID, a hub.AuthorityID, kind string, id hub.ID) ([]policies.View, error) {
	rows, err := tx.Query(ctx, `select h.authority, h.kind, h.role, r.* from access.hat h
		cross join lateral access.relations(h.person, h.authority, h.role, h.kind, $3) r
		where h.person = $1 and h.authority = $4 and r.kind = $5 and r.id = $2`, person, id, tx.Now, a, kind)
	if err != nil {
		return nil, err
	}
	h := hub.Hat{Person: person}
	var rel pg.Relation
	var list []policies.View
	_, err = pgx.ForEachRow(rows, append([]any{&h.Authority, &h.Kind, &h.Role}, rel.Into()...), func() error {
		list = append(list, rel.View(hub.Actor{Hat: h}, hub.Prevention))
		return nil
	})
	return list, err
}

// item gives whose a concern is and who wrote it. There may be none any more.
func item(ctx context.Context, tx *pg.Tx, concern hub.ID) (controller hub.AuthorityID, author hub.ID, err error) {
	err = tx.QueryRow(ctx, `select controller, author from access.item where id = $1 and kind = 'concern'`, concern).Scan(&controller, &author)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return controller, author, err
}

// sharedWith lists the authorities that a concern is shared with now.
func sharedWith(ctx context.Context, tx *pg.Tx, concern hub.ID) ([]hub.AuthorityID, error) {
	rows, err := tx.Query(ctx, `select distinct receiver from access.share where kind = 'concern' and item = $1
		and from_at <= $2 and until_at > $2 and ended_at is null order by receiver`, concern, tx.Now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[hub.AuthorityID])
}

func putKept(ctx context.Context, tx *pg.Tx, id, person hub.ID, box []byte) error {
	_, err := tx.Exec(ctx, `insert into portal.kept (id, person, box, kept_at) values ($1, $2, $3, $4)`, id, person, box, tx.Now)
	return err
}

// takeKept reads a kept form, for its person only; for any other it is
// forgotten. nil is none.
func takeKept(ctx context.Context, tx *pg.Tx, id, person hub.ID) ([]byte, error) {
	if _, err := tx.Exec(ctx, `delete from portal.kept where id = $1 and (person <> $2 or kept_at <= $3)`, id, person, tx.Now.Add(-keptFor)); err != nil {
		return nil, err
	}
	var box []byte
	err := tx.QueryRow(ctx, `select box from portal.kept where id = $1`, id).Scan(&box)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return box, err
}

func dropKept(ctx context.Context, tx *pg.Tx, id hub.ID) error {
	_, err := tx.Exec(ctx, `delete from portal.kept where id = $1`, id)
	return err
}

func putNotice(ctx context.Context, tx *pg.Tx, n Notice) error {
	var due *time.Time
	if !n.Due.IsZero() {
		due = &n.Due
	}
	_, err := tx.Exec(ctx, `insert into portal.notice (id, word, concern, authority, role, person, step, due, at, kind, item) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		n.ID, n.Word, n.Concern, n.Authority, n.Role, n.Person, n.Step, due, n.At, n.Kind, n.Of)
	return err
}

// forMe is the condition of a notice being for the hat that asks: $1 authority,
// $2 role, $3 person.
const (
	forMe = `authority = $1 and (role = $2 or person = $3)`
	mine  = `n.authority = $1 and (n.role = $2 or n.person = $3)`
)

// shut is the things of unread notices that their reader is too close to, by word or
// because they are about them. What may be so is found by the access facts' own indexes;
// that it is, access.relations says alone: as of every read (A012, A013).
const shut = `shut as materialized (
	select r.id from (select distinct n.item from unread n where n.item in (
			select c.item from access.recusal c where c.person = $3
			union select p.id from access.recusal c join access.item p on p.part_of = c.item where c.person = $3
			union select i.id from (select distinct o.subject from access.own o where o.person = $3 offset 0) o
				cross join lateral (select i.id from access.item i where i.about = o.subject offset 0) i)) n
	cross join lateral (select r.id, r.recused from access.relations($3, $1, $2, $5, $6) r where r.id = n.item offset 0) r where r.recused)`

// notices lists what a hat has not read, newest first: of each concern only the
// latest, which says more than those before it. Of what its reader is too close to
// there is none, from the minute it is so and for as long: what is told is kept, and
// what is shown is asked for at each reading.
func notices(ctx context.Context, tx *pg.Tx, limit int) ([]Notice, error) {
	who := tx.Who()
	rows, err := tx.Query(ctx, `with unread as materialized (select n.* from portal.notice n where `+forMe+`
			and not exists (select 1 from portal.notice_read r where r.notice = n.id and r.person = $3)),
		`+shut+`
		select id, word, kind, concern, authority, role, person, step, due, at from (
			select distinct on (case when concern = '' then id else concern end) n.* from unread n
			where n.item = '' or n.item not in (select s.id from shut s)
			order by case when concern = '' then id else concern end, n desc) latest
		order by at desc, n desc limit $4`, who.Authority, who.Role, who.Person, limit, who.Kind, tx.Now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (n Notice, err error) {
		var due *time.Time
		err = r.Scan(&n.ID, &n.Word, &n.Kind, &n.Concern, &n.Authority, &n.Role, &n.Person, &n.Step, &due, &n.At)
		if due != nil {
			n.Due = *due
		}
		return n, err
	})
}

// ended marks the notices whose thing the hat that asks cannot open now: closed,
// taken back, or theirs no more. It is asked as the thing's own page asks, so that
// a notice tells nothing that following it would not.
func (x *room) ended(ctx context.Context, tx *pg.Tx, list []Notice) error {
	var ids []hub.ID
	for _, n := range list {
		if n.Concern != "" {
			ids = append(ids, n.Concern)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `select * from access.relations($1, $2, $3, $4, $5) r where r.id = any($6)`, append(tx.Me(), ids)...)
	if err != nil {
		return err
	}
	var rel pg.Relation
	open, seat := map[string]bool{}, map[string]bool{}
	who := tx.Who()
	_, err = pgx.ForEachRow(rows, rel.Into(), func() error {
		open[rel.Kind+string(rel.ID)] = tx.Sees(ctx, rel)
		a, err := x.DB.Advise(ctx, policies.Recuse{Role: who.Role, Kind: who.Kind, Relation: rel.Relation, ReceivedBy: rel.ReceivedBy, SharedBy: rel.SharedBy, State: rel.State,
			Assigned: rel.Assigned, Recused: rel.Recused, SameAuthority: true, Ground: service.Grounds[0]})
		seat[rel.Kind+string(rel.ID)] = err == nil && a.Allow
		return nil
	})
	for i, n := range list {
		may := open
		if n.Word == emptySeat {
			may = seat
		}
		list[i].Ended = n.Concern != "" && !slices.Contains(officers, n.Word) && !may[n.Kind+string(n.Concern)]
	}
	return err
}

// read notes that notices were read, and with each those before it of the same
// concern. Those that are not for the hat stay as they are.
func read(ctx context.Context, tx *pg.Tx, ids []hub.ID) error {
	who := tx.Who()
	_, err := tx.Exec(ctx, `insert into portal.notice_read (notice, person, read_at)
		select distinct n.id, $3, $5::timestamptz from portal.notice n
		join (select id, concern, n from portal.notice where `+forMe+` and id = any($4)) shown
			on n.id = shown.id or (shown.concern <> '' and n.concern = shown.concern and n.n <= shown.n)
		where `+mine+` on conflict do nothing`, who.Authority, who.Role, who.Person, ids, tx.Now)
	return err
}

// looks counts one more look-up of a person, and tells how many there were in the
// hour of the clock and in 24 hours, and when the last one was served. Whoever
// looks up twice at once does so one after the other.
func looks(ctx context.Context, tx *pg.Tx, person hub.ID) (hour, day int, last time.Time, err error) {
	err = tx.QueryRow(ctx, `with this as (insert into portal.look as l (person, hour, n) values ($1, date_trunc('hour', $2::timestamptz), 1)
			on conflict (person, hour) do update set n = l.n + 1 returning n, served_at)
		select n, n + (select coalesce(sum(b.n), 0) from portal.look b where b.person = $1 and b.hour < date_trunc('hour', $2::timestamptz) and b.hour > $2::timestamptz - interval '24 hours'),
			greatest(served_at, (select max(b.served_at) from portal.look b where b.person = $1 and b.hour < date_trunc('hour', $2::timestamptz))) from this`,
		person, tx.Now).Scan(&hour, &day, &last)
	return hour, day, last, err
}

// served notes that a look-up was served to somebody who is slowed.
func served(ctx context.Context, tx *pg.Tx, person hub.ID) error {
	_, err := tx.Exec(ctx, `update portal.look set served_at = $2 where person = $1 and hour = date_trunc('hour', $2::timestamptz)`, person, tx.Now)
	return err
}

// sweep takes away what has run out.
func sweep(ctx context.Context, tx *pg.Tx) error {
	for _, s := range []struct {
		sql    string
		before time.Time
	}{
		{`delete from portal.session where begun_at < $1`, tx.Now.Add(-absolute - keptFor)},
		{`delete from portal.kept where kept_at < $1`, tx.Now.Add(-keptFor)},
		{`delete from portal.look where hour < $1`, tx.Now.Add(-25 * time.Hour)},
		{`delete from portal.notice where at < $1`, tx.Now.Add(-noticesFor)},
	} {
		if _, err := tx.Exec(ctx, s.sql, s.before); err != nil {
			return err
		}
	}
	return nil
}
