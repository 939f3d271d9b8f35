package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// Cell is one field of a thing that goes out as a file.
type Cell struct {
	Code  string `json:"code"`  // as the API names it: "statements.1.text"
	Label string `json:"label"` // as a person would, in the language of the page
	Text  string `json:"text"`
}

// Cells takes a view apart into its fields, in the order of the struct and by
// their JSON names, so that a file has what the API has and no more (A005): what
// is empty is not there, nor what is named in omit. A field's label is the word
// "<room>.cell.<name>", else its name; a code is shown as the word that its page
// shows for it. Times are in Copenhagen.
func (s *Site) Cells(lang, room string, view any, omit ...string) []Cell {
	c := cutter{site: s, lang: lang, room: room}
	c.cut("", "", reflect.ValueOf(view), omit)
	return c.cells
}

type cutter struct {
	site       *Site
	lang, room string
	cells      []Cell
}

// cut adds the cells of a value: code is its path, name the last name in it.
func (c *cutter) cut(code, name string, v reflect.Value, omit []string) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	if !v.IsValid() || v.IsZero() && v.Kind() != reflect.Bool {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		if at, ok := v.Interface().(time.Time); ok {
			c.add(code, name, at.In(hub.Copenhagen).Format("2006-01-02 15:04"))
			return
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			tag, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case tag == "-" || !f.IsExported() || slices.Contains(omit, tag) || rest == "omitzero" && v.Field(i).IsZero():
			case f.Anonymous && tag == "":
				c.cut(code, name, v.Field(i), omit)
			default:
				tag = jsonName(f)
				c.cut(strings.TrimPrefix(code+"."+tag, "."), tag, v.Field(i), nil)
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			c.cut(code+"."+strconv.Itoa(i+1), name, v.Index(i), nil)
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		for _, k := range keys {
			c.cut(code+"."+fmt.Sprint(k), fmt.Sprint(k), v.MapIndex(k), nil)
		}
	case reflect.Bool:
		c.add(code, name, c.site.words.text(c.lang, map[bool]string{true: "web.yes", false: "web.no"}[v.Bool()]))
	default:
		text := fmt.Sprint(v.Interface())
		switch v := v.Interface().(type) {
		case hub.AuthorityID:
			text = c.site.authority(v)
		case hub.Role:
			text = c.site.words.text(c.lang, "web.role."+text)
		}
		c.add(code, name, c.word(name, text))
	}
}

// shownAs are the beginnings of the words that rooms show for codes whose field has
// another name than its words.
var shownAs = map[string][]string{"action": {"did"}, "retention_rule": {"keep"}, "kind": {"field.statement.kind"}, "state": {"member.state", "request", "joint.state", "signature"},
	"outcome": {"state"}, "awaited": {"party"}, "check_outcome": {"field.outcome"}, "triage_outcome": {"field.outcome"}, "child_outcome": {"field.outcome"}}

// word is a code as its page shows it, or, where no page has a word for it alone, as
// "<room>.cell.<name>.<code>" does; what is no code stays as it is.
func (c *cutter) word(name, text string) string {
	for _, begin := range append([]string{"field." + name, name, "cell." + name}, shownAs[name]...) {
		if word := c.room + "." + begin + "." + text; text != "hint" && c.site.words.has(word) {
			return c.site.words.text(c.lang, word)
		}
	}
	return text
}

func (c *cutter) add(code, name, text string) {
	label := name
	if word := c.room + ".cell." + name; c.site.words.has(word) {
		label = c.site.words.text(c.lang, word)
	}
	c.cells = append(c.cells, Cell{code, label, text})
}

