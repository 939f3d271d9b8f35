package vault

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/infohus/infohus/pkg/hub"
)

// What a process of the keys is asked, and what it answers: JSON over HTTP, on a
// connection on which both sides have shown a certificate. Texts are in it, so
// nothing of it is ever logged.

const (
	wirePath  = "/-/keys/"
	wireVault = "Infohus-Vault" // header: the mark of the vault that the asker began with
	wireMost  = 16 << 20        // bytes of a question or an answer
)

type wireText struct {
	Key   hub.ID `json:"key"`
	Where string `json:"where"`
	Bytes []byte `json:"bytes"` // a plain text, or a box
}

type wireAsked struct {
	Keys      []hub.ID        `json:"keys,omitempty"`
	Texts     []wireText      `json:"texts,omitempty"`
	Authority hub.AuthorityID `json:"authority,omitempty"`
	Period    string          `json:"period,omitempty"`
}

type wireAnswer struct {
	Fault string     `json:"fault,omitempty"` // of the whole
	Items []wireItem `json:"items,omitempty"`
	Name  []byte     `json:"name,omitempty"` // the key of the pseudonyms
	Index string     `json:"index,omitempty"`
}

type wireItem struct {
	Bytes []byte `json:"bytes,omitempty"`
	Fault string `json:"fault,omitempty"`
}

// faults are the errors that have a name on the wire. Any other is told as
// unavailable, and said in the log of the keys.
var faults = map[string]error{"destroyed": ErrDestroyed, "no_key": ErrNoKey, "box": ErrBox}

func faultOf(err error) string {
	if err == nil {
		return ""
	}
	for name, e := range faults {
		if errors.Is(err, e) {
			return name
		}
	}
	return "unavailable"
}

func errorOf(fault string) error {
	if fault == "" {
		return nil
	}
	if err, ok := faults[fault]; ok {
		return err
	}
	return hub.Unavailable(errors.New("vault: the process of the keys cannot do it; its log says why"))
}

// mark tells one vault from another without telling anything of its keys.
func mark(name [keySize]byte) string {
	m := hmac.New(sha256.New, name[:])
	m.Write([]byte("infohus vault mark"))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:16])
}

// Handler answers the rooms that run in other processes; see [Connect] for the
// other side. Whoever reaches it may use every key, so it belongs behind a
// listener that lets in the hub's own rooms alone. The vault stays the one that
// holds the directory: what is destroyed is destroyed for all.
//
// That there is a record is held where the receipt is, at the asker: a receipt
// is a fact of a committed transaction and does not travel.
func (v *Vault) Handler(log *slog.Logger) http.Handler {
	verbs := map[string]func(wireAsked) wireAnswer{
		"name":    func(wireAsked) wireAnswer { return wireAnswer{Name: v.name[:]} },
		"ready":   func(wireAsked) wireAnswer { return v.told(log, v.Ready()) },
		"make":    func(in wireAsked) wireAnswer { return v.told(log, v.Make(in.Keys...)) },
		"destroy": func(in wireAsked) wireAnswer { return v.told(log, v.Destroy(in.Keys...)) },
		"seal":    func(in wireAsked) wireAnswer { return v.wireSeal(log, in) },
		"open":    func(in wireAsked) wireAnswer { return v.wireOpen(log, in) },
		"blind":   func(in wireAsked) wireAnswer { return v.wireBlind(log, in) },
		"sign":    func(in wireAsked) wireAnswer { return v.wireSign(log, in) },
		"public":  func(in wireAsked) wireAnswer { return v.wirePublic(log, in) },
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		verb, ok := r.URL.Path, false
		if len(verb) > len(wirePath) {
			verb = verb[len(wirePath):]
		}
		do, ok := verbs[verb]
		if !ok || r.Method != http.MethodPost {
			http.NotFound(w, r)
			return
		}
		if verb != "name" && r.Header.Get(wireVault) != mark(v.name) { // they hold pseudonyms of another vault
			w.WriteHeader(http.StatusMisdirectedRequest)
			return
		}
		var in wireAsked
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, wireMost)).Decode(&in); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		json.NewEncoder(w).Encode(do(in)) // the asker takes half an answer for none
	})
}

// told makes an answer of an error, and says in the log what the wire does not.
func (v *Vault) told(log *slog.Logger, err error) wireAnswer {
	fault := faultOf(err)
	if fault == "unavailable" {
		log.LogAttrs(context.Background(), slog.LevelError, "keys", slog.String("error", err.Error()))
	}
	return wireAnswer{Fault: fault}
}

func (v *Vault) wireSeal(log *slog.Logger, in wireAsked) wireAnswer {
	var out wireAnswer
	for _, t := range in.Texts {
		box, err := v.Seal(t.Key, t.Where, hub.NewPersonal(string(t.Bytes)))
		clear(t.Bytes)
		if err != nil {
			return v.told(log, err)
		}
		out.Items = append(out.Items, wireItem{Bytes: box})
	}
	return out
}

func (v *Vault) wireOpen(log *slog.Logger, in wireAsked) wireAnswer {
	var out wireAnswer
	for _, t := range in.Texts {
		p, err := v.open1(t.Key, t.Where, t.Bytes)
		out.Items = append(out.Items, wireItem{Bytes: p.Bytes(), Fault: v.told(log, err).Fault})
	}
	return out
}

func (v *Vault) wireBlind(log *slog.Logger, in wireAsked) wireAnswer {
	if len(in.Texts) != 1 {
		return wireAnswer{Fault: "unavailable"}
	}
	index, err := v.Blind(in.Authority, in.Period, hub.NewPersonal(string(in.Texts[0].Bytes)))
	clear(in.Texts[0].Bytes)
	out := v.told(log, err)
	out.Index = index
	return out
}

func (v *Vault) wireSign(log *slog.Logger, in wireAsked) wireAnswer {
	var out wireAnswer
	for _, t := range in.Texts {
		signature, err := v.Sign(t.Where, t.Bytes)
		out.Items = append(out.Items, wireItem{Bytes: signature, Fault: v.told(log, err).Fault})
	}
	return out
}

func (v *Vault) wirePublic(log *slog.Logger, in wireAsked) wireAnswer {
	var out wireAnswer
	for _, t := range in.Texts {
		key, err := v.Public(t.Where)
		out.Items = append(out.Items, wireItem{Bytes: key, Fault: v.told(log, err).Fault})
	}
	return out
}
