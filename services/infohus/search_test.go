//go:build !race

package main

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// found gives the subjects that somebody finds.
func (s *script) found(login string, by map[string]any) (list []hub.ID) {
	s.Helper()
	var out struct {
		Subjects []struct{ Subject hub.ID }
		Total    int
	}
	s.as(login).API("POST", "/api/subjects/search", by).Must(200).JSON(&out)
	for _, v := range out.Subjects {
		list = append(list, v.Subject)
	}
	if out.Total != len(list) {
		s.Errorf("%d are found, the total says %d (A021)", len(list), out.Total)
	}
	return list
}

// TestSearch is A063 and T5: by a number, by a name with a birth date, by a
// reference; never by a name alone; and whoever is not shown somebody does not
// find them. L28 in part: whoever is only related is found by no number; that
// nothing lists whom somebody is related to, TestNobodysRelations shows.
func TestSearch(t *testing.T) {
	s := begin(t)
	id := s.forwarded() // about Bertram Eksempel, 670308-4019
	subject := hub.ID(s.One("select subject from intake.concern"))
	by := func(pairs ...string) map[string]any {
		in := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			in[pairs[i]] = pairs[i+1]
		}
		return in
	}
	for _, in := range []map[string]any{by("cpr", "670308-4019"), by("cpr", "6703084019"), by("name", "Bertram Eksempel", "birth_date", "2008-03-07"), by("name", "eksempel  BERTRAM", "birth_date", "07-03-2008"),
		by("name", "Eksempel", "birth_date", "7.3.2008"), by("cpr", "670308-4019", "name", "Bertram")} {
		for _, login := range []string{coordinator, deputy, policeMan} {
			if got := s.found(login, in); len(got) != 1 || got[0] != subject {
				t.Errorf("%s finds %v by %v", login, got, in)
			}
		}
		for _, login := range []string{roskilde, ssp, teacher, "liv", "bodil"} {
			if got := s.found(login, in); len(got) != 0 {
				t.Errorf("%s finds %v by %v", login, got, in)
			}
		}
	}
	for _, in := range []map[string]any{by("cpr", "670308-4027"), by("name", "Bertram Eksempel", "birth_date", "2008-03-08"), by("name", "Bertram Eksempelsen", "birth_date", "2008-03-07"),
		by("name", "Ber* E%", "birth_date", "2008-03-07"), by("cpr", "670308-4019", "name", "Rigmor")} {
		if got := s.found(coordinator, in); len(got) != 0 {
			t.Errorf("the coordinator finds %v by %v", got, in)
		}
	}
	for typed, says := range map[string]string{"Eksempel": "Et navn alene kan ikke søges", "Bertram Eksempel": "Et navn alene kan ikke søges", "670308": "10 cifre", "670308*": "10 cifre", "670308-____": "10 cifre",
		"%": "10 cifre", "": "Skriv et personnummer", "*** 07-03-2008": "alene kan ikke søges"} {
		a := s.posts(coordinator, "/search", url.Values{"find": {typed}})
		if a.Status != 400 || !strings.Contains(a.Text(), says) {
			t.Errorf("%q is answered %d, without %q", typed, a.Status, says)
		}
	}
	for _, in := range []map[string]any{by("name", "Eksempel"), by("birth_date", "2008-03-07"), by("cpr", "67030840__"), by("cpr", "670308"), by()} {
		if a := s.as(coordinator).API("POST", "/api/subjects/search", in); a.Status != 400 {
			t.Errorf("%v is answered %d %s", in, a.Status, a.Body)
		}
	}
	for _, typed := range []string{"670308-4019", "Bertram Eksempel 07-03-2008", string(id), strings.ToUpper(string(id)), "…" + string(id[20:])} {
		for login, sees := range map[string]bool{coordinator: true, policeMan: true, roskilde: false} {
			a := s.posts(login, "/search", url.Values{"find": {typed}}).Must(200)
			if strings.Contains(a.Text(), "/concerns/"+string(id)) != sees {
				t.Errorf("%s finds the concern by %q: %v", login, typed, !sees)
			}
		}
	}
	for _, login := range []string{koegeDPO, "hedvig", "rune"} {
		if a := s.as(login).API("POST", "/api/subjects/search", by("cpr", "670308-4019")); a.Status != 404 {
			t.Errorf("%s searches: %d", login, a.Status)
		}
		if a := s.as(login).Get("/search"); a.Status != 404 {
			t.Errorf("%s has the page: %d", login, a.Status)
		}
	}
	if a := s.as(coordinator).Get("/search?find=670308-4019"); strings.Contains(a.Text(), string(subject)) {
		t.Error("an address searches (A044)")
	}
	// Whom else nobody searches for (L28), and what is found again after a birth
	// date was told.
	s.registers(coordinator, map[string]any{"name": "Kaj Kontakt", "cpr": "670308-4035", "category": "contact"})
	if got := s.found(coordinator, by("cpr", "670308-4035")); len(got) != 0 {
		t.Errorf("a related person is found: %v", got)
	}
	late := s.registers(coordinator, map[string]any{"name": "Rigmor Prøvelse"})
	s.as(coordinator).API("POST", "/api/subjects/"+string(late)+"/identify", map[string]any{"birth_date": "1999-05-05"}).Must(200)
	if got := s.found(coordinator, by("name", "Rigmor", "birth_date", "1999-05-05")); len(got) != 1 || got[0] != late {
		t.Errorf("whoever's birth date was told later is found as %v", got)
	}
}

