// Package witness is what another authority runs to see that a log only grows (C2SP
// tlog-witness), and how a log asks it.
//
// A witness promises:
//
//   - It cosigns a checkpoint only if the log signed it and it follows all that the witness
//     saw of that log before.
//   - What it cosigns is on the disk before it answers, so that a crash makes it forget
//     nothing.
//   - What does not follow it says: in its log, once a minute, and at /readyz. Two trees that
//     the log signed and of which neither follows the other are kept as a file, and it stays
//     red until somebody has looked and taken that away.
//
// It needs no database, no right at the log and none of the log's secrets, and learns
// nothing of what the leaves commit to.
package witness

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/infohus/infohus/pkg/tree"
)

// Log is a log that is witnessed.
type Log struct {
	Verifier note.Verifier // of its checkpoints; its name is the log's origin
	Get      Getter        // reads what it publishes; nil: it is not followed, and only what comes is judged
}

// Witness keeps the last checkpoint of each of its logs, and cosigns what follows.
type Witness struct {
	dir    string
	signer note.Signer
	key    string
	log    *slog.Logger
	logs   []*kept
	lock   *os.File
	now    func() time.Time
}

// kept is what is known of a log.
type kept struct {
	Log
	id string // of its files

	mu     sync.Mutex
	last   tree.Checkpoint // that was cosigned, or seen to follow
	signed []byte          // as it was signed; nil before the first
	doubt  error           // what came last and did not follow
	pushed []byte          // what that was, to be looked into
	unseen error           // why it could not be followed
	split  error           // what somebody must look at
	named  bool            // and it says which leaf
	away   time.Time       // since when it could not be read
	behind bool            // it said last that it has fewer leaves than it had
}

// Open opens the witness of a directory for these logs, alone. Where there is no key it
// makes one under the name, which must be given then, and need not later.
func Open(dir, name string, log *slog.Logger, logs ...Log) (*Witness, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	w := &Witness{dir: dir, log: log, now: time.Now}
	if err := w.hold(); err != nil {
		return nil, err
	}
	if err := w.open(name, logs); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

func (w *Witness) open(name string, logs []Log) error {
	if err := w.readKey(name); err != nil {
		return err
	}
	for _, l := range logs {
		sum := sha256.Sum256([]byte(l.Verifier.Name()))
		k := &kept{Log: l, id: hex.EncodeToString(sum[:8])}
		for _, other := range w.logs {
			if other.id == k.id {
				return fmt.Errorf("witness: the log %s is given twice", l.Verifier.Name())
			}
		}
		if err := w.read(k); err != nil {
			return err
		}
		w.logs = append(w.logs, k)
	}
	return nil
}

// Close lets go of the directory.
func (w *Witness) Close() error { return w.lock.Close() }

// Key is the witness's verifier key, for whoever is to know its cosignatures.
func (w *Witness) Key() string { return w.key }

// hold takes the directory for this process: two that keep one checkpoint could cosign
// two pasts.
func (w *Witness) hold() error {
	f, err := os.OpenFile(filepath.Join(w.dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return fmt.Errorf("witness: %s is held by another witness; stop that one, or give this one another directory", w.dir)
	}
	w.lock = f
	return nil
}

const secret = "PRIVATE+KEY+"

// readKey reads the key, or makes it. Where there are checkpoints and no key it makes none:
// to go on under another would look as if nothing had happened.
func (w *Witness) readKey(name string) error {
	file := filepath.Join(w.dir, "key")
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		if old, err := filepath.Glob(filepath.Join(w.dir, "checkpoint-*")); err != nil || len(old) > 0 {
			return fmt.Errorf("witness: %s has checkpoints and no key: put the file key back from a backup, or begin anew in an empty directory and tell those who know the old key", w.dir)
		}
		if name == "" {
			return errors.New("witness: there is no key yet; say under which name one is to be made, such as koege.example/witness")
		}
		seed := make([]byte, ed25519.SeedSize)
		rand.Read(seed)
		text = []byte(secret + name + "+" + base64.StdEncoding.EncodeToString(seed) + "\n")
		if _, _, err := tree.Cosigner(name, ed25519.NewKeyFromSeed(seed)); err != nil {
			return err
		}
		if err := w.put("key", text); err != nil {
			return err
		}
	} else if err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	rest, ours := strings.CutPrefix(strings.TrimSpace(string(text)), secret)
	own, b64, _ := strings.Cut(rest, "+")
	seed, err := base64.StdEncoding.DecodeString(b64)
	if err != nil || !ours || len(seed) != ed25519.SeedSize {
		return fmt.Errorf("witness: %s is no key", file)
	}
	if name != "" && name != own {
		return fmt.Errorf("witness: the key of %s was made for %s, and not for %s", w.dir, own, name)
	}
	w.signer, w.key, err = tree.Cosigner(own, ed25519.NewKeyFromSeed(seed))
	return err
}

// read takes up what was kept of a log.
func (w *Witness) read(k *kept) error {
	signed, err := os.ReadFile(filepath.Join(w.dir, "checkpoint-"+k.id))
	if errors.Is(err, fs.ErrNotExist) {
		w.log.Warn("nothing is kept of this log: what it says first is taken for its past", "log", k.Verifier.Name())
		signed, err = nil, nil
	}
	if err == nil && signed != nil {
		if k.last, err = tree.Open(signed, k.Verifier); err != nil {
			return fmt.Errorf("witness: what is kept of %s is not what its key signed; put the file checkpoint-%s back as it was: %w", k.Verifier.Name(), k.id, err)
		}
		k.signed = signed
	}
	if err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	if f, err := os.Stat(w.leaves(k)); err == nil && f.Size() > k.last.Size*tlog.HashSize { // a crash came between the two files
		if err := os.Truncate(w.leaves(k), k.last.Size*tlog.HashSize); err != nil {
			return fmt.Errorf("witness: %w", err)
		}
	}
	if _, err := os.Stat(filepath.Join(w.dir, "split-"+k.id)); err == nil {
		k.split = fmt.Errorf("the log signed two pasts, and they stand in the file split-%s", k.id)
	}
	return nil
}

// put writes a file so that it is there in full, or is what it was, after a crash too.
func (w *Witness) put(name string, text []byte) error {
	f, err := os.CreateTemp(w.dir, ".new-*")
	if err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(w.dir, name))
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("witness: %w", err)
	}
	d, err := os.Open(w.dir)
	if err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// of is what is kept of a log; nil for one that is not witnessed.
