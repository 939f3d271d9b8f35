package audit

import (
	"context"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// What is decided of a breach, and its clock.

// maxLetter is how long the text to the citizens may be.
const maxLetter = 4000

// informBreach says whether the citizens are told, and what, or why not.
func (x *room) informBreach(r *web.Request, in InformingBreach) (done BreachReceipt, err error) {
	id, _ := r.PathID("breach")
	err = x.breaching(r, id, stepInformed, hub.ActDecide, in.Inform == "no", &done, func(ctx context.Context, tx *pg.Tx, _ policies.Grant, b *breach) (s said, _ *BreachRows, err error) {
		var p hub.Problems
		if !slices.Contains(yesNo, in.Inform) {
			p.Add("inform", "error.choose")
		}
		service.Text(&p, "reason", in.Reason, service.MinReason, service.MaxText)
		s.Texts.TextDa = described(ctx, &p, "text_da", in.TextDa, 0, maxLetter)
		s.Texts.TextEn = described(ctx, &p, "text_en", in.TextEn, 0, maxLetter)
		if p.Err() != nil {
			return s, nil, p.Err()
		}
		s.Texts.Inform, s.Texts.InformReason = in.Inform, in.Reason.Reveal(ctx)
		if in.Inform == "no" {
			s.Texts.TextDa, s.Texts.TextEn = "", ""
			return s, nil, nil
		}
		for lang, text := range map[string]*string{"da": &s.Texts.TextDa, "en": &s.Texts.TextEn} {
			if *text == "" {
				*text = x.letter(lang, b.authority, x.officers(b.authority, tx.Now))
			}
		}
		return s, nil, nil
	})
	return done, err
}

// letter is the hub's draft of what the citizens are told (GDPR art. 34(2)).
func (x *room) letter(lang string, a hub.AuthorityID, contact string) string {
	return x.Web.T(lang, "audit.breach.letter", x.authority(a), contact)
}

// notifyBreach says that it was notified.
func (x *room) notifyBreach(r *web.Request, in NotifyingBreach) (done BreachReceipt, err error) {
	id, _ := r.PathID("breach")
	err = x.breaching(r, id, stepNotified, hub.ActDecide, false, &done, func(ctx context.Context, tx *pg.Tx, _ policies.Grant, b *breach) (s said, _ *BreachRows, err error) {
		var p hub.Problems
		service.Text(&p, "case_number", in.CaseNumber, 1, service.MaxLine)
		on := tx.Now
		if s.On = &on; in.On != nil {
			on = in.On.UTC().Truncate(time.Microsecond)
			if pastOf(&p, "on", on, tx.Now); on.Before(b.aware) {
				p.Add("on", "audit.error.breach.early")
			}
		}
		s.Texts.Delay = described(ctx, &p, "delay", in.Delay, service.MinReason, service.MaxText)
		if in.Delay.Empty() && !b.delay && s.On.After(lawOfBreaches.due(b.aware)) && !s.On.After(tx.Now) {
			p.Add("delay", "audit.error.breach.delay")
		}
		if err := p.Err(); err != nil {
			return s, nil, err
		}
		s.Texts.CaseNumber = in.CaseNumber.Reveal(ctx)
		return s, nil, nil
	})
	return done, err
}

// closeBreach closes it, for a reason that a human gives.
func (x *room) closeBreach(r *web.Request, in ClosingBreach) (done BreachReceipt, err error) {
	id, _ := r.PathID("breach")
	err = x.breaching(r, id, stepClosed, hub.ActDecide, true, &done, func(ctx context.Context, _ *pg.Tx, _ policies.Grant, _ *breach) (s said, _ *BreachRows, err error) {
		var p hub.Problems
		if service.Text(&p, "reason", in.Reason, service.MinReason, service.MaxText); p.Err() != nil {
			return s, nil, p.Err()
		}
		s.Texts.CloseReason = in.Reason.Reveal(ctx)
		return s, nil, nil
	})
	return done, err
}

// correctBreach says that the authority became aware at another time. The clock runs by it,
// and both are shown.
func (x *room) correctBreach(r *web.Request, in CorrectingBreach) (done BreachReceipt, err error) {
	id, _ := r.PathID("breach")
	err = x.breaching(r, id, stepCorrected, hub.ActChange, true, &done, func(ctx context.Context, tx *pg.Tx, _ policies.Grant, b *breach) (s said, _ *BreachRows, err error) {
		if b.noted {
			return s, nil, hub.Conflict("audit.error.breach.notified")
		}
		var p hub.Problems
		aware := in.Corrected.UTC().Truncate(time.Microsecond)
		if in.Corrected.IsZero() {
			p.Add("corrected", "error.required")
		} else {
			pastOf(&p, "corrected", aware, tx.Now)
		}
		service.Text(&p, "reason", in.Reason, service.MinReason, service.MaxText)
		if err := p.Err(); err != nil {
			return s, nil, err
		}
		s.Texts.AwareReason = in.Reason.Reveal(ctx)
		s.Aware = &aware
		return s, nil, nil
	})
	return done, err
}

// breachClock tells of breaches that are neither notified nor closed when a warning's time
// has come, and when the limit has passed: each once, and of several at once the last (P13).
func (x *room) breachClock(ctx context.Context) error {
	return x.DB.Command(ctx, x.self(), pg.Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "breach"}}, func(tx *pg.Tx) error {
		list, err := running(ctx, tx, len(lawOfBreaches.Warnings)+1)
		if err != nil {
			return err
		}
		for _, b := range list {
			passed := lawOfBreaches.passed(b.aware, tx.Now)
			if len(passed) == 0 {
				continue
			}
			fresh, err := warned(ctx, tx, b, passed)
			if err != nil {
				return err
			}
			if len(fresh) == 0 {
				continue
			}
			due := lawOfBreaches.due(b.aware)
			if err := tx.Tell(ctx, event.BreachDue{Breach: b.id, Authority: b.authority, Hours: slices.Max(fresh), Due: due, Overdue: !tx.Now.Before(due)}); err != nil {
				return err
			}
		}
		return nil
	})
}
