//go:build !race

package audit

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/tree"
	"github.com/infohus/infohus/pkg/witness"
)

// another is a witness of another authority's, with a process, a disk and a key of its own.
type another struct {
	t testing.TB
	*witness.Witness
	*httptest.Server
	spoils func(w http.ResponseWriter, r *http.Request) bool // answers in its place
	asked  int
}

func anothers(t testing.TB, w *world, x *room, name string) *another {
	t.Helper()
	v, err := x.verifier()
	if err != nil {
		t.Fatal(err)
	}
	a := &another{t: t}
	a.Witness, err = witness.Open(t.TempDir(), name, slog.New(slog.DiscardHandler), witness.Log{Verifier: v, Get: w.client})
	if err != nil {
		t.Fatal(err)
	}
	a.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		a.asked++
		if a.spoils == nil || !a.spoils(rw, r) {
			a.Handler().ServeHTTP(rw, r)
		}
	}))
	t.Cleanup(func() { a.Server.Close(); a.Witness.Close() })
	return a
}

// says holds what the witness shows its own operator.
func (a *another) says(what, want string) {
	a.t.Helper()
	if got := strings.Join(a.Troubles(), "; "); want == "" && got != "" || !strings.Contains(got, want) {
		a.t.Errorf("%s: the witness says %q, want %q", what, got, want)
	}
}

// witnessed is the room as a process that begins now, with these witnesses.
func (w *world) witnessed(quorum int, list ...*another) *room {
	w.t.Helper()
	st := *w.Structure
	st.Trail.Quorum = quorum
	for i, a := range list {
		st.Trail.Witnesses = append(st.Trail.Witnesses, structure.Witness{Authority: hub.AuthorityID([]string{"koege", "mvsj-politi", "region"}[i]), URL: a.URL, Key: a.Key()})
	}
	x := &room{Env: service0(w), client: client()}
	x.Structure = &st
	var err error
	if x.asked, err = askers(&st); err != nil {
		w.t.Fatal(err)
	}
	return x
}

// asks asks all witnesses once, and gives what a round of the room then says.
func (x *room) asks(t testing.TB) error {
	t.Helper()
	for _, w := range x.asked {
		if err := x.ask(t.Context(), w); err != nil {
			t.Errorf("asking %s: %v", w.Authority, err)
		}
		x.tree.said = map[string]time.Time{}
		x.tell("witness "+w.Key, w.trouble(x.Now()))
	}
	return x.odd()
}

// shown is the checkpoint that the room publishes.
func (x *room) shown(t testing.TB) (text string, err error) {
	t.Helper()
	err = x.DB.View(t.Context(), x.self(), func(tx *pg.Tx) (err error) {
		text, err = x.cosigned(t.Context(), tx)
		return err
	})
	return text, err
}

// service0 is what the room is given.
func service0(w *world) service.Env {
	return service.Env{DB: w.DB("audit"), Vault: w.Vault(), Structure: w.Structure, Now: w.Now, NewID: hub.NewID, Log: slog.New(slog.DiscardHandler)}
}

// The witnesses cosign what was signed, and that is published with it; they are asked for
// what is new, and where nothing is every half minute.
func TestWitnessesCosign(t *testing.T) {
	w, plain := grown(t, 300)
	a, b := anothers(t, w, plain, "koege.example/witness"), anothers(t, w, plain, "mvsj-politi.example/witness")
	x := w.witnessed(2, a, b)
	wants(t, "before there is anything", x.asks(t), "")
	if text, err := x.shown(t); text != "" || err != nil {
		t.Errorf("before there is anything: %q, %v", text, err)
	}
	for round, rows := range []int{0, 1, 300} {
		w.writes(rows)
		wants(t, "a round", x.follows(t.Context()), "")
		if text, _ := x.shown(t); strings.Contains(text, fmt.Sprintf("\n%s\n", w.One(`select max(size) from audit.checkpoint`))) {
			t.Errorf("published before anybody cosigned it: %s", text)
		}
		wants(t, "asked", x.asks(t), "")
		text, err := x.shown(t)
		if err != nil {
			t.Fatal(err)
		}
		by, err := tree.Cosigned([]byte(text), x.asked[0].verifier, x.asked[1].verifier)
		v, _ := x.verifier()
		c, err2 := tree.Open([]byte(text), v)
		if err != nil || err2 != nil || len(by) != 2 || fmt.Sprint(c.Size) != w.One(`select max(size) from audit.checkpoint`) {
			t.Errorf("round %d: %v, %v, %v, %v", round, c, by, err, err2)
		}
	}
	if got := w.One(`select count(*) || ' ' || count(distinct witness) || ' ' || count(distinct size) from audit.cosignature`); got != "6 2 3" {
		t.Errorf("cosignatures, witnesses and checkpoints are %s", got)
	}
	bundle, err := w.takes(x, "dagny", Part{})
	v, err2 := x.verifier()
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	if _, err := tree.VerifyBundle(t.Context(), bytes.NewReader(bundle), tree.Trust{Log: v, Witnesses: []note.Verifier{x.asked[0].verifier, x.asked[1].verifier}}); err != nil {
		t.Errorf("what an officer takes out bears no cosignatures: %v", err)
	}
	asked := a.asked
	wants(t, "nothing is new", x.asks(t), "")
	if a.asked != asked {
		t.Error("it is asked where nothing is new")
	}
	w.Advance(askAgain)
	wants(t, "nothing is new for long", x.asks(t), "")
	if a.asked == asked {
		t.Error("it is not asked where nothing was new for long")
	}
	// A process that begins anew, at a witness that was put back: it is led on from there.
	c := anothers(t, w, plain, "koege.example/witness")
	x = w.witnessed(0, c)
	wants(t, "another witness", x.asks(t), "")
	w.writes(5)
	wants(t, "a round", x.follows(t.Context()), "")
	x = w.witnessed(0, c)
	x.asked[0].has = 7
	wants(t, "led on", x.asks(t), "")
	a.says("all is well", "")
	c.says("all is well", "")
	w.verifies(plain)
}

