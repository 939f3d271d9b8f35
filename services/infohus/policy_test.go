//go:build !race

package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/infohus/infohus/deploy"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// TestTheLawChangesBySignature goes the whole way of a revision, as operator and
// authorities go it: drafted, tried on what was asked, refused until police and
// municipality have signed it, put, in force in the next request, shown to the
// officer; and everything that was decided before and after is decided again by the
// document of its day.
func TestTheLawChangesBySignature(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	section := "policy:\n  approved_by: [police, municipality]\n  keys:\n"
	for _, a := range []string{"mvs-politi", "koege"} {
		private, public, err := note.GenerateKey(rand.Reader, a)
		if err != nil {
			t.Fatal(err)
		}
		section += "    - {authority: " + a + ", key: " + public + ", from: 2020-01-01}\n"
		if err := os.WriteFile(at(a), []byte(private+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := &script{t, hubtest.Open(t, hubtest.Options{Services: rooms(), Structure: string(deploy.Demo()) + section}), map[string]*hubtest.Client{}}
	book := func() *lawBook {
		t.Helper()
		b, err := readBook(t.Context(), s.Owner(), s.Structure)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	// The reporter's own text, which the revision closes to them.
	id := s.submits("solvej", nil)
	if !strings.Contains(strings.Join(s.sees("solvej", id), " "), "statements") {
		t.Fatalf("the reporter sees %v", s.sees("solvej", id))
	}
	day := s.Now().Format("2006-01-02")
	file := at("next")
	if err := book().draft(file, day, "Underretteren ser ikke sin tekst mere"); err != nil {
		t.Fatal(err)
	}
	refused := func(want string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("says %v, want %q", err, want)
		}
	}
	if said := printed(t, func() error { return book().draft(at("old"), "2020-01-01", "Long ago") }); !strings.Contains(said, "2020-01-01 00:00 is past") {
		t.Errorf("a day that is past is taken without a word: %q", said)
	}
	if said := printed(t, func() error { return book().try(t.Context(), file, 1, true) }); strings.Contains(said, "null") {
		t.Errorf("a list of nothing is no list: %s", said)
	}
	refused("new file only", book().draft(file, day, "Again"))
	refused("no day", book().draft(at("x"), "1.1.2026", "Again"))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const open, closed = `"received":     ["status", "summary", "narrative"]`, `"received":     ["status"]`
	text = bytes.Replace(text, []byte(open), []byte(closed), 1)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}

	var trial policies.Trial
	said := printed(t, func() error { return book().try(t.Context(), file, 36500, true) })
	if err := json.Unmarshal([]byte(said), &trial); err != nil || len(trial.Changes) != 1 {
		t.Fatalf("%v: %s", err, said)
	}
	if c := trial.Changes[0]; c.What != policies.OtherFields || c.Question != "view" || c.Allowed == 0 || c.Refused != 0 || !strings.Contains(strings.Join(c.Lost, " "), "statements") ||
		!strings.Contains(string(c.Input), `"reporter"`) {
		t.Errorf("%+v", c)
	}
	if said := printed(t, func() error { return book().try(t.Context(), file, 36500, false) }); !strings.Contains(said, "OTHER FIELDS: view") || !strings.Contains(said, "role=reporter") {
		t.Errorf("it says %s", said)
	}
	if strings.Contains(said, string(id)) || strings.Contains(said, "solvej") {
		t.Error("a trial tells of somebody")
	}

	refused("not signed", book().put(t.Context(), file))
	if err := policySign(file, at("koege")); err != nil {
		t.Fatal(err)
	}
	refused("signature of: police", book().put(t.Context(), file))
	refused("signature of: police", book().show(file))
	if err := policySign(file, at("mvs-politi")); err != nil {
		t.Fatal(err)
	}
	if said := printed(t, func() error { return book().show(file) }); !strings.Contains(said, "It would be taken") {
		t.Errorf("it says %s", said)
	}
	// Of a file that was edited after it was signed, and of one that is no revision, one
	// line says what is wrong and what to do, and nothing of it is shown as if it were.
	signed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text []byte
		want []string
	}{
		"edited":  {bytes.Replace(signed, []byte("ikke sin tekst mere"), []byte("ikke sin tekst"), 1), []string{"was changed after", "signed it", "have every authority sign it anew"}},
		"cut":     {signed[:len(signed)/2], []string{"is no revision: it is not JSON", "put that right, and have it signed"}},
		"no json": {[]byte("Kære tovholder, her er reglerne.\n"), []string{"is no revision: it is not JSON", "give the file that infohus policy new made"}},
	} {
		if err := os.WriteFile(at("odd"), c.text, 0o600); err != nil {
			t.Fatal(err)
		}
		var err error
		said := printed(t, func() error { err = book().show(at("odd")); return nil })
		if said != "" || err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: it says %q and %v", name, said, err)
		}
		for _, want := range c.want {
			refused(want, err)
		}
	}
	if !strings.Contains(strings.Join(s.sees("solvej", id), " "), "statements") {
		t.Error("signed is not put")
	}
	if err := book().put(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(strings.Join(s.sees("solvej", id), " "), "statements") {
		t.Error("the reporter still sees the text")
	}
	refused("there is a revision 1 already", book().put(t.Context(), file))
	if said := printed(t, func() error { return book().show("") }); !strings.Contains(said, "in force") || !strings.Contains(said, "koege, mvs-politi") {
		t.Errorf("it says %s", said)
	}

	var list struct {
		Revisions []struct {
			Number   int
			Stands   string
			From     time.Time
			PutAt    time.Time `json:"put_at"`
			SignedBy []string  `json:"signed_by"`
		}
	}
	s.as(koegeDPO).API("GET", "/api/revisions", nil).Must(200).JSON(&list)
	if len(list.Revisions) != 2 || list.Revisions[0].Stands != "in_force" || len(list.Revisions[0].SignedBy) != 2 || list.Revisions[1].Stands != "was_in_force" {
		t.Errorf("%+v", list)
	}
	if last := list.Revisions[0]; !last.From.Equal(last.PutAt) {
		t.Errorf("one that was put later than it begins is said to be in force from %s, and was put at %s", last.From, last.PutAt)
	}
	for _, other := range []string{coordinator, "solvej", "rune"} {
		s.as(other).API("GET", "/api/revisions", nil).Must(404)
	}
	officer := s.as(koegeDPO)
	officer.SignIn()
	if page := officer.Get("/revisions").Must(200).Text(); !strings.Contains(page, "Underretteren ser ikke sin tekst mere") || !strings.Contains(page, "Midt- og Vestsjællands Politi") {
		t.Errorf("the officer's page is %s", page)
	}
	var found struct {
		Rows []struct{ Person, ObjectKind string }
	}
	s.as(koegeDPO).API("POST", "/api/trail/search", map[string]any{"ground": "lawfulness", "act": "admin"}).Must(200).JSON(&found)
	if len(found.Rows) == 0 || found.Rows[0].Person != pg.Operator {
		t.Errorf("the officer does not find what the operator did: %+v", found.Rows)
	}

	if wrong, made := s.decided(); len(wrong) > 0 || made < 5 {
		t.Errorf("%d decisions made again: %s", made, strings.Join(wrong, "\n"))
	}
	if n := s.One(`select count(distinct revision) from audit.trail where revision <> ''`); n != "2" {
		t.Errorf("decided by %s revisions", n)
	}

	// What somebody writes into the table past the command is said, and changes nothing.
	if ready := s.Nobody().Get("/readyz").Must(200).Text(); strings.Contains(ready, "odd") {
		t.Errorf("ready says %s", ready)
	}
	s.SQL(`insert into access.policy (number, note) values (2, 'x')`)
	if ready := s.Nobody().Get("/readyz").Must(200).Text(); !strings.Contains(ready, `"ok":true`) || !strings.Contains(ready, `"odd":["policy"]`) {
		t.Errorf("ready says %s", ready)
	}
	refused("revision 2 is refused", book().show(""))
	s.Restart()
	if strings.Contains(strings.Join(s.sees("solvej", id), " "), "statements") {
		t.Error("after a restart the old law is back")
	}
}

func TestAKeyIsMadeOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	said := printed(t, func() error { return policy(t.Context(), []string{"key", "koege", file}) })
	private, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(private), "PRIVATE+KEY+koege+") || strings.Contains(said, "PRIVATE") || !strings.Contains(said, "{authority: koege, key: koege+") {
		t.Errorf("%v: %s", err, said)
	}
	if i, err := os.Stat(file); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", i, err)
	}
	if err := policy(t.Context(), []string{"key", "koege", file}); err == nil {
		t.Error("a key was written over")
	}
	if err := policy(t.Context(), []string{"key", "kø ge", file + "2"}); err == nil {
		t.Error("a key of nobody")
	}
	for _, args := range [][]string{{"sing", "x"}, {"new", "x"}, {"put"}, {"try", "x", "--days", "0"}, {"show", "a", "b"}, {"key", "x"}, {"put", "--x"}} {
		var how misuse
		if err := policy(t.Context(), args); !errors.As(err, &how) || strings.Count(string(how), "\n  infohus policy") != 6 {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// printed gives what a command prints.
func printed(t *testing.T, do func() error) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	was := os.Stdout
	os.Stdout = file
	err = do()
	os.Stdout = was
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
