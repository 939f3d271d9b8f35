package tree

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Cosignature is a witness's word that a checkpoint follows all that it saw of the log
// before (C2SP tlog-cosignature).
type Cosignature struct {
	Witness string    // the name of its key
	At      time.Time // by its own clock
	Line    string    // as it stands under the checkpoint, with its end
}

// Cosigned are the cosignatures of these witnesses on a signed checkpoint, each witness's
// once. Those of others are passed over; one that bears the name and the number of a
// witness's key and was not made by it is an error. Whether the log signed the checkpoint
// is for [Open] to say.
func Cosigned(checkpoint []byte, witnesses ...note.Verifier) (list []Cosignature, err error) {
	n, err := note.Open(checkpoint, note.VerifierList(witnesses...))
	if unverified := new(note.UnverifiedNoteError); errors.As(err, &unverified) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("tree: cosignatures: %w", err)
	}
	if _, err := parse(n.Text); err != nil {
		return nil, err
	}
	for _, s := range n.Sigs {
		at, err := torchwood.CosignatureTimestamp(s)
		if err != nil {
			return nil, fmt.Errorf("tree: the cosignature of %s: %w", s.Name, err)
		}
		list = append(list, Cosignature{s.Name, time.Unix(at, 0).UTC(), "— " + s.Name + " " + s.Base64 + "\n"})
	}
	return list, nil
}

// CosignedBy is nil where each of the witnesses has cosigned a checkpoint of the log.
func CosignedBy(signed []byte, log note.Verifier, witnesses ...note.Verifier) error {
	n, err := note.Open(signed, note.VerifierList(append(slices.Clone(witnesses), log)...))
	if err != nil {
		return fmt.Errorf("tree: the checkpoint: %w", err)
	}
	for _, w := range witnesses {
		if !slices.ContainsFunc(n.Sigs, func(s note.Signature) bool { return s.Name == w.Name() && s.Hash == w.KeyHash() }) {
			return fmt.Errorf("tree: the checkpoint is not cosigned by %s", w.Name())
		}
	}
	return nil
}

// Witness is what a witness's cosignatures are verified by: its key as it is handed to
// others ("koege.example/witness+2a6e75c5+BJKf…").
func Witness(key string) (note.Verifier, error) {
	v, err := torchwood.NewCosignatureVerifier(key)
	if err != nil {
		return nil, fmt.Errorf("tree: this is no verifier key of a witness: %w", err)
	}
	return v, nil
}

// Cosigner cosigns checkpoints under a name, by the clock of this machine. The text is its
// verifier key, for [Witness].
func Cosigner(name string, key ed25519.PrivateKey) (note.Signer, string, error) {
	s, err := torchwood.NewCosignatureSigner(name, key)
	if err != nil {
		return nil, "", fmt.Errorf("tree: a witness cannot be called %q: %w", name, err)
	}
	return s, s.Verifier().String(), nil
}

// Cosign gives the line by which a witness cosigns a checkpoint that the log has signed.
func Cosign(signed []byte, log note.Verifier, s note.Signer) ([]byte, error) {
	n, err := note.Open(signed, note.VerifierList(log))
	if err != nil {
		return nil, fmt.Errorf("tree: the checkpoint: %w", err)
	}
	cosigned, err := note.Sign(&note.Note{Text: n.Text}, s)
	if err != nil {
		return nil, fmt.Errorf("tree: cosigning: %w", err)
	}
	return cosigned[len(n.Text)+1:], nil
}

// Trim is a signed checkpoint with the log's own signature alone.
func Trim(signed []byte, log note.Verifier) ([]byte, error) {
	n, err := note.Open(signed, note.VerifierList(log))
	if err != nil {
		return nil, fmt.Errorf("tree: the checkpoint: %w", err)
	}
	return note.Sign(&note.Note{Text: n.Text, Sigs: n.Sigs})
}

// Follows holds that a tree begins with another, by the proof that there is (RFC 6962,
// 2.1.2); of one that begins with nothing, or with all of itself, the proof is empty.
func (c Checkpoint) Follows(old Checkpoint, proof []tlog.Hash) error {
	switch {
	case c.Size < old.Size:
		return fmt.Errorf("tree: %d leaves do not follow %d", c.Size, old.Size)
	case old.Size > 0 && c.Size > old.Size:
		if tlog.CheckTree(proof, c.Size, c.Root, old.Size, old.Root) != nil {
			return fmt.Errorf("tree: that the %d leaves begin with the %d is not proven", c.Size, old.Size)
		}
		return nil
	case len(proof) > 0:
		return errors.New("tree: there is nothing to prove, and a proof")
	case c.Size == old.Size && old.Size > 0 && c.Root != old.Root:
		return fmt.Errorf("tree: two trees of %d leaves are not the same", c.Size)
	case c.Size == 0:
		if empty, err := tlog.TreeHash(0, nil); err != nil || c.Root != empty {
			return errors.New("tree: no leaves have another root")
		}
	}
	return nil
}

// Submission is what a witness is asked (C2SP tlog-witness): to cosign a checkpoint that
// follows the one that it cosigned last.
type Submission struct {
	Old        int64 // how many leaves that one has
	Proof      []tlog.Hash
	Checkpoint []byte // signed by the log
}

// mostProof is how many hashes a proof may have.
const mostProof = 63

// Bytes is the submission as it is sent.
func (s Submission) Bytes() []byte {
	b := fmt.Appendf(nil, "old %d\n", s.Old)
	for _, h := range s.Proof {
		b = append(b, h.String()+"\n"...)
	}
	return append(append(b, '\n'), s.Checkpoint...)
}

// ParseSubmission reads a submission as it was sent. Nothing of what it says is judged.
func ParseSubmission(body []byte) (s Submission, err error) {
	head, checkpoint, ok := bytes.Cut(body, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	size, old := strings.CutPrefix(lines[0], "old ")
	s.Checkpoint = checkpoint
	if s.Old, err = strconv.ParseInt(size, 10, 64); err != nil || !ok || !old || s.Old < 0 || strconv.FormatInt(s.Old, 10) != size || len(lines) > 1+mostProof {
		return s, errors.New("tree: that is no submission")
	}
	for _, l := range lines[1:] {
		h, err := base64.StdEncoding.DecodeString(l)
		if err != nil || len(h) != tlog.HashSize {
			return s, errors.New("tree: a line of the proof is no hash")
		}
		s.Proof = append(s.Proof, tlog.Hash(h))
	}
	return s, nil
}

// OriginOf is the log that a signed checkpoint says it is of, before anything of it is
// verified.
func OriginOf(signed []byte) string {
	origin, _, _ := strings.Cut(string(signed), "\n")
	return origin
}
