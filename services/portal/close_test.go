//go:build !race

package portal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
)

// item makes a thing of Køge's known to every room, about nobody here.
func (w *world) item(t *testing.T, kind string, id hub.ID, state string) {
	t.Helper()
	w.SQL(`insert into access.item (id, kind, about, controller, received_by, state, author, writer) values ('` + string(id) + `', '` + kind +
		`', 's', 'koege', 'municipality', '` + state + `', '` + string(w.person(t, "solvej")) + `', 'intake')`)
}

// TestNobodyIsToldOfWhatTheyAreTooCloseTo is A012: no notice of what its reader is recused
// from, or is whom it is about, is listed or counted, whoever it was told to, when, and
// whether it said of which; and it is there again when that is over.
func TestNobodyIsToldOfWhatTheyAreTooCloseTo(t *testing.T) {
	w := run(t)
	w.item(t, "concern", concern, "received")
	for range 3 {
		w.tell(t, event.ConcernReceived{Concern: concern, Authority: "koege", ReceivedAt: w.Now(), Step: "received", Due: w.Now().Add(time.Hour)})
	}
	w.tell(t, event.StepOverdue{Concern: concern, Authority: "koege", Step: "received", Level: "manager", Due: w.Now()})
	count := func(login string) int {
		return strings.Count(w.As(login).API("GET", "/api/notices", nil).Must(200).Text(), `"what"`)
	}
	for _, of := range []struct {
		login string
		said  []string
	}{{"viggo", []string{received, "/concerns/" + string(concern)}}, {"hedvig", []string{overdue}}} {
		login, said := of.login, of.said
		w.sees(t, login, said...)
		person := string(w.person(t, login))
		for _, way := range []struct{ begins, ends string }{
			{`insert into access.recusal (person, kind, item, by_person, by_hat) values ('` + person + `', 'concern', '` + string(concern) + `', 'p', 'h')`,
				`delete from access.recusal`},
			{`with s as (insert into access.subject_mark (subject, mark) values ('s', 'm')) insert into access.person_mark (person, issuer, mark) values ('` + person + `', 'i', 'm')`,
				`with s as (delete from access.subject_mark) delete from access.person_mark`},
		} {
			before := count(login)
			w.SQL(way.begins)
			w.sees(t, login, none, "!"+said[0], "!"+string(concern), "!Frist:")
			w.tell(t, event.ConcernRerouted{Concern: concern, Authority: "koege"}, event.StepOverdue{Concern: concern, Authority: "koege", Step: "received", Level: "manager", Due: w.Now()})
			w.sees(t, login, none, "!"+string(concern))
			if n := count(login); n != 0 {
				t.Errorf("%s is told %d times", login, n)
			}
			w.sees(t, "gudrun", "/concerns/"+string(concern))
			w.SQL(way.ends)
			w.sees(t, login, "!"+none)
			if n := count(login); n < before {
				t.Errorf("%s has %d notices again, of %d", login, n, before)
			}
		}
	}
}

// TestANoticeSaysOfWhatKind: who was let out of a case reads of a case and of no concern,
// and whoever sees it in another way has not lost it; and an officer, who never had it, is
// not told that they have it no more.
func TestANoticeSaysOfWhatKind(t *testing.T) {
	w := run(t)
	kase, question := hub.MakeID([16]byte{8, 1}), hub.MakeID([16]byte{8, 2})
	w.item(t, "case", kase, "collecting")
	w.item(t, "request", question, "asked")
	w.SQL(`alter table access.assignment disable trigger user`)
	for login, item := range map[string]hub.ID{"liv": kase, "gudrun": kase, "tage": question} { // they were let in
		w.SQL(`insert into access.assignment (id, kind, item, person, authority, role, why, from_at, until_at, by_person, by_hat) values ($1, 'case', $2, $3, 'koege', 'core_group', 'colleague', '2020-01-01', '2020-01-02', 'p', 'h')`,
			login, string(item), string(w.person(t, login)))
	}
	for _, login := range []string{"liv", "gudrun"} {
		w.tells(t, w.cases, event.CircleChanged{Case: kase, Item: kase, Kind: "case", Person: w.person(t, login)})
	}
	w.tells(t, w.cases, event.CircleChanged{Case: kase, Item: question, Kind: "request", Person: w.person(t, "tage")})
	w.sees(t, "liv", "Du har ikke længere adgang til en sag.", "!bekymring.", "!"+string(kase))
	w.sees(t, "tage", "Du har ikke længere adgang til et spørgsmål.", "!bekymring.")
	w.sees(t, "gudrun", "Du er ikke længere med i kredsen om en sag.", "/cases/"+string(kase))
	w.tells(t, w.cases, event.CaseRecusal{Case: kase, Authority: "koege", Person: w.person(t, "liv")})
	w.sees(t, "dagny", "En ansat hos jer er inhabil", `href="/trail"`, "!Du kan ikke åbne den nu", "!/cases/"+string(kase))
	w.tells(t, w.cases, event.CaseRecusal{Case: kase, Authority: "koege", Person: w.person(t, "liv"), Lifted: true})
	w.sees(t, "dagny", "En ansat hos jer er ikke længere inhabil", "!Du kan ikke åbne den nu")
}

// TestAnOwnerIsToldWhereItIsTheirs is A046: who answers for a measure that is late is told
// at the authority whose measure it is, and not where else they work; and where they work
// there no more, those whose step it is are told.
func TestAnOwnerIsToldWhereItIsTheirs(t *testing.T) {
	w := run(t)
	kase, birk := hub.MakeID([16]byte{9, 8}), w.AsRole("birk", hub.Receiver).Post
	other := w.AsRole("birk", hub.LocalPolice).Post.Authority
	if other == birk.Authority {
		t.Fatal("birk works at one place")
	}
	late := func(at hub.AuthorityID) {
		w.tells(t, w.help, event.FollowUpOverdue{Case: kase, Authority: at, Step: "measure", Due: w.Now(), Level: "owner", Person: birk.Person})
	}
	told := func() string {
		return w.One("select coalesce(string_agg(authority || ' ' || coalesce(nullif(role, ''), 'by name'), ', ' order by authority, role), '') from portal.notice where word = 'case_overdue'")
	}
	late(birk.Authority)
	if got := told(); got != string(birk.Authority)+" by name" {
		t.Errorf("told: %s", got)
	}
	w.SQL("delete from portal.notice")
	late("roskilde")
	if got := told(); got != "roskilde municipal_coordinator" {
		t.Errorf("of what is theirs no more: %s", got)
	}
}
