package structure

import (
	"strings"
	"testing"
	"time"
)

func TestTrailOrigin(t *testing.T) {
	s := Structure{District: District{Police: "mvs-politi"}}
	if got := s.TrailOrigin(); got != "infohus.invalid/mvs-politi" {
		t.Error(got)
	}
	s.Trail.Origin = "infohus.example/trail"
	if got := s.TrailOrigin(); got != "infohus.example/trail" {
		t.Error(got)
	}
}

// Who witnesses the trail stands in the file, and what could not be asked or verified is told.
func TestWitnesses(t *testing.T) {
	const key = "nordby.example/witness+7938cec7+BIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
	with := func(trail string) string {
		return strings.Replace(small(t), "\npeople:\n", "\ntrail: "+trail+"\npeople:\n", 1)
	}
	s := read(t, with(`{origin: x.example/trail, witnesses: [{authority: nordby, url: "https://witness.nordby.example", key: "`+key+`"}], quorum: 1}`))
	if w := s.Trail.Witnesses; len(w) != 1 || w[0].Authority != "nordby" || w[0].URL != "https://witness.nordby.example" || w[0].Key != key || s.Trail.Quorum != 1 {
		t.Errorf("%+v", s.Trail)
	}
	if s := read(t, with(`{origin: x.example/trail}`)); len(s.Trail.Witnesses) != 0 || s.Trail.Quorum != 0 {
		t.Errorf("what is unset: %+v", s.Trail)
	}
	if s := read(t, with(`{origin: x.example/trail, witnesses: [{authority: nordby, url: "http://127.0.0.1:8090", key: "`+key+`"}]}`)); len(s.Trail.Witnesses) != 1 {
		t.Errorf("on this machine: %+v", s.Trail)
	}
	one := func(authority, url, key string) string {
		return `{authority: ` + authority + `, url: "` + url + `", key: "` + key + `"}`
	}
	good := one("nordby", "https://w.example", key)
	for list, want := range map[string]string{
		one("sydby", "https://w.example", key):                                        `the witness's authority "sydby" is not under authorities`,
		one("nordby", "w.example", key):                                               "is no address of a witness",
		one("nordby", "https://u:p@w.example", key):                                   "is no address of a witness",
		one("nordby", "http://w.example", key):                                        "is asked without TLS",
		one("nordby", "https://w.example", strings.Replace(key, "BIqI", "BZZZ", 1)):   "this is no key of a witness",
		one("nordby", "https://w.example", "PRIVATE+KEY+nordby.example/witness+AAAA"): "this is the private key of a witness",
		one("nordby", "https://w.example", "infohus.example/trail+5ab03f9a+AXyz"):     "this is no key of a witness",
		good + ", " + good: "the witness stands twice",
		`{authority: nordby, url: "https://w.example"}`: "key",
	} {
		if _, err := load(with(`{origin: x.example/trail, witnesses: [` + list + `]}`)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", list, err, want)
		}
	}
	for file, want := range map[string]time.Duration{``: 4 * time.Hour, `, confirm_after: 1`: time.Hour, `, confirm_after: 24`: 24 * time.Hour} {
		if keys, least, within := read(t, with(`{origin: x.example/trail, witnesses: [`+good+`]`+file+`}`)).Trail.Confirming(); len(keys) != 1 || keys[0] != key || least != 1 || within != want {
			t.Errorf("%q: %v %d %s", file, keys, least, within)
		}
	}
	for _, hours := range []string{"0", "25", "x"} {
		if _, err := load(with(`{origin: x.example/trail, confirm_after: ` + hours + `}`)); err == nil {
			t.Errorf("confirm_after: %s", hours)
		}
	}
	for quorum, want := range map[string]string{"2": "2 witnesses are to cosign before a checkpoint is published, and there are 1", "0": "whole number from 1 to 20"} {
		if _, err := load(with(`{origin: x.example/trail, witnesses: [` + good + `], quorum: ` + quorum + `}`)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a quorum of %s: %v", quorum, err)
		}
	}
}
