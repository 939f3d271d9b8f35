package tree

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A bundle is rows of the trail as a file that anybody with the log's key checks,
// without a hub and without the network: docs/trail.md says how it is written. Each row
// is proven to stand in the tree of one checkpoint, and all of them together are sealed:
// signed by the log's key as one list.

// BundleFormat is the name of the format of bundles, and the first line of what their seals sign. No
// checkpoint has it for its origin, which is one word: what is signed as the one is never
// taken for the other.
const BundleFormat = "infohus trail bundle 1"

// bundleLine is how many bytes a line of a bundle may have.
const bundleLine = 1 << 20

// Row is a row of the trail, with what its leaf commits to it by.
type Row struct {
	Form   int64
	Salt   [SaltSize]byte
	Values []any // in the order of [Columns], each of its column's kind
}

// BundleWriter writes a bundle, as a stream: a line for each row, in the order of their
// leaves.
type BundleWriter struct {
	w    io.Writer
	c    Checkpoint
	v    note.Verifier
	sum  hash.Hash
	rows int64
	last int64            // the leaf of the row before
	path tlog.RecordProof // and its proof
	b    []byte
}

// NewBundle begins a bundle of rows that are leaves of a checkpoint, which stands in it
// as it is served. about is JSON for who reads it, on which nothing rests.
func NewBundle(w io.Writer, signed []byte, v note.Verifier, about []byte) (*BundleWriter, error) {
	c, err := Open(signed, v)
	if err != nil {
		return nil, err
	}
	b := &BundleWriter{w: w, c: c, v: v, sum: sha256.New(), last: -1}
	b.b = append(b.b, `{"format":`...)
	b.text(BundleFormat)
	b.b = append(b.b, `,"checkpoint":`...)
	b.text(string(signed))
	b.b = append(append(b.b, `,"about":`...), about...)
	return b, b.end()
}

// Row writes a row that is the leaf of an index.
func (b *BundleWriter) Row(index int64, r Row, proof tlog.RecordProof) error {
	if r.Form != Form || len(r.Values) != len(Columns) {
		return fmt.Errorf("tree: a row of form %d with %d columns cannot be written here", r.Form, len(r.Values))
	}
	if err := b.leaf(index, proof); err != nil {
		return err
	}
	b.b = strconv.AppendInt(append(b.b, `,"form":`...), r.Form, 10)
	b.bytes(`,"salt":`, r.Salt[:])
	b.b = append(b.b, `,"row":{`...)
	for i, c := range Columns {
		if i > 0 {
			b.b = append(b.b, ',')
		}
		b.text(c.Name)
		b.b = append(b.b, ':')
		if !b.value(c.Kind, r.Values[i]) {
			return fmt.Errorf("tree: column %s cannot hold a %T", c.Name, r.Values[i])
		}
	}
	b.b = append(b.b, '}')
	return b.end()
}

// Withheld writes a leaf of whose row no more is told than that it is there.
func (b *BundleWriter) Withheld(index int64, entry []byte, proof tlog.RecordProof) error {
	if err := b.leaf(index, proof); err != nil {
		return err
	}
	b.bytes(`,"entry":`, entry)
	return b.end()
}

// Seal ends the bundle: sign signs by the key of the log.
func (b *BundleWriter) Seal(sign func(text []byte) ([]byte, error)) error {
	signed, err := note.Sign(&note.Note{Text: sealText(b.c.Origin, b.rows, b.last, b.sum.Sum(nil))}, signer{b.v, sign})
	if err != nil {
		return fmt.Errorf("tree: sealing: %w", err)
	}
	b.b = append(b.b, sealBegins...)
	b.text(string(signed))
	return b.end()
}

// sealBegins is how the last line begins.
const sealBegins = `{"seal":`

// sealText is what is signed of a bundle: how many rows, the leaf of the last one (-1
// where there is none), and the SHA-256 of all its lines before the seal.
func sealText(origin string, rows, last int64, sum []byte) string {
	return fmt.Sprintf("%s\n%s\n%d\n%d\n%s\n", BundleFormat, origin, rows, last, base64.StdEncoding.EncodeToString(sum))
}

// leaf begins the line of a leaf: of its proof only what the one before has not.
func (b *BundleWriter) leaf(index int64, proof tlog.RecordProof) error {
	if index <= b.last || index >= b.c.Size {
		return fmt.Errorf("tree: leaf %d cannot come after %d in a bundle of %d leaves", index, b.last, b.c.Size)
	}
	keep := 0
	for keep < min(len(proof), len(b.path)) && proof[len(proof)-1-keep] == b.path[len(b.path)-1-keep] {
		keep++
	}
	b.b = strconv.AppendInt(append(b.b, `{"index":`...), index, 10)
	b.b = strconv.AppendInt(append(b.b, `,"after":`...), b.last, 10)
	b.b = strconv.AppendInt(append(b.b, `,"keep":`...), int64(keep), 10)
	b.b = append(b.b, `,"proof":[`...)
	for i, h := range proof[:len(proof)-keep] {
		b.bytes([]string{",", ""}[max(0, 1-i)], h[:])
	}
	b.b = append(b.b, ']')
	b.rows, b.last, b.path = b.rows+1, index, proof
	return nil
}

