package vault

import "github.com/infohus/infohus/pkg/hub"

// Plain is a text that is to be sealed: under which key, for which place.
type Plain struct {
	Key   hub.ID
	Where string
	Text  hub.Personal
}

// Box is a sealed text: by which key, for which place, and the receipt that opens
// it.
type Box struct {
	Receipt hub.Receipt
	Key     hub.ID
	Where   string
	Sealed  []byte
}

// Opened is what came of one box: its text, or an error of [Vault.Open].
type Opened struct {
	Text hub.Personal
	Err  error
}

// SealAll is Seal for many texts, in their order: one round trip where the keys
// are in another process. It seals all of them or none.
func (v *Vault) SealAll(texts ...Plain) ([][]byte, error) {
	boxes := make([][]byte, len(texts))
	for i, t := range texts {
		var err error
		if boxes[i], err = v.Seal(t.Key, t.Where, t.Text); err != nil {
			return nil, err
		}
	}
	return boxes, nil
}

// OpenAll is Open for many boxes, in their order: one round trip where the keys
// are in another process. What is wrong with one box is no matter of the others.
func (v *Vault) OpenAll(boxes ...Box) []Opened {
	opened := make([]Opened, len(boxes))
	for i, b := range boxes {
		opened[i].Text, opened[i].Err = v.Open(b.Receipt, b.Key, b.Where, b.Sealed)
	}
	return opened
}
