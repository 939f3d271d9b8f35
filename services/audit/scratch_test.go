package audit

import ("testing";"time"; "fmt"; "strings"; "github.com/infohus/infohus/pkg/hub"; "github.com/infohus/infohus/pkg/pg"; "github.com/infohus/infohus/policies")

func TestScratchPlan(t *testing.T) {
	w := run(t)
	w.items()
	w.consults("gudrun", koege, "")
	w.SQL(`insert into audit.trail (said_at, person, hat, authority, role, issuer, loa, session, request, cause, act, outcome, question, input, revision, reasons, obligations, object_kind, object_id, object_version, controller, subjects, fields, purpose, basis, recipient, rows, why_ref, why_digest)
	select now(), 'p'||(g%200), 'h'||(g%200), case when g%3=0 then 'koege' else 'mvs-politi' end, 'x','','','','r','','consult','allow','view','{}','rev','{own}','{}','concern','c'||(g%20000),1, case when g%2=0 then 'koege' else 'roskilde' end, array['s'||(g%20000)], '{name,cpr}','prevention','','',0,'',null from generate_series(1,600000) g`)
	w.SQL(`vacuum analyze audit.trail`)
	w.SQL(`insert into access.item (id, kind, about, controller, received_by, state, author) values ('c42', 'concern', 's42', 'koege', 'municipality', 'received', 'nobody')`)
	for _, s := range []Search{{Reference: koege}, {}, {From: "2026-01-01", Until: "2027-01-01"}, {Person: w.As("gudrun").Post.Person}, {Side: "data", Reference: subject, From: "2026-01-01"}} {
		for range 2 {
		start := time.Now()
		f := w.search("dagny", s)
		t.Logf("%+v: %d %v %s", s, f.Total, f.More, time.Since(start))
		}
	}
	who := w.As("dagny").Actor()
	err := w.DB("audit").View(t.Context(), who, func(tx *pg.Tx) error {
		f, _ := (Search{Ground:"lawfulness", From: "2026-01-01"}).filter("koege")
		refs, _ := meaning(t.Context(), tx, policies.Grant{}, "koege", "", w.Vault().Pseudonym)
		h := hits(f, refs)
		rows, err := tx.Query(t.Context(), "explain (analyze, buffers off) "+h.page(place{}, 51), h.args...)
		if err != nil { return err }
		var b strings.Builder
		for rows.Next() { var l string; rows.Scan(&l); fmt.Fprintln(&b, l) }
		t.Log("\n"+b.String())
		return rows.Err()
	})
	t.Log(err, hub.ID(""))
}