// end ends a line and writes it.
func (b *BundleWriter) end() error {
	b.b = append(b.b, '}', '\n')
	if len(b.b) > bundleLine {
		return fmt.Errorf("tree: leaf %d takes %d bytes in a bundle, and may take %d", b.last, len(b.b), bundleLine)
	}
	if !jsontext.Value(b.b).IsValid() {
		return fmt.Errorf("tree: what is to be written of leaf %d is no JSON", b.last)
	}
	b.sum.Write(b.b)
	_, err := b.w.Write(b.b)
	b.b = b.b[:0]
	return err
}

func (b *BundleWriter) text(s string) {
	quoted, err := jsontext.AppendQuote(b.b, s)
	if err != nil { // no UTF-8: end finds that it is no JSON
		quoted = append(b.b, 0)
	}
	b.b = quoted
}

// bytes writes bytes in base 64, which needs no quoting.
func (b *BundleWriter) bytes(before string, data []byte) {
	b.b = append(append(b.b, before...), '"')
	b.b = append(base64.StdEncoding.AppendEncode(b.b, data), '"')
}

func (b *BundleWriter) value(k Kind, value any) bool {
	switch v := value.(type) {
	case string:
		b.text(v)
		return k == Text || k == JSON
	case int64:
		b.b = strconv.AppendInt(b.b, v, 10)
		return k == Number
	case time.Time:
		b.text(v.UTC().Format(timeForm))
		return k == Time
	case []string:
		b.b = append(b.b, '[')
		for i, s := range v {
			if i > 0 {
				b.b = append(b.b, ',')
			}
			b.text(s)
		}
		b.b = append(b.b, ']')
		return k == List
	case []byte:
		if v == nil {
			b.b = append(b.b, "null"...)
		} else {
			b.bytes("", v)
		}
		return k == Bytes
	}
	return false
}

// bundled is a line of a bundle as it was read.
type bundled struct {
	index, after int64
	keep         int
	proof        []tlog.Hash
	leaf         tlog.Hash
	whole        bool     // it has its row
	forgets      []Leaves // of which that says that they were forgotten
	by           int64    // the leaf that says that this one was; 0 is none
	why          string   // it cannot be read
}

// lineReader reads lines of bundles, one after the other. What a leaf commits to are the
// texts of the columns, as they stand in the line: they are taken as they come, and are
// the right ones if the root is.
type lineReader struct {
	d   *jsontext.Decoder
	b   bytes.Buffer
	row []byte // what an entry has after the salt

	starts [64]int // where each column begins in it
}

var (
	errLine    = errors.New("it cannot be read")
	errColumns = errors.New("its row has not the columns of its form, in their order")
	base       = base64.StdEncoding.Strict()
)

func (r *lineReader) begin(line []byte) {
	r.b.Reset()
	r.b.Write(line)
	if r.d == nil {
		r.d = jsontext.NewDecoder(&r.b, jsontext.AllowDuplicateNames(true)) // of which there are none: see fields
	} else {
		r.d.Reset(&r.b, jsontext.AllowDuplicateNames(true))
	}
}

// fields goes through an object that is all of the line. It has some of the names, each
// at most once; do reads the value of one by its number. It gives those that were there,
// as a bit for each.
func (r *lineReader) fields(names []string, do func(i int) error) (seen int, err error) {
	if err := r.opens('{'); err != nil {
		return 0, err
	}
	for r.d.PeekKind() == '"' {
		name, err := r.value('"')
		if err != nil {
			return 0, err
		}
		i := slices.Index(names, string(name[1:len(name)-1]))
		if i < 0 || seen&(1<<i) != 0 {
			return 0, errLine
		}
		seen |= 1 << i
		if err := do(i); err != nil {
			return 0, err
		}
	}
	if err := r.opens('}'); err != nil {
		return 0, err
	}
	if _, err := r.d.ReadToken(); !errors.Is(err, io.EOF) {
		return 0, errLine
	}
	return seen, nil
}

// opens reads the beginning of an object or a list, or its end.
func (r *lineReader) opens(kind jsontext.Kind) error {
	if t, err := r.d.ReadToken(); err != nil || t.Kind() != kind {
		return errLine
	}
	return nil
}

// value reads a value of a kind, as it is written.
func (r *lineReader) value(kind jsontext.Kind) (jsontext.Value, error) {
	v, err := r.d.ReadValue()
	if err != nil || v.Kind() != kind {
		return nil, errLine
	}
	return v, nil
}

func (r *lineReader) text() (string, error) {
	v, err := r.value('"')
	if err != nil {
		return "", err
	}
	text, err := jsontext.AppendUnquote(nil, v)
	return string(text), err
}

func (r *lineReader) number() (int64, error) {
	v, err := r.value('0')
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil {
		return 0, errLine
	}
	return n, nil
}

