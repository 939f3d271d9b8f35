package tree

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	theirs "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// witness is one with a key of its own, all invented.
func witness(t testing.TB, name string, seed byte) (note.Signer, note.Verifier) {
	t.Helper()
	s, key, err := Cosigner(name, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	v, err := Witness(key)
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

// A cosignature is one witness's, on one checkpoint: a missing one is not there, and one
// that somebody else made in its name is an error.
func TestCosigned(t *testing.T) {
	p := publish(t, 300)
	signed, log := p["checkpoint"], key(t, origin, private)
	s1, v1 := witness(t, "koege.example/witness", 1)
	s2, v2 := witness(t, "mvsjpoliti.example/witness", 2)
	l1, err1 := Cosign(signed, log, s1)
	l2, err2 := Cosign(signed, log, s2)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	both := string(signed) + string(l1) + string(l2)
	by := func(what, checkpoint, want string, witnesses ...note.Verifier) {
		t.Helper()
		list, err := Cosigned([]byte(checkpoint), witnesses...)
		var names []string
		for _, c := range list {
			names = append(names, c.Witness)
			if d := time.Since(c.At); d < 0 || d > time.Hour || !strings.Contains(both, c.Line) {
				t.Errorf("%s: %+v", what, c)
			}
		}
		if got := strings.Join(names, " "); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", what, got, err, want)
		}
	}
	by("both", both, "koege.example/witness mvsjpoliti.example/witness", v1, v2)
	by("one of them", both, "koege.example/witness", v1)
	by("a missing one", string(signed)+string(l2), "mvsjpoliti.example/witness", v1, v2)
	by("twice the same", both+string(l1), "koege.example/witness mvsjpoliti.example/witness", v1, v2)
	by("none", string(signed), "", v1, v2)
	by("nobody asked", both, "")
	if c, err := Open([]byte(both), log); err != nil || c.Size != 300 {
		t.Errorf("the log's own signature beside the others: %v, %v", c, err)
	}
	other := publish(t, 299)["checkpoint"]
	for what, checkpoint := range map[string]string{
		"of another checkpoint": string(other) + string(l1),
		"that was changed":      string(signed) + strings.Replace(string(l1), string(l1[len(l1)-9:]), "AAAAAAA=\n", 1),
		"in another's name":     string(signed) + strings.Replace(string(l2), "mvsjpoliti.example/witness "+string(l2[bytes.LastIndexByte(l2, ' ')+1:][:5]), "koege.example/witness "+string(l1[bytes.LastIndexByte(l1, ' ')+1:][:5]), 1),
		"half of one":           string(signed) + "— koege.example/witness",
	} {
		if list, err := Cosigned([]byte(checkpoint), v1, v2); err == nil {
			t.Errorf("one %s: %v", what, list)
		}
	}
	if _, err := Cosign(signed, key(t, origin, ed25519.NewKeyFromSeed(make([]byte, 32))), s1); err == nil {
		t.Error("what the log did not sign is cosigned")
	}
	if _, err := Witness("koege.example/witness+00000000+AAAA"); err == nil {
		t.Error("no key of a witness")
	}
}

// What we cosign another implementation verifies, and what it cosigns we do.
func TestCosignaturesAreThoseOfOthers(t *testing.T) {
	p := publish(t, 5)
	s, v := witness(t, "koege.example/witness", 1)
	line, err := Cosign(p["checkpoint"], key(t, origin, private), s)
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := Cosigner("koege.example/witness", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize)))
	other, err := theirs.NewVerifierForCosignatureV1(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(append(bytes.Clone(p["checkpoint"]), line...), note.VerifierList(other)); err != nil {
		t.Errorf("they do not verify ours: %v", err)
	}
	skey := "PRIVATE+KEY+koege.example/witness+00000000+" + base64.StdEncoding.EncodeToString(append([]byte{4}, bytes.Repeat([]byte{1}, ed25519.SeedSize)...))
	signer, err := theirs.NewSignerForCosignatureV1(skey)
	if err != nil {
		t.Fatal(err)
	}
	if line, err = Cosign(p["checkpoint"], key(t, origin, private), signer); err != nil {
		t.Fatal(err)
	}
	if list, err := Cosigned(append(bytes.Clone(p["checkpoint"]), line...), v); err != nil || len(list) != 1 {
		t.Errorf("we do not verify theirs: %v, %v", list, err)
	}
}

func TestFollows(t *testing.T) {
	hashes := map[int64]tlog.Hash{}
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = stored[x]
		}
		return out, nil
	})
	root := func(n int64) Checkpoint {
		r, err := tlog.TreeHash(n, read)
		if err != nil {
			t.Fatal(err)
		}
		return Checkpoint{origin, n, r}
	}
	for i := range int64(20) {
		more, err := tlog.StoredHashes(i, []byte{byte(i)}, read)
		if err != nil {
			t.Fatal(err)
		}
		stored, hashes[i] = append(stored, more...), more[0]
	}
	for old := int64(0); old <= 20; old++ {
		for size := int64(0); size <= 20; size++ {
			var proof []tlog.Hash
			if 0 < old && old < size {
				p, err := tlog.ProveTree(size, old, read)
				if err != nil {
					t.Fatal(err)
				}
				proof = p
			}
			a, b := root(old), root(size)
			if err := b.Follows(a, proof); (err == nil) != (old <= size) {
				t.Errorf("%d after %d: %v", size, old, err)
			}
			if b.Follows(a, append(proof[:len(proof):len(proof)], hashes[0])) == nil {
				t.Errorf("%d after %d with a hash too many", size, old)
			}
			a.Root[0] ^= 1
			if old > 0 && b.Follows(a, proof) == nil {
				t.Errorf("%d after another %d", size, old)
			}
			b.Root[0] ^= 1
			if size == 0 && b.Follows(root(0), nil) == nil {
				t.Error("nothing with a root of its own")
			}
		}
	}
}

func TestSubmission(t *testing.T) {
	// The example of c2sp.org/tlog-witness.
	const body = "old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\nexample.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa Az3g\n"
	s, err := ParseSubmission([]byte(body))
	if err != nil || s.Old != 20852014 || len(s.Proof) != 2 || string(s.Bytes()) != body || OriginOf(s.Checkpoint) != "example.com/behind-the-sofa" {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := ParseSubmission([]byte("old 0\n\nx\n1\n")); err != nil || s.Old != 0 || len(s.Proof) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	line := "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
	for _, bad := range []string{"", "old 1\n", "old -1\n\nx", "old 01\n\nx", "old +1\n\nx", "old\n\nx", "new 1\n\nx", "old 1\nabc\n\nx", "old 1\nAAAA\n\nx", "old 1 \n\nx", "old 99999999999999999999\n\nx", "old 1\r\n\r\nx", "old 1\n" + strings.Repeat(line, 64) + "\nx"} {
		if s, err := ParseSubmission([]byte(bad)); err == nil {
			t.Errorf("%.40q is taken as %+v", bad, s)
		}
	}
	if _, err := ParseSubmission([]byte("old 1\n" + strings.Repeat(line, 63) + "\nx")); err != nil {
		t.Error(err)
	}
}
