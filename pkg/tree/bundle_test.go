package tree

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// book is a log whose rows are known, as the hub has it.
type book struct {
	rows   []Row
	hashes []tlog.Hash // as tlog stores them
	origin string
	key    ed25519.PrivateKey
}

func (b *book) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = b.hashes[x]
	}
	return out, nil
}

// rowOf is an invented row.
func rowOf(i int64) Row {
	r := Row{Form: Form, Values: values()}
	binary.BigEndian.PutUint64(r.Salt[3:], uint64(i)*0x9E3779B97F4A7C15)
	r.Values[0] = 1000 + i
	if r.Values[1] = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).Add(time.Duration(i) * 1700 * time.Microsecond); i%3 == 0 {
		r.Values[31] = []byte(nil)
	}
	return r
}

func (b *book) entry(t testing.TB, i int64) []byte {
	t.Helper()
	e, err := Entry(b.rows[i].Form, b.rows[i].Salt, b.rows[i].Values)
	if err != nil {
		t.Fatal(err)
	}
	return e[:]
}

func (b *book) add(t testing.TB, r Row) {
	t.Helper()
	b.rows = append(b.rows, r)
	n := int64(len(b.rows)) - 1
	more, err := tlog.StoredHashes(n, b.entry(t, n), b)
	if err != nil {
		t.Fatal(err)
	}
	b.hashes = append(b.hashes, more...)
}

func bookOf(t testing.TB, size int64) *book {
	t.Helper()
	b := &book{origin: origin, key: private}
	for i := range size {
		b.add(t, rowOf(i))
	}
	return b
}

func (b *book) sign(text []byte) ([]byte, error) { return ed25519.Sign(b.key, text), nil }

