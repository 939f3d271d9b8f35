//go:build !race

package policies

import (
	"bytes"
	"crypto/rand"
	"slices"
	"sync"
	"testing"
	"time"

	signednote "golang.org/x/mod/sumdb/note"

	"github.com/infohus/infohus/pkg/hub"
)

// signing are the keys of the tests' authorities, by name: two of the police's, for
// one that was followed by another.
type signing struct {
	Approval
	private map[string]string
}

var monday = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

func keys(t testing.TB) signing {
	t.Helper()
	s := signing{Approval{Kinds: []hub.AuthorityKind{hub.Police, hub.Municipality}}, map[string]string{}}
	for _, k := range []struct {
		name  string
		of    hub.AuthorityID
		kind  hub.AuthorityKind
		known bool
	}{{"police", "mvs", hub.Police, true}, {"police's old", "mvs", hub.Police, true}, {"koege", "koege", hub.Municipality, true}, {"greve", "greve", hub.Municipality, true},
		{"stranger", "mvs", hub.Police, false}, {"region", "psykiatrien", hub.Region, true}} {
		private, public, err := signednote.GenerateKey(rand.Reader, string(k.of))
		if err != nil {
			t.Fatal(err)
		}
		s.private[k.name] = private
		key := Key{k.of, k.kind, public, monday.AddDate(-1, 0, 0), monday.AddDate(10, 0, 0)}
		if k.name == "police's old" {
			key.Until = monday.AddDate(0, -1, 0)
		}
		if k.known {
			s.Keys = append(s.Keys, key)
		}
	}
	return s
}

// sign signs a document with keys by name.
func (s signing) sign(t testing.TB, document []byte, by ...string) []byte {
	t.Helper()
	for _, name := range by {
		var err error
		if document, err = Sign(document, s.private[name]); err != nil {
			t.Fatal(err)
		}
	}
	return document
}

var both = []string{"police", "koege"}

// dpoLists and managerLists are refused by the built-in document, and each is
// allowed by one of the tests'.
var (
	dpoLists     = List{hub.DPO, hub.Municipality, hub.Prevention}
	managerLists = List{hub.Manager, hub.Municipality, hub.Prevention}
)

// after is a document that follows another, in which some text is replaced.
func after(t testing.TB, before []byte, number int, from time.Time, replace ...string) []byte {
	t.Helper()
	d, err := Draft(before, Header{Number: number, After: Sum(before), From: from, Title: "Tried"})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(replace); i += 2 {
		if bytes.Count(d, []byte(replace[i])) == 0 {
			t.Fatalf("the document has no %s", replace[i])
		}
		d = bytes.Replace(d, []byte(replace[i]), []byte(replace[i+1]), 1)
	}
	return d
}

const lists = `"list":     {`

var letDPO = []string{lists, lists + `"dpo": true, `}
var letManager = []string{lists, lists + `"manager": true, `}

// taking is an engine that trusts the keys, given rows numbered from one.
func taking(t testing.TB, s signing, notes ...[]byte) *Engine {
	t.Helper()
	e := engine(t)
	e.Trust(s.Approval, nil)
	take(t, e, notes...)
	return e
}

// copyOf is another engine that knows what one knows.
func copyOf(e *Engine) *Engine {
	c := new(Engine)
	c.now.Store(e.now.Load())
	c.approval, c.links, c.at = e.approval, slices.Clone(e.links), e.at
	c.seen.Store(e.seen.Load())
	c.next.Store(e.next.Load())
	return c
}

func take(t testing.TB, e *Engine, notes ...[]byte) {
	t.Helper()
	if err := e.Take(rowsOf(notes...), nil); err != nil {
		t.Fatal(err)
	}
}

func rowsOf(notes ...[]byte) (rows []Row) {
	for i, n := range notes {
		rows = append(rows, Row{i + 1, n, monday})
	}
	return rows
}

func lets(t testing.TB, e *Engine, q Question) bool {
	t.Helper()
	_, err := e.Ask(t.Context(), wearing(q), q)
	if err != nil && hub.CodeOf(err) != hub.CodeNotFound {
		t.Fatal(err)
	}
	return err == nil
}

// TestA110 gives an engine each revision that must not count, after one that does,
// and sees it refused: what is in force stays, and it is said why.
// TestARestartBringsNoOlderLaw begins anew with a table from which what decided is
// gone, or counts no more: then nothing is decided.
// TestDecisionsDuringARevisionAreOfOne asks while revisions come. Whatever an
// engine of one moment answers is what the document of its revision says.
func TestDecisionsDuringARevisionAreOfOne(t *testing.T) {
	defer func(was time.Duration) { proveTime = was }(proveTime)
	proveTime = 5 * time.Minute // with others asking all the while
	s := keys(t)
	one := after(t, document, 1, monday, letDPO...)
	two := after(t, one, 2, monday, `"dpo": true, `, ``, lists, letManager[1]) // one in, the other out
	first, second := s.sign(t, one, both...), s.sign(t, two, both...)
	e := taking(t, s)
	e.At(monday)
	says := map[string][2]bool{}
	for _, d := range [][]byte{document, one, two} {
		x := engine(t)
		if err := x.Revise(d); err != nil {
			t.Fatal(err)
		}
		says[x.Revision()] = [2]bool{lets(t, x, dpoLists), lets(t, x, managerLists)}
	}
	if len(says) != 3 {
		t.Fatal(says)
	}
	stop := make(chan struct{})
	var askers, all sync.WaitGroup
	var mu sync.Mutex
	seen := map[string]bool{}
	for range 4 {
		askers.Add(1)
		all.Go(func() {
			for n := 0; ; n++ {
				fixed := e.At(monday)
				want := says[fixed.Revision()]
				dpo, err1 := fixed.Ask(t.Context(), wearing(dpoLists), dpoLists)
				manager, err2 := fixed.Ask(t.Context(), wearing(managerLists), managerLists)
				if (err1 == nil) != want[0] || (err2 == nil) != want[1] || err1 == nil && dpo.Revision() != fixed.Revision() || err2 == nil && manager.Revision() != fixed.Revision() {
					t.Errorf("by %s: dpo %v, manager %v", fixed.Revision(), err1, err2)
				}
				mu.Lock()
				seen[fixed.Revision()] = true
				mu.Unlock()
				if n == 0 {
					askers.Done()
				}
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond): // else nothing else is done on a machine of two processors
				}
			}
		})
	}
	askers.Wait()
	take(t, e, first)
	now := e.At(monday).Revision()
	take(t, e, first, second)
	last := e.At(monday).Revision()
	for there := false; !there; time.Sleep(time.Millisecond) {
		mu.Lock()
		there = seen[last]
		mu.Unlock()
	}
	close(stop)
	all.Wait()
	if last == now || len(seen) < 2 {
		t.Errorf("seen: %v", seen)
	}
}
