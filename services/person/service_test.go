//go:build !race

package person

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/pkg/web"
)

// A number that no real person can have (L54), born 11 January 2009: 17 on
// hubtest.Monday, 18 on 11 January 2027.
const number = "710109-4321"

// door lets in whoever the structure knows, for the API: portal's part here.
func door() service.Service {
	return service.Service{Name: "portal", Open: func(e service.Env) (service.Room, error) {
		e.Web.UseSessions(web.Sessions{Hats: func(_ context.Context, i web.Identity) ([]hub.Hat, error) {
			var hats []hub.Hat
			for _, p := range e.Structure.Posts() {
				if p.Subject == i.Subject && p.Holds(e.Now()) {
					hats = append(hats, p.Hat)
				}
			}
			return hats, nil
		}})
		return service.Room{On: hubtest.Hears("portal", nil)}, nil
	}}
}

// concerns stands in intake's place: it tells and hears, and keeps nothing.
func concerns(heard *[]event.SubjectIdentified) service.Service {
	return service.Service{Name: "intake", Open: func(e service.Env) (service.Room, error) {
		return service.Room{On: hubtest.Hears("intake", map[string]service.Reaction{"person.subject.identified.v1": func(_ context.Context, _ *pg.Tx, _ event.Envelope, f event.Fact) error {
			*heard = append(*heard, f.(event.SubjectIdentified))
			return nil
		}})}, nil
	}}
}

// world is a hub with this room, and the access facts written as its owner.
type world struct {
	*hubtest.Hub
	t     *testing.T
	heard *[]event.SubjectIdentified
	items int
}

func run(t *testing.T) *world {
	t.Helper()
	heard := new([]event.SubjectIdentified)
	return &world{Hub: hubtest.Run(t, door(), Service, concerns(heard)), t: t, heard: heard}
}

// register registers a subject, and gives its reference.
func (w *world) register(login string, in map[string]any) Registered {
	w.t.Helper()
	a := w.As(login).API("POST", "/api/subjects", in)
	if a.Status != http.StatusCreated && a.Status != http.StatusOK {
		w.t.Fatalf("registering as %s: %d %s", login, a.Status, a.Body)
	}
	var r Registered
	a.JSON(&r)
	return r
}

// about makes something about a subject: a concern that the author wrote.
func (w *world) about(subject hub.ID, controller, state, author string) hub.ID {
	w.t.Helper()
	w.items++
	id := hub.MakeID([16]byte{0: 99, 15: byte(w.items)})
	kind := "municipality"
	if strings.Contains(controller, "politi") {
		kind = "police"
	}
	w.SQL(`insert into access.item (id, kind, about, controller, received_by, state, author) values ($1, 'concern', $2, $3, $4, $5, $6)`,
		string(id), string(subject), controller, kind, state, string(w.As(author).Post.Person))
	return id
}

// share lets an authority see classes of a concern.
func (w *world) share(item, subject hub.ID, from, to, classes string) {
	w.t.Helper()
	w.SQL(`insert into access.share (id, kind, item, about, classes, sender, sender_kind, receiver, basis, purpose, necessity, from_at, until_at, by_person, by_hat)
		values ($1, 'concern', $2, $3, string_to_array($4, ','), $5, (select received_by from access.item where id = $2), $6, 'RPL115-2', 'prevention', '', '2026-01-01', '9999-01-01', 'p', 'h')`,
		"share"+string(item), string(item), string(subject), classes, from, to)
}

// trail counts rows of the trail.
func (w *world) trail(where string) string {
	w.t.Helper()
	return w.One("select count(*) from audit.trail where " + where)
}

func (w *world) get(login string, id hub.ID) hubtest.Answer {
	return w.As(login).API("GET", "/api/subjects/"+string(id), nil)
}

func (w *world) sees(login string, id hub.ID) *View {
	w.t.Helper()
	v := new(View)
	w.get(login, id).Must(http.StatusOK).JSON(v)
	return v
}

