//go:build !race

package audit

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/tree"
)

// grown is a world whose trail has so many rows, and the room audit as the tests drive it.
func grown(t *testing.T, rows int) (*world, *room) {
	t.Helper()
	w := run(t)
	w.writes(rows)
	return w, &room{Env: w.env()}
}

// env is what the room audit is given.
func (w *world) env() service.Env {
	return service.Env{DB: w.DB("audit"), Vault: w.Vault(), Structure: w.Structure, Now: w.Now, NewID: hub.NewID, Log: slog.New(slog.DiscardHandler)}
}

// writes adds rows to the trail, as a room does, and some with what a row can hold.
func (w *world) writes(rows int) {
	w.t.Helper()
	w.SQL(`set local role portal; insert into audit.trail (said_at, person, hat, authority, role, issuer, loa, session, request, cause, act, outcome, question, input, revision, reasons, obligations,
		object_kind, object_id, object_version, controller, subjects, fields, purpose, basis, recipient, rows, why_ref, why_digest, deputy_of)
		select now(), 'p' || i, 'h', 'koege', 'dpo', 'https://id', 'Substantial', 's', 'r', 'c', 'consult', 'allow', 'view', jsonb_build_object('æ', i, 'b', 1.50), 'rev', array['own', ''], '{}',
			'concern', 'o' || i, i, 'koege', array['x', 'y'], '{}', 'prevention', 'RPL115-2', '', i, '', case when i % 2 = 0 then sha256('why') end, ''
		from generate_series(1, ` + fmt.Sprint(rows) + `) i`)
}

// wants holds what a look at the tree finds: "" is nothing.
func wants(t testing.TB, what string, err error, want string) {
	t.Helper()
	if err == nil && want != "" || err != nil && (want == "" || !strings.Contains(err.Error(), want)) {
		t.Errorf("%s: %v, want %q", what, err, want)
	}
}

// everything walks the whole trail once, from its beginning.
func (x *room) everything(ctx context.Context) error {
	x.tree.at, x.tree.said = 0, map[string]time.Time{}
	for {
		if err := x.walk(ctx); err != nil || x.tree.at == 0 {
			return err
		}
	}
}

func (x *room) follows(ctx context.Context) error {
	x.tree.said = map[string]time.Time{}
	return x.integrate(ctx)
}

// Rows become leaves whatever their number, and the checkpoint is of all of them.
func TestEveryRowBecomesALeaf(t *testing.T) {
	w, x := grown(t, 3000)
	wants(t, "the first round", x.follows(t.Context()), "")
	size := func() string {
		return w.One(`select (select max(size) from audit.checkpoint) || ' ' || (select sum(cardinality(rows)) from audit.leaves) || ' ' || (select count(*) from audit.trail) || ' ' || (select count(*) from audit.pending)`)
	}
	n := w.One(`select count(*) from audit.trail`)
	if got := size(); got != n+" "+n+" "+n+" 0" {
		t.Errorf("signed, leaves, rows and waiting are %s", got)
	}
	wants(t, "nothing new", x.follows(t.Context()), "")
	wants(t, "the walk", x.everything(t.Context()), "")
	for _, rows := range []int{1, 2, 300} {
		w.writes(rows)
		wants(t, "more", x.follows(t.Context()), "")
	}
	n = w.One(`select count(*) from audit.trail`)
	if got := size(); got != n+" "+n+" "+n+" 0" {
		t.Errorf("signed, leaves, rows and waiting are %s", got)
	}
	wants(t, "the walk", x.everything(t.Context()), "")
	if left := w.One(`select count(*) from audit.leaves where cardinality(rows) < 256`); left != "1" && left != "0" && left != "2" && left != "3" && left != "4" {
		t.Errorf("%s short runs are kept", left)
	}
	w.verifies(x)
}

// client reads the published tree over HTTP.
func (w *world) client(_ context.Context, path string) ([]byte, error) {
	a := w.Nobody().Get("/trail/" + path)
	if a.Status != http.StatusOK {
		return nil, fmt.Errorf("%s answers %d", path, a.Status)
	}
	return a.Body, nil
}

// verifies holds what is published as somebody does who has the key, and no database.
func (w *world) verifies(x *room) {
	w.t.Helper()
	v, err := x.verifier()
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := tree.Verify(w.t.Context(), v, w.client)
	if err != nil || fmt.Sprint(c.Size) != w.One(`select max(size) from audit.checkpoint`) || c.Origin != "infohus.example/trail" {
		w.t.Errorf("what is published comes to %v, %v", c, err)
	}
}