var anyID = regexp.MustCompile(`[0-9a-z]{26}`)

// drawnKey is drawn for each form, and tells nothing.
var drawnKey = regexp.MustCompile(`name="_key" value="[^"]*"`)

// TestSearchTellsNothing is A008 and A027: somebody whom another authority has, and
// somebody of the own authority in a matter that is not the asker's, are answered
// as somebody who never was: the same bytes, the same statements, as many rows; and to
// who registers them the same is answered, and as much written.
func TestSearchTellsNothing(t *testing.T) {
	s := begin(t)
	s.forwarded()
	s.Settle() // nothing else is under way while statements are compared
	for _, login := range []string{roskilde, ssp, "liv", teacher, "jytte"} {
		for _, q := range []asking{
			{method: "POST", path: "/api/subjects/search", body: `{"cpr":"670308-4019"}`, instead: `{"cpr":"670308-4027"}`},
			{method: "POST", path: "/api/subjects/search", body: `{"name":"Bertram Eksempel","birth_date":"2008-03-07"}`, instead: `{"name":"Bertram Eksempel","birth_date":"2008-03-08"}`},
		} {
			q.invented = q.path
			s.alike(login, q)
		}
		form := func(find string) (string, []string) {
			c := s.as(login)
			c.Get("/")
			a, did := s.watched(c, "POST", "/search", "", url.Values{"_hat": {string(c.Post.Hat.ID)}, "find": {find}})
			return drawnKey.ReplaceAllString(string(scrub(a, find)), ""), did
		}
		one, did := form("670308-4019")
		none, does := form("670308-4027")
		if one != none || strings.Join(did, "\n") != strings.Join(does, "\n") {
			t.Errorf("%s is answered\n%s\nby\n%s\nand for nobody\n%s\nby\n%s", login, one, strings.Join(did, "\n"), none, strings.Join(does, "\n"))
		}
	}
	for login, unknown := range map[string]string{roskilde: "670308-4043", ssp: "670308-4051", teacher: "670308-4060"} {
		count := func() (n []int) {
			for _, table := range []string{"person.subject", "person.identity", "person.found_by", "person.number_mark", "person.move", "person.outbox", "access.subject", "access.subject_mark", "audit.trail"} {
				n = append(n, atoi(s.One("select count(*) from "+table)))
			}
			return n
		}
		registers := func(number string) string {
			s.Settle()
			before := count()
			a := s.as(login).API("POST", "/api/subjects", map[string]any{"name": "Rigmor Prøvelse", "cpr": number})
			s.Settle()
			after := count()
			for i := range after {
				after[i] -= before[i]
			}
			return fmt.Sprint(a.Status, " ", anyID.ReplaceAllString(a.Text(), ""), " ", after)
		}
		if known, nobody := registers("670308-4019"), registers(unknown); known != nobody || !strings.HasPrefix(known, "201 ") {
			t.Errorf("%s, who registers them, is answered\n%s\nand for nobody\n%s", login, known, nobody)
		}
	}
}

