package policies

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	signednote "golang.org/x/mod/sumdb/note"

	"github.com/infohus/infohus/pkg/hub"
)

// Header is what a data document says of itself, as its member "revision". The
// built-in document has none: it is number 0, and trusted as the code is.
type Header struct {
	Number int       `json:"number"` // greater than that of every revision before it
	After  string    `json:"after"`  // SHA-256 of the document that it follows, in hex
	From   time.Time `json:"from"`   // the first minute at which it is in force
	Title  string    `json:"title"`  // what it changes and why, in one line
}

// Revision is one document of the law as data: its header, who has signed it,
// and whether it counts.
type Revision struct {
	Header
	Sum   string            // SHA-256 of the document, in hex
	By    []hub.AuthorityID // whose signatures count, sorted; none of the built-in document
	PutAt time.Time         // when it came into the database; zero of the built-in document
	Why   error             // why it is refused, and never in force; nil of one that is not
}

// Since is from when it decides where its turn has come: what was put after the minute at which it
// begins decided nothing before it was put.
func (r Revision) Since() time.Time {
	if !r.From.IsZero() && r.PutAt.After(r.From) {
		return r.PutAt
	}
	return r.From
}

// Approval is who must sign a revision before it counts. The zero Approval is
// nobody, and then none counts.
type Approval struct {
	Kinds []hub.AuthorityKind // one authority of each, all different; fewer than two is nobody
	Keys  []Key
}

// Key is the public key of an authority, for signing revisions. The private one
// is the authority's own, and no part of a hub.
type Key struct {
	Authority   hub.AuthorityID
	Kind        hub.AuthorityKind // of the authority
	Verifier    string            // as C2SP signed-note has it: "koege+1a2b3c4d+AX…"
	From, Until time.Time         // for revisions that are to be in force from a time in this span
}

// MaxDocument is how long a signed revision may be, in bytes.
const MaxDocument = 1 << 20

// Text gives the document of a signed or an unsigned revision: the bytes that are
// signed. What is no signed note is a document that nobody has signed yet.
func Text(file []byte) (document []byte, signatures []signednote.Signature) {
	n, err := signednote.Open(file, nil)
	var unverified *signednote.UnverifiedNoteError
	if errors.As(err, &unverified) {
		n = unverified.Note
	}
	if n == nil {
		return file, nil
	}
	return []byte(n.Text), n.UnverifiedSigs
}

// Sign adds a signature to a revision, over its document's very bytes. The key is
// the private one that [signednote.GenerateKey] gave.
func Sign(file []byte, key string) ([]byte, error) {
	signer, err := signednote.NewSigner(strings.TrimSpace(key))
	if err != nil {
		return nil, fmt.Errorf("policies: the private key: %w", err)
	}
	document, signatures := Text(file)
	signed, err := signednote.Sign(&signednote.Note{Text: string(document), UnverifiedSigs: signatures}, signer)
	if err != nil {
		return nil, fmt.Errorf("policies: signing: %w", err)
	}
	if again, _ := Text(signed); !bytes.Equal(again, document) { // control characters: no verifier would take it
		return nil, errors.New("policies: the document is not plain text of lines, ending with one: it cannot be signed")
	}
	return signed, nil
}

// ChangedError is that an authority's signature is over other bytes: the file was
// changed after it was signed, or the signature is another file's.
type ChangedError hub.AuthorityID

func (e ChangedError) Error() string {
	return fmt.Sprintf("the signature of %s is not over these bytes", string(e))
}

// signers opens a signed note and tells which authorities have signed it, with
// keys that hold at an instant. A wrong signature of a known key spoils the whole.
func (a Approval) signers(file []byte, at func(document []byte) (time.Time, error)) (document []byte, by []hub.AuthorityID, err error) {
	document, _ = Text(file)
	from, err := at(document)
	if err != nil {
		return document, nil, err
	}
	var known []signednote.Verifier
	whose := map[hub.AuthorityID]hub.AuthorityKind{}
	for _, k := range a.Keys {
		if from.Before(k.From) || !from.Before(k.Until) {
			continue
		}
		v, err := signednote.NewVerifier(k.Verifier)
		if err != nil || v.Name() != string(k.Authority) {
			return document, nil, fmt.Errorf("the key of %s is none, or another's", k.Authority)
		}
		known = append(known, v)
		whose[k.Authority] = k.Kind
	}
	n, err := signednote.Open(file, signednote.VerifierList(known...))
	if unverified := new(signednote.UnverifiedNoteError); errors.As(err, &unverified) {
		n, err = &signednote.Note{}, nil
	}
	if invalid := new(signednote.InvalidSignatureError); errors.As(err, &invalid) {
		return document, nil, ChangedError(invalid.Name)
	}
	if err != nil {
		return document, nil, errors.New("it is not signed")
	}
	for _, s := range n.Sigs {
		by = append(by, hub.AuthorityID(s.Name))
	}
	slices.Sort(by)
	by = slices.Compact(by)
	if len(a.Kinds) < 2 {
		return document, by, errors.New("nobody may approve a revision: the structure file names no two authorities that do")
	}
	missing := slices.Clone(a.Kinds)
	for _, who := range by {
		if i := slices.Index(missing, whose[who]); i >= 0 {
			missing = slices.Delete(missing, i, i+1)
		}
	}
	if len(missing) > 0 {
		return document, by, fmt.Errorf("it has not the signature of: %s", joined(missing))
	}
	return document, by, nil
}

