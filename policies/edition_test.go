//go:build !race

package policies

import (
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

func TestATypoDoesNotCompile(t *testing.T) {
	rule := func(from, to string) map[string]string {
		text := code(t, nil)["view/view.rego"]
		if !strings.Contains(text, from) {
			t.Fatalf("view.rego has no %s", from)
		}
		return map[string]string{"view/view.rego": strings.Replace(text, from, to, 1)}
	}
	for name, c := range map[string]struct {
		rules map[string]string
		want  string
	}{
		"an attribute":       {rule("input.purpose", "input.purpouse"), "undefined ref: input.purpouse"},
		"an attribute's use": {rule("input.recused", "input.recused.yes"), "undefined ref: input.recused.yes"},
		"a table":            {rule("data.view[", "data.veiw["), "data.veiw"},
		"a function":         {rule("law.carries", "law.carry"), "undefined function data.infohus.law.carry"},
		"no annotation":      {rule("input: schema.view", "input: schema.veiw"), "undefined schema: schema.veiw"},
		"an unused variable": {rule("\tknown\n", "\tknown\n\tidle := 1\n"), "idle"},
	} {
		_, err := compile(code(t, c.rules), document, questions)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if err := engine(t).Revise([]byte(`{"view": {}`)); err == nil {
		t.Error("a torn data document is taken")
	}
	if err := engine(t).Revise([]byte(`{"view": {}}`)); err == nil {
		t.Error("a data document without its tables is taken")
	}
}

func TestNothingVolatileIsWithinReach(t *testing.T) {
	for _, call := range []string{"time.now_ns()", `time.parse_rfc3339_ns("2026-11-21T00:00:00Z")`, `rand.intn("x", 2)`, `uuid.rfc4122("x")`,
		`http.send({"method": "get", "url": "http://localhost"})`, `net.lookup_ip_addr("localhost")`, "opa.runtime()", `io.jwt.decode("x")`, `rego.parse_module("x", "y")`} {
		text := "package infohus.view\n\nanswer := " + call
		_, err := compile(code(t, map[string]string{"view/view.rego": text}), document, questions)
		if err == nil || !strings.Contains(err.Error(), "undefined function") {
			t.Errorf("%s: %v", call, err)
		}
	}
	for _, b := range capabilities().Builtins {
		if b.Nondeterministic {
			t.Errorf("%s is within reach", b.Name)
		}
	}
}

type odd struct{ View }

type wide struct {
	Names []string `json:"names"`
}

func (wide) Question() string                   { return "wide" }
func (wide) hat() (hub.Role, hub.AuthorityKind) { return "", "" }

func TestAQuestionIsStringsAndBooleans(t *testing.T) {
	for _, q := range []Question{odd{}, wide{}} {
		if _, err := compile(code(t, nil), document, []Question{q}); err == nil {
			t.Errorf("%T is taken for a question", q)
		}
	}
}
