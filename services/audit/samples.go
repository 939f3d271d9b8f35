package audit

import (
	"context"
	"encoding/hex"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// What was drawn by lot waits for an officer of the authority, who says what they found of
// each: never of their own look-up, nor of whom they stand in for or answer to. The rules
// that say who reviews a break-glass say who decides here, and whose decision counts.
//
// Whoever is too close to whom a look-up is about sees it, reads it and decides of it as
// anybody (A012): a list without it would tell them, who can draw again, whom a reference
// stands for. What they decide does not count, and only to others it says so.

// Findings are what may be decided of a look-up that was drawn. Who is asked is decided of
// later.
var Findings = []string{"in_order", "not_in_order", "asked"}

// SampleLine is a look-up that was drawn, as its officer sees it in the list.
type SampleLine struct {
	ID        hub.ID          `json:"id"`
	Row       int64           `json:"row"`   // of the trail
	Rule      string          `json:"rule"`  // what it was drawn from, one of Rules
	From      string          `json:"from"`  // the first day of the period, YYYY-MM-DD in Copenhagen
	Until     string          `json:"until"` // the first day after it
	At        time.Time       `json:"at"`    // when it was looked up
	Name      string          `json:"name"`  // who looked
	Role      hub.Role        `json:"role"`  // as what
	Authority hub.AuthorityID `json:"authority"`
	Act       hub.Act         `json:"act"`
	Kind      string          `json:"object_kind"`
	Outcome   string          `json:"outcome,omitempty" doc:"What was decided of it last; missing before that. Whoever was asked can be decided of later."`
	By        string          `json:"by,omitempty" doc:"Who decided that."`
	DecidedAt *time.Time      `json:"decided_at,omitempty"`
	Another   bool            `json:"another"` // another officer decides: it is the asker's own, or of somebody they stand in for or answer to; or the asker has decided
	Vain      bool            `json:"vain"`    // it waits though somebody has decided: they are too close to whom it is about, and it does not count
}

// Codes lists what a line may say.
func (SampleLine) Codes() map[string][]string {
	c := Row{}.Codes()
	return map[string][]string{"rule": Rules, "outcome": Findings, "act": c["act"], "role": c["role"]}
}

// Waits reports whether something is still to be found of it.
func (l SampleLine) Waits() bool { return l.Outcome == "" || l.Outcome == "asked" }

// SampleDraw is what was drawn from of one period, and how: enough to draw it again.
type SampleDraw struct {
	Rule       string `json:"rule"`
	From       string `json:"from"`
	Until      string `json:"until"`
	Size       int    `json:"size"`       // how many were to be drawn
	Eligible   int    `json:"eligible"`   // of how many
	Checkpoint string `json:"checkpoint"` // that decided, as it was signed, with the cosignatures that count; "" where none was to be drawn
	Seed       string `json:"seed"`       // in hexadecimal figures: docs/trail.md says how it comes of the rest
}

// Codes lists what a draw may say.
func (SampleDraw) Codes() map[string][]string { return map[string][]string{"rule": Rules} }

// SampleQueue is what waits, and then what was decided last.
type SampleQueue struct {
	Yours   int          `json:"yours"`   // how many wait for the asker
	Others  int          `json:"others"`  // and for another officer: the asker's own
	Waiting []SampleLine `json:"waiting"` // the asker's to decide first, the oldest first, those that somebody was asked of after them
	Decided []SampleLine `json:"decided"` // the last first
	Draws   []SampleDraw `json:"draws"`   // the last periods
	Next    *time.Time   `json:"next,omitempty" doc:"When the next are drawn; absent where none will be, or where they are being drawn now."`
	Gone    []hub.ID     `json:"gone" doc:"Those of which a decision is not as the log names it: somebody changed it past the hub."`
}

// SampleView is one look-up that was drawn, with its row of the trail.
type SampleView struct {
	SampleLine
	Look    *Row         `json:"look,omitempty" doc:"Its row of the trail; missing where that is kept no longer."`
	Draw    SampleDraw   `json:"draw"`
	Steps   []SampleStep `json:"decisions"` // of it, in their order
	Again   bool         `json:"again"`     // it is decided, and the asker may read it too and say what they find
	Changed bool         `json:"changed,omitempty" doc:"What was decided of it is not as the log names it: somebody changed it past the hub."`
}

// SampleStep is one decision of a look-up.
type SampleStep struct {
	Row     int64     `json:"row"` // of the trail, which says it
	Outcome string    `json:"outcome"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Note    string    `json:"note,omitempty"`
	Sealed  string    `json:"sealed,omitempty"` // why the note is not shown
	Vain    bool      `json:"vain"`             // it does not count: whoever decided is too close to whom it is about
}

// Codes lists what a step may say.
func (SampleStep) Codes() map[string][]string { return map[string][]string{"outcome": Findings} }

// SampleDecision is what an officer found of a look-up.
type SampleDecision struct {
	Outcome string       `json:"outcome"`
	Note    hub.Personal `json:"note,omitzero" max:"2000"`
}

// Codes are the findings, for the document of the API.
func (SampleDecision) Codes() map[string][]string { return map[string][]string{"outcome": Findings} }

// SampleDecided is the answer to a decision.
type SampleDecided struct {
	ID      hub.ID    `json:"id"`
	Outcome string    `json:"outcome"`
	At      time.Time `json:"at"`
	Next    hub.ID    `json:"next,omitempty" doc:"One that the same officer may decide of next."`
}

// How many are listed, light enough to come at once (trust.md G12), and how many draws.
const mostSamples, mostDraws = 25, 12

func (d draw) days() (from, until string) {
	return d.from.In(hub.Copenhagen).Format(time.DateOnly), d.until.In(hub.Copenhagen).Format(time.DateOnly)
}

func (d draw) shown() SampleDraw {
	from, until := d.days()
	return SampleDraw{d.rule, from, until, d.size, d.eligible, d.checkpoint, hex.EncodeToString(d.seed)}
}

func (f drawn) line() SampleLine {
	from, until := f.days()
	l := SampleLine{ID: f.id, Row: f.row, Rule: f.rule, From: from, Until: until, At: f.lookedAt, Name: f.name, Role: f.role, Authority: f.of, Act: f.act, Kind: f.kind, Outcome: f.outcome, By: f.by}
	l.Vain = f.vain && l.Waits()
	if f.outcome != "" {
		l.DecidedAt = &f.at
	}
	return l
}

// listSamples lists what waits for the own authority's officers, and what they decided.
func (x *room) listSamples(r *web.Request, _ struct{}) (SampleQueue, error) {
	q := SampleQueue{Waiting: []SampleLine{}, Decided: []SampleLine{}, Draws: []SampleDraw{}}
	_, err := x.reading(r.Context(), r.Who, Grounds[0], hub.ActSearch, func(ctx context.Context, tx *pg.Tx, g policies.Grant, e *pg.Entry) error {
		mine, err := x.mine(ctx, tx, g, waitsBy)
		if err != nil {
			return err
		}
		q.Yours, q.Others = mine.n, mine.others
		waiting, err := toDecide(ctx, tx, g, r.Who.Authority, mine.people, mostSamples)
		if err != nil {
			return err
		}
		found, err := decided(ctx, tx, g, r.Who.Authority, mostSamples)
		if err != nil {
			return err
		}
		for _, f := range slices.Concat(waiting, found) {
			l := f.line()
			if l.Another, err = x.another(ctx, tx, f.decidable()); err != nil {
				return err
			}
			if l.Waits() {
				q.Waiting = append(q.Waiting, l)
			} else {
				q.Decided = append(q.Decided, l)
			}
		}
		if q.Next, err = x.nextDraw(ctx, tx, r.Who.Authority, r.Now); err != nil {
			return err
		}
		draws, err := lastDraws(ctx, tx, g, r.Who.Authority, mostDraws)
		for _, d := range draws {
			q.Draws = append(q.Draws, d.shown())
		}
		if q.Gone, err = gone(ctx, tx, sampleBook.kind, r.Who.Authority); err != nil {
			return err
		}
		e.Rows = len(q.Waiting) + len(q.Decided)
		return err
	})
	return q, err
}

// readSample reads one of them, with its row of the trail and what was decided of it.
func (x *room) readSample(r *web.Request, _ struct{}) (SampleView, error) {
	id, err := r.PathID("sample")
	if err != nil {
		id = ""
	}
	var v SampleView
	var steps []step
	var near bool
	receipt, err := x.reading(r.Context(), r.Who, Grounds[0], hub.ActConsult, func(ctx context.Context, tx *pg.Tx, g policies.Grant, e *pg.Entry) error {
		f, err := drawnByID(ctx, tx, id)
		if err != nil || f.row == 0 {
			return err // as one that is not there
		}
		v = SampleView{SampleLine: f.line(), Draw: f.shown(), Steps: []SampleStep{}}
		if v.Another, err = x.another(ctx, tx, f.decidable()); err != nil {
			return err
		}
		v.Again, near = !v.Waits() && !v.Another, f.near
		looks, err := row(ctx, tx, g, f.row)
		if err != nil {
			return err
		}
		for i := range looks {
			looks[i].hush(r.Who.Authority)
			v.Look = &looks[i]
		}
		ids, err := gone(ctx, tx, sampleBook.kind, r.Who.Authority)
		if err != nil {
			return err
		}
		v.Changed = slices.Contains(ids, id)
		e.Rows = 1
		steps, err = stepsOf(ctx, tx, g, f.decidable())
		return err
	})
	if err == nil && v.ID == "" {
		err = hub.NotFound()
	}
	if err != nil {
		return v, err
	}
	if v.Look != nil {
		if err := x.justify(r.Context(), r.Who, receipt, v.Look); err != nil {
			return v, err
		}
	}
	v.Steps, err = x.toldSteps(r.Context(), r.Who, receipt, steps, near)
	return v, err
}

// decideSample writes what the officer found of a look-up, as a row of the trail.
func (x *room) decideSample(r *web.Request, in SampleDecision) (SampleDecided, error) {
	id, _ := r.PathID("sample")
	return x.decides(r, sampleBook, id, in, func(ctx context.Context, tx *pg.Tx) (decidable, error) {
		f, err := drawnByID(ctx, tx, id)
		return f.decidable(), err
	}, x.nextToDecide)
}

// nextToDecide is the first that waits for the actor, and that nobody was asked of; "" for
// none.
func (x *room) nextToDecide(ctx context.Context, tx *pg.Tx, g policies.Grant) (hub.ID, error) {
	m, err := x.mine(ctx, tx, g, waitsBy)
	if err != nil {
		return "", err
	}
	list, err := toDecide(ctx, tx, g, tx.Who().Authority, m.people, mostSamples)
	for _, f := range list {
		if f.outcome == "" && !f.mine && slices.Contains(m.people, f.person) {
			return f.id, err
		}
	}
	return "", err
}
