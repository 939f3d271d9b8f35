package tree

import (
	"encoding/hex"
	"slices"
	"testing"
	"time"
)

// values is a row, all invented.
func values() []any {
	v := make([]any, len(Columns))
	for i, c := range Columns {
		switch c.Kind {
		case Text:
			v[i] = c.Name
		case Number:
			v[i] = int64(i)
		case Time:
			v[i] = time.Date(2026, 3, 2, 8, 0, 0, 120000, time.UTC)
		case JSON:
			v[i] = `{"a": 1}`
		case List:
			v[i] = []string{"æ", ""}
		case Bytes:
			v[i] = []byte{1, 2}
		}
	}
	return v
}

func entry(t *testing.T, salt [SaltSize]byte, v []any) string {
	t.Helper()
	e, err := Entry(Form, salt, v)
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(e[:])
}

// What a row of form 1 comes to stays for as long as there are such rows: this was
// computed by another program, from docs/trail.md.
func TestEntryIsAsDocumented(t *testing.T) {
	const want = "ba45bc122b5605b4acf66125758f9f595bc1c3f380c23f54eb890f3d882dd708"
	if got := entry(t, [SaltSize]byte{7}, values()); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Whatever is changed in a row, and its salt, changes the entry.
func TestEntryIsOfEveryColumn(t *testing.T) {
	seen := map[string]string{entry(t, [SaltSize]byte{}, values()): "nothing"}
	add := func(what, e string) {
		t.Helper()
		if other, twice := seen[e]; twice {
			t.Errorf("%s comes to the same as %s", what, other)
		}
		seen[e] = what
	}
	add("the salt", entry(t, [SaltSize]byte{15: 1}, values()))
	for i, c := range Columns {
		others := map[Kind][]any{Text: {"", "x", "x\x00"}, JSON: {"", `{"a":1}`}, Number: {int64(-1), int64(1000)}, Time: {time.Time{}, time.Date(2026, 3, 2, 8, 0, 0, 121000, time.UTC)},
			List: {[]string{}, []string{""}, []string{"", "æ"}, []string{"æ"}, []string{"\x00\x00\x00\x00"}}, Bytes: {[]byte(nil), []byte{}, []byte{1}}}
		for _, other := range others[c.Kind] {
			v := values()
			v[i] = other
			add(c.Name, entry(t, [SaltSize]byte{}, v))
		}
	}
	v := values() // what is moved from one column to the next
	v[4], v[5] = "personh", "at"
	add("moved", entry(t, [SaltSize]byte{}, v))
	v = values()
	v[1] = v[1].(time.Time).In(time.FixedZone("", 3600))
	if entry(t, [SaltSize]byte{}, v) != entry(t, [SaltSize]byte{}, values()) {
		t.Error("the same time in another zone is another entry")
	}
}

func TestEntryRefuses(t *testing.T) {
	if _, err := Entry(2, [SaltSize]byte{}, values()); err == nil {
		t.Error("a form that is not known")
	}
	if _, err := Entry(Form, [SaltSize]byte{}, values()[1:]); err == nil {
		t.Error("a column too few")
	}
	for i, c := range Columns {
		for _, wrong := range []any{nil, 1, true, [][]byte{}} {
			v := slices.Clone(values())
			if v[i] = wrong; wrong == nil && c.Kind == Bytes {
				v[i] = "a text"
			}
			if _, err := Entry(Form, [SaltSize]byte{}, v); err == nil {
				t.Errorf("%s takes %T", c.Name, wrong)
			}
		}
	}
}