func (w *world) seesNothing(login string, id hub.ID) {
	w.t.Helper()
	a := w.get(login, id).Must(http.StatusNotFound)
	if nobody := w.get(login, hub.MakeID([16]byte{1})).Must(http.StatusNotFound); string(nobody.Body) != string(a.Body) {
		w.t.Errorf("%s is answered otherwise than about somebody who is not there:\n%s\n%s", login, a.Body, nobody.Body)
	}
}

func TestRegisterAndSee(t *testing.T) {
	w := run(t)
	r := w.register("solvej", map[string]any{"name": "Signe Prøvesen", "cpr": number, "address": "Opdigtet Vej 1", "language": "dari"})
	w.Settle()
	if got := fmt.Sprint(*w.heard); got != fmt.Sprintf("[{%s under_18 false}]", r.Subject) {
		t.Errorf("told %s", got)
	}

	// Nothing is about the subject yet: only who registered it sees it.
	v := w.sees("solvej", r.Subject)
	if v.Name != "Signe Prøvesen" || v.CPR != "710109-••••" || v.BirthDate != "2009-01-11" || *v.Age != 17 || v.AgeBand != Under18 || v.Address == "" || v.Language != "dari" {
		t.Errorf("the reporter sees %+v", v)
	}
	for _, login := range []string{"gudrun", "birk", "sigrid", "rune", "dagny", "aksel"} {
		w.seesNothing(login, r.Subject)
	}

	// A concern about it, received: the coordinator and not the reporter.
	w.about(r.Subject, "koege", "received", "solvej")
	if v := w.sees("gudrun", r.Subject); v.Name != "Signe Prøvesen" || v.CPR != "710109-••••" || v.Address != "Opdigtet Vej 1" {
		t.Errorf("the coordinator sees %+v", v)
	}
	for _, login := range []string{"solvej", "birk", "sigrid", "rune", "dagny", "aksel", "liv"} {
		w.seesNothing(login, r.Subject)
	}
	if n := w.trail(`act = 'consult' and outcome = 'allow' and 'cpr' = any(fields) and question = 'view'`); n != "1" {
		t.Errorf("%s consultations by a view are in the trail, wanted the coordinator's", n)
	}
}

// What is written down of a person, anywhere in the database, is sealed. A074 in
// part.
func TestNothingInClear(t *testing.T) {
	w := run(t)
	w.register("solvej", map[string]any{"name": "Signe Prøvesen", "cpr": number, "address": "Opdigtet Vej 1", "language": "dari"})
	w.Settle()
	for _, table := range w.SQL(`select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables where schemaname in ('person', 'intake', 'audit', 'access')`) {
		for _, row := range w.SQL(`select t::text from ` + table[0] + ` t`) {
			for _, canary := range []string{"Prøvesen", "7101094321", "710109", "2009-01-11", "2027-01-11", "Opdigtet", "dari"} {
				if strings.Contains(row[0], canary) && !strings.HasPrefix(table[0], "access.hat") && table[0] != "access.revision" {
					t.Errorf("%s holds %q", table[0], canary)
				}
				if strings.Contains(row[0], fmt.Sprintf("%x", canary)) {
					t.Errorf("%s holds %q as bytes", table[0], canary)
				}
			}
		}
	}
}

// A011 in part, L31 in part: over the API.
func TestProtectedAddressIsNotShown(t *testing.T) {
	w := run(t)
	r := w.register("solvej", map[string]any{"name": "Signe Prøvesen", "address": "Opdigtet Vej 1", "protected": true})
	w.about(r.Subject, "koege", "received", "solvej")
	a := w.get("gudrun", r.Subject).Must(http.StatusOK)
	if strings.Contains(a.Text(), "Opdigtet") || !strings.Contains(a.Text(), `"protected":true`) {
		t.Errorf("%s", a.Body)
	}
	if n := w.trail(`outcome = 'allow' and act = 'consult' and 'address' = any(fields)`); n != "0" {
		t.Error("the trail says that an address was shown")
	}
}

