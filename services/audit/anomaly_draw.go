package audit

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/structure"
)

// anomalies puts together every authority's list of each week that has ended (P10).
func (x *room) anomalies(ctx context.Context) error {
	for _, a := range x.Structure.Authorities {
		var last week // whose look-ups the next one has most of
		for more := true; more; {
			err := x.DB.Command(ctx, x.self(), pg.Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "trail"}}, func(tx *pg.Tx) (err error) {
				more, err = x.nextWeek(ctx, tx, a.ID, &last)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// nextWeek puts together the list of the week after the last one, if it has ended for as long as
// samples wait, and tells its officers where less can come on it than on the one before. It goes by the database's clock, as they do.
func (x *room) nextWeek(ctx context.Context, tx *pg.Tx, a hub.AuthorityID, had *week) (more bool, err error) {
	var now time.Time
	var last *time.Time
	var rules []byte
	if err := tx.QueryRow(ctx, `select clock_timestamp(), w.until_at, w.rules from (select 1) q
		left join lateral (select until_at, rules from audit.anomaly_week where authority = $1 order by until_at desc limit 1) w on true`, a).Scan(&now, &last, &rules); err != nil {
		return false, err
	}
	from := monday(now).AddDate(0, 0, -7) // a hub that first has this begins with the week before
	if last != nil {
		from = *last
	}
	until := periodEnd(from, 1)
	if now.Before(until.Add(drawnAfter)) {
		return false, nil
	}
	w := week{from: from, until: until, by: x.Structure.Anomalous(a, from)}
	before := structure.UsualAnomalies()
	if last != nil {
		var err error
		if before, err = rulesOf(rules); err != nil {
			return false, err
		}
	}
	if w.by.Narrower(before) {
		if err := tx.Tell(ctx, event.TrailOdd{Odd: x.NewID(), What: "listed_less", Authority: a}); err != nil {
			return false, err
		}
	}
	var all []anomaly
	if w.by.Most > 0 {
		if err := x.fills(ctx, tx, a, &w, *had); err != nil {
			return false, err
		}
		all = w.anomalies()
		*had = w
	}
	return true, x.putWeek(ctx, tx, a, w, all)
}

// fills reads what a week's list is made of: where the week before was read just now, no more than
// what came since.
func (x *room) fills(ctx context.Context, tx *pg.Tx, a hub.AuthorityID, w *week, had week) error {
	back := w.from.AddDate(0, 0, -7*w.by.Weeks)
	since := back
	if had.until.Equal(w.from) && had.by.Weeks == w.by.Weeks {
		since = w.from
		w.looks = slices.DeleteFunc(had.looks, func(l lookUp) bool { return l.at.Before(back) })
	}
	looks, err := lookUpsOf(ctx, tx, a, since, w.until)
	if err != nil {
		return err
	}
	w.looks = append(w.looks, looks...)
	if w.kin, err = x.kinOf(ctx, tx, a, w.until); err != nil {
		return err
	}
	w.told, err = toldOf(ctx, tx, a, back)
	return err
}

// comingIn are the states of what has just come in (domain.md S0 to S3, and the drafting of S4).
var comingIn = []string{"draft", "received", "rerouted", "police_check", "acute", "triage", "opening"}

// lookUpsOf are the requests of an authority's own people that were about one person, in a time. A
// page that lists many is none, nor is what the hub does or the log is read for. A refusal at
// another authority's thing is none either: that the thing is there is not the officer's to learn.
func lookUpsOf(ctx context.Context, tx *pg.Tx, a hub.AuthorityID, from, until time.Time) ([]lookUp, error) {
	rows, err := tx.Query(ctx, `select t.person, min(u.subject), coalesce(min(t.object_id) filter (where t.object_kind not in ('', 'subject')), ''), min(t.at),
			bool_or(t.act in ('consult', 'search', 'export')),
			bool_or(t.outcome = 'allow' and (t.act not in ('consult', 'search', 'export', 'break-glass') or coalesce(t.input ->> 'assigned' = 'true', false) or coalesce(t.input ->> 'author' = 'true', false))),
			bool_or(t.outcome = 'allow' and t.act = 'break-glass'), bool_or(coalesce(t.input ->> 'state' = any($4), false))
		from audit.trail t cross join lateral unnest(t.subjects) u (subject)
		where t.authority = $1 and t.at >= $2 and t.at < $3 and t.role not in ('system', 'anonymous') and t.purpose <> 'log_control' and (t.outcome = 'allow' or t.controller = $1)
		group by t.person, t.request having min(u.subject) = max(u.subject) and not bool_or(t.act = 'search' and t.object_kind <> 'subject')
		order by 4`, a, from, until, comingIn)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (l lookUp, err error) {
		return l, row.Scan(&l.person, &l.subject, &l.object, &l.at, &l.looked, &l.related, &l.broke, &l.incoming)
	})
}

// kinOf is who of an authority's people is what to whom something is about: as their sign-ins and
// what is kept of those say it now.
func (x *room) kinOf(ctx context.Context, tx *pg.Tx, a hub.AuthorityID, at time.Time) (map[pair]string, error) {
	rows, err := tx.Query(ctx, `with staff as (select distinct h.person from access.hat h where h.authority = $1 and h.from_at < $2 and h.until_at > $2 - interval '1 week')
		select s.person, k.subject, k.how from staff s join access.same_home k on k.person = s.person
		union all select s.person, o.subject, case when s.person = o.person then 'own' else 'colleague' end from access.own o join staff f on f.person = o.person cross join staff s`, a, at)
	if err != nil {
		return nil, err
	}
	kin, names := map[pair]string{}, map[hub.ID]string{}
	var person, subject hub.ID
	var how string
	_, err = pgx.ForEachRow(rows, []any{&person, &subject, &how}, func() error {
		if names[subject] == "" {
			names[subject] = x.Vault.Pseudonym(subject)
		}
		p := pair{person, names[subject]}
		if had, ok := kin[p]; !ok || slices.Index(Kinds, how) < slices.Index(Kinds, had) { // the nearest
			kin[p] = how
		}
		return nil
	})
	return kin, err
}

// toldOf is until when what stood on an authority's lists was told, by kind, person and whom it
// was about.
func toldOf(ctx context.Context, tx *pg.Tx, a hub.AuthorityID, since time.Time) (toldUntil, error) {
	rows, err := tx.Query(ctx, `select kind, case when kind = 'news' then '' else people[1] end, subject, max(last_at) from audit.anomaly where authority = $1 and from_at >= $2 group by 1, 2, 3`, a, since)
	if err != nil {
		return nil, err
	}
	all := toldUntil{}
	var k anomalyKey
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&k.kind, &k.person, &k.subject, &at}, func() error {
		all[k] = at
		return nil
	})
	return all, err
}

// putWeek keeps a list, once, and how many more were found.
func (x *room) putWeek(ctx context.Context, tx *pg.Tx, a hub.AuthorityID, w week, all []anomaly) error {
	rules, err := json.Marshal(w.by)
	if err != nil {
		return err
	}
	listed := all[:min(len(all), w.by.Most)]
	tag, err := tx.Exec(ctx, `insert into audit.anomaly_week (authority, from_at, until_at, rules, beyond) values ($1, $2, $3, $4, $5) on conflict do nothing`, a, w.from, w.until, rules, len(all)-len(listed))
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	for i, f := range listed {
		if _, err := tx.Exec(ctx, `insert into audit.anomaly (id, authority, from_at, place, kind, people, subject, objects, figures, first_at, last_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			x.NewID(), a, w.from, i+1, f.kind, f.people, f.subject, f.objects, f.figures, f.first, f.last); err != nil {
			return err
		}
	}
	return nil
}

// the rules of a list, as they stood when it was made.
func rulesOf(text []byte) (by structure.Anomalies, err error) {
	return by, json.Unmarshal(text, &by)
}
