package audit

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// Reviewed is what may come of the review of a break-glass (L57).
var Reviewed = []string{"justified", "not_justified", "breach"}

// GlassLine is a break-glass of the own authority's, as its officer sees it: who,
// why, until when, and what was read under it.
type GlassLine struct {
	ID        hub.ID          `json:"id"`
	Kind      string          `json:"kind"`
	Item      hub.ID          `json:"item"`
	Name      string          `json:"name"`
	Role      hub.Role        `json:"role"`
	Person    hub.ID          `json:"person"`
	Authority hub.AuthorityID `json:"authority"`
	Category  string          `json:"category"`
	Near      bool            `json:"near"`   // the reason is nearly one that the same person gave before
	Second    bool            `json:"second"` // another person said yes to it
	From      time.Time       `json:"from"`
	Until     time.Time       `json:"until"`   // when it ended, or will
	Late      bool            `json:"late"`    // it has waited for more than 24 hours
	Blocked   bool            `json:"blocked"` // and so long that whoever broke it breaks no other
	Outcome   string          `json:"outcome,omitempty"`
	Reason    string          `json:"reason,omitempty"` // of one that is read by itself
	Sealed    string          `json:"sealed,omitempty"` // why the reason is not shown
	SecondBy  string          `json:"second_by,omitempty" doc:"Who that was."`
	Review    *GlassReview    `json:"review,omitempty" doc:"Of one that is read by itself: what its officer found."`
	Open      bool            `json:"open"` // it is not over, and is reviewed when it is
	Reads     *int            `json:"reads,omitempty" doc:"Of one that is read by itself: how often something was read under it. A page with all that it is made of is one."`
	Fields    []string        `json:"fields,omitzero" doc:"Of one that is read by itself: what was read, altogether."`
	Masked    []string        `json:"masked,omitempty" doc:"Of the fields: those shown as a mask only, each time."`
	Readings  []GlassReading  `json:"readings,omitempty" doc:"The first of them, with their rows of the trail."`
	last      time.Time       // when it was read last, by the clock of the trail
}

// GlassReview is what the owner's officer found of a break-glass.
type GlassReview struct {
	Row    int64     `json:"row"` // of the trail, which says it
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Text   string    `json:"text,omitempty"`
	Sealed string    `json:"sealed,omitempty"` // why the text is not shown
}

// GlassReading is one request that was answered because a glass was broken.
type GlassReading struct {
	At   time.Time `json:"at"`
	Rows []int64   `json:"rows"` // of the trail
}

// Shown are the fields in the words of the pages, as those of a [Row] are.
func (l GlassLine) Shown() []string { return shown(l.Fields, l.Masked) }

// Times is how often something was read under it, for a page.
func (l GlassLine) Times() int {
	if l.Reads == nil {
		return 0
	}
	return *l.Reads
}

// Days are the first and the last day on which something was read under it, for a
// search of the trail.
func (l GlassLine) Days() (days [2]string) {
	for i, t := range []time.Time{l.Readings[0].At, l.last} {
		days[i] = t.In(hub.Copenhagen).Format(time.DateOnly)
	}
	return days
}

// Codes are what a line may say.
func (GlassLine) Codes() map[string][]string { return map[string][]string{"outcome": Reviewed} }

// GlassQueue is what waits for its review, and then what was reviewed last.
type GlassQueue struct {
	Glasses []GlassLine `json:"glasses"`
}

// mostGlass is how many are listed, and mostReadings how many readings of one.
const mostGlass, mostReadings = 50, 20

func (x *room) line(b pg.Glass, now time.Time) GlassLine {
	l := GlassLine{ID: b.ID, Kind: b.Kind, Item: b.Item, Name: string(b.Hat), Person: b.Person, Role: b.Role, Authority: b.Authority, Category: b.Category, Near: b.Near, Second: b.Second != "",
		From: b.From, Until: b.Until, Open: b.Opens(now), Outcome: b.Outcome}
	if p, ok := x.Structure.Post(b.Hat); ok {
		l.Name = p.Name
	}
	if p, ok := x.Structure.Post(b.SecondHat); ok {
		l.SecondBy = p.Name
	}
	if !b.Ended.IsZero() && b.Ended.Before(b.Until) {
		l.Until = b.Ended
	}
	l.Late, l.Blocked = b.Outcome == "" && !now.Before(b.From.Add(pg.GlassLate)), b.Outcome == "" && !now.Before(b.From.Add(pg.GlassTooLate))
	return l
}

