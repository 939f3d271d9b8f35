package tree

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Form is the number of the way in which rows are written for a leaf to commit to:
// it stands in the row, so that another one can follow for the rows to come.
const Form = 1

// entryBegins is what the bytes begin with that an entry is the hash of.
var entryBegins = "infohus trail row " + strconv.Itoa(Form) + "\n"

// EntrySize is how many bytes the entry of a leaf has.
const EntrySize = sha256.Size

// SaltSize is how many bytes of salt a row has.
const SaltSize = 16

// Kind is how a value is written.
type Kind int

// The kinds of columns.
const (
	Text   Kind = iota // a string
	Number             // an int64, in decimal
	Time               // a time.Time, as 2026-03-02T08:00:00.000000Z: to the microsecond, in UTC
	JSON               // a string: the value as PostgreSQL writes a jsonb
	List               // a []string
	Bytes              // a []byte, or nil: a list of one, or of none
)

// timeForm is how a time is written.
const timeForm = "2006-01-02T15:04:05.000000Z"

// Column is a column of the trail.
type Column struct {
	Name string
	Kind Kind
}

// Columns are the columns of a row of form 1, in the order in which they are written:
// all that there are but form and salt, which stand before them.
var Columns = []Column{
	{"id", Number}, {"at", Time}, {"writer", Text}, {"said_at", Time},
	{"person", Text}, {"hat", Text}, {"authority", Text}, {"role", Text}, {"issuer", Text}, {"loa", Text},
	{"session", Text}, {"request", Text}, {"cause", Text},
	{"act", Text}, {"outcome", Text}, {"question", Text}, {"input", JSON}, {"revision", Text}, {"reasons", List}, {"obligations", List},
	{"object_kind", Text}, {"object_id", Text}, {"object_version", Number}, {"controller", Text}, {"subjects", List}, {"fields", List},
	{"purpose", Text}, {"basis", Text}, {"recipient", Text}, {"rows", Number}, {"why_ref", Text}, {"why_digest", Bytes}, {"deputy_of", Text},
}

// Entry is what a leaf says of a row: a commitment that tells nothing of it without
// the salt (trust.md P3). values stand in the order of [Columns], each of its
// column's kind. It is
//
//	SHA-256("infohus trail row 1" ‖ 0x0A ‖ salt ‖ value ‖ value …)
//
// where a text is its length in bytes, 4 bytes big-endian, and its bytes, and a list
// the number of its texts, 4 bytes big-endian, and these. docs/trail.md says the same
// for whoever writes a verifier.
func Entry(form int64, salt [SaltSize]byte, values []any) (entry [EntrySize]byte, err error) {
	if form != Form || len(values) != len(Columns) {
		return entry, fmt.Errorf("tree: a row of form %d with %d columns cannot be written here", form, len(values))
	}
	b := make([]byte, 0, 1024)
	b = append(b, entryBegins...)
	b = append(b, salt[:]...)
	for i, c := range Columns {
		var ok bool
		if b, ok = c.Kind.write(b, values[i]); !ok {
			return entry, fmt.Errorf("tree: column %s cannot hold a %T", c.Name, values[i])
		}
	}
	return sha256.Sum256(b), nil
}

func (k Kind) write(b []byte, value any) ([]byte, bool) {
	switch v := value.(type) {
	case string:
		return text(b, v), k == Text || k == JSON
	case int64:
		return text(b, strconv.FormatInt(v, 10)), k == Number
	case time.Time:
		return text(b, v.UTC().Format(timeForm)), k == Time
	case []string:
		b = binary.BigEndian.AppendUint32(b, uint32(len(v)))
		for _, s := range v {
			b = text(b, s)
		}
		return b, k == List
	case []byte:
		if v == nil {
			return binary.BigEndian.AppendUint32(b, 0), k == Bytes
		}
		return text(binary.BigEndian.AppendUint32(b, 1), v), k == Bytes
	}
	return b, false
}

func text[T string | []byte](b []byte, s T) []byte {
	return append(slices.Grow(binary.BigEndian.AppendUint32(b, uint32(len(s))), len(s)), s...)
}
