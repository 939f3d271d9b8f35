package web

import (
	"encoding"
	jsonv1 "encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/infohus/infohus/pkg/hub"
)

// object is a JSON object of the OpenAPI document, written in sorted order.
type object = map[string]any

// described is the document as it was last made, and of which values.
type described struct {
	mu     sync.Mutex
	text   []byte
	values map[string][]string
}

// describe makes the OpenAPI 3.1 document from the table and the Go types of
// its rows. A struct is an object that allows no other fields; which of them are
// needed, see [Needs]; which codes they may hold, [Coded], [Code] and
// Options.Values.
func (s *Site) describe(values map[string][]string) ([]byte, error) {
	d := describer{schemas: object{}, types: map[string]reflect.Type{}, values: values}
	for _, t := range s.routes { // answers first: what was in force once is still shown
		if t.Op != "" && t.Out != nil {
			if _, err := d.schema(reflect.TypeOf(t.Out)); err != nil {
				return nil, fmt.Errorf("web: %s: %w", t.Op, err)
			}
		}
	}
	d.asking = true
	paths := object{}
	for _, t := range s.routes {
		if t.Op == "" {
			continue
		}
		path, params := parts(t.Path)
		op, err := d.operation(t, params)
		if err != nil {
			return nil, fmt.Errorf("web: %s: %w", t.Op, err)
		}
		item, ok := paths[path].(object)
		if !ok {
			item = object{}
			paths[path] = item
		}
		item[strings.ToLower(t.Method)] = op
	}
	if _, err := d.schema(reflect.TypeFor[problem]()); err != nil {
		return nil, err
	}
	doc := object{
		"openapi": "3.1.0",
		"info": object{"title": s.o.Name, "version": "1",
			"description": "Errors are problem details (RFC 9457). Unknown and forbidden are the same answer, 404. " +
				"Commands take an Idempotency-Key: the same key gives the first answer again for 30 days. " +
				"Who has several hats names one in Infohus-Hat."},
		"servers": []object{{"url": s.o.Origin}},
		"paths":   paths,
		"components": object{"schemas": d.schemas,
			"securitySchemes": object{"bearer": object{"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
			"responses": object{"Problem": object{"description": "A problem.",
				"content": object{"application/problem+json": object{"schema": ref(reflect.TypeFor[problem]())}}}}},
		"security": []object{{"bearer": []string{}}},
	}
	return json.Marshal(doc, json.Deterministic(true), jsontext.Multiline(true))
}

var part = regexp.MustCompile(`\{([a-z_]+)(\.\.\.)?\}`)

// parts gives a pattern as OpenAPI writes it, and the names in it.
func parts(pattern string) (string, []string) {
	var names []string
	for _, m := range part.FindAllStringSubmatch(pattern, -1) {
		names = append(names, m[1])
	}
	return part.ReplaceAllString(pattern, "{$1}"), names
}

type describer struct {
	schemas object
	types   map[string]reflect.Type // whose schema it is, by name
	values  map[string][]string     // see Options.Values
	asking  bool                    // it is at what is sent, and not at what is answered
}

// listOf are the types whose values are a list of Options.Values, where they are
// asked with.
var listOf = map[reflect.Type]string{
	reflect.TypeFor[hub.LegalBasis]():  "legal_bases",
	reflect.TypeFor[hub.Purpose]():     "purposes",
	reflect.TypeFor[hub.AuthorityID](): "authorities",
}

// schemaName is what a type is called in the document.
func schemaName(t reflect.Type) string {
	if t.Name() == "" {
		return ""
	}
	return strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
}

func ref(t reflect.Type) object { return object{"$ref": "#/components/schemas/" + schemaName(t)} }

func (d describer) operation(t Route, params []string) (object, error) {
	list := []object{{"name": "Infohus-Hat", "in": "header", "required": false, "schema": idSchema(),
		"description": "The hat to ask under; needed with several."}}
	for _, name := range params {
		schema := idSchema()
		if name == "authority" { // as the structure file calls it
			schema = object{"type": "string"}
		}
		if slices.Contains(t.Numbers, name) {
			schema = object{"type": "integer"}
		}
		list = append(list, object{"name": name, "in": "path", "required": true, "schema": schema})
	}
	op := object{"operationId": t.Op, "summary": t.Summary, "tags": []string{t.Room}}
	reads := t.Method == http.MethodGet || t.Method == http.MethodDelete
	if t.In != nil && reads {
		in := reflect.TypeOf(t.In)
		for i := range in.NumField() {
			schema, err := d.field(in, in.Field(i))
			if err != nil {
				return nil, err
			}
			list = append(list, object{"name": jsonName(in.Field(i)), "in": "query", "required": false, "schema": schema})
		}
	}
	if t.Method != http.MethodGet {
		list = append(list, object{"name": "Idempotency-Key", "in": "header", "required": false,
			"schema": object{"type": "string", "maxLength": 100}})
	}
	if t.In != nil && !reads {
		schema, err := d.schema(reflect.TypeOf(t.In))
		if err != nil {
			return nil, err
		}
		op["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": schema}}}
	}
	answers := object{"default": object{"$ref": "#/components/responses/Problem"}}
	if t.Media != "" {
		answers["200"] = object{"description": "Done.", "content": object{t.Media: object{"schema": object{"type": "string"}}}}
	} else if t.Out == nil {
		answers["204"] = object{"description": "Done."}
	} else {
		schema, err := d.schema(reflect.TypeOf(t.Out))
		if err != nil {
			return nil, err
		}
		good := object{"description": "Done.", "content": object{"application/json": object{"schema": schema}}}
		answers["200"] = good
		if _, ok := t.Out.(Created); ok {
			answers["201"] = good
		}
	}
	op["parameters"], op["responses"] = list, answers
	return op, nil
}

