package host

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/vault"
)

// keysAt serves a vault as the process of the keys does.
func keysAt(t *testing.T, s Secrets, dir, address string) (stop func()) {
	t.Helper()
	v, err := vault.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.ListenInner(t.Context(), Keys, address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(ctx, l, KeysHandler(v, []string{"intake", "person", "audit"}, slog.New(slog.DiscardHandler)), slog.New(slog.DiscardHandler))
	}()
	stop = func() {
		cancel()
		<-ended
		v.Close()
	}
	return stop
}

func certified(t *testing.T) Secrets {
	t.Helper()
	s := Secrets(t.TempDir())
	if err := s.Certify(time.Now(), Keys, Door, "intake", "person", "audit"); err != nil {
		t.Fatal(err)
	}
	return s
}

func address(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func connect(t *testing.T, s Secrets, from, address string) (*vault.Remote, error) {
	t.Helper()
	at, err := s.Peer(from, Keys, address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	return vault.Connect(ctx, at.URL, at.Via)
}

// The room audit alone has texts signed; whoever may use keys may know by which key.
func TestWhoMaySign(t *testing.T) {
	s, at := certified(t), address(t)
	stop := keysAt(t, s, t.TempDir(), at)
	defer stop()
	audit, err := connect(t, s, "audit", at)
	if err != nil {
		t.Fatal(err)
	}
	key, err := audit.Public("trail")
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("infohus.example/trail\n1\n")
	signature, err := audit.Sign("trail", text)
	if err != nil || !ed25519.Verify(key, text, signature) {
		t.Errorf("the signature %x, %v", signature, err)
	}
	intake, err := connect(t, s, "intake", at)
	if err != nil {
		t.Fatal(err)
	}
	if signature, err := intake.Sign("trail", text); err == nil {
		t.Errorf("intake has a text signed: %x", signature)
	}
	if again, err := intake.Public("trail"); err != nil || !again.Equal(key) {
		t.Errorf("intake is told another key: %v", err)
	}
}

// The keys answer rooms that show a certificate of this hub, and nobody else.
func TestWhoMayUseTheKeys(t *testing.T) {
	s, at := certified(t), address(t)
	stop := keysAt(t, s, t.TempDir(), at)
	defer stop()
	k, err := connect(t, s, "intake", at)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Ready(); err != nil {
		t.Error(err)
	}
	if _, err := connect(t, s, Door, at); err == nil {
		t.Error("the door may use keys")
	}
	if _, err := connect(t, certified(t), "intake", at); err == nil {
		t.Error("a room of another hub may use keys")
	}
	door, err := s.Peer(Door, Keys, at)
	if err != nil {
		t.Fatal(err)
	}
	if failing, err := Fares(t.Context(), door, "/readyz"); err != nil || len(failing) > 0 {
		t.Errorf("the door asks how the keys fare: %v %v", failing, err)
	}
	wrong, err := s.Peer("intake", "person", at) // the keys, in person's place
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Fares(t.Context(), wrong, "/readyz"); err == nil {
		t.Error("who has not the name's certificate is spoken to")
	}
	plain := &http.Client{Timeout: time.Second}
	if res, err := plain.Get("http://" + at + "/readyz"); err == nil && res.StatusCode == http.StatusOK {
		t.Error("the keys answer without a certificate")
	}
}

// The promises of the vault, through another process: no receipt, no text;
// destroyed for all at once; away is Unavailable; another vault too; and back by
// itself.
func TestKeysApart(t *testing.T) {
	s, at, dir := certified(t), address(t), t.TempDir()
	stop := keysAt(t, s, dir, at)
	k, err := connect(t, s, "intake", at)
	if err != nil {
		t.Fatal(err)
	}
	other, err := connect(t, s, "person", at)
	if err != nil {
		t.Fatal(err)
	}
	var committed atomic.Bool
	ids := []hub.ID{hub.NewID(), hub.NewID()}
	if err := k.Make(ids...); err != nil {
		t.Fatal(err)
	}
	boxes, err := k.SealAll(vault.Plain{Key: ids[0], Where: "a/1", Text: hub.NewPersonal("Ærø \xff")}, vault.Plain{Key: ids[1], Where: "a/2", Text: hub.NewPersonal("two")})
	if err != nil {
		t.Fatal(err)
	}
	read := func(k *vault.Remote, r hub.Receipt) []vault.Opened {
		return k.OpenAll(vault.Box{Receipt: r, Key: ids[0], Where: "a/1", Sealed: boxes[0]}, vault.Box{Receipt: r, Key: ids[1], Where: "a/2", Sealed: boxes[1]})
	}
	for _, o := range read(k, hub.NewReceipt(&committed, ids...)) {
		if !errors.Is(o.Err, vault.ErrNoRecord) {
			t.Errorf("opened before it was recorded: %v", o.Err)
		}
	}
	committed.Store(true)
	if o := read(k, hub.NewReceipt(&committed, ids[1])); !errors.Is(o[0].Err, vault.ErrNoRecord) || o[1].Err != nil {
		t.Errorf("with a receipt for the second: %v", o)
	}
	all := hub.NewReceipt(&committed, ids...)
	if o := read(other, all); o[0].Err != nil || o[0].Text.Reveal(t.Context()) != "Ærø \xff" || o[1].Text.Reveal(t.Context()) != "two" {
		t.Errorf("another room opens %v", o)
	}
	if _, err := k.Open(all, ids[0], "a/2", boxes[0]); !errors.Is(err, vault.ErrBox) {
		t.Errorf("opened in another place: %v", err)
	}
	if k.Pseudonym(ids[0]) != other.Pseudonym(ids[0]) {
		t.Error("two rooms have two pseudonyms for one")
	}
	if err := other.Destroy(ids[0]); err != nil {
		t.Fatal(err)
	}
	if o := read(k, all); !errors.Is(o[0].Err, vault.ErrDestroyed) || o[1].Err != nil {
		t.Errorf("after the destruction: %v", o)
	}
	if err := k.Make(ids[0]); !errors.Is(err, vault.ErrDestroyed) {
		t.Errorf("made again: %v", err)
	}

	stop()
	if err := k.Ready(); hub.CodeOf(err) != hub.CodeUnavailable {
		t.Errorf("away: %v", err)
	}
	if o := read(k, all); hub.CodeOf(o[1].Err) != hub.CodeUnavailable || !o[1].Text.Empty() {
		t.Errorf("away: %v", o)
	}
	stop = keysAt(t, s, t.TempDir(), at) // another vault
	if err := k.Make(hub.NewID()); hub.CodeOf(err) != hub.CodeUnavailable || !strings.Contains(err.Error(), "other keys") {
		t.Errorf("another vault: %v", err)
	}
	stop()
	stop = keysAt(t, s, dir, at)
	defer stop()
	if o := read(k, all); !errors.Is(o[0].Err, vault.ErrDestroyed) || o[1].Err != nil {
		t.Errorf("back: %v", o)
	}
}

// A certificate that has long to go stays; one that ends soon, or comes from
// another authority, is made again; a file that others may read is refused.
func TestCertify(t *testing.T) {
	s := certified(t)
	file := filepath.Join(string(s), "intake.tls")
	content := func() string {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	first := content()
	if err := s.Certify(time.Now().AddDate(1, 0, 0), "intake"); err != nil || content() != first {
		t.Errorf("after a year: %v", err)
	}
	if err := s.Certify(time.Now().AddDate(1, 11, 0), "intake"); err != nil || content() == first {
		t.Errorf("at its end: %v", err)
	}
	if strings.Contains(content(), strings.TrimSpace(strings.Split(read(t, filepath.Join(string(s), "ca.tls")), "PRIVATE KEY-----")[1])) {
		t.Error("a room has the authority's key")
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Peer("intake", Keys, "127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a file that others may read: %v", err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What INFOHUS_ROOMS says is understood, or refused by name.
func TestRoomsSetting(t *testing.T) {
	base := []string{"INFOHUS_ORIGIN=https://infohus.example", "INFOHUS_SECRETS=/secrets"}
	s, err := Environment(append(base, "INFOHUS_ROOMS=keys=keys:8443, intake=10.0.0.5:1"))
	if err != nil || s.Rooms["keys"] != "keys:8443" || s.Rooms["intake"] != "10.0.0.5:1" {
		t.Errorf("%v %v", s.Rooms, err)
	}
	if err := s.Whole("keys", "intake", "person"); err == nil || !strings.Contains(err.Error(), "where person is") {
		t.Errorf("one is missing: %v", err)
	}
	if err := s.Whole("keys"); err == nil || !strings.Contains(err.Error(), `"intake"`) {
		t.Errorf("one is unknown: %v", err)
	}
	for text, want := range map[string]string{"intake": "name=host:port", "intake=:8": "name=host:port", "a=b:1,a=c:1": "twice"} {
		if _, err := Environment(append(base, "INFOHUS_ROOMS="+text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := Environment([]string{"INFOHUS_ROOMS=keys=a:1"}); err == nil || !strings.Contains(err.Error(), "INFOHUS_ORIGIN") || !strings.Contains(err.Error(), "INFOHUS_SECRETS") {
		t.Errorf("without origin and secrets: %v", err)
	}
}