// listGlass lists the break-glasses of the own authority's items.
func (x *room) listGlass(r *web.Request, _ struct{}) (GlassQueue, error) {
	q := GlassQueue{Glasses: []GlassLine{}}
	_, err := x.reading(r.Context(), r.Who, Grounds[0], hub.ActSearch, func(ctx context.Context, tx *pg.Tx, _ policies.Grant, e *pg.Entry) error {
		list, err := tx.GlassesOf(ctx, r.Who.Authority, false, mostGlass)
		if err != nil {
			return err
		}
		for _, b := range list {
			asked, err := x.reviewing(ctx, tx, b)
			if err != nil {
				return err
			}
			if close, err := x.close(ctx, asked); err != nil {
				return err
			} else if !close {
				q.Glasses = append(q.Glasses, x.line(b, tx.Now))
			}
		}
		e.Rows = len(q.Glasses)
		return nil
	})
	return q, err
}

// reviewing is the question whether the actor may review a break-glass.
func (x *room) reviewing(ctx context.Context, tx *pg.Tx, b pg.Glass) (policies.Glass, error) {
	who := tx.Who()
	rel, err := tx.Relation(ctx, b.Kind, b.Item)
	return policies.Glass{Step: "review", Role: who.Role, Kind: who.Kind, Purpose: hub.LogControl, SameAuthority: !b.From.IsZero() && b.Owner == who.Authority, Recused: rel.Recused,
		Self: b.Person == who.Person || b.Second == who.Person, Linked: x.Linked(who.Person, b.Person, tx.Now)}, err
}

// close reports whether the rules say that the actor is too close to what it is of: then
// it is to them as one that is not there (A012). Who broke one reads what is found of it.
func (x *room) close(ctx context.Context, asked policies.Glass) (bool, error) {
	answer, err := x.DB.Advise(ctx, asked)
	return !answer.Allow && slices.Contains(answer.Reasons, "recused"), err
}

// readGlass reads one of them, with its reason and with what was read under it.
func (x *room) readGlass(r *web.Request, _ struct{}) (GlassLine, error) {
	id, err := r.PathID("glass")
	if err != nil {
		id = ""
	}
	var l GlassLine
	var broken, review []Row
	receipt, err := x.reading(r.Context(), r.Who, Grounds[0], hub.ActConsult, func(ctx context.Context, tx *pg.Tx, g policies.Grant, e *pg.Entry) error {
		b, err := tx.GlassByID(ctx, id)
		if err != nil && hub.CodeOf(err) != hub.CodeNotFound {
			return err
		}
		none := err != nil || b.Owner != r.Who.Authority || b.From.IsZero()
		asked, err := x.reviewing(ctx, tx, b)
		if err != nil {
			return err
		}
		if close, err := x.close(ctx, asked); err != nil || none || close {
			return err // as one that is not there
		}
		l = x.line(b, tx.Now)
		if broken, err = brokenAt(ctx, tx, g, b); err != nil {
			return err
		}
		if review, err = reviewedAt(ctx, tx, g, b); err != nil {
			return err
		}
		e.Rows = 1
		return x.readUnder(ctx, tx, g, b, &l)
	})
	if err == nil && l.ID == "" {
		err = hub.NotFound()
	}
	if err != nil {
		return l, err
	}
	for i := range broken {
		if err := x.justify(r.Context(), r.Who, receipt, &broken[i]); err != nil {
			return l, err
		}
		l.Reason, l.Sealed = broken[i].Justification, broken[i].Sealed
	}
	for _, one := range review {
		if err := x.justify(r.Context(), r.Who, receipt, &one); err != nil {
			return l, err
		}
		l.Review = &GlassReview{Row: one.ID, By: one.Name, At: one.At, Text: one.Justification, Sealed: one.Sealed}
	}
	return l, nil
}

