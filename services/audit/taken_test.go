//go:build !race

package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/tree"
	"github.com/infohus/infohus/pkg/web"
)

// takes takes a bundle out, as its routes do.
func (w *world) takes(x *room, login string, in Part) ([]byte, error) {
	w.t.Helper()
	if in.Ground == "" {
		in.Ground = "lawfulness"
	}
	out := httptest.NewRecorder()
	err := x.bundle(out, w.request(login), Taking{Part: in})
	return out.Body.Bytes(), err
}

func (w *world) request(login string) *web.Request {
	return &web.Request{Request: httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, "/api/trail/export", http.NoBody), Who: w.As(login).Actor(), Now: w.Now(), ID: hub.NewID()}
}

// holds verifies a bundle as its reader does.
func (w *world) holds(x *room, bundle, kept []byte) (tree.Held, error) {
	w.t.Helper()
	v, err := x.verifier()
	if err != nil {
		w.t.Fatal(err)
	}
	trust := tree.Trust{Log: v}
	if kept != nil {
		trust.Kept = bytes.NewReader(kept)
	}
	return tree.VerifyBundle(w.t.Context(), bytes.NewReader(bundle), trust)
}

// bundledRow is a line of a bundle.
type bundledRow struct {
	Index int64
	Entry []byte
	Row   *struct {
		ID                                        int64
		Act, Outcome, Controller, Authority, Role string
	}
}

