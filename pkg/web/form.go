package web

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// Option is one choice of {{radios}}, {{checks}} and {{select}}.
type Option struct {
	Value string
	Label string // as it is shown
	Hint  string
}

// Step is one step of {{steps}}.
type Step struct {
	Word  string // key of its text
	Hint  string // key, or ""
	Href  string // "" is not reached yet
	State string // "", "current", "done", "error"
}

// funcs are the functions of every template:
//
//	{{t "key" args…}}                        a text; times among the values are written as dates
//	{{title}}                                the page's title
//	{{date .At}} {{day .At}}                 a time, a day, in words and for machines
//	{{mark "person.card" .ID}}               what another room owns
//	{{marks .Names .ID}}                     lists that several rooms own, as one: see merged
//	{{form "name" "n" "action" "/p"}} … {{end_form}}
//	{{line "field"}} {{text "field"}}        one line; many lines; options: "rows" 6, "max" 2000
//	                                         (characters: said, and for the room to hold), "optional" true,
//	                                         "type" "tel", "width" 4, 8 or 11, "autocomplete" "name",
//	                                         "inputmode" "numeric", "label" "key"
//	{{date_input "field"}}                   a date in three fields
//	{{radios "field" .Options}} {{checks "field[]" .Options}} {{select "field" .Options}}
//	                                         options are []Option, or any strings: then their labels are
//	                                         the words "<room>.field.<field>.<value>"
//	{{check "field"}}                        one box to tick; its value is "yes"
//	{{hidden "field" .Value}}
//	{{submit "key"}} {{submit "key" "variant" "secondary" "name" "do" "value" "release"}}
//	{{link_button "/path" "key"}}  {{back "/path" "key"}}  {{icon "lock"}}
//	{{details "key"}} … {{end_details}}
//	{{alert "info" "heading key" "text key"}} kinds: info success warning error
//	{{badge "success" "key" args…}}          a state in words and colour
//	{{steps .Steps}}                         where in a course of pages one is
//	{{table "caption key"}} … {{end_table}}  rows become cards on a narrow screen, if every td has
//	                                         data-title="{{t "key"}}"
//	{{authority .ID}}                        an authority's name
//	{{basis .Code}}                          a legal basis in words; "" where there are none
//	{{ref .ID}}                              the end of a reference, to tell things apart that must not be named
//
// A field's label is the word "<room>.field.<field>", its hint the same with
// ".hint" where there is one.
func (v *view) funcs() template.FuncMap {
	return template.FuncMap{
		"t": func(key string, args ...any) string {
			if len(args) == 1 {
				if all, ok := args[0].([]any); ok {
					args = all
				}
			}
			return v.site.words.text(v.lang, key, args...)
		},
		"has":   func(key string) bool { return v.site.words.has(key) },
		"title": func() string { return v.site.words.text(v.lang, v.room+"."+v.name+".title") },
		"date":  func(t time.Time) (template.HTML, error) { return v.time(moment(v.lang, t), t) },
		"day":   func(t time.Time) (template.HTML, error) { return v.time(day(v.lang, t), t) },
		"mark":  v.want, "marks": v.wantAll, "form": v.openForm, "end_form": v.closeForm,
		"line": v.field("line"), "text": v.field("textarea"), "check": v.field("check"), "date_input": v.dateInput,
		"know":   v.know,
		"radios": v.choice("radios"), "checks": v.choice("checks"), "select": v.choice("select"),
		"hidden": v.hidden, "submit": v.submit,
		"icon": func(name string, class ...string) (template.HTML, error) {
			svg, ok := v.site.assets.icons[name]
			if !ok {
				return "", fmt.Errorf("no icon %q", name)
			}
			if len(class) == 1 {
				svg = template.HTML(strings.Replace(string(svg), "icon-svg", "icon-svg "+template.HTMLEscapeString(class[0]), 1))
			}
			return svg, nil
		},
		"link_button": func(href, key string) (template.HTML, error) {
			return v.component("link_button", map[string]any{"Href": href, "Key": key})
		},
		"back": func(href, key string) (template.HTML, error) {
			return v.component("back", map[string]any{"Href": href, "Key": key})
		},
		"details": func(key string) (template.HTML, error) { // open where something typed or wrong may stand in it
			return v.component("details", map[string]any{"Key": key, "Open": v.form != "" && v.typedHere()})
		},
		"end_details": func() template.HTML { return "</div></details>" },
		"alert": func(kind, heading, text string, args ...any) (template.HTML, error) {
			return v.component("alert", map[string]any{"Kind": kind, "Heading": heading, "Text": text, "Args": args})
		},
		"badge": func(kind, key string, args ...any) (template.HTML, error) {
			return v.component("badge", map[string]any{"Kind": kind, "Key": key, "Args": args})
		},
		"steps":     func(s []Step) (template.HTML, error) { return v.component("steps", s) },
		"table":     func(key string) (template.HTML, error) { return v.component("table", key) },
		"end_table": func() template.HTML { return "</table></div>" },
		"ref":       shortRef,
		"authority": func(id hub.AuthorityID) string { return v.site.authority(id) },
		"basis":     func(code any) string { return v.site.basis(hub.LegalBasis(fmt.Sprint(code)), v.lang) },
		"add":       func(a, b int) int { return a + b },
	}
}

