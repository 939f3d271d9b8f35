//go:build !race

package audit

import (
	"errors"
	"net/http"
	"testing"
	"time"
)

// still keeps the hub's own rounds from running: its structure has no witnesses.
func (w *world) still() { w.Behind(w.Handler(), func(time.Time) error { return nil }) }

// tells has the room tell what is odd, and holds all that was told until now.
func (x *room) tells(t *testing.T, w *world, what, want string) {
	t.Helper()
	if err := x.tellOdd(t.Context()); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	if got := w.One(`select coalesce(string_agg(concat_ws(' ', envelope->'data'->>'what', nullif(envelope->'data'->>'authority', '')), ', ' order by id), '')
		from audit.outbox where envelope->>'type' = 'audit.trail.odd.v1'`); got != want {
		t.Errorf("%s: told are %q, want %q", what, got, want)
	}
}

// refuses answers as a witness does to which it is not proven.
func refuses(rw http.ResponseWriter, _ *http.Request) bool { rw.WriteHeader(422); return true }

// silent answers as a machine does that is out of order.
func silent(rw http.ResponseWriter, _ *http.Request) bool { rw.WriteHeader(503); return true }

// TestWhatAWitnessFindsIsToldOnce is A079 in part (told): once while it lasts, also where
// the hub is started again and where another process finds it too; and anew when it was
// well.
func TestWhatAWitnessFindsIsToldOnce(t *testing.T) {
	w, plain := grown(t, 300)
	w.still()
	a, b := anothers(t, w, plain, "koege.example/witness"), anothers(t, w, plain, "mvsj-politi.example/witness")
	x := w.witnessed(0, a, b)
	wants(t, "the first round", x.follows(t.Context()), "")
	wants(t, "asked", x.asks(t), "")
	x.tells(t, w, "all is well", "")

	a.spoils = refuses
	w.Advance(askAgain)
	wants(t, "it refuses", x.asks(t), "does not cosign")
	x.tells(t, w, "it refuses", "refused koege")
	y := w.witnessed(0, a, b) // another process
	y.asks(t)
	y.tells(t, w, "the other process", "refused koege")
	for range 5 {
		w.Advance(askAgain)
		x.asks(t)
		x.tells(t, w, "it goes on", "refused koege")
	}
	x = w.witnessed(0, a, b) // which knows nothing of before
	w.Advance(2 * wellAfter)
	x.tells(t, w, "started again, and nobody was asked", "refused koege")
	x.asks(t)
	x.tells(t, w, "started again", "refused koege")

	b.spoils = refuses
	w.Advance(askAgain)
	x.asks(t)
	x.tells(t, w, "the other refuses too", "refused koege, refused mvsj-politi")

	a.spoils, b.spoils = nil, nil
	w.Advance(wellAfter - time.Second)
	wants(t, "they cosign", x.asks(t), "")
	x.tells(t, w, "it is well, and was not just now", "refused koege, refused mvsj-politi")
	if n := w.One(`select count(*) from audit.odd_told where ended_at is null`); n != "2" {
		t.Errorf("%s have not ended, want 2", n)
	}
	w.Advance(askAgain)
	wants(t, "they cosign", x.asks(t), "")
	y.tells(t, w, "another process finds it so", "refused koege, refused mvsj-politi") // it has asked nobody since
	x.tells(t, w, "it is well", "refused koege, refused mvsj-politi")
	if n := w.One(`select count(*) from audit.odd_told where ended_at is null`); n != "1" { // that of y
		t.Errorf("%s have not ended, want 1", n)
	}
	w.Advance(wellAfter)
	y.asks(t)
	x.asks(t)
	x.tells(t, w, "all is well", "refused koege, refused mvsj-politi")
	if n := w.One(`select count(*) from audit.odd_told where ended_at is null`); n != "0" {
		t.Errorf("%s have not ended, want none", n)
	}

	a.spoils = refuses
	w.Advance(askAgain)
	x.asks(t)
	x.tells(t, w, "it begins anew", "refused koege, refused mvsj-politi, refused koege")

	// A witness that nobody asks any more.
	x = w.witnessed(0, b)
	w.Advance(wellAfter)
	x.tells(t, w, "it is asked no more", "refused koege, refused mvsj-politi, refused koege")
	if n := w.One(`select count(*) from audit.odd_told where ended_at is null`); n != "0" {
		t.Errorf("%s have not ended, want none", n)
	}
}