// Search before create: the own authority's person is found again by whoever may
// see it; for everybody else the answer is that of a new person (A008). A023.
func TestSearchBeforeCreate(t *testing.T) {
	w := run(t)
	first := w.register("gudrun", map[string]any{"name": "Signe Prøvesen", "cpr": number})
	w.about(first.Subject, "koege", "received", "gudrun")

	again := w.As("gudrun").API("POST", "/api/subjects", map[string]any{"name": "Signe P", "cpr": "7101094321"}).Must(http.StatusOK)
	var found Registered
	again.JSON(&found)
	if found.Subject != first.Subject || !found.Existing {
		t.Errorf("the coordinator is given %+v", found)
	}
	for _, login := range []string{"solvej", "birk", "sigrid"} {
		known := w.As(login).API("POST", "/api/subjects", map[string]any{"name": "Signe", "cpr": number}).Must(http.StatusCreated)
		unknown := w.As(login).API("POST", "/api/subjects", map[string]any{"name": "Signe", "cpr": "720109-4321"}).Must(http.StatusCreated)
		if len(known.Body) != len(unknown.Body) || strings.Contains(known.Text(), string(first.Subject)) {
			t.Errorf("%s can tell: %s and %s", login, known.Body, unknown.Body)
		}
	}
	if n := w.trail(`act = 'search' and object_kind = 'subject' and rows = 1`); n != "1" {
		t.Errorf("%s searches found somebody in the trail", n)
	}
	if n := w.trail(`act = 'search' and object_kind = 'subject' and rows = 0`); n != "7" {
		t.Errorf("%s searches found nobody in the trail", n)
	}
	// The same number at two authorities has two marks, so the table joins nobody.
	if n := w.One(`select count(distinct mark) from person.number_mark m join person.subject s on s.id = m.subject
		where s.id in (select subject from person.number_mark) and s.controller in ('koege', 'roskilde')`); n != "4" {
		t.Errorf("%s marks, wanted one for each number at each of two authorities", n)
	}
}

// A reference that leaks opens nothing: writing a concern about somebody else's
// subject does not show who it is.
func TestForeignReference(t *testing.T) {
	w := run(t)
	r := w.register("solvej", map[string]any{"name": "Signe Prøvesen", "cpr": number})
	w.about(r.Subject, "roskilde", "draft", "sigrid")
	w.seesNothing("sigrid", r.Subject)
	w.about(r.Subject, "roskilde", "received", "sigrid") // received by her own authority, and still not its subject
	w.seesNothing("sigrid", r.Subject)
	w.about(r.Subject, "koege", "draft", "birk") // the same authority, another author
	w.seesNothing("birk", r.Subject)
	w.about(r.Subject, "koege", "draft", "solvej") // the author who registered
	if v := w.sees("solvej", r.Subject); v.Name == "" {
		t.Errorf("the author sees %+v", v)
	}
}

func TestSharedWithPolice(t *testing.T) {
	w := run(t)
	r := w.register("gudrun", map[string]any{"name": "Signe Prøvesen", "cpr": number, "address": "Opdigtet Vej 1"})
	item := w.about(r.Subject, "koege", "police_check", "gudrun")
	police := w.police()
	w.seesNothing(police, r.Subject)
	w.share(item, r.Subject, "koege", "mvs-politi", "identity,status,summary")
	if v := w.sees(police, r.Subject); v.Name == "" || v.CPR != "710109-••••" || v.Address != "" {
		t.Errorf("the police see %+v", v)
	}
	w.SQL(`update access.share set ended_by = 'p'`)
	w.seesNothing(police, r.Subject) // from the commit of the withdrawal on
}

// police is the login of a police coordinator.
func (w *world) police() string {
	w.t.Helper()
	for _, p := range w.Structure.Posts() {
		if p.Role == hub.PoliceCoordinator && p.Holds(w.Now()) {
			return p.Login
		}
	}
	w.t.Fatal("no police coordinator")
	return ""
}

