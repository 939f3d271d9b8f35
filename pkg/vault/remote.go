package vault

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// Remote is a vault that another process holds, with the same promises:
//
//   - What Make has acknowledged is on that process' disk.
//   - No record, no key: without a receipt that names the key nothing is asked.
//   - Destroyed is destroyed at once, for every room: no key ever comes here, so
//     none can outlive its destruction. What does come is the key of the
//     pseudonyms, which is nobody's own and is never destroyed.
//   - When that process does not answer in time, everything is Unavailable;
//     nothing is guessed, and the next call tries again. A process that holds
//     another vault is Unavailable too.
type Remote struct {
	base   string
	client *http.Client
	name   [keySize]byte
	mark   string
}

// How long a call may take. A page waits for the first; what is written to the
// disk, or is a whole erasure, may take longer.
const (
	askTime  = 2 * time.Second
	diskTime = 10 * time.Second
)

// Connect finds the process of the keys at an address ("https://keys:8443"), and
// waits for it until ctx ends. via is who shows the certificates.
func Connect(ctx context.Context, base string, via http.RoundTripper) (*Remote, error) {
	k := &Remote{base: base, client: &http.Client{Transport: via}}
	for {
		err := k.meet()
		if err == nil {
			return k, nil
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (k *Remote) meet() error {
	out, err := k.ask(askTime, "name", wireAsked{})
	if err != nil {
		return err
	}
	if len(out.Name) != keySize {
		return hub.Unavailable(fmt.Errorf("vault: what answers at %s holds no keys", k.base))
	}
	k.name = [keySize]byte(out.Name)
	k.mark = mark(k.name)
	return nil
}

// ask is one question and its answer. Every verb may be done twice, so that the
// transport may ask again on a new connection where an old one has gone.
func (k *Remote) ask(within time.Duration, verb string, in wireAsked) (wireAnswer, error) {
	var out wireAnswer
	body, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	defer clear(body)
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, k.base+wirePath+verb, bytes.NewReader(body))
	if err != nil {
		return out, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(wireVault, k.mark)
	req.Header["Idempotency-Key"] = nil // not sent: says to the transport that twice does no harm
	res, err := k.client.Do(req)
	if err != nil {
		return out, hub.Unavailable(fmt.Errorf("vault: the process of the keys: %w", err))
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusMisdirectedRequest:
		return out, hub.Unavailable(fmt.Errorf("vault: %s holds other keys than when this process began: start this one again", k.base))
	case res.StatusCode != http.StatusOK:
		return out, hub.Unavailable(fmt.Errorf("vault: the process of the keys answers %d", res.StatusCode))
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, wireMost))
	defer clear(answer)
	if err == nil {
		err = json.Unmarshal(answer, &out)
	}
	if err != nil {
		return wireAnswer{}, hub.Unavailable(errors.New("vault: the process of the keys gives half an answer"))
	}
	return out, errorOf(out.Fault)
}

// Make is [Vault.Make].
func (k *Remote) Make(keys ...hub.ID) error {
	if len(keys) == 0 {
		return nil
	}
	for _, id := range keys { // ours to say, and not that the keys are away
		if _, err := raw(id); err != nil {
			return err
		}
	}
	_, err := k.ask(diskTime, "make", wireAsked{Keys: keys})
	return err
}

// Destroy is [Vault.Destroy]. Once it has returned no room opens what the keys
// sealed.
func (k *Remote) Destroy(keys ...hub.ID) error {
	for _, id := range keys {
		if _, err := raw(id); err != nil {
			return err
		}
	}
	_, err := k.ask(diskTime, "destroy", wireAsked{Keys: keys})
	return err
}

// Seal is [Vault.Seal].
func (k *Remote) Seal(key hub.ID, where string, p hub.Personal) ([]byte, error) {
	boxes, err := k.SealAll(Plain{key, where, p})
	if err != nil {
		return nil, err
	}
	return boxes[0], nil
}

// SealAll is [Vault.SealAll], in one round trip.
func (k *Remote) SealAll(texts ...Plain) ([][]byte, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	in := wireAsked{Texts: make([]wireText, len(texts))}
	for i, t := range texts {
		in.Texts[i] = wireText{t.Key, t.Where, t.Text.Bytes()}
		defer clear(in.Texts[i].Bytes)
	}
	out, err := k.ask(askTime, "seal", in)
	if err != nil {
		return nil, err
	}
	if len(out.Items) != len(texts) {
		return nil, errorOf("unavailable")
	}
	boxes := make([][]byte, len(texts))
	for i, item := range out.Items {
		boxes[i] = item.Bytes
	}
	return boxes, nil
}

// Open is [Vault.Open].
func (k *Remote) Open(r hub.Receipt, key hub.ID, where string, box []byte) (hub.Personal, error) {
	one := k.OpenAll(Box{r, key, where, box})[0]
	return one.Text, one.Err
}

// OpenAll is [Vault.OpenAll], in one round trip. A box without a receipt for its
// key is not asked for.
func (k *Remote) OpenAll(boxes ...Box) []Opened {
	opened := make([]Opened, len(boxes))
	var in wireAsked
	var at []int
	for i, b := range boxes {
		if !b.Receipt.Opens(b.Key) {
			opened[i].Err = ErrNoRecord
			continue
		}
		in.Texts = append(in.Texts, wireText{b.Key, b.Where, b.Sealed})
		at = append(at, i)
	}
	if len(at) == 0 {
		return opened
	}
	out, err := k.ask(askTime, "open", in)
	if err == nil && len(out.Items) != len(at) {
		err = errorOf("unavailable")
	}
	for n, i := range at {
		if err != nil {
			opened[i].Err = err
			continue
		}
		item := out.Items[n]
		if opened[i].Err = errorOf(item.Fault); opened[i].Err == nil {
			opened[i].Text = hub.NewPersonal(string(item.Bytes))
		}
		clear(item.Bytes)
	}
	return opened
}

// Pseudonym is [Vault.Pseudonym].
func (k *Remote) Pseudonym(subject hub.ID) string { return pseudonym(k.name, subject) }

// Blind is [Vault.Blind].
func (k *Remote) Blind(a hub.AuthorityID, period string, p hub.Personal) (string, error) {
	plain := p.Bytes()
	defer clear(plain)
	out, err := k.ask(diskTime, "blind", wireAsked{Authority: a, Period: period, Texts: []wireText{{Bytes: plain}}})
	return out.Index, err
}

// Sign is [Vault.Sign].
func (k *Remote) Sign(name string, text []byte) ([]byte, error) { return k.one("sign", name, text) }

// Public is [Vault.Public].
func (k *Remote) Public(name string) (ed25519.PublicKey, error) {
	key, err := k.one("public", name, nil)
	if err == nil && len(key) != ed25519.PublicKeySize {
		return nil, errorOf("unavailable")
	}
	return key, err
}

// one asks something about one text under a name. It may make a key.
func (k *Remote) one(verb, name string, text []byte) ([]byte, error) {
	out, err := k.ask(diskTime, verb, wireAsked{Texts: []wireText{{Where: name, Bytes: text}}})
	if err != nil {
		return nil, err
	}
	if len(out.Items) != 1 {
		return nil, errorOf("unavailable")
	}
	return out.Items[0].Bytes, errorOf(out.Items[0].Fault)
}

// Ready is [Vault.Ready].
func (k *Remote) Ready() error {
	_, err := k.ask(askTime, "ready", wireAsked{})
	return err
}

// Close lets the connections go. The keys stay where they are.
func (k *Remote) Close() error {
	k.client.CloseIdleConnections()
	return nil
}
