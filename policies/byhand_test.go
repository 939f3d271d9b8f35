//go:build !race

package policies

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

func init() { rivals["go"] = byHand }

// byHand is the views of a Monday decided in Go, by somebody who wants to be quick
// and reads the same document: what the price of rules that are data is measured
// against. It knows no break-glass and no asker with a role that sees nothing for
// reasons of its own.
func byHand(t testing.TB) func(View) Answer {
	t.Helper()
	var d struct {
		Roles map[hub.Role]struct{ Kinds map[hub.AuthorityKind]bool }
		Kinds map[hub.AuthorityKind]struct{ Receives bool }

		Purposes map[hub.Purpose]struct{ Content bool }
		States   map[string]struct{ Item string }
		Senders  map[hub.AuthorityKind]string
		Through  []string
		Classes  map[string]struct {
			Of     string
			Fields []string
		}
		View     map[hub.Role]map[string]map[string][]string
		Disclose struct {
			Bases map[hub.LegalBasis]struct {
				Pairs map[hub.AuthorityKind]map[hub.AuthorityKind]bool
				Items map[string]bool
			}
		}
	}
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	no := func(why string) Answer {
		return Answer{Fields: []string{}, Reasons: []string{why}, Obligations: []string{}}
	}
	return func(q View) Answer {
		if q.Recused {
			return no("recused")
		}
		if !d.Roles[q.Role].Kinds[q.Kind] || !d.Purposes[q.Purpose].Content || !d.Kinds[q.ReceivedBy].Receives || d.States[q.State].Item == "" {
			t.Fatalf("not of a Monday: %+v", q)
		}
		standings := d.View[q.Role]
		a, near := Answer{Allow: true, Obligations: []string{}}, q.Relation == "own" && q.ReceivedBy == q.Kind
		through := false
		open := func(standing string, holds bool) {
			parts := standings[standing][q.State]
			if !holds || parts == nil {
				return
			}
			shared := slices.Contains(d.Through, standing)
			basis := d.Disclose.Bases[q.Basis]
			through = through || shared
			if shared && (!basis.Pairs[q.SharedBy][q.Kind] || !basis.Items[d.States[q.State].Item]) {
				return
			}
			n := len(a.Fields)
			for _, part := range parts {
				if c := d.Classes[part]; !shared || slices.Contains(strings.Split(q.Classes, ","), c.Of) {
					a.Fields = append(a.Fields, c.Fields...)
				}
			}
			if len(a.Fields) > n {
				a.Reasons = append(a.Reasons, standing)
			}
		}
		open("author", q.Author)
		open("own", near)
		open("assigned", near && q.Assigned)
		open("invited", q.Relation == "shared" && q.Assigned && d.Senders[q.SharedBy] != "")
		open(d.Senders[q.SharedBy], q.Relation == "shared")
		switch {
		case len(a.Fields) > 0:
		case !q.Author && !near && q.Relation != "shared":
			return no("no_relation")
		case standings == nil:
			return no("not_for_role")
		case through:
			return no("nothing_shared")
		default:
			return no("not_in_this_state")
		}
		slices.Sort(a.Fields)
		a.Fields = slices.Compact(a.Fields)
		slices.Sort(a.Reasons)
		if _, ok := slices.BinarySearch(a.Fields, "address"); ok {
			a.Obligations = append(a.Obligations, "hide_protected_address")
		}
		if _, ok := slices.BinarySearch(a.Fields, "cpr"); ok {
			a.Obligations = append(a.Obligations, "mask_cpr")
		}
		return a
	}
}
