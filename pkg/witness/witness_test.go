package witness

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/infohus/infohus/pkg/tree"
)

const origin = "infohus.example/trail"

var private = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))

func verifier(t testing.TB) note.Verifier {
	t.Helper()
	_, v, err := tree.Key(origin, private.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// past is a log whose leaves are known, and whose key the test has: also that of somebody who
// took it. It publishes what it is as a whole.
type past struct {
	t      testing.TB
	hashes []tlog.Hash
	size   int64
	away   bool
}

// of is a past of leaves 0, 1 …, where those from an index on are of another kind; -1 is none.
func of(t testing.TB, size, other int64) *past {
	p := &past{t: t}
	for p.size < size {
		leaf := fmt.Sprint("leaf ", p.size)
		if other >= 0 && p.size == other {
			leaf = "another"
		}
		p.add(leaf)
	}
	return p
}

func (p *past) add(leaf string) {
	more, err := tlog.StoredHashes(p.size, []byte(leaf), p)
	if err != nil {
		p.t.Fatal(err)
	}
	p.hashes, p.size = append(p.hashes, more...), p.size+1
}

func (p *past) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = p.hashes[x]
	}
	return out, nil
}

// at is the signed checkpoint of so many leaves.
func (p *past) at(size int64) []byte {
	p.t.Helper()
	root, err := tlog.TreeHash(size, p)
	if err != nil {
		p.t.Fatal(err)
	}
	signed, err := tree.Checkpoint{Origin: origin, Size: size, Root: root}.Sign(verifier(p.t), func(text []byte) ([]byte, error) { return ed25519.Sign(private, text), nil })
	if err != nil {
		p.t.Fatal(err)
	}
	return signed
}

func (p *past) from(old, size int64) tree.Submission {
	s := tree.Submission{Old: old, Checkpoint: p.at(size)}
	if 0 < old && old < size {
		proof, err := tlog.ProveTree(size, old, p)
		if err != nil {
			p.t.Fatal(err)
		}
		s.Proof = proof
	}
	return s
}

func (p *past) get(_ context.Context, path string) ([]byte, error) {
	if p.away {
		return nil, errors.New("away")
	}
	if path == "checkpoint" {
		return p.at(p.size), nil
	}
	at, err := tree.ParsePath(path)
	if has, ok := tree.In(p.size, at.L, at.N); err != nil || !ok || at.W > has.W {
		return nil, fmt.Errorf("%s: 404", path)
	}
	return tlog.ReadTileData(at, p)
}