func TestRecused(t *testing.T) {
	w := run(t)
	r := w.register("gudrun", map[string]any{"name": "Signe Prøvesen"})
	item := w.about(r.Subject, "koege", "received", "gudrun")
	w.about(r.Subject, "koege", "triage", "solvej") // and another matter
	w.sees("gudrun", r.Subject)
	w.SQL(`insert into access.recusal (person, kind, item, by_person, by_hat) values ($1, 'concern', $2, 'p', 'h')`, string(w.As("gudrun").Post.Person), string(item))
	w.seesNothing("gudrun", r.Subject)
	w.sees("viggo", r.Subject)
}

// L29.
func TestReveal(t *testing.T) {
	w := run(t)
	r := w.register("gudrun", map[string]any{"name": "Signe Prøvesen", "cpr": number})
	path := "/api/subjects/" + string(r.Subject) + "/reveal"
	w.about(r.Subject, "koege", "received", "solvej")
	reason := map[string]any{"reason": "Skal slås op i sagssystemet"}

	if a := w.As("gudrun").API("POST", path, map[string]any{"reason": "nej"}); a.Status != http.StatusBadRequest || strings.Contains(a.Text(), "4321") {
		t.Errorf("a short reason: %d %s", a.Status, a.Body)
	}
	var out Revealed
	w.As("gudrun").API("POST", path, reason).Must(http.StatusOK).JSON(&out)
	if out.CPR != number {
		t.Errorf("revealed %q", out.CPR)
	}
	if n := w.trail(`question = 'act' and input->>'action' = 'reveal' and outcome = 'allow' and fields = '{cpr}' and why_ref <> '' and why_digest is not null`); n != "1" {
		t.Errorf("%s reveals are in the trail with their reason", n)
	}
	if n := w.One(`select count(*) from audit.reason where authority = 'koege' and position('sagssystemet' in encode(box, 'escape')) = 0`); n != "1" {
		t.Errorf("%s reasons are sealed", n)
	}
	for _, login := range []string{"solvej", "birk", "sigrid", "rune", "dagny"} {
		a := w.As(login).API("POST", path, reason).Must(http.StatusNotFound)
		none := w.As(login).API("POST", "/api/subjects/"+string(hub.MakeID([16]byte{1}))+"/reveal", reason).Must(http.StatusNotFound)
		if string(a.Body) != string(none.Body) {
			t.Errorf("%s can tell", login)
		}
	}
}

func TestIdentify(t *testing.T) {
	w := run(t)
	r := w.register("gudrun", map[string]any{"unknown": true, "age_band": Under18})
	path := "/api/subjects/" + string(r.Subject) + "/identify"
	w.about(r.Subject, "koege", "received", "gudrun")
	if v := w.sees("gudrun", r.Subject); !v.Unknown || v.Name != "" || v.AgeBand != Under18 || v.Complete {
		t.Errorf("unknown so far: %+v", v)
	}
	for _, login := range []string{"solvej", "sigrid", "rune"} {
		w.As(login).API("POST", path, map[string]any{"name": "X"}).Must(http.StatusNotFound)
	}
	w.As("gudrun").API("POST", path, map[string]any{}).Must(http.StatusBadRequest)
	w.As("gudrun").API("POST", path, map[string]any{"cpr": "320109-4321"}).Must(http.StatusBadRequest)
	w.As("gudrun").API("POST", path, map[string]any{"name": "Signe Prøvesen", "cpr": number, "protected": true}).Must(http.StatusOK)
	v := w.sees("gudrun", r.Subject)
	if v.Name != "Signe Prøvesen" || v.CPR != "710109-••••" || !v.Protected || !v.Complete {
		t.Errorf("identified: %+v", v)
	}
	w.As("gudrun").API("POST", path, map[string]any{"name": "Another"}).Must(http.StatusBadRequest)
	w.Settle()
	if got := fmt.Sprint(*w.heard); got != fmt.Sprintf("[{%[1]s under_18 false} {%[1]s under_18 true}]", r.Subject) {
		t.Errorf("told %s", got)
	}
	// The number is found from now on.
	if again := w.register("gudrun", map[string]any{"name": "Signe", "cpr": number}); again.Subject != r.Subject {
		t.Error("not found by the number")
	}
}

