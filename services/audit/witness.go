package audit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/tree"
	"github.com/infohus/infohus/pkg/witness"
)

// How the room asks the witnesses that the structure names to cosign what it signed. Nothing
// waits for them: signing does not, and no witness for another.

const (
	// askEvery is how often a witness is asked at most. What is signed between is part of
	// what it is asked next.
	askEvery = 3 * time.Second
	// askAgain is how often it is asked where nothing was added, so that a database that was
	// put back is found within the minute on a quiet night too.
	askAgain = 30 * time.Second
	// answerTime is how long it may take to answer.
	answerTime = 5 * time.Second
	// silence is how long it may be out of reach before it is said: a machine that is started
	// again is back by then.
	silence = 5 * time.Minute
)

// asked is a witness and what the room remembers of it.
type asked struct {
	structure.Witness
	verifier note.Verifier
	busy     atomic.Bool

	mu       sync.Mutex
	has      int64     // how many leaves it said that it has seen; -1: it said nothing yet
	until    int64     // how many the last checkpoint has that it cosigned
	asked    time.Time // last
	answered time.Time // last; or else when it was first asked
	away     error     // why it did not answer
	wrong    error     // why it does not hold that we have one past
	past     bool      // that is because our past does not follow from what it has seen
	well     time.Time // when it last cosigned
	because  string    // what it answered then: the same is the same trouble, and not said anew
}

// askers are the witnesses of a structure.
func askers(s *structure.Structure) (list []*asked, err error) {
	for _, w := range s.Trail.Witnesses {
		v, err := tree.Witness(w.Key)
		if err != nil {
			return nil, err
		}
		list = append(list, &asked{Witness: w, verifier: v, has: -1})
	}
	return list, nil
}

// witnesses begins to ask each witness that is to be asked now, and tells what those who
// were asked before found.
func (x *room) witnesses(ctx context.Context) error {
	var found []error
	for _, w := range x.asked {
		found = append(found, x.tell("witness "+w.Key, w.trouble(x.Now())))
		if !w.busy.CompareAndSwap(false, true) {
			continue
		}
		go func() {
			defer w.busy.Store(false)
			if err := x.ask(ctx, w); err != nil && ctx.Err() == nil {
				x.Log.Error("a witness could not be asked", "authority", string(w.Authority), "error", err.Error())
			}
		}()
	}
	return errors.Join(found...)
}

// trouble is what somebody should know of a witness.
func (w *asked) trouble(now time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.wrong != nil:
		return fmt.Errorf("the witness of %s (%s) does not cosign: %w", w.Authority, w.verifier.Name(), w.wrong)
	case w.silent(now):
		return fmt.Errorf("the witness of %s (%s) does not answer since %s, and what came to the trail after its first %d rows has no cosignature of it: %w",
			w.Authority, w.verifier.Name(), w.answered.UTC().Format(time.RFC3339), w.until, w.away)
	}
	return nil
}

// silent reports whether a witness has not answered for so long that it is said.
func (w *asked) silent(now time.Time) bool {
	return w.away != nil && now.Sub(w.answered) >= silence
}

// ask asks a witness to cosign the last checkpoint, if it has not or was not asked for long,
// and keeps what it answers. The error is one of our own; what the witness is to blame for,
// or finds, it remembers.
func (x *room) ask(ctx context.Context, w *asked) error {
	signed, last, had, err := x.toCosign(ctx, w)
	if err != nil {
		return err
	}
	now := x.Now()
	if last.Size == 0 { // nothing to cosign, and perhaps there was
		w.mu.Lock()
		due := now.Sub(w.asked) >= askAgain
		if due {
			w.asked = now
		}
		w.mu.Unlock()
		if err = nil; due {
			err = x.holds(ctx, w)
		}
		if errors.As(err, new(*unreached)) {
			err = nil
		}
		return err
	}
	w.mu.Lock()
	old, due := w.has, w.has < 0 || had < last.Size || now.Sub(w.asked) >= askAgain
	if w.until = had; old < 0 {
		old = had
	}
	if w.answered.IsZero() {
		w.answered = now
	}
	if due {
		w.asked = now
	}
	w.mu.Unlock()
	if !due {
		return nil
	}
	for range 3 { // as often as it says another size
		lines, refused, err := x.submit(ctx, w, old, signed, last)
		if err != nil {
			return err
		}
		if refused != nil && refused.Verdict == witness.Conflict && refused.Size != old && refused.Size <= last.Size {
			old = refused.Size
			continue
		}
		return x.answered(ctx, w, signed, last, had, lines, refused)
	}
	return nil // it is led on by somebody else at this moment
}

