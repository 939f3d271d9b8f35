//go:build !race

package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// L12 in part: an authority's whole export comes with its own systems (not yet). Each record
// has one controller; what an officer takes out of the log is the own authority's data and the
// own people's acts, and lists what came in from others.
//
// L13 in part: rights follow with the citizen's rights (not yet). What the police know and what
// the municipality makes of it are two records of two controllers, each processed under its own
// controller's law, with a rule and a date of erasure on each (an authority may have rules of its
// own: TestErasure); neither may work under the other's law.
func TestOneController(t *testing.T) {
	d := &desk{driver: &driver{script: begin(t)}}
	w := d.brings(d.from(d.drives("police", "case")), "collecting")
	for what, want := range map[string]string{
		"controller || ' ' || basis from intake.concern where id = $1":                                                                                                                              "mvs-politi RHL",
		"string_agg(distinct controller, ' ') from access.item where id = $1":                                                                                                                       "mvs-politi",
		"string_agg(distinct controller, ' ') from audit.trail where object_id = $1 and question = 'submit'":                                                                                        "mvs-politi",
		"string_agg(kind || ' ' || controller, ', ') from access.item where came_of = $1":                                                                                                           "case koege",
		"count(*) from access.item where id = $1 and controller is null":                                                                                                                            "0",
		"string_agg(sender || ' ' || receiver, ', ') from access.share where item = $1":                                                                                                             "mvs-politi koege",
		"string_agg(distinct authority || ' ' || controller, ', ') from audit.trail where object_id = $1 and act = 'collect' and recipient <> ''":                                                   "mvs-politi koege",
		"c.retention_rule <> '' and k.retention_rule <> '' and c.erase_at is not null and k.erase_at is not null from intake.concern c join assessment.cases k on k.concern = c.id where c.id = $1": "t",
	} {
		if got := d.One("select "+what, string(w.id)); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	for login, bases := range map[string][]string{coordinator: {"RHL"}, policeMan: {"GDPR6-1-E", "BL133"}} {
		for _, basis := range bases {
			c := d.as(login)
			subject := d.registers(login, map[string]any{"name": "Kaj Eksempel"})
			if a := c.API("POST", "/api/concerns", concern(subject, map[string]any{"legal_basis": basis, "municipality": "koege"})); a.Status != 400 || !strings.Contains(a.Text(), "intake.error.purpose") {
				t.Errorf("%s processes under %s: %d %s", login, basis, a.Status, a.Body)
			}
		}
	}
	d.Advance(2 * time.Second)
	for login, me := range map[string]hub.AuthorityID{koegeDPO: "koege", mvsDPO: "mvs-politi"} {
		came := 0
		lines := strings.Split(strings.TrimSpace(d.as(login).API("POST", "/api/trail/export", map[string]any{"ground": "lawfulness"}).Must(200).Text()), "\n")
		for _, l := range lines {
			var r struct {
				Row *struct {
					Act                              hub.Act
					Controller, Authority, Recipient hub.AuthorityID
				}
			}
			if err := json.Unmarshal([]byte(l), &r); err != nil {
				t.Fatal(err)
			}
			switch {
			case r.Row == nil:
			case !slices.Contains([]hub.AuthorityID{r.Row.Controller, r.Row.Authority}, me):
				t.Errorf("%s takes out a row of %s by %s", login, r.Row.Controller, r.Row.Authority)
			case r.Row.Act == hub.ActCollect && r.Row.Recipient == me && r.Row.Authority != me:
				came++
			}
		}
		if len(lines) < 5 || came == 0 {
			t.Errorf("%s takes out %d rows, %d of what came in", login, len(lines), came)
		}
	}
}