// TestARowThatIsNotWhatItWasIsNotSigned changes rows between their leaf and its
// signature, as the database's owner. F40: nothing is signed, and the leaf is named.
func TestARowThatIsNotWhatItWasIsNotSigned(t *testing.T) {
	w, x := grown(t, 300)
	wants(t, "the first round", x.follows(t.Context()), "")
	before := w.One(`select max(size) from audit.checkpoint`)
	w.writes(20)
	if _, err := x.grow(t.Context()); err != nil {
		t.Fatal(err)
	}
	index := 0
	fmt.Sscan(before, &index)
	id := w.One(`select rows[7] from audit.leaves where start = ` + before)
	w.SQL(`create table was as select * from audit.trail where id = ` + id)
	for what, c := range map[string]struct{ spoil, want string }{
		"a field":  {`update audit.trail set person = person || ' ' where id = `, "is not what it was"},
		"the salt": {`update audit.trail set salt = gen_random_uuid() where id = `, "is not what it was"},
		"the row":  {`delete from audit.trail where id = `, "is gone"},
	} {
		w.SQL(c.spoil + id)
		wants(t, what, x.follows(t.Context()), fmt.Sprintf("leaf %d: row %s %s", index+6, id, c.want))
		wants(t, what+", said by the health page", x.odd(), c.want)
		if got := w.One(`select max(size) from audit.checkpoint`); got != before {
			t.Errorf("%s: a checkpoint of %s leaves was signed", what, got)
		}
		w.SQL(`set local session_replication_role = replica; delete from audit.trail where id = ` + id + `; insert into audit.trail select * from was`)
	}
	wants(t, "mended", x.follows(t.Context()), "")
	wants(t, "mended", x.odd(), "")
	wants(t, "mended", x.everything(t.Context()), "")
	// A row that is gone before it was a leaf.
	w.writes(3)
	last := w.One(`select max(id) from audit.trail`)
	w.SQL(`set local session_replication_role = replica; drop table was; create table was as select * from audit.trail where id = ` + last + `; delete from audit.trail where id = ` + last)
	wants(t, "gone before", x.follows(t.Context()), "row "+last+", which was to be this leaf, is gone")
	w.SQL(`set local session_replication_role = replica; insert into audit.trail select * from was`)
	wants(t, "mended", x.follows(t.Context()), "")
	w.verifies(x)
}

