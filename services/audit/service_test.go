//go:build !race

package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// other stands in the place of the other rooms: it lets in whoever the
// structure knows, and its login role writes the trail.
func other() service.Service {
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

type world struct {
	*hubtest.Hub
	t  testing.TB
	db *pg.DB
}

func run(t *testing.T) *world {
	t.Helper()
	h := hubtest.Run(t, other(), Service)
	for _, a := range h.Structure.Authorities {
		if err := h.Vault().Make(vault.AuthorityKey(a.ID)); err != nil {
			t.Fatal(err)
		}
	}
	return &world{h, t, h.DB("portal")}
}

// The things of these tests: a concern at each of two authorities.
var (
	koege    = hub.MakeID([16]byte{1, 1})
	roskilde = hub.MakeID([16]byte{1, 2})
	subject  = hub.MakeID([16]byte{2, 1})
	stranger = hub.MakeID([16]byte{2, 2})
)

// items makes the concerns known.
func (w *world) items() {
	w.t.Helper()
	for _, i := range []struct {
		id, about  hub.ID
		controller string
	}{{koege, subject, "koege"}, {roskilde, stranger, "roskilde"}} {
		w.SQL(`insert into access.item (id, kind, about, controller, received_by, state, author) values ($1, 'concern', $2, $3, 'municipality', 'received', 'nobody')`,
			string(i.id), string(i.about), i.controller)
	}
}

// consults has somebody look at a concern, as its room would: the decision and
// its record, allowed or refused.
func (w *world) consults(login string, concern hub.ID, why string) {
	w.t.Helper()
	who := w.As(login).Actor()
	_, _, _, err := pg.Read(w.t.Context(), w.db, who, func(tx *pg.Tx) (int, policies.Question, pg.Entry, error) {
		rel, err := tx.Relation(w.t.Context(), "concern", concern)
		e := pg.Entry{Act: hub.ActConsult, Object: hub.Object{Kind: "concern", ID: concern, Version: 1}, Controller: rel.Controller, Subjects: []hub.ID{rel.About}}
		if why != "" {
			e.Why = hub.NewPersonal(why)
		}
		return 0, rel.View(who, hub.Prevention), e, err
	})
	if err != nil && !errors.As(err, new(*policies.Denial)) {
		w.t.Fatal(err)
	}
}

func (w *world) search(login string, s Search) Found {
	w.t.Helper()
	if s.Ground == "" {
		s.Ground = "lawfulness"
	}
	var f Found
	w.As(login).API("POST", "/api/trail/search", s).Must(http.StatusOK).JSON(&f)
	return f
}

// told writes rows as "name act object outcome", newest first, the readings of
// the trail itself left out.
func told(f Found) string {
	var lines []string
	for _, r := range f.Rows {
		if r.ObjectKind != "trail" {
			lines = append(lines, fmt.Sprint(r.Name[:strings.Index(r.Name, " ")], " ", r.Act, " ", r.Outcome))
		}
	}
	return strings.Join(lines, ", ")
}

// A087.
func TestOwnOnly(t *testing.T) {
	w := run(t)
	w.items()
	w.consults("gudrun", koege, "")    // Køge's data, Køge's coordinator
	w.consults("sigrid", roskilde, "") // Roskilde's, Roskilde's
	w.consults("sigrid", koege, "")    // Køge's data, refused to Roskilde's coordinator
	w.consults("gudrun", roskilde, "") // and the other way

	names := map[string]string{}
	for _, login := range []string{"gudrun", "sigrid"} {
		names[login], _, _ = strings.Cut(w.As(login).Post.Name, " ")
	}
	g, s := names["gudrun"], names["sigrid"]
	for _, c := range []struct {
		login, side, want string
	}{
		{"dagny", "", fmt.Sprintf("%s consult deny, %s consult deny, %s consult allow", g, s, g)},
		{"dagny", "data", fmt.Sprintf("%s consult deny, %s consult allow", s, g)},
		{"dagny", "people", fmt.Sprintf("%s consult deny, %s consult allow", g, g)},
		{"esther", "data", fmt.Sprintf("%s consult deny, %s consult allow", g, s)},
		{"esther", "people", fmt.Sprintf("%s consult deny, %s consult allow", s, s)},
		{"signe", "", ""}, // the police's officer: neither data nor people of theirs
	} {
		if got := told(w.search(c.login, Search{Part: Part{Side: c.side}})); got != c.want {
			t.Errorf("%s, side %q: %s\nwant %s", c.login, c.side, got, c.want)
		}
	}
}

// A086 in part: an administrator sees no row.
func TestNobodyElse(t *testing.T) {
	w := run(t)
	w.items()
	w.consults("gudrun", koege, "")
	for _, login := range []string{"rune", "gudrun", "birk", "solvej", "hedvig", "aksel", "thorkild"} {
		for _, body := range []any{Search{Part: Part{Ground: "lawfulness"}}, Search{}, Search{Part: Part{Ground: "x", From: "y"}, After: "z"}} {
			a := w.As(login).API("POST", "/api/trail/search", body).Must(http.StatusNotFound)
			none := w.As(login).API("POST", "/api/trail/1/again", nil).Must(http.StatusNotFound)
			if string(a.Body) != string(none.Body) {
				t.Errorf("%s: %s and %s", login, a.Body, none.Body)
			}
		}
	}
	if n := w.One(`select count(*) from audit.trail where object_kind = 'trail' and outcome = 'deny' and role = 'administrator'`); n != "6" {
		t.Errorf("%s refusals of the administrator are in the trail", n)
	}
}

// The end of a reference finds what the whole one finds, of the own authority's
// things and of another's that the own people were let in to; another's that
// they were refused is told like what never was, and of two nothing is chosen.
func TestTheEndOfAReferenceIsEnough(t *testing.T) {
	w := run(t)
	id := func(first, last byte) hub.ID {
		return hub.MakeID([16]byte{first, 12: 0xa1, 13: 0xb2, 14: 0xc3, 15: last})
	}
	ours, whom, theirs, twin, twins := id(1, 4), id(2, 8), id(3, 12), id(4, 16), id(5, 16)
	for _, i := range []struct {
		id, about hub.ID
		of        string
	}{{ours, whom, "koege"}, {theirs, stranger, "roskilde"}, {twin, whom, "koege"}, {twins, whom, "koege"}} {
		w.SQL(`insert into access.item (id, kind, about, controller, received_by, state, author) values ($1, 'concern', $2, $3, 'municipality', 'received', 'nobody')`, string(i.id), string(i.about), i.of)
		w.consults("gudrun", i.id, "") // who is refused at another authority's
	}
	shown, ofShown := id(6, 20), id(7, 24) // Roskilde's, which Køge's people saw
	w.SQL(`insert into access.item (id, kind, about, controller, received_by, state, author) values ($1, 'concern', $2, 'koege', 'municipality', 'received', 'nobody')`, string(shown), string(ofShown))
	w.consults("gudrun", shown, "")
	w.SQL(`update access.item set controller = 'roskilde' where id = $1`, string(shown))
	w.SQL(`update audit.trail set controller = 'roskilde' where object_id = $1`, string(shown))
	tail := func(id hub.ID) string { return "…" + strings.ToUpper(string(id[20:])) }
	for _, known := range []hub.ID{ours, whom, shown, ofShown} {
		all := w.search("dagny", Search{Part: Part{Reference: string(known), Act: hub.ActConsult}})
		if end := w.search("dagny", Search{Part: Part{Reference: tail(known), Act: hub.ActConsult}}); len(all.Rows) == 0 || told(end) != told(all) {
			t.Errorf("the whole finds %q, the end %q", told(all), told(end))
		}
	}
	for what, ref := range map[string]string{"another authority's": tail(theirs), "one that never was": "zzzzzz"} {
		if f := w.search("dagny", Search{Part: Part{Reference: ref}}); f.Total != 0 || len(f.Rows) != 0 {
			t.Errorf("the end of %s finds %s", what, told(f))
		}
	}
	w.As("dagny").API("POST", "/api/trail/search", Search{Part: Part{Ground: "lawfulness", Reference: tail(twin)}}).Must(http.StatusBadRequest)
}

func TestWhoSawThisPerson(t *testing.T) {
	w := run(t)
	w.items()
	w.consults("gudrun", koege, "")
	w.consults("gudrun", roskilde, "")
	w.consults("thorkild", koege, "")
	byConcern, bySubject := w.search("dagny", Search{Part: Part{Reference: string(koege)}}), w.search("dagny", Search{Part: Part{Reference: string(subject)}})
	if len(byConcern.Rows) < 2 || byConcern.Total != len(byConcern.Rows) {
		t.Errorf("by the concern: %+v", byConcern)
	}
	if a, b := told(byConcern), told(bySubject); a != b || strings.Count(a, "consult") != 2 {
		t.Errorf("by the concern %s, by the subject %s", a, b)
	}
	if got := told(w.search("dagny", Search{Part: Part{Reference: string(stranger), Side: "data"}})); got != "" {
		t.Errorf("about another authority's person: %s", got)
	}
	// A foreign concern does not tell whom it is about: what else the own people
	// did about that person is not found by it.
	elsewhere := hub.MakeID([16]byte{1, 3})
	w.SQL(`insert into access.item (id, kind, about, controller, received_by, state, author) values ($1, 'concern', $2, 'roskilde', 'municipality', 'received', 'nobody')`,
		string(elsewhere), string(stranger))
	w.consults("gudrun", elsewhere, "")
	if f := w.search("dagny", Search{Part: Part{Reference: string(roskilde), Act: hub.ActConsult}}); len(f.Rows) != 1 {
		t.Errorf("by a foreign concern: %+v", f.Rows)
	}
	if strings.Contains(w.One(`select string_agg(t::text, ' ') from audit.trail t`), string(subject)) {
		t.Error("the trail names a subject by its reference")
	}
	person := w.As("thorkild").Post.Person
	if f := w.search("dagny", Search{Part: Part{Person: person}}); len(f.Rows) != 1 || f.Rows[0].Outcome != "deny" {
		t.Errorf("what one person did: %+v", f.Rows)
	}
	if f := w.search("dagny", Search{Part: Part{From: "2199-01-01"}}); f.Total != 0 {
		t.Errorf("the future: %+v", f)
	}
}

// Every reading is in the trail itself, with its ground sealed. A086 in part.
func TestReadingIsRecorded(t *testing.T) {
	w := run(t)
	w.items()
	w.search("dagny", Search{Part: Part{Reference: string(koege), Ground: "self_monitoring"}})
	f := w.search("dagny", Search{Part: Part{Act: hub.ActSearch}})
	if len(f.Rows) != 1 || f.Rows[0].ObjectKind != "trail" || f.Rows[0].Justification != "self_monitoring" || f.Rows[0].Purpose != hub.LogControl ||
		len(f.Rows[0].Subjects) != 1 || f.Rows[0].Subjects[0] != w.Vault().Pseudonym(subject) {
		t.Errorf("%+v", f.Rows)
	}
	if n := w.One(`select count(*) from audit.reason where position('self_monitoring' in encode(box, 'escape')) > 0`); n != "0" {
		t.Error("the ground stands in the clear")
	}
}

func TestPages(t *testing.T) {
	w := run(t)
	w.items()
	for range 7 {
		w.consults("gudrun", koege, "")
	}
	seen := map[int64]bool{}
	s := Search{Part: Part{Reference: string(koege), Side: "data", Act: hub.ActConsult}, Limit: 3}
	for page := 1; ; page++ {
		f := w.search("dagny", s)
		if f.Total != 7 || f.More {
			t.Fatalf("page %d: total %d", page, f.Total)
		}
		for _, r := range f.Rows {
			if seen[r.ID] {
				t.Errorf("row %d twice", r.ID)
			}
			seen[r.ID] = true
		}
		w.consults("gudrun", roskilde, "") // what is written meanwhile moves nothing
		if s.After = f.Next; s.After == "" {
			break
		}
	}
	if len(seen) != 7 {
		t.Errorf("%d rows on the pages", len(seen))
	}
}

func TestJustifications(t *testing.T) {
	w := run(t)
	w.items()
	w.consults("gudrun", koege, "Aktindsigt <script>alert(1)</script>\n\x1b[31m")
	one := func(login string) Row {
		t.Helper()
		f := w.search(login, Search{Part: Part{Act: hub.ActConsult, Outcome: "allow"}})
		if len(f.Rows) != 1 {
			t.Fatalf("%s: %+v", login, f.Rows)
		}
		return f.Rows[0]
	}
	if r := one("dagny"); r.Justification != "Aktindsigt <script>alert(1)</script>\n\x1b[31m" || r.Sealed != "" {
		t.Errorf("stored exactly (A084): %q %q", r.Justification, r.Sealed)
	}
	w.SQL(`alter table audit.reason disable trigger user`)
	w.SQL(`update audit.reason set authority = 'roskilde' where authority = 'koege'`)
	if r := one("dagny"); r.Justification != "" || r.Sealed != "other_authority" {
		t.Errorf("sealed for another: %q %q", r.Justification, r.Sealed)
	}
	w.SQL(`update audit.reason set authority = 'koege', box = box || '\x00'::bytea`)
	if r := one("dagny"); r.Justification != "" || r.Sealed != "changed" {
		t.Errorf("changed: %q %q", r.Justification, r.Sealed)
	}
	w.SQL(`delete from audit.reason`)
	if r := one("dagny"); r.Sealed != "missing" {
		t.Errorf("missing: %q", r.Sealed)
	}
}

// Every decision in the trail, made again by the same revision, says the same;
// one whose row was changed does not.
func TestDecideAgain(t *testing.T) {
	w := run(t)
	w.items()
	w.consults("gudrun", koege, "")
	w.consults("sigrid", koege, "")
	w.consults("rune", koege, "")
	var a Again
	for _, r := range w.search("dagny", Search{}).Rows {
		w.As("dagny").API("POST", fmt.Sprintf("/api/trail/%d/again", r.ID), nil).Must(http.StatusOK).JSON(&a)
		if !a.Possible || !a.Same || !a.Now.Agrees || a.Then == nil || !a.Then.Agrees || !a.Whole || a.Differ {
			t.Errorf("row %d (%s %s): %+v", r.ID, r.Question, r.Outcome, a)
		}
	}
	id := w.One(`select id from audit.trail where outcome = 'allow' and act = 'consult' and object_kind = 'concern'`)
	w.SQL(`update audit.trail set input = jsonb_set(input, '{state}', '"triage"') where id = $1::bigint`, id)
	w.As("dagny").API("POST", "/api/trail/"+id+"/again", nil).Must(http.StatusOK).JSON(&a)
	w.SQL(`update audit.trail set input = jsonb_set(input, '{relation}', '""') where id = $1::bigint`, id)
	w.As("dagny").API("POST", "/api/trail/"+id+"/again", nil).Must(http.StatusOK).JSON(&a)
	if a.Now.Agrees || a.Then.Agrees || !a.Same {
		t.Errorf("a changed row agrees: %+v", a)
	}
	for _, row := range []string{"0", "-1", "x", "999999999", "1e3"} {
		w.As("dagny").API("POST", "/api/trail/"+row+"/again", nil).Must(http.StatusNotFound)
	}
	w.As("esther").API("POST", "/api/trail/"+id+"/again", nil).Must(http.StatusNotFound)
}

func TestSeen(t *testing.T) {
	w := run(t)
	w.items()
	w.consults("gudrun", koege, "")
	w.consults("viggo", koege, "")
	w.consults("sigrid", koege, "") // refused: saw nothing
	x := &room{Env: service.Env{DB: w.DB("audit"), Vault: w.Vault(), Web: w.Site(), Structure: w.Structure, Now: w.Now, NewID: hub.NewID}}
	seen, err := x.seen(t.Context(), w.As("gudrun").Actor(), "da", []hub.ID{koege, roskilde})
	if err != nil {
		t.Fatal(err)
	}
	list := string(seen[koege])
	g, v := strings.Index(list, w.As("gudrun").Post.Name), strings.Index(list, w.As("viggo").Post.Name)
	if len(seen) != 1 || v < 0 || g < v || strings.Contains(list, w.As("sigrid").Post.Name) || !strings.Contains(list, "personnummer") {
		t.Errorf("%v", seen)
	}
	if n := w.One(`select count(*) from audit.trail where fields = '{who_has_seen}' and outcome = 'allow'`); n != "1" {
		t.Errorf("%s showings are recorded", n)
	}
	// The author sees what they wrote, and not who has read it.
	w.SQL(`update access.item set author = $1 where id = $2`, string(w.As("solvej").Post.Person), string(koege))
	w.consults("solvej", koege, "")
	if n := w.One(`select count(*) from audit.trail where role = 'reporter' and outcome = 'allow'`); n != "1" {
		t.Errorf("the author does not see the concern: %s", n)
	}
	if none, err := x.seen(t.Context(), w.As("solvej").Actor(), "da", []hub.ID{koege}); err != nil || len(none) != 0 {
		t.Errorf("the author: %v, %v", none, err)
	}
	if none, err := x.seen(t.Context(), w.As("birk").Actor(), "da", []hub.ID{koege}); err != nil || len(none) != 0 {
		t.Errorf("the receiver who has no part in it: %v, %v", none, err)
	}
}

// The database's clock is the machine's and the hub's is the test's, days apart:
// that is what the chore alarms about, without a word of anybody.
func TestClockGap(t *testing.T) {
	w := run(t)
	w.items()
	w.consults("gudrun", koege, "")
	var out bytes.Buffer
	x := &room{Env: service.Env{DB: w.DB("audit"), Structure: &structure.Structure{}, Now: w.Now, NewID: hub.NewID, Log: slog.New(slog.NewTextHandler(&out, nil))}}
	if err := x.clock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if line := out.String(); !strings.Contains(line, "clock gap") || !strings.Contains(line, "writer=portal") || strings.Contains(line, string(w.As("gudrun").Post.Person)) {
		t.Errorf("logged %q", line)
	}
	out.Reset()
	x.Structure = w.Structure // the demo, whose clock is its own
	if err := x.clock(t.Context()); err != nil || out.Len() > 0 {
		t.Errorf("in the demo, and logged %q, %v", out.String(), err)
	}
	x.Structure = &structure.Structure{}
	w.SQL(`update audit.trail set said_at = at - interval '59 seconds'`)
	if err := x.clock(t.Context()); err != nil || out.Len() > 0 {
		t.Errorf("within a minute, and logged %q, %v", out.String(), err)
	}
}

// Only this room's login role reads the trail. A078 in part.
func TestGrants(t *testing.T) {
	w := run(t)
	for role, want := range map[string]string{"audit": "t", "portal": "f"} {
		for _, table := range []string{"audit.trail", "audit.reason"} {
			if got := w.One(`select has_table_privilege($1, $2, 'select')`, role, table); got != want {
				t.Errorf("%s may read %s: %s", role, table, got)
			}
			for _, verb := range []string{"update", "delete", "truncate"} {
				if got := w.One(`select has_table_privilege($1, $2, $3)`, role, table, verb); got != "f" {
					t.Errorf("%s may %s %s", role, verb, table)
				}
			}
		}
	}
}