// shortRef is the end of a reference: enough to tell a screenful apart, and the
// whole reference ends with it.
func shortRef(id hub.ID) string {
	if len(id) <= 6 {
		return string(id)
	}
	return "…" + string(id[len(id)-6:])
}

// component renders one of pages/components.html.
func (v *view) component(name string, data any) (template.HTML, error) {
	var b bytes.Buffer
	if err := v.set.ExecuteTemplate(&b, name, data); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil
}

// know is the tick of whoever passes something on while other authorities cannot confirm
// the log; nothing while they can (trust.md F38).
func (v *view) know() (template.HTML, error) {
	if !v.r.log().Late {
		return "", nil
	}
	return v.field("check")("confirmed", "label", "web.unwitnessed.know")
}

func (v *view) time(text string, t time.Time) (template.HTML, error) {
	return v.component("time", map[string]string{"Text": text, "Machine": t.In(hub.Copenhagen).Format(time.RFC3339)})
}

// options reads "name" value pairs.
func options(pairs []any, known ...string) (map[string]any, error) {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("unknown option %v; there are %s", pairs[i], strings.Join(known, ", "))
		}
		m[name] = pairs[i+1]
	}
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("option %v has no value", pairs[len(pairs)-1])
	}
	return m, nil
}

func (v *view) openForm(pairs ...any) (template.HTML, error) {
	if v.r == nil {
		return "", errors.New("a form cannot stand in a fragment")
	}
	if v.form != "" {
		return "", errors.New("a form is open already")
	}
	o, err := options(pairs, "name", "action", "id")
	if err != nil {
		return "", err
	}
	v.forms++
	v.form = fmt.Sprintf("form%d", v.forms)
	if name, ok := o["name"].(string); ok {
		v.form = name
	}
	action := v.r.URL.Path
	if a, ok := o["action"].(string); ok {
		action = a
	}
	kept := v.typedHere() && (v.r.again.notice == keptNotice || v.r.again.typed.Get("_kept") != "")
	key := string(v.site.o.NewID())
	if v.typedHere() && v.r.again.status >= 500 && v.r.again.typed.Get("_key") != "" {
		key = v.r.again.typed.Get("_key") // it may have been done all the same: trying again must not do it twice
	}
	return v.component("form", map[string]any{"Action": action, "Kept": kept, "Name": v.form, "Hat": string(v.r.Who.Hat.ID),
		"Page": v.r.URL.RequestURI(), "Key": key})
}

func (v *view) closeForm() (template.HTML, error) {
	if v.form == "" {
		return "", errors.New("no form is open")
	}
	v.form = ""
	names, err := v.component("hidden", map[string]any{"Name": "_chosen", "Value": strings.Join(v.chosen, " ")})
	if err != nil {
		return "", err
	}
	labels, err := v.component("hidden", map[string]any{"Name": "_labels", "Value": strings.Join(slices.Sorted(maps.Keys(v.labels)), " ")})
	v.chosen, v.labels = nil, nil
	return names + labels + "</form>", err
}

// label notes what a field is called where its name alone does not say it: what
// was typed into it may have to be given back when its page is no more. Fields
// that differ by a number only are one; a "?" after the key says that the value is
// a code.
func (v *view) label(name, key string) {
	if v.labels == nil {
		v.labels = map[string]bool{}
	}
	v.labels[numbered.ReplaceAllString(name, ".#")+"="+key] = true
}

// typedHere reports whether the form that is open is the one shown again.
func (v *view) typedHere() bool {
	if v.r == nil || v.r.again == nil {
		return false
	}
	name := v.r.again.typed.Get("_form")
	return name == "" || name == v.form
}

// values are what stands in a field: what was typed, else what the room filled in.
func (v *view) values(field string) []string {
	if v.typedHere() {
		v.shown[field] = true
		return v.r.again.typed[field] // also when it is empty: the user emptied it
	}
	if v.r == nil {
		return nil
	}
	return v.r.fill[field]
}

func (v *view) value(field string) string {
	if all := v.values(field); len(all) > 0 {
		return all[0]
	}
	return ""
}