func joined[T ~string](list []T) string {
	text := make([]string, len(list))
	for i, x := range list {
		text[i] = string(x)
	}
	return strings.Join(text, ", ")
}

// HeaderOf reads what a document says of itself; of the built-in document, which
// says nothing, it is the zero Header. The document is held to the form of the
// built-in one: the same tables and no other, and no name twice, which two readers
// could read in two ways.
func HeaderOf(doc []byte) (Header, error) {
	var h Header
	var parts map[string]json.RawMessage
	if err := plain(doc, &parts); err != nil {
		return h, err
	}
	var form map[string]json.RawMessage
	if err := json.Unmarshal(document, &form); err != nil {
		return h, err
	}
	for _, name := range slices.Sorted(maps.Keys(form)) {
		part, ok := parts[name]
		if !ok {
			return h, fmt.Errorf("the table %q is missing", name)
		}
		if part[0] != form[name][0] { // {, [ or "
			return h, fmt.Errorf("the table %q is of another form", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if _, ok := form[name]; !ok && name != "revision" {
			return h, fmt.Errorf("there is no table %q", name)
		}
	}
	part, ok := parts["revision"]
	if !ok {
		return h, nil
	}
	d := json.NewDecoder(bytes.NewReader(part))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil {
		return h, fmt.Errorf("revision: %w", err)
	}
	return h, h.check()
}

// plain takes a document apart that every reader reads alike: UTF-8, one value,
// no name twice at any depth.
func plain(doc []byte, parts *map[string]json.RawMessage) error {
	if len(doc) > MaxDocument {
		return fmt.Errorf("it is longer than %d bytes", MaxDocument)
	}
	if v := jsontext.Value(doc); !v.IsValid() { // stricter than encoding/json
		return errors.New("it is not JSON, or names something twice")
	}
	return json.Unmarshal(doc, parts)
}

var hexSum = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (h Header) check() error {
	switch {
	case h.Number < 1:
		return errors.New("revision: number is to be 1 or more")
	case !hexSum.MatchString(h.After):
		return errors.New("revision: after is to be the SHA-256 of the document before it, 64 hexadecimal digits")
	case h.From.IsZero() || !h.From.Equal(h.From.Truncate(time.Minute)):
		return errors.New("revision: from is to be a whole minute, as 2026-12-01T00:00:00+01:00")
	case strings.TrimSpace(h.Title) == "" || utf8.RuneCountInString(h.Title) > 300 || strings.ContainsAny(h.Title, "{}") || strings.ContainsFunc(h.Title, unicode.IsControl):
		return errors.New("revision: title is to be one line of at most 300 letters without braces, that says what changes and why")
	}
	return nil
}

// Sum is the SHA-256 of a document, in hex, as the next revision names it.
func Sum(document []byte) string {
	s := sha256.Sum256(document)
	return hex.EncodeToString(s[:])
}

var headed = regexp.MustCompile(`^\{\s*("revision":\s*\{[^{}]*\},\s*)?`)

// Draft gives a document the header of a revision to come. Nothing else of it
// changes, so that what was edited can be compared line by line.
func Draft(document []byte, h Header) ([]byte, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	b := new(bytes.Buffer)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(h); err != nil {
		return nil, err
	}
	begin := headed.Find(document)
	if begin == nil {
		return nil, errors.New("the document is no JSON object")
	}
	draft := fmt.Appendf(nil, "{\n  \"revision\": %s,\n\n  %s", bytes.TrimSpace(b.Bytes()), document[len(begin):])
	draft = append(bytes.TrimRight(draft, "\n"), '\n')
	got, err := HeaderOf(draft)
	if err == nil && (got.Number != h.Number || got.After != h.After || !got.From.Equal(h.From) || got.Title != h.Title) {
		err = errors.New("the header cannot be put into the document")
	}
	return draft, err
}
