package web

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// RFC 9457: a method that an address does not take is a problem too, with the
// ways that it does take, and the same to everybody.
func TestAMethodThatIsNotTakenIsAProblem(t *testing.T) {
	w, p := oidcWorld(t)
	stranger, somebody := &browser{w, map[string]string{}}, w.signIn(anna)
	token := p.sign(t, map[string]any{"aud": "infohus-api"})
	a := stranger.send("PATCH", "/api/notes/1", nil).holds(t, 405, `"type":"/problems/invalid"`, `"status":405`, `"key":"error.method"`, "Allow")
	b := stranger.send("PATCH", "/api/notes/2", nil, "Authorization", "Bearer "+token).holds(t, 405)
	if a.Header.Get("Content-Type") != "application/problem+json" || a.Header.Get("Allow") != "POST" || a.Body != b.Body || b.Header.Get("Allow") != "POST" {
		t.Errorf("%v %s\n%v %s", a.Header, a.Body, b.Header, b.Body)
	}
	page := stranger.send("DELETE", "/notes/1", nil, "Origin", w.url).holds(t, 405, "<!doctype html", "Allow")
	same := somebody.send("DELETE", "/notes/2", nil, "Origin", w.url).holds(t, 405, "!"+anna.Name)
	if page.Header.Get("Allow") != "GET, HEAD, POST" || page.Body != same.Body {
		t.Errorf("%v\n%s\n%s", page.Header, page.Body, same.Body)
	}
	if head := stranger.send("HEAD", "/api/notes/1", nil); head.StatusCode != 405 || head.Body != "" {
		t.Errorf("%d %q", head.StatusCode, head.Body)
	}
}

type flavour string

func (flavour) Codes() []string { return []string{"sweet", "sour"} }

type filling struct {
	Flavour flavour      `json:"flavour"`
	Note    hub.Personal `json:"note,omitzero" min:"2" max:"9"`
}

type pie struct {
	filling
	Crust string   `json:"crust" doc:"What holds it."`
	Size  *int     `json:"size,omitempty" min:"1" max:"4"`
	Tops  []string `json:"tops,omitempty"`
}

func (pie) Codes() map[string][]string {
	return map[string][]string{"crust": {"thin"}, "tops": {"cream"}}
}

type either struct {
	Whole string `json:"whole"`
	Half  string `json:"half"`
	Name  string `json:"name"`
}

func (either) Needs() [][]string { return [][]string{{"whole", "name"}, {"name", "half"}} }

type baking struct {
	Oven string            `json:"oven" of:"ovens"`
	By   []hub.AuthorityID `json:"by"`
}

type misspelt struct{ A string }

func (misspelt) Needs() [][]string { return [][]string{{"B"}} }

func TestTheDocumentIsMadeFromTheTypes(t *testing.T) {
	d := describer{schemas: object{}, types: map[string]reflect.Type{}}
	for of, want := range map[reflect.Type]string{
		reflect.TypeFor[pie](): `{"additionalProperties":false,"properties":{"crust":{"description":"What holds it.","enum":["thin"],"type":"string"},
			"flavour":{"enum":["sweet","sour"],"type":"string"},"note":{"maxLength":9,"minLength":2,"type":"string"},"size":{"maximum":4,"minimum":1,"type":"integer"},
			"tops":{"items":{"enum":["cream"],"type":"string"},"type":"array"}},"required":["crust","flavour"],"type":"object"}`,
		reflect.TypeFor[either](): `{"additionalProperties":false,"anyOf":[{"required":["name","whole"]},{"required":["half","name"]}],
			"properties":{"half":{"type":"string"},"name":{"type":"string"},"whole":{"type":"string"}},"required":["name"],"type":"object"}`,
	} {
		if _, err := d.schema(of); err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(d.schemas[schemaName(of)])
		if err != nil || string(got) != strings.NewReplacer("\n", "", "\t", "").Replace(want) {
			t.Errorf("%s is described as\n%s %v", of, got, err)
		}
	}
	if _, err := d.schema(reflect.TypeFor[misspelt]()); err == nil {
		t.Error("a field that is needed and is none passes")
	}
	d.values = map[string][]string{"ovens": {"gas", "wood"}, "authorities": {"koege"}}
	for asking, want := range map[bool]string{false: `"by":{"items":{"type":"string"},"type":"array"}`, true: `"by":{"description":"One of authorities in`} {
		of := describer{schemas: object{}, types: map[string]reflect.Type{}, values: d.values, asking: asking}
		if _, err := of.schema(reflect.TypeFor[baking]()); err != nil {
			t.Fatal(err)
		}
		got, _ := json.Marshal(of.schemas["Baking"])
		if !strings.Contains(string(got), want) || !strings.Contains(string(got), `"enum":["gas","wood"]`) {
			t.Errorf("asking %t, it is described as %s", asking, got)
		}
	}
	delete(d.values, "ovens")
	if _, err := d.schema(reflect.TypeFor[baking]()); err == nil {
		t.Error("a list that there is not passes")
	}
	d.types["Pie"] = reflect.TypeFor[either]()
	if _, err := d.schema(reflect.TypeFor[pie]()); err == nil {
		t.Error("two types of one name pass")
	}
	op, err := d.operation(Route{Method: http.MethodPost, Op: "bake", Numbers: []string{"n"}}, []string{"id", "n"})
	if err != nil {
		t.Fatal(err)
	}
	if kinds := op["parameters"].([]object); !slices.ContainsFunc(kinds, func(o object) bool {
		return o["name"] == "n" && reflect.DeepEqual(o["schema"], object{"type": "integer"})
	}) {
		t.Errorf("a number of the path is described as %v", kinds)
	}
}
