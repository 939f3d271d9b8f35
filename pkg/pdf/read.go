package pdf

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// node is an element of a page: a block with its text, in which "\n" is where a line must end;
// or a table, and what it is made of.
type node struct {
	tag  string
	text string
	kids []node
}

// roles are the elements that a page may have, and what they are in a PDF. The title is H1, so
// what stands under it begins at h2, and no level is left out.
var roles = map[string]string{"h1": "H1", "h2": "H2", "p": "P", "table": "Table", "caption": "Caption", "thead": "THead", "tbody": "TBody", "tr": "TR", "th": "TH", "td": "TD"}

// inside is what may stand directly in what; "" is the page. A div is as what is in it. What is in none is text's.
var inside = map[string][]string{"": {"h2", "p", "table"}, "table": {"caption", "thead", "tbody"}, "thead": {"tr"}, "tbody": {"tr"}, "tr": {"th", "td"}}

// phrases are elements within a text, that look like something but say nothing by it.
var phrases = []string{"code", "time", "span", "strong", "em"}

// read takes a page of ours apart. It has to be written as well as XML is, but for HTML's entities and
// <br>; anything that would be left out of the PDF is an error.
func read(html string) ([]node, error) {
	d := xml.NewDecoder(strings.NewReader("<div>" + strings.ReplaceAll(html, "<br>", "<br/>") + "</div>"))
	d.Entity = xml.HTMLEntity
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	var page node
	if err := page.read(d); err != nil {
		return nil, fmt.Errorf("pdf: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("pdf: there is something after the page")
	}
	for _, n := range page.kids {
		if n.tag == "table" {
			if err := n.regular(); err != nil {
				return nil, err
			}
		}
	}
	return page.kids, nil
}

// read reads what is in an element, to its end, with the spaces that there are.
func (n *node) read(d *xml.Decoder) error {
	blocks := inside[n.tag]
	for {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.EndElement:
			return nil
		case xml.CharData:
			if blocks == nil {
				n.text += strings.ReplaceAll(string(t), "\n", " ")
			} else if strings.TrimSpace(string(t)) != "" {
				return fmt.Errorf("<%s> has text of its own: %q", n.tag, t)
			}
		case xml.StartElement:
			name := t.Name.Local
			if slices.ContainsFunc(t.Attr, func(a xml.Attr) bool { return a.Name.Local == "colspan" || a.Name.Local == "rowspan" }) {
				return fmt.Errorf("<%s> spans", name)
			}
			switch {
			case blocks != nil && name == "div", blocks == nil && slices.Contains(phrases, name):
				part := node{tag: n.tag}
				if err := part.read(d); err != nil {
					return err
				}
				n.text += part.text
				n.kids = append(n.kids, part.kids...)
			case blocks == nil && name == "br":
				n.text += "\n"
				if err := d.Skip(); err != nil {
					return err
				}
			case slices.Contains(blocks, name):
				kid := node{tag: name}
				if err := kid.read(d); err != nil {
					return err
				}
				kid.text = tidy(kid.text)
				n.kids = append(n.kids, kid)
			default:
				return fmt.Errorf("<%s> is not known in <%s>", name, n.tag)
			}
		}
	}
}

// tidy writes a text as a browser would: a space for several, and none about a line's end.
func tidy(s string) string {
	lines := strings.Split(norm.NFC.String(s), "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' || r == '\r' }), " ")
	}
	return strings.Join(lines, "\n")
}

// regular reports whether a table has a head of one row, and as many cells in each row.
func (n node) regular() error {
	var columns int
	for _, part := range n.kids {
		for i, row := range part.kids {
			for _, c := range row.kids {
				if (c.tag == "th") != (part.tag == "thead") {
					return errors.New("pdf: a table has its heads at the top, and nowhere else")
				}
			}
			if part.tag == "thead" && i == 0 && columns == 0 {
				columns = len(row.kids)
			} else if columns == 0 || len(row.kids) != columns || part.tag == "thead" {
				return errors.New("pdf: a table has one row of heads, and as many cells in each row")
			}
		}
	}
	if columns == 0 {
		return errors.New("pdf: a table has no heads")
	}
	return nil
}
