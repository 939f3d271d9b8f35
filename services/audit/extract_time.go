package audit

import (
	"context"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// How long there is to answer a citizen, and what is done about it (GDPR art. 12(3)).

// Extending says that the limit of an answer was extended.
type Extending struct {
	Reason hub.Personal `json:"reason" min:"20" max:"2000" doc:"Why, as the citizen was told: how complex the requests are, or how many (GDPR art. 12(3))."`
	Told   string       `json:"told" doc:"The day on which the citizen was told, YYYY-MM-DD in Copenhagen: within the first month."`
}

// Extension is that the limit was extended.
type Extension struct {
	Told   string    `json:"told"` // the day on which the citizen was told
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// On is the day.
func (e Extension) On() time.Time { return LookUp{Day: e.Told}.On() }

// longer is that the citizen was told that it takes longer, and why.
type longer struct {
	told   time.Time // the day
	by     string
	at     time.Time
	box    []byte       // the reason
	reason hub.Personal // where it was opened
}

// due is until when it is in time to answer; false where nobody has said when the request was
// received.
func (f filed) due() (time.Time, bool) {
	return lawOfAnswers.due(f.received, f.extended != nil), !f.received.IsZero()
}

// extensionPlace is where the reason of an extension is sealed to.
func extensionPlace(id hub.ID) string { return extractPlace(id) + "/extension" }

func (e *longer) shown(ctx context.Context) *Extension {
	if e == nil {
		return nil
	}
	return &Extension{e.told.Format(time.DateOnly), e.reason.Reveal(ctx), e.by, e.at}
}

// anew reports whether somebody else has to prepare an answer: whoever did is too close to the
// person. They are not told so themselves.
func anew(q policies.Extract) bool { return q.ByRecused && !q.Self }

// dayOn reads a day that has been.
func dayOn(p *hub.Problems, field, text string, now time.Time) time.Time {
	day, err := time.ParseInLocation(time.DateOnly, text, hub.Copenhagen)
	switch {
	case text == "":
		p.Add(field, "error.required")
	case err != nil:
		p.Add(field, "error.date")
	default:
		pastOf(p, field, day, now)
	}
	return day
}

// extendExtract says that the citizen was told, in time and why, that it takes longer: once.
// Who gathers an answer says so.
func (x *room) extendExtract(r *web.Request, in Extending) (done ExtractReceipt, err error) {
	ctx := r.Context()
	id, _ := r.PathID("extract")
	err = x.DB.Command(ctx, r.Who, pg.Entry{Act: hub.ActDecide, Object: hub.Object{Kind: "extract", ID: id}, Controller: r.Who.Authority}, func(tx *pg.Tx) error {
		operation := "extend extract " + string(id)
		if had, err := x.Again(ctx, tx, r, operation, &done); err != nil || had {
			return err
		}
		f, err := extractByID(ctx, tx, id, false)
		if err != nil {
			return err
		}
		g, err := x.may(ctx, tx, "prepare", f, hub.ActDecide)
		if err == nil {
			f, g, err = x.held(ctx, tx, "prepare", id, hub.ActDecide)
		}
		if err != nil {
			return err
		}
		switch {
		case f.releasedBy != "":
			return hub.Conflict("audit.error.extract.released")
		case f.extended != nil:
			return hub.Conflict("audit.error.extract.extended")
		case f.received.IsZero():
			return hub.Conflict("audit.error.extract.unreceived")
		}
		var p hub.Problems
		service.Text(&p, "reason", in.Reason, service.MinReason, service.MaxText)
		told := dayOn(&p, "told", in.Told, tx.Now)
		if first, _ := f.due(); len(p) == 0 && (told.Before(f.received) || overdue(first, told)) {
			p.Add("told", "audit.error.extract.told", first.Format(time.DateOnly))
		}
		if err := p.Err(); err != nil {
			return err
		}
		box, err := x.Vault.Seal(vault.AuthorityKey(f.authority), extensionPlace(id), in.Reason)
		if err != nil {
			return err
		}
		if err := putExtension(ctx, tx, g, id, told, box); err != nil {
			return err
		}
		e, err := x.entry(hub.ActDecide, f)
		if err != nil {
			return err
		}
		e.Why = in.Reason
		if _, err := tx.Record(ctx, g, e); err != nil {
			return err
		}
		done = ExtractReceipt{ID: id, At: tx.Now}
		return x.Keep(ctx, tx, r, operation, done)
	})
	return done, err
}

// answersClock tells of answers that wait when a warning's day has come, and when the time has
// run out: each once, and of several at once the last. It tells the people who can act, one by
// one and without content, and nobody who is too close to the person: to them it is as one
// that is not there (A012).
func (x *room) answersClock(ctx context.Context) error {
	return x.DB.Command(ctx, x.self(), pg.Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "extract"}}, func(tx *pg.Tx) error {
		list, err := unanswered(ctx, tx)
		if err != nil {
			return err
		}
		for _, f := range list {
			due, _ := f.due()
			passed := lawOfAnswers.passed(due, tx.Now)
			if len(passed) == 0 {
				continue
			}
			fresh, err := answerWarned(ctx, tx, f.id, due, passed)
			if err != nil {
				return err
			}
			if len(fresh) == 0 {
				continue
			}
			told := map[hub.ID]bool{}
			for _, role := range []hub.Role{hub.DPO, hub.Manager} {
				for _, p := range x.Structure.Holders(role, f.authority, tx.Now) {
					if told[p.Person] {
						continue
					}
					told[p.Person] = true
					if f.near, err = tooCloseTo(ctx, tx, f, p.Person); err != nil {
						return err
					}
					if f.strange(p.Person) {
						continue
					}
					if err := tx.Tell(ctx, event.ExtractDue{Extract: f.id, Authority: f.authority, Person: p.Person, Due: due, Overdue: overdue(due, tx.Now)}); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
}

// toAnswer are the answers that wait for the actor: to be released by them, or to be gathered
// anew; or that have waited so long that whoever may gather them is told.
func (x *room) toAnswer(ctx context.Context, tx *pg.Tx, g policies.Grant) (list []ExtractLine, err error) {
	all, err := extracts(ctx, tx, g, tx.Who().Authority)
	for _, f := range all {
		q := x.extracting(tx, "release", f)
		if f.releasedBy != "" || q.Recused {
			continue
		}
		release, err := x.DB.Advise(ctx, q)
		if err != nil {
			return nil, err
		}
		q.Step = "prepare"
		prepare, err := x.DB.Advise(ctx, q)
		if err != nil {
			return nil, err
		}
		if l := f.line(tx.Now); release.Allow || prepare.Allow && (anew(q) || l.Soon) {
			list = append(list, l)
		}
	}
	return list, err
}