// CellsOf asks a mark for the cells of things that another room owns, as the
// person who asks: its owner decides and records as for its pages. A file is whole
// or not at all, so where the room is away there is none.
func (s *Site) CellsOf(r *Request, name string, ids ...hub.ID) (map[hub.ID][]Cell, error) {
	mark := s.marks[name]
	if mark == nil {
		return nil, fmt.Errorf("no room renders the mark %q", name)
	}
	out := map[hub.ID][]Cell{}
	if len(ids) == 0 {
		return out, nil
	}
	ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), composing{}, r), 5*s.o.MarkFor) // a file may be long
	defer cancel()
	given, err := mark(ctx, r.Who, r.Lang, ids)
	if err != nil {
		return nil, hub.Unavailable(err)
	}
	for id, text := range given {
		var cells []Cell
		if err := json.Unmarshal([]byte(text), &cells); err != nil {
			return nil, fmt.Errorf("web: the mark %s gives no cells", name)
		}
		out[id] = cells
	}
	return out, nil
}

// Table makes lines of cells a table with a first line of labels. A column stands
// in the order given, and only where some line has it.
func Table(lines [][]Cell, order ...string) [][]string {
	label := map[string]string{}
	for _, line := range lines {
		for _, c := range line {
			label[c.Code] = c.Label
		}
	}
	order = slices.DeleteFunc(slices.Clone(order), func(code string) bool { return label[code] == "" })
	table := [][]string{{}}
	for _, code := range order {
		table[0] = append(table[0], label[code])
	}
	for _, line := range lines {
		row := make([]string, len(order))
		for _, c := range line {
			if i := slices.Index(order, c.Code); i >= 0 {
				row[i] = c.Text
			}
		}
		table = append(table, row)
	}
	return table
}

// Ended is a table with a last line of words; without, where there are none.
func Ended(table [][]string, words string) [][]string {
	if words == "" {
		return table
	}
	last := make([]string, max(1, len(table[0])))
	last[0] = words
	return append(table, last)
}

// Sheet makes the cells of one thing a table: a line for each field, in words and
// by its code.
func (s *Site) Sheet(lang string, cells []Cell) [][]string {
	table := [][]string{{s.words.text(lang, "web.csv.field"), s.words.text(lang, "web.csv.value"), s.words.text(lang, "web.csv.code")}}
	for _, c := range cells {
		table = append(table, []string{c.Label, c.Text, c.Code})
	}
	return table
}

// CSV answers with a file that a Danish spreadsheet opens as it is: semicolons,
// UTF-8 with a mark that says so, and nothing that is taken for a formula (A098).
// It is the answer itself: there is no address at which it lies (A099). name is of
// what, and never of whom.
func (s *Site) CSV(w http.ResponseWriter, r *Request, name string, rows [][]string) error {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				b.WriteByte(';')
			}
			b.WriteString(`"` + strings.ReplaceAll(inert(cell), `"`, `""`) + `"`)
		}
		b.WriteString("\r\n")
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+"-"+r.Now.In(hub.Copenhagen).Format(time.DateOnly)+`.csv"`)
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(b.Bytes())
	return err
}

// inert puts an apostrophe before a text that a spreadsheet might take for a
// formula. A text that begins with one has one put before it too, so that taking
// one away always gives the text back.
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n\x00'＝＋－＠", []rune(cell)[0]) {
		return "'" + cell
	}
	return cell
}

// freshFor is how long a sign-in counts as just now.
const freshFor = 15 * time.Minute

// SteppedUp reports whether who asks is known well enough for what needs more
// than being signed in (A038): at assurance level High, or by a sign-in at most 15
// minutes ago. A hat that was put on meanwhile makes no sign-in, and a program's
// token is as old as the sign-in that its issuer says it rests on (auth_time).
func (r *Request) SteppedUp() bool {
	at := r.proved
	if r.session.Live {
		at = r.session.Since
	}
	age := r.Now.Sub(at)
	return r.Who.LoA == "High" || !at.IsZero() && -skew <= age && age <= freshFor
}

// NotSteppedUp is the error of somebody who must sign in again first; key is its
// text, which is told how many minutes ago that may be.
func NotSteppedUp(key string) error { return hub.Denied(key, int(freshFor/time.Minute)) }
