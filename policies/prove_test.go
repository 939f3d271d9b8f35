//go:build !race

package policies

import (
	"encoding/json"
	"strings"
	"testing"
)

// What this build says never of, no revision gives: neither to a role nor to a kind of
// authority, and by no question. Each document here is one that would give it.
func TestNoRevisionGivesWhatIsNeverToBe(t *testing.T) {
	type table = map[string]any
	role := func(d table) { // somebody of the steering group is somebody of a municipality
		d["roles"].(table)["steering"] = table{"kinds": table{"municipality": true}}
	}
	kind := func(role string) func(d table) { // a housing association takes part, and has somebody in a role
		return func(d table) {
			d["kinds"].(table)["housing_association"] = table{"receives": true}
			d["roles"].(table)[role].(table)["kinds"].(table)["housing_association"] = true
		}
	}
	at := func(d table, path ...string) table {
		for _, p := range path {
			d = d[p].(table)
		}
		return d
	}
	for _, c := range []struct {
		name, says string // says is in what it is refused for
		changes    []func(table)
	}{
		{"search", `search {"role":"steering"`, []func(table){role, func(d table) { at(d, "list")["steering"] = true }}},
		{"recuse", `recuse {"role":"steering"`, []func(table){role, func(d table) { at(d, "recuse", "self")["steering"] = table{"case": []string{"invited"}} }}},
		{"recuse a colleague", `"self":false`, []func(table){role, func(d table) { at(d, "recuse", "colleague")["steering"] = table{"concern": []string{"from_police"}} }}},
		{"certify", `certify {"role":"steering"`, []func(table){role, func(d table) { at(d, "certify", "actions", "end")["steering"] = true }}},
		{"return", `return {"role":"steering"`, []func(table){role, func(d table) { at(d, "return", "roles")["steering"] = true }}},
		{"extract", `extract {"step":"release","role":"steering"`, []func(table){role, func(d table) { at(d, "extract", "steps", "release")["steering"] = true }}},
		{"advice", `"step":"ask"`, []func(table){role, func(d table) { at(d, "disclose", "roles")["steering"] = table{"police": table{"answered": true}} }}},
		{"advice that was kept", `"step":"open"`, []func(table){role, func(d table) { at(d, "advice", "open")["steering"] = table{"manager": true} }}},
		{"advice that is listed", `"step":"list"`, []func(table){role, func(d table) { at(d, "advice", "open")["steering"] = table{} }}},
		{"break the glass", `"step":"break"`, []func(table){role, func(d table) {
			at(d, "view")["steering"] = table{"glass": table{"case": []string{"status"}}}
		}}},
		{"say yes to it", `"step":"second"`, []func(table){role, func(d table) { at(d, "glass", "second")["steering"] = true }}},
		{"review it", `"step":"review"`, []func(table){role, func(d table) { at(d, "glass", "review", "roles")["steering"] = true }}},
		{"give it back", `"step":"end"`, []func(table){role}},
		{"a kind that searches", `search {"role":"municipal_coordinator","kind":"housing_association"`, []func(table){kind("municipal_coordinator")}},
		{"a kind that says who is too close", `recuse {"role":"manager","kind":"housing_association"`, []func(table){kind("manager")}},
		{"a kind that reads what was kept of advice", `advice {"role":"dpo","kind":"housing_association"`, []func(table){kind("dpo")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d table
			if err := json.Unmarshal(document, &d); err != nil {
				t.Fatal(err)
			}
			for _, change := range c.changes {
				change(d)
			}
			changed, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			if err := Prove(changed); err == nil || !strings.Contains(err.Error(), "never to be") || !strings.Contains(err.Error(), c.says) {
				t.Errorf("it says %v, want %s", err, c.says)
			}
		})
	}
	if err := Prove(document); err != nil {
		t.Error(err)
	}
}
