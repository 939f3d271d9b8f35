package tree

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
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
	whole        bool   // it has its row
	why          string // it cannot be read
}

// lineReader reads lines of bundles, one after the other.
type lineReader struct {
	d      *jsontext.Decoder
	b      bytes.Buffer
	values []any
}

var errLine = errors.New("it cannot be read")

// fields goes through an object, whose fields do reads.
func (r *lineReader) fields(do func(name string) error) error {
	if t, err := r.d.ReadToken(); err != nil || t.Kind() != '{' {
		return errLine
	}
	for r.d.PeekKind() == '"' {
		t, err := r.d.ReadToken()
		if err != nil {
			return errLine
		}
		if err := do(t.String()); err != nil {
			return err
		}
	}
	if t, err := r.d.ReadToken(); err != nil || t.Kind() != '}' {
		return errLine
	}
	return nil
}

func (r *lineReader) begin(line []byte) {
	r.b.Reset()
	r.b.Write(line)
	if r.d == nil {
		r.d = jsontext.NewDecoder(&r.b)
	} else {
		r.d.Reset(&r.b)
	}
}

// finish sees that nothing comes after the object.
func (r *lineReader) finish() error {
	if _, err := r.d.ReadToken(); err != io.EOF { //nolint:errorlint // jsontext gives it as it is
		return errLine
	}
	return nil
}

func (r *lineReader) text() (string, error) {
	t, err := r.d.ReadToken()
	if err != nil || t.Kind() != '"' {
		return "", errLine
	}
	return t.String(), nil
}

func (r *lineReader) number() (int64, error) {
	v, err := r.d.ReadValue()
	if err != nil {
		return 0, errLine
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != string(v) {
		return 0, errLine
	}
	return n, nil
}

// bytes reads base 64 into what has its length, or gives it where that is nil.
func (r *lineReader) bytes(into []byte) ([]byte, error) {
	s, err := r.text()
	if err != nil {
		return nil, err
	}
	data, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || strings.ContainsAny(s, "\r\n") || into != nil && len(data) != len(into) {
		return nil, errLine
	}
	copy(into, data)
	return data, nil
}

// leaf reads the line of a leaf.
func (r *lineReader) leaf(line []byte) (l bundled) {
	var form int64
	var salt [SaltSize]byte
	var entry [EntrySize]byte
	seen := map[string]bool{}
	r.begin(line)
	l.index = -1
	err := r.fields(func(name string) (err error) {
		seen[name] = true
		switch name {
		case "index":
			l.index, err = r.number()
		case "after":
			l.after, err = r.number()
		case "keep":
			var n int64
			n, err = r.number()
			l.keep = int(min(max(n, -1), 64))
		case "proof":
			l.proof, err = r.proof()
		case "form":
			form, err = r.number()
		case "salt":
			_, err = r.bytes(salt[:])
		case "entry":
			_, err = r.bytes(entry[:])
		case "row":
			err = r.row()
		default:
			err = errLine
		}
		return err
	})
	if err == nil {
		err = r.finish()
	}
	l.whole = seen["row"]
	switch {
	case err != nil:
	case !seen["index"] || !seen["after"] || !seen["keep"] || !seen["proof"] || l.whole != seen["salt"] || l.whole != seen["form"] || l.whole == seen["entry"]:
		err = errLine
	case l.whole:
		if entry, err = Entry(form, salt, r.values); err != nil {
			err = fmt.Errorf("its row is of form %d, which is not known here", form)
		}
	}
	if err != nil {
		l.why = err.Error()
	}
	l.leaf = tlog.RecordHash(entry[:])
	return l
}

func (r *lineReader) proof() (list []tlog.Hash, err error) {
	if t, err := r.d.ReadToken(); err != nil || t.Kind() != '[' {
		return nil, errLine
	}
	for r.d.PeekKind() == '"' && len(list) < 64 {
		var h tlog.Hash
		if _, err := r.bytes(h[:]); err != nil {
			return nil, err
		}
		list = append(list, h)
	}
	if t, err := r.d.ReadToken(); err != nil || t.Kind() != ']' {
		return nil, errLine
	}
	return list, nil
}

// columnAt is where a column stands.
var columnAt = func() map[string]int {
	at := make(map[string]int, len(Columns))
	for i, c := range Columns {
		at[c.Name] = i
	}
	return at
}()

// row reads the columns of a row: each once, in any order.
func (r *lineReader) row() error {
	if r.values == nil {
		r.values = make([]any, len(Columns))
	}
	read := 0
	err := r.fields(func(name string) (err error) {
		i, ok := columnAt[name]
		if !ok {
			return errors.New("its row has a column that there is not")
		}
		read++
		if r.values[i], err = r.value(Columns[i].Kind); err != nil {
			return fmt.Errorf("its column %s cannot be read", name)
		}
		return nil
	})
	if err == nil && read != len(Columns) { // none comes twice: that would be no JSON
		err = errors.New("its row has too few columns")
	}
	return err
}

func (r *lineReader) value(k Kind) (any, error) {
	switch k {
	case Number:
		return r.number()
	case Time:
		s, err := r.text()
		if err != nil {
			return nil, err
		}
		t, err := time.Parse(timeForm, s)
		if err != nil || t.Format(timeForm) != s {
			return nil, errLine
		}
		return t, nil
	case List:
		if t, err := r.d.ReadToken(); err != nil || t.Kind() != '[' {
			return nil, errLine
		}
		list := []string{}
		for r.d.PeekKind() == '"' {
			s, err := r.text()
			if err != nil {
				return nil, err
			}
			list = append(list, s)
		}
		if t, err := r.d.ReadToken(); err != nil || t.Kind() != ']' {
			return nil, errLine
		}
		return list, nil
	case Bytes:
		if r.d.PeekKind() == 'n' {
			_, err := r.d.ReadToken()
			return []byte(nil), err
		}
		data, err := r.bytes(nil)
		if err == nil && data == nil {
			data = []byte{}
		}
		return data, err
	}
	return r.text()
}
