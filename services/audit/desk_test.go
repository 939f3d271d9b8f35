//go:build !race

package audit

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/policies"
	"github.com/infohus/infohus/services/portal"
)

// passing is a hub in which the portal's room may pass concerns on, as theirs would.
func passing(t *testing.T) *world {
	t.Helper()
	p := portal.Service
	p.Writes = append(slices.Clone(p.Writes), "concern")
	h := hubtest.Run(t, p, Service)
	if err := h.Vault().Make(vault.AuthorityKey("koege"), vault.AuthorityKey("roskilde"), vault.AuthorityKey("mvs-politi"), subject); err != nil {
		t.Fatal(err)
	}
	w := &world{h, t, h.DB("portal")}
	w.items()
	return w
}

// passesOn is what is asked of the rules by who passes a concern on to the police.
func passesOn(who hub.Actor) policies.Disclose {
	return policies.Disclose{Role: who.Role, From: who.Kind, To: hub.Police, Basis: "RPL115-2", Purpose: hub.Prevention, State: "received", Item: "concern", Cooperation: true, TaskArea: true}
}

// gives has somebody pass a concern on, as its room would: the share, and the record that
// it left.
func (w *world) gives(login string, concern, about hub.ID, to hub.AuthorityID) {
	w.t.Helper()
	who := w.As(login).Actor()
	if err := w.db.Command(w.t.Context(), who, pg.Entry{Act: hub.ActDisclose}, func(tx *pg.Tx) error {
		g, err := tx.Ask(w.t.Context(), passesOn(who))
		if err != nil {
			return err
		}
		if _, err := tx.Share(w.t.Context(), g, pg.Share{ID: hub.NewID(), Kind: "concern", Item: concern, About: about, Classes: []string{"status"}, From: who.Authority, To: to,
			Basis: "RPL115-2", Purpose: hub.Prevention, Necessity: hub.NewPersonal("Politiet skal kunne hjælpe i tide."), Terms: "no_onward"}); err != nil {
			return err
		}
		_, err = tx.Record(w.t.Context(), g, pg.Entry{Act: hub.ActDisclose, Object: hub.Object{Kind: "concern", ID: concern, Version: 1}, Controller: who.Authority,
			Subjects: []hub.ID{about}, Basis: "RPL115-2", Recipient: to})
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
}

// grouped writes groups as what they are of and how many rows they have.
func grouped(f Found) string {
	var lines []string
	for _, g := range f.Groups {
		name, _, _ := strings.Cut(g.Name, " ")
		var parts []string
		for _, p := range []string{name, g.Kind, g.Object, string(g.Act), g.Outcome, string(g.Recipient)} {
			if p != "" {
				parts = append(parts, p)
			}
		}
		lines = append(lines, fmt.Sprint(strings.Join(parts, " "), " ", g.Rows))
	}
	slices.Sort(lines)
	return strings.Join(lines, ", ")
}

// The four ways in, each of the own authority's data and people and of nothing else (A087);
// what a way puts together says no more than the rows do.
func TestTheWays(t *testing.T) {
	w := passing(t)
	for range 3 {
		w.consults("gudrun", koege, "")
	}
	w.consults("sigrid", koege, "")    // refused
	w.consults("gudrun", roskilde, "") // refused
	w.consults("sigrid", roskilde, "")
	w.gives("gudrun", koege, subject, "mvs-politi")
	// Roskilde's coordinator is refused at passing Køge's concern on: that there is something to
	// pass on is not for Roskilde's officer.
	who := w.As("sigrid").Actor()
	if err := w.db.View(t.Context(), who, func(tx *pg.Tx) error {
		_, err := tx.Ask(t.Context(), policies.Disclose{Role: who.Role, From: who.Kind})
		var denied *policies.Denial
		if !errors.As(err, &denied) {
			return err
		}
		return tx.Refuse(t.Context(), denied, pg.Entry{Act: hub.ActDisclose, Object: hub.Object{Kind: "concern", ID: koege}, Controller: "koege", Recipient: "mvs-politi"})
	}); err != nil {
		t.Fatal(err)
	}
	w.SQL(`update audit.trail set basis = 'RPL115-2' where outcome = 'deny' and act = 'consult'`)
	gudrun, sigrid := string(w.As("gudrun").Post.Person), w.As("sigrid").Post.Person
	for _, c := range []struct {
		login, what string
		in          Part
		want        string
	}{
		{"dagny", "who saw a person", Part{Way: "subject", Reference: string(subject), Act: hub.ActConsult}, "Gudrun 3, Sigrid 1"},
		{"dagny", "who saw a concern", Part{Way: "item", Reference: string(koege), Act: hub.ActConsult}, "Gudrun 3, Sigrid 1"},
		{"dagny", "what an employee looked at", Part{Way: "person", Person: hub.ID(gudrun), Act: hub.ActConsult}, "concern " + string(koege) + " 3, concern " + string(roskilde) + " 1"},
		{"dagny", "another authority's, at the own data", Part{Way: "person", Person: sigrid, Act: hub.ActConsult}, "concern " + string(koege) + " 1"},
		{"esther", "what an employee looked at", Part{Way: "person", Person: sigrid, Act: hub.ActConsult}, "concern " + string(koege) + " 1, concern " + string(roskilde) + " 1"},
		{"esther", "who saw another authority's person", Part{Way: "subject", Reference: string(subject), Act: hub.ActConsult}, ""},
		{"esther", "who saw another authority's concern: the own who were refused", Part{Way: "item", Reference: string(koege), Act: hub.ActConsult}, "Sigrid 1"},
		{"dagny", "what was passed on, and what was tried", Part{Way: "disclosure"}, "mvs-politi 1, mvs-politi 1"},
		{"dagny", "what was passed on", Part{Way: "disclosure", Outcome: "allow"}, "mvs-politi 1"},
		{"signe", "what came in", Part{Way: "disclosure"}, "mvs-politi 1"},
		{"esther", "what others passed on", Part{Way: "disclosure"}, ""},
		{"dagny", "all of it", Part{Act: hub.ActConsult}, "consult allow 3, consult deny 2"},
	} {
		c.in.Ground = "lawfulness"
		var f Found
		w.As(c.login).API("POST", "/api/trail/search", Search{Part: c.in}).Must(http.StatusOK).JSON(&f)
		if got := grouped(f); got != c.want {
			t.Errorf("%s, %s: %q, want %q", c.login, c.what, got, c.want)
		}
		days := 0
		for _, d := range f.Days {
			days += d.Rows
		}
		if days != f.Total || len(f.Rows) != f.Total {
			t.Errorf("%s, %s: %d in days, %d rows, of %d", c.login, c.what, days, len(f.Rows), f.Total)
		}
	}
	// Both ends of what was passed on say so, and one that stands alone.
	end := func(login string) string {
		f := w.search(login, Search{Part: Part{Way: "disclosure", Outcome: "allow"}})
		return string(f.Rows[0].Act) + " " + f.Rows[0].OtherEnd
	}
	if left, came := end("dagny"), end("signe"); left != "disclose matched" || came != "collect matched" {
		t.Errorf("at its source %q, at its recipient %q", left, came)
	}
	w.SQL(`delete from audit.trail where act = 'collect' and recipient = 'mvs-politi'`)
	if left := end("dagny"); left != "disclose missing" {
		t.Errorf("without its recipient's end: %q", left)
	}
	w.gives("gudrun", koege, subject, "mvs-politi")
	// The recipient's officer finds that what came in was taken back.
	if err := w.db.Command(t.Context(), w.As("gudrun").Actor(), pg.Entry{Act: hub.ActRevoke, Object: hub.Object{Kind: "concern", ID: koege}}, func(tx *pg.Tx) error {
		g, err := tx.Ask(t.Context(), passesOn(tx.Who()))
		if err != nil {
			return err
		}
		if _, err := tx.RevokeAll(t.Context(), g, "concern", koege, "mvs-politi"); err != nil {
			return err
		}
		_, err = tx.Record(t.Context(), g, pg.Entry{Act: hub.ActRevoke, Object: hub.Object{Kind: "concern", ID: koege}, Controller: "koege", Subjects: []hub.ID{subject}})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	gone := w.search("signe", Search{Part: Part{Way: "item", Reference: string(koege), Act: hub.ActRevoke}})
	if len(gone.Rows) != 2 || gone.Rows[0].Did() != "gone" || gone.Rows[0].Authority != "koege" || gone.Rows[0].Recipient != "mvs-politi" {
		t.Errorf("what the recipient's officer finds of what was taken back: %+v", gone.Rows)
	}
	// What was refused says nothing of whose the thing is, or on what basis.
	if f := w.search("dagny", Search{Part: Part{Way: "person", Person: hub.ID(gudrun), Outcome: "deny"}}); len(f.Groups) != 1 || len(f.Groups[0].Why) != 1 || f.Groups[0].Why[0] != "prevention" || f.Groups[0].Authority != "" {
		t.Errorf("a refusal at another authority's: %+v", f.Groups)
	}
	// And every reading stands in the trail, with whom it was about (L17).
	if n := w.One(`select count(*) from audit.trail where object_kind = 'trail' and act = 'search' and subjects = array[$1]`, w.Vault().Pseudonym(subject)); n != "3" {
		t.Errorf("%s readings of the person stand in the trail", n)
	}

	for _, lang := range []string{"da", "en"} {
		c := w.As("dagny")
		c.Lang = lang
		for way, fields := range map[string]url.Values{"subject": {"reference": {string(subject)}}, "person": {"person": {gudrun}}, "item": {"reference": {string(koege)}}, "disclosure": {}} {
			at := "/trail?way=" + way
			sound(t, c.Get(at).Must(http.StatusOK))
			if way != "disclosure" {
				if a := sound(t, c.Submit(at, url.Values{"ground": {"lawfulness"}}).Must(http.StatusBadRequest)); !strings.Contains(a.Text(), `-error"`) || !strings.Contains(a.Text(), `name="way" value="`+way+`"`) {
					t.Errorf("%s, %s: the page of a search that begins nowhere: %s", lang, way, a.Body)
				}
			}
			fields.Set("ground", "lawfulness")
			a := sound(t, c.Submit(at, fields).Must(http.StatusOK))
			for _, shown := range []string{`<strong aria-current="page">`, `class="bar"`, `name="to" value="subject `, `name="to" value="item ` + string(koege) + `"`, `name="to" value="person ` + gudrun + `"`} {
				if !strings.Contains(a.Text(), shown) {
					t.Errorf("%s, %s: the page does not show %s: %s", lang, way, shown, a.Body)
				}
			}
		}
		// At its recipient it was received.
		signe := w.As("signe")
		signe.Lang = lang
		if a := sound(t, signe.Submit("/trail?way=disclosure", url.Values{"ground": {"lawfulness"}}).Must(http.StatusOK)); !strings.Contains(a.Text(), map[string]string{"da": "Modtaget fra en anden", "en": "Received from another"}[lang]) {
			t.Errorf("%s: at its recipient: %s", lang, a.Body)
		}
		// From a row into another way, on the same ground.
		a := sound(t, c.Submit("/trail", url.Values{"_form": {"to"}, "ground": {"integrity"}, "to": {"person " + string(sigrid)}}).Must(http.StatusOK))
		if !strings.Contains(a.Text(), `name="way" value="person"`) || !strings.Contains(a.Text(), w.As("sigrid").Post.Name) || strings.Contains(a.Path, string(sigrid)) {
			t.Errorf("%s: from a row to who it was: %s", lang, a.Body)
		}
	}
	nowhere := w.As("dagny").Get("/nowhere").Must(http.StatusNotFound)
	if a := w.As("dagny").Get("/trail?way=back").Must(http.StatusNotFound); a.Text() != nowhere.Text() {
		t.Error("a way that there is not has another answer than a page that there is not")
	}
	none := w.As("rune").Get("/nowhere").Must(http.StatusNotFound)
	if a := w.As("rune").Get("/trail?way=disclosure").Must(http.StatusNotFound); a.Text() != none.Text() {
		t.Error("an administrator can tell that there are ways")
	}
}

// A disclosure that stands at one end only for an hour is told to the officers of both
// authorities, once, and stays wrong until the other end is found.
func TestOneEnd(t *testing.T) {
	w := passing(t)
	x := &room{Env: w.env()}
	w.SQL(`update audit.ends_until set since = since - interval '1 day', at = at - interval '1 day'`)
	looks := func(what, want string) {
		t.Helper()
		said := ""
		if x.ends(t.Context()); x.odd() != nil {
			said = x.odd().Error() + ": "
		}
		said += w.One(`select coalesce(string_agg(concat_ws(' ', envelope->'data'->>'what', envelope->'data'->>'authority'), ', ' order by id), '')
			from audit.outbox where envelope->>'type' = 'audit.trail.odd.v1'`)
		if want = strings.ReplaceAll(want, "ROW", w.One(`select coalesce(min(row), 0) from audit.one_end`)); said != want {
			t.Errorf("%s: %q, want %q", what, said, want)
		}
	}
	hours := func(n int, of string) {
		w.SQL(`update audit.trail set at = at - make_interval(hours => $1::int) where recipient = 'mvs-politi' and `+of, fmt.Sprint(n))
	}
	w.gives("gudrun", koege, subject, "mvs-politi")
	hours(2, "true")
	looks("both ends are there", "")
	w.SQL(`create table public.handed as select * from audit.trail where act = 'collect'`)
	w.SQL(`update public.handed set id = id + 1000000, question = 'submit', request = 'another'`)
	w.SQL(`insert into audit.trail select * from public.handed`)
	w.SQL(`update audit.ends_until set at = now() - interval '1 day'`)
	hours(2, "question = 'submit'")
	looks("a concern was handed in by somebody elsewhere", "")

	w.gives("gudrun", koege, subject, "mvs-politi")
	w.SQL(`create table public.taken as select * from audit.trail where act = 'collect' and at > now() - interval '1 hour'`)
	w.SQL(`delete from audit.trail where act = 'collect' and at > now() - interval '1 hour'`)
	looks("one end, and not for an hour", "")
	w.SQL(`update audit.ends_until set at = now() - interval '1 day'`)
	hours(2, "at > now() - interval '1 hour'")
	const told = "one_end koege, one_end mvs-politi"
	looks("one end for two hours", "1 disclosures stand in the trail at one end only: the first is row ROW: "+told)
	for login, of := range map[string]string{"dagny": "1 1", "signe": "1 0", "esther": "0 0"} {
		f := w.search(login, Search{Part: Part{Way: "disclosure"}})
		if got := fmt.Sprint(f.OneEnd, " ", len(f.Ends)); got != of {
			t.Errorf("%s is told of %s, want %s", login, got, of)
		}
	}
	c := w.As("dagny")
	if a := sound(t, c.Submit("/trail?way=disclosure", url.Values{"ground": {"lawfulness"}}).Must(http.StatusOK)); !strings.Contains(a.Text(), `href="/trail/`+w.One(`select row from audit.one_end`)+`"`) || !strings.Contains(a.Text(), "1 videregivelse ") {
		t.Errorf("the page does not lead to what stands at one end: %s", a.Body)
	}
	looks("the next round", "1 disclosures stand in the trail at one end only: the first is row ROW: "+told)
	w.SQL(`update audit.ends_until set at = now() - interval '1 day'`)
	looks("gone through again", "1 disclosures stand in the trail at one end only: the first is row ROW: "+told)

	w.SQL(`insert into audit.trail select * from public.taken`)
	hours(2, "at > now() - interval '1 hour'")
	looks("the other end was put back", told)

	// What was said to be received, and nobody passed on; and what was refused is at no end.
	w.gives("gudrun", koege, subject, "mvs-politi")
	w.SQL(`update audit.trail set outcome = 'deny' where act = 'disclose' and at > now() - interval '1 hour'`)
	hours(3, "at > now() - interval '1 hour'")
	w.SQL(`update audit.ends_until set at = now() - interval '1 day'`)
	x.ends(t.Context())
	if n := w.One(`select count(*) from audit.one_end where ended_at is null`); n != "1" {
		t.Errorf("%s stand at their recipient only", n)
	}
}

// An officer's own look-ups in the log are left out where they say so, or alone, and counted
// with the others where they say nothing; the page of who saw a citizen leaves them out to begin with.
func TestReadingTheLogIsLeftOut(t *testing.T) {
	w := passing(t)
	w.consults("gudrun", koege, "")
	in := Part{Ground: Grounds[0], Way: "subject", Reference: string(subject)}
	for range 2 {
		w.search("dagny", Search{Part: in})
	}
	w.As("dagny").Get("/breaches").Must(http.StatusOK)
	count := map[string]int{}
	for _, control := range append(Controls, "") {
		in.Control = control
		f := w.search("dagny", Search{Part: in})
		for _, r := range f.Rows {
			if control != "" && (r.Purpose == hub.LogControl) != (control == "only") {
				t.Errorf("%s: %s of %s", control, r.Act, r.Purpose)
			}
		}
		if count[control] = f.Total; f.Total != len(f.Rows) || f.Total == 0 {
			t.Errorf("%q: %d, %d rows", control, f.Total, len(f.Rows))
		}
	}
	if count[""] != count["without"]+count["only"]+1 { // and the search for these
		t.Errorf("not all, or twice: %v", count)
	}
	w.As("dagny").API("POST", "/api/trail/search", Search{Part: Part{Ground: Grounds[0], Control: "all"}}).Must(http.StatusBadRequest)
	for way, chosen := range map[string]bool{"?way=subject": true, "?way=item": true, "?way=person": false, "": false} {
		if got := strings.Contains(w.As("dagny").Get("/trail"+way).Must(http.StatusOK).Text(), `<option value="without" selected>`); got != chosen {
			t.Errorf("/trail%s leaves the log's own out to begin with: %v", way, got)
		}
	}
	dagny := w.As("dagny")
	dagny.Get("/trail")
	page := dagny.Submit("/trail", url.Values{"ground": {Grounds[0]}, "control": {"only"}}).Must(http.StatusOK).Text()
	if strings.Contains(page, "<q>integrity</q>") || strings.Contains(page, "<q>lawfulness</q>") {
		t.Error("a ground is told by its code")
	}
}
