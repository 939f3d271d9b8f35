package pg

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/policies"
)

// CanaryKind is what the trail calls what a look-up of a canary was of: it is no item, and
// about nobody.
const CanaryKind = "canary"

// Canary is the reference that a room looks up on the day of a time, in Copenhagen. It is
// invented, and names nobody: whoever is to find it works it out, and needs not be told.
func Canary(room string, at time.Time) hub.ID {
	sum := sha256.Sum256([]byte("infohus canary 1\n" + room + "\n" + at.In(hub.Copenhagen).Format(time.DateOnly) + "\n"))
	return hub.MakeID([16]byte(sum[:16]))
}

// SendCanary looks up the room's canary of today as people are looked up: by [Read], with a
// decision, and with a row that names it by its pseudonym. The row is of no authority, so
// that no officer meets it, and nobody is told of it (P6).
func (db *DB) SendCanary(ctx context.Context) error {
	who := hub.System(db.now(), db.newID())
	_, _, _, err := Read(ctx, db, who, func(tx *Tx) (struct{}, policies.Question, Entry, error) {
		return struct{}{}, AskCanary(tx), Entry{Act: hub.ActConsult, Object: hub.Object{Kind: CanaryKind}, Subjects: []hub.ID{Canary(db.room, tx.Now)}, Fields: []string{}}, nil
	})
	return err
}

// AskCanary is what is asked of the rules before a canary is looked up, and before it is
// looked for.
func AskCanary(tx *Tx) policies.Act {
	return policies.Act{Action: "canary", Role: tx.who.Role, State: "canary", Purpose: hub.Operation}
}
