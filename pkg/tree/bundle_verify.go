package tree

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Trust is what a bundle is held against.
type Trust struct {
	Log       note.Verifier   // whose checkpoint it is of, and who sealed it
	Witnesses []note.Verifier // each of whom must have cosigned the checkpoint
	Kept      io.Reader       // an older bundle whose rows must all be here; nil is none
}

// Held is what a bundle holds.
type Held struct {
	Checkpoint Checkpoint
	About      json.RawMessage // who took it out, and what was asked for: as it says itself
	Rows       int64           // leaves
	Withheld   int64           // of which the row does not stand in it
	Forgotten  int64           // of which it stands nowhere any more, as rows in it say
	First      int64           // the first leaf
	Last       int64           // and the last; -1 where there is none
}

// VerifyBundle reads a bundle to its end: each row comes to its leaf, each leaf stands in
// the tree of the checkpoint, and the list is as it was sealed. The error is a [*Broken]
// where a row or the list is not; what is held comes with it as far as it was read.
//
// It keeps a few hundred lines for each processor, however long the bundle is.
func VerifyBundle(ctx context.Context, r io.Reader, trust Trust) (Held, error) {
	var next func() (one, error, bool)
	var kept *Held
	if trust.Kept != nil {
		var stop func()
		next, stop = iter.Pull2(ones(ctx, trust.Kept, Trust{Log: trust.Log}, &kept))
		defer stop()
	}
	old, has := one{}, false
	more := func() error { // the next row that was kept
		if next == nil {
			return nil
		}
		var err error
		if old, err, has = next(); err != nil {
			err = errors.New("the bundle that was kept is broken itself: " + err.Error())
		}
		return err
	}
	var h Held
	err := more()
	if err == nil {
		h, err = readBundle(ctx, r, trust, func(at one) error {
			for has && old.index <= at.index {
				if old.index < at.index {
					return &Broken{old.index, "it stands in the bundle that was kept, and not in this one"}
				}
				if old.leaf != at.leaf {
					return &Broken{at.index, "it is another than in the bundle that was kept"}
				}
				if err := more(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err == nil && has {
		err = &Broken{old.index, "it stands in the bundle that was kept, and not in this one"}
	}
	if err == nil && kept != nil {
		switch was := kept.Checkpoint; {
		case was.Size > h.Checkpoint.Size:
			err = &Broken{h.Checkpoint.Size, fmt.Sprintf("the log has no more leaves, and had %d when the other bundle was kept", was.Size)}
		case was.Size == h.Checkpoint.Size && was.Root != h.Checkpoint.Root:
			err = &Broken{0, "it, or one before the last, is another than when the other bundle was kept"}
		}
	}
	return h, err
}

// one is a leaf of a bundle that was found to stand in the tree.
type one struct {
	index int64
	leaf  tlog.Hash
}

// ones are those of a bundle, one by one. What it holds is there when it was read.
func ones(ctx context.Context, r io.Reader, trust Trust, held **Held) iter.Seq2[one, error] {
	return func(yield func(one, error) bool) {
		enough := errors.New("enough")
		h, err := readBundle(ctx, r, trust, func(at one) error {
			if !yield(at, nil) {
				return enough
			}
			return nil
		})
		if err == nil {
			*held = &h
		} else if !errors.Is(err, enough) {
			yield(one{}, err)
		}
	}
}

// readBundle reads a bundle and gives each leaf, once it was found to stand in the tree.
func readBundle(ctx context.Context, r io.Reader, trust Trust, each func(one) error) (Held, error) {
	h := Held{First: -1, Last: -1}
	in := &bundleLines{r: bufio.NewReaderSize(r, bundleLine), sum: sha256.New()}
	head, err := in.next()
	if err != nil || in.seal {
		return h, errors.New("tree: that is no bundle, or not the beginning of one")
	}
	if bytes.HasPrefix(head, []byte("\ufeff")) || bytes.HasSuffix(bytes.TrimSuffix(head, []byte("\n")), []byte("\r")) {
		return h, errors.New("tree: the file was saved anew by a program that changed its line ends, or put a mark before its first line: take it again as it was sent, without opening it")
	}
	if err := h.begin(head, trust); err != nil {
		return h, err
	}
	var path tlog.RecordProof
	debts := owed{}
	for l, err := range in.leaves(ctx) {
		if err != nil {
			return h, err
		}
		at := h.Last + 1 // where what cannot be placed is said to be
		if l.why != "" {
			return h, &Broken{max(l.index, at), l.why}
		}
		switch {
		case l.index <= h.Last:
			return h, &Broken{l.index, fmt.Sprintf("it comes after leaf %d", h.Last)}
		case l.after < -1 || l.after >= l.index:
			return h, &Broken{l.index, "what it says to come after cannot be before it"}
		case l.after > h.Last:
			return h, &Broken{l.after, fmt.Sprintf("it is gone, with whatever else was between leaves %d and %d", h.Last, l.index)}
		case l.after < h.Last:
			return h, &Broken{h.Last, fmt.Sprintf("leaf %d comes after leaf %d, and this is between them", l.index, l.after)}
		case l.index >= h.Checkpoint.Size:
			return h, &Broken{l.index, fmt.Sprintf("the checkpoint is of %d leaves", h.Checkpoint.Size)}
		case l.keep < 0 || l.keep > len(path):
			return h, &Broken{l.index, "its proof goes on from one that there is not"}
		}
		path = append(l.proof, path[len(path)-l.keep:]...)
		if tlog.CheckRecord(path, h.Checkpoint.Size, h.Checkpoint.Root, l.index, l.leaf) != nil {
			return h, &Broken{l.index, "with its proof it does not come to the root that was signed: its row, its salt or its proof is another"}
		}
		if h.Rows++; h.Rows == 1 {
			h.First = l.index
		}
		switch h.Last = l.index; {
		case l.by != 0:
			h.Forgotten++
			debts.owe(l.index, l.by)
		case !l.whole:
			h.Withheld++
		default:
			if err := debts.pay(l.index, l.forgets); err != nil {
				return h, err
			}
		}
		if err := each(one{l.index, l.leaf}); err != nil {
			return h, err
		}
	}
	if err := h.sealed(in.last, in.sum.Sum(nil), trust.Log); err != nil {
		return h, err
	}
	return h, debts.left()
}

// begin reads the first line.
func (h *Held) begin(line []byte, trust Trust) error {
	var r lineReader
	var format, signed string
	r.begin(line)
	seen, err := r.fields([]string{"format", "checkpoint", "about"}, func(i int) (err error) {
		switch i {
		case 0:
			format, err = r.text()
		case 1:
			signed, err = r.text()
		case 2:
			var v []byte
			v, err = r.d.ReadValue()
			h.About = bytes.Clone(v)
		}
		return err
	})
	if err != nil || seen != 7 || format != BundleFormat {
		return fmt.Errorf("tree: that is no bundle of the format %q", BundleFormat)
	}
	c, err := Open([]byte(signed), trust.Log)
	if err != nil {
		return err
	}
	h.Checkpoint = c
	return CosignedBy([]byte(signed), trust.Log, trust.Witnesses...)
}

// sealed reads the last line, and holds what was read against it.
func (h *Held) sealed(line, sum []byte, log note.Verifier) error {
	var r lineReader
	var signed string
	broken := func(why string) error { return &Broken{h.Last + 1, why} }
	if line == nil {
		return broken("the bundle ends before it, without its seal")
	}
	r.begin(line)
	seen, err := r.fields([]string{"seal"}, func(int) (err error) {
		signed, err = r.text()
		return err
	})
	if err != nil || seen != 1 {
		return broken("the bundle ends before it, and its seal cannot be read")
	}
	n, err := note.Open([]byte(signed), note.VerifierList(log))
	if err != nil {
		return broken(fmt.Sprintf("the bundle ends before it, and its seal is not the log's: %v", err))
	}
	if n.Text == sealText(log.Name(), h.Rows, h.Last, sum) {
		return nil
	}
	said := strings.Split(n.Text, "\n")
	if len(said) != 6 || said[0] != BundleFormat || said[1] != log.Name() {
		return broken("the bundle ends before it, and its seal is not one")
	}
	rows, err1 := strconv.ParseInt(said[2], 10, 64)
	last, err2 := strconv.ParseInt(said[3], 10, 64)
	switch {
	case err1 != nil || err2 != nil:
		return broken("the bundle ends before it, and its seal is not one")
	case last > h.Last:
		return &Broken{last, fmt.Sprintf("it is gone: the last of %d rows that were sealed, of which %d are here", rows, h.Rows)}
	case last < h.Last:
		return &Broken{h.Last, fmt.Sprintf("it comes after leaf %d, the last that was sealed", last)}
	}
	return &Broken{max(h.First, 0), fmt.Sprintf("it, or one after it, is not as it was sealed, in a list of %d rows (%d are here), or what the bundle says of itself is not", rows, h.Rows)}
}

// bundleLines reads a bundle by lines.
type bundleLines struct {
	r    *bufio.Reader
	sum  hash.Hash // of all lines before the seal
	seal bool      // the line that was read last is the seal
	last []byte    // which is this
}

var errCut = errors.New("the bundle ends before it, in the middle of a line, or a line is too long")

// next gives the next line without its end, valid until it is asked again; io.EOF after
// the last, or where there is more after the seal.
func (l *bundleLines) next() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	switch {
	case errors.Is(err, io.EOF) && len(line) == 0:
		return nil, io.EOF
	case errors.Is(err, io.EOF) || errors.Is(err, bufio.ErrBufferFull):
		return nil, errCut
	case err != nil:
		return nil, err
	case l.seal:
		return nil, errors.New("something comes after its seal")
	}
	if l.seal = bytes.HasPrefix(line, []byte(sealBegins)); l.seal {
		l.last = bytes.Clone(line[:len(line)-1])
	} else {
		l.sum.Write(line)
	}
	return line[:len(line)-1], nil
}

// chunk is lines that are read by one of several readers.
type chunk struct {
	text  []byte // the lines one after the other
	ends  []int
	lines []bundled
	err   error // what came after them
	done  chan struct{}
}

const chunkLines = 128

// leaves reads the lines of leaves up to the seal: several at once, and gives them in
// their order.
func (l *bundleLines) leaves(ctx context.Context) iter.Seq2[bundled, error] {
	return func(yield func(bundled, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		var all sync.WaitGroup
		defer all.Wait()
		defer stop()
		readers := runtime.GOMAXPROCS(0)
		work, inOrder := make(chan *chunk), make(chan *chunk, 2*readers)
		free := make(chan *chunk, 3*readers+2)
		for range readers {
			all.Go(func() {
				var r lineReader
				for c := range work {
					from := 0
					for _, end := range c.ends {
						c.lines = append(c.lines, r.leaf(c.text[from:end]))
						from = end
					}
					close(c.done)
				}
			})
		}
		all.Go(func() {
			defer close(work)
			defer close(inOrder)
			for err := error(nil); err == nil; {
				var c *chunk
				select {
				case c = <-free:
				default:
					c = &chunk{}
				}
				*c = chunk{text: c.text[:0], ends: c.ends[:0], lines: c.lines[:0], done: make(chan struct{})}
				err = l.fill(c)
				for _, to := range []chan *chunk{inOrder, work} {
					select {
					case to <- c:
					case <-ctx.Done():
						return
					}
				}
			}
		})
		at := int64(-1)
		for c := range inOrder {
			select {
			case <-c.done:
			case <-ctx.Done():
			}
			if ctx.Err() != nil {
				break
			}
			for _, line := range c.lines {
				if line.why == "" {
					at = line.index
				}
				if !yield(line, nil) {
					return
				}
			}
			if c.err != nil && !errors.Is(c.err, io.EOF) {
				yield(bundled{}, &Broken{at + 1, c.err.Error()})
				return
			}
			select {
			case free <- c:
			default:
			}
		}
		if err := context.Cause(ctx); err != nil {
			yield(bundled{}, err)
		}
	}
}

// fill reads lines into a chunk, and gives io.EOF after the last of them, or what else
// there was.
func (l *bundleLines) fill(c *chunk) error {
	for len(c.ends) < chunkLines && len(c.text) < bundleLine && c.err == nil {
		line, err := l.next()
		if err == nil && !l.seal {
			c.text = append(c.text, line...)
			c.ends = append(c.ends, len(c.text))
		}
		c.err = err
	}
	return c.err
}
