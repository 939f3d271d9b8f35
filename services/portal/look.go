package portal

import (
	"context"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// lookedUp is what the trail says of somebody who was slowed: who, and no more.
var lookedUp = pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "look_ups"}}

// look counts a look-up, and says how long its asker must wait for it: only once
// there were more than the structure file gives, and then never longer than it
// says. Nobody is locked out. The data-protection officer of the asker's authority
// is told once, and the trail has a row for each that had to wait.
func (x *room) look(ctx context.Context, who hub.Actor) (wait time.Duration, err error) {
	most := x.Structure.LookUps
	if most.Hour == 0 {
		return 0, nil
	}
	err = x.DB.Command(ctx, who, lookedUp, func(tx *pg.Tx) error {
		wait = 0
		hour, day, last, err := looks(ctx, tx, who.Person)
		if err != nil || hour <= most.Hour && day <= most.Day {
			return err
		}
		if hour == most.Hour+1 || day == most.Day+1 {
			if err := x.tell(ctx, tx, "swept", "", time.Time{}, Notice{Authority: who.Authority, Role: hub.DPO}); err != nil {
				return err
			}
		}
		if wait = last.Add(most.Wait).Sub(tx.Now); wait <= 0 {
			return served(ctx, tx, who.Person)
		}
		return tx.Withhold(ctx, lookedUp)
	})
	return max(wait, 0), err
}
