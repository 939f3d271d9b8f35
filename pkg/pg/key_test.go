package pg_test

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// submit makes an effect once for each key, and gives the receipt.
func submit(db *pg.DB, p pg.Post, key, body string, then error) (receipt string, err error) {
	err = db.Command(ctx, as(p), pg.Entry{Act: hub.ActCollect}, func(tx *pg.Tx) error {
		first, err := tx.Key(ctx, "submit", key, []byte(body))
		if err != nil {
			return err
		}
		if first != nil {
			return json.Unmarshal(first, &receipt)
		}
		receipt = string(hub.NewID())
		if _, err := tx.Exec(ctx, `insert into effect (item) values ($1)`, receipt); err != nil {
			return err
		}
		if err := tx.Keep(ctx, "submit", key, receipt); err != nil {
			return err
		}
		return then
	})
	return receipt, err
}

func TestAHundredOfTheSameMakeOne(t *testing.T) {
	w := newWorld(t)
	db := w.room("intake")
	receipts := make([]string, 100)
	var wg sync.WaitGroup
	for i := range receipts {
		wg.Go(func() {
			var err error
			if receipts[i], err = submit(db, reporter, "k1", "body", nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, r := range receipts {
		if r != receipts[0] || r == "" {
			t.Fatalf("receipts %q and %q", r, receipts[0])
		}
	}
	w.is(1, `select count(*) from intake.effect`)
}

func TestKeys(t *testing.T) {
	w := newWorld(t)
	db := w.room("intake")
	first, err := submit(db, reporter, "k", "body", hub.Conflict("error.late")) // fails: the key is free again
	wantCode(t, err, hub.CodeConflict)
	second, err := submit(db, reporter, "k", "body", nil)
	check(t, err)
	again, err := submit(db, reporter, "k", "body", nil)
	check(t, err)
	if first == second || again != second {
		t.Errorf("receipts %q %q %q", first, second, again)
	}
	_, err = submit(db, reporter, "k", "another body", nil)
	wantCode(t, err, hub.CodeConflict)
	if _, err = submit(db, reporter, "", "body", nil); hub.CodeOf(err) != hub.CodeInvalid {
		t.Error(err)
	}
	others, err := submit(db, coordinator, "k", "another body", nil) // another person's key is another key
	check(t, err)
	w.clock.Store(int64(pg.KeyAge - time.Second))
	if r, err := submit(db, reporter, "k", "body", nil); err != nil || r != second {
		t.Errorf("after almost 30 days: %q %v", r, err)
	}
	w.clock.Store(int64(pg.KeyAge))
	if r, err := submit(db, reporter, "k", "another body", nil); err != nil || r == second {
		t.Errorf("after 30 days: %q %v", r, err)
	}
	if n, err := db.Forget(ctx); n != 1 || err != nil {
		t.Errorf("forgot %d, %v: want 1, that of %s", n, err, others)
	}
	// A key without a receipt would answer the next one with nothing.
	err = db.Command(ctx, as(reporter), pg.Entry{Act: hub.ActCollect}, func(tx *pg.Tx) error {
		_, err := tx.Key(ctx, "submit", "k2", nil)
		return err
	})
	wantCode(t, err, hub.CodeInternal)
}
