// Package interop shows that our log and our witness work with those of others. It is a
// module of its own, so that theirs do not enter the hub's: cd here, and go test.
package interop

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/note"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/tree"
	"github.com/infohus/infohus/pkg/witness"
	"github.com/infohus/infohus/services/audit"
	"github.com/infohus/infohus/services/portal"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestTheirWitnessCosignsOurLog is a hub beside litewitness of filippo.io/torchwood, as its
// authors build it: what it cosigns is kept and published, and after the trail was rewritten
// with the log's real key it cosigns no more, and the hub says so.
func TestTheirWitnessCosignsOurLog(t *testing.T) {
	dir := t.TempDir()
	bin := filepath.Join(dir, "litewitness")
	out, err := exec.Command("go", "build", "-o", bin, "filippo.io/torchwood/cmd/litewitness").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	// Its key is held by an ssh-agent.
	public, private, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	ring := agent.NewKeyring()
	check(t, ring.Add(agent.AddedKey{PrivateKey: private}))
	socket := filepath.Join(dir, "agent")
	l, err := net.Listen("unix", socket)
	check(t, err)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(ring, c)
		}
	}()
	sshKey, err := ssh.NewPublicKey(public)
	check(t, err)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	at := free.Addr().String()
	free.Close()
	_, key, err := tree.Cosigner("their.example/witness", private)
	check(t, err)

	demo, err := os.ReadFile("../../infohus.yaml")
	check(t, err)
	structure := strings.Replace(string(demo), "trail: {origin: infohus.example/trail}",
		fmt.Sprintf("trail: {origin: infohus.example/trail, quorum: 1, witnesses: [{authority: koege, url: 'http://%s', key: '%s'}]}", at, key), 1)
	h := hubtest.Open(t, hubtest.Options{Services: []service.Service{portal.Service, audit.Service}, Structure: structure})
	log, err := h.Vault().Public("trail")
	check(t, err)
	logKey, _, err := tree.Key("infohus.example/trail", log)
	check(t, err)

	db := filepath.Join(dir, "witness.db")
	cmd := exec.Command(bin, "-name", "their.example/witness", "-db", db, "-ssh-agent", socket, "-listen", at, "-key", ssh.FingerprintSHA256(sshKey))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	check(t, cmd.Start())
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	}()
	wait(t, "litewitness", func() bool {
		c, err := net.Dial("tcp", at)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	conn, err := sqlite.OpenConn(db)
	check(t, err)
	empty := sha256.Sum256(nil)
	check(t, sqlitex.ExecuteTransient(conn, "INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)", &sqlitex.ExecOptions{Args: []any{"infohus.example/trail", base64.StdEncoding.EncodeToString(empty[:])}}))
	check(t, sqlitex.ExecuteTransient(conn, "INSERT INTO key (origin, key) VALUES (?, ?)", &sqlitex.ExecOptions{Args: []any{"infohus.example/trail", logKey}}))
	check(t, conn.Close())

	var alarm string
	until := func(what string, is func() bool) {
		t.Helper()
		h.Behind(h.Handler(), func(time.Time) error {
			if err := h.Tick(t.Context()); err != nil {
				alarm += err.Error()
			}
			return nil
		})
		defer h.Behind(nil, nil)
		wait(t, what, func() bool { h.Advance(3 * time.Second); return is() })
	}
	writes := func(rows int) {
		h.SQL(`set local role portal; insert into audit.trail (said_at, person, hat, authority, role, issuer, loa, session, request, cause, act, outcome, question, input, revision, reasons, obligations,
			object_kind, object_id, object_version, controller, subjects, fields, purpose, basis, recipient, rows, why_ref, why_digest, deputy_of)
			select now(), 'p' || i, 'h', 'koege', 'dpo', 'https://id', 'Substantial', 's', 'r', 'c', 'consult', 'allow', 'view', '{}', 'rev', '{}', '{}',
				'concern', 'o' || i, i, 'koege', '{}', '{}', 'prevention', 'RPL115-2', '', i, '', null, '' from generate_series(1, ` + fmt.Sprint(rows) + `) i`)
	}
	v, err := tree.Witness(key)
	check(t, err)
	for _, rows := range []int{300, 1, 700} {
		writes(rows)
		until("a cosignature", func() bool {
			return h.One(`select count(*) from audit.pending`) == "0" && h.One(`select coalesce(max(size), 0) from audit.cosignature`) == h.One(`select max(size) from audit.checkpoint`)
		})
		a := h.Nobody().Get("/trail/checkpoint")
		if by, err := tree.Cosigned(a.Body, v); err != nil || len(by) != 1 || !strings.Contains(a.Text(), "\n"+h.One(`select count(*) from audit.trail`)+"\n") {
			t.Errorf("what is published: %v, %v, %d %s", by, err, a.Status, a.Text())
		}
	}
	if alarm != "" {
		t.Errorf("all is well, and the hub says %s", alarm)
	}
	h.SQL(`set local session_replication_role = replica; update audit.trail set person = 'x' where id = (select rows[5] from audit.leaves order by start limit 1);
		delete from audit.cosignature; delete from audit.checkpoint; delete from audit.leaves; delete from audit.node; delete from audit.pending; insert into audit.pending (id, at) select id, at from audit.trail`)
	writes(3)
	h.Restart()
	until("an alarm", func() bool { return alarm != "" })
	if !strings.Contains(alarm, "the witness of koege (their.example/witness) does not cosign: of the ") {
		t.Errorf("the hub says %s", alarm)
	}
}

// TestOurWitnessCosignsTheirLog is a log of Tessera (POSIX) whose policy says that our witness
// must cosign before a checkpoint is published, and which our witness follows.
func TestOurWitnessCosignsTheirLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	skey, vkey, err := note.GenerateKey(rand.Reader, "their.example/log")
	check(t, err)
	signer, err := note.NewSigner(skey)
	check(t, err)
	v, err := note.NewVerifier(vkey)
	check(t, err)
	get := func(_ context.Context, path string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, path)) }
	w, err := witness.Open(t.TempDir(), "koege.example/witness", slog.New(slog.DiscardHandler), witness.Log{Verifier: v, Get: get})
	check(t, err)
	defer w.Close()
	s := httptest.NewServer(w.Handler())
	defer s.Close()
	at, err := url.Parse(s.URL)
	check(t, err)
	ours, err := tessera.NewWitness(w.Key(), at)
	check(t, err)
	driver, err := posix.New(t.Context(), posix.Config{Path: dir})
	check(t, err)
	appender, shutdown, _, err := tessera.NewAppender(t.Context(), driver, tessera.NewAppendOptions().WithCheckpointSigner(signer).
		WithCheckpointInterval(100*time.Millisecond).WithBatching(64, 10*time.Millisecond).WithWitnesses(tessera.NewWitnessGroup(1, ours), nil))
	check(t, err)
	own, err := tree.Witness(w.Key())
	check(t, err)
	for _, until := range []int64{1, 300, 1000} {
		var last func() (tessera.Index, error)
		for i := range until {
			last = appender.Add(t.Context(), tessera.NewEntry(fmt.Appendf(nil, "%d of %d", i, until)))
		}
		_, err := last()
		check(t, err)
		var c tree.Checkpoint
		wait(t, "a checkpoint", func() bool {
			signed, err := get(t.Context(), "checkpoint")
			if err != nil {
				return false
			}
			c, err = tree.Open(signed, v)
			check(t, err)
			by, err := tree.Cosigned(signed, own)
			return c.Size >= until && err == nil && len(by) == 1 || c.Size == 0 && err == nil
		})
		w.Follow(t.Context())
		if list := w.Troubles(); len(list) > 0 {
			t.Errorf("%d leaves: %v", c.Size, list)
		}
	}
	check(t, shutdown(t.Context()))
	wait(t, "all of it", func() bool {
		signed, err := get(t.Context(), "checkpoint")
		check(t, err)
		c, err := tree.Open(signed, v)
		check(t, err)
		by, err := tree.Cosigned(signed, own)
		check(t, err)
		return c.Size == 1301 && len(by) == 1
	})
	w.Follow(t.Context())
	if list := w.Troubles(); len(list) > 0 {
		t.Error(list)
	}
	if c, err := tree.Verify(t.Context(), v, get); err != nil || c.Size != 1301 {
		t.Errorf("our verifier of their log: %v, %v", c, err)
	}
}

// wait waits for what another process does.
func wait(t testing.TB, what string, is func() bool) {
	t.Helper()
	for range 600 {
		if is() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s: never", what)
}