// TestAWitnessThatIsAwayIsTold is F38 in part: after five minutes, once; and one that
// answers with what is no cosignature is told of as it, not as one that has seen another past.
// Where it then has seen another past, that is told beside it.
func TestAWitnessThatIsAwayIsTold(t *testing.T) {
	w, plain := grown(t, 300)
	w.still()
	a := anothers(t, w, plain, "koege.example/witness")
	x := w.witnessed(0, a)
	wants(t, "the first round", x.follows(t.Context()), "")
	wants(t, "asked", x.asks(t), "")
	a.spoils = silent
	w.Advance(askAgain)
	x.asks(t)
	w.Advance(silence - askAgain - time.Second)
	x.asks(t)
	x.tells(t, w, "away for a while", "")
	for range 3 {
		w.Advance(askAgain)
		x.asks(t)
		x.tells(t, w, "away for long", "silent koege")
	}
	for status, all := range map[int]string{404: "silent koege", 403: "silent koege", 400: "silent koege"} {
		a.spoils = func(rw http.ResponseWriter, _ *http.Request) bool { rw.WriteHeader(status); return true }
		w.Advance(askAgain)
		wants(t, "it answers wrongly", x.asks(t), "does not cosign")
		x.tells(t, w, "it answers wrongly", all)
	}
	a.spoils = refuses
	w.Advance(askAgain)
	x.asks(t)
	x.tells(t, w, "it has seen another past", "silent koege, refused koege")
	a.spoils = func(rw http.ResponseWriter, _ *http.Request) bool { conflict(rw, 1<<40); return true }
	w.Advance(wellAfter)
	x.asks(t)
	x.tells(t, w, "it has seen more", "silent koege, refused koege")
}

// TestWhatTheHubFindsIsToldOnce: its own rounds tell what is not what was signed, by
// whichever of them it is found, and not that they could not look; it has ended when the whole
// trail was gone through since.
func TestWhatTheHubFindsIsToldOnce(t *testing.T) {
	w, x := grown(t, 300)
	w.still()
	wants(t, "the first round", x.follows(t.Context()), "")
	wants(t, "the walk", x.everything(t.Context()), "")
	x.tell("walk", errors.New("no database"))
	x.tell("months", errors.New("few"))
	x.tells(t, w, "it could not look", "")
	wants(t, "the walk", x.everything(t.Context()), "")
	x.tells(t, w, "all is well", "")

	const row = `where id = (select rows[7] from audit.leaves order by start limit 1)`
	change, right := `update audit.trail set person = person || ' ' `+row, `update audit.trail set person = rtrim(person) `+row
	w.SQL(change)
	wants(t, "a row is changed", x.everything(t.Context()), "is not what it was")
	x.tells(t, w, "a row is changed", "changed")
	x.tell("tree", x.last0("no checkpoint"))
	x.tells(t, w, "another round finds something", "changed")
	x = &room{Env: w.env()}
	w.Advance(2 * wellAfter)
	x.tells(t, w, "started again, and nobody has looked", "changed")
	if n := w.One(`select count(*) from audit.odd_told where ended_at is null`); n != "1" {
		t.Errorf("%s have not ended, want 1", n)
	}
	wants(t, "started again", x.everything(t.Context()), "is not what it was")
	x.tells(t, w, "started again", "changed")

	w.SQL(right)
	wants(t, "put right", x.everything(t.Context()), "")
	x.tells(t, w, "put right just now", "changed")
	w.Advance(wellAfter)
	x.tells(t, w, "nobody has looked since", "changed")
	if n := w.One(`select count(*) from audit.odd_told where ended_at is null`); n != "1" {
		t.Errorf("%s have not ended, want 1", n)
	}
	wants(t, "the walk", x.everything(t.Context()), "")
	x.tells(t, w, "all is well", "changed")
	if n := w.One(`select count(*) from audit.odd_told where ended_at is null`); n != "0" {
		t.Errorf("%s have not ended, want none", n)
	}
	w.SQL(change)
	x.everything(t.Context())
	x.tells(t, w, "changed again", "changed, changed")
}

// last0 is what the room finds of a text that is no checkpoint.
func (x *room) last0(text string) error {
	_, err := x.last(text)
	return err
}