// reviewedAt is the row of the trail that says what was found; none before that.
func reviewedAt(ctx context.Context, tx *pg.Tx, _ policies.Grant, b pg.Glass) ([]Row, error) {
	rows, err := tx.Query(ctx, `select `+columns+` from audit.trail t`+joins+` where t.act = 'decide' and t.outcome = 'allow' and t.object_kind = 'glass'
		and t.object_id = $1 and t.controller = $2`, b.ID, b.Owner)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// brokenAt is the row of the trail that says why.
func brokenAt(ctx context.Context, tx *pg.Tx, _ policies.Grant, b pg.Glass) ([]Row, error) {
	rows, err := tx.Query(ctx, `select `+columns+` from audit.trail t`+joins+` where t.act = 'break-glass' and t.outcome = 'allow' and t.object_id = $1
		and t.person = $2 and t.controller = $3 and t.said_at = $4`, b.Item, b.Person, b.Owner, b.Asked)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// readUnder says what somebody read because this glass was broken, of its item, of what
// is a part of that and of whom it is about: how often, by request, which fields, and in
// which rows. What was read under another one, which may be open at the same time, is
// told with that (L57).
func (x *room) readUnder(ctx context.Context, tx *pg.Tx, _ policies.Grant, b pg.Glass, l *GlassLine) error {
	rows, err := tx.Query(ctx, `select t.id, t.at, t.request, t.act, t.fields, t.question, t.input from audit.trail t
		where t.person = $1 and t.hat = $2 and t.said_at >= $3 and t.said_at < $4 and t.outcome = 'allow' and 'glass' = any(t.reasons) and t.controller = $5
		and (t.object_id = $6 or t.object_kind = 'subject' and t.object_id = $7 or t.object_id in (select i.id from access.item i where i.part_of = $6))
		and t.fields <> '{}' order by t.at, t.id`, b.Person, b.Hat, b.From, b.Until, b.Owner, b.Item, x.Vault.Pseudonym(b.About))
	if err != nil {
		return err
	}
	var r Row
	place := map[hub.ID]int{}
	clear := map[string]bool{} // by field: it was shown whole
	_, err = pgx.ForEachRow(rows, []any{&r.ID, &r.At, &r.Request, &r.Act, &r.Fields, &r.Question, &r.Input}, func() error {
		i, ok := place[r.Request]
		if !ok {
			i = len(place)
			place[r.Request] = i
			if i < mostReadings {
				l.Readings = append(l.Readings, GlassReading{At: r.At})
			}
		}
		if i < mostReadings {
			l.Readings[i].Rows = append(l.Readings[i].Rows, r.ID)
		}
		l.last = r.At
		hidden := masked(r.Act, r.Fields, r.Question, r.Input)
		for _, f := range r.Fields {
			clear[f] = clear[f] || !slices.Contains(hidden, f)
		}
		return nil
	})
	l.Reads, l.Fields = new(int), []string{}
	*l.Reads = len(place)
	for _, f := range slices.Sorted(maps.Keys(clear)) {
		if l.Fields = append(l.Fields, f); !clear[f] {
			l.Masked = append(l.Masked, f)
		}
	}
	return err
}

// Finding is what the officer found.
type Finding struct {
	Outcome string       `json:"outcome"`
	Text    hub.Personal `json:"text" min:"20" max:"2000"`
}

// Codes are the outcomes, for the document of the API.
func (Finding) Codes() map[string][]string { return map[string][]string{"outcome": Reviewed} }

// GlassReviewed is the answer to a review.
type GlassReviewed struct {
	ID      hub.ID    `json:"id"`
	Outcome string    `json:"outcome"`
	At      time.Time `json:"at"`
}

// reviewGlass writes what the officer found of a break-glass: never of their own, nor
// of whom they stand in for or answer to (A055).
func (x *room) reviewGlass(r *web.Request, in Finding) (GlassReviewed, error) {
	ctx := r.Context()
	id, err := r.PathID("glass")
	if err != nil {
		id = ""
	}
	var done GlassReviewed
	entry := pg.Entry{Act: hub.ActDecide, Object: hub.Object{Kind: "glass", ID: id}}
	err = x.DB.Command(ctx, r.Who, entry, func(tx *pg.Tx) error {
		if had, err := x.Again(ctx, tx, r, "review glass "+string(id), &done); err != nil || had {
			return err
		}
		b, err := tx.GlassByID(ctx, id)
		if err != nil && hub.CodeOf(err) != hub.CodeNotFound {
			return err
		}
		asked, err := x.reviewing(ctx, tx, b)
		if err != nil {
			return err
		}
		g, err := tx.Ask(ctx, asked)
		var denied *policies.Denial
		if errors.As(err, &denied) && !slices.ContainsFunc(denied.Reasons(), func(why string) bool { return why != "self" && why != "linked" }) {
			if err := tx.Refuse(ctx, denied, entry); err != nil {
				return err
			}
			return hub.Conflict("audit.error.glass.own")
		}
		if err != nil {
			return err
		}
		if b.Opens(tx.Now) {
			return hub.Conflict("audit.error.glass.open", b.Until)
		}
		var p hub.Problems
		if !slices.Contains(Reviewed, in.Outcome) {
			p.Add("outcome", "error.choose")
		}
		service.Text(&p, "text", in.Text, service.MinReason, service.MaxText)
		if err := p.Err(); err != nil {
			return err
		}
		if err := tx.ReviewGlass(ctx, g, id, in.Outcome); err != nil {
			return err
		}
		e := entry
		e.Controller, e.Why = b.Owner, in.Text
		if _, err := tx.Record(ctx, g, e); err != nil {
			return err
		}
		if err := tx.Tell(ctx, event.GlassReviewed{Glass: id, Owner: b.Owner, Authority: b.Authority, Person: b.Person, Outcome: in.Outcome}); err != nil {
			return err
		}
		done = GlassReviewed{ID: id, Outcome: in.Outcome, At: tx.Now}
		return x.Keep(ctx, tx, r, "review glass "+string(id), done)
	})
	return done, err
}

// lateGlass tells of break-glasses that wait for their review: after a day, and when
// whoever broke it breaks no other. Each is told once (A054).
func (x *room) lateGlass(ctx context.Context) error {
	who := hub.System(x.Now(), x.NewID())
	return x.DB.Command(ctx, who, pg.Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "glass"}}, func(tx *pg.Tx) error {
		list, err := tx.GlassesOf(ctx, "", true, 1000)
		if err != nil {
			return err
		}
		for _, b := range list {
			for _, l := range []struct {
				level string
				after time.Duration
			}{{"late", pg.GlassLate}, {"blocked", pg.GlassTooLate}} {
				if tx.Now.Before(b.From.Add(l.after)) {
					continue
				}
				tag, err := tx.Exec(ctx, `insert into audit.glass_told (glass, level, at) values ($1, $2, $3) on conflict do nothing`, b.ID, l.level, tx.Now)
				if err != nil {
					return err
				}
				if tag.RowsAffected() == 0 {
					continue
				}
				if err := tx.Tell(ctx, event.GlassLate{Glass: b.ID, Owner: b.Owner, Authority: b.Authority, Person: b.Person, Level: l.level}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// Pages.

func (x *room) glassesPage(w http.ResponseWriter, r *web.Request) error {
	q, err := x.listGlass(r, struct{}{})
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "audit", "glasses", q)
}

// glassData is a break-glass with the form of its review.
type glassData struct {
	GlassLine
	Outcomes []string
}

func (x *room) glassPage(w http.ResponseWriter, r *web.Request) error {
	l, err := x.readGlass(r, struct{}{})
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "audit", "review", glassData{l, Reviewed})
}

func (x *room) reviewForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if _, err := x.reviewGlass(r, Finding{Outcome: f.Line("outcome"), Text: service.Typed(f.Text("text"))}); err != nil {
		return err
	}
	r.Toast(w, "audit.glass.done")
	return r.Redirect(w, "/glass")
}