func TestIdempotency(t *testing.T) {
	w := run(t)
	in := map[string]any{"name": "Signe Prøvesen", "cpr": number}
	one := w.As("solvej").API("POST", "/api/subjects", in, "Idempotency-Key", "k1").Must(http.StatusCreated)
	two := w.As("solvej").API("POST", "/api/subjects", in, "Idempotency-Key", "k1").Must(http.StatusCreated)
	if one.Text() != two.Text() {
		t.Errorf("two receipts: %s %s", one.Body, two.Body)
	}
	in["name"] = "Somebody Else"
	w.As("solvej").API("POST", "/api/subjects", in, "Idempotency-Key", "k1").Must(http.StatusConflict)
	if n := w.One(`select count(*) from person.subject`); n != "1" {
		t.Errorf("%s subjects", n)
	}
}

// Bad input over the API: status, field and message, and that nothing is kept.
func TestBadInput(t *testing.T) {
	w := run(t)
	for _, c := range []struct {
		about, body string
		status      int
		field, key  string
	}{
		{"impossible date", `{"name":"A","cpr":"320109-4321"}`, 400, "cpr", "person.error.cpr.date"},
		{"born tomorrow", `{"name":"A","birth_date":"2026-11-17"}`, 400, "birth_date", "person.error.birth.future"},
		{"no name", `{}`, 400, "name", "error.missing"},
		{"a purpose that does not go with the role", `{"name":"A","purpose":"investigation"}`, 400, "purpose", "person.error.purpose_basis"},
		{"a basis of the police", `{"name":"A","legal_basis":"RHL"}`, 400, "purpose", "person.error.purpose_basis"},
		{"an unheard-of basis", `{"name":"A","legal_basis":"XYZ"}`, 400, "purpose", "person.error.purpose_basis"},
		{"an unknown field", `{"name":"A","controller":"roskilde"}`, 400, "", ""},
		{"a duplicate key", `{"name":"A","name":"B"}`, 400, "", ""},
		{"a list for a text", `{"name":["A"]}`, 400, "", ""},
		{"trailing data", `{"name":"A"} {}`, 400, "", ""},
		{"a NUL", `{"name":"A\u0000B"}`, 400, "", ""},
		{"invalid UTF-8", "{\"name\":\"A\xff\"}", 400, "", ""},
		{"10 MB", `{"name":"` + strings.Repeat("a", 10<<20) + `"}`, 413, "", ""},
	} {
		t.Run(c.about, func(t *testing.T) {
			a := w.As("solvej").API("POST", "/api/subjects", c.body)
			if a.Status != c.status || c.key != "" && !strings.Contains(a.Text(), fmt.Sprintf(`"field":%q,"key":%q`, c.field, c.key)) {
				t.Errorf("%d %s", a.Status, a.Body)
			}
			if n := w.One(`select count(*) from person.subject`); n != "0" {
				t.Errorf("%s subjects are kept", n)
			}
		})
	}
	// Who may not register learns nothing of what is wrong with the input (A026).
	for _, login := range []string{"rune", "dagny", "aksel", "liv"} {
		w.As(login).API("POST", "/api/subjects", `{"name":"A","cpr":"320109-4321"}`).Must(http.StatusNotFound)
		w.As(login).API("POST", "/api/subjects", `{"name":"A"}`).Must(http.StatusNotFound)
	}
}

