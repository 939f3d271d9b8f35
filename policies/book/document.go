package book

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// node is a value of the data document. An object keeps its keys in the order in
// which they are written: it is the order in which they are best read.
type node struct {
	keys  []string
	kids  map[string]node
	items []string
	text  string
	yes   bool
}

// parse reads the data document, whatever tables it has.
func parse(document []byte) (node, error) {
	n, err := read(json.NewDecoder(bytes.NewReader(document)))
	if err != nil {
		err = fmt.Errorf("book: the data document: %w", err)
	}
	return n, err
}

func read(d *json.Decoder) (node, error) {
	t, err := d.Token()
	if err != nil {
		return node{}, err
	}
	switch t := t.(type) {
	case string:
		return node{text: t}, nil
	case bool:
		return node{yes: t}, nil
	case json.Delim:
		if t == '[' {
			return readList(d)
		}
		return readObject(d)
	}
	return node{}, nil // null; the document has no numbers
}

func readList(d *json.Decoder) (n node, err error) {
	for d.More() {
		one, err := read(d)
		if err != nil {
			return n, err
		}
		n.items = append(n.items, one.text)
	}
	_, err = d.Token()
	return n, err
}

func readObject(d *json.Decoder) (n node, err error) {
	n.kids = map[string]node{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return n, err
		}
		name := fmt.Sprint(key)
		n.keys = append(n.keys, name)
		if n.kids[name], err = read(d); err != nil {
			return n, err
		}
	}
	_, err = d.Token()
	return n, err
}

// at follows a path; what is not there is the empty node, which says no to all.
func (n node) at(path ...string) node {
	for _, key := range path {
		n = n.kids[key]
	}
	return n
}

// has reports whether there is such a key.
func (n node) has(key string) bool { _, ok := n.kids[key]; return ok }

// set are the keys that say true, in order.
func (n node) set() []string {
	return slices.DeleteFunc(slices.Clone(n.keys), func(key string) bool { return !n.kids[key].yes })
}