// TestWhatASuperuserDoesIsFound is A079 in part: every column, and rows and leaves that
// go, come and change places, found by recomputing, with the first leaf that is wrong.
// The database's superuser passes by every right and every trigger.
func TestWhatASuperuserDoesIsFound(t *testing.T) {
	w, x := grown(t, 300)
	for _, more := range []int{0, 100, 300} { // a checkpoint after each
		w.writes(more)
		wants(t, "a round", x.follows(t.Context()), "")
	}
	wants(t, "the walk", x.everything(t.Context()), "")
	size := 0
	fmt.Sscan(w.One(`select max(size) from audit.checkpoint`), &size)
	row := func(index int) string {
		return w.One(fmt.Sprintf(`select rows[%d - start + 1] from audit.leaves where start <= %d order by start desc limit 1`, index, index))
	}
	tables := []string{"trail", "leaves", "node", "checkpoint", "pending"}
	for _, table := range tables {
		w.SQL(`create table public.was_` + table + ` as select * from audit.` + table)
	}
	bypass := `set local session_replication_role = replica; `
	tries := 0
	finds := func(what, want string, spoil ...string) {
		t.Helper()
		tries++
		w.SQL(bypass + strings.Join(spoil, "; "))
		wants(t, what, x.everything(t.Context()), want)
		undo := bypass
		for _, table := range tables {
			undo += `delete from audit.` + table + `; insert into audit.` + table + ` select * from public.was_` + table + `; `
		}
		w.SQL(undo)
	}
	leaf := func(i int) string { return fmt.Sprintf("leaf %d: ", i) }

	at := row(300)
	others := map[tree.Kind]string{tree.Text: "%s::text || 'x'", tree.Number: "%s + 1", tree.Time: "%s + interval '1 microsecond'", tree.JSON: `%s || '{"x": 1}'`, tree.List: "%s || ''::text", tree.Bytes: "sha256('y')"}
	for _, c := range append([]tree.Column{{Name: "form", Kind: tree.Number}}, tree.Columns...) {
		to := fmt.Sprintf(strings.ReplaceAll(others[c.Kind], "%s", "%[1]s"), c.Name)
		switch c.Name {
		case "id":
			to = "999999"
		case "act":
			to = "'export'"
		case "outcome":
			to = "'deny'"
		}
		if c.Kind == tree.Bytes {
			to = "sha256('y')"
		}
		finds(c.Name, leaf(300), fmt.Sprintf(`update audit.trail set %s = %s where id = %s`, c.Name, to, at))
	}
	finds("the salt", leaf(300), `update audit.trail set salt = gen_random_uuid() where id = `+at)
	finds("a time that is none", leaf(300), `update audit.trail set said_at = 'infinity' where id = `+at)
	finds("a digest that goes", leaf(301), `update audit.trail set why_digest = null where id = `+row(301), `update audit.trail set why_digest = '' where id = `+row(301))
	finds("into another month", leaf(300), `update audit.trail set at = at + interval '1 month' where id = `+at)
	for _, i := range []int{0, 1, 300, size - 1} {
		finds(fmt.Sprintf("row %d goes", i), leaf(i)+"row "+row(i)+" is gone", `delete from audit.trail where id = `+row(i))
	}
	finds("several go", leaf(5), `delete from audit.trail where id in (`+row(600)+`, `+row(5)+`)`)
	finds("a row comes", "row 999999 of the trail is no leaf", `insert into audit.trail select (jsonb_populate_record(t, '{"id": 999999}')).* from audit.trail t where id = `+at)
	finds("a row comes before all", "row -5 of the trail is no leaf", `insert into audit.trail select (jsonb_populate_record(t, '{"id": -5}')).* from audit.trail t where id = `+at)
	finds("a row comes twice", leaf(300)+"row "+at+" is there twice", `insert into audit.trail select (jsonb_populate_record(t, jsonb_build_object('at', t.at + interval '1 microsecond'))).* from audit.trail t where id = `+at+` and at < (select until from audit.leaves where start = 256)`)
	finds("two rows change places", leaf(10), `update audit.trail set id = -1 where id = `+row(10), `update audit.trail set id = `+row(10)+` where id = `+row(20), `update audit.trail set id = `+row(20)+` where id = -1`)
	finds("two leaves change places", leaf(256), `update audit.leaves set rows = array[rows[2], rows[1]] || rows[3:], entries = substr(entries, 33, 32) || substr(entries, 1, 32) || substr(entries, 65) where start = 256`)
	finds("two runs change places", leaf(0), `update audit.leaves set start = 99999999 where start = 0`, `update audit.leaves set start = 0 where start = 256`, `update audit.leaves set start = 256 where start = 99999999`)
	finds("a row and its leaf", leaf(256), `update audit.trail set person = 'x' where id = `+at, w.forged(x, 256, 44, at))
	finds("a row, its leaf and the hash above it", leaf(300)+"it, or one before leaf 400, is not what was signed", `update audit.trail set person = 'x' where id = `+at, w.forged(x, 256, 44, at), w.above(x, 256, 44, at))
	finds("a row and its leaf, at the edge", leaf(400)+"it, or one before leaf 700, ", `update audit.trail set person = 'x' where id = `+row(size-1), w.forged(x, 512, size-1-512, row(size-1)))
	finds("an entry", leaf(300), `update audit.leaves set entries = set_byte(entries, 32 * 44, get_byte(entries, 32 * 44) # 1) where start = 256`)
	finds("a run of leaves goes", leaf(256), `delete from audit.leaves where start = 256`)
	finds("the last run goes", leaf(512), `delete from audit.leaves where start = (select max(start) from audit.leaves)`)
	finds("the first run goes", leaf(0), `delete from audit.leaves where start = 0`)
	finds("a hash above the leaves", leaf(256), `update audit.node set hash = sha256('x') where n = 1`)
	finds("a hash above the leaves goes", leaf(0), `delete from audit.node where n = 1`)
	finds("the signature", "the last checkpoint is not one of", `update audit.checkpoint set note = replace(note, 'infohus.example', 'infohus.example2')`)
	finds("the root", "the last checkpoint is not one of", `update audit.checkpoint set note = regexp_replace(note, e'\n[^\n]{44}\n', e'\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n')`)
	wants(t, "all is as it was", x.everything(t.Context()), "")
	t.Logf("%d ways", tries)

	// An older state of the database, all of it, is seen by whoever saw the newer one.
	w.writes(1)
	wants(t, "more", x.follows(t.Context()), "")
	wants(t, "and looks", x.follows(t.Context()), "")
	undo := bypass
	for _, table := range tables {
		undo += `delete from audit.` + table + `; insert into audit.` + table + ` select * from public.was_` + table + `; `
	}
	w.SQL(undo)
	wants(t, "put back", x.follows(t.Context()), fmt.Sprintf("the last checkpoint is of %d leaves, and there was one of %d: the database was put back to an older state", size, size+1))
}

