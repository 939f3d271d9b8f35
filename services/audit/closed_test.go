//go:build !race

package audit

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/tree"
	"github.com/infohus/infohus/pkg/witness"
	"github.com/infohus/infohus/policies"
)

// sees has somebody look at a concern, and says how that was answered.
func (w *world) sees(login string, concern hub.ID) string {
	w.t.Helper()
	who := w.As(login).Actor()
	_, _, _, err := pg.Read(w.t.Context(), w.db, who, func(tx *pg.Tx) (int, policies.Question, pg.Entry, error) {
		rel, err := tx.Relation(w.t.Context(), "concern", concern)
		return 0, rel.View(who, hub.Prevention), pg.Entry{Act: hub.ActConsult, Object: hub.Object{Kind: "concern", ID: concern, Version: 1}, Controller: rel.Controller, Subjects: []hub.ID{rel.About}}, err
	})
	var e *hub.Error
	if err == nil {
		return "seen"
	} else if errors.As(err, &e) {
		return e.Key
	}
	return err.Error()
}

// TestADatabaseThatWasPutBackIsReadByNobody is A082: the whole database is put back to an
// older state. When the hub starts, before its door opens, a witness of another authority
// proves it by what the hub's own key has signed, and nothing of anybody is read, searched or taken out, nor is
// anything more signed, until an officer has opened it again, with a reason that every
// authority's officer can read. What is refused, and what is taken back, goes on.
func TestADatabaseThatWasPutBackIsReadByNobody(t *testing.T) {
	w, plain := grown(t, 300)
	w.still()
	w.items()
	a := anothers(t, w, plain, "koege.example/witness")
	x := w.witnessed(1, a)
	wants(t, "the first round", x.follows(t.Context()), "")
	wants(t, "asked", x.asks(t), "")
	cut := w.One(`select rows[250 - start + 1] from audit.leaves where start <= 250 order by start desc limit 1`)
	wants(t, "all is well", x.begin(t.Context()), "")
	if got := w.sees("gudrun", koege); got != "seen" {
		t.Fatalf("before: %s", got)
	}
	w.rewrites(`delete from audit.trail where id > ` + cut)

	a.spoils = silent
	x = w.witnessed(1, a)
	wants(t, "nobody can be reached at the start", x.begin(t.Context()), "")
	if got := w.sees("gudrun", koege); got != "seen" {
		t.Errorf("nobody can be reached at the start: %s", got)
	}
	a.spoils = nil
	x = w.witnessed(1, a)
	wants(t, "the start", x.begin(t.Context()), "")
	signed := w.One(`select max(size) from audit.checkpoint`)
	wants(t, "it signs nothing", x.follows(t.Context()), "let a data-protection officer open the hub again at /witnesses")
	wants(t, "and says so", x.odd(), "the hub is closed since ")
	if got := w.One(`select max(size) from audit.checkpoint`); got != signed {
		t.Errorf("it signs on: %s", got)
	}
	rows := w.One(`select count(*) from audit.trail`)
	for _, login := range []string{"gudrun", "dagny"} {
		if got := w.sees(login, koege); login == "gudrun" && got != "error.closed" || got == "seen" {
			t.Errorf("%s sees: %s", login, got)
		}
	}
	if got := w.sees("gudrun", roskilde); got != "error.not_found" {
		t.Errorf("what is forbidden is answered as %s", got)
	}
	if got := w.sees("gudrun", stranger); got != "error.not_found" {
		t.Errorf("what never was is answered as %s", got)
	}
	if got := w.One(`select count(*) from audit.trail where outcome = 'deny' and id > (select max(id) - 3 from audit.trail)`); got == "0" {
		t.Error("refusals are recorded no more")
	}
	search := w.As("dagny").API("POST", "/api/trail/search", Search{Part: Part{Ground: "lawfulness"}})
	if search.Must(http.StatusServiceUnavailable); !strings.Contains(search.Text(), "Infohus er lukket for opslag og deling") {
		t.Errorf("a search of the trail: %s", search.Text())
	}
	for _, act := range []string{"admin", "revoke"} {
		if err := w.try(act); err != nil {
			t.Errorf("%s: %v", act, err)
		}
	}
	for _, act := range []string{"collect", "change", "consult", "search", "disclose", "combine", "export", "erase", "decide", "break-glass", "grant"} {
		if err := w.try(act); err == nil || !strings.Contains(err.Error(), "IH001") {
			t.Errorf("%s: %v", act, err)
		}
	}

	var open Witnesses
	w.As("dagny").API("GET", "/api/witnesses", nil).Must(http.StatusOK).JSON(&open)
	if len(open.Closings) != 1 || open.Closings[0].Seen <= open.Closings[0].Had || open.Closings[0].OpenedAt != nil || !open.Closed() {
		t.Fatalf("the officer reads %+v", open.Closings)
	}
	opening := map[string]any{"closings": []hub.ID{open.Closings[0].ID}, "reason": "Serveren brændte, og sikkerhedskopien er fra i går. Alt er set efter."}
	for _, login := range []string{"gudrun", "rune", "sigrid"} {
		w.As(login).API("POST", "/api/witnesses/open", opening).Must(http.StatusNotFound)
		w.As(login).API("GET", "/api/witnesses", nil).Must(http.StatusNotFound)
	}
	dagny := w.As("dagny")
	claims := w.Issuer.Claims(dagny.Post)
	claims["auth_time"] = w.Now().Add(-time.Hour).Unix()
	dagny.Token = w.Issuer.Sign(claims)
	dagny.API("POST", "/api/witnesses/open", opening).Must(http.StatusForbidden) // has not signed in just now
	dagny.Token = ""
	dagny.API("POST", "/api/witnesses/open", map[string]any{"closings": opening["closings"], "reason": "Ok."}).Must(http.StatusBadRequest)
	dagny.API("POST", "/api/witnesses/open", map[string]any{"closings": []hub.ID{koege}, "reason": opening["reason"]}).Must(http.StatusConflict)
	if got := w.sees("gudrun", koege); got != "error.closed" {
		t.Errorf("opened by nobody: %s", got)
	}
	dagny.API("POST", "/api/witnesses/open", opening).Must(http.StatusOK)
	if got := w.sees("gudrun", koege); got != "seen" {
		t.Errorf("opened: %s", got)
	}
	if got := w.One(`select count(distinct controller) || ' ' || count(distinct why_ref) || ' ' || count(distinct person) from audit.trail where act = 'admin' and outcome = 'allow' and object_kind = 'trail' and (input->>'open')::boolean`); got != fmt.Sprintf("%d %[1]d 1", len(w.Structure.Authorities)) {
		t.Errorf("recorded for %s authorities", got)
	}
	if got := w.One(`select string_agg(envelope->'data'->>'what' || ' ' || (envelope->'data'->>'authority'), ', ' order by id) from audit.outbox where envelope->>'type' = 'audit.trail.odd.v1'`); got != "closed koege, opened koege" {
		t.Errorf("told are %s", got)
	}
	wants(t, "it signs on", x.follows(t.Context()), "")
	x = w.witnessed(1, a)
	wants(t, "started again", x.begin(t.Context()), "")
	x.asks(t)
	if got := w.sees("gudrun", koege); got != "seen" || w.One(`select count(*) from audit.closed`) != "1" {
		t.Errorf("the same proof closes it twice: %s", got)
	}
	dagny.API("POST", "/api/witnesses/open", opening).Must(http.StatusConflict)
	if w.One(`select count(*) from audit.trail`) == rows {
		t.Error("nothing was recorded meanwhile")
	}

	// Another branch of its own, which is another proof.
	v, _ := x.verifier()
	other, err := tree.Checkpoint{Origin: v.Name(), Size: 7, Root: [32]byte{1}}.Sign(v, func(text []byte) ([]byte, error) { return x.Vault.Sign(signKey, text) })
	if err != nil {
		t.Fatal(err)
	}
	b := anothers(t, w, plain, "mvsj-politi.example/witness")
	if _, err := witness.Ask(t.Context(), x.client, b.URL, tree.Submission{Checkpoint: other}); err != nil {
		t.Fatal(err)
	}
	x = w.witnessed(1, a, b)
	wants(t, "the log is another", x.begin(t.Context()), "")
	if got := w.sees("gudrun", koege); got != "error.closed" {
		t.Errorf("the log is another: %s", got)
	}
	w.As("dagny").API("GET", "/api/witnesses", nil).Must(http.StatusOK).JSON(&open)
	if len(open.Closings) != 2 || open.Closings[0].OpenedAt != nil {
		t.Fatalf("the officer reads %+v", open.Closings)
	}
	dagny.API("POST", "/api/witnesses/open", map[string]any{"closings": []hub.ID{open.Closings[0].ID}, "reason": "En prøve blev underskrevet ved en fejl, og loggen er hel."}).Must(http.StatusOK)
	if got := w.sees("gudrun", koege); got != "seen" {
		t.Errorf("opened again: %s", got)
	}
}

// try writes a row of an act, as a room does.
func (w *world) try(act string) error {
	w.t.Helper()
	return w.DB("portal").View(w.t.Context(), hub.System(w.Now(), hub.NewID()), func(tx *pg.Tx) error {
		_, err := tx.Exec(w.t.Context(), `insert into audit.trail (said_at, person, hat, authority, role, issuer, loa, session, request, cause, act, outcome, question, input, revision, reasons, obligations,
			object_kind, object_id, object_version, controller, subjects, fields, purpose, basis, recipient, rows, why_ref, why_digest, deputy_of)
			values (now(), 'p', 'h', 'koege', 'system', '', '', 's', 'r', 'c', $1, 'allow', '', 'null', '', '{}', '{}', 'concern', 'o', 1, 'koege', '{}', '{}', '', '', '', 0, '', null, '')`, act)
		return err
	})
}
