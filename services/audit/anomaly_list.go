package audit

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// The weekly list waits for an officer of the authority, who says what they found of each line, as
// of a look-up that was drawn by lot (P10, T11).

// AnomalyLine is one anomaly, as its officer sees it in the list.
type AnomalyLine struct {
	ID        hub.ID     `json:"id"`
	Kind      string     `json:"kind"`
	Reason    string     `json:"reason" doc:"What was found, in a sentence with figures, in your language."`
	Figures   []int      `json:"figures"` // of that sentence, in their order
	Limit     string     `json:"limit" doc:"From when on that is put on the list."`
	From      string     `json:"from"`  // the first day of its week, YYYY-MM-DD in Copenhagen
	Until     string     `json:"until"` // the first day after it
	First     time.Time  `json:"first"` // when it began, and
	Last      time.Time  `json:"last"`  // when it was last so
	People    []hub.ID   `json:"people" doc:"Who looked."`
	Names     []string   `json:"names" doc:"Of those whose names are known, in the order of the alphabet."`
	Subject   string     `json:"subject,omitempty" doc:"Whom it was about, a pseudonym; missing where they were many."`
	Outcome   string     `json:"outcome,omitempty" doc:"What was decided of it last; missing before that. Whoever was asked can be decided of later."`
	By        string     `json:"by,omitempty" doc:"Who decided that."`
	DecidedAt *time.Time `json:"decided_at,omitempty"`
	Another   bool       `json:"another"` // another officer decides: it is the asker's own, or of somebody they stand in for or answer to; or the asker has decided
	Vain      bool       `json:"vain"`    // it waits though somebody has decided: they are too close to whom it is about, and it does not count
}

// Codes lists what a line may say.
func (AnomalyLine) Codes() map[string][]string {
	return map[string][]string{"kind": Kinds, "outcome": Findings}
}

// Waits reports whether something is still to be found of it.
func (l AnomalyLine) Waits() bool { return l.Outcome == "" || l.Outcome == "asked" }

// Evidence is the search that shows the rows of the trail it was found by.
func (l AnomalyLine) Evidence() Part {
	day := func(t time.Time) string { return t.In(hub.Copenhagen).Format(time.DateOnly) }
	p := Part{Way: "person", Ground: Grounds[0], Reference: l.Subject, From: day(l.First), Until: day(l.Last)}
	if l.Kind == "news" {
		p.Way = "subject"
		return p
	}
	p.Person = l.People[0]
	if l.Kind == "glass" {
		p.Act = hub.ActBreakGlass
	}
	return p
}

// AnomalyWeek is a week's list: how many are on it, and how many were found besides.
type AnomalyWeek struct {
	From   string `json:"from"`
	Until  string `json:"until"`
	Listed int    `json:"listed"`
	Beyond int    `json:"beyond"` // found, and not on the list: it takes no more
	Off    bool   `json:"off"`    // nothing was looked for
}

// AnomalyQueue is what waits, and then what was decided last.
type AnomalyQueue struct {
	Yours   int           `json:"yours"`   // how many wait for the asker
	Others  int           `json:"others"`  // and for another officer
	Waiting []AnomalyLine `json:"waiting"` // the asker's to decide first, the oldest week first, and in it the order of the kinds
	Decided []AnomalyLine `json:"decided"` // the last first
	Weeks   []AnomalyWeek `json:"weeks"`   // the last ones
	Gone    []hub.ID      `json:"gone" doc:"Those of which a decision is not as the log names it: somebody changed it past the hub."`
}

// AnomalyView is one anomaly, with the search for its rows and what was decided of it.
type AnomalyView struct {
	AnomalyLine
	Search  Part         `json:"evidence" doc:"What to search the trail for, to see the rows it was found by."`
	Steps   []SampleStep `json:"decisions"`
	Again   bool         `json:"again"` // it is decided, and the asker may read it too and say what they find
	Changed bool         `json:"changed,omitempty" doc:"What was decided of it is not as the log names it: somebody changed it past the hub."`
}

// listedAnomaly is one as it is kept.
type listedAnomaly struct {
	decidable
	kind        string
	subject     string
	figures     []int
	from, until time.Time
	first, last time.Time
	names       []string
	by          string
	decidedAt   *time.Time
	rules       []byte
}

