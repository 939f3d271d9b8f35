package policies

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Row is a signed revision as the database keeps it.
type Row struct {
	Number int
	Note   []byte    // the signed note
	At     time.Time // when it was put there
}

// Mark names the last row of the table of revisions. The zero Mark is an empty
// table's.
type Mark struct {
	Number int
	Sum    [sha256.Size]byte // of the note
}

// chain is what an engine knows of the revisions there are: which follow one
// another, which were refused, which is in force.
type chain struct {
	approval Approval
	say      func(Revision)

	mu    sync.Mutex
	links []link // in their order, the built-in document first; empty before the first Take
	odd   error  // what is wrong with the table itself, since the last Take
	seen  atomic.Pointer[Mark]
	next  atomic.Pointer[time.Time] // when the next revision begins; nil while none waits
	at    int                       // the link that is in force
}

// link is a revision, and compiled if it is in force or is to be.
type link struct {
	Revision
	note    [sha256.Size]byte
	edition *edition
}

func (l link) accepted() bool { return l.Why == nil }

// Trust says who must sign a revision, and who is told of each that is taken or
// refused. It is called once, before [Engine.Take]; without it no revision counts.
func (e *Engine) Trust(a Approval, say func(Revision)) { e.approval, e.say = a, say }

// Seen is the last row that [Engine.Take] was given; nil before the first.
func (e *Engine) Seen() *Mark { return e.seen.Load() }

// Take is given every row there is, by number, and every document that decisions
// were made by. It judges the rows that it has not met: one that is not signed by
// all who must, is not after the last that counts, does not compile, or fails what
// every revision must pass, is refused, and changes nothing. What it has met once
// stays as it was: a row that is gone or another than it was is said by
// [Engine.Odd], and changes nothing either.
//
// The error says that decisions were made by a revision that is not to be had any
// more: then older law would be in force, and nothing may be decided.
func (e *Engine) Take(rows []Row, decided [][]byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	mark := new(Mark)
	if n := len(rows); n > 0 {
		*mark = Mark{rows[n-1].Number, sha256.Sum256(rows[n-1].Note)}
	}
	if seen := e.seen.Load(); seen != nil && *seen == *mark {
		return nil // another transaction was quicker
	}
	links := slices.Clone(e.links)
	if len(links) == 0 {
		first := e.now.Load()
		links = []link{{Revision: Revision{Sum: Sum(first.document)}, edition: first}}
	}
	fresh := len(links)
	odd := e.strange(links, rows)
	for _, r := range rows {
		if r.Number > links[len(links)-1].Number {
			links = append(links, e.judge(links, r, decided))
		}
	}
	e.links, e.odd = links, odd
	if e.say != nil {
		for _, l := range links[fresh:] {
			e.say(l.Revision)
		}
	}
	at, err := e.reached(links, decided)
	if err != nil {
		return err
	}
	e.move(max(at, e.at))
	e.seen.Store(mark)
	return nil
}

// strange tells where the rows are not those that were met before.
func (e *Engine) strange(links []link, rows []Row) error {
	var problems []error
	for _, l := range links[1:] {
		i := slices.IndexFunc(rows, func(r Row) bool { return r.Number == l.Number })
		switch {
		case i < 0:
			problems = append(problems, fmt.Errorf("policies: revision %d is no longer in the database, and stays in force as it was", l.Number))
		case sha256.Sum256(rows[i].Note) != l.note:
			problems = append(problems, fmt.Errorf("policies: revision %d is another in the database than it was, and stays as it was", l.Number))
		}
	}
	for _, r := range rows {
		if len(links) > 1 && r.Number <= links[len(links)-1].Number && !slices.ContainsFunc(links, func(l link) bool { return l.Number == r.Number }) {
			problems = append(problems, fmt.Errorf("policies: revision %d came into the database after later ones, and does not count", r.Number))
		}
	}
	return errors.Join(problems...)
}

// judge makes a link of a row.
func (e *Engine) judge(links []link, r Row, decided [][]byte) link {
	last := links[0]
	for _, l := range links {
		if l.accepted() {
			last = l
		}
	}
	l := link{note: sha256.Sum256(r.Note)}
	l.Number, l.PutAt = r.Number, r.At
	var document []byte
	document, l.By, l.Why = e.approval.signers(r.Note, func(document []byte) (time.Time, error) {
		h, err := HeaderOf(document)
		if err == nil && h.Number != r.Number {
			err = fmt.Errorf("the document says that it is number %d", h.Number)
		}
		if err == nil {
			l.Header = h
		}
		return h.From, err
	})
	l.Sum = Sum(document)
	if l.Why == nil {
		l.Why = follows(l.Header, last, decided)
	}
	if l.Why == nil {
		l.edition, l.Why = proven(document)
	}
	return l
}