// checkpoint is signed, and cosigned by who is named.
func (b *book) checkpoint(t testing.TB, cosigned ...note.Signer) []byte {
	t.Helper()
	root, err := tlog.TreeHash(int64(len(b.rows)), b)
	if err != nil {
		t.Fatal(err)
	}
	v := key(t, b.origin, b.key)
	signed, err := Checkpoint{b.origin, int64(len(b.rows)), root}.Sign(v, b.sign)
	if err != nil || len(cosigned) == 0 {
		return signed
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err == nil {
		signed, err = note.Sign(n, cosigned...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// bundle is the bundle of some leaves; of those that are named as negative numbers, less
// one, the row is withheld.
func (b *book) bundle(t testing.TB, signed []byte, leaves ...int64) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewBundle(&out, signed, key(t, b.origin, b.key), []byte(`{"authority":"koege"}`))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(signed, key(t, b.origin, b.key))
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range leaves {
		at := max(i, -i-1)
		proof, err := tlog.ProveRecord(c.Size, at, b)
		if err != nil {
			t.Fatal(err)
		}
		if i < 0 {
			err = w.Withheld(at, b.entry(t, at), proof)
		} else {
			err = w.Row(at, b.rows[at], proof)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Seal(b.sign); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func upTo(n int64) (list []int64) {
	for i := range n {
		list = append(list, i)
	}
	return list
}

func held(t testing.TB, bundle []byte, trust Trust) (Held, error) {
	t.Helper()
	if trust.Log == nil {
		trust.Log = key(t, origin, private)
	}
	return VerifyBundle(t.Context(), bytes.NewReader(bundle), trust)
}

func TestBundle(t *testing.T) {
	for _, size := range []int64{1, 2, 3, 255, 256, 257, 700} {
		b := bookOf(t, size)
		signed := b.checkpoint(t)
		for _, leaves := range [][]int64{{}, {0}, {size - 1}, {-size}, upTo(size), upTo(size)[:size/2], upTo(size)[size/2:]} {
			h, err := held(t, b.bundle(t, signed, leaves...), Trust{})
			if err != nil || h.Rows != int64(len(leaves)) || h.Checkpoint.Size != size || string(h.About) != `{"authority":"koege"}` {
				t.Errorf("%d of %d leaves: %+v, %v", len(leaves), size, h, err)
			}
		}
	}
	b := bookOf(t, 700)
	h, err := held(t, b.bundle(t, b.checkpoint(t), 3, 4, -6, 200, 640, -700), Trust{})
	if err != nil || h.Rows != 6 || h.Withheld != 2 || h.First != 3 || h.Last != 699 {
		t.Errorf("%+v, %v", h, err)
	}
	// What a row says and what its leaf commits to are the same, whatever stands in it.
	odd := rowOf(0)
	for i, c := range Columns {
		switch c.Kind {
		case Text, JSON:
			odd.Values[i] = "\"\\\n\t\u2028<script>\U0001F600"
		case Number:
			odd.Values[i] = int64(-1 << 63)
		case List:
			odd.Values[i] = []string{"", "\x01", "ø"}
		case Bytes:
			odd.Values[i] = []byte{}
		}
	}
	b = &book{origin: origin, key: private}
	b.add(t, odd)
	if _, err := held(t, b.bundle(t, b.checkpoint(t), 0), Trust{}); err != nil {
		t.Error(err)
	}
	// What cannot be read again is not written.
	w, err := NewBundle(io.Discard, b.checkpoint(t), key(t, origin, private), []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	bad := rowOf(0)
	bad.Values[2] = "\xff"
	for what, err := range map[string]error{"no UTF-8": w.Row(0, bad, nil), "out of the tree": w.Row(1, odd, nil), "another form": w.Row(0, Row{Form: 2}, nil)} {
		if err == nil {
			t.Errorf("%s is written", what)
		}
	}
	if _, err := NewBundle(io.Discard, b.checkpoint(t), key(t, origin, ed25519.NewKeyFromSeed(make([]byte, 32))), []byte(`{}`)); err == nil {
		t.Error("a checkpoint of another key begins a bundle")
	}
}

// sheet is a bundle taken apart for whoever spoils it: its lines without their ends, the
// first and the seal among them.
type sheet struct {
	t     testing.TB
	lines []string
}

func apart(t testing.TB, bundle []byte) *sheet {
	return &sheet{t, strings.Split(strings.TrimSuffix(string(bundle), "\n"), "\n")}
}

func (s *sheet) bytes() []byte { return []byte(strings.Join(s.lines, "\n") + "\n") }

// at is the line of a leaf.
func (s *sheet) at(leaf int64) int {
	s.t.Helper()
	i := slices.IndexFunc(s.lines, func(l string) bool { return strings.HasPrefix(l, fmt.Sprintf(`{"index":%d,`, leaf)) })
	if i < 0 {
		s.t.Fatalf("leaf %d is not there", leaf)
	}
	return i
}

// edit changes what stands in the line of a leaf.
func (s *sheet) edit(leaf int64, change func(line, row map[string]any)) {
	s.t.Helper()
	i := s.at(leaf)
	line := map[string]any{}
	d := json.NewDecoder(strings.NewReader(s.lines[i]))
	d.UseNumber()
	if err := d.Decode(&line); err != nil {
		s.t.Fatal(err)
	}
	row, _ := line["row"].(map[string]any)
	change(line, row)
	row, _ = line["row"].(map[string]any) // which may be another
	var columns []string
	written := func(name string, v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			s.t.Fatal(err)
		}
		return fmt.Sprintf("%q:%s", name, b)
	}
	for _, c := range Columns {
		if v, ok := row[c.Name]; ok {
			columns = append(columns, written(c.Name, v))
		}
	}
	for name, v := range row {
		if !slices.ContainsFunc(Columns, func(c Column) bool { return c.Name == name }) {
			columns = append(columns, written(name, v))
		}
	}
	if row != nil {
		line["row"] = json.RawMessage("{" + strings.Join(columns, ",") + "}")
	}
	var fields []string
	for _, name := range leafFields {
		if v, ok := line[name]; ok {
			fields = append(fields, written(name, v))
		}
	}
	s.lines[i] = "{" + strings.Join(fields, ",") + "}"
}

// sealed seals anew, with the key of the log: as whoever has taken that.
func (s *sheet) sealed(b *book) *sheet {
	s.t.Helper()
	sum := sha(s.lines[:len(s.lines)-1])
	rows, last := int64(len(s.lines))-2, int64(-1)
	var l struct{ Index int64 }
	if rows > 0 && json.Unmarshal([]byte(s.lines[len(s.lines)-2]), &l) == nil {
		last = l.Index
	}
	signed, err := note.Sign(&note.Note{Text: sealText(b.origin, rows, last, sum)}, signer{key(s.t, b.origin, b.key), b.sign})
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := json.Marshal(string(signed))
	if err != nil {
		s.t.Fatal(err)
	}
	s.lines[len(s.lines)-1] = sealBegins + string(text) + "}"
	return s
}

// TestBundleTampered is A079 in part and A080 in part: whatever is done to a bundle is found, with the row where it begins. Most of it is done by
// somebody who has the key of the log too, and seals the bundle again.
func TestBundleTampered(t *testing.T) {
	const size = 600
	b := bookOf(t, size)
	signer1, witness1 := witness(t, "witness.koege.example", 1)
	_, witness2 := witness(t, "witness.politi.example", 2)
	signed := b.checkpoint(t, signer1)
	leaves := []int64{4, 5, 6, 7, 8, 90, -92, 92, 255, 256, 257, 400, 598}
	whole := b.bundle(t, signed, leaves...)
	trust := Trust{Log: key(t, origin, private), Witnesses: []note.Verifier{witness1}}
	if _, err := held(t, whole, trust); err != nil {
		t.Fatal(err)
	}
	const none = -1 // it is found, and is nothing of one row
	tries := 0
	finds := func(name string, want int64, says string, bundle []byte, trust Trust) {
		t.Helper()
		tries++
		_, err := held(t, bundle, trust)
		var broken *Broken
		if err == nil || !strings.Contains(err.Error(), says) || errors.As(err, &broken) != (want != none) || broken != nil && broken.Index != want {
			t.Errorf("%s: %v, want leaf %d, and %q", name, err, want, says)
		}
	}
	spoiled := func(name string, want int64, says string, spoil func(s *sheet)) {
		t.Helper()
		s := apart(t, whole)
		spoil(s)
		finds(name, want, says, s.sealed(b).bytes(), trust)
	}
	// not sealed again: by somebody without the key
	found := func(name string, want int64, says string, spoil func(s *sheet)) {
		t.Helper()
		s := apart(t, whole)
		spoil(s)
		finds(name, want, says, s.bytes(), trust)
	}
	for _, saved := range [][]byte{bytes.ReplaceAll(whole, []byte("\n"), []byte("\r\n")), append([]byte("\ufeff"), whole...)} {
		finds("saved anew by an editor", none, "take it again as it was sent", saved, trust)
	}
	const another = "does not come to the root"

	// Each field of a row.
	others := map[Kind]any{Text: "another", JSON: `{"a": 2}`, Number: 77, Time: "2026-03-02T08:00:00.000001Z", List: []string{"ø"}, Bytes: "AQ=="}
	for _, c := range Columns {
		spoiled("another "+c.Name, 90, another, func(s *sheet) {
			s.edit(90, func(_, row map[string]any) { row[c.Name] = others[c.Kind] })
		})
		found("another "+c.Name+", without the key", 90, another, func(s *sheet) {
			s.edit(90, func(_, row map[string]any) { row[c.Name] = others[c.Kind] })
		})
		spoiled("no "+c.Name, 90, "not the columns of its form", func(s *sheet) { s.edit(90, func(_, row map[string]any) { delete(row, c.Name) }) })
		if c.Kind != Bytes { // where it means that there is none
			spoiled("null for "+c.Name, 90, "its column "+c.Name+" cannot be read", func(s *sheet) {
				s.edit(90, func(_, row map[string]any) { row[c.Name] = nil })
			})
		}
	}
	spoiled("a digest that goes", 7, another, func(s *sheet) { s.edit(7, func(_, row map[string]any) { row["why_digest"] = nil }) })
	spoiled("a digest that comes", 6, another, func(s *sheet) { s.edit(6, func(_, row map[string]any) { row["why_digest"] = "" }) })
	spoiled("a column more", 90, "not the columns of its form", func(s *sheet) { s.edit(90, func(_, row map[string]any) { row["x"] = "" }) })
	spoiled("a column twice", 90, "not the columns of its form", func(s *sheet) {
		s.lines[s.at(90)] = strings.Replace(s.lines[s.at(90)], `"row":{`, `"row":{"act":"consult",`, 1)
	})
	spoiled("a field twice", 90, "cannot be read", func(s *sheet) {
		s.lines[s.at(90)] = strings.Replace(s.lines[s.at(90)], `"keep"`, `"form":1,"keep"`, 1)
	})
	spoiled("a number as a text", 90, "its column id cannot be read", func(s *sheet) {
		s.lines[s.at(90)] = strings.Replace(s.lines[s.at(90)], `"id":1090,`, `"id":"1090",`, 1)
	})
	spoiled("a number in another way", 90, another, func(s *sheet) {
		s.lines[s.at(90)] = strings.Replace(s.lines[s.at(90)], `"id":1090,`, `"id":1.09e3,`, 1)
	})
	spoiled("two rows in each other's place", 90, another, func(s *sheet) {
		var row any
		s.edit(92, func(line, _ map[string]any) { row = line["row"] })
		s.edit(90, func(line, _ map[string]any) { line["row"] = row })
	})
	// What stands beside it.
	spoiled("another salt", 256, another, func(s *sheet) {
		s.edit(256, func(line, _ map[string]any) { line["salt"] = base64.StdEncoding.EncodeToString(make([]byte, 16)) })
	})
	spoiled("two salts in each other's place", 4, another, func(s *sheet) {
		var salt any
		s.edit(5, func(line, _ map[string]any) { salt = line["salt"] })
		s.edit(4, func(line, _ map[string]any) { line["salt"] = salt })
	})
	spoiled("a salt that is too short", 4, "cannot be read", func(s *sheet) { s.edit(4, func(line, _ map[string]any) { line["salt"] = "AQ==" }) })
	spoiled("another form", 4, "form 2", func(s *sheet) { s.edit(4, func(line, _ map[string]any) { line["form"] = 2 }) })
	spoiled("no salt", 4, "cannot be read", func(s *sheet) { s.edit(4, func(line, _ map[string]any) { delete(line, "salt") }) })
	spoiled("a proof of nothing", 90, another, func(s *sheet) { s.edit(90, func(line, _ map[string]any) { line["proof"] = []string{} }) })
	spoiled("another hash in a proof", 90, another, func(s *sheet) {
		s.edit(90, func(line, _ map[string]any) {
			line["proof"].([]any)[1] = base64.StdEncoding.EncodeToString(make([]byte, 32))
		})
	})
	spoiled("a proof that keeps more", 90, another, func(s *sheet) { s.edit(90, func(line, _ map[string]any) { line["keep"] = 9 }) })
	spoiled("a proof that keeps what is not there", 90, "goes on from one that there is not", func(s *sheet) { s.edit(90, func(line, _ map[string]any) { line["keep"] = 1 << 40 }) })
	spoiled("a proof that keeps less than nothing", 90, "goes on from one that there is not", func(s *sheet) { s.edit(90, func(line, _ map[string]any) { line["keep"] = -1 }) })
	spoiled("the entry that is withheld", 91, another, func(s *sheet) {
		s.edit(91, func(line, _ map[string]any) {
			line["entry"] = base64.StdEncoding.EncodeToString(make([]byte, 32))
		})
	})
	spoiled("an entry beside the row", 90, "cannot be read", func(s *sheet) {
		s.edit(90, func(line, _ map[string]any) {
			line["entry"] = base64.StdEncoding.EncodeToString(b.entry(t, 90))
		})
	})
	spoiled("a row that is said to be elsewhere", 91, "it comes after leaf 91", func(s *sheet) {
		s.lines[s.at(92)] = strings.Replace(s.lines[s.at(92)], `"index":92`, `"index":91`, 1)
	})
	spoiled("a row that is said to be later", 93, another, func(s *sheet) {
		s.lines[s.at(92)] = strings.Replace(s.lines[s.at(92)], `"index":92`, `"index":93`, 1)
	})
	spoiled("a row that is said to be beyond the end", size, "the checkpoint is of 600 leaves", func(s *sheet) {
		s.lines[s.at(598)] = strings.Replace(s.lines[s.at(598)], `"index":598`, `"index":600`, 1)
	})
	spoiled("a wrong predecessor", 92, "cannot be before it", func(s *sheet) { s.edit(92, func(line, _ map[string]any) { line["after"] = 92 }) })
	spoiled("a wrong predecessor, before it", 91, "and this is between them", func(s *sheet) { s.edit(92, func(line, _ map[string]any) { line["after"] = 90 }) })

	// Rows that go, come and change places.
	for _, leaf := range []int64{4, 6, 91, 92, 400} {
		for _, by := range []func(string, int64, string, func(*sheet)){spoiled, found} {
			by(fmt.Sprintf("leaf %d goes", leaf), leaf, "it is gone", func(s *sheet) { s.lines = slices.Delete(s.lines, s.at(leaf), s.at(leaf)+1) })
		}
	}
	found("the last goes", 598, "it is gone: the last of 13 rows that were sealed, of which 12 are here", func(s *sheet) { s.lines = slices.Delete(s.lines, s.at(598), s.at(598)+1) })
	found("the last two go", 598, "it is gone", func(s *sheet) { s.lines = slices.Delete(s.lines, s.at(400), s.at(598)+1) })
	found("the first goes, and the second takes its place", 5, another, func(s *sheet) {
		s.lines = slices.Delete(s.lines, s.at(4), s.at(4)+1)
		s.edit(5, func(line, _ map[string]any) { line["after"], line["keep"] = -1, 0 })
	})
	found("the middle goes, so that nothing shows it", 4, "is not as it was sealed, in a list of 13 rows (12 are here)", func(s *sheet) {
		s.lines = apart(t, b.bundle(t, signed, 4, 5, 6, 7, 8, 90, -92, 92, 255, 257, 400, 598)).lines[:13]
		s.lines = append(s.lines, apart(t, whole).lines[14])
	})
	found("a row of the log comes in", 4, "is not as it was sealed", func(s *sheet) {
		lines := apart(t, b.bundle(t, signed, 4, 5, 6, 7, 8, 90, -92, 92, 255, 256, 257, 300, 400, 598)).lines
		s.lines = append(lines[:15], s.lines[14])
	})
	found("a row comes after the last", 599, "the last that was sealed", func(s *sheet) {
		lines := apart(t, b.bundle(t, signed, append(slices.Clone(leaves), 599)...)).lines
		s.lines = append(lines[:15], s.lines[14])
	})
	spoiled("a row comes that never was", 10, another, func(s *sheet) {
		line := strings.NewReplacer(`"index":8,"after":7`, `"index":10,"after":8`).Replace(s.lines[s.at(8)])
		s.lines = slices.Insert(s.lines, s.at(8)+1, line)
		s.edit(90, func(line, _ map[string]any) { line["after"] = 10 })
	})
	spoiled("a row twice", 6, "it comes after leaf 6", func(s *sheet) { s.lines = slices.Insert(s.lines, s.at(6), s.lines[s.at(6)]) })
	spoiled("two rows change places", 5, "it is gone", func(s *sheet) {
		i := s.at(5)
		s.lines[i], s.lines[i+1] = s.lines[i+1], s.lines[i]
	})
	spoiled("the first two rows change places", 4, "it is gone", func(s *sheet) {
		i := s.at(4)
		s.lines[i], s.lines[i+1] = s.lines[i+1], s.lines[i]
	})
	spoiled("a line of nothing", 7, "cannot be read", func(s *sheet) { s.lines = slices.Insert(s.lines, s.at(7), "{}") })
	spoiled("a line of something else", 7, "cannot be read", func(s *sheet) { s.lines = slices.Insert(s.lines, s.at(7), "7") })
	spoiled("more after a line", 7, "cannot be read", func(s *sheet) { s.lines[s.at(7)] += " {}" })

	// What holds them together.
	found("no seal", 599, "without its seal", func(s *sheet) { s.lines = s.lines[:len(s.lines)-1] })
	found("no rows", 598, "it is gone: the last of 13 rows", func(s *sheet) { s.lines = []string{s.lines[0], s.lines[len(s.lines)-1]} })
	found("the first line alone", 0, "without its seal", func(s *sheet) { s.lines = s.lines[:1] })
	finds("cut in the middle of a line", 92, "in the middle of a line", whole[:bytes.Index(whole, []byte(`{"index":92,`))+300], trust)
	finds("cut in the middle of the seal", 599, "in the middle of a line", whole[:len(whole)-5], trust)
	finds("nothing", none, "no bundle", nil, trust)
	finds("nothing but its end", none, "no bundle", whole[bytes.Index(whole, []byte(sealBegins)):], trust)
	found("more after the seal", 599, "comes after its seal", func(s *sheet) { s.lines = append(s.lines, s.lines[1]) })
	found("the seal twice", 599, "comes after its seal", func(s *sheet) { s.lines = append(s.lines, s.lines[len(s.lines)-1]) })
	found("a seal that nobody signed", 599, "its seal is not the log's", func(s *sheet) { s.lines[14] = strings.Replace(s.lines[14], `trail\n13\n`, `trail\n12\n`, 1) })
	found("the checkpoint for a seal", 599, "its seal is not one", func(s *sheet) {
		text, _ := json.Marshal(string(signed))
		s.lines[14] = sealBegins + string(text) + "}"
	})
	found("the seal of another bundle", 4, "is not as it was sealed", func(s *sheet) {
		s.lines[14] = apart(t, b.bundle(t, signed, 1, 2, 598)).lines[4]
	})
	found("what it says of itself", 4, "what the bundle says of itself is not", func(s *sheet) {
		s.lines[0] = strings.Replace(s.lines[0], `"authority":"koege"`, `"authority":"roskilde"`, 1)
	})
	found("another format", none, "no bundle of the format", func(s *sheet) { s.lines[0] = strings.Replace(s.lines[0], "bundle 1", "bundle 2", 1) })
	found("a first line with more in it", none, "no bundle of the format", func(s *sheet) { s.lines[0] = strings.Replace(s.lines[0], `{"format"`, `{"x":1,"format"`, 1) })

	// The checkpoint.
	head := func(bundle, signed []byte) []byte { // another checkpoint, the bundle sealed anew
		s := apart(t, bundle)
		text, err := json.Marshal(string(signed))
		if err != nil {
			t.Fatal(err)
		}
		s.lines[0] = `{"format":"` + BundleFormat + `","checkpoint":` + string(text) + `,"about":{}}`
		return s.sealed(b).bytes()
	}
	finds("an older checkpoint", 4, another, head(whole, bookOf(t, 599).checkpoint(t, signer1)), trust)
	finds("a checkpoint of more", 4, another, head(whole, bookOf(t, 601).checkpoint(t, signer1)), trust)
	finds("an older one that some rows are not in", 4, another, head(whole, bookOf(t, 300).checkpoint(t, signer1)), trust)
	finds("another size", none, "checkpoint", head(whole, bytes.Replace(signed, []byte("\n600\n"), []byte("\n601\n"), 1)), trust)
	finds("no signature", none, "checkpoint", head(whole, signed[:bytes.Index(signed, []byte("\n\n"))+2]), trust)
	stolen := &book{origin: origin, key: ed25519.NewKeyFromSeed(make([]byte, 32)), rows: b.rows, hashes: b.hashes}
	finds("another key", none, "checkpoint", stolen.bundle(t, stolen.checkpoint(t, signer1), leaves...), trust)
	renamed := &book{origin: "other.example/trail", key: private, rows: b.rows, hashes: b.hashes}
	finds("another origin", none, "checkpoint", renamed.bundle(t, renamed.checkpoint(t, signer1), leaves...), trust)
	finds("no cosignature", none, "not cosigned by witness.koege.example", b.bundle(t, b.checkpoint(t), leaves...), trust)
	finds("the cosignature of one of two", none, "not cosigned by witness.politi.example", whole, Trust{Log: trust.Log, Witnesses: []note.Verifier{witness1, witness2}})
	forger, _ := witness(t, "witness.koege.example", 3)
	finds("a cosignature of somebody with its name", none, "not cosigned by", b.bundle(t, b.checkpoint(t, forger), leaves...), trust)
	cosigned := bytes.LastIndex(signed, []byte("— "))
	finds("a forged cosignature", none, "checkpoint", head(whole, append(slices.Clone(signed[:cosigned]), flipped(t, signed[cosigned:])...)), trust)
	older := bookOf(t, 599).checkpoint(t, signer1)
	finds("the cosignature of an older checkpoint", none, "checkpoint", head(whole, append(slices.Clone(signed[:cosigned]), older[bytes.LastIndex(older, []byte("— ")):]...)), trust)

	// Another past, by somebody who has the key and makes everything anew: a tree, a
	// checkpoint, a bundle that fits. Who kept a bundle, or asks for a witness, sees it.
	forged := bookOf(t, 600)
	rows := forged.rows
	rows[90].Values[4] = "another"
	forged = &book{origin: origin, key: private}
	for _, r := range rows {
		forged.add(t, r)
	}
	again := forged.bundle(t, forged.checkpoint(t), leaves...)
	if _, err := held(t, again, Trust{}); err != nil {
		t.Errorf("a past that fits itself: %v", err)
	}
	kept := func() Trust { return Trust{Log: trust.Log, Kept: bytes.NewReader(whole)} }
	finds("another past, where a witness is asked for", none, "not cosigned by", again, trust)
	finds("another past, where a bundle was kept", 90, "another than in the bundle that was kept", again, kept())
	finds("another past, elsewhere", 0, "is another than when the other bundle was kept", func() []byte {
		forged := &book{origin: origin, key: private}
		for i := range int64(600) {
			forged.add(t, rowOf(i+map[bool]int64{true: 1000}[i == 599]))
		}
		return forged.bundle(t, forged.checkpoint(t), leaves[:0]...)
	}(), Trust{Log: trust.Log, Kept: bytes.NewReader(b.bundle(t, signed))})
	for _, leaf := range []int64{4, 91, 256, 598} {
		less := slices.DeleteFunc(slices.Clone(leaves), func(i int64) bool { return max(i, -i-1) == leaf })
		finds(fmt.Sprintf("leaf %d is not taken out again", leaf), leaf, "stands in the bundle that was kept, and not in this one", b.bundle(t, signed, less...), kept())
	}
	finds("a log that was put back", 4, "stands in the bundle that was kept", bookOf(t, 300).bundle(t, bookOf(t, 300).checkpoint(t)), kept())
	finds("a log that was put back, to what has the rows", 599, "and had 600 when", func() []byte { b := bookOf(t, 599); return b.bundle(t, b.checkpoint(t), leaves...) }(), kept())
	finds("a bundle that was kept and is broken", none, "the bundle that was kept is broken itself", whole, Trust{Log: trust.Log, Kept: bytes.NewReader(whole[:len(whole)-5])})
	grown := bookOf(t, 700)
	if _, err := held(t, grown.bundle(t, grown.checkpoint(t), append(slices.Clone(leaves), 599, 650)...), kept()); err != nil {
		t.Errorf("a log that has grown: %v", err)
	}
	t.Logf("%d ways", tries)
}

// flipped is a line of a note with another signature.
func flipped(t testing.TB, line []byte) []byte {
	t.Helper()
	at := bytes.LastIndexByte(line, ' ') + 1
	sig, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(line[at:])))
	if err != nil {
		t.Fatal(err)
	}
	sig[len(sig)-1] ^= 1
	return fmt.Appendf(nil, "%s%s\n", line[:at], base64.StdEncoding.EncodeToString(sig))
}

// TestExtends is A080 in part and A082 in part: a log that was put back, or whose past was made anew with
// its own key, is seen by whoever kept a checkpoint.
func TestExtends(t *testing.T) {
	now := publish(t, 700)
	read := func(p published) Checkpoint {
		c, err := Open(p["checkpoint"], key(t, origin, private))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, size := range []int64{1, 255, 256, 257, 512, 699, 700} {
		if err := Extends(t.Context(), read(now), read(publish(t, size)), now.get); err != nil {
			t.Errorf("%d leaves: %v", size, err)
		}
	}
	other := read(publish(t, 257))
	other.Root[0] ^= 1
	foreign := read(now)
	foreign.Origin = "other.example/trail"
	for name, c := range map[string]struct {
		was  Checkpoint
		want string
	}{
		"put back":       {read(publish(t, 701)), "leaf 700: it is gone: there were 701 leaves"},
		"rewritten":      {other, "leaf 0: it, or one before leaf 257, is not what it was"},
		"another's":      {foreign, `is of the log "other.example/trail"`},
		"the whole tree": {Checkpoint{origin, 700, tlog.Hash{1}}, "leaf 0: it, or one before leaf 700"},
	} {
		if err := Extends(t.Context(), read(now), c.was, now.get); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// Whatever is another in a bundle, it does not verify; and where somebody with the key of
// the log seals it anew, what verifies are the same leaves.
func FuzzBundle(f *testing.F) {
	b := bookOf(f, 300)
	signed := b.checkpoint(f)
	whole := b.bundle(f, signed, 0, 1, -3, 3, 90, 255, 256, 299)
	v := key(f, origin, private)
	leaves := make([]tlog.Hash, len(b.rows))
	for i := range leaves {
		leaves[i] = tlog.RecordHash(b.entry(f, int64(i)))
	}
	lines := []int{0} // where they begin
	for i, c := range whole {
		if c == '\n' {
			lines = append(lines, i+1)
		}
	}
	f.Add(0, 0, []byte{}, 0, 0)
	f.Add(10, 3, []byte("x"), 0, 0)
	for i := range len(lines) - 1 {
		at, next := lines[i], lines[i+1]
		f.Add(at+9, 1, []byte("2"), 0, 0)       // another number
		f.Add(at, next-at, []byte{}, 0, 0)      // the line goes,
		f.Add(at, 0, []byte{}, at, next-at)     // comes twice,
		f.Add(at, next-at, []byte{}, 0, 200)    // is another
		f.Add(next, len(whole), []byte{}, 0, 0) // or is the last
	}
	f.Fuzz(func(t *testing.T, at, drop int, put []byte, from, many int) {
		// Something goes, something comes that was not there, and something that was.
		within := func(n, most int) int { return max(0, n) % (most + 1) }
		at, from = within(at, len(whole)), within(from, len(whole))
		drop, many = within(drop, len(whole)-at), within(many, len(whole)-from)
		bundle := slices.Concat(whole[:at], put, whole[from:from+many], whole[at+drop:])
		content := func(b []byte) []byte { return b[:max(0, bytes.LastIndex(b, []byte(sealBegins)))] }
		if _, err := VerifyBundle(t.Context(), bytes.NewReader(bundle), Trust{Log: v}); err == nil && !bytes.Equal(content(bundle), content(whole)) {
			t.Errorf("it verifies: %q", bundle)
		}
		if bytes.Count(bundle, []byte("\n")) < 2 {
			return
		}
		resealed := apart(t, bundle).sealed(b).bytes()
		_, err := readBundle(t.Context(), bytes.NewReader(resealed), Trust{Log: v}, func(at one) error {
			if at.leaf != leaves[at.index] {
				t.Errorf("leaf %d is another: %q", at.index, bundle)
			}
			return nil
		})
		_ = err // that it does not verify is well
	})
}

// sha is the SHA-256 of lines.
func sha(lines []string) []byte {
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n") + "\n"))
	return sum[:]
}

// How a bundle is written stays, for who keeps one: what this is was read and found to hold by
// another program, written from docs/trail.md.
func TestBundleIsAsDocumented(t *testing.T) {
	const want = "518849c4105141ef8a8e876d07cdb04a3020188987e1fe5a6bc502907a5964b1"
	b := bookOf(t, 300)
	sum := sha256.Sum256(b.bundle(t, b.checkpoint(t), 0, 1, 2, -4, 4, 90, 255, 256, 299))
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