func (f listedAnomaly) line(r *web.Request) (AnomalyLine, error) {
	by, err := rulesOf(f.rules)
	from, until := draw{from: f.from, until: f.until}.days()
	l := AnomalyLine{ID: f.id, Kind: f.kind, Reason: r.T("audit.anomaly.why."+f.kind, anys(f.figures)...), Figures: f.figures, Limit: r.T("audit.anomaly.limit."+f.kind, anys(thresholds(f.kind, by))...),
		From: from, Until: until, First: f.first, Last: f.last, People: f.people, Names: f.names, Subject: f.subject, Outcome: f.outcome, By: f.by, DecidedAt: f.decidedAt}
	l.Vain = f.vain && l.Waits()
	return l, err
}

// thresholds are those of a kind, as its sentence names them.
func thresholds(kind string, by structure.Anomalies) []int {
	return map[string][]int{"sweep": {by.SweepPeople, by.SweepMinutes}, "news": {by.NewsPeople, by.NewsDays}, "glass": {by.GlassTimes, by.GlassWeeks}, "drip": {by.DripWeeks, by.DripOf},
		"unrelated": {by.UnrelatedPeople, by.UnrelatedTimes, by.Weeks}, "colleague": {by.ColleagueDays}, "neighbour": {by.NeighbourDays}}[kind]
}

func anys(list []int) (all []any) {
	for _, n := range list {
		all = append(all, n)
	}
	return all
}

// listAnomalies lists what waits for the own authority's officers, and what they decided.
func (x *room) listAnomalies(r *web.Request, _ struct{}) (AnomalyQueue, error) {
	q := AnomalyQueue{Waiting: []AnomalyLine{}, Decided: []AnomalyLine{}, Weeks: []AnomalyWeek{}}
	_, err := x.reading(r.Context(), r.Who, Grounds[0], hub.ActSearch, func(ctx context.Context, tx *pg.Tx, g policies.Grant, e *pg.Entry) error {
		m, err := x.mine(ctx, tx, g, anomaliesBy)
		if err != nil {
			return err
		}
		q.Yours, q.Others = m.n, m.others
		list, err := listed(ctx, tx, g, waits+` order by c.n is not null, s.from_at, s.place limit $7`, mostAnomalies)
		if err != nil {
			return err
		}
		decided, err := listed(ctx, tx, g, `not `+waits+` order by c.decided_at desc, s.id limit $7`, mostSamples)
		if err != nil {
			return err
		}
		for _, f := range slices.Concat(list, decided) {
			l, err := f.line(r)
			if err != nil {
				return err
			}
			if l.Another, err = x.another(ctx, tx, f.decidable); err != nil {
				return err
			}
			if l.Waits() {
				q.Waiting = append(q.Waiting, l)
			} else {
				q.Decided = append(q.Decided, l)
			}
		}
		slices.SortStableFunc(q.Waiting, func(a, b AnomalyLine) int {
			if a.Another == b.Another {
				return 0
			}
			return map[bool]int{true: 1, false: -1}[a.Another]
		})
		q.Waiting = q.Waiting[:min(len(q.Waiting), mostSamples)]
		if q.Gone, err = gone(ctx, tx, anomalyBook.kind, r.Who.Authority); err != nil {
			return err
		}
		e.Rows = len(q.Waiting) + len(q.Decided)
		q.Weeks, err = lastWeeks(ctx, tx, g)
		return err
	})
	return q, err
}

// readAnomaly reads one of them, with what was decided of it.
func (x *room) readAnomaly(r *web.Request, _ struct{}) (AnomalyView, error) {
	id, err := r.PathID("anomaly")
	if err != nil {
		id = ""
	}
	var v AnomalyView
	var steps []step
	var near bool
	receipt, err := x.reading(r.Context(), r.Who, Grounds[0], hub.ActConsult, func(ctx context.Context, tx *pg.Tx, g policies.Grant, e *pg.Entry) error {
		f, err := anomalyByID(ctx, tx, id)
		if err != nil || f.kind == "" {
			return err // as one that is not there
		}
		if v.AnomalyLine, err = f.line(r); err != nil {
			return err
		}
		v.Search = v.Evidence()
		if v.Another, err = x.another(ctx, tx, f.decidable); err != nil {
			return err
		}
		v.Again, near = !v.Waits() && !v.Another, f.near
		ids, err := gone(ctx, tx, anomalyBook.kind, r.Who.Authority)
		if err != nil {
			return err
		}
		v.Changed = slices.Contains(ids, id)
		e.Rows = 1
		steps, err = stepsOf(ctx, tx, g, f.decidable)
		return err
	})
	if err == nil && v.ID == "" {
		err = hub.NotFound()
	}
	if err != nil {
		return v, err
	}
	v.Steps, err = x.toldSteps(r.Context(), r.Who, receipt, steps, near)
	return v, err
}