func (w *Witness) of(origin string) *kept {
	for _, k := range w.logs {
		if k.Verifier.Name() == origin {
			return k
		}
	}
	return nil
}

// Verdict is what a witness answers to a submission.
type Verdict int

// The verdicts, in the words of the protocol.
const (
	Cosigned   Verdict = iota // a line
	Malformed                 // that is no submission, or the old size is above the new
	Unknown                   // a log that is not witnessed
	Unsigned                  // not signed by the log's key
	Conflict                  // the old size is not that of the last one: that is the answer
	Split                     // as many leaves as the last one, and another root
	Unproven                  // the proof does not hold
	Unwritable                // it could not be kept, and so not cosigned
)

// add judges a submission, and cosigns what follows. Where the old size is another it
// gives that of the last.
func (w *Witness) add(body []byte) (v Verdict, line []byte, size int64) {
	s, err := tree.ParseSubmission(body)
	if err != nil {
		return Malformed, nil, 0
	}
	k := w.of(tree.OriginOf(s.Checkpoint))
	if k == nil {
		return Unknown, nil, 0
	}
	c, err := tree.Open(s.Checkpoint, k.Verifier)
	if err != nil {
		return Unsigned, nil, 0
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case s.Old > c.Size:
		return Malformed, nil, 0
	case k.signed != nil && c.Size == k.last.Size && c.Root != k.last.Root:
		w.tear(k, s.Checkpoint, fmt.Sprintf("there are two trees of %d leaves that the log signed", c.Size), false)
		return Split, nil, 0
	case s.Old != k.last.Size:
		if c.Size < k.last.Size {
			k.doubted(s.Checkpoint, fmt.Errorf("the log says that it has %d leaves, and there were %d", c.Size, k.last.Size))
		}
		return Conflict, nil, k.last.Size
	}
	if err := c.Follows(k.last, s.Proof); err != nil {
		k.doubted(s.Checkpoint, err)
		return Unproven, nil, 0
	}
	if line, err = w.advance(k, c, s.Checkpoint); err != nil {
		w.log.Error("it is not cosigned, for it could not be kept", "log", c.Origin, "error", err.Error())
		return Unwritable, nil, 0
	}
	return Cosigned, line, 0
}

// advance keeps a checkpoint that follows the last, cosigned; on the disk first. The same
// one again is cosigned again, with the time of now.
func (w *Witness) advance(k *kept, c tree.Checkpoint, signed []byte) ([]byte, error) {
	line, err := tree.Cosign(signed, k.Verifier, w.signer)
	if err != nil {
		return nil, err
	}
	if k.signed == nil || c != k.last {
		own, err := tree.Trim(signed, k.Verifier)
		if err != nil {
			return nil, err
		}
		if err := w.put("checkpoint-"+k.id, append(own, line...)); err != nil {
			return nil, err
		}
		k.last, k.signed = c, own
	}
	if k.Get == nil {
		k.doubt, k.pushed = nil, nil
	}
	return line, nil
}

// doubted remembers what did not follow. Anybody can send a checkpoint that was published
// once with a proof that is none, so that it is no evidence yet: where the log is followed
// it is looked into, and else the next one that follows ends the doubt.
func (k *kept) doubted(signed []byte, why error) { k.doubt, k.pushed = why, bytes.Clone(signed) }

// tear keeps the evidence that the log signed two pasts: what was kept, and what came. What
// names the leaf takes the place of what did not.
func (w *Witness) tear(k *kept, signed []byte, why string, named bool) {
	if k.split == nil {
		text := fmt.Appendf(nil, "%s: %s.\n\nKept:\n\n%s\nCame:\n\n%s", k.Verifier.Name(), why, k.signed, signed)
		if err := w.put("split-"+k.id, text); err != nil {
			w.log.Error("the evidence could not be kept", "log", k.Verifier.Name(), "error", err.Error(), "evidence", string(text))
		}
	} else if !named || k.named {
		return // it was said
	}
	k.named = named
	k.split = fmt.Errorf("%s; what it signed stands in the file split-%s", why, k.id)
	w.log.Error("SPLIT VIEW: the log is not one log", "log", k.Verifier.Name(), "why", k.split.Error())
}

// Troubles are what somebody should look at, by log; none is well.
func (w *Witness) Troubles() (list []string) {
	for _, k := range w.logs {
		k.mu.Lock()
		for _, err := range []error{k.split, k.doubt, k.unseen} {
			if err != nil {
				list = append(list, k.Verifier.Name()+": "+err.Error())
			}
		}
		k.mu.Unlock()
	}
	return list
}

// Say says in the log what is wrong.
func (w *Witness) Say() {
	for _, t := range w.Troubles() {
		w.log.Error("look at this", "what", t)
	}
}
