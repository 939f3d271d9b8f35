//go:build !race

package main

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// TestEverybodyReadsTheRules: whoever works here, also who sees nothing else, reads
// the rules in force, in words and not in codes, their own role's first; and a
// revision stands there with the next reading.
func TestEverybodyReadsTheRules(t *testing.T) {
	s := begin(t)
	for login, want := range map[string]string{"rune": "Den, der passer systemet, ser intet indhold.", "aksel": "Styregruppen ser kun samlede tal.", "gerda": "får intet at vide om personer",
		"solvej": "Melderen skriver om sin bekymring", coordinator: "Må se: bekymring", "dagny": "Læse loggen", "bodil": "Det højeste, der kan deles"} {
		text := s.as(login).Get("/rules").Must(200).Text()
		if !strings.Contains(text, want) || !strings.Contains(text, s.Engine().Revision()) {
			t.Errorf("%s is not told %q: %s", login, want, text)
		}
	}
	c := s.as("aksel")
	for _, lang := range []string{"da", "en"} {
		c.Lang = lang
		page := c.Get("/rules?role=all").Must(200)
		if day := map[string]string{"da": "3. juli 2023", "en": "3 July 2023"}[lang]; !strings.Contains(page.Text(), day) || strings.Contains(page.Text(), ">fra 2023-07-03") {
			t.Errorf("%s: a day is not written as on the other pages", lang)
		}
		cells := 0
		root, err := html.Parse(strings.NewReader(page.Text()))
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			if n.Type == html.TextNode && strings.Contains(n.Data, "_") && n.Parent.Parent.Data != "tr" {
				t.Errorf("%s: a code stands where a word should: %s", lang, n.Data)
			}
			if n.Data == "td" {
				cells++
			}
		}
		if cells < 1000 {
			t.Errorf("%s: the whole book has %d cells", lang, cells)
		}
	}
	if text := c.Get("/rules?role=receiver").Must(200).Text(); !strings.Contains(text, `id="role-receiver"`) || strings.Contains(text, `id="role-partner"`) {
		t.Error("the rules of one role are not those")
	}
	c.Get("/rules?role=king").Must(400)
	if a := s.Nobody().Get("/rules"); !strings.Contains(a.Text(), "<h1>Log ind</h1>") {
		t.Errorf("nobody is answered %d", a.Status)
	}
	if n := s.One("select count(*) from audit.trail where outcome = 'allow' and cardinality(fields) > 0"); n != "0" {
		t.Errorf("reading the rules left %s rows: there is nobody in them", n)
	}

	// A revision that lets a receiver see less.
	document := s.Engine().Document()
	less := strings.Replace(string(document), `"released": ["answer_status", "answer"],`, `"released": ["answer_status"],`, 1)
	if less == string(document) {
		t.Fatal("the document has no such cell: change this test")
	}
	defer s.Engine().Revise(document)
	before := c.Get("/rules?role=receiver").Text()
	if err := s.Engine().Revise([]byte(less)); err != nil {
		t.Fatal(err)
	}
	after := c.Get("/rules?role=receiver").Text()
	cell := `The answer</th><td data-title="Given">wrote it`
	if !strings.Contains(before, cell+", assigned<") || !strings.Contains(after, cell+"<") || !strings.Contains(after, s.Engine().Revision()) {
		t.Error("the revision does not show")
	}
}