func (w *world) lines(bundle []byte) (list []bundledRow) {
	w.t.Helper()
	lines := strings.Split(strings.TrimSpace(string(bundle)), "\n")
	for _, l := range lines[1 : len(lines)-1] {
		var r bundledRow
		if err := json.Unmarshal([]byte(l), &r); err != nil {
			w.t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// A log whose first checkpoint is not signed yet says just that, and not that it cannot be written.
func TestBundleOfANewLog(t *testing.T) {
	w := run(t)
	w.Advance(2 * time.Second)
	w.SQL(`truncate audit.cosignature, audit.checkpoint`)
	if a := w.As("dagny").API("POST", "/api/trail/export", Part{Ground: "lawfulness"}).Must(http.StatusServiceUnavailable); !strings.Contains(a.Text(), "første kontrolpunkt") {
		t.Errorf("it is answered %s", a.Body)
	}
}

// A087. Of what is taken out: an officer takes out what they may see, and of what they
// are told in part no more than that it is there. It verifies, with the key alone; and
// that it was taken out is in the trail.
func TestBundleOfOwnOnly(t *testing.T) {
	w := run(t)
	w.items()
	w.consults("gudrun", koege, "Til brug for partshøringen.") // Køge's data, Køge's coordinator
	w.consults("sigrid", roskilde, "")                         // Roskilde's, Roskilde's
	w.consults("sigrid", koege, "")                            // Køge's data, refused to Roskilde's coordinator
	w.consults("gudrun", roskilde, "")                         // and the other way: told in part
	w.Advance(2 * time.Second)
	x := &room{Env: w.env()}
	for login, want := range map[string]string{"dagny": "allow koege koege, deny koege roskilde, withheld", "esther": "allow roskilde roskilde, withheld, deny roskilde koege"} {
		a := w.As(login).API("POST", "/api/trail/export", Part{Ground: "lawfulness", Act: hub.ActConsult}).Must(http.StatusOK)
		if got := a.Header.Get("Content-Type") + " " + a.Header.Get("Content-Disposition"); !strings.HasPrefix(got, `application/x-ndjson attachment; filename="infohus-log-`) {
			t.Errorf("%s: it is sent as %s", login, got)
		}
		h, err := w.holds(x, a.Body, nil)
		if err != nil || h.Rows != 3 || h.Withheld != 1 || !strings.Contains(string(h.About), `"asked":{"ground":"lawfulness","act":"consult"}`) {
			t.Errorf("%s: %+v %s, %v", login, h, h.About, err)
		}
		var got []string
		for _, l := range w.lines(a.Body) {
			if l.Row == nil {
				got = append(got, "withheld")
			} else {
				got = append(got, l.Row.Outcome+" "+l.Row.Controller+" "+l.Row.Authority)
			}
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s took out %v, want %s", login, got, want)
		}
		if strings.Contains(a.Text(), "partshøringen") {
			t.Errorf("%s: a justification is in it", login)
		}
		if n := w.One(`select rows || ' ' || outcome || ' ' || controller from audit.trail where act = 'export' and object_kind = 'trail' order by id desc limit 1`); n != "3 allow "+string(w.As(login).Actor().Authority) {
			t.Errorf("%s: the trail says %s of it", login, n)
		}
	}
	for _, login := range []string{"rune", "gudrun", "birk", "solvej"} {
		for _, in := range []Part{{Ground: "lawfulness"}, {}, {Ground: "x"}} {
			a, none := w.As(login).API("POST", "/api/trail/export", in).Must(http.StatusNotFound), w.As(login).API("POST", "/api/trail/1/again", nil).Must(http.StatusNotFound)
			if string(a.Body) != string(none.Body) {
				t.Errorf("%s: %s and %s", login, a.Body, none.Body)
			}
		}
	}
	w.As("dagny").API("POST", "/api/trail/export", Part{Ground: "lawfulness", Reference: "Signe Prøvesen"}).Must(http.StatusBadRequest)
	for _, ref := range []hub.ID{koege, subject} {
		a := w.As("dagny").API("POST", "/api/trail/export", Part{Ground: "lawfulness", Reference: string(ref), Act: hub.ActConsult}).Must(http.StatusOK)
		if h, err := w.holds(x, a.Body, nil); err != nil || h.Rows != 2 {
			t.Errorf("about one: %+v, %v", h, err)
		}
	}
}

// A recusal's ground is told to the officer of where the person works, and so is the row.
func TestBundleWithholdsTheGroundOfARecusal(t *testing.T) {
	w, x := grown(t, 3)
	w.SQL(`update audit.trail set question = 'recuse', act = 'revoke', input = '{"ground": "2", "lift": false}', authority = 'roskilde' where id = (select max(id) from audit.trail)`)
	wants(t, "a round", x.follows(t.Context()), "")
	for login, want := range map[string]bool{"dagny": false, "esther": true} {
		out, err := w.takes(x, login, Part{Act: hub.ActRevoke})
		if err != nil {
			t.Fatal(err)
		}
		if list := w.lines(out); len(list) != 1 || (list[0].Row != nil) != want || strings.Contains(string(out), "ground\\\"") != want {
			t.Errorf("%s: %s", login, out)
		}
	}
}

// A089 in part: what the trail says to have gone out is what did, or a piece more, where the
// connection is cut. Whoever reads what came finds that it is not whole.
func TestBundleIsCut(t *testing.T) {
	w, x := grown(t, 5*pieceRows/2)
	w.writes(2 * pieceLeaves)
	for w.One(`select exists (select from audit.pending)`) == "t" { // a round ends after a while
		wants(t, "a round", x.follows(t.Context()), "")
	}
	whole, err := w.takes(x, "dagny", Part{Act: hub.ActConsult})
	if err != nil {
		t.Fatal(err)
	}
	total := len(w.lines(whole))
	recorded := func() (rows, pieces int) {
		fmt.Sscan(w.One(`select coalesce(sum(rows), 0) || ' ' || count(*) from audit.trail where act = 'export'`), &rows, &pieces)
		return rows, pieces
	}
	was, pieces := recorded()
	if h, err := w.holds(x, whole, nil); err != nil || h.Rows != int64(total) || was != total || pieces < 3 || fmt.Sprint(total) != w.One(`select count(*) from audit.trail where act = 'consult'`) {
		t.Fatalf("%d rows in %d pieces, %d recorded: %+v, %v", total, pieces, was, h, err)
	}
	// As FHIR it goes out in pieces too, and each row once.
	b, once := bundleOf(t, w.As("dagny").API("POST", "/api/trail/fhir", Part{Ground: "lawfulness", Act: hub.ActConsult}).Must(http.StatusOK).Body), map[any]bool{}
	for _, e := range b.Entry {
		once[e.Resource["id"]] = true
	}
	if rows, n := recorded(); len(b.Entry) != total || len(once) != total || rows != was+total || n-pieces != (total+pieceRows-1)/pieceRows {
		t.Errorf("%d events of %d rows in %d pieces, %d recorded", len(b.Entry), total, n-pieces, rows-was)
	}
	was, _ = recorded()
	for _, after := range []int{0, 100, len(whole) / 3, len(whole) / 2, len(whole) - 1} {
		cut := &cutting{after: after}
		if err := x.bundle(cut, w.request("dagny"), Taking{Part: Part{Ground: "lawfulness", Act: hub.ActConsult}}); !errors.Is(err, errCutOff) {
			t.Errorf("cut after %d bytes: %v", after, err)
		}
		rows, _ := recorded()
		said, sent := rows-was, max(0, bytes.Count(cut.sent, []byte("\n"))-1)
		was = rows
		if said < sent || said > sent+pieceLeaves+pieceRows {
			t.Errorf("cut after %d bytes: %d rows were sent, and the trail says %d", after, sent, said)
		}
		_, err := w.holds(x, cut.sent, nil)
		if broken := new(tree.Broken); err == nil || after > 2000 && !errors.As(err, &broken) {
			t.Errorf("cut after %d bytes: %v", after, err)
		}
	}
}

// cutting is a connection that is cut after so many bytes.
type cutting struct {
	httptest.ResponseRecorder
	after int
	sent  []byte
}

var errCutOff = errors.New("cut off")

func (c *cutting) Write(b []byte) (int, error) {
	n := min(len(b), c.after-len(c.sent))
	if c.sent = append(c.sent, b[:n]...); n < len(b) {
		return n, errCutOff
	}
	return n, nil
}

func (c *cutting) Header() http.Header {
	if c.HeaderMap == nil {
		c.HeaderMap = http.Header{}
	}
	return c.HeaderMap
}

// TestWhatASuperuserDoesIsFoundOutside is A079 in part, A080 in part, A081 in part and A082 in part: what the
// database's superuser does to rows and tree, with the log's key at hand, is found by an
// officer of another authority with what that officer kept, offline, with the row.
func TestWhatASuperuserDoesIsFoundOutside(t *testing.T) {
	w, x := grown(t, 300)
	for _, more := range []int{0, 100, 300} { // a checkpoint after each
		w.writes(more)
		wants(t, "a round", x.follows(t.Context()), "")
	}
	asked := Part{Act: hub.ActConsult}
	kept, err := w.takes(x, "dagny", asked)
	if err != nil {
		t.Fatal(err)
	}
	v, err := x.verifier()
	if err != nil {
		t.Fatal(err)
	}
	checkpoint := func() tree.Checkpoint {
		c, err := tree.Open([]byte(w.One(`select note from audit.checkpoint order by size desc limit 1`)), v)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	was := checkpoint()
	row := func(index int64) string {
		return w.One(fmt.Sprintf(`select rows[%d - start + 1] from audit.leaves where start <= %d order by start desc limit 1`, index, index))
	}
	bypass, tables := `set local session_replication_role = replica; `, []string{"trail", "leaves", "node", "checkpoint", "pending"}
	for _, table := range tables {
		w.SQL(`create table public.was_` + table + ` as select * from audit.` + table)
	}
	restore := func() {
		undo := bypass
		for _, table := range tables {
			undo += `delete from audit.` + table + `; insert into audit.` + table + ` select * from public.was_` + table + `; `
		}
		w.SQL(undo)
		x.tree.most = 0
	}
	tries := 0
	finds := func(what string, want int64, why string, spoil ...string) {
		t.Helper()
		tries++
		w.SQL(bypass + strings.Join(spoil, "; "))
		bundle, err := w.takes(x, "dagny", asked)
		if err == nil {
			_, err = w.holds(x, bundle, kept)
		}
		var broken *tree.Broken
		if !errors.As(err, &broken) || broken.Index != want || !strings.Contains(broken.Why, why) {
			t.Errorf("%s: %v, want leaf %d and %q", what, err, want, why)
		}
		restore()
	}
	const leaf = 300
	at := row(leaf)
	lines := w.lines(kept)
	place := slices.IndexFunc(lines, func(r bundledRow) bool { return r.Index == leaf })
	if place < 1 || place+1 >= len(lines) {
		t.Fatal("that leaf is not in the bundle")
	}
	others := map[tree.Kind]string{tree.Text: "%s::text || 'x'", tree.Number: "%s + 1", tree.Time: "%s + interval '1 microsecond'", tree.JSON: `%s || '{"x": 1}'`, tree.List: "%s || ''::text"}
	for _, c := range append([]tree.Column{{Name: "form", Kind: tree.Number}}, tree.Columns...) {
		to, why := fmt.Sprintf(strings.ReplaceAll(others[c.Kind], "%s", "%[1]s"), c.Name), ""
		switch {
		case c.Name == "id":
			to, why = "999999", "stands in the bundle that was kept, and not in this one"
		case c.Name == "act":
			to, why = "'export'", "stands in the bundle that was kept, and not in this one"
		case c.Name == "outcome":
			to = "'deny'"
		case c.Kind == tree.Bytes:
			to = "sha256('y')"
		}
		finds(c.Name, leaf, why, fmt.Sprintf(`update audit.trail set %s = %s where id = %s`, c.Name, to, at))
	}
	finds("the salt", leaf, "does not come to the root", `update audit.trail set salt = gen_random_uuid() where id = `+at)
	finds("a time that is none", leaf, "cannot be written", `update audit.trail set said_at = 'infinity' where id = `+at)
	finds("two salts change places", leaf, "does not come to the root", `update audit.trail t set salt = o.salt from audit.trail o where t.id in (`+at+`, `+row(301)+`) and o.id in (`+at+`, `+row(301)+`) and o.id <> t.id`)
	const gone = "stands in the bundle that was kept, and not in this one"
	for _, i := range []int64{lines[0].Index, leaf, lines[len(lines)-1].Index} {
		finds(fmt.Sprintf("row %d goes", i), i, gone, `delete from audit.trail where id = `+row(i))
	}
	finds("a row is another authority's now", leaf, gone, `update audit.trail set controller = 'roskilde', authority = 'roskilde' where id = `+at)
	finds("into another month", leaf, gone, `update audit.trail set at = at + interval '1 month' where id = `+at)
	finds("two rows change places", 10, "does not come to the root", `update audit.trail set id = -1 where id = `+row(10), `update audit.trail set id = `+row(10)+` where id = `+row(20), `update audit.trail set id = `+row(20)+` where id = -1`)
	// Of a tile that is not what it was no row comes to the root: its first is named.
	finds("a row and its leaf", 256, "does not come to the root", `update audit.trail set person = 'x' where id = `+at, w.forged(x, 256, 44, at))

	// A past made anew, all of it, by the hub's own means and with its key: everything in
	// it fits, and only who kept something sees it.
	anew := func(what string, want int64, spoil ...string) {
		t.Helper()
		tries++
		w.SQL(bypass + `delete from audit.leaves; delete from audit.node; delete from audit.checkpoint; delete from audit.pending; ` + strings.Join(spoil, "; ") +
			`; insert into audit.pending (id, at) select id, at from audit.trail`)
		x.tree.most = 0
		wants(t, what+", signed", x.follows(t.Context()), "")
		bundle, err := w.takes(x, "dagny", asked)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.holds(x, bundle, nil); err != nil {
			t.Errorf("%s does not fit itself: %v", what, err)
		}
		_, err = w.holds(x, bundle, kept)
		var broken *tree.Broken
		if !errors.As(err, &broken) || broken.Index != want {
			t.Errorf("%s, by the bundle that was kept: %v, want leaf %d", what, err, want)
		}
		now := checkpoint()
		if err := tree.Extends(t.Context(), now, was, w.client); !errors.As(err, &broken) {
			t.Errorf("%s, by the checkpoint that was kept: %v", what, err)
		}
		restore()
	}
	// Leaves are made anew in the order of the rows' numbers, which is how they came here.
	anew("a row is another, in a tree made anew", leaf, `update audit.trail set person = 'x' where id = `+at)
	anew("a row is gone, in a tree made anew", leaf, `delete from audit.trail where id = `+at)
	anew("the first is gone, in a tree made anew", lines[0].Index, `delete from audit.trail where id = `+row(lines[0].Index))
	anew("the last are gone, in a tree made anew", 600, `delete from audit.trail where id >= `+row(600))

	// The whole database as it was yesterday.
	w.writes(50)
	wants(t, "more", x.follows(t.Context()), "")
	newer, err := w.takes(x, "dagny", asked)
	if err != nil {
		t.Fatal(err)
	}
	later := checkpoint()
	if _, err := w.holds(x, newer, kept); err != nil {
		t.Errorf("a trail that has grown: %v", err)
	}
	if err := tree.Extends(t.Context(), later, was, w.client); err != nil {
		t.Errorf("a trail that has grown: %v", err)
	}
	restore()
	tries++
	older, err := w.takes(x, "dagny", asked)
	if err != nil {
		t.Fatal(err)
	}
	var broken *tree.Broken
	if _, err = w.holds(x, older, newer); !errors.As(err, &broken) || !strings.Contains(broken.Why, gone) {
		t.Errorf("yesterday's database, by the bundle that was kept: %v", err)
	}
	if err := tree.Extends(t.Context(), checkpoint(), later, w.client); !errors.As(err, &broken) || broken.Index != was.Size {
		t.Errorf("yesterday's database, by the checkpoint that was kept: %v", err)
	}
	t.Logf("%d ways", tries)
}