// Judge tells whether a signed revision would be taken if it were put now, as Take
// judges: Why is nil then. It changes nothing, and comes after a first Take.
func (e *Engine) Judge(file []byte, decided [][]byte) Revision {
	e.mu.Lock()
	defer e.mu.Unlock()
	document, _ := Text(file)
	h, _ := HeaderOf(document) // judge tells what is wrong with it
	r := e.judge(e.links, Row{Number: h.Number, Note: file}, decided).Revision
	if last := e.links[len(e.links)-1]; r.Number > 0 && r.Number <= last.Number {
		r.Why = fmt.Errorf("there is a revision %d already", last.Number)
	}
	return r
}

// Prove tells whether a document compiles with this build's rules, and answers
// what every document must: see [Engine.Take]. Who has signed it is another thing.
func Prove(document []byte) error {
	if _, err := HeaderOf(document); err != nil {
		return err
	}
	_, err := proven(document)
	return err
}

// follows tells whether a revision may come after another. The first of all may
// follow any document that decided here: another build brings another one, and
// what two authorities have approved still holds.
func follows(h Header, last link, decided [][]byte) error {
	after := h.After == last.Sum
	if last.Number == 0 && !after {
		after = slices.ContainsFunc(decided, func(d []byte) bool { return Sum(d) == h.After })
	}
	switch {
	case !after:
		return fmt.Errorf("it was made after another document than the one before it (number %d)", last.Number)
	case h.From.Before(last.From):
		return fmt.Errorf("it begins before the one that it follows (number %d)", last.Number)
	}
	return nil
}

// reached is the link that decisions have been made by already: it is in force,
// whatever a clock says.
func (e *Engine) reached(links []link, decided [][]byte) (int, error) {
	highest := 0
	for _, d := range decided {
		if h, err := HeaderOf(d); err == nil {
			highest = max(highest, h.Number)
		}
	}
	at := slices.IndexFunc(links, func(l link) bool { return l.Number == highest })
	switch {
	case at < 0:
		return 0, fmt.Errorf("policies: revision %d has decided here, and is not in the database any more: put it back (infohus policy put)", highest)
	case !links[at].accepted():
		return 0, fmt.Errorf("policies: revision %d has decided here, and counts no more: %w", highest, links[at].Why)
	}
	return at, nil
}

// move puts a link in force, and notes when the next begins. It never goes back.
func (e *Engine) move(at int) {
	if at > e.at {
		e.now.Store(e.links[at].edition)
	}
	for i := range e.links[:at] {
		e.links[i].edition = nil // it decides no more
	}
	e.at = at
	e.next.Store(nil)
	for _, l := range e.links[at+1:] {
		if l.accepted() {
			e.next.Store(&l.From)
			return
		}
	}
}

// At is an engine that decides by the revision in force at an instant, and by the
// legal bases that hold then, whatever comes after: for a transaction, whose
// decisions are all by one. The instant never brings back a revision that was in
// force before.
func (e *Engine) At(now time.Time) *Engine {
	if next := e.next.Load(); next != nil && !now.Before(*next) {
		e.mu.Lock()
		at := e.at
		for i, l := range e.links {
			if i > at && l.accepted() && !now.Before(l.From) {
				at = i
			}
		}
		e.move(at)
		e.mu.Unlock()
	}
	fixed := &Engine{instant: now}
	fixed.now.Store(e.now.Load())
	return fixed
}

// Revisions lists every revision there is, the refused ones too, the built-in
// document first, and which of them is in force.
func (e *Engine) Revisions() (all []Revision, inForce int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, l := range e.links {
		r := l.Revision
		r.By = slices.Clone(r.By)
		all = append(all, r)
	}
	if len(all) == 0 {
		all = []Revision{{Sum: Sum(e.now.Load().document)}}
	}
	return all, e.at
}

// Odd tells what is wrong with the revisions while what is in force decides as
// before: those that were refused since the last that counts, and a table that is
// not what it was. It is nil where nothing is.
func (e *Engine) Odd() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	problems := []error{e.odd}
	for _, l := range slices.Backward(e.links) {
		if l.accepted() {
			break
		}
		problems = append(problems, fmt.Errorf("policies: revision %d is refused: %w", l.Number, l.Why))
	}
	return errors.Join(problems...)
}

// Last is the document that the next revision is to follow, and its header: the
// last that counts, in force or waiting.
func (e *Engine) Last() ([]byte, Header) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, l := range slices.Backward(e.links) {
		if l.accepted() {
			return slices.Clone(l.edition.document), l.Header
		}
	}
	return e.Document(), Header{}
}

// proveTime is how long proving a revision may take: one that takes longer is
// refused as too slow. It is tried again before that: a machine that was busy for a
// second is not the revision's fault, and of two processes one would decide by it and
// the other not.
var proveTime = 20 * time.Second

const proveTries = 3

// proven compiles a document, and asks it what every document must answer.
func proven(document []byte) (*edition, error) {
	code, err := embedded()
	if err != nil {
		return nil, err
	}
	next, err := compile(code, document, questions)
	if err != nil {
		return nil, err
	}
	for range proveTries {
		ctx, cancel := context.WithTimeout(context.Background(), proveTime)
		err = prove(ctx, next)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			break
		}
	}
	return next, err
}
