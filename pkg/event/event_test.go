package event_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
)

var update = flag.Bool("update", false, "write the golden file of each fact that has none")

// TestDecodesForEver checks each fact that was ever told against its file in
// testdata. A file is never changed: what stands in somebody's stream, outbox
// or backup must go on being understood. A fact that must change gets a new
// version, and so a new type and a new file.
func TestDecodesForEver(t *testing.T) {
	for _, k := range event.Table {
		t.Run(k.Type, func(t *testing.T) {
			file := filepath.Join("testdata", k.Type+".json")
			golden, err := os.ReadFile(file)
			if os.IsNotExist(err) && *update {
				golden = write(t, file, k)
			} else if err != nil {
				t.Fatalf("%v: run go test ./pkg/event -update", err)
			}
			e, f, err := event.Decode(golden)
			if err != nil {
				t.Fatal(err)
			}
			if want := filled(k); !reflect.DeepEqual(f, want) {
				t.Errorf("decoded %+v, was told %+v", f, want)
			}
			again, err := json.MarshalIndent(e, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(bytes.TrimSpace(golden), again) {
				t.Errorf("is now told as\n%s\nwas\n%s", again, golden)
			}
		})
	}
}

// TestNothingForgotten checks that no file of testdata has lost its fact.
func TestNothingForgotten(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		golden, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := event.Decode(golden); err != nil {
			t.Errorf("%s can no longer be read: %v", file, err)
		}
	}
}

// TestTable checks what the rest of the house takes for granted of the table.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range event.Table {
		parts := strings.Split(k.Type, ".")
		switch {
		case len(parts) != 4 || parts[0] != k.Owner || !strings.HasPrefix(parts[3], "v"):
			t.Errorf("%s is not owner.noun.verb.version of %s", k.Type, k.Owner)
		case seen[k.Type]:
			t.Errorf("%s stands twice", k.Type)
		case len(k.Audience) == 0 || k.About == "" || k.Marking == "":
			t.Errorf("%s says not to whom, what or how sensitive", k.Type)
		}
		seen[k.Type] = true
		for _, a := range k.Audience {
			if a == k.Owner {
				t.Errorf("%s is told to its own room", k.Type)
			}
		}
	}
}

// TestOnlyTheOwnerTells checks both ends: wrapping and reading.
func TestOnlyTheOwnerTells(t *testing.T) {
	for _, k := range event.Table {
		if _, _, err := event.Wrap("stranger", "x", time.Time{}, filled(k)); err == nil {
			t.Errorf("%s was told by a stranger", k.Type)
		}
		e, _, err := event.Wrap(k.Owner, "x", time.Time{}, filled(k))
		if err != nil {
			t.Fatal(err)
		}
		e.Source = "/stranger"
		b, _ := json.Marshal(e)
		if _, _, err := event.Decode(b); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%s was believed from a stranger: %v", k.Type, err)
		}
	}
}

// TestCarriesNoText checks that a fact has only fields that can hold no
// person: references, codes, times, numbers of versions and truths.
func TestCarriesNoText(t *testing.T) {
	for _, k := range event.Table {
		typ := reflect.TypeOf(k.Zero)
		for i := range typ.NumField() {
			switch f := typ.Field(i); f.Type.String() {
			case "hub.ID", "hub.AuthorityID", "time.Time", "bool", "string", "int":
			default:
				t.Errorf("%s.%s is a %s: a fact carries references, codes, states and times", typ, f.Name, f.Type)
			}
		}
	}
}

// FuzzDecode checks that what comes from the wire is read or refused as
// Invalid, and that what was read says the same again.
func FuzzDecode(f *testing.F) {
	for _, k := range event.Table {
		e, _, err := event.Wrap(k.Owner, "x", time.Unix(0, 0), filled(k))
		if err != nil {
			f.Fatal(err)
		}
		b, _ := json.Marshal(e)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, fact, err := event.Decode(b)
		if err != nil {
			if hub.CodeOf(err) != hub.CodeInvalid {
				t.Fatalf("unreadable, but %v", err)
			}
			return
		}
		if fact.Key() != e.Subject {
			t.Fatalf("key %q under subject %q", fact.Key(), e.Subject)
		}
	})
}

func write(t *testing.T, file string, k event.Kind) []byte {
	t.Helper()
	at := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)
	e, _, err := event.Wrap(k.Owner, id(99), at, filled(k))
	if err != nil {
		t.Fatal(err)
	}
	e.CorrelationID, e.CausationID, e.Sequence = id(98), id(97), k.Audience[0]+":3"
	e.TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	b, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	return b
}

func id(n byte) hub.ID { return hub.MakeID([16]byte{15: n}) }

// filled gives the fact with every field set, each to a value of its own.
func filled(k event.Kind) event.Fact {
	v := reflect.New(reflect.TypeOf(k.Zero)).Elem()
	for i := range v.NumField() {
		f, name := v.Field(i), strings.ToLower(v.Type().Field(i).Name)
		switch f.Interface().(type) {
		case hub.ID:
			f.SetString(string(id(byte(i + 1))))
		case time.Time:
			f.Set(reflect.ValueOf(time.Date(2026, 10, 25, 1, i, 0, 0, time.UTC)))
		case bool:
			f.SetBool(true)
		case int:
			f.SetInt(int64(i + 1))
		default:
			f.SetString("a_" + name)
		}
	}
	return v.Interface().(event.Fact)
}
