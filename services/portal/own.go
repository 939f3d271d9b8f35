package portal

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/pkg/web"
)

// Whoever signs in may be whom something here is about (A012, A013). Where the sign-in
// says the person's own number, blind indexes of it are kept, as the room person makes
// them of those whom things are about; the database sees where two are the same. Nobody
// here does: the same is written, and answered, whether there is one or not.

// marks are the blind indexes of an identity's own number, and of its address with it: for
// every controller there is, and every period until the sign-in has run out, and whatever
// stands already. None where the issuer says no number: then what it said before holds on.
// No subject has a mark of an address, so that it meets nobody: it is held against what is
// typed alone.
func (x *room) marks(ctx context.Context, i web.Identity) ([]string, error) {
	if i.Number.Empty() {
		return nil, nil
	}
	var all []pg.Period
	err := x.DB.View(ctx, x.nobody(), func(tx *pg.Tx) (err error) {
		if all, err = tx.NumberPeriods(ctx); err != nil {
			return err
		}
		for _, a := range x.Structure.Authorities {
			for _, at := range []time.Time{tx.Now, tx.Now.Add(absolute)} {
				if p := (pg.Period{Controller: a.ID, Period: service.NumberPeriod(at)}); !slices.Contains(all, p) {
					all = append(all, p)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var marks []string
	for _, p := range all {
		of, err := x.marksIn(p, i)
		if errors.Is(err, vault.ErrDestroyed) {
			continue // nobody is found by that period any more
		}
		if err != nil {
			return nil, err
		}
		marks = append(marks, of...)
	}
	return marks, nil
}

// marksIn are the blind indexes of an identity's own number and address in one period.
func (x *room) marksIn(p pg.Period, i web.Identity) (marks []string, err error) {
	for _, text := range []hub.Personal{i.Number, service.AddressForm(i.Home)} {
		if text.Empty() {
			continue
		}
		m, err := x.Vault.Blind(p.Controller, p.Period, text)
		if err != nil {
			return nil, err
		}
		marks = append(marks, m)
	}
	return marks, nil
}

// callers are those whose tokens carried a number, and when it was kept last: a program
// shows its token with every question.
type callers struct {
	sync.Mutex
	last map[string]caller
}

type caller struct {
	marks []string // of one period
	at    time.Time
}

// callerFor is how long a token's number is not kept again.
const callerFor = 5 * time.Minute

// caller keeps the number that somebody's token carries, before anything is answered.
func (x *room) caller(ctx context.Context, i web.Identity, worn []hub.Hat) error {
	if i.Number.Empty() || len(worn) == 0 {
		return nil
	}
	now, who := x.Now(), i.Issuer+" "+string(worn[0].Person)
	one, err := x.marksIn(pg.Period{Controller: worn[0].Authority, Period: service.NumberPeriod(now)}, i)
	if err != nil {
		return err
	}
	x.callers.Lock()
	had := x.callers.last[who]
	x.callers.Unlock()
	if slices.Equal(had.marks, one) && now.Sub(had.at).Abs() < callerFor {
		return nil
	}
	marks, err := x.marks(ctx, i)
	if err != nil {
		return err
	}
	if err := x.change(ctx, func(tx *pg.Tx) error { return tx.PutMarks(ctx, worn[0].Person, i.Issuer, marks) }); err != nil {
		return err
	}
	x.callers.Lock()
	defer x.callers.Unlock()
	x.callers.last[who] = caller{one, now}
	return nil
}
