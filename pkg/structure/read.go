package structure

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/infohus/infohus/pkg/hub"
	"go.yaml.in/yaml/v3"
)

// maxSize is how long a structure file may be, in bytes.
const maxSize = 1 << 20

// Load reads a structure file and checks it. The name is what errors call the
// file. An error is [Faults]: all that is wrong, a line of text for each.
func Load(r io.Reader, name string) (*Structure, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	rd := &reader{faults: faults{file: name}}
	root := rd.parse(text)
	if err := rd.err(); err != nil {
		return nil, err
	}
	s := &Structure{revision: fmt.Sprintf("%x", sha256.Sum256(text))[:16]}
	rd.structure(root, s)
	if err := rd.err(); err != nil {
		return nil, err // references are checked only in a file that could be read
	}
	c := &checker{faults: faults{file: name}, s: s}
	c.all()
	if err := c.err(); err != nil {
		return nil, err
	}
	return s, nil
}

// reader takes a YAML document apart by hand, because decoding into structs
// loses the lines.
type reader struct{ faults }

func (r *reader) parse(text []byte) *yaml.Node {
	switch {
	case len(text) > maxSize:
		r.at(1, "the file is longer than a structure file can be (1 MB); is it the right file?")
		return nil
	case !utf8.Valid(text):
		r.at(1, "the file is not UTF-8; save it as UTF-8")
		return nil
	}
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); err != nil {
		r.syntax(err)
		return nil
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		r.at(max(more.Line, 1), "a second document begins here; a structure file is one document: take away the --- line")
		return nil
	}
	return doc.Content[0]
}

// syntax turns an error of the YAML reader into a fault.
func (r *reader) syntax(err error) {
	if errors.Is(err, io.EOF) {
		r.at(1, "the file is empty; begin with the demo's file deploy/infohus.yaml")
		return
	}
	line, text := 1, strings.TrimPrefix(err.Error(), "yaml: ")
	if _, err := fmt.Sscanf(text, "line %d:", &line); err == nil {
		text = strings.TrimSpace(text[strings.Index(text, ":")+1:])
	}
	r.at(line, "this is not YAML: %s; look at the indentation and the colons here and on the line before", text)
}

// field is one key of a mapping.
type field struct {
	name  string
	must  bool
	never bool // nobody may write it, and so no error proposes it
	read  func(*yaml.Node)
}

// must and may make fields.
func must(name string, read func(*yaml.Node)) field { return field{name: name, must: true, read: read} }
func may(name string, read func(*yaml.Node)) field  { return field{name: name, read: read} }

// never makes a field that nobody may write, and says why.
func (r *reader) never(name, why string) field {
	return field{name: name, never: true, read: func(n *yaml.Node) { r.at(n.Line, "%s; take it away", why) }}
}

// mapping reads a mapping with these keys and no other, and says where each is.
func (r *reader) mapping(n *yaml.Node, what string, fields ...field) lines {
	seen := lines{"": n.Line}
	if n.Kind == yaml.AliasNode {
		r.at(n.Line, "*%s points to another place; write it out here", n.Value)
		return seen
	}
	var names []string
	for _, f := range fields {
		if !f.never {
			names = append(names, f.name)
		}
	}
	if n.Kind != yaml.MappingNode {
		r.at(n.Line, "%s is to have the fields %s, each with a colon", what, strings.Join(names, ", "))
		return seen
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if line, twice := seen[key.Value]; twice {
			r.at(key.Line, "%s stands twice in %s, first on line %d; keep one of them", key.Value, what, line)
			continue
		}
		seen[key.Value] = key.Line
		known := false
		for _, f := range fields {
			if f.name == key.Value {
				known = true
				f.read(value)
			}
		}
		if !known {
			r.at(key.Line, "%s has no field %q; %s", what, key.Value, oneOf(key.Value, names))
		}
	}
	for _, f := range fields {
		if _, there := seen[f.name]; f.must && !there {
			r.at(n.Line, "%s lacks %s; write %s: …", what, f.name, f.name)
		}
	}
	return seen
}

// list reads a list, and hands out its items.
func (r *reader) list(what string, each func(*yaml.Node)) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.SequenceNode {
			r.at(n.Line, "%s is to be a list; begin each item with a dash", what)
			return
		}
		for _, item := range n.Content {
			each(item)
		}
	}
}

