package tree

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint says how large a log was, and what it was then.
type Checkpoint struct {
	Origin string // which log: "infohus.example/trail"
	Size   int64  // leaves
	Root   tlog.Hash
}

// String is the text that is signed.
func (c Checkpoint) String() string { return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root) }

// Tree is the checkpoint as tlog has it.
func (c Checkpoint) Tree() tlog.Tree { return tlog.Tree{N: c.Size, Hash: c.Root} }

// parse reads the text of a checkpoint. Lines after the third are not ours to judge.
func parse(text string) (c Checkpoint, err error) {
	line := strings.Split(text, "\n")
	if len(line) < 4 || line[0] == "" || line[len(line)-1] != "" {
		return c, errors.New("tree: that is no checkpoint")
	}
	c.Origin = line[0]
	c.Size, err = strconv.ParseInt(line[1], 10, 64)
	if err != nil || c.Size < 0 || strconv.FormatInt(c.Size, 10) != line[1] {
		return c, errors.New("tree: the size of a checkpoint is no number")
	}
	if c.Root, err = tlog.ParseHash(line[2]); err != nil || c.Root.String() != line[2] {
		return c, errors.New("tree: the root of a checkpoint is none")
	}
	return c, nil
}

// Key is the verifier key of whoever signs for an origin, as it is handed to others
// ("infohus.example/trail+5ab03f9a+AXyz…"), and what it verifies by.
func Key(origin string, public ed25519.PublicKey) (string, note.Verifier, error) {
	key, err := note.NewEd25519VerifierKey(origin, public)
	if err != nil {
		return "", nil, fmt.Errorf("tree: %w", err)
	}
	v, err := note.NewVerifier(key)
	if err != nil {
		return "", nil, fmt.Errorf("tree: a log cannot be called %q: %w", origin, err)
	}
	return key, v, nil
}

// signer signs with a key that is elsewhere.
type signer struct {
	note.Verifier
	sign func(text []byte) ([]byte, error)
}

func (s signer) Sign(text []byte) ([]byte, error) { return s.sign(text) }

// Sign signs a checkpoint: v is whom the signature will be verified by, and sign makes
// it with the key that belongs to it. What comes out has been verified.
func (c Checkpoint) Sign(v note.Verifier, sign func(text []byte) ([]byte, error)) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: c.String()}, signer{v, sign})
	if err != nil {
		return nil, fmt.Errorf("tree: signing: %w", err)
	}
	_, err = Open(signed, v)
	return signed, err
}

// Open is the checkpoint of a signed note, if the verifier's key has signed it for the
// log of the verifier's name.
func Open(signed []byte, v note.Verifier) (Checkpoint, error) {
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("tree: the checkpoint: %w", err)
	}
	c, err := parse(n.Text)
	if err == nil && c.Origin != v.Name() {
		err = fmt.Errorf("tree: the checkpoint is of the log %q, and the key of %q", c.Origin, v.Name())
	}
	return c, err
}