// bytes reads base 64 of so many bytes.
func (r *lineReader) bytes(into []byte) error {
	v, err := r.value('"')
	var data [48]byte
	if err != nil || base.DecodedLen(len(v)-2) > len(data) {
		return errLine
	}
	if n, err := base.Decode(data[:], v[1:len(v)-1]); err != nil || n != len(into) {
		return errLine
	}
	copy(into, data[:])
	return nil
}

// The fields of the line of a leaf.
var leafFields = []string{"index", "after", "keep", "proof", "form", "salt", "row", "entry", "forgotten"}

const (
	leafBegins    = 1<<4 - 1            // the first four
	leafWhole     = leafBegins | 7<<4   // and those of a row
	leafWithheld  = leafBegins | 1<<7   // or an entry
	leafForgotten = leafWithheld | 1<<8 // and which leaf says that the row was forgotten
)

// leaf reads the line of a leaf.
func (r *lineReader) leaf(line []byte) (l bundled) {
	var form, keep int64
	var salt [SaltSize]byte
	var entry [EntrySize]byte
	r.begin(line)
	l.index = -1
	seen, err := r.fields(leafFields, func(i int) (err error) {
		switch i {
		case 0:
			l.index, err = r.number()
		case 1:
			l.after, err = r.number()
		case 2:
			keep, err = r.number()
		case 3:
			l.proof, err = r.proof()
		case 4:
			form, err = r.number()
		case 5:
			err = r.bytes(salt[:])
		case 6:
			err = r.columns()
		case 7:
			err = r.bytes(entry[:])
		case 8:
			l.by, err = r.number()
		}
		return err
	})
	l.keep, l.whole = int(min(max(keep, -1), 64)), seen == leafWhole
	switch {
	case err != nil:
	case !l.whole && seen != leafWithheld && seen != leafForgotten:
		err = errLine
	case seen == leafForgotten && l.by <= l.index:
		err = errors.New("it is said to be forgotten by a leaf that does not come after it")
	case l.whole && form != Form:
		err = fmt.Errorf("its row is of form %d, which is not known here", form)
	case l.whole:
		h := sha256.New()
		h.Write([]byte(entryBegins))
		h.Write(salt[:])
		h.Write(r.row)
		h.Sum(entry[:0])
		l.forgets = r.forgets()
	}
	if err != nil {
		l.why = err.Error()
	}
	l.leaf = tlog.RecordHash(entry[:])
	return l
}

func (r *lineReader) proof() (list []tlog.Hash, err error) {
	if err := r.opens('['); err != nil {
		return nil, err
	}
	for r.d.PeekKind() == '"' && len(list) < 64 {
		var h tlog.Hash
		if err := r.bytes(h[:]); err != nil {
			return nil, err
		}
		list = append(list, h)
	}
	return list, r.opens(']')
}

// quoted are the names of the columns as they are written.
var quoted = func() (names []string) {
	for _, c := range Columns {
		names = append(names, strconv.Quote(c.Name))
	}
	return names
}()

// columns reads a row.
func (r *lineReader) columns() error {
	r.row = r.row[:0]
	if err := r.opens('{'); err != nil {
		return err
	}
	for i, c := range Columns {
		if r.d.PeekKind() != '"' {
			return errColumns
		}
		if name, err := r.value('"'); err != nil || string(name) != quoted[i] {
			return errColumns
		}
		r.starts[i] = len(r.row)
		if err := r.column(c.Kind); err != nil {
			return fmt.Errorf("its column %s cannot be read", c.Name)
		}
	}
	if r.opens('}') != nil {
		return errColumns
	}
	return nil
}

// column takes a value into the row, as [Entry] writes it.
func (r *lineReader) column(k Kind) error {
	switch k {
	case Number:
		v, err := r.value('0')
		r.row = text(r.row, []byte(v))
		return err
	case List:
		if err := r.opens('['); err != nil {
			return err
		}
		at, n := len(r.row), uint32(0)
		r.row = append(r.row, 0, 0, 0, 0)
		for ; r.d.PeekKind() == '"'; n++ {
			if err := r.string(); err != nil {
				return err
			}
		}
		binary.BigEndian.PutUint32(r.row[at:], n)
		return r.opens(']')
	case Bytes:
		if r.d.PeekKind() == 'n' {
			r.row = binary.BigEndian.AppendUint32(r.row, 0)
			return r.opens('n')
		}
		v, err := r.value('"')
		if err != nil {
			return err
		}
		data, err := base.AppendDecode(nil, v[1:len(v)-1])
		r.row = text(binary.BigEndian.AppendUint32(r.row, 1), data)
		return err
	}
	return r.string()
}

// string takes a text into the row.
func (r *lineReader) string() error {
	v, err := r.value('"')
	if err != nil {
		return err
	}
	at := len(r.row)
	if r.row, err = jsontext.AppendUnquote(append(r.row, 0, 0, 0, 0), v); err != nil {
		return err
	}
	binary.BigEndian.PutUint32(r.row[at:], uint32(len(r.row)-at-4))
	return nil
}
