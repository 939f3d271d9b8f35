package vault

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/infohus/infohus/pkg/hub"
)

// boxVersion is the first byte of a box; the rest is nonce and ciphertext.
const boxVersion = 1

// Seal encrypts a text under a key, for one place. The place names table, row
// and field: "intake.concern/<id>/why_now".
func (v *Vault) Seal(key hub.ID, where string, p hub.Personal) ([]byte, error) {
	var box []byte
	err := v.with(key, func(k []byte) error {
		plain := p.Bytes()
		box = append([]byte{boxVersion}, seal(k, plain, boxBound(key, where))...)
		clear(plain)
		return nil
	})
	return box, err
}

// Open decrypts what Seal made for the place. The receipt says that the act is
// recorded: without one that names the key, the answer is ErrNoRecord. A box of
// another key or place, or a damaged one, is ErrBox.
func (v *Vault) Open(r hub.Receipt, key hub.ID, where string, box []byte) (hub.Personal, error) {
	if !r.Opens(key) {
		return hub.Personal{}, ErrNoRecord
	}
	return v.open1(key, where, box)
}

// open1 is Open once it is known that there is a record.
func (v *Vault) open1(key hub.ID, where string, box []byte) (hub.Personal, error) {
	var p hub.Personal
	err := v.with(key, func(k []byte) error {
		if len(box) == 0 || box[0] != boxVersion {
			return ErrBox
		}
		plain, ok := unseal(k, box[1:], boxBound(key, where))
		if !ok {
			return ErrBox
		}
		p = hub.NewPersonal(string(plain))
		clear(plain)
		return nil
	})
	return p, err
}

func boxBound(key hub.ID, where string) []byte {
	return []byte("infohus box\x00" + string(key) + "\x00" + where)
}

// Pseudonym is what the trail calls a subject: 26 letters and digits, the same
// for the same subject as long as this vault lives, and telling nothing without
// its key.
func (v *Vault) Pseudonym(subject hub.ID) string {
	return pseudonym(v.name, subject)
}

func pseudonym(name [keySize]byte, subject hub.ID) string {
	return string(keyed(name[:], []byte("pseudonym\x00"+string(subject))))
}

// Blind is an index by which one authority finds the same text again, such as
// a CPR number, without being able to read it: 26 letters and digits. It is the
// same within one authority and period, and different in any other. The key is
// made when it is first needed. After DestroyPeriod the answer is ErrDestroyed.
//
// The text must already be in its one form: Blind compares bytes.
func (v *Vault) Blind(a hub.AuthorityID, period string, p hub.Personal) (string, error) {
	id := derive("blind", string(a), period)
	var index hub.ID
	use := func(k []byte) error {
		plain := p.Bytes()
		index = keyed(k, append([]byte("blind\x00"), plain...))
		clear(plain)
		return nil
	}
	err := v.with(id, use)
	if errors.Is(err, ErrNoKey) {
		if err := v.Make(id); err != nil {
			return "", err
		}
		err = v.with(id, use)
	}
	return string(index), err
}

// DestroyPeriod destroys the key of an authority's blind indexes for a period,
// so that nobody can try all numbers against them. Make the new period's
// indexes first.
func (v *Vault) DestroyPeriod(a hub.AuthorityID, period string) error {
	return v.Destroy(derive("blind", string(a), period))
}

// AuthorityKey is the ID of an authority's own key, under which its people's
// justifications are sealed. Make it before it is used.
func AuthorityKey(a hub.AuthorityID) hub.ID { return derive("authority", string(a)) }

// Sign signs a text with the Ed25519 key of that name ("trail"). The key is made when it
// is first needed, lies with the others and never leaves the vault. The texts of two
// uses must not be mistaken for one another, so each has a name of its own.
func (v *Vault) Sign(name string, text []byte) (signature []byte, err error) {
	err = v.signer(name, func(k ed25519.PrivateKey) { signature = ed25519.Sign(k, text) })
	return signature, err
}

// Public is the public key of what [Vault.Sign] signs under a name.
func (v *Vault) Public(name string) (key ed25519.PublicKey, err error) {
	err = v.signer(name, func(k ed25519.PrivateKey) { key = k.Public().(ed25519.PublicKey) })
	return key, err
}

func (v *Vault) signer(name string, use func(ed25519.PrivateKey)) error {
	id := derive("sign", name)
	lend := func(seed []byte) error {
		k := ed25519.NewKeyFromSeed(seed)
		defer clear(k)
		use(k)
		return nil
	}
	err := v.with(id, lend)
	if errors.Is(err, ErrNoKey) {
		if err := v.Make(id); err != nil {
			return err
		}
		err = v.with(id, lend)
	}
	return err
}

// derive is the ID of a key that has a name instead of a drawn ID.
func derive(parts ...string) hub.ID {
	h := sha256.New()
	h.Write([]byte("infohus vault"))
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p))))
		h.Write([]byte(p))
	}
	return hub.MakeID([16]byte(h.Sum(nil)))
}

// keyed is a keyed hash, 128 bits of it, written as an ID.
func keyed(key, text []byte) hub.ID {
	h := hmac.New(sha256.New, key)
	h.Write(text)
	return hub.MakeID([16]byte(h.Sum(nil)))
}
