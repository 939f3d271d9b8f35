package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// triaged gives new cases about new invented people, each just triaged to one by
// both coordinators.
func triaged(b testing.TB, h *hubtest.Hub, n int) (cases []hub.ID) {
	b.Helper()
	gudrun, thorkild := client(h), h.As(policeMan)
	for i := range n {
		var s struct{ Subject hub.ID }
		gudrun.API("POST", "/api/subjects", map[string]any{"name": fmt.Sprint("Opdigtet Nummer ", i+1), "cpr": fmt.Sprintf("670308-0%03d", i)}).Must(201).JSON(&s)
		var got done
		gudrun.API("POST", "/api/concerns", concern(s.Subject, map[string]any{"municipality": "koege"})).Must(201).JSON(&got)
		at := "/api/concerns/" + string(got.ID)
		gudrun.API("POST", at+"/forward", toPolice).Must(200)
		thorkild.API("POST", at+"/check", says("released")).Must(200)
		gudrun.API("POST", at+"/triage", judge("case")).Must(200)
		thorkild.API("POST", at+"/triage", judge("case")).Must(200)
		h.Settle()
		cases = append(cases, hub.ID(h.One("select id from assessment.cases where concern = $1", string(got.ID))))
	}
	return cases
}

// selects is a handler that gives the rows of a bare select as JSON, asked once.
func selects(b *testing.B, do func(sql string, args ...any) (pgx.Rows, error), sql string, args ...any) func() {
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		rows, err := do(sql, args...)
		if err != nil {
			b.Error(err)
			return
		}
		all, err := pgx.CollectRows(rows, pgx.RowToMap)
		if err != nil || len(all) == 0 {
			b.Error(len(all), err)
		}
		json.NewEncoder(w).Encode(all)
	})
	return func() {
		bare.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(b.Context(), "GET", "/", nil))
	}
}

// BenchmarkCasePage: the page of a case with the people it names (composed of
// what three rooms own, each with its own decision and record), against a bare
// select of its row.
func BenchmarkCasePage(b *testing.B) {
	h, pool := measured(b)
	c, id := h.As(coordinator), triaged(b, h, 1)[0]
	pairs(b, func() { c.Get("/cases/" + string(id)).Must(200) },
		selects(b, func(sql string, args ...any) (pgx.Rows, error) { return pool.Query(b.Context(), sql, args...) }, "select * from assessment.cases where id = $1", string(id)))
}

// BenchmarkTenNames: a page with ten people's names on it, each decided on,
// decrypted and recorded, against a bare select of the ten sealed names.
func BenchmarkTenNames(b *testing.B) {
	h, pool := measured(b)
	c := h.As(coordinator)
	triaged(b, h, 10)
	pairs(b, func() { c.Get("/cases").Must(200) },
		selects(b, func(sql string, args ...any) (pgx.Rows, error) { return pool.Query(b.Context(), sql, args...) },
			"select c.*, s.* from assessment.cases c join person.subject s on s.id = c.subject order by c.next_at limit 10"))
}

// hundredThousand is a hub with as many cases, all of one municipality and all
// disclosed to the police, of which a colleague at either place was given fifty.
func hundredThousand(b testing.TB) (*hubtest.Hub, *pgxpool.Pool) {
	b.Helper()
	h, pool := measured(b)
	id := triaged(b, h, 1)[0]
	gudrun := client(h)
	gudrun.API("POST", "/api/cases/"+string(id)+"/open", with(toPolice, map[string]any{"members": []hub.ID{}, "reason": sayWhy})).Must(200) // discloses it to the police
	h.As(policeMan).API("POST", "/api/cases/"+string(id)+"/open", map[string]any{"members": []hub.ID{}, "reason": sayWhy}).Must(200)
	many := func(table, more string) {
		columns := h.One("select string_agg(attname, ',') from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''", table)
		h.SQL("insert into "+table+" ("+columns+") select "+columns+" from (select (jsonb_populate_record(x, jsonb_build_object('id', lpad(n::text, 26, '0')"+more+"))).* from "+
			table+" x, generate_series(1, 100000) n where $1 in (x.id, to_jsonb(x)->>'item')) y", string(id))
		h.SQL("vacuum analyze " + table)
	}
	many("access.item", "")
	many("assessment.cases", ", 'concern', lpad(n::text, 26, '0'), 'next_at', now() + n * 7919 % 100000 * interval '1 minute'")
	many("access.share", ", 'item', lpad(n::text, 26, '0')")
	h.SQL(`insert into access.assignment (id, kind, item, person, authority, role, why, from_at, until_at, by_person, by_hat)
		select p.person || n, 'case', lpad((n * 1999)::text, 26, '0'), p.person, h.authority, h.role, 'colleague', '-infinity', '9999-12-31', 'p', 'h' from unnest(array[$1, $2]) p (person) join access.hat h on h.person = p.person, generate_series(1, 50) n`,
		string(h.As("liv").Post.Person), string(h.As("knud").Post.Person))
	h.SQL("vacuum analyze access.assignment")
	return h, pool
}

// BenchmarkList: fifty of a hundred thousand cases, with their number, each
// person shown in the trail, against the same list for somebody who may see
// everything and is recorded nowhere: one statement, with an index for its order,
// which counts them to the last or, as ours does, to a hundred. Own is a
// coordinator's list of the own authority's cases, shared the police's, to whom
// each of them was disclosed; few are those of their colleagues, who may see fifty
// of these hundred thousand.
func BenchmarkList(b *testing.B) {
	h, pool := hundredThousand(b)
	for _, who := range []struct{ name, login string }{{"own", coordinator}, {"shared", policeMan}, {"few own", "liv"}, {"few shared", "knud"}} {
		c := h.As(who.login)
		c.Token = h.Issuer.Sign(h.Issuer.Claims(c.Post))
		var page struct{ Cases []any }
		if c.API("GET", "/api/cases?limit=50", nil).Must(200).JSON(&page); len(page.Cases) != 50 {
			b.Fatalf("%s sees %d", who.login, len(page.Cases))
		}
		for _, all := range []struct{ name, count string }{{"all counted", "select count(*) from assessment.cases"}, {"a hundred counted", "select count(*) from (select from assessment.cases limit 101) c"}} {
			b.Run(who.name+", "+all.name, func(b *testing.B) {
				pairs(b, func() { c.API("GET", "/api/cases?limit=50", nil).Must(200) },
					selects(b, func(sql string, args ...any) (pgx.Rows, error) { return pool.Query(b.Context(), sql, args...) },
						"select c.*, i.state, ("+all.count+") as total from assessment.cases c join access.item i on i.id = c.id order by c.next_at, c.id limit 50"))
			})
		}
	}
}