// TestSearchIsRecorded is L15: a search with hits and one without leave a row, and
// each person shown a row of theirs, and no row holds a number or a name.
func TestSearchIsRecorded(t *testing.T) {
	s := begin(t)
	s.forwarded()
	for number, want := range map[string]string{"670308-4019": "search subjects 1|search subject 0", "670308-4027": "search subjects 0"} {
		a := s.as(coordinator).API("POST", "/api/subjects/search", map[string]any{"cpr": number}).Must(200)
		got := s.One("select string_agg(act || ' ' || object_kind || ' ' || rows, '|' order by object_kind desc) from audit.trail where request = '" + a.Header.Get("X-Request-Id") + "'")
		if got != want {
			t.Errorf("the search for %s left %q, want %q", number, got, want)
		}
	}
	if s.One("select count(*) from audit.trail t where t::text ~ '670308|Bertram'") != "0" {
		t.Error("the trail holds what was searched for")
	}
	if s.as(roskilde).API("POST", "/api/subjects/search", map[string]any{"cpr": "670308-4019"}).Must(200); s.One("select count(*) from audit.trail where person <> '' and act = 'search' and object_kind = 'subject' and authority = 'roskilde'") != "0" {
		t.Error("a row tells another authority's officer that somebody is known elsewhere")
	}
}

// TestWhoItIsAboutTellsNothing is A023 and G7: whoever hands in a concern about somebody
// they may know nothing of is answered as if there were nobody, on a basis that fits and
// on one that does not.
func TestWhoItIsAboutTellsNothing(t *testing.T) {
	s := begin(t)
	theirs := hub.ID(s.One("select subject from intake.concern where id = $1", string(s.forwarded())))
	for name, change := range map[string]map[string]any{"a basis that fits": {}, "one that does not": {"legal_basis": "RHL"}, "one that is none": {"legal_basis": "NONE"}} {
		ask := func(subject hub.ID) (int, string) {
			a := s.as(roskilde).API("POST", "/api/concerns", concern(subject, change))
			return a.Status, a.Text()
		}
		status, text := ask(theirs)
		if other, never := ask(hub.NewID()); status != 400 || other != status || never != text {
			t.Errorf("%s: of somebody else's %d %s, of one that never was %d %s", name, status, text, other, never)
		}
	}
}

// TestNobodysRelations: L28 in part. No operation, field or column is for whom somebody is related
// to; whoever a concern mentions stands in its words, and nowhere else.
func TestNobodysRelations(t *testing.T) {
	s := begin(t)
	named := regexp.MustCompile(`(^|_)(related|relatives?|relations?|kin|siblings?|parents?|mother|father|spouse|household|family|network|friends?)($|_)`)
	word := regexp.MustCompile(`[a-z_]+`)
	var names []string
	for _, name := range regexp.MustCompile(`"([a-z_/{}]+)":`).FindAllStringSubmatch(s.Nobody().API("GET", "/openapi.json", nil).Must(200).Text(), -1) {
		names = append(names, word.FindAllString(name[1], -1)...)
	}
	for _, column := range s.SQL(`select table_schema || ' ' || table_name || ' ' || column_name from information_schema.columns where table_schema not in ('pg_catalog', 'information_schema')`) {
		names = append(names, word.FindAllString(strings.Join(column, " "), -1)...)
	}
	if len(names) < 500 {
		t.Fatalf("only %d names were looked at", len(names))
	}
	for _, name := range names {
		if named.MatchString(name) {
			t.Errorf("something is for whom somebody is related to: %s", name)
		}
	}
}
