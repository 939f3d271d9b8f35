package assessment

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/structure"
)

// stamp is who set the level, and when (L38).
type stamp struct {
	By hub.ID    `json:"by,omitempty"` // the hat
	At time.Time `json:"at,omitzero"`
}

// content is what a signature is over: what a version says, of which case, by
// which instrument. Salt is 128 random bits, sealed with the rest: without it a
// short text could be guessed from its hash.
type content struct {
	Case       hub.ID `json:"case"`
	Version    int    `json:"version"`
	Instrument string `json:"instrument"`
	Of         string `json:"instrument_version"`
	Salt       string `json:"salt"`
	Set        stamp  `json:"level_set"`
	Says       Joint  `json:"says"`
}

// objection is a dissent as it is sealed and hashed.
type objection struct {
	Case    hub.ID    `json:"case"`
	Version int       `json:"version"`
	N       int       `json:"n"`
	By      hub.ID    `json:"by"`    // the hat
	About   string    `json:"about"` // level, or a dimension's code
	Due     time.Time `json:"due"`
	At      time.Time `json:"at"`
	Salt    string    `json:"salt"`
	Level   string    `json:"level,omitempty"` // the dissenter's own
	Reason  string    `json:"reason"`
	Test    string    `json:"test"` // I would change my mind if …
}

// digest is the SHA-256 of a thing as encoding/json writes it: fields in the
// order of the struct, and one spelling.
func digest(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("assessment: " + err.Error()) // cannot happen: texts, numbers, times
	}
	h := sha256.Sum256(b)
	return h[:]
}

// sum is what the signers sign: the hash of a version's text together with the
// hashes of its dissents, in their order. A dissent can be added by somebody who
// may not read the text, and binds all the same.
func sum(text []byte, dissents [][]byte) []byte {
	all := []string{hex.EncodeToString(text)}
	for _, d := range dissents {
		all = append(all, hex.EncodeToString(d))
	}
	return digest(all)
}

// Names of the sealed texts of a version; the first part chooses the field of
// policy with which each is given.
func textOf(name string, version int, more ...string) string {
	field := name + "." + strconv.Itoa(version)
	for _, m := range more {
		field += "." + m
	}
	return field
}

// judged is the level as it is sealed: with who set it.
type judged struct {
	Code string `json:"code,omitempty"`
	stamp
}

// argued is the rationale as it is sealed: with what it says of both sides.
type argued struct {
	Text        string `json:"text,omitempty"`
	NoneFor     bool   `json:"none_for,omitempty"`
	NoneAgainst bool   `json:"none_against,omitempty"`
}

// split takes a version apart into the texts that are sealed one by one, as
// JSON.
func (c content) split() map[string]any {
	v, j := c.Version, c.Says
	parts := map[string]any{
		textOf("salt", v): c.Salt, textOf("level", v): judged{j.Level, c.Set}, textOf("rationale", v): argued{j.Rationale, j.NoneFor, j.NoneAgainst},
		textOf("change_test", v): j.ChangeTest, textOf("scenarios", v): j.Scenarios,
	}
	for _, d := range j.Dimensions {
		parts[textOf("gaps", v, d.Code)] = d.Gaps
		d.Gaps = nil
		parts[textOf("dimension", v, d.Code)] = d
	}
	return parts
}

// codes are the instrument's dimensions, in its order.
func codes(by structure.Instrument) (list []string) {
	for _, d := range by.Dimensions {
		list = append(list, d.Code)
	}
	return list
}

// merge puts together what was opened of a version; codes are the instrument's.
// What was not opened is not there.
func (c *content) merge(text map[string]string, codes []string) error {
	var level judged
	var why argued
	v, j := c.Version, &c.Says
	read := func(to any, field string) error {
		if s, ok := text[field]; ok {
			return json.Unmarshal([]byte(s), to)
		}
		return nil
	}
	fields := map[string]any{textOf("salt", v): &c.Salt, textOf("level", v): &level, textOf("rationale", v): &why,
		textOf("change_test", v): &j.ChangeTest, textOf("scenarios", v): &j.Scenarios}
	for name, to := range fields {
		if err := read(to, name); err != nil {
			return err
		}
	}
	for _, code := range codes {
		d := Dimension{}
		if err := read(&d, textOf("dimension", v, code)); err != nil {
			return err
		}
		if d.Code == "" {
			continue // not given
		}
		if err := read(&d.Gaps, textOf("gaps", v, code)); err != nil {
			return err
		}
		j.Dimensions = append(j.Dimensions, d)
	}
	j.Level, c.Set = level.Code, level.stamp
	j.Rationale, j.NoneFor, j.NoneAgainst = why.Text, why.NoneFor, why.NoneAgainst
	return nil
}

// again is how the next version begins: as a copy, for what is corrected is
// added and never overwritten. What a human must judge anew is left out: the
// level, which has no default (L38), the movement since last, and how long it
// holds.
func (j Joint) again() Joint {
	j.Level, j.ValidUntil = "", ""
	j.Dimensions = slices.Clone(j.Dimensions)
	for i := range j.Dimensions {
		j.Dimensions[i].Movement = ""
	}
	return j
}

// cite is a statement's reference to an answer. It is kept in clear, so that a
// reader can be given the dimensions to which their own office contributed.
type cite struct {
	Dimension string `json:"dimension"`
	Answer    hub.ID `json:"answer"`
}

func (j Joint) citations() []cite {
	list := []cite{}
	for _, d := range j.Dimensions {
		for _, side := range d.sides() {
			for _, e := range *side.list {
				if c := (cite{d.Code, e.Answer}); e.Answer != "" && !slices.Contains(list, c) {
					list = append(list, c)
				}
			}
		}
	}
	return list
}

// Signature is one person's signature on a version.
type Signature struct {
	Party  string     `json:"party"` // municipality, police
	Person hub.ID     `json:"person"`
	Hat    hub.ID     `json:"hat"`
	At     time.Time  `json:"at"`
	Hash   []byte     `json:"hash"`
	Voided *time.Time `json:"voided_at"`
}

// standing are the signatures that count: not voided, and over this very
// content.
func standing(all []Signature, content []byte) []Signature {
	return slices.DeleteFunc(slices.Clone(all), func(s Signature) bool { return s.Voided != nil || string(s.Hash) != string(content) })
}

// Drafter is who must sign besides the two parties' coordinators.
const Drafter = "drafter"

// awaited are those who must still sign: the drafter, and one person for each
// party. A person signs once, whatever hats they have: identity decides, not
// account, and so nobody signs for both parties.
func awaited(drafter hub.ID, signed []Signature) []string {
	var wait []string
	has := func(is func(Signature) bool) bool { return slices.ContainsFunc(signed, is) }
	if !has(func(s Signature) bool { return s.Person == drafter }) {
		wait = append(wait, Drafter)
	}
	for _, p := range []string{Municipality, Police} {
		if !has(func(s Signature) bool { return s.Party == p }) {
			wait = append(wait, p)
		}
	}
	return wait
}

// maySign reports whether a person has not signed yet.
func maySign(person hub.ID, signed []Signature) bool {
	return !slices.ContainsFunc(signed, func(s Signature) bool { return s.Person == person })
}
