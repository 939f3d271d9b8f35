//go:build !race

package main

import (
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// offered are the choices of a field on a page, but for the empty one.
func offered(t *testing.T, a hubtest.Answer, field string) []string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(a.Text()))
	if err != nil {
		t.Fatal(err)
	}
	is := func(n *html.Node, name, value string) bool {
		return slices.ContainsFunc(n.Attr, func(at html.Attribute) bool { return at.Key == name && at.Val == value })
	}
	var all []string
	for n := range root.Descendants() {
		if n.Data != "select" || !is(n, "name", field) {
			continue
		}
		for o := range n.Descendants() {
			for _, at := range o.Attr {
				if o.Data == "option" && at.Key == "value" && at.Val != "" {
					all = append(all, at.Val)
				}
			}
		}
	}
	slices.Sort(all)
	return all
}

// carries reads disclose.csv, written by hand from the law: the bases in force on
// which one kind of authority may disclose a concern to another.
func (s *script) carries(from, to string) (all []string) {
	s.Helper()
	f, err := os.Open("../../policies/disclose.csv")
	if err != nil {
		s.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil {
		s.Fatal(err)
	}
	for _, row := range rows[1:] {
		if row[0] == from && row[1] == to && among(strings.ReplaceAll(row[3], "*", "concern"), "concern") && s.Structure.Basis(hub.LegalBasis(row[2]), s.Now()) {
			all = append(all, row[2])
		}
	}
	slices.Sort(all)
	return all
}

// TestOnlyAGroundThatCarriesIsOffered: on every form that asks for a legal basis
// or a purpose, each choice is one that the rules say yes to, and none of those
// is missing. § 114 gives the forum and no power to disclose; it is never there.
func TestOnlyAGroundThatCarriesIsOffered(t *testing.T) {
	s := &driver{script: begin(t)}
	var draft done
	in := concern(s.registers(coordinator, map[string]any{"unknown": true}), map[string]any{"purpose": nil, "legal_basis": nil})
	s.as(coordinator).API("POST", "/api/concerns/drafts", in).Must(201).JSON(&draft)
	received, check := s.drives("municipality", "received"), s.drives("police", "police_check")
	toPolice, fromPolice := s.carries("municipality", "police"), s.carries("police", "municipality")
	if len(toPolice) < 2 || len(fromPolice) < 2 || slices.Contains(toPolice, "RPL114") {
		t.Fatalf("the table says %v and %v", toPolice, fromPolice)
	}
	for _, form := range []struct {
		login, path, field string
		want               []string
	}{
		{coordinator, "/concerns/" + string(draft.ID) + "/send", "legal_basis", []string{"BL133", "GDPR6-1-E"}},
		{coordinator, "/concerns/" + string(draft.ID) + "/send", "purpose", []string{"child_welfare", "prevention"}},
		{coordinator, "/concerns/" + string(draft.ID) + "/send", "forward_basis", toPolice},
		{coordinator, "/concerns/" + string(received.id) + "/forward", "legal_basis", toPolice},
		{coordinator, "/concerns/" + string(received.id) + "/forward", "purpose", []string{"prevention"}},
		{ssp, "/concerns/" + string(received.id) + "/forward", "legal_basis", toPolice},
		{policeMan, "/concerns/" + string(check.id) + "/check", "legal_basis", fromPolice},
		{policeMan, "/concerns/" + string(check.id) + "/check", "purpose", []string{"prevention"}},
	} {
		if got := offered(t, s.as(form.login).Get(form.path).Must(200), form.field); !slices.Equal(got, form.want) {
			t.Errorf("%s is offered the %s %v at %s, want %v", form.login, form.field, got, form.path, form.want)
		}
	}
}