// discard tells, as intake would, that a draft was thrown away.
func (w *world) discard(concern, subject hub.ID) {
	w.t.Helper()
	w.SQL(`delete from access.item where id = $1`, string(concern))
	err := w.DB("intake").Command(w.t.Context(), hub.System(w.Now(), "request"), pg.Entry{}, func(tx *pg.Tx) error {
		return tx.Tell(w.t.Context(), event.DraftDiscarded{Concern: concern, Subject: subject})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.Settle()
}

func TestDraftDiscarded(t *testing.T) {
	w := run(t)
	r := w.register("solvej", map[string]any{"name": "Signe Prøvesen", "cpr": number})
	one, two := w.about(r.Subject, "koege", "draft", "solvej"), w.about(r.Subject, "koege", "draft", "solvej")
	w.discard(one, r.Subject)
	w.sees("solvej", r.Subject) // the other draft is still about it

	w.discard(two, r.Subject)
	for _, table := range []string{"subject", "identity", "number_mark", "move"} {
		if n := w.One(`select count(*) from person.` + table); n != "0" {
			t.Errorf("%s rows are left in %s", n, table)
		}
	}
	if n := w.trail(`act = 'erase' and role = 'system'`); n != "1" {
		t.Errorf("%s erasures are in the trail", n)
	}
	w.Advance(time.Minute) // bury
	if n := w.One(`select count(*) from person.tombstone where destroyed`); n != "1" {
		t.Errorf("%s tombstones", n)
	}
	if _, err := w.Vault().Seal(r.Subject, "x", text("x")); !errors.Is(err, vault.ErrDestroyed) {
		t.Errorf("the key seals: %v", err)
	}
	w.discard(two, r.Subject) // told twice, it does nothing more
	if n := w.trail(`act = 'erase' and role = 'system'`); n != "1" {
		t.Errorf("%s erasures are in the trail", n)
	}
}

func TestUnusedIsForgotten(t *testing.T) {
	w := run(t)
	used := w.register("solvej", map[string]any{"name": "Signe Prøvesen"})
	w.about(used.Subject, "koege", "draft", "solvej")
	w.register("solvej", map[string]any{"name": "Villads Prøvesen"})
	w.Advance(13 * 24 * time.Hour)
	if n := w.One(`select count(*) from person.subject`); n != "2" {
		t.Errorf("%s subjects after 13 days", n)
	}
	w.Advance(2 * 24 * time.Hour)
	w.Advance(time.Minute)
	if n := w.One(`select string_agg(id, ',') from person.subject`); n != string(used.Subject) {
		t.Errorf("after 15 days there is %s", n)
	}
	if n := w.One(`select count(*) from person.tombstone where why = 'unused' and destroyed`); n != "1" {
		t.Errorf("%s tombstones", n)
	}
}

// At midnight in Copenhagen, and not before, a child is no child any more (L27).
func TestBirthday(t *testing.T) {
	w := run(t)
	r := w.register("solvej", map[string]any{"name": "Signe Prøvesen", "cpr": number})
	w.about(r.Subject, "koege", "draft", "solvej")
	other := w.register("sigrid", map[string]any{"name": "Villads Prøvesen", "birth_date": "2001-02-03"})
	w.about(other.Subject, "roskilde", "draft", "sigrid")
	w.Advance(time.Minute)
	band := func() string { return w.One(`select band from person.subject where id = $1`, string(r.Subject)) }
	w.Set(time.Date(2027, 1, 10, 23, 59, 0, 0, hub.Copenhagen))
	if band() != Under18 {
		t.Fatalf("%s a minute before", band())
	}
	w.Set(time.Date(2027, 1, 11, 0, 0, 0, 0, hub.Copenhagen))
	if band() != From18To25 {
		t.Fatalf("%s at midnight", band())
	}
	w.Set(time.Date(2027, 1, 11, 0, 1, 0, 0, hub.Copenhagen))
	if n := w.trail(`act = 'change' and role = 'system' and fields = '{age_band}'`); n != "1" {
		t.Errorf("%s changes of age band are in the trail", n)
	}
	// The hub stands still over the other one's birthday, and makes up for it.
	w.Set(time.Date(2027, 3, 1, 12, 0, 0, 0, hub.Copenhagen))
	if n := w.One(`select string_agg(band, ',' order by band) from person.subject`); n != "18_25,over_25" {
		t.Errorf("bands %s", n)
	}
	var told []string
	for _, f := range *w.heard {
		told = append(told, f.AgeBand)
	}
	if got := strings.Join(told, " "); got != "under_18 18_25 18_25 over_25" {
		t.Errorf("told %s", got)
	}
}

// Every person that a card shows is recorded, and who may not see is shown none.
func TestCards(t *testing.T) {
	w := run(t)
	var ids []hub.ID
	for i, name := range []string{"Signe Prøvesen", "Villads Prøvesen", "Asta Prøvesen"} {
		r := w.register("solvej", map[string]any{"name": name, "cpr": fmt.Sprintf("7%d0109-4321", i+1), "protected": i == 1})
		ids = append(ids, r.Subject)
	}
	w.about(ids[0], "koege", "received", "solvej")
	w.about(ids[1], "koege", "unfounded", "solvej") // reference level: no identity
	before := w.trail("true")
	x := &room{Env: service.Env{DB: w.DB("person"), Vault: w.Vault(), Web: w.Site(), Structure: w.Structure, Now: w.Now, NewID: hub.NewID}}
	cards, err := x.card(t.Context(), w.As("gudrun").Actor(), "da", append(ids, hub.MakeID([16]byte{7})))
	if err != nil {
		t.Fatal(err)
	}
	if len(cards) != 1 || !strings.Contains(string(cards[ids[0]]), "Signe Prøvesen") || !strings.Contains(string(cards[ids[0]]), "710109-••••") || !strings.Contains(string(cards[ids[0]]), "17 år") ||
		strings.Contains(string(cards[ids[0]]), "4321") {
		t.Errorf("cards %v", cards)
	}
	if n := w.trail(`act = 'consult' and outcome = 'allow'`); n != "1" {
		t.Errorf("%s showings are recorded, of rows before: %s", n, before)
	}
	names, err := x.name(t.Context(), w.As("gudrun").Actor(), "en", ids[:1])
	if err != nil || strings.TrimSpace(string(names[ids[0]])) != "Signe Prøvesen" {
		t.Errorf("names %v, %v", names, err)
	}
}

// counted counts the questions to the keys, which are round trips where those are
// another process.
type counted struct {
	service.Keys
	asked *int
}

func (c counted) Open(r hub.Receipt, key hub.ID, where string, box []byte) (hub.Personal, error) {
	*c.asked++
	return c.Keys.Open(r, key, where, box)
}

func (c counted) OpenAll(boxes ...vault.Box) []vault.Opened {
	*c.asked++
	return c.Keys.OpenAll(boxes...)
}

// A page with ten people's cards asks the keys once.
func TestTenCardsAreOneQuestion(t *testing.T) {
	w := run(t)
	var ids []hub.ID
	for i := range 10 {
		r := w.register("solvej", map[string]any{"name": fmt.Sprintf("Signe Prøvesen %d", i), "cpr": fmt.Sprintf("%d0109-4321", 61+i)})
		w.about(r.Subject, "koege", "received", "solvej")
		ids = append(ids, r.Subject)
	}
	var asked int
	x := &room{Env: service.Env{DB: w.DB("person"), Vault: counted{w.Vault(), &asked}, Web: w.Site(), Structure: w.Structure, Now: w.Now, NewID: hub.NewID}}
	cards, err := x.card(t.Context(), w.As("gudrun").Actor(), "da", ids)
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range ids {
		if !strings.Contains(string(cards[id]), fmt.Sprintf("Signe Prøvesen %d", i)) {
			t.Errorf("card %d is %q", i, cards[id])
		}
	}
	if asked != 1 {
		t.Errorf("the keys were asked %d times for ten people, want once", asked)
	}
}