// A tree that does not begin with what was signed is not signed, whatever became of the
// rows.
func TestOnlyWhatFollowsIsSigned(t *testing.T) {
	w, x := grown(t, 600)
	wants(t, "the first round", x.follows(t.Context()), "")
	before := w.One(`select max(size) from audit.checkpoint`)
	w.SQL(`set local session_replication_role = replica; update audit.node set hash = sha256('x') where n = 0`)
	w.writes(1)
	wants(t, "another past", x.follows(t.Context()), "the tree does not begin with the "+before+" leaves that were signed")
	if got := w.One(`select max(size) from audit.checkpoint`); got != before {
		t.Errorf("a checkpoint of %s leaves was signed", got)
	}
}

// forged writes the leaf that a row would have if its person were another, at a place in a
// run.
func (w *world) forged(x *room, start, place int, id string) string {
	return fmt.Sprintf(`update audit.leaves set entries = overlay(entries placing '\x%x' from %d) where start = %d`, w.would(x, id), 32*place+1, start)
}

// above writes the hash that comes above that leaf, in a full run.
func (w *world) above(x *room, start, place int, id string) string {
	w.t.Helper()
	entries, err := hex.DecodeString(w.One(fmt.Sprintf(`select encode(entries, 'hex') from audit.leaves where start = %d`, start)))
	if err != nil {
		w.t.Fatal(err)
	}
	copy(entries[32*place:], w.would(x, id))
	top, err := tree.Top(tree.Hashes(entries))
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprintf(`update audit.node set hash = '\x%x' where level = 1 and n = %d`, top[:], start/256)
}