// scalar gives a single value as it is written, or tells that it is none.
func (r *reader) scalar(n *yaml.Node, what string) (string, bool) {
	switch {
	case n.Kind == yaml.AliasNode:
		r.at(n.Line, "*%s points to another place; write it out here", n.Value)
	case n.Kind != yaml.ScalarNode:
		r.at(n.Line, "%s is to be a single value", what)
	case n.Tag == "!!null" || strings.TrimSpace(n.Value) == "":
		r.at(n.Line, "%s is empty; write it or take the line away", what)
	default:
		return n.Value, true
	}
	return "", false
}

// text reads a line of text.
func text[T ~string](r *reader, what string, to *T) func(*yaml.Node) {
	return func(n *yaml.Node) {
		v, ok := r.scalar(n, what)
		switch {
		case !ok:
		case n.Tag != "!!str" && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0:
			r.at(n.Line, "%s is to be text, and %s reads as something else; put it in quotes: %q", what, v, v)
		case len(v) > 500 || strings.ContainsFunc(v, func(c rune) bool { return c < ' ' || c == 0x7f }):
			r.at(n.Line, "%s is to be one line of at most 500 letters", what)
		default:
			*to = T(hub.CleanLine(v))
		}
	}
}

// code reads a short name: lower-case letters a to z, digits and hyphens.
func code[T ~string](r *reader, what string, to *T) func(*yaml.Node) {
	return spelled(r, what, "-", "a short name of a to z, 0 to 9 and hyphens, such as koege (æ as ae, ø as oe, å as aa)", to)
}

// token reads a word that records keep: as a code, with underscores.
func token[T ~string](r *reader, what string, to *T) func(*yaml.Node) {
	return spelled(r, what, "_", "a short word of a to z, 0 to 9 and underscores, such as family_support", to)
}

// spelled reads a short name of lower-case letters a to z, digits and the
// joints, which stand only inside it.
func spelled[T ~string](r *reader, what, joints, hint string, to *T) func(*yaml.Node) {
	return func(n *yaml.Node) {
		before := len(r.faults.list)
		text(r, what, to)(n)
		if len(r.faults.list) > before {
			return
		}
		if v := string(*to); v == "" || len(v) > 40 || strings.Trim(v, "abcdefghijklmnopqrstuvwxyz0123456789"+joints) != "" || strings.Trim(v, joints) != v {
			r.at(n.Line, "%s %q is to be %s", what, v, hint)
		}
	}
}

// word reads one of a closed list of words.
func word[T ~string](r *reader, what string, allowed []T, to *T) func(*yaml.Node) {
	return func(n *yaml.Node) {
		v, ok := r.scalar(n, what)
		if !ok {
			return
		}
		for _, a := range allowed {
			if string(a) == v {
				*to = a
				return
			}
		}
		r.at(n.Line, "%s %q is unknown; %s", what, v, oneOf(v, allowed))
	}
}

// date reads a day, and gives its first instant in Copenhagen.
func (r *reader) date(what string, to *time.Time) func(*yaml.Node) {
	return func(n *yaml.Node) {
		v, ok := r.scalar(n, what)
		if !ok {
			return
		}
		t, err := time.ParseInLocation(time.DateOnly, v, hub.Copenhagen)
		if err != nil {
			r.at(n.Line, "%s %q is no day; write it as year-month-day: 2026-01-31", what, v)
			return
		}
		*to = t
	}
}

// number reads a whole number within bounds.
func (r *reader) number(what string, least, most int, to *int) func(*yaml.Node) {
	return func(n *yaml.Node) {
		var i int
		if v, ok := r.scalar(n, what); !ok {
			return
		} else if n.Tag != "!!int" || n.Decode(&i) != nil || i < least || i > most {
			r.at(n.Line, "%s %q is to be a whole number from %d to %d", what, v, least, most)
			return
		}
		*to = i
	}
}

// yes reads true or false.
func (r *reader) yes(what string, to *bool) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if v, ok := r.scalar(n, what); ok && (n.Tag != "!!bool" || n.Decode(to) != nil) {
			r.at(n.Line, "%s %q is to be true or false", what, v)
		}
	}
}

// span are the fields of everything that holds from a day until a day.
func (r *reader) span(to *Span, mustEnd bool) []field {
	to.Until = Forever
	in := func(what string, day *time.Time) func(*yaml.Node) {
		return func(n *yaml.Node) {
			r.date(what, day)(n)
			if !to.From.Before(to.Until) {
				r.at(n.Line, "it ends on %s and begins on %s: until is the first day on which it no longer holds, and comes after from",
					to.Until.Format(time.DateOnly), to.From.Format(time.DateOnly))
			}
		}
	}
	return []field{must("from", in("from", &to.From)), {name: "until", must: mustEnd, read: in("until", &to.Until)}}
}
