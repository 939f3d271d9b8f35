//go:build !race

package main

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
)

// TestACopyKeepsThePurpose is A058 in part: what was shared for prevention is bound to
// that where it lies. Nobody changes the purpose, basis or terms of a share; nothing is
// written, shared or asked for an investigation; an answer, a question and an offer leave
// as no file, to nobody of the others, and of the case only the two parties' coordinators
// have one; that, and the page of each thing that was shared, says whose it is and what it
// is never for. Who read it stands in the log of whose it is. That a text was copied by hand is flagged to nobody: docs/decisions/0019.
func TestACopyKeepsThePurpose(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	w := d.works("follow_up")
	d.Settle()

	conn, err := pgx.Connect(s.Context(), s.Owner())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(s.Context())
	for column, to := range map[string]string{"purpose": "investigation", "basis": "RPL115-3", "terms": "within_cooperation_", "classes": "{answer}", "receiver": "roskilde"} {
		if _, err := conn.Exec(s.Context(), "update access.share set "+column+" = $1", to); err == nil {
			t.Errorf("the %s of what was shared is changed", column)
		}
	}
	if n := s.One("select count(*) from access.share where purpose <> 'prevention'"); n != "0" {
		t.Errorf("%s shares are for something else", n)
	}

	// A case of the police's own with another purpose is written of nobody.
	subject := s.registers(policeMan, map[string]any{"name": "Opdigtet Afskrevet"})
	copied := concern(subject, map[string]any{"why_now": "Er kommet for sent til tolv timer.", "purpose": "investigation"})
	before := s.One("select count(*) from intake.concern")
	if a := s.as(policeMan).API("POST", "/api/concerns", copied); a.Status < 400 || a.Status >= 500 || s.One("select count(*) from intake.concern") != before {
		t.Errorf("a concern for an investigation: %d %s", a.Status, a.Body)
	}

	// It leaves as a file of the case, for two, and of nothing else: what is written leaves
	// with whoever wrote it, alone. The log leaves too, and has none of its words.
	files := []string{}
	for _, r := range s.Site().Routes() {
		if strings.HasSuffix(r.Path, "/export") {
			files = append(files, r.Path)
		}
	}
	slices.Sort(files)
	if got := strings.Join(files, " "); got != "/api/trail/export /cases/export /cases/{id}/export /concerns/export /concerns/{id}/export /trail/export /written/export" {
		t.Errorf("files are taken at %s", got)
	}
	for _, login := range []string{"bodil", "liv", "tage", "ellen", "holger", "knud", roskilde} {
		d.takesOut(login, "cases", w.kase, false)
		d.takesOut(login, "concerns", w.id, false)
	}
	file := d.posts(policeMan, "/cases/"+string(w.kase)+"/export", nil).Must(200).Text()
	if !strings.Contains(file, "Delt af Køge Kommune: Retsplejeloven § 115, stk. 2") || !strings.Contains(file, "aldrig til efterforskning") {
		t.Errorf("the police's file does not say whose it is: %s", file)
	}
	if own := d.posts(coordinator, "/cases/"+string(w.kase)+"/export", nil).Must(200).Text(); strings.Contains(own, "Delt af Køge") {
		t.Errorf("the municipality's own file says that somebody shared it: %s", own)
	}

	// So do the page and the print of each thing that was shared, and not of one's own.
	pages, shown := map[string]string{"concern": "concerns", "case": "cases", "request": "requests", "offer": "offers"}, map[string]int{}
	logins := map[string]string{"koege": coordinator, "mvs-politi": policeMan, "psykiatrien": "bodil"}
	for _, row := range s.SQL("select i.kind, case i.kind when 'answer' then i.part_of else i.id end, i.controller, h.receiver from access.share h join access.item i on i.id = h.item where h.ended_by is null and h.kind <> 'subject'") {
		kind, id, own, to := row[0], row[1], logins[row[2]], logins[row[3]]
		path := "/" + cmp.Or(pages[kind], "cases") + "/" + id
		a := s.as(to).Get(path)
		if a.Status != 200 {
			continue
		}
		from, _ := s.Structure.Authority(hub.AuthorityID(row[2]))
		line, lines := "Delt af "+from.Name, 1
		if kind == "answer" && to == policeMan { // to whom the case of it was shared too
			lines = 2
		}
		if text := a.Text(); strings.Count(text, line) < lines || strings.Count(text, "aldrig til efterforskning") < lines {
			t.Errorf("the page of the %s does not tell %s whose it is: %s", kind, to, mainOf(text))
		}
		if text := s.as(own).Get(path).Text(); strings.Contains(text, line) {
			t.Errorf("the page of their own %s tells %s that they shared it", kind, own)
		}
		shown[kind]++
	}
	if len(shown) != 5 {
		t.Errorf("of these a page was seen: %v, want each of five", shown)
	}

	// Who had it before their eyes is in the log of whose it is.
	s.as(policeMan).API("GET", "/api/cases/"+string(w.kase)+"/answers", nil).Must(200)
	for _, row := range []string{"act = 'consult' and object_kind = 'answer'", "act = 'export' and object_kind = 'case'"} {
		if n := s.One("select count(*) from audit.trail where "+row+" and outcome = 'allow' and controller = 'koege' and person = $1", string(s.as(policeMan).Post.Person)); n == "0" {
			t.Errorf("the municipality's log does not have what the police's coordinator did: %s", row)
		}
	}
}
