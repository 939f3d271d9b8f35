package policies

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// Past is a question as it was asked, once or often, and how it was answered.
type Past struct {
	Question    string
	Input       json.RawMessage
	Allowed     int // how often it was a yes
	Refused     int
	First, Last time.Time
}

// Trial is what another document would have answered to the questions of the past.
type Trial struct {
	Decisions int      `json:"decisions"` // that were made in that time
	Questions int      `json:"questions"` // the different ones among them
	Unknown   int      `json:"unknown"`   // decisions whose question is no longer asked in that form: not tried
	Changes   []Change `json:"changes"`   // newly allowed first, then the more frequent first
}

// What a change is.
const (
	NewlyAllowed = "newly_allowed"
	NewlyRefused = "newly_refused"
	OtherFields  = "other_fields"      // a yes that opens other fields
	OtherDuties  = "other_obligations" // a yes with other obligations
	OtherReasons = "other_reasons"
)

// Change is a question that two documents answer differently. It holds what was
// asked, in kinds, roles and states: nobody can be found in it.
type Change struct {
	What     string          `json:"what"`
	Question string          `json:"question"`
	Input    json.RawMessage `json:"input"`
	Times    int             `json:"times"`   // how often it was asked
	Allowed  int             `json:"allowed"` // how often the answer was yes then
	Refused  int             `json:"refused"`
	First    time.Time       `json:"first"`
	Last     time.Time       `json:"last"`
	Before   Answer          `json:"before"` // what the one document says
	After    Answer          `json:"after"`  // what the other says
	Gained   []string        `json:"gained"` // fields that only the other opens
	Lost     []string        `json:"lost"`   // fields that only the one opens
	// Since is from when it is so, where that is later than the document: from the
	// minute at which a legal basis begins or ends.
	Since time.Time `json:"since,omitzero"`
}

// Try puts the questions of the past to two documents, and tells where they
// differ: at the instant from which the new one is to hold, and at each later one
// at which a legal basis begins or ends by it otherwise than by the other. An answer that one of them does not give is an error: nothing is left
// out in silence.
func Try(ctx context.Context, before, after *Engine, from time.Time, past iter.Seq2[Past, error]) (Trial, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	questions := make(chan Past, 256)
	instants := turns(before, after, from)
	t := Trial{Changes: []Change{}} // none is a list too
	var failed error
	var mu sync.Mutex
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for p := range questions {
				changes, err := try(ctx, before, after, instants, p)
				if err == nil && len(changes) == 0 {
					continue
				}
				mu.Lock()
				if err == nil {
					t.Changes = append(t.Changes, changes...)
				} else if failed == nil {
					failed = err
					stop()
				}
				mu.Unlock()
			}
		})
	}
	for p, err := range past {
		if err != nil {
			mu.Lock()
			failed = err
			mu.Unlock()
			break
		}
		t.Decisions += p.Allowed + p.Refused
		t.Questions++
		if _, err := Decode(p.Question, p.Input); err != nil {
			t.Unknown += p.Allowed + p.Refused
			continue
		}
		select {
		case questions <- p:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
	}
	close(questions)
	all.Wait()
	if failed == nil {
		failed = ctx.Err()
	}
	if failed != nil {
		return Trial{}, failed
	}
	order := []string{NewlyAllowed, OtherFields, NewlyRefused, OtherDuties, OtherReasons}
	slices.SortFunc(t.Changes, func(a, b Change) int {
		if d := slices.Index(order, a.What) - slices.Index(order, b.What); d != 0 {
			return d
		}
		if d := b.Times - a.Times; d != 0 {
			return d
		}
		return cmp.Or(strings.Compare(a.Question+string(a.Input), b.Question+string(b.Input)), a.Since.Compare(b.Since))
	})
	return t, nil
}

// turns lists when two documents are to be compared: first, and at each later
// instant at which the one has a legal basis begin or end and the other has not.
func turns(before, after *Engine, first time.Time) []time.Time {
	dates := func(e *Engine) map[hub.LegalBasis]Basis { return e.now.Load().law.bases }
	list := []time.Time{first}
	for code, b := range dates(after) {
		was := dates(before)[code]
		for _, d := range [][2]time.Time{{b.From, was.From}, {b.Until, was.Until}} {
			for _, at := range d {
				if !d[0].Equal(d[1]) && at.After(first) && !slices.Contains(list, at) {
					list = append(list, at)
				}
			}
		}
	}
	slices.SortFunc(list, time.Time.Compare)
	return list
}

// try compares the answers to one question at each instant, and gives every change
// that was not there at the instant before.
func try(ctx context.Context, before, after *Engine, instants []time.Time, p Past) (list []Change, err error) {
	what := ""
	for i, at := range instants {
		c, err := compare(ctx, before.At(at), after.At(at), p)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			c.Since = at
		}
		if c.What != "" && c.What != what {
			list = append(list, c)
		}
		what = c.What
	}
	return list, nil
}

// compare compares two answers to one question.
func compare(ctx context.Context, before, after *Engine, p Past) (Change, error) {
	c := Change{Question: p.Question, Input: p.Input, Times: p.Allowed + p.Refused, Allowed: p.Allowed, Refused: p.Refused, First: p.First, Last: p.Last}
	q, err := Decode(p.Question, p.Input)
	if err != nil {
		return c, err
	}
	if c.Before, err = before.Advise(ctx, q); err != nil {
		return c, fmt.Errorf("the document in force: %w", err)
	}
	if c.After, err = after.Advise(ctx, q); err != nil {
		return c, fmt.Errorf("the new document: %w", err)
	}
	c.Gained, c.Lost = without(c.After.Fields, c.Before.Fields), without(c.Before.Fields, c.After.Fields)
	switch {
	case c.After.Allow && !c.Before.Allow:
		c.What = NewlyAllowed
	case c.Before.Allow && !c.After.Allow:
		c.What = NewlyRefused
	case len(c.Gained)+len(c.Lost) > 0:
		c.What = OtherFields
	case !slices.Equal(c.Before.Obligations, c.After.Obligations):
		c.What = OtherDuties
	case !slices.Equal(c.Before.Reasons, c.After.Reasons):
		c.What = OtherReasons
	}
	return c, nil
}

// without gives what a list has that another has not.
func without(list, other []string) []string {
	rest := []string{}
	for _, x := range list {
		if !slices.Contains(other, x) {
			rest = append(rest, x)
		}
	}
	return rest
}