// decideAnomaly writes what the officer found of one, as a row of the trail.
func (x *room) decideAnomaly(r *web.Request, in SampleDecision) (SampleDecided, error) {
	id, _ := r.PathID("anomaly")
	return x.decides(r, anomalyBook, id, in, func(ctx context.Context, tx *pg.Tx) (decidable, error) {
		f, err := anomalyByID(ctx, tx, id)
		return f.decidable, err
	}, x.nextAnomaly)
}

// nextAnomaly is the first that waits for the actor, and that nobody was asked of; "" for none.
func (x *room) nextAnomaly(ctx context.Context, tx *pg.Tx, g policies.Grant) (hub.ID, error) {
	list, err := listed(ctx, tx, g, `c.n is null and not `+anomalyBook.mine()+` order by s.from_at, s.place limit $7`, mostAnomalies)
	for _, f := range list {
		if another, err := x.another(ctx, tx, f.decidable); err != nil || !another {
			return f.id, err
		}
	}
	return "", err
}

// mostAnomalies is how many that wait are gone through for those that are the actor's to decide.
const mostAnomalies = 200

var anomalyFrom = ` from audit.anomaly s join audit.anomaly_week w on w.authority = s.authority and w.from_at = s.from_at` + anomalyBook.last()

// listed are those of the actor's authority that a condition finds, also those about whom they
// are too close to: the log is theirs to read, and what is missing would tell who it is (A012).
func listed(ctx context.Context, tx *pg.Tx, _ policies.Grant, which string, most int) ([]listedAnomaly, error) {
	return anomaliesWhere(ctx, tx, `s.authority = $6 and `+which, tx.Who().Authority, most)
}

// anomalyByID reads one, to judge who may decide of it. One that is not there is as another
// authority's: nobody's.
func anomalyByID(ctx context.Context, tx *pg.Tx, id hub.ID) (listedAnomaly, error) {
	list, err := anomaliesWhere(ctx, tx, `s.authority = $6 and s.id = $7`, tx.Who().Authority, id)
	if err != nil || len(list) == 0 {
		return listedAnomaly{decidable: decidable{in: anomalyBook, id: id}}, err
	}
	return list[0], nil
}

func anomaliesWhere(ctx context.Context, tx *pg.Tx, which string, args ...any) ([]listedAnomaly, error) {
	rows, err := tx.Query(ctx, `select s.id, s.authority, s.kind, s.people, s.subject, s.figures, s.from_at, w.until_at, s.first_at, s.last_at, w.rules, `+anomalyBook.own()+`, coalesce(c.outcome, ''),
		coalesce((select y.name from access.hat y where y.id = c.decided_hat), ''), c.decided_at, array(select distinct h.name from access.hat h where h.person = any(s.people) and h.authority = s.authority order by 1)`+anomalyFrom+`where `+which,
		append(tx.Me(), args...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (f listedAnomaly, err error) {
		f.in = anomalyBook
		return f, row.Scan(&f.id, &f.authority, &f.kind, &f.people, &f.subject, &f.figures, &f.from, &f.until, &f.first, &f.last, &f.rules, &f.n, &f.mine, &f.vain, &f.near, &f.outcome, &f.by, &f.decidedAt, &f.names)
	})
}

// anomaliesBy are those that wait at an authority, by who looked, without those of which the actor
// has said what they found.
func anomaliesBy(ctx context.Context, tx *pg.Tx, _ policies.Grant, own hub.AuthorityID) ([]waitsOf, error) {
	rows, err := tx.Query(ctx, `select s.people, count(*)::int, min(w.until_at)`+anomalyFrom+`where s.authority = $6 and `+waits+` and not `+anomalyBook.mine()+` group by s.people`, append(tx.Me(), own)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (w waitsOf, err error) {
		return w, row.Scan(&w.people, &w.n, &w.since)
	})
}

// lastWeeks are the last lists of the actor's authority.
func lastWeeks(ctx context.Context, tx *pg.Tx, _ policies.Grant) ([]AnomalyWeek, error) {
	rows, err := tx.Query(ctx, `select w.from_at, w.until_at, w.beyond, coalesce((w.rules ->> 'most')::int, 0) = 0, (select count(*)::int from audit.anomaly s where s.authority = w.authority and s.from_at = w.from_at)
		from audit.anomaly_week w where w.authority = $1 order by w.from_at desc limit $2`, tx.Who().Authority, mostDraws)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (w AnomalyWeek, err error) {
		var d draw
		err = row.Scan(&d.from, &d.until, &w.Beyond, &w.Off, &w.Listed)
		w.From, w.Until = d.days()
		return w, err
	})
	return append([]AnomalyWeek{}, list...), err
}