// toCosign reads the last checkpoint, and the size of the last that a witness cosigned.
func (x *room) toCosign(ctx context.Context, w *asked) (signed string, last tree.Checkpoint, had int64, err error) {
	err = x.DB.View(ctx, x.self(), func(tx *pg.Tx) (err error) {
		if _, signed, _, err = state(ctx, tx); err != nil {
			return err
		}
		if last, err = x.last(signed); err != nil {
			return err
		}
		had, err = cosignedUntil(ctx, tx, w.Key)
		return err
	})
	return signed, last, had, err
}

// submit asks a witness once. Where it does not answer that is remembered, and nothing is
// given.
func (x *room) submit(ctx context.Context, w *asked, old int64, signed string, last tree.Checkpoint) ([]byte, *witness.Refused, error) {
	s := tree.Submission{Old: old, Checkpoint: []byte(signed)}
	if old > last.Size { // it said so before: it is asked what it says now
		s.Old = last.Size
	}
	if 0 < s.Old && s.Old < last.Size {
		err := x.DB.View(ctx, x.self(), func(tx *pg.Tx) (err error) {
			s.Proof, err = tlog.ProveTree(last.Size, s.Old, tree.Reader(last.Size, tiles(ctx, tx)))
			return err
		})
		if err != nil {
			return nil, nil, err
		}
	}
	limited, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	lines, err := witness.Ask(limited, x.client, w.URL, s)
	var refused *witness.Refused
	if errors.As(err, &refused) {
		return nil, refused, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		if w.away == nil { // the first is kept, so that it is one trouble
			w.away = err
		}
		return nil, nil, nil
	}
	return lines, nil, nil
}

// answered takes what a witness answered: a cosignature that is its own and on what we
// signed is kept, and anything else is an alarm.
func (x *room) answered(ctx context.Context, w *asked, signed string, last tree.Checkpoint, had int64, lines []byte, refused *witness.Refused) error {
	var wrong error
	var past bool
	var by []tree.Cosignature
	switch {
	case refused != nil && refused.Verdict == witness.Conflict && refused.Size > last.Size:
		_, now, _, err := x.toCosign(ctx, w)
		if err != nil || now.Size >= refused.Size { // we have grown meanwhile
			return err
		}
		wrong = fmt.Errorf("it has seen %d leaves, and there are %d: the database was put back to an older state, or the end of the trail was cut off", refused.Size, now.Size)
		past = true
	case refused != nil:
		wrong, past = refused, refused.Verdict == witness.Split || refused.Verdict == witness.Unproven
	case lines == nil:
		return nil
	default:
		var err error
		if by, err = tree.Cosigned(append([]byte(signed), lines...), w.verifier); err != nil {
			wrong = fmt.Errorf("what it answers is no cosignature of its key on this checkpoint: %w", err)
		} else if len(by) == 0 {
			wrong = errors.New("it answers without a cosignature of its key")
		}
	}
	because := ""
	if refused != nil {
		because = fmt.Sprint(refused.Verdict, refused.Size)
	}
	w.mu.Lock()
	if wrong != nil && w.wrong != nil && because != "" && because == w.because {
		wrong = w.wrong
	}
	w.away, w.answered, w.wrong, w.past, w.because = nil, x.Now(), wrong, past, because
	if wrong == nil {
		w.well = w.answered
	}
	if refused != nil && refused.Verdict == witness.Conflict {
		w.has = refused.Size
	} else if wrong == nil {
		w.has, w.until = last.Size, last.Size
	}
	w.mu.Unlock()
	if past {
		return x.holds(ctx, w)
	}
	if wrong != nil || had >= last.Size {
		return nil
	}
	return x.DB.Command(ctx, x.self(), pg.Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "trail"}}, func(tx *pg.Tx) error {
		return putCosignature(ctx, tx, last.Size, w.Key, by[0].Line)
	})
}

// cosigned reads the checkpoint that is published, with its cosignatures: the last that was
// signed, or where the structure says how many witnesses there must be the last with so
// many; "" where there is none.
func (x *room) cosigned(ctx context.Context, tx *pg.Tx) (string, error) {
	var keys []string
	var verifiers []note.Verifier
	for _, w := range x.asked {
		keys, verifiers = append(keys, w.Key), append(verifiers, w.verifier)
	}
	quorum := x.Structure.Trail.Quorum
	text, err := published(ctx, tx, keys, quorum)
	if err != nil || text == "" || quorum == 0 {
		return text, err
	}
	by, err := tree.Cosigned([]byte(text), verifiers...)
	if err == nil && len(by) < quorum {
		err = fmt.Errorf("a checkpoint with %d cosignatures, and %d that hold", quorum, len(by))
	}
	return text, err
}

// client asks witnesses. It goes nowhere else than where the structure says.
func client() *http.Client {
	return &http.Client{Timeout: answerTime, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
