//go:build !race

package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"golang.org/x/text/unicode/norm"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// canary is typed into every personal field, and must be found nowhere but
// where a person with a right to it reads it. Each run has its own: what an
// earlier one planted is still in the server's log of writes.
var (
	bird   = "Kanarie" + strings.ToLower(rand.Text()[:8])
	canary = bird + "-Æøå"
)

// forms are how a leaked text might look.
func forms() [][]byte {
	plain := []byte(canary)
	return [][]byte{plain, []byte(norm.NFD.String(canary)), []byte(bird), []byte("670308-4019"), []byte("6703084019"),
		[]byte(base64.StdEncoding.EncodeToString(plain))[:16], []byte(hex.EncodeToString(plain)), []byte(strings.ToUpper(hex.EncodeToString(plain)))}
}

// logBook keeps what the hub logs, with every attribute.
type logBook struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

// leaks scans files and texts for the canary, and says where it was found.
func leaks(roots []string, texts map[string][]byte) ([]string, error) {
	var found []string
	look := func(where string, b []byte) {
		for _, f := range forms() {
			if bytes.Contains(b, f) {
				found = append(found, fmt.Sprintf("%s holds %q", where, f))
				return
			}
		}
	}
	for where, b := range texts {
		look(where, b)
	}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return nil // a file that went away while we looked
			}
			b, err := os.ReadFile(path)
			if err == nil {
				look(path, b)
				look("the name "+path, []byte(path))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// traced gives every span as text, with names, attributes and events.
func traced() []byte {
	spans.mu.Lock()
	defer spans.mu.Unlock()
	var b bytes.Buffer
	for _, s := range spans.all {
		fmt.Fprintln(&b, s.Name(), s.Attributes(), s.Events(), s.Status())
	}
	return b.Bytes()
}

// backUp takes a base backup of the whole server, by the database's own means.
func (s *script) backUp(to string) string {
	s.Helper()
	dir := s.One("show data_directory")
	conn, err := pgx.Connect(s.Context(), s.Owner())
	if err != nil {
		s.Fatal(err)
	}
	defer conn.Close(s.Context())
	if _, err := conn.Exec(s.Context(), "checkpoint"); err != nil {
		s.Fatal(err)
	}
	if _, err := conn.Exec(s.Context(), "select pg_backup_start('canary', true)"); err != nil {
		s.Fatal(err)
	}
	oid := s.One("select oid from pg_database where datname = current_database()")
	for _, part := range []string{"base/" + oid, "global", "pg_wal", "pg_xact"} { // this test's database, and what all share
		if err := copyAll(filepath.Join(to, part), filepath.Join(dir, part)); err != nil {
			s.Fatal(err)
		}
	}
	if _, err := conn.Exec(s.Context(), "select pg_backup_stop(false)"); err != nil {
		s.Fatal(err)
	}
	return dir
}

// copyAll copies a directory that a server writes in: a file may go away
// meanwhile, as it may under any base backup.
func copyAll(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			var b []byte
			if b, err = os.ReadFile(path); err == nil {
				name := filepath.Join(to, strings.TrimPrefix(path, from))
				if err = os.MkdirAll(filepath.Dir(name), 0o700); err == nil {
					err = os.WriteFile(name, b, 0o600)
				}
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// TestCanary types a marker into every personal field, and then searches every
// span, log line, header, fact, stream, dead letter, problem body, the data
// directory, the WAL and a base backup for it (house.md section 7; trust.md
// A074, A088; P9 in part). It also plants a leak, and must find it. A044 in part: the
// log and the headers.
func TestCanary(t *testing.T) {
	book := new(logBook)
	s := &script{t, hubtest.Open(t, hubtest.Options{Services: rooms(), Log: slog.NewJSONHandler(book, &slog.HandlerOptions{Level: slog.LevelDebug})}), map[string]*hubtest.Client{}}
	spans.reset()
	c := s.as(coordinator)
	mark := func(what string) string { return canary + " " + what + " og så noget mere, for at der er tegn nok." }
	subject := s.registers(coordinator, map[string]any{"name": mark("navn"), "cpr": "670308-4019", "address": mark("vej")})
	in := concern(subject, map[string]any{"why_now": mark("nu"), "context": mark("imod"), "wishes": mark("ved"), "urgency_reason": mark("haster"),
		"reporter_name": mark("melder"), "reporter_contact": mark("kontakt"), "child": "yes",
		"statements": []map[string]any{{"kind": "fact", "text": mark("set")}}, "forward": map[string]any{"legal_basis": "RPL115-2", "purpose": "prevention", "necessity": mark("fordi")}})
	var got done
	c.API("POST", "/api/concerns", in).Must(201).JSON(&got)
	s.as(coordinator).API("POST", "/api/concerns/"+string(got.ID)+"/notification", map[string]any{"outcome": "notified", "reason": mark("underretning")}).Must(200)
	s.does(policeMan, "check", got.ID, says("released"))
	for _, login := range []string{coordinator, policeMan} {
		s.does(login, "triage", got.ID, map[string]any{"outcome": "case", "rationale": mark("begrundelse")})
	}
	s.as(coordinator).API("POST", "/api/subjects/"+string(subject)+"/reveal", map[string]any{"reason": mark("vis")})
	kase := s.marksCases()
	var headers, problems bytes.Buffer
	for _, a := range []hubtest.Answer{
		c.API("POST", "/api/concerns", concern(subject, map[string]any{"urgency": mark("hast"), "why_now": mark("x")})),
		c.API("POST", "/api/subjects", map[string]any{"name": mark("y"), "cpr": canary}),
		c.API("POST", "/api/concerns", `{"why_now":"`+canary+`","why_now":"`+canary+`"}`),
		c.API("GET", "/api/concerns/"+strings.Repeat("x", 26), nil),
		s.as(roskilde).API("GET", "/api/concerns/"+string(got.ID), nil),
		c.API("PUT", "/api/cases/"+string(kase)+"/assessment", map[string]any{"edit": 1, "level": mark("niveau"), "rationale": mark("begrundelse")}),
		c.API("POST", "/api/cases/"+string(kase)+"/close", map[string]any{"reason": mark("grund"), "informed": mark("orientering"), "open_gaps": mark("hul")}),
		c.API("POST", "/api/cases/"+string(kase)+"/offers", map[string]any{"measure": mark("indsats"), "preview": mark("kort"), "task": canary, "due": canary}),
		s.as(roskilde).API("POST", "/api/cases/"+string(kase)+"/followups", map[string]any{"note": mark("opfølgning")}),
	} {
		fmt.Fprintln(&headers, a.Header)
		fmt.Fprintln(&problems, a.Text())
	}
	page := c.Get("/concerns/" + string(got.ID)).Must(200)
	if !strings.Contains(page.Text(), bird) {
		t.Error("the coordinator's page does not show it: the canary proves nothing")
	}
	fmt.Fprintln(&headers, page.Header)
	nobody := s.Nobody()
	nobody.Get("/tell")
	nobody.Submit("/tell", map[string][]string{"municipality": {"koege"}, "who": {mark("hvem")}, "seen": {mark("set")}, "why_now": {mark("nu")}, "urgency": {"normal"}, "child": {"no"}}).Must(201)
	s.Settle()

	backup := t.TempDir()
	data := s.backUp(backup)
	oid := s.One("select oid from pg_database where datname = current_database()")
	roots := []string{s.Dir, backup, filepath.Join(data, "base", oid), filepath.Join(data, "log")}
	var metrics metricdata.ResourceMetrics
	if err := meters.Collect(t.Context(), &metrics); err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{"a metric": fmt.Append(nil, metrics), "the log": book.Bytes(), "a span": traced(), "a header": headers.Bytes(), "a problem": problems.Bytes()}
	found, err := leaks(roots, texts)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
	if len(metrics.ScopeMetrics) == 0 || len(texts["a span"]) < 1000 || len(texts["the log"]) < 100 {
		t.Errorf("%d bytes of spans and %d of log: the canary had nowhere to leak to", len(texts["a span"]), len(texts["the log"]))
	}

	// A planted leak of each kind is found.
	planted := filepath.Join(backup, "planted")
	if err := os.WriteFile(planted, []byte("… "+canary+" …"), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err = leaks([]string{backup}, map[string][]byte{"the log": []byte(`{"name":"` + canary + `"}`)})
	if err != nil || len(found) != 2 {
		t.Errorf("of two planted leaks these were found: %v (%v)", found, err)
	}
	s.SQL("create table leak (x text)")
	s.SQL("insert into leak values ('" + canary + "')")
	s.SQL("checkpoint")
	if found, _ = leaks([]string{filepath.Join(data, "base", oid)}, nil); len(found) == 0 {
		t.Error("a leak planted in a table was not found in the data directory")
	}
}

// marksCases asks every operation of cases with the canary in every text that a
// human types, and gives a case in which it can be read.
func (s *script) marksCases() (kase hub.ID) {
	s.Helper()
	d := &desk{driver: &driver{script: s}, typed: func(text string) string { return canary + " " + text }}
	var look func(where string, in any)
	look = func(where string, in any) {
		switch in := in.(type) {
		case string:
			if strings.Contains(in, " ") && !strings.Contains(in, canary) {
				s.Errorf("%s is sent %q: a text without the canary", where, in)
			}
		case []any:
			for _, one := range in {
				look(where, one)
			}
		case map[string]any:
			for name, one := range in {
				look(where+" "+name, one)
			}
		}
	}
	d.ask = func(login, method, path, route string, in any, is int) hubtest.Answer {
		var sent any
		b, err := json.Marshal(in)
		if err == nil {
			err = json.Unmarshal(b, &sent)
		}
		if err != nil {
			s.Fatal(err)
		}
		look(method+" "+route, sent)
		return s.as(login).API(method, path, in).Must(is)
	}
	d.everything()
	w := d.works("follow_up")
	for _, read := range []struct{ login, path string }{{policeMan, "/api/requests/" + string(w.asked)}, {policeMan, "/api/cases/" + string(w.kase) + "/answers"}, {coordinator, "/api/cases/" + string(w.kase)},
		{coordinator, "/api/cases/" + string(w.kase) + "/assessment"}, {coordinator, "/api/cases/" + string(w.kase) + "/course"}, {"bodil", "/api/offers/" + string(w.offer)}} {
		if a := s.as(read.login).API("GET", read.path, nil).Must(200); !strings.Contains(a.Text(), canary) {
			s.Errorf("%s does not show it: the canary proves nothing", read.path)
		}
	}
	page := s.as(coordinator)
	page.Get("/cases/" + string(w.kase) + "/close")
	if a := page.Submit("/cases/"+string(w.kase)+"/close", map[string][]string{"open_gaps": {canary + " mangler"}}); a.Status != 400 || !strings.Contains(a.Text(), canary) {
		s.Errorf("the form is answered %d, and what was typed is kept: %v", a.Status, strings.Contains(a.Text(), canary))
	}
	return w.kase
}

// TestADestroyedKey: once a person's key is destroyed nobody reads a word about
// them, in tables, lists or a restored backup of the database: what is there is
// sealed (G8). L24 in part, A094 in part.
func TestADestroyedKey(t *testing.T) {
	s := begin(t)
	id := s.forwarded()
	subject := hub.ID(s.One("select subject from intake.concern where id = '" + string(id) + "'"))
	before := s.as(coordinator).API("GET", "/api/concerns/"+string(id), nil).Must(200)
	if !strings.Contains(before.Text(), "kiosken") {
		t.Fatal("it could not be read before either")
	}
	if err := s.Vault().Destroy(subject); err != nil {
		t.Fatal(err)
	}
	after := s.as(coordinator).API("GET", "/api/concerns/"+string(id), nil).Must(200)
	if strings.Contains(after.Text(), "kiosken") || !strings.Contains(after.Text(), `"erased":true`) {
		t.Errorf("after the key is destroyed the answer is %s", after.Text())
	}
	card := s.as(coordinator).API("GET", "/api/subjects/"+string(subject), nil)
	if strings.Contains(card.Text(), "Bertram") {
		t.Error("the name is still read")
	}
	s.Restart()
	s.who = map[string]*hubtest.Client{}
	again := s.as(coordinator).API("GET", "/api/concerns/"+string(id), nil).Must(200)
	if strings.Contains(again.Text(), "kiosken") {
		t.Error("after a restart it can be read again")
	}
}