// wrongWith is the message about a field, or "".
func (v *view) wrongWith(field string) string {
	if !v.typedHere() {
		return ""
	}
	for _, e := range v.r.again.wrong {
		if e.Field == strings.TrimSuffix(field, "[]") {
			return v.site.words.text(v.lang, e.Key, e.Args...)
		}
	}
	return ""
}

// input is what the components of fields are given.
type input struct {
	ID, Name, Label, Hint, Error, Value string
	Options                             []choice
	O                                   map[string]any
	Described                           string
	Parts                               []input
}

type choice struct {
	Option
	ID      string
	Checked bool
}

var inputOptions = []string{"rows", "max", "optional", "type", "width", "autocomplete", "inputmode", "label"}

func (v *view) newInput(name string, pairs []any) (input, error) {
	o, err := options(pairs, inputOptions...)
	if err != nil {
		return input{}, err
	}
	field := strings.TrimSuffix(name, "[]")
	key := v.room + ".field." + field
	if label, ok := o["label"].(string); ok {
		key = label
		v.label(field, key)
	}
	in := input{ID: v.id(field), Name: name, Label: v.site.words.text(v.lang, key), Error: v.wrongWith(field), Value: v.value(name), O: o}
	if v.site.words.has(key + ".hint") {
		in.Hint = v.site.words.text(v.lang, key+".hint")
	}
	if v.r != nil && len(v.r.hints[field]) > 0 {
		in.Hint = strings.TrimSpace(in.Hint + " " + strings.Join(v.r.hints[field], " "))
	}
	var described []string
	if v.typedHere() {
		v.asked = append(v.asked, labelled{field, in.ID, in.Label})
	}
	if in.Hint != "" {
		described = append(described, in.ID+"-hint")
	}
	if in.Error != "" {
		described = append(described, in.ID+"-error")
	}
	if o["max"] != nil {
		described = append(described, in.ID+"-limit")
	}
	in.Described = strings.Join(described, " ")
	return in, nil
}

// id is an element's id. The first form of a page has the plain names.
func (v *view) id(field string) string {
	if v.forms <= 1 {
		return field
	}
	return v.form + "-" + field
}

func (v *view) field(component string) func(string, ...any) (template.HTML, error) {
	return func(name string, pairs ...any) (template.HTML, error) {
		in, err := v.newInput(name, pairs)
		if err != nil {
			return "", err
		}
		return v.component(component, in)
	}
}

func (v *view) dateInput(name string, pairs ...any) (template.HTML, error) {
	in, err := v.newInput(name, pairs)
	if err != nil {
		return "", err
	}
	for _, part := range []string{"day", "month", "year"} {
		in.Parts = append(in.Parts, input{ID: in.ID + "-" + part, Name: name + "-" + part, Error: in.Error,
			Label: v.site.words.text(v.lang, "web.date."+part), Value: v.value(name + "-" + part), Hint: part})
	}
	in.Parts[0].ID = in.ID // the error summary links here
	return v.component("date_input", in)
}

func (v *view) choice(component string) func(string, any, ...any) (template.HTML, error) {
	return func(name string, of any, pairs ...any) (template.HTML, error) {
		in, err := v.newInput(name, pairs)
		if err != nil {
			return "", err
		}
		list, err := v.optionsOf(strings.TrimSuffix(name, "[]"), of)
		if err != nil {
			return "", err
		}
		field := strings.TrimSuffix(name, "[]")
		label := v.room + ".field." + field
		if l, ok := in.O["label"].(string); ok {
			label = l
		}
		v.label(field, label+"?") // its value is a code
		chosen := v.values(name)
		for i, o := range list {
			id := in.ID
			if i > 0 { // the first has the field's id: the error summary links there
				id = fmt.Sprintf("%s-%d", in.ID, i+1)
			}
			in.Options = append(in.Options, choice{o, id, slices.Contains(chosen, o.Value)})
		}
		return v.component(component, in)
	}
}

func (v *view) optionsOf(field string, of any) ([]Option, error) {
	if list, ok := of.([]Option); ok {
		return list, nil
	}
	s := reflect.ValueOf(of)
	if s.Kind() != reflect.Slice || s.Type().Elem().Kind() != reflect.String {
		return nil, fmt.Errorf("%s: options are []web.Option or a slice of strings, not %T", field, of)
	}
	var list []Option
	for i := range s.Len() {
		value := s.Index(i).String()
		key := v.room + ".field." + field + "." + value
		o := Option{Value: value, Label: v.site.words.text(v.lang, key)}
		if v.site.words.has(key + ".hint") {
			o.Hint = v.site.words.text(v.lang, key+".hint")
		}
		list = append(list, o)
	}
	return list, nil
}