// opened is a witness of the log, in a directory.
func opened(t testing.TB, dir string, get Getter) *Witness {
	t.Helper()
	w, err := Open(dir, "koege.example/witness", slog.New(slog.DiscardHandler), Log{verifier(t), get})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// says holds whether the witness is red, and with which words: "" is well.
func says(t testing.TB, what string, w *Witness, want string) {
	t.Helper()
	rec := httptest.NewRecorder()
	w.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/readyz", nil))
	if got := rec.Body.String(); want == "" && rec.Code != 200 || want != "" && (rec.Code != 503 || !strings.Contains(got, want)) {
		t.Errorf("%s: readyz says %d %s, want %q", what, rec.Code, got, want)
	}
}

// answers holds what a submission is answered.
func answers(t testing.TB, what string, w *Witness, body []byte, status int, want string) {
	t.Helper()
	rec := httptest.NewRecorder()
	w.Handler().ServeHTTP(rec, httptest.NewRequest("POST", "/add-checkpoint", bytes.NewReader(body)))
	if rec.Code != status || !strings.Contains(rec.Body.String(), want) {
		t.Errorf("%s: %d %s, want %d %s", what, rec.Code, rec.Body, status, want)
	}
	if size := rec.Header().Get("Content-Type") == "text/x.tlog.size"; size != (status == 409 && want != "") {
		t.Errorf("%s: Content-Type %s", what, rec.Header().Get("Content-Type"))
	}
	if status == 200 {
		v, err := tree.Witness(w.Key())
		s, _ := tree.ParseSubmission(body)
		if by, err2 := tree.Cosigned(append(bytes.Clone(s.Checkpoint), rec.Body.Bytes()...), v); errors.Join(err, err2) != nil || len(by) != 1 {
			t.Errorf("%s: %v, %v, %v", what, by, err, err2)
		}
	}
}

// TestWhatFollowsIsCosigned is the protocol, answer by answer.
func TestWhatFollowsIsCosigned(t *testing.T) {
	p, w := of(t, 700, -1), opened(t, t.TempDir(), nil)
	answers(t, "the first", w, p.from(0, 300).Bytes(), 200, "— koege.example/witness ")
	answers(t, "the next", w, p.from(300, 301).Bytes(), 200, "— koege.example/witness ")
	answers(t, "the same again", w, p.from(301, 301).Bytes(), 200, "— koege.example/witness ")
	answers(t, "from an older one", w, p.from(300, 400).Bytes(), 409, "301\n")
	answers(t, "from none", w, p.from(0, 400).Bytes(), 409, "301\n")
	s := p.from(301, 400)
	s.Old = 401
	answers(t, "from one that is larger", w, s.Bytes(), 400, "")
	says(t, "nothing that is wrong", w, "")
	s = p.from(301, 400)
	s.Proof[0][0] ^= 1
	answers(t, "a proof that is none", w, s.Bytes(), 422, "")
	says(t, "a proof that is none", w, "is not proven")
	answers(t, "with its proof", w, p.from(301, 400).Bytes(), 200, "")
	says(t, "what follows ends the doubt", w, "")
	answers(t, "no proof", w, tree.Submission{Old: 400, Checkpoint: p.at(500)}.Bytes(), 422, "")
	other := bytes.Replace(p.from(400, 500).Bytes(), []byte(origin), []byte("infohus.example/other"), 1)
	answers(t, "another log", w, other, 404, "")
	unsigned := bytes.Replace(p.from(400, 500).Bytes(), []byte("\n500\n"), []byte("\n501\n"), 1)
	answers(t, "not signed by the log", w, unsigned, 403, "")
	answers(t, "no submission", w, []byte("hello"), 400, "")
	answers(t, "too much", w, append(p.from(400, 500).Bytes(), bytes.Repeat([]byte("x"), 1<<17)...), 400, "")
	rec := httptest.NewRecorder()
	w.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
	if !strings.Contains(rec.Body.String(), w.Key()) || !strings.Contains(rec.Body.String(), origin+" has been seen with 400 leaves:\n\n"+string(p.at(400))) {
		t.Errorf("the front page: %s", rec.Body)
	}
}

// What was cosigned is there after a crash, and what could not be kept was not cosigned.
func TestItIsKeptBeforeItIsAnswered(t *testing.T) {
	dir := t.TempDir()
	p, w := of(t, 700, -1), opened(t, dir, nil)
	key := w.Key()
	answers(t, "the first", w, p.from(0, 300).Bytes(), 200, "")
	if _, err := Open(dir, "", slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "held by another witness") {
		t.Errorf("two of one directory: %v", err)
	}
	w.Close()
	if w = opened(t, dir, nil); w.Key() != key {
		t.Errorf("another key: %s, %s", key, w.Key())
	}
	answers(t, "after it was stopped", w, p.from(0, 400).Bytes(), 409, "300\n")
	kept, err := filepath.Glob(filepath.Join(dir, "checkpoint-*"))
	if err != nil || len(kept) != 1 {
		t.Fatal(kept, err)
	}
	text, err := os.ReadFile(kept[0])
	if v, err2 := tree.Witness(key); err != nil || err2 != nil {
		t.Error(err, err2)
	} else if by, err := tree.Cosigned(text, v); err != nil || len(by) != 1 || !bytes.HasPrefix(text, p.at(300)) {
		t.Errorf("what is kept is no cosigned checkpoint: %v, %v, %s", by, err, text)
	}
	away := dir + ".away"
	if err := os.Rename(dir, away); err != nil {
		t.Fatal(err)
	}
	answers(t, "what cannot be kept", w, p.from(300, 400).Bytes(), 500, "")
	if err := os.Rename(away, dir); err != nil {
		t.Fatal(err)
	}
	answers(t, "it was not", w, p.from(300, 400).Bytes(), 200, "")
	w.Close()
	fails := func(what, want string) {
		t.Helper()
		if w, err := Open(dir, "koege.example/witness", slog.New(slog.DiscardHandler), Log{Verifier: verifier(t)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", what, w, err)
		}
	}
	if err := os.WriteFile(kept[0], bytes.Replace(text, []byte("\n300\n"), []byte("\n301\n"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	fails("a checkpoint that was changed", "is not what its key signed")
	if err := os.Rename(filepath.Join(dir, "key"), filepath.Join(dir, "k")); err != nil {
		t.Fatal(err)
	}
	fails("no key", "has checkpoints and no key")
	dir = t.TempDir()
	if _, err := Open(dir, "", slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "under which name") {
		t.Errorf("no name: %v", err)
	}
	if _, err := Open(dir, "two words", slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a name of two words")
	}
	opened(t, dir, nil).Close()
	if _, err := Open(dir, "other.example/witness", slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "was made for koege.example/witness") {
		t.Errorf("another name: %v", err)
	}
	if _, err := Open(dir, "", slog.New(slog.DiscardHandler), Log{Verifier: verifier(t)}, Log{Verifier: verifier(t)}); err == nil {
		t.Error("a log twice")
	}
	if i, err := os.Stat(filepath.Join(dir, "key")); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("the key: %v, %v", i, err)
	}
}

// TestTwoPastsOfOneLog is A081 at a witness that is asked only: two trees of the same size
// that the log's key signed are kept as evidence, and it stays red, also when it is started
// again, until somebody has looked.
func TestTwoPastsOfOneLog(t *testing.T) {
	dir := t.TempDir()
	p, q, w := of(t, 700, -1), of(t, 700, 123), opened(t, dir, nil)
	answers(t, "one", w, p.from(0, 300).Bytes(), 200, "")
	answers(t, "another", w, q.from(300, 300).Bytes(), 409, "")
	says(t, "another", w, "two trees of 300 leaves that the log signed")
	answers(t, "what follows the first", w, p.from(300, 301).Bytes(), 200, "")
	says(t, "it stays red", w, "two trees of 300 leaves")
	w.Close()
	w = opened(t, dir, nil)
	says(t, "started again", w, "the log signed two pasts")
	files, _ := filepath.Glob(filepath.Join(dir, "split-*"))
	text, err := os.ReadFile(files[0])
	if err != nil || !bytes.Contains(text, p.at(300)) || !bytes.Contains(text, q.at(300)) {
		t.Errorf("the evidence: %v, %s", err, text)
	}
	w.Close()
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	says(t, "once somebody has looked", opened(t, dir, nil), "")
}

// TestAWitnessNamesTheFirstOtherLeaf is A079 and A080, and A082 in part, at a witness that
// follows the log of another authority, whose real key somebody has: what is rewritten, cut off, put
// back or shown to others is found in one round, or in two where it could be an answer that
// was late, and the first leaf that is another is named.
func TestAWitnessNamesTheFirstOtherLeaf(t *testing.T) {
	const n = 256*3 + 40
	for what, c := range map[string]struct {
		then   *past
		submit bool // it is submitted too, with what proof there is
		rounds int
		want   string
	}{
		"nothing":                            {of(t, n+10, -1), true, 1, ""},
		"one leaf":                           {of(t, n+10, 300), true, 1, "leaf 300 is the first that is not what it was"},
		"one leaf, and it is not submitted":  {of(t, n+10, 300), false, 1, "leaf 300 is the first that is not what it was"},
		"one leaf, as many":                  {of(t, n, 300), true, 1, "leaf 300 is the first"},
		"one leaf, as many, not submitted":   {of(t, n, 300), false, 1, "leaf 300 is the first"},
		"the first leaf":                     {of(t, n+300, 0), true, 1, "leaf 0 is the first"},
		"the last leaf":                      {of(t, n+300, n-1), true, 1, "leaf 807 is the first"},
		"the end is cut off":                 {of(t, n-1, -1), true, 0, "the log says that it has 807 leaves, and there were 808"},
		"the end is cut off, not submitted":  {of(t, n-1, -1), false, 2, "there were 808: those from leaf 807 on are gone"},
		"yesterday":                          {of(t, 100, -1), false, 2, "there were 808: those from leaf 100 on are gone"},
		"yesterday, and then another past":   {of(t, 500, 450), false, 1, "leaf 450 is the first"},
		"cut off and filled up with another": {of(t, n, 700), true, 1, "leaf 700 is the first"},
	} {
		p, dir := of(t, n, -1), t.TempDir()
		now := p
		w := opened(t, dir, func(ctx context.Context, path string) ([]byte, error) { return now.get(ctx, path) })
		w.Follow(t.Context())
		says(t, what+": before", w, "")
		now = c.then
		if c.submit {
			s := c.then.from(min(n, c.then.size), c.then.size)
			w.add(s.Bytes())
		}
		for i := range c.rounds {
			if i > 0 {
				says(t, what+": one answer that was late", w, "")
			}
			w.Follow(t.Context())
		}
		says(t, what, w, c.want)
		if c.rounds > 0 && c.submit {
			s := c.then.from(min(n, c.then.size), c.then.size)
			w.add(s.Bytes())
			says(t, what+": submitted again", w, c.want)
		}
	}
}

// Where the leaves were not kept yet, that a tree is another is found all the same, and where
// it is said as far as it is known.
func TestAnotherPastWithoutTheLeaves(t *testing.T) {
	for what, size := range map[string]int64{"as many": 300, "more": 500} {
		p, q := of(t, 300, -1), of(t, size, 123)
		w := opened(t, t.TempDir(), q.get)
		answers(t, what, w, p.from(0, 300).Bytes(), 200, "")
		w.Follow(t.Context())
		says(t, what, w, fmt.Sprintf("of 300 leaves that were seen, and %d that the log signs for now, one of the leaves before leaf 300 is not what it was", size))
	}
}

// What was sent with a proof that is none is looked into: an old checkpoint that somebody
// sends again makes nobody wake, and another past that is submitted to the witness alone is
// found when the log has come that far.
func TestADoubtIsLookedInto(t *testing.T) {
	p, q := of(t, 300, -1), of(t, 400, 123)
	w := opened(t, t.TempDir(), p.get)
	w.Follow(t.Context())
	answers(t, "an old one", w, p.from(200, 200).Bytes(), 409, "300\n")
	says(t, "an old one", w, "it has 200 leaves, and there were 300")
	w.Follow(t.Context())
	says(t, "an old one, looked into", w, "")
	for p.size < 350 {
		p.add(fmt.Sprint("leaf ", p.size))
	}
	answers(t, "no proof", w, tree.Submission{Old: 300, Checkpoint: p.at(340)}.Bytes(), 422, "")
	says(t, "no proof", w, "is not proven")
	w.Follow(t.Context())
	says(t, "no proof, looked into", w, "")
	answers(t, "another past", w, q.from(350, 400).Bytes(), 422, "")
	w.Follow(t.Context())
	says(t, "another past, whose tiles are not published", w, "is not proven")
	answers(t, "what follows does not end that", w, p.from(350, 350).Bytes(), 200, "")
	says(t, "what follows does not end that", w, "is not proven")
	for p.size < 420 {
		p.add(fmt.Sprint("leaf ", p.size))
	}
	w.Follow(t.Context())
	says(t, "another past, when the log has come that far", w, "two trees of 400 leaves that the log signed")
}

// A log that cannot be read is said after a while, and no more when it can.
func TestALogThatIsAway(t *testing.T) {
	p := of(t, 300, -1)
	w := opened(t, t.TempDir(), p.get)
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	w.now = func() time.Time { return now }
	w.Follow(t.Context())
	p.away = true
	w.Follow(t.Context())
	now = now.Add(away - time.Second)
	w.Follow(t.Context())
	says(t, "for a while", w, "")
	now = now.Add(time.Second)
	w.Follow(t.Context())
	says(t, "for long", w, "it cannot be read since 2026-03-02T08:00:00Z")
	p.away = false
	w.Follow(t.Context())
	says(t, "there again", w, "")
}

// A witness that was put back to an older state says what it has, and is led on from there.
func TestAWitnessThatWasPutBack(t *testing.T) {
	p, dir := of(t, 400, -1), t.TempDir()
	w := opened(t, dir, p.get)
	answers(t, "the first", w, p.from(0, 300).Bytes(), 200, "")
	w.Follow(t.Context())
	w.Close()
	files, _ := filepath.Glob(filepath.Join(dir, "checkpoint-*"))
	if err := os.WriteFile(files[0], p.at(300), 0o600); err != nil {
		t.Fatal(err)
	}
	w = opened(t, dir, p.get)
	answers(t, "from what it had", w, p.from(400, 400).Bytes(), 409, "300\n")
	answers(t, "from what it has", w, p.from(300, 400).Bytes(), 200, "")
	says(t, "it goes on", w, "")
	w.Follow(t.Context())
	if data, err := os.ReadFile(w.leaves(w.logs[0])); err != nil || len(data) != 400*32 {
		t.Errorf("%d bytes of leaves, %v", len(data), err)
	}
}

// What a witness answers its client reads as it was meant, and an answer of none as one that
// is away.
func TestAsk(t *testing.T) {
	p, w := of(t, 700, -1), opened(t, t.TempDir(), nil)
	s := httptest.NewServer(w.Handler())
	ask := func(what string, sub tree.Submission, want Verdict, size int64) {
		t.Helper()
		line, err := Ask(t.Context(), s.Client(), s.URL+"/", sub)
		var r *Refused
		switch {
		case err == nil && want == Cosigned && bytes.HasPrefix(line, []byte("— koege.example/witness ")):
		case !errors.As(err, &r) || r.Verdict != want || r.Size != size || r.Error() == "":
			t.Errorf("%s: %s, %v, want %d of %d", what, line, err, want, size)
		}
	}
	ask("the first", p.from(0, 300), Cosigned, 0)
	ask("the next", p.from(300, 700), Cosigned, 0)
	ask("an older", p.from(300, 700), Conflict, 700)
	ask("another past", of(t, 800, 3).from(700, 800), Unproven, 700)
	ask("another of the same size", of(t, 700, 3).from(700, 700), Split, 700)
	ask("nothing", tree.Submission{}, Unknown, 0)
	s2 := p.from(700, 700)
	s2.Checkpoint = bytes.Replace(s2.Checkpoint, []byte("\n700\n"), []byte("\n800\n"), 1)
	ask("another key", s2, Unsigned, 0)
	s2 = p.from(300, 300)
	s2.Old = 700
	ask("an old size above", s2, Malformed, 0)
	s.Close()
	if _, err := Ask(t.Context(), s.Client(), s.URL, p.from(700, 700)); err == nil || errors.As(err, new(*Refused)) {
		t.Errorf("one that is away: %v", err)
	}
}