// rewrites is what a superuser does who has the log's key too: the trail is changed, and the
// tree, its checkpoints and what was cosigned are made anew, as if it had always been so.
func (w *world) rewrites(sql string) *room {
	w.t.Helper()
	w.SQL(`set local session_replication_role = replica; ` + sql + `; delete from audit.cosignature; delete from audit.checkpoint; delete from audit.leaves; delete from audit.node;
		delete from audit.pending; insert into audit.pending (id, at) select id, at from audit.trail`)
	x := &room{Env: service0(w), client: client()}
	wants(w.t, "the hub sees nothing of it", x.follows(w.t.Context()), "")
	wants(w.t, "nor does its walk", x.everything(w.t.Context()), "")
	w.verifies(x)
	return x
}

// TestAnotherAuthoritysWitnessFindsARewrittenTrail is A079, A080 and A082 in part: the database's superuser, with the log's real key, changes, cuts off or puts back the trail so
// that the hub and its verifier find nothing. The witness of another authority finds it in
// one round (of three seconds, or of twenty where it follows the log), both say so, and the
// witness says which leaf is the first.
func TestAnotherAuthoritysWitnessFindsARewrittenTrail(t *testing.T) {
	for what, c := range map[string]struct {
		spoil             string
		hub, told, follow string // what the hub says, the witness when it is asked, and when it has looked
	}{
		"A079: a field of a row":                   {`update audit.trail set person = 'x' where id = $300`, "of the $n leaves that it has seen one is another now", "is not proven", "leaf 300 is the first that is not what it was"},
		"A079: the first row":                      {`update audit.trail set reasons = '{}' where id = $0`, "one is another now", "is not proven", "leaf 0 is the first"},
		"A079: a row goes":                         {`delete from audit.trail where id = $17`, "one is another now", "is not proven", "leaf 17 is the first"},
		"A079: a row comes":                        {`insert into audit.trail select (jsonb_populate_record(t, '{"id": -5}')).* from audit.trail t where id = $300`, "one is another now", "is not proven", "leaf 0 is the first"},
		"A079: two rows change places":             {`update audit.trail set id = -1 where id = $10; update audit.trail set id = $10 where id = $20; update audit.trail set id = $20 where id = -1`, "one is another now", "is not proven", "leaf 10 is the first"},
		"A080: the end goes, and less is written":  {`delete from audit.trail where id > $400`, "it has seen $n leaves, and there are ", "and there were $n", "and there were $n"},
		"A082: all of it is as it was at leaf 100": {`delete from audit.trail where id > $99`, "it has seen $n leaves, and there are ", "and there were $n", "and there were $n"},
	} {
		t.Run(what, func(t *testing.T) {
			w, plain := grown(t, 600)
			a := anothers(t, w, plain, "koege.example/witness")
			x := w.witnessed(0, a)
			wants(t, "the first round", x.follows(t.Context()), "")
			wants(t, "asked", x.asks(t), "")
			a.Follow(t.Context())
			a.says("before", "")
			n := w.One(`select max(size) from audit.checkpoint`)
			fill := func(text string) string {
				text = strings.ReplaceAll(text, "$n", n)
				for _, i := range []int{300, 400, 10, 20, 17, 99, 0} {
					text = strings.ReplaceAll(text, fmt.Sprintf("$%d", i), w.One(fmt.Sprintf(`select rows[%d - start + 1] from audit.leaves where start <= %d order by start desc limit 1`, i, i)))
				}
				return text
			}
			spoil := fill(c.spoil)
			if !strings.HasPrefix(what, "A079") {
				w.rewrites(spoil)
			} else {
				w.SQL(`set local session_replication_role = replica; ` + spoil)
				w.writes(30)
				w.rewrites(`select 1`)
			}
			x = w.witnessed(0, a) // which knows nothing of before
			wants(t, "the hub", x.asks(t), fill(strings.ReplaceAll(c.hub, "$n", n)))
			said := x.odd().Error()
			wants(t, "it is proven, and the hub is closed", x.follows(t.Context()), "the hub is closed since ")
			x.tree.trouble["tree"] = nil
			if now := x.asks(t); now == nil || now.Error() != said {
				t.Errorf("the same trouble is said as %v, and was as %s", now, said)
			}
			if got := w.One(`select count(*) || ' ' || count(distinct root) from audit.closed`); got != "1 1" {
				t.Errorf("closed %s times, by checkpoints", got)
			}
			a.says("when it is asked", strings.ReplaceAll(c.told, "$n", n))
			a.Follow(t.Context())
			a.says("when it has looked", strings.ReplaceAll(c.follow, "$n", n))
			if got := w.One(`select count(*) from audit.cosignature`); got != "0" {
				t.Errorf("%s cosignatures on another past", got)
			}
		})
	}
}