// would is the entry of a row if its person were another: what somebody writes who forges
// a leaf too.
func (w *world) would(x *room, id string) (entry []byte) {
	w.t.Helper()
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		w.t.Fatal(err)
	}
	was := w.One(`select person from audit.trail where id = ` + id)
	w.SQL(`update audit.trail set person = 'x' where id = ` + id)
	err = x.DB.View(w.t.Context(), x.self(), func(tx *pg.Tx) error {
		entries, err := committed(w.t.Context(), tx, []int64{n}, time.Unix(0, 0), time.Now().AddDate(1, 0, 0))
		entry = entries[n]
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.SQL(`update audit.trail set person = $1 where id = `+id, was)
	return entry
}

// Two processes make one tree.
func TestOneAtATime(t *testing.T) {
	w, x := grown(t, 10)
	err := x.change(t.Context(), func(*pg.Tx) error {
		made, err := x.grow(t.Context()) // another, meanwhile
		if made != 0 || err != nil {
			t.Errorf("beside another %d leaves were made, %v", made, err)
		}
		return x.seal(t.Context())
	})
	if err != nil || w.One(`select count(*) from audit.leaves`) != "0" {
		t.Error(err)
	}
	wants(t, "alone", x.follows(t.Context()), "")
	w.verifies(x)
}

// The hub makes the tree by itself, in its rounds.
func TestTheTreeGrowsByTheClock(t *testing.T) {
	w := run(t)
	w.writes(5)
	w.Advance(time.Second)
	if got := w.One(`select max(size) from audit.checkpoint`); got != w.One(`select count(*) from audit.trail`) {
		t.Errorf("a checkpoint of %q", got)
	}
	if a := w.Nobody().Get("/readyz"); strings.Contains(a.Text(), "audit") {
		t.Errorf("all is well, and readyz says %s", a.Text())
	}
	w.SQL(`update audit.trail set person = 'x' where id = (select max(id) from audit.trail)`)
	var got error
	w.Behind(w.Handler(), func(time.Time) error { got = w.Tick(t.Context()); return nil })
	w.Advance(2 * time.Minute)
	wants(t, "two minutes later", got, "audit walk: leaf ")
	if a := w.Nobody().Get("/readyz"); a.Status != 200 || !strings.Contains(a.Text(), `"odd":["audit"]`) {
		t.Errorf("readyz says %d %s", a.Status, a.Text())
	}
}

// What is published has the addresses, the types and the times to keep of c2sp.org/tlog-tiles, and
// is no more than was signed.
func TestPublished(t *testing.T) {
	w, x := grown(t, 600)
	get := func(path string) (int, string, http.Header) {
		a := w.Nobody().Get("/trail/" + path)
		return a.Status, a.Text(), a.Header
	}
	if status, _, _ := get("checkpoint"); status != 404 {
		t.Errorf("before there is a checkpoint: %d", status)
	}
	wants(t, "the first round", x.follows(t.Context()), "")
	size := 0
	fmt.Sscan(w.One(`select max(size) from audit.checkpoint`), &size)
	w.writes(300) // which are not signed
	if _, err := x.grow(t.Context()); err != nil {
		t.Fatal(err)
	}
	rest := size - 512
	for path, bytes := range map[string]int{
		"tile/0/000": 256 * 32, "tile/0/001": 256 * 32, "tile/1/000.p/2": 64, "tile/1/000.p/1": 32, "tile/0/001.p/255": 255 * 32, fmt.Sprintf("tile/0/002.p/%d", rest): rest * 32,
		"tile/entries/000": 256 * 34, fmt.Sprintf("tile/entries/002.p/%d", rest): rest * 34, "tile/entries/002.p/1": 34,
	} {
		status, text, h := get(path)
		if status != 200 || len(text) != bytes || h.Get("Content-Type") != "application/octet-stream" || h.Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %d, %d bytes, %v", path, status, len(text), h)
		}
	}
	for _, path := range []string{"tile/0/002", "tile/0/003.p/1", fmt.Sprintf("tile/0/002.p/%d", rest+1), "tile/1/000", "tile/1/000.p/3", "tile/2/000.p/1", "tile/0/0", "tile/0/000.p/0", "tile/0/000.p/256",
		"tile/data/000", "tile/-1/000", "tile/8/0/000", "tile/", "tile/0/x000/000", "entries/000", "tile/64/000", "checkpoint/"} {
		if status, text, h := get(path); status != 404 || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %.40q %v", path, status, text, h)
		}
	}
	status, text, h := get("checkpoint")
	if status != 200 || h.Get("Content-Type") != "text/plain; charset=utf-8" || h.Get("Cache-Control") != "public, max-age=1" ||
		!strings.HasPrefix(text, fmt.Sprintf("infohus.example/trail\n%d\n", size)) || !strings.Contains(text, "\n\n— infohus.example/trail ") {
		t.Errorf("the checkpoint: %d %q %v", status, text, h)
	}
	if n := w.One(`select count(*) from audit.trail where object_kind in ('tile', 'trail') or outcome = 'deny'`); n != "0" {
		t.Errorf("those who read the tree left %s rows", n)
	}
	w.verifies(x)
}

// The partitions are said seven days before one is missing.
func TestMonths(t *testing.T) {
	for left, want := range map[time.Duration]string{8 * 24 * time.Hour: "", leastLeft + time.Hour: "", leastLeft: "for 168 hours more", time.Hour: "for 1 hours more", -time.Hour: "for 0 hours more"} {
		wants(t, fmt.Sprint(left), few(left, nil), want)
	}
	w, x := grown(t, 0)
	wants(t, "as it is set up", x.months(t.Context()), "")
	w.SQL(`do $$ declare m text; begin for m in select c.oid::regclass::text from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'audit.trail'::regclass loop execute 'drop table ' || m; end loop; end $$`)
	w.SQL(`do $$ begin execute format('create table audit.%I (x int)', 'trail_' || to_char(clock_timestamp() at time zone 'UTC', 'YYYY_MM')); end $$`)
	wants(t, "where they cannot be made", x.months(t.Context()), "for 0 hours more")
	wants(t, "said by the health page", x.odd(), "for 0 hours more")
	w.SQL(`do $$ begin execute format('drop table audit.%I', 'trail_' || to_char(clock_timestamp() at time zone 'UTC', 'YYYY_MM')); end $$`)
	wants(t, "made again", x.months(t.Context()), "")
	wants(t, "said by the health page", x.odd(), "")
}

// The same trouble is said once a minute, and another at once.
func TestTrouble(t *testing.T) {
	x := &room{}
	one, other := errors.New("one"), errors.New("other")
	for i, c := range []struct{ said, want error }{{one, one}, {one, nil}, {other, other}, {nil, nil}, {one, one}} {
		if got := x.tell("tree", c.said); got != c.want {
			t.Errorf("%d: %v, want %v", i, got, c.want)
		}
	}
	if x.odd() == nil {
		t.Error("nothing is odd")
	}
}