func idSchema() object { return object{"type": "string", "pattern": "^[0-9a-hjkmnp-tv-z]{26}$"} }

// schema describes a Go type. A named struct stands once, by its name; what
// reads itself from a text is one.
func (d describer) schema(t reflect.Type) (any, error) {
	switch t {
	case reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}, nil
	case reflect.TypeFor[hub.ID]():
		return idSchema(), nil
	case reflect.TypeFor[hub.Role]():
		return object{"type": "string", "enum": hub.Roles}, nil
	case reflect.TypeFor[hub.AuthorityKind]():
		return object{"type": "string", "enum": hub.AuthorityKinds}, nil
	case reflect.TypeFor[jsontext.Value](), reflect.TypeFor[jsonv1.RawMessage]():
		return object{}, nil
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return object{"type": "string"}, nil
	}
	if code, ok := reflect.Zero(t).Interface().(Code); ok && t.Kind() == reflect.String {
		return object{"type": "string", "enum": code.Codes()}, nil
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}, nil
	case reflect.Bool:
		return object{"type": "boolean"}, nil
	case reflect.Int, reflect.Int32, reflect.Int64:
		return object{"type": "integer"}, nil
	case reflect.Float64:
		return object{"type": "number"}, nil
	case reflect.Pointer:
		inner, err := d.schema(t.Elem())
		return object{"anyOf": []any{inner, object{"type": "null"}}}, err
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return object{"type": "string", "contentEncoding": "base64"}, nil
		}
		items, err := d.schema(t.Elem())
		return object{"type": "array", "items": items}, err
	case reflect.Map:
		values, err := d.schema(t.Elem())
		return object{"type": "object", "additionalProperties": values}, err
	case reflect.Struct:
		return d.structure(t)
	}
	return nil, fmt.Errorf("the API cannot describe %s", t)
}

func (d describer) structure(t reflect.Type) (any, error) {
	name := schemaName(t)
	if name != "" {
		if old, ok := d.types[name]; ok && old != t {
			return nil, fmt.Errorf("two types are called %s: %s and %s", name, old, t)
		} else if ok {
			return ref(t), nil // stands already, or will: a type may hold itself
		}
		d.types[name] = t
	}
	properties := object{}
	for _, f := range reflect.VisibleFields(t) {
		if !f.IsExported() || f.Anonymous || f.Tag.Get("json") == "-" {
			continue
		}
		schema, err := d.field(t, f)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t, f.Name, err)
		}
		properties[jsonName(f)] = schema
	}
	o := object{"type": "object", "properties": properties, "additionalProperties": false}
	ways := needed(t)
	for _, way := range ways {
		for _, f := range way {
			if properties[f] == nil {
				return nil, fmt.Errorf("%s needs %s, and has no such field", t, f)
			}
		}
	}
	o["required"] = ways[0]
	if len(ways) > 1 {
		o["required"] = slices.DeleteFunc(slices.Clone(ways[0]), func(f string) bool {
			return slices.ContainsFunc(ways, func(way []string) bool { return !slices.Contains(way, f) })
		})
		either := []any{}
		for _, way := range ways {
			either = append(either, object{"required": way})
		}
		o["anyOf"] = either
	}
	if name == "" {
		return o, nil
	}
	d.schemas[name] = o
	return ref(t), nil
}

