package tree

import (
	"fmt"
	"slices"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
)

// Witness is what the cosignatures of a witness are verified by, from its key as it is
// handed to others (c2sp.org/tlog-cosignature).
func Witness(key string) (note.Verifier, error) {
	v, err := torchwood.NewCosignatureVerifier(key)
	if err != nil {
		return nil, fmt.Errorf("tree: %q is no key of a witness: %w", key, err)
	}
	return v, nil
}

// Cosigned is nil where each of the witnesses has cosigned a checkpoint of the log.
func Cosigned(signed []byte, log note.Verifier, witnesses ...note.Verifier) error {
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