func (v *view) hidden(name string, value any) (template.HTML, error) {
	v.shown[name] = true
	v.chosen = append(v.chosen, name)
	return v.component("hidden", map[string]any{"Name": name, "Value": fmt.Sprint(value)})
}

func (v *view) submit(key string, pairs ...any) (template.HTML, error) {
	o, err := options(pairs, "variant", "name", "value")
	if err != nil {
		return "", err
	}
	if name, ok := o["name"].(string); ok {
		v.shown[name] = true
		v.chosen = append(v.chosen, name)
	}
	if o["variant"] == nil {
		o["variant"] = "primary"
	}
	return v.component("submit", map[string]any{"Key": key, "O": o})
}

// labelled is a field as it stands on the page.
type labelled struct{ name, id, label string }

// summaryLine is one error above the page, with the field it leads to.
type summaryLine struct{ Label, Text, ID string }

// summary lists what is wrong, in the order of the page, what is about no field
// first.
func (v *view) summary() []summaryLine {
	at := func(e *hub.Error) int {
		return slices.IndexFunc(v.asked, func(f labelled) bool { return f.name == e.Field })
	}
	var lines []summaryLine
	for _, e := range slices.SortedStableFunc(slices.Values(v.r.again.wrong), func(a, b *hub.Error) int { return at(a) - at(b) }) {
		line := summaryLine{Text: v.site.words.text(v.lang, e.Key, e.Args...)}
		if i := at(e); i >= 0 {
			line.ID, line.Label = v.asked[i].id, v.asked[i].label
			if !strings.ContainsAny(line.Label[len(line.Label)-1:], "?!.:") {
				line.Label += ":"
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// typedField is something typed that the page has no field for any more.
type typedField struct{ Label, Text string }

// left lists what was typed and is not shown by the page: nothing is lost.
func (v *view) left() []typedField {
	return v.site.typedFields(v.lang, v.room, v.r.again.typed, v.shown)
}

// typedFields lists the fields of a form that are not shown elsewhere, by name.
// What nobody typed, hidden fields and the button pressed, is left out.
func (s *Site) typedFields(lang, room string, typed url.Values, shown map[string]bool) []typedField {
	var left []typedField
	labels := map[string]string{}
	for _, l := range strings.Fields(typed.Get("_labels")) {
		if name, key, ok := strings.Cut(l, "="); ok && (strings.HasPrefix(key, room+".") || strings.HasPrefix(key, "web.")) { // a form that every room has is in the words of all
			labels[name] = key
		}
	}
	chosen := strings.Fields(typed.Get("_chosen"))
	for _, name := range slices.Sorted(maps.Keys(typed)) {
		text := strings.TrimSpace(strings.Join(typed[name], "\n"))
		if strings.HasPrefix(name, "_") || shown[name] || text == "" || slices.Contains(chosen, name) {
			continue
		}
		left = append(left, s.inWords(lang, room, name, text, labels))
	}
	return left
}

var (
	listed   = regexp.MustCompile(`s\.[0-9]+\.`)        // "statements.0.text" has the label of "statement.text"
	dated    = regexp.MustCompile(`-(day|month|year)$`) // a part of a date
	numbered = regexp.MustCompile(`\.[0-9]+`)           // which of several fields with one label
)

// inWords is a field as people know it: its label, as its page has said it or as
// its name does, which of several it is, and what its value says where it was
// chosen from a list.
func (s *Site) inWords(lang, room, name, text string, labels map[string]string) typedField {
	part := strings.TrimPrefix(dated.FindString(name), "-")
	field := strings.TrimSuffix(dated.ReplaceAllString(name, ""), "[]")
	key, said := labels[numbered.ReplaceAllString(field, ".#")]
	key, code := strings.CutSuffix(key, "?")
	if !said {
		key = room + ".field." + listed.ReplaceAllString(field, ".")
	}
	f := typedField{name, text}
	if s.words.has(key) {
		f.Label = s.words.text(lang, key)
		if which := numbered.FindAllString(field, -1); len(which) > 0 {
			for i, n := range which {
				at, _ := strconv.Atoi(n[1:])
				which[i] = strconv.Itoa(at + 1)
			}
			f.Label += " (" + strings.Join(which, ".") + ")"
		}
	}
	switch {
	case part != "":
		f.Label += ", " + strings.ToLower(s.words.text(lang, "web.date."+part))
	case s.words.has(key + "." + text):
		f.Text = s.words.text(lang, key+"."+text)
	case code:
		f.Text = s.authority(hub.AuthorityID(text)) // or as it is
	case text == "yes":
		f.Text = s.words.text(lang, "web.yes")
	}
	return f
}
