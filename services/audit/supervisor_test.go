//go:build !race

package audit

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// L21a: what an officer hands to the supervisory authority, of a period, a concern, a
// citizen or all of their authority's, verifies with the log's key alone; the document
// says what each of its fields is; and the trail says whom it was for and what they asked.
func TestHandedToTheSupervisor(t *testing.T) {
	w := browsing(t)
	w.consults("gudrun", koege, "Til brug for partshøringen.")
	w.consults("sigrid", koege, "")
	w.consults("gudrun", roskilde, "") // told in part
	w.Advance(2 * time.Second)
	x := &room{Env: w.env()}
	text, err := os.ReadFile("../../docs/trail.md")
	if err != nil {
		t.Fatal(err)
	}
	_, format, _ := strings.Cut(string(text), "## A bundle\n")
	format, _, _ = strings.Cut(format, "\n## ")
	const asked = "2026-12-0417, brev af 2. november"
	day := func(n int) string { return time.Now().In(hub.Copenhagen).AddDate(0, 0, n).Format(time.DateOnly) } // by the database's clock
	for what, p := range map[string]Part{"a period": {From: day(-1), Until: day(1)}, "a concern": {Way: "item", Reference: string(koege)}, "a citizen": {Way: "subject", Reference: string(subject)}, "all": {}} {
		p.Ground = "lawfulness"
		in := Taking{Part: p, Recipient: "supervisory_authority", Reason: asked}
		a := w.As("dagny").API("POST", "/api/trail/export", in).Must(http.StatusOK)
		h, err := w.holds(x, a.Body, nil)
		if err != nil || h.Rows < 2 || !strings.Contains(string(h.About), `"recipient":"supervisory_authority"`) || strings.Contains(a.Text(), asked) {
			t.Errorf("%s: %+v %s, %v", what, h, h.About, err)
		}
		for line := range strings.Lines(a.Text()) {
			var fields map[string]json.RawMessage
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				t.Fatal(err)
			}
			for f := range fields {
				if !strings.Contains(format, "`"+f+"`") && !strings.Contains(format, `{"`+f+`":`) {
					t.Errorf("%s: trail.md does not say what %s is", what, f)
				}
			}
		}
		f := w.As("dagny").API("POST", "/api/trail/fhir", in).Must(http.StatusOK)
		if b := bundleOf(t, f.Body); int64(len(b.Entry)) < h.Rows || strings.Contains(f.Text(), asked) {
			t.Errorf("%s: %d events of %d rows", what, len(b.Entry), h.Rows)
		}
		for _, r := range w.search("dagny", Search{Part: Part{Act: hub.ActExport}, Limit: 2}).Rows {
			if r.Recipient != Supervisor || r.Justification != "lawfulness: "+asked || r.Stated().Ground != "lawfulness" || r.Stated().Text != asked || r.Sealed != "" {
				t.Errorf("%s: the trail says %+v", what, r)
			}
		}
	}
	if n := w.One(`select count(*) from audit.reason where position('0417' in encode(box, 'escape')) > 0`); n != "0" {
		t.Error("what was asked stands in the clear")
	}
	// Not without what was asked, nor for somebody else, and then nothing of it is in the trail.
	exports := func() string { return w.One(`select count(*) from audit.trail where act = 'export'`) }
	was := exports()
	for field, in := range map[string][]Taking{"reason": {{Recipient: "supervisory_authority"}, {Recipient: "supervisory_authority", Reason: " . "}, {Recipient: "supervisory_authority", Reason: strings.Repeat("x", 201)}},
		"recipient": {{Recipient: "koege", Reason: asked}, {Reason: asked}}} {
		for _, in := range in {
			for _, path := range []string{"/api/trail/export", "/api/trail/fhir"} {
				in.Ground = "lawfulness"
				if a := w.As("dagny").API("POST", path, in).Must(http.StatusBadRequest); !strings.Contains(a.Text(), `"field":"`+field+`"`) {
					t.Errorf("%+v: %s", in, a.Body)
				}
			}
		}
	}
	if now := exports(); now != was {
		t.Errorf("%s exports of what did not go out", now)
	}

	// By the page, without scripts; and both pages of the row say it in words.
	for lang, said := range map[string][]string{"da": {"Tilsynsmyndigheden", "Kontrol af, at behandlingen er lovlig"}, "en": {"The supervisory authority", "Checking that processing is lawful"}} {
		c := w.As("dagny")
		c.Lang = lang
		finds := func(act string) hubtest.Answer {
			c.Get("/trail")
			return sound(t, c.Submit("/trail", url.Values{"ground": {"lawfulness"}, "act": {act}}).Must(http.StatusOK))
		}
		page := finds("consult")
		for _, shown := range []string{`name="recipient" value="supervisory_authority"`, `name="reason"`, `name="form"`} {
			if !strings.Contains(page.Text(), shown) {
				t.Errorf("%s: the page does not show %s", lang, shown)
			}
		}
		hand := url.Values{"_form": {"hand"}, "recipient": {"supervisory_authority"}, "reason": {asked}}
		for form, kind := range map[string]string{"bundle": bundleType, "fhir": fhirType} {
			hand.Set("form", form)
			finds("consult")
			if a := c.Submit("/trail/bundle", hand).Must(http.StatusOK); a.Header.Get("Content-Type") != kind {
				t.Errorf("%s, %s: %s", lang, form, a.Header.Get("Content-Type"))
			}
		}
		for field, value := range map[string]string{"form": "csv", "reason": ""} {
			bad := maps.Clone(hand)
			bad.Set(field, value)
			finds("consult")
			if a := c.Submit("/trail/bundle", bad).Must(http.StatusBadRequest); field == "reason" && !strings.Contains(a.Text(), `name="ground"`) {
				t.Errorf("%s: without a %s the search is lost: %s", lang, field, a.Body)
			}
		}
		page = finds("export")
		sheet := c.Submit("/trail/export", nil).Must(http.StatusOK).Text()
		row := sound(t, c.Get("/trail/"+w.One(`select max(id) from audit.trail where recipient = 'supervisory_authority'`)).Must(http.StatusOK))
		for _, s := range append(said, asked) {
			if !strings.Contains(page.Text(), s) || !strings.Contains(row.Text(), s) {
				t.Errorf("%s: the pages do not say %s: %s", lang, s, row.Body)
			}
		}
		if !strings.Contains(sheet, fmt.Sprintf("%q", said[0])) {
			t.Errorf("%s: the sheet does not say %s: %s", lang, said[0], sheet)
		}
	}
}
