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

// own are the blind indexes of somebody's number, and of the address where they are
// registered, with its house and those beside it. What is typed is held against the address;
// where it meets that of somebody here, or the house does, the list of anomalies alone says so
// (P10).
type own struct{ number, home, house []string }

// marks are an identity's: for every controller there is, and every period until the sign-in
// has run out, and whatever stands already. None where the issuer says no number: then what
// it said before holds on.
func (x *room) marks(ctx context.Context, i web.Identity) (all own, err error) {
	if i.Number.Empty() {
		return own{}, nil
	}
	var periods []pg.Period
	err = x.DB.View(ctx, x.nobody(), func(tx *pg.Tx) (err error) {
		if periods, err = tx.NumberPeriods(ctx); err != nil {
			return err
		}
		for _, a := range x.Structure.Authorities {
			for _, at := range []time.Time{tx.Now, tx.Now.Add(absolute)} {
				if p := (pg.Period{Controller: a.ID, Period: service.NumberPeriod(at)}); !slices.Contains(periods, p) {
					periods = append(periods, p)
				}
			}
		}
		return nil
	})
	for _, p := range periods {
		if err != nil {
			break
		}
		var of own
		if of, err = x.marksIn(p, i); errors.Is(err, vault.ErrDestroyed) {
			err = nil // nobody is found by that period any more
		}
		all.number, all.home, all.house = append(all.number, of.number...), append(all.home, of.home...), append(all.house, of.house...)
	}
	return all, err
}

// marksIn are an identity's in one period.
func (x *room) marksIn(p pg.Period, i web.Identity) (of own, err error) {
	for into, texts := range map[*[]string][]hub.Personal{&of.number: {i.Number}, &of.home: {service.AddressForm(i.Home)}, &of.house: service.Houses(i.Home)} {
		for _, text := range texts {
			if text.Empty() {
				continue
			}
			m, err := x.Vault.Blind(p.Controller, p.Period, text)
			if err != nil {
				return own{}, err
			}
			*into = append(*into, m)
		}
	}
	return of, nil
}

// put keeps them, in place of what the issuer said before. Where it says no address, the
// one that it said holds on: a program's token may say less than a browser's.
func (o own) put(ctx context.Context, tx *pg.Tx, person hub.ID, issuer string) error {
	err := tx.PutMarks(ctx, person, issuer, o.number)
	if err == nil && len(o.home) > 0 {
		if err = tx.PutMarks(ctx, person, issuer+" home", o.home); err == nil {
			err = tx.PutMarks(ctx, person, issuer+" house", o.house)
		}
	}
	return err
}

// callers are those whose tokens carried a number, and when it was kept last: a program
// shows its token with every question.
type callers struct {
	sync.Mutex
	last map[string]caller
}

type caller struct {
	own // of one period
	at  time.Time
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
	if slices.Equal(had.number, one.number) && slices.Equal(had.home, one.home) && now.Sub(had.at).Abs() < callerFor {
		return nil
	}
	marks, err := x.marks(ctx, i)
	if err != nil {
		return err
	}
	if err := x.change(ctx, func(tx *pg.Tx) error { return marks.put(ctx, tx, worn[0].Person, i.Issuer) }); err != nil {
		return err
	}
	x.callers.Lock()
	defer x.callers.Unlock()
	x.callers.last[who] = caller{one, now}
	return nil
}