// TestTwoOfficersAreShownDifferentTrails is A081: whoever has the log's key shows one witness
// another tree than the other. Neither cosigns what the other has, so that the one the hub
// goes on with does not get both, and is not published where both must be there.
func TestTwoOfficersAreShownDifferentTrails(t *testing.T) {
	w, plain := grown(t, 300)
	a, b := anothers(t, w, plain, "koege.example/witness"), anothers(t, w, plain, "mvsj-politi.example/witness")
	x := w.witnessed(2, a, b)
	wants(t, "the first round", x.follows(t.Context()), "")
	v, _ := x.verifier()
	var size int64
	fmt.Sscan(w.One(`select max(size) from audit.checkpoint`), &size)
	forged, err := tree.Checkpoint{Origin: v.Name(), Size: size, Root: [32]byte{1}}.Sign(v, func(text []byte) ([]byte, error) { return x.Vault.Sign(signKey, text) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := witness.Ask(t.Context(), x.client, b.URL, tree.Submission{Checkpoint: forged}); err != nil {
		t.Fatal(err)
	}
	wants(t, "one of them has seen another", x.asks(t), "the witness of mvsj-politi (mvsj-politi.example/witness) does not cosign: it has seen a tree of as many leaves with another root")
	b.says("one of them has seen another", fmt.Sprintf("there are two trees of %d leaves that the log signed", size))
	if text, err := x.shown(t); text != "" || err != nil {
		t.Errorf("published with one of two: %q, %v", text, err)
	}
	x.Structure.Trail.Quorum = 1
	if text, err := x.shown(t); err != nil || strings.Count(text, "— koege.example/witness ") != 1 || strings.Contains(text, "mvsj-politi.example/witness") {
		t.Errorf("published with one of one: %q, %v", text, err)
	}
}

// TestAWitnessThatLies is F39: what is no cosignature of the witness's key on the checkpoint
// that was signed is neither kept nor published, and is told; what two of three cosigned is
// published, and nothing with fewer.
func TestAWitnessThatLies(t *testing.T) {
	w, plain := grown(t, 300)
	a, b, c := anothers(t, w, plain, "koege.example/witness"), anothers(t, w, plain, "mvsj-politi.example/witness"), anothers(t, w, plain, "region.example/witness")
	x := w.witnessed(2, a, b, c)
	wants(t, "the first round", x.follows(t.Context()), "")
	v, _ := x.verifier()
	other, err := tree.Checkpoint{Origin: v.Name(), Size: 5, Root: [32]byte{1}}.Sign(v, func(text []byte) ([]byte, error) { return x.Vault.Sign(signKey, text) })
	if err != nil {
		t.Fatal(err)
	}
	elses, _, _ := tree.Cosigner("koege.example/witness", ed25519.NewKeyFromSeed(make([]byte, 32)))
	lies := map[string]struct {
		lie  func(rw http.ResponseWriter, r *http.Request)
		want string
	}{
		"nothing":     {func(http.ResponseWriter, *http.Request) {}, "answers without a cosignature of its key"},
		"another key": {func(rw http.ResponseWriter, r *http.Request) { rw.Write(line(t, r, v, elses)) }, "answers without a cosignature of its key"},
		"not a line":  {func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, "all is well") }, "no cosignature of its key"},
		"another root": {func(rw http.ResponseWriter, _ *http.Request) {
			a.Witness.Handler().ServeHTTP(rw, httptest.NewRequest("POST", "/add-checkpoint", bytes.NewReader(tree.Submission{Checkpoint: other}.Bytes())))
		}, "no cosignature of its key on this checkpoint"},
		"another log":    {func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(404) }, "does not witness a log of this origin"},
		"another's key":  {func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(403) }, "knows another key of this log"},
		"a proof":        {func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(422) }, "one is another now"},
		"no submission":  {func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(400) }, "takes this for no submission"},
		"more than this": {func(rw http.ResponseWriter, _ *http.Request) { conflict(rw, 1<<40) }, "it has seen 1099511627776 leaves, and there are "},
	}
	for what, l := range lies {
		a.spoils = func(rw http.ResponseWriter, r *http.Request) bool { l.lie(rw, r); return true }
		x = w.witnessed(2, a, b, c)
		wants(t, what, x.asks(t), "the witness of koege (koege.example/witness) does not cosign: ")
		wants(t, what, x.odd(), l.want)
		if got := w.One(`select count(*) from audit.cosignature where witness = '` + a.Key() + `'`); got != "0" {
			t.Errorf("%s: it is kept", what)
		}
		if got := w.One(`select count(*) from audit.closed`); got != "0" {
			t.Errorf("%s: what it only says closes the hub", what)
		}
		if text, err := x.shown(t); err != nil || strings.Count(text, "\n— ") != 3 || strings.Contains(text, "koege") {
			t.Errorf("%s: what two of three cosigned is %q, %v", what, text, err)
		}
	}
	b.spoils = a.spoils
	w.writes(1)
	before, _ := x.shown(t)
	wants(t, "a round", x.follows(t.Context()), "")
	x.asks(t)
	if text, err := x.shown(t); err != nil || text != before {
		t.Errorf("published with one of three: %q, %v", text, err)
	}
	b.spoils = nil
	x.asks(t)
	if text, err := x.shown(t); err != nil || text == before {
		t.Errorf("not published with two of three: %q, %v", text, err)
	}
	// Who forges what is kept gets nothing published either.
	w.SQL(`update audit.cosignature set line = (select line from audit.cosignature s where s.witness = cosignature.witness order by size limit 1)`)
	if text, err := x.shown(t); err == nil {
		t.Errorf("published with what is no cosignature: %q", text)
	}
	w.SQL(`update audit.cosignature set line = e'— nobody.example/witness AAAAAAAAAAAA\n'`)
	if text, err := x.shown(t); err == nil {
		t.Errorf("published with fewer than it counts: %q", text)
	}
	a.spoils = nil
	wants(t, "it lies no more, and was shown another past", x.asks(t), "of the 5 leaves that it has seen one is another now")
}

