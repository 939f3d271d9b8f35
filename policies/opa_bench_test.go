//go:build bench

package policies

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/open-policy-agent/opa/v1/plugins"
	"github.com/open-policy-agent/opa/v1/server"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"
)

func init() { rivals["opa"] = openOPA }

// openOPA is OPA's own server over loopback, with the rules and the data that the
// engine decides by. It is built with the tag bench only: it brings modules of
// which the hub has no need.
func openOPA(t testing.TB) func(View) Answer {
	t.Helper()
	data := map[string]any{}
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	must(util.UnmarshalJSON(document, &data))
	rules, err := loadTables(code(t, nil), data)
	must(err)
	object, err := objectOf(data)
	must(err)
	store := inmem.NewFromASTObject(object)
	manager, err := plugins.New([]byte(`{}`), "bench", store)
	must(err)
	must(manager.Start(t.Context()))
	opa, err := server.New().WithStore(store).WithManager(manager).Init(t.Context())
	must(err)
	at := httptest.NewServer(opa.Handler)
	t.Cleanup(at.Close)
	call := func(method, path string, body []byte) []byte {
		r, err := http.NewRequestWithContext(t.Context(), method, at.URL+path, bytes.NewReader(body))
		must(err)
		answer, err := at.Client().Do(r)
		must(err)
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		must(err)
		if answer.StatusCode != http.StatusOK {
			t.Fatalf("%s %s: %s %s", method, path, answer.Status, b)
		}
		return b
	}
	call("PUT", "/v1/policies/law", []byte(rules["law/law.rego"])) // before those that import it
	for name, text := range rules {
		if name != "law/law.rego" {
			call("PUT", "/v1/policies/"+name, []byte(text))
		}
	}
	return func(v View) Answer {
		body, err := json.Marshal(map[string]View{"input": v})
		must(err)
		var out struct{ Result Answer }
		must(json.Unmarshal(call("POST", "/v1/data/infohus/view/answer", body), &out))
		for _, list := range []*[]string{&out.Result.Fields, &out.Result.Reasons, &out.Result.Obligations} {
			slices.Sort(*list)
		}
		return out.Result
	}
}
