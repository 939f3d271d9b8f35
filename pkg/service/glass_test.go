package service

import (
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/vault"
)

// TestLikeness is A052: the same words, however they are set, are no reason; nearly
// the same are seen; and nothing tells that two people wrote alike.
func TestLikeness(t *testing.T) {
	v, err := vault.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	e := Env{Vault: v}
	const said = "Drengen har skrevet til en ven, at han vil gøre skade på sig selv i aften."
	before := [][]string{e.marks("one", hub.NewPersonal("Naboen kan høre råb og glas, og ingen tager telefonen.")), e.marks("one", hub.NewPersonal(said))}
	for text, want := range map[string]struct{ near, same bool }{
		said: {true, true},
		"  drengen har skrevet til en ven at han vil GØRE skade på sig selv i aften": {true, true},
		"Drengen har skrevet til en ven, at han vil gøre skade på sig selv i dag.":   {true, false},
		"Drengen har skrevet til sin ven, at han vil gøre skade på sig selv i aften": {true, false},
		"En lærer har hørt, at to unge er kørt mod stationen med bål i bagagen.":     {false, false},
		"Moderen ringer fra trappen: hendes søn er blevet truet med en kniv.":        {false, false},
		"æææææææææææææææææææææ":                                                      {false, false},
	} {
		near, same := likeness(e.marks("one", hub.NewPersonal(text)), before)
		if near != want.near || same != want.same {
			t.Errorf("%q: near %v, same %v, want %v", text, near, same, want)
		}
	}
	if near, same := likeness(e.marks("two", hub.NewPersonal(said)), before); near || same {
		t.Error("another person's words are told")
	}
	for _, m := range e.marks("one", hub.NewPersonal(said)) {
		if len(m) < 20 {
			t.Errorf("a mark is %q", m)
		}
	}
}