// line is what somebody cosigns who is asked.
func line(t testing.TB, r *http.Request, log note.Verifier, s note.Signer) []byte {
	body, _ := io.ReadAll(r.Body)
	sub, err := tree.ParseSubmission(body)
	if err != nil {
		t.Error(err)
	}
	l, err := tree.Cosign(sub.Checkpoint, log, s)
	if err != nil {
		t.Error(err)
	}
	return l
}

func conflict(rw http.ResponseWriter, size int64) {
	rw.Header().Set("Content-Type", "text/x.tlog.size")
	rw.WriteHeader(http.StatusConflict)
	fmt.Fprintln(rw, size)
}

// TestAWitnessThatIsAway is F38 in part: that it does not answer is told after a while, with
// how many rows it has cosigned, and no more when it answers. Signing waits for nobody.
func TestAWitnessThatIsAway(t *testing.T) {
	w, plain := grown(t, 300)
	a := anothers(t, w, plain, "koege.example/witness")
	x := w.witnessed(0, a)
	wants(t, "the first round", x.follows(t.Context()), "")
	wants(t, "asked", x.asks(t), "")
	n := w.One(`select max(size) from audit.checkpoint`)
	a.spoils = func(rw http.ResponseWriter, _ *http.Request) bool { rw.WriteHeader(503); return true }
	w.writes(1)
	wants(t, "signing waits for nobody", x.follows(t.Context()), "")
	wants(t, "away", x.asks(t), "")
	w.Advance(silence - time.Second)
	wants(t, "away for a while", x.asks(t), "")
	w.Advance(time.Second)
	wants(t, "away for long", x.asks(t), "the witness of koege (koege.example/witness) does not answer since ")
	wants(t, "away for long", x.odd(), "what came to the trail after its first "+n+" rows has no cosignature of it")
	a.spoils = nil
	wants(t, "there again", x.asks(t), "")
	if got := w.One(`select max(size) from audit.cosignature`); got != w.One(`select max(size) from audit.checkpoint`) {
		t.Errorf("cosigned until %s", got)
	}
}
