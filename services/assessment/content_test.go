//go:build !race

package assessment

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

func signedContent(t testing.TB) content {
	by := held(t)
	j := whole(t)
	j.Scenarios, j.NoneFor = "To forløb.", true
	j.Dimensions[0].For[0].Answer = "a1"
	return content{Case: "c1", Version: 1, Instrument: by.ID, Of: by.Version, Salt: "salt", Set: stamp{By: "h1", At: today}, Says: j}
}

// leaves calls do with every field of a value, however deep, that holds
// something of its own, and its path.
func leaves(v reflect.Value, path string, do func(path string, v reflect.Value)) {
	switch v.Kind() {
	case reflect.Struct:
		if _, ok := v.Interface().(time.Time); ok {
			do(path, v)
			return
		}
		for i := range v.NumField() {
			leaves(v.Field(i), path+"."+v.Type().Field(i).Name, do)
		}
	case reflect.Slice:
		for i := range v.Len() {
			leaves(v.Index(i), fmt.Sprintf("%s.%d", path, i), do)
		}
	default:
		do(path, v)
	}
}

// flip changes a field as little as can be.
func flip(t *testing.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		b := []byte(v.String())
		if len(b) == 0 {
			b = []byte{'x'}
		} else {
			b[len(b)-1] ^= 1
		}
		v.SetString(string(b))
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int:
		v.SetInt(v.Int() + 1)
	case reflect.Struct:
		v.Set(reflect.ValueOf(v.Interface().(time.Time).Add(time.Microsecond)))
	default:
		t.Fatalf("no way to change a %s", v.Kind())
	}
}

// One byte changed in any field of what is signed gives another hash, and so
// does a row more or less, or two rows in another order. A049 in part: of an
// assessment, every byte.
func TestEveryByteIsSigned(t *testing.T) {
	c := signedContent(t)
	want := digest(c)
	n := 0
	for path := range allLeaves(&c) {
		c := signedContent(t)
		flip(t, allLeaves(&c)[path])
		if n++; bytes.Equal(digest(c), want) {
			t.Errorf("with another %s the hash is the same", path)
		}
	}
	if n < 60 {
		t.Fatalf("only %d fields were tried", n)
	}
	if !bytes.Equal(digest(signedContent(t)), want) {
		t.Error("the same content has another hash")
	}
	for name, change := range map[string]func(*Joint){
		"a statement less":       func(j *Joint) { j.Dimensions[0].Protective = nil },
		"a statement more":       func(j *Joint) { j.Dimensions[0].For = append(j.Dimensions[0].For, Evidence{}) },
		"a gap less":             func(j *Joint) { j.Dimensions[3].Gaps = nil },
		"a statement moved over": func(j *Joint) { d := &j.Dimensions[0]; d.For, d.Against = d.Against, d.For },
		"dimensions exchanged":   func(j *Joint) { j.Dimensions[1], j.Dimensions[2] = j.Dimensions[2], j.Dimensions[1] },
	} {
		c := signedContent(t)
		change(&c.Says)
		if bytes.Equal(digest(c), want) {
			t.Errorf("with %s the hash is the same", name)
		}
	}
}

func allLeaves(v any) map[string]reflect.Value {
	all := map[string]reflect.Value{}
	leaves(reflect.ValueOf(v).Elem(), "", func(path string, v reflect.Value) { all[path] = v })
	return all
}

func TestEveryByteOfADissentIsSigned(t *testing.T) {
	o := objection{Case: "c1", Version: 1, N: 1, By: "h", About: "level", Due: today, Salt: "s", Level: "attention", Reason: "Fordi.", Test: "Hvis."}
	want := digest(o)
	for path := range allLeaves(&o) {
		o := o
		flip(t, allLeaves(&o)[path])
		if bytes.Equal(digest(o), want) {
			t.Errorf("with another %s the hash is the same", path)
		}
	}
	text, a, b := digest("t"), digest("a"), digest("b")
	for name, other := range map[string][]byte{"no dissent": sum(text, nil), "one": sum(text, [][]byte{a}), "another": sum(text, [][]byte{b}),
		"in another order": sum(text, [][]byte{b, a}), "another text": sum(a, [][]byte{a, b}), "moved to the front": sum(a, [][]byte{text, b})} {
		if bytes.Equal(other, sum(text, [][]byte{a, b})) {
			t.Errorf("with %s the signers sign the same", name)
		}
	}
}

// TestSigningRules walks every state of a small world: four people, each of
// whom may hold a post with either party or both, one of them the drafter; they
// sign, and the text is changed, in every order of five steps.
func TestSigningRules(t *testing.T) {
	people := []hub.ID{"anna", "bo", "carl", "dora"} // anna and dora have hats at both
	may := map[hub.ID][]string{"anna": {Municipality, Police}, "bo": {Municipality}, "carl": {Police}, "dora": {Municipality, Police}}
	type step struct {
		who   hub.ID // "" changes the text
		party string
	}
	var steps []step
	for _, p := range people {
		for _, party := range may[p] {
			steps = append(steps, step{p, party})
		}
	}
	steps = append(steps, step{})
	tried, done := 0, 0
	var walk func(drafter hub.ID, all []Signature, content []byte, left int)
	walk = func(drafter hub.ID, all []Signature, content []byte, left int) {
		tried++
		signed := standing(all, content)
		if len(awaited(drafter, signed)) == 0 { // what must be true of every complete one, said anew
			done++
			var forDrafter, forMunicipality, forPolice bool
			by := map[hub.ID]string{}
			for _, s := range all {
				if s.Voided != nil || !bytes.Equal(s.Hash, content) {
					continue
				}
				if other, twice := by[s.Person]; twice {
					t.Fatalf("%s signed for %s and %s", s.Person, other, s.Party)
				}
				by[s.Person] = s.Party
				forDrafter = forDrafter || s.Person == drafter
				forMunicipality = forMunicipality || s.Party == Municipality
				forPolice = forPolice || s.Party == Police
			}
			if !forDrafter || !forMunicipality || !forPolice || len(by) < 2 {
				t.Fatalf("complete with %v, drafted by %s", by, drafter)
			}
			return // a signed version is never changed
		}
		if left == 0 {
			return
		}
		for _, s := range steps {
			switch {
			case s.who == "": // an edit: another text, and what was signed is voided
				next := slices.Clone(all)
				for i := range next {
					if next[i].Voided == nil {
						next[i].Voided = &today
					}
				}
				walk(drafter, next, append(slices.Clone(content), '.'), left-1)
			case maySign(s.who, signed):
				walk(drafter, append(slices.Clone(all), Signature{Party: s.party, Person: s.who, Hash: content}), content, left-1)
			}
		}
	}
	for _, drafter := range people {
		walk(drafter, nil, []byte("text"), 5)
	}
	if done == 0 || tried < 10_000 {
		t.Errorf("%d states were tried, %d of them complete", tried, done)
	}
}

// A hash that is not of this content counts for nothing, though nobody voided
// it. A049 in part.
func TestStaleSignatureDoesNotStand(t *testing.T) {
	all := []Signature{{Party: Municipality, Person: "a", Hash: []byte("old")}, {Party: Police, Person: "b", Hash: []byte("new")}}
	if got := awaited("b", standing(all, []byte("new"))); !slices.Equal(got, []string{Municipality}) {
		t.Errorf("still awaited: %v", got)
	}
}