// needed is what must be sent of a type, in one or several ways: see [Needs].
func needed(t reflect.Type) [][]string {
	if n, ok := reflect.Zero(t).Interface().(Needs); ok {
		ways := n.Needs()
		for _, way := range ways {
			slices.Sort(way)
		}
		return ways
	}
	way := []string{}
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() && !f.Anonymous && f.Tag.Get("json") != "-" && !omitted(f) {
			way = append(way, jsonName(f))
		}
	}
	slices.Sort(way)
	return [][]string{way}
}

// omitted reports whether a field without a value is left out.
func omitted(f reflect.StructField) bool {
	_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	return options == "omitempty" || options == "omitzero"
}

// field describes a field of a struct: its type, and what the struct and the
// field's own tags say of it.
func (d describer) field(of reflect.Type, f reflect.StructField) (any, error) {
	t := f.Type
	if t.Kind() == reflect.Pointer && omitted(f) {
		t = t.Elem() // what is not there is left out, and never null
	}
	schema, err := d.schema(t)
	if err != nil {
		return nil, err
	}
	if err := d.list(schema, t, f); err != nil {
		return nil, err
	}
	limit(schema, f)
	if coded, ok := reflect.Zero(of).Interface().(Coded); ok {
		if codes := coded.Codes()[jsonName(f)]; codes != nil {
			at := schema.(object)
			if items, ok := at["items"].(object); ok {
				at = items
			}
			at["enum"] = codes
		}
	}
	return schema, nil
}

// list adds the values that are data: by the field's tag of:"…", or by its type.
func (d describer) list(schema any, t reflect.Type, f reflect.StructField) error {
	o, ok := schema.(object)
	if !ok || d.values == nil {
		return nil
	}
	at := o
	if items, ok := o["items"].(object); ok {
		at, t = items, t.Elem()
	}
	name, tagged := f.Tag.Lookup("of")
	if !tagged && d.asking {
		name = listOf[t]
	}
	if name == "" {
		return nil
	}
	if d.values[name] == nil {
		return fmt.Errorf("%s is of %s, and there is no such list", f.Name, name)
	}
	at["enum"] = d.values[name]
	o["description"] = "One of " + strings.ReplaceAll(name, "_", " ") + " in the structure file, as it stands today."
	return nil
}

// limits reads how little and how much a field may hold, from its tags min:"30"
// max:"500": of a number its value, of a text its characters.
func limits(f reflect.StructField) (least, most int, ok bool) {
	least, _ = strconv.Atoi(f.Tag.Get("min"))
	most, err := strconv.Atoi(f.Tag.Get("max"))
	return least, most, err == nil
}

// limit adds what the field's own tags say: enum:"a b c", min:"30" max:"500", doc:"…".
func limit(schema any, f reflect.StructField) {
	o, ok := schema.(object)
	if !ok || o["$ref"] != nil {
		return
	}
	if e := f.Tag.Get("enum"); e != "" {
		at := o
		if items, ok := o["items"].(object); ok {
			at = items
		}
		at["enum"] = strings.Fields(e)
	}
	if least, most, ok := limits(f); ok {
		min, max := "minLength", "maxLength"
		if o["type"] == "integer" {
			min, max = "minimum", "maximum"
		}
		o[max] = most
		if least > 0 {
			o[min] = least
		}
	}
	if doc := f.Tag.Get("doc"); doc != "" {
		if more, ok := o["description"].(string); ok {
			doc += " " + more
		}
		o["description"] = doc
	}
}
